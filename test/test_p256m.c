/*
 * SHA-256 and ECDSA P-256 as boot loaders have them: the cases of crypto_cases.h, and what mbedTLS
 * says of a signature p256-m must say, too.
 */
#include "crypto_cases.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>

#include "platform/mbedtls/crypto.h"
#include "platform/mbedtls/p256m.h"

#define ROUNDS 40

static const struct fota_crypto_ops *const crypto = &fota_p256m_crypto;

static mbedtls_ecp_group curve;
static mbedtls_mpi order_n, secret, nonce, r, s;
static mbedtls_ecp_point point;
static uint32_t lots = 1; /* the same ones in each run */

static int random_bytes(void *ctx, unsigned char *data, size_t length)
{
    (void)ctx;
    for (size_t i = 0; i < length; i++) {
        lots = lots * 1664525u + 1013904223u;
        data[i] = (uint8_t)(lots >> 24);
    }
    return 0;
}

static unsigned lot(unsigned below)
{
    uint8_t byte;

    random_bytes(NULL, &byte, 1);
    return byte % below;
}

static int set_up(void **state)
{
    (void)state;
    mbedtls_ecp_group_init(&curve);
    mbedtls_ecp_point_init(&point);
    mbedtls_mpi_init(&order_n);
    mbedtls_mpi_init(&secret);
    mbedtls_mpi_init(&nonce);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    return mbedtls_ecp_group_load(&curve, MBEDTLS_ECP_DP_SECP256R1) ||
           mbedtls_mpi_read_string(&order_n, 16, order);
}

static int tear_down(void **state)
{
    (void)state;
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&nonce);
    mbedtls_mpi_free(&secret);
    mbedtls_mpi_free(&order_n);
    mbedtls_ecp_point_free(&point);
    mbedtls_ecp_group_free(&curve);
    return 0;
}

/* `point` as X and Y, which the library writes behind a byte. */
static void write_point(uint8_t out[FOTA_PUBLIC_KEY_SIZE])
{
    uint8_t bytes[1 + FOTA_PUBLIC_KEY_SIZE];
    size_t length;

    assert_int_equal(mbedtls_ecp_point_write_binary(&curve, &point, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                                    &length, bytes, sizeof bytes),
                     0);
    memcpy(out, bytes + 1, FOTA_PUBLIC_KEY_SIZE);
}

static void write_signature(struct signed_digest *d)
{
    assert_int_equal(mbedtls_mpi_write_binary(&r, d->signature, 32), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&s, d->signature + 32, 32), 0);
}

/* Signs d->digest with a new key. */
static void sign(struct signed_digest *d)
{
    assert_int_equal(mbedtls_ecp_gen_keypair(&curve, &secret, &point, random_bytes, NULL), 0);
    write_point(d->key);
    assert_int_equal(mbedtls_ecdsa_sign(&curve, &r, &s, &secret, d->digest, sizeof d->digest,
                                        random_bytes, NULL),
                     0);
    write_signature(d);
}

/* The verdict of both. */
static int judge(const struct signed_digest *d)
{
    int verdict = fota_mbedtls_crypto.ecdsa_verify(d->key, d->digest, d->signature);

    assert_int_equal(verify(d), verdict);
    return verdict;
}

/* ---- at random ------------------------------------------------------------------------------- */

static void random_signatures_are_good(void **state)
{
    struct signed_digest d;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        random_bytes(NULL, d.digest, sizeof d.digest);
        sign(&d);
        assert_int_equal(judge(&d), 0);
        /* r, -s is a signature as well. */
        assert_int_equal(mbedtls_mpi_sub_mpi(&s, &order_n, &s), 0);
        write_signature(&d);
        assert_int_equal(judge(&d), 0);
    }
}

static void random_signatures_with_flipped_bits_are_refused(void **state)
{
    struct signed_digest d;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t *parts[] = {d.digest, d.signature, d.signature + 32, d.key, d.key + 32};

        random_bytes(NULL, d.digest, sizeof d.digest);
        sign(&d);
        parts[lot(5)][lot(32)] ^= (uint8_t)(1u << lot(8));
        assert_int_equal(judge(&d), FOTA_ERR_SIGNATURE);
        random_bytes(NULL, d.signature, sizeof d.signature);
        assert_int_equal(judge(&d), FOTA_ERR_SIGNATURE);
    }
}

/* ---- where formulas for points have their exceptions ----------------------------------------- */

/* The first scalar is 0, or the digest is not below the order. */
static void digests_of_zeros_and_of_ones_can_be_signed(void **state)
{
    struct signed_digest d;

    (void)state;
    for (int fill = 0; fill <= 0xFF; fill += 0xFF) {
        memset(d.digest, fill, sizeof d.digest);
        sign(&d);
        assert_int_equal(judge(&d), 0);
        d.digest[31] ^= 1;
        assert_int_equal(judge(&d), FOTA_ERR_SIGNATURE);
    }
}

/* The key is the generator, as if the secret were 1; r is that of a random nonce. */
static void take_the_generator_as_key(struct signed_digest *d)
{
    uint8_t xy[FOTA_PUBLIC_KEY_SIZE];

    assert_int_equal(mbedtls_ecp_copy(&point, &curve.G), 0);
    write_point(d->key);
    assert_int_equal(mbedtls_ecp_gen_keypair(&curve, &nonce, &point, random_bytes, NULL), 0);
    write_point(xy);
    assert_int_equal(mbedtls_mpi_read_binary(&r, xy, 32), 0);
}

/* With the digest r, both points are the same: s = (r + r * 1) / nonce. */
static void the_sum_of_a_point_and_itself_is_no_exception(void **state)
{
    struct signed_digest d;

    (void)state;
    take_the_generator_as_key(&d);
    assert_int_equal(mbedtls_mpi_inv_mod(&s, &nonce, &order_n), 0);
    assert_int_equal(mbedtls_mpi_mul_mpi(&s, &s, &r), 0);
    assert_int_equal(mbedtls_mpi_mul_int(&s, &s, 2), 0);
    assert_int_equal(mbedtls_mpi_mod_mpi(&s, &s, &order_n), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&r, d.digest, 32), 0);
    write_signature(&d);
    assert_int_equal(judge(&d), 0);
}

/* With the digest -r one point is the other's opposite, whatever s is: their sum has no x. */
static void the_sum_of_a_point_and_its_opposite_signs_nothing(void **state)
{
    struct signed_digest d;

    (void)state;
    take_the_generator_as_key(&d);
    assert_int_equal(mbedtls_mpi_copy(&s, &nonce), 0);
    write_signature(&d);
    assert_int_equal(mbedtls_mpi_sub_mpi(&r, &order_n, &r), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&r, d.digest, 32), 0);
    assert_int_equal(judge(&d), FOTA_ERR_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CRYPTO_CASES,
        cmocka_unit_test(random_signatures_are_good),
        cmocka_unit_test(random_signatures_with_flipped_bits_are_refused),
        cmocka_unit_test(digests_of_zeros_and_of_ones_can_be_signed),
        cmocka_unit_test(the_sum_of_a_point_and_itself_is_no_exception),
        cmocka_unit_test(the_sum_of_a_point_and_its_opposite_signs_nothing),
    };

    return cmocka_run_group_tests_name("p256m", tests, set_up, tear_down);
}
