/* TCP, TLS and UDP for the scripting world, over the modem's own network. */
#include "emulator/lua_sim.h"

#include "fota_error.h"

#define RECEIVE_MAX 4096u /* bytes of one recv() */

static struct sim *sim_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* Upvalue 2 of the functions that tcp_*, tls_* and udp_* have in common. */
enum kind { TCP, TLS, UDP };

static enum kind kind_of(lua_State *L)
{
    return (enum kind)lua_tointeger(L, lua_upvalueindex(2));
}

static const struct fota_net *net_of(lua_State *L)
{
    const struct fota_sim_modem *modem = &sim_of(L)->modem;

    return kind_of(L) == UDP ? &modem->outside.udp : &modem->port.net;
}

static const struct fota_tls *tls_of(lua_State *L)
{
    return &sim_of(L)->modem.port.tls;
}

static bool is_tls(lua_State *L)
{
    return kind_of(L) == TLS;
}

static int failed(lua_State *L, int error)
{
    lua_pushnil(L);
    lua_pushstring(L, fota_error_name(error));
    return 2;
}

/* tcp_open(host, port, ipv6) -> stream, or nil and the error's name; udp_open as well: each send is
 * a datagram then, and each recv gives one */
static int net_open(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    const char *host = luaL_checkstring(L, 1);
    lua_Integer port = luaL_checkinteger(L, 2);
    enum fota_address_family family = lua_toboolean(L, 3) ? FOTA_ADDRESS_IPV6 : FOTA_ADDRESS_ANY;
    int stream, error;

    luaL_argcheck(L, port > 0 && port <= UINT16_MAX, 2, "1 to 65535 expected");
    error = kind_of(L) == UDP
                ? fota_sim_modem_udp_open(&sim_of(L)->modem, host, (uint16_t)port, family, &stream)
                : net->ops->open(net->ctx, host, (uint16_t)port, family, &stream);
    if (error)
        return failed(L, error);
    lua_pushinteger(L, stream);
    return 1;
}

/* Field `name` of the table at 3, "" being none. */
static const char *text_field(lua_State *L, const char *name)
{
    const char *text;

    lua_getfield(L, 3, name);
    text = lua_tostring(L, -1); /* which the table holds */
    lua_pop(L, 1);
    return text && *text ? text : NULL;
}

/* tls_start(stream, host, {ca_cert=, client_cert=, client_key=}) -> true, or nil and the error's
 * name. Without ca_cert the server is not verified, as LuatOS has it. */
static int net_start_tls(lua_State *L)
{
    const struct fota_tls *tls = tls_of(L);
    struct fota_tls_params params = {0};
    const char *host = luaL_checkstring(L, 2);
    int error;

    luaL_checktype(L, 3, LUA_TTABLE);
    params.ca_cert = text_field(L, "ca_cert");
    params.client_cert = text_field(L, "client_cert");
    params.client_key = text_field(L, "client_key");
    params.level = params.ca_cert ? FOTA_TLS_SERVER : FOTA_TLS_NONE;
    error = tls->ops->start(tls->ctx, net_of(L), (int)luaL_checkinteger(L, 1), host, &params);
    if (error)
        return failed(L, error);
    lua_pushboolean(L, 1);
    return 1;
}

/* *_ready(stream) -> true connected, false not yet, or nil and the error's name */
static int net_ready(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    const struct fota_tls *tls = tls_of(L);
    int stream = (int)luaL_checkinteger(L, 1);
    int ready = is_tls(L) ? tls->ops->ready(tls->ctx, stream) : net->ops->ready(net->ctx, stream);

    if (ready < 0)
        return failed(L, ready);
    lua_pushboolean(L, ready);
    return 1;
}

/* *_send(stream, data, from) -> bytes taken of those from position `from` on, or nil and the
 * error's name */
static int net_send(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    const struct fota_tls *tls = tls_of(L);
    int stream = (int)luaL_checkinteger(L, 1);
    size_t length;
    const char *data = luaL_checklstring(L, 2, &length);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    int sent;

    luaL_argcheck(L, from > 0 && (size_t)from <= length + 1, 3, "outside the data");
    data += from - 1;
    length -= (size_t)(from - 1);
    sent = is_tls(L) ? tls->ops->send(tls->ctx, stream, data, length)
                     : net->ops->send(net->ctx, stream, data, length);
    if (sent < 0)
        return failed(L, sent);
    lua_pushinteger(L, sent);
    return 1;
}

/* *_recv(stream) -> bytes, "" none yet, or nil and the error's name: "CLOSED" at the end */
static int net_recv(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    const struct fota_tls *tls = tls_of(L);
    int stream = (int)luaL_checkinteger(L, 1);
    char buffer[RECEIVE_MAX];
    int got = is_tls(L) ? tls->ops->recv(tls->ctx, stream, buffer, sizeof buffer)
                        : net->ops->recv(net->ctx, stream, buffer, sizeof buffer);

    if (got < 0)
        return failed(L, got);
    lua_pushlstring(L, buffer, (size_t)got);
    return 1;
}

/* tls_stop(stream), once; the stream stays open */
static int net_stop_tls(lua_State *L)
{
    const struct fota_tls *tls = tls_of(L);

    tls->ops->stop(tls->ctx, (int)luaL_checkinteger(L, 1));
    return 0;
}

/* tcp_close(stream), udp_close(stream), once */
static int net_close(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    int stream = (int)luaL_checkinteger(L, 1);

    if (kind_of(L) == UDP)
        fota_sim_modem_udp_close(&sim_of(L)->modem, stream);
    else
        net->ops->close(net->ctx, stream);
    return 0;
}

void sim_net(lua_State *L, struct sim *sim)
{
    static const struct {
        const char *name;
        lua_CFunction function;
        enum kind kind;
    } functions[] = {
        {"tcp_open", net_open, TCP},   {"tcp_ready", net_ready, TCP},
        {"tcp_send", net_send, TCP},   {"tcp_recv", net_recv, TCP},
        {"tcp_close", net_close, TCP}, {"tls_start", net_start_tls, TLS},
        {"tls_ready", net_ready, TLS}, {"tls_send", net_send, TLS},
        {"tls_recv", net_recv, TLS},   {"tls_stop", net_stop_tls, TLS},
        {"udp_open", net_open, UDP},   {"udp_ready", net_ready, UDP},
        {"udp_send", net_send, UDP},   {"udp_recv", net_recv, UDP},
        {"udp_close", net_close, UDP},
    };

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushlightuserdata(L, sim);
        lua_pushinteger(L, functions[i].kind);
        lua_pushcclosure(L, functions[i].function, 2);
        lua_setfield(L, -2, functions[i].name);
    }
}
