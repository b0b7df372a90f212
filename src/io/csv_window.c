/* Windows over text, and growing arrays of positions. */
#include "io/csv_internal.h"

bp_status csv_numbers_reserve(csv_numbers *numbers, memory *memory, size_t capacity, bp_error *err)
{
    size_t wanted = numbers->capacity ? numbers->capacity : 1024;
    void *items;

    if (capacity <= numbers->capacity) return BP_OK;
    while (wanted < capacity) {
        if (ckd_mul(&wanted, wanted, (size_t)2)) return error_no_memory(err, memory, capacity);
    }
    if (wanted > SIZE_MAX / 4) return error_no_memory(err, memory, wanted);
    items = memory_resize(memory, numbers->items, numbers->capacity * 4, wanted * 4);
    if (!items) return error_no_memory(err, memory, wanted * 4);
    numbers->items = items;
    numbers->capacity = wanted;
    return BP_OK;
}

void csv_numbers_clear(csv_numbers *numbers, memory *memory)
{
    memory_free(memory, numbers->items, numbers->capacity * 4);
    *numbers = (csv_numbers){0};
}

void csv_window_init(csv_window *window, memory *memory)
{
    *window = (csv_window){.memory = memory};
}

void csv_window_clear(csv_window *window)
{
    memory_free(window->memory, window->block, window->block_size);
    window->block = window->text = NULL;
    window->block_size = window->size = 0;
}

bp_status csv_window_reserve(csv_window *window, size_t size, bp_error *err)
{
    size_t wanted = (size + 2 * CSV_PADDING + 4095) & ~(size_t)4095;
    char *block;

    if (size > CSV_ROW_MAXIMUM * 2)
        return error_set(err, BP_LIMIT, "a row of a CSV file is longer than %zu bytes, the most that is supported",
                         CSV_ROW_MAXIMUM);
    if (wanted <= window->block_size) return BP_OK;
    if (window->block && wanted < window->block_size * 2) wanted = window->block_size * 2;
    block = memory_resize(window->memory, window->block, window->block_size, wanted);
    if (!block) return error_no_memory(err, window->memory, wanted);
    if (!window->block) memset(block, 0, CSV_PADDING);
    window->block = block;
    window->block_size = wanted;
    window->text = block + CSV_PADDING;
    return BP_OK;
}
