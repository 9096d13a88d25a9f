/* Keys and packages of the rig. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/mbedtls/crypto.h"
#include "rig_parts.h"
#include "tools/diff.h"
#include "tools/package_writer.h"

/* ---- cryptography ---------------------------------------------------------------------------- */

/* A campaign verifies the same few signatures millions of times: each answer is remembered. */
#define ANSWERS 64u

struct question {
    uint8_t key[FOTA_PUBLIC_KEY_SIZE];
    uint8_t digest[FOTA_DIGEST_SIZE];
    uint8_t signature[FOTA_SIGNATURE_SIZE];
};

static int verify(const uint8_t key[FOTA_PUBLIC_KEY_SIZE], const uint8_t digest[FOTA_DIGEST_SIZE],
                  const uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    static struct {
        struct question question;
        int answer;
    } known[ANSWERS];
    static size_t count;
    struct question question;
    size_t i;

    memcpy(question.key, key, sizeof question.key);
    memcpy(question.digest, digest, sizeof question.digest);
    memcpy(question.signature, signature, sizeof question.signature);
    for (i = 0; i < ANSWERS && i < count; i++)
        if (memcmp(&known[i].question, &question, sizeof question) == 0)
            return known[i].answer;
    i = count++ % ANSWERS;
    known[i].question = question;
    known[i].answer = fota_mbedtls_crypto.ecdsa_verify(key, digest, signature);
    return known[i].answer;
}

const struct fota_crypto_ops *rig_crypto(void)
{
    static struct fota_crypto_ops ops;

    ops = fota_mbedtls_crypto;
    ops.ecdsa_verify = verify;
    return &ops;
}

/* 0 is trusted, the others are not. Made for the tests only, and always the same: what a seed says
 * must come again. */
const struct fota_keypair *rig_key(unsigned index)
{
    static const char *const pem[] = {
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkRuRmwtmLvKpDRuQ\n"
        "u+Zgqkk14htlsqZvK3MPL8loZGOhRANCAAQgLiVQu4m0gDRCl3rg22EHJ4aeqFe4\n"
        "X/jZz8y5hfcJ3wR/5yBfrHO0G4jDQazDfcNCufNTCQDQLbhzWzhOnPzD\n"
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxr0kk0xmxjzi4HR4\n"
        "75f+493rHCq7CquXIiRTiuBe/s+hRANCAATBChjQQXrhAKXJoU6IhACJdn3TNY61\n"
        "471x4XJ61r1Ff0KfSa2z315dlMY193cxyoUTVjnLfFNe2SLo1L/gGZ85\n"
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg05tfvwo+cjoXDHGT\n"
        "97ZYWIuVt9WEuWTClW4mgOQLvnmhRANCAAR/0DqBsMLNYk2IBkRQUyeOmW+Lqjnk\n"
        "Tohwg8Q0Mb+GeNZ8kqfNzXPibb4+cN4A/KriZtv1WsvGD6vTRidxoFbk\n"
        "-----END PRIVATE KEY-----\n",
    };
    static struct fota_keypair pairs[3];
    static bool made;

    for (unsigned i = 0; !made && i < 3; i++)
        rig_check(fota_keypair_parse(pem[i], strlen(pem[i]), &pairs[i]) == 0, "no key");
    made = true;
    return &pairs[index];
}

const struct fota_key *rig_trusted(void)
{
    static struct fota_key trust;

    memcpy(trust.id, rig_key(0)->id, sizeof trust.id);
    memcpy(trust.point, rig_key(0)->point, sizeof trust.point);
    return &trust;
}

/* ---- packages -------------------------------------------------------------------------------- */

static void hash(const uint8_t *data, uint32_t length, struct fota_object *object)
{
    struct fota_sha256 sha;

    object->length = length;
    rig_crypto()->sha256_start(&sha);
    rig_crypto()->sha256_update(&sha, data, length);
    rig_crypto()->sha256_finish(&sha, object->digest);
}

static size_t sign(const uint8_t *header, size_t length, unsigned who, uint8_t *out)
{
    struct fota_package_signature signature = {.algorithm = FOTA_SIGNATURE_ECDSA_P256};
    uint8_t digest[FOTA_DIGEST_SIZE];
    struct fota_manifest manifest;
    struct fota_fault fault;

    rig_check(fota_package_parse(header, length, &manifest, &fault) == 0, "no header");
    rig_check(fota_package_digest(rig_crypto(), header, &manifest, digest) == 0, "no digest");
    memcpy(signature.key_id, rig_key(who)->id, sizeof signature.key_id);
    rig_check(fota_keypair_sign(rig_key(who), digest, signature.value) == 0, "not signed");
    rig_check(fota_package_add_signature(header, length, &signature, out, FOTA_HEADER_MAX, &length,
                                         &fault) == 0,
              "no signature added");
    return length;
}

static void make_image(struct rig_package *package, const struct rig_spec *spec)
{
    uint32_t length = spec->image_length ? spec->image_length : 1000;
    uint64_t seed = (uint64_t)package->sequence << 32 | length;

    package->image = malloc(length);
    package->image_length = length;
    rig_check(package->image != NULL, "no memory");
    if (spec->image)
        memcpy(package->image, spec->image, length);
    for (uint32_t i = 0; !spec->image && i < length; i++)
        package->image[i] = (uint8_t)rig_random(&seed);
}

void rig_image_edit(uint8_t *image, size_t length, const struct rig_package *old)
{
    uint64_t seed = length;

    for (size_t i = 0; i < length; i++)
        image[i] = i >= 100 && i < old->image_length + 44 ? old->image[i < 2000 ? i : i - 44]
                                                          : (uint8_t)rig_random(&seed);
    for (size_t i = 500; i < length; i += 1500)
        image[i] ^= 0x5a;
}

static uint8_t *make_patch(const struct rig_package *package, const struct rig_spec *spec,
                           size_t *length)
{
    const struct fota_diff_options options = {.segment = spec->segment, .spare = spec->spare};
    const struct rig_package none = {0}, *old = spec->from ? spec->from : &none;
    struct fota_diff_stats stats;
    uint8_t *patch, *undo;
    size_t undo_length;

    rig_check(fota_diff(old->image, old->image_length, package->image, package->image_length,
                        &options, &patch, length, &stats) == 0,
              "no patch");
    if (!spec->undo)
        return patch;
    rig_check(fota_diff(package->image, package->image_length, old->image, old->image_length,
                        &options, &undo, &undo_length, &stats) == 0,
              "no reverse patch");
    rig_check(fota_diff_append_undo(&patch, length, undo, undo_length) == 0, "no memory");
    free(undo);
    return patch;
}

/* The payload, and what the manifest says of it. */
static uint8_t *make_payload(const struct rig_package *package, const struct rig_spec *spec,
                             struct fota_manifest *m, size_t *length)
{
    uint8_t *payload = NULL;

    hash(package->image, (uint32_t)package->image_length, &m->result);
    m->payload = m->result;
    *length = package->image_length;
    if (spec->from || spec->compressed) {
        m->format = spec->from ? FOTA_FORMAT_DELTA : FOTA_FORMAT_COMPRESSED;
        m->present |= 1u << FOTA_FIELD_PARAMETERS;
        m->decoder_ram = RIG_DECODER_RAM;
        m->segment_size = spec->segment;
        m->spare_size = spec->spare;
        payload = make_patch(package, spec, length);
        hash(payload, (uint32_t)*length, &m->payload);
    }
    if (spec->from) {
        m->present |= 1u << FOTA_FIELD_PRECURSOR;
        hash(spec->from->image, (uint32_t)spec->from->image_length, &m->precursor);
    }
    return payload;
}

/* The chain of keys up to the one that signs. */
static void vouch(struct fota_manifest *m, const struct rig_spec *spec)
{
    for (unsigned i = 0; i < spec->chain_length; i++) {
        const struct fota_keypair *voucher = rig_key(spec->chain[i]);
        struct fota_successor *s = &m->successors[i];
        uint8_t digest[FOTA_DIGEST_SIZE];

        memcpy(s->point, rig_key(spec->chain[i + 1])->point, sizeof s->point);
        memcpy(s->voucher, voucher->id, sizeof s->voucher);
        rig_check(fota_successor_digest(rig_crypto(), s->point, digest) == 0 &&
                      fota_keypair_sign(voucher, digest, s->value) == 0,
                  "not vouched for");
        s->value[40] ^= spec->forged_successor;
        m->present |= 1u << FOTA_FIELD_SUCCESSOR;
        m->successor_count = (uint8_t)(i + 1);
    }
}

void rig_package_make(struct rig_package *package, const struct rig_spec *spec)
{
    uint32_t sequence = spec->sequence ? spec->sequence : 1;
    uint8_t header[FOTA_HEADER_MAX], *payload, *image;
    size_t length;
    struct fota_manifest m = {
        .present = 1u << FOTA_FIELD_SEQUENCE | 1u << FOTA_FIELD_VENDOR | 1u << FOTA_FIELD_CLASS |
                   1u << FOTA_FIELD_COMPONENT | 1u << FOTA_FIELD_FORMAT | 1u << FOTA_FIELD_PAYLOAD |
                   1u << FOTA_FIELD_RESULT | 1u << FOTA_FIELD_VERSION,
        .sequence = sequence,
        .class_count = 1,
        .format = FOTA_FORMAT_FULL,
    };
    struct fota_fault fault;

    package->sequence = sequence;
    make_image(package, spec);
    image = package->image;
    payload = make_payload(package, spec, &m, &length);
    package->data = malloc(FOTA_HEADER_MAX + length + package->image_length);
    rig_check(package->data != NULL, "no memory");
    snprintf(m.vendor, sizeof m.vendor, "%s", spec->vendor ? spec->vendor : RIG_VENDOR);
    snprintf(m.class_names[0], sizeof m.class_names[0], "%s",
             spec->model ? spec->model : RIG_MODEL);
    snprintf(m.version, sizeof m.version, "v%" PRIu32, sequence);
    vouch(&m, spec);
    if (spec->edit)
        spec->edit(&m);
    rig_check(fota_package_write(&m, header, sizeof header, &package->header_length, &fault) == 0,
              "no header written");
    if (spec->unsigned_)
        memcpy(package->data, header, package->header_length);
    else
        package->header_length = sign(header, package->header_length,
                                      spec->foreign_key ? 1 : spec->signer, package->data);
    payload = payload ? payload : image;
    memcpy(package->data + package->header_length, payload, length);
    package->length = package->header_length + length;
    memcpy(package->data + package->length, image, package->image_length);
    package->image = package->data + package->length;
    if (payload != image)
        free(payload);
    free(image);
}

void rig_package_free(struct rig_package *package)
{
    free(package->data);
    package->data = package->image = NULL;
}
