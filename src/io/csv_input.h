/* The text of a CSV file: opened, decompressed, turned into UTF-8. Pipes are copied to a temporary file first, so that every input can be read
 * more than once. */
#ifndef IO_CSV_INPUT_H
#define IO_CSV_INPUT_H

#include "base/file.h"
#include "io/codec.h"
#include "io/csv.h"

typedef struct csv_input {
    bp_context *context;
    file own, *file; /* file: own, or that of the input it was opened beside. An input is not moved while it is open */
    uint64_t raw_position; /* next byte of the file */
    codec_decoder *decoder;
    csv_encoding encoding;
    bool big_endian; /* UTF-16 */
    char *raw; /* bytes of the file, then decompressed bytes still to be turned into UTF-8 */
    size_t raw_begin, raw_end;
    char *coded;
    size_t coded_begin, coded_end;
    bool raw_ended, decoder_ended;
} csv_input;

/* Open and look at the first bytes: a compressed file (by its name or its bytes), UTF-16 by its mark. kept: an open input of the same path
 * (a pipe cannot be opened twice) whose file is used, or NULL. */
MUST_USE bp_status csv_input_open(csv_input *out, bp_context *context, string_view path, const csv_input *kept,
                                  csv_compression compression, csv_encoding encoding, bp_error *err);
void csv_input_close(csv_input *input); /* a zeroed one is fine */
/* Whether the text is the file's bytes as they are: then csv_input_read_at() works, from several threads at once. */
bool csv_input_is_plain(const csv_input *input);
MUST_USE bp_status csv_input_read_at(csv_input *input, uint64_t offset, char *out, size_t size, size_t *count, bp_error *err);
/* The next bytes of text, up to `size`; *count 0: the end. One thread. */
MUST_USE bp_status csv_input_read(csv_input *input, char *out, size_t size, size_t *count, bp_error *err);

#endif
