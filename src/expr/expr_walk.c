/* Walks over expressions, each with a stack of its own on the heap: depth is bounded by the pool, never by the C stack. */
#include "expr_internal.h"
#include "window_call.h"

#include "base/context.h"

void expr_stack_clear(expr_stack *stack)
{
    memory_free(stack->memory, stack->items, stack->capacity * stack->item_size);
    stack->items = NULL;
    stack->count = stack->capacity = 0;
}

void *expr_stack_push(expr_stack *stack)
{
    if (stack->count == stack->capacity) {
        size_t wanted = stack->capacity ? stack->capacity * 2 : 32;
        void *moved = memory_resize(stack->memory, stack->items, stack->capacity * stack->item_size, wanted * stack->item_size);
        if (!moved) return NULL;
        stack->items = moved;
        stack->capacity = wanted;
    }
    return stack->items + stack->count++ * stack->item_size;
}

static bp_status push_id(expr_stack *stack, expr_id id, bp_error *err)
{
    expr_id *item = expr_stack_push(stack);

    if (!item) return error_no_memory(err, stack->memory, sizeof *item);
    *item = id;
    return BP_OK;
}

/* Push the children so that the first is on top. */
static bp_status push_children(expr_stack *stack, const expr_pool *pool, expr_id id, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = expr_at(pool, id)->child_count; i > 0 && !status; i--)
        status = push_id(stack, expr_child(pool, id, i - 1), err);
    return status;
}

bp_status expr_walk(const expr_pool *pool, expr_id root, expr_visit visit, void *data, bp_error *err)
{
    expr_stack stack = expr_stack_of(pool->context->memory, sizeof(expr_id));
    bp_status status = push_id(&stack, root, err);

    while (!status && stack.count) {
        expr_id id = *(expr_id *)expr_stack_top(&stack);
        stack.count--;
        if (!visit(data, pool, id)) break;
        status = push_children(&stack, pool, id, err);
    }
    expr_stack_clear(&stack);
    return status;
}

/* rewriting: children first, each old node once ----------------------------------------------------------------------------------- */
typedef struct rewriting {
    expr_pool *pool;
    expr_replace replace;
    void *data;
    expr_stack pending; /* ids; a node stays on the stack until its children are done */
    expr_id *made; /* for each old id from `least` to the root, 0: not done */
    size_t least;
} rewriting;

static expr_id *made_at(const rewriting *work, expr_id id)
{
    return work->made + (id - work->least);
}

/* Whether every child is done; those that are not are pushed. */
static bp_status children_ready(rewriting *work, expr_id id, bool *ready, bp_error *err)
{
    const expr_pool *pool = work->pool;
    bp_status status = BP_OK;

    *ready = true;
    for (size_t i = expr_at(pool, id)->child_count; i > 0 && !status; i--) {
        expr_id child = expr_child(pool, id, i - 1);
        if (!child || *made_at(work, child)) continue;
        *ready = false;
        status = push_id(&work->pending, child, err);
    }
    return status;
}

/* The node with its new children: itself when none has changed. */
static bp_status rebuild(rewriting *work, expr_id id, expr_id *out, bp_error *err)
{
    expr_pool *pool = work->pool;
    size_t count = expr_at(pool, id)->child_count, position = pool->position;
    expr_id *children;
    expr_node copy;
    bool changed = false;
    bp_status status;

    *out = id;
    for (size_t i = 0; i < count; i++) changed |= *made_at(work, expr_child(pool, id, i)) != expr_child(pool, id, i);
    if (!changed) return BP_OK;
    children = arena_new_array(pool->arena, expr_id, count);
    if (!children) return error_no_memory(err, pool->arena->memory, count * sizeof *children);
    for (size_t i = 0; i < count; i++) children[i] = *made_at(work, expr_child(pool, id, i));
    copy = *expr_at(pool, id);
    pool->position = copy.position == UINT32_MAX ? SIZE_MAX : copy.position;
    status = expr_add(out, pool, &copy, children, count, err);
    pool->position = position;
    return status;
}

static bp_status rewrite_all(rewriting *work, expr_id root, bp_error *err)
{
    bp_status status = push_id(&work->pending, root, err);

    while (!status && work->pending.count) {
        expr_id id = *(expr_id *)expr_stack_top(&work->pending), new_id;
        bool ready;
        if (*made_at(work, id)) {
            work->pending.count--;
            continue;
        }
        if ((status = children_ready(work, id, &ready, err)) || !ready) continue;
        work->pending.count--;
        if ((status = rebuild(work, id, &new_id, err))) break;
        if ((status = work->replace(work->data, work->pool, &new_id, err))) break;
        *made_at(work, id) = new_id;
    }
    return status;
}

bp_status expr_rewrite(expr_id *out, expr_pool *pool, expr_id root, expr_replace replace, void *data, bp_error *err)
{
    memory *memory = pool->context->memory;
    rewriting work = {.pool = pool,
                      .replace = replace,
                      .data = data,
                      .pending = expr_stack_of(memory, sizeof(expr_id)),
                      .least = expr_at(pool, root)->least};
    size_t count = root - work.least + 1;
    bp_status status;

    *out = root;
    if ((status = cancel_check(&pool->context->cancel, err))) return status;
    if (!expr_at(pool, root)->child_count) return replace(data, pool, out, err);
    *out = 0;
    work.made = memory_allocate_array(memory, count, sizeof(expr_id));
    if (!work.made) return error_no_memory(err, memory, count * sizeof(expr_id));
    status = rewrite_all(&work, root, err);
    if (!status) *out = *made_at(&work, root);
    expr_stack_clear(&work.pending);
    memory_free(memory, work.made, count * sizeof(expr_id));
    return status;
}

typedef struct remapping {
    const uint32_t *positions;
    size_t count;
} remapping;

static bp_status remap_one(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const remapping *map = data;
    expr_node node = *expr_at(pool, *id);
    size_t position = pool->position;
    bp_status status;

    if (node.kind != EXPR_COLUMN) return BP_OK;
    if (node.column >= map->count || map->positions[node.column] == UINT32_MAX)
        return ERROR_INTERNAL(err, "an expression names a column that its input does not have");
    if (map->positions[node.column] == node.column) return BP_OK;
    node.column = map->positions[node.column];
    pool->position = node.position == UINT32_MAX ? SIZE_MAX : node.position;
    status = expr_add(id, pool, &node, NULL, 0, err);
    pool->position = position;
    return status;
}

bp_status expr_remap(expr_id *out, expr_pool *pool, expr_id root, const uint32_t *positions, size_t position_count, bp_error *err)
{
    remapping map = {positions, position_count};

    return expr_rewrite(out, pool, root, remap_one, &map, err);
}

/* comparing ----------------------------------------------------------------------------------------------------------------------- */
static bool aggregates_equal(const aggregate_call *left, const aggregate_call *right)
{
    if (left->function != right->function || left->argument_count != right->argument_count) return false;
    if (left->distinct != right->distinct || left->has_filter != right->has_filter) return false;
    if (left->order_count != right->order_count) return false;
    for (size_t i = 0; i < left->order_count; i++)
        if (left->order[i].descending != right->order[i].descending || left->order[i].nulls_first != right->order[i].nulls_first)
            return false;
    return true;
}

/* The two nodes themselves, without their children. bind_data follows from the children, except an aggregate's. */
bool expr_same_node(const expr_node *left, const expr_node *right)
{
    if (left->kind != right->kind || left->child_count != right->child_count) return false;
    if (left->is_volatile || right->is_volatile || !type_equal(left->type, right->type)) return false;
    switch (left->kind) {
    case EXPR_LITERAL:
        return column_value_equal(left->literal, 0, right->literal, 0) &&
               /* 0.0 and -0.0 are equal, but print and divide differently */
               (!type_is_float(left->type) || column_is_null(left->literal, 0) ||
                memcmp(left->literal->values, right->literal->values, physical_width(type_physical(left->type))) == 0);
    case EXPR_COLUMN: return left->column == right->column;
    case EXPR_CALL:
        return left->call.function == right->call.function &&
               (!(left->call.function->flags & FUNCTION_LAMBDA) || left->call.bind_data == right->call.bind_data);
    case EXPR_AGGREGATE: return aggregates_equal(left->aggregate, right->aggregate);
    case EXPR_WINDOW:
        return window_calls_equal(left->window, right->window) &&
               (!left->window->aggregate || aggregates_equal(left->window->aggregate, right->window->aggregate));
    default: return left->op == right->op;
    }
}

/* Two nodes that are alike so far, and the child to compare next. */
typedef struct alike {
    expr_id left, right;
    uint32_t next;
} alike;

/* Without the heap, so that it cannot fail: no tree is deeper than the limit. */
bool expr_equal(const expr_pool *pool, expr_id left, expr_id right)
{
    alike stack[LIMIT_EXPRESSION_DEPTH];
    size_t count = 0;

    if (expr_at(pool, left)->is_volatile) return false;
    for (;;) {
        if (left != right) {
            if (!left || !right || !expr_same_node(expr_at(pool, left), expr_at(pool, right))) return false;
            if (expr_at(pool, left)->child_count) stack[count++] = (alike){left, right, 0};
        }
        while (count && stack[count - 1].next == expr_at(pool, stack[count - 1].left)->child_count) count--;
        if (!count) return true;
        left = expr_child(pool, stack[count - 1].left, stack[count - 1].next);
        right = expr_child(pool, stack[count - 1].right, stack[count - 1].next++);
    }
}

bool expr_is_constant(const expr_pool *pool, expr_id root)
{
    return expr_at(pool, root)->is_constant || !root;
}
