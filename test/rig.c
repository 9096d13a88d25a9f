#include "rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patch_head.h"
#include "platform/mbedtls/crypto.h"
#include "tools/diff.h"
#include "tools/key.h"
#include "tools/package_writer.h"

#define KB     1024u
#define MODEL  "EC600U"
#define VENDOR "quectel"

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "rig: %s\n", what);
        abort();
    }
}

uint64_t rig_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* ---- maps -------------------------------------------------------------------------------------
 */

static const struct fota_map maps[RIG_MAPS + 1] = {
    {"byte",
     40 * KB,
     1,
     {2 * KB, 8 * KB, 2 * KB},
     {12 * KB, 16 * KB, 2 * KB},
     {30 * KB, 4 * KB, 2 * KB},
     {0}},
    {"word",
     72 * KB,
     16,
     {4 * KB, 24 * KB, 4 * KB},
     {30 * KB, 24 * KB, 2 * KB},
     {60 * KB, 4 * KB, 2 * KB},
     {0}},
    {"page",
     176 * KB,
     256,
     {8 * KB, 28 * KB, 2 * KB},
     {40 * KB, 96 * KB, 8 * KB},
     {144 * KB, 8 * KB, 4 * KB},
     {0}},
    {"sector",
     80 * KB,
     512,
     {0, 20 * KB, 4 * KB},
     {24 * KB, 20 * KB, 4 * KB},
     {48 * KB, 8 * KB, 4 * KB},
     {0}},
    {"nand",
     192 * KB,
     2 * KB,
     {8 * KB, 40 * KB, 8 * KB},
     {56 * KB, 80 * KB, 8 * KB},
     {144 * KB, 16 * KB, 8 * KB},
     {0}},
    {"narrow",
     144 * KB,
     2 * KB,
     {0, 40 * KB, 4 * KB},
     {48 * KB, 84 * KB, 4 * KB},
     {132 * KB, 8 * KB, 4 * KB},
     {0}},
    {"slots",
     144 * KB,
     256,
     {8 * KB, 28 * KB, 2 * KB},
     {72 * KB, 32 * KB, 8 * KB},
     {112 * KB, 8 * KB, 4 * KB},
     {40 * KB, 28 * KB, 2 * KB}},
    {"blocks",
     208 * KB,
     2 * KB,
     {8 * KB, 40 * KB, 8 * KB},
     {96 * KB, 16 * KB, 8 * KB},
     {112 * KB, 16 * KB, 8 * KB},
     {48 * KB, 40 * KB, 8 * KB}},
    {"mini",
     112 * KB,
     256,
     {8 * KB, 56 * KB, 2 * KB},
     {64 * KB, 32 * KB, 4 * KB},
     {96 * KB, 8 * KB, 4 * KB},
     {0}},
};

const struct fota_map *rig_map(enum rig_map map)
{
    return &maps[map];
}

/* Never whole units, and the two images of an update differ in length. */
uint32_t rig_image_length(const struct fota_map *map, uint32_t sequence)
{
    uint32_t units = fota_slot_capacity(map) / map->slot.erase_unit;
    uint32_t most = map->program_unit == 1 ? 100 : (units - 1) * map->slot.erase_unit;

    if (map->program_unit == 16)
        most = 5000;
    return most + 37 - sequence % 2 * (most / 3);
}

/* ---- cryptography -----------------------------------------------------------------------------
 */

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

static const struct fota_crypto_ops *crypto(void)
{
    static struct fota_crypto_ops ops;

    ops = fota_mbedtls_crypto;
    ops.ecdsa_verify = verify;
    return &ops;
}

/* 0 is trusted, the others are not. Made for the tests only, and always the same: what a seed says
 * must come again. */
static const struct fota_keypair *key(unsigned index)
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
        check(fota_keypair_parse(pem[i], strlen(pem[i]), &pairs[i]) == 0, "no key");
    made = true;
    return &pairs[index];
}

static const struct fota_key *trusted(void)
{
    static struct fota_key trust;

    memcpy(trust.id, key(0)->id, sizeof trust.id);
    memcpy(trust.point, key(0)->point, sizeof trust.point);
    return &trust;
}

/* ---- packages ---------------------------------------------------------------------------------
 */

static void hash(const uint8_t *data, uint32_t length, struct fota_object *object)
{
    struct fota_sha256 sha;

    object->length = length;
    crypto()->sha256_start(&sha);
    crypto()->sha256_update(&sha, data, length);
    crypto()->sha256_finish(&sha, object->digest);
}

static size_t sign(const uint8_t *header, size_t length, unsigned who, uint8_t *out)
{
    struct fota_package_signature signature = {.algorithm = FOTA_SIGNATURE_ECDSA_P256};
    uint8_t digest[FOTA_DIGEST_SIZE];
    struct fota_manifest manifest;
    struct fota_fault fault;

    check(fota_package_parse(header, length, &manifest, &fault) == 0, "no header");
    check(fota_package_digest(crypto(), header, &manifest, digest) == 0, "no digest");
    memcpy(signature.key_id, key(who)->id, sizeof signature.key_id);
    check(fota_keypair_sign(key(who), digest, signature.value) == 0, "not signed");
    check(fota_package_add_signature(header, length, &signature, out, FOTA_HEADER_MAX, &length,
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
    check(package->image != NULL, "no memory");
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

/* Sets a flag in the head of `patch` that says that `undo` follows; returns the payload. */
static uint8_t *append_undo(uint8_t *patch, size_t *length, const uint8_t *undo, size_t undo_length)
{
    uint8_t *both = malloc(*length + undo_length + 5);
    size_t bytes = *length + 2 < 1u << 14 ? 2 : 3, total = *length + bytes;

    check(both != NULL, "no memory");
    both[0] = patch[0] | PATCH_UNDO;
    for (size_t i = 0; i < bytes; i++)
        both[1 + i] = (uint8_t)((total >> 7 * i & 127) | (i + 1 < bytes ? 128 : 0));
    memcpy(both + 1 + bytes, patch + 1, *length - 1);
    memcpy(both + total, undo, undo_length);
    *length = total + undo_length;
    free(patch);
    return both;
}

static uint8_t *make_patch(const struct rig_package *package, const struct rig_spec *spec,
                           size_t *length)
{
    const struct fota_diff_options options = {.segment = spec->segment, .spare = spec->spare};
    const struct rig_package none = {0}, *old = spec->from ? spec->from : &none;
    struct fota_diff_stats stats;
    uint8_t *patch, *undo;
    size_t undo_length;

    check(fota_diff(old->image, old->image_length, package->image, package->image_length, &options,
                    &patch, length, &stats) == 0,
          "no patch");
    if (!spec->undo)
        return patch;
    check(fota_diff(package->image, package->image_length, old->image, old->image_length, &options,
                    &undo, &undo_length, &stats) == 0,
          "no reverse patch");
    patch = append_undo(patch, length, undo, undo_length);
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
        const struct fota_keypair *voucher = key(spec->chain[i]);
        struct fota_successor *s = &m->successors[i];
        uint8_t digest[FOTA_DIGEST_SIZE];

        memcpy(s->point, key(spec->chain[i + 1])->point, sizeof s->point);
        memcpy(s->voucher, voucher->id, sizeof s->voucher);
        check(fota_successor_digest(crypto(), s->point, digest) == 0 &&
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
    check(package->data != NULL, "no memory");
    snprintf(m.vendor, sizeof m.vendor, "%s", spec->vendor ? spec->vendor : VENDOR);
    snprintf(m.class_names[0], sizeof m.class_names[0], "%s", spec->model ? spec->model : MODEL);
    snprintf(m.version, sizeof m.version, "v%" PRIu32, sequence);
    vouch(&m, spec);
    if (spec->edit)
        spec->edit(&m);
    check(fota_package_write(&m, header, sizeof header, &package->header_length, &fault) == 0,
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

/* ---- the server -------------------------------------------------------------------------------
 */

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    struct rig_server *s = &((struct rig *)ctx)->server;

    (void)host, (void)port, (void)family;
    check(s->open == 0, "a second connection");
    s->requests++;
    if (s->refuse)
        return FOTA_ERR_CONNECT;
    s->open = 1;
    s->text_length = s->text_at = 0;
    s->answered = false;
    *stream = 7;
    return 0;
}

static int net_ready(void *ctx, int stream)
{
    (void)ctx, (void)stream;
    return 1;
}

/* What the body of the answer is: a part of the file from `offset` on. */
static int choose(struct rig_server *s, size_t offset)
{
    s->serving = s->file;
    s->at = 0;
    s->end = s->length;
    if (strncmp(s->text, "GET /2 ", 7) == 0) {
        if (!s->second)
            return 404;
        s->serving = s->second->data;
        s->end = s->second->length;
    }
    s->whole = s->end;
    if (s->status)
        return s->status;
    if (offset == 0 || s->no_ranges)
        return 200;
    if (offset >= s->end) {
        s->end = 0;
        return 416;
    }
    s->at = offset;
    if (s->range_limit && s->end - s->at > s->range_limit)
        s->end = s->at + s->range_limit;
    return 206;
}

/* Says what the script has for this request; false: nothing. */
static bool answer_by_script(struct rig_server *s)
{
    const struct rig_answer *scripted = s->script;

    if (s->script_length == 0)
        return false;
    s->script++;
    s->script_length--;
    if (!scripted->head)
        return false;
    s->text_length = (size_t)snprintf(s->text, sizeof s->text, "%s", scripted->head);
    s->serving = s->file;
    s->at = scripted->at;
    s->end = scripted->end;
    s->cutting = false;
    s->answered = true;
    return true;
}

static void answer(struct rig_server *s)
{
    const char *range = strstr(s->text, "Range: bytes=");
    size_t offset = range ? strtoul(range + strlen("Range: bytes="), NULL, 10) : 0;
    int status, n;

    s->last_offset = offset;
    if (answer_by_script(s))
        return;
    status = choose(s, offset);
    n = snprintf(s->text, sizeof s->text, "HTTP/1.1 %d X\r\n", status);
    if (!s->no_length || status == 206)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, "Content-Length: %zu\r\n",
                      s->end - s->at);
    if (status == 206)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n,
                      "Content-Range: bytes %zu-%zu/%zu\r\n", s->at, s->end - 1, s->whole);
    if (status == 416)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, "Content-Range: bytes */%zu\r\n",
                      s->whole);
    if (s->etag)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, "ETag: %s\r\n", s->etag);
    n += snprintf(s->text + n, sizeof s->text - (size_t)n, "\r\n");
    s->text_length = (size_t)n;
    s->answered = true;
    s->cutting = s->cuts > 0;
    s->cut_left = s->cut_at;
    s->cuts -= s->cutting;
}

static int net_send(void *ctx, int stream, const void *data, size_t len)
{
    struct rig_server *s = &((struct rig *)ctx)->server;

    (void)stream;
    check(!s->answered && len < sizeof s->text - s->text_length, "an odd request");
    memcpy(s->text + s->text_length, data, len);
    s->text_length += len;
    s->text[s->text_length] = '\0';
    if (strstr(s->text, "\r\n\r\n") && !s->silent)
        answer(s);
    return (int)len;
}

static size_t smallest(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int net_recv(void *ctx, int stream, void *data, size_t len)
{
    struct rig_server *s = &((struct rig *)ctx)->server;
    uint32_t byte_ms = s->text_at < s->text_length ? s->head_ms : s->body_ms;
    uint64_t now_ms = ((struct rig *)ctx)->now_ms;
    size_t n;

    (void)stream;
    s->dripped = !s->dripped;
    if (!s->answered || (s->drip && s->dripped) || (byte_ms && now_ms < s->next_ms))
        return 0;
    s->next_ms = now_ms + byte_ms;
    n = s->segment ? smallest(len, s->segment) : len;
    n = byte_ms ? 1 : n;
    if (s->text_at < s->text_length) {
        n = smallest(n, s->text_length - s->text_at);
        memcpy(data, s->text + s->text_at, n);
        s->text_at += n;
        return (int)n;
    }
    if (s->cutting && s->cut_left == 0)
        return FOTA_ERR_CLOSED;
    if (s->cutting)
        n = smallest(n, s->cut_left);
    if (s->at == s->end) {
        n = s->trailer ? smallest(n, strlen(s->trailer)) : 0;
        memcpy(data, s->trailer ? s->trailer : "", n);
        s->trailer = s->trailer ? s->trailer + n : NULL;
        return n ? (int)n : FOTA_ERR_CLOSED;
    }
    n = smallest(n, s->end - s->at);
    memcpy(data, s->serving + s->at, n);
    s->at += n;
    s->sent += n;
    s->cut_left -= s->cutting ? n : 0;
    return (int)n;
}

static void net_close(void *ctx, int stream)
{
    struct rig_server *s = &((struct rig *)ctx)->server;

    check(stream == 7 && s->open == 1, "closed what is not open");
    s->open = 0;
}

static void net_wait(void *ctx, uint32_t ms)
{
    ((struct rig *)ctx)->now_ms += ms;
}

static const struct fota_net_ops net = {
    .open = net_open,
    .ready = net_ready,
    .send = net_send,
    .recv = net_recv,
    .close = net_close,
    .wait = net_wait,
};

/* ---- system, flash ----------------------------------------------------------------------------
 */

static uint64_t sys_now(void *ctx)
{
    return ((struct rig *)ctx)->now_ms;
}

static int64_t sys_time(void *ctx)
{
    return ((struct rig *)ctx)->time;
}

static uint32_t sys_random(void *ctx)
{
    return (uint32_t)rig_random(&((struct rig *)ctx)->random);
}

static void sys_reset(void *ctx)
{
    ((struct rig *)ctx)->resets++;
}

static void sys_alive(void *ctx)
{
    ((struct rig *)ctx)->alive++;
}

static const struct fota_system_ops sys = {sys_now, sys_time, sys_random, sys_reset, sys_alive};

static int before(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    int result = rig->before ? rig->before(rig, op, addr, len) : 0;

    if (result == 0 && op != RIG_READ)
        rig->operations++;
    return result;
}

static int after(struct rig *rig, enum rig_op op, uint32_t addr, size_t len, int err)
{
    if (!err && rig->after)
        rig->after(rig, op, addr, len);
    return err;
}

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct rig *rig = ctx;
    struct fota_flash real = fota_sim_flash_port(rig->flash);
    int err = before(rig, RIG_READ, addr, len);

    err = err ? err : real.ops->read(real.ctx, addr, data, len);
    return err > 0 ? 0 : after(rig, RIG_READ, addr, len, err);
}

static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    struct rig *rig = ctx;
    struct fota_flash real = fota_sim_flash_port(rig->flash);
    int err = before(rig, RIG_PROGRAM, addr, len);

    err = err ? err : real.ops->program(real.ctx, addr, data, len);
    return err > 0 ? 0 : after(rig, RIG_PROGRAM, addr, len, err);
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    struct rig *rig = ctx;
    struct fota_flash real = fota_sim_flash_port(rig->flash);
    int err = before(rig, RIG_ERASE, addr, len);

    err = err ? err : real.ops->erase(real.ctx, addr, len);
    return err > 0 ? 0 : after(rig, RIG_ERASE, addr, len, err);
}

static const struct fota_flash_ops flash = {flash_read, flash_program, flash_erase};

/* ---- life -------------------------------------------------------------------------------------
 */

static void lose_power(void *ctx)
{
    struct rig *rig = ctx;

    rig->fired = true;
    check(rig->catching, "a power cut outside of rig_run()");
    longjmp(rig->cut, 1);
}

void rig_open_blank(struct rig *rig, const struct fota_map *map)
{
    memset(rig, 0, sizeof *rig);
    rig->map = map;
    rig->time = -1;
    check(fota_sim_flash_open(map, NULL, 1, &rig->flash) == 0, "no flash");
    fota_sim_flash_on_cut(rig->flash, lose_power, rig);
    rig->port = (struct fota_port){
        .map = map,
        .flash = {&flash, rig},
        .net = {&net, rig},
        .system = {&sys, rig},
        .crypto = crypto(),
    };
    rig->policy.keys = trusted();
    rig->policy.key_count = 1;
    rig->decoder = malloc(RIG_DECODER_RAM);
    rig->policy.decoder_ram = RIG_DECODER_RAM;
    rig->config = (struct fota_config){&rig->port, fota_model_find(MODEL), VENDOR, &rig->policy,
                                       rig->decoder};
    rig->boot = malloc(sizeof *rig->boot);
    rig->memory = malloc(fota_size());
    check(rig->boot && rig->memory && rig->decoder, "no memory");
}

void rig_open(struct rig *rig, const struct fota_map *map)
{
    struct rig_spec spec = {.sequence = 1, .image_length = rig_image_length(map, 1)};
    struct fota_fault fault;

    rig_open_blank(rig, map);
    rig_package_make(&rig->old, &spec);
    check(fota_boot_provision(rig->boot, &rig->config, rig->old.data, rig->old.length, &fault) == 0,
          "not provisioned");
}

void rig_close(struct rig *rig)
{
    if (rig->fota)
        fota_close(rig->fota);
    check(rig->server.open == 0, "a connection was left open");
    rig_package_free(&rig->old);
    free(rig->boot);
    free(rig->memory);
    free(rig->decoder);
    fota_sim_flash_close(rig->flash);
}

static void lose_ram(struct rig *rig)
{
    memset(rig->boot, 0xa5, sizeof *rig->boot);
    memset(rig->memory, 0xa5, fota_size());
    memset(rig->decoder, 0xa5, RIG_DECODER_RAM);
    rig->fota = NULL;
    rig->server.open = 0;
}

bool rig_run(struct rig *rig, void (*life)(struct rig *rig))
{
    rig->fired = false;
    rig->catching = true;
    if (setjmp(rig->cut) == 0)
        life(rig);
    rig->catching = false;
    if (rig->fired) {
        lose_ram(rig);
        fota_sim_flash_power_on(rig->flash);
    }
    return !rig->fired;
}

struct fota_sim_stats rig_stats(const struct rig *rig)
{
    struct fota_sim_stats stats;

    fota_sim_flash_stats(rig->flash, &stats);
    return stats;
}

static void count_erases(struct rig *rig, uint64_t erases)
{
    unsigned now = (unsigned)(rig_stats(rig).erases - erases);

    if (now > rig->most_erases)
        rig->most_erases = now;
}

void rig_forget(struct rig *rig)
{
    if (rig->fota)
        fota_close(rig->fota);
    lose_ram(rig);
}

int rig_boot(struct rig *rig)
{
    int result;

    rig_forget(rig);
    result = fota_boot_start(rig->boot, &rig->config);
    if (rig->power_lost)
        fota_boot_power_lost(rig->boot);
    while (result == FOTA_BOOT_AGAIN) {
        uint64_t erases = rig_stats(rig).erases;

        result = fota_boot_step(rig->boot);
        count_erases(rig, erases);
    }
    return result;
}

int rig_boot_retry(struct rig *rig, unsigned restarts)
{
    int result = rig_boot(rig);

    while (result < 0 && restarts-- > 0)
        result = rig_boot(rig);
    return result;
}

void rig_start(struct rig *rig)
{
    check(fota_open(rig->memory, fota_size(), &rig->config, &rig->fota) == 0, "no engine");
}

int rig_update(struct rig *rig)
{
    struct fota_event event;
    int err;

    rig_start(rig);
    err = fota_update(rig->fota, rig->order, sizeof rig->order);
    return err ? err : rig_finish(rig, &event);
}

bool rig_restart(struct rig *rig)
{
    int result = rig_boot(rig);

    while (result == FOTA_BOOT_UPDATER) {
        rig_update(rig);
        result = rig_boot(rig);
    }
    if (result != FOTA_BOOT_RUN)
        return false;
    rig_start(rig);
    return true;
}

void rig_serve(struct rig *rig, const struct rig_package *package)
{
    rig->server.file = package->data;
    rig->server.length = package->length;
}

#define STEPS_MAX 2000000u

int rig_finish(struct rig *rig, struct fota_event *event)
{
    int error = 0;

    rig->ends = 0;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        uint64_t erases = rig_stats(rig).erases;
        enum fota_step step = fota_step(rig->fota, event);

        count_erases(rig, erases);
        if (event->kind == FOTA_EVENT_END) {
            error = event->fault.error;
            rig->ends++;
        }
        if (step == FOTA_STEP_IDLE) {
            struct fota_event none;

            check(fota_step(rig->fota, &none) == FOTA_STEP_IDLE && none.kind == FOTA_EVENT_NONE,
                  "an event after the end");
            return error;
        }
        if (step == FOTA_STEP_WAIT)
            rig->now_ms += event->wait_ms ? event->wait_ms : 1;
    }
    check(false, "an update that never ends");
    return 0;
}

int rig_download(struct rig *rig)
{
    struct fota_event event;
    int err = fota_download(rig->fota, "http://example.com/app.fota", NULL, NULL);

    return err ? err : rig_finish(rig, &event);
}

int rig_download_mini(struct rig *rig)
{
    struct fota_event event;
    int err =
        fota_download_mini(rig->fota, "http://example.com/1", "http://example.com/2", NULL, NULL);

    return err ? err : rig_finish(rig, &event);
}

int rig_write(struct rig *rig, const uint8_t *data, size_t length, uint32_t total, size_t piece)
{
    struct fota_event event;
    int err;

    while (length) {
        size_t n = smallest(length, piece), taken;
        uint64_t erases = rig_stats(rig).erases;

        err = fota_write(rig->fota, data, n, total, &taken);
        count_erases(rig, erases);
        if (err)
            return err;
        data += taken;
        length -= taken;
    }
    err = fota_flush(rig->fota);
    if (!err)
        err = fota_verify(rig->fota);
    return err ? err : rig_finish(rig, &event);
}

/* ---- looking at it, damaging it ---------------------------------------------------------------
 */

static bool is_blank(const uint8_t *cells, size_t length)
{
    return length == 0 || (cells[0] == 0xff && memcmp(cells, cells + 1, length - 1) == 0);
}

const struct fota_region *rig_slot(struct rig *rig)
{
    return fota_slot_active(rig->map, rig_record(rig).flags);
}

bool rig_slot_runs(struct rig *rig, const struct rig_package *package)
{
    const uint8_t *cells = fota_sim_flash_cells(rig->flash);
    const struct fota_region *active = rig_slot(rig);

    return memcmp(cells + active->offset, rig_image(package),
                  package->length - package->header_length) == 0 &&
           memcmp(cells + fota_slot_manifest(active), package->data, package->header_length) == 0;
}

bool rig_slot_holds(struct rig *rig, const struct rig_package *package)
{
    const uint8_t *cells = fota_sim_flash_cells(rig->flash);
    const struct fota_region *active = rig_slot(rig);
    const uint8_t *slot = cells + active->offset;
    const uint8_t *manifest = cells + fota_slot_manifest(active);
    size_t length = package->image_length;

    return rig_slot_runs(rig, package) &&
           is_blank(slot + length, fota_slot_capacity(rig->map) - length) &&
           is_blank(manifest + package->header_length,
                    rig->map->slot.erase_unit - package->header_length);
}

struct fota_record rig_record(struct rig *rig)
{
    struct fota_port port = {.map = rig->map, .flash = fota_sim_flash_port(rig->flash)};
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_journal journal;

    check(fota_journal_open(&journal, &port, page) == 0, "no journal");
    return journal.record;
}

void rig_put_record(struct rig *rig, const struct fota_record *record)
{
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_journal journal;

    check(fota_journal_open(&journal, &rig->port, page) == 0 &&
              fota_journal_write(&journal, record) == 0,
          "no journal");
}

void rig_damage(struct rig *rig, uint32_t addr, uint8_t bits)
{
    fota_sim_flash_cells(rig->flash)[addr] ^= bits;
}
