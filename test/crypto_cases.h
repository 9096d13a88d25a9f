/*
 * crypto_cases.h - what any struct fota_crypto_ops must do: the published vectors, and everything
 * near them that must fail. Include it in a test that has its `crypto`.
 */
#ifndef FOTA_TEST_CRYPTO_CASES_H
#define FOTA_TEST_CRYPTO_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
#include "fota_port.h"

static const struct fota_crypto_ops *const crypto;

struct vector {
    const char *message; /* hex where `hex` */
    bool hex;
    const char *key;
    const char *signature;
};

/* RFC 6979, A.2.5 (SHA-256), then NIST CAVP FIPS 186-3 SigGen [P-256,SHA-256], the first. */
static const struct vector vectors[] = {
    {"sample", false,
     "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {"test", false,
     "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
     "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
     "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
    {"5905238877C77421F73E43EE3DA6F2D9E2CCAD5FC942DCEC0CBD25482935FAAF"
     "416983FE165B1A045EE2BCD2E6DCA3BDF46C4310A7461F9A37960CA672D3FEB5"
     "473E253605FB1DDFD28065B53CB5858A8AD28175BF9BD386A5E471EA7A65C17C"
     "C934A9D791E91491EB3754D03799790FE2D308D16146D5C9B0D0DEBD97D79CE8",
     true,
     "1CCBE91C075FC7F4F033BFA248DB8FCCD3565DE94BBFB12F3C59FF46C271BF83"
     "CE4014C68811F9A21A1FDB2C0E6113E06DB7CA93B7404E78DC7CCD5CA89A4CA9",
     "F3AC8061B514795B8843E3D6629527ED2AFD6B1F6A555A7ACABB5E6F79C8C2AC"
     "8BF77819CA05A6B2786C76262BF7371CEF97B218E96F175A3CCDDA2ACC058903"},
};

#define VECTORS (sizeof vectors / sizeof *vectors)

/* The order of the curve's group. */
static const char order[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static size_t unhex(const char *text, uint8_t *data)
{
    size_t len = strlen(text) / 2;

    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    return len;
}

static void hash(const void *data, size_t len, uint8_t digest[FOTA_DIGEST_SIZE])
{
    struct fota_sha256 sha;

    assert_int_equal(crypto->sha256_start(&sha), 0);
    assert_int_equal(crypto->sha256_update(&sha, data, len), 0);
    assert_int_equal(crypto->sha256_finish(&sha, digest), 0);
}

struct signed_digest {
    uint8_t key[FOTA_PUBLIC_KEY_SIZE];
    uint8_t digest[FOTA_DIGEST_SIZE];
    uint8_t signature[FOTA_SIGNATURE_SIZE];
};

static struct signed_digest load(const struct vector *vector)
{
    struct signed_digest loaded;
    uint8_t message[256];
    size_t len = strlen(vector->message);

    if (vector->hex)
        len = unhex(vector->message, message);
    else
        memcpy(message, vector->message, len);
    hash(message, len, loaded.digest);
    unhex(vector->key, loaded.key);
    unhex(vector->signature, loaded.signature);
    return loaded;
}

static int verify(const struct signed_digest *d)
{
    return crypto->ecdsa_verify(d->key, d->digest, d->signature);
}

/* ---- SHA-256 --------------------------------------------------------------------------------- */

static void assert_digest(const void *data, size_t len, const char *expected)
{
    uint8_t digest[FOTA_DIGEST_SIZE], wanted[FOTA_DIGEST_SIZE];

    unhex(expected, wanted);
    hash(data, len, digest);
    assert_memory_equal(digest, wanted, sizeof digest);
}

static void sha256_gives_the_digests_of_the_published_vectors(void **state)
{
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

    (void)state;
    assert_digest("", 0, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
    assert_digest("abc", 3, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    assert_digest(two_blocks, 56,
                  "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1");
}

static void sha256_of_a_million_bytes_is_that_of_the_standard(void **state)
{
    uint8_t digest[FOTA_DIGEST_SIZE], wanted[FOTA_DIGEST_SIZE], block[1000];
    struct fota_sha256 sha;

    (void)state;
    memset(block, 'a', sizeof block);
    assert_int_equal(crypto->sha256_start(&sha), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(crypto->sha256_update(&sha, block, sizeof block), 0);
    assert_int_equal(crypto->sha256_finish(&sha, digest), 0);
    unhex("CDC76E5C9914FB9281A1C7E284D73E67F1809A48A497200E046D39CCC7112CD0", wanted);
    assert_memory_equal(digest, wanted, sizeof digest);
}

static void sha256_does_not_depend_on_how_the_bytes_are_split(void **state)
{
    uint8_t data[200], whole[FOTA_DIGEST_SIZE], split[FOTA_DIGEST_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    hash(data, sizeof data, whole);
    for (size_t at = 0; at <= sizeof data; at++) {
        struct fota_sha256 sha;

        assert_int_equal(crypto->sha256_start(&sha), 0);
        assert_int_equal(crypto->sha256_update(&sha, data, at), 0);
        assert_int_equal(crypto->sha256_update(&sha, NULL, 0), 0);
        assert_int_equal(crypto->sha256_update(&sha, data + at, sizeof data - at), 0);
        assert_int_equal(crypto->sha256_finish(&sha, split), 0);
        assert_memory_equal(split, whole, sizeof whole);
    }
}

static void two_digests_run_side_by_side(void **state)
{
    uint8_t digest[2][FOTA_DIGEST_SIZE], wanted[FOTA_DIGEST_SIZE];
    struct fota_sha256 sha[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(crypto->sha256_start(&sha[i]), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(crypto->sha256_update(&sha[i % 2], i % 2 ? "xyz" : "abc", 3), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(crypto->sha256_finish(&sha[i], digest[i]), 0);
    hash("abcabcabc", 9, wanted);
    assert_memory_equal(digest[0], wanted, sizeof wanted);
    hash("xyzxyzxyz", 9, wanted);
    assert_memory_equal(digest[1], wanted, sizeof wanted);
}

/* ---- ECDSA P-256 ----------------------------------------------------------------------------- */

static void the_published_signatures_are_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct signed_digest d = load(&vectors[i]);

        assert_int_equal(verify(&d), 0);
    }
}

static void a_flipped_bit_in_any_byte_of_the_signature_is_found(void **state)
{
    struct signed_digest d = load(&vectors[0]);

    (void)state;
    for (size_t i = 0; i < FOTA_SIGNATURE_SIZE; i++) {
        d.signature[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
        d.signature[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(verify(&d), 0);
}

static void a_flipped_bit_in_any_byte_of_the_digest_is_found(void **state)
{
    struct signed_digest d = load(&vectors[1]);

    (void)state;
    for (size_t i = 0; i < FOTA_DIGEST_SIZE; i++) {
        d.digest[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
        d.digest[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(verify(&d), 0);
}

/* A flipped bit puts the point off the curve: nothing may be accepted for such a key. */
static void a_flipped_bit_in_any_byte_of_the_key_is_found(void **state)
{
    struct signed_digest d = load(&vectors[2]);

    (void)state;
    for (size_t i = 0; i < FOTA_PUBLIC_KEY_SIZE; i++) {
        d.key[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
        d.key[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(verify(&d), 0);
}

/* Replaces r (part 0) or s (part 1) by `value`, which must be refused. */
static void assert_scalar_refused(int part, const uint8_t value[32])
{
    struct signed_digest d = load(&vectors[0]);

    memcpy(d.signature + 32 * part, value, 32);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
}

static void r_or_s_of_zero_is_refused(void **state)
{
    static const uint8_t zero[32];
    struct signed_digest d = load(&vectors[0]);

    (void)state;
    assert_scalar_refused(0, zero);
    assert_scalar_refused(1, zero);
    memset(d.signature, 0, sizeof d.signature);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
    memset(d.digest, 0, sizeof d.digest);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
}

static void r_or_s_of_the_order_or_more_is_refused(void **state)
{
    uint8_t value[32];

    (void)state;
    unhex(order, value);
    for (int part = 0; part < 2; part++)
        assert_scalar_refused(part, value);
    memset(value, 0xFF, sizeof value);
    for (int part = 0; part < 2; part++)
        assert_scalar_refused(part, value);
}

static void r_and_s_swapped_are_refused(void **state)
{
    struct signed_digest d = load(&vectors[0]);
    uint8_t r[32];

    (void)state;
    memcpy(r, d.signature, 32);
    memcpy(d.signature, d.signature + 32, 32);
    memcpy(d.signature + 32, r, 32);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
}

static void the_key_of_somebody_else_is_refused(void **state)
{
    struct signed_digest d = load(&vectors[0]);

    (void)state;
    unhex(vectors[2].key, d.key);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
}

static void the_signature_of_another_message_is_refused(void **state)
{
    struct signed_digest d = load(&vectors[0]);

    (void)state;
    unhex(vectors[1].signature, d.signature);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
}

static void a_key_that_is_no_point_is_refused(void **state)
{
    struct signed_digest d = load(&vectors[0]);

    (void)state;
    memset(d.key, 0, sizeof d.key);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
    memset(d.key, 0xFF, sizeof d.key);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
    unhex(vectors[0].key, d.key);
    memcpy(d.key + 32, d.key, 32);
    assert_int_equal(verify(&d), FOTA_ERR_SIGNATURE);
}

#define CRYPTO_CASES                                                                               \
    cmocka_unit_test(sha256_gives_the_digests_of_the_published_vectors),                           \
        cmocka_unit_test(sha256_of_a_million_bytes_is_that_of_the_standard),                       \
        cmocka_unit_test(sha256_does_not_depend_on_how_the_bytes_are_split),                       \
        cmocka_unit_test(two_digests_run_side_by_side),                                            \
        cmocka_unit_test(the_published_signatures_are_good),                                       \
        cmocka_unit_test(a_flipped_bit_in_any_byte_of_the_signature_is_found),                     \
        cmocka_unit_test(a_flipped_bit_in_any_byte_of_the_digest_is_found),                        \
        cmocka_unit_test(a_flipped_bit_in_any_byte_of_the_key_is_found),                           \
        cmocka_unit_test(r_or_s_of_zero_is_refused),                                               \
        cmocka_unit_test(r_or_s_of_the_order_or_more_is_refused),                                  \
        cmocka_unit_test(r_and_s_swapped_are_refused),                                             \
        cmocka_unit_test(the_key_of_somebody_else_is_refused),                                     \
        cmocka_unit_test(the_signature_of_another_message_is_refused),                             \
        cmocka_unit_test(a_key_that_is_no_point_is_refused)

#endif
