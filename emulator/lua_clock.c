/* The modem's clock for the scripting world: what LuatOS gives whole numbers for, on every Lua. */
#include "emulator/lua_sim.h"

#include "tools/lua_tool.h"

#define NTP_1970 2208988800u /* seconds from 1900 to 1970 */

static struct sim *sim_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

void sim_push_cut(lua_State *L, uint64_t value)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)value);
#else
    lua_pushnumber(L, (lua_Number)value);
#endif
}

int sim_push_now(lua_State *L, struct sim *sim)
{
    sim_push_cut(L, fota_sim_clock_ran(&sim->modem.clock));
    return 1;
}

/* now() -> milliseconds since the modem was opened */
static int now(lua_State *L)
{
    return sim_push_now(L, sim_of(L));
}

/* time() -> seconds since 1970 */
static int seconds(lua_State *L)
{
    const struct fota_system *system = &sim_of(L)->modem.port.system;

    sim_push_cut(L, (uint64_t)system->ops->time(system->ctx));
    return 1;
}

/* set_ntp_time(time): four bytes, highest first, seconds since 1900 modulo 2^32 as servers of time
 * count them (RFC 4330, section 3): Lua of 32 bits has no such number */
static int set_ntp_time(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    uint32_t value = 0;

    luaL_argcheck(L, length == 4, 1, "4 bytes expected");
    for (size_t i = 0; i < 4; i++)
        value = value << 8 | (unsigned char)bytes[i];
    fota_sim_clock_set_time(&sim_of(L)->modem.clock, (uint32_t)(value - NTP_1970));
    return 0;
}

/* skip(ms): lets the time pass at once */
static int skip(lua_State *L)
{
    fota_sim_clock_skip(&sim_of(L)->modem.clock, fota_tool_check_u32(L, 1));
    return 0;
}

static uint64_t uptime_ms(lua_State *L)
{
    struct sim *sim = sim_of(L);

    return fota_sim_clock_ran(&sim->modem.clock) - sim->started_ms;
}

/* ticks() -> milliseconds since this start, 32 bits with a sign as LuatOS has them */
static int ticks(lua_State *L)
{
    lua_pushinteger(L, (int32_t)(uint32_t)uptime_ms(L));
    return 1;
}

/* ticks2(mode) -> time since this start in two numbers: mode 0 seconds and microseconds, 1
 * thousands of seconds and milliseconds, 2 millions of seconds and seconds */
static int ticks2(lua_State *L)
{
    uint64_t ms = uptime_ms(L);
    lua_Integer mode = luaL_optinteger(L, 1, 0);
    uint64_t count = mode == 0 ? ms * 1000 : mode == 1 ? ms : ms / 1000;

    luaL_argcheck(L, mode >= 0 && mode <= 2, 1, "0, 1 or 2 expected");
    sim_push_cut(L, count / 1000000);
    sim_push_cut(L, count % 1000000);
    return 2;
}

/* tick64() -> microseconds since this start, 8 bytes with the lowest first */
static int tick64(lua_State *L)
{
    uint64_t us = uptime_ms(L) * 1000;
    char bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(us >> 8 * i);
    lua_pushlstring(L, bytes, sizeof bytes);
    return 1;
}

static uint64_t read_tick(lua_State *L, int index)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, index, &length);
    uint64_t value = 0;

    luaL_argcheck(L, length <= 8, index, "at most 8 bytes expected");
    while (length--)
        value = value << 8 | (unsigned char)bytes[length];
    return value;
}

/* dtick64(tick, tick, check) -> is their difference at least `check`, and the difference */
static int dtick64(lua_State *L)
{
    int64_t difference = (int64_t)(read_tick(L, 1) - read_tick(L, 2));

    lua_pushboolean(L, difference >= (int64_t)luaL_optinteger(L, 3, 0));
    sim_push_cut(L, (uint64_t)difference);
    return 2;
}

const luaL_Reg sim_clock_functions[] = {
    {"now", now},
    {"time", seconds},
    {"skip", skip},
    {"ticks", ticks},
    {"set_ntp_time", set_ntp_time},
    {"ticks2", ticks2},
    {"tick64", tick64},
    {"dtick64", dtick64},
    {NULL, NULL},
};
