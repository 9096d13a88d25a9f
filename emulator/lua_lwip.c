/* The emulated modem's way out through lwIP, in libslirp's network. */
#include "emulator/lua_sim.h"

#include <stdlib.h>
#include <string.h>

#include "fota_error.h"
#include "platform/lwip/slirp.h"
#include "platform/lwip/udp.h"

/* TCP or UDP. */
struct way {
    struct fota_net port; /* over sim_lwip's */
    struct sim_lwip *lwip;
};

struct sim_lwip {
    struct fota_lwip_net net;
    struct fota_lwip_udp datagrams;
    struct way tcp, udp;
};

/*
 * The host's loopback has another address in libslirp's network. A script that names a server on
 * this host finds it with either network.
 */
static const char *seen_from_inside(const char *host)
{
    if (strcmp(host, "127.0.0.1") == 0 || strcmp(host, "localhost") == 0)
        return FOTA_LWIP_SLIRP_HOST;
    return strcmp(host, "::1") == 0 ? FOTA_LWIP_SLIRP_HOST6 : host;
}

static int lwip_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                     int *stream)
{
    const struct way *way = ctx;
    bool is_localhost = strcmp(host, "localhost") == 0;

    if (is_localhost && family == FOTA_ADDRESS_IPV6)
        host = "::1";
    return way->port.ops->open(way->port.ctx, seen_from_inside(host), port, family, stream);
}

static int lwip_ready(void *ctx, int stream)
{
    const struct way *way = ctx;

    return way->port.ops->ready(way->port.ctx, stream);
}

static int lwip_send(void *ctx, int stream, const void *data, size_t len)
{
    const struct way *way = ctx;

    return way->port.ops->send(way->port.ctx, stream, data, len);
}

static int lwip_recv(void *ctx, int stream, void *data, size_t len)
{
    const struct way *way = ctx;

    return way->port.ops->recv(way->port.ctx, stream, data, len);
}

static void lwip_close(void *ctx, int stream)
{
    const struct way *way = ctx;

    way->port.ops->close(way->port.ctx, stream);
}

/* A datagram that has arrived keeps TCP from waiting. */
static void lwip_wait(void *ctx, uint32_t ms)
{
    const struct sim_lwip *lwip = ((struct way *)ctx)->lwip;

    if (fota_lwip_udp_has_news(&lwip->datagrams))
        ms = 0;
    lwip->tcp.port.ops->wait(lwip->tcp.port.ctx, ms);
}

static void lwip_drop(void *ctx)
{
    struct sim_lwip *lwip = ((struct way *)ctx)->lwip;

    fota_lwip_net_close(&lwip->net);
    fota_lwip_udp_close(&lwip->datagrams);
}

static int use_lwip(lua_State *L)
{
    static const struct fota_net_ops ops = {lwip_open,  lwip_ready, lwip_send, lwip_recv,
                                            lwip_close, lwip_wait,  NULL};
    struct sim *sim = sim_check(L, 1);
    struct sim_lwip *lwip = sim->lwip ? NULL : malloc(sizeof *lwip);
    struct fota_lwip_driver driver;

    luaL_argcheck(L, !sim->lwip, 1, "uses lwIP already");
    if (!lwip || fota_lwip_slirp_open(&driver) != 0) {
        free(lwip);
        return luaL_error(L, "no memory for libslirp's network");
    }
    lwip->tcp = (struct way){fota_lwip_net_open(&lwip->net, driver), lwip};
    lwip->udp = (struct way){fota_lwip_udp_open(&lwip->datagrams, driver), lwip};
    sim->lwip = lwip;
    fota_sim_modem_set_outside(
        &sim->modem, (struct fota_sim_outside){{&ops, &lwip->tcp}, {&ops, &lwip->udp}, lwip_drop});
    return 0;
}

void sim_lwip(lua_State *L)
{
    lua_pushcfunction(L, use_lwip);
    lua_setfield(L, -2, "use_lwip");
}

void sim_drop_lwip(struct sim *sim)
{
    struct sim_lwip *lwip = sim->lwip;

    if (lwip) {
        fota_lwip_net_close(&lwip->net);
        fota_lwip_udp_close(&lwip->datagrams);
    }
    free(lwip);
    sim->lwip = NULL;
}
