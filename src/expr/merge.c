/* Laying pieces of columns over each other: what CASE and COALESCE end with. Values of a fixed width are scattered; nested values go through a
 * concatenation of the pieces and a gather. */
#include "evaluate_internal.h"

#include "base/error.h"
#include "column/concatenate.h"

static size_t source_row(const merge_piece *piece, size_t i)
{
    if (piece->values->encoding == COLUMN_CONSTANT) return 0;
    return piece->from ? piece->from[i] : i;
}

static size_t target_row(const merge_piece *piece, size_t i)
{
    return piece->to ? piece->to[i] : i;
}

static bool piece_has_nulls(const merge_piece *piece)
{
    return piece->values->validity != NULL || piece->values->type.id == TYPE_NULL;
}

#define SCATTER(type)                                                                                                              \
    do {                                                                                                                           \
        type *to = out;                                                                                                            \
        const type *from = piece->values->values;                                                                                  \
        if (piece->values->encoding == COLUMN_CONSTANT)                                                                            \
            for (size_t i = 0; i < piece->count; i++) to[target_row(piece, i)] = from[0];                                          \
        else                                                                                                                       \
            for (size_t i = 0; i < piece->count; i++) to[target_row(piece, i)] = from[piece->from ? piece->from[i] : i];           \
    } while (0)

typedef struct pair64 {
    uint64_t low, high;
} pair64;

static void scatter_values(void *out, const merge_piece *piece, size_t width)
{
    switch (width) {
    case 1: SCATTER(uint8_t); break;
    case 2: SCATTER(uint16_t); break;
    case 4: SCATTER(uint32_t); break;
    case 8: SCATTER(uint64_t); break;
    case 16: SCATTER(pair64); break;
    default:
        for (size_t i = 0; i < piece->count; i++)
            memcpy((char *)out + target_row(piece, i) * width, (const char *)piece->values->values + source_row(piece, i) * width,
                   width);
    }
}

static void scatter_bits(uint64_t *out, const merge_piece *piece)
{
    const uint64_t *from = piece->values->values;

    for (size_t i = 0; i < piece->count; i++) bitmap_put(out, target_row(piece, i), bitmap_get(from, source_row(piece, i)));
}

static void scatter_validity(uint64_t *validity, const merge_piece *piece)
{
    for (size_t i = 0; i < piece->count; i++)
        bitmap_put(validity, target_row(piece, i), !column_is_null(piece->values, source_row(piece, i)));
}

/* All rows are covered and no piece has NULLs. */
static bool is_total(const merge_piece *pieces, size_t count, size_t rows)
{
    size_t covered = 0;
    bool whole = false;

    for (size_t i = 0; i < count; i++) {
        if (piece_has_nulls(&pieces[i])) return false;
        if (!pieces[i].to && pieces[i].count == rows) whole = true;
        covered += pieces[i].count;
    }
    /* Pieces of CASE do not overlap, and those of COALESCE begin with the whole. */
    return whole || covered == rows;
}

/* Nested: every value once behind the other, then each row its last one. */
static bp_status merge_nested(column *out, data_type type, const merge_piece *pieces, size_t count, size_t rows, arena *arena,
                              bp_error *err)
{
    size_t total = 1;
    column *parts = arena_new_array(arena, column, count + 1), nulls = column_nulls(type, 1), joined;
    const column **list = arena_new_array(arena, const column *, count + 1);
    uint32_t *place = arena_allocate(arena, (rows + 1) * sizeof *place);
    bp_status status;

    if (!parts || !list || !place) return error_no_memory(err, arena->memory, rows * sizeof *place);
    if ((status = column_flatten(&parts[0], &nulls, arena, err))) return status;
    list[0] = &parts[0];
    memset(place, 0, rows * sizeof *place);
    for (size_t i = 0; i < count; i++) {
        column part = *pieces[i].values;
        if (part.encoding == COLUMN_CONSTANT) part.length = 1;
        if ((status = column_flatten(&parts[i + 1], &part, arena, err))) return status;
        list[i + 1] = &parts[i + 1];
        for (size_t k = 0; k < pieces[i].count; k++)
            place[target_row(&pieces[i], k)] = (uint32_t)(total + source_row(&pieces[i], k));
        total += parts[i + 1].length;
    }
    if (total > UINT32_MAX) return error_set(err, BP_LIMIT, "a batch holds too many rows");
    if ((status = column_concatenate(&joined, type, list, count + 1, arena, err))) return status;
    return column_gather(out, &joined, place, rows, arena, err);
}

bp_status merge_columns(column *out, data_type type, const merge_piece *pieces, size_t count, size_t rows, arena *arena,
                        bp_error *err)
{
    size_t width = physical_width(type_physical(type)), words = bitmap_words(rows);
    bool bits = type_physical(type) == PHYSICAL_BIT, total = is_total(pieces, count, rows);
    uint64_t *validity = NULL;
    void *values = NULL;

    *out = column_nulls(type, rows);
    if (type.id == TYPE_NULL) return BP_OK;
    if (type_is_nested(type)) return merge_nested(out, type, pieces, count, rows, arena, err);
    values = arena_allocate_zeroed(arena, bits ? (words + 1) * 8 : rows * width + 16);
    if (!values) return error_no_memory(err, arena->memory, rows * width);
    if (!total && !(validity = arena_allocate_zeroed(arena, (words + 1) * 8)))
        return error_no_memory(err, arena->memory, words * 8);
    for (size_t i = 0; i < count; i++) {
        if (validity) scatter_validity(validity, &pieces[i]);
        if (pieces[i].values->type.id == TYPE_NULL) continue;
        if (pieces[i].values->encoding == COLUMN_CONSTANT && column_is_null(pieces[i].values, 0)) continue;
        if (bits)
            scatter_bits(values, &pieces[i]);
        else
            scatter_values(values, &pieces[i], width);
    }
    *out = (column){.type = type, .encoding = COLUMN_FLAT, .length = rows, .values = values, .validity = validity};
    return BP_OK;
}
