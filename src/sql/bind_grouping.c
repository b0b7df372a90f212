/* GROUP BY's elements as grouping sets: each set is a mask over the expressions that stand in the clause. GROUP BY a, ROLLUP(b, c) is the product of
 * {a} with {b c}, {b}, {}. A SELECT with several sets is bound once for each, and the results are put one behind the other (bind_select.c). */
#include "binder.h"

#define MOST_EXPRESSIONS 64 /* bits of a mask */
#define MOST_DEPTH 16 /* GROUPING SETS inside GROUPING SETS */

typedef struct mask_list {
    uint64_t *masks;
    size_t count;
} mask_list;

typedef struct grouping {
    binder *binder;
    grouping_sets *out;
    size_t depth;
} grouping;

static bp_status too_many(const grouping *state, syntax_id node, bp_error *err)
{
    return error_set_at(err, BP_LIMIT, syntax_at(state->binder->tree, node)->begin, "GROUP BY has more than %d grouping sets",
                        LIMIT_GROUPING_SETS);
}

static bp_status new_masks(const grouping *state, mask_list *out, size_t count, syntax_id node, bp_error *err)
{
    if (count > LIMIT_GROUPING_SETS) return too_many(state, node, err);
    out->count = count;
    out->masks = arena_new_array(state->binder->arena, uint64_t, count);
    return out->masks ? BP_OK : error_no_memory(err, state->binder->context->memory, count * sizeof(uint64_t));
}

/* The bits of an element that goes as one: an expression, (a, b), (). */
static bp_status unit_of(grouping *state, syntax_id node, uint64_t *out, bp_error *err)
{
    const syntax *tree = state->binder->tree;
    bool row = syntax_kind_of(tree, node) == SYNTAX_ROW;
    size_t count = row ? syntax_at(tree, node)->count : 1;

    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (state->out->count == MOST_EXPRESSIONS)
            return error_set_at(err, BP_LIMIT, syntax_at(tree, node)->begin,
                                "GROUP BY with ROLLUP, CUBE or GROUPING SETS takes at most %d expressions", MOST_EXPRESSIONS);
        *out |= (uint64_t)1 << state->out->count;
        state->out->nodes[state->out->count++] = row ? syntax_children(tree, node)[i] : node;
    }
    return BP_OK;
}

static bp_status units_of(grouping *state, syntax_id node, uint64_t units[MOST_EXPRESSIONS], bp_error *err)
{
    const syntax_node *syntax = syntax_at(state->binder->tree, node);
    bp_status status = BP_OK;

    for (size_t i = 0; i < syntax->count && !status; i++) {
        if (i == MOST_EXPRESSIONS) return too_many(state, node, err);
        status = unit_of(state, syntax_children(state->binder->tree, node)[i], &units[i], err);
    }
    return status;
}

/* ROLLUP: all units, then one less from the end each time. */
static bp_status rollup(grouping *state, syntax_id node, mask_list *out, bp_error *err)
{
    uint64_t units[MOST_EXPRESSIONS];
    size_t count = syntax_at(state->binder->tree, node)->count;
    bp_status status;

    if ((status = units_of(state, node, units, err)) || (status = new_masks(state, out, count + 1, node, err))) return status;
    for (size_t set = 0; set <= count; set++) {
        out->masks[set] = 0;
        for (size_t i = 0; i + set < count; i++) out->masks[set] |= units[i];
    }
    return BP_OK;
}

/* CUBE: every choice of units, the first ones varying last. */
static bp_status cube(grouping *state, syntax_id node, mask_list *out, bp_error *err)
{
    uint64_t units[MOST_EXPRESSIONS];
    size_t count = syntax_at(state->binder->tree, node)->count;
    bp_status status;

    if (count >= 31) return too_many(state, node, err);
    if ((status = units_of(state, node, units, err)) || (status = new_masks(state, out, (size_t)1 << count, node, err)))
        return status;
    for (size_t set = 0; set < out->count; set++) {
        out->masks[set] = 0;
        for (size_t i = 0; i < count; i++)
            if (!(set >> (count - 1 - i) & 1)) out->masks[set] |= units[i];
    }
    return BP_OK;
}

static bp_status sets_of(grouping *state, syntax_id node, mask_list *out, bp_error *err);

/* GROUPING SETS: those of its elements, one behind the other. */
static bp_status all_sets(grouping *state, syntax_id node, mask_list *out, bp_error *err)
{
    const syntax_node *syntax = syntax_at(state->binder->tree, node);
    mask_list all = {0};
    bp_status status;

    if (++state->depth > MOST_DEPTH)
        return error_set_at(err, BP_LIMIT, syntax->begin, "GROUPING SETS nest deeper than %d levels", MOST_DEPTH);
    for (size_t i = 0; i < syntax->count; i++) {
        mask_list some, both;
        if ((status = sets_of(state, syntax_children(state->binder->tree, node)[i], &some, err))) return status;
        if ((status = new_masks(state, &both, all.count + some.count, node, err))) return status;
        if (all.count) memcpy(both.masks, all.masks, all.count * sizeof *all.masks);
        if (some.count) memcpy(both.masks + all.count, some.masks, some.count * sizeof *some.masks);
        all = both;
    }
    state->depth--;
    *out = all;
    return BP_OK;
}

static bp_status sets_of(grouping *state, syntax_id node, mask_list *out, bp_error *err)
{
    bp_status status;

    if (syntax_kind_of(state->binder->tree, node) == SYNTAX_GROUPING) {
        switch (syntax_at(state->binder->tree, node)->option) {
        case GROUPING_ROLLUP: return rollup(state, node, out, err);
        case GROUPING_CUBE: return cube(state, node, out, err);
        default: return all_sets(state, node, out, err);
        }
    }
    if ((status = new_masks(state, out, 1, node, err))) return status;
    return unit_of(state, node, &out->masks[0], err);
}

bool has_grouping_sets(const binder *binder, syntax_id list)
{
    for (size_t i = 0; list && i < syntax_at(binder->tree, list)->count; i++)
        if (syntax_kind_of(binder->tree, syntax_children(binder->tree, list)[i]) == SYNTAX_GROUPING) return true;
    return false;
}

bp_status grouping_sets_of(grouping_sets *out, binder *binder, syntax_id list, bp_error *err)
{
    grouping state = {.binder = binder, .out = out};
    mask_list product;
    bp_status status;

    out->count = 0;
    out->nodes = arena_new_array(binder->arena, syntax_id, MOST_EXPRESSIONS);
    if (!out->nodes) return error_no_memory(err, binder->context->memory, MOST_EXPRESSIONS * sizeof *out->nodes);
    if ((status = new_masks(&state, &product, 1, list, err))) return status;
    product.masks[0] = 0;
    for (size_t i = 0; i < syntax_at(binder->tree, list)->count; i++) {
        mask_list some, larger;
        if ((status = sets_of(&state, syntax_children(binder->tree, list)[i], &some, err))) return status;
        if ((status = new_masks(&state, &larger, product.count * some.count, list, err))) return status;
        for (size_t a = 0; a < product.count; a++)
            for (size_t b = 0; b < some.count; b++) larger.masks[a * some.count + b] = product.masks[a] | some.masks[b];
        product = larger;
    }
    out->masks = product.masks;
    out->mask_count = product.count;
    return BP_OK;
}
