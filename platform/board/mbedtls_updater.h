/*
 * mbedtls_updater.h - mbedTLS of a resident updater: the application's, but TLS 1.2 only. What TLS
 * 1.3 takes, with PSA below it, is an eighth of that.
 */
#include "platform/board/mbedtls_app.h"

#undef MBEDTLS_SSL_PROTO_TLS1_3
#undef MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#undef MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#undef MBEDTLS_PSA_CRYPTO_C
#undef MBEDTLS_HKDF_C
