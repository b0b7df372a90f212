/* A list of entries: catalogs hold tens of names, and a look is a few string comparisons. */
#include "catalog.h"

void catalog_init(catalog *catalog, bp_context *context)
{
    *catalog = (struct catalog){.context = context};
}

void catalog_entry_free(catalog *catalog, catalog_entry *entry)
{
    if (!entry) return;
    source_release(entry->source);
    table_release(entry->table);
    arena_clear(&entry->arena);
    memory_delete(catalog->context->memory, entry);
}

void catalog_clear(catalog *catalog)
{
    if (!catalog->context) return;
    for (size_t i = 0; i < catalog->count; i++) catalog_entry_free(catalog, catalog->entries[i]);
    memory_free(catalog->context->memory, catalog->entries, catalog->capacity * sizeof *catalog->entries);
    *catalog = (struct catalog){0};
}

static size_t index_of(const catalog *catalog, string_view name)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (string_equal_nocase(catalog->entries[i]->name, name)) return i;
    return SIZE_MAX;
}

catalog_entry *catalog_find(const catalog *catalog, string_view name)
{
    size_t index = index_of(catalog, name);

    return index == SIZE_MAX ? NULL : catalog->entries[index];
}

bp_status catalog_entry_new(catalog_entry **out, catalog *catalog, catalog_kind kind, string_view name, bp_error *err)
{
    memory *memory = catalog->context->memory;
    catalog_entry *entry;

    *out = NULL;
    if (name.size == 0 || name.size > LIMIT_NAME_SIZE)
        return error_set(err, BP_LIMIT, "a name of %zu bytes; names have 1 to %d", name.size, LIMIT_NAME_SIZE);
    if (!(entry = memory_new(memory, catalog_entry))) return error_no_memory(err, memory, sizeof *entry);
    entry->kind = kind;
    arena_init(&entry->arena, memory);
    entry->name = arena_copy(&entry->arena, name);
    if (!entry->name.data) {
        catalog_entry_free(catalog, entry);
        return error_no_memory(err, memory, name.size);
    }
    *out = entry;
    return BP_OK;
}

static bp_status make_room(catalog *catalog, bp_error *err)
{
    memory *memory = catalog->context->memory;
    size_t wanted = catalog->capacity ? catalog->capacity * 2 : 8;
    catalog_entry **larger;

    if (catalog->count < catalog->capacity) return BP_OK;
    larger = memory_resize(memory, catalog->entries, catalog->capacity * sizeof *larger, wanted * sizeof *larger);
    if (!larger) return error_no_memory(err, memory, wanted * sizeof *larger);
    catalog->entries = larger;
    catalog->capacity = wanted;
    return BP_OK;
}

bp_status catalog_publish(catalog *catalog, catalog_entry *entry, bool replace, bp_error *err)
{
    size_t index = index_of(catalog, entry->name);
    bp_status status = BP_OK;

    if (index != SIZE_MAX && !replace)
        status = error_set(err, BP_EXISTS, "\"%.*s\" is there already; DROP it first, or say CREATE OR REPLACE",
                           STRING_ARGUMENTS(entry->name));
    else if (index == SIZE_MAX)
        status = make_room(catalog, err);
    if (status) {
        catalog_entry_free(catalog, entry);
        return status;
    }
    if (index != SIZE_MAX) {
        catalog_entry_free(catalog, catalog->entries[index]);
        catalog->entries[index] = entry;
    } else {
        catalog->entries[catalog->count++] = entry;
    }
    catalog->version++;
    return BP_OK;
}

bool catalog_drop(catalog *catalog, string_view name)
{
    size_t index = index_of(catalog, name);

    if (index == SIZE_MAX) return false;
    catalog_entry_free(catalog, catalog->entries[index]);
    catalog->count--;
    memmove(&catalog->entries[index], &catalog->entries[index + 1], (catalog->count - index) * sizeof *catalog->entries);
    catalog->version++;
    return true;
}

bp_status catalog_entry_source(source **out, catalog *catalog, catalog_entry *entry, bp_error *err)
{
    bp_status status = BP_OK;

    if (!entry->source) status = table_source_new(&entry->source, catalog->context, entry->table, err);
    *out = entry->source;
    return status;
}

void catalog_entry_replace_table(catalog *catalog, catalog_entry *entry, table *table)
{
    source_release(entry->source);
    entry->source = NULL;
    if (entry->table != table) table_release(entry->table);
    entry->table = table;
    catalog->version++;
}
