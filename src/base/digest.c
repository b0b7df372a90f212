/* Three digests over one frame: blocks of 64 bytes go into a state of 32-bit words; the last one is filled up with a bit 1, zeros, and the number of bits.
 * MD5 is little-endian, the others big-endian. Written after the standards' text. */
#include "digest.h"

#include "cancel.h"

#include <string.h>

#define BLOCK 64
#define CHECK_BLOCKS 16384 /* a megabyte */

typedef void (*block_function)(uint32_t *state, const uint8_t block[BLOCK]);

static inline uint32_t rotate_left(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}
static inline uint32_t load_big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static inline uint32_t load_little(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void digest_blocks(uint32_t *state, const void *data, size_t size, bool big, block_function step, const memory *account)
{
    const uint8_t *at = data;
    uint8_t last[2 * BLOCK] = {0};
    size_t left = size % BLOCK, padded = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)size * 8;

    for (size_t i = 0; i < size / BLOCK; i++) {
        if (i % CHECK_BLOCKS == 0 && i && account && cancel_check_of(account, NULL) != BP_OK) return;
        step(state, at + i * BLOCK);
    }
    if (left) memcpy(last, at + (size - left), left);
    last[left] = 0x80;
    for (unsigned i = 0; i < 8; i++) last[padded - 1 - (big ? i : 7 - i)] = (uint8_t)(bits >> (8 * i));
    for (size_t i = 0; i < padded; i += BLOCK) step(state, last + i);
}

static void store_words(uint8_t *out, const uint32_t *state, size_t count, bool big)
{
    for (size_t i = 0; i < 4 * count; i++) out[i] = (uint8_t)(state[i / 4] >> (8 * (big ? 3 - i % 4 : i % 4)));
}

/* MD5 ------------------------------------------------------------------------------------------------------------------------------------ */
/* floor(2^32 * |sin(i + 1)|) */
static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
    0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
    0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
    0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t md5_turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static BP_WRAPS void md5_block(uint32_t *state, const uint8_t block[BLOCK])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

    for (unsigned i = 0; i < 64; i++) {
        static const uint8_t factors[4] = {1, 5, 3, 7}, offsets[4] = {0, 1, 5, 0};
        unsigned round = i / 16, word = (factors[round] * i + offsets[round]) % 16;
        uint32_t mixed = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
        uint32_t turned = rotate_left(a + mixed + md5_sines[i] + load_little(block + 4 * word), md5_turns[round][i % 4]);
        a = d, d = c, c = b, b += turned;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

void digest_md5(uint8_t out[MD5_SIZE], const void *data, size_t size, const memory *account)
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

    digest_blocks(state, data, size, false, md5_block, account);
    store_words(out, state, 4, false);
}

/* SHA-1 ---------------------------------------------------------------------------------------------------------------------------------- */
static BP_WRAPS void sha1_block(uint32_t *state, const uint8_t block[BLOCK])
{
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (unsigned i = 0; i < 16; i++) words[i] = load_big(block + 4 * i);
    for (unsigned i = 16; i < 80; i++) words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        unsigned round = i / 20;
        uint32_t mixed = round == 0 ? (b & c) | (~b & d) : round == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t next = rotate_left(a, 5) + mixed + e + constants[round] + words[i];
        e = d, d = c, c = rotate_left(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void digest_sha1(uint8_t out[SHA1_SIZE], const void *data, size_t size, const memory *account)
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

    digest_blocks(state, data, size, true, sha1_block, account);
    store_words(out, state, 5, true);
}

/* SHA-256 -------------------------------------------------------------------------------------------------------------------------------- */
/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t sha256_roots[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t turn(uint32_t value, unsigned bits)
{
    return rotate_left(value, 32 - bits);
}

static BP_WRAPS void sha256_block(uint32_t *state, const uint8_t block[BLOCK])
{
    uint32_t words[64], now[8];

    for (unsigned i = 0; i < 16; i++) words[i] = load_big(block + 4 * i);
    for (unsigned i = 16; i < 64; i++) {
        uint32_t far = words[i - 15], near = words[i - 2];
        words[i] = words[i - 16] + (turn(far, 7) ^ turn(far, 18) ^ far >> 3) + words[i - 7] +
                   (turn(near, 17) ^ turn(near, 19) ^ near >> 10);
    }
    memcpy(now, state, sizeof now);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t a = now[0], b = now[1], c = now[2], e = now[4], f = now[5], g = now[6];
        uint32_t first = now[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + sha256_roots[i] + words[i];
        uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        memmove(now + 1, now, 7 * sizeof *now);
        now[4] += first;
        now[0] = first + second;
    }
    for (unsigned i = 0; i < 8; i++) state[i] += now[i];
}

void digest_sha256(uint8_t out[SHA256_SIZE], const void *data, size_t size, const memory *account)
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    digest_blocks(state, data, size, true, sha256_block, account);
    store_words(out, state, 8, true);
}
