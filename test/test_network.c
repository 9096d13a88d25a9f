/*
 * What the network may do to a download, seen from the engine: attempts, limits, resume. H and L
 * are rows of the list of faults (docs/network-faults.md); what a protocol's client does is in its
 * own tests.
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

struct fixture {
    struct rig rig;
    struct rig_package update; /* sequence 2; served, with an ETag */
    struct fota_limits limits;
};

#define URL         "http://example.com/app.fota"
#define COUNT(list) (sizeof(list) / sizeof *(list))

static int setup_on(void **state, enum rig_map map)
{
    struct rig_spec spec = {.sequence = 2};
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    rig_open(&f->rig, rig_map(map));
    spec.image_length = rig_image_length(f->rig.map, 2);
    rig_package_make(&f->update, &spec);
    rig_serve(&f->rig, &f->update);
    f->rig.server.etag = "\"two\"";
    *state = f;
    return rig_restart(&f->rig) ? 0 : -1;
}

static int setup(void **state)
{
    return setup_on(state, RIG_MAP_WORD);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(rig_stats(&f->rig).violations, 0);
    assert_int_equal(f->rig.server.open, 0);
    rig_package_free(&f->update);
    rig_close(&f->rig);
    free(f);
    return 0;
}

/* With the fixture's limits. Exactly one end. */
static int download(struct fixture *f)
{
    int error;

    assert_int_equal(fota_download(f->rig.fota, URL, NULL, &f->limits), 0);
    error = rig_finish(&f->rig, &(struct fota_event){0});
    assert_int_equal(f->rig.ends, 1);
    return error;
}

static void assert_installs(struct fixture *f)
{
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->update));
}

/* The old image runs on, whatever the network did. */
static void assert_old_runs(struct fixture *f)
{
    assert_int_not_equal(rig_record(&f->rig).state, FOTA_STATE_STAGED);
    assert_true(rig_restart(&f->rig));
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

/* The first connection breaks in the middle; what follows is scripted. */
static void break_then(struct fixture *f, const struct rig_answer *script, size_t length)
{
    f->rig.server.script = NULL;
    f->rig.server.script_length = 0;
    f->rig.server.cut_at = f->update.length / 2;
    f->rig.server.cuts = 1;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, &f->limits), 0);
    while (f->rig.server.cuts > 0) {
        struct fota_event event;

        (void)fota_step(f->rig.fota, &event);
    }
    f->rig.server.script = script;
    f->rig.server.script_length = length;
}

static int finish(struct fixture *f)
{
    int error = rig_finish(&f->rig, &(struct fota_event){0});

    assert_int_equal(f->rig.ends, 1);
    return error;
}

/* ---- resume ---------------------------------------------------------------------------------- */

static void life(struct rig *rig)
{
    (void)rig_download(rig);
}

/* Cuts the power at the operation-th flash operation of a download, then downloads again. */
static void cut_and_go_on(struct fixture *f, uint64_t operation)
{
    uint32_t unit = f->rig.map->staging.erase_unit;

    fota_sim_flash_cut(f->rig.flash, operation,
                       operation % 2 ? FOTA_SIM_CUT_RANDOM : FOTA_SIM_CUT_AFTER);
    f->rig.server.sent = 0;
    assert_false(rig_run(&f->rig, life));
    assert_true(rig_restart(&f->rig));
    if (rig_slot_holds(&f->rig, &f->update))
        return; /* the cut came behind the last operation */
    assert_int_equal(rig_download(&f->rig), 0);
    assert_installs(f);
    assert_in_range(f->rig.server.sent, f->update.length, f->update.length + unit);
}

static void h1_after_a_power_cut_at_any_moment_at_most_one_erase_unit_comes_twice(void **state)
{
    for (int map = 0; map < RIG_MAPS; map++) {
        struct fixture *f;
        uint64_t operations, before;

        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup_on(state, (enum rig_map)map), 0);
        f = *state;
        before = f->rig.operations;
        assert_int_equal(rig_download(&f->rig), 0);
        operations = f->rig.operations - before;
        assert_true(operations >= 8);
        for (uint64_t operation = 1; operation <= operations; operation++) {
            assert_int_equal(teardown(state), 0);
            assert_int_equal(setup_on(state, (enum rig_map)map), 0);
            cut_and_go_on(*state, operation);
        }
    }
}

static void h2_a_part_that_is_not_the_one_asked_for_starts_again_once(void **state)
{
    static const char *const heads[] = {
        /* another start, no start, another total */
        "HTTP/1.1 206 X\r\nETag: \"two\"\r\nContent-Range: bytes 7-99/5000\r\n\r\n",
        "HTTP/1.1 206 X\r\nETag: \"two\"\r\n\r\n",
        "HTTP/1.1 206 X\r\nETag: \"two\"\r\nContent-Range: bytes %zu-99999/100000\r\n\r\n",
    };
    struct fixture *f = *state;
    char head[200];

    for (size_t i = 0; i < COUNT(heads); i++) {
        struct rig_answer script[] = {{head, 0, 500}, {NULL, 0, 0}, {head, 0, 500}};

        snprintf(head, sizeof head, heads[i], f->update.length / 2);
        break_then(f, script, 1);
        assert_int_equal(finish(f), 0);
        assert_int_equal(f->rig.server.last_offset, 0); /* of the last request: all of it */
    }
    assert_installs(f);
}

static void h2_a_part_that_is_wrong_again_ends_it(void **state)
{
    static const char whole[] = "HTTP/1.1 200 X\r\nETag: \"two\"\r\nContent-Length: %zu\r\n\r\n";
    static const char wrong[] =
        "HTTP/1.1 206 X\r\nETag: \"two\"\r\nContent-Range: bytes 7-99/5000\r\n\r\n";
    struct fixture *f = *state;
    char head[200];
    struct rig_answer script[] = {{wrong, 0, 93}, {head, 0, 1000}, {wrong, 0, 93}};

    snprintf(head, sizeof head, whole, f->update.length);
    break_then(f, script, COUNT(script));
    assert_int_equal(finish(f), FOTA_ERR_HTTP_RANGE);
    assert_old_runs(f);
}

static void h5_a_range_behind_the_end_starts_again(void **state)
{
    static const struct rig_answer script[] = {
        {"HTTP/1.1 416 X\r\nContent-Range: bytes */10\r\nContent-Length: 5\r\n\r\nerror", 0, 0}};
    struct fixture *f = *state;

    break_then(f, script, COUNT(script));
    assert_int_equal(finish(f), 0);
    assert_int_equal(f->rig.server.last_offset, 0);
    assert_installs(f);
}

/* A server without ranges sends all again. On a slow link that takes minutes in which the package
 * does not grow. */
static void h4_what_is_held_is_read_over_however_long_it_takes(void **state)
{
    struct fixture *f = *state;

    f->rig.server.no_ranges = true;
    break_then(f, NULL, 0);
    f->rig.server.body_ms = 50; /* 1200 bytes a minute: twice what is demanded */
    assert_true(f->update.length / 2 * 50 > 60000);
    assert_int_equal(finish(f), 0);
    assert_int_equal(f->rig.server.requests, 2);
    assert_installs(f);
}

/* A proxy that ends every whole answer at the same byte, and well: no length was ever said. */
static void h4_a_whole_file_that_always_ends_where_we_are_is_given_up(void **state)
{
    static const char head[] = "HTTP/1.1 200 X\r\nETag: \"two\"\r\n\r\n";
    struct fixture *f = *state;
    const struct rig_answer answer = {head, 0, f->update.length / 2};
    struct rig_answer script[20];

    for (size_t i = 0; i < COUNT(script); i++)
        script[i] = answer;
    break_then(f, script, COUNT(script));
    assert_int_equal(finish(f), FOTA_ERR_TRUNCATED);
    assert_true(f->rig.server.requests < COUNT(script));
    assert_old_runs(f);
}

static void h3_a_server_that_gives_a_byte_a_request_is_given_up(void **state)
{
    struct fixture *f = *state;

    break_then(f, NULL, 0);
    f->rig.server.range_limit = 1;
    assert_int_equal(finish(f), FOTA_ERR_TRUNCATED);
    assert_in_range(f->rig.server.requests, 3, 20);
    f->rig.server.range_limit = 0;
    assert_int_equal(download(f), 0);
    assert_installs(f);
}

/* Behind chunks that broke, the answer to the Range is the first to tell the size. */
static void h3_the_size_may_be_told_by_a_later_answer(void **state)
{
    static const char head[] =
        "HTTP/1.1 200 X\r\nETag: \"two\"\r\nTransfer-Encoding: chunked\r\n\r\n"
        "10000\r\n";
    struct fixture *f = *state;
    const struct rig_answer script[] = {{head, 0, f->update.length / 2}};

    f->rig.server.script = script;
    f->rig.server.script_length = 1;
    f->rig.server.range_limit = 700;
    assert_int_equal(download(f), 0);
    assert_installs(f);
}

/* All of it is in flash, but the power went before it was judged: nothing is asked for. */
static void h5_what_is_complete_is_verified_without_a_request(void **state)
{
    struct fixture *f = *state;
    struct fota_record record;

    assert_int_equal(download(f), 0);
    record = rig_record(&f->rig);
    record.state = FOTA_STATE_DOWNLOADING;
    record.progress = (uint32_t)(f->update.length - f->update.header_length) /
                      f->rig.map->staging.erase_unit * f->rig.map->staging.erase_unit;
    rig_put_record(&f->rig, &record);
    rig_start(&f->rig);
    f->rig.server.sent = 0;
    assert_int_equal(download(f), 0);
    assert_in_range(f->rig.server.sent, 0, f->rig.map->staging.erase_unit);
    assert_installs(f);
}

/* H6: what comes with a refusal is no part of the file. */
static void h6_the_body_of_a_refusal_is_never_written(void **state)
{
    static const int codes[] = {400, 403, 404, 416, 500};
    struct fixture *f = *state;

    f->limits.attempts = 1;
    for (size_t i = 0; i < COUNT(codes); i++) {
        char head[100];
        const struct rig_answer script[] = {{head, 0, f->update.length}};
        uint64_t operations;

        snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n", codes[i],
                 f->update.length);
        f->rig.server.script = script;
        f->rig.server.script_length = 1;
        operations = f->rig.operations;
        assert_int_not_equal(download(f), 0);
        assert_int_equal(f->rig.operations, operations);
    }
    assert_old_runs(f);
}

static void h7_a_weak_etag_is_no_promise_but_the_digest_decides(void **state)
{
    struct fixture *f = *state;

    f->rig.server.etag = "W/\"two\"";
    break_then(f, NULL, 0);
    f->rig.server.etag = "W/\"other\"";
    assert_int_equal(finish(f), 0);
    assert_installs(f);
}

/* Servers leave the ETag out of a 206, or one of many behind a name does. */
static void h7_an_answer_without_a_validator_is_judged_by_the_digest(void **state)
{
    struct fixture *f = *state;

    break_then(f, NULL, 0);
    f->rig.server.etag = NULL;
    assert_int_equal(finish(f), 0);
    assert_int_equal(f->rig.server.last_offset, f->update.length / 2);
    break_then(f, NULL, 0);
    f->rig.server.etag = "\"two\"";
    assert_int_equal(finish(f), 0);
    assert_int_equal(f->rig.server.last_offset, f->update.length / 2);
    assert_installs(f);
}

/* H9: a server that builds ETags from time and size does not notice it either. */
static void h9_a_file_that_is_overwritten_while_it_is_read_is_fetched_again(void **state)
{
    struct fixture *f = *state;
    uint8_t *file = malloc(f->update.length);
    struct fota_event event;

    assert_non_null(file);
    memcpy(file, f->update.data, f->update.length);
    file[f->update.length - 1] ^= 1; /* as it was before */
    f->rig.server.file = file;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, &f->limits), 0);
    do {
        (void)fota_step(f->rig.fota, &event);
    } while (event.stage != FOTA_STAGE_VERIFY);
    file[f->update.length - 1] ^= 1;
    assert_int_equal(finish(f), 0);
    assert_int_equal(f->rig.server.requests, 2);
    assert_installs(f);
    free(file);
}

static void h10_a_connection_that_closes_before_its_length_is_taken_up_again(void **state)
{
    struct fixture *f = *state;

    break_then(f, NULL, 0);
    assert_int_equal(finish(f), 0);
    assert_int_equal(f->rig.server.last_offset, f->update.length / 2);
    assert_int_equal(f->rig.server.sent, f->update.length);
    assert_installs(f);
}

static void h11_chunks_and_no_length_work_because_the_package_says_its_size(void **state)
{
    static const char no_length[] = "HTTP/1.1 200 X\r\n\r\n";
    struct fixture *f = *state;
    const struct rig_answer script[] = {{no_length, 0, f->update.length}};

    f->rig.server.script = script;
    f->rig.server.script_length = 1;
    assert_int_equal(download(f), 0);
    assert_installs(f);
}

static void h11_a_file_without_any_length_that_ends_early_is_refused(void **state)
{
    static const char no_length[] = "HTTP/1.1 200 X\r\n\r\n";
    struct fixture *f = *state;
    const struct rig_answer script[] = {{no_length, 0, f->update.length - 1}};

    f->rig.server.script = script;
    f->rig.server.script_length = 1;
    assert_int_equal(download(f), FOTA_ERR_TRUNCATED);
    assert_old_runs(f);
}

/* ---- servers that ask for patience ----------------------------------------------------------- */

/* Milliseconds between the refusal and the second request, that the server asked for by `value`. */
static uint64_t pause_after(struct fixture *f, const char *status, const char *value)
{
    char head[200];
    const struct rig_answer script[] = {{head, 0, 0}};
    uint64_t before = f->rig.now_ms;

    snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%s%s%sContent-Length: 0\r\n\r\n", status,
             value ? "Retry-After: " : "", value ? value : "", value ? "\r\n" : "");
    f->rig.server.script = script;
    f->rig.server.script_length = 1;
    f->rig.server.requests = 0;
    assert_int_equal(download(f), 0);
    assert_int_equal(f->rig.server.requests, 2);
    return f->rig.now_ms - before;
}

static void h21_retry_after_is_honoured_and_capped(void **state)
{
    struct fixture *f = *state;

    assert_in_range(pause_after(f, "503 X", NULL), 750, 1000);
    assert_in_range(pause_after(f, "503 X", "0"), 750, 1000);
    assert_in_range(pause_after(f, "429 X", "120"), 120000, 150000);
    assert_in_range(pause_after(f, "503 X", "Fri, 31 Dec 2027 23:59:59 GMT"), 750, 1000);
    assert_in_range(pause_after(f, "503 X", "99999999999999999999"), 600000, 750000);
    f->limits.backoff_max_ms = 5000;
    assert_in_range(pause_after(f, "503 X", "99999"), 5000, 6250);
    assert_installs(f);
}

static void h21_an_overloaded_server_is_not_asked_for_ever(void **state)
{
    struct fixture *f = *state;

    f->rig.server.status = 503;
    assert_int_equal(download(f), FOTA_ERR_HTTP_SERVER);
    assert_int_equal(f->rig.server.requests, 5);
    assert_old_runs(f);
}

/* ---- slowness -------------------------------------------------------------------------------- */

static void h23_one_byte_in_ten_seconds_is_no_download(void **state)
{
    struct fixture *f = *state;

    f->rig.server.body_ms = 10000;
    f->limits.attempts = 2;
    assert_int_equal(download(f), FOTA_ERR_SLOW);
    assert_int_equal(fota_fault(f->rig.fota)->expected, 60000);
    assert_int_equal(f->rig.server.requests, 2);
    assert_in_range(f->rig.now_ms, 120000, 125000);
    assert_old_runs(f);
}

static void h23_what_is_just_fast_enough_arrives(void **state)
{
    struct fixture *f = *state;

    f->rig.server.body_ms = 100; /* 600 bytes a minute */
    f->limits.slow_bytes = 590;
    assert_int_equal(download(f), 0);
    assert_int_equal(f->rig.server.requests, 1);
    f->limits.slow_ms = 1000;
    f->limits.slow_bytes = 12;
    f->limits.attempts = 1;
    assert_int_equal(download(f), FOTA_ERR_SLOW);
    f->limits.slow_bytes = 8;
    assert_int_equal(download(f), 0);
    assert_installs(f);
}

static void h23_a_header_that_drips_has_its_limit(void **state)
{
    struct fixture *f = *state;

    f->rig.server.head_ms = 10000;
    f->limits.attempts = 1;
    assert_int_equal(download(f), FOTA_ERR_SLOW);
    assert_in_range(f->rig.now_ms, 120000, 121000);
    f->limits.request_ms = 5000;
    assert_int_equal(download(f), FOTA_ERR_SLOW);
    assert_in_range(f->rig.now_ms, 125000, 126100);
    assert_old_runs(f);
}

static void l10_the_whole_has_a_deadline_over_all_attempts_and_pauses(void **state)
{
    struct fixture *f = *state;
    struct fota_event event;

    f->rig.server.refuse = true;
    f->limits.total_ms = 10000;
    f->limits.attempts = 1000;
    assert_int_equal(download(f), FOTA_ERR_DEADLINE);
    assert_int_equal(f->rig.now_ms, 10000);
    f->rig.server.refuse = false;
    f->rig.server.body_ms = 50;
    assert_int_equal(download(f), FOTA_ERR_DEADLINE);
    assert_in_range(f->rig.now_ms, 20000, 20100);
    f->rig.server.body_ms = 0;
    assert_int_equal(fota_download(f->rig.fota, URL, NULL, &f->limits), 0);
    assert_int_equal(rig_finish(&f->rig, &event), 0);
    assert_installs(f);
}

/* ---- what it costs --------------------------------------------------------------------------- */

static void l10_traffic_has_a_budget_with_an_error_of_its_own(void **state)
{
    struct fixture *f = *state;

    /* One page more each time: without a budget it would come to its end. */
    f->rig.server.no_ranges = true;
    f->rig.server.cuts = 100;
    f->rig.server.cut_at = f->update.length - 1;
    f->limits.max_bytes = (uint32_t)f->update.length * 3;
    f->limits.attempts = 100;
    assert_int_equal(download(f), FOTA_ERR_BUDGET);
    assert_int_equal(fota_fault(f->rig.fota)->expected, f->limits.max_bytes);
    /* Over the limit by one read at most. */
    assert_in_range(f->rig.server.sent, f->limits.max_bytes - 1000, f->limits.max_bytes + 2048);
    assert_old_runs(f);
}

static void l10_what_cannot_be_paid_for_is_not_begun(void **state)
{
    struct fixture *f = *state;
    uint64_t operations = f->rig.operations;

    f->limits.max_bytes = (uint32_t)f->update.length;
    assert_int_equal(download(f), FOTA_ERR_BUDGET); /* the answer's header is not free */
    assert_in_range(f->rig.server.sent, 0, 2048);
    assert_int_equal(f->rig.operations, operations);
    f->limits.max_bytes += 200;
    assert_int_equal(download(f), 0);
    assert_installs(f);
}

static void l10_a_server_that_flaps_a_hundred_times_is_given_up(void **state)
{
    struct fixture *f = *state;

    f->rig.server.cut_at = 100;
    f->rig.server.cuts = 100;
    assert_int_equal(download(f), FOTA_ERR_CLOSED);
    assert_int_equal(f->rig.server.requests, 5);
    assert_old_runs(f);
}

/* A hundred modems whose server went away at once: no two come back in the same 20 ms, nearly. */
static void l11_a_fleet_does_not_return_as_one(void **state)
{
    struct fixture *f = *state;
    unsigned moments[13] = {0};

    for (unsigned modem = 0; modem < 100; modem++) {
        uint64_t before = f->rig.now_ms;

        f->rig.random = modem;
        f->rig.server.cut_at = 1;
        f->rig.server.cuts = 1;
        assert_int_equal(download(f), 0);
        assert_in_range(f->rig.now_ms - before, 750, 1000);
        moments[(f->rig.now_ms - before - 750) / 20]++;
    }
    for (size_t i = 0; i < 12; i++)
        assert_in_range(moments[i], 1, 30);
}

/* ---- the link -------------------------------------------------------------------------------- */

/* Nothing says that the other side is gone: no FIN, no RST. */
static void l1_a_silent_death_is_a_stall_and_gone_on_from(void **state)
{
    struct fixture *f = *state;

    break_then(f, NULL, 0);
    assert_int_equal(finish(f), 0);
    f->rig.server.silent = true;
    f->limits.attempts = 2;
    assert_int_equal(download(f), FOTA_ERR_STALLED);
    f->rig.server.silent = false;
    assert_int_equal(download(f), 0);
    assert_installs(f);
}

static void l4_any_segment_size_gives_the_same_image(void **state)
{
    static const size_t sizes[] = {1, 536, 1220, 1460, 9000};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        f->rig.server.segment = sizes[i];
        assert_int_equal(download(f), 0);
    }
    assert_installs(f);
}

/* A minute without a network, then it is there again. */
static void l7_a_detach_of_a_minute_is_survived(void **state)
{
    struct fixture *f = *state;
    struct fota_event event;
    uint64_t until_ms;

    break_then(f, NULL, 0);
    f->rig.server.refuse = true;
    until_ms = f->rig.now_ms + 60000;
    f->limits.attempts = 0;
    do {
        if (f->rig.now_ms >= until_ms)
            f->rig.server.refuse = false;
        if (fota_step(f->rig.fota, &event) == FOTA_STEP_WAIT)
            f->rig.now_ms += event.wait_ms;
    } while (event.kind != FOTA_EVENT_END);
    /* Five attempts take 15 s: the call fails, what is there stays, the next one goes on. */
    assert_int_equal(event.fault.error, FOTA_ERR_CONNECT);
    f->rig.server.refuse = false;
    f->rig.server.sent = 0;
    assert_int_equal(download(f), 0);
    assert_true(f->rig.server.sent < f->update.length);
    assert_installs(f);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(h1_after_a_power_cut_at_any_moment_at_most_one_erase_unit_comes_twice),
        T(h2_a_part_that_is_not_the_one_asked_for_starts_again_once),
        T(h2_a_part_that_is_wrong_again_ends_it),
        T(h3_a_server_that_gives_a_byte_a_request_is_given_up),
        T(h3_the_size_may_be_told_by_a_later_answer),
        T(h4_what_is_held_is_read_over_however_long_it_takes),
        T(h4_a_whole_file_that_always_ends_where_we_are_is_given_up),
        T(h5_a_range_behind_the_end_starts_again),
        T(h5_what_is_complete_is_verified_without_a_request),
        T(h6_the_body_of_a_refusal_is_never_written),
        T(h7_a_weak_etag_is_no_promise_but_the_digest_decides),
        T(h7_an_answer_without_a_validator_is_judged_by_the_digest),
        T(h9_a_file_that_is_overwritten_while_it_is_read_is_fetched_again),
        T(h10_a_connection_that_closes_before_its_length_is_taken_up_again),
        T(h11_chunks_and_no_length_work_because_the_package_says_its_size),
        T(h11_a_file_without_any_length_that_ends_early_is_refused),
        T(h21_retry_after_is_honoured_and_capped),
        T(h21_an_overloaded_server_is_not_asked_for_ever),
        T(h23_one_byte_in_ten_seconds_is_no_download),
        T(h23_what_is_just_fast_enough_arrives),
        T(h23_a_header_that_drips_has_its_limit),
        T(l10_the_whole_has_a_deadline_over_all_attempts_and_pauses),
        T(l10_traffic_has_a_budget_with_an_error_of_its_own),
        T(l10_what_cannot_be_paid_for_is_not_begun),
        T(l10_a_server_that_flaps_a_hundred_times_is_given_up),
        T(l11_a_fleet_does_not_return_as_one),
        T(l1_a_silent_death_is_a_stall_and_gone_on_from),
        T(l4_any_segment_size_gives_the_same_image),
        T(l7_a_detach_of_a_minute_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
