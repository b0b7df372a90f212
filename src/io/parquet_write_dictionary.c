/* Dictionaries: each value's code, and the entries.
 *
 *   integers of a small range   a table of the range: which occur, numbered in order, then each value's number: no comparison at all
 *   other values                a hash table of codes, which grows; entries in order of appearance
 *
 * Both stop early where values hardly repeat. Whether pages of codes are smaller in the end is for the chunk to say, which knows how values pack. */
#include "base/hash.h"
#include "parquet_write_internal.h"

#define RANGE_MOST ((uint64_t)1 << 22)
#define FIRST_SLOTS 1024
#define EARLY_VALUES 8192 /* after so many values the dictionary may have … */
#define EARLY_ENTRIES 6144 /* … so many entries */
#define CHECK_VALUES 65536 /* cancel is looked at after so many */

/* The most entries that are worth it: codes take their bits, entries their bytes again. */
static size_t most_entries(const write_leaf *leaf, size_t count, const parquet_write_options *options)
{
    size_t most = leaf->width == 4 ? count / 3 : count / 2;

    return options->dictionary_entries < most ? (size_t)options->dictionary_entries : most;
}

/* Small ranges ---------------------------------------------------------------------------------------------------------------------- */
static bool range_of(const write_leaf *leaf, const write_values *values, uint64_t *low, uint64_t *span)
{
    write_extremes extremes;
    uint64_t high;

    if ((leaf->order != ORDER_SIGNED && leaf->order != ORDER_UNSIGNED) || (leaf->width != 4 && leaf->width != 8)) return false;
    parquet_extremes(&extremes, leaf, values->values.data, values->value_count);
    if (leaf->width == 8) {
        memcpy(low, extremes.least, 8);
        memcpy(&high, extremes.greatest, 8);
    } else if (leaf->order == ORDER_SIGNED) {
        *low = (uint64_t)(int64_t)*(const int32_t *)extremes.least;
        high = (uint64_t)(int64_t)*(const int32_t *)extremes.greatest;
    } else {
        *low = *(const uint32_t *)extremes.least;
        high = *(const uint32_t *)extremes.greatest;
    }
    *span = high - *low;
    return *span < RANGE_MOST && *span < 4 * (uint64_t)values->value_count;
}

#define RANGE_CODES(name, type)                                                                                                    \
    static BP_WRAPS size_t name(write_dictionary *out, const type *values, size_t count, type low, size_t span, size_t most)       \
    {                                                                                                                              \
        uint32_t *numbers = out->slots.data, *codes = out->codes.data;                                                             \
        type *entries = out->entries.data;                                                                                         \
        size_t found = 0;                                                                                                          \
        memset(numbers, 0, (span + 1) * sizeof *numbers);                                                                          \
        for (size_t i = 0; i < count; i++) numbers[(type)(values[i] - low)] = 1;                                                   \
        for (size_t i = 0; i <= span; i++) found += numbers[i];                                                                    \
        if (found > most) return found;                                                                                            \
        found = 0;                                                                                                                 \
        for (size_t i = 0; i <= span; i++) {                                                                                       \
            uint32_t there = numbers[i];                                                                                           \
            numbers[i] = (uint32_t)found;                                                                                          \
            entries[found] = (type)(low + (type)i);                                                                                \
            found += there;                                                                                                        \
        }                                                                                                                          \
        for (size_t i = 0; i < count; i++) codes[i] = numbers[(type)(values[i] - low)];                                            \
        return found;                                                                                                              \
    }
RANGE_CODES(range_codes_4, uint32_t)
RANGE_CODES(range_codes_8, uint64_t)

static bp_status build_by_range(write_dictionary *out, bool *worth, const write_leaf *leaf, const write_values *values,
                                uint64_t low, size_t span, size_t most, memory *memory, bp_error *err)
{
    size_t count = values->value_count;
    bp_status status;

    if ((status = write_room_for(&out->slots, memory, span + 1, sizeof(uint32_t), err))) return status;
    if ((status = write_room_for(&out->entries, memory, (most < span + 1 ? most : span + 1) + 1, leaf->width, err))) return status;
    out->count = leaf->width == 4 ? range_codes_4(out, values->values.data, count, (uint32_t)low, span, most)
                                  : range_codes_8(out, values->values.data, count, low, span, most);
    out->sorted = true;
    *worth = out->count <= most;
    return BP_OK;
}

/* Hash tables ------------------------------------------------------------------------------------------------------------------------ */
static inline uint64_t load_8(const void *at)
{
    uint64_t word;

    memcpy(&word, at, 8);
    return word;
}

static inline uint64_t hash_text(const string_ref *text)
{
    if (text->size <= STRING_REF_INLINE) return hash_combine(load_8(text), load_8((const char *)text + 8));
    return hash_bytes(text->pointer, text->size);
}

/* KEY: how a value is hashed and compared. */
#define HASH_4(value) hash_uint64(*(const uint32_t *)(value))
#define HASH_8(value) hash_uint64(*(const uint64_t *)(value))
#define HASH_16(value) hash_combine(load_8(value), load_8((const char *)(value) + 8))
#define HASH_TEXT(value) hash_text((const string_ref *)(value))
#define SAME_4(left, right) (*(const uint32_t *)(left) == *(const uint32_t *)(right))
#define SAME_8(left, right) (*(const uint64_t *)(left) == *(const uint64_t *)(right))
#define SAME_16(left, right)                                                                                                       \
    (load_8(left) == load_8(right) && load_8((const char *)(left) + 8) == load_8((const char *)(right) + 8))
#define SAME_TEXT(left, right) string_ref_equal((const string_ref *)(left), (const string_ref *)(right))

typedef struct hashing {
    write_dictionary *out;
    memory *memory;
    size_t slot_mask, entry_capacity;
    uint64_t bytes_left; /* of texts */
} hashing;

/* Twice the slots; the entries find their places by their kept hashes. */
static bp_status grow_slots(hashing *hashing, size_t slot_count, size_t width, bp_error *err)
{
    write_dictionary *out = hashing->out;
    const uint32_t *hashes;
    uint32_t *slots;
    bp_status status;

    if ((status = write_room_for(&out->slots, hashing->memory, slot_count, sizeof *slots, err))) return status;
    if ((status = write_room_for(&out->entries, hashing->memory, slot_count / 2 + 1, width, err))) return status;
    if ((status = write_room_for(&out->hashes, hashing->memory, slot_count / 2 + 1, sizeof *hashes, err))) return status;
    slots = out->slots.data;
    hashes = out->hashes.data;
    memset(slots, 0, slot_count * sizeof *slots);
    hashing->slot_mask = slot_count - 1;
    hashing->entry_capacity = slot_count / 2;
    for (size_t i = 0; i < out->count; i++) {
        size_t slot = hashes[i] & hashing->slot_mask;
        while (slots[slot]) slot = (slot + 1) & hashing->slot_mask;
        slots[slot] = (uint32_t)(i + 1);
    }
    return BP_OK;
}

/* Codes of values [at, end): slots hold codes from 1 on. Stops at `most` entries: *at tells how far it came. */
#define HASH_CODES(name, width, HASH, SAME)                                                                                        \
    static void name(hashing *hashing, const char *values, size_t *at, size_t end, size_t most)                                    \
    {                                                                                                                              \
        write_dictionary *out = hashing->out;                                                                                      \
        uint32_t *slots = out->slots.data, *hashes = out->hashes.data, *codes = out->codes.data;                                   \
        char *entries = out->entries.data;                                                                                         \
        size_t mask = hashing->slot_mask, i;                                                                                       \
        for (i = *at; i < end; i++) {                                                                                              \
            const char *value = values + i * (width);                                                                              \
            uint32_t hash = (uint32_t)HASH(value), code;                                                                           \
            size_t slot = hash & mask;                                                                                             \
            while ((code = slots[slot]) && (hashes[code - 1] != hash || !SAME(entries + (size_t)(code - 1) * (width), value)))     \
                slot = (slot + 1) & mask;                                                                                          \
            if (!code) {                                                                                                           \
                if (out->count == most) break;                                                                                     \
                memcpy(entries + out->count * (width), value, width);                                                              \
                hashes[out->count] = hash;                                                                                         \
                code = slots[slot] = (uint32_t)++out->count;                                                                       \
            }                                                                                                                      \
            codes[i] = code - 1;                                                                                                   \
        }                                                                                                                          \
        *at = i;                                                                                                                   \
    }
HASH_CODES(hash_codes_4, 4, HASH_4, SAME_4)
HASH_CODES(hash_codes_8, 8, HASH_8, SAME_8)
HASH_CODES(hash_codes_16, 16, HASH_16, SAME_16)
HASH_CODES(hash_codes_text, 16, HASH_TEXT, SAME_TEXT)

static void hash_codes(hashing *hashing, const write_leaf *leaf, const char *values, size_t *at, size_t end, size_t most)
{
    if (leaf->physical == PARQUET_BYTE_ARRAY)
        hash_codes_text(hashing, values, at, end, most);
    else if (leaf->width == 4)
        hash_codes_4(hashing, values, at, end, most);
    else if (leaf->width == 8)
        hash_codes_8(hashing, values, at, end, most);
    else
        hash_codes_16(hashing, values, at, end, most);
}

static uint64_t text_bytes(const write_dictionary *dictionary, size_t from)
{
    uint64_t bytes = 0;

    for (size_t i = from; i < dictionary->count; i++) bytes += 4 + (uint64_t)((const string_ref *)dictionary->entries.data)[i].size;
    return bytes;
}

static bp_status build_by_hash(write_dictionary *out, bool *worth, const write_leaf *leaf, const write_values *values, size_t most,
                               uint64_t most_bytes, memory *memory, bp_error *err)
{
    hashing hashing = {.out = out, .memory = memory};
    size_t at = 0, count = values->value_count, counted = 0;
    bool is_text = leaf->physical == PARQUET_BYTE_ARRAY;
    bp_status status = grow_slots(&hashing, FIRST_SLOTS, leaf->width, err);

    out->sorted = false;
    *worth = false;
    while (!status && at < count) {
        size_t end = at < EARLY_VALUES && count > EARLY_VALUES ? EARLY_VALUES
                     : count - at < CHECK_VALUES               ? count
                                                               : at + CHECK_VALUES;
        size_t room = hashing.entry_capacity < most ? hashing.entry_capacity : most;
        hash_codes(&hashing, leaf, values->values.data, &at, end, room);
        if (is_text) {
            out->bytes += text_bytes(out, counted);
            counted = out->count;
            if (out->bytes > most_bytes) return BP_OK;
        }
        if (at < end) { /* full */
            if (out->count == most) return BP_OK;
            status = grow_slots(&hashing, 2 * (hashing.slot_mask + 1), leaf->width, err);
        } else if (end == EARLY_VALUES && out->count > EARLY_ENTRIES) {
            return BP_OK;
        } else {
            status = cancel_check_of(memory, err);
        }
    }
    *worth = !status;
    return status;
}

bp_status parquet_dictionary_build(write_dictionary *out, bool *worth, const write_leaf *leaf, const write_values *values,
                                   const parquet_write_options *options, memory *memory, bp_error *err)
{
    size_t most = most_entries(leaf, values->value_count, options);
    bool fits = leaf->physical == PARQUET_BYTE_ARRAY || leaf->width == 4 || leaf->width == 8 || leaf->width == 16;
    uint64_t low, span;
    bp_status status;

    *worth = false;
    out->count = 0;
    out->bytes = 0;
    if (!fits || most == 0 || values->value_count > UINT32_MAX / 2) return BP_OK;
    if ((status = write_room_for(&out->codes, memory, values->value_count, sizeof(uint32_t), err))) return status;
    if (range_of(leaf, values, &low, &span))
        status = build_by_range(out, worth, leaf, values, low, (size_t)span, most, memory, err);
    else
        status = build_by_hash(out, worth, leaf, values, most, options->dictionary_bytes, memory, err);
    if (!status && *worth && leaf->physical != PARQUET_BYTE_ARRAY) out->bytes = (uint64_t)out->count * leaf->width;
    return status;
}
