/*
 * Raw NAND with bad blocks: what the engine sees is whole, whichever blocks fail and wherever the
 * power does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/nand/nand.h"
#include "rig.h"

#define PAGE   2048u
#define PAGES  4u
#define BLOCKS 26u /* RIG_MAP_BLOCKS has 208 KB */
#define SPARES 6u
#define ALL    (BLOCKS + SPARES + 2u)

struct chip {
    uint8_t cells[ALL][PAGES][PAGE];
    uint8_t next[ALL]; /* page to be programmed next; PAGES: none before an erase */
    bool factory_bad[ALL], marked[ALL];
    bool erase_fails[ALL];
    uint8_t program_fails[ALL]; /* bit: page */
    uint8_t ecc_fails[ALL];     /* bit: page */
    uint64_t operations, cut_at;
    unsigned violations;
    struct rig *rig; /* whose power it is; NULL: nobody's */
};

/* The power fails in the middle of the operation. */
static bool cut_now(struct chip *c)
{
    return ++c->operations == c->cut_at && c->rig;
}

static void lose_power(struct chip *c)
{
    c->rig->fired = true;
    longjmp(c->rig->cut, 1);
}

static int chip_read(void *ctx, uint32_t block, uint32_t page, void *data)
{
    struct chip *c = ctx;

    if (c->ecc_fails[block] & 1u << page)
        return FOTA_ERR_FLASH_ECC;
    memcpy(data, c->cells[block][page], PAGE);
    return 0;
}

static int chip_program(void *ctx, uint32_t block, uint32_t page, const void *data)
{
    struct chip *c = ctx;

    if (page != c->next[block])
        c->violations++;
    c->next[block] = (uint8_t)(page + 1);
    if (cut_now(c)) {
        memcpy(c->cells[block][page], data, PAGE / 2);
        lose_power(c);
    }
    if (c->program_fails[block] & 1u << page) {
        memset(c->cells[block][page], 0x55, PAGE);
        return FOTA_ERR_FLASH_PROGRAM;
    }
    memcpy(c->cells[block][page], data, PAGE);
    return 0;
}

static int chip_erase(void *ctx, uint32_t block)
{
    struct chip *c = ctx;

    c->violations += c->factory_bad[block];
    if (cut_now(c)) {
        memset(c->cells[block], 0xff, sizeof c->cells[block] / 2);
        c->next[block] = PAGES;
        lose_power(c);
    }
    if (c->erase_fails[block])
        return FOTA_ERR_FLASH_ERASE;
    memset(c->cells[block], 0xff, sizeof c->cells[block]);
    c->next[block] = 0;
    return 0;
}

static int chip_is_bad(void *ctx, uint32_t block)
{
    struct chip *c = ctx;

    return c->factory_bad[block] || c->marked[block];
}

static int chip_mark_bad(void *ctx, uint32_t block)
{
    ((struct chip *)ctx)->marked[block] = true;
    return 0;
}

static const struct fota_nand_ops ops = {chip_read, chip_program, chip_erase, chip_is_bad,
                                         chip_mark_bad};

static struct chip *chip;
static struct fota_nand nand;
static struct fota_flash flash;

static void start(void)
{
    const struct fota_nand_part part = {&ops, chip, PAGE, PAGES, BLOCKS, SPARES};

    assert_int_equal(fota_nand_open(&nand, &part), 0);
    flash = fota_nand_flash(&nand);
}

static int setup(void **state)
{
    (void)state;
    chip = calloc(1, sizeof *chip);
    if (!chip)
        return -1;
    memset(chip->cells, 0xff, sizeof chip->cells);
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(chip->violations, 0);
    free(chip);
    return 0;
}

static void fill(uint8_t *page, uint8_t value)
{
    for (size_t i = 0; i < PAGE; i++)
        page[i] = (uint8_t)(value + i);
}

static int program(uint32_t block, uint32_t page, uint8_t value)
{
    uint8_t data[PAGE];

    fill(data, value);
    return flash.ops->program(flash.ctx, (block * PAGES + page) * PAGE, data, PAGE);
}

static int erase(uint32_t block)
{
    return flash.ops->erase(flash.ctx, block * PAGES * PAGE, PAGES * PAGE);
}

static void assert_holds(uint32_t block, uint32_t page, uint8_t value)
{
    uint8_t data[PAGE], expected[PAGE];

    fill(expected, value);
    assert_int_equal(flash.ops->read(flash.ctx, (block * PAGES + page) * PAGE, data, PAGE), 0);
    assert_memory_equal(data, expected, PAGE);
}

/* ---- the layer ------------------------------------------------------------------------------- */

static void a_page_that_cannot_be_programmed_takes_its_block_along(void **state)
{
    (void)state;
    chip->program_fails[3] = 1u << 2;
    assert_int_equal(erase(3), 0);
    for (uint32_t page = 0; page < PAGES; page++)
        assert_int_equal(program(3, page, (uint8_t)(10 + page)), 0);
    for (int i = 0; i < 2; i++) {
        for (uint32_t page = 0; page < PAGES; page++)
            assert_holds(3, page, (uint8_t)(10 + page));
        start(); /* a new power session finds it, too */
    }
    assert_true(chip->marked[3]);
    assert_int_equal(fota_nand_spares_left(&nand), SPARES - 1);
}

static void a_block_that_cannot_be_erased_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(erase(5), 0);
    assert_int_equal(program(5, 0, 1), 0);
    chip->erase_fails[5] = true;
    assert_int_equal(erase(5), 0);
    assert_int_equal(program(5, 0, 2), 0);
    start();
    assert_holds(5, 0, 2);
}

static void a_block_that_the_factory_marked_is_never_touched(void **state)
{
    (void)state;
    chip->factory_bad[7] = chip->factory_bad[BLOCKS] = true;
    assert_int_equal(erase(7), 0);
    assert_int_equal(program(7, 0, 3), 0);
    start();
    assert_holds(7, 0, 3);
    assert_int_equal(fota_nand_spares_left(&nand), SPARES - 2);
}

static void a_spare_block_that_fails_is_replaced_by_the_next(void **state)
{
    (void)state;
    chip->erase_fails[2] = true;
    chip->erase_fails[BLOCKS] = true;
    chip->program_fails[BLOCKS + 1] = 1u << 1;
    assert_int_equal(erase(2), 0);
    for (uint32_t page = 0; page < PAGES; page++)
        assert_int_equal(program(2, page, (uint8_t)page), 0);
    start();
    for (uint32_t page = 0; page < PAGES; page++)
        assert_holds(2, page, (uint8_t)page);
    assert_int_equal(fota_nand_spares_left(&nand), SPARES - 3);
}

static void without_a_spare_block_the_error_is_told(void **state)
{
    (void)state;
    for (uint32_t block = 0; block < SPARES; block++) {
        chip->erase_fails[block] = true;
        assert_int_equal(erase(block), 0);
    }
    assert_int_equal(fota_nand_spares_left(&nand), 0);
    chip->erase_fails[20] = true;
    assert_int_equal(erase(20), FOTA_ERR_FLASH_ERASE);
    chip->program_fails[21] = 1;
    assert_int_equal(erase(21), 0);
    assert_int_equal(program(21, 0, 1), FOTA_ERR_FLASH_PROGRAM);
}

static void what_its_code_cannot_correct_is_an_error_of_its_own(void **state)
{
    uint8_t byte;

    (void)state;
    assert_int_equal(erase(4), 0);
    assert_int_equal(program(4, 0, 1), 0);
    assert_holds(4, 0, 1);
    start();
    chip->ecc_fails[4] = 1;
    assert_int_equal(flash.ops->read(flash.ctx, 4 * PAGES * PAGE + 7, &byte, 1),
                     FOTA_ERR_FLASH_ECC);
    /* A block with such a page cannot be moved: the old one stays. */
    chip->program_fails[4] = 1u << 1;
    assert_int_equal(program(4, 1, 1), FOTA_ERR_FLASH_PROGRAM);
    /* An erase makes it good again. */
    chip->ecc_fails[4] = chip->program_fails[4] = 0;
    assert_int_equal(erase(4), 0);
    assert_int_equal(program(4, 0, 9), 0);
    assert_holds(4, 0, 9);
}

static void a_table_of_many_pages_is_found_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SPARES; i++) {
        chip->erase_fails[i] = true;
        assert_int_equal(erase(i), 0);
        assert_int_equal(program(i, 0, (uint8_t)i), 0);
        if (i % 2)
            start();
    }
    start();
    for (uint32_t i = 0; i < SPARES; i++)
        assert_holds(i, 0, (uint8_t)i);
}

/* The first page of the table's second block: pairs of pages, the newer behind the older. */
static uint8_t *table_page(uint32_t page)
{
    return chip->cells[BLOCKS + SPARES + 1][page];
}

static void replace_one(uint32_t block)
{
    assert_int_equal(erase(block), 0);
    assert_int_equal(program(block, 0, 1), 0);
    chip->erase_fails[block] = true;
    assert_int_equal(erase(block), 0);
    assert_int_equal(program(block, 0, 2), 0);
}

/* Programming it may not have finished: it could read as something else the next time. */
static void a_table_without_its_second_page_does_not_count(void **state)
{
    (void)state;
    replace_one(5);
    assert_memory_equal(table_page(0), table_page(1), PAGE);
    memset(table_page(1), 0xff, PAGE);
    start();
    assert_int_equal(fota_nand_block(&nand, 5), 5);
    assert_holds(5, 0, 1);
}

/* Its sequence, too: what it says is then read from the page before it in its pair. */
static void a_table_with_a_flipped_bit_anywhere_does_not_count(void **state)
{
    struct chip *copy = malloc(sizeof *copy);

    (void)state;
    assert_non_null(copy);
    replace_one(5);
    replace_one(6);
    memcpy(copy, chip, sizeof *copy);
    for (uint32_t bit = 0; bit < 8 * (12 + 2 * SPARES); bit++) {
        table_page(3)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        start();
        assert_int_equal(nand.sequence, 2);
        assert_true(nand.doubtful);
        assert_holds(6, 0, 2);
        memcpy(chip, copy, sizeof *copy);
    }
    free(copy);
}

/* It may not count at the next start: nothing is written that relies on it. */
static void a_table_whose_second_page_is_torn_is_written_anew_before_anything_else(void **state)
{
    (void)state;
    replace_one(5);
    memset(table_page(1) + PAGE / 2, 0xff, PAGE / 2);
    table_page(1)[9] ^= 1;
    start();
    assert_holds(5, 0, 2);
    assert_int_not_equal(fota_nand_block(&nand, 5), 5);
    assert_int_equal(erase(6), 0);
    assert_memory_equal(table_page(0), table_page(1), PAGE);
    start();
    assert_holds(5, 0, 2);
}

/* ---- a modem on it --------------------------------------------------------------------------- */

static void live(struct rig *rig)
{
    for (int i = 0; i < 6; i++) {
        struct fota_result result;

        start();
        assert_true(rig_restart(rig));
        assert_int_equal(fota_last_result(rig->fota, &result), 0);
        if (result.sequence == 2) {
            assert_int_equal(fota_confirm(rig->fota), 0);
            return;
        }
        assert_int_equal(rig_download(rig), 0);
    }
    fail_msg("a life that does not end");
}

static void open_modem(struct rig *rig)
{
    struct fota_fault fault;
    struct rig_spec spec = {.sequence = 1, .image_length = 20000};

    rig_open_blank(rig, rig_map(RIG_MAP_BLOCKS));
    rig->port.flash = flash;
    rig_package_make(&rig->old, &spec);
    assert_int_equal(
        fota_boot_provision(rig->boot, &rig->config, rig->old.data, rig->old.length, &fault), 0);
}

/* Blocks fail everywhere, and the power does at each operation. */
static void an_update_survives_bad_blocks_and_power_cuts(void **state)
{
    struct rig_spec spec = {.sequence = 2, .image_length = 27000};
    struct chip *base = malloc(sizeof *base);
    struct rig_package update;
    struct rig rig;
    uint64_t operations;

    (void)state;
    assert_non_null(base);
    rig_package_make(&update, &spec);
    open_modem(&rig);
    rig_serve(&rig, &update);
    rig.server.etag = "\"2\"";
    chip->factory_bad[8] = true;          /* of the second slot */
    chip->program_fails[7] = 1u << 3;     /* likewise */
    chip->program_fails[15] = 1u << 2;    /* of the journal */
    chip->erase_fails[14] = true;         /* likewise */
    chip->erase_fails[BLOCKS + 1] = true; /* a spare block */
    memcpy(base, chip, sizeof *base);
    live(&rig);
    operations = chip->operations - base->operations;
    assert_true(fota_nand_spares_left(&nand) < SPARES - 2);
    for (uint64_t at = 1; at <= operations; at++) {
        memcpy(chip, base, sizeof *base);
        chip->rig = &rig;
        chip->cut_at = base->operations + at;
        assert_false(rig_run(&rig, live));
        chip->rig = NULL;
        live(&rig);
        start();
        assert_true(rig_restart(&rig));
        assert_int_equal(chip->violations, 0);
    }
    rig_package_free(&update);
    rig_close(&rig);
    free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_page_that_cannot_be_programmed_takes_its_block_along),
        TEST(a_block_that_cannot_be_erased_is_replaced),
        TEST(a_block_that_the_factory_marked_is_never_touched),
        TEST(a_spare_block_that_fails_is_replaced_by_the_next),
        TEST(without_a_spare_block_the_error_is_told),
        TEST(what_its_code_cannot_correct_is_an_error_of_its_own),
        TEST(a_table_of_many_pages_is_found_again),
        TEST(a_table_without_its_second_page_does_not_count),
        TEST(a_table_with_a_flipped_bit_anywhere_does_not_count),
        TEST(a_table_whose_second_page_is_torn_is_written_anew_before_anything_else),
        TEST(an_update_survives_bad_blocks_and_power_cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
