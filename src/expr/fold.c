/* Folding: what is constant is computed once. A value that raises an error stays as it is, and raises it when a row meets it. */
#include "evaluate.h"
#include "expr_internal.h"

bp_status expr_constant_value(const column **out, expr_pool *pool, expr_id root, bp_error *err)
{
    const expr_node *node = expr_at(pool, root);
    evaluator *evaluator = NULL;
    batch one_row = {.row_count = 1};
    column result, *kept;
    bp_status status;

    *out = node->literal;
    if (node->kind == EXPR_LITERAL) return BP_OK;
    if (!expr_is_constant(pool, root) && !node->is_volatile)
        return ERROR_INTERNAL(err, "the value of an expression that is not constant");
    if ((status = evaluator_new(&evaluator, pool->context, pool, &root, 1, err))) return status;
    if ((status = evaluator_run(evaluator, &one_row, &result, err))) goto done;
    if (!(kept = arena_new(pool->arena, column))) {
        status = error_no_memory(err, pool->context->memory, sizeof *kept);
        goto done;
    }
    if ((status = column_copy(kept, &result, pool->arena, err))) goto done;
    kept->encoding = COLUMN_CONSTANT;
    kept->type = expr_at(pool, root)->type;
    *out = kept;
done:
    evaluator_free(evaluator);
    return status;
}

/* That is no property of the value: another time it would have passed. */
static bool is_memory_trouble(bp_status status)
{
    return status == BP_NO_MEMORY || status == BP_OVER_BUDGET;
}

static bool all_literal(const expr_pool *pool, const expr_node *node)
{
    for (size_t i = 0; i < node->child_count; i++)
        if (expr_at(pool, pool->children[node->child_begin + i])->kind != EXPR_LITERAL) return false;
    return true;
}

static bool is_computed(const expr_node *node)
{
    return node->kind != EXPR_LITERAL && node->kind != EXPR_COLUMN && node->kind != EXPR_AGGREGATE && node->kind != EXPR_WINDOW &&
           !node->is_volatile;
}

/* AND and OR: children that decide nothing go; one that decides all stays alone. */
static bp_status fold_logic(expr_pool *pool, expr_id *id, bp_error *err)
{
    const expr_node *node = expr_at(pool, *id);
    bool is_and = node->kind == EXPR_AND;
    expr_id kept[64];
    size_t count = 0;

    if (node->child_count > ARRAY_LENGTH(kept)) return BP_OK;
    for (size_t i = 0; i < node->child_count; i++) {
        expr_id child = pool->children[node->child_begin + i];
        const expr_node *literal = expr_at(pool, child);
        bool known = literal->kind == EXPR_LITERAL && !column_is_null(literal->literal, 0);
        if (known && bitmap_get(literal->literal->values, 0) != is_and) {
            *id = child;
            return BP_OK;
        }
        if (!known) kept[count++] = child;
    }
    if (count == node->child_count) return BP_OK;
    if (count == 0) return expr_bool(id, pool, is_and, err);
    return is_and ? expr_and(id, pool, kept, count, err) : expr_or(id, pool, kept, count, err);
}

static bp_status fold_node(void *data, expr_pool *pool, expr_id *id, bp_error *err)
{
    const expr_node *node = expr_at(pool, *id);
    const column *value;
    bp_status status;

    (void)data;
    if (node->kind == EXPR_AND || node->kind == EXPR_OR) {
        if ((status = fold_logic(pool, id, err))) return status;
        node = expr_at(pool, *id);
    }
    if (node->kind == EXPR_COMPARE && !all_literal(pool, node)) return fold_compare(pool, id, err);
    if (!is_computed(node) || !all_literal(pool, node)) return BP_OK;
    status = expr_constant_value(&value, pool, *id, NULL);
    if (is_memory_trouble(status)) return error_no_memory(err, pool->context->memory, 4096);
    if (status) return BP_OK; /* it fails when a row meets it */
    pool->position = expr_at(pool, *id)->position;
    return expr_add_literal(id, pool, value, LITERAL_TYPED, err);
}

bp_status expr_fold(expr_id *out, expr_pool *pool, expr_id root, bp_error *err)
{
    return expr_rewrite(out, pool, root, fold_node, NULL, err);
}

/* Number literals --------------------------------------------------------------------------------------------------------------------------------- */
static bp_status number_from_text(expr_id *out, expr_pool *pool, string_view text, data_type type, bp_error *err)
{
    string_ref ref = string_ref_of(text.data, text.size);
    column value = {.type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = 1, .values = &ref};
    const column *number;
    expr_id literal;
    bp_status status;

    if ((status = expr_add_literal(&literal, pool, &value, LITERAL_TYPED, err))) return status;
    if ((status = expr_cast(&literal, pool, literal, type, false, err))) return status;
    if ((status = expr_constant_value(&number, pool, literal, err))) return status;
    return expr_add_literal(out, pool, number, type_is_integer(type) ? LITERAL_OPEN : LITERAL_TYPED, err);
}

/* Digits of 1, -12.50: before and behind the point; leading zeros count where there is a point, as in DuckDB: 0.1 is a DECIMAL(2,1). */
static void count_digits(string_view text, unsigned *whole, unsigned *fraction, bool *exponent)
{
    bool behind = false, leading = !memchr(text.data, '.', text.size);

    *whole = *fraction = 0;
    *exponent = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '.') behind = true;
        if (c == 'e' || c == 'E') *exponent = true;
        if (!ascii_is_digit((unsigned char)c)) continue;
        if (behind)
            (*fraction)++;
        else if (c != '0' || !leading) {
            leading = false;
            (*whole)++;
        }
    }
}

bp_status expr_number(expr_id *out, expr_pool *pool, string_view text, bp_error *err)
{
    unsigned whole, fraction;
    bool exponent, point = text.size && memchr(text.data, '.', text.size);
    static const type_id integers[] = {TYPE_INT32, TYPE_INT64, TYPE_INT128};
    static const unsigned most_digits[] = {10, 19, 39};

    count_digits(text, &whole, &fraction, &exponent);
    if (!exponent && point && whole + fraction <= 38)
        return number_from_text(out, pool, text, type_decimal(whole + fraction ? whole + fraction : 1, (int)fraction), err);
    for (size_t i = 0; i < ARRAY_LENGTH(integers) && !exponent && !point && whole <= 39; i++) {
        bp_status status =
            whole <= most_digits[i] ? number_from_text(out, pool, text, type_of(integers[i]), NULL) : BP_OUT_OF_RANGE;
        if (is_memory_trouble(status)) return error_no_memory(err, pool->context->memory, 4096);
        if (!status) return BP_OK;
    }
    return number_from_text(out, pool, text, type_of(TYPE_FLOAT64), err);
}
