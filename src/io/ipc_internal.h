/* What the files of Arrow IPC share.
 *
 *   stream:   message, message … end of stream
 *   message:  0xffffffff, int32 size of the metadata (before 0.15 that alone), metadata (a flatbuffer), body of buffers; the size 0 ends a stream
 *   file:     "ARROW1\0\0", a stream, the footer (a flatbuffer: the schema, and where each batch stands), int32 its size, "ARROW1" */
#ifndef IO_IPC_INTERNAL_H
#define IO_IPC_INTERNAL_H

#include "column/arrow_format.h"
#include "base/file.h"
#include "column/region.h"
#include "io/codec_block.h"
#include "io/ipc.h"
#include "io/ipc_flatbuffer.h"

#define IPC_MAGIC "ARROW1"
#define IPC_MAGIC_SIZE 6
#define IPC_CONTINUATION UINT32_MAX
#define IPC_VERSION_4 3
#define IPC_VERSION_5 4

typedef enum ipc_message { IPC_NO_MESSAGE, IPC_SCHEMA, IPC_DICTIONARY, IPC_BATCH } ipc_message;

typedef enum ipc_type {
#define TYPE(name, number, width0, default0, width1, default1) IPC_TYPE_##name = number,
#include "ipc_types.def"
    IPC_TYPE_COUNT
} ipc_type;

typedef struct ipc_type_parameters {
    unsigned width[2]; /* of the slots; 0: none */
    int64_t fallback[2];
} ipc_type_parameters;

typedef struct ipc_known_format {
    const char *format;
    ipc_type type;
    int64_t values[2];
} ipc_known_format;

/* Of all types; the formats by format string, or by type and parameters; NULL: not among them. */
extern const ipc_type_parameters ipc_parameters[IPC_TYPE_COUNT];
const ipc_known_format *ipc_format_of_text(string_view format);
const ipc_known_format *ipc_format_of_type(ipc_type type, const int64_t values[2]);

/* Slots of the metadata's tables. */
enum { MESSAGE_VERSION, MESSAGE_HEADER_TYPE, MESSAGE_HEADER, MESSAGE_BODY_SIZE, MESSAGE_METADATA };
enum { SCHEMA_ENDIANNESS, SCHEMA_FIELDS, SCHEMA_METADATA, SCHEMA_FEATURES };
enum { FIELD_NAME, FIELD_NULLABLE, FIELD_TYPE_NUMBER, FIELD_TYPE, FIELD_DICTIONARY, FIELD_CHILDREN, FIELD_METADATA };
enum { CODES_ID, CODES_TYPE, CODES_ORDERED };
enum { PAIR_KEY, PAIR_VALUE };
enum { DECIMAL_PRECISION, DECIMAL_SCALE, DECIMAL_BITS };
enum { TIMESTAMP_UNIT, TIMESTAMP_ZONE };
enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS, BATCH_COMPRESSION, BATCH_VIEW_COUNTS };
enum { COMPRESSION_CODEC, COMPRESSION_METHOD };
enum { DICTIONARY_ID, DICTIONARY_DATA, DICTIONARY_IS_DELTA };
enum { FOOTER_VERSION, FOOTER_SCHEMA, FOOTER_DICTIONARIES, FOOTER_BATCHES };
#define NODE_SIZE 16   /* int64 length, int64 NULLs */
#define BUFFER_SIZE 16 /* int64 offset, int64 size */
#define BLOCK_SIZE 24  /* int64 offset, int32 size of the metadata and what stands before them, int64 size of the body */

/* Reading: what is known of one file before any row is read ------------------------------------------------------------------------------- */
typedef struct ipc_dictionary {
    int64_t id;
    size_t index; /* among the dictionaries of the schema */
    const struct ArrowSchema *value;
    arrow_format format; /* of `value` */
    bool is_open; /* while its field is read */
    struct ipc_dictionary *next;
} ipc_dictionary;

/* A message with a body. */
typedef struct ipc_block {
    uint64_t offset; /* of its prefix */
    uint64_t rows;
    size_t dictionaries; /* dictionary messages that hold for it: those in front of it; in a file, all */
    const ipc_dictionary *dictionary; /* whose it is; NULL: a batch, or a dictionary that no field uses */
    bool is_delta;
} ipc_block;

typedef struct ipc_blocks {
    ipc_block *items;
    size_t count, capacity;
} ipc_blocks;

typedef struct ipc_contents {
    arena arena; /* what the schema says */
    struct ArrowSchema schema; /* a struct; `private_data` of codes is their ipc_dictionary */
    arrow_format format;
    ipc_dictionary *dictionaries;
    size_t dictionary_count;
    bool big_endian;
    ipc_blocks batches, dictionary_blocks;
} ipc_contents;

/* ipc_schema_read.c: `contents` from the table `Schema`. */
MUST_USE bp_status ipc_read_schema(ipc_contents *contents, const flat_table *table, bp_error *err);

/* ipc_contents.c: the schema, and where all messages stand. A pipe must have been settled. */
MUST_USE bp_status ipc_contents_new(ipc_contents **out, file *file, bp_error *err);
void ipc_contents_free(ipc_contents *contents); /* NULL is fine */

/* ipc_message.c: one message's metadata, read and opened; used for one message after another. */
typedef struct ipc_reader {
    memory *memory;
    char *metadata;
    size_t metadata_capacity;
    flat_bytes bytes;
    uint64_t offset, body, body_size, end; /* places in the file: the prefix, the body, the message behind */
    ipc_message kind;
    flat_table header; /* the table `Schema`, `DictionaryBatch` or `RecordBatch` */
    block_decoder *decoder; /* made at first use */
} ipc_reader;

void ipc_reader_init(ipc_reader *out, memory *memory);
void ipc_reader_clear(ipc_reader *reader);
/* The message at `offset`. *end: there is none, the stream ends here. */
MUST_USE bp_status ipc_reader_open(ipc_reader *reader, file *file, uint64_t offset, bool *end, bp_error *err);
/* The bytes at `offset` as a flatbuffer that has no message around it: a footer. */
MUST_USE bp_status ipc_reader_load(ipc_reader *reader, file *file, uint64_t offset, uint64_t size, bp_error *err);

/* ipc_array.c: arrays of a batch. */
typedef struct ipc_place {
    size_t node, buffer, view; /* the next of each that has not been read */
} ipc_place;

typedef struct ipc_batch {
    ipc_reader *reader;
    file *file;
    const ipc_contents *contents;
    int64_t rows;
    flat_vector nodes, buffers, view_counts;
    block_codec codec;
} ipc_batch;

/* Gives the dictionary of codes as an array, and keeps it alive with `region`. */
typedef struct ipc_resolver {
    bp_status (*find)(void *data, const ipc_dictionary *dictionary, region *region, struct ArrowArray *out, bp_error *err);
    void *data;
} ipc_resolver;

/* The table `RecordBatch` of the message that is open. */
MUST_USE bp_status ipc_batch_open(ipc_batch *out, ipc_reader *reader, file *file, const ipc_contents *contents,
                                  const flat_table *table, bp_error *err);
/* Move behind the array of a field. */
void ipc_batch_skip(const ipc_batch *batch, ipc_place *place, const struct ArrowSchema *schema, const arrow_format *format);
/* Read the array of a field, whose nodes and buffers begin at `place`, into `region`; it must not live longer than that. All that the C data interface leaves unsaid, how long
 * buffers are, has been checked. */
MUST_USE bp_status ipc_batch_read(const ipc_batch *batch, struct ArrowArray *out, region *region, ipc_place place,
                                  const struct ArrowSchema *schema, const arrow_format *format, ipc_resolver resolver,
                                  bp_error *err);

/* Writing ----------------------------------------------------------------------------------------------------------------------------------- */
/* ipc_schema_write.c: the table `Schema` at the end of `out`; its position. */
size_t ipc_write_schema(builder *out, const struct ArrowSchema *schema, const arrow_format *format);

/* ipc_body.c: one batch on its way out. */
typedef struct ipc_body ipc_body;

MUST_USE bp_status ipc_body_new(ipc_body **out, bp_context *context, ipc_compression compression, int level, bp_error *err);
void ipc_body_free(ipc_body *body);
/* Take an array without copying it: it must live until the body is written. With compression its buffers are packed here, on the pool's threads. */
MUST_USE bp_status ipc_body_take(ipc_body *body, const arrow_format *format, const struct ArrowArray *array, bool is_root,
                                 bp_error *err);
/* Bytes of the body as it is written. */
uint64_t ipc_body_size(const ipc_body *body);
/* The table `RecordBatch` at the end of `out`; its position. */
size_t ipc_body_describe(const ipc_body *body, builder *out);
MUST_USE bp_status ipc_body_write(const ipc_body *body, byte_sink sink, bp_error *err);

#endif
