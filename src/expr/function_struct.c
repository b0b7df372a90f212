/* Structs: made of values, taken apart, put together anew. Their fields are columns that are passed on, so most kernels copy nothing. */
#include "list_kernel.h"

static bool struct_type_of(data_type *out, size_t count, data_type **types, string_view **names, arena *arena)
{
    type_detail *detail = arena_new(arena, type_detail);

    *types = arena_new_array(arena, data_type, count + 1);
    *names = arena_new_array(arena, string_view, count + 1);
    if (!detail || !*types || !*names) return false;
    *detail = (type_detail){.child_count = count, .children = *types, .names = *names};
    *out = type_of(TYPE_STRUCT);
    out->detail = detail;
    return true;
}

static bp_status no_memory(const function_binding *binding, bp_error *err)
{
    return error_no_memory(err, binding->pool->arena->memory, sizeof(data_type));
}

static bool is_named(data_type type)
{
    return type.detail && type.detail->names && type.detail->child_count && type.detail->names[0].size;
}

static size_t field_of(data_type type, string_view name)
{
    for (size_t i = 0; is_named(type) && i < type.detail->child_count; i++)
        if (string_equal_nocase(type.detail->names[i], name)) return i;
    return SIZE_MAX;
}

/* The fields of a struct argument as columns over all rows. */
static column field_column(const column *argument, size_t index, size_t rows)
{
    column field = argument->child_count ? argument->children[index] : column_nulls(argument->type.detail->children[index], rows);

    if (argument->encoding == COLUMN_CONSTANT && column_is_null(argument, 0))
        field = column_nulls(argument->type.detail->children[index], rows);
    return field;
}

static bp_status struct_result(const function_call *call, const column *fields, size_t count, column *out, bp_error *err)
{
    column *children = arena_new_array(call->arena, column, count + 1);

    if (!children) return call_no_memory(call, count * sizeof *children, err);
    for (size_t i = 0; i < count; i++) {
        children[i] = fields[i];
        children[i].length = call->rows;
        children[i].owner = NULL;
    }
    out->children = children;
    out->child_count = count;
    return BP_OK;
}

/* row(a, b), struct_pack(a := 1, …) ------------------------------------------------------------------------------------------------------- */
bp_status bind_row(function_binding *binding, bp_error *err)
{
    data_type *types;
    string_view *names;

    if (!struct_type_of(&binding->result, binding->count, &types, &names, binding->pool->arena)) return no_memory(binding, err);
    for (size_t i = 0; i < binding->count; i++) {
        types[i] = binding->wanted[i] = expr_type(binding->pool, binding->arguments[i]);
        names[i] = STRING_VIEW("");
    }
    return BP_OK;
}

KERNEL(struct_row)
{
    return struct_result(call, arguments, count, out, err);
}

static bp_status duplicate(string_view name, bp_error *err)
{
    return error_set(err, BP_BIND_ERROR, "Duplicate struct entry name \"%.*s\"", STRING_ARGUMENTS(name));
}

/* The name in argument `index` and the type of the value behind it become field `at`. */
static bp_status take_named(function_binding *binding, size_t index, size_t at, data_type *types, string_view *names, bp_error *err)
{
    string_view name;

    if (index + 1 >= binding->count || !binding_text(binding, index, &name) || name.size == 0)
        return error_set(err, BP_BIND_ERROR, "Need named argument for struct pack, e.g. STRUCT_PACK(a := b)");
    names[at] = arena_copy(binding->pool->arena, name);
    if (!names[at].data) return no_memory(binding, err);
    types[at] = binding->wanted[index + 1] = expr_type(binding->pool, binding->arguments[index + 1]);
    for (size_t i = 0; i < at; i++)
        if (string_equal_nocase(names[i], name)) return duplicate(name, err);
    return BP_OK;
}

/* Arguments are name, value, name, value …: how the binder hands on a := 1 and {'a': 1}. */
bp_status bind_struct_pack(function_binding *binding, bp_error *err)
{
    size_t count = binding->count / 2;
    data_type *types;
    string_view *names;
    bp_status status = BP_OK;

    if (!struct_type_of(&binding->result, count, &types, &names, binding->pool->arena)) return no_memory(binding, err);
    if (binding->count % 2) return take_named(binding, SIZE_MAX - 1, 0, types, names, err);
    for (size_t i = 0; i < count && !status; i++) status = take_named(binding, 2 * i, i, types, names, err);
    return status;
}

KERNEL(struct_pack)
{
    column *fields = arena_new_array(call->arena, column, count + 1);

    if (!fields) return call_no_memory(call, count * sizeof *fields, err);
    for (size_t i = 0; i < count / 2; i++) fields[i] = arguments[2 * i + 1];
    return struct_result(call, fields, count / 2, out, err);
}

/* struct_extract ------------------------------------------------------------------------------------------------------------------------------ */
static bp_status keep_index(function_binding *binding, size_t index, bp_error *err)
{
    size_t *kept = arena_new(binding->pool->arena, size_t);

    if (!kept) return no_memory(binding, err);
    *kept = index;
    binding->bind_data = kept;
    binding->result = expr_type(binding->pool, binding->arguments[0]).detail->children[index];
    return BP_OK;
}

static string_view field_name_at(const void *data, size_t index)
{
    return ((const type_detail *)data)->names[index];
}

bp_status bind_struct_extract(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);
    string_view name;
    size_t index;

    if (type.id == TYPE_NULL) return BP_OK;
    if (!binding_text(binding, 1, &name))
        return error_set(err, BP_BIND_ERROR, "struct_extract() wants the field's name as a constant text");
    index = field_of(type, name);
    if (index != SIZE_MAX) return keep_index(binding, index, err);
    if (!is_named(type)) return error_set(err, BP_BIND_ERROR, "this struct has no names: take its fields by number, from 1");
    error_set(err, BP_BIND_ERROR, "Could not find key \"%.*s\" in struct", STRING_ARGUMENTS(name));
    error_suggest(err, name, field_name_at, type.detail, type.detail->child_count);
    return BP_BIND_ERROR;
}

static bp_status extract_at(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);
    int64_t index;

    if (type.id == TYPE_NULL) return BP_OK;
    if (!binding_int64(binding, 1, &index)) return error_set(err, BP_BIND_ERROR, "a struct's field number must be a constant");
    if (index < 1 || (uint64_t)index > type.detail->child_count)
        return error_set(err, BP_BIND_ERROR, "Key index %lld for struct_extract out of range - expected an index between 1 and %zu",
                         (long long)index, type.detail->child_count);
    return keep_index(binding, (size_t)index - 1, err);
}

bp_status bind_struct_extract_at(function_binding *binding, bp_error *err)
{
    return extract_at(binding, err);
}

/* By number only where there are no names. */
bp_status bind_struct_extract_number(function_binding *binding, bp_error *err)
{
    if (is_named(expr_type(binding->pool, binding->arguments[0])))
        return error_set(err, BP_BIND_ERROR,
                         "struct_extract with an integer key can only be used on unnamed structs, use a string key instead");
    return extract_at(binding, err);
}

KERNEL(struct_extract)
{
    column field = field_column(&arguments[0], *(const size_t *)call->bind_data, call->rows);
    uint64_t *validity;
    bp_status status;

    (void)count;
    field.length = call->rows;
    if ((status = column_flatten(&field, &field, call->arena, err))) return status;
    field.type = out->type;
    field.owner = NULL;
    if (call->validity && field.validity) {
        validity = arena_allocate(call->arena, (bitmap_words(call->rows) + 1) * 8);
        if (!validity) return call_no_memory(call, call->rows / 8, err);
        bitmap_and(validity, call->validity, field.validity, call->rows);
        field.validity = validity;
    } else if (call->validity) {
        field.validity = call->validity;
    }
    *out = field;
    return BP_OK;
}

/* struct_insert, struct_update, struct_concat --------------------------------------------------------------------------------------------------- */
/* Where each field of the result comes from: field `field` of argument `argument`, or (SIZE_MAX) that argument itself. */
typedef struct field_source {
    size_t argument, field;
} field_source;

typedef struct fields_plan {
    size_t count;
    field_source *from;
} fields_plan;

static bp_status new_fields(function_binding *binding, size_t most, fields_plan **out, data_type **types, string_view **names,
                            bp_error *err)
{
    fields_plan *plan = arena_new(binding->pool->arena, fields_plan);

    if (!plan || !struct_type_of(&binding->result, most, types, names, binding->pool->arena)) return no_memory(binding, err);
    plan->from = arena_new_array(binding->pool->arena, field_source, most + 1);
    if (!plan->from) return no_memory(binding, err);
    binding->bind_data = *out = plan;
    return BP_OK;
}

static void add_fields(fields_plan *plan, data_type type, size_t argument, data_type *types, string_view *names)
{
    for (size_t i = 0; type.detail && i < type.detail->child_count; i++, plan->count++) {
        types[plan->count] = type.detail->children[i];
        names[plan->count] = is_named(type) ? type.detail->names[i] : STRING_VIEW("");
        plan->from[plan->count] = (field_source){argument, i};
    }
}

static void set_count(function_binding *binding, const fields_plan *plan)
{
    type_detail *detail = (type_detail *)(uintptr_t)binding->result.detail; /* made a moment ago */

    detail->child_count = plan->count;
}

/* The first argument is a struct, then come names with values; an old name is replaced (update) or refused (insert). */
static bp_status bind_fields(function_binding *binding, bool update, const char *name, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]), *types;
    string_view *names, given;
    fields_plan *plan;
    bp_status status;

    if (type.id != TYPE_STRUCT) return error_set(err, BP_BIND_ERROR, "The first argument to %s must be a STRUCT", name);
    if (binding->count % 2 == 0 || binding->count == 1)
        return error_set(err, BP_BIND_ERROR, "%s() wants named arguments behind the struct, e.g. %s(s, a := 1)", name, name);
    if ((status = new_fields(binding, type.detail->child_count + binding->count, &plan, &types, &names, err))) return status;
    add_fields(plan, type, 0, types, names);
    for (size_t i = 1; i + 1 < binding->count; i += 2) {
        size_t at;
        if (!binding_text(binding, i, &given)) return error_set(err, BP_BIND_ERROR, "%s() wants named arguments", name);
        for (at = 0; at < plan->count && !string_equal_nocase(names[at], given); at++) {
        }
        if (at < plan->count && !update) return duplicate(given, err);
        names[at] = at < plan->count ? names[at] : arena_copy(binding->pool->arena, given);
        if (!names[at].data) return no_memory(binding, err);
        types[at] = binding->wanted[i + 1] = expr_type(binding->pool, binding->arguments[i + 1]);
        plan->from[at] = (field_source){i + 1, SIZE_MAX};
        plan->count += at == plan->count;
    }
    set_count(binding, plan);
    return BP_OK;
}

bp_status bind_struct_insert(function_binding *binding, bp_error *err)
{
    return bind_fields(binding, false, "struct_insert", err);
}

bp_status bind_struct_update(function_binding *binding, bp_error *err)
{
    return bind_fields(binding, true, "struct_update", err);
}

bp_status bind_struct_concat(function_binding *binding, bp_error *err)
{
    size_t total = 0;
    data_type *types;
    string_view *names;
    fields_plan *plan;
    bp_status status;

    for (size_t i = 0; i < binding->count; i++) {
        data_type type = expr_type(binding->pool, binding->arguments[i]);
        if (type.id != TYPE_STRUCT) return error_set(err, BP_BIND_ERROR, "struct_concat() takes structs only");
        if (i && is_named(type) != is_named(expr_type(binding->pool, binding->arguments[0])))
            return error_set(err, BP_BIND_ERROR, "struct_concat(): structs with names and without do not mix");
        total += type.detail->child_count;
    }
    if ((status = new_fields(binding, total, &plan, &types, &names, err))) return status;
    for (size_t i = 0; i < binding->count; i++) add_fields(plan, expr_type(binding->pool, binding->arguments[i]), i, types, names);
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < i; j++)
            if (names[i].size && string_equal_nocase(names[i], names[j])) return duplicate(names[i], err);
    set_count(binding, plan);
    return BP_OK;
}

KERNEL(struct_fields)
{
    const fields_plan *plan = call->bind_data;
    column *fields = arena_new_array(call->arena, column, plan->count + 1);

    (void)count;
    if (!fields) return call_no_memory(call, plan->count * sizeof *fields, err);
    for (size_t i = 0; i < plan->count; i++) {
        const column *argument = &arguments[plan->from[i].argument];
        fields[i] = plan->from[i].field == SIZE_MAX ? *argument : field_column(argument, plan->from[i].field, call->rows);
    }
    return struct_result(call, fields, plan->count, out, err);
}

/* struct_keys, struct_values --------------------------------------------------------------------------------------------------------------------- */
bp_status bind_struct_keys(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]);

    if (type.id != TYPE_NULL && !is_named(type)) return error_set(err, BP_BIND_ERROR, "struct_keys() wants a struct with names");
    return BP_OK;
}

/* Every row has the same list. */
KERNEL(struct_keys)
{
    const type_detail *detail = arguments[0].type.detail;
    size_t names = detail->child_count;
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);
    string_ref *texts = arena_new_array(call->arena, string_ref, names + 1);
    column elements = {.type = type_of(TYPE_VARCHAR), .length = names, .values = texts};

    (void)count;
    if (!entries || !texts) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t i = 0; i < names; i++) texts[i] = string_ref_of(detail->names[i].data, detail->names[i].size);
    for (size_t row = 0; row < call->rows; row++) entries[row] = (list_entry){0, (uint32_t)names};
    return list_result(call, entries, &elements, out, err);
}

bp_status bind_struct_values(function_binding *binding, bp_error *err)
{
    data_type type = expr_type(binding->pool, binding->arguments[0]), *types;
    size_t count = type.detail ? type.detail->child_count : 0;
    string_view *names;

    if (!struct_type_of(&binding->result, count, &types, &names, binding->pool->arena)) return no_memory(binding, err);
    for (size_t i = 0; i < count; i++) types[i] = type.detail->children[i], names[i] = STRING_VIEW("");
    return BP_OK;
}

KERNEL(struct_values)
{
    size_t fields = arguments[0].type.detail->child_count;
    column *columns = arena_new_array(call->arena, column, fields + 1);

    (void)count;
    if (!columns) return call_no_memory(call, fields * sizeof *columns, err);
    for (size_t i = 0; i < fields; i++) columns[i] = field_column(&arguments[0], i, call->rows);
    return struct_result(call, columns, fields, out, err);
}
