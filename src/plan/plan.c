/* Building a plan: nodes and columns in growing arrays, everything else in the plan's arena. */
#include "plan.h"

/* Room for one more element; the old array stays behind in the arena. */
static bp_status grow(plan *plan, void **array, size_t count, size_t *capacity, size_t size, bp_error *err)
{
    size_t wanted = *capacity ? *capacity * 2 : 16;
    void *larger;

    if (count < *capacity) return BP_OK;
    larger = arena_allocate_array(&plan->arena, wanted, size);
    if (!larger) return error_no_memory(err, plan->context->memory, wanted * size);
    if (count) memcpy(larger, *array, count * size);
    *array = larger;
    *capacity = wanted;
    return BP_OK;
}

static bp_status copy_array(plan *plan, void *out_pointer, const void *array, size_t count, size_t size, bp_error *err)
{
    void **out = out_pointer;
    void *copy = arena_allocate_array(&plan->arena, count, size);

    *out = copy;
    if (!copy) return error_no_memory(err, plan->context->memory, count * size);
    if (count) memcpy(copy, array, count * size);
    return BP_OK;
}

bp_status plan_new(plan **out, bp_context *context, bp_error *err)
{
    bp_status status;
    plan *made = memory_new(context->memory, plan);

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->context = context;
    arena_init(&made->arena, context->memory);
    if ((status = expr_pool_init(&made->exprs, context, &made->arena, err))) goto done;
    if ((status = grow(made, (void **)&made->nodes, 0, &made->node_capacity, sizeof *made->nodes, err))) goto done;
    made->node_count = 1; /* 0 is "none" */
    *out = made;
    made = NULL;
done:
    plan_free(made);
    return status;
}

void plan_free(plan *plan)
{
    if (!plan) return;
    for (size_t i = 0; i < plan->source_count; i++) source_release(plan->sources[i]);
    arena_clear(&plan->arena);
    memory_delete(plan->context->memory, plan);
}

static bp_status add_node(plan *plan, plan_id *out, plan_node node, bp_error *err)
{
    bp_status status = cancel_check(&plan->context->cancel, err); /* views of views grow without end */

    if (status) return status;
    if ((status = grow(plan, (void **)&plan->nodes, plan->node_count, &plan->node_capacity, sizeof node, err))) return status;
    if (node.row_estimate == 0) node.row_estimate = -1;
    *out = (plan_id)plan->node_count;
    plan->nodes[plan->node_count++] = node;
    return BP_OK;
}

bp_status plan_add_column(column_id *out, plan *plan, string_view name, data_type type, bp_error *err)
{
    bp_status status = grow(plan, (void **)&plan->columns, plan->column_count, &plan->column_capacity, sizeof *plan->columns, err);

    if (status) return status;
    *out = (column_id)plan->column_count;
    plan->columns[plan->column_count++] = (plan_column){.name = name, .type = type};
    return BP_OK;
}

static bp_status new_outputs(plan *plan, plan_node *node, size_t count, bp_error *err)
{
    if (count > LIMIT_COLUMNS) return error_set(err, BP_LIMIT, "%zu columns are more than the limit of %d", count, LIMIT_COLUMNS);
    node->outputs = arena_new_array(&plan->arena, column_id, count);
    node->output_count = count;
    return node->outputs ? BP_OK : error_no_memory(err, plan->context->memory, count * sizeof(column_id));
}

static void same_outputs(const plan *plan, plan_node *node, plan_id child)
{
    node->outputs = plan_at(plan, child)->outputs;
    node->output_count = plan_at(plan, child)->output_count;
    node->children[0] = child;
}

bp_status plan_dual(plan_id *out, plan *plan, bp_error *err)
{
    return add_node(plan, out, (plan_node){.kind = PLAN_DUAL, .row_estimate = 1}, err);
}

bp_status plan_scan(plan_id *out, plan *plan, source *source, const size_t *columns, size_t count, bp_error *err)
{
    plan_node node = {.kind = PLAN_SCAN, .row_estimate = (double)source->row_count};
    bp_status status;

    if (!columns) count = source->schema.count;
    if ((status = new_outputs(plan, &node, count, err))) return status;
    node.scan.source_columns = arena_new_array(&plan->arena, size_t, count);
    if (!node.scan.source_columns) return error_no_memory(err, plan->context->memory, count * sizeof(size_t));
    for (size_t i = 0; i < count; i++) {
        size_t index = columns ? columns[i] : i;
        node.scan.source_columns[i] = index;
        if ((status = plan_add_column(&node.outputs[i], plan, source->schema.names[index], source->schema.types[index], err)))
            return status;
    }
    if ((status = grow(plan, (void **)&plan->sources, plan->source_count, &plan->source_capacity, sizeof *plan->sources, err)))
        return status;
    plan->sources[plan->source_count++] = source_retain(source);
    node.scan.source = source;
    return add_node(plan, out, node, err);
}

bp_status plan_values(plan_id *out, plan *plan, const expr_id *cells, size_t row_count, size_t column_count,
                      const string_view *names, bp_error *err)
{
    plan_node node = {.kind = PLAN_VALUES, .row_estimate = (double)row_count};
    bp_status status;

    if ((status = new_outputs(plan, &node, column_count, err))) return status;
    if ((status = copy_array(plan, &node.values.cells, cells, row_count * column_count, sizeof *cells, err))) return status;
    node.values.row_count = row_count;
    for (size_t i = 0; i < column_count; i++) {
        data_type type = row_count ? expr_type(&plan->exprs, cells[i]) : type_of(TYPE_NULL);
        for (size_t row = 1; row < row_count; row++)
            if (!type_equal(type, expr_type(&plan->exprs, cells[row * column_count + i])))
                return ERROR_INTERNAL(err, "cells of a VALUES column differ in type");
        if ((status = plan_add_column(&node.outputs[i], plan, names[i], type, err))) return status;
    }
    return add_node(plan, out, node, err);
}

static bp_status check_boolean(const plan *plan, expr_id expr, const char *clause, bp_error *err)
{
    const expr_node *node = expr_at(&plan->exprs, expr);

    if (node->type.id == TYPE_BOOLEAN) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, node->position, "%s wants a BOOLEAN condition", clause);
}

bp_status plan_filter_by(plan_id *out, plan *plan, plan_id child, const expr_id *conjuncts, size_t count, bp_error *err)
{
    plan_node node = {.kind = PLAN_FILTER};
    bp_status status;

    for (size_t i = 0; i < count; i++)
        if ((status = check_boolean(plan, conjuncts[i], "WHERE", err))) return status;
    same_outputs(plan, &node, child);
    node.filter.conjunct_count = count;
    if ((status = copy_array(plan, &node.filter.conjuncts, conjuncts, count, sizeof *conjuncts, err))) return status;
    return add_node(plan, out, node, err);
}

bp_status plan_project(plan_id *out, plan *plan, plan_id child, const expr_id *exprs, const string_view *names, size_t count,
                       bp_error *err)
{
    plan_node node = {.kind = PLAN_PROJECT, .children = {child}};
    bp_status status;

    if ((status = new_outputs(plan, &node, count, err))) return status;
    if ((status = copy_array(plan, &node.project.exprs, exprs, count, sizeof *exprs, err))) return status;
    for (size_t i = 0; i < count; i++)
        if ((status = plan_add_column(&node.outputs[i], plan, names ? names[i] : (string_view){0},
                                      expr_type(&plan->exprs, exprs[i]), err)))
            return status;
    return add_node(plan, out, node, err);
}

static string_view column_name_of(const plan *plan, expr_id expr)
{
    const expr_node *node = expr_at(&plan->exprs, expr);

    return node->kind == EXPR_COLUMN ? plan->columns[node->column].name : STRING_VIEW("group");
}

bp_status plan_aggregate(plan_id *out, plan *plan, plan_id child, const expr_id *groups, size_t group_count,
                         const expr_id *aggregates, size_t aggregate_count, bp_error *err)
{
    plan_node node = {.kind = PLAN_AGGREGATE, .children = {child}};
    bp_status status;

    if ((status = new_outputs(plan, &node, group_count + aggregate_count, err))) return status;
    if ((status = copy_array(plan, &node.aggregate.groups, groups, group_count, sizeof *groups, err))) return status;
    if ((status = copy_array(plan, &node.aggregate.aggregates, aggregates, aggregate_count, sizeof *aggregates, err)))
        return status;
    node.aggregate.group_count = group_count;
    node.aggregate.aggregate_count = aggregate_count;
    for (size_t i = 0; i < group_count; i++)
        if ((status =
                 plan_add_column(&node.outputs[i], plan, column_name_of(plan, groups[i]), expr_type(&plan->exprs, groups[i]), err)))
            return status;
    for (size_t i = 0; i < aggregate_count; i++)
        if ((status = plan_add_column(&node.outputs[group_count + i], plan, STRING_VIEW("aggregate"),
                                      expr_type(&plan->exprs, aggregates[i]), err)))
            return status;
    return add_node(plan, out, node, err);
}

bp_status plan_distinct(plan_id *out, plan *plan, plan_id child, const expr_id *on, size_t on_count, const sort_key *keys,
                        size_t key_count, bp_error *err)
{
    plan_node node = {.kind = PLAN_DISTINCT};
    bp_status status;

    same_outputs(plan, &node, child);
    if ((status = copy_array(plan, &node.distinct.on, on, on_count, sizeof *on, err))) return status;
    if ((status = copy_array(plan, &node.distinct.keys, keys, key_count, sizeof *keys, err))) return status;
    node.distinct.on_count = on_count;
    node.distinct.key_count = key_count;
    return add_node(plan, out, node, err);
}

/* joins -------------------------------------------------------------------------------------------------------------------------- */
static void mark_outputs(const plan *plan, plan_id id, uint64_t *bits)
{
    for (size_t i = 0; i < plan_at(plan, id)->output_count; i++) bitmap_set(bits, plan_at(plan, id)->outputs[i]);
}

static bool bits_within(const uint64_t *bits, const uint64_t *whole, size_t words)
{
    for (size_t i = 0; i < words; i++)
        if (bits[i] & ~whole[i]) return false;
    return true;
}

static bool bits_any(const uint64_t *bits, size_t words)
{
    for (size_t i = 0; i < words; i++)
        if (bits[i]) return true;
    return false;
}

/* Whether `expr` names columns, and only of that side. */
static bp_status is_of_side(const plan *plan, expr_id expr, const uint64_t *side, uint64_t *scratch, bool *out, bp_error *err)
{
    size_t words = bitmap_words(plan->column_count);
    bp_status status;

    memset(scratch, 0, words * sizeof *scratch);
    if ((status = plan_expr_columns(plan, expr, scratch, err))) return status;
    *out = bits_any(scratch, words) && bits_within(scratch, side, words);
    return BP_OK;
}

/* Make a pair of the conjunct if it is left = right between the sides; else *found is false. */
static bp_status try_pair(const plan *plan, expr_id conjunct, const uint64_t *sides[2], uint64_t *scratch, join_pair *out,
                          bool *found, bp_error *err)
{
    const expr_node *node = expr_at(&plan->exprs, conjunct);
    expr_id arguments[2];
    bp_status status;

    *found = false;
    if (node->kind != EXPR_COMPARE || (node->op != COMPARE_EQUAL && node->op != COMPARE_NOT_DISTINCT)) return BP_OK;
    arguments[0] = expr_child(&plan->exprs, conjunct, 0);
    arguments[1] = expr_child(&plan->exprs, conjunct, 1);
    for (int swapped = 0; swapped < 2 && !*found; swapped++) {
        bool left = false, right = false;
        if ((status = is_of_side(plan, arguments[swapped], sides[0], scratch, &left, err))) return status;
        if ((status = is_of_side(plan, arguments[1 - swapped], sides[1], scratch, &right, err))) return status;
        *found = left && right;
        if (*found) *out = (join_pair){arguments[swapped], arguments[1 - swapped], node->op == COMPARE_NOT_DISTINCT};
    }
    return BP_OK;
}

static bp_status split_condition(plan *plan, plan_node *node, const expr_id *conjuncts, size_t count, bp_error *err)
{
    size_t words = bitmap_words(plan->column_count) + 1;
    uint64_t *bits = arena_new_array(&plan->arena, uint64_t, words * 3);
    const uint64_t *sides[2];
    bp_status status;

    node->join.pairs = arena_new_array(&plan->arena, join_pair, count);
    node->join.residual = arena_new_array(&plan->arena, expr_id, count);
    if (!bits || !node->join.pairs || !node->join.residual) return error_no_memory(err, plan->context->memory, words * 24);
    sides[0] = bits;
    sides[1] = bits + words;
    mark_outputs(plan, node->children[0], bits);
    mark_outputs(plan, node->children[1], bits + words);
    for (size_t i = 0; i < count; i++) {
        join_pair pair = {0};
        bool found;
        if ((status = try_pair(plan, conjuncts[i], sides, bits + 2 * words, &pair, &found, err))) return status;
        if (found)
            node->join.pairs[node->join.pair_count++] = pair;
        else
            node->join.residual[node->join.residual_count++] = conjuncts[i];
    }
    return BP_OK;
}

bp_status plan_join(plan_id *out, plan *plan, join_kind kind, plan_id left, plan_id right, const expr_id *conjuncts, size_t count,
                    bp_error *err)
{
    plan_node node = {.kind = PLAN_JOIN, .children = {left, right}};
    size_t left_count = plan_at(plan, left)->output_count;
    size_t right_count = join_puts_right(kind) ? plan_at(plan, right)->output_count : 0;
    size_t mark_count = join_puts_mark(kind);
    bp_status status;

    for (size_t i = 0; i < count; i++)
        if ((status = check_boolean(plan, conjuncts[i], "a join", err))) return status;
    node.join.kind = (uint8_t)kind;
    if ((status = split_condition(plan, &node, conjuncts, count, err))) return status;
    if ((status = new_outputs(plan, &node, left_count + right_count + mark_count, err))) return status;
    if (left_count) memcpy(node.outputs, plan_at(plan, left)->outputs, left_count * sizeof(column_id));
    if (right_count) memcpy(node.outputs + left_count, plan_at(plan, right)->outputs, right_count * sizeof(column_id));
    if (mark_count) {
        if ((status = plan_add_column(&node.join.mark, plan, STRING_VIEW("mark"), type_of(TYPE_BOOLEAN), err))) return status;
        node.outputs[left_count] = node.join.mark;
    }
    return add_node(plan, out, node, err);
}

bp_status plan_sort(plan_id *out, plan *plan, plan_id child, const sort_key *keys, size_t count, bp_error *err)
{
    plan_node node = {.kind = PLAN_SORT};
    bp_status status;

    same_outputs(plan, &node, child);
    node.sort.key_count = count;
    if ((status = copy_array(plan, &node.sort.keys, keys, count, sizeof *keys, err))) return status;
    return add_node(plan, out, node, err);
}

bp_status plan_limit(plan_id *out, plan *plan, plan_id child, uint64_t offset, uint64_t limit, double percent, bp_error *err)
{
    plan_node node = {.kind = PLAN_LIMIT, .limit = {.offset = offset, .limit = limit, .percent = percent}};

    if (percent > 100) return error_set(err, BP_OUT_OF_RANGE, "a LIMIT in percent is at most 100%%");
    same_outputs(plan, &node, child);
    if (limit == 0 && percent < 0) { /* asked only for names and types: nothing below needs to run */
        node.kind = PLAN_VALUES;
        node.children[0] = 0;
        memset(&node.values, 0, sizeof node.values);
    }
    return add_node(plan, out, node, err);
}

bp_status plan_set(plan_id *out, plan *plan, set_kind kind, bool all, plan_id left, plan_id right, bp_error *err)
{
    plan_node node = {.kind = PLAN_SET, .children = {left, right}, .set = {.kind = (uint8_t)kind, .all = all}};
    const plan_node *one = plan_at(plan, left), *other = plan_at(plan, right);
    size_t count = one->output_count;
    bp_status status;

    if (other->output_count != count)
        return error_set(err, BP_BIND_ERROR, "set operations want as many columns on both sides: %zu on the left, %zu on the right",
                         count, other->output_count);
    if ((status = new_outputs(plan, &node, count, err))) return status;
    for (size_t i = 0; i < count; i++) {
        plan_column from = plan->columns[plan_at(plan, left)->outputs[i]];
        if (!type_equal(from.type, plan->columns[plan_at(plan, right)->outputs[i]].type))
            return ERROR_INTERNAL(err, "the sides of a set operation differ in type");
        if ((status = plan_add_column(&node.outputs[i], plan, from.name, from.type, err))) return status;
    }
    return add_node(plan, out, node, err);
}

bp_status plan_window(plan_id *out, plan *plan, plan_id child, const expr_id *exprs, const column_id *made, size_t count,
                      bp_error *err)
{
    plan_node node = {.kind = PLAN_WINDOW, .children = {child}, .window = {.expr_count = count}};
    size_t passed = plan_at(plan, child)->output_count;
    bp_status status;

    for (size_t i = 0; i < count; i++)
        if (expr_at(&plan->exprs, exprs[i])->kind != EXPR_WINDOW) return ERROR_INTERNAL(err, "WINDOW of what is no window call");
    if ((status = copy_array(plan, &node.window.exprs, exprs, count, sizeof *exprs, err))) return status;
    if ((status = copy_array(plan, &node.window.made, made, count, sizeof *made, err))) return status;
    if ((status = new_outputs(plan, &node, passed + count, err))) return status;
    if (passed) memcpy(node.outputs, plan_at(plan, child)->outputs, passed * sizeof *made);
    if (count) memcpy(node.outputs + passed, made, count * sizeof *made);
    return add_node(plan, out, node, err);
}

bp_status plan_number_rows(plan_id *out, plan *plan, plan_id child, const expr_id *keys, size_t count, column_id *number,
                           bp_error *err)
{
    window_definition window = {.partitions = keys,
                                .partition_count = count,
                                .frame = {.unit = WINDOW_RANGE, .start = WINDOW_UNBOUNDED_PRECEDING, .end = WINDOW_CURRENT_ROW}};
    expr_id call;
    bp_status status;

    if ((status =
             expr_window(&call, &plan->exprs, window_function_find(STRING_VIEW("row_number")), NULL, 0, false, &window, err)) ||
        (status = plan_add_column(number, plan, STRING_VIEW("row_number"), expr_type(&plan->exprs, call), err)))
        return status;
    return plan_window(out, plan, child, &call, number, 1, err);
}

/* `made` are the ids of the elements' columns, then that of the number. */
bp_status plan_unnest(plan_id *out, plan *plan, plan_id child, const expr_id *lists, const column_id *made, size_t count,
                      bool ordinality, bool outer, bp_error *err)
{
    plan_node node = {.kind = PLAN_UNNEST, .children = {child}};
    size_t passed = plan_at(plan, child)->output_count, own = count + ordinality;
    bp_status status;

    for (size_t i = 0; i < count; i++)
        if (expr_type(&plan->exprs, lists[i]).id != TYPE_LIST) return ERROR_INTERNAL(err, "UNNEST of what is no list");
    node.unnest.list_count = count;
    node.unnest.ordinality = ordinality;
    node.unnest.outer = outer;
    if ((status = copy_array(plan, &node.unnest.lists, lists, count, sizeof *lists, err))) return status;
    if ((status = copy_array(plan, &node.unnest.made, made, own, sizeof *made, err))) return status;
    if ((status = new_outputs(plan, &node, passed + own, err))) return status;
    if (passed) memcpy(node.outputs, plan_at(plan, child)->outputs, passed * sizeof(column_id));
    memcpy(node.outputs + passed, made, own * sizeof(column_id));
    return add_node(plan, out, node, err);
}

bp_status plan_add_node(plan_id *out, plan *plan, const plan_node *node, bp_error *err)
{
    return add_node(plan, out, *node, err);
}

bp_status plan_keep(plan_id *out, plan *plan, plan_id child, bp_error *err)
{
    plan_node node = {.kind = PLAN_KEEP};
    size_t count = plan_at(plan, child)->output_count;
    expr_id *exprs = arena_new_array(&plan->arena, expr_id, count);
    string_view *names = arena_new_array(&plan->arena, string_view, count);
    bp_status status;

    if (!exprs || !names) return error_no_memory(err, plan->context->memory, count * sizeof *exprs);
    for (size_t i = 0; i < count; i++) {
        column_id id = plan_at(plan, child)->outputs[i];
        names[i] = plan->columns[id].name;
        if ((status = expr_column(&exprs[i], &plan->exprs, id, plan->columns[id].type, err))) return status;
    }
    if ((status = plan_project(&child, plan, child, exprs, names, count, err))) return status;
    same_outputs(plan, &node, child);
    return add_node(plan, out, node, err);
}

bp_status plan_read(plan_id *out, plan *plan, plan_id keep, const column_id *columns, size_t count, bp_error *err)
{
    plan_node node = {.kind = PLAN_READ, .children = {keep}};
    bp_status status;

    if ((status = new_outputs(plan, &node, count, err))) return status;
    if ((status = copy_array(plan, &node.read.columns, columns, count, sizeof *columns, err))) return status;
    for (size_t i = 0; i < count; i++) {
        plan_column from = plan->columns[columns[i]];
        if ((status = plan_add_column(&node.outputs[i], plan, from.name, from.type, err))) return status;
    }
    return add_node(plan, out, node, err);
}

bp_status plan_working(plan_id *out, plan *plan, uint32_t number, const plan_node *like, bp_error *err)
{
    plan_node node = {.kind = PLAN_WORKING, .working = {.number = number}};
    size_t count = like->output_count;
    const column_id *columns = like->outputs;
    bp_status status;

    if ((status = new_outputs(plan, &node, count, err))) return status;
    for (size_t i = 0; i < count; i++) {
        plan_column from = plan->columns[columns[i]];
        if ((status = plan_add_column(&node.outputs[i], plan, from.name, from.type, err))) return status;
    }
    return add_node(plan, out, node, err);
}

bp_status plan_recursive(plan_id *out, plan *plan, uint32_t number, bool all, plan_id base, plan_id step, bp_error *err)
{
    plan_node made;
    bp_status status = plan_set(out, plan, PLAN_UNION, all, base, step, err);

    if (status) return status;
    made = *plan_at(plan, *out);
    made.kind = PLAN_RECURSIVE;
    made.recursive.number = number;
    made.recursive.all = all;
    *plan_at(plan, *out) = made;
    return BP_OK;
}

bp_status plan_finish(plan *plan, plan_id root, const string_view *names, bp_error *err)
{
    const plan_node *node = plan_at(plan, root);
    bp_status status = schema_new(&plan->result, &plan->arena, node->output_count, err);

    if (status) return status;
    plan->root = root;
    for (size_t i = 0; i < node->output_count; i++) {
        plan->result.names[i] = arena_copy(&plan->arena, names[i]);
        if (!plan->result.names[i].data) return error_no_memory(err, plan->context->memory, names[i].size);
        plan->result.types[i] = plan->columns[node->outputs[i]].type;
    }
    return BP_OK;
}

/* expressions --------------------------------------------------------------------------------------------------------------------- */
bp_status plan_conjuncts(plan *plan, expr_id root, expr_id **out, size_t *count, bp_error *err)
{
    const expr_node *node = expr_at(&plan->exprs, root);
    size_t number = node->kind == EXPR_AND ? node->child_count : 1;
    expr_id *all = arena_new_array(&plan->arena, expr_id, *count + number);

    if (!all) return error_no_memory(err, plan->context->memory, (*count + number) * sizeof(expr_id));
    if (*count) memcpy(all, *out, *count * sizeof(expr_id));
    for (size_t i = 0; i < number; i++) all[*count + i] = node->kind == EXPR_AND ? expr_child(&plan->exprs, root, i) : root;
    *out = all;
    *count += number;
    return BP_OK;
}

static bool note_column(void *data, const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);

    if (node->kind == EXPR_COLUMN) bitmap_set(data, node->column);
    return true;
}

bp_status plan_expr_columns(const plan *plan, expr_id root, uint64_t *bits, bp_error *err)
{
    return expr_walk(&plan->exprs, root, note_column, bits, err);
}

static expr_id *slot_of_keys(sort_key *keys, size_t count, size_t index)
{
    return index < count ? &keys[index].expr : NULL;
}

static expr_id *slot_of_two(expr_id *first, size_t first_count, expr_id *second, size_t second_count, size_t index)
{
    if (index < first_count) return &first[index];
    return index - first_count < second_count ? &second[index - first_count] : NULL;
}

static expr_id *slot_of_join(plan_node *node, size_t index)
{
    size_t sides = 2 * node->join.pair_count;

    if (index < sides) return index % 2 ? &node->join.pairs[index / 2].right : &node->join.pairs[index / 2].left;
    return slot_of_two(node->join.residual, node->join.residual_count, NULL, 0, index - sides);
}

expr_id *plan_expr_slot(plan_node *node, size_t index)
{
    size_t count = node->output_count;

    switch ((plan_kind)node->kind) {
    case PLAN_SCAN: return slot_of_two(node->scan.filters, node->scan.filter_count, NULL, 0, index);
    case PLAN_VALUES: return slot_of_two(node->values.cells, node->values.row_count * count, NULL, 0, index);
    case PLAN_FILTER: return slot_of_two(node->filter.conjuncts, node->filter.conjunct_count, NULL, 0, index);
    case PLAN_PROJECT: return slot_of_two(node->project.exprs, count, NULL, 0, index);
    case PLAN_AGGREGATE:
        return slot_of_two(node->aggregate.groups, node->aggregate.group_count, node->aggregate.aggregates,
                           node->aggregate.aggregate_count, index);
    case PLAN_DISTINCT:
        if (index < node->distinct.on_count) return &node->distinct.on[index];
        return slot_of_keys(node->distinct.keys, node->distinct.key_count, index - node->distinct.on_count);
    case PLAN_JOIN: return slot_of_join(node, index);
    case PLAN_SORT: return slot_of_keys(node->sort.keys, node->sort.key_count, index);
    case PLAN_LIMIT: return slot_of_keys(node->limit.keys, node->limit.key_count, index);
    case PLAN_WINDOW: return slot_of_two(node->window.exprs, node->window.expr_count, NULL, 0, index);
    case PLAN_UNNEST: return slot_of_two(node->unnest.lists, node->unnest.list_count, NULL, 0, index);
    default: return NULL;
    }
}

bp_status plan_post_order(plan *plan, plan_id **out, size_t *count, bp_error *err)
{
    return plan_post_order_of(plan, plan->root, out, count, err);
}

bp_status plan_post_order_of(plan *plan, plan_id root, plan_id **out, size_t *count, bp_error *err)
{
    plan_id *order = arena_new_array(&plan->arena, plan_id, plan->node_count),
            *stack = arena_new_array(&plan->arena, plan_id, plan->node_count * 3);
    bool *seen = arena_new_array(&plan->arena, bool, plan->node_count),
         *placed = arena_new_array(&plan->arena, bool, plan->node_count);
    size_t depth = 0, placed_count = 0;

    if (!order || !stack || !seen || !placed)
        return error_no_memory(err, plan->context->memory, plan->node_count * sizeof(plan_id));
    stack[depth++] = root;
    while (depth) {
        plan_id id = stack[depth - 1];
        const plan_node *node = plan_at(plan, id);
        if (seen[id] || placed[id]) {
            if (!placed[id]) order[placed_count++] = id;
            placed[id] = true;
            depth--;
            continue;
        }
        seen[id] = true;
        for (size_t i = 2; i-- > 0;)
            if (node->children[i] && !seen[node->children[i]]) stack[depth++] = node->children[i];
    }
    *out = order;
    *count = placed_count;
    return BP_OK;
}

size_t plan_find_output(const plan *plan, plan_id id, column_id column)
{
    const plan_node *node = plan_at(plan, id);

    for (size_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] == column) return i;
    return SIZE_MAX;
}

bp_status plan_names_foreign(plan *plan, plan_id root, bool *out, bp_error *err)
{
    size_t words = bitmap_words(plan->column_count) + 1, count;
    uint64_t *used = arena_allocate_zeroed(&plan->arena, 2 * words * sizeof *used), *made = used + words;
    plan_id *order;
    bp_status status;

    *out = false;
    if (!used) return error_no_memory(err, plan->context->memory, 2 * words * sizeof *used);
    if ((status = plan_post_order_of(plan, root, &order, &count, err))) return status;
    for (size_t i = 0; i < count; i++) {
        mark_outputs(plan, order[i], made);
        for (size_t j = 0;; j++) {
            expr_id *slot = plan_expr_slot(plan_at(plan, order[i]), j);
            if (!slot) break;
            if ((status = plan_expr_columns(plan, *slot, used, err))) return status;
        }
    }
    *out = !bits_within(used, made, words);
    return BP_OK;
}
