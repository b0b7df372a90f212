/* The table aggregates.def as an array. */
#include "aggregate_rows.h"

#include "compute/reduce.h"

#define AGGREGATE_PLAIN(name, signature, size, ordered, distinct, skips, init, update, combine, finish, description, example,      \
                        result)                                                                                                    \
    AGGREGATE_INIT(init);                                                                                                          \
    AGGREGATE_UPDATE(update);                                                                                                      \
    AGGREGATE_COMBINE(combine);                                                                                                    \
    AGGREGATE_FINISH(finish);
#define AGGREGATE(name, signature, size, ordered, distinct, skips, bind, init, update, combine, finish, description, example,      \
                  result)                                                                                                          \
    bp_status bind(function_binding *binding, bp_error *err);                                                                      \
    AGGREGATE_PLAIN(name, signature, size, ordered, distinct, skips, init, update, combine, finish, description, example, result)
#include "aggregates.def"
#undef AGGREGATE
#undef AGGREGATE_PLAIN

static const aggregate_overload aggregates[] = {
#define AGGREGATE(name, signature, size, ordered, distinct, skips, bind, init, update, combine, finish, description, example,      \
                  result)                                                                                                          \
    {name, signature, size, ordered, distinct, skips, bind, init, update, combine, finish, description, example, result},
#define AGGREGATE_PLAIN(name, signature, size, ordered, distinct, skips, init, update, combine, finish, description, example,      \
                        result)                                                                                                    \
    AGGREGATE(name, signature, size, ordered, distinct, skips, NULL, init, update, combine, finish, description, example, result)
#include "aggregates.def"
#undef AGGREGATE
#undef AGGREGATE_PLAIN
};

size_t aggregate_function_count(void)
{
    return ARRAY_LENGTH(aggregates);
}

const aggregate_overload *aggregate_function_at(size_t index)
{
    return &aggregates[index];
}

bool aggregate_takes_mask(const aggregate_overload *function, const column *arguments)
{
    physical_type physical;

    if (function->update == count_update) return true;
    if (arguments[0].encoding != COLUMN_FLAT) return false;
    if (function->update == count_if_update || function->update == bool_update) return true;
    physical = type_physical(arguments[0].type);
    if (function->update == exact_update) return sum_has_kernel(physical);
    return (function->update == min_update || function->update == max_update) && extreme_has_kernel(physical);
}
