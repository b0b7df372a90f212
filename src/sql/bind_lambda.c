/* Lambdas and list comprehensions. A parameter is a column of the plan that no node makes: it is seen only by the body, in which every column, parameters and those taken from
 * around it, is then replaced by its place among the body's own columns. */
#include "bind_expression.h"

#define MOST_PARAMETERS 3
#define MOST_NESTED 16 /* the evaluator nests as deep */

static bool is_arrow(const syntax *tree, syntax_id node)
{
    return syntax_kind_of(tree, node) == SYNTAX_BINARY && syntax_at(tree, node)->option == OPERATOR_ARROW;
}

static bool is_lambda(const syntax *tree, syntax_id node)
{
    return syntax_kind_of(tree, node) == SYNTAX_LAMBDA || is_arrow(tree, node);
}

bool lambda_column(const expression_context *context, string_view name, column_id *out)
{
    for (const lambda_scope *scope = context->lambda; scope; scope = scope->outer)
        for (size_t i = 0; i < scope->count; i++)
            if (string_equal_nocase(scope->names[i], name)) {
                *out = scope->ids[i];
                return true;
            }
    return false;
}

/* The operands are all arguments but the lambda. */
bp_status enter_lambda(walk *walk, frame *frame, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    syntax_id receiver = syntax_child(tree, frame->node, SLOT_CALL_RECEIVER),
              arguments = syntax_child(tree, frame->node, SLOT_CALL_ARGUMENTS);
    size_t count = arguments ? syntax_at(tree, arguments)->count : 0, lambdas = 0;

    frame->operands = arena_new_array(walk->binder->arena, syntax_id, count + 1);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, count * sizeof(syntax_id));
    if (receiver) frame->operands[frame->operand_count++] = receiver;
    for (size_t i = 0; i < count; i++) {
        syntax_id argument = syntax_children(tree, arguments)[i];
        if (is_lambda(tree, argument) && frame->operand_count == 1 && !lambdas++)
            frame->lambda = argument;
        else
            frame->operands[frame->operand_count++] = argument;
    }
    frame->argument_count = frame->operand_count;
    if (frame->lambda) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, node->begin, "%.*s() takes a list and then a lambda, e.g. %.*s(l, lambda x: x + 1)",
                        STRING_ARGUMENTS(node->text), STRING_ARGUMENTS(node->text));
}

/* names ------------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct parameters_of {
    string_view names[MOST_PARAMETERS];
    column_id ids[MOST_PARAMETERS];
    data_type types[MOST_PARAMETERS];
    size_t count; /* given by the user */
} parameters_of;

static bp_status add_name(parameters_of *out, const syntax *tree, syntax_id node, size_t most, bp_error *err)
{
    const syntax_node *name = syntax_at(tree, node);

    if (name->kind != SYNTAX_NAME && name->kind != SYNTAX_COLUMN)
        return error_set_at(err, BP_BIND_ERROR, name->begin, "a lambda's parameters are bare names");
    if (out->count == most) return error_set_at(err, BP_BIND_ERROR, name->begin, "this lambda takes at most %zu parameters", most);
    out->names[out->count++] = name->text;
    return BP_OK;
}

/* The parameters of LAMBDA's LIST, or of the left side of x -> …, (x, i) -> …. */
static bp_status read_names(parameters_of *out, const syntax *tree, syntax_id names, size_t most, bp_error *err)
{
    syntax_kind kind = syntax_kind_of(tree, names);
    bp_status status = BP_OK;

    if (kind != SYNTAX_LIST && kind != SYNTAX_ROW) return add_name(out, tree, names, most, err);
    for (size_t i = 0; i < syntax_at(tree, names)->count && !status; i++)
        status = add_name(out, tree, syntax_children(tree, names)[i], most, err);
    return status;
}

/* bodies ------------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct capturing {
    const parameters_of *parameters;
    size_t first_capture;
    column_id *ids;
    expr_id *exprs;
    size_t count, capacity;
    arena *arena;
} capturing;

static bp_status add_capture(capturing *state, expr_id column, column_id id, bp_error *err)
{
    size_t wanted = state->capacity ? state->capacity * 2 : 8;
    column_id *ids;
    expr_id *exprs;

    if (state->count == state->capacity) {
        ids = arena_new_array(state->arena, column_id, wanted);
        exprs = arena_new_array(state->arena, expr_id, wanted);
        if (!ids || !exprs) return error_no_memory(err, state->arena->memory, wanted * sizeof *ids);
        if (state->count) memcpy(ids, state->ids, state->count * sizeof *ids);
        if (state->count) memcpy(exprs, state->exprs, state->count * sizeof *exprs);
        state->ids = ids;
        state->exprs = exprs;
        state->capacity = wanted;
    }
    state->ids[state->count] = id;
    state->exprs[state->count++] = column;
    return BP_OK;
}

static bp_status place_column(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    capturing *state = data;
    const expr_node *node = expr_at(pool, *id);
    column_id column = node->column;
    data_type type = node->type;
    size_t at = 0;
    bp_status status;

    if (node->kind != EXPR_COLUMN) return BP_OK;
    for (size_t i = 0; i < state->parameters->count; i++)
        if (state->parameters->ids[i] == column) return expr_column(id, pool, (uint32_t)i, type, err);
    while (at < state->count && state->ids[at] != column) at++;
    if (at == state->count && (status = add_capture(state, *id, column, err))) return status;
    return expr_column(id, pool, (uint32_t)(state->first_capture + at), type, err);
}

/* Bind the body with its parameters in sight, and make the call over `arguments`. gathered: of list_reduce. */
static bp_status bind_body(walk *walk, string_view name, parameters_of *parameters, size_t total, syntax_id node,
                           const expr_id *arguments, size_t count, const data_type *gathered, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    expression_context context = *walk->context;
    lambda_scope scope = {.names = parameters->names, .ids = parameters->ids, .count = parameters->count, .outer = context.lambda};
    capturing captured = {.parameters = parameters, .first_capture = total, .arena = binder->arena};
    size_t depth = 0;
    expr_id body;
    bp_status status;

    for (const lambda_scope *around = context.lambda; around; around = around->outer) depth++;
    if (depth >= MOST_NESTED)
        return error_set_at(err, BP_LIMIT, syntax_at(binder->tree, node)->begin, "lambdas nest deeper than %d levels", MOST_NESTED);
    for (size_t i = 0; i < parameters->count; i++)
        if ((status = plan_add_column(&parameters->ids[i], binder->plan, parameters->names[i], parameters->types[i], err)))
            return status;
    context.lambda = &scope;
    context.unnests = NULL;
    context.late = NULL;
    context.input = NULL; /* subqueries in a body would run once, not for each element */
    if (walk->inside_aggregate) context.aggregates = NULL;
    if (walk->inside_aggregate || walk->inside_window) context.windows = NULL;
    if ((status = bind_expression(&body, binder, &context, node, err))) return status;
    pool->position = syntax_at(binder->tree, node)->begin;
    if (gathered && (status = expr_cast(&body, pool, body, *gathered, false, err))) return status;
    if ((status = expr_rewrite(&body, pool, body, place_column, &captured, err))) return status;
    return expr_lambda(out, pool, name, arguments, count, body, captured.exprs, captured.count, err);
}

static bp_status element_type(const walk *walk, expr_id list, data_type *out, bp_error *err)
{
    const expr_pool *pool = &walk->binder->plan->exprs;
    data_type type = expr_type(pool, list);

    *out = type.id == TYPE_NULL ? type : type.detail ? type.detail->children[0] : type;
    if (type.id == TYPE_LIST || type.id == TYPE_ARRAY || type.id == TYPE_NULL) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, pool->position, "a lambda goes over the elements of a list");
}

/* The type of what list_reduce gathers: that of the elements, or what they and the initial value have in common. */
static bp_status gathered_type(walk *walk, data_type element, expr_id *arguments, size_t count, data_type *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    const expr_node *initial;

    *out = element;
    if (count < 2) return BP_OK;
    initial = expr_at(pool, arguments[1]);
    if (!type_unify(out, walk->binder->arena, element, false, initial->type, initial->kind == EXPR_LITERAL))
        return error_set_at(err, BP_BIND_ERROR, pool->position,
                            "the initial value of list_reduce() must mix with the list's elements");
    return expr_cast(&arguments[1], pool, arguments[1], *out, false, err);
}

bp_status combine_lambda(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    string_view name = node->text;
    bool reduce = string_ends_with(name, STRING_VIEW("reduce")) || string_ends_with(name, STRING_VIEW("REDUCE"));
    size_t count = frame->operand_count, total = reduce ? 3 : 2;
    expr_id arguments[2] = {operands[0], count > 1 ? operands[1] : 0};
    parameters_of parameters = {0};
    data_type element, gathered;
    bp_status status;

    if (count > (reduce ? 2u : 1u))
        return error_set_at(err, BP_BIND_ERROR, node->begin, "%.*s() takes a list and a lambda%s", STRING_ARGUMENTS(name),
                            reduce ? ", and perhaps an initial value" : "");
    if ((status = element_type(walk, operands[0], &element, err))) return status;
    if ((status = read_names(&parameters, tree, syntax_child(tree, frame->lambda, 0), total, err))) return status;
    if (reduce && parameters.count < 2)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "the lambda of %.*s() takes two or three parameters",
                            STRING_ARGUMENTS(name));
    if (reduce && (status = gathered_type(walk, element, arguments, count, &gathered, err))) return status;
    parameters.types[0] = reduce ? gathered : element;
    parameters.types[1] = reduce ? element : type_of(TYPE_INT64);
    parameters.types[2] = type_of(TYPE_INT64);
    return bind_body(walk, name, &parameters, total, syntax_child(tree, frame->lambda, 1), arguments, count,
                     reduce ? &gathered : NULL, out, err);
}

/* [value FOR x IN list IF test]: list_filter by the test, then list_transform to the value. */
bp_status combine_comprehension(walk *walk, const frame *frame, expr_id list, expr_id *out, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    syntax_id value = syntax_child(tree, frame->node, 0), names = syntax_child(tree, frame->node, 1),
              test = syntax_child(tree, frame->node, 3);
    parameters_of parameters = {.types = {[1] = type_of(TYPE_INT64)}};
    expr_id kept = list;
    bp_status status;

    if ((status = read_names(&parameters, tree, names, 2, err))) return status;
    if (test && parameters.count > 1) return not_yet(walk->binder, frame->node, "a list comprehension with a number and IF", err);
    if ((status = element_type(walk, list, &parameters.types[0], err))) return status;
    if (test && (status = bind_body(walk, STRING_VIEW("list_filter"), &parameters, 2, test, &list, 1, NULL, &kept, err)))
        return status;
    return bind_body(walk, STRING_VIEW("list_transform"), &parameters, 2, value, &kept, 1, NULL, out, err);
}
