/*
 * app.c - the application: Lua, with the update engine's module, on a board. The first script is
 * fota/board/start.lua of the image.
 */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "ftp.h"
#include "lua_fota.h"
#include "platform/board/board.h"
#include "platform/board/config.h"
#include "platform/board/files.h"
#include "platform/board/lua_board.h"
#include "platform/board/network.h"
#include "platform/board/semihost.h"
#include "platform/mbedtls/crypto.h"

#define RESTART_MS 500 /* between an error that ends the scripts, and the reset */

static struct board_config board;

const struct fota_config *fota_lua_platform(lua_State *L)
{
    (void)L;
    return &board.config;
}

static void open_libraries(lua_State *L)
{
    luaL_openlibs(L);
    luaL_requiref(L, "fota", luaopen_fota, 0);
    luaL_requiref(L, "fota.guest", luaopen_fota_guest, 0);
    lua_settop(L, 0);
    lua_getglobal(L, "package");
    lua_pushliteral(L, "/?.lua;/?/init.lua");
    lua_setfield(L, -2, "path");
    lua_settop(L, 0);
}

static int traceback(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

static int run(lua_State *L)
{
    lua_pushcfunction(L, traceback);
    if (luaL_loadfile(L, "/fota/board/start.lua") == LUA_OK && lua_pcall(L, 0, 0, 1) == LUA_OK)
        return 0;
    printf("%s\n", lua_tostring(L, -1));
    return 1;
}

/* If the scripts end with an error the board restarts. For an image on trial that counts as a
 * failed start. */
static bool on_trial(void)
{
    static uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_journal journal;

    return fota_journal_open(&journal, &board.port, page) == 0 &&
           journal.record.state == FOTA_STATE_TRIAL;
}

int main(void)
{
    lua_State *L;
    int status;

    board_start();
    board_watchdog_start();
    setvbuf(stdout, NULL, _IOLBF, 0);
    board_config_open(&board, &fota_mbedtls_crypto);
    board.port.system.ops = &board_system;
    board_files_open(&board.port.flash);
    board_network_open(&board.port);
    board.port.ftp = &fota_ftp_client;
    L = luaL_newstate();
    if (!L)
        board_reset();
    open_libraries(L);
    status = run(L);
    fflush(stdout);
    if (status == 0 || !on_trial())
        semihost_exit(status);
    for (uint64_t end = board_ms() + RESTART_MS; board_ms() < end;)
        board_idle();
    board_reset();
}
