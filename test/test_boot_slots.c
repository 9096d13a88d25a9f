/*
 * Two slots: a package goes into the one that does not run, and an update, or a revert, switches.
 */
#include "update_world.h"

static int setup(void **state)
{
    return setup_on(state, RIG_MAP_SLOTS);
}

static bool unchanged(struct fixture *f, const struct fota_region *region)
{
    return memcmp(f->copy + region->offset, cells_of(f) + region->offset, region->size) == 0;
}

static void lose_journal(struct fixture *f)
{
    const struct fota_region *journal = &f->rig.map->journal;

    memset(cells_of(f) + journal->offset, 0x5a, journal->size);
}

/* ---- the straight way ------------------------------------------------------------------------ */

static void a_package_goes_into_the_slot_that_does_not_run(void **state)
{
    struct fixture *f = *state;
    const struct fota_map *map = f->rig.map;
    size_t length = f->update.length - f->update.header_length;

    remember(f);
    stage(f);
    assert_true(unchanged(f, &map->slot));
    assert_memory_equal(cells_of(f) + map->other.offset, rig_image(&f->update), length);
    assert_memory_equal(cells_of(f) + fota_slot_manifest(&map->other), f->update.data,
                        f->update.header_length);
    /* Of staging only the header's unit was used. */
    assert_memory_equal(f->copy + fota_staging_payload(map),
                        cells_of(f) + fota_staging_payload(map), fota_staging_capacity(map));
}

static void an_update_switches_and_the_next_one_switches_back(void **state)
{
    struct rig_spec spec = {.sequence = 3, .image_length = 7777};
    struct fixture *f = *state;
    struct rig_package third;

    install(f);
    assert_ptr_equal(rig_slot(&f->rig), &f->rig.map->other);
    assert_true(result_of(f).reversible);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_SUCCESS);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    rig_package_make(&third, &spec);
    rig_serve(&f->rig, &third);
    remember(f);
    assert_int_equal(rig_download(&f->rig), 0);
    assert_true(unchanged(f, &f->rig.map->other));
    assert_true(rig_restart(&f->rig));
    assert_ptr_equal(rig_slot(&f->rig), &f->rig.map->slot);
    assert_true(rig_slot_holds(&f->rig, &third));
    assert_int_equal(result_of(f).sequence, 3);
    rig_package_free(&third);
}

static void what_a_script_writes_goes_the_same_way(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_write(&f->rig, f->update.data, f->update.length, 0, 333), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static void a_revert_copies_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t erases;

    install(f);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    remember(f);
    erases = rig_stats(&f->rig).erases;
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_REVERTED);
    assert_int_equal(result_of(f).error, FOTA_ERR_ROLLBACK);
    assert_true(unchanged(f, &f->rig.map->slot));
    assert_true(unchanged(f, &f->rig.map->other));
    assert_int_equal(rig_stats(&f->rig).erases - erases, 1); /* a bank of the journal */
}

static void without_confirm_three_starts_then_the_other_slot(void **state)
{
    struct fixture *f = *state;

    install(f);
    for (int i = 0; i < 2; i++) {
        assert_true(rig_restart(&f->rig));
        assert_new(f);
    }
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).error, FOTA_ERR_NOT_CONFIRMED);
}

/* Published in docs/flash-layout.md. */
static void an_update_erases_no_unit_twice(void **state)
{
    struct fixture *f = *state;
    const struct fota_map *map = f->rig.map;
    uint32_t length = (uint32_t)(f->update.length - f->update.header_length);
    uint32_t units = fota_round_up(&map->other, length) / map->other.erase_unit;
    uint64_t erases = rig_stats(&f->rig).erases;

    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    for (uint32_t at = 0; at < map->other.size; at += map->other.erase_unit)
        assert_true(fota_sim_flash_wear(f->rig.flash, map->other.offset + at) <= 1);
    assert_int_equal(fota_sim_flash_wear(f->rig.flash, map->staging.offset), 1);
    /* Image, manifest, header; a bank of the journal for download, switch and confirm, and one
     * more because the marks of the download fill a bank. */
    assert_int_equal(rig_stats(&f->rig).erases - erases, units + 1 + 1 + 3 + units / 14);
    assert_int_equal(f->rig.most_erases, 1);
}

static void download(struct rig *rig)
{
    assert_true(rig_restart(rig));
    (void)rig_download(rig);
}

static void a_download_that_was_cut_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;

    f->rig.server.etag = "\"v2\"";
    fota_sim_flash_cut(f->rig.flash, 60, FOTA_SIM_CUT_RANDOM);
    assert_false(rig_run(&f->rig, download));
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(rig_download(&f->rig), 0);
    assert_true(f->rig.server.last_offset > 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void v1_an_image_changed_after_verify_is_refused(void **state)
{
    struct fixture *f = *state;

    stage(f);
    rig_damage(&f->rig, f->rig.map->other.offset + 4321, 0x08);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
    assert_int_equal(result_of(f).error, FOTA_ERR_INTEGRITY);
}

/* Mix and match: the manifest in the slot is not the one that was verified. */
static void another_signed_manifest_in_the_slot_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t *manifest = cells_of(f) + fota_slot_manifest(&f->rig.map->other);

    stage(f);
    memset(manifest, 0xff, f->update.header_length);
    memcpy(manifest, f->rig.old.data, f->rig.old.header_length);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
}

static void a_trial_image_that_decays_gives_way_to_the_old_one(void **state)
{
    struct fixture *f = *state;

    install(f);
    rig_damage(&f->rig, f->rig.map->other.offset + 100, 0x10);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_REVERTED);
    assert_int_equal(result_of(f).error, FOTA_ERR_RESULT);
}

static void rollback_attack_a_broken_slot_does_not_bring_an_older_image_back(void **state)
{
    struct fixture *f = *state;

    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    rig_damage(&f->rig, f->rig.map->other.offset + 100, 0x10);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_NOTHING);
}

static void a_slot_that_decays_gives_way_to_a_newer_image_in_the_other(void **state)
{
    struct fixture *f = *state;
    struct fota_record idle = {0};

    stage(f);
    rig_put_record(&f->rig, &idle);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static void a_revert_whose_old_image_is_damaged_keeps_the_one_that_runs(void **state)
{
    struct fixture *f = *state;

    install(f);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_KEPT);
}

/* ---- a lost journal -------------------------------------------------------------------------- */

static void without_a_journal_the_newer_image_is_on_trial(void **state)
{
    struct fixture *f = *state;

    install(f);
    lose_journal(f);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(result_of(f).state, FOTA_STATE_TRIAL);
    assert_int_equal(result_of(f).counter, 1);
    for (int i = 0; i < 3; i++)
        assert_true(rig_restart(&f->rig));
    assert_old(f);
}

static void without_a_journal_the_only_image_runs_and_its_sequence_counts(void **state)
{
    struct fixture *f = *state;

    lose_journal(f);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).state, FOTA_STATE_IDLE);
    assert_int_equal(result_of(f).counter, 1);
}

static void without_a_journal_a_half_downloaded_slot_is_passed_over(void **state)
{
    struct fixture *f = *state;

    stage(f);
    rig_damage(&f->rig, f->rig.map->other.offset + 100, 0x10);
    lose_journal(f);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_package_goes_into_the_slot_that_does_not_run),
        TEST(an_update_switches_and_the_next_one_switches_back),
        TEST(what_a_script_writes_goes_the_same_way),
        TEST(a_revert_copies_nothing),
        TEST(without_confirm_three_starts_then_the_other_slot),
        TEST(an_update_erases_no_unit_twice),
        TEST(a_download_that_was_cut_goes_on_where_it_was),
        TEST(v1_an_image_changed_after_verify_is_refused),
        TEST(another_signed_manifest_in_the_slot_is_refused),
        TEST(a_trial_image_that_decays_gives_way_to_the_old_one),
        TEST(rollback_attack_a_broken_slot_does_not_bring_an_older_image_back),
        TEST(a_slot_that_decays_gives_way_to_a_newer_image_in_the_other),
        TEST(a_revert_whose_old_image_is_damaged_keeps_the_one_that_runs),
        TEST(without_a_journal_the_newer_image_is_on_trial),
        TEST(without_a_journal_the_only_image_runs_and_its_sequence_counts),
        TEST(without_a_journal_a_half_downloaded_slot_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
