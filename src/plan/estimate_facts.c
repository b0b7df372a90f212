/* What statistics say about the values of a column: how many different ones there can be, and between which numbers they are. Facts of files are kept under their version, as
 * samples are (estimate_sample.c): collecting them passes over all row groups. */
#include "estimate_internal.h"

static bool number_of(const column *value, double *out)
{
    switch (value->type.id) {
    case TYPE_INT8: *out = ((const int8_t *)value->values)[0]; return true;
    case TYPE_INT16: *out = ((const int16_t *)value->values)[0]; return true;
    case TYPE_INT32:
    case TYPE_DATE: *out = ((const int32_t *)value->values)[0]; return true;
    case TYPE_INT64: *out = (double)((const int64_t *)value->values)[0]; return true;
    default: return false;
    }
}

static bp_status read_range(plan *plan, const source *source, size_t column, value_range *out, bp_error *err)
{
    source_column_facts facts = {0};
    bp_status status = source->class->column_facts(&facts, source, column, &plan->arena, err);

    *out = (value_range){.known = false};
    if (status || !facts.has_limits || !facts.low || !facts.high) return status;
    out->known = number_of(facts.low, &out->low) && number_of(facts.high, &out->high);
    return BP_OK;
}

typedef struct range_key {
    char what[8];
    uint64_t version, rows, column;
} range_key;

typedef struct kept_range {
    range_key key;
    value_range range;
} kept_range;

static bp_status range_of_source(plan *plan, const source *source, size_t column, value_range *out, bp_error *err)
{
    memory *memory = plan->context->memory;
    kept_range known;
    memory_kept *kept;
    bp_status status;

    memset(&known, 0, sizeof known); /* no byte without a value */
    known.key = (range_key){.what = "range", .version = source->version, .rows = source->row_count, .column = column};
    kept = source->lasting_version ? memory_kept_take(memory, &known.key, sizeof known.key) : NULL;
    if (kept) {
        memcpy(&known, kept->bytes, sizeof known);
        *out = known.range;
        memory_kept_return(memory, kept);
        return BP_OK;
    }
    if ((status = read_range(plan, source, column, out, err))) return status;
    memcpy(&known.range, out, sizeof *out);
    if (source->lasting_version) memory_keep(memory, &known, sizeof known, sizeof known.key);
    return BP_OK;
}

bp_status estimate_range(plan *plan, plan_id id, expr_id expr, value_range *out, bp_error *err)
{
    const expr_node *node = expr_at(&plan->exprs, expr);
    column_id column = node->column;
    plan_id scan = node->kind == EXPR_COLUMN ? plan_origin(plan, id, &column) : 0;
    const struct source *source = scan && plan_at(plan, scan)->kind == PLAN_SCAN ? plan_at(plan, scan)->scan.source : NULL;

    *out = (value_range){.known = false};
    if (!source || !source->class->column_facts || !source->row_count_exact) return BP_OK;
    return range_of_source(plan, source, plan_at(plan, scan)->scan.source_columns[plan_find_output(plan, scan, column)], out, err);
}
