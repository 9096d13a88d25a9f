/*
 * test_http.c - core/http.h: requests, answers, deadlines. Redirects: test_http_redirect.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_script.h"

/* ---- the request ----------------------------------------------------------------------------- */

static const char *request_for(const char *url, uint64_t offset)
{
    script(&ok_visit, 1);
    (void)fetch(url, offset, 100);
    return net.requests[0];
}

static void request_is_complete_and_minimal(void **state)
{
    (void)state;
    assert_string_equal(request_for("http://fw.example.com/a/b.bin?v=1#top", 0),
                        "GET /a/b.bin?v=1 HTTP/1.1\r\n"
                        "Host: fw.example.com\r\n"
                        "User-Agent: fota/1.0\r\n"
                        "Accept-Encoding: identity\r\n"
                        "Connection: close\r\n"
                        "\r\n");
    assert_string_equal(net.hosts[0], "fw.example.com");
    assert_int_equal(net.ports[0], 80);
    assert_int_equal(net.families[0], FOTA_ADDRESS_ANY);
    assert_body("ok");
}

static void request_does_not_depend_on_how_it_is_sent(void **state)
{
    static char whole[2100];

    (void)state;
    strcpy(whole, request_for("http://joe:secret@h:81/f", 12345));
    for (size_t piece = 1; piece < 200; piece += 13) {
        script(&ok_visit, 1);
        net.piece = piece;
        net.hesitate = true;
        (void)fetch("http://joe:secret@h:81/f", 12345, 100);
        assert_string_equal(net.requests[0], whole);
    }
}

static void empty_path_is_a_slash(void **state)
{
    (void)state;
    assert_memory_equal(request_for("http://h", 0), "GET / HTTP/1.1\r\n", 16);
    assert_memory_equal(request_for("http://h#x", 0), "GET / HTTP/1.1\r\n", 16);
    assert_memory_equal(request_for("http://h?a", 0), "GET /?a HTTP/1.1\r\n", 18);
}

static void host_names_the_port_unless_it_is_80(void **state)
{
    (void)state;
    assert_non_null(strstr(request_for("http://h:8080/", 0), "\r\nHost: h:8080\r\n"));
    assert_int_equal(net.ports[0], 8080);
    assert_non_null(strstr(request_for("http://h:80/", 0), "\r\nHost: h\r\n"));
    assert_non_null(strstr(request_for("http://h:65535/", 0), "\r\nHost: h:65535\r\n"));
}

static void ipv6_hosts_have_brackets_only_in_the_request(void **state)
{
    (void)state;
    assert_non_null(strstr(request_for("http://[2001:db8::1]/", 0), "Host: [2001:db8::1]\r\n"));
    assert_string_equal(net.hosts[0], "2001:db8::1");
    assert_int_equal(net.families[0], FOTA_ADDRESS_IPV6);
    assert_non_null(strstr(request_for("http://[::1]:81/", 0), "Host: [::1]:81\r\n"));
}

static void range_is_asked_only_behind_the_start(void **state)
{
    (void)state;
    assert_null(strstr(request_for("http://h/", 0), "Range:"));
    assert_non_null(strstr(request_for("http://h/", 1), "\r\nRange: bytes=1-\r\n"));
    assert_non_null(
        strstr(request_for("http://h/", 4294967301u), "\r\nRange: bytes=4294967301-\r\n"));
    assert_non_null(
        strstr(request_for("http://h/", UINT64_MAX), "\r\nRange: bytes=18446744073709551615-\r\n"));
}

/* The examples of RFC 7617 and all lengths of padding. */
static void login_goes_into_authorization(void **state)
{
    static const char *const rows[][2] = {
        {"Aladdin:open%20sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"test:123%c2%A3", "dGVzdDoxMjPCow=="},
        {"a:", "YTo="},
        {"a", "YTo="},
        {":b", "OmI="},
        {"ab:c", "YWI6Yw=="},
        {"ab:cd", "YWI6Y2Q="},
        {"ab:cde", "YWI6Y2Rl"},
        {"u:p%40%3A%2f:%FF", "dTpwQDovOv8="},
    };
    char url[128], line[128];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(url, sizeof url, "http://%s@h/", rows[i][0]);
        snprintf(line, sizeof line, "\r\nAuthorization: Basic %s\r\n", rows[i][1]);
        assert_non_null(strstr(request_for(url, 0), line));
        assert_non_null(strstr(net.requests[0], "\r\nHost: h\r\n"));
    }
    assert_null(strstr(request_for("http://h/", 0), "Authorization"));
    assert_null(strstr(request_for("http://@h/", 0), "Authorization"));
    assert_null(strstr(request_for("http://:@h/", 0), "Authorization"));
}

static void longest_urls_fit(void **state)
{
    char url[FOTA_URL_MAX + 2];

    (void)state;
    memset(url, 'u', sizeof url);
    memcpy(url, "http://", 7);
    memcpy(url + FOTA_URL_MAX - 3, "@h/", 4);
    assert_non_null(strstr(request_for(url, UINT64_MAX), "\r\nAuthorization: Basic dXV1"));
    assert_string_equal(net.requests[0] + net.request_lengths[0] - 6, "U6\r\n\r\n");
    memset(url, 'u', sizeof url);
    memcpy(url, "http://h/", 9);
    url[FOTA_URL_MAX + 1] = '\0';
    assert_int_equal(fota_http_open(&http, url, 0, &fault), FOTA_ERR_URL_TOO_LONG);
    assert_int_equal(fault.got, FOTA_URL_MAX + 1);
    url[FOTA_URL_MAX] = '\0';
    assert_int_equal(fota_http_open(&http, url, 0, &fault), 0);
}

static void urls_that_cannot_be_fetched_are_refused_at_once(void **state)
{
    static const struct {
        const char *url;
        int error;
    } rows[] = {
        {"https://h/", FOTA_ERR_NOT_BUILT},
        {"ftp://h/", FOTA_ERR_URL_SCHEME},
        {"file:///x", FOTA_ERR_URL_SCHEME},
        {"h/x", FOTA_ERR_URL},
        {"", FOTA_ERR_URL},
        {"http://h/\r\nX: y", FOTA_ERR_URL},
        {"http://h/%0d%0aX:%20y", FOTA_ERR_URL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        script(NULL, 0);
        assert_int_equal(fota_http_open(&http, rows[i].url, 0, &fault), rows[i].error);
        assert_int_equal(fault.error, rows[i].error);
        assert_int_equal(fault.stage, FOTA_STAGE_REQUEST);
        if (rows[i].error == FOTA_ERR_NOT_BUILT)
            assert_string_equal(fault.subject, "https");
        else
            assert_null(fault.subject);
        assert_int_equal(step(10), FOTA_ERR_STATE);
        assert_int_equal(net.opened, 0);
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void file_of_known_length_is_fetched(void **state)
{
    (void)state;
    assert_int_equal(answer_from("HTTP/1.1 200 OK\r\nContent-Length: 11\r\nETag: \"e\"\r\n\r\n"
                                 "hello world and more",
                                 0),
                     FOTA_FETCH_END);
    assert_body("hello world");
    assert_int_equal(identity.total, 11);
    assert_int_not_equal(identity.validator, 0);
}

static void file_ends_without_waiting_for_the_close(void **state)
{
    const struct visit visit = {.answer = OK_ANSWER, .ending = SILENCE};
    const struct visit empty = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                .ending = SILENCE};

    (void)state;
    assert_int_equal(visit_from(&visit, 0), FOTA_FETCH_END);
    assert_body("ok");
    assert_int_equal(visit_from(&empty, 0), FOTA_FETCH_END);
    assert_body("");
}

/* H11 */
static void chunked_file_is_fetched(void **state)
{
    (void)state;
    assert_int_equal(answer_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: u\r\n\r\n",
                                 0),
                     FOTA_FETCH_END);
    assert_body("hello world");
    assert_int_equal(identity.total, 0);
    assert_int_equal(identity.validator, 0);
}

/* H11 */
static void h11_file_without_length_ends_with_the_connection(void **state)
{
    const struct visit reset = {.answer = "HTTP/1.1 200 OK\r\n\r\nhello", .ending = RESET};

    (void)state;
    assert_int_equal(answer_from("HTTP/1.1 200 OK\r\n\r\nhello", 0), FOTA_FETCH_END);
    assert_body("hello");
    assert_int_equal(identity.total, 0);
    assert_int_equal(visit_from(&reset, 0), FOTA_ERR_CONNECTION);
    assert_int_equal(fault.stage, FOTA_STAGE_DOWNLOAD);
}

static void large_file_arrives_as_it_is(void **state)
{
    static char answer[66000];
    size_t header = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n");
    struct visit visit = {.answer = answer, .length = header + 65537};

    (void)state;
    for (size_t i = 0; i < 65537; i++)
        answer[header + i] = (char)(i * 31 ^ i >> 8);
    for (size_t room = 1; room < 5000; room = room * 3 + 1) {
        script(&visit, 1);
        net.piece = 1460;
        assert_int_equal(fetch("http://h/", 0, room), FOTA_FETCH_END);
        assert_int_equal(body_length, 65537);
        assert_memory_equal(body, answer + header, 65537);
    }
}

static void h1_part_is_fetched_from_the_offset(void **state)
{
    (void)state;
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n"
                                 "Content-Length: 5\r\nLast-Modified: x\r\n\r\nworld",
                                 6),
                     FOTA_FETCH_END);
    assert_body("world");
    assert_int_equal(identity.total, 11);
    assert_int_not_equal(identity.validator, 0);
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/*\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n",
                                 6),
                     FOTA_FETCH_END);
    assert_body("world");
    assert_int_equal(identity.total, 0);
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n\r\nworld", 6),
                     FOTA_FETCH_END);
    assert_body("world");
}

/* H3 */
static void h3_part_shorter_than_asked_ends_and_tells_the_total(void **state)
{
    (void)state;
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-7/11\r\n"
                                 "Content-Length: 2\r\n\r\nwo",
                                 6),
                     FOTA_FETCH_END);
    assert_body("wo");
    assert_int_equal(identity.total, 11);
}

/* H2 */
static void h2_part_from_elsewhere_is_refused(void **state)
{
    static const char *const bad[] = {
        "HTTP/1.1 206 P\r\nContent-Range: bytes 5-10/11\r\n\r\n world",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 7-10/11\r\n\r\norld",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 0-10/11\r\n\r\nhello world",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 6-5/11\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/10\r\n\r\nworld",
        "HTTP/1.1 206 P\r\nContent-Range: bytes */11\r\n\r\nworld",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 4294967302-4294967306/*\r\n\r\nworld",
        "HTTP/1.1 206 P\r\nContent-Type: multipart/byteranges; boundary=b\r\n\r\n--b\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 5\r\n\r\nworld",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refused(bad[i], 6, FOTA_ERR_HTTP_RANGE);
        assert_int_equal(fault.expected, 6);
    }
    assert_refused(bad[0], 6, FOTA_ERR_HTTP_RANGE);
    assert_int_equal(fault.got, 5);
    assert_refused(bad[6], 6, FOTA_ERR_HTTP_RANGE);
    assert_int_equal(fault.got, UINT32_MAX);
}

static void part_whose_length_contradicts_its_range_is_refused(void **state)
{
    (void)state;
    assert_refused(
        "HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\nContent-Length: 4\r\n\r\nworl", 6,
        FOTA_ERR_HTTP_LENGTH);
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n4\r\nworl\r\n0\r\n\r\n",
                                 6),
                     FOTA_ERR_CLOSED);
    assert_int_equal(fault.expected, 5);
    assert_int_equal(fault.got, 4);
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n\r\nwor", 6),
                     FOTA_ERR_CLOSED);
    assert_int_equal(fault.got, 3);
    /* H24 */
    assert_int_equal(answer_from("HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n\r\nworlds", 6),
                     FOTA_ERR_HTTP_LENGTH);
    assert_true(body_length <= 5);
}

/* H4 */
static void h4_whole_file_in_answer_to_a_range_is_read_from_the_offset(void **state)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";

    (void)state;
    for (size_t offset = 0; offset <= 11; offset++) {
        assert_int_equal(answer_from(answer, offset), FOTA_FETCH_END);
        assert_body(&"hello world"[offset]);
        assert_int_equal(identity.total, 11);
    }
    assert_int_equal(answer_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
                                 8),
                     FOTA_FETCH_END);
    assert_body("rld");
}

static void h4_whole_file_shorter_than_the_offset_is_refused(void **state)
{
    (void)state;
    assert_refused("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", 12,
                   FOTA_ERR_HTTP_RANGE);
    assert_int_equal(fault.expected, 12);
    assert_int_equal(fault.got, 11);
    assert_int_equal(answer_from("HTTP/1.1 200 OK\r\n\r\nhello world", 12), FOTA_ERR_HTTP_RANGE);
    assert_int_equal(fault.got, 11);
    assert_int_equal(body_length, 0);
}

/* H5 */
static void h5_range_behind_the_end_tells_the_total(void **state)
{
    (void)state;
    assert_refused("HTTP/1.1 416 R\r\nContent-Range: bytes */11\r\nContent-Length: 3\r\n\r\nbad",
                   11, FOTA_ERR_HTTP_RANGE);
    assert_int_equal(http.identity.total, 11);
    assert_int_equal(fault.expected, 11);
    assert_int_equal(fault.got, 11);
    assert_refused("HTTP/1.1 416 R\r\n\r\n", 11, FOTA_ERR_HTTP_RANGE);
    assert_int_equal(http.identity.total, 0);
}

/* H6, H22 */
static void h6_h22_refusals_have_their_own_errors_and_no_body(void **state)
{
    static const struct {
        int status;
        int error;
    } rows[] = {
        {401, FOTA_ERR_HTTP_UNAUTHORIZED}, {403, FOTA_ERR_HTTP_FORBIDDEN},
        {404, FOTA_ERR_HTTP_NOT_FOUND},    {410, FOTA_ERR_HTTP_NOT_FOUND},
        {416, FOTA_ERR_HTTP_RANGE},        {408, FOTA_ERR_HTTP_SERVER},
        {429, FOTA_ERR_HTTP_SERVER},       {500, FOTA_ERR_HTTP_SERVER},
        {503, FOTA_ERR_HTTP_SERVER},       {599, FOTA_ERR_HTTP_SERVER},
        {400, FOTA_ERR_HTTP_STATUS},       {201, FOTA_ERR_HTTP_STATUS},
        {204, FOTA_ERR_HTTP_STATUS},       {300, FOTA_ERR_HTTP_STATUS},
        {304, FOTA_ERR_HTTP_STATUS},       {305, FOTA_ERR_HTTP_STATUS},
        {600, FOTA_ERR_HTTP_STATUS},
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof text, "HTTP/1.1 %d x\r\nContent-Length: 9\r\n\r\n<html></>",
                 rows[i].status);
        assert_refused(text, 0, rows[i].error);
        assert_int_equal(fault.got, rows[i].status == 416 ? 0 : rows[i].status);
        assert_int_equal(http.retry_after_s, 0);
    }
}

/* H21 */
static void h21_overloaded_servers_say_when_to_come_back(void **state)
{
    (void)state;
    assert_refused("HTTP/1.1 503 x\r\nRetry-After: 120\r\n\r\n", 0, FOTA_ERR_HTTP_SERVER);
    assert_int_equal(http.retry_after_s, 120);
    assert_refused("HTTP/1.1 429 x\r\nRetry-After: 99999999999999\r\n\r\n", 0,
                   FOTA_ERR_HTTP_SERVER);
    assert_int_equal(http.retry_after_s, UINT32_MAX);
    assert_refused("HTTP/1.1 503 x\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n", 0,
                   FOTA_ERR_HTTP_SERVER);
    assert_int_equal(http.retry_after_s, 0);
    assert_refused("HTTP/1.1 503 x\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
                   "Retry-After: Wed, 21 Oct 2015 08:28:00 GMT\r\n\r\n",
                   0, FOTA_ERR_HTTP_SERVER);
    assert_int_equal(http.retry_after_s, 3600);
    assert_refused("HTTP/1.1 404 x\r\nRetry-After: 120\r\n\r\n", 0, FOTA_ERR_HTTP_NOT_FOUND);
    assert_int_equal(http.retry_after_s, 0);
    http.retry_after_s = 5;
    assert_int_equal(fota_http_open(&http, "http://h/", 0, &fault), 0);
    assert_int_equal(http.retry_after_s, 0);
}

/* H12, H13, H14, H17 */
static void answers_the_reader_refuses_are_refused(void **state)
{
    (void)state;
    assert_refused("220 ftp\r\n", 0, FOTA_ERR_HTTP_SYNTAX);
    assert_refused("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", 0, FOTA_ERR_HTTP_ENCODING);
    assert_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 0,
                   FOTA_ERR_HTTP_ENCODING);
    assert_refused("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", 0, FOTA_ERR_HTTP_LENGTH);
    assert_refused("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", 0, FOTA_ERR_HTTP_SYNTAX);
    assert_int_equal(
        answer_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX", 0),
        FOTA_ERR_HTTP_SYNTAX);
    assert_int_equal(fault.stage, FOTA_STAGE_DOWNLOAD);
    assert_int_equal(open_events, 1);
}

/* H1, H10 */
static void h10_connection_that_ends_early_is_an_error_at_every_byte(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const size_t header = sizeof text - 1 - 5;

    (void)state;
    for (size_t length = 1; length < sizeof text - 1; length++) {
        struct visit visit = {.answer = text, .length = length, .ending = CLOSE};

        assert_int_equal(visit_from(&visit, 0), FOTA_ERR_CLOSED);
        assert_int_equal(fault.stage, length < header ? FOTA_STAGE_CONNECT : FOTA_STAGE_DOWNLOAD);
        assert_int_equal(fault.expected, length < header ? 0 : 5);
        assert_int_equal(fault.got, length < header ? 0 : length - header);
        assert_int_equal(body_length, length < header ? 0 : length - header);
        visit.ending = RESET;
        assert_int_equal(visit_from(&visit, 0), FOTA_ERR_CONNECTION);
        assert_int_equal(fault.stage, length < header ? FOTA_STAGE_CONNECT : FOTA_STAGE_DOWNLOAD);
    }
    assert_refused("", 0, FOTA_ERR_CLOSED);
}

/* ---- connection and time --------------------------------------------------------------------- */

static void l3_errors_of_the_connection_are_passed_on(void **state)
{
    static const int errors[] = {FOTA_ERR_DNS, FOTA_ERR_CONNECT};

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        const struct visit at_open = {.answer = "", .open_error = errors[i]};
        const struct visit later = {.answer = "", .ready_error = errors[i], .connect_polls = 3};

        assert_int_equal(visit_from(&at_open, 0), errors[i]);
        assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
        assert_int_equal(visit_from(&later, 0), errors[i]);
        assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    }
}

static void connection_that_breaks_under_the_request_is_an_error(void **state)
{
    const struct visit visit = {.answer = "", .send_error = FOTA_ERR_CONNECTION};

    (void)state;
    assert_int_equal(visit_from(&visit, 0), FOTA_ERR_CONNECTION);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
}

static void l2_connection_has_a_deadline(void **state)
{
    const struct visit never = {.answer = "", .connect_polls = -1};
    const struct visit late = {.answer = OK_ANSWER, .connect_polls = 59};
    uint64_t start;

    (void)state;
    assert_int_equal(visit_from(&late, 0), FOTA_FETCH_END);
    assert_int_equal(visit_from(&never, 0), FOTA_ERR_CONNECT);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    assert_int_equal(fault.expected, timeouts.connect_ms);
    assert_int_equal(fault.got, timeouts.connect_ms);
    script(&never, 1);
    start = net.now_ms;
    (void)fetch("http://h/", 0, 10);
    assert_int_equal(net.now_ms - start, timeouts.connect_ms);
}

static void l1_silence_has_a_deadline_at_every_byte(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const size_t header = sizeof text - 1 - 5;

    (void)state;
    for (size_t length = 1; length < sizeof text - 1; length++) {
        struct visit visit = {.answer = text, .length = length, .ending = SILENCE};

        assert_int_equal(visit_from(&visit, 0), FOTA_ERR_STALLED);
        assert_int_equal(fault.stage, length < header ? FOTA_STAGE_CONNECT : FOTA_STAGE_DOWNLOAD);
        assert_int_equal(fault.expected, timeouts.stall_ms);
        assert_true(fault.got >= timeouts.stall_ms && fault.got <= timeouts.stall_ms + 1000);
    }
}

static void server_that_does_not_take_the_request_is_stalled(void **state)
{
    const struct visit visit = {.answer = "", .deaf = true};

    (void)state;
    assert_int_equal(visit_from(&visit, 0), FOTA_ERR_STALLED);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
}

/* H23: slow is not stalled; how slow is too slow is the engine's affair. */
static void every_byte_begins_the_deadline_anew(void **state)
{
    const struct visit visit = {.answer = OK_ANSWER};
    int result;

    (void)state;
    script(&visit, 1);
    net.piece = 1;
    assert_int_equal(fota_http_open(&http, "http://h/", 0, &fault), 0);
    do {
        result = step(10);
        net.now_ms += timeouts.stall_ms / 2 - 1;
        open_events += result == FOTA_FETCH_OPEN;
    } while (result >= 0 && result != FOTA_FETCH_END);
    assert_int_equal(result, FOTA_FETCH_END);
    assert_body("ok");
}

static void deadlines_have_defaults(void **state)
{
    const struct fota_timeouts none = {0, 0};
    const struct visit never = {.answer = "", .connect_polls = -1};
    const struct visit silent = {.answer = "", .ending = SILENCE};

    (void)state;
    script(&never, 1);
    fota_http_init(&http, &port_net, NULL, &port_system, &none);
    assert_int_equal(fetch("http://h/", 0, 10), FOTA_ERR_CONNECT);
    assert_int_equal(fault.expected, 30000);
    script(&silent, 1);
    fota_http_init(&http, &port_net, NULL, &port_system, &none);
    assert_int_equal(fetch("http://h/", 0, 10), FOTA_ERR_STALLED);
    assert_int_equal(fault.expected, 60000);
}

static void close_is_harmless_at_any_time(void **state)
{
    static const struct visit visits[] = {{.answer = OK_ANSWER, .connect_polls = 1}};

    (void)state;
    for (unsigned steps = 0; steps < 12; steps++) {
        script(visits, 1);
        fota_http_close(&http);
        assert_int_equal(fota_http_open(&http, "http://h/", 0, &fault), 0);
        for (unsigned i = 0; i < steps; i++)
            open_events += step(1) == FOTA_FETCH_OPEN;
        fota_http_close(&http);
        fota_http_close(&http);
        assert_int_equal(net.open_streams, 0);
        assert_int_equal(step(1), FOTA_ERR_STATE);
        assert_int_equal(fault.error, FOTA_ERR_STATE);
    }
}

static void opening_anew_closes_what_runs(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 x\r\nLocation: //b/\r\n\r\n"},
        {.answer = "HTTP/1.1 206 P\r\nContent-Range: bytes 6-10/11\r\n\r\nwo"},
        {.answer = OK_ANSWER},
    };

    (void)state;
    script(visits, COUNT(visits));
    assert_int_equal(fota_http_open(&http, "http://a/", 6, &fault), 0);
    while (step(1) != FOTA_FETCH_OPEN) {
    }
    assert_int_equal(net.open_streams, 1);
    assert_int_equal(fetch("http://a/", 0, 10), FOTA_FETCH_END);
    assert_body("ok");
    assert_string_equal(net.hosts[2], "a");
    assert_null(strstr(net.requests[2], "Range"));
}

static void callers_address_family_is_used(void **state)
{
    (void)state;
    script(&ok_visit, 1);
    http.family = FOTA_ADDRESS_IPV4;
    assert_int_equal(fetch("http://h/", 0, 10), FOTA_FETCH_END);
    assert_int_equal(net.families[0], FOTA_ADDRESS_IPV4);
}

static void client_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct fota_http) <= 4700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_complete_and_minimal),
        cmocka_unit_test(request_does_not_depend_on_how_it_is_sent),
        cmocka_unit_test(empty_path_is_a_slash),
        cmocka_unit_test(host_names_the_port_unless_it_is_80),
        cmocka_unit_test(ipv6_hosts_have_brackets_only_in_the_request),
        cmocka_unit_test(range_is_asked_only_behind_the_start),
        cmocka_unit_test(login_goes_into_authorization),
        cmocka_unit_test(longest_urls_fit),
        cmocka_unit_test(urls_that_cannot_be_fetched_are_refused_at_once),
        cmocka_unit_test(file_of_known_length_is_fetched),
        cmocka_unit_test(file_ends_without_waiting_for_the_close),
        cmocka_unit_test(chunked_file_is_fetched),
        cmocka_unit_test(h11_file_without_length_ends_with_the_connection),
        cmocka_unit_test(large_file_arrives_as_it_is),
        cmocka_unit_test(h1_part_is_fetched_from_the_offset),
        cmocka_unit_test(h3_part_shorter_than_asked_ends_and_tells_the_total),
        cmocka_unit_test(h2_part_from_elsewhere_is_refused),
        cmocka_unit_test(part_whose_length_contradicts_its_range_is_refused),
        cmocka_unit_test(h4_whole_file_in_answer_to_a_range_is_read_from_the_offset),
        cmocka_unit_test(h4_whole_file_shorter_than_the_offset_is_refused),
        cmocka_unit_test(h5_range_behind_the_end_tells_the_total),
        cmocka_unit_test(h6_h22_refusals_have_their_own_errors_and_no_body),
        cmocka_unit_test(h21_overloaded_servers_say_when_to_come_back),
        cmocka_unit_test(answers_the_reader_refuses_are_refused),
        cmocka_unit_test(h10_connection_that_ends_early_is_an_error_at_every_byte),
        cmocka_unit_test(l3_errors_of_the_connection_are_passed_on),
        cmocka_unit_test(connection_that_breaks_under_the_request_is_an_error),
        cmocka_unit_test(l2_connection_has_a_deadline),
        cmocka_unit_test(l1_silence_has_a_deadline_at_every_byte),
        cmocka_unit_test(server_that_does_not_take_the_request_is_stalled),
        cmocka_unit_test(every_byte_begins_the_deadline_anew),
        cmocka_unit_test(deadlines_have_defaults),
        cmocka_unit_test(close_is_harmless_at_any_time),
        cmocka_unit_test(opening_anew_closes_what_runs),
        cmocka_unit_test(callers_address_family_is_used),
        cmocka_unit_test(client_is_small),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
