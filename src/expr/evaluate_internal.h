/* The compiled form of a set of expressions: a flat list of steps over slots, and row sets for what is evaluated on some rows only.
 *
 *   slot      a column: an input column, a literal, or what a step made
 *   row set   0 is the batch; others are the rows of a base set that a SPLIT step left (CASE branches, later conjuncts)
 *   step      computes one slot in one row set; steps run in order, no jumps and no recursion. A step of an empty row set is skipped.
 *
 * CASE WHEN c THEN x/y ELSE 0 END becomes
 *   s2 = c                        (set 0)
 *   SPLIT set 0 by s2: set 1 = true rows, set 2 = the others
 *   s5 = gather x, s6 = gather y  (set 1)
 *   s7 = s5 / s6                  (set 1)
 *   s8 = MERGE set 1: s7, set 2: 0 */
#ifndef EXPR_EVALUATE_INTERNAL_H
#define EXPR_EVALUATE_INTERNAL_H

#include "evaluate.h"
#include "expr_internal.h"

typedef enum step_kind {
    STEP_GATHER, /* an input column at the rows of a set other than 0 */
    STEP_CALL,
    STEP_COMPARE,
    STEP_AND, /* all arguments in this set */
    STEP_OR,
    STEP_NOT,
    STEP_IS_NULL,
    STEP_CAST,
    STEP_IN,
    STEP_TRY,
    STEP_SPLIT, /* argument 0 decides; makes sets `set_true` and `set_rest` */
    STEP_MERGE, /* pieces: (set, slot) laid over each other */
    STEP_LOGIC_MERGE /* argument 0 of this set AND/OR argument 1 of the set `pieces[0].set` */
} step_kind;

/* What SPLIT keeps in set_true; the others go to set_rest. */
typedef enum split_mode { SPLIT_TRUE, SPLIT_NOT_FALSE, SPLIT_NOT_TRUE, SPLIT_NULL } split_mode;

typedef struct piece {
    uint32_t set;
    uint32_t slot;
    bool in_base; /* the slot has the rows of the base set, not of `set` */
} piece;

struct in_set;

typedef struct step {
    uint8_t kind, op;
    bool in_base; /* SPLIT: the condition has the rows of the base set */
    uint32_t set; /* where it runs */
    uint32_t slot; /* what it makes */
    uint32_t argument_begin, argument_count;
    uint32_t set_true, set_rest; /* SPLIT; 0: not wanted */
    uint32_t piece_begin, piece_count;
    uint32_t position;
    const expr_node *node;
    data_type type;
    void *state; /* CALL: function state */
    struct in_set *values; /* IN */
    evaluator *inner; /* TRY */
    struct entry_results *entries; /* CALL whose one argument that is no literal may be a dictionary; else NULL */
} step;

/* What a call gave for the entries of a dictionary that has come before. */
typedef struct entry_results {
    region *dictionary; /* that owns its entries; retained */
    const void *values; /* the entries themselves */
    uint64_t rows; /* met with it */
    bool failed;
    region *made; /* owns `entries`; NULL: not there yet */
    column entries;
} entry_results;

typedef struct row_set {
    uint32_t base; /* the set whose rows `selection` counts */
    size_t count; /* of the present batch */
    const uint32_t *selection; /* rows of the base set, rising; NULL: all of them */
    const uint32_t *absolute; /* rows of the batch; NULL: all of them */
} row_set;

typedef struct evaluator_memo {
    expr_id id; /* 0: free */
    uint32_t set, slot;
} evaluator_memo;

struct evaluator {
    bp_context *context;
    const expr_pool *pool;
    arena program; /* all below */
    arena buffers; /* of one run */
    step *steps;
    size_t step_count, step_capacity;
    uint32_t *arguments;
    size_t argument_count, argument_capacity;
    piece *pieces;
    size_t piece_count, piece_capacity;
    row_set *sets;
    size_t set_count, set_capacity;
    column *slots;
    uint32_t *slot_inputs; /* per slot: position in the batch, or UINT32_MAX */
    size_t slot_count, slot_capacity;
    uint32_t *inputs; /* slots that are input columns */
    size_t input_count, input_capacity;
    uint32_t *roots; /* slots */
    size_t root_count;
    column *scratch; /* the arguments of the running step; as many as the widest step has */
    size_t scratch_count;
    evaluator_memo *memo; /* open addressing, a power of two; while compiling */
    size_t memo_count, memo_capacity;
    unsigned try_depth;
    const batch *in;
    size_t column_limit; /* highest input position + 1 */
};

#define EVALUATOR_TRY_DEPTH 16

MUST_USE bp_status evaluator_compile(evaluator *self, const expr_id *roots, size_t root_count, bp_error *err);
MUST_USE bp_status evaluator_new_nested(evaluator **out, bp_context *context, const expr_pool *pool, const expr_id *roots,
                                        size_t root_count, unsigned try_depth, bp_error *err);
MUST_USE bp_status step_run(evaluator *self, const step *step, bp_error *err);
/* Run a call's kernel over `rows` rows of FLAT or CONSTANT arguments. */
MUST_USE bp_status step_run_kernel(evaluator *self, const step *step, column *arguments, size_t count, size_t rows, column *out,
                                   bp_error *err);

/* evaluate_entries.c ----------------------------------------------------------------------------------------------------------------- */
/* The call's results for the entries of a dictionary with an owner, which is self->scratch[place]'s; NULL: not worth it yet, or one fails. The other
 * arguments are in self->scratch; scratch[place] may be overwritten. */
const column *entry_results_for(evaluator *self, const step *step, const column *dictionary, size_t place, size_t rows);
void entry_results_clear(entry_results *results);

/* truth.c: BOOLEAN columns as words ------------------------------------------------------------------------------------------------- */
/* The words of `column` where it is true / not NULL, `rows` long: its own, or made in `arena`. validity NULL: all. */
MUST_USE bp_status truth_words(const column *in, size_t rows, arena *arena, const uint64_t **values, const uint64_t **validity,
                               bp_error *err);
MUST_USE bp_status truth_logic(column *out, const column *const *arguments, size_t count, bool is_or, size_t rows, arena *arena,
                               bp_error *err);
MUST_USE bp_status truth_not(column *out, const column *in, size_t rows, arena *arena, bp_error *err);

/* relation.c: comparing columns ------------------------------------------------------------------------------------------------------- */
MUST_USE bp_status relation_compare(column *out, compare_op op, const column *left, const column *right, size_t rows, arena *arena,
                                    bp_error *err);

/* merge.c -------------------------------------------------------------------------------------------------------------------------- */
typedef struct merge_piece {
    const column *values;
    const uint32_t *from; /* rows of `values`; NULL: 0, 1, … */
    const uint32_t *to; /* rows of the result; NULL: 0, 1, … */
    size_t count;
} merge_piece;
/* A FLAT column of `rows` rows of `type`; pieces are laid over each other in order, rows that none covers are NULL. */
MUST_USE bp_status merge_columns(column *out, data_type type, const merge_piece *pieces, size_t count, size_t rows, arena *arena,
                                 bp_error *err);

/* in_set.c ----------------------------------------------------------------------------------------------------------------------- */
MUST_USE bp_status in_set_new(struct in_set **out, const expr_pool *pool, const expr_node *node, arena *arena, bp_error *err);
MUST_USE bp_status in_set_test(column *out, const struct in_set *set, const column *needle, bool negated, size_t rows, arena *arena,
                               bp_error *err);

#endif
