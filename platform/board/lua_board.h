/*
 * lua_board.h - the module `fota.guest` on a board: what the scripting world (emulator/sys.lua,
 * loop.lua, rtos.lua, log.lua) is built on.
 */
#ifndef FOTA_BOARD_LUA_H
#define FOTA_BOARD_LUA_H

#include <lua.h>

int luaopen_fota_guest(lua_State *L);

#endif
