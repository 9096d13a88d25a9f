/*
 * net.c - TCP over POSIX sockets.
 */
#define _DEFAULT_SOURCE

#include "platform/posix/net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fota_error.h"
#include "platform/posix/resolver.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE stands in for it */
#endif

/*
 * How long one address may stay silent while there is another to try, ms: a broken IPv6 route
 * would otherwise use up all the time that the engine gives to connecting.
 */
#define SILENCE_MS 5000

/*
 * A stream is looking up a name while it owns a lookup, connecting while it owns addresses, then
 * connected; it has failed when it is none of these. It keeps a descriptor in all of them, since -1
 * says that the place is free.
 */
static struct fota_posix_stream *stream_at(struct fota_posix_net *net, int stream)
{
    if (stream < 0 || stream >= FOTA_POSIX_STREAMS || net->streams[stream].fd < 0)
        return NULL;
    return &net->streams[stream];
}

static uint64_t now_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void forget_addresses(struct fota_posix_stream *s)
{
    if (s->addresses)
        freeaddrinfo(s->addresses);
    s->addresses = NULL;
    s->next = NULL;
}

static bool prepare(int fd)
{
    int on = 1;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return false;
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    /* If this fails, it is only slower. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

/* Makes a socket that connects to `address`. Returns -1 if it cannot. */
static int start_connect(const struct addrinfo *address, bool datagrams)
{
    int fd = socket(address->ai_family, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    if (prepare(fd) && (connect(fd, address->ai_addr, address->ai_addrlen) == 0 ||
                        errno == EINPROGRESS || errno == EINTR))
        return fd;
    close(fd);
    return -1;
}

/* Goes on to the next address that can be tried at all; false when there is none. */
static bool try_next(struct fota_posix_stream *s)
{
    while (s->next) {
        const struct addrinfo *address = s->next;
        int fd = start_connect(address, s->datagrams);

        s->next = address->ai_next;
        if (fd >= 0) {
            if (s->fd >= 0)
                close(s->fd);
            s->fd = fd;
            s->since_ms = now_ms();
            return true;
        }
    }
    return false;
}

/* Begins with the addresses; the stream owns them. */
static int begin_connect(struct fota_posix_stream *s, struct addrinfo *addresses)
{
    s->addresses = addresses;
    s->next = addresses;
    if (try_next(s))
        return 0;
    forget_addresses(s);
    return FOTA_ERR_CONNECT;
}

static bool is_of(const struct sockaddr_storage *address, enum fota_address_family family)
{
    return family == FOTA_ADDRESS_ANY ||
           address->ss_family == (family == FOTA_ADDRESS_IPV6 ? AF_INET6 : AF_INET);
}

/* The address of `host` as text, where another stream is connected to it; else `host`. */
static const char *find_peer(const struct fota_posix_net *net, const char *host,
                             enum fota_address_family family, char text[NI_MAXHOST])
{
    for (int i = 0; i < FOTA_POSIX_STREAMS; i++) {
        const struct fota_posix_stream *s = &net->streams[i];
        struct sockaddr_storage address;
        socklen_t length = sizeof address;

        if (s->fd >= 0 && s->connected && strcmp(s->host, host) == 0 &&
            getpeername(s->fd, (struct sockaddr *)&address, &length) == 0 &&
            is_of(&address, family) &&
            getnameinfo((struct sockaddr *)&address, length, text, NI_MAXHOST, NULL, 0,
                        NI_NUMERICHOST) == 0)
            return text;
    }
    return host;
}

static int open_stream(struct fota_posix_net *net, const char *host, uint16_t port,
                       enum fota_address_family family, bool datagrams, int *stream)
{
    struct fota_posix_stream *s;
    struct addrinfo *addresses = NULL;
    char text[NI_MAXHOST];
    int place = 0;
    int error;

    while (place < FOTA_POSIX_STREAMS && net->streams[place].fd >= 0)
        place++;
    if (place == FOTA_POSIX_STREAMS)
        return FOTA_ERR_CONNECT;
    s = &net->streams[place];
    memset(s, 0, offsetof(struct fota_posix_stream, ahead));
    s->fd = -1;
    s->datagrams = datagrams;
    if (strlen(host) < sizeof s->host)
        strcpy(s->host, host);
    error = fota_posix_address(find_peer(net, host, family, text), port, family, &addresses);
    if (error == 1)
        error = begin_connect(s, addresses);
    else if (error == 0)
        error = fota_posix_lookup_start(host, port, family, &s->lookup, &s->fd);
    *stream = place;
    return error;
}

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    return open_stream(ctx, host, port, family, false, stream);
}

static int udp_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    return open_stream(ctx, host, port, family, true, stream);
}

/* The name has been looked up, or not yet (0). */
static int look(struct fota_posix_stream *s)
{
    struct addrinfo *addresses;
    int found = fota_posix_lookup_poll(s->lookup, &addresses);

    if (found == 0)
        return 0;
    s->lookup = NULL;
    return found < 0 ? found : begin_connect(s, addresses);
}

static int net_ready(void *ctx, int stream)
{
    struct fota_posix_stream *s = stream_at(ctx, stream);
    struct pollfd poller;
    int error = 0;
    socklen_t len = sizeof error;

    if (s && s->lookup)
        return look(s);
    if (s == NULL || (!s->connected && s->addresses == NULL))
        return FOTA_ERR_CONNECT;
    if (s->connected)
        return 1;
    poller = (struct pollfd){.fd = s->fd, .events = POLLOUT};
    if (poll(&poller, 1, 0) <= 0) {
        if (now_ms() - s->since_ms >= SILENCE_MS)
            try_next(s);
        return 0;
    }
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        if (try_next(s))
            return 0;
        forget_addresses(s);
        return FOTA_ERR_CONNECT;
    }
    s->connected = true;
    forget_addresses(s);
    return 1;
}

/* ---- connected ------------------------------------------------------------------------------- */

/* What send and recv answer when the stream cannot do it: 0 while it is still connecting. */
static int not_connected(const struct fota_posix_stream *s)
{
    return s && (s->addresses || s->lookup) ? 0 : FOTA_ERR_CONNECTION;
}

static bool try_again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int net_send(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_posix_stream *s = stream_at(ctx, stream);
    ssize_t sent;

    if (s == NULL || !s->connected)
        return not_connected(s);
    sent = send(s->fd, data, len < INT_MAX ? len : INT_MAX, MSG_NOSIGNAL);
    if (sent < 0 && !try_again())
        return FOTA_ERR_CONNECTION;
    sent = sent > 0 ? sent : 0;
    s->full = (size_t)sent < len;
    return (int)sent;
}

static int receive(const struct fota_posix_stream *s, void *data, size_t len)
{
    ssize_t got = recv(s->fd, data, len, 0);

    if (got < 0)
        return try_again() ? 0 : FOTA_ERR_CONNECTION;
    return got == 0 ? FOTA_ERR_CLOSED : (int)got;
}

static int take_ahead(struct fota_posix_stream *s, void *data, size_t len)
{
    uint32_t left = s->held - s->taken;

    if (len > left)
        len = left;
    memcpy(data, s->ahead + s->taken, len);
    s->taken += (uint32_t)len;
    return (int)len;
}

static int net_recv(void *ctx, int stream, void *data, size_t len)
{
    struct fota_posix_stream *s = stream_at(ctx, stream);
    int got;

    if (s == NULL || !s->connected)
        return not_connected(s);
    if (len == 0)
        return 0; /* recv() would return 0, which means the end */
    if (s->taken < s->held)
        return take_ahead(s, data, len);
    if (len >= sizeof s->ahead)
        return receive(s, data, len < INT_MAX ? len : INT_MAX);
    got = receive(s, s->ahead, sizeof s->ahead);
    if (got <= 0)
        return got;
    s->taken = 0;
    s->held = (uint32_t)got;
    return take_ahead(s, data, len);
}

/* ---- datagrams: what does not arrive is lost, and nobody is told ----------------------------- */

static int udp_send(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_posix_stream *s = stream_at(ctx, stream);

    if (s == NULL || !s->connected)
        return not_connected(s);
    s->full = send(s->fd, data, len, MSG_NOSIGNAL) < 0 && try_again();
    return s->full ? 0 : (int)len;
}

static int udp_recv(void *ctx, int stream, void *data, size_t len)
{
    struct fota_posix_stream *s = stream_at(ctx, stream);
    ssize_t got;

    if (s == NULL || !s->connected)
        return not_connected(s);
    got = recv(s->fd, data, len < INT_MAX ? len : INT_MAX, 0);
    return got > 0 ? (int)got : 0;
}

static void net_close(void *ctx, int stream)
{
    struct fota_posix_stream *s = stream_at(ctx, stream);

    if (s) {
        if (s->lookup)
            fota_posix_lookup_drop(s->lookup);
        s->lookup = NULL;
        forget_addresses(s);
        close(s->fd);
        s->fd = -1;
    }
}

/* In how many ms the silent address of `s` is given up; at most `ms`. */
static uint32_t until_silence(const struct fota_posix_stream *s, uint32_t ms)
{
    uint64_t silent = now_ms() - s->since_ms;
    uint64_t left = silent < SILENCE_MS ? SILENCE_MS - silent : 0;

    return left < ms ? (uint32_t)left : ms;
}

static void net_wait(void *ctx, uint32_t ms)
{
    struct fota_posix_net *net = ctx;
    struct pollfd pollers[FOTA_POSIX_STREAMS];
    nfds_t count = 0;

    for (int i = 0; i < FOTA_POSIX_STREAMS; i++) {
        const struct fota_posix_stream *s = &net->streams[i];
        short events = s->connected || s->lookup ? POLLIN : POLLOUT;

        if (s->fd >= 0 && s->taken < s->held)
            return;
        /* A stream that has failed would wake poll() for ever. */
        if (s->fd < 0 || (!s->connected && !s->lookup && !s->addresses))
            continue;
        if (!s->connected && s->next)
            ms = until_silence(s, ms);
        if (s->full)
            events |= POLLOUT;
        pollers[count++] = (struct pollfd){.fd = s->fd, .events = events};
    }
    poll(pollers, count, ms < INT_MAX ? (int)ms : INT_MAX);
}

struct fota_net fota_posix_net_open(struct fota_posix_net *net)
{
    static const struct fota_net_ops ops = {net_open,  net_ready, net_send, net_recv,
                                            net_close, net_wait,  NULL};

    for (int i = 0; i < FOTA_POSIX_STREAMS; i++)
        net->streams[i].fd = -1;
    return (struct fota_net){&ops, net};
}

struct fota_net fota_posix_udp(struct fota_posix_net *net)
{
    static const struct fota_net_ops ops = {udp_open,  net_ready, udp_send, udp_recv,
                                            net_close, net_wait,  NULL};

    return (struct fota_net){&ops, net};
}

void fota_posix_net_close(struct fota_posix_net *net)
{
    for (int i = 0; i < FOTA_POSIX_STREAMS; i++)
        net_close(net, i);
}
