/* LIKE and ILIKE: a pattern compiled once, matched many times in linear time for practical patterns (no backtracking over more than one %).
 *
 *   %  any text      _  one character (code point)      the escape character, if any, takes the next one literally
 *
 * A pattern is cut at its % into segments. The first is anchored at the beginning, the last at the end, the others are searched from left to
 * right, each at its first place. ILIKE folds case by simple mappings (unicode_lower()); ASCII pieces by bytes. */
#ifndef COMPUTE_LIKE_H
#define COMPUTE_LIKE_H

#include "base/arena.h"
#include "kernel.h"

typedef enum like_kind { LIKE_EXACT, LIKE_PREFIX, LIKE_SUFFIX, LIKE_CONTAINS, LIKE_ANY, LIKE_GENERAL } like_kind;

typedef struct like_segment {
    const char *bytes; /* literal characters; one 0 byte for each _ */
    const bool *any; /* one a byte: it stands for _; NULL: no _ in the segment */
    size_t size; /* bytes */
    size_t characters;
} like_segment;

typedef struct like_pattern {
    like_kind kind;
    bool fold; /* ILIKE */
    bool open_front, open_back; /* begins, ends with % */
    const like_segment *segments; /* not empty ones, without % */
    size_t segment_count;
    size_t minimum; /* bytes that a match has at least (0 when folding) */
} like_pattern;

/* escape: one character (any code point) as text, or size 0: none. BP_BAD_ARGUMENT: an escape of more than one character, or a pattern that
 * ends with it. The pattern and `text` it refers to live in `arena`. */
MUST_USE bp_status like_compile(like_pattern *out, string_view pattern, string_view escape, bool fold, arena *arena, bp_error *err);
/* Linear in text for a pattern without _; at worst text times pattern. */
bool like_matches(const like_pattern *pattern, string_view text);
/* Bits of the matching rows; rows without a value are not looked at and give 0. */
void like_slice(uint64_t *out, const like_pattern *pattern, const string_ref *values, const uint64_t *validity, size_t rows);

#endif
