/* Pages: headers, check sums, unpacking, and where in a page levels and values begin.
 *
 *   version 1   header, packed { size of repetition levels, levels, size of definition levels, levels, values }
 *   version 2   header, repetition levels, definition levels, packed { values }
 *
 * Bytes come through a window on the file, read ahead a little. What a page claims to unpack to is judged by its codec before there is room made for it.
 * A page that is not packed and has no texts is used where it lies in the window; others are unpacked into a region, which texts keep. */
#include "parquet_internal.h"

#define READ_AHEAD ((size_t)256 << 10)
#define READ_AHEAD_LEAST ((size_t)16 << 10)
#define READ_AHEAD_ALL ((size_t)32 << 20) /* of a worker's columns together: tables may be thousands of columns wide */
#define FIRST_HEADER 256
#define MOST_HEADER ((size_t)16 << 20) /* two long texts as statistics, and then some */
#define SPARE 32 /* readable behind pages: eight bytes for bit streams, 16 for short texts and for unpacking */

bp_status parquet_reader_blame(const parquet_reader *reader, bp_status status, bp_error *err)
{
    if (status != BP_CANCELLED && status != BP_TIMEOUT)
        error_prefix(err, "\"%.*s\": column \"%.*s\", page %llu", STRING_ARGUMENTS(file_path(reader->file)),
                     STRING_ARGUMENTS(reader->leaf->path), (unsigned long long)reader->page_number);
    return status;
}

/* Headers ------------------------------------------------------------------------------------------------------------------------- */
static void read_data_header(thrift *in, parquet_page_header *out)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        switch (in->field) {
        case 1: out->value_count = thrift_integer(in); break;
        case 2: out->encoding = thrift_integer(in); break;
        case 3: out->definition_encoding = thrift_integer(in); break;
        case 4: out->repetition_encoding = thrift_integer(in); break;
        default: thrift_skip(in);
        }
    }
}

static void read_dictionary_header(thrift *in, parquet_page_header *out)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        switch (in->field) {
        case 1: out->value_count = thrift_integer(in); break;
        case 2: out->encoding = thrift_integer(in); break;
        default: thrift_skip(in);
        }
    }
}

static void read_data_header_v2(thrift *in, parquet_page_header *out)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        switch (in->field) {
        case 1: out->value_count = thrift_integer(in); break;
        case 2: out->null_count = thrift_integer(in); break;
        case 3: out->row_count = thrift_integer(in); break;
        case 4: out->encoding = thrift_integer(in); break;
        case 5: out->definition_size = thrift_integer(in); break;
        case 6: out->repetition_size = thrift_integer(in); break;
        case 7: out->is_compressed = thrift_bool(in); break;
        default: thrift_skip(in);
        }
    }
}

bool parquet_page_header_parse(parquet_page_header *out, const uint8_t *bytes, size_t size)
{
    thrift in = thrift_over(bytes, size);

    *out = (parquet_page_header){.type = -1,
                                 .full_size = -1,
                                 .packed_size = -1,
                                 .value_count = -1,
                                 .row_count = -1,
                                 .encoding = -1,
                                 .is_compressed = true,
                                 .definition_encoding = PARQUET_RLE,
                                 .repetition_encoding = PARQUET_RLE};
    thrift_begin(&in);
    while (thrift_next(&in)) {
        switch (in.field) {
        case 1: out->type = thrift_integer(&in); break;
        case 2: out->full_size = thrift_integer(&in); break;
        case 3: out->packed_size = thrift_integer(&in); break;
        case 4:
            out->crc = thrift_integer(&in);
            out->has_crc = true;
            break;
        case 5: read_data_header(&in, out); break;
        case 7: read_dictionary_header(&in, out); break;
        case 8: read_data_header_v2(&in, out); break;
        default: thrift_skip(&in);
        }
    }
    out->size = in.bytes.position;
    return !in.bad;
}

/* The window ---------------------------------------------------------------------------------------------------------------------- */
static bp_status cut(bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "the page goes on past the end of its column");
}

/* `size` bytes of the file at `offset`, within the chunk. */
static bp_status window_need(parquet_reader *reader, uint64_t offset, uint64_t size, const uint8_t **out, bp_error *err)
{
    size_t wanted, count;
    bp_status status;

    if (offset > reader->chunk_end || size > reader->chunk_end - offset) return cut(err);
    if (offset >= reader->window_at && offset + size <= reader->window_at + reader->window_size) {
        *out = reader->window + (offset - reader->window_at);
        return BP_OK;
    }
    wanted = reader->chunk_end - offset < reader->read_ahead ? (size_t)(reader->chunk_end - offset) : reader->read_ahead;
    if (wanted < size) wanted = (size_t)size;
    if (wanted + SPARE > reader->window_capacity) {
        memory_free(reader->memory, reader->window, reader->window_capacity);
        reader->window_capacity = 0;
        reader->window_size = 0;
        reader->window = memory_allocate(reader->memory, wanted + SPARE);
        if (!reader->window) return error_no_memory(err, reader->memory, wanted + SPARE);
        reader->window_capacity = wanted + SPARE;
    }
    reader->window_size = 0;
    if ((status = file_read_at(reader->file, offset, reader->window, wanted, &count, err))) return status;
    if (count != wanted) return cut(err);
    memset(reader->window + wanted, 0, SPARE);
    reader->window_at = offset;
    reader->window_size = wanted;
    *out = reader->window;
    return BP_OK;
}

static bp_status read_header(parquet_reader *reader, bp_error *err)
{
    uint64_t left = reader->chunk_end - reader->position, size = FIRST_HEADER;
    const uint8_t *bytes;
    bp_status status;

    for (;;) {
        uint64_t loaded;
        if (size > left) size = left;
        if ((status = window_need(reader, reader->position, size, &bytes, err))) return status;
        loaded = reader->window_at + reader->window_size - reader->position;
        if (parquet_page_header_parse(&reader->header, bytes, (size_t)loaded)) break;
        if (loaded >= left || loaded >= MOST_HEADER)
            return error_set(err, BP_BAD_FORMAT, "the page header at byte %llu cannot be read",
                             (unsigned long long)reader->position);
        size = loaded * 2;
    }
    if (reader->header.packed_size < 0 || reader->header.full_size < 0 || reader->header.packed_size > INT32_MAX ||
        reader->header.full_size > INT32_MAX || (uint64_t)reader->header.packed_size > left - reader->header.size)
        return error_set(err, BP_BAD_FORMAT, "the page header claims %lld bytes, of which the column has %llu",
                         (long long)reader->header.packed_size, (unsigned long long)(left - reader->header.size));
    return BP_OK;
}

/* The bytes behind the header, their check sum tried. */
static bp_status read_body(parquet_reader *reader, const uint8_t **out, bp_error *err)
{
    const parquet_page_header *header = &reader->header;
    size_t size = (size_t)header->packed_size;
    bp_status status = window_need(reader, reader->position + header->size, size, out, err);

    if (status) return status;
    if (header->has_crc && (uint32_t)header->crc != block_crc32(*out, size))
        return error_set(err, BP_BAD_FORMAT, "the check sum does not fit: the file is damaged");
    return BP_OK;
}

/* Unpacking ------------------------------------------------------------------------------------------------------------------------ */
/* Room for `size` bytes and the spare ones, in the reader's region, or in a new one when somebody keeps that. */
static bp_status page_room(parquet_reader *reader, size_t size, char **out, bp_error *err)
{
    if (reader->page_region && region_is_shared(reader->page_region)) {
        region_release(reader->page_region);
        reader->page_region = NULL;
    }
    if (!reader->page_region && !(reader->page_region = region_new(reader->memory)))
        return error_no_memory(err, reader->memory, size);
    arena_reset(region_arena(reader->page_region));
    *out = arena_allocate_aligned(region_arena(reader->page_region), size + SPARE, 64);
    if (!*out) return error_no_memory(err, reader->memory, size);
    memset(*out + size, 0, SPARE);
    return BP_OK;
}

static bp_status check_size(const parquet_reader *reader, block_codec codec, const uint8_t *bytes, size_t size, uint64_t full_size,
                            bp_error *err)
{
    (void)reader;
    if (block_size_possible(codec, bytes, size, full_size)) return BP_OK;
    return error_set(err, BP_BAD_FORMAT, "%zu bytes of %s data cannot be the %llu that the page claims", size,
                     block_codec_name(codec), (unsigned long long)full_size);
}

/* `plain` bytes at the beginning of the body are not packed. */
static bp_status unpack(parquet_reader *reader, const uint8_t *body, size_t plain, bool packed, bool into_region, bp_error *err)
{
    size_t full = (size_t)reader->header.full_size, size = (size_t)reader->header.packed_size;
    block_codec codec = packed ? reader->codec : BLOCK_NONE;
    bp_status status;
    char *room;

    if (plain > size || plain > full) return error_set(err, BP_BAD_FORMAT, "its levels are larger than the page");
    if (codec != BLOCK_NONE && full == plain)
        codec = BLOCK_NONE, size = full; /* no values: writers differ in what they put there */
    if ((status = check_size(reader, codec, body + plain, size - plain, full - plain, err))) return status;
    if (codec == BLOCK_NONE && !into_region) {
        reader->page = body;
        return BP_OK;
    }
    if ((status = page_room(reader, full, &room, err))) return status;
    if (plain) memcpy(room, body, plain);
    if ((status = block_decode(reader->decoder, codec, body + plain, size - plain, room + plain, full - plain, err))) return status;
    memset(room + full, 0, SPARE);
    reader->page = (const uint8_t *)room;
    return BP_OK;
}

/* Dictionary ------------------------------------------------------------------------------------------------------------------------- */
static bp_status take_dictionary(parquet_reader *reader, bp_error *err)
{
    const parquet_page_header *header = &reader->header;
    const uint8_t *body;
    region *region;
    bp_status status;

    if (header->encoding != PARQUET_PLAIN && header->encoding != PARQUET_PLAIN_DICTIONARY)
        return error_set(err, BP_NOT_SUPPORTED, "a dictionary in encoding %lld is not read", (long long)header->encoding);
    if (reader->dictionary_region) return error_set(err, BP_BAD_FORMAT, "there is a second dictionary");
    if (header->value_count < 0 || header->value_count > INT32_MAX)
        return error_set(err, BP_BAD_FORMAT, "the dictionary does not tell its size");
    if ((status = read_body(reader, &body, err)) || (status = unpack(reader, body, 0, true, true, err))) return status;
    region = reader->page_region;
    reader->page_region = NULL;
    reader->dictionary_region = region;
    return parquet_dictionary_read(reader, region, reader->page, (size_t)header->full_size, (size_t)header->value_count, err);
}

/* Data pages --------------------------------------------------------------------------------------------------------------------------- */
static unsigned bits_of(unsigned most)
{
    return most ? 32 - (unsigned)__builtin_clz(most) : 0;
}

/* Levels of version 1: their size in four bytes, then runs. */
static bp_status levels_v1(parquet_reader *reader, cursor *in, parquet_runs *out, unsigned most, int64_t encoding, bp_error *err)
{
    const uint8_t *bytes;
    uint32_t size;

    if (most == 0) return BP_OK;
    if (encoding != PARQUET_RLE)
        return error_set(err, BP_NOT_SUPPORTED, "levels in encoding %lld are not read yet", (long long)encoding);
    if (!cursor_u32(in, &size) || !cursor_view(in, size, &bytes))
        return error_set(err, BP_BAD_FORMAT, "its levels are larger than the page");
    parquet_runs_init(out, bytes, size, bits_of(most));
    (void)reader;
    return BP_OK;
}

static bp_status begin_data(parquet_reader *reader, bp_error *err)
{
    const parquet_page_header *header = &reader->header;
    const parquet_leaf *leaf = reader->leaf;
    bool has_texts = leaf->convert == CONVERT_REF, is_new = header->type == 3;
    size_t plain = 0;
    const uint8_t *body;
    cursor in;
    bp_status status;

    if (is_new) {
        if (header->definition_size < 0 || header->repetition_size < 0 || header->definition_size > INT32_MAX ||
            header->repetition_size > INT32_MAX)
            return error_set(err, BP_BAD_FORMAT, "its levels have a size below 0");
        plain = (size_t)(header->definition_size + header->repetition_size);
    }
    if ((status = read_body(reader, &body, err))) return status;
    if ((status = unpack(reader, body, plain, header->is_compressed, has_texts, err))) return status;
    in = cursor_over(reader->page, (size_t)header->full_size);
    if (is_new) {
        size_t repetition = (size_t)header->repetition_size, definition = (size_t)header->definition_size;
        parquet_runs_init(&reader->repetitions, reader->page, repetition, bits_of(leaf->max_repetition));
        parquet_runs_init(&reader->definitions, reader->page + repetition, definition, bits_of(leaf->max_definition));
        in.position = plain;
    } else {
        if ((status = levels_v1(reader, &in, &reader->repetitions, leaf->max_repetition, header->repetition_encoding, err)))
            return status;
        if ((status = levels_v1(reader, &in, &reader->definitions, leaf->max_definition, header->definition_encoding, err)))
            return status;
    }
    reader->encoding = header->encoding >= 0 && header->encoding < 64 ? (uint8_t)header->encoding : UINT8_MAX;
    reader->page_left = (uint64_t)header->value_count;
    return parquet_values_begin(reader, reader->page + in.position, cursor_left(&in), err);
}

bp_status parquet_page_next(parquet_reader *reader, uint64_t skippable, uint64_t *skipped, bp_error *err)
{
    bool flat = reader->leaf->max_repetition == 0;
    bp_status status;

    *skipped = 0;
    reader->page_left = 0;
    for (;;) {
        const parquet_page_header *header = &reader->header;
        uint64_t rows;
        if (reader->position >= reader->chunk_end)
            return error_set(err, BP_BAD_FORMAT, "the column ends after %llu values, before its row group of %llu rows does",
                             (unsigned long long)reader->values_seen, (unsigned long long)reader->row_count);
        if ((status = cancel_check(&reader->file->context->cancel, err))) return status;
        if ((status = read_header(reader, err))) return status;
        reader->page_number++;
        if (header->type == 2) {
            if ((status = take_dictionary(reader, err))) return status;
        } else if (header->type == 0 || header->type == 3) {
            if (header->value_count < 0 || header->value_count > INT32_MAX)
                return error_set(err, BP_BAD_FORMAT, "it does not tell how many values it has");
            reader->values_seen += (uint64_t)header->value_count;
            if (reader->values_seen > reader->chunk.value_count)
                return error_set(err, BP_BAD_FORMAT, "the pages have more than the column's %llu values",
                                 (unsigned long long)reader->chunk.value_count);
            rows = flat ? (uint64_t)header->value_count : header->row_count >= 0 ? (uint64_t)header->row_count : UINT64_MAX;
            if (header->value_count && rows <= skippable) {
                *skipped = rows;
                reader->position += header->size + (uint64_t)header->packed_size;
                return BP_OK;
            }
            if (header->value_count) status = begin_data(reader, err);
            reader->position += header->size + (uint64_t)header->packed_size;
            if (status || header->value_count) return status;
            continue;
        }
        reader->position += header->size + (uint64_t)header->packed_size;
    }
}

/* Opening ---------------------------------------------------------------------------------------------------------------------------- */
#define CODEC_LZO 3

static bp_status codec_of(const parquet_chunk *chunk, block_codec *out, bp_error *err)
{
    static const int8_t codecs[] = {BLOCK_NONE,   BLOCK_SNAPPY,     BLOCK_GZIP, -1,
                                    BLOCK_BROTLI, BLOCK_LZ4_HADOOP, BLOCK_ZSTD, BLOCK_LZ4};

    if (chunk->codec == CODEC_LZO)
        return error_set(err, BP_NOT_SUPPORTED,
                         "it is compressed with LZO, which is not read; write the file again with zstd or Snappy");
    if (chunk->codec < 0 || chunk->codec >= (int)ARRAY_LENGTH(codecs) || codecs[chunk->codec] < 0)
        return error_set(err, BP_NOT_SUPPORTED, "compression %d is not read", chunk->codec);
    *out = (block_codec)codecs[chunk->codec];
    return BP_OK;
}

bp_status parquet_reader_open(parquet_reader *out, const parquet_footer *footer, size_t row_group, size_t leaf, file *file,
                              block_decoder *decoder, uint64_t dictionary_number, size_t reader_count, bp_error *err)
{
    const parquet_chunk *chunk = &out->chunk;
    size_t share = READ_AHEAD_ALL / (reader_count ? reader_count : 1);
    bp_status status;

    *out = (parquet_reader){.leaf = &footer->leaves[leaf],
                            .file = file,
                            .memory = footer->memory,
                            .decoder = decoder,
                            .row_count = footer->row_groups[row_group].row_count,
                            .dictionary_number = dictionary_number,
                            .read_ahead = share > READ_AHEAD         ? READ_AHEAD
                                          : share > READ_AHEAD_LEAST ? share
                                                                     : READ_AHEAD_LEAST};
    if ((status = parquet_chunk_of(&out->chunk, footer, row_group, leaf, err))) {
        error_prefix(err, "\"%.*s\"", STRING_ARGUMENTS(file_path(file)));
        return status;
    }
    if ((status = codec_of(chunk, &out->codec, err))) return parquet_reader_blame(out, status, err);
    out->position =
        (uint64_t)(chunk->dictionary_offset > 0 && chunk->dictionary_offset < chunk->data_offset ? chunk->dictionary_offset
                                                                                                 : chunk->data_offset);
    out->chunk_end = out->position + (uint64_t)chunk->compressed_size;
    if (out->leaf->max_repetition == 0 && chunk->value_count != out->row_count)
        return parquet_reader_blame(out,
                                    error_set(err, BP_BAD_FORMAT, "the column has %llu values in a row group of %llu rows",
                                              (unsigned long long)chunk->value_count, (unsigned long long)out->row_count),
                                    err);
    return BP_OK;
}

void parquet_reader_close(parquet_reader *reader)
{
    if (!reader->memory) return;
    memory_free(reader->memory, reader->window, reader->window_capacity);
    memory_free(reader->memory, reader->last, reader->last_capacity);
    memory_free(reader->memory, reader->scratch, reader->scratch_size);
    memory_free(reader->memory, reader->definition_levels, reader->level_capacity);
    memory_free(reader->memory, reader->repetition_levels, reader->level_capacity);
    memory_free(reader->memory, reader->dense, reader->dense_capacity);
    memory_free(reader->memory, reader->ahead, PARQUET_AHEAD_BYTES);
    region_release(reader->dictionary_region);
    region_release(reader->page_region);
    *reader = (parquet_reader){0};
}

bp_status parquet_reader_scratch(parquet_reader *reader, size_t size, bp_error *err)
{
    if (size <= reader->scratch_size) return BP_OK;
    memory_free(reader->memory, reader->scratch, reader->scratch_size);
    reader->scratch_size = 0;
    reader->scratch = memory_allocate(reader->memory, size);
    if (!reader->scratch) return error_no_memory(err, reader->memory, size);
    reader->scratch_size = size;
    return BP_OK;
}
