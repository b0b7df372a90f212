/* The runner: all passes in order, the verifier after each in test builds. */
#include "optimize.h"

typedef struct optimizer_pass {
    const char *name;
    bp_status (*run)(plan *plan, bp_error *err);
} optimizer_pass;

static const optimizer_pass passes[] = {
    {"fold", optimize_fold},   {"branches", optimize_branches}, {"filters", optimize_filters},
    {"joins", optimize_joins}, {"top_n", optimize_top_n},       {"columns", optimize_columns},
};

static bp_status verify_after(plan *plan, const char *pass, bp_error *err)
{
#ifdef BEDPLATE_CHECKS
    bp_status status = plan_verify(plan, err);

    if (status) error_prefix(err, "after the optimizer pass %s", pass);
    return status;
#else
    (void)plan, (void)pass, (void)err;
    return BP_OK;
#endif
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
