/*
 * Mini fota: two packages of one set. The first, a small resident updater, is staged; it fetches
 * the second, the application, into the slot. There is always something that can fetch again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "order.h"
#include "rig.h"

struct fixture {
    struct rig rig;
    struct rig_package updater, app; /* sequence 2 */
};

static uint8_t set_of_edit, stage_of_edit;

static void edit_set(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_SET;
    memset(m->set_id, set_of_edit, sizeof m->set_id);
    m->set_stage = stage_of_edit;
    m->set_stages = 2;
}

/* A stage of the set `set` of the sequence. */
static void make_stage(struct rig_package *package, uint8_t set, uint8_t stage, uint32_t sequence,
                       uint32_t length)
{
    struct rig_spec spec = {.sequence = sequence, .image_length = length, .edit = edit_set};

    rig_package_free(package);
    set_of_edit = set;
    stage_of_edit = stage;
    rig_package_make(package, &spec);
}

static int setup(void **state)
{
    const struct fota_map *map = rig_map(RIG_MAP_MINI);
    struct fixture *f = *state = calloc(1, sizeof(struct fixture));

    if (!f)
        return -1;
    rig_open(&f->rig, map);
    make_stage(&f->updater, 7, 1, 2, 5000);
    make_stage(&f->app, 7, 2, 2, rig_image_length(map, 2));
    rig_serve(&f->rig, &f->updater);
    f->rig.server.second = &f->app;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(rig_stats(&f->rig).violations, 0);
    rig_package_free(&f->updater);
    rig_package_free(&f->app);
    rig_close(&f->rig);
    free(f);
    return 0;
}

static struct fota_result result_of(struct fixture *f)
{
    struct fota_result result;

    assert_int_equal(fota_last_result(f->rig.fota, &result), 0);
    return result;
}

/* To the point where the updater is to be started. */
static void reach_updater(struct fixture *f)
{
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_UPDATER);
    assert_int_equal(rig_record(&f->rig).state, FOTA_STATE_UPDATING);
}

static void assert_old(struct fixture *f)
{
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

static void assert_new(struct fixture *f)
{
    assert_true(rig_slot_holds(&f->rig, &f->app));
}

/* ---- the straight way ------------------------------------------------------------------------ */

static void an_image_that_staging_cannot_take_is_installed(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;

    assert_true(f->app.length > f->rig.map->staging.size);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_old(f); /* until the application's header is accepted */
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    result = result_of(f);
    assert_int_equal(result.state, FOTA_STATE_TRIAL);
    assert_int_equal(result.tries, 2);
    assert_int_equal(result.from_sequence, 1);
    assert_int_equal(result.to_sequence, 2);
    assert_int_equal(result.counter, 0);
    assert_false(result.reversible);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_SUCCESS);
    assert_int_equal(result_of(f).counter, 2);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(result_of(f).state, FOTA_STATE_IDLE);
}

static void the_next_set_replaces_it(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    make_stage(&f->updater, 8, 1, 3, 6000);
    make_stage(&f->app, 8, 2, 3, 9000);
    rig_serve(&f->rig, &f->updater);
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(result_of(f).counter, 3);
}

/* Published in docs/flash-layout.md. */
static void a_mini_fota_erases_no_unit_twice(void **state)
{
    struct fixture *f = *state;
    const struct fota_map *map = f->rig.map;
    const struct fota_region *regions[] = {&map->slot, &map->staging};
    uint32_t before[64], n = 0;

    for (int i = 0; i < 2; i++)
        for (uint32_t at = 0; at < regions[i]->size; at += regions[i]->erase_unit)
            before[n++] = fota_sim_flash_wear(f->rig.flash, regions[i]->offset + at);
    f->rig.most_erases = 0;
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    n = 0;
    for (int i = 0; i < 2; i++)
        for (uint32_t at = 0; at < regions[i]->size; at += regions[i]->erase_unit)
            assert_true(fota_sim_flash_wear(f->rig.flash, regions[i]->offset + at) <=
                        before[n++] + 1);
    assert_int_equal(f->rig.most_erases, 1);
}

/* ---- sets ------------------------------------------------------------------------------------ */

static void mix_and_match_a_stage_of_another_set_is_refused(void **state)
{
    struct fixture *f = *state;

    make_stage(&f->app, 9, 2, 2, 8000);
    reach_updater(f);
    assert_int_equal(rig_update(&f->rig), FOTA_ERR_SET);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
    assert_int_equal(result_of(f).error, FOTA_ERR_SET);
}

static void the_first_stage_is_no_second_one(void **state)
{
    struct fixture *f = *state;

    f->rig.server.second = &f->updater;
    reach_updater(f);
    assert_int_equal(rig_update(&f->rig), FOTA_ERR_SET);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
}

static void the_second_stage_or_no_stage_is_no_first_one(void **state)
{
    struct rig_spec spec = {.sequence = 2};
    struct fixture *f = *state;
    struct rig_package alone;

    rig_package_make(&alone, &spec);
    assert_true(rig_restart(&f->rig));
    rig_serve(&f->rig, &alone);
    assert_int_equal(rig_download_mini(&f->rig), FOTA_ERR_SET);
    make_stage(&f->app, 7, 2, 2, 5000);
    rig_serve(&f->rig, &f->app);
    assert_int_equal(rig_download_mini(&f->rig), FOTA_ERR_SET);
    rig_package_free(&alone);
}

static void a_stage_is_no_package_by_itself(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_SET);
    assert_int_equal(rig_write(&f->rig, f->updater.data, f->updater.length, 0, 500), FOTA_ERR_SET);
}

static void rollback_attack_an_older_application_is_refused(void **state)
{
    struct fixture *f = *state;

    make_stage(&f->app, 7, 2, 1, 8000);
    reach_updater(f);
    assert_int_equal(rig_update(&f->rig), FOTA_ERR_DOWNGRADE);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
}

/* By key 1, for which key 0 vouches, or by key 2, for which it does too. */
static void make_rotated(struct rig_package *package, uint8_t set, uint8_t stage, uint32_t sequence,
                         unsigned signer)
{
    struct rig_spec spec = {.sequence = sequence,
                            .edit = edit_set,
                            .chain = {0, signer},
                            .chain_length = 1,
                            .signer = signer};

    rig_package_free(package);
    set_of_edit = set;
    stage_of_edit = stage;
    rig_package_make(package, &spec);
}

/* Nothing is left in the slot that names the key in use: the updater's own package does. */
static void key_compromise_the_old_key_vouches_for_no_application(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    make_rotated(&f->updater, 7, 1, 2, 1);
    make_rotated(&f->app, 7, 2, 2, 1);
    rig_serve(&f->rig, &f->updater);
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(rig_record(&f->rig).key_generation, 1);
    make_rotated(&f->updater, 8, 1, 3, 1);
    rig_serve(&f->rig, &f->updater);
    reach_updater(f);
    rig_damage(&f->rig, fota_slot_manifest(&f->rig.map->slot), 1);
    make_rotated(&f->app, 8, 2, 3, 2);
    assert_int_equal(rig_update(&f->rig), FOTA_ERR_KEY_REPLACED);
}

static void an_updater_that_staging_cannot_take_is_refused(void **state)
{
    struct fixture *f = *state;
    uint32_t most = fota_mini_capacity(f->rig.map);

    assert_true(rig_restart(&f->rig));
    make_stage(&f->updater, 7, 1, 2, most + 1);
    rig_serve(&f->rig, &f->updater);
    assert_int_equal(rig_download_mini(&f->rig), FOTA_ERR_PACKAGE_TOO_LARGE);
    make_stage(&f->updater, 7, 1, 2, most);
    rig_serve(&f->rig, &f->updater);
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

/* ---- what is kept for the updater ------------------------------------------------------------ */

static void both_urls_are_looked_at_before_anything_happens(void **state)
{
    struct fixture *f = *state;
    const char *good = "http://example.com/1";

    assert_true(rig_restart(&f->rig));
    assert_int_equal(fota_download_mini(f->rig.fota, good, "gopher://x/", NULL, NULL),
                     FOTA_ERR_URL_SCHEME);
    assert_int_equal(fota_download_mini(f->rig.fota, "nothing", good, NULL, NULL), FOTA_ERR_URL);
    assert_int_equal(fota_download_mini(f->rig.fota, good, "https://example.com/2", NULL, NULL),
                     FOTA_ERR_NOT_BUILT); /* this port has no TLS */
    assert_false(fota_busy(f->rig.fota));
    assert_int_equal(f->rig.server.requests, 0);
}

/* The updater is the same one and partly there; what it is to fetch is what was asked for last. */
static void another_url_of_the_application_counts_wherever_the_first_try_ended(void **state)
{
    struct fixture *f = *state;
    struct fota_event event = {0};
    struct fota_order order;

    for (unsigned steps = 1; event.kind != FOTA_EVENT_END; steps++) {
        assert_true(rig_restart(&f->rig));
        assert_int_equal(fota_download_mini(f->rig.fota, "http://example.com/1",
                                            "http://example.com/3", NULL, NULL),
                         0);
        for (unsigned i = 0; i < steps; i++)
            fota_step(f->rig.fota, &event);
        if (event.kind != FOTA_EVENT_END) {
            assert_int_equal(fota_cancel(f->rig.fota), 0);
            rig_finish(&f->rig, &event);
            assert_int_equal(rig_download_mini(&f->rig), 0);
            assert_int_equal(fota_order_load(&f->rig.port, f->rig.order, &order), 0);
            assert_string_equal(order.url + strlen(order.url) - 2, "/2");
            assert_int_equal(fota_discard(f->rig.fota), 0);
            event.kind = FOTA_EVENT_NONE;
        }
    }
}

static void damage_order(struct fixture *f, uint32_t copy, uint32_t byte)
{
    rig_damage(&f->rig, fota_order_address(f->rig.map, copy) + byte, 0x10);
}

static void what_tls_demands_is_kept_as_it_was(void **state)
{
    struct fixture *f = *state;
    static char ca[3000], key[2000];
    struct fota_order order = {"https://example.com/app", {0}}, back;
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_fault fault;
    uint32_t unit = 0;
    int err;

    memset(ca, 'c', sizeof ca - 1);
    memset(key, 'k', sizeof key - 1);
    order.tls = (struct fota_tls_params){.ca_cert = ca,
                                         .client_key = key,
                                         .newest_known = 1700000000,
                                         .exactly_1_2 = true,
                                         .level = FOTA_TLS_MUTUAL};
    do
        err = fota_order_store(&f->rig.port, &order, unit++, page, &fault);
    while (err > 0);
    assert_int_equal(err, 0);
    assert_int_equal(unit, 2 * FOTA_ORDER_COPIES);
    assert_int_equal(fota_order_load(&f->rig.port, f->rig.order, &back), 0);
    assert_string_equal(back.url, order.url);
    assert_string_equal(back.tls.ca_cert, ca);
    assert_null(back.tls.client_cert);
    assert_string_equal(back.tls.client_key, key);
    assert_int_equal(back.tls.newest_known, 1700000000);
    assert_true(back.tls.exactly_1_2);
    assert_int_equal(back.tls.level, FOTA_TLS_MUTUAL);
    /* No byte of both copies may change. */
    for (uint32_t i = 0; i < fota_order_size(&order); i++) {
        damage_order(f, 0, i);
        assert_int_equal(fota_order_load(&f->rig.port, f->rig.order, &back), 0);
        assert_string_equal(back.url, order.url);
        damage_order(f, 1, i);
        assert_int_equal(fota_order_load(&f->rig.port, f->rig.order, &back), FOTA_ERR_INTEGRITY);
        damage_order(f, 0, i);
        assert_int_equal(fota_order_load(&f->rig.port, f->rig.order, &back), 0);
        damage_order(f, 1, i);
    }
}

static void an_updater_that_does_not_know_what_to_fetch_lets_the_application_run(void **state)
{
    struct fixture *f = *state;

    reach_updater(f);
    for (uint32_t copy = 0; copy < FOTA_ORDER_COPIES; copy++)
        damage_order(f, copy, 30);
    assert_int_equal(rig_update(&f->rig), FOTA_ERR_INTEGRITY);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
    assert_int_equal(result_of(f).error, FOTA_ERR_INTEGRITY);
}

/* Nothing runs without its proofs. */
static void an_updater_is_proven_before_it_runs(void **state)
{
    struct fixture *f = *state;
    int result;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_int_equal(fota_boot_start(f->rig.boot, &f->rig.config), 0);
    do {
        result = fota_boot_step(f->rig.boot);
        /* Another place was hashed than the one that is to run. */
        if (f->rig.boot->journal.record.state == FOTA_STATE_UPDATING)
            f->rig.boot->hasher.from = f->rig.map->slot.offset;
    } while (result == FOTA_BOOT_AGAIN);
    assert_int_equal(result, FOTA_ERR_INTEGRITY);
}

static void an_updater_that_decays_before_it_ran_lets_the_application_run(void **state)
{
    struct fixture *f = *state;

    reach_updater(f);
    rig_damage(&f->rig, fota_staging_payload(f->rig.map) + 77, 0x04);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).outcome, FOTA_OUTCOME_FAILED);
}

/* ---- dead links ------------------------------------------------------------------------------ */

static void a_dead_link_gives_the_old_application_back_while_it_is_whole(void **state)
{
    struct fixture *f = *state;

    reach_updater(f);
    f->rig.server.refuse = true;
    f->rig.server.requests = 0;
    assert_int_equal(rig_update(&f->rig), FOTA_ERR_CONNECT);
    assert_int_equal(f->rig.server.requests, 5);
    assert_true(rig_restart(&f->rig));
    assert_old(f);
    assert_int_equal(result_of(f).error, FOTA_ERR_CONNECT);
}

static int lose_everything(struct rig *rig)
{
    struct fota_event event;

    rig_start(rig);
    assert_int_equal(fota_update(rig->fota, rig->order, sizeof rig->order), 0);
    do
        if (fota_step(rig->fota, &event) == FOTA_STEP_WAIT)
            rig->now_ms += event.wait_ms;
    while (event.received < rig->server.second->length / 2);
    return rig_boot(rig);
}

/* Half of the application is there: now nothing but the updater can run. */
static void a_link_that_dies_in_the_middle_is_tried_for_ever(void **state)
{
    struct fixture *f = *state;
    struct fota_event event = {0};
    uint32_t longest = 0;

    reach_updater(f);
    assert_int_equal(lose_everything(&f->rig), FOTA_BOOT_UPDATER);
    f->rig.server.refuse = true;
    rig_start(&f->rig);
    assert_int_equal(fota_update(f->rig.fota, f->rig.order, sizeof f->rig.order), 0);
    f->rig.server.requests = 0;
    while (f->rig.server.requests < 100) {
        assert_int_not_equal(fota_step(f->rig.fota, &event), FOTA_STEP_IDLE);
        if (event.wait_ms > longest)
            longest = event.wait_ms;
        f->rig.now_ms += event.wait_ms;
    }
    assert_true(longest > 600000 && longest <= 900000);
    f->rig.server.refuse = false;
    assert_int_equal(rig_finish(&f->rig, &event), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static void a_file_that_is_gone_in_the_middle_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct fota_event event = {0};

    reach_updater(f);
    assert_int_equal(lose_everything(&f->rig), FOTA_BOOT_UPDATER);
    f->rig.server.second = NULL; /* 404 */
    rig_start(&f->rig);
    assert_int_equal(fota_update(f->rig.fota, f->rig.order, sizeof f->rig.order), 0);
    while (f->rig.now_ms < 3600000) {
        assert_int_not_equal(fota_step(f->rig.fota, &event), FOTA_STEP_IDLE);
        f->rig.now_ms += event.wait_ms;
    }
    /* Another one of the same set takes its place. */
    make_stage(&f->app, 7, 2, 3, 20000);
    f->rig.server.second = &f->app;
    assert_int_equal(rig_finish(&f->rig, &event), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(result_of(f).to_sequence, 3);
}

static void a_damaged_application_is_fetched_again(void **state)
{
    struct fixture *f = *state;
    struct fota_event event = {0};
    uint8_t *byte = f->app.data + f->app.length - 100;

    reach_updater(f);
    *byte ^= 1;
    rig_start(&f->rig);
    assert_int_equal(fota_update(f->rig.fota, f->rig.order, sizeof f->rig.order), 0);
    while (f->rig.server.sent < 4 * f->app.length) {
        assert_int_not_equal(fota_step(f->rig.fota, &event), FOTA_STEP_IDLE);
        f->rig.now_ms += event.wait_ms;
    }
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_UPDATER);
    *byte ^= 1;
    assert_int_equal(rig_update(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

/* Half of the application is replaced: nothing but the updater can run. */
static void a_flipped_bit_of_the_order_leaves_an_updater_that_can_fetch(void **state)
{
    struct fixture *f = *state;
    uint32_t size = f->rig.map->flash_size;
    uint8_t *half = malloc(size);

    assert_non_null(half);
    reach_updater(f);
    assert_int_equal(lose_everything(&f->rig), FOTA_BOOT_UPDATER);
    memcpy(half, fota_sim_flash_cells(f->rig.flash), size);
    for (uint32_t copy = 0; copy < FOTA_ORDER_COPIES; copy++)
        for (uint32_t bit = 0; bit < 8 * 40; bit += 3) {
            memcpy(fota_sim_flash_cells(f->rig.flash), half, size);
            rig_damage(&f->rig, fota_order_address(f->rig.map, copy) + bit / 8,
                       (uint8_t)(1u << bit % 8));
            assert_true(rig_restart(&f->rig));
            assert_new(f);
        }
    free(half);
}

static void the_updater_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;

    f->rig.server.etag = "\"2\"";
    reach_updater(f);
    assert_int_equal(lose_everything(&f->rig), FOTA_BOOT_UPDATER);
    f->rig.server.sent = 0;
    assert_int_equal(rig_update(&f->rig), 0);
    assert_true(f->rig.server.last_offset > f->app.length / 3);
    assert_true(f->rig.server.sent < f->app.length * 2 / 3);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

/* ---- after it -------------------------------------------------------------------------------- */

static void an_application_that_does_not_confirm_is_fetched_again(void **state)
{
    struct fixture *f = *state;
    uint64_t begun;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(rig_restart(&f->rig));
        assert_new(f);
    }
    assert_int_equal(fota_rollback(f->rig.fota), FOTA_ERR_IRREVERSIBLE);
    /* Not at once: it would wear the flash out. */
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_UPDATER);
    begun = f->rig.now_ms;
    make_stage(&f->app, 7, 2, 3, 30000);
    assert_int_equal(rig_update(&f->rig), 0);
    assert_true(f->rig.now_ms - begun >= 600000);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
}

/* A power cut in the second round costs what one in the first does. */
static void a_later_round_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;

    f->rig.server.etag = "\"2\"";
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    for (int i = 0; i < 3; i++)
        assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_UPDATER);
    assert_int_equal(lose_everything(&f->rig), FOTA_BOOT_UPDATER);
    f->rig.server.sent = 0;
    assert_int_equal(rig_update(&f->rig), 0);
    assert_true(f->rig.server.last_offset > f->app.length / 3);
    assert_true(f->rig.server.sent < f->app.length * 2 / 3);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static void each_round_waits_longer_up_to_a_day(void **state)
{
    struct fixture *f = *state;
    uint64_t longest = 0;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    for (int round = 0; round < 10; round++) {
        uint64_t begun = f->rig.now_ms;

        assert_true(rig_restart(&f->rig));
        assert_true(f->rig.now_ms - begun >= longest);
        longest = f->rig.now_ms - begun;
        for (int i = 0; i < 2; i++)
            assert_true(rig_restart(&f->rig));
    }
    assert_true(longest >= 86400000 && longest < 86500000);
}

static void a_trial_image_that_decays_is_fetched_again(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_UPDATER);
    assert_int_equal(rig_update(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

/* The updater is still in staging: better than nothing. */
static void a_confirmed_image_that_decays_is_fetched_again(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download_mini(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    rig_damage(&f->rig, f->rig.map->slot.offset + 100, 0x10);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
    assert_int_equal(rig_record(&f->rig).counter, 2);
}

static void a_journal_that_is_lost_in_the_middle_costs_nothing_but_time(void **state)
{
    struct fixture *f = *state;
    const struct fota_region *journal = &f->rig.map->journal;

    reach_updater(f);
    assert_int_equal(lose_everything(&f->rig), FOTA_BOOT_UPDATER);
    memset(fota_sim_flash_cells(f->rig.flash) + journal->offset, 0x5a, journal->size);
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static void nobody_else_is_an_updater(void **state)
{
    struct fixture *f = *state;

    assert_true(rig_restart(&f->rig));
    assert_int_equal(fota_update(f->rig.fota, f->rig.order, sizeof f->rig.order), FOTA_ERR_STATE);
}

/* ---- power cuts ------------------------------------------------------------------------------ */

static void live(struct rig *rig)
{
    for (int i = 0; i < 8; i++) {
        struct fota_result result;

        assert_true(rig_restart(rig));
        assert_int_equal(fota_last_result(rig->fota, &result), 0);
        assert_int_not_equal(result.outcome, FOTA_OUTCOME_FAILED);
        if (result.sequence == 2) {
            assert_int_equal(fota_confirm(rig->fota), 0);
            return;
        }
        assert_int_equal(rig_download_mini(rig), 0);
    }
    fail_msg("a life that does not end");
}

/* Every flash operation of a whole mini fota, in one way each; powercut.c does it in every way. */
static void a_power_cut_anywhere_is_overcome(void **state)
{
    struct fixture *f = *state;
    size_t size = f->rig.map->flash_size;
    uint8_t *base = malloc(size);
    uint64_t operations;

    assert_non_null(base);
    memcpy(base, fota_sim_flash_cells(f->rig.flash), size);
    operations = rig_stats(&f->rig).programs + rig_stats(&f->rig).erases;
    live(&f->rig);
    operations = rig_stats(&f->rig).programs + rig_stats(&f->rig).erases - operations;
    for (uint64_t at = 1; at <= operations; at++) {
        rig_close(&f->rig);
        rig_open(&f->rig, rig_map(RIG_MAP_MINI));
        rig_serve(&f->rig, &f->updater);
        f->rig.server.second = &f->app;
        f->rig.server.etag = "\"2\"";
        memcpy(fota_sim_flash_cells(f->rig.flash), base, size);
        fota_sim_flash_cut(f->rig.flash, at, (enum fota_sim_cut)(at % FOTA_SIM_CUTS));
        assert_false(rig_run(&f->rig, live));
        assert_true(rig_run(&f->rig, live));
        assert_true(rig_restart(&f->rig));
        assert_new(f);
        assert_int_equal(rig_record(&f->rig).counter, 2);
        assert_int_equal(rig_stats(&f->rig).violations, 0);
    }
    free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(an_image_that_staging_cannot_take_is_installed),
        TEST(the_next_set_replaces_it),
        TEST(a_mini_fota_erases_no_unit_twice),
        TEST(mix_and_match_a_stage_of_another_set_is_refused),
        TEST(the_first_stage_is_no_second_one),
        TEST(the_second_stage_or_no_stage_is_no_first_one),
        TEST(a_stage_is_no_package_by_itself),
        TEST(rollback_attack_an_older_application_is_refused),
        TEST(key_compromise_the_old_key_vouches_for_no_application),
        TEST(an_updater_that_staging_cannot_take_is_refused),
        TEST(both_urls_are_looked_at_before_anything_happens),
        TEST(another_url_of_the_application_counts_wherever_the_first_try_ended),
        TEST(what_tls_demands_is_kept_as_it_was),
        TEST(a_flipped_bit_of_the_order_leaves_an_updater_that_can_fetch),
        TEST(an_updater_that_does_not_know_what_to_fetch_lets_the_application_run),
        TEST(an_updater_is_proven_before_it_runs),
        TEST(an_updater_that_decays_before_it_ran_lets_the_application_run),
        TEST(a_dead_link_gives_the_old_application_back_while_it_is_whole),
        TEST(a_link_that_dies_in_the_middle_is_tried_for_ever),
        TEST(a_file_that_is_gone_in_the_middle_is_waited_for),
        TEST(a_damaged_application_is_fetched_again),
        TEST(the_updater_goes_on_where_it_was),
        TEST(an_application_that_does_not_confirm_is_fetched_again),
        TEST(a_later_round_goes_on_where_it_was),
        TEST(each_round_waits_longer_up_to_a_day),
        TEST(a_trial_image_that_decays_is_fetched_again),
        TEST(a_confirmed_image_that_decays_is_fetched_again),
        TEST(a_journal_that_is_lost_in_the_middle_costs_nothing_but_time),
        TEST(nobody_else_is_an_updater),
        TEST(a_power_cut_anywhere_is_overcome),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
