/*
 * Attacks on a whole modem, named after what others shipped: what is verified is what is applied,
 * and who owns name server and file server installs nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static struct rig rig;
static struct rig_package update;

static void open_on(enum rig_map map)
{
    struct rig_spec spec = {.sequence = 2, .image_length = rig_image_length(rig_map(map), 2)};

    rig_open(&rig, rig_map(map));
    rig_package_make(&update, &spec);
    rig_serve(&rig, &update);
    assert_true(rig_restart(&rig));
}

static void close_it(void)
{
    rig_package_free(&update);
    rig_close(&rig);
}

/* Boots `steps` steps far, changes a byte of the payload that was verified, and goes on to the end.
 * False: the boot ended before. */
static bool change_after(unsigned steps, uint32_t offset)
{
    struct fota_place place;
    int result = fota_boot_start(rig.boot, &rig.config);

    place = fota_payload_place(rig.map, rig_record(&rig).flags, FOTA_FORMAT_FULL);
    for (unsigned i = 0; i < steps && result == FOTA_BOOT_AGAIN; i++)
        result = fota_boot_step(rig.boot);
    if (result != FOTA_BOOT_AGAIN)
        return false;
    rig_damage(&rig, place.region->offset + place.offset + offset, 0x04);
    while (result == FOTA_BOOT_AGAIN)
        result = fota_boot_step(rig.boot);
    /* It runs what is whole, or nothing where no other image was kept; the next start finds one. */
    if (result == FOTA_BOOT_RUN)
        assert_true(rig_slot_runs(&rig, &rig.old) || rig_slot_runs(&rig, &update));
    return true;
}

static void v1_v27_what_changes_after_the_verify_is_never_run(void **state)
{
    static const enum rig_map maps[] = {RIG_MAP_WORD, RIG_MAP_PAGE, RIG_MAP_SECTOR};

    (void)state;
    for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
        uint8_t *copy;

        open_on(maps[m]);
        assert_int_equal(rig_download(&rig), 0);
        copy = malloc(rig.map->flash_size);
        assert_non_null(copy);
        memcpy(copy, fota_sim_flash_cells(rig.flash), rig.map->flash_size);
        for (unsigned steps = 0; change_after(steps, 7 + 13 * (steps % 70)); steps++)
            memcpy(fota_sim_flash_cells(rig.flash), copy, rig.map->flash_size);
        free(copy);
        close_it();
    }
}

/* Serves `data`; the flash is as it was, and the old image runs. */
static void serve_and_look(const uint8_t *data, size_t length)
{
    uint8_t *before = malloc(rig.map->flash_size);

    assert_non_null(before);
    memcpy(before, fota_sim_flash_cells(rig.flash), rig.map->flash_size);
    rig.server.file = data;
    rig.server.length = length;
    assert_true(rig_restart(&rig));
    assert_int_not_equal(rig_download(&rig), 0);
    assert_memory_equal(fota_sim_flash_cells(rig.flash), before, rig.map->flash_size);
    assert_true(rig_restart(&rig));
    assert_true(rig_slot_holds(&rig, &rig.old));
    free(before);
}

static void make_foreign_model(struct fota_manifest *m)
{
    snprintf(m->class_names[0], sizeof m->class_names[0], "EC600V");
}

static void make_boot_component(struct fota_manifest *m)
{
    m->component = FOTA_COMPONENT_BOOT;
}

static void v29_who_owns_dns_and_server_installs_nothing(void **state)
{
    static const char portal[] = "<!DOCTYPE html><html><body>Please log in</body></html>";
    static const struct rig_spec specs[] = {
        {.sequence = 9, .unsigned_ = true},
        {.sequence = 9, .foreign_key = true},
        {.sequence = 9, .foreign_key = true, .chain = {1, 1}, .chain_length = 1, .signer = 1},
        {.sequence = 9, .vendor = "other"},
        {.sequence = 9, .edit = make_foreign_model},
        {.sequence = 9, .edit = make_boot_component},
        {.sequence = 9, .image_length = 200000},
        {.sequence = 1}, /* what is installed: a freeze, at best */
    };

    (void)state;
    open_on(RIG_MAP_PAGE);
    serve_and_look((const uint8_t *)portal, sizeof portal - 1);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct rig_package p;

        rig_package_make(&p, &specs[i]);
        serve_and_look(p.data, p.length);
        rig_package_free(&p);
    }
    /* The right header, one bit of it another. */
    for (size_t at = 0; at < update.header_length; at += 5) {
        update.data[at] ^= 0x20;
        serve_and_look(update.data, update.length);
        update.data[at] ^= 0x20;
    }
    close_it();
}

/* The right header and another payload: staging is lost, the slot is not, nothing is installed. */
static void v29_another_payload_under_the_right_header_is_dropped(void **state)
{
    (void)state;
    open_on(RIG_MAP_PAGE);
    update.data[update.length - 1] ^= 1;
    assert_int_equal(rig_download(&rig), FOTA_ERR_INTEGRITY);
    for (int i = 0; i < 3; i++) {
        assert_true(rig_restart(&rig));
        assert_true(rig_slot_holds(&rig, &rig.old));
    }
    close_it();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v1_v27_what_changes_after_the_verify_is_never_run),
        cmocka_unit_test(v29_who_owns_dns_and_server_installs_nothing),
        cmocka_unit_test(v29_another_payload_under_the_right_header_is_dropped),
    };

    return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
