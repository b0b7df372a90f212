/* Tables: an array of chunks, each with a region of its own, and one chunk under construction.
 *
 * A chunk's region holds its values, or keeps the regions of columns that were taken over by reference; and it keeps the region of the
 * table's schema, since the columns' types point there. So a chunk lives as long as anyone holds its region, whatever becomes of the
 * table, and moving chunks between tables is moving pointers. */
#include "table.h"

#include "base/cancel.h"
#include "column_builder.h"

#include <stdatomic.h>

/* More than an operator passes on at once by default: that is often a slice of something larger, which it would keep alive. */
#define LEAST_KEPT_ROWS 2049
#define CHUNK_MAX_ROWS ((size_t)INT32_MAX)
#define CHECK_COLUMNS 64 /* cancel is looked at after so many */
#define CHUNK_COLUMNS 64 /* chunks of more have fewer rows: closing one copies it whole */
#define CHUNK_LEAST_ROWS ((size_t)1024)
/* A chunk that has grown to this part of what it aims at gets room for all of it at once, in one block: large ones come in huge pages, whose faults are a
 * tenth as dear, and the values are not copied again when the chunk is closed, unless less than three quarters of the room are used. */
#define ROOM_FROM 8
#define ROOM_SPARE 8 /* as long as so many times as much memory is left */

typedef struct chunk {
    batch batch;
    region *region;
} chunk;

struct table {
    memory *memory; /* retained */
    region *types; /* of the schema */
    schema schema;
    chunk *chunks;
    size_t chunk_count, chunk_capacity;
    size_t row_count; /* in closed chunks */
    region *growing; /* the chunk under construction, or NULL */
    column_builder *builders; /* in growing's arena */
    size_t growing_rows;
    void *room; /* where growing's values are, once they are many; NULL: in the builders' own buffers */
    size_t room_size;
    batch last; /* appended before, only to be compared with; without columns: runs are not shared */
    bool run_grows; /* the last chunk ends with `last`, by reference */
    atomic_size_t references;
};

static void release_region(void *region)
{
    region_release(region);
}

bp_status table_new(table **out, memory *memory, const schema *schema, bp_error *err)
{
    table *table = memory_new(memory, struct table);
    bp_status status;

    *out = NULL;
    if (!table) return error_no_memory(err, memory, sizeof *table);
    table->memory = memory_retain(memory);
    atomic_init(&table->references, 1);
    table->types = region_new(memory);
    if (!table->types) {
        status = error_no_memory(err, memory, sizeof(struct table));
        goto done;
    }
    if ((status = schema_copy(&table->schema, schema, region_arena(table->types), err))) goto done;
    *out = table;
    table = NULL;
done:
    table_release(table);
    return status;
}

table *table_retain(table *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

static void drop_growing(table *table)
{
    if (!table->growing) return;
    for (size_t i = 0; table->builders && i < table->schema.count; i++) column_builder_clear(&table->builders[i]);
    region_release(table->growing);
    memory_free(table->memory, table->room, table->room_size);
    table->room = NULL;
    table->growing = NULL;
    table->builders = NULL;
    table->growing_rows = 0;
}

void table_release(table *table)
{
    memory *memory;

    if (!table || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1) return;
    memory = table->memory;
    drop_growing(table);
    for (size_t i = 0; i < table->chunk_count; i++) region_release(table->chunks[i].region);
    memory_free(memory, table->chunks, table->chunk_capacity * sizeof(chunk));
    memory_free(memory, table->last.columns, table->last.column_count * sizeof(column));
    region_release(table->types);
    memory_delete(memory, table);
    memory_release(memory);
}

const schema *table_schema(const table *table)
{
    return &table->schema;
}

size_t table_row_count(const table *table)
{
    return table->row_count;
}

size_t table_chunk_count(const table *table)
{
    return table->chunk_count;
}

const batch *table_chunk(const table *table, size_t index)
{
    return &table->chunks[index].batch;
}

/* Chunks ---------------------------------------------------------------------------------------------------------------------- */
static bp_status reserve_chunks(table *table, size_t extra, bp_error *err)
{
    size_t capacity = table->chunk_capacity ? table->chunk_capacity : 4;
    chunk *chunks;

    if (extra <= table->chunk_capacity - table->chunk_count) return BP_OK;
    while (capacity < table->chunk_count + extra) capacity *= 2;
    chunks = memory_resize(table->memory, table->chunks, table->chunk_capacity * sizeof *chunks, capacity * sizeof *chunks);
    if (!chunks) return error_no_memory(err, table->memory, capacity * sizeof *chunks);
    table->chunks = chunks;
    table->chunk_capacity = capacity;
    return BP_OK;
}

/* A region that keeps the table's types. */
static region *chunk_region(table *table)
{
    region *made = region_new(table->memory);

    if (!made) return NULL;
    if (!region_on_end(made, release_region, table->types)) {
        region_release(made);
        return NULL;
    }
    region_retain(table->types);
    return made;
}

/* Hand a filled region to the table. Room has been reserved. */
static void add_chunk(table *table, region *region, column *columns, size_t rows)
{
    for (size_t i = 0; i < table->schema.count; i++) columns[i].owner = region;
    table->chunks[table->chunk_count++] =
        (chunk){.batch = {.row_count = rows, .column_count = table->schema.count, .columns = columns}, .region = region};
    table->row_count += rows;
}

/* What a chunk under construction aims at. */
static size_t chunk_rows(const table *table)
{
    size_t rows = TABLE_CHUNK_ROWS;

    if (table->schema.count > CHUNK_COLUMNS) rows = rows * CHUNK_COLUMNS / table->schema.count;
    return rows > CHUNK_LEAST_ROWS ? rows : CHUNK_LEAST_ROWS;
}

/* The chunk under construction ------------------------------------------------------------------------------------------------ */
static bp_status begin_growing(table *table, bp_error *err)
{
    size_t count = table->schema.count;
    column_builder *builders;
    bp_status status = BP_OK;

    if (table->growing) return BP_OK;
    table->growing = chunk_region(table);
    if (!table->growing) return error_no_memory(err, table->memory, 4096);
    builders = arena_new_array(region_arena(table->growing), column_builder, count);
    if (!builders) {
        status = error_no_memory(err, table->memory, count * sizeof *builders);
        goto done;
    }
    for (size_t i = 0; i < count && !status; i++)
        status = column_builder_init(&builders[i], table->schema.types[i], region_arena(table->growing), err);
    table->builders = builders;
done:
    if (status) drop_growing(table);
    return status;
}

static size_t aligned(size_t size)
{
    return (size + MEMORY_ALIGNMENT - 1) & ~(size_t)(MEMORY_ALIGNMENT - 1);
}

/* Values of nested columns stay in their builders. */
static bp_status make_room(table *table, bp_error *err)
{
    size_t rows = chunk_rows(table), size = 0, at = 0;
    bp_status status = BP_OK;

    for (size_t i = 0; i < table->schema.count; i++)
        if (!type_is_nested(table->schema.types[i])) size += aligned(column_builder_room(&table->builders[i], rows));
    if (size == 0 || memory_available(table->memory) / ROOM_SPARE < size) return BP_OK;
    table->room = memory_allocate(table->memory, size);
    table->room_size = size;
    if (!table->room) return error_no_memory(err, table->memory, size);
    for (size_t i = 0; i < table->schema.count && !status; i++) {
        size_t room = column_builder_room(&table->builders[i], rows);
        if (type_is_nested(table->schema.types[i]) || room == 0) continue;
        status = column_builder_lend(&table->builders[i], (char *)table->room + at, rows, err);
        at += aligned(room);
    }
    return status;
}

static bp_status need_room(table *table, size_t rows, bp_error *err)
{
    return table->room || table->growing_rows + rows <= chunk_rows(table) / ROOM_FROM ? BP_OK : make_room(table, err);
}

static bp_status append_rows(table *table, const batch *batch, size_t begin, size_t rows, bp_error *err)
{
    bp_status status = begin_growing(table, err);

    if (status || (status = need_room(table, rows, err))) return status;
    for (size_t i = 0; i < table->schema.count && !status; i++) {
        status = column_builder_append_rows(&table->builders[i], &batch->columns[i], begin, rows, err);
        if (!status && (i + 1) % CHECK_COLUMNS == 0) status = cancel_check_of(table->memory, err);
    }
    if (status) {
        for (size_t i = 0; i < table->schema.count; i++) column_builder_truncate(&table->builders[i], table->growing_rows);
        return status;
    }
    table->growing_rows += rows;
    return BP_OK;
}

/* Room that a region keeps. */
typedef struct kept_room {
    memory *memory; /* the region's own */
    void *bytes;
    size_t size;
} kept_room;

static void free_room(void *data)
{
    kept_room *room = data;

    memory_free(room->memory, room->bytes, room->size);
}

static bp_status keep_room(table *table, bp_error *err)
{
    kept_room *room = arena_new(region_arena(table->growing), kept_room);

    if (!room || !region_on_end(table->growing, free_room, room)) return error_no_memory(err, table->memory, sizeof *room);
    *room = (kept_room){table->memory, table->room, table->room_size};
    table->room = NULL;
    return BP_OK;
}

bp_status table_finish(table *table, bp_error *err)
{
    size_t count = table->schema.count;
    bool leave =
        table->room && table->growing_rows >= chunk_rows(table) / 2; /* a copy takes longer than twice the memory is worth */
    column *columns;
    bp_status status;

    table->run_grows = false;
    if (table->growing_rows == 0) {
        drop_growing(table);
        return BP_OK;
    }
    if ((status = reserve_chunks(table, 1, err))) return status;
    columns = arena_new_array(region_arena(table->growing), column, count);
    if (!columns) return error_no_memory(err, table->memory, count * sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        column_builder *builder = &table->builders[i];
        if ((status = (leave ? column_builder_leave : column_builder_finish)(builder, &columns[i], err))) goto done;
        if ((i + 1) % CHECK_COLUMNS == 0 && (status = cancel_check_of(table->memory, err))) goto done;
    }
    if (leave && (status = keep_room(table, err))) goto done;
    add_chunk(table, region_retain(table->growing), columns, table->growing_rows);
done:
    drop_growing(table); /* on failure its rows are lost: some builders have been emptied */
    return status;
}

/* Whole columns by reference ---------------------------------------------------------------------------------------------------- */
/* Give a column and what it is made of the types of the table, whose details outlive those of the column's maker. */
static bp_status retype(column *column, data_type type, arena *arena, bp_error *err)
{
    bp_status status = BP_OK;
    struct column *children;

    column->type = type;
    column->owner = NULL;
    if (!type.detail || column->child_count == 0) return BP_OK;
    children = arena_new_array(arena, struct column, column->child_count);
    if (!children) return error_no_memory(err, arena->memory, column->child_count * sizeof *children);
    for (size_t i = 0; i < column->child_count && !status; i++) {
        children[i] = column->children[i];
        status = retype(&children[i], column->encoding == COLUMN_DICTIONARY ? type : type.detail->children[i], arena, err);
    }
    column->children = children;
    return status;
}

static bp_status keep_column(column *out, const column *in, data_type type, region *region, bp_error *err)
{
    bp_status status;

    if (!in->owner) {
        if ((status = column_copy(out, in, region_arena(region), err))) return status;
    } else {
        if (!region_on_end(region, release_region, in->owner)) return error_no_memory(err, region_arena(region)->memory, 64);
        region_retain(in->owner);
        *out = *in;
    }
    return retype(out, type, region_arena(region), err);
}

static bool worth_keeping(const batch *batch)
{
    if (batch->row_count < LEAST_KEPT_ROWS || batch->row_count > CHUNK_MAX_ROWS) return false;
    for (size_t i = 0; i < batch->column_count; i++)
        if (batch->columns[i].owner) return true;
    return false;
}

static bp_status keep_batch(table *table, const batch *batch, bp_error *err)
{
    size_t count = table->schema.count;
    region *region = NULL;
    column *columns;
    bp_status status;

    if ((status = table_finish(table, err))) return status;
    if ((status = reserve_chunks(table, 1, err))) return status;
    region = chunk_region(table);
    columns = region ? arena_new_array(region_arena(region), column, count) : NULL;
    if (!columns) {
        status = error_no_memory(err, table->memory, count * sizeof *columns);
        goto done;
    }
    for (size_t i = 0; i < count && !status; i++)
        status = keep_column(&columns[i], &batch->columns[i], table->schema.types[i], region, err);
    if (status) goto done;
    add_chunk(table, region, columns, batch->row_count);
    region = NULL;
done:
    region_release(region);
    return status;
}

/* Runs: batches that lie one behind the other -------------------------------------------------------------------------------------- */
bp_status table_share_runs(table *table, bp_error *err)
{
    size_t count = table->schema.count;

    if (count == 0) return BP_OK;
    table->last.columns = memory_allocate_array(table->memory, count, sizeof *table->last.columns);
    if (!table->last.columns) return error_no_memory(err, table->memory, count * sizeof *table->last.columns);
    table->last.column_count = count;
    return BP_OK;
}

static bool bits_go_on(const uint64_t *last, const uint64_t *next, size_t rows)
{
    if (!last || !next) return last == next;
    return rows % 64 == 0 && next == last + rows / 64;
}

static bool column_goes_on(const column *last, const column *next, size_t rows)
{
    physical_type physical = type_physical(next->type);

    if (!next->owner || next->owner != last->owner || last->encoding != COLUMN_FLAT || next->encoding != COLUMN_FLAT) return false;
    if (type_is_nested(next->type) || !bits_go_on(last->validity, next->validity, rows)) return false;
    if (physical == PHYSICAL_BIT) return bits_go_on(last->values, next->values, rows);
    return physical_width(physical) && next->values == (const char *)last->values + rows * physical_width(physical);
}

static bool goes_on(const table *table, const batch *batch)
{
    if (table->last.row_count == 0) return false;
    for (size_t i = 0; i < table->last.column_count; i++)
        if (!column_goes_on(&table->last.columns[i], &batch->columns[i], table->last.row_count)) return false;
    return true;
}

/* The batch that `batch` goes on from was copied, or is the end of the last chunk. */
static bp_status keep_run(table *table, const batch *batch, bp_error *err)
{
    struct batch *chunk = table->run_grows ? &table->chunks[table->chunk_count - 1].batch : NULL;
    bp_status status = BP_OK;

    if (!chunk || batch->row_count > CHUNK_MAX_ROWS - chunk->row_count) {
        status = keep_batch(table, batch, err);
        table->run_grows = !status;
        return status;
    }
    for (size_t i = 0; i < chunk->column_count; i++) chunk->columns[i].length += batch->row_count;
    chunk->row_count += batch->row_count;
    table->row_count += batch->row_count;
    return BP_OK;
}

static void note_last(table *table, const batch *batch)
{
    if (!table->last.columns || batch->row_count == 0) return;
    memcpy(table->last.columns, batch->columns, table->last.column_count * sizeof *table->last.columns);
    table->last.row_count = batch->row_count;
}

static bp_status append_copy(table *table, const batch *batch, bp_error *err)
{
    size_t wanted = chunk_rows(table);
    bp_status status = BP_OK;

    table->run_grows = false;
    for (size_t begin = 0; begin < batch->row_count && !status;) {
        size_t left = wanted - table->growing_rows, rows = batch->row_count - begin;

        if (rows > left) rows = left;
        if ((status = append_rows(table, batch, begin, rows, err))) break;
        begin += rows;
        if (table->growing_rows == wanted) status = table_finish(table, err);
    }
    return status;
}

bp_status table_append(table *table, const batch *batch, bp_error *err)
{
    bp_status status;

    CHECK(batch->column_count == table->schema.count);
    if (batch->row_count && goes_on(table, batch))
        status = keep_run(table, batch, err);
    else
        status = worth_keeping(batch) ? keep_batch(table, batch, err) : append_copy(table, batch, err);
    if (!status) note_last(table, batch);
    return status;
}

bp_status table_concatenate(table *into, table *other, bp_error *err)
{
    bp_status status = table_finish(into, err);

    if (status || (status = reserve_chunks(into, other->chunk_count, err))) return status;
    if (other->chunk_count) memcpy(&into->chunks[into->chunk_count], other->chunks, other->chunk_count * sizeof *other->chunks);
    into->chunk_count += other->chunk_count;
    into->row_count += other->row_count;
    other->chunk_count = 0;
    other->row_count = 0;
    return BP_OK;
}

/* Extending ------------------------------------------------------------------------------------------------------------------------ */
static bp_status share_chunks(table *into, const table *from, size_t count, bp_error *err)
{
    bp_status status = reserve_chunks(into, count, err);

    for (size_t i = 0; i < count && !status; i++) {
        region_retain(from->chunks[i].region);
        into->chunks[into->chunk_count++] = from->chunks[i];
        into->row_count += from->chunks[i].batch.row_count;
    }
    return status;
}

/* How many of `old`'s chunks stay as they are: those behind are smaller than what would be written together with them. */
static size_t chunks_to_share(const table *old, size_t rows)
{
    size_t count = old->chunk_count;

    while (count && old->chunks[count - 1].batch.row_count <= rows &&
           rows + old->chunks[count - 1].batch.row_count <= chunk_rows(old))
        rows += old->chunks[--count].batch.row_count;
    return count;
}

bp_status table_extended(table **out, const table *old, const table *more, bp_error *err)
{
    size_t shared = chunks_to_share(old, more->row_count);
    table *made;
    bp_status status;

    *out = NULL;
    if ((status = table_new(&made, old->memory, &old->schema, err))) return status;
    status = share_chunks(made, old, shared, err);
    for (size_t i = shared; i < old->chunk_count && !status; i++)
        status = append_rows(made, &old->chunks[i].batch, 0, old->chunks[i].batch.row_count, err);
    if (!status && shared == old->chunk_count)
        status = share_chunks(made, more, more->chunk_count, err);
    else
        for (size_t i = 0; i < more->chunk_count && !status; i++)
            status = append_rows(made, &more->chunks[i].batch, 0, more->chunks[i].batch.row_count, err);
    if (!status) status = table_finish(made, err);
    if (status)
        table_release(made);
    else
        *out = made;
    return status;
}
