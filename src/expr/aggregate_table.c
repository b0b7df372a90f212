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

bool aggregate_is_plain(const aggregate_overload *overload, data_type first_argument)
{
    static bp_status (*const plain[])(const aggregate_state_call *, char *, size_t, const uint32_t *, const char *, size_t, size_t,
                                      bp_error *) = {count_combine,   exact_combine,   double_combine, product_combine,
                                                     bool_combine,    bit_and_combine, bit_or_combine, bit_xor_combine,
                                                     moments_combine, shape_combine,   careful_combine};

    for (size_t i = 0; i < ARRAY_LENGTH(plain); i++)
        if (overload->combine == plain[i]) return true;
    if (overload->combine != min_combine && overload->combine != max_combine) return false;
    return !type_is_nested(first_argument) && type_physical(first_argument) != PHYSICAL_STRING;
}
