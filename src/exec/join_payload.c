/* See join_payload.h. */
#include "join_payload.h"

#include "column/concatenate.h"
#include "join_table.h"

#define ROWS_FROM ((size_t)512 << 10) /* bytes: what is smaller stays in a processor's cache */
#define PACK_ROWS 2048 /* written column by column while they are in the cache */
#define TILE_ROWS 128 /* read column by column; the next ones are on their way meanwhile */
#define LINE 64

typedef struct payload_work {
    bp_context *context;
    join_payload *payload;
    const table *rows;
    size_t first_column;
    size_t *first_rows; /* of each chunk */
} payload_work;

/* columns ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status concatenate_column(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    const payload_work *work = data;
    size_t chunks = table_chunk_count(work->rows), at = work->first_column + (size_t)piece;
    arena *arena = &work->payload->arenas[piece];
    column *out = &work->payload->columns.columns[piece];
    const column **parts;

    (void)worker;
    if (work->payload->fields[piece].width) return BP_OK;
    if (chunks == 1) {
        *out = table_chunk(work->rows, 0)->columns[at];
        return BP_OK;
    }
    parts = arena_new_array(arena, const column *, chunks);
    if (!parts) return error_no_memory(err, arena->memory, chunks * sizeof *parts);
    for (size_t chunk = 0; chunk < chunks; chunk++) parts[chunk] = &table_chunk(work->rows, chunk)->columns[at];
    return column_concatenate(out, out->type, parts, chunks, arena, err);
}

/* rows --------------------------------------------------------------------------------------------------------------------------------- */
static bool has_nulls(const table *rows, size_t column)
{
    for (size_t i = 0; i < table_chunk_count(rows); i++)
        if (table_chunk(rows, i)->columns[column].validity) return true;
    return false;
}

/* Values of nested types hold places in columns beside them, and bits are no bytes. */
static size_t field_width(data_type type)
{
    return type_is_nested(type) || type_physical(type) == PHYSICAL_BIT ? 0 : physical_width(type_physical(type));
}

/* Which columns stand in rows, and where. None, if that would not pay. */
static void place_fields(const payload_work *work)
{
    join_payload *payload = work->payload;
    size_t count = payload->columns.column_count, width = 0, placed = 0;

    if (table_chunk_count(work->rows) < 2) return;
    for (size_t i = 0; i < count; i++) {
        join_field *field = &payload->fields[i];
        *field = (join_field){.width = field_width(payload->columns.columns[i].type), .offset = width};
        width += field->width;
        placed += field->width > 0;
    }
    for (size_t i = 0; i < count; i++)
        if (payload->fields[i].width && has_nulls(work->rows, work->first_column + i)) payload->fields[i].mark = width++;
    width = (width + 7) & ~(size_t)7;
    if (placed >= 2 && width >= ROWS_FROM / payload->columns.row_count)
        payload->row_width = width;
    else
        memset(payload->fields, 0, count * sizeof *payload->fields);
}

typedef struct wide_bytes {
    char bytes[16];
} wide_bytes;

typedef struct widest_bytes {
    char bytes[32];
} widest_bytes;

#define PACK(type)                                                                                                                 \
    for (size_t i = 0; i < rows; i++) memcpy(to + i * stride, from + i * sizeof(type), sizeof(type))

static void pack_values(char *to, size_t stride, const char *from, size_t width, size_t rows)
{
    switch (width) {
    case 1: PACK(uint8_t); break;
    case 2: PACK(uint16_t); break;
    case 4: PACK(uint32_t); break;
    case 8: PACK(uint64_t); break;
    case 16: PACK(wide_bytes); break;
    case 32: PACK(widest_bytes); break;
    }
}

static void pack_field(const join_payload *payload, join_field field, const column *from, size_t begin, size_t rows, char *to)
{
    pack_values(to + field.offset, payload->row_width, (const char *)from->values + begin * field.width, field.width, rows);
    for (size_t i = 0; field.mark && i < rows; i++) to[i * payload->row_width + field.mark] = !column_is_null(from, begin + i);
}

static bp_status pack_chunk(void *data, size_t worker, uint64_t piece, bp_error *err)
{
    const payload_work *work = data;
    const join_payload *payload = work->payload;
    const batch *chunk = table_chunk(work->rows, (size_t)piece);
    bp_status status = BP_OK;

    (void)worker;
    for (size_t begin = 0; begin < chunk->row_count && !status; begin += PACK_ROWS) {
        size_t rows = chunk->row_count - begin < PACK_ROWS ? chunk->row_count - begin : PACK_ROWS;
        char *to = payload->rows + (work->first_rows[piece] + begin) * payload->row_width;
        for (size_t i = 0; i < payload->columns.column_count; i++)
            if (payload->fields[i].width)
                pack_field(payload, payload->fields[i], &chunk->columns[work->first_column + i], begin, rows, to);
        status = cancel_check(&work->context->cancel, err);
    }
    return status;
}

static bp_status pack_rows(payload_work *work, arena *arena, bp_error *err)
{
    join_payload *payload = work->payload;
    size_t chunks = table_chunk_count(work->rows), row = 0, bytes = 0;

    if (ckd_mul(&bytes, payload->columns.row_count, payload->row_width))
        return error_set(err, BP_LIMIT, "a join's right side of over %zu bytes", SIZE_MAX);
    payload->rows = arena_allocate_aligned(arena, bytes, LINE);
    work->first_rows = arena_new_array(arena, size_t, chunks);
    if (!payload->rows || !work->first_rows) return error_no_memory(err, arena->memory, bytes);
    for (size_t i = 0; i < chunks; i++) {
        work->first_rows[i] = row;
        row += table_chunk(work->rows, i)->row_count;
    }
    return join_for(work->context, row, chunks, pack_chunk, work, err);
}

bp_status join_payload_make(join_payload *out, bp_context *context, const table *rows, size_t first_column, arena *arena,
                            bp_error *err)
{
    size_t count = table_schema(rows)->count - first_column;
    payload_work work = {.context = context, .payload = out, .rows = rows, .first_column = first_column};
    bp_status status = BP_OK;

    *out = (join_payload){.columns = {.row_count = table_row_count(rows)}};
    out->columns.columns = arena_new_array(arena, column, count);
    out->fields = arena_new_array(arena, join_field, count);
    out->arenas = arena_new_array(arena, struct arena, count);
    if (!out->columns.columns || !out->fields || !out->arenas) return error_no_memory(err, arena->memory, count * sizeof(column));
    out->columns.column_count = count;
    for (size_t i = 0; i < count; i++) {
        arena_init(&out->arenas[i], context->memory);
        out->columns.columns[i] = (column){.type = table_schema(rows)->types[first_column + i], .length = out->columns.row_count};
    }
    place_fields(&work);
    if (out->row_width && (status = pack_rows(&work, arena, err))) return status;
    return join_for(context, out->columns.row_count, count, concatenate_column, &work, err);
}

void join_payload_clear(join_payload *payload)
{
    for (size_t i = 0; i < payload->columns.column_count; i++) arena_clear(&payload->arenas[i]);
    *payload = (join_payload){0};
}

/* gathering ---------------------------------------------------------------------------------------------------------------------------- */
#define UNPACK(type)                                                                                                               \
    for (size_t i = 0; i < rows; i++) memcpy(to + i * sizeof(type), from + selection[i] * stride, sizeof(type))

static void unpack_values(char *to, const char *from, size_t stride, size_t width, const uint32_t *selection, size_t rows)
{
    switch (width) {
    case 1: UNPACK(uint8_t); break;
    case 2: UNPACK(uint16_t); break;
    case 4: UNPACK(uint32_t); break;
    case 8: UNPACK(uint64_t); break;
    case 16: UNPACK(wide_bytes); break;
    case 32: UNPACK(widest_bytes); break;
    }
}

/* Rows [begin, begin + rows) of the output, all its columns; begin is a multiple of 64. */
static void unpack_tile(column *out, const join_payload *payload, const uint32_t *selection, size_t begin, size_t rows)
{
    size_t stride = payload->row_width;

    for (size_t i = 0; i < payload->columns.column_count; i++) {
        join_field field = payload->fields[i];
        uint64_t *validity = (uint64_t *)(uintptr_t)out[i].validity;
        if (!field.width) continue;
        unpack_values((char *)(uintptr_t)out[i].values + begin * field.width, payload->rows + field.offset, stride, field.width,
                      selection + begin, rows);
        for (size_t row = begin; validity && row < begin + rows; row++)
            validity[row / 64] |= (uint64_t)payload->rows[selection[row] * stride + field.mark] << row % 64;
    }
}

static void fetch_tile(const join_payload *payload, const uint32_t *selection, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t at = 0; at < payload->row_width; at += LINE)
            __builtin_prefetch(payload->rows + selection[i] * payload->row_width + at);
}

static bp_status new_columns(column *out, const join_payload *payload, size_t count, arena *arena, bp_error *err)
{
    for (size_t i = 0; i < payload->columns.column_count; i++) {
        join_field field = payload->fields[i];
        if (!field.width) continue;
        out[i] = (column){.type = payload->columns.columns[i].type, .length = count};
        out[i].values = arena_allocate_aligned(arena, count * field.width, LINE);
        if (field.mark) out[i].validity = arena_new_array(arena, uint64_t, bitmap_words(count));
        if (!out[i].values || (field.mark && !out[i].validity)) return error_no_memory(err, arena->memory, count * field.width);
    }
    return BP_OK;
}

bp_status join_payload_gather(column *out, const join_payload *payload, const uint32_t *selection, size_t count, arena *arena,
                              bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < payload->columns.column_count && !status; i++)
        if (!payload->fields[i].width) status = column_gather(&out[i], &payload->columns.columns[i], selection, count, arena, err);
    if (status || !payload->row_width || (status = new_columns(out, payload, count, arena, err))) return status;
    fetch_tile(payload, selection, count < TILE_ROWS ? count : TILE_ROWS);
    for (size_t begin = 0; begin < count; begin += TILE_ROWS) {
        size_t end = count - begin < TILE_ROWS ? count : begin + TILE_ROWS;
        fetch_tile(payload, selection + end, count - end < TILE_ROWS ? count - end : TILE_ROWS);
        unpack_tile(out, payload, selection, begin, end - begin);
    }
    return status;
}
