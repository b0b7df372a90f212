/* Dates, times and intervals as integers: the proleptic Gregorian calendar, without zones' rules (a zone is an offset in seconds here).
 *
 *   date       int32  days since 1970-01-01
 *   time       int64  microseconds (or a unit) since midnight, 0 … 86,400,000,000 (24:00:00 is legal)
 *   timestamp  int64  seconds, milli-, micro- or nanoseconds since 1970-01-01 00:00:00
 *   interval   months, days, microseconds, kept apart
 * INT32_MAX and -INT32_MAX are the dates 'infinity' and '-infinity'; INT64_MAX and -INT64_MAX those timestamps. */
#ifndef BASE_TEMPORAL_H
#define BASE_TEMPORAL_H

#include "bytes.h"
#include "error.h"
#include "macros.h"
#include "number.h"

typedef enum time_unit { UNIT_SECOND, UNIT_MILLI, UNIT_MICRO, UNIT_NANO } time_unit;

typedef struct interval {
    int32_t months;
    int32_t days;
    int64_t micros;
} interval;

#define DATE_INFINITY INT32_MAX
#define DATE_MINUS_INFINITY (-INT32_MAX)
#define TIMESTAMP_INFINITY INT64_MAX
#define TIMESTAMP_MINUS_INFINITY (-INT64_MAX)
#define MICROS_PER_SECOND INT64_C(1000000)
#define MICROS_PER_DAY INT64_C(86400000000)

/* Year 0 is 1 BC. */
typedef struct civil_date {
    int32_t year;
    uint8_t month; /* 1 … 12 */
    uint8_t day; /* 1 … 31 */
} civil_date;

typedef struct civil_time {
    uint8_t hour; /* 0 … 24 */
    uint8_t minute;
    uint8_t second;
    uint32_t nanos;
} civil_time;

static inline bool date_is_finite(int32_t date)
{
    return date != DATE_INFINITY && date != DATE_MINUS_INFINITY;
}
static inline bool timestamp_is_finite(int64_t timestamp)
{
    return timestamp != TIMESTAMP_INFINITY && timestamp != TIMESTAMP_MINUS_INFINITY;
}
/* Units of a second: 1, 1000, 1000000, 1000000000. */
int64_t temporal_per_second(time_unit unit);

/* Calendar -------------------------------------------------------------------------------------------------------------------- */

bool civil_is_leap(int64_t year);
unsigned civil_days_in_month(int64_t year, unsigned month);
civil_date civil_from_days(int32_t days);
/* month and day are taken as valid. The result is exact for every year whose days fit in int64. */
int64_t civil_to_days(int64_t year, unsigned month, unsigned day);
/* False: no such day, or outside the range of a finite date. */
MUST_USE bool date_make(int32_t *out, int64_t year, int64_t month, int64_t day);
/* Micros since midnight; false: out of range (hour 0 … 24, 24 only as 24:00:00). */
MUST_USE bool time_make(int64_t *micros, int64_t hour, int64_t minute, int64_t second, int64_t micro);
civil_time civil_from_micros(int64_t micros_of_day);

/* A timestamp of micros cut into its day (rounded down) and micros of that day, and put together; false: overflow. Infinity maps to
 * infinity. */
void timestamp_split(int64_t micros, int32_t *days, int64_t *micros_of_day);
MUST_USE bool timestamp_make(int64_t *out, int32_t days, int64_t micros_of_day);
/* From one unit to another, towards a finer one checked, towards a coarser one rounded down. Infinity stays. */
MUST_USE bool timestamp_convert(int64_t value, time_unit from, time_unit to, int64_t *out);

/* Parsing --------------------------------------------------------------------------------------------------------------------- */

/* The whole text, white space around it allowed. NUMBER_BAD: not of this form; NUMBER_OVERFLOW: of the form but no such day or out of
 * range (2021-02-30, year 300000000). Dates: [-]Y-M-D with '-', '/' or '\' or ' ' between, 1 or 2 digits for month and day, optional " (BC)",
 * 'infinity', '-infinity', 'epoch'. */
number_result temporal_parse_date(string_view text, int32_t *date);
/* H:M[:S[.f…]], digits past the sixth (ninth) are cut. */
number_result temporal_parse_time(string_view text, int64_t *micros);
number_result temporal_parse_time_nanos(string_view text, int64_t *nanos);
/* Date, or date and time with ' ' or 'T' between, then optionally 'Z', ' UTC', '+02', '+02:00', '+0200'. With `zoned` NULL the zone is
 * passed over, as DuckDB does for TIMESTAMP, and may be any name; else an offset is subtracted, *zoned tells whether there was one, and a
 * name other than UTC, GMT and Z is NUMBER_BAD. */
number_result temporal_parse_timestamp(string_view text, time_unit unit, int64_t *timestamp, bool *zoned);
/* '1 year 2 months', '3 days 04:05:06.7', '-1 day', '1 day ago', 'P1Y2M3DT4H5M6.7S', '04:05'. */
number_result temporal_parse_interval(string_view text, interval *out);

/* For CSV, exact forms only, no white space: YYYY-MM-DD (10 bytes), and YYYY-MM-DD[T ]HH:MM:SS[.1 to 6 digits][Z] (19 to 27 bytes).
 * False: another form or no such day; then ask the general parser. */
bool temporal_fast_date(const char *begin, const char *end, int32_t *date);
bool temporal_fast_timestamp(const char *begin, const char *end, int64_t *micros, bool *zoned);
bool temporal_fast_time(const char *begin, const char *end, int64_t *micros); /* HH:MM:SS[.1 to 6 digits] */

/* Printing: as DuckDB prints. No NUL; the length is returned. -------------------------------------------------------------------- */

#define TEMPORAL_DATE_SIZE 32
#define TEMPORAL_TIME_SIZE 24
#define TEMPORAL_TIMESTAMP_SIZE 64
#define TEMPORAL_INTERVAL_SIZE 96

size_t temporal_print_date(char *out, int32_t date); /* 2021-03-04, 0044-03-15 (BC), infinity */
size_t temporal_print_time(char *out, int64_t value, time_unit unit); /* 04:05:06.7 */
size_t temporal_print_timestamp(char *out, int64_t value, time_unit unit); /* 2021-03-04 04:05:06.7 */
/* With "+02" or "+05:30" behind; value is UTC and is shifted by the offset. */
size_t temporal_print_timestamp_tz(char *out, int64_t value, time_unit unit, int32_t offset_seconds);
size_t temporal_print_interval(char *out, interval value); /* 1 year 2 months 3 days 04:05:06.7; 00:00:00 */
size_t temporal_print_duration(char *out, int64_t value, time_unit unit); /* as an interval of micros and days */

/* strftime and strptime with DuckDB's format codes: %a %A %w %d %-d %b %B %m %-m %y %-y %Y %H %-H %I %-I %p %M %-M %S %-S %f %g %n %z %Z
 * %j %-j %U %W %c %x %X %G %V %u %h %%. Months and days in English. White space in a format stands for any run of it in the text. */
MUST_USE bool temporal_format(builder *out, string_view format, int32_t days, int64_t nanos_of_day, int32_t offset_seconds,
                              string_view zone);
/* BP_BAD_ARGUMENT: an unknown code; position is a byte of `format`. */
MUST_USE bp_status temporal_check_format(string_view format, bool parsing, bp_error *err);

typedef struct temporal_parts {
    int32_t days; /* 1900-01-01 where the format has no date; or infinity */
    int64_t nanos_of_day;
    bool has_zone; /* %z or %Z */
    int32_t offset_seconds; /* of %z: to subtract for UTC */
    string_view zone_name; /* of %Z, borrowed */
} temporal_parts;

/* A format taken apart once for many values: TEMPORAL_FORMAT_STEPS(format.size) is room enough for its steps; their number is returned. The format has
 * passed temporal_check_format(). */
typedef struct temporal_step {
    uint8_t code;
    char byte;
    bool bare;
} temporal_step;
#define TEMPORAL_FORMAT_STEPS(size) (6 * (size) + 1)
size_t temporal_compile_format(string_view format, temporal_step *steps);
/* A finite day and time of day into `out`, which has TEMPORAL_STEPS_SIZE bytes; no NUL, the length is returned. */
#define TEMPORAL_STEPS_SIZE(count, zone) ((count) * (12 + (zone).size))
size_t temporal_print_steps(char *out, const temporal_step *steps, size_t count, int32_t days, int64_t nanos_of_day,
                            int32_t offset_seconds, string_view zone);
/* NUMBER_BAD: the text does not match; *bad_at is the byte of `text` where not (may be NULL). */
number_result temporal_parse_format(string_view text, string_view format, temporal_parts *out, size_t *bad_at);
number_result temporal_parse_steps(string_view text, const temporal_step *steps, size_t count, temporal_parts *out, size_t *bad_at);

/* Arithmetic. False: out of range. ---------------------------------------------------------------------------------------------- */

MUST_USE bool date_add_months(int32_t date, int64_t months, int32_t *out); /* 31 Jan + 1 month = 29 Feb (or 28) */
MUST_USE bool timestamp_add_interval(int64_t micros, interval value, int64_t *out); /* months, then days, then micros */
MUST_USE bool interval_negate(interval value, interval *out);
MUST_USE bool interval_add(interval left, interval right, interval *out);
MUST_USE bool interval_multiply(interval value, int64_t factor, interval *out);
/* Compare with 1 month = 30 days and 1 day = 24 hours: -1, 0, 1; and the equal-iff-equal form for hashing and sorting. */
int interval_compare(interval left, interval right);
interval interval_normalize(interval value);
/* later - earlier as days and micros (DuckDB's timestamp subtraction), and as years, months, days … (age). */
MUST_USE bool timestamp_subtract(int64_t left, int64_t right, interval *out);
MUST_USE bool timestamp_age(int64_t left, int64_t right, interval *out);

/* Parts. ------------------------------------------------------------------------------------------------------------------------ */

/* PART(NAME, "name", aliases) */
typedef enum date_part {
#define PART(name, ...) PART_##name,
#include "date_parts.def"
#undef PART
    DATE_PART_COUNT
} date_part;

/* "year", "years", "y", "yr", … case ignored; false: no such part. */
MUST_USE bool date_part_parse(string_view text, date_part *out);
string_view date_part_name(date_part part);
bool date_part_is_double(date_part part); /* EPOCH, JULIAN are doubles */

/* All of finite values. Parts of the day are 0 for dates. */
int64_t date_part_of_date(date_part part, int32_t date);
int64_t date_part_of_timestamp(date_part part, int64_t micros);
int64_t date_part_of_time(date_part part, int64_t micros);
int64_t date_part_of_interval(date_part part, interval value);
double date_part_double_of_timestamp(date_part part, int64_t micros); /* EPOCH with its fraction, JULIAN; others as integers */
double date_part_double_of_interval(date_part part, interval value);

/* The value cut down to the part; week = Monday. False: out of range, or the part has no truncation. */
MUST_USE bool date_trunc_date(date_part part, int32_t date, int32_t *out);
MUST_USE bool date_trunc_timestamp(date_part part, int64_t micros, int64_t *out);
MUST_USE bool date_trunc_interval(date_part part, interval value, interval *out);
/* date_diff: boundaries of `part` passed from left to right; date_sub: whole parts that fit between. False: out of range or no such. */
MUST_USE bool date_diff_timestamp(date_part part, int64_t left, int64_t right, int64_t *out);
MUST_USE bool date_sub_timestamp(date_part part, int64_t left, int64_t right, int64_t *out);
/* The start of the bucket of `width` (months only, or days and micros only) that holds the value, counted from `origin`. */
MUST_USE bool time_bucket_timestamp(interval width, int64_t micros, int64_t origin, int64_t *out);

extern const char *const temporal_month_names[12]; /* "January" … */
extern const char *const temporal_day_names[7]; /* "Sunday" … */

#endif
