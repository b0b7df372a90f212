/* Making EXPR_WINDOW nodes; see the header. */
#include "window_call.h"

#include "base/error.h"
#include "expr_internal.h"

static const window_function functions[] = {
#define WINDOW_FUNCTION(name, kind, arguments, description) {name, WINDOW_##kind, arguments, description},
#define WINDOW_OTHER_NAME(name, kind, arguments, description) WINDOW_FUNCTION(name, kind, arguments, description)
#include "windows.def"
#undef WINDOW_FUNCTION
#undef WINDOW_OTHER_NAME
};

size_t window_function_count(void)
{
    return ARRAY_LENGTH(functions);
}

const window_function *window_function_at(size_t index)
{
    return &functions[index];
}

const window_function *window_function_find(string_view name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
        if (string_equal_nocase(name, string_view_of(functions[i].name))) return &functions[i];
    return NULL;
}

static bool same_flags(const sort_key *left, const sort_key *right, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (left[i].descending != right[i].descending || left[i].nulls_first != right[i].nulls_first) return false;
    return true;
}

bool window_calls_equal(const window_call *left, const window_call *right)
{
    if (left->kind != right->kind || left->ignore_nulls != right->ignore_nulls || left->own_count != right->own_count) return false;
    if (left->partition_count != right->partition_count || left->key_count != right->key_count) return false;
    if (memcmp(&left->frame, &right->frame, sizeof left->frame)) return false;
    if (!left->aggregate != !right->aggregate) return false;
    return same_flags(left->keys, right->keys, left->key_count);
}

/* building --------------------------------------------------------------------------------------------------------------------------- */
typedef struct child_list {
    expr_id *ids;
    size_t count;
} child_list;

static bool has_offset(uint8_t bound)
{
    return bound == WINDOW_PRECEDING || bound == WINDOW_FOLLOWING;
}

/* RANGE: the key, and the key less or plus the offset, in the type of that. */
static bp_status add_range_bound(child_list *children, expr_pool *pool, const window_definition *window, uint8_t bound,
                                 expr_id offset, bp_error *err)
{
    const sort_key *key = &window->keys[0];
    bool subtracts = (bound == WINDOW_PRECEDING) != key->descending;
    expr_id arguments[2] = {key->expr, offset}, value;
    bp_status status;

    if ((status = expr_call(&value, pool, subtracts ? STRING_VIEW("-") : STRING_VIEW("+"), arguments, 2, err))) return status;
    if ((status = expr_cast(&children->ids[children->count++], pool, key->expr, expr_type(pool, value), false, err))) return status;
    children->ids[children->count++] = value;
    return BP_OK;
}

static bp_status add_bound(child_list *children, expr_pool *pool, const window_definition *window, uint8_t bound, expr_id offset,
                           bp_error *err)
{
    if (!has_offset(bound)) return BP_OK;
    if (window->frame.unit == WINDOW_RANGE) return add_range_bound(children, pool, window, bound, offset, err);
    return expr_cast(&children->ids[children->count++], pool, offset, type_of(TYPE_INT64), false, err);
}

/* The node over its own children and the window. */
static bp_status window_node(expr_id *out, expr_pool *pool, window_call call, data_type type, const expr_id *own,
                             const window_definition *window, bp_error *err)
{
    window_call *kept = arena_new(pool->arena, window_call);
    sort_key *keys = arena_new_array(pool->arena, sort_key, window->key_count + 1);
    child_list children = {arena_new_array(pool->arena, expr_id, call.own_count + window->partition_count + window->key_count + 4),
                           0};
    expr_node node = {.kind = EXPR_WINDOW, .can_fail = true, .window = kept};
    bp_status status;

    if (!kept || !keys || !children.ids) return error_no_memory(err, pool->arena->memory, sizeof *kept);
    if (window->frame.unit == WINDOW_RANGE && (has_offset(window->frame.start) || has_offset(window->frame.end)) &&
        window->key_count != 1)
        return error_set_at(err, BP_BIND_ERROR, pool->position,
                            "RANGE frames with an offset must have only one ORDER BY expression");
    if (window->key_count) memcpy(keys, window->keys, window->key_count * sizeof *keys);
    call.partition_count = window->partition_count;
    call.key_count = window->key_count;
    call.keys = keys;
    call.frame = window->frame;
    *kept = call;
    for (size_t i = 0; i < call.own_count; i++) children.ids[children.count++] = own[i];
    for (size_t i = 0; i < window->partition_count; i++) children.ids[children.count++] = window->partitions[i];
    for (size_t i = 0; i < window->key_count; i++) children.ids[children.count++] = window->keys[i].expr;
    if ((status = add_bound(&children, pool, window, window->frame.start, window->start_offset, err)) ||
        (status = add_bound(&children, pool, window, window->frame.end, window->end_offset, err)))
        return status;
    if ((status = type_copy(&node.type, pool->arena, type, err))) return status;
    return expr_add(out, pool, &node, children.ids, children.count, err);
}

bp_status expr_window_aggregate(expr_id *out, expr_pool *pool, expr_id aggregate, const window_definition *window, bp_error *err)
{
    expr_node node = *expr_at(pool, aggregate);
    expr_id *own = arena_new_array(pool->arena, expr_id, node.child_count + 1);
    window_call call = {.kind = WINDOW_AGGREGATE, .aggregate = node.aggregate, .own_count = node.child_count};

    if (!own) return error_no_memory(err, pool->arena->memory, node.child_count * sizeof *own);
    for (size_t i = 0; i < node.child_count; i++) own[i] = expr_child(pool, aggregate, i);
    return window_node(out, pool, call, node.type, own, window, err);
}

/* window functions --------------------------------------------------------------------------------------------------------------------- */
typedef struct argument_counts {
    size_t least, most;
} argument_counts;

static argument_counts counts_of(const window_function *function)
{
    argument_counts counts = {0, 0};
    bool optional = false;

    if (!*function->arguments) return counts;
    counts.most = 1;
    for (const char *at = function->arguments; *at; at++) {
        if (*at == '[') optional = true, counts.least = counts.most;
        if (*at == ',') counts.most++;
    }
    if (!optional) counts.least = counts.most;
    return counts;
}

static bp_status check_arguments(const expr_pool *pool, const window_function *function, size_t count, bp_error *err)
{
    argument_counts counts = counts_of(function);

    if (count >= counts.least && count <= counts.most) return BP_OK;
    if (counts.least == counts.most)
        return error_set_at(err, BP_BIND_ERROR, pool->position, "%s() takes %zu argument%s, not %zu", function->name, counts.most,
                            counts.most == 1 ? "" : "s", count);
    return error_set_at(err, BP_BIND_ERROR, pool->position, "%s() takes %zu to %zu arguments, not %zu", function->name,
                        counts.least, counts.most, count);
}

static bool is_value_function(uint8_t kind)
{
    return kind == WINDOW_LAG || kind == WINDOW_LEAD || kind == WINDOW_FIRST_VALUE || kind == WINDOW_LAST_VALUE ||
           kind == WINDOW_NTH_VALUE;
}

static data_type result_of(const expr_pool *pool, const window_function *function, const expr_id *arguments)
{
    if (is_value_function(function->kind)) return expr_type(pool, arguments[0]);
    return type_of(function->kind == WINDOW_PERCENT_RANK || function->kind == WINDOW_CUME_DIST ? TYPE_FLOAT64 : TYPE_INT64);
}

bp_status expr_window(expr_id *out, expr_pool *pool, const window_function *function, const expr_id *arguments, size_t count,
                      bool ignore_nulls, const window_definition *window, bp_error *err)
{
    window_call call = {.kind = function->kind, .function = function, .ignore_nulls = ignore_nulls, .own_count = count};
    size_t number = is_value_function(function->kind) ? 1 : 0; /* which argument is a number of rows */
    expr_id own[3] = {0};
    bp_status status;

    *out = 0;
    if ((status = check_arguments(pool, function, count, err))) return status;
    if (ignore_nulls && !is_value_function(function->kind))
        return error_set_at(err, BP_BIND_ERROR, pool->position, "%s() looks at no value: IGNORE NULLS means nothing to it",
                            function->name);
    for (size_t i = 0; i < count; i++) own[i] = arguments[i];
    if (count > number && (status = expr_cast_implicit(&own[number], pool, arguments[number], type_of(TYPE_INT64), err)))
        return status;
    if (count > 2 && (status = expr_cast(&own[2], pool, arguments[2], expr_type(pool, own[0]), false, err))) return status;
    return window_node(out, pool, call, result_of(pool, function, own), own, window, err);
}

bp_status expr_window_within(expr_id *out, expr_pool *pool, expr_id window, const expr_id *keys, size_t count, bp_error *err)
{
    expr_node node = *expr_at(pool, window);
    window_call *call = arena_new(pool->arena, window_call);
    size_t behind = node.window->own_count + node.window->partition_count, total = 0;
    expr_id *children = arena_new_array(pool->arena, expr_id, node.child_count + count);

    if (!call || !children) return error_no_memory(err, pool->arena->memory, sizeof *call);
    for (size_t i = 0; i < behind; i++) children[total++] = expr_child(pool, window, i);
    for (size_t i = 0; i < count; i++) children[total++] = keys[i];
    for (size_t i = behind; i < node.child_count; i++) children[total++] = expr_child(pool, window, i);
    *call = *node.window;
    call->partition_count += count;
    node.window = call;
    return expr_add(out, pool, &node, children, total, err);
}

bp_status expr_window_over(expr_id *out, expr_pool *pool, expr_id window, const expr_id *children, bp_error *err)
{
    expr_node node = *expr_at(pool, window);

    return expr_add(out, pool, &node, children, node.child_count, err);
}
