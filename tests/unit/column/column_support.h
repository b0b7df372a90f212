/* For the tests of columns: foreign Arrow data on the stack, and columns as text. */
#ifndef TESTS_COLUMN_SUPPORT_H
#define TESTS_COLUMN_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/context.h"
#include "base/random.h"
#include "column/arrow.h"
#include "column/column_builder.h"
#include "column/concatenate.h"
#include "oom.h"

static inline int account_begin(void **state)
{
    *state = memory_account_new(NULL, SIZE_MAX);
    return *state ? 0 : -1;
}

static inline int account_end(void **state)
{
    size_t used = memory_used(*state);

    memory_release(*state);
    return used != 0;
}

/* A foreign schema with its array; children and dictionary are other such pairs. Each counts how often it was released. */
typedef struct foreign {
    struct ArrowSchema schema;
    struct ArrowArray array;
    const void *buffers[8];
    struct ArrowSchema *schema_children[4];
    struct ArrowArray *array_children[4];
    int schema_released, array_released;
} foreign;

static inline void foreign_schema_release(struct ArrowSchema *schema)
{
    ++*(int *)schema->private_data;
    schema->release = NULL;
}

static inline void foreign_array_release(struct ArrowArray *array)
{
    ++*(int *)array->private_data;
    array->release = NULL;
}

/* An array of `length` rows with `count` buffers, all NULL so far. */
static inline void foreign_init(foreign *out, const char *format, int64_t length, int64_t count)
{
    memset(out, 0, sizeof *out);
    out->schema = (struct ArrowSchema){.format = format,
                                       .name = "x",
                                       .flags = ARROW_FLAG_NULLABLE,
                                       .children = out->schema_children,
                                       .release = foreign_schema_release,
                                       .private_data = &out->schema_released};
    out->array = (struct ArrowArray){.length = length,
                                     .null_count = -1,
                                     .n_buffers = count,
                                     .buffers = out->buffers,
                                     .children = out->array_children,
                                     .release = foreign_array_release,
                                     .private_data = &out->array_released};
}

static inline void foreign_add(foreign *parent, foreign *child, const char *name)
{
    child->schema.name = name;
    parent->schema_children[parent->schema.n_children++] = &child->schema;
    parent->array_children[parent->array.n_children++] = &child->array;
}

static inline void foreign_set_dictionary(foreign *codes, foreign *values)
{
    codes->schema.dictionary = &values->schema;
    codes->array.dictionary = &values->array;
}

/* Rows separated by |, NULL as ~. */
static inline void column_to_text(char *out, size_t size, memory *account, const column *column)
{
    builder text;

    builder_init(&text, account, size - 1);
    for (size_t i = 0; i < column->length; i++) {
        if (i) assert_true(builder_byte(&text, '|'));
        if (column_is_null(column, i))
            assert_true(builder_byte(&text, '~'));
        else
            assert_true(column_print_value(&text, column, i));
    }
    if (text.size) memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    builder_clear(&text);
}

static inline void type_to_text(char *out, size_t size, memory *account, data_type type)
{
    builder text;

    builder_init(&text, account, size - 1);
    assert_true(type_print(&text, type));
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    builder_clear(&text);
}

static inline void assert_same_column(const column *left, const column *right)
{
    assert_int_equal(left->length, right->length);
    for (size_t i = 0; i < left->length; i++)
        if (!column_value_equal(left, i, right, i)) fail_msg("row %zu of %zu differs", i, left->length);
}

/* Random columns ---------------------------------------------------------------------------------------------------------------------- */
/* Types with details in static memory, of every kind. */
static inline size_t sample_types(data_type *out, arena *arena)
{
    static const char *const texts[] = {"BOOLEAN",
                                        "TINYINT",
                                        "SMALLINT",
                                        "INTEGER",
                                        "BIGINT",
                                        "HUGEINT",
                                        "UTINYINT",
                                        "USMALLINT",
                                        "UINTEGER",
                                        "UBIGINT",
                                        "UHUGEINT",
                                        "FLOAT",
                                        "DOUBLE",
                                        "DECIMAL(4,1)",
                                        "DECIMAL(18,3)",
                                        "DECIMAL(30,5)",
                                        "VARCHAR",
                                        "BLOB",
                                        "DATE",
                                        "TIME",
                                        "TIMESTAMP",
                                        "TIMESTAMP WITH TIME ZONE",
                                        "INTERVAL",
                                        "UUID",
                                        "INTEGER[]",
                                        "VARCHAR[]",
                                        "INTEGER[3]",
                                        "STRUCT(a INTEGER, b VARCHAR)",
                                        "MAP(VARCHAR, INTEGER)",
                                        "STRUCT(l INTEGER[], s STRUCT(t VARCHAR, d DECIMAL(9,2)))[]",
                                        "BOOLEAN[][2]"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(type_parse(&out[count++], arena, string_view_of(texts[i]), NULL), BP_OK);
    out[count++] = type_of(TYPE_NULL);
    for (int unit = UNIT_SECOND; unit <= UNIT_NANO; unit++) {
        out[count++] = type_timestamp((time_unit)unit);
        out[count] = type_of(TYPE_DURATION);
        out[count++].unit = (uint8_t)unit;
        out[count] = type_of(TYPE_TIME);
        out[count++].unit = (uint8_t)unit;
    }
    out[count++] = type_of(TYPE_FLOAT16);
    out[count++] = type_decimal(60, 7);
    return count;
}

#define SAMPLE_TYPES_MOST 64

static inline void append_random(column_builder *builder, random_stream *random, bool nulls)
{
    data_type type = builder->type;
    uint64_t value[4] = {random_uint64(random), random_uint64(random), 0, 0};

    if (nulls && random_below(random, 4) == 0) {
        assert_int_equal(column_builder_append_null(builder, NULL), BP_OK);
        return;
    }
    if (type_is_nested(type)) {
        size_t rows = type.id == TYPE_ARRAY ? type.fixed_size : type.id == TYPE_STRUCT ? 1 : random_below(random, 4);
        for (size_t child = 0; child < builder->child_count; child++)
            for (size_t i = 0; i < rows; i++) append_random(&builder->children[child], random, type.id != TYPE_MAP && nulls);
        assert_int_equal(column_builder_close_row(builder, NULL), BP_OK);
        return;
    }
    if (builder->physical == PHYSICAL_NONE) {
        assert_int_equal(column_builder_append_null(builder, NULL), BP_OK);
        return;
    }
    if (builder->physical == PHYSICAL_STRING) {
        char text[40];
        size_t size = random_below(random, sizeof text);
        memset(text, 'a' + (int)(value[0] % 26), size);
        assert_int_equal(column_builder_append_text(builder, (string_view){text, size}, NULL), BP_OK);
        return;
    }
    if (type.id == TYPE_BOOLEAN) {
        value[0] &= 1;
    } else if (type.id == TYPE_DECIMAL) {
        int64_t small = (int64_t)(value[0] % 9999);
        value[0] = (uint64_t)small, value[1] = 0;
    } else if (type.id == TYPE_INT128 || type.id == TYPE_UINT128) {
        value[1] &= 0xffffff; /* within 38 digits */
    } else if (type.id == TYPE_INTERVAL) {
        interval made = {(int32_t)(value[0] % 1000), (int32_t)(value[1] % 1000), (int64_t)(value[1] % 100000000)};
        memcpy(value, &made, sizeof made);
    } else if (type.id == TYPE_TIME) {
        static const int64_t day[4] = {86400, 86400000, 86400000000, 86400000000000};
        value[0] %= (uint64_t)day[type.unit];
    }
    assert_int_equal(column_builder_append_value(builder, value, NULL), BP_OK);
}

static inline void make_random(column *out, data_type type, size_t rows, bool nulls, random_stream *random, arena *arena)
{
    column_builder builder;

    assert_int_equal(column_builder_init(&builder, type, arena, NULL), BP_OK);
    for (size_t i = 0; i < rows; i++) append_random(&builder, random, nulls);
    assert_int_equal(column_builder_finish(&builder, out, NULL), BP_OK);
    column_builder_clear(&builder);
}

#endif
