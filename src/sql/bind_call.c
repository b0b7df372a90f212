/* Calls: scalar functions, the few that are no functions (coalesce, try), and aggregates. */
#include "bind_expression.h"

static bool is_name(string_view name, const char *wanted)
{
    return string_equal_nocase(name, string_view_of(wanted));
}

/* Functions whose arguments have names: struct_pack(a := 1). */
static bool takes_names(string_view name)
{
    return is_name(name, "struct_pack") || is_name(name, "struct_insert") || is_name(name, "struct_update");
}

/* percentile_cont(f) WITHIN GROUP (ORDER BY x) is quantile_cont(x, f); first_value(x ORDER BY y) OVER (…) is an aggregate. */
string_view aggregate_name(const binder *binder, syntax_id call)
{
    string_view name = syntax_at(binder->tree, call)->text;

    if (syntax_child(binder->tree, call, SLOT_CALL_WINDOW) && syntax_child(binder->tree, call, SLOT_CALL_ORDER)) {
        if (is_name(name, "first_value")) return STRING_VIEW("first");
        if (is_name(name, "last_value")) return STRING_VIEW("last");
    }
    if (!syntax_child(binder->tree, call, SLOT_CALL_WITHIN)) return name;
    if (is_name(name, "percentile_cont")) return STRING_VIEW("quantile_cont");
    return is_name(name, "percentile_disc") ? STRING_VIEW("quantile_disc") : name;
}

/* The one key of WITHIN GROUP becomes the first argument. */
static bp_status enter_within(walk *walk, frame *frame, syntax_id within, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    bool known = is_name(node->text, "percentile_cont") || is_name(node->text, "percentile_disc") || is_name(node->text, "mode");

    if (!known || syntax_at(tree, within)->count != 1)
        return error_set_at(err, BP_BIND_ERROR, node->begin,
                            "WITHIN GROUP (ORDER BY one key) belongs to percentile_cont(), percentile_disc() and mode()");
    frame->operands[frame->operand_count++] = syntax_child(tree, syntax_children(tree, within)[0], 0);
    return BP_OK;
}

/* ORDER BY x DESC: fractions count from the greatest value, which a negative fraction says. */
static bp_status negate_fraction(walk *walk, const frame *frame, expr_id *arguments, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    syntax_id within = syntax_child(binder->tree, frame->node, SLOT_CALL_WITHIN);
    expr_id fraction;
    sort_key key;
    bp_status status;

    if (!within || frame->argument_count < 2) return BP_OK;
    order_flags(binder, syntax_children(binder->tree, within)[0], &key);
    if (!key.descending) return BP_OK;
    if (type_is_nested(expr_type(pool, arguments[1])))
        return not_yet(binder, frame->node, "several percentiles in falling order", err);
    if ((status = expr_cast(&fraction, pool, arguments[1], type_of(TYPE_FLOAT64), false, err))) return status;
    return expr_call(&arguments[1], pool, STRING_VIEW("-"), &fraction, 1, err);
}

/* A call without OVER: whether it may stand here. */
static bp_status check_plain_call(const walk *walk, const frame *frame, bool has_clause, bp_error *err)
{
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);

    if (frame->is_aggregate && !walk->context->aggregates)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "%s cannot contain aggregates such as %.*s()", walk->context->clause,
                            STRING_ARGUMENTS(node->text));
    if (frame->is_aggregate && walk->inside_aggregate)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "%.*s() stands inside another aggregate; use a subquery",
                            STRING_ARGUMENTS(node->text));
    if (node->flags & (SYNTAX_FLAG_IGNORE_NULLS | SYNTAX_FLAG_RESPECT_NULLS))
        return error_set_at(err, BP_BIND_ERROR, node->begin, "IGNORE NULLS and RESPECT NULLS are for window functions alone");
    if (frame->is_aggregate) return BP_OK;
    if (window_function_find(node->text) && !scalar_function_exists(node->text))
        return error_set_at(err, BP_BIND_ERROR, node->begin, "%.*s() is a window function: it wants OVER (…) behind it",
                            STRING_ARGUMENTS(node->text));
    if (has_clause || (node->flags & SYNTAX_FLAG_DISTINCT))
        return error_set_at(err, BP_BIND_ERROR, node->begin,
                            "%.*s() is not an aggregate: DISTINCT, FILTER and ORDER BY belong to aggregates",
                            STRING_ARGUMENTS(node->text));
    return BP_OK;
}

/* Operands: the receiver of x.f(y), then the arguments; for aggregates also FILTER and the ORDER BY keys. */
bp_status enter_call(walk *walk, frame *frame, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    syntax_id receiver = syntax_child(tree, frame->node, SLOT_CALL_RECEIVER),
              arguments = syntax_child(tree, frame->node, SLOT_CALL_ARGUMENTS);
    syntax_id filter = syntax_child(tree, frame->node, SLOT_CALL_FILTER), order = syntax_child(tree, frame->node, SLOT_CALL_ORDER);
    syntax_id within = syntax_child(tree, frame->node, SLOT_CALL_WITHIN);
    size_t count = arguments ? syntax_at(tree, arguments)->count : 0, keys = order ? syntax_at(tree, order)->count : 0;
    bool has_window = syntax_child(tree, frame->node, SLOT_CALL_WINDOW) != 0;
    bp_status status;

    if (is_unnest(node->text)) return enter_unnest(walk, frame, err);
    if (expr_takes_lambda(node->text)) return enter_lambda(walk, frame, err);
    frame->is_aggregate = aggregate_function_exists(aggregate_name(walk->binder, frame->node)) &&
                          (has_window || !(scalar_function_exists(node->text) && count > 1));
    if (has_window) {
        if ((status = begin_window(walk, frame, err))) return status;
    } else if ((status = check_plain_call(walk, frame, filter || order, err))) {
        return status;
    }
    frame->operands = arena_new_array(walk->binder->arena, syntax_id, count + keys + 3);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, count * sizeof(syntax_id));
    if (within && (status = enter_within(walk, frame, within, err))) return status;
    if (receiver) frame->operands[frame->operand_count++] = receiver;
    for (size_t i = 0; i < count; i++) {
        syntax_id argument = syntax_children(tree, arguments)[i];
        bool named = takes_names(node->text) && syntax_kind_of(tree, argument) == SYNTAX_ARGUMENT;
        frame->operands[frame->operand_count++] = named ? syntax_child(tree, argument, 0) : argument;
    }
    frame->argument_count = frame->operand_count;
    if (filter) frame->operands[frame->operand_count++] = filter;
    for (size_t i = 0; i < keys; i++) {
        if (syntax_has(tree, syntax_children(tree, order)[i], SYNTAX_FLAG_ALL))
            return not_yet(walk->binder, frame->node, "ORDER BY ALL in an aggregate", err);
        frame->operands[frame->operand_count++] = syntax_child(tree, syntax_children(tree, order)[i], 0);
    }
    if (has_window) return enter_window(walk, frame, err);
    walk->inside_aggregate += frame->is_aggregate;
    return BP_OK;
}

/* The column of an aggregate: the same call twice is computed once. */
static bp_status aggregate_column(walk *walk, expr_id call, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    aggregates *all = walk->context->aggregates;
    bp_status status;

    for (size_t i = 0; i < all->count; i++)
        if (expr_equal(&binder->plan->exprs, all->calls[i], call)) return column_expr(out, binder, all->ids[i], err);
    if (all->count == all->capacity) {
        size_t wanted = all->capacity ? all->capacity * 2 : 8;
        expr_id *calls = arena_new_array(binder->arena, expr_id, wanted);
        column_id *ids = arena_new_array(binder->arena, column_id, wanted);
        if (!calls || !ids) return error_no_memory(err, binder->context->memory, wanted * sizeof *calls);
        if (all->count) memcpy(calls, all->calls, all->count * sizeof *calls);
        if (all->count) memcpy(ids, all->ids, all->count * sizeof *ids);
        all->calls = calls;
        all->ids = ids;
        all->capacity = wanted;
    }
    all->calls[all->count] = call;
    if ((status = plan_add_column(&all->ids[all->count], binder->plan, STRING_VIEW("aggregate"),
                                  expr_type(&binder->plan->exprs, call), err)))
        return status;
    return column_expr(out, binder, all->ids[all->count++], err);
}

void order_flags(const binder *binder, syntax_id key, sort_key *out)
{
    uint16_t flags = syntax_at(binder->tree, key)->flags;

    out->descending = (flags & SYNTAX_FLAG_DESCENDING) != 0;
    out->nulls_first =
        (flags & SYNTAX_FLAG_NULLS_FIRST) || (!(flags & SYNTAX_FLAG_NULLS_LAST) && binder->context->config.nulls_first);
}

static bp_status combine_aggregate(walk *walk, const frame *frame, const expr_id *operands, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    const syntax_node *node = syntax_at(binder->tree, frame->node);
    syntax_id order = syntax_child(binder->tree, frame->node, SLOT_CALL_ORDER);
    bool has_filter = syntax_child(binder->tree, frame->node, SLOT_CALL_FILTER) != 0;
    size_t own_count = frame->window ? frame->own_count : frame->operand_count;
    size_t key_count = own_count - frame->argument_count - has_filter;
    sort_key *keys = arena_new_array(binder->arena, sort_key, key_count);
    expr_id *arguments = arena_new_array(binder->arena, expr_id, frame->argument_count + 1), call;
    bp_status status;

    if (!keys || !arguments) return error_no_memory(err, binder->context->memory, key_count * sizeof *keys);
    for (size_t i = 0; i < key_count; i++) {
        order_flags(binder, syntax_children(binder->tree, order)[i], &keys[i]);
        keys[i].expr = operands[frame->argument_count + has_filter + i];
    }
    walk->inside_aggregate -= frame->window == NULL;
    if (frame->argument_count) memcpy(arguments, operands, frame->argument_count * sizeof *arguments);
    if ((status = negate_fraction(walk, frame, arguments, err))) return status;
    status = expr_aggregate(&call, &binder->plan->exprs, aggregate_name(binder, frame->node), arguments, frame->argument_count,
                            (node->flags & SYNTAX_FLAG_DISTINCT) != 0, has_filter ? operands[frame->argument_count] : 0, keys,
                            key_count, err);
    if (status) return status;
    return frame->window ? combine_window(walk, frame, operands, call, out, err) : aggregate_column(walk, call, out, err);
}

/* CASE WHEN condition THEN value ELSE otherwise END; otherwise 0: NULL. */
static bp_status choose(expr_id *out, expr_pool *pool, expr_id condition, expr_id value, expr_id otherwise, bp_error *err)
{
    return expr_case(out, pool, (const expr_id[]){condition, value, otherwise}, 3, err);
}

bp_status expr_nullif(expr_id *out, expr_pool *pool, expr_id value, expr_id other, bp_error *err)
{
    expr_id equal, null;
    bp_status status;

    if ((status = expr_compare(&equal, pool, COMPARE_EQUAL, value, other, err))) return status;
    if ((status = expr_null(&null, pool, expr_type(pool, value), err))) return status;
    return choose(out, pool, equal, null, value, err);
}

/* The greater (or lesser) of two values; a NULL gives way. */
static bp_status extreme_of_two(expr_id *out, expr_pool *pool, expr_id left, expr_id right, compare_op op, bp_error *err)
{
    expr_id left_wins, right_null, either, both[2];
    bp_status status;

    if ((status = expr_compare(&left_wins, pool, op, left, right, err))) return status;
    if ((status = expr_is_null(&right_null, pool, right, false, err))) return status;
    both[0] = left_wins, both[1] = right_null;
    if ((status = expr_or(&either, pool, both, 2, err))) return status;
    return choose(out, pool, either, left, right, err);
}

bp_status expr_extreme(expr_id *out, expr_pool *pool, const expr_id *operands, size_t count, compare_op op, bp_error *err)
{
    bp_status status = BP_OK;

    *out = operands[0];
    for (size_t i = 1; i < count && !status; i++) status = extreme_of_two(out, pool, *out, operands[i], op, err);
    return status;
}

static bp_status type_name_of(expr_id *out, binder *binder, data_type type, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, binder->context->memory, LIMIT_SQL_SIZE);
    type_print(&text, type);
    if (!(status = builder_status(&text, err))) status = expr_text(out, &binder->plan->exprs, builder_view(&text), err);
    builder_clear(&text);
    return status;
}

/* current_setting('threads'): read when the call is bound, as text or, of numbers and flags, as such. */
static bp_status setting_of(expr_id *out, walk *walk, expr_id name, bp_error *err)
{
    binder *binder = walk->binder;
    const expr_node *node = &binder->plan->exprs.nodes[name];
    char text[1024], own[LIMIT_NAME_SIZE + 1];
    string_view given;
    bp_status status;

    if (node->kind != EXPR_LITERAL || node->type.id != TYPE_VARCHAR)
        return error_set(err, BP_BIND_ERROR, "current_setting() wants the name of a setting as a text literal");
    given = string_ref_view(node->literal->values);
    if (given.size > LIMIT_NAME_SIZE)
        return error_set(err, BP_BIND_ERROR, "a setting's name has at most %d bytes", LIMIT_NAME_SIZE);
    memcpy(own, given.data, given.size);
    own[given.size] = '\0';
    if ((status = config_get(binder->context, own, text, sizeof text, err))) return status;
    return expr_text(out, &binder->plan->exprs, string_view_of(text), err);
}

static bp_status call_of_two(expr_id *out, expr_pool *pool, const char *name, expr_id left, expr_id right, bp_error *err)
{
    expr_id both[2] = {left, right};

    return expr_call(out, pool, string_view_of(name), both, 2, err);
}

static bp_status extreme_with(expr_id *out, expr_pool *pool, expr_id value, int64_t bound, compare_op op, bp_error *err)
{
    expr_id both[2] = {value};
    bp_status status = expr_int64(&both[1], pool, bound, err);

    return status ? status : expr_extreme(out, pool, both, 2, op, err);
}

/* How many characters overlay() takes away: as many as the new text has, unless a count is given that is not negative. */
static bp_status overlay_count(expr_id *out, expr_pool *pool, const expr_id *operands, size_t count, bp_error *err)
{
    expr_id size, zero, negative;
    bp_status status;

    if ((status = expr_call(&size, pool, STRING_VIEW("length"), &operands[1], 1, err))) return status;
    *out = size;
    if (count < 4) return BP_OK;
    if ((status = expr_int64(&zero, pool, 0, err)) ||
        (status = expr_compare(&negative, pool, COMPARE_LESS, operands[3], zero, err)))
        return status;
    return choose(out, pool, negative, size, operands[3], err);
}

/* overlay(text, new, start, count): the characters from `start` on become `new`. Places far beyond 32 bits are beyond any text. */
static bp_status overlay_of(expr_id *out, expr_pool *pool, const expr_id *operands, size_t count, bp_error *err)
{
    static const int64_t far = (int64_t)1 << 33;
    expr_id start, taken, one, before, after;
    bp_status status;

    if ((status = overlay_count(&taken, pool, operands, count, err)) ||
        (status = extreme_with(&taken, pool, taken, far, COMPARE_LESS_EQUAL, err)) ||
        (status = extreme_with(&start, pool, operands[2], far, COMPARE_LESS_EQUAL, err)) ||
        (status = extreme_with(&start, pool, start, -far, COMPARE_GREATER_EQUAL, err)) ||
        (status = expr_int64(&one, pool, 1, err)) || (status = call_of_two(&before, pool, "-", start, one, err)) ||
        (status = extreme_with(&before, pool, before, 0, COMPARE_GREATER_EQUAL, err)) ||
        (status = call_of_two(&before, pool, "left", operands[0], before, err)) ||
        (status = call_of_two(&after, pool, "+", start, taken, err)) ||
        (status = extreme_with(&after, pool, after, 1, COMPARE_GREATER_EQUAL, err)) ||
        (status = call_of_two(&after, pool, "substring", operands[0], after, err)) ||
        (status = call_of_two(&before, pool, "||", before, operands[1], err)))
        return status;
    return call_of_two(out, pool, "||", before, after, err);
}

/* typeof() in small letters. */
static bp_status pg_type_name_of(expr_id *out, binder *binder, data_type type, bp_error *err)
{
    expr_id name;
    bp_status status = type_name_of(&name, binder, type, err);

    return status ? status : expr_call(out, &binder->plan->exprs, STRING_VIEW("lower"), &name, 1, err);
}

/* What looks like a function but evaluates its arguments only where they count, or is known when it is bound. *done false: an ordinary function. */
static bp_status special_call(walk *walk, string_view name, const expr_id *operands, size_t count, expr_id *out, bool *done,
                              bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;

    *done = true;
    if (count && (is_name(name, "coalesce") || (is_name(name, "ifnull") && count == 2)))
        return expr_coalesce(out, pool, operands, count, err);
    if (is_name(name, "try") && count == 1) return expr_try(out, pool, operands[0], err);
    if (is_name(name, "nullif") && count == 2) return expr_nullif(out, pool, operands[0], operands[1], err);
    if (is_name(name, "if") && count == 3) return choose(out, pool, operands[0], operands[1], operands[2], err);
    if (is_name(name, "greatest") && count) return expr_extreme(out, pool, operands, count, COMPARE_GREATER_EQUAL, err);
    if (is_name(name, "least") && count) return expr_extreme(out, pool, operands, count, COMPARE_LESS_EQUAL, err);
    if (is_name(name, "typeof") && count == 1) return type_name_of(out, walk->binder, expr_type(pool, operands[0]), err);
    if (is_name(name, "pg_typeof") && count == 1) return pg_type_name_of(out, walk->binder, expr_type(pool, operands[0]), err);
    if (is_name(name, "overlay") && (count == 3 || count == 4)) return overlay_of(out, pool, operands, count, err);
    if (is_name(name, "current_setting") && count == 1) return setting_of(out, walk, operands[0], err);
    if (is_name(name, "version") && count == 0) return expr_text(out, pool, string_view_of(bp_version()), err);
    *done = false;
    return BP_OK;
}

/* f(a := x) is f('a', x) to the function; a column without a name is named as it is. The first argument of all but struct_pack is the struct. */
static bp_status call_with_names(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    syntax_id list = syntax_child(tree, frame->node, SLOT_CALL_ARGUMENTS);
    size_t receiver = syntax_child(tree, frame->node, SLOT_CALL_RECEIVER) != 0, first = !is_name(node->text, "struct_pack"),
           total = 0;
    expr_id *arguments = arena_new_array(walk->binder->arena, expr_id, 2 * count + 1);
    bp_status status;

    if (!arguments) return error_no_memory(err, walk->binder->context->memory, 2 * count * sizeof *arguments);
    for (size_t i = 0; i < count; i++) {
        const syntax_node *argument = i < receiver ? NULL : syntax_at(tree, syntax_children(tree, list)[i - receiver]);
        bool named =
            argument && (argument->kind == SYNTAX_ARGUMENT || argument->kind == SYNTAX_COLUMN || argument->kind == SYNTAX_FIELD);
        if (i < first) {
            arguments[total++] = operands[i];
            continue;
        }
        if (!named)
            return error_set_at(err, BP_BIND_ERROR, node->begin, "%.*s() wants named arguments, e.g. %.*s(%sa := 1)",
                                STRING_ARGUMENTS(node->text), STRING_ARGUMENTS(node->text), first ? "s, " : "");
        if ((status = expr_text(&arguments[total++], &walk->binder->plan->exprs, argument->text, err))) return status;
        arguments[total++] = operands[i];
    }
    return expr_call(out, &walk->binder->plan->exprs, node->text, arguments, total, err);
}

static bool is_one_of(const expr_pool *pool, expr_id expr, const expr_id *groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (expr_equal(pool, expr, groups[i])) return true;
    return false;
}

/* GROUPING(a, b): a bit for each, the last one lowest: 1 when the grouping set is without it. */
static bp_status combine_grouping(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out,
                                  bp_error *err)
{
    const grouping_context *grouping = walk->context->grouping;
    const expr_pool *pool = &walk->binder->plan->exprs;
    uint32_t position = syntax_at(walk->binder->tree, frame->node)->begin;
    int64_t bits = 0;
    bp_status status;

    if (!grouping) return error_set_at(err, BP_BIND_ERROR, position, "GROUPING(…) belongs to a SELECT with GROUP BY");
    if (count > 63) return error_set_at(err, BP_LIMIT, position, "GROUPING(…) takes at most 63 expressions");
    for (size_t i = 0; i < count; i++) {
        bool present = is_one_of(pool, operands[i], grouping->groups, grouping->group_count);
        if (!present && !is_one_of(pool, operands[i], grouping->absent, grouping->absent_count))
            return error_set_at(err, BP_BIND_ERROR, position, "what GROUPING(…) asks about must stand in GROUP BY");
        bits = bits << 1 | !present;
    }
    if ((status = expr_int64(out, &walk->binder->plan->exprs, bits, err))) return status;
    return expr_cast(out, &walk->binder->plan->exprs, *out, type_of(TYPE_INT64), false, err);
}

bp_status combine_call(walk *walk, const frame *frame, const expr_id *operands, size_t count, expr_id *out, bp_error *err)
{
    string_view name = syntax_at(walk->binder->tree, frame->node)->text;
    bool done;
    bp_status status;

    if (frame->function) return combine_window(walk, frame, operands, 0, out, err);
    if (frame->is_aggregate) return combine_aggregate(walk, frame, operands, out, err);
    if (frame->lambda) return combine_lambda(walk, frame, operands, out, err);
    if (is_unnest(name)) return combine_unnest(walk, frame, operands[0], out, err);
    if (takes_names(name)) return call_with_names(walk, frame, operands, count, out, err);
    if (is_name(name, "grouping") || is_name(name, "grouping_id")) return combine_grouping(walk, frame, operands, count, out, err);
    if ((status = special_call(walk, name, operands, count, out, &done, err)) || done) return status;
    return expr_call(out, &walk->binder->plan->exprs, name, operands, count, err);
}
