/* Vectors of RFC 1321 (MD5) and FIPS 180 / NIST's examples (SHA-1, SHA-256), and of Python's hashlib for the sizes around a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/number.h"

static void print_all(char out[3][65], const void *data, size_t size)
{
    uint8_t md5[MD5_SIZE], sha1[SHA1_SIZE], sha256[SHA256_SIZE];

    digest_md5(md5, data, size, NULL);
    digest_sha1(sha1, data, size, NULL);
    digest_sha256(sha256, data, size, NULL);
    memset(out, 0, 3 * 65);
    number_print_hex_bytes(out[0], md5, sizeof md5, false);
    number_print_hex_bytes(out[1], sha1, sizeof sha1, false);
    number_print_hex_bytes(out[2], sha256, sizeof sha256, false);
}

static void standards_vectors(void **state)
{
    static const char *const rows[][4] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "8215ef0796a20bcaaae116d3876c664a",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a",
         "50abf5706a150990a08b2c5ea40fa0e585554732", "f371bc4a311f2b009eef952dd83ca80e2b60026c8e935592d0f9c308453c813e"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char got[3][65];
        print_all(got, rows[i][0], strlen(rows[i][0]));
        assert_string_equal(got[0], rows[i][1]);
        assert_string_equal(got[1], rows[i][2]);
        assert_string_equal(got[2], rows[i][3]);
    }
}

/* The digests of 'a' repeated, chained: sizes 0 … 200 go over every way to fill the last block. The values are hashlib's. */
static void every_size_around_a_block(void **state)
{
    char text[200], got[3][65], all[3][65];
    uint8_t chain[201 * 84];
    size_t at = 0;

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t size = 0; size <= sizeof text; size++) {
        print_all(got, text, size);
        memcpy(chain + at, got[0], 32), at += 32;
        memcpy(chain + at, got[1], 20), at += 20;
        memcpy(chain + at, got[2], 32), at += 32;
    }
    print_all(all, chain, at);
    assert_string_equal(all[2], "d2f3f5a6bcb1af3bdec554732fb5aea6450cff42001b9dd3b3d6d31d8a295e68");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(standards_vectors), cmocka_unit_test(every_size_around_a_block)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
