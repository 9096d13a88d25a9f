/*
 * lua_fota.h - the Lua module, for those who put it into a Lua state.
 */
#ifndef LUA_FOTA_H
#define LUA_FOTA_H

#include <lua.h>

#include "fota.h"

/*
 * Pushes a new module table that drives an engine of its own over `config`, which must outlive the
 * state. On failure pushes nil and a message. Returns the number of values pushed.
 */
int fota_lua_open(lua_State *L, const struct fota_config *config);

/* Provided by a platform: returns the modem for a plain `require "fota"`. It is made at the first
 * call for this state and closed with the state. NULL: there is none, and a message was pushed. */
const struct fota_config *fota_lua_platform(lua_State *L);

int luaopen_fota(lua_State *L);

#endif
