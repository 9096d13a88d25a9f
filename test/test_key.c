/*
 * test_key.c - tools/key.h: keys as files and signatures as bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
#include "key.h"
#include "platform/mbedtls/crypto.h"

/* RFC 6979, A.2.5: the key, and the signature of "sample" with SHA-256. */
static const char rfc_secret[] = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
static const char rfc_point[] = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
                                "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
static const char rfc_digest[] = "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF";
static const char rfc_signature[] =
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";

/* As openssl writes it: PKCS#8, another curve, and encrypted. Made for this test only. */
static const char pkcs8[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdn\n"
                            "sdaTTlDD2zbomxJ7imIrEg9nIQ==\n"
                            "-----END PRIVATE KEY-----\n";
static const char other_curve[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQg3DZ7beQXVLiUnCbNc2KL\n"
    "GG+sJkdBf5A7r5SQ7q8W5VehRANCAAS4WjoN2lEeZqnQJwX6zCyCplLU0XQFkAJw\n"
    "ylyyzFSlPtxdPTVgwRlqy7HCUPUdcJeXAk/qpAsYZq+IUduHW+7Y\n"
    "-----END PRIVATE KEY-----\n";
static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                "MIGrMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj7bGyoer7CTwICCAAw\n"
                                "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEVyoLQc9D8CVdbKpmR8T3EEULq1\n"
                                "RFeJndca1cFva6FiIyjLeSggpbncmUpQU7mywzcxguU1N45znyVmXKhUAOlAKACf\n"
                                "JZhNbI3sRm2qTguFAzJthFAG8+pDALGMIk6NAI0V\n"
                                "-----END ENCRYPTED PRIVATE KEY-----\n";

static void unhex(const char *text, uint8_t *data)
{
    for (size_t i = 0; i < strlen(text) / 2; i++) {
        unsigned value = 0;

        for (size_t j = 0; j < 2; j++) {
            char c = text[2 * i + j];

            value = value << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
        }
        data[i] = (uint8_t)value;
    }
}

static struct fota_keypair rfc_key(void)
{
    struct fota_keypair key;

    memset(&key, 0, sizeof key);
    unhex(rfc_secret, key.secret);
    unhex(rfc_point, key.point);
    key.has_secret = true;
    assert_int_equal(fota_key_id(key.point, key.id), 0);
    return key;
}

static void signatures_are_those_of_rfc_6979(void **state)
{
    struct fota_keypair key = rfc_key();
    uint8_t digest[FOTA_DIGEST_SIZE], expected[FOTA_SIGNATURE_SIZE], got[FOTA_SIGNATURE_SIZE];

    (void)state;
    unhex(rfc_digest, digest);
    unhex(rfc_signature, expected);
    assert_int_equal(fota_keypair_sign(&key, digest, got), 0);
    assert_memory_equal(got, expected, sizeof got);
    assert_int_equal(fota_mbedtls_crypto.ecdsa_verify(key.point, digest, got), 0);
}

static void a_key_comes_back_from_its_files(void **state)
{
    struct fota_keypair key, private_half, public_half;
    char pem[FOTA_PEM_MAX];

    (void)state;
    assert_int_equal(fota_keypair_generate(&key), 0);
    assert_int_equal(fota_keypair_private_pem(&key, pem), 0);
    assert_int_equal(fota_keypair_parse(pem, strlen(pem), &private_half), 0);
    assert_memory_equal(&private_half, &key, sizeof key);
    assert_int_equal(fota_keypair_public_pem(&key, pem), 0);
    assert_int_equal(fota_keypair_parse(pem, strlen(pem), &public_half), 0);
    assert_memory_equal(public_half.point, key.point, sizeof key.point);
    assert_memory_equal(public_half.id, key.id, sizeof key.id);
    assert_false(public_half.has_secret);
}

static void keys_differ(void **state)
{
    struct fota_keypair a, b;

    (void)state;
    assert_int_equal(fota_keypair_generate(&a), 0);
    assert_int_equal(fota_keypair_generate(&b), 0);
    assert_memory_not_equal(a.secret, b.secret, sizeof a.secret);
    assert_memory_not_equal(a.id, b.id, sizeof a.id);
}

static void the_public_half_is_computed(void **state)
{
    struct fota_keypair key = rfc_key(), other, back;
    char pem[FOTA_PEM_MAX];

    (void)state;
    assert_int_equal(fota_keypair_generate(&other), 0);
    memcpy(key.point, other.point, sizeof key.point);
    assert_int_equal(fota_keypair_private_pem(&key, pem), 0);
    assert_int_equal(fota_keypair_parse(pem, strlen(pem), &back), 0);
    key = rfc_key();
    assert_memory_equal(back.point, key.point, sizeof key.point);
}

static void a_public_half_does_not_sign(void **state)
{
    struct fota_keypair key = rfc_key();
    uint8_t digest[FOTA_DIGEST_SIZE] = {0}, signature[FOTA_SIGNATURE_SIZE];
    char pem[FOTA_PEM_MAX];

    (void)state;
    key.has_secret = false;
    assert_int_equal(fota_keypair_sign(&key, digest, signature), FOTA_ERR_ARGUMENT);
    assert_int_equal(fota_keypair_private_pem(&key, pem), FOTA_ERR_ARGUMENT);
}

static void assert_no_key(const char *pem, size_t length)
{
    struct fota_keypair key, zero;

    memset(&zero, 0, sizeof zero);
    assert_int_equal(fota_keypair_parse(pem, length, &key), FOTA_ERR_ARGUMENT);
    assert_memory_equal(&key, &zero, sizeof key);
}

static void what_is_not_a_p256_key_is_refused(void **state)
{
    static char large[10000];
    struct fota_keypair key = rfc_key();
    char pem[FOTA_PEM_MAX];
    size_t length;

    (void)state;
    assert_no_key("", 0);
    assert_no_key("hello", 5);
    assert_no_key("a\0b", 3);
    assert_no_key(large, sizeof large);
    assert_no_key(other_curve, strlen(other_curve));
    assert_no_key(encrypted, strlen(encrypted));
    assert_int_equal(fota_keypair_public_pem(&key, pem), 0);
    length = strlen(pem);
    for (size_t cut = 0; cut + 2 < length; cut++)
        assert_no_key(pem, cut);
    /* A point that is not on the curve. */
    key.point[63] ^= 1;
    assert_int_equal(fota_keypair_public_pem(&key, pem), 0);
    assert_no_key(pem, strlen(pem));
    /* Secrets out of range. */
    memset(key.secret, 0, sizeof key.secret);
    assert_int_equal(fota_keypair_private_pem(&key, pem), 0);
    assert_no_key(pem, strlen(pem));
    memset(key.secret, 0xff, sizeof key.secret);
    assert_int_equal(fota_keypair_private_pem(&key, pem), 0);
    assert_no_key(pem, strlen(pem));
}

static void pkcs8_is_read_as_well(void **state)
{
    struct fota_keypair key, expected = rfc_key();

    (void)state;
    assert_int_equal(fota_keypair_parse(pkcs8, strlen(pkcs8), &key), 0);
    assert_memory_equal(&key, &expected, sizeof key);
}

static int convert(const char *bytes, size_t length, uint8_t *out)
{
    return fota_signature_convert((const uint8_t *)bytes, length, out);
}

#define DER(text) text, sizeof(text) - 1

static void der_becomes_r_and_s(void **state)
{
    uint8_t out[FOTA_SIGNATURE_SIZE], expected[FOTA_SIGNATURE_SIZE] = {0};
    uint8_t der[72] = {0x30, 70, 2, 33, 0}, raw[FOTA_SIGNATURE_SIZE];

    (void)state;
    expected[31] = 0x01;
    expected[63] = 0x80;
    assert_int_equal(convert(DER("\x30\x07\x02\x01\x01\x02\x02\x00\x80"), out), 0);
    assert_memory_equal(out, expected, sizeof out);

    unhex(rfc_signature, raw);
    memcpy(der + 5, raw, 32);
    der[37] = 2;
    der[38] = 33;
    memcpy(der + 40, raw + 32, 32);
    assert_int_equal(fota_signature_convert(der, sizeof der, out), 0);
    assert_memory_equal(out, raw, sizeof out);
    for (size_t cut = 0; cut < sizeof der; cut++)
        if (cut != FOTA_SIGNATURE_SIZE)
            assert_int_equal(fota_signature_convert(der, cut, out), FOTA_ERR_ARGUMENT);
    assert_int_equal(fota_signature_convert(raw, sizeof raw, out), 0);
    assert_memory_equal(out, raw, sizeof out);
}

static void other_encodings_are_refused(void **state)
{
    uint8_t out[FOTA_SIGNATURE_SIZE];
    char large[200] = {0x30};

    (void)state;
    assert_int_not_equal(convert(DER("\x31\x06\x02\x01\x01\x02\x01\x01"), out), 0);
    /* Bytes behind, negative, empty, padded, zero numbers. */
    assert_int_not_equal(convert(DER("\x30\x06\x02\x01\x01\x02\x01\x01\x00"), out), 0);
    assert_int_not_equal(convert(DER("\x30\x07\x02\x01\x01\x02\x01\x01\x00"), out), 0);
    assert_int_not_equal(convert(DER("\x30\x06\x02\x01\x80\x02\x01\x01"), out), 0);
    assert_int_not_equal(convert(DER("\x30\x05\x02\x00\x02\x01\x01"), out), 0);
    assert_int_not_equal(convert(DER("\x30\x07\x02\x02\x00\x01\x02\x01\x01"), out), 0);
    assert_int_not_equal(convert(DER("\x30\x06\x02\x01\x00\x02\x01\x01"), out), 0);
    assert_int_not_equal(convert(DER("\x30\x03\x02\x01\x01"), out), 0);
    assert_int_not_equal(convert(large, sizeof large, out), 0);
    assert_int_not_equal(convert("", 0, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_rfc_6979),
        cmocka_unit_test(a_key_comes_back_from_its_files),
        cmocka_unit_test(keys_differ),
        cmocka_unit_test(the_public_half_is_computed),
        cmocka_unit_test(a_public_half_does_not_sign),
        cmocka_unit_test(what_is_not_a_p256_key_is_refused),
        cmocka_unit_test(pkcs8_is_read_as_well),
        cmocka_unit_test(der_becomes_r_and_s),
        cmocka_unit_test(other_encodings_are_refused),
    };

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
