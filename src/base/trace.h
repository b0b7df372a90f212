/* Spans, counters and messages, given to a function of the host. Off (no function): one load and a branch.
 *
 *     trace_span span = trace_begin(context, "csv.sniff");
 *     …
 *     trace_end(context, &span, bytes);
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "clock.h"
#include "macros.h"

struct bp_context;

typedef enum trace_kind { TRACE_SPAN, TRACE_COUNTER, TRACE_MESSAGE } trace_kind;

typedef struct trace_event {
    trace_kind kind;
    const char *name; /* static text: "module.what" */
    const char *text; /* MESSAGE; else NULL. Valid during the call only */
    int64_t start_ns; /* monotonic */
    int64_t duration_ns; /* SPAN */
    int64_t value; /* COUNTER: how much more; SPAN: rows, bytes … */
    uint64_t thread; /* the system's number of the thread */
} trace_event;

/* Called on whatever thread the event happens on, perhaps on several at once; must be quick and must not call Bedplate. */
typedef void (*trace_function)(void *data, const trace_event *event);

typedef struct trace {
    trace_function function; /* NULL: off */
    void *data;
} trace;

/* Not while a call runs in the context. */
void trace_set(struct bp_context *context, trace_function function, void *data);
bool trace_is_on(const struct bp_context *context);

typedef struct trace_span {
    const char *name; /* NULL: tracing was off at its beginning */
    int64_t start_ns;
} trace_span;

trace_span trace_begin(const struct bp_context *context, const char *name);
void trace_end(const struct bp_context *context, const trace_span *span, int64_t value);
void trace_count(const struct bp_context *context, const char *name, int64_t value);
/* printf; formatted only when tracing is on; cut at 500 bytes. */
void trace_message(const struct bp_context *context, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
