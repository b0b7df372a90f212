/* For the CSV tests: a text as a file, a file as text again. */
#ifndef TESTS_CSV_SUPPORT_H
#define TESTS_CSV_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/context.h"
#include "base/cpu.h"
#include "base/fault.h"
#include "io/codec.h"
#include "io/csv.h"
#include "oom.h"

typedef struct world {
    bp_context *context;
    char path[64];
} world;

static inline int world_begin(void **state)
{
    world *world = calloc(1, sizeof *world);
    int descriptor;

    assert_int_equal(bp_context_new(&world->context, NULL), BP_OK);
    strcpy(world->path, "/tmp/bedplate_csv_XXXXXX");
    descriptor = mkstemp(world->path);
    assert_true(descriptor >= 0);
    close(descriptor);
    *state = world;
    return 0;
}

static inline int world_end(void **state)
{
    world *world = *state;

    unlink(world->path);
    bp_context_free(world->context);
    free(world);
    return 0;
}

static inline void write_bytes(const world *world, const void *bytes, size_t size)
{
    FILE *file = fopen(world->path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static inline void write_text(const world *world, const char *text)
{
    write_bytes(world, text, strlen(text));
}

static inline void set_size(world *world, const char *name, size_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%zu", value);
    assert_int_equal(bp_context_set(world->context, name, text, NULL), BP_OK);
}

/* All of a source: "name TYPE,name TYPE" and then a line a row, fields between |, NULL as ~. */
static inline bp_status print_source(builder *out, source *source, const scan_filter *filters, size_t filter_count,
                                     size_t batch_size, bp_error *err)
{
    size_t columns[64];
    scan_request request = {.columns = columns,
                            .column_count = source->schema.count,
                            .filters = filters,
                            .filter_count = filter_count,
                            .batch_size = batch_size,
                            .row_limit = UINT64_MAX};
    scan_worker *worker = NULL;
    scan *scan = NULL;
    uint64_t morsel, expected = 0;
    bp_status status;
    bool end = false;
    batch batch;

    for (size_t i = 0; i < source->schema.count; i++) {
        columns[i] = i;
        if (i) builder_byte(out, ',');
        builder_text(out, source->schema.names[i]);
        builder_byte(out, ' ');
        type_print(out, source->schema.types[i]);
    }
    builder_byte(out, '\n');
    if ((status = source->class->scan_open(&scan, source, &request, err))) return status;
    if ((status = scan->class->worker_new(&worker, scan, err))) goto done;
    for (;;) {
        if ((status = scan->class->claim(scan, worker, &morsel, &end, err)) || end) break;
        assert_int_equal(morsel, expected++);
        do {
            if ((status = scan->class->next(scan, worker, &batch, err))) goto done;
            assert_true(batch.row_count <= batch_size);
            for (size_t row = 0; row < batch.row_count; row++) {
                for (size_t c = 0; c < batch.column_count; c++) {
                    if (c) builder_byte(out, '|');
                    if (column_is_null(&batch.columns[c], row))
                        builder_byte(out, '~');
                    else
                        column_print_value(out, &batch.columns[c], row);
                }
                builder_byte(out, '\n');
            }
        } while (batch.row_count);
    }
    if (status == BP_OK) status = builder_status(out, err);
done:
    if (worker) scan->class->worker_free(worker);
    scan_free(scan);
    return status;
}

/* `known`: what is known of the file from an earlier reading may be used. */
static inline bp_status read_file_so(builder *out, const world *world, const csv_options *options, size_t batch_size, bool known,
                                     bp_error *err)
{
    string_view path = string_view_of(world->path);
    csv_options defaults;
    source *source = NULL;
    bp_status status;

    csv_options_init(&defaults);
    if (known)
        status = csv_source_known(&source, world->context, path, options ? options : &defaults, err);
    else
        status = csv_source_new(&source, world->context, &path, 1, options ? options : &defaults, err);
    if (status == BP_OK) status = print_source(out, source, NULL, 0, batch_size, err);
    if (source) source_release(source);
    return status;
}

static inline bp_status read_file(builder *out, const world *world, const csv_options *options, size_t batch_size, bp_error *err)
{
    return read_file_so(out, world, options, batch_size, false, err);
}

/* The file was changed `seconds` after 2001-09-09. */
static inline void set_changed(const world *world, int64_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000 + seconds}, {.tv_sec = 1000000000 + seconds}};

    assert_int_equal(utimensat(AT_FDCWD, world->path, times, 0), 0);
}

/* The file with these options prints as `expected`: looked at each time, and known from the time before. */
static inline void expect_file(const world *world, const csv_options *options, const char *expected)
{
    set_changed(world, 0);
    memory_trim(world->context->memory);
    for (unsigned i = 0; i < 3; i++) {
        bp_error err = {0};
        builder out;
        builder_init(&out, world->context->memory, SIZE_MAX);
        if (read_file_so(&out, world, options, 2048, i > 0, &err)) fail_msg("%s", err.message);
        builder_byte(&out, 0);
        assert_string_equal(out.data, expected);
        builder_clear(&out);
    }
}

static inline void expect(world *world, const char *text, const csv_options *options, const char *expected)
{
    write_text(world, text);
    expect_file(world, options, expected);
}

static inline void expect_error(world *world, const char *text, const csv_options *options, bp_status expected, const char *part,
                                int64_t line, int64_t column)
{
    bp_error err = {0};
    builder out;

    write_text(world, text);
    builder_init(&out, world->context->memory, SIZE_MAX);
    assert_int_equal(read_file(&out, world, options, 2048, &err), expected);
    if (!strstr(err.message, part)) fail_msg("\"%s\" does not say \"%s\"", err.message, part);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    builder_clear(&out);
}

#endif
