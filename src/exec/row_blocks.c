/* Rows set aside by hash; see the header for the layout. */
#include "row_blocks.h"

#define LEAST_ROWS 64
#define SHORT_KEY 24 /* bytes: hashes of longer ones are kept */
#define PIECE_BYTES ((size_t)4 << 20) /* of the arena, from the first on where there is */
#define CACHE_LINE 64
#define BLOCKS_SHARE 4 /* of the memory limit: a block in each partition of each worker */
#define MUCH_MEMORY ((size_t)1 << 30)

bool row_layout_takes(data_type type)
{
    return !type_is_nested(type) && type_physical(type) != PHYSICAL_NONE;
}

static size_t value_width(data_type type)
{
    return physical_width(type_physical(type));
}

/* What stands before a row's values: its position, hash and key. */
static size_t row_head(const row_layout *layout)
{
    return sizeof(uint64_t) + (layout->keeps_hashes ? sizeof(uint64_t) : 0) + layout->keys->width;
}

size_t row_block_bytes(const bp_context *context)
{
    size_t bytes = memory_limit(context->memory) / BLOCKS_SHARE / ROW_PARTITIONS / context->config.threads;

    return bytes > ROW_BLOCK_BYTES ? ROW_BLOCK_BYTES : bytes < ROW_BLOCK_LEAST ? ROW_BLOCK_LEAST : bytes;
}

void row_layout_finish(row_layout *layout, size_t block_bytes)
{
    size_t width;

    layout->keeps_hashes = layout->keys->text_count > 0 || layout->keys->width > SHORT_KEY;
    width = row_head(layout);
    for (size_t i = 0; i < layout->column_count; i++) width += value_width(layout->types[i]) + 1;
    layout->block_rows = block_bytes / width < LEAST_ROWS ? LEAST_ROWS : block_bytes / width & ~(size_t)63;
}

/* blocks --------------------------------------------------------------------------------------------------------------------------- */
/* Capacities are multiples of 64, and bits are padded, so that all values begin aligned to 64 bytes. */
static size_t column_bytes(data_type type, size_t capacity)
{
    return type_physical(type) == PHYSICAL_BIT ? (capacity / 8 + 63) & ~(size_t)63 : capacity * value_width(type);
}

static size_t head_bytes(const row_layout *layout)
{
    return (sizeof(row_block) + layout->column_count * sizeof(row_block_column) + 63) & ~(size_t)63;
}

/* An odd number of cache lines: the partitions' blocks, whose ends are written in turn, so lie in different sets of the caches. */
static size_t block_bytes(const row_layout *layout, size_t capacity)
{
    size_t bytes = head_bytes(layout) + capacity * row_head(layout);

    for (size_t i = 0; i < layout->column_count; i++) bytes += column_bytes(layout->types[i], capacity) + capacity / 8;
    return ((bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1)) | CACHE_LINE;
}

static row_block *block_new(arena *arena, const row_layout *layout, size_t capacity)
{
    char *at = arena_allocate_aligned(arena, block_bytes(layout, capacity), 64);
    row_block *block = (row_block *)(void *)at;

    if (!at) return NULL;
    *block = (row_block){.capacity = capacity};
    at += head_bytes(layout);
    block->positions = (uint64_t *)(void *)at;
    block->hashes = layout->keeps_hashes ? block->positions + capacity : NULL;
    block->keys = at + capacity * (row_head(layout) - layout->keys->width);
    at = block->keys + capacity * layout->keys->width;
    for (size_t i = 0; i < layout->column_count; i++) {
        block->columns[i] = (row_block_column){.values = at};
        at += column_bytes(layout->types[i], capacity);
    }
    for (size_t i = 0; i < layout->column_count; i++, at += capacity / 8) {
        block->columns[i].validity = (uint64_t *)(void *)at;
        memset(at, 0xff, capacity / 8);
    }
    return block;
}

bp_status row_blocks_new(row_blocks **out, memory *memory, const row_layout *layout, bp_error *err)
{
    *out = memory_new(memory, row_blocks);
    if (!*out) return error_no_memory(err, memory, sizeof **out);
    (*out)->memory = memory;
    (*out)->layout = layout;
    arena_init(&(*out)->arena, memory);
    if (memory_available(memory) > MUCH_MEMORY) (*out)->arena.block_size = PIECE_BYTES;
    arena_init(&(*out)->texts, memory);
    return BP_OK;
}

static void free_scratch(row_blocks *blocks)
{
    memory_free(blocks->memory, blocks->partitions, blocks->room);
    memory_free(blocks->memory, blocks->places, blocks->room * sizeof(uint32_t));
    blocks->partitions = NULL;
    blocks->places = NULL;
    blocks->room = 0;
}

void row_block_free(row_block *block)
{
    arena loaded = block->loaded; /* the block lies in it */

    arena_clear(&loaded);
}

void row_blocks_forget(row_blocks *blocks)
{
    memset(blocks->first, 0, sizeof blocks->first);
    memset(blocks->last, 0, sizeof blocks->last);
    arena_clear(&blocks->arena);
    arena_clear(&blocks->texts);
    blocks->row_count = 0;
}

void row_blocks_free(row_blocks *blocks)
{
    if (!blocks) return;
    free_scratch(blocks);
    arena_clear(&blocks->arena);
    arena_clear(&blocks->texts);
    memory_delete(blocks->memory, blocks);
}

/* places --------------------------------------------------------------------------------------------------------------------------- */
static bp_status reserve_scratch(row_blocks *blocks, size_t rows, bp_error *err)
{
    if (rows <= blocks->room) return BP_OK;
    free_scratch(blocks);
    blocks->partitions = memory_allocate(blocks->memory, rows);
    blocks->places = memory_allocate(blocks->memory, rows * sizeof(uint32_t));
    blocks->room = rows;
    return blocks->partitions && blocks->places ? BP_OK : error_no_memory(err, blocks->memory, rows * 5);
}

/* A last block with room for `rows` more. */
static bp_status open_block(row_blocks *blocks, size_t partition, size_t rows, bp_error *err)
{
    row_block *last = blocks->last[partition], *block;
    size_t capacity = rows <= blocks->layout->block_rows ? blocks->layout->block_rows : (rows + 63) & ~(size_t)63;

    if (last && last->capacity - last->count >= rows) return BP_OK;
    block = block_new(&blocks->arena, blocks->layout, capacity);
    if (!block) return error_no_memory(err, blocks->memory, block_bytes(blocks->layout, capacity));
    if (last)
        last->next = block;
    else
        blocks->first[partition] = block;
    blocks->last[partition] = block;
    return BP_OK;
}

/* The lines that so many values from there on will be written to. */
static void expect_values(const char *values, size_t width, size_t count)
{
    const char *end = values + width * count;

    for (; values < end - CACHE_LINE; values += CACHE_LINE) __builtin_prefetch(values, 1);
    __builtin_prefetch(end - 1, 1);
    __builtin_prefetch(values, 1);
}

/* Each row goes to another line, and mostly to one that no cache has: asked for beforehand they come side by side (10,000,000 rows of 28 bytes: 220 ms became 150). */
static void expect_rows(const row_layout *layout, const row_block *block, size_t count)
{
    expect_values((const char *)(block->positions + block->count), sizeof *block->positions, count);
    expect_values(block->keys + block->count * layout->keys->width, layout->keys->width, count);
    if (block->hashes) expect_values((const char *)(block->hashes + block->count), sizeof *block->hashes, count);
    for (size_t i = 0; i < layout->column_count; i++) {
        size_t width = value_width(layout->types[i]);
        expect_values(block->columns[i].values + block->count * width, width, count);
    }
}

/* partitions[row] and places[row]: where each row goes. */
static bp_status place_rows(row_blocks *blocks, const uint64_t *hashes, size_t rows, bp_error *err)
{
    uint32_t counts[ROW_PARTITIONS] = {0};
    bp_status status;

    if ((status = reserve_scratch(blocks, rows, err))) return status;
    for (size_t row = 0; row < rows; row++) {
        size_t partition = row_partition(hashes[row]);
        blocks->partitions[row] = (uint8_t)partition;
        counts[partition]++;
    }
    for (size_t partition = 0; partition < ROW_PARTITIONS; partition++) {
        size_t count = counts[partition];
        if (!count) continue;
        if ((status = open_block(blocks, partition, count, err))) return status;
        expect_rows(blocks->layout, blocks->last[partition], count);
        counts[partition] = (uint32_t)blocks->last[partition]->count;
        blocks->last[partition]->count += count;
    }
    for (size_t row = 0; row < rows; row++) blocks->places[row] = counts[blocks->partitions[row]]++;
    blocks->row_count += rows;
    return BP_OK;
}

/* scattering ----------------------------------------------------------------------------------------------------------------------- */
/* Inlined once for each usual width. */
static ALWAYS_INLINE void scatter(char *const *to, const uint8_t *partitions, const uint32_t *places, const char *from,
                                  size_t width, size_t rows)
{
    for (size_t row = 0; row < rows; row++) memcpy(to[partitions[row]] + places[row] * width, from + row * width, width);
}

/* A width of whole words that is not a usual one. */
static void scatter_words(char *const *to, const uint8_t *partitions, const uint32_t *places, const char *from, size_t width,
                          size_t rows)
{
    for (size_t row = 0; row < rows; row++, from += width) {
        char *into = to[partitions[row]] + places[row] * width;
        for (size_t at = 0; at < width; at += 8) memcpy(into + at, from + at, 8);
    }
}

static void scatter_values(const row_blocks *blocks, char *const *to, const void *from, size_t width, size_t rows)
{
    const uint8_t *partitions = blocks->partitions;
    const uint32_t *places = blocks->places;

    switch (width) {
    case 1: scatter(to, partitions, places, from, 1, rows); break;
    case 2: scatter(to, partitions, places, from, 2, rows); break;
    case 4: scatter(to, partitions, places, from, 4, rows); break;
    case 8: scatter(to, partitions, places, from, 8, rows); break;
    case 16: scatter(to, partitions, places, from, 16, rows); break;
    case 24: scatter(to, partitions, places, from, 24, rows); break;
    case 32: scatter(to, partitions, places, from, 32, rows); break;
    default: scatter_words(to, partitions, places, from, width, rows);
    }
}

static void scatter_keys(const row_blocks *blocks, const char *keys, const uint64_t *hashes, uint64_t position, size_t rows)
{
    char *to[ROW_PARTITIONS];
    uint64_t *positions[ROW_PARTITIONS];

    for (size_t i = 0; i < ROW_PARTITIONS; i++) {
        to[i] = blocks->last[i] ? blocks->last[i]->keys : NULL;
        positions[i] = blocks->last[i] ? blocks->last[i]->positions : NULL;
    }
    scatter_values(blocks, to, keys, blocks->layout->keys->width, rows);
    for (size_t row = 0; row < rows; row++) positions[blocks->partitions[row]][blocks->places[row]] = position + row;
    if (!blocks->layout->keeps_hashes) return;
    for (size_t i = 0; i < ROW_PARTITIONS; i++) to[i] = blocks->last[i] ? (char *)blocks->last[i]->hashes : NULL;
    scatter_values(blocks, to, hashes, sizeof *hashes, rows);
}

static void scatter_bits(const row_blocks *blocks, size_t index, const uint64_t *bits, size_t rows)
{
    for (size_t row = 0; row < rows; row++)
        bitmap_put((uint64_t *)(void *)blocks->last[blocks->partitions[row]]->columns[index].values, blocks->places[row],
                   bitmap_get(bits, row));
}

static void scatter_nulls(const row_blocks *blocks, size_t index, const uint64_t *validity, size_t rows)
{
    for (size_t row = 0; row < rows; row++) {
        row_block_column *column = &blocks->last[blocks->partitions[row]]->columns[index];
        if (bitmap_get(validity, row)) continue;
        bitmap_unset(column->validity, blocks->places[row]);
        column->has_nulls = true;
    }
}

/* texts ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status keep_text(row_blocks *blocks, string_ref *ref, bp_error *err)
{
    char *copy = arena_allocate_aligned(&blocks->texts, ref->size, 1);

    if (!copy) return error_no_memory(err, blocks->memory, ref->size);
    memcpy(copy, ref->pointer, ref->size);
    ref->pointer = copy;
    return BP_OK;
}

static bp_status keep_key_texts(row_blocks *blocks, char *keys, size_t rows, bp_error *err)
{
    const key_layout *layout = blocks->layout->keys;
    bp_status status;

    for (size_t i = 0; i < layout->text_count; i++)
        for (size_t row = 0; row < rows; row++) {
            char *at = keys + row * layout->width + layout->texts[i];
            string_ref ref;
            memcpy(&ref, at, sizeof ref);
            if (ref.size <= STRING_REF_INLINE) continue;
            if ((status = keep_text(blocks, &ref, err))) return status;
            memcpy(at, &ref, sizeof ref);
        }
    return BP_OK;
}

/* The column's texts with far ones in the arena; itself when there are none. */
static bp_status keep_texts(row_blocks *blocks, column *texts, size_t rows, arena *scratch, bp_error *err)
{
    const string_ref *refs = texts->values;
    string_ref *kept;
    uint32_t longest = 0;
    bp_status status;

    for (size_t row = 0; row < rows; row++) longest = refs[row].size > longest ? refs[row].size : longest;
    if (longest <= STRING_REF_INLINE) return BP_OK;
    kept = arena_allocate(scratch, rows * sizeof *kept);
    if (!kept) return error_no_memory(err, scratch->memory, rows * sizeof *kept);
    memcpy(kept, refs, rows * sizeof *kept);
    for (size_t row = 0; row < rows; row++)
        if (kept[row].size > STRING_REF_INLINE && (status = keep_text(blocks, &kept[row], err))) return status;
    texts->values = kept;
    return BP_OK;
}

/* adding --------------------------------------------------------------------------------------------------------------------------- */
static bp_status add_column(row_blocks *blocks, size_t index, const column *in, size_t rows, arena *scratch, bp_error *err)
{
    char *to[ROW_PARTITIONS];
    column flat;
    bp_status status;

    if ((status = column_flatten(&flat, in, scratch, err))) return status;
    if (type_physical(flat.type) == PHYSICAL_STRING && (status = keep_texts(blocks, &flat, rows, scratch, err))) return status;
    if (flat.validity) scatter_nulls(blocks, index, flat.validity, rows);
    if (type_physical(flat.type) == PHYSICAL_BIT) {
        scatter_bits(blocks, index, flat.values, rows);
        return BP_OK;
    }
    for (size_t i = 0; i < ROW_PARTITIONS; i++) to[i] = blocks->last[i] ? blocks->last[i]->columns[index].values : NULL;
    scatter_values(blocks, to, flat.values, value_width(flat.type), rows);
    return BP_OK;
}

bp_status row_blocks_add(row_blocks *blocks, char *keys, const uint64_t *hashes, uint64_t position, const batch *in, arena *scratch,
                         bp_error *err)
{
    size_t rows = in->row_count;
    bp_status status;

    if ((status = place_rows(blocks, hashes, rows, err))) return status;
    if ((status = keep_key_texts(blocks, keys, rows, err))) return status;
    scatter_keys(blocks, keys, hashes, position, rows);
    for (size_t i = 0; i < blocks->layout->column_count; i++)
        if ((status = add_column(blocks, i, &in->columns[blocks->layout->sources[i]], rows, scratch, err))) return status;
    return BP_OK;
}

bp_status row_block_columns(column *out, const row_layout *layout, const row_block *block, size_t begin, size_t rows,
                            arena *scratch, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < layout->column_count; i++) {
        const row_block_column *from = &block->columns[i];
        column whole = {.type = layout->types[i],
                        .length = block->count,
                        .values = from->values,
                        .validity = from->has_nulls ? from->validity : NULL};
        if ((status = column_slice(&out[i], &whole, begin, rows, scratch, err))) return status;
    }
    return BP_OK;
}
