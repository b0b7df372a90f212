/* The pool: nodes by index, children as runs of one array, everything in one arena.
 *
 * Growing copies nodes to twice the room and leaves the old array in the arena: at most as much again, and ids stay valid. */
#include "expr_internal.h"

#include "base/config.h"
#include "base/context.h"
#include "base/error.h"

#define FIRST_NODES 64

/* Room for `extra` more items behind `count`; the grown array is in the arena. */
static bp_status grow(arena *arena, void **items, size_t *capacity, size_t count, size_t extra, size_t item_size, bp_error *err)
{
    size_t needed, room = *capacity ? *capacity : FIRST_NODES;
    void *moved;

    if (ckd_add(&needed, count, extra) || needed > UINT32_MAX / 2)
        return error_set(err, BP_LIMIT, "an expression has too many parts: at most %u", UINT32_MAX / 2);
    if (needed <= *capacity) return BP_OK;
    while (room < needed) room *= 2;
    moved = arena_allocate_array(arena, room, item_size);
    if (!moved) return error_no_memory(err, arena->memory, room * item_size);
    if (count) memcpy(moved, *items, count * item_size);
    *items = moved;
    *capacity = room;
    return BP_OK;
}

bp_status expr_pool_init(expr_pool *pool, bp_context *context, arena *arena, bp_error *err)
{
    void *nodes = NULL;
    bp_status status;

    *pool = (expr_pool){.arena = arena, .context = context, .position = SIZE_MAX};
    if ((status = grow(arena, &nodes, &pool->node_capacity, 0, 1, sizeof(expr_node), err))) return status;
    pool->nodes = nodes;
    pool->node_count = 1; /* index 0 is "none": zeroed, EXPR_NONE */
    return BP_OK;
}

/* Whether a node can fail only where a child can: when the children are folded it may not be able to any more. */
static bool fails_by_children(const expr_node *node)
{
    switch ((expr_kind)node->kind) {
    case EXPR_COMPARE:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
    case EXPR_IS_NULL:
    case EXPR_CASE:
    case EXPR_COALESCE:
    case EXPR_IN: return true;
    default: return false;
    }
}

/* depth and the flags that a parent has from its children. */
static bp_status inherit(expr_node *node, const expr_pool *pool, const expr_id *children, size_t count, bp_error *err)
{
    uint32_t deepest = 0;

    node->is_constant = node->kind != EXPR_COLUMN && node->kind != EXPR_AGGREGATE && node->kind != EXPR_WINDOW;
    node->least = (uint32_t)pool->node_count;
    if (fails_by_children(node)) node->can_fail = false;
    for (size_t i = 0; i < count; i++) {
        const expr_node *child = expr_at(pool, children[i]);
        if (child->depth > deepest) deepest = child->depth;
        if (child->can_fail && node->kind != EXPR_TRY) node->can_fail = true;
        if (child->is_volatile) node->is_volatile = true;
        if (children[i] && !child->is_constant) node->is_constant = false;
        if (children[i] && child->least < node->least) node->least = child->least;
    }
    if (node->is_volatile) node->is_constant = false;
    node->depth = deepest + 1;
    node->position = pool->position > UINT32_MAX ? UINT32_MAX : (uint32_t)pool->position;
    if (node->depth > LIMIT_EXPRESSION_DEPTH)
        return error_set_at(err, BP_LIMIT, pool->position, "expression nested deeper than %d levels", LIMIT_EXPRESSION_DEPTH);
    return BP_OK;
}

bp_status expr_add(expr_id *out, expr_pool *pool, const expr_node *node, const expr_id *children, size_t count, bp_error *err)
{
    expr_node made = *node;
    void *nodes = pool->nodes, *runs = pool->children;
    bp_status status;

    *out = 0;
    if (pool->node_count % 64 == 0 && (status = cancel_check(&pool->context->cancel, err))) return status;
    if ((status = inherit(&made, pool, children, count, err))) return status;
    if ((status = grow(pool->arena, &nodes, &pool->node_capacity, pool->node_count, 1, sizeof(expr_node), err))) return status;
    pool->nodes = nodes;
    if ((status = grow(pool->arena, &runs, &pool->child_capacity, pool->child_count, count, sizeof(expr_id), err))) return status;
    pool->children = runs;
    made.child_begin = (uint32_t)pool->child_count;
    made.child_count = (uint32_t)count;
    if (count) memmove(pool->children + pool->child_count, children, count * sizeof *children);
    pool->child_count += count;
    pool->nodes[pool->node_count] = made;
    *out = (expr_id)pool->node_count++;
    return BP_OK;
}

bp_status expr_add_literal(expr_id *out, expr_pool *pool, const column *value, unsigned openness, bp_error *err)
{
    column *copy = arena_new(pool->arena, column), one = *value;
    bp_status status;

    *out = 0;
    if (!copy) return error_no_memory(err, pool->arena->memory, sizeof *copy);
    one.length = 1;
    if (value->encoding == COLUMN_CONSTANT) one.encoding = COLUMN_FLAT;
    if (value->type.id == TYPE_NULL) {
        *copy = column_nulls(value->type, 1);
    } else {
        if (column_is_null(&one, 0)) one = column_nulls(value->type, 1); /* what lies under a NULL is nobody's */
        if ((status = column_copy(copy, &one, pool->arena, err))) return status;
    }
    if ((status = type_copy(&copy->type, pool->arena, value->type, err))) return status;
    copy->encoding = COLUMN_CONSTANT;
    copy->length = 1;
    return expr_add(out, pool, &(expr_node){.kind = EXPR_LITERAL, .op = (uint8_t)openness, .type = copy->type, .literal = copy},
                    NULL, 0, err);
}

bp_status expr_literal(expr_id *out, expr_pool *pool, const column *value, bp_error *err)
{
    return expr_add_literal(out, pool, value, LITERAL_TYPED, err);
}

bp_status expr_null(expr_id *out, expr_pool *pool, data_type type, bp_error *err)
{
    column nulls = column_nulls(type, 1);

    return expr_add_literal(out, pool, &nulls, LITERAL_TYPED, err);
}

bp_status expr_bool(expr_id *out, expr_pool *pool, bool value, bp_error *err)
{
    uint64_t word = value;
    column constant = {.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_CONSTANT, .length = 1, .values = &word};

    return expr_add_literal(out, pool, &constant, LITERAL_TYPED, err);
}

bp_status expr_int64(expr_id *out, expr_pool *pool, int64_t value, bp_error *err)
{
    int32_t narrow = (int32_t)value;
    bool fits = narrow == value;
    column constant = {.type = type_of(fits ? TYPE_INT32 : TYPE_INT64),
                       .encoding = COLUMN_CONSTANT,
                       .length = 1,
                       .values = fits ? (const void *)&narrow : (const void *)&value};

    return expr_add_literal(out, pool, &constant, LITERAL_OPEN, err);
}

bp_status expr_double(expr_id *out, expr_pool *pool, double value, bp_error *err)
{
    column constant = {.type = type_of(TYPE_FLOAT64), .encoding = COLUMN_CONSTANT, .length = 1, .values = &value};

    return expr_add_literal(out, pool, &constant, LITERAL_TYPED, err);
}

bp_status expr_text(expr_id *out, expr_pool *pool, string_view value, bp_error *err)
{
    string_ref ref = string_ref_of(value.data, value.size);
    column constant = {.type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = 1, .values = &ref};

    if (value.size > UINT32_MAX) return error_set(err, BP_LIMIT, "a text literal is longer than 4 GiB");
    return expr_add_literal(out, pool, &constant, LITERAL_OPEN, err);
}

bp_status expr_column(expr_id *out, expr_pool *pool, uint32_t column, data_type type, bp_error *err)
{
    return expr_add(out, pool, &(expr_node){.kind = EXPR_COLUMN, .type = type, .column = column}, NULL, 0, err);
}
