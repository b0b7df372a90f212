/* The table aggregates.def as an array. */
#include "aggregate_rows.h"

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
