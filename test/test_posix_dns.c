/*
 * test_posix_dns.c - platform/posix/net.h with a resolver that is slow, or fails: this program's
 * own getaddrinfo() takes the system's place.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fota_error.h"
#include "platform/posix/net.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int result;               /* of the lookups */
    bool held;                /* they do not come back */
    int opened, begun, ended; /* lookups asked for, begun and come back */
    int given, freed;
    int family;      /* asked for last */
    uint16_t number; /* where the name leads to */
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct addrinfo *loopback(uint16_t number)
{
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in));
    struct sockaddr_in *address = (struct sockaddr_in *)(info + 1);

    address->sin_family = AF_INET;
    address->sin_port = htons(number);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof *address;
    return info;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **addresses)
{
    int result;

    pthread_mutex_lock(&resolver.lock);
    if (hints->ai_flags & AI_NUMERICHOST) {
        bool is_address = strcmp(host, "127.0.0.1") == 0;

        if (is_address)
            *addresses = loopback((uint16_t)atoi(service));
        resolver.given += is_address;
        pthread_mutex_unlock(&resolver.lock);
        return is_address ? 0 : EAI_NONAME;
    }
    resolver.begun++;
    resolver.family = hints->ai_family;
    pthread_cond_broadcast(&resolver.changed);
    while (resolver.held)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    result = resolver.result;
    if (result == 0) {
        *addresses = loopback(resolver.number);
        resolver.given++;
    }
    resolver.ended++;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
    return result;
}

void freeaddrinfo(struct addrinfo *addresses)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.freed++;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
    free(addresses);
}

/* Until all lookups that were asked for have begun. */
static void await_begun(void)
{
    pthread_mutex_lock(&resolver.lock);
    while (resolver.begun != resolver.opened)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    pthread_mutex_unlock(&resolver.lock);
}

static void await_ended(void)
{
    pthread_mutex_lock(&resolver.lock);
    while (resolver.ended != resolver.opened)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    pthread_mutex_unlock(&resolver.lock);
}

static void await_freed(void)
{
    pthread_mutex_lock(&resolver.lock);
    while (resolver.freed != resolver.given)
        pthread_cond_wait(&resolver.changed, &resolver.lock);
    pthread_mutex_unlock(&resolver.lock);
}

static void hold(bool held)
{
    pthread_mutex_lock(&resolver.lock);
    resolver.held = held;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.lock);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct fota_posix_net net;
static struct fota_net port;
static int listener;

static int setup(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, 4) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        return -1;
    resolver.number = ntohs(address.sin_port);
    resolver.result = 0;
    resolver.held = false;
    port = fota_posix_net_open(&net);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hold(false);
    await_ended();
    fota_posix_net_close(&net);
    close(listener);
    await_freed();
    return 0;
}

static int open_name(enum fota_address_family family)
{
    int stream = -1;

    resolver.opened++;
    assert_int_equal(port.ops->open(port.ctx, "name.test", resolver.number, family, &stream), 0);
    return stream;
}

static int outcome(int stream)
{
    int result;

    while ((result = port.ops->ready(port.ctx, stream)) == 0)
        port.ops->wait(port.ctx, 1000);
    return result;
}

static void a_name_that_is_found_connects(void **state)
{
    int stream = open_name(FOTA_ADDRESS_IPV4);

    (void)state;
    assert_int_equal(outcome(stream), 1);
    assert_int_equal(resolver.family, AF_INET);
    assert_int_equal(port.ops->send(port.ctx, stream, "x", 1), 1);
}

/* Of the addresses of one name only that of the control connection has the server that waits for
 * the data connection; a resolver gives them in another order each time. */
static void f9_the_second_connection_goes_where_the_first_one_went(void **state)
{
    int first = open_name(FOTA_ADDRESS_ANY), second = -1;
    uint16_t number = resolver.number;

    (void)state;
    assert_int_equal(outcome(first), 1);
    resolver.result = EAI_FAIL;
    for (int family = FOTA_ADDRESS_ANY; family <= FOTA_ADDRESS_IPV4; family++) {
        assert_int_equal(port.ops->open(port.ctx, "name.test", number,
                                        (enum fota_address_family)family, &second),
                         0);
        assert_int_equal(outcome(second), 1);
        port.ops->close(port.ctx, second);
    }
    /* Not to one that is called otherwise, or asked for by another family, or closed. */
    second = open_name(FOTA_ADDRESS_IPV6);
    assert_int_equal(outcome(second), FOTA_ERR_DNS);
    port.ops->close(port.ctx, second);
    resolver.opened++;
    assert_int_equal(port.ops->open(port.ctx, "name.test.", number, FOTA_ADDRESS_ANY, &second), 0);
    assert_int_equal(outcome(second), FOTA_ERR_DNS);
    port.ops->close(port.ctx, second);
    port.ops->close(port.ctx, first);
    second = open_name(FOTA_ADDRESS_ANY);
    assert_int_equal(outcome(second), FOTA_ERR_DNS);
}

static void l5_a_slow_resolver_blocks_nothing(void **state)
{
    uint64_t begun = now_ms();
    char byte;
    int stream;

    (void)state;
    hold(true);
    stream = open_name(FOTA_ADDRESS_ANY);
    await_begun();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(port.ops->ready(port.ctx, stream), 0);
        assert_int_equal(port.ops->send(port.ctx, stream, "x", 1), 0);
        assert_int_equal(port.ops->recv(port.ctx, stream, &byte, 1), 0);
    }
    port.ops->wait(port.ctx, 50);
    assert_true(now_ms() - begun >= 50);
    hold(false);
    assert_int_equal(outcome(stream), 1);
}

static void *release_later(void *arg)
{
    struct timespec pause = {.tv_nsec = 100000000};

    nanosleep(&pause, NULL);
    hold(false);
    return arg;
}

static void waiting_ends_when_the_name_is_found(void **state)
{
    uint64_t begun;
    pthread_t thread;
    int stream;

    (void)state;
    hold(true);
    stream = open_name(FOTA_ADDRESS_ANY);
    await_begun();
    assert_int_equal(pthread_create(&thread, NULL, release_later, NULL), 0);
    begun = now_ms();
    port.ops->wait(port.ctx, 60000);
    assert_true(now_ms() - begun < 30000);
    assert_int_equal(outcome(stream), 1);
    pthread_join(thread, NULL);
}

/* NXDOMAIN, SERVFAIL, a resolver that cannot be reached. */
static void l5_a_name_that_is_not_found_is_a_dns_error(void **state)
{
    static const int results[] = {EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_MEMORY};

    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        int stream;

        resolver.result = results[i];
        stream = open_name(FOTA_ADDRESS_ANY);
        assert_int_equal(outcome(stream), FOTA_ERR_DNS);
        assert_true(port.ops->ready(port.ctx, stream) < 0);
        port.ops->wait(port.ctx, 1); /* and keeps nobody awake */
        port.ops->close(port.ctx, stream);
    }
}

static void a_lookup_that_nobody_waits_for_any_more_is_thrown_away(void **state)
{
    int stream;

    (void)state;
    for (int i = 0; i < 20; i++) {
        hold(i % 2 == 0);
        stream = open_name(FOTA_ADDRESS_ANY);
        if (i % 4 == 0)
            await_begun();
        if (i % 4 == 1)
            await_ended();
        port.ops->close(port.ctx, stream);
        hold(false);
        await_ended();
    }
    await_freed();
}

static void a_port_that_is_closed_meanwhile_does_not_wait(void **state)
{
    uint64_t begun = now_ms();

    (void)state;
    hold(true);
    for (int i = 0; i < FOTA_POSIX_STREAMS; i++)
        (void)open_name(FOTA_ADDRESS_ANY);
    await_begun();
    fota_posix_net_close(&net);
    assert_true(now_ms() - begun < 30000);
    port = fota_posix_net_open(&net);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_name_that_is_found_connects),
        T(f9_the_second_connection_goes_where_the_first_one_went),
        T(l5_a_slow_resolver_blocks_nothing),
        T(waiting_ends_when_the_name_is_found),
        T(l5_a_name_that_is_not_found_is_a_dns_error),
        T(a_lookup_that_nobody_waits_for_any_more_is_thrown_away),
        T(a_port_that_is_closed_meanwhile_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
