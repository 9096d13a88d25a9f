#define _DEFAULT_SOURCE

#include "platform/lwip/slirp.h"

#include <arpa/inet.h>
#include <libslirp.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/sys.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "fota_error.h"

#define FRAME_MAX   1514u
#define POLLERS_MAX 256u
#define TIMERS_MAX  4u /* libslirp has one, for router advertisements */

struct frame {
    struct frame *next;
    uint16_t length;
    uint8_t data[];
};

struct timer {
    SlirpTimerCb callback; /* NULL: free */
    void *ctx;
    int64_t expires_ms; /* -1: not running */
};

/* There is one lwIP in a process, so there is one network. */
static struct {
    bool open;
    Slirp *slirp;
    struct netif netif;
    struct frame *first, **last; /* come, and not taken by lwIP yet */
    struct pollfd pollers[POLLERS_MAX];
    nfds_t poller_count;
    struct timer timers[TIMERS_MAX];
} net;

/* ---- what lwIP asks for ---------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ms(void)
{
    return now_ns() / 1000000;
}

u32_t sys_now(void)
{
    return (u32_t)now_ms();
}

uint32_t fota_lwip_random(void)
{
    uint32_t value;

    if (getrandom(&value, sizeof value, 0) != sizeof value)
        fota_lwip_failed("no randomness");
    return value;
}

void fota_lwip_failed(const char *what)
{
    fprintf(stderr, "lwIP: %s\n", what);
    abort();
}

/* ---- what libslirp calls --------------------------------------------------------------------- */

/* This is also called in the middle of lwIP's output, so it must not call lwIP. */
static ssize_t on_packet(const void *data, size_t length, void *ctx)
{
    struct frame *frame = length <= FRAME_MAX ? malloc(sizeof *frame + length) : NULL;

    (void)ctx;
    if (frame) {
        frame->next = NULL;
        frame->length = (uint16_t)length;
        memcpy(frame->data, data, length);
        *net.last = frame;
        net.last = &frame->next;
    }
    return (ssize_t)length;
}

static void on_guest_error(const char *message, void *ctx)
{
    (void)message, (void)ctx;
}

static int64_t on_clock(void *ctx)
{
    (void)ctx;
    return now_ns();
}

static void *on_timer_new(SlirpTimerCb callback, void *callback_ctx, void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        if (!net.timers[i].callback) {
            net.timers[i] = (struct timer){callback, callback_ctx, -1};
            return &net.timers[i];
        }
    }
    return NULL;
}

static void on_timer_free(void *timer, void *ctx)
{
    (void)ctx;
    ((struct timer *)timer)->callback = NULL;
}

static void on_timer_mod(void *timer, int64_t expires_ms, void *ctx)
{
    (void)ctx;
    ((struct timer *)timer)->expires_ms = expires_ms;
}

static void on_poll_fd(int fd, void *ctx)
{
    (void)fd, (void)ctx;
}

static void on_notify(void *ctx)
{
    (void)ctx;
}

/* ---- polling --------------------------------------------------------------------------------- */

static const struct {
    int slirp;
    short poll;
} event_names[] = {
    {SLIRP_POLL_IN, POLLIN},   {SLIRP_POLL_OUT, POLLOUT}, {SLIRP_POLL_PRI, POLLPRI},
    {SLIRP_POLL_ERR, POLLERR}, {SLIRP_POLL_HUP, POLLHUP},
};
#define EVENT_NAMES (sizeof event_names / sizeof *event_names)

static int add_poll(int fd, int events, void *ctx)
{
    struct pollfd *poller = &net.pollers[net.poller_count];

    (void)ctx;
    if (net.poller_count == POLLERS_MAX)
        return -1;
    *poller = (struct pollfd){.fd = fd};
    for (size_t i = 0; i < EVENT_NAMES; i++)
        if (events & event_names[i].slirp)
            poller->events |= event_names[i].poll;
    return (int)net.poller_count++;
}

static int get_events(int index, void *ctx)
{
    int events = 0;

    (void)ctx;
    for (size_t i = 0; index >= 0 && i < EVENT_NAMES; i++)
        if (net.pollers[index].revents & event_names[i].poll)
            events |= event_names[i].slirp;
    return events;
}

static uint32_t until_timers(uint32_t ms)
{
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        int64_t left = net.timers[i].expires_ms - now_ms();

        if (net.timers[i].callback && net.timers[i].expires_ms >= 0 && left < (int64_t)ms)
            ms = left > 0 ? (uint32_t)left : 0;
    }
    return ms;
}

static void run_timers(void)
{
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        struct timer *timer = &net.timers[i];

        if (timer->callback && timer->expires_ms >= 0 && timer->expires_ms <= now_ms()) {
            timer->expires_ms = -1;
            timer->callback(timer->ctx);
        }
    }
}

/* Lets libslirp move what its sockets have; sleeps for at most `ms` until they have something. */
static void run_slirp(uint32_t ms)
{
    uint32_t timeout = until_timers(ms);
    int ready;

    net.poller_count = 0;
    slirp_pollfds_fill(net.slirp, &timeout, add_poll, NULL);
    ready = poll(net.pollers, net.poller_count, (int)timeout);
    slirp_pollfds_poll(net.slirp, ready < 0, get_events, NULL);
    run_timers();
}

/* Gives frames to lwIP, as many as it has memory for. None is lost: libslirp would repeat it late,
 * since no packet can be lost between it and the guests that it is made for. */
static void deliver(void)
{
    while (net.first) {
        struct frame *frame = net.first;
        struct pbuf *p = pbuf_alloc(PBUF_RAW, frame->length, PBUF_POOL);

        if (!p)
            return;
        pbuf_take(p, frame->data, frame->length);
        net.first = frame->next;
        if (!net.first)
            net.last = &net.first;
        free(frame);
        if (net.netif.input(p, &net.netif) != ERR_OK)
            pbuf_free(p);
    }
}

static void driver_poll(void *ctx)
{
    (void)ctx;
    if (!net.first)
        run_slirp(0);
    deliver();
}

static void driver_wait(void *ctx, uint32_t ms)
{
    (void)ctx;
    run_slirp(net.first ? 0 : ms);
    deliver();
}

/* ---- the interface --------------------------------------------------------------------------- */

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    uint8_t frame[FRAME_MAX];

    (void)netif;
    if (p->tot_len > sizeof frame)
        return ERR_VAL;
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    slirp_input(net.slirp, frame, p->tot_len);
    return ERR_OK;
}

static err_t init_netif(struct netif *netif)
{
    static const uint8_t address[ETH_HWADDR_LEN] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    netif->name[0] = 's';
    netif->name[1] = 'l';
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = send_frame;
    netif->mtu = FRAME_MAX - SIZEOF_ETH_HDR;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, address, sizeof address);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    return ERR_OK;
}

static bool open_slirp(void)
{
    static const SlirpCb callbacks = {
        .send_packet = on_packet,
        .guest_error = on_guest_error,
        .clock_get_ns = on_clock,
        .timer_new = on_timer_new,
        .timer_free = on_timer_free,
        .timer_mod = on_timer_mod,
        .register_poll_fd = on_poll_fd,
        .unregister_poll_fd = on_poll_fd,
        .notify = on_notify,
    };
    SlirpConfig config = {.version = 1, .in_enabled = true, .in6_enabled = true};

    inet_pton(AF_INET, "10.0.2.0", &config.vnetwork);
    inet_pton(AF_INET, "255.255.255.0", &config.vnetmask);
    inet_pton(AF_INET, FOTA_LWIP_SLIRP_HOST, &config.vhost);
    inet_pton(AF_INET, "10.0.2.15", &config.vdhcp_start);
    inet_pton(AF_INET, "10.0.2.3", &config.vnameserver);
    inet_pton(AF_INET6, "fec0::", &config.vprefix_addr6);
    config.vprefix_len = 64;
    inet_pton(AF_INET6, FOTA_LWIP_SLIRP_HOST6, &config.vhost6);
    inet_pton(AF_INET6, "fec0::3", &config.vnameserver6);
    net.last = &net.first;
    net.slirp = slirp_new(&config, &callbacks, NULL);
    return net.slirp != NULL;
}

/*
 * libslirp writes to sockets that may be closed, and leaves it to the program to ignore the signal.
 */
static void ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

int fota_lwip_slirp_open(struct fota_lwip_driver *driver)
{
    *driver = (struct fota_lwip_driver){driver_poll, driver_wait, NULL};
    if (net.open)
        return 0;
    if (!open_slirp())
        return FOTA_ERR_MEMORY;
    ignore_sigpipe();
    lwip_init();
    netif_add(&net.netif, NULL, NULL, NULL, NULL, init_netif, netif_input);
    net.open = true;
    return fota_lwip_start(&net.netif);
}
