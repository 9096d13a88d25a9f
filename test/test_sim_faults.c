/*
 * The simulated flash: what a cut leaves in cells beside their value, and operations that fail with
 * the power on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
#include "platform/sim/flash.h"

#define SLOT  0x1000u
#define UNIT  16u
#define ERASE 0x400u
#define LOOKS 200 /* after which an unstable bit has surely shown both values */

static const struct fota_map small = {
    .name = "small",
    .flash_size = 0x6000,
    .program_unit = UNIT,
    .slot = {SLOT, 0x1000, ERASE},
    .staging = {0x3000, 0x1000, 0x800},
    .journal = {0x5000, 0x400, 0x200},
};

static struct fota_sim_flash *flash;
static struct fota_flash port;

static int setup(void **state)
{
    (void)state;
    if (fota_sim_flash_open(&small, NULL, 1, &flash) != 0)
        return -1;
    port = fota_sim_flash_port(flash);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fota_sim_flash_close(flash);
    return 0;
}

static int program(uint32_t addr, uint8_t value)
{
    uint8_t data[UNIT];

    memset(data, value, sizeof data);
    return port.ops->program(port.ctx, addr, data, sizeof data);
}

static int erase(uint32_t addr)
{
    return port.ops->erase(port.ctx, addr, ERASE);
}

/* Reads a unit again and again; gives the bits that were seen to differ, of all bytes. */
static unsigned differing_bits(uint32_t addr, unsigned looks)
{
    uint8_t first[UNIT], now[UNIT], seen[UNIT] = {0};
    unsigned bits = 0;

    assert_int_equal(port.ops->read(port.ctx, addr, first, UNIT), 0);
    for (unsigned i = 0; i < looks; i++) {
        assert_int_equal(port.ops->read(port.ctx, addr, now, UNIT), 0);
        for (size_t k = 0; k < UNIT; k++)
            seen[k] |= first[k] ^ now[k];
    }
    for (size_t k = 0; k < UNIT; k++)
        for (unsigned b = 0; b < 8; b++)
            bits += seen[k] >> b & 1;
    return bits;
}

static void cut(enum fota_sim_cut mode)
{
    fota_sim_flash_cut(flash, 1, mode);
}

/* An erase ends whatever a cut left, and the unit works again. */
static void assert_cured(void)
{
    fota_sim_flash_power_on(flash);
    assert_int_equal(erase(SLOT), 0);
    assert_int_equal(fota_sim_flash_doubtful(flash, SLOT, ERASE), 0);
    assert_int_equal(program(SLOT, 0x3C), 0);
    assert_int_equal(differing_bits(SLOT, LOOKS), 0);
    assert_int_equal(fota_sim_flash_cells(flash)[SLOT], 0x3C);
}

static void unstable_bits_read_differently_until_the_erase(void **state)
{
    bool many = false, one = false;

    (void)state;
    for (int i = 0; i < 20; i++) {
        unsigned bits;

        fota_sim_flash_power_on(flash);
        assert_int_equal(erase(SLOT), 0);
        cut(FOTA_SIM_CUT_UNSTABLE);
        assert_int_equal(program(SLOT, 0x00), FOTA_ERR_FLASH_PROGRAM);
        fota_sim_flash_power_on(flash);
        bits = differing_bits(SLOT, LOOKS);
        assert_true(bits > 0);
        many = many || bits > 16;
        one = one || (bits == 1 && fota_sim_flash_cells(flash)[SLOT] == 0xFF);
    }
    assert_true(many && one);
    assert_true(fota_sim_flash_doubtful(flash, SLOT, ERASE) > 0);
    assert_int_equal(differing_bits(SLOT + UNIT, LOOKS), 0);
    assert_cured();
}

static void an_unstable_erase_is_not_erased(void **state)
{
    (void)state;
    assert_int_equal(program(SLOT, 0x00), 0);
    cut(FOTA_SIM_CUT_UNSTABLE);
    assert_int_equal(erase(SLOT), FOTA_ERR_FLASH_ERASE);
    fota_sim_flash_power_on(flash);
    assert_true(differing_bits(SLOT, LOOKS) > 0);
    assert_int_equal(program(SLOT, 0x55), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(differing_bits(SLOT + UNIT, LOOKS), 0);
    assert_cured();
}

static void a_marginal_program_reads_right_at_first(void **state)
{
    uint8_t data[UNIT];

    (void)state;
    cut(FOTA_SIM_CUT_MARGINAL);
    assert_int_equal(program(SLOT, 0x5A), FOTA_ERR_FLASH_PROGRAM);
    fota_sim_flash_power_on(flash);
    assert_int_equal(port.ops->read(port.ctx, SLOT, data, UNIT), 0);
    for (size_t i = 0; i < UNIT; i++)
        assert_int_equal(data[i], 0x5A);
    assert_true(fota_sim_flash_doubtful(flash, SLOT, UNIT) > 0);
    assert_true(differing_bits(SLOT, LOOKS) > 0);
    assert_cured();
}

static void a_marginal_erase_reads_blank_and_does_not_hold(void **state)
{
    (void)state;
    assert_int_equal(program(SLOT, 0x00), 0);
    cut(FOTA_SIM_CUT_MARGINAL);
    assert_int_equal(erase(SLOT), FOTA_ERR_FLASH_ERASE);
    fota_sim_flash_power_on(flash);
    assert_int_equal(differing_bits(SLOT, LOOKS), 0);
    assert_int_equal(fota_sim_flash_cells(flash)[SLOT], 0xFF);
    assert_int_equal(program(SLOT, 0xF0), 0);
    assert_true(differing_bits(SLOT, LOOKS) > 0);
    assert_cured();
}

static void one_unstable_bit_is_exactly_one(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        cut(FOTA_SIM_CUT_ONE_UNSTABLE);
        assert_int_equal(program(SLOT, 0x81), FOTA_ERR_FLASH_PROGRAM);
        fota_sim_flash_power_on(flash);
        assert_int_equal(differing_bits(SLOT, LOOKS), 1);
        assert_int_equal(fota_sim_flash_doubtful(flash, SLOT, ERASE), 1);
        assert_cured();
        assert_int_equal(erase(SLOT), 0);
    }
}

static void an_unreadable_unit_fails_reads_until_the_erase(void **state)
{
    uint8_t data[2 * UNIT];

    (void)state;
    cut(FOTA_SIM_CUT_UNREADABLE);
    assert_int_equal(program(SLOT, 0x00), FOTA_ERR_FLASH_PROGRAM);
    fota_sim_flash_power_on(flash);
    assert_int_equal(port.ops->read(port.ctx, SLOT + UNIT - 1, data, 2), FOTA_ERR_FLASH_ECC);
    assert_int_equal(port.ops->read(port.ctx, SLOT + UNIT, data, UNIT), 0);
    assert_int_equal(program(SLOT, 0x00), FOTA_ERR_FLASH_PROGRAM);
    assert_cured();
}

static void a_fault_hits_the_operation_it_was_planned_for(void **state)
{
    (void)state;
    for (int fault = 0; fault < FOTA_SIM_FAULT_READ; fault++) {
        int error = fault == FOTA_SIM_FAULT_SILENT || fault == FOTA_SIM_FAULT_STUCK
                        ? 0
                        : FOTA_ERR_FLASH_PROGRAM;
        uint64_t before = fota_sim_flash_failed(flash);

        assert_int_equal(erase(SLOT), 0);
        fota_sim_flash_fail(flash, 3, 1, (enum fota_sim_fault)fault);
        assert_int_equal(program(SLOT, 0), 0);
        assert_int_equal(program(SLOT + UNIT, 0), 0);
        assert_int_equal(program(SLOT + 2 * UNIT, 0), error);
        assert_int_equal(program(SLOT + 3 * UNIT, 0), 0);
        assert_int_equal(fota_sim_flash_failed(flash), before + 1);
        assert_int_equal(fota_sim_flash_cells(flash)[SLOT + UNIT], 0);
        assert_int_equal(fota_sim_flash_cells(flash)[SLOT + 3 * UNIT], 0);
    }
}

static void faults_do_what_they_say(void **state)
{
    static const uint8_t after[] = {0xFF, 0, 0, 0xFF, 0x01};
    uint8_t *cells = fota_sim_flash_cells(flash) + SLOT;

    (void)state;
    for (int fault = 0; fault < FOTA_SIM_FAULT_READ; fault++) {
        assert_int_equal(erase(SLOT), 0);
        fota_sim_flash_fail(flash, 1, 1, (enum fota_sim_fault)fault);
        program(SLOT, 0);
        if (fault != FOTA_SIM_FAULT_TORN)
            assert_int_equal(cells[0], after[fault]);
    }
    /* The bit that stuck is stuck: an erase and other programs do not move it. */
    assert_int_equal(erase(SLOT), 0);
    assert_int_equal(program(SLOT, 0), 0);
    assert_int_equal(cells[0], 0x01);
    assert_int_equal(cells[1], 0x00);
}

static void what_a_silent_erase_left_takes_only_zeros(void **state)
{
    (void)state;
    assert_int_equal(program(SLOT, 0xF0), 0);
    fota_sim_flash_fail(flash, 1, 1, FOTA_SIM_FAULT_SILENT);
    assert_int_equal(erase(SLOT), 0);
    assert_int_equal(program(SLOT, 0x3C), 0);
    assert_int_equal(fota_sim_flash_cells(flash)[SLOT], 0x30);
}

static void reads_fail_as_often_as_planned(void **state)
{
    uint8_t data;

    (void)state;
    fota_sim_flash_fail(flash, 2, 2, FOTA_SIM_FAULT_READ);
    assert_int_equal(port.ops->read(port.ctx, SLOT, &data, 1), 0);
    assert_int_equal(program(SLOT, 0), 0);
    assert_int_equal(port.ops->read(port.ctx, SLOT, &data, 1), FOTA_ERR_FLASH_READ);
    assert_int_equal(port.ops->read(port.ctx, SLOT, &data, 1), FOTA_ERR_FLASH_READ);
    assert_int_equal(port.ops->read(port.ctx, SLOT, &data, 1), 0);
    assert_int_equal(fota_sim_flash_failed(flash), 2);
}

static void every_mode_and_fault_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < FOTA_SIM_CUTS; i++)
        assert_true(fota_sim_cut_name((enum fota_sim_cut)i)[0] != '\0');
    for (int i = 0; i < FOTA_SIM_FAULTS; i++)
        assert_true(fota_sim_fault_name((enum fota_sim_fault)i)[0] != '\0');
    assert_string_equal(fota_sim_cut_name(FOTA_SIM_CUTS), "");
    assert_string_equal(fota_sim_fault_name(FOTA_SIM_FAULTS), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(unstable_bits_read_differently_until_the_erase),
        TEST(an_unstable_erase_is_not_erased),
        TEST(a_marginal_program_reads_right_at_first),
        TEST(a_marginal_erase_reads_blank_and_does_not_hold),
        TEST(one_unstable_bit_is_exactly_one),
        TEST(an_unreadable_unit_fails_reads_until_the_erase),
        TEST(a_fault_hits_the_operation_it_was_planned_for),
        TEST(faults_do_what_they_say),
        TEST(what_a_silent_erase_left_takes_only_zeros),
        TEST(reads_fail_as_often_as_planned),
        TEST(every_mode_and_fault_has_a_name),
    };

    return cmocka_run_group_tests_name("sim faults", tests, NULL, NULL);
}
