/*
 * lua_fota.c - the Lua module: puts the parts of lua/ together over one engine. What each function
 * takes and returns is written in docs/api.md.
 */
#include "lua_fota.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/face.h"

#define ENGINE_ALIGN 16u

static int face_gc(lua_State *L)
{
    struct face *face = lua_touserdata(L, 1);

    if (face->engine)
        fota_close(face->engine);
    face->engine = NULL;
    return 0;
}

/* Closes over the upvalues, which lie on the stack from index `first` on. */
static void push_function(lua_State *L, lua_CFunction function, int first)
{
    for (int i = 0; i < UPVALUES; i++)
        lua_pushvalue(L, first + i);
    lua_pushcclosure(L, function, UPVALUES);
}

/* Registers into the table on top. */
static void register_all(lua_State *L, const luaL_Reg *list, int first)
{
    for (; list->name; list++) {
        push_function(L, list->func, first);
        lua_setfield(L, -2, list->name);
    }
}

/* Wraps those functions of the table on top of the stack that may wait. */
static void let_wait(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(L, -1, *names);
        fota_lua_make_waiting(L);
        lua_setfield(L, -2, *names);
    }
}

/* Pushes the face. Its engine is NULL if it could not be opened. */
static int push_face(lua_State *L, const struct fota_config *config)
{
    size_t offset = (sizeof(struct face) + ENGINE_ALIGN - 1) / ENGINE_ALIGN * ENGINE_ALIGN;
    struct face *face = lua_newuserdata(L, offset + fota_size());
    int err;

    memset(face, 0, sizeof *face);
    face->config = config;
    face->job_pin = face->resumer = LUA_NOREF;
    err = fota_open((char *)face + offset, fota_size(), config, &face->engine);
    lua_newtable(L);
    lua_pushliteral(L, "fota.face");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, face_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return err;
}

static void make_object_type(lua_State *L, int first)
{
    static const char *const waiting[] = {"httpDownload", "ftpDownload", NULL};

    lua_pushliteral(L, "fota");
    lua_setfield(L, first + 1, "__name");
    lua_newtable(L);
    register_all(L, fota_lua_documented_methods, first);
    let_wait(L, waiting);
    lua_setfield(L, first + 1, "__index");
}

static void make_job_type(lua_State *L, int first)
{
    static const char *const waiting[] = {"next", "wait", NULL};

    lua_pushliteral(L, "fota.job");
    lua_setfield(L, first + 2, "__name");
    lua_newtable(L);
    register_all(L, fota_lua_job_methods, first);
    let_wait(L, waiting);
    lua_pushvalue(L, -1);
    lua_setfield(L, first + 2, "methods");
    for (int i = 0; i < UPVALUES; i++) {
        lua_pushvalue(L, first + i);
        lua_insert(L, -2);
    }
    lua_pushcclosure(L, fota_lua_job_index, UPVALUES + 1);
    lua_setfield(L, first + 2, "__index");
}

int fota_lua_open(lua_State *L, const struct fota_config *config)
{
    int first, err;

    err = push_face(L, config);
    if (err) {
        lua_pushnil(L);
        lua_pushfstring(L, "the modem cannot be opened: %s", fota_error_name(err));
        return 2;
    }
    first = lua_gettop(L);
    for (int i = 1; i < UPVALUES; i++)
        lua_newtable(L);
    make_object_type(L, first);
    make_job_type(L, first);
    lua_newtable(L); /* the module */
    register_all(L, fota_lua_native_functions, first);
    register_all(L, fota_lua_luatos_functions, first);
    lua_newtable(L); /* its metatable makes it callable */
    push_function(L, fota_lua_construct, first);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
    return 1;
}

int luaopen_fota(lua_State *L)
{
    const struct fota_config *config = fota_lua_platform(L);

    if (!config)
        return lua_error(L);
    if (fota_lua_open(L, config) != 1)
        return lua_error(L);
    return 1;
}
