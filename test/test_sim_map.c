/*
 * The partition maps: consistent, in the order of the families, large enough to be used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fota_port.h"
#include "platform/sim/flash.h"
#include "platform/sim/map.h"

static const struct fota_map *map_at(int family)
{
    return fota_sim_map((enum fota_family)family);
}

static void every_family_has_the_map_of_its_name(void **state)
{
    static const char *const names[FOTA_FAMILIES] = {
        [FOTA_FAMILY_GENERIC] = "generic",       [FOTA_FAMILY_ASR8] = "asr8",
        [FOTA_FAMILY_ASR16] = "asr16",           [FOTA_FAMILY_ASR1803] = "asr1803",
        [FOTA_FAMILY_UNISOC8910] = "unisoc8910", [FOTA_FAMILY_UNISOC8850] = "unisoc8850",
        [FOTA_FAMILY_QCOM9205] = "qcom9205",     [FOTA_FAMILY_EIGEN618] = "eigen618",
        [FOTA_FAMILY_RDA_NB] = "rda_nb",
    };

    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        assert_string_equal(map_at(i)->name, names[i]);
    }
}

static void a_number_that_is_no_family_gives_the_generic_map(void **state)
{
    (void)state;
    assert_ptr_equal(map_at(FOTA_FAMILIES), map_at(FOTA_FAMILY_GENERIC));
    assert_ptr_equal(map_at(-1), map_at(FOTA_FAMILY_GENERIC));
}

static void the_simulator_accepts_every_map(void **state)
{
    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        struct fota_sim_flash *flash;

        assert_int_equal(fota_sim_flash_open(map_at(i), NULL, 0, &flash), 0);
        fota_sim_flash_close(flash);
    }
}

static void every_map_has_slot_staging_and_two_journal_banks(void **state)
{
    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        const struct fota_map *map = map_at(i);

        /* The slot's last unit is the manifest's, so one alone would hold no image. */
        assert_true(map->slot.size >= 2 * map->slot.erase_unit);
        assert_true(map->staging.size >= map->staging.erase_unit);
        assert_true(map->journal.size >= 2 * map->journal.erase_unit);
        assert_int_equal(map->journal.size % (2 * map->journal.erase_unit), 0);
    }
}

static void regions_follow_each_other_inside_the_flash(void **state)
{
    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        const struct fota_map *map = map_at(i);

        assert_true(map->slot.offset > 0); /* boot loader */
        assert_true(map->slot.offset + map->slot.size <= map->staging.offset);
        assert_true(map->staging.offset + map->staging.size <= map->journal.offset);
        assert_true(map->journal.offset + map->journal.size <= map->flash_size);
    }
}

static void only_the_generic_map_keeps_a_copy_of_the_old_image(void **state)
{
    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        const struct fota_map *map = map_at(i);

        assert_int_equal(map->staging.size > map->slot.size, i == FOTA_FAMILY_GENERIC);
    }
}

static void program_units_are_those_of_the_parts(void **state)
{
    static const uint32_t units[FOTA_FAMILIES] = {
        [FOTA_FAMILY_GENERIC] = 16,     [FOTA_FAMILY_ASR8] = 256,
        [FOTA_FAMILY_ASR16] = 256,      [FOTA_FAMILY_ASR1803] = 256,
        [FOTA_FAMILY_UNISOC8910] = 512, [FOTA_FAMILY_UNISOC8850] = 256,
        [FOTA_FAMILY_QCOM9205] = 2048,  [FOTA_FAMILY_EIGEN618] = 16,
        [FOTA_FAMILY_RDA_NB] = 1,
    };

    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        assert_int_equal(map_at(i)->program_unit, units[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_has_the_map_of_its_name),
        cmocka_unit_test(a_number_that_is_no_family_gives_the_generic_map),
        cmocka_unit_test(the_simulator_accepts_every_map),
        cmocka_unit_test(every_map_has_slot_staging_and_two_journal_banks),
        cmocka_unit_test(regions_follow_each_other_inside_the_flash),
        cmocka_unit_test(only_the_generic_map_keeps_a_copy_of_the_old_image),
        cmocka_unit_test(program_units_are_those_of_the_parts),
    };

    return cmocka_run_group_tests_name("sim map", tests, NULL, NULL);
}
