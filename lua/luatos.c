/*
 * LuatOS's functions on the same table, with LuatOS's return values: a local update that scripts
 * drive as they drive luat_fota. What LuatOS calls the C result is positive while it goes on, 0
 * when all is written, negative after a failure.
 */
#include "lua/face.h"

#define FAILED (-1)

/* ok, done, and for run() and file() the C result. */
static int push_result(lua_State *L, int result)
{
    lua_pushboolean(L, result >= 0);
    lua_pushboolean(L, result <= 0);
    lua_pushinteger(L, result);
    return 3;
}

/* The flash addresses that LuatOS passes have no meaning here, so any arguments are accepted. */
static int init(lua_State *L)
{
    struct face *face = face_of(L);

    if (fota_busy(face->engine)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    fota_cancel(face->engine); /* what an earlier init left half written */
    face->luatos = LUATOS_WRITING;
    face->ending.error = 0;
    lua_pushboolean(L, 1);
    return 1;
}

static int wait(lua_State *L)
{
    lua_pushboolean(L, face_of(L)->luatos == LUATOS_WRITING);
    return 1;
}

/* Keeps why, for status(); the C result. */
static int failed(struct face *face)
{
    fota_lua_compose(fota_fault(face->engine), &face->ending);
    face->luatos = LUATOS_FAILED;
    return FAILED;
}

/* Writes bytes; the C result. */
static int write_all(struct face *face, const char *data, size_t length)
{
    size_t taken;
    int err = 0;

    if (face->luatos != LUATOS_WRITING)
        return FAILED;
    fota_lua_remember_running(face);
    while (!err && length) {
        err = fota_write(face->engine, data, length, 0, &taken);
        data += taken;
        length -= taken;
    }
    if (err)
        return failed(face);
    return fota_complete(face->engine) ? 0 : 1;
}

/* Replaces argument 3, if it is nil, by the bytes that the zbuff holds from argument 2 on. */
static void default_length(lua_State *L)
{
    if (!lua_isnil(L, 3))
        return;
    lua_getfield(L, 1, "used");
    if (!lua_isnil(L, -1)) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        lua_pushnumber(L, lua_tonumber(L, -1) - lua_tonumber(L, 2)); /* toStr() looks at it */
        lua_replace(L, 3);
    }
    lua_pop(L, 1);
}

/* The bytes of argument 1: a string, or a zbuff from `offset` (0), `length` bytes (all that it
 * holds). */
static const char *bytes_argument(lua_State *L, size_t *length)
{
    if (lua_type(L, 1) == LUA_TSTRING)
        return lua_tolstring(L, 1, length);
    luaL_argcheck(L, lua_istable(L, 1) || lua_isuserdata(L, 1), 1, "string or zbuff expected");
    lua_settop(L, 3);
    if (lua_isnil(L, 2)) {
        lua_pushinteger(L, 0);
        lua_replace(L, 2);
    }
    default_length(L);
    lua_getfield(L, 1, "toStr");
    luaL_argcheck(L, !lua_isnil(L, -1), 1, "string or zbuff expected");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 3, 1);
    return luaL_checklstring(L, -1, length);
}

static int run(lua_State *L)
{
    size_t length;
    const char *data = bytes_argument(L, &length);

    return push_result(L, write_all(face_of(L), data, length));
}

/* Flushes and verifies a package that is complete. Returns the C result. */
static int conclude(lua_State *L, struct face *face)
{
    if (face->luatos == LUATOS_DONE)
        return 0;
    if (face->luatos != LUATOS_WRITING)
        return FAILED;
    if (!fota_complete(face->engine))
        return 1;
    if (fota_flush(face->engine) != 0 || fota_verify(face->engine) != 0)
        return failed(face);
    face->luatos = LUATOS_FAILED;
    fota_lua_pump(L, face);
    if (face->ending.error)
        return FAILED;
    face->luatos = LUATOS_DONE;
    return 0;
}

/* The same when no more bytes will come: an incomplete package has failed. */
static int conclude_now(lua_State *L, struct face *face)
{
    int result = conclude(L, face);

    return result > 0 && fota_flush(face->engine) != 0 ? failed(face) : result;
}

static int is_done(lua_State *L)
{
    push_result(L, conclude(L, face_of(L)));
    lua_pop(L, 1);
    return 2;
}

/* Scripts call finish(true) after file() as well; what is verified stays verified. A running
 * download does not belong to LuatOS's functions and is not ended by them. */
static int finish(lua_State *L)
{
    struct face *face = face_of(L);
    bool keep = lua_isnoneornil(L, 1) || lua_toboolean(L, 1);
    int result = 0;

    if (fota_busy(face->engine)) {
        face->luatos = LUATOS_IDLE;
        lua_pushboolean(L, 0);
        return 1;
    }
    if (keep && face->luatos != LUATOS_IDLE)
        result = conclude_now(L, face);
    if (!keep || result != 0) {
        fota_cancel(face->engine);
        if (!keep)
            fota_discard(face->engine);
    }
    face->luatos = LUATOS_IDLE;
    lua_pushboolean(L, result == 0);
    return 1;
}

/* Pushes io.open(path, "rb"), through the global so that an emulated file system is seen. */
static bool open_file(lua_State *L)
{
    lua_getglobal(L, "io");
    if (!lua_istable(L, -1))
        return false;
    lua_getfield(L, -1, "open");
    lua_pushvalue(L, 1);
    lua_pushliteral(L, "rb");
    return lua_pcall(L, 2, 1, 0) == 0 && !lua_isnil(L, -1);
}

/* Reads the next 4096 bytes of the file at `index`; pushes them, or nil. */
static bool read_file(lua_State *L, int index)
{
    lua_getfield(L, index, "read");
    lua_pushvalue(L, index);
    lua_pushinteger(L, 4096);
    lua_call(L, 2, 1);
    return lua_type(L, -1) == LUA_TSTRING;
}

static int file(lua_State *L)
{
    struct face *face = face_of(L);
    int result = 1, index;

    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    if (!open_file(L)) {
        lua_pushboolean(L, 0);
        lua_pushboolean(L, 0);
        lua_pushinteger(L, 0);
        return 3;
    }
    index = lua_gettop(L);
    if (fota_busy(face->engine))
        result = FAILED;
    else if (face->luatos != LUATOS_WRITING)
        fota_cancel(face->engine);
    face->luatos = result < 0 ? LUATOS_FAILED : LUATOS_WRITING;
    face->ending.error = 0;
    while (result >= 0 && read_file(L, index)) {
        size_t length;
        const char *data = lua_tolstring(L, -1, &length);

        result = write_all(face, data, length);
        lua_settop(L, index);
    }
    lua_settop(L, index);
    lua_getfield(L, index, "close");
    lua_pushvalue(L, index);
    lua_call(L, 1, 0);
    if (result >= 0)
        result = conclude_now(L, face);
    if (result != 0 && !fota_busy(face->engine))
        fota_cancel(face->engine);
    return push_result(L, result);
}

const luaL_Reg fota_lua_luatos_functions[] = {
    {"init", init},     {"wait", wait}, {"run", run}, {"isDone", is_done},
    {"finish", finish}, {"file", file}, {NULL, NULL},
};
