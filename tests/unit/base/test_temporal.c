/* Dates, times and intervals: a day-by-day walk of the calendar's rules, and texts and values as DuckDB 2.0.0 gives them (where a test says
 * "ours", DuckDB has no such form and the value is by hand). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/temporal.h"

#define ASSERT_PRINTS(expected, call)                                                                                              \
    do {                                                                                                                           \
        char text[TEMPORAL_INTERVAL_SIZE + 1];                                                                                     \
        size_t size = (call);                                                                                                      \
                                                                                                                                   \
        assert_in_range(size, 1, TEMPORAL_INTERVAL_SIZE);                                                                          \
        text[size] = 0;                                                                                                            \
        assert_string_equal(text, expected);                                                                                       \
    } while (0)

static int64_t stamp(const char *source)
{
    int64_t value = 0;

    assert_int_equal(temporal_parse_timestamp(string_view_of(source), UNIT_MICRO, &value, NULL), NUMBER_OK);
    return value;
}

/* The rules as a calendar on the wall tells them: a day after another, from 1 January of -801 to the end of 2801. */
static void test_walk(void **state)
{
    static const unsigned lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = civil_to_days(-801, 1, 1), of_year = 0;
    int year = -801;
    unsigned month = 1, of_month = 1, weekday = (unsigned)date_part_of_date(PART_ISO_DAY_OF_WEEK, (int32_t)day);

    assert_int_equal(civil_to_days(1970, 1, 1), 0);
    assert_int_equal(civil_to_days(2000, 3, 1), 11017);
    for (; year <= 2801; day++, weekday = weekday % 7 + 1) {
        civil_date date = civil_from_days((int32_t)day);
        unsigned leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        if (date.year != year || date.month != month || date.day != of_month) fail();
        if (civil_to_days(year, month, of_month) != day) fail();
        if (date_part_of_date(PART_DAY_OF_YEAR, (int32_t)day) != ++of_year) fail();
        if (date_part_of_date(PART_ISO_DAY_OF_WEEK, (int32_t)day) != weekday) fail();
        if (++of_month <= lengths[month - 1] + (leap && month == 2)) continue;
        of_month = 1;
        if (++month <= 12) continue;
        month = 1;
        of_year = 0;
        year++;
    }
}

/* Every day number reads back; a step over the whole range. */
static void test_whole_range(void **state)
{
    for (int64_t day = INT32_MIN; day <= INT32_MAX; day += 9973) {
        civil_date date = civil_from_days((int32_t)day);
        char text[TEMPORAL_DATE_SIZE];
        int32_t back = 0;

        assert_true(civil_to_days(date.year, date.month, date.day) == day);
        if (day <= DATE_MINUS_INFINITY || day >= DATE_INFINITY) continue;
        size_t size = temporal_print_date(text, (int32_t)day);
        assert_int_equal(temporal_parse_date((string_view){text, size}, &back), NUMBER_OK);
        assert_int_equal(back, day);
    }
}

static void check_date(const char *source, number_result wanted, const char *printed)
{
    int32_t date = 12345;

    assert_int_equal(temporal_parse_date(string_view_of(source), &date), wanted);
    if (wanted == NUMBER_OK) ASSERT_PRINTS(printed, temporal_print_date(text, date));
}

static void test_dates(void **state)
{
    check_date("2021-3-4", NUMBER_OK, "2021-03-04");
    check_date("2021/03/04", NUMBER_OK, "2021-03-04");
    check_date("2021 03 04", NUMBER_OK, "2021-03-04");
    check_date("2021\\01\\02", NUMBER_OK, "2021-01-02");
    check_date(" 2021-01-01 ", NUMBER_OK, "2021-01-01");
    check_date("21-01-01", NUMBER_OK, "0021-01-01");
    check_date("99999-01-01", NUMBER_OK, "99999-01-01");
    check_date("0044-03-15 (BC)", NUMBER_OK, "0044-03-15 (BC)");
    check_date("-44-03-15", NUMBER_OK, "0045-03-15 (BC)");
    check_date("0000-01-01", NUMBER_OK, "0001-01-01 (BC)");
    check_date("5877642-06-25 (BC)", NUMBER_OK, "5877642-06-25 (BC)");
    check_date("5877642-06-24 (BC)", NUMBER_OVERFLOW, NULL);
    check_date("5881580-07-10", NUMBER_OK, "5881580-07-10");
    check_date("5881580-07-11", NUMBER_OVERFLOW, NULL);
    check_date("infinity", NUMBER_OK, "infinity");
    check_date("-inf", NUMBER_OK, "-infinity");
    check_date("epoch", NUMBER_OK, "1970-01-01");
    check_date("2021-01-01 04:05:06", NUMBER_OK, "2021-01-01");
    check_date("2020-02-29", NUMBER_OK, "2020-02-29");
    check_date("1900-02-29", NUMBER_OVERFLOW, NULL);
    check_date("2021-02-30", NUMBER_OVERFLOW, NULL);
    check_date("2021-13-01", NUMBER_OVERFLOW, NULL);
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "20210101",
                                      "2021-01",
                                      "+2021-01-01",
                                      "2021-01/02",
                                      "2021-01-01x",
                                      "2021-001-01",
                                      "2021-01-011",
                                      "2021--01-01",
                                      "infinit",
                                      "2021-01-01 x",
                                      "a-b-c"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) check_date(bad[i], NUMBER_BAD, NULL);
}

static void check_time(const char *source, number_result wanted, const char *printed)
{
    int64_t micros = 0;

    assert_int_equal(temporal_parse_time(string_view_of(source), &micros), wanted);
    if (wanted == NUMBER_OK) ASSERT_PRINTS(printed, temporal_print_time(text, micros, UNIT_MICRO));
}

static void test_times(void **state)
{
    int64_t nanos;

    check_time("04:05", NUMBER_OK, "04:05:00");
    check_time("4:5:6", NUMBER_OK, "04:05:06");
    check_time("04:05:06.1234567", NUMBER_OK, "04:05:06.123456");
    check_time("24:00:00", NUMBER_OK, "24:00:00");
    check_time("24:00:01", NUMBER_OVERFLOW, NULL);
    check_time("24:00:00.000001", NUMBER_OVERFLOW, NULL);
    check_time("25:00:00", NUMBER_OVERFLOW, NULL);
    check_time("04:60:00", NUMBER_OVERFLOW, NULL);
    check_time("04:05:60", NUMBER_OVERFLOW, NULL);
    check_time("04:05:06.", NUMBER_OK, "04:05:06");
    check_time("04:05:06+02", NUMBER_OK, "04:05:06");
    check_time(" 004:05:06Z ", NUMBER_OK, "04:05:06");
    check_time("4:05:6.5", NUMBER_OK, "04:05:06.5");
    static const char *const bad[] = {"",    "4",      "040506",     "12:00:00 PM", "-04:05",
                                      "04:", "04:05:", "04:05:06+2", "04:005",      "04:05:06.5x"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) check_time(bad[i], NUMBER_BAD, NULL);
    assert_int_equal(temporal_parse_time_nanos(STRING_VIEW("04:05:06.123456789"), &nanos), NUMBER_OK);
    ASSERT_PRINTS("04:05:06.123456789", temporal_print_time(text, nanos, UNIT_NANO));
}

static void check_timestamp(const char *source, time_unit unit, number_result wanted, const char *printed)
{
    int64_t value = 0;

    assert_int_equal(temporal_parse_timestamp(string_view_of(source), unit, &value, NULL), wanted);
    if (wanted == NUMBER_OK) ASSERT_PRINTS(printed, temporal_print_timestamp(text, value, unit));
}

static void test_timestamps(void **state)
{
    check_timestamp("2021-01-01T04:05:06", UNIT_MICRO, NUMBER_OK, "2021-01-01 04:05:06");
    check_timestamp("2021-01-01", UNIT_MICRO, NUMBER_OK, "2021-01-01 00:00:00");
    check_timestamp("2021-01-01 04:05", UNIT_MICRO, NUMBER_OK, "2021-01-01 04:05:00");
    check_timestamp("2021-01-01  04:05:06.123456789", UNIT_MICRO, NUMBER_OK, "2021-01-01 04:05:06.123456");
    check_timestamp("2021-01-01 04:05:06.123456789", UNIT_NANO, NUMBER_OK, "2021-01-01 04:05:06.123456789");
    check_timestamp("2021-01-01 04:05:06.120", UNIT_MILLI, NUMBER_OK, "2021-01-01 04:05:06.12");
    check_timestamp("2021-01-01 04:05:06.9", UNIT_SECOND, NUMBER_OK, "2021-01-01 04:05:06");
    check_timestamp("2021-01-01 04:05:06+02", UNIT_MICRO, NUMBER_OK, "2021-01-01 04:05:06");
    check_timestamp("2021-01-01 04:05:06 Europe/Berlin", UNIT_MICRO, NUMBER_OK, "2021-01-01 04:05:06");
    check_timestamp("2021-01-01 24:00:00", UNIT_MICRO, NUMBER_OK, "2021-01-02 00:00:00");
    check_timestamp("1969-12-31 23:59:59.9", UNIT_MICRO, NUMBER_OK, "1969-12-31 23:59:59.9");
    check_timestamp("0044-03-15 (BC) 10:00:00", UNIT_MICRO, NUMBER_OK, "0044-03-15 (BC) 10:00:00");
    check_timestamp("290309-12-22 (BC) 00:00:00", UNIT_MICRO, NUMBER_OK, "290309-12-22 (BC) 00:00:00");
    check_timestamp("294247-01-10 04:00:54.775806", UNIT_MICRO, NUMBER_OK, "294247-01-10 04:00:54.775806");
    check_timestamp("294247-01-10 04:00:54.775807", UNIT_MICRO, NUMBER_OVERFLOW, NULL);
    check_timestamp("294248-01-10", UNIT_MICRO, NUMBER_OVERFLOW, NULL);
    check_timestamp("2263-01-01", UNIT_NANO, NUMBER_OVERFLOW, NULL);
    check_timestamp("-infinity", UNIT_NANO, NUMBER_OK, "-infinity");
    static const char *const bad[] = {"2021-01-01 04",
                                      "2021-01-01T",
                                      "2021-01-01t04:05:06",
                                      "2021-01-01 04:05:06,123",
                                      "2021-01-01 04:05:06utc",
                                      "2021-01-01 04:05:06z",
                                      "2021-01-01+02",
                                      "2021-01-01 04:05:06+1",
                                      "20210101",
                                      ""};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) check_timestamp(bad[i], UNIT_MICRO, NUMBER_BAD, NULL);
}

static void check_zoned(const char *source, const char *printed, bool wanted)
{
    int64_t value = 0;
    bool zoned = !wanted;

    assert_int_equal(temporal_parse_timestamp(string_view_of(source), UNIT_MICRO, &value, &zoned), NUMBER_OK);
    assert_int_equal(zoned, wanted);
    ASSERT_PRINTS(printed, temporal_print_timestamp_tz(text, value, UNIT_MICRO, 0));
}

static void test_zones(void **state)
{
    int64_t value;
    bool zoned;

    check_zoned("2021-01-01 04:05:06Z", "2021-01-01 04:05:06+00", true);
    check_zoned("2021-01-01 04:05:06+02", "2021-01-01 02:05:06+00", true);
    check_zoned("2021-01-01 04:05:06+02:30", "2021-01-01 01:35:06+00", true);
    check_zoned("2021-01-01 04:05:06+0230", "2021-01-01 01:35:06+00", true);
    check_zoned("2021-01-01 04:05:06-02:30:15", "2021-01-01 06:35:21+00", true);
    check_zoned("2021-01-01 04:05:06 UTC", "2021-01-01 04:05:06+00", true);
    check_zoned("2021-01-01 04:05+02", "2021-01-01 02:05:00+00", true);
    check_zoned("2021-01-01 04:05", "2021-01-01 04:05:00+00", false);
    assert_int_equal(temporal_parse_timestamp(STRING_VIEW("2021-01-01 04:05 Mars/Base"), UNIT_MICRO, &value, &zoned), NUMBER_BAD);
    value = stamp("2021-03-03 23:36:07.5");
    ASSERT_PRINTS("2021-03-04 05:06:07.5+05:30", temporal_print_timestamp_tz(text, value, UNIT_MICRO, 19800));
    ASSERT_PRINTS("2021-03-03 19:06:07.5-04:30", temporal_print_timestamp_tz(text, value, UNIT_MICRO, -16200));
    ASSERT_PRINTS("2021-03-04 05:29:35.5+05:53:28", temporal_print_timestamp_tz(text, value, UNIT_MICRO, 21208));
    ASSERT_PRINTS("infinity", temporal_print_timestamp_tz(text, TIMESTAMP_INFINITY, UNIT_MICRO, 19800));
}

/* The largest texts fit their buffers. */
static void test_sizes(void **state)
{
    static const int64_t values[] = {INT64_MIN, INT64_MIN + 2, INT64_MAX - 1, 0, -1};

    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        for (int unit = UNIT_SECOND; unit <= UNIT_NANO; unit++) {
            char text[TEMPORAL_INTERVAL_SIZE];

            assert_in_range(temporal_print_timestamp_tz(text, values[i], (time_unit)unit, -86399), 1, TEMPORAL_TIMESTAMP_SIZE);
            assert_in_range(temporal_print_duration(text, values[i], (time_unit)unit), 1, TEMPORAL_INTERVAL_SIZE);
            assert_in_range(temporal_print_time(text, values[i], (time_unit)unit), 1, 30);
        }
    }
    ASSERT_PRINTS("-178956970 years -8 months -2147483648 days -2562047788:00:54.775808",
                  temporal_print_interval(text, (interval){INT32_MIN, INT32_MIN, INT64_MIN}));
}

static void check_interval(const char *source, number_result wanted, const char *printed)
{
    interval value = {0, 0, 0};

    assert_int_equal(temporal_parse_interval(string_view_of(source), &value), wanted);
    if (wanted == NUMBER_OK) ASSERT_PRINTS(printed, temporal_print_interval(text, value));
}

static void test_intervals(void **state)
{
    static const char *const pairs[][2] = {{"1 year 2 months", "1 year 2 months"},
                                           {"3 days 04:05:06.7", "3 days 04:05:06.7"},
                                           {"-1 day", "-1 day"},
                                           {"1 day ago", "-1 day"},
                                           {"04:05", "04:05:00"},
                                           {"1.5 days", "1 day 12:00:00"},
                                           {"1.5 years", "1 year 6 months"},
                                           {"1.5 months", "1 month 15 days"},
                                           {"0.5 weeks", "3 days 12:00:00"},
                                           {"1 hour 30 minutes ago", "-01:30:00"},
                                           {"2 decades", "20 years"},
                                           {"1 century", "100 years"},
                                           {"1 millennium", "1000 years"},
                                           {"1 quarter", "3 months"},
                                           {"100 microseconds", "00:00:00.0001"},
                                           {"5 ms", "00:00:00.005"},
                                           {"1.5 seconds", "00:00:01.5"},
                                           {"-04:05:06", "-04:05:06"},
                                           {"1 day -04:05:06", "1 day -04:05:06"},
                                           {"1", "00:00:01"},
                                           {"04", "00:00:04"},
                                           {"-5", "-00:00:05"},
                                           {"1.5", "00:00:01.5"},
                                           {"@ 1 day", "1 day"},
                                           {"1day", "1 day"},
                                           {"1y2mon3d", "1 year 2 months 3 days"},
                                           {"1 day 1 day", "2 days"},
                                           {"250:00:00", "250:00:00"},
                                           {"1.9999999 seconds", "00:00:02"},
                                           {"-1.5 hours", "-01:30:00"},
                                           {"-0.5 days", "-12:00:00"},
                                           {"0.51 months", "15 days 07:12:00"},
                                           {"0.3 years", "4 months"},
                                           {"0.03 years", "00:00:00"},
                                           {"0.123 weeks", "20:39:50.4"},
                                           {"1.2345 decades", "12 years 4 months"},
                                           {"1.05 quarters", "3 months 5 days"},
                                           {"1.0005 milliseconds", "00:00:00.001001"},
                                           {"1.5 microseconds", "00:00:00.000001"},
                                           {"0.1234567 hours", "00:07:24.44412"},
                                           {"2.999 months", "2 months 29 days 23:16:48"},
                                           {"0.0000005 seconds", "00:00:00.000001"},
                                           {"04:05:06.1234567", "04:05:06.123456"},
                                           {"-1.5 months", "-1 month -15 days"},
                                           {"-13 months", "-1 year -1 month"},
                                           /* ours */
                                           {"P1Y2M3DT4H5M6.7S", "1 year 2 months 3 days 04:05:06.7"},
                                           {"P2W", "14 days"},
                                           {"PT36H", "36:00:00"},
                                           {"-P1DT1M", "-1 day -00:01:00"},
                                           {"P-1D", "-1 day"},
                                           {"PT0.5S", "00:00:00.5"},
                                           {"P1M", "1 month"},
                                           {"PT1M", "00:01:00"}};

    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) check_interval(pairs[i][0], NUMBER_OK, pairs[i][1]);
    static const char *const bad[] = {
        "",        "+1 day",     "1 day 2", "1 day, 2 hours", "1 fortnight", "2:65:00", "1e3 days",       "P",     "P1DT",
        "PT",      "P1",         "P1H",     "PT1Y",           "P1D1Y",       "P1DTT1H", "interval 1 day", "1 dow", "infinity",
        "- 1 day", "1_000 days", "ago",     "5 ago"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) check_interval(bad[i], NUMBER_BAD, NULL);
    check_interval("100000000000 years", NUMBER_OVERFLOW, NULL);
    check_interval("99999999999999999999 days", NUMBER_OVERFLOW, NULL);
    check_interval("2562047789:00:00", NUMBER_OVERFLOW, NULL);
}

static bool fast_date(const char *text, int32_t *date)
{
    return temporal_fast_date(text, text + strlen(text), date);
}

/* What the fast forms take, the general parsers read alike; random bytes changed in good texts. */
static void test_fast(void **state)
{
    uint64_t seed = 1;

    for (int i = 0; i < 400000; i++) {
        char text[32];
        int64_t fast = 0, general = 0;
        int32_t fast_date = 0, general_date = 0;
        bool fast_zoned, zoned;
        size_t size;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t value = (int64_t)(seed >> 8) % INT64_C(253402300800000000);
        size = temporal_print_timestamp(text, value - INT64_C(62135596800000000) < 0 && i % 2 ? -value / 5 : value, UNIT_MICRO);
        if (i % 7 == 0) text[size++] = 'Z';
        if (i % 3 == 0) text[(seed >> 20) % size] = (char)("0123456789:-.TZ x"[(seed >> 30) % 17]);
        if (temporal_fast_timestamp(text, text + size, &fast, &fast_zoned)) {
            assert_int_equal(temporal_parse_timestamp((string_view){text, size}, UNIT_MICRO, &general, &zoned), NUMBER_OK);
            assert_true(fast == general && fast_zoned == zoned);
        } else {
            assert_true(i % 3 == 0 || size < 19);
        }
        if (temporal_fast_date(text, text + 10, &fast_date)) {
            assert_int_equal(temporal_parse_date((string_view){text, 10}, &general_date), NUMBER_OK);
            assert_int_equal(fast_date, general_date);
        }
        if (size > 11 && temporal_fast_time(text + 11, text + size, &fast)) {
            assert_int_equal(temporal_parse_time((string_view){text + 11, size - 11}, &general), NUMBER_OK);
            assert_true(fast == general);
        }
    }
    int32_t date;
    assert_false(fast_date("2021-02-29", &date));
    assert_false(fast_date("2021-00-10", &date));
    assert_false(fast_date("2021-01-00", &date));
    assert_true(fast_date("2000-02-29", &date) && date == 11016);
}

static void test_parts(void **state)
{
    static const struct {
        date_part part;
        int64_t values[4]; /* of the four times below */
    } rows[] = {{PART_YEAR, {2021, 2021, -43, 0}},
                {PART_DECADE, {202, 202, -4, 0}},
                {PART_CENTURY, {21, 21, -1, -1}},
                {PART_MILLENNIUM, {3, 3, -1, -1}},
                {PART_QUARTER, {1, 1, 1, 1}},
                {PART_MICROSECOND, {7123456, 0, 0, 0}},
                {PART_MILLISECOND, {7123, 0, 0, 0}},
                {PART_SECOND, {7, 0, 0, 0}},
                {PART_MINUTE, {6, 0, 0, 0}},
                {PART_HOUR, {5, 0, 10, 0}},
                {PART_DAY_OF_WEEK, {4, 0, 5, 6}},
                {PART_ISO_DAY_OF_WEEK, {4, 7, 5, 6}},
                {PART_WEEK, {9, 53, 11, 52}},
                {PART_ISO_YEAR, {2021, 2020, -43, -1}},
                {PART_DAY_OF_YEAR, {63, 3, 74, 1}},
                {PART_YEAR_WEEK, {202109, 202053, -4311, -152}},
                {PART_ERA, {1, 1, 0, 0}},
                {PART_EPOCH, {1614834367, 1609632000, -63517788000, -62167219200}},
                {PART_TIMEZONE, {0, 0, 0, 0}}};
    int64_t times[4] = {stamp("2021-03-04 05:06:07.123456"), stamp("2021-01-03"), stamp("0044-03-15 (BC) 10:00:00"),
                        stamp("0001-01-01 (BC)")};
    interval value = {-27, 40, INT64_C(360306789000)};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        for (int j = 0; j < 4; j++) assert_int_equal(date_part_of_timestamp(rows[i].part, times[j]), rows[i].values[j]);
    }
    assert_true(date_part_double_of_timestamp(PART_JULIAN, times[0]) == 2459278.2125824476);
    assert_true(date_part_double_of_timestamp(PART_EPOCH, times[0]) == 1614834367.123456);
    assert_int_equal(date_part_of_interval(PART_YEAR, value), -2);
    assert_int_equal(date_part_of_interval(PART_MONTH, value), -3);
    assert_int_equal(date_part_of_interval(PART_QUARTER, value), 0);
    assert_int_equal(date_part_of_interval(PART_HOUR, value), 100);
    assert_int_equal(date_part_of_interval(PART_MILLISECOND, value), 6789);
    assert_true(date_part_double_of_interval(PART_EPOCH, value) == -67074893.211);
    date_part part;
    assert_true(date_part_parse(STRING_VIEW("Yrs"), &part) && part == PART_YEAR);
    assert_true(date_part_parse(STRING_VIEW("mins"), &part) && part == PART_MINUTE);
    assert_false(date_part_parse(STRING_VIEW(""), &part) || date_part_parse(STRING_VIEW("fortnight"), &part));
    assert_true(string_equal(date_part_name(PART_DAY_OF_WEEK), STRING_VIEW("dow")));
}

static void check_trunc(date_part part, const char *source, const char *wanted)
{
    int64_t out = 0;

    assert_true(date_trunc_timestamp(part, stamp(source), &out));
    ASSERT_PRINTS(wanted, temporal_print_timestamp(text, out, UNIT_MICRO));
}

static void test_trunc(void **state)
{
    interval value = {-27, -40, -INT64_C(360306789000)}, out;
    int64_t ignored;

    check_trunc(PART_WEEK, "2021-03-04 05:06:07.123456", "2021-03-01 00:00:00");
    check_trunc(PART_ISO_YEAR, "2021-01-03", "2019-12-30 00:00:00");
    check_trunc(PART_ISO_YEAR, "0044-03-15 (BC) 10:00:00", "0045-12-31 (BC) 00:00:00");
    check_trunc(PART_DECADE, "0044-03-15 (BC) 10:00:00", "0041-01-01 (BC) 00:00:00");
    check_trunc(PART_CENTURY, "2021-03-04", "2000-01-01 00:00:00");
    check_trunc(PART_MILLENNIUM, "1969-12-31 23:59:59.5", "1000-01-01 00:00:00");
    check_trunc(PART_QUARTER, "1969-12-31 23:59:59.5", "1969-10-01 00:00:00");
    check_trunc(PART_SECOND, "1969-12-31 23:59:59.5", "1969-12-31 23:59:59");
    check_trunc(PART_MILLISECOND, "0101-05-05 (BC) 23:59:59.999999", "0101-05-05 (BC) 23:59:59.999");
    check_trunc(PART_YEAR, "infinity", "infinity");
    assert_false(date_trunc_timestamp(PART_ERA, 0, &ignored));
    assert_true(date_trunc_interval(PART_WEEK, value, &out));
    ASSERT_PRINTS("-2 years -3 months -35 days", temporal_print_interval(text, out));
    assert_true(date_trunc_interval(PART_MINUTE, value, &out));
    ASSERT_PRINTS("-2 years -3 months -40 days -100:05:00", temporal_print_interval(text, out));
    assert_true(date_trunc_interval(PART_DECADE, value, &out));
    ASSERT_PRINTS("00:00:00", temporal_print_interval(text, out));
    assert_false(date_trunc_interval(PART_ERA, value, &out));
}

static void check_counts(date_part part, const char *left, const char *right, int64_t diff, int64_t sub)
{
    int64_t out = 0;

    assert_true(date_diff_timestamp(part, stamp(left), stamp(right), &out));
    assert_int_equal(out, diff);
    assert_true(date_sub_timestamp(part, stamp(left), stamp(right), &out));
    assert_int_equal(out, sub);
    assert_true(date_sub_timestamp(part, stamp(right), stamp(left), &out));
    assert_int_equal(out, -sub);
}

static void test_counts(void **state)
{
    static const char *const end = "2021-12-31 12:00:00", *const caesar = "0044-03-15 (BC) 10:00:00",
                             *const eve = "1969-12-31 23:59:59.5";

    check_counts(PART_MONTH, "2021-03-04 05:06:07.123456", end, 9, 9);
    check_counts(PART_MILLISECOND, "2021-03-04 05:06:07.123456", end, 26117632877, 26117632876);
    check_counts(PART_HOUR, "2021-03-04 05:06:07.123456", end, 7255, 7254);
    check_counts(PART_WEEK, "2021-01-03", end, 51, 51);
    check_counts(PART_ISO_YEAR, "2021-01-03", end, 1, 0);
    check_counts(PART_QUARTER, caesar, end, 8258, 8259);
    check_counts(PART_DECADE, caesar, end, 206, 206);
    check_counts(PART_CENTURY, caesar, end, 20, 20);
    check_counts(PART_DAY, eve, end, 18993, 18992);
    check_counts(PART_YEAR, eve, end, 52, 51);
    check_counts(PART_MILLENNIUM, eve, end, 1, 0);
    check_counts(PART_SECOND, eve, end, 1640952001, 1640952000);
    check_counts(PART_MONTH, "2021-01-31", "2021-02-28", 1, 1);
    int64_t out;
    assert_false(date_diff_timestamp(PART_ERA, 0, 1, &out) || date_sub_timestamp(PART_DAY, TIMESTAMP_INFINITY, 1, &out));
    assert_false(date_diff_timestamp(PART_NANOSECOND, INT64_MIN + 2, INT64_MAX - 1, &out));
}

static void test_arithmetic(void **state)
{
    int32_t date;
    int64_t out;
    interval value;

    assert_true(date_add_months((int32_t)civil_to_days(2020, 1, 31), 1, &date) && date == civil_to_days(2020, 2, 29));
    assert_true(date_add_months((int32_t)civil_to_days(2021, 1, 31), -11, &date) && date == civil_to_days(2020, 2, 29));
    assert_true(date_add_months((int32_t)civil_to_days(2021, 1, 31), 25, &date) && date == civil_to_days(2023, 2, 28));
    assert_false(date_add_months(0, INT64_MAX, &date) || date_add_months(0, 12 * 6000000, &date));
    assert_true(timestamp_add_interval(stamp("2021-01-31"), (interval){1, -1, 0}, &out) && out == stamp("2021-02-27"));
    assert_false(timestamp_add_interval(stamp("294247-01-10 04:00:54.775806"), (interval){0, 0, 1}, &out));
    assert_false(timestamp_add_interval(0, (interval){0, INT32_MAX, 0}, &out));
    assert_true(timestamp_add_interval(TIMESTAMP_INFINITY, (interval){1, 1, 1}, &out) && out == TIMESTAMP_INFINITY);
    assert_true(timestamp_age(stamp("2021-03-31"), stamp("2021-02-28 12:00:00"), &value));
    ASSERT_PRINTS("1 month 2 days 12:00:00", temporal_print_interval(text, value));
    assert_true(timestamp_age(stamp("2020-02-28 12:00:00"), stamp("2021-03-31"), &value));
    ASSERT_PRINTS("-1 year -1 month -2 days -12:00:00", temporal_print_interval(text, value));
    assert_true(timestamp_subtract(stamp("2021-02-28 12:00:00"), stamp("2021-03-31 01:00:00"), &value));
    ASSERT_PRINTS("-30 days -13:00:00", temporal_print_interval(text, value));
    assert_int_equal(interval_compare((interval){1, 0, 0}, (interval){0, 30, 0}), 0);
    assert_int_equal(interval_compare((interval){1, 0, 0}, (interval){0, 29, MICROS_PER_DAY - 1}), 1);
    assert_int_equal(interval_compare((interval){0, 0, INT64_MIN}, (interval){INT32_MIN, 0, 0}), 1);
    assert_false(interval_negate((interval){INT32_MIN, 0, 0}, &value) ||
                 interval_add((interval){0, INT32_MAX, 0}, (interval){0, 1, 0}, &value));
    assert_false(interval_multiply((interval){0, 0, INT64_MAX / 2}, 3, &value));
    assert_true(time_bucket_timestamp((interval){0, 14, 0}, stamp("2021-03-31 01:00:00"), stamp("2000-01-03"), &out) &&
                out == stamp("2021-03-29"));
    assert_true(time_bucket_timestamp((interval){5, 0, 0}, stamp("2021-03-31 01:00:00"), stamp("2000-01-01"), &out) &&
                out == stamp("2020-11-01"));
    assert_true(
        time_bucket_timestamp((interval){0, 3, INT64_C(18000000000)}, stamp("1969-03-31 01:00:00"), stamp("2000-01-03"), &out));
    assert_true(out == stamp("1969-03-30 10:00:00"));
    assert_false(time_bucket_timestamp((interval){1, 1, 0}, 0, 0, &out) || time_bucket_timestamp((interval){0, 0, 0}, 0, 0, &out));
}

/* Equal lengths, one normal form; the form has the same length. */
static void test_normalize(void **state)
{
    static const interval equal[][2] = {
        {{1, 0, 0}, {0, 30, 0}}, {{0, 1, 0}, {0, 0, 86400000000}}, {{-1, 31, 0}, {0, 0, 86400000000}}, {{1, -31, 1}, {0, -1, 1}}};

    for (size_t i = 0; i < ARRAY_LENGTH(equal); i++) {
        interval left = interval_normalize(equal[i][0]), right = interval_normalize(equal[i][1]);

        assert_memory_equal(&left, &right, sizeof left);
        assert_int_equal(interval_compare(left, equal[i][0]), 0);
    }
}

static void check_format(int32_t days, int64_t nanos, const char *format, const char *wanted)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    builder out;

    builder_init(&out, account, 1000);
    assert_int_equal(temporal_check_format(string_view_of(format), false, NULL), BP_OK);
    assert_true(temporal_format(&out, string_view_of(format), days, nanos, 0, (string_view){"", 0}));
    assert_int_equal(out.size, strlen(wanted));
    assert_memory_equal(out.data, wanted, out.size);
    builder_clear(&out);
    memory_release(account);
}

static void test_format(void **state)
{
    int32_t day = (int32_t)civil_to_days(2021, 3, 4);
    bp_error err;

    check_format(day, INT64_C(18367123456000), "%a %A %w %u %d %-d %b %h %B %m %-m %y %-y %Y",
                 "Thu Thursday 4 4 04 4 Mar Mar March 03 3 21 21 2021");
    check_format(day, INT64_C(18367123456000), "%H %-H %I %-I %p %M %-M %S %-S %f %g %n %z [%Z]",
                 "05 5 05 5 AM 06 6 07 7 123456 123 123456000 +00 []");
    check_format(day, INT64_C(18367123456000), "%j %-j %U %W %c|%x|%X %G %V %%",
                 "063 63 09 09 2021-03-04 05:06:07|2021-03-04|05:06:07 2021 09 %");
    check_format((int32_t)civil_to_days(2021, 1, 3), 0, "%U %W %G %V %u %I", "01 00 2020 53 7 12");
    check_format((int32_t)civil_to_days(-43, 3, 15), 0, "%Y %y %c", "-43 43 -43-03-15 00:00:00");
    check_format((int32_t)civil_to_days(5, 1, 2), 0, "%Y %y %-y %G %V", "0005 05 5 0004 53");
    check_format(DATE_INFINITY, 0, "%Y", "infinity");
    assert_int_equal(temporal_check_format(STRING_VIEW("%Y %q"), false, &err), BP_BAD_ARGUMENT);
    assert_int_equal(err.position, 3);
    assert_int_equal(temporal_check_format(STRING_VIEW("%-a"), false, NULL), BP_BAD_ARGUMENT);
    assert_int_equal(temporal_check_format(STRING_VIEW("ab%"), true, &err), BP_BAD_ARGUMENT);
    assert_int_equal(err.position, 2);
}

static void check_parse_format(const char *source, const char *format, const char *wanted)
{
    temporal_parts parts;
    int64_t value;
    size_t bad_at = 0;
    number_result result = temporal_parse_format(string_view_of(source), string_view_of(format), &parts, &bad_at);

    if (!wanted) {
        assert_int_not_equal(result, NUMBER_OK);
        return;
    }
    assert_int_equal(result, NUMBER_OK);
    assert_true(timestamp_make(&value, parts.days, parts.nanos_of_day / 1000));
    if (timestamp_is_finite(value)) value -= parts.offset_seconds * MICROS_PER_SECOND;
    ASSERT_PRINTS(wanted, temporal_print_timestamp(text, value, UNIT_MICRO));
}

static void test_parse_format(void **state)
{
    static const char *const rows[][3] = {{"2021-03-04", "%Y-%m-%d", "2021-03-04 00:00:00"},
                                          {"4/3/21 5:06 PM", "%-d/%-m/%y %-I:%M %p", "2021-03-04 17:06:00"},
                                          {"Mar 4, 2021", "%b %d, %Y", "2021-03-04 00:00:00"},
                                          {"Thursday March 4 2021", "%A %B %d %Y", "2021-03-04 00:00:00"},
                                          {"2021-063", "%Y-%j", "2021-03-04 00:00:00"},
                                          {"20210304", "%Y%m%d", "2021-03-04 00:00:00"},
                                          {"2021-03-04 05:06:07.5", "%Y-%m-%d %H:%M:%S.%f", "2021-03-04 05:06:07.5"},
                                          {"2021-03-04 05:06:07 +0230", "%Y-%m-%d %H:%M:%S %z", "2021-03-04 02:36:07"},
                                          {"2021-03-04 05:06:07+02", "%Y-%m-%d %H:%M:%S%z", "2021-03-04 03:06:07"},
                                          {"69", "%y", "1969-01-01 00:00:00"},
                                          {"68", "%y", "2068-01-01 00:00:00"},
                                          {"2021-W09-4", "%G-W%V-%u", "2021-03-04 00:00:00"},
                                          {"05", "%m", "1900-05-01 00:00:00"},
                                          {"12:30", "%H:%M", "1900-01-01 12:30:00"},
                                          {" 2021 ", "%Y", "2021-01-01 00:00:00"},
                                          {"2021  03", "%Y %m", "2021-03-01 00:00:00"},
                                          {"44-03-15", "%Y-%m-%d", "0044-03-15 00:00:00"},
                                          {"123", "%g", "1900-01-01 00:00:00.123"},
                                          {"%2021", "%%%Y", "2021-01-01 00:00:00"},
                                          {"2021 10 3", "%Y %U %w", "2021-03-10 00:00:00"},
                                          {"MAR 2021", "%b %Y", "2021-03-01 00:00:00"},
                                          {"2021-03-04 05:06:07", "%c", "2021-03-04 05:06:07"},
                                          {"05:06:07", "%X", "1900-01-01 05:06:07"},
                                          {"12 AM", "%I %p", "1900-01-01 00:00:00"},
                                          {"12 PM", "%I %p", "1900-01-01 12:00:00"},
                                          {"infinity", "%Y", "infinity"},
                                          {"2021 UTC", "%Y %Z", "2021-01-01 00:00:00"},
                                          {"13 PM", "%I %p", NULL},
                                          {"-0044-03-15", "%Y-%m-%d", NULL},
                                          {"12345", "%Y", NULL},
                                          {"2021-02-30", "%Y-%m-%d", NULL},
                                          {"2021-13-01", "%Y-%m-%d", NULL},
                                          {"2021-03-04x", "%Y-%m-%d", NULL},
                                          {"24:00", "%H:%M", NULL},
                                          {"2021-366", "%Y-%j", NULL},
                                          {"2021-W53-1", "%G-W%V-%u", NULL}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) check_parse_format(rows[i][0], rows[i][1], rows[i][2]);
    temporal_parts parts;
    size_t bad_at;
    assert_int_equal(temporal_parse_format(STRING_VIEW("2021-xx"), STRING_VIEW("%Y-%m"), &parts, &bad_at), NUMBER_BAD);
    assert_int_equal(bad_at, 5);
    assert_int_equal(temporal_parse_format(STRING_VIEW("1 Europe/Berlin"), STRING_VIEW("%d %Z"), &parts, NULL), NUMBER_OK);
    assert_true(string_equal(parts.zone_name, STRING_VIEW("Europe/Berlin")));
}

static void test_units(void **state)
{
    int64_t out;

    assert_true(timestamp_convert(-1, UNIT_MILLI, UNIT_SECOND, &out) && out == -1);
    assert_true(timestamp_convert(1, UNIT_SECOND, UNIT_NANO, &out) && out == 1000000000);
    assert_false(timestamp_convert(INT64_MAX / 1000, UNIT_MICRO, UNIT_NANO, &out) &&
                 timestamp_convert(INT64_MAX / 999, UNIT_MICRO, UNIT_NANO, &out));
    assert_true(timestamp_convert(TIMESTAMP_MINUS_INFINITY, UNIT_SECOND, UNIT_NANO, &out) && out == TIMESTAMP_MINUS_INFINITY);
    int64_t micros;
    assert_false(time_make(&micros, 24, 0, 0, 1) || time_make(&micros, 23, 60, 0, 0) || time_make(&micros, -1, 0, 0, 0));
    assert_true(time_make(&micros, 24, 0, 0, 0) && micros == MICROS_PER_DAY);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),         cmocka_unit_test(test_whole_range), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_times),        cmocka_unit_test(test_timestamps),  cmocka_unit_test(test_zones),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_intervals),   cmocka_unit_test(test_fast),
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_trunc),       cmocka_unit_test(test_counts),
        cmocka_unit_test(test_arithmetic),   cmocka_unit_test(test_normalize),   cmocka_unit_test(test_format),
        cmocka_unit_test(test_parse_format), cmocka_unit_test(test_units)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
