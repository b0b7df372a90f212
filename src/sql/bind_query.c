/* Queries: WITH, set operations, VALUES, ORDER BY of the whole (bind_limit.c: LIMIT); DESCRIBE, SHOW and SUMMARIZE are queries as well (bind_describe.c). */
#include "bind_query.h"

static bp_status no_memory(const binder *binder, bp_error *err)
{
    return error_no_memory(err, binder->context->memory, 4096);
}

/* VALUES ---------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status unify_column(binder *binder, expr_id *cells, size_t rows, size_t columns, size_t index, uint32_t position,
                              bp_error *err)
{
    expr_id *column = arena_new_array(binder->arena, expr_id, rows);
    bp_status status;

    if (!column) return no_memory(binder, err);
    for (size_t row = 0; row < rows; row++) column[row] = cells[row * columns + index];
    binder->plan->exprs.position = position;
    if ((status = expr_unify(column, &binder->plan->exprs, rows, "VALUES", err))) return status;
    for (size_t row = 0; row < rows; row++) cells[row * columns + index] = column[row];
    return BP_OK;
}

/* A cell of INSERT's VALUES goes straight to its column's type, so that the rows need not fit each other; DEFAULT is the column's. */
static bp_status bind_target_cell(expr_id *out, binder *binder, expression_context *context, const values_target *target,
                                  size_t index, syntax_id node, bp_error *err)
{
    bp_status status;

    if (syntax_kind_of(binder->tree, node) == SYNTAX_DEFAULT)
        *out = target->defaults[index];
    else if ((status = bind_expression(out, binder, context, node, err)))
        return status;
    return expr_cast(out, &binder->plan->exprs, *out, target->types[index], false, err);
}

/* inputs[row]: the node that the row's subqueries are joined to; 0: it has none. */
static bp_status bind_cells(binder *outer, syntax_id values, expr_id *cells, size_t columns, plan_id *inputs, bp_error *err)
{
    struct binder inner = *outer, *binder = &inner;
    const values_target *target = outer->target && outer->target->values == values ? outer->target : NULL;
    plan_id dual = 0, input = 0;
    expression_context context = {.outer = binder->outer, .clause = "VALUES", .input = &input};
    bp_status status;

    inner.target = NULL;
    for (size_t row = 0; row < syntax_at(binder->tree, values)->count; row++) {
        syntax_id node = syntax_children(binder->tree, values)[row];
        if (syntax_at(binder->tree, node)->count != columns)
            return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, node)->begin,
                                "VALUES: row %zu has %u values, the first has %zu", row + 1, syntax_at(binder->tree, node)->count,
                                columns);
        if (!dual && (status = plan_dual(&dual, binder->plan, err))) return status;
        input = dual;
        for (size_t i = 0; i < columns; i++) {
            syntax_id cell = syntax_children(binder->tree, node)[i];
            status = target && i < target->count
                         ? bind_target_cell(&cells[row * columns + i], binder, &context, target, i, cell, err)
                         : bind_expression(&cells[row * columns + i], binder, &context, cell, err);
            if (status) return status;
        }
        if (input == dual) continue;
        inputs[row] = input;
        dual = 0;
    }
    return BP_OK;
}

/* The rows one below the other: those without subqueries together. */
static bp_status unite_rows(relation *out, binder *binder, const expr_id *cells, const plan_id *inputs, size_t rows, bp_error *err)
{
    bp_status status;

    for (size_t row = 0, next; row < rows; row = next) {
        const expr_id *first = cells + row * out->count;
        plan_id part = 0;
        for (next = row + 1; !inputs[row] && next < rows && !inputs[next];) next++;
        status = inputs[row] ? plan_project(&part, binder->plan, inputs[row], first, out->names, out->count, err)
                             : plan_values(&part, binder->plan, first, next - row, out->count, out->names, err);
        if (!status && row) status = plan_set(&part, binder->plan, PLAN_UNION, true, out->node, part, err);
        if (status) return status;
        out->node = part;
    }
    return BP_OK;
}

bp_status bind_values(relation *out, binder *binder, syntax_id values, bp_error *err)
{
    size_t rows = syntax_at(binder->tree, values)->count,
           columns = syntax_at(binder->tree, syntax_children(binder->tree, values)[0])->count;
    expr_id *cells = arena_new_array(binder->arena, expr_id, rows * columns);
    plan_id *inputs = arena_new_array(binder->arena, plan_id, rows);
    bp_status status;

    out->count = columns;
    out->names = arena_new_array(binder->arena, string_view, columns);
    if (!cells || !inputs || !out->names) return no_memory(binder, err);
    if ((status = bind_cells(binder, values, cells, columns, inputs, err))) return status;
    for (size_t i = 0; i < columns; i++) {
        out->names[i] = arena_format(binder->arena, "col%zu", i);
        if (!out->names[i].data) return no_memory(binder, err);
        if ((status = unify_column(binder, cells, rows, columns, i, syntax_at(binder->tree, values)->begin, err))) return status;
    }
    return unite_rows(out, binder, cells, inputs, rows, err);
}

/* set operations ---------------------------------------------------------------------------------------------------------------------------------- */
bp_status cast_outputs(plan_id *node, binder *binder, const data_type *types, bp_error *err)
{
    size_t count = plan_at(binder->plan, *node)->output_count;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, count);
    string_view *names = arena_new_array(binder->arena, string_view, count);
    bool changes = false;
    bp_status status;

    if (!exprs || !names) return no_memory(binder, err);
    for (size_t i = 0; i < count; i++) {
        column_id id = plan_at(binder->plan, *node)->outputs[i];
        names[i] = binder->plan->columns[id].name;
        changes |= !type_equal(binder->plan->columns[id].type, types[i]);
        if ((status = column_expr(&exprs[i], binder, id, err))) return status;
        if ((status = expr_cast(&exprs[i], &binder->plan->exprs, exprs[i], types[i], false, err))) return status;
    }
    return changes ? plan_project(node, binder->plan, *node, exprs, names, count, err) : BP_OK;
}

static size_t find_name(const relation *relation, string_view name)
{
    for (size_t i = 0; i < relation->count; i++)
        if (string_equal_nocase(relation->names[i], name)) return i;
    return SIZE_MAX;
}

/* UNION BY NAME: both sides get the columns of either, the left's first; what a side lacks is NULL. */
static bp_status widen(relation *side, const relation *left, const relation *right, binder *binder, bp_error *err)
{
    size_t most = left->count + right->count, count = 0;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, most);
    string_view *names = arena_new_array(binder->arena, string_view, most);
    bp_status status = BP_OK;

    if (!exprs || !names) return no_memory(binder, err);
    for (size_t i = 0; i < most && !status; i++) {
        string_view name = i < left->count ? left->names[i] : right->names[i - left->count];
        size_t at = find_name(side, name);
        if (i >= left->count && find_name(left, name) != SIZE_MAX) continue;
        names[count] = name;
        status = at == SIZE_MAX ? expr_null(&exprs[count], &binder->plan->exprs, type_of(TYPE_NULL), err)
                                : column_expr(&exprs[count], binder, plan_at(binder->plan, side->node)->outputs[at], err);
        count++;
    }
    if (!status) status = plan_project(&side->node, binder->plan, side->node, exprs, names, count, err);
    side->names = names;
    side->count = count;
    return status;
}

bp_status combine_sides(relation *left, relation *right, binder *binder, syntax_id operation, bp_error *err)
{
    static const set_kind kinds[] = {[SET_UNION] = PLAN_UNION, [SET_INTERSECT] = PLAN_INTERSECT, [SET_EXCEPT] = PLAN_EXCEPT};
    const syntax_node *node = syntax_at(binder->tree, operation);
    data_type *types;
    bp_status status;

    if (node->flags & SYNTAX_FLAG_BY_NAME) {
        relation old = *left;
        if ((status = widen(left, &old, right, binder, err)) ||
            (status = widen(right, &old, &(relation){right->node, right->names, right->count}, binder, err)))
            return status;
    }
    if (left->count != right->count)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "the sides of a set operation have %zu and %zu columns", left->count,
                            right->count);
    types = arena_new_array(binder->arena, data_type, left->count);
    if (!types) return no_memory(binder, err);
    for (size_t i = 0; i < left->count; i++) {
        data_type a = binder->plan->columns[plan_at(binder->plan, left->node)->outputs[i]].type;
        data_type b = binder->plan->columns[plan_at(binder->plan, right->node)->outputs[i]].type;
        if (!type_unify(&types[i], binder->arena, a, false, b, false))
            return error_set_at(err, BP_BIND_ERROR, node->begin,
                                "column %zu of a set operation: the types of the two sides do not go together", i + 1);
    }
    if ((status = cast_outputs(&left->node, binder, types, err)) || (status = cast_outputs(&right->node, binder, types, err)))
        return status;
    return plan_set(&left->node, binder->plan, kinds[node->option], (node->flags & SYNTAX_FLAG_ALL) != 0, left->node, right->node,
                    err);
}

static bp_status bind_set(relation *out, binder *binder, syntax_id operation, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, operation);
    bp_status status;

    if (++binder->depth > LIMIT_QUERY_DEPTH)
        return error_set_at(err, BP_LIMIT, node->begin, "queries nest deeper than %d levels", LIMIT_QUERY_DEPTH);
    if ((status = bind_body(out, binder, syntax_children(binder->tree, operation)[0], 0, err))) return status;
    for (size_t i = 1; i < node->count; i++) {
        relation right;
        if ((status = bind_body(&right, binder, syntax_children(binder->tree, operation)[i], 0, err))) return status;
        if ((status = combine_sides(out, &right, binder, operation, err))) return status;
    }
    binder->depth--;
    return BP_OK;
}

/* ORDER BY over a query's outputs ------------------------------------------------------------------------------------------------------------------- */
static bp_status output_scope(scope *out, binder *binder, const relation *relation, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < relation->count && !status; i++) {
        column_id id = plan_at(binder->plan, relation->node)->outputs[i];
        status = scope_add(out, binder,
                           (scope_column){.name = relation->names[i], .id = id, .type = binder->plan->columns[id].type}, err);
    }
    return status;
}

static bp_status order_key(binder *binder, const relation *relation, expression_context *context, syntax_id node, sort_key *out,
                           bp_error *err)
{
    syntax_id key = syntax_child(binder->tree, node, 0);
    const syntax_node *syntax = syntax_at(binder->tree, key);
    size_t place;

    order_flags(binder, node, out);
    if (syntax->kind != SYNTAX_NUMBER || syntax->option != NUMBER_INTEGER)
        return bind_expression(&out->expr, binder, context, key, err);
    place = place_of(syntax->text);
    if (place < 1 || place > relation->count)
        return error_set_at(err, BP_BIND_ERROR, syntax->begin, "ORDER BY %.*s: there are the columns 1 to %zu",
                            STRING_ARGUMENTS(syntax->text), relation->count);
    return column_expr(&out->expr, binder, plan_at(binder->plan, relation->node)->outputs[place - 1], err);
}

static bp_status sort_outputs(relation *relation, binder *binder, syntax_id order, bp_error *err)
{
    size_t count = order ? syntax_at(binder->tree, order)->count : 0, total = 0;
    sort_key *keys = arena_new_array(binder->arena, sort_key, count * (relation->count + 1));
    scope scope = {0};
    expression_context context = {.scope = &scope, .clause = "ORDER BY"};
    bp_status status;

    if (count == 0) return BP_OK;
    if (!keys) return no_memory(binder, err);
    if ((status = output_scope(&scope, binder, relation, err))) return status;
    for (size_t i = 0; i < count; i++) {
        syntax_id node = syntax_children(binder->tree, order)[i];
        if (!syntax_has(binder->tree, node, SYNTAX_FLAG_ALL)) {
            if ((status = order_key(binder, relation, &context, node, &keys[total++], err))) return status;
            continue;
        }
        for (size_t j = 0; j < relation->count; j++) {
            order_flags(binder, node, &keys[total]);
            if ((status = column_expr(&keys[total++].expr, binder, plan_at(binder->plan, relation->node)->outputs[j], err)))
                return status;
        }
    }
    return plan_sort(&relation->node, binder->plan, relation->node, keys, total, err);
}

/* the whole --------------------------------------------------------------------------------------------------------------------------------------------- */
bp_status bind_whole_table(relation *out, binder *binder, syntax_id table, syntax_id columns, bp_error *err)
{
    scope scope = {0};
    expr_id *exprs;
    bp_status status;

    if ((status = bind_one_table(&out->node, &scope, binder, table, err))) return status;
    out->count = columns ? syntax_at(binder->tree, columns)->count : scope.count;
    out->names = arena_new_array(binder->arena, string_view, out->count);
    exprs = arena_new_array(binder->arena, expr_id, out->count);
    if (!out->names || !exprs) return no_memory(binder, err);
    for (size_t i = 0; i < out->count; i++) {
        const scope_column *column = &scope.columns[i];
        const syntax_node *name = columns ? syntax_at(binder->tree, syntax_children(binder->tree, columns)[i]) : NULL;
        if (name && (status = scope_find(&column, &scope, (string_view){0}, name->text, name->begin, err))) return status;
        if (!column)
            return error_set_at(err, BP_BIND_ERROR, name->begin, "the table has no column \"%.*s\"", STRING_ARGUMENTS(name->text));
        out->names[i] = column->name;
        if ((status = column_expr(&exprs[i], binder, column->id, err))) return status;
    }
    return columns ? plan_project(&out->node, binder->plan, out->node, exprs, out->names, out->count, err) : BP_OK;
}

bp_status bind_body(relation *out, binder *binder, syntax_id body, syntax_id order, bp_error *err)
{
    switch (syntax_kind_of(binder->tree, body)) {
    case SYNTAX_TABLE: return bind_whole_table(out, binder, body, 0, err);
    case SYNTAX_SELECT: return bind_select(out, binder, body, order, err);
    case SYNTAX_QUERY: return bind_query(out, binder, body, err);
    case SYNTAX_VALUES: return bind_values(out, binder, body, err);
    case SYNTAX_SET_OPERATION: return bind_set(out, binder, body, err);
    case SYNTAX_TABLE_BODY: return bind_whole_table(out, binder, syntax_child(binder->tree, body, 0), 0, err);
    case SYNTAX_DESCRIBE: return bind_describe(out, binder, body, err);
    case SYNTAX_SUMMARIZE: return bind_summarize(out, binder, body, err);
    case SYNTAX_SHOW: return bind_show(out, binder, body, err);
    default: return not_yet(binder, body, syntax_kind_name(syntax_kind_of(binder->tree, body)), err);
    }
}

bp_status bind_query(relation *out, binder *outer, syntax_id query, bp_error *err)
{
    binder *inner = arena_new(outer->arena, binder); /* not on the C stack: queries nest LIMIT_QUERY_DEPTH deep */
    syntax_id body = syntax_child(outer->tree, query, SLOT_QUERY_BODY), order = syntax_child(outer->tree, query, SLOT_QUERY_ORDER);
    bp_status status;

    if (!inner) return error_no_memory(err, outer->context->memory, sizeof *inner);
    *inner = *outer;
    if (++inner->depth > LIMIT_QUERY_DEPTH)
        return error_set_at(err, BP_LIMIT, syntax_at(inner->tree, query)->begin, "queries nest deeper than %d levels",
                            LIMIT_QUERY_DEPTH);
    inner->recursive = NULL;
    if ((status = add_ctes(inner, query, err))) return status;
    status = outer->recursive && is_recursive_body(inner, body) ? bind_recursive(out, inner, outer->recursive, body, err)
                                                                : bind_body(out, inner, body, order, err);
    if (status) return status;
    if (syntax_kind_of(inner->tree, body) != SYNTAX_SELECT && (status = sort_outputs(out, inner, order, err))) return status;
    return limit_outputs(out, inner, query, err);
}

bp_status bind_statement_query(plan **out, session *session, const syntax *tree, syntax_id query, const parameters *parameters,
                               bp_error *err)
{
    binder binder = {.session = session, .context = session->context, .tree = tree, .parameters = parameters};
    relation relation;
    plan *made;
    bp_status status;

    *out = NULL;
    if ((status = plan_new(&made, session->context, err))) return status;
    binder.plan = made;
    binder.arena = &made->arena;
    status = syntax_kind_of(tree, query) == SYNTAX_QUERY ? bind_query(&relation, &binder, query, err)
                                                         : bind_body(&relation, &binder, query, 0, err);
    if (!status) status = plan_finish(made, relation.node, relation.names, err);
    if (status)
        plan_free(made);
    else
        *out = made;
    return status;
}
