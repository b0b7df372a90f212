/* A foreign Arrow schema, read once: which type each part becomes, and in which of Arrow's layouts its arrays lie. */
#ifndef COLUMN_ARROW_FORMAT_H
#define COLUMN_ARROW_FORMAT_H

#include "arrow.h"

typedef enum arrow_layout {
    LAYOUT_NULL,
    LAYOUT_BITS,
    LAYOUT_SAME,             /* values as in a FLAT column of the type */
    LAYOUT_TIME32,           /* int32, widened */
    LAYOUT_DATE64,           /* int64 milliseconds */
    LAYOUT_DECIMAL,          /* `width` bytes, not those of the type */
    LAYOUT_MONTHS,           /* int32 */
    LAYOUT_DAY_TIME,         /* int32 days, int32 milliseconds */
    LAYOUT_MONTH_DAY_NANO,   /* int32, int32, int64 */
    LAYOUT_UUID,             /* 16 bytes, the first the highest */
    LAYOUT_BOOL8,            /* a byte, 0 is false */
    LAYOUT_TEXT,             /* offsets of `width` bytes, bytes */
    LAYOUT_TEXT_VIEW,        /* 16-byte views, any number of buffers, their sizes */
    LAYOUT_FIXED_BYTES,      /* `width` bytes a row */
    LAYOUT_LIST,             /* offsets of `width` bytes */
    LAYOUT_LIST_VIEW,        /* offsets and sizes of `width` bytes */
    LAYOUT_FIXED_LIST,
    LAYOUT_STRUCT,
    LAYOUT_DICTIONARY,       /* codes of `width` bytes into `children[0]` */
    LAYOUT_RUN_ENDS          /* children: ends, values */
} arrow_layout;

typedef struct arrow_format {
    data_type type;
    string_view name;
    arrow_layout layout;
    uint32_t width;
    bool is_signed; /* codes of a dictionary */
    size_t child_count;
    struct arrow_format *children;
} arrow_format;

/* Everything lies in `arena`. BP_BAD_FORMAT: malformed; BP_NOT_SUPPORTED: unions; BP_LIMIT: nested too deep, too many columns. */
MUST_USE bp_status arrow_format_read(arrow_format *out, arena *arena, const struct ArrowSchema *in, bp_error *err);

#endif
