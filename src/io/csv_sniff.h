/* The sniffer's parts; see csv_sniff.c. */
#ifndef IO_CSV_SNIFF_H
#define IO_CSV_SNIFF_H

#include "io/csv_internal.h"

/* Rows of a sample, by the quick scan where the text is regular, else by the state machine: field f of row r ends at ends[rows[r].first + f]. */
typedef struct csv_sample_row {
    csv_row_shape shape;
    size_t first;
} csv_sample_row;

typedef struct csv_sample {
    memory *memory;
    csv_window *window;
    csv_numbers ends, found; /* found: scratch */
    csv_sample_row *rows;
    size_t count, capacity;
} csv_sample;

MUST_USE bp_status csv_sample_read(csv_sample *sample, const csv_dialect *dialect, size_t begin, size_t row_limit,
                                   size_t byte_limit, bp_error *err);
void csv_sample_clear(csv_sample *sample);
/* The raw text of a field. */
string_view csv_sample_field(const csv_sample *sample, const csv_dialect *dialect, size_t row, size_t field);

/* Dialect of the window's text from `begin`: what the options leave open. *first_row is where the header or first row begins, *fields how many
 * fields rows have, *ragged whether some have others. */
typedef struct csv_dialect_result {
    csv_dialect dialect;
    size_t begin;
    size_t field_count;
    bool ragged, mixed_new_lines;
    csv_new_line new_line;
    uint64_t skipped_lines;
} csv_dialect_result;
MUST_USE bp_status csv_sniff_dialect(csv_dialect_result *out, csv_window *window, const csv_options *options, size_t begin,
                                     bp_error *err);

/* Types -------------------------------------------------------------------------------------------------------------------------------- */
/* What the values of a column have in common. */
typedef struct csv_guess {
    uint32_t types; /* bits of csv_sniff_types.c */
    uint32_t formats; /* date and timestamp forms that all fit */
    bool seen; /* there was a value */
} csv_guess;

void csv_guess_init(csv_guess *guess);
/* Take a value (unquoted, not NULL) into account. */
void csv_guess_value(csv_guess *guess, const csv_rules *rules, string_view text);
/* The type of all values so far, and the form of dates and timestamps; VARCHAR when there were none. */
data_type csv_guess_type(const csv_guess *guess, string_view *format);
/* Keep to auto_type_candidates. */
void csv_guess_restrict(csv_guess *guess, const csv_options *options);

#endif
