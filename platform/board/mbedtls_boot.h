/*
 * mbedtls_boot.h - mbedTLS of a boot loader: SHA-256. ECDSA is p256-m's (platform/mbedtls/p256m.h).
 */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
