/*
 * test_package.c - core/package.h and tools/package_writer.h: what is written parses back, and what
 * is malformed is refused.
 */
#include "bytes.h"
#include "package_sample.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

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

/* ---- writer ---------------------------------------------------------------------------------- */

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

/* ---- form ------------------------------------------------------------------------------------ */

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

/* One byte of length is no length of two. */
static void v17_versions_around_every_limit_are_whole_or_refused(void **state)
{
    static const uint16_t lengths[] = {
        1, FOTA_NAME_MAX - 1, FOTA_NAME_MAX, FOTA_NAME_MAX + 1, 254, 255, 256, 257};
    uint8_t version[257];

    (void)state;
    memset(version, '7', sizeof version);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct header h = open_header(); /* its last field is a version of three characters */
        struct fota_fault fault;

        h.length -= 4 + 3;
        assert_int_equal(fota_get16(h.data + h.length) & 0x7fff, FOTA_FIELD_VERSION);
        add_field(&h, FOTA_FIELD_VERSION, version, lengths[i]);
        if (lengths[i] > FOTA_NAME_MAX) {
            assert_int_equal(close_and_parse(&h, &fault), FOTA_ERR_HEADER_FIELD);
            assert_int_equal(fault.got, FOTA_FIELD_VERSION);
        } else {
            assert_int_equal(close_and_parse(&h, &fault), 0);
        }
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
        cmocka_unit_test(v17_versions_around_every_limit_are_whole_or_refused),
        cmocka_unit_test(fields_come_in_order_and_once),
        cmocka_unit_test(unknown_fields_are_refused_when_critical),
        cmocka_unit_test(a_zero_digest_or_length_never_means_skip),
        cmocka_unit_test(a_full_package_has_one_digest),
        cmocka_unit_test(a_ninth_model_is_refused),
        cmocka_unit_test(a_third_signature_is_refused),
        cmocka_unit_test(signing_keeps_fields_of_a_later_version),
    };

    return cmocka_run_group_tests_name("package", tests, make_keys, NULL);
}
