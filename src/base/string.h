/* Borrowed text: a pointer and a length, not NUL-terminated. */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include <string.h>

#include "macros.h"

typedef struct string_view {
    const char *data; /* may be NULL when size is 0 */
    size_t size;
} string_view;

/* A string_view of a literal, and the two printf arguments for "%.*s" (cut at INT_MAX). */
#define STRING_VIEW(literal) ((string_view){"" literal, sizeof(literal) - 1})
#define STRING_ARGUMENTS(view) (int)((view).size > 0x7fffffff ? 0x7fffffff : (view).size), (view).data

static inline string_view string_view_of(const char *text)
{
    return (string_view){text, text ? strlen(text) : 0};
}

static inline string_view string_view_slice(string_view text, size_t begin, size_t end)
{
    CHECK(begin <= end && end <= text.size);
    return (string_view){text.data + begin, end - begin};
}

static inline bool string_equal(string_view left, string_view right)
{
    return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

/* Negative, 0, positive: by bytes, which for UTF-8 is code point order; a prefix comes first. */
int string_compare(string_view left, string_view right);

/* The same ignoring the case of ASCII letters: names and keywords of SQL. */
bool string_equal_nocase(string_view left, string_view right);
int string_compare_nocase(string_view left, string_view right);
bool string_starts_with(string_view text, string_view prefix);
bool string_ends_with(string_view text, string_view suffix);

/* ASCII only, whatever the locale. */
static inline bool ascii_is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool ascii_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_is_alpha(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
static inline unsigned char ascii_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}
static inline unsigned char ascii_upper(unsigned char c)
{
    return c >= 'a' && c <= 'z' ? (unsigned char)(c & ~0x20) : c;
}

string_view string_trim(string_view text); /* without ASCII white space at both ends */

/* Number of edits (insert, delete, replace, swap of neighbours) between two names, for "did you mean"; texts over 64 bytes count
 * as far apart (returns 1000). ASCII case is ignored. */
size_t string_edit_distance(string_view left, string_view right);

#endif
