/*
 * crypto.h - SHA-256 and ECDSA P-256 by mbedTLS 2.28 or 3.6.
 */
#ifndef FOTA_MBEDTLS_CRYPTO_H
#define FOTA_MBEDTLS_CRYPTO_H

#include "fota_port.h"

extern const struct fota_crypto_ops fota_mbedtls_crypto;

#endif
