#include "platform/mbedtls/sha256.h"

#include "fota_error.h"
#include "platform/mbedtls/compat.h"

/* The build stops here where a configuration of mbedTLS has a larger state. */
typedef char
    sha256_context_fits[sizeof(mbedtls_sha256_context) <= sizeof(struct fota_sha256) ? 1 : -1];

static mbedtls_sha256_context *context(struct fota_sha256 *sha)
{
    return (mbedtls_sha256_context *)sha->opaque;
}

int fota_mbedtls_sha256_start(struct fota_sha256 *sha)
{
    mbedtls_sha256_init(context(sha));
    return fota_compat_sha256_starts(context(sha)) == 0 ? 0 : FOTA_ERR_CRYPTO;
}

int fota_mbedtls_sha256_update(struct fota_sha256 *sha, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    return fota_compat_sha256_update(context(sha), data, len) == 0 ? 0 : FOTA_ERR_CRYPTO;
}

int fota_mbedtls_sha256_finish(struct fota_sha256 *sha, uint8_t digest[FOTA_DIGEST_SIZE])
{
    int error = fota_compat_sha256_finish(context(sha), digest);

    mbedtls_sha256_free(context(sha));
    return error == 0 ? 0 : FOTA_ERR_CRYPTO;
}
