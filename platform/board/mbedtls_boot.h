/*
 * mbedtls_boot.h - mbedTLS of a boot loader: SHA-256, and ECDSA P-256 to verify with.
 */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE       2
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ASN1_PARSE_C /* which ECDSA_C demands, and nothing here calls */
#define MBEDTLS_ASN1_WRITE_C
