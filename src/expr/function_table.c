/* The tables functions.def and aggregates.def as arrays, and finding a name in them by bisection. */
#include "function_internal.h"

/* Every kernel and bind that the table names is defined in one of the function_*.c files. */
#define FUNCTION(name, signature, flags, bind, kernel, state_size, state_clear, description, example, result) extern KERNEL(kernel);
#define FUNCTION_BIND(name, signature, flags, bind, kernel, state_size, state_clear, description, example, result)                 \
    extern KERNEL(kernel);                                                                                                         \
    bp_status bind(function_binding *binding, bp_error *err);
#define FUNCTION_NODE(name, signature, description, example, result)
#include "functions.def"
#undef FUNCTION
#undef FUNCTION_BIND
#undef FUNCTION_NODE
void lambda_clear(void *state, bp_context *context);

#define STRICT FUNCTION_STRICT
#define CAN_FAIL FUNCTION_CAN_FAIL
#define VOLATILE FUNCTION_VOLATILE
#define VARIADIC FUNCTION_VARIADIC
#define QUERY_CONSTANT FUNCTION_QUERY_CONSTANT
#define LAMBDA FUNCTION_LAMBDA

static const scalar_overload scalars[] = {
#define FUNCTION(name, signature, flags, bind, kernel, state_size, state_clear, description, example, result)                      \
    {name, signature, flags, bind, kernel, state_size, state_clear, description, example, result},
#define FUNCTION_BIND FUNCTION
#define FUNCTION_NODE(name, signature, description, example, result)                                                               \
    {name, signature, 0, NULL, NULL, 0, NULL, description, example, result},
#include "functions.def"
#undef FUNCTION
#undef FUNCTION_BIND
#undef FUNCTION_NODE
};

size_t scalar_function_count(void)
{
    return ARRAY_LENGTH(scalars);
}

const scalar_overload *scalar_function_at(size_t index)
{
    return &scalars[index];
}

/* The first index whose name is not before `name`. */
static size_t lower_bound(string_view name, size_t count, const char *(*name_at)(size_t index))
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (string_compare_nocase(string_view_of(name_at(middle)), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool find_range(string_view name, size_t count, const char *(*name_at)(size_t index), size_t *begin, size_t *end)
{
    *begin = lower_bound(name, count, name_at);
    for (*end = *begin; *end < count && string_equal_nocase(string_view_of(name_at(*end)), name);) (*end)++;
    return *end > *begin;
}

static const char *scalar_name_at(size_t index)
{
    return scalars[index].name;
}

static const char *aggregate_name_at(size_t index)
{
    return aggregate_function_at(index)->name;
}

bool scalar_function_range(string_view name, size_t *begin, size_t *end)
{
    return find_range(name, ARRAY_LENGTH(scalars), scalar_name_at, begin, end);
}

bool aggregate_function_range(string_view name, size_t *begin, size_t *end)
{
    return find_range(name, aggregate_function_count(), aggregate_name_at, begin, end);
}

bool scalar_function_exists(string_view name)
{
    size_t begin, end;

    return scalar_function_range(name, &begin, &end);
}

bool aggregate_function_exists(string_view name)
{
    size_t begin, end;

    return aggregate_function_range(name, &begin, &end);
}

/* literals at bind time ------------------------------------------------------------------------------------------------------------- */
bool binding_text(const function_binding *binding, size_t index, string_view *out)
{
    const expr_node *node = expr_at(binding->pool, binding->arguments[index]);

    if (node->kind != EXPR_LITERAL || node->type.id != TYPE_VARCHAR || column_is_null(node->literal, 0)) return false;
    *out = string_ref_view(node->literal->values);
    return true;
}

bool binding_int64(const function_binding *binding, size_t index, int64_t *out)
{
    const expr_node *node = expr_at(binding->pool, binding->arguments[index]);
    column wide;
    bp_error ignored;

    if (node->kind != EXPR_LITERAL || !type_is_integer(node->type) || column_is_null(node->literal, 0)) return false;
    if (convert_column(&wide, node->literal, type_of(TYPE_INT64), false, binding->pool->context, binding->pool->arena, &ignored))
        return false;
    *out = *(const int64_t *)wide.values;
    return true;
}

bp_status division_by_zero(const function_call *call, const char *what, bp_error *err)
{
    (void)call;
    return error_set(err, BP_OUT_OF_RANGE,
                     "Division by zero in expression (%s): use TRY(...) to get NULL, or SET error_on_division_by_zero=false", what);
}
