/* Reading and writing flatbuffers; see the header. All numbers are little-endian, which our machines are. */
#include "ipc_flatbuffer.h"

#define VTABLE_HEADER 4
#define SLOTS_MOST 32 /* of a table that is written */

/* Reading -------------------------------------------------------------------------------------------------------------------------------- */
static bool within(const flat_bytes *bytes, size_t at, size_t size)
{
    return at <= bytes->size && size <= bytes->size - at;
}

static uint64_t load(flat_bytes *bytes, size_t at, unsigned width)
{
    uint64_t value = 0;

    if (!within(bytes, at, width)) {
        bytes->broken = true;
        return 0;
    }
    memcpy(&value, bytes->data + at, width);
    return value;
}

static int64_t extend(uint64_t value, unsigned width)
{
    unsigned shift = 64 - 8 * width;

    return (int64_t)(value << shift) >> shift;
}

static flat_table absent(flat_bytes *bytes)
{
    return (flat_table){.bytes = bytes};
}

static flat_table open_table(flat_bytes *bytes, size_t at)
{
    int64_t back = extend(load(bytes, at, 4), 4), vtable = (int64_t)at - back;
    size_t size;

    if (bytes->broken || at == 0 || at > INT64_MAX / 2 || vtable < 0 || !within(bytes, (size_t)vtable, VTABLE_HEADER)) goto bad;
    size = (size_t)load(bytes, (size_t)vtable, 2);
    if (size < VTABLE_HEADER || !within(bytes, (size_t)vtable, size)) goto bad;
    return (flat_table){bytes, at, (size_t)vtable, (size - VTABLE_HEADER) / 2};
bad:
    bytes->broken = true;
    return absent(bytes);
}

/* Where the offset at `at` leads. */
static size_t follow(flat_bytes *bytes, size_t at)
{
    size_t distance = (size_t)load(bytes, at, 4);

    if (distance == 0 || !within(bytes, at, distance)) bytes->broken = true;
    return bytes->broken ? 0 : at + distance;
}

flat_table flat_root(flat_bytes *bytes)
{
    size_t at = follow(bytes, 0);

    return bytes->broken ? absent(bytes) : open_table(bytes, at);
}

/* The place of a field; 0: it has its default. */
static size_t field_place(const flat_table *table, unsigned slot)
{
    size_t place;

    if (table->at == 0 || slot >= table->slots) return 0;
    place = (size_t)load(table->bytes, table->vtable + VTABLE_HEADER + 2 * slot, 2);
    return place ? table->at + place : 0;
}

int64_t flat_integer(const flat_table *table, unsigned slot, unsigned width, int64_t fallback)
{
    size_t place = field_place(table, slot);

    return place ? extend(load(table->bytes, place, width), width) : fallback;
}

flat_table flat_child(const flat_table *table, unsigned slot)
{
    size_t place = field_place(table, slot), at = place ? follow(table->bytes, place) : 0;

    return at ? open_table(table->bytes, at) : absent(table->bytes);
}

flat_vector flat_elements(const flat_table *table, unsigned slot, size_t width)
{
    size_t place = field_place(table, slot), at = place ? follow(table->bytes, place) : 0, count, size;

    if (!at) return (flat_vector){.bytes = table->bytes};
    count = (size_t)load(table->bytes, at, 4);
    if (ckd_mul(&size, count, width) || !within(table->bytes, at + 4, size)) {
        table->bytes->broken = true;
        return (flat_vector){.bytes = table->bytes};
    }
    return (flat_vector){table->bytes, at + 4, count};
}

string_view flat_text(const flat_table *table, unsigned slot)
{
    flat_vector text = flat_elements(table, slot, 1);

    return text.count ? (string_view){(const char *)text.bytes->data + text.at, text.count} : STRING_VIEW("");
}

flat_table flat_element_table(const flat_vector *vector, size_t index)
{
    size_t at = index < vector->count ? follow(vector->bytes, vector->at + 4 * index) : 0;

    return at ? open_table(vector->bytes, at) : absent(vector->bytes);
}

int64_t flat_element_integer(const flat_vector *vector, size_t index, size_t width, size_t offset, unsigned bytes)
{
    if (index >= vector->count) {
        vector->bytes->broken = true;
        return 0;
    }
    return extend(load(vector->bytes, vector->at + index * width + offset, bytes), bytes);
}

/* Writing -------------------------------------------------------------------------------------------------------------------------------- */
static void put(builder *out, size_t at, unsigned width, int64_t value)
{
    if (out->status == BP_OK && at + width <= out->size) memcpy(out->data + at, &value, width);
}

static uint64_t get(const builder *out, size_t at, unsigned width)
{
    uint64_t value = 0;

    if (out->status == BP_OK && at + width <= out->size) memcpy(&value, out->data + at, width);
    return value;
}

/* Zeros until the size leaves `rest` when divided by `alignment`. */
static void align(builder *out, size_t alignment, size_t rest)
{
    builder_fill(out, 0, (rest + alignment - out->size % alignment) % alignment);
}

void flat_write_root(builder *out)
{
    builder_fill(out, 0, 4);
}

void flat_link_root(builder *out, size_t target)
{
    put(out, 0, 4, (int64_t)target);
}

static unsigned width_of(const flat_field *field)
{
    return field->width ? field->width : 4;
}

/* The widest fields first, so that each is aligned: the table begins 4 bytes behind a multiple of 8. */
size_t flat_write_table(builder *out, const flat_field *fields, size_t count)
{
    uint16_t places[SLOTS_MOST] = {0};
    size_t slots = count ? fields[count - 1].slot + 1 : 0, size = 4, vtable_size = VTABLE_HEADER + 2 * slots, table;

    for (unsigned width = 8; width; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (width_of(&fields[i]) != width) continue;
            places[fields[i].slot] = (uint16_t)size;
            size += width;
        }
    }
    align(out, 8, (12 - vtable_size % 8) % 8);
    builder_append(out, &(uint16_t){(uint16_t)vtable_size}, 2);
    builder_append(out, &(uint16_t){(uint16_t)size}, 2);
    builder_append(out, places, 2 * slots);
    table = out->size;
    builder_append(out, &(int32_t){(int32_t)vtable_size}, 4);
    builder_fill(out, 0, size - 4);
    for (size_t i = 0; i < count; i++)
        if (fields[i].width) put(out, table + places[fields[i].slot], fields[i].width, fields[i].value);
    return table;
}

size_t flat_write_vector(builder *out, size_t count, size_t width)
{
    size_t at;

    align(out, width % 8 ? 4 : 8, width % 8 ? 0 : 4);
    at = out->size;
    builder_append(out, &(uint32_t){(uint32_t)count}, 4);
    builder_fill(out, 0, count * width);
    return at;
}

size_t flat_write_text(builder *out, string_view text)
{
    size_t at;

    align(out, 4, 0);
    at = out->size;
    builder_append(out, &(uint32_t){(uint32_t)text.size}, 4);
    builder_text(out, text);
    builder_byte(out, 0);
    return at;
}

static void link_place(builder *out, size_t place, size_t target)
{
    put(out, place, 4, (int64_t)(target - place));
}

void flat_link(builder *out, size_t table, unsigned slot, size_t target)
{
    size_t vtable = table - (size_t)get(out, table, 4);

    link_place(out, table + (size_t)get(out, vtable + VTABLE_HEADER + 2 * slot, 2), target);
}

void flat_link_element(builder *out, size_t vector, size_t index, size_t target)
{
    link_place(out, vector + 4 + 4 * index, target);
}

void flat_put_element(builder *out, size_t vector, size_t index, size_t width, size_t offset, unsigned bytes, int64_t value)
{
    put(out, vector + 4 + index * width + offset, bytes, value);
}
