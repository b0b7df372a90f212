/* See parquet_room.h. */
#include "parquet_room.h"

void batch_room_clear(batch_room *room)
{
    region_release(room->region);
    memory_free(room->memory, room->used, room->used_capacity * sizeof *room->used);
}

static void release_region(void *region)
{
    region_release(region);
}

bool batch_room_use(void *data, region *region)
{
    batch_room *room = data;

    for (size_t i = room->used_count; i-- > 0;)
        if (room->used[i] == region) return true;
    if (room->used_count == room->used_capacity) {
        size_t wanted = room->used_capacity * 2 + 16;
        struct region **larger =
            memory_resize(room->memory, room->used, room->used_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return false;
        room->used = larger;
        room->used_capacity = wanted;
    }
    if (!region_on_end(room->region, release_region, region)) return false;
    room->used[room->used_count++] = region_retain(region);
    return true;
}

bp_status batch_room_ready(batch_room *room, bp_error *err)
{
    size_t before = room->region ? arena_size(region_arena(room->region)) : 0;

    if (before > room->batch_bytes) room->batch_bytes = before;
    room->used_count = 0;
    if (room->region && region_is_shared(room->region)) {
        region_release(room->region);
        room->region = NULL;
    }
    if (room->region) region_reset(room->region);
    if (!room->region && !(room->region = region_new(room->memory))) return error_no_memory(err, room->memory, 64);
    if (room->batch_bytes > arena_size(region_arena(room->region))) {
        arena_clear(region_arena(room->region));
        if (!arena_allocate(region_arena(room->region), room->batch_bytes))
            return error_no_memory(err, room->memory, room->batch_bytes);
        arena_reset(region_arena(room->region));
        room->batch_bytes = arena_size(region_arena(room->region));
    }
    return BP_OK;
}

/* Columns that no file holds --------------------------------------------------------------------------------------------------------- */
bp_status batch_room_text(batch_room *room, string_view text, size_t rows, column *out, bp_error *err)
{
    string_ref *value = arena_new(region_arena(room->region), string_ref);
    string_view copy = arena_copy(region_arena(room->region), text);

    if (!value || !copy.data) return error_no_memory(err, room->memory, text.size);
    *value = string_ref_of(copy.data, copy.size);
    *out = (column){
        .type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = rows, .values = value, .owner = room->region};
    return BP_OK;
}

bp_status batch_room_number(batch_room *room, const column *value, size_t rows, column *out, bp_error *err)
{
    size_t width = physical_width(type_physical(value->type));
    void *copy = arena_allocate(region_arena(room->region), width);

    *out = column_nulls(value->type, rows);
    if (column_is_null(value, 0)) return BP_OK;
    if (!copy) return error_no_memory(err, room->memory, width);
    memcpy(copy, value->values, width);
    *out = (column){.type = value->type, .encoding = COLUMN_CONSTANT, .length = rows, .values = copy, .owner = room->region};
    return BP_OK;
}

bp_status batch_room_row_numbers(batch_room *room, uint64_t first, size_t rows, column *out, bp_error *err)
{
    int64_t *numbers = arena_allocate(region_arena(room->region), rows * sizeof *numbers);

    if (!numbers) return error_no_memory(err, room->memory, rows * sizeof *numbers);
    for (size_t i = 0; i < rows; i++) numbers[i] = (int64_t)(first + i);
    *out = (column){.type = type_of(TYPE_INT64), .length = rows, .values = numbers, .owner = room->region};
    return BP_OK;
}
