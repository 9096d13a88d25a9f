/*
 * test_http_body.c - core/http_reader.h: bodies, chunks, and where they end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_sample.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* H11 */
static void h11_chunks_are_joined(void **state)
{
    (void)state;
    assert_body(CHUNKED "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", "hello world");
    assert_true(whole.ended);
    assert_body(CHUNKED "a\r\n0123456789\r\nA\r\nabcdefghij\r\n000\r\n\r\n",
                "0123456789abcdefghij");
    assert_body(CHUNKED "2\nok\n0\n\n", "ok");
    assert_body(CHUNKED "0000000000000000000000000002\r\nok\r\n0\r\n\r\n", "ok");
    assert_body(CHUNKED "0\r\n\r\n", "");
    assert_true(whole.ended);
}

/* H11 */
static void h11_chunk_extensions_are_ignored(void **state)
{
    (void)state;
    assert_body(CHUNKED "2;name=value\r\nok\r\n0;last\r\n\r\n", "ok");
    assert_body(CHUNKED "2 ; a=\"b;c\" \r\nok\r\n0\t\r\n\r\n", "ok");
    assert_body(CHUNKED "2 \t\r\nok\r\n0\r\n\r\n", "ok");
}

static void trailers_are_read_over(void **state)
{
    (void)state;
    assert_body(CHUNKED "2\r\nok\r\n0\r\nContent-Length: 77\r\nETag: \"t\"\r\nX: y\r\n\r\n", "ok");
    assert_true(whole.ended);
    assert_false(whole.header.has_length);
    assert_int_equal(whole.header.validator, 0);
    assert_error(CHUNKED "0\r\nno colon\r\n\r\n", FOTA_ERR_HTTP_SYNTAX);
    assert_int_equal(whole.fault.stage, FOTA_STAGE_DOWNLOAD);
}

static void body_in_chunks_is_complete_without_its_trailer(void **state)
{
    (void)state;
    assert_body(CHUNKED "2\r\nok\r\n0\r\n", "ok");
    assert_false(whole.ended);
    assert_body(CHUNKED "2\r\nok\r\n0\r\nX: y", "ok");
}

static void v16_malformed_chunks_are_refused(void **state)
{
    static const char *const bad[] = {
        CHUNKED "\r\n",       CHUNKED "\n",          CHUNKED ";x\r\n",
        CHUNKED " 2\r\nok",   CHUNKED "g\r\n",       CHUNKED "0x2\r\nok",
        CHUNKED "-2\r\nok",   CHUNKED "+2\r\nok",    CHUNKED "2 2\r\nok",
        CHUNKED "2\rok",      CHUNKED "2\r\nokx",    CHUNKED "2\r\nok2\r\n",
        CHUNKED "2\r\nok\rx", CHUNKED "2;\rx\r\nok", CHUNKED "2\r\nok\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_error(bad[i], FOTA_ERR_HTTP_SYNTAX);
        assert_int_equal(whole.fault.stage, FOTA_STAGE_DOWNLOAD);
    }
}

/* H15 */
static void v2_sizes_of_chunks_do_not_wrap(void **state)
{
    (void)state;
    assert_error(CHUNKED "8000000000000000\r\nx", FOTA_ERR_HTTP_LENGTH);
    assert_error(CHUNKED "10000000000000002\r\nok\r\n0\r\n\r\n", FOTA_ERR_HTTP_LENGTH);
    assert_error(CHUNKED "7fffffffffffffff\r\nxyz", FOTA_ERR_CLOSED);
    assert_int_equal(whole.body_length, 3);
    assert_error(CHUNKED "100000002\r\nok\r\n0\r\n\r\n", FOTA_ERR_CLOSED);
}

static void lines_of_chunks_are_limited(void **state)
{
    static char text[1024];

    (void)state;
    for (size_t line = FOTA_HTTP_LINE_MAX - 1; line <= FOTA_HTTP_LINE_MAX + 1; line++) {
        size_t length = (size_t)sprintf(text, CHUNKED "2;");

        memset(text + length, 'x', line - 3);
        length += line - 3;
        length += (size_t)sprintf(text + length, "\nok\r\n0\r\n\r\n");
        read_bytes(text, length, &whole);
        assert_int_equal(whole.error, line <= FOTA_HTTP_LINE_MAX ? 0 : FOTA_ERR_HTTP_TOO_LARGE);
    }
    assert_int_equal(whole.fault.expected, FOTA_HTTP_LINE_MAX);
}

/* A long download in many chunks with extensions must not add up to "too large". */
static void limit_of_lines_is_for_each_chunk(void **state)
{
    static const char chunk[] = "1;extension=0123456789012345678901234567890123456789\r\nx\r\n";
    struct fota_http_reader reader;

    (void)state;
    memset(&whole, 0, sizeof whole);
    fota_http_reader_start(&reader, whole.location, sizeof whole.location);
    feed_piece(&reader, CHUNKED, strlen(CHUNKED), &whole);
    for (int i = 0; i < 4000; i++) {
        feed_piece(&reader, chunk, sizeof chunk - 1, &whole);
        assert_int_equal(whole.error, 0);
    }
    assert_int_equal(whole.body_length, 4000);
    feed_piece(&reader, "0\r\n\r\n", 5, &whole);
    assert_true(whole.ended);
}

/* H11 */
static void h11_body_without_a_length_ends_with_the_connection(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 all of it\r\n\r\n", "HTTP/1.1 all of it\r\n\r\n");
    assert_false(whole.ended);
}

/* H10 */
static void early_close_is_told_from_the_end(void **state)
{
    static const char *const cut[] = {
        "",
        "HTTP/1.1",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        CHUNKED "2",
        CHUNKED "2\r\no",
        CHUNKED "2\r\nok",
        CHUNKED "2\r\nok\r\n",
        CHUNKED "0",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cut); i++)
        assert_error(cut[i], FOTA_ERR_CLOSED);
    assert_error("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", FOTA_ERR_CLOSED);
    assert_int_equal(whole.fault.expected, 5);
    assert_int_equal(whole.fault.got, 4);
    assert_int_equal(whole.fault.stage, FOTA_STAGE_DOWNLOAD);
}

/* H1: cut at any offset is an error, never a short success */
static void h10_every_cut_of_a_response_is_noticed(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"e\"\r\n\r\nhello",
        CHUNKED "5\r\nhello\r\n0",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t length = 0; length < strlen(texts[i]); length++) {
            read_bytes(texts[i], length, &whole);
            assert_int_equal(whole.error, FOTA_ERR_CLOSED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h11_chunks_are_joined),
        cmocka_unit_test(h11_chunk_extensions_are_ignored),
        cmocka_unit_test(trailers_are_read_over),
        cmocka_unit_test(body_in_chunks_is_complete_without_its_trailer),
        cmocka_unit_test(v16_malformed_chunks_are_refused),
        cmocka_unit_test(v2_sizes_of_chunks_do_not_wrap),
        cmocka_unit_test(lines_of_chunks_are_limited),
        cmocka_unit_test(limit_of_lines_is_for_each_chunk),
        cmocka_unit_test(h11_body_without_a_length_ends_with_the_connection),
        cmocka_unit_test(early_close_is_told_from_the_end),
        cmocka_unit_test(h10_every_cut_of_a_response_is_noticed),
    };

    return cmocka_run_group_tests_name("http_body", tests, NULL, NULL);
}
