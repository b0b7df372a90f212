/* Matching names against patterns: no recursion, no memory; the last star is the only point to go back to, so the time is at most
 * pattern * text. */
#include "glob.h"
#include "glob_internal.h"

#define NO_STAR SIZE_MAX

/* One character of UTF-8 and its size; a byte that is not UTF-8 is a character of its own, outside Unicode. */
static uint32_t character_at(string_view text, size_t at, size_t *size)
{
    unsigned char first = (unsigned char)text.data[at];
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    uint32_t character = more ? first & (0x3fu >> more) : first;

    *size = 1;
    if (first < 0x80) return first;
    if (!more || first >= 0xf8 || text.size - at <= more) return 0x110000u + first;
    for (size_t i = 1; i <= more; i++) {
        unsigned char byte = (unsigned char)text.data[at + i];
        if ((byte & 0xc0) != 0x80) return 0x110000u + first;
        character = character << 6 | (byte & 0x3fu);
    }
    *size = more + 1;
    return character;
}

/* The end of a set that begins at `at` ('['): the index of its ']', or 0: none. The first character may be ']' itself. */
static size_t set_end(string_view pattern, size_t at)
{
    size_t i = at + 1;

    if (i < pattern.size && (pattern.data[i] == '!' || pattern.data[i] == '^')) i++;
    if (i < pattern.size && pattern.data[i] == ']') i++;
    for (; i < pattern.size; i++)
        if (pattern.data[i] == ']') return i;
    return 0;
}

static bool set_has(string_view set, uint32_t wanted)
{
    bool negative = set.size > 0 && (set.data[0] == '!' || set.data[0] == '^');
    size_t i = negative ? 1 : 0, size;

    while (i < set.size) {
        uint32_t low = character_at(set, i, &size), high = low;

        i += size;
        if (i + 1 < set.size && set.data[i] == '-') {
            high = character_at(set, i + 1, &size);
            i += 1 + size;
        }
        if (wanted >= low && wanted <= high) return !negative;
    }
    return negative;
}

/* One character of the text against one element of the pattern that is not a star; both move on when they match. */
static bool match_one(string_view pattern, size_t *pattern_at, string_view text, size_t *text_at)
{
    size_t at = *pattern_at, size, end;
    uint32_t character = character_at(text, *text_at, &size);

    if (at >= pattern.size) return false;
    if (pattern.data[at] == '?') {
        end = at;
    } else if (pattern.data[at] == '[' && (end = set_end(pattern, at))) {
        if (!set_has(string_view_slice(pattern, at + 1, end), character)) return false;
    } else {
        end = at + (pattern.data[at] == '\\' && at + 1 < pattern.size);
        size = 1;
        if (pattern.data[end] != text.data[*text_at]) return false;
    }
    *pattern_at = end + 1;
    *text_at += size;
    return true;
}

bool glob_match_component(string_view pattern, string_view text)
{
    size_t pattern_at = 0, text_at = 0, star = NO_STAR, star_text = 0, size;

    if (text.size && text.data[0] == '.' && !string_starts_with(pattern, STRING_VIEW("."))) return false;
    while (text_at < text.size) {
        if (pattern_at < pattern.size && pattern.data[pattern_at] == '*') {
            star = ++pattern_at;
            star_text = text_at;
        } else if (!match_one(pattern, &pattern_at, text, &text_at)) {
            if (star == NO_STAR) return false;
            character_at(text, star_text, &size);
            star_text += size; /* the star takes one more */
            pattern_at = star;
            text_at = star_text;
        }
    }
    while (pattern_at < pattern.size && pattern.data[pattern_at] == '*') pattern_at++;
    return pattern_at == pattern.size;
}

bool glob_next_component(string_view path, size_t *at, string_view *out)
{
    size_t begin = *at, end;

    while (begin < path.size && path.data[begin] == '/') begin++;
    for (end = begin; end < path.size && path.data[end] != '/';) end++;
    *at = end;
    *out = string_view_slice(path, begin, end);
    return end > begin;
}

bool glob_is_double_star(string_view component)
{
    return string_equal(component, STRING_VIEW("**"));
}

/* What stands at a double star's place in the text must not be hidden. */
static bool may_skip(string_view component)
{
    return component.data[0] != '.';
}

bool glob_match(string_view pattern, string_view text)
{
    size_t pattern_at = 0, text_at = 0, star = NO_STAR, star_text = 0;
    string_view wanted, component;

    if (string_starts_with(pattern, STRING_VIEW("/")) != string_starts_with(text, STRING_VIEW("/"))) return false;
    for (;;) {
        size_t next_pattern = pattern_at, next_text = text_at;
        bool has_wanted = glob_next_component(pattern, &next_pattern, &wanted);
        bool has_text = glob_next_component(text, &next_text, &component);

        if (has_wanted && glob_is_double_star(wanted)) {
            pattern_at = star = next_pattern;
            star_text = text_at;
            if (!has_text && !glob_next_component(pattern, &next_pattern, &wanted))
                return false; /* at the end it means files below */
        } else if (has_wanted && has_text && glob_match_component(wanted, component)) {
            pattern_at = next_pattern;
            text_at = next_text;
        } else if (!has_wanted && !has_text) {
            return true;
        } else {
            if (star == NO_STAR || !glob_next_component(text, &star_text, &component) || !may_skip(component)) return false;
            pattern_at = star;
            text_at = star_text;
        }
    }
}

bool glob_is_pattern(string_view text)
{
    for (size_t i = 0; i < text.size; i++)
        if (memchr("*?[{", text.data[i], 4)) return true;
    return false;
}
