/* Data types: what a column's values are, in SQL's names, and how they lie in memory.
 *
 * A data_type is a small value, copied freely; nested types point to a type_detail that lives in an arena or in static memory and
 * outlives every use (plans, tables and results keep theirs with type_copy()). */
#ifndef COLUMN_TYPE_H
#define COLUMN_TYPE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/temporal.h" /* time_unit, interval */

/* TYPE(NAME, sql_name, physical) */
typedef enum type_id {
#define TYPE(name, sql_name, physical) TYPE_##name,
#include "types.def"
#undef TYPE
    TYPE_ID_COUNT
} type_id;

/* How the values of a flat column lie in column.values. */
typedef enum physical_type {
    PHYSICAL_NONE,     /* NULL type: no values */
    PHYSICAL_BIT,      /* uint64_t words, row 0 in bit 0 of word 0 */
    PHYSICAL_INT8,
    PHYSICAL_INT16,
    PHYSICAL_INT32,
    PHYSICAL_INT64,
    PHYSICAL_INT128,
    PHYSICAL_UINT8,
    PHYSICAL_UINT16,
    PHYSICAL_UINT32,
    PHYSICAL_UINT64,
    PHYSICAL_UINT128,
    PHYSICAL_INT256,   /* four uint64_t, low word first, two's complement: decimals over 38 digits, carried and printed only */
    PHYSICAL_FLOAT16,
    PHYSICAL_FLOAT32,
    PHYSICAL_FLOAT64,
    PHYSICAL_STRING,   /* string_ref */
    PHYSICAL_INTERVAL, /* interval */
    PHYSICAL_LIST,     /* list_entry into children[0] */
    PHYSICAL_STRUCT,   /* children of the same length; no values */
    PHYSICAL_ARRAY     /* children[0] has fixed_size elements a row; no values */
} physical_type;

struct type_detail;

typedef struct data_type {
    uint8_t id;        /* type_id */
    uint8_t precision; /* DECIMAL: digits, 1 … 76 (over 38 only carried through) */
    int8_t scale;      /* DECIMAL: digits behind the point */
    uint8_t unit;      /* TIMESTAMP, TIMESTAMP_TZ, TIME, DURATION: time_unit */
    uint32_t fixed_size;               /* ARRAY: elements a row */
    const struct type_detail *detail;  /* LIST, ARRAY, STRUCT, MAP: children; TIMESTAMP_TZ: zone; ENUM: labels; else NULL */
} data_type;

typedef struct type_detail {
    size_t child_count;        /* LIST, ARRAY: 1; MAP: 1 (a STRUCT of key, value); STRUCT: fields */
    const data_type *children;
    const string_view *names;  /* STRUCT: field names; ENUM: the labels, child_count of them */
    string_view zone;          /* TIMESTAMP_TZ: "UTC", "Europe/Berlin", "+02:00"; empty: UTC */
} type_detail;

/* 16 bytes: up to 12 bytes of text inline, longer text by pointer with its first 4 bytes as prefix. Unused inline bytes are zero, so
 * short strings compare by their two words. */
typedef struct string_ref {
    uint32_t size;
    char prefix[4]; /* the first 4 bytes; inline text goes on in `rest` */
    union {
        char rest[8];
        const char *pointer;
    };
} string_ref;

#define STRING_REF_INLINE 12

typedef struct list_entry {
    uint32_t offset; /* first element in children[0] */
    uint32_t size;
} list_entry;

/* A type without parameters; times and timestamps are in microseconds, as SQL's are. */
static inline data_type type_of(type_id id)
{
    bool has_unit = id == TYPE_TIME || id == TYPE_TIMESTAMP || id == TYPE_TIMESTAMP_TZ || id == TYPE_DURATION;
    return (data_type){.id = (uint8_t)id, .unit = has_unit ? UNIT_MICRO : UNIT_SECOND};
}
static inline data_type type_decimal(unsigned precision, int scale)
{
    return (data_type){.id = TYPE_DECIMAL, .precision = (uint8_t)precision, .scale = (int8_t)scale};
}
static inline data_type type_timestamp(time_unit unit)
{
    return (data_type){.id = TYPE_TIMESTAMP, .unit = (uint8_t)unit};
}

/* DECIMAL: INT64 up to 18 digits, INT128 up to 38, else INT256. ENUM: UINT32 codes. */
physical_type type_physical(data_type type);
/* The fields or elements of a nested type; for others NULL and 0. MAP: one, a STRUCT of key and value. */
static inline size_t type_child_count(data_type type)
{
    return type.detail && type.id >= TYPE_LIST ? type.detail->child_count : 0;
}
/* Bytes of one value in column.values; 0 for BIT and for types without values. */
size_t physical_width(physical_type physical);

bool type_equal(data_type left, data_type right);
bool type_is_integer(data_type type); /* signed or unsigned, 8 … 128 bits */
bool type_is_signed_integer(data_type type);
bool type_is_float(data_type type);
bool type_is_numeric(data_type type); /* integer, float, decimal */
bool type_is_temporal(data_type type);
bool type_is_nested(data_type type);

/* SQL text: "DECIMAL(15,2)", "STRUCT(a INTEGER, b VARCHAR[])", "TIMESTAMP WITH TIME ZONE". */
bool type_print(builder *out, data_type type);
/* The reverse, DuckDB's names and their aliases (INT, INT4, TEXT, STRING, NUMERIC(p,s), VARCHAR[], STRUCT(…), MAP(k,v), …), case
 * ignored; details go into `arena`. err->position is a byte of `text`. */
MUST_USE bp_status type_parse(data_type *out, arena *arena, string_view text, bp_error *err);
/* A copy whose details live in `arena`. */
MUST_USE bp_status type_copy(data_type *out, arena *arena, data_type type, bp_error *err);

/* string_ref ---------------------------------------------------------------------------------------------------------------- */
static inline string_ref string_ref_of(const char *text, size_t size)
{
    string_ref ref = {.size = (uint32_t)size};

    if (size <= STRING_REF_INLINE) {
        if (size) memcpy((char *)&ref + offsetof(string_ref, prefix), text, size);
    } else {
        memcpy(ref.prefix, text, 4);
        ref.pointer = text;
    }
    return ref;
}

static inline const char *string_ref_data(const string_ref *ref)
{
    return ref->size <= STRING_REF_INLINE ? (const char *)ref + offsetof(string_ref, prefix) : ref->pointer;
}

static inline string_view string_ref_view(const string_ref *ref)
{
    return (string_view){string_ref_data(ref), ref->size};
}

static inline bool string_ref_equal(const string_ref *left, const string_ref *right)
{
    uint64_t a[2], b[2];

    memcpy(a, left, 16);
    memcpy(b, right, 16);
    if (a[0] != b[0]) return false; /* size and first 4 bytes */
    if (left->size <= STRING_REF_INLINE || a[1] == b[1]) return a[1] == b[1];
    return memcmp(left->pointer, right->pointer, left->size) == 0;
}

int string_ref_compare(const string_ref *left, const string_ref *right); /* by bytes */

#endif
