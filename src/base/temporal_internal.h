/* Parts shared by the files of base/temporal. */
#ifndef BASE_TEMPORAL_INTERNAL_H
#define BASE_TEMPORAL_INTERNAL_H

#include "temporal.h"

/* Rounded down; divisor > 0. */
static inline int64_t floor_divide(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0);
}

/* Digits at *at, `most` at the most; how many there were. Longer runs than 18 digits must not be asked for. */
static inline unsigned take_digits(const char **at, const char *end, unsigned most, int64_t *value)
{
    const char *start = *at;

    *value = 0;
    while (*at < end && (unsigned)(*at - start) < most && ascii_is_digit((unsigned char)**at))
        *value = *value * 10 + (*(*at)++ - '0');
    return (unsigned)(*at - start);
}

/* A fraction's digits behind the point, as `digits` of them: ".5" is 500000 with 6. More are passed over. */
int64_t take_fraction(const char **at, const char *end, unsigned digits);

/* [+-]HH[[:]MM[[:]SS]] at *at; false: nothing taken. */
bool take_offset(const char **at, const char *end, int32_t *seconds);
/* A zone's name: letters, digits, '/', '_', '+', '-'. */
string_view take_zone_name(const char **at, const char *end);

#endif
