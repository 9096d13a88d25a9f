/* Folders, which Lua's own library knows nothing of. Paths are the host's. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "emulator/lua_sim.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int result(lua_State *L, int status)
{
    if (status == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, strerror(errno));
    return 2;
}

static int make_folder(lua_State *L)
{
    return result(L, mkdir(luaL_checkstring(L, 1), 0777));
}

static int remove_folder(lua_State *L)
{
    return result(L, rmdir(luaL_checkstring(L, 1)));
}

/* stat(path) -> "file", "folder" or "other", and the size in bytes; nil and a message */
static int file_stat(lua_State *L)
{
    struct stat info;

    if (stat(luaL_checkstring(L, 1), &info) != 0)
        return result(L, -1);
    lua_pushstring(L, S_ISREG(info.st_mode) ? "file" : S_ISDIR(info.st_mode) ? "folder" : "other");
    lua_pushinteger(L, (lua_Integer)info.st_size);
    return 2;
}

/* list(path) -> names in no order; nil and a message */
static int list_folder(lua_State *L)
{
    DIR *dir = opendir(luaL_checkstring(L, 1));
    struct dirent *entry;
    int count = 0;

    if (!dir)
        return result(L, -1);
    lua_newtable(L);
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        lua_pushstring(L, entry->d_name);
        lua_rawseti(L, -2, ++count);
    }
    closedir(dir);
    return 1;
}

void sim_files(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"mkdir", make_folder}, {"rmdir", remove_folder},
        {"stat", file_stat},    {"list", list_folder},
        {NULL, NULL},
    };

    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
}
