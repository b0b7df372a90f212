/* Typed expressions: what both faces build, the optimizer rewrites, and the evaluator runs.
 *
 * Nodes live in a pool and refer to each other by index; a node is immutable once made, so nodes may be shared (the pool is a DAG).
 * Index 0 is "none". Children are a run in pool->children.
 *
 * A COLUMN node names a column by its plan-wide id while the plan is optimised; exec/lower rewrites ids to positions in the operator's
 * input batch (expr_remap). The evaluator sees positions only.
 *
 * The constructors below are the one place where types are decided (coerce.c): they resolve overloads, insert casts, check arity, and
 * fold constants that cannot fail. SQL's binder and the frame verbs call nothing else. */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "column/batch.h"

typedef uint32_t expr_id;

typedef enum expr_kind {
    EXPR_NONE,
    EXPR_LITERAL,   /* literal: a CONSTANT column of length 1 */
    EXPR_COLUMN,    /* column */
    EXPR_CALL,      /* function(children…) */
    EXPR_COMPARE,   /* op; children: left, right, of the same type */
    EXPR_AND,       /* two or more children, BOOLEAN; later ones are evaluated on the rows that are not yet false */
    EXPR_OR,        /* likewise, not yet true */
    EXPR_NOT,       /* child */
    EXPR_IS_NULL,   /* child; op 1: IS NOT NULL */
    EXPR_CAST,      /* child; op 1: TRY_CAST (NULL instead of an error) */
    EXPR_CASE,      /* children: condition, value, condition, value, …, else (always there) */
    EXPR_COALESCE,  /* children of one type; later ones are evaluated where the earlier are NULL */
    EXPR_IN,        /* children: needle, then literals of its type (a set; NULL semantics of SQL); op 1: NOT IN */
    EXPR_TRY,       /* child: errors become NULL */
    EXPR_AGGREGATE, /* aggregate(children…): only in plan AGGREGATE and WINDOW nodes */
    EXPR_WINDOW,    /* window: only in plan WINDOW nodes */
} expr_kind;

typedef enum compare_op {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
    COMPARE_DISTINCT,     /* IS DISTINCT FROM: never NULL */
    COMPARE_NOT_DISTINCT, /* IS NOT DISTINCT FROM */
} compare_op;

struct scalar_overload;    /* function.h */
struct aggregate_overload; /* aggregate.h */

/* One ORDER BY key. */
typedef struct sort_key {
    expr_id expr;
    bool descending;
    bool nulls_first;
} sort_key;

/* What an AGGREGATE node carries. Its children are, in this order: the arguments, the FILTER condition if there is one, the ORDER BY
 * keys; so walks, rewrites and remaps reach all of them. */
typedef struct aggregate_call {
    const struct aggregate_overload *function;
    void *bind_data; /* of the overload's bind: constants such as a quantile's fraction or a separator; in the pool's arena */
    size_t argument_count;
    bool distinct;
    bool has_filter;
    size_t order_count;
    const sort_key *order; /* order_count; only the flags count, the expressions are the last children */
} aggregate_call;

typedef struct expr_node {
    uint8_t kind;
    uint8_t op;
    bool can_fail; /* evaluating it (or a child) may raise an error on some value */
    bool is_volatile; /* random(): not folded, not merged */
    bool is_constant; /* no column, aggregate or window below, and not volatile */
    data_type type;
    uint32_t child_begin;
    uint32_t child_count;
    uint32_t depth; /* of the tree below, itself included: at most LIMIT_EXPRESSION_DEPTH */
    uint32_t least; /* the smallest id in the tree below, itself included (its children came before it) */
    uint32_t position; /* byte of the SQL text it came from, for errors; UINT32_MAX: none */
    union {
        const column *literal;
        uint32_t column;
        struct {
            const struct scalar_overload *function;
            void *bind_data;
        } call;
        const aggregate_call *aggregate;
        const struct window_call *window;
    };
} expr_node;

typedef struct expr_pool {
    arena *arena; /* everything of the pool lives here */
    bp_context *context;
    expr_node *nodes;
    size_t node_count, node_capacity;
    expr_id *children;
    size_t child_count, child_capacity;
    size_t position; /* given to the nodes made next; SIZE_MAX: none */
} expr_pool;

MUST_USE bp_status expr_pool_init(expr_pool *pool, bp_context *context, arena *arena, bp_error *err);
static inline const expr_node *expr_at(const expr_pool *pool, expr_id id)
{
    return &pool->nodes[id];
}
static inline expr_id expr_child(const expr_pool *pool, expr_id id, size_t index)
{
    return pool->children[pool->nodes[id].child_begin + index];
}
static inline data_type expr_type(const expr_pool *pool, expr_id id)
{
    return pool->nodes[id].type;
}

/* Constructors. Errors: BP_BIND_ERROR (types, arity, unknown function, with suggestion and the candidates' signatures), BP_LIMIT (depth). */
MUST_USE bp_status expr_literal(expr_id *out, expr_pool *pool, const column *value, bp_error *err); /* row 0 of value, copied */
MUST_USE bp_status expr_null(expr_id *out, expr_pool *pool, data_type type, bp_error *err);
MUST_USE bp_status expr_bool(expr_id *out, expr_pool *pool, bool value, bp_error *err);
MUST_USE bp_status expr_int64(expr_id *out, expr_pool *pool, int64_t value, bp_error *err); /* INTEGER if it fits, else BIGINT */
MUST_USE bp_status expr_double(expr_id *out, expr_pool *pool, double value, bp_error *err);
MUST_USE bp_status expr_text(expr_id *out, expr_pool *pool, string_view value,
                             bp_error *err); /* VARCHAR; still "a string literal" */
/* An SQL number literal: INTEGER, BIGINT, HUGEINT, DECIMAL(p,s) or DOUBLE as DuckDB decides. */
MUST_USE bp_status expr_number(expr_id *out, expr_pool *pool, string_view text, bp_error *err);
MUST_USE bp_status expr_column(expr_id *out, expr_pool *pool, uint32_t column, data_type type, bp_error *err);
/* A scalar function by name: operators are functions named "+", "-", "*", "/", "//", "%", "**", "||", "~~" (LIKE) … */
MUST_USE bp_status expr_call(expr_id *out, expr_pool *pool, string_view name, const expr_id *arguments, size_t count,
                             bp_error *err);
/* A call that takes a body: list_transform(list), list_filter(list), list_reduce(list [, initial]). The body's columns are 0: the element, 1: its number from 1 (list_reduce:
 * 0: what is gathered so far, of its or the initial value's type, 1: the element, 2: its number); those behind are the captures, which become the call's last
 * arguments. */
MUST_USE bp_status expr_lambda(expr_id *out, expr_pool *pool, string_view name, const expr_id *arguments, size_t count,
                               expr_id body, const expr_id *captures, size_t capture_count, bp_error *err);
bool expr_takes_lambda(string_view name);
/* The comparison that holds with the sides changed: a < b is b > a. */
compare_op compare_op_swapped(compare_op op);
MUST_USE bp_status expr_compare(expr_id *out, expr_pool *pool, compare_op op, expr_id left, expr_id right, bp_error *err);
/* count >= 1; one child is returned as it is; nested ANDs are flattened. */
MUST_USE bp_status expr_and(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err);
MUST_USE bp_status expr_or(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err);
MUST_USE bp_status expr_not(expr_id *out, expr_pool *pool, expr_id child, bp_error *err);
MUST_USE bp_status expr_is_null(expr_id *out, expr_pool *pool, expr_id child, bool negated, bp_error *err);
MUST_USE bp_status expr_cast(expr_id *out, expr_pool *pool, expr_id child, data_type type, bool try_cast, bp_error *err);
/* Only if an implicit cast is allowed (DuckDB's rules); else BP_BIND_ERROR. */
MUST_USE bp_status expr_cast_implicit(expr_id *out, expr_pool *pool, expr_id child, data_type type, bp_error *err);
/* children: condition, value, …, else or 0 (NULL). */
MUST_USE bp_status expr_case(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err);
MUST_USE bp_status expr_coalesce(expr_id *out, expr_pool *pool, const expr_id *children, size_t count, bp_error *err);
/* needle IN (list…): becomes IN when the list is literal, else a chain of comparisons. */
/* Cast all cells to the type they have in common (VALUES); all NULL: INTEGER. The error names two that do not mix, and `where`. */
MUST_USE bp_status expr_unify(expr_id *cells, expr_pool *pool, size_t count, const char *where, bp_error *err);
MUST_USE bp_status expr_in(expr_id *out, expr_pool *pool, expr_id needle, const expr_id *list, size_t count, bool negated,
                           bp_error *err);
MUST_USE bp_status expr_try(expr_id *out, expr_pool *pool, expr_id child, bp_error *err);
/* An aggregate by name; count(*) is name "count" with no arguments. */
MUST_USE bp_status expr_aggregate(expr_id *out, expr_pool *pool, string_view name, const expr_id *arguments, size_t count,
                                  bool distinct, expr_id filter, const sort_key *order, size_t order_count, bp_error *err);

/* The common type of two types for UNION, CASE, IN, lists, comparisons; false when there is none. `left_literal`, `right_literal`: the side is
 * a string or integer literal, which takes the other side's type if it fits. */
bool type_unify(data_type *out, arena *arena, data_type left, bool left_literal, data_type right, bool right_literal);

/* Walks ------------------------------------------------------------------------------------------------------------------------- */
/* Call `visit` for every node reachable from `root`, parents first; stops when it returns false. A node that several lead to is visited for each,
 * but in large expressions once. No recursion. */
typedef bool (*expr_visit)(void *data, const expr_pool *pool, expr_id id);
MUST_USE bp_status expr_walk(const expr_pool *pool, expr_id root, expr_visit visit, void *data, bp_error *err);
/* A copy of the tree in which `replace(data, pool, &id)` has replaced nodes (children first; it returns BP_OK and may change id). Types must stay. */
typedef bp_status (*expr_replace)(void *data, expr_pool *pool, expr_id *id, bp_error *err);
MUST_USE bp_status expr_rewrite(expr_id *out, expr_pool *pool, expr_id root, expr_replace replace, void *data, bp_error *err);
/* COLUMN ids become positions[id]; an id without a position (UINT32_MAX) is BP_INTERNAL. */
MUST_USE bp_status expr_remap(expr_id *out, expr_pool *pool, expr_id root, const uint32_t *positions, size_t position_count,
                              bp_error *err);
bool expr_equal(const expr_pool *pool, expr_id left, expr_id right); /* same structure, same literals, not volatile */
bool expr_is_constant(const expr_pool *pool, expr_id root); /* no column below, not volatile */
/* As SQL text, columns through `name(data, id)`: EXPLAIN and derived column names. */
typedef string_view (*expr_column_name)(const void *data, uint32_t column);
MUST_USE bool expr_print(builder *out, const expr_pool *pool, expr_id root, expr_column_name name, const void *data);
/* Constant folding of a whole tree, simplification (x AND true, CASE with constant condition, casts of casts, comparison of a cast column with a
 * literal …); also run by the optimizer. Folding never raises: what fails stays as it is and fails when a row meets it. */
MUST_USE bp_status expr_fold(expr_id *out, expr_pool *pool, expr_id root, bp_error *err);
/* Value of a constant expression (evaluated; errors are raised): a CONSTANT column of length 1 in the pool's arena. */
MUST_USE bp_status expr_constant_value(const column **out, expr_pool *pool, expr_id root, bp_error *err);

#endif
