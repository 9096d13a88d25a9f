/*
 * test_model.c - core/fota_model.h against the vendor's document of the fota module. The lists
 * below are copied from the document, not from the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
#include "fota_model.h"

#define ASR "EC600N/EC800N/EG912N/EC600M/EC800M/EG810M"
/* Variants of the EC600N, which the document names only where they differ. */
#define VARIANTS "/EC600NCNLC/EC600NCNLF"

/* "A/B/C" names the model. */
static bool named(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list; (at = strstr(at, name)) != NULL; at++)
        if ((at == list || at[-1] == '/') && (at[length] == '/' || at[length] == '\0'))
            return true;
    return false;
}

static void assert_exactly(uint32_t feature, const char *list)
{
    const struct fota_model *model;

    for (size_t i = 0; (model = fota_model_at(i)) != NULL; i++) {
        if (model->family == FOTA_FAMILY_GENERIC)
            continue;
        if (fota_model_has(model, feature) != named(list, model->name))
            fail_msg("%s, feature %u", model->name, (unsigned)feature);
    }
}

static void every_model_of_the_document_is_there(void **state)
{
    static const char all[] = ASR VARIANTS "/EC200A/UC200A/BG95/BG600L/EC600U/EC200U/EG915U/EG912U"
                                           "/EC800G/EC600E/EC800E/BC25PA";

    (void)state;
    assert_exactly(FOTA_FEATURE_HTTP, all);
    for (const char *at = all; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
        char name[32] = {0};

        memcpy(name, at, strcspn(at, "/"));
        assert_non_null(fota_model_find(name));
    }
}

static void the_reset_can_be_disabled_but_on_asr(void **state)
{
    (void)state;
    assert_exactly(FOTA_FEATURE_RESET_DISABLE,
                   "EC200A/UC200A/BG95/BG600L/EC600U/EC200U/EG915U/EG912U/EC800G/EC600E/EC800E"
                   "/BC25PA");
}

static void mini_fota_is_for_asr(void **state)
{
    (void)state;
    assert_exactly(FOTA_FEATURE_MINI, ASR VARIANTS);
}

static void ssl_params_are_for_200a(void **state)
{
    (void)state;
    assert_exactly(FOTA_FEATURE_TLS_PARAMS, "EC200A/UC200A");
}

static void ftp_download_is_for_seven(void **state)
{
    (void)state;
    assert_exactly(FOTA_FEATURE_FTP, "EC200A/UC200A/BG95/BG600L/EC600U/EC200U/EG915U");
}

static void apn_and_cancel_are_for_bg95(void **state)
{
    (void)state;
    assert_exactly(FOTA_FEATURE_APN, "BG95");
    assert_exactly(FOTA_FEATURE_CANCEL, "BG95");
}

static void local_upgrade_is_for_ten(void **state)
{
    (void)state;
    assert_exactly(FOTA_FEATURE_LOCAL, "EC600NCNLC/EC600NCNLF/EG912N/EC600U/EC200U/EG915U/EG912U"
                                       "/EC800G/EC600E/EC800E");
}

static void calls_return_early_on_asr_and_bc25pa(void **state)
{
    const struct fota_model *model;

    (void)state;
    for (size_t i = 0; (model = fota_model_at(i)) != NULL; i++)
        assert_int_equal(model->asynchronous, named(ASR VARIANTS "/BC25PA", model->name));
}

/* The document says "platform", and the bindings show that it means all of ASR's. */
static void the_error_code_comes_second_on_asr(void **state)
{
    const struct fota_model *model;

    (void)state;
    for (size_t i = 0; (model = fota_model_at(i)) != NULL; i++)
        assert_int_equal(model->code_second, named(ASR VARIANTS, model->name));
}

static void names_are_exact_and_unique(void **state)
{
    const struct fota_model *model;
    size_t i;

    (void)state;
    for (i = 0; (model = fota_model_at(i)) != NULL; i++) {
        assert_ptr_equal(fota_model_find(model->name), model);
        assert_string_not_equal(fota_family_name(model->family), "unknown");
        assert_true(strlen(model->chip) > 0 && strlen(model->core) > 0);
    }
    assert_null(fota_model_at(i + 1));
    assert_null(fota_model_find("ec600u"));
    assert_null(fota_model_find("EC600"));
    assert_null(fota_model_find("EC600UX"));
    assert_null(fota_model_find(""));
    assert_string_equal(fota_family_name(FOTA_FAMILIES), "unknown");
}

static void generic_has_everything(void **state)
{
    const struct fota_model *generic = fota_model_find("generic");

    (void)state;
    assert_true(fota_model_has(generic, 2 * FOTA_FEATURE_CANCEL - 1));
    assert_false(fota_model_has(fota_model_find("EC600U"), FOTA_FEATURE_HTTP | FOTA_FEATURE_APN));
}

static void a_refusal_names_who_can(void **state)
{
    char text[FOTA_TEXT_MAX];
    size_t length =
        fota_model_refusal(fota_model_find("EC600N"), FOTA_FEATURE_FTP, text, sizeof text);

    (void)state;
    assert_string_equal(text, "ftpDownload is not supported on EC600N (supported on: EC200A, "
                              "UC200A, EC600U, EC200U, EG915U, BG95, BG600L)");
    assert_int_equal(length, strlen(text));
    fota_model_refusal(fota_model_find("EC600U"), FOTA_FEATURE_APN, text, sizeof text);
    assert_string_equal(text, "apn_set is not supported on EC600U (supported on: BG95)");
}

static void refusals_fit_and_are_cut_never_overrun(void **state)
{
    (void)state;
    for (unsigned feature = FOTA_FEATURE_HTTP; feature <= FOTA_FEATURE_CANCEL; feature <<= 1) {
        const struct fota_model *model = fota_model_find("EC600NCNLC");
        char whole[2 * FOTA_TEXT_MAX];
        size_t length = fota_model_refusal(model, (enum fota_feature)feature, whole, sizeof whole);

        if (feature != FOTA_FEATURE_HTTP)
            assert_in_range(length, 1, FOTA_TEXT_MAX - 1);
        for (size_t size = 1; size <= length; size++) {
            char *text = malloc(size);

            assert_non_null(text);
            assert_int_equal(fota_model_refusal(model, (enum fota_feature)feature, text, size),
                             size - 1);
            assert_memory_equal(text, whole, size - 1);
            assert_int_equal(text[size - 1], '\0');
            free(text);
        }
    }
}

static int code(const char *model, int error)
{
    return fota_model_code(fota_model_find(model), error);
}

static void codes_are_those_of_the_bindings(void **state)
{
    (void)state;
    assert_int_equal(code("EC600N", FOTA_ERR_DNS), 1003);
    assert_int_equal(code("EC600M", FOTA_ERR_CONNECT), 1004);
    assert_int_equal(code("EG912N", FOTA_ERR_HTTP_UNAUTHORIZED), 1005);
    assert_int_equal(code("EC200A", FOTA_ERR_HTTP_NOT_FOUND), 1006);
    assert_int_equal(code("EC600N", FOTA_ERR_SIGNATURE), 1009);
    assert_int_equal(code("EC600U", FOTA_ERR_HTTP_NOT_FOUND), 552);
    assert_int_equal(code("EC800G", FOTA_ERR_SIGNATURE), 558);
    assert_int_equal(code("EC600U", FOTA_ERR_BUSY), 549);
    assert_int_equal(code("BG95", FOTA_ERR_HTTP_NOT_FOUND), 505);
    assert_int_equal(code("BG600L", FOTA_ERR_WRONG_MODEL), 511);
    assert_int_equal(code("BG95", FOTA_ERR_CONNECTION), 701);
    assert_int_equal(code("BG95", FOTA_ERR_FTP_LOGIN), 601);
    assert_int_equal(code("BG95", FOTA_ERR_FTP_BUSY), 601);
    assert_int_equal(code("BG95", FOTA_ERR_FTP_NOT_FOUND), 505);
    assert_int_equal(code("EC600U", FOTA_ERR_FTP_NOT_FOUND), 552);
    assert_int_equal(code("EC200A", FOTA_ERR_FTP_LOGIN), 1005);
    assert_int_equal(code("generic", FOTA_ERR_DNS), FOTA_ERR_DNS);
    assert_int_equal(code("BC25PA", FOTA_ERR_DNS), FOTA_ERR_DNS);
}

/* A script tells failure from success, which is 0, 1 or 2, by the number alone. */
static void every_error_has_a_code_that_is_no_success(void **state)
{
    const struct fota_model *model;
    const struct fota_error_row *row;

    (void)state;
    for (size_t i = 0; (model = fota_model_at(i)) != NULL; i++) {
        assert_int_equal(fota_model_code(model, FOTA_OK), 0);
        for (size_t j = 0; (row = fota_error_at(j)) != NULL; j++) {
            int number = fota_model_code(model, row->error);

            assert_true(number < 0 || number > 2);
            if (model->family == FOTA_FAMILY_EIGEN618)
                assert_true(number <= -1 && number >= -23);
        }
        assert_true(fota_model_code(model, -9999) < 0 || fota_model_code(model, -9999) > 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_of_the_document_is_there),
        cmocka_unit_test(the_reset_can_be_disabled_but_on_asr),
        cmocka_unit_test(mini_fota_is_for_asr),
        cmocka_unit_test(ssl_params_are_for_200a),
        cmocka_unit_test(ftp_download_is_for_seven),
        cmocka_unit_test(apn_and_cancel_are_for_bg95),
        cmocka_unit_test(local_upgrade_is_for_ten),
        cmocka_unit_test(calls_return_early_on_asr_and_bc25pa),
        cmocka_unit_test(the_error_code_comes_second_on_asr),
        cmocka_unit_test(names_are_exact_and_unique),
        cmocka_unit_test(generic_has_everything),
        cmocka_unit_test(a_refusal_names_who_can),
        cmocka_unit_test(refusals_fit_and_are_cut_never_overrun),
        cmocka_unit_test(codes_are_those_of_the_bindings),
        cmocka_unit_test(every_error_has_a_code_that_is_no_success),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
