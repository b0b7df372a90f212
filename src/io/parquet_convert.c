/* Stored values to ours: integers of other widths, times in other units, decimals and others that are stored as bytes. */
#include "base/temporal.h"
#include "column/float16.h"
#include "parquet_internal.h"

#define LOAD(type, name, at)                                                                                                       \
    type name;                                                                                                                     \
    memcpy(&name, at, sizeof name)

static bp_status too_big(bp_error *err, const char *what)
{
    return error_set(err, BP_BAD_FORMAT, "%s is out of range", what);
}

/* Loops over values of one stored and one wanted width. */
#define CAST_LOOP(name, from, to)                                                                                                  \
    static void name(const void *in, size_t count, void *out)                                                                      \
    {                                                                                                                              \
        to *result = out;                                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                                                       \
            LOAD(from, value, (const char *)in + i * sizeof(from));                                                                \
            result[i] = (to)value;                                                                                                 \
        }                                                                                                                          \
    }
CAST_LOOP(to_8, int32_t, int8_t)
CAST_LOOP(to_16, int32_t, int16_t)
CAST_LOOP(int32_to_64, int32_t, int64_t)
CAST_LOOP(int32_to_128, int32_t, int128)
CAST_LOOP(int64_to_128, int64_t, int128)

static void time_of_millis(const void *in, size_t count, int64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        LOAD(int32_t, value, (const char *)in + 4 * i);
        out[i] = (int64_t)value * 1000;
    }
}

static bp_status timestamp_of_millis(const void *in, size_t count, int64_t *out, bp_error *err)
{
    bool bad = false;

    for (size_t i = 0; i < count; i++) {
        LOAD(int64_t, value, (const char *)in + 8 * i);
        bad |= ckd_mul(&out[i], value, INT64_C(1000));
    }
    return bad ? too_big(err, "a timestamp in milliseconds") : BP_OK;
}

/* Nanoseconds of the day, then the Julian day; wraps as every reader of this retired type does. */
static BP_WRAPS void timestamp_of_int96(const void *in, size_t count, int64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        LOAD(uint64_t, nanos, (const char *)in + 12 * i);
        LOAD(int32_t, day, (const char *)in + 12 * i + 8);
        out[i] = (int64_t)((uint64_t)((int64_t)day - 2440588) * (uint64_t)MICROS_PER_DAY + nanos / 1000);
    }
}

/* Big-endian two's complement of any length, its sign spread over `words` words, the lowest first. False: too large for them. */
static bool decimal_words(const uint8_t *bytes, size_t size, uint64_t *words, size_t count)
{
    bool negative = size && bytes[0] & 0x80;
    uint8_t fill = negative ? 0xff : 0;

    for (; size > 8 * count; bytes++, size--)
        if (*bytes != fill) return false;
    if (size == 8 * count && (bool)(bytes[0] >> 7) != negative) return false;
    for (size_t i = 0; i < count; i++) words[i] = negative ? ~UINT64_C(0) : 0;
    for (size_t i = 0; i < size; i++) {
        size_t place = size - 1 - i;
        words[place / 8] = (words[place / 8] & ~(UINT64_C(0xff) << (place % 8 * 8))) | (uint64_t)bytes[i] << (place % 8 * 8);
    }
    return true;
}

static uint64_t load_big(const char *bytes)
{
    LOAD(uint64_t, word, bytes);
    return __builtin_bswap64(word);
}

/* The same of up to 8 bytes, which lie in the text itself with zeros behind. */
static int64_t decimal_of_8(const string_ref *in)
{
    return in->size ? (int64_t)load_big((const char *)in + offsetof(string_ref, prefix)) >> (64 - 8 * in->size) : 0;
}

/* The same of up to 16 bytes, as two words that may overlap. */
static int128 decimal_of_16(const string_ref *in)
{
    const char *bytes = string_ref_data(in);
    int64_t high;

    if (in->size <= 8) return decimal_of_8(in);
    high = (int64_t)load_big(bytes) >> (128 - 8 * in->size);
    return (int128)((uint128)(uint64_t)high << 64 | load_big(bytes + in->size - 8));
}

static bool sizes_within(const string_ref *in, size_t count, uint32_t most)
{
    bool larger = false;

    for (size_t i = 0; i < count; i++) larger |= in[i].size > most;
    return !larger;
}

static bp_status decimals(const parquet_leaf *leaf, const string_ref *in, size_t count, char *out, bp_error *err)
{
    if (leaf->width == 8 && sizes_within(in, count, 8)) {
        int64_t *values = (int64_t *)(void *)out;
        for (size_t i = 0; i < count; i++) values[i] = decimal_of_8(&in[i]);
        return BP_OK;
    }
    if (leaf->width == 16 && sizes_within(in, count, 16)) {
        int128 *values = (int128 *)(void *)out;
        for (size_t i = 0; i < count; i++) values[i] = decimal_of_16(&in[i]);
        return BP_OK;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t words[4];
        if (!decimal_words((const uint8_t *)string_ref_data(&in[i]), in[i].size, words, leaf->width / 8))
            return too_big(err, "a decimal");
        memcpy(out + i * leaf->width, words, leaf->width);
    }
    return BP_OK;
}

static void halves(const string_ref *in, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        LOAD(uint16_t, bits, string_ref_data(&in[i]));
        out[i] = (float)float16_value(bits);
    }
}

static void uuids(const string_ref *in, size_t count, uint128 *out)
{
    for (size_t i = 0; i < count; i++) {
        LOAD(uint64_t, high, string_ref_data(&in[i]));
        LOAD(uint64_t, low, string_ref_data(&in[i]) + 8);
        out[i] = (uint128)__builtin_bswap64(high) << 64 | __builtin_bswap64(low);
    }
}

static bp_status intervals(const string_ref *in, size_t count, interval *out, bp_error *err)
{
    for (size_t i = 0; i < count; i++) {
        LOAD(uint32_t, months, string_ref_data(&in[i]));
        LOAD(uint32_t, days, string_ref_data(&in[i]) + 4);
        LOAD(uint32_t, millis, string_ref_data(&in[i]) + 8);
        if (months > INT32_MAX || days > INT32_MAX) return too_big(err, "an interval");
        out[i] = (interval){(int32_t)months, (int32_t)days, (int64_t)millis * 1000};
    }
    return BP_OK;
}

static bool all_of_size(const string_ref *in, size_t count, uint32_t size)
{
    for (size_t i = 0; i < count; i++)
        if (in[i].size != size) return false;
    return true;
}

bp_status parquet_convert_values(const parquet_leaf *leaf, const void *in, size_t count, void *out, bp_error *err)
{
    if ((leaf->convert == CONVERT_HALF && !all_of_size(in, count, 2)) ||
        (leaf->convert == CONVERT_UUID && !all_of_size(in, count, 16)) ||
        (leaf->convert == CONVERT_INTERVAL && !all_of_size(in, count, 12)))
        return error_set(err, BP_BAD_FORMAT, "a value does not have the length that the schema gives");
    switch ((parquet_convert)leaf->convert) {
    case CONVERT_TO_8: to_8(in, count, out); return BP_OK;
    case CONVERT_TO_16: to_16(in, count, out); return BP_OK;
    case CONVERT_32_TO_64: int32_to_64(in, count, out); return BP_OK;
    case CONVERT_32_TO_128: int32_to_128(in, count, out); return BP_OK;
    case CONVERT_64_TO_128: int64_to_128(in, count, out); return BP_OK;
    case CONVERT_32_MILLI: time_of_millis(in, count, out); return BP_OK;
    case CONVERT_64_MILLI: return timestamp_of_millis(in, count, out, err);
    case CONVERT_INT96: timestamp_of_int96(in, count, out); return BP_OK;
    case CONVERT_DECIMAL: return decimals(leaf, in, count, out, err);
    case CONVERT_HALF: halves(in, count, out); return BP_OK;
    case CONVERT_UUID: uuids(in, count, out); return BP_OK;
    case CONVERT_INTERVAL: return intervals(in, count, out, err);
    case CONVERT_NONE:
    case CONVERT_BIT:
    case CONVERT_REF: break;
    }
    return ERROR_INTERNAL(err, "a conversion of Parquet values");
}

/* Times are within a day and decimals have no more digits than their type: the rest of the engine counts on it. */
static bool in_range_64(const int64_t *values, size_t count, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low;
    bool bad = false;

    for (size_t i = 0; i < count; i++) bad |= (uint64_t)values[i] - (uint64_t)low > span;
    return !bad;
}

static bool in_range_128(const int128 *values, size_t count, unsigned precision)
{
    int128 limit = 1;
    bool bad = false;

    for (unsigned i = 0; i < precision; i++) limit *= 10;
    for (size_t i = 0; i < count; i++) bad |= values[i] >= limit || values[i] <= -limit;
    return !bad;
}

/* Of more than 38 digits: up to 76, which 2^253 holds. */
static bool in_range_256(const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t top = words[4 * i + 3];
        if (top >> 61 != 0 && top >> 61 != 7) return false;
    }
    return true;
}

BP_WRAPS bp_status parquet_check_range(data_type type, const void *values, size_t count, bp_error *err)
{
    int64_t limit = 1;

    if (type.id == TYPE_TIME) {
        int64_t day = type.unit == UNIT_NANO ? MICROS_PER_DAY * 1000 : MICROS_PER_DAY;
        return in_range_64(values, count, 0, day) ? BP_OK : too_big(err, "a time of day");
    }
    if (type.id != TYPE_DECIMAL) return BP_OK;
    switch (type_physical(type)) {
    case PHYSICAL_INT64:
        for (unsigned i = 0; i < type.precision; i++) limit *= 10;
        return in_range_64(values, count, 1 - limit, limit - 1) ? BP_OK : too_big(err, "a decimal");
    case PHYSICAL_INT128: return in_range_128(values, count, type.precision) ? BP_OK : too_big(err, "a decimal");
    default: return in_range_256(values, count) ? BP_OK : too_big(err, "a decimal");
    }
}

bool parquet_statistic_value(const parquet_leaf *leaf, string_view bytes, arena *arena, column *out)
{
    void *value = arena_allocate_zeroed(arena, leaf->width ? leaf->width : 8);
    string_ref ref;

    if (!value || bytes.size > UINT32_MAX) return false;
    if (leaf->convert >= CONVERT_REF) {
        if (leaf->physical == PARQUET_FIXED && bytes.size != leaf->stored_width && leaf->convert != CONVERT_REF) return false;
        string_view copy =
            arena_copy(arena, bytes); /* with room to read 16 bytes from there: an arena's blocks are multiples of 16 */
        if (!copy.data) return false;
        ref = string_ref_of(copy.data, copy.size);
        if (leaf->convert == CONVERT_REF)
            memcpy(value, &ref, sizeof ref);
        else if (parquet_convert_values(leaf, &ref, 1, value, NULL))
            return false;
    } else if (leaf->convert == CONVERT_BIT) {
        if (bytes.size != 1) return false;
        *(uint64_t *)value = bytes.data[0] & 1;
    } else {
        if (bytes.size != leaf->stored_width) return false;
        if (leaf->convert == CONVERT_NONE)
            memcpy(value, bytes.data, bytes.size);
        else if (parquet_convert_values(leaf, bytes.data, 1, value, NULL))
            return false;
    }
    *out = (column){.type = leaf->type, .length = 1, .values = value};
    return parquet_check_range(leaf->type, value, 1, NULL) == BP_OK;
}
