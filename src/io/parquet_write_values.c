/* Values as pages hold them. */
#include "parquet_write_internal.h"

static void put_bits(builder *out, const uint8_t *values, size_t count)
{
    char *to;

    if (!builder_reserve(out, (count + 7) / 8 + 8)) return;
    to = out->data + out->size;
    memset(to, 0, (count + 7) / 8);
    for (size_t i = 0; i < count; i++) to[i / 8] = (char)(to[i / 8] | values[i] << (i % 8));
    out->size += (count + 7) / 8;
}

static uint64_t text_total(const string_ref *values, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++) total += values[i].size;
    return total;
}

/* The bytes of texts one behind the other, each with its length in front, or not. Short ones are stored 16 bytes at once where room allows. */
static void put_texts(builder *out, const string_ref *values, size_t count, bool lengths)
{
    uint64_t total = text_total(values, count) + (lengths ? 4 * (uint64_t)count : 0);
    char *to;

    if (!builder_reserve(out, total + 16)) return;
    to = out->data + out->size;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = values[i].size;
        if (lengths) {
            memcpy(to, &size, 4);
            to += 4;
        }
        if (size <= STRING_REF_INLINE) {
            memcpy(to, values[i].prefix, STRING_REF_INLINE);
        } else {
            const char *from = values[i].pointer;
            size_t done = 0;
            for (; done + 16 <= size; done += 16) memcpy(to + done, from + done, 16);
            memcpy(to + size - 13, from + size - 13, 13); /* what is left of more than 12, again from where it is whole */
            if (size - done > 13) memcpy(to + done, from + done, size - done);
        }
        to += size;
    }
    out->size = (size_t)(to - out->data);
}

static bp_status put_delta_lengths(builder *out, const string_ref *values, size_t count, bp_error *err)
{
    uint32_t *lengths = memory_allocate_array(out->memory, count + 1, sizeof *lengths);

    if (!lengths) return error_no_memory(err, out->memory, count * sizeof *lengths);
    for (size_t i = 0; i < count; i++) lengths[i] = values[i].size;
    parquet_put_delta(out, lengths, 4, count);
    put_texts(out, values, count, false);
    memory_free(out->memory, lengths, (count + 1) * sizeof *lengths);
    return BP_OK;
}

static uint32_t common_prefix(const string_ref *left, const string_ref *right)
{
    const char *a = string_ref_data(left), *b = string_ref_data(right);
    uint32_t least = left->size < right->size ? left->size : right->size, same = 0;

    while (same < least && a[same] == b[same]) same++;
    return same;
}

/* How much of the text before it a text begins with; the rest as DELTA_LENGTH_BYTE_ARRAY. */
static bp_status put_prefixes(builder *out, const string_ref *values, size_t count, bp_error *err)
{
    uint32_t *prefixes = memory_allocate_array(out->memory, count + 1, sizeof *prefixes);
    string_ref *rests = memory_allocate_array(out->memory, count + 1, sizeof *rests);
    bp_status status;

    if (!prefixes || !rests) {
        status = error_no_memory(err, out->memory, count * sizeof *rests);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        prefixes[i] = i ? common_prefix(&values[i - 1], &values[i]) : 0;
        rests[i] = string_ref_of(string_ref_data(&values[i]) + prefixes[i], values[i].size - prefixes[i]);
    }
    parquet_put_delta(out, prefixes, 4, count);
    status = put_delta_lengths(out, rests, count, err);
done:
    if (prefixes) memory_free(out->memory, prefixes, (count + 1) * sizeof *prefixes);
    if (rests) memory_free(out->memory, rests, (count + 1) * sizeof *rests);
    return status;
}

static void put_split(builder *out, const char *values, size_t width, size_t count)
{
    char *to;

    if (!builder_reserve(out, width * count)) return;
    to = out->data + out->size;
    for (size_t byte = 0; byte < width; byte++)
        for (size_t i = 0; i < count; i++) *to++ = values[i * width + byte];
    out->size += width * count;
}

static void put_plain(builder *out, const write_leaf *leaf, const void *values, size_t count)
{
    if (leaf->physical == PARQUET_BYTE_ARRAY)
        put_texts(out, values, count, true);
    else if (leaf->physical == PARQUET_BOOLEAN)
        put_bits(out, values, count);
    else
        builder_append(out, values, leaf->width * count);
}

/* Runs of truth values, with their size in front. */
static void put_sized_runs(builder *out, const uint8_t *values, size_t count)
{
    size_t begin = out->size;
    uint32_t size = 0;

    builder_append(out, &size, 4);
    parquet_put_byte_runs(out, values, count, 1);
    if (out->status) return;
    size = (uint32_t)(out->size - begin - 4);
    memcpy(out->data + begin, &size, 4);
}

bp_status parquet_put_values(builder *out, parquet_encoding encoding, const write_leaf *leaf, const void *values, size_t count,
                             bp_error *err)
{
    switch (encoding) {
    case PARQUET_DELTA_BINARY_PACKED: parquet_put_delta(out, values, leaf->width, count); break;
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY: return put_delta_lengths(out, values, count, err);
    case PARQUET_DELTA_BYTE_ARRAY: return put_prefixes(out, values, count, err);
    case PARQUET_BYTE_STREAM_SPLIT: put_split(out, values, leaf->width, count); break;
    case PARQUET_RLE: put_sized_runs(out, values, count); break;
    default: put_plain(out, leaf, values, count);
    }
    return builder_status(out, err);
}
