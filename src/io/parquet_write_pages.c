/* Pages of a chunk: where they are cut, and their bytes before they are packed.
 *
 *   version 1   repetition levels, definition levels, each with its size in front, values
 *   version 2   the same without sizes, which stand in the header; only values are packed then
 *
 * A page begins with a row. It has at most PAGE_ROWS slots, so that a reader can pass over what the page index excludes, and about PAGE_BYTES of values. */
#include "parquet_write_internal.h"

#define PAGE_SLOTS 30720 /* a quarter of a row group of the usual size */
#define PAGE_BYTES ((uint64_t)1 << 20)

static write_page *page_at(parquet_encoder *encoder, size_t index)
{
    return (write_page *)encoder->pages.data + index;
}

static bp_status add_page(parquet_encoder *encoder, const write_page *page, bp_error *err)
{
    bp_status status = write_room_for(&encoder->pages, encoder->memory, encoder->page_count + 1, sizeof *page, err);

    if (status) return status;
    *page_at(encoder, encoder->page_count++) = *page;
    return BP_OK;
}

/* Bytes of values are known beforehand, and a slot is a row and a value. */
static bp_status cut_evenly(parquet_encoder *encoder, size_t slots, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t at = 0; at < slots && !status; at += PAGE_SLOTS) {
        size_t count = slots - at < PAGE_SLOTS ? slots - at : PAGE_SLOTS;
        status = add_page(encoder,
                          &(write_page){.first_slot = at,
                                        .slot_count = count,
                                        .first_value = at,
                                        .value_count = count,
                                        .first_row = at,
                                        .row_count = count},
                          err);
    }
    return status;
}

bp_status parquet_pages_cut(parquet_encoder *encoder, const write_leaf *leaf, bool by_bytes, bp_error *err)
{
    const write_values *values = &encoder->values;
    const uint8_t *definitions = values->has_definitions ? values->definitions.data : NULL;
    const uint8_t *repetitions = values->has_repetitions ? values->repetitions.data : NULL;
    const string_ref *texts = by_bytes && leaf->physical == PARQUET_BYTE_ARRAY ? values->values.data : NULL;
    write_page page = {0};
    uint64_t bytes = 0;
    bp_status status;

    encoder->page_count = 0;
    if (!definitions && !repetitions && !texts && leaf->width <= PAGE_BYTES / PAGE_SLOTS)
        return cut_evenly(encoder, values->slot_count, err);
    for (size_t slot = 0; slot < values->slot_count; slot++) {
        bool begins = !repetitions || repetitions[slot] == 0, there = !definitions || definitions[slot] == leaf->max_definition;
        if (begins && (page.slot_count >= PAGE_SLOTS || bytes >= PAGE_BYTES)) {
            if ((status = add_page(encoder, &page, err))) return status;
            page = (write_page){.first_slot = slot,
                                .first_value = page.first_value + page.value_count,
                                .first_row = page.first_row + page.row_count};
            bytes = 0;
        }
        if (there) bytes += texts ? texts[page.first_value + page.value_count].size + 4 : by_bytes ? leaf->width : 0;
        page.slot_count++;
        page.row_count += begins;
        page.value_count += there;
    }
    return page.slot_count ? add_page(encoder, &page, err) : BP_OK;
}

/* Levels ------------------------------------------------------------------------------------------------------------------------------- */
static unsigned bits_of(uint32_t greatest)
{
    return greatest ? 32 - (unsigned)__builtin_clz(greatest) : 0;
}

/* *size: of the levels without the size in front. */
static void put_levels(builder *out, const uint8_t *levels, uint8_t all, uint8_t greatest, size_t count, bool sized, size_t *size)
{
    size_t begin;
    uint32_t told = 0;

    if (sized) builder_append(out, &told, 4);
    begin = out->size;
    if (levels)
        parquet_put_byte_runs(out, levels, count, bits_of(greatest));
    else
        parquet_put_run(out, all, count, bits_of(greatest));
    *size = out->size - begin;
    told = (uint32_t)*size;
    if (sized && !out->status) memcpy(out->data + begin - 4, &told, 4);
}

static void put_page_levels(builder *out, const write_leaf *leaf, const write_values *values, write_page *page, bool sized)
{
    const uint8_t *definitions = values->has_definitions ? (const uint8_t *)values->definitions.data + page->first_slot : NULL;
    const uint8_t *repetitions = values->has_repetitions ? (const uint8_t *)values->repetitions.data + page->first_slot : NULL;

    page->repetition_size = page->definition_size = 0;
    if (leaf->max_repetition)
        put_levels(out, repetitions, 0, leaf->max_repetition, page->slot_count, sized, &page->repetition_size);
    if (leaf->max_definition)
        put_levels(out, definitions, leaf->max_definition, leaf->max_definition, page->slot_count, sized, &page->definition_size);
}

/* Values ------------------------------------------------------------------------------------------------------------------------------- */
static void put_codes(builder *out, const write_dictionary *dictionary, const write_page *page)
{
    unsigned width = dictionary->count > 1 ? bits_of((uint32_t)(dictionary->count - 1)) : 1;

    builder_byte(out, (char)width);
    parquet_put_runs(out, (const uint32_t *)dictionary->codes.data + page->first_value, page->value_count, width);
}

static const void *entry_at(const write_dictionary *dictionary, const write_leaf *leaf, size_t code)
{
    return (const char *)dictionary->entries.data + code * leaf->width;
}

/* The codes of a sorted dictionary are in the order of its entries. */
static void sorted_extremes(write_page *page, const write_leaf *leaf, const write_dictionary *dictionary)
{
    const uint32_t *codes = (const uint32_t *)dictionary->codes.data + page->first_value;
    uint32_t low = UINT32_MAX, high = 0;

    for (size_t i = 0; i < page->value_count; i++) {
        low = codes[i] < low ? codes[i] : low;
        high = codes[i] > high ? codes[i] : high;
    }
    page->extremes =
        (write_extremes){.known = true, .least = entry_at(dictionary, leaf, low), .greatest = entry_at(dictionary, leaf, high)};
}

/* Each entry that occurs is looked at once. */
static bp_status marked_extremes(parquet_encoder *encoder, write_page *page, const write_leaf *leaf, bp_error *err)
{
    const write_dictionary *dictionary = &encoder->dictionary;
    const uint32_t *codes = (const uint32_t *)dictionary->codes.data + page->first_value;
    bp_status status = write_room_for(&encoder->marks, encoder->memory, dictionary->count, 1, err);
    uint8_t *marks = encoder->marks.data;

    if (status) return status;
    memset(marks, 0, dictionary->count);
    for (size_t i = 0; i < page->value_count; i++) marks[codes[i]] = 1;
    page->extremes = (write_extremes){0};
    for (size_t code = 0; code < dictionary->count; code++) {
        write_extremes one;
        if (!marks[code]) continue;
        parquet_extremes(&one, leaf, entry_at(dictionary, leaf, code), 1);
        parquet_extremes_join(&page->extremes, leaf, &one);
    }
    return BP_OK;
}

static bp_status page_extremes(parquet_encoder *encoder, write_page *page, const write_leaf *leaf, bool coded, bp_error *err)
{
    const write_dictionary *dictionary = &encoder->dictionary;

    if (coded && page->value_count && leaf->order != ORDER_NONE) {
        if (dictionary->sorted) {
            sorted_extremes(page, leaf, dictionary);
            return BP_OK;
        }
        if (dictionary->count < page->value_count) return marked_extremes(encoder, page, leaf, err);
    }
    parquet_extremes(&page->extremes, leaf, (const char *)encoder->values.values.data + page->first_value * leaf->width,
                     page->value_count);
    return BP_OK;
}

bp_status parquet_pages_put(parquet_encoder *encoder, const write_leaf *leaf, parquet_encoding encoding, bp_error *err)
{
    bool coded = encoding == PARQUET_RLE_DICTIONARY, sized = !encoder->options->second_version;
    const char *values = encoder->values.values.data;
    builder *raw = &encoder->raw;
    bp_status status = BP_OK;

    builder_reset(raw);
    for (size_t i = 0; i < encoder->page_count && !status; i++) {
        write_page *page = page_at(encoder, i);
        page->raw_begin = raw->size;
        put_page_levels(raw, leaf, &encoder->values, page, sized);
        if (coded)
            put_codes(raw, &encoder->dictionary, page);
        else if ((status =
                      parquet_put_values(raw, encoding, leaf, values + page->first_value * leaf->width, page->value_count, err)))
            break;
        if ((status = builder_status(raw, err))) break;
        page->raw_size = raw->size - page->raw_begin;
        if (page->raw_size > INT32_MAX)
            return error_set(err, BP_LIMIT,
                             "a page of %zu bytes cannot be written as Parquet: a row has too many or too long values",
                             page->raw_size);
        if ((status = page_extremes(encoder, page, leaf, coded, err))) break;
        status = cancel_check(&encoder->context->cancel, err);
    }
    return status;
}
