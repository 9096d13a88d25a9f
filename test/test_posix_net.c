/*
 * TCP over POSIX sockets: what every network promises, what only this one does, then the clock and
 * the rest.
 */
#define _DEFAULT_SOURCE

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>

#include "platform/posix/net.h"
#include "platform/posix/system.h"

#define BACKEND_STREAMS FOTA_POSIX_STREAMS
#define HOST            "127.0.0.1"
#define HOST6           "::1"

struct backend {
    struct fota_posix_net net;
};

#include "net_world.h"

static struct fota_net backend_open(struct backend *backend)
{
    return fota_posix_net_open(&backend->net);
}

static void backend_close(struct backend *backend)
{
    fota_posix_net_close(&backend->net);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void a_name_connects(void **state)
{
    struct fixture *f = *state;

    assert_connects(f, "localhost", f->number, f->listener, FOTA_ADDRESS_ANY);
    assert_connects(f, "localhost", f->number, f->listener, FOTA_ADDRESS_IPV4);
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
    f->backend.net.streams[stream].next = &refused;
    assert_int_equal(ready(f, stream), 0);
    assert_ptr_equal(f->backend.net.streams[stream].next,
                     &refused); /* the first one still has time */

    f->backend.net.streams[stream].since_ms -= 60000;
    assert_int_equal(ready(f, stream), 0);
    assert_ptr_not_equal(f->backend.net.streams[stream].next, &refused);
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
    f->backend.net.streams[stream].since_ms -= 60000;
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
    int fd = f->backend.net.streams[stream].fd;
    int on = 0;
    socklen_t len = sizeof on;

    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_true(on);
    close(peer);
}

/* ---- a peer that is gone --------------------------------------------------------------------- */

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

/* ---- the system ------------------------------------------------------------------------------ */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TESTS,
        TEST(a_name_connects),
        TEST(l6_every_address_is_tried_in_turn),
        TEST(l2_the_last_address_may_stay_silent_until_the_caller_gives_up),
        TEST(sending_to_a_peer_that_is_gone_is_an_error_and_no_signal),
        TEST(a_socket_is_non_blocking_closed_on_exec_and_without_delay),
        cmocka_unit_test(a_reset_is_handed_to_the_owner),
        cmocka_unit_test(the_clock_counts_milliseconds_and_only_goes_forward),
        cmocka_unit_test(the_time_is_that_of_the_system),
        cmocka_unit_test(random_numbers_differ),
    };

    return cmocka_run_group_tests_name("posix net", tests, NULL, NULL);
}
