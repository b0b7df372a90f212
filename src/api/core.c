/* bedplate/core.h: contexts, settings, and what a terminal wants to know of a text. */
#include "base/context.h"
#include "text/unicode.h"

bp_status bp_context_new(bp_context **out, bp_error *err)
{
    error_clear(err);
    if (!out) return error_set(err, BP_BAD_ARGUMENT, "bp_context_new: out is NULL");
    return context_new(out, err);
}

void bp_context_free(bp_context *context)
{
    context_free(context);
}

void bp_context_cancel(bp_context *context)
{
    if (context) cancel_request(&context->cancel);
}

bp_status bp_context_set(bp_context *context, const char *name, const char *value, bp_error *err)
{
    error_clear(err);
    if (!context || !name) return error_set(err, BP_BAD_ARGUMENT, "bp_context_set: context or name is NULL");
    return config_set(context, name, value, err);
}

bp_status bp_context_get(bp_context *context, const char *name, char *text, size_t size, bp_error *err)
{
    error_clear(err);
    if (!context || !name || (!text && size))
        return error_set(err, BP_BAD_ARGUMENT, "bp_context_get: context, name or text is NULL");
    return config_get(context, name, text, size, err);
}

const char *bp_setting_name(size_t index, const char **text)
{
    config_row row;

    if (!config_row_at(index, &row)) return NULL;
    if (text) *text = row.text;
    return row.name;
}

size_t bp_context_memory_used(const bp_context *context)
{
    return context ? memory_used(context->memory) : 0;
}

size_t bp_context_memory_peak(const bp_context *context)
{
    return context ? memory_peak(context->memory) : 0;
}

bp_status bp_context_set_memory_limit(bp_context *context, size_t bytes, bp_error *err)
{
    error_clear(err);
    if (!context) return error_set(err, BP_BAD_ARGUMENT, "bp_context_set_memory_limit: context is NULL");
    if (bytes == 0) return error_set(err, BP_BAD_ARGUMENT, "bp_context_set_memory_limit: a limit of 0 bytes allows nothing");
    memory_set_limit(context->memory, bytes);
    return BP_OK;
}

void bp_context_timeout_begin(bp_context *context)
{
    if (context) cancel_share_timeout(&context->cancel, true);
}

void bp_context_timeout_end(bp_context *context)
{
    if (context) cancel_share_timeout(&context->cancel, false);
}

void bp_context_set_poll(bp_context *context, bp_poll_function poll, void *data)
{
    if (!context) return;
    context->cancel.poll = poll;
    context->cancel.poll_data = data;
}

double bp_context_progress(const bp_context *context)
{
    uint64_t total = context ? atomic_load_explicit(&context->cancel.total_work, memory_order_relaxed) : 0;
    uint64_t progress = context ? atomic_load_explicit(&context->cancel.progress, memory_order_relaxed) : 0;

    if (!total) return -1;
    return progress < total ? (double)progress / (double)total : 1;
}

size_t bp_text_cluster(const char *text, size_t size, size_t begin, int *width)
{
    size_t end = text && begin < size ? unicode_grapheme_end((string_view){text, size}, begin) : size;

    if (width) *width = text && begin < size ? (int)unicode_text_width((string_view){text + begin, end - begin}) : 0;
    return end;
}
