/* Operators and constructors: a node from its operands, which are bound already. */
#include "bind_expression.h"

static bp_status call(walk *walk, expr_id *out, const char *name, const expr_id *arguments, size_t count, bp_error *err)
{
    return expr_call(out, &walk->binder->plan->exprs, string_view_of(name), arguments, count, err);
}

static bp_status combine_unary(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node), *value = syntax_at(tree, frame->operands[0]);
    string_view text;

    switch ((syntax_operator)node->option) {
    case OPERATOR_NOT: return expr_not(out, &walk->binder->plan->exprs, operands[0], err);
    case OPERATOR_ADD:
        if (value->kind != SYNTAX_NUMBER) return call(walk, out, "+", operands, 1, err);
        *out = operands[0]; /* still an open literal */
        return BP_OK;
    case OPERATOR_ABSOLUTE: return call(walk, out, "abs", operands, 1, err);
    case OPERATOR_FACTORIAL: return call(walk, out, "factorial", operands, 1, err);
    case OPERATOR_SUBTRACT:
        if (value->kind != SYNTAX_NUMBER) return call(walk, out, "-", operands, 1, err);
        text = arena_format(walk->binder->arena, "-%.*s",
                            STRING_ARGUMENTS(value->text)); /* so that -9223372036854775808 is a BIGINT */
        if (!text.data) return error_no_memory(err, walk->binder->context->memory, value->text.size);
        return expr_number(out, &walk->binder->plan->exprs, text, err);
    default: return call(walk, out, syntax_operator_text((syntax_operator)node->option), operands, 1, err);
    }
}

static bp_status combine_binary(walk *walk, syntax_operator op, const expr_id *operands, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;

    switch (op) {
    case OPERATOR_EQUAL: return expr_compare(out, pool, COMPARE_EQUAL, operands[0], operands[1], err);
    case OPERATOR_NOT_EQUAL: return expr_compare(out, pool, COMPARE_NOT_EQUAL, operands[0], operands[1], err);
    case OPERATOR_LESS: return expr_compare(out, pool, COMPARE_LESS, operands[0], operands[1], err);
    case OPERATOR_LESS_EQUAL: return expr_compare(out, pool, COMPARE_LESS_EQUAL, operands[0], operands[1], err);
    case OPERATOR_GREATER: return expr_compare(out, pool, COMPARE_GREATER, operands[0], operands[1], err);
    case OPERATOR_GREATER_EQUAL: return expr_compare(out, pool, COMPARE_GREATER_EQUAL, operands[0], operands[1], err);
    case OPERATOR_IS_DISTINCT: return expr_compare(out, pool, COMPARE_DISTINCT, operands[0], operands[1], err);
    case OPERATOR_IS_NOT_DISTINCT: return expr_compare(out, pool, COMPARE_NOT_DISTINCT, operands[0], operands[1], err);
    case OPERATOR_POWER: return call(walk, out, "pow", operands, 2, err);
    case OPERATOR_STARTS_WITH: return call(walk, out, "starts_with", operands, 2, err);
    default: return call(walk, out, syntax_operator_text(op), operands, 2, err);
    }
}

static bp_status combine_test(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);
    bool negated = (node->flags & SYNTAX_FLAG_NOT) != 0;
    expr_id literal;
    bp_status status;

    if (node->option == TEST_NULL || node->option == TEST_UNKNOWN) return expr_is_null(out, pool, operands[0], negated, err);
    if ((status = expr_bool(&literal, pool, node->option == TEST_TRUE, err))) return status;
    return expr_compare(out, pool, negated ? COMPARE_DISTINCT : COMPARE_NOT_DISTINCT, operands[0], literal, err);
}

static bp_status negate_if(walk *walk, expr_id *expr, bool negated, bp_error *err)
{
    return negated ? expr_not(expr, &walk->binder->plan->exprs, *expr, err) : BP_OK;
}

static bp_status combine_between(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    uint16_t flags = syntax_at(walk->binder->tree, frame->node)->flags;
    expr_id bounds[2] = {operands[1], operands[2]}, sides[2];
    bp_status status;

    if (flags & SYNTAX_FLAG_SYMMETRIC) {
        if ((status = expr_extreme(&bounds[0], pool, &operands[1], 2, COMPARE_LESS_EQUAL, err))) return status;
        if ((status = expr_extreme(&bounds[1], pool, &operands[1], 2, COMPARE_GREATER_EQUAL, err))) return status;
    }
    if ((status = expr_compare(&sides[0], pool, COMPARE_GREATER_EQUAL, operands[0], bounds[0], err))) return status;
    if ((status = expr_compare(&sides[1], pool, COMPARE_LESS_EQUAL, operands[0], bounds[1], err))) return status;
    if ((status = expr_and(out, pool, sides, 2, err))) return status;
    return negate_if(walk, out, flags & SYNTAX_FLAG_NOT, err);
}

static bp_status combine_like(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    static const char *const plain[][2] = {[LIKE_LIKE] = {"~~", "!~~"},
                                           [LIKE_ILIKE] = {"~~*", "!~~*"},
                                           [LIKE_GLOB] = {"~~~", "~~~"},
                                           [LIKE_SIMILAR] = {"regexp_full_match", "regexp_full_match"}};
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);
    bool negated = (node->flags & SYNTAX_FLAG_NOT) != 0;
    bp_status status;

    if (count == 3) {
        if (node->option == LIKE_GLOB) return not_yet(walk->binder, frame->node, "GLOB … ESCAPE", err);
        if (node->option == LIKE_SIMILAR) return not_yet(walk->binder, frame->node, "SIMILAR TO … ESCAPE", err);
        status = call(walk, out, node->option == LIKE_ILIKE ? "ilike_escape" : "like_escape", operands, 3, err);
        return status ? status : negate_if(walk, out, negated, err);
    }
    if ((status = call(walk, out, plain[node->option][negated], operands, 2, err))) return status;
    return negate_if(walk, out, negated && (node->option == LIKE_GLOB || node->option == LIKE_SIMILAR), err);
}

/* CASE value WHEN a … becomes CASE WHEN value = a …. */
static bp_status combine_case(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    bool has_operand = syntax_child(walk->binder->tree, frame->node, 0) != 0;
    expr_id *children = arena_new_array(walk->binder->arena, expr_id, count);
    size_t given = count - has_operand;
    bp_status status;

    if (!children) return error_no_memory(err, walk->binder->context->memory, count * sizeof *children);
    memcpy(children, operands + has_operand, given * sizeof *children);
    for (size_t i = 0; has_operand && i + 1 < given; i += 2)
        if ((status = expr_compare(&children[i], pool, COMPARE_EQUAL, operands[0], children[i], err))) return status;
    return expr_case(out, pool, children, given, err);
}

static bp_status combine_cast(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    data_type type;
    bp_status status;

    if ((status = bind_type(&type, walk->binder, syntax_child(walk->binder->tree, frame->node, 1), err))) return status;
    walk->binder->plan->exprs.position = syntax_at(walk->binder->tree, frame->node)->begin;
    return expr_cast(out, &walk->binder->plan->exprs, operands[0], type,
                     syntax_has(walk->binder->tree, frame->node, SYNTAX_FLAG_TRY), err);
}

/* The number of units: text and numbers with a fraction go by DOUBLE, and only seconds and milliseconds keep the fraction. */
static bp_status interval_amount(expr_id *amount, expr_pool *pool, string_view unit, bp_error *err)
{
    bool fractional = string_equal(unit, STRING_VIEW("second")) || string_equal(unit, STRING_VIEW("millisecond"));
    data_type type = expr_type(pool, *amount);
    expr_id number, whole;
    bp_status status;

    if (type_is_integer(type) || type.id == TYPE_NULL) return BP_OK;
    if ((status = expr_cast(&number, pool, *amount, type_of(TYPE_FLOAT64), false, err))) return status;
    *amount = number;
    if (fractional) return BP_OK;
    if ((status = expr_call(&whole, pool, STRING_VIEW("trunc"), &number, 1, err))) return status;
    return expr_cast(amount, pool, whole, type_of(TYPE_INT64), false, err);
}

/* INTERVAL x unit: the function that makes an interval of that unit. */
static bp_status combine_interval(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    string_view unit = syntax_at(walk->binder->tree, frame->node)->text;
    bool is_century = string_equal(unit, STRING_VIEW("century")), is_millennium = string_equal(unit, STRING_VIEW("millennium"));
    string_view name = is_century      ? STRING_VIEW("to_centuries")
                       : is_millennium ? STRING_VIEW("to_millennia")
                                       : arena_format(walk->binder->arena, "to_%.*ss", STRING_ARGUMENTS(unit));
    expr_pool *pool = &walk->binder->plan->exprs;
    expr_id amount = operands[0];
    bp_status status;

    if (!name.data) return error_no_memory(err, walk->binder->context->memory, unit.size);
    if ((status = interval_amount(&amount, pool, unit, err))) return status;
    return expr_call(out, pool, name, &amount, 1, err);
}

static bp_status combine_struct_field(walk *walk, const frame *frame, expr_id value, expr_id *out, bp_error *err)
{
    expr_id arguments[2] = {value};
    bp_status status;

    if ((status = expr_text(&arguments[1], &walk->binder->plan->exprs, syntax_at(walk->binder->tree, frame->node)->text, err)))
        return status;
    return call(walk, out, "struct_extract", arguments, 2, err);
}

/* l[2:], l[:2]: an open place is beyond every list. */
static bp_status combine_slice(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    expr_id arguments[4] = {operands[0]};
    size_t at = 1, count = syntax_child(walk->binder->tree, frame->node, 3) ? 4 : 3;
    bp_status status;

    for (uint32_t i = 1; i < count; i++) {
        if (syntax_child(walk->binder->tree, frame->node, i))
            arguments[i] = operands[at++];
        else if ((status = expr_int64(&arguments[i], pool, i == 1 ? INT64_MIN : INT64_MAX, err)))
            return status;
    }
    return call(walk, out, "list_slice", arguments, count, err);
}

/* {'a': x}: struct_pack('a', x). */
static bp_status combine_struct(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    expr_id *arguments = arena_new_array(walk->binder->arena, expr_id, 2 * count + 1);
    bp_status status;

    if (!arguments) return error_no_memory(err, walk->binder->context->memory, 2 * count * sizeof *arguments);
    for (size_t i = 0; i < count; i++) {
        string_view name = syntax_at(tree, syntax_children(tree, frame->node)[i])->text;
        if ((status = expr_text(&arguments[2 * i], &walk->binder->plan->exprs, name, err))) return status;
        arguments[2 * i + 1] = operands[i];
    }
    return call(walk, out, "struct_pack", arguments, 2 * count, err);
}

/* MAP {k: v, …}: map([k, …], [v, …]). */
static bp_status combine_map(walk *walk, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    expr_id *parts = arena_new_array(walk->binder->arena, expr_id, count + 1), lists[2];
    bp_status status;

    if (count == 0) return call(walk, out, "map", NULL, 0, err);
    if (!parts) return error_no_memory(err, walk->binder->context->memory, count * sizeof *parts);
    for (size_t part = 0; part < 2; part++) {
        for (size_t i = 0; i < count / 2; i++) parts[i] = operands[2 * i + part];
        if ((status = call(walk, &lists[part], "list_value", parts, count / 2, err))) return status;
    }
    return call(walk, out, "map", lists, 2, err);
}

/* x IN y: y is a list or a map. */
static bp_status combine_in_value(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    expr_id swapped[2] = {operands[1], operands[0]};
    bool map = expr_type(&walk->binder->plan->exprs, operands[1]).id == TYPE_MAP;
    bp_status status = call(walk, out, map ? "map_contains" : "list_contains", swapped, 2, err);

    return status ? status : negate_if(walk, out, syntax_has(walk->binder->tree, frame->node, SYNTAX_FLAG_NOT), err);
}

bp_status combine(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);

    switch ((syntax_kind)node->kind) {
    case SYNTAX_FIELD: return combine_struct_field(walk, frame, operands[0], out, err);
    case SYNTAX_UNARY: return combine_unary(walk, frame, operands, out, err);
    case SYNTAX_BINARY: return combine_binary(walk, (syntax_operator)node->option, operands, out, err);
    case SYNTAX_CONJUNCTION:
        return node->option == OPERATOR_AND ? expr_and(out, pool, operands, count, err) : expr_or(out, pool, operands, count, err);
    case SYNTAX_IS_TEST: return combine_test(walk, frame, operands, out, err);
    case SYNTAX_BETWEEN: return combine_between(walk, frame, operands, out, err);
    case SYNTAX_LIKE: return combine_like(walk, frame, operands, count, out, err);
    case SYNTAX_IN_LIST: return expr_in(out, pool, operands[0], operands + 1, count - 1, node->flags & SYNTAX_FLAG_NOT, err);
    case SYNTAX_IN_VALUE: return combine_in_value(walk, frame, operands, out, err);
    case SYNTAX_IN_QUERY:
    case SYNTAX_QUANTIFIED: return combine_in_query(walk, frame, operands[0], out, err);
    case SYNTAX_CAST: return combine_cast(walk, frame, operands, out, err);
    case SYNTAX_CASE: return combine_case(walk, frame, operands, count, out, err);
    case SYNTAX_CALL: return combine_call(walk, frame, operands, count, out, err);
    case SYNTAX_INTERVAL: return combine_interval(walk, frame, operands, out, err);
    case SYNTAX_SUBSCRIPT: return call(walk, out, "array_extract", operands, count, err);
    case SYNTAX_SLICE: return combine_slice(walk, frame, operands, out, err);
    case SYNTAX_LIST_VALUE: return call(walk, out, "list_value", operands, count, err);
    case SYNTAX_STRUCT_VALUE: return combine_struct(walk, frame, operands, count, out, err);
    case SYNTAX_COMPREHENSION: return combine_comprehension(walk, frame, operands[0], out, err);
    case SYNTAX_MAP_VALUE: return combine_map(walk, operands, count, out, err);
    case SYNTAX_ROW: return call(walk, out, "row", operands, count, err);
    default: return not_yet(walk->binder, frame->node, syntax_kind_name((syntax_kind)node->kind), err);
    }
}
