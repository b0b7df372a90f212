/* Memory with a reference count: an arena that several holders keep alive. Made and filled by one thread; retained and released by any. */
#ifndef COLUMN_REGION_H
#define COLUMN_REGION_H

#include "base/arena.h"

typedef struct region region;

/* A new region with one reference; it retains `memory`. NULL: no memory. */
MUST_USE region *region_new(memory *memory);
region *region_retain(region *region);
void region_release(region *region); /* NULL is fine */
/* The arena to fill; only while the maker is the only holder. */
arena *region_arena(region *region);
bool region_is_shared(const region *region);
/* While the maker is the only holder: run what was to be run at the end, and empty the arena for its next use. */
void region_reset(region *region);
/* Run `function(data)` when the region ends: for foreign memory (an imported ArrowArray) that the region stands for. */
MUST_USE bool region_on_end(region *region, void (*function)(void *data), void *data);

#endif
