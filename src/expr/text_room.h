/* Room in an arena for the texts that a kernel makes: reserve the most a text may take, write, commit what it took. */
#ifndef EXPR_TEXT_ROOM_H
#define EXPR_TEXT_ROOM_H

#include "base/arena.h"
#include "column/type.h"

typedef struct text_room {
    arena *arena;
    char *next, *end;
} text_room;

/* `size` writable bytes, or NULL: no memory. */
static inline char *text_reserve(text_room *room, size_t size)
{
    size_t block = size > 4096 ? size : 4096;

    if ((size_t)(room->end - room->next) >= size && room->next) return room->next;
    room->next = arena_allocate_aligned(room->arena, block, 1);
    if (!room->next) return NULL;
    room->end = room->next + block;
    return room->next;
}

/* The first `size` bytes of what was reserved; short texts are copied inline and their room is used again. */
static inline string_ref text_commit(text_room *room, size_t size)
{
    string_ref ref = string_ref_of(room->next, size);

    if (size > STRING_REF_INLINE) room->next += size;
    return ref;
}

#endif
