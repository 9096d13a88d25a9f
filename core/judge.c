/* Judges whether a package that was parsed may be installed: first its signatures, then what they
 * vouch for. */
#include <string.h>

#include "fault.h"
#include "package.h"
#include "way.h"

static int fail(struct fota_fault *fault, int error, uint32_t expected, uint32_t got)
{
    return fota_fail(fault, error, FOTA_STAGE_HEADER, expected, got);
}

/* The digest of two pieces, one after the other. */
static int hash(const struct fota_crypto_ops *crypto, const void *first, size_t first_size,
                const void *second, size_t second_size, uint8_t digest[FOTA_DIGEST_SIZE])
{
    struct fota_sha256 sha;
    int err = crypto->sha256_start(&sha);
    int finish;

    if (err)
        return err;
    err = crypto->sha256_update(&sha, first, first_size);
    if (!err)
        err = crypto->sha256_update(&sha, second, second_size);
    finish = crypto->sha256_finish(&sha, digest);
    return err ? err : finish;
}

int fota_package_digest(const struct fota_crypto_ops *crypto, const uint8_t *header,
                        const struct fota_manifest *manifest, uint8_t digest[FOTA_DIGEST_SIZE])
{
    return hash(crypto, header, manifest->signed_length, NULL, 0, digest);
}

/* ---- signatures ------------------------------------------------------------------------------ */

static const struct fota_key *find_key(const struct fota_policy *policy, const uint8_t *id)
{
    for (size_t i = 0; i < policy->key_count; i++)
        if (memcmp(policy->keys[i].id, id, FOTA_KEY_ID_SIZE) == 0)
            return &policy->keys[i];
    return NULL;
}

static int trusted_point(const struct fota_policy *policy, const uint8_t *id, const uint8_t **point)
{
    const struct fota_key *key = find_key(policy, id);

    if (!key)
        return FOTA_ERR_UNKNOWN_KEY;
    if (key->development && policy->production)
        return FOTA_ERR_DEVELOPMENT_KEY;
    *point = key->point;
    return 0;
}

int fota_successor_digest(const struct fota_crypto_ops *crypto,
                          const uint8_t point[FOTA_PUBLIC_KEY_SIZE],
                          uint8_t digest[FOTA_DIGEST_SIZE])
{
    static const char label[] = "fota successor";

    return hash(crypto, label, sizeof label, point, FOTA_PUBLIC_KEY_SIZE, digest);
}

struct check {
    const struct fota_crypto_ops *crypto;
    const struct fota_policy *policy;
    const struct fota_manifest *manifest;
    uint8_t digest[FOTA_DIGEST_SIZE]; /* what is signed */
    const uint8_t *point;             /* where the successors lead: the public key that signs now */
    uint8_t id[FOTA_DIGEST_SIZE];     /* and its id */
};

/* Follows the chain of successors from the modem's own key, which is trusted; point and id become
 * those of the last one. */
static int follow(struct check *c)
{
    const struct fota_manifest *m = c->manifest;
    uint8_t digest[FOTA_DIGEST_SIZE];
    int err = trusted_point(c->policy, m->successors[0].voucher, &c->point);

    for (size_t i = 0; !err && i < m->successor_count; i++) {
        const struct fota_successor *s = &m->successors[i];

        if (i > 0 && memcmp(s->voucher, c->id, FOTA_KEY_ID_SIZE) != 0)
            return FOTA_ERR_SUCCESSOR;
        err = fota_successor_digest(c->crypto, s->point, digest);
        if (!err)
            err = c->crypto->ecdsa_verify(c->point, digest, s->value);
        if (!err)
            err = hash(c->crypto, s->point, sizeof s->point, NULL, 0, c->id);
        c->point = s->point;
    }
    return err == FOTA_ERR_SIGNATURE ? FOTA_ERR_SUCCESSOR : err;
}

/* Finds the public key for a signature's key id: that of the last successor, or one of the modem's
 * own keys that was not replaced. */
static int find_point(const struct check *c, const uint8_t *id, const uint8_t **point)
{
    const struct fota_manifest *m = c->manifest;

    if (m->successor_count > 0 && memcmp(c->id, id, FOTA_KEY_ID_SIZE) == 0) {
        *point = c->point;
        return 0;
    }
    for (size_t i = 0; i < m->successor_count; i++)
        if (memcmp(m->successors[i].voucher, id, FOTA_KEY_ID_SIZE) == 0)
            return FOTA_ERR_KEY_REPLACED;
    return trusted_point(c->policy, id, point);
}

/* Checks signature number `index`. Returns 0 if it is valid. */
static int verify_one(const struct check *c, size_t index)
{
    const struct fota_package_signature *signatures = c->manifest->signatures;
    const uint8_t *id = signatures[index].key_id, *point = NULL;
    int err = find_point(c, id, &point);

    if (err)
        return err;
    /* One key counts once, however often it signed. */
    for (size_t i = 0; i < index; i++)
        if (memcmp(signatures[i].key_id, id, FOTA_KEY_ID_SIZE) == 0)
            return FOTA_ERR_SIGNATURES;
    return c->crypto->ecdsa_verify(point, c->digest, signatures[index].value);
}

/* Checks the chain once, and then every signature; the proof of a valid one is `proven`. Returns
 * the first error. */
static int verify_each(struct check *c, uint32_t proofs[FOTA_SIGNATURES_MAX], uint32_t proven)
{
    int broken = c->manifest->successor_count ? follow(c) : 0;
    int first = 0;

    for (size_t i = 0; i < c->manifest->signature_count; i++) {
        int err = broken ? broken : verify_one(c, i);

        proofs[i] = proven ^ (uint32_t)err;
        first = first ? first : err;
    }
    return first;
}

static uint32_t count_proven(const struct fota_manifest *m)
{
    uint32_t count = 0;

    for (size_t i = 0; i < m->signature_count; i++)
        count += m->proof[i] == FOTA_PROVEN && m->counterproof[i] == ~FOTA_PROVEN;
    return count;
}

bool fota_package_vouched(const struct fota_manifest *manifest, const struct fota_policy *policy)
{
    return count_proven(manifest) >= (policy->signatures ? policy->signatures : 1);
}

int fota_package_verify(const struct fota_crypto_ops *crypto, const struct fota_policy *policy,
                        const uint8_t *header, struct fota_manifest *manifest,
                        struct fota_fault *fault)
{
    uint32_t needed = policy->signatures ? policy->signatures : 1;
    struct check check = {crypto, policy, manifest, {0}, NULL, {0}};
    int once, again, err;

    if (manifest->signature_count == 0)
        return fail(fault, FOTA_ERR_UNSIGNED, needed, 0);
    err = fota_package_digest(crypto, header, manifest, check.digest);
    if (err)
        return fail(fault, err, 0, 0);
    /* Parsing left no proof, so a call that is skipped proves nothing. */
    once = verify_each(&check, manifest->proof, FOTA_PROVEN);
    again = verify_each(&check, manifest->counterproof, ~FOTA_PROVEN);
    if (fota_package_vouched(manifest, policy))
        return 0;
    /* A wrong signature is a better explanation than a missing one. */
    err = once ? once : again;
    return fail(fault, err ? err : FOTA_ERR_SIGNATURES, needed, count_proven(manifest));
}

/* ---- what the header says -------------------------------------------------------------------- */

static int judge_target(const struct fota_manifest *m, const struct fota_device *device,
                        struct fota_fault *fault)
{
    bool ours = false;

    if (strcmp(m->vendor, device->vendor) != 0) {
        fail(fault, FOTA_ERR_WRONG_VENDOR, 0, 0);
        return fota_about(fault, m->vendor);
    }
    for (size_t i = 0; i < m->class_count; i++)
        ours = ours || strcmp(m->class_names[i], device->model) == 0;
    if (!ours) {
        fail(fault, FOTA_ERR_WRONG_MODEL, 0, 0);
        return fota_about(fault, m->class_names[0]);
    }
    if (m->component != FOTA_COMPONENT_APP)
        return fail(fault, FOTA_ERR_COMPONENT, FOTA_COMPONENT_APP, m->component);
    if (m->location != 0)
        return fail(fault, FOTA_ERR_LOCATION, 0, m->location);
    return 0;
}

/* Replaced keys may not sign any more, nor vouch for further keys. */
static int judge_key(const struct fota_manifest *m, const struct fota_device *device,
                     struct fota_fault *fault)
{
    uint8_t generation = device->key_generation;

    if (m->successor_count < generation || (generation && device->key &&
                                            memcmp(m->successors[generation - 1].point,
                                                   device->key->point, FOTA_PUBLIC_KEY_SIZE) != 0))
        return fail(fault, FOTA_ERR_KEY_REPLACED, generation, m->successor_count);
    return 0;
}

static int judge_size(const struct fota_manifest *m, const struct fota_policy *policy,
                      const struct fota_device *device, struct fota_fault *fault)
{
    if (m->format < FOTA_FORMAT_FULL || m->format > FOTA_FORMAT_COMPRESSED ||
        (m->format != FOTA_FORMAT_FULL && policy->decoder_ram == 0))
        return fail(fault, FOTA_ERR_FORMAT, FOTA_FORMAT_FULL, m->format);
    if (m->decoder_ram > policy->decoder_ram)
        return fail(fault, FOTA_ERR_PARAMETERS, policy->decoder_ram, m->decoder_ram);
    if (m->result.length > device->slot_size)
        return fail(fault, FOTA_ERR_IMAGE_TOO_LARGE, device->slot_size, m->result.length);
    if (m->payload.length > device->staging_size)
        return fail(fault, FOTA_ERR_PACKAGE_TOO_LARGE, device->staging_size, m->payload.length);
    return 0;
}

/* Is there a way for the package's image into a slot? */
static int judge_way(const struct fota_manifest *m, const struct fota_policy *policy,
                     const struct fota_device *device, struct fota_fault *fault)
{
    enum fota_way way;

    if (!device->map)
        return 0;
    return fota_way_find(device->map, policy, m, device->image ? device->image->length : 0, &way,
                         fault);
}

static bool meets_requires(const struct fota_manifest *m, uint32_t sequence)
{
    for (size_t i = 0; i < m->requires_count; i++)
        if (sequence >= m->requires[i].first && sequence <= m->requires[i].last)
            return true;
    return m->requires_count == 0;
}

/* The first four bytes, by which people compare digests. */
static uint32_t begin_of(const struct fota_object *object)
{
    const uint8_t *d = object ? object->digest : NULL;

    return d ? (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3] : 0;
}

static int judge_history(const struct fota_manifest *m, const struct fota_policy *policy,
                         const struct fota_device *device, struct fota_fault *fault)
{
    if (m->sequence < device->counter)
        return fail(fault, FOTA_ERR_DOWNGRADE, device->counter, m->sequence);
    if (m->sequence == device->sequence && !policy->allow_same)
        return fail(fault, FOTA_ERR_SAME_VERSION, 0, m->sequence);
    if (!meets_requires(m, device->sequence))
        return fail(fault, FOTA_ERR_REQUIRES, 0, device->sequence);
    if (m->present & 1u << FOTA_FIELD_PRECURSOR) {
        if (!device->image || memcmp(&m->precursor, device->image, sizeof m->precursor) != 0) {
            fail(fault, FOTA_ERR_PRECURSOR, begin_of(&m->precursor), begin_of(device->image));
            return fota_about(fault, device->version ? device->version : "without a name");
        }
    }
    return 0;
}

/*
 * A modem without trusted time knows only that it is not earlier than what it was built with, so it
 * takes the newest moment it knows of (RFC 9124, section 3.7 leaves the policy to the device).
 */
static int judge_expiry(const struct fota_manifest *m, const struct fota_policy *policy,
                        const struct fota_device *device, struct fota_fault *fault)
{
    int64_t now = device->time;

    if (!(m->present & 1u << FOTA_FIELD_EXPIRY))
        return 0;
    if (now < 0 && policy->require_clock)
        return fail(fault, FOTA_ERR_NO_CLOCK, 0, 0);
    if (now < policy->newest_known)
        now = policy->newest_known;
    if (now > (int64_t)m->expiry)
        return fail(fault, FOTA_ERR_EXPIRED, 0, 0);
    return 0;
}

bool fota_package_may_run(const struct fota_manifest *manifest, const struct fota_policy *policy,
                          const struct fota_device *device)
{
    struct fota_fault ignored;

    return fota_package_vouched(manifest, policy) &&
           judge_target(manifest, device, &ignored) == 0 &&
           judge_key(manifest, device, &ignored) == 0 && manifest->sequence >= device->counter;
}

/*
 * A package by itself does not belong to a set, or is its only stage. The stages of a set are
 * installed by a call of their own. None of them may be differential, because the image that it
 * would start from is overwritten.
 */
static int judge_set(const struct fota_manifest *m, const struct fota_policy *policy,
                     const struct fota_device *device, struct fota_fault *fault)
{
    bool alone = m->set_stages <= 1;

    if (device->set_stage == 0)
        return alone ? 0 : fail(fault, FOTA_ERR_SET, 0, m->set_stage);
    if (m->set_stages != 2 || m->set_stage != device->set_stage ||
        (m->set_stage == 2 && memcmp(m->set_id, device->set_id, sizeof m->set_id) != 0))
        return fail(fault, FOTA_ERR_SET, device->set_stage, m->set_stage);
    if (m->format != FOTA_FORMAT_FULL)
        return fail(fault, FOTA_ERR_FORMAT, FOTA_FORMAT_FULL, m->format);
    if (policy->only_reversible)
        return fail(fault, FOTA_ERR_NO_WAY_BACK, 0, 0);
    return 0;
}

int fota_package_judge(const struct fota_manifest *manifest, const struct fota_policy *policy,
                       const struct fota_device *device, struct fota_fault *fault)
{
    int err = judge_target(manifest, device, fault);

    if (!err)
        err = judge_key(manifest, device, fault);
    if (!err)
        err = judge_set(manifest, policy, device, fault);
    if (!err)
        err = judge_size(manifest, policy, device, fault);
    if (!err)
        err = judge_history(manifest, policy, device, fault);
    if (!err)
        err = judge_way(manifest, policy, device, fault);
    if (!err)
        err = judge_expiry(manifest, policy, device, fault);
    return err;
}
