/* Making and ending a context. The context itself lies in its own account, so whatever outlives it (exported Arrow data) needs only the
 * account, whose last reference may be given up at any time. */
#include "context.h"

bp_status context_new(bp_context **out, bp_error *err)
{
    memory *memory = memory_account_new(NULL, config_default_memory_limit());
    bp_context *context = memory ? memory_new(memory, bp_context) : NULL;
    bp_status status = BP_OK;

    *out = NULL;
    if (!context) {
        status = error_set(err, BP_NO_MEMORY, "the system has no memory left for a context");
        goto done;
    }
    context->memory = memory_retain(memory);
    config_init(&context->config);
    cancel_init(&context->cancel);
    memory_set_cancel(memory, &context->cancel);
    if ((status = thread_pool_new(&context->threads, context, err))) goto done;
    *out = context;
    context = NULL; /* moved to the caller */
done:
    context_free(context);
    memory_release(memory);
    return status;
}

void context_free(bp_context *context)
{
    memory *memory;

    if (!context) return;
    memory = context->memory;
    thread_pool_free(context->threads);
    memory_set_cancel(memory, NULL);
    memory_delete(memory, context);
    memory_trim(memory);
    memory_release(memory);
}
