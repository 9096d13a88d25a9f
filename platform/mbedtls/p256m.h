/*
 * p256m.h - SHA-256 by mbedTLS and ECDSA P-256 by p256-m, for boot loaders.
 *
 * p256-m comes with mbedTLS since 3.5 (3rdparty/p256-m). It knows this curve alone, needs no heap,
 * and has a quarter of the library's code. Compile p256-m.c, too, with
 * MBEDTLS_PSA_P256M_DRIVER_ENABLED, and with garbage collection of sections: its other half signs.
 */
#ifndef FOTA_MBEDTLS_P256M_H
#define FOTA_MBEDTLS_P256M_H

#include "fota_port.h"

extern const struct fota_crypto_ops fota_p256m_crypto;

#endif
