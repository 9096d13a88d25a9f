/*
 * The partition maps: consistent, in the order of the families, large enough to be used. And what
 * the simulator refuses as a map.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
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
    for (int i = 0; i < FOTA_FAMILIES; i++)
        assert_string_equal(map_at(i)->name, names[i]);
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

static void families_with_room_for_it_have_two_slots(void **state)
{
    static const bool two[FOTA_FAMILIES] = {
        [FOTA_FAMILY_GENERIC] = true,
        [FOTA_FAMILY_ASR1803] = true,
        [FOTA_FAMILY_QCOM9205] = true,
    };

    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++) {
        const struct fota_map *map = map_at(i);

        assert_int_equal(map->other.size != 0, two[i]);
        if (two[i])
            assert_int_equal(map->other.offset, map->slot.offset + map->slot.size);
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
    for (int i = 0; i < FOTA_FAMILIES; i++)
        assert_int_equal(map_at(i)->program_unit, units[i]);
}

/* ---- what the simulator takes for a map ------------------------------------------------------ */

#define SLOT    0x1000u
#define STAGING 0x3000u
#define JOURNAL 0x5000u

static const struct fota_map small = {
    .name = "small",
    .flash_size = 0x6000,
    .program_unit = 16,
    .slot = {SLOT, 0x1000, 0x400},
    .staging = {STAGING, 0x1000, 0x800},
    .journal = {JOURNAL, 0x400, 0x200},
};

static void assert_map(const struct fota_map *map, int error)
{
    struct fota_sim_flash *flash;

    assert_int_equal(fota_sim_flash_open(map, NULL, 0, &flash), error);
    assert_int_equal(flash == NULL, error != 0);
    fota_sim_flash_close(flash);
}

static void a_map_with_a_wrong_program_unit_is_refused(void **state)
{
    static const uint32_t wrong[] = {0, 3, 24, 4096, 1024};
    struct fota_map map = small;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        map.program_unit = wrong[i]; /* 1024 is more than the journal's erase unit */
        assert_map(&map, FOTA_ERR_MAP);
    }
    /* 24 and 4096 divide these erase units. */
    map.slot = (struct fota_region){0x3000, 0x3000, 0x3000};
    map.staging = (struct fota_region){0x6000, 0x3000, 0x3000};
    map.journal = (struct fota_region){0x9000, 0x6000, 0x3000};
    map.flash_size = 0xF000;
    for (size_t i = 0; i < 4; i++) {
        map.program_unit = wrong[i];
        assert_map(&map, FOTA_ERR_MAP);
    }
    map.program_unit = 2048;
    assert_map(&map, 0);
}

/* Tries regions in one place of a map that is consistent without them. */
static void assert_regions_refused(struct fota_map *map, struct fota_region *place,
                                   const struct fota_region *regions, size_t count)
{
    struct fota_region good = *place;

    for (size_t i = 0; i < count; i++) {
        *place = regions[i];
        assert_map(map, FOTA_ERR_MAP);
    }
    *place = good;
    assert_map(map, 0);
}

static void a_region_off_its_grid_past_the_end_or_over_another_is_refused(void **state)
{
    static const struct fota_region slots[] = {
        {SLOT + 0x200, 0x1000, 0x400},     {SLOT, 0x1000, 0},
        {SLOT, UINT32_MAX - 0x3FF, 0x400}, {SLOT, 0x2400, 0x400},
        {STAGING + 0x800, 0x400, 0x400},   {0x6000, 0x400, 0x400},
    };
    static const struct fota_region stagings[] = {
        {STAGING, 0xC00, 0x800}, {UINT32_MAX - 0x7FF, 0x800, 0x800}, {SLOT + 0x800, 0x800, 0x800}};
    struct fota_map map = small;

    (void)state;
    assert_regions_refused(&map, &map.slot, slots, sizeof slots / sizeof *slots);
    assert_regions_refused(&map, &map.staging, stagings, sizeof stagings / sizeof *stagings);
}

static void a_journal_without_two_equal_banks_of_its_own_is_refused(void **state)
{
    static const struct fota_region journals[] = {
        {JOURNAL, 0x200, 0x200},
        {JOURNAL, 0x600, 0x200},
        {JOURNAL, 0, 0x200},
        {SLOT + 0x200, 0x400, 0x200},
        {STAGING + 0xE00, 0x400, 0x200},
        {0x5E00, 0x400, 0x200},
        {JOURNAL, UINT32_MAX - 0x3FF, 0x200},
    };
    struct fota_map map = small;

    (void)state;
    assert_regions_refused(&map, &map.journal, journals, sizeof journals / sizeof *journals);
}

static void a_region_of_size_0_does_not_exist(void **state)
{
    struct fota_map map = small;

    (void)state;
    memset(&map.staging, 0, sizeof map.staging);
    assert_map(&map, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_has_the_map_of_its_name),
        cmocka_unit_test(a_number_that_is_no_family_gives_the_generic_map),
        cmocka_unit_test(the_simulator_accepts_every_map),
        cmocka_unit_test(every_map_has_slot_staging_and_two_journal_banks),
        cmocka_unit_test(regions_follow_each_other_inside_the_flash),
        cmocka_unit_test(families_with_room_for_it_have_two_slots),
        cmocka_unit_test(program_units_are_those_of_the_parts),
        cmocka_unit_test(a_map_with_a_wrong_program_unit_is_refused),
        cmocka_unit_test(a_region_off_its_grid_past_the_end_or_over_another_is_refused),
        cmocka_unit_test(a_journal_without_two_equal_banks_of_its_own_is_refused),
        cmocka_unit_test(a_region_of_size_0_does_not_exist),
    };

    return cmocka_run_group_tests_name("sim map", tests, NULL, NULL);
}
