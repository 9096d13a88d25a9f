/*
 * lua_sim.h - what the two halves of fota.sim.core share: the modem as a Lua object, and the Lua
 * state that runs on the modem (the guest).
 */
#ifndef FOTA_LUA_SIM_H
#define FOTA_LUA_SIM_H

#include <setjmp.h>
#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "platform/sim/modem.h"

/* Why a guest or the boot stage was left by longjmp. */
enum stop { STOP_NONE, STOP_CUT, STOP_RESET, STOP_EXIT, STOP_END, STOP_STOPPED };

/* A modem that a host script controls. When its power fails or it resets, the boot stage or the
 * guest is left by longjmp to `stopped`, so that nothing of it goes on, as on a device. */
struct sim {
    struct fota_sim_modem modem;
    bool open;
    bool running; /* `stopped` may be jumped to */
    jmp_buf stopped;
    lua_State *host;
    lua_State *guest;
    int listener; /* reference to the host's function that hears the guest */
    int exit_status;
    uint64_t started_ms; /* when the guest started, on the modem's clock */
    void *lwip;          /* its streams there, owned; NULL: it uses the host's sockets */
};

/* The modem at `index`; raises unless it is one that is open. */
struct sim *sim_check(lua_State *L, int index);

/*
 * run(modem, module, environment, listener) -> why, value
 * Starts a Lua state on the modem, calls main(environment) of `module` in it. `why` is "end",
 * "reset", "cut", "exit" (value: status), "error" (value: message), or "stopped": `listener(kind,
 * ...)`, which is called with what the guest emits, returned true.
 */
int sim_run(lua_State *L);

/* Adds use_lwip(modem) to the module on top of the stack, if lwIP is built. After that call the
 * modem uses lwIP in libslirp's network. sim_drop_lwip() releases it. */
void sim_lwip(lua_State *L);
void sim_drop_lwip(struct sim *sim);

/* Copies nil, booleans, numbers, strings and tables of them from one state to another. */
void sim_copy(lua_State *from, int index, lua_State *to, int depth);

/* Adds to the table on top what the scripting world is built on; sim_files() the part of it that is
 * about folders. */
void sim_world(lua_State *L, struct sim *sim);
void sim_files(lua_State *L);

/* Pushes a Lua integer as LuatOS does: cut to 32 bits if Lua has no more. Differences of counters
 * stay right. */
void sim_push_cut(lua_State *L, uint64_t value);

/* Pushes the modem's clock: milliseconds since it was opened. */
int sim_push_now(lua_State *L, struct sim *sim);

extern const luaL_Reg sim_clock_functions[];

/* Adds TCP, TLS and UDP to the table on top. */
void sim_net(lua_State *L, struct sim *sim);

int luaopen_fota_sim_core(lua_State *L);

#endif
