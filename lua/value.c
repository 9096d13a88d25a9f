/* Results and arguments. */
#include <string.h>

#include "lua/face.h"

/* ---- results --------------------------------------------------------------------------------- */

void fota_lua_compose(const struct fota_fault *fault, struct ending *ending)
{
    const char *name = fota_error_name(fault->error);
    size_t length = strlen(name);

    ending->error = fault->error;
    memcpy(ending->text, name, length);
    memcpy(ending->text + length, ": ", 3);
    fota_fault_text(fault, ending->text + length + 2, FOTA_TEXT_MAX);
}

int fota_lua_push_documented(lua_State *L, const struct ending *ending)
{
    if (ending->error == 0) {
        lua_pushinteger(L, 0);
        return 1;
    }
    lua_pushinteger(L, -1);
    lua_pushstring(L, ending->text);
    lua_pushinteger(L, ending->error);
    return 3;
}

int fota_lua_push_native(lua_State *L, const struct ending *ending)
{
    if (ending->error == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, ending->text);
    lua_pushinteger(L, ending->error);
    return 3;
}

int fota_lua_documented(lua_State *L, const struct face *face, int error)
{
    struct ending ending = {0, ""};

    if (error)
        fota_lua_compose(fota_fault(face->engine), &ending);
    return fota_lua_push_documented(L, &ending);
}

int fota_lua_native(lua_State *L, const struct face *face, int error)
{
    struct ending ending = {0, ""};

    if (error)
        fota_lua_compose(fota_fault(face->engine), &ending);
    return fota_lua_push_native(L, &ending);
}

int fota_lua_refused(lua_State *L, int error, uint32_t got, const char *subject)
{
    const struct fota_fault fault = {error, FOTA_STAGE_REQUEST, 0, got, subject};
    struct ending ending;

    fota_lua_compose(&fault, &ending);
    return fota_lua_push_documented(L, &ending);
}

void fota_lua_push_number(lua_State *L, int64_t value)
{
    lua_Integer integer = (lua_Integer)value;

    if (integer == value)
        lua_pushinteger(L, integer);
    else
        lua_pushnumber(L, (lua_Number)value);
}

void fota_lua_set_number(lua_State *L, const char *name, int64_t value)
{
    fota_lua_push_number(L, value);
    lua_setfield(L, -2, name);
}

void fota_lua_set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

void fota_lua_set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void fota_lua_closed(lua_State *L)
{
    luaL_error(L, "fota has ended with its Lua state; call nothing of it in a later finalizer");
}

/* ---- arguments ------------------------------------------------------------------------------- */

void fota_lua_check_keys(lua_State *L, int index, const char *const *known)
{
    luaL_Buffer names;

    lua_pushnil(L);
    while (lua_next(L, index)) {
        const char *const *k = known;

        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            while (*k && strcmp(*k, lua_tostring(L, -1)) != 0)
                k++;
            if (*k)
                continue;
        }
        luaL_buffinit(L, &names);
        for (k = known; *k; k++) {
            luaL_addstring(&names, k == known ? "" : ", ");
            luaL_addstring(&names, *k);
        }
        luaL_pushresult(&names);
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "give arguments by their names, in one table; known are: %s",
                       lua_tostring(L, -1));
        luaL_error(L, "unknown argument '%s'; known are: %s", lua_tostring(L, -2),
                   lua_tostring(L, -1));
    }
}

bool fota_lua_typed_field(lua_State *L, int index, const char *name, int type)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1))
        return false;
    if (lua_type(L, -1) != type)
        luaL_error(L, "argument '%s' must be a %s, got %s", name, lua_typename(L, type),
                   luaL_typename(L, -1));
    return true;
}

bool fota_lua_callable_field(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1))
        return false;
    if (lua_isfunction(L, -1))
        return true;
    if (luaL_getmetafield(L, -1, "__call")) {
        lua_pop(L, 1);
        return true;
    }
    return luaL_error(L, "argument '%s' must be a function, got %s", name, luaL_typename(L, -1));
}

/* With LUA_32BITS a lua_Number is exact up to 2^24 only. */
bool fota_lua_to_whole(lua_State *L, int index, uint32_t *whole)
{
    lua_Number value = lua_tonumber(L, index);

#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        lua_Integer integer = lua_tointeger(L, index);

        *whole = (uint32_t)integer;
        return integer >= 0 && (lua_Unsigned)integer <= UINT32_MAX;
    }
#endif
    if (!(value >= 0 && value < (lua_Number)4294967296.0))
        return false;
    *whole = (uint32_t)value;
    return value == (lua_Number)*whole;
}

void fota_lua_check_number(lua_State *L, int index, const char *name)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "argument '%s' must be a number, got %s", name, luaL_typename(L, index));
}

uint32_t fota_lua_whole_number(lua_State *L, int index, const char *name)
{
    uint32_t whole = 0;

    fota_lua_check_number(L, index, name);
    if (!fota_lua_to_whole(L, index, &whole))
        luaL_error(L, "argument '%s' must be a whole number from 0 to 4294967295, got %s", name,
                   lua_tostring(L, index));
    return whole;
}

bool fota_lua_named_arguments(lua_State *L, bool text, const char *const *known)
{
    bool alone = text && lua_type(L, 2) == LUA_TSTRING;

    if (!alone && !lua_istable(L, 2))
        luaL_error(L, "a table of named arguments%s expected, got %s", text ? " or a url" : "",
                   luaL_typename(L, 2));
    if (lua_gettop(L) > 2)
        luaL_error(L, "give further arguments by their names, in one table");
    if (!alone)
        fota_lua_check_keys(L, 2, known);
    return !alone;
}

const struct object *fota_lua_check_object(lua_State *L)
{
    bool same = lua_isuserdata(L, 1) && lua_getmetatable(L, 1);

    if (same) {
        same = lua_rawequal(L, -1, lua_upvalueindex(UPVALUE_OBJECT));
        lua_pop(L, 1);
    }
    if (!same)
        luaL_argerror(L, 1, "fota object expected; call the method with ':'");
    return lua_touserdata(L, 1);
}
