/* A pattern's parts are taken apart once; a row then costs its prefix and suffix a comparison, of which the prefix is decided by the four bytes in the
 * string_ref for nearly all rows, and each part a search by base/find.h from where the part before it was found: the leftmost place of each part leaves
 * the others the most room, so one pass decides. A suffix is decided likewise by the text's last eight
 * bytes. */
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

/* The last bytes of the suffix, at most eight, likewise. */
static void set_tail(match_pattern *pattern)
{
    size_t size = pattern->suffix.size < 8 ? pattern->suffix.size : 8;

    if (!size) return;
    memset((char *)&pattern->tail_mask + 8 - size, 0xff, size);
    memcpy((char *)&pattern->tail + 8 - size, pattern->suffix.data + pattern->suffix.size - size, size);
}

match_pattern match_prefix(string_view prefix)
{
    match_pattern pattern = {.prefix = prefix, .least = prefix.size};

    set_head(&pattern);
    return pattern;
}

match_pattern match_suffix(string_view suffix)
{
    match_pattern pattern = {.suffix = suffix, .least = suffix.size};

    set_tail(&pattern);
    return pattern;
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
            set_tail(out);
        } else if (part.size) {
            if (out->part_count == MATCH_PARTS) return false;
            out->parts[out->part_count++] = part;
        }
    }
    return true;
}

/* Of any size; the usual ones by two words that overlap. */
static inline bool same_bytes(const char *left, const char *right, size_t size)
{
    uint64_t a[2], b[2];

    if (size < 8 || size > 16) return memcmp(left, right, size) == 0;
    memcpy(&a[0], left, 8), memcpy(&a[1], left + size - 8, 8);
    memcpy(&b[0], right, 8), memcpy(&b[1], right + size - 8, 8);
    return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

static inline bool ends_so(const match_pattern *pattern, string_view text)
{
    const char *end = text.data + text.size;
    uint64_t tail;

    if (!pattern->suffix.size) return true;
    if (text.size < 8) return memcmp(end - pattern->suffix.size, pattern->suffix.data, pattern->suffix.size) == 0;
    memcpy(&tail, end - 8, 8);
    if ((tail & pattern->tail_mask) != pattern->tail) return false;
    return pattern->suffix.size <= 8 || same_bytes(end - pattern->suffix.size, pattern->suffix.data, pattern->suffix.size - 8);
}

/* What is between the text's prefix and suffix; false: they are not there. */
static inline bool take_ends(const match_pattern *pattern, string_view *text)
{
    if (text->size < pattern->least || (pattern->whole && text->size != pattern->least)) return false;
    if (pattern->prefix.size && !same_bytes(text->data, pattern->prefix.data, pattern->prefix.size)) return false;
    if (!ends_so(pattern, *text)) return false;
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
