/* Expressions: from syntax nodes to typed expressions.
 *
 * The walk keeps its own stack (frames), since nesting may be LIMIT_EXPRESSION_DEPTH levels deep: a node is entered, its operands are bound one after the
 * other onto the stack of results, and it is left, which replaces them by one result. */
#include "bind_expression.h"

/* the stacks ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status push_frame(walk *walk, syntax_id node, bp_error *err)
{
    if (walk->frame_count == walk->frame_capacity) {
        size_t wanted = walk->frame_capacity ? walk->frame_capacity * 2 : 32;
        frame *larger = arena_new_array(walk->binder->arena, frame, wanted);
        if (!larger) return error_no_memory(err, walk->binder->context->memory, wanted * sizeof *larger);
        if (walk->frame_count) memcpy(larger, walk->frames, walk->frame_count * sizeof *larger);
        walk->frames = larger;
        walk->frame_capacity = wanted;
    }
    walk->frames[walk->frame_count++] = (frame){.node = node};
    return BP_OK;
}

bp_status walk_push_result(walk *walk, expr_id expr, bp_error *err)
{
    if (walk->result_count == walk->result_capacity) {
        size_t wanted = walk->result_capacity ? walk->result_capacity * 2 : 32;
        expr_id *larger = arena_new_array(walk->binder->arena, expr_id, wanted);
        if (!larger) return error_no_memory(err, walk->binder->context->memory, wanted * sizeof *larger);
        if (walk->result_count) memcpy(larger, walk->results, walk->result_count * sizeof *larger);
        walk->results = larger;
        walk->result_capacity = wanted;
    }
    walk->results[walk->result_count++] = expr;
    return BP_OK;
}

/* Operands of a node: its children, with lists written out and missing ones left out; of a field 'a': x the value. */
static bp_status gather_operands(walk *walk, frame *frame, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    const syntax_id *children = syntax_children(tree, frame->node);
    size_t total = 0;

    for (size_t i = 0; i < node->count; i++)
        total += children[i] && syntax_kind_of(tree, children[i]) == SYNTAX_LIST ? syntax_at(tree, children[i])->count : 1;
    frame->operands = arena_new_array(walk->binder->arena, syntax_id, total);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, total * sizeof(syntax_id));
    for (size_t i = 0; i < node->count; i++) {
        if (!children[i] || syntax_kind_of(tree, children[i]) == SYNTAX_TYPE) continue;
        if (syntax_kind_of(tree, children[i]) != SYNTAX_LIST) {
            bool named = node->kind == SYNTAX_STRUCT_VALUE;
            frame->operands[frame->operand_count++] = named ? syntax_child(tree, children[i], 0) : children[i];
            continue;
        }
        for (size_t j = 0; j < syntax_at(tree, children[i])->count; j++)
            frame->operands[frame->operand_count++] = syntax_children(tree, children[i])[j];
    }
    return BP_OK;
}

/* entering -------------------------------------------------------------------------------------------------------------------------------- */
/* The operand, then each WHEN's condition and value, then ELSE, which stands second in the tree. */
static bp_status gather_case(walk *walk, frame *frame, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, frame->node);
    const syntax_id *children = syntax_children(tree, frame->node);

    frame->operands = arena_new_array(walk->binder->arena, syntax_id, node->count * 2 + 2);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, node->count * 2 * sizeof(syntax_id));
    if (children[0]) frame->operands[frame->operand_count++] = children[0];
    for (size_t i = 2; i < node->count; i++) {
        frame->operands[frame->operand_count++] = syntax_child(tree, children[i], 0);
        frame->operands[frame->operand_count++] = syntax_child(tree, children[i], 1);
    }
    if (children[1]) frame->operands[frame->operand_count++] = children[1];
    return BP_OK;
}

/* An alias of SELECT used by name: its own expression is bound in its place. */
static bp_status enter_alias(walk *walk, frame *frame, alias *alias, bp_error *err)
{
    alias->being_bound = true;
    frame->alias = alias;
    frame->operands = arena_new_array(walk->binder->arena, syntax_id, 1);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, sizeof(syntax_id));
    frame->operands[0] = alias->item;
    frame->operand_count = 1;
    return BP_OK;
}

static bp_status enter(walk *walk, frame *frame, bool *is_leaf, bp_error *err)
{
    binder *binder = walk->binder;
    alias *alias = NULL;
    bp_status status;

    frame->entered = true;
    frame->result_base = walk->result_count;
    *is_leaf = true;
    binder->plan->exprs.position = syntax_at(binder->tree, frame->node)->begin;
    switch (syntax_kind_of(binder->tree, frame->node)) {
    case SYNTAX_COLUMN:
    case SYNTAX_FIELD:
        if ((status = bind_name(walk, frame->node, &alias, is_leaf, err))) return status;
        if (alias) {
            *is_leaf = false;
            return enter_alias(walk, frame, alias, err);
        }
        return *is_leaf ? BP_OK : gather_operands(walk, frame, err);
    case SYNTAX_CASE: *is_leaf = false; return gather_case(walk, frame, err);
    case SYNTAX_COMPREHENSION:
        *is_leaf = false;
        frame->operands = arena_new_array(binder->arena, syntax_id, 1);
        if (!frame->operands) return error_no_memory(err, binder->context->memory, sizeof(syntax_id));
        frame->operands[frame->operand_count++] = syntax_child(binder->tree, frame->node, 2);
        return BP_OK;
    case SYNTAX_CALL: *is_leaf = false; return enter_call(walk, frame, err);
    case SYNTAX_SUBQUERY:
    case SYNTAX_ARRAY_QUERY:
    case SYNTAX_EXISTS: return bind_subquery(walk, frame->node, err);
    case SYNTAX_IN_QUERY:
    case SYNTAX_QUANTIFIED: *is_leaf = false; return enter_in_query(walk, frame, err);
    default: break;
    }
    if ((status = bind_leaf(walk, frame->node, is_leaf, err)) || *is_leaf) return status;
    return gather_operands(walk, frame, err);
}

/* the walk ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status leave(walk *walk, frame *frame, bp_error *err)
{
    expr_id result = 0;
    bp_status status = BP_OK;

    walk->binder->plan->exprs.position = syntax_at(walk->binder->tree, frame->node)->begin;
    if (frame->alias) {
        frame->alias->being_bound = false;
        result = walk->results[frame->result_base];
    } else {
        status = combine(walk, frame, walk->results + frame->result_base, walk->result_count - frame->result_base, &result, err);
    }
    if (err && status == BP_BIND_ERROR && err->position < 0) err->position = syntax_at(walk->binder->tree, frame->node)->begin;
    walk->result_count = frame->result_base;
    return status ? status : walk_push_result(walk, result, err);
}

bp_status bind_expression(expr_id *out, binder *binder, expression_context *context, syntax_id node, bp_error *err)
{
    walk walk = {.binder = binder, .context = context};
    bp_status status;

    if ((status = push_frame(&walk, node, err))) return status;
    while (walk.frame_count) {
        size_t top = walk.frame_count - 1;
        bool is_leaf = false;
        if (!walk.frames[top].entered) {
            if ((status = enter(&walk, &walk.frames[top], &is_leaf, err))) return status;
            if (is_leaf) walk.frame_count--;
        } else if (walk.frames[top].next < walk.frames[top].operand_count) {
            if ((status = push_frame(&walk, walk.frames[top].operands[walk.frames[top].next++], err))) return status;
        } else {
            frame done = walk.frames[top];
            walk.frame_count--;
            if ((status = leave(&walk, &done, err))) return status;
        }
    }
    CHECK(walk.result_count == 1);
    *out = walk.results[0];
    return BP_OK;
}
