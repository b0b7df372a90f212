/* Random numbers that can be reproduced: Philox4x32-10 (Salmon et al., SC'11), a counter put through a keyed bijection.
 *
 * Number i of stream s under a seed is a pure function of (seed, s, i), so any piece of work can make its own numbers, whatever thread
 * it runs on and in whatever order. Streams of one seed do not overlap (2^64 streams of 2^64 blocks of 128 bits). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "macros.h"

typedef struct random_stream {
    uint64_t seed;
    uint64_t stream;
    uint64_t counter;  /* the next block */
    uint32_t words[4]; /* the present block */
    unsigned left;     /* words not yet used: the last `left` of them */
    bool has_normal;
    double normal;     /* the second of a pair */
} random_stream;

/* The bijection: 10 rounds. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
/* Block `index` (128 bits) of a stream. */
void random_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);

random_stream random_new(uint64_t seed, uint64_t stream);
/* Go to block `index` (four 32-bit words a block). */
void random_seek(random_stream *random, uint64_t index);
/* A seed for a part of the work with streams of its own: a hash of (seed, name), the same every time. */
uint64_t random_split(uint64_t seed, uint64_t name);

/* A seed from the system's randomness, another one each time. */
uint64_t random_system_seed(void);

uint32_t random_uint32(random_stream *random);
uint64_t random_uint64(random_stream *random);
/* 0 … bound-1, every one equally likely; bound > 0. */
uint64_t random_below(random_stream *random, uint64_t bound);
/* Multiples of 2^-53 in [0, 1). */
double random_double(random_stream *random);
/* Normal with mean 0 and deviation 1 (polar method). */
double random_normal(random_stream *random);
/* The doubles that random_double() of block i, i+1, … would give: two a block; for filling columns in parallel. */
void random_fill_double(uint64_t seed, uint64_t stream, uint64_t first, double *out, size_t count);

#endif
