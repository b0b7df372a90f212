/* Casts of whole columns: which exist, which can fail, and the frame around the kernels: NULLs, constants, failures. */
#include "convert_internal.h"

#include "base/error.h"

static bool is_number(data_type type)
{
    return type.id == TYPE_BOOLEAN || type_is_numeric(type);
}

static bool is_list(data_type type)
{
    return type.id == TYPE_LIST || type.id == TYPE_ARRAY;
}

static bool time_cast_exists(data_type from, data_type to)
{
    bool from_stamp = from.id == TYPE_TIMESTAMP || from.id == TYPE_TIMESTAMP_TZ;

    switch (to.id) {
    case TYPE_DATE: return from_stamp || from.id == TYPE_DATE;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_TZ: return from_stamp || from.id == TYPE_DATE;
    case TYPE_TIME: return from_stamp || from.id == TYPE_TIME;
    case TYPE_INTERVAL: return from.id == TYPE_DURATION || from.id == TYPE_TIME || from.id == TYPE_INTERVAL;
    case TYPE_DURATION: return from.id == TYPE_DURATION;
    default: return false;
    }
}

static bool is_named(data_type type)
{
    return type.id == TYPE_STRUCT && type.detail->child_count && type.detail->names && type.detail->names[0].size;
}

/* The field of that name, or SIZE_MAX. */
static size_t field_of(data_type type, string_view name)
{
    for (size_t i = 0; i < type.detail->child_count; i++)
        if (string_equal_nocase(type.detail->names[i], name)) return i;
    return SIZE_MAX;
}

/* Structs with names are cast field by field of the same name: at least one must be there, others become NULL. */
static bool named_cast_exists(data_type from, data_type to)
{
    size_t found = 0;

    for (size_t i = 0; i < to.detail->child_count; i++) {
        size_t field = field_of(from, to.detail->names[i]);
        if (field == SIZE_MAX) continue;
        if (!convert_exists(from.detail->children[field], to.detail->children[i])) return false;
        found++;
    }
    return found > 0;
}

static bool nested_cast_exists(data_type from, data_type to)
{
    bool same_kind = from.id == to.id && (from.id != TYPE_ARRAY || from.fixed_size == to.fixed_size);

    if (!from.detail || !to.detail) return false;
    if (!same_kind && !(is_list(from) && to.id == TYPE_LIST) && !(from.id == TYPE_LIST && to.id == TYPE_ARRAY)) return false;
    if (same_kind && is_named(from) && is_named(to)) return named_cast_exists(from, to);
    if (from.detail->child_count != to.detail->child_count) return false;
    for (size_t i = 0; i < to.detail->child_count; i++)
        if (!convert_exists(from.detail->children[i], to.detail->children[i])) return false;
    return true;
}

/* From text: when every member can be read from it. */
static bool text_cast_exists(data_type text, data_type to)
{
    if (!to.detail) return false;
    for (size_t i = 0; i < to.detail->child_count; i++)
        if (!convert_exists(text, to.detail->children[i])) return false;
    return true;
}

bool convert_exists(data_type from, data_type to)
{
    if (type_equal(from, to) || from.id == TYPE_NULL || to.id == TYPE_VARCHAR) return true;
    if (to.id == TYPE_NULL) return false;
    if ((is_number(from) && to.id == TYPE_DECIMAL && to.precision > 38) || (from.id == TYPE_DECIMAL && from.precision > 38))
        return false;
    if (is_number(from)) return is_number(to);
    if (from.id == TYPE_VARCHAR && type_is_nested(to)) return text_cast_exists(from, to);
    if (from.id == TYPE_VARCHAR) return !(to.id == TYPE_DECIMAL && to.precision > 38);
    if (type_is_nested(from)) return nested_cast_exists(from, to);
    return time_cast_exists(from, to);
}

bool convert_can_fail(data_type from, data_type to)
{
    argument_type argument = {.type = from};

    if (type_equal(from, to) || from.id == TYPE_NULL || to.id == TYPE_VARCHAR) return false;
    if (from.id == TYPE_BOOLEAN && type_is_numeric(to) && to.id != TYPE_DECIMAL) return false;
    if (is_number(from) && to.id == TYPE_BOOLEAN) return false;
    if (to.id == TYPE_DECIMAL)
        return !(from.id != TYPE_BOOLEAN && (type_is_integer(from) || from.id == TYPE_DECIMAL)) ||
               decimal_of(from).precision - decimal_of(from).scale > to.precision - to.scale || decimal_of(from).scale > to.scale ||
               from.id == TYPE_INT128 || from.id == TYPE_UINT128;
    if (type_is_numeric(from))
        return type_is_float(from) ? !type_is_float(to) || to.id < from.id : implicit_cast_cost(&argument, to) < 0;
    return true;
}

/* failures -------------------------------------------------------------------------------------------------------------------------- */
/* INT32, DOUBLE, DATE …: the name that DuckDB gives a type in conversion errors. */
static bool print_kind(builder *out, data_type type)
{
    static const char *const names[] = {[TYPE_INT8] = "INT8",      [TYPE_INT16] = "INT16",   [TYPE_INT32] = "INT32",
                                        [TYPE_INT64] = "INT64",    [TYPE_INT128] = "INT128", [TYPE_UINT8] = "UINT8",
                                        [TYPE_UINT16] = "UINT16",  [TYPE_UINT32] = "UINT32", [TYPE_UINT64] = "UINT64",
                                        [TYPE_UINT128] = "UINT128"};

    if (type.id < ARRAY_LENGTH(names) && names[type.id]) return builder_text(out, string_view_of(names[type.id]));
    return type_print(out, type);
}

#define SLICE_ROWS ((size_t)1 << 17) /* a multiple of 64: a slice of bits begins with a word */
#define SHOWN 64 /* bytes of a value that a message shows */

static void append_value(builder *text, const column *in, size_t row)
{
    size_t begin = text->size;

    column_print_value(text, in, row);
    if (text->size - begin <= SHOWN) return;
    text->size = begin + SHOWN;
    while (text->size > begin && ((unsigned char)text->data[text->size] & 0xc0) == 0x80) text->size--;
    builder_literal(text, "…");
}

static bp_status failure(const conversion *work, size_t row, bp_error *err)
{
    static const struct {
        uint8_t id;
        const char *what, *form;
    } forms[] = {{TYPE_DATE, "date", "YYYY-MM-DD"},
                 {TYPE_TIME, "time", "HH:MM:SS[.US]"},
                 {TYPE_TIMESTAMP, "timestamp", "YYYY-MM-DD HH:MM:SS[.US][±HH:MM]"},
                 {TYPE_TIMESTAMP_TZ, "timestamp", "YYYY-MM-DD HH:MM:SS[.US][±HH:MM]"},
                 {TYPE_INTERVAL, "interval", "1 year 2 months 3 days 04:05:06"},
                 {TYPE_UUID, "UUID", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"},
                 {TYPE_BLOB, "blob", "text with \\xHH for the bytes that are not ASCII"}};
    const char *form = NULL;
    builder text;
    bp_status status;

    builder_init(&text, work->context->memory, BP_ERROR_MESSAGE_SIZE);
    if (work->in->type.id == TYPE_VARCHAR) {
        for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
            if (forms[i].id == work->to.id) form = forms[i].form;
        builder_literal(&text, "Could not convert string '");
        append_value(&text, work->in, row);
        builder_literal(&text, "' to ");
        print_kind(&text, work->to);
        if (work->overflow) builder_literal(&text, ": out of range");
        if (form && !work->overflow) builder_format(&text, ": the form is %s", form);
    } else {
        builder_literal(&text, "Type ");
        print_kind(&text, work->in->type);
        builder_literal(&text, " with value ");
        append_value(&text, work->in, row);
        builder_literal(&text, " can't be cast because the value is out of range for the destination type ");
        print_kind(&text, work->to);
    }
    if ((status = builder_status(&text, err)) && status != BP_LIMIT) goto done;
    status = error_set(err, BP_CONVERSION, "%.*s", STRING_ARGUMENTS(builder_view(&text)));
done:
    builder_clear(&text);
    return status;
}

/* Bad rows become NULL, or the first of them that is not NULL an error. */
static bp_status settle(const conversion *work, bool try_cast, column *out, bp_error *err)
{
    size_t words = bitmap_words(work->rows);
    uint64_t *validity;

    if (!work->any_bad) return BP_OK;
    if (!try_cast) {
        for (size_t row = 0; row < work->rows; row++)
            if (bitmap_get(work->bad, row) && !column_is_null(work->in, row)) return failure(work, row, err);
        return BP_OK;
    }
    validity = arena_allocate(work->arena, (words + 1) * 8);
    if (!validity) return error_no_memory(err, work->arena->memory, words * 8);
    for (size_t i = 0; i < words; i++) validity[i] = ~work->bad[i] & (work->in->validity ? work->in->validity[i] : ~(uint64_t)0);
    out->validity = validity;
    return BP_OK;
}

static conversion_kernel kernel_of(data_type from, data_type to)
{
    if (to.id == TYPE_VARCHAR) return convert_to_text;
    if (from.id == TYPE_VARCHAR) return convert_from_text;
    return is_number(from) ? convert_numbers : convert_times;
}

/* Long columns, the elements of lists above all, slice by slice, between which cancel is looked at. */
static bp_status convert_slices(conversion *work, bp_error *err)
{
    conversion_kernel kernel = kernel_of(work->in->type, work->to);
    bool bits = type_physical(work->to) == PHYSICAL_BIT;
    size_t width = physical_width(type_physical(work->to));
    bp_status status = BP_OK;

    if (work->rows <= SLICE_ROWS) return kernel(work, err);
    for (size_t begin = 0; begin < work->rows && !status; begin += SLICE_ROWS) {
        size_t rows = work->rows - begin < SLICE_ROWS ? work->rows - begin : SLICE_ROWS;
        conversion part = *work;
        column in;
        if ((status = cancel_check(&work->context->cancel, err))) break;
        if ((status = column_slice(&in, work->in, begin, rows, work->arena, err))) break;
        part.in = &in;
        part.rows = rows;
        part.values = (char *)work->values + (bits ? begin / 8 : begin * width);
        part.bad = work->bad + begin / 64;
        part.any_bad = part.overflow = false;
        status = kernel(&part, err);
        if (!work->any_bad) work->overflow = part.overflow;
        work->any_bad |= part.any_bad;
    }
    return status;
}

static bp_status convert_flat(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                              bp_error *err)
{
    size_t words = bitmap_words(in->length), width = physical_width(type_physical(to));
    conversion work = {.context = context, .arena = arena, .in = in, .to = to, .rows = in->length};
    bp_status status;

    work.values = arena_allocate_zeroed(arena, type_physical(to) == PHYSICAL_BIT ? (words + 1) * 8 : in->length * width + 64);
    work.bad = arena_allocate_zeroed(arena, (words + 1) * 8);
    if (!work.values || !work.bad) return error_no_memory(err, arena->memory, in->length * width);
    *out = (column){.type = to, .encoding = COLUMN_FLAT, .length = in->length, .validity = in->validity, .values = work.values};
    if ((status = convert_slices(&work, err))) return status;
    return settle(&work, try_cast, out, err);
}

/* A LIST as an ARRAY: every row must have its size, but for NULL rows; with try_cast those of another size become NULL. */
static bp_status convert_to_array(column *out, const column *in, data_type to, bool try_cast, arena *arena, bp_error *err)
{
    size_t size = to.fixed_size, total;
    const list_entry *entries = in->values;
    uint64_t *validity = arena_allocate_zeroed(arena, (bitmap_words(in->length) + 1) * 8);
    column *children = arena_new(arena, column), nulls = column_nulls(to.detail->children[0], 0);
    uint32_t *items;

    if (ckd_mul(&total, size, in->length) || total > UINT32_MAX)
        return error_set(err, BP_LIMIT, "an ARRAY column of over 2^32 elements");
    items = arena_new_array(arena, uint32_t, total + 1);
    if (!validity || !children || !items) return error_no_memory(err, arena->memory, total * sizeof *items);
    for (size_t row = 0; row < in->length; row++) {
        if (column_is_null(in, row)) continue;
        if (entries[row].size != size) {
            if (try_cast) continue;
            return error_set(err, BP_CONVERSION, "Cannot cast list with length %u to array with length %zu", entries[row].size,
                             size);
        }
        bitmap_set(validity, row);
        for (size_t i = 0; i < size; i++) items[row * size + i] = entries[row].offset + (uint32_t)i;
    }
    *out = (column){.type = to, .length = in->length, .validity = validity, .children = children, .child_count = 1};
    nulls.length = total;
    if (in->children[0].length == 0) return column_flatten(children, &nulls, arena, err);
    return column_gather(children, &in->children[0], items, total, arena, err);
}

/* The fields of a struct in the order of the other's names. */
static bp_status convert_fields(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                                bp_error *err)
{
    size_t count = to.detail->child_count;
    column *children = arena_new_array(arena, column, count + 1);
    bp_status status;

    if (!children) return error_no_memory(err, arena->memory, count * sizeof *children);
    for (size_t i = 0; i < count; i++) {
        size_t field = field_of(in->type, to.detail->names[i]);
        column flat;
        children[i] = column_nulls(to.detail->children[i], in->length);
        if (field == SIZE_MAX) continue;
        if ((status = column_flatten(&flat, &in->children[field], arena, err))) return status;
        if ((status = convert_column(&children[i], &flat, to.detail->children[i], try_cast, context, arena, err))) return status;
    }
    *out = *in;
    out->type = to;
    out->children = children;
    out->child_count = count;
    out->owner = NULL;
    return BP_OK;
}

/* Lists, structs, maps: the children are cast; an ARRAY gets list entries. Depth is bounded by LIMIT_TYPE_DEPTH. */
static bp_status convert_nested(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                                bp_error *err)
{
    column *children = arena_new_array(arena, column, in->child_count + 1);
    list_entry *entries;
    bp_status status;

    if (!children) return error_no_memory(err, arena->memory, in->child_count * sizeof *children);
    if (is_named(in->type) && is_named(to)) return convert_fields(out, in, to, try_cast, context, arena, err);
    *out = *in;
    out->type = to;
    out->children = children;
    out->owner = NULL;
    for (size_t i = 0; i < in->child_count; i++) {
        column flat;
        if ((status = column_flatten(&flat, &in->children[i], arena, err))) return status;
        if ((status = convert_column(&children[i], &flat, to.detail->children[i], try_cast, context, arena, err))) return status;
    }
    if (in->type.id == TYPE_LIST && to.id == TYPE_ARRAY) {
        column list = *out;
        return convert_to_array(out, &list, to, try_cast, arena, err);
    }
    if (in->type.id != TYPE_ARRAY || to.id != TYPE_LIST) return BP_OK;
    entries = arena_new_array(arena, list_entry, in->length + 1);
    if (!entries) return error_no_memory(err, arena->memory, in->length * sizeof *entries);
    for (size_t i = 0; i < in->length; i++) entries[i] = (list_entry){(uint32_t)(i * in->type.fixed_size), in->type.fixed_size};
    out->values = entries;
    return BP_OK;
}

/* The same values under another name: units that agree, decimals with the same scale in the same width, zones. */
static bool is_relabelling(data_type from, data_type to)
{
    if (type_equal(from, to)) return true;
    if (from.id == TYPE_DECIMAL && to.id == TYPE_DECIMAL)
        return from.scale == to.scale && to.precision >= from.precision && type_physical(from) == type_physical(to);
    return (from.id == TYPE_TIMESTAMP || from.id == TYPE_TIMESTAMP_TZ) && (to.id == TYPE_TIMESTAMP || to.id == TYPE_TIMESTAMP_TZ) &&
           from.unit == to.unit;
}

bp_status convert_column(column *out, const column *in, data_type to, bool try_cast, bp_context *context, arena *arena,
                         bp_error *err)
{
    column flat = *in;
    bp_status status;

    if (in->type.id == TYPE_NULL) {
        *out = column_nulls(to, in->length);
        return BP_OK;
    }
    if (is_relabelling(in->type, to)) {
        *out = *in;
        out->type = to;
        return BP_OK;
    }
    if (in->encoding == COLUMN_CONSTANT) {
        if (column_is_null(in, 0)) {
            *out = column_nulls(to, in->length);
            return BP_OK;
        }
        flat.encoding = COLUMN_FLAT;
        flat.length = 1;
        flat.validity = NULL;
    }
    if (in->type.id == TYPE_VARCHAR && type_is_nested(to))
        status = convert_text_to_nested(out, &flat, to, try_cast, context, arena, err);
    else
        status = type_is_nested(in->type) && to.id != TYPE_VARCHAR ? convert_nested(out, &flat, to, try_cast, context, arena, err)
                                                                   : convert_flat(out, &flat, to, try_cast, context, arena, err);
    if (status || in->encoding != COLUMN_CONSTANT) return status;
    if (column_is_null(out, 0)) {
        *out = column_nulls(to, in->length);
        return BP_OK;
    }
    out->encoding = COLUMN_CONSTANT;
    out->length = in->length;
    out->validity = NULL;
    return BP_OK;
}
