/* From the schema's elements, a tree written in depth-first order, to SQL's columns.
 *
 * Lists have been written in several ways (Parquet's LogicalTypes.md, "backward-compatibility rules"):
 *   group x (LIST) { repeated group list { optional T element } }        the present one: elements are T
 *   group x (LIST) { repeated T element }                                elements are T, never NULL
 *   group x (LIST) { repeated group array|x_tuple { … } }, or with several fields, or one that repeats: elements are the group
 *   repeated T x, outside of a LIST                                      elements are T, and the list is never NULL */
#include "parquet_internal.h"

typedef struct build {
    parquet_footer *footer;
    size_t element; /* the next one */
    bool binary_as_string;
    char path[LIMIT_NAME_SIZE]; /* of the column, for leaves */
} build;

/* What is around a node. */
typedef struct place {
    unsigned depth;
    unsigned definition, repetition;
    size_t path_size;
} place;

static bp_status damaged(bp_error *err, const parquet_element *element, const char *what)
{
    return error_set(err, BP_BAD_FORMAT, "schema element \"%.*s\": %s", STRING_ARGUMENTS(element->name), what);
}

/* Types of leaves ----------------------------------------------------------------------------------------------------------------- */
typedef struct leaf_type {
    data_type type;
    parquet_convert convert;
} leaf_type;

static leaf_type integer_type(const parquet_element *element)
{
    static const type_id types[2][4] = {{TYPE_UINT8, TYPE_UINT16, TYPE_UINT32, TYPE_UINT64},
                                        {TYPE_INT8, TYPE_INT16, TYPE_INT32, TYPE_INT64}};
    bool is_long = element->physical == PARQUET_INT64;
    bool fits = is_long ? element->bits == 64 : element->bits == 8 || element->bits == 16 || element->bits == 32;
    unsigned power = element->bits == 8 ? 0 : element->bits == 16 ? 1 : element->bits == 32 ? 2 : 3;

    if (!fits) return (leaf_type){type_of(is_long ? TYPE_INT64 : TYPE_INT32), CONVERT_NONE};
    return (leaf_type){type_of(types[element->is_signed][power]), power == 0   ? CONVERT_TO_8
                                                                  : power == 1 ? CONVERT_TO_16
                                                                               : CONVERT_NONE};
}

static bool is_decimal(const parquet_element *element)
{
    return element->logical == PARQUET_LOGICAL_DECIMAL && element->precision >= 1 && element->precision <= 76 &&
           element->scale >= 0 && element->scale <= element->precision;
}

static leaf_type of_integers(const parquet_element *element)
{
    bool is_long = element->physical == PARQUET_INT64;
    data_type plain = type_of(is_long ? TYPE_INT64 : TYPE_INT32), zoned = type_of(TYPE_TIMESTAMP_TZ), clock = type_of(TYPE_TIME);

    switch (element->logical) {
    case PARQUET_LOGICAL_INTEGER: return integer_type(element);
    case PARQUET_LOGICAL_DECIMAL: {
        data_type type = type_decimal((unsigned)element->precision, element->scale);
        if (!is_decimal(element) || element->precision > 38) break;
        if (type_physical(type) == PHYSICAL_INT128) return (leaf_type){type, is_long ? CONVERT_64_TO_128 : CONVERT_32_TO_128};
        return (leaf_type){type, is_long ? CONVERT_NONE : CONVERT_32_TO_64};
    }
    case PARQUET_LOGICAL_DATE:
        if (is_long) break;
        return (leaf_type){type_of(TYPE_DATE), CONVERT_NONE};
    case PARQUET_LOGICAL_TIME:
        if (is_long == (element->unit == UNIT_MILLI)) break;
        clock.unit = element->unit == UNIT_NANO ? UNIT_NANO : UNIT_MICRO;
        return (leaf_type){clock, is_long ? CONVERT_NONE : CONVERT_32_MILLI};
    case PARQUET_LOGICAL_TIMESTAMP:
        if (!is_long) break;
        if (!element->utc) zoned = type_of(TYPE_TIMESTAMP);
        zoned.unit = element->unit == UNIT_NANO ? UNIT_NANO : UNIT_MICRO;
        return (leaf_type){zoned, element->unit == UNIT_MILLI ? CONVERT_64_MILLI : CONVERT_NONE};
    default: break;
    }
    return (leaf_type){plain, CONVERT_NONE};
}

static leaf_type of_bytes(const parquet_element *element, bool binary_as_string)
{
    bool fixed = element->physical == PARQUET_FIXED;
    uint32_t length = element->type_length;

    switch (element->logical) {
    case PARQUET_LOGICAL_STRING:
    case PARQUET_LOGICAL_ENUM:
    case PARQUET_LOGICAL_JSON: return (leaf_type){type_of(TYPE_VARCHAR), CONVERT_REF};
    case PARQUET_LOGICAL_DECIMAL:
        if (!is_decimal(element)) break;
        return (leaf_type){type_decimal((unsigned)element->precision, element->scale), CONVERT_DECIMAL};
    case PARQUET_LOGICAL_UUID:
        if (!fixed || length != 16) break;
        return (leaf_type){type_of(TYPE_UUID), CONVERT_UUID};
    case PARQUET_LOGICAL_FLOAT16:
        if (!fixed || length != 2) break;
        return (leaf_type){type_of(TYPE_FLOAT32), CONVERT_HALF};
    case PARQUET_LOGICAL_INTERVAL:
        if (!fixed || length != 12) break;
        return (leaf_type){type_of(TYPE_INTERVAL), CONVERT_INTERVAL};
    case PARQUET_LOGICAL_NONE:
        if (binary_as_string && !fixed) return (leaf_type){type_of(TYPE_VARCHAR), CONVERT_REF};
        break;
    default: break;
    }
    return (leaf_type){type_of(TYPE_BLOB), CONVERT_REF};
}

static leaf_type type_of_leaf(const parquet_element *element, bool binary_as_string)
{
    switch (element->physical) {
    case PARQUET_BOOLEAN: return (leaf_type){type_of(TYPE_BOOLEAN), CONVERT_BIT};
    case PARQUET_FLOAT: return (leaf_type){type_of(TYPE_FLOAT32), CONVERT_NONE};
    case PARQUET_DOUBLE: return (leaf_type){type_of(TYPE_FLOAT64), CONVERT_NONE};
    case PARQUET_INT96: return (leaf_type){type_of(TYPE_TIMESTAMP), CONVERT_INT96};
    case PARQUET_INT32:
    case PARQUET_INT64: return of_integers(element);
    default: return of_bytes(element, binary_as_string);
    }
}

static uint32_t stored_width(const parquet_element *element)
{
    static const uint8_t widths[] = {0, 4, 8, 12, 4, 8, 0};

    return element->physical == PARQUET_FIXED ? element->type_length : widths[element->physical];
}

/* Nodes --------------------------------------------------------------------------------------------------------------------------- */
static bp_status new_node(build *build, uint32_t *id, const parquet_element *element, const place *at, bp_error *err)
{
    parquet_footer *footer = build->footer;

    if (footer->node_count == 2 * footer->element_count) return ERROR_INTERNAL(err, "nodes of a Parquet schema");
    if (at->depth >= LIMIT_TYPE_DEPTH)
        return error_set(err, BP_LIMIT, "schema element \"%.*s\" is nested over %d levels deep", STRING_ARGUMENTS(element->name),
                         LIMIT_TYPE_DEPTH);
    *id = (uint32_t)footer->node_count++;
    footer->nodes[*id] =
        (parquet_node){.name = element->name, .definition = (uint8_t)at->definition, .first_leaf = (uint32_t)footer->leaf_count};
    return BP_OK;
}

static bp_status set_children(build *build, parquet_node *node, const uint32_t *children, size_t count, bp_error *err)
{
    arena *arena = &build->footer->arena;
    type_detail *detail = arena_new(arena, type_detail);
    data_type *types = arena_new_array(arena, data_type, count);
    string_view *names = arena_new_array(arena, string_view, count);

    if (!detail || !types || !names) return error_no_memory(err, arena->memory, count * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        types[i] = build->footer->nodes[children[i]].type;
        names[i] = build->footer->nodes[children[i]].name;
    }
    *detail = (type_detail){.child_count = count, .children = types, .names = node->kind == PARQUET_NODE_STRUCT ? names : NULL};
    node->type.detail = detail;
    node->children = children;
    node->child_count = (uint32_t)count;
    node->leaf_count = (uint32_t)build->footer->leaf_count - node->first_leaf;
    return BP_OK;
}

static bp_status add_leaf(build *build, parquet_node *node, const parquet_element *element, const place *at, bp_error *err)
{
    parquet_footer *footer = build->footer;
    leaf_type made = type_of_leaf(element, build->binary_as_string);
    string_view path = arena_copy(&footer->arena, (string_view){build->path, at->path_size});
    bool is_null = element->logical == PARQUET_LOGICAL_UNKNOWN && element->repetition == PARQUET_OPTIONAL;

    if (!path.data) return error_no_memory(err, footer->memory, at->path_size);
    if (element->physical == PARQUET_FIXED && (element->type_length == 0 || element->type_length > (1u << 24)))
        return damaged(err, element, "its values have a fixed length of no bytes, or of too many");
    if (made.convert == CONVERT_DECIMAL && element->physical == PARQUET_FIXED && element->type_length > 32)
        made = (leaf_type){type_of(TYPE_BLOB), CONVERT_REF};
    footer->leaves[footer->leaf_count++] = (parquet_leaf){.path = path,
                                                          .type = made.type,
                                                          .physical = (uint8_t)element->physical,
                                                          .convert = (uint8_t)made.convert,
                                                          .max_definition = (uint8_t)at->definition,
                                                          .max_repetition = (uint8_t)at->repetition,
                                                          .stored_width = stored_width(element),
                                                          .width = (uint32_t)physical_width(type_physical(made.type)),
                                                          .element = (uint32_t)(element - footer->elements)};
    node->kind = PARQUET_NODE_LEAF;
    node->type = is_null && at->depth == 0 ? type_of(TYPE_NULL) : made.type;
    node->leaf_count = 1;
    return BP_OK;
}

static bp_status build_node(build *build, uint32_t *out, place at, bool ignore_repetition, bp_error *err);

static const parquet_element *peek(const build *build)
{
    return build->element < build->footer->element_count ? &build->footer->elements[build->element] : NULL;
}

/* The fields of a group whose element has been taken. */
static bp_status build_fields(build *build, uint32_t *out, const parquet_element *element, place at, bp_error *err)
{
    size_t count = element->child_count;
    uint32_t *children = arena_new_array(&build->footer->arena, uint32_t, count), id;
    bp_status status;

    if (!children) return error_no_memory(err, build->footer->memory, count * sizeof *children);
    if ((status = new_node(build, &id, element, &at, err))) return status;
    at.depth++;
    for (size_t i = 0; i < count && !status; i++) status = build_node(build, &children[i], at, false, err);
    if (status) return status;
    build->footer->nodes[id].kind = PARQUET_NODE_STRUCT;
    build->footer->nodes[id].type = type_of(TYPE_STRUCT);
    *out = id;
    return set_children(build, &build->footer->nodes[id], children, count, err);
}

static bp_status extend_path(build *build, place *at, const parquet_element *element, bp_error *err)
{
    size_t dot = at->path_size > 0;

    if (element->name.size + dot > sizeof build->path - at->path_size)
        return error_set(err, BP_LIMIT, "the schema has a column whose name is over %d bytes long", LIMIT_NAME_SIZE);
    if (dot) build->path[at->path_size++] = '.';
    if (element->name.size) memcpy(build->path + at->path_size, element->name.data, element->name.size);
    at->path_size += element->name.size;
    return BP_OK;
}

/* A list whose repeated element comes next. `at`: of the list itself. */
static bp_status build_list(build *build, uint32_t *out, const parquet_element *list, place at, bool is_map, bp_error *err)
{
    const parquet_element *repeated = peek(build), *inner;
    uint32_t *child = arena_new(&build->footer->arena, uint32_t), id;
    size_t group_name = list->name.size + 6;
    bool is_tuple, is_element;
    bp_status status;

    if (!child) return error_no_memory(err, build->footer->memory, sizeof *child);
    if ((status = new_node(build, &id, list, &at, err))) return status;
    at.depth++;
    at.definition++;
    at.repetition++;
    if (at.definition >= UINT8_MAX) return damaged(err, list, "it is nested too deep");
    is_tuple = repeated->name.size == group_name && string_starts_with(repeated->name, list->name) &&
               string_ends_with(repeated->name, STRING_VIEW("_tuple"));
    inner = build->element + 1 < build->footer->element_count ? repeated + 1 : NULL;
    is_element = is_map || repeated == list || repeated->physical != PARQUET_GROUP || repeated->child_count != 1 || is_tuple ||
                 string_equal(repeated->name, STRING_VIEW("array")) || (inner && inner->repetition == PARQUET_REPEATED);
    if (is_element) {
        status = build_node(build, child, at, true, err);
    } else {
        if ((status = extend_path(build, &at, repeated, err))) return status;
        build->element++;
        status = build_node(build, child, at, false, err);
    }
    if (status) return status;
    build->footer->nodes[id].kind = PARQUET_NODE_LIST;
    build->footer->nodes[id].type = type_of(is_map ? TYPE_MAP : TYPE_LIST);
    build->footer->nodes[id].element_definition = (uint8_t)at.definition;
    build->footer->nodes[id].element_repetition = (uint8_t)at.repetition;
    if (is_map) { /* the names are the type's, whatever the file calls them */
        parquet_node *pair = &build->footer->nodes[*child];
        string_view *names = arena_new_array(&build->footer->arena, string_view, 2);
        type_detail *detail = arena_new(&build->footer->arena, type_detail);
        if (!names || !detail) return error_no_memory(err, build->footer->memory, sizeof *detail);
        names[0] = STRING_VIEW("key");
        names[1] = STRING_VIEW("value");
        *detail = *pair->type.detail;
        detail->names = names;
        pair->type.detail = detail;
    }
    *out = id;
    return set_children(build, &build->footer->nodes[id], child, 1, err);
}

static bool is_map_of(const parquet_element *repeated, const build *build)
{
    return repeated && repeated->repetition == PARQUET_REPEATED && repeated->physical == PARQUET_GROUP &&
           repeated->child_count == 2 && build->element + 1 < build->footer->element_count;
}

/* The element that comes next and all below it. ignore_repetition: it is the repeated element of a list that is made already. */
static bp_status build_node(build *build, uint32_t *out, place at, bool ignore_repetition, bp_error *err)
{
    const parquet_element *element = peek(build), *below;
    bool is_list, is_map;
    bp_status status;

    if (!element) return error_set(err, BP_BAD_FORMAT, "the schema ends too early");
    if (element->repetition < PARQUET_REQUIRED || element->repetition > PARQUET_REPEATED)
        return damaged(err, element, "it is neither required, optional nor repeated");
    if (element->physical > PARQUET_FIXED) return damaged(err, element, "its type is unknown");
    if (element->repetition == PARQUET_REPEATED && !ignore_repetition) return build_list(build, out, element, at, false, err);
    if ((status = extend_path(build, &at, element, err))) return status;
    if (element->repetition == PARQUET_OPTIONAL) at.definition++;
    if (at.definition >= UINT8_MAX) return damaged(err, element, "it is nested too deep");
    build->element++;
    if (element->physical != PARQUET_GROUP) {
        uint32_t id;
        if ((status = new_node(build, &id, element, &at, err))) return status;
        *out = id;
        return add_leaf(build, &build->footer->nodes[id], element, &at, err);
    }
    if (element->child_count == 0) return damaged(err, element, "it is a group without fields");
    if (element->child_count > build->footer->element_count)
        return damaged(err, element, "it has more fields than the schema has elements");
    below = peek(build);
    is_map = element->logical == PARQUET_LOGICAL_MAP && element->child_count == 1 && is_map_of(below, build);
    is_list = (element->logical == PARQUET_LOGICAL_LIST || element->logical == PARQUET_LOGICAL_MAP) && element->child_count == 1 &&
              below && below->repetition == PARQUET_REPEATED;
    if (is_map || is_list) return build_list(build, out, element, at, is_map, err);
    return build_fields(build, out, element, at, err);
}

bp_status parquet_schema_build(parquet_footer *footer, bool binary_as_string, bp_error *err)
{
    build build = {.footer = footer, .element = 1, .binary_as_string = binary_as_string};
    const parquet_element *root = &footer->elements[0];
    size_t count = root->child_count;
    uint32_t *columns;
    bp_status status = BP_OK;

    if (root->physical != PARQUET_GROUP || count == 0 || count >= footer->element_count)
        return damaged(err, root, "the root is no group of columns");
    if (count > LIMIT_COLUMNS)
        return error_set(err, BP_LIMIT, "the file has %zu columns; at most %d are read", count, LIMIT_COLUMNS);
    columns = arena_new_array(&footer->arena, uint32_t, count);
    footer->nodes = arena_new_array(&footer->arena, parquet_node, 2 * footer->element_count);
    footer->leaves = arena_new_array(&footer->arena, parquet_leaf, footer->element_count);
    if (!columns || !footer->nodes || !footer->leaves)
        return error_no_memory(err, footer->memory, footer->element_count * sizeof *footer->nodes);
    footer->columns = columns;
    footer->column_count = count;
    for (size_t i = 0; i < count && !status; i++) status = build_node(&build, &columns[i], (place){0}, false, err);
    if (!status && build.element != footer->element_count)
        return error_set(err, BP_BAD_FORMAT, "the schema has elements that belong to no column");
    return status;
}
