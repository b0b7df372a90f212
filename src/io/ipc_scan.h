/* The source and its scans. */
#ifndef IO_IPC_SCAN_H
#define IO_IPC_SCAN_H

#include "base/threads.h"
#include "ipc_internal.h"

#define IPC_NO_COLUMN SIZE_MAX

typedef struct ipc_file {
    string_view path;
    file_identity identity;
    file pipe; /* open: what came out of one; all workers read it */
    ipc_contents *contents;
    size_t *columns; /* of the schema's stored columns: index of the file's field; IPC_NO_COLUMN: it has none */
} ipc_file;

/* Columns of the schema: stored ones, then perhaps the file name. */
typedef struct ipc_source {
    source base;
    arena arena;
    ipc_read_options options;
    ipc_file *files;
    size_t file_count;
    size_t stored_count;
    size_t name_column; /* SIZE_MAX: none */
} ipc_source;

MUST_USE bp_status ipc_scan_open(scan **out, source *source, const scan_request *request, bp_error *err);

/* ipc_dictionary.c: the dictionaries of one file as columns, shared by the workers that are in it. */
typedef struct ipc_dictionaries {
    mutex lock;
    size_t users;
    struct ipc_entries *entries; /* one a dictionary of the schema; NULL: none yet */
    size_t count;
    memory *memory;
} ipc_dictionaries;

void ipc_dictionaries_init(ipc_dictionaries *out, memory *memory);
void ipc_dictionaries_clear(ipc_dictionaries *dictionaries);
/* A worker comes and goes; with the last one goes what has been read. */
MUST_USE bp_status ipc_dictionaries_enter(ipc_dictionaries *dictionaries, const ipc_contents *contents, bp_error *err);
void ipc_dictionaries_leave(ipc_dictionaries *dictionaries);

/* Where dictionaries are looked for: the first `before` dictionary messages hold. */
typedef struct ipc_dictionary_place {
    ipc_dictionaries *dictionaries;
    const ipc_contents *contents;
    file *file;
    size_t before;
} ipc_dictionary_place;

/* An ipc_resolver's function over a place. */
MUST_USE bp_status ipc_dictionary_find(void *place, const ipc_dictionary *dictionary, region *region, struct ArrowArray *out,
                                       bp_error *err);

#endif
