/* Time zones from bytes made here after RFC 9636, with changes and rules whose moments are computed by hand; broken files; names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/temporal.h"
#include "base/zone.h"

static bp_context *context;
static arena region;

/* A file being made: version 2, an empty 32-bit block, then the block itself. */
typedef struct zone_file {
    uint8_t bytes[512];
    size_t size;
} zone_file;

static void put(zone_file *file, uint64_t value, size_t width)
{
    while (width--) file->bytes[file->size++] = (uint8_t)(value >> (8 * width));
}

static void put_header(zone_file *file, uint64_t transitions, uint64_t types, uint64_t names)
{
    memcpy(file->bytes + file->size, "TZif2", 5);
    memset(file->bytes + file->size + 5, 0, 15);
    file->size += 20;
    put(file, 0, 4), put(file, 0, 4), put(file, 0, 4);
    put(file, transitions, 4), put(file, types, 4), put(file, names, 4);
}

/* Local mean time +0:53:28 until 1893, then CET; summer in 1980 from 1 April, 00:00 UTC, to 26 October, 01:00 UTC. */
static zone_file berlin_like(const char *rule)
{
    static const int64_t times[] = {-2422054408, 323395200, 341370000};
    static const int32_t offsets[] = {3208, 3600, 7200};
    static const uint8_t types[] = {1, 2, 1};
    zone_file file = {.size = 0};

    put_header(&file, 0, 1, 1);
    put(&file, 0, 7);
    put_header(&file, 3, 3, 4);
    for (size_t i = 0; i < 3; i++) put(&file, (uint64_t)times[i], 8);
    for (size_t i = 0; i < 3; i++) put(&file, types[i], 1);
    for (size_t i = 0; i < 3; i++) put(&file, (uint32_t)offsets[i], 4), put(&file, i == 2, 1), put(&file, 0, 1);
    put(&file, 0, 4);
    put(&file, '\n', 1);
    memcpy(file.bytes + file.size, rule, strlen(rule));
    file.size += strlen(rule);
    put(&file, '\n', 1);
    return file;
}

static int32_t offset_at(const zone *zone, int year, unsigned month, unsigned day, int hour, bool local)
{
    int64_t seconds = (civil_to_days(year, month, day) * 24 + hour) * 3600;
    zone_span span = local ? zone_span_at_local(zone, seconds) : zone_span_at(zone, seconds);

    assert_true(span.begin <= seconds && seconds < span.end);
    return span.offset;
}

static const zone *parsed(const char *rule)
{
    zone_file file = berlin_like(rule);
    const zone *zone;

    assert_int_equal(zone_parse(&zone, &region, file.bytes, file.size, STRING_VIEW("test"), NULL), BP_OK);
    return zone;
}

static void transitions_and_rule(void **state)
{
    const zone *zone = parsed("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_int_equal(offset_at(zone, 1800, 1, 1, 0, false), 3208);
    assert_int_equal(offset_at(zone, 1950, 7, 1, 0, false), 3600);
    assert_int_equal(zone_span_at(zone, 323395199).offset, 3600);
    assert_int_equal(zone_span_at(zone, 323395200).offset, 7200);
    assert_int_equal(zone_span_at(zone, 341369999).offset, 7200);
    assert_int_equal(zone_span_at(zone, 341370000).offset, 3600);
    /* by the rule: the last Sundays of March and October, 01:00 UTC. 2024: 31 March, 27 October */
    assert_int_equal(offset_at(zone, 2024, 3, 31, 0, false), 3600);
    assert_int_equal(offset_at(zone, 2024, 3, 31, 1, false), 7200);
    assert_int_equal(offset_at(zone, 2024, 10, 27, 0, false), 7200);
    assert_int_equal(offset_at(zone, 2024, 10, 27, 1, false), 3600);
    assert_int_equal(offset_at(zone, 2400, 7, 1, 0, false), 7200);
    assert_int_equal(offset_at(zone, 9999, 1, 1, 0, false), 3600);
}

static void wall_clocks(void **state)
{
    const zone *zone = parsed("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_int_equal(offset_at(zone, 2024, 3, 31, 2, true), 3600); /* left out: as before */
    assert_int_equal(offset_at(zone, 2024, 3, 31, 3, true), 7200);
    assert_int_equal(offset_at(zone, 2024, 10, 27, 1, true), 7200);
    assert_int_equal(offset_at(zone, 2024, 10, 27, 2, true), 3600); /* comes twice: the second */
    assert_int_equal(offset_at(zone, 1980, 4, 1, 1, true), 3600); /* 01:00 to 02:00 is left out */
    assert_int_equal(offset_at(zone, 1980, 4, 1, 2, true), 7200);
    assert_int_equal(offset_at(zone, 1980, 10, 26, 2, true), 3600);
    assert_int_equal(offset_at(zone, 1980, 10, 26, 1, true), 7200);
}

static void other_rules(void **state)
{
    const zone *south = parsed("<+10>-10<+11>,M10.1.0,M4.1.0/3"), *julian = parsed("XXX3YYY,J60/0,J300/0"),
               *counted = parsed("XXX3YYY2:30,59/1,300"), *plain = parsed("EST5");

    (void)state;
    /* Summer over New Year. 2024: 7 April 03:00 (16:00 UTC of the 6th) and 6 October 02:00 (16:00 UTC of the 5th) */
    assert_int_equal(offset_at(south, 2024, 1, 1, 0, false), 39600);
    assert_int_equal(offset_at(south, 2024, 4, 6, 15, false), 39600);
    assert_int_equal(offset_at(south, 2024, 4, 6, 16, false), 36000);
    assert_int_equal(offset_at(south, 2024, 10, 5, 15, false), 36000);
    assert_int_equal(offset_at(south, 2024, 10, 5, 16, false), 39600);
    assert_int_equal(offset_at(south, 2024, 12, 31, 23, true), 39600);
    /* J60 is 1 March in every year, at 00:00 of UTC-3 */
    assert_int_equal(offset_at(julian, 2024, 3, 1, 2, false), -10800);
    assert_int_equal(offset_at(julian, 2024, 3, 1, 3, false), -7200);
    assert_int_equal(offset_at(julian, 2023, 3, 1, 3, false), -7200);
    /* day 59 counted from 0 is 29 February in a leap year, 1 March in others */
    assert_int_equal(offset_at(counted, 2024, 2, 29, 4, false), -9000);
    assert_int_equal(offset_at(counted, 2023, 3, 1, 3, false), -10800);
    assert_int_equal(offset_at(counted, 2023, 3, 1, 4, false), -9000);
    assert_int_equal(offset_at(plain, 2100, 7, 1, 0, false), -18000);
}

static void without_rule(void **state)
{
    const zone *zone = parsed("");

    (void)state;
    assert_int_equal(offset_at(zone, 2100, 7, 1, 0, false), 3600);
}

/* Cut at every byte, each byte changed: a status or some offset, never worse. */
static void broken_files(void **state)
{
    zone_file whole = berlin_like("CET-1CEST,M3.5.0,M10.5.0/3");
    const zone *zone;

    (void)state;
    for (size_t size = 0; size < whole.size; size++)
        assert_int_equal(zone_parse(&zone, &region, whole.bytes, size, STRING_VIEW("cut"), NULL), BP_BAD_FORMAT);
    for (size_t i = 0; i < whole.size; i++) {
        zone_file changed = whole;
        changed.bytes[i] ^= 0xff;
        if (zone_parse(&zone, &region, changed.bytes, changed.size, STRING_VIEW("changed"), NULL)) continue;
        (void)zone_span_at(zone, INT64_MIN);
        (void)zone_span_at_local(zone, INT64_MAX);
        (void)zone_span_at(zone, 1700000000);
    }
    for (size_t i = 0; i < 6; i++) {
        static const char *const rules[] = {"CET", "CET-1CEST", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M13.1.0,M10.5.0",
                                            "9",   "CET-200"};
        zone_file file = berlin_like(rules[i]);
        assert_int_equal(zone_parse(&zone, &region, file.bytes, file.size, STRING_VIEW("rule"), NULL), BP_BAD_FORMAT);
    }
}

static void names(void **state)
{
    static const struct {
        const char *name;
        int32_t offset;
    } fixed[] = {{"UTC", 0}, {"gmt", 0}, {"Z", 0}, {"+02:00", 7200}, {"-05:30", -19800}, {"UTC+2", 7200}, {"GMT-3:30", -12600}};
    static const char *const bad[] = {"", "No/Such_Zone", "../../etc/passwd", "/etc/passwd", "Europe", "UTC+99", "+", "a\nb"};
    const zone *zone;
    bp_error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++) {
        assert_int_equal(zone_open(&zone, &region, context, string_view_of(fixed[i].name), NULL), BP_OK);
        assert_int_equal(zone_span_at(zone, 0).offset, fixed[i].offset);
        assert_int_equal(zone_span_at_local(zone, INT64_MAX - 1).offset, fixed[i].offset);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        error_clear(&err);
        assert_int_equal(zone_open(&zone, &region, context, string_view_of(bad[i]), &err), BP_NOT_FOUND);
        assert_null(zone);
        assert_non_null(strstr(err.message, "Unknown TimeZone"));
    }
}

static int begin(void **state)
{
    (void)state;
    if (context_new(&context, NULL)) return 1;
    arena_init(&region, context->memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&region);
    context_free(context);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(transitions_and_rule), cmocka_unit_test(wall_clocks),
                                              cmocka_unit_test(other_rules),          cmocka_unit_test(without_rule),
                                              cmocka_unit_test(broken_files),         cmocka_unit_test(names)};

    return cmocka_run_group_tests(tests, begin, end);
}
