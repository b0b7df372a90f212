/* The structural index of a piece of CSV text: where its fields end.
 *
 *   text    1,"x,y",z\n2,…      ends: the positions of the delimiters and row ends that are outside quotes, in rising order.
 *           ^ begin             A field's text lies between two of them; which of them end rows is read from the text itself.
 *
 * Two ways give the same ends. The quick one takes 64 bytes at a time: masks of quotes, delimiters and line feeds, and a prefix-xor of
 * the quotes that tells what is inside. That is right as long as every quote opens a field or closes one; the masks check just that, and
 * at the first doubt the caller turns to the other, a state machine that takes byte after byte and knows all dialects (csv_rows.c).
 * Levels: plain C (64 bytes by words), AVX2, AVX-512; chosen by cpu_level().
 *
 * Where nothing but the number of rows is wanted no ends are written: csv_count.c counts, and checks that each row has the wanted number of fields.
 *
 * Measured (one core, Zen 5, TPC-H lineitem): see bench/RESULTS.md. */
#ifndef IO_CSV_INDEX_H
#define IO_CSV_INDEX_H

#include "base/macros.h"

/* What the quick scan needs of a dialect; a dialect outside that (delimiter of several bytes, escape other than the quote) has none. */
typedef struct csv_marks {
    char delimiter;
    char new_line; /* '\n', or '\r' for files that have only those */
    char quote; /* when there is none: the delimiter, and has_quote false */
    char comment; /* when there is none: the delimiter, and has_comment false */
    bool has_quote, has_comment;
} csv_marks;

/* State between calls; zeroed at a row start, with after_separator = 1. */
typedef struct csv_index_state {
    uint64_t in_quote; /* 0, or all ones: inside quotes */
    uint64_t after_separator; /* 0 or 1: the byte before was a separator (or the text begins here) */
    uint64_t after_closing; /* … was a closing quote */
    uint64_t after_return; /* … was a carriage return outside quotes */
    uint64_t escapes; /* nonzero: a doubled quote was seen */
    uint64_t non_ascii; /* nonzero: a byte over 127 was seen */
    size_t new_lines; /* row ends so far */
} csv_index_state;

/* Append the ends in text[begin, end) to ends[0..]; returns their number, or SIZE_MAX: the text is irregular (state and ends are then of no
 * use). `ends` has room for end - begin + 64 more. The 64 bytes behind `end` can be read. Positions fit 32 bits. */
typedef size_t csv_index_function(const char *text, size_t begin, size_t end, const csv_marks *marks, csv_index_state *state,
                                  uint32_t *ends);

csv_index_function csv_index_plain, csv_index_avx2, csv_index_avx512;
csv_index_function *csv_index_best(void);

/* Rows counted: all of `columns` fields. */
typedef struct csv_count_state {
    csv_index_state index; /* as above; its new_lines are the rows so far */
    size_t left; /* delimiters still to come in the present row: columns - 1 at a row start */
} csv_count_state;

/* Count the row ends in text[begin, end); false: the text is irregular, or a row has more or fewer fields (the state is then of no use). The 64
 * bytes behind `end` can be read. */
typedef bool csv_count_function(const char *text, size_t begin, size_t end, const csv_marks *marks, size_t columns,
                                csv_count_state *state);

csv_count_function csv_count_plain, csv_count_avx2, csv_count_avx512;
csv_count_function *csv_count_best(void);

/* The masks of 64 bytes and what follows from them: the same for all levels. */
typedef struct csv_masks {
    uint64_t quotes, delimiters, new_lines, returns, comments;
} csv_masks;

/* From the masks, the separators outside quotes. `inside` is the prefix-xor of the quotes, before the carry; `count` of the 64 bytes
 * are there (the caller's masks are zero behind them). *irregular collects doubts. */
static ALWAYS_INLINE uint64_t csv_index_step(const csv_masks *masks, uint64_t inside, unsigned count, csv_index_state *state,
                                             bool return_is_new_line, uint64_t *irregular)
{
    uint64_t valid = count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
    uint64_t separators, opening, closing, after_closing, returns, doubts;
    unsigned last = count - 1;

    inside ^= state->in_quote;
    state->in_quote = (uint64_t)((int64_t)inside >> 63);
    separators = (masks->delimiters | masks->new_lines) & ~inside;
    opening = masks->quotes & inside;
    closing = masks->quotes & ~inside;
    returns = return_is_new_line ? 0 : masks->returns & ~inside;
    after_closing = closing << 1 | state->after_closing;
    /* a quote opens a field, or is the second of two; after the closing one comes a separator, a quote, or the CR of a CRLF */
    doubts = opening & ~(separators << 1 | state->after_separator | after_closing);
    doubts |= after_closing & ~(separators | opening | returns);
    doubts |= (returns << 1 | state->after_return) & ~masks->new_lines;
    doubts |= masks->comments & ~inside;
    *irregular |= doubts & valid;
    state->new_lines += (size_t)__builtin_popcountll(masks->new_lines & ~inside);
    state->escapes |= opening & after_closing;
    state->after_separator = separators >> last & 1;
    state->after_closing = closing >> last & 1;
    state->after_return = returns >> last & 1;
    return separators;
}

/* From the separators of 64 bytes and which of them end rows: nonzero when a row has not `columns` fields. */
static ALWAYS_INLINE uint64_t csv_count_step(uint64_t separators, uint64_t new_lines, size_t columns, size_t *left)
{
    uint64_t wrong = 0;
    size_t done = 0;

    for (; new_lines; new_lines &= new_lines - 1) {
        size_t seen = (size_t)__builtin_popcountll(separators & (new_lines ^ (new_lines - 1)));
        wrong |= (seen - done - 1) ^ *left;
        done = seen;
        *left = columns - 1;
    }
    *left -= (size_t)__builtin_popcountll(separators) - done; /* below 0: too many, and the row end shows it */
    return wrong;
}

#endif
