/* Hashes for tables in memory: of numbers by shifts and 64-bit products, which vectors have too (compute/hash_slice.h); of bytes by multiply and fold
 * (the two halves of a 128-bit product xored). CRC-32C for bytes on disk.
 * The hashes are the same on every machine and CPU level, but may change between versions: never write them to files. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <string.h>

#include "macros.h"

#define HASH_SEED UINT64_C(0x243f6a8885a308d3) /* digits of pi */
#define HASH_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio */
#define HASH_NULL UINT64_C(0xbf58476d1ce4e5b9) /* the hash of NULL everywhere */

/* High half xor low half of the product. */
static inline BP_WRAPS uint64_t hash_fold(uint64_t left, uint64_t right)
{
    uint128 product = (uint128)left * right;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Each step can be undone, so different values have different hashes. */
static inline BP_WRAPS uint64_t hash_uint64(uint64_t value)
{
    value ^= HASH_SEED;
    value = (value ^ value >> 32) * HASH_MULTIPLIER;
    value = (value ^ value >> 29) * UINT64_C(0xa0761d6478bd642f);
    return value ^ value >> 32;
}
static inline BP_WRAPS uint64_t hash_combine(uint64_t left, uint64_t right)
{
    return hash_uint64(left * UINT64_C(0xe7037ed1a0b428db) + right);
}
static inline uint64_t hash_uint128(uint128 value)
{
    return hash_combine(hash_uint64((uint64_t)value), (uint64_t)(value >> 64));
}
/* -0.0 like 0.0, every NaN like every other: equal values hash alike. */
static inline uint64_t hash_double(double value)
{
    uint64_t bits = UINT64_C(0x7ff8000000000000);

    if (value == 0)
        bits = 0;
    else if (value == value)
        memcpy(&bits, &value, 8);
    return hash_uint64(bits);
}

/* Any bytes; size 0 is fine with data NULL. */
uint64_t hash_bytes(const void *data, size_t size);

/* CRC-32C (Castagnoli) of `size` more bytes after those that gave `crc`; begin with 0. */
uint32_t hash_crc32c(uint32_t crc, const void *data, size_t size);

#endif
