/* The footer and the page index, in Thrift. */
#include <stdio.h>

#include "parquet_write_internal.h"

static void put_unit(thrift_writer *out, int32_t field, uint8_t unit)
{
    thrift_put_struct(out, field);
    thrift_put_struct(out, unit == UNIT_MILLI ? 1 : unit == UNIT_MICRO ? 2 : 3);
    thrift_put_end(out);
    thrift_put_end(out);
}

static void put_logical(thrift_writer *out, const parquet_element *element)
{
    thrift_put_struct(out, 10);
    thrift_put_struct(out, element->logical);
    switch (element->logical) {
    case PARQUET_LOGICAL_DECIMAL:
        thrift_put_int(out, 1, element->scale);
        thrift_put_int(out, 2, element->precision);
        break;
    case PARQUET_LOGICAL_TIME:
    case PARQUET_LOGICAL_TIMESTAMP:
        thrift_put_bool(out, 1, element->utc);
        put_unit(out, 2, element->unit);
        break;
    case PARQUET_LOGICAL_INTEGER:
        thrift_put_byte(out, 1, (int8_t)element->bits);
        thrift_put_bool(out, 2, element->is_signed);
        break;
    default: break;
    }
    thrift_put_end(out);
    thrift_put_end(out);
}

static void put_element(thrift_writer *out, const parquet_element *element)
{
    thrift_put_element_struct(out);
    if (element->physical != PARQUET_GROUP) thrift_put_int(out, 1, element->physical);
    if (element->type_length) thrift_put_int(out, 2, (int32_t)element->type_length);
    if (element->repetition >= 0) thrift_put_int(out, 3, element->repetition);
    thrift_put_text(out, 4, element->name);
    if (element->child_count) thrift_put_int(out, 5, (int32_t)element->child_count);
    if (element->converted >= 0) thrift_put_int(out, 6, element->converted);
    if (element->scale >= 0) thrift_put_int(out, 7, element->scale);
    if (element->precision >= 0) thrift_put_int(out, 8, element->precision);
    if (element->field_id >= 0) thrift_put_int(out, 9, (int32_t)element->field_id);
    if (element->logical != PARQUET_LOGICAL_NONE) put_logical(out, element);
    thrift_put_end(out);
}

static void put_statistics(thrift_writer *out, const write_chunk_facts *facts)
{
    thrift_put_struct(out, 12);
    thrift_put_long(out, 3, (int64_t)facts->null_count);
    if (facts->distinct_count) thrift_put_long(out, 4, (int64_t)facts->distinct_count);
    if (facts->greatest.data) thrift_put_text(out, 5, facts->greatest);
    if (facts->least.data) thrift_put_text(out, 6, facts->least);
    if (facts->greatest.data) thrift_put_bool(out, 7, facts->greatest_exact);
    if (facts->least.data) thrift_put_bool(out, 8, facts->least_exact);
    thrift_put_end(out);
}

static int32_t codec_number(uint8_t codec)
{
    switch ((block_codec)codec) {
    case BLOCK_SNAPPY: return 1;
    case BLOCK_GZIP: return 2;
    case BLOCK_BROTLI: return 4;
    case BLOCK_LZ4_HADOOP: return 5;
    case BLOCK_ZSTD: return 6;
    case BLOCK_LZ4: return 7;
    case BLOCK_LZ4_FRAME: /* Parquet has none */
    case BLOCK_NONE: break;
    }
    return 0;
}

static void put_encodings(thrift_writer *out, const write_chunk_facts *facts)
{
    bool coded = facts->encoding == PARQUET_RLE_DICTIONARY, has_rle = facts->encoding == PARQUET_RLE;

    thrift_put_list(out, 2, THRIFT_I32, (size_t)1 + !has_rle + coded);
    if (coded) thrift_put_element_int(out, PARQUET_PLAIN);
    if (!has_rle) thrift_put_element_int(out, PARQUET_RLE);
    thrift_put_element_int(out, facts->encoding);
}

static void put_encoding_stats(thrift_writer *out, const write_chunk_facts *facts, bool second_version)
{
    bool coded = facts->encoding == PARQUET_RLE_DICTIONARY;

    thrift_put_list(out, 13, THRIFT_STRUCT, (size_t)1 + coded);
    for (int i = coded ? 0 : 1; i < 2; i++) {
        thrift_put_element_struct(out);
        thrift_put_int(out, 1, i == 0 ? 2 : second_version ? 3 : 0);
        thrift_put_int(out, 2, i == 0 ? PARQUET_PLAIN : facts->encoding);
        thrift_put_int(out, 3, i == 0 ? 1 : (int32_t)facts->page_count);
        thrift_put_end(out);
    }
}

static void put_chunk(thrift_writer *out, const write_leaf *leaf, const write_chunk_facts *facts, bool second_version)
{
    thrift_put_element_struct(out);
    thrift_put_long(out, 2, 0);
    thrift_put_struct(out, 3);
    thrift_put_int(out, 1, leaf->physical);
    put_encodings(out, facts);
    thrift_put_list(out, 3, THRIFT_BINARY, leaf->path_count);
    for (size_t i = 0; i < leaf->path_count; i++) thrift_put_element_text(out, leaf->path[i]);
    thrift_put_int(out, 4, codec_number(facts->codec));
    thrift_put_long(out, 5, (int64_t)facts->slot_count);
    thrift_put_long(out, 6, (int64_t)facts->full_size);
    thrift_put_long(out, 7, (int64_t)facts->page_bytes);
    thrift_put_long(out, 9, (int64_t)(facts->offset + facts->data_offset));
    if (facts->data_offset) thrift_put_long(out, 11, (int64_t)facts->offset);
    put_statistics(out, facts);
    put_encoding_stats(out, facts, second_version);
    if (facts->bloom_size) {
        thrift_put_long(out, 14, (int64_t)(facts->offset + facts->page_bytes));
        thrift_put_int(out, 15, (int32_t)facts->bloom_size);
    }
    thrift_put_end(out);
    if (facts->offset_index.size) {
        thrift_put_long(out, 4, (int64_t)facts->offset_index_offset);
        thrift_put_int(out, 5, (int32_t)facts->offset_index.size);
    }
    if (facts->column_index.size) {
        thrift_put_long(out, 6, (int64_t)facts->column_index_offset);
        thrift_put_int(out, 7, (int32_t)facts->column_index.size);
    }
    thrift_put_end(out);
}

static void put_group(thrift_writer *out, const write_schema *schema, const write_group *group, size_t ordinal, bool second_version)
{
    uint64_t full = 0, packed = 0;

    thrift_put_element_struct(out);
    thrift_put_list(out, 1, THRIFT_STRUCT, schema->leaf_count);
    for (size_t i = 0; i < schema->leaf_count; i++) {
        put_chunk(out, &schema->leaves[i], &group->chunks[i], second_version);
        full += group->chunks[i].full_size;
        packed += group->chunks[i].page_bytes;
    }
    thrift_put_long(out, 2, (int64_t)full);
    thrift_put_long(out, 3, (int64_t)group->row_count);
    thrift_put_long(out, 5, (int64_t)group->chunks[0].offset);
    thrift_put_long(out, 6, (int64_t)packed);
    if (ordinal <= INT16_MAX) thrift_put_short(out, 7, (int16_t)ordinal);
    thrift_put_end(out);
}

static void put_pairs(thrift_writer *out, const parquet_write_options *options)
{
    if (options->metadata_count == 0) return;
    thrift_put_list(out, 5, THRIFT_STRUCT, options->metadata_count);
    for (size_t i = 0; i < options->metadata_count; i++) {
        thrift_put_element_struct(out);
        thrift_put_text(out, 1, options->metadata[i].key);
        thrift_put_text(out, 2, options->metadata[i].value);
        thrift_put_end(out);
    }
}

/* All in the order that their types define. */
static void put_orders(thrift_writer *out, size_t count)
{
    thrift_put_list(out, 7, THRIFT_STRUCT, count);
    for (size_t i = 0; i < count; i++) {
        thrift_put_element_struct(out);
        thrift_put_struct(out, 1);
        thrift_put_end(out);
        thrift_put_end(out);
    }
}

bp_status parquet_put_footer(builder *to, const write_schema *schema, const write_group *groups, size_t group_count,
                             const parquet_write_options *options, bp_error *err)
{
    thrift_writer out = thrift_writer_over(to);
    size_t begin = to->size, size;
    uint64_t rows = 0;
    uint32_t told;
    char name[64];

    for (size_t i = 0; i < group_count; i++) rows += groups[i].row_count;
    thrift_put_int(&out, 1, options->second_version ? 2 : 1);
    thrift_put_list(&out, 2, THRIFT_STRUCT, schema->element_count);
    for (size_t i = 0; i < schema->element_count; i++) put_element(&out, &schema->elements[i]);
    thrift_put_long(&out, 3, (int64_t)rows);
    thrift_put_list(&out, 4, THRIFT_STRUCT, group_count);
    for (size_t i = 0; i < group_count; i++) put_group(&out, schema, &groups[i], i, options->second_version);
    put_pairs(&out, options);
    snprintf(name, sizeof name, "Bedplate version %s", bp_version());
    thrift_put_text(&out, 6, string_view_of(name));
    put_orders(&out, schema->leaf_count);
    thrift_put_end(&out);
    size = to->size - begin;
    if (size > INT32_MAX)
        return error_set(err, BP_LIMIT, "the footer of the Parquet file has %zu bytes; the most is %d: use larger row groups", size,
                         INT32_MAX);
    told = (uint32_t)size;
    builder_append(to, &told, sizeof told);
    builder_literal(to, "PAR1");
    return builder_status(to, err);
}

void parquet_put_offset_index(builder *to, const write_chunk *chunk, uint64_t offset)
{
    thrift_writer out = thrift_writer_over(to);

    thrift_put_list(&out, 1, THRIFT_STRUCT, chunk->page_count);
    for (size_t i = 0; i < chunk->page_count; i++) {
        const write_location *location = (const write_location *)(const void *)chunk->locations.data + i;
        thrift_put_element_struct(&out);
        thrift_put_long(&out, 1, (int64_t)(offset + location->offset));
        thrift_put_int(&out, 2, (int32_t)location->size);
        thrift_put_long(&out, 3, (int64_t)location->first_row);
        thrift_put_end(&out);
    }
    thrift_put_end(&out);
}
