/* Values of a page, in any encoding, to ours.
 *
 * Each encoding knows to give the next `count` stored values: 4, 8 or 12 bytes each as PLAIN has them, or string_refs for what is stored as bytes.
 * Where those are ours already they go straight to the result, else through the scratch, PIECE values at a time (so they stay in the first cache). */
#include "base/utf8_check.h"
#include "parquet_bits.h"
#include "parquet_internal.h"
#include "parquet_streams.h"

#define PIECE 1024

bp_status parquet_short_page(bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "it has fewer values than it claims");
}

/* Beginning ------------------------------------------------------------------------------------------------------------------------ */
static bool is_ascii(const uint8_t *bytes, size_t size)
{
    uint64_t words[4], seen = 0;
    size_t i = 0;

    for (; i + sizeof words <= size; i += sizeof words) {
        memcpy(words, bytes + i, sizeof words);
        seen |= words[0] | words[1] | words[2] | words[3];
    }
    for (; i < size; i++) seen |= (uint64_t)bytes[i];
    return !(seen & UINT64_C(0x8080808080808080));
}

static bool fits_type(uint8_t encoding, const parquet_leaf *leaf)
{
    bool bytes = leaf->physical == PARQUET_BYTE_ARRAY || leaf->physical == PARQUET_FIXED;

    switch (encoding) {
    case PARQUET_PLAIN: return true;
    case PARQUET_RLE: return leaf->physical == PARQUET_BOOLEAN;
    case PARQUET_DELTA_BINARY_PACKED: return leaf->physical == PARQUET_INT32 || leaf->physical == PARQUET_INT64;
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY: return leaf->physical == PARQUET_BYTE_ARRAY;
    case PARQUET_DELTA_BYTE_ARRAY: return bytes;
    case PARQUET_BYTE_STREAM_SPLIT: return leaf->stored_width > 0 && leaf->physical != PARQUET_INT96;
    default: return false;
    }
}

static bool begin_lengths(parquet_reader *reader, const uint8_t *bytes, size_t size, parquet_delta *out, const uint8_t **rest)
{
    (void)reader;
    return parquet_delta_init(out, bytes, size) && parquet_delta_end(out, rest);
}

static bp_status begin_codes(parquet_reader *reader, const uint8_t *bytes, size_t size, bp_error *err)
{
    if (!reader->dictionary_region)
        return error_set(err, BP_BAD_FORMAT, "it has codes of a dictionary, but there is none before it");
    reader->is_codes = true;
    if (size == 0) { /* no value that is not NULL */
        parquet_runs_init(&reader->codes, bytes, 0, 0);
        return BP_OK;
    }
    if (bytes[0] > 32) return error_set(err, BP_BAD_FORMAT, "its codes have %u bits", bytes[0]);
    parquet_runs_init(&reader->codes, bytes + 1, size - 1, bytes[0]);
    return BP_OK;
}

bp_status parquet_values_begin(parquet_reader *reader, const uint8_t *bytes, size_t size, bp_error *err)
{
    const parquet_leaf *leaf = reader->leaf;
    const uint8_t *rest = bytes;
    bool fine = true;

    reader->is_codes = false;
    reader->bytes = cursor_over(bytes, size);
    reader->bit = 0;
    if (reader->encoding == PARQUET_RLE_DICTIONARY || reader->encoding == PARQUET_PLAIN_DICTIONARY)
        return begin_codes(reader, bytes, size, err);
    if (!fits_type(reader->encoding, leaf))
        return error_set(err, BP_NOT_SUPPORTED, "values in encoding %u are not read for this type", reader->encoding);
    switch (reader->encoding) {
    case PARQUET_RLE: {
        uint32_t told = 0;
        fine = cursor_u32(&reader->bytes, &told) && told <= cursor_left(&reader->bytes);
        if (!fine && size == 0) fine = true;
        parquet_runs_init(&reader->codes, bytes + reader->bytes.position, fine ? told : 0, 1);
        break;
    }
    case PARQUET_DELTA_BINARY_PACKED: fine = size == 0 || parquet_delta_init(&reader->delta, bytes, size); break;
    case PARQUET_DELTA_BYTE_ARRAY:
        reader->last_size = 0;
        fine = begin_lengths(reader, bytes, size, &reader->prefixes, &rest) &&
               begin_lengths(reader, rest, size - (size_t)(rest - bytes), &reader->delta, &rest);
        reader->bytes.position = (size_t)(rest - bytes);
        break;
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        fine = begin_lengths(reader, bytes, size, &reader->delta, &rest);
        reader->bytes.position = (size_t)(rest - bytes);
        break;
    case PARQUET_BYTE_STREAM_SPLIT:
        reader->stream_values = size / leaf->stored_width;
        fine = size % leaf->stored_width == 0;
        break;
    default: break;
    }
    if (!fine) return error_set(err, BP_BAD_FORMAT, "its values cannot be read");
    reader->check_text = leaf->type.id == TYPE_VARCHAR && !is_ascii(bytes + reader->bytes.position, cursor_left(&reader->bytes));
    return BP_OK;
}

/* Stored values by encoding ---------------------------------------------------------------------------------------------------------- */
/* Values of a fixed width that lie one behind the other. */
static bp_status plain_fixed(parquet_reader *reader, size_t count, void *out, bp_error *err)
{
    size_t width = reader->leaf->stored_width;

    if (count > cursor_left(&reader->bytes) / width) return parquet_short_page(err);
    return cursor_copy(&reader->bytes, out, count * width) ? BP_OK : parquet_short_page(err);
}

static bp_status plain_fixed_refs(parquet_reader *reader, size_t count, string_ref *out, bp_error *err)
{
    uint32_t width = reader->leaf->stored_width;
    const uint8_t *at;

    if (count > cursor_left(&reader->bytes) / width || !cursor_view(&reader->bytes, count * width, &at))
        return parquet_short_page(err);
    for (size_t i = 0; i < count; i++, at += width) out[i] = parquet_ref((const char *)at, width);
    return BP_OK;
}

static bp_status plain_refs(parquet_reader *reader, size_t count, string_ref *out, bp_error *err)
{
    const uint8_t *at = reader->bytes.data + reader->bytes.position, *end = reader->bytes.data + reader->bytes.size;

    for (size_t i = 0; i < count; i++) {
        uint32_t size;
        if (UNLIKELY(end - at < 4)) return parquet_short_page(err);
        memcpy(&size, at, 4);
        at += 4;
        if (UNLIKELY(size > (size_t)(end - at))) return parquet_short_page(err);
        out[i] = parquet_ref((const char *)at, size);
        at += size;
    }
    reader->bytes.position = (size_t)(at - reader->bytes.data);
    return BP_OK;
}

static bp_status deltas(parquet_reader *reader, size_t count, void *out, bp_error *err)
{
    int64_t values[PIECE];
    int32_t *narrow = out;

    if (reader->leaf->physical == PARQUET_INT64)
        return parquet_delta_read(&reader->delta, out, count) ? BP_OK : parquet_short_page(err);
    for (size_t done = 0; done < count;) {
        size_t part = count - done < PIECE ? count - done : PIECE;
        if (!parquet_delta_read(&reader->delta, values, part)) return parquet_short_page(err);
        for (size_t i = 0; i < part; i++) narrow[done + i] = (int32_t)(uint32_t)(uint64_t)values[i];
        done += part;
    }
    return BP_OK;
}

static bp_status streams(parquet_reader *reader, arena *arena, size_t count, void *out, bp_error *err)
{
    uint32_t width = reader->leaf->stored_width;
    string_ref *refs = out;
    uint8_t *values = out;

    if (count > reader->stream_values - reader->bit) return parquet_short_page(err);
    if (reader->leaf->convert >= CONVERT_REF) {
        values = arena_allocate(arena, count * width + 16);
        if (!values) return error_no_memory(err, reader->memory, count * width);
        memset(values + count * width, 0, 16);
    }
    parquet_streams_join(reader->bytes.data + reader->bit, reader->stream_values, width, values, count);
    reader->bit += count;
    if (reader->leaf->convert >= CONVERT_REF)
        for (size_t i = 0; i < count; i++) refs[i] = parquet_ref((const char *)values + i * width, width);
    return BP_OK;
}

static bp_status stored_values(parquet_reader *reader, arena *arena, size_t count, void *out, bp_error *err)
{
    bool refs = reader->leaf->convert >= CONVERT_REF;

    switch (reader->encoding) {
    case PARQUET_DELTA_BINARY_PACKED: return deltas(reader, count, out, err);
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY: return parquet_delta_lengths_read(reader, count, out, err);
    case PARQUET_DELTA_BYTE_ARRAY: return parquet_delta_texts_read(reader, arena, count, out, err);
    case PARQUET_BYTE_STREAM_SPLIT: return streams(reader, arena, count, out, err);
    default: break;
    }
    if (!refs) return plain_fixed(reader, count, out, err);
    return reader->leaf->physical == PARQUET_FIXED ? plain_fixed_refs(reader, count, out, err)
                                                   : plain_refs(reader, count, out, err);
}

static bp_status check_texts(const string_ref *texts, size_t count, bp_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!utf8_valid(string_ref_data(&texts[i]), texts[i].size)) return error_set(err, BP_BAD_FORMAT, "a text is not UTF-8");
    return BP_OK;
}

/* BOOLEAN: bits. */
static bp_status read_bits(parquet_reader *reader, size_t count, uint64_t *out, size_t at, bp_error *err)
{
    parquet_runs one;
    size_t ones = 0;

    if (reader->encoding == PARQUET_RLE)
        return parquet_runs_read_bits(&reader->codes, out, at, count, &ones) ? BP_OK : parquet_short_page(err);
    if (count > reader->bytes.size * 8 - reader->bit) return parquet_short_page(err);
    one = (parquet_runs){.packed = reader->bytes.data, .packed_at = reader->bit, .left = count, .width = 1, .is_packed = true};
    reader->bit += count;
    return parquet_runs_read_bits(&one, out, at, count, &ones) ? BP_OK : parquet_short_page(err);
}

/* Codes -------------------------------------------------------------------------------------------------------------------------------- */
bp_status parquet_codes_read(parquet_reader *reader, size_t count, uint32_t *out, bp_error *err)
{
    uint32_t most;

    if (!parquet_runs_read(&reader->codes, out, count)) return parquet_short_page(err);
    most = parquet_most(out, count);
    if (count && most >= reader->dictionary.length)
        return error_set(err, BP_BAD_FORMAT, "code %u of a dictionary of %zu values", most, reader->dictionary.length);
    return BP_OK;
}

#define LOOK_UP(type)                                                                                                              \
    do {                                                                                                                           \
        const type *from = dictionary;                                                                                             \
        type *to = out;                                                                                                            \
        for (size_t i = 0; i < count; i++) to[i] = from[codes[i]];                                                                 \
    } while (0)

typedef struct wide {
    uint64_t words[4];
} wide;

static void look_up(const void *dictionary, const uint32_t *codes, size_t count, size_t width, void *out)
{
    switch (width) {
    case 1: LOOK_UP(uint8_t); break;
    case 2: LOOK_UP(uint16_t); break;
    case 4: LOOK_UP(uint32_t); break;
    case 8: LOOK_UP(uint64_t); break;
    case 16: LOOK_UP(uint128); break;
    default: LOOK_UP(wide); break;
    }
}

static bp_status read_by_code(parquet_reader *reader, size_t count, void *out, size_t out_bit, bp_error *err)
{
    uint32_t codes[PIECE];
    size_t width = reader->leaf->width;
    bp_status status;

    for (size_t done = 0; done < count;) {
        size_t part = count - done < PIECE ? count - done : PIECE;
        if ((status = parquet_codes_read(reader, part, codes, err))) return status;
        if (width)
            look_up(reader->dictionary.values, codes, part, width, (char *)out + done * width);
        else
            for (size_t i = 0; i < part; i++) bitmap_put(out, out_bit + done + i, bitmap_get(reader->dictionary.values, codes[i]));
        done += part;
    }
    return BP_OK;
}

/* Reading ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status keep(const parquet_target *target, region *region, bp_error *err)
{
    if (!region || target->keep(target->keep_data, region)) return BP_OK;
    return error_no_memory(err, target->arena->memory, 64);
}

static bp_status read_plainly(parquet_reader *reader, const parquet_target *target, size_t count, char *out, bp_error *err)
{
    const parquet_leaf *leaf = reader->leaf;
    size_t stored = leaf->convert >= CONVERT_REF ? sizeof(string_ref) : leaf->stored_width;
    bp_status status;

    if (leaf->convert == CONVERT_NONE) {
        if ((status = stored_values(reader, target->arena, count, out, err))) return status;
        return parquet_check_range(leaf->type, out, count, err);
    }
    if (leaf->convert == CONVERT_REF) {
        if ((status = stored_values(reader, target->arena, count, out, err))) return status;
        if (reader->check_text && (status = check_texts((const string_ref *)(const void *)out, count, err))) return status;
        return keep(target, reader->page_region, err);
    }
    if ((status = parquet_reader_scratch(reader, PIECE * stored, err))) return status;
    for (size_t done = 0; done < count;) {
        size_t part = count - done < PIECE ? count - done : PIECE;
        if ((status = stored_values(reader, target->arena, part, reader->scratch, err))) return status;
        if ((status = parquet_convert_values(leaf, reader->scratch, part, out + done * leaf->width, err))) return status;
        done += part;
    }
    return parquet_check_range(leaf->type, out, count, err);
}

bp_status parquet_codes_pick(parquet_reader *reader, const parquet_target *target, size_t rows, const uint32_t *selection,
                             size_t first, size_t count, void *out, bp_error *err)
{
    uint32_t codes[PIECE], chosen[PIECE];
    size_t width = reader->leaf->width, next = 0;
    bp_status status;

    if (reader->leaf->convert == CONVERT_REF && (status = keep(target, reader->dictionary_region, err))) return status;
    for (size_t done = 0; done < rows;) {
        size_t part = rows - done < PIECE ? rows - done : PIECE, begin = next;
        if (next == count || selection[next] - first >= done + part) { /* nobody wants any of these */
            if (!parquet_runs_skip(&reader->codes, part)) return parquet_short_page(err);
            done += part;
            continue;
        }
        if ((status = parquet_codes_read(reader, part, codes, err))) return status;
        for (; next < count && selection[next] - first < done + part; next++)
            chosen[next - begin] = codes[selection[next] - first - done];
        look_up(reader->dictionary.values, chosen, next - begin, width, (char *)out + begin * width);
        done += part;
    }
    return BP_OK;
}

bp_status parquet_values_read(parquet_reader *reader, const parquet_target *target, size_t count, void *out, size_t out_bit,
                              bp_error *err)
{
    bp_status status;

    if (count == 0) return BP_OK;
    if (reader->is_codes) {
        if (reader->leaf->convert == CONVERT_REF && (status = keep(target, reader->dictionary_region, err))) return status;
        return read_by_code(reader, count, out, out_bit, err);
    }
    if (reader->leaf->convert == CONVERT_BIT) return read_bits(reader, count, out, out_bit, err);
    return read_plainly(reader, target, count, out, err);
}

static bool keep_nothing(void *data, region *region)
{
    (void)data, (void)region;
    return true;
}

/* Encodings that cannot jump are read into a scratch of their own. */
static bp_status skip_by_reading(parquet_reader *reader, size_t count, bp_error *err)
{
    parquet_target nowhere = {.keep = keep_nothing};
    size_t width = reader->leaf->width ? reader->leaf->width : 1;
    memory *memory = reader->memory;
    void *values = memory_allocate(memory, PIECE * width + 16);
    bp_status status = BP_OK;
    arena arena;

    if (!values) return error_no_memory(err, memory, PIECE * width);
    arena_init(&arena, memory);
    nowhere.arena = &arena;
    while (count && !status) {
        size_t part = count < PIECE ? count : PIECE;
        status = parquet_values_read(reader, &nowhere, part, values, 0, err);
        arena_reset(&arena);
        count -= part;
    }
    arena_clear(&arena);
    memory_free(memory, values, PIECE * width + 16);
    return status;
}

bp_status parquet_values_skip(parquet_reader *reader, size_t count, bp_error *err)
{
    uint32_t width = reader->leaf->stored_width;

    if (count == 0) return BP_OK;
    if (reader->is_codes) return parquet_runs_skip(&reader->codes, count) ? BP_OK : parquet_short_page(err);
    if (reader->encoding != PARQUET_PLAIN || (width == 0 && reader->leaf->physical != PARQUET_BOOLEAN))
        return skip_by_reading(reader, count, err);
    if (reader->leaf->physical == PARQUET_BOOLEAN) {
        if (count > reader->bytes.size * 8 - reader->bit) return parquet_short_page(err);
        reader->bit += count;
        return BP_OK;
    }
    if (count > cursor_left(&reader->bytes) / width) return parquet_short_page(err);
    reader->bytes.position += count * width;
    return BP_OK;
}

/* A dictionary page is PLAIN; the least that so many values take is asked first. */
bp_status parquet_dictionary_read(parquet_reader *reader, region *region, const uint8_t *bytes, size_t size, size_t count,
                                  bp_error *err)
{
    const parquet_leaf *leaf = reader->leaf;
    parquet_target target = {.arena = region_arena(region), .owner = region, .keep = keep_nothing};
    size_t least = leaf->stored_width ? leaf->stored_width : leaf->physical == PARQUET_BOOLEAN ? 0 : 4;
    void *values;
    bp_status status;

    if (least ? count > size / least : count > size * 8)
        return error_set(err, BP_BAD_FORMAT, "a dictionary of %zu values in %zu bytes", count, size);
    reader->encoding = PARQUET_PLAIN;
    if ((status = parquet_values_begin(reader, bytes, size, err))) return status;
    values = arena_allocate_aligned(target.arena, leaf->width ? count * leaf->width + 16 : bitmap_words(count) * 8 + 8, 64);
    if (!values) return error_no_memory(err, reader->memory, count * leaf->width);
    if (!leaf->width) memset(values, 0, bitmap_words(count) * 8 + 8);
    if ((status = parquet_values_read(reader, &target, count, values, 0, err))) return status;
    reader->dictionary = (column){.type = leaf->type, .length = count, .values = values, .owner = region};
    return BP_OK;
}
