/*
 * The engine: downloads that go wrong, local writes, cancel, events. What is refused before
 * anything is touched is in test_engine_refuse.c.
 */
#include <stdio.h>

#include "update_world.h"

#define URL "http://example.com/app.fota"

static int setup(void **state)
{
    return setup_running(state, RIG_MAP_WORD);
}

static uint32_t payload_length(const struct fixture *f)
{
    return (uint32_t)(f->update.length - f->update.header_length);
}

/* ---- the straight way ------------------------------------------------------------------------ */

static void a_download_ends_once_and_installs(void **state)
{
    struct fixture *f = *state;
    struct fota_traffic traffic;

    f->rig.most_erases = 0;
    assert_int_equal(rig_download(&f->rig), 0);
    assert_int_equal(f->rig.ends, 1);
    assert_int_equal(f->rig.most_erases, 1);
    assert_false(fota_busy(f->rig.fota));
    assert_int_equal(f->rig.server.requests, 1);
    fota_traffic(f->rig.fota, &traffic);
    assert_int_equal(traffic.requests, 1);
    assert_int_equal(traffic.bytes, f->update.length);
    assert_installs(f);
}

static void any_split_of_the_stream_gives_the_same(void **state)
{
    static const size_t segments[] = {1, 2, 3, 7, 11, 12, 13, 100, 1000, 2047, 2048, 2049};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        f->rig.server.segment = segments[i];
        f->rig.server.drip = i % 2;
        assert_int_equal(rig_download(&f->rig), 0);
        assert_int_equal(f->rig.ends, 1);
        assert_memory_equal(fota_sim_flash_cells(f->rig.flash) + fota_staging_payload(f->rig.map),
                            rig_image(&f->update), payload_length(f));
    }
    assert_installs(f);
}

static void payloads_around_page_and_unit_borders_are_staged_exactly(void **state)
{
    struct fixture *f = *state;
    static const int around[] = {-2, -1, 0, 1, 2};

    (void)f;
    for (int map = 0; map < RIG_MAPS; map++) {
        const struct fota_map *m = rig_map((enum rig_map)map);
        uint32_t borders[] = {m->program_unit, FOTA_PROGRAM_UNIT_MAX, m->staging.erase_unit,
                              m->slot.erase_unit};

        for (size_t i = 0; i < 4 * 5; i++) {
            uint32_t length = borders[i / 5] + (uint32_t)around[i % 5];
            struct rig_spec spec = {.sequence = 2, .image_length = length};
            struct rig_package package;
            struct rig rig;

            if (length == 0 || length > fota_slot_capacity(m) || length > UINT32_MAX / 2)
                continue;
            rig_open(&rig, m);
            rig_package_make(&package, &spec);
            rig_serve(&rig, &package);
            rig_start(&rig);
            assert_int_equal(rig_download(&rig), 0);
            assert_true(rig_restart(&rig));
            assert_true(rig_slot_holds(&rig, &package));
            assert_int_equal(rig_stats(&rig).violations, 0);
            rig_package_free(&package);
            rig_close(&rig);
        }
    }
}

static void a_body_without_a_length_works_because_the_header_says_it(void **state)
{
    struct fixture *f = *state;

    f->rig.server.no_length = true;
    assert_int_equal(rig_download(&f->rig), 0);
    assert_installs(f);
}

/* ---- resume ---------------------------------------------------------------------------------- */

/* Breaks at `at` bytes for good, so that the download fails; then the modem is reset. */
static void download_a_part(struct fixture *f, size_t at)
{
    f->rig.server.cut_at = at;
    f->rig.server.cuts = 1;
    f->rig.server.refuse = false;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, &(struct fota_limits){.attempts = 1}),
                     0);
    assert_int_equal(rig_finish(&f->rig, &(struct fota_event){0}), FOTA_ERR_CLOSED);
    assert_true(rig_restart(&f->rig));
}

static void h1_a_connection_that_closes_at_any_byte_is_taken_up_again(void **state)
{
    struct fixture *f = *state;

    for (size_t at = 0; at < f->update.length; at += at < 400 ? 1 : 211) {
        uint64_t before = f->rig.now_ms;

        f->rig.server.sent = 0;
        f->rig.server.cut_at = at;
        f->rig.server.cuts = 1;
        assert_int_equal(rig_download(&f->rig), 0);
        assert_int_equal(f->rig.ends, 1);
        assert_int_equal(f->rig.server.sent, f->update.length); /* nothing twice */
        /* A pause of 1 s, up to a quarter less. */
        assert_in_range(f->rig.now_ms - before, 750, 1100);
        /* What is staged is not taken up again: each round begins at 0. */
    }
    assert_installs(f);
}

static void l9_after_a_reset_it_goes_on_at_the_last_whole_unit(void **state)
{
    struct fixture *f = *state;
    uint32_t unit = f->rig.map->staging.erase_unit;

    download_a_part(f, f->update.header_length + unit + 100);
    assert_int_equal(rig_record(&f->rig).progress, unit);
    f->rig.server.sent = 0;
    assert_int_equal(rig_download(&f->rig), 0);
    assert_int_equal(f->rig.server.last_offset, f->update.header_length + unit);
    assert_int_equal(f->rig.server.sent, payload_length(f) - unit);
    assert_installs(f);
}

static void h4_a_server_without_ranges_sends_all_again_and_nothing_is_appended(void **state)
{
    struct fixture *f = *state;

    f->rig.server.no_ranges = true;
    download_a_part(f, f->update.header_length + 3000);
    assert_int_equal(rig_download(&f->rig), 0);
    assert_installs(f);
}

static void h3_parts_that_are_shorter_than_asked_are_put_together(void **state)
{
    struct fixture *f = *state;

    f->rig.server.range_limit = 700;
    download_a_part(f, f->update.header_length + 2100);
    f->rig.now_ms = 0;
    assert_int_equal(rig_download(&f->rig), 0);
    assert_int_equal(f->rig.now_ms, 0); /* at once */
    assert_installs(f);
}

/* H7, and the bug that others shipped: two files spliced into one. */
static void h7_another_file_under_the_same_name_starts_again(void **state)
{
    struct rig_spec spec = {.sequence = 3, .image_length = 4711};
    struct fixture *f = *state;
    struct rig_package other;

    download_a_part(f, f->update.header_length + 3000);
    rig_package_make(&other, &spec);
    rig_serve(&f->rig, &other);
    f->rig.server.etag = "\"three\"";
    assert_int_equal(rig_download(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &other));
    rig_package_free(&other);
}

static void h8_same_etag_other_bytes_is_found_by_the_digest_and_fetched_again(void **state)
{
    struct fixture *f = *state;
    struct rig_spec spec = {.sequence = 3, .image_length = payload_length(f)};
    struct rig_package other;

    download_a_part(f, f->update.header_length + 3000);
    rig_package_make(&other, &spec);
    rig_serve(&f->rig, &other);
    assert_int_equal(rig_download(&f->rig), 0);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &other));
    rig_package_free(&other);
}

static void a_staged_prefix_that_decayed_is_found_and_fetched_again(void **state)
{
    struct fixture *f = *state;

    download_a_part(f, f->update.header_length + 3000);
    rig_damage(&f->rig, fota_staging_payload(f->rig.map) + 5, 1);
    assert_int_equal(rig_download(&f->rig), 0);
    assert_installs(f);
}

static void a_file_that_changes_under_every_attempt_ends(void **state)
{
    struct fixture *f = *state;
    struct fota_event event;
    char etag[16] = "\"0\"";
    int error = 0;

    f->rig.server.etag = etag;
    f->rig.server.cut_at = 1000;
    f->rig.server.cuts = 100;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), 0);
    for (unsigned i = 0; fota_busy(f->rig.fota) && i < 100000; i++) {
        if (fota_step(f->rig.fota, &event) == FOTA_STEP_WAIT)
            f->rig.now_ms += event.wait_ms;
        snprintf(etag, sizeof etag, "\"%u\"", f->rig.server.requests);
        error = event.fault.error;
    }
    assert_int_equal(error, FOTA_ERR_FILE_CHANGED);
    assert_in_range(f->rig.server.requests, 2, 10);
}

/* ---- the network fails ----------------------------------------------------------------------- */

static void l11_attempts_without_progress_are_limited_and_pauses_grow(void **state)
{
    struct fixture *f = *state;

    remember(f);
    f->rig.server.refuse = true;
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_CONNECT);
    assert_int_equal(f->rig.ends, 1);
    assert_int_equal(f->rig.server.requests, 5);
    /* 1 + 2 + 4 + 8 s, each up to a quarter less */
    assert_in_range(f->rig.now_ms, 11250, 15500);
    assert_untouched(f);
}

/* A weak link: each connection brings less than an erase unit, but it brings something. */
static void a_link_that_breaks_often_but_brings_pages_arrives(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(teardown(state), 0);
    assert_int_equal(setup_running(state, RIG_MAP_NAND), 0);
    f = *state;
    f->rig.server.cut_at = FOTA_PROGRAM_UNIT_MAX + 700;
    f->rig.server.cuts = 1000;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, &(struct fota_limits){.attempts = 2}),
                     0);
    assert_int_equal(rig_finish(&f->rig, &(struct fota_event){0}), 0);
    assert_installs(f);
}

/* Slow retrieval: a server that gives next to nothing each time does not hold the
 * modem for ever. */
static void l10_a_server_that_flaps_for_ever_is_given_up(void **state)
{
    struct fixture *f = *state;

    f->rig.server.cut_at = 1;
    f->rig.server.cuts = 100000;
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_CLOSED);
    assert_int_equal(f->rig.server.requests, 5);
}

static void l1_silence_is_a_stall(void **state)
{
    struct fixture *f = *state;

    f->rig.server.silent = true;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL,
                                   &(struct fota_limits){.stall_ms = 2000, .attempts = 2}),
                     0);
    assert_int_equal(rig_finish(&f->rig, &(struct fota_event){0}), FOTA_ERR_STALLED);
    assert_int_equal(f->rig.server.requests, 2);
    assert_in_range(f->rig.now_ms, 4750, 5500);
}

static void h22_a_missing_file_is_not_tried_again(void **state)
{
    static const struct {
        int status, error;
    } rows[] = {
        {401, FOTA_ERR_HTTP_UNAUTHORIZED}, {403, FOTA_ERR_HTTP_FORBIDDEN},
        {404, FOTA_ERR_HTTP_NOT_FOUND},    {410, FOTA_ERR_HTTP_NOT_FOUND},
        {400, FOTA_ERR_HTTP_STATUS},
    };
    struct fixture *f = *state;

    remember(f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->rig.server.status = rows[i].status;
        f->rig.server.requests = 0;
        assert_int_equal(rig_download(&f->rig), rows[i].error);
        assert_int_equal(f->rig.ends, 1);
        assert_int_equal(f->rig.server.requests, 1);
    }
    assert_untouched(f);
}

/* ---- payloads -------------------------------------------------------------------------------- */

static void a_flipped_payload_bit_is_fetched_once_more_then_refused(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;

    f->update.data[f->update.length - 1] ^= 1;
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_INTEGRITY);
    assert_int_equal(f->rig.ends, 1);
    assert_int_equal(f->rig.server.requests, 2);
    fota_last_result(f->rig.fota, &result);
    assert_int_equal(result.state, FOTA_STATE_IDLE);
    assert_int_equal(result.outcome, FOTA_OUTCOME_FAILED);
    assert_int_equal(result.error, FOTA_ERR_INTEGRITY);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
    f->update.data[f->update.length - 1] ^= 1;
    assert_int_equal(rig_download(&f->rig), 0);
    assert_installs(f);
}

static void h24_bytes_behind_the_declared_size_are_refused(void **state)
{
    struct fixture *f = *state;

    f->rig.server.no_length = true;
    f->rig.server.trailer = "x";
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_TRAILING);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

static void partial_bundle_a_body_without_length_that_ends_early_is_no_success(void **state)
{
    struct fixture *f = *state;

    f->rig.server.no_length = true;
    f->rig.server.length -= 1;
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_TRUNCATED);
    assert_int_not_equal(rig_record(&f->rig).state, FOTA_STATE_STAGED);
}

/* ---- cancel ---------------------------------------------------------------------------------- */

/* V12, invariant 14: after any number of steps. */
static void v12_cancel_at_every_step_commits_nothing(void **state)
{
    struct fixture *f = *state;
    bool ended = false;

    f->rig.server.segment = 512;
    f->rig.server.cut_at = 900;
    for (unsigned n = 0; !ended; n++) {
        struct fota_event event = {0};

        f->rig.server.cuts = 1;
        assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), 0);
        for (unsigned i = 0; i < n && !ended; i++) {
            if (fota_step(f->rig.fota, &event) == FOTA_STEP_WAIT)
                f->rig.now_ms += event.wait_ms;
            ended = event.kind == FOTA_EVENT_END;
        }
        if (ended)
            break;
        assert_int_equal(fota_cancel(f->rig.fota), 0);
        assert_int_equal(fota_cancel(f->rig.fota), FOTA_ERR_STATE);
        assert_true(fota_busy(f->rig.fota));
        assert_int_equal(rig_finish(&f->rig, &event), FOTA_ERR_CANCELLED);
        assert_int_equal(f->rig.ends, 1);
        assert_int_equal(f->rig.server.open, 0);
        assert_int_not_equal(rig_record(&f->rig).state, FOTA_STATE_STAGED);
        assert_int_equal(fota_cancel(f->rig.fota), FOTA_ERR_STATE);
        if (n % 8 == 0) {
            assert_true(rig_restart(&f->rig));
            assert_true(rig_slot_holds(&f->rig, &f->rig.old));
        }
    }
    assert_installs(f);
}

/* ---- the local way --------------------------------------------------------------------------- */

static void local_writes_in_any_split_install(void **state)
{
    static const size_t pieces[] = {1, 2, 13, 511, 512, 513, 2048, 2049, 100000};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        uint32_t total = i % 2 ? (uint32_t)f->update.length : 0;

        f->rig.most_erases = 0;
        assert_int_equal(rig_write(&f->rig, f->update.data, f->update.length, total, pieces[i]), 0);
        assert_int_equal(f->rig.ends, 1);
        assert_int_equal(f->rig.most_erases, 1);
    }
    assert_installs(f);
}

static void local_calls_in_the_wrong_order_are_refused(void **state)
{
    struct fixture *f = *state;
    struct fota *fota = f->rig.fota;
    size_t taken, at = 0;

    assert_int_equal(fota_flush(fota), FOTA_ERR_STATE);
    assert_int_equal(fota_verify(fota), FOTA_ERR_STATE);
    while (at < f->update.length) {
        size_t n = f->update.length - at < 100 ? f->update.length - at : 100;

        assert_int_equal(fota_verify(fota), FOTA_ERR_STATE);
        assert_int_equal(fota_flush(fota), at ? FOTA_ERR_INCOMPLETE : FOTA_ERR_STATE);
        assert_int_equal(fota_write(fota, f->update.data + at, n, 0, &taken), 0);
        at += taken;
    }
    assert_int_equal(fota_verify(fota), FOTA_ERR_STATE);
    assert_int_equal(fota_flush(fota), 0);
    assert_int_equal(fota_flush(fota), FOTA_ERR_STATE);
    assert_int_equal(fota_write(fota, "x", 1, 0, &taken), FOTA_ERR_STATE);
    assert_int_equal(fota_verify(fota), 0);
    assert_int_equal(fota_verify(fota), FOTA_ERR_STATE);
    assert_int_equal(fota_download(fota, URL, NULL, NULL), FOTA_ERR_BUSY);
    assert_int_equal(fota_write(fota, "x", 1, 0, &taken), FOTA_ERR_STATE);
    assert_int_equal(rig_finish(&f->rig, &(struct fota_event){0}), 0);
    assert_installs(f);
}

static void local_bytes_behind_the_end_end_the_update(void **state)
{
    struct fixture *f = *state;
    uint8_t *longer = malloc(f->update.length + 1);

    assert_non_null(longer);
    memcpy(longer, f->update.data, f->update.length);
    longer[f->update.length] = 0;
    assert_int_equal(rig_write(&f->rig, longer, f->update.length + 1, 0, 64), FOTA_ERR_TRAILING);
    assert_int_equal(fota_flush(f->rig.fota), FOTA_ERR_STATE);
    assert_int_equal(rig_write(&f->rig, longer, f->update.length, 0, 64), 0);
    free(longer);
}

static void a_local_payload_with_a_flipped_bit_is_refused(void **state)
{
    struct fixture *f = *state;

    f->update.data[f->update.header_length] ^= 0x80;
    assert_int_equal(rig_write(&f->rig, f->update.data, f->update.length, 0, 999),
                     FOTA_ERR_INTEGRITY);
    assert_int_equal(f->rig.ends, 1);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

static void a_local_update_can_be_cancelled_and_begun_again(void **state)
{
    struct fixture *f = *state;
    size_t taken;

    for (size_t n = 1; n < f->update.length; n += 333) {
        for (size_t at = 0; at < n; at += taken)
            assert_int_equal(fota_write(f->rig.fota, f->update.data + at, n - at, 0, &taken), 0);
        assert_int_equal(fota_cancel(f->rig.fota), 0);
        assert_int_equal(fota_cancel(f->rig.fota), FOTA_ERR_STATE);
        assert_int_equal(fota_flush(f->rig.fota), FOTA_ERR_STATE);
    }
    assert_int_equal(rig_write(&f->rig, f->update.data, f->update.length, 0, 999), 0);
    assert_installs(f);
}

static void a_verification_that_is_cancelled_twice_ends_once(void **state)
{
    struct fixture *f = *state;
    struct fota_event event;
    size_t taken;

    for (size_t at = 0; at < f->update.length; at += taken)
        assert_int_equal(
            fota_write(f->rig.fota, f->update.data + at, f->update.length - at, 0, &taken), 0);
    assert_int_equal(fota_flush(f->rig.fota), 0);
    assert_int_equal(fota_verify(f->rig.fota), 0);
    assert_int_equal(fota_cancel(f->rig.fota), 0);
    assert_int_equal(fota_cancel(f->rig.fota), FOTA_ERR_STATE);
    assert_int_equal(rig_finish(&f->rig, &event), FOTA_ERR_CANCELLED);
    assert_int_equal(f->rig.ends, 1);
}

/* ---- busy, trial, result --------------------------------------------------------------------- */

static void a_second_update_is_refused_while_one_runs(void **state)
{
    struct fixture *f = *state;
    struct fota_event event;
    size_t taken;

    assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), 0);
    for (int i = 0; i < 10; i++)
        fota_step(f->rig.fota, &event);
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), FOTA_ERR_BUSY);
    assert_int_equal(fota_write(f->rig.fota, "x", 1, 0, &taken), FOTA_ERR_BUSY);
    assert_int_equal(fota_flush(f->rig.fota), FOTA_ERR_STATE);
    assert_int_equal(fota_verify(f->rig.fota), FOTA_ERR_STATE);
    assert_int_equal(fota_confirm(f->rig.fota), FOTA_ERR_BUSY);
    assert_int_equal(fota_rollback(f->rig.fota), FOTA_ERR_BUSY);
    assert_int_equal(rig_finish(&f->rig, &event), 0);
    assert_installs(f);
}

static void an_image_on_trial_gets_no_update(void **state)
{
    struct fixture *f = *state;
    size_t taken;

    assert_int_equal(rig_download(&f->rig), 0);
    assert_installs(f);
    remember(f);
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_UNCONFIRMED);
    assert_int_equal(fota_write(f->rig.fota, "x", 1, 0, &taken), FOTA_ERR_UNCONFIRMED);
    assert_untouched(f);
    assert_int_equal(fota_confirm(f->rig.fota), 0);
    assert_int_equal(rig_download(&f->rig), FOTA_ERR_SAME_VERSION);
}

static void the_running_version_is_known_after_a_cancelled_download(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;
    struct fota_event event;
    size_t taken;

    f->rig.server.segment = 100;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), 0);
    do
        fota_step(f->rig.fota, &event);
    while (event.received < f->update.header_length + 300);
    assert_int_equal(fota_cancel(f->rig.fota), 0);
    assert_int_equal(rig_finish(&f->rig, &event), FOTA_ERR_CANCELLED);
    assert_int_equal(fota_write(f->rig.fota, f->update.data, 5, 0, &taken), 0);
    fota_last_result(f->rig.fota, &result);
    assert_string_equal(result.version, "v1");
    assert_int_equal(result.sequence, 1);
}

static void asking_for_the_result_in_mid_download_harms_nothing(void **state)
{
    struct fixture *f = *state;
    struct fota_result result;
    struct fota_event event;

    f->rig.server.segment = 100;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), 0);
    do {
        fota_step(f->rig.fota, &event);
        fota_last_result(f->rig.fota, &result);
    } while (event.kind != FOTA_EVENT_END);
    assert_int_equal(event.fault.error, 0);
    assert_installs(f);
}

/* The watchdog starves where the engine erases or hashes for long without feeding it. */
struct since_alive {
    unsigned alive, erases;
    size_t read; /* bytes */
};

static int count_since_alive(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    struct since_alive *since = rig->hook;

    (void)addr;
    if (since->alive != rig->alive)
        *since = (struct since_alive){.alive = rig->alive};
    since->erases += op == RIG_ERASE;
    since->read += op == RIG_READ ? len : 0;
    assert_true(since->erases <= 1);
    assert_true(since->read <= 3 * 4096);
    return 0;
}

static void the_watchdog_is_fed_between_any_two_erases(void **state)
{
    struct fixture *f = *state;
    struct since_alive since = {0};

    f->rig.before = count_since_alive;
    f->rig.hook = &since;
    assert_int_equal(rig_download(&f->rig), 0);
    assert_true(f->rig.alive > f->update.length / 4096);
    f->rig.before = NULL;
    assert_installs(f);
}

static void events_never_go_back_and_name_no_error_before_the_end(void **state)
{
    struct fixture *f = *state;
    struct fota_event event;
    uint32_t received = 0;

    download_a_part(f, f->update.header_length + 3000);
    /* The header that is staged decayed: a resume finds it, and goes on without. */
    rig_damage(&f->rig, f->rig.map->staging.offset + 20, 1);
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, NULL), 0);
    do {
        fota_step(f->rig.fota, &event);
        assert_int_equal(event.fault.error, 0);
        assert_true(event.received >= received);
        assert_true(event.percent <= 100);
        received = event.received;
    } while (event.kind != FOTA_EVENT_END);
    assert_int_equal(event.stage, FOTA_STAGE_STAGED);
    assert_int_equal(event.received, f->update.length);
    assert_int_equal(event.total, f->update.length);
    assert_int_equal(event.percent, 100);
}

/* ---- flash that fails ------------------------------------------------------------------------ */

struct failing {
    uint64_t at, seen;
    int result;
};

static int fail_once(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    struct failing *failing = rig->hook;

    (void)addr, (void)len;
    if (op == RIG_READ || ++failing->seen != failing->at)
        return 0;
    return failing->result;
}

/* Invariant 17: what fails, loudly or silently, is never a success. */
static void a_failing_flash_operation_is_never_reported_as_success(void **state)
{
    static const int results[] = {FOTA_ERR_FLASH_PROGRAM, 1};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        for (uint64_t at = 1;; at++) {
            struct failing failing = {at, 0, results[i]};
            bool staged;
            int err;

            assert_true(rig_restart(&f->rig));
            f->rig.hook = &failing;
            f->rig.before = fail_once;
            err = rig_download(&f->rig);
            f->rig.before = NULL;
            staged = memcmp(fota_sim_flash_cells(f->rig.flash) + fota_staging_payload(f->rig.map),
                            rig_image(&f->update), payload_length(f)) == 0;
            assert_true(err < 0 || staged);
            assert_true(rig_record(&f->rig).state != FOTA_STATE_STAGED || staged);
            if (failing.seen < at)
                break;
            assert_true(rig_slot_holds(&f->rig, &f->rig.old));
            /* An erase that silently did nothing makes the next program break the rules. */
        }
    }
    assert_installs(f);
    rig_package_free(&f->update);
    rig_close(&f->rig);
    free(f->copy);
    free(f);
    assert_int_equal(setup(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_download_ends_once_and_installs),
        TEST(any_split_of_the_stream_gives_the_same),
        TEST(the_watchdog_is_fed_between_any_two_erases),
        TEST(payloads_around_page_and_unit_borders_are_staged_exactly),
        TEST(a_body_without_a_length_works_because_the_header_says_it),
        TEST(h1_a_connection_that_closes_at_any_byte_is_taken_up_again),
        TEST(l9_after_a_reset_it_goes_on_at_the_last_whole_unit),
        TEST(h4_a_server_without_ranges_sends_all_again_and_nothing_is_appended),
        TEST(h3_parts_that_are_shorter_than_asked_are_put_together),
        TEST(h7_another_file_under_the_same_name_starts_again),
        TEST(h8_same_etag_other_bytes_is_found_by_the_digest_and_fetched_again),
        TEST(a_staged_prefix_that_decayed_is_found_and_fetched_again),
        TEST(a_file_that_changes_under_every_attempt_ends),
        TEST(l11_attempts_without_progress_are_limited_and_pauses_grow),
        TEST(a_link_that_breaks_often_but_brings_pages_arrives),
        TEST(l10_a_server_that_flaps_for_ever_is_given_up),
        TEST(l1_silence_is_a_stall),
        TEST(h22_a_missing_file_is_not_tried_again),
        TEST(a_flipped_payload_bit_is_fetched_once_more_then_refused),
        TEST(h24_bytes_behind_the_declared_size_are_refused),
        TEST(partial_bundle_a_body_without_length_that_ends_early_is_no_success),
        TEST(v12_cancel_at_every_step_commits_nothing),
        TEST(local_writes_in_any_split_install),
        TEST(local_calls_in_the_wrong_order_are_refused),
        TEST(local_bytes_behind_the_end_end_the_update),
        TEST(a_local_payload_with_a_flipped_bit_is_refused),
        TEST(a_local_update_can_be_cancelled_and_begun_again),
        TEST(a_verification_that_is_cancelled_twice_ends_once),
        TEST(a_second_update_is_refused_while_one_runs),
        TEST(an_image_on_trial_gets_no_update),
        TEST(the_running_version_is_known_after_a_cancelled_download),
        TEST(asking_for_the_result_in_mid_download_harms_nothing),
        TEST(events_never_go_back_and_name_no_error_before_the_end),
        TEST(a_failing_flash_operation_is_never_reported_as_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
