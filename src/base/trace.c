/* Tracing: the callback lies in the context, so nothing is global and an unused trace costs one load. */
#define _GNU_SOURCE
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"

#define MESSAGE_SIZE 500

void trace_set(bp_context *context, trace_function function, void *data)
{
    context->trace.function = function;
    context->trace.data = data;
}

bool trace_is_on(const bp_context *context)
{
    return context->trace.function != NULL;
}

static void emit(const bp_context *context, trace_event event)
{
    event.thread = (uint64_t)syscall(SYS_gettid);
    context->trace.function(context->trace.data, &event);
}

trace_span trace_begin(const bp_context *context, const char *name)
{
    if (LIKELY(!context->trace.function)) return (trace_span){NULL, 0};
    return (trace_span){name, clock_monotonic_ns()};
}

void trace_end(const bp_context *context, const trace_span *span, int64_t value)
{
    if (LIKELY(!span->name) || !context->trace.function) return;
    emit(context, (trace_event){.kind = TRACE_SPAN,
                                .name = span->name,
                                .start_ns = span->start_ns,
                                .duration_ns = clock_monotonic_ns() - span->start_ns,
                                .value = value});
}

void trace_count(const bp_context *context, const char *name, int64_t value)
{
    if (LIKELY(!context->trace.function)) return;
    emit(context, (trace_event){.kind = TRACE_COUNTER, .name = name, .start_ns = clock_monotonic_ns(), .value = value});
}

void trace_message(const bp_context *context, const char *name, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list arguments;

    if (LIKELY(!context->trace.function)) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emit(context, (trace_event){.kind = TRACE_MESSAGE, .name = name, .text = text, .start_ns = clock_monotonic_ns()});
}
