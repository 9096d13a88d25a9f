#include "platform/mbedtls/p256m.h"

#include <p256-m.h>

#include "fota_error.h"
#include "platform/mbedtls/sha256.h"

/* It refuses r and s outside 1 to n - 1, and points off the curve, itself; nothing
 * else can fail. */
static int ecdsa_verify(const uint8_t key[FOTA_PUBLIC_KEY_SIZE],
                        const uint8_t digest[FOTA_DIGEST_SIZE],
                        const uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    int status = p256_ecdsa_verify(signature, key, digest, FOTA_DIGEST_SIZE);

    return status == P256_SUCCESS ? 0 : FOTA_ERR_SIGNATURE;
}

const struct fota_crypto_ops fota_p256m_crypto = {
    .sha256_start = fota_mbedtls_sha256_start,
    .sha256_update = fota_mbedtls_sha256_update,
    .sha256_finish = fota_mbedtls_sha256_finish,
    .ecdsa_verify = ecdsa_verify,
};
