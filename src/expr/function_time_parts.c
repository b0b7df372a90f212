/* date_part() of a list of parts: a struct with a field for each, computed part by part over the column. */
#include "function_time.h"

typedef struct part_list {
    size_t count;
    date_part *parts;
} part_list;

static bp_status no_memory(const function_binding *binding, bp_error *err)
{
    return error_no_memory(err, binding->pool->arena->memory, sizeof(data_type));
}

/* Entry `index` of the list becomes part and field. */
static bp_status take_part(function_binding *binding, const column *texts, size_t row, part_list *list, string_view *names,
                           data_type *types, bp_error *err)
{
    size_t at = list->count;
    bp_status status;

    if (texts->type.id != TYPE_VARCHAR || column_is_null(texts, row))
        return error_set(err, BP_BIND_ERROR, "NULL struct entry name in \"date_part\": each entry must name a part");
    names[at] = arena_copy(binding->pool->arena, string_ref_view((const string_ref *)texts->values + row));
    if (!names[at].data) return no_memory(binding, err);
    for (size_t i = 0; i < at; i++)
        if (string_equal_nocase(names[i], names[at]))
            return error_set(err, BP_BIND_ERROR, "Duplicate struct entry name \"%.*s\" in \"date_part\"",
                             STRING_ARGUMENTS(names[at]));
    if ((status = time_parse_part(names[at], &list->parts[at], err))) return status;
    if ((status = time_check_part(binding->wanted[1], list->parts[at], err))) return status;
    types[at] = type_of(date_part_is_double(list->parts[at]) ? TYPE_FLOAT64 : TYPE_INT64);
    list->count++;
    return BP_OK;
}

bp_status bind_date_parts(function_binding *binding, bp_error *err)
{
    const list_entry *entry;
    const column *value;
    type_detail *detail = arena_new(binding->pool->arena, type_detail);
    part_list *list = arena_new(binding->pool->arena, part_list);
    data_type *types;
    string_view *names;
    bp_status status;

    if (!detail || !list) return no_memory(binding, err);
    if (!expr_is_constant(binding->pool, binding->arguments[0]))
        return error_set(err, BP_BIND_ERROR,
                         "the list of parts of date_part() must be constant: it decides the fields of the result");
    if ((status = expr_constant_value(&value, binding->pool, binding->arguments[0], err))) return status;
    if (value->type.id != TYPE_LIST || column_is_null(value, 0)) return BP_OK; /* NULL; the call is never made */
    entry = value->values;
    if (!entry->size) return error_set(err, BP_BIND_ERROR, "\"date_part\" requires non-empty lists of part names");
    list->parts = arena_new_array(binding->pool->arena, date_part, entry->size);
    types = arena_new_array(binding->pool->arena, data_type, entry->size);
    names = arena_new_array(binding->pool->arena, string_view, entry->size);
    if (!list->parts || !types || !names) return no_memory(binding, err);
    for (size_t i = 0; i < entry->size; i++)
        if ((status = take_part(binding, &value->children[0], entry->offset + i, list, names, types, err))) return status;
    *detail = (type_detail){.child_count = list->count, .children = types, .names = names};
    binding->result = type_of(TYPE_STRUCT);
    binding->result.detail = detail;
    binding->bind_data = list;
    binding->cannot_fail = true;
    return BP_OK;
}

KERNEL(time_date_parts)
{
    const part_list *list = call->bind_data;
    column *fields = arena_new_array(call->arena, column, list->count + 1);
    bp_status status;

    (void)count;
    if (!fields) return call_no_memory(call, list->count * sizeof *fields, err);
    for (size_t i = 0; i < list->count; i++) {
        fields[i] = (column){.type = out->type.detail->children[i], .encoding = COLUMN_FLAT, .length = call->rows};
        if ((status = time_run_part(list->parts[i], call, &arguments[1], &fields[i], err))) return status;
        if (!fields[i].validity) fields[i].validity = call->validity;
    }
    out->children = fields;
    out->child_count = list->count;
    return BP_OK;
}
