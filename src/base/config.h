/* Settings of a context, each a row of settings.def: name, kind, default, range, text. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "error.h"
#include "macros.h"

struct bp_context;

typedef enum spill_when { SPILL_AUTO, SPILL_ALWAYS, SPILL_NEVER } spill_when;

typedef struct config {
    size_t threads;             /* workers of a parallel job */
    size_t batch_size;          /* rows in a pipeline's batch: 1 … 65,536, default 2,048 */
    size_t morsel_rows;         /* rows in a morsel of an in-memory table: default 65,536 */
    size_t csv_block_size;      /* bytes of text in a morsel of a CSV file: default 1 MiB */
    int64_t timeout_ms;         /* per call; 0: none */
    bool optimizer;             /* false: plans run as bound */
    char disabled_optimizers[256]; /* names of passes that are left out, with commas; "none" */
    bool verify;                /* the plan is checked after each pass */
    bool error_on_division_by_zero;
    bool integer_division;
    bool nulls_first;           /* default_null_order */
    bool preserve_order;
    bool enable_external_access; /* false: base/file and base/glob refuse; for texts from strangers */
    bool lock_configuration;
    uint64_t seed;              /* of sampling and random functions */
    char temp_directory[1024];
    uint64_t max_temp_directory_size; /* of all temporary files of the context at once; UINT64_MAX: no limit */
    uint64_t spill; /* spill_when */
} config;

/* All defaults, the machine asked for those that depend on it. The memory limit is the account's: config_default_memory_limit(). */
void config_init(config *config);
size_t config_default_memory_limit(void);

/* BP_NOT_FOUND: no such setting (the nearest is named); BP_BAD_ARGUMENT: bad value; then nothing has changed. Names ignore case. */
MUST_USE bp_status config_set(struct bp_context *context, const char *name, const char *value, bp_error *err);
/* The value as text that config_set() takes back; cut when `size` is too small. */
MUST_USE bp_status config_get(struct bp_context *context, const char *name, char *text, size_t size, bp_error *err);

/* "64MB", "1GiB", "4096": as settings of bytes have them. */
bool config_parse_bytes(string_view text, uint64_t *out);

/* Rows of the table, for `bedplate info` and duckdb-like settings(): false when index is past the last. */
typedef struct config_row {
    const char *name, *kind, *text;
    const char *default_text; /* empty: from the machine */
} config_row;
bool config_row_at(size_t index, config_row *out);

/* An environment variable, or NULL: here and nowhere else the environment is read. Borrowed; not to be kept. */
const char *config_environment(const char *name);

/* Hard limits, each a row of limits.def. */
enum {
#define LIMIT(name, value, text) LIMIT_##name = (value),
#include "limits.def"
#undef LIMIT
};

#endif
