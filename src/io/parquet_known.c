/* Footers for the next statement about the same unchanged files: their bytes, and where in them the column chunks are, which took a pass over all of them to
 * find out. They are kept in the context's memory, which drops them when it needs room. In planning the 99 queries of TPC-DS, reading footers anew
 * was a third of the time.
 *
 *   key: what this is | identity of the file       then: noted | a noted_group for each row group | places of their chunks | the footer's bytes */
#include "parquet_internal.h"

typedef struct noted {
    uint64_t size, groups_end, group_count;
} noted;

typedef struct noted_group {
    uint64_t row_count, chunk_count;
    int64_t total_size, file_offset, compressed_size;
} noted_group;

typedef struct known_key {
    char what[8];
    file_identity identity;
} known_key;

static known_key key_of(const file *file)
{
    known_key key = {.what = "parquet", .identity = file->identity};

    return key;
}

static bp_status ends_early(bp_error *err)
{
    return ERROR_INTERNAL(err, "what is known of a Parquet file ends early");
}

static bp_status take_chunks(parquet_footer *footer, cursor *in, bp_error *err)
{
    for (size_t i = 0; i < footer->row_group_count; i++) {
        parquet_row_group *group = &footer->row_groups[i];
        uint32_t *chunks = arena_new_array(&footer->arena, uint32_t, group->chunk_count);
        if (!chunks) return error_no_memory(err, footer->memory, group->chunk_count * sizeof *chunks);
        if (!cursor_copy(in, chunks, group->chunk_count * sizeof *chunks)) return ends_early(err);
        group->chunks = chunks;
    }
    return BP_OK;
}

static bp_status take_groups(parquet_footer *footer, cursor *in, size_t count, bp_error *err)
{
    footer->row_groups = arena_new_array(&footer->arena, parquet_row_group, count);
    if (!footer->row_groups) return error_no_memory(err, footer->memory, count * sizeof *footer->row_groups);
    footer->row_group_count = count;
    for (size_t i = 0; i < count; i++) {
        noted_group group;
        if (!cursor_copy(in, &group, sizeof group)) return ends_early(err);
        footer->row_groups[i] = (parquet_row_group){.row_count = group.row_count,
                                                    .total_size = group.total_size,
                                                    .file_offset = group.file_offset,
                                                    .compressed_size = group.compressed_size,
                                                    .chunk_count = (uint32_t)group.chunk_count};
    }
    return take_chunks(footer, in, err);
}

static bp_status take(parquet_footer *footer, cursor in, bp_error *err)
{
    noted noted;
    bp_status status;

    if (!cursor_copy(&in, &noted, sizeof noted)) return ends_early(err);
    if ((status = take_groups(footer, &in, (size_t)noted.group_count, err))) return status;
    footer->groups_end = (size_t)noted.groups_end;
    footer->bytes = memory_allocate(footer->memory, (size_t)noted.size);
    if (!footer->bytes) return error_no_memory(err, footer->memory, (size_t)noted.size);
    footer->size = (size_t)noted.size;
    return cursor_copy(&in, footer->bytes, footer->size) ? BP_OK : ends_early(err);
}

bp_status parquet_known_take(parquet_footer *footer, const file *file, bool *found, bp_error *err)
{
    known_key key = key_of(file);
    memory_kept *kept = memory_kept_take(footer->memory, &key, sizeof key);
    bp_status status;

    *found = kept != NULL;
    if (!kept) return BP_OK;
    status = take(footer, cursor_over(kept->bytes + kept->key_size, kept->size - kept->key_size), err);
    footer->file_size = file->identity.size;
    memory_kept_return(footer->memory, kept);
    return status;
}

void parquet_known_keep(const parquet_footer *footer, const file *file)
{
    known_key key = key_of(file);
    noted noted = {.size = footer->size, .groups_end = footer->groups_end, .group_count = footer->row_group_count};
    builder bytes;

    if (!footer->groups_end || !file_identity_rests(&file->identity)) return;
    builder_init(&bytes, footer->memory, MEMORY_KEPT_SIZE);
    builder_append(&bytes, &key, sizeof key);
    builder_append(&bytes, &noted, sizeof noted);
    for (size_t i = 0; i < footer->row_group_count; i++) {
        const parquet_row_group *group = &footer->row_groups[i];
        noted_group kept = {.row_count = group->row_count,
                            .chunk_count = group->chunk_count,
                            .total_size = group->total_size,
                            .file_offset = group->file_offset,
                            .compressed_size = group->compressed_size};
        builder_append(&bytes, &kept, sizeof kept);
    }
    for (size_t i = 0; i < footer->row_group_count; i++)
        builder_append(&bytes, footer->row_groups[i].chunks,
                       footer->row_groups[i].chunk_count * sizeof *footer->row_groups[i].chunks);
    builder_append(&bytes, footer->bytes, footer->size);
    if (bytes.status == BP_OK) memory_keep(footer->memory, bytes.data, bytes.size, sizeof key);
    builder_clear(&bytes);
}
