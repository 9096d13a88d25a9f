/* What the scripting world of the modem is built on, besides the update engine: TCP over the
 * modem's own network, chance, digests. All of it goes into the module `fota.guest`. */
#include "emulator/lua_sim.h"

#include <string.h>

#include "fota_error.h"
#include "platform/mbedtls/digest.h"
#include "tools/lua_tool.h"

#define RECEIVE_MAX 4096u /* bytes of one tcp_recv() */

static struct sim *sim_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int failed(lua_State *L, int error)
{
    lua_pushnil(L);
    lua_pushstring(L, fota_error_name(error));
    return 2;
}

/* ---- TCP --------------------------------------------------------------------------------------
 */

static const struct fota_net *net_of(lua_State *L)
{
    return &sim_of(L)->modem.port.net;
}

/* tcp_open(host, port, ipv6) -> stream, or nil and the error's name */
static int tcp_open(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    const char *host = luaL_checkstring(L, 1);
    lua_Integer port = luaL_checkinteger(L, 2);
    enum fota_address_family family = lua_toboolean(L, 3) ? FOTA_ADDRESS_IPV6 : FOTA_ADDRESS_ANY;
    int stream, error;

    luaL_argcheck(L, port > 0 && port <= UINT16_MAX, 2, "1 to 65535 expected");
    error = net->ops->open(net->ctx, host, (uint16_t)port, family, &stream);
    if (error)
        return failed(L, error);
    lua_pushinteger(L, stream);
    return 1;
}

/* tcp_ready(stream) -> true connected, false not yet, or nil and the error's name */
static int tcp_ready(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    int ready = net->ops->ready(net->ctx, (int)luaL_checkinteger(L, 1));

    if (ready < 0)
        return failed(L, ready);
    lua_pushboolean(L, ready);
    return 1;
}

/* tcp_send(stream, data, from) -> bytes taken of those from position `from` on, or nil and the
 * error's name */
static int tcp_send(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    int stream = (int)luaL_checkinteger(L, 1);
    size_t length;
    const char *data = luaL_checklstring(L, 2, &length);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    int sent;

    luaL_argcheck(L, from > 0 && (size_t)from <= length + 1, 3, "outside the data");
    sent = net->ops->send(net->ctx, stream, data + from - 1, length - (size_t)(from - 1));
    if (sent < 0)
        return failed(L, sent);
    lua_pushinteger(L, sent);
    return 1;
}

/* tcp_recv(stream) -> bytes, "" none yet, or nil and the error's name: "CLOSED" at the end */
static int tcp_recv(lua_State *L)
{
    const struct fota_net *net = net_of(L);
    char buffer[RECEIVE_MAX];
    int got = net->ops->recv(net->ctx, (int)luaL_checkinteger(L, 1), buffer, sizeof buffer);

    if (got < 0)
        return failed(L, got);
    lua_pushlstring(L, buffer, (size_t)got);
    return 1;
}

/* tcp_close(stream), once */
static int tcp_close(lua_State *L)
{
    const struct fota_net *net = net_of(L);

    net->ops->close(net->ctx, (int)luaL_checkinteger(L, 1));
    return 0;
}

/* ---- chance ----------------------------------------------------------------------------------
 */

/* random(count) -> so many bytes */
static int world_random(lua_State *L)
{
    const struct fota_system *system = &sim_of(L)->modem.port.system;
    lua_Integer count = luaL_checkinteger(L, 1);
    luaL_Buffer buffer;

    luaL_argcheck(L, count >= 0 && count <= 65536, 1, "0 to 65536 expected");
    luaL_buffinit(L, &buffer);
    while (count--)
        luaL_addchar(&buffer, (char)system->ops->random(system->ctx));
    luaL_pushresult(&buffer);
    return 1;
}

/* finish(): the scripts have come to their end, wherever this is called from */
static int world_finish(lua_State *L)
{
    longjmp(sim_of(L)->stopped, STOP_END);
}

/* ---- sums -------------------------------------------------------------------------------------
 */

/* digest(name, data, key) -> bytes, or nil and the error's name; with a key the HMAC */
static int world_digest(lua_State *L)
{
    uint8_t digest[FOTA_MBEDTLS_DIGEST_MAX];
    size_t length, key_length = 0, size;
    const char *name = luaL_checkstring(L, 1);
    const char *data = luaL_checklstring(L, 2, &length);
    const char *key = luaL_optlstring(L, 3, NULL, &key_length);
    int error = fota_mbedtls_digest(name, key, key_length, data, length, digest, &size);

    if (error)
        return failed(L, error);
    lua_pushlstring(L, (const char *)digest, size);
    return 1;
}

static uint32_t reversed(uint32_t value, unsigned bits)
{
    uint32_t result = 0;

    for (unsigned i = 0; i < bits; i++)
        if (value >> i & 1)
            result |= UINT32_C(1) << (bits - 1 - i);
    return result;
}

static uint32_t word_argument(lua_State *L, int index)
{
    int64_t value;

    luaL_argcheck(
        L, fota_tool_read_number(L, index, &value) && value >= INT32_MIN && value <= UINT32_MAX,
        index, "32 bits expected");
    return (uint32_t)value;
}

/* crc(data, bits, polynomial, initial, final, reflect input, reflect output) -> sum; `bits` is 7
 * to 32, the polynomial has its highest bit left out */
static int world_crc(lua_State *L)
{
    size_t length;
    const uint8_t *data = (const uint8_t *)luaL_checklstring(L, 1, &length);
    lua_Integer bits = luaL_checkinteger(L, 2);
    uint32_t polynomial = word_argument(L, 3);
    uint32_t sum = word_argument(L, 4);
    uint32_t final = word_argument(L, 5);
    bool reflect_in = lua_toboolean(L, 6);
    uint32_t mask;

    luaL_argcheck(L, bits >= 7 && bits <= 32, 2, "7 to 32 expected");
    /* The sum lies at the top of the word, so that one loop does for every width. */
    mask = UINT32_MAX << (32 - bits);
    polynomial <<= 32 - bits;
    sum <<= 32 - bits;
    for (size_t i = 0; i < length; i++) {
        sum ^= (reflect_in ? reversed(data[i], 8) : data[i]) << 24;
        for (int bit = 0; bit < 8; bit++)
            sum = sum & UINT32_C(0x80000000) ? sum << 1 ^ polynomial : sum << 1;
    }
    sum = (sum & mask) >> (32 - bits);
    if (lua_toboolean(L, 7))
        sum = reversed(sum, (unsigned)bits);
    sum = (sum ^ final) & mask >> (32 - bits);
    sim_push_cut(L, sum);
    return 1;
}

/* ---- the module -------------------------------------------------------------------------------
 */

static void register_all(lua_State *L, struct sim *sim, const luaL_Reg *functions)
{
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushlightuserdata(L, sim);
        lua_pushcclosure(L, f->func, 1);
        lua_setfield(L, -2, f->name);
    }
}

void sim_world(lua_State *L, struct sim *sim)
{
    static const luaL_Reg functions[] = {
        {"tcp_open", tcp_open},   {"tcp_ready", tcp_ready},
        {"tcp_send", tcp_send},   {"tcp_recv", tcp_recv},
        {"tcp_close", tcp_close}, {"random", world_random},
        {"finish", world_finish}, {"digest", world_digest},
        {"crc", world_crc},       {NULL, NULL},
    };

    register_all(L, sim, functions);
    register_all(L, sim, sim_clock_functions);
    lua_pushlightuserdata(L, NULL); /* what null in JSON is to LuatOS */
    lua_setfield(L, -2, "null");
    sim_files(L);
}
