/* The writer's parts.
 *
 *   rows of a row group --parquet_shred--> levels and values of one leaf, as they are stored
 *                       --parquet_dictionary_build--> codes and entries, when that is smaller
 *                       --parquet_chunk_encode--> pages, packed: bytes of the file
 *   pages --parquet_write_footer--> page index and footer
 *
 * Each leaf of a row group is worked on by itself, by one worker, in a parquet_encoder of its own. */
#ifndef IO_PARQUET_WRITE_INTERNAL_H
#define IO_PARQUET_WRITE_INTERNAL_H

#include "base/cancel.h"
#include "codec_block.h"
#include "column/table.h"
#include "parquet_internal.h"
#include "parquet_writer.h"
#include "thrift_writer.h"

/* Schema ----------------------------------------------------------------------------------------------------------------------- */
/* How a value of ours becomes a stored one. */
typedef enum write_convert {
    WRITE_BIT, /* to a byte of 0 or 1; packed in pages */
    WRITE_8, /* signed to int32 */
    WRITE_16,
    WRITE_U8,
    WRITE_U16,
    WRITE_32, /* as it lies */
    WRITE_64,
    WRITE_64_TO_32, /* decimals of up to 9 digits */
    WRITE_128, /* big-endian */
    WRITE_U128,
    WRITE_HUGE, /* big-endian decimals of 38 digits, checked */
    WRITE_UHUGE,
    WRITE_256,
    WRITE_SECONDS, /* timestamps, to microseconds */
    WRITE_TIME_SECONDS, /* times likewise */
    WRITE_TIME_MILLIS,
    WRITE_HALF,
    WRITE_INTERVAL,
    WRITE_TEXT,
    WRITE_ENUM, /* the labels */
    WRITE_NULL
} write_convert;

/* The order that statistics follow. */
typedef enum write_order {
    ORDER_NONE,
    ORDER_SIGNED,
    ORDER_UNSIGNED,
    ORDER_FLOAT,
    ORDER_BIG_ENDIAN, /* two's complement */
    ORDER_BYTES
} write_order;

typedef enum write_step_kind { WRITE_STEP_VALUE, WRITE_STEP_FIELD, WRITE_STEP_LIST, WRITE_STEP_ARRAY } write_step_kind;

/* One type on the way from a column to a leaf. */
typedef struct write_step {
    uint8_t kind; /* write_step_kind */
    bool optional; /* it may be NULL: one definition level */
    uint32_t child; /* FIELD: which one the way goes on to */
    uint32_t array_size;
} write_step;

typedef struct write_leaf {
    data_type type; /* ours */
    uint8_t physical; /* parquet_physical */
    uint8_t convert; /* write_convert */
    uint8_t order; /* write_order */
    uint8_t width; /* of a stored value in bytes; TEXT: of a string_ref; BIT: 1 */
    uint8_t max_definition, max_repetition;
    uint32_t column; /* of the table */
    uint32_t step_count;
    const write_step *steps; /* the last one is the VALUE */
    const string_view *path; /* names in the file */
    uint32_t path_count;
} write_leaf;

/* An element of the footer's schema: parquet_element with what it needs to be written. */
typedef struct write_schema {
    parquet_element *elements;
    size_t element_count, element_capacity;
    write_leaf *leaves;
    size_t leaf_count, leaf_capacity;
} write_schema;

/* In the arena; BP_NOT_SUPPORTED: a type that Parquet has no place for. */
MUST_USE bp_status parquet_write_schema(write_schema *out, const schema *schema, const parquet_write_options *options, arena *arena,
                                        bp_error *err);

/* Values ----------------------------------------------------------------------------------------------------------------------- */
/* Room that is used again and again. */
typedef struct write_room {
    void *data;
    size_t size; /* bytes */
} write_room;

MUST_USE bp_status write_room_for(write_room *room, memory *memory, size_t count, size_t width, bp_error *err);
void write_room_clear(write_room *room, memory *memory);

/* One leaf of a row group. Values of texts point into the rows. */
typedef struct write_values {
    size_t row_count, slot_count, value_count; /* slots: with NULLs and empty lists */
    write_room values; /* value_count of leaf->width bytes */
    write_room definitions, repetitions; /* a byte a slot, or unused */
    bool has_definitions, has_repetitions; /* false: all are the greatest; all are 0 */
} write_values;

/* The leaf's levels and values of all rows of the table. */
MUST_USE bp_status parquet_shred(write_values *out, const write_leaf *leaf, const table *rows, memory *memory, bp_error *err);

/* A value's range within a page or chunk. */
typedef struct write_extremes {
    bool known; /* false: there is no value, no order, or a NaN */
    bool has_nan;
    const void *least, *greatest; /* stored values, or string_refs */
} write_extremes;

void parquet_extremes(write_extremes *out, const write_leaf *leaf, const void *values, size_t count);
/* Of both; either may be unknown. */
void parquet_extremes_join(write_extremes *into, const write_leaf *leaf, const write_extremes *more);
/* Negative, 0, positive: in the leaf's order. */
int parquet_stored_compare(const write_leaf *leaf, const void *left, const void *right);
/* As statistics hold it, appended; texts are cut to a bound. *exact: nothing was. False: no bound was found (a text of 0xff), or no memory. */
bool parquet_extreme_bytes(builder *out, const write_leaf *leaf, const void *value, bool greatest, bool *exact);

/* Dictionaries ----------------------------------------------------------------------------------------------------------------- */
typedef struct write_dictionary {
    write_room entries; /* of leaf->width */
    write_room codes; /* uint32_t, one a value */
    write_room hashes, slots; /* of the table that finds them */
    size_t count;
    uint64_t bytes; /* as a PLAIN page */
    bool sorted;
} write_dictionary;

/* *worth false: values repeat too little, and the codes are of no use. */
MUST_USE bp_status parquet_dictionary_build(write_dictionary *out, bool *worth, const write_leaf *leaf, const write_values *values,
                                            const parquet_write_options *options, memory *memory, bp_error *err);

/* Bit streams ------------------------------------------------------------------------------------------------------------------ */
/* One run; runs and packed groups: appended. */
void parquet_put_run(builder *out, uint32_t value, size_t count, unsigned width);
void parquet_put_runs(builder *out, const uint32_t *values, size_t count, unsigned width);
void parquet_put_byte_runs(builder *out, const uint8_t *values, size_t count, unsigned width);
/* DELTA_BINARY_PACKED of int32 (width 4) or int64 (width 8). */
void parquet_put_delta(builder *out, const void *values, size_t width, size_t count);

/* Values in an encoding, appended. */
MUST_USE bp_status parquet_put_values(builder *out, parquet_encoding encoding, const write_leaf *leaf, const void *values,
                                      size_t count, bp_error *err);

/* Chunks ----------------------------------------------------------------------------------------------------------------------- */
/* A page: which slots and values it has, where its bytes lie in the encoder's builders. */
typedef struct write_page {
    size_t first_slot, slot_count, first_value, value_count, first_row, row_count;
    size_t raw_begin, raw_size, repetition_size, definition_size;
    size_t packed_begin, packed_size;
    write_extremes extremes;
} write_page;

/* What the offset index tells. */
typedef struct write_location {
    uint64_t offset; /* in the chunk */
    uint64_t first_row;
    uint32_t size; /* with its header */
} write_location;

/* A chunk's bytes, and what the footer says of it. */
typedef struct write_chunk {
    builder bytes; /* pages; the Bloom filter behind them */
    uint64_t page_bytes; /* of them the pages */
    uint64_t full_size; /* of the pages, unpacked, with headers */
    uint64_t slot_count, null_count, distinct_count; /* 0: not known */
    uint64_t data_offset; /* of the first data page in the chunk; 0: no dictionary before it */
    block_codec codec;
    parquet_encoding encoding;
    size_t page_count;
    builder locations; /* write_location */
    builder column_index; /* empty: none */
    builder extremes; /* the bytes of least, then those of greatest */
    size_t least_size, greatest_size;
    bool has_least, has_greatest, least_exact, greatest_exact;
} write_chunk;

void write_chunk_init(write_chunk *chunk, memory *memory);
void write_chunk_clear(write_chunk *chunk);

/* What a worker needs to encode chunks, one after the other. */
typedef struct parquet_encoder {
    bp_context *context;
    memory *memory;
    const parquet_write_options *options;
    block_encoder *packer;
    write_values values;
    write_dictionary dictionary;
    write_room pages; /* write_page */
    size_t page_count;
    write_room marks; /* a byte a dictionary entry */
    builder entries, raw, packed, scratch; /* the dictionary's page, those of data, all of them packed */
    size_t entries_packed; /* bytes of the dictionary's page at the beginning of `packed` */
} parquet_encoder;

MUST_USE bp_status parquet_encoder_open(parquet_encoder *out, bp_context *context, const parquet_write_options *options,
                                        bp_error *err);
void parquet_encoder_close(parquet_encoder *encoder); /* a zeroed one is fine */
/* The leaf's values of all `rows`, as a row group has them. */
MUST_USE bp_status parquet_chunk_encode(write_chunk *out, parquet_encoder *encoder, const write_leaf *leaf, const table *rows,
                                        bp_error *err);

/* Pages are cut and encoded into `raw` in the chosen encoding; their extremes are known then. */
MUST_USE bp_status parquet_pages_cut(parquet_encoder *encoder, const write_leaf *leaf, bool by_bytes, bp_error *err);
MUST_USE bp_status parquet_pages_put(parquet_encoder *encoder, const write_leaf *leaf, parquet_encoding encoding, bp_error *err);
/* A Bloom filter of the dictionary's entries, with its header, appended. */
MUST_USE bp_status parquet_bloom_put(builder *out, const write_leaf *leaf, const write_dictionary *dictionary, double ratio,
                                     bp_error *err);

/* Footer ----------------------------------------------------------------------------------------------------------------------- */
/* What is kept of a chunk until the footer is written; its texts are in the writer's arena. */
typedef struct write_chunk_facts {
    uint64_t offset, page_bytes, full_size, slot_count, null_count, distinct_count, data_offset, bloom_size;
    uint8_t codec, encoding; /* block_codec, parquet_encoding */
    bool least_exact, greatest_exact;
    uint32_t page_count;
    string_view least, greatest; /* data NULL: not known */
    string_view column_index, offset_index; /* size 0: none */
    uint64_t column_index_offset, offset_index_offset;
} write_chunk_facts;

typedef struct write_group {
    uint64_t row_count;
    write_chunk_facts *chunks; /* one a leaf */
} write_group;

/* The footer with its size and the magic word, appended. */
MUST_USE bp_status parquet_put_footer(builder *out, const write_schema *schema, const write_group *groups, size_t group_count,
                                      const parquet_write_options *options, bp_error *err);
/* An offset index of a chunk that begins at `offset`. */
void parquet_put_offset_index(builder *out, const write_chunk *chunk, uint64_t offset);

#endif
