/* Accounts over the system's allocator.
 *
 * Blocks below LARGE_SIZE come from aligned_alloc, larger ones straight from mmap: whole pages, given back at once, grown by mremap
 * without a copy. The charge is made on the whole chain of accounts before the system is asked, so a limit is never overrun, not
 * even for a moment. */
#define _GNU_SOURCE
#include "memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_SIZE ((size_t)1 << 20)
#define HUGE_PAGE_SIZE ((size_t)2 << 20)

struct memory {
    memory *parent;
    atomic_size_t references;
    atomic_size_t used;
    atomic_size_t peak;
    atomic_size_t limit;
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
    CHECK(atomic_load(&account->used) == 0); /* a leak */
    parent = account->parent;
    free(account);
    memory_release(parent);
}

size_t memory_used(const memory *account)
{
    return atomic_load_explicit(&account->used, memory_order_relaxed);
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
}

size_t memory_available(const memory *account)
{
    size_t least = SIZE_MAX;

    for (; account; account = account->parent) {
        size_t limit = atomic_load_explicit(&account->limit, memory_order_relaxed), used = memory_used(account);
        size_t available = used < limit ? limit - used : 0;
        if (available < least) least = available;
    }
    return least;
}

static void note_peak(memory *account, size_t used)
{
    size_t peak = atomic_load_explicit(&account->peak, memory_order_relaxed);

    while (used > peak &&
           !atomic_compare_exchange_weak_explicit(&account->peak, &peak, used, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static bool charge_one(memory *account, size_t size)
{
    size_t limit = atomic_load_explicit(&account->limit, memory_order_relaxed);
    size_t used = atomic_fetch_add_explicit(&account->used, size, memory_order_relaxed);

    if (used > limit || size > limit - used) {
        atomic_fetch_sub_explicit(&account->used, size, memory_order_relaxed);
        return false;
    }
    note_peak(account, used + size);
    return true;
}

bool memory_charge(memory *account, size_t size)
{
    if (size > SIZE_MAX / 4) return false;
    for (memory *level = account; level; level = level->parent) {
        if (charge_one(level, size)) continue;
        for (memory *charged = account; charged != level; charged = charged->parent)
            atomic_fetch_sub_explicit(&charged->used, size, memory_order_relaxed);
        return false;
    }
    return true;
}

void memory_discharge(memory *account, size_t size)
{
    for (; account; account = account->parent) {
        CHECK(memory_used(account) >= size);
        atomic_fetch_sub_explicit(&account->used, size, memory_order_relaxed);
    }
}

#ifdef BEDPLATE_CHECKS
static memory *root_of(memory *account)
{
    while (account->parent) account = account->parent;
    return account;
}

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

/* The bytes that the system really gives for a block: what is charged. */
static size_t rounded(size_t size)
{
    if (size >= LARGE_SIZE) return (size + 4095) & ~(size_t)4095;
    return size ? (size + MEMORY_ALIGNMENT - 1) & ~(size_t)(MEMORY_ALIGNMENT - 1) : MEMORY_ALIGNMENT;
}

static void *map_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) return NULL;
    if (size >= 2 * HUGE_PAGE_SIZE) madvise(pages, size, MADV_HUGEPAGE);
    return pages;
}

/* *zeroed tells whether the block is known to hold zeros. */
static void *allocate(memory *account, size_t size, bool *zeroed)
{
    size_t real_size;
    void *block;

    *zeroed = false;
    if (size > SIZE_MAX / 4) return NULL;
    real_size = rounded(size);
    if (fault_strikes(account) || !memory_charge(account, real_size)) return NULL;
    if (real_size >= LARGE_SIZE) {
        block = map_pages(real_size);
        *zeroed = true;
    } else {
        block = aligned_alloc(MEMORY_ALIGNMENT, real_size);
    }
    if (!block) memory_discharge(account, real_size);
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

    if (fault_strikes(account)) return NULL;
    if (new_real > old_real && !memory_charge(account, new_real - old_real)) return NULL;
    moved = mremap(block, old_real, new_real, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        if (new_real > old_real) memory_discharge(account, new_real - old_real);
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
    if (old_real == new_real) return block;
    if (old_real >= LARGE_SIZE && new_real >= LARGE_SIZE) return remap(account, block, old_real, new_real);
    moved = memory_allocate(account, new_size);
    if (!moved) return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    memory_free(account, block, old_size);
    return moved;
}

void memory_free(memory *account, void *block, size_t size)
{
    size_t real_size;

    if (!block) return;
    real_size = rounded(size);
#ifdef BEDPLATE_CHECKS
    if (real_size < LARGE_SIZE) memset(block, 0x5a, size); /* poison: use after free shows */
#endif
    if (real_size >= LARGE_SIZE)
        munmap(block, real_size);
    else
        free(block);
    memory_discharge(account, real_size);
}

void memory_trim(memory *account)
{
    (void)account;
}
