/* The primitives of string functions that are worth a kernel. Text is UTF-8; positions and counts named "characters" are code points; given
 * bytes that are not UTF-8 they stay within them and the answer means nothing. */
#ifndef COMPUTE_TEXT_KERNEL_H
#define COMPUTE_TEXT_KERNEL_H

#include "kernel.h"

/* The byte where `needle` first stands at or behind byte `begin`, or SIZE_MAX. An empty needle stands at `begin`. Linear time. */
size_t text_find(string_view text, string_view needle, size_t begin);
size_t text_occurrences(string_view text, string_view needle); /* without overlap; 0 for an empty needle */
/* Whether each row contains, begins or ends with the needle; rows without a value give 0. */
void text_contains_slice(uint64_t *out, const string_ref *values, string_view needle, const uint64_t *validity, size_t rows);
void text_starts_slice(uint64_t *out, const string_ref *values, string_view needle, const uint64_t *validity, size_t rows);
void text_ends_slice(uint64_t *out, const string_ref *values, string_view needle, const uint64_t *validity, size_t rows);

size_t text_characters(string_view text);
bool text_is_ascii(string_view text);
/* The byte where character `index` (from 0) begins; the size when there are no more. */
size_t text_offset(string_view text, size_t index);
/* Of each row; rows without a value give any. */
void text_characters_slice(int64_t *out, const string_ref *values, const uint64_t *validity, size_t rows);
void text_bytes_slice(int64_t *out, const string_ref *values, size_t rows);

/* SQL's substring by characters: `start` from 1, negative from the end, 0 one before the first; a negative length takes what is before. */
string_view text_substring(string_view text, int64_t start, int64_t length);
/* A row's part as a string_ref without a copy: long parts point into the text. */
string_ref text_part(string_view part);

/* ASCII letters mapped, all other bytes as they are; out may be in. */
void text_lower_ascii(char *out, const char *in, size_t size);
void text_upper_ascii(char *out, const char *in, size_t size);

/* Without the characters of `set` (by code points) at the front, the back. */
string_view text_trim_front(string_view text, string_view set);
string_view text_trim_back(string_view text, string_view set);
/* Field `index` (from 1; negative from the end) of text cut at `separator`; empty when there is none. An empty separator: the whole is field 1. */
string_view text_split_part(string_view text, string_view separator, int64_t index);
/* Writers: the exact size first, then the bytes into that much room. SIZE_MAX: too large. */
size_t text_repeat_size(string_view text, uint64_t times);
void text_repeat(char *out, string_view text, uint64_t times);
size_t text_replace_size(string_view text, string_view from, string_view to);
void text_replace(char *out, string_view text, string_view from, string_view to);
void text_reverse_characters(char *out, string_view text); /* code points */
/* The text cut or filled to `characters` with characters of `fill` in turn, at the front (lpad) or the back. An empty fill fills nothing. */
size_t text_pad_size(string_view text, size_t characters, string_view fill);
void text_pad(char *out, string_view text, size_t characters, string_view fill, bool at_front);

#endif
