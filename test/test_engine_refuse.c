/*
 * What the engine refuses before it touches anything: after each of these the flash is
 * byte-identical, and no operation was done on it.
 */
#include <stdio.h>

#include "update_world.h"

static int setup(void **state)
{
    return setup_running(state, RIG_MAP_WORD);
}

static void h25_a_captive_portal_erases_nothing(void **state)
{
    static const char *const pages[] = {"<html><body>Welcome to our Wi-Fi</body></html>", "no", ""};
    struct fixture *f = *state;

    remember(f);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        f->rig.server.file = (const uint8_t *)pages[i];
        f->rig.server.length = strlen(pages[i]);
        assert_int_equal(rig_download(&f->rig),
                         i == 0 ? FOTA_ERR_NOT_A_PACKAGE : FOTA_ERR_TRUNCATED);
        assert_int_equal(f->rig.ends, 1);
        assert_untouched(f);
    }
}

static void ftp_of_a_port_without_its_client_is_not_built(void **state)
{
    static const char *const urls[] = {"ftp://h/f", "FTPS://h/f"};
    struct fixture *f = *state;

    f->rig.port.ftp = NULL;
    remember(f);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_int_equal(fota_download(f->rig.fota, urls[i], NULL, NULL), FOTA_ERR_NOT_BUILT);
        assert_string_equal(fota_fault(f->rig.fota)->subject, "FTP");
        assert_false(fota_busy(f->rig.fota));
    }
    assert_untouched(f);
    assert_int_equal(rig_download(&f->rig), 0);
}

static void urls_of_a_port_without_a_network_are_not_built(void **state)
{
    static const char *const urls[] = {"http://h/f", "https://h/f", "ftp://h/f"};
    struct fixture *f = *state;
    const struct fota_net_ops *ops = f->rig.port.net.ops;

    f->rig.port.net.ops = NULL;
    remember(f);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_int_equal(fota_download(f->rig.fota, urls[i], NULL, NULL), FOTA_ERR_NOT_BUILT);
        assert_false(fota_busy(f->rig.fota));
    }
    assert_untouched(f);
    assert_int_equal(rig_write(&f->rig, f->update.data, (uint32_t)f->update.length,
                               (uint32_t)f->update.length, 500),
                     0);
    f->rig.port.net.ops = ops;
}

static void a_wrong_file_size_touches_no_flash(void **state)
{
    struct fixture *f = *state;
    uint32_t length = (uint32_t)f->update.length;

    remember(f);
    assert_int_equal(rig_write(&f->rig, f->update.data, length, length + 1, 500),
                     FOTA_ERR_TRAILING);
    assert_int_equal(rig_write(&f->rig, f->update.data, length, length - 1, 500),
                     FOTA_ERR_TRUNCATED);
    assert_untouched(f);
    assert_int_equal(rig_write(&f->rig, f->update.data, length, length, 500), 0);
}

static void for_two_models(struct fota_manifest *m)
{
    m->class_count = 2;
    snprintf(m->class_names[1], sizeof m->class_names[1], "EC600U");
    snprintf(m->class_names[0], sizeof m->class_names[0], "EC200U");
}

static void for_the_bootloader(struct fota_manifest *m)
{
    m->component = FOTA_COMPONENT_BOOT;
}

static void elsewhere(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_LOCATION;
    m->location = 4096;
}

static void expired(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_EXPIRY;
    m->expiry = 1000;
}

static void requiring_another(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_REQUIRES;
    m->requires_count = 1;
    m->requires[0] = (struct fota_sequence_range){2, 9};
}

static void second_stage(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_SET;
    m->set_stage = m->set_stages = 2;
}

static void a_package_that_may_not_be_installed_touches_no_flash(void **state)
{
    static const struct {
        const char *attack;
        struct rig_spec spec;
        int error;
    } rows[] = {
        {"arbitrary install: unsigned", {.sequence = 2, .unsigned_ = true}, FOTA_ERR_UNSIGNED},
        {"key compromise", {.sequence = 2, .foreign_key = true}, FOTA_ERR_UNKNOWN_KEY},
        {"wrong software: model", {.sequence = 2, .model = "EC600N"}, FOTA_ERR_WRONG_MODEL},
        {"wrong software: model's prefix", {.sequence = 2, .model = "EC600"}, FOTA_ERR_WRONG_MODEL},
        {"wrong software: vendor", {.sequence = 2, .vendor = "quectex"}, FOTA_ERR_WRONG_VENDOR},
        {"same version", {.sequence = 5}, FOTA_ERR_SAME_VERSION},
        {"rollback", {.sequence = 4}, FOTA_ERR_DOWNGRADE},
        {"rollback to the first", {.sequence = 1}, FOTA_ERR_DOWNGRADE},
        {"bootloader", {.sequence = 6, .edit = for_the_bootloader}, FOTA_ERR_COMPONENT},
        {"location", {.sequence = 6, .edit = elsewhere}, FOTA_ERR_LOCATION},
        {"freeze", {.sequence = 6, .edit = expired}, FOTA_ERR_EXPIRED},
        {"requires", {.sequence = 6, .edit = requiring_another}, 0},
        {"mix-and-match", {.sequence = 6, .edit = second_stage}, FOTA_ERR_SET},
        {"endless data: slot", {.sequence = 6, .image_length = 20481}, FOTA_ERR_IMAGE_TOO_LARGE},
    };
    struct rig_spec fifth = {.sequence = 5};
    struct fixture *f = *state;
    struct rig_package base;
    struct fota_fault fault;

    rig_package_make(&base, &fifth);
    assert_int_equal(
        fota_boot_provision(f->rig.boot, &f->rig.config, base.data, base.length, &fault), 0);
    assert_true(rig_restart(&f->rig));
    f->rig.policy.newest_known = 2000;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig_package package;
        int error = rows[i].error ? rows[i].error : FOTA_ERR_REQUIRES;
        bool met = rows[i].error == 0;

        rig_package_make(&package, &rows[i].spec);
        rig_serve(&f->rig, &package);
        remember(f);
        if (met) { /* 5 lies in the list: the one that is taken */
            assert_int_equal(rig_download(&f->rig), 0);
        } else {
            int got = rig_download(&f->rig);

            if (got != error)
                fail_msg("%s: %s", rows[i].attack, fota_error_name(got));
            assert_untouched(f);
            assert_int_equal(f->rig.server.requests, 1);
            got = rig_write(&f->rig, package.data, package.length, 0, 100);
            assert_int_equal(got, error);
            assert_untouched(f);
        }
        f->rig.server.requests = 0;
        rig_package_free(&package);
    }
    rig_package_free(&base);
}

static void a_package_for_several_models_is_taken_by_each(void **state)
{
    struct rig_spec spec = {.sequence = 2, .edit = for_two_models};
    struct fixture *f = *state;
    struct rig_package package;

    rig_package_make(&package, &spec);
    rig_serve(&f->rig, &package);
    assert_int_equal(rig_download(&f->rig), 0);
    rig_package_free(&package);
}

static void every_flipped_bit_of_the_header_touches_no_flash(void **state)
{
    struct fixture *f = *state;

    remember(f);
    for (size_t i = 0; i < f->update.header_length; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);

        f->update.data[i] ^= bit;
        assert_true(rig_download(&f->rig) < 0);
        assert_int_equal(f->rig.ends, 1);
        f->update.data[i] ^= bit;
        assert_untouched(f);
    }
}

static void a_header_that_is_cut_short_touches_no_flash(void **state)
{
    struct fixture *f = *state;

    remember(f);
    for (size_t i = 0; i < f->update.header_length; i++) {
        f->rig.server.length = i;
        assert_int_equal(rig_download(&f->rig), FOTA_ERR_TRUNCATED);
        assert_untouched(f);
    }
}

static void random_bytes_touch_no_flash(void **state)
{
    uint8_t bytes[4096];
    struct fixture *f = *state;
    uint64_t seed = 11;

    remember(f);
    for (int i = 0; i < 300; i++) {
        size_t keep = (size_t)i % 40; /* the first ones right: deeper into the parser */

        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)rig_random(&seed);
        memcpy(bytes, f->update.data, keep);
        f->rig.server.file = bytes;
        f->rig.server.length = sizeof bytes;
        assert_true(rig_download(&f->rig) < 0);
        assert_untouched(f);
    }
}

static void a_file_whose_size_contradicts_the_header_touches_no_flash(void **state)
{
    struct fixture *f = *state;
    uint8_t *longer = malloc(f->update.length + 1);

    assert_non_null(longer);
    memcpy(longer, f->update.data, f->update.length);
    longer[f->update.length] = 0;
    remember(f);
    f->rig.server.length = f->update.length - 1;
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_TRUNCATED);
    f->rig.server.file = longer;
    f->rig.server.length = f->update.length + 1;
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_TRAILING);
    assert_untouched(f);
    free(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(h25_a_captive_portal_erases_nothing),
        TEST(a_package_that_may_not_be_installed_touches_no_flash),
        TEST(a_package_for_several_models_is_taken_by_each),
        TEST(every_flipped_bit_of_the_header_touches_no_flash),
        TEST(a_header_that_is_cut_short_touches_no_flash),
        TEST(random_bytes_touch_no_flash),
        TEST(a_file_whose_size_contradicts_the_header_touches_no_flash),
        TEST(ftp_of_a_port_without_its_client_is_not_built),
        TEST(urls_of_a_port_without_a_network_are_not_built),
        TEST(a_wrong_file_size_touches_no_flash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
