/* Rows to the files they belong to.
 *
 *   batch --raw bytes of the key columns--> partition of each row --gather--> its rows, kept --flush--> its open file (a target of the format)
 *
 * Rows are kept by partition until there are KEPT_ROWS of them or memory gets short, so that partitions that come mixed do not take turns at being open: at
 * most OPEN_MOST files are, and whoever has not been written to for longest is finished; a partition that goes on then begins another file. All this depends
 * on the rows alone. Sizes are looked at every LOOK_ROWS rows of a file, whatever the batches are. */
#include "target_files.h"

#include "base/file_writer.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/random.h"
#include "column/table.h"

#define KEPT_ROWS 524288
#define OPEN_MOST 100
#define LOOK_ROWS 2048
#define NULL_FOLDER "__HIVE_DEFAULT_PARTITION__"

typedef struct open_file {
    file_writer writer;
    target *target;
    uint64_t rows, last_use;
    bool is_open;
} open_file;

typedef struct partition {
    string_view folder; /* "k=1/s=x"; empty: the folder itself */
    table *rows; /* kept */
    uint64_t file_count;
    size_t file; /* of open_files; SIZE_MAX: none */
} partition;

/* From texts to numbers. */
typedef struct text_map {
    struct text_entry {
        string_view text;
        uint64_t hash;
        uint32_t number;
    } *entries;
    size_t count, capacity; /* a power of two, at most half full */
} text_map;

typedef struct files_target {
    target base;
    arena arena;
    files_options options;
    const file_format *format;
    const void *write_options;
    schema columns, written; /* of the rows; of the files */
    uint32_t *written_columns;
    string_view staging;
    partition *partitions;
    size_t partition_count, partition_capacity;
    text_map keys, folders;
    open_file open_files[OPEN_MOST];
    uint64_t uses, kept_rows, file_number;
    string_view *files; /* finished, below the folder */
    size_t file_count, file_capacity;
    builder key;
    bool finished;
} files_target;

/* Maps --------------------------------------------------------------------------------------------------------------------------------- */
static size_t map_place(const text_map *map, string_view text, uint64_t hash)
{
    size_t at = hash & (map->capacity - 1);

    while (map->entries[at].text.data && (map->entries[at].hash != hash || !string_equal(map->entries[at].text, text)))
        at = (at + 1) & (map->capacity - 1);
    return at;
}

static bool map_grow(text_map *map, memory *memory)
{
    text_map larger = {.count = map->count, .capacity = map->capacity ? map->capacity * 2 : 64};

    if (map->count * 2 < map->capacity) return true;
    if (!(larger.entries = memory_allocate_array(memory, larger.capacity, sizeof *larger.entries))) return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].text.data)
            larger.entries[map_place(&larger, map->entries[i].text, map->entries[i].hash)] = map->entries[i];
    memory_free(memory, map->entries, map->capacity * sizeof *map->entries);
    *map = larger;
    return true;
}

/* The text's number, `number` when it is new: then *is_new, and the text is kept in the arena. */
static bp_status map_find(text_map *map, arena *arena, string_view text, uint32_t number, uint32_t *out, bool *is_new,
                          bp_error *err)
{
    uint64_t hash = hash_bytes(text.data, text.size);
    struct text_entry *entry;

    if (!map_grow(map, arena->memory)) return error_no_memory(err, arena->memory, 2 * map->capacity * sizeof *map->entries);
    entry = &map->entries[map_place(map, text, hash)];
    *is_new = !entry->text.data;
    if (*is_new) {
        string_view kept = arena_copy(arena, text);
        if (!kept.data) return error_no_memory(err, arena->memory, text.size);
        *entry = (struct text_entry){kept, hash, number};
        map->count++;
    }
    *out = entry->number;
    return BP_OK;
}

/* Names -------------------------------------------------------------------------------------------------------------------------------- */
/* All but letters, digits and a few signs as %XX, as DuckDB and Hive have it. */
static void put_encoded(builder *out, string_view text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (ascii_is_alpha(c) || ascii_is_digit(c) || (c && memchr("-_.~", c, 4))) {
            builder_byte(out, (char)c);
            continue;
        }
        builder_byte(out, '%');
        builder_byte(out, digits[c >> 4]);
        builder_byte(out, digits[c & 15]);
    }
}

/* "k=1/s=x" of a row. */
static bp_status put_folder(builder *out, const files_target *files, const batch *batch, size_t row, bp_error *err)
{
    builder value;

    builder_init(&value, out->memory, SIZE_MAX);
    for (size_t i = 0; i < files->options.partition_count; i++) {
        uint32_t at = files->options.partition_columns[i];
        if (i) builder_byte(out, '/');
        put_encoded(out, files->columns.names[at]);
        builder_byte(out, '=');
        builder_reset(&value);
        if (column_is_null(&batch->columns[at], row)) {
            builder_literal(out, NULL_FOLDER);
            continue;
        }
        column_print_value(&value, &batch->columns[at], row);
        if (value.status) break;
        put_encoded(out, builder_view(&value));
    }
    if (value.status) {
        bp_status status = builder_status(&value, err);
        builder_clear(&value);
        return status;
    }
    builder_clear(&value);
    return builder_status(out, err);
}

static void put_uuid(builder *out)
{
    uint64_t high = random_system_seed(), low = random_system_seed();

    high = (high & ~UINT64_C(0xf000)) | 0x4000;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    builder_format(out, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
                   (unsigned)(high & 0xffff), (unsigned)(low >> 48), (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

/* The pattern with its places filled; a number is appended when it has none. */
static void put_file_name(builder *out, const files_options *options, uint64_t number)
{
    string_view pattern = options->file_pattern;
    bool filled = false;

    for (size_t i = 0; i < pattern.size;) {
        string_view rest = string_view_slice(pattern, i, pattern.size);
        if (string_starts_with(rest, STRING_VIEW("{i}"))) {
            builder_format(out, "%llu", (unsigned long long)number);
            filled = true;
            i += 3;
        } else if (string_starts_with(rest, STRING_VIEW("{uuid}"))) {
            put_uuid(out);
            filled = true;
            i += 6;
        } else {
            builder_byte(out, pattern.data[i++]);
        }
    }
    if (!filled) builder_format(out, "%llu", (unsigned long long)number);
    builder_byte(out, '.');
    builder_text(out, options->extension);
}

/* Files -------------------------------------------------------------------------------------------------------------------------------- */
static bp_status write_bytes(void *data, const char *bytes, size_t size, bp_error *err)
{
    return file_writer_write(data, bytes, size, err);
}

static void close_file(open_file *file)
{
    target_free(file->target);
    file_writer_clear(&file->writer);
    *file = (open_file){0};
}

static bp_status finish_file(files_target *files, partition *partition, bp_error *err)
{
    open_file *file = &files->open_files[partition->file];
    bp_status status = target_finish(file->target, err);

    if (!status) status = file_writer_finish(&file->writer, err);
    close_file(file);
    partition->file = SIZE_MAX;
    return status;
}

static partition *partition_of_file(files_target *files, size_t file)
{
    for (size_t i = 0; i < files->partition_count; i++)
        if (files->partitions[i].file == file) return &files->partitions[i];
    return NULL;
}

/* A free place: that of the file not used for longest, when there is none. */
static bp_status free_place(files_target *files, size_t *place, bp_error *err)
{
    size_t oldest = 0;

    for (size_t i = 0; i < OPEN_MOST; i++) {
        if (!files->open_files[i].is_open) {
            *place = i;
            return BP_OK;
        }
        if (files->open_files[i].last_use < files->open_files[oldest].last_use) oldest = i;
    }
    *place = oldest;
    return finish_file(files, partition_of_file(files, oldest), err);
}

static bp_status note_file(files_target *files, string_view name, bp_error *err)
{
    size_t wanted = files->file_capacity ? files->file_capacity * 2 : 64;
    memory *memory = files->base.context->memory;
    string_view *larger;

    if (files->file_count == files->file_capacity) {
        larger = memory_resize(memory, files->files, files->file_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        files->files = larger;
        files->file_capacity = wanted;
    }
    files->files[files->file_count] = arena_copy(&files->arena, name);
    if (!files->files[files->file_count].data) return error_no_memory(err, memory, name.size);
    files->file_count++;
    return BP_OK;
}

static bp_status open_next_file(files_target *files, partition *partition, bp_error *err)
{
    bp_context *context = files->base.context;
    builder path;
    size_t place, folder_end, begin = files->staging.size + 1;
    open_file *file;
    bp_status status = free_place(files, &place, err);

    if (status) return status;
    builder_init(&path, context->memory, SIZE_MAX);
    builder_text(&path, files->staging);
    builder_byte(&path, '/');
    if (partition->folder.size && files->options.hive_names) {
        builder_text(&path, partition->folder);
        builder_byte(&path, '/');
    }
    folder_end = path.size;
    put_file_name(&path, &files->options, files->options.hive_names ? partition->file_count : files->file_number++);
    if ((status = builder_status(&path, err))) goto done;
    if ((status = folder_make(context, string_view_slice(builder_view(&path), 0, folder_end - 1), err))) goto done;
    if ((status = note_file(files, string_view_slice(builder_view(&path), begin, path.size), err))) goto done;
    file = &files->open_files[place];
    if ((status = file_writer_open(&file->writer, context, builder_view(&path), FILE_WRITE_ATOMIC, err))) goto done;
    status = files->format->target_new(&file->target, context, (byte_sink){write_bytes, &file->writer}, builder_view(&path),
                                       &files->written, files->write_options, err);
    if (status) {
        close_file(file);
        goto done;
    }
    file->target->prompt = files->options.file_bytes > 0;
    file->is_open = true;
    partition->file = place;
    partition->file_count++;
done:
    builder_clear(&path);
    return status;
}

/* How many rows the file takes until its size is looked at again. */
static uint64_t rows_until_look(const files_target *files, const open_file *file)
{
    uint64_t left = UINT64_MAX, groups = files->options.groups_per_file, most;

    if (files->options.file_bytes) left = LOOK_ROWS - file->rows % LOOK_ROWS;
    if (groups && file->target->group_rows && !ckd_mul(&most, groups, file->target->group_rows) && most - file->rows < left)
        left = most - file->rows;
    return left;
}

static bool file_is_full(const files_target *files, const open_file *file)
{
    uint64_t groups = files->options.groups_per_file, most;

    if (files->options.file_bytes && file->rows % LOOK_ROWS == 0 &&
        file->writer.written + file->target->waiting >= files->options.file_bytes)
        return true;
    return groups && file->target->group_rows && !ckd_mul(&most, groups, file->target->group_rows) && file->rows >= most;
}

/* All rows of the batch, which has the files' columns. */
static bp_status write_to_partition(files_target *files, partition *partition, const batch *batch, bp_error *err)
{
    struct batch part;
    arena arena;
    bp_status status = BP_OK;

    arena_init(&arena, files->base.context->memory);
    for (size_t at = 0; at < batch->row_count && !status;) {
        open_file *file;
        uint64_t rows;
        if (partition->file == SIZE_MAX && (status = open_next_file(files, partition, err))) break;
        file = &files->open_files[partition->file];
        rows = rows_until_look(files, file);
        if (rows > batch->row_count - at) rows = batch->row_count - at;
        if ((status = batch_slice(&part, batch, at, (size_t)rows, &arena, err))) break;
        if ((status = target_write(file->target, &part, err))) break;
        file->rows += rows;
        file->last_use = ++files->uses;
        at += (size_t)rows;
        if (file_is_full(files, file)) status = finish_file(files, partition, err);
    }
    arena_clear(&arena);
    return status;
}

/* Partitions --------------------------------------------------------------------------------------------------------------------------- */
static bp_status new_partition(files_target *files, string_view folder, bp_error *err)
{
    memory *memory = files->base.context->memory;
    size_t wanted = files->partition_capacity ? files->partition_capacity * 2 : 16;
    partition *larger;

    if (files->partition_count == files->partition_capacity) {
        larger = memory_resize(memory, files->partitions, files->partition_capacity * sizeof *larger, wanted * sizeof *larger);
        if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
        files->partitions = larger;
        files->partition_capacity = wanted;
    }
    files->partitions[files->partition_count] = (partition){.folder = arena_copy(&files->arena, folder), .file = SIZE_MAX};
    if (!files->partitions[files->partition_count].folder.data) return error_no_memory(err, memory, folder.size);
    files->partition_count++;
    return BP_OK;
}

/* The bytes by which rows of one partition are the same. */
static void put_key(builder *out, const column *column, size_t row)
{
    const struct column *flat = column->encoding == COLUMN_DICTIONARY ? &column->children[0] : column;
    size_t at = column->encoding == COLUMN_CONSTANT ? 0 : row, width = physical_width(type_physical(column->type)), begin;
    string_view text;

    builder_byte(out, !column_is_null(column, row));
    if (column_is_null(column, row)) return;
    if (column->encoding == COLUMN_DICTIONARY) at = ((const uint32_t *)column->values)[row];
    if (type_physical(column->type) == PHYSICAL_STRING) {
        text = string_ref_view(&((const string_ref *)flat->values)[at]);
        builder_append(out, &text.size, sizeof text.size);
        builder_text(out, text);
    } else if (width && !type_is_float(column->type) && !type_is_nested(column->type)) {
        builder_append(out, (const char *)flat->values + at * width, width);
    } else {
        begin = out->size;
        column_print_value(out, flat, at);
        width = out->size - begin;
        builder_append(out, &width, sizeof width);
    }
}

/* Values that differ may have the same folder ('NULL' and its name as text): the folder decides. */
static bp_status partition_of(files_target *files, const batch *batch, size_t row, uint32_t *out, bp_error *err)
{
    builder *key = &files->key, folder;
    uint32_t number = (uint32_t)files->partition_count;
    bool is_new;
    bp_status status;

    builder_reset(key);
    for (size_t i = 0; i < files->options.partition_count; i++)
        put_key(key, &batch->columns[files->options.partition_columns[i]], row);
    if ((status = builder_status(key, err))) return status;
    if ((status = map_find(&files->keys, &files->arena, builder_view(key), number, out, &is_new, err)) || !is_new) return status;
    builder_init(&folder, files->base.context->memory, SIZE_MAX);
    if ((status = put_folder(&folder, files, batch, row, err))) goto done;
    if ((status = map_find(&files->folders, &files->arena, builder_view(&folder), number, out, &is_new, err))) goto done;
    if (is_new)
        status = new_partition(files, builder_view(&folder), err);
    else
        files->keys.entries[map_place(&files->keys, builder_view(key), hash_bytes(key->data, key->size))].number = *out;
done:
    builder_clear(&folder);
    return status;
}

static bp_status flush_kept(files_target *files, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < files->partition_count && !status; i++) {
        partition *partition = &files->partitions[i];
        if (!partition->rows) continue;
        status = table_finish(partition->rows, err);
        for (size_t chunk = 0; !status && chunk < table_chunk_count(partition->rows); chunk++) {
            status = write_to_partition(files, partition, table_chunk(partition->rows, chunk), err);
            if (!status) status = cancel_check(&files->base.context->cancel, err);
        }
        table_release(partition->rows);
        partition->rows = NULL;
    }
    files->kept_rows = 0;
    return status;
}

/* Under pressure what is open goes as well: a file holds a row group. */
static bp_status relieve(files_target *files, bp_error *err)
{
    const memory *memory = files->base.context->memory;
    bp_status status = BP_OK;

    if (files->kept_rows < KEPT_ROWS && memory_used(memory) < memory_limit(memory) / 2) return BP_OK;
    if ((status = flush_kept(files, err))) return status;
    for (size_t i = 0; i < files->partition_count && !status && memory_used(memory) > memory_limit(memory) / 2; i++)
        if (files->partitions[i].file != SIZE_MAX) status = finish_file(files, &files->partitions[i], err);
    return status;
}

static bp_status keep_rows(files_target *files, partition *partition, const batch *batch, const uint32_t *rows, size_t count,
                           arena *arena, bp_error *err)
{
    struct batch part = {.row_count = count, .column_count = batch->column_count};
    bp_status status = BP_OK;

    part.columns = arena_new_array(arena, column, batch->column_count);
    if (!part.columns) return error_no_memory(err, arena->memory, batch->column_count * sizeof *part.columns);
    for (size_t i = 0; i < batch->column_count && !status; i++) {
        status = column_gather(&part.columns[i], &batch->columns[i], rows, count, arena, err);
        part.columns[i].owner = NULL; /* the gathered rows are the arena's */
    }
    if (!status && !partition->rows) status = table_new(&partition->rows, files->base.context->memory, &files->written, err);
    return status ? status : table_append(partition->rows, &part, err);
}

/* `batch` has the rows' columns, `kept` those of the files. */
static bp_status distribute(files_target *files, const batch *batch, const struct batch *kept, arena *arena, bp_error *err)
{
    size_t rows = batch->row_count;
    uint32_t *numbers = arena_new_array(arena, uint32_t, rows), *order = arena_new_array(arena, uint32_t, rows), *ends;
    bp_status status = BP_OK;

    if (!numbers || !order) return error_no_memory(err, arena->memory, rows * sizeof *numbers);
    for (size_t i = 0; i < rows && !status; i++) {
        status = partition_of(files, batch, i, &numbers[i], err);
        if (!status && i % 1024 == 1023) status = cancel_check(&files->base.context->cancel, err);
    }
    if (status) return status;
    ends = arena_new_array(arena, uint32_t, files->partition_count + 1);
    if (!ends) return error_no_memory(err, arena->memory, files->partition_count * sizeof *ends);
    for (size_t i = 0; i < rows; i++) ends[numbers[i] + 1]++;
    for (size_t i = 1; i <= files->partition_count; i++) ends[i] += ends[i - 1];
    for (size_t i = 0; i < rows; i++) order[ends[numbers[i]]++] = (uint32_t)i; /* now each end is its own */
    for (size_t i = 0, begin = 0; i < files->partition_count && !status; begin = ends[i++])
        if (ends[i] > begin) status = keep_rows(files, &files->partitions[i], kept, order + begin, ends[i] - begin, arena, err);
    files->kept_rows += rows;
    return status ? status : relieve(files, err);
}

/* The target --------------------------------------------------------------------------------------------------------------------------- */
static bp_status files_write(target *self, const batch *batch, bp_error *err)
{
    files_target *files = (files_target *)self;
    struct batch kept = {.row_count = batch->row_count, .column_count = files->written.count};
    arena arena;
    bp_status status;

    if (files->options.partition_count == 0) return write_to_partition(files, &files->partitions[0], batch, err);
    arena_init(&arena, self->context->memory);
    kept.columns = arena_new_array(&arena, column, kept.column_count);
    if (kept.columns) {
        for (size_t i = 0; i < kept.column_count; i++) kept.columns[i] = batch->columns[files->written_columns[i]];
        status = distribute(files, batch, &kept, &arena, err);
    } else {
        status = error_no_memory(err, self->context->memory, kept.column_count * sizeof *kept.columns);
    }
    arena_clear(&arena);
    return status;
}

/* Into a folder that has files: one after the other. */
static bp_status add_files(files_target *files, bp_error *err)
{
    bp_context *context = files->base.context;
    bp_status status = BP_OK;

    for (size_t i = 0; i < files->file_count && !status; i++) {
        string_view name = files->files[i];
        string_view from = arena_format(&files->arena, "%.*s/%.*s", STRING_ARGUMENTS(files->staging), STRING_ARGUMENTS(name));
        string_view to = arena_format(&files->arena, "%.*s/%.*s", STRING_ARGUMENTS(files->options.folder), STRING_ARGUMENTS(name));
        size_t slash = to.size;
        if (!from.data || !to.data) return error_no_memory(err, context->memory, name.size);
        while (to.data[slash - 1] != '/') slash--;
        status = folder_make(context, string_view_slice(to, 0, slash - 1), err);
        if (!status) status = folder_rename(context, from, to, err);
    }
    return status;
}

static bp_status refuse(const files_options *options, folder_state state, bp_error *err)
{
    if (state == FOLDER_IS_FILE)
        return error_set(err, BP_IO_ERROR, "cannot write \"%.*s\": it is a file, not a folder; OVERWRITE replaces it",
                         STRING_ARGUMENTS(options->folder));
    return error_set(err, BP_IO_ERROR,
                     "cannot write \"%.*s\": the folder is not empty; OVERWRITE replaces what is in it, OVERWRITE_OR_IGNORE and "
                     "APPEND add to it",
                     STRING_ARGUMENTS(options->folder));
}

static bool is_refused(const files_options *options, folder_state state)
{
    if (state == FOLDER_IS_FILE) return options->existing != FILES_OVERWRITE;
    return state == FOLDER_FILLED && options->existing == FILES_REFUSE;
}

static bp_status put_in_place(files_target *files, bp_error *err)
{
    bp_context *context = files->base.context;
    string_view folder = files->options.folder, old;
    folder_state state;
    bp_status status = folder_look(&state, context, folder, err);

    if (status) return status;
    if (is_refused(&files->options, state)) return refuse(&files->options, state, err);
    if (state == FOLDER_FILLED && files->options.existing != FILES_OVERWRITE) return add_files(files, err);
    if (state == FOLDER_ABSENT || state == FOLDER_EMPTY) return folder_rename(context, files->staging, folder, err);
    old = arena_format(&files->arena, "%.*s.old", STRING_ARGUMENTS(files->staging));
    if (!old.data) return error_no_memory(err, context->memory, folder.size);
    if ((status = folder_rename(context, folder, old, err))) return status;
    status = folder_rename(context, files->staging, folder, err);
    if (status)
        (void)!folder_rename(context, old, folder, NULL); /* as it was */
    else
        folder_remove(context, old);
    return status;
}

static bp_status files_finish(target *self, bp_error *err)
{
    files_target *files = (files_target *)self;
    bp_status status;

    if (files->finished) return BP_OK;
    files->finished = true;
    if ((status = flush_kept(files, err))) return status;
    if (files->options.partition_count == 0 && files->partitions[0].file_count == 0 &&
        (status = open_next_file(files, &files->partitions[0], err)))
        return status;
    for (size_t i = 0; i < files->partition_count && !status; i++)
        if (files->partitions[i].file != SIZE_MAX) status = finish_file(files, &files->partitions[i], err);
    return status ? status : put_in_place(files, err);
}

static void files_free(target *self)
{
    files_target *files = (files_target *)self;
    memory *memory = self->context->memory;

    for (size_t i = 0; i < OPEN_MOST; i++) close_file(&files->open_files[i]);
    for (size_t i = 0; i < files->partition_count; i++) table_release(files->partitions[i].rows);
    if (files->staging.data) folder_remove(self->context, files->staging); /* gone already when all went well */
    memory_free(memory, files->partitions, files->partition_capacity * sizeof *files->partitions);
    memory_free(memory, files->keys.entries, files->keys.capacity * sizeof *files->keys.entries);
    memory_free(memory, files->folders.entries, files->folders.capacity * sizeof *files->folders.entries);
    memory_free(memory, files->files, files->file_capacity * sizeof *files->files);
    builder_clear(&files->key);
    arena_clear(&files->arena);
    memory_delete(memory, files);
}

static const target_class files_class = {.free = files_free, .write = files_write, .finish = files_finish};

static bool is_partition_column(const files_options *options, uint32_t column)
{
    for (size_t i = 0; i < options->partition_count; i++)
        if (options->partition_columns[i] == column) return true;
    return false;
}

/* The files' columns: those of the rows, perhaps without the partition's. */
static bp_status set_written(files_target *files, bp_error *err)
{
    files->written_columns = arena_new_array(&files->arena, uint32_t, files->columns.count + 1);
    if (!files->written_columns) return error_no_memory(err, files->arena.memory, files->columns.count * sizeof(uint32_t));
    for (uint32_t i = 0; i < files->columns.count; i++)
        if (files->options.write_partition_columns || !is_partition_column(&files->options, i))
            files->written_columns[files->written.count++] = i;
    if (files->written.count == 0)
        return error_set(
            err, BP_NOT_SUPPORTED,
            "all columns are in PARTITION_BY, none is left for the files; WRITE_PARTITION_COLUMNS writes them as well");
    files->written.names = arena_new_array(&files->arena, string_view, files->written.count);
    files->written.types = arena_new_array(&files->arena, data_type, files->written.count);
    if (!files->written.names || !files->written.types) return error_no_memory(err, files->arena.memory, 4096);
    for (size_t i = 0; i < files->written.count; i++) {
        files->written.names[i] = files->columns.names[files->written_columns[i]];
        files->written.types[i] = files->columns.types[files->written_columns[i]];
    }
    return BP_OK;
}

static bool copy_options(files_target *files, const files_options *options)
{
    files_options *own = &files->options;
    uint32_t *columns = arena_new_array(&files->arena, uint32_t, options->partition_count + 1);
    string_view folder = options->folder;

    while (folder.size > 1 && folder.data[folder.size - 1] == '/') folder.size--;
    *own = *options;
    own->folder = arena_copy(&files->arena, folder);
    own->file_pattern = arena_copy(&files->arena, options->file_pattern);
    own->extension = arena_copy(&files->arena, options->extension);
    own->partition_columns = columns;
    if (!columns || !own->folder.data || !own->file_pattern.data || !own->extension.data) return false;
    if (options->partition_count) memcpy(columns, options->partition_columns, options->partition_count * sizeof *columns);
    return true;
}

bp_status files_target_new(target **out, bp_context *context, const files_options *options, const file_format *format,
                           const void *write_options, const schema *schema, bp_error *err)
{
    files_target *files = memory_new(context->memory, files_target);
    folder_state state;
    bp_status status;

    *out = NULL;
    if (!files) return error_no_memory(err, context->memory, sizeof *files);
    files->base = (target){.class = &files_class, .context = context};
    files->format = format;
    files->write_options = write_options;
    arena_init(&files->arena, context->memory);
    builder_init(&files->key, context->memory, SIZE_MAX);
    if (!copy_options(files, options)) {
        status = error_no_memory(err, context->memory, 4096);
        goto done;
    }
    if ((status = schema_copy(&files->columns, schema, &files->arena, err)) || (status = set_written(files, err))) goto done;
    if (options->partition_count == 0 && (status = new_partition(files, STRING_VIEW(""), err))) goto done;
    if ((status = folder_look(&state, context, files->options.folder, err))) goto done;
    if (is_refused(&files->options, state)) {
        status = refuse(&files->options, state, err);
        goto done;
    }
    if ((status = folder_make_beside(&files->staging, &files->arena, context, files->options.folder, err))) goto done;
    *out = &files->base;
    files = NULL;
done:
    if (files) files_free(&files->base);
    return status;
}
