/* Accounts over the system's allocator.
 *
 * Blocks below LARGE_SIZE come from malloc, moved up to the next multiple of 64 with the distance in the byte before; the charge is what malloc
 * really takes. (aligned_alloc takes 192 bytes for 64 and twice the time.) Larger ones come straight from mmap: whole pages, grown by
 * mremap without a copy. The charge is made on the whole chain of accounts before the system is asked, so a limit is never overrun, not even for a moment; a mapping is
 * charged whole, so huge pages cannot make more memory resident than was charged.
 *
 * Freed large blocks are kept for the next request of the same size, since new pages are dear: writing a new block of 1 MiB takes
 * 594 µs, a kept one 11 µs; 4 MiB 140 and 42 µs (2 processors, Zen 5). (A bound below what queries like the last one need is worth little: reading 269 MB into Arrow
 * again and again mapped 140 MB anew with a bound of 256 MiB, a fifth of its time.) The root keeps at most CACHE_LIMIT bytes and a sixteenth of its limit, charged as
 * long as they are kept, and gives them back before a request fails. A slot is one word, so there is no lock, and none to
 * be stuck with after fork().
 *
 *   root: used = blocks in use + cached          slot: page number of the block << 24 | its pages; 0: empty */
#define _GNU_SOURCE
#include "memory.h"

#include "hash.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_SIZE ((size_t)256 << 10) /* at 1 MiB the system's heap kept freed blocks of several threads: resident, not charged */
#define HUGE_PAGE_SIZE ((size_t)2 << 20)
#define PAGE_BITS 12
#define CACHE_SLOTS 256
#define CACHE_LIMIT ((size_t)512 << 20)
#define SLOT_PAGE_BITS 24
#define KEPT_SLOTS 1024
#define KEPT_WAYS 4 /* slots that a key may be in: its hash tells which */
#define KEPT_LIMIT ((size_t)4 << 20)
#define KEPT_PART 256 /* of the limit may be kept */

struct memory {
    memory *parent;
    atomic_size_t references;
    atomic_size_t used; /* of a root: with what is cached */
    atomic_size_t peak; /* without */
    atomic_size_t limit;
    /* of a root: */
    struct cancel *cancel; /* borrowed; NULL: none */
    atomic_size_t refused; /* bytes of the last request that failed, when a limit was the reason; 0: the system was */
    atomic_size_t cached;
    atomic_uint cache_hand; /* the slot to empty next when there is no room */
    _Atomic uint64_t slots[CACHE_SLOTS];
    atomic_size_t kept_bytes; /* found by key; charged, not used */
    atomic_uint kept_hand;
    _Atomic(memory_kept *) kept[KEPT_SLOTS];
#ifdef BEDPLATE_CHECKS
    _Atomic uint64_t fail_countdown; /* 0: off; in the root account */
    atomic_bool fail_from_then_on;
    atomic_bool fault_seen;
#endif
};

memory *memory_account_new(memory *parent, size_t limit_bytes)
{
    memory *account = calloc(1, sizeof *account);

    if (!account) return NULL;
    account->parent = parent ? memory_retain(parent) : NULL;
    atomic_init(&account->references, 1);
    atomic_init(&account->limit, limit_bytes);
    return account;
}

memory *memory_retain(memory *account)
{
    atomic_fetch_add_explicit(&account->references, 1, memory_order_relaxed);
    return account;
}

void memory_release(memory *account)
{
    memory *parent;

    if (!account || atomic_fetch_sub_explicit(&account->references, 1, memory_order_acq_rel) != 1) return;
    memory_trim(account);
    CHECK(atomic_load(&account->used) == 0); /* a leak */
    parent = account->parent;
    free(account);
    memory_release(parent);
}

size_t memory_used(const memory *account)
{
    size_t used = atomic_load_explicit(&account->used, memory_order_relaxed);
    size_t cached = atomic_load_explicit(&account->cached, memory_order_relaxed) +
                    atomic_load_explicit(&account->kept_bytes, memory_order_relaxed);

    return used > cached ? used - cached : 0;
}

size_t memory_peak(const memory *account)
{
    return atomic_load_explicit(&account->peak, memory_order_relaxed);
}

size_t memory_limit(const memory *account)
{
    size_t least = SIZE_MAX;

    for (; account; account = account->parent) {
        size_t limit = atomic_load_explicit(&account->limit, memory_order_relaxed);
        if (limit < least) least = limit;
    }
    return least;
}

void memory_set_limit(memory *account, size_t limit_bytes)
{
    atomic_store(&account->limit, limit_bytes);
    if (!account->parent) memory_trim(account);
}

size_t memory_refused(const memory *account)
{
    while (account->parent) account = account->parent;
    return atomic_load_explicit(&account->refused, memory_order_relaxed);
}

void memory_set_cancel(memory *root, struct cancel *cancel)
{
    root->cancel = cancel;
}

struct cancel *memory_cancel(const memory *account)
{
    while (account->parent) account = account->parent;
    return account->cancel;
}

size_t memory_available(const memory *account)
{
    size_t least = SIZE_MAX;

    for (; account; account = account->parent) {
        size_t limit = atomic_load_explicit(&account->limit, memory_order_relaxed),
               used = memory_used(account); /* kept blocks go first */
        size_t available = used < limit ? limit - used : 0;
        if (available < least) least = available;
    }
    return least;
}

/* kept blocks ------------------------------------------------------------------------------------------------------------------ */
static void discharge_up_to(memory *account, const memory *end, size_t size)
{
    for (; account != end; account = account->parent) {
        CHECK(atomic_load_explicit(&account->used, memory_order_relaxed) >= size);
        atomic_fetch_sub_explicit(&account->used, size, memory_order_relaxed);
    }
}

static uint64_t slot_of(const void *block, size_t size)
{
    return (uint64_t)(uintptr_t)block >> PAGE_BITS << SLOT_PAGE_BITS | size >> PAGE_BITS;
}

static void *slot_block(uint64_t slot)
{
    return (void *)(uintptr_t)(slot >> SLOT_PAGE_BITS << PAGE_BITS);
}

static size_t slot_size(uint64_t slot)
{
    return (size_t)(slot & (((uint64_t)1 << SLOT_PAGE_BITS) - 1)) << PAGE_BITS;
}

/* In test builds nobody may touch a kept block. */
static void protect(void *block, size_t size, bool kept)
{
#ifdef BEDPLATE_CHECKS
    CHECK(mprotect(block, size, kept ? PROT_NONE : PROT_READ | PROT_WRITE) == 0);
#else
    (void)block, (void)size, (void)kept;
#endif
}

static size_t cache_bound(const memory *root)
{
    size_t part = atomic_load_explicit(&root->limit, memory_order_relaxed) / 16;

    return part < CACHE_LIMIT ? part : CACHE_LIMIT;
}

/* Give back the blocks of the next `slots` slots; returns how many bytes that were. */
static size_t cache_drop(memory *root, unsigned slots)
{
    size_t dropped = 0;

    if (!atomic_load_explicit(&root->cached, memory_order_relaxed)) return 0;
    for (; slots > 0; slots--) {
        unsigned hand = atomic_fetch_add_explicit(&root->cache_hand, 1, memory_order_relaxed);
        uint64_t slot = atomic_exchange(&root->slots[hand % CACHE_SLOTS], 0);

        if (!slot) continue;
        munmap(slot_block(slot), slot_size(slot));
        atomic_fetch_sub(&root->cached, slot_size(slot));
        discharge_up_to(root, NULL, slot_size(slot));
        dropped += slot_size(slot);
    }
    return dropped;
}

/* Keep a block, charged to the root already. False: there is no room, and it is still the caller's. */
static bool cache_put(memory *root, void *block, size_t size)
{
    size_t bound = cache_bound(root);

    if (size > bound / 2) return false;
    for (unsigned tries = 0; tries < CACHE_SLOTS && atomic_load(&root->cached) > bound - size; tries++) cache_drop(root, 1);
    if (atomic_fetch_add(&root->cached, size) > bound - size) {
        atomic_fetch_sub(&root->cached, size);
        return false;
    }
    protect(block, size, true);
    for (unsigned tries = 0; tries < 2; tries++) {
        for (unsigned i = 0; i < CACHE_SLOTS; i++) {
            uint64_t empty = 0;
            if (atomic_load_explicit(&root->slots[i], memory_order_relaxed) == 0 &&
                atomic_compare_exchange_strong(&root->slots[i], &empty, slot_of(block, size)))
                return true;
        }
        cache_drop(root, 4);
    }
    protect(block, size, false);
    atomic_fetch_sub(&root->cached, size);
    return false;
}

/* A kept block of exactly this size, or NULL. */
static void *cache_take(memory *root, size_t size)
{
    if (atomic_load_explicit(&root->cached, memory_order_relaxed) < size) return NULL;
    for (unsigned i = 0; i < CACHE_SLOTS; i++) {
        uint64_t slot = atomic_load_explicit(&root->slots[i], memory_order_relaxed);

        if (!slot || slot_size(slot) != size || !atomic_compare_exchange_strong(&root->slots[i], &slot, 0)) continue;
        protect(slot_block(slot), size, false);
        atomic_fetch_sub(&root->cached, size);
        return slot_block(slot);
    }
    return NULL;
}

static size_t kept_drop(memory *root);

/* All that is kept; how many bytes that were. */
static size_t drop_all(memory *root)
{
    return cache_drop(root, CACHE_SLOTS) + kept_drop(root);
}

void memory_trim(memory *account)
{
    while (account->parent) account = account->parent;
    drop_all(account);
}

/* charging --------------------------------------------------------------------------------------------------------------------- */
static void note_peak(memory *account, size_t used)
{
    size_t peak = atomic_load_explicit(&account->peak, memory_order_relaxed);

    while (used > peak &&
           !atomic_compare_exchange_weak_explicit(&account->peak, &peak, used, memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* Compare and exchange, never add and take back: a request that is refused must not make another thread's fail meanwhile. */
static bool charge_one(memory *account, size_t size)
{
    size_t limit = atomic_load_explicit(&account->limit, memory_order_relaxed);
    size_t used = atomic_load_explicit(&account->used, memory_order_relaxed);

    for (;;) {
        if (used > limit || size > limit - used) {
            if (!drop_all(account)) return false;
            used = atomic_load_explicit(&account->used, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(&account->used, &used, used + size, memory_order_relaxed,
                                                         memory_order_relaxed)) {
            note_peak(account, memory_used(account));
            return true;
        }
    }
}

static memory *root_of(memory *account)
{
    while (account->parent) account = account->parent;
    return account;
}

static void note_refusal(memory *account, size_t size)
{
    atomic_store_explicit(&root_of(account)->refused, size, memory_order_relaxed);
}

/* Charge `account` and all above it, but not `end` and above. */
static bool charge_up_to(memory *account, const memory *end, size_t size)
{
    if (size > SIZE_MAX / 4) return false;
    for (memory *level = account; level != end; level = level->parent) {
        if (charge_one(level, size)) continue;
        discharge_up_to(account, level, size);
        note_refusal(account, size);
        return false;
    }
    return true;
}

bool memory_charge(memory *account, size_t size)
{
    return charge_up_to(account, NULL, size);
}

void memory_discharge(memory *account, size_t size)
{
    discharge_up_to(account, NULL, size);
}

#ifdef BEDPLATE_CHECKS
static bool fault_strikes(memory *account)
{
    memory *root = root_of(account);
    uint64_t left = atomic_load(&root->fail_countdown);

    while (left) {
        bool strikes = left == 1;
        uint64_t next = strikes && atomic_load(&root->fail_from_then_on) ? 1 : left - 1;
        if (!atomic_compare_exchange_weak(&root->fail_countdown, &left, next)) continue;
        if (strikes) atomic_store(&root->fault_seen, true);
        return strikes;
    }
    return false;
}

void memory_fail_at(memory *account, uint64_t nth, bool from_then_on)
{
    memory *root = root_of(account);

    atomic_store(&root->fault_seen, false);
    atomic_store(&root->fail_from_then_on, from_then_on);
    atomic_store(&root->fail_countdown, nth);
}

bool memory_fault_seen(const memory *account)
{
    while (account->parent) account = account->parent;
    return atomic_load(&account->fault_seen);
}
#else
static bool fault_strikes(memory *account)
{
    (void)account;
    return false;
}

void memory_fail_at(memory *account, uint64_t nth, bool from_then_on)
{
    (void)account, (void)nth, (void)from_then_on;
}

bool memory_fault_seen(const memory *account)
{
    (void)account;
    return false;
}
#endif

/* The bytes that the system really takes for a block: what is charged. glibc's chunks have a word of their own and are multiples of 16. */
static size_t rounded(size_t size)
{
    if (size >= LARGE_SIZE) return (size + 4095) & ~(size_t)4095;
    return ((size + 15) & ~(size_t)15) + MEMORY_ALIGNMENT + 16;
}

/* What a small block has: all that is charged, since a block that grows within it stays where it is. */
static size_t small_size(size_t size)
{
    return rounded(size) - MEMORY_ALIGNMENT - 16;
}

#if ADDRESS_SANITIZER /* so that it sees the block's true ends */
static void *small_new(size_t size)
{
    void *block = NULL;

    return posix_memalign(&block, MEMORY_ALIGNMENT, size ? small_size(size) : 1) ? NULL : block;
}

static void small_free(void *block)
{
    free(block);
}
#else
static void *small_new(size_t size)
{
    unsigned char *start = malloc(small_size(size) + MEMORY_ALIGNMENT);
    size_t distance;

    if (!start) return NULL;
    distance = MEMORY_ALIGNMENT - ((uintptr_t)start & (MEMORY_ALIGNMENT - 1)); /* 16, 32, 48 or 64 */
    start[distance - 1] = (unsigned char)distance;
    return start + distance;
}

static void small_free(void *block)
{
    unsigned char *bytes = block;

    free(bytes - bytes[-1]);
}
#endif

/* Blocks that can hold huge pages begin at one: without that a block of 4 MiB holds but one, and page faults were a third of reading a CSV file. */
static void *map_aligned(size_t size)
{
    char *pages = mmap(NULL, size + HUGE_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (pages == MAP_FAILED) return NULL;
    before = (size_t)(-(uintptr_t)pages) & (HUGE_PAGE_SIZE - 1);
    if (before) munmap(pages, before);
    munmap(pages + before + size, HUGE_PAGE_SIZE - before);
    madvise(pages + before, size, MADV_HUGEPAGE);
    return pages + before;
}

static void *map_pages(size_t size)
{
    void *pages = size >= 2 * HUGE_PAGE_SIZE ? map_aligned(size) : NULL;

    if (pages) return pages;
    pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* *zeroed tells whether the block is known to hold zeros. The root is charged last, and not at all when it has kept a block that fits. */
static void *allocate_large(memory *account, size_t size, bool *zeroed)
{
    memory *root = root_of(account);
    void *block;

    if (!charge_up_to(account, root, size)) return NULL;
    if ((block = cache_take(root, size))) {
        note_peak(root, memory_used(root));
        return block;
    }
    *zeroed = true;
    if (!charge_one(root, size)) {
        discharge_up_to(account, root, size);
        note_refusal(root, size);
        return NULL;
    }
    block = map_pages(size);
    if (!block && drop_all(root)) block = map_pages(size);
    if (!block) memory_discharge(account, size), note_refusal(root, 0);
    return block;
}

static void *allocate(memory *account, size_t size, bool *zeroed)
{
    size_t real_size;
    void *block;

    *zeroed = false;
    if (size > SIZE_MAX / 4 || fault_strikes(account)) {
        note_refusal(account, 0);
        return NULL;
    }
    real_size = rounded(size);
    if (size >= LARGE_SIZE) return allocate_large(account, real_size, zeroed);
    if (!memory_charge(account, real_size)) return NULL;
    block = small_new(size);
    if (!block) memory_discharge(account, real_size), note_refusal(account, 0);
    return block;
}

void *memory_allocate(memory *account, size_t size)
{
    bool zeroed;
    void *block = allocate(account, size, &zeroed);

#ifdef BEDPLATE_CHECKS
    if (block) memset(block, 0xa5, size); /* poison: reading before writing shows */
#endif
    return block;
}

void *memory_allocate_zeroed(memory *account, size_t size)
{
    bool zeroed;
    void *block = allocate(account, size, &zeroed);

    if (block && !zeroed) memset(block, 0, size);
    return block;
}

void *memory_allocate_array(memory *account, size_t count, size_t size)
{
    size_t total;

    return ckd_mul(&total, count, size) ? NULL : memory_allocate_zeroed(account, total);
}

/* Both sizes are large: let the kernel move pages. */
static void *remap(memory *account, void *block, size_t old_real, size_t new_real)
{
    void *moved;

    if (fault_strikes(account)) {
        note_refusal(account, 0);
        return NULL;
    }
    if (new_real > old_real && !memory_charge(account, new_real - old_real)) return NULL;
    moved = mremap(block, old_real, new_real, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        if (new_real > old_real) memory_discharge(account, new_real - old_real);
        note_refusal(account, 0);
        return NULL;
    }
    if (new_real < old_real) memory_discharge(account, old_real - new_real);
    return moved;
}

void *memory_resize(memory *account, void *block, size_t old_size, size_t new_size)
{
    size_t old_real, new_real;
    void *moved;

    if (!block) return memory_allocate(account, new_size);
    if (new_size > SIZE_MAX / 4) return NULL;
    old_real = rounded(old_size);
    new_real = rounded(new_size);
    if (old_real == new_real && (old_size >= LARGE_SIZE) == (new_size >= LARGE_SIZE)) return block;
    if (old_size >= LARGE_SIZE && new_size >= LARGE_SIZE) return remap(account, block, old_real, new_real);
    moved = memory_allocate(account, new_size);
    if (!moved) return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    memory_free(account, block, old_size);
    return moved;
}

static void free_large(memory *account, void *block, size_t size)
{
    memory *root = root_of(account);

    if (cache_put(root, block, size)) {
        discharge_up_to(account, root, size);
        return;
    }
    munmap(block, size);
    memory_discharge(account, size);
}

void memory_free(memory *account, void *block, size_t size)
{
    size_t real_size;

    if (!block) return;
    real_size = rounded(size);
    if (size >= LARGE_SIZE) {
        free_large(account, block, real_size);
        return;
    }
#ifdef BEDPLATE_CHECKS
    memset(block, 0x5a, size); /* poison: use after free shows */
#endif
    small_free(block);
    memory_discharge(account, real_size);
}

/* kept by key ------------------------------------------------------------------------------------------------------------------- */
static size_t kept_size(const memory_kept *kept)
{
    return sizeof *kept + kept->size;
}

static size_t kept_bound(const memory *root)
{
    size_t part = atomic_load_explicit(&root->limit, memory_order_relaxed) / KEPT_PART;

    return part < KEPT_LIMIT ? part : KEPT_LIMIT;
}

/* From the slots' charge back to a block like others, which is freed. */
static size_t kept_forget(memory *root, memory_kept *kept)
{
    size_t size;

    if (!kept) return 0;
    size = rounded(kept_size(kept));
    atomic_fetch_sub(&root->kept_bytes, size);
    memory_free(root, kept, kept_size(kept));
    return size;
}

static size_t kept_empty(memory *root, size_t slot)
{
    if (!atomic_load_explicit(&root->kept[slot], memory_order_relaxed)) return 0;
    return kept_forget(root, atomic_exchange(&root->kept[slot], NULL));
}

static size_t kept_drop(memory *root)
{
    size_t dropped = 0;

    if (!atomic_load_explicit(&root->kept_bytes, memory_order_relaxed)) return 0;
    for (size_t i = 0; i < KEPT_SLOTS; i++) dropped += kept_empty(root, i);
    return dropped;
}

/* The first of the slots for a key. */
static size_t kept_place(const void *key, size_t key_size)
{
    return (size_t)hash_bytes(key, key_size) % (KEPT_SLOTS / KEPT_WAYS) * KEPT_WAYS;
}

/* Into a slot of its key; others make room, in turn. */
static void kept_put(memory *root, memory_kept *kept)
{
    size_t size = rounded(kept_size(kept)), bound = kept_bound(root), place = kept_place(kept->bytes, kept->key_size);

    atomic_fetch_add(&root->kept_bytes, size);
    for (size_t i = 0; i < KEPT_SLOTS && atomic_load(&root->kept_bytes) > bound; i++)
        kept_empty(root, atomic_fetch_add(&root->kept_hand, 1) % KEPT_SLOTS);
    for (size_t i = 0; i < KEPT_WAYS; i++) {
        memory_kept *empty = NULL;
        if (atomic_load(&root->kept_bytes) > bound) break;
        if (atomic_compare_exchange_strong(&root->kept[place + i], &empty, kept)) return;
    }
    if (atomic_load(&root->kept_bytes) <= bound)
        kept = atomic_exchange(&root->kept[place + atomic_fetch_add(&root->kept_hand, 1) % KEPT_WAYS], kept);
    kept_forget(root, kept);
}

void memory_keep(memory *account, const void *bytes, size_t size, size_t key_size)
{
    memory *root = root_of(account);
    memory_kept *kept;

    if (size > MEMORY_KEPT_SIZE || key_size > size || rounded(sizeof *kept + size) > kept_bound(root)) return;
    if (!(kept = memory_allocate(root, sizeof *kept + size))) return;
    kept->size = size;
    kept->key_size = key_size;
    memcpy(kept->bytes, bytes, size);
    kept_put(root, kept);
}

memory_kept *memory_kept_take(memory *account, const void *key, size_t key_size)
{
    memory *root = root_of(account);
    size_t place;

    if (!atomic_load_explicit(&root->kept_bytes, memory_order_relaxed)) return NULL;
    place = kept_place(key, key_size);
    for (size_t i = place; i < place + KEPT_WAYS; i++) {
        memory_kept *kept = atomic_exchange(&root->kept[i], NULL), *empty = NULL; /* nobody else can free it now */

        if (!kept) continue;
        if (kept->key_size == key_size && memcmp(kept->bytes, key, key_size) == 0) {
            atomic_fetch_sub(&root->kept_bytes, rounded(kept_size(kept)));
            return kept;
        }
        if (!atomic_compare_exchange_strong(&root->kept[i], &empty, kept)) kept_forget(root, kept);
    }
    return NULL;
}

void memory_kept_return(memory *account, memory_kept *kept)
{
    kept_put(root_of(account), kept);
}

void memory_kept_free(memory *account, memory_kept *kept)
{
    if (kept) memory_free(root_of(account), kept, kept_size(kept));
}
