/* One column of one row group: which encoding, pages, their headers and packing, statistics.
 *
 * Encodings are chosen by size. A dictionary's pages are made when values repeat; whether they are smaller than the values by themselves is judged by how a
 * sample of those packs, since sorted numbers often pack to less than their codes. With version 2 the sample is tried in each encoding that suits the type.
 * A chunk that hardly gets smaller by packing is not packed at all: readers are the faster for it. */
#include "parquet_write_internal.h"

#define SAMPLE_BYTES ((size_t)1 << 16)
#define PAGE_DATA 0
#define PAGE_DICTIONARY 2
#define PAGE_DATA_2 3

void write_chunk_init(write_chunk *chunk, memory *memory)
{
    *chunk = (write_chunk){0};
    builder_init(&chunk->bytes, memory, SIZE_MAX);
    builder_init(&chunk->locations, memory, SIZE_MAX);
    builder_init(&chunk->column_index, memory, SIZE_MAX);
    builder_init(&chunk->extremes, memory, SIZE_MAX);
}

void write_chunk_clear(write_chunk *chunk)
{
    builder_clear(&chunk->bytes);
    builder_clear(&chunk->locations);
    builder_clear(&chunk->column_index);
    builder_clear(&chunk->extremes);
}

bp_status parquet_encoder_open(parquet_encoder *out, bp_context *context, const parquet_write_options *options, bp_error *err)
{
    *out = (parquet_encoder){.context = context, .memory = context->memory, .options = options};
    builder_init(&out->raw, context->memory, SIZE_MAX);
    builder_init(&out->packed, context->memory, SIZE_MAX);
    builder_init(&out->entries, context->memory, SIZE_MAX);
    builder_init(&out->scratch, context->memory, SIZE_MAX);
    return block_encoder_new(&out->packer, context->memory, options->codec, options->level, err);
}

void parquet_encoder_close(parquet_encoder *encoder)
{
    write_room *rooms[] = {&encoder->values.values,
                           &encoder->values.definitions,
                           &encoder->values.repetitions,
                           &encoder->dictionary.entries,
                           &encoder->dictionary.codes,
                           &encoder->dictionary.hashes,
                           &encoder->dictionary.slots,
                           &encoder->pages,
                           &encoder->marks};

    if (!encoder->memory) return;
    for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) write_room_clear(rooms[i], encoder->memory);
    builder_clear(&encoder->raw);
    builder_clear(&encoder->packed);
    builder_clear(&encoder->entries);
    builder_clear(&encoder->scratch);
    block_encoder_free(encoder->packer);
    *encoder = (parquet_encoder){0};
}

/* Sizes --------------------------------------------------------------------------------------------------------------------------------- */
static uint64_t plain_size(const parquet_encoder *encoder, const write_leaf *leaf)
{
    const write_values *values = &encoder->values;
    uint64_t total = 0;

    if (leaf->physical != PARQUET_BYTE_ARRAY) return (uint64_t)values->value_count * leaf->width;
    for (size_t i = 0; i < values->value_count; i++) total += 4 + (uint64_t)((const string_ref *)values->values.data)[i].size;
    return total;
}

/* How many of the first values are about SAMPLE_BYTES as they are. */
static size_t sample_count(const parquet_encoder *encoder, const write_leaf *leaf, uint64_t *bytes)
{
    const write_values *values = &encoder->values;
    size_t count = 0;

    *bytes = 0;
    for (; count < values->value_count && *bytes < SAMPLE_BYTES; count++)
        *bytes += leaf->physical == PARQUET_BYTE_ARRAY ? ((const string_ref *)values->values.data)[count].size + 4 : leaf->width;
    return count;
}

static bp_status packed_sample(uint64_t *size, parquet_encoder *encoder, const write_leaf *leaf, parquet_encoding encoding,
                               size_t count, bp_error *err)
{
    size_t plain;
    bp_status status;

    builder_reset(&encoder->scratch);
    if ((status = parquet_put_values(&encoder->scratch, encoding, leaf, encoder->values.values.data, count, err))) return status;
    plain = encoder->scratch.size;
    if ((status = builder_reserve(&encoder->scratch, 2 * plain + SAMPLE_BYTES) ? BP_OK : builder_status(&encoder->scratch, err)))
        return status;
    status = block_encode(encoder->packer, encoder->scratch.data, plain, &encoder->scratch, err); /* behind it: there is room */
    *size = encoder->scratch.size - plain < plain ? encoder->scratch.size - plain : plain;
    return status;
}

/* Encodings without a dictionary that suit the leaf, up to 3. */
static size_t candidates(const write_leaf *leaf, bool second_version, parquet_encoding *out)
{
    size_t count = 0;

    if (leaf->physical == PARQUET_BOOLEAN && second_version) {
        out[count++] = PARQUET_RLE;
        return count;
    }
    out[count++] = PARQUET_PLAIN;
    if (!second_version) return count;
    if (leaf->physical == PARQUET_INT32 || leaf->physical == PARQUET_INT64) out[count++] = PARQUET_DELTA_BINARY_PACKED;
    if (leaf->physical == PARQUET_FLOAT || leaf->physical == PARQUET_DOUBLE) out[count++] = PARQUET_BYTE_STREAM_SPLIT;
    if (leaf->physical == PARQUET_BYTE_ARRAY) {
        out[count++] = PARQUET_DELTA_LENGTH_BYTE_ARRAY;
        out[count++] = PARQUET_DELTA_BYTE_ARRAY;
    }
    return count;
}

/* The smallest encoding without a dictionary, and about how many bytes it will have, packed; `wanted`: they matter. */
static bp_status choose_direct(parquet_encoding *best, uint64_t *bytes, parquet_encoder *encoder, const write_leaf *leaf,
                               bool wanted, bp_error *err)
{
    parquet_encoding tried[3];
    size_t tries = candidates(leaf, encoder->options->second_version, tried), count;
    uint64_t sample_bytes, least = UINT64_MAX, size;
    bp_status status;

    *best = tried[0];
    *bytes = plain_size(encoder, leaf);
    if (encoder->values.value_count == 0 || (tries == 1 && !wanted)) return BP_OK;
    count = sample_count(encoder, leaf, &sample_bytes);
    for (size_t i = 0; i < tries; i++) {
        if ((status = packed_sample(&size, encoder, leaf, tried[i], count, err))) return status;
        if (size >= least) continue;
        least = size;
        *best = tried[i];
    }
    *bytes = (uint64_t)((double)*bytes * ((double)least / (double)sample_bytes));
    return BP_OK;
}

/* Packing ------------------------------------------------------------------------------------------------------------------------------- */
/* Levels of version 2 are not packed. */
static size_t unpacked_part(const parquet_encoder *encoder, const write_page *page)
{
    return encoder->options->second_version ? page->repetition_size + page->definition_size : 0;
}

static bp_status pack_page(parquet_encoder *encoder, write_page *page, bp_error *err)
{
    builder *packed = &encoder->packed;
    size_t apart = unpacked_part(encoder, page);
    const char *bytes = encoder->raw.data + page->raw_begin;
    bp_status status = BP_OK;

    page->packed_begin = packed->size;
    builder_append(packed, bytes, apart);
    if (page->raw_size > apart || apart == 0)
        status = block_encode(encoder->packer, bytes + apart, page->raw_size - apart, packed, err);
    page->packed_size = packed->size - page->packed_begin;
    return status ? status : cancel_check(&encoder->context->cancel, err);
}

/* The dictionary's page as it is. */
static bp_status put_entries(parquet_encoder *encoder, const write_leaf *leaf, parquet_encoding encoding, bp_error *err)
{
    const write_dictionary *dictionary = &encoder->dictionary;

    builder_reset(&encoder->entries);
    if (encoding != PARQUET_RLE_DICTIONARY) return BP_OK;
    return parquet_put_values(&encoder->entries, PARQUET_PLAIN, leaf, dictionary->entries.data, dictionary->count, err);
}

static bp_status pack_pages(parquet_encoder *encoder, block_codec *codec, bp_error *err)
{
    builder *packed = &encoder->packed;
    const builder *entries = &encoder->entries;
    size_t full = entries->size + encoder->raw.size;
    bp_status status = BP_OK;

    builder_reset(packed);
    *codec = encoder->options->codec;
    if (*codec == BLOCK_NONE) return BP_OK;
    if (entries->size) status = block_encode(encoder->packer, entries->data, entries->size, packed, err);
    encoder->entries_packed = packed->size;
    for (size_t i = 0; i < encoder->page_count && !status; i++)
        status = pack_page(encoder, (write_page *)encoder->pages.data + i, err);
    if (packed->size >= full - full / 64) *codec = BLOCK_NONE;
    return status;
}

/* Choosing ------------------------------------------------------------------------------------------------------------------------------ */
/* The bytes of the pages, and of the dictionary, as they will be stored. */
static uint64_t stored_size(const parquet_encoder *encoder, block_codec codec)
{
    return codec == BLOCK_NONE ? encoder->entries.size + encoder->raw.size : encoder->packed.size;
}

static bp_status put_chunk(write_chunk *chunk, parquet_encoder *encoder, const write_leaf *leaf, bool by_bytes, bp_error *err)
{
    bp_status status;

    if ((status = parquet_pages_cut(encoder, leaf, by_bytes, err))) return status;
    if ((status = parquet_pages_put(encoder, leaf, chunk->encoding, err))) return status;
    if ((status = put_entries(encoder, leaf, chunk->encoding, err))) return status;
    return pack_pages(encoder, &chunk->codec, err);
}

/* Pages in the smallest encoding. What the values take without a dictionary is judged by a sample, which must promise an eighth to be believed. */
static bp_status choose(write_chunk *chunk, parquet_encoder *encoder, const write_leaf *leaf, bp_error *err)
{
    uint64_t coded = 0, direct;
    parquet_encoding best;
    bool worth;
    bp_status status =
        parquet_dictionary_build(&encoder->dictionary, &worth, leaf, &encoder->values, encoder->options, encoder->memory, err);

    if (status) return status;
    if (worth) {
        chunk->encoding = PARQUET_RLE_DICTIONARY;
        if ((status = put_chunk(chunk, encoder, leaf, false, err))) return status;
        coded = stored_size(encoder, chunk->codec);
        if (coded < plain_size(encoder, leaf) / 16) return BP_OK;
    }
    if ((status = choose_direct(&best, &direct, encoder, leaf, worth, err))) return status;
    if (worth && direct >= coded - coded / 8) return BP_OK;
    chunk->encoding = best;
    return put_chunk(chunk, encoder, leaf, true, err);
}

/* Page by page -------------------------------------------------------------------------------------------------------------------------- */
typedef struct page_kind {
    int32_t type;
    parquet_encoding encoding;
    size_t value_count, full_size, packed_size;
    const write_page *page; /* version 2 */
    bool packed, sorted;
} page_kind;

static void put_data_header(thrift_writer *out, const page_kind *kind)
{
    thrift_put_struct(out, 5);
    thrift_put_int(out, 1, (int32_t)kind->value_count);
    thrift_put_int(out, 2, (int32_t)kind->encoding);
    thrift_put_int(out, 3, PARQUET_RLE);
    thrift_put_int(out, 4, PARQUET_RLE);
    thrift_put_end(out);
}

static void put_data_2_header(thrift_writer *out, const page_kind *kind)
{
    const write_page *page = kind->page;

    thrift_put_struct(out, 8);
    thrift_put_int(out, 1, (int32_t)page->slot_count);
    thrift_put_int(out, 2, (int32_t)(page->slot_count - page->value_count));
    thrift_put_int(out, 3, (int32_t)page->row_count);
    thrift_put_int(out, 4, (int32_t)kind->encoding);
    thrift_put_int(out, 5, (int32_t)page->definition_size);
    thrift_put_int(out, 6, (int32_t)page->repetition_size);
    thrift_put_bool(out, 7, kind->packed);
    thrift_put_end(out);
}

static void put_dictionary_header(thrift_writer *out, const page_kind *kind)
{
    thrift_put_struct(out, 7);
    thrift_put_int(out, 1, (int32_t)kind->value_count);
    thrift_put_int(out, 2, (int32_t)kind->encoding);
    thrift_put_bool(out, 3, kind->sorted);
    thrift_put_end(out);
}

/* A page's header and bytes, behind those that are there. */
static bp_status put_page(write_chunk *chunk, const page_kind *kind, const char *bytes, bp_error *err)
{
    thrift_writer out = thrift_writer_over(&chunk->bytes);
    size_t begin = chunk->bytes.size;

    if (kind->packed_size > INT32_MAX)
        return error_set(err, BP_LIMIT, "a page of %zu bytes cannot be written as Parquet", kind->packed_size);
    thrift_put_int(&out, 1, kind->type);
    thrift_put_int(&out, 2, (int32_t)kind->full_size);
    thrift_put_int(&out, 3, (int32_t)kind->packed_size);
    thrift_put_int(&out, 4, (int32_t)block_crc32((const uint8_t *)bytes, kind->packed_size));
    if (kind->type == PAGE_DATA)
        put_data_header(&out, kind);
    else if (kind->type == PAGE_DATA_2)
        put_data_2_header(&out, kind);
    else
        put_dictionary_header(&out, kind);
    thrift_put_end(&out);
    chunk->full_size += chunk->bytes.size - begin + kind->full_size;
    builder_append(&chunk->bytes, bytes, kind->packed_size);
    return builder_status(&chunk->bytes, err);
}

static bp_status put_dictionary(write_chunk *chunk, const parquet_encoder *encoder, bp_error *err)
{
    bool is_packed = chunk->codec != BLOCK_NONE;
    page_kind kind = {.type = PAGE_DICTIONARY,
                      .encoding = PARQUET_PLAIN,
                      .value_count = encoder->dictionary.count,
                      .full_size = encoder->entries.size,
                      .packed_size = is_packed ? encoder->entries_packed : encoder->entries.size,
                      .sorted = encoder->dictionary.sorted};
    bp_status status = put_page(chunk, &kind, is_packed ? encoder->packed.data : encoder->entries.data, err);

    chunk->data_offset = chunk->bytes.size;
    return status;
}

static bp_status put_pages(write_chunk *chunk, parquet_encoder *encoder, bp_error *err)
{
    bool is_packed = chunk->codec != BLOCK_NONE;
    bp_status status = BP_OK;

    for (size_t i = 0; i < encoder->page_count && !status; i++) {
        const write_page *page = (const write_page *)encoder->pages.data + i;
        const char *bytes = is_packed ? encoder->packed.data + page->packed_begin : encoder->raw.data + page->raw_begin;
        page_kind kind = {.type = encoder->options->second_version ? PAGE_DATA_2 : PAGE_DATA,
                          .encoding = chunk->encoding,
                          .value_count = page->slot_count,
                          .full_size = page->raw_size,
                          .packed_size = is_packed ? page->packed_size : page->raw_size,
                          .page = page,
                          .packed = is_packed && page->raw_size > unpacked_part(encoder, page)};
        write_location location = {.offset = chunk->bytes.size, .first_row = page->first_row};
        if ((status = put_page(chunk, &kind, bytes, err))) break;
        location.size = (uint32_t)(chunk->bytes.size - location.offset);
        builder_append(&chunk->locations, &location, sizeof location);
        status = builder_status(&chunk->locations, err);
    }
    chunk->page_count = encoder->page_count;
    chunk->page_bytes = chunk->bytes.size;
    return status;
}

/* Statistics ---------------------------------------------------------------------------------------------------------------------------- */
/* The bytes of a bound behind those of `out`; false: there are none, and `out` is as before. */
static bool put_bound(builder *out, const write_leaf *leaf, const void *value, bool greatest, size_t *size, bool *exact)
{
    size_t begin = out->size;

    if (!parquet_extreme_bytes(out, leaf, value, greatest, exact)) {
        if (!out->status) out->size = begin;
        return false;
    }
    *size = out->size - begin;
    return true;
}

static bp_status put_extremes(write_chunk *chunk, const parquet_encoder *encoder, const write_leaf *leaf, bp_error *err)
{
    write_extremes all = {0};

    for (size_t i = 0; i < encoder->page_count; i++)
        parquet_extremes_join(&all, leaf, &((const write_page *)encoder->pages.data)[i].extremes);
    if (!all.known) return BP_OK;
    chunk->has_least = put_bound(&chunk->extremes, leaf, all.least, false, &chunk->least_size, &chunk->least_exact);
    chunk->has_greatest = put_bound(&chunk->extremes, leaf, all.greatest, true, &chunk->greatest_size, &chunk->greatest_exact);
    return builder_status(&chunk->extremes, err);
}

/* 0 unordered, 1 ascending, 2 descending: the pages that have values. */
static int32_t boundary_order(const parquet_encoder *encoder, const write_leaf *leaf)
{
    const write_extremes *last = NULL;
    bool rises = true, falls = true;

    for (size_t i = 0; i < encoder->page_count; i++) {
        const write_extremes *here = &((const write_page *)encoder->pages.data)[i].extremes;
        if (!here->known) continue;
        if (last) {
            int low = parquet_stored_compare(leaf, last->least, here->least),
                high = parquet_stored_compare(leaf, last->greatest, here->greatest);
            rises &= low <= 0 && high <= 0;
            falls &= low >= 0 && high >= 0;
        }
        last = here;
    }
    return rises ? 1 : falls ? 2 : 0;
}

/* A list of the pages' bounds; false: one has none. */
static bool put_bounds(thrift_writer *out, builder *scratch, const parquet_encoder *encoder, const write_leaf *leaf, bool greatest)
{
    thrift_put_list(out, greatest ? 3 : 2, THRIFT_BINARY, encoder->page_count);
    for (size_t i = 0; i < encoder->page_count; i++) {
        const write_page *page = (const write_page *)encoder->pages.data + i;
        size_t size;
        bool exact;
        builder_reset(scratch);
        if (page->value_count &&
            (!page->extremes.known ||
             !put_bound(scratch, leaf, greatest ? page->extremes.greatest : page->extremes.least, greatest, &size, &exact)))
            return false;
        thrift_put_element_text(out, builder_view(scratch));
    }
    return true;
}

static bp_status put_column_index(write_chunk *chunk, parquet_encoder *encoder, const write_leaf *leaf, bp_error *err)
{
    const write_page *pages = encoder->pages.data;
    thrift_writer out = thrift_writer_over(&chunk->column_index);

    if (!encoder->options->page_index || leaf->order == ORDER_NONE) return BP_OK;
    thrift_put_list(&out, 1, THRIFT_TRUE, encoder->page_count);
    for (size_t i = 0; i < encoder->page_count; i++) thrift_put_element_bool(&out, pages[i].value_count == 0);
    if (!put_bounds(&out, &encoder->scratch, encoder, leaf, false) || !put_bounds(&out, &encoder->scratch, encoder, leaf, true)) {
        bp_status status = builder_status(&encoder->scratch, err);
        builder_reset(&chunk->column_index);
        return status;
    }
    thrift_put_int(&out, 4, boundary_order(encoder, leaf));
    thrift_put_list(&out, 5, THRIFT_I64, encoder->page_count);
    for (size_t i = 0; i < encoder->page_count; i++)
        thrift_put_element_int(&out, (int64_t)(pages[i].slot_count - pages[i].value_count));
    thrift_put_end(&out);
    return builder_status(&chunk->column_index, err);
}

bp_status parquet_chunk_encode(write_chunk *out, parquet_encoder *encoder, const write_leaf *leaf, const table *rows, bp_error *err)
{
    bool coded;
    bp_status status;

    if ((status = parquet_shred(&encoder->values, leaf, rows, encoder->memory, err))) return status;
    if ((status = choose(out, encoder, leaf, err))) return status;
    coded = out->encoding == PARQUET_RLE_DICTIONARY;
    out->slot_count = encoder->values.slot_count;
    out->null_count = encoder->values.slot_count - encoder->values.value_count;
    out->distinct_count = coded ? encoder->dictionary.count : 0;
    if (coded && (status = put_dictionary(out, encoder, err))) return status;
    if ((status = put_pages(out, encoder, err))) return status;
    if ((status = put_extremes(out, encoder, leaf, err))) return status;
    if ((status = put_column_index(out, encoder, leaf, err))) return status;
    if (!coded || !encoder->options->bloom_filter || leaf->order == ORDER_NONE || leaf->order == ORDER_FLOAT) return BP_OK;
    return parquet_bloom_put(&out->bytes, leaf, &encoder->dictionary, encoder->options->bloom_ratio, err);
}
