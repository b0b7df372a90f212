/* Arrow arrays that leave: formats, layouts, who owns what; and everything that leaves and comes back is the same, for random columns of
 * every type. */
#include "column_support.h"

#include <errno.h>

#include "base/config.h"
#include "column/region.h"

static schema one_column(string_view *name, data_type *type)
{
    *name = STRING_VIEW("x");
    return (schema){.count = 1, .names = name, .types = type};
}

static void test_formats(void **state)
{
    static const struct {
        const char *sql, *format;
    } cases[] = {{"BOOLEAN", "b"},
                 {"TINYINT", "c"},
                 {"SMALLINT", "s"},
                 {"INTEGER", "i"},
                 {"BIGINT", "l"},
                 {"HUGEINT", "d:38,0"},
                 {"UTINYINT", "C"},
                 {"USMALLINT", "S"},
                 {"UINTEGER", "I"},
                 {"UBIGINT", "L"},
                 {"UHUGEINT", "d:38,0"},
                 {"FLOAT", "f"},
                 {"DOUBLE", "g"},
                 {"DECIMAL(5,2)", "d:5,2"},
                 {"DECIMAL(38,0)", "d:38,0"},
                 {"VARCHAR", "u"},
                 {"BLOB", "z"},
                 {"DATE", "tdD"},
                 {"TIME", "ttu"},
                 {"TIMESTAMP", "tsu:"},
                 {"TIMESTAMP WITH TIME ZONE", "tsu:UTC"},
                 {"INTERVAL", "tin"},
                 {"UUID", "w:16"},
                 {"INTEGER[]", "+l"},
                 {"INTEGER[7]", "+w:7"},
                 {"STRUCT(a INTEGER)", "+s"},
                 {"MAP(VARCHAR, INTEGER)", "+m"}};
    arena arena;

    arena_init(&arena, *state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ArrowSchema out;
        string_view name;
        data_type type;
        schema schema;

        assert_int_equal(type_parse(&type, &arena, string_view_of(cases[i].sql), NULL), BP_OK);
        schema = one_column(&name, &type);
        assert_int_equal(arrow_export_schema(&out, *state, &schema, NULL), BP_OK);
        assert_string_equal(out.format, "+s");
        assert_int_equal(out.n_children, 1);
        assert_string_equal(out.children[0]->format, cases[i].format);
        assert_string_equal(out.children[0]->name, "x");
        assert_int_equal(out.children[0]->flags, ARROW_FLAG_NULLABLE);
        out.release(&out);
        assert_null(out.release);
    }
    arena_clear(&arena);
}

/* The specification: neither the entries of a map nor its keys may be NULL, and the child's names are as Arrow's writers have them. */
static void test_map_schema(void **state)
{
    struct ArrowSchema out, *entries;
    string_view name;
    data_type type;
    schema schema;
    arena arena;

    arena_init(&arena, *state);
    assert_int_equal(type_parse(&type, &arena, STRING_VIEW("MAP(VARCHAR, INTEGER[])"), NULL), BP_OK);
    schema = one_column(&name, &type);
    assert_int_equal(arrow_export_schema(&out, *state, &schema, NULL), BP_OK);
    entries = out.children[0]->children[0];
    assert_string_equal(entries->format, "+s");
    assert_int_equal(entries->flags & ARROW_FLAG_NULLABLE, 0);
    assert_int_equal(entries->n_children, 2);
    assert_string_equal(entries->children[0]->name, "key");
    assert_int_equal(entries->children[0]->flags & ARROW_FLAG_NULLABLE, 0);
    assert_string_equal(entries->children[1]->name, "value");
    assert_string_equal(entries->children[1]->children[0]->name, "item");
    out.release(&out);
    arena_clear(&arena);
}

static void test_enum(void **state)
{
    static const string_view labels[] = {{"low", 3}, {"high", 4}};
    static const type_detail detail = {.child_count = 2, .names = labels};
    const uint32_t codes[] = {1, 77, 0};
    const uint64_t validity = 5;
    data_type type = {.id = TYPE_ENUM, .detail = &detail};
    column column = {.type = type, .length = 3, .validity = &validity, .values = codes};
    batch rows = {.row_count = 3, .column_count = 1, .columns = &column};
    string_view name;
    schema schema = one_column(&name, &type);
    struct ArrowSchema out_schema;
    struct ArrowArray out;
    region *owner;
    batch back;
    char text[64];

    assert_int_equal(arrow_export_schema(&out_schema, *state, &schema, NULL), BP_OK);
    assert_string_equal(out_schema.children[0]->format, "I");
    assert_string_equal(out_schema.children[0]->dictionary->format, "u");
    assert_true(out_schema.children[0]->flags & ARROW_FLAG_DICTIONARY_ORDERED);
    assert_int_equal(arrow_export_batch(&out, *state, &schema, &rows, NULL), BP_OK);
    assert_int_equal(((const uint32_t *)out.children[0]->buffers[1])[1], 0); /* under a NULL: within the dictionary */
    assert_int_equal(arrow_import_array(&back, &owner, *state, &out_schema, &out, NULL), BP_OK);
    column_to_text(text, sizeof text, *state, &back.columns[0]);
    assert_string_equal(text, "high|~|low");
    region_release(owner);
    out_schema.release(&out_schema);
}

/* Numbers of a column with an owner are shown where they lie; without one they are copied. */
static void test_in_place(void **state)
{
    region *region = region_new(*state);
    int64_t *values = arena_allocate_aligned(region_arena(region), 3 * sizeof *values, 64);
    data_type type = type_of(TYPE_INT64);
    column column = {.type = type, .length = 3, .values = values};
    batch rows = {.row_count = 3, .column_count = 1, .columns = &column};
    string_view name;
    schema schema = one_column(&name, &type);
    struct ArrowArray out;

    for (int64_t i = 0; i < 3; i++) values[i] = i * i;
    assert_int_equal(arrow_export_batch(&out, *state, &schema, &rows, NULL), BP_OK);
    assert_ptr_not_equal(out.children[0]->buffers[1], values);
    assert_memory_equal(out.children[0]->buffers[1], values, 3 * sizeof *values);
    out.release(&out);
    column.owner = region;
    assert_int_equal(arrow_export_batch(&out, *state, &schema, &rows, NULL), BP_OK);
    region_release(region); /* the export holds it */
    assert_ptr_equal(out.children[0]->buffers[1], values);
    assert_int_equal(values[2], 4);
    out.release(&out);
}

/* A consumer may move a child out and release it long after the root. */
static void test_moved_child(void **state)
{
    const int32_t values[] = {1, 2};
    data_type types[2] = {type_of(TYPE_INT32), type_of(TYPE_INT32)};
    string_view names[2] = {STRING_VIEW("a"), STRING_VIEW("b")};
    column columns[2] = {{.type = types[0], .length = 2, .values = values}, {.type = types[1], .length = 2, .values = values}};
    batch rows = {.row_count = 2, .column_count = 2, .columns = columns};
    schema schema = {.count = 2, .names = names, .types = types};
    struct ArrowSchema out_schema, moved_schema;
    struct ArrowArray out, moved;

    assert_int_equal(arrow_export_schema(&out_schema, *state, &schema, NULL), BP_OK);
    assert_int_equal(arrow_export_batch(&out, *state, &schema, &rows, NULL), BP_OK);
    moved = *out.children[1];
    out.children[1]->release = NULL;
    moved_schema = *out_schema.children[0];
    out_schema.children[0]->release = NULL;
    out.release(&out);
    out_schema.release(&out_schema);
    assert_int_equal(((const int32_t *)moved.buffers[1])[1], 2);
    assert_string_equal(moved_schema.name, "a");
    moved.release(&moved);
    moved_schema.release(&moved_schema);
    assert_null(moved.release);
}

static bp_status export_refused(memory *account, data_type type, const void *value, bp_error *err)
{
    column column = {.type = type, .length = 1, .values = value};
    batch rows = {.row_count = 1, .column_count = 1, .columns = &column};
    string_view name;
    schema schema = one_column(&name, &type);
    struct ArrowArray out;
    bp_status status = arrow_export_batch(&out, account, &schema, &rows, err);

    assert_null(out.release);
    return status;
}

static void test_out_of_range(void **state)
{
    const interval far = {.micros = INT64_MAX / 10};
    const uint128 most = ~(uint128)0, least = (uint128)1 << 127;
    bp_error err;

    assert_int_equal(export_refused(*state, type_of(TYPE_INTERVAL), &far, &err), BP_OUT_OF_RANGE);
    assert_int_equal(export_refused(*state, type_of(TYPE_UINT128), &most, &err), BP_OUT_OF_RANGE);
    assert_non_null(strstr(err.message, "a UHUGEINT of 39 digits does not fit"));
    assert_int_equal(export_refused(*state, type_of(TYPE_INT128), &least, &err), BP_OUT_OF_RANGE);
    assert_non_null(strstr(err.message, "column \"x\": a HUGEINT of 39 digits does not fit"));
}

/* Round trips ------------------------------------------------------------------------------------------------------------------------- */
static void round_trip(memory *account, const column *in)
{
    column columns[1] = {*in};
    batch rows = {.row_count = in->length, .column_count = 1, .columns = columns}, back;
    data_type type = in->type;
    string_view name;
    schema schema = one_column(&name, &type);
    struct ArrowSchema out_schema;
    struct ArrowArray out;
    region *owner = NULL;
    bp_error err = {0};
    bp_status status;

    assert_int_equal(arrow_export_schema(&out_schema, account, &schema, NULL), BP_OK);
    status = arrow_export_batch(&out, account, &schema, &rows, &err);
    if (!status) status = arrow_import_array(&back, &owner, account, &out_schema, &out, &err);
    if (status) fail_msg("format %s: %s", out_schema.children[0]->format, err.message);
    assert_int_equal(column_validate(&back.columns[0], 1, NULL), BP_OK);
    if (type.id == TYPE_INT128 || type.id == TYPE_UINT128) { /* leave as DECIMAL(38,0) */
        char before[4096], after[4096];
        column_to_text(before, sizeof before, account, in);
        column_to_text(after, sizeof after, account, &back.columns[0]);
        assert_string_equal(before, after);
    } else {
        assert_true(type_equal(back.columns[0].type, type));
        assert_same_column(&back.columns[0], in);
    }
    region_release(owner);
    out_schema.release(&out_schema);
}

static void test_round_trips(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 130};
    random_stream random = random_new(1, 2);
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    assert_true(count <= SAMPLE_TYPES_MOST);
    for (size_t t = 0; t < count; t++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int nulls = 0; nulls < 2; nulls++) {
                column whole, part, gathered, constant;
                uint32_t selection[3] = {0};

                make_random(&whole, types[t], sizes[s], nulls, &random, &arena);
                round_trip(*state, &whole);
                if (!sizes[s]) continue;
                assert_int_equal(column_slice(&part, &whole, sizes[s] / 3, sizes[s] - sizes[s] / 3, &arena, NULL), BP_OK);
                round_trip(*state, &part);
                selection[1] = (uint32_t)sizes[s] - 1;
                assert_int_equal(column_gather(&gathered, &whole, selection, 3, &arena, NULL), BP_OK);
                round_trip(*state, &gathered); /* lists out of order and shared */
                if (type_is_nested(types[t])) continue;
                constant = whole;
                constant.encoding = COLUMN_CONSTANT;
                constant.length = 70;
                round_trip(*state, &constant);
            }
    arena_clear(&arena);
}

static void test_dictionary_round_trip(void **state)
{
    static const uint32_t codes[] = {2, 0, 1, 2};
    const uint64_t validity = 13;
    random_stream random = random_new(3, 4);
    data_type types[SAMPLE_TYPES_MOST];
    struct arena arena;
    size_t count;

    arena_init(&arena, *state);
    count = sample_types(types, &arena);
    for (size_t t = 0; t < count; t++) {
        column dictionary, column;

        if (types[t].id == TYPE_NULL) continue;
        make_random(&dictionary, types[t], 3, false, &random, &arena);
        column = (struct column){.type = types[t],
                                 .encoding = COLUMN_DICTIONARY,
                                 .length = 4,
                                 .validity = &validity,
                                 .values = codes,
                                 .children = &dictionary,
                                 .child_count = 1};
        round_trip(*state, &column);
    }
    arena_clear(&arena);
}

/* Texts by code of a dictionary whose longest entry has `most` bytes; the region is the caller's. */
static column texts_by_code(size_t most, size_t entries, size_t rows, region *owner, random_stream *random)
{
    arena *arena = region_arena(owner);
    string_ref *refs = arena_new_array(arena, string_ref, entries);
    uint32_t *codes = arena_new_array(arena, uint32_t, rows);
    uint64_t *validity = arena_new_array(arena, uint64_t, bitmap_words(rows));
    column *dictionary = arena_new(arena, column);

    assert_true(refs && codes && validity && dictionary);
    for (size_t i = 0; i < entries; i++) {
        size_t size = i == entries / 2 ? most : random_below(random, most + 1);
        char *text = arena_allocate_aligned(arena, size, 1);
        for (size_t k = 0; k < size; k++) text[k] = (char)('a' + (i + k) % 26);
        refs[i] = string_ref_of(text, size);
    }
    for (size_t i = 0; i < rows; i++) {
        codes[i] = (uint32_t)random_below(random, entries);
        bitmap_put(validity, i, random_below(random, 5) > 0);
    }
    *dictionary = (column){.type = type_of(TYPE_VARCHAR), .length = entries, .values = refs, .owner = owner};
    return (column){.type = type_of(TYPE_VARCHAR),
                    .encoding = COLUMN_DICTIONARY,
                    .length = rows,
                    .validity = most % 2 ? validity : NULL,
                    .values = codes,
                    .children = dictionary,
                    .child_count = 1};
}

static void leave_and_come_back(memory *account, column *in, arrow_kept *kept)
{
    batch rows = {.row_count = in->length, .column_count = 1, .columns = in}, back;
    struct ArrowSchema out_schema;
    struct ArrowArray out;
    string_view name;
    schema schema = one_column(&name, &in->type);
    region *owner;

    assert_int_equal(arrow_export_schema(&out_schema, account, &schema, NULL), BP_OK);
    assert_int_equal(arrow_export_next(&out, account, &schema, &rows, kept, NULL), BP_OK);
    assert_int_equal(arrow_import_array(&back, &owner, account, &out_schema, &out, NULL), BP_OK);
    assert_same_column(&back.columns[0], in);
    region_release(owner);
    out_schema.release(&out_schema);
}

/* Short and long entries, few and many rows an entry, more dictionaries than are kept, and each again when it may or may not be known still. */
static void test_texts_by_code(void **state)
{
    static const size_t most[] = {0, 1, 12, 13, 16, 17, 31, 32, 33, 63, 64, 65, 500};
    random_stream random = random_new(9, 10);
    region *owners[3 * ARRAY_LENGTH(most)];
    column columns[ARRAY_LENGTH(owners)];
    arrow_kept kept = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(owners); i++) {
        assert_non_null(owners[i] = region_new(*state));
        columns[i] = texts_by_code(most[i % ARRAY_LENGTH(most)], 1 + i * 3, i % 2 ? 211 : 60, owners[i], &random);
    }
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < ARRAY_LENGTH(owners); i++) {
            leave_and_come_back(*state, &columns[i], &kept);
            leave_and_come_back(*state, &columns[i], &kept);
        }
    arrow_kept_clear(&kept);
    for (size_t i = 0; i < ARRAY_LENGTH(owners); i++) region_release(owners[i]);
}

/* Streams ----------------------------------------------------------------------------------------------------------------------------- */
static table *make_table(memory *account, data_type type, size_t batches, size_t rows)
{
    random_stream random = random_new(batches, rows);
    string_view name;
    schema schema = one_column(&name, &type);
    struct arena arena;
    table *table;

    arena_init(&arena, account);
    assert_int_equal(table_new(&table, account, &schema, NULL), BP_OK);
    for (size_t i = 0; i < batches; i++) {
        column column;
        batch batch = {.row_count = rows, .column_count = 1, .columns = &column};
        make_random(&column, type, rows, true, &random, &arena);
        assert_int_equal(table_append(table, &batch, NULL), BP_OK);
    }
    assert_int_equal(table_finish(table, NULL), BP_OK);
    arena_clear(&arena);
    return table;
}

static void test_stream_round_trip(void **state)
{
    table *table = make_table(*state, type_of(TYPE_VARCHAR), 3, 30000), *back;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;

    assert_int_equal(table_row_count(table), 90000);
    assert_int_equal(table_chunk_count(table), 2);
    assert_int_equal(arrow_export_table(&stream, *state, table, NULL), BP_OK);
    assert_int_equal(stream.get_schema(&stream, &schema), 0); /* any number of times */
    schema.release(&schema);
    assert_null(stream.get_last_error(&stream));
    assert_int_equal(arrow_import_stream(&back, *state, NULL, &stream, NULL), BP_OK);
    assert_null(stream.release);
    assert_int_equal(table_row_count(back), 90000);
    assert_int_equal(table_chunk_count(back), 2);
    for (size_t i = 0; i < 2; i++) assert_same_column(&table_chunk(back, i)->columns[0], &table_chunk(table, i)->columns[0]);
    table_release(back);
    assert_int_equal(arrow_export_table(&stream, *state, table, NULL), BP_OK);
    table_release(table); /* the stream holds it */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stream.get_next(&stream, &array), 0);
        assert_int_equal(array.release != NULL, i < 2);
        if (array.release) array.release(&array);
    }
    stream.release(&stream);
}

/* A producer of one integer column whose calls fail as told. */
typedef struct producer {
    foreign *table;
    int schema_code, next_code; /* returned once the batches are out */
    int batches;
    const char *reason;
    int released;
} producer;

static int producer_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    producer *own = stream->private_data;

    if (own->schema_code) return own->schema_code;
    *out = own->table->schema;
    return 0;
}

static int producer_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    producer *own = stream->private_data;

    memset(out, 0, sizeof *out);
    if (own->batches-- > 0) *out = own->table->array;
    return own->batches >= 0 ? 0 : own->next_code;
}

static const char *producer_error(struct ArrowArrayStream *stream)
{
    return ((producer *)stream->private_data)->reason;
}

static void producer_release(struct ArrowArrayStream *stream)
{
    ((producer *)stream->private_data)->released++;
    stream->release = NULL;
}

static bp_status import_produced(memory *account, producer *producer, table **out, bp_error *err)
{
    struct ArrowArrayStream stream = {.get_schema = producer_schema,
                                      .get_next = producer_next,
                                      .get_last_error = producer_error,
                                      .release = producer_release,
                                      .private_data = producer};
    bp_status status = arrow_import_stream(out, account, NULL, &stream, err);

    assert_null(stream.release);
    assert_int_equal(producer->released, 1);
    assert_int_equal(status == BP_OK, *out != NULL);
    return status;
}

static void test_stream_failures(void **state)
{
    static const struct {
        int schema_code, next_code;
        const char *reason;
        bp_status status;
        const char *words;
    } cases[] = {{0, 0, NULL, BP_OK, ""},
                 {EIO, 0, "the disk is gone", BP_IO_ERROR, "the disk is gone (error 5, Input/output error)"},
                 {0, EIO, "the disk is gone", BP_IO_ERROR, "the disk is gone (error 5, Input/output error)"},
                 {0, EINVAL, NULL, BP_IO_ERROR, "it gave no reason (error 22, Invalid argument)"},
                 {0, EINVAL, "", BP_IO_ERROR, "it gave no reason (error 22, Invalid argument)"},
                 {ENOMEM, 0, NULL, BP_NO_MEMORY, "ran out of memory"},
                 {0, ECANCELED, "x", BP_CANCELLED, "was cancelled"}};
    const int32_t values[] = {1, 2};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        producer producer = {
            .schema_code = cases[i].schema_code, .next_code = cases[i].next_code, .reason = cases[i].reason, .batches = 2};
        bp_error err = {0};
        foreign in, child;
        table *table;

        foreign_init(&in, "+s", 2, 1);
        foreign_init(&child, "i", 2, 2);
        child.buffers[1] = values;
        foreign_add(&in, &child, "a");
        producer.table = &in;
        assert_int_equal(import_produced(*state, &producer, &table, &err), cases[i].status);
        assert_non_null(strstr(err.message, cases[i].words));
        assert_int_equal(in.array_released, cases[i].schema_code ? 0 : 2);
        assert_int_equal(in.schema_released, cases[i].schema_code ? 0 : 1);
        if (table) assert_int_equal(table_row_count(table), 4);
        table_release(table);
    }
}

/* A batch that does not fit the schema, a schema that is no table, a stream that is none. */
static void test_bad_streams(void **state)
{
    struct ArrowArrayStream released = {0}, empty = {.release = producer_release};
    producer producer = {.batches = 1};
    const int32_t values[] = {1, 2};
    bp_error err;
    foreign in, child;
    table *table;

    assert_int_equal(arrow_import_stream(&table, *state, NULL, &released, &err), BP_BAD_FORMAT);
    empty.private_data = &producer;
    assert_int_equal(arrow_import_stream(&table, *state, NULL, &empty, &err), BP_BAD_FORMAT);
    assert_int_equal(producer.released, 1);
    foreign_init(&in, "i", 2, 2);
    in.buffers[1] = values;
    producer = (struct producer){.table = &in, .batches = 1};
    assert_int_equal(import_produced(*state, &producer, &table, &err), BP_BAD_FORMAT);
    assert_non_null(strstr(err.message, "must be of struct type"));
    foreign_init(&in, "+s", 2, 1);
    foreign_init(&child, "i", 1, 2);
    child.buffers[1] = values;
    foreign_add(&in, &child, "a");
    producer = (struct producer){.table = &in, .batches = 1};
    assert_int_equal(import_produced(*state, &producer, &table, &err), BP_BAD_FORMAT);
    assert_non_null(strstr(err.message, "it has 1 values where 2 are needed"));
    assert_int_equal(in.array_released, 1);
}

static int endless_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    producer *own = stream->private_data;

    *out = own->table->array;
    return 0;
}

/* A producer that gives empty batches for ever ends at the deadline. */
static void test_endless_stream(void **state)
{
    producer producer = {0};
    struct ArrowArrayStream stream = {.get_schema = producer_schema,
                                      .get_next = endless_next,
                                      .get_last_error = producer_error,
                                      .release = producer_release,
                                      .private_data = &producer};
    cancel cancel;
    table *table;
    foreign in;

    foreign_init(&in, "+s", 0, 1);
    producer.table = &in;
    cancel_init(&cancel);
    assert_true(cancel_begin(&cancel, 20000000));
    assert_int_equal(arrow_import_stream(&table, *state, &cancel, &stream, NULL), BP_TIMEOUT);
    cancel_end(&cancel);
    assert_null(table);
    assert_int_equal(producer.released, 1);
}

/* A batch of at least half a chunk is used where it lies. */
static void test_stream_in_place(void **state)
{
    size_t rows = TABLE_CHUNK_ROWS / 2;
    int64_t *values = aligned_alloc(64, rows * sizeof *values);
    producer producer = {.batches = 1};
    foreign in, child;
    table *table;

    memset(values, 0, rows * sizeof *values);
    foreign_init(&in, "+s", (int64_t)rows, 1);
    foreign_init(&child, "l", (int64_t)rows, 2);
    child.buffers[1] = values;
    foreign_add(&in, &child, "a");
    producer.table = &in;
    assert_int_equal(import_produced(*state, &producer, &table, NULL), BP_OK);
    assert_ptr_equal(table_chunk(table, 0)->columns[0].values, values);
    assert_int_equal(in.array_released, 0);
    table_release(table);
    assert_int_equal(in.array_released, 1);
    free(values);
}

/* Out of memory ----------------------------------------------------------------------------------------------------------------------- */
static bp_status export_all(void *data, bp_error *err)
{
    table *table = data;
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    memory *account = table_schema(table)->count ? memory_account_new(NULL, SIZE_MAX) : NULL;
    bp_status status = arrow_export_schema(&schema, account, table_schema(table), err);

    if (!status) status = arrow_export_batch(&array, account, table_schema(table), table_chunk(table, 0), err);
    if (!status) status = arrow_export_table(&stream, account, table, err);
    if (stream.release) stream.release(&stream);
    if (array.release) array.release(&array);
    if (schema.release) schema.release(&schema);
    assert_int_equal(memory_used(account), 0);
    memory_release(account);
    return status;
}

typedef struct exported {
    memory *account;
    table *table;
} exported;

static bp_status export_within(void *data, bp_error *err)
{
    exported *own = data;
    struct ArrowArrayStream stream = {0};
    struct table *back = NULL;
    bp_status status = arrow_export_table(&stream, own->account, own->table, err);

    if (!status) status = arrow_import_stream(&back, own->account, NULL, &stream, err);
    if (status == BP_IO_ERROR)
        status = error_set(err, BP_NO_MEMORY, "the stream failed"); /* EINVAL does not occur, ENOMEM is told */
    table_release(back);
    return status;
}

static void test_out_of_memory(void **state)
{
    static const char *const types[] = {"STRUCT(l VARCHAR[], u UUID, i INTERVAL)", "MAP(VARCHAR, DECIMAL(5,1))", "INTEGER[2]"};
    struct arena arena;

    arena_init(&arena, *state);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        exported own = {.account = *state};
        data_type type;

        assert_int_equal(type_parse(&type, &arena, string_view_of(types[i]), NULL), BP_OK);
        own.table = make_table(*state, type, 1, 20);
        assert_int_equal(export_all(own.table, NULL), BP_OK);
        oom_run(*state, export_within, &own, BP_OK);
        table_release(own.table);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_map_schema),
        cmocka_unit_test(test_enum),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_moved_child),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_dictionary_round_trip),
        cmocka_unit_test(test_texts_by_code),
        cmocka_unit_test(test_stream_round_trip),
        cmocka_unit_test(test_stream_failures),
        cmocka_unit_test(test_bad_streams),
        cmocka_unit_test(test_endless_stream),
        cmocka_unit_test(test_stream_in_place),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, account_begin, account_end);
}
