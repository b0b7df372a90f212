/* WITH: queries by name. The first use of one is bound where it stands; with the second, unless it is cheap, its rows are kept and both read them (KEEP and READ). MATERIALIZED keeps
 * them always, NOT MATERIALIZED never. A recursive one becomes a RECURSIVE node:
 *
 *   t AS (base UNION [ALL] step)     the base's rows; then the step's again and again, WORKING rows being those that came last, until none come
 *
 * The step's columns are cast to the base's types. */
#include "bind_query.h"

static bp_status no_memory(const binder *binder, bp_error *err)
{
    return error_no_memory(err, binder->context->memory, 4096);
}

bp_status add_ctes(binder *binder, syntax_id query, bp_error *err)
{
    syntax_id list = syntax_child(binder->tree, query, SLOT_QUERY_WITH);
    const cte *around = binder->ctes;

    for (size_t i = 0; list && i < syntax_at(binder->tree, list)->count; i++) {
        cte *added = arena_new(binder->arena, cte);
        if (!added) return no_memory(binder, err);
        added->node = syntax_children(binder->tree, list)[i];
        added->name = syntax_at(binder->tree, added->node)->text;
        added->recursive = syntax_has(binder->tree, query, SYNTAX_FLAG_RECURSIVE);
        for (const cte *other = binder->ctes; other != around; other = other->outer)
            if (string_equal_nocase(other->name, added->name))
                return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, added->node)->begin, "WITH has \"%.*s\" twice",
                                    STRING_ARGUMENTS(added->name));
        added->outer = binder->ctes;
        added->around = binder->outer;
        binder->ctes = added;
    }
    return BP_OK;
}

/* names and columns ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status name_columns(const binder *binder, const cte *with, relation *relation, bp_error *err)
{
    syntax_id list = syntax_child(binder->tree, with->node, SLOT_CTE_COLUMNS);
    size_t count = list ? syntax_at(binder->tree, list)->count : 0;

    if (count > relation->count)
        return error_set_at(err, BP_BIND_ERROR, syntax_at(binder->tree, with->node)->begin,
                            "\"%.*s\" has %zu columns, but %zu names are given", STRING_ARGUMENTS(with->name), relation->count,
                            count);
    for (size_t i = 0; i < count; i++) relation->names[i] = syntax_at(binder->tree, syntax_children(binder->tree, list)[i])->text;
    return BP_OK;
}

/* recursion ----------------------------------------------------------------------------------------------------------------------------------------- */
/* What the step sees under the name: the rows that came last. */
static bp_status read_working(relation *out, const binder *binder, cte *self, bp_error *err)
{
    self->uses++;
    *out = self->rows;
    return plan_working(&out->node, binder->plan, self->working, plan_at(binder->plan, self->rows.node), err);
}

/* The parts but the last are the base. */
static bp_status bind_base(relation *out, binder *binder, syntax_id operation, bp_error *err)
{
    bp_status status = bind_body(out, binder, syntax_children(binder->tree, operation)[0], 0, err);

    for (size_t i = 1; i + 1 < syntax_at(binder->tree, operation)->count && !status; i++) {
        relation right;
        if ((status = bind_body(&right, binder, syntax_children(binder->tree, operation)[i], 0, err))) return status;
        status = combine_sides(out, &right, binder, operation, err);
    }
    return status;
}

static bp_status cast_step(relation *step, binder *binder, const relation *base, uint32_t position, bp_error *err)
{
    data_type *types = arena_new_array(binder->arena, data_type, base->count);

    if (!types) return no_memory(binder, err);
    if (step->count != base->count)
        return error_set_at(err, BP_BIND_ERROR, position, "the recursive part has %zu columns, but the part before it has %zu",
                            step->count, base->count);
    for (size_t i = 0; i < base->count; i++) types[i] = binder->plan->columns[plan_at(binder->plan, base->node)->outputs[i]].type;
    return cast_outputs(&step->node, binder, types, err);
}

bp_status bind_recursive(relation *out, binder *outer, cte *with, syntax_id operation, bp_error *err)
{
    const syntax_node *node = syntax_at(outer->tree, operation);
    bool all = node->flags & SYNTAX_FLAG_ALL;
    binder *binder = arena_new(outer->arena, struct binder);
    cte *self = arena_new(outer->arena, cte);
    relation step;
    bp_status status;

    if (!binder || !self) return no_memory(outer, err);
    *binder = *outer;
    if ((status = bind_base(out, binder, operation, err)) || (status = name_columns(binder, with, out, err))) return status;
    *self = (cte){.name = with->name, .node = with->node, .rows = *out, .outer = binder->ctes, .in_step = true};
    self->working = ++binder->plan->working_count;
    binder->ctes = self;
    if ((status = bind_body(&step, binder, syntax_children(binder->tree, operation)[node->count - 1], 0, err))) return status;
    if (!self->uses) return combine_sides(out, &step, binder, operation, err);
    if (syntax_child(binder->tree, with->node, SLOT_CTE_KEY))
        return not_yet(binder, with->node, "USING KEY of WITH RECURSIVE", err);
    if ((status = cast_step(&step, binder, out, node->begin, err))) return status;
    return plan_recursive(&out->node, binder->plan, self->working, all, out->node, step.node, err);
}

bool is_recursive_body(const binder *binder, syntax_id body)
{
    const syntax_node *node = syntax_at(binder->tree, body);

    return node->kind == SYNTAX_SET_OPERATION && node->option == SET_UNION && !(node->flags & SYNTAX_FLAG_BY_NAME);
}

/* sharing -------------------------------------------------------------------------------------------------------------------------------------------- */
bp_status is_cheap_to_repeat(bool *out, plan *plan, plan_id root, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order_of(plan, root, &order, &count, err);

    *out = true;
    for (size_t i = 0; !status && i < count && *out; i++) {
        plan_node *node = plan_at(plan, order[i]);
        expr_id *slot;
        *out = node->kind == PLAN_DUAL || node->kind == PLAN_SCAN || node->kind == PLAN_VALUES || node->kind == PLAN_FILTER ||
               node->kind == PLAN_PROJECT || node->kind == PLAN_READ;
        for (size_t j = 0; *out && (slot = plan_expr_slot(node, j)); j++) *out = !expr_at(&plan->exprs, *slot)->is_volatile;
        if (node->kind == PLAN_READ) break; /* what it reads is kept already */
    }
    return status;
}

/* The first use is a projection that names every column anew, so that below it no column is called as above. */
static bp_status rename_outputs(relation *rows, binder *binder, bp_error *err)
{
    size_t count = plan_at(binder->plan, rows->node)->output_count;
    expr_id *exprs = arena_new_array(binder->arena, expr_id, count);
    bp_status status;

    if (!exprs) return no_memory(binder, err);
    for (size_t i = 0; i < count; i++)
        if ((status = column_expr(&exprs[i], binder, plan_at(binder->plan, rows->node)->outputs[i], err))) return status;
    return plan_project(&rows->node, binder->plan, rows->node, exprs, rows->names, count, err);
}

/* The projection becomes a READ, in its place, of what was below it. */
static bp_status keep_rows(binder *binder, cte *with, bp_error *err)
{
    plan *plan = binder->plan;
    plan_node first = *plan_at(plan, with->rows.node);
    plan_id read;
    bp_status status;

    if ((status = plan_keep(&with->kept, plan, first.children[0], err)) ||
        (status = plan_read(&read, plan, with->kept, plan_at(plan, with->kept)->outputs, first.output_count, err)))
        return status;
    first.kind = PLAN_READ;
    first.children[0] = with->kept;
    first.read = plan_at(plan, read)->read;
    *plan_at(plan, with->rows.node) = first;
    return BP_OK;
}

static bp_status read_kept(relation *out, const binder *binder, const cte *with, bp_error *err)
{
    const plan_node *keep = plan_at(binder->plan, with->kept);

    *out = with->rows;
    return plan_read(&out->node, binder->plan, with->kept, keep->outputs, keep->output_count, err);
}

static bp_status bind_anew(relation *out, const binder *outer, cte *with, bool *dependent, bp_error *err)
{
    binder *binder = arena_new(outer->arena, struct binder);
    syntax_id statement = syntax_child(outer->tree, with->node, SLOT_CTE_STATEMENT);
    size_t names = outer->outer_names ? *outer->outer_names : 0;
    bp_status status;

    if (!binder) return no_memory(outer, err);
    if (syntax_kind_of(outer->tree, statement) != SYNTAX_QUERY)
        return not_yet(outer, statement, "WITH … AS (INSERT, UPDATE, DELETE)", err);
    *binder = *outer;
    binder->ctes = with->outer;
    binder->outer = with->around;
    binder->recursive = with->recursive ? with : NULL;
    if ((status = bind_query(out, binder, statement, err))) return status;
    *dependent = outer->outer_names && *outer->outer_names > names;
    return name_columns(outer, with, out, err);
}

bp_status bind_cte(relation *out, binder *binder, cte *with, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, with->node);
    bool materialized = node->flags & SYNTAX_FLAG_MATERIALIZED, never = node->flags & SYNTAX_FLAG_NOT_MATERIALIZED;
    bool dependent = false, cheap = false;
    bp_status status;

    if (with->in_step) return read_working(out, binder, with, err);
    if (with->rows.node && !with->kept) {
        if (!materialized && (status = is_cheap_to_repeat(&cheap, binder->plan, with->rows.node, err))) return status;
        if (!cheap && (status = keep_rows(binder, with, err))) return status;
    }
    if (with->kept) return read_kept(out, binder, with, err);
    if ((status = bind_anew(out, binder, with, &dependent, err)) || dependent) return status;
    if (never) return BP_OK;
    if ((status = rename_outputs(out, binder, err))) return status;
    with->rows = *out;
    return materialized ? keep_rows(binder, with, err) : BP_OK;
}
