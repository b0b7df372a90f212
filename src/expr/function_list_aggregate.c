/* Aggregates over the elements of lists: list_sum(l) and its like, list_aggregate(l, 'name', …), array_to_string(l, separator).
 *
 * Binding resolves the aggregate as if the elements were a column; the kernel then takes each row for a group. */
#include "list_kernel.h"

typedef struct list_aggregation {
    const aggregate_call *call;
    data_type wanted; /* of the elements */
    data_type result;
    size_t skipped; /* arguments before the aggregate's further ones: the list, its name */
} list_aggregation;

/* Further arguments are constants of the aggregate (a separator, a fraction): it has read them when it was bound. */
static bp_status bind_aggregation(function_binding *binding, string_view name, size_t skipped, bp_error *err)
{
    expr_pool *pool = binding->pool;
    list_aggregation *made = arena_new(pool->arena, list_aggregation);
    expr_id *arguments = arena_new_array(pool->arena, expr_id, binding->count + 1), node;
    data_type list = expr_type(pool, binding->arguments[0]);
    size_t count = 1 + binding->count - skipped;
    bp_status status;

    if (!made || !arguments) return error_no_memory(err, pool->arena->memory, sizeof *made);
    if ((status = expr_column(&arguments[0], pool, 0, list_element_type(list), err))) return status;
    for (size_t i = 1; i < count; i++) arguments[i] = binding->arguments[skipped + i - 1];
    if ((status = expr_aggregate(&node, pool, name, arguments, count, false, 0, NULL, 0, err))) return status;
    *made = (list_aggregation){.call = expr_at(pool, node)->aggregate,
                               .wanted = expr_type(pool, expr_child(pool, node, 0)),
                               .result = expr_type(pool, node),
                               .skipped = skipped};
    if (made->call->argument_count != count) return ERROR_INTERNAL(err, "an aggregate over lists lost an argument");
    if (!list_type_of(&binding->wanted[0], made->wanted, pool->arena)) return error_no_memory(err, pool->arena->memory, 64);
    binding->result = made->result;
    binding->bind_data = made;
    return BP_OK;
}

bp_status bind_list_aggregate(function_binding *binding, bp_error *err)
{
    string_view name;

    if (!binding_text(binding, 1, &name))
        return error_set(err, BP_BIND_ERROR, "list_aggregate() wants the aggregate's name as a constant text");
    return bind_aggregation(binding, name, 2, err);
}

#define LIST_AGGREGATE(aggregate)                                                                                                  \
    bp_status bind_list_##aggregate(function_binding *binding, bp_error *err)                                                      \
    {                                                                                                                              \
        return bind_aggregation(binding, STRING_VIEW(#aggregate), 1, err);                                                         \
    }
LIST_AGGREGATE(any_value)
LIST_AGGREGATE(approx_count_distinct)
LIST_AGGREGATE(avg)
LIST_AGGREGATE(bit_and)
LIST_AGGREGATE(bit_or)
LIST_AGGREGATE(bit_xor)
LIST_AGGREGATE(bool_and)
LIST_AGGREGATE(bool_or)
LIST_AGGREGATE(count)
LIST_AGGREGATE(entropy)
LIST_AGGREGATE(first)
LIST_AGGREGATE(histogram)
LIST_AGGREGATE(kurtosis)
LIST_AGGREGATE(kurtosis_pop)
LIST_AGGREGATE(last)
LIST_AGGREGATE(mad)
LIST_AGGREGATE(max)
LIST_AGGREGATE(median)
LIST_AGGREGATE(min)
LIST_AGGREGATE(mode)
LIST_AGGREGATE(product)
LIST_AGGREGATE(sem)
LIST_AGGREGATE(skewness)
LIST_AGGREGATE(stddev_pop)
LIST_AGGREGATE(stddev_samp)
LIST_AGGREGATE(string_agg)
LIST_AGGREGATE(sum)
LIST_AGGREGATE(var_pop)
LIST_AGGREGATE(var_samp)

/* Every element with its row as group, in row order; without NULLs where the aggregate skips them. */
static bp_status select_elements(const function_call *call, const column *lists, const column *elements, bool skips_nulls,
                                 list_picks *picks, uint32_t **groups, bp_error *err)
{
    bp_status status;

    if ((status = list_picks_init(picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(lists, row);
        if ((status = cancel_check(&call->context->cancel, err))) return status;
        for (size_t i = 0; i < list.size; i++) {
            if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
            if (skips_nulls && column_is_null(elements, list.offset + i)) continue;
            if ((status = list_pick(picks, list.offset + i, err))) return status;
        }
        list_close(picks, row);
    }
    *groups = arena_allocate(call->arena, (picks->count + 1) * sizeof **groups);
    if (!*groups) return call_no_memory(call, picks->count * sizeof **groups, err);
    for (size_t row = 0; row < call->rows; row++)
        for (size_t i = 0; i < picks->entries[row].size; i++) {
            if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(&call->context->cancel, err))) return status;
            (*groups)[picks->entries[row].offset + i] = (uint32_t)row;
        }
    return BP_OK;
}

KERNEL(list_aggregate)
{
    const list_aggregation *plan = call->bind_data;
    const aggregate_overload *function = plan->call->function;
    aggregate_state_call state_call = {.context = call->context, .arena = call->arena, .bind_data = plan->call->bind_data};
    size_t stride = (function->state_size + 15) & ~(size_t)15;
    column *given = arena_new_array(call->arena, column, count + 1), elements = list_elements(&arguments[0]);
    char *states = arena_allocate_zeroed(call->arena, stride * (call->rows + 1));
    list_picks picks;
    uint32_t *groups;
    bp_status status;

    if (!given || !states) return call_no_memory(call, stride * call->rows, err);
    if ((status = column_flatten(&given[0], &elements, call->arena, err))) return status;
    for (size_t i = plan->skipped; i < count; i++) given[i - plan->skipped + 1] = arguments[i];
    if ((status = select_elements(call, &arguments[0], &given[0], function->skips_nulls, &picks, &groups, err))) return status;
    function->init(&state_call, states, stride, call->rows);
    for (size_t done = 0; done < picks.count; done += LIST_CHECK_ITEMS) {
        size_t part = picks.count - done < LIST_CHECK_ITEMS ? picks.count - done : LIST_CHECK_ITEMS;
        if ((status = cancel_check(&call->context->cancel, err))) return status;
        status = function->update(&state_call, states, stride, groups + done, given, plan->call->argument_count, picks.items + done,
                                  part, err);
        if (status) return status;
    }
    if ((status = function->finish(&state_call, states, stride, call->rows, out, call->arena, err))) return status;
    out->type = plan->result;
    out->length = call->rows;
    if (call->validity) {
        uint64_t *validity = arena_allocate(call->arena, (bitmap_words(call->rows) + 1) * 8);
        if (!validity) return call_no_memory(call, call->rows / 8, err);
        for (size_t i = 0; i < bitmap_words(call->rows); i++)
            validity[i] = call->validity[i] & (out->validity ? out->validity[i] : ~(uint64_t)0);
        out->validity = validity;
    }
    return BP_OK;
}

/* array_to_string ---------------------------------------------------------------------------------------------------------------------------- */
bp_status bind_list_to_text(function_binding *binding, bp_error *err)
{
    arena *arena = binding->pool->arena;

    return list_type_of(&binding->wanted[0], type_of(TYPE_VARCHAR), arena) ? BP_OK : error_no_memory(err, arena->memory, 64);
}

/* NULL elements are left out, a NULL separator is none. */
KERNEL(list_to_text)
{
    string_ref *to = call_values(call, out, 16);
    column elements = list_elements(&arguments[0]), flat;
    uint64_t *validity = call_own_validity(call, out);
    builder text;
    bp_status status;

    if (!to || !validity) return call_no_memory(call, call->rows * 16, err);
    if ((status = column_flatten(&flat, &elements, call->arena, err))) return status;
    builder_init(&text, call->context->memory, UINT32_MAX);
    for (size_t row = 0; row < call->rows && !status; row++) {
        list_view list = list_at(&arguments[0], row);
        string_view separator = count < 2 ? STRING_VIEW(",") : STRING_VIEW("");
        bool first = true;
        char *kept;
        if (column_is_null(&arguments[0], row)) {
            bitmap_unset(validity, row);
            continue;
        }
        if (count > 1 && !column_is_null(&arguments[1], row)) separator = text_value(&arguments[1], row);
        builder_reset(&text);
        for (size_t i = 0; i < list.size; i++) {
            if (i % LIST_CHECK_ITEMS == 0 && !builder_goes_on(&text)) break;
            if (column_is_null(&flat, list.offset + i)) continue;
            if (!first) builder_text(&text, separator);
            builder_text(&text, string_ref_view((const string_ref *)flat.values + list.offset + i));
            first = false;
        }
        if ((status = builder_status(&text, err))) break;
        if (first && list.size) { /* nothing but NULLs, as string_agg() has it */
            bitmap_unset(validity, row);
            continue;
        }
        kept = arena_allocate_aligned(call->arena, text.size + 1, 1);
        if (!kept) status = call_no_memory(call, text.size, err);
        if (!status) status = cancel_copy(call->context->memory, kept, text.data, text.size, err);
        if (!status) to[row] = string_ref_of(kept, text.size);
    }
    builder_clear(&text);
    return status;
}
