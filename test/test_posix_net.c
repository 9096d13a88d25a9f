/*
 * TCP over POSIX sockets, against the loopback interface: the test itself is the server, since
 * the system completes a connection before anybody accepts it. Then the clock and the rest.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fota_error.h"
#include "platform/posix/net.h"
#include "platform/posix/system.h"

#define LONG_MS 5000 /* never reached where things work */

struct fixture {
    struct fota_posix_net net;
    struct fota_net port;
    int listener;
    uint16_t number; /* the listener's port */
};

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
    f->port = fota_posix_net_open(&f->net);
    f->listener = listen_on(AF_INET, 16, &f->number);
    *state = f;
    return f->listener < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fota_posix_net_close(&f->net);
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

    assert_int_equal(open_stream(f, "127.0.0.1", f->number, FOTA_ADDRESS_ANY, &stream), 0);
    assert_int_equal(outcome(f, stream), 1);
    *peer = accept(f->listener, NULL, NULL);
    assert_true(*peer >= 0);
    return stream;
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

/* ---- connecting ----------------------------------------------------------------------------- */

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
    assert_int_equal(recv(peer, text, 4, MSG_WAITALL), 4);
    assert_string_equal(text, "ping");
    assert_int_equal(send(peer, "pong", 4, 0), 4);
    assert_int_equal(receive_next(f, stream, text, sizeof text), 4);
    assert_string_equal(text, "pong");
    f->port.ops->close(f->port.ctx, stream);
    assert_int_equal(recv(peer, text, 1, 0), 0);
    close(peer);
}

static void an_ipv4_address_connects_and_carries_bytes_both_ways(void **state)
{
    struct fixture *f = *state;

    assert_connects(f, "127.0.0.1", f->number, f->listener, FOTA_ADDRESS_ANY);
    assert_connects(f, "127.0.0.1", f->number, f->listener, FOTA_ADDRESS_IPV4);
}

static void an_ipv6_address_connects_and_carries_bytes_both_ways(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int listener = listen_on(AF_INET6, 4, &number);

    if (listener < 0)
        skip();
    assert_connects(f, "::1", number, listener, FOTA_ADDRESS_ANY);
    assert_connects(f, "::1", number, listener, FOTA_ADDRESS_IPV6);
    close(listener);
}

static void a_name_connects(void **state)
{
    struct fixture *f = *state;

    assert_connects(f, "localhost", f->number, f->listener, FOTA_ADDRESS_ANY);
    assert_connects(f, "localhost", f->number, f->listener, FOTA_ADDRESS_IPV4);
}

static void l6_an_address_of_another_family_than_asked_is_no_address(void **state)
{
    struct fixture *f = *state;
    int stream;

    assert_int_equal(open_stream(f, "127.0.0.1", f->number, FOTA_ADDRESS_IPV6, &stream),
                     FOTA_ERR_DNS);
    assert_int_equal(open_stream(f, "::1", f->number, FOTA_ADDRESS_IPV4, &stream), FOTA_ERR_DNS);
}

static void l5_a_name_that_cannot_exist_is_a_dns_error(void **state)
{
    struct fixture *f = *state;
    int stream;

    assert_int_equal(open_stream(f, "a..b", f->number, FOTA_ADDRESS_ANY, &stream), FOTA_ERR_DNS);
    assert_int_equal(open_stream(f, "", f->number, FOTA_ADDRESS_ANY, &stream), FOTA_ERR_DNS);
}

static void a_refused_port_is_a_connect_error_and_stays_one(void **state)
{
    struct fixture *f = *state;
    int stream = -1;
    int error = open_stream(f, "127.0.0.1", unused_port(), FOTA_ADDRESS_ANY, &stream);
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
    uint64_t start;

    if (open_stream(f, "127.0.0.1", unused_port(), FOTA_ADDRESS_ANY, &stream) == 0)
        assert_int_equal(outcome(f, stream), FOTA_ERR_CONNECT);
    start = now_ms();
    wait_ms(f, 50);
    assert_true(now_ms() - start >= 45);
}

/*
 * Fills the queue of a listener that nobody accepts from, so that a further connection gets no
 * answer at all. Returns the listener, -1 where the system answers all the same.
 */
static int silent_listener(uint16_t *number, struct fixture *f, int *stream)
{
    int listener = listen_on(AF_INET, 0, number);

    assert_true(listener >= 0);
    for (int i = 0; i < FOTA_POSIX_STREAMS - 1; i++) {
        assert_int_equal(open_stream(f, "127.0.0.1", *number, FOTA_ADDRESS_ANY, stream), 0);
        wait_ms(f, 50);
        if (ready(f, *stream) == 0)
            return listener;
    }
    close(listener);
    return -1;
}

static void fill_address(struct addrinfo *info, struct sockaddr_in *address, uint16_t number,
                         struct addrinfo *next)
{
    memset(info, 0, sizeof *info);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_port = htons(number);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof *address;
    info->ai_next = next;
}

/* No resolver gives these addresses, so the test puts them behind the one that is being tried. */
static void l6_every_address_is_tried_in_turn(void **state)
{
    struct fixture *f = *state;
    struct addrinfo refused, good;
    struct sockaddr_in addresses[2];
    uint16_t number;
    int stream = -1;
    int listener = silent_listener(&number, f, &stream);
    int peer;

    if (listener < 0)
        skip();
    fill_address(&good, &addresses[0], f->number, NULL);
    fill_address(&refused, &addresses[1], unused_port(), &good);
    f->net.streams[stream].next = &refused;
    assert_int_equal(ready(f, stream), 0);
    assert_ptr_equal(f->net.streams[stream].next, &refused); /* the first one still has time */

    f->net.streams[stream].since_ms -= 60000;
    assert_int_equal(ready(f, stream), 0);
    assert_ptr_not_equal(f->net.streams[stream].next, &refused);
    assert_int_equal(outcome(f, stream), 1);
    peer = accept(f->listener, NULL, NULL);
    assert_true(peer >= 0);
    close(peer);
    close(listener);
}

static void l2_the_last_address_may_stay_silent_until_the_caller_gives_up(void **state)
{
    struct fixture *f = *state;
    uint16_t number;
    int stream = -1;
    int listener = silent_listener(&number, f, &stream);
    char byte;

    if (listener < 0)
        skip();
    f->net.streams[stream].since_ms -= 60000;
    assert_int_equal(ready(f, stream), 0);
    assert_int_equal(send_to(f, stream, "x", 1), 0);
    assert_int_equal(receive(f, stream, &byte, 1), 0);
    close(listener);
}

static void a_socket_is_non_blocking_closed_on_exec_and_without_delay(void **state)
{
    struct fixture *f = *state;
    int peer;
    int stream = connect_pair(f, &peer);
    int fd = f->net.streams[stream].fd;
    int on = 0;
    socklen_t len = sizeof on;

    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_true(on);
    close(peer);
}

static void streams_are_limited_and_a_closed_one_is_used_again(void **state)
{
    struct fixture *f = *state;
    int streams[FOTA_POSIX_STREAMS], peers[FOTA_POSIX_STREAMS];
    int other;

    for (int i = 0; i < FOTA_POSIX_STREAMS; i++) {
        streams[i] = connect_pair(f, &peers[i]);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(streams[i], streams[j]);
    }
    assert_int_equal(open_stream(f, "127.0.0.1", f->number, FOTA_ADDRESS_ANY, &other),
                     FOTA_ERR_CONNECT);
    f->port.ops->close(f->port.ctx, streams[1]);
    assert_int_equal(open_stream(f, "127.0.0.1", f->number, FOTA_ADDRESS_ANY, &other), 0);
    assert_int_equal(other, streams[1]);
    for (int i = 0; i < FOTA_POSIX_STREAMS; i++)
        close(peers[i]);
}

static void numbers_that_are_no_stream_are_refused(void **state)
{
    static const int wrong[] = {-1, 0, FOTA_POSIX_STREAMS, 1000};
    struct fixture *f = *state;
    char byte;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ready(f, wrong[i]), FOTA_ERR_CONNECT);
        assert_int_equal(send_to(f, wrong[i], "x", 1), FOTA_ERR_CONNECTION);
        assert_int_equal(receive(f, wrong[i], &byte, 1), FOTA_ERR_CONNECTION);
        f->port.ops->close(f->port.ctx, wrong[i]);
    }
}

/* ---- bytes ---------------------------------------------------------------------------------- */

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

/* The signal that a write to such a connection raises by default would end the test. */
static void sending_to_a_peer_that_is_gone_is_an_error_and_no_signal(void **state)
{
    struct fixture *f = *state;
    int peer;
    int stream = connect_pair(f, &peer);
    int result = 0;

    close(peer);
    for (int i = 0; i < 100 && result >= 0; i++) {
        result = send_to(f, stream, "x", 1);
        usleep(1000);
    }
    assert_int_equal(result, FOTA_ERR_CONNECTION);
    assert_int_equal(send_to(f, stream, "x", 1), FOTA_ERR_CONNECTION);
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
            ssize_t part = recv(peer, back + got, size - got, 0);

            full = true;
            assert_true(part > 0);
            got += (size_t)part;
            wait_ms(f, 20);
        } else if (sent == size) {
            got += (size_t)recv(peer, back + got, size - got, MSG_WAITALL);
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
    char byte;
    int peers[2];

    for (int i = 0; i < 2; i++)
        connect_pair(f, &peers[i]);
    fota_posix_net_close(&f->net);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(recv(peers[i], &byte, 1, 0), 0);
        close(peers[i]);
    }
    fota_posix_net_close(&f->net);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void waiting_without_streams_only_takes_time(void **state)
{
    struct fixture *f = *state;
    uint64_t start = now_ms();

    wait_ms(f, 0);
    wait_ms(f, 50);
    assert_in_range(now_ms() - start, 45, LONG_MS);
}

static void waiting_on_a_quiet_stream_takes_its_time(void **state)
{
    struct fixture *f = *state;
    int peer;
    uint64_t start;

    connect_pair(f, &peer);
    start = now_ms();
    wait_ms(f, 50);
    assert_in_range(now_ms() - start, 45, LONG_MS);
    close(peer);
}

static void waiting_ends_when_bytes_arrive(void **state)
{
    struct fixture *f = *state;
    int peer;
    int stream = connect_pair(f, &peer);
    uint64_t start = now_ms();
    char byte;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        usleep(50000);
        send(peer, "x", 1, 0);
        _exit(0);
    }
    wait_ms(f, UINT32_MAX); /* 49 days; as an int it would be for ever */
    assert_in_range(now_ms() - start, 40, LONG_MS);
    assert_int_equal(receive(f, stream, &byte, 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(peer);
}

static void waiting_ends_when_there_is_room_to_send_again(void **state)
{
    static uint8_t data[1u << 16];
    struct fixture *f = *state;
    int peer;
    int stream = connect_pair(f, &peer);
    uint64_t start;
    pid_t child;

    /* Full is what is still full after the system has moved bytes on to the peer. */
    while (send_to(f, stream, data, sizeof data) > 0 || usleep(10000) != 0 ||
           send_to(f, stream, data, sizeof data) > 0) {
    }
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Its copy of the stream would keep the connection open. */
        fota_posix_net_close(&f->net);
        usleep(50000);
        while (recv(peer, data, sizeof data, 0) > 0) {
        }
        _exit(0);
    }
    start = now_ms();
    wait_ms(f, 2 * LONG_MS);
    assert_in_range(now_ms() - start, 40, LONG_MS);
    assert_true(send_to(f, stream, data, sizeof data) > 0);
    f->port.ops->close(f->port.ctx, stream);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(peer);
}

static void waiting_ends_when_a_connection_is_made(void **state)
{
    struct fixture *f = *state;
    uint64_t start = now_ms();
    int stream;

    assert_int_equal(open_stream(f, "127.0.0.1", f->number, FOTA_ADDRESS_ANY, &stream), 0);
    wait_ms(f, 2 * LONG_MS);
    assert_true(now_ms() - start < LONG_MS);
    assert_int_equal(ready(f, stream), 1);
}

/* ---- the system ----------------------------------------------------------------------------- */

static void count(void *ctx)
{
    ++*(int *)ctx;
}

static void a_reset_is_handed_to_the_owner(void **state)
{
    struct fota_posix_system system;
    int resets = 0;
    struct fota_system port = fota_posix_system_open(&system, count, &resets);

    (void)state;
    port.ops->reset(port.ctx);
    assert_int_equal(resets, 1);
    port = fota_posix_system_open(&system, NULL, NULL);
    port.ops->reset(port.ctx);
}

static void the_clock_counts_milliseconds_and_only_goes_forward(void **state)
{
    struct fota_posix_system system;
    struct fota_system port = fota_posix_system_open(&system, NULL, NULL);
    uint64_t start = port.ops->now_ms(port.ctx), last = start;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t now = port.ops->now_ms(port.ctx);

        assert_true(now >= last);
        last = now;
    }
    usleep(20000);
    assert_in_range(port.ops->now_ms(port.ctx) - start, 19, LONG_MS);
}

static void the_time_is_that_of_the_system(void **state)
{
    struct fota_posix_system system;
    struct fota_system port = fota_posix_system_open(&system, NULL, NULL);
    int64_t before = (int64_t)time(NULL);

    (void)state;
    assert_in_range(port.ops->time(port.ctx), before, before + 5);
}

static void random_numbers_differ(void **state)
{
    struct fota_posix_system system;
    struct fota_system port = fota_posix_system_open(&system, NULL, NULL);
    uint32_t first = port.ops->random(port.ctx);
    int same = 0;

    (void)state;
    for (int i = 0; i < 16; i++)
        same += port.ops->random(port.ctx) == first;
    assert_true(same < 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_ipv4_address_connects_and_carries_bytes_both_ways),
        TEST(an_ipv6_address_connects_and_carries_bytes_both_ways),
        TEST(a_name_connects),
        TEST(l6_an_address_of_another_family_than_asked_is_no_address),
        TEST(l5_a_name_that_cannot_exist_is_a_dns_error),
        TEST(a_refused_port_is_a_connect_error_and_stays_one),
        TEST(a_stream_that_failed_does_not_keep_wait_awake),
        TEST(l6_every_address_is_tried_in_turn),
        TEST(l2_the_last_address_may_stay_silent_until_the_caller_gives_up),
        TEST(a_socket_is_non_blocking_closed_on_exec_and_without_delay),
        TEST(streams_are_limited_and_a_closed_one_is_used_again),
        TEST(numbers_that_are_no_stream_are_refused),
        TEST(nothing_to_receive_is_0_and_does_not_block),
        TEST(an_early_close_gives_the_bytes_before_it_and_then_closed),
        TEST(l3_a_reset_breaks_the_connection),
        TEST(sending_to_a_peer_that_is_gone_is_an_error_and_no_signal),
        TEST(a_peer_that_does_not_read_makes_send_take_less),
        TEST(closing_the_port_ends_all_streams),
        TEST(waiting_without_streams_only_takes_time),
        TEST(waiting_on_a_quiet_stream_takes_its_time),
        TEST(waiting_ends_when_bytes_arrive),
        TEST(waiting_ends_when_there_is_room_to_send_again),
        TEST(waiting_ends_when_a_connection_is_made),
        cmocka_unit_test(a_reset_is_handed_to_the_owner),
        cmocka_unit_test(the_clock_counts_milliseconds_and_only_goes_forward),
        cmocka_unit_test(the_time_is_that_of_the_system),
        cmocka_unit_test(random_numbers_differ),
    };

    return cmocka_run_group_tests_name("posix net", tests, NULL, NULL);
}
