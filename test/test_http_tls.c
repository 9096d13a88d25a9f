/*
 * test_http_tls.c - core/http.h: https, over a TLS that notes what is demanded of it.
 */
#include "http_script.h"

static struct {
    int start_error;
    int ready_error; /* after `polls` times "not yet" */
    int polls;       /* negative: for ever */
    int started, stopped, shaken;
    char hosts[VISITS][64];
    struct fota_tls_params params[VISITS];
} fake;

static int fake_start(void *ctx, const struct fota_net *network, int stream, const char *host,
                      const struct fota_tls_params *params)
{
    assert_ptr_equal(ctx, &fake);
    assert_ptr_equal(network, &port_net);
    check_stream(&net, stream);
    assert_int_equal(fake.started, fake.stopped);
    if (fake.start_error)
        return fake.start_error;
    snprintf(fake.hosts[fake.started], sizeof fake.hosts[0], "%s", host);
    fake.params[fake.started++] = *params;
    fake.shaken = fake.polls;
    return 0;
}

static int fake_ready(void *ctx, int stream)
{
    assert_ptr_equal(ctx, &fake);
    check_stream(&net, stream);
    if (fake.shaken != 0) {
        fake.shaken--;
        return 0;
    }
    return fake.ready_error ? fake.ready_error : 1;
}

static int fake_send(void *ctx, int stream, const void *data, size_t length)
{
    assert_ptr_equal(ctx, &fake);
    return net_send(&net, stream, data, length);
}

static int fake_recv(void *ctx, int stream, void *data, size_t length)
{
    assert_ptr_equal(ctx, &fake);
    return net_recv(&net, stream, data, length);
}

static void fake_stop(void *ctx, int stream)
{
    assert_ptr_equal(ctx, &fake);
    check_stream(&net, stream);
    fake.stopped++;
}

static uint32_t fake_reason(void *ctx)
{
    assert_ptr_equal(ctx, &fake);
    return 40;
}

static const struct fota_tls_ops fake_ops = {
    .start = fake_start,
    .ready = fake_ready,
    .send = fake_send,
    .recv = fake_recv,
    .stop = fake_stop,
    .reason = fake_reason,
};
static struct fota_tls fake_tls = {.ops = &fake_ops, .ctx = &fake};
static const struct fota_tls_params mutual = {
    .ca_cert = "ca",
    .client_cert = "cert",
    .client_key = "key",
    .newest_known = 7,
    .exactly_1_2 = true,
    .level = FOTA_TLS_MUTUAL,
};

static void secure_script(const struct visit *visits, size_t count)
{
    script(visits, count);
    memset(&fake, 0, sizeof fake);
    fota_http_init(&http, &port_net, &fake_tls, &port_system, &timeouts);
}

static void https_is_fetched(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 100; piece += 7) {
        secure_script(&ok_visit, 1);
        net.piece = piece;
        fake.polls = 3;
        assert_int_equal(fetch("https://user:pw@host/f", 0, 100), FOTA_FETCH_END);
        assert_body("ok");
        assert_int_equal(net.ports[0], 443);
        assert_memory_equal(net.requests[0], "GET /f HTTP/1.1\r\nHost: host\r\n", 29);
        assert_string_equal(fake.hosts[0], "host");
        assert_int_equal(fake.started, 1);
        assert_int_equal(fake.stopped, 1);
        assert_int_equal(fake.params[0].level, FOTA_TLS_SERVER);
        assert_null(fake.params[0].ca_cert);
    }
}

static void port_that_is_not_the_schemes_is_named(void **state)
{
    (void)state;
    secure_script(&ok_visit, 1);
    assert_int_equal(fetch("https://[::1]:80/f", 0, 100), FOTA_FETCH_END);
    assert_memory_equal(net.requests[0], "GET /f HTTP/1.1\r\nHost: [::1]:80\r\n", 33);
    assert_string_equal(fake.hosts[0], "::1");
    secure_script(&ok_visit, 1);
    assert_int_equal(fetch("http://h:443/f", 0, 100), FOTA_FETCH_END);
    assert_memory_equal(net.requests[0], "GET /f HTTP/1.1\r\nHost: h:443\r\n", 30);
    assert_int_equal(fake.started, 0);
}

static void parameters_are_the_callers(void **state)
{
    (void)state;
    secure_script(&ok_visit, 1);
    http.params = &mutual;
    assert_int_equal(fetch("https://h/f", 0, 100), FOTA_FETCH_END);
    assert_string_equal(fake.params[0].ca_cert, "ca");
    assert_string_equal(fake.params[0].client_cert, "cert");
    assert_string_equal(fake.params[0].client_key, "key");
    assert_int_equal(fake.params[0].newest_known, 7);
    assert_true(fake.params[0].exactly_1_2);
    assert_int_equal(fake.params[0].level, FOTA_TLS_MUTUAL);
}

/* V25 */
static void v25_client_certificate_stays_with_its_origin(void **state)
{
    static const struct {
        const char *url, *location;
        bool kept;
    } rows[] = {
        {"https://a/x", "/y", true},
        {"https://a/x", "https://A:443/y", true},
        {"https://a/x", "https://b/y", false},
        {"https://a/x", "https://a:444/y", false},
        {"https://a/x", "//aa/y", false},
        {"http://a/x", "https://a/y", false},
        {"http://a:443/x", "https://a/y", false},
    };
    char answer[128];
    struct visit visits[] = {{.answer = answer}, ok_visit};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct fota_tls_params *last;

        snprintf(answer, sizeof answer, "HTTP/1.1 302 x\r\nLocation: %s\r\n\r\n", rows[i].location);
        secure_script(visits, 2);
        http.params = &mutual;
        assert_int_equal(fetch(rows[i].url, 0, 100), FOTA_FETCH_END);
        last = &fake.params[fake.started - 1];
        assert_string_equal(last->ca_cert, "ca");
        assert_int_equal(last->client_cert != NULL, rows[i].kept);
        assert_int_equal(last->client_key != NULL, rows[i].kept);
        assert_int_equal(last->level, rows[i].kept ? FOTA_TLS_MUTUAL : FOTA_TLS_SERVER);
    }
}

/* V25 */
static void v25_client_certificate_that_was_left_behind_does_not_come_back(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 x\r\nLocation: https://b/\r\n\r\n"},
        {.answer = "HTTP/1.1 302 x\r\nLocation: https://a/\r\n\r\n"},
        {.answer = OK_ANSWER},
        {.answer = OK_ANSWER},
    };

    (void)state;
    secure_script(visits, COUNT(visits));
    http.params = &mutual;
    assert_int_equal(fetch("https://a/x", 0, 100), FOTA_FETCH_END);
    assert_non_null(fake.params[0].client_cert);
    assert_null(fake.params[1].client_cert);
    assert_null(fake.params[2].client_cert);
    open_events = 0;
    body_length = 0;
    assert_int_equal(fetch("https://a/x", 0, 100), FOTA_FETCH_END);
    assert_non_null(fake.params[3].client_cert);
}

static void redirect_to_https_without_tls_says_what_is_missing(void **state)
{
    (void)state;
    assert_refused("HTTP/1.1 301 x\r\nLocation: https://h/f\r\n\r\n", 0, FOTA_ERR_NOT_BUILT);
    assert_string_equal(fault.subject, "https");
    assert_int_equal(net.opened, 1);
}

/* H19 */
static void h19_tls_is_not_left_by_a_redirect(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 x\r\nLocation: http://h/f\r\n\r\n"}, {.answer = OK_ANSWER}};

    (void)state;
    secure_script(visits, COUNT(visits));
    assert_int_equal(fetch("https://h/f", 0, 100), FOTA_ERR_HTTP_REDIRECT);
    assert_int_equal(net.opened, 1);
}

/* A port that has 4 KiB for a record asks for less than that at a time. */
static void t6_ranges_are_as_long_as_a_record_may_be(void **state)
{
    static const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 F\r\nLocation: https://h/f\r\n\r\n"},
        {.answer = "HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok"},
    };

    (void)state;
    fake_tls.record_max = 4096;
    secure_script(visits, 2);
    assert_int_equal(fetch("http://h/f", 0, 100), FOTA_FETCH_END);
    assert_null(strstr(net.requests[0], "Range:"));
    assert_non_null(strstr(net.requests[1], "\r\nRange: bytes=0-3071\r\n"));
    assert_int_equal(identity.total, 9);
    fota_http_close(&http);
    secure_script(&ok_visit, 1);
    (void)fetch("https://h/f", 5000000000u, 100);
    assert_non_null(strstr(net.requests[0], "\r\nRange: bytes=5000000000-5000003071\r\n"));
    fake_tls.record_max = 0;
    secure_script(&ok_visit, 1);
    (void)fetch("https://h/f", 0, 100);
    assert_null(strstr(net.requests[0], "Range:"));
}

/* ---- parts over one connection --------------------------------------------------------------- */

#define PART(range, text)                                                                          \
    "HTTP/1.1 206 P\r\nContent-Range: bytes " range "\r\nContent-Length: 2\r\n\r\n" text

/* The next part. */
static int fetch_on(const char *url, uint64_t offset)
{
    open_events = 0;
    body_length = 0;
    memset(body, 0, sizeof body);
    return fetch(url, offset, 100);
}

static void parts(const struct visit *visits, size_t count)
{
    fake_tls.record_max = 4096;
    secure_script(visits, count);
    assert_int_equal(fetch("https://h/f", 0, 100), FOTA_FETCH_END);
    assert_body("ab");
}

static int forget_limit(void **state)
{
    (void)state;
    fake_tls.record_max = 0;
    return 0;
}

static void the_next_part_comes_over_the_same_connection(void **state)
{
    const struct visit visit = {
        .answer = "HTTP/1.1 206 P\r\nConnection: Keep-Alive\r\nContent-Range: bytes 0-1/4\r\n"
                  "Content-Length: 2\r\n\r\nab",
        .second = PART("2-3/4", "cd"),
    };

    (void)state;
    parts(&visit, 1);
    assert_true(http.kept);
    assert_int_equal(fetch_on("https://h/f", 2), FOTA_FETCH_END);
    assert_body("cd");
    assert_int_equal(net.opened, 1);
    assert_int_equal(fake.started, 1);
    assert_null(strstr(net.requests[0], "Connection:"));
    assert_non_null(strstr(net.requests[0], "Range: bytes=2-3073\r\n"));
    fota_http_close(&http);
    assert_int_equal(net.open_streams, 0);
    assert_int_equal(fake.stopped, 1);
}

/* However the kept connection ends: it is no failure of the update. */
static void a_kept_connection_that_was_closed_is_opened_anew(void **state)
{
    static const enum ending endings[] = {CLOSE, RESET, SILENCE};

    (void)state;
    for (size_t i = 0; i < COUNT(endings); i++) {
        const struct visit visits[] = {
            {.answer = PART("0-1/4", "ab"), .ending = endings[i]},
            {.answer = PART("2-3/4", "cd")},
        };

        parts(visits, 2);
        assert_int_equal(fetch_on("https://h/f", 2), FOTA_FETCH_END);
        assert_body("cd");
        assert_int_equal(net.opened, 2);
        fota_http_close(&http);
    }
}

/* Once an answer has begun it is that connection's, and the engine's affair. */
static void an_answer_that_breaks_off_is_an_error_on_a_kept_connection_too(void **state)
{
    const struct visit visit = {.answer = PART("0-1/4", "ab"), .second = "HTTP/1.1 20"};

    (void)state;
    parts(&visit, 1);
    assert_int_equal(fetch_on("https://h/f", 2), FOTA_ERR_CLOSED);
    assert_int_equal(net.opened, 1);
}

static void only_a_whole_part_of_a_willing_server_keeps_its_connection(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.0 206 P\r\nContent-Range: bytes 0-1/4\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/4\r\nConnection: close\r\n"
        "Content-Length: 2\r\n\r\nab",
        "HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/4\r\n\r\nab",
        PART("0-1/4", "abHTTP"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct visit visit = {.answer = answers[i]};

        parts(&visit, 1);
        assert_false(http.kept);
    }
}

static void another_url_has_a_connection_of_its_own(void **state)
{
    const struct visit visits[] = {
        {.answer = PART("0-1/4", "ab"), .second = PART("2-3/4", "xx")},
        {.answer = PART("2-3/4", "cd")},
    };

    (void)state;
    parts(visits, 2);
    assert_int_equal(fetch_on("https://h2/f", 2), FOTA_FETCH_END);
    assert_body("cd");
    assert_int_equal(net.opened, 2);
    assert_int_equal(fake.stopped, 1);
    fota_http_close(&http);
}

/* V25: that connection was made without the certificate. */
static void a_connection_behind_a_redirect_is_not_gone_on_with(void **state)
{
    const struct visit visits[] = {
        {.answer = "HTTP/1.1 302 F\r\nLocation: https://b/f\r\n\r\n"},
        {.answer = "HTTP/1.1 302 F\r\nLocation: https://h/f\r\n\r\n"},
        {.answer = PART("0-1/4", "ab"), .second = PART("2-3/4", "xx")},
        {.answer = PART("2-3/4", "cd")},
    };

    (void)state;
    parts(visits, 4);
    http.params = &mutual;
    assert_int_equal(fetch_on("https://h/f", 2), FOTA_FETCH_END);
    assert_body("cd");
    assert_int_equal(net.opened, 4);
    assert_string_equal(fake.params[3].client_cert, "cert");
    fota_http_close(&http);
}

static void what_was_kept_needs_an_open_to_be_gone_on_with(void **state)
{
    const struct visit visit = {.answer = PART("0-1/4", "ab"), .second = PART("2-3/4", "cd")};

    (void)state;
    parts(&visit, 1);
    assert_int_equal(step(100), FOTA_ERR_STATE);
    assert_int_equal(net.open_streams, 0);
}

static void handshake_has_its_deadline(void **state)
{
    (void)state;
    secure_script(&ok_visit, 1);
    fake.polls = -1;
    assert_int_equal(fetch("https://h/f", 0, 100), FOTA_ERR_STALLED);
    assert_int_equal(fault.expected, 30000);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    assert_int_equal(fake.stopped, 1);
}

static void failed_handshake_says_why(void **state)
{
    (void)state;
    secure_script(&ok_visit, 1);
    fake.ready_error = FOTA_ERR_TLS_HANDSHAKE;
    assert_int_equal(fetch("https://h/f", 0, 100), FOTA_ERR_TLS_HANDSHAKE);
    assert_int_equal(fault.got, 40);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    assert_int_equal(net.request_lengths[0], 0);
    assert_int_equal(fake.stopped, 1);
    secure_script(&ok_visit, 1);
    fake.start_error = FOTA_ERR_TLS_PARAMS;
    assert_int_equal(fetch("https://h/f", 0, 100), FOTA_ERR_TLS_PARAMS);
    assert_non_null(fault.subject);
    assert_int_equal(fake.stopped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_is_fetched),
        cmocka_unit_test(port_that_is_not_the_schemes_is_named),
        cmocka_unit_test(parameters_are_the_callers),
        cmocka_unit_test(v25_client_certificate_stays_with_its_origin),
        cmocka_unit_test(v25_client_certificate_that_was_left_behind_does_not_come_back),
        cmocka_unit_test(redirect_to_https_without_tls_says_what_is_missing),
        cmocka_unit_test(h19_tls_is_not_left_by_a_redirect),
        cmocka_unit_test(t6_ranges_are_as_long_as_a_record_may_be),
        cmocka_unit_test_teardown(the_next_part_comes_over_the_same_connection, forget_limit),
        cmocka_unit_test_teardown(a_kept_connection_that_was_closed_is_opened_anew, forget_limit),
        cmocka_unit_test_teardown(an_answer_that_breaks_off_is_an_error_on_a_kept_connection_too,
                                  forget_limit),
        cmocka_unit_test_teardown(only_a_whole_part_of_a_willing_server_keeps_its_connection,
                                  forget_limit),
        cmocka_unit_test_teardown(another_url_has_a_connection_of_its_own, forget_limit),
        cmocka_unit_test_teardown(a_connection_behind_a_redirect_is_not_gone_on_with, forget_limit),
        cmocka_unit_test_teardown(what_was_kept_needs_an_open_to_be_gone_on_with, forget_limit),
        cmocka_unit_test(handshake_has_its_deadline),
        cmocka_unit_test(failed_handshake_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
