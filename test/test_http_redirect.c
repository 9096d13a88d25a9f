/*
 * test_http_redirect.c - core/http.h: redirects, and what goes along with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_script.h"

/* H18 */
static void h18_redirects_are_followed_with_the_range(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    char answer[128];
    struct visit visits[] = {{.answer = answer, .ending = SILENCE},
                             {.answer = "HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n"
                                        "Content-Length: 5\r\n\r\nworld"}};

    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d x\r\nETag: \"r\"\r\nLocation: http://b:81/y?z#f\r\n"
                 "Content-Length: 900\r\n\r\n<html>",
                 statuses[i]);
        for (size_t piece = 1; piece < 200; piece += 50) {
            script(visits, 2);
            net.piece = piece;
            assert_int_equal(fetch("http://a/x", 6, 100), FOTA_FETCH_END);
            assert_body("world");
            assert_int_equal(net.opened, 2);
            assert_string_equal(net.hosts[1], "b");
            assert_int_equal(net.ports[1], 81);
            assert_memory_equal(net.requests[1], "GET /y?z HTTP/1.1\r\nHost: b:81\r\n", 31);
            assert_non_null(strstr(net.requests[1], "\r\nRange: bytes=6-\r\n"));
            assert_int_equal(identity.validator, 0);
        }
    }
}

static void h18_relative_redirects_resolve_against_the_url_that_answered(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 x\r\nLocation: //b/c/d\r\n\r\n"},
        {.answer = "HTTP/1.1 302 x\r\nLocation: ../e\r\n\r\n"},
        {.answer = "HTTP/1.1 302 x\r\nlocation:?f\r\n\r\n"},
        {.answer = OK_ANSWER},
    };

    (void)state;
    script(visits, COUNT(visits));
    assert_int_equal(fetch("http://a:81/x/y", 0, 100), FOTA_FETCH_END);
    assert_memory_equal(net.requests[1], "GET /c/d HTTP", 13);
    assert_memory_equal(net.requests[2], "GET /e HTTP", 11);
    assert_memory_equal(net.requests[3], "GET /e?f HTTP", 13);
    for (size_t i = 1; i < COUNT(visits); i++) {
        assert_string_equal(net.hosts[i], "b");
        assert_int_equal(net.ports[i], 80);
    }
}

/* H18 */
static void h18_sixth_redirect_is_one_too_many(void **state)
{
    struct visit visits[7];

    (void)state;
    for (size_t i = 0; i < COUNT(visits); i++)
        visits[i] = (struct visit){.answer = "HTTP/1.1 302 x\r\nLocation: /loop\r\n\r\n"};
    script(visits, COUNT(visits));
    assert_int_equal(fetch("http://a/loop", 0, 100), FOTA_ERR_HTTP_REDIRECTS);
    assert_int_equal(net.opened, 6);
    assert_int_equal(fault.expected, FOTA_HTTP_REDIRECTS);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    visits[5] = ok_visit;
    script(visits, COUNT(visits));
    assert_int_equal(fetch("http://a/loop", 0, 100), FOTA_FETCH_END);
    assert_body("ok");
}

/* H19, V26 */
static void h19_v26_bad_redirects_are_refused(void **state)
{
    (void)state;
    assert_refused("HTTP/1.1 302 x\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation:\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: ftp://a/x\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: file:///x\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: /a%0d%0aX:y\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: /a b\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: http://u:p@b/\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: http://b\\c/\r\n\r\n", 0, FOTA_ERR_HTTP_REDIRECT);
    assert_refused("HTTP/1.1 302 x\r\nLocation: /a\rX: y\r\n\r\n", 0, FOTA_ERR_HTTP_SYNTAX);
}

/* V25 */
static void v25_login_stays_with_its_origin(void **state)
{
    static const struct {
        const char *location;
        bool kept;
    } rows[] = {
        {"/y", true},
        {"z", true},
        {"http://A:81/y", true},
        {"//a:81", true},
        {"http://b:81/y", false},
        {"http://a/y", false},
        {"http://a:82/y", false},
        {"//aa:81/y", false},
    };
    char answer[128];
    struct visit visits[] = {{.answer = answer}, ok_visit};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(answer, sizeof answer, "HTTP/1.1 302 x\r\nLocation: %s\r\n\r\n", rows[i].location);
        script(visits, 2);
        assert_int_equal(fetch("http://joe:pw@a:81/x", 0, 100), FOTA_FETCH_END);
        assert_non_null(strstr(net.requests[0], "\r\nAuthorization: Basic am9lOnB3\r\n"));
        assert_int_equal(strstr(net.requests[1], "\r\nAuthorization: Basic am9lOnB3\r\n") != NULL,
                         rows[i].kept);
        assert_int_equal(strstr(net.requests[1], "Authorization") != NULL, rows[i].kept);
    }
}

/* V25 */
static void v25_login_that_was_left_behind_does_not_come_back(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 x\r\nLocation: /same\r\n\r\n"},
        {.answer = "HTTP/1.1 302 x\r\nLocation: http://b/\r\n\r\n"},
        {.answer = "HTTP/1.1 302 x\r\nLocation: http://[::1]/back\r\n\r\n"},
        {.answer = OK_ANSWER},
    };

    (void)state;
    script(visits, COUNT(visits));
    assert_int_equal(fetch("http://joe:pw@[::1]/x", 0, 100), FOTA_FETCH_END);
    assert_non_null(strstr(net.requests[0], "Authorization"));
    assert_non_null(strstr(net.requests[1], "Authorization"));
    assert_memory_equal(net.requests[1], "GET /same HTTP/1.1\r\nHost: [::1]\r\n", 33);
    assert_null(strstr(net.requests[2], "Authorization"));
    assert_null(strstr(net.requests[3], "Authorization"));
    assert_string_equal(net.hosts[3], "::1");
}

/* V18: the longest url of a redirect, with and without a login to be kept. */
static void longest_redirect_fits(void **state)
{
    static char answer[FOTA_REDIRECT_URL_MAX + 100];
    struct visit visits[] = {{.answer = answer}, ok_visit};
    const size_t most = FOTA_REDIRECT_URL_MAX - strlen("http://a");
    size_t length = (size_t)sprintf(answer, "HTTP/1.1 302 x\r\nLocation: /");

    (void)state;
    memset(answer + length, 'p', most - 1);
    strcpy(answer + length + most - 1, "\r\n\r\n");
    script(visits, 2);
    assert_int_equal(fetch("http://a/x", UINT64_MAX - 1, 100), FOTA_ERR_HTTP_RANGE);
    assert_int_equal(net.opened, 2);
    assert_int_equal(strcspn(net.requests[1] + 4, " "), most);
    script(visits, 2);
    assert_int_equal(fetch("http://u@a/x", 0, 100), FOTA_ERR_HTTP_REDIRECT);
    strcpy(answer + length + most - 3, "\r\n\r\n");
    script(visits, 2);
    assert_int_equal(fetch("http://u@a/x", 0, 100), FOTA_FETCH_END);
    assert_non_null(strstr(net.requests[1], "Authorization"));
}

/* Behind it the header goes on for longer than the buffer is. */
static void h18_a_long_location_survives_the_rest_of_its_header(void **state)
{
    static char answer[FOTA_REDIRECT_URL_MAX + 8000];
    struct visit visits[] = {{.answer = answer}, ok_visit};
    const size_t most = FOTA_REDIRECT_URL_MAX - strlen("http://a");
    size_t length = (size_t)sprintf(answer, "HTTP/1.1 302 x\r\nLocation: /");

    (void)state;
    for (size_t i = 1; i < most; i++)
        answer[length++] = (char)('a' + i % 26);
    for (int i = 0; i < 60; i++)
        length += (size_t)sprintf(answer + length, "\r\nX-%d: %0100d", i, i);
    strcpy(answer + length, "\r\n\r\n");
    for (size_t piece = 1; piece < 5000; piece += 613) {
        script(visits, 2);
        net.piece = piece;
        assert_int_equal(fetch("http://a/x", 0, 100), FOTA_FETCH_END);
        assert_int_equal(strcspn(net.requests[1] + 4, " "), most);
        for (size_t i = 1; i < most; i++)
            assert_int_equal(net.requests[1][4 + i], 'a' + i % 26);
        assert_body("ok");
    }
}

/* H17 */
static void location_that_does_not_fit_is_too_large(void **state)
{
    static char answer[FOTA_REDIRECT_URL_MAX + 100];
    size_t length = (size_t)sprintf(answer, "HTTP/1.1 302 x\r\nLocation: /");

    (void)state;
    memset(answer + length, 'p', FOTA_REDIRECT_URL_MAX);
    strcpy(answer + length + FOTA_REDIRECT_URL_MAX, "\r\n\r\n");
    assert_refused(answer, 0, FOTA_ERR_HTTP_TOO_LARGE);
    assert_int_equal(fault.expected, FOTA_REDIRECT_URL_MAX);
}

/* H20: nothing of a redirect outlives its request. */
static void h20_resuming_begins_at_the_original_url(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 x\r\nLocation: //cdn/f?sig=1\r\n\r\n"},
        {.answer = "HTTP/1.1 403 x\r\n\r\n"},
        {.answer = "HTTP/1.1 302 x\r\nLocation: //cdn/f?sig=2\r\n\r\n"},
        {.answer = OK_ANSWER},
    };

    (void)state;
    script(visits, COUNT(visits));
    assert_int_equal(fetch("http://a/", 0, 10), FOTA_ERR_HTTP_FORBIDDEN);
    assert_int_equal(http.redirects, 1);
    assert_int_equal(fetch("http://a/", 0, 10), FOTA_FETCH_END);
    assert_string_equal(net.hosts[2], "a");
    assert_memory_equal(net.requests[3], "GET /f?sig=2 ", 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h18_redirects_are_followed_with_the_range),
        cmocka_unit_test(h18_relative_redirects_resolve_against_the_url_that_answered),
        cmocka_unit_test(h18_sixth_redirect_is_one_too_many),
        cmocka_unit_test(h19_v26_bad_redirects_are_refused),
        cmocka_unit_test(v25_login_stays_with_its_origin),
        cmocka_unit_test(v25_login_that_was_left_behind_does_not_come_back),
        cmocka_unit_test(longest_redirect_fits),
        cmocka_unit_test(h18_a_long_location_survives_the_rest_of_its_header),
        cmocka_unit_test(location_that_does_not_fit_is_too_large),
        cmocka_unit_test(h20_resuming_begins_at_the_original_url),
    };

    return cmocka_run_group_tests_name("http_redirect", tests, NULL, NULL);
}
