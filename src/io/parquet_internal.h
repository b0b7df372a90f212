/* The reader's parts.
 *
 *   file --parquet_footer_read--> footer: elements --parquet_schema_build--> nodes (SQL's columns) and leaves (what is stored)
 *   footer --parquet_chunk_of(row group, leaf)--> chunk: where its pages are, statistics
 *   chunk --parquet_reader--> rows of one leaf: pages (parquet_page.c) -> levels and values (parquet_values.c, parquet_convert.c)
 *   readers of a node's leaves --parquet_nested--> a column of lists and structs
 *
 * Whatever comes from a file is checked where it is read: counts against the bytes that would have to hold them, before room is made. */
#ifndef IO_PARQUET_INTERNAL_H
#define IO_PARQUET_INTERNAL_H

#include "base/cancel.h"
#include "base/file.h"
#include "codec_block.h"
#include "column/region.h"
#include "parquet.h"
#include "thrift.h"

/* Thrift's numbers. */
typedef enum parquet_physical {
    PARQUET_GROUP = -1,
    PARQUET_BOOLEAN,
    PARQUET_INT32,
    PARQUET_INT64,
    PARQUET_INT96,
    PARQUET_FLOAT,
    PARQUET_DOUBLE,
    PARQUET_BYTE_ARRAY,
    PARQUET_FIXED
} parquet_physical;

typedef enum parquet_encoding {
    PARQUET_PLAIN = 0,
    PARQUET_PLAIN_DICTIONARY = 2,
    PARQUET_RLE = 3,
    PARQUET_BIT_PACKED = 4,
    PARQUET_DELTA_BINARY_PACKED = 5,
    PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    PARQUET_DELTA_BYTE_ARRAY = 7,
    PARQUET_RLE_DICTIONARY = 8,
    PARQUET_BYTE_STREAM_SPLIT = 9
} parquet_encoding;

typedef enum parquet_repetition { PARQUET_REQUIRED, PARQUET_OPTIONAL, PARQUET_REPEATED } parquet_repetition;

/* The members of LogicalType by their field numbers, and of the older ConvertedType. */
typedef enum parquet_logical {
    PARQUET_LOGICAL_NONE,
    PARQUET_LOGICAL_STRING,
    PARQUET_LOGICAL_MAP,
    PARQUET_LOGICAL_LIST,
    PARQUET_LOGICAL_ENUM,
    PARQUET_LOGICAL_DECIMAL,
    PARQUET_LOGICAL_DATE,
    PARQUET_LOGICAL_TIME,
    PARQUET_LOGICAL_TIMESTAMP,
    PARQUET_LOGICAL_INTEGER = 10,
    PARQUET_LOGICAL_UNKNOWN,
    PARQUET_LOGICAL_JSON,
    PARQUET_LOGICAL_BSON,
    PARQUET_LOGICAL_UUID,
    PARQUET_LOGICAL_FLOAT16,
    PARQUET_LOGICAL_VARIANT,
    PARQUET_LOGICAL_GEOMETRY,
    PARQUET_LOGICAL_GEOGRAPHY,
    PARQUET_LOGICAL_INTERVAL = 64 /* has only a converted type */
} parquet_logical;

typedef struct parquet_element {
    string_view name; /* UTF-8 */
    int8_t physical; /* parquet_physical */
    int8_t repetition; /* parquet_repetition; -1: the root */
    int8_t converted; /* as stored; -1: none */
    uint8_t logical_told; /* parquet_logical as stored */
    uint8_t logical; /* parquet_logical: of either */
    uint8_t unit; /* time_unit */
    bool utc, is_signed;
    uint8_t bits;
    uint32_t type_length; /* PARQUET_FIXED: bytes */
    uint32_t child_count;
    int32_t scale, precision; /* -1: not told */
    int64_t field_id; /* INT64_MIN: none */
} parquet_element;

/* How a stored value becomes one of ours. Those from CONVERT_REF on are decoded to string_refs first. */
typedef enum parquet_convert {
    CONVERT_NONE,      /* as it lies */
    CONVERT_BIT,
    CONVERT_TO_8,      /* from int32 */
    CONVERT_TO_16,
    CONVERT_32_TO_64,
    CONVERT_32_TO_128,
    CONVERT_64_TO_128,
    CONVERT_32_MILLI,  /* times: int32 milliseconds to int64 microseconds */
    CONVERT_64_MILLI,  /* timestamps */
    CONVERT_INT96,
    CONVERT_REF,       /* text and bytes */
    CONVERT_DECIMAL,   /* big-endian two's complement */
    CONVERT_HALF,
    CONVERT_UUID,
    CONVERT_INTERVAL
} parquet_convert;

/* A stored column. */
typedef struct parquet_leaf {
    string_view path; /* dotted */
    data_type type;
    uint8_t physical; /* parquet_physical */
    uint8_t convert; /* parquet_convert */
    uint8_t max_definition, max_repetition;
    uint32_t stored_width; /* bytes of a PLAIN value; 0: BOOLEAN, BYTE_ARRAY */
    uint32_t width; /* bytes of ours; 0: bits */
    uint32_t element;
} parquet_leaf;

typedef enum parquet_node_kind { PARQUET_NODE_LEAF, PARQUET_NODE_LIST, PARQUET_NODE_STRUCT } parquet_node_kind;

/* A column as SQL sees it, or a part of one. A MAP is a LIST of a STRUCT. */
typedef struct parquet_node {
    string_view name;
    data_type type;
    uint8_t kind;
    uint8_t definition; /* there is a value (also an empty list) from this definition level on */
    uint8_t element_definition, element_repetition; /* LIST: there is an element; it begins at a repetition level up to this */
    uint32_t first_leaf, leaf_count;
    uint32_t child_count;
    const uint32_t *children; /* nodes */
} parquet_node;

typedef struct parquet_row_group {
    uint64_t row_count;
    int64_t total_size, file_offset, compressed_size;
    uint32_t chunk_count;
    const uint32_t *chunks; /* where in the footer each ColumnChunk begins */
} parquet_row_group;

typedef struct parquet_footer {
    memory *memory;
    arena arena;
    uint8_t *bytes;
    size_t size;
    uint64_t file_size;
    int64_t version;
    uint64_t row_count;
    string_view created_by;
    size_t kv_position; /* of key_value_metadata; 0: none */
    bool has_column_orders;
    size_t column_order_count;
    parquet_element *elements;
    size_t element_count;
    parquet_node *nodes;
    size_t node_count;
    parquet_leaf *leaves;
    size_t leaf_count;
    const uint32_t *columns; /* top-level nodes */
    size_t column_count;
    parquet_row_group *row_groups;
    size_t row_group_count;
    size_t groups_end; /* where in the bytes they end; 0: nowhere */
} parquet_footer;

/* Messages begin with the path. *out is the caller's: parquet_footer_free(). */
MUST_USE bp_status parquet_footer_read(parquet_footer **out, file *file, bool binary_as_string, bp_error *err);
void parquet_footer_free(parquet_footer *footer);
/* Bytes and row groups of the footer of a file, kept by an earlier statement. *found false: there is nothing. */
MUST_USE bp_status parquet_known_take(parquet_footer *footer, const file *file, bool *found, bp_error *err);
void parquet_known_keep(const parquet_footer *footer, const file *file);
/* Fill nodes, leaves and columns from the elements. */
MUST_USE bp_status parquet_schema_build(parquet_footer *footer, bool binary_as_string, bp_error *err);

typedef struct parquet_statistics {
    string_view low, high; /* PLAIN without a length */
    bool has_low, has_high;
    bool low_exact, high_exact, told_exact;
    bool is_old; /* from the fields whose order was never defined for unsigned values and texts */
    int64_t null_count, distinct_count; /* -1: not told */
} parquet_statistics;

typedef struct parquet_chunk {
    uint8_t physical;
    int8_t codec; /* as stored */
    bool encrypted, elsewhere; /* elsewhere: in another file */
    uint32_t encodings; /* a bit for each */
    size_t encodings_position, encoding_stats_position, kv_position; /* in the footer; 0: none */
    string_view path_first;
    size_t path_position;
    uint64_t value_count;
    int64_t total_size, compressed_size, file_offset;
    int64_t data_offset, dictionary_offset, index_offset; /* 0: none */
    int64_t bloom_offset, bloom_size;
    int64_t offset_index, offset_index_size, column_index, column_index_size;
    parquet_statistics statistics;
} parquet_chunk;

/* Decode one ColumnChunk; checked: its bytes lie in the file, and its type is the schema's. */
MUST_USE bp_status parquet_chunk_of(parquet_chunk *out, const parquet_footer *footer, size_t row_group, size_t leaf, bp_error *err);

/* Bit streams ------------------------------------------------------------------------------------------------------------------ */
static inline uint64_t parquet_load64(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, 8);
    return word;
}

static inline bool parquet_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/* Runs of one value and groups of packed values, as Parquet's "RLE / bit-packing hybrid". */
typedef struct parquet_runs {
    const uint8_t *at, *end;
    const uint8_t *packed; /* bytes of the present packed run */
    uint64_t left; /* values of the present run */
    uint64_t packed_at; /* its next value */
    uint32_t value; /* of a run of one value */
    uint8_t width; /* 0 … 32 bits */
    bool is_packed;
} parquet_runs;

void parquet_runs_init(parquet_runs *out, const uint8_t *bytes, size_t size, unsigned width);
/* The next `count` values; false: there are not so many. 8 bytes behind `end` are readable. */
MUST_USE bool parquet_runs_read(parquet_runs *runs, uint32_t *out, size_t count);
MUST_USE bool parquet_runs_skip(parquet_runs *runs, size_t count);
MUST_USE bool parquet_runs_read_bytes(parquet_runs *runs, uint8_t *out, size_t count); /* of up to 8 bits */
/* Width 1: `count` values as bits [at, at + count) of `bits`; *ones is raised by those set. */
MUST_USE bool parquet_runs_read_bits(parquet_runs *runs, uint64_t *bits, size_t at, size_t count, size_t *ones);

/* DELTA_BINARY_PACKED: blocks of miniblocks of packed differences. Values are given as 64 bits, to be cut to 32 for INT32. */
typedef struct parquet_delta {
    const uint8_t *at, *end;
    uint64_t left; /* values not yet given */
    uint64_t value; /* the one given last, or the first */
    uint64_t least; /* difference of the block */
    uint32_t miniblock_count, miniblock_size, miniblock; /* the present one, from 1 */
    uint32_t miniblock_left;
    uint32_t packed_at;
    const uint8_t *widths, *packed;
    uint8_t width;
    bool first;
} parquet_delta;

MUST_USE bool parquet_delta_init(parquet_delta *out, const uint8_t *bytes, size_t size);
MUST_USE bool parquet_delta_read(parquet_delta *delta, int64_t *out, size_t count);
/* Where the stream ends; goes over the rest of a copy of it. */
MUST_USE bool parquet_delta_end(const parquet_delta *delta, const uint8_t **end);

/* Pages ------------------------------------------------------------------------------------------------------------------------ */
typedef struct parquet_page_header {
    int64_t type; /* 0 data, 1 index, 2 dictionary, 3 data of version 2 */
    int64_t full_size, packed_size; /* of what follows the header */
    int64_t crc;
    bool has_crc, is_compressed;
    int64_t value_count, row_count; /* row_count -1: not told */
    int64_t null_count;
    int64_t encoding, definition_encoding, repetition_encoding;
    int64_t definition_size, repetition_size; /* version 2 */
    size_t size; /* of the header itself */
} parquet_page_header;

/* False: more bytes are needed, or it is damaged. */
bool parquet_page_header_parse(parquet_page_header *out, const uint8_t *bytes, size_t size);

#define PARQUET_AHEAD 4096 /* levels */
#define PARQUET_AHEAD_BYTES ((size_t)2 * PARQUET_AHEAD)

/* One leaf of one row group, read by one worker, forward only. */
typedef struct parquet_reader {
    /* where from */
    const parquet_leaf *leaf;
    parquet_chunk chunk;
    block_codec codec;
    file *file;
    memory *memory;
    block_decoder *decoder; /* the worker's */
    uint64_t position, chunk_end; /* of the next page header */
    uint64_t page_number, values_seen;
    uint64_t row_count, row; /* of the row group; rows passed or read, or still to skip */
    uint64_t skip; /* rows to pass before the next is read */
    /* bytes of the file */
    uint8_t *window;
    size_t window_capacity, window_size;
    uint64_t window_at;
    size_t read_ahead; /* bytes */
    /* the dictionary: our values, in a region that columns may keep */
    region *dictionary_region;
    column dictionary;
    uint64_t dictionary_number; /* changes with each dictionary of the worker */
    /* the page */
    region *page_region; /* has `page`, for texts that point into it */
    const uint8_t *page;
    uint64_t page_left; /* values, with NULLs */
    parquet_page_header header;
    uint8_t encoding; /* parquet_encoding of the page */
    bool is_codes;
    bool check_text; /* not all of the page is ASCII */
    parquet_runs definitions, repetitions, codes;
    parquet_delta delta, prefixes;
    cursor bytes; /* PLAIN, DELTA_LENGTH_BYTE_ARRAY: what is left */
    uint64_t bit; /* BOOLEAN, PLAIN: next bit; BYTE_STREAM_SPLIT: next value */
    uint64_t stream_values; /* BYTE_STREAM_SPLIT: values of the page */
    char *last; /* DELTA_BYTE_ARRAY: the value before */
    size_t last_size, last_capacity;
    /* room for values before they are ours */
    void *scratch;
    size_t scratch_size;
    /* nested: levels of the rows read last, and their values; levels of the page read ahead */
    uint8_t *definition_levels, *repetition_levels;
    size_t level_count, level_capacity;
    void *dense;
    size_t dense_count, dense_capacity; /* values; bytes */
    uint8_t *ahead; /* definition levels, then repetition levels */
    size_t ahead_at, ahead_count;
} parquet_reader;

MUST_USE bp_status parquet_reader_open(parquet_reader *out, const parquet_footer *footer, size_t row_group, size_t leaf, file *file,
                                       block_decoder *decoder, uint64_t dictionary_number, size_t reader_count, bp_error *err);
void parquet_reader_close(parquet_reader *reader);
/* "…: column "x", page 3: " before the message that is there. */
bp_status parquet_reader_blame(const parquet_reader *reader, bp_status status, bp_error *err);
MUST_USE bp_status parquet_reader_scratch(parquet_reader *reader, size_t size, bp_error *err);

/* Go on to the next data page; its levels and values are ready then. When `skippable` rows are at least what the page has (and that is known
 * before it is unpacked), it is passed over: page_left is 0 and *skipped its rows. */
MUST_USE bp_status parquet_page_next(parquet_reader *reader, uint64_t skippable, uint64_t *skipped, bp_error *err);

/* Where results go: the regions that a batch's columns point into are noted, to live as long as the batch. */
typedef struct parquet_target {
    arena *arena; /* of the batch */
    region *owner; /* whose arena that is */
    bool (*keep)(void *data, region *region); /* note a region, once; false: no memory */
    void *keep_data;
} parquet_target;

/* `count` values that are there, of our type, to `out`; texts point into the page (parquet_target.keep is called for it) or the arena. */
MUST_USE bp_status parquet_values_read(parquet_reader *reader, const parquet_target *target, size_t count, void *out,
                                       size_t out_bit, bp_error *err);
MUST_USE bp_status parquet_values_skip(parquet_reader *reader, size_t count, bp_error *err);
/* Stored texts of two encodings; those of the second may be put together in the arena. */
MUST_USE bp_status parquet_delta_lengths_read(parquet_reader *reader, size_t count, string_ref *out, bp_error *err);
MUST_USE bp_status parquet_delta_texts_read(parquet_reader *reader, arena *arena, size_t count, string_ref *out, bp_error *err);
/* Codes of a dictionary page, checked. */
MUST_USE bp_status parquet_codes_read(parquet_reader *reader, size_t count, uint32_t *out, bp_error *err);
/* Of the next `rows` codes of a dictionary page those of rows selection[i] - first, which rise, looked up to `out`. */
MUST_USE bp_status parquet_codes_pick(parquet_reader *reader, const parquet_target *target, size_t rows, const uint32_t *selection,
                                      size_t first, size_t count, void *out, bp_error *err);
MUST_USE bp_status parquet_short_page(bp_error *err); /* the error of a page that ends early */
/* Begin the values of a page: `bytes` are its encoded values. */
MUST_USE bp_status parquet_values_begin(parquet_reader *reader, const uint8_t *bytes, size_t size, bp_error *err);
/* Turn a dictionary page into reader->dictionary. */
MUST_USE bp_status parquet_dictionary_read(parquet_reader *reader, region *region, const uint8_t *bytes, size_t size, size_t count,
                                           bp_error *err);
/* `count` stored values (PLAIN, or string_refs from CONVERT_REF on) to ours. */
MUST_USE bp_status parquet_convert_values(const parquet_leaf *leaf, const void *in, size_t count, void *out, bp_error *err);
/* Our values of types that have a range. */
MUST_USE bp_status parquet_check_range(data_type type, const void *values, size_t count, bp_error *err);
/* One value as statistics hold it, to a FLAT column of one row in the arena; false: it cannot be one. */
bool parquet_statistic_value(const parquet_leaf *leaf, string_view bytes, arena *arena, column *out);

/* Text of 12 bytes or fewer is copied, with 16 bytes readable from `text`. */
static ALWAYS_INLINE string_ref parquet_ref(const char *text, uint32_t size)
{
    string_ref ref;
    uint64_t words[2] = {size, 0};

    if (LIKELY(size <= STRING_REF_INLINE)) {
        uint32_t first;
        uint64_t rest;
        memcpy(&first, text, 4);
        memcpy(&rest, text + 4, 8);
        first = size >= 4 ? first : first & (uint32_t)((UINT64_C(1) << (8 * size)) - 1);
        rest = size >= 12 ? rest : size <= 4 ? 0 : rest & ((UINT64_C(1) << (8 * (size - 4))) - 1);
        words[0] |= (uint64_t)first << 32;
        words[1] = rest;
        memcpy(&ref, words, 16);
        return ref;
    }
    ref.size = size;
    memcpy(ref.prefix, text, 4);
    ref.pointer = text;
    return ref;
}

/* Rows ------------------------------------------------------------------------------------------------------------------------- */
/* The next `rows` rows of a leaf at the top (max_repetition 0, max_definition up to 1). Text may come as a dictionary. */
MUST_USE bp_status parquet_flat_read(parquet_reader *reader, const parquet_target *target, size_t rows, column *out, bp_error *err);
/* Of the next rows of such a leaf the selected ones, counted from the next; it stands behind the last of them then. Not for bits (width 0). */
MUST_USE bp_status parquet_flat_pick(parquet_reader *reader, const parquet_target *target, const uint32_t *selection, size_t count,
                                     column *out, bp_error *err);
/* The next rows of a node of lists and structs, from the readers of its leaves. */
MUST_USE bp_status parquet_nested_read(const parquet_footer *footer, uint32_t node, parquet_reader *readers,
                                       const parquet_target *target, size_t rows, column *out, bp_error *err);
/* Move dense values to the rows that `validity` says have one, from the last to the first; the others become zero. */
void parquet_spread(void *values, size_t width, const uint64_t *validity, size_t at, size_t rows, size_t dense);
static inline bool parquet_is_flat(const parquet_footer *footer, const parquet_node *node)
{
    return node->kind == PARQUET_NODE_LEAF && footer->leaves[node->first_leaf].max_repetition == 0;
}
void parquet_reader_skip(parquet_reader *reader, uint64_t rows);
/* Do what was put off by parquet_reader_skip(). */
MUST_USE bp_status parquet_flat_settle(parquet_reader *reader, bp_error *err);
MUST_USE bp_status parquet_nested_settle(parquet_reader *reader, bp_error *err);

/* Skipping --------------------------------------------------------------------------------------------------------------------- */
/* Whether values of this leaf have an order that statistics follow. is_old: those of the fields whose order was defined for signed numbers alone. */
bool parquet_has_order(const parquet_leaf *leaf, bool is_old);
/* Whether no row of the row group can pass the filter on this leaf, by statistics and Bloom filter. */
MUST_USE bp_status parquet_prune_group(bool *none, const parquet_footer *footer, size_t row_group, size_t leaf, file *file,
                                       const scan_filter *filter, arena *arena, bp_error *err);
/* Move *begin up and *end down (rows of the row group) past pages where no row can pass, by the page index, when there is one. */
MUST_USE bp_status parquet_prune_rows(uint64_t *begin, uint64_t *end, const parquet_footer *footer, size_t row_group, size_t leaf,
                                      file *file, const scan_filter *filter, arena *arena, bp_error *err);
/* Whether the Bloom filter of the chunk excludes the value (row of a column of the leaf's type). */
MUST_USE bp_status parquet_bloom_excludes(bool *excludes, const parquet_leaf *leaf, const parquet_chunk *chunk, file *file,
                                          const column *values, size_t row, bp_error *err);

#endif
