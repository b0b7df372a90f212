/* Digests of texts and bytes, and hash() of any values. */
#include "function_internal.h"

#include "base/digest.h"
#include "base/hash.h"
#include "base/number.h"
#include "compute/hash_slice.h"

static bool append_hex(builder *text, const uint8_t *digest, size_t size)
{
    if (!builder_reserve(text, 2 * size)) return false;
    number_print_hex_bytes(text->data + text->size, digest, size, false);
    text->size += 2 * size;
    return true;
}

#define DIGEST(name, function, digest_size)                                                                                        \
    TEXT_MADE(name)                                                                                                                \
    {                                                                                                                              \
        uint8_t digest[digest_size];                                                                                               \
        function(digest, TEXT(0).data, TEXT(0).size, call->context->memory);                                                       \
        return append_hex(text, digest, digest_size);                                                                              \
    }
DIGEST(text_md5, digest_md5, MD5_SIZE)
DIGEST(text_sha1, digest_sha1, SHA1_SIZE)
DIGEST(text_sha256, digest_sha256, SHA256_SIZE)

/* The sixteen bytes as a number, the first one lowest. */
static uint128 md5_number(const function_call *call, string_view text)
{
    uint8_t digest[MD5_SIZE];
    uint128 number = 0;

    digest_md5(digest, text.data, text.size, call->context->memory);
    for (unsigned i = MD5_SIZE; i-- > 0;) number = number << 8 | digest[i];
    return number;
}

TEXT_TO(text_md5_number, uint128, md5_number(call, text))
TEXT_TO(text_md5_number_lower, uint64_t, (uint64_t)(md5_number(call, text) >> 64))
TEXT_TO(text_md5_number_upper, uint64_t, (uint64_t)md5_number(call, text))

/* hash() ------------------------------------------------------------------------------------------------------------------------------------- */
static uint64_t hash_value(const column *in, size_t row, unsigned depth);

/* Elements [begin, begin + count) of a child, and how many they are. */
static uint64_t hash_elements(const column *child, size_t begin, size_t count, unsigned depth)
{
    uint64_t hash = hash_uint64(count);

    for (size_t i = 0; i < count; i++) hash = hash_combine(hash, hash_value(child, begin + i, depth));
    return hash;
}

static uint64_t hash_struct(const column *in, size_t row, unsigned depth)
{
    uint64_t hash = hash_uint64(in->child_count);

    for (size_t i = 0; i < in->child_count; i++) hash = hash_combine(hash, hash_value(&in->children[i], row, depth));
    return hash;
}

/* Integers of all widths hash by value, so that 1::INTEGER and 1::BIGINT hash alike. */
static uint64_t hash_wide(int128 value)
{
    return value >= INT64_MIN && value <= UINT64_MAX ? hash_uint64((uint64_t)value) : hash_uint128((uint128)value);
}

static uint64_t hash_float(const column *in, size_t row)
{
    return hash_double(type_physical(in->type) == PHYSICAL_FLOAT32 ? (double)((const float *)in->values)[row]
                                                                   : ((const double *)in->values)[row]);
}

/* A value that is not NULL; types nest at most LIMIT_TYPE_DEPTH deep. */
static uint64_t hash_flat(const column *in, size_t row, unsigned depth)
{
    physical_type physical = type_physical(in->type);
    string_view text;
    list_entry entry;

    switch (physical) {
    case PHYSICAL_NONE: return HASH_NULL;
    case PHYSICAL_BIT: return hash_uint64(bitmap_get(in->values, row));
    case PHYSICAL_INT8: return hash_wide(((const int8_t *)in->values)[row]);
    case PHYSICAL_INT16: return hash_wide(((const int16_t *)in->values)[row]);
    case PHYSICAL_INT32: return hash_wide(((const int32_t *)in->values)[row]);
    case PHYSICAL_INT64: return hash_wide(((const int64_t *)in->values)[row]);
    case PHYSICAL_INT128: return hash_wide(((const int128 *)in->values)[row]);
    case PHYSICAL_UINT8: return hash_wide(((const uint8_t *)in->values)[row]);
    case PHYSICAL_UINT16: return hash_wide(((const uint16_t *)in->values)[row]);
    case PHYSICAL_UINT32: return hash_wide(((const uint32_t *)in->values)[row]);
    case PHYSICAL_UINT64: return hash_wide((int128)((const uint64_t *)in->values)[row]);
    case PHYSICAL_UINT128: return hash_wide((int128)((const uint128 *)in->values)[row]);
    case PHYSICAL_FLOAT32:
    case PHYSICAL_FLOAT64: return hash_float(in, row);
    case PHYSICAL_STRING: text = string_ref_view(&((const string_ref *)in->values)[row]); return hash_bytes(text.data, text.size);
    case PHYSICAL_LIST:
        entry = ((const list_entry *)in->values)[row];
        return hash_elements(&in->children[0], entry.offset, entry.size, depth + 1);
    case PHYSICAL_ARRAY: return hash_elements(&in->children[0], row * in->type.fixed_size, in->type.fixed_size, depth + 1);
    case PHYSICAL_STRUCT: return hash_struct(in, row, depth + 1);
    case PHYSICAL_INT256:
    case PHYSICAL_FLOAT16:
    case PHYSICAL_INTERVAL: return hash_bytes((const char *)in->values + row * physical_width(physical), physical_width(physical));
    }
    return HASH_NULL;
}

static uint64_t hash_value(const column *in, size_t row, unsigned depth)
{
    if (column_is_null(in, row) || depth > LIMIT_TYPE_DEPTH) return HASH_NULL;
    if (in->encoding == COLUMN_DICTIONARY) return hash_value(&in->children[0], ((const uint32_t *)in->values)[row], depth);
    return hash_flat(in, row_of(in, row), depth);
}

#define HASH_PIECE 512 /* rows at a time: their hashes stay in the first cache */

static void hash_rows(uint64_t *out, const column *in, size_t first, size_t rows)
{
    physical_type physical = type_physical(in->type);

    if (in->encoding != COLUMN_FLAT || !hash_slice_has_kernel(physical)) {
        for (size_t i = 0; i < rows; i++) out[i] = hash_value(in, first + i, 0);
        return;
    }
    hash_slice(out, physical, (const char *)in->values + first * physical_width(physical), rows);
    for (size_t i = 0; in->validity && i < rows; i++)
        if (!bitmap_get(in->validity, first + i)) out[i] = HASH_NULL;
}

/* NULL is a value here. */
KERNEL(hash_any)
{
    uint64_t *to = call_values(call, out, 8);

    uint64_t more[HASH_PIECE];

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row += HASH_PIECE) {
        size_t rows = call->rows - row < HASH_PIECE ? call->rows - row : HASH_PIECE;
        hash_rows(to + row, &arguments[0], row, rows);
        for (size_t i = 1; i < count; i++) {
            hash_rows(more, &arguments[i], row, rows);
            hash_combine_slice(to + row, more, rows);
        }
    }
    return BP_OK;
}
