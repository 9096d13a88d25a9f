/*
 * crypto.c - the engine's cryptography by mbedTLS.
 */
#include "platform/mbedtls/crypto.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>

#include "fota_error.h"
#include "platform/mbedtls/compat.h"
#include "platform/mbedtls/sha256.h"

#define SCALAR_SIZE (FOTA_SIGNATURE_SIZE / 2)

/*
 * Sets the point by its coordinates. Returns mbedTLS's error, for example if it is not on the
 * curve. The library's own function also reads compressed points, which costs a boot loader 1.5 KB.
 */
static int read_key(const mbedtls_ecp_group *group, mbedtls_ecp_point *point,
                    const uint8_t key[FOTA_PUBLIC_KEY_SIZE])
{
    int error = mbedtls_mpi_read_binary(&point->MBEDTLS_PRIVATE(X), key, SCALAR_SIZE);

    if (error == 0)
        error = mbedtls_mpi_read_binary(&point->MBEDTLS_PRIVATE(Y), key + SCALAR_SIZE, SCALAR_SIZE);
    if (error == 0)
        error = mbedtls_mpi_lset(&point->MBEDTLS_PRIVATE(Z), 1);
    return error ? error : mbedtls_ecp_check_pubkey(group, point);
}

/* A wrong key or a wrong signature is the fault of the package, and final. Everything else, such as
 * lack of memory, is a failure of the library and may go away. */
static int judge(int error)
{
    switch (error) {
    case 0: return 0;
    case MBEDTLS_ERR_ECP_VERIFY_FAILED:
    case MBEDTLS_ERR_ECP_INVALID_KEY:
    case MBEDTLS_ERR_ECP_BAD_INPUT_DATA: return FOTA_ERR_SIGNATURE;
    default: return FOTA_ERR_CRYPTO;
    }
}

static int ecdsa_verify(const uint8_t key[FOTA_PUBLIC_KEY_SIZE],
                        const uint8_t digest[FOTA_DIGEST_SIZE],
                        const uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi r, s;
    int error;

    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&point);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    error = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1);
    if (error) {
        error = FOTA_ERR_CRYPTO; /* the curve is not built in: no judgement of the signature */
        goto out;
    }
    error = read_key(&group, &point, key);
    if (error == 0)
        error = mbedtls_mpi_read_binary(&r, signature, SCALAR_SIZE);
    if (error == 0)
        error = mbedtls_mpi_read_binary(&s, signature + SCALAR_SIZE, SCALAR_SIZE);
    if (error == 0) {
        /* Refuses r and s outside 1 to n - 1 itself. */
        error = mbedtls_ecdsa_verify(&group, digest, FOTA_DIGEST_SIZE, &point, &r, &s);
    }
    error = judge(error);
out:
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&point);
    mbedtls_ecp_group_free(&group);
    return error;
}

const struct fota_crypto_ops fota_mbedtls_crypto = {
    .sha256_start = fota_mbedtls_sha256_start,
    .sha256_update = fota_mbedtls_sha256_update,
    .sha256_finish = fota_mbedtls_sha256_finish,
    .ecdsa_verify = ecdsa_verify,
};
