/* Compiler-dependent marks, in one place. */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bedplate/core.h"

#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define MUST_USE __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define NO_INLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Functions whose unsigned arithmetic wraps on purpose: hashes, random numbers, bit tricks. */
#if defined(__clang__)
#define BP_WRAPS __attribute__((no_sanitize("integer")))
#else
#define BP_WRAPS
#endif

/* Whether the address sanitizer watches, and what it is told: these bytes are nobody's, these are somebody's. */
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#ifdef ADDRESS_SANITIZER
void __asan_poison_memory_region(const volatile void *address, size_t size);
void __asan_unpoison_memory_region(const volatile void *address, size_t size);
#define FENCE(address, size) __asan_poison_memory_region(address, size)
#define UNFENCE(address, size) __asan_unpoison_memory_region(address, size)
#else
#define ADDRESS_SANITIZER 0
#define FENCE(address, size) ((void)0)
#define UNFENCE(address, size) ((void)0)
#endif

/* CHECK states what must hold whatever the input is. It stops test builds (BEDPLATE_CHECKS) and is gone from shipped ones. */
/* gcc vectorises at -O3 alone; clang at -O2 as well. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((optimize("O3")))
#else
#define VECTORISED
#endif

#ifdef BEDPLATE_CHECKS
#define CHECK(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define CHECK(condition) ((void)0)
#endif

/* Checked arithmetic on sizes: true when the result does not fit, and then *out is not to be used. */
#define ckd_add(out, left, right) __builtin_add_overflow(left, right, out)
#define ckd_sub(out, left, right) __builtin_sub_overflow(left, right, out)
#define ckd_mul(out, left, right) __builtin_mul_overflow(left, right, out)

typedef __int128 int128;
typedef unsigned __int128 uint128;

#endif
