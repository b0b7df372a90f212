/* The logical plan: what SQL and frames build, the optimizer rewrites, and exec lowers. Nothing else executes queries.
 *
 * Every column that any node makes has a plan-wide id (its row in plan->columns: name, type). A node lists the ids it puts out, in order;
 * expressions name columns by id, so rewriting a plan never renumbers expressions. Nodes refer to nodes by index; 0 is "none".
 *
 *   node        children  own data                                          puts out
 *   DUAL        -         -                                                 nothing, one row
 *   SCAN        -         source, source columns, filters                   one id for each source column read
 *   VALUES      -         rows of constant-or-parameter expressions         one id a column
 *   FILTER      1         conjuncts                                         as its child
 *   PROJECT     1         expressions                                       one id an expression
 *   AGGREGATE   1         groups, aggregates                                group ids, then aggregate ids
 *   DISTINCT    1         - (or ON: key expressions, first row wins)        as its child
 *   JOIN        2         kind, equal pairs, residual condition             left ids, then right ids (SEMI, ANTI: left; MARK, EXISTS: left, mark; RIGHT SEMI, RIGHT ANTI: right)
 *   SORT        1         keys                                              as its child
 *   LIMIT       1         offset, limit (TOP_N when keys are given)         as its child
 *   SET         2         UNION, INTERSECT, EXCEPT, each ALL or distinct    new ids, by position
 *   WINDOW      1         window expressions                                child's ids, then one id an expression
 *   SAMPLE      1         rows or fraction                                  as its child
 *   UNNEST      1         lists, side by side; number of the element        child's ids, then one id a list, then the number's
 *   KEEP        1         -                                                 as its child; its rows are kept for the READ nodes that share it
 *   READ        1: KEEP   which of its columns                              one id for each column read
 *   RECURSIVE   2         base, step; ALL or distinct; number               new ids, by position
 *   WORKING     -         number of the RECURSIVE whose step it stands in   one id a column: the rows that the last round made */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "expr/aggregate.h"
#include "expr/expr.h"
#include "expr/window_call.h"
#include "io/source.h"

typedef uint32_t plan_id;
typedef uint32_t column_id;

typedef enum plan_kind {
    PLAN_NONE,
    PLAN_DUAL,
    PLAN_SCAN,
    PLAN_VALUES,
    PLAN_FILTER,
    PLAN_PROJECT,
    PLAN_AGGREGATE,
    PLAN_DISTINCT,
    PLAN_JOIN,
    PLAN_SORT,
    PLAN_LIMIT,
    PLAN_SET,
    PLAN_WINDOW,
    PLAN_UNNEST,
    PLAN_KEEP,
    PLAN_READ,
    PLAN_RECURSIVE,
    PLAN_WORKING,
    PLAN_KIND_COUNT
} plan_kind;

typedef enum join_kind {
    JOIN_INNER,
    JOIN_LEFT,
    JOIN_RIGHT,
    JOIN_FULL,
    JOIN_CROSS,
    JOIN_SEMI,
    JOIN_ANTI,
    JOIN_MARK,
    JOIN_EXISTS,
    JOIN_SINGLE,
    JOIN_RIGHT_SEMI,
    JOIN_RIGHT_ANTI
} join_kind;

/* Whether right rows are put out by whether they have found a partner, after all left rows have been seen. */
static inline bool join_puts_right_at_end(join_kind kind)
{
    return kind == JOIN_RIGHT || kind == JOIN_FULL || kind == JOIN_RIGHT_SEMI || kind == JOIN_RIGHT_ANTI;
}

/* Whether a boolean about the left row comes last among the outputs. */
static inline bool join_puts_mark(join_kind kind)
{
    return kind == JOIN_MARK || kind == JOIN_EXISTS;
}

/* Whether the left columns are among the outputs. The kinds without them are the optimizer's: the rows that are kept are the ones that are built. */
static inline bool join_puts_left(join_kind kind)
{
    return kind != JOIN_RIGHT_SEMI && kind != JOIN_RIGHT_ANTI;
}

/* Whether the right columns are among the outputs. */
static inline bool join_puts_right(join_kind kind)
{
    return kind != JOIN_SEMI && kind != JOIN_ANTI && !join_puts_mark(kind);
}

typedef enum set_kind { PLAN_UNION, PLAN_INTERSECT, PLAN_EXCEPT } set_kind;

/* left = right on the two sides of a join; both of the same type. */
typedef struct join_pair {
    expr_id left, right;
    bool null_safe; /* IS NOT DISTINCT FROM */
} join_pair;

/* Only those rows of a scan are wanted whose column `output` has a value that pair `pair` of a join has on its right side. The right side is built
 * before the scan begins. The join itself asks again, so that a scan may ignore it. */
typedef struct scan_join_filter {
    plan_id join;
    uint32_t pair;
    uint32_t output; /* position among the scan's outputs */
} scan_join_filter;

typedef struct plan_node {
    uint8_t kind; /* plan_kind */
    plan_id children[2];
    column_id *outputs;
    size_t output_count;
    double row_estimate; /* negative: unknown */
    bool sampled; /* a scan's estimate is from its rows: it is not made again */
    union {
        struct {
            source *source; /* retained by the plan */
            size_t *source_columns; /* output_count: which source column each output is */
            expr_id *filters; /* conjuncts on this scan's outputs, checked by the scan operator */
            size_t filter_count;
            scan_join_filter *join_filters; /* made by the last pass */
            size_t join_filter_count;
        } scan;
        struct {
            expr_id *cells; /* row by row, output_count a row */
            size_t row_count;
        } values;
        struct {
            expr_id *conjuncts;
            size_t conjunct_count;
        } filter;
        struct {
            expr_id *exprs; /* output_count */
        } project;
        struct {
            expr_id *groups;
            size_t group_count;
            expr_id *aggregates; /* EXPR_AGGREGATE nodes */
            size_t aggregate_count;
        } aggregate;
        struct {
            expr_id *on; /* none: all columns */
            size_t on_count;
            sort_key *keys; /* with ON: which row is first; none: input order */
            size_t key_count;
        } distinct;
        struct {
            uint8_t
                kind; /* join_kind; MARK: output last is BOOLEAN "has a match" with IN's NULL semantics; EXISTS: the same, true or false; SINGLE: at most one match, else an error */
            join_pair *pairs;
            size_t pair_count;
            expr_id *residual; /* conjuncts over both sides */
            size_t residual_count;
            column_id mark;
        } join;
        struct {
            sort_key *keys;
            size_t key_count;
        } sort;
        struct {
            uint64_t offset, limit; /* limit UINT64_MAX: none */
            double percent; /* of the rows; negative: not used */
            sort_key *keys; /* top-n, when the optimizer has put SORT and LIMIT together */
            size_t key_count;
        } limit;
        struct {
            uint8_t kind; /* set_kind */
            bool all;
        } set;
        struct {
            expr_id *exprs; /* EXPR_WINDOW nodes */
            size_t expr_count;
            column_id *made; /* one an expression */
        } window;
        struct {
            expr_id *
                lists; /* of type LIST; a row comes as often as its longest list has elements, the others are NULL from their end on */
            size_t list_count;
            column_id *made; /* one a list, then (with ordinality) the element's number from 1 */
            bool ordinality;
            bool outer; /* rows without elements come once, with NULLs */
        } unnest;
        struct {
            column_id *columns; /* output_count: which of the KEEP's columns each output is */
        } read;
        struct {
            uint32_t number;
            bool all;
        } recursive;
        struct {
            uint32_t number;
        } working;
    };
} plan_node;

typedef struct plan_column {
    string_view name;
    data_type type;
    bool never_null; /* known to hold no NULL */
} plan_column;

typedef struct plan {
    bp_context *context;
    arena arena;
    expr_pool exprs;
    plan_node *nodes;
    size_t node_count, node_capacity;
    plan_column *columns;
    size_t column_count, column_capacity;
    source **sources; /* retained */
    size_t source_count, source_capacity;
    uint32_t working_count; /* numbers given to recursions */
    plan_id root;
    schema result; /* names and types of the root's outputs, as the user sees them */
} plan;

/* A new empty plan, which owns all its memory. */
MUST_USE bp_status plan_new(plan **out, bp_context *context, bp_error *err);
void plan_free(plan *plan);

/* Builders: check their input (BP_BIND_ERROR, with names), make outputs, return the new node. Arrays are copied. */
MUST_USE bp_status plan_add_column(column_id *out, plan *plan, string_view name, data_type type, bp_error *err);
MUST_USE bp_status plan_dual(plan_id *out, plan *plan, bp_error *err);
/* All columns of the source, or (columns != NULL) some. The plan retains the source. */
MUST_USE bp_status plan_scan(plan_id *out, plan *plan, source *source, const size_t *columns, size_t count, bp_error *err);
MUST_USE bp_status plan_values(plan_id *out, plan *plan, const expr_id *cells, size_t row_count, size_t column_count,
                               const string_view *names, bp_error *err); /* cells of a column have one type */
MUST_USE bp_status plan_filter_by(plan_id *out, plan *plan, plan_id child, const expr_id *conjuncts, size_t count, bp_error *err);
MUST_USE bp_status plan_project(plan_id *out, plan *plan, plan_id child, const expr_id *exprs, const string_view *names,
                                size_t count, bp_error *err);
/* Output names: groups take their columns' names, aggregates "aggregate"; the binder's PROJECT above gives the user's. */
MUST_USE bp_status plan_aggregate(plan_id *out, plan *plan, plan_id child, const expr_id *groups, size_t group_count,
                                  const expr_id *aggregates, size_t aggregate_count, bp_error *err);
MUST_USE bp_status plan_distinct(plan_id *out, plan *plan, plan_id child, const expr_id *on, size_t on_count, const sort_key *keys,
                                 size_t key_count, bp_error *err);
/* `conjuncts` is the ON condition: equalities between the sides become pairs, the rest the residual. USING is the binder's matter. */
MUST_USE bp_status plan_join(plan_id *out, plan *plan, join_kind kind, plan_id left, plan_id right, const expr_id *conjuncts,
                             size_t count, bp_error *err);
MUST_USE bp_status plan_sort(plan_id *out, plan *plan, plan_id child, const sort_key *keys, size_t count, bp_error *err);
MUST_USE bp_status plan_limit(plan_id *out, plan *plan, plan_id child, uint64_t offset, uint64_t limit, double percent,
                              bp_error *err);
/* Both children have as many columns of the same types (the binder casts). */
MUST_USE bp_status plan_set(plan_id *out, plan *plan, set_kind kind, bool all, plan_id left, plan_id right, bp_error *err);
/* `made` are the ids of the results; rows stay in their order. */
MUST_USE bp_status plan_window(plan_id *out, plan *plan, plan_id child, const expr_id *exprs, const column_id *made, size_t count,
                               bp_error *err);
/* A WINDOW node that numbers the rows of each combination of keys from 1, in their order. */
MUST_USE bp_status plan_number_rows(plan_id *out, plan *plan, plan_id child, const expr_id *keys, size_t count, column_id *number,
                                    bp_error *err);
MUST_USE bp_status plan_unnest(plan_id *out, plan *plan, plan_id child, const expr_id *lists, const column_id *made, size_t count,
                               bool ordinality, bool outer, bp_error *err);
/* The child's rows, to be read any number of times by plan_read(): all columns under new ids. */
MUST_USE bp_status plan_keep(plan_id *out, plan *plan, plan_id child, bp_error *err);
MUST_USE bp_status plan_read(plan_id *out, plan *plan, plan_id keep, const column_id *columns, size_t count, bp_error *err);
/* The rows of the last round, in the step of the recursion `number`; columns are called and typed as those of `like`. */
MUST_USE bp_status plan_working(plan_id *out, plan *plan, uint32_t number, const plan_node *like, bp_error *err);
/* The base's rows, then the step's as long as there are any; without ALL each row once. The types of the sides are the same. */
MUST_USE bp_status plan_recursive(plan_id *out, plan *plan, uint32_t number, bool all, plan_id base, plan_id step, bp_error *err);
/* A JOIN (INNER, CROSS, LEFT, SINGLE, EXISTS) whose right side's expressions may name columns of the left: what each left row would see if the right side ran for it
 * alone, made without doing so (dependent_join.c). `mark`: the column that an EXISTS join puts out. */
MUST_USE bp_status plan_dependent_join(plan_id *out, plan *plan, join_kind kind, plan_id left, plan_id right,
                                       const expr_id *conjuncts, size_t count, column_id mark, bp_error *err);
/* A copy of the node under an id of its own. */
MUST_USE bp_status plan_add_node(plan_id *out, plan *plan, const plan_node *node, bp_error *err);
/* Make `root` the plan's end; names (count = its outputs) are what the user sees. */
MUST_USE bp_status plan_finish(plan *plan, plan_id root, const string_view *names, bp_error *err);

static inline plan_node *plan_at(const plan *plan, plan_id id)
{
    return &plan->nodes[id];
}
static inline const plan_column *plan_column_at(const plan *plan, column_id id)
{
    return &plan->columns[id];
}

/* Append the conjuncts of an expression (the children of AND, or itself) to an array in the plan's arena. */
MUST_USE bp_status plan_conjuncts(plan *plan, expr_id root, expr_id **out, size_t *count, bp_error *err);
/* Set bit `id` for every column the expression names; `bits` has plan->column_count bits. */
MUST_USE bp_status plan_expr_columns(const plan *plan, expr_id root, uint64_t *bits, bp_error *err);

/* Whether expressions of the nodes below `root` and of it name columns that none of these nodes makes. */
MUST_USE bp_status plan_names_foreign(plan *plan, plan_id root, bool *out, bp_error *err);

/* The position of a column among a node's outputs; SIZE_MAX: not there. */
size_t plan_find_output(const plan *plan, plan_id id, column_id column);

/* The node that makes a column of node `id`, followed through what passes it on as it is, under other ids too: *column is what it is called there. 0: `id` does not
 * put it out. Rows without a partner in outer joins have NULL in it all the same. */
plan_id plan_origin(const plan *plan, plan_id id, column_id *column);

/* The node's own expressions, one after the other; NULL: there are no more. */
expr_id *plan_expr_slot(plan_node *node, size_t index);

/* The nodes reachable from the root, children before parents, in the plan's arena. A node that two parents share comes once. */
MUST_USE bp_status plan_post_order(plan *plan, plan_id **out, size_t *count, bp_error *err);
MUST_USE bp_status plan_post_order_of(plan *plan, plan_id root, plan_id **out, size_t *count, bp_error *err);

/* Every id used is made below it, types fit, counts agree: run after each optimizer pass in test builds, and on SET verify=true. */
MUST_USE bp_status plan_verify(plan *plan, bp_error *err);
/* All passes in order (optimize.c lists them); config.optimizer false: none. */
MUST_USE bp_status plan_optimize(plan *plan, bp_error *err);
/* What a node did when the query ran: rows put out, nanoseconds spent, and what it wrote to temporary files. */
typedef struct plan_figure {
    uint64_t rows, nanoseconds, spilled_bytes, spilled_parts;
} plan_figure;
typedef void (*plan_figures)(void *data, plan_id node, plan_figure *out);
/* The plan as EXPLAIN shows it: a tree of text, one node a line; JSON; a picture as SVG, or as a page of HTML with it. figures NULL: it has not run. */
MUST_USE bp_status plan_explain(const plan *plan, builder *out, plan_figures figures, void *data, bp_error *err);
MUST_USE bp_status plan_explain_json(const plan *plan, builder *out, plan_figures figures, void *data, bp_error *err);
MUST_USE bp_status plan_explain_picture(const plan *plan, builder *out, bool page, plan_figures figures, void *data, bp_error *err);

#endif
