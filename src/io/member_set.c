/* See member_set.h. */
#include "member_set.h"

#include "base/hash.h"

#define SIGN (UINT64_C(1) << 63)
#define EXACT_BITS 64 /* a key: a bitmap may have so many */
#define LEAST_EXACT                                                                                                                \
    (UINT64_C(1)                                                                                                                   \
     << 21) /* bits that a bitmap may always have: it stays in the second cache, and asking it costs half of a Bloom filter */
#define MOST_EXACT (UINT64_C(1) << 27)
#define BLOOM_BITS 16 /* a key */
#define MEETS_WORDS 4096 /* longer stretches of a bitmap are not searched */

bool member_set_takes(data_type type)
{
    switch (type_physical(type)) {
    case PHYSICAL_INT8:
    case PHYSICAL_INT16:
    case PHYSICAL_INT32:
    case PHYSICAL_INT64:
    case PHYSICAL_UINT8:
    case PHYSICAL_UINT16:
    case PHYSICAL_UINT32:
    case PHYSICAL_UINT64:
    case PHYSICAL_STRING: return true;
    default: return false;
    }
}

/* Signed numbers in the order of unsigned ones. */
static inline uint64_t number_of_signed(int64_t value)
{
    return (uint64_t)value ^ SIGN;
}

static inline uint64_t number_of_text(const string_ref *text)
{
    string_view view = string_ref_view(text);

    return hash_bytes(view.data, view.size);
}

static uint64_t number_at(const column *values, size_t row)
{
    switch (type_physical(values->type)) {
    case PHYSICAL_INT8: return number_of_signed(((const int8_t *)values->values)[row]);
    case PHYSICAL_INT16: return number_of_signed(((const int16_t *)values->values)[row]);
    case PHYSICAL_INT32: return number_of_signed(((const int32_t *)values->values)[row]);
    case PHYSICAL_INT64: return number_of_signed(((const int64_t *)values->values)[row]);
    case PHYSICAL_UINT8: return ((const uint8_t *)values->values)[row];
    case PHYSICAL_UINT16: return ((const uint16_t *)values->values)[row];
    case PHYSICAL_UINT32: return ((const uint32_t *)values->values)[row];
    case PHYSICAL_UINT64: return ((const uint64_t *)values->values)[row];
    default: return number_of_text((const string_ref *)values->values + row);
    }
}

#define NUMBERS_OF(type, number)                                                                                                   \
    do {                                                                                                                           \
        const type *from = values->values;                                                                                         \
        for (size_t i = 0; i < values->length; i++) numbers[i] = number;                                                           \
    } while (0)

void member_numbers(const column *values, uint64_t *numbers)
{
    switch (type_physical(values->type)) {
    case PHYSICAL_INT32: NUMBERS_OF(int32_t, number_of_signed(from[i])); break;
    case PHYSICAL_INT64: NUMBERS_OF(int64_t, number_of_signed(from[i])); break;
    default:
        for (size_t i = 0; i < values->length; i++) numbers[i] = number_at(values, i);
    }
}

/* Making ----------------------------------------------------------------------------------------------------------------------------- */
bp_status member_set_note(member_set *set, const column *keys, arena *scratch, bp_error *err)
{
    bool text = type_physical(keys->type) == PHYSICAL_STRING;
    uint64_t least = set->count ? set->least : UINT64_MAX, most = set->most;
    column flat;
    bp_status status = column_flatten(&flat, keys, scratch, err);

    if (status) return status;
    for (size_t i = 0; i < flat.length; i++) {
        uint64_t number;
        if (column_is_null(&flat, i)) continue;
        set->count++;
        if (text) continue; /* hashes lie everywhere */
        number = number_at(&flat, i);
        if (number < least) least = number;
        if (number > most) most = number;
    }
    set->least = text ? 0 : least;
    set->most = text ? UINT64_MAX : most;
    return BP_OK;
}

bp_status member_set_open(member_set *set, arena *arena, bp_error *err)
{
    uint64_t span = set->most - set->least, wanted = set->count * EXACT_BITS;
    size_t words = 1;

    if (set->count == 0) return BP_OK;
    if (wanted < LEAST_EXACT) wanted = LEAST_EXACT;
    set->exact = span < wanted && span < MOST_EXACT;
    if (set->exact) {
        words = (size_t)(span / 64 + 1);
    } else {
        set->shift = 64;
        while (words * 64 < set->count * BLOOM_BITS || set->shift == 64) { /* a shift by 64 is none */
            words *= 2;
            set->shift--;
        }
    }
    set->words = arena_new_array(arena, uint64_t, words);
    return set->words ? BP_OK : error_no_memory(err, arena->memory, words * sizeof *set->words);
}

static inline uint64_t block_bits(uint64_t hash)
{
    return UINT64_C(1) << (hash & 63) | UINT64_C(1) << (hash >> 6 & 63) | UINT64_C(1) << (hash >> 12 & 63) |
           UINT64_C(1) << (hash >> 18 & 63);
}

bp_status member_set_add(member_set *set, const column *keys, arena *scratch, bp_error *err)
{
    column flat;
    bp_status status = column_flatten(&flat, keys, scratch, err);

    if (status) return status;
    for (size_t i = 0; i < flat.length; i++) {
        uint64_t number, hash;
        if (column_is_null(&flat, i)) continue;
        number = number_at(&flat, i);
        if (set->exact) {
            bitmap_set(set->words, (size_t)(number - set->least));
        } else {
            hash = hash_uint64(number);
            set->words[hash >> set->shift] |= block_bits(hash);
        }
    }
    return BP_OK;
}

/* Asking ----------------------------------------------------------------------------------------------------------------------------- */
static inline bool has_exact(const uint64_t *words, uint64_t place, uint64_t span)
{
    uint64_t inside = place <= span;

    place = inside ? place : 0;
    return (words[place / 64] >> (place % 64)) & inside;
}

static inline bool has_hashed(const uint64_t *words, uint64_t number, uint8_t shift)
{
    uint64_t hash = hash_uint64(number), bits = block_bits(hash);

    return (words[hash >> shift] & bits) == bits;
}

/* Without a branch a row; what the set is lies in registers. */
#define SELECT_LOOP(has)                                                                                                           \
    for (size_t i = 0; i < count; i++) {                                                                                           \
        uint32_t row = selection[i];                                                                                               \
        selection[kept] = row;                                                                                                     \
        kept += has;                                                                                                               \
    }
#define SELECT_OF(type, number)                                                                                                    \
    do {                                                                                                                           \
        const type *from = values->values;                                                                                         \
        if (exact) {                                                                                                               \
            SELECT_LOOP(has_exact(words, number - least, span))                                                                    \
        } else {                                                                                                                   \
            SELECT_LOOP(has_hashed(words, number, shift))                                                                          \
        }                                                                                                                          \
    } while (0)

size_t member_set_select(const member_set *set, const column *values, uint32_t *selection, size_t count)
{
    const uint64_t *words = set->words;
    uint64_t least = set->least, span = set->most - set->least;
    uint8_t shift = set->shift;
    bool exact = set->exact;
    size_t kept = 0;

    if (set->count == 0) return 0;
    switch (type_physical(values->type)) {
    case PHYSICAL_INT32: SELECT_OF(int32_t, number_of_signed(from[row])); break;
    case PHYSICAL_INT64: SELECT_OF(int64_t, number_of_signed(from[row])); break;
    case PHYSICAL_STRING: SELECT_OF(string_ref, number_of_text(&from[row])); break;
    default:
        if (exact) {
            SELECT_LOOP(has_exact(words, number_at(values, row) - least, span))
        } else {
            SELECT_LOOP(has_hashed(words, number_at(values, row), shift))
        }
    }
    return kept;
}

bool member_set_meets(const member_set *set, const column *low, const column *high)
{
    uint64_t first, last;

    if (set->count == 0) return false;
    if (type_physical(low->type) == PHYSICAL_STRING) return true;
    first = number_at(low, 0);
    last = number_at(high, 0);
    if (first > set->most || last < set->least) return false;
    if (first > last || !set->exact) return true;
    first = first > set->least ? first - set->least : 0;
    last = (last < set->most ? last : set->most) - set->least;
    if (last / 64 - first / 64 > MEETS_WORDS) return true;
    for (uint64_t word = first / 64; word <= last / 64; word++) {
        uint64_t bits = set->words[word];
        if (word == first / 64) bits &= UINT64_MAX << (first % 64);
        if (word == last / 64) bits &= UINT64_MAX >> (63 - last % 64);
        if (bits) return true;
    }
    return false;
}
