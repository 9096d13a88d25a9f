#define _DEFAULT_SOURCE

#include "platform/sim/clock.h"

#include <time.h>

/* A script may read the clock in a loop instead of waiting. On a modem two readings are at least
 * some microseconds apart. */
#define READINGS_PER_MS 100u

/* ---- the clock ------------------------------------------------------------------------------- */

static uint64_t host_now_ms(const struct fota_sim_clock *clock)
{
    return clock->lower.ops->now_ms(clock->lower.ctx);
}

static uint64_t clock_now_ms(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    if (!clock->is_virtual)
        return host_now_ms(clock) + clock->ahead_ms;
    if (++clock->readings > READINGS_PER_MS)
        fota_sim_clock_skip(clock, 1);
    return clock->stands_ms;
}

static int64_t clock_time(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    if (clock->began_s < 0)
        return -1;
    /* The same clock as now_ms(): when that has advanced by a second, so has this. */
    return clock->began_s + (int64_t)((clock_now_ms(clock) - clock->began_ms) / 1000);
}

static uint32_t clock_random(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    return clock->lower.ops->random(clock->lower.ctx);
}

static void clock_reset(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    clock->lower.ops->reset(clock->lower.ctx);
}

struct fota_system fota_sim_clock_open(struct fota_sim_clock *clock, struct fota_system lower)
{
    *clock = (struct fota_sim_clock){
        .ops = {clock_now_ms, clock_time, clock_random, clock_reset, NULL},
        .lower = lower,
        .began_ms = lower.ops->now_ms(lower.ctx),
        .began_s = lower.ops->time(lower.ctx),
    };
    return (struct fota_system){&clock->ops, clock};
}

uint64_t fota_sim_clock_ran(struct fota_sim_clock *clock)
{
    return clock_now_ms(clock) - clock->began_ms;
}

void fota_sim_clock_set_time(struct fota_sim_clock *clock, int64_t seconds)
{
    clock->began_s = seconds - (int64_t)(fota_sim_clock_ran(clock) / 1000);
}

void fota_sim_clock_set_virtual(struct fota_sim_clock *clock, bool is_virtual)
{
    uint64_t now = clock_now_ms(clock);

    clock->is_virtual = is_virtual;
    clock->stands_ms = now;
    clock->ahead_ms = now - host_now_ms(clock);
    clock->readings = 0;
}

void fota_sim_clock_skip(struct fota_sim_clock *clock, uint32_t ms)
{
    clock->stands_ms += ms;
    clock->ahead_ms += ms;
    clock->readings = 0;
}

void fota_sim_clock_pass(struct fota_sim_clock *clock, uint32_t ms)
{
    const struct timespec nap = {ms / 1000, (long)(ms % 1000) * 1000000L};

    if (clock->is_virtual)
        fota_sim_clock_skip(clock, ms);
    else
        nanosleep(&nap, NULL);
}

/* ---- the network ----------------------------------------------------------------------------- */

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    struct fota_sim_clock *clock = ctx;
    int error = clock->outside.ops->open(clock->outside.ctx, host, port, family, stream);

    if (!error)
        clock->streams++;
    return error;
}

static int net_ready(void *ctx, int stream)
{
    const struct fota_sim_clock *clock = ctx;

    return clock->outside.ops->ready(clock->outside.ctx, stream);
}

static int net_send(void *ctx, int stream, const void *data, size_t len)
{
    const struct fota_sim_clock *clock = ctx;

    return clock->outside.ops->send(clock->outside.ctx, stream, data, len);
}

static int net_recv(void *ctx, int stream, void *data, size_t len)
{
    const struct fota_sim_clock *clock = ctx;

    return clock->outside.ops->recv(clock->outside.ctx, stream, data, len);
}

static void net_close(void *ctx, int stream)
{
    struct fota_sim_clock *clock = ctx;

    clock->outside.ops->close(clock->outside.ctx, stream);
    if (clock->streams)
        clock->streams--;
}

static void net_wait(void *ctx, uint32_t ms)
{
    struct fota_sim_clock *clock = ctx;
    uint64_t began = host_now_ms(clock);
    uint64_t waited;

    if (clock->is_virtual && clock->streams == 0) {
        fota_sim_clock_skip(clock, ms);
        return;
    }
    clock->outside.ops->wait(clock->outside.ctx, ms);
    /* No longer than was asked for, however late a loaded host comes back. */
    waited = host_now_ms(clock) - began;
    if (clock->is_virtual)
        fota_sim_clock_skip(clock, waited < ms ? (uint32_t)waited : ms);
}

struct fota_net fota_sim_clock_net(struct fota_sim_clock *clock, struct fota_net outside)
{
    static const struct fota_net_ops ops = {net_open,  net_ready, net_send, net_recv,
                                            net_close, net_wait,  NULL};

    clock->outside = outside;
    return (struct fota_net){&ops, clock};
}
