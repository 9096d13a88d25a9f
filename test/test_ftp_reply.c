/*
 * test_ftp_reply.c - core/ftp_reply.h: replies, in every split.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ftp_reply.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct fota_ftp_reply reply;
static struct fota_fault fault;

/* Feeds `length` bytes of exactly that room, for ASan to guard. Adds what was taken to *total. */
static int feed(const char *data, size_t length, size_t *total)
{
    char *copy = malloc(length ? length : 1);
    size_t used = 77;
    int result;

    assert_non_null(copy);
    memcpy(copy, data, length);
    result = fota_ftp_reply_feed(&reply, copy, length, &used, &fault);
    assert_true(used <= length);
    if (result == FOTA_FTP_MORE)
        assert_int_equal(used, length);
    if (result < 0)
        assert_int_equal(fault.error, result);
    *total += used;
    free(copy);
    return result;
}

static int read_pieces(const char *data, size_t length, size_t first, size_t piece, size_t *used)
{
    int result = FOTA_FTP_MORE;

    fota_ftp_reply_start(&reply);
    memset(&fault, 0, sizeof fault);
    *used = 0;
    while (result == FOTA_FTP_MORE && *used < length) {
        size_t n = *used == 0 && first ? first : piece;

        result = feed(data + *used, n < length - *used ? n : length - *used, used);
    }
    return result;
}

/* The same outcome however the bytes are split; it is left in `reply`. */
static int read_all(const char *data, size_t length, size_t *used)
{
    struct fota_ftp_reply whole;
    size_t whole_used;
    int result = read_pieces(data, length, 0, length, &whole_used);

    whole = reply;
    for (size_t at = 0; at <= length; at++) {
        for (size_t piece = 1; piece <= length; piece += at ? length - 1 + !at : 1) {
            assert_int_equal(read_pieces(data, length, at, piece, used), result);
            assert_int_equal(*used, whole_used);
            assert_memory_equal(&reply, &whole, sizeof reply);
            if (length == 1)
                break;
        }
    }
    return result;
}

static void assert_reply(const char *text, unsigned code, const char *expected)
{
    size_t used;

    assert_int_equal(read_all(text, strlen(text), &used), FOTA_FTP_REPLY);
    assert_int_equal(used, strlen(text));
    assert_int_equal(reply.code, code);
    assert_int_equal(reply.length, strlen(expected));
    assert_memory_equal(reply.text, expected, reply.length);
}

static void assert_nonsense(const char *text, size_t length)
{
    size_t used;

    assert_int_equal(read_all(text, length, &used), FOTA_ERR_FTP_REPLY);
}

static void lines(void **state)
{
    (void)state;
    assert_reply("220 Ready\r\n", 220, "Ready");
    assert_reply("220 Ready\n", 220, "Ready");
    assert_reply("220 \r\n", 220, "");
    assert_reply("220\r\n", 220, "");
    assert_reply("220\n", 220, "");
    assert_reply("213 10 \r\n", 213, "10");
    assert_reply("599 \xff\x01 a\rb\r\n", 599, "\xff\x01 a\rb");
    assert_reply("100 220-\r\n", 100, "220-");
}

static void several_lines(void **state)
{
    (void)state;
    assert_reply("220-Hello\r\n220 Go\r\n", 220, "Go");
    assert_reply("220-\r\n220\r\n", 220, "");
    assert_reply("220-Hello\n221 no\n22\n2\n\n220-more\n2200 x\n 220 x\n22 0\n220x\n220 Go\n", 220,
                 "Go");
    assert_reply("230-530 Not you\r\n530 Not me\r\n230 All\r\n", 230, "All");
}

static void nothing_is_taken_behind_the_end(void **state)
{
    const char *text = "150 Opening\r\n226 Done\r\n";
    size_t used;

    (void)state;
    assert_int_equal(read_all(text, strlen(text), &used), FOTA_FTP_REPLY);
    assert_int_equal(used, 13);
    assert_int_equal(reply.code, 150);
}

static void parts_wait_for_more(void **state)
{
    static const char *const parts[] = {"2",         "220",           "220 ",
                                        "220-a\r\n", "220-a\r\n220-", "220 a\r"};
    size_t used;

    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++)
        assert_int_equal(read_all(parts[i], strlen(parts[i]), &used), FOTA_FTP_MORE);
    assert_int_equal(fota_ftp_reply_feed(&reply, "", 0, &used, &fault), FOTA_FTP_MORE);
    assert_int_equal(used, 0);
}

static void what_is_no_reply(void **state)
{
    static const char *const texts[] = {"HTTP/1.1 200 OK\r\n",
                                        "SSH-2.0\r\n",
                                        "\r\n",
                                        "\n",
                                        " 220\r\n",
                                        "22 \r\n",
                                        "22\n",
                                        "2200\r\n",
                                        "220x\r\n",
                                        "220_a\r\n",
                                        "099 a\r\n",
                                        "000 a\r\n",
                                        "600 a\r\n",
                                        "999-a\r\n",
                                        "-20 a\r\n",
                                        "+20 a\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_nonsense(texts[i], strlen(texts[i]));
    assert_nonsense("220 a\0b\r\n", 9);
    assert_nonsense("220-a\r\n\0\r\n", 10);
    assert_nonsense("\0", 1);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
}

static void long_texts_are_cut(void **state)
{
    char text[FOTA_FTP_TEXT_MAX + 10];

    (void)state;
    for (int more = -2; more <= 2; more++) {
        size_t length = (size_t)((int)FOTA_FTP_TEXT_MAX + more), used;

        memset(text, 'x', sizeof text);
        memcpy(text, "220 ", 4);
        text[4 + length] = '\n';
        assert_int_equal(read_all(text, length + 5, &used), FOTA_FTP_REPLY);
        assert_int_equal(reply.length, more > 0 ? FOTA_FTP_TEXT_MAX : length);
    }
}

static void a_reply_has_a_limit(void **state)
{
    static char text[FOTA_FTP_REPLY_MAX + 10];
    size_t used;

    (void)state;
    for (int more = -2; more <= 2; more++) {
        size_t length = (size_t)((int)FOTA_FTP_REPLY_MAX + more);
        int expected = more > 0 ? FOTA_ERR_FTP_REPLY : FOTA_FTP_REPLY;

        memset(text, 'x', sizeof text);
        memcpy(text, "220-", 4);
        memcpy(text + length - 7, "\n220 a\n", 7);
        for (size_t piece = 1; piece <= length; piece = piece * 3 + 1)
            assert_int_equal(read_pieces(text, length, 0, piece, &used), expected);
    }
}

static void assert_extended(const char *text, unsigned port)
{
    uint16_t found = 0;
    size_t used;

    assert_int_equal(read_all(text, strlen(text), &used), FOTA_FTP_REPLY);
    assert_int_equal(fota_ftp_reply_extended_port(&reply, &found), port != 0);
    assert_int_equal(found, port);
}

static void extended_ports(void **state)
{
    (void)state;
    assert_extended("229 Entering Extended Passive Mode (|||6446|)\r\n", 6446);
    assert_extended("229 (!!!1!)\r\n", 1);
    assert_extended("229 (|1|132.235.1.2|65535|)\r\n", 65535);
    assert_extended("229 (|2|2001:db8::1|21|) and more\r\n", 21);
    assert_extended("229 (|||65536|)\r\n", 0);
    assert_extended("229 (|||4294967297|)\r\n", 0);
    assert_extended("229 (|||0|)\r\n", 0);
    assert_extended("229 (||||)\r\n", 0);
    assert_extended("229 (|||-1|)\r\n", 0);
    assert_extended("229 (|||1)\r\n", 0);
    assert_extended("229 (|||1\r\n", 0);
    assert_extended("229 (|||\r\n", 0);
    assert_extended("229 (||1|)\r\n", 0);
    assert_extended("229 (\r\n", 0);
    assert_extended("229 |||1|\r\n", 0);
    assert_extended("229 (11121)\r\n", 0);
    assert_extended("229 (   1 )\r\n", 0);
    assert_extended("229\r\n", 0);
}

static void assert_passive(const char *text, unsigned port)
{
    uint16_t found = 0;
    size_t used;

    assert_int_equal(read_all(text, strlen(text), &used), FOTA_FTP_REPLY);
    if (fota_ftp_reply_passive_port(&reply, &found))
        assert_int_equal(found, port);
    else
        assert_int_equal(port, 0);
}

static void passive_ports(void **state)
{
    (void)state;
    assert_passive("227 Entering Passive Mode (127,0,0,1,4,1).\r\n", 1025);
    assert_passive("227 127,0,0,1,255,255\r\n", 65535);
    assert_passive("227 =127, 0, 0, 1, 0, 21 :-)\r\n", 21);
    assert_passive("227 (127,0,0,1,0,0)\r\n", 0);
    assert_passive("227 (127,0,0,1,4)\r\n", 0);
    assert_passive("227 (127,0,0,1,4,)\r\n", 0);
    assert_passive("227 (127,0,0,1,256,1)\r\n", 0);
    assert_passive("227 (127.0.0.1.4.1)\r\n", 0);
    assert_passive("227 (127,0,0,1,4,-1)\r\n", 0);
    assert_passive("227 nowhere\r\n", 0);
    assert_passive("227\r\n", 0);
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
    } rows[] = {{"213 0\r\n", 0},
                {"213 10\r\n", 10},
                {"213   10  \r\n", 10},
                {"213 4294967301\r\n", UINT64_C(4294967301)},
                {"213 9223372036854775807\r\n", INT64_MAX}};
    static const char *const bad[] = {"213 \r\n",
                                      "213 9223372036854775808\r\n",
                                      "213 +5\r\n",
                                      "213 -5\r\n",
                                      "213 0x10\r\n",
                                      "213 10 bytes\r\n",
                                      "213 18446744073709551617\r\n"};
    uint64_t size;
    size_t used;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_all(rows[i].text, strlen(rows[i].text), &used), FOTA_FTP_REPLY);
        assert_true(fota_ftp_reply_size(&reply, &size) && size == rows[i].size);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(read_all(bad[i], strlen(bad[i]), &used), FOTA_FTP_REPLY);
        assert_false(fota_ftp_reply_size(&reply, &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(several_lines),
        cmocka_unit_test(nothing_is_taken_behind_the_end),
        cmocka_unit_test(parts_wait_for_more),
        cmocka_unit_test(what_is_no_reply),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(a_reply_has_a_limit),
        cmocka_unit_test(extended_ports),
        cmocka_unit_test(passive_ports),
        cmocka_unit_test(sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
