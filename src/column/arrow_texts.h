/* Texts as Arrow's utf8 and binary have them: offsets, and the bytes of all rows one behind the other. */
#ifndef COLUMN_ARROW_TEXTS_H
#define COLUMN_ARROW_TEXTS_H

#include "column.h"

#define ARROW_TEXTS_SPARE 64 /* bytes behind the last text that arrow_texts_lay() may write */
#define ARROW_KEPT_DICTIONARIES 16

/* A dictionary of short texts: its entries side by side, `stride` bytes each, then their sizes, a byte each. */
typedef struct arrow_slots {
    region *owner; /* retained, so that it is known again; NULL: none */
    const void *dictionary; /* its values */
    memory *memory;
    char *slots;
    const uint8_t *sizes;
    size_t size, stride; /* stride 0: it is not worth it, or its texts are long */
} arrow_slots;

/* What the exports of one thread keep for the next batch. A zeroed one keeps nothing yet. */
typedef struct arrow_kept {
    arrow_slots dictionaries[ARROW_KEPT_DICTIONARIES];
    size_t next; /* to be replaced */
} arrow_kept;

void arrow_kept_clear(arrow_kept *kept);

/* Texts of a FLAT or DICTIONARY column, on their way. */
typedef struct arrow_texts {
    const string_ref *refs;
    const uint32_t *codes; /* NULL: a text a row */
    const uint64_t *validity;
    size_t rows;
    const arrow_slots *slots; /* NULL: none */
} arrow_texts;

arrow_texts arrow_texts_of(const column *in, arrow_kept *kept, memory *memory);
/* rows + 1 offsets; returns the bytes of all texts. Beyond INT32_MAX the offsets are of no use. */
size_t arrow_texts_offsets(const arrow_texts *texts, int32_t *offsets);
/* The bytes, to where the offsets say; ARROW_TEXTS_SPARE bytes behind the last one may be written too. */
void arrow_texts_lay(const arrow_texts *texts, const int32_t *offsets, char *bytes);

#endif
