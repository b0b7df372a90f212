/* Expressions as SQL text, for EXPLAIN. An explicit stack of pieces: nodes still to be printed, and texts between them. */
#include "expr_internal.h"
#include "window_call.h"

typedef struct print_piece {
    expr_id node; /* 0: the text */
    string_view text;
} print_piece;

static const char *const compare_texts[] = {[COMPARE_EQUAL] = " = ",
                                            [COMPARE_NOT_EQUAL] = " <> ",
                                            [COMPARE_LESS] = " < ",
                                            [COMPARE_LESS_EQUAL] = " <= ",
                                            [COMPARE_GREATER] = " > ",
                                            [COMPARE_GREATER_EQUAL] = " >= ",
                                            [COMPARE_DISTINCT] = " IS DISTINCT FROM ",
                                            [COMPARE_NOT_DISTINCT] = " IS NOT DISTINCT FROM "};

typedef struct printing {
    builder *out;
    const expr_pool *pool;
    expr_stack stack;
    expr_column_name name;
    const void *data;
} printing;

static bool push_text(printing *state, const char *text)
{
    print_piece *piece = expr_stack_push(&state->stack);

    if (piece) *piece = (print_piece){.text = string_view_of(text)};
    return piece != NULL;
}

static bool push_node(printing *state, expr_id node)
{
    print_piece *piece = expr_stack_push(&state->stack);

    if (piece) *piece = (print_piece){.node = node};
    return piece != NULL;
}

/* before, child, between, child, …, after: pushed last to first. */
static bool push_list(printing *state, const expr_node *node, const char *before, const char *between, const char *after)
{
    if (!push_text(state, after)) return false;
    for (size_t i = node->child_count; i-- > 0;) {
        if (!push_node(state, state->pool->children[node->child_begin + i])) return false;
        if (i && !push_text(state, between)) return false;
    }
    return push_text(state, before);
}

static bool print_literal(builder *out, const expr_node *node)
{
    bool text = node->type.id == TYPE_VARCHAR;

    if (column_is_null(node->literal, 0)) return builder_literal(out, "NULL");
    if (text) builder_byte(out, '\'');
    column_print_value(out, node->literal, 0);
    return !text || builder_byte(out, '\'');
}

static bool print_call(printing *state, const expr_node *node, const char *name)
{
    bool is_operator = node->child_count == 2 && !ascii_is_alpha((unsigned char)name[0]);

    if (is_operator) return push_list(state, node, "(", name, ")");
    return builder_text(state->out, string_view_of(name)) && push_list(state, node, "(", ", ", ")");
}

/* name(DISTINCT arguments ORDER BY keys) FILTER (condition): children are arguments, condition, keys. */
static bool print_aggregate(printing *state, const expr_node *node)
{
    const aggregate_call *call = node->aggregate;
    const expr_id *children = state->pool->children + node->child_begin;
    size_t keys = call->argument_count + call->has_filter;

    if (call->has_filter &&
        (!push_text(state, ")") || !push_node(state, children[call->argument_count]) || !push_text(state, " FILTER (")))
        return false;
    if (!push_text(state, ")")) return false;
    for (size_t i = node->child_count; i-- > keys;)
        if (!push_text(state, call->order[i - keys].descending ? " DESC" : "") || !push_node(state, children[i]) ||
            !push_text(state, i > keys ? ", " : " ORDER BY "))
            return false;
    for (size_t i = call->argument_count; i-- > 0;)
        if (!push_node(state, children[i]) || (i && !push_text(state, ", "))) return false;
    return push_text(state, call->distinct ? "(DISTINCT " : "(") && builder_text(state->out, string_view_of(call->function->name));
}

static bool print_case(printing *state, const expr_node *node)
{
    if (!push_text(state, " END") || !push_node(state, state->pool->children[node->child_begin + node->child_count - 1]) ||
        !push_text(state, " ELSE "))
        return false;
    for (size_t i = node->child_count - 1; i >= 2; i -= 2) {
        if (!push_node(state, state->pool->children[node->child_begin + i - 1]) || !push_text(state, " THEN ")) return false;
        if (!push_node(state, state->pool->children[node->child_begin + i - 2]) || !push_text(state, " WHEN ")) return false;
    }
    return builder_literal(state->out, "CASE");
}

static bool print_cast(printing *state, const expr_node *node)
{
    if (!push_text(state, ")") || !push_node(state, state->pool->children[node->child_begin])) return false;
    return builder_literal(state->out, "CAST_") && type_print(state->out, node->type) && builder_literal(state->out, "(");
}

static const char *const unit_texts[] = {[WINDOW_ROWS] = " ROWS", [WINDOW_RANGE] = " RANGE", [WINDOW_GROUPS] = " GROUPS"};
static const char *const bound_texts[] = {[WINDOW_UNBOUNDED_PRECEDING] = " UNBOUNDED PRECEDING",
                                          [WINDOW_PRECEDING] = " PRECEDING",
                                          [WINDOW_CURRENT_ROW] = " CURRENT ROW",
                                          [WINDOW_FOLLOWING] = " FOLLOWING",
                                          [WINDOW_UNBOUNDED_FOLLOWING] = " UNBOUNDED FOLLOWING"};
static const char *const exclusion_texts[] = {[WINDOW_EXCLUDE_NOTHING] = ")",
                                              [WINDOW_EXCLUDE_CURRENT_ROW] = " EXCLUDE CURRENT ROW)",
                                              [WINDOW_EXCLUDE_GROUP] = " EXCLUDE GROUP)",
                                              [WINDOW_EXCLUDE_TIES] = " EXCLUDE TIES)"};

/* A bound: its offset (of RANGE: the value that bounds the key), then its words. */
static bool push_bound(printing *state, const expr_node *node, uint8_t bound, size_t at)
{
    size_t count = window_bound_children(node->window, bound);

    if (!push_text(state, bound_texts[bound])) return false;
    if (count == 0) return true;
    return push_node(state, state->pool->children[node->child_begin + at + count - 1]) && push_text(state, " ");
}

static bool push_frame(printing *state, const expr_node *node)
{
    const window_call *call = node->window;

    if (!push_text(state, exclusion_texts[call->frame.exclusion])) return false;
    if (!push_bound(state, node, call->frame.end, window_end_at(call)) || !push_text(state, " AND")) return false;
    if (!push_bound(state, node, call->frame.start, window_start_at(call)) || !push_text(state, " BETWEEN")) return false;
    return push_text(state, unit_texts[call->frame.unit]);
}

/* PARTITION BY or ORDER BY, last to first. */
static bool push_keys(printing *state, const expr_node *node, size_t at, size_t count, const sort_key *flags, const char *words)
{
    for (size_t i = count; i-- > 0;) {
        if (flags && flags[i].nulls_first && !push_text(state, " NULLS FIRST")) return false;
        if (flags && flags[i].descending && !push_text(state, " DESC")) return false;
        if (!push_node(state, state->pool->children[node->child_begin + at + i])) return false;
        if (!push_text(state, i ? ", " : words)) return false;
    }
    return true;
}

/* name(arguments) OVER (PARTITION BY … ORDER BY … frame) */
static bool print_window(printing *state, const expr_node *node)
{
    const window_call *call = node->window;
    const char *name = call->aggregate ? call->aggregate->function->name : call->function->name;

    if (!push_frame(state, node) ||
        !push_keys(state, node, window_keys_at(call), call->key_count, call->keys,
                   call->partition_count ? " ORDER BY " : "ORDER BY ") ||
        !push_keys(state, node, call->own_count, call->partition_count, NULL, "PARTITION BY ") ||
        !push_text(state, call->ignore_nulls ? " IGNORE NULLS) OVER (" : ") OVER ("))
        return false;
    for (size_t i = call->own_count; i-- > 0;) {
        if (!push_node(state, state->pool->children[node->child_begin + i])) return false;
        if (i && !push_text(state, ", ")) return false;
    }
    return push_text(state, call->aggregate && call->aggregate->distinct ? "(DISTINCT " : "(") &&
           builder_text(state->out, string_view_of(name));
}

static bool print_node(printing *state, expr_id id)
{
    const expr_node *node = expr_at(state->pool, id);

    switch ((expr_kind)node->kind) {
    case EXPR_LITERAL: return print_literal(state->out, node);
    case EXPR_COLUMN: return builder_text(state->out, state->name(state->data, node->column));
    case EXPR_CALL: return print_call(state, node, node->call.function->name);
    case EXPR_COMPARE: return push_list(state, node, "(", compare_texts[node->op], ")");
    case EXPR_AND: return push_list(state, node, "(", " AND ", ")");
    case EXPR_OR: return push_list(state, node, "(", " OR ", ")");
    case EXPR_NOT: return push_list(state, node, "NOT ", "", "");
    case EXPR_IS_NULL: return push_list(state, node, "(", "", node->op ? " IS NOT NULL)" : " IS NULL)");
    case EXPR_CAST: return print_cast(state, node);
    case EXPR_CASE: return print_case(state, node);
    case EXPR_COALESCE: return push_list(state, node, "coalesce(", ", ", ")");
    case EXPR_IN: return push_list(state, node, node->op ? "NOT in(" : "in(", ", ", ")");
    case EXPR_TRY: return push_list(state, node, "TRY(", "", ")");
    case EXPR_AGGREGATE: return print_aggregate(state, node);
    case EXPR_WINDOW: return print_window(state, node);
    default: return builder_literal(state->out, "?");
    }
}

bool expr_print(builder *out, const expr_pool *pool, expr_id root, expr_column_name name, const void *data)
{
    printing state = {
        .out = out, .pool = pool, .stack = expr_stack_of(pool->context->memory, sizeof(print_piece)), .name = name, .data = data};
    bool good = push_node(&state, root);

    while (good && state.stack.count) {
        print_piece piece = *(print_piece *)expr_stack_top(&state.stack);
        state.stack.count--;
        good = piece.node ? print_node(&state, piece.node) : builder_text(out, piece.text);
    }
    expr_stack_clear(&state.stack);
    if (!good && out->status == BP_OK) { /* the stack got no memory; callers look at the builder alone */
        out->status = BP_NO_MEMORY;
        out->wanted = out->size;
    }
    return good;
}
