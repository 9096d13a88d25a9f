/*
 * test_ftp.c - core/ftp.h: commands, transfers, and what goes wrong. F1 to F15, V23 and V31 are
 * rows of the list of faults that the tests are made from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ftp_script.h"
#include "text.h"

#define REST4   ASKED "EPSV\r\nREST 4\r\nRETR fw/app.bin\r\n"
#define RETR    ASKED "EPSV\r\nRETR fw/app.bin\r\n"
#define GOODBYE "QUIT\r\n"

static const struct server good = {.greeting = NULL};

/* One server in many ways: the outcome does not depend on how the bytes arrive. */
static int fetch_from(const struct server *server, uint64_t offset)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 2, 7, 100};
    static const size_t rooms[] = {4096, 1, 3};
    char first_sent[sizeof net.sent];
    int first = 0;

    for (size_t i = 0; i < COUNT(pieces) * COUNT(rooms) * 2; i++) {
        int result;

        script(server);
        net.piece = pieces[i / 2 % COUNT(pieces)];
        net.hesitate = i % 2 == 1;
        result = fetch(URL, offset, rooms[i / 2 / COUNT(pieces)]);
        if (i == 0) {
            first = result;
            memcpy(first_sent, net.sent, sizeof first_sent);
        }
        assert_int_equal(result, first);
        /* A slow network does not take QUIT whole, and need not. */
        if (net.piece == SIZE_MAX && !net.hesitate)
            assert_string_equal(net.sent, first_sent);
    }
    script(server);
    return fetch(URL, offset, 4096);
}

/* The file comes whole; `commands` is all that was sent for it. */
static void assert_fetched(const struct server *server, uint64_t offset, const char *commands,
                           const char *expected)
{
    assert_int_equal(fetch_from(server, offset), FOTA_FETCH_END);
    assert_string_equal(net.sent, commands);
    assert_body(expected);
}

/* Nothing of the file was handed out. */
static void assert_refused(const struct server *server, uint64_t offset, int error, uint32_t code)
{
    assert_int_equal(fetch_from(server, offset), error);
    assert_int_equal(body_length, 0);
    assert_int_equal(open_events, 0);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    assert_int_equal(fault.got, code);
}

/* ---- when it goes well ----------------------------------------------------------------------- */

static void a_file_comes_whole(void **state)
{
    (void)state;
    assert_fetched(&good, 0, RETR GOODBYE, "0123456789");
    assert_string_equal(net.opened, "h:21/0 h:2021/0 ");
    assert_int_equal(identity.total, 10);
    assert_true(identity.validator == fota_text_hash("20240229123456", 14));
    assert_string_equal(net.closed, "DC");
}

static void the_rest_of_a_file_comes(void **state)
{
    (void)state;
    assert_fetched(&good, 4, REST4 GOODBYE, "456789");
    assert_int_equal(identity.total, 10);
}

static void offsets_are_64_bits_wide(void **state)
{
    const struct server server = {.size = "213 5000000000\r\n", .file = "", .final = "426 No\r\n"};

    (void)state;
    assert_int_equal(fetch_from(&server, UINT64_C(4999999999)), FOTA_ERR_FTP_BUSY);
    assert_non_null(strstr(net.sent, "\r\nREST 4999999999\r\n"));
    assert_true(identity.total == UINT64_C(5000000000));
}

static void urls_become_commands(void **state)
{
    static const struct {
        const char *url, *login, *path, *opened;
    } rows[] = {
        {"ftp://h/a", "USER anonymous\r\nPASS anonymous@\r\n", "a", "h:21/0 h:2021/0 "},
        {"FTP://h:2121/a", "USER anonymous\r\nPASS anonymous@\r\n", "a", "h:2121/0 h:2021/0 "},
        {"ftp://u@h/a", "USER u\r\nPASS \r\n", "a", "h:21/0 h:2021/0 "},
        {"ftp://u%40x:p%3A%2f%20@h/a", "USER u@x\r\nPASS p:/ \r\n", "a", "h:21/0 h:2021/0 "},
        {"ftp://u:p@h/%2Fabs/a%20b?c%C3%A9#top", "USER u\r\nPASS p\r\n", "/abs/a b?c\xc3\xa9",
         "h:21/0 h:2021/0 "},
        {"ftp://u:p@[2001:db8::1]:99/a", "USER u\r\nPASS p\r\n", "a",
         "2001:db8::1:99/2 2001:db8::1:2021/2 "},
    };
    char expected[500];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *path = rows[i].path;

        script(&good);
        assert_int_equal(fetch(rows[i].url, 0, 100), FOTA_FETCH_END);
        snprintf(expected, sizeof expected,
                 "%sTYPE I\r\nSIZE %s\r\nMDTM %s\r\nEPSV\r\nRETR %s\r\nQUIT\r\n", rows[i].login,
                 path, path, path);
        assert_string_equal(net.sent, expected);
        assert_string_equal(net.opened, rows[i].opened);
    }
}

static void the_longest_url_fits(void **state)
{
    char url[FOTA_URL_MAX + 2], line[FOTA_URL_MAX + 20];

    (void)state;
    memset(url, 'a', sizeof url);
    memcpy(url, "ftp://h/", 8);
    url[FOTA_URL_MAX + 1] = '\0';
    script(&good);
    assert_int_equal(fota_ftp_open(&ftp, url, 0, &fault), FOTA_ERR_URL_TOO_LONG);
    url[FOTA_URL_MAX] = '\0';
    assert_int_equal(fetch(url, 0, 100), FOTA_FETCH_END);
    snprintf(line, sizeof line, "\r\nRETR %s\r\n", url + 8);
    assert_non_null(strstr(net.sent, line));
}

static void no_password_is_asked_for(void **state)
{
    const struct server server = {.user = "230 Hello\r\n"};

    (void)state;
    assert_int_equal(fetch_from(&server, 0), FOTA_FETCH_END);
    assert_null(strstr(net.sent, "PASS"));
}

static void servers_without_size_and_mdtm(void **state)
{
    const struct server server = {.size = "502 No\r\n", .mdtm = "500 What?\r\n"};
    const struct server odd = {.size = "213 ten\r\n", .mdtm = "213\r\n"};

    (void)state;
    assert_fetched(&server, 0, RETR GOODBYE, "0123456789");
    assert_true(identity.total == 0 && identity.validator == 0);
    assert_fetched(&odd, 0, RETR GOODBYE, "0123456789");
    assert_true(identity.total == 0 && identity.validator == 0);
}

/* ---- the list of faults ---------------------------------------------------------------------- */

static void f1_binary_comes_before_size(void **state)
{
    (void)state;
    assert_int_equal(fetch_from(&good, 0), FOTA_FETCH_END);
    assert_non_null(strstr(net.sent, "TYPE I\r\nSIZE "));
}

static void f2_a_server_that_stays_in_text_is_found_out(void **state)
{
    const struct server server = {.file = "01234\r\n56789"};
    const struct server refuses = {.type = "504 Text only\r\n"};

    (void)state;
    assert_int_equal(fetch_from(&server, 0), FOTA_ERR_FTP_SIZE);
    assert_int_equal(fault.expected, 10);
    assert_int_equal(fault.stage, FOTA_STAGE_DOWNLOAD);
    assert_true(body_length <= 10);
    assert_refused(&refuses, 0, FOTA_ERR_FTP_REFUSED, 504);
}

static void f3_a_refused_rest_is_never_appended_to(void **state)
{
    static const char *const refusals[] = {"500 What?\r\n", "501 No\r\n", "502 No\r\n",
                                           "504 No\r\n",    "554 No\r\n", "200 Fine\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct server server = {.rest = refusals[i]};

        assert_refused(&server, 4, FOTA_ERR_FTP_REST, (uint32_t)strtoul(refusals[i], NULL, 10));
        assert_int_equal(fault.expected, 4);
        assert_null(strstr(net.sent, "RETR"));
    }
}

static void f3_rest_refused_at_the_transfer(void **state)
{
    const struct server server = {.retr = "554 Invalid REST\r\n"};
    const struct server forgets = {.from_zero = true};

    (void)state;
    assert_refused(&server, 4, FOTA_ERR_FTP_REST, 554);
    assert_refused(&server, 0, FOTA_ERR_FTP_REFUSED, 554);
    /* It says yes and begins at 0: more comes than can be left. */
    assert_int_equal(fetch_from(&forgets, 4), FOTA_ERR_FTP_SIZE);
}

static void f4_rest_at_the_size_brings_nothing_and_is_good(void **state)
{
    (void)state;
    assert_int_equal(fetch_from(&good, 10), FOTA_FETCH_END);
    assert_body("");
}

static void f5_rest_past_the_size(void **state)
{
    const struct server sizeless = {.size = "502 No\r\n", .file = "012"};

    (void)state;
    assert_refused(&good, 11, FOTA_ERR_FTP_REST, 10);
    assert_int_equal(fault.expected, 11);
    assert_null(strstr(net.sent, "REST"));
    /* 226 and no byte, where the size is not known */
    assert_int_equal(fetch_from(&sizeless, 4), FOTA_ERR_FTP_REST);
    assert_int_equal(body_length, 0);
}

static void f6_the_size_in_the_text_of_150_is_not_parsed(void **state)
{
    const struct server server = {.size = "502 No\r\n", .retr = "150 Opening (3 bytes)\r\n"};

    (void)state;
    assert_fetched(&server, 0, RETR GOODBYE, "0123456789");
    assert_true(identity.total == 0);
}

static void f7_a_good_reply_does_not_mean_that_all_is_here(void **state)
{
    const struct server shorter = {.limit = 6};
    const struct server silent = {.limit = 6, .timing = NEVER};

    (void)state;
    assert_int_equal(fetch_from(&shorter, 0), FOTA_ERR_CLOSED);
    assert_int_equal(fault.expected, 10);
    assert_int_equal(fault.got, 6);
    assert_body("012345");
    assert_int_equal(fetch_from(&silent, 0), FOTA_ERR_CLOSED);
}

static void f7_without_a_size_only_a_good_reply_ends_it(void **state)
{
    const struct server never = {.size = "502 No\r\n", .timing = NEVER};
    const struct server dead = {.size = "502 No\r\n", .timing = DEAD};

    (void)state;
    assert_int_equal(fetch_from(&never, 0), FOTA_ERR_CLOSED);
    assert_int_equal(fetch_from(&dead, 0), FOTA_ERR_CLOSED);
}

static void f7_the_reply_has_a_grace_time(void **state)
{
    const struct server never = {.timing = NEVER};
    const struct server open = {.data_ending = SILENCE, .timing = NEVER};
    const struct server *const servers[] = {&never, &open};

    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++) {
        uint64_t begun;

        script(servers[i]);
        begun = net.now_ms;
        assert_int_equal(fetch(URL, 0, 100), FOTA_FETCH_END);
        assert_body("0123456789");
        assert_in_range(net.now_ms - begun, 5000, 11000);
    }
}

static void f8_the_data_is_drained_first(void **state)
{
    const struct server early = {.timing = EARLY};
    const struct server breaks = {.timing = EARLY, .final = "426 Broken\r\n", .limit = 3};
    const struct server late = {.final = "426 Broken\r\n"};
    const struct server short_late = {.final = "451 Disk\r\n", .limit = 3};
    const struct server hangs = {
        .timing = EARLY, .final = "421 Bye\r\n", .limit = 3, .data_ending = SILENCE};

    (void)state;
    assert_fetched(&early, 0, RETR GOODBYE, "0123456789");
    assert_int_equal(fetch_from(&breaks, 0), FOTA_ERR_FTP_BUSY);
    assert_int_equal(fault.got, 426);
    assert_body("012");
    assert_int_equal(fetch_from(&short_late, 0), FOTA_ERR_FTP_BUSY);
    assert_int_equal(fault.got, 451);
    assert_body("012");
    assert_int_equal(fetch_from(&hangs, 0), FOTA_ERR_FTP_BUSY);
    assert_int_equal(fault.got, 421);
    /* All bytes are here: the digest decides. */
    assert_int_equal(fetch_from(&late, 0), FOTA_FETCH_END);
}

static void f8_busy_servers_are_asked_again_later(void **state)
{
    const struct server rows[] = {
        {.greeting = "421 Too many users\r\n"},
        {.greeting = "120 In five minutes\r\n"},
        {.user = "421 Bye\r\n"},
        {.pass = "451 Disk\r\n"},
        {.type = "421 Bye\r\n"},
        {.size = "421 Bye\r\n"},
        {.mdtm = "421 Bye\r\n"},
        {.epsv = "421 Bye\r\n"},
        {.retr = "450 In use\r\n"},
        {.retr = "451 Local error\r\n"},
        {.retr = "426 Broken\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(fetch_from(&rows[i], 0), FOTA_ERR_FTP_BUSY);
        assert_int_equal(open_events, 0);
        assert_true(fault.got == 120 || fault.got / 10 >= 42);
    }
}

static void f9_epsv_refused_means_pasv(void **state)
{
    static const char *const refusals[] = {"500 What?\r\n", "501 No\r\n",       "502 No\r\n",
                                           "522 No\r\n",    "425 No\r\n",       "229 (|||0|)\r\n",
                                           "229 Fine\r\n",  "229 (|||1x|)\r\n", "200 Fine\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct server server = {.epsv = refusals[i]};

        assert_fetched(&server, 4, ASKED "EPSV\r\nPASV\r\nREST 4\r\nRETR fw/app.bin\r\n" GOODBYE,
                       "456789");
        assert_string_equal(net.opened, "h:21/0 h:2022/0 ");
    }
}

static void f9_both_refused(void **state)
{
    const struct server server = {.epsv = "502 No\r\n", .pasv = "502 No\r\n"};
    const struct server nonsense = {.epsv = "502 No\r\n", .pasv = "227 (1,2,3)\r\n"};

    (void)state;
    assert_refused(&server, 0, FOTA_ERR_FTP_REFUSED, 502);
    assert_refused(&nonsense, 0, FOTA_ERR_FTP_REPLY, 227);
}

static void f9_what_worked_is_used_for_the_next_file(void **state)
{
    const struct server server = {.epsv = "502 No\r\n"};

    (void)state;
    script(&server);
    assert_int_equal(fetch(URL, 0, 100), FOTA_FETCH_END);
    serve(&server);
    assert_int_equal(fetch(URL, 0, 100), FOTA_FETCH_END);
    assert_string_equal(net.sent, ASKED "PASV\r\nRETR fw/app.bin\r\n" GOODBYE);
}

/* The engine compares what it is told here. */
static void f10_a_replaced_file_has_another_identity(void **state)
{
    const struct server newer = {.mdtm = "213 20240229123457\r\n"};
    const struct server longer = {.size = "213 11\r\n", .file = "0123456789a"};
    struct fota_file_identity first;

    (void)state;
    assert_int_equal(fetch_from(&good, 0), FOTA_FETCH_END);
    first = identity;
    assert_int_equal(fetch_from(&good, 4), FOTA_FETCH_END);
    assert_true(first.total == identity.total && first.validator == identity.validator);
    assert_int_equal(fetch_from(&newer, 4), FOTA_FETCH_END);
    assert_true(first.validator != identity.validator);
    assert_int_equal(fetch_from(&longer, 4), FOTA_FETCH_END);
    assert_true(first.total != identity.total);
}

static void f11_replies_of_several_lines(void **state)
{
    const struct server server = {
        .greeting = "220-Welcome\r\n220-220 files\r\n 220 x\r\n530 no\r\n\r\n220 Go on\r\n",
        .pass = "230-Hello\n230 \n",
        .size = "213-Status\r\n213 10\r\n",
        .final = "226-Sent\r\n226-in no time\r\n226 Bye\r\n",
    };

    (void)state;
    assert_fetched(&server, 4, REST4 GOODBYE, "456789");
}

static void f11_endless_replies_are_cut_off(void **state)
{
    static char banner[FOTA_FTP_REPLY_MAX + 100];
    const struct server server = {.greeting = banner};

    (void)state;
    memset(banner, 'x', sizeof banner - 1);
    memcpy(banner, "220-", 4);
    assert_refused(&server, 0, FOTA_ERR_FTP_REPLY, 0);
}

static void f12_a_wrong_login_is_final_and_not_told(void **state)
{
    const struct server rows[] = {
        {.greeting = "530 Full\r\n"},   {.user = "530 No\r\n"},       {.user = "332 Account?\r\n"},
        {.pass = "530 joe secret\r\n"}, {.pass = "332 Account?\r\n"}, {.pass = "430 No\r\n"},
        {.pass = "503 No\r\n"},         {.retr = "530 Log in\r\n"},   {.size = "530 Log in\r\n"},
    };
    char text[FOTA_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(fetch_from(&rows[i], 0), FOTA_ERR_FTP_LOGIN);
        assert_false(fota_error_find(fault.error)->retryable);
        assert_null(fault.subject);
        fota_fault_text(&fault, text, sizeof text);
        assert_null(strstr(text, "joe"));
        assert_null(strstr(text, "secret"));
    }
}

static void f13_a_control_connection_that_dies_does_not_matter(void **state)
{
    const struct server dies = {.timing = DEAD};
    const struct server dies_short = {.timing = DEAD, .limit = 6};
    const struct server breaks_at_the_end = {.timing = DEAD, .data_ending = RESET};

    (void)state;
    assert_fetched(&dies, 4, REST4, "456789");
    assert_int_equal(fetch_from(&dies_short, 0), FOTA_ERR_CLOSED);
    assert_int_equal(fetch_from(&breaks_at_the_end, 0), FOTA_FETCH_END);
}

static void f14_closing_ends_data_before_control(void **state)
{
    (void)state;
    script(&good);
    assert_int_equal(fota_ftp_open(&ftp, URL, 0, &fault), 0);
    while (body_length == 0)
        if (step(3) == FOTA_FETCH_OPEN)
            open_events++;
    assert_true(net.control_open && net.data_open);
    fota_ftp_close(&ftp);
    assert_string_equal(net.closed, "DC");
    fota_ftp_close(&ftp);
    assert_string_equal(net.closed, "DC");
    assert_int_equal(step(3), FOTA_ERR_STATE);
}

static void f15_a_refused_data_connection_is_tried_the_other_way(void **state)
{
    const struct server rows[] = {
        {.data_error = {FOTA_ERR_CONNECT}},
        {.data_ready = {FOTA_ERR_CONNECT}},
        {.data_ready = {2}}, /* a wall that swallows */
    };
    const struct server never = {.data_ready = {FOTA_ERR_CONNECT, FOTA_ERR_CONNECT}};
    const struct server busy = {.retr = "425 Cannot\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_fetched(&rows[i], 4, ASKED "EPSV\r\nPASV\r\nREST 4\r\nRETR fw/app.bin\r\n" GOODBYE,
                       "456789");
        assert_string_equal(net.opened, "h:21/0 h:2021/0 h:2022/0 ");
    }
    assert_refused(&never, 0, FOTA_ERR_CONNECT, 0);
    assert_string_equal(net.sent, ASKED "EPSV\r\nPASV\r\n");
    assert_refused(&busy, 0, FOTA_ERR_FTP_BUSY, 425);
    assert_string_equal(net.sent, RETR "PASV\r\nRETR fw/app.bin\r\n");
}

static void f15_the_other_way_round_after_pasv(void **state)
{
    const struct server first = {.epsv = "502 No\r\n"};
    const struct server second = {.data_ready = {FOTA_ERR_CONNECT}};

    (void)state;
    script(&first);
    assert_int_equal(fetch(URL, 0, 100), FOTA_FETCH_END);
    serve(&second);
    assert_int_equal(fetch(URL, 0, 100), FOTA_FETCH_END);
    assert_string_equal(net.sent, ASKED "PASV\r\nEPSV\r\nRETR fw/app.bin\r\n" GOODBYE);
}

static void v23_the_address_of_a_227_is_not_believed(void **state)
{
    const struct server server = {.epsv = "502 No\r\n", .pasv = "227 =10,0,0,1,0,22\r\n"};
    const struct server six = {.epsv = "229 (|2|2001:db8::9|2023|)\r\n"};

    (void)state;
    assert_int_equal(fetch_from(&server, 0), FOTA_FETCH_END);
    assert_string_equal(net.opened, "h:21/0 h:22/0 ");
    assert_int_equal(fetch_from(&six, 0), FOTA_FETCH_END);
    assert_string_equal(net.opened, "h:21/0 h:2023/0 ");
}

static void v28_v31_no_command_can_be_slipped_in(void **state)
{
    static const char *const urls[] = {
        "ftp://h/a%0d%0aDELE%20b",
        "ftp://h/a%00",
        "ftp://u%0Ax:p@h/a",
        "ftp://u:p%0D@h/a",
        "ftp://h/a\r\nDELE b",
        "ftp://h/a%",
        "ftp://h/a%0",
        "ftp://u\n@h/a",
        "ftp://h/%",
        "ftp://h/a\"b\"",
    };

    (void)state;
    script(&good);
    for (size_t i = 0; i < COUNT(urls); i++) {
        assert_int_equal(fota_ftp_open(&ftp, urls[i], 0, &fault), FOTA_ERR_URL);
        assert_int_equal(step(1), FOTA_ERR_STATE);
    }
    assert_string_equal(net.sent, "");
}

/* As if fota_url_parse() had let it through. */
static void v31_commands_are_looked_at_a_second_time(void **state)
{
    static const char *const tails[] = {"%0d%0aQUIT", "%0A", "%00", "%0D"};

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++) {
        script(&good);
        assert_int_equal(fota_ftp_open(&ftp, "ftp://u:p@h/a%20xxxxxxxxxxxxxx", 0, &fault), 0);
        while (strstr(net.sent, "TYPE I\r\n") == NULL)
            assert_true(step(1) >= 0);
        memcpy(ftp.url + strlen("ftp://u:p@h/a"), tails[i], strlen(tails[i]));
        assert_int_equal(run(100), FOTA_ERR_URL);
        assert_null(strstr(net.sent, "SIZE"));
    }
}

static void v31_a_quote_that_is_not_closed_is_text(void **state)
{
    const struct server server = {
        .pass = "230 \"/home\r\n", .type = "200 \"\r\n", .rest = "350 \"\r\n"};

    (void)state;
    assert_fetched(&server, 4, REST4 GOODBYE, "456789");
}

/* ---- what is not FTP ------------------------------------------------------------------------- */

static void other_protocols_are_named(void **state)
{
    static const char *const greetings[] = {
        "HTTP/1.1 400 Bad\r\n", "SSH-2.0-x\r\n", "\r\n",      "22\r\n",
        "2200 x\r\n",           "600 x\r\n",     "099 x\r\n", "331 What?\r\n",
        "150 Here\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(greetings); i++) {
        const struct server server = {.greeting = greetings[i]};

        assert_int_equal(fetch_from(&server, 0), FOTA_ERR_FTP_REPLY);
        assert_string_equal(net.sent, "");
    }
}

static void replies_that_do_not_fit_what_was_asked(void **state)
{
    const struct server rows[] = {
        {.user = "150 Here\r\n"},
        {.pass = "331 Again\r\n"},
        {.type = "350 What\r\n"},
        {.retr = "350 What\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(fetch_from(&rows[i], 0), FOTA_ERR_FTP_REPLY);
}

/* A reply behind the one that was due would be taken for the next command's. */
static void replies_in_advance_are_refused(void **state)
{
    const struct server server = {.pass = "230 Hello\r\n200 Binary\r\n"};
    const struct server passive = {.epsv = "229 (|||2021|)\r\n350 Go\r\n"};

    (void)state;
    script(&server);
    assert_int_equal(fetch(URL, 0, 100), FOTA_ERR_FTP_REPLY);
    script(&passive);
    assert_int_equal(fetch(URL, 0, 100), FOTA_ERR_FTP_REPLY);
}

static void a_missing_file(void **state)
{
    const struct server server = {.size = "550 No such file\r\n",
                                  .mdtm = "550 No such file\r\n",
                                  .retr = "550 No such file\r\n"};

    (void)state;
    assert_refused(&server, 0, FOTA_ERR_FTP_NOT_FOUND, 550);
}

/* ---- the network ----------------------------------------------------------------------------- */

static void control_connections_that_fail(void **state)
{
    const struct server closed = {.control_error = FOTA_ERR_DNS};
    const struct server refused = {.control_ready = FOTA_ERR_CONNECT};
    const struct server silent = {.control_ready = 2};

    (void)state;
    assert_refused(&closed, 0, FOTA_ERR_DNS, 0);
    assert_refused(&refused, 0, FOTA_ERR_CONNECT, 0);
    assert_refused(&silent, 0, FOTA_ERR_CONNECT, 30000);
}

static void control_connections_that_end_in_a_conversation(void **state)
{
    const struct server rows[] = {{.greeting = ""}, {.pass = ""}, {.size = ""},
                                  {.epsv = ""},     {.rest = ""}, {.retr = ""}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(&rows[i], 4, FOTA_ERR_CONNECTION, 0);
}

static void silence_ends_after_the_limit(void **state)
{
    const struct server deaf = {.deaf = true};
    const struct server mute = {.pass = "230-Hel"};
    const struct server stuck = {.limit = 3, .data_ending = SILENCE, .timing = NEVER};

    (void)state;
    assert_refused(&deaf, 0, FOTA_ERR_STALLED, 60000);
    assert_refused(&mute, 0, FOTA_ERR_STALLED, 60000);
    assert_int_equal(fetch_from(&stuck, 0), FOTA_ERR_STALLED);
    assert_int_equal(fault.stage, FOTA_STAGE_DOWNLOAD);
    assert_body("012");
}

static void data_connections_that_break(void **state)
{
    const struct server server = {.limit = 3, .data_ending = RESET};

    (void)state;
    assert_int_equal(fetch_from(&server, 0), FOTA_ERR_CONNECTION);
    assert_body("012");
}

static void deadlines_have_defaults(void **state)
{
    const struct fota_timeouts none = {0, 0};
    const struct server silent = {.control_ready = 2};

    (void)state;
    script(&silent);
    fota_ftp_init(&ftp, &port_net, NULL, &port_system, &none);
    assert_int_equal(fetch(URL, 0, 100), FOTA_ERR_CONNECT);
    assert_int_equal(fault.expected, 30000);
}

static void urls_that_are_not_for_ftp(void **state)
{
    static const struct {
        const char *url;
        int error;
    } rows[] = {
        {"http://h/a", FOTA_ERR_URL_SCHEME},
        {"sftp://h/a", FOTA_ERR_URL_SCHEME},
        {"ftp://h", FOTA_ERR_URL},
        {"ftp://h/", FOTA_ERR_URL},
        {"ftp://h#a", FOTA_ERR_URL},
        {"ftp:///a", FOTA_ERR_URL},
        {"", FOTA_ERR_URL},
    };

    (void)state;
    script(&good);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(fota_ftp_open(&ftp, rows[i].url, 0, &fault), rows[i].error);
        assert_int_equal(fault.stage, FOTA_STAGE_REQUEST);
        assert_int_equal(step(1), FOTA_ERR_STATE);
    }
}

static void the_client_is_small(void **state)
{
    (void)state;
    assert_true(sizeof ftp <= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_comes_whole),
        cmocka_unit_test(the_rest_of_a_file_comes),
        cmocka_unit_test(offsets_are_64_bits_wide),
        cmocka_unit_test(urls_become_commands),
        cmocka_unit_test(the_longest_url_fits),
        cmocka_unit_test(no_password_is_asked_for),
        cmocka_unit_test(servers_without_size_and_mdtm),
        cmocka_unit_test(f1_binary_comes_before_size),
        cmocka_unit_test(f2_a_server_that_stays_in_text_is_found_out),
        cmocka_unit_test(f3_a_refused_rest_is_never_appended_to),
        cmocka_unit_test(f3_rest_refused_at_the_transfer),
        cmocka_unit_test(f4_rest_at_the_size_brings_nothing_and_is_good),
        cmocka_unit_test(f5_rest_past_the_size),
        cmocka_unit_test(f6_the_size_in_the_text_of_150_is_not_parsed),
        cmocka_unit_test(f7_a_good_reply_does_not_mean_that_all_is_here),
        cmocka_unit_test(f7_without_a_size_only_a_good_reply_ends_it),
        cmocka_unit_test(f7_the_reply_has_a_grace_time),
        cmocka_unit_test(f8_the_data_is_drained_first),
        cmocka_unit_test(f8_busy_servers_are_asked_again_later),
        cmocka_unit_test(f9_epsv_refused_means_pasv),
        cmocka_unit_test(f9_both_refused),
        cmocka_unit_test(f9_what_worked_is_used_for_the_next_file),
        cmocka_unit_test(f10_a_replaced_file_has_another_identity),
        cmocka_unit_test(f11_replies_of_several_lines),
        cmocka_unit_test(f11_endless_replies_are_cut_off),
        cmocka_unit_test(f12_a_wrong_login_is_final_and_not_told),
        cmocka_unit_test(f13_a_control_connection_that_dies_does_not_matter),
        cmocka_unit_test(f14_closing_ends_data_before_control),
        cmocka_unit_test(f15_a_refused_data_connection_is_tried_the_other_way),
        cmocka_unit_test(f15_the_other_way_round_after_pasv),
        cmocka_unit_test(v23_the_address_of_a_227_is_not_believed),
        cmocka_unit_test(v28_v31_no_command_can_be_slipped_in),
        cmocka_unit_test(v31_commands_are_looked_at_a_second_time),
        cmocka_unit_test(v31_a_quote_that_is_not_closed_is_text),
        cmocka_unit_test(other_protocols_are_named),
        cmocka_unit_test(replies_that_do_not_fit_what_was_asked),
        cmocka_unit_test(replies_in_advance_are_refused),
        cmocka_unit_test(a_missing_file),
        cmocka_unit_test(control_connections_that_fail),
        cmocka_unit_test(control_connections_that_end_in_a_conversation),
        cmocka_unit_test(silence_ends_after_the_limit),
        cmocka_unit_test(data_connections_that_break),
        cmocka_unit_test(deadlines_have_defaults),
        cmocka_unit_test(urls_that_are_not_for_ftp),
        cmocka_unit_test(the_client_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
