/* Where one of a few short needles first stands in a text, in one pass over it.
 *
 * Each needle has a bit. Three of its bytes (the first, the second and the one at which the shortest needle ends) are looked up in three tables, which say
 * whose bytes they could be; a place where all three leave a bit is compared. With SIMD the tables are of half bytes, and 32 or 64 places take one step. */
#ifndef BASE_FIND_SET_H
#define BASE_FIND_SET_H

#include "string.h"

#define FIND_SET_NEEDLES 8
#define FIND_SET_BYTES 23 /* of a needle */

typedef struct find_set find_set;
typedef size_t (*find_set_kernel)(const find_set *set, const char *text, size_t size);

struct find_set {
    size_t count, least; /* needles; the bytes of the shortest */
    bool no_case; /* ASCII letters of the text stand for both cases; needles are in lower case */
    uint8_t sizes[FIND_SET_NEEDLES];
    char needles[FIND_SET_NEEDLES][FIND_SET_BYTES + 1];
    size_t offsets[3]; /* of the bytes that are looked up */
    uint8_t bits[3][256]; /* needles that may have the byte there */
    uint8_t low[3][16], high[3][16]; /* the same by half bytes, which together allow no less */
    find_set_kernel kernel; /* of the processor's level */
};

/* 1 … FIND_SET_NEEDLES needles of 1 … FIND_SET_BYTES bytes. */
void find_set_init(find_set *out, const string_view *needles, size_t count, bool no_case);
/* The first place of any, or SIZE_MAX. */
static inline size_t find_set_place(const find_set *set, string_view text)
{
    return text.size < set->least ? SIZE_MAX : set->kernel(set, text.data, text.size);
}

/* Whether a needle stands at `place`, which is at or before the last one where the shortest fits. */
bool find_set_has(const find_set *set, const char *text, size_t size, size_t place);

#endif
