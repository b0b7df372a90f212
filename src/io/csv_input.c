/* See csv_input.h. file bytes -> (decoder) -> (transcoder) -> text. */
#include "io/csv_input.h"

#include "text/utf8.h"

#define RAW_SIZE ((size_t)1 << 16)

static bp_status read_raw(csv_input *input, void *out, size_t size, size_t *count, bp_error *err)
{
    bp_status status = file_read_at(input->file, input->raw_position, out, size, count, err);

    if (status == BP_OK) input->raw_position += *count;
    return status;
}

static codec_kind kind_of(csv_compression compression, string_view path, const unsigned char *first, size_t size)
{
    switch (compression) {
    case CSV_COMPRESSION_GZIP: return CODEC_GZIP;
    case CSV_COMPRESSION_ZSTD: return CODEC_ZSTD;
    case CSV_COMPRESSION_NONE: return CODEC_NONE;
    case CSV_COMPRESSION_AUTO: break;
    }
    return codec_of_bytes(first, size) ? codec_of_bytes(first, size) : codec_of_path(path);
}

static bp_status allocate_buffers(csv_input *input, bp_error *err)
{
    memory *memory = input->context->memory;

    input->raw = memory_allocate(memory, RAW_SIZE);
    input->coded = memory_allocate(memory, RAW_SIZE);
    return input->raw && input->coded ? BP_OK : error_no_memory(err, memory, RAW_SIZE);
}

static bp_status read_coded(csv_input *input, char *out, size_t size, size_t *count, bp_error *err);

/* UTF-16 tells its byte order by a mark; without one it is little-endian. The mark is dropped. */
static bp_status look_at_mark(csv_input *input, bp_error *err)
{
    size_t count;
    bp_status status;

    while (input->coded_end < 2) {
        if ((status = read_coded(input, input->coded + input->coded_end, 2 - input->coded_end, &count, err))) return status;
        if (!count) return BP_OK;
        input->coded_end += count;
    }
    if (memcmp(input->coded, "\xff\xfe", 2) == 0 || memcmp(input->coded, "\xfe\xff", 2) == 0) {
        input->big_endian = input->coded[0] == '\xfe';
        input->coded_begin = 2;
    }
    return BP_OK;
}

bp_status csv_input_open(csv_input *out, bp_context *context, string_view path, const csv_input *kept, csv_compression compression,
                         csv_encoding encoding, bp_error *err)
{
    unsigned char first[4] = {0};
    bp_status status;
    size_t count = 0;
    codec_kind kind;

    *out = (csv_input){.context = context, .encoding = encoding};
    out->file = kept ? kept->file : &out->own;
    if (!kept && (status = file_open(&out->own, context, path, err))) goto done;
    if ((status = file_settle_pipe(out->file, err))) goto done;
    if ((status = file_read_at(out->file, 0, first, sizeof first, &count, err))) goto done;
    kind = kind_of(compression, path, first, count);
    if (kind != CODEC_NONE && count == 0) kind = CODEC_NONE; /* an empty file is empty whatever it is called */
    if (kind == CODEC_NONE && encoding == CSV_ENCODING_UTF8 && count >= 2 &&
        (memcmp(first, "\xff\xfe", 2) == 0 || memcmp(first, "\xfe\xff", 2) == 0))
        out->encoding = CSV_ENCODING_UTF16;
    if (kind == CODEC_NONE && out->encoding == CSV_ENCODING_UTF8) goto done;
    if ((status = allocate_buffers(out, err))) goto done;
    if (kind != CODEC_NONE && (status = codec_decoder_new(&out->decoder, context->memory, kind, err))) goto done;
    if (out->encoding == CSV_ENCODING_UTF16) status = look_at_mark(out, err);
done:
    if (status) csv_input_close(out);
    return status;
}

void csv_input_close(csv_input *input)
{
    if (!input->context) return;
    memory_free(input->context->memory, input->raw, RAW_SIZE);
    memory_free(input->context->memory, input->coded, RAW_SIZE);
    codec_decoder_free(input->decoder);
    file_close(&input->own);
    *input = (csv_input){0};
}

bool csv_input_is_plain(const csv_input *input)
{
    return !input->decoder && input->encoding == CSV_ENCODING_UTF8;
}

bp_status csv_input_read_at(csv_input *input, uint64_t offset, char *out, size_t size, size_t *count, bp_error *err)
{
    return file_read_at(input->file, offset, out, size, count, err);
}

/* Bytes after decompression. */
static bp_status read_coded(csv_input *input, char *out, size_t size, size_t *count, bp_error *err)
{
    bp_status status;

    *count = 0;
    if (!input->decoder) return read_raw(input, out, size, count, err);
    while (*count == 0 && !input->decoder_ended) {
        cursor in;
        if (input->raw_begin == input->raw_end && !input->raw_ended) {
            input->raw_begin = input->raw_end = 0;
            if ((status = read_raw(input, input->raw, RAW_SIZE, &input->raw_end, err))) return status;
            input->raw_ended = input->raw_end == 0;
        }
        in = cursor_over(input->raw + input->raw_begin, input->raw_end - input->raw_begin);
        status = codec_decode(input->decoder, &in, out, size, count, err);
        if (status == BP_OK && *count == 0 && input->raw_ended) {
            status = codec_decoder_finish(input->decoder, err);
            input->decoder_ended = true;
        }
        if (status) {
            error_prefix(err, "\"%.*s\": ", STRING_ARGUMENTS(file_path(input->file)));
            return status;
        }
        input->raw_begin += in.position;
    }
    return BP_OK;
}

static uint32_t unit_at(const csv_input *input, size_t position)
{
    unsigned char first = (unsigned char)input->coded[position], second = (unsigned char)input->coded[position + 1];

    return input->big_endian ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

/* One character from the coded bytes as UTF-8; 0: more bytes are needed. Lone surrogates become U+FFFD. */
static size_t transcode_one(csv_input *input, char *out, bool ended)
{
    size_t left = input->coded_end - input->coded_begin;
    uint32_t unit, low;

    if (input->encoding == CSV_ENCODING_LATIN1)
        return left ? utf8_encode(out, (unsigned char)input->coded[input->coded_begin++]) : 0;
    if (left < 2) {
        if (!ended || !left) return 0;
        input->coded_begin++;
        return utf8_encode(out, 0xfffd);
    }
    unit = unit_at(input, input->coded_begin);
    if (unit < 0xd800 || unit > 0xdfff) {
        input->coded_begin += 2;
        return utf8_encode(out, unit);
    }
    if (unit < 0xdc00 && left < 4 && !ended) return 0;
    low = unit < 0xdc00 && left >= 4 ? unit_at(input, input->coded_begin + 2) : 0;
    if (low < 0xdc00 || low > 0xdfff) {
        input->coded_begin += 2;
        return utf8_encode(out, 0xfffd);
    }
    input->coded_begin += 4;
    return utf8_encode(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
}

static bp_status fill_coded(csv_input *input, bool *ended, bp_error *err)
{
    size_t left = input->coded_end - input->coded_begin, count;
    bp_status status;

    memmove(input->coded, input->coded + input->coded_begin, left);
    input->coded_begin = 0;
    input->coded_end = left;
    if ((status = read_coded(input, input->coded + left, RAW_SIZE - left, &count, err))) return status;
    input->coded_end += count;
    *ended = count == 0;
    return BP_OK;
}

bp_status csv_input_read(csv_input *input, char *out, size_t size, size_t *count, bp_error *err)
{
    bool ended = false;
    size_t written;
    bp_status status;

    *count = 0;
    if (input->encoding == CSV_ENCODING_UTF8) return read_coded(input, out, size, count, err);
    while (size - *count >= 4) {
        written = transcode_one(input, out + *count, ended);
        *count += written;
        if (written) continue;
        if (ended) break;
        if (*count) break;
        if ((status = fill_coded(input, &ended, err))) return status;
    }
    return BP_OK;
}
