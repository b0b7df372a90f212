/* Groups with states: adding rows, combining sets, putting in order, reading out. */
#include "aggregate_internal.h"
#include "compute/select.h"

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
    memory_free(memory, set->starts, set->starts ? (ROW_PARTITIONS + 1) * sizeof *set->starts : 0);
    memory_free(memory, set->partials, set->partial_capacity * sizeof *set->partials);
    arena_clear(&set->arena);
    memory_delete(memory, set);
}

static aggregate_state_call call_of(const aggregate_set *set, size_t index, arena *arena)
{
    return (aggregate_state_call){
        .context = set->plan->context, .arena = arena, .bind_data = set->plan->specs[index].call->bind_data};
}

static bp_status reserve_states(aggregate_set *set, size_t count, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    size_t capacity = set->state_capacity ? set->state_capacity : 64;
    char *larger;

    while (capacity < count) capacity *= 2;
    if (capacity == set->state_capacity) return BP_OK;
    larger = memory_resize(plan->context->memory, set->states, state_bytes(plan, set->state_capacity), state_bytes(plan, capacity));
    if (!larger) return error_no_memory(err, plan->context->memory, state_bytes(plan, capacity));
    set->states = larger;
    set->state_capacity = capacity;
    return BP_OK;
}

bp_status aggregate_set_reserve(aggregate_set *set, size_t groups, bp_error *err)
{
    bp_status status;

    if (groups == 0) return BP_OK;
    if ((status = group_table_reserve(&set->groups, groups, err))) return status;
    return reserve_states(set, groups, err);
}

/* Room and fresh states for groups [old_count, groups.count). */
static bp_status init_states(aggregate_set *set, size_t old_count, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    size_t count = set->groups.count;
    bp_status status;

    if ((status = reserve_states(set, count, err))) return status;
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
    memory_free(memory, scratch->selection, rows ? (rows + SELECT_ROOM) * sizeof(uint32_t) : 0);
    memory_free(memory, scratch->mask, bitmap_words(rows) * sizeof(uint64_t));
    memory_free(memory, scratch->selected_groups, rows * sizeof(uint32_t));
    memory_free(memory, scratch->partial_groups, rows * sizeof(uint32_t));
    memory_free(memory, scratch->partial_of, rows * sizeof(uint32_t));
    scratch->packed = NULL;
    scratch->hashes = scratch->mask = NULL;
    scratch->groups = scratch->selection = scratch->selected_groups = scratch->partial_groups = scratch->partial_of = NULL;
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
    scratch->selection = memory_allocate(memory, (rows + SELECT_ROOM) * sizeof(uint32_t));
    scratch->mask = memory_allocate(memory, bitmap_words(rows) * sizeof(uint64_t));
    scratch->selected_groups = memory_allocate(memory, rows * sizeof(uint32_t));
    scratch->partial_groups = memory_allocate(memory, rows * sizeof(uint32_t));
    scratch->partial_of = memory_allocate(memory, rows * sizeof(uint32_t));
    if (!scratch->packed || !scratch->hashes || !scratch->groups || !scratch->selection || !scratch->mask ||
        !scratch->selected_groups || !scratch->partial_groups || !scratch->partial_of)
        return error_no_memory(err, memory, rows * plan->keys.width);
    return BP_OK;
}

#define CHECK_AGGREGATES 64 /* a query may have 10,000 */

/* adding ---------------------------------------------------------------------------------------------------------------------------- */
/* mask AND= bits; the first time mask = bits. */
static void narrow(uint64_t *mask, bool *narrowed, const uint64_t *bits, size_t rows)
{
    bitmap_and(mask, *narrowed ? mask : NULL, bits, rows);
    *narrowed = true;
}

/* Rows that the aggregate sees: FILTER true, and no argument NULL when it skips NULLs. False: all rows, and `mask` is not set. */
static bool seen_rows(const aggregate_spec *spec, const column *children, bool filtered, size_t rows, uint64_t *mask)
{
    const aggregate_call *call = spec->call;
    bool narrowed = false, none = false;

    for (size_t i = 0; i < call->argument_count && call->function->skips_nulls; i++) {
        const column *argument = &children[i];
        if (argument->type.id == TYPE_NULL || argument->encoding == COLUMN_CONSTANT)
            none |= column_is_null(argument, 0);
        else if (argument->validity)
            narrow(mask, &narrowed, argument->validity, rows);
    }
    if (filtered) {
        const column *filter = &children[call->argument_count];
        if (filter->type.id == TYPE_NULL || filter->encoding == COLUMN_CONSTANT) {
            none |= column_is_null(filter, 0) || !bitmap_get(filter->values, 0);
        } else {
            narrow(mask, &narrowed, filter->values, rows);
            if (filter->validity) narrow(mask, &narrowed, filter->validity, rows);
        }
    }
    if (none) bitmap_fill(mask, rows, false);
    return none || narrowed;
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
    const uint32_t *selection = NULL;
    size_t selected = rows;
    bp_status status;

    if (given_count > ARRAY_LENGTH(children))
        return error_set(err, BP_NOT_SUPPORTED, "%s() of more than %zu arguments", call->function->name,
                         ARRAY_LENGTH(children) - 1);
    for (size_t i = 0; i < given_count; i++) {
        children[i] = given[i];
        if (given[i].encoding == COLUMN_DICTIONARY && (status = column_flatten(&children[i], &given[i], &scratch->arena, err)))
            return status;
    }
    if (seen_rows(spec, children, given_count > call->argument_count, rows, scratch->mask)) {
        if (!groups && aggregate_takes_mask(call->function, children)) {
            if (!bitmap_count(scratch->mask, rows)) return BP_OK;
            state_call.mask = scratch->mask;
            return call->function->update(&state_call, set->states + plan->state_offsets[index], plan->stride, NULL, children,
                                          call->argument_count, NULL, rows, err);
        }
        selected = select_rows(scratch->selection, scratch->mask, rows);
        if (selected < rows) selection = scratch->selection;
    }
    if (selected == 0) return BP_OK;
    if (selection && groups) {
        for (size_t i = 0; i < selected; i++) scratch->selected_groups[i] = groups[selection[i]];
        groups = scratch->selected_groups;
    }
    return call->function->update(&state_call, set->states + plan->state_offsets[index], plan->stride, groups, children,
                                  call->argument_count, selection, selected, err);
}

/* All aggregates that are not fed later, or of these the ordered or the other ones. `columns[first[i]]` is the first child of aggregate i. */
typedef enum update_which { UPDATE_ALL, UPDATE_ORDERED, UPDATE_UNORDERED } update_which;

static bp_status update_all(aggregate_set *set, update_which which, const column *columns, const uint32_t *first,
                            const uint32_t *groups, size_t rows, aggregate_scratch *scratch, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    bp_status status;

    for (size_t i = 0; i < plan->aggregate_count; i++) {
        const aggregate_spec *spec = &plan->specs[i];
        const column *children = &columns[first ? first[i] : spec->first];
        if ((i + 1) % CHECK_AGGREGATES == 0 && (status = cancel_check(&plan->context->cancel, err))) return status;
        if (plan->fed_later[i] || (which != UPDATE_ALL && spec->call->function->ordered != (which == UPDATE_ORDERED))) continue;
        if ((status =
                 update_one(set, i, children, spec->call->argument_count + spec->call->has_filter, groups, rows, scratch, err)))
            return status;
    }
    return BP_OK;
}

bp_status aggregate_pack(const aggregate_plan *plan, const batch *in, aggregate_scratch *scratch, bp_error *err)
{
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, plan, in->row_count, err))) return status;
    arena_reset(&scratch->arena);
    return key_pack(&plan->keys, in->columns, in->row_count, scratch->packed, scratch->hashes, &scratch->arena, err);
}

bp_status aggregate_set_add(aggregate_set *set, const batch *in, uint64_t position, aggregate_scratch *scratch, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    size_t old_count = set->groups.count;
    bp_status status;

    if ((status = aggregate_pack(plan, in, scratch, err))) return status;
    if (plan->group_count) {
        if ((status = group_table_insert(&set->groups, scratch->packed, scratch->hashes, in->row_count, position, NULL, true,
                                         scratch->groups, err)))
            return status;
        if ((status = init_states(set, old_count, err))) return status;
    } else if ((status = aggregate_set_single(set, err))) {
        return status;
    }
    return update_all(set, UPDATE_ALL, in->columns, NULL, plan->group_count ? scratch->groups : NULL, in->row_count, scratch, err);
}

/* rows set aside --------------------------------------------------------------------------------------------------------------------- */
/* The next of `left` rows from *begin of *block on that lie in one block; then both go on behind them. */
static size_t next_rows(const row_block **block, size_t *begin, size_t left)
{
    if (*begin == (*block)->count) {
        *block = (*block)->next;
        *begin = 0;
    }
    return (*block)->count - *begin < left ? (*block)->count - *begin : left;
}

static bp_status insert_aside(aggregate_set *set, const row_block *block, size_t begin, size_t rows, aggregate_scratch *scratch,
                              bp_error *err)
{
    uint32_t *groups = scratch->groups;
    size_t width = set->plan->keys.width, old_count = set->groups.count;
    bp_status status;

    for (size_t done = 0, count; done < rows; done += count, begin += count) {
        const uint64_t *hashes = scratch->hashes;
        count = next_rows(&block, &begin, rows - done);
        if (block->hashes)
            hashes = block->hashes + begin;
        else
            key_hash(&set->plan->keys, block->keys + begin * width, count, scratch->hashes);
        if ((status = group_table_insert(&set->groups, block->keys + begin * width, hashes, count, 0, block->positions + begin,
                                         block->loaded.memory != NULL, groups + done, err)))
            return status;
        for (size_t i = 0; i < count && !set->plan->ordered; i++) /* a set of many morsels may have come before */
            if (block->positions[begin + i] < set->groups.firsts[groups[done + i]])
                set->groups.firsts[groups[done + i]] = block->positions[begin + i];
    }
    return init_states(set, old_count, err);
}

static bp_status reserve_partials(aggregate_set *set, bp_error *err)
{
    memory *memory = set->plan->context->memory;
    size_t old = set->partial_capacity, wanted = set->groups.capacity;
    uint32_t *larger;

    if (wanted <= old) return BP_OK;
    larger = memory_resize(memory, set->partials, old * sizeof *larger, wanted * sizeof *larger);
    if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
    memset(larger + old, 0xff, (wanted - old) * sizeof *larger);
    set->partials = larger;
    set->partial_capacity = wanted;
    return BP_OK;
}

/* Rows of groups from before this morsel go to partial states, which stand behind those of all groups; partial_of: whose they are. */
static bp_status find_partials(aggregate_set *set, size_t old_count, size_t rows, size_t *partial_count, aggregate_scratch *scratch,
                               bp_error *err)
{
    size_t partials = 0, count = set->groups.count;
    bp_status status;

    if ((status = reserve_partials(set, err))) return status;
    for (size_t group = old_count; group < count; group++) set->partials[group] = (uint32_t)group;
    for (size_t row = 0; row < rows; row++) { /* without a branch: whether a group was met in this morsel cannot be foretold */
        uint32_t group = scratch->groups[row], known = set->partials[group];
        bool fresh = known == UINT32_MAX;
        known = fresh ? (uint32_t)(count + partials) : known;
        scratch->partial_of[partials] = group; /* stays if it is fresh */
        partials += fresh;
        scratch->partial_groups[row] = set->partials[group] = known;
    }
    memset(set->partials + old_count, 0xff, (count - old_count) * sizeof *set->partials);
    for (size_t i = 0; i < partials; i++) set->partials[scratch->partial_of[i]] = UINT32_MAX;
    *partial_count = partials;
    return reserve_states(set, count + partials, err);
}

static void init_partials(aggregate_set *set, size_t partials)
{
    const aggregate_plan *plan = set->plan;

    for (size_t i = 0; i < plan->aggregate_count; i++) {
        aggregate_state_call call = call_of(set, i, &set->arena);
        if (plan->specs[i].call->function->ordered && !plan->fed_later[i])
            plan->specs[i].call->function->init(&call, set->states + set->groups.count * plan->stride + plan->state_offsets[i],
                                                plan->stride, partials);
    }
}

static bp_status combine_partials(aggregate_set *set, size_t partials, const uint32_t *partial_of, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    bp_status status = BP_OK;

    for (size_t i = 0; i < plan->aggregate_count && !status; i++) {
        aggregate_state_call call = call_of(set, i, &set->arena);
        char *states = set->states + plan->state_offsets[i];
        if (plan->specs[i].call->function->ordered && !plan->fed_later[i])
            status = plan->specs[i].call->function->combine(&call, states, plan->stride, partial_of,
                                                            states + set->groups.count * plan->stride, plan->stride, partials, err);
    }
    return status;
}

static bp_status update_aside(aggregate_set *set, update_which which, const row_block *block, size_t begin, size_t rows,
                              const uint32_t *groups, aggregate_scratch *scratch, bp_error *err)
{
    const row_layout *layout = &set->plan->rows;
    bp_status status;

    for (size_t done = 0, count; done < rows; done += count, begin += count) {
        column *columns;
        count = next_rows(&block, &begin, rows - done);
        arena_reset(&scratch->arena);
        columns = arena_new_array(&scratch->arena, column, layout->column_count);
        if (!columns) return error_no_memory(err, scratch->arena.memory, layout->column_count * sizeof *columns);
        if ((status = row_block_columns(columns, layout, block, begin, count, &scratch->arena, err))) return status;
        if ((status = update_all(set, which, columns, set->plan->row_columns, groups + done, count, scratch, err))) return status;
    }
    return BP_OK;
}

bp_status aggregate_set_add_aside(aggregate_set *set, const row_block *block, size_t begin, size_t rows, aggregate_scratch *scratch,
                                  bp_error *err)
{
    size_t old_count = set->groups.count, partials = 0;
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, set->plan, rows, err))) return status;
    if ((status = insert_aside(set, block, begin, rows, scratch, err))) return status;
    if (set->plan->ordered && (status = find_partials(set, old_count, rows, &partials, scratch, err))) return status;
    if (!partials) return update_aside(set, UPDATE_ALL, block, begin, rows, scratch->groups, scratch, err);
    init_partials(set, partials);
    if ((status = update_aside(set, UPDATE_ORDERED, block, begin, rows, scratch->partial_groups, scratch, err))) return status;
    if ((status = combine_partials(set, partials, scratch->partial_of, err))) return status;
    return update_aside(set, UPDATE_UNORDERED, block, begin, rows, scratch->groups, scratch, err);
}

/* combining ------------------------------------------------------------------------------------------------------------------------- */
#define COMBINE_ROWS 2048

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

bp_status aggregate_set_combine(aggregate_set *into, const aggregate_set *from, size_t begin, size_t end,
                                aggregate_scratch *scratch, bp_error *err)
{
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, into->plan, COMBINE_ROWS, err))) return status;
    for (size_t count; begin < end; begin += count) {
        count = end - begin < COMBINE_ROWS ? end - begin : COMBINE_ROWS;
        if ((status = combine_run(into, from, begin, count, scratch->groups, err))) return status;
        if ((status = cancel_check(&into->plan->context->cancel, err))) return status;
    }
    return BP_OK;
}

/* feeding --------------------------------------------------------------------------------------------------------------------------- */
/* order[0 … rows) = the rows by partition, those of each in their order; starts[p]: where those of a partition begin. */
static void rows_by_partition(const uint64_t *hashes, size_t rows, uint32_t *order, size_t starts[ROW_PARTITIONS + 1])
{
    size_t at[ROW_PARTITIONS] = {0}, begin = 0;

    for (size_t row = 0; row < rows; row++) at[row_partition(hashes[row])]++;
    for (size_t partition = 0; partition < ROW_PARTITIONS; partition++) {
        size_t count = at[partition];
        starts[partition] = at[partition] = begin;
        begin += count;
    }
    starts[ROW_PARTITIONS] = begin;
    for (size_t row = 0; row < rows; row++) order[at[row_partition(hashes[row])]++] = (uint32_t)row;
}

/* Those of `rows` whose groups the part knows, with the groups' numbers there. */
static size_t known_rows(const aggregate_set *part, const uint32_t *rows, size_t count, const aggregate_scratch *scratch,
                         uint32_t *selection, uint32_t *groups)
{
    size_t selected = 0, width = part->plan->keys.width;

    for (size_t i = 0; i < count; i++) {
        group_table_find(&part->groups, scratch->packed + rows[i] * width, &scratch->hashes[rows[i]], 1, &groups[selected]);
        selection[selected] = rows[i];
        selected += groups[selected] != UINT32_MAX;
    }
    return selected;
}

static bp_status feed_part(aggregate_set *part, size_t index, const batch *arguments, const uint32_t *rows, size_t count,
                           aggregate_scratch *scratch, bp_error *err)
{
    uint32_t *selection = arena_new_array(&scratch->arena, uint32_t, count + 1);
    uint32_t *groups = arena_new_array(&scratch->arena, uint32_t, count + 1);
    size_t selected;
    batch chosen;
    bp_status status;

    if (!selection || !groups) return error_no_memory(err, scratch->arena.memory, count * 8);
    selected = known_rows(part, rows, count, scratch, selection, groups);
    if (selected == 0) return BP_OK;
    if ((status = batch_gather(&chosen, arguments, selection, selected, &scratch->arena, err))) return status;
    return update_one(part, index, chosen.columns, arguments->column_count, groups, selected, scratch, err);
}

bp_status aggregate_set_feed(aggregate_set **parts, size_t count, size_t index, const column *columns, size_t rows,
                             aggregate_scratch *scratch, bp_error *err)
{
    const aggregate_plan *plan = parts[0]->plan;
    size_t group_count = plan->group_count, argument_count = plan->specs[index].call->argument_count;
    batch arguments = {.row_count = rows, .column_count = argument_count, .columns = (column *)(uintptr_t)&columns[group_count]};
    size_t starts[ROW_PARTITIONS + 1];
    uint32_t *order;
    bp_status status;

    if ((status = aggregate_scratch_reserve(scratch, plan, rows, err))) return status;
    arena_reset(&scratch->arena);
    if (group_count == 0) return update_one(parts[0], index, columns, argument_count, NULL, rows, scratch, err);
    if ((status = key_pack(&plan->keys, columns, rows, scratch->packed, scratch->hashes, &scratch->arena, err))) return status;
    order = arena_new_array(&scratch->arena, uint32_t, rows);
    if (!order) return error_no_memory(err, plan->context->memory, rows * sizeof *order);
    rows_by_partition(scratch->hashes, rows, order, starts);
    if (count == 1) return feed_part(parts[0], index, &arguments, order, rows, scratch, err);
    for (size_t number = 0; number < count; number++)
        if (starts[number] < starts[number + 1] && (status = feed_part(parts[number], index, &arguments, order + starts[number],
                                                                       starts[number + 1] - starts[number], scratch, err)))
            return status;
    return BP_OK;
}

/* order ----------------------------------------------------------------------------------------------------------------------------- */
/* Groups and states of the set become those of order[0 … count), in that order. */
static bp_status reorder(aggregate_set *set, const group_place *order, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    memory *memory = plan->context->memory;
    group_table *groups = &set->groups;
    size_t count = groups->count, width = plan->keys.width, stride = plan->stride;
    char *rows = memory_allocate(memory, groups->capacity * width),
         *states = memory_allocate(memory, state_bytes(plan, set->state_capacity));
    uint64_t *hashes = memory_allocate(memory, groups->capacity * sizeof *hashes);

    if (!rows || !states || !hashes) goto failed;
    for (size_t i = 0; i < count; i++) {
        group_copy(rows + i * width, groups->rows + order[i].group * width, width);
        group_copy(states + i * stride, set->states + order[i].group * stride, stride);
        hashes[i] = groups->hashes[order[i].group];
        groups->firsts[i] = order[i].first;
    }
    memory_free(memory, groups->rows, groups->capacity * width);
    memory_free(memory, set->states, state_bytes(plan, set->state_capacity));
    memory_free(memory, groups->hashes, groups->capacity * sizeof *hashes);
    groups->rows = rows;
    set->states = states;
    groups->hashes = hashes;
    return BP_OK;
failed:
    memory_free(memory, rows, groups->capacity * width);
    memory_free(memory, states, state_bytes(plan, set->state_capacity));
    memory_free(memory, hashes, groups->capacity * sizeof *hashes);
    return error_no_memory(err, memory, groups->capacity * width);
}

#define SHORT_ORDER 64

static void sort_short(group_place *places, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        group_place moving = places[i];
        size_t hole = i;
        for (; hole > 0 && places[hole - 1].first > moving.first; hole--) places[hole] = places[hole - 1];
        places[hole] = moving;
    }
}

/* One pass of the radix sort, by the byte at `shift`. */
static void sort_by_byte(const group_place *from, group_place *to, size_t count, unsigned shift)
{
    size_t at[256] = {0}, begin = 0;

    for (size_t i = 0; i < count; i++) at[(from[i].first >> shift) & 255]++;
    for (size_t byte = 0; byte < 256; byte++) {
        size_t bytes = at[byte];
        at[byte] = begin;
        begin += bytes;
    }
    for (size_t i = 0; i < count; i++) to[at[(from[i].first >> shift) & 255]++] = from[i];
}

/* The bits in which places differ: mostly a few of the row's number and of the morsel's. */
static uint64_t different_bits(const group_place *places, size_t count)
{
    uint64_t different = 0;

    for (size_t i = 1; i < count; i++) different |= places[i].first ^ places[0].first;
    return different;
}

bp_status group_places_sort(group_place *places, group_place *other, size_t count, cancel *cancel, bp_error *err)
{
    group_place *from = places, *to = other, *swap;
    uint64_t different;
    bp_status status;

    if (count <= SHORT_ORDER) {
        sort_short(places, count);
        return BP_OK;
    }
    different = different_bits(places, count);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (((different >> shift) & 255) == 0) continue;
        if ((status = cancel_check(cancel, err))) return status;
        sort_by_byte(from, to, count, shift);
        swap = from;
        from = to;
        to = swap;
    }
    if (from != places) memcpy(places, from, count * sizeof *places);
    return BP_OK;
}

static bool in_order(const group_table *groups)
{
    for (size_t i = 1; i < groups->count; i++)
        if (groups->firsts[i - 1] > groups->firsts[i]) return false;
    return true;
}

bp_status aggregate_set_order(aggregate_set *set, bp_error *err)
{
    memory *memory = set->plan->context->memory;
    size_t count = set->groups.count, bytes = 2 * count * sizeof(group_place);
    group_place *places;
    bp_status status;

    if (in_order(&set->groups)) return BP_OK;
    places = memory_allocate(memory, bytes);
    if (!places) return error_no_memory(err, memory, bytes);
    for (size_t i = 0; i < count; i++) places[i] = (group_place){set->groups.firsts[i], 0, (uint32_t)i};
    status = group_places_sort(places, places + count, count, &set->plan->context->cancel, err);
    if (!status) status = reorder(set, places, err);
    memory_free(memory, places, bytes);
    return status;
}

bp_status aggregate_set_partition(aggregate_set *set, bp_error *err)
{
    memory *memory = set->plan->context->memory;
    size_t count = set->groups.count, order_bytes = count * sizeof(uint32_t), place_bytes = count * sizeof(group_place);
    uint32_t *order = memory_allocate(memory, order_bytes);
    group_place *places = memory_allocate(memory, place_bytes);
    bp_status status = BP_OK;

    set->starts = memory_allocate_array(memory, ROW_PARTITIONS + 1, sizeof *set->starts);
    if (!order || !places || !set->starts) {
        status = error_no_memory(err, memory, place_bytes);
        goto done;
    }
    rows_by_partition(set->groups.hashes, count, order, set->starts);
    for (size_t i = 0; i < count; i++) places[i] = (group_place){set->groups.firsts[order[i]], 0, order[i]};
    status = reorder(set, places, err);
done:
    memory_free(memory, order, order_bytes);
    memory_free(memory, places, place_bytes);
    return status;
}

bp_status aggregate_set_seal(aggregate_set *set, bp_error *err)
{
    const aggregate_plan *plan = set->plan;
    memory *memory = plan->context->memory;
    size_t wanted = set->groups.count ? set->groups.count : 1;
    char *smaller;
    bp_status status;

    if ((status = aggregate_set_order(set, err)) || (status = group_table_seal(&set->groups, err))) return status;
    memory_free(memory, set->partials, set->partial_capacity * sizeof *set->partials);
    set->partials = NULL;
    set->partial_capacity = 0;
    if (set->state_capacity <= wanted) return BP_OK;
    smaller = memory_resize(memory, set->states, state_bytes(plan, set->state_capacity), state_bytes(plan, wanted));
    if (!smaller) return error_no_memory(err, memory, state_bytes(plan, wanted));
    set->states = smaller;
    set->state_capacity = wanted;
    return BP_OK;
}
