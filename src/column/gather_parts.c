/* Values of a fixed width, texts among them, are moved once. Nested ones are gathered part by part, packed (a part's lists may share elements with many
 * rows that are not wanted), put one behind the other, and then into their order. */
#include "gather_parts.h"

#include "concatenate.h"

typedef struct picks {
    const column *const *parts;
    size_t part_count;
    const uint32_t *part_of, *row_of;
    size_t count;
} picks;

typedef struct wide {
    uint64_t words[2];
} wide;
typedef struct widest {
    uint64_t words[4];
} widest;

#define PICK(type)                                                                                                                 \
    for (size_t i = 0; i < picks->count; i++)                                                                                      \
    ((type *)out)[i] = ((const type *)picks->parts[picks->part_of[i]]->values)[picks->row_of[i]]

static void pick_values(void *out, const picks *picks, size_t width)
{
    switch (width) {
    case 1: PICK(uint8_t); break;
    case 2: PICK(uint16_t); break;
    case 4: PICK(uint32_t); break;
    case 8: PICK(uint64_t); break;
    case 16: PICK(wide); break;
    case 32: PICK(widest); break;
    }
}

static void pick_bits(uint64_t *out, const picks *picks)
{
    for (size_t i = 0; i < picks->count; i++)
        bitmap_put(out, i, bitmap_get(picks->parts[picks->part_of[i]]->values, picks->row_of[i]));
}

/* NULL when no value picked is NULL. */
static bp_status pick_validity(const uint64_t **out, const picks *picks, arena *arena, bp_error *err)
{
    bool any = false;
    uint64_t *words;

    *out = NULL;
    for (size_t i = 0; i < picks->part_count && !any; i++) any = picks->parts[i] && picks->parts[i]->validity;
    if (!any) return BP_OK;
    any = false;
    words = arena_allocate_aligned(arena, bitmap_words(picks->count) * 8, 64);
    if (!words) return error_no_memory(err, arena->memory, picks->count / 8);
    for (size_t i = 0; i < picks->count; i++) {
        const uint64_t *validity = picks->parts[picks->part_of[i]]->validity;
        bool valid = !validity || bitmap_get(validity, picks->row_of[i]);
        bitmap_put(words, i, valid);
        any |= !valid;
    }
    if (any) *out = words;
    return BP_OK;
}

static bp_status pick_nested(column *out, data_type type, const picks *picks, arena *arena, bp_error *err)
{
    memory *memory = arena->memory;
    size_t parts = picks->part_count, used = 0;
    uint32_t *begins = memory_allocate_array(memory, parts + 1, sizeof *begins);
    uint32_t *rows = memory_allocate_array(memory, picks->count, sizeof *rows);
    uint32_t *places = memory_allocate_array(memory, picks->count, sizeof *places);
    column *gathered = arena_new_array(arena, column, parts), all;
    const column **pointers = arena_new_array(arena, const column *, parts);
    bp_status status = BP_OK;

    if (!begins || !rows || !places || !gathered || !pointers) {
        status = error_no_memory(err, memory, picks->count * sizeof *rows);
        goto done;
    }
    for (size_t i = 0; i < picks->count; i++) begins[picks->part_of[i] + 1]++;
    for (size_t i = 0; i < parts; i++) begins[i + 1] += begins[i];
    for (size_t i = 0; i < picks->count; i++) {
        places[i] = begins[picks->part_of[i]]++; /* a part's begin is its end from here on */
        rows[places[i]] = picks->row_of[i];
    }
    for (size_t i = 0; i < parts && !status; i++) {
        uint32_t begin = i ? begins[i - 1] : 0;
        if (begin == begins[i]) continue;
        status = column_gather(&gathered[used], picks->parts[i], rows + begin, begins[i] - begin, arena, err);
        if (!status) status = column_copy(&gathered[used], &gathered[used], arena, err);
        pointers[used] = &gathered[used];
        used++;
    }
    if (!status) status = column_concatenate(&all, type, pointers, used, arena, err);
    if (!status) status = column_gather(out, &all, places, picks->count, arena, err);
done:
    memory_free(memory, begins, (parts + 1) * sizeof *begins);
    memory_free(memory, rows, picks->count * sizeof *rows);
    memory_free(memory, places, picks->count * sizeof *places);
    return status;
}

bp_status column_gather_parts(column *out, data_type type, const column *const *parts, size_t part_count, const uint32_t *part_of,
                              const uint32_t *row_of, size_t count, arena *arena, bp_error *err)
{
    picks picks = {parts, part_count, part_of, row_of, count};
    physical_type physical = type_physical(type);
    size_t width = physical_width(physical), bytes;
    void *values;
    bp_status status;

    *out = (column){.type = type, .length = count};
    if (physical == PHYSICAL_NONE) return BP_OK;
    if (type_is_nested(type)) return pick_nested(out, type, &picks, arena, err);
    if (ckd_mul(&bytes, count, width)) return error_set(err, BP_LIMIT, "%zu rows are too many", count);
    if (physical == PHYSICAL_BIT) bytes = bitmap_words(count) * 8;
    values = arena_allocate_aligned(arena, bytes, 64);
    if (!values) return error_no_memory(err, arena->memory, bytes);
    if (physical == PHYSICAL_BIT)
        pick_bits(values, &picks);
    else
        pick_values(values, &picks, width);
    out->values = values;
    status = pick_validity(&out->validity, &picks, arena, err);
    return status;
}
