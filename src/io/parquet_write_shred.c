/* Rows to levels and values ("shredding").
 *
 * A column at the top that is no list or struct is flat: its values are stored one after the other, and a level of 0 or 1 a row says which rows have one.
 * Other leaves are reached step by step. A slot is what becomes one pair of levels; it is alive as long as there is something at its place:
 *
 *   rows -> slots, all alive, place = row           optional: a NULL ends the slot; else its definition level grows
 *   list: no elements ends the slot; else it becomes one slot an element, the first with the slot's repetition level, the others with the list's
 *   value: the places of the slots still alive are the values
 *
 * Values are converted as they are gathered. */
#include "parquet_write_internal.h"

bp_status write_room_for(write_room *room, memory *memory, size_t count, size_t width, bp_error *err)
{
    size_t wanted, larger;
    void *data;

    if (ckd_mul(&wanted, count, width)) return error_no_memory(err, memory, SIZE_MAX);
    if (wanted <= room->size && room->data) return BP_OK;
    larger = room->size * 2 > wanted ? room->size * 2 : wanted;
    data = memory_resize(memory, room->data, room->size, larger);
    if (!data) return error_no_memory(err, memory, larger);
    room->data = data;
    room->size = larger;
    return BP_OK;
}

void write_room_clear(write_room *room, memory *memory)
{
    memory_free(memory, room->data, room->size);
    *room = (write_room){0};
}

/* Conversion ----------------------------------------------------------------------------------------------------------------------- */
#define AT (places ? places[i] : begin + i)
#define CONVERT(from, to, expression)                                                                                              \
    do {                                                                                                                           \
        const from *in = column->values;                                                                                           \
        to *result = out;                                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            from value = in[AT];                                                                                                   \
            result[i] = (to)(expression);                                                                                          \
        }                                                                                                                          \
    } while (0)

static BP_WRAPS uint128 swapped(uint128 value)
{
    return (uint128)__builtin_bswap64((uint64_t)value) << 64 | __builtin_bswap64((uint64_t)(value >> 64));
}

static void swap_256(const column *column, size_t begin, const uint32_t *places, size_t count, uint64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t *words = (const uint64_t *)column->values + 4 * AT;
        for (size_t word = 0; word < 4; word++) out[4 * i + word] = __builtin_bswap64(words[3 - word]);
    }
}

static bp_status huge_decimals(const column *column, size_t begin, const uint32_t *places, size_t count, uint128 *out,
                               bp_error *err)
{
    bool is_signed = column->type.id == TYPE_INT128, bad = false;
    int128 limit = 1;

    for (int i = 0; i < 38; i++) limit *= 10;
    for (size_t i = 0; i < count; i++) {
        int128 value = ((const int128 *)column->values)[AT];
        bad |= value >= limit || (is_signed ? value <= -limit : value < 0);
        out[i] = swapped((uint128)value);
    }
    return bad ? error_set(err, BP_CONVERSION, "a %s of 39 digits cannot be written as Parquet, whose decimals have 38",
                           is_signed ? "HUGEINT" : "UHUGEINT")
               : BP_OK;
}

static bp_status seconds(const column *column, size_t begin, const uint32_t *places, size_t count, int64_t *out, bp_error *err)
{
    bool bad = false;

    for (size_t i = 0; i < count; i++) {
        int64_t value = ((const int64_t *)column->values)[AT];
        if (timestamp_is_finite(value))
            bad |= ckd_mul(&out[i], value, MICROS_PER_SECOND);
        else
            out[i] = value;
    }
    return bad ? error_set(err, BP_CONVERSION, "a timestamp in seconds is too far away to be written as Parquet, in microseconds")
               : BP_OK;
}

static bp_status intervals(const column *column, size_t begin, const uint32_t *places, size_t count, char *out, bp_error *err)
{
    for (size_t i = 0; i < count; i++) {
        interval value = ((const interval *)column->values)[AT];
        uint32_t parts[3] = {(uint32_t)value.months, (uint32_t)value.days, (uint32_t)(value.micros / 1000)};
        if (value.months < 0 || value.days < 0 || value.micros < 0)
            return error_set(err, BP_CONVERSION, "a negative interval cannot be written as Parquet, whose intervals have no sign");
        if (value.micros % 1000 || value.micros / 1000 > UINT32_MAX)
            return error_set(
                err, BP_CONVERSION,
                "an interval of %lld microseconds cannot be written as Parquet, whose intervals are in milliseconds up to 49 days; "
                "cast it to VARCHAR",
                (long long)value.micros);
        memcpy(out + 12 * i, parts, 12);
    }
    return BP_OK;
}

static void bits(const column *column, size_t begin, const uint32_t *places, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) out[i] = bitmap_get(column->values, AT);
}

static void labels(const column *column, size_t begin, const uint32_t *places, size_t count, string_ref *out)
{
    const string_view *names = column->type.detail->names;

    for (size_t i = 0; i < count; i++) {
        string_view name = names[((const uint32_t *)column->values)[AT]];
        out[i] = string_ref_of(name.data, name.size);
    }
}

/* `count` values of a FLAT column, from `begin` on or at `places`. */
static bp_status convert(const write_leaf *leaf, const column *column, size_t begin, const uint32_t *places, size_t count,
                         void *out, bp_error *err)
{
    switch ((write_convert)leaf->convert) {
    case WRITE_BIT: bits(column, begin, places, count, out); break;
    case WRITE_8: CONVERT(int8_t, int32_t, value); break;
    case WRITE_16: CONVERT(int16_t, int32_t, value); break;
    case WRITE_U8: CONVERT(uint8_t, int32_t, value); break;
    case WRITE_U16: CONVERT(uint16_t, int32_t, value); break;
    case WRITE_32: CONVERT(uint32_t, uint32_t, value); break;
    case WRITE_64: CONVERT(uint64_t, uint64_t, value); break;
    case WRITE_64_TO_32: CONVERT(int64_t, int32_t, value); break;
    case WRITE_128:
    case WRITE_U128: CONVERT(uint128, uint128, swapped(value)); break;
    case WRITE_HUGE:
    case WRITE_UHUGE: return huge_decimals(column, begin, places, count, out, err);
    case WRITE_256: swap_256(column, begin, places, count, out); break;
    case WRITE_SECONDS: return seconds(column, begin, places, count, out, err);
    case WRITE_TIME_SECONDS: CONVERT(int64_t, int64_t, value *MICROS_PER_SECOND); break;
    case WRITE_TIME_MILLIS: CONVERT(int64_t, int64_t, value * 1000); break;
    case WRITE_HALF: CONVERT(uint16_t, uint16_t, value); break;
    case WRITE_INTERVAL: return intervals(column, begin, places, count, out, err);
    case WRITE_TEXT: CONVERT(string_ref, string_ref, value); break;
    case WRITE_ENUM: labels(column, begin, places, count, out); break;
    case WRITE_NULL: break;
    }
    return BP_OK;
}

/* One leaf of one chunk of rows ------------------------------------------------------------------------------------------------------ */
typedef struct shredder {
    const write_leaf *leaf;
    write_values *out;
    memory *memory;
    arena arena; /* of the present piece */
} shredder;

static bp_status room_for_values(shredder *shredder, size_t extra, bp_error *err)
{
    return write_room_for(&shredder->out->values, shredder->memory, shredder->out->value_count + extra, shredder->leaf->width, err);
}

/* Values at `places` (NULL: from begin on) of a column of any encoding, none of them NULL. */
static bp_status append_values(shredder *shredder, const column *column, size_t begin, const uint32_t *places, size_t count,
                               bp_error *err)
{
    write_values *out = shredder->out;
    uint32_t *codes;
    void *to;
    bp_status status;

    if (count == 0 || (status = room_for_values(shredder, count, err))) return count ? status : BP_OK;
    to = (char *)out->values.data + out->value_count * shredder->leaf->width;
    out->value_count += count;
    if (column->encoding == COLUMN_FLAT) return convert(shredder->leaf, column, begin, places, count, to, err);
    codes = arena_new_array(&shredder->arena, uint32_t, count); /* zeroed: what a constant wants */
    if (!codes) return error_no_memory(err, shredder->memory, count * sizeof *codes);
    if (column->encoding == COLUMN_CONSTANT) return convert(shredder->leaf, column, 0, codes, count, to, err);
    for (size_t i = 0; i < count; i++) codes[i] = ((const uint32_t *)column->values)[AT];
    return convert(shredder->leaf, &column->children[0], 0, codes, count, to, err);
}

/* From here on there are levels: those before are all there. */
static bp_status want_definitions(shredder *shredder, size_t extra, bp_error *err)
{
    write_values *out = shredder->out;
    bp_status status = write_room_for(&out->definitions, shredder->memory, out->slot_count + extra, 1, err);

    if (status) return status;
    if (!out->has_definitions) memset(out->definitions.data, shredder->leaf->max_definition, out->slot_count);
    out->has_definitions = true;
    return BP_OK;
}

static bool has_nulls(const column *column, size_t begin, size_t rows)
{
    if (column->type.id == TYPE_NULL) return true;
    if (!column->validity) return false;
    if (column->encoding == COLUMN_CONSTANT) return !bitmap_get(column->validity, 0);
    for (size_t row = begin; row < begin + rows; row++) {
        if (row % 64 == 0 && begin + rows - row >= 64) {
            if (~column->validity[row / 64]) return true;
            row += 63;
        } else if (!bitmap_get(column->validity, row)) {
            return true;
        }
    }
    return false;
}

static bp_status shred_flat(shredder *shredder, const column *column, size_t begin, size_t rows, bp_error *err)
{
    write_values *out = shredder->out;
    uint32_t *places;
    uint8_t *levels;
    size_t count = 0;
    bp_status status;

    if (!has_nulls(column, begin, rows)) {
        if (out->has_definitions) {
            if ((status = want_definitions(shredder, rows, err))) return status;
            memset((uint8_t *)out->definitions.data + out->slot_count, 1, rows);
        }
        status = append_values(shredder, column, begin, NULL, rows, err);
        out->slot_count += rows;
        return status;
    }
    if ((status = want_definitions(shredder, rows, err))) return status;
    places = arena_allocate(&shredder->arena, (rows + 1) * sizeof *places);
    if (!places) return error_no_memory(err, shredder->memory, rows * sizeof *places);
    levels = (uint8_t *)out->definitions.data + out->slot_count;
    for (size_t i = 0; i < rows; i++) {
        bool there = !column_is_null(column, begin + i);
        levels[i] = there;
        places[count] = (uint32_t)(begin + i);
        count += there;
    }
    out->slot_count += rows;
    return append_values(shredder, column, 0, places, count, err);
}

/* Nested ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct slots {
    size_t count;
    uint8_t *definitions, *repetitions;
    uint32_t *places; /* of those that are alive */
    uint8_t *alive;
} slots;

static bp_status new_slots(slots *out, size_t count, shredder *shredder, bp_error *err)
{
    out->count = count;
    out->definitions = arena_allocate(&shredder->arena, count + 1);
    out->repetitions = arena_allocate(&shredder->arena, count + 1);
    out->places = arena_allocate(&shredder->arena, (count + 1) * sizeof *out->places);
    out->alive = arena_allocate(&shredder->arena, count + 1);
    if (!out->definitions || !out->repetitions || !out->places || !out->alive)
        return error_no_memory(err, shredder->memory, count * (sizeof *out->places + 3));
    return BP_OK;
}

/* Where a slot's value lies in the FLAT column behind `column`. */
static inline size_t flat_place(const column *column, size_t place)
{
    if (column->encoding == COLUMN_CONSTANT) return 0;
    return column->encoding == COLUMN_DICTIONARY ? ((const uint32_t *)column->values)[place] : place;
}

static void step_optional(slots *slots, const column *column)
{
    for (size_t i = 0; i < slots->count; i++) {
        if (!slots->alive[i]) continue;
        if (column_is_null(column, slots->places[i]))
            slots->alive[i] = false;
        else
            slots->definitions[i]++;
    }
}

static size_t elements_of(const write_step *step, const column *flat, size_t place, size_t *first)
{
    const list_entry *entry;

    if (step->kind == WRITE_STEP_ARRAY) {
        *first = place * step->array_size;
        return step->array_size;
    }
    entry = &((const list_entry *)flat->values)[place];
    *first = entry->offset;
    return entry->size;
}

/* One slot for each element. `column` is the lists' column, `repetition` the level of elements behind the first. */
static bp_status step_list(shredder *shredder, slots *slots, const write_step *step, const column *column, uint8_t repetition,
                           bp_error *err)
{
    const struct column *flat = column->encoding == COLUMN_DICTIONARY ? &column->children[0] : column;
    struct slots made;
    size_t count = 0, at = 0, first, size;
    bp_status status;

    for (size_t i = 0; i < slots->count; i++) {
        size = slots->alive[i] ? elements_of(step, flat, flat_place(column, slots->places[i]), &first) : 0;
        count += size ? size : 1;
    }
    if (count > INT32_MAX)
        return error_set(err, BP_LIMIT, "the lists of a piece of rows have %zu elements; the most is %d", count, INT32_MAX);
    if ((status = new_slots(&made, count, shredder, err))) return status;
    for (size_t i = 0; i < slots->count; i++) {
        size = slots->alive[i] ? elements_of(step, flat, flat_place(column, slots->places[i]), &first) : 0;
        made.definitions[at] = slots->definitions[i];
        made.repetitions[at] = slots->repetitions[i];
        made.alive[at] = size > 0;
        if (size == 0) {
            at++;
            continue;
        }
        for (size_t j = 0; j < size; j++, at++) {
            made.definitions[at] = (uint8_t)(slots->definitions[i] + 1);
            made.repetitions[at] = j ? repetition : slots->repetitions[i];
            made.places[at] = (uint32_t)(first + j);
            made.alive[at] = true;
        }
    }
    *slots = made;
    return BP_OK;
}

/* The column whose values the slots' places are in after a step over `column`. */
static const column *step_below(slots *slots, const write_step *step, const column *column)
{
    if (step->kind != WRITE_STEP_FIELD)
        return column->encoding == COLUMN_DICTIONARY ? &column->children[0].children[0] : &column->children[0];
    if (column->encoding != COLUMN_FLAT)
        for (size_t i = 0; i < slots->count; i++)
            if (slots->alive[i]) slots->places[i] = (uint32_t)flat_place(column, slots->places[i]);
    if (column->encoding == COLUMN_DICTIONARY) column = &column->children[0];
    return &column->children[step->child];
}

static bp_status append_slots(shredder *shredder, const slots *slots, const column *column, bp_error *err)
{
    write_values *out = shredder->out;
    size_t count = 0;
    bp_status status;

    if ((status = want_definitions(shredder, slots->count, err))) return status;
    memcpy((uint8_t *)out->definitions.data + out->slot_count, slots->definitions, slots->count);
    if (shredder->leaf->max_repetition) {
        if ((status = write_room_for(&out->repetitions, shredder->memory, out->slot_count + slots->count, 1, err))) return status;
        memcpy((uint8_t *)out->repetitions.data + out->slot_count, slots->repetitions, slots->count);
        out->has_repetitions = true;
    }
    out->slot_count += slots->count;
    for (size_t i = 0; i < slots->count; i++) {
        slots->places[count] = slots->places[i];
        count += slots->alive[i];
    }
    return append_values(shredder, column, 0, slots->places, count, err);
}

static bp_status shred_nested(shredder *shredder, const column *column, size_t begin, size_t rows, bp_error *err)
{
    const write_leaf *leaf = shredder->leaf;
    slots slots;
    uint8_t repetition = 0;
    bp_status status;

    if ((status = new_slots(&slots, rows, shredder, err))) return status;
    memset(slots.definitions, 0, rows);
    memset(slots.repetitions, 0, rows);
    memset(slots.alive, true, rows);
    for (size_t i = 0; i < rows; i++) slots.places[i] = (uint32_t)(begin + i);
    for (size_t i = 0; i < leaf->step_count; i++) {
        const write_step *step = &leaf->steps[i];
        if (step->optional) step_optional(&slots, column);
        if (step->kind == WRITE_STEP_VALUE) break;
        if (!memchr(slots.alive, true, slots.count)) { /* a NULL may have no children at all */
            column = NULL;
            break;
        }
        if (step->kind != WRITE_STEP_FIELD && (status = step_list(shredder, &slots, step, column, ++repetition, err)))
            return status;
        column = step_below(&slots, step, column);
    }
    return append_slots(shredder, &slots, column, err);
}

#define PIECE_ROWS 8192 /* of nested columns at once */

static bp_status shred_column(shredder *shredder, const column *column, size_t rows, bp_error *err)
{
    size_t piece = shredder->leaf->step_count > 1 ? PIECE_ROWS : 8 * PIECE_ROWS;
    bp_status status = BP_OK;

    for (size_t begin = 0; begin < rows && !status; begin += piece) {
        size_t count = rows - begin < piece ? rows - begin : piece;
        if ((status = cancel_check_of(shredder->memory, err))) break;
        status = shredder->leaf->step_count > 1 ? shred_nested(shredder, column, begin, count, err)
                                                : shred_flat(shredder, column, begin, count, err);
        arena_reset(&shredder->arena);
    }
    return status;
}

bp_status parquet_shred(write_values *out, const write_leaf *leaf, const table *rows, memory *memory, bp_error *err)
{
    shredder shredder = {.leaf = leaf, .out = out, .memory = memory};
    bp_status status = BP_OK;

    arena_init(&shredder.arena, memory);
    out->slot_count = out->value_count = out->row_count = 0;
    out->has_definitions = out->has_repetitions = false;
    for (size_t i = 0; i < table_chunk_count(rows) && !status; i++) {
        const batch *chunk = table_chunk(rows, i);
        status = shred_column(&shredder, &chunk->columns[leaf->column], chunk->row_count, err);
        out->row_count += chunk->row_count;
    }
    arena_clear(&shredder.arena);
    return status;
}
