/* Two passes: sizes make the offsets, then each text is copied to its offset, so that neither waits for the other's memory.
 *
 * Most texts are short, and a copy of a fixed size is cheaper than a call or a branch on the size: it may write past its text, where the next one follows. The
 * entries of a dictionary of short texts are therefore laid out first in slots of 16, 32 or 64 bytes, their sizes in a byte each (which stay in the first
 * cache), and a row is one copy of a slot; NULL rows copy one as well, which the next row's text covers. A dictionary is known again by its owner in the next
 * batch. Who has no memory for slots does without. */
#include "arrow_texts.h"

#define MOST_SLOTTED ((size_t)ARROW_TEXTS_SPARE)
#define MOST_SLOT_BYTES ((size_t)1 << 20) /* they shall stay in the second cache */
#define LEAST_REPEATS 2 /* rows an entry: else laying out the slots takes as long as is gained */

/* Slots ------------------------------------------------------------------------------------------------------------------------------- */
static void slots_clear(arrow_slots *slots)
{
    if (slots->slots) memory_free(slots->memory, slots->slots, slots->size);
    region_release(slots->owner);
    *slots = (arrow_slots){0};
}

void arrow_kept_clear(arrow_kept *kept)
{
    for (size_t i = 0; i < ARROW_KEPT_DICTIONARIES; i++) slots_clear(&kept->dictionaries[i]);
    kept->next = 0;
}

static size_t stride_of(const column *dictionary)
{
    const string_ref *refs = dictionary->values;
    size_t most = 0;

    for (size_t i = 0; i < dictionary->length; i++) most = refs[i].size > most ? refs[i].size : most;
    return most <= 16 ? 16 : most <= 32 ? 32 : most <= MOST_SLOTTED ? MOST_SLOTTED : 0;
}

static void lay_out(arrow_slots *slots, const column *dictionary, size_t stride)
{
    const string_ref *refs = dictionary->values;
    size_t entries = dictionary->length;
    uint8_t *sizes;

    slots->size = entries * (stride + 1);
    slots->slots = memory_allocate(slots->memory, slots->size);
    if (!slots->slots) return;
    slots->stride = stride;
    slots->sizes = sizes = (uint8_t *)slots->slots + entries * stride;
    for (size_t i = 0; i < entries; i++) {
        char *slot = slots->slots + i * stride;
        if (refs[i].size) memcpy(slot, string_ref_data(&refs[i]), refs[i].size);
        memset(slot + refs[i].size, 0, stride - refs[i].size);
        sizes[i] = (uint8_t)refs[i].size;
    }
}

/* The slots of a dictionary that has an owner, made now or before; NULL: there are none. */
static const arrow_slots *slots_for(arrow_kept *kept, const column *dictionary, size_t rows, memory *memory)
{
    size_t entries = dictionary->length, stride;
    arrow_slots *slots;

    if (!dictionary->owner) return NULL;
    for (size_t i = 0; i < ARROW_KEPT_DICTIONARIES; i++) {
        slots = &kept->dictionaries[i];
        if (slots->owner == dictionary->owner && slots->dictionary == dictionary->values) return slots->stride ? slots : NULL;
    }
    if (entries == 0 || entries > rows / LEAST_REPEATS || entries > MOST_SLOT_BYTES / 16) return NULL;
    slots = &kept->dictionaries[kept->next++ % ARROW_KEPT_DICTIONARIES];
    slots_clear(slots);
    *slots = (arrow_slots){.owner = region_retain(dictionary->owner), .dictionary = dictionary->values, .memory = memory};
    stride = stride_of(dictionary);
    if (stride && entries <= MOST_SLOT_BYTES / stride) lay_out(slots, dictionary, stride);
    return slots->stride ? slots : NULL;
}

arrow_texts arrow_texts_of(const column *in, arrow_kept *kept, memory *memory)
{
    arrow_texts texts = {.refs = in->values, .validity = in->validity, .rows = in->length};

    if (in->encoding != COLUMN_DICTIONARY) return texts;
    texts.refs = in->children[0].values;
    texts.codes = in->values;
    texts.slots = slots_for(kept, &in->children[0], in->length, memory);
    return texts;
}

/* Offsets ----------------------------------------------------------------------------------------------------------------------------- */
/* `size_of` is of row i, and 0 where the row is NULL. */
#define SUM_SIZES(size_of)                                                                                                         \
    for (size_t i = 0; i < rows; i++) {                                                                                            \
        size_t size = (size_of);                                                                                                   \
        offsets[i] = (int32_t)total;                                                                                               \
        total += validity ? size & (size_t)-(int64_t)bitmap_get(validity, i) : size;                                               \
    }

size_t arrow_texts_offsets(const arrow_texts *texts, int32_t *offsets)
{
    const string_ref *refs = texts->refs;
    const uint32_t *codes = texts->codes;
    const uint64_t *validity = texts->validity;
    size_t rows = texts->rows, total = 0;

    if (texts->slots) {
        const uint8_t *sizes = texts->slots->sizes;
        SUM_SIZES(sizes[codes[i]])
    } else if (codes) {
        SUM_SIZES(validity && !bitmap_get(validity, i) ? 0 : refs[codes[i]].size)
    } else {
        SUM_SIZES(refs[i].size)
    }
    offsets[rows] = (int32_t)total;
    return total;
}

/* Bytes ------------------------------------------------------------------------------------------------------------------------------- */
static ALWAYS_INLINE void lay_slots(const arrow_texts *texts, const int32_t *offsets, char *bytes, size_t stride)
{
    const uint32_t *codes = texts->codes;
    const char *slots = texts->slots->slots;
    size_t rows = texts->rows;

    for (size_t i = 0; i < rows; i++) memcpy(bytes + offsets[i], slots + codes[i] * stride, stride);
}

/* Two copies of a fixed size, which may overlap. Up to 12 bytes are written for less. */
static inline void lay_text(char *to, const string_ref *ref, size_t size)
{
    if (size <= STRING_REF_INLINE) {
        memcpy(to, string_ref_data(ref), STRING_REF_INLINE);
    } else if (size <= 16) {
        memcpy(to, ref->pointer, 8);
        memcpy(to + size - 8, ref->pointer + size - 8, 8);
    } else if (size <= 32) {
        memcpy(to, ref->pointer, 16);
        memcpy(to + size - 16, ref->pointer + size - 16, 16);
    } else {
        memcpy(to, ref->pointer, size);
    }
}

/* A size of 0 may be a NULL's, whose code need not be one. */
static void lay_refs(const arrow_texts *texts, const int32_t *offsets, char *bytes)
{
    for (size_t i = 0; i < texts->rows; i++) {
        size_t size = (size_t)(offsets[i + 1] - offsets[i]);
        if (size) lay_text(bytes + offsets[i], &texts->refs[texts->codes ? texts->codes[i] : i], size);
    }
}

void arrow_texts_lay(const arrow_texts *texts, const int32_t *offsets, char *bytes)
{
    switch (texts->slots ? texts->slots->stride : 0) {
    case 16: lay_slots(texts, offsets, bytes, 16); break;
    case 32: lay_slots(texts, offsets, bytes, 32); break;
    case MOST_SLOTTED: lay_slots(texts, offsets, bytes, MOST_SLOTTED); break;
    default: lay_refs(texts, offsets, bytes); break;
    }
}
