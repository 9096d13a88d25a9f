/* SHA-256 and ECDSA P-256 by mbedTLS. */
#include "crypto_cases.h"
#include "platform/mbedtls/crypto.h"

static const struct fota_crypto_ops *const crypto = &fota_mbedtls_crypto;

int main(void)
{
    const struct CMUnitTest tests[] = {CRYPTO_CASES};

    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
