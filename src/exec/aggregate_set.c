/* Groups with states: adding rows, combining sets, putting in order, reading out. */
#include "aggregate_internal.h"

#include <stdlib.h>

static size_t state_bytes(const aggregate_plan *plan, size_t groups)
{
    return groups * plan->stride;
}

bp_status aggregate_set_new(aggregate_set **out, const aggregate_plan *plan, bp_error *err)
{
    memory *memory = plan->context->memory;
    aggregate_set *set = memory_new(memory, aggregate_set);
    bp_status status;

    *out = NULL;
    if (!set) return error_no_memory(err, memory, sizeof *set);
    set->plan = plan;
    arena_init(&set->arena, memory);
    if ((status = group_table_init(&set->groups, plan->context, &plan->keys, err))) goto done;
    *out = set;
    set = NULL;
done:
    aggregate_set_free(set);
    return status;
}

void aggregate_set_free(aggregate_set *set)
{
    memory *memory;

    if (!set) return;
    memory = set->plan->context->memory;
    group_table_clear(&set->groups);
    memory_free(memory, set->states, state_bytes(set->plan, set->state_capacity));
    arena_clear(&set->arena);
    memory_delete(memory, set);
}

static aggregate_state_call call_of(const aggregate_set *set, size_t index, arena *arena)
{
    return (aggregate_state_call){
        .context = set->plan->context, .arena = arena, .bind_data = set->plan->specs[index].call->bind_data};
}

/* Room and fresh states for groups [old_count, groups.count). */
static bp_status init_states(aggregate_set *set, size_t old_count, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    size_t count = set->groups.count, capacity = set->state_capacity ? set->state_capacity : 64;

    while (capacity < count) capacity *= 2;
    if (capacity != set->state_capacity) {
        char *larger =
            memory_resize(plan->context->memory, set->states, state_bytes(plan, set->state_capacity), state_bytes(plan, capacity));
        if (!larger) return error_no_memory(err, plan->context->memory, state_bytes(plan, capacity));
        set->states = larger;
        set->state_capacity = capacity;
    }
    for (size_t i = 0; i < plan->aggregate_count && count > old_count; i++) {
        aggregate_state_call call = call_of(set, i, &set->arena);
        plan->specs[i].call->function->init(&call, set->states + old_count * plan->stride + plan->state_offsets[i], plan->stride,
                                            count - old_count);
    }
    return BP_OK;
}

bp_status aggregate_set_single(aggregate_set *set, bp_error *err)
{
    char packed[64] = {0};
    uint64_t hash = 0;
    uint32_t group;
    bp_status status;

    CHECK(set->plan->keys.width <= sizeof packed && set->plan->group_count == 0);
    if (set->groups.count) return BP_OK;
    if ((status = group_table_insert(&set->groups, packed, &hash, 1, 0, NULL, false, &group, err))) return status;
    return init_states(set, 0, err);
}

/* scratch --------------------------------------------------------------------------------------------------------------------------- */
static void free_scratch_arrays(aggregate_scratch *scratch, const aggregate_plan *plan)
{
    memory *memory = plan->context->memory;
    size_t rows = scratch->capacity;

    memory_free(memory, scratch->packed, rows * plan->keys.width);
    memory_free(memory, scratch->hashes, rows * sizeof(uint64_t));
    memory_free(memory, scratch->groups, rows * sizeof(uint32_t));
    memory_free(memory, scratch->selection, rows * sizeof(uint32_t));
    memory_free(memory, scratch->selected_groups, rows * sizeof(uint32_t));
    scratch->packed = NULL;
    scratch->hashes = NULL;
    scratch->groups = scratch->selection = scratch->selected_groups = NULL;
    scratch->capacity = 0;
}

void aggregate_scratch_clear(aggregate_scratch *scratch, const aggregate_plan *plan)
{
    free_scratch_arrays(scratch, plan);
    if (scratch->arena.memory) arena_clear(&scratch->arena);
}

bp_status aggregate_scratch_reserve(aggregate_scratch *scratch, const aggregate_plan *plan, size_t rows, bp_error *err)
{
    memory *memory = plan->context->memory;

    if (!scratch->arena.memory) arena_init(&scratch->arena, memory);
    if (rows <= scratch->capacity) return BP_OK;
    free_scratch_arrays(scratch, plan);
    scratch->capacity = rows;
    scratch->packed = memory_allocate(memory, rows * plan->keys.width);
    scratch->hashes = memory_allocate(memory, rows * sizeof(uint64_t));
    scratch->groups = memory_allocate(memory, rows * sizeof(uint32_t));
    scratch->selection = memory_allocate(memory, rows * sizeof(uint32_t));
    scratch->selected_groups = memory_allocate(memory, rows * sizeof(uint32_t));
    if (!scratch->packed || !scratch->hashes || !scratch->groups || !scratch->selection || !scratch->selected_groups)
        return error_no_memory(err, memory, rows * plan->keys.width);
    return BP_OK;
}

#define CHECK_AGGREGATES 64 /* a query may have 10,000 */

/* adding ---------------------------------------------------------------------------------------------------------------------------- */
/* Rows that the aggregate sees: FILTER true, and no argument NULL when it skips NULLs. *out NULL: all rows. */
static size_t select_rows(const aggregate_spec *spec, const column *children, bool filtered, size_t rows, uint32_t *selection,
                          const uint32_t **out)
{
    const aggregate_call *call = spec->call;
    const column *filter = filtered ? &children[call->argument_count] : NULL;
    const uint64_t *masks[8];
    size_t mask_count = 0, selected = 0;
    bool slow = false;

    *out = NULL;
    for (size_t i = 0; i < call->argument_count && call->function->skips_nulls; i++) {
        const column *argument = &children[i];
        if (argument->type.id == TYPE_NULL || argument->encoding == COLUMN_CONSTANT) {
            if (column_is_null(argument, 0)) *out = selection; /* none */
            if (*out) return 0;
        } else if (argument->validity) {
            if (mask_count < ARRAY_LENGTH(masks))
                masks[mask_count++] = argument->validity;
            else
                slow = true;
        }
    }
    if (!mask_count && !filter) return rows;
    for (size_t row = 0; row < rows; row++) {
        bool keep = true;
        for (size_t i = 0; i < mask_count && keep; i++) keep = bitmap_get(masks[i], row);
        if (keep && filter)
            keep = !column_is_null(filter, row) && bitmap_get(filter->values, filter->encoding == COLUMN_CONSTANT ? 0 : row);
        for (size_t i = 0; i < call->argument_count && keep && slow; i++) keep = !column_is_null(&children[i], row);
        selection[selected] = (uint32_t)row;
        selected += keep;
    }
    if (selected == rows) return rows;
    *out = selection;
    return selected;
}

/* Feed one aggregate: children are its columns, groups[row] their groups. */
static bp_status update_one(aggregate_set *set, size_t index, const column *given, size_t given_count, const uint32_t *groups,
                            size_t rows, aggregate_scratch *scratch, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    const aggregate_spec *spec = &plan->specs[index];
    const aggregate_call *call = spec->call;
    column children[16];
    aggregate_state_call state_call = call_of(set, index, &set->arena);
    const uint32_t *selection;
    size_t selected;
    bp_status status;

    if (given_count > ARRAY_LENGTH(children))
        return error_set(err, BP_NOT_SUPPORTED, "%s() of more than %zu arguments", call->function->name,
                         ARRAY_LENGTH(children) - 1);
    for (size_t i = 0; i < given_count; i++) {
        children[i] = given[i];
        if (given[i].encoding == COLUMN_DICTIONARY && (status = column_flatten(&children[i], &given[i], &scratch->arena, err)))
            return status;
    }
    selected = select_rows(spec, children, given_count > call->argument_count, rows, scratch->selection, &selection);
    if (selected == 0) return BP_OK;
    if (selection && groups) {
        for (size_t i = 0; i < selected; i++) scratch->selected_groups[i] = groups[selection[i]];
        groups = scratch->selected_groups;
    }
    return call->function->update(&state_call, set->states + plan->state_offsets[index], plan->stride, groups, children,
                                  call->argument_count, selection, selected, err);
}

bp_status aggregate_set_add(aggregate_set *set, const batch *in, uint64_t position, const bool *skip, aggregate_scratch *scratch,
                            bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    size_t old_count = set->groups.count;
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, plan, in->row_count, err))) return status;
    arena_reset(&scratch->arena);
    if (plan->group_count) {
        if ((status = key_pack(&plan->keys, in->columns, in->row_count, scratch->packed, scratch->hashes, &scratch->arena, err)))
            return status;
        if ((status = group_table_insert(&set->groups, scratch->packed, scratch->hashes, in->row_count, position, NULL, true,
                                         scratch->groups, err)))
            return status;
        if ((status = init_states(set, old_count, err))) return status;
    } else if ((status = aggregate_set_single(set, err))) {
        return status;
    }
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        if ((i + 1) % CHECK_AGGREGATES == 0 && (status = cancel_check(&plan->context->cancel, err))) return status;
        if (!skip[i] && (status = update_one(set, i, &in->columns[plan->specs[i].first],
                                             plan->specs[i].call->argument_count + plan->specs[i].call->has_filter,
                                             plan->group_count ? scratch->groups : NULL, in->row_count, scratch, err)))
            return status;
    }
    return BP_OK;
}

/* combining ------------------------------------------------------------------------------------------------------------------------- */
#define COMBINE_ROWS 2048
#define CHECK_TURNS 256 /* of at most so many rows each */

/* Take over `count` groups of `from` starting at `begin` (contiguous rows). */
static bp_status combine_run(aggregate_set *into, const aggregate_set *from, size_t begin, size_t count, uint32_t *groups,
                             bp_error *err)
{
    const aggregate_plan *plan = into->plan;
    size_t old_count = into->groups.count;
    bp_status status;

    if ((status = group_table_insert(&into->groups, from->groups.rows + begin * plan->keys.width, from->groups.hashes + begin,
                                     count, 0, from->groups.firsts + begin, false, groups, err)))
        return status;
    if ((status = init_states(into, old_count, err))) return status;
    for (size_t i = 0; i < count; i++)
        if (from->groups.firsts[begin + i] < into->groups.firsts[groups[i]])
            into->groups.firsts[groups[i]] = from->groups.firsts[begin + i];
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        aggregate_state_call call = call_of(into, i, &into->arena);
        status = plan->specs[i].call->function->combine(&call, into->states + plan->state_offsets[i], plan->stride, groups,
                                                        from->states + begin * plan->stride + plan->state_offsets[i], plan->stride,
                                                        count, err);
        if (status) return status;
    }
    return BP_OK;
}

static inline size_t partition_of(uint64_t hash, size_t partitions)
{
    return partitions == 1 ? 0 : (size_t)(hash >> (64 - __builtin_ctzll(partitions)));
}

bp_status aggregate_set_combine(aggregate_set *into, const aggregate_set *from, size_t partition, size_t partitions,
                                aggregate_scratch *scratch, bp_error *err)
{
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, into->plan, COMBINE_ROWS, err))) return status;
    for (size_t begin = 0, turn = 0; begin < from->groups.count; turn++) {
        size_t end = begin;
        if (turn % CHECK_TURNS == 0 && (status = cancel_check(&into->plan->context->cancel, err))) return status;
        if (partition_of(from->groups.hashes[begin], partitions) != partition) {
            begin++;
            continue;
        }
        while (end < from->groups.count && end - begin < COMBINE_ROWS &&
               partition_of(from->groups.hashes[end], partitions) == partition)
            end++;
        if ((status = combine_run(into, from, begin, end - begin, scratch->groups, err))) return status;
        begin = end;
    }
    return BP_OK;
}

/* feeding --------------------------------------------------------------------------------------------------------------------------- */
/* The rows whose groups are in part `number` of `count`, with the groups' numbers there. */
static size_t rows_of_part(const aggregate_set *part, size_t number, size_t count, size_t rows, const aggregate_scratch *scratch,
                           uint32_t *selection, uint32_t *groups)
{
    size_t selected = 0, width = part->plan->keys.width;

    for (size_t row = 0; row < rows; row++) {
        if (partition_of(scratch->hashes[row], count) != number) continue;
        group_table_find(&part->groups, scratch->packed + row * width, &scratch->hashes[row], 1, &groups[selected]);
        selection[selected] = (uint32_t)row;
        selected += groups[selected] != UINT32_MAX;
    }
    return selected;
}

bp_status aggregate_set_feed(aggregate_set **parts, size_t count, size_t index, const column *columns, size_t rows,
                             aggregate_scratch *scratch, bp_error *err)
{
    const aggregate_plan *plan = parts[0]->plan;
    size_t group_count = plan->group_count, argument_count = plan->specs[index].call->argument_count;
    uint32_t *selection, *groups;
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, plan, rows, err))) return status;
    arena_reset(&scratch->arena);
    if (group_count == 0) return update_one(parts[0], index, columns, argument_count, NULL, rows, scratch, err);
    if ((status = key_pack(&plan->keys, columns, rows, scratch->packed, scratch->hashes, &scratch->arena, err))) return status;
    selection = arena_new_array(&scratch->arena, uint32_t, rows);
    groups = arena_new_array(&scratch->arena, uint32_t, rows);
    if (!selection || !groups) return error_no_memory(err, plan->context->memory, rows * 8);
    for (size_t number = 0; number < count; number++) {
        size_t selected = rows_of_part(parts[number], number, count, rows, scratch, selection, groups);
        batch arguments = {
            .row_count = rows, .column_count = argument_count, .columns = (column *)(uintptr_t)&columns[group_count]};
        batch chosen;
        if (selected == 0) continue;
        if ((status = batch_gather(&chosen, &arguments, selection, selected, &scratch->arena, err))) return status;
        if ((status = update_one(parts[number], index, chosen.columns, argument_count, groups, selected, scratch, err)))
            return status;
    }
    return BP_OK;
}

/* order ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct group_place {
    uint64_t first;
    size_t group;
} group_place;

static int by_first(const void *left, const void *right)
{
    uint64_t a = ((const group_place *)left)->first, b = ((const group_place *)right)->first;

    return (a > b) - (a < b);
}

static bool in_order(const group_table *groups)
{
    for (size_t i = 1; i < groups->count; i++)
        if (groups->firsts[i - 1] > groups->firsts[i]) return false;
    return true;
}

bp_status aggregate_set_order(aggregate_set *set, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    memory *memory = plan->context->memory;
    size_t count = set->groups.count, width = plan->keys.width;
    group_place *places = NULL;
    char *rows = NULL, *states = NULL;
    bp_status status = BP_OK;

    if (in_order(&set->groups)) return BP_OK;
    places = memory_allocate(memory, count * sizeof *places);
    rows = memory_allocate(memory, set->groups.capacity * width);
    states = memory_allocate(memory, state_bytes(plan, set->state_capacity));
    if (!places || !rows || !states) {
        status = error_no_memory(err, memory, count * width);
        goto done;
    }
    for (size_t i = 0; i < count; i++) places[i] = (group_place){set->groups.firsts[i], i};
    qsort(places, count, sizeof *places, by_first);
    for (size_t i = 0; i < count; i++) {
        memcpy(rows + i * width, set->groups.rows + places[i].group * width, width);
        memcpy(states + i * plan->stride, set->states + places[i].group * plan->stride, plan->stride);
        set->groups.firsts[i] = places[i].first;
    }
    memory_free(memory, set->groups.rows, set->groups.capacity * width);
    memory_free(memory, set->states, state_bytes(plan, set->state_capacity));
    set->groups.rows = rows;
    set->states = states;
    rows = states = NULL;
done:
    memory_free(memory, places, count * sizeof *places);
    memory_free(memory, rows, set->groups.capacity * width);
    memory_free(memory, states, state_bytes(plan, set->state_capacity));
    return status;
}

bp_status aggregate_set_emit(const aggregate_set *set, size_t begin, size_t rows, column *out, arena *arena, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    bp_status status;

    if ((status = key_unpack(&plan->keys, set->groups.rows + begin * plan->keys.width, rows, out, arena, err))) return status;
    for (size_t i = 0; i < plan->aggregate_count; i++) {
        aggregate_state_call call = call_of(set, i, arena);
        column *result = &out[plan->group_count + i];
        status = plan->specs[i].call->function->finish(&call, set->states + begin * plan->stride + plan->state_offsets[i],
                                                       plan->stride, rows, result, arena, err);
        if (status) return status;
        result->type = plan->specs[i].result;
        result->length = rows;
    }
    return BP_OK;
}
