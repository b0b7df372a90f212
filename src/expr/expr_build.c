/* The constructors that decide types: each unifies or resolves its operands, inserts casts, and makes the node. */
#include "expr_internal.h"

#include "base/error.h"

static bp_status no_memory(const expr_pool *pool, size_t size, bp_error *err)
{
    return error_no_memory(err, pool->arena->memory, size);
}

/* A literal's value in another type; BP_OK and *out = 0 when it cannot be converted (the cast then fails when a row meets it). */
static bp_status cast_literal(expr_id *out, expr_pool *pool, const expr_node *node, data_type type, bool try_cast, bp_error *err)
{
    column converted, from = *node->literal;
    bp_error ignored;
    bp_status status;

    *out = 0;
    if (column_is_null(node->literal, 0)) return expr_null(out, pool, type, err);
    status = convert_column(&converted, &from, type, try_cast, pool->context, pool->arena, &ignored);
    if (status == BP_NO_MEMORY || status == BP_OVER_BUDGET) {
        if (err) *err = ignored;
        return status;
    }
    return status ? BP_OK : expr_add_literal(out, pool, &converted, LITERAL_TYPED, err);
}

/* `child` as `type`, by any cast that exists. */
static bp_status add_cast(expr_id *out, expr_pool *pool, expr_id child, data_type type, bool try_cast, bp_error *err)
{
    expr_node node = *expr_at(pool, child), cast;
    bp_status status;

    *out = child;
    if (type_equal(node.type, type) && (node.kind != EXPR_LITERAL || node.op == LITERAL_TYPED)) return BP_OK;
    if ((status = type_copy(&type, pool->arena, type, err))) return status;
    if (node.kind == EXPR_LITERAL) {
        if ((status = cast_literal(out, pool, &node, type, try_cast, err)) || *out) return status;
    }
    cast = (expr_node){.kind = EXPR_CAST, .op = try_cast, .type = type, .can_fail = !try_cast && convert_can_fail(node.type, type)};
    return expr_add(out, pool, &cast, &child, 1, err);
}

bp_status expr_cast(expr_id *out, expr_pool *pool, expr_id child, data_type type, bool try_cast, bp_error *err)
{
    data_type from = expr_type(pool, child);
    builder text;
    bp_status status;

    if (convert_exists(from, type)) return add_cast(out, pool, child, type, try_cast, err);
    *out = 0;
    builder_init(&text, pool->context->memory, 4096);
    type_print(&text, from);
    builder_literal(&text, " to ");
    type_print(&text, type);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set_at(err, BP_BIND_ERROR, pool->position, "Cannot cast %.*s", STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

static bp_status bad_implicit(expr_pool *pool, const argument_type *from, data_type to, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, pool->context->memory, 4096);
    argument_print(&text, from);
    builder_literal(&text, " where ");
    type_print(&text, to);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set_at(err, BP_BIND_ERROR, pool->position, "Found %.*s is wanted: an explicit cast is required",
                          STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

bp_status expr_cast_implicit(expr_id *out, expr_pool *pool, expr_id child, data_type type, bp_error *err)
{
    argument_type from = argument_of(pool, child);
    bool to_boolean = type.id == TYPE_BOOLEAN && type_is_numeric(from.type); /* WHERE 1 */

    *out = 0;
    if (!to_boolean && implicit_cast_cost(&from, type) < 0) return bad_implicit(pool, &from, type, err);
    return add_cast(out, pool, child, type, false, err);
}

/* logic ------------------------------------------------------------------------------------------------------------------------- */
/* Children as BOOLEAN; those of the same kind give their own children instead. *made has *made_count. */
static bp_status flatten_logic(expr_pool *pool, expr_kind kind, const expr_id *children, size_t count, expr_id **made,
                               size_t *made_count, bp_error *err)
{
    size_t total = 0, at = 0;
    bp_status status;

    for (size_t i = 0; i < count; i++)
        total += expr_at(pool, children[i])->kind == kind ? expr_at(pool, children[i])->child_count : 1;
    *made = arena_new_array(pool->arena, expr_id, total);
    if (!*made) return no_memory(pool, total * sizeof **made, err);
    for (size_t i = 0; i < count; i++) {
        if (expr_at(pool, children[i])->kind == kind) {
            for (size_t k = 0; k < expr_at(pool, children[i])->child_count; k++) (*made)[at++] = expr_child(pool, children[i], k);
            continue;
        }
        if ((status = expr_cast_implicit(&(*made)[at++], pool, children[i], type_of(TYPE_BOOLEAN), err))) return status;
    }
    *made_count = at;
    return BP_OK;
}

static bp_status logic(expr_id *out, expr_pool *pool, expr_kind kind, const expr_id *children, size_t count, bp_error *err)
{
    expr_id *made;
    size_t made_count = 0;
    bp_status status;

    *out = 0;
    if (!count) return ERROR_INTERNAL(err, "AND or OR of nothing");
    if ((status = flatten_logic(pool, kind, children, count, &made, &made_count, err))) return status;
    if (made_count == 1) {
        *out = made[0];
        return BP_OK;
    }
    return expr_add(out, pool, &(expr_node){.kind = (uint8_t)kind, .type = type_of(TYPE_BOOLEAN)}, made, made_count, err);
}

bp_status expr_and(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err)
{
    return logic(out, pool, EXPR_AND, children, count, err);
}

bp_status expr_or(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err)
{
    return logic(out, pool, EXPR_OR, children, count, err);
}

bp_status expr_not(expr_id *out, expr_pool *pool, expr_id child, bp_error *err)
{
    bp_status status;

    *out = 0;
    if ((status = expr_cast_implicit(&child, pool, child, type_of(TYPE_BOOLEAN), err))) return status;
    return expr_add(out, pool, &(expr_node){.kind = EXPR_NOT, .type = type_of(TYPE_BOOLEAN)}, &child, 1, err);
}

bp_status expr_is_null(expr_id *out, expr_pool *pool, expr_id child, bool negated, bp_error *err)
{
    return expr_add(out, pool, &(expr_node){.kind = EXPR_IS_NULL, .op = negated, .type = type_of(TYPE_BOOLEAN)}, &child, 1, err);
}

/* comparisons --------------------------------------------------------------------------------------------------------------------- */
static bp_status cannot_compare(expr_pool *pool, const argument_type *left, const argument_type *right, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, pool->context->memory, 4096);
    argument_print(&text, left);
    builder_literal(&text, " and type ");
    argument_print(&text, right);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set_at(err, BP_BIND_ERROR, pool->position, "Cannot compare values of type %.*s: an explicit cast is required",
                          STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

compare_op compare_op_swapped(compare_op op)
{
    switch (op) {
    case COMPARE_LESS: return COMPARE_GREATER;
    case COMPARE_LESS_EQUAL: return COMPARE_GREATER_EQUAL;
    case COMPARE_GREATER: return COMPARE_LESS;
    case COMPARE_GREATER_EQUAL: return COMPARE_LESS_EQUAL;
    default: return op;
    }
}

bp_status expr_compare(expr_id *out, expr_pool *pool, compare_op op, expr_id left, expr_id right, bp_error *err)
{
    argument_type left_type = argument_of(pool, left), right_type = argument_of(pool, right), common;
    bool orders = op == COMPARE_LESS || op == COMPARE_LESS_EQUAL || op == COMPARE_GREATER || op == COMPARE_GREATER_EQUAL;
    expr_id sides[2];
    bp_status status;

    *out = 0;
    if (!unify_arguments(&common, pool->arena, &left_type, &right_type, orders ? UNIFY_ORDER : UNIFY_COMPARE))
        return cannot_compare(pool, &left_type, &right_type, err);
    if ((status = add_cast(&sides[0], pool, left, common.type, false, err))) return status;
    if ((status = add_cast(&sides[1], pool, right, common.type, false, err))) return status;
    return expr_add(out, pool, &(expr_node){.kind = EXPR_COMPARE, .op = (uint8_t)op, .type = type_of(TYPE_BOOLEAN)}, sides, 2, err);
}

/* needle = item OR …, or needle <> item AND … */
static bp_status compare_chain(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bool negated, bp_error *err)
{
    expr_id *parts = arena_new_array(pool->arena, expr_id, count);
    bp_status status;

    if (!parts) return no_memory(pool, count * sizeof *parts, err);
    for (size_t i = 1; i < count; i++) {
        status = expr_compare(&parts[i - 1], pool, negated ? COMPARE_NOT_EQUAL : COMPARE_EQUAL, children[0], children[i], err);
        if (status) return status;
    }
    return negated ? expr_and(out, pool, parts, count - 1, err) : expr_or(out, pool, parts, count - 1, err);
}

bp_status expr_unify(expr_id *cells, expr_pool *pool, size_t count, const char *where, bp_error *err)
{
    data_type type;
    bp_status status;

    if ((status = unify_all(&type, pool, cells, count, 1, UNIFY_CASE, where, err))) return status;
    if (type.id == TYPE_NULL) type = type_of(TYPE_INT32);
    for (size_t i = 0; i < count && !status; i++) status = add_cast(&cells[i], pool, cells[i], type, false, err);
    return status;
}

bp_status expr_in(expr_id *out, expr_pool *pool, expr_id needle, const expr_id *list, size_t count, bool negated, bp_error *err)
{
    expr_id *children = arena_new_array(pool->arena, expr_id, count + 1);
    data_type type;
    bool literal = true;
    bp_status status;

    *out = 0;
    if (!children) return no_memory(pool, (count + 1) * sizeof *children, err);
    if (!count) return expr_bool(out, pool, negated, err);
    children[0] = needle;
    memcpy(children + 1, list, count * sizeof *list);
    if ((status = unify_all(&type, pool, children, count + 1, 1, UNIFY_COMPARE, "IN", err))) return status;
    for (size_t i = 0; i <= count; i++) {
        if ((status = add_cast(&children[i], pool, children[i], type, false, err))) return status;
        if (i && expr_at(pool, children[i])->kind != EXPR_LITERAL) literal = false;
    }
    if (!literal || count == 1) return compare_chain(out, pool, children, count + 1, negated, err);
    return expr_add(out, pool, &(expr_node){.kind = EXPR_IN, .op = negated, .type = type_of(TYPE_BOOLEAN)}, children, count + 1,
                    err);
}

/* conditionals -------------------------------------------------------------------------------------------------------------------- */
bp_status expr_case(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err)
{
    size_t total = count | 1;
    expr_id *made = arena_new_array(pool->arena, expr_id, total + 1);
    data_type type;
    bp_status status;

    *out = 0;
    if (!made) return no_memory(pool, (total + 1) * sizeof *made, err);
    if (count < 2) return ERROR_INTERNAL(err, "CASE without a branch");
    memcpy(made, children, count * sizeof *children);
    if (!made[total - 1] && (status = expr_null(&made[total - 1], pool, type_of(TYPE_NULL), err))) return status;
    /* The values stand at 1, 3, …; put the last one's partner, else, behind them for one look at all. */
    made[total] = made[total - 1];
    if ((status = unify_all(&type, pool, made + 1, total, 2, UNIFY_CASE, "CASE expression", err))) return status;
    for (size_t i = 0; i < total; i++) {
        bool is_condition = i % 2 == 0 && i + 1 < total;
        status = is_condition ? expr_cast_implicit(&made[i], pool, made[i], type_of(TYPE_BOOLEAN), err)
                              : add_cast(&made[i], pool, made[i], type, false, err);
        if (status) return status;
    }
    return expr_add(out, pool, &(expr_node){.kind = EXPR_CASE, .type = type}, made, total, err);
}

bp_status expr_coalesce(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err)
{
    expr_id *made = arena_new_array(pool->arena, expr_id, count);
    data_type type;
    bp_status status;

    *out = 0;
    if (!made) return no_memory(pool, count * sizeof *made, err);
    if (!count) return error_set_at(err, BP_BIND_ERROR, pool->position, "coalesce() needs at least one argument");
    if ((status = unify_all(&type, pool, children, count, 1, UNIFY_CASE, "COALESCE", err))) return status;
    for (size_t i = 0; i < count; i++)
        if ((status = add_cast(&made[i], pool, children[i], type, false, err))) return status;
    if (count == 1) {
        *out = made[0];
        return BP_OK;
    }
    return expr_add(out, pool, &(expr_node){.kind = EXPR_COALESCE, .type = type}, made, count, err);
}

bp_status expr_try(expr_id *out, expr_pool *pool, expr_id child, bp_error *err)
{
    *out = child;
    if (!expr_at(pool, child)->can_fail) return BP_OK;
    if (expr_at(pool, child)->is_volatile)
        return error_set_at(err, BP_BIND_ERROR, pool->position, "TRY cannot hold a volatile function");
    return expr_add(out, pool, &(expr_node){.kind = EXPR_TRY, .type = expr_type(pool, child)}, &child, 1, err);
}

/* calls --------------------------------------------------------------------------------------------------------------------------- */
static string_view scalar_name(const void *data, size_t index)
{
    (void)data;
    return string_view_of(scalar_function_at(index)->name);
}

static string_view aggregate_name(const void *data, size_t index)
{
    (void)data;
    return string_view_of(aggregate_function_at(index)->name);
}

static bp_status unknown_function(expr_pool *pool, string_view name, bool aggregate, bp_error *err)
{
    error_set_at(err, BP_BIND_ERROR, pool->position, "%s function with name %.*s does not exist",
                 aggregate ? "Aggregate" : "Scalar", STRING_ARGUMENTS(name));
    if (aggregate)
        error_suggest(err, name, aggregate_name, NULL, aggregate_function_count());
    else
        error_suggest(err, name, scalar_name, NULL, scalar_function_count());
    return BP_BIND_ERROR;
}

/* One look at scalar and aggregate overloads. */
typedef struct candidate {
    const char *name, *signature;
    bool variadic;
} candidate;

static candidate candidate_at(bool aggregate, size_t index)
{
    if (aggregate) return (candidate){aggregate_function_at(index)->name, aggregate_function_at(index)->signature, false};
    return (candidate){scalar_function_at(index)->name, scalar_function_at(index)->signature,
                       (scalar_function_at(index)->flags & FUNCTION_VARIADIC) != 0};
}

static bool print_candidates(builder *text, bool aggregate, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        candidate one = candidate_at(aggregate, i);
        const char *arrow = strstr(one.signature, "-> ");
        size_t size = arrow ? (size_t)(arrow - one.signature) : strlen(one.signature);
        while (size && one.signature[size - 1] == ' ') size--;
        builder_format(text, "\n    %s(%.*s%s) %s", one.name, (int)size, one.signature, one.variadic ? "…" : "",
                       arrow ? arrow : "");
    }
    return text->status == BP_OK;
}

static bp_status no_match(expr_pool *pool, string_view name, bool aggregate, bool ambiguous, size_t begin, size_t end,
                          const argument_type *arguments, size_t count, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, pool->context->memory, BP_ERROR_MESSAGE_SIZE);
    builder_text(&text, ambiguous ? STRING_VIEW("Could not choose a best candidate function for the call '")
                                  : STRING_VIEW("No function matches the given name and argument types '"));
    builder_text(&text, name);
    for (size_t i = 0; i < count; i++) {
        builder_text(&text, i ? STRING_VIEW(", ") : STRING_VIEW("("));
        argument_print(&text, &arguments[i]);
    }
    builder_text(&text, count ? STRING_VIEW(")'") : STRING_VIEW("()'"));
    builder_literal(&text, "; you might need to add explicit type casts. Candidate functions:");
    print_candidates(&text, aggregate, begin, end);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set_at(err, BP_BIND_ERROR, pool->position, "%.*s", STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

typedef struct resolution {
    size_t index; /* of the overload in its table */
    data_type *wanted;
    data_type result;
} resolution;

/* The cheapest overload of [begin, end). Equal prices: the first, unless a text literal leaves it open which was meant. */
static bp_status resolve(resolution *out, expr_pool *pool, string_view name, bool aggregate, size_t begin, size_t end,
                         const expr_id *ids, size_t count, bp_error *err)
{
    argument_type *arguments = arena_new_array(pool->arena, argument_type, count + 1);
    data_type *wanted = arena_new_array(pool->arena, data_type, 2 * (count + 1)), *other = wanted + count + 1, result;
    int best = -1;
    bool tie = false, has_text = false, failed;

    if (!arguments || !wanted) return no_memory(pool, count * sizeof *arguments, err);
    for (size_t i = 0; i < count; i++) {
        arguments[i] = argument_of(pool, ids[i]);
        has_text |= arguments[i].open && arguments[i].type.id == TYPE_VARCHAR;
    }
    for (size_t i = begin; i < end; i++) {
        candidate one = candidate_at(aggregate, i);
        signature signature;
        int cost;
        if (!signature_parse(&signature, one.signature)) return ERROR_INTERNAL(err, one.name);
        cost = signature_match(&signature, one.variadic, pool->arena, arguments, count, other, &result, &failed);
        if (failed) return no_memory(pool, sizeof(type_detail), err);
        if (cost >= 0 && cost == best) tie = true;
        if (cost < 0 || (best >= 0 && cost >= best)) continue;
        data_type *swap = wanted;
        best = cost, tie = false;
        *out = (resolution){.index = i, .wanted = other, .result = result};
        wanted = other, other = swap;
    }
    if (best >= 0 && !(tie && has_text)) return BP_OK;
    return no_match(pool, name, aggregate, best >= 0, begin, end, arguments, count, err);
}

/* Arguments cast to what the overload wants, in a new array. */
static bp_status cast_arguments(expr_id **out, expr_pool *pool, const expr_id *ids, const data_type *wanted, size_t count,
                                bp_error *err)
{
    bp_status status = BP_OK;

    *out = arena_new_array(pool->arena, expr_id, count + 1);
    if (!*out) return no_memory(pool, count * sizeof **out, err);
    for (size_t i = 0; i < count && !status; i++) {
        bool unknown = wanted[i].id == TYPE_NULL || (type_is_nested(wanted[i]) && !wanted[i].detail); /* NULL as "any STRUCT" */
        if (unknown || !convert_exists(expr_type(pool, ids[i]), wanted[i]))
            (*out)[i] = ids[i];
        else
            status = add_cast(&(*out)[i], pool, ids[i], wanted[i], false, err);
    }
    return status;
}

/* Names that are other nodes in disguise: rows of functions.def without a kernel. */
static bp_status call_as_node(expr_id *out, expr_pool *pool, string_view name, const expr_id *ids, size_t count, bp_error *err)
{
    expr_id condition, parts[3];
    bp_status status;

    if (string_equal_nocase(name, STRING_VIEW("coalesce"))) return expr_coalesce(out, pool, ids, count, err);
    if (string_equal_nocase(name, STRING_VIEW("ifnull")) && count == 2) return expr_coalesce(out, pool, ids, 2, err);
    if (string_equal_nocase(name, STRING_VIEW("if")) && count == 3) return expr_case(out, pool, ids, 3, err);
    if (string_equal_nocase(name, STRING_VIEW("try")) && count == 1) return expr_try(out, pool, ids[0], err);
    if (string_equal_nocase(name, STRING_VIEW("date_add")) && count == 2)
        return expr_call(out, pool, STRING_VIEW("+"), ids, 2, err);
    if (string_equal_nocase(name, STRING_VIEW("nullif")) && count == 2) {
        if ((status = expr_compare(&condition, pool, COMPARE_EQUAL, ids[0], ids[1], err))) return status;
        parts[0] = condition, parts[2] = ids[0];
        if ((status = expr_null(&parts[1], pool, expr_type(pool, ids[0]), err))) return status;
        return expr_case(out, pool, parts, 3, err);
    }
    return error_set_at(err, BP_BIND_ERROR, pool->position, "wrong number of arguments for %.*s(): %zu", STRING_ARGUMENTS(name),
                        count);
}

/* -literal stays an open literal. */
static bp_status negate_literal(expr_id *out, expr_pool *pool, expr_id id, bool *done, bp_error *err)
{
    argument_type argument = argument_of(pool, id);
    column constant = {.type = argument.type, .encoding = COLUMN_CONSTANT, .length = 1};
    int32_t narrow = (int32_t)-argument.value;
    int64_t wide = (int64_t)-argument.value;
    int128 widest = -argument.value;

    *done = argument.open && (argument.type.id == TYPE_INT32 || argument.type.id == TYPE_INT64 || argument.type.id == TYPE_INT128);
    if (!*done) return BP_OK;
    constant.values = argument.type.id == TYPE_INT32   ? (const void *)&narrow
                      : argument.type.id == TYPE_INT64 ? (const void *)&wide
                                                       : (const void *)&widest;
    return expr_add_literal(out, pool, &constant, LITERAL_OPEN, err);
}

static bool has_null_literal(const expr_pool *pool, const expr_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (expr_at(pool, ids[i])->kind == EXPR_LITERAL && column_is_null(expr_at(pool, ids[i])->literal, 0)) return true;
    return false;
}

static bp_status call_overload(expr_id *out, expr_pool *pool, const scalar_overload *overload, const resolution *chosen,
                               const expr_id *ids, size_t count, bp_error *err)
{
    function_binding binding = {.pool = pool, .arguments = ids, .count = count, .wanted = chosen->wanted, .result = chosen->result};
    expr_node node = {.kind = EXPR_CALL};
    expr_id *arguments;
    bp_status status;

    if (overload->bind && (status = overload->bind(&binding, err))) {
        if (err && err->position < 0 && pool->position != SIZE_MAX) err->position = (int64_t)pool->position;
        return status;
    }
    if ((status = cast_arguments(&arguments, pool, ids, binding.wanted, count, err))) return status;
    if ((overload->flags & FUNCTION_STRICT) && !(overload->flags & FUNCTION_VOLATILE) && has_null_literal(pool, arguments, count))
        return expr_null(out, pool, binding.result, err);
    if ((status = type_copy(&node.type, pool->arena, binding.result, err))) return status;
    node.can_fail = (overload->flags & FUNCTION_CAN_FAIL) != 0 && !binding.cannot_fail;
    node.is_volatile = (overload->flags & FUNCTION_VOLATILE) != 0;
    node.call.function = overload;
    node.call.bind_data = binding.bind_data;
    return expr_add(out, pool, &node, arguments, count, err);
}

bp_status expr_call(expr_id *out, expr_pool *pool, string_view name, const expr_id *ids, size_t count, bp_error *err)
{
    size_t begin, end;
    resolution chosen;
    bool done = false;
    bp_status status;

    *out = 0;
    if (!scalar_function_range(name, &begin, &end)) return unknown_function(pool, name, false, err);
    if (!scalar_function_at(begin)->kernel) return call_as_node(out, pool, name, ids, count, err);
    if (count == 1 && string_equal(name, STRING_VIEW("-"))) {
        if ((status = negate_literal(out, pool, ids[0], &done, err)) || done) return status;
    }
    if ((status = resolve(&chosen, pool, name, false, begin, end, ids, count, err))) return status;
    return call_overload(out, pool, scalar_function_at(chosen.index), &chosen, ids, count, err);
}

/* lambdas -------------------------------------------------------------------------------------------------------------------------- */
bool expr_takes_lambda(string_view name)
{
    size_t begin, end;

    return scalar_function_range(name, &begin, &end) && (scalar_function_at(begin)->flags & FUNCTION_LAMBDA);
}

static bool is_named(const scalar_overload *overload, const char *what)
{
    return strstr(overload->name, what) != NULL;
}

/* LIST of `element` in the pool's arena. */
static bp_status list_of(data_type *out, expr_pool *pool, data_type element, bp_error *err)
{
    type_detail *detail = arena_new(pool->arena, type_detail);
    data_type *child = arena_new(pool->arena, data_type);

    if (!detail || !child) return no_memory(pool, sizeof *detail, err);
    *child = element;
    *detail = (type_detail){.child_count = 1, .children = child};
    *out = type_of(TYPE_LIST);
    out->detail = detail;
    return BP_OK;
}

/* The first argument as a LIST, and the body as what the function wants of it. */
static bp_status fit_lambda(expr_pool *pool, const scalar_overload *overload, expr_id *list, expr_id *body, data_type gathered,
                            data_type *result, bp_error *err)
{
    data_type type = expr_type(pool, *list);
    bp_status status;

    if (type.id != TYPE_LIST && type.id != TYPE_ARRAY && type.id != TYPE_NULL)
        return error_set_at(err, BP_BIND_ERROR, pool->position, "the first argument of %s() is a list", overload->name);
    if (type.id != TYPE_LIST) {
        if ((status = list_of(&type, pool, type.id == TYPE_NULL ? type : type.detail->children[0], err))) return status;
        if ((status = add_cast(list, pool, *list, type, false, err))) return status;
    }
    if (is_named(overload, "filter")) {
        *result = type;
        return expr_cast_implicit(body, pool, *body, type_of(TYPE_BOOLEAN), err);
    }
    if (is_named(overload, "reduce")) {
        *result = gathered;
        return expr_cast(body, pool, *body, gathered, false, err);
    }
    return list_of(result, pool, expr_type(pool, *body), err);
}

bp_status expr_lambda(expr_id *out, expr_pool *pool, string_view name, const expr_id *ids, size_t count, expr_id body,
                      const expr_id *captures, size_t capture_count, bp_error *err)
{
    expr_id *arguments = arena_new_array(pool->arena, expr_id, count + capture_count + 1);
    lambda *made = arena_new(pool->arena, lambda);
    expr_node node = {.kind = EXPR_CALL, .can_fail = true};
    const scalar_overload *overload;
    bool reduce;
    size_t begin, end;
    bp_status status;

    *out = 0;
    if (!arguments || !made) return no_memory(pool, sizeof *made, err);
    if (!scalar_function_range(name, &begin, &end)) return unknown_function(pool, name, false, err);
    overload = scalar_function_at(begin);
    reduce = is_named(overload, "reduce");
    memcpy(arguments, ids, count * sizeof *ids);
    if (capture_count) memcpy(arguments + count, captures, capture_count * sizeof *captures);
    if ((status = fit_lambda(pool, overload, &arguments[0], &body, expr_type(pool, body), &node.type, err))) return status;
    *made = (lambda){
        .pool = pool, .body = body, .type = expr_type(pool, body), .first_capture = reduce ? 3 : 2, .capture_count = capture_count};
    if ((status = type_copy(&node.type, pool->arena, node.type, err))) return status;
    node.is_volatile = expr_at(pool, body)->is_volatile;
    node.call.function = overload;
    node.call.bind_data = made;
    return expr_add(out, pool, &node, arguments, count + capture_count, err);
}

/* aggregates ---------------------------------------------------------------------------------------------------------------------- */
static bp_status aggregate_node(expr_id *out, expr_pool *pool, const aggregate_overload *overload, const function_binding *binding,
                                const expr_id *arguments, bool distinct, expr_id filter, const sort_key *order, size_t order_count,
                                bp_error *err)
{
    size_t count = binding->count, total = count + (filter != 0) + order_count;
    aggregate_call *call = arena_new(pool->arena, aggregate_call);
    sort_key *keys = arena_new_array(pool->arena, sort_key, order_count + 1);
    expr_id *children = arena_new_array(pool->arena, expr_id, total + 1);
    expr_node node = {.kind = EXPR_AGGREGATE, .can_fail = true, .aggregate = call};
    bp_status status;

    if (!call || !keys || !children) return no_memory(pool, total * sizeof *children, err);
    if (order_count) memcpy(keys, order, order_count * sizeof *order);
    *call = (aggregate_call){.function = overload,
                             .bind_data = binding->bind_data,
                             .argument_count = count,
                             .distinct = distinct && overload->distinct_matters,
                             .has_filter = filter != 0,
                             .order_count = order_count,
                             .order = keys};
    if (count) memcpy(children, arguments, count * sizeof *children);
    if (filter && (status = expr_cast_implicit(&children[count], pool, filter, type_of(TYPE_BOOLEAN), err))) return status;
    for (size_t i = 0; i < order_count; i++) children[count + (filter != 0) + i] = order[i].expr;
    if ((status = type_copy(&node.type, pool->arena, binding->result, err))) return status;
    return expr_add(out, pool, &node, children, total, err);
}

/* DISTINCT leaves nothing to order by but the arguments. */
static bp_status check_distinct_order(const expr_pool *pool, const expr_id *ids, size_t count, const sort_key *order,
                                      size_t order_count, bp_error *err)
{
    for (size_t i = 0; i < order_count; i++) {
        bool found = false;
        for (size_t j = 0; j < count && !found; j++) found = expr_equal(pool, order[i].expr, ids[j]);
        if (!found)
            return error_set_at(err, BP_BIND_ERROR, pool->position,
                                "In a DISTINCT aggregate, ORDER BY expressions must appear in the argument list");
    }
    return BP_OK;
}

bp_status expr_aggregate(expr_id *out, expr_pool *pool, string_view name, const expr_id *ids, size_t count, bool distinct,
                         expr_id filter, const sort_key *order, size_t order_count, bp_error *err)
{
    size_t begin, end;
    resolution chosen;
    function_binding binding;
    const aggregate_overload *overload;
    expr_id *arguments;
    bp_status status;

    *out = 0;
    if (!aggregate_function_range(name, &begin, &end)) return unknown_function(pool, name, true, err);
    if ((status = resolve(&chosen, pool, name, true, begin, end, ids, count, err))) return status;
    overload = aggregate_function_at(chosen.index);
    binding = (function_binding){.pool = pool, .arguments = ids, .count = count, .wanted = chosen.wanted, .result = chosen.result};
    if (overload->bind && (status = overload->bind(&binding, err))) {
        if (err && err->position < 0 && pool->position != SIZE_MAX) err->position = (int64_t)pool->position;
        return status;
    }
    if ((status = cast_arguments(&arguments, pool, ids, binding.wanted, count, err))) return status;
    if (distinct && (status = check_distinct_order(pool, ids, count, order, order_count, err))) return status;
    return aggregate_node(out, pool, overload, &binding, arguments, distinct, filter, order, order_count, err);
}
