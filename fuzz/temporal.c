/* Dates, times, intervals: what is read is printed and read again to the same value; the fast forms agree with the general ones; formats and
 * arithmetic take anything. The first four bytes choose an offset and a part. */
#include <string.h>

#include "base/temporal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For its crashes only. */
#define TRY(call)                                                                                                                  \
    do {                                                                                                                           \
        bool ignored = (call);                                                                                                     \
        (void)ignored;                                                                                                             \
    } while (0)
#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

static void fuzz_dates(string_view text)
{
    char printed[TEMPORAL_TIMESTAMP_SIZE];
    int32_t date = 0, fast = 0, again = 0;
    int64_t micros = 0, fast_micros = 0, back = 0;
    bool zoned, fast_zoned;
    number_result result = temporal_parse_date(text, &date);

    if (result == NUMBER_OK) {
        size_t size = temporal_print_date(printed, date);

        REQUIRE(size <= TEMPORAL_DATE_SIZE);
        REQUIRE(temporal_parse_date((string_view){printed, size}, &again) == NUMBER_OK && again == date);
    }
    if (text.size == 10 && temporal_fast_date(text.data, text.data + 10, &fast)) REQUIRE(result == NUMBER_OK && fast == date);
    result = temporal_parse_timestamp(text, UNIT_MICRO, &micros, &zoned);
    if (result == NUMBER_OK) {
        size_t size = temporal_print_timestamp(printed, micros, UNIT_MICRO);

        REQUIRE(size <= TEMPORAL_TIMESTAMP_SIZE);
        if (micros > -INT64_C(9223372022400000000))
            REQUIRE(temporal_parse_timestamp((string_view){printed, size}, UNIT_MICRO, &back, NULL) == NUMBER_OK && back == micros);
    }
    if (temporal_fast_timestamp(text.data, text.data + text.size, &fast_micros, &fast_zoned))
        REQUIRE(result == NUMBER_OK && fast_micros == micros && fast_zoned == zoned);
    for (int unit = UNIT_SECOND; unit <= UNIT_NANO; unit++) (void)temporal_parse_timestamp(text, (time_unit)unit, &micros, NULL);
}

static void fuzz_times(string_view text)
{
    char printed[TEMPORAL_INTERVAL_SIZE];
    int64_t micros = 0, fast = 0, back = 0;
    interval value, again;
    number_result result = temporal_parse_time(text, &micros);

    if (result == NUMBER_OK) {
        size_t size = temporal_print_time(printed, micros, UNIT_MICRO);

        REQUIRE(temporal_parse_time((string_view){printed, size}, &back) == NUMBER_OK && back == micros);
    }
    if (temporal_fast_time(text.data, text.data + text.size, &fast)) REQUIRE(result == NUMBER_OK && fast == micros);
    if (temporal_parse_interval(text, &value) == NUMBER_OK) {
        size_t size = temporal_print_interval(printed, value);

        REQUIRE(size <= TEMPORAL_INTERVAL_SIZE);
        if (value.micros != INT64_MIN)
            REQUIRE(temporal_parse_interval((string_view){printed, size}, &again) == NUMBER_OK &&
                    interval_compare(value, again) == 0);
        value = interval_normalize(value);
        TRY(interval_multiply(value, micros, &again));
    }
}

/* The text before the first NUL is a format, the rest is read by it. */
static void fuzz_formats(memory *account, string_view text, int32_t days, int32_t offset)
{
    const char *split = text.size ? memchr(text.data, 0, text.size) : NULL;
    string_view format = {text.data, split ? (size_t)(split - text.data) : text.size};
    string_view rest = split ? (string_view){split + 1, text.size - format.size - 1} : text;
    temporal_parts parts;
    size_t bad_at;
    builder out;

    if (temporal_check_format(format, true, NULL) != BP_OK) return;
    builder_init(&out, account, 1 << 20);
    TRY(temporal_format(&out, format, days, INT64_C(86399999999999), offset % 86400, STRING_VIEW("UTC")));
    (void)temporal_parse_format(builder_view(&out), format, &parts, &bad_at);
    if (temporal_parse_format(rest, format, &parts, &bad_at) == NUMBER_BAD) REQUIRE(bad_at <= rest.size);
    builder_clear(&out);
}

static void fuzz_arithmetic(date_part part, int64_t left, int64_t right)
{
    int32_t days;
    int64_t of_day, out;
    interval value;

    if (!timestamp_is_finite(left)) return;
    (void)date_part_of_timestamp(part, left);
    if (date_trunc_timestamp(part, left, &out))
        REQUIRE(out <= left || part == PART_DECADE || part == PART_CENTURY || part == PART_MILLENNIUM);
    TRY(date_diff_timestamp(part, left, right, &out));
    if (date_sub_timestamp(part, left, right, &out)) REQUIRE(left != right || out == 0);
    timestamp_split(left, &days, &of_day);
    REQUIRE(of_day >= 0 && of_day < MICROS_PER_DAY);
    if (timestamp_make(&out, days, of_day)) REQUIRE(out == left);
    TRY(timestamp_age(left, right, &value));
    value = (interval){(int32_t)right, (int32_t)(right >> 32), right};
    TRY(timestamp_add_interval(left, value, &out));
    TRY(time_bucket_timestamp(value, left, right, &out));
    (void)date_part_of_interval(part, value);
    (void)date_part_double_of_timestamp(part, left);
    TRY(date_trunc_interval(part, value, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory *account;
    string_view text;
    int64_t left = 0, right = 0;
    uint32_t choice;

    if (size < 4 || size > 4096) return 0;
    account = memory_account_new(NULL, SIZE_MAX);
    if (!account) return 0;
    memcpy(&choice, data, 4);
    text = (string_view){(const char *)data + 4, size - 4};
    fuzz_dates(text);
    fuzz_times(text);
    fuzz_formats(account, text, (int32_t)(choice >> 8) - 4000000, (int32_t)choice);
    if (text.size >= 8) memcpy(&left, text.data, 8);
    if (text.size >= 16) memcpy(&right, text.data + 8, 8);
    fuzz_arithmetic((date_part)(choice % DATE_PART_COUNT), left, right);
    memory_release(account);
    return 0;
}
