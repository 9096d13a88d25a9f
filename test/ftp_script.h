/*
 * ftp_script.h - a scripted FTP server on a scripted network, and a caller of core/ftp.h that notes
 * what comes: for the tests of the client. Each test program includes it once.
 */
#ifndef FOTA_TEST_FTP_SCRIPT_H
#define FOTA_TEST_FTP_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ftp.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- the server ------------------------------------------------------------------------------ */

enum ending { CLOSE, RESET, SILENCE };

/* When the reply after the transfer comes. */
enum timing { AFTER, EARLY, NEVER, DEAD /* the control connection is closed instead */ };

/* What the server says; NULL is what a good one says. An empty reply: it closes the connection. */
struct server {
    const char *greeting, *auth, *pbsz, *prot, *user, *pass, *type, *size, *mdtm, *epsv, *pasv,
        *rest, *retr, *final;
    const char *file; /* what it sends, from REST's offset on; "0123456789" */
    size_t limit;     /* bytes sent at most; 0: all */
    enum ending data_ending;
    enum timing timing;
    bool from_zero;    /* REST is accepted and forgotten */
    int control_error; /* of open() */
    int control_ready; /* of ready(): an error, or 2: never */
    int data_error[3]; /* of open(), attempt by attempt */
    int data_ready[3]; /* likewise of ready() */
    bool deaf;         /* takes no byte of a command */
};

enum { CONTROL = 7, DATA = 8 };

static struct {
    struct server server;
    size_t piece;  /* bytes per send and per recv at most */
    bool hesitate; /* every second call on a connection moves nothing */
    bool turn[2];
    uint64_t now_ms;
    unsigned reads, writes; /* in this step */
    /* what happened */
    char sent[2000]; /* on the control connection */
    size_t sent_length, line;
    char answer[20000]; /* of the server, on it */
    size_t answer_length, given;
    bool control_open, data_open, control_ended;
    unsigned data_attempts;
    uint64_t rest, position;
    bool transferring;
    char opened[200]; /* "host:port/family " each */
    char closed[20];  /* 'C' and 'D' in their order */
} net;

static const char *or_good(const char *reply, const char *good)
{
    return reply ? reply : good;
}

static void say(const char *reply)
{
    assert_true(net.answer_length + strlen(reply) < sizeof net.answer);
    memcpy(net.answer + net.answer_length, reply, strlen(reply));
    net.answer_length += strlen(reply);
    if (!*reply)
        net.control_ended = true;
}

static const char *file_of_server(void)
{
    return or_good(net.server.file, "0123456789");
}

static void transfer_begins(void)
{
    const struct server *s = &net.server;
    const char *reply = or_good(s->retr, "150 Opening BINARY connection (99999 bytes)\r\n");

    say(reply);
    if (reply[0] != '1')
        return;
    net.transferring = true;
    net.position = s->from_zero ? 0 : net.rest;
    if (net.position > strlen(file_of_server()))
        net.position = strlen(file_of_server());
    if (s->timing == EARLY)
        say(or_good(s->final, "226 Done\r\n"));
    if (s->timing == DEAD)
        net.control_ended = true;
}

static void obey(const char *line)
{
    const struct server *s = &net.server;

    if (strcmp(line, "AUTH TLS") == 0)
        say(or_good(s->auth, "234 Go on\r\n"));
    else if (strcmp(line, "PBSZ 0") == 0)
        say(or_good(s->pbsz, "200 PBSZ=0\r\n"));
    else if (strcmp(line, "PROT P") == 0)
        say(or_good(s->prot, "200 Private\r\n"));
    else if (strncmp(line, "USER ", 5) == 0)
        say(or_good(s->user, "331 Password, please\r\n"));
    else if (strncmp(line, "PASS ", 5) == 0)
        say(or_good(s->pass, "230 Hello\r\n"));
    else if (strcmp(line, "TYPE I") == 0)
        say(or_good(s->type, "200 Binary\r\n"));
    else if (strncmp(line, "SIZE ", 5) == 0)
        say(or_good(s->size, "213 10\r\n"));
    else if (strncmp(line, "MDTM ", 5) == 0)
        say(or_good(s->mdtm, "213 20240229123456\r\n"));
    else if (strcmp(line, "EPSV") == 0)
        say(or_good(s->epsv, "229 Extended (|||2021|)\r\n"));
    else if (strcmp(line, "PASV") == 0)
        say(or_good(s->pasv, "227 Passive (192,0,2,9,7,230).\r\n"));
    else if (strncmp(line, "REST ", 5) == 0) {
        say(or_good(s->rest, "350 Restarting\r\n"));
        net.rest = strtoull(line + 5, NULL, 10);
    } else if (strncmp(line, "RETR ", 5) == 0)
        transfer_begins();
    else if (strcmp(line, "QUIT") != 0)
        fail_msg("the client says '%s'", line);
}

/* ---- the network ----------------------------------------------------------------------------- */

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    bool control = !net.control_open;
    size_t at = strlen(net.opened);

    assert_ptr_equal(ctx, &net);
    assert_false(net.data_open);
    snprintf(net.opened + at, sizeof net.opened - at, "%s:%d/%d ", host, port, family);
    if (control) {
        if (net.server.control_error)
            return net.server.control_error;
        net.control_open = true;
        *stream = CONTROL;
        say(or_good(net.server.greeting, "220 Ready\r\n"));
        return 0;
    }
    assert_true(net.data_attempts < COUNT(net.server.data_error));
    if (net.server.data_error[net.data_attempts++])
        return net.server.data_error[net.data_attempts - 1];
    net.data_open = true;
    *stream = DATA;
    return 0;
}

static void check_stream(void *ctx, int stream)
{
    assert_ptr_equal(ctx, &net);
    assert_true(stream == CONTROL ? net.control_open : stream == DATA && net.data_open);
}

static int net_ready(void *ctx, int stream)
{
    int ready;

    check_stream(ctx, stream);
    ready =
        stream == CONTROL ? net.server.control_ready : net.server.data_ready[net.data_attempts - 1];
    return ready == 2 ? 0 : ready < 0 ? ready : 1;
}

/* Bytes that may move now. */
static size_t may_move(int stream, size_t wanted)
{
    bool *turn = &net.turn[stream == DATA];

    *turn = !*turn;
    if (net.hesitate && *turn)
        return 0;
    return wanted < net.piece ? wanted : net.piece;
}

static int net_send(void *ctx, int stream, const void *data, size_t length)
{
    size_t n = net.server.deaf ? 0 : may_move(stream, length);

    check_stream(ctx, stream);
    assert_int_equal(stream, CONTROL);
    net.writes++;
    assert_true(length > 0 && net.sent_length + n < sizeof net.sent);
    memcpy(net.sent + net.sent_length, data, n);
    net.sent_length += n;
    for (size_t i = net.line; i < net.sent_length; i++) {
        char line[300];

        if (net.sent[i] != '\n')
            continue;
        assert_true(i > net.line && net.sent[i - 1] == '\r');
        snprintf(line, sizeof line, "%.*s", (int)(i - 1 - net.line), net.sent + net.line);
        net.line = i + 1;
        obey(line);
    }
    return (int)n;
}

static int recv_control(char *data, size_t length)
{
    size_t left = net.answer_length - net.given;
    size_t n = may_move(CONTROL, length < left ? length : left);

    if (left == 0)
        return net.control_ended ? FOTA_ERR_CLOSED : 0;
    memcpy(data, net.answer + net.given, n);
    net.given += n;
    return (int)n;
}

static int recv_data(char *data, size_t length)
{
    const char *file = file_of_server();
    size_t end =
        net.server.limit && net.server.limit < strlen(file) ? net.server.limit : strlen(file);
    size_t left = end > net.position ? end - (size_t)net.position : 0;
    size_t n;

    if (!net.transferring)
        return 0;
    if (left == 0) {
        if (net.server.data_ending == SILENCE)
            return 0;
        if (net.server.timing == AFTER)
            say(or_good(net.server.final, "226 Done\r\n"));
        net.transferring = false;
        return net.server.data_ending == CLOSE ? FOTA_ERR_CLOSED : FOTA_ERR_CONNECTION;
    }
    n = may_move(DATA, length < left ? length : left);
    memcpy(data, file + net.position, n);
    net.position += n;
    return (int)n;
}

static int net_recv(void *ctx, int stream, void *data, size_t length)
{
    check_stream(ctx, stream);
    assert_true(length > 0);
    net.reads++;
    return stream == CONTROL ? recv_control(data, length) : recv_data(data, length);
}

static void net_close(void *ctx, int stream)
{
    size_t at = strlen(net.closed);

    check_stream(ctx, stream);
    assert_true(at + 1 < sizeof net.closed);
    net.closed[at] = stream == CONTROL ? 'C' : 'D';
    if (stream == CONTROL)
        net.control_open = false;
    else
        net.data_open = false;
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

#define URL   "ftp://joe:secret@h/fw/app.bin"
#define LOGIN "USER joe\r\nPASS secret\r\nTYPE I\r\n"
#define ASKED LOGIN "SIZE fw/app.bin\r\nMDTM fw/app.bin\r\n"

static struct fota_ftp ftp;
static struct fota_fault fault;
static char body[70000];
static size_t body_length;
static unsigned open_events;
static struct fota_file_identity identity; /* at FOTA_FETCH_OPEN */

/* A new server; the client keeps what it has learnt. */
static void serve(const struct server *server)
{
    memset(&net, 0, sizeof net);
    net.server = *server;
    net.piece = SIZE_MAX;
    net.now_ms = UINT64_C(0x1ffffffff);
    memset(&fault, 0, sizeof fault);
    memset(body, 0, sizeof body);
    memset(&identity, 0, sizeof identity);
    body_length = 0;
    open_events = 0;
}

static void script(const struct server *server)
{
    serve(server);
    fota_ftp_init(&ftp, &port_net, NULL, &port_system, &timeouts);
}

/* One step, with room of the exact size for ASan to guard. */
static int step(size_t room)
{
    uint8_t *data = malloc(room);
    size_t got = 77;
    int result;

    assert_non_null(data);
    net.reads = net.writes = 0;
    result = fota_ftp_step(&ftp, open_events ? data : NULL, open_events ? room : 0, &got, &fault);
    assert_true(net.reads <= 1 && net.writes <= 1);
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

/* Steps until the end or an error, which is returned; afterwards nothing is open. */
static int run(size_t room)
{
    for (unsigned i = 0; i < 1000000; i++) {
        int result = step(room);

        switch (result) {
        case FOTA_FETCH_AGAIN:
        case FOTA_FETCH_DATA: break;
        case FOTA_FETCH_WAIT: port_net.ops->wait(port_net.ctx, 100); break;
        case FOTA_FETCH_OPEN:
            open_events++;
            identity = ftp.identity;
            break;
        default:
            assert_true(result == FOTA_FETCH_END || result < 0);
            assert_int_equal(result < 0 ? fault.error : FOTA_FETCH_END, result);
            assert_false(net.control_open || net.data_open);
            return result;
        }
    }
    fail_msg("the client does not come to an end");
    return 0;
}

static int fetch(const char *url, uint64_t offset, size_t room)
{
    assert_int_equal(fota_ftp_open(&ftp, url, offset, &fault), 0);
    return run(room);
}

static void assert_body(const char *expected)
{
    assert_int_equal(body_length, strlen(expected));
    assert_memory_equal(body, expected, body_length);
    assert_int_equal(open_events, 1);
}

#endif
