/* Arena blocks: a header, then the bytes that are handed out from low to high addresses.
 *
 * Under the address sanitizer what is not handed out is fenced, and a gap follows each piece, so that a read past one's end shows. */
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST_BLOCK_SIZE ((size_t)4096)
#define LAST_BLOCK_SIZE ((size_t)1 << 20)
/* A large arena goes on with blocks that huge pages make up: 2 GiB are given back in 10 ms instead of 100 to 190, which a cancelled query must wait for. */
#define HUGE_BLOCK_SIZE ((size_t)4 << 20)
#define FULL_BLOCKS 64

/* Bytes between pieces, and the least alignment, where somebody watches. */
#define GAP ((size_t)(ADDRESS_SANITIZER ? 16 : 0))
#define LEAST_ALIGNMENT ((size_t)(ADDRESS_SANITIZER ? 8 : 1))

struct arena_block {
    _Alignas(64) arena_block *older;
    size_t size; /* with this header */
};

void arena_init(arena *arena, memory *memory)
{
    *arena = (struct arena){.memory = memory, .block_size = FIRST_BLOCK_SIZE};
}

void arena_expect(arena *arena, size_t size)
{
    if (size < HUGE_BLOCK_SIZE / 2) return;
    arena->block_size = HUGE_BLOCK_SIZE;
    arena->full_blocks = FULL_BLOCKS;
}

static void free_block(arena *arena, arena_block *block)
{
    UNFENCE(block, block->size);
    memory_free(arena->memory, block, block->size);
}

static void free_blocks(arena *arena, arena_block *block)
{
    while (block) {
        arena_block *older = block->older;
        free_block(arena, block);
        block = older;
    }
}

/* Hand out from this block from now on. */
static void begin_block(arena *arena, arena_block *block)
{
    arena->blocks = block;
    arena->next = (char *)(block + 1);
    arena->end = (char *)block + block->size;
    FENCE(arena->next, (size_t)(arena->end - arena->next));
}

void arena_clear(arena *arena)
{
    free_blocks(arena, arena->blocks);
    arena_init(arena, arena->memory);
}

void arena_reset(arena *arena)
{
    arena_block *kept = arena->blocks;

    if (!kept) return;
    for (arena_block *block = kept->older; block; block = block->older)
        if (block->size > kept->size) kept = block;
    for (arena_block *block = arena->blocks; block;) {
        arena_block *older = block->older;
        if (block != kept) free_block(arena, block);
        block = older;
    }
    kept->older = NULL;
    begin_block(arena, kept);
}

arena_mark arena_mark_now(const arena *arena)
{
    return (arena_mark){.block = arena->blocks, .next = arena->next};
}

void arena_rewind(arena *arena, arena_mark mark)
{
    arena_block *block = arena->blocks;

    while (block != mark.block) {
        arena_block *older = block->older;
        free_block(arena, block);
        block = older;
    }
    arena->blocks = block;
    arena->next = mark.next;
    arena->end = block ? (char *)block + block->size : NULL;
    if (block) FENCE(arena->next, (size_t)(arena->end - arena->next));
}

size_t arena_size(const arena *arena)
{
    size_t total = 0;

    for (const arena_block *block = arena->blocks; block; block = block->older) total += block->size;
    return total;
}

static bool add_block(arena *arena, size_t size, bool zeroed)
{
    size_t wanted = arena->block_size;
    arena_block *block;

    if (size > SIZE_MAX / 4) return false;
    size += GAP;
    if (size + sizeof *block > wanted) wanted = size + sizeof *block;
    block = zeroed ? memory_allocate_zeroed(arena->memory, wanted) : memory_allocate(arena->memory, wanted);
    if (!block) return false;
    block->older = arena->blocks;
    block->size = wanted;
    begin_block(arena, block);
    if (arena->block_size < LAST_BLOCK_SIZE)
        arena->block_size *= 2;
    else if (++arena->full_blocks >= FULL_BLOCKS)
        arena->block_size = HUGE_BLOCK_SIZE;
    return true;
}

void *arena_allocate_aligned(arena *arena, size_t size, size_t alignment)
{
    size_t padding = (size_t)(-(uintptr_t)arena->next) & ((alignment > LEAST_ALIGNMENT ? alignment : LEAST_ALIGNMENT) - 1);
    size_t space = (size_t)(arena->end - arena->next);
    char *result;

    if (UNLIKELY(padding + GAP > space || size > space - padding - GAP || !arena->next)) {
        if (!add_block(arena, size, false)) return NULL;
        padding = 0;
    }
    result = arena->next + padding;
    arena->next = result + size + GAP;
    UNFENCE(result, size);
    return result;
}

void *arena_allocate(arena *arena, size_t size)
{
    return arena_allocate_aligned(arena, size, 16);
}

void *arena_allocate_zeroed(arena *arena, size_t size)
{
    void *block;

    /* Fresh pages are zero: whoever writes them first takes the time, a little at a time. */
    if (size >= LAST_BLOCK_SIZE && (size_t)(arena->end - arena->next) < size + 64)
        return add_block(arena, size, true) ? arena_allocate(arena, size) : NULL;
    block = arena_allocate(arena, size);
    if (block) memset(block, 0, size);
    return block;
}

void *arena_allocate_array(arena *arena, size_t count, size_t size)
{
    size_t total;

    return ckd_mul(&total, count, size) ? NULL : arena_allocate_zeroed(arena, total);
}

string_view arena_copy(arena *arena, string_view text)
{
    char *copy = text.size < SIZE_MAX ? arena_allocate_aligned(arena, text.size + 1, 1) : NULL;

    if (!copy) return (string_view){NULL, 0};
    if (text.size) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return (string_view){copy, text.size};
}

string_view arena_format(arena *arena, const char *format, ...)
{
    va_list arguments, again;
    char *text;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length < 0 ? NULL : arena_allocate_aligned(arena, (size_t)length + 1, 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return (string_view){text, text ? (size_t)length : 0};
}
