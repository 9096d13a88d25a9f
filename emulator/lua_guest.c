/* The Lua state that runs on a simulated modem, and how it ends. */
#include "emulator/lua_sim.h"

#include <string.h>

#include "lua_fota.h"

#define COPY_DEPTH 16

void sim_copy(lua_State *from, int index, lua_State *to, int depth)
{
    const char *text;
    size_t length;

    luaL_checkstack(to, 8, "value too deep");
    switch (lua_type(from, index)) {
    case LUA_TBOOLEAN: lua_pushboolean(to, lua_toboolean(from, index)); break;
    case LUA_TNUMBER:
#if LUA_VERSION_NUM >= 503
        if (lua_isinteger(from, index)) {
            lua_pushinteger(to, lua_tointeger(from, index));
            break;
        }
#endif
        lua_pushnumber(to, lua_tonumber(from, index));
        break;
    case LUA_TSTRING:
        text = lua_tolstring(from, index, &length);
        lua_pushlstring(to, text, length);
        break;
    case LUA_TTABLE:
        lua_newtable(to);
        if (depth >= COPY_DEPTH)
            break;
        lua_pushvalue(from, index);
        lua_pushnil(from);
        while (lua_next(from, -2)) {
            sim_copy(from, lua_gettop(from) - 1, to, depth + 1);
            sim_copy(from, lua_gettop(from), to, depth + 1);
            lua_rawset(to, -3);
            lua_pop(from, 1);
        }
        lua_pop(from, 1);
        break;
    default: lua_pushnil(to); break;
    }
}

static struct sim *sim_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* ---- what the guest can do ------------------------------------------------------------------- */

static int guest_emit(lua_State *L)
{
    struct sim *sim = sim_of(L);
    int n = lua_gettop(L);
    bool stop;

    lua_rawgeti(sim->host, LUA_REGISTRYINDEX, sim->listener);
    for (int i = 1; i <= n; i++)
        sim_copy(L, i, sim->host, 0);
    if (lua_pcall(sim->host, n, 1, 0) != 0) {
        sim_copy(sim->host, -1, L, 0);
        lua_pop(sim->host, 1);
        return lua_error(L);
    }
    stop = lua_toboolean(sim->host, -1);
    lua_pop(sim->host, 1);
    if (stop)
        longjmp(sim->stopped, STOP_STOPPED);
    return 0;
}

static int guest_reset(lua_State *L)
{
    struct sim *sim = sim_of(L);
    const struct fota_system *system = &sim->modem.port.system;

    system->ops->reset(system->ctx);
    return luaL_error(L, "the modem did not reset"); /* not reached: the reset leaves by longjmp */
}

static int guest_exit(lua_State *L)
{
    struct sim *sim = sim_of(L);

    sim->exit_status = (int)luaL_optinteger(L, 1, 0);
    longjmp(sim->stopped, STOP_EXIT);
}

static int open_guest(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"emit", guest_emit},
        {"reset", guest_reset},
        {"exit", guest_exit},
        {NULL, NULL},
    };

    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushcclosure(L, f->func, 1);
        lua_setfield(L, -2, f->name);
    }
    sim_world(L, sim_of(L));
    return 1;
}

static int open_fota(lua_State *L)
{
    return fota_lua_open(L, &sim_of(L)->modem.config) == 1 ? 1 : lua_error(L);
}

/* ---- its life -------------------------------------------------------------------------------- */

static int traceback(lua_State *L)
{
    const char *message = lua_tostring(L, 1);

    if (message && strstr(message, "stack traceback:"))
        return 1; /* of a coroutine, whose own traceback says more */
#if LUA_VERSION_NUM >= 502 || defined(LUAJIT_VERSION)
    luaL_traceback(L, L, message ? message : luaL_typename(L, 1), 1);
#else
    lua_pushstring(L, message ? message : luaL_typename(L, 1));
#endif
    return 1;
}

static void preload(lua_State *L, const char *name, lua_CFunction open, struct sim *sim)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushlightuserdata(L, sim);
    lua_pushcclosure(L, open, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}

/* The guest finds the emulator's files where the host does. */
static void share_path(lua_State *host, lua_State *guest, const char *field)
{
    lua_getglobal(host, "package");
    lua_getglobal(guest, "package");
    lua_getfield(host, -1, field);
    sim_copy(host, lua_gettop(host), guest, 0);
    lua_setfield(guest, -2, field);
    lua_pop(guest, 1);
    lua_pop(host, 2);
}

/* Calls main(environment) of the module; the host's arguments are 2 and 3. Returns 0 or an error
 * with its message on the guest's stack. */
static int call_main(struct sim *sim)
{
    lua_State *G = sim->guest;
    lua_State *L = sim->host;

    lua_pushcfunction(G, traceback);
    lua_getglobal(G, "require");
    sim_copy(L, 2, G, 0);
    if (lua_pcall(G, 1, 1, 1) != 0)
        return 1;
    lua_getfield(G, -1, "main");
    sim_copy(L, 3, G, 0);
    return lua_pcall(G, 1, 0, 1);
}

/* Pushes why the guest ended, and the value that belongs to it. */
static int push_end(lua_State *L, struct sim *sim, enum stop stop, int error)
{
    static const char *const names[] = {"end", "cut", "reset", "exit", "end", "stopped"};

    lua_pushstring(L, error ? "error" : names[stop]);
    if (error)
        sim_copy(sim->guest, -1, L, 0);
    else if (stop == STOP_EXIT)
        lua_pushinteger(L, sim->exit_status);
    else
        lua_pushnil(L);
    return 2;
}

int sim_run(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    volatile int error = 0;
    enum stop stop;
    int results;

    luaL_checktype(L, 2, LUA_TSTRING);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    if (sim->running)
        return luaL_error(L, "this modem runs a script already");
    lua_settop(L, 4);
    sim->listener = luaL_ref(L, LUA_REGISTRYINDEX);
    sim->host = L;
    sim->guest = luaL_newstate();
    if (!sim->guest)
        return luaL_error(L, "not enough memory");
    luaL_openlibs(sim->guest);
    preload(sim->guest, "fota", open_fota, sim);
    preload(sim->guest, "fota.guest", open_guest, sim);
    share_path(L, sim->guest, "path");
    share_path(L, sim->guest, "cpath");
    sim->started_ms = fota_sim_clock_ran(&sim->modem.clock);
    sim->running = true;
    stop = (enum stop)setjmp(sim->stopped);
    if (stop == STOP_NONE)
        error = call_main(sim);
    sim->running = false;
    results = push_end(L, sim, stop, error);
    lua_close(sim->guest);
    sim->guest = NULL;
    fota_sim_modem_disconnect(&sim->modem);
    luaL_unref(L, LUA_REGISTRYINDEX, sim->listener);
    return results;
}
