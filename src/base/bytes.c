/* The byte builder: doubles its block, within a limit. */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>

#include "cancel.h"

#define LONG_SIZE ((size_t)8 << 20)

void builder_init(builder *builder, memory *memory, size_t limit)
{
    *builder = (struct builder){.memory = memory, .limit = limit};
}

void builder_clear(builder *builder)
{
    memory_free(builder->memory, builder->data, builder->capacity);
    builder_init(builder, builder->memory, builder->limit);
}

static bool refuse(builder *builder, bp_status status, size_t wanted)
{
    builder->status = status;
    builder->wanted = wanted;
    return false;
}

bool builder_reserve(builder *builder, size_t extra)
{
    size_t needed, capacity;
    char *data;

    if (builder->status != BP_OK) return false;
    if (ckd_add(&needed, builder->size, extra) || needed > builder->limit) return refuse(builder, BP_LIMIT, needed);
    if (needed <= builder->capacity) return true;
    capacity = builder->capacity < SIZE_MAX / 2 ? builder->capacity * 2 : SIZE_MAX;
    if (capacity < 256) capacity = 256;
    if (capacity > builder->limit) capacity = builder->limit;
    if (capacity < needed) capacity = needed;
    data = memory_resize(builder->memory, builder->data, builder->capacity, capacity);
    if (!data) return refuse(builder, BP_NO_MEMORY, capacity);
    builder->data = data;
    builder->capacity = capacity;
    return true;
}

bool builder_goes_on(builder *builder)
{
    if (builder->status == BP_OK) builder->status = cancel_check_of(builder->memory, NULL);
    return builder->status == BP_OK;
}

NO_INLINE static bool append_long(builder *builder, const void *data, size_t size)
{
    builder->status = cancel_copy(builder->memory, builder->data + builder->size, data, size, NULL);
    if (builder->status == BP_OK) builder->size += size;
    return builder->status == BP_OK;
}

bool builder_append(builder *builder, const void *data, size_t size)
{
    if (!builder_reserve(builder, size)) return false;
    if (size >= LONG_SIZE) return append_long(builder, data, size);
    if (size) memcpy(builder->data + builder->size, data, size);
    builder->size += size;
    return true;
}

bool builder_fill(builder *builder, char byte, size_t count)
{
    if (!builder_reserve(builder, count)) return false;
    if (count) memset(builder->data + builder->size, byte, count);
    builder->size += count;
    return true;
}

bool builder_format(builder *builder, const char *format, ...)
{
    va_list arguments, again;
    bool done = false;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0 && builder_reserve(builder, (size_t)length + 1)) { /* vsnprintf writes a NUL that is not counted */
        vsnprintf(builder->data + builder->size, (size_t)length + 1, format, again);
        builder->size += (size_t)length;
        done = true;
    }
    va_end(again);
    return done;
}

bp_status builder_status(const builder *builder, bp_error *err)
{
    if (builder->status == BP_OK) return BP_OK;
    if (builder->status == BP_LIMIT)
        return error_set(err, BP_LIMIT, "output of %zu bytes is over its limit of %zu", builder->wanted, builder->limit);
    if (builder->status != BP_NO_MEMORY) {
        bp_status stopped = cancel_check_of(builder->memory, err); /* again, for its message */
        return stopped ? stopped : error_set(err, builder->status, "cancelled");
    }
    return error_no_memory(err, builder->memory, builder->wanted);
}
