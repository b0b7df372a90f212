/* CRC-32C against RFC 3720, B.4; the 64-bit hashes against what a hash must do: equal for equal values, spread for others. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/hash.h"

static void check_crc(const void *data, size_t size, uint32_t wanted)
{
    assert_int_equal(hash_crc32c(0, data, size), wanted);
    assert_int_equal(hash_crc32c(hash_crc32c(0, data, size / 3), (const char *)data + size / 3, size - size / 3), wanted);
}

static void test_crc32c(void **state)
{
    static const cpu_kind levels[] = {CPU_SCALAR, CPU_AVX512};
    unsigned char bytes[32];

    for (size_t level = 0; level < ARRAY_LENGTH(levels); level++) {
        (void)cpu_force_level(levels[level]);
        memset(bytes, 0, 32);
        check_crc(bytes, 32, 0x8a9136aa);
        memset(bytes, 0xff, 32);
        check_crc(bytes, 32, 0x62a8ab43);
        for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)i;
        check_crc(bytes, 32, 0x46dd794e);
        for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)(31 - i);
        check_crc(bytes, 32, 0x113fdb5c);
        check_crc("123456789", 9, 0xe3069283);
    }
}

/* Every length, at every alignment, depends on every bit. */
static void test_bytes(void **state)
{
    char buffer[160];

    for (size_t i = 0; i < sizeof buffer; i++) buffer[i] = (char)(i * 37);
    for (size_t size = 0; size <= 100; size++) {
        uint64_t hash = hash_bytes(buffer, size);
        char copy[120];

        memcpy(copy + size % 13, buffer, size);
        assert_true(hash_bytes(copy + size % 13, size) == hash);
        assert_true(hash_bytes(buffer, size + 1) != hash);
        for (size_t bit = 0; bit < size * 8; bit++) {
            copy[size % 13 + bit / 8] ^= (char)(1 << bit % 8);
            uint64_t other = hash_bytes(copy + size % 13, size);
            int changed = __builtin_popcountll(other ^ hash);

            assert_true(changed >= 10 && changed <= 54); /* 64 fair coins leave this range once in 10^8 */
            copy[size % 13 + bit / 8] ^= (char)(1 << bit % 8);
        }
    }
    assert_true(hash_bytes(NULL, 0) == hash_bytes(buffer, 0));
}

/* Low and high 16 bits of the hashes of small, even and high-bit keys: 65,536 keys in 65,536 buckets leave about 1/e of them empty. */
static void test_spread(void **state)
{
    static const unsigned shifts[] = {0, 1, 8, 32, 48};
    static uint8_t low[65536], high[65536];

    for (size_t s = 0; s < ARRAY_LENGTH(shifts); s++) {
        int low_used = 0, high_used = 0;

        memset(low, 0, sizeof low);
        memset(high, 0, sizeof high);
        for (uint64_t i = 0; i < 65536; i++) {
            uint64_t hash = hash_uint64(i << shifts[s]);

            low_used += low[hash & 0xffff]++ == 0;
            high_used += high[hash >> 48]++ == 0;
        }
        assert_in_range(low_used, 40900, 41950); /* 41,427 +- 4 deviations of 127 */
        assert_in_range(high_used, 40900, 41950);
    }
}

static void test_values(void **state)
{
    assert_true(hash_double(0.0) == hash_double(-0.0));
    assert_true(hash_double(NAN) == hash_double(-NAN));
    assert_true(hash_double(1.0) != hash_double(2.0));
    assert_true(hash_combine(1, 2) != hash_combine(2, 1));
    assert_true(hash_uint128(1) != hash_uint128((uint128)1 << 64));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_crc32c), cmocka_unit_test(test_bytes),
                                              cmocka_unit_test(test_spread), cmocka_unit_test(test_values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
