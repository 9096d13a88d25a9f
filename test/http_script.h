/*
 * http_script.h - a network that follows a script, and a caller of core/http.h that notes what
 * comes: for the tests of the client. Each test program includes it once.
 */
#ifndef FOTA_TEST_HTTP_SCRIPT_H
#define FOTA_TEST_HTTP_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- the network ----------------------------------------------------------------------------- */

/* What happens when the answer has been sent. */
enum ending { CLOSE, RESET, SILENCE };

/* One connection: how it opens and what the server says once it has the request. */
struct visit {
    const char *answer;
    size_t length;      /* of the answer; 0: it is text */
    const char *second; /* text: the answer to another request on the same connection; NULL: none */
    enum ending ending;
    int open_error;
    int ready_error;
    int send_error;
    int connect_polls; /* times ready() says "not yet"; negative: for ever */
    bool deaf;         /* takes no byte of the request */
};

#define VISITS 8

static struct {
    const struct visit *visits;
    size_t visit_count;
    size_t piece;  /* bytes per send and per recv at most */
    bool hesitate; /* every second send and recv moves nothing */
    uint64_t now_ms;
    /* what happened */
    size_t opened;
    int open_streams;
    int polls;
    size_t given;   /* of the current answer */
    unsigned calls; /* of send and recv in this step */
    bool turn;
    char hosts[VISITS][300];
    uint16_t ports[VISITS];
    enum fota_address_family families[VISITS];
    char requests[VISITS][FOTA_REDIRECT_URL_MAX + 600];
    size_t request_lengths[VISITS];
} net;

static const struct visit *current(void)
{
    assert_true(net.opened > 0 && net.open_streams == 1);
    return &net.visits[net.opened - 1];
}

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    const struct visit *visit;

    assert_ptr_equal(ctx, &net);
    assert_int_equal(net.open_streams, 0);
    assert_true(net.opened < net.visit_count);
    visit = &net.visits[net.opened];
    snprintf(net.hosts[net.opened], sizeof net.hosts[0], "%s", host);
    net.ports[net.opened] = port;
    net.families[net.opened] = family;
    net.opened++;
    if (visit->open_error != 0)
        return visit->open_error;
    net.open_streams = 1;
    net.polls = visit->connect_polls;
    net.given = 0;
    *stream = (int)net.opened + 6;
    return 0;
}

static void check_stream(void *ctx, int stream)
{
    assert_ptr_equal(ctx, &net);
    (void)current();
    assert_int_equal(stream, (int)net.opened + 6);
}

static int net_ready(void *ctx, int stream)
{
    check_stream(ctx, stream);
    if (net.polls != 0) {
        net.polls--;
        return 0;
    }
    return current()->ready_error != 0 ? current()->ready_error : 1;
}

/* Bytes that may move now. */
static size_t may_move(size_t wanted)
{
    net.calls++;
    net.turn = !net.turn;
    if (net.hesitate && net.turn)
        return 0;
    return wanted < net.piece ? wanted : net.piece;
}

static int net_send(void *ctx, int stream, const void *data, size_t length)
{
    char *request = net.requests[net.opened - 1];
    size_t *sent = &net.request_lengths[net.opened - 1];
    size_t n = current()->deaf ? 0 : may_move(length);

    check_stream(ctx, stream);
    if (current()->send_error != 0)
        return current()->send_error;
    assert_true(length > 0 && *sent + n < sizeof net.requests[0]);
    memcpy(request + *sent, data, n);
    *sent += n;
    return (int)n;
}

/* Has the request that was sent last been preceded by another one, and is it complete? */
static bool asked_twice(void)
{
    const char *end = strstr(net.requests[net.opened - 1], "\r\n\r\n");

    return end && strstr(end + 4, "\r\n\r\n");
}

static int net_recv(void *ctx, int stream, void *data, size_t length)
{
    const struct visit *visit = current();
    size_t first = visit->length > 0 ? visit->length : strlen(visit->answer);
    bool again = visit->second && net.given >= first;
    size_t size = first + (again && asked_twice() ? strlen(visit->second) : 0);
    size_t n;

    check_stream(ctx, stream);
    assert_true(length > 0);
    n = may_move(length < size - net.given ? length : size - net.given);
    if (net.given == size && again && !asked_twice())
        return 0;
    if (net.given == size && visit->ending != SILENCE)
        return visit->ending == CLOSE ? FOTA_ERR_CLOSED : FOTA_ERR_CONNECTION;
    if (n > 0)
        memcpy(data, again ? visit->second + (net.given - first) : visit->answer + net.given, n);
    net.given += n;
    return (int)n;
}

static void net_close(void *ctx, int stream)
{
    check_stream(ctx, stream);
    net.open_streams = 0;
}

static void net_wait(void *ctx, uint32_t ms)
{
    assert_ptr_equal(ctx, &net);
    net.now_ms += ms;
}

static uint64_t system_now(void *ctx)
{
    assert_ptr_equal(ctx, &net);
    return net.now_ms;
}

static const struct fota_net_ops net_ops = {net_open,  net_ready, net_send, net_recv,
                                            net_close, net_wait,  NULL};
static const struct fota_system_ops system_ops = {.now_ms = system_now};
static const struct fota_net port_net = {&net_ops, &net};
static const struct fota_system port_system = {&system_ops, &net};
static const struct fota_timeouts timeouts = {.connect_ms = 30000, .stall_ms = 60000};

/* ---- the caller ------------------------------------------------------------------------------ */

static struct fota_http http;
static struct fota_fault fault;
static char body[70000];
static size_t body_length;
static unsigned open_events;
static struct fota_file_identity identity; /* at FOTA_FETCH_OPEN */

static void script(const struct visit *visits, size_t count)
{
    memset(&net, 0, sizeof net);
    net.visits = visits;
    net.visit_count = count;
    net.piece = SIZE_MAX;
    net.now_ms = UINT64_C(0x1ffffffff);
    memset(&fault, 0, sizeof fault);
    memset(body, 0, sizeof body);
    memset(&identity, 0, sizeof identity);
    body_length = 0;
    open_events = 0;
    fota_http_init(&http, &port_net, NULL, &port_system, &timeouts);
}

/* One step, with room of the exact size for ASan to guard. */
static int step(size_t room)
{
    uint8_t *data = malloc(room);
    size_t got = 77;
    int result;

    assert_non_null(data);
    net.calls = 0;
    result = fota_http_step(&http, data, room, &got, &fault);
    assert_true(net.calls <= 1);
    assert_true(got <= room);
    assert_int_equal(got > 0, result == FOTA_FETCH_DATA);
    if (result == FOTA_FETCH_DATA) {
        assert_int_equal(open_events, 1);
        assert_true(body_length + got <= sizeof body);
        memcpy(body + body_length, data, got);
        body_length += got;
    }
    free(data);
    return result;
}

/* Steps until the end or an error, which is returned; afterwards nothing is open but a connection
 * that is kept. */
static int run(size_t room)
{
    for (unsigned i = 0; i < 1000000; i++) {
        int result = step(room);

        switch (result) {
        case FOTA_FETCH_AGAIN:
        case FOTA_FETCH_DATA: break;
        case FOTA_FETCH_WAIT: port_net.ops->wait(port_net.ctx, 500); break;
        case FOTA_FETCH_OPEN:
            open_events++;
            assert_int_equal(body_length, 0);
            identity = http.identity;
            break;
        default:
            assert_true(result == FOTA_FETCH_END || result < 0);
            assert_int_equal(result < 0 ? fault.error : FOTA_FETCH_END, result);
            assert_false(result < 0 && http.kept);
            assert_int_equal(net.open_streams, http.kept);
            assert_int_equal(http.connection.stream >= 0, http.kept);
            return result;
        }
    }
    fail_msg("the client does not come to an end");
    return 0;
}

static int fetch(const char *url, uint64_t offset, size_t room)
{
    assert_int_equal(fota_http_open(&http, url, offset, &fault), 0);
    return run(room);
}

/* One visit in many ways: the outcome does not depend on how the bytes arrive. */
static int visit_from(const struct visit *visit, uint64_t offset)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 2, 7, 1000};
    static const size_t rooms[] = {4096, 1, 3, 100};
    int first = 0;

    for (size_t i = 0; i < COUNT(pieces) * COUNT(rooms) * 2; i++) {
        int result;

        script(visit, 1);
        net.piece = pieces[i / 2 % COUNT(pieces)];
        net.hesitate = i % 2 == 1;
        result = fetch("http://h/f", offset, rooms[i / 2 / COUNT(pieces)]);
        if (i == 0)
            first = result;
        assert_int_equal(result, first);
    }
    return first;
}

static int answer_from(const char *text, uint64_t offset)
{
    const struct visit visit = {.answer = text};

    return visit_from(&visit, offset);
}

static void assert_body(const char *expected)
{
    assert_int_equal(body_length, strlen(expected));
    assert_memory_equal(body, expected, body_length);
    assert_int_equal(open_events, 1);
}

static void assert_refused(const char *text, uint64_t offset, int error)
{
    assert_int_equal(answer_from(text, offset), error);
    assert_int_equal(body_length, 0);
    assert_int_equal(open_events, 0);
    assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct visit ok_visit = {.answer = OK_ANSWER};

#endif
