/* Parts shared by the files of base/number: the table of powers, pairs of digits, exact big integers. */
#ifndef BASE_NUMBER_INTERNAL_H
#define BASE_NUMBER_INTERNAL_H

#include "number.h"

#define POWER_FIRST (-342)
#define POWER_LAST 324

typedef struct power128 {
    uint64_t high, low;
} power128;

/* The top 128 bits of 10^k, cut; exact for 0 <= k <= 55. */
extern const power128 number_powers[POWER_LAST - POWER_FIRST + 1];
extern const uint64_t number_powers64[20]; /* 10^0 … 10^19 */
/* "00" "01" … "99". */
extern const char number_digit_pairs[201];

static inline power128 power_of_ten(int k)
{
    return number_powers[k - POWER_FIRST];
}

static inline power128 multiply64(uint64_t left, uint64_t right)
{
    uint128 product = (uint128)left * right;

    return (power128){(uint64_t)(product >> 64), (uint64_t)product};
}

static inline unsigned count_digits64(uint64_t value)
{
    unsigned guess = value ? ((64 - (unsigned)__builtin_clzll(value)) * 1233) >> 12 : 0;

    return guess + (value >= number_powers64[guess]) + (value == 0);
}

/* Write exactly `count` digits of value. */
void number_write_digits(char *out, uint64_t value, unsigned count);

/* Unsigned integers of up to 4,096 bits: 768 digits times 2^1076, or 10^1111 times 2^54, both below 2^3,750. */
#define BIG_LIMBS 64

typedef struct big {
    uint64_t limbs[BIG_LIMBS]; /* low first */
    unsigned count;            /* limbs in use, the top one not 0 */
} big;

void big_set(big *number, uint64_t value);
void big_multiply_add(big *number, uint64_t factor, uint64_t addend);
void big_multiply_power5(big *number, unsigned power);
void big_shift_left(big *number, unsigned bits);
int big_compare(const big *left, const big *right);
/* Divide by divisor, return the rest. */
uint64_t big_divide(big *number, uint64_t divisor);

#endif
