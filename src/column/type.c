/* Facts of data types, their equality and copies. Text of types: type_text.c.
 *
 * Nested types are walked by recursion, which LIMIT_TYPE_DEPTH bounds: a type nested deeper cannot be copied, so none is kept. */
#include "type.h"

#include "base/config.h"

static const uint8_t physical_of[TYPE_ID_COUNT] = {
#define TYPE(name, sql_name, physical) physical,
#include "types.def"
#undef TYPE
};

physical_type type_physical(data_type type)
{
    if (type.id != TYPE_DECIMAL) return physical_of[type.id];
    return type.precision <= 18 ? PHYSICAL_INT64 : type.precision <= 38 ? PHYSICAL_INT128 : PHYSICAL_INT256;
}

size_t physical_width(physical_type physical)
{
    switch (physical) {
    case PHYSICAL_INT8:
    case PHYSICAL_UINT8: return 1;
    case PHYSICAL_INT16:
    case PHYSICAL_UINT16:
    case PHYSICAL_FLOAT16: return 2;
    case PHYSICAL_INT32:
    case PHYSICAL_UINT32:
    case PHYSICAL_FLOAT32: return 4;
    case PHYSICAL_INT64:
    case PHYSICAL_UINT64:
    case PHYSICAL_FLOAT64:
    case PHYSICAL_LIST: return 8;
    case PHYSICAL_INT128:
    case PHYSICAL_UINT128:
    case PHYSICAL_STRING:
    case PHYSICAL_INTERVAL: return 16;
    case PHYSICAL_INT256: return 32;
    case PHYSICAL_NONE:
    case PHYSICAL_BIT:
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return 0;
    }
    return 0;
}

bool type_is_integer(data_type type)
{
    return (type.id >= TYPE_INT8 && type.id <= TYPE_INT128) || (type.id >= TYPE_UINT8 && type.id <= TYPE_UINT128);
}

bool type_is_signed_integer(data_type type)
{
    return type.id >= TYPE_INT8 && type.id <= TYPE_INT128;
}

bool type_is_float(data_type type)
{
    return type.id >= TYPE_FLOAT16 && type.id <= TYPE_FLOAT64;
}

bool type_is_numeric(data_type type)
{
    return type_is_integer(type) || type_is_float(type) || type.id == TYPE_DECIMAL;
}

bool type_is_temporal(data_type type)
{
    return type.id >= TYPE_DATE && type.id <= TYPE_INTERVAL;
}

bool type_is_nested(data_type type)
{
    return type.id >= TYPE_LIST;
}

/* Equality -------------------------------------------------------------------------------------------------------------------- */
static string_view zone_of(data_type type)
{
    return type.detail && type.detail->zone.size ? type.detail->zone : STRING_VIEW("UTC");
}

static bool names_equal(data_type left, data_type right)
{
    size_t count = left.detail ? left.detail->child_count : 0;

    if (count != (right.detail ? right.detail->child_count : 0)) return false;
    for (size_t i = 0; i < count; i++)
        if (!string_equal(left.detail->names[i], right.detail->names[i])) return false;
    return true;
}

static bool equal_within(data_type left, data_type right, int depth);

static bool children_equal(data_type left, data_type right, int depth)
{
    size_t count = type_child_count(left);

    if (count != type_child_count(right) || depth >= LIMIT_TYPE_DEPTH) return false;
    for (size_t i = 0; i < count; i++)
        if (!equal_within(left.detail->children[i], right.detail->children[i], depth + 1)) return false;
    return true;
}

static bool equal_within(data_type left, data_type right, int depth)
{
    if (left.id != right.id) return false;
    switch (left.id) {
    case TYPE_DECIMAL: return left.precision == right.precision && left.scale == right.scale;
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_DURATION: return left.unit == right.unit;
    case TYPE_TIMESTAMP_TZ: return left.unit == right.unit && string_equal(zone_of(left), zone_of(right));
    case TYPE_ENUM: return left.detail == right.detail || names_equal(left, right);
    case TYPE_LIST:
    case TYPE_MAP: return left.detail == right.detail || children_equal(left, right, depth);
    case TYPE_ARRAY: return left.fixed_size == right.fixed_size && children_equal(left, right, depth);
    case TYPE_STRUCT: return left.detail == right.detail || (names_equal(left, right) && children_equal(left, right, depth));
    default: return true;
    }
}

bool type_equal(data_type left, data_type right)
{
    return equal_within(left, right, 0);
}

/* Copies ---------------------------------------------------------------------------------------------------------------------- */
static bp_status copy_within(data_type *out, arena *arena, data_type type, int depth, bp_error *err);

static bp_status copy_names(type_detail *copy, arena *arena, const type_detail *from, bp_error *err)
{
    string_view *names = arena_new_array(arena, string_view, from->child_count);

    if (!names) return error_no_memory(err, arena->memory, from->child_count * sizeof *names);
    copy->names = names;
    for (size_t i = 0; i < from->child_count; i++) {
        names[i] = arena_copy(arena, from->names[i]);
        if (!names[i].data) return error_no_memory(err, arena->memory, from->names[i].size);
    }
    return BP_OK;
}

static bp_status copy_children(type_detail *copy, arena *arena, const type_detail *from, int depth, bp_error *err)
{
    data_type *children = arena_new_array(arena, data_type, from->child_count);

    if (!children) return error_no_memory(err, arena->memory, from->child_count * sizeof *children);
    copy->children = children;
    for (size_t i = 0; i < from->child_count; i++) {
        bp_status status = copy_within(&children[i], arena, from->children[i], depth + 1, err);
        if (status) return status;
    }
    return BP_OK;
}

static bp_status copy_within(data_type *out, arena *arena, data_type type, int depth, bp_error *err)
{
    const type_detail *from = type.detail;
    type_detail *copy;
    bp_status status;

    *out = type;
    if (!from) return BP_OK;
    if (depth >= LIMIT_TYPE_DEPTH) return error_set(err, BP_LIMIT, "a data type is nested over %d levels", LIMIT_TYPE_DEPTH);
    out->detail = copy = arena_new(arena, type_detail);
    if (!copy) return error_no_memory(err, arena->memory, sizeof *copy);
    copy->child_count = from->child_count;
    if (from->names && (status = copy_names(copy, arena, from, err))) return status;
    if (from->children && (status = copy_children(copy, arena, from, depth, err))) return status;
    if (from->zone.size) {
        copy->zone = arena_copy(arena, from->zone);
        if (!copy->zone.data) return error_no_memory(err, arena->memory, from->zone.size);
    }
    return BP_OK;
}

bp_status type_copy(data_type *out, arena *arena, data_type type, bp_error *err)
{
    return copy_within(out, arena, type, 0, err);
}

int string_ref_compare(const string_ref *left, const string_ref *right)
{
    return string_compare(string_ref_view(left), string_ref_view(right));
}
