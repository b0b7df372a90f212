/* What Unicode says of a character: case, class, width, grapheme clusters, base letters. Tables by tools/generate_unicode. */
#ifndef TEXT_UNICODE_H
#define TEXT_UNICODE_H

#include "base/bytes.h"
#include "text/utf8.h"

extern const char unicode_version[]; /* "14.0.0" */

/* Simple (one to one) case mappings; 'ß' goes up to 'ẞ', as in DuckDB. */
uint32_t unicode_upper(uint32_t code_point);
uint32_t unicode_lower(uint32_t code_point);
uint32_t unicode_title(uint32_t code_point);

bool unicode_is_alpha(uint32_t code_point); /* L*, Nl: letters */
bool unicode_is_digit(uint32_t code_point); /* Nd */
bool unicode_is_numeric(uint32_t code_point); /* Nd, Nl, No */
bool unicode_is_space(uint32_t code_point); /* White_Space */
bool unicode_is_upper(uint32_t code_point); /* Lu */
bool unicode_is_lower(uint32_t code_point); /* Ll */
bool unicode_is_punctuation(uint32_t code_point); /* P* */
bool unicode_is_mark(uint32_t code_point); /* M* */

/* General categories, in the order of their letters: Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn. */
#define UNICODE_CATEGORIES 30
#define UNICODE_LAST 0x10ffffu
unsigned unicode_category(uint32_t code_point);
/* The two letters of a category. */
const char *unicode_category_name(unsigned category);
/* The end (exclusive) of a run of code points from `begin` on that lie in one block of the tables and have one category. */
uint32_t unicode_category_run(uint32_t begin);

/* The next in the ring of characters that differ in case only (s -> U+017F -> S -> s); itself when it is alone. */
uint32_t unicode_fold_next(uint32_t code_point);
/* The first code point from `from` on that is in such a ring; UINT32_MAX: none. */
uint32_t unicode_fold_after(uint32_t from);

/* Columns on a terminal: 0 for marks, controls and joiners, 2 for wide and full-width East Asian characters and emoji, else 1. */
unsigned unicode_width(uint32_t code_point);
/* Of a text, by grapheme clusters (an emoji sequence counts 2). */
size_t unicode_text_width(string_view text);

/* The end of the grapheme cluster that begins at byte `begin` (UAX #29, extended clusters, without the Indic conjunct rule). */
size_t unicode_grapheme_end(string_view text, size_t begin);
size_t unicode_grapheme_count(string_view text);

/* Append `text` mapped. False: the builder failed. */
bool unicode_append_upper(builder *out, string_view text);
bool unicode_append_lower(builder *out, string_view text);
bool unicode_append_reversed(builder *out, string_view text); /* by grapheme clusters */
/* Canonical decomposition without marks (M*), as DuckDB's strip_accents: 'é' -> 'e'; Hangul stays. */
bool unicode_append_unaccented(builder *out, string_view text);

#endif
