/* Half precision (IEEE 754 binary16): values are carried as uint16_t and computed with as double. */
#ifndef COLUMN_FLOAT16_H
#define COLUMN_FLOAT16_H

#include "base/macros.h"

#include <string.h>

/* Exact: every half is a double. */
static inline double float16_value(uint16_t bits)
{
    uint64_t sign = (uint64_t)(bits >> 15) << 63, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    double value;
    uint64_t word;

    if (exponent == 0) { /* zero and subnormals: fraction * 2^-24 */
        value = (double)fraction / 16777216.0;
        return sign ? -value : value;
    }
    word = sign | (exponent == 31 ? (uint64_t)2047 : exponent + 1008) << 52 | fraction << 42;
    memcpy(&value, &word, sizeof value);
    return value;
}

#endif
