/* A region: an arena, a count of its holders, and a list of what to run at its end. The list lies in the arena itself. */
#include "region.h"

#include <stdatomic.h>

typedef struct ending {
    struct ending *older;
    void (*function)(void *data);
    void *data;
} ending;

struct region {
    memory *memory; /* retained */
    arena arena;
    ending *endings; /* the newest first */
    atomic_size_t references;
};

region *region_new(memory *memory)
{
    region *region = memory_new(memory, struct region);

    if (!region) return NULL;
    region->memory = memory_retain(memory);
    arena_init(&region->arena, memory);
    atomic_init(&region->references, 1);
    return region;
}

region *region_retain(region *region)
{
    atomic_fetch_add_explicit(&region->references, 1, memory_order_relaxed);
    return region;
}

static void run_endings(region *region)
{
    for (ending *ending = region->endings; ending; ending = ending->older) ending->function(ending->data);
    region->endings = NULL;
}

void region_reset(region *region)
{
    CHECK(!region_is_shared(region));
    run_endings(region);
    arena_reset(&region->arena);
}

void region_release(region *region)
{
    memory *memory;

    if (!region || atomic_fetch_sub_explicit(&region->references, 1, memory_order_acq_rel) != 1) return;
    run_endings(region);
    memory = region->memory;
    arena_clear(&region->arena);
    memory_delete(memory, region);
    memory_release(memory);
}

arena *region_arena(region *region)
{
    return &region->arena;
}

bool region_is_shared(const region *region)
{
    return atomic_load_explicit(&region->references, memory_order_acquire) > 1;
}

bool region_on_end(region *region, void (*function)(void *data), void *data)
{
    ending *ending = arena_new(&region->arena, struct ending);

    if (!ending) return false;
    ending->older = region->endings;
    ending->function = function;
    ending->data = data;
    region->endings = ending;
    return true;
}
