/* The writing interface: whatever a table can be written as (CSV, Arrow IPC, Parquet) is a `target`.
 *
 *   batches in row order --target_write--> target --byte_sink--> a file, a pipe, a block of memory
 *
 * A target is for one thread at a time; it may work on the pool's threads inside a call. After a failure only target_free() may follow; what has
 * been handed to the sink then is of no use. */
#ifndef IO_TARGET_H
#define IO_TARGET_H

#include "base/context.h"
#include "column/batch.h"

/* Where the bytes go, in order. */
typedef struct byte_sink {
    bp_status (*write)(void *data, const char *bytes, size_t size, bp_error *err);
    void *data;
} byte_sink;

typedef struct target target;

typedef struct target_class {
    void (*free)(target *target);
    /* Take the rows; columns may have any encoding. They are the caller's again when the call returns. */
    MUST_USE bp_status (*write)(target *target, const batch *batch, bp_error *err);
    /* Everything out. The sink is the caller's to close. */
    MUST_USE bp_status (*finish)(target *target, bp_error *err);
} target_class;

/* A concrete target begins with this. */
struct target {
    const target_class *class;
    bp_context *context;
    uint64_t group_rows; /* so many rows are stored together (a row group); 0: the format has none */
    size_t waiting;      /* bytes that have not been handed to the sink, where they are known */
    bool takes_large;    /* large batches are taken as they are, small ones gathered first */
    bool prompt;         /* set by who looks at the sink's size: row groups are handed out as soon as they are whole */
};

static inline bp_status target_write(target *target, const batch *batch, bp_error *err)
{
    return target->class->write(target, batch, err);
}

static inline bp_status target_finish(target *target, bp_error *err)
{
    return target->class->finish(target, err);
}

/* NULL is fine. */
static inline void target_free(target *target)
{
    if (target) target->class->free(target);
}

#endif
