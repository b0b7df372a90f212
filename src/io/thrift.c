#include "thrift.h"

static uint64_t varint(thrift *thrift)
{
    uint64_t value = 0;
    uint8_t byte;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (!cursor_u8(&thrift->bytes, &byte)) break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    thrift->bad = true;
    return 0;
}

static int64_t zigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

void thrift_begin(thrift *thrift)
{
    if (thrift->type != THRIFT_STRUCT || thrift->depth == THRIFT_DEPTH) thrift->bad = true;
    if (thrift->bad) return;
    thrift->outer[thrift->depth++] = thrift->field;
    thrift->field = 0;
}

static void end_struct(thrift *thrift)
{
    thrift->field = thrift->outer[--thrift->depth];
    thrift->type = THRIFT_STRUCT;
}

bool thrift_next(thrift *thrift)
{
    uint8_t byte;

    if (thrift->bad) return false;
    if (!cursor_u8(&thrift->bytes, &byte)) {
        thrift->bad = true;
        return false;
    }
    thrift->type = byte & 15;
    if (thrift->type == THRIFT_STOP) {
        end_struct(thrift);
        return false;
    }
    thrift->field = byte >> 4 ? thrift->field + (byte >> 4) : (int32_t)(int16_t)zigzag(varint(thrift));
    if (thrift->type > THRIFT_UUID || thrift->field > INT16_MAX) thrift->bad = true;
    return !thrift->bad;
}

int64_t thrift_integer(thrift *thrift)
{
    uint8_t byte = 0;

    if (thrift->bad) return 0;
    if (thrift->type == THRIFT_BYTE) {
        if (!cursor_u8(&thrift->bytes, &byte)) thrift->bad = true;
        return (int8_t)byte;
    }
    if (thrift->type == THRIFT_I16 || thrift->type == THRIFT_I32 || thrift->type == THRIFT_I64) return zigzag(varint(thrift));
    thrift->bad = true;
    return 0;
}

bool thrift_bool(thrift *thrift)
{
    if (thrift->type != THRIFT_TRUE && thrift->type != THRIFT_FALSE) thrift->bad = true;
    return !thrift->bad && thrift->type == THRIFT_TRUE;
}

bool thrift_bool_element(thrift *thrift)
{
    uint8_t byte = 0;

    if (thrift->type != THRIFT_TRUE || !cursor_u8(&thrift->bytes, &byte)) thrift->bad = true;
    return !thrift->bad && byte == 1;
}

string_view thrift_binary(thrift *thrift)
{
    const uint8_t *data;
    uint64_t size;

    if (thrift->type != THRIFT_BINARY) thrift->bad = true;
    size = thrift->bad ? 0 : varint(thrift);
    if (thrift->bad || !cursor_view(&thrift->bytes, size, &data)) {
        thrift->bad = true;
        return (string_view){"", 0};
    }
    return (string_view){(const char *)data, size};
}

/* Elements take a byte at least each, so a count past the bytes left is a lie. */
static size_t list_begin(thrift *thrift, uint8_t *element)
{
    uint8_t byte = 0;
    uint64_t count;

    if (!cursor_u8(&thrift->bytes, &byte)) thrift->bad = true;
    count = byte >> 4 == 15 ? varint(thrift) : byte >> 4;
    *element = byte & 15;
    if (count > cursor_left(&thrift->bytes) || *element > THRIFT_UUID) thrift->bad = true;
    return thrift->bad ? 0 : (size_t)count;
}

size_t thrift_list(thrift *thrift, thrift_type element)
{
    size_t count;
    uint8_t type;

    if (thrift->type != THRIFT_LIST) thrift->bad = true;
    if (thrift->bad) return 0;
    count = list_begin(thrift, &type);
    if (type == THRIFT_FALSE) type = THRIFT_TRUE;
    if (count && type != element) thrift->bad = true;
    thrift->type = type;
    return thrift->bad ? 0 : count;
}

/* What is still to be passed: so many values of one or of two types in turn, or a struct's fields (STOP). */
typedef struct pending {
    uint64_t count;
    uint8_t type, other;
} pending;

static bool skip_size(uint8_t type, size_t *size)
{
    *size = type == THRIFT_BYTE ? 1 : type == THRIFT_DOUBLE ? 8 : type == THRIFT_UUID ? 16 : 0;
    return *size > 0;
}

/* One value of `type`; containers are pushed. `element`: in a list, where a bool has a byte. */
static void skip_value(thrift *thrift, pending *stack, size_t *depth, uint8_t type, bool element)
{
    size_t size;
    uint8_t byte = 0;

    if (skip_size(type, &size)) {
        if (!cursor_skip(&thrift->bytes, size)) thrift->bad = true;
        return;
    }
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        if (element && !cursor_skip(&thrift->bytes, 1)) thrift->bad = true;
        return;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64: (void)varint(thrift); return;
    case THRIFT_BINARY: {
        uint64_t length = varint(thrift);
        if (!thrift->bad && !cursor_skip(&thrift->bytes, length)) thrift->bad = true;
        return;
    }
    case THRIFT_LIST:
    case THRIFT_SET:
    case THRIFT_MAP:
    case THRIFT_STRUCT: break;
    default: thrift->bad = true; return;
    }
    if (*depth == THRIFT_DEPTH) {
        thrift->bad = true;
        return;
    }
    if (type == THRIFT_STRUCT) {
        stack[(*depth)++] = (pending){0, THRIFT_STOP, 0};
    } else if (type == THRIFT_MAP) {
        uint64_t count = varint(thrift);
        if (count && !cursor_u8(&thrift->bytes, &byte)) thrift->bad = true;
        if (count > cursor_left(&thrift->bytes)) thrift->bad = true;
        if (!thrift->bad && count) stack[(*depth)++] = (pending){count * 2, byte >> 4, byte & 15};
    } else {
        uint8_t of;
        size_t count = list_begin(thrift, &of);
        if (count) stack[(*depth)++] = (pending){count, of, of};
    }
}

void thrift_skip(thrift *thrift)
{
    pending stack[THRIFT_DEPTH];
    size_t depth = 0;
    uint8_t byte = 0;

    if (thrift->bad) return;
    skip_value(thrift, stack, &depth, thrift->type, false);
    while (depth && !thrift->bad) {
        pending *top = &stack[depth - 1];
        if (top->type == THRIFT_STOP) {
            if (!cursor_u8(&thrift->bytes, &byte)) thrift->bad = true;
            if ((byte & 15) == THRIFT_STOP || thrift->bad) {
                depth--;
                continue;
            }
            if (byte >> 4 == 0) (void)varint(thrift);
            skip_value(thrift, stack, &depth, byte & 15, false);
        } else if (top->count == 0) {
            depth--;
        } else {
            uint8_t type = top->count & 1 ? top->other : top->type;
            top->count--;
            skip_value(thrift, stack, &depth, type, true);
        }
    }
}
