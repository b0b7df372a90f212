/* The shortest decimal that reads back as the same floating-point number: Schubfach (Giulietti, 2020).
 *
 * A number c * 2^q owns the interval of reals that round to it. With k = floor(log10(2^q)) there is a multiple of 10^k in it, and at most
 * one of 10^(k+1). Scaled by 4 * 10^-k, with the power of ten rounded up to 128 (64) bits and the product's lost bits kept as one odd bit,
 * the comparisons with the interval's ends are exact. */
#include "number_internal.h"

static int floor_log2_power10(int k)
{
    return (k * 1741647) >> 19;
}

/* The 128 bits of 10^k rounded up. */
static power128 power_up(int k)
{
    power128 power = power_of_ten(k);

    if (k < 0 || k > 55) power.high += ++power.low == 0;
    return power;
}

static inline uint64_t round_to_odd(power128 power, uint64_t value)
{
    uint64_t carry = multiply64(power.low, value).high;
    power128 product = multiply64(power.high, value);

    if (ckd_add(&product.low, product.low, carry)) product.high++;
    return product.high | (product.low > 1);
}

static inline uint32_t round_to_odd32(uint64_t power, uint32_t value)
{
    power128 product = multiply64(power, value);

    return (uint32_t)product.high | (product.low >> 32 > 1);
}

/* Choose among the candidates around `scaled` = 4 * value * 10^-k; low and high are the interval's ends, inside it. */
static void choose(uint64_t scaled, uint64_t low, uint64_t high, int k, uint64_t *digits, int *exponent)
{
    uint64_t near = scaled / 4, middle;

    *exponent = k;
    if (near >= 10) {
        uint64_t tens = near / 10;
        bool under = low <= 40 * tens, over = 40 * tens + 40 <= high;

        if (under != over) {
            *digits = tens + over;
            *exponent = k + 1;
            return;
        }
    }
    if ((low <= 4 * near) != (4 * near + 4 <= high)) {
        *digits = near + (4 * near + 4 <= high);
        return;
    }
    middle = 4 * near + 2;
    *digits = near + (scaled > middle || (scaled == middle && (near & 1)));
}

/* At most 16 zeros: by eight, four, two and one. Constants, so that the compiler multiplies instead of dividing. */
static void strip_zeros(uint64_t *digits, int *exponent)
{
    uint64_t value = *digits;

    if (value == 0) return;
#define STRIP(power, count)                                                                                                        \
    if (value % (power) == 0) value /= (power), *exponent += (count)
    STRIP(UINT64_C(100000000), 8);
    STRIP(UINT64_C(100000000), 8);
    STRIP(UINT64_C(10000), 4);
    STRIP(UINT64_C(100), 2);
    STRIP(UINT64_C(10), 1);
#undef STRIP
    *digits = value;
}

void number_shortest_double(double value, uint64_t *digits, int32_t *exponent)
{
    uint64_t bits, mantissa, low, high;
    int power, k, shift;
    bool even, closer;
    power128 ten;

    memcpy(&bits, &value, 8);
    mantissa = bits & ((UINT64_C(1) << 52) - 1);
    power = (int)(bits >> 52 & 0x7ff);
    closer = mantissa == 0 && power > 1; /* a power of two: the neighbour below is nearer */
    mantissa |= power ? UINT64_C(1) << 52 : 0;
    power = (power ? power : 1) - 1075;
    if (power <= 0 && power > -53 && (mantissa & ((UINT64_C(1) << -power) - 1)) == 0) { /* a whole number */
        *digits = mantissa >> -power;
        *exponent = 0;
        strip_zeros(digits, exponent);
        return;
    }
    even = !(mantissa & 1);
    k = (power * 1262611 - (closer ? 524031 : 0)) >> 22;
    shift = power + floor_log2_power10(-k) + 1;
    ten = power_up(-k);
    low = round_to_odd(ten, (4 * mantissa - 2 + closer) << shift) + !even;
    high = round_to_odd(ten, (4 * mantissa + 2) << shift) - !even;
    choose(round_to_odd(ten, 4 * mantissa << shift), low, high, k, digits, exponent);
    strip_zeros(digits, exponent);
}

void number_shortest_float(float value, uint32_t *digits, int32_t *exponent)
{
    uint32_t bits, mantissa, low, high;
    uint64_t ten, wide;
    int power, k, shift;
    bool even, closer;

    memcpy(&bits, &value, 4);
    mantissa = bits & ((UINT32_C(1) << 23) - 1);
    power = (int)(bits >> 23 & 0xff);
    closer = mantissa == 0 && power > 1;
    mantissa |= power ? UINT32_C(1) << 23 : 0;
    power = (power ? power : 1) - 150;
    even = !(mantissa & 1);
    k = (power * 1262611 - (closer ? 524031 : 0)) >> 22;
    shift = power + floor_log2_power10(-k) + 1;
    ten = power_of_ten(-k).high + (-k < 0 || -k > 27);
    low = round_to_odd32(ten, (4 * mantissa - 2 + closer) << shift) + !even;
    high = round_to_odd32(ten, (4 * mantissa + 2) << shift) - !even;
    choose(round_to_odd32(ten, 4 * mantissa << shift), low, high, k, &wide, exponent);
    strip_zeros(&wide, exponent);
    *digits = (uint32_t)wide;
}
