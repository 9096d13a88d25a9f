/*
 * digest.h - digests by name, for the emulated modem's scripts.
 */
#ifndef FOTA_MBEDTLS_DIGEST_H
#define FOTA_MBEDTLS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define FOTA_MBEDTLS_DIGEST_MAX 64u /* bytes of the longest, SHA-512 */

/*
 * Computes the digest `name` (MD5, SHA1, SHA256, SHA512) of `length` bytes at `data`, or their HMAC
 * if `key` is not NULL. *size is the length of the digest, bytes. Returns 0, or FOTA_ERR_CRYPTO if
 * there is no such digest.
 */
int fota_mbedtls_digest(const char *name, const void *key, size_t key_length, const void *data,
                        size_t length, uint8_t digest[FOTA_MBEDTLS_DIGEST_MAX], size_t *size);

#endif
