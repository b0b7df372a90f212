/* The one door to memory.
 *
 * A `memory` is an account: every block is charged to it before it is made, and a request past its limit is refused. Accounts nest:
 * a child charges its parent as well, so one query can have a limit of its own inside the context's. Blocks are aligned to 64 bytes.
 * The owner remembers each block's size and passes it back, so no header is stored. All functions are thread-safe. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "macros.h"

#define MEMORY_ALIGNMENT 64

typedef struct memory memory;

/* A new account with one reference; parent may be NULL (and is retained). limit_bytes SIZE_MAX: no limit. NULL: no memory. */
memory *memory_account_new(memory *parent, size_t limit_bytes);
memory *memory_retain(memory *memory);
/* Give up one reference. The account ends with its last one; by then all its blocks must have been freed (checked in test builds). */
void memory_release(memory *memory);

/* `size` bytes, uninitialised, or NULL: then error_no_memory() says why. A size of 0 gives a valid pointer that must be freed. */
MUST_USE void *memory_allocate(memory *memory, size_t size);
MUST_USE void *memory_allocate_zeroed(memory *memory, size_t size);
/* An array of count * size bytes, zeroed; NULL also when the product overflows. */
MUST_USE void *memory_allocate_array(memory *memory, size_t count, size_t size);
/* Resize a block (NULL and 0: allocate). On failure NULL, and the old block is as it was. */
MUST_USE void *memory_resize(memory *memory, void *block, size_t old_size, size_t new_size);
/* `size` is the block's present size; block NULL is fine. */
void memory_free(memory *memory, void *block, size_t size);

/* One zeroed object, and its end. */
#define memory_new(memory, type) ((type *)memory_allocate_zeroed(memory, sizeof(type)))
#define memory_delete(memory, object) memory_free(memory, object, sizeof *(object))

size_t memory_used(const memory *memory);
size_t memory_peak(const memory *memory);
size_t memory_limit(const memory *memory);
void memory_set_limit(memory *memory, size_t limit_bytes);
/* What long loops over an account's blocks look at in order to stop (see cancel_check_of()): kept at the root, NULL: nothing. */
struct cancel;
void memory_set_cancel(memory *root, struct cancel *cancel);
struct cancel *memory_cancel(const memory *memory);
/* Bytes of the last request that failed when a limit refused it, 0 when the system did: for the message. */
size_t memory_refused(const memory *memory);
/* Give freed blocks that are kept for reuse back to the system. */
void memory_trim(memory *memory);
/* Bytes that may still be charged here and in all parents: what an operator may plan with before it spills. */
size_t memory_available(const memory *memory);

/* Kept for later: small blocks that are found again by a key, such as what was found out about a file. They are charged, but do not count as used, and go
 * before a request fails or when there are too many: whoever looks for one must be able to do without. */
#define MEMORY_KEPT_SIZE ((size_t)192 << 10) /* the most bytes of one */
typedef struct memory_kept {
    size_t size, key_size; /* of all bytes; of the first ones, which are the key */
    unsigned char bytes[];
} memory_kept;

/* A copy of the bytes is kept under their first key_size ones, or, without a word, it is not. */
void memory_keep(memory *memory, const void *bytes, size_t size, size_t key_size);
/* What is kept under the key is taken out; NULL: nothing. It ends with memory_kept_return() or memory_kept_free(). */
MUST_USE memory_kept *memory_kept_take(memory *memory, const void *key, size_t key_size);
void memory_kept_return(memory *memory, memory_kept *kept);
void memory_kept_free(memory *memory, memory_kept *kept); /* NULL is fine */

/* Charge memory that another library allocates (decompressors, imported data), and give it back. False: over the limit. */
MUST_USE bool memory_charge(memory *memory, size_t size);
void memory_discharge(memory *memory, size_t size);

/* Test builds only: make the `nth` allocation from now fail (1 = the next), once or from then on; 0 switches it off. The setting is
 * per account tree (kept in the root). memory_fault_seen() tells whether it struck. In other builds both do nothing. */
void memory_fail_at(memory *memory, uint64_t nth, bool from_then_on);
bool memory_fault_seen(const memory *memory);

#endif
