/* Growing bytes. */
#include "text_buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_buffer_reserve(text_buffer *buffer, size_t extra)
{
    size_t wanted = buffer->capacity ? buffer->capacity : 64;
    char *larger;

    if (extra < buffer->capacity && buffer->size < buffer->capacity - extra) return true;
    if (extra > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) {
        buffer->failed = true;
        return false;
    }
    while (wanted <= buffer->size + extra) wanted *= 2;
    larger = realloc(buffer->data, wanted);
    if (!larger) {
        buffer->failed = true;
        return false;
    }
    larger[buffer->size] = '\0';
    buffer->data = larger;
    buffer->capacity = wanted;
    return true;
}

bool text_buffer_replace(text_buffer *buffer, size_t begin, size_t end, const char *bytes, size_t size)
{
    if (!text_buffer_reserve(buffer, size)) return false;
    memmove(buffer->data + begin + size, buffer->data + end, buffer->size - end + 1);
    if (size) memcpy(buffer->data + begin, bytes, size);
    buffer->size = buffer->size - (end - begin) + size;
    return true;
}

bool text_buffer_append(text_buffer *buffer, const char *bytes, size_t size)
{
    return text_buffer_replace(buffer, buffer->size, buffer->size, bytes, size);
}

bool text_buffer_add(text_buffer *buffer, const char *text)
{
    return text_buffer_append(buffer, text, strlen(text));
}

bool text_buffer_format(text_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    char piece[1024];
    int size;

    va_start(arguments, format);
    size = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (size < 0) return false;
    return text_buffer_append(buffer, piece, (size_t)size < sizeof piece ? (size_t)size : sizeof piece - 1);
}

void text_buffer_reset(text_buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data) buffer->data[0] = '\0';
}

void text_buffer_clear(text_buffer *buffer)
{
    free(buffer->data);
    *buffer = (text_buffer){0};
}

const char *text_buffer_text(const text_buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}
