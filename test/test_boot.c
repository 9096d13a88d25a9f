/*
 * The boot stage: what runs after each kind of reset, damage and power cut. The power-cut campaign
 * (powercut.c) covers where the power fails; here is what is decided and why.
 */
#include "update_world.h"

static int setup(void **state)
{
    return setup_on(state, RIG_MAP_PAGE);
}

static uint32_t staged_byte(const struct fixture *f, uint32_t offset)
{
    return fota_staging_payload(f->rig.map) + offset;
}

static void damage_backup(struct fixture *f)
{
    uint32_t length = (uint32_t)(f->rig.old.length - f->rig.old.header_length);

    rig_damage(&f->rig, fota_backup_image(f->rig.map, length) + 10, 0x20);
}

/* ---- the straight way ------------------------------------------------------------------------ */

static void a_provisioned_image_runs(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;

    assert_true(rig_restart(&f->rig));
    assert_old(f);
    result = result_of(f);
    assert_int_equal(result.state, FOTA_STATE_IDLE);
    assert_int_equal(result.outcome, FOTA_OUTCOME_NONE);
    assert_int_equal(result.sequence, 1);
    assert_string_equal(result.version, "v1");
}

static void a_plain_boot_changes_no_flash(void **state)
{
    struct fixture *f = *state;

    f->rig.operations = 0;
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_RUN);
    assert_int_equal(f->rig.operations, 0);
}

static void provisioning_takes_a_signed_image_for_this_model_only(void **state)
{
    static const struct {
        struct rig_spec spec;
        int error;
    } rows[] = {
        {{.unsigned_ = true}, FOTA_ERR_UNSIGNED},
        {{.foreign_key = true}, FOTA_ERR_UNKNOWN_KEY},
        {{.model = "EC800N"}, FOTA_ERR_WRONG_MODEL},
        {{.image_length = 26 * 1024 + 1}, FOTA_ERR_IMAGE_TOO_LARGE},
        {{.image_length = 26 * 1024}, 0},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig_package package;
        struct fota_fault fault;

        rig_package_make(&package, &rows[i].spec);
        assert_int_equal(
            fota_boot_provision(f->rig.boot, &f->rig.config, package.data, package.length, &fault),
            rows[i].error);
        rig_package_free(&package);
    }
}

/* That there is nothing to run would otherwise show at the first start, in another place. */
static void provisioning_a_damaged_image_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fota_fault fault;

    f->update.data[f->update.length - 1] ^= 1;
    assert_int_equal(
        fota_boot_provision(f->rig.boot, &f->rig.config, f->update.data, f->update.length, &fault),
        FOTA_ERR_INTEGRITY);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_NOTHING);
}

static void make_it_a_set_of_one(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_SET;
    m->set_stage = m->set_stages = 1;
}

/* It is the first stage and the last: what is accepted is run. */
static void the_only_package_of_a_set_runs(void **state)
{
    struct rig_spec spec = {.sequence = 2, .edit = make_it_a_set_of_one};
    struct fixture *f = *state;

    rig_package_free(&f->update);
    rig_package_make(&f->update, &spec);
    rig_serve(&f->rig, &f->update);
    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
}

static void a_staged_package_is_installed_tried_and_confirmed(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;

    install(f);
    result = result_of(f);
    assert_int_equal(result.state, FOTA_STATE_TRIAL);
    assert_int_equal(result.tries, 2);
    assert_int_equal(result.from_sequence, 1);
    assert_int_equal(result.to_sequence, 2);
    assert_true(result.reversible);
    assert_int_equal(result.counter, 0); /* V10: raised by confirm only */
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    result = result_of(f);
    assert_int_equal(result.state, FOTA_STATE_IDLE);
    assert_int_equal(result.outcome, FOTA_OUTCOME_SUCCESS);
    assert_int_equal(result.counter, 2);
    assert_false(result.reversible);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

/* Not by a trial, its starts, a revert or a rollback; by the confirm, and not lowered again. */
static void v10_the_counter_rises_at_the_confirm_and_not_before(void **state)
{
    struct fixture *f = *state;

    install(f);
    for (int start = 0; start < 3; start++) {
        assert_int_equal(rig_record(&f->rig).counter, 0);
        assert_true(rig_restart(&f->rig));
    }
    assert_old(f);
    assert_int_equal(rig_record(&f->rig).counter, 0);
    fota_forgive(f->rig.fota);
    install(f);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_record(&f->rig).counter, 0);
    fota_forgive(f->rig.fota);
    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(rig_record(&f->rig).counter, 2);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_record(&f->rig).counter, 2);
}

static void without_confirm_three_starts_then_the_old_image_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;

    install(f);
    for (int tries = 1; tries >= 0; tries--) {
        assert_true(rig_restart(&f->rig));
        assert_new(f);
        assert_int_equal(result_of(f).tries, tries);
    }
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    result = result_of(f);
    assert_int_equal(result.state, FOTA_STATE_IDLE);
    assert_int_equal(result.outcome, FOTA_OUTCOME_REVERTED);
    assert_int_equal(result.error, FOTA_ERR_NOT_CONFIRMED);
    assert_int_equal(result.stage, FOTA_STAGE_TRIAL);
    assert_int_equal(result.counter, 0);
}

static void the_policy_says_how_often_a_new_image_may_try(void **state)
{
    struct fixture *f = *state;

    f->rig.policy.boot_tries = 1;
    install(f);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
}

static void a_rollback_that_is_asked_for_brings_the_old_image_back(void **state)
{
    struct fixture *f = *state;

    install(f);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_REVERTED);
    assert_int_equal(result_of(f).error, FOTA_ERR_ROLLBACK);
}

/* V14 */
static void a_confirmed_image_has_nothing_to_go_back_to(void **state)
{
    struct fixture *f = *state;

    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fota_rollback(f->rig.fota), FOTA_ERR_NOTHING_TO_REVERT);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static void after_a_rollback_the_image_cannot_be_confirmed_nor_replaced(void **state)
{
    struct fixture *f = *state;
    size_t taken;

    install(f);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_int_equal(fota_confirm(f->rig.fota), FOTA_ERR_REVERTING);
    /* The old image lies where a new package would go. */
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_REVERTING);
    assert_int_equal(fota_write(f->rig.fota, f->update.data, 1, 0, &taken), FOTA_ERR_REVERTING);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
}

static void without_room_for_the_old_image_the_new_one_is_kept(void **state)
{
    struct fixture *f = *state;

    close_it(f);
    open_on(f, RIG_MAP_SECTOR);
    install(f);
    assert_false(result_of(f).reversible);
    assert_int_equal(fota_rollback(f->rig.fota), FOTA_ERR_IRREVERSIBLE);
    for (int i = 0; i < 3; i++)
        assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_KEPT);
    assert_int_equal(result_of(f).error, FOTA_ERR_NOT_CONFIRMED);
    assert_int_equal(result_of(f).counter, 0);
}

static void a_step_of_the_boot_stage_erases_one_unit_at_most(void **state)
{
    struct fixture *f = *state;

    for (int map = 0; map < RIG_MAPS; map++) {
        close_it(f);
        open_on(f, (enum rig_map)map);
        f->rig.most_erases = 0;
        install(f);
        for (int i = 0; i < 3; i++)
            assert_true(rig_restart(&f->rig));
        assert_int_equal(f->rig.most_erases, 1);
    }
}

/* ---- between verify and install -------------------------------------------------------------- */

static void assert_refused(struct fixture *f, int error)
{
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).state, FOTA_STATE_IDLE);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
    assert_int_equal(result_of(f).error, error);
    assert_int_equal(result_of(f).stage, FOTA_STAGE_INSTALL);
}

/* V1, V27 */
static void v1_a_payload_changed_after_verify_is_refused(void **state)
{
    struct fixture *f = *state;
    uint32_t length = (uint32_t)(f->update.length - f->update.header_length);
    uint32_t offsets[] = {0, 1, 4095, 4096, length / 2, length - 1};

    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        close_it(f);
        open_on(f, RIG_MAP_PAGE);
        stage(f);
        rig_damage(&f->rig, staged_byte(f, offsets[i]), 0x01);
        /* The old image was copied by then: it goes back, or was never touched. */
        assert_true(rig_restart(&f->rig));
        assert_old(f);
        assert_int_not_equal(result_of(f).error, 0);
    }
}

static void v1_a_header_changed_after_verify_is_refused_at_every_byte(void **state)
{
    struct fixture *f = *state;
    struct fota_map map = *f->rig.map;
    uint8_t *cells = fota_sim_flash_cells(f->rig.flash);
    uint8_t *copy = malloc(map.flash_size);

    assert_non_null(copy);
    stage(f);
    memcpy(copy, cells, map.flash_size);
    for (uint32_t i = 0; i < f->update.header_length; i++) {
        memcpy(cells, copy, map.flash_size);
        rig_damage(&f->rig, map.staging.offset + i, (uint8_t)(1u << i % 8));
        assert_true(rig_restart(&f->rig));
        assert_old(f);
        assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
    }
    free(copy);
}

/* Mix and match: another package with a good signature is not the one that was verified. */
static void another_signed_header_in_staging_is_refused(void **state)
{
    struct fixture *f = *state;
    struct rig_spec spec = {.sequence = 3, .image_length = 5000};
    struct rig_package other;

    stage(f);
    rig_package_make(&other, &spec);
    memcpy(fota_sim_flash_cells(f->rig.flash) + f->rig.map->staging.offset, other.data,
           other.header_length);
    assert_refused(f, FOTA_ERR_INTEGRITY);
    rig_package_free(&other);
}

static void rollback_attack_a_staged_package_below_the_counter_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fota_record r;

    stage(f);
    r = rig_record(&f->rig);
    r.counter = 3;
    rig_put_record(&f->rig, &r);
    assert_refused(f, FOTA_ERR_DOWNGRADE);
    assert_int_equal(rig_record(&f->rig).counter, 3);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void a_trial_image_that_decays_is_reverted(void **state)
{
    struct fixture *f = *state;

    install(f);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_REVERTED);
    assert_int_equal(result_of(f).error, FOTA_ERR_RESULT);
}

static void a_confirmed_image_that_decays_is_installed_again_from_staging(void **state)
{
    struct fixture *f = *state;

    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    assert_true(rig_restart(&f->rig));
    /* Not the copy of the old one: nothing older than what was confirmed runs again. */
    assert_new(f);
    assert_int_equal(rig_record(&f->rig).counter, 2);
}

static void rollback_attack_a_broken_slot_does_not_bring_an_older_image_back(void **state)
{
    struct fixture *f = *state;

    install(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    rig_damage(&f->rig, staged_byte(f, 7), 0x10);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_NOTHING);
}

static void slot_and_everything_else_damaged_runs_nothing(void **state)
{
    struct fixture *f = *state;

    install(f);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    rig_damage(&f->rig, staged_byte(f, 7), 0x10);
    damage_backup(f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_NOTHING);
}

static void an_erased_flash_runs_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_open_blank(&rig, rig_map(RIG_MAP_WORD));
    assert_int_equal(rig_boot(&rig), FOTA_BOOT_NOTHING);
    rig_close(&rig);
}

static void a_revert_whose_copy_is_damaged_keeps_the_image_that_runs(void **state)
{
    struct fixture *f = *state;

    install(f);
    damage_backup(f);
    rig_damage(&f->rig, staged_byte(f, 7), 0x10);
    assert_int_equal(fota_rollback(f->rig.fota), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(result_of(f).state, FOTA_STATE_IDLE);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_KEPT);
}

static bool installing(const struct rig *rig)
{
    return rig->boot->journal.record.state == FOTA_STATE_INSTALLING;
}

/* Boots until the record says that the slot will be written; the slot is whole. */
static void boot_until_installing(struct fixture *f)
{
    assert_int_equal(fota_boot_start(f->rig.boot, &f->rig.config), 0);
    while (!installing(&f->rig))
        assert_int_equal(fota_boot_step(f->rig.boot), FOTA_BOOT_AGAIN);
}

static void a_package_that_decays_before_the_first_unit_leaves_the_old_image(void **state)
{
    struct fixture *f = *state;

    for (int map = RIG_MAP_PAGE; map <= RIG_MAP_SECTOR; map++) {
        close_it(f);
        open_on(f, (enum rig_map)map);
        stage(f);
        boot_until_installing(f);
        rig_damage(&f->rig, staged_byte(f, 0), 0x01);
        assert_true(rig_restart(&f->rig));
        assert_old(f);
        assert_int_equal(result_of(f).state, FOTA_STATE_IDLE);
        assert_int_not_equal(result_of(f).error, 0);
    }
}

/* ---- a journal that lies --------------------------------------------------------------------- */

static void assert_old_or_new(struct fixture *f)
{
    assert_true(rig_slot_holds(&f->rig, &f->rig.old) || rig_slot_holds(&f->rig, &f->update));
}

static void scribble(struct fixture *f, uint64_t *seed)
{
    uint8_t *cells = fota_sim_flash_cells(f->rig.flash);
    const struct fota_region *journal = &f->rig.map->journal;

    for (uint32_t i = 0; i < journal->size; i++)
        cells[journal->offset + i] = (uint8_t)rig_random(seed);
}

/* The n-th step of the boot stage after staging, then the journal is lost. */
static void a_journal_of_random_bytes_never_bricks(void **state)
{
    struct fixture *f = *state;
    uint8_t *copy = malloc(f->rig.map->flash_size);
    uint64_t seed = 3;
    int result = FOTA_BOOT_AGAIN;

    assert_non_null(copy);
    stage(f);
    memcpy(copy, fota_sim_flash_cells(f->rig.flash), f->rig.map->flash_size);
    for (unsigned n = 0; result == FOTA_BOOT_AGAIN; n++) {
        memcpy(fota_sim_flash_cells(f->rig.flash), copy, f->rig.map->flash_size);
        result = fota_boot_start(f->rig.boot, &f->rig.config);
        for (unsigned i = 0; i < n && result == FOTA_BOOT_AGAIN; i++)
            result = fota_boot_step(f->rig.boot);
        assert_true(result >= 0);
        scribble(f, &seed);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(rig_boot_retry(&f->rig, 2), FOTA_BOOT_RUN);
            assert_old_or_new(f);
        }
    }
    free(copy);
}

/* Every state with every kind of number, in a record whose CRC is right: no claim of the journal
 * makes an unverified image run or leads outside of the regions. */
static void forged_records_never_run_what_is_not_verified(void **state)
{
    static const uint32_t progress[] = {0, 1, 9, 1000, 0x200000, 0x80000000u, UINT32_MAX};
    struct fixture *f = *state;
    uint8_t *copy = malloc(f->rig.map->flash_size);

    assert_non_null(copy);
    stage(f);
    memcpy(copy, fota_sim_flash_cells(f->rig.flash), f->rig.map->flash_size);
    for (unsigned i = 0; i < 7 * 7 * 4; i++) {
        struct fota_record r = rig_record(&f->rig);

        memcpy(fota_sim_flash_cells(f->rig.flash), copy, f->rig.map->flash_size);
        r = rig_record(&f->rig);
        r.state = (uint8_t)(i % 7);
        r.progress = progress[i / 7 % 7];
        r.flags = (uint8_t)(i / 49 % 2);
        r.tries = i / 98 ? 255 : 0;
        rig_put_record(&f->rig, &r);
        assert_int_equal(rig_boot_retry(&f->rig, 3), FOTA_BOOT_RUN);
        assert_old_or_new(f);
        assert_int_equal(rig_stats(&f->rig).violations, 0);
        rig_start(&f->rig);
        (void)rig_download(&f->rig);
        if (rig_stats(&f->rig).violations)
            fail_msg("%s", fota_sim_flash_violation(f->rig.flash));
    }
    free(copy);
}

static void a_forged_revert_without_room_for_a_copy_stays_inside(void **state)
{
    struct fixture *f = *state;

    for (uint8_t s = FOTA_STATE_STAGED; s <= FOTA_STATE_REVERTING; s++) {
        struct fota_record r;

        close_it(f);
        open_on(f, RIG_MAP_SECTOR);
        stage(f);
        /* A signed header where the copy's would be. */
        memcpy(fota_sim_flash_cells(f->rig.flash) + fota_backup_manifest(f->rig.map),
               f->rig.old.data, f->rig.old.header_length);
        r = rig_record(&f->rig);
        r.state = s;
        r.flags = FOTA_RECORD_BACKUP;
        rig_put_record(&f->rig, &r);
        (void)rig_boot_retry(&f->rig, 3);
        assert_int_equal(rig_stats(&f->rig).violations, 0);
    }
}

/* ---- flash that fails ------------------------------------------------------------------------ */

static int journal_is_dead(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    (void)len;
    return op != RIG_READ && addr >= rig->map->journal.offset &&
                   addr - rig->map->journal.offset < rig->map->journal.size
               ? FOTA_ERR_FLASH_PROGRAM
               : 0;
}

/* A verified image runs although nothing can be noted any more. */
static void a_dead_journal_does_not_stop_a_whole_image(void **state)
{
    struct fixture *f = *state;

    stage(f);
    f->rig.before = journal_is_dead;
    assert_int_equal(rig_boot_retry(&f->rig, 3), FOTA_BOOT_RUN);
    assert_old(f);
    f->rig.before = NULL;
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    for (int i = 0; i < 2; i++)
        assert_true(rig_restart(&f->rig));
    assert_int_equal(result_of(f).tries, 0);
    f->rig.before = journal_is_dead;
    assert_int_equal(rig_boot_retry(&f->rig, 3), FOTA_BOOT_RUN);
    assert_new(f);
}

struct stuck {
    uint32_t addr;
    uint8_t bit;
};

static void stick(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    const struct stuck *stuck = rig->hook;

    (void)addr, (void)len;
    if (op == RIG_PROGRAM)
        fota_sim_flash_cells(rig->flash)[stuck->addr] &= (uint8_t)~stuck->bit;
}

/* Invariant 17: a cell that died. The old image needs it to be 0, the new one 1. */
static void a_dead_cell_in_the_slot_gives_the_old_image_back(void **state)
{
    struct fixture *f = *state;
    struct stuck stuck = {0, 0};

    stage(f);
    for (uint32_t i = 0; !stuck.bit; i++) {
        stuck.addr = f->rig.map->slot.offset + i;
        stuck.bit = (uint8_t)(rig_image(&f->update)[i] & ~rig_image(&f->rig.old)[i]);
        stuck.bit &= (uint8_t)-stuck.bit;
    }
    f->rig.hook = &stuck;
    f->rig.after = stick;
    assert_int_equal(rig_boot_retry(&f->rig, 3), FOTA_BOOT_RUN);
    assert_old(f);
    rig_start(&f->rig);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_REVERTED);
    assert_int_equal(result_of(f).error, FOTA_ERR_FLASH_VERIFY);
}

struct failing {
    uint64_t at; /* operation that fails */
    uint64_t seen;
    int result;
    bool reads;
};

static int fail_once(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    struct failing *failing = rig->hook;

    (void)addr, (void)len;
    if ((op == RIG_READ) != failing->reads || ++failing->seen != failing->at)
        return 0;
    return failing->result;
}

/* Invariant 17: one operation reports an error, or does nothing and does not say so. */
static void one_failing_operation_anywhere_ends_in_a_whole_image(void **state)
{
    static const int results[] = {FOTA_ERR_FLASH_PROGRAM, 1};
    struct fixture *f = *state;
    uint8_t *copy;
    bool done = false;

    close_it(f);
    open_on(f, RIG_MAP_WORD);
    stage(f);
    copy = malloc(f->rig.map->flash_size);
    assert_non_null(copy);
    memcpy(copy, fota_sim_flash_cells(f->rig.flash), f->rig.map->flash_size);
    for (uint64_t at = 1; !done; at++) {
        done = true;
        for (int kind = 0; kind < 3; kind++) {
            struct failing failing = {at, 0, results[kind % 2], kind == 2};

            memcpy(fota_sim_flash_cells(f->rig.flash), copy, f->rig.map->flash_size);
            f->rig.hook = &failing;
            f->rig.before = fail_once;
            assert_int_equal(rig_boot_retry(&f->rig, 3), FOTA_BOOT_RUN);
            assert_old_or_new(f);
            if (failing.reads)
                assert_new(f); /* it is read again */
            f->rig.before = NULL;
            /* An erase that silently did nothing may make the next program break a rule: the
             * simulator refuses it, as a part would return an error. */
            done = done && failing.seen < at;
        }
    }
    free(copy);
    free(f->copy);
    rig_package_free(&f->update);
    rig_close(&f->rig);
    open_on(f, RIG_MAP_WORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_provisioned_image_runs),
        TEST(a_plain_boot_changes_no_flash),
        TEST(provisioning_takes_a_signed_image_for_this_model_only),
        TEST(provisioning_a_damaged_image_is_refused),
        TEST(the_only_package_of_a_set_runs),
        TEST(a_staged_package_is_installed_tried_and_confirmed),
        TEST(v10_the_counter_rises_at_the_confirm_and_not_before),
        TEST(without_confirm_three_starts_then_the_old_image_with_the_reason),
        TEST(the_policy_says_how_often_a_new_image_may_try),
        TEST(a_rollback_that_is_asked_for_brings_the_old_image_back),
        TEST(a_confirmed_image_has_nothing_to_go_back_to),
        TEST(after_a_rollback_the_image_cannot_be_confirmed_nor_replaced),
        TEST(without_room_for_the_old_image_the_new_one_is_kept),
        TEST(a_step_of_the_boot_stage_erases_one_unit_at_most),
        TEST(v1_a_payload_changed_after_verify_is_refused),
        TEST(v1_a_header_changed_after_verify_is_refused_at_every_byte),
        TEST(another_signed_header_in_staging_is_refused),
        TEST(rollback_attack_a_staged_package_below_the_counter_is_refused),
        TEST(a_trial_image_that_decays_is_reverted),
        TEST(a_confirmed_image_that_decays_is_installed_again_from_staging),
        TEST(rollback_attack_a_broken_slot_does_not_bring_an_older_image_back),
        TEST(slot_and_everything_else_damaged_runs_nothing),
        TEST(an_erased_flash_runs_nothing),
        TEST(a_revert_whose_copy_is_damaged_keeps_the_image_that_runs),
        TEST(a_package_that_decays_before_the_first_unit_leaves_the_old_image),
        TEST(a_journal_of_random_bytes_never_bricks),
        TEST(forged_records_never_run_what_is_not_verified),
        TEST(a_forged_revert_without_room_for_a_copy_stays_inside),
        TEST(a_dead_journal_does_not_stop_a_whole_image),
        TEST(a_dead_cell_in_the_slot_gives_the_old_image_back),
        TEST(one_failing_operation_anywhere_ends_in_a_whole_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
