/* Bytes that grow: what the editor, the history and the script reader keep. `data` ends in NUL (or is NULL while nothing was ever put in).
 * When memory is refused the buffer stays as it was and `failed` is set, so that a writer looks once at the end. */
#ifndef CLI_TEXT_BUFFER_H
#define CLI_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct text_buffer {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
} text_buffer;

/* Room for `extra` bytes more and the NUL. */
bool text_buffer_reserve(text_buffer *buffer, size_t extra);
bool text_buffer_append(text_buffer *buffer, const char *bytes, size_t size);
bool text_buffer_add(text_buffer *buffer, const char *text);
bool text_buffer_format(text_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Put `size` bytes in the place of [begin, end). */
bool text_buffer_replace(text_buffer *buffer, size_t begin, size_t end, const char *bytes, size_t size);
/* Forget the content, keep the room. */
void text_buffer_reset(text_buffer *buffer);
void text_buffer_clear(text_buffer *buffer);
/* The content as a C string, never NULL. */
const char *text_buffer_text(const text_buffer *buffer);

#endif
