/* Numbers of up to 8 bytes as unsigned numbers of the same order, and back: NaN greatest, -0.0 before 0.0, so that equal keys are equal bits. */
#ifndef EXPR_AGGREGATE_KEYS_H
#define EXPR_AGGREGATE_KEYS_H

#include <string.h>

#include "base/macros.h"

#define KEY_SIGN ((uint64_t)1 << 63)

static inline uint64_t key_of_double(double value)
{
    uint64_t bits;

    value = value != value ? __builtin_nan("") : value;
    memcpy(&bits, &value, sizeof bits);
    return bits & KEY_SIGN ? ~bits : bits | KEY_SIGN;
}

static inline double double_of_key(uint64_t key)
{
    uint64_t bits = key & KEY_SIGN ? key ^ KEY_SIGN : ~key;
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t key_of_integer(int64_t value)
{
    return (uint64_t)value ^ KEY_SIGN;
}

static inline int64_t integer_of_key(uint64_t key)
{
    return (int64_t)(key ^ KEY_SIGN);
}

#endif
