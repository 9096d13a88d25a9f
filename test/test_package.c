/*
 * test_package.c - core/package.h, tools/package_writer.h and tools/key.h: what is written parses
 * back, what is malformed or changed is refused, and who may install what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "key.h"
#include "package.h"
#include "package_writer.h"
#include "platform/mbedtls/crypto.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BIT(field)   (1u << (field))

static const struct fota_crypto_ops *const crypto = &fota_mbedtls_crypto;
static struct fota_keypair key_a, key_b;

/* ---- packages to start from ----------------------------------------------------------------- */

static struct fota_object object(uint32_t length, uint8_t fill)
{
    struct fota_object o = {length, {0}};

    memset(o.digest, fill, sizeof o.digest);
    return o;
}

/* Required fields only. */
static struct fota_manifest small_manifest(void)
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

static void fill_text(char *text, size_t max, char c)
{
    memset(text, c, max);
    text[max] = '\0';
}

/* Every field, as large as it goes; successors have no room beside all the others. */
static struct fota_manifest large_manifest(void)
{
    struct fota_manifest m = small_manifest();

    m.present = ((1u << FOTA_FIELDS) - 2) & ~BIT(FOTA_FIELD_SUCCESSOR);
    m.sequence = UINT32_MAX;
    fill_text(m.vendor, FOTA_NAME_MAX, 'v');
    for (size_t i = 0; i < FOTA_CLASSES_MAX; i++)
        fill_text(m.class_names[i], FOTA_NAME_MAX, (char)('A' + i));
    m.class_count = FOTA_CLASSES_MAX;
    m.component = FOTA_COMPONENT_NV;
    m.location = UINT32_MAX;
    m.format = FOTA_FORMAT_DELTA;
    m.decoder_ram = 65536;
    m.segment_size = 4096;
    m.spare_size = 8192;
    m.payload = object(1, 1);
    m.result = object(UINT32_MAX, 2);
    m.precursor = object(3, 3);
    fill_text(m.version, FOTA_NAME_MAX, '~');
    for (uint32_t i = 0; i < FOTA_REQUIRES_MAX; i++) {
        m.requires[i].first = i;
        m.requires[i].last = i + 1;
    }
    m.requires_count = FOTA_REQUIRES_MAX;
    m.expiry = INT64_MAX;
    m.severity = 255;
    m.confirm_after_s = UINT32_MAX;
    memset(m.set_id, 0xee, sizeof m.set_id);
    m.set_stage = 2;
    m.set_stages = 255;
    fill_text(m.text, FOTA_TEXT_FIELD_MAX, ' ');
    for (size_t i = 0; i < FOTA_SIGNATURES_MAX; i++) {
        m.signatures[i].algorithm = FOTA_SIGNATURE_ECDSA_P256;
        memset(m.signatures[i].key_id, (int)i + 1, FOTA_KEY_ID_SIZE);
        memset(m.signatures[i].value, (int)i + 3, FOTA_SIGNATURE_SIZE);
    }
    m.signature_count = FOTA_SIGNATURES_MAX;
    return m;
}

struct header {
    uint8_t data[FOTA_HEADER_MAX];
    size_t length;
};

static struct header written(const struct fota_manifest *m)
{
    struct fota_fault fault;
    struct header h;

    memset(&h, 0, sizeof h);
    assert_int_equal(fota_package_write(m, h.data, sizeof h.data, &h.length, &fault), 0);
    return h;
}

/* Parses an allocation of the exact size: reading past the end is seen by ASan. */
static int parse_exact(const uint8_t *data, size_t length, struct fota_manifest *m,
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

static struct header with_signature(const struct header *h, const struct fota_keypair *key)
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

static struct header signed_header(const struct fota_keypair *key)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);

    return with_signature(&h, key);
}

static struct fota_key trusted(const struct fota_keypair *pair)
{
    struct fota_key key;

    memset(&key, 0, sizeof key);
    memcpy(key.id, pair->id, sizeof key.id);
    memcpy(key.point, pair->point, sizeof key.point);
    return key;
}

/* Parses and checks signatures; 0, or what refused it. */
static int accept_header(const struct header *h, const struct fota_policy *policy)
{
    struct fota_manifest m;
    struct fota_fault fault = {0};
    int err = parse_exact(h->data, h->length, &m, &fault);

    if (!err)
        err = fota_package_verify(crypto, policy, h->data, &m, &fault);
    assert_int_equal(fault.error, err);
    return err;
}

static int accept_with(const struct header *h, const struct fota_key *keys, size_t count,
                       uint8_t needed)
{
    struct fota_policy policy = {0};

    policy.keys = keys;
    policy.key_count = count;
    policy.signatures = needed;
    return accept_header(h, &policy);
}

static int make_keys(void **state)
{
    (void)state;
    return fota_keypair_generate(&key_a) || fota_keypair_generate(&key_b);
}

/* ---- writer --------------------------------------------------------------------------------- */

static void assert_round_trip(struct fota_manifest m)
{
    struct header h = written(&m);
    struct fota_manifest back;
    struct fota_fault fault;
    struct header again;

    assert_int_equal(parse_exact(h.data, h.length, &back, &fault), 0);
    again = written(&back);
    m.signed_length = back.signed_length;
    m.header_length = back.header_length;
    assert_memory_equal(&back, &m, sizeof m);
    assert_int_equal(h.length, back.header_length);
    assert_int_equal(again.length, h.length);
    assert_memory_equal(again.data, h.data, h.length);
}

static void what_is_written_parses_back_equal(void **state)
{
    (void)state;
    assert_round_trip(small_manifest());
    assert_round_trip(large_manifest());
}

static void successors_come_back_and_a_third_is_refused(void **state)
{
    struct fota_manifest m = small_manifest();
    struct fota_fault fault;
    struct header h;

    (void)state;
    m.present |= BIT(FOTA_FIELD_SUCCESSOR);
    for (int i = 0; i < (int)FOTA_SUCCESSORS_MAX; i++) {
        memset(&m.successors[i], 0x5c + i, sizeof m.successors[i]);
        m.successor_count++;
        assert_round_trip(m);
    }
    h = written(&m);
    /* The last field once more: the signed part grows, and the empty block of signatures moves. */
    memcpy(h.data + h.length - 2, h.data + h.length - 2 - 140, 140);
    fota_put16(h.data + 6, (uint16_t)(fota_get16(h.data + 6) + 140));
    memset(h.data + h.length + 138, 0, 2);
    assert_int_equal(parse_exact(h.data, h.length + 140, &m, &fault), FOTA_ERR_HEADER_FIELD);
    assert_int_equal(fault.got, FOTA_FIELD_SUCCESSOR);
}

static void each_optional_field_comes_back_alone(void **state)
{
    struct fota_manifest large = large_manifest();
    uint32_t needed =
        small_manifest().present | BIT(FOTA_FIELD_PRECURSOR) | BIT(FOTA_FIELD_PARAMETERS);

    (void)state;
    for (unsigned field = 1; field < FOTA_FIELDS; field++) {
        struct fota_manifest m = large;
        struct fota_manifest back;
        struct fota_fault fault;
        struct header h;

        m.present = needed | BIT(field);
        m.successor_count = field == FOTA_FIELD_SUCCESSOR;
        h = written(&m);
        assert_int_equal(parse_exact(h.data, h.length, &back, &fault), 0);
        assert_int_equal(back.present, m.present);
        assert_int_equal(back.location, field == FOTA_FIELD_LOCATION ? UINT32_MAX : 0);
        assert_int_equal(back.text[0], field == FOTA_FIELD_TEXT ? ' ' : '\0');
    }
}

static void the_header_is_as_documented(void **state)
{
    static const uint8_t start[] = {
        'F',  'O',  'T',  'A',  1,    0,    0,    0,    0,    0,    0,    0,   /* prefix */
        0x01, 0x80, 0x04, 0x00, 7,    0,    0,    0,                           /* sequence */
        0x02, 0x80, 0x07, 0x00, 'q',  'u',  'e',  'c',  't',  'e',  'l',       /* vendor */
        0x03, 0x80, 0x06, 0x00, 'E',  'C',  '6',  '0',  '0',  'U',             /* class */
        0x04, 0x80, 0x01, 0x00, 0x00, 0x06, 0x80, 0x01, 0x00, 0x01,            /* app, full */
        0x08, 0x80, 0x24, 0x00, 0xe8, 0x03, 0x00, 0x00, 0x5a, 0x5a, 0x5a, 0x5a /* payload */
    };
    struct fota_manifest m = small_manifest();
    struct header h;

    (void)state;
    m.present |= BIT(FOTA_FIELD_SEVERITY) | BIT(FOTA_FIELD_TEXT);
    strcpy(m.text, "for people");
    h = written(&m);
    assert_int_equal(fota_get16(h.data + 6), h.length - 2);
    assert_memory_equal(h.data, start, 6);
    assert_memory_equal(h.data + 8, start + 8, sizeof start - 8);
    /* The fields for people are not critical: severity, then text, then no signatures. */
    assert_memory_equal(h.data + h.length - 21, "\x0e\x00\x01\x00\x00\x10\x00\x0a\x00", 9);
    assert_memory_equal(h.data + h.length - 12, "for people\0\0", 12);
}

static void the_writer_refuses_what_a_modem_would(void **state)
{
    struct fota_fault fault;
    uint8_t out[FOTA_HEADER_MAX];
    size_t length = 99;

    (void)state;
    for (unsigned field = 1; field <= FOTA_FIELD_VERSION; field++) {
        struct fota_manifest m = small_manifest();

        if (!(m.present & BIT(field)))
            continue;
        m.present &= ~BIT(field);
        assert_int_equal(fota_package_write(&m, out, sizeof out, &length, &fault),
                         FOTA_ERR_HEADER_FIELD);
        assert_int_equal(fault.got, field);
    }
    assert_int_equal(length, 99);
}

#define REFUSED(error, change)                                                                     \
    do {                                                                                           \
        struct fota_manifest m = large_manifest();                                                 \
        change;                                                                                    \
        assert_int_equal(fota_package_write(&m, out, sizeof out, &length, &fault), error);         \
    } while (0)

static void the_writer_refuses_values_out_of_range(void **state)
{
    struct fota_fault fault;
    uint8_t out[FOTA_HEADER_MAX];
    size_t length;

    (void)state;
    REFUSED(FOTA_ERR_HEADER_FIELD, m.present |= BIT(0));
    REFUSED(FOTA_ERR_HEADER_FIELD, m.present |= BIT(FOTA_FIELDS));
    REFUSED(FOTA_ERR_HEADER_FIELD, m.sequence = 0);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.vendor[0] = '\0');
    REFUSED(FOTA_ERR_HEADER_FIELD, m.vendor[3] = '\n');
    REFUSED(FOTA_ERR_HEADER_FIELD, m.class_count = 0);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.class_count = FOTA_CLASSES_MAX + 1);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.requires_count = 0);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.requires_count = FOTA_REQUIRES_MAX + 1);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.requires[7].first = 9);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.payload.length = 0);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.expiry = (uint64_t)INT64_MAX + 1);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.set_stage = 0);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.set_stages = 1);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.format = FOTA_FORMAT_FULL);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.present &= ~BIT(FOTA_FIELD_PRECURSOR));
    REFUSED(FOTA_ERR_HEADER_FIELD, m.present &= ~BIT(FOTA_FIELD_PARAMETERS));
    REFUSED(FOTA_ERR_HEADER_FIELD, m.spare_size = 4097);
    REFUSED(FOTA_ERR_HEADER_FIELD, m.segment_size = 0);
    REFUSED(FOTA_ERR_HEADER_SYNTAX, m.signatures[1].algorithm = 2);
    REFUSED(FOTA_ERR_HEADER_SYNTAX, m.signature_count = FOTA_SIGNATURES_MAX + 1);
    /* A text without its terminator is cut, not read on. */
    REFUSED(0, memset(m.version, 'x', sizeof m.version));
}

static void the_writer_needs_room(void **state)
{
    struct fota_manifest m = large_manifest();
    struct header h = written(&m);
    struct fota_fault fault;
    size_t length;
    uint8_t *out = malloc(h.length);

    (void)state;
    assert_non_null(out);
    assert_int_equal(fota_package_write(&m, out, h.length, &length, &fault), 0);
    assert_int_equal(fota_package_write(&m, out, h.length - 1, &length, &fault), FOTA_ERR_MEMORY);
    assert_int_equal(fault.expected, h.length);
    free(out);
}

/* ---- form ----------------------------------------------------------------------------------- */

/* A header put together by hand, to be wrong in one place. */
static void add_field(struct header *h, unsigned tag, const void *value, size_t length)
{
    fota_put16(h->data + h->length, (uint16_t)tag);
    fota_put16(h->data + h->length + 2, (uint16_t)length);
    memcpy(h->data + h->length + 4, value, length);
    h->length += 4 + length;
}

/* Removes the empty signature block, so that add_field() goes on. */
static struct header open_header(void)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);

    h.length -= 2;
    return h;
}

static int close_and_parse(struct header *h, struct fota_fault *fault)
{
    struct fota_manifest m;

    fota_put16(h->data + 6, (uint16_t)h->length);
    fota_put16(h->data + h->length, 0);
    h->length += 2;
    return parse_exact(h->data, h->length, &m, fault);
}

static void a_header_cut_anywhere_is_truncated(void **state)
{
    struct fota_manifest m = large_manifest();
    struct header h = written(&m);

    (void)state;
    for (size_t length = 0; length < h.length; length++) {
        struct fota_manifest back;
        struct fota_fault fault;
        size_t size;

        assert_int_equal(parse_exact(h.data, length, &back, &fault), FOTA_ERR_TRUNCATED);
        assert_int_equal(fault.got, length);
        assert_true(fault.expected > length);
        assert_int_equal(fota_package_measure(h.data, length, &size, &fault), 0);
        assert_int_equal(size, fault.expected);
        assert_true(size > length && size <= h.length);
    }
}

static void what_follows_the_header_is_not_its_business(void **state)
{
    struct fota_manifest m = small_manifest(), back;
    struct header h = written(&m);
    struct fota_fault fault;

    (void)state;
    memset(h.data + h.length, 0xff, 10);
    assert_int_equal(parse_exact(h.data, h.length + 10, &back, &fault), 0);
    assert_int_equal(back.header_length, h.length);
}

static int parse_changed(size_t at, uint8_t value, struct fota_fault *fault)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);

    h.data[at] = value;
    return parse_exact(h.data, h.length, &m, fault);
}

static void the_prefix_has_an_error_for_each_part(void **state)
{
    struct fota_fault fault;

    (void)state;
    assert_int_equal(parse_changed(0, 'X', &fault), FOTA_ERR_NOT_A_PACKAGE);
    assert_int_equal(parse_changed(3, 0, &fault), FOTA_ERR_NOT_A_PACKAGE);
    assert_int_equal(parse_changed(4, 0, &fault), FOTA_ERR_PACKAGE_VERSION);
    assert_int_equal(parse_changed(4, 2, &fault), FOTA_ERR_PACKAGE_VERSION);
    assert_int_equal(parse_changed(5, 1, &fault), FOTA_ERR_CONTAINER);
    assert_int_equal(parse_changed(6, 11, &fault), FOTA_ERR_HEADER_SYNTAX);
    assert_int_equal(parse_changed(7, 0xff, &fault), FOTA_ERR_HEADER_TOO_LARGE);
    assert_int_equal(parse_changed(8, 1, &fault), FOTA_ERR_ENCRYPTED);
    assert_int_equal(parse_changed(8, 2, &fault), FOTA_ERR_HEADER_SYNTAX);
    assert_int_equal(parse_changed(9, 0x80, &fault), FOTA_ERR_HEADER_SYNTAX);
    assert_int_equal(parse_changed(10, 1, &fault), FOTA_ERR_HEADER_SYNTAX);
    assert_int_equal(parse_changed(11, 1, &fault), FOTA_ERR_HEADER_SYNTAX);
}

/* Every length of every field one more and one less: none may be read differently and pass. */
static void a_length_off_by_one_is_refused(void **state)
{
    struct fota_manifest m = large_manifest();
    struct header h = written(&m);
    size_t signed_length = fota_get16(h.data + 6);
    size_t fields = 0;

    (void)state;
    for (size_t at = FOTA_PREFIX_SIZE; at < signed_length; at += 4 + fota_get16(h.data + at + 2)) {
        for (int change = -1; change <= 1; change += 2) {
            struct header wrong = h;
            struct fota_manifest back;
            struct fota_fault fault;

            fota_put16(wrong.data + at + 2, (uint16_t)(fota_get16(h.data + at + 2) + change));
            assert_int_not_equal(parse_exact(wrong.data, wrong.length, &back, &fault), 0);
        }
        fields++;
    }
    assert_int_equal(fields, FOTA_FIELDS - 2 + FOTA_CLASSES_MAX - 1);
}

static void fields_stay_inside_the_signed_part(void **state)
{
    static const uint16_t lengths[] = {2, 3, 255, 256, 1023, 1024, 0x7fff, 0xffff};
    struct fota_fault fault;

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct header h = open_header();
        size_t at = h.length;

        add_field(&h, FOTA_FIELD_SEVERITY, "x", 1);
        fota_put16(h.data + at + 2, lengths[i]);
        assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);
        assert_int_equal(fault.got, at);
    }
    for (size_t stray = 1; stray < 4; stray++) {
        struct header h = open_header();

        memset(h.data + h.length, 0, stray);
        h.length += stray;
        assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);
    }
}

static void fields_come_in_order_and_once(void **state)
{
    struct fota_fault fault;
    struct header h = open_header();

    (void)state;
    add_field(&h, FOTA_FIELD_SEQUENCE | FOTA_TLV_CRITICAL, "\x01\x00\x00\x00", 4);
    assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);

    h = open_header();
    add_field(&h, FOTA_FIELD_VERSION | FOTA_TLV_CRITICAL, "2", 1);
    assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);

    h = open_header();
    add_field(&h, FOTA_FIELD_TEXT, "b", 1);
    add_field(&h, FOTA_FIELD_SEVERITY, "a", 1);
    assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);

    /* The critical bit does not make a second field of one. */
    h = open_header();
    add_field(&h, FOTA_FIELD_TEXT, "b", 1);
    add_field(&h, FOTA_FIELD_TEXT | FOTA_TLV_CRITICAL, "c", 1);
    assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);
}

static void unknown_fields_are_refused_when_critical(void **state)
{
    static const unsigned types[] = {FOTA_FIELDS, 0x100, 0x7fff};

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        struct fota_fault fault;
        struct header h = open_header();

        add_field(&h, types[i] | FOTA_TLV_CRITICAL, "data", 4);
        assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_UNKNOWN);
        assert_int_equal(fault.got, types[i]);

        h = open_header();
        add_field(&h, types[i], "data", 4);
        assert_int_equal(close_and_parse(&h, &fault), 0);

        h = open_header();
        add_field(&h, types[i], "data", 4);
        add_field(&h, types[i], "more", 4);
        assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_SYNTAX);
    }
}

static void a_zero_digest_or_length_never_means_skip(void **state)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);
    struct fota_fault fault;
    uint8_t *digest = h.data + 59;

    (void)state;
    assert_int_equal(digest[0], 0x5a);
    assert_int_equal(digest[31], 0x5a);
    memset(digest, 0, FOTA_DIGEST_SIZE);
    assert_int_equal(parse_exact(h.data, h.length, &m, &fault), FOTA_ERR_HEADER_FIELD);
    assert_int_equal(fault.got, FOTA_FIELD_PAYLOAD);
}

static void a_full_package_has_one_digest(void **state)
{
    struct fota_manifest m = small_manifest();
    struct header h = written(&m);
    struct fota_fault fault;

    (void)state;
    h.data[59] ^= 1;
    assert_int_equal(parse_exact(h.data, h.length, &m, &fault), FOTA_ERR_HEADER_FIELD);
    assert_int_equal(fault.got, FOTA_FIELD_RESULT);
}

static void a_ninth_model_is_refused(void **state)
{
    struct fota_manifest m = small_manifest();
    struct header h, wide = {{0}, 0};
    struct fota_fault fault;
    size_t at = 31;

    (void)state;
    m.class_count = FOTA_CLASSES_MAX;
    for (size_t i = 0; i < FOTA_CLASSES_MAX; i++)
        strcpy(m.class_names[i], "EC600U");
    h = written(&m);
    assert_int_equal(fota_get16(h.data + at), FOTA_FIELD_CLASS | FOTA_TLV_CRITICAL);
    memcpy(wide.data, h.data, at);
    wide.length = at;
    add_field(&wide, FOTA_FIELD_CLASS | FOTA_TLV_CRITICAL, "EC600U", 6);
    memcpy(wide.data + wide.length, h.data + at, h.length - at);
    wide.length += h.length - at - 2;
    assert_int_equal(close_and_parse(&wide, &fault), FOTA_ERR_HEADER_FIELD);
    assert_int_equal(fault.got, FOTA_FIELD_CLASS);
}

static void a_third_signature_is_refused(void **state)
{
    struct fota_manifest m = small_manifest();
    struct header h = signed_header(&key_a);
    struct fota_package_signature s = {FOTA_SIGNATURE_ECDSA_P256, {9}, {1}};
    struct fota_fault fault;
    uint8_t out[FOTA_HEADER_MAX];
    size_t length, signed_length = fota_get16(h.data + 6);

    (void)state;
    assert_int_equal(fota_package_add_signature(h.data, h.length, &m.signatures[0], out, sizeof out,
                                                &length, &fault),
                     FOTA_ERR_HEADER_SYNTAX);
    h = with_signature(&h, &key_b);
    assert_int_equal(
        fota_package_add_signature(h.data, h.length, &s, out, sizeof out, &length, &fault),
        FOTA_ERR_STATE);
    memcpy(h.data + h.length, h.data + h.length - 76, 76);
    h.length += 76;
    fota_put16(h.data + signed_length, 3 * 76);
    assert_int_equal(parse_exact(h.data, h.length, &m, &fault), FOTA_ERR_HEADER_SYNTAX);
}

/* ---- signatures: arbitrary install, key compromise ------------------------------------------ */

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

static void signing_keeps_fields_of_a_later_version(void **state)
{
    struct fota_key keys[] = {trusted(&key_a)};
    struct header h = open_header();
    struct header s;
    struct fota_fault fault;

    (void)state;
    add_field(&h, 0x123, "later", 5);
    assert_int_equal(close_and_parse(&h, &fault), 0);
    s = with_signature(&h, &key_a);
    assert_memory_equal(s.data, h.data, h.length - 2);
    assert_int_equal(accept_with(&s, keys, 1, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_parses_back_equal),
        cmocka_unit_test(successors_come_back_and_a_third_is_refused),
        cmocka_unit_test(each_optional_field_comes_back_alone),
        cmocka_unit_test(the_header_is_as_documented),
        cmocka_unit_test(the_writer_refuses_what_a_modem_would),
        cmocka_unit_test(the_writer_refuses_values_out_of_range),
        cmocka_unit_test(the_writer_needs_room),
        cmocka_unit_test(a_header_cut_anywhere_is_truncated),
        cmocka_unit_test(what_follows_the_header_is_not_its_business),
        cmocka_unit_test(the_prefix_has_an_error_for_each_part),
        cmocka_unit_test(a_length_off_by_one_is_refused),
        cmocka_unit_test(fields_stay_inside_the_signed_part),
        cmocka_unit_test(fields_come_in_order_and_once),
        cmocka_unit_test(unknown_fields_are_refused_when_critical),
        cmocka_unit_test(a_zero_digest_or_length_never_means_skip),
        cmocka_unit_test(a_full_package_has_one_digest),
        cmocka_unit_test(a_ninth_model_is_refused),
        cmocka_unit_test(a_third_signature_is_refused),
        cmocka_unit_test(arbitrary_install_unsigned_package_is_refused),
        cmocka_unit_test(arbitrary_install_unknown_key_is_refused),
        cmocka_unit_test(arbitrary_install_every_changed_bit_is_refused),
        cmocka_unit_test(arbitrary_install_zero_signature_numbers_are_refused),
        cmocka_unit_test(key_compromise_one_of_two_signatures_is_not_two),
        cmocka_unit_test(key_compromise_one_key_counts_once),
        cmocka_unit_test(key_compromise_development_key_is_refused_in_production),
        cmocka_unit_test(a_failing_hash_fails_closed),
        cmocka_unit_test(signing_keeps_fields_of_a_later_version),
    };

    return cmocka_run_group_tests_name("package", tests, make_keys, NULL);
}
