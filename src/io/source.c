/* Counting the holders of a source, the end of scans, and what sources over files share. */
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

size_t scan_place_columns(const scan_request *request, size_t *columns, size_t *filter_places)
{
    size_t count = request->column_count;

    for (size_t i = 0; i < count; i++) columns[i] = request->columns[i];
    for (size_t f = 0; f < request->filter_count; f++) {
        size_t place = 0;
        while (place < count && columns[place] != request->filters[f].column) place++;
        if (place == count) columns[count++] = request->filters[f].column;
        filter_places[f] = place;
    }
    return count;
}

bool source_describe_files(builder *out, string_view first, size_t count)
{
    builder_text(out, first);
    if (count > 1) builder_format(out, " and %zu more files", count - 1);
    return out->status == BP_OK;
}

bp_status source_types_differ(bp_context *context, string_view path, string_view name, data_type here, data_type there,
                              bp_error *err)
{
    builder text;

    builder_init(&text, context->memory, 4096);
    type_print(&text, here);
    builder_literal(&text, " here and ");
    type_print(&text, there);
    error_set(err, BP_NOT_SUPPORTED,
              "\"%.*s\": column \"%.*s\" is %.*s in another file; files of different types are not read together yet",
              STRING_ARGUMENTS(path), STRING_ARGUMENTS(name), STRING_ARGUMENTS(builder_view(&text)));
    builder_clear(&text);
    return BP_NOT_SUPPORTED;
}
