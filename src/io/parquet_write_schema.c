/* Types as Parquet's schema.
 *
 * Every column may be NULL, so it is optional; of maps only the values are. Lists have the three levels that the format wants: the column, "list", "element".
 * Where Parquet has no such type, the nearest that holds every value is taken: fixed-size arrays are lists, enums text, HUGEINT and UHUGEINT decimals of 38
 * digits (39 digits are an error), durations the number of their units. */
#include "parquet_write_internal.h"

#define CONVERTED_UTF8 0
#define CONVERTED_MAP 1
#define CONVERTED_LIST 3
#define CONVERTED_DECIMAL 5
#define CONVERTED_DATE 6
#define CONVERTED_TIME_MICROS 8
#define CONVERTED_TIMESTAMP_MILLIS 9
#define CONVERTED_TIMESTAMP_MICROS 10
#define CONVERTED_UINT_8 11
#define CONVERTED_INT_8 15
#define CONVERTED_INTERVAL 21

/* Types that are one row: TYPE, physical, convert, order, stored bytes, logical, converted. */
typedef struct plain_type {
    uint8_t id, physical, convert, order, width, logical;
    int8_t converted;
} plain_type;

static const plain_type plain_types[] = {
    {TYPE_NULL, PARQUET_INT32, WRITE_NULL, ORDER_NONE, 4, PARQUET_LOGICAL_UNKNOWN, -1},
    {TYPE_BOOLEAN, PARQUET_BOOLEAN, WRITE_BIT, ORDER_UNSIGNED, 1, PARQUET_LOGICAL_NONE, -1},
    {TYPE_INT8, PARQUET_INT32, WRITE_8, ORDER_SIGNED, 4, PARQUET_LOGICAL_INTEGER, CONVERTED_INT_8},
    {TYPE_INT16, PARQUET_INT32, WRITE_16, ORDER_SIGNED, 4, PARQUET_LOGICAL_INTEGER, CONVERTED_INT_8 + 1},
    {TYPE_INT32, PARQUET_INT32, WRITE_32, ORDER_SIGNED, 4, PARQUET_LOGICAL_INTEGER, CONVERTED_INT_8 + 2},
    {TYPE_INT64, PARQUET_INT64, WRITE_64, ORDER_SIGNED, 8, PARQUET_LOGICAL_INTEGER, CONVERTED_INT_8 + 3},
    {TYPE_UINT8, PARQUET_INT32, WRITE_U8, ORDER_UNSIGNED, 4, PARQUET_LOGICAL_INTEGER, CONVERTED_UINT_8},
    {TYPE_UINT16, PARQUET_INT32, WRITE_U16, ORDER_UNSIGNED, 4, PARQUET_LOGICAL_INTEGER, CONVERTED_UINT_8 + 1},
    {TYPE_UINT32, PARQUET_INT32, WRITE_32, ORDER_UNSIGNED, 4, PARQUET_LOGICAL_INTEGER, CONVERTED_UINT_8 + 2},
    {TYPE_UINT64, PARQUET_INT64, WRITE_64, ORDER_UNSIGNED, 8, PARQUET_LOGICAL_INTEGER, CONVERTED_UINT_8 + 3},
    {TYPE_INT128, PARQUET_FIXED, WRITE_HUGE, ORDER_BIG_ENDIAN, 16, PARQUET_LOGICAL_DECIMAL, CONVERTED_DECIMAL},
    {TYPE_UINT128, PARQUET_FIXED, WRITE_UHUGE, ORDER_BIG_ENDIAN, 16, PARQUET_LOGICAL_DECIMAL, CONVERTED_DECIMAL},
    {TYPE_FLOAT16, PARQUET_FIXED, WRITE_HALF, ORDER_NONE, 2, PARQUET_LOGICAL_FLOAT16, -1},
    {TYPE_FLOAT32, PARQUET_FLOAT, WRITE_32, ORDER_FLOAT, 4, PARQUET_LOGICAL_NONE, -1},
    {TYPE_FLOAT64, PARQUET_DOUBLE, WRITE_64, ORDER_FLOAT, 8, PARQUET_LOGICAL_NONE, -1},
    {TYPE_VARCHAR, PARQUET_BYTE_ARRAY, WRITE_TEXT, ORDER_BYTES, 16, PARQUET_LOGICAL_STRING, CONVERTED_UTF8},
    {TYPE_BLOB, PARQUET_BYTE_ARRAY, WRITE_TEXT, ORDER_BYTES, 16, PARQUET_LOGICAL_NONE, -1},
    {TYPE_ENUM, PARQUET_BYTE_ARRAY, WRITE_ENUM, ORDER_BYTES, 16, PARQUET_LOGICAL_STRING, CONVERTED_UTF8},
    {TYPE_DATE, PARQUET_INT32, WRITE_32, ORDER_SIGNED, 4, PARQUET_LOGICAL_DATE, CONVERTED_DATE},
    {TYPE_DURATION, PARQUET_INT64, WRITE_64, ORDER_SIGNED, 8, PARQUET_LOGICAL_NONE, -1},
    {TYPE_INTERVAL, PARQUET_FIXED, WRITE_INTERVAL, ORDER_NONE, 12, PARQUET_LOGICAL_NONE, CONVERTED_INTERVAL},
    {TYPE_UUID, PARQUET_FIXED, WRITE_U128, ORDER_BYTES, 16, PARQUET_LOGICAL_UUID, -1},
};

typedef struct build {
    write_schema *out;
    const parquet_write_options *options;
    arena *arena;
    write_step steps[2 * LIMIT_TYPE_DEPTH + 2];
    string_view names[3 * LIMIT_TYPE_DEPTH + 3];
    uint32_t step_count, name_count;
    uint8_t definition, repetition;
    uint32_t column;
    bool *used_ids; /* of the options */
    int32_t next_id;
} build;

static bp_status grow(void *items, size_t count, size_t *capacity, size_t width, arena *arena, bp_error *err)
{
    void **array = items;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *larger;

    if (count < *capacity) return BP_OK;
    if (!(larger = arena_allocate_array(arena, wanted, width))) return error_no_memory(err, arena->memory, wanted * width);
    if (count) memcpy(larger, *array, count * width);
    *array = larger;
    *capacity = wanted;
    return BP_OK;
}

static int64_t field_id_of(build *build)
{
    if (build->options->number_fields) return build->next_id++;
    for (size_t i = 0; i < build->options->field_id_count; i++) {
        const parquet_field_id *told = &build->options->field_ids[i];
        if (build->name_count != 1 || !string_equal_nocase(told->path, build->names[0])) continue;
        build->used_ids[i] = true;
        return told->id;
    }
    return INT64_MIN;
}

/* An element, numbered when it is a column or part that a user sees. *place is its index. */
static bp_status add_element(build *build, const parquet_element *element, bool numbered, size_t *place, bp_error *err)
{
    write_schema *out = build->out;
    bp_status status = grow(&out->elements, out->element_count, &out->element_capacity, sizeof *out->elements, build->arena, err);

    if (status) return status;
    *place = out->element_count++;
    out->elements[*place] = *element;
    out->elements[*place].field_id = numbered ? field_id_of(build) : INT64_MIN;
    return BP_OK;
}

static parquet_element element_named(string_view name, parquet_repetition repetition)
{
    return (parquet_element){
        .name = name, .physical = PARQUET_GROUP, .repetition = (int8_t)repetition, .converted = -1, .scale = -1, .precision = -1};
}

static bp_status not_written(const build *build, data_type type, const char *why, bp_error *err)
{
    builder text;

    builder_init(&text, build->arena->memory, 256);
    type_print(&text, type);
    error_set(err, BP_NOT_SUPPORTED, "column \"%.*s\" cannot be written as Parquet: %.*s %s", STRING_ARGUMENTS(build->names[0]),
              STRING_ARGUMENTS(builder_view(&text)), why);
    builder_clear(&text);
    return BP_NOT_SUPPORTED;
}

/* Decimals by their digits, times by their units. */
static void describe_decimal(write_leaf *leaf, parquet_element *element, data_type type)
{
    bool narrow = type.precision <= 9, middle = type.precision <= 18, wide = type.precision <= 38;

    leaf->physical = narrow ? PARQUET_INT32 : middle ? PARQUET_INT64 : PARQUET_FIXED;
    leaf->convert = narrow ? WRITE_64_TO_32 : middle ? WRITE_64 : wide ? WRITE_128 : WRITE_256;
    leaf->order = middle ? ORDER_SIGNED : ORDER_BIG_ENDIAN;
    leaf->width = narrow ? 4 : middle ? 8 : wide ? 16 : 32;
    element->logical = PARQUET_LOGICAL_DECIMAL;
    element->converted = CONVERTED_DECIMAL;
    element->precision = type.precision;
    element->scale = type.scale;
}

static void describe_time(write_leaf *leaf, parquet_element *element, data_type type)
{
    bool is_time = type.id == TYPE_TIME, nanos = type.unit == UNIT_NANO;

    leaf->physical = PARQUET_INT64;
    leaf->order = ORDER_SIGNED;
    leaf->width = 8;
    leaf->convert = type.unit == UNIT_SECOND             ? (is_time ? WRITE_TIME_SECONDS : WRITE_SECONDS)
                    : is_time && type.unit == UNIT_MILLI ? WRITE_TIME_MILLIS
                                                         : WRITE_64;
    element->unit = nanos ? UNIT_NANO : !is_time && type.unit == UNIT_MILLI ? UNIT_MILLI : UNIT_MICRO;
    element->utc = type.id == TYPE_TIMESTAMP_TZ;
    element->logical = is_time ? PARQUET_LOGICAL_TIME : PARQUET_LOGICAL_TIMESTAMP;
    element->converted = nanos                         ? -1
                         : is_time                     ? CONVERTED_TIME_MICROS
                         : element->unit == UNIT_MILLI ? CONVERTED_TIMESTAMP_MILLIS
                                                       : CONVERTED_TIMESTAMP_MICROS;
}

static bool describe_plain(write_leaf *leaf, parquet_element *element, data_type type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(plain_types); i++) {
        const plain_type *plain = &plain_types[i];
        if (plain->id != type.id) continue;
        leaf->physical = plain->physical;
        leaf->convert = plain->convert;
        leaf->order = plain->order;
        leaf->width = plain->width;
        element->logical = plain->logical;
        element->converted = plain->converted;
        element->is_signed = plain->order == ORDER_SIGNED;
        element->bits = (uint8_t)(8 * physical_width(type_physical(type)));
        if (plain->logical == PARQUET_LOGICAL_DECIMAL) {
            element->precision = 38;
            element->scale = 0;
        }
        return true;
    }
    return false;
}

static bp_status add_leaf(build *build, data_type type, parquet_element *element, bp_error *err)
{
    write_schema *out = build->out;
    write_leaf leaf = {
        .type = type, .column = build->column, .max_definition = build->definition, .max_repetition = build->repetition};
    write_step *steps;
    string_view *path;
    size_t place;
    bp_status status;

    if (type.id == TYPE_DECIMAL)
        describe_decimal(&leaf, element, type);
    else if (type.id == TYPE_TIME || type.id == TYPE_TIMESTAMP || type.id == TYPE_TIMESTAMP_TZ)
        describe_time(&leaf, element, type);
    else if (!describe_plain(&leaf, element, type))
        return not_written(build, type, "has no place in the format", err);
    if (type.id == TYPE_DECIMAL && type.scale < 0) return not_written(build, type, "has a negative scale", err);
    element->physical = (int8_t)leaf.physical;
    element->type_length = leaf.physical == PARQUET_FIXED ? leaf.width : 0;
    steps = arena_new_array(build->arena, write_step, build->step_count);
    path = arena_new_array(build->arena, string_view, build->name_count);
    if (!steps || !path) return error_no_memory(err, build->arena->memory, build->step_count * sizeof *steps);
    memcpy(steps, build->steps, build->step_count * sizeof *steps);
    memcpy(path, build->names, build->name_count * sizeof *path);
    leaf.steps = steps;
    leaf.step_count = build->step_count;
    leaf.path = path;
    leaf.path_count = build->name_count;
    if ((status = grow(&out->leaves, out->leaf_count, &out->leaf_capacity, sizeof *out->leaves, build->arena, err))) return status;
    out->leaves[out->leaf_count++] = leaf;
    return add_element(build, element, true, &place, err);
}

static bp_status add_node(build *build, string_view name, data_type type, bool optional, size_t depth, bp_error *err);

static bp_status add_fields(build *build, data_type type, size_t depth, bp_error *err)
{
    write_step *step = &build->steps[build->step_count - 1];
    bp_status status = BP_OK;

    for (size_t i = 0; i < type.detail->child_count && !status; i++) {
        step->child = (uint32_t)i;
        status = add_node(build, type.detail->names[i], type.detail->children[i], true, depth + 1, err);
    }
    return status;
}

static bp_status add_struct(build *build, data_type type, parquet_element *element, size_t depth, bp_error *err)
{
    size_t place;
    bp_status status;

    if (type_child_count(type) == 0) return not_written(build, type, "has no fields", err);
    element->child_count = (uint32_t)type.detail->child_count;
    if ((status = add_element(build, element, true, &place, err))) return status;
    return add_fields(build, type, depth, err);
}

/* The key and the value under "key_value", which is no struct that could be NULL. */
static bp_status add_entries(build *build, data_type entry, size_t depth, bp_error *err)
{
    static const char *const names[] = {"key", "value"};
    parquet_element element = element_named(STRING_VIEW("key_value"), PARQUET_REPEATED);
    size_t place;
    bp_status status;

    element.child_count = 2;
    build->names[build->name_count++] = element.name;
    if ((status = add_element(build, &element, false, &place, err))) return status;
    build->steps[build->step_count++] = (write_step){.kind = WRITE_STEP_FIELD};
    for (size_t i = 0; i < 2 && !status; i++) {
        build->steps[build->step_count - 1].child = (uint32_t)i;
        status = add_node(build, string_view_of(names[i]), entry.detail->children[i], i == 1, depth + 1, err);
    }
    build->step_count--;
    build->name_count--;
    return status;
}

static bp_status add_list(build *build, data_type type, parquet_element *element, size_t depth, bp_error *err)
{
    parquet_element middle = element_named(STRING_VIEW("list"), PARQUET_REPEATED);
    write_step *step = &build->steps[build->step_count - 1];
    bool is_map = type.id == TYPE_MAP;
    size_t place;
    bp_status status;

    step->kind = type.id == TYPE_ARRAY ? WRITE_STEP_ARRAY : WRITE_STEP_LIST;
    step->array_size = type.fixed_size;
    element->child_count = 1;
    element->logical = is_map ? PARQUET_LOGICAL_MAP : PARQUET_LOGICAL_LIST;
    element->converted = is_map ? CONVERTED_MAP : CONVERTED_LIST;
    if ((status = add_element(build, element, true, &place, err))) return status;
    build->definition++;
    build->repetition++;
    if (is_map) {
        status = add_entries(build, type.detail->children[0], depth, err);
    } else {
        middle.child_count = 1;
        build->names[build->name_count++] = middle.name;
        status = add_element(build, &middle, false, &place, err);
        if (!status) status = add_node(build, STRING_VIEW("element"), type.detail->children[0], true, depth + 1, err);
        build->name_count--;
    }
    build->definition--;
    build->repetition--;
    return status;
}

static bp_status add_node(build *build, string_view name, data_type type, bool optional, size_t depth, bp_error *err)
{
    parquet_element element = element_named(name, optional ? PARQUET_OPTIONAL : PARQUET_REQUIRED);
    bp_status status;

    if (depth > LIMIT_TYPE_DEPTH) return error_set(err, BP_LIMIT, "types may be nested %d levels deep", LIMIT_TYPE_DEPTH);
    build->names[build->name_count++] = name;
    build->steps[build->step_count++] = (write_step){.kind = WRITE_STEP_VALUE, .optional = optional};
    if (optional) build->definition++;
    switch ((type_id)type.id) {
    case TYPE_STRUCT:
        build->steps[build->step_count - 1].kind = WRITE_STEP_FIELD;
        status = add_struct(build, type, &element, depth, err);
        break;
    case TYPE_LIST:
    case TYPE_ARRAY:
    case TYPE_MAP: status = add_list(build, type, &element, depth, err); break;
    default: status = add_leaf(build, type, &element, err);
    }
    if (optional) build->definition--;
    build->step_count--;
    build->name_count--;
    return status;
}

static bp_status unused_id(const build *build, bp_error *err)
{
    for (size_t i = 0; i < build->options->field_id_count; i++)
        if (!build->used_ids[i])
            return error_set(err, BP_BIND_ERROR, "option field_ids: there is no column \"%.*s\"",
                             STRING_ARGUMENTS(build->options->field_ids[i].path));
    return BP_OK;
}

/* Names that stand twice, whatever their case, get numbers: a, a_1, a_2. Most readers could not tell such columns apart. */
static bp_status name_of_column(string_view *out, const schema *schema, size_t column, arena *arena, bp_error *err)
{
    size_t earlier = 0;

    *out = schema->names[column];
    for (size_t i = 0; i < column; i++) earlier += string_equal_nocase(schema->names[i], *out);
    if (earlier == 0) return BP_OK;
    do {
        *out = arena_format(arena, "%.*s_%zu", STRING_ARGUMENTS(schema->names[column]), earlier++);
        if (!out->data) return error_no_memory(err, arena->memory, schema->names[column].size);
    } while (schema_find(schema, *out) != SIZE_MAX);
    return BP_OK;
}

bp_status parquet_write_schema(write_schema *out, const schema *schema, const parquet_write_options *options, arena *arena,
                               bp_error *err)
{
    build *build = arena_new(arena, struct build);
    parquet_element root = element_named(STRING_VIEW("schema"), PARQUET_REQUIRED);
    size_t place;
    bp_status status;

    *out = (write_schema){0};
    if (!build) return error_no_memory(err, arena->memory, sizeof *build);
    build->out = out;
    build->options = options;
    build->arena = arena;
    build->used_ids = arena_new_array(arena, bool, options->field_id_count + 1);
    if (!build->used_ids) return error_no_memory(err, arena->memory, options->field_id_count);
    root.repetition = -1;
    root.child_count = (uint32_t)schema->count;
    if ((status = add_element(build, &root, false, &place, err))) return status;
    for (size_t i = 0; i < schema->count && !status; i++) {
        string_view name;
        build->column = (uint32_t)i;
        status = name_of_column(&name, schema, i, arena, err);
        if (!status) status = add_node(build, name, schema->types[i], true, 1, err);
    }
    return status ? status : unused_id(build, err);
}
