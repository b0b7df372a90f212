/* Window calls: f(…) OVER (…) and the WINDOW clause. Each call becomes a column of the WINDOW node to come, as aggregates do of the AGGREGATE node. */
#include "bind_expression.h"

/* What stands behind OVER, with what it takes from named windows. */
struct window_clause {
    syntax_id partition, order, frame; /* 0: none */
};

static string_view definition_name(const binder *binder, syntax_id definition)
{
    return syntax_at(binder->tree, definition)->text;
}

/* Among the first `count` definitions: a window may extend only those before it. */
static bp_status find_definition(const walk *walk, syntax_id window, size_t count, size_t *out, bp_error *err)
{
    const binder *binder = walk->binder;
    const syntax_node *node = syntax_at(binder->tree, window);
    syntax_id list = walk->context->windows->definitions;

    for (*out = 0; *out < count; (*out)++)
        if (string_equal_nocase(definition_name(binder, syntax_children(binder->tree, list)[*out]), node->text)) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, node->begin, "window \"%.*s\" does not exist", STRING_ARGUMENTS(node->text));
}

/* Take a clause from the window `of`, unless the windows that extend it have one of their own. */
static bp_status take_clause(const binder *binder, syntax_id *out, syntax_id of, uint32_t slot, const char *words, string_view base,
                             bp_error *err)
{
    syntax_id clause = syntax_child(binder->tree, of, slot);

    if (!clause) return BP_OK;
    if (*out)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, *out)->begin,
                            "Cannot override %s clause of window \"%.*s\"", words, STRING_ARGUMENTS(base));
    *out = clause;
    return BP_OK;
}

static bp_status resolve_window(struct window_clause *out, const walk *walk, syntax_id window, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    syntax_id list = walk->context->windows->definitions;
    size_t visible = list ? syntax_at(tree, list)->count : 0;
    string_view base = {0};
    bp_status status;

    *out = (struct window_clause){0};
    for (;;) {
        const syntax_node *node = syntax_at(tree, window);
        if (!(node->flags & SYNTAX_FLAG_REFERENCE)) {
            syntax_id frame = syntax_child(tree, window, SLOT_WINDOW_FRAME);
            if (frame && base.size)
                return error_set_at(err, BP_BIND_ERROR, node->begin, "cannot copy window \"%.*s\" because it has a frame clause",
                                    STRING_ARGUMENTS(base));
            if (frame) out->frame = frame;
            if ((status = take_clause(walk->binder, &out->partition, window, SLOT_WINDOW_PARTITION, "PARTITION BY", base, err)) ||
                (status = take_clause(walk->binder, &out->order, window, SLOT_WINDOW_ORDER, "ORDER BY", base, err)))
                return status;
            base = node->text;
        }
        if (node->text.size == 0) return BP_OK;
        if ((status = find_definition(walk, window, visible, &visible, err))) return status;
        window = syntax_child(tree, syntax_children(tree, list)[visible], 0);
    }
}

bp_status check_window_names(const binder *binder, syntax_id definitions, bp_error *err)
{
    size_t count = definitions ? syntax_at(binder->tree, definitions)->count : 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            syntax_id one = syntax_children(binder->tree, definitions)[i], other = syntax_children(binder->tree, definitions)[j];
            if (!string_equal_nocase(definition_name(binder, one), definition_name(binder, other))) continue;
            return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, one)->begin, "window \"%.*s\" is already defined",
                                STRING_ARGUMENTS(definition_name(binder, one)));
        }
    return BP_OK;
}

/* frames ----------------------------------------------------------------------------------------------------------------------------- */
static const char *frame_fault(uint8_t start, uint8_t end)
{
    if (start == WINDOW_UNBOUNDED_FOLLOWING) return "Frame start cannot be UNBOUNDED FOLLOWING";
    if (end == WINDOW_UNBOUNDED_PRECEDING) return "Frame end cannot be UNBOUNDED PRECEDING";
    if (start == WINDOW_CURRENT_ROW && end == WINDOW_PRECEDING) return "Frame starting from current row cannot have preceding rows";
    if (start != WINDOW_FOLLOWING) return NULL;
    if (end == WINDOW_PRECEDING) return "Frame starting from following row cannot have preceding rows";
    return end == WINDOW_CURRENT_ROW ? "Frame starting from following row cannot end with current row" : NULL;
}

static uint8_t exclusion_of(const syntax_node *frame)
{
    if (frame->flags & SYNTAX_FLAG_EXCLUDE_CURRENT_ROW) return WINDOW_EXCLUDE_CURRENT_ROW;
    if (frame->flags & SYNTAX_FLAG_EXCLUDE_GROUP) return WINDOW_EXCLUDE_GROUP;
    return frame->flags & SYNTAX_FLAG_EXCLUDE_TIES ? WINDOW_EXCLUDE_TIES : WINDOW_EXCLUDE_NOTHING;
}

/* The frame, and the syntax of its offsets. The words for units and bounds have the same order in syntax.h and window_call.h. */
static bp_status read_frame(const binder *binder, syntax_id frame, window_frame *out, syntax_id offsets[2], bp_error *err)
{
    const syntax *tree = binder->tree;
    syntax_id start, end;
    const char *fault;

    *out = (window_frame){.unit = WINDOW_RANGE, .start = WINDOW_UNBOUNDED_PRECEDING, .end = WINDOW_CURRENT_ROW};
    offsets[0] = offsets[1] = 0;
    if (!frame) return BP_OK;
    start = syntax_child(tree, frame, 0);
    end = syntax_child(tree, frame, 1);
    out->unit = (uint8_t)syntax_at(tree, frame)->option;
    out->start = (uint8_t)syntax_at(tree, start)->option;
    if (end) out->end = (uint8_t)syntax_at(tree, end)->option;
    out->exclusion = exclusion_of(syntax_at(tree, frame));
    offsets[0] = syntax_child(tree, start, 0);
    offsets[1] = end ? syntax_child(tree, end, 0) : 0;
    fault = frame_fault(out->start, out->end);
    return fault ? error_set_at(err, BP_BIND_ERROR, syntax_at(tree, frame)->begin, "%s", fault) : BP_OK;
}

/* entering --------------------------------------------------------------------------------------------------------------------------- */
static bp_status check_place(const walk *walk, syntax_id call, bp_error *err)
{
    const syntax_node *node = syntax_at(walk->binder->tree, call);

    if (walk->inside_aggregate)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "aggregate function calls cannot contain window function calls");
    if (!walk->context->windows)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "%s cannot contain window functions; use QUALIFY or a subquery",
                            walk->context->clause);
    if (walk->inside_window)
        return error_set_at(err, BP_BIND_ERROR, node->begin, "window functions cannot stand inside one another; use a subquery");
    return BP_OK;
}

/* What a window function that is no aggregate does not take. */
static bp_status check_function(const walk *walk, syntax_id call, const window_function *function, bp_error *err)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, call);
    const char *what = syntax_child(tree, call, SLOT_CALL_FILTER)   ? "FILTER"
                       : (node->flags & SYNTAX_FLAG_DISTINCT)       ? "DISTINCT"
                       : syntax_child(tree, call, SLOT_CALL_WITHIN) ? "WITHIN GROUP"
                       : (node->flags & SYNTAX_FLAG_STAR)           ? "*"
                                                                    : NULL;

    if (what) return error_set_at(err, BP_BIND_ERROR, node->begin, "%s belongs to aggregates; %s() is none", what, function->name);
    if (syntax_child(tree, call, SLOT_CALL_ORDER))
        return not_yet(walk->binder, call, "ORDER BY inside the brackets of a window function that is no aggregate", err);
    return BP_OK;
}

/* Aggregates that are window functions under the same name (first, last) stay aggregates when they are given what only those take. */
static const window_function *function_of(const walk *walk, syntax_id call)
{
    const syntax *tree = walk->binder->tree;
    const syntax_node *node = syntax_at(tree, call);
    bool special = syntax_child(tree, call, SLOT_CALL_FILTER) || syntax_child(tree, call, SLOT_CALL_ORDER) ||
                   (node->flags & SYNTAX_FLAG_DISTINCT);

    return special && aggregate_function_exists(aggregate_name(walk->binder, call)) ? NULL : window_function_find(node->text);
}

static bp_status check_nulls(const walk *walk, syntax_id call, bp_error *err)
{
    const syntax_node *node = syntax_at(walk->binder->tree, call);

    if (!(node->flags & (SYNTAX_FLAG_IGNORE_NULLS | SYNTAX_FLAG_RESPECT_NULLS))) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, node->begin, "IGNORE NULLS and RESPECT NULLS are not for aggregates; %.*s() is one",
                        STRING_ARGUMENTS(node->text));
}

static bp_status add_operands(frame *frame, const syntax *tree, syntax_id list, bool keys, bp_error *err)
{
    for (size_t i = 0; list && i < syntax_at(tree, list)->count; i++) {
        syntax_id node = syntax_children(tree, list)[i];
        if (keys && syntax_has(tree, node, SYNTAX_FLAG_ALL))
            return error_set_at(err, BP_BIND_ERROR, syntax_at(tree, node)->begin, "Cannot ORDER BY ALL in a window");
        frame->operands[frame->operand_count++] = keys ? syntax_child(tree, node, 0) : node;
    }
    return BP_OK;
}

/* How many operands the window adds at most. */
static size_t window_operands(const syntax *tree, const struct window_clause *window)
{
    size_t count = 2;

    if (window->partition) count += syntax_at(tree, window->partition)->count;
    if (window->order) count += syntax_at(tree, window->order)->count;
    return count;
}

/* Behind the call's own operands come those of the window: partitions, keys, offsets. */
bp_status enter_window(walk *walk, frame *frame, bp_error *err)
{
    binder *binder = walk->binder;
    const syntax *tree = binder->tree;
    struct window_clause *window = arena_new(binder->arena, struct window_clause);
    syntax_id *operands, offsets[2];
    window_frame bounds;
    bp_status status;

    if (!window) return error_no_memory(err, binder->context->memory, sizeof *window);
    if ((status = resolve_window(window, walk, syntax_child(tree, frame->node, SLOT_CALL_WINDOW), err))) return status;
    operands = arena_new_array(binder->arena, syntax_id, frame->operand_count + window_operands(tree, window));
    if (!operands) return error_no_memory(err, binder->context->memory, frame->operand_count * sizeof *operands);
    if (frame->operand_count) memcpy(operands, frame->operands, frame->operand_count * sizeof *operands);
    frame->operands = operands;
    frame->window = window;
    frame->own_count = frame->operand_count;
    if ((status = add_operands(frame, tree, window->partition, false, err)) ||
        (status = add_operands(frame, tree, window->order, true, err)) ||
        (status = read_frame(binder, window->frame, &bounds, offsets, err)))
        return status;
    for (size_t i = 0; i < 2; i++)
        if (offsets[i]) frame->operands[frame->operand_count++] = offsets[i];
    walk->inside_window++;
    return BP_OK;
}

bp_status begin_window(walk *walk, frame *frame, bp_error *err)
{
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);
    bp_status status;

    if ((status = check_place(walk, frame->node, err))) return status;
    frame->function = function_of(walk, frame->node);
    if (frame->function) return check_function(walk, frame->node, frame->function, err);
    if (!frame->is_aggregate && scalar_function_exists(node->text))
        return error_set_at(err, BP_BIND_ERROR, node->begin,
                            "%.*s() is neither an aggregate nor a window function: it takes no OVER", STRING_ARGUMENTS(node->text));
    frame->is_aggregate = true; /* or unknown, which making it tells */
    return check_nulls(walk, frame->node, err);
}

/* leaving ---------------------------------------------------------------------------------------------------------------------------- */
/* The column of a window call: the same call twice is computed once. */
static bp_status window_column(walk *walk, expr_id call, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    windows *all = walk->context->windows;
    bp_status status;

    for (size_t i = 0; i < all->count && !all->keep_twins; i++)
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
    if ((status = plan_add_column(&all->ids[all->count], binder->plan, STRING_VIEW("window"), expr_type(&binder->plan->exprs, call),
                                  err)))
        return status;
    return column_expr(out, binder, all->ids[all->count++], err);
}

/* The window from the operands behind the call's own. */
static bp_status read_window(window_definition *out, const walk *walk, const frame *frame, const expr_id *operands, bp_error *err)
{
    binder *binder = walk->binder;
    const struct window_clause *window = frame->window;
    size_t partitions = window->partition ? syntax_at(binder->tree, window->partition)->count : 0;
    size_t key_count = window->order ? syntax_at(binder->tree, window->order)->count : 0, at = frame->own_count;
    sort_key *keys = arena_new_array(binder->arena, sort_key, key_count + 1);
    syntax_id offsets[2];
    bp_status status;

    if (!keys) return error_no_memory(err, binder->context->memory, key_count * sizeof *keys);
    *out = (window_definition){.partitions = operands + at, .partition_count = partitions, .keys = keys, .key_count = key_count};
    at += partitions;
    for (size_t i = 0; i < key_count; i++) {
        order_flags(binder, syntax_children(binder->tree, window->order)[i], &keys[i]);
        keys[i].expr = operands[at++];
    }
    if ((status = read_frame(binder, window->frame, &out->frame, offsets, err))) return status;
    if (offsets[0]) out->start_offset = operands[at++];
    if (offsets[1]) out->end_offset = operands[at++];
    return BP_OK;
}

bp_status combine_window(walk *walk, const frame *frame, const expr_id *operands, expr_id aggregate, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    bool ignore = (syntax_at(binder->tree, frame->node)->flags & SYNTAX_FLAG_IGNORE_NULLS) != 0;
    window_definition window;
    expr_id call;
    bp_status status;

    walk->inside_window--;
    if ((status = read_window(&window, walk, frame, operands, err))) return status;
    status = frame->function ? expr_window(&call, pool, frame->function, operands, frame->argument_count, ignore, &window, err)
                             : expr_window_aggregate(&call, pool, aggregate, &window, err);
    return status ? status : window_column(walk, call, out, err);
}

/* the node --------------------------------------------------------------------------------------------------------------------------- */
bool is_window_column(const windows *all, const expr_node *node)
{
    for (size_t i = 0; i < all->count; i++)
        if (node->kind == EXPR_COLUMN && node->column == all->ids[i]) return true;
    return false;
}

bp_status windows_apply(plan_id *node, binder *binder, const windows *all, bp_error *err)
{
    return all->count ? plan_window(node, binder->plan, *node, all->calls, all->ids, all->count, err) : BP_OK;
}
