/*
 * The journal: its rules (R1 to R6, docs/flash-layout.md) under every cut, with garbage, and with
 * flash that returns errors.
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

static const uint32_t program_units[] = {1, 16, 256, 512, 2048};

#define UNITS (sizeof program_units / sizeof *program_units)

/* What a sequence of writes needs; `map` is the narrowest journal for its program unit. */
struct fixture {
    struct rig rig;
    struct fota_map map;
    struct fota_journal journal;
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    uint32_t written; /* progress of the last record that was reported as written */
    uint32_t goal;
};

static void open_on(struct fixture *f, uint32_t unit)
{
    memset(f, 0, sizeof *f);
    f->map = *rig_map(RIG_MAP_NAND);
    f->map.program_unit = unit;
    f->map.journal.erase_unit = 4096;
    rig_open_blank(&f->rig, &f->map);
}

static void reopen(struct fixture *f)
{
    memset(&f->journal, 0xa5, sizeof f->journal);
    assert_int_equal(fota_journal_open(&f->journal, &f->rig.port, f->page), 0);
}

/* A record whose every field follows from `n`, so that a mixture of two is seen. */
static struct fota_record record(uint32_t n)
{
    struct fota_record r = {
        .state = (uint8_t)(n % 7),
        .tries = (uint8_t)(n * 3),
        .flags = (uint8_t)(n & 1),
        .outcome = (uint8_t)(n % 5),
        .stage = (uint8_t)(n % 10),
        .error = (int16_t) - (int)(n % 140),
        .progress = n,
        .counter = n * 5,
        .from_sequence = n * 7,
        .to_sequence = n * 11,
        .package_size = n * 13,
        .validator = n * UINT64_C(0x100000001),
    };

    memset(r.digest, (int)n, sizeof r.digest);
    return r;
}

static bool holds(const struct fota_journal *journal, uint32_t n)
{
    struct fota_record expected = n ? record(n) : (struct fota_record){0}, got = journal->record;

    return got.state == expected.state && got.tries == expected.tries &&
           got.flags == expected.flags && got.outcome == expected.outcome &&
           got.stage == expected.stage && got.error == expected.error &&
           got.progress == expected.progress && got.counter == expected.counter &&
           got.from_sequence == expected.from_sequence && got.to_sequence == expected.to_sequence &&
           got.package_size == expected.package_size && got.validator == expected.validator &&
           memcmp(got.digest, expected.digest, sizeof got.digest) == 0;
}

static int write_record(struct fixture *f, uint32_t n)
{
    struct fota_record r = record(n);
    uint64_t erases = rig_stats(&f->rig).erases;
    int err = fota_journal_write(&f->journal, &r);

    assert_true(rig_stats(&f->rig).erases - erases <= 1);
    return err;
}

static struct fixture *running; /* rig_run() passes a rig only */

static void write_on(struct rig *rig)
{
    struct fixture *f = running;

    (void)rig;
    while (f->written < f->goal) {
        assert_int_equal(write_record(f, f->written + 1), 0);
        f->written++;
    }
}

static void close_it(struct fixture *f)
{
    assert_int_equal(rig_stats(&f->rig).violations, 0);
    rig_close(&f->rig);
}

static void an_erased_flash_gives_an_idle_record(void **state)
{
    struct fixture f;

    (void)state;
    open_on(&f, 16);
    reopen(&f);
    assert_true(holds(&f.journal, 0));
    close_it(&f);
}

static void the_newest_record_wins_over_any_number_of_writes_and_sessions(void **state)
{
    struct fixture f;

    (void)state;
    for (size_t u = 0; u < UNITS; u++) {
        open_on(&f, program_units[u]);
        reopen(&f);
        for (uint32_t n = 1; n < 300; n++) {
            assert_int_equal(write_record(&f, n), 0);
            assert_true(holds(&f.journal, n));
            if (n % 7 == 0 || n % 11 == 0)
                reopen(&f);
            assert_true(holds(&f.journal, n));
        }
        close_it(&f);
    }
}

static void a_record_may_be_written_from_the_journal_itself(void **state)
{
    struct fixture f;

    (void)state;
    open_on(&f, 256);
    reopen(&f);
    assert_int_equal(write_record(&f, 4), 0);
    assert_int_equal(fota_journal_write(&f.journal, &f.journal.record), 0);
    reopen(&f);
    assert_true(holds(&f.journal, 4));
    close_it(&f);
}

/* R2, R4: what another session left behind is never appended to. */
static void each_session_begins_in_the_other_bank(void **state)
{
    struct fixture f;

    (void)state;
    open_on(&f, 16);
    for (uint32_t n = 1; n < 10; n++) {
        uint8_t bank;

        reopen(&f);
        bank = f.journal.bank;
        assert_int_equal(write_record(&f, n), 0);
        assert_true(n == 1 || f.journal.bank != bank);
        assert_int_equal(write_record(&f, n + 1), 0);
    }
    assert_int_equal(rig_stats(&f.rig).erases, 9);
    close_it(&f);
}

/* R1: a snapshot without a seal may be one whose programming never finished. */
/* A NAND page of which a cut left less than its code can correct. */
static void an_unreadable_record_does_not_stop_the_boot(void **state)
{
    struct fixture f;

    (void)state;
    for (unsigned slot = 0; slot < 4; slot++) {
        open_on(&f, 256);
        reopen(&f);
        for (uint32_t n = 1; n <= 2; n++)
            assert_int_equal(write_record(&f, n), 0);
        reopen(&f);
        f.goal = 5;
        f.written = 2;
        running = &f;
        /* erase, snapshot, seal, record */
        fota_sim_flash_cut(f.rig.flash, 1 + slot, FOTA_SIM_CUT_UNREADABLE);
        assert_false(rig_run(&f.rig, write_on));
        reopen(&f);
        assert_true(holds(&f.journal, f.written) || holds(&f.journal, f.written + 1));
        assert_int_equal(write_record(&f, 50), 0);
        reopen(&f);
        assert_true(holds(&f.journal, 50));
        close_it(&f);
    }
}

static void a_snapshot_without_a_seal_does_not_count(void **state)
{
    struct fixture f;
    uint8_t *cells;

    (void)state;
    open_on(&f, 256);
    reopen(&f);
    assert_int_equal(write_record(&f, 1), 0);
    reopen(&f);
    assert_int_equal(write_record(&f, 2), 0);
    cells = fota_sim_flash_cells(f.rig.flash) + f.map.journal.offset +
            f.journal.bank * f.map.journal.erase_unit;
    memset(cells + f.journal.slot_size, 0xff, f.journal.slot_size);
    reopen(&f);
    assert_true(holds(&f.journal, 1));
    close_it(&f);
}

static void random_banks_give_an_idle_record_that_can_be_written_over(void **state)
{
    struct fixture f;
    uint64_t seed = 5;

    (void)state;
    open_on(&f, 512);
    for (int i = 0; i < 200; i++) {
        uint8_t *cells = fota_sim_flash_cells(f.rig.flash) + f.map.journal.offset;

        for (uint32_t k = 0; k < f.map.journal.size; k++)
            cells[k] = i == 0 ? 0 : (uint8_t)rig_random(&seed);
        reopen(&f);
        assert_true(holds(&f.journal, 0));
        assert_int_equal(write_record(&f, 3), 0);
        reopen(&f);
        assert_true(holds(&f.journal, 3));
    }
    close_it(&f);
}

static void every_flipped_bit_of_the_newest_record_gives_the_one_before(void **state)
{
    struct fixture f;

    (void)state;
    open_on(&f, 16);
    reopen(&f);
    assert_int_equal(write_record(&f, 1), 0);
    assert_int_equal(write_record(&f, 2), 0);
    for (uint32_t bit = 0; bit < 96 * 8; bit++) {
        uint32_t addr = f.map.journal.offset + 2 * f.journal.slot_size + bit / 8;

        rig_damage(&f.rig, addr, (uint8_t)(1u << bit % 8));
        assert_int_equal(fota_journal_open(&f.journal, &f.rig.port, f.page), 0);
        assert_true(holds(&f.journal, 1));
        rig_damage(&f.rig, addr, (uint8_t)(1u << bit % 8));
    }
    close_it(&f);
}

/* ---- power cuts ------------------------------------------------------------------------------ */

/* Two sessions, then the cut in the third; small program units fill the banks at
 * different times. */
static uint64_t play(struct fixture *f, uint32_t unit, uint64_t cut, int mode)
{
    uint64_t before;

    open_on(f, unit);
    running = f;
    for (int session = 0; session < 2; session++) {
        reopen(f);
        f->goal += 3;
        write_on(&f->rig);
    }
    reopen(f);
    f->goal += unit == 1 ? 3 : 44; /* over the end of a bank where that is near */
    before = rig_stats(&f->rig).programs + rig_stats(&f->rig).erases;
    if (cut)
        fota_sim_flash_cut(f->rig.flash, cut, (enum fota_sim_cut)mode);
    assert_int_equal(rig_run(&f->rig, write_on), cut == 0);
    assert_int_equal(f->rig.fired, cut != 0);
    return rig_stats(&f->rig).programs + rig_stats(&f->rig).erases - before;
}

static void a_cut_anywhere_leaves_the_old_record_or_the_new_one(void **state)
{
    unsigned doubts = 0;
    struct fixture f;

    (void)state;
    for (size_t u = 0; u < UNITS; u++) {
        uint64_t operations = play(&f, program_units[u], 0, 0);

        close_it(&f);
        assert_true(operations > 0);
        for (uint64_t cut = 1; cut <= operations; cut++) {
            for (int mode = 0; mode < FOTA_SIM_CUTS; mode++) {
                bool new, doubtful;

                play(&f, program_units[u], cut, mode);
                fota_sim_flash_seed(f.rig.flash, cut);
                reopen(&f);
                new = holds(&f.journal, f.written + 1);
                assert_true(new || holds(&f.journal, f.written));
                /* A second look sees the same, unless there was a doubt about it. */
                doubtful = f.journal.doubtful;
                doubts += doubtful && new;
                reopen(&f);
                assert_true(holds(&f.journal, f.written + new) ||
                            (mode > FOTA_SIM_CUT_AFTER && holds(&f.journal, f.written + !new) &&
                             (doubtful || !new)));
                assert_int_equal(write_record(&f, 99), 0);
                reopen(&f);
                assert_true(holds(&f.journal, 99));
                close_it(&f);
            }
        }
    }
    assert_true(doubts > 0);
}

/* A cut, then another one in the write that follows: the pair that finds a missing seal. */
static void two_cuts_leave_one_of_the_records_that_were_written(void **state)
{
    uint64_t seed = 17;
    struct fixture f;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint32_t unit = program_units[1 + rig_random(&seed) % (UNITS - 1)];
        uint32_t seen, durable;

        play(&f, unit, 1 + rig_random(&seed) % 20, (int)(rig_random(&seed) % FOTA_SIM_CUTS));
        reopen(&f);
        seen = f.journal.record.progress;
        durable = f.written;
        assert_true(seen == durable || seen == durable + 1);
        for (int k = 0; k < 2; k++) {
            f.written = seen;
            f.goal = seen + 4;
            fota_sim_flash_cut(f.rig.flash, 1 + rig_random(&seed) % 12,
                               (enum fota_sim_cut)(rig_random(&seed) % FOTA_SIM_CUTS));
            rig_run(&f.rig, write_on);
            fota_sim_flash_cut(f.rig.flash, 0, FOTA_SIM_CUT_BEFORE);
            if (f.written > seen)
                durable = f.written;
            reopen(&f);
            seen = f.journal.record.progress;
            /* What was seen and never written again may be gone; what was written is not. */
            assert_true(seen >= durable && seen <= f.written + 1 && holds(&f.journal, seen));
        }
        close_it(&f);
    }
}

/* ---- returned errors ------------------------------------------------------------------------- */

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

static void an_operation_that_fails_leaves_the_old_record_and_the_next_write_works(void **state)
{
    static const int results[] = {FOTA_ERR_FLASH_PROGRAM, 1 /* silently not done */};
    struct fixture f;

    (void)state;
    for (size_t u = 0; u < 2 * UNITS; u++) {
        bool done = false;

        for (uint64_t at = 1; !done; at++) {
            struct failing failing = {at, 0, results[u % 2]};

            open_on(&f, program_units[u / 2]);
            f.rig.hook = &failing;
            for (uint32_t n = 1; n < 8; n++) {
                int err;

                if (n % 3 == 1)
                    reopen(&f);
                f.rig.before = fail_once;
                err = write_record(&f, n);
                f.rig.before = NULL;
                if (err) {
                    assert_int_equal(err, FOTA_ERR_JOURNAL);
                    assert_true(holds(&f.journal, n - 1));
                    if (at % 2) {
                        reopen(&f);
                        assert_true(holds(&f.journal, n - 1));
                    }
                    assert_int_equal(write_record(&f, n), 0);
                }
                assert_true(holds(&f.journal, n));
            }
            reopen(&f);
            assert_true(holds(&f.journal, 7));
            done = failing.seen < at;
            rig_close(&f.rig);
        }
    }
}

/* A bit that never changes any more, wherever it is: the pair of slots, or the slot, is left
 * behind.
 */
static void a_dead_cell_anywhere_ends_no_writing(void **state)
{
    struct fixture f;

    (void)state;
    for (size_t u = 0; u < UNITS; u++) {
        bool fired = program_units[u] < 1024; /* else a bank has room for one pair only */

        for (uint64_t at = 1; fired; at++) {
            open_on(&f, program_units[u]);
            fota_sim_flash_fail(f.rig.flash, at, 1, FOTA_SIM_FAULT_STUCK);
            for (uint32_t n = 1; n < 40; n++) {
                if (n % 3 == 1)
                    reopen(&f);
                assert_int_equal(write_record(&f, n), 0);
                if (n % 4 == 0)
                    reopen(&f);
                assert_true(holds(&f.journal, n));
            }
            fired = fota_sim_flash_failed(f.rig.flash) == 1 && at < 2000;
            close_it(&f);
        }
    }
}

/* The same, and then a power cut at any operation of a session. */
static void a_cut_beside_a_dead_cell_leaves_the_old_record_or_the_new_one(void **state)
{
    struct fixture f;
    uint64_t seed = 23;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint32_t unit = program_units[1 + rig_random(&seed) % 3];

        open_on(&f, unit);
        running = &f;
        fota_sim_flash_fail(f.rig.flash, 1 + rig_random(&seed) % 24, 1, FOTA_SIM_FAULT_STUCK);
        for (int session = 0; session < 4; session++) {
            reopen(&f);
            f.goal += 2;
            write_on(&f.rig);
        }
        reopen(&f);
        f.goal += 3;
        fota_sim_flash_cut(f.rig.flash, 1 + rig_random(&seed) % 8,
                           (enum fota_sim_cut)(rig_random(&seed) % FOTA_SIM_CUTS));
        rig_run(&f.rig, write_on);
        fota_sim_flash_cut(f.rig.flash, 0, FOTA_SIM_CUT_BEFORE);
        reopen(&f);
        assert_true(holds(&f.journal, f.written) || holds(&f.journal, f.written + 1));
        assert_int_equal(write_record(&f, 99), 0);
        reopen(&f);
        assert_true(holds(&f.journal, 99));
        close_it(&f);
    }
}

static int no_reads(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    (void)rig, (void)addr, (void)len;
    return op == RIG_READ ? FOTA_ERR_FLASH_READ : 0;
}

static void a_journal_that_cannot_be_read_is_an_error(void **state)
{
    struct fixture f;

    (void)state;
    open_on(&f, 16);
    f.rig.before = no_reads;
    assert_int_equal(fota_journal_open(&f.journal, &f.rig.port, f.page), FOTA_ERR_FLASH_READ);
    close_it(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_erased_flash_gives_an_idle_record),
        cmocka_unit_test(the_newest_record_wins_over_any_number_of_writes_and_sessions),
        cmocka_unit_test(a_record_may_be_written_from_the_journal_itself),
        cmocka_unit_test(each_session_begins_in_the_other_bank),
        cmocka_unit_test(an_unreadable_record_does_not_stop_the_boot),
        cmocka_unit_test(a_snapshot_without_a_seal_does_not_count),
        cmocka_unit_test(random_banks_give_an_idle_record_that_can_be_written_over),
        cmocka_unit_test(every_flipped_bit_of_the_newest_record_gives_the_one_before),
        cmocka_unit_test(a_cut_anywhere_leaves_the_old_record_or_the_new_one),
        cmocka_unit_test(two_cuts_leave_one_of_the_records_that_were_written),
        cmocka_unit_test(an_operation_that_fails_leaves_the_old_record_and_the_next_write_works),
        cmocka_unit_test(a_dead_cell_anywhere_ends_no_writing),
        cmocka_unit_test(a_cut_beside_a_dead_cell_leaves_the_old_record_or_the_new_one),
        cmocka_unit_test(a_journal_that_cannot_be_read_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
