/* The hash of bytes (16 bytes a step through the multiply-and-fold of hash.h, two lanes for long input), and CRC-32C. */
#include "cpu.h"
#include "hash.h"

#define KEY0 UINT64_C(0xa0761d6478bd642f)
#define KEY1 UINT64_C(0xe7037ed1a0b428db)
#define KEY2 UINT64_C(0x8ebc6af09c88c6e3)

static inline uint64_t load64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, 8);
    return value;
}

static inline uint64_t load32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, 4);
    return value;
}

uint64_t hash_bytes(const void *data, size_t size)
{
    const uint8_t *at = data;
    uint64_t low, high, left = HASH_SEED, right = HASH_SEED ^ KEY2;
    size_t rest = size;

    if (size <= 16) {
        low = high = 0;
        if (size >= 8)
            low = load64(at), high = load64(at + size - 8);
        else if (size >= 4)
            low = load32(at), high = load32(at + size - 4);
        else if (size > 0)
            low = (uint64_t)at[0] << 16 | (uint64_t)at[size >> 1] << 8 | at[size - 1];
    } else {
        for (; rest > 32; rest -= 32, at += 32) {
            left = hash_fold(load64(at) ^ KEY0, load64(at + 8) ^ left);
            right = hash_fold(load64(at + 16) ^ KEY1, load64(at + 24) ^ right);
        }
        left ^= right;
        if (rest > 16) left = hash_fold(load64(at) ^ KEY0, load64(at + 8) ^ left);
        at += rest;
        low = load64(at - 16), high = load64(at - 8); /* the last 16 bytes, read twice in part */
    }
    return hash_fold(hash_fold(low ^ KEY1, high ^ left) ^ KEY2, (uint64_t)size ^ KEY0);
}

/* CRC-32C: polynomial 0x1EDC6F41, reflected 0x82F63B78. A nibble at a time without tables that would need making; the SSE4.2 instruction
 * where there is one. */
static uint32_t crc32c_plain(uint32_t crc, const uint8_t *data, size_t size)
{
    static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                       0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
__attribute__((target("sse4.2,crc32"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *data, size_t size)
{
    uint64_t wide = crc;

    for (; size >= 8; size -= 8, data += 8) wide = __builtin_ia32_crc32di(wide, load64(data));
    for (crc = (uint32_t)wide; size > 0; size--) crc = __builtin_ia32_crc32qi(crc, *data++);
    return crc;
}
#endif

uint32_t hash_crc32c(uint32_t crc, const void *data, size_t size)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    if (cpu_level() >= CPU_SSE42) return ~crc32c_sse42(~crc, data, size);
#endif
    return ~crc32c_plain(~crc, data, size);
}
