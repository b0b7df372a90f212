/* JSON: every scan level gives the same events or the same failure at the same byte; what is accepted is written and read again to the same
 * events; allocations fail at random. The first byte holds the options and where allocation fails. */
#include "base/cpu.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

static void write_event(json_writer *writer, json_event event, string_view text)
{
    switch (event) {
    case JSON_OBJECT_BEGIN: (void)json_write_object_begin(writer); break;
    case JSON_OBJECT_END: (void)json_write_object_end(writer); break;
    case JSON_ARRAY_BEGIN: (void)json_write_array_begin(writer); break;
    case JSON_ARRAY_END: (void)json_write_array_end(writer); break;
    case JSON_KEY: (void)json_write_key(writer, text); break;
    case JSON_STRING: (void)json_write_string(writer, text); break;
    case JSON_NUMBER: (void)json_write_raw(writer, text); break;
    case JSON_TRUE: (void)json_write_bool(writer, true); break;
    case JSON_FALSE: (void)json_write_bool(writer, false); break;
    default: (void)json_write_null(writer);
    }
}

static bp_status copy(memory *account, string_view text, unsigned options, builder *out, bp_error *err)
{
    json_reader reader;
    json_writer writer;
    json_event event;
    bp_status status = json_reader_init(&reader, account, text, options, err);

    json_writer_init(&writer, out, 0);
    while (status == BP_OK && (status = json_next(&reader, &event, err)) == BP_OK && event != JSON_END) {
        REQUIRE(reader.position < text.size && reader.depth <= JSON_DEPTH);
        if (event == JSON_NUMBER) (void)json_number(&reader);
        write_event(&writer, event, reader.text);
    }
    json_reader_clear(&reader);
    return status == BP_OK ? builder_status(out, err) : status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    builder first, other;
    bp_error first_error, error;
    bp_status wanted;
    string_view text;
    unsigned options;

    if (!account || size == 0) goto done;
    options = data[0] & (JSON_NAMES | JSON_SEQUENCE);
    text = (string_view){(const char *)data + 1, size - 1};
    builder_init(&first, account, 1 << 24);
    (void)cpu_force_level(CPU_SCALAR);
    wanted = copy(account, text, options, &first, &first_error);
    for (int level = CPU_AVX2; level <= CPU_AVX512; level++) {
        (void)cpu_force_level((cpu_kind)level);
        builder_init(&other, account, 1 << 24);
        REQUIRE(copy(account, text, options, &other, &error) == wanted);
        if (wanted) REQUIRE(error.position == first_error.position);
        REQUIRE(string_equal(builder_view(&first), builder_view(&other)));
        builder_clear(&other);
    }
    if (wanted == BP_OK && first.size) {
        builder_init(&other, account, 1 << 24);
        REQUIRE(copy(account, builder_view(&first), options, &other, &error) == BP_OK);
        REQUIRE(string_equal(builder_view(&first), builder_view(&other)));
        builder_clear(&other);
    }
    builder_init(&other, account, 1 << 24);
    memory_fail_at(account, 1 + (data[0] >> 4), data[0] & 8);
    (void)copy(account, text, options, &other, NULL);
    memory_fail_at(account, 0, false);
    builder_clear(&other);
    builder_clear(&first);
    REQUIRE(memory_used(account) == 0);
done:
    if (account) memory_release(account);
    return 0;
}
