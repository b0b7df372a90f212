/* Tables as Parquet files. Option names, defaults and their errors are those of DuckDB's COPY … TO (FORMAT parquet). */
#ifndef IO_PARQUET_WRITER_H
#define IO_PARQUET_WRITER_H

#include "codec_block.h"
#include "target.h"

typedef struct parquet_pair {
    string_view key, value;
} parquet_pair;

/* A field id of a column or of one of its parts: "a", "a.list.element", by the names that the file has. */
typedef struct parquet_field_id {
    string_view path;
    int32_t id;
} parquet_field_id;

typedef struct parquet_write_options {
    uint64_t row_group_rows;          /* the most of a row group: 122,880 */
    uint64_t row_group_bytes;         /* the most, about, before encoding; 0: 1,024 for each of row_group_rows */
    block_codec codec;                /* BLOCK_SNAPPY */
    int level;                        /* of zstd: 3 */
    bool has_level;
    bool second_version;              /* data pages of version 2, and the encodings that came with it */
    uint64_t dictionary_entries;      /* the most of a dictionary; UINT64_MAX: as many as are worth it */
    uint64_t dictionary_bytes;        /* the most of a dictionary of texts: 1 MiB */
    bool bloom_filter;                /* for columns with a dictionary: true */
    double bloom_ratio;               /* of wrong positives: 0.01 */
    bool page_index;                  /* true */
    const parquet_pair *metadata;     /* key-value pairs of the footer */
    size_t metadata_count;
    bool number_fields;               /* field ids 0, 1, 2 … in the order of the schema */
    const parquet_field_id *field_ids;
    size_t field_id_count;
} parquet_write_options;

void parquet_write_options_init(parquet_write_options *out);
/* By its SQL name, from row 0 of `value`; texts are copied into the arena. BP_BIND_ERROR: unknown (the nearest is named), or a value that does not fit. */
MUST_USE bp_status parquet_write_options_set(parquet_write_options *options, arena *arena, string_view name, const column *value,
                                             bp_error *err);

/* Schema and options are copied. */
MUST_USE bp_status parquet_writer_new(target **out, bp_context *context, byte_sink sink, const schema *schema,
                                      const parquet_write_options *options, bp_error *err);

#endif
