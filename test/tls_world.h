/*
 * tls_world.h - the server of tls_server.h and a client of platform/mbedtls/tls.h, with a wire
 * between them: for the tests of TLS. Each test program includes it once.
 */
#ifndef FOTA_TEST_TLS_WORLD_H
#define FOTA_TEST_TLS_WORLD_H

#include "platform/mbedtls/tls.h"
#include "tls_server.h"

#define STREAM 7
#define NOW    INT64_C(1767225600) /* 2026-01-01 */

/* ---- the wire, as the client has it ---------------------------------------------------------- */

static size_t may_move(size_t length)
{
    wire.turn = !wire.turn;
    if (wire.hesitate && wire.turn)
        return 0;
    return length < wire.piece ? length : wire.piece;
}

static int wire_send(void *ctx, int stream, const void *data, size_t length)
{
    assert_ptr_equal(ctx, &wire);
    assert_int_equal(stream, STREAM);
    return (int)put(&wire.up, data, may_move(length));
}

static int wire_recv(void *ctx, int stream, void *data, size_t length)
{
    size_t left = wire.cut - wire.down.read;

    assert_ptr_equal(ctx, &wire);
    assert_int_equal(stream, STREAM);
    if (left == 0)
        return wire.cut_error;
    if (wire.closed && wire.down.read == wire.down.written)
        return FOTA_ERR_CLOSED;
    length = may_move(length);
    return (int)take(&wire.down, data, length < left ? length : left);
}

static const struct fota_net_ops wire_ops = {.send = wire_send, .recv = wire_recv};
static const struct fota_net wire_net = {&wire_ops, &wire};

/* ---- the client's world ---------------------------------------------------------------------- */

static int64_t clock_s;
static uint64_t clock_ms;

static int64_t test_time(void *ctx)
{
    (void)ctx;
    return clock_s;
}

static uint64_t test_now_ms(void *ctx)
{
    (void)ctx;
    return clock_ms;
}

static const struct fota_system_ops system_ops = {.now_ms = test_now_ms, .time = test_time};
static const struct fota_system test_system = {&system_ops, NULL};
static struct fota_mbedtls_tls context;
static struct fota_tls tls;

static void new_wire(void)
{
    memset(&wire, 0, sizeof wire);
    wire.piece = SIZE_MAX;
    wire.cut = SIZE_MAX;
    wire.cut_error = FOTA_ERR_CONNECTION;
}

static int open_world(void **state)
{
    (void)state;
    clock_s = NOW;
    clock_ms = 1000;
    new_wire();
    tls = fota_mbedtls_tls_open(&context, &test_system, NULL);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    fota_mbedtls_tls_close(&context);
    return 0;
}

static struct fota_tls_params verified(void)
{
    return (struct fota_tls_params){.ca_cert = authority.certificate_pem, .level = FOTA_TLS_SERVER};
}

/* Runs a handshake to its end: 1, or the client's error; afterwards the server has seen all. */
static int shake(const char *host, const struct fota_tls_params *params)
{
    int result = tls.ops->start(tls.ctx, &wire_net, STREAM, host, params);

    for (int i = 0; result == 0 && i < 100000; i++) {
        result = tls.ops->ready(tls.ctx, STREAM);
        serve();
    }
    return result;
}

/* The whole of it: server, handshake; the client is stopped unless it is connected. */
static int connect_to(struct identity *identity, const char *host,
                      const struct fota_tls_params *params)
{
    static const struct identity *before;
    int result;

    if (identity != before) /* all servers here could open the tickets of the others */
        fota_mbedtls_tls_drop(&context);
    before = identity;
    new_wire();
    start_server(identity, false, ANY);
    result = shake(host, params);
    if (result != 1) {
        tls.ops->stop(tls.ctx, STREAM);
        stop_server();
    }
    return result;
}

static void hang_up(void)
{
    tls.ops->stop(tls.ctx, STREAM);
    stop_server();
}

#endif
