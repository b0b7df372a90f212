/* EXPLAIN: the tree as text, a node a line, children indented below their parent. */
#include "explain_internal.h"

static const char *const kind_names[PLAN_KIND_COUNT] = {
    [PLAN_NONE] = "NONE",           [PLAN_DUAL] = "DUAL",       [PLAN_SCAN] = "SCAN",           [PLAN_VALUES] = "VALUES",
    [PLAN_FILTER] = "FILTER",       [PLAN_PROJECT] = "PROJECT", [PLAN_AGGREGATE] = "AGGREGATE", [PLAN_DISTINCT] = "DISTINCT",
    [PLAN_JOIN] = "JOIN",           [PLAN_SORT] = "SORT",       [PLAN_LIMIT] = "LIMIT",         [PLAN_SET] = "SET",
    [PLAN_WINDOW] = "WINDOW",       [PLAN_UNNEST] = "UNNEST",   [PLAN_KEEP] = "KEEP",           [PLAN_READ] = "READ",
    [PLAN_RECURSIVE] = "RECURSIVE", [PLAN_WORKING] = "WORKING"};
static const char *const join_names[] = {[JOIN_INNER] = "INNER",
                                         [JOIN_LEFT] = "LEFT",
                                         [JOIN_RIGHT] = "RIGHT",
                                         [JOIN_FULL] = "FULL",
                                         [JOIN_CROSS] = "CROSS",
                                         [JOIN_SEMI] = "SEMI",
                                         [JOIN_ANTI] = "ANTI",
                                         [JOIN_MARK] = "MARK",
                                         [JOIN_EXISTS] = "EXISTS",
                                         [JOIN_SINGLE] = "SINGLE",
                                         [JOIN_RIGHT_SEMI] = "RIGHT SEMI",
                                         [JOIN_RIGHT_ANTI] = "RIGHT ANTI"};
static const char *const set_names[] = {[PLAN_UNION] = "UNION", [PLAN_INTERSECT] = "INTERSECT", [PLAN_EXCEPT] = "EXCEPT"};

static string_view name_of_column(const void *data, uint32_t column)
{
    return ((const plan *)data)->columns[column].name;
}

static bool print_expr(const plan *plan, builder *out, expr_id expr)
{
    return expr_print(out, &plan->exprs, expr, name_of_column, plan);
}

static void print_list(const plan *plan, builder *out, const char *label, const expr_id *exprs, size_t count)
{
    if (count == 0) return;
    builder_format(out, "  %s", label);
    for (size_t i = 0; i < count; i++) {
        builder_text(out, i ? STRING_VIEW(", ") : STRING_VIEW(" "));
        print_expr(plan, out, exprs[i]);
    }
}

static void print_keys(const plan *plan, builder *out, const sort_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        builder_text(out, i ? STRING_VIEW(", ") : STRING_VIEW("  by "));
        print_expr(plan, out, keys[i].expr);
        if (keys[i].descending) builder_literal(out, " DESC");
        if (keys[i].nulls_first) builder_literal(out, " NULLS FIRST");
    }
}

static void print_scan(const plan *plan, builder *out, const plan_node *node)
{
    const source *source = node->scan.source;

    builder_format(out, "  %s", source->class->name);
    if (source->class->describe) {
        builder_literal(out, " ");
        source->class->describe(source, out);
    }
    builder_literal(out, "  columns");
    for (size_t i = 0; i < node->output_count; i++) {
        builder_text(out, i ? STRING_VIEW(", ") : STRING_VIEW(" "));
        builder_text(out, plan->columns[node->outputs[i]].name);
    }
    print_list(plan, out, "where", node->scan.filters, node->scan.filter_count);
    for (size_t i = 0; i < node->scan.join_filter_count; i++) {
        builder_text(out, i ? STRING_VIEW(", ") : STRING_VIEW("  joined by "));
        builder_text(out, plan->columns[node->outputs[node->scan.join_filters[i].output]].name);
    }
}

static void print_join(const plan *plan, builder *out, const plan_node *node)
{
    builder_format(out, "  %s", join_names[node->join.kind]);
    for (size_t i = 0; i < node->join.pair_count; i++) {
        builder_text(out, i ? STRING_VIEW(" AND ") : STRING_VIEW("  on "));
        print_expr(plan, out, node->join.pairs[i].left);
        builder_text(out, node->join.pairs[i].null_safe ? STRING_VIEW(" IS NOT DISTINCT FROM ") : STRING_VIEW(" = "));
        print_expr(plan, out, node->join.pairs[i].right);
    }
    print_list(plan, out, "residual", node->join.residual, node->join.residual_count);
}

static void print_limit(const plan *plan, builder *out, const plan_node *node)
{
    if (node->limit.percent >= 0)
        builder_format(out, "  %g%%", node->limit.percent);
    else if (node->limit.limit != UINT64_MAX)
        builder_format(out, "  %llu", (unsigned long long)node->limit.limit);
    if (node->limit.offset) builder_format(out, "  offset %llu", (unsigned long long)node->limit.offset);
    print_keys(plan, out, node->limit.keys, node->limit.key_count);
}

string_view explain_name(const plan_node *node)
{
    return string_view_of(kind_names[node->kind]);
}

void explain_details(const plan *plan, builder *out, const plan_node *node)
{
    switch ((plan_kind)node->kind) {
    case PLAN_SCAN: print_scan(plan, out, node); break;
    case PLAN_VALUES: builder_format(out, "  %zu rows", node->values.row_count); break;
    case PLAN_FILTER: print_list(plan, out, "where", node->filter.conjuncts, node->filter.conjunct_count); break;
    case PLAN_PROJECT: print_list(plan, out, "", node->project.exprs, node->output_count); break;
    case PLAN_AGGREGATE:
        print_list(plan, out, "by", node->aggregate.groups, node->aggregate.group_count);
        print_list(plan, out, "compute", node->aggregate.aggregates, node->aggregate.aggregate_count);
        break;
    case PLAN_DISTINCT: print_list(plan, out, "on", node->distinct.on, node->distinct.on_count); break;
    case PLAN_JOIN: print_join(plan, out, node); break;
    case PLAN_SORT: print_keys(plan, out, node->sort.keys, node->sort.key_count); break;
    case PLAN_LIMIT: print_limit(plan, out, node); break;
    case PLAN_WINDOW: print_list(plan, out, "compute", node->window.exprs, node->window.expr_count); break;
    case PLAN_UNNEST:
        print_list(plan, out, "", node->unnest.lists, node->unnest.list_count);
        if (node->unnest.outer) builder_literal(out, "  outer");
        break;
    case PLAN_KEEP: builder_format(out, "  #%u", (unsigned)(node - plan->nodes)); break;
    case PLAN_READ: builder_format(out, "  #%u", (unsigned)node->children[0]); break;
    case PLAN_SET: builder_format(out, "  %s%s", set_names[node->set.kind], node->set.all ? " ALL" : ""); break;
    default: break;
    }
}

static void print_figures(builder *out, plan_figures figures, void *data, plan_id node)
{
    plan_figure did;

    if (!figures) return;
    figures(data, node, &did);
    builder_format(out, "  (%llu rows, %.3f ms", (unsigned long long)did.rows, (double)did.nanoseconds / 1e6);
    if (did.spilled_bytes)
        builder_format(out, "; spilled %llu bytes in %llu parts", (unsigned long long)did.spilled_bytes,
                       (unsigned long long)did.spilled_parts);
    builder_literal(out, ")");
}

typedef struct pending_node {
    plan_id node;
    size_t depth;
} pending_node;

bp_status plan_explain(const plan *plan, builder *out, plan_figures figures, void *data, bp_error *err)
{
    memory *memory = plan->context->memory;
    size_t capacity = plan->node_count * 2, count = 0;
    bp_status status = BP_NO_MEMORY;
    pending_node *stack = memory_allocate_array(memory, capacity, sizeof *stack);
    bool *shown = memory_allocate_zeroed(memory, plan->node_count * sizeof *shown); /* rows that are kept once are shown once */

    if (!stack || !shown) {
        error_no_memory(err, memory, capacity * sizeof *stack);
        goto done;
    }
    stack[count++] = (pending_node){plan->root, 0};
    while (count && out->status == BP_OK) {
        pending_node top = stack[--count];
        const plan_node *node = plan_at(plan, top.node);
        builder_fill(out, ' ', top.depth * 2);
        builder_text(out, explain_name(node));
        explain_details(plan, out, node);
        print_figures(out, figures, data, top.node);
        builder_literal(out, "\n");
        for (size_t i = 2; i-- > 0;)
            if (node->children[i] && count < capacity && !shown[top.node])
                stack[count++] = (pending_node){node->children[i], top.depth + 1};
        shown[top.node] = true;
    }
    status = builder_status(out, err);
done:
    memory_free(memory, shown, plan->node_count * sizeof *shown);
    memory_free(memory, stack, capacity * sizeof *stack);
    return status;
}
