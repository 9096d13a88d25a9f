/*
 * net_world.h - what every network of a host promises (struct fota_net_ops), against the loopback
 * interface: the test itself is the server, since the system completes a connection before anybody
 * accepts it.
 *
 * Who includes this says which network: backend_open() gives it, backend_close() ends it,
 * BACKEND_STREAMS can be open at once, HOST and HOST6 are the loopback addresses seen from it.
 */
#ifndef FOTA_TEST_NET_WORLD_H
#define FOTA_TEST_NET_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fota_error.h"
#include "fota_port.h"

#define LONG_MS 5000 /* never reached where things work */

struct fixture {
    struct backend backend;
    struct fota_net port;
    int listener;
    uint16_t number; /* the listener's port */
};

static struct fota_net backend_open(struct backend *backend);
static void backend_close(struct backend *backend);

/* A listener on the loopback address of `family` and its port; -1 if the system has no such. */
static int listen_on(int family, int backlog, uint16_t *number)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t len = family == AF_INET ? sizeof address.v4 : sizeof address.v6;
    int fd = socket(family, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.any.sa_family = (sa_family_t)family;
    if (family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.v6.sin6_addr = in6addr_loopback;
    if (fd < 0 || bind(fd, &address.any, len) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, &address.any, &len) != 0) {
        close(fd);
        return -1;
    }
    *number = ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return fd;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL)
        return -1;
    f->port = backend_open(&f->backend);
    f->listener = listen_on(AF_INET, 16, &f->number);
    *state = f;
    return f->listener < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    backend_close(&f->backend);
    close(f->listener);
    free(f);
    return 0;
}

static int open_stream(struct fixture *f, const char *host, uint16_t port,
                       enum fota_address_family family, int *stream)
{
    return f->port.ops->open(f->port.ctx, host, port, family, stream);
}

static int ready(struct fixture *f, int stream)
{
    return f->port.ops->ready(f->port.ctx, stream);
}

static int send_to(struct fixture *f, int stream, const void *data, size_t len)
{
    return f->port.ops->send(f->port.ctx, stream, data, len);
}

static int receive(struct fixture *f, int stream, void *data, size_t len)
{
    return f->port.ops->recv(f->port.ctx, stream, data, len);
}

static void wait_ms(struct fixture *f, uint32_t ms)
{
    f->port.ops->wait(f->port.ctx, ms);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Waits for the outcome of connecting. */
static int outcome(struct fixture *f, int stream)
{
    uint64_t end = now_ms() + LONG_MS;
    int result;

    while ((result = ready(f, stream)) == 0 && now_ms() < end)
        wait_ms(f, 100);
    return result;
}

/* Receives when something is there: bytes or an error. */
static int receive_next(struct fixture *f, int stream, void *data, size_t len)
{
    uint64_t end = now_ms() + LONG_MS;
    int result;

    while ((result = receive(f, stream, data, len)) == 0 && now_ms() < end)
        wait_ms(f, 100);
    return result;
}

/* A connected stream and the server's end of it. */
static int connect_pair(struct fixture *f, int *peer)
{
    int stream = -1;

    assert_int_equal(open_stream(f, HOST, f->number, FOTA_ADDRESS_ANY, &stream), 0);
    assert_int_equal(outcome(f, stream), 1);
    *peer = accept(f->listener, NULL, NULL);
    assert_true(*peer >= 0);
    return stream;
}

/* What comes out at the server's end: `len` bytes, fewer at the end of the stream. The network may
 * have to be run for it. */
static size_t peer_receive(struct fixture *f, int peer, void *data, size_t len)
{
    uint64_t end = now_ms() + LONG_MS;
    size_t got = 0;

    while (got < len && now_ms() < end) {
        ssize_t n = recv(peer, (uint8_t *)data + got, len - got, MSG_DONTWAIT);

        if (n == 0)
            break;
        if (n > 0)
            got += (size_t)n;
        else
            wait_ms(f, 5);
    }
    return got;
}

static void assert_peer_sees_the_end(struct fixture *f, int peer)
{
    uint64_t end = now_ms() + LONG_MS;
    char byte;
    ssize_t n;

    while ((n = recv(peer, &byte, 1, MSG_DONTWAIT)) < 0 && now_ms() < end)
        wait_ms(f, 5);
    assert_int_equal(n, 0);
}

/*
 * wait() for so long. It may return early when the network has to do something of its own, but not
 * so often that it would be a busy loop.
 */
static void wait_quietly(struct fixture *f, uint32_t ms)
{
    uint64_t start = now_ms();
    unsigned waits = 0;

    while (now_ms() - start + 5 < ms) {
        wait_ms(f, ms);
        waits++;
    }
    assert_in_range(waits, 1, 10);
}

/* A port on which nobody listens. */
static uint16_t unused_port(void)
{
    uint16_t number = 0;
    int fd = listen_on(AF_INET, 1, &number);

    assert_true(fd >= 0);
    close(fd);
    return number;
}

static void assert_connects(struct fixture *f, const char *host, uint16_t number, int listener,
                            enum fota_address_family family)
{
    int stream = -1;
    int peer;
    char text[8] = "";

    assert_int_equal(open_stream(f, host, number, family, &stream), 0);
    assert_true(stream >= 0);
    assert_int_equal(outcome(f, stream), 1);
    assert_int_equal(ready(f, stream), 1);
    peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(send_to(f, stream, "ping", 4), 4);
    assert_int_equal(peer_receive(f, peer, text, 4), 4);
    assert_string_equal(text, "ping");
    assert_int_equal(send(peer, "pong", 4, 0), 4);
    assert_int_equal(receive_next(f, stream, text, sizeof text), 4);
    assert_string_equal(text, "pong");
    f->port.ops->close(f->port.ctx, stream);
    assert_peer_sees_the_end(f, peer);
    close(peer);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void an_ipv4_address_connects_and_carries_bytes_both_ways(void **state)
{
    struct fixture *f = *state;

    assert_connects(f, HOST, f->number, f->listener, FOTA_ADDRESS_ANY);
    assert_connects(f, HOST, f->number, f->listener, FOTA_ADDRESS_IPV4);
}

static void an_ipv6_address_connects_and_carries_bytes_both_ways(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int listener = listen_on(AF_INET6, 4, &number);

    if (listener < 0)
        skip();
    assert_connects(f, HOST6, number, listener, FOTA_ADDRESS_ANY);
    assert_connects(f, HOST6, number, listener, FOTA_ADDRESS_IPV6);
    close(listener);
}

static void l6_an_address_of_another_family_than_asked_is_no_address(void **state)
{
    struct fixture *f = *state;
    int stream;

    assert_int_equal(open_stream(f, HOST, f->number, FOTA_ADDRESS_IPV6, &stream), FOTA_ERR_DNS);
    assert_int_equal(open_stream(f, HOST6, f->number, FOTA_ADDRESS_IPV4, &stream), FOTA_ERR_DNS);
}

/* It may be said at once or later. */
static void l5_a_name_that_cannot_exist_is_a_dns_error(void **state)
{
    char digits[400]; /* lwIP takes an address with any number of zeros */
    const char *const names[] = {"a..b", "", digits};
    struct fixture *f = *state;

    memset(digits, '0', sizeof digits);
    strcpy(digits + sizeof digits - 5, "1::1");
    for (size_t i = 0; i < 3; i++) {
        int stream = -1;
        int error = open_stream(f, names[i], f->number, FOTA_ADDRESS_ANY, &stream);

        if (error == 0) {
            error = outcome(f, stream);
            f->port.ops->close(f->port.ctx, stream);
        }
        assert_int_equal(error, FOTA_ERR_DNS);
    }
}

static void a_refused_port_is_a_connect_error_and_stays_one(void **state)
{
    struct fixture *f = *state;
    int stream = -1;
    int error = open_stream(f, HOST, unused_port(), FOTA_ADDRESS_ANY, &stream);
    char byte;

    if (error == 0) {
        error = outcome(f, stream);
        assert_int_equal(ready(f, stream), FOTA_ERR_CONNECT);
        assert_int_equal(send_to(f, stream, "x", 1), FOTA_ERR_CONNECTION);
        assert_int_equal(receive(f, stream, &byte, 1), FOTA_ERR_CONNECTION);
    }
    assert_int_equal(error, FOTA_ERR_CONNECT);
}

static void a_stream_that_failed_does_not_keep_wait_awake(void **state)
{
    struct fixture *f = *state;
    int stream = -1;

    if (open_stream(f, HOST, unused_port(), FOTA_ADDRESS_ANY, &stream) == 0)
        assert_int_equal(outcome(f, stream), FOTA_ERR_CONNECT);
    wait_quietly(f, 50);
}

static void streams_are_limited_and_a_closed_one_is_used_again(void **state)
{
    struct fixture *f = *state;
    int streams[BACKEND_STREAMS], peers[BACKEND_STREAMS];
    int other;

    for (int i = 0; i < BACKEND_STREAMS; i++) {
        streams[i] = connect_pair(f, &peers[i]);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(streams[i], streams[j]);
    }
    assert_int_equal(open_stream(f, HOST, f->number, FOTA_ADDRESS_ANY, &other), FOTA_ERR_CONNECT);
    f->port.ops->close(f->port.ctx, streams[1]);
    assert_int_equal(open_stream(f, HOST, f->number, FOTA_ADDRESS_ANY, &other), 0);
    assert_int_equal(other, streams[1]);
    for (int i = 0; i < BACKEND_STREAMS; i++)
        close(peers[i]);
}

static void numbers_that_are_no_stream_are_refused(void **state)
{
    static const int wrong[] = {-1, 0, BACKEND_STREAMS, 1000};
    struct fixture *f = *state;
    char byte;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ready(f, wrong[i]), FOTA_ERR_CONNECT);
        assert_int_equal(send_to(f, wrong[i], "x", 1), FOTA_ERR_CONNECTION);
        assert_int_equal(receive(f, wrong[i], &byte, 1), FOTA_ERR_CONNECTION);
        f->port.ops->close(f->port.ctx, wrong[i]);
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void nothing_to_receive_is_0_and_does_not_block(void **state)
{
    struct fixture *f = *state;
    char byte;
    int peer;
    int stream = connect_pair(f, &peer);

    assert_int_equal(receive(f, stream, &byte, 1), 0);
    assert_int_equal(send(peer, "x", 1, 0), 1);
    assert_int_equal(receive(f, stream, &byte, 0), 0);
    assert_int_equal(receive_next(f, stream, &byte, 1), 1);
    close(peer);
}

static void an_early_close_gives_the_bytes_before_it_and_then_closed(void **state)
{
    struct fixture *f = *state;
    char text[16];
    int peer;
    int stream = connect_pair(f, &peer);

    assert_int_equal(send(peer, "half", 4, 0), 4);
    close(peer);
    assert_int_equal(receive_next(f, stream, text, sizeof text), 4);
    assert_memory_equal(text, "half", 4);
    assert_int_equal(receive_next(f, stream, text, sizeof text), FOTA_ERR_CLOSED);
    assert_int_equal(receive_next(f, stream, text, sizeof text), FOTA_ERR_CLOSED);
}

static void l3_a_reset_breaks_the_connection(void **state)
{
    struct fixture *f = *state;
    struct linger abort_it = {1, 0};
    char byte;
    int peer;
    int stream = connect_pair(f, &peer);

    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it), 0);
    close(peer);
    assert_int_equal(receive_next(f, stream, &byte, 1), FOTA_ERR_CONNECTION);
}

static void a_peer_that_does_not_read_makes_send_take_less(void **state)
{
    struct fixture *f = *state;
    size_t size = 16u << 20, sent = 0, got = 0;
    uint8_t *data = malloc(size);
    uint8_t *back = malloc(size);
    bool full = false;
    int peer;
    int stream = connect_pair(f, &peer);

    assert_non_null(data);
    assert_non_null(back);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 31 + (i >> 8));
    while (got < size) {
        int taken = send_to(f, stream, data + sent, size - sent);

        assert_true(taken >= 0);
        sent += (size_t)taken;
        if (taken == 0 && sent < size) {
            size_t part = size - got < 65536 ? size - got : 65536;

            /* Full is what is still full when the network has moved on what it can. */
            wait_ms(f, 1);
            full = true;
            part = peer_receive(f, peer, back + got, sent - got < part ? sent - got : part);
            assert_true(part > 0);
            got += part;
        } else if (sent == size) {
            size_t part = peer_receive(f, peer, back + got, size - got);

            assert_true(part > 0);
            got += part;
        }
    }
    assert_true(full);
    assert_memory_equal(back, data, size);
    free(data);
    free(back);
    close(peer);
}

static void closing_the_port_ends_all_streams(void **state)
{
    struct fixture *f = *state;
    int peers[2];

    for (int i = 0; i < 2; i++)
        connect_pair(f, &peers[i]);
    backend_close(&f->backend);
    for (int i = 0; i < 2; i++) {
        assert_peer_sees_the_end(f, peers[i]);
        close(peers[i]);
    }
    backend_close(&f->backend);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void waiting_without_streams_only_takes_time(void **state)
{
    struct fixture *f = *state;

    wait_ms(f, 0);
    wait_quietly(f, 50);
}

static void waiting_on_a_quiet_stream_takes_its_time(void **state)
{
    struct fixture *f = *state;
    int peer;

    connect_pair(f, &peer);
    wait_quietly(f, 50);
    close(peer);
}

static void *send_later(void *ctx)
{
    usleep(50000);
    send(*(int *)ctx, "x", 1, 0);
    return NULL;
}

static void waiting_ends_when_bytes_arrive(void **state)
{
    struct fixture *f = *state;
    int peer;
    int stream = connect_pair(f, &peer);
    uint64_t start = now_ms();
    unsigned waits = 0;
    pthread_t thread;
    char byte;

    assert_int_equal(pthread_create(&thread, NULL, send_later, &peer), 0);
    do {
        wait_ms(f, UINT32_MAX); /* 49 days; as an int it would be for ever */
        waits++;
    } while (receive(f, stream, &byte, 1) == 0 && now_ms() - start < LONG_MS);
    assert_in_range(now_ms() - start, 40, LONG_MS - 1);
    assert_in_range(waits, 1, 10);
    pthread_join(thread, NULL);
    close(peer);
}

static void *drain_later(void *ctx)
{
    static char data[1u << 16];

    usleep(50000);
    while (recv(*(int *)ctx, data, sizeof data, 0) > 0) {
    }
    return NULL;
}

static void waiting_ends_when_there_is_room_to_send_again(void **state)
{
    static uint8_t data[1u << 16];
    struct fixture *f = *state;
    int peer;
    int stream = connect_pair(f, &peer);
    pthread_t thread;
    uint64_t start;

    /* Full is what is still full after the system has moved bytes on to the peer. */
    while (send_to(f, stream, data, sizeof data) > 0 || usleep(10000) != 0 ||
           send_to(f, stream, data, sizeof data) > 0) {
    }
    assert_int_equal(pthread_create(&thread, NULL, drain_later, &peer), 0);
    start = now_ms();
    do {
        wait_ms(f, 2 * LONG_MS);
    } while (send_to(f, stream, data, sizeof data) == 0 && now_ms() - start < LONG_MS);
    assert_in_range(now_ms() - start, 40, LONG_MS - 1);
    f->port.ops->close(f->port.ctx, stream);
    shutdown(peer, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(peer);
}

static void waiting_ends_when_a_connection_is_made(void **state)
{
    struct fixture *f = *state;
    uint64_t start = now_ms();
    int stream;

    assert_int_equal(open_stream(f, HOST, f->number, FOTA_ADDRESS_ANY, &stream), 0);
    while (ready(f, stream) == 0 && now_ms() - start < LONG_MS)
        wait_ms(f, 2 * LONG_MS);
    assert_true(now_ms() - start < LONG_MS);
    assert_int_equal(ready(f, stream), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define NET_TESTS                                                                                  \
    TEST(an_ipv4_address_connects_and_carries_bytes_both_ways),                                    \
        TEST(an_ipv6_address_connects_and_carries_bytes_both_ways),                                \
        TEST(l6_an_address_of_another_family_than_asked_is_no_address),                            \
        TEST(l5_a_name_that_cannot_exist_is_a_dns_error),                                          \
        TEST(a_refused_port_is_a_connect_error_and_stays_one),                                     \
        TEST(a_stream_that_failed_does_not_keep_wait_awake),                                       \
        TEST(streams_are_limited_and_a_closed_one_is_used_again),                                  \
        TEST(numbers_that_are_no_stream_are_refused),                                              \
        TEST(nothing_to_receive_is_0_and_does_not_block),                                          \
        TEST(an_early_close_gives_the_bytes_before_it_and_then_closed),                            \
        TEST(l3_a_reset_breaks_the_connection),                                                    \
        TEST(a_peer_that_does_not_read_makes_send_take_less),                                      \
        TEST(closing_the_port_ends_all_streams), TEST(waiting_without_streams_only_takes_time),    \
        TEST(waiting_on_a_quiet_stream_takes_its_time), TEST(waiting_ends_when_bytes_arrive),      \
        TEST(waiting_ends_when_there_is_room_to_send_again),                                       \
        TEST(waiting_ends_when_a_connection_is_made)

#endif
