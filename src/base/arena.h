/* A region of memory for things that die together: a plan, a query, a parsed file, a batch. Allocation is a pointer bump; nothing is
 * freed alone. For one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "error.h"
#include "memory.h"

typedef struct arena_block arena_block;

typedef struct arena {
    memory *memory; /* borrowed */
    arena_block *blocks; /* the newest first */
    char *next; /* free bytes of the newest block: [next, end) */
    char *end;
    size_t block_size; /* of the next block: doubles up to 1 MiB, and is 4 MiB behind the first 64 MiB */
    size_t full_blocks; /* of 1 MiB */
} arena;

/* An arena in the caller's memory; nothing is allocated before the first use. */
void arena_init(arena *arena, memory *memory);
/* About `size` bytes are going to be allocated: where huge pages are worth it, blocks are made of them from the next on. */
void arena_expect(arena *arena, size_t size);
/* Free everything. A zeroed arena is fine. The arena can be used again. */
void arena_clear(arena *arena);
/* Forget everything but keep the largest block for reuse. */
void arena_reset(arena *arena);
/* What was allocated since the mark is forgotten; marks are undone in the reverse order. */
typedef struct arena_mark {
    arena_block *block;
    char *next;
} arena_mark;
arena_mark arena_mark_now(const arena *arena);
void arena_rewind(arena *arena, arena_mark mark);
/* Total bytes held from memory. */
size_t arena_size(const arena *arena);

/* `size` bytes aligned to `alignment` (a power of two, at most 64), uninitialised; NULL: see error_no_memory(). */
MUST_USE void *arena_allocate_aligned(arena *arena, size_t size, size_t alignment);
/* Aligned to 16. */
MUST_USE void *arena_allocate(arena *arena, size_t size);
MUST_USE void *arena_allocate_zeroed(arena *arena, size_t size);
#define arena_new(arena, type) ((type *)arena_allocate_zeroed(arena, sizeof(type)))
/* count zeroed objects; NULL also when the product overflows. */
MUST_USE void *arena_allocate_array(arena *arena, size_t count, size_t size);
#define arena_new_array(arena, type, count) ((type *)arena_allocate_array(arena, count, sizeof(type)))
/* A copy of text in the arena, with a NUL behind it; data NULL: no memory. */
MUST_USE string_view arena_copy(arena *arena, string_view text);
/* printf into the arena; data NULL: no memory. */
MUST_USE string_view arena_format(arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
