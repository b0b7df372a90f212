/* strftime and strptime with DuckDB's codes (temporal_codes.def). A format is read as a row of items: a literal byte or a code. %c, %x and %X
 * stand for formats of their own, which hold none of the three. */
#include "temporal_internal.h"

typedef enum format_code {
    CODE_LITERAL, /* `byte` */
    CODE_BAD, /* no such code */
#define CODE(letter, name, bare) CODE_##name,
#include "temporal_codes.def"
#undef CODE
} format_code;

/* By letter; CODE_LITERAL: there is no such code. */
static const struct code_row {
    uint8_t code;
    bool bare;
} code_rows[128] = {
#define CODE(letter, name, bare) [letter] = {CODE_##name, bare},
#include "temporal_codes.def"
#undef CODE
};

static string_view expansion(format_code code)
{
    switch (code) {
    case CODE_DATE_TIME: return STRING_VIEW("%Y-%m-%d %H:%M:%S");
    case CODE_DATE: return STRING_VIEW("%Y-%m-%d");
    case CODE_TIME: return STRING_VIEW("%H:%M:%S");
    default: return (string_view){NULL, 0};
    }
}

/* The next item; *at < end. */
static temporal_step next_item(const char **at, const char *end)
{
    temporal_step item = {CODE_LITERAL, *(*at)++, false};
    struct code_row row;

    if (item.byte != '%') return item;
    item.code = CODE_BAD;
    if (*at < end && **at == '-') {
        item.bare = true;
        ++*at;
    }
    if (*at == end) return item;
    item.byte = *(*at)++;
    row = code_rows[(unsigned char)item.byte & 127];
    if ((unsigned char)item.byte < 128 && row.code != CODE_LITERAL && (row.bare || !item.bare)) item.code = row.code;
    return item;
}

/* The steps of the next item, %c and its like taken apart: at most TEMPORAL_FORMAT_STEPS(3). */
static size_t next_steps(const char **at, const char *end, temporal_step *steps)
{
    temporal_step item = next_item(at, end);
    string_view inner = expansion((format_code)item.code);
    size_t count = 0;

    if (inner.size == 0) steps[count++] = item;
    for (const char *in = inner.data, *in_end = in + inner.size; in < in_end;) steps[count++] = next_item(&in, in_end);
    return count;
}

bp_status temporal_check_format(string_view format, bool parsing, bp_error *err)
{
    const char *at = format.data, *end = at + format.size, *start;

    while (at < end) {
        start = at;
        if (next_item(&at, end).code != CODE_BAD) continue;
        if (at == end && (at[-1] == '%' || at[-1] == '-'))
            return error_set_at(err, BP_BAD_ARGUMENT, (size_t)(start - format.data),
                                "the %s format ends with '%.*s'; a code such as %%Y must follow, or write %%%% for the sign itself",
                                parsing ? "strptime" : "strftime", (int)(at - start), start);
        return error_set_at(
            err, BP_BAD_ARGUMENT, (size_t)(start - format.data),
            "'%.*s' is no code of %s formats; the common ones are %%Y %%m %%d %%H %%M %%S, without padding %%-m %%-d %%-H",
            (int)(at - start), start, parsing ? "strptime" : "strftime");
    }
    return BP_OK;
}

/* Printing -------------------------------------------------------------------------------------------------------------------- */

/* What the codes print. */
typedef struct format_value {
    int32_t days;
    civil_date date;
    civil_time time;
    int32_t offset;
    string_view zone;
} format_value;

/* Each writes at `at`, 12 bytes at the most (see TEMPORAL_STEPS_SIZE), and returns what is behind it. */
static char *put_number(char *at, int64_t value, unsigned width, bool bare)
{
    char text[NUMBER_INT64_SIZE];
    size_t size;

    if (value >= 0 && value < 10000 && width <= 4) { /* nearly all there are */
        unsigned rest = (unsigned)value;
        size = bare || width < 2 ? 1 : width;
        while (size < 4 && rest >= (size == 1 ? 10u : size == 2 ? 100u : 1000u)) size++;
        for (size_t i = size; i--; rest /= 10) at[i] = (char)('0' + rest % 10);
        return at + size;
    }
    size = number_print_int64(text, value);
    for (; !bare && size < width; width--) *at++ = '0';
    memcpy(at, text, size);
    return at + size;
}

static char *put_name(char *at, const char *name, bool abbreviated)
{
    size_t size = abbreviated ? 3 : strlen(name);

    memcpy(at, name, size);
    return at + size;
}

/* Years 0 … 9999 have four digits, others what they need. */
static char *put_year(char *at, int64_t year)
{
    return put_number(at, year, 4, year < 0);
}

static char *put_offset(char *at, int32_t offset)
{
    int32_t magnitude = offset < 0 ? -offset : offset;

    *at++ = offset < 0 ? '-' : '+';
    at = put_number(at, magnitude / 3600, 2, false);
    if (magnitude % 3600 == 0) return at;
    *at++ = ':';
    return put_number(at, magnitude / 60 % 60, 2, false);
}

/* Weeks of the year that begin on Sunday (first_day 0) or Monday (1); the days before the first are week 0. */
static int64_t week_of_year(int32_t days, int first_day)
{
    int64_t day_of_year = date_part_of_date(PART_DAY_OF_YEAR, days) - 1;
    int64_t weekday = (date_part_of_date(PART_DAY_OF_WEEK, days) + 7 - first_day) % 7;

    return (day_of_year + 7 - weekday) / 7;
}

static char *put_date_item(char *at, temporal_step item, const format_value *value)
{
    switch ((format_code)item.code) {
    case CODE_DAY_SHORT: return put_name(at, temporal_day_names[date_part_of_date(PART_DAY_OF_WEEK, value->days)], true);
    case CODE_DAY_NAME: return put_name(at, temporal_day_names[date_part_of_date(PART_DAY_OF_WEEK, value->days)], false);
    case CODE_DAY_NUMBER: return put_number(at, date_part_of_date(PART_DAY_OF_WEEK, value->days), 1, false);
    case CODE_ISO_DAY: return put_number(at, date_part_of_date(PART_ISO_DAY_OF_WEEK, value->days), 1, false);
    case CODE_DAY: return put_number(at, value->date.day, 2, item.bare);
    case CODE_MONTH_SHORT:
    case CODE_MONTH_SHORT_H: return put_name(at, temporal_month_names[value->date.month - 1], true);
    case CODE_MONTH_NAME: return put_name(at, temporal_month_names[value->date.month - 1], false);
    case CODE_MONTH: return put_number(at, value->date.month, 2, item.bare);
    case CODE_YEAR_SHORT:
        return put_number(at, value->date.year < 0 ? -(value->date.year % 100) : value->date.year % 100, 2, item.bare);
    case CODE_YEAR: return put_year(at, value->date.year);
    case CODE_DAY_OF_YEAR: return put_number(at, date_part_of_date(PART_DAY_OF_YEAR, value->days), 3, item.bare);
    case CODE_WEEK_SUNDAY: return put_number(at, week_of_year(value->days, 0), 2, false);
    case CODE_WEEK_MONDAY: return put_number(at, week_of_year(value->days, 1), 2, false);
    case CODE_ISO_YEAR: return put_year(at, date_part_of_date(PART_ISO_YEAR, value->days));
    case CODE_ISO_WEEK: return put_number(at, date_part_of_date(PART_WEEK, value->days), 2, false);
    default: return at;
    }
}

static char *put_item(char *at, temporal_step item, const format_value *value)
{
    switch ((format_code)item.code) {
    case CODE_LITERAL:
    case CODE_PERCENT: *at = item.byte; return at + 1;
    case CODE_HOUR: return put_number(at, value->time.hour, 2, item.bare);
    case CODE_HOUR_12: return put_number(at, (value->time.hour + 11) % 12 + 1, 2, item.bare);
    case CODE_AM_PM: memcpy(at, value->time.hour % 24 < 12 ? "AM" : "PM", 2); return at + 2;
    case CODE_MINUTE: return put_number(at, value->time.minute, 2, item.bare);
    case CODE_SECOND: return put_number(at, value->time.second, 2, item.bare);
    case CODE_MICROS: return put_number(at, value->time.nanos / 1000, 6, false);
    case CODE_MILLIS: return put_number(at, value->time.nanos / 1000000, 3, false);
    case CODE_NANOS: return put_number(at, value->time.nanos, 9, false);
    case CODE_OFFSET: return put_offset(at, value->offset);
    case CODE_ZONE:
        if (value->zone.size) memcpy(at, value->zone.data, value->zone.size);
        return at + value->zone.size;
    default: return put_date_item(at, item, value);
    }
}

size_t temporal_compile_format(string_view format, temporal_step *steps)
{
    const char *at = format.data, *end = at + format.size;
    size_t count = 0;

    while (at < end) count += next_steps(&at, end, steps + count);
    return count;
}

size_t temporal_print_steps(char *out, const temporal_step *steps, size_t count, int32_t days, int64_t nanos_of_day,
                            int32_t offset_seconds, string_view zone)
{
    format_value value = {days, {0, 1, 1}, {0, 0, 0, 0}, offset_seconds, zone};
    char *at = out;

    value.date = civil_from_days(days);
    value.time = civil_from_micros(nanos_of_day / 1000);
    value.time.nanos += (uint32_t)(nanos_of_day % 1000);
    for (size_t i = 0; i < count; i++) at = put_item(at, steps[i], &value);
    return (size_t)(at - out);
}

bool temporal_format(builder *out, string_view format, int32_t days, int64_t nanos_of_day, int32_t offset_seconds, string_view zone)
{
    const char *at = format.data, *end = at + format.size;
    char infinite[TEMPORAL_DATE_SIZE];

    if (!date_is_finite(days)) return builder_append(out, infinite, temporal_print_date(infinite, days));
    while (at < end) {
        temporal_step steps[TEMPORAL_FORMAT_STEPS(3)];
        size_t count = next_steps(&at, end, steps);

        if (!builder_reserve(out, TEMPORAL_STEPS_SIZE(count, zone))) return false;
        out->size += temporal_print_steps(out->data + out->size, steps, count, days, nanos_of_day, offset_seconds, zone);
    }
    return true;
}

/* Parsing --------------------------------------------------------------------------------------------------------------------- */

/* What has been read; -1: not there. */
typedef struct parsed_fields {
    int64_t year, month, day, day_of_year, week_sunday, week_monday, iso_year, iso_week;
    int64_t weekday; /* 0 = Sunday */
    int64_t hour, hour_12, minute, second, nanos;
    int afternoon;
    temporal_parts *parts;
} parsed_fields;

static void skip_spaces(const char **at, const char *end)
{
    while (*at < end && ascii_is_space((unsigned char)**at)) ++*at;
}

/* A number of at most `most` digits, within low … high. */
static bool read_number(const char **at, const char *end, unsigned most, int64_t low, int64_t high, int64_t *out)
{
    return take_digits(at, end, most, out) && *out >= low && *out <= high;
}

/* One of `count` names, whole or cut to three letters; *out counts from `first`. */
static bool read_name(const char **at, const char *end, const char *const *names, size_t count, bool abbreviated, int64_t first,
                      int64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = abbreviated ? 3 : strlen(names[i]);

        if ((size_t)(end - *at) < size || !string_equal_nocase((string_view){*at, size}, (string_view){names[i], size})) continue;
        *at += size;
        *out = first + (int64_t)i;
        return true;
    }
    return false;
}

static bool read_fraction(const char **at, const char *end, unsigned digits, int64_t *nanos)
{
    int64_t value;
    unsigned count = take_digits(at, end, digits, &value);

    for (unsigned i = count; i < 9; i++) value *= 10;
    *nanos = value;
    return count > 0;
}

static bool read_am_pm(const char **at, const char *end, int *afternoon)
{
    if (end - *at < 2 || ascii_upper((unsigned char)(*at)[1]) != 'M') return false;
    *afternoon = ascii_upper((unsigned char)**at) == 'P';
    if (!*afternoon && ascii_upper((unsigned char)**at) != 'A') return false;
    *at += 2;
    return true;
}

static bool read_zone(const char **at, const char *end, temporal_parts *parts)
{
    parts->zone_name = take_zone_name(at, end);
    parts->has_zone = parts->zone_name.size > 0;
    return parts->has_zone;
}

static bool read_short_year(const char **at, const char *end, int64_t *year)
{
    if (!read_number(at, end, 2, 0, 99, year)) return false;
    *year += *year < 69 ? 2000 : 1900;
    return true;
}

static bool read_literal(const char **at, const char *end, char byte)
{
    if (ascii_is_space((unsigned char)byte)) {
        skip_spaces(at, end);
        return true;
    }
    if (*at == end || **at != byte) return false;
    ++*at;
    return true;
}

/* A flat switch over the codes. */
static bool read_item(const char **at, const char *end, temporal_step item, parsed_fields *fields)
{
    switch ((format_code)item.code) {
    case CODE_LITERAL:
    case CODE_PERCENT: return read_literal(at, end, item.byte);
    case CODE_DAY_SHORT: return read_name(at, end, temporal_day_names, 7, true, 0, &fields->weekday);
    case CODE_DAY_NAME: return read_name(at, end, temporal_day_names, 7, false, 0, &fields->weekday);
    case CODE_DAY_NUMBER: return read_number(at, end, 1, 0, 6, &fields->weekday);
    case CODE_ISO_DAY:
        if (!read_number(at, end, 1, 1, 7, &fields->weekday)) return false;
        fields->weekday %= 7;
        return true;
    case CODE_DAY: return read_number(at, end, 2, 1, 31, &fields->day);
    case CODE_MONTH_SHORT:
    case CODE_MONTH_SHORT_H: return read_name(at, end, temporal_month_names, 12, true, 1, &fields->month);
    case CODE_MONTH_NAME: return read_name(at, end, temporal_month_names, 12, false, 1, &fields->month);
    case CODE_MONTH: return read_number(at, end, 2, 1, 12, &fields->month);
    case CODE_YEAR_SHORT: return read_short_year(at, end, &fields->year);
    case CODE_YEAR: return read_number(at, end, 4, 0, 9999, &fields->year);
    case CODE_HOUR: return read_number(at, end, 2, 0, 23, &fields->hour);
    case CODE_HOUR_12: return read_number(at, end, 2, 1, 12, &fields->hour_12);
    case CODE_AM_PM: return read_am_pm(at, end, &fields->afternoon);
    case CODE_MINUTE: return read_number(at, end, 2, 0, 59, &fields->minute);
    case CODE_SECOND: return read_number(at, end, 2, 0, 59, &fields->second);
    case CODE_MICROS: return read_fraction(at, end, 6, &fields->nanos);
    case CODE_MILLIS: return read_fraction(at, end, 3, &fields->nanos);
    case CODE_NANOS: return read_fraction(at, end, 9, &fields->nanos);
    case CODE_OFFSET: return fields->parts->has_zone = take_offset(at, end, &fields->parts->offset_seconds);
    case CODE_ZONE: return read_zone(at, end, fields->parts);
    case CODE_DAY_OF_YEAR: return read_number(at, end, 3, 1, 366, &fields->day_of_year);
    case CODE_WEEK_SUNDAY: return read_number(at, end, 2, 0, 53, &fields->week_sunday);
    case CODE_WEEK_MONDAY: return read_number(at, end, 2, 0, 53, &fields->week_monday);
    case CODE_ISO_YEAR: return read_number(at, end, 4, 0, 9999, &fields->iso_year);
    case CODE_ISO_WEEK: return read_number(at, end, 2, 1, 53, &fields->iso_week);
    default: return false;
    }
}

/* The day that the fields name: by ISO week, by day of the year, by week of the year, or by month and day. */
static bool assemble_date(const parsed_fields *fields, int32_t *days)
{
    int64_t year = fields->year < 0 ? 1900 : fields->year, first, weekday = fields->weekday;
    int64_t week = fields->week_monday >= 0 ? fields->week_monday : fields->week_sunday, starts_on = fields->week_monday >= 0;

    if (fields->month >= 0 && fields->day_of_year < 0 && fields->iso_year < 0 && fields->iso_week < 0) /* the usual way */
        return date_make(days, year, fields->month, fields->day < 0 ? 1 : fields->day);
    first = civil_to_days(year, 1, 1);
    if (fields->iso_year >= 0 || fields->iso_week >= 0) {
        int64_t fourth = civil_to_days(fields->iso_year >= 0 ? fields->iso_year : year, 1, 4);
        int64_t monday = fourth - (date_part_of_date(PART_ISO_DAY_OF_WEEK, (int32_t)fourth) - 1);

        *days = (int32_t)(monday + 7 * (fields->iso_week >= 0 ? fields->iso_week - 1 : 0) + (weekday >= 0 ? (weekday + 6) % 7 : 0));
        return fields->iso_week != 53 || date_part_of_date(PART_WEEK, *days) == 53;
    }
    if (fields->day_of_year >= 0) {
        *days = (int32_t)(first + fields->day_of_year - 1);
        return fields->day_of_year <= 365 + civil_is_leap(year);
    }
    if (week >= 0 && fields->month < 0 && fields->day < 0) {
        int64_t first_weekday = date_part_of_date(PART_DAY_OF_WEEK, (int32_t)first), wanted = weekday >= 0 ? weekday : starts_on;

        /* Week 1 begins with the year's first Sunday (Monday). */
        *days = (int32_t)(first + (starts_on - first_weekday + 7) % 7 + 7 * (week - 1) + (wanted - starts_on + 7) % 7);
        return *days >= first && *days < civil_to_days(year + 1, 1, 1);
    }
    return date_make(days, year, fields->month < 0 ? 1 : fields->month, fields->day < 0 ? 1 : fields->day);
}

static int64_t assemble_time(const parsed_fields *fields)
{
    int64_t hour = fields->hour;

    if (fields->hour_12 >= 0 || fields->afternoon >= 0) {
        if (fields->hour_12 >= 0) hour = fields->hour_12;
        if (fields->afternoon >= 0) hour = hour % 12 + (fields->afternoon ? 12 : 0);
    }
    return ((hour * 60 + fields->minute) * 60 + fields->second) * INT64_C(1000000000) + fields->nanos;
}

/* "infinity" is a date by any format. */
static bool read_infinity(string_view text, int32_t *days)
{
    string_view trimmed = string_trim(text);

    if (!string_equal_nocase(trimmed, STRING_VIEW("infinity")) && !string_equal_nocase(trimmed, STRING_VIEW("-infinity")))
        return false;
    *days = *trimmed.data == '-' ? DATE_MINUS_INFINITY : DATE_INFINITY;
    return true;
}

/* False: the text is infinite, so *out is done. */
static bool begin_parsing(parsed_fields *fields, string_view text, temporal_parts *out)
{
    *out = (temporal_parts){.zone_name = {NULL, 0}};
    *fields = (parsed_fields){.year = -1,
                              .month = -1,
                              .day = -1,
                              .day_of_year = -1,
                              .week_sunday = -1,
                              .week_monday = -1,
                              .iso_year = -1,
                              .iso_week = -1,
                              .weekday = -1,
                              .hour_12 = -1,
                              .hour = 0,
                              .afternoon = -1,
                              .parts = out};
    return !text.size || ascii_is_digit((unsigned char)*text.data) || !read_infinity(text, &out->days);
}

/* matched: all steps were; `at` is where they left off. */
static number_result end_parsing(bool matched, const parsed_fields *fields, string_view text, const char *at, size_t *bad_at)
{
    const char *end = text.data + text.size;

    if (matched) skip_spaces(&at, end);
    if (!matched || at != end) {
        if (bad_at) *bad_at = (size_t)(at - text.data);
        return NUMBER_BAD;
    }
    if (!assemble_date(fields, &fields->parts->days)) return NUMBER_OVERFLOW;
    fields->parts->nanos_of_day = assemble_time(fields);
    return NUMBER_OK;
}

number_result temporal_parse_steps(string_view text, const temporal_step *steps, size_t count, temporal_parts *out, size_t *bad_at)
{
    const char *at = text.data, *end = at + text.size;
    parsed_fields fields;
    size_t done = 0;

    if (!begin_parsing(&fields, text, out)) return NUMBER_OK;
    skip_spaces(&at, end);
    while (done < count && read_item(&at, end, steps[done], &fields)) done++;
    return end_parsing(done == count, &fields, text, at, bad_at);
}

number_result temporal_parse_format(string_view text, string_view format, temporal_parts *out, size_t *bad_at)
{
    const char *at = text.data, *end = at + text.size, *step = format.data, *format_end = step + format.size;
    parsed_fields fields;
    bool matched = true;

    if (!begin_parsing(&fields, text, out)) return NUMBER_OK;
    skip_spaces(&at, end);
    while (step < format_end && matched) {
        temporal_step steps[TEMPORAL_FORMAT_STEPS(3)];
        size_t count = next_steps(&step, format_end, steps);

        for (size_t i = 0; i < count && matched; i++) matched = read_item(&at, end, steps[i], &fields);
    }
    return end_parsing(matched, &fields, text, at, bad_at);
}
