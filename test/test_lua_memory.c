/*
 * Lua's memory ends at any allocation while an update runs: the script gets Lua's error, and once
 * there is memory again the update goes on to its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua_fota.h"
#include "rig.h"

#define NO_LIMIT (-1)

static long left = NO_LIMIT; /* allocations that succeed */
static long limit;

static void *allocate(void *ctx, void *block, size_t old_size, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (left == 0 && (!block || size > old_size))
        return NULL; /* that a block shrinks must not fail */
    left -= left > 0 && (!block || size > old_size);
    return realloc(block, size);
}

const struct fota_config *fota_lua_platform(lua_State *L)
{
    (void)L;
    return NULL;
}

static int set_limit(lua_State *L)
{
    (void)L;
    left = limit;
    return 0;
}

static const char begin[] =
    "fota.limits({ attempts = 1 })\n"
    "local function callback()\n"
    "    if how == 'raises' then error({ 'not', 'a', 'text' }) end\n"
    "end\n"
    "job = assert(fota(1):download({ url = 'http://example.com/1', callback = callback }))\n"
    "if how == 'resumed' then\n"
    "    fota.onresume(function(co, ...) coroutine.resume(co, ...) end)\n"
    "end\n"
    "if how == 'waits' or how == 'resumed' then\n"
    "    coroutine.wrap(function() job:wait() end)()\n"
    "end\n";

static const char work[] = "limited()\n"
                           "while fota.status().busy do fota.poll(100) end\n";

/* With memory: how many polls it takes is bounded. */
static const char end[] = "for _ = 1, 20000 do\n"
                          "    if not fota.status().busy then return job:done() end\n"
                          "    fota.poll(100)\n"
                          "end\n";

static int say_nothing(lua_State *L)
{
    (void)L;
    return 0;
}

static lua_State *open_lua(struct rig *rig, const char *how)
{
    lua_State *L = lua_newstate(allocate, NULL);

    assert_non_null(L);
    luaL_openlibs(L);
    assert_int_equal(fota_lua_open(L, &rig->config), 1);
    lua_setglobal(L, "fota");
    lua_settop(L, 0);
    lua_pushstring(L, how);
    lua_setglobal(L, "how");
    lua_register(L, "limited", set_limit);
    lua_register(L, "print", say_nothing);
    assert_int_equal(luaL_dostring(L, begin), 0);
    return L;
}

/* True: there was an allocation that failed. */
static bool update(const char *how, int status)
{
    struct rig_spec spec = {.sequence = 2};
    struct rig_package package;
    struct rig rig;
    lua_State *L;
    int err;

    rig_open(&rig, rig_map(RIG_MAP_PAGE));
    rig_package_make(&package, &spec);
    rig_serve(&rig, &package);
    rig.server.status = status;
    L = open_lua(&rig, how);
    assert_int_equal(luaL_loadstring(L, work), 0);
    err = lua_pcall(L, 0, 0, 0);
    left = NO_LIMIT;
    assert_true(err == 0 || err == LUA_ERRMEM);
    assert_int_equal(luaL_dostring(L, end), 0);
    assert_true(lua_toboolean(L, -1));
    assert_int_equal(rig_record(&rig).state, status ? FOTA_STATE_IDLE : FOTA_STATE_STAGED);
    lua_close(L);
    rig_package_free(&package);
    rig_close(&rig);
    return err != 0;
}

static void an_allocation_that_fails_does_not_stop_the_update(void **state)
{
    static const char *const ways[] = {"polls", "raises", "waits", "resumed"};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (int status = 0; status <= 404; status += 404) {
            limit = 0;
            while (update(ways[i], status))
                limit++;
            assert_true(limit > 5);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_that_fails_does_not_stop_the_update),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
