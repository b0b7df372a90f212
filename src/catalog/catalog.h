/* The catalog: names of tables, views and registered sources of one connection. Names are found ignoring ASCII case. One thread at a time. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "column/table.h"
#include "io/source.h"

typedef enum catalog_kind { CATALOG_TABLE, CATALOG_VIEW, CATALOG_SOURCE } catalog_kind;

typedef struct catalog_entry {
    catalog_kind kind;
    string_view name; /* as it was written first */
    arena arena; /* of the texts and types below */
    /* TABLE */
    table *table;
    source *source; /* over the table as it is, or the registered source; NULL: made when asked for */
    bool *not_null; /* one a column */
    string_view *default_text; /* one a column: an SQL expression, or empty */
    /* VIEW */
    string_view sql; /* the text of its query */
    string_view *view_columns; /* names that replace the query's; view_column_count may be 0 */
    size_t view_column_count;
} catalog_entry;

typedef struct catalog {
    bp_context *context;
    catalog_entry **entries; /* in order of creation */
    size_t count, capacity;
    uint64_t version; /* rises with each change */
} catalog;

void catalog_init(catalog *catalog, bp_context *context);
void catalog_clear(catalog *catalog);

catalog_entry *catalog_find(const catalog *catalog, string_view name); /* NULL: none */
/* A new entry without contents, not yet to be found; ends with catalog_publish() or catalog_entry_free(). */
MUST_USE bp_status catalog_entry_new(catalog_entry **out, catalog *catalog, catalog_kind kind, string_view name, bp_error *err);
void catalog_entry_free(catalog *catalog, catalog_entry *entry);
/* Make it visible (moved in, also on failure). replace: an entry of that name goes; else it is BP_EXISTS. */
MUST_USE bp_status catalog_publish(catalog *catalog, catalog_entry *entry, bool replace, bp_error *err);
/* False: no such entry. */
bool catalog_drop(catalog *catalog, string_view name);
/* The source to scan an entry of kind TABLE or SOURCE with; borrowed. */
MUST_USE bp_status catalog_entry_source(source **out, catalog *catalog, catalog_entry *entry, bp_error *err);
/* The table's rows have changed (INSERT): put `table` in place of the old one (moved in). */
void catalog_entry_replace_table(catalog *catalog, catalog_entry *entry, table *table);

#endif
