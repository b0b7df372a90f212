/* Texts against a pattern of literal parts: what LIKE without _ is, and contains(), starts_with(), ends_with(). */
#ifndef COMPUTE_MATCH_H
#define COMPUTE_MATCH_H

#include "base/find.h"
#include "kernel.h"

#define MATCH_PARTS 6

typedef struct match_pattern {
    string_view prefix, suffix;        /* where the text begins and ends, without overlapping */
    string_view parts[MATCH_PARTS];    /* between them, in this order; none is empty */
    size_t part_count;
    size_t least;                      /* bytes that a text must have: the sum of all */
    bool whole;                        /* nothing else may be in the text: it is the prefix */
    uint32_t head, head_mask;          /* the first bytes of the prefix, as they lie in string_ref.prefix */
    uint64_t tail, tail_mask;          /* the last bytes of the suffix, as they lie in the last eight of a text */
} match_pattern;

match_pattern match_prefix(string_view prefix);
match_pattern match_suffix(string_view suffix);
match_pattern match_part(string_view part);
/* A pattern of literal text and %, which stands for any text; false: it has too many parts. */
bool match_parse(match_pattern *out, string_view pattern);

/* Parts are searched by `find`: string_find() for one who can wait. */
typedef size_t (*match_find)(const void *context, string_view text, string_view needle);
bool match_text(const match_pattern *pattern, string_view text, match_find find, const void *context);
#define MATCH_LONG ((size_t)4 << 20) /* bytes of a text that are left to match_text() */
/* Set the bits of the rows from `begin` on that match, in `out` which was zero there. It stops behind a megabyte of text, that the caller may look at the
 * clock, and before a text of over MATCH_LONG bytes; returns the row to go on with: `rows` at the end. */
size_t match_texts(uint64_t *out, const match_pattern *pattern, const string_ref *texts, size_t begin, size_t rows);

#endif
