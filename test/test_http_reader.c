/*
 * test_http_reader.c - core/http_reader.h: status line and header. Bodies: test_http_body.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_sample.h"
#include "text.h"

/* The header of a 200 with these fields and no body. */
static const struct fota_http_header *fields(const char *lines)
{
    static char text[2048];

    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n", lines);
    assert_int_equal(read_text(text)->error, 0);
    return &whole.header;
}

static void assert_fields_error(const char *lines, int error)
{
    static char text[2048];

    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n", lines);
    assert_error(text, error);
    assert_false(whole.header_seen);
}

/* ---- status line ----------------------------------------------------------------------------- */

static void body_of_known_length_ends_by_itself(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello");
    assert_true(whole.ended);
    assert_int_equal(whole.header.status, 200);
    assert_true(whole.header.has_length);
    assert_int_equal(whole.header.length, 5);
    assert_false(whole.header.chunked);
}

static void empty_body_ends_without_further_input(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "");
    assert_true(whole.ended);
}

static void bytes_behind_the_end_are_not_taken(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500";

    (void)state;
    assert_body(text, "ok");
    assert_true(whole.ended);
    assert_int_equal(whole.used, sizeof text - 1 - 12);
}

static void reader_stays_at_the_end(void **state)
{
    static const uint8_t text[] = "HTTP/1.1 204 x\n\nmore";
    struct fota_http_reader reader;
    struct fota_fault fault = {0};
    const uint8_t *body;
    char location[8];
    size_t used, n;

    (void)state;
    fota_http_reader_start(&reader, location, sizeof location);
    assert_int_equal(fota_http_reader_feed(&reader, text, 20, &used, &body, &n, &fault),
                     FOTA_HTTP_HEADER);
    assert_int_equal(used, 16);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fota_http_reader_feed(&reader, text, 4, &used, &body, &n, &fault),
                         FOTA_HTTP_END);
        assert_int_equal(used, 0);
    }
    assert_int_equal(fota_http_reader_close(&reader, &fault), 0);
}

static void reader_stays_failed(void **state)
{
    struct fota_http_reader reader;
    struct fota_fault fault = {0};
    const uint8_t *body;
    char location[8];
    size_t used, n;

    (void)state;
    fota_http_reader_start(&reader, location, sizeof location);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            fota_http_reader_feed(&reader, (const uint8_t *)"X", 1, &used, &body, &n, &fault),
            FOTA_ERR_HTTP_SYNTAX);
    }
    assert_int_equal(fota_http_reader_close(&reader, &fault), FOTA_ERR_CLOSED);
}

/* H16 */
static void h16_sloppy_servers_are_understood(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok");
    assert_body("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok");
    assert_body("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", "ok");
    assert_body("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok");
    assert_body("HTTP/1.1 200 \xe5\xa5\xbd: \t fine\r\nContent-Length: 2\r\n\r\nok", "ok");
    assert_body("HTTP/1.1 200 OK\r\n\r\n", "");
}

/* H16 */
static void h16_interim_responses_are_skipped(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 100 Continue\r\n\r\n"
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nETag: \"interim\"\r\n"
                "Location: /interim\r\nContent-Range: bytes 5-6/7\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                "ok");
    assert_int_equal(whole.header.status, 200);
    assert_int_equal(whole.header.validator, 0);
    assert_false(whole.header.has_location);
    assert_false(whole.header.has_range);
}

static void h17_endless_interim_responses_are_cut_off(void **state)
{
    static char text[FOTA_HTTP_HEADER_MAX + 64];
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t length = 0;
    struct outcome *outcome = &whole;

    (void)state;
    while (length + sizeof interim < sizeof text) {
        memcpy(text + length, interim, sizeof interim - 1);
        length += sizeof interim - 1;
    }
    read_split(text, length, 0, length, outcome);
    assert_int_equal(outcome->error, FOTA_ERR_HTTP_TOO_LARGE);
    assert_int_equal(outcome->fault.expected, FOTA_HTTP_HEADER_MAX);
}

static void responses_without_a_body_end_at_the_header(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\nx", "");
    assert_true(whole.ended);
    assert_body("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\nx", "");
    assert_true(whole.ended);
}

static void what_is_not_http_1_is_refused(void **state)
{
    static const char *const bad[] = {
        "<html>",           "220 ftp ready\r\n",
        "SSH-2.0-x\r\n",    "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/2.0 200\r\n", "HTTP/0.9 200\r\n",
        "http/1.1 200\r\n", "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20\r\n",  "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 2x0\r\n", "HTTP/1.1 099 x\r\n",
        "HTTP/1.1 200OK\n", "HTTP/1.1 -20 OK\r\n",
        "HTTP/1.x 200\r\n", "HTTP/1.1\t200 OK\r\n",
        "HTTP/1.1 200\tOK", "HTTP/1.1 200 O\rK\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_error(bad[i], FOTA_ERR_HTTP_SYNTAX);
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* V30 */
static void v30_field_names_have_any_case_and_any_blanks(void **state)
{
    static const char *const lines[] = {
        "content-length: 0\r\n",  "CONTENT-LENGTH: 0\r\n",        "cOnTeNt-LeNgTh:0\r\n",
        "Content-Length:\t0\r\n", "Content-Length: \t  0 \t\r\n", "Content-Length:0\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_true(fields(lines[i])->has_length);
        assert_int_equal(whole.header.length, 0);
    }
}

static void unknown_fields_are_ignored(void **state)
{
    static char text[12000];
    size_t length;

    (void)state;
    assert_false(fields("X-Content-Length: 7\r\nContent-Lengthy: 8\r\nContent-Lengt: 9\r\n"
                        "!#$%&'*+-.^_`|~09azAZ: \x01\x7f\xff:\r\nEmpty:\r\n")
                     ->has_length);
    /* a value and a name that are longer than anything that is kept */
    length = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nX: ");
    memset(text + length, 'v', 5000);
    length += 5000;
    length += (size_t)sprintf(text + length, "\r\n");
    memset(text + length, 'n', 5000);
    length += 5000;
    length += (size_t)sprintf(text + length, ": 1\r\nContent-Length: 2\r\n\r\nok");
    read_split(text, length, 0, length, &whole);
    assert_true(whole.ended);
    assert_int_equal(whole.body_length, 2);
}

/* H17 */
static void h17_malformed_fields_are_refused(void **state)
{
    static const char *const bad[] = {
        " folded: 1\r\n",
        "A: 1\r\n folded\r\n",
        "A: 1\r\n\tfolded\r\n",
        "Content-Length : 1\r\n",
        "no colon\r\n",
        "nocolon\r\n",
        ": no name\r\n",
        "A: b\rc\r\n",
        "A: b\r\r\n",
        "A\r: b\r\n",
        "A(b): c\r\n",
        "\xc3\xa4: c\r\n",
        "\r\r\n",
        "Location: /a\r\nLocation: /a\r\n",
        "Content-Range: bytes 0-1/2\r\nContent-Range: bytes 0-1/2\r\n",
        "Content-Range: x\r\nContent-Range: bytes 0-1/2\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_fields_error(bad[i], FOTA_ERR_HTTP_SYNTAX);
}

/* H17 */
static void h17_nul_is_refused_anywhere_in_the_header(void **state)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n"
                               "Location: /x\r\nETag: \"y\"\r\n\r\n";
    char text[sizeof good];

    (void)state;
    for (size_t i = 0; i < sizeof good - 1; i++) {
        memcpy(text, good, sizeof good);
        text[i] = '\0';
        read_bytes(text, sizeof good - 1, &whole);
        assert_int_equal(whole.error, FOTA_ERR_HTTP_SYNTAX);
    }
}

/* H17 */
static void h17_number_of_lines_is_limited(void **state)
{
    static char text[4096];

    (void)state;
    for (unsigned extra = 0; extra < 3; extra++) {
        size_t length = (size_t)sprintf(text, "HTTP/1.1 204 x\r\n");

        for (unsigned i = 0; i < FOTA_HTTP_LINES_MAX - 1 + extra; i++)
            length += (size_t)sprintf(text + length, "A: b\r\n");
        length += (size_t)sprintf(text + length, "\r\n");
        read_split(text, length, 0, length, &whole);
        assert_int_equal(whole.ended, extra < 2);
        if (extra == 2) {
            assert_int_equal(whole.error, FOTA_ERR_HTTP_TOO_LARGE);
            assert_int_equal(whole.fault.expected, FOTA_HTTP_LINES_MAX);
            assert_int_equal(whole.fault.got, FOTA_HTTP_LINES_MAX + 1);
        }
    }
}

/* H17, V16 */
static void h17_size_of_the_header_is_limited(void **state)
{
    static char text[FOTA_HTTP_HEADER_MAX + 64];

    (void)state;
    for (size_t total = FOTA_HTTP_HEADER_MAX - 2; total <= FOTA_HTTP_HEADER_MAX + 2; total++) {
        memset(text, 'a', sizeof text);
        memcpy(text, "HTTP/1.1 204 x\r\nA: ", 19);
        memcpy(text + total - 4, "\r\n\r\n", 4);
        read_split(text, total, 0, 1 + total / 3, &whole);
        assert_int_equal(whole.error, total <= FOTA_HTTP_HEADER_MAX ? 0 : FOTA_ERR_HTTP_TOO_LARGE);
        if (whole.error != 0) {
            assert_int_equal(whole.fault.expected, FOTA_HTTP_HEADER_MAX);
            assert_int_equal(whole.fault.got, FOTA_HTTP_HEADER_MAX + 1);
        }
    }
}

/* H17, V16 */
static void v16_values_that_are_kept_are_limited(void **state)
{
    char lines[FOTA_HTTP_LINE_MAX + 64];

    (void)state;
    for (size_t length = FOTA_HTTP_LINE_MAX - 1; length <= FOTA_HTTP_LINE_MAX + 2; length++) {
        memset(lines, 'e', sizeof lines);
        memcpy(lines, "ETag:", 5);
        memcpy(lines + 5 + length, "\r\n", 3);
        if (length <= FOTA_HTTP_LINE_MAX) {
            assert_int_not_equal(fields(lines)->validator, 0);
        } else {
            assert_fields_error(lines, FOTA_ERR_HTTP_TOO_LARGE);
            assert_int_equal(whole.fault.expected, FOTA_HTTP_LINE_MAX);
        }
    }
}

/* H17, V18 */
static void location_goes_to_the_callers_buffer_or_is_too_large(void **state)
{
    char lines[LOCATION_SIZE + 64];

    (void)state;
    assert_true(fields("Location: \t/a b \t\r\n")->has_location);
    assert_string_equal(whole.location, "/a b");
    assert_true(fields("LOCATION:\r\n")->has_location);
    assert_int_equal(whole.header.location_length, 0);
    assert_false(fields("Content-Location: /x\r\n")->has_location);
    for (size_t length = LOCATION_SIZE - 2; length <= LOCATION_SIZE + 1; length++) {
        memset(lines, 'l', sizeof lines);
        memcpy(lines, "Location: ", 10);
        memcpy(lines + 10 + length, "\r\n", 3);
        if (length < LOCATION_SIZE) {
            assert_int_equal(fields(lines)->location_length, length);
        } else {
            assert_fields_error(lines, FOTA_ERR_HTTP_TOO_LARGE);
            assert_int_equal(whole.fault.expected, LOCATION_SIZE - 1);
        }
    }
}

/* H14 */
static void h14_content_length_is_a_plain_number_once(void **state)
{
    static const char *const bad[] = {
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5a\r\n",
        "Content-Length: a5\r\n",
        "Content-Length: \r\n",
        "Content-Length:\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5.0\r\n",
        "Content-Length: 9223372036854775808\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 18446744073709551621\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_fields_error(bad[i], FOTA_ERR_HTTP_LENGTH);
}

/* H15, V2 */
static void h15_v2_content_length_has_63_bits(void **state)
{
    static const char *const texts[] = {"2147483647", "2147483649", "4294967295",
                                        "4294967301", "009",        "9223372036854775807"};
    static const uint64_t values[] = {2147483647u, 2147483649u, 4294967295u,
                                      4294967301u, 9u,          INT64_MAX};
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nabc", texts[i]);
        assert_error(text, FOTA_ERR_CLOSED);
        assert_true(whole.header.length == values[i]);
        assert_int_equal(whole.body_length, 3);
        assert_int_equal(whole.fault.expected,
                         values[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)values[i]);
        assert_int_equal(whole.fault.got, 3);
    }
}

/* H12 */
static void h12_length_beside_chunked_is_refused(void **state)
{
    (void)state;
    assert_fields_error("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                        FOTA_ERR_HTTP_LENGTH);
    assert_fields_error("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                        FOTA_ERR_HTTP_LENGTH);
    assert_error("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FOTA_ERR_HTTP_LENGTH);
}

/* H12 */
static void h12_transfer_codings_but_chunked_are_refused(void **state)
{
    static const char *const bad[] = {
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunkedx\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_fields_error(bad[i], FOTA_ERR_HTTP_ENCODING);
    assert_body("HTTP/1.1 200 OK\r\ntransfer-encoding:CHUNKED \r\n\r\n0\r\n\r\n", "");
    assert_true(whole.header.chunked);
}

/* H13 */
static void h13_content_encodings_but_identity_are_refused(void **state)
{
    (void)state;
    assert_fields_error("Content-Encoding: gzip\r\n", FOTA_ERR_HTTP_ENCODING);
    assert_fields_error("Content-Encoding: identity, gzip\r\n", FOTA_ERR_HTTP_ENCODING);
    assert_fields_error("Content-Encoding: identity\r\nContent-Encoding: br\r\n",
                        FOTA_ERR_HTTP_ENCODING);
    assert_fields_error("Content-Encoding: br\r\nContent-Encoding: identity\r\n",
                        FOTA_ERR_HTTP_ENCODING);
    assert_error("HTTP/1.1 206 P\r\nContent-Encoding: gzip\r\n\r\n", FOTA_ERR_HTTP_ENCODING);
    fields("Content-Encoding: Identity\r\n");
}

static void encoded_page_of_an_error_keeps_its_status(void **state)
{
    (void)state;
    assert_int_equal(read_text("HTTP/1.1 404 x\r\nContent-Encoding: gzip\r\n\r\n")->error, 0);
    assert_int_equal(whole.header.status, 404);
}

static void h2_content_range_is_taken_apart(void **state)
{
    const struct fota_http_header *header = fields("Content-Range: bytes 5-9/100\r\n");

    (void)state;
    assert_true(header->has_range && header->has_range_total);
    assert_int_equal(header->range_start, 5);
    assert_int_equal(header->range_end, 9);
    assert_int_equal(header->range_total, 100);
    header = fields("content-range:BYTES 0-0/*\r\n");
    assert_true(header->has_range);
    assert_false(header->has_range_total);
    header = fields("Content-Range: bytes */100\r\n");
    assert_false(header->has_range);
    assert_true(header->has_range_total);
    assert_int_equal(header->range_total, 100);
    header = fields("Content-Range: bytes 4294967301-4294967302/4294967303\r\n");
    assert_true(header->range_start == 4294967301u && header->range_end == 4294967302u);
    assert_true(header->range_total == 4294967303u);
}

static void h2_invalid_content_range_counts_as_none(void **state)
{
    static const char *const bad[] = {
        "5-9/100",
        "bytes=5-9/100",
        "bytes 9-5/100",
        "bytes 5-9/9",
        "bytes 5-9",
        "bytes 5-/100",
        "bytes -9/100",
        "bytes 5-9/",
        "bytes 5-9/1x",
        "bytes  5-9/100",
        "items 5-9/100",
        "bytes 5-9/100, 1-2/3",
        "bytes",
        "bytes ",
        "bytes *",
        "bytes 5-9 /100",
        "bytes +5-9/*",
        "",
        "bytes 9223372036854775808-9223372036854775809/*",
        "bytes */*x",
    };
    char lines[128];

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(lines, sizeof lines, "Content-Range: %s\r\n", bad[i]);
        assert_false(fields(lines)->has_range);
        assert_false(whole.header.has_range_total);
    }
}

/* H21 */
#define DATE "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\n"

static void h21_retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    assert_int_equal(fields("Retry-After: 120\r\n")->retry_after, 120);
    assert_int_equal(fields("Retry-After: 99999999999999999999999\r\n")->retry_after, UINT32_MAX);
    assert_int_equal(fields("Retry-After: 4294967296\r\n")->retry_after, UINT32_MAX);
    assert_int_equal(fields(DATE "Retry-After: Wed, 21 Oct 2015 07:30:01 GMT\r\n")->retry_after,
                     121);
    assert_int_equal(fields("Retry-After: Thu, 22 Oct 2015 07:28:00 GMT\r\n" DATE)->retry_after,
                     86400);
    assert_int_equal(fields(DATE "Retry-After: 7\r\n")->retry_after, 7);
}

static void h21_a_retry_after_that_says_nothing_counts_as_none(void **state)
{
    static const char *const none[] = {
        "Retry-After: 5 minutes\r\n",
        "Retry-After:\r\n",
        "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", /* after when? */
        DATE,
        DATE "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        DATE "Retry-After: Wed, 21 Oct 2015 07:27:59 GMT\r\n",
        DATE "Retry-After: Wed, 21 Oct 2014 07:30:00 GMT\r\n",
        DATE "Retry-After: Wednesday, 21-Oct-15 07:30:00 GMT\r\n", /* obsolete forms */
        DATE "Retry-After: Wed Oct 21 07:30:00 2015\r\n",
        "Date: yesterday\r\nRetry-After: Wed, 21 Oct 2015 07:30:00 GMT\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(fields(none[i])->retry_after, 0);
}

/* The dates of an interim response are not those of the answer. */
static void h21_dates_belong_to_one_answer(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 103 Early\r\n" DATE "\r\nHTTP/1.1 503 Busy\r\n"
                "Retry-After: Wed, 21 Oct 2015 07:30:00 GMT\r\n\r\n",
                "");
    assert_int_equal(whole.header.retry_after, 0);
}

static uint32_t date(const char *text)
{
    return fota_text_date(text, strlen(text));
}

/* Every day of four centuries follows the one before. */
static void dates_are_those_of_the_calendar(void **state)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const uint32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t before = date("Sat, 31 Dec 1899 12:34:56 GMT");

    (void)state;
    assert_int_equal(date("Sun, 06 Nov 1994 08:49:37 GMT") - date("Thu, 01 Jan 1970 00:00:00 GMT"),
                     784111777);
    for (unsigned year = 1900; year < 2300; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (unsigned month = 0; month < 12; month++)
            for (unsigned day = 1; day <= lengths[month] + (leap && month == 1); day++) {
                char text[64];

                snprintf(text, sizeof text, "Xyz, %02u %.3s %04u 12:34:56 GMT", day,
                         names + 3 * (size_t)month, year);
                assert_int_equal(date(text) - before, 86400);
                before = date(text);
            }
    }
}

static void what_is_no_date_is_none(void **state)
{
    static const char good[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    char text[sizeof good];

    (void)state;
    for (size_t i = 0; i < sizeof good - 1; i++) {
        assert_int_equal(fota_text_date(good, i), 0);
        memcpy(text, good, sizeof good);
        text[i] = '~';
        if (i >= 3) /* the day of the week says nothing new */
            assert_int_equal(date(text), 0);
    }
    assert_int_equal(date("Sun, 06 Nov 1994 08:49:37 GMT "), 0);
    assert_int_equal(date("Sun, 06 nov 1994 08:49:37 GMT"), 0);
}

/* H7 */
static void h7_validator_is_the_strong_etag_or_the_date(void **state)
{
    uint64_t etag = fields("ETag: \"a\"\r\n")->validator;
    uint64_t modified = fields("Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n")->validator;

    (void)state;
    /* computed elsewhere: the journal keeps it, so it may never change */
    assert_true(etag == 0xd4272417d7c77eeau);
    assert_true(modified != 0 && modified != etag);
    assert_true(fields("Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
                       "ETag: \"a\"\r\n")
                    ->validator == etag);
    assert_true(fields("ETag: W/\"a\"\r\n"
                       "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n")
                    ->validator == modified);
    assert_true(fields("ETag: \"b\"\r\n")->validator != etag);
    assert_int_equal(fields("ETag: W/\"a\"\r\n")->validator, 0);
    assert_int_equal(fields("ETag:\r\nLast-Modified:\r\n")->validator, 0);
    assert_int_equal(fields("")->validator, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_of_known_length_ends_by_itself),
        cmocka_unit_test(empty_body_ends_without_further_input),
        cmocka_unit_test(bytes_behind_the_end_are_not_taken),
        cmocka_unit_test(reader_stays_at_the_end),
        cmocka_unit_test(reader_stays_failed),
        cmocka_unit_test(h16_sloppy_servers_are_understood),
        cmocka_unit_test(h16_interim_responses_are_skipped),
        cmocka_unit_test(h17_endless_interim_responses_are_cut_off),
        cmocka_unit_test(responses_without_a_body_end_at_the_header),
        cmocka_unit_test(what_is_not_http_1_is_refused),
        cmocka_unit_test(v30_field_names_have_any_case_and_any_blanks),
        cmocka_unit_test(unknown_fields_are_ignored),
        cmocka_unit_test(h17_malformed_fields_are_refused),
        cmocka_unit_test(h17_nul_is_refused_anywhere_in_the_header),
        cmocka_unit_test(h17_number_of_lines_is_limited),
        cmocka_unit_test(h17_size_of_the_header_is_limited),
        cmocka_unit_test(v16_values_that_are_kept_are_limited),
        cmocka_unit_test(location_goes_to_the_callers_buffer_or_is_too_large),
        cmocka_unit_test(h14_content_length_is_a_plain_number_once),
        cmocka_unit_test(h15_v2_content_length_has_63_bits),
        cmocka_unit_test(h12_length_beside_chunked_is_refused),
        cmocka_unit_test(h12_transfer_codings_but_chunked_are_refused),
        cmocka_unit_test(h13_content_encodings_but_identity_are_refused),
        cmocka_unit_test(encoded_page_of_an_error_keeps_its_status),
        cmocka_unit_test(h2_content_range_is_taken_apart),
        cmocka_unit_test(h2_invalid_content_range_counts_as_none),
        cmocka_unit_test(h21_retry_after_is_seconds_or_a_date),
        cmocka_unit_test(h21_a_retry_after_that_says_nothing_counts_as_none),
        cmocka_unit_test(h21_dates_belong_to_one_answer),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(what_is_no_date_is_none),
        cmocka_unit_test(h7_validator_is_the_strong_etag_or_the_date),
    };

    return cmocka_run_group_tests_name("http_reader", tests, NULL, NULL);
}
