/* Accounts: exact limits, kept blocks, many threads, and the real memory that a charge stands for. Expected values: arithmetic by hand. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static void test_all_sizes(void **state)
{
    memory *memory = memory_account_new(NULL, SIZE_MAX);

    for (size_t size = 0; size < 3 * KIB; size += size < 300 ? 1 : 61) {
        unsigned char *block = memory_allocate(memory, size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % MEMORY_ALIGNMENT, 0);
        assert_true(memory_used(memory) >= size);
        memset(block, 1, size);
        memory_free(memory, block, size);
        assert_int_equal(memory_used(memory), 0);
    }
    memory_release(memory);
}

/* Around the border between heap and pages, growing and shrinking keeps the content. */
static void test_resize_keeps(void **state)
{
    static const size_t sizes[] = {10, 1000, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, MIB, 5 * MIB, 300 * KIB, 256 * KIB - 64, 64,
                                   0,  70};
    memory *memory = memory_account_new(NULL, SIZE_MAX);
    unsigned char *block = NULL;
    size_t size = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t least = size < sizes[i] ? size : sizes[i];
        block = memory_resize(memory, block, size, sizes[i]);
        assert_non_null(block);
        for (size_t at = 0; at < least; at += 97) assert_int_equal(block[at], (unsigned char)(at * 7));
        size = sizes[i];
        for (size_t at = 0; at < size; at++) block[at] = (unsigned char)(at * 7);
    }
    memory_free(memory, block, size);
    assert_int_equal(memory_used(memory), 0);
    memory_release(memory);
}

/* A block that grew is as large as it says, also where it could stay in its place: another block behind it is not written over. (Seen by
 * valgrind and by the C library's own checks; the address sanitizer has rounded blocks since this was found.) */
static void test_grown_is_grown(void **state)
{
    memory *account = memory_account_new(NULL, SIZE_MAX);
    unsigned char *blocks[200];

    (void)state;
    for (size_t i = 0; i < 200; i++) assert_non_null(blocks[i] = memory_allocate(account, i + 1));
    for (size_t i = 0; i < 200; i++) {
        size_t larger = (i + 1 + 15) & ~(size_t)15;

        assert_non_null(blocks[i] = memory_resize(account, blocks[i], i + 1, larger));
        memset(blocks[i], (int)i, larger);
    }
    for (size_t i = 0; i < 200; i++) {
        size_t larger = (i + 1 + 15) & ~(size_t)15;

        for (size_t k = 0; k < larger; k++) assert_int_equal(blocks[i][k], i);
        memory_free(account, blocks[i], larger);
    }
    assert_int_equal(memory_used(account), 0);
    memory_release(account);
}

static void test_zeroed_after_use(void **state)
{
    static const size_t sizes[] = {1, 4000, 256 * KIB, MIB};
    memory *memory = memory_account_new(NULL, SIZE_MAX);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *block = memory_allocate(memory, sizes[i]);
        assert_non_null(block);
        memset(block, 0xff, sizes[i]);
        memory_free(memory, block, sizes[i]);
        block = memory_allocate_zeroed(memory, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(block[at], 0);
        memory_free(memory, block, sizes[i]);
    }
    assert_null(memory_allocate_array(memory, SIZE_MAX / 2, 3)); /* overflows */
    assert_null(memory_allocate(memory, SIZE_MAX - 5));
    memory_release(memory);
}

/* 16 MiB of whole pages fit a limit of 16 MiB to the byte; kept blocks are given back before a request fails. */
static void test_limit_is_exact(void **state)
{
    memory *memory = memory_account_new(NULL, 16 * MIB);
    void *blocks[16], *small, *whole;
    bp_error err;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 16; i++) assert_non_null(blocks[i] = memory_allocate(memory, MIB));
        assert_int_equal(memory_used(memory), 16 * MIB);
        assert_int_equal(memory_available(memory), 0);
        assert_null(small = memory_allocate(memory, 1));
        assert_int_equal(error_no_memory(&err, memory, 1), BP_OVER_BUDGET);
        for (int i = 0; i < 16; i++) memory_free(memory, blocks[i], MIB);
        assert_int_equal(memory_used(memory), 0);
        assert_int_equal(memory_available(memory), 16 * MIB);
        assert_non_null(whole = memory_allocate(memory, 16 * MIB)); /* only when every kept block goes first */
        memory_free(memory, whole, 16 * MIB);
    }
    assert_int_equal(memory_peak(memory), 16 * MIB);
    assert_null(memory_allocate(memory, 16 * MIB + 1));
    memory_release(memory);
}

/* What is kept by key is found again, does not count as used, and goes when room is needed. */
static void test_kept_by_key(void **state)
{
    memory *memory = memory_account_new(NULL, 16 * MIB); /* a 256th is 64 KiB */
    char bytes[30000] = "key and the rest";
    memory_kept *kept, *other;
    size_t found = 0;
    void *whole;

    memory_keep(memory, bytes, 16, 3);
    assert_int_equal(memory_used(memory), 0);
    assert_int_equal(memory_available(memory), 16 * MIB);
    assert_null(memory_kept_take(memory, "kez", 3));
    assert_null(memory_kept_take(memory, "ke", 2));
    assert_non_null(kept = memory_kept_take(memory, "key", 3));
    assert_int_equal(kept->size, 16);
    assert_int_equal(kept->key_size, 3);
    assert_memory_equal(kept->bytes, "key and the rest", 16);
    assert_true(memory_used(memory) > 0);
    assert_null(memory_kept_take(memory, "key", 3)); /* it is out */
    memory_kept_return(memory, kept);
    assert_int_equal(memory_used(memory), 0);

    for (char i = 0; i < 100; i++) { /* no more than may be kept: one of these beside another */
        bytes[0] = i;
        memory_keep(memory, bytes, sizeof bytes, 1);
        assert_non_null(kept = memory_kept_take(memory, &i, 1));
        memory_kept_return(memory, kept);
        assert_int_equal(memory_used(memory), 0);
    }
    assert_null(memory_kept_take(memory, "key", 3));
    assert_null(memory_kept_take(memory, bytes + 10, 1));
    bytes[0] = 99;
    assert_non_null(kept = memory_kept_take(memory, bytes, 1));
    memory_kept_free(memory, kept);
    assert_int_equal(memory_used(memory), 0);

    for (uint16_t i = 0; i < 5000; i++)
        memory_keep(memory, &i, 2, 2); /* small ones: the last, and at most as many as there are slots */
    for (uint16_t i = 0; i < 5000; i++) {
        if ((kept = memory_kept_take(memory, &i, 2))) {
            found++;
            memory_kept_return(memory, kept);
        } else {
            assert_true(i < 4999);
        }
    }
    assert_in_range(found, 100, 1024);
    memory_keep(memory, "k1", 2, 1);
    memory_keep(memory, "k2", 2, 1);
    assert_non_null(kept = memory_kept_take(memory, "k", 1));
    assert_non_null(other = memory_kept_take(memory, "k", 1)); /* two sessions have found out the same: no harm */
    memory_kept_free(memory, kept);
    memory_kept_free(memory, other);
    memory_kept_free(memory, NULL);

    memory_keep(memory, "key", 3, 3);
    assert_non_null(whole = memory_allocate(memory, 16 * MIB)); /* only when it goes first */
    memory_free(memory, whole, 16 * MIB);
    memory_trim(memory);
    assert_null(memory_kept_take(memory, "key", 3));
    memory_keep(memory, bytes, MEMORY_KEPT_SIZE + 1, 1);
    assert_null(memory_kept_take(memory, bytes, 1));
    memory_keep(memory, "key", 3, 3); /* and ends with the account */
    memory_release(memory);
}

static void test_nested_accounts(void **state)
{
    memory *root = memory_account_new(NULL, 8 * MIB), *child = memory_account_new(root, 2 * MIB),
           *other = memory_account_new(root, SIZE_MAX);
    void *first, *second;

    assert_int_equal(memory_limit(child), 2 * MIB);
    assert_int_equal(memory_limit(other), 8 * MIB);
    assert_non_null(first = memory_allocate(child, MIB));
    assert_int_equal(memory_used(root), MIB);
    assert_null(second = memory_allocate(child, MIB + 1));
    assert_int_equal(memory_used(root), MIB);
    assert_non_null(second = memory_allocate(other, 7 * MIB));
    assert_int_equal(memory_available(child), 0); /* its parent is full */
    memory_free(child, first, MIB);
    memory_free(other, second, 7 * MIB);
    assert_int_equal(memory_used(root), 0);
    assert_true(memory_charge(child, 2 * MIB));
    assert_false(memory_charge(child, 1));
    memory_discharge(child, 2 * MIB);
    memory_release(root); /* the children hold it */
    memory_release(child);
    memory_release(other);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static long resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}
#endif

/* What is charged is what the process really has, within an eighth: also for many small blocks. */
static void test_charge_is_true(void **state)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    static const size_t sizes[] = {64, 200, 4096, 100000, 300000};
    memory *memory = memory_account_new(NULL, SIZE_MAX);
    size_t most = 400000;
    void **blocks = calloc(most, sizeof *blocks);

    memset(blocks, 1, most * sizeof *blocks);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t count = 24 * MIB / sizes[i];
        pid_t child = fork(); /* in a process of its own: the heap's free blocks of the size before would be reused */
        int result = 0;
        assert_true(child >= 0);
        if (child > 0) {
            assert_int_equal(waitpid(child, &result, 0), child);
            assert_int_equal(result, 0);
            continue;
        }
        long before = resident_bytes();
        for (size_t k = 0; k < count; k++)
            if ((blocks[k] = memory_allocate(memory, sizes[i]))) memset(blocks[k], 1, sizes[i]);
        long grown = resident_bytes() - before, charged = (long)memory_used(memory);
        if (grown > charged + charged / 8) fprintf(stderr, "size %zu: charged %ld, resident %ld\n", sizes[i], charged, grown);
        _exit(grown > charged + charged / 8);
    }
    free(blocks);
    memory_release(memory);
#endif
}

typedef struct hammer {
    memory *memory;
    unsigned seed;
} hammer;

/* Keep, find, return or free a few hundred bytes. False: they are not what was kept. */
static bool hammer_kept(memory *memory, unsigned random)
{
    unsigned char bytes[300], key = random >> 8 & 31;
    memory_kept *kept;

    memset(bytes, key, sizeof bytes);
    if (random & 1) {
        memory_keep(memory, bytes, 100 + (random >> 13 & 127), 1);
        return true;
    }
    if (!(kept = memory_kept_take(memory, &key, 1))) return true;
    if (kept->bytes[kept->size - 1] != key) return false;
    if (random & 2)
        memory_kept_return(memory, kept);
    else
        memory_kept_free(memory, kept);
    return true;
}

static void *hammer_thread(void *data)
{
    hammer *self = data;
    unsigned char *blocks[8] = {0};
    size_t sizes[8] = {0};

    for (unsigned i = 0, random = self->seed; i < 20000; i++) {
        unsigned slot = (random = random * 1103515245u + 12345u) >> 16 & 7;
        if (blocks[slot]) {
            if (sizes[slot] && (blocks[slot][0] != slot || blocks[slot][sizes[slot] - 1] != slot))
                return data; /* somebody else wrote */
            memory_free(self->memory, blocks[slot], sizes[slot]);
            blocks[slot] = NULL;
        } else {
            sizes[slot] = random & 1 ? 1 + (random >> 8 & 1023) : ((random >> 8 & 3) + 1) * 256 * KIB;
            if ((blocks[slot] = memory_allocate(self->memory, sizes[slot]))) {
                blocks[slot][0] = (unsigned char)slot;
                blocks[slot][sizes[slot] - 1] = (unsigned char)slot;
            }
        }
        if (i % 4 == 0 && !hammer_kept(self->memory, random)) return data;
        if (memory_used(self->memory) > memory_limit(self->memory)) return data;
    }
    for (int i = 0; i < 8; i++) memory_free(self->memory, blocks[i], sizes[i]);
    return NULL;
}

static void test_threads(void **state)
{
    memory *memory = memory_account_new(NULL, 10 * MIB);
    pthread_t threads[4];
    hammer hammers[4];
    void *result;

    for (unsigned i = 0; i < 4; i++) {
        hammers[i] = (hammer){memory, i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_thread, &hammers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(memory_used(memory), 0);
    memory_release(memory);
}

/* Each thread needs 1 MiB of the 4: a refusal would be spurious, whatever others are refused meanwhile. */
static void *modest_thread(void *data)
{
    for (int i = 0; i < 3000; i++) {
        void *block = memory_allocate(data, MIB), *greedy;
        if (!block) return data;
        if ((greedy = memory_allocate(data, 5 * MIB))) return data;
        memory_free(data, block, MIB);
    }
    return NULL;
}

static void test_no_spurious_refusal(void **state)
{
    memory *memory = memory_account_new(NULL, 4 * MIB);
    pthread_t threads[4];
    void *result;

    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, modest_thread, memory), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    memory_release(memory);
}

static void test_fail_at(void **state)
{
#ifdef BEDPLATE_CHECKS
    memory *memory = memory_account_new(NULL, SIZE_MAX);
    void *blocks[4];

    memory_fail_at(memory, 2, false);
    for (int i = 0; i < 4; i++) assert_int_equal((blocks[i] = memory_allocate(memory, 10)) != NULL, i != 1);
    assert_true(memory_fault_seen(memory));
    for (int i = 0; i < 4; i++) memory_free(memory, blocks[i], 10);
    memory_fail_at(memory, 3, true);
    for (int i = 0; i < 4; i++) assert_int_equal((blocks[i] = memory_allocate(memory, MIB)) != NULL, i < 2);
    for (int i = 0; i < 4; i++) memory_free(memory, blocks[i], MIB);
    memory_fail_at(memory, 0, false);
    assert_false(memory_fault_seen(memory));
    memory_release(memory);
#endif
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_charge_is_true),      cmocka_unit_test(test_all_sizes),        cmocka_unit_test(test_resize_keeps),
        cmocka_unit_test(test_grown_is_grown),      cmocka_unit_test(test_zeroed_after_use), cmocka_unit_test(test_limit_is_exact),
        cmocka_unit_test(test_kept_by_key),         cmocka_unit_test(test_nested_accounts),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_spurious_refusal), cmocka_unit_test(test_fail_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
