/* Columns of numbers and dates at every processor level against csv_value_parse(), one field at a time: well-formed fields of every length, their near
 * misses, and noise; rows of one and of several columns, LF and CRLF, batches that do not fill a register. */
#include "csv_support.h"

#include "io/csv_internal.h"

#define ROWS 150
#define COLUMNS 3
#define ROUNDS 300

static uint64_t seed = 88172645463325252u;

static BP_WRAPS uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static size_t put_digits(char *out, size_t count)
{
    for (size_t i = 0; i < count; i++) out[i] = (char)('0' + next_random() % 10);
    return count;
}

static size_t put_date(char *out)
{
    static const unsigned years[] = {0, 1, 4, 1582, 1900, 1970, 1999, 2000, 2023, 2024, 2100, 9999};

    return (size_t)snprintf(out, 24, "%04u-%02u-%02u", years[next_random() % ARRAY_LENGTH(years)], (unsigned)(next_random() % 14),
                            (unsigned)(next_random() % 33));
}

/* At most 24 bytes, none of them a delimiter or line end. */
static size_t random_field(char *out)
{
    static const char noise[] = "0123456789.-+eE: /x";
    size_t size = 0;

    switch (next_random() % 8) {
    case 0: return put_date(out);
    case 1: /* a date that is a byte off */
        size = put_date(out);
        out[next_random() % size] = noise[next_random() % (sizeof noise - 1)];
        return size;
    case 2:
        for (size = 0; size < next_random() % 20; size++) out[size] = noise[next_random() % (sizeof noise - 1)];
        return size;
    case 3: return 0;
    default:
        if (next_random() % 3 == 0) out[size++] = '-';
        size += put_digits(out + size, next_random() % 18);
        if (next_random() % 2) {
            out[size++] = '.';
            size += put_digits(out + size, next_random() % 4);
        }
        return size;
    }
}

typedef struct text {
    char block[CSV_PADDING + ROWS * COLUMNS * 27 + CSV_PADDING];
    uint32_t slots[ROWS * COLUMNS + 1];
} text;

static void random_text(text *out, size_t columns, bool returns)
{
    char *begin = out->block + CSV_PADDING, *next = begin;
    uint32_t *slot = out->slots;

    memset(out, 0, sizeof *out);
    *slot++ = (uint32_t)-1;
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t c = 0; c < columns; c++) {
            next += random_field(next);
            if (c + 1 == columns && returns) *next++ = '\r';
            *slot++ = (uint32_t)(next - begin);
            *next++ = c + 1 == columns ? '\n' : ',';
        }
    }
}

static void check_column(const text *text, size_t columns, size_t which, data_type type)
{
    static char values[ROWS * 16], expected[16];
    uint64_t validity[(ROWS + 63) / 64];
    csv_column column = {.name = string_view_of("c"), .type = type, .given = true};
    csv_rules rules = {.quote = '"', .escape = '"', .plain_numbers = true, .null_empty = true};
    csv_heap heap = {0};
    const size_t width = physical_width(type_physical(type));
    csv_parse parse = {.text = text->block + CSV_PADDING,
                       .slots = text->slots + which,
                       .stride = columns,
                       .last = which + 1 == columns,
                       .column = &column,
                       .rules = &rules,
                       .heap = &heap,
                       .values = values,
                       .validity = validity};
    size_t count = ROWS - next_random() % 10, row = next_random() % 10, stopped;

    memset(validity, 0xff, sizeof validity);
    while (row < count) {
        stopped = csv_parse_rows(&parse, row, count);
        assert_in_range(stopped, row, count);
        for (; row < stopped; row++) {
            string_view field = csv_parse_field(&parse, row);
            memset(expected, 0, sizeof expected);
            if (field.size && !csv_value_parse(&column, &rules, field, expected))
                fail_msg("'%.*s' was taken as %s", STRING_ARGUMENTS(field), type.id == TYPE_DATE ? "a date" : "a number");
            if (memcmp(values + row * width, expected, width))
                fail_msg("'%.*s' has another value, type %d", STRING_ARGUMENTS(field), (int)type.id);
            assert_int_equal(validity[row / 64] >> row % 64 & 1, field.size != 0);
        }
        if (stopped == count) return;
        if (csv_value_parse(&column, &rules, csv_parse_field(&parse, stopped), expected))
            fail_msg("'%.*s' was refused", STRING_ARGUMENTS(csv_parse_field(&parse, stopped)));
        row = stopped + 1;
    }
}

static void test_every_level_gives_the_value(void **state)
{
    const data_type types[] = {type_of(TYPE_INT64), type_of(TYPE_INT32), type_of(TYPE_FLOAT64), type_of(TYPE_DATE),
                               type_decimal(15, 2), type_decimal(4, 1),  type_decimal(18, 0),   type_decimal(18, 9)};
    text *text = malloc(sizeof *text);

    (void)state;
    assert_non_null(text);
    for (cpu_kind level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        if (cpu_force_level(level) != level) continue;
        for (size_t round = 0; round < ROUNDS; round++) {
            size_t columns = 1 + round % COLUMNS;
            random_text(text, columns, round % 2);
            for (size_t t = 0; t < ARRAY_LENGTH(types); t++) check_column(text, columns, next_random() % columns, types[t]);
        }
    }
    cpu_force_level(CPU_AVX512);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_level_gives_the_value)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
