/* Scalar functions: the table functions.def and what a row of it holds.
 *
 * A function has overloads; a call is resolved to the overload whose parameters need the cheapest implicit casts (coerce.c). */
#ifndef EXPR_FUNCTION_H
#define EXPR_FUNCTION_H

#include "base/context.h"
#include "expr.h"

/* What the kernel of list_transform() and its like evaluates: see expr_lambda(). */
typedef struct lambda {
    const expr_pool *pool;
    expr_id body;
    data_type type; /* of the body */
    size_t first_capture; /* the body's columns from here on are the call's last arguments */
    size_t capture_count;
} lambda;

typedef struct function_call {
    bp_context *context;
    arena *arena;    /* for the result's buffers; lives until the evaluator's next run */
    void *bind_data; /* of the overload's bind; read-only */
    void *state;     /* per evaluator, state_size bytes, zeroed at first: memoised patterns and the like */
    size_t rows;     /* of the result */
    const uint64_t
        *validity; /* rows where all arguments are not NULL (when the overload is strict); NULL: all. Others must not raise. */
} function_call;

/* Fill out->values (and children); arguments are FLAT or CONSTANT of length `rows`. A strict function's validity is set by the caller (AND of the
 * arguments'), and the kernel may clear further bits by giving out->validity itself (it then includes call->validity). */
typedef bp_status (*function_kernel)(const function_call *call, const column *arguments, size_t count, column *out, bp_error *err);

/* Decide the result type, check constant arguments, prepare bind_data. May replace argument types by filling wanted[i] (casts are inserted). */
typedef struct function_binding {
    expr_pool *pool;
    const expr_id *arguments;
    size_t count;
    data_type *wanted; /* count; preset to the overload's parameter types */
    data_type result; /* preset to the overload's result type */
    void *bind_data;
    bool cannot_fail; /* set by a bind that knows: the call raises nothing although the overload may */
} function_binding;
typedef bp_status (*function_bind)(function_binding *binding, bp_error *err);

enum function_flags {
    FUNCTION_STRICT = 1, /* NULL in, NULL out: handled by the evaluator */
    FUNCTION_CAN_FAIL = 2, /* may raise on some values */
    FUNCTION_VOLATILE = 4, /* another value each row or call: random(), uuid() */
    FUNCTION_VARIADIC = 8, /* the last parameter repeats, 0 times or more */
    FUNCTION_QUERY_CONSTANT = 16, /* the same within one query: now(), current_date */
    FUNCTION_LAMBDA = 32, /* takes a body to evaluate: made by expr_lambda(), bind_data is the lambda */
};

typedef struct scalar_overload {
    const char *name;
    const char *signature; /* "VARCHAR, BIGINT -> VARCHAR": parsed once into parameters and result; "ANY", "T" as type variables */
    unsigned flags;
    function_bind bind; /* NULL: the signature says all */
    function_kernel kernel;
    size_t state_size;
    void (*state_clear)(void *state, bp_context *context);
    const char *description; /* one sentence */
    const char *example; /* "upper('abc')" */
    const char *example_result; /* "ABC", as CSV output prints it */
} scalar_overload;

/* The table, sorted by name; for documentation, completion and duckdb_functions(). */
size_t scalar_function_count(void);
const scalar_overload *scalar_function_at(size_t index);
bool scalar_function_exists(string_view name);

#endif
