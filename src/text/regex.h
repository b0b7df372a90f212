/* Regular expressions in linear time: RE2's syntax and meaning (leftmost match, the alternatives in their order; no back references), over UTF-8.
 *
 * Also from RE2: \d \w \s \b and [[:name:]] know ASCII only, \pL and \p{Lu} are Unicode's general categories (scripts are not known), `.` does not
 * match a line feed unless (?s), ^ and $ are the ends of the text unless (?m), flags (?imsU-imsU) and (?i:…), names (?P<name>…) and (?<name>…),
 * \Q…\E, counts up to 1000. Without case: Unicode's simple folding. */
#ifndef TEXT_REGEX_H
#define TEXT_REGEX_H

#include "base/bytes.h"
#include "base/cancel.h"
#include "base/memory.h"
#include "base/string.h"

typedef struct regex regex;

enum regex_flags {
    REGEX_NO_CASE = 1,
    REGEX_DOT_NEWLINE = 2, /* `.` matches a line feed too */
    REGEX_LITERAL = 4, /* the pattern is plain text */
    REGEX_WHOLE = 8 /* only the whole text may match */
};

/* Bytes [begin, end) of the text; begin SIZE_MAX: the group took no part. */
typedef struct regex_span {
    size_t begin, end;
} regex_span;

/* Compile. A regex keeps the automaton's states as it meets them and is for one thread at a time. BP_BAD_ARGUMENT: what is wrong with the
 * pattern; BP_LIMIT: it is too large. */
MUST_USE bp_status regex_new(regex **out, memory *memory, string_view pattern, unsigned flags, bp_error *err);
void regex_free(regex *regex); /* NULL is fine */

/* Groups in parentheses, the whole not counted; the name of one (from 1), empty when it has none. */
unsigned regex_group_count(const regex *regex);
string_view regex_group_name(const regex *regex, unsigned group);

/* Whether the valid UTF-8 `text` (under 4 GiB) holds a match. `cancel` may be NULL. */
MUST_USE bp_status regex_test(regex *regex, string_view text, bool *found, cancel *cancel, bp_error *err);
/* The first match that begins at byte `from` or later; what stands before `from` is seen by ^ and \b. spans[0] is the match, spans[1] … the groups;
 * count >= 1 of them are filled. */
MUST_USE bp_status regex_find(regex *regex, string_view text, size_t from, regex_span *spans, size_t count, bool *found,
                              cancel *cancel, bp_error *err);

/* `text` with a backslash before each ASCII character that is no letter, digit or underscore: a pattern for that text. */
bool regex_append_escaped(builder *out, string_view text);

#endif
