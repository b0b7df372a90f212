/* The scan interface: anything that can be read as a table (a CSV file, a table in memory, later Parquet) is a `source`.
 *
 *   source --source_scan_open(request)--> scan --claim--> morsel 0, 1, 2 … --next, next …--> batches of that morsel
 *
 * Morsels are the unit of work and of determinism: which rows are in morsel i depends on the data alone, never on threads or batch
 * size. Any worker claims the next morsel; its batches are read by that worker; rows in morsel order are the table's row order. */
#ifndef IO_SOURCE_H
#define IO_SOURCE_H

#include "base/context.h"
#include "column/batch.h"
#include "member_set.h"

typedef struct source source;
typedef struct scan scan;
typedef struct scan_worker scan_worker;

/* A condition on one column that a scan may use to skip rows: value in [low, high], or in a list, or (not) NULL, or perhaps among the keys of a join. All
 * filters of a request hold together. A scan that cannot use a filter ignores it: filters are never the only check, unless the source says in
 * `exact_filters` that it applies them itself (but for MEMBERS, which any scan may leave alone where it drops too few rows). NULL fails every filter but
 * IS_NULL. */
typedef enum scan_filter_kind { FILTER_RANGE, FILTER_IN, FILTER_IS_NULL, FILTER_NOT_NULL, FILTER_MEMBERS } scan_filter_kind;

typedef struct scan_filter {
    scan_filter_kind kind;
    size_t column; /* index into the source's schema */
    const column *values; /* RANGE: rows 0 and 1 are low and high, NULL = open; IN: the list, in ascending order and without NULL.
                           * Of the column's type, FLAT */
    bool low_inclusive, high_inclusive;
    const member_set *members; /* MEMBERS: made from keys of the column's type */
} scan_filter;

typedef struct scan_request {
    const size_t
        *columns; /* indexes into the source's schema, in the order of the batches' columns; may be none (row counts only) */
    size_t column_count;
    const scan_filter *filters;
    size_t filter_count;
    size_t batch_size; /* rows of a batch, at most */
    uint64_t row_limit; /* only this many rows will be wanted: a hint; UINT64_MAX */
    /* Not 0: only the first batch of about so many morsels will be looked at, spread over the data; a scan may leave the others out. */
    size_t pieces;
} scan_request;

/* What is known of a column's values in all rows without reading them; exact. */
typedef struct source_column_facts {
    bool has_null_count, has_limits;
    uint64_t null_count;
    const column *low, *high; /* has_limits: FLAT columns of one row; NULL: every row is NULL */
} source_column_facts;

typedef struct source_class {
    const char *name; /* "read_csv", "table": for EXPLAIN */
    void (*free)(source *source);
    MUST_USE bp_status (*scan_open)(scan **out, source *source, const scan_request *request, bp_error *err);
    /* For a source whose types come from a sample (see source.settled); else NULL. Reads the `count` columns of the whole source and
     * gives a source, settled for these columns, whose types hold for every row: `source` itself (retained) when they hold already,
     * else a new one, and then the query is to be bound again. Runs on the pool's threads. The answer depends on the data alone. */
    MUST_USE bp_status (*settle)(source **out, source *source, const size_t *columns, size_t count, bp_error *err);
    /* Facts of one column, in `arena`, for a source whose data have statistics; else NULL. */
    MUST_USE bp_status (*column_facts)(source_column_facts *out, const source *source, size_t column, arena *arena, bp_error *err);
    /* Options and path for EXPLAIN; may be NULL. */
    bool (*describe)(const source *source, builder *out);
} source_class;

/* A concrete source begins with this. Reference-counted; immutable after its making. */
struct source {
    const source_class *class;
    bp_context *context;
    schema schema;
    uint64_t row_count; /* exact when row_count_exact, else an estimate */
    bool row_count_exact;
    bool exact_filters; /* scans apply all filters themselves */
    size_t sample_pieces; /* what request.pieces may be for a look that takes a part of a millisecond; 0: no look is so cheap */
    uint64_t version; /* changes when the data do; for caches */
    bool lasting_version; /* the version tells these data from all others, in other statements too */
    bool settled; /* no scan will ever set `misfit` */
    atomic_bool misfit; /* see below */
    atomic_size_t references;
};

/* Types that turn out wrong late. A source that is not `settled` announces types that a value further on may not fit. Its scan then
 * returns BP_CONVERSION and sets source->misfit. Whoever runs the query must not let that reach the user:
 *   - nothing has left yet (an aggregate, a sort, CREATE TABLE, a result still held back): drop everything, settle() the columns of the
 *     query, bind again if the source changed, run again;
 *   - before the first row leaves for good while morsels are still unread: settle() first (a pass over these columns alone), so that no
 *     misfit can follow. A result that is whole within what is held back needs none.
 * As with any failure of a scan, only one in a morsel that the result needs counts: with LIMIT, a failure behind the last row wanted is
 * as if it had not been seen, else results would depend on the number of threads. */

typedef struct scan_class {
    void (*free)(scan *scan);
    /* State of one worker. */
    MUST_USE bp_status (*worker_new)(scan_worker **out, scan *scan, bp_error *err);
    void (*worker_free)(scan_worker *worker);
    /* Take the next morsel for this worker; *end when there is none. Numbers rise by one from 0 in claim order. Thread-safe. *morsel is
     * set on failure too; while others fail, a claim may say *end, as their failure ends the scan. */
    MUST_USE bp_status (*claim)(scan *scan, scan_worker *worker, uint64_t *morsel, bool *end, bp_error *err);
    /* The claimed morsel's next batch; out->row_count 0: the morsel is done. The batch is the worker's, valid until its next call. */
    MUST_USE bp_status (*next)(scan *scan, scan_worker *worker, batch *out, bp_error *err);
    /* Work done, 0 … 1, negative: unknown. May be NULL. */
    double (*progress)(const scan *scan);
} scan_class;

struct scan {
    const scan_class *class;
    source *source; /* retained */
    uint64_t morsel_estimate; /* how many morsels there will be about; 1 for small data: then no thread is woken */
};

source *source_retain(source *source);
void source_release(source *source);
void scan_free(scan *scan); /* NULL is fine */

/* For scans of files: which columns to read, those asked for first, then those that only filters need. filter_places[f] is where filter f's column stands among
 * them. `columns` has room for column_count + filter_count. Returns how many there are. */
size_t scan_place_columns(const scan_request *request, size_t *columns, size_t *filter_places);
/* For sources over files: the first path, and how many more there are. */
bool source_describe_files(builder *out, string_view first, size_t count);
/* A column of file `path` has another type than in the others: BP_NOT_SUPPORTED. */
bp_status source_types_differ(bp_context *context, string_view path, string_view name, data_type here, data_type there,
                              bp_error *err);

/* The source over a table in memory: morsels of config.morsel_rows rows, batches are views. Retains the table. */
struct table;
MUST_USE bp_status table_source_new(source **out, bp_context *context, struct table *table, bp_error *err);

#endif
