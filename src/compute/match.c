/* A pattern's parts are taken apart once; a row then costs its prefix and suffix a comparison, of which the prefix is decided by the four bytes in the
 * string_ref for nearly all rows, and each part a search by base/find.h from where the part before it was found: the leftmost place of each part leaves
 * the others the most room, so one pass decides. */
#include "match.h"

#define PAUSE ((size_t)1 << 20) /* bytes */

/* The first bytes of the prefix, at most four, as a word to compare under a mask. */
static void set_head(match_pattern *pattern)
{
    size_t size = pattern->prefix.size < 4 ? pattern->prefix.size : 4;

    if (!size) return;
    memset(&pattern->head_mask, 0xff, size);
    memcpy(&pattern->head, pattern->prefix.data, size);
}

match_pattern match_prefix(string_view prefix)
{
    match_pattern pattern = {.prefix = prefix, .least = prefix.size};

    set_head(&pattern);
    return pattern;
}

match_pattern match_suffix(string_view suffix)
{
    return (match_pattern){.suffix = suffix, .least = suffix.size};
}

match_pattern match_part(string_view part)
{
    return (match_pattern){.parts = {part}, .part_count = part.size > 0, .least = part.size};
}

static size_t next_wildcard(string_view text, size_t from)
{
    while (from < text.size && text.data[from] != '%') from++;
    return from;
}

bool match_parse(match_pattern *out, string_view pattern)
{
    size_t begin = next_wildcard(pattern, 0), end;

    *out = match_prefix(string_view_slice(pattern, 0, begin));
    out->whole = begin == pattern.size;
    for (; begin < pattern.size; begin = end) {
        string_view part;
        end = next_wildcard(pattern, ++begin);
        part = string_view_slice(pattern, begin, end);
        out->least += part.size;
        if (end == pattern.size) {
            out->suffix = part;
        } else if (part.size) {
            if (out->part_count == MATCH_PARTS) return false;
            out->parts[out->part_count++] = part;
        }
    }
    return true;
}

/* What is between the text's prefix and suffix; false: they are not there. */
static inline bool take_ends(const match_pattern *pattern, string_view *text)
{
    const char *end;

    if (text->size < pattern->least || (pattern->whole && text->size != pattern->least)) return false;
    if (pattern->prefix.size && memcmp(text->data, pattern->prefix.data, pattern->prefix.size) != 0) return false;
    end = text->data + (text->size - pattern->suffix.size);
    if (pattern->suffix.size && memcmp(end, pattern->suffix.data, pattern->suffix.size) != 0) return false;
    *text = (string_view){text->data + pattern->prefix.size, text->size - pattern->prefix.size - pattern->suffix.size};
    return true;
}

static inline bool matches(const match_pattern *pattern, string_view text, find_kernel find)
{
    if (!take_ends(pattern, &text)) return false;
    for (size_t i = 0; i < pattern->part_count; i++) {
        const string_view *part = &pattern->parts[i];
        size_t place = part->size <= text.size ? find(text.data, text.size, part->data, part->size) : SIZE_MAX;
        if (place == SIZE_MAX) return false;
        text = string_view_slice(text, place + part->size, text.size);
    }
    return true;
}

bool match_text(const match_pattern *pattern, string_view text, match_find find, const void *context)
{
    if (!text.size) text.data = "";
    if (!take_ends(pattern, &text)) return false;
    for (size_t i = 0; i < pattern->part_count; i++) {
        size_t place = find(context, text, pattern->parts[i]);
        if (place == SIZE_MAX) return false;
        text = string_view_slice(text, place + pattern->parts[i].size, text.size);
    }
    return true;
}

/* Bytes behind a short text are zero, which a longer prefix may have too: `least` is looked at as well. */
static inline bool head_fits(const match_pattern *pattern, const string_ref *text)
{
    uint32_t head;

    memcpy(&head, text->prefix, 4);
    return (head & pattern->head_mask) == pattern->head;
}

size_t match_texts(uint64_t *out, const match_pattern *pattern, const string_ref *texts, size_t begin, size_t rows)
{
    find_kernel find = find_kernel_here();
    size_t row = begin, bytes = 0;

    while (row < rows && bytes < PAUSE) {
        size_t word = row / 64, end = word * 64 + 64 < rows ? word * 64 + 64 : rows;
        uint64_t bits = 0;
        for (; row < end && bytes < PAUSE; row++) {
            const string_ref *text = &texts[row];
            if ((bytes += text->size) > MATCH_LONG && text->size > MATCH_LONG) break;
            if (head_fits(pattern, text) && matches(pattern, string_ref_view(text), find)) bits |= UINT64_C(1) << (row % 64);
        }
        out[word] |= bits;
    }
    return row;
}
