/*
 * compat.h - the differences between mbedTLS 2.28 and 3.6 in one place.
 *
 * 3.0 gave the checked functions of 2.x, mbedtls_sha256_*_ret, the names of the unchecked ones.
 */
#ifndef FOTA_MBEDTLS_COMPAT_H
#define FOTA_MBEDTLS_COMPAT_H

#include <stddef.h>

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER < 0x021C0000 || MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "mbedTLS 2.28 or 3.x is needed"
#endif

static inline int fota_compat_sha256_starts(mbedtls_sha256_context *sha)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_starts_ret(sha, 0);
#else
    return mbedtls_sha256_starts(sha, 0);
#endif
}

static inline int fota_compat_sha256_update(mbedtls_sha256_context *sha, const unsigned char *data,
                                            size_t len)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_update_ret(sha, data, len);
#else
    return mbedtls_sha256_update(sha, data, len);
#endif
}

static inline int fota_compat_sha256_finish(mbedtls_sha256_context *sha, unsigned char digest[32])
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_finish_ret(sha, digest);
#else
    return mbedtls_sha256_finish(sha, digest);
#endif
}

#endif
