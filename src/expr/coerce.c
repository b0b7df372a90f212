/* Which types turn into which without being asked, at what price, and what two types have in common: DuckDB's rules, for both faces.
 *
 * Prices follow DuckDB's: a cast to BIGINT is the cheapest (101), then INTEGER, HUGEINT, DOUBLE, DECIMAL, all others 110, so that among several
 * overloads the widest usual type wins. Open literals: an integer literal goes to any integer type that holds its value for the price above 90, a text
 * literal to any type for 20. */
#include "expr_internal.h"

#include "base/config.h"
#include "base/error.h"

static int target_cost(data_type to)
{
    switch (to.id) {
    case TYPE_INT64: return 101;
    case TYPE_INT32: return 102;
    case TYPE_INT128: return 103;
    case TYPE_FLOAT64: return 104;
    case TYPE_DECIMAL: return 105;
    case TYPE_TIMESTAMP: return 120;
    case TYPE_VARCHAR: return 149;
    case TYPE_LIST:
    case TYPE_ARRAY:
    case TYPE_STRUCT:
    case TYPE_MAP: return 160;
    default: return 110;
    }
}

/* bits of an integer type, and whether it is signed */
static unsigned integer_bits(type_id id)
{
    switch (id) {
    case TYPE_INT8:
    case TYPE_UINT8: return 8;
    case TYPE_INT16:
    case TYPE_UINT16: return 16;
    case TYPE_INT32:
    case TYPE_UINT32: return 32;
    case TYPE_INT64:
    case TYPE_UINT64: return 64;
    case TYPE_INT128:
    case TYPE_UINT128: return 128;
    default: return 0;
    }
}

static bool integer_is_signed(type_id id)
{
    return id >= TYPE_INT8 && id <= TYPE_INT128;
}

static bool integer_holds(type_id wide, type_id narrow)
{
    if (integer_is_signed(wide) == integer_is_signed(narrow)) return integer_bits(wide) >= integer_bits(narrow);
    return integer_is_signed(wide) && integer_bits(wide) > integer_bits(narrow);
}

static bool integer_holds_value(type_id id, int128 value)
{
    unsigned bits = integer_bits(id);

    if (integer_is_signed(id)) return bits == 128 || (value >= -((int128)1 << (bits - 1)) && value < ((int128)1 << (bits - 1)));
    return value >= 0 && (bits == 128 || value < ((int128)1 << bits));
}

static type_id signed_of_bits(unsigned bits)
{
    return bits <= 8 ? TYPE_INT8 : bits <= 16 ? TYPE_INT16 : bits <= 32 ? TYPE_INT32 : bits <= 64 ? TYPE_INT64 : TYPE_INT128;
}

static int128 literal_value(const column *literal)
{
    switch (type_physical(literal->type)) {
    case PHYSICAL_INT32: return *(const int32_t *)literal->values;
    case PHYSICAL_INT64: return *(const int64_t *)literal->values;
    case PHYSICAL_INT128: return *(const int128 *)literal->values;
    default: return 0;
    }
}

argument_type argument_of(const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);
    argument_type argument = {.type = node->type};

    if (node->kind != EXPR_LITERAL || node->op != LITERAL_OPEN || column_is_null(node->literal, 0)) return argument;
    argument.open = true;
    if (type_is_integer(node->type)) argument.value = literal_value(node->literal);
    return argument;
}

bool argument_print(builder *out, const argument_type *argument)
{
    if (argument->open)
        return builder_text(out,
                            argument->type.id == TYPE_VARCHAR ? STRING_VIEW("STRING_LITERAL") : STRING_VIEW("INTEGER_LITERAL"));
    return type_print(out, argument->type);
}

data_type decimal_of(data_type type)
{
    switch (type.id) {
    case TYPE_INT8:
    case TYPE_UINT8: return type_decimal(3, 0);
    case TYPE_INT16:
    case TYPE_UINT16: return type_decimal(5, 0);
    case TYPE_INT32:
    case TYPE_UINT32: return type_decimal(10, 0);
    case TYPE_INT64: return type_decimal(19, 0);
    case TYPE_UINT64: return type_decimal(20, 0);
    case TYPE_DECIMAL: return type;
    default: return type_decimal(38, 0);
    }
}

data_type decimal_union(data_type left, data_type right)
{
    int scale = left.scale > right.scale ? left.scale : right.scale;
    int left_whole = left.precision - left.scale, right_whole = right.precision - right.scale;
    int whole = left_whole > right_whole ? left_whole : right_whole;

    if (whole + scale > 38) {
        if (whole > 38) whole = 38;
        scale = 38 - whole;
    }
    return type_decimal((unsigned)(whole + scale), scale);
}

/* implicit casts ------------------------------------------------------------------------------------------------------------------ */
static int nested_cost(data_type from, data_type to)
{
    int total = 0;

    if (!from.detail || !to.detail) return -1;
    if (to.id == TYPE_STRUCT && from.detail->child_count != to.detail->child_count) return -1;
    for (size_t i = 0; i < to.detail->child_count; i++) {
        argument_type child = {.type = from.detail->children[i]};
        int cost = implicit_cast_cost(&child, to.detail->children[i]);
        if (to.id == TYPE_STRUCT && !string_equal_nocase(from.detail->names[i], to.detail->names[i])) return -1;
        if (cost < 0) return -1;
        total += cost;
    }
    return total;
}

static int temporal_cost(data_type from, data_type to)
{
    bool allowed = (from.id == to.id && from.id != TYPE_INTERVAL) ||
                   (from.id == TYPE_DATE && (to.id == TYPE_TIMESTAMP || to.id == TYPE_TIMESTAMP_TZ)) ||
                   (from.id == TYPE_TIMESTAMP && to.id == TYPE_TIMESTAMP_TZ) ||
                   (from.id == TYPE_DURATION && to.id == TYPE_INTERVAL);

    /* Another unit of the same kind comes before another kind, and microseconds before the rest. */
    if (allowed && from.id == to.id && from.unit != to.unit) return to.unit == UNIT_MICRO ? 90 : 95;
    return allowed ? target_cost(to) : -1;
}

static bool number_widens(data_type from, data_type to)
{
    if (type_is_integer(from))
        return type_is_integer(to) ? integer_holds((type_id)to.id, (type_id)from.id)
                                   : to.id == TYPE_DECIMAL || to.id == TYPE_FLOAT32 || to.id == TYPE_FLOAT64;
    if (from.id == TYPE_DECIMAL) return to.id == TYPE_DECIMAL || to.id == TYPE_FLOAT32 || to.id == TYPE_FLOAT64;
    return type_is_float(to) && to.id >= from.id;
}

int implicit_cast_cost(const argument_type *from, data_type to)
{
    data_type type = from->type;

    if (from->open && type.id == TYPE_VARCHAR) return to.id == TYPE_VARCHAR ? 1 : 20;
    if (from->open && type_is_integer(type)) {
        if (to.id == type.id) return 1;
        if (type_is_integer(to) && integer_holds_value((type_id)to.id, from->value)) return target_cost(to) - 90;
    }
    if (type_equal(type, to)) return 0;
    if (type.id == TYPE_NULL) return target_cost(to) - 100;
    if (type_is_numeric(type)) return type_is_numeric(to) && number_widens(type, to) ? target_cost(to) : -1;
    if (type_is_temporal(type) || type.id == TYPE_INTERVAL) return temporal_cost(type, to);
    if (type.id == TYPE_ENUM) return to.id == TYPE_VARCHAR ? target_cost(to) : -1;
    if (type.id == to.id && type_is_nested(type))
        return type.id == TYPE_ARRAY && type.fixed_size != to.fixed_size ? -1 : nested_cost(type, to);
    if (type.id == TYPE_ARRAY && to.id == TYPE_LIST) return nested_cost(type, to);
    return -1;
}

/* The scale stays: an integer too large for what is left beside it is an error when it is cast, and no digit is lost in silence. */
static data_type decimal_with_integer(data_type decimal, data_type integer)
{
    data_type whole = decimal_of(integer);
    int digits = decimal.precision - decimal.scale > whole.precision ? decimal.precision - decimal.scale : whole.precision;
    int precision = digits + decimal.scale;

    return type_decimal((unsigned)(precision > 38 || integer_bits((type_id)integer.id) == 128 ? 38 : precision), decimal.scale);
}

/* common types -------------------------------------------------------------------------------------------------------------------- */
static data_type unify_numbers(data_type left, data_type right)
{
    if (type_is_float(left) || type_is_float(right)) {
        data_type wide = left.id == TYPE_FLOAT64 || right.id == TYPE_FLOAT64 ? type_of(TYPE_FLOAT64) : type_of(TYPE_FLOAT32);
        return left.id == TYPE_FLOAT16 && right.id == TYPE_FLOAT16 ? left : wide;
    }
    if (left.id == TYPE_DECIMAL && right.id != TYPE_DECIMAL) return decimal_with_integer(left, right);
    if (right.id == TYPE_DECIMAL && left.id != TYPE_DECIMAL) return decimal_with_integer(right, left);
    if (left.id == TYPE_DECIMAL || right.id == TYPE_DECIMAL) return decimal_union(decimal_of(left), decimal_of(right));
    if (integer_holds((type_id)left.id, (type_id)right.id)) return left;
    if (integer_holds((type_id)right.id, (type_id)left.id)) return right;
    if (left.id == TYPE_UINT128 || right.id == TYPE_UINT128) return type_of(TYPE_FLOAT64);
    return type_of(signed_of_bits(
        2 * (integer_is_signed((type_id)left.id) ? integer_bits((type_id)right.id) : integer_bits((type_id)left.id))));
}

static bool unify_temporal(data_type *out, data_type left, data_type right)
{
    data_type low = left.id <= right.id ? left : right, high = left.id <= right.id ? right : left;

    *out = high;
    if (low.id == high.id) {
        if (low.unit > high.unit) out->unit = low.unit;
        return true;
    }
    if (low.id == TYPE_DATE) return high.id == TYPE_TIMESTAMP || high.id == TYPE_TIMESTAMP_TZ;
    return (low.id == TYPE_TIMESTAMP && high.id == TYPE_TIMESTAMP_TZ) || (low.id == TYPE_DURATION && high.id == TYPE_INTERVAL);
}

static bool unify_types(data_type *out, arena *arena, data_type left, data_type right, unify_mode mode);

/* Lists, structs, maps: child by child; names are the left side's. */
static bool unify_nested(data_type *out, arena *arena, data_type left, data_type right, unify_mode mode)
{
    size_t count = left.detail ? left.detail->child_count : 0;
    type_detail *detail;
    data_type *children;

    if (!left.detail || !right.detail || count != right.detail->child_count) return false;
    detail = arena_new(arena, type_detail);
    children = arena_new_array(arena, data_type, count + 1);
    if (!detail || !children) return false;
    *detail = *left.detail;
    detail->children = children;
    for (size_t i = 0; i < count; i++) {
        if (left.id == TYPE_STRUCT && !string_equal_nocase(left.detail->names[i], right.detail->names[i])) return false;
        if (!unify_types(&children[i], arena, left.detail->children[i], right.detail->children[i], mode)) return false;
    }
    *out = left.id == TYPE_ARRAY && (right.id != TYPE_ARRAY || left.fixed_size != right.fixed_size) ? type_of(TYPE_LIST) : left;
    out->detail = detail;
    return true;
}

static bool is_list_like(data_type type)
{
    return type.id == TYPE_LIST || type.id == TYPE_ARRAY;
}

/* One side is text (or an ENUM, which is text when it meets another type). */
static bool unify_with_text(data_type *out, data_type other, unify_mode mode)
{
    *out = type_of(TYPE_VARCHAR);
    if (other.id == TYPE_VARCHAR || other.id == TYPE_ENUM || (mode == UNIFY_UNION && other.id != TYPE_BLOB)) return true;
    if (mode == UNIFY_CASE || mode == UNIFY_ORDER || type_is_nested(other)) return false;
    *out = other;
    return true;
}

/* Booleans count as integers everywhere, as fractions only where values are compared for equality or stacked. */
static bool boolean_meets(data_type other, unify_mode mode)
{
    return type_is_integer(other) || (type_is_numeric(other) && (mode == UNIFY_UNION || mode == UNIFY_COMPARE));
}

static bool unify_types(data_type *out, arena *arena, data_type left, data_type right, unify_mode mode)
{
    *out = left;
    if (type_equal(left, right) || right.id == TYPE_NULL) return true;
    *out = right;
    if (left.id == TYPE_NULL) return true;
    if (left.id == TYPE_VARCHAR || left.id == TYPE_ENUM) return unify_with_text(out, right, mode);
    if (right.id == TYPE_VARCHAR || right.id == TYPE_ENUM) return unify_with_text(out, left, mode);
    if (type_is_numeric(left) && type_is_numeric(right)) {
        *out = unify_numbers(left, right);
        return true;
    }
    if (left.id == TYPE_BOOLEAN && boolean_meets(right, mode)) return true;
    if (right.id == TYPE_BOOLEAN && boolean_meets(left, mode)) {
        *out = left;
        return true;
    }
    if ((type_is_temporal(left) || left.id == TYPE_INTERVAL) && (type_is_temporal(right) || right.id == TYPE_INTERVAL))
        return unify_temporal(out, left, right);
    if (left.id == right.id ? type_is_nested(left) : is_list_like(left) && is_list_like(right))
        return unify_nested(out, arena, left, right, mode);
    return false;
}

bool unify_arguments(argument_type *out, arena *arena, const argument_type *left, const argument_type *right, unify_mode mode)
{
    bool left_text = left->open && left->type.id == TYPE_VARCHAR, right_text = right->open && right->type.id == TYPE_VARCHAR;
    bool left_number = left->open && !left_text, right_number = right->open && !right_text;

    *out = *left;
    if (right_text && (left_text || left->type.id != TYPE_NULL)) return true;
    if (right_number && type_is_integer(left->type)) {
        if (!left_number && integer_holds_value((type_id)left->type.id, right->value)) return true;
        if (left_number && left->type.id >= right->type.id) return true;
    }
    *out = *right;
    if (left_text && right->type.id != TYPE_NULL) return true;
    if (left_number && type_is_integer(right->type) && (right_number || integer_holds_value((type_id)right->type.id, left->value)))
        return true;
    out->open = (left->open && right->type.id == TYPE_NULL) || (right->open && left->type.id == TYPE_NULL);
    if (left->open && right->type.id == TYPE_NULL) out->value = left->value;
    return unify_types(&out->type, arena, left->type, right->type, mode);
}

bool type_unify(data_type *out, arena *arena, data_type left, bool left_literal, data_type right, bool right_literal)
{
    argument_type left_side = {.type = left, .open = left_literal}, right_side = {.type = right, .open = right_literal}, common;

    /* The values of integer literals are not known here: take them to fit what their own type fits. */
    if (left_literal && type_is_integer(left)) left_side.open = false;
    if (right_literal && type_is_integer(right)) right_side.open = false;
    if (!unify_arguments(&common, arena, &left_side, &right_side, UNIFY_UNION)) return false;
    *out = common.type;
    return true;
}

static bp_status does_not_mix(expr_pool *pool, const argument_type *left, const argument_type *right, const char *where,
                              bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, pool->context->memory, 4096);
    argument_print(&text, left);
    builder_literal(&text, " and ");
    argument_print(&text, right);
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set_at(err, BP_BIND_ERROR, pool->position, "Cannot mix values of type %.*s in %s: an explicit cast is required",
                          STRING_ARGUMENTS(builder_view(&text)), where);
done:
    builder_clear(&text);
    return status;
}

bp_status unify_all(data_type *out, expr_pool *pool, const expr_id *ids, size_t count, size_t step, unify_mode mode,
                    const char *where, bp_error *err)
{
    argument_type common = {.type = type_of(TYPE_NULL)};

    for (size_t i = 0; i < count; i += step) {
        argument_type next = argument_of(pool, ids[i]), both;
        if (!unify_arguments(&both, pool->arena, &common, &next, mode)) return does_not_mix(pool, &common, &next, where, err);
        common = both;
    }
    *out = common.type;
    return BP_OK;
}

/* signatures ---------------------------------------------------------------------------------------------------------------------- */
static bool pattern_parse(type_pattern *out, string_view text)
{
    static const struct {
        const char *name;
        uint8_t size, id, unit;
    } names[] = {
#define TYPE(name, sql_name, physical) {sql_name, sizeof sql_name - 1, TYPE_##name, UNIT_MICRO},
#include "column/types.def"
#undef TYPE
        {"TIMESTAMPTZ", 11, TYPE_TIMESTAMP_TZ, UNIT_MICRO},
        {"TIMESTAMP_NS", 12, TYPE_TIMESTAMP, UNIT_NANO},
    };
    static const char variables[] = "TUNI";

    *out = (type_pattern){.kind = PATTERN_TYPE};
    while (text.size > 2 && text.data[text.size - 1] == ']') text.size -= 2, out->lists++;
    if (text.size == 1) {
        const char *place = memchr(variables, text.data[0], 4);
        out->kind = PATTERN_VARIABLE;
        if (place) out->variable = (unsigned)(place - variables);
        return place != NULL;
    }
    if (string_equal(text, STRING_VIEW("ANY"))) {
        out->kind = PATTERN_ANY;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (names[i].size != text.size || memcmp(names[i].name, text.data, text.size) != 0) continue;
        out->id = (type_id)names[i].id;
        out->unit = (time_unit)names[i].unit;
        return true;
    }
    return false;
}

bool signature_parse(signature *out, const char *text)
{
    const char *arrow = strstr(text, "-> "), *at = text;

    out->count = 0;
    if (!arrow || !pattern_parse(&out->result, string_view_of(arrow + 3))) return false;
    while (at < arrow) {
        size_t size = strcspn(at, ", -");
        if (out->count == SIGNATURE_PARAMETERS) return false;
        /* Type names hold blanks only in TIMESTAMP WITH TIME ZONE, which signatures write TIMESTAMPTZ. */
        if (size && !pattern_parse(&out->parameters[out->count++], (string_view){at, size})) return false;
        at += size;
        while (at < arrow && (*at == ',' || *at == ' ')) at++;
    }
    return true;
}

/* The type below `lists` levels of list; false: it has not that many. NULL goes for any list of NULL. */
static bool unwrap_lists(argument_type *argument, unsigned lists)
{
    for (; lists; lists--) {
        if (argument->type.id == TYPE_NULL) return true;
        if (!is_list_like(argument->type) || !argument->type.detail) return false;
        *argument = (argument_type){.type = argument->type.detail->children[0]};
    }
    return true;
}

static bool wrap_lists(data_type *type, unsigned lists, arena *arena)
{
    for (; lists; lists--) {
        type_detail *detail = arena_new(arena, type_detail);
        data_type *child = arena_new(arena, data_type);
        if (!detail || !child) return false;
        *child = *type;
        *detail = (type_detail){.child_count = 1, .children = child};
        *type = type_of(TYPE_LIST);
        type->detail = detail;
    }
    return true;
}

static data_type pattern_type(const type_pattern *pattern)
{
    data_type type = pattern->id == TYPE_DECIMAL ? type_decimal(18, 3) : type_of(pattern->id);

    if (type.id == TYPE_TIMESTAMP) type.unit = (uint8_t)pattern->unit;
    return type;
}

/* Arithmetic of a decimal with a text literal is done in DOUBLE. */
static bool decimal_meets_text(const signature *signature, const argument_type *arguments, size_t count)
{
    bool decimal = false, text = false;

    for (size_t i = 0; i < count && i < signature->count; i++) {
        if (signature->parameters[i].kind != PATTERN_VARIABLE || signature->parameters[i].variable != VARIABLE_N) continue;
        decimal |= arguments[i].type.id == TYPE_DECIMAL;
        text |= arguments[i].open && arguments[i].type.id == TYPE_VARCHAR;
    }
    return decimal && text;
}

/* The types that the variables stand for. */
static bool bind_variables(const signature *signature, arena *arena, const argument_type *arguments, size_t count,
                           argument_type *variables)
{
    for (size_t i = 0; i < count; i++) {
        const type_pattern *pattern = &signature->parameters[i < signature->count ? i : signature->count - 1];
        argument_type element = arguments[i], common;
        if (pattern->kind != PATTERN_VARIABLE) continue;
        if (!unwrap_lists(&element, pattern->lists)) return false;
        if (element.type.id == TYPE_BOOLEAN && (pattern->variable == VARIABLE_N || pattern->variable == VARIABLE_I)) return false;
        if (!unify_arguments(&common, arena, &variables[pattern->variable], &element, UNIFY_CASE)) return false;
        variables[pattern->variable] = common;
    }
    if (decimal_meets_text(signature, arguments, count)) variables[VARIABLE_N] = (argument_type){.type = type_of(TYPE_FLOAT64)};
    return true;
}

static bool variable_fits(unsigned variable, data_type *type)
{
    if (variable != VARIABLE_N && variable != VARIABLE_I) return true;
    if (type->id == TYPE_NULL) *type = type_of(TYPE_INT64);
    return variable == VARIABLE_N ? type_is_numeric(*type) : type_is_integer(*type);
}

/* Cost of one argument for one parameter, and the type that it is to have. */
static int match_one(const type_pattern *pattern, arena *arena, const argument_type *argument, const argument_type *variables,
                     data_type *wanted)
{
    argument_type element = *argument;
    int cost;

    if (pattern->kind == PATTERN_ANY) {
        *wanted = argument->type;
        return unwrap_lists(&element, pattern->lists) ? 127 : -1;
    }
    *wanted = pattern->kind == PATTERN_VARIABLE ? variables[pattern->variable].type : pattern_type(pattern);
    if (pattern->kind == PATTERN_VARIABLE && !variable_fits(pattern->variable, wanted)) return -1;
    if (!pattern->lists && pattern->kind == PATTERN_TYPE && argument->type.id == pattern->id &&
        (type_is_nested(argument->type) || pattern->id == TYPE_ENUM || pattern->id == TYPE_DECIMAL)) {
        *wanted = argument->type; /* DECIMAL, STRUCT, MAP, ENUM in a signature: whichever */
        return 0;
    }
    if (pattern->kind == PATTERN_TYPE && pattern->id == TYPE_DECIMAL && type_is_integer(argument->type))
        *wanted = decimal_of(argument->type);
    if (!unwrap_lists(&element, pattern->lists)) return -1;
    cost = implicit_cast_cost(&element, *wanted);
    if (pattern->kind == PATTERN_VARIABLE && (pattern->variable == VARIABLE_T || pattern->variable == VARIABLE_U))
        cost = 60; /* unified: whatever cast that takes, allowed or not elsewhere (text literals, booleans) */
    if (pattern->kind == PATTERN_VARIABLE && cost < 0) cost = 110;
    return wrap_lists(wanted, pattern->lists, arena) ? cost : -1;
}

int signature_match(const signature *signature, bool variadic, arena *arena, const argument_type *arguments, size_t count,
                    data_type *wanted, data_type *result, bool *failed)
{
    argument_type variables[VARIABLE_COUNT] = {0};
    int total = 0;

    *failed = false;
    if (variadic ? count + 1 < signature->count : count != signature->count) return -1;
    if (!bind_variables(signature, arena, arguments, count, variables)) return -1;
    for (size_t i = 0; i < count; i++) {
        const type_pattern *pattern = &signature->parameters[i < signature->count ? i : signature->count - 1];
        int cost = match_one(pattern, arena, &arguments[i], variables, &wanted[i]);
        if (cost < 0) return -1;
        total += cost;
    }
    *result = signature->result.kind == PATTERN_VARIABLE ? variables[signature->result.variable].type
              : signature->result.kind == PATTERN_ANY    ? type_of(TYPE_NULL)
                                                         : pattern_type(&signature->result);
    if (signature->result.kind == PATTERN_VARIABLE) variable_fits(signature->result.variable, result);
    *failed = !wrap_lists(result, signature->result.lists, arena);
    return *failed ? -1 : total;
}
