/* Message digests: MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4), of bytes that are all there. For checksums and keys that other tools share; MD5 and
 * SHA-1 are broken as signatures. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "memory.h"

#define MD5_SIZE 16
#define SHA1_SIZE 20
#define SHA256_SIZE 32

/* Of a long text, the account's context is asked whether to stop (NULL: none is): then the digest means nothing, and the caller looks at cancel. */
void digest_md5(uint8_t out[MD5_SIZE], const void *data, size_t size, const memory *account);
void digest_sha1(uint8_t out[SHA1_SIZE], const void *data, size_t size, const memory *account);
void digest_sha256(uint8_t out[SHA256_SIZE], const void *data, size_t size, const memory *account);

#endif
