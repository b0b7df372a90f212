/* Rows set aside by the hash of their key, to be aggregated one partition after the other: what a worker does with rows when its table of groups finds hardly
 * two rows of a group in a morsel. A partition's groups fit a cache, and partitions need nothing of each other.
 *
 *   partition = top 8 bits of the hash          block: positions | hashes? | key rows (group_table.h) | values of each column | validity of each column
 *   first[partition] -> block -> block … last
 *
 * A partition's rows keep the order in which they came, so that those of one morsel lie one behind the other. Blocks are plain bytes of about 32 KiB: 64 KiB took
 * as long, and many small partitions would waste more. Texts past 12 bytes are copied to an arena. Hashes of short keys without texts are made again instead of kept:
 * writing and reading them takes longer. */
#ifndef EXEC_ROW_BLOCKS_H
#define EXEC_ROW_BLOCKS_H

#include "group_table.h"

#define ROW_PARTITIONS 256
#define ROW_BLOCK_BYTES ((size_t)32 << 10) /* about, at most; each partition that has rows has one */
#define ROW_BLOCK_LEAST ((size_t)4 << 10)

static inline size_t row_partition(uint64_t hash)
{
    return (size_t)(hash >> 56);
}

/* What a row is made of, shared by all blocks. */
typedef struct row_layout {
    const key_layout *keys;
    size_t column_count;
    const data_type *types;
    const uint32_t *sources; /* positions of the columns in the input */
    size_t block_rows;
    bool keeps_hashes;
} row_layout;

/* Whether columns of the type can be set aside. */
bool row_layout_takes(data_type type);
/* The bytes of a block, such that the workers' blocks with few rows in each do not take the memory there is. */
size_t row_block_bytes(const bp_context *context);
/* Decide block_rows, for blocks of so many bytes, and keeps_hashes by the others. */
void row_layout_finish(row_layout *layout, size_t block_bytes);

typedef struct row_block_column {
    char *values;
    uint64_t *validity;
    bool has_nulls; /* else validity is all ones */
} row_block_column;

typedef struct row_block {
    struct row_block *next;
    size_t count, capacity;
    uint64_t *positions;
    uint64_t *hashes; /* NULL: they are made again */
    char *keys;
    arena loaded; /* of a block that came back from a file: what it and its texts lie in */
    row_block_column columns[];
} row_block;

/* Positions have the morsel's number above, the row's below. */
static inline uint64_t row_morsel(const row_block *block, size_t row)
{
    return block->positions[row] >> 32;
}
/* A loaded block ends; others end with their arena. */
void row_block_free(row_block *block);

typedef struct row_blocks {
    memory *memory;
    const row_layout *layout;
    row_block *first[ROW_PARTITIONS], *last[ROW_PARTITIONS];
    size_t begin[ROW_PARTITIONS]; /* rows of the first block that have been taken */
    uint64_t row_count;
    arena arena; /* of the blocks: large pieces of memory come in large pages, blocks by themselves would not */
    arena texts;
    uint8_t *partitions; /* of the rows of the present batch, and their places in the last blocks */
    uint32_t *places;
    size_t room; /* rows of those two */
} row_blocks;

MUST_USE bp_status row_blocks_new(row_blocks **out, memory *memory, const row_layout *layout, bp_error *err);
void row_blocks_free(row_blocks *blocks);
/* All rows have been written elsewhere. */
void row_blocks_forget(row_blocks *blocks);
/* All rows of the batch, with their packed keys (whose far texts are moved) and hashes; positions count from `position`. */
MUST_USE bp_status row_blocks_add(row_blocks *blocks, char *keys, const uint64_t *hashes, uint64_t position, const batch *in,
                                  arena *scratch, bp_error *err);
/* The block's rows [begin, begin + rows) as columns. */
MUST_USE bp_status row_block_columns(column *out, const row_layout *layout, const row_block *block, size_t begin, size_t rows,
                                     arena *scratch, bp_error *err);

#endif
