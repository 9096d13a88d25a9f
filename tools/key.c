#include "key.h"

#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>

#define COORDINATE (FOTA_PUBLIC_KEY_SIZE / 2)

/* ---- random numbers -------------------------------------------------------------------------- */

struct generator {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
};

static int generator_start(struct generator *rng)
{
    static const unsigned char purpose[] = "fota tool";

    mbedtls_entropy_init(&rng->entropy);
    mbedtls_ctr_drbg_init(&rng->drbg);
    return mbedtls_ctr_drbg_seed(&rng->drbg, mbedtls_entropy_func, &rng->entropy, purpose,
                                 sizeof purpose - 1);
}

static void generator_stop(struct generator *rng)
{
    mbedtls_ctr_drbg_free(&rng->drbg);
    mbedtls_entropy_free(&rng->entropy);
}

/* ---- numbers and points ---------------------------------------------------------------------- */

/* The parts of an elliptic-curve key; 3.x hides the members that 2.28 has no function for. */
struct curve {
    mbedtls_ecp_group group;
    mbedtls_mpi secret;
    mbedtls_ecp_point point;
};

static void curve_start(struct curve *c)
{
    mbedtls_ecp_group_init(&c->group);
    mbedtls_mpi_init(&c->secret);
    mbedtls_ecp_point_init(&c->point);
}

static void curve_stop(struct curve *c)
{
    mbedtls_ecp_point_free(&c->point);
    mbedtls_mpi_free(&c->secret);
    mbedtls_ecp_group_free(&c->group);
}

static int curve_export(const mbedtls_ecp_keypair *pair, struct curve *c)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_ecp_export(pair, &c->group, &c->secret, &c->point);
#else
    int err = mbedtls_ecp_group_copy(&c->group, &pair->grp);

    if (!err)
        err = mbedtls_mpi_copy(&c->secret, &pair->d);
    return err ? err : mbedtls_ecp_copy(&c->point, &pair->Q);
#endif
}

int fota_key_id(const uint8_t point[FOTA_PUBLIC_KEY_SIZE], uint8_t id[FOTA_KEY_ID_SIZE])
{
    uint8_t digest[FOTA_DIGEST_SIZE];

    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), point, FOTA_PUBLIC_KEY_SIZE,
                   digest))
        return FOTA_ERR_CRYPTO;
    memcpy(id, digest, FOTA_KEY_ID_SIZE);
    return 0;
}

/* Takes the public half from `c`. */
static int take_point(const struct curve *c, struct fota_keypair *key)
{
    uint8_t encoded[1 + FOTA_PUBLIC_KEY_SIZE];
    size_t length;

    if (mbedtls_ecp_point_write_binary(&c->group, &c->point, MBEDTLS_ECP_PF_UNCOMPRESSED, &length,
                                       encoded, sizeof encoded) ||
        length != sizeof encoded)
        return FOTA_ERR_CRYPTO;
    memcpy(key->point, encoded + 1, FOTA_PUBLIC_KEY_SIZE);
    return fota_key_id(key->point, key->id);
}

/*
 * Takes the private half and computes the public one: a file whose halves do not belong together
 * would otherwise sign under the name of another key.
 */
static int take_secret(struct curve *c, struct generator *rng, struct fota_keypair *key)
{
    if (mbedtls_mpi_write_binary(&c->secret, key->secret, FOTA_SECRET_SIZE) ||
        mbedtls_ecp_mul(&c->group, &c->point, &c->secret, &c->group.G, mbedtls_ctr_drbg_random,
                        &rng->drbg))
        return FOTA_ERR_CRYPTO;
    key->has_secret = true;
    return take_point(c, key);
}

static bool is_p256(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_get_type(pk) == MBEDTLS_PK_ECKEY && mbedtls_pk_get_bitlen(pk) == 256;
}

int fota_keypair_generate(struct fota_keypair *key)
{
    struct generator rng;
    struct curve c;
    int err = FOTA_ERR_CRYPTO;

    memset(key, 0, sizeof *key);
    curve_start(&c);
    if (generator_start(&rng) == 0 &&
        mbedtls_ecp_group_load(&c.group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
        mbedtls_ecp_gen_keypair(&c.group, &c.secret, &c.point, mbedtls_ctr_drbg_random,
                                &rng.drbg) == 0)
        err = take_secret(&c, &rng, key);
    curve_stop(&c);
    generator_stop(&rng);
    return err;
}

/* ---- PEM ------------------------------------------------------------------------------------- */

/* Reads `pem` of `size` bytes, final 0 included; *secret: it has the private half. */
static int parse_pem(mbedtls_pk_context *pk, const unsigned char *pem, size_t size,
                     struct generator *rng, bool *secret)
{
    int err;

#if MBEDTLS_VERSION_MAJOR >= 3
    err = mbedtls_pk_parse_key(pk, pem, size, NULL, 0, mbedtls_ctr_drbg_random, &rng->drbg);
#else
    (void)rng;
    err = mbedtls_pk_parse_key(pk, pem, size, NULL, 0);
#endif
    *secret = err == 0;
    if (err) {
        mbedtls_pk_free(pk);
        mbedtls_pk_init(pk);
        err = mbedtls_pk_parse_public_key(pk, pem, size);
    }
    return err || !is_p256(pk) ? FOTA_ERR_ARGUMENT : 0;
}

static int take_key(const mbedtls_pk_context *pk, bool secret, struct generator *rng,
                    struct fota_keypair *key)
{
    struct curve c;
    int err = FOTA_ERR_CRYPTO;

    curve_start(&c);
    if (curve_export(mbedtls_pk_ec(*pk), &c) == 0) {
        /* Brainpool and Koblitz curves have 256 bits too. */
        if (c.group.id != MBEDTLS_ECP_DP_SECP256R1)
            err = FOTA_ERR_ARGUMENT;
        else
            err = secret ? take_secret(&c, rng, key) : take_point(&c, key);
    }
    curve_stop(&c);
    return err;
}

int fota_keypair_parse(const char *pem, size_t length, struct fota_keypair *key)
{
    /* PEM files may carry comments and parameters beside the key, but not at any length. */
    unsigned char text[8192];
    struct generator rng;
    mbedtls_pk_context pk;
    bool secret = false;
    int err = FOTA_ERR_CRYPTO;

    memset(key, 0, sizeof *key);
    if (length >= sizeof text || memchr(pem, '\0', length))
        return FOTA_ERR_ARGUMENT;
    memcpy(text, pem, length);
    text[length] = '\0';
    mbedtls_pk_init(&pk);
    if (generator_start(&rng) == 0)
        err = parse_pem(&pk, text, length + 1, &rng, &secret);
    if (!err)
        err = take_key(&pk, secret, &rng, key);
    generator_stop(&rng);
    mbedtls_pk_free(&pk);
    mbedtls_platform_zeroize(text, sizeof text);
    if (err)
        fota_keypair_clear(key);
    return err;
}

/*
 * The two encodings have fixed lengths for this one curve, so they are templates: this needs none
 * of the library's structures, which differ between its versions. RFC 5915 and RFC 5480.
 */
static int write_pem(const char *begin, const char *end, const uint8_t *der, size_t length,
                     char *pem)
{
    size_t written;

    return mbedtls_pem_write_buffer(begin, end, der, length, (unsigned char *)pem, FOTA_PEM_MAX,
                                    &written)
               ? FOTA_ERR_CRYPTO
               : 0;
}

int fota_keypair_private_pem(const struct fota_keypair *key, char pem[FOTA_PEM_MAX])
{
    static const uint8_t head[] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t middle[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                     0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[sizeof head + FOTA_SECRET_SIZE + sizeof middle + FOTA_PUBLIC_KEY_SIZE];
    uint8_t *at = der;
    int err;

    if (!key->has_secret)
        return FOTA_ERR_ARGUMENT;
    memcpy(at, head, sizeof head);
    at += sizeof head;
    memcpy(at, key->secret, FOTA_SECRET_SIZE);
    at += FOTA_SECRET_SIZE;
    memcpy(at, middle, sizeof middle);
    at += sizeof middle;
    memcpy(at, key->point, FOTA_PUBLIC_KEY_SIZE);
    err = write_pem("-----BEGIN EC PRIVATE KEY-----\n", "-----END EC PRIVATE KEY-----\n", der,
                    sizeof der, pem);
    mbedtls_platform_zeroize(der, sizeof der);
    return err;
}

int fota_keypair_public_pem(const struct fota_keypair *key, char pem[FOTA_PEM_MAX])
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[sizeof head + FOTA_PUBLIC_KEY_SIZE];

    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, key->point, FOTA_PUBLIC_KEY_SIZE);
    return write_pem("-----BEGIN PUBLIC KEY-----\n", "-----END PUBLIC KEY-----\n", der, sizeof der,
                     pem);
}

/* ---- signatures ------------------------------------------------------------------------------ */

int fota_keypair_sign(const struct fota_keypair *key, const uint8_t digest[FOTA_DIGEST_SIZE],
                      uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    struct generator rng;
    struct curve c;
    mbedtls_mpi r, s;
    int err = FOTA_ERR_CRYPTO;

    if (!key->has_secret)
        return FOTA_ERR_ARGUMENT;
    curve_start(&c);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    if (generator_start(&rng) == 0 &&
        mbedtls_ecp_group_load(&c.group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
        mbedtls_mpi_read_binary(&c.secret, key->secret, FOTA_SECRET_SIZE) == 0 &&
        mbedtls_ecdsa_sign_det_ext(&c.group, &r, &s, &c.secret, digest, FOTA_DIGEST_SIZE,
                                   MBEDTLS_MD_SHA256, mbedtls_ctr_drbg_random, &rng.drbg) == 0 &&
        mbedtls_mpi_write_binary(&r, signature, COORDINATE) == 0 &&
        mbedtls_mpi_write_binary(&s, signature + COORDINATE, COORDINATE) == 0)
        err = 0;
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    curve_stop(&c);
    generator_stop(&rng);
    return err;
}

/* A positive DER integer of at most 32 bytes, right aligned in `out`. */
static int convert_integer(unsigned char **at, const unsigned char *end, uint8_t *out)
{
    size_t length;

    if (mbedtls_asn1_get_tag(at, end, &length, MBEDTLS_ASN1_INTEGER) || length == 0 ||
        (*at)[0] & 0x80)
        return FOTA_ERR_ARGUMENT;
    if ((*at)[0] == 0) {
        /* DER: a leading zero only where the number would read as negative without it. */
        if (length == 1 || !((*at)[1] & 0x80))
            return FOTA_ERR_ARGUMENT;
        (*at)++;
        length--;
    }
    if (length > COORDINATE)
        return FOTA_ERR_ARGUMENT;
    memset(out, 0, COORDINATE - length);
    memcpy(out + COORDINATE - length, *at, length);
    *at += length;
    return 0;
}

int fota_signature_convert(const uint8_t *data, size_t length,
                           uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    unsigned char copy[80];
    unsigned char *at = copy;
    const unsigned char *end;
    size_t body;

    if (length == FOTA_SIGNATURE_SIZE) {
        memcpy(signature, data, length);
        return 0;
    }
    if (length > sizeof copy)
        return FOTA_ERR_ARGUMENT;
    memcpy(copy, data, length);
    end = copy + length;
    if (mbedtls_asn1_get_tag(&at, end, &body, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) ||
        body != (size_t)(end - at) || convert_integer(&at, end, signature) ||
        convert_integer(&at, end, signature + COORDINATE) || at != end)
        return FOTA_ERR_ARGUMENT;
    return 0;
}

void fota_keypair_clear(struct fota_keypair *key)
{
    mbedtls_platform_zeroize(key, sizeof *key);
}
