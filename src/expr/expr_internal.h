/* What the files of expr share: node making, coercion, conversion, and the small growing stack that walks use instead of recursion. */
#ifndef EXPR_EXPR_INTERNAL_H
#define EXPR_EXPR_INTERNAL_H

#include "aggregate.h"
#include "expr.h"
#include "function.h"

/* LITERAL nodes: op says whether the type is the user's word or only the text's first guess, which gives way to the other side's type. */
enum { LITERAL_TYPED = 0, LITERAL_OPEN = 1 };

/* Append a node with these children; depth, least, can_fail, is_volatile, is_constant and position are filled from them (flags set in *node are kept). */
MUST_USE bp_status expr_add(expr_id *out, expr_pool *pool, const expr_node *node, const expr_id *children, size_t count,
                            bp_error *err);
/* The two nodes alone, without their children. */
bool expr_same_node(const expr_node *left, const expr_node *right);
MUST_USE bp_status expr_add_literal(expr_id *out, expr_pool *pool, const column *value, unsigned openness, bp_error *err);

/* A stack of fixed-size items in heap memory; `limit` items at most. */
typedef struct expr_stack {
    memory *memory;
    char *items;
    size_t item_size, count, capacity;
} expr_stack;
static inline expr_stack expr_stack_of(memory *memory, size_t item_size)
{
    return (expr_stack){.memory = memory, .item_size = item_size};
}
void expr_stack_clear(expr_stack *stack);
/* NULL: no memory. The pointer is good until the next push. */
MUST_USE void *expr_stack_push(expr_stack *stack);
static inline void *expr_stack_top(const expr_stack *stack)
{
    return stack->items + (stack->count - 1) * stack->item_size;
}

/* coerce.c ----------------------------------------------------------------------------------------------------------------------- */
/* What coercion knows about an expression: its type, and whether it is an open literal. */
typedef struct argument_type {
    data_type type;
    bool open; /* a literal whose type is only a first guess: text, or an integer, whose value is: */
    int128 value;
} argument_type;
argument_type argument_of(const expr_pool *pool, expr_id id);
/* "INTEGER_LITERAL", "VARCHAR", …: for messages. */
bool argument_print(builder *out, const argument_type *argument);

/* Cost of an implicit cast: 0 the same type; negative: not allowed. */
int implicit_cast_cost(const argument_type *from, data_type to);
/* The decimal that holds every value of an integer type: DECIMAL(3/5/10/19/38, 0); a decimal itself. */
data_type decimal_of(data_type type);
/* The smallest decimal that holds the values of both. */
data_type decimal_union(data_type left, data_type right);

/* UNION: text takes anything in. CASE (also COALESCE, lists): text and another type do not mix. COMPARE: text becomes the other type. */
/* Where two types meet: set operations; CASE, COALESCE, VALUES and arguments; = <> IN and their like; < > BETWEEN. */
typedef enum unify_mode { UNIFY_UNION, UNIFY_CASE, UNIFY_COMPARE, UNIFY_ORDER } unify_mode;
bool unify_arguments(argument_type *out, arena *arena, const argument_type *left, const argument_type *right, unify_mode mode);
/* Common type of several expressions; the error names the two that do not mix and `where` ("CASE expression"). */
MUST_USE bp_status unify_all(data_type *out, expr_pool *pool, const expr_id *ids, size_t count, size_t step, unify_mode mode,
                             const char *where, bp_error *err);

/* A parameter of a signature: a type, ANY, or one of the variables T and U (any one type), N (one numeric type), I (one integer type); in `lists`
 * levels of []. */
typedef struct type_pattern {
    enum { PATTERN_TYPE, PATTERN_ANY, PATTERN_VARIABLE } kind;
    type_id id; /* PATTERN_TYPE */
    time_unit unit; /* of a TIMESTAMP */
    enum { VARIABLE_T, VARIABLE_U, VARIABLE_N, VARIABLE_I, VARIABLE_COUNT } variable;
    unsigned lists;
} type_pattern;

#define SIGNATURE_PARAMETERS 8

typedef struct signature {
    type_pattern parameters[SIGNATURE_PARAMETERS];
    size_t count;
    type_pattern result;
} signature;

MUST_USE bool signature_parse(signature *out, const char *text);
/* Fill wanted[count] and *result when the arguments fit; the cost, or -1 when they do not (or memory failed: *failed). */
int signature_match(const signature *signature, bool variadic, arena *arena, const argument_type *arguments, size_t count,
                    data_type *wanted, data_type *result, bool *failed);

/* function.c --------------------------------------------------------------------------------------------------------------------- */
/* The overloads of a name: a run [*begin, *end) of the table. Aliases are resolved. */
bool scalar_function_range(string_view name, size_t *begin, size_t *end);
bool aggregate_function_range(string_view name, size_t *begin, size_t *end);

/* fold_compare.c ----------------------------------------------------------------------------------------------------------------- */
/* A comparison whose operands are folded, in a cheaper form if there is one. */
MUST_USE bp_status fold_compare(expr_pool *pool, expr_id *id, bp_error *err);

/* convert.c ---------------------------------------------------------------------------------------------------------------------- */
/* Whether a cast exists at all, and whether it can fail on some value. */
bool convert_exists(data_type from, data_type to);
bool convert_can_fail(data_type from, data_type to);
/* Cast a FLAT or CONSTANT column; out is of the same encoding, in `arena`. Rows that are NULL raise nothing. try_cast: failures become NULL. */
MUST_USE bp_status convert_column(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                                  bp_error *err);

#endif
