/* DESCRIBE, SHOW and SUMMARIZE: queries over the catalog, or about another query. */
#include "bind_query.h"

/* Rows of constants ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct rows {
    binder *binder;
    expr_id *cells;
    size_t count, capacity, columns;
} rows;

static bp_status add_cell(rows *rows, expr_id cell, bp_error *err)
{
    if (rows->count == rows->capacity) {
        size_t wanted = rows->capacity ? rows->capacity * 2 : 64;
        expr_id *larger = arena_new_array(rows->binder->arena, expr_id, wanted);
        if (!larger) return error_no_memory(err, rows->binder->context->memory, wanted * sizeof *larger);
        if (rows->count) memcpy(larger, rows->cells, rows->count * sizeof *larger);
        rows->cells = larger;
        rows->capacity = wanted;
    }
    rows->cells[rows->count++] = cell;
    return BP_OK;
}

/* data NULL: NULL. */
static bp_status add_text(rows *rows, string_view text, bp_error *err)
{
    expr_id cell;
    bp_status status = text.data ? expr_text(&cell, &rows->binder->plan->exprs, text, err)
                                 : expr_null(&cell, &rows->binder->plan->exprs, type_of(TYPE_VARCHAR), err);

    return status ? status : add_cell(rows, cell, err);
}

static bp_status finish_rows(relation *out, rows *rows, const char *const *names, bp_error *err)
{
    out->count = rows->columns;
    out->names = arena_new_array(rows->binder->arena, string_view, rows->columns);
    if (!out->names) return error_no_memory(err, rows->binder->context->memory, rows->columns * sizeof(string_view));
    for (size_t i = 0; i < rows->columns; i++) out->names[i] = string_view_of(names[i]);
    return plan_values(&out->node, rows->binder->plan, rows->cells, rows->count / rows->columns, rows->columns, out->names, err);
}

static bp_status type_text(string_view *out, binder *binder, data_type type, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, binder->context->memory, LIMIT_SQL_SIZE);
    type_print(&text, type);
    status = builder_status(&text, err);
    if (!status) {
        *out = arena_copy(binder->arena, builder_view(&text));
        if (!out->data) status = error_no_memory(err, binder->context->memory, text.size);
    }
    builder_clear(&text);
    return status;
}

/* The table or query that DESCRIBE or SUMMARIZE is about. */
static bp_status bind_subject(relation *out, binder *binder, syntax_id body, bp_error *err)
{
    syntax_id subject = syntax_child(binder->tree, body, 0);
    scope scope = {0};
    bp_status status;

    if (syntax_kind_of(binder->tree, subject) == SYNTAX_QUERY) return bind_query(out, binder, subject, err);
    if ((status = bind_one_table(&out->node, &scope, binder, subject, err))) return status;
    out->count = scope.count;
    out->names = arena_new_array(binder->arena, string_view, scope.count);
    if (!out->names) return error_no_memory(err, binder->context->memory, scope.count * sizeof(string_view));
    for (size_t i = 0; i < scope.count; i++) out->names[i] = scope.columns[i].name;
    return BP_OK;
}

bp_status bind_describe(relation *out, binder *binder, syntax_id body, bp_error *err)
{
    static const char *const names[] = {"column_name", "column_type", "null", "key", "default", "extra"};
    syntax_id subject = syntax_child(binder->tree, body, 0);
    const catalog_entry *entry = NULL;
    rows rows = {.binder = binder, .columns = ARRAY_LENGTH(names)};
    relation relation;
    bp_status status;

    if ((status = bind_subject(&relation, binder, body, err))) return status;
    if (syntax_kind_of(binder->tree, subject) == SYNTAX_TABLE)
        entry = catalog_find(&binder->session->catalog, syntax_at(binder->tree, subject)->text);
    if (entry && entry->kind != CATALOG_TABLE) entry = NULL;
    for (size_t i = 0; i < relation.count; i++) {
        column_id id = plan_at(binder->plan, relation.node)->outputs[i];
        string_view type, otherwise = entry && entry->default_text ? entry->default_text[i] : (string_view){0};
        if ((status = type_text(&type, binder, binder->plan->columns[id].type, err))) return status;
        if ((status = add_text(&rows, relation.names[i], err)) || (status = add_text(&rows, type, err))) return status;
        if ((status =
                 add_text(&rows, entry && entry->not_null && entry->not_null[i] ? STRING_VIEW("NO") : STRING_VIEW("YES"), err)))
            return status;
        if ((status = add_text(&rows, (string_view){0}, err))) return status;
        if ((status = add_text(&rows, otherwise.size ? otherwise : (string_view){0}, err))) return status;
        if ((status = add_text(&rows, (string_view){0}, err))) return status;
    }
    return finish_rows(out, &rows, names, err);
}

bp_status bind_show(relation *out, binder *binder, syntax_id body, bp_error *err)
{
    static const char *const names[] = {"name"};
    const catalog *catalog = &binder->session->catalog;
    rows rows = {.binder = binder, .columns = 1};
    bp_status status;

    if (!string_equal(syntax_at(binder->tree, body)->text, STRING_VIEW("tables")) &&
        !string_equal(syntax_at(binder->tree, body)->text, STRING_VIEW("all tables")))
        return not_yet(binder, body, "SHOW but for SHOW TABLES", err);
    for (size_t i = 0; i < catalog->count; i++)
        if ((status = add_text(&rows, catalog->entries[i]->name, err))) return status;
    if (rows.count) return finish_rows(out, &rows, names, err);
    if ((status = add_text(&rows, (string_view){0}, err)) || (status = finish_rows(out, &rows, names, err))) return status;
    return plan_limit(&out->node, binder->plan, out->node, 0, 0, -1, err); /* no rows, but a VARCHAR column */
}

/* SUMMARIZE ----------------------------------------------------------------------------------------------------------------------------------------- */
/* One AGGREGATE computes every column's figures; its one row is joined to the numbers 0 … columns - 1, and CASE picks each column's figures out of it. */
enum { FIGURE_MIN, FIGURE_MAX, FIGURE_UNIQUE, FIGURE_AVG, FIGURE_STD, FIGURE_Q25, FIGURE_Q50, FIGURE_Q75, FIGURE_COUNT, FIGURES };

static bp_status figure_call(expr_id *out, binder *binder, int figure, expr_id column, bp_error *err)
{
    static const char *const names[FIGURES] = {"min",           "max",           "approx_count_distinct", "avg",  "stddev",
                                               "quantile_cont", "quantile_cont", "quantile_cont",         "count"};
    static const double fractions[FIGURES] = {[FIGURE_Q25] = 0.25, [FIGURE_Q50] = 0.5, [FIGURE_Q75] = 0.75};
    expr_pool *pool = &binder->plan->exprs;
    data_type type = expr_type(pool, column);
    bool numbers_only = figure >= FIGURE_AVG && figure <= FIGURE_Q75;
    expr_id arguments[2] = {column};
    bp_status status;

    *out = 0;
    if ((numbers_only && !type_is_numeric(type)) || (figure < FIGURE_COUNT && type_is_nested(type))) return BP_OK;
    if (numbers_only && (status = expr_cast(&arguments[0], pool, column, type_of(TYPE_FLOAT64), false, err))) return status;
    if (fractions[figure] > 0 && (status = expr_double(&arguments[1], pool, fractions[figure], err))) return status;
    return expr_aggregate(out, pool, string_view_of(names[figure]), arguments, fractions[figure] > 0 ? 2 : 1, false, 0, NULL, 0,
                          err);
}

typedef struct summary {
    binder *binder;
    relation subject;
    expr_id *calls; /* FIGURES a column, then count(*); 0: does not apply */
    size_t *places; /* of each call among the AGGREGATE's outputs */
    plan_id node;
    column_id number;
} summary;

static bp_status aggregate_figures(summary *summary, bp_error *err)
{
    binder *binder = summary->binder;
    size_t total = summary->subject.count * FIGURES + 1, given = 0;
    expr_id *calls = arena_new_array(binder->arena, expr_id, total);
    bp_status status;

    summary->calls = arena_new_array(binder->arena, expr_id, total);
    summary->places = arena_new_array(binder->arena, size_t, total);
    if (!calls || !summary->calls || !summary->places) return error_no_memory(err, binder->context->memory, total * sizeof *calls);
    for (size_t i = 0; i < total; i++) {
        expr_id column = 0;
        if (i + 1 < total &&
            (status = column_expr(&column, binder, plan_at(binder->plan, summary->subject.node)->outputs[i / FIGURES], err)))
            return status;
        status = i + 1 < total ? figure_call(&summary->calls[i], binder, (int)(i % FIGURES), column, err)
                               : expr_aggregate(&summary->calls[i], &binder->plan->exprs, STRING_VIEW("count"), NULL, 0, false, 0,
                                                NULL, 0, err);
        if (status) return status;
        summary->places[i] = given;
        if (summary->calls[i]) calls[given++] = summary->calls[i];
    }
    return plan_aggregate(&summary->node, binder->plan, summary->subject.node, NULL, 0, calls, given, err);
}

static bp_status join_numbers(summary *summary, bp_error *err)
{
    binder *binder = summary->binder;
    rows rows = {.binder = binder, .columns = 1};
    relation numbers;
    bp_status status;

    for (size_t i = 0; i < summary->subject.count; i++) {
        expr_id cell;
        if ((status = expr_int64(&cell, &binder->plan->exprs, (int64_t)i, err)) || (status = add_cell(&rows, cell, err)))
            return status;
    }
    if ((status = finish_rows(&numbers, &rows, (const char *const[]){"number"}, err))) return status;
    summary->number = plan_at(binder->plan, numbers.node)->outputs[0];
    return plan_join(&summary->node, binder->plan, JOIN_CROSS, numbers.node, summary->node, NULL, 0, err);
}

/* CASE number WHEN 0 THEN column 0's … END, as `type`; pick(…) gives a column's value, 0 for NULL. */
typedef bp_status (*summary_pick)(expr_id *out, summary *summary, size_t column, int figure, bp_error *err);

static bp_status picked_case(expr_id *out, summary *summary, summary_pick pick, int figure, data_type type, bp_error *err)
{
    binder *binder = summary->binder;
    expr_pool *pool = &binder->plan->exprs;
    size_t count = 0;
    expr_id *children = arena_new_array(binder->arena, expr_id, summary->subject.count * 2), number;
    bp_status status;

    if (!children) return error_no_memory(err, binder->context->memory, summary->subject.count * 2 * sizeof *children);
    if ((status = column_expr(&number, binder, summary->number, err))) return status;
    for (size_t i = 0; i < summary->subject.count; i++) {
        expr_id literal, value;
        if ((status = pick(&value, summary, i, figure, err))) return status;
        if (!value) continue;
        if ((status = expr_int64(&literal, pool, (int64_t)i, err))) return status;
        if ((status = expr_compare(&children[count++], pool, COMPARE_EQUAL, number, literal, err))) return status;
        if ((status = expr_cast(&children[count++], pool, value, type, false, err))) return status;
    }
    return count ? expr_case(out, pool, children, count, err) : expr_null(out, pool, type, err);
}

static bp_status pick_name(expr_id *out, summary *summary, size_t column, int figure, bp_error *err)
{
    (void)figure;
    return expr_text(out, &summary->binder->plan->exprs, summary->subject.names[column], err);
}

static bp_status pick_type(expr_id *out, summary *summary, size_t column, int figure, bp_error *err)
{
    plan *plan = summary->binder->plan;
    string_view text;
    bp_status status;

    (void)figure;
    status = type_text(&text, summary->binder, plan->columns[plan_at(plan, summary->subject.node)->outputs[column]].type, err);
    return status ? status : expr_text(out, &plan->exprs, text, err);
}

static bp_status figure_column(expr_id *out, summary *summary, size_t call, bp_error *err)
{
    plan *plan = summary->binder->plan;
    const plan_node *aggregate = plan_at(plan, plan_at(plan, summary->node)->children[1]);

    *out = 0;
    return summary->calls[call] ? column_expr(out, summary->binder, aggregate->outputs[summary->places[call]], err) : BP_OK;
}

/* Quantiles are values of the column's type; their text is that type's. */
static bp_status pick_figure(expr_id *out, summary *summary, size_t column, int figure, bp_error *err)
{
    plan *plan = summary->binder->plan;
    data_type type = plan->columns[plan_at(plan, summary->subject.node)->outputs[column]].type;
    bp_status status = figure_column(out, summary, column * FIGURES + (size_t)figure, err);

    if (status || !*out || figure < FIGURE_Q25 || figure > FIGURE_Q75) return status;
    return expr_cast(out, &plan->exprs, *out, type, false, err);
}

/* null_percentage: 100 * (rows - count) / rows, as DECIMAL(9,2). */
static bp_status null_percentage(expr_id *out, summary *summary, expr_id rows_count, bp_error *err)
{
    expr_pool *pool = &summary->binder->plan->exprs;
    expr_id count, difference, hundred, product, sides[2];
    bp_status status;

    if ((status = picked_case(&count, summary, pick_figure, FIGURE_COUNT, type_of(TYPE_INT64), err))) return status;
    sides[0] = rows_count, sides[1] = count;
    if ((status = expr_call(&difference, pool, STRING_VIEW("-"), sides, 2, err))) return status;
    if ((status = expr_double(&hundred, pool, 100, err))) return status;
    sides[0] = difference, sides[1] = hundred;
    if ((status = expr_call(&product, pool, STRING_VIEW("*"), sides, 2, err))) return status;
    sides[0] = rows_count;
    if ((status = expr_int64(&sides[1], pool, 0, err))) return status;
    if ((status = expr_nullif(&sides[1], pool, sides[0], sides[1], err))) return status;
    sides[0] = product;
    if ((status = expr_call(out, pool, STRING_VIEW("/"), sides, 2, err))) return status;
    return expr_cast(out, pool, *out, type_decimal(9, 2), false, err);
}

bp_status bind_summarize(relation *out, binder *binder, syntax_id body, bp_error *err)
{
    static const char *const names[] = {"column_name", "column_type", "min", "max", "approx_unique", "avg",
                                        "std",         "q25",         "q50", "q75", "count",         "null_percentage"};
    summary summary = {.binder = binder};
    expr_id exprs[ARRAY_LENGTH(names)], rows_count;
    bp_status status;

    if ((status = bind_subject(&summary.subject, binder, body, err))) return status;
    if ((status = aggregate_figures(&summary, err)) || (status = join_numbers(&summary, err))) return status;
    if ((status = picked_case(&exprs[0], &summary, pick_name, 0, type_of(TYPE_VARCHAR), err))) return status;
    if ((status = picked_case(&exprs[1], &summary, pick_type, 0, type_of(TYPE_VARCHAR), err))) return status;
    for (int i = 0; i < FIGURE_COUNT; i++)
        if ((status = picked_case(&exprs[2 + i], &summary, pick_figure, i, type_of(i == FIGURE_UNIQUE ? TYPE_INT64 : TYPE_VARCHAR),
                                  err)))
            return status;
    if ((status = figure_column(&rows_count, &summary, summary.subject.count * FIGURES, err))) return status;
    exprs[10] = rows_count;
    if ((status = null_percentage(&exprs[11], &summary, rows_count, err))) return status;
    out->count = ARRAY_LENGTH(names);
    out->names = arena_new_array(binder->arena, string_view, out->count);
    if (!out->names) return error_no_memory(err, binder->context->memory, sizeof names);
    for (size_t i = 0; i < out->count; i++) out->names[i] = string_view_of(names[i]);
    out->node = summary.node;
    return plan_project(&out->node, binder->plan, summary.node, exprs, out->names, out->count, err);
}
