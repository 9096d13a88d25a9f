/*
 * digest.h - digests by name, for the emulated modem's scripts.
 */
#ifndef FOTA_MBEDTLS_DIGEST_H
#define FOTA_MBEDTLS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define FOTA_MBEDTLS_DIGEST_MAX 64u /* bytes of the longest, SHA-512 */

/*
 * The digest `name` (MD5, SHA1, SHA256, SHA512) of `length` bytes; with a key, which may be NULL,
 * their HMAC. *size says how many bytes `digest` got. Returns 0, or FOTA_ERR_CRYPTO: there is no
 * such digest.
 */
int fota_mbedtls_digest(const char *name, const void *key, size_t key_length, const void *data,
                        size_t length, uint8_t digest[FOTA_MBEDTLS_DIGEST_MAX], size_t *size);

#endif
