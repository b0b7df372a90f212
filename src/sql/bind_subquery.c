/* Subqueries in expressions: a subquery is joined once to the rows that the expression sees; plan_dependent_join() sees to those that name columns of the query
 * around them.
 *
 *   (SELECT …)          SINGLE join: its one value, NULL if it has no row, an error if it has several
 *   EXISTS (SELECT …)   SINGLE join with count(*) over its first row; of a dependent one an EXISTS join
 *   ARRAY (SELECT …)    SINGLE join with list() over its column, in its order
 *   x IN (SELECT …)     MARK join on x = its column; of a dependent one an EXISTS join, and counts of its rows and values for the NULLs
 *   (x, y) IN (SELECT …) EXISTS join on x = its first and y = its second column, and for the NULLs two more (bind_subquery_row.c)
 *
 * Where only rows count for which a condition is true, as in WHERE, nothing is joined to tell false from NULL. */
#include "bind_subquery.h"

bp_status outer_enter(outer_frame *frame, binder *binder, const scope *columns, size_t first, const scope *around, bp_error *err)
{
    scope *visible = arena_new(binder->arena, scope);

    *frame = (outer_frame){.before = binder->outer};
    if (!binder->outer_names) binder->outer_names = arena_new(binder->arena, size_t);
    if (!visible || !binder->outer_names) return error_no_memory(err, binder->context->memory, sizeof *visible);
    if (columns) *visible = (scope){.columns = columns->columns + first, .count = columns->count - first};
    visible->outer = around;
    frame->names = *binder->outer_names;
    binder->outer = visible;
    return BP_OK;
}

void outer_leave(const outer_frame *frame, binder *binder, bool *dependent)
{
    binder->outer = frame->before;
    *dependent = *binder->outer_names > frame->names;
}

bp_status bind_inner(walk *walk, syntax_id query, relation *out, bool *dependent, bp_error *err)
{
    outer_frame frame;
    bp_status status;

    if ((status = outer_enter(&frame, walk->binder, walk->context->scope, 0, walk->context->outer, err))) return status;
    status = bind_query(out, walk->binder, query, err);
    outer_leave(&frame, walk->binder, dependent);
    if (status || !*dependent) return status;
    return plan_names_foreign(walk->binder->plan, out->node, dependent, err); /* the names may have been of a query within it */
}

static bp_status one_column(const walk *walk, syntax_id query, const relation *inner, bp_error *err)
{
    if (inner->count == 1) return BP_OK;
    return error_set_at(err, BP_BIND_ERROR, syntax_at(walk->binder->tree, query)->begin,
                        "a subquery in an expression must give one column, not %zu", inner->count);
}

bp_status join_to_rows(walk *walk, join_kind kind, subquery inner, expr_id *conjuncts, size_t count, column_id *mark, bp_error *err)
{
    expression_context *context = walk->context;
    binder *binder = walk->binder;
    late_join late = {
        .kind = kind, .inner = inner.node, .dependent = inner.dependent, .conjuncts = conjuncts, .conjunct_count = count};
    bp_status status;

    if (join_puts_mark(kind) &&
        (status = plan_add_column(&late.mark, binder->plan, STRING_VIEW("mark"), type_of(TYPE_BOOLEAN), err)))
        return status;
    *mark = late.mark;
    if (context->late && !walk->inside_aggregate) return late_join_add(context->late, binder, late, err);
    if (!context->input) return error_set(err, BP_NOT_SUPPORTED, "%s cannot contain subqueries yet", context->clause);
    return late_join_apply(context->input, binder, &late, err);
}

bp_status late_join_add(late_joins *joins, binder *binder, late_join join, bp_error *err)
{
    late_join *larger = arena_new_array(binder->arena, late_join, joins->count + 1);

    if (!larger) return error_no_memory(err, binder->context->memory, (joins->count + 1) * sizeof *larger);
    if (joins->count) memcpy(larger, joins->items, joins->count * sizeof *larger);
    larger[joins->count++] = join;
    joins->items = larger;
    return BP_OK;
}

bp_status late_join_apply(plan_id *node, binder *binder, const late_join *join, bp_error *err)
{
    plan_node *made;
    bp_status status;

    if (join->dependent)
        return plan_dependent_join(node, binder->plan, join->kind, *node, join->inner, join->conjuncts, join->conjunct_count,
                                   join->mark, err);
    if ((status = plan_join(node, binder->plan, join->kind, *node, join->inner, join->conjuncts, join->conjunct_count, err)))
        return status;
    made = plan_at(binder->plan, *node);
    if (join->kind == JOIN_MARK && made->join.pair_count != 1)
        return error_set(err, BP_NOT_SUPPORTED, "IN (SELECT …) of a constant is not there yet; compare with a join");
    if (join_puts_mark(join->kind)) {
        made->join.mark = join->mark;
        made->outputs[made->output_count - 1] = join->mark;
    }
    return BP_OK;
}

static NO_INLINE bp_status bind_exists(walk *walk, subquery *inner, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_id count, zero, column;
    column_id mark;
    bp_status status;

    if (inner->dependent) {
        if ((status = join_to_rows(walk, JOIN_EXISTS, *inner, NULL, 0, &mark, err))) return status;
        return column_expr(out, binder, mark, err);
    }
    if ((status = plan_limit(&inner->node, binder->plan, inner->node, 0, 1, -1, err))) return status;
    if ((status = expr_aggregate(&count, &binder->plan->exprs, STRING_VIEW("count"), NULL, 0, false, 0, NULL, 0, err)))
        return status;
    if ((status = plan_aggregate(&inner->node, binder->plan, inner->node, NULL, 0, &count, 1, err))) return status;
    if ((status = join_to_rows(walk, JOIN_SINGLE, *inner, NULL, 0, &mark, err))) return status;
    if ((status = column_expr(&column, binder, plan_at(binder->plan, inner->node)->outputs[0], err))) return status;
    if ((status = expr_int64(&zero, &binder->plan->exprs, 0, err))) return status;
    return expr_compare(out, &binder->plan->exprs, COMPARE_GREATER, column, zero, err);
}

static NO_INLINE bp_status bind_array(walk *walk, subquery *inner, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    expr_id column, list, parts[2];
    column_id mark;
    bp_status status;

    if ((status = column_expr(&column, binder, plan_at(binder->plan, inner->node)->outputs[0], err))) return status;
    if ((status = expr_aggregate(&list, pool, STRING_VIEW("list"), &column, 1, false, 0, NULL, 0, err))) return status;
    if ((status = plan_aggregate(&inner->node, binder->plan, inner->node, NULL, 0, &list, 1, err))) return status;
    if ((status = join_to_rows(walk, JOIN_SINGLE, *inner, NULL, 0, &mark, err))) return status;
    if ((status = column_expr(&parts[0], binder, plan_at(binder->plan, inner->node)->outputs[0], err))) return status;
    if ((status = expr_call(&parts[1], pool, STRING_VIEW("list_value"), NULL, 0, err))) return status; /* no row: [] */
    return expr_coalesce(out, pool, parts, 2, err);
}

bp_status bind_subquery(walk *walk, syntax_id node, bp_error *err)
{
    binder *binder = walk->binder;
    syntax_id query = syntax_child(binder->tree, node, 0);
    syntax_kind kind = syntax_kind_of(binder->tree, node);
    subquery inner = {0};
    relation relation;
    column_id mark;
    expr_id result;
    bp_status status;

    if ((status = bind_inner(walk, query, &relation, &inner.dependent, err))) return status;
    if (kind != SYNTAX_EXISTS && (status = one_column(walk, query, &relation, err))) return status;
    inner.node = relation.node;
    if (kind == SYNTAX_EXISTS)
        status = bind_exists(walk, &inner, &result, err);
    else if (kind == SYNTAX_ARRAY_QUERY)
        status = bind_array(walk, &inner, &result, err);
    else if (!(status = join_to_rows(walk, JOIN_SINGLE, inner, NULL, 0, &mark, err)))
        status = column_expr(&result, binder, plan_at(binder->plan, inner.node)->outputs[0], err);
    return status ? status : walk_push_result(walk, result, err);
}

/* The needle is the operand; the query is bound when the node is left. */
bp_status enter_in_query(walk *walk, frame *frame, bp_error *err)
{
    const syntax_node *node = syntax_at(walk->binder->tree, frame->node);
    syntax_id inner = syntax_child(walk->binder->tree, frame->node, 1);

    if (node->kind == SYNTAX_QUANTIFIED && syntax_kind_of(walk->binder->tree, inner) != SYNTAX_QUERY)
        return not_yet(walk->binder, frame->node, "ANY and ALL of a list", err);
    frame->operands = arena_new_array(walk->binder->arena, syntax_id, 1);
    if (!frame->operands) return error_no_memory(err, walk->binder->context->memory, sizeof(syntax_id));
    frame->operands[0] = syntax_child(walk->binder->tree, frame->node, 0);
    frame->operand_count = 1;
    return BP_OK;
}

/* x op ANY (SELECT y …) by what y is at its least and greatest: the compare_op; ALL is the opposite comparison, negated. */
typedef struct quantified {
    compare_op op;
    bool negated;
} quantified;

static quantified quantified_of(const syntax_node *node)
{
    static const compare_op ops[OPERATOR_COUNT] = {
        [OPERATOR_EQUAL] = COMPARE_EQUAL,     [OPERATOR_NOT_EQUAL] = COMPARE_NOT_EQUAL,
        [OPERATOR_LESS] = COMPARE_LESS,       [OPERATOR_LESS_EQUAL] = COMPARE_LESS_EQUAL,
        [OPERATOR_GREATER] = COMPARE_GREATER, [OPERATOR_GREATER_EQUAL] = COMPARE_GREATER_EQUAL,
    };
    static const compare_op opposite[] = {
        [COMPARE_EQUAL] = COMPARE_NOT_EQUAL,    [COMPARE_NOT_EQUAL] = COMPARE_EQUAL,    [COMPARE_LESS] = COMPARE_GREATER_EQUAL,
        [COMPARE_GREATER_EQUAL] = COMPARE_LESS, [COMPARE_GREATER] = COMPARE_LESS_EQUAL, [COMPARE_LESS_EQUAL] = COMPARE_GREATER,
    };
    bool all = node->flags & SYNTAX_FLAG_ALL;

    if (node->kind != SYNTAX_QUANTIFIED) return (quantified){COMPARE_EQUAL, (node->flags & SYNTAX_FLAG_NOT) != 0};
    return (quantified){all ? opposite[ops[node->option]] : ops[node->option], all};
}

enum { FIGURE_FIRST, FIGURE_SECOND, FIGURE_ROWS, FIGURE_VALUES, FIGURE_COUNT };

/* One row about the subquery's item, joined: its least and greatest value (for a constant needle and =: whether one equals it, twice), how many rows there are,
 * how many of them have a value. */
static bp_status join_figures(walk *walk, subquery *inner, expr_id needle, compare_op op, expr_id figures[FIGURE_COUNT],
                              bp_error *err)
{
    binder *binder = walk->binder;
    expr_pool *pool = &binder->plan->exprs;
    expr_id calls[FIGURE_COUNT], item, equal;
    column_id mark;
    bp_status status;

    if ((status = column_expr(&item, binder, plan_at(binder->plan, inner->node)->outputs[0], err))) return status;
    if ((status = expr_compare(&equal, pool, op, needle, item, err)))
        return status; /* also where only the figures are compared: the same rules */
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        string_view name = i == FIGURE_FIRST ? STRING_VIEW("min") : i == FIGURE_SECOND ? STRING_VIEW("max") : STRING_VIEW("count");
        if (op == COMPARE_EQUAL && i < FIGURE_ROWS) name = STRING_VIEW("bool_or");
        status = expr_aggregate(&calls[i], pool, name, op == COMPARE_EQUAL && i < FIGURE_ROWS ? &equal : &item, i != FIGURE_ROWS,
                                false, 0, NULL, 0, err);
        if (status) return status;
    }
    if ((status = plan_aggregate(&inner->node, binder->plan, inner->node, NULL, 0, calls, FIGURE_COUNT, err))) return status;
    if ((status = join_to_rows(walk, JOIN_SINGLE, *inner, NULL, 0, &mark, err))) return status;
    for (size_t i = 0; i < FIGURE_COUNT && !status; i++)
        status = column_expr(&figures[i], binder, plan_at(binder->plan, inner->node)->outputs[i], err);
    return status;
}

static bp_status matches_figures(expr_id *out, expr_pool *pool, expr_id needle, compare_op op, const expr_id figures[FIGURE_COUNT],
                                 bp_error *err)
{
    bool with_greatest = op == COMPARE_LESS || op == COMPARE_LESS_EQUAL;
    expr_id both[2];
    bp_status status;

    if (op == COMPARE_EQUAL) {
        *out = figures[FIGURE_FIRST];
        return BP_OK;
    }
    if (op != COMPARE_NOT_EQUAL)
        return expr_compare(out, pool, op, needle, figures[with_greatest ? FIGURE_SECOND : FIGURE_FIRST], err);
    for (size_t i = 0; i < 2; i++)
        if ((status = expr_compare(&both[i], pool, op, needle, figures[i], err))) return status;
    return expr_or(out, pool, both, 2, err);
}

/* True if a value matches; else false without rows; else NULL if the needle or a value is NULL; else false. */
static bp_status three_valued(expr_id *out, expr_pool *pool, expr_id matches, expr_id needle, const expr_id figures[FIGURE_COUNT],
                              bp_error *err)
{
    expr_id parts[7] = {matches}, unknown[2], zero;
    bp_status status;

    if ((status = expr_bool(&parts[1], pool, true, err)) || (status = expr_int64(&zero, pool, 0, err)) ||
        (status = expr_compare(&parts[2], pool, COMPARE_EQUAL, figures[FIGURE_ROWS], zero, err)) ||
        (status = expr_bool(&parts[3], pool, false, err)) || (status = expr_is_null(&unknown[0], pool, needle, false, err)) ||
        (status = expr_compare(&unknown[1], pool, COMPARE_GREATER, figures[FIGURE_ROWS], figures[FIGURE_VALUES], err)) ||
        (status = expr_or(&parts[4], pool, unknown, 2, err)) || (status = expr_null(&parts[5], pool, type_of(TYPE_BOOLEAN), err)))
        return status;
    parts[6] = parts[3];
    return expr_case(out, pool, parts, 7, err);
}

static NO_INLINE bp_status compare_figures(walk *walk, subquery *inner, expr_id needle, compare_op op, expr_id *out, bp_error *err)
{
    expr_pool *pool = &walk->binder->plan->exprs;
    expr_id figures[FIGURE_COUNT] = {0}, matches;
    bp_status status;

    if ((status = join_figures(walk, inner, needle, op, figures, err)) ||
        (status = matches_figures(&matches, pool, needle, op, figures, err)))
        return status;
    return three_valued(out, pool, matches, needle, figures, err);
}

/* Whether a row's item is the needle: a MARK join, which knows IN's NULLs, or of a dependent subquery an EXISTS join. */
static NO_INLINE bp_status mark_matches(walk *walk, const subquery *inner, expr_id needle, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    expr_id column, *equal = arena_new(binder->arena, expr_id);
    column_id mark;
    bp_status status;

    if (!equal) return error_no_memory(err, binder->context->memory, sizeof *equal);
    if ((status = column_expr(&column, binder, plan_at(binder->plan, inner->node)->outputs[0], err))) return status;
    if ((status = expr_compare(equal, &binder->plan->exprs, COMPARE_EQUAL, needle, column, err))) return status;
    if ((status = join_to_rows(walk, inner->dependent ? JOIN_EXISTS : JOIN_MARK, *inner, equal, 1, &mark, err))) return status;
    return column_expr(out, binder, mark, err);
}

/* The dependent subquery is bound once more, for its figures. */
static NO_INLINE bp_status in_dependent(walk *walk, syntax_id query, const subquery *inner, expr_id needle, expr_id *out,
                                        bp_error *err)
{
    expr_id figures[FIGURE_COUNT] = {0}, matches;
    subquery again = {0};
    relation *relation = arena_new(walk->binder->arena, struct relation);
    bp_status status;

    if (!relation) return error_no_memory(err, walk->binder->context->memory, sizeof *relation);
    if ((status = mark_matches(walk, inner, needle, &matches, err)) ||
        (status = bind_inner(walk, query, relation, &again.dependent, err)))
        return status;
    again.node = relation->node;
    if ((status = join_figures(walk, &again, needle, COMPARE_NOT_EQUAL, figures, err))) return status;
    return three_valued(out, &walk->binder->plan->exprs, matches, needle, figures, err);
}

bool only_truth_counts(const walk *walk)
{
    const syntax *tree = walk->binder->tree;

    for (size_t i = 0; i < walk->frame_count; i++) {
        const syntax_node *node = syntax_at(tree, walk->frames[i].node);
        if (node->kind != SYNTAX_BINARY || (node->option != OPERATOR_AND && node->option != OPERATOR_OR)) return false;
    }
    return walk->context->is_condition;
}

bp_status combine_in_query(walk *walk, const frame *frame, expr_id needle, expr_id *out, bp_error *err)
{
    binder *binder = walk->binder;
    syntax_id query = syntax_child(binder->tree, frame->node, 1);
    quantified how = quantified_of(syntax_at(binder->tree, frame->node));
    subquery *inner = arena_new(binder->arena, subquery); /* these nest: little of them on the stack */
    relation *relation = arena_new(binder->arena, struct relation);
    bp_status status;

    if (!inner || !relation) return error_no_memory(err, binder->context->memory, sizeof *relation);
    if ((status = bind_inner(walk, query, relation, &inner->dependent, err))) return status;
    inner->node = relation->node;
    if (relation->count > 1 && expr_type(&binder->plan->exprs, needle).id == TYPE_STRUCT) {
        if ((status = row_in_query(walk, frame->node, inner, needle, how.op, !how.negated && only_truth_counts(walk), out, err)))
            return status;
        return how.negated ? expr_not(out, &binder->plan->exprs, *out, err) : BP_OK;
    }
    if ((status = one_column(walk, query, relation, err))) return status;
    if (how.op != COMPARE_EQUAL || expr_is_constant(&binder->plan->exprs, needle))
        status = compare_figures(walk, inner, needle, how.op, out, err);
    else if (inner->dependent && (how.negated || !only_truth_counts(walk)))
        status = in_dependent(walk, query, inner, needle, out, err);
    else
        status = mark_matches(walk, inner, needle, out, err);
    return status || !how.negated ? status : expr_not(out, &binder->plan->exprs, *out, err);
}
