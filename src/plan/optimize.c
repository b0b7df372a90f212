/* The runner: all passes in order, the verifier after each when config.verify asks for it (the hostile configurations of the tests do). */
#include "optimize.h"

typedef struct optimizer_pass {
    const char *name;
    bp_status (*run)(plan *plan, bp_error *err);
} optimizer_pass;

static const optimizer_pass passes[] = {
    {"fold", optimize_fold},   {"branches", optimize_branches}, {"filters", optimize_filters},
    {"joins", optimize_joins}, {"top_n", optimize_top_n},       {"columns", optimize_columns},   {"join_filters", optimize_join_filters},
};

static bp_status verify_after(plan *plan, const char *pass, bp_error *err)
{
    bp_status status = plan->context->config.verify ? plan_verify(plan, err) : BP_OK;

    if (status) error_prefix(err, "after the optimizer pass %s", pass);
    return status;
}

bp_status plan_optimize(plan *plan, bp_error *err)
{
    bp_status status = verify_after(plan, "none", err);

    if (status || !plan->context->config.optimizer) return status;
    for (size_t i = 0; i < ARRAY_LENGTH(passes); i++) {
        if ((status = passes[i].run(plan, err))) return status;
        if ((status = verify_after(plan, passes[i].name, err))) return status;
    }
    return BP_OK;
}
