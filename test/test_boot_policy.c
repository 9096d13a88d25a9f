/*
 * What is held against a package or an image, and what is not: expiry, disturbances, power cuts, an
 * earlier revert, a lost journal.
 */
#include "update_world.h"

static int setup(void **state)
{
    return setup_on(state, RIG_MAP_PAGE);
}

static void install_and_revert(struct fixture *f)
{
    install(f);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

/* ---- expiry ---------------------------------------------------------------------------------- */

#define EXPIRY 2000000000

static void let_it_expire(struct fota_manifest *m)
{
    m->expiry = EXPIRY;
    m->present |= 1u << FOTA_FIELD_EXPIRY;
}

/* The loader has no clock, and the application had one. */
static void what_was_accepted_by_the_clock_is_installed_without_one(void **state)
{
    struct fixture *f = *state;

    make_update(f, (struct rig_spec){.edit = let_it_expire});
    f->rig.policy.require_clock = true;
    f->rig.time = EXPIRY - 1;
    stage(f);
    f->rig.time = -1;
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->update));
}

static void what_expires_between_verify_and_install_is_installed(void **state)
{
    struct fixture *f = *state;

    make_update(f, (struct rig_spec){.edit = let_it_expire});
    f->rig.time = EXPIRY - 1;
    stage(f);
    f->rig.time = EXPIRY + 1;
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->update));
}

static void freeze_attack_an_expired_package_is_not_downloaded(void **state)
{
    struct fixture *f = *state;

    make_update(f, (struct rig_spec){.edit = let_it_expire});
    f->rig.time = EXPIRY + 1;
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_EXPIRED);
}

/* ---- disturbances ---------------------------------------------------------------------------- */

struct disturbance {
    uint64_t reads;
    uint64_t every; /* so many reads, one fails */
};

static int disturb(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    struct disturbance *d = rig->hook;

    (void)addr, (void)len;
    return op == RIG_READ && ++d->reads % d->every == 0 ? FOTA_ERR_FLASH_READ : 0;
}

static void a_read_error_in_three_reads_brings_no_old_image_back(void **state)
{
    struct fixture *f = *state;
    struct disturbance d = {0, 3};

    stage(f);
    f->rig.hook = &d;
    f->rig.before = disturb;
    for (int i = 0; i < 3; i++) {
        assert_true(rig_restart(&f->rig));
        assert_true(rig_slot_holds(&f->rig, &f->update));
        assert_int_equal(result_of(f).state, FOTA_STATE_TRIAL);
    }
    assert_true(d.reads > 100);
}

static void flash_that_cannot_be_read_at_all_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct disturbance d = {0, 1};

    f->rig.hook = &d;
    f->rig.before = disturb;
    assert_int_equal(rig_boot(&f->rig), FOTA_ERR_FLASH_READ);
    f->rig.before = NULL;
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_RUN);
}

/* ---- power cuts on trial --------------------------------------------------------------------- */

static void a_power_cut_on_trial_costs_no_try(void **state)
{
    struct fixture *f = *state;

    install(f);
    f->rig.power_lost = true;
    for (unsigned i = 0; i < FOTA_BOOT_SPARED; i++) {
        assert_true(rig_restart(&f->rig));
        assert_true(rig_slot_holds(&f->rig, &f->update));
        assert_int_equal(result_of(f).tries, 2);
    }
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_SUCCESS);
}

/* An image that pulls the supply down would look like power cuts for ever. */
static void power_cuts_without_end_bring_the_old_image_back(void **state)
{
    struct fixture *f = *state;
    unsigned starts = 1;

    install(f);
    f->rig.power_lost = true;
    while (rig_restart(&f->rig) && rig_slot_holds(&f->rig, &f->update))
        starts++;
    assert_int_equal(starts, FOTA_BOOT_TRIES + FOTA_BOOT_SPARED);
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
    assert_int_equal(result_of(f).error, FOTA_ERR_NOT_CONFIRMED);
}

static void a_power_cut_in_the_last_start_gives_another(void **state)
{
    struct fixture *f = *state;

    install(f);
    for (int i = 0; i < 2; i++)
        assert_true(rig_restart(&f->rig));
    assert_int_equal(result_of(f).tries, 0);
    f->rig.power_lost = true;
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->update));
    f->rig.power_lost = false;
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

/* ---- a package that was reverted ------------------------------------------------------------- */

static void a_package_that_was_reverted_is_not_installed_again(void **state)
{
    struct fixture *f = *state;
    uint32_t staging = f->rig.map->staging.offset;
    uint32_t wear;

    install_and_revert(f);
    wear = fota_sim_flash_wear(f->rig.flash, staging);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_download(&f->rig), FOTA_ERR_REVERTED);
        assert_true(rig_restart(&f->rig));
    }
    assert_int_equal(rig_write(&f->rig, f->update.data, f->update.length, 0, 500),
                     FOTA_ERR_REVERTED);
    assert_int_equal(fota_sim_flash_wear(f->rig.flash, staging), wear);
}

static void one_that_reverted_by_itself_neither(void **state)
{
    struct fixture *f = *state;

    install(f);
    for (int i = 0; i < 3; i++)
        assert_true(rig_restart(&f->rig));
    assert_int_equal(result_of(f).error, FOTA_ERR_NOT_CONFIRMED);
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_REVERTED);
}

static void a_package_that_was_forgiven_is_installed_again(void **state)
{
    struct fixture *f = *state;

    install_and_revert(f);
    assert_int_equal(fota_forgive(f->rig.fota), 0);
    assert_int_equal(fota_forgive(f->rig.fota), 0);
    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
}

static void another_package_of_the_same_sequence_is_installed(void **state)
{
    struct fixture *f = *state;

    install_and_revert(f);
    make_update(f, (struct rig_spec){.edit = let_it_expire});
    install(f);
}

/* ---- a lost journal -------------------------------------------------------------------------- */

static void lose_journal(struct fixture *f)
{
    const struct fota_region *journal = &f->rig.map->journal;

    memset(fota_sim_flash_cells(f->rig.flash) + journal->offset, 0x5a, journal->size);
}

static void rollback_attack_a_lost_journal_brings_no_older_image_back(void **state)
{
    struct fixture *f = *state;
    const struct fota_map *map = f->rig.map;
    uint8_t *cells = fota_sim_flash_cells(f->rig.flash);

    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    lose_journal(f);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(result_of(f).counter, 2);
    /* The slot decays, and staging holds a whole older package. */
    rig_damage(&f->rig, map->slot.offset + 100, 0x10);
    memcpy(cells + map->staging.offset, f->rig.old.data, f->rig.old.header_length);
    memcpy(cells + fota_staging_payload(map), rig_image(&f->rig.old),
           f->rig.old.length - f->rig.old.header_length);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_NOTHING);
}

static void a_lost_journal_is_made_anew_once(void **state)
{
    struct fixture *f = *state;

    lose_journal(f);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(result_of(f).counter, 1);
    f->rig.operations = 0;
    assert_true(rig_restart(&f->rig));
    assert_int_equal(f->rig.operations, 0);
}

/* ---- wear ------------------------------------------------------------------------------------ */

#define UNITS_MAX 256u

/* Erases of every unit of slots and staging, in a row. */
static size_t wear_of(const struct rig *rig, uint32_t wear[UNITS_MAX])
{
    const struct fota_region *regions[] = {&rig->map->slot, &rig->map->other, &rig->map->staging};
    size_t n = 0;

    for (size_t i = 0; i < 3; i++)
        for (uint32_t at = 0; at < regions[i]->size; at += regions[i]->erase_unit) {
            assert_true(n < UNITS_MAX);
            wear[n++] = fota_sim_flash_wear(rig->flash, regions[i]->offset + at);
        }
    return n;
}

/* Published in docs/flash-layout.md; test_mini.c has the mini fota. */
static void an_update_erases_no_unit_twice_on_any_map(void **state)
{
    uint32_t before[UNITS_MAX], after[UNITS_MAX];
    struct fixture *f = *state;

    for (int map = 0; map < RIG_MAPS; map++) {
        size_t units;

        rig_close(&f->rig);
        rig_open(&f->rig, rig_map((enum rig_map)map));
        make_update(f, (struct rig_spec){0});
        units = wear_of(&f->rig, before);
        f->rig.most_erases = 0;
        install(f);
        assert_int_equal(fota_confirm(f->rig.fota), 0);
        assert_int_equal(wear_of(&f->rig, after), units);
        for (size_t i = 0; i < units; i++)
            assert_true(after[i] - before[i] <= 1);
        assert_int_equal(f->rig.most_erases, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(what_was_accepted_by_the_clock_is_installed_without_one),
        TEST(what_expires_between_verify_and_install_is_installed),
        TEST(freeze_attack_an_expired_package_is_not_downloaded),
        TEST(a_read_error_in_three_reads_brings_no_old_image_back),
        TEST(flash_that_cannot_be_read_at_all_is_an_error),
        TEST(a_power_cut_on_trial_costs_no_try),
        TEST(power_cuts_without_end_bring_the_old_image_back),
        TEST(a_power_cut_in_the_last_start_gives_another),
        TEST(a_package_that_was_reverted_is_not_installed_again),
        TEST(one_that_reverted_by_itself_neither),
        TEST(a_package_that_was_forgiven_is_installed_again),
        TEST(another_package_of_the_same_sequence_is_installed),
        TEST(rollback_attack_a_lost_journal_brings_no_older_image_back),
        TEST(a_lost_journal_is_made_anew_once),
        TEST(an_update_erases_no_unit_twice_on_any_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
