/*
 * p256m.h - SHA-256 by mbedTLS and ECDSA P-256 by p256-m, for boot loaders.
 *
 * p256-m comes with mbedTLS since 3.5 (3rdparty/p256-m). It knows only this curve, needs no heap,
 * and takes a quarter of the code. Compile p256-m.c as well, with MBEDTLS_PSA_P256M_DRIVER_ENABLED,
 * and link with garbage collection of sections: half of that file is for signing.
 */
#ifndef FOTA_MBEDTLS_P256M_H
#define FOTA_MBEDTLS_P256M_H

#include "fota_port.h"

extern const struct fota_crypto_ops fota_p256m_crypto;

#endif
