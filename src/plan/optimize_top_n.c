/* TOP N: LIMIT directly over SORT, with a limit small enough that holding its rows is cheap, takes the keys over. */
#include "optimize.h"

#define TOP_N_ROWS 100000

bp_status optimize_top_n(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bp_status status = plan_post_order(plan, &order, &count, err);

    for (size_t i = 0; i < count && !status; i++) {
        plan_node *node = plan_at(plan, order[i]);
        const plan_node *child;
        if (node->kind != PLAN_LIMIT || node->limit.percent >= 0 || node->limit.limit > TOP_N_ROWS ||
            node->limit.offset > TOP_N_ROWS)
            continue;
        child = plan_at(plan, node->children[0]);
        if (child->kind == PLAN_PROJECT) { /* SORT, then hidden keys dropped, then LIMIT: the limit goes below */
            plan_node *project = plan_at(plan, node->children[0]);
            plan_node *below = plan_at(plan, project->children[0]);
            if (below->kind != PLAN_SORT) continue;
            *below = (plan_node){.kind = PLAN_LIMIT,
                                 .children = {below->children[0]},
                                 .outputs = below->outputs,
                                 .output_count = below->output_count,
                                 .row_estimate = (double)node->limit.limit,
                                 .limit = {.offset = node->limit.offset,
                                           .limit = node->limit.limit,
                                           .percent = -1,
                                           .keys = below->sort.keys,
                                           .key_count = below->sort.key_count}};
            *node = *project; /* the projection takes the limit's place */
            continue;
        }
        if (child->kind != PLAN_SORT) continue;
        node->limit.keys = child->sort.keys;
        node->limit.key_count = child->sort.key_count;
        node->children[0] = child->children[0];
    }
    return status;
}
