/* Temporary files of rows. What a page needs to be packed or read (the codec's state, a buffer for packed bytes) is a `tool`; a file has a few, lent to one
 * thread at a time, the first made with the file, so that spilling can begin when memory has become scarce. A tool gets its codec, about a megabyte, with the
 * first page that is to be packed; where that cannot be had, the page is stored as it is. */
#include "spill.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/machine.h"
#include "column/batch_bytes.h"
#include "column/column_builder.h"
#include "exec.h"
#include "io/page_codec.h"

#define RESERVE_MOST ((size_t)256 << 20)
/* Temporary files of up to this part of the machine's memory stay in the system's cache, mostly, where packing costs more than it saves: a join of 6.4 million
 * rows under 64 MB took 9.0 s of processor time packed and 6.2 s as it is. Beyond, there is a disk to wait for. */
#define CACHED_PART 8

bool spill_pressure(bp_context *context, size_t planned)
{
    size_t reserve = memory_limit(context->memory) / 4, needed;

    if (context->config.spill == SPILL_ALWAYS) return true;
    if (context->config.spill == SPILL_NEVER) return false;
    if (reserve > RESERVE_MOST) reserve = RESERVE_MOST;
    return ckd_add(&needed, planned, reserve) || memory_available(context->memory) < needed;
}

size_t spill_page_size(bp_context *context, size_t runs)
{
    size_t size = memory_available(context->memory) / 8 / (runs ? runs : 1); /* buffers grow by doubling */

    if (size > SPILL_PAGE_MOST) return SPILL_PAGE_MOST;
    return size < SPILL_PAGE_LEAST ? SPILL_PAGE_LEAST : size;
}

/* tools ------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct spill_tool {
    page_codec *codec; /* NULL: not needed so far */
    builder page; /* a batch as bytes */
    builder packed;
    struct spill_tool *next;
} spill_tool;

struct spill_file {
    bp_context *context;
    file file;
    mutex lock;
    spill_tool *idle;
    uint64_t unpacked_most; /* pages are packed when the context's temporary files take more */
};

static void tool_free(spill_file *file, spill_tool *tool)
{
    if (!tool) return;
    page_codec_free(tool->codec);
    builder_clear(&tool->page);
    builder_clear(&tool->packed);
    memory_delete(file->context->memory, tool);
}

static bp_status tool_new(spill_tool **out, spill_file *file, bp_error *err)
{
    memory *memory = file->context->memory;

    *out = memory_new(memory, spill_tool);
    if (!*out) return error_no_memory(err, memory, sizeof **out);
    builder_init(&(*out)->page, memory, SIZE_MAX);
    builder_init(&(*out)->packed, memory, SIZE_MAX);
    return BP_OK;
}

static bp_status tool_borrow(spill_tool **out, spill_file *file, bp_error *err)
{
    mutex_lock(&file->lock);
    *out = file->idle;
    if (*out) file->idle = (*out)->next;
    mutex_unlock(&file->lock);
    return *out ? BP_OK : tool_new(out, file, err);
}

/* Buffers that one very long row has made large are not kept. */
static void tool_return(spill_file *file, spill_tool *tool)
{
    if (tool->page.capacity > 4 * SPILL_PAGE_MOST) builder_clear(&tool->page);
    if (tool->packed.capacity > 4 * SPILL_PAGE_MOST) builder_clear(&tool->packed);
    builder_reset(&tool->page);
    builder_reset(&tool->packed);
    mutex_lock(&file->lock);
    tool->next = file->idle;
    file->idle = tool;
    mutex_unlock(&file->lock);
}

/* the file --------------------------------------------------------------------------------------------------------------------------------- */
static uint64_t unpacked_most(const bp_context *context)
{
    uint64_t cached = machine_memory() / CACHED_PART, allowed = context->config.max_temp_directory_size / CACHED_PART;

    if (context->config.spill == SPILL_ALWAYS) return 0;
    return cached < allowed ? cached : allowed;
}

bp_status spill_file_new(spill_file **out, bp_context *context, bp_error *err)
{
    spill_file *made = memory_new(context->memory, spill_file);
    spill_tool *tool = NULL;
    bp_status status;

    *out = NULL;
    if (!made) return error_no_memory(err, context->memory, sizeof *made);
    made->context = context;
    mutex_init(&made->lock);
    made->unpacked_most = unpacked_most(context);
    if ((status = file_open_temporary(&made->file, context, err))) goto done;
    if ((status = tool_borrow(&tool, made, err))) goto done;
    tool_return(made, tool);
    *out = made;
    made = NULL;
done:
    spill_file_free(made);
    return status;
}

void spill_file_free(spill_file *file)
{
    if (!file) return;
    while (file->idle) {
        spill_tool *next = file->idle->next;
        tool_free(file, file->idle);
        file->idle = next;
    }
    if (file->file.is_open) file_close(&file->file);
    mutex_clear(&file->lock);
    memory_delete(file->context->memory, file);
}

uint64_t spill_file_size(const spill_file *file)
{
    return file ? file_size(&file->file) : 0;
}

/* pages ------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct page_entry {
    uint64_t order, offset; /* within an order pages are read as they were written, which is by offset */
    size_t rows, size, stored; /* stored == size: not packed */
    uint32_t checksum; /* of the stored bytes */
} page_entry;

struct spill_run {
    spill_file *file;
    const data_type *types;
    size_t column_count, page_size;
    page_entry *pages;
    size_t page_count, page_capacity;
    size_t in_order; /* the first pages that stand in their order already */
    uint64_t rows;
    size_t bytes;
    uint64_t order; /* of what is in the buffer, and of what comes */
    arena arena; /* of the buffer: its builders and their texts */
    column_builder *builders; /* NULL: the buffer is empty */
    size_t buffered_rows, buffered_bytes, last_rows;
};

static uint32_t checksum_of(const void *bytes, size_t size)
{
    return (uint32_t)hash_bytes(bytes, size);
}

/* What of the tool's page goes into the file: packed when that saves an eighth, and pays. */
static bp_status pack(const spill_file *file, spill_tool *tool, const char **bytes, size_t *size, bp_error *err)
{
    size_t room = tool->page.size - tool->page.size / 8, packed = 0;
    bp_status status;

    *bytes = tool->page.data;
    *size = tool->page.size;
    if (atomic_load_explicit(&file->context->temporary_bytes, memory_order_relaxed) < file->unpacked_most) return BP_OK;
    if (!tool->codec && page_codec_new(&tool->codec, file->context->memory, NULL)) return BP_OK;
    if (!builder_reserve(&tool->packed, room)) return builder_status(&tool->packed, err);
    if ((status = page_pack(tool->codec, tool->page.data, tool->page.size, tool->packed.data, room, &packed, err))) return status;
    if (packed) {
        *bytes = tool->packed.data;
        *size = packed;
    }
    return BP_OK;
}

static bp_status reserve_page(spill_run *run, size_t extra, bp_error *err)
{
    memory *memory = run->file->context->memory;
    size_t capacity = run->page_capacity ? run->page_capacity : 8;
    page_entry *larger;

    if (extra <= run->page_capacity - run->page_count) return BP_OK;
    while (capacity < run->page_count + extra) capacity *= 2;
    larger = memory_resize(memory, run->pages, run->page_capacity * sizeof *larger, capacity * sizeof *larger);
    if (!larger) return error_no_memory(err, memory, capacity * sizeof *larger);
    run->pages = larger;
    run->page_capacity = capacity;
    return BP_OK;
}

static bp_status write_page(spill_run *run, const batch *rows, bp_error *err)
{
    page_entry entry = {.order = run->order, .rows = rows->row_count};
    spill_tool *tool = NULL;
    const char *bytes;
    bp_status status;

    if ((status = cancel_check(&run->file->context->cancel, err))) return status;
    if ((status = reserve_page(run, 1, err))) return status;
    if ((status = tool_borrow(&tool, run->file, err))) return status;
    if ((status = batch_bytes_write(&tool->page, rows, err))) goto done;
    entry.size = tool->page.size;
    if ((status = pack(run->file, tool, &bytes, &entry.stored, err))) goto done;
    entry.checksum = checksum_of(bytes, entry.stored);
    if ((status = file_append(&run->file->file, bytes, entry.stored, &entry.offset, err))) goto done;
    run->pages[run->page_count++] = entry;
    run->rows += entry.rows;
    run->bytes += entry.size;
done:
    tool_return(run->file, tool);
    return status;
}

/* writing runs ------------------------------------------------------------------------------------------------------------------------------- */
bp_status spill_run_new(spill_run **out, spill_file *file, const data_type *types, size_t column_count, size_t page_size,
                        bp_error *err)
{
    spill_run *made = memory_new(file->context->memory, spill_run);

    *out = made;
    if (!made) return error_no_memory(err, file->context->memory, sizeof *made);
    made->file = file;
    made->types = types;
    made->column_count = column_count;
    made->page_size = page_size;
    arena_init(&made->arena, file->context->memory);
    return BP_OK;
}

static void drop_buffer(spill_run *run)
{
    for (size_t i = 0; run->builders && i < run->column_count; i++) column_builder_clear(&run->builders[i]);
    run->builders = NULL;
    arena_reset(&run->arena);
    run->buffered_rows = run->buffered_bytes = 0;
}

void spill_run_free(spill_run *run)
{
    memory *memory;

    if (!run) return;
    memory = run->file->context->memory;
    drop_buffer(run);
    arena_clear(&run->arena);
    memory_free(memory, run->pages, run->page_capacity * sizeof *run->pages);
    memory_delete(memory, run);
}

/* As many rows as the page before had are likely. */
static bp_status begin_buffer(spill_run *run, bp_error *err)
{
    bp_status status = BP_OK;

    if (run->builders) return BP_OK;
    run->builders = arena_new_array(&run->arena, column_builder, run->column_count);
    if (!run->builders) return error_no_memory(err, run->arena.memory, run->column_count * sizeof *run->builders);
    for (size_t i = 0; i < run->column_count && !status; i++) {
        status = column_builder_init(&run->builders[i], run->types[i], &run->arena, err);
        if (!status && run->last_rows) status = column_builder_reserve(&run->builders[i], run->last_rows, err);
    }
    return status;
}

static bp_status flush_buffer(spill_run *run, bp_error *err)
{
    batch rows = {.row_count = run->buffered_rows, .column_count = run->column_count};
    bp_status status = BP_OK;

    if (run->buffered_rows) {
        rows.columns = arena_new_array(&run->arena, column, run->column_count);
        if (!rows.columns) return error_no_memory(err, run->arena.memory, run->column_count * sizeof *rows.columns);
        for (size_t i = 0; i < run->column_count && !status; i++)
            status = column_builder_view(&run->builders[i], &rows.columns[i], &run->arena, err);
        if (!status) status = write_page(run, &rows, err);
        run->last_rows = run->buffered_rows;
    }
    if (!status) drop_buffer(run);
    return status;
}

/* Rows enough for pages of their own are written without the way through the buffer. */
static bp_status write_pieces(spill_run *run, const batch *rows, size_t size, bp_error *err)
{
    size_t step = (size_t)((double)rows->row_count * (double)run->page_size / (double)size);
    bp_status status = BP_OK;
    arena scratch;

    if (step == 0) step = 1;
    if (step >= rows->row_count / 2 && size < 2 * run->page_size) return write_page(run, rows, err);
    arena_init(&scratch, run->file->context->memory);
    for (size_t begin = 0; begin < rows->row_count && !status; begin += step) {
        size_t count = rows->row_count - begin < step ? rows->row_count - begin : step;
        batch piece;
        arena_reset(&scratch);
        status = batch_slice(&piece, rows, begin, count, &scratch, err);
        if (!status) status = write_page(run, &piece, err);
    }
    arena_clear(&scratch);
    return status;
}

bp_status spill_run_append(spill_run *run, const batch *rows, bp_error *err)
{
    size_t size = batch_bytes_size(rows);
    bp_status status;

    if (rows->row_count == 0) return BP_OK;
    if (size >= run->page_size / 2) {
        if ((status = flush_buffer(run, err))) return status;
        return write_pieces(run, rows, size, err);
    }
    if ((status = begin_buffer(run, err))) return status;
    for (size_t i = 0; i < run->column_count && !status; i++)
        status = column_builder_append_rows(&run->builders[i], &rows->columns[i], 0, rows->row_count, err);
    if (status) return status;
    run->buffered_rows += rows->row_count;
    run->buffered_bytes += size;
    return run->buffered_bytes >= run->page_size ? flush_buffer(run, err) : BP_OK;
}

bp_status spill_run_order(spill_run *run, uint64_t order, bp_error *err)
{
    bp_status status = order == run->order ? BP_OK : flush_buffer(run, err);

    if (!status) run->order = order;
    return status;
}

static int by_order(const void *left_pointer, const void *right_pointer)
{
    const page_entry *left = left_pointer, *right = right_pointer;

    if (left->order != right->order) return left->order < right->order ? -1 : 1;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

bp_status spill_run_finish(spill_run *run, bp_error *err)
{
    bp_status status = flush_buffer(run, err);
    bool sorted = true;

    if (status) return status; /* the buffer is still there */
    arena_clear(&run->arena);
    for (size_t i = 1; i < run->page_count && sorted; i++) sorted = by_order(&run->pages[i - 1], &run->pages[i]) <= 0;
    if (!sorted) qsort(run->pages, run->page_count, sizeof *run->pages, by_order);
    return status;
}

bp_status spill_run_join(spill_run *into, spill_run *from, bp_error *err)
{
    bp_status status = reserve_page(into, from->page_count, err);

    if (status) return status;
    if (from->page_count) memcpy(&into->pages[into->page_count], from->pages, from->page_count * sizeof *from->pages);
    into->page_count += from->page_count;
    into->rows += from->rows;
    into->bytes += from->bytes;
    from->page_count = 0;
    from->rows = 0;
    from->bytes = 0;
    return BP_OK;
}

uint64_t spill_run_rows(const spill_run *run)
{
    return run->rows;
}

size_t spill_run_bytes(const spill_run *run)
{
    return run->bytes;
}

size_t spill_run_pages(const spill_run *run)
{
    return run->page_count;
}

size_t spill_run_page_rows(const spill_run *run, size_t page)
{
    return run->pages[page].rows;
}

memory *spill_run_memory(const spill_run *run)
{
    return run->file->context->memory;
}

uint64_t spill_run_page_order(const spill_run *run, size_t page)
{
    return run->pages[page].order;
}

/* reading ---------------------------------------------------------------------------------------------------------------------------------- */
static bp_status page_room(spill_page *page, size_t size, bp_error *err)
{
    if (size <= page->capacity) return BP_OK;
    memory_free(page->memory, page->bytes, page->capacity);
    page->capacity = 0;
    page->bytes = memory_allocate(page->memory, size);
    if (!page->bytes) return error_no_memory(err, page->memory, size);
    page->capacity = size;
    return BP_OK;
}

static bp_status read_stored(spill_file *file, const page_entry *entry, char *out, bp_error *err)
{
    size_t count;
    bp_status status = file_read_at(&file->file, entry->offset, out, entry->stored, &count, err);

    if (status) return status;
    if (count == entry->stored && checksum_of(out, count) == entry->checksum) return BP_OK;
    return error_set(err, BP_IO_ERROR,
                     "a temporary file in \"%.600s\" does not hold what was written to it at byte %llu: is the disk well?",
                     file->file.path, (unsigned long long)entry->offset);
}

static bp_status read_packed(spill_page *page, spill_file *file, const page_entry *entry, bp_error *err)
{
    spill_tool *tool;
    bp_status status = tool_borrow(&tool, file, err);

    if (status) return status;
    if (!tool->codec && (status = page_codec_new(&tool->codec, file->context->memory, err))) goto done;
    if (!builder_reserve(&tool->packed, entry->stored))
        status = builder_status(&tool->packed, err);
    else if (!(status = read_stored(file, entry, tool->packed.data, err)))
        status = page_unpack(tool->codec, tool->packed.data, entry->stored, page->bytes, entry->size, err);
done:
    tool_return(file, tool);
    return status;
}

bp_status spill_page_read(spill_page *page, spill_run *run, size_t index, bp_error *err)
{
    const page_entry *entry = &run->pages[index];
    memory *memory = run->file->context->memory;
    bp_status status;

    if (!page->memory) {
        page->memory = memory;
        arena_init(&page->arena, memory);
    }
    page->rows = (batch){0};
    arena_reset(&page->arena);
    if ((status = cancel_check(&run->file->context->cancel, err))) return status;
    if ((status = page_room(page, entry->size, err))) return status;
    status =
        entry->stored == entry->size ? read_stored(run->file, entry, page->bytes, err) : read_packed(page, run->file, entry, err);
    if (status) return status;
    page->size = entry->size;
    if (index + 1 < run->page_count)
        file_advise(&run->file->file, FILE_WILL_NEED, run->pages[index + 1].offset, run->pages[index + 1].stored);
    return batch_bytes_open(&page->rows, page->bytes, page->size, run->types, run->column_count, &page->arena, err);
}

void spill_page_clear(spill_page *page)
{
    if (!page->memory) return;
    memory_free(page->memory, page->bytes, page->capacity);
    arena_clear(&page->arena);
    *page = (spill_page){0};
}

void spill_reader_init(spill_reader *reader, spill_run *run, size_t begin_page, size_t end_page)
{
    *reader = (spill_reader){.run = run, .next = begin_page, .end = end_page};
}

void spill_reader_clear(spill_reader *reader)
{
    spill_page_clear(&reader->page);
}

bp_status spill_reader_next(spill_reader *reader, batch *out, bp_error *err)
{
    bp_status status;

    *out = (batch){0};
    if (reader->next == reader->end) return BP_OK;
    if ((status = spill_page_read(&reader->page, reader->run, reader->next++, err))) return status;
    *out = reader->page.rows;
    return BP_OK;
}

/* partitions -------------------------------------------------------------------------------------------------------------------------------- */
static size_t partition_count(const spill_partitions *partitions)
{
    return (size_t)1 << partitions->bits;
}

bp_status spill_partitions_init(spill_partitions *out, spill_file *file, const data_type *types, size_t column_count, unsigned bits,
                                unsigned shift, size_t page_size, bp_error *err)
{
    memory *memory = file->context->memory;
    size_t count = (size_t)1 << bits;
    bp_status status = BP_OK;

    CHECK(bits <= SPILL_PARTITION_BITS_MOST && bits <= shift && shift <= 64);
    *out = (spill_partitions){.context = file->context, .bits = bits, .shift = shift};
    out->runs = memory_allocate_array(memory, count, sizeof *out->runs);
    out->counts = memory_allocate_array(memory, count + 1, sizeof *out->counts);
    if (!out->runs || !out->counts) status = error_no_memory(err, memory, count * sizeof *out->runs);
    for (size_t i = 0; i < count && !status; i++) status = spill_run_new(&out->runs[i], file, types, column_count, page_size, err);
    if (status) spill_partitions_clear(out);
    return status;
}

void spill_partitions_clear(spill_partitions *partitions)
{
    memory *memory = partitions->context ? partitions->context->memory : NULL;
    size_t count = partition_count(partitions);

    if (!memory) return;
    for (size_t i = 0; partitions->runs && i < count; i++) spill_run_free(partitions->runs[i]);
    memory_free(memory, partitions->runs, count * sizeof *partitions->runs);
    memory_free(memory, partitions->counts, (count + 1) * sizeof *partitions->counts);
    *partitions = (spill_partitions){0};
}

/* Numbers of rows by partition, stable; partition i has order[counts[i]] … order[counts[i + 1] - 1]. */
static void order_by_partition(spill_partitions *partitions, const uint64_t *hashes, size_t rows, uint32_t *order)
{
    size_t count = partition_count(partitions);
    unsigned shift = partitions->shift - partitions->bits;
    uint32_t *places = partitions->counts, total = 0;

    memset(places, 0, (count + 1) * sizeof *places);
    for (size_t i = 0; i < rows; i++) places[(hashes[i] >> shift) & (count - 1)]++;
    for (size_t i = 0; i < count; i++) {
        uint32_t here = places[i];
        places[i] = total;
        total += here;
    }
    for (size_t i = 0; i < rows; i++) order[places[(hashes[i] >> shift) & (count - 1)]++] = (uint32_t)i;
    memmove(places + 1, places, count * sizeof *places); /* each stands where the next begins now */
    places[0] = 0;
}

bp_status spill_partitions_append(spill_partitions *partitions, const batch *rows, const uint64_t *hashes, bp_error *err)
{
    size_t count = partition_count(partitions);
    bp_status status = BP_OK;
    uint32_t *order;
    arena scratch;

    arena_init(&scratch, partitions->context->memory);
    order = arena_allocate_array(&scratch, rows->row_count, sizeof *order);
    if (!order) {
        status = error_no_memory(err, scratch.memory, rows->row_count * sizeof *order);
        goto done;
    }
    order_by_partition(partitions, hashes, rows->row_count, order);
    for (size_t i = 0; i < count && !status; i++) {
        uint32_t begin = partitions->counts[i], end = partitions->counts[i + 1];
        batch part;
        if (begin == end) continue;
        status = batch_gather(&part, rows, order + begin, end - begin, &scratch, err);
        if (!status) status = spill_run_append(partitions->runs[i], &part, err);
    }
done:
    arena_clear(&scratch);
    return status;
}

bp_status spill_partitions_order(spill_partitions *partitions, uint64_t order, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < partition_count(partitions) && !status; i++) status = spill_run_order(partitions->runs[i], order, err);
    return status;
}

bp_status spill_partitions_finish(spill_partitions *partitions, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < partition_count(partitions) && !status; i++) status = spill_run_finish(partitions->runs[i], err);
    return status;
}

bp_status spill_partitions_join(spill_partitions *into, spill_partitions *from, bp_error *err)
{
    bp_status status = BP_OK;

    CHECK(into->bits == from->bits && into->shift == from->shift);
    for (size_t i = 0; i < partition_count(into) && !status; i++) status = spill_run_join(into->runs[i], from->runs[i], err);
    return status;
}
