/*
 * test_judge.c - fota_package_judge(): the rows of docs/package-format.md, named for the attacks of
 * TUF and Uptane.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "package.h"

#define BIT(field) (1u << (field))

/* A package, a modem that takes it, and the policy between them; tests change one thing. */
static struct fota_manifest m;
static struct fota_device device;
static struct fota_policy policy;
static struct fota_object installed;

static int reset(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    memset(&device, 0, sizeof device);
    memset(&policy, 0, sizeof policy);
    memset(&installed, 0x11, sizeof installed);
    m.sequence = 7;
    strcpy(m.vendor, "quectel");
    strcpy(m.class_names[0], "EC600U");
    strcpy(m.class_names[1], "EC200U");
    m.class_count = 2;
    m.format = FOTA_FORMAT_FULL;
    m.payload.length = m.result.length = 1000;
    device.vendor = "quectel";
    device.model = "EC600U";
    device.slot_size = device.staging_size = 1000;
    device.counter = device.sequence = 6;
    device.image = &installed;
    device.time = 1000000;
    return 0;
}

static void assert_judged(int expected)
{
    struct fota_fault fault = {0};

    assert_int_equal(fota_package_judge(&m, &policy, &device, &fault), expected);
    assert_int_equal(fault.error, expected);
    if (expected)
        assert_int_equal(fault.stage, FOTA_STAGE_HEADER);
}

static struct fota_fault refused(int expected)
{
    struct fota_fault fault = {0};

    assert_int_equal(fota_package_judge(&m, &policy, &device, &fault), expected);
    return fault;
}

static void a_good_package_is_accepted_by_each_of_its_models(void **state)
{
    (void)state;
    assert_judged(0);
    device.model = "EC200U";
    assert_judged(0);
}

static void wrong_software_other_vendor(void **state)
{
    (void)state;
    m.vendor[0] ^= 1;
    assert_string_equal(refused(FOTA_ERR_WRONG_VENDOR).subject, "puectel");
    strcpy(m.vendor, "quectel2");
    assert_judged(FOTA_ERR_WRONG_VENDOR);
    strcpy(m.vendor, "quecte");
    assert_judged(FOTA_ERR_WRONG_VENDOR);
}

static void wrong_software_other_model(void **state)
{
    (void)state;
    device.model = "EC600E";
    assert_string_equal(refused(FOTA_ERR_WRONG_MODEL).subject, "EC600U");
    device.model = "EC600";
    assert_judged(FOTA_ERR_WRONG_MODEL);
    device.model = "ec600u";
    assert_judged(FOTA_ERR_WRONG_MODEL);
    device.model = "";
    assert_judged(FOTA_ERR_WRONG_MODEL);
}

static void wrong_software_other_component_or_place(void **state)
{
    (void)state;
    m.component = FOTA_COMPONENT_BOOT;
    assert_judged(FOTA_ERR_COMPONENT);
    m.component = FOTA_COMPONENT_NV;
    assert_judged(FOTA_ERR_COMPONENT);
    m.component = 255;
    assert_int_equal(refused(FOTA_ERR_COMPONENT).got, 255);
    m.component = FOTA_COMPONENT_APP;
    m.location = 1;
    assert_judged(FOTA_ERR_LOCATION);
    m.location = UINT32_MAX;
    assert_int_equal(refused(FOTA_ERR_LOCATION).got, UINT32_MAX);
}

static void unknown_formats_are_refused(void **state)
{
    static const uint8_t formats[] = {0, 4, 255};

    (void)state;
    for (size_t i = 0; i < sizeof formats; i++) {
        m.format = formats[i];
        assert_int_equal(refused(FOTA_ERR_FORMAT).got, formats[i]);
    }
}

static void without_a_decoder_only_full_packages(void **state)
{
    static const uint8_t formats[] = {FOTA_FORMAT_DELTA, FOTA_FORMAT_COMPRESSED};

    (void)state;
    for (size_t i = 0; i < sizeof formats; i++) {
        m.format = formats[i];
        assert_int_equal(refused(FOTA_ERR_FORMAT).got, formats[i]);
    }
}

/* 256 bytes programmed, 4K erased in the slot and 8K in staging, which has 6 units. */
static const struct fota_map one_slot = {.name = "one",
                                         .flash_size = 256 * 1024,
                                         .program_unit = 256,
                                         .slot = {0, 64 * 1024, 4096},
                                         .staging = {64 * 1024, 48 * 1024, 8192},
                                         .journal = {128 * 1024, 8192, 4096}};

static void make_delta(uint32_t segment, uint32_t spare)
{
    policy.decoder_ram = 32768;
    device.map = &one_slot;
    device.staging_size = 40 * 1024;
    m.format = FOTA_FORMAT_DELTA;
    m.present |= BIT(FOTA_FIELD_PRECURSOR) | BIT(FOTA_FIELD_PARAMETERS);
    installed.length = 40000;
    m.precursor = installed;
    m.payload.length = 10000;
    m.decoder_ram = 32768;
    m.segment_size = segment;
    m.spare_size = spare;
}

static void a_delta_for_another_geometry(void **state)
{
    (void)state;
    make_delta(0, 0);
    assert_judged(FOTA_ERR_PATCH_WHOLE);
    installed.length = m.precursor.length = 16384; /* a copy fits beside two units of payload */
    assert_judged(0);
    make_delta(2048, 2048);
    assert_int_equal(refused(FOTA_ERR_PATCH_SEGMENT).got, 2048);
    make_delta(4096, 12288); /* three spare ones take a unit each, and two are left */
    assert_int_equal(refused(FOTA_ERR_PATCH_SPARE).got, 16384);
    make_delta(4096, 8192);
    assert_judged(0);
    make_delta(UINT32_C(0x40000000), UINT32_C(0x40000000));
    assert_judged(FOTA_ERR_PATCH_SPARE);
    make_delta(4096, 6000);
    assert_judged(FOTA_ERR_PATCH_LAYOUT);
}

static void a_delta_that_could_not_be_taken_back(void **state)
{
    (void)state;
    make_delta(4096, 8192);
    policy.only_reversible = true;
    assert_judged(0); /* the payload will say whether it has an undo patch */
    m.format = FOTA_FORMAT_COMPRESSED;
    m.present &= ~BIT(FOTA_FIELD_PRECURSOR);
    assert_judged(FOTA_ERR_NO_WAY_BACK);
    device.image = NULL; /* nothing to go back to */
    device.sequence = 0;
    assert_judged(0);
}

static void a_window_over_the_ram_is_refused_early(void **state)
{
    (void)state;
    m.decoder_ram = 1;
    assert_judged(FOTA_ERR_PARAMETERS);
    policy.decoder_ram = 4096;
    m.decoder_ram = 4097;
    assert_int_equal(refused(FOTA_ERR_PARAMETERS).expected, 4096);
    m.decoder_ram = 4096;
    assert_judged(0);
}

static void endless_data_over_the_slot(void **state)
{
    struct fota_fault fault;

    (void)state;
    m.result.length = 1001;
    fault = refused(FOTA_ERR_IMAGE_TOO_LARGE);
    assert_int_equal(fault.expected, 1000);
    assert_int_equal(fault.got, 1001);
    m.result.length = UINT32_MAX;
    assert_judged(FOTA_ERR_IMAGE_TOO_LARGE);
    device.slot_size = 0;
    m.result.length = 1;
    assert_judged(FOTA_ERR_IMAGE_TOO_LARGE);
}

static void endless_data_over_the_staging(void **state)
{
    (void)state;
    m.payload.length = 1001;
    assert_judged(FOTA_ERR_PACKAGE_TOO_LARGE);
    m.payload.length = UINT32_MAX;
    assert_judged(FOTA_ERR_PACKAGE_TOO_LARGE);
    m.payload.length = 999;
    assert_judged(0);
}

static void rollback_to_an_older_sequence(void **state)
{
    struct fota_fault fault;

    (void)state;
    m.sequence = 5;
    fault = refused(FOTA_ERR_DOWNGRADE);
    assert_int_equal(fault.expected, 6);
    assert_int_equal(fault.got, 5);
    m.sequence = 1;
    assert_judged(FOTA_ERR_DOWNGRADE);
    /* Permission to repeat is none to go back. */
    policy.allow_same = true;
    assert_judged(FOTA_ERR_DOWNGRADE);
    /* The counter decides, not what happens to run: a version was taken back. */
    device.counter = 9;
    m.sequence = 8;
    assert_judged(FOTA_ERR_DOWNGRADE);
}

static void the_installed_sequence_is_refused_by_policy(void **state)
{
    (void)state;
    m.sequence = 6;
    assert_int_equal(refused(FOTA_ERR_SAME_VERSION).got, 6);
    policy.allow_same = true;
    assert_judged(0);
}

static void fast_forward_ends_at_the_last_sequence(void **state)
{
    (void)state;
    m.sequence = UINT32_MAX;
    assert_judged(0);
    device.counter = device.sequence = UINT32_MAX;
    assert_judged(FOTA_ERR_SAME_VERSION);
    /* Nothing wraps; the parser refuses 0 before. */
    m.sequence = 0;
    assert_judged(FOTA_ERR_DOWNGRADE);
    m.sequence = 1;
    assert_judged(FOTA_ERR_DOWNGRADE);
}

static void mix_and_match_requires_a_sequence_from_the_list(void **state)
{
    static const uint32_t in[] = {3, 4, 6};
    static const uint32_t out[] = {0, 2, 5};

    (void)state;
    m.requires[0].first = 3;
    m.requires[0].last = 4;
    m.requires[1].first = m.requires[1].last = 6;
    m.requires_count = 2;
    device.counter = 0;
    for (size_t i = 0; i < 3; i++) {
        device.sequence = in[i];
        assert_judged(0);
        device.sequence = out[i];
        assert_int_equal(refused(FOTA_ERR_REQUIRES).got, out[i]);
    }
}

static void mix_and_match_delta_on_another_base(void **state)
{
    (void)state;
    m.present |= BIT(FOTA_FIELD_PRECURSOR);
    m.precursor = installed;
    assert_judged(0);
    memset(m.precursor.digest, 0xab, sizeof m.precursor.digest);
    assert_int_equal(refused(FOTA_ERR_PRECURSOR).expected, 0xabababab);
    m.precursor = installed;
    m.precursor.digest[31] ^= 1;
    assert_judged(FOTA_ERR_PRECURSOR);
    m.precursor = installed;
    m.precursor.length++;
    assert_judged(FOTA_ERR_PRECURSOR);
    m.precursor = installed;
    device.image = NULL;
    assert_judged(FOTA_ERR_PRECURSOR);
}

static void freeze_expired_package(void **state)
{
    (void)state;
    m.present |= BIT(FOTA_FIELD_EXPIRY);
    m.expiry = 1000000;
    assert_judged(0);
    m.expiry = 999999;
    assert_judged(FOTA_ERR_EXPIRED);
    m.expiry = 0;
    assert_judged(FOTA_ERR_EXPIRED);
    m.present = 0;
    assert_judged(0);
}

static void freeze_without_a_clock_is_policy(void **state)
{
    (void)state;
    m.present |= BIT(FOTA_FIELD_EXPIRY);
    m.expiry = 5000;
    device.time = -1;
    assert_judged(0);
    policy.require_clock = true;
    assert_judged(FOTA_ERR_NO_CLOCK);
    policy.require_clock = false;
    policy.newest_known = 5000;
    assert_judged(0);
    policy.newest_known = 5001;
    assert_judged(FOTA_ERR_EXPIRED);
    /* A clock that was set back does not help. */
    device.time = 1;
    assert_judged(FOTA_ERR_EXPIRED);
    m.expiry = INT64_MAX;
    assert_judged(0);
}

static void partial_bundle_a_stage_alone(void **state)
{
    (void)state;
    m.present |= BIT(FOTA_FIELD_SET);
    m.set_stage = m.set_stages = 1;
    assert_judged(0);
    m.set_stages = 2;
    assert_int_equal(refused(FOTA_ERR_SET).got, 1);
    m.set_stage = 2;
    assert_int_equal(refused(FOTA_ERR_SET).expected, 0);
    assert_int_equal(refused(FOTA_ERR_SET).got, 2);
}

static void mix_and_match_stages_of_a_set(void **state)
{
    static const uint8_t id[8] = "set one", other[8] = "set two";

    (void)state;
    m.present |= BIT(FOTA_FIELD_SET);
    memcpy(m.set_id, id, sizeof id);
    device.set_stage = 1;
    assert_int_equal(refused(FOTA_ERR_SET).expected, 1); /* no set */
    m.set_stages = 2;
    m.set_stage = 1;
    assert_judged(0);
    m.set_stage = 2;
    assert_judged(FOTA_ERR_SET);
    device.set_stage = 2;
    device.set_id = id;
    assert_judged(0);
    device.set_id = other;
    assert_int_equal(refused(FOTA_ERR_SET).expected, 2);
    device.set_id = id;
    m.set_stages = 3;
    assert_judged(FOTA_ERR_SET);
    m.set_stages = 2;
    m.set_stage = 1;
    assert_judged(FOTA_ERR_SET);
}

static void text_and_severity_decide_nothing(void **state)
{
    (void)state;
    m.present |= BIT(FOTA_FIELD_TEXT) | BIT(FOTA_FIELD_SEVERITY);
    strcpy(m.text, "ignore every rule");
    m.severity = 255;
    assert_judged(0);
    m.sequence = 1;
    assert_judged(FOTA_ERR_DOWNGRADE);
}

static void the_first_reason_is_the_one_that_is_told(void **state)
{
    (void)state;
    m.set_stage = 2;
    m.present |= BIT(FOTA_FIELD_EXPIRY);
    assert_judged(FOTA_ERR_EXPIRED);
    m.sequence = 1;
    assert_judged(FOTA_ERR_DOWNGRADE);
    m.result.length = 1001;
    assert_judged(FOTA_ERR_IMAGE_TOO_LARGE);
    m.component = 1;
    assert_judged(FOTA_ERR_COMPONENT);
    device.model = "BG95";
    assert_judged(FOTA_ERR_WRONG_MODEL);
    device.vendor = "other";
    assert_judged(FOTA_ERR_WRONG_VENDOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_package_is_accepted_by_each_of_its_models, reset),
        cmocka_unit_test_setup(wrong_software_other_vendor, reset),
        cmocka_unit_test_setup(wrong_software_other_model, reset),
        cmocka_unit_test_setup(wrong_software_other_component_or_place, reset),
        cmocka_unit_test_setup(unknown_formats_are_refused, reset),
        cmocka_unit_test_setup(without_a_decoder_only_full_packages, reset),
        cmocka_unit_test_setup(a_delta_for_another_geometry, reset),
        cmocka_unit_test_setup(a_delta_that_could_not_be_taken_back, reset),
        cmocka_unit_test_setup(a_window_over_the_ram_is_refused_early, reset),
        cmocka_unit_test_setup(endless_data_over_the_slot, reset),
        cmocka_unit_test_setup(endless_data_over_the_staging, reset),
        cmocka_unit_test_setup(rollback_to_an_older_sequence, reset),
        cmocka_unit_test_setup(the_installed_sequence_is_refused_by_policy, reset),
        cmocka_unit_test_setup(fast_forward_ends_at_the_last_sequence, reset),
        cmocka_unit_test_setup(mix_and_match_requires_a_sequence_from_the_list, reset),
        cmocka_unit_test_setup(mix_and_match_delta_on_another_base, reset),
        cmocka_unit_test_setup(freeze_expired_package, reset),
        cmocka_unit_test_setup(freeze_without_a_clock_is_policy, reset),
        cmocka_unit_test_setup(partial_bundle_a_stage_alone, reset),
        cmocka_unit_test_setup(mix_and_match_stages_of_a_set, reset),
        cmocka_unit_test_setup(text_and_severity_decide_nothing, reset),
        cmocka_unit_test_setup(the_first_reason_is_the_one_that_is_told, reset),
    };

    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
