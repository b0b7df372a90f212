/* The least and greatest of stored values.
 *
 * A NaN makes a range unknown: ours and DuckDB's is greater than every number, others leave it out of the order, so no bound would be right for all readers.
 * Zeros are told as the format asks: -0.0 as the least, 0.0 as the greatest. Texts are cut to a bound. */
#include "parquet_write_internal.h"

#define TEXT_MOST 64 /* bytes of a bound */

#define EXTREMES(type)                                                                                                             \
    do {                                                                                                                           \
        const type *in = values;                                                                                                   \
        size_t least = 0, greatest = 0;                                                                                            \
        type low = in[0], high = in[0];                                                                                            \
        for (size_t i = 1; i < count; i++) {                                                                                       \
            low = in[i] < low ? in[i] : low;                                                                                       \
            high = in[i] > high ? in[i] : high;                                                                                    \
        }                                                                                                                          \
        while (!(in[least] == low)) least++;                                                                                       \
        while (!(in[greatest] == high)) greatest++;                                                                                \
        out->least = &in[least];                                                                                                   \
        out->greatest = &in[greatest];                                                                                             \
    } while (0)

#define HAS_NAN(type)                                                                                                              \
    do {                                                                                                                           \
        const type *in = values;                                                                                                   \
        bool found = false;                                                                                                        \
        for (size_t i = 0; i < count; i++) found |= in[i] != in[i];                                                                \
        out->has_nan = found;                                                                                                      \
    } while (0)

static int compare_bytes(const uint8_t *left, const uint8_t *right, size_t size, bool is_signed)
{
    if (is_signed && left[0] != right[0]) return (int8_t)left[0] < (int8_t)right[0] ? -1 : 1;
    return memcmp(left, right, size);
}

#define COMPARE(type)                                                                                                              \
    do {                                                                                                                           \
        type a, b;                                                                                                                 \
        memcpy(&a, left, sizeof a);                                                                                                \
        memcpy(&b, right, sizeof b);                                                                                               \
        return (a > b) - (a < b);                                                                                                  \
    } while (0)

int parquet_stored_compare(const write_leaf *leaf, const void *left, const void *right)
{
    switch ((write_order)leaf->order) {
    case ORDER_SIGNED:
        if (leaf->width == 4) COMPARE(int32_t);
        COMPARE(int64_t);
    case ORDER_UNSIGNED:
        if (leaf->width == 1) COMPARE(uint8_t);
        if (leaf->width == 4) COMPARE(uint32_t);
        COMPARE(uint64_t);
    case ORDER_FLOAT:
        if (leaf->width == 4) COMPARE(float);
        COMPARE(double);
    case ORDER_BIG_ENDIAN: return compare_bytes(left, right, leaf->width, true);
    case ORDER_BYTES:
        return leaf->physical == PARQUET_BYTE_ARRAY ? string_ref_compare(left, right) : memcmp(left, right, leaf->width);
    case ORDER_NONE: break;
    }
    return 0;
}

static void compared_extremes(write_extremes *out, const write_leaf *leaf, const char *values, size_t count)
{
    out->least = out->greatest = values;
    for (size_t i = 1; i < count; i++) {
        const char *value = values + i * leaf->width;
        if (parquet_stored_compare(leaf, value, out->least) < 0)
            out->least = value;
        else if (parquet_stored_compare(leaf, value, out->greatest) > 0)
            out->greatest = value;
    }
}

void parquet_extremes(write_extremes *out, const write_leaf *leaf, const void *values, size_t count)
{
    *out = (write_extremes){0};
    if (count == 0 || leaf->order == ORDER_NONE) return;
    if (leaf->order == ORDER_FLOAT) {
        if (leaf->width == 4)
            HAS_NAN(float);
        else
            HAS_NAN(double);
        if (out->has_nan) return;
    }
    out->known = true;
    if (leaf->order == ORDER_SIGNED && leaf->width == 4)
        EXTREMES(int32_t);
    else if (leaf->order == ORDER_SIGNED)
        EXTREMES(int64_t);
    else if (leaf->order == ORDER_UNSIGNED && leaf->width == 4)
        EXTREMES(uint32_t);
    else if (leaf->order == ORDER_UNSIGNED && leaf->width == 8)
        EXTREMES(uint64_t);
    else if (leaf->order == ORDER_FLOAT && leaf->width == 4)
        EXTREMES(float);
    else if (leaf->order == ORDER_FLOAT)
        EXTREMES(double);
    else
        compared_extremes(out, leaf, values, count);
}

void parquet_extremes_join(write_extremes *into, const write_leaf *leaf, const write_extremes *more)
{
    into->has_nan |= more->has_nan;
    if (into->has_nan) into->known = false;
    if (!more->known || into->has_nan) return;
    if (!into->known) {
        *into = *more;
        return;
    }
    if (parquet_stored_compare(leaf, more->least, into->least) < 0) into->least = more->least;
    if (parquet_stored_compare(leaf, more->greatest, into->greatest) > 0) into->greatest = more->greatest;
}

/* Bytes of statistics ------------------------------------------------------------------------------------------------------------------ */
/* Where a text may be cut: not within a character of UTF-8. */
static size_t cut_at(const char *text, size_t most, bool is_text)
{
    while (is_text && most && ((unsigned char)text[most] & 0xc0) == 0x80) most--;
    return most;
}

/* Make the bytes greater than all that begin with them, by raising the last byte that can be. Of text a character below U+0080, or the whole bound would
 * no longer be UTF-8. */
static bool raise_last(builder *out, size_t begin, bool is_text)
{
    while (out->size > begin) {
        unsigned char last = (unsigned char)out->data[out->size - 1];
        if (last < (is_text ? 0x7f : 0xff)) {
            out->data[out->size - 1] = (char)(last + 1);
            return true;
        }
        out->size--;
    }
    return false;
}

static bool text_bytes(builder *out, const write_leaf *leaf, const string_ref *value, bool greatest, bool *exact)
{
    bool is_text = leaf->type.id != TYPE_BLOB;
    size_t begin = out->size, size = value->size;

    *exact = size <= TEXT_MOST;
    if (!*exact) size = cut_at(string_ref_data(value), TEXT_MOST, is_text);
    if (!builder_append(out, string_ref_data(value), size)) return false;
    return *exact || !greatest || raise_last(out, begin, is_text);
}

static bool is_zero(const write_leaf *leaf, const void *value)
{
    float narrow;
    double wide;

    if (leaf->width == 4) {
        memcpy(&narrow, value, sizeof narrow);
        return narrow == 0;
    }
    memcpy(&wide, value, sizeof wide);
    return wide == 0;
}

bool parquet_extreme_bytes(builder *out, const write_leaf *leaf, const void *value, bool greatest, bool *exact)
{
    static const char zero[8], minus_zero[8] = {0, 0, 0, 0, 0, 0, 0, (char)0x80};

    *exact = true;
    if (leaf->physical == PARQUET_BYTE_ARRAY) return text_bytes(out, leaf, value, greatest, exact);
    if (leaf->order == ORDER_FLOAT && is_zero(leaf, value))
        return builder_append(out, greatest ? zero : minus_zero + 8 - leaf->width, leaf->width);
    return builder_append(out, value, leaf->width);
}
