/* Dictionaries. In a stream each may be replaced, or grow by deltas, from one batch to the next; in a file all messages hold for all batches. A batch asks for what the messages
 * in front of it say; the newest that was read is kept, and grows when only deltas came since.
 *
 * A dictionary whose values have dictionaries themselves finds them among the messages in front of it. No dictionary is within itself (ipc_schema_read.c), so that ends. */
#include "base/cancel.h"
#include "column/concatenate.h"
#include "ipc_scan.h"

typedef struct ipc_entries {
    size_t messages; /* index behind the last message that is in it; 0: nothing was read */
    region *region;
    column column; /* FLAT */
} ipc_entries;

void ipc_dictionaries_init(ipc_dictionaries *out, memory *memory)
{
    *out = (ipc_dictionaries){.memory = memory};
    mutex_init(&out->lock);
}

static void drop_entries(ipc_dictionaries *dictionaries)
{
    for (size_t i = 0; dictionaries->entries && i < dictionaries->count; i++) region_release(dictionaries->entries[i].region);
    memory_free(dictionaries->memory, dictionaries->entries, dictionaries->count * sizeof(ipc_entries));
    dictionaries->entries = NULL;
}

void ipc_dictionaries_clear(ipc_dictionaries *dictionaries)
{
    drop_entries(dictionaries);
    mutex_clear(&dictionaries->lock);
}

bp_status ipc_dictionaries_enter(ipc_dictionaries *dictionaries, const ipc_contents *contents, bp_error *err)
{
    bp_status status = BP_OK;

    mutex_lock(&dictionaries->lock);
    if (!dictionaries->entries) {
        dictionaries->count = contents->dictionary_count;
        dictionaries->entries = memory_allocate_array(dictionaries->memory, dictionaries->count, sizeof(ipc_entries));
        if (!dictionaries->entries) status = error_no_memory(err, dictionaries->memory, dictionaries->count * sizeof(ipc_entries));
    }
    if (!status) dictionaries->users++;
    mutex_unlock(&dictionaries->lock);
    return status;
}

void ipc_dictionaries_leave(ipc_dictionaries *dictionaries)
{
    mutex_lock(&dictionaries->lock);
    if (--dictionaries->users == 0) drop_entries(dictionaries);
    mutex_unlock(&dictionaries->lock);
}

static void release_region(void *region)
{
    region_release(region);
}

static bool keep_region(region *keeper, region *kept)
{
    if (!region_on_end(keeper, release_region, kept)) return false;
    region_retain(kept);
    return true;
}

static void release_array(struct ArrowArray *array)
{
    region_release(array->private_data);
    array->release = NULL;
}

/* Reading -------------------------------------------------------------------------------------------------------------------------------- */
/* The values of one message. The caller releases out->region. */
static bp_status read_message(ipc_entries *out, const ipc_dictionary_place *place, const ipc_dictionary *dictionary, size_t message,
                              bp_error *err)
{
    const ipc_block *block = &place->contents->dictionary_blocks.items[message];
    ipc_dictionary_place inner = {place->dictionaries, place->contents, place->file, message};
    memory *memory = place->dictionaries->memory;
    region *bytes = region_new(memory);
    struct ArrowArray array;
    flat_table table;
    ipc_reader reader;
    ipc_batch batch;
    bool end;
    bp_status status;

    if (!bytes) return error_no_memory(err, memory, sizeof array);
    ipc_reader_init(&reader, memory);
    if ((status = ipc_reader_open(&reader, place->file, block->offset, &end, err))) goto done;
    table = flat_child(&reader.header, DICTIONARY_DATA);
    if ((status = ipc_batch_open(&batch, &reader, place->file, place->contents, &table, err))) goto done;
    status = ipc_batch_read(&batch, &array, bytes, (ipc_place){0}, dictionary->value, &dictionary->format,
                            (ipc_resolver){ipc_dictionary_find, &inner}, err);
    if (status) goto done;
    array.release = release_array;
    array.private_data = region_retain(bytes);
    status = arrow_import_column(&out->column, &out->region, memory, dictionary->value, &array, err);
done:
    ipc_reader_clear(&reader);
    region_release(bytes);
    return status;
}

/* `more` behind `first`, in a region that keeps both. */
static bp_status join(ipc_entries *out, const ipc_entries *first, const ipc_entries *more, memory *memory, bp_error *err)
{
    region *region = region_new(memory);
    column flat[2];
    const column *parts[2] = {&flat[0], &flat[1]};
    bp_status status;

    if (!region || !keep_region(region, first->region) || !keep_region(region, more->region)) {
        region_release(region);
        return error_no_memory(err, memory, sizeof flat);
    }
    status = column_flatten(&flat[0], &first->column, region_arena(region), err);
    if (!status) status = column_flatten(&flat[1], &more->column, region_arena(region), err);
    if (!status) status = column_concatenate(&out->column, first->column.type, parts, 2, region_arena(region), err);
    if (status)
        region_release(region);
    else
        out->region = region;
    return status;
}

/* Read message after message of the dictionary into `entries`, which holds what came before `from`, or nothing; behind message `last` it is done. On failure entries->region is
 * still to be released. */
static bp_status read_messages(ipc_entries *entries, const ipc_dictionary_place *place, const ipc_dictionary *dictionary,
                               size_t from, size_t last, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = from; i <= last && !status; i++) {
        ipc_entries piece = {0}, joined = {0};
        if (place->contents->dictionary_blocks.items[i].dictionary != dictionary) continue;
        if ((status = cancel_check(&place->file->context->cancel, err))) return status;
        if ((status = read_message(&piece, place, dictionary, i, err))) return status;
        if (!entries->region) {
            *entries = piece;
            continue;
        }
        status = join(&joined, entries, &piece, place->dictionaries->memory, err);
        region_release(piece.region);
        if (status) return status;
        region_release(entries->region);
        *entries = joined;
    }
    if (!status && entries->column.encoding != COLUMN_FLAT)
        status = column_flatten(&entries->column, &entries->column, region_arena(entries->region), err);
    entries->messages = last + 1;
    return status;
}

/* The last message among the first `before` that is of the dictionary; with `whole`, that is no delta, or the first of all. SIZE_MAX: none. */
static size_t last_message(const ipc_dictionary_place *place, const ipc_dictionary *dictionary, size_t before, bool whole)
{
    size_t found = SIZE_MAX;

    for (size_t i = before; i-- > 0;) {
        const ipc_block *block = &place->contents->dictionary_blocks.items[i];
        if (block->dictionary != dictionary) continue;
        found = i;
        if (!whole || !block->is_delta) break;
    }
    return found;
}

/* What is kept, when it can be used: all of it, or what deltas are to follow. The caller releases the region. */
static ipc_entries kept_entries(const ipc_dictionary_place *place, const ipc_dictionary *dictionary, size_t base, size_t last)
{
    ipc_entries kept;

    mutex_lock(&place->dictionaries->lock);
    kept = place->dictionaries->entries[dictionary->index];
    if (kept.messages <= base || kept.messages > last + 1)
        kept = (ipc_entries){0};
    else
        region_retain(kept.region);
    mutex_unlock(&place->dictionaries->lock);
    return kept;
}

static void keep_entries(const ipc_dictionary_place *place, const ipc_dictionary *dictionary, const ipc_entries *entries)
{
    ipc_entries *kept = &place->dictionaries->entries[dictionary->index], old;

    mutex_lock(&place->dictionaries->lock);
    old = *kept;
    if (old.messages < entries->messages) {
        *kept = *entries;
        region_retain(entries->region);
    } else {
        old.region = NULL;
    }
    mutex_unlock(&place->dictionaries->lock);
    region_release(old.region);
}

bp_status ipc_dictionary_find(void *data, const ipc_dictionary *dictionary, region *region, struct ArrowArray *out, bp_error *err)
{
    const ipc_dictionary_place *place = data;
    size_t last = last_message(place, dictionary, place->before, false), base;
    ipc_entries entries;
    column *held;
    bp_status status = BP_OK;

    if (last == SIZE_MAX)
        return error_set(err, BP_BAD_FORMAT, "the Arrow data are damaged: dictionary %lld is used but has not been there before",
                         (long long)dictionary->id);
    base = last_message(place, dictionary, last + 1, true);
    entries = kept_entries(place, dictionary, base, last);
    if (entries.messages != last + 1) {
        status = read_messages(&entries, place, dictionary, entries.region ? entries.messages : base, last, err);
        if (!status) keep_entries(place, dictionary, &entries);
    }
    held = status ? NULL : arena_new(region_arena(region), column);
    if (!status && (!held || !keep_region(region, entries.region)))
        status = error_no_memory(err, place->dictionaries->memory, sizeof *held);
    if (!status) {
        *held = entries.column;
        arrow_array_of_column(out, held);
    }
    region_release(entries.region);
    return status;
}
