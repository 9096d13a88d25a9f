/*
 * mbedtls_updater.h - mbedTLS of a resident updater: the application's without what servers of TLS
 * 1.2 can do without. It is 30 KB less code.
 */
#include "platform/board/mbedtls_app.h"

/* TLS 1.3, and what it calculates by. */
#undef MBEDTLS_SSL_PROTO_TLS1_3
#undef MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#undef MBEDTLS_PSA_CRYPTO_C
#undef MBEDTLS_HKDF_C
#undef MBEDTLS_PKCS1_V21

/* Every server has AES and P-256. */
#undef MBEDTLS_CHACHA20_C
#undef MBEDTLS_POLY1305_C
#undef MBEDTLS_CHACHAPOLY_C
#undef MBEDTLS_ECP_DP_CURVE25519_ENABLED
