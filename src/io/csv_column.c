/* One column of a batch: from the places of its fields to values.
 *
 * The loops take the common forms inline (csv_fast.h) and turn to one_cell() for everything else: quotes, blanks, NULL texts, other forms.
 * Whatever the loop, a field gets the same value or the same refusal; the tests hold both ways against each other. */
#include "io/csv_internal.h"

#include "base/cpu.h"
#include "base/number.h"
#include "base/temporal.h"
#include "io/csv_fast.h"
#include "io/csv_values.h"
#include "text/utf8.h"

static ALWAYS_INLINE string_view field_at(const csv_parse *parse, const uint32_t *slots)
{
    const uint32_t first = slots[0] + 1, behind = slots[1] - (parse->last ? 0 : parse->trail);
    const char *begin = parse->text + first;
    size_t size = behind - first;

    if (UNLIKELY(size > CSV_ROW_MAXIMUM * 2)) size = 0; /* missing: it ends before it begins */
    if (parse->last && size && begin[size - 1] == '\r') size--;
    return (string_view){begin, size};
}

string_view csv_parse_field(const csv_parse *parse, size_t row)
{
    return field_at(parse, parse->slots + row * parse->stride);
}

/* The kernels for many fields at once, or one of NULLs. */
static const csv_values_kernels *kernels_of_this_processor(void)
{
    static const csv_values_kernels none;

#if !defined(BEDPLATE_SCALAR) && defined(__x86_64__)
    if (cpu_level() >= CPU_AVX512) return &csv_values_avx512;
    if (cpu_level() >= CPU_AVX2) return &csv_values_avx2;
#endif
    return &none;
}

static csv_cell put_string(csv_parse *parse, string_view text, bool in_heap, string_ref *out)
{
    if (text.size > LIMIT_CSV_FIELD_SIZE) return CSV_CELL_BAD;
    if (parse->check_utf8 && parse->column->type.id == TYPE_VARCHAR && !utf8_valid(text.data, text.size)) {
        parse->bad_encoding = true;
        return CSV_CELL_BAD;
    }
    if (text.size > STRING_REF_INLINE && !in_heap) {
        char *bytes = csv_heap_take(parse->heap, text.size);
        if (!bytes) return CSV_CELL_NO_MEMORY;
        memcpy(bytes, text.data, text.size);
        text.data = bytes;
    }
    *out = string_ref_of(text.data, text.size);
    return CSV_CELL_VALUE;
}

/* A field in full generality. */
static csv_cell one_cell(csv_parse *parse, string_view raw, void *out)
{
    string_view text = raw;
    bool quoted;
    csv_cell cell = csv_unquote(&text, &quoted, parse->rules, parse->odd, parse->heap);
    bool is_string = parse->column->type.id == TYPE_VARCHAR || parse->column->type.id == TYPE_BLOB;

    if (cell != CSV_CELL_VALUE) return cell;
    if ((!quoted || parse->rules->allow_quoted_nulls) && !(parse->column->not_null && is_string) &&
        csv_is_null_text(parse->rules, text))
        return CSV_CELL_NULL;
    if (is_string) return put_string(parse, text, text.data < raw.data || text.data > raw.data + raw.size, out);
    if (text.size == 0 && !quoted) return CSV_CELL_NULL; /* there is no number in nothing */
    return csv_value_parse(parse->column, parse->rules, text, out) ? CSV_CELL_VALUE : CSV_CELL_BAD;
}

/* The part of a loop behind the common form. False: stop at this row. */
static NO_INLINE bool slow_cell(csv_parse *parse, size_t row, string_view raw, void *out, size_t width, bool *no_memory)
{
    csv_cell cell = CSV_CELL_NULL;

    if (raw.size || !parse->rules->null_empty || parse->column->not_null) cell = one_cell(parse, raw, out);
    *no_memory = cell == CSV_CELL_NO_MEMORY;
    if (cell == CSV_CELL_NULL) {
        memset(out, 0, width);
        bitmap_unset(parse->validity, row);
        parse->null_count++;
        return true;
    }
    return cell == CSV_CELL_VALUE;
}

/* A loop over rows: `many` (may be NULL) takes what it can of a stretch; for the others `quick` may set *value from text and size; else the slow way. */
#define PARSE_LOOP(name, type, quick)                                                                                              \
    static size_t name(csv_parse *parse, size_t row, size_t count, csv_values_function *many)                                      \
    {                                                                                                                              \
        const bool usual = parse->rules->plain_numbers && !parse->rules->null_numbers;                                             \
        bool no_memory = false;                                                                                                    \
                                                                                                                                   \
        while (row < count) {                                                                                                      \
            size_t stretch = count - row < CSV_VALUES_AT_ONCE ? count - row : CSV_VALUES_AT_ONCE;                                  \
            uint64_t left = usual && many ? many(parse, row, stretch) : ~UINT64_C(0) >> (CSV_VALUES_AT_ONCE - stretch);            \
            for (; left; left &= left - 1) {                                                                                       \
                size_t at = row + (size_t)__builtin_ctzll(left);                                                                   \
                string_view field = field_at(parse, parse->slots + at * parse->stride);                                            \
                const char *text = field.data;                                                                                     \
                size_t size = field.size;                                                                                          \
                type *value = (type *)parse->values + at;                                                                          \
                (void)text, (void)size;                                                                                            \
                if (LIKELY(usual && (quick))) continue;                                                                            \
                if (!slow_cell(parse, at, field, value, sizeof *value, &no_memory)) return no_memory ? SIZE_MAX : at;              \
            }                                                                                                                      \
            row += stretch;                                                                                                        \
        }                                                                                                                          \
        return count;                                                                                                              \
    }

static ALWAYS_INLINE bool quick_int32(const char *text, size_t size, int32_t *out)
{
    int64_t value;

    if (!csv_fast_int64(text, size, &value) || value != (int32_t)value) return false;
    *out = (int32_t)value;
    return true;
}

static ALWAYS_INLINE bool quick_decimal(const csv_column *column, const char *text, size_t size, int64_t *out)
{
    static const int64_t powers[19] = {1,
                                       10,
                                       100,
                                       1000,
                                       10000,
                                       100000,
                                       1000000,
                                       10000000,
                                       100000000,
                                       1000000000,
                                       10000000000,
                                       100000000000,
                                       1000000000000,
                                       10000000000000,
                                       100000000000000,
                                       1000000000000000,
                                       10000000000000000,
                                       100000000000000000,
                                       1000000000000000000};
    size_t negative = *text == '-';
    unsigned places, scale = (unsigned)column->type.scale;
    uint64_t digits;
    int64_t value;

    if (!csv_fast_decimal(text + negative, size - negative, &digits, &places) || places > scale) return false;
    if (ckd_mul(&value, (int64_t)digits, powers[scale - places]) || value >= powers[column->type.precision]) return false;
    *out = negative ? -value : value;
    return true;
}

static ALWAYS_INLINE bool quick_timestamp(const csv_parse *parse, const char *text, size_t size, int64_t *out)
{
    bool zoned = false;

    if (parse->column->format.size || parse->column->type.unit != UNIT_MICRO) return false;
    if (size < 19 || !temporal_fast_timestamp(text, text + size, out, &zoned)) return false;
    return !zoned || parse->column->given || parse->column->type.id == TYPE_TIMESTAMP_TZ;
}

PARSE_LOOP(parse_int64, int64_t, csv_fast_int64(text, size, value))
PARSE_LOOP(parse_int32, int32_t, quick_int32(text, size, value))
PARSE_LOOP(parse_double, double, csv_fast_double(text, size, value))
PARSE_LOOP(parse_decimal, int64_t, quick_decimal(parse->column, text, size, value))
PARSE_LOOP(parse_date, int32_t, parse->column->format.size == 0 && csv_fast_date(text, size, value))
PARSE_LOOP(parse_timestamp, int64_t, quick_timestamp(parse, text, size, value))
PARSE_LOOP(parse_time, int64_t, parse->column->type.unit == UNIT_MICRO && size >= 8 && temporal_fast_time(text, text + size, value))
PARSE_LOOP(parse_1_byte, uint8_t, false)
PARSE_LOOP(parse_2_bytes, uint16_t, false)
PARSE_LOOP(parse_4_bytes, uint32_t, false)
PARSE_LOOP(parse_8_bytes, uint64_t, false)
PARSE_LOOP(parse_16_bytes, uint128, false)

/* Strings of up to COPIED bytes without a branch on their size: whole words are loaded and cut by masks, and COPIED bytes are copied into the heap,
 * which moves on only when the string is a long one. Heap and text must have as many bytes behind the place. */
#define COPIED 64
_Static_assert(COPIED <= CSV_PADDING, "a copy reads no further than the padding");

static ALWAYS_INLINE void put_usual(csv_heap *heap, string_ref *out, const char *text, size_t size)
{
    static const uint64_t prefix_masks[5] = {0, 0xff, 0xffff, 0xffffff, UINT32_MAX};
    static const uint64_t rest_masks[9] = {
        0,         0xff, 0xffff, 0xffffff, UINT32_MAX, UINT64_C(0xffffffffff), UINT64_C(0xffffffffffff), UINT64_C(0xffffffffffffff),
        UINT64_MAX};
    const uint64_t is_long = 0 - (uint64_t)(size > STRING_REF_INLINE); /* all bits or none */
    const size_t prefix = size < 4 ? size : 4, rest = (size - prefix) & ~(size_t)is_long;
    uint64_t words[2];

    memcpy(heap->next, text, COPIED);
    words[0] = (uint32_t)size | (csv_load(text) & prefix_masks[prefix]) << 32;
    words[1] = ((uint64_t)(uintptr_t)heap->next & is_long) | (csv_load(text + 4) & rest_masks[rest]);
    memcpy(out, words, sizeof words);
    heap->next += size & is_long;
}

static NO_INLINE bool put_huge(csv_parse *parse, string_ref *out, const char *text, size_t size)
{
    char *bytes = csv_heap_take(parse->heap, size);

    if (UNLIKELY(!bytes)) return false;
    memcpy(bytes, text, size);
    *out = string_ref_of(bytes, size);
    return true;
}

static size_t parse_strings(csv_parse *parse, size_t row, size_t count)
{
    const uint32_t *slots = parse->slots + row * parse->stride;
    const csv_rules *rules = parse->rules;
    /* quotes at both ends are just taken off, unless something in them may have to be unescaped */
    const int quote = rules->quote;
    const bool usual = !parse->odd && !parse->check_utf8 && rules->null_count == 0;
    string_ref *values = parse->values;
    csv_heap heap = *parse->heap; /* a copy that the compiler can keep in registers */
    bool no_memory = false;

    for (; row < count; row++, slots += parse->stride) {
        string_view field = field_at(parse, slots);
        const char *text = field.data;
        size_t size = field.size;
        if (LIKELY(usual && size - 1 < LIMIT_CSV_FIELD_SIZE)) {
            if ((unsigned char)*text != quote) {
            } else if (!parse->escapes && size > 2) {
                text++;
                size -= 2;
            } else {
                goto slow;
            }
            if (LIKELY(size <= COPIED && heap.end - heap.next >= COPIED)) {
                put_usual(&heap, values + row, text, size);
                continue;
            }
            *parse->heap = heap;
            if (UNLIKELY(!put_huge(parse, values + row, text, size))) return SIZE_MAX;
            heap = *parse->heap;
            continue;
        }
    slow:
        *parse->heap = heap;
        if (!slow_cell(parse, row, field, values + row, sizeof *values, &no_memory)) return no_memory ? SIZE_MAX : row;
        heap = *parse->heap;
    }
    *parse->heap = heap;
    return count;
}

static size_t parse_bools(csv_parse *parse, size_t row, size_t count)
{
    const uint32_t *slots = parse->slots + row * parse->stride;
    uint64_t *bits = parse->values;
    bool no_memory = false;

    for (; row < count; row++, slots += parse->stride) {
        uint8_t value = 0;
        if (!slow_cell(parse, row, field_at(parse, slots), &value, 1, &no_memory)) return no_memory ? SIZE_MAX : row;
        bitmap_put(bits, row, value);
    }
    return count;
}

size_t csv_parse_rows(csv_parse *parse, size_t row, size_t count)
{
    const csv_values_kernels *kernels = kernels_of_this_processor();

    switch ((type_id)parse->column->type.id) {
    case TYPE_BOOLEAN: return parse_bools(parse, row, count);
    case TYPE_INT64: return parse_int64(parse, row, count, kernels->int64);
    case TYPE_INT32: return parse_int32(parse, row, count, NULL);
    case TYPE_FLOAT64: return parse_double(parse, row, count, kernels->float64);
    case TYPE_DATE: return parse_date(parse, row, count, parse->column->format.size ? NULL : kernels->date);
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP_TZ: return parse_timestamp(parse, row, count, NULL);
    case TYPE_TIME: return parse_time(parse, row, count, NULL);
    case TYPE_VARCHAR:
    case TYPE_BLOB: return parse_strings(parse, row, count);
    case TYPE_DECIMAL:
        if (type_physical(parse->column->type) == PHYSICAL_INT64) return parse_decimal(parse, row, count, kernels->decimal64);
        return parse_16_bytes(parse, row, count, NULL);
    default: break;
    }
    switch (physical_width(type_physical(parse->column->type))) {
    case 1: return parse_1_byte(parse, row, count, NULL);
    case 2: return parse_2_bytes(parse, row, count, NULL);
    case 4: return parse_4_bytes(parse, row, count, NULL);
    case 8: return parse_8_bytes(parse, row, count, NULL);
    default: return parse_16_bytes(parse, row, count, NULL);
    }
}
