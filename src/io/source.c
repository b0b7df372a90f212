/* Counting the holders of a source, and the end of scans. */
#include "source.h"

source *source_retain(source *source)
{
    atomic_fetch_add_explicit(&source->references, 1, memory_order_relaxed);
    return source;
}

void source_release(source *source)
{
    if (source && atomic_fetch_sub_explicit(&source->references, 1, memory_order_acq_rel) == 1) source->class->free(source);
}

void scan_free(scan *scan)
{
    if (scan) scan->class->free(scan);
}
