/* See large_batches.h. A literal is one value, whatever its type; a column costs nothing until something is made of it; comparing texts makes no text. */
#include "large_batches.h"

static bool is_narrow(data_type type)
{
    return !type_is_nested(type) && type_physical(type) != PHYSICAL_STRING;
}

static bool children_are_narrow(const expr_pool *pool, const expr_node *node)
{
    for (size_t i = 0; i < node->child_count; i++)
        if (!is_narrow(expr_type(pool, pool->children[node->child_begin + i]))) return false;
    return true;
}

static bool note_node(void *data, const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);
    bool *takes = data, works = node->kind == EXPR_CALL || node->kind == EXPR_CAST;

    if (node->kind == EXPR_COLUMN || node->kind == EXPR_LITERAL) return true;
    *takes = is_narrow(node->type) && (!works || children_are_narrow(pool, node));
    return *takes;
}

bp_status takes_large_batches(bool *out, const expr_pool *pool, const expr_id *exprs, size_t count, bp_error *err)
{
    bp_status status = BP_OK;

    *out = true;
    for (size_t i = 0; i < count && *out && !status; i++) {
        const expr_node *node = expr_at(pool, exprs[i]);
        if (node->kind == EXPR_LITERAL && !is_narrow(node->type))
            *out = false; /* it is put out once a row */
        else
            status = expr_walk(pool, exprs[i], note_node, out, err);
    }
    return status;
}
