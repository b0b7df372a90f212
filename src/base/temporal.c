/* The calendar and arithmetic on it.
 *
 * Days are counted in eras of 400 years (146,097 days) that begin on 1 March, so that the leap day is the last of its year and month
 * lengths follow from (153 * month + 2) / 5. All sums are in 64 bits, so every int32 day and every year that can be written is safe. */
#include "temporal_internal.h"

const char *const temporal_month_names[12] = {"January", "February", "March",     "April",   "May",      "June",
                                              "July",    "August",   "September", "October", "November", "December"};
const char *const temporal_day_names[7] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

int64_t temporal_per_second(time_unit unit)
{
    static const int64_t units[] = {1, 1000, 1000000, 1000000000};

    return units[unit];
}

/* Calendar -------------------------------------------------------------------------------------------------------------------- */

bool civil_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned civil_days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    CHECK(month >= 1 && month <= 12);
    return (unsigned)days[month - 1] + (month == 2 && civil_is_leap(year));
}

int64_t civil_to_days(int64_t year, unsigned month, unsigned day)
{
    int64_t era;
    unsigned year_of_era, day_of_year;

    year -= month <= 2;
    era = floor_divide(year, 400);
    year_of_era = (unsigned)(year - era * 400);
    day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + (int64_t)(year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year) - 719468;
}

civil_date civil_from_days(int32_t days)
{
    /* 14,700 eras more make every day positive, and division by a constant plain. */
    uint64_t shifted = (uint64_t)((int64_t)days + 719468 + INT64_C(14700) * 146097), era = shifted / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153;
    civil_date date;

    date.day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    date.year = (int32_t)((int64_t)(era * 400) - 14700 * 400 + year_of_era + (date.month <= 2));
    return date;
}

bool date_make(int32_t *out, int64_t year, int64_t month, int64_t day)
{
    int64_t days;

    if (year < -5877641 || year > 5881580 || month < 1 || month > 12) return false;
    if (day < 1 || day > civil_days_in_month(year, (unsigned)month)) return false;
    days = civil_to_days(year, (unsigned)month, (unsigned)day);
    if (days <= DATE_MINUS_INFINITY || days >= DATE_INFINITY) return false;
    *out = (int32_t)days;
    return true;
}

bool time_make(int64_t *micros, int64_t hour, int64_t minute, int64_t second, int64_t micro)
{
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 59 || micro < 0 || micro > 999999)
        return false;
    *micros = ((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + micro;
    return *micros <= MICROS_PER_DAY;
}

civil_time civil_from_micros(int64_t micros_of_day)
{
    uint64_t micros = (uint64_t)micros_of_day;
    uint32_t seconds = (uint32_t)(micros / 1000000);

    return (civil_time){(uint8_t)(seconds / 3600), (uint8_t)(seconds / 60 % 60), (uint8_t)(seconds % 60),
                        (uint32_t)(micros % 1000000) * 1000};
}

/* Timestamps ------------------------------------------------------------------------------------------------------------------ */

void timestamp_split(int64_t micros, int32_t *days, int64_t *micros_of_day)
{
    int64_t day = floor_divide(micros, MICROS_PER_DAY);

    *micros_of_day = 0;
    *days = micros == TIMESTAMP_INFINITY ? DATE_INFINITY : DATE_MINUS_INFINITY;
    if (!timestamp_is_finite(micros)) return;
    *days = (int32_t)day;
    *micros_of_day = micros - day * MICROS_PER_DAY;
}

bool timestamp_make(int64_t *out, int32_t days, int64_t micros_of_day)
{
    if (!date_is_finite(days)) {
        *out = days == DATE_INFINITY ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY;
        return true;
    }
    if (ckd_mul(out, (int64_t)days, MICROS_PER_DAY) || ckd_add(out, *out, micros_of_day)) return false;
    return timestamp_is_finite(*out);
}

bool timestamp_convert(int64_t value, time_unit from, time_unit to, int64_t *out)
{
    int64_t factor;

    *out = value;
    if (!timestamp_is_finite(value) || from == to) return true;
    if (from > to) {
        *out = floor_divide(value, temporal_per_second(from) / temporal_per_second(to));
        return true;
    }
    factor = temporal_per_second(to) / temporal_per_second(from);
    return !ckd_mul(out, value, factor) && timestamp_is_finite(*out);
}

/* Arithmetic ------------------------------------------------------------------------------------------------------------------ */

bool date_add_months(int32_t date, int64_t months, int32_t *out)
{
    civil_date civil;
    int64_t total, year;
    unsigned month, last;

    *out = date;
    if (!date_is_finite(date)) return true;
    civil = civil_from_days(date);
    if (ckd_add(&total, (int64_t)civil.year * 12 + civil.month - 1, months)) return false;
    year = floor_divide(total, 12);
    month = (unsigned)(total - year * 12) + 1;
    last = civil_days_in_month(year, month);
    return date_make(out, year, month, civil.day < last ? civil.day : last);
}

bool timestamp_add_interval(int64_t micros, interval value, int64_t *out)
{
    int32_t days;
    int64_t of_day, shifted;

    *out = micros;
    if (!timestamp_is_finite(micros)) return true;
    if (value.months) {
        timestamp_split(micros, &days, &of_day);
        if (!date_add_months(days, value.months, &days) || !timestamp_make(out, days, of_day)) return false;
    }
    if (ckd_mul(&shifted, (int64_t)value.days, MICROS_PER_DAY) || ckd_add(out, *out, shifted)) return false;
    if (ckd_add(out, *out, value.micros)) return false;
    return timestamp_is_finite(*out) && *out != INT64_MIN;
}

bool interval_negate(interval value, interval *out)
{
    return !ckd_sub(&out->months, 0, value.months) && !ckd_sub(&out->days, 0, value.days) &&
           !ckd_sub(&out->micros, 0, value.micros);
}

bool interval_add(interval left, interval right, interval *out)
{
    return !ckd_add(&out->months, left.months, right.months) && !ckd_add(&out->days, left.days, right.days) &&
           !ckd_add(&out->micros, left.micros, right.micros);
}

bool interval_multiply(interval value, int64_t factor, interval *out)
{
    return !ckd_mul(&out->months, value.months, factor) && !ckd_mul(&out->days, value.days, factor) &&
           !ckd_mul(&out->micros, value.micros, factor);
}

/* In micros, 30 days a month. */
static int128 interval_length(interval value)
{
    return ((int128)value.months * 30 + value.days) * MICROS_PER_DAY + value.micros;
}

int interval_compare(interval left, interval right)
{
    int128 a = interval_length(left), b = interval_length(right);

    return (a > b) - (a < b);
}

interval interval_normalize(interval value)
{
    int128 length = interval_length(value);
    int128 months = length / (30 * (int128)MICROS_PER_DAY), days;

    /* Only intervals of over 178 million years get here with months cut; what is cut stays in days. */
    if (months > INT32_MAX) months = INT32_MAX;
    if (months < INT32_MIN) months = INT32_MIN;
    length -= months * 30 * MICROS_PER_DAY;
    days = length / MICROS_PER_DAY;
    return (interval){(int32_t)months, (int32_t)days, (int64_t)(length - days * MICROS_PER_DAY)};
}

bool timestamp_subtract(int64_t left, int64_t right, interval *out)
{
    int64_t difference;

    if (!timestamp_is_finite(left) || !timestamp_is_finite(right) || ckd_sub(&difference, left, right)) return false;
    *out = (interval){0, (int32_t)(difference / MICROS_PER_DAY), difference % MICROS_PER_DAY};
    return true;
}

/* Field by field, borrowing from the larger one; a month borrowed is as long as the earlier date's. */
static interval age_between(int64_t later, int64_t earlier)
{
    int32_t late_days, early_days, days, months;
    int64_t late_micros, early_micros, micros;
    civil_date late, early;

    timestamp_split(later, &late_days, &late_micros);
    timestamp_split(earlier, &early_days, &early_micros);
    late = civil_from_days(late_days);
    early = civil_from_days(early_days);
    micros = late_micros - early_micros;
    days = late.day - early.day;
    months = (late.year - early.year) * 12 + late.month - early.month;
    if (micros < 0) micros += MICROS_PER_DAY, days--;
    if (days < 0) days += (int32_t)civil_days_in_month(early.year, early.month), months--;
    return (interval){months, days, micros};
}

bool timestamp_age(int64_t left, int64_t right, interval *out)
{
    if (!timestamp_is_finite(left) || !timestamp_is_finite(right)) return false;
    *out = left >= right ? age_between(left, right) : age_between(right, left);
    return left >= right || interval_negate(*out, out);
}
