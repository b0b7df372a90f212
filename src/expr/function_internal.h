/* What the kernels of scalar functions share. A kernel fills out->values for all rows; arguments are FLAT or CONSTANT. */
#ifndef EXPR_FUNCTION_INTERNAL_H
#define EXPR_FUNCTION_INTERNAL_H

#include "base/error.h"
#include "base/find.h"
#include "base/random.h"
#include "compute/match.h"
#include "evaluate_internal.h"
#include "function.h"
#include "text_room.h"

#define KERNEL(name) bp_status name(const function_call *call, const column *arguments, size_t count, column *out, bp_error *err)

static inline size_t row_of(const column *column, size_t row)
{
    return column->encoding == COLUMN_CONSTANT ? 0 : row;
}
/* Value of an argument; the column may be constant. */
#define VALUE(column, type, row) (((const type *)(column)->values)[row_of(column, row)])
static inline string_view text_value(const column *column, size_t row)
{
    return string_ref_view(&((const string_ref *)column->values)[row_of(column, row)]);
}
/* A NULL among the arguments of a strict function. */
static inline bool call_skips(const function_call *call, size_t row)
{
    return call->validity && !bitmap_get(call->validity, row);
}

/* Loops over rows add the bytes that each costs to a meter: about once a megabyte, a millisecond of work, the clock is looked at. What was
 * found there, by any loop of this call, is seen at once. */
static inline bp_status call_worked(const function_call *call, size_t *meter, size_t bytes, bp_error *err)
{
    if ((*meter += bytes) < (size_t)1 << 20 &&
        atomic_load_explicit(&call->context->cancel.state, memory_order_relaxed) <= CANCEL_IDLE)
        return BP_OK;
    *meter = 0;
    return cancel_check(&call->context->cancel, err);
}
/* Loops within one value, of which a maker cannot return a status: stop, and the caller looks again. */
static inline bool call_stops(const function_call *call, size_t *meter, size_t bytes)
{
    return call_worked(call, meter, bytes, NULL) != BP_OK;
}

static inline bp_status call_no_memory(const function_call *call, size_t size, bp_error *err)
{
    return error_no_memory(err, call->arena->memory, size);
}
/* The result's values, uninitialised (bits and text: zeroed); NULL: no memory. */
static inline void *call_values(const function_call *call, column *out, size_t width)
{
    void *values = width == 16 ? arena_allocate_zeroed(call->arena, call->rows * 16 + 64)
                               : arena_allocate_aligned(call->arena, call->rows * width + 64, 64);

    out->values = values;
    return values;
}
static inline uint64_t *call_bits(const function_call *call, column *out)
{
    uint64_t *bits = arena_allocate_zeroed(call->arena, (bitmap_words(call->rows) + 1) * 8);

    out->values = bits;
    return bits;
}
/* A validity of the result that the kernel may clear bits of: a copy of the arguments'. NULL: no memory. */
static inline uint64_t *call_own_validity(const function_call *call, column *out)
{
    size_t words = bitmap_words(call->rows);
    uint64_t *validity = arena_allocate(call->arena, (words + 1) * 8);

    if (!validity) return NULL;
    if (call->validity)
        memcpy(validity, call->validity, words * 8);
    else
        memset(validity, 0xff, words * 8);
    out->validity = validity;
    return validity;
}

/* The value of a literal argument at bind time: false when it is no literal or NULL. */
bool binding_text(const function_binding *binding, size_t index, string_view *out);
bool binding_int64(const function_binding *binding, size_t index, int64_t *out);

/* An integer of any width (UHUGEINT: as HUGEINT) at a row, and back; false: it does not fit. */
int128 column_integer(const column *in, size_t row);
bool column_integer_store(void *values, data_type type, size_t row, int128 value);

/* Per evaluator state of random() and uuid(). */
typedef struct random_state {
    random_stream stream;
    bool begun;
} random_state;

/* Per evaluator state of the regexp_ functions: what functions.def reserves. */
#define REGEX_STATE_SIZE 96
void regex_state_clear(void *state, bp_context *context);

/* A division by zero: an error, or NULL when the setting says so (then the bit in `validity` is cleared). */
bp_status division_by_zero(const function_call *call, const char *what, bp_error *err);

/* Texts that a kernel makes: the maker appends a row's result to `text`, false: the builder failed. */
#define TEXT(index) text_value(&arguments[index], row)
typedef bool (*text_maker)(builder *text, const function_call *call, const column *arguments, size_t count, size_t row);
bp_status text_make_each(text_maker maker, const char *name, const function_call *call, const column *arguments, size_t count,
                         column *out, bp_error *err);
/* Begin the maker of a kernel `text_xxx`, whose errors name xxx(). */
#define TEXT_MADE(name)                                                                                                            \
    static bool name##_make(builder *text, const function_call *call, const column *arguments, size_t count, size_t row);          \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        return text_make_each(name##_make, &#name[5], call, arguments, count, out, err);                                           \
    }                                                                                                                              \
    static bool name##_make(builder *text, UNUSED const function_call *call, const column *arguments, UNUSED size_t count,         \
                            size_t row)

/* A kernel that computes a number from the text of argument 0, or a part of that text; `text` and `row` are known in the expression. */
#define TEXT_TO(name, type, expression)                                                                                            \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        type *to = call_values(call, out, sizeof(type));                                                                           \
        bp_status status;                                                                                                          \
        size_t meter = 0;                                                                                                          \
        (void)count;                                                                                                               \
        if (!to) return call_no_memory(call, call->rows * sizeof(type), err);                                                      \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            string_view text;                                                                                                      \
            to[row] = 0;                                                                                                           \
            if (call_skips(call, row)) continue;                                                                                   \
            text = text_value(&arguments[0], row);                                                                                 \
            to[row] = (type)(expression);                                                                                          \
            if ((status = call_worked(call, &meter, text.size, err))) return status;                                               \
        }                                                                                                                          \
        return BP_OK;                                                                                                              \
    }
#define TEXT_PART(name, expression)                                                                                                \
    KERNEL(name)                                                                                                                   \
    {                                                                                                                              \
        string_ref *to = call_values(call, out, sizeof(string_ref));                                                               \
        bp_status status;                                                                                                          \
        size_t meter = 0;                                                                                                          \
        if (!to) return call_no_memory(call, call->rows * 16, err);                                                                \
        for (size_t row = 0; row < call->rows; row++) {                                                                            \
            string_view text;                                                                                                      \
            if (call_skips(call, row)) continue;                                                                                   \
            text = text_value(&arguments[0], row);                                                                                 \
            to[row] = text_ref(expression);                                                                                        \
            if ((status = call_worked(call, &meter, text.size, err))) return status;                                               \
        }                                                                                                                          \
        (void)count;                                                                                                               \
        return BP_OK;                                                                                                              \
    }
#define INTEGER(index) VALUE(&arguments[index], int64_t, row)
static inline string_ref text_ref(string_view text)
{
    return string_ref_of(text.data, text.size);
}

#define MOST_TEXT ((size_t)1 << 30) /* bytes of one text that a function may make */
bp_status text_too_long(bp_error *err, const char *function);
/* What a builder holds as the value of a row, or why it holds nothing. */
bp_status text_store(const function_call *call, text_room *room, const builder *text, const char *name, string_ref *out,
                     bp_error *err);

/* SQL's substring over `size` characters: from 1; position 0 and before count as places before the text; negative from the end; a negative length goes
 * left. False: it is empty, else [*begin, *end) is inside. */
bool text_substring_range(int64_t size, int64_t position, int64_t length, int64_t *begin, int64_t *end);

/* The byte where needle first stands in text, or SIZE_MAX. */
size_t text_find(const function_call *call, string_view text, string_view needle);
/* Its characters; both stop early when the call is to stop, and the caller looks again. */
size_t text_count(const function_call *call, string_view text);
/* Whether a text matches, and: set the bits, zero so far, of the rows from `row` on whose texts match. */
bool text_match(const function_call *call, const match_pattern *pattern, string_view text);
bp_status text_match_rows(const function_call *call, const match_pattern *pattern, const string_ref *texts, size_t row,
                          uint64_t *bits, bp_error *err);
/* LIKE with both sides put through `fold` first (NULL: as they are). */
typedef bool (*text_fold)(builder *out, string_view text);
bp_status match_like_with(const function_call *call, const column *arguments, size_t count, column *out, text_fold fold,
                          bool negated, bp_error *err);

#endif
