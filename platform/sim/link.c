#define _POSIX_C_SOURCE 200809L

#include "platform/sim/link.h"

#include <string.h>

#include "fota_error.h"
#include "platform/sim/apn.h"

/* Bytes come in portions of a fiftieth of a second: small enough to move smoothly, large enough not
 * to be a busy loop. */
#define PORTIONS_PER_SECOND 50u
#define BURST_PORTIONS      5u
#define NAP_MS              10u

static bool apn_is_taken(const struct fota_sim_link *link)
{
    return !link->demanded.name[0] || (strcmp(link->demanded.name, link->apn.name) == 0 &&
                                       strcmp(link->demanded.user, link->apn.user) == 0 &&
                                       strcmp(link->demanded.password, link->apn.password) == 0);
}

static int link_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                     int *stream)
{
    struct fota_sim_link *link = ctx;

    if (!apn_is_taken(link))
        return FOTA_ERR_APN;
    if (family == FOTA_ADDRESS_ANY)
        family = link->apn.family;
    link->connections++;
    return link->lower.ops->open(link->lower.ctx, host, port, family, stream);
}

static int link_ready(void *ctx, int stream)
{
    struct fota_sim_link *link = ctx;

    return link->lower.ops->ready(link->lower.ctx, stream);
}

static int link_send(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_sim_link *link = ctx;

    return link->lower.ops->send(link->lower.ctx, stream, data, len);
}

/* Bytes that the rate allows now: 0, or a portion at least. */
static size_t allowance(struct fota_sim_link *link)
{
    uint64_t now = link->clock->ops.now_ms(link->clock);
    uint64_t portion = (uint64_t)link->rate * 1000 / PORTIONS_PER_SECOND;
    uint64_t most = portion * BURST_PORTIONS + 1000;

    link->tokens += (now - link->filled_ms) * link->rate;
    link->filled_ms = now;
    if (link->tokens > most)
        link->tokens = most;
    return link->tokens < portion || link->tokens < 1000 ? 0 : (size_t)(link->tokens / 1000);
}

static int link_recv(void *ctx, int stream, void *data, size_t len)
{
    struct fota_sim_link *link = ctx;
    int got;

    if (link->rate) {
        size_t most = allowance(link);

        if (most == 0)
            return 0;
        len = len < most ? len : most;
    }
    if (link->drop_at) {
        if (link->received >= link->drop_at) {
            link->drop_at = 0;
            return FOTA_ERR_CONNECTION;
        }
        if (len > link->drop_at - link->received)
            len = (size_t)(link->drop_at - link->received);
    }
    got = link->lower.ops->recv(link->lower.ctx, stream, data, len);
    if (got > 0) {
        link->received += (uint64_t)got;
        link->tokens -= link->rate ? (uint64_t)got * 1000 : 0;
    }
    return got;
}

static void link_close(void *ctx, int stream)
{
    struct fota_sim_link *link = ctx;

    link->lower.ops->close(link->lower.ctx, stream);
}

static void link_wait(void *ctx, uint32_t ms)
{
    struct fota_sim_link *link = ctx;

    /* Bytes that have arrived below but may not be received yet must not make this a busy loop. */
    if (link->rate && allowance(link) == 0)
        fota_sim_clock_pass(link->clock, ms < NAP_MS ? ms : NAP_MS);
    else
        link->lower.ops->wait(link->lower.ctx, ms);
}

static int link_apn_set(void *ctx, const struct fota_apn *apn)
{
    struct fota_sim_link *link = ctx;
    int error = link->apn_file ? fota_sim_apn_save(link->apn_file, apn) : 0;

    if (!error)
        link->apn = *apn;
    return error;
}

struct fota_net fota_sim_link_open(struct fota_sim_link *link, struct fota_net lower,
                                   struct fota_sim_clock *clock)
{
    static const struct fota_net_ops ops = {link_open,  link_ready, link_send,   link_recv,
                                            link_close, link_wait,  link_apn_set};

    memset(link, 0, sizeof *link);
    link->lower = lower;
    link->clock = clock;
    link->filled_ms = clock->ops.now_ms(clock);
    return (struct fota_net){&ops, link};
}
