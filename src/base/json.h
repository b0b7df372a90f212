/* JSON: a pull reader over a whole buffer, and a writer over a builder.
 *
 *   bytes --SIMD scan--> positions of { } [ ] : , " and of scalars' first bytes (a window of them at a time)
 *         --json_next--> one event at a time, checked against the grammar
 * Every text that json_next() reads to JSON_END is valid JSON (RFC 8259), UTF-8 included. Nesting goes to JSON_DEPTH; no recursion. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "bytes.h"
#include "config.h"
#include "error.h"
#include "memory.h"

#define JSON_DEPTH 512

typedef enum json_event {
    JSON_END, /* the document is over (and from then on) */
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY,    /* reader->text: the name; its value comes next. Names may repeat: that is for the caller to judge */
    JSON_STRING, /* reader->text */
    JSON_NUMBER, /* reader->text: as written; json_number() parses it */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
} json_event;

enum {
    JSON_NAMES = 1,       /* NaN, Infinity, -Infinity are numbers */
    JSON_SEQUENCE = 2,    /* several values one after another (NDJSON), white space between them not required */
    JSON_TRUSTED_UTF8 = 4 /* the caller has checked the encoding */
};

typedef struct json_reader {
    /* of the last event */
    string_view text; /* borrowed from the input, or (when it had escapes) from the reader until the next json_next() */
    size_t position;  /* byte where the event's token begins */
    size_t depth;     /* open objects and arrays, after the event */
    bool escaped;     /* text had escapes and lies in the reader's memory */

    /* private */
    const char *data;
    size_t size;
    memory *memory;
    unsigned options;
    unsigned state;
    uint32_t *index; /* window of structural positions, relative to window_base */
    size_t index_next, index_count, index_capacity;
    size_t window_base, window_end; /* bytes scanned into the window; the next begins at window_end */
    uint64_t carry[3];
    builder scratch;
    bp_status failure; /* of the call that failed, with its message and place */
    const char *failure_text;
    size_t failure_position;
    uint64_t is_object[JSON_DEPTH / 64]; /* a bit a level */
} json_reader;

/* A reader over text, which must outlive it. Ends with json_reader_clear(), also after a failure (a zeroed reader is fine).
 * Fails with BP_NO_MEMORY, or BP_BAD_FORMAT when the bytes are not UTF-8. A leading UTF-8 byte order mark is skipped. */
MUST_USE bp_status json_reader_init(json_reader *reader, memory *memory, string_view text, unsigned options, bp_error *err);
void json_reader_clear(json_reader *reader);

/* The next event. BP_BAD_FORMAT with err->position (and line, column); BP_LIMIT past JSON_DEPTH; BP_NO_MEMORY. After a failure every
 * further call fails alike. */
MUST_USE bp_status json_next(json_reader *reader, json_event *event, bp_error *err);
/* The same, but it must be `wanted`, else BP_BAD_FORMAT saying what was found: for readers of fixed shapes. */
MUST_USE bp_status json_expect(json_reader *reader, json_event wanted, bp_error *err);
/* Pass over the value whose first event (`event`) has just been returned: to its OBJECT_END or ARRAY_END; nothing for scalars and for a KEY
 * its whole value. */
MUST_USE bp_status json_skip(json_reader *reader, json_event event, bp_error *err);
/* "an object", "a string" … for messages. */
const char *json_event_name(json_event event);

typedef struct json_number_value {
    enum { JSON_INT64, JSON_UINT64, JSON_DOUBLE } kind; /* integers that fit; all else (fractions, exponents, large) double */
    bool overflow; /* a finite number past the largest double: value is ±inf */
    union {
        int64_t as_int64;
        uint64_t as_uint64; /* over INT64_MAX only */
        double as_double;
    };
} json_number_value;

/* The value of the last JSON_NUMBER. */
json_number_value json_number(const json_reader *reader);
double json_number_double(const json_reader *reader);
/* False: not an integer (1.0 is none), or too large. */
MUST_USE bool json_number_int64(const json_reader *reader, int64_t *out);

/* Append `text` with its quotes and escapes: control characters as \n, \u001f …, '"' and '\'; all else as it is. */
bool json_quote(builder *out, string_view text);

/* Writer: values in order; commas, colons and indentation come by themselves. Failures of the builder are remembered by it (see
 * builder_status()); misuse (a value where a key is due) is a CHECK. */
typedef struct json_writer {
    builder *out; /* borrowed */
    unsigned indent; /* spaces a level; 0: compact */
    size_t depth;
    bool after_key, first;
} json_writer;

void json_writer_init(json_writer *writer, builder *out, unsigned indent);
bool json_write_object_begin(json_writer *writer);
bool json_write_object_end(json_writer *writer);
bool json_write_array_begin(json_writer *writer);
bool json_write_array_end(json_writer *writer);
bool json_write_key(json_writer *writer, string_view key);
bool json_write_string(json_writer *writer, string_view text);
bool json_write_int64(json_writer *writer, int64_t value);
bool json_write_uint64(json_writer *writer, uint64_t value);
bool json_write_double(json_writer *writer, double value); /* NaN, Infinity, -Infinity as those names */
bool json_write_bool(json_writer *writer, bool value);
bool json_write_null(json_writer *writer);
bool json_write_raw(json_writer *writer, string_view json); /* a value that is JSON text already */

#endif
