/* What the scripting world of the modem is built on, besides the update engine, network and clock:
 * chance, digests. All of it goes into the module `fota.guest`. */
#include "emulator/lua_sim.h"

#include <string.h>

#include "fota_error.h"
#include "platform/mbedtls/digest.h"
#include "tools/lua_tool.h"

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

/* ---- chance ---------------------------------------------------------------------------------- */

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

/* ---- sums ------------------------------------------------------------------------------------ */

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

/* ---- the module ------------------------------------------------------------------------------ */

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
        {"random", world_random},
        {"finish", world_finish},
        {"digest", world_digest},
        {"crc", world_crc},
        {NULL, NULL},
    };

    register_all(L, sim, functions);
    register_all(L, sim, sim_clock_functions);
    sim_net(L, sim);
    lua_pushlightuserdata(L, NULL); /* what null in JSON is to LuatOS */
    lua_setfield(L, -2, "null");
    sim_files(L);
}
