/*
 * test_error.c - core/fota_error.h: the table is complete and its texts can be shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"

static struct fota_fault fault_of(int error, uint32_t expected, uint32_t got, const char *subject)
{
    struct fota_fault fault;

    fault.error = error;
    fault.stage = FOTA_STAGE_HEADER;
    fault.expected = expected;
    fault.got = got;
    fault.subject = subject;
    return fault;
}

static void numbers_and_names_are_unique(void **state)
{
    const struct fota_error_row *a, *b;

    (void)state;
    for (size_t i = 0; (a = fota_error_at(i)) != NULL; i++) {
        assert_true(a->error < 0);
        for (size_t j = i + 1; (b = fota_error_at(j)) != NULL; j++) {
            assert_int_not_equal(a->error, b->error);
            assert_string_not_equal(a->name, b->name);
            assert_string_not_equal(fota_error_text(a), fota_error_text(b));
        }
    }
}

/* Programs and journals store the numbers: one that moves breaks them. */
static void numbers_stay(void **state)
{
    (void)state;
    assert_int_equal(FOTA_ERR_ARGUMENT, -1);
    assert_int_equal(FOTA_ERR_DNS, -30);
    assert_int_equal(FOTA_ERR_HTTP_NOT_FOUND, -49);
    assert_int_equal(FOTA_ERR_NOT_A_PACKAGE, -60);
    assert_int_equal(FOTA_ERR_TRUNCATED, -68);
    assert_int_equal(FOTA_ERR_UNSIGNED, -80);
    assert_int_equal(FOTA_ERR_WRONG_MODEL, -86);
    assert_int_equal(FOTA_ERR_DOWNGRADE, -89);
    assert_int_equal(FOTA_ERR_INTEGRITY, -110);
    assert_int_equal(FOTA_ERR_NOT_CONFIRMED, -131);
    assert_int_equal(FOTA_ERR_CRYPTO, -140);
}

static void every_row_is_found_and_classed(void **state)
{
    const struct fota_error_row *row;
    size_t i;

    (void)state;
    for (i = 0; (row = fota_error_at(i)) != NULL; i++) {
        assert_ptr_equal(fota_error_find(row->error), row);
        assert_string_equal(fota_error_name(row->error), row->name);
        assert_in_range(row->stage, FOTA_STAGE_REQUEST, FOTA_STAGES - 1);
        assert_in_range(row->result, FOTA_CLASS_NO_FLASH, FOTA_CLASS_DEFERRED);
        assert_string_not_equal(fota_stage_name(row->stage), "unknown");
    }
    assert_null(fota_error_at(i + 1));
}

static void what_is_not_in_the_table_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(fota_error_name(FOTA_OK), "OK");
    assert_string_equal(fota_error_name(1), "UNKNOWN");
    assert_string_equal(fota_error_name(-9999), "UNKNOWN");
    assert_null(fota_error_find(FOTA_OK));
    assert_string_equal(fota_stage_name(FOTA_STAGE_IDLE), "idle");
    assert_string_equal(fota_stage_name(FOTA_STAGE_REVERT), "revert");
    assert_string_equal(fota_stage_name(FOTA_STAGES), "unknown");
}

static void assert_text(struct fota_fault fault, const char *expected)
{
    char text[FOTA_TEXT_MAX];

    assert_int_equal(fota_fault_text(&fault, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void texts_carry_the_facts(void **state)
{
    (void)state;
    assert_text(fault_of(FOTA_ERR_DOWNGRADE, 10, 9, NULL),
                "package sequence 9 is older than 10, which this modem has already had; "
                "make one with a higher one");
    assert_text(fault_of(FOTA_ERR_NOT_A_PACKAGE, 0x41544F46, 0xdeadbeef, NULL),
                "this is not a fota package: magic 0xdeadbeef, expected 0x41544f46; check the url "
                "or the file");
    assert_text(fault_of(FOTA_ERR_WRONG_MODEL, 0, 0, "EC600U"),
                "the package is for another model: EC600U");
    assert_text(fault_of(FOTA_ERR_TRUNCATED, UINT32_MAX, 0, NULL),
                "the package is truncated: expected 4294967295 bytes, got 0");
    assert_text(fault_of(FOTA_ERR_EXPIRED, 1, 2, "x"), "the package has expired; make a new one");
    assert_text(fault_of(FOTA_OK, 0, 0, NULL), "OK");
    assert_text(fault_of(-9999, 0, 0, NULL), "UNKNOWN");
}

/* As 0, or as the name of another error, they would send people the wrong way. */
static void facts_that_were_not_kept_are_question_marks(void **state)
{
    const uint32_t lost = FOTA_FIGURE_LOST;

    (void)state;
    assert_text(fault_of(FOTA_ERR_HTTP_NOT_FOUND, lost, lost, NULL),
                "the server has no such file (HTTP ?); check the url");
    assert_text(fault_of(FOTA_ERR_NOT_A_PACKAGE, lost, lost, NULL),
                "this is not a fota package: magic 0x?, expected 0x?; check the url or the file");
    assert_text(fault_of(FOTA_ERR_WRONG_MODEL, lost, lost, NULL),
                "the package is for another model: ?");
}

/* A modem's log has lines, and a text with a brace left in it was never filled in. */
static void every_text_fits_and_is_filled_in(void **state)
{
    const struct fota_error_row *row;

    (void)state;
    for (size_t i = 0; (row = fota_error_at(i)) != NULL; i++) {
        struct fota_fault fault = fault_of(row->error, UINT32_MAX, UINT32_MAX, "subject");
        char text[2 * FOTA_TEXT_MAX];
        size_t length = fota_fault_text(&fault, text, sizeof text);

        assert_in_range(length, 1, FOTA_TEXT_MAX - 1);
        assert_null(strpbrk(text, "{}\n\r"));
        assert_true(text[length - 1] != '.');
    }
}

/* Only placeholders that fota_fault_text() knows: a typing error would read as the subject. */
static void placeholders_are_spelled_right(void **state)
{
    static const char *const known[] = {"expected}", "got}", "hexexpected}", "hexgot}", "subject}"};
    const struct fota_error_row *row;

    (void)state;
    for (size_t i = 0; (row = fota_error_at(i)) != NULL; i++) {
        const char *at = fota_error_text(row);

        while ((at = strchr(at, '{')) != NULL) {
            size_t k = 0;

            at++;
            while (k < 5 && strncmp(at, known[k], strlen(known[k])) != 0)
                k++;
            assert_in_range(k, 0, 4);
        }
    }
}

static void texts_are_cut_never_overrun(void **state)
{
    struct fota_fault fault = fault_of(FOTA_ERR_NOT_A_PACKAGE, 0x41544F46, 0xdeadbeef, NULL);
    char whole[FOTA_TEXT_MAX];
    size_t length = fota_fault_text(&fault, whole, sizeof whole);

    (void)state;
    assert_int_equal(fota_fault_text(&fault, NULL, 0), 0);
    for (size_t size = 1; size <= length + 1; size++) {
        char *text = malloc(size);

        assert_non_null(text);
        assert_int_equal(fota_fault_text(&fault, text, size), size - 1);
        assert_int_equal(text[size - 1], '\0');
        assert_memory_equal(text, whole, size - 1);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_names_are_unique),
        cmocka_unit_test(numbers_stay),
        cmocka_unit_test(every_row_is_found_and_classed),
        cmocka_unit_test(what_is_not_in_the_table_has_a_name),
        cmocka_unit_test(texts_carry_the_facts),
        cmocka_unit_test(facts_that_were_not_kept_are_question_marks),
        cmocka_unit_test(every_text_fits_and_is_filled_in),
        cmocka_unit_test(placeholders_are_spelled_right),
        cmocka_unit_test(texts_are_cut_never_overrun),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
