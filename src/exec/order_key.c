/* Encoding sort keys; see the header for the layout. */
#include "order_key.h"

#include "column/nested_key.h"
#include "compute/order_slice.h"

#define TEXT_PREFIX 12
#define NESTED_PREFIX 31 /* and a byte that tells whether there is more */

/* Keys whose bytes are only the beginning. */
static bool is_text(data_type type)
{
    return type_physical(type) == PHYSICAL_STRING || type_is_nested(type);
}

static size_t value_width(data_type type)
{
    physical_type physical = type_physical(type);

    switch (physical) {
    case PHYSICAL_NONE: return 0;
    case PHYSICAL_BIT: return 1;
    case PHYSICAL_STRING: return TEXT_PREFIX;
    case PHYSICAL_LIST:
    case PHYSICAL_STRUCT:
    case PHYSICAL_ARRAY: return NESTED_PREFIX + 1;
    case PHYSICAL_INTERVAL: return 16; /* as microseconds, months of 30 days */
    default: return physical_width(physical);
    }
}

bp_status sort_layout_init(sort_layout *out, const schema *schema, const sort_spec *specs, size_t count, const bool *nullable,
                           arena *arena, bp_error *err)
{
    data_type *types = arena_new_array(arena, data_type, count);

    *out = (sort_layout){.specs = specs, .count = count, .types = types};
    out->offsets = arena_new_array(arena, uint32_t, count);
    out->nullable = arena_new_array(arena, bool, count);
    if (!types || !out->offsets || !out->nullable) return error_no_memory(err, arena->memory, count * sizeof *types);
    for (size_t i = 0; i < count; i++) {
        size_t width;
        types[i] = schema->types[specs[i].column];
        width = value_width(types[i]);
        out->nullable[i] = nullable[i] || types[i].id == TYPE_NULL;
        out->offsets[i] = (uint32_t)out->width;
        out->width += width + out->nullable[i];
        out->has_text |= is_text(types[i]);
    }
    out->width = out->width ? (out->width + 7) & ~(size_t)7 : 8;
    return BP_OK;
}

/* encoding ---------------------------------------------------------------------------------------------------------------------------------- */
static inline void put_big_endian(char *to, uint64_t value, size_t width)
{
    value = __builtin_bswap64(value << (64 - 8 * width));
    memcpy(to, &value, width);
}

#define PIECE 256 /* values at a time: their bytes stay in the first cache */

/* Numbers up to 64 bits: made side by side, then put where their keys are. */
static void encode_numbers(const column *column, size_t rows, char *to, size_t stride, bool descending)
{
    physical_type physical = type_physical(column->type);
    const size_t width = physical_width(physical);
    const char *values = column->values;
    _Alignas(64) char made[PIECE * 8];

    if (stride == width) {
        order_slice(to, physical, values, descending, rows);
        return;
    }
    for (size_t row = 0; row < rows; row += PIECE) {
        size_t count = rows - row < PIECE ? rows - row : PIECE;
        order_slice(made, physical, values + row * width, descending, count);
        switch (width) { /* constant widths: a copy is one instruction */
        case 1:
            for (size_t i = 0; i < count; i++) to[(row + i) * stride] = made[i];
            break;
        case 2:
            for (size_t i = 0; i < count; i++) memcpy(to + (row + i) * stride, made + i * 2, 2);
            break;
        case 4:
            for (size_t i = 0; i < count; i++) memcpy(to + (row + i) * stride, made + i * 4, 4);
            break;
        default:
            for (size_t i = 0; i < count; i++) memcpy(to + (row + i) * stride, made + i * 8, 8);
        }
    }
}

static void encode_wide(char *to, uint128 value, uint64_t invert)
{
    put_big_endian(to, (uint64_t)(value >> 64) ^ invert, 8);
    put_big_endian(to + 8, (uint64_t)value ^ invert, 8);
}

static int128 interval_micros(interval value)
{
    return ((int128)value.months * 30 + value.days) * 86400000000 + value.micros;
}

static void encode_text(const string_ref *values, size_t rows, char *to, size_t stride, uint64_t invert)
{

    for (size_t i = 0; i < rows; i++) {
        char bytes[TEXT_PREFIX] = {0};
        size_t size = values[i].size < TEXT_PREFIX ? values[i].size : TEXT_PREFIX;
        memcpy(bytes, string_ref_data(&values[i]), size);
        for (size_t j = 0; j < TEXT_PREFIX; j++) to[i * stride + j] = (char)(bytes[j] ^ (char)invert);
    }
}

static void encode_values(const column *column, size_t rows, char *to, size_t stride, uint64_t invert)
{
    if (order_slice_has_kernel(type_physical(column->type))) {
        encode_numbers(column, rows, to, stride, invert != 0);
        return;
    }
    switch (type_physical(column->type)) {
    case PHYSICAL_BIT:
        for (size_t i = 0; i < rows; i++) to[i * stride] = (char)(bitmap_get(column->values, i) ^ (invert & 1));
        break;
    case PHYSICAL_INT128:
        for (size_t i = 0; i < rows; i++)
            encode_wide(to + i * stride, (uint128)((const int128 *)column->values)[i] ^ (uint128)1 << 127, invert);
        break;
    case PHYSICAL_UINT128:
        for (size_t i = 0; i < rows; i++) encode_wide(to + i * stride, ((const uint128 *)column->values)[i], invert);
        break;
    case PHYSICAL_INTERVAL:
        for (size_t i = 0; i < rows; i++)
            encode_wide(to + i * stride, (uint128)interval_micros(((const interval *)column->values)[i]) ^ (uint128)1 << 127,
                        invert);
        break;
    case PHYSICAL_STRING: encode_text(column->values, rows, to, stride, invert); break;
    default: break;
    }
}

static void encode_nulls(const column *column, size_t rows, char *to, size_t stride, size_t width, bool nulls_first)
{
    const uint64_t *validity = column->type.id == TYPE_NULL ? NULL : column->validity;
    bool all = column->type.id == TYPE_NULL;

    if (!all && !validity) {
        for (size_t i = 0; i < rows; i++) to[i * stride] = (char)nulls_first;
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        bool null = all || !bitmap_get(validity, i);
        to[i * stride] = (char)(null != nulls_first);
        if (null) memset(to + i * stride + 1, 0, width);
    }
}

/* The first bytes of what stands for nested values, then 1 if there are more: no value's bytes begin another's, so values whose bytes all fit are equal when these are. */
static bp_status encode_nested(const column *column, size_t rows, char *to, size_t stride, uint64_t invert, arena *scratch,
                               bp_error *err)
{
    string_ref *refs = arena_new_array(scratch, string_ref, rows);
    bp_status status;

    if (!refs) return error_no_memory(err, scratch->memory, rows * sizeof *refs);
    if ((status = nested_keys_of(refs, column, rows, NESTED_PREFIX + 1, scratch, err))) return status;
    for (size_t i = 0; i < rows; i++) {
        string_view text = string_ref_view(&refs[i]);
        char *key = to + i * stride;
        size_t size = text.size < NESTED_PREFIX ? text.size : NESTED_PREFIX;
        if (size) memcpy(key, text.data, size);
        memset(key + size, 0, NESTED_PREFIX - size);
        key[NESTED_PREFIX] = text.size > NESTED_PREFIX;
        for (size_t j = 0; invert && j <= NESTED_PREFIX; j++) key[j] = (char)~key[j];
    }
    return BP_OK;
}

/* Half floats and 256-bit decimals are carried through, not ordered. */
static bool is_ordered(physical_type physical)
{
    return physical != PHYSICAL_FLOAT16 && physical != PHYSICAL_INT256;
}

static bp_status encode_key(const sort_layout *layout, size_t index, const batch *in, char *to, size_t stride, arena *scratch,
                            bp_error *err)
{
    const sort_spec *spec = &layout->specs[index];
    data_type type = layout->types[index];
    column flat;
    bp_status status;
    char *values = to + layout->nullable[index];
    uint64_t invert = spec->descending ? UINT64_MAX : 0;

    if (!is_ordered(type_physical(type)))
        return error_set(err, BP_NOT_SUPPORTED, "ORDER BY this type is not there yet; cast it to DOUBLE");
    if ((status = column_flatten(&flat, &in->columns[spec->column], scratch, err))) return status;
    if (!type_is_nested(type))
        encode_values(&flat, in->row_count, values, stride, invert);
    else if ((status = encode_nested(&flat, in->row_count, values, stride, invert, scratch, err)))
        return status;
    if (layout->nullable[index]) encode_nulls(&flat, in->row_count, to, stride, value_width(type), spec->nulls_first);
    return BP_OK;
}

bp_status sort_encode(const sort_layout *layout, const batch *in, char *keys, arena *scratch, bp_error *err)
{
    bp_status status = BP_OK;

    memset(keys, 0, in->row_count * layout->width);
    for (size_t i = 0; i < layout->count && !status; i++)
        status = encode_key(layout, i, in, keys + layout->offsets[i], layout->width, scratch, err);
    return status;
}

static size_t first_width(const sort_layout *layout)
{
    return value_width(layout->types[0]) + layout->nullable[0];
}

uint64_t sort_first_mask(const sort_layout *layout)
{
    size_t width = first_width(layout);

    return width >= 8 ? UINT64_MAX : ~(UINT64_MAX >> (8 * width));
}

bp_status sort_encode_first(const sort_layout *layout, const batch *in, char **keys, size_t *width, arena *scratch, bp_error *err)
{
    *width = (first_width(layout) + 7) & ~(size_t)7;
    if (*width == 0) *width = 8;
    *keys = arena_allocate_aligned(scratch, in->row_count * *width, 64);
    if (!*keys) return error_no_memory(err, scratch->memory, in->row_count * *width);
    memset(*keys, 0, in->row_count * *width);
    return encode_key(layout, 0, in, *keys, *width, scratch, err);
}

/* comparing ---------------------------------------------------------------------------------------------------------------------------------- */
static int compare_texts(const sort_layout *layout, size_t index, const column *left, size_t left_row, const column *right,
                         size_t right_row)
{
    int order;

    if (column_is_null(left, left_row)) return 0; /* the bytes were equal: both are */
    order = type_is_nested(left->type)
                ? column_value_compare(left, left_row, right, right_row)
                : string_ref_compare((const string_ref *)left->values + left_row, (const string_ref *)right->values + right_row);
    return layout->specs[index].descending ? -order : order;
}

/* Whether equal bytes leave it open if the values are equal. */
static bool may_differ(const sort_layout *layout, size_t index, const char *key)
{
    unsigned char more;

    if (!type_is_nested(layout->types[index])) return is_text(layout->types[index]);
    more = (unsigned char)key[layout->nullable[index] + NESTED_PREFIX];
    return (more & 1) != layout->specs[index].descending;
}

int sort_compare(const sort_layout *layout, const char *left, const column *left_columns, size_t left_row, const char *right,
                 const column *right_columns, size_t right_row)
{
    int order;

    if (!layout->has_text) {
        order = memcmp(left, right, layout->width);
        return (order > 0) - (order < 0);
    }
    for (size_t i = 0; i < layout->count; i++) {
        size_t begin = layout->offsets[i], end = i + 1 < layout->count ? layout->offsets[i + 1] : layout->width;
        uint32_t column = layout->specs[i].column;
        order = memcmp(left + begin, right + begin, end - begin);
        if (order == 0 && may_differ(layout, i, left + begin))
            order = compare_texts(layout, i, &left_columns[column], left_row, &right_columns[column], right_row);
        if (order) return order > 0 ? 1 : -1;
    }
    return 0;
}
