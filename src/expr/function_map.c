/* Maps: lists of STRUCT(key, value) whose keys are unique and not NULL. Keys are looked up by walking a row's pairs, which are few. */
#include "list_kernel.h"

#include "column/concatenate.h"

static bp_status no_memory(const function_binding *binding, bp_error *err)
{
    return error_no_memory(err, binding->pool->arena->memory, sizeof(data_type));
}

static bool pair_type_of(data_type *out, data_type key, data_type value, arena *arena)
{
    type_detail *detail = arena_new(arena, type_detail);
    data_type *types = arena_new_array(arena, data_type, 2);
    string_view *names = arena_new_array(arena, string_view, 2);

    if (!detail || !types || !names) return false;
    types[0] = key, types[1] = value;
    names[0] = STRING_VIEW("key"), names[1] = STRING_VIEW("value");
    *detail = (type_detail){.child_count = 2, .children = types, .names = names};
    *out = type_of(TYPE_STRUCT);
    out->detail = detail;
    return true;
}

static bool map_type_of(data_type *out, data_type key, data_type value, arena *arena)
{
    data_type pair;

    if (!pair_type_of(&pair, key, value, arena) || !list_type_of(out, pair, arena)) return false;
    out->id = TYPE_MAP;
    return true;
}

static data_type part_type(data_type map, size_t index)
{
    return map.detail ? map.detail->children[0].detail->children[index] : type_of(TYPE_NULL);
}

/* Keys and values of all pairs of a MAP (or LIST of STRUCT of two) argument: FLAT structs' fields. */
static bp_status map_parts(const function_call *call, const column *argument, column *pairs, bp_error *err)
{
    column elements = list_elements(argument);

    return column_flatten(pairs, &elements, call->arena, err);
}

/* making ------------------------------------------------------------------------------------------------------------------------------------ */
bp_status bind_map(function_binding *binding, bp_error *err)
{
    data_type types[2] = {type_of(TYPE_NULL), type_of(TYPE_NULL)};

    for (size_t i = 0; i < binding->count; i++) {
        data_type type = expr_type(binding->pool, binding->arguments[i]);
        types[i] = list_element_type(type);
        if (type.id == TYPE_ARRAY && !list_type_of(&binding->wanted[i], types[i], binding->pool->arena))
            return no_memory(binding, err);
        if (type.id == TYPE_LIST) binding->wanted[i] = type;
    }
    return map_type_of(&binding->result, types[0], types[1], binding->pool->arena) ? BP_OK : no_memory(binding, err);
}

/* Items [begin, end) of keys: none NULL, no two equal. */
static bp_status check_keys(const column *keys, const uint32_t *items, size_t count, bp_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (column_is_null(keys, items[i])) return error_set(err, BP_OUT_OF_RANGE, "Map keys can not be NULL.");
        for (size_t j = 0; j < i; j++)
            if (column_value_equal(keys, items[i], keys, items[j]))
                return error_set(err, BP_OUT_OF_RANGE, "Map keys must be unique.");
    }
    return BP_OK;
}

/* Longer maps: sorted first. */
static bp_status check_row_keys(const function_call *call, list_view keys, bp_error *err)
{
    uint32_t *items = arena_allocate(call->arena, (2 * keys.size + 1) * sizeof *items);
    list_order order = {.elements = keys.elements};
    bp_status status = BP_OK;

    if (!items) return call_no_memory(call, keys.size * sizeof *items, err);
    for (size_t i = 0; i < keys.size; i++) items[i] = (uint32_t)(keys.offset + i);
    if (keys.size <= 8) return check_keys(keys.elements, items, keys.size, err);
    status = list_sort_items(&order, items, items + keys.size, keys.size, &call->context->cancel, err);
    for (size_t i = 0; i + 1 < keys.size && !status; i++) status = check_keys(keys.elements, items + i, 2, err);
    return status;
}

KERNEL(map_make)
{
    list_picks keys, values;
    column no_keys = column_nulls(part_type(out->type, 0), 0), no_values = column_nulls(part_type(out->type, 1), 0);
    column key_elements = count ? list_elements(&arguments[0]) : no_keys,
           value_elements = count ? list_elements(&arguments[1]) : no_values;
    const column *key_part[1] = {&key_elements}, *value_part[1] = {&value_elements};
    column lists[2], fields[2], pairs = {.type = out->type.detail->children[0]};
    bp_status status;

    if ((status = list_picks_init(&keys, call, call->rows, err)) || (status = list_picks_init(&values, call, call->rows, err)))
        return status;
    for (size_t row = 0; row < call->rows && count; row++) {
        list_view key = list_at(&arguments[0], row), value = list_at(&arguments[1], row);
        if (!call_skips(call, row)) {
            if (key.size != value.size)
                return error_set(err, BP_OUT_OF_RANGE, "The map key list does not align with the map value list.");
            if ((status = check_row_keys(call, key, err))) return status;
            if ((status = list_pick_run(&keys, key.offset, key.size, err))) return status;
            if ((status = list_pick_run(&values, value.offset, value.size, err))) return status;
        }
        list_close(&keys, row);
    }
    lists[0] = lists[1] = *out;
    if ((status = list_picks_finish(&keys, key_part, 1, &lists[0], err))) return status;
    if ((status = list_picks_finish(&values, value_part, 1, &lists[1], err))) return status;
    fields[0] = lists[0].children[0];
    fields[1] = lists[1].children[0];
    pairs.length = keys.count;
    pairs.child_count = 2;
    pairs.children = arena_new_array(call->arena, column, 2);
    if (!pairs.children) return call_no_memory(call, sizeof fields, err);
    memcpy((column *)(uintptr_t)pairs.children, fields, sizeof fields);
    return list_result(call, keys.entries, &pairs, out, err);
}

bp_status bind_map_from_entries(function_binding *binding, bp_error *err)
{
    data_type list = expr_type(binding->pool, binding->arguments[0]), pair = list_element_type(list), wanted;
    arena *arena = binding->pool->arena;

    if (pair.id != TYPE_NULL && (pair.id != TYPE_STRUCT || pair.detail->child_count != 2))
        return error_set(err, BP_BIND_ERROR, "map_from_entries() wants a list of structs of two fields");
    if (pair.id == TYPE_NULL) return map_type_of(&binding->result, pair, pair, arena) ? BP_OK : no_memory(binding, err);
    if (!list_type_of(&wanted, pair, arena) ||
        !map_type_of(&binding->result, pair.detail->children[0], pair.detail->children[1], arena))
        return no_memory(binding, err);
    binding->wanted[0] = wanted;
    return BP_OK;
}

/* The same lists under another name, once the keys are found to be keys. */
KERNEL(map_from_entries)
{
    list_picks picks;
    column pairs, keys;
    const column *parts[1] = {&pairs};
    bp_status status;

    (void)count;
    if ((status = map_parts(call, &arguments[0], &pairs, err))) return status;
    if (pairs.type.id == TYPE_NULL) pairs = column_nulls(out->type.detail->children[0], pairs.length);
    pairs.type = out->type.detail->children[0];
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(&arguments[0], row);
        for (size_t i = 0; i < list.size; i++)
            if (column_is_null(&pairs, list.offset + i)) return error_set(err, BP_OUT_OF_RANGE, "Map keys can not be NULL.");
        if (list.size) {
            keys = pairs.children[0];
            list.elements = &keys;
            if ((status = check_row_keys(call, list, err))) return status;
        }
        if ((status = list_pick_run(&picks, list.offset, list.size, err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

/* parts ------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status bind_part(function_binding *binding, size_t index, bp_error *err)
{
    data_type map = expr_type(binding->pool, binding->arguments[0]);

    return list_type_of(&binding->result, part_type(map, index), binding->pool->arena) ? BP_OK : no_memory(binding, err);
}

bp_status bind_map_keys(function_binding *binding, bp_error *err)
{
    return bind_part(binding, 0, err);
}

bp_status bind_map_values(function_binding *binding, bp_error *err)
{
    return bind_part(binding, 1, err);
}

bp_status bind_map_entries(function_binding *binding, bp_error *err)
{
    data_type map = expr_type(binding->pool, binding->arguments[0]), pair;
    arena *arena = binding->pool->arena;

    return pair_type_of(&pair, part_type(map, 0), part_type(map, 1), arena) && list_type_of(&binding->result, pair, arena)
               ? BP_OK
               : no_memory(binding, err);
}

/* The lists of the map, with other elements below them. */
static bp_status same_lists(const function_call *call, const column *map, const column *elements, column *out, bp_error *err)
{
    list_entry *entries = arena_new_array(call->arena, list_entry, call->rows + 4);

    if (!entries) return call_no_memory(call, call->rows * sizeof *entries, err);
    for (size_t row = 0; row < call->rows; row++) {
        list_view list = list_at(map, row);
        entries[row] = (list_entry){(uint32_t)list.offset, (uint32_t)list.size};
    }
    return list_result(call, entries, elements, out, err);
}

static bp_status one_part(const function_call *call, const column *map, size_t index, column *out, bp_error *err)
{
    column pairs, part;
    bp_status status;

    if ((status = map_parts(call, map, &pairs, err))) return status;
    part = pairs.child_count ? pairs.children[index] : column_nulls(part_type(map->type, index), 0);
    return same_lists(call, map, &part, out, err);
}

KERNEL(map_keys)
{
    (void)count;
    return one_part(call, &arguments[0], 0, out, err);
}

KERNEL(map_values)
{
    (void)count;
    return one_part(call, &arguments[0], 1, out, err);
}

KERNEL(map_entries)
{
    column pairs;
    bp_status status;

    (void)count;
    if ((status = map_parts(call, &arguments[0], &pairs, err))) return status;
    pairs.type = out->type.detail->children[0];
    return same_lists(call, &arguments[0], &pairs, out, err);
}

KERNEL(map_cardinality)
{
    uint64_t *to = call_values(call, out, 8);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = list_at(&arguments[0], row).size;
    return BP_OK;
}

/* looking up -------------------------------------------------------------------------------------------------------------------------------- */
/* The argument at `index` and the map's keys (part 0) or values (part 1) get one type. */
static bp_status unify_part(function_binding *binding, size_t index, size_t part, bp_error *err)
{
    arena *arena = binding->pool->arena;
    data_type map = expr_type(binding->pool, binding->arguments[0]), types[2];
    argument_type left, right = argument_of(binding->pool, binding->arguments[index]), common;

    if (map.id == TYPE_NULL) return BP_OK;
    if (binding->wanted[0].id == TYPE_MAP) map = binding->wanted[0];
    types[0] = part_type(map, 0), types[1] = part_type(map, 1);
    left = (argument_type){.type = types[part]};
    if (!unify_arguments(&common, arena, &left, &right, UNIFY_COMPARE))
        return error_set(err, BP_BIND_ERROR, "what is looked for in a map must have the type of its %s", part ? "values" : "keys");
    types[part] = common.type;
    binding->wanted[index] = common.type;
    return map_type_of(&binding->wanted[0], types[0], types[1], arena) ? BP_OK : no_memory(binding, err);
}

bp_status bind_map_has(function_binding *binding, bp_error *err)
{
    return unify_part(binding, 1, 0, err);
}

bp_status bind_map_has_value(function_binding *binding, bp_error *err)
{
    return unify_part(binding, 1, 1, err);
}

bp_status bind_map_has_entry(function_binding *binding, bp_error *err)
{
    bp_status status = unify_part(binding, 1, 0, err);

    return status ? status : unify_part(binding, 2, 1, err);
}

bp_status bind_map_get(function_binding *binding, bp_error *err)
{
    bp_status status = unify_part(binding, 1, 0, err);

    binding->result = part_type(binding->wanted[0], 1);
    return status;
}

bp_status bind_map_extract(function_binding *binding, bp_error *err)
{
    bp_status status = unify_part(binding, 1, 0, err);

    if (status) return status;
    return list_type_of(&binding->result, part_type(binding->wanted[0], 1), binding->pool->arena) ? BP_OK : no_memory(binding, err);
}

/* The pair of a row that has this value in `part`, or SIZE_MAX. */
static size_t find_pair(const column *map, const column *pairs, size_t part, const column *value, size_t row)
{
    list_view list = list_at(map, row);

    for (size_t i = 0; i < list.size; i++)
        if (!column_is_null(&pairs->children[part], list.offset + i) &&
            column_value_equal(&pairs->children[part], list.offset + i, value, row))
            return list.offset + i;
    return SIZE_MAX;
}

KERNEL(map_get)
{
    uint64_t *validity = call_own_validity(call, out);
    uint32_t *items = arena_new_array(call->arena, uint32_t, call->rows + 1);
    column pairs, made;
    bp_status status;

    (void)count;
    if (!validity || !items) return call_no_memory(call, call->rows * sizeof *items, err);
    if ((status = map_parts(call, &arguments[0], &pairs, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        size_t pair = call_skips(call, row) ? SIZE_MAX : find_pair(&arguments[0], &pairs, 0, &arguments[1], row);
        if (pair == SIZE_MAX)
            bitmap_unset(validity, row);
        else
            items[row] = (uint32_t)pair;
    }
    if (pairs.length == 0) {
        made = column_nulls(out->type, call->rows);
        return column_flatten(out, &made, call->arena, err);
    }
    if ((status = column_gather(&made, &pairs.children[1], items, call->rows, call->arena, err))) return status;
    if ((status = column_flatten(&made, &made, call->arena, err))) return status;
    for (size_t i = 0; i < bitmap_words(call->rows) && made.validity; i++) validity[i] &= made.validity[i];
    made.type = out->type;
    made.validity = validity;
    made.owner = NULL;
    *out = made;
    return BP_OK;
}

/* A list of the value, or an empty one. */
KERNEL(map_extract)
{
    list_picks picks;
    column pairs, values;
    const column *parts[1] = {&values};
    bp_status status;

    (void)count;
    if ((status = map_parts(call, &arguments[0], &pairs, err))) return status;
    values = pairs.child_count ? pairs.children[1] : column_nulls(list_element_type(out->type), 0);
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        size_t pair = call_skips(call, row) ? SIZE_MAX : find_pair(&arguments[0], &pairs, 0, &arguments[1], row);
        if (pair != SIZE_MAX && (status = list_pick(&picks, pair, err))) return status;
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}

static bp_status has_pair(const function_call *call, const column *arguments, size_t part, bool entry, column *out, bp_error *err)
{
    uint64_t *to = call_bits(call, out);
    column pairs;
    bp_status status;

    if (!to) return call_no_memory(call, call->rows / 8, err);
    if ((status = map_parts(call, &arguments[0], &pairs, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        size_t pair = call_skips(call, row) ? SIZE_MAX : find_pair(&arguments[0], &pairs, part, &arguments[1], row);
        if (pair == SIZE_MAX) continue;
        if (entry &&
            (column_is_null(&pairs.children[1], pair) || !column_value_equal(&pairs.children[1], pair, &arguments[2], row)))
            continue;
        bitmap_set(to, row);
    }
    return BP_OK;
}

KERNEL(map_has)
{
    (void)count;
    return has_pair(call, arguments, 0, false, out, err);
}

KERNEL(map_has_value)
{
    (void)count;
    return has_pair(call, arguments, 1, false, out, err);
}

KERNEL(map_has_entry)
{
    (void)count;
    return has_pair(call, arguments, 0, true, out, err);
}

/* map_concat ---------------------------------------------------------------------------------------------------------------------------------- */
/* All maps get the common types of keys and values. */
bp_status bind_map_concat(function_binding *binding, bp_error *err)
{
    arena *arena = binding->pool->arena;
    argument_type common = {.type = type_of(TYPE_NULL)};

    if (binding->count < 2) return error_set(err, BP_BIND_ERROR, "map_concat() takes two maps or more");
    for (size_t i = 0; i < binding->count; i++) {
        argument_type next = argument_of(binding->pool, binding->arguments[i]), both;
        if ((next.type.id != TYPE_MAP && next.type.id != TYPE_NULL) || !unify_arguments(&both, arena, &common, &next, UNIFY_CASE))
            return error_set(err, BP_BIND_ERROR, "map_concat() takes maps of one type");
        common = both;
    }
    for (size_t i = 0; i < binding->count; i++) binding->wanted[i] = common.type;
    binding->result = common.type;
    return BP_OK;
}

typedef struct map_union {
    column joined; /* the pairs of all maps */
    size_t *bases;
} map_union;

/* May wrap; a list's offset brings it back. */
static BP_WRAPS size_t wrapping_base(size_t total, size_t begin)
{
    return total - begin;
}

static bp_status join_maps(map_union *out, const function_call *call, const column *arguments, size_t count, bp_error *err)
{
    list_source *sources = arena_new_array(call->arena, list_source, count);
    const column **parts = arena_new_array(call->arena, const column *, count);
    size_t total = 0;
    bp_status status;

    out->bases = arena_new_array(call->arena, size_t, count);
    if (!sources || !parts || !out->bases) return call_no_memory(call, count * sizeof *sources, err);
    for (size_t i = 0; i < count; i++) {
        if ((status = list_source_init(&sources[i], call, &arguments[i], err))) return status;
        parts[i] = &sources[i].elements;
        out->bases[i] = wrapping_base(total, sources[i].begin);
        total += sources[i].elements.length;
    }
    return column_concatenate(&out->joined, sources[0].elements.type, parts, count, call->arena, err);
}

/* A key that is there already gets the later value in its old place. */
static BP_WRAPS bp_status add_pairs(list_picks *picks, const map_union *maps, size_t map, list_view list, bp_error *err)
{
    const column *keys = maps->joined.children;
    bp_status status;

    for (size_t i = 0; i < list.size; i++) {
        size_t item = maps->bases[map] + list.offset + i, at = picks->row_begin;
        while (at < picks->count && !column_value_equal(keys, picks->items[at], keys, item)) at++;
        if (at < picks->count)
            picks->items[at] = (uint32_t)item;
        else if ((status = list_pick(picks, item, err)))
            return status;
    }
    return BP_OK;
}

KERNEL(map_concat)
{
    uint64_t *validity = call_own_validity(call, out);
    list_picks picks;
    map_union maps;
    const column *parts[1] = {&maps.joined};
    bp_status status;

    if (!validity) return call_no_memory(call, call->rows / 8, err);
    if (out->type.id == TYPE_NULL) {
        *out = column_nulls(out->type, call->rows);
        return BP_OK;
    }
    if ((status = join_maps(&maps, call, arguments, count, err))) return status;
    if ((status = list_picks_init(&picks, call, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            any |= !column_is_null(&arguments[i], row);
            if ((status = add_pairs(&picks, &maps, i, list_at(&arguments[i], row), err))) return status;
        }
        if (!any) bitmap_unset(validity, row);
        list_close(&picks, row);
    }
    return list_picks_finish(&picks, parts, 1, out, err);
}
