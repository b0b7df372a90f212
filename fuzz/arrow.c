/* The Arrow C interfaces: bytes become trees of ArrowSchema and ArrowArray that are malformed in every way that a consumer can notice; what it
 * cannot notice (a buffer shorter than length and offsets say) is never made, so AddressSanitizer's word is right.
 *
 * Oracles: an import that succeeds holds together (column_validate), prints, survives slices, copies and gathers, leaves by export and comes
 * back the same, and can be queried; each release callback runs exactly once, whatever happened; all memory comes back.
 *
 * The first byte chooses the mode (see MODE_…), the second the allocation that fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/context.h"
#include "bedplate/sql.h"
#include "column/arrow.h"
#include "column/concatenate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

enum { MODE_FAIL = 1, MODE_STREAM = 2, MODE_QUERY = 4, MODE_COLUMN = 8, MODE_HONEST = 16 };

#define NODES_MOST 400
#define ELEMENTS_MOST 3000 /* of a child: fixed-size lists in each other multiply */
#define DEPTH_MOST 70 /* over LIMIT_TYPE_DEPTH, which must be noticed */

/* the producer ------------------------------------------------------------------------------------------------------------------------ */
typedef struct producer {
    cursor input;
    bool honest; /* nothing malformed */
    void *blocks[8 * NODES_MOST];
    size_t block_count;
    int released[2 * NODES_MOST]; /* how often each struct's callback ran */
    size_t node_count;
} producer;

static producer maker;

/* A number below `limit` from the input; 0 behind its end. */
static unsigned pick(unsigned limit)
{
    uint8_t byte = 0;

    (void)!cursor_u8(&maker.input, &byte);
    return byte % limit;
}

/* One time in `times`, and never when nothing may be wrong. */
static bool lie(unsigned times)
{
    return !maker.honest && cursor_left(&maker.input) && pick(times) == 1;
}

static void *block(size_t size)
{
    void *made;

    REQUIRE(maker.block_count < ARRAY_LENGTH(maker.blocks));
    made = calloc(1, size ? size : 1);
    REQUIRE(made);
    maker.blocks[maker.block_count++] = made;
    return made;
}

static void fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++) ((uint8_t *)out)[i] = (uint8_t)pick(256);
}

static void schema_released(struct ArrowSchema *schema)
{
    ++*(int *)schema->private_data;
    schema->release = NULL;
}

static void array_released(struct ArrowArray *array)
{
    ++*(int *)array->private_data;
    array->release = NULL;
}

/* Only the root's callback runs here: the consumer may not call those of children it has not moved. */
static int *new_node(void)
{
    REQUIRE(maker.node_count < ARRAY_LENGTH(maker.released));
    return &maker.released[maker.node_count++];
}

static const char *const formats[] = {"n",
                                      "b",
                                      "c",
                                      "C",
                                      "s",
                                      "S",
                                      "i",
                                      "I",
                                      "l",
                                      "L",
                                      "e",
                                      "f",
                                      "g",
                                      "u",
                                      "U",
                                      "vu",
                                      "z",
                                      "Z",
                                      "vz",
                                      "tdD",
                                      "tdm",
                                      "tts",
                                      "ttm",
                                      "ttu",
                                      "ttn",
                                      "tDs",
                                      "tDm",
                                      "tDu",
                                      "tDn",
                                      "tiM",
                                      "tiD",
                                      "tin",
                                      "+l",
                                      "+L",
                                      "+vl",
                                      "+vL",
                                      "+m",
                                      "+s",
                                      "+s",
                                      "+r",
                                      "w:0",
                                      "w:3",
                                      "w:16",
                                      "w:20",
                                      "+w:0",
                                      "+w:1",
                                      "+w:3",
                                      "d:5,2",
                                      "d:18,0",
                                      "d:19,3",
                                      "d:38,10",
                                      "d:9,2,32",
                                      "d:18,4,64",
                                      "d:76,5,256",
                                      "d:10,-3",
                                      "tss:",
                                      "tsn:UTC",
                                      "tsu:Europe/Berlin",
                                      "tsm:+02:00",
                                      "+ud:0,1",
                                      "+us:0",
                                      "d:0,0",
                                      "d:77,1",
                                      "w:-1",
                                      "w:99999999999",
                                      "ts",
                                      "",
                                      "+w:2000000000"};

static bool is(const char *format, const char *other)
{
    return strcmp(format, other) == 0;
}

/* Sizes that only a type without values can have. */
static const char *make_format(void)
{
    const char *format = formats[pick((unsigned)ARRAY_LENGTH(formats))];
    char *changed;

    if (maker.honest &&
        (strstr(format, "+u") || is(format, "d:0,0") || is(format, "d:77,1") || is(format, "d:10,-3") || is(format, "w:-1") ||
         is(format, "ts") || is(format, "w:99999999999") || is(format, "") || is(format, "+w:2000000000")))
        return "i";
    if (!lie(40)) return format;
    changed = block(8);
    fill(changed, 1 + pick(6));
    return strchr(changed, 'w') ? "?" : changed; /* a width from nowhere */
}

static const char *make_name(void)
{
    static const char *const names[] = {"a", "b", "key", "value", "", "caf\xc3\xa9", "A"};

    if (lie(60)) return "\xff\xfe";
    if (lie(60)) return NULL;
    return names[pick((unsigned)ARRAY_LENGTH(names))];
}

static const char *make_metadata(void)
{
    static const char *const extensions[] = {"arrow.uuid", "arrow.bool8", "arrow.json", "other"};
    static const char key[] = "ARROW:extension:name";
    const char *value;
    char *out;
    int32_t number = 1;

    if (pick(4)) return NULL;
    value = extensions[pick((unsigned)ARRAY_LENGTH(extensions))];
    out = block(64);
    memcpy(out, &number, 4);
    number = sizeof key - 1;
    memcpy(out + 4, &number, 4);
    memcpy(out + 8, key, sizeof key - 1);
    number = (int32_t)strlen(value);
    memcpy(out + 8 + sizeof key - 1, &number, 4);
    memcpy(out + 12 + sizeof key - 1, value, strlen(value));
    return out;
}

static unsigned children_of(const char *format)
{
    if (is(format, "+l") || is(format, "+L") || is(format, "+vl") || is(format, "+vL") || is(format, "+m") ||
        !strncmp(format, "+w:", 3))
        return 1;
    if (is(format, "+r")) return 2;
    if (is(format, "+s")) return pick(4);
    return 0;
}

static bool is_integer(const char *format)
{
    return strlen(format) == 1 && strchr("cCsSiIlL", format[0]);
}

static void make_schema(struct ArrowSchema *out, const char *format, int depth);

static struct ArrowSchema *new_schema(const char *format, int depth)
{
    struct ArrowSchema *made = block(sizeof *made);

    make_schema(made, format, depth);
    return made;
}

/* `format` NULL: any. */
static void make_schema(struct ArrowSchema *out, const char *format, int depth)
{
    bool full = depth >= DEPTH_MOST || maker.node_count > NODES_MOST;
    bool map;
    unsigned count;

    *out = (struct ArrowSchema){.format = format ? format : make_format(), .name = make_name(), .metadata = make_metadata()};
    if (full && out->format[0] == '+') out->format = "i";
    map = is(out->format, "+m");
    count = children_of(out->format);
    out->flags = (int64_t)pick(8);
    out->children = block((count + 1) * sizeof *out->children);
    out->n_children = count;
    for (unsigned i = 0; i < count; i++)
        out->children[i] = new_schema(map && !lie(4)                           ? "+s"
                                      : is(out->format, "+r") && !i && !lie(4) ? (const char *[]){"s", "i", "l"}[pick(3)]
                                                                               : NULL,
                                      depth + 1);
    if (format && is(format, "+s") && depth && maker.honest && count != 2) { /* the pair of a map */
        out->children = block(2 * sizeof *out->children);
        out->children[0] = new_schema("i", depth + 1);
        out->children[1] = new_schema("u", depth + 1);
        out->n_children = 2;
    }
    if (!full && (is_integer(out->format) || lie(50)) && pick(4) == 1) out->dictionary = new_schema(NULL, depth + 1);
    if (lie(60)) out->n_children = (int64_t[]){-1, 0, 1, 2, INT64_MAX, 20000}[pick(6)];
    if (out->n_children > (int64_t)count && out->n_children < 20000) out->n_children = count;
    if (lie(60) && count) out->children[pick(count)] = NULL;
    if (lie(80)) out->children = NULL;
    if (lie(80)) out->format = NULL;
    out->release = schema_released;
    out->private_data = new_node();
    if (lie(80) && depth) {
        out->release = NULL;
        *(int *)out->private_data = 0;
    }
}

/* Bytes of a value in the second buffer: fixed widths; 0: no such buffer. */
static size_t width_of(const char *format)
{
    static const struct {
        const char *formats;
        size_t width;
    } widths[] = {{" c C ", 1},
                  {" s S e ", 2},
                  {" i I f tdD tts ttm tiM ", 4},
                  {" l L g tdm ttu ttn tDs tDm tDu tDn tiD ", 8},
                  {" vu vz tin ", 16}};
    char padded[16];
    int bits = 128;

    if (!strncmp(format, "w:", 2)) return strlen(format) < 5 && format[2] != '-' ? (size_t)atoi(format + 2) : 0;
    if (!strncmp(format, "d:", 2)) {
        const char *comma = strchr(format, ',');
        if (comma && (comma = strchr(comma + 1, ','))) bits = atoi(comma + 1);
        return bits > 0 && bits <= 256 ? (size_t)bits / 8 : 32;
    }
    if (!strncmp(format, "ts", 2)) return 8;
    if (strlen(format) > 8) return 0;
    snprintf(padded, sizeof padded, " %s ", format);
    for (size_t i = 0; i < ARRAY_LENGTH(widths); i++)
        if (strstr(widths[i].formats, padded)) return widths[i].width;
    return 0;
}

static void make_array(struct ArrowArray *out, const struct ArrowSchema *schema, size_t needed, int depth);

/* Offsets of `count` + 1 rising steps up to `most`. */
static void *make_offsets(size_t count, size_t width, size_t most, bool any)
{
    char *offsets = block((count + 1) * width);
    int64_t at = (int64_t)pick(3);

    for (size_t i = 0; i <= count; i++) {
        int64_t value;

        if (at > (int64_t)most) at = (int64_t)most;
        value = at;
        if (lie(50))
            value =
                any || i == 0 ? (int64_t[]){-1, INT32_MAX, INT64_MAX, INT64_MIN, (int64_t)most + 1}[pick(5)] : -(int64_t)pick(3);
        memcpy(offsets + i * width, &value, width);
        at += pick(6);
    }
    return offsets;
}

static void make_views(struct ArrowArray *out, size_t rows)
{
    unsigned count = pick(4);
    int64_t *sizes = block((count + 1) * sizeof *sizes);
    char *views = block(rows * 16);

    out->n_buffers = 3 + (int64_t)count;
    for (unsigned i = 0; i < count; i++) {
        size_t size = pick(60);
        char *bytes = block(size);

        for (size_t k = 0; k < size; k++) bytes[k] = (char)(lie(30) ? 0xc3 : 'a' + (int)(k % 26));
        out->buffers[2 + i] = size || pick(2) ? bytes : NULL;
        sizes[i] = (int64_t)size;
        if (lie(20)) sizes[i] = (int64_t[]){-1, INT64_MIN, 0}[pick(3)];
    }
    out->buffers[2 + count] = count || pick(2) ? sizes : NULL;
    for (size_t i = 0; i < rows; i++) {
        int32_t size = (int32_t)pick(20), parts[2] = {count ? (int32_t)pick(count) : 0, (int32_t)pick(20)};

        if (size > 12 && (!count || (parts[1] + size > sizes[parts[0]] && maker.honest))) size = 12;
        if (lie(40)) size = (int32_t[]){-1, INT32_MAX, INT32_MIN, 13}[pick(4)];
        if (lie(40)) parts[pick(2)] = (int32_t[]){-1, INT32_MAX, INT32_MIN, 5}[pick(4)];
        memcpy(views + 16 * i, &size, 4);
        if (size >= 0 && size <= 12)
            memcpy(views + 16 * i + 4, lie(30) ? "\xf0\x9f\x98\x80\xc3\xa9xxxx\xc3" : "abc\xc3\xa9 12345 7", 12);
        else
            memcpy(views + 16 * i + 8, parts, 8);
    }
    out->buffers[1] = rows || pick(2) ? views : NULL;
}

static void make_text(struct ArrowArray *out, size_t rows, size_t width)
{
    size_t size = pick(100);
    char *bytes = block(size);

    for (size_t i = 0; i < size; i++) bytes[i] = (char)(lie(60) ? 0x80 + pick(128) : 'a' + (unsigned)(i % 26));
    out->n_buffers = 3;
    out->buffers[1] = rows || pick(2) ? make_offsets(rows, width, size, false) : NULL;
    out->buffers[2] = size || pick(2) ? bytes : NULL;
}

/* A value buffer. Decimals get few digits, codes stay small, unless something else is wanted. */
static void make_values(struct ArrowArray *out, const struct ArrowSchema *schema, size_t rows, size_t width)
{
    char *values = block(rows * width);

    for (size_t i = 0; i < rows && width; i++) {
        char *at = values + i * width;
        if (schema->dictionary && !lie(30))
            at[0] = (char)pick(3);
        else if (schema->format[0] == 'd' && !lie(20))
            memset(at, pick(2) ? 0 : 0xff, width), at[0] = (char)pick(90), at[0] = (char)(at[width - 1] ? at[0] | 0x80 : at[0]);
        else
            fill(at, width);
    }
    out->n_buffers = 2;
    out->buffers[1] = rows || pick(2) ? values : NULL;
}

static void add_child(struct ArrowArray *out, const struct ArrowSchema *schema, size_t index, size_t needed, int depth)
{
    struct ArrowArray *child = block(sizeof *child);

    if (!schema->children || !schema->children[index]) return;
    make_array(child, schema->children[index], needed, depth + 1);
    out->children[index] = child;
    if (lie(60)) out->children[index] = NULL;
}

static size_t least(size_t left, size_t right)
{
    return left < right ? left : right;
}

static void make_run_ends(struct ArrowArray *out, const struct ArrowSchema *schema, size_t rows, int depth)
{
    size_t runs = 1 + pick(5), width = schema->children && schema->children[0] && schema->children[0]->format
                                           ? width_of(schema->children[0]->format)
                                           : 0;
    struct ArrowArray *ends;
    int64_t end = 0;

    add_child(out, schema, 0, runs, depth);
    add_child(out, schema, 1, runs, depth);
    ends = out->children[0];
    out->n_buffers = 0;
    if (!ends || width > 8 || !width || ends->offset || ends->length < (int64_t)runs || ends->length > (int64_t)runs + 2 ||
        !ends->buffers || !ends->buffers[1])
        return;
    for (size_t i = 0; i < (size_t)ends->length; i++) {
        end += lie(20) ? -3 : 1 + (int64_t)pick(5);
        if (i + 1 == (size_t)ends->length && !lie(8)) end = (int64_t)rows + end;
        memcpy((char *)(uintptr_t)ends->buffers[1] + i * width, &end, width);
    }
    ends->null_count = 0;
    ends->buffers[0] = NULL;
}

/* Buffers and children for `rows` values from the start of the buffers. A switch over the layouts. */
static void make_payload(struct ArrowArray *out, const struct ArrowSchema *schema, size_t rows, int depth)
{
    const char *format = schema->format ? schema->format : "?";
    size_t count = schema->n_children > 0 && schema->n_children < 100 ? (size_t)schema->n_children : 0;
    size_t elements = pick(40), width = width_of(format);

    out->n_children = (int64_t)count;
    out->children = block((count + 1) * sizeof *out->children);
    if (is(format, "n")) {
        out->n_buffers = 0;
    } else if (is(format, "b")) {
        uint8_t *bits = block((rows + 7) / 8);
        fill(bits, (rows + 7) / 8);
        out->n_buffers = 2;
        out->buffers[1] = rows || pick(2) ? bits : NULL;
    } else if (is(format, "u") || is(format, "z") || is(format, "U") || is(format, "Z")) {
        make_text(out, rows, format[0] == 'u' || format[0] == 'z' ? 4 : 8);
    } else if (is(format, "vu") || is(format, "vz")) {
        make_views(out, rows);
    } else if (is(format, "+l") || is(format, "+L") || is(format, "+m")) {
        out->n_buffers = 2;
        out->buffers[1] = rows || pick(2) ? make_offsets(rows, is(format, "+L") ? 8 : 4, elements, true) : NULL;
        if (count) add_child(out, schema, 0, elements, depth);
    } else if (is(format, "+vl") || is(format, "+vL")) {
        size_t size = is(format, "+vL") ? 8 : 4;
        char *offsets = block(rows * size), *sizes = block(rows * size);
        for (size_t i = 0; i < rows; i++) {
            int64_t values[2] = {(int64_t)least(elements, pick(40)), 0};
            values[1] = (int64_t)least(elements - (size_t)values[0], pick(5));
            if (lie(40)) values[pick(2)] = (int64_t[]){-1, INT32_MAX, INT64_MAX, INT64_MIN}[pick(4)];
            memcpy(offsets + i * size, &values[0], size);
            memcpy(sizes + i * size, &values[1], size);
        }
        out->n_buffers = 3;
        out->buffers[1] = rows ? offsets : NULL;
        out->buffers[2] = rows ? sizes : NULL;
        if (count) add_child(out, schema, 0, elements, depth);
    } else if (!strncmp(format, "+w:", 3)) {
        out->n_buffers = 1;
        if (count)
            add_child(out, schema, 0, strlen(format) == 4 ? least(rows * (size_t)(format[3] - '0'), ELEMENTS_MOST) : 3, depth);
    } else if (is(format, "+s")) {
        out->n_buffers = 1;
        for (size_t i = 0; i < count; i++) add_child(out, schema, i, rows, depth);
    } else if (is(format, "+r") && count == 2) {
        make_run_ends(out, schema, rows, depth);
    } else {
        make_values(out, schema, rows, width);
    }
    if (schema->dictionary) {
        out->dictionary = block(sizeof *out->dictionary);
        make_array(out->dictionary, schema->dictionary, 3, depth + 1);
        if (lie(30)) out->dictionary = NULL;
    }
}

/* At least `needed` values (unless that is the lie). */
static void make_array(struct ArrowArray *out, const struct ArrowSchema *schema, size_t needed, int depth)
{
    bool sized = schema->format && !is(schema->format, "n") && !is(schema->format, "+s");
    bool views = schema->format && schema->format[0] == 'v';
    size_t rows;

    *out = (struct ArrowArray){.length = (int64_t)(needed + (pick(4) ? 0 : pick(3))), .null_count = -1};
    if (lie(40) && out->length) out->length--;
    if (pick(3) == 1) out->offset = (int64_t)pick(70);
    rows = (size_t)(out->length + out->offset);
    out->buffers = block(16 * sizeof *out->buffers);
    make_payload(out, schema, rows, depth);
    if (out->n_buffers && pick(2)) {
        uint8_t *validity = block((rows + 7) / 8);
        fill(validity, (rows + 7) / 8);
        out->buffers[0] = validity;
    }
    if (!pick(3) && !out->buffers[0]) out->null_count = 0;
    if (lie(50)) out->null_count = (int64_t[]){-2, 0, 1, out->length, out->length + 1, INT64_MAX}[pick(6)];
    if (lie(50)) out->length = (int64_t[]){-1, INT64_MIN, INT64_MAX, sized ? -7 : (int64_t)UINT32_MAX, INT64_C(1) << 40}[pick(5)];
    if (lie(50)) out->offset = (int64_t[]){-1, INT64_MIN, INT64_MAX, INT64_MAX - 5}[pick(4)];
    if (lie(50)) out->n_buffers = (int64_t[]){-1, 0, 1, 2, 3, 4, INT64_MAX}[pick(views ? 4 : 7)];
    if (views && out->n_buffers < 3 && out->n_buffers > 0) out->n_buffers = 0;
    if (lie(50)) out->n_children = (int64_t[]){-1, 0, 1, 2, INT64_MAX}[pick(5)];
    if (lie(60)) out->buffers[pick(3)] = NULL;
    if (lie(80)) out->buffers = NULL;
    if (lie(80)) out->children = NULL;
    out->release = array_released;
    out->private_data = new_node();
    if (lie(80) && depth) out->release = NULL;
}

static void end_producer(void)
{
    for (size_t i = 0; i < maker.block_count; i++) free(maker.blocks[i]);
    maker.block_count = 0;
}

/* the consumer ------------------------------------------------------------------------------------------------------------------------ */
static void check_error(bp_status status, const bp_error *err)
{
    if (!status) return;
    REQUIRE(status != BP_INTERNAL);
    REQUIRE(err->status == status && err->message[0]);
}

#define ROWS_MOST 200 /* of a column that are looked at one by one */

static size_t rows_to_see(size_t rows)
{
    return rows < ROWS_MOST ? rows : ROWS_MOST;
}

static void same_columns(const column *left, const column *right, size_t right_first, size_t rows)
{
    for (size_t i = 0; i < rows_to_see(rows); i++) REQUIRE(column_value_equal(left, i, right, right_first + i));
}

static void print_column(memory *account, const column *column)
{
    builder text;

    builder_init(&text, account, 1 << 20);
    for (size_t i = 0; i < rows_to_see(column->length); i++) (void)!column_print_value(&text, column, i);
    builder_clear(&text);
}

/* Slices, copies, gathers and concatenations of a column say the same as the column. */
static void derive(memory *account, const column *in)
{
    size_t rows = rows_to_see(in->length), first = rows / 3;
    const column *parts[2];
    uint32_t selection[ROWS_MOST];
    column flat, slice, copy, gathered, joined;
    arena arena;

    arena_init(&arena, account);
    for (size_t i = 0; i < rows; i++) selection[i] = (uint32_t)(rows - 1 - i);
    if (column_slice(&slice, in, first, rows - first, &arena, NULL) == BP_OK) same_columns(&slice, in, first, rows - first);
    if (in->length < 100000 && column_flatten(&flat, in, &arena, NULL) == BP_OK) {
        same_columns(&flat, in, 0, rows);
        parts[0] = parts[1] = &flat;
        if (column_concatenate(&joined, in->type, parts, 2, &arena, NULL) == BP_OK) {
            same_columns(&joined, in, 0, rows);
            for (size_t i = 0; i < rows; i++) REQUIRE(column_value_equal(&joined, flat.length + i, in, i));
        }
    }
    if (in->length < 100000 && column_copy(&copy, in, &arena, NULL) == BP_OK) {
        REQUIRE(column_validate(&copy, 1, NULL) == BP_OK);
        same_columns(&copy, in, 0, rows);
    }
    if (column_gather(&gathered, in, selection, rows, &arena, NULL) == BP_OK)
        for (size_t i = 0; i < rows; i++) REQUIRE(column_value_equal(&gathered, i, in, selection[i]));
    arena_clear(&arena);
}

static void use_column(memory *account, const column *column)
{
    REQUIRE(column_validate(column, 0, NULL) == BP_OK);
    REQUIRE(column_validate(column, 1, NULL) == BP_OK);
    print_column(account, column);
    derive(account, column);
}

/* Out by export and in again: the same values. */
static void round_trip(memory *account, const schema *schema, const batch *in)
{
    struct ArrowSchema foreign_schema = {0};
    struct ArrowArray foreign = {0};
    region *owner = NULL;
    bp_error err = {0};
    bp_status status;
    batch back;

    status = arrow_export_schema(&foreign_schema, account, schema, &err);
    check_error(status, &err);
    if (!status) {
        status = arrow_export_batch(&foreign, account, schema, in, &err);
        check_error(status, &err);
        REQUIRE(!status == (foreign.release != NULL));
    }
    if (!status) {
        status = arrow_import_array(&back, &owner, account, &foreign_schema, &foreign, &err);
        REQUIRE(foreign.release == NULL);
        check_error(status, &err);
        REQUIRE(status != BP_BAD_FORMAT); /* what we write we read */
    }
    if (!status) {
        REQUIRE(back.row_count == in->row_count && back.column_count == in->column_count);
        for (size_t i = 0; i < in->column_count; i++) {
            REQUIRE(type_equal(back.columns[i].type, in->columns[i].type));
            same_columns(&back.columns[i], &in->columns[i], 0, in->row_count);
        }
    }
    region_release(owner);
    if (foreign_schema.release) foreign_schema.release(&foreign_schema);
}

static void use_batch(memory *account, const struct ArrowSchema *foreign, const batch *in)
{
    schema schema;
    arena arena;
    batch part;

    arena_init(&arena, account);
    if (arrow_import_schema(&schema, &arena, foreign, NULL) == BP_OK) {
        REQUIRE(schema.count == in->column_count);
        for (size_t i = 0; i < in->column_count; i++) {
            REQUIRE(type_equal(schema.types[i], in->columns[i].type) && in->columns[i].length == in->row_count);
            use_column(account, &in->columns[i]);
        }
        if (in->row_count < 100000) round_trip(account, &schema, in);
        if (in->row_count > 2 && in->row_count < 100000 && batch_slice(&part, in, 1, in->row_count - 2, &arena, NULL) == BP_OK)
            round_trip(account, &schema, &part);
    }
    arena_clear(&arena);
}

/* streams ----------------------------------------------------------------------------------------------------------------------------- */
typedef struct stream_state {
    struct ArrowSchema *schema;
    unsigned batches; /* left */
    int released;
    bool fails;
} stream_state;

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    stream_state *state = stream->private_data;

    if (state->fails && lie(4)) return 5;
    *out = *state->schema;
    state->schema->release = NULL;
    return 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    stream_state *state = stream->private_data;

    *out = (struct ArrowArray){0};
    if (state->fails && lie(4)) return (int[]){5, 12, 22, 125}[pick(4)];
    if (!state->batches) return 0;
    state->batches--;
    make_array(out, state->schema, pick(40), 0);
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    return pick(2) ? "it broke" : NULL;
}

static void stream_released(struct ArrowArrayStream *stream)
{
    ((stream_state *)stream->private_data)->released++;
    stream->release = NULL;
}

static int take(void *data, const char *bytes, size_t size)
{
    return !builder_append(data, bytes, size);
}

static void query_table(bp_connection *connection, memory *account)
{
    static const char *const queries[] = {"SELECT * FROM a",
                                          "SELECT DISTINCT * FROM a",
                                          "SELECT * FROM a ORDER BY ALL DESC LIMIT 7",
                                          "SELECT *, count(*) FROM a GROUP BY ALL",
                                          "SELECT count(*) FROM a x, a y WHERE x = y",
                                          "SUMMARIZE a",
                                          "DESCRIBE a"};
    const char *query = queries[pick((unsigned)ARRAY_LENGTH(queries))];
    bp_print_options options = {.format = (const char *[]){"box", "csv", "json", "html"}[pick(4)], .most_rows = 30};
    bp_result *result = NULL;
    bp_error err = {0};
    bp_status status = bp_query(&result, connection, query, strlen(query), &err);
    builder out;

    builder_init(&out, account, 1 << 22);
    if (!status) status = bp_result_print(result, &options, take, &out, &err);
    check_error(status, &err);
    bp_result_free(result);
    builder_clear(&out);
}

static void fuzz_stream(memory *account, unsigned mode)
{
    struct ArrowSchema schema, kept;
    stream_state state = {.schema = &schema, .batches = pick(4), .fails = !maker.honest};
    struct ArrowArrayStream stream = {.get_schema = stream_schema,
                                      .get_next = stream_next,
                                      .get_last_error = pick(2) ? stream_error : NULL,
                                      .release = stream_released,
                                      .private_data = &state};
    bp_context *context = NULL;
    bp_connection *connection = NULL;
    table *table = NULL;
    bp_error err = {0};
    bp_status status;

    make_schema(&schema, lie(20) ? NULL : "+s", 0);
    kept = schema;
    if (mode & MODE_QUERY) {
        REQUIRE(bp_context_new(&context, NULL) == BP_OK && bp_connection_new(&connection, context, NULL) == BP_OK);
        REQUIRE(bp_context_set(context, "memory_limit", "64MB", NULL) == BP_OK &&
                bp_context_set(context, "timeout", "1s", NULL) == BP_OK);
        REQUIRE(bp_context_set(context, "batch_size", pick(2) ? "3" : "2048", NULL) == BP_OK);
        status = bp_register_arrow(connection, "a", &stream, &err);
        check_error(status, &err);
        if (!status) query_table(connection, account);
        bp_connection_free(connection);
        bp_context_free(context);
    } else {
        status = arrow_import_stream(&table, account, NULL, &stream, &err);
        check_error(status, &err);
        REQUIRE(!status == (table != NULL));
        for (size_t i = 0; table && i < table_chunk_count(table) && i < 4; i++) use_batch(account, &kept, table_chunk(table, i));
        table_release(table);
    }
    REQUIRE(state.released == 1 && !stream.release);
    if (schema.release) schema.release(&schema);
}

static void fuzz_array(memory *account, unsigned mode)
{
    struct ArrowSchema schema;
    struct ArrowArray array;
    region *owner = NULL;
    bp_error err = {0};
    bp_status status;
    column column;
    batch batch;

    make_schema(&schema, mode & MODE_COLUMN || lie(20) ? NULL : "+s", 0);
    make_array(&array, &schema, pick(70), 0);
    if (mode & MODE_COLUMN) {
        status = arrow_import_column(&column, &owner, account, &schema, &array, &err);
        if (!status) use_column(account, &column);
    } else {
        status = arrow_import_array(&batch, &owner, account, &schema, &array, &err);
        if (!status) use_batch(account, &schema, &batch);
    }
    check_error(status, &err);
    REQUIRE(array.release == NULL && !status == (owner != NULL));
    region_release(owner);
    REQUIRE(schema.release == schema_released);
    schema.release(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory *account = memory_account_new(NULL, 64 << 20);

    if (!account || size < 2) goto done;
    memset(&maker, 0, sizeof maker);
    maker.input = cursor_over(data + 2, size - 2);
    maker.honest = data[0] & MODE_HONEST;
    if (data[0] & MODE_FAIL) memory_fail_at(account, 1 + data[1] / 2u, data[1] & 1);
    if (data[0] & MODE_STREAM)
        fuzz_stream(account, data[0]);
    else
        fuzz_array(account, data[0]);
    memory_fail_at(account, 0, false);
    REQUIRE(memory_used(account) == 0);
    for (size_t i = 0; i < maker.node_count; i++) REQUIRE(maker.released[i] <= 1);
    end_producer();
done:
    if (account) memory_release(account);
    return 0;
}
