/* Key rows and the table of groups; see the header for the layout. */
#include "group_table.h"

#include "base/hash.h"
#include "column/nested_key.h"

#define EMPTY_SLOTS 256
#define CHECK_GROUPS                                                                                                               \
    16 /* cancel is looked at after so many moved slots: each of the first may touch a huge page, which takes a millisecond to be zeroed */
#define FEW_GROUPS 16384 /* whose slots are kept at most a quarter full: they stay in the cache, and probes are short */

/* Held as a string_ref. */
static bool is_text(data_type type)
{
    return type_physical(type) == PHYSICAL_STRING || type_is_nested(type);
}

/* layout --------------------------------------------------------------------------------------------------------------------------- */
static size_t key_width(data_type type)
{
    physical_type physical = type_physical(type);

    if (physical == PHYSICAL_BIT) return 1;
    if (type_is_nested(type)) return sizeof(string_ref);
    return physical == PHYSICAL_NONE ? 0 : physical_width(physical);
}

/* Wide values first would pack tighter, but then a row's order would not be the columns'; widths are padded to their own alignment instead. */
bp_status key_layout_init(key_layout *out, const data_type *types, size_t count, arena *arena, bp_error *err)
{
    size_t offset = 0;

    *out = (key_layout){.count = count, .types = types, .null_bytes = (count + 7) / 8};
    out->offsets = arena_new_array(arena, uint32_t, count);
    out->texts = arena_new_array(arena, uint32_t, count);
    if (!out->offsets || !out->texts) return error_no_memory(err, arena->memory, count * sizeof(uint32_t));
    for (size_t i = 0; i < count; i++) {
        size_t width = key_width(types[i]), alignment = width >= 8 ? 8 : width ? width : 1;
        offset = (offset + alignment - 1) & ~(alignment - 1);
        out->offsets[i] = (uint32_t)offset;
        offset += width;
        if (is_text(types[i])) out->texts[out->text_count++] = out->offsets[i];
        out->has_nested |= type_is_nested(types[i]);
    }
    out->nulls = offset;
    if (out->text_count == count) out->null_bytes = 0;
    out->width = count ? (offset + out->null_bytes + 7) & ~(size_t)7 : 8;
    out->text_words = arena_allocate_zeroed(arena, out->width / 8);
    if (!out->text_words) return error_no_memory(err, arena->memory, out->width / 8);
    for (size_t i = 0; i < out->text_count; i++) out->text_words[out->texts[i] / 8 + 1] = 1;
    return BP_OK;
}

/* packing -------------------------------------------------------------------------------------------------------------------------- */
#define PACK_FIXED(type)                                                                                                           \
    do {                                                                                                                           \
        const type *values = column->values;                                                                                       \
        for (size_t i = 0; i < rows; i++) memcpy(to + i * width, &values[i], sizeof(type));                                        \
    } while (0)

static void pack_bits(const column *column, size_t rows, char *to, size_t width)
{
    const uint64_t *bits = column->values;

    for (size_t i = 0; i < rows; i++) to[i * width] = (char)bitmap_get(bits, i);
}

static void pack_floats(const column *column, size_t rows, char *to, size_t width)
{
    const float *values = column->values;

    for (size_t i = 0; i < rows; i++) {
        float value = values[i] != values[i] ? __builtin_nanf("") : values[i] + 0.0f; /* -0.0 + 0.0 is 0.0 */
        memcpy(to + i * width, &value, sizeof value);
    }
}

static void pack_doubles(const column *column, size_t rows, char *to, size_t width)
{
    const double *values = column->values;

    for (size_t i = 0; i < rows; i++) {
        double value = values[i] != values[i] ? __builtin_nan("") : values[i] + 0.0;
        memcpy(to + i * width, &value, sizeof value);
    }
}

static void pack_values(const column *column, size_t rows, char *to, size_t width)
{
    switch (type_physical(column->type)) {
    case PHYSICAL_NONE: break;
    case PHYSICAL_BIT: pack_bits(column, rows, to, width); break;
    case PHYSICAL_FLOAT32: pack_floats(column, rows, to, width); break;
    case PHYSICAL_FLOAT64: pack_doubles(column, rows, to, width); break;
    default:
        switch (physical_width(type_physical(column->type))) {
        case 1: PACK_FIXED(uint8_t); break;
        case 2: PACK_FIXED(uint16_t); break;
        case 4: PACK_FIXED(uint32_t); break;
        case 8: PACK_FIXED(uint64_t); break;
        case 16: PACK_FIXED(uint128); break;
        default:
            for (size_t i = 0; i < rows; i++) memcpy(to + i * width, (const char *)column->values + i * 32, 32);
        }
    }
}

static void pack_nulls(const key_layout *layout, size_t index, const column *column, size_t rows, char *packed)
{
    size_t value_width = key_width(column->type);
    uint64_t null_text = KEY_NULL_TEXT;

    for (size_t i = 0; i < rows; i++) {
        char *row = packed + i * layout->width, *nulls = row + layout->nulls + index / 8;
        if (!column_is_null(column, i)) continue;
        memset(row + layout->offsets[index], 0, value_width);
        if (layout->null_bytes)
            *nulls = (char)(*nulls | 1 << (index % 8));
        else
            memcpy(row + layout->offsets[index], &null_text, sizeof null_text);
    }
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    uint128 product = (uint128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of a string_ref that is not inline the bytes enter the hash, not the pointer to them. */
static inline uint64_t text_word(const char *row, size_t word, uint64_t value)
{
    string_ref ref;

    memcpy(&ref, row + 8 * (word - 1), sizeof ref);
    return ref.size <= STRING_REF_INLINE ? value : hash_bytes(ref.pointer, ref.size);
}

static ALWAYS_INLINE uint64_t row_hash(const key_layout *layout, const char *row, size_t words, bool has_texts)
{
    uint64_t hash = 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, row + 8 * i, 8);
        if (has_texts && layout->text_words[i]) word = text_word(row, i, word);
        hash = fold(hash ^ word, 0xe7037ed1a0b428dbu);
    }
    return fold(hash, 0xa0761d6478bd642fu);
}

static ALWAYS_INLINE void hash_words(const key_layout *layout, const char *packed, size_t rows, uint64_t *hashes, size_t words,
                                     bool has_texts)
{
    for (size_t i = 0; i < rows; i++) hashes[i] = row_hash(layout, packed + i * 8 * words, words, has_texts);
}

/* Whether some text's bytes lie elsewhere. */
static bool has_far_texts(const key_layout *layout, const char *packed, size_t rows)
{
    uint32_t longest = 0;

    for (size_t i = 0; i < layout->text_count; i++)
        for (size_t row = 0; row < rows; row++) {
            uint32_t size;
            memcpy(&size, packed + row * layout->width + layout->texts[i], sizeof size);
            longest = size > longest ? size : longest;
        }
    return longest > STRING_REF_INLINE;
}

/* The loop over words is unrolled for the usual widths: 1.9 ns a row instead of 4.5 at three words. Texts that are all short are words like others. */
void key_hash(const key_layout *layout, const char *packed, size_t rows, uint64_t *hashes)
{
    size_t words = layout->width / 8;

    if (layout->text_count && has_far_texts(layout, packed, rows)) {
        switch (words) {
        case 2: hash_words(layout, packed, rows, hashes, 2, true); break;
        case 3: hash_words(layout, packed, rows, hashes, 3, true); break;
        case 4: hash_words(layout, packed, rows, hashes, 4, true); break;
        default: hash_words(layout, packed, rows, hashes, words, true);
        }
        return;
    }
    switch (words) {
    case 1: hash_words(layout, packed, rows, hashes, 1, false); break;
    case 2: hash_words(layout, packed, rows, hashes, 2, false); break;
    case 3: hash_words(layout, packed, rows, hashes, 3, false); break;
    case 4: hash_words(layout, packed, rows, hashes, 4, false); break;
    case 5: hash_words(layout, packed, rows, hashes, 5, false); break;
    default: hash_words(layout, packed, rows, hashes, words, false);
    }
}

/* The values as texts; a NULL is empty, as pack_nulls() would make it. */
static bp_status pack_nested(const column *column, size_t rows, char *to, size_t width, arena *scratch, bp_error *err)
{
    string_ref *refs = arena_new_array(scratch, string_ref, rows);
    bp_status status;

    if (!refs) return error_no_memory(err, scratch->memory, rows * sizeof *refs);
    if ((status = nested_keys_of(refs, column, rows, 0, scratch, err))) return status;
    for (size_t i = 0; i < rows; i++) memcpy(to + i * width, &refs[i], sizeof *refs);
    return BP_OK;
}

bp_status key_pack(const key_layout *layout, const column *columns, size_t rows, char *packed, uint64_t *hashes, arena *scratch,
                   bp_error *err)
{
    bp_status status;

    memset(packed, 0, rows * layout->width);
    for (size_t i = 0; i < layout->count; i++) {
        column flat;
        if ((status = column_flatten(&flat, &columns[i], scratch, err))) return status;
        if (!type_is_nested(flat.type))
            pack_values(&flat, rows, packed + layout->offsets[i], layout->width);
        else if ((status = pack_nested(&flat, rows, packed + layout->offsets[i], layout->width, scratch, err)))
            return status;
        if (flat.validity || flat.type.id == TYPE_NULL) pack_nulls(layout, i, &flat, rows, packed);
    }
    key_hash(layout, packed, rows, hashes);
    return BP_OK;
}

/* unpacking ------------------------------------------------------------------------------------------------------------------------ */
static bp_status unpack_validity(const key_layout *layout, size_t index, const char *packed, size_t rows, char *values, column *out,
                                 arena *arena, bp_error *err)
{
    uint64_t *validity = NULL;

    for (size_t i = 0; i < rows; i++) {
        if (!key_is_null(layout, packed + i * layout->width, index)) continue;
        if (!layout->null_bytes) memset(values + i * sizeof(string_ref), 0, sizeof(string_ref));
        if (!validity) {
            validity = arena_allocate(arena, bitmap_words(rows) * 8);
            if (!validity) return error_no_memory(err, arena->memory, bitmap_words(rows) * 8);
            bitmap_fill(validity, rows, true);
        }
        bitmap_unset(validity, i);
    }
    out->validity = validity;
    return BP_OK;
}

/* Inlined once for each usual width: a call of memcpy a value took longer than all else in unpacking. */
static ALWAYS_INLINE void unpack_values(char *values, const char *from, size_t width, size_t row_width, size_t rows)
{
    for (size_t row = 0; row < rows; row++) memcpy(values + row * width, from + row * row_width, width);
}

static void unpack_fixed(char *values, const char *from, size_t width, size_t row_width, size_t rows)
{
    switch (width) {
    case 1: unpack_values(values, from, 1, row_width, rows); break;
    case 2: unpack_values(values, from, 2, row_width, rows); break;
    case 4: unpack_values(values, from, 4, row_width, rows); break;
    case 8: unpack_values(values, from, 8, row_width, rows); break;
    case 16: unpack_values(values, from, 16, row_width, rows); break;
    default: unpack_values(values, from, width, row_width, rows);
    }
}

static void unpack_bits(char *values, const char *from, size_t row_width, size_t rows)
{
    memset(values, 0, bitmap_words(rows) * 8);
    for (size_t row = 0; row < rows; row++) bitmap_put((uint64_t *)(void *)values, row, from[row * row_width] != 0);
}

bp_status key_unpack(const key_layout *layout, const char *packed, size_t rows, column *out, arena *arena, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < layout->count; i++) {
        size_t width = key_width(layout->types[i]);
        bool bits = type_physical(layout->types[i]) == PHYSICAL_BIT;
        size_t bytes = bits ? bitmap_words(rows) * 8 : rows * width;
        char *values = arena_allocate_aligned(arena, bytes, 64);
        const char *from = packed + layout->offsets[i];

        if (!values) return error_no_memory(err, arena->memory, bytes);
        out[i] = (column){.type = layout->types[i], .length = rows, .values = values};
        if (bits)
            unpack_bits(values, from, layout->width, rows);
        else
            unpack_fixed(values, from, width, layout->width, rows);
        if ((status = unpack_validity(layout, i, packed, rows, values, &out[i], arena, err))) return status;
        if (type_is_nested(layout->types[i]) &&
            (status = nested_keys_read(&out[i], layout->types[i], (const string_ref *)(const void *)values, out[i].validity, rows,
                                       arena, err)))
            return status;
    }
    return BP_OK;
}

/* comparing ------------------------------------------------------------------------------------------------------------------------ */
static bool far_strings_equal(const key_layout *layout, const char *left, const char *right)
{
    size_t at = 0;

    for (size_t i = 0; i < layout->text_count; i++) {
        string_ref a, b;
        size_t begin = layout->texts[i];
        if (begin > at && memcmp(left + at, right + at, begin - at) != 0) return false;
        memcpy(&a, left + begin, sizeof a);
        memcpy(&b, right + begin, sizeof b);
        if (!string_ref_equal(&a, &b)) return false;
        at = begin + sizeof a;
    }
    return memcmp(left + at, right + at, layout->width - at) == 0;
}

/* Without a branch a word: rows are short, and nearly always equal when they are compared at all. */
static inline bool words_equal(const char *left, const char *right, size_t width)
{
    uint64_t different = 0;

    for (size_t at = 0; at < width; at += 8) {
        uint64_t a, b;
        memcpy(&a, left + at, 8);
        memcpy(&b, right + at, 8);
        different |= a ^ b;
    }
    return different == 0;
}

static inline bool rows_equal(const key_layout *layout, const char *left, const char *right)
{
    size_t width = layout->width;
    bool same = width == 8    ? words_equal(left, right, 8)
                : width == 16 ? words_equal(left, right, 16)
                : width == 24 ? words_equal(left, right, 24)
                              : words_equal(left, right, width);

    return same || (layout->text_count && far_strings_equal(layout, left, right));
}

bool key_equal(const key_layout *layout, const char *left, const char *right)
{
    return rows_equal(layout, left, right);
}

/* the table ------------------------------------------------------------------------------------------------------------------------ */
bp_status group_table_init(group_table *table, bp_context *context, const key_layout *layout, bp_error *err)
{
    memory *memory = context->memory;

    *table = (group_table){.memory = memory, .cancel = &context->cancel, .layout = layout, .slot_count = EMPTY_SLOTS};
    arena_init(&table->strings, memory);
    table->slots = memory_allocate_array(memory, table->slot_count, sizeof(uint64_t));
    return table->slots ? BP_OK : error_no_memory(err, memory, table->slot_count * sizeof(uint64_t));
}

void group_table_clear(group_table *table)
{
    if (!table->memory) return;
    memory_free(table->memory, table->slots, table->slot_count * sizeof(uint64_t));
    memory_free(table->memory, table->rows, table->capacity * table->layout->width);
    memory_free(table->memory, table->hashes, table->capacity * sizeof(uint64_t));
    memory_free(table->memory, table->firsts, table->capacity * sizeof(uint64_t));
    arena_clear(&table->strings);
    *table = (group_table){0};
}

void group_table_reset(group_table *table)
{
    memset(table->slots, 0, table->slot_count * sizeof(uint64_t));
    table->count = 0;
    arena_reset(&table->strings);
}

static bp_status grow_array(group_table *table, void *array_pointer, size_t wanted, size_t size, bp_error *err)
{
    void **array = array_pointer, *larger = memory_resize(table->memory, *array, table->capacity * size, wanted * size);

    if (!larger) return error_no_memory(err, table->memory, wanted * size);
    *array = larger;
    return BP_OK;
}

/* A failure half way leaves arrays larger than `capacity` says; so each is shrunk back to keep the sizes that free() is told true. */
static bp_status grow_groups(group_table *table, size_t wanted, bp_error *err)
{
    size_t old = table->capacity, width = table->layout->width;
    bp_status status;

    if ((status = grow_array(table, &table->rows, wanted, width, err))) return status;
    if ((status = grow_array(table, &table->hashes, wanted, sizeof(uint64_t), err))) goto shrink_rows;
    if ((status = grow_array(table, &table->firsts, wanted, sizeof(uint64_t), err))) goto shrink_hashes;
    table->capacity = wanted;
    return BP_OK;
shrink_hashes:
    memory_free(table->memory, table->hashes, wanted * sizeof(uint64_t));
    table->hashes = NULL;
shrink_rows:
    memory_free(table->memory, table->rows, wanted * width);
    memory_free(table->memory, table->hashes, table->hashes ? old * sizeof(uint64_t) : 0);
    memory_free(table->memory, table->firsts, old * sizeof(uint64_t));
    table->rows = NULL;
    table->hashes = NULL;
    table->firsts = NULL;
    table->capacity = 0;
    table->count = 0;
    memset(table->slots, 0, table->slot_count * sizeof(uint64_t));
    return status;
}

bp_status group_table_seal(group_table *table, bp_error *err)
{
    size_t old = table->capacity, width = table->layout->width, wanted = table->count ? table->count : 1;
    uint64_t *firsts;
    bp_status status;

    memory_free(table->memory, table->slots, table->slot_count * sizeof(uint64_t));
    table->slots = NULL;
    table->slot_count = 0;
    if (old <= wanted) return BP_OK;
    if ((status = grow_array(table, &table->rows, wanted, width, err))) return status;
    memory_free(table->memory, table->hashes, old * sizeof(uint64_t));
    table->hashes = NULL;
    table->capacity = wanted;
    firsts = memory_resize(table->memory, table->firsts, old * sizeof(uint64_t), wanted * sizeof(uint64_t));
    if (!firsts) memory_free(table->memory, table->firsts, old * sizeof(uint64_t)); /* `capacity` tells another size by now */
    table->firsts = firsts;
    return firsts ? BP_OK : error_no_memory(err, table->memory, wanted * sizeof(uint64_t));
}

void group_table_pass_slots(group_table *from, group_table *to)
{
    memory_free(to->memory, to->slots, to->slot_count * sizeof(uint64_t));
    to->slots = from->slots;
    to->slot_count = from->slot_count;
    from->slots = NULL;
    from->slot_count = 0;
}

static inline uint64_t slot_of(uint64_t hash, size_t group)
{
    return (hash & 0xffffffff00000000u) | (uint64_t)(group + 1);
}

static bp_status grow_slots(group_table *table, size_t wanted, bp_error *err)
{
    uint64_t *slots = memory_allocate_array(table->memory, wanted, sizeof *slots);
    bp_status status;

    if (!slots) return error_no_memory(err, table->memory, wanted * sizeof *slots);
    memory_free(table->memory, table->slots, table->slot_count * sizeof *slots);
    table->slots = slots;
    table->slot_count = wanted;
    for (size_t i = 0; i < table->count; i++) {
        size_t at = table->hashes[i] & (wanted - 1);
        if (i % CHECK_GROUPS == 0 && (status = cancel_check(table->cancel, err))) return status; /* no group is found any more */
        while (slots[at]) at = (at + 1) & (wanted - 1);
        slots[at] = slot_of(table->hashes[i], i);
    }
    return BP_OK;
}

size_t group_table_text_bytes(const group_table *table, size_t most)
{
    const key_layout *layout = table->layout;
    size_t bytes = 0;

    for (size_t i = 0; i < table->count && layout->text_count && bytes < most; i++)
        for (size_t k = 0; k < layout->text_count; k++) {
            string_ref ref;
            memcpy(&ref, table->rows + i * layout->width + layout->texts[k], sizeof ref);
            bytes += ref.size > STRING_REF_INLINE ? ref.size : 0;
        }
    return bytes;
}

bp_status group_table_reserve(group_table *table, size_t rows, bp_error *err)
{
    size_t needed = table->count + rows, slots = table->slot_count, capacity = table->capacity ? table->capacity : 128;
    bp_status status;

    if (needed >= UINT32_MAX) return error_set(err, BP_LIMIT, "more than %u groups in one table", UINT32_MAX - 1);
    while (capacity < needed) capacity *= 2;
    if (capacity != table->capacity && (status = grow_groups(table, capacity, err))) return status;
    while (slots < needed * (needed < FEW_GROUPS ? 4 : 2)) slots *= 2;
    return slots == table->slot_count ? BP_OK : grow_slots(table, slots, err);
}

static bp_status copy_strings_of(group_table *table, char *row, bp_error *err)
{
    const key_layout *layout = table->layout;

    for (size_t i = 0; i < layout->text_count; i++) {
        string_ref ref;
        char *copy;
        memcpy(&ref, row + layout->texts[i], sizeof ref);
        if (ref.size <= STRING_REF_INLINE) continue;
        copy = arena_allocate_aligned(&table->strings, ref.size, 1);
        if (!copy) return error_no_memory(err, table->memory, ref.size);
        memcpy(copy, ref.pointer, ref.size);
        ref.pointer = copy;
        memcpy(row + layout->texts[i], &ref, sizeof ref);
    }
    return BP_OK;
}

/* The slot that holds the row's group, or the empty one where it belongs. */
static inline size_t find_slot(const group_table *table, const char *row, uint64_t hash)
{
    size_t mask = table->slot_count - 1, at = hash & mask, width = table->layout->width;

    for (;; at = (at + 1) & mask) {
        uint64_t slot = table->slots[at];
        if (!slot) return at;
        if ((slot ^ hash) >> 32) continue;
        if (rows_equal(table->layout, row, table->rows + ((slot & UINT32_MAX) - 1) * width)) return at;
    }
}

#define INSERT_ROWS 64 /* room for new groups is made for so many rows at once */
#define PREFETCH_SLOTS 32768 /* from so many on the table is past the nearest cache */
#define PREFETCH_ROWS 8 /* ahead */

static ALWAYS_INLINE void copy_words(char *to, const char *from, size_t width)
{
    for (size_t at = 0; at < width; at += 8) memcpy(to + at, from + at, 8);
}

/* What inserting is told of the rows beside their keys. */
typedef struct row_places {
    uint64_t first;
    const uint64_t *positions; /* NULL: first, first + 1 … */
    bool copy_strings;
} row_places;

/* Rows [begin, end), for whose groups there is room; inlined once for each usual width. */
static ALWAYS_INLINE bp_status insert_rows(group_table *table, const char *packed, const uint64_t *hashes, size_t begin, size_t end,
                                           const row_places *places, size_t width, uint32_t *groups, bp_error *err)
{
    const key_layout *layout = table->layout;
    uint64_t *slots = table->slots;
    size_t mask = table->slot_count - 1;
    bp_status status;

    for (size_t i = begin; i < end; i++) {
        const char *row = packed + i * width;
        uint64_t hash = hashes[i], slot;
        size_t at = hash & mask;
        for (; (slot = slots[at]); at = (at + 1) & mask) {
            const char *known = table->rows + ((slot & UINT32_MAX) - 1) * width;
            if ((slot ^ hash) >> 32) continue;
            if (words_equal(row, known, width) || (layout->text_count && far_strings_equal(layout, row, known))) break;
        }
        groups[i] = (uint32_t)slot - 1;
        if (slot) continue;
        copy_words(table->rows + table->count * width, row, width);
        if (places->copy_strings && (status = copy_strings_of(table, table->rows + table->count * width, err))) return status;
        table->hashes[table->count] = hash;
        table->firsts[table->count] = places->positions ? places->positions[i] : places->first + i;
        slots[at] = slot_of(hash, table->count);
        groups[i] = (uint32_t)table->count++;
    }
    return BP_OK;
}

static bp_status insert_rows_of_width(group_table *table, const char *packed, const uint64_t *hashes, size_t begin, size_t end,
                                      const row_places *places, uint32_t *groups, bp_error *err)
{
    switch (table->layout->width) {
    case 8: return insert_rows(table, packed, hashes, begin, end, places, 8, groups, err);
    case 16: return insert_rows(table, packed, hashes, begin, end, places, 16, groups, err);
    case 24: return insert_rows(table, packed, hashes, begin, end, places, 24, groups, err);
    case 32: return insert_rows(table, packed, hashes, begin, end, places, 32, groups, err);
    case 40: return insert_rows(table, packed, hashes, begin, end, places, 40, groups, err);
    default: return insert_rows(table, packed, hashes, begin, end, places, table->layout->width, groups, err);
    }
}

bp_status group_table_insert(group_table *table, const char *packed, const uint64_t *hashes, size_t rows, uint64_t first,
                             const uint64_t *positions, bool copy_strings, uint32_t *groups, bp_error *err)
{
    row_places places = {first, positions, copy_strings && table->layout->text_count};
    bp_status status;

    for (size_t begin = 0, end; begin < rows; begin = end) {
        end = rows - begin < INSERT_ROWS ? rows : begin + INSERT_ROWS;
        if ((status = group_table_reserve(table, end - begin, err))) return status;
        if (table->slot_count > PREFETCH_SLOTS)
            for (size_t i = begin; i < end; i++) __builtin_prefetch(&table->slots[hashes[i] & (table->slot_count - 1)]);
        if ((status = insert_rows_of_width(table, packed, hashes, begin, end, &places, groups, err))) return status;
    }
    return BP_OK;
}

void group_table_find(const group_table *table, const char *packed, const uint64_t *hashes, size_t rows, uint32_t *groups)
{
    size_t width = table->layout->width;

    for (size_t i = 0; i < rows; i++) {
        uint64_t slot;
        if (table->slot_count > PREFETCH_SLOTS && i + PREFETCH_ROWS < rows)
            __builtin_prefetch(&table->slots[hashes[i + PREFETCH_ROWS] & (table->slot_count - 1)]);
        slot = table->slots[find_slot(table, packed + i * width, hashes[i])];
        groups[i] = slot ? (uint32_t)((slot & UINT32_MAX) - 1) : UINT32_MAX;
    }
}
