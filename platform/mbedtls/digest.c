#include "platform/mbedtls/digest.h"

#include <mbedtls/md.h>

#include "fota_error.h"

int fota_mbedtls_digest(const char *name, const void *key, size_t key_length, const void *data,
                        size_t length, uint8_t digest[FOTA_MBEDTLS_DIGEST_MAX], size_t *size)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_string(name);
    int error;

    if (!info || mbedtls_md_get_size(info) > FOTA_MBEDTLS_DIGEST_MAX)
        return FOTA_ERR_CRYPTO;
    *size = mbedtls_md_get_size(info);
    if (key)
        error = mbedtls_md_hmac(info, key, key_length, data, length, digest);
    else
        error = mbedtls_md(info, data, length, digest);
    return error ? FOTA_ERR_CRYPTO : 0;
}
