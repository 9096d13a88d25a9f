#include "platform/board/lua_board.h"

#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "platform/board/board.h"
#include "platform/board/network.h"

/* emit(kind, ...): to the console; the last argument is the text */
static int guest_emit(lua_State *L)
{
    printf("%s\n", luaL_tolstring(L, -1, NULL));
    return 0;
}

/* now() -> milliseconds since the application started */
static int guest_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)board_ms());
    return 1;
}

/* busy() -> milliseconds since the application started in which it did not sleep */
static int guest_busy(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)(board_us() - board_network_idle_us()) / 1000);
    return 1;
}

/* time() -> seconds since 1970 */
static int guest_time(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)board_time());
    return 1;
}

static int guest_reset(lua_State *L)
{
    (void)L;
    fflush(stdout);
    board_reset();
}

/* exit(status): turns the board off */
static int guest_exit(lua_State *L)
{
    exit((int)luaL_optinteger(L, 1, 0));
}

int luaopen_fota_guest(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"emit", guest_emit},   {"now", guest_now},   {"busy", guest_busy},   {"time", guest_time},
        {"reset", guest_reset}, {"exit", guest_exit}, {"finish", guest_exit}, {NULL, NULL},
    };

    luaL_newlib(L, functions);
    lua_pushstring(L, board_name);
    lua_setfield(L, -2, "board");
    return 1;
}
