/* Thrift's compact protocol on any bytes: every struct is read twice, by passing over it and field by field, and both end in the same place. */
#include <stdint.h>

#include "io/thrift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

static void read_struct(thrift *in, unsigned depth)
{
    thrift_begin(in);
    while (thrift_next(in)) {
        switch (in->type) {
        case THRIFT_BYTE:
        case THRIFT_I16:
        case THRIFT_I32:
        case THRIFT_I64: (void)thrift_integer(in); break;
        case THRIFT_BINARY: (void)thrift_binary(in); break;
        case THRIFT_TRUE:
        case THRIFT_FALSE: (void)thrift_bool(in); break;
        case THRIFT_STRUCT:
            if (depth < 8)
                read_struct(in, depth + 1);
            else
                thrift_skip(in);
            break;
        default: thrift_skip(in);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    thrift passed = thrift_over(data, size), read = thrift_over(data, size);

    thrift_skip(&passed);
    read_struct(&read, 0);
    if (!passed.bad && !read.bad) REQUIRE(passed.bytes.position == read.bytes.position);
    return 0;
}
