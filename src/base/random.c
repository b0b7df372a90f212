/* Philox4x32-10 and the distributions over it. */
#include "random.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

uint64_t random_system_seed(void)
{
    uint64_t number = 0;

    if (syscall(SYS_getrandom, &number, sizeof number, 0) != (long)sizeof number) /* glibc has the function from 2.25 on only */
        number = (uint64_t)clock_wall_ns() ^ (uint64_t)getpid() << 40;
    return number;
}

BP_WRAPS void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t product0 = (uint64_t)0xd2511f53u * c0, product1 = (uint64_t)0xcd9e8d57u * c2;

        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += 0x9e3779b9u; /* golden ratio */
        k1 += 0xbb67ae85u; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void random_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
    uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

    random_philox(counter, key, out);
}

random_stream random_new(uint64_t seed, uint64_t stream)
{
    return (random_stream){.seed = seed, .stream = stream};
}

void random_seek(random_stream *random, uint64_t index)
{
    random->counter = index;
    random->left = 0;
    random->has_normal = false;
}

uint64_t random_split(uint64_t seed, uint64_t name)
{
    uint32_t out[4];

    /* The highest stream is kept for this, so that a split meets no number of a stream in use. */
    random_block(seed, UINT64_MAX, name, out);
    return (uint64_t)out[1] << 32 | out[0];
}

BP_WRAPS uint32_t random_uint32(random_stream *random)
{
    if (random->left == 0) {
        random_block(random->seed, random->stream, random->counter++, random->words);
        random->left = 4;
    }
    return random->words[4 - random->left--];
}

uint64_t random_uint64(random_stream *random)
{
    uint64_t low = random_uint32(random);

    return (uint64_t)random_uint32(random) << 32 | low;
}

/* Lemire's way: the high half of a product; the few low halves that would make some values likelier are drawn again. */
BP_WRAPS uint64_t random_below(random_stream *random, uint64_t bound)
{
    uint128 product;
    uint64_t reject = (0 - bound) % bound;

    CHECK(bound > 0);
    do {
        product = (uint128)random_uint64(random) * bound;
    } while ((uint64_t)product < reject);
    return (uint64_t)(product >> 64);
}

static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double random_double(random_stream *random)
{
    return unit(random_uint64(random));
}

/* The natural logarithm of a normal number in (0, 1), good to two units in the last place, by the same operations on every processor (a
 * C library's log() may use fused ones where the processor has them): x = m * 2^e with m in [sqrt(1/2), sqrt(2)), then
 * log m = 2 atanh((m - 1) / (m + 1)) by its series. */
static BP_WRAPS double logarithm(double x)
{
    uint64_t bits;
    int power;
    double z, square, sum = 0;

    memcpy(&bits, &x, 8);
    bits -= UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
    power = (int)((int64_t)bits >> 52);
    bits = (bits & ((UINT64_C(1) << 52) - 1)) + UINT64_C(0x3fe6a09e667f3bcd);
    memcpy(&x, &bits, 8);
    z = (x - 1) / (x + 1);
    square = z * z;
    for (int i = 23; i >= 3; i -= 2) sum = (sum + 1.0 / i) * square;
    return power * 0.69314718055994530942 + 2 * z * (1 + sum);
}

double random_normal(random_stream *random)
{
    double x, y, square, factor;

    if (random->has_normal) {
        random->has_normal = false;
        return random->normal;
    }
    do {
        x = 2 * random_double(random) - 1;
        y = 2 * random_double(random) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    factor = __builtin_sqrt(-2 * logarithm(square) / square);
    random->normal = y * factor;
    random->has_normal = true;
    return x * factor;
}

void random_fill_double(uint64_t seed, uint64_t stream, uint64_t first, double *out, size_t count)
{
    uint32_t words[4];

    for (size_t i = 0; i < count; i += 2) {
        random_block(seed, stream, first++, words);
        out[i] = unit((uint64_t)words[1] << 32 | words[0]);
        if (i + 1 < count) out[i + 1] = unit((uint64_t)words[3] << 32 | words[2]);
    }
}
