/*
 * lua_fota.c - the engine's face in Lua: arguments, coroutines, callbacks, errors. Nothing else in
 * the library knows Lua's C API. What each function takes and returns is written in docs/api.md.
 *
 * One `struct face` a module table, upvalue 1 of every function; upvalue 2 of the methods is the
 * object's metatable.
 */
#include "lua_fota.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#define POLL_STEPS   64 /* steps of one poll(), so that a scheduler gets its turn */
#define ENGINE_ALIGN 16u

/* How an update ended, for whoever waits for it. */
struct ending {
    int error;
    char text[FOTA_TEXT_MAX + 32]; /* "NAME: text" */
};

/* A call that blocks its coroutine; it lies at the bottom of the coroutine's stack. */
struct wait {
    struct ending ending;
    bool over;
};

struct face {
    const struct fota_config *config;
    struct fota *engine;
    struct fota_limits limits; /* of the downloads to come */
    struct ending ending;
    struct ending unwritten; /* the first write() that failed since one succeeded */
    struct fota_event last;  /* newest event, for status() */
    uint64_t begun_ms;
    uint64_t last_ms;     /* when `last` happened */
    uint32_t begun_bytes; /* in hand when the download began to move */
    int callback;         /* references in the registry, or LUA_NOREF */
    int waiter;           /* {thread, struct wait} */
    int resumer;
    bool running;    /* a download whose end has not been handled */
    bool keep_awake; /* no reset after this download */
    bool stepping;   /* poll() or a call that blocks is at work */
};

static struct face *face_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* ---- results ----------------------------------------------------------------------------------
 */

static void compose(const struct fota_fault *fault, struct ending *ending)
{
    const char *name = fota_error_name(fault->error);
    size_t length = strlen(name);

    ending->error = fault->error;
    memcpy(ending->text, name, length);
    memcpy(ending->text + length, ": ", 3);
    fota_fault_text(fault, ending->text + length + 2, FOTA_TEXT_MAX);
}

/* What a documented call returns: 0, or -1, message, code. */
static int push_ending(lua_State *L, const struct ending *ending)
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

static int documented(lua_State *L, const struct face *face, int error)
{
    struct ending ending = {0, ""};

    if (error)
        compose(fota_fault(face->engine), &ending);
    return push_ending(L, &ending);
}

/* What a native call returns: true, or nil, message, code. */
static int native(lua_State *L, const struct face *face, int error)
{
    struct ending ending;

    if (error == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    compose(fota_fault(face->engine), &ending);
    lua_pushnil(L);
    lua_pushstring(L, ending.text);
    lua_pushinteger(L, ending.error);
    return 3;
}

static int refused(lua_State *L, int error, uint32_t got, const char *subject)
{
    const struct fota_fault fault = {error, FOTA_STAGE_REQUEST, 0, got, subject};
    struct ending ending;

    compose(&fault, &ending);
    return push_ending(L, &ending);
}

static int missing_url(lua_State *L, const char *name)
{
    lua_pushinteger(L, -1);
    lua_pushfstring(L, "%s: %s is missing; give the package's url",
                    fota_error_name(FOTA_ERR_ARGUMENT), name);
    lua_pushinteger(L, FOTA_ERR_ARGUMENT);
    return 3;
}

static int unsupported(lua_State *L, const struct face *face, enum fota_feature feature)
{
    char text[FOTA_TEXT_MAX];

    fota_model_refusal(face->config->model, feature, text, sizeof text);
    return refused(L, FOTA_ERR_UNSUPPORTED, 0, text);
}

static bool can(const struct face *face, enum fota_feature feature)
{
    return fota_model_has(face->config->model, feature);
}

/* ---- arguments --------------------------------------------------------------------------------
 */

/* Raises for a key of the table at `index` that is not in `known` (NULL at its end). */
static void check_keys(lua_State *L, int index, const char *const *known)
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
        luaL_error(L, "unknown argument '%s'; known are: %s",
                   lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2),
                   lua_tostring(L, -1));
    }
}

/* Pushes the field `name`; raises if it is there and not of `type`. Returns whether it is there. */
static bool typed_field(lua_State *L, int index, const char *name, int type)
{
    lua_getfield(L, index, name);
    if (lua_isnil(L, -1))
        return false;
    if (lua_type(L, -1) != type)
        luaL_error(L, "argument '%s' must be a %s, got %s", name, lua_typename(L, type),
                   luaL_typename(L, -1));
    return true;
}

/* Leaves the callable field `name` on the stack, or nil. */
static bool callable_field(lua_State *L, int index, const char *name)
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

/* The value at `index` as a whole number; raises, naming it `name`, for anything else. */
static uint32_t whole_number(lua_State *L, int index, const char *name)
{
    lua_Number value = lua_tonumber(L, index);

    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "argument '%s' must be a number, got %s", name, luaL_typename(L, index));
    if (!(value >= 0 && value <= UINT32_MAX) || value != (lua_Number)(uint32_t)value)
        luaL_error(L, "argument '%s' must be a whole number from 0 to 4294967295, got %s", name,
                   lua_tostring(L, index));
    return (uint32_t)value;
}

/* Argument 2 is the table of named arguments or, where `text` says so, one string alone. Returns
 * whether it is the table. */
static bool named_arguments(lua_State *L, bool text, const char *const *known)
{
    bool alone = text && lua_type(L, 2) == LUA_TSTRING;

    if (!alone && !lua_istable(L, 2))
        luaL_error(L, "a table of named arguments%s expected, got %s", text ? " or a url" : "",
                   luaL_typename(L, 2));
    if (lua_gettop(L) > 2)
        luaL_error(L, "give further arguments by their names, in one table");
    if (!alone)
        check_keys(L, 2, known);
    return !alone;
}

/* Is argument 1 an object of this module? Returns whether it has the reset disabled. */
static bool check_object(lua_State *L)
{
    bool same = lua_isuserdata(L, 1) && lua_getmetatable(L, 1);

    if (same) {
        same = lua_rawequal(L, -1, lua_upvalueindex(2));
        lua_pop(L, 1);
    }
    if (!same)
        luaL_argerror(L, 1, "fota object expected; call the method with ':'");
    return *(bool *)lua_touserdata(L, 1);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static void take_reference(lua_State *L, int *reference)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, *reference);
    luaL_unref(L, LUA_REGISTRYINDEX, *reference);
    *reference = LUA_NOREF;
}

/* An error that must not stop the engine: of a callback or of a coroutine that was resumed. */
static void report(lua_State *L, const char *where)
{
    const char *message = lua_tostring(L, -1);

    lua_getglobal(L, "print");
    lua_pushfstring(L, "fota: error in %s: %s", where, message ? message : luaL_typename(L, -2));
    if (lua_pcall(L, 1, 0, 0) != 0)
        lua_pop(L, 1);
    lua_pop(L, 1);
}

static int add_traceback(lua_State *L)
{
    const char *message = lua_tostring(L, 1);

#if LUA_VERSION_NUM >= 502 || defined(LUAJIT_VERSION)
    luaL_traceback(L, L, message ? message : luaL_typename(L, 1), 1);
#else
    lua_pushstring(L, message ? message : luaL_typename(L, 1));
#endif
    return 1;
}

/* Calls the function on the stack with (status, progress). */
static void call_back(lua_State *L, int status, int progress)
{
    int function = lua_gettop(L);

    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function);
    lua_pushinteger(L, status);
    lua_pushinteger(L, progress);
    if (lua_pcall(L, 2, 0, function) != 0)
        report(L, "callback");
    lua_remove(L, function);
}

static void progress(lua_State *L, struct face *face, const struct fota_event *event)
{
    bool downloaded = event->stage == FOTA_STAGE_VERIFY;

    if (face->callback == LUA_NOREF || (event->stage != FOTA_STAGE_DOWNLOAD && !downloaded))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, face->callback);
    call_back(L, downloaded ? 0 : 1, downloaded ? 100 : event->percent);
}

/* The vendors' bindings differ in where the error code stands. */
static void terminal_callback(lua_State *L, struct face *face, const struct fota_event *event)
{
    const struct fota_model *model = face->config->model;
    int code = fota_model_code(model, event->fault.error);

    take_reference(L, &face->callback);
    if (event->fault.error == 0)
        call_back(L, 2, 100);
    else if (model->code_second)
        call_back(L, -1, code);
    else
        call_back(L, code, event->percent);
}

/* Resumes with the `n` values on top of the coroutine's stack. What it yields or returns is
 * dropped: with values left on it a dead coroutine would look suspended. */
static int resume(lua_State *L, lua_State *coroutine, int n)
{
    int results, status;

#if LUA_VERSION_NUM >= 504
    status = lua_resume(coroutine, L, n, &results);
#elif LUA_VERSION_NUM >= 502
    status = lua_resume(coroutine, L, n);
    results = lua_gettop(coroutine);
#else
    (void)L;
    status = lua_resume(coroutine, n);
    results = lua_gettop(coroutine);
#endif
    if (status == 0 || status == LUA_YIELD)
        lua_pop(coroutine, results);
    return status;
}

/* Is it a coroutine that can be resumed? Whoever holds it may have closed it. */
static bool is_waiting(lua_State *coroutine)
{
    return lua_status(coroutine) == LUA_YIELD;
}

/*
 * Wakes the coroutine of `waiter`, by the scheduler's own function where there is one. It is
 * resumed with what the call returns: before Lua 5.3 that is how the call gets it.
 */
static void wake(lua_State *L, struct face *face, int waiter, const struct ending *ending)
{
    int top = lua_gettop(L);
    lua_State *coroutine;
    struct wait *wait;
    int status;

    take_reference(L, &waiter);
    lua_rawgeti(L, top + 1, 2);
    wait = lua_touserdata(L, -1);
    wait->ending = *ending;
    wait->over = true;
    lua_rawgeti(L, LUA_REGISTRYINDEX, face->resumer);
    lua_rawgeti(L, top + 1, 1);
    coroutine = lua_tothread(L, -1);
    if (!is_waiting(coroutine)) {
        lua_settop(L, top);
        return;
    }
    if (face->resumer != LUA_NOREF) {
        if (lua_pcall(L, 1 + push_ending(L, ending), 0, 0) != 0)
            report(L, "onresume");
    } else {
        status = resume(L, coroutine, push_ending(coroutine, ending));
        if (status != 0 && status != LUA_YIELD) {
            lua_xmove(coroutine, L, 1);
            report(L, "coroutine");
        }
    }
    lua_settop(L, top);
}

/* The callback, and whoever is woken, may begin the next download: nothing of this one is kept in
 * the face by then. */
static void ended(lua_State *L, struct face *face, const struct fota_event *event)
{
    bool reset = face->running && event->fault.error == 0 && !face->keep_awake;
    const struct fota_system *system = &face->config->port->system;
    struct ending ending = {0, ""};
    int waiter = face->waiter;

    if (event->fault.error)
        compose(&event->fault, &ending);
    face->running = false;
    face->waiter = LUA_NOREF;
    if (face->callback != LUA_NOREF)
        terminal_callback(L, face, event);
    if (reset)
        system->ops->reset(system->ctx);
    face->ending = ending;
    if (waiter != LUA_NOREF)
        wake(L, face, waiter, &ending);
}

/* One step of the engine; tells Lua what happened. */
static enum fota_step advance(lua_State *L, struct face *face, struct fota_event *event)
{
    const struct fota_system *system = &face->config->port->system;
    enum fota_step step = fota_step(face->engine, event);

    if (event->kind == FOTA_EVENT_NONE && step == FOTA_STEP_IDLE)
        return step;
    face->last = *event;
    face->last_ms = system->ops->now_ms(system->ctx);
    if (event->stage < FOTA_STAGE_DOWNLOAD)
        face->begun_ms = 0; /* the rate is that of this connection */
    else if (face->begun_ms == 0) {
        face->begun_ms = face->last_ms;
        face->begun_bytes = event->received;
    }
    if (event->kind == FOTA_EVENT_PROGRESS)
        progress(L, face, event);
    else if (event->kind == FOTA_EVENT_END)
        ended(L, face, event);
    return step;
}

static void pause_on_network(const struct face *face, uint32_t ms)
{
    const struct fota_net *net = &face->config->port->net;

    if (ms && net->ops)
        net->ops->wait(net->ctx, ms);
}

/*
 * Runs the engine until the update ends: for a call that blocks and cannot yield. When a callback
 * begins the next one that is not waited for here.
 */
static void pump(lua_State *L, struct face *face)
{
    bool outer = face->stepping;
    struct fota_event event;
    enum fota_step step;

    face->stepping = true;
    do {
        step = advance(L, face, &event);
        if (step == FOTA_STEP_WAIT)
            pause_on_network(face, event.wait_ms);
    } while (step != FOTA_STEP_IDLE);
    face->stepping = outer;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static bool can_yield(lua_State *L)
{
#if LUA_VERSION_NUM >= 503
    return lua_isyieldable(L);
#else
    bool main = lua_pushthread(L) == 1;

    lua_pop(L, 1);
    return !main;
#endif
}

#if LUA_VERSION_NUM >= 503
/* Somebody else may resume the coroutine meanwhile: it goes on waiting. */
static int waited(lua_State *L, int status, lua_KContext context)
{
    const struct wait *wait = lua_touserdata(L, 1);

    (void)status;
    lua_settop(L, 1);
    if (!wait->over)
        return lua_yieldk(L, 0, context, waited);
    return push_ending(L, &wait->ending);
}

static int wait_yielding(lua_State *L)
{
    return lua_yieldk(L, 0, 0, waited);
}
#else
static int wait_yielding(lua_State *L)
{
    return lua_yield(L, 0);
}
#endif

static int wait_for_end(lua_State *L, struct face *face)
{
    struct wait *wait;

    if (!can_yield(L)) {
        pump(L, face);
        return push_ending(L, &face->ending);
    }
    lua_settop(L, 0);
    wait = lua_newuserdata(L, sizeof *wait);
    memset(wait, 0, sizeof *wait);
    lua_createtable(L, 2, 0);
    lua_pushthread(L);
    lua_rawseti(L, 2, 1);
    lua_pushvalue(L, 1);
    lua_rawseti(L, 2, 2);
    face->waiter = luaL_ref(L, LUA_REGISTRYINDEX);
    return wait_yielding(L);
}

/* ---- documented calls -------------------------------------------------------------------------
 */

/* The url is the string at `index`; the callback, if there is one, is on top. */
static int begin_download(lua_State *L, struct face *face, int index, bool has_callback,
                          bool keep_awake)
{
    size_t length;
    const char *url = lua_tolstring(L, index, &length);
    int err;

    /* For C it would end here, and another file would be fetched than the one that was meant. */
    if (strlen(url) != length)
        return refused(L, FOTA_ERR_URL, (uint32_t)strlen(url), NULL);
    err = fota_download(face->engine, url, &face->limits);
    if (err)
        return documented(L, face, err);
    luaL_unref(L, LUA_REGISTRYINDEX, face->callback);
    face->callback = has_callback ? luaL_ref(L, LUA_REGISTRYINDEX) : LUA_NOREF;
    face->keep_awake = keep_awake;
    face->running = true;
    face->unwritten.error = 0;
    face->begun_ms = 0;
    if (face->config->model->asynchronous)
        return documented(L, face, 0);
    return wait_for_end(L, face);
}

/* Raises for what cannot be meant by ssl_params, the table at `index`. */
static void check_ssl_params(lua_State *L, int index)
{
    static const char *const known[] = {"ca_cert",     "client_cert", "client_key",
                                        "ssl_version", "sec_level",   NULL};

    check_keys(L, index, known);
    for (size_t i = 0; known[i]; i++) {
        typed_field(L, index, known[i], i < 3 ? LUA_TSTRING : LUA_TNUMBER);
        lua_pop(L, 1);
    }
}

static int http_download(lua_State *L)
{
    static const char *const known[] = {"url1", "url2", "callback", "ssl_params", NULL};
    enum { URL1 = 3, URL2, SSL };
    struct face *face = face_of(L);
    bool keep_awake = check_object(L);
    bool has_url1, has_url2, has_callback, has_ssl;

    if (!named_arguments(L, true, known))
        return begin_download(L, face, 2, false, keep_awake);
    has_url1 = typed_field(L, 2, "url1", LUA_TSTRING);
    has_url2 = typed_field(L, 2, "url2", LUA_TSTRING);
    has_ssl = typed_field(L, 2, "ssl_params", LUA_TTABLE);
    if (has_ssl)
        check_ssl_params(L, SSL);
    has_callback = callable_field(L, 2, "callback");
    if (has_url2 && !can(face, FOTA_FEATURE_MINI))
        return unsupported(L, face, FOTA_FEATURE_MINI);
    if (has_ssl && !can(face, FOTA_FEATURE_TLS_PARAMS))
        return unsupported(L, face, FOTA_FEATURE_TLS_PARAMS);
    if (has_url2 && has_callback)
        return refused(L, FOTA_ERR_UNSUPPORTED, 0,
                       "a callback is not supported with url2 (mini fota)");
    if (has_url2)
        return refused(L, FOTA_ERR_NOT_BUILT, 0, "the second stage (url2)");
    if (!has_url1)
        return missing_url(L, "url1");
    return begin_download(L, face, URL1, has_callback, keep_awake);
}

static int ftp_download(lua_State *L)
{
    static const char *const known[] = {"url", "callback", NULL};
    struct face *face = face_of(L);
    bool has_url = true;

    check_object(L);
    if (named_arguments(L, true, known)) {
        has_url = typed_field(L, 2, "url", LUA_TSTRING);
        callable_field(L, 2, "callback");
    }
    if (!can(face, FOTA_FEATURE_FTP))
        return unsupported(L, face, FOTA_FEATURE_FTP);
    if (!has_url)
        return missing_url(L, "url");
    return refused(L, FOTA_ERR_NOT_BUILT, 0, "ftpDownload");
}

static int apn_set(lua_State *L)
{
    static const char *const known[] = {"fota_apn", "ip_type", "fota_user", "fota_password", NULL};
    struct face *face = face_of(L);

    check_object(L);
    named_arguments(L, false, known);
    for (size_t i = 0; known[i]; i++)
        typed_field(L, 2, known[i], i == 1 ? LUA_TNUMBER : LUA_TSTRING);
    if (!can(face, FOTA_FEATURE_APN))
        return unsupported(L, face, FOTA_FEATURE_APN);
    return refused(L, FOTA_ERR_NOT_BUILT, 0, "apn_set");
}

static int download_cancel(lua_State *L)
{
    struct face *face = face_of(L);

    check_object(L);
    if (!can(face, FOTA_FEATURE_CANCEL))
        return unsupported(L, face, FOTA_FEATURE_CANCEL);
    return documented(L, face, fota_cancel(face->engine));
}

static int write_bytes(lua_State *L)
{
    struct face *face = face_of(L);
    const char *data;
    size_t length, taken = 0;
    uint32_t total = 0;
    int err = 0;

    check_object(L);
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "argument 'bytesData' must be a string, got %s", luaL_typename(L, 2));
    data = lua_tolstring(L, 2, &length);
    if (!lua_isnoneornil(L, 3))
        total = whole_number(L, 3, "file_size");
    if (!can(face, FOTA_FEATURE_LOCAL))
        return unsupported(L, face, FOTA_FEATURE_LOCAL);
    while (!err && length) {
        err = fota_write(face->engine, data, length, total, &taken);
        data += taken;
        length -= taken;
    }
    if (!err)
        face->unwritten.error = 0;
    else if (!face->unwritten.error)
        compose(fota_fault(face->engine), &face->unwritten);
    return documented(L, face, err);
}

/* For flush() and verify(). The vendor's sample does not look at what write() returns: then the
 * reason why there is nothing to flush is that of the write() that failed. */
static int concluded(lua_State *L, struct face *face, int err)
{
    if (err == FOTA_ERR_STATE && face->unwritten.error)
        return push_ending(L, &face->unwritten);
    return documented(L, face, err);
}

static int flush(lua_State *L)
{
    struct face *face = face_of(L);

    check_object(L);
    if (!can(face, FOTA_FEATURE_LOCAL))
        return unsupported(L, face, FOTA_FEATURE_LOCAL);
    return concluded(L, face, fota_flush(face->engine));
}

static int verify(lua_State *L)
{
    struct face *face = face_of(L);
    int err;

    check_object(L);
    if (!can(face, FOTA_FEATURE_LOCAL))
        return unsupported(L, face, FOTA_FEATURE_LOCAL);
    err = fota_verify(face->engine);
    if (err)
        return concluded(L, face, err);
    pump(L, face);
    return push_ending(L, &face->ending);
}

/* fota(), fota{reset_disable=}, fota(1): argument 1 is the module table. */
static int construct(lua_State *L)
{
    static const char *const known[] = {"reset_disable", NULL};
    struct face *face = face_of(L);
    bool keep_awake = false;
    bool *object;

    if (lua_istable(L, 2)) {
        check_keys(L, 2, known);
        lua_getfield(L, 2, "reset_disable");
        lua_replace(L, 2);
    }
    if (!lua_isnoneornil(L, 2)) {
        lua_Number value = lua_tonumber(L, 2);

        if (lua_type(L, 2) != LUA_TNUMBER || (value != 0 && value != 1))
            return luaL_error(L, "argument 'reset_disable' must be 0 or 1, got %s",
                              lua_type(L, 2) == LUA_TNUMBER ? lua_tostring(L, 2)
                                                            : luaL_typename(L, 2));
        keep_awake = value == 1;
    }
    if (keep_awake && !can(face, FOTA_FEATURE_RESET_DISABLE)) {
        int n = unsupported(L, face, FOTA_FEATURE_RESET_DISABLE);

        lua_pushnil(L);
        lua_replace(L, -n - 1);
        return n;
    }
    object = lua_newuserdata(L, sizeof *object);
    *object = keep_awake;
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_setmetatable(L, -2);
    return 1;
}

/* ---- native calls -----------------------------------------------------------------------------
 */

static int poll(lua_State *L)
{
    struct face *face = face_of(L);
    uint32_t ms = lua_isnoneornil(L, 1) ? 0 : whole_number(L, 1, "ms");
    struct fota_event event;
    enum fota_step step = FOTA_STEP_AGAIN;

    /* Called again from a callback it would step the engine under the feet of the first call. */
    if (face->stepping) {
        lua_pushboolean(L, fota_busy(face->engine));
        return 1;
    }
    face->stepping = true;
    for (int i = 0; i < POLL_STEPS && step != FOTA_STEP_IDLE; i++) {
        step = advance(L, face, &event);
        if (event.kind != FOTA_EVENT_NONE)
            break; /* one event a call: whoever watches the status sees each */
        if (step == FOTA_STEP_WAIT) {
            if (ms == 0)
                break;
            pause_on_network(face, ms < event.wait_ms ? ms : event.wait_ms);
            ms = 0;
        }
    }
    if (step == FOTA_STEP_IDLE && event.kind == FOTA_EVENT_NONE)
        pause_on_network(face, ms);
    face->stepping = false;
    lua_pushboolean(L, fota_busy(face->engine));
    return 1;
}

static int onresume(lua_State *L)
{
    struct face *face = face_of(L);

    if (!lua_isnoneornil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, face->resumer);
    face->resumer = lua_isnil(L, 1) ? LUA_NOREF : luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static void set_number(lua_State *L, const char *name, lua_Number value)
{
    if (value == (lua_Number)(lua_Integer)value)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static int set_limits(lua_State *L)
{
    static const char *const known[] = {"connect_ms",     "stall_ms", "backoff_ms",
                                        "backoff_max_ms", "attempts", NULL};
    struct face *face = face_of(L);
    uint32_t *const values[] = {&face->limits.connect_ms, &face->limits.stall_ms,
                                &face->limits.backoff_ms, &face->limits.backoff_max_ms,
                                &face->limits.attempts};

    luaL_checktype(L, 1, LUA_TTABLE);
    check_keys(L, 1, known);
    for (size_t i = 0; known[i]; i++) {
        lua_settop(L, 1);
        lua_getfield(L, 1, known[i]);
        if (!lua_isnil(L, 2))
            *values[i] = whole_number(L, 2, known[i]);
    }
    return 0;
}

static int status(lua_State *L)
{
    struct face *face = face_of(L);
    uint64_t elapsed = face->last_ms - face->begun_ms;
    struct fota_traffic traffic;

    fota_traffic(face->engine, &traffic);
    lua_newtable(L);
    set_boolean(L, "busy", fota_busy(face->engine));
    set_string(L, "stage", fota_stage_name(face->last.stage));
    set_number(L, "received", face->last.received);
    set_number(L, "total", face->last.total);
    set_number(L, "percent", face->last.percent);
    set_number(L, "fetched", (lua_Number)traffic.bytes);
    set_number(L, "requests", traffic.requests);
    if (face->begun_ms && elapsed)
        set_number(
            L, "rate",
            (lua_Number)((uint64_t)(face->last.received - face->begun_bytes) * 1000 / elapsed));
    return 1;
}

static int last_result(lua_State *L)
{
    static const char *const outcomes[] = {"none", "success", "failed", "reverted", "kept"};
    static const char *const states[] = {"idle",       "downloading", "staged",   "backing up",
                                         "installing", "trial",       "reverting"};
    struct face *face = face_of(L);
    struct fota_result r;
    int err = fota_last_result(face->engine, &r);

    if (err)
        return native(L, face, err);
    lua_newtable(L);
    set_string(L, "outcome", outcomes[r.outcome <= FOTA_OUTCOME_KEPT ? r.outcome : 0]);
    set_string(L, "state", states[r.state]);
    set_string(L, "version", r.version);
    set_number(L, "sequence", r.sequence);
    set_number(L, "from", r.from_sequence);
    set_number(L, "to", r.to_sequence);
    set_number(L, "counter", r.counter);
    set_number(L, "tries", r.tries);
    set_boolean(L, "reversible", r.reversible);
    if (r.error) {
        const struct fota_policy *policy = face->config->policy;
        const struct fota_fault fault = {
            r.error, r.stage, policy->boot_tries ? policy->boot_tries : FOTA_BOOT_TRIES, 0, NULL};
        struct ending ending;

        compose(&fault, &ending);
        set_number(L, "code", r.error);
        set_string(L, "error", fota_error_name(r.error));
        set_string(L, "reason", ending.text);
        set_string(L, "stage", fota_stage_name(r.stage));
    }
    return 1;
}

static int confirm(lua_State *L)
{
    struct face *face = face_of(L);

    return native(L, face, fota_confirm(face->engine));
}

static int rollback(lua_State *L)
{
    struct face *face = face_of(L);

    return native(L, face, fota_rollback(face->engine));
}

static int model(lua_State *L)
{
    const struct fota_model *m = face_of(L)->config->model;

    lua_newtable(L);
    set_string(L, "name", m->name);
    set_string(L, "family", fota_family_name(m->family));
    set_string(L, "chip", m->chip);
    set_string(L, "core", m->core);
    set_boolean(L, "asynchronous", m->asynchronous);
    return 1;
}

static int describe_error(lua_State *L)
{
    lua_Number number = luaL_checknumber(L, 1);
    bool possible = number >= INT_MIN && number <= INT_MAX && number == (lua_Number)(int)number;
    const struct fota_error_row *row = possible ? fota_error_find((int)number) : NULL;

    if (!row) {
        lua_pushnil(L);
        lua_pushliteral(L, "there is no error of this number");
        return 2;
    }
    lua_newtable(L);
    set_number(L, "code", row->error);
    set_string(L, "name", row->name);
    set_string(L, "text", row->text);
    set_string(L, "stage", fota_stage_name(row->stage));
    set_number(L, "class", row->result);
    set_boolean(L, "retryable", row->retryable);
    return 1;
}

static int memory(lua_State *L)
{
    struct fota_memory m;

    fota_memory(&m);
    lua_newtable(L);
    set_number(L, "engine", (lua_Number)m.engine);
    set_number(L, "http", (lua_Number)m.http);
    set_number(L, "header", (lua_Number)m.header);
    set_number(L, "page", (lua_Number)m.page);
    set_number(L, "boot", (lua_Number)m.boot);
    return 1;
}

/* ---- the module -------------------------------------------------------------------------------
 */

static const luaL_Reg methods[] = {
    {"httpDownload", http_download},
    {"ftpDownload", ftp_download},
    {"apn_set", apn_set},
    {"download_cancel", download_cancel},
    {"write", write_bytes},
    {"flush", flush},
    {"verify", verify},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"poll", poll},
    {"onresume", onresume},
    {"limits", set_limits},
    {"status", status},
    {"last_result", last_result},
    {"confirm", confirm},
    {"rollback", rollback},
    {"model", model},
    {"error", describe_error},
    {"memory", memory},
    {NULL, NULL},
};

static int face_gc(lua_State *L)
{
    struct face *face = lua_touserdata(L, 1);

    if (face->engine)
        fota_close(face->engine);
    face->engine = NULL;
    return 0;
}

/* Registers into the table on top; `face` and `meta` are stack indices of the upvalues. */
static void register_all(lua_State *L, const luaL_Reg *list, int face, int meta)
{
    for (; list->name; list++) {
        lua_pushvalue(L, face);
        lua_pushvalue(L, meta);
        lua_pushcclosure(L, list->func, 2);
        lua_setfield(L, -2, list->name);
    }
}

/* Pushes the face; its engine is NULL if that could not be opened. */
static int push_face(lua_State *L, const struct fota_config *config)
{
    size_t offset = (sizeof(struct face) + ENGINE_ALIGN - 1) / ENGINE_ALIGN * ENGINE_ALIGN;
    struct face *face = lua_newuserdata(L, offset + fota_size());
    int err;

    memset(face, 0, sizeof *face);
    face->config = config;
    face->callback = face->waiter = face->resumer = LUA_NOREF;
    err = fota_open((char *)face + offset, fota_size(), config, &face->engine);
    lua_newtable(L);
    lua_pushliteral(L, "fota.face");
    lua_setfield(L, -2, "__name");
    lua_pushcfunction(L, face_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return err;
}

int fota_lua_open(lua_State *L, const struct fota_config *config)
{
    int face, meta, err;

    err = push_face(L, config);
    if (err) {
        lua_pushnil(L);
        lua_pushfstring(L, "the modem cannot be opened: %s", fota_error_name(err));
        return 2;
    }
    face = lua_gettop(L);
    lua_newtable(L); /* metatable of objects */
    meta = lua_gettop(L);
    lua_pushliteral(L, "fota");
    lua_setfield(L, meta, "__name");
    lua_newtable(L);
    register_all(L, methods, face, meta);
    lua_setfield(L, meta, "__index");
    lua_newtable(L); /* the module */
    register_all(L, functions, face, meta);
    lua_newtable(L); /* its metatable makes it callable */
    lua_pushvalue(L, face);
    lua_pushvalue(L, meta);
    lua_pushcclosure(L, construct, 2);
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
