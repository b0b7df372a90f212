/* The kernels of csv_values.h over lanes of 64 bits, a field each: the file of a level defines `lanes`, LANES and the operations (lanes_*,
 * masks as `lane_mask`), then includes this.
 *
 * A field of up to 16 bytes is two words, right-aligned: `low`, its last 8 bytes, and `high`, those before, in each the bytes that are not the
 * field's being zero and a digit XOR '0' its value. Bytes before and behind the text can be read (CSV_PADDING). */
#include "base/number.h"
#include "io/csv_values.h"

#define REPEAT(byte) lanes_set(UINT64_C(0x0101010101010101) * (byte))
#define DIGIT(c) ((uint64_t)((c) ^ '0'))

typedef struct fields {
    lanes begin, end, size; /* places in the text; size may be nonsense: more than 2^31 */
} fields;

static ALWAYS_INLINE fields find_fields(const csv_parse *parse, size_t row)
{
    const uint32_t *slots = parse->slots + row * parse->stride;
    const lanes ones = lanes_set(1);
    fields out;

    out.begin = lanes_and(lanes_add(lanes_gather_slots(slots, parse->stride), ones), lanes_set(UINT32_MAX));
    out.end = lanes_gather_slots(slots + 1, parse->stride);
    if (parse->last) {
        lanes last = lanes_shift_right(lanes_load_text(parse->text, lanes_sub(out.end, lanes_set(8))), 56);
        out.end = lanes_select(lanes_equal(last, lanes_set('\r')), lanes_sub(out.end, ones), out.end);
    } else {
        out.end = lanes_sub(out.end, lanes_set(parse->trail));
    }
    out.size = lanes_sub(out.end, out.begin);
    return out;
}

static ALWAYS_INLINE lane_mask all_digits(lanes digits)
{
    return lanes_none_of(lanes_or(digits, lanes_add_bytes(digits, REPEAT(0x76))), REPEAT(0x80));
}

/* Eight digits a lane, the first in the lowest byte. */
static ALWAYS_INLINE lanes join_digits(lanes digits)
{
    lanes fours = lanes_multiply_add_pairs(lanes_multiply_add_bytes(digits, lanes_set(UINT64_C(0x010a010a010a010a))),
                                           lanes_set(UINT64_C(0x0001006400010064)));

    return lanes_add(lanes_multiply_low(fours, lanes_set(10000)), lanes_shift_right(fours, 32));
}

/* A minus as the field's first byte becomes a 0. The first byte is `shift` bits up. */
static ALWAYS_INLINE lane_mask take_sign(lanes *word, lanes shift)
{
    lanes first = lanes_shift_left_by(lanes_set(0xff), shift);
    lane_mask negative = lanes_equal(lanes_and(*word, first), lanes_shift_left_by(lanes_set(DIGIT('-')), shift));

    *word = lanes_select(negative, lanes_and_not(first, *word), *word);
    return negative;
}

typedef struct words {
    lanes low, high;
    lane_mask negative, usual; /* usual: of 1 to 16 bytes */
    bool wide; /* some lane has something in `high` */
} words;

static ALWAYS_INLINE words load_words(const csv_parse *parse, const fields *fields)
{
    const lanes zeros = REPEAT('0'), eight = lanes_set(8);
    lane_mask wide = lanes_greater(fields->size, eight);
    lanes shift = lanes_shift_left(lanes_sub(eight, lanes_select(wide, eight, fields->size)), 3);
    words out = {.high = lanes_set(0)};

    out.usual = lanes_mask_and(lanes_greater(fields->size, lanes_set(0)), lanes_greater(lanes_set(17), fields->size));
    out.low = lanes_xor(lanes_load_text(parse->text, lanes_sub(fields->end, eight)), zeros);
    out.low = lanes_and(out.low, lanes_shift_left_by(lanes_set(~UINT64_C(0)), shift));
    out.negative = take_sign(&out.low, shift); /* in a wide field this byte is not the first, and then it is no digit */
    out.wide = lanes_any(lanes_mask_and(wide, out.usual));
    if (!out.wide) return out;
    out.negative = lanes_mask_and_not(wide, out.negative);
    out.low = lanes_select(wide, lanes_xor(lanes_load_text(parse->text, lanes_sub(fields->end, eight)), zeros), out.low);
    shift = lanes_shift_left(lanes_sub(lanes_set(16), fields->size),
                             3); /* 64 and more leave nothing, which is right for short fields */
    out.high = lanes_shift_left_by(lanes_xor(lanes_load_text(parse->text, fields->begin), zeros), shift);
    out.negative = lanes_mask_or(out.negative, lanes_mask_and(wide, take_sign(&out.high, shift)));
    return out;
}

/* Whether there is a digit beside the sign and, where there is one, the point. */
static ALWAYS_INLINE lane_mask has_digit(const fields *fields, lane_mask negative, lane_mask point)
{
    const lanes one = lanes_set(1);
    lanes others = lanes_add(lanes_select(negative, one, lanes_set(0)), lanes_select(point, one, lanes_set(0)));

    return lanes_greater(fields->size, others);
}

static ALWAYS_INLINE lanes negate_where(lane_mask negative, lanes value)
{
    return lanes_select(negative, lanes_sub(lanes_set(0), value), value);
}

static ALWAYS_INLINE BP_WRAPS uint64_t missed(lane_mask taken, size_t at)
{
    return (uint64_t)(~lanes_bits(taken) & ((1U << LANES) - 1)) << at;
}

/* Rows that do not fill a register are left to the caller. */
#define EACH_REGISTER(at, count) for (size_t at = 0; at + LANES <= (count); at += LANES)
#define REST_MISSED(count) ((count) % LANES ? ((UINT64_C(1) << (count) % LANES) - 1) << ((count) - (count) % LANES) : 0)

static uint64_t parse_int64(const csv_parse *parse, size_t row, size_t count)
{
    int64_t *values = (int64_t *)parse->values + row;
    uint64_t misses = REST_MISSED(count);

    EACH_REGISTER (at, count) {
        fields fields = find_fields(parse, row + at);
        words words = load_words(parse, &fields);
        lane_mask taken = lanes_mask_and(words.usual, all_digits(words.low));
        lanes value = join_digits(words.low);
        if (words.wide) {
            taken = lanes_mask_and(taken, all_digits(words.high));
            value = lanes_add(value, lanes_multiply_low(join_digits(words.high), lanes_set(100000000)));
        }
        taken = lanes_mask_and(taken, lanes_greater(fields.size, lanes_select(words.negative, lanes_set(1), lanes_set(0))));
        lanes_store(values + at, negate_where(words.negative, value));
        misses |= missed(taken, at);
    }
    return misses;
}

/* Digits without the point and how many stand behind it. */
typedef struct decimals {
    lanes value, point; /* the lowest bit set of `point`: 8 times the point's place in the last 8 bytes + 7; zero: none */
    lane_mask negative, taken;
} decimals;

static ALWAYS_INLINE decimals load_decimals(const csv_parse *parse, size_t row)
{
    fields fields = find_fields(parse, row);
    words words = load_words(parse, &fields);
    lanes dots = lanes_xor(words.low, REPEAT(DIGIT('.'))), joined;
    lane_mask has_point;
    decimals out;

    dots = lanes_and(lanes_and_not(dots, lanes_sub_bytes(dots, REPEAT(1))), REPEAT(0x80));
    out.point = lanes_and(dots, lanes_sub(lanes_set(0), dots));
    has_point = lanes_not_zero(out.point);
    /* the bytes below the point move up into its place */
    joined = lanes_and(words.low, lanes_sub(lanes_shift_right(out.point, 7), lanes_set(1)));
    joined =
        lanes_or(lanes_shift_left(joined, 8), lanes_and_not(lanes_sub(lanes_shift_left(out.point, 1), lanes_set(1)), words.low));
    joined = lanes_select(has_point, joined, words.low);
    out.negative = words.negative;
    out.taken = lanes_mask_and(words.usual, all_digits(joined));
    out.taken = lanes_mask_and(out.taken, has_digit(&fields, words.negative, has_point));
    out.value = join_digits(joined);
    if (words.wide) {
        lanes power = lanes_select(has_point, lanes_set(10000000), lanes_set(100000000));
        out.taken = lanes_mask_and(out.taken, all_digits(words.high));
        out.value = lanes_add(out.value, lanes_multiply_low(join_digits(words.high), power));
    }
    return out;
}

static inline unsigned places_of(uint64_t point)
{
    return point ? 7 - (unsigned)__builtin_ctzll(point) / 8 : 0;
}

/* As csv_fast_double(): one division that rounds once. */
static uint64_t parse_float64(const csv_parse *parse, size_t row, size_t count)
{
    static const double powers[8] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    double *values = (double *)parse->values + row;
    uint64_t misses = REST_MISSED(count);

    EACH_REGISTER (at, count) {
        decimals in = load_decimals(parse, row + at);
        lane_mask exact = lanes_greater(lanes_set(UINT64_C(1) << 52), in.value);
        float_lanes value = lanes_to_double(in.value), divisor;
        uint64_t points[LANES];
        lanes_store(points, in.point);
        if (lanes_all_equal(in.point)) {
            divisor = float_lanes_set(powers[places_of(points[0])]);
        } else {
            double divisors[LANES];
            for (unsigned i = 0; i < LANES; i++) divisors[i] = powers[places_of(points[i])];
            divisor = float_lanes_load(divisors);
        }
        value = float_lanes_negate_where(in.negative, float_lanes_divide(value, divisor));
        float_lanes_store(values + at, value);
        misses |= missed(lanes_mask_and(in.taken, exact), at);
    }
    return misses;
}

static uint64_t parse_decimal64(const csv_parse *parse, size_t row, size_t count)
{
    int64_t *values = (int64_t *)parse->values + row;
    const unsigned scale = (unsigned)parse->column->type.scale, precision = parse->column->type.precision;
    const lanes point = lanes_set(scale && scale < 8 ? UINT64_C(0x80) << (8 * (7 - scale)) : 0);
    const lanes limit = lanes_set((uint64_t)number_power10(precision < 16 ? precision : 16));
    uint64_t misses = REST_MISSED(count);

    if (scale > 7) return ~UINT64_C(0) >> (CSV_VALUES_AT_ONCE - count);
    EACH_REGISTER (at, count) {
        decimals in = load_decimals(parse, row + at);
        lane_mask taken = lanes_mask_and(in.taken, lanes_mask_and(lanes_equal(in.point, point), lanes_greater(limit, in.value)));
        lanes_store(values + at, negate_where(in.negative, in.value));
        misses |= missed(taken, at);
    }
    return misses;
}

/* Days since 1970-01-01, years beginning in March: 365 y + y/4 - y/100 + y/400 + (979 m + 15) / 32 + d, m = 0 in March. */
static ALWAYS_INLINE lanes days_from(lanes year, lanes month, lanes day)
{
    lane_mask late = lanes_greater(lanes_set(3), month); /* January and February are of the year before */
    lanes y = lanes_sub(year, lanes_select(late, lanes_set(1), lanes_set(0)));
    lanes m = lanes_add(month, lanes_select(late, lanes_set(9), lanes_set(UINT64_C(0) - 3)));
    lanes hundreds = lanes_shift_right(lanes_multiply_low(y, lanes_set(5243)), 19); /* exact up to 43,698 */
    lanes days = lanes_add(lanes_multiply_low(y, lanes_set(365)), lanes_shift_right(y, 2));

    days = lanes_add(lanes_sub(days, hundreds), lanes_shift_right(hundreds, 2));
    days = lanes_add(days, lanes_shift_right(lanes_add(lanes_multiply_low(m, lanes_set(979)), lanes_set(15)), 5));
    return lanes_sub(lanes_add(days, day), lanes_set(719469));
}

static uint64_t parse_date(const csv_parse *parse, size_t row, size_t count)
{
    int32_t *values = (int32_t *)parse->values + row;
    uint64_t misses = REST_MISSED(count);

    EACH_REGISTER (at, count) {
        fields fields = find_fields(parse, row + at);
        lanes first = lanes_load_text(parse->text, fields.begin); /* YYYY-MM- */
        lanes last = lanes_load_text(parse->text, lanes_sub(fields.end, lanes_set(8))); /* YY-MM-DD */
        lanes dashes = lanes_set(UINT64_C(0xff0000ff00000000)), digits, pairs, year, month, day;
        lane_mask taken = lanes_mask_and(lanes_equal(fields.size, lanes_set(10)),
                                         lanes_equal(lanes_and(first, dashes), lanes_set(UINT64_C(0x2d00002d00000000))));
        lane_mask days_fit;
        /* YYYYMMDD: the year; MM from bytes 3 and 4 of `last`, DD from 6 and 7 */
        digits = lanes_and(first, lanes_set(UINT64_C(0x00000000ffffffff)));
        digits = lanes_or(digits, lanes_and(lanes_shift_left(last, 8), lanes_set(UINT64_C(0x0000ffff00000000))));
        digits = lanes_or(digits, lanes_and(last, lanes_set(UINT64_C(0xffff000000000000))));
        digits = lanes_xor(digits, REPEAT('0'));
        taken = lanes_mask_and(taken, all_digits(digits));
        pairs = lanes_multiply_add_bytes(digits, lanes_set(UINT64_C(0x010a010a010a010a)));
        year = lanes_and(lanes_multiply_add_pairs(pairs, lanes_set(UINT64_C(0x0000000000010064))), lanes_set(0xffff));
        month = lanes_and(lanes_shift_right(pairs, 32), lanes_set(0xff));
        day = lanes_shift_right(pairs, 48);
        taken = lanes_mask_and(taken, lanes_mask_and(lanes_greater(year, lanes_set(0)), lanes_greater(day, lanes_set(0))));
        taken = lanes_mask_and(taken, lanes_mask_and(lanes_greater(month, lanes_set(0)), lanes_greater(lanes_set(13), month)));
        /* 28 days, or 30 and in January, March, May, July, August, October, December one more; not in February */
        days_fit =
            lanes_greater(lanes_add(lanes_set(31), lanes_and(lanes_xor(month, lanes_shift_right(month, 3)), lanes_set(1))), day);
        days_fit = lanes_mask_and_not(lanes_equal(month, lanes_set(2)), days_fit);
        taken = lanes_mask_and(taken, lanes_mask_or(days_fit, lanes_greater(lanes_set(29), day)));
        lanes_store_low_halves(values + at, days_from(year, month, day));
        misses |= missed(taken, at);
    }
    return misses;
}

#undef EACH_REGISTER
#undef REST_MISSED
