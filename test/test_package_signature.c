/*
 * test_package_signature.c - core/package.h and tools/key.h: who may install what.
 */
#include "package_sample.h"

/* ---- signatures: arbitrary install, key compromise ------------------------------------------- */

static void arbitrary_install_unsigned_package_is_refused(void **state)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);
    struct fota_key keys[] = {trusted(&key_a)};

    (void)state;
    assert_int_equal(accept_with(&h, keys, 1, 0), FOTA_ERR_UNSIGNED);
    assert_int_equal(accept_with(&h, NULL, 0, 0), FOTA_ERR_UNSIGNED);
}

static void arbitrary_install_unknown_key_is_refused(void **state)
{
    struct header h = signed_header(&key_b);
    struct fota_key keys[] = {trusted(&key_a)};

    (void)state;
    assert_int_equal(accept_with(&h, keys, 1, 0), FOTA_ERR_UNKNOWN_KEY);
    assert_int_equal(accept_with(&h, NULL, 0, 0), FOTA_ERR_UNKNOWN_KEY);
    /* The name of a trusted key on another's signature. */
    memcpy(h.data + h.length - FOTA_SIGNATURE_SIZE - FOTA_KEY_ID_SIZE, key_a.id, FOTA_KEY_ID_SIZE);
    assert_int_equal(accept_with(&h, keys, 1, 0), FOTA_ERR_SIGNATURE);
}

static void arbitrary_install_every_changed_bit_is_refused(void **state)
{
    struct header h = signed_header(&key_a);
    struct fota_key keys[] = {trusted(&key_a)};

    (void)state;
    assert_int_equal(accept_with(&h, keys, 1, 0), 0);
    for (size_t at = 0; at < h.length; at++) {
        struct header wrong = h;

        for (unsigned mask = 1; mask <= 0x80; mask <<= 1) {
            wrong.data[at] = (uint8_t)(h.data[at] ^ mask);
            assert_int_not_equal(accept_with(&wrong, keys, 1, 0), 0);
        }
        wrong.data[at] = (uint8_t)~h.data[at];
        assert_int_not_equal(accept_with(&wrong, keys, 1, 0), 0);
    }
}

static void arbitrary_install_zero_signature_numbers_are_refused(void **state)
{
    struct fota_key keys[] = {trusted(&key_a)};
    struct header h = signed_header(&key_a);
    struct header r = h, s = h, both = h;
    size_t at = h.length - FOTA_SIGNATURE_SIZE;

    (void)state;
    memset(r.data + at, 0, 32);
    memset(s.data + at + 32, 0, 32);
    memset(both.data + at, 0, 64);
    assert_int_equal(accept_with(&r, keys, 1, 0), FOTA_ERR_SIGNATURE);
    assert_int_equal(accept_with(&s, keys, 1, 0), FOTA_ERR_SIGNATURE);
    assert_int_equal(accept_with(&both, keys, 1, 0), FOTA_ERR_SIGNATURE);
}

static void key_compromise_one_of_two_signatures_is_not_two(void **state)
{
    struct header one = signed_header(&key_a);
    struct header two = with_signature(&one, &key_b);
    struct fota_key keys[] = {trusted(&key_a), trusted(&key_b)};

    (void)state;
    assert_int_equal(accept_with(&one, keys, 2, 2), FOTA_ERR_SIGNATURES);
    assert_int_equal(accept_with(&two, keys, 2, 2), 0);
    assert_int_equal(accept_with(&two, keys, 1, 2), FOTA_ERR_UNKNOWN_KEY);
    assert_int_equal(accept_with(&two, keys + 1, 1, 1), 0);
    two.data[two.length - 1] ^= 1;
    assert_int_equal(accept_with(&two, keys, 2, 2), FOTA_ERR_SIGNATURE);
    /* More than a package can carry can never be met. */
    assert_int_equal(accept_with(&one, keys, 2, 3), FOTA_ERR_SIGNATURES);
}

static void key_compromise_one_key_counts_once(void **state)
{
    struct header h = signed_header(&key_a);
    struct fota_key keys[] = {trusted(&key_a), trusted(&key_a)};
    struct fota_manifest m;
    struct fota_fault fault;
    uint8_t out[FOTA_HEADER_MAX];
    size_t length;

    (void)state;
    assert_int_equal(fota_package_parse(h.data, h.length, &m, &fault), 0);
    assert_int_equal(fota_package_add_signature(h.data, h.length, &m.signatures[0], out, sizeof out,
                                                &length, &fault),
                     FOTA_ERR_ARGUMENT);
    m.signatures[1] = m.signatures[0];
    m.signature_count = 2;
    h = written(&m);
    assert_int_equal(accept_with(&h, keys, 2, 2), FOTA_ERR_SIGNATURES);
}

static void key_compromise_development_key_is_refused_in_production(void **state)
{
    struct header h = signed_header(&key_a);
    struct fota_key keys[] = {trusted(&key_a)};
    struct fota_policy policy = {0};

    (void)state;
    policy.keys = keys;
    policy.key_count = 1;
    policy.production = true;
    assert_int_equal(accept_header(&h, &policy), 0);
    keys[0].development = true;
    assert_int_equal(accept_header(&h, &policy), FOTA_ERR_DEVELOPMENT_KEY);
    policy.production = false;
    assert_int_equal(accept_header(&h, &policy), 0);
}

static int broken_update(struct fota_sha256 *sha, const void *data, size_t len)
{
    (void)sha;
    (void)data;
    (void)len;
    return FOTA_ERR_CRYPTO;
}

static int broken_finish(struct fota_sha256 *sha, uint8_t digest[FOTA_DIGEST_SIZE])
{
    crypto->sha256_finish(sha, digest);
    return FOTA_ERR_CRYPTO;
}

static void a_failing_hash_fails_closed(void **state)
{
    struct header h = signed_header(&key_a);
    struct fota_key keys[] = {trusted(&key_a)};
    struct fota_policy policy = {0};
    struct fota_crypto_ops broken = *crypto;
    struct fota_manifest m;
    struct fota_fault fault;

    (void)state;
    policy.keys = keys;
    policy.key_count = 1;
    assert_int_equal(fota_package_parse(h.data, h.length, &m, &fault), 0);
    broken.sha256_update = broken_update;
    assert_int_equal(fota_package_verify(&broken, &policy, h.data, &m, &fault), FOTA_ERR_CRYPTO);
    broken = *crypto;
    broken.sha256_finish = broken_finish;
    assert_int_equal(fota_package_verify(&broken, &policy, h.data, &m, &fault), FOTA_ERR_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arbitrary_install_unsigned_package_is_refused),
        cmocka_unit_test(arbitrary_install_unknown_key_is_refused),
        cmocka_unit_test(arbitrary_install_every_changed_bit_is_refused),
        cmocka_unit_test(arbitrary_install_zero_signature_numbers_are_refused),
        cmocka_unit_test(key_compromise_one_of_two_signatures_is_not_two),
        cmocka_unit_test(key_compromise_one_key_counts_once),
        cmocka_unit_test(key_compromise_development_key_is_refused_in_production),
        cmocka_unit_test(a_failing_hash_fails_closed),
    };

    return cmocka_run_group_tests_name("package signatures", tests, make_keys, NULL);
}
