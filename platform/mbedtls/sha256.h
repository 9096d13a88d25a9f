/*
 * sha256.h - SHA-256 by mbedTLS, shared by crypto.c and p256m.c, which differ in ECDSA. The
 * contracts are those of struct fota_crypto_ops.
 */
#ifndef FOTA_MBEDTLS_SHA256_H
#define FOTA_MBEDTLS_SHA256_H

#include "fota_port.h"

int fota_mbedtls_sha256_start(struct fota_sha256 *sha);
int fota_mbedtls_sha256_update(struct fota_sha256 *sha, const void *data, size_t len);
int fota_mbedtls_sha256_finish(struct fota_sha256 *sha, uint8_t digest[FOTA_DIGEST_SIZE]);

#endif
