/*
 * package_sample.h - headers of packages to start from, and keys to sign them with.
 */
#ifndef FOTA_TEST_PACKAGE_SAMPLE_H
#define FOTA_TEST_PACKAGE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "key.h"
#include "package.h"
#include "package_writer.h"
#include "platform/mbedtls/crypto.h"

#define BIT(field) (1u << (field))

static const struct fota_crypto_ops *const crypto = &fota_mbedtls_crypto;
static struct fota_keypair key_a, key_b;

/* ---- packages to start from ------------------------------------------------------------------ */

static inline struct fota_object object(uint32_t length, uint8_t fill)
{
    struct fota_object o = {length, {0}};

    memset(o.digest, fill, sizeof o.digest);
    return o;
}

/* Required fields only. */
static inline struct fota_manifest small_manifest(void)
{
    struct fota_manifest m;

    memset(&m, 0, sizeof m);
    m.present = BIT(FOTA_FIELD_SEQUENCE) | BIT(FOTA_FIELD_VENDOR) | BIT(FOTA_FIELD_CLASS) |
                BIT(FOTA_FIELD_COMPONENT) | BIT(FOTA_FIELD_FORMAT) | BIT(FOTA_FIELD_PAYLOAD) |
                BIT(FOTA_FIELD_RESULT) | BIT(FOTA_FIELD_VERSION);
    m.sequence = 7;
    strcpy(m.vendor, "quectel");
    strcpy(m.class_names[0], "EC600U");
    m.class_count = 1;
    m.format = FOTA_FORMAT_FULL;
    m.payload = m.result = object(1000, 0x5a);
    strcpy(m.version, "1.0");
    return m;
}

struct header {
    uint8_t data[FOTA_HEADER_MAX];
    size_t length;
};

static inline struct header written(const struct fota_manifest *m)
{
    struct fota_fault fault;
    struct header h;

    memset(&h, 0, sizeof h);
    assert_int_equal(fota_package_write(m, h.data, sizeof h.data, &h.length, &fault), 0);
    return h;
}

/* Parses an allocation of the exact size: reading past the end is seen by ASan. */
static inline int parse_exact(const uint8_t *data, size_t length, struct fota_manifest *m,
                              struct fota_fault *fault)
{
    uint8_t *copy = malloc(length ? length : 1);
    int err;

    assert_non_null(copy);
    memcpy(copy, data, length);
    err = fota_package_parse(copy, length, m, fault);
    free(copy);
    return err;
}

static inline struct header with_signature(const struct header *h, const struct fota_keypair *key)
{
    struct fota_package_signature s;
    struct fota_manifest m;
    struct fota_fault fault;
    uint8_t digest[FOTA_DIGEST_SIZE];
    struct header out;

    memset(&out, 0, sizeof out);
    assert_int_equal(fota_package_parse(h->data, h->length, &m, &fault), 0);
    assert_int_equal(fota_package_digest(crypto, h->data, &m, digest), 0);
    s.algorithm = FOTA_SIGNATURE_ECDSA_P256;
    memcpy(s.key_id, key->id, sizeof s.key_id);
    assert_int_equal(fota_keypair_sign(key, digest, s.value), 0);
    assert_int_equal(fota_package_add_signature(h->data, h->length, &s, out.data, sizeof out.data,
                                                &out.length, &fault),
                     0);
    return out;
}

static inline struct header signed_header(const struct fota_keypair *key)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);

    return with_signature(&h, key);
}

static inline struct fota_key trusted(const struct fota_keypair *pair)
{
    struct fota_key key;

    memset(&key, 0, sizeof key);
    memcpy(key.id, pair->id, sizeof key.id);
    memcpy(key.point, pair->point, sizeof key.point);
    return key;
}

/* Parses and checks signatures; 0, or what refused it. */
static inline int accept_header(const struct header *h, const struct fota_policy *policy)
{
    struct fota_manifest m;
    struct fota_fault fault = {0};
    int err = parse_exact(h->data, h->length, &m, &fault);

    if (!err)
        err = fota_package_verify(crypto, policy, h->data, &m, &fault);
    assert_int_equal(fault.error, err);
    return err;
}

static inline int accept_with(const struct header *h, const struct fota_key *keys, size_t count,
                              uint8_t needed)
{
    struct fota_policy policy = {0};

    policy.keys = keys;
    policy.key_count = count;
    policy.signatures = needed;
    return accept_header(h, &policy);
}

static inline int make_keys(void **state)
{
    (void)state;
    return fota_keypair_generate(&key_a) || fota_keypair_generate(&key_b);
}

#endif
