/* Exact integers for the rare cases of reading and printing floating-point numbers that 128 bits do not decide. */
#include "number_internal.h"

const uint64_t number_powers64[20] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

const power128 number_powers[POWER_LAST - POWER_FIRST + 1] = {
#include "number_powers.inc"
};

void big_set(big *number, uint64_t value)
{
    number->limbs[0] = value;
    number->count = value != 0;
}

static void push(big *number, uint64_t limb)
{
    CHECK(number->count < BIG_LIMBS);
    if (limb && number->count < BIG_LIMBS) number->limbs[number->count++] = limb;
}

void big_multiply_add(big *number, uint64_t factor, uint64_t addend)
{
    uint64_t carry = addend;

    for (unsigned i = 0; i < number->count; i++) {
        uint128 product = (uint128)number->limbs[i] * factor + carry;

        number->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    push(number, carry);
}

void big_multiply_power5(big *number, unsigned power)
{
    for (; power >= 27; power -= 27) big_multiply_add(number, UINT64_C(7450580596923828125), 0); /* 5^27 */
    for (; power > 0; power--) big_multiply_add(number, 5, 0);
}

void big_shift_left(big *number, unsigned bits)
{
    unsigned limbs = bits / 64;

    if (number->count == 0) return;
    if (bits % 64) big_multiply_add(number, UINT64_C(1) << (bits % 64), 0);
    CHECK(number->count + limbs <= BIG_LIMBS);
    if (limbs == 0 || number->count + limbs > BIG_LIMBS) return;
    memmove(number->limbs + limbs, number->limbs, number->count * sizeof *number->limbs);
    memset(number->limbs, 0, limbs * sizeof *number->limbs);
    number->count += limbs;
}

int big_compare(const big *left, const big *right)
{
    if (left->count != right->count) return left->count < right->count ? -1 : 1;
    for (unsigned i = left->count; i-- > 0;) {
        if (left->limbs[i] != right->limbs[i]) return left->limbs[i] < right->limbs[i] ? -1 : 1;
    }
    return 0;
}

uint64_t big_divide(big *number, uint64_t divisor)
{
    uint64_t rest = 0;

    for (unsigned i = number->count; i-- > 0;) {
        uint128 part = (uint128)rest << 64 | number->limbs[i];

        number->limbs[i] = (uint64_t)(part / divisor);
        rest = (uint64_t)(part % divisor);
    }
    while (number->count && number->limbs[number->count - 1] == 0) number->count--;
    return rest;
}
