/*
 * The simulated flash: its rules, its power cuts, its file.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fota_error.h"
#include "platform/sim/flash.h"

#define SLOT    0x1000u
#define STAGING 0x3000u
#define JOURNAL 0x5000u
#define UNIT    16u

/* Erase units of 1 KB, 2 KB and 512 bytes; what is outside of the regions is owned by nobody. */
static const struct fota_map small = {
    .name = "small",
    .flash_size = 0x6000,
    .program_unit = UNIT,
    .slot = {SLOT, 0x1000, 0x400},
    .staging = {STAGING, 0x1000, 0x800},
    .journal = {JOURNAL, 0x400, 0x200},
};

struct fixture {
    struct fota_sim_flash *flash;
    struct fota_flash port;
    char path[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int fd;

    if (f == NULL || fota_sim_flash_open(&small, NULL, 1, &f->flash) != 0)
        return -1;
    f->port = fota_sim_flash_port(f->flash);
    snprintf(f->path, sizeof f->path, "/tmp/fota-sim-XXXXXX");
    fd = mkstemp(f->path);
    if (fd < 0)
        return -1;
    close(fd);
    unlink(f->path);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fota_sim_flash_close(f->flash);
    unlink(f->path);
    free(f);
    return 0;
}

static int read_at(struct fixture *f, uint32_t addr, void *data, size_t len)
{
    return f->port.ops->read(f->port.ctx, addr, data, len);
}

static int program(struct fixture *f, uint32_t addr, const void *data, size_t len)
{
    return f->port.ops->program(f->port.ctx, addr, data, len);
}

static int erase(struct fixture *f, uint32_t addr, uint32_t len)
{
    return f->port.ops->erase(f->port.ctx, addr, len);
}

/* Replaces the flash in memory by the one in the fixture's file. */
static int reopen(struct fixture *f, const struct fota_map *map)
{
    int error;

    fota_sim_flash_close(f->flash);
    f->flash = NULL;
    error = fota_sim_flash_open(map, f->path, 1, &f->flash);
    if (error == 0)
        f->port = fota_sim_flash_port(f->flash);
    return error;
}

static struct fota_sim_stats stats_of(const struct fixture *f)
{
    struct fota_sim_stats stats;

    fota_sim_flash_stats(f->flash, &stats);
    return stats;
}

static size_t count_byte(const uint8_t *data, size_t len, uint8_t value)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += data[i] == value;
    return count;
}

/* A refused call: the error, one violation more, its text, and not one cell changed. */
static void assert_refused(struct fixture *f, int result, int error, const char *text)
{
    static uint8_t blank[0x6000];

    memset(blank, 0xFF, sizeof blank);
    assert_int_equal(result, error);
    assert_int_equal(stats_of(f).violations, 1);
    assert_non_null(strstr(fota_sim_flash_violation(f->flash), text));
    assert_memory_equal(fota_sim_flash_cells(f->flash), blank, sizeof blank);
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void a_new_flash_is_erased_and_counts_nothing(void **state)
{
    struct fixture *f = *state;
    struct fota_sim_stats stats = stats_of(f);

    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash), 0x6000, 0xFF), 0x6000);
    assert_int_equal(stats.programs + stats.erases + stats.bytes_read + stats.bytes_programmed, 0);
    assert_int_equal(stats.most_erased + stats.violations, 0);
    assert_string_equal(fota_sim_flash_violation(f->flash), "");
    assert_true(fota_sim_flash_powered(f->flash));
}

static void what_was_programmed_is_read_and_counted_by_unit(void **state)
{
    struct fixture *f = *state;
    uint8_t data[3 * UNIT], back[3 * UNIT];
    struct fota_sim_stats stats;

    memset(data, 0x5A, sizeof data);
    assert_int_equal(program(f, SLOT + UNIT, data, sizeof data), 0);
    assert_int_equal(read_at(f, SLOT + UNIT, back, sizeof back), 0);
    assert_memory_equal(back, data, sizeof data);
    assert_int_equal(fota_sim_flash_cells(f->flash)[SLOT + UNIT - 1], 0xFF);
    assert_int_equal(fota_sim_flash_cells(f->flash)[SLOT + 4 * UNIT], 0xFF);
    stats = stats_of(f);
    assert_int_equal(stats.programs, 3);
    assert_int_equal(stats.bytes_programmed, sizeof data);
    assert_int_equal(stats.bytes_read, sizeof back);
    assert_int_equal(stats.violations, 0);
}

static void reading_takes_any_address_and_length_of_the_flash(void **state)
{
    struct fixture *f = *state;
    uint8_t all[0x6000];

    assert_int_equal(read_at(f, 0, all, sizeof all), 0);
    assert_int_equal(read_at(f, 0x5FFF, all, 1), 0);
    assert_int_equal(read_at(f, 0x6000, all, 0), 0);
    assert_int_equal(stats_of(f).violations, 0);
    assert_refused(f, read_at(f, 0x5FFF, all, 2), FOTA_ERR_FLASH_READ, "past the end");
}

static void reading_at_the_end_of_the_address_space_does_not_wrap(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT];

    assert_refused(f, read_at(f, UINT32_MAX, data, sizeof data), FOTA_ERR_FLASH_READ, "read of 16");
}

static void programming_nothing_changes_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(program(f, SLOT, "", 0), 0);
    assert_int_equal(stats_of(f).programs, 0);
}

static void programming_outside_the_owned_regions_is_refused(void **state)
{
    static const uint32_t places[] = {
        0, SLOT - UNIT, SLOT + 0x1000, STAGING - UNIT, STAGING + 0x1000, 0x6000, UINT32_MAX - 15,
    };
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(program(f, places[i], data, UNIT), FOTA_ERR_FLASH_PROGRAM);
        assert_int_equal(stats_of(f).violations, i + 1);
    }
    assert_int_equal(stats_of(f).programs, 0);
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash), 0x6000, 0xFF), 0x6000);
}

static void programming_a_part_of_a_unit_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};

    assert_refused(f, program(f, SLOT, data, UNIT - 1), FOTA_ERR_FLASH_PROGRAM, "program unit 16");
}

static void programming_at_a_misaligned_address_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};

    assert_refused(f, program(f, SLOT + 8, data, UNIT), FOTA_ERR_FLASH_PROGRAM, "0x1008");
}

static void programming_over_the_end_of_an_erase_unit_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t data[2 * UNIT] = {0};

    assert_refused(f, program(f, SLOT + 0x400 - UNIT, data, sizeof data), FOTA_ERR_FLASH_PROGRAM,
                   "crosses the end");
}

static void programming_a_unit_twice_is_refused_even_with_the_same_data(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0xFF, 0x7F};
    uint8_t zero[UNIT] = {0};

    assert_int_equal(program(f, SLOT, data, UNIT), 0);
    assert_int_equal(program(f, SLOT, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(program(f, SLOT, zero, UNIT), FOTA_ERR_FLASH_PROGRAM);
    assert_memory_equal(fota_sim_flash_cells(f->flash) + SLOT, data, UNIT);
    assert_int_equal(stats_of(f).violations, 2);
    assert_int_equal(stats_of(f).programs, 1);
    assert_non_null(strstr(fota_sim_flash_violation(f->flash), "0x1000 was programmed"));
}

static void one_used_unit_in_the_range_refuses_the_whole_range(void **state)
{
    struct fixture *f = *state;
    uint8_t data[3 * UNIT] = {0};

    assert_int_equal(program(f, SLOT + 2 * UNIT, data, UNIT), 0);
    assert_int_equal(program(f, SLOT, data, sizeof data), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash) + SLOT, 2 * UNIT, 0xFF), 2 * UNIT);
}

static void a_unit_is_programmed_again_after_an_erase(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};

    assert_int_equal(program(f, STAGING, data, UNIT), 0);
    assert_int_equal(erase(f, STAGING, 0x800), 0);
    assert_int_equal(program(f, STAGING, data, UNIT), 0);
    assert_int_equal(stats_of(f).violations, 0);
}

static void erasing_takes_the_unit_of_its_region_and_no_neighbour(void **state)
{
    struct fixture *f = *state;
    uint8_t *cells = fota_sim_flash_cells(f->flash);

    memset(cells, 0, 0x6000);
    assert_int_equal(erase(f, SLOT + 0x400, 0x400), 0);
    assert_int_equal(erase(f, STAGING + 0x800, 0x800), 0);
    assert_int_equal(erase(f, JOURNAL, 0x200), 0);
    assert_int_equal(count_byte(cells, 0x6000, 0xFF), 0x400 + 0x800 + 0x200);
    assert_int_equal(count_byte(cells + SLOT + 0x400, 0x400, 0xFF), 0x400);
    assert_int_equal(count_byte(cells + STAGING + 0x800, 0x800, 0xFF), 0x800);
    assert_int_equal(count_byte(cells + JOURNAL, 0x200, 0xFF), 0x200);
    assert_int_equal(stats_of(f).erases, 3);
}

static void erasing_outside_the_owned_regions_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, erase(f, 0, 0x400), FOTA_ERR_FLASH_ERASE, "outside");
}

static void erasing_anything_but_one_whole_unit_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(erase(f, SLOT + 0x200, 0x400), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(erase(f, SLOT, 0x200), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(erase(f, SLOT, 0x800), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(erase(f, STAGING, 0x400), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(erase(f, SLOT, 0), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(stats_of(f).violations, 5);
    assert_int_equal(stats_of(f).erases, 0);
}

static void wear_is_counted_for_each_erase_unit(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++)
        assert_int_equal(erase(f, JOURNAL + 0x200, 0x200), 0);
    assert_int_equal(erase(f, SLOT, 0x400), 0);
    assert_int_equal(fota_sim_flash_wear(f->flash, JOURNAL + 0x200), 3);
    assert_int_equal(fota_sim_flash_wear(f->flash, JOURNAL + 0x3FF), 3);
    assert_int_equal(fota_sim_flash_wear(f->flash, JOURNAL + 0x1FF), 0);
    assert_int_equal(fota_sim_flash_wear(f->flash, SLOT + 0x3FF), 1);
    assert_int_equal(fota_sim_flash_wear(f->flash, SLOT + 0x400), 0);
    assert_int_equal(fota_sim_flash_wear(f->flash, STAGING), 0);
    assert_int_equal(fota_sim_flash_wear(f->flash, 0), 0);
    assert_int_equal(stats_of(f).most_erased, 3);
}

/* ---- power cuts ----------------------------------------------------------------------------- */

static void the_cut_falls_between_two_units_of_one_call(void **state)
{
    struct fixture *f = *state;
    uint8_t data[4 * UNIT] = {0};

    fota_sim_flash_cut(f->flash, 3, FOTA_SIM_CUT_BEFORE);
    assert_int_equal(program(f, SLOT, data, sizeof data), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash) + SLOT, sizeof data, 0), 2 * UNIT);
    assert_int_equal(stats_of(f).programs, 2);
    assert_int_equal(stats_of(f).violations, 0);
    assert_false(fota_sim_flash_powered(f->flash));
}

static void everything_fails_without_power_and_works_after_it_returns(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};

    fota_sim_flash_power_off(f->flash);
    assert_false(fota_sim_flash_powered(f->flash));
    assert_int_equal(read_at(f, 0, data, 1), FOTA_ERR_FLASH_READ);
    assert_int_equal(program(f, SLOT, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(erase(f, SLOT, 0x400), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(stats_of(f).violations, 0);
    assert_int_equal(fota_sim_flash_cells(f->flash)[SLOT], 0xFF);

    fota_sim_flash_power_on(f->flash);
    assert_true(fota_sim_flash_powered(f->flash));
    assert_int_equal(program(f, SLOT, data, UNIT), 0);
    assert_int_equal(erase(f, SLOT, 0x400), 0);
    assert_int_equal(read_at(f, SLOT, data, UNIT), 0);
}

static void a_cut_fires_once(void **state)
{
    struct fixture *f = *state;

    fota_sim_flash_cut(f->flash, 1, FOTA_SIM_CUT_BEFORE);
    assert_int_equal(erase(f, SLOT, 0x400), FOTA_ERR_FLASH_ERASE);
    fota_sim_flash_power_on(f->flash);
    for (int i = 0; i < 100; i++)
        assert_int_equal(erase(f, SLOT, 0x400), 0);
}

static void a_cut_that_is_taken_back_does_not_fire(void **state)
{
    struct fixture *f = *state;

    fota_sim_flash_cut(f->flash, 1, FOTA_SIM_CUT_AFTER);
    fota_sim_flash_cut(f->flash, 0, FOTA_SIM_CUT_AFTER);
    assert_int_equal(erase(f, SLOT, 0x400), 0);
    assert_true(fota_sim_flash_powered(f->flash));
}

static void reads_and_refused_calls_are_no_operations(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};

    fota_sim_flash_cut(f->flash, 1, FOTA_SIM_CUT_BEFORE);
    assert_int_equal(read_at(f, 0, data, UNIT), 0);
    assert_int_equal(program(f, 0, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
    assert_true(fota_sim_flash_powered(f->flash));
    assert_int_equal(erase(f, SLOT, 0x400), FOTA_ERR_FLASH_ERASE);
    assert_false(fota_sim_flash_powered(f->flash));
}

static void a_program_is_cut_as_its_mode_says(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {0};
    uint8_t *cells = fota_sim_flash_cells(f->flash) + SLOT;
    static const struct {
        enum fota_sim_cut mode;
        size_t first, second; /* zero bytes in each half */
    } rows[] = {
        {FOTA_SIM_CUT_BEFORE, 0, 0},
        {FOTA_SIM_CUT_FIRST_HALF, UNIT / 2, 0},
        {FOTA_SIM_CUT_SECOND_HALF, 0, UNIT / 2},
        {FOTA_SIM_CUT_AFTER, UNIT / 2, UNIT / 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fota_sim_flash_power_on(f->flash);
        assert_int_equal(erase(f, SLOT, 0x400), 0);
        fota_sim_flash_cut(f->flash, 1, rows[i].mode);
        assert_int_equal(program(f, SLOT, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
        assert_int_equal(count_byte(cells, UNIT / 2, 0), rows[i].first);
        assert_int_equal(count_byte(cells + UNIT / 2, UNIT / 2, 0), rows[i].second);
        assert_int_equal(count_byte(cells, UNIT, 0xFF), UNIT - rows[i].first - rows[i].second);
    }
    assert_int_equal(stats_of(f).programs, 3); /* the one before which the power failed is none */
}

static void an_erase_is_cut_as_its_mode_says(void **state)
{
    struct fixture *f = *state;
    uint8_t *cells = fota_sim_flash_cells(f->flash) + STAGING;
    static const struct {
        enum fota_sim_cut mode;
        size_t first, second; /* erased bytes in each half */
    } rows[] = {
        {FOTA_SIM_CUT_BEFORE, 0, 0},
        {FOTA_SIM_CUT_FIRST_HALF, 0x400, 0},
        {FOTA_SIM_CUT_SECOND_HALF, 0, 0x400},
        {FOTA_SIM_CUT_AFTER, 0x400, 0x400},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(cells, 0, 0x800);
        fota_sim_flash_power_on(f->flash);
        fota_sim_flash_cut(f->flash, 1, rows[i].mode);
        assert_int_equal(erase(f, STAGING, 0x800), FOTA_ERR_FLASH_ERASE);
        assert_int_equal(count_byte(cells, 0x400, 0xFF), rows[i].first);
        assert_int_equal(count_byte(cells + 0x400, 0x400, 0xFF), rows[i].second);
        assert_int_equal(count_byte(cells, 0x800, 0), 0x800 - rows[i].first - rows[i].second);
    }
    assert_int_equal(fota_sim_flash_wear(f->flash, STAGING), 3);
}

static void a_random_cut_only_clears_bits_of_a_program_and_sets_bits_of_an_erase(void **state)
{
    struct fixture *f = *state;
    uint8_t *cells = fota_sim_flash_cells(f->flash) + SLOT;
    uint8_t data[UNIT];
    size_t torn_programs = 0, torn_erases = 0;

    for (int round = 0; round < 200; round++) {
        uint8_t old[UNIT];

        for (size_t i = 0; i < UNIT; i++)
            data[i] = (uint8_t)(round * 37 + (int)i * 11);
        assert_int_equal(erase(f, SLOT, 0x400), 0);
        fota_sim_flash_cut(f->flash, 1, FOTA_SIM_CUT_RANDOM);
        assert_int_equal(program(f, SLOT, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
        for (size_t i = 0; i < UNIT; i++)
            assert_int_equal(cells[i] & data[i], data[i]);
        torn_programs += memcmp(cells, data, UNIT) != 0 && count_byte(cells, UNIT, 0xFF) < UNIT;
        assert_int_equal(count_byte(cells + UNIT, UNIT, 0xFF), UNIT);

        memcpy(old, cells, UNIT);
        fota_sim_flash_power_on(f->flash);
        fota_sim_flash_cut(f->flash, 1, FOTA_SIM_CUT_RANDOM);
        assert_int_equal(erase(f, SLOT, 0x400), FOTA_ERR_FLASH_ERASE);
        for (size_t i = 0; i < UNIT; i++)
            assert_int_equal(cells[i] & old[i], old[i]);
        torn_erases += memcmp(cells, old, UNIT) != 0 && count_byte(cells, UNIT, 0xFF) < UNIT;
        fota_sim_flash_power_on(f->flash);
    }
    assert_true(torn_programs > 150);
    assert_true(torn_erases > 100);
    assert_int_equal(stats_of(f).violations, 0);
}

static void the_seed_decides_what_a_random_cut_does(void **state)
{
    uint8_t results[3][UNIT];
    static const uint64_t seeds[3] = {7, 7, 8};
    static const uint8_t data[UNIT] = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fota_sim_flash *flash;
        struct fota_flash port;

        assert_int_equal(fota_sim_flash_open(&small, NULL, seeds[i], &flash), 0);
        port = fota_sim_flash_port(flash);
        fota_sim_flash_cut(flash, 1, FOTA_SIM_CUT_RANDOM);
        assert_int_equal(port.ops->program(port.ctx, SLOT, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
        memcpy(results[i], fota_sim_flash_cells(flash) + SLOT, UNIT);
        fota_sim_flash_close(flash);
    }
    assert_memory_equal(results[0], results[1], UNIT);
    assert_memory_not_equal(results[0], results[2], UNIT);
}

static void a_program_unit_of_one_byte_is_cut_inside_the_byte(void **state)
{
    struct fota_map map = small;
    struct fota_sim_flash *flash;
    struct fota_flash port;
    static const uint8_t data[2] = {0};

    (void)state;
    map.program_unit = 1;
    assert_int_equal(fota_sim_flash_open(&map, NULL, 1, &flash), 0);
    port = fota_sim_flash_port(flash);
    fota_sim_flash_cut(flash, 2, FOTA_SIM_CUT_FIRST_HALF);
    assert_int_equal(port.ops->program(port.ctx, SLOT, data, 2), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(fota_sim_flash_cells(flash)[SLOT], 0);
    assert_int_equal(fota_sim_flash_cells(flash)[SLOT + 1], 0xF0);
    fota_sim_flash_power_on(flash);
    fota_sim_flash_cut(flash, 1, FOTA_SIM_CUT_SECOND_HALF);
    assert_int_equal(port.ops->program(port.ctx, SLOT + 2, data, 1), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(fota_sim_flash_cells(flash)[SLOT + 2], 0x0F);
    fota_sim_flash_close(flash);
}

static jmp_buf cut_jump;

static void jump(void *ctx)
{
    ++*(int *)ctx;
    longjmp(cut_jump, 1);
}

static void count(void *ctx)
{
    ++*(int *)ctx;
}

static void the_cut_hook_may_jump_out_of_the_operation(void **state)
{
    struct fixture *f = *state;
    static int calls;
    uint8_t data[4 * UNIT] = {0};

    calls = 0;
    fota_sim_flash_on_cut(f->flash, jump, &calls);
    fota_sim_flash_cut(f->flash, 2, FOTA_SIM_CUT_AFTER);
    if (setjmp(cut_jump) == 0) {
        program(f, SLOT, data, sizeof data);
        fail_msg("the cut did not fire");
    }
    assert_int_equal(calls, 1);
    assert_false(fota_sim_flash_powered(f->flash));
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash) + SLOT, sizeof data, 0), 2 * UNIT);
    fota_sim_flash_power_on(f->flash);
    assert_int_equal(program(f, SLOT + 2 * UNIT, data, 2 * UNIT), 0);
    assert_int_equal(calls, 1);
}

static void the_cut_hook_may_return(void **state)
{
    struct fixture *f = *state;
    int calls = 0;

    fota_sim_flash_on_cut(f->flash, count, &calls);
    fota_sim_flash_cut(f->flash, 1, FOTA_SIM_CUT_AFTER);
    assert_int_equal(erase(f, SLOT, 0x400), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(erase(f, SLOT, 0x400), FOTA_ERR_FLASH_ERASE);
    assert_int_equal(calls, 1);
    assert_false(fota_sim_flash_powered(f->flash));
}

/* ---- the file ------------------------------------------------------------------------------- */

static void a_file_keeps_cells_wear_and_counters(void **state)
{
    struct fixture *f = *state;
    uint8_t data[UNIT] = {1, 2, 3};
    struct fota_sim_stats before, after;

    assert_int_equal(reopen(f, &small), 0);
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash), 0x6000, 0xFF), 0x6000);
    assert_int_equal(erase(f, SLOT + 0x400, 0x400), 0);
    assert_int_equal(program(f, SLOT + 0x400, data, UNIT), 0);
    assert_int_equal(program(f, SLOT + 0x400, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
    before = stats_of(f);

    assert_int_equal(reopen(f, &small), 0);
    after = stats_of(f);
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(fota_sim_flash_wear(f->flash, SLOT + 0x400), 1);
    assert_memory_equal(fota_sim_flash_cells(f->flash) + SLOT + 0x400, data, UNIT);
    assert_non_null(strstr(fota_sim_flash_violation(f->flash), "0x1400"));
    assert_int_equal(program(f, SLOT + 0x400, data, UNIT), FOTA_ERR_FLASH_PROGRAM);
}

static void power_is_back_when_a_file_is_opened_again(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(reopen(f, &small), 0);
    fota_sim_flash_power_off(f->flash);
    assert_int_equal(reopen(f, &small), 0);
    assert_true(fota_sim_flash_powered(f->flash));
}

static void a_file_survives_a_process_that_is_killed(void **state)
{
    struct fixture *f = *state;
    struct fota_sim_stats stats;
    int status, ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint8_t data[0x400] = {0};

        if (reopen(f, &small) != 0)
            _exit(1);
        for (;;)
            if (erase(f, SLOT, 0x400) != 0 || program(f, SLOT, data, sizeof data) != 0 ||
                write(ready[1], "", 1) != 1)
                _exit(1);
    }
    close(ready[1]);
    for (int i = 0; i < 20; i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    close(ready[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    assert_int_equal(reopen(f, &small), 0);
    stats = stats_of(f);
    assert_true(stats.erases >= 20 && stats.programs >= 20 * 0x400 / UNIT);
    assert_in_range(fota_sim_flash_wear(f->flash, SLOT), stats.erases - 1, stats.erases + 1);
    assert_int_equal(stats.violations, 0);
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash), SLOT, 0xFF), SLOT);
}

static void a_file_whose_making_was_interrupted_is_made_again(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[4096];
    FILE *file = fopen(f->path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, file), sizeof zeros);
    fclose(file);
    assert_int_equal(reopen(f, &small), 0);
    assert_int_equal(count_byte(fota_sim_flash_cells(f->flash), 0x6000, 0xFF), 0x6000);
}

static void the_file_of_another_map_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    struct fota_map other;
    uint8_t data[UNIT] = {0};

    assert_int_equal(reopen(f, &small), 0);
    assert_int_equal(program(f, SLOT, data, UNIT), 0);

    other = small;
    other.name = "other";
    assert_int_equal(reopen(f, &other), FOTA_ERR_MAP);
    other = small;
    other.program_unit = 32;
    assert_int_equal(reopen(f, &other), FOTA_ERR_MAP);
    other = small;
    other.slot.size -= other.slot.erase_unit;
    assert_int_equal(reopen(f, &other), FOTA_ERR_MAP);
    other = small;
    other.flash_size += 0x1000;
    assert_int_equal(reopen(f, &other), FOTA_ERR_MAP);

    assert_int_equal(reopen(f, &small), 0);
    assert_memory_equal(fota_sim_flash_cells(f->flash) + SLOT, data, UNIT);
}

static void a_file_that_is_no_flash_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    char text[16] = "";
    FILE *file = fopen(f->path, "wb");

    assert_non_null(file);
    fputs("a letter", file);
    fclose(file);
    assert_int_equal(reopen(f, &small), FOTA_ERR_MAP);
    file = fopen(f->path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text, file), 8);
    fclose(file);
    assert_string_equal(text, "a letter");
}

static void a_path_that_cannot_be_opened_is_an_error(void **state)
{
    struct fixture *f = *state;

    snprintf(f->path, sizeof f->path, "/tmp");
    assert_int_equal(reopen(f, &small), FOTA_ERR_FLASH_READ);
    assert_null(f->flash);
    snprintf(f->path, sizeof f->path, "/tmp/no-such-directory/flash");
    assert_int_equal(reopen(f, &small), FOTA_ERR_FLASH_READ);
    assert_null(f->flash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_flash_is_erased_and_counts_nothing),
        TEST(what_was_programmed_is_read_and_counted_by_unit),
        TEST(reading_takes_any_address_and_length_of_the_flash),
        TEST(reading_at_the_end_of_the_address_space_does_not_wrap),
        TEST(programming_nothing_changes_nothing),
        TEST(programming_outside_the_owned_regions_is_refused),
        TEST(programming_a_part_of_a_unit_is_refused),
        TEST(programming_at_a_misaligned_address_is_refused),
        TEST(programming_over_the_end_of_an_erase_unit_is_refused),
        TEST(programming_a_unit_twice_is_refused_even_with_the_same_data),
        TEST(one_used_unit_in_the_range_refuses_the_whole_range),
        TEST(a_unit_is_programmed_again_after_an_erase),
        TEST(erasing_takes_the_unit_of_its_region_and_no_neighbour),
        TEST(erasing_outside_the_owned_regions_is_refused),
        TEST(erasing_anything_but_one_whole_unit_is_refused),
        TEST(wear_is_counted_for_each_erase_unit),
        TEST(the_cut_falls_between_two_units_of_one_call),
        TEST(everything_fails_without_power_and_works_after_it_returns),
        TEST(a_cut_fires_once),
        TEST(a_cut_that_is_taken_back_does_not_fire),
        TEST(reads_and_refused_calls_are_no_operations),
        TEST(a_program_is_cut_as_its_mode_says),
        TEST(an_erase_is_cut_as_its_mode_says),
        TEST(a_random_cut_only_clears_bits_of_a_program_and_sets_bits_of_an_erase),
        TEST(the_seed_decides_what_a_random_cut_does),
        TEST(a_program_unit_of_one_byte_is_cut_inside_the_byte),
        TEST(the_cut_hook_may_jump_out_of_the_operation),
        TEST(the_cut_hook_may_return),
        TEST(a_file_keeps_cells_wear_and_counters),
        TEST(power_is_back_when_a_file_is_opened_again),
        TEST(a_file_survives_a_process_that_is_killed),
        TEST(a_file_whose_making_was_interrupted_is_made_again),
        TEST(the_file_of_another_map_is_refused_and_kept),
        TEST(a_file_that_is_no_flash_is_refused_and_kept),
        TEST(a_path_that_cannot_be_opened_is_an_error),
    };

    return cmocka_run_group_tests_name("sim flash", tests, NULL, NULL);
}
