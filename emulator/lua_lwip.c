/* The emulated modem's way out through lwIP, in libslirp's network. */
#include "emulator/lua_sim.h"

#include <stdlib.h>
#include <string.h>

#include "fota_error.h"
#include "platform/lwip/slirp.h"

struct sim_lwip {
    struct fota_lwip_net net;
    struct fota_net port; /* over net */
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
    const struct sim_lwip *lwip = ctx;
    bool is_localhost = strcmp(host, "localhost") == 0;

    if (is_localhost && family == FOTA_ADDRESS_IPV6)
        host = "::1";
    return lwip->port.ops->open(lwip->port.ctx, seen_from_inside(host), port, family, stream);
}

static int lwip_ready(void *ctx, int stream)
{
    const struct sim_lwip *lwip = ctx;

    return lwip->port.ops->ready(lwip->port.ctx, stream);
}

static int lwip_send(void *ctx, int stream, const void *data, size_t len)
{
    const struct sim_lwip *lwip = ctx;

    return lwip->port.ops->send(lwip->port.ctx, stream, data, len);
}

static int lwip_recv(void *ctx, int stream, void *data, size_t len)
{
    const struct sim_lwip *lwip = ctx;

    return lwip->port.ops->recv(lwip->port.ctx, stream, data, len);
}

static void lwip_close(void *ctx, int stream)
{
    const struct sim_lwip *lwip = ctx;

    lwip->port.ops->close(lwip->port.ctx, stream);
}

static void lwip_wait(void *ctx, uint32_t ms)
{
    const struct sim_lwip *lwip = ctx;

    lwip->port.ops->wait(lwip->port.ctx, ms);
}

static void lwip_drop(void *ctx)
{
    fota_lwip_net_drop(&((struct sim_lwip *)ctx)->net);
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
    lwip->port = fota_lwip_net_open(&lwip->net, driver);
    sim->lwip = lwip;
    fota_sim_modem_set_outside(&sim->modem, (struct fota_sim_outside){{&ops, lwip}, lwip_drop});
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

    if (lwip)
        fota_lwip_net_close(&lwip->net);
    free(lwip);
    sim->lwip = NULL;
}
