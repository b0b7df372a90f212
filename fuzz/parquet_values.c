/* Each decoder of page values on any bytes: for every type and encoding, read and passed over in pieces. What comes is valid. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "io/parquet_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
#define SPARE 32
#define PIECE 300

static bp_context *context;

static parquet_leaf leaf_of(unsigned number)
{
    const parquet_leaf leaves[] = {
        {.physical = PARQUET_BOOLEAN, .convert = CONVERT_BIT, .type = type_of(TYPE_BOOLEAN)},
        {.physical = PARQUET_INT32, .convert = CONVERT_NONE, .type = type_of(TYPE_INT32), .stored_width = 4, .width = 4},
        {.physical = PARQUET_INT32, .convert = CONVERT_TO_8, .type = type_of(TYPE_INT8), .stored_width = 4, .width = 1},
        {.physical = PARQUET_INT64, .convert = CONVERT_NONE, .type = type_of(TYPE_INT64), .stored_width = 8, .width = 8},
        {.physical = PARQUET_INT64, .convert = CONVERT_64_MILLI, .type = type_of(TYPE_TIMESTAMP), .stored_width = 8, .width = 8},
        {.physical = PARQUET_INT96, .convert = CONVERT_INT96, .type = type_of(TYPE_TIMESTAMP), .stored_width = 12, .width = 8},
        {.physical = PARQUET_DOUBLE, .convert = CONVERT_NONE, .type = type_of(TYPE_FLOAT64), .stored_width = 8, .width = 8},
        {.physical = PARQUET_BYTE_ARRAY, .convert = CONVERT_REF, .type = type_of(TYPE_VARCHAR), .width = 16},
        {.physical = PARQUET_BYTE_ARRAY, .convert = CONVERT_REF, .type = type_of(TYPE_BLOB), .width = 16},
        {.physical = PARQUET_BYTE_ARRAY, .convert = CONVERT_DECIMAL, .type = type_decimal(30, 2), .width = 16},
        {.physical = PARQUET_FIXED, .convert = CONVERT_DECIMAL, .type = type_decimal(50, 2), .stored_width = 21, .width = 32},
        {.physical = PARQUET_FIXED, .convert = CONVERT_REF, .type = type_of(TYPE_BLOB), .stored_width = 17, .width = 16},
        {.physical = PARQUET_FIXED, .convert = CONVERT_INTERVAL, .type = type_of(TYPE_INTERVAL), .stored_width = 12, .width = 16},
        {.physical = PARQUET_FIXED, .convert = CONVERT_HALF, .type = type_of(TYPE_FLOAT32), .stored_width = 2, .width = 4},
        {.physical = PARQUET_FIXED, .convert = CONVERT_UUID, .type = type_of(TYPE_UUID), .stored_width = 16, .width = 16},
    };

    return leaves[number % ARRAY_LENGTH(leaves)];
}

static bool keep(void *data, region *region)
{
    (void)data, (void)region;
    return true;
}

/* The bytes with room behind them, as pages have. */
static uint8_t *padded(arena *arena, const uint8_t *data, size_t size)
{
    uint8_t *copy = arena_allocate(arena, size + SPARE);

    REQUIRE(copy);
    if (size) memcpy(copy, data, size);
    memset(copy + size, 0, SPARE);
    return copy;
}

/* Every third of `count` codes, looked up; false: they are damaged. */
static bool pick_codes(parquet_reader *reader, const parquet_target *target, size_t count, void *out)
{
    uint32_t selection[7 * (PIECE / 7)];
    size_t wanted = 0;

    for (size_t row = count % 3; row < count; row += 3) selection[wanted++] = (uint32_t)(row + 5);
    return parquet_codes_pick(reader, target, count, selection, 5, wanted, out, NULL) == BP_OK;
}

static void read_values(parquet_reader *reader, const parquet_target *target, unsigned steps)
{
    size_t width = reader->leaf->width;

    for (unsigned i = 0; i < 40; i++) {
        size_t count = (steps >> i % 8 & 7) * (PIECE / 7), bytes = width ? count * width : bitmap_words(count) * 8 + 8;
        uint64_t *values;
        if (i % 3 == 1) {
            if (parquet_values_skip(reader, count, NULL)) return;
            continue;
        }
        REQUIRE((values = arena_allocate_zeroed(target->arena, bytes + 16)));
        if (i % 3 == 2 && reader->is_codes && width) {
            if (!pick_codes(reader, target, count, values)) return;
        } else if (parquet_values_read(reader, target, count, values, 0, NULL)) {
            return;
        }
        column made = {.type = reader->leaf->type, .length = count, .values = values};
        REQUIRE(column_validate(&made, 1, NULL) == BP_OK);
        for (size_t row = 0; row < count; row++) {
            builder text;
            builder_init(&text, context->memory, 1 << 20);
            column_print_value(&text, &made, row);
            builder_clear(&text);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parquet_reader reader = {0};
    parquet_target target = {.keep = keep};
    parquet_leaf leaf;
    region *region;
    size_t dictionary;
    uint8_t *bytes;
    arena arena;

    if (size < 5 || size > 1 << 14) return 0;
    if (!context) REQUIRE(bp_context_new(&context, NULL) == BP_OK);
    arena_init(&arena, context->memory);
    leaf = leaf_of(data[0]);
    target.arena = &arena;
    reader.leaf = &leaf;
    reader.memory = context->memory;
    dictionary = data[2] < size - 5 ? data[2] : size - 5;
    if (dictionary) {
        REQUIRE((region = region_new(context->memory)));
        reader.dictionary_region = region;
        bytes = padded(region_arena(region), data + 5, dictionary);
        if (parquet_dictionary_read(&reader, region, bytes, dictionary, data[3], NULL)) goto done;
    }
    bytes = padded(&arena, data + 5 + dictionary, size - 5 - dictionary);
    reader.encoding = data[1] % 10;
    if (parquet_values_begin(&reader, bytes, size - 5 - dictionary, NULL) == BP_OK) read_values(&reader, &target, data[4]);
done:
    parquet_reader_close(&reader);
    arena_clear(&arena);
    return 0;
}
