/* The runner: all passes in order, the verifier after each when config.verify asks for it (the hostile configurations of the tests do). */
#include "optimize.h"

typedef struct optimizer_pass {
    const char *name;
    bp_status (*run)(plan *plan, bp_error *err);
} optimizer_pass;

static const optimizer_pass passes[] = {
    {"fold", optimize_fold},         {"branches", optimize_branches}, {"filters", optimize_filters},
    {"metadata", optimize_metadata}, {"joins", optimize_joins},       {"distinct", optimize_distinct},
    {"top_n", optimize_top_n},       {"columns", optimize_columns},   {"join_filters", optimize_join_filters},
};

static bp_status verify_after(plan *plan, const char *pass, bp_error *err)
{
    bp_status status = plan->context->config.verify ? plan_verify(plan, err) : BP_OK;

    if (status) error_prefix(err, "after the optimizer pass %s", pass);
    return status;
}

static size_t find_pass(string_view name)
{
    size_t i = 0;

    while (i < ARRAY_LENGTH(passes) && !string_equal_nocase(name, string_view_of(passes[i].name))) i++;
    return i;
}

static string_view pass_name_at(const void *data, size_t index)
{
    (void)data;
    return string_view_of(passes[index].name);
}

/* The passes that disabled_optimizers names. */
static bp_status find_disabled(bool *disabled, string_view names, bp_error *err)
{
    if (string_equal_nocase(names, STRING_VIEW("none"))) return BP_OK;
    for (size_t begin = 0, end; begin < names.size; begin = end + 1) {
        string_view name;
        size_t pass;
        for (end = begin; end < names.size && names.data[end] != ',';) end++;
        name = string_trim(string_view_slice(names, begin, end));
        if ((pass = find_pass(name)) < ARRAY_LENGTH(passes)) {
            disabled[pass] = true;
            continue;
        }
        error_set(err, BP_BAD_ARGUMENT, "setting disabled_optimizers: the optimizer has no step \"%.*s\"", STRING_ARGUMENTS(name));
        error_suggest(err, name, pass_name_at, NULL, ARRAY_LENGTH(passes));
        return BP_BAD_ARGUMENT;
    }
    return BP_OK;
}

bp_status plan_optimize(plan *plan, bp_error *err)
{
    const config *config = &plan->context->config;
    bool disabled[ARRAY_LENGTH(passes)] = {false};
    bp_status status = find_disabled(disabled, string_view_of(config->disabled_optimizers), err);

    if (!status) status = verify_after(plan, "none", err);
    if (status || !config->optimizer) return status;
    for (size_t i = 0; i < ARRAY_LENGTH(passes); i++) {
        if (disabled[i]) continue;
        if ((status = passes[i].run(plan, err))) return status;
        if ((status = verify_after(plan, passes[i].name, err))) return status;
    }
    return BP_OK;
}
