/* What happens while an update runs: events, callbacks, waiting. */
#include <string.h>

#include "lua/face.h"

/* What a coroutine waits for. */
enum awaited { AWAIT_DOCUMENTED, AWAIT_END, AWAIT_EVENT };

/* A call that waits; it lies at the bottom of its coroutine's stack. */
struct wait {
    enum awaited awaited;
    bool over;
    bool last; /* what it got was the end */
    int status, progress;
    struct ending ending;
};

/* ---- calling Lua ----------------------------------------------------------------------------- */

static void take_pin(lua_State *L, int *reference)
{
    lua_rawgeti(L, PINS, *reference);
    luaL_unref(L, PINS, *reference);
    *reference = LUA_NOREF;
}

static int say(lua_State *L)
{
    lua_getglobal(L, "print");
    lua_insert(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

/* Reports an error that must not stop the engine: one of a callback, or of a coroutine that was
 * resumed. Nor may a global table that raises for unknown names stop it. */
static void report(lua_State *L, const char *where)
{
    const char *message = lua_tostring(L, -1);

    lua_pushcfunction(L, say);
    lua_pushfstring(L, "fota: error in %s: %s", where, message ? message : luaL_typename(L, -2));
    if (lua_pcall(L, 1, 0, 0) != 0)
        lua_pop(L, 1);
    lua_pop(L, 1);
}

static int add_traceback(lua_State *L)
{
    const char *message = lua_tostring(L, 1);

    lua_pushstring(L, message ? message : luaL_typename(L, 1));
#if LUA_VERSION_NUM >= 502
    luaL_traceback(L, L, lua_tostring(L, -1), 1);
#else
    lua_getglobal(L, "debug");
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return 1;
    }
    lua_getfield(L, -1, "traceback");
    lua_pushvalue(L, -3);
    lua_pushinteger(L, 2);
    lua_call(L, 2, 1);
#endif
    return 1;
}

/* lua_pcall from which no coroutine can yield. */
static int call(lua_State *L, struct face *face, int arguments, int handler)
{
    const lua_State *outer = face->calling;
    int status;

    face->calling = L;
    status = lua_pcall(L, arguments, 0, handler);
    face->calling = outer;
    return status;
}

/* Is the error on top that of a yield from where none can be? Lua has only a text for it. */
static bool has_yielded(lua_State *L)
{
    const char *message = lua_tostring(L, -1);

    return message && strstr(message, "attempt to yield");
}

/* Calls the function on the stack with (status, progress). */
static void call_back(lua_State *L, struct face *face, int status, int progress)
{
    int function = lua_gettop(L);

    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function);
    lua_pushinteger(L, status);
    lua_pushinteger(L, progress);
    if (call(L, face, 2, function) != 0)
        report(L, has_yielded(L) ? "callback, which cannot wait; let it start a coroutine that does"
                                 : "callback");
    lua_remove(L, function);
}

/* Resumes the coroutine with the `n` values on top of its stack. What it yields or returns is
 * dropped: with values left on its stack a dead coroutine would look suspended. */
static int resume(lua_State *L, struct face *face, lua_State *coroutine, int n)
{
    bool outer = face->resuming;
    int results, status;

    face->resuming = true;
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
    face->resuming = outer;
    if (status == 0 || status == LUA_YIELD)
        lua_pop(coroutine, results);
    return status;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* What the call that waited returns. */
static int push_wait(lua_State *L, const struct wait *wait)
{
    if (wait->awaited == AWAIT_DOCUMENTED)
        return fota_lua_push_documented(L, &wait->ending);
    if (wait->awaited == AWAIT_END)
        return fota_lua_push_native(L, &wait->ending);
    lua_pushinteger(L, wait->status);
    lua_pushinteger(L, wait->progress);
    return 2;
}

/* Takes the job's newest event, or its end. */
static void fill_wait(struct wait *wait, struct job *job)
{
    wait->status = job->status;
    wait->progress = job->progress;
    wait->ending = job->ending;
    wait->over = true;
    wait->last = job->over;
    job->fresh = false;
}

#if LUA_VERSION_NUM >= 503
static bool can_yield(lua_State *L, const struct face *face)
{
    (void)face;
    return lua_isyieldable(L);
}

/* The coroutine's owner may have closed it. */
static bool sleeps(lua_State *coroutine)
{
    return lua_status(coroutine) == LUA_YIELD;
}

/* If somebody else resumes the coroutine meanwhile, it goes on waiting. */
static int waited(lua_State *L, int status, lua_KContext context)
{
    const struct wait *wait = lua_touserdata(L, 1);

    (void)status;
    lua_settop(L, 1);
    if (!wait->over)
        return lua_yieldk(L, 0, context, waited);
    return push_wait(L, wait);
}

static int yield_wait(lua_State *L)
{
    return lua_yieldk(L, 0, 0, waited);
}

void fota_lua_make_waiting(lua_State *L)
{
    (void)L;
}
#else
static bool can_yield(lua_State *L, const struct face *face)
{
    bool main = lua_pushthread(L) == 1;

    lua_pop(L, 1);
    return !main && L != face->calling;
}

/*
 * In these Luas a C function cannot go on after it has yielded, so a function in Lua wraps it. When
 * the C function has to wait it returns `unsettled` and its struct wait. `settle` does the same as
 * long as the wait is not over, because somebody else may have resumed the coroutine.
 */
static const char loop_name[] = "=fota";
static const char loop[] = "local call, settle, yield, unsettled, pcall, error = ...\n"
                           "return function(...)\n"
                           "    local ok, a, b, c = pcall(call, ...)\n"
                           "    if not ok then error(a, 2) end\n"
                           "    while a == unsettled do\n"
                           "        yield()\n"
                           "        a, b, c = settle(b)\n"
                           "    end\n"
                           "    if c ~= nil then return a, b, c end\n"
                           "    if b ~= nil then return a, b end\n"
                           "    if a ~= nil then return a end\n"
                           "end\n";

static void *const unsettled = (void *)loop;

static int yield_wait(lua_State *L)
{
    lua_pushlightuserdata(L, unsettled);
    lua_pushvalue(L, 1);
    return 2;
}

static int settle(lua_State *L)
{
    const struct wait *wait = lua_touserdata(L, 1);

    return wait->over ? push_wait(L, wait) : yield_wait(L);
}

static int yield_now(lua_State *L)
{
    return lua_yield(L, 0);
}

/* It may have yielded elsewhere, when it could not in the loop: there is no lua_isyieldable. */
static bool sleeps(lua_State *coroutine)
{
    lua_Debug frame;

    return lua_status(coroutine) == LUA_YIELD && lua_getstack(coroutine, 1, &frame) &&
           lua_getinfo(coroutine, "S", &frame) && strcmp(frame.source, loop_name) == 0;
}

void fota_lua_make_waiting(lua_State *L)
{
    if (luaL_loadbuffer(L, loop, sizeof loop - 1, loop_name) != 0)
        lua_error(L);
    lua_insert(L, -2);
    lua_pushcfunction(L, settle);
    lua_pushcfunction(L, yield_now);
    lua_pushlightuserdata(L, unsettled);
    lua_getglobal(L, "pcall");
    lua_getglobal(L, "error");
    lua_call(L, 6, 1);
}
#endif

/* Wakes the coroutine that waits for the job, with the results of the waiting call. If the
 * scheduler has a function for that, it is used. */
static void wake(lua_State *L, struct face *face, struct job *job)
{
    int top = lua_gettop(L);
    lua_State *coroutine;
    struct wait *wait;
    int status;

    take_pin(L, &job->waiter);
    lua_rawgeti(L, top + 1, 2);
    wait = lua_touserdata(L, -1);
    lua_rawgeti(L, PINS, face->resumer);
    lua_rawgeti(L, top + 1, 1);
    coroutine = lua_tothread(L, -1);
    if (!sleeps(coroutine)) {
        lua_settop(L, top);
        return;
    }
    fill_wait(wait, job);
    if (face->resumer != LUA_NOREF) {
        if (call(L, face, 1 + push_wait(L, wait), 0) != 0)
            report(L, "onresume");
    } else {
        status = resume(L, face, coroutine, push_wait(coroutine, wait));
        if (status != 0 && status != LUA_YIELD) {
            lua_xmove(coroutine, L, 1);
            report(L, "coroutine");
        }
    }
    lua_settop(L, top);
}

/* What the waiting coroutine waits for; NULL if none is waiting for the job. */
static const struct wait *waiting(lua_State *L, struct job *job)
{
    const struct wait *wait;

    if (job->waiter == LUA_NOREF)
        return NULL;
    lua_rawgeti(L, PINS, job->waiter);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    wait = lua_touserdata(L, -1);
    if (!sleeps(lua_tothread(L, -2))) {
        luaL_unref(L, PINS, job->waiter);
        job->waiter = LUA_NOREF;
        wait = NULL;
    }
    lua_pop(L, 3);
    return wait;
}

/* Puts the coroutine to sleep until the job, pinned as long as it runs, wakes it. The struct wait
 * is alone on the stack. */
static int sleep_until(lua_State *L, struct job *job)
{
    lua_createtable(L, 2, 0);
    lua_pushthread(L);
    lua_rawseti(L, 2, 1);
    lua_pushvalue(L, 1);
    lua_rawseti(L, 2, 2);
    job->waiter = luaL_ref(L, PINS);
    return yield_wait(L);
}

static bool has(const struct job *job, enum awaited awaited)
{
    return job->over || (awaited == AWAIT_EVENT && job->fresh);
}

/* Steps the engine here and now until the job has what is awaited, and, for a documented call,
 * until what callbacks began has ended, too: its script knows nothing of poll(). */
static void pump_for(lua_State *L, struct face *face, const struct job *job, enum awaited awaited)
{
    struct fota_event event;

    while (!has(job, awaited) || (awaited == AWAIT_DOCUMENTED && fota_busy(face->engine)))
        if (fota_lua_advance(L, face, &event) == FOTA_STEP_WAIT)
            fota_lua_pause(face, event.wait_ms);
}

/* Waits for the job, which is at the bottom of the stack or pinned, with the struct wait that is
 * alone on the stack, or NULL; `may_yield`: the caller is not in a place from which this Lua
 * cannot yield. */
static int await(lua_State *L, struct face *face, struct job *job, struct wait *own,
                 enum awaited awaited, bool may_yield)
{
    struct wait blank = {awaited, false, false, 0, 0, {0, ""}};
    struct wait *wait = own ? own : &blank;

    if (!has(job, awaited)) {
        if (waiting(L, job)) {
            lua_pushnil(L);
            lua_pushliteral(L, "BUSY: another coroutine waits for this job; let one wait");
            lua_pushinteger(L, FOTA_ERR_BUSY);
            return 3;
        }
        if (may_yield && can_yield(L, face)) {
            if (!own) {
                lua_settop(L, 0);
                wait = lua_newuserdata(L, sizeof *wait);
            }
            *wait = blank;
            return sleep_until(L, job);
        }
        /* A callback that begins again after each failure would need more stack each time. */
        if (awaited == AWAIT_DOCUMENTED && face->calling)
            return push_wait(L, wait);
        pump_for(L, face, job, awaited);
    }
    wait->awaited = awaited;
    fill_wait(wait, job);
    return push_wait(L, wait);
}

int fota_lua_wait_documented(lua_State *L, struct face *face)
{
    return await(L, face, lua_touserdata(L, -1), NULL, AWAIT_DOCUMENTED, true);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void publish(struct job *job, int status, int progress)
{
    job->status = status;
    job->progress = progress;
    job->fresh = true;
}

static void progress(lua_State *L, struct face *face, const struct fota_event *event)
{
    bool downloaded = event->stage == FOTA_STAGE_VERIFY;
    struct job *job = face->job;
    const struct wait *wait;

    if (!job || (event->stage != FOTA_STAGE_DOWNLOAD && !downloaded))
        return;
    publish(job, downloaded || job->one_status ? 0 : 1, downloaded ? 100 : event->percent);
    lua_rawgeti(L, PINS, face->job_pin); /* a callback may wait for its end */
    if (job->callback != LUA_NOREF) {
        lua_rawgeti(L, PINS, job->callback);
        call_back(L, face, job->status, job->progress);
    }
    wait = waiting(L, job);
    if (job->fresh && wait && wait->awaited == AWAIT_EVENT)
        wake(L, face, job);
    lua_pop(L, 1);
}

/* The vendors' bindings differ in the position of the error code. */
static void terminal_callback(lua_State *L, struct face *face, struct job *job)
{
    const struct fota_model *model = face->config->model;
    int code = fota_model_code(model, job->ending.error);

    take_pin(L, &job->callback);
    if (job->ending.error == 0 || job->native)
        call_back(L, face, job->status, job->progress);
    else if (model->code_second)
        call_back(L, face, -1, code);
    else
        call_back(L, face, code, job->percent);
}

/* The engine does not need the texts of its TLS parameters any more. */
static void drop_texts(lua_State *L, struct job *job)
{
    if (job->has_tls)
        luaL_unref(L, PINS, job->texts);
    job->has_tls = false;
}

/* The callback, or a coroutine that is woken, may begin the next download, so by then nothing of
 * this one is left in the face. The job is pinned until both have returned. */
static void job_ended(lua_State *L, struct face *face)
{
    const struct fota_system *system = &face->config->port->system;
    struct job *job = face->job;
    int pin = face->job_pin;
    int top = lua_gettop(L);

    face->job = NULL;
    face->job_pin = LUA_NOREF;
    take_pin(L, &pin);
    drop_texts(L, job);
    job->over = true;
    job->ending = face->ending;
    if (job->ending.error)
        publish(job, -1, job->ending.error);
    else
        publish(job, job->one_status ? 0 : 2, 100);
    if (job->callback != LUA_NOREF)
        terminal_callback(L, face, job);
    if (job->ending.error == 0 && !job->keep_awake)
        system->ops->reset(system->ctx);
    if (job->waiter != LUA_NOREF)
        wake(L, face, job);
    lua_settop(L, top);
}

uint32_t fota_lua_rate(const struct face *face)
{
    uint64_t elapsed = face->last_ms - face->begun_ms;

    if (!face->begun_ms || !elapsed || face->last.received < face->begun_bytes)
        return 0;
    return (uint32_t)((uint64_t)(face->last.received - face->begun_bytes) * 1000 / elapsed);
}

/* Keeps what status() and the job's fields tell. */
static void keep(struct face *face, const struct fota_event *event)
{
    const struct fota_system *system = &face->config->port->system;
    uint64_t now = system->ops->now_ms(system->ctx);
    struct job *job = face->job;

    face->last = *event;
    face->last_ms = now;
    if (event->kind != FOTA_EVENT_END) {
        if (event->stage < FOTA_STAGE_DOWNLOAD)
            face->begun_ms = 0; /* the rate is that of this connection */
        else if (face->begun_ms == 0) {
            face->begun_ms = now;
            face->begun_bytes = event->received;
        }
    }
    if (!job)
        return;
    job->received = event->received;
    job->total = event->total;
    job->percent = event->percent;
    job->stage = event->stage;
    job->rate = fota_lua_rate(face);
}

enum fota_step fota_lua_advance(lua_State *L, struct face *face, struct fota_event *event)
{
    enum fota_step step = fota_step(face->engine, event);

    if (event->kind != FOTA_EVENT_NONE || step != FOTA_STEP_IDLE)
        keep(face, event);
    if (event->kind == FOTA_EVENT_PROGRESS)
        progress(L, face, event);
    if (event->kind != FOTA_EVENT_END)
        return step;
    memset(&face->ending, 0, sizeof face->ending);
    if (event->fault.error)
        fota_lua_compose(&event->fault, &face->ending);
    if (face->job)
        job_ended(L, face);
    return step;
}

void fota_lua_pause(const struct face *face, uint32_t ms)
{
    const struct fota_net *net = &face->config->port->net;

    if (ms && net->ops)
        net->ops->wait(net->ctx, ms);
}

/* If a callback begins the next update, this does not wait for that one. */
void fota_lua_pump(lua_State *L, struct face *face)
{
    struct fota_event event;
    enum fota_step step;

    do {
        step = fota_lua_advance(L, face, &event);
        if (step == FOTA_STEP_WAIT)
            fota_lua_pause(face, event.wait_ms);
    } while (step != FOTA_STEP_IDLE);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static int start(struct face *face, const char *url, struct job *job)
{
    const struct fota_tls_params *tls = job->has_tls ? &job->tls : NULL;
    const char *url2 = job->url2;

    job->url2 = NULL;
    return url2 ? fota_download_mini(face->engine, url, url2, tls, &face->limits)
                : fota_download(face->engine, url, tls, &face->limits);
}

int fota_lua_begin(lua_State *L, struct face *face, int index, bool has_callback,
                   const struct job *kind, struct ending *ending)
{
    size_t length;
    const char *url = lua_tolstring(L, index, &length);
    struct fota_fault fault = {FOTA_ERR_URL, FOTA_STAGE_REQUEST, 0, (uint32_t)strlen(url), NULL};
    struct job *job = lua_newuserdata(L, sizeof *job); /* first: a finalizer may call poll() */

    *job = *kind;
    job->callback = job->waiter = LUA_NOREF;
    job->stage = FOTA_STAGE_CONNECT;
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_JOB));
    lua_setmetatable(L, -2);
    /*
     * For C the text would end here, and another file would be fetched than the one that was meant.
     */
    if (strlen(url) != length) {
        fota_lua_compose(&fault, ending);
        drop_texts(L, job);
        return ending->error;
    }
    fota_lua_remember_running(face);
    if (start(face, url, job) != 0) {
        fota_lua_compose(fota_fault(face->engine), ending);
        drop_texts(L, job);
        return ending->error;
    }
    if (has_callback) {
        lua_pushvalue(L, -2);
        job->callback = luaL_ref(L, PINS);
    }
    lua_pushvalue(L, -1);
    face->job_pin = luaL_ref(L, PINS);
    face->job = job;
    face->unwritten.error = face->ending.error = 0;
    face->begun_ms = 0;
    return 0;
}

static struct job *check_job(lua_State *L)
{
    bool same = lua_isuserdata(L, 1) && lua_getmetatable(L, 1);

    if (same) {
        same = lua_rawequal(L, -1, lua_upvalueindex(UPVALUE_JOB));
        lua_pop(L, 1);
    }
    if (!same)
        luaL_argerror(L, 1, "job expected; call the method with ':'");
    return lua_touserdata(L, 1);
}

static int job_next(lua_State *L)
{
    return await(L, face_of(L), check_job(L), NULL, AWAIT_EVENT, true);
}

static int job_wait(lua_State *L)
{
    return await(L, face_of(L), check_job(L), NULL, AWAIT_END, true);
}

/* PUC Lua 5.1 cannot yield from an iterator; LuaJIT can. */
static bool iterators_yield(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    (void)L;
    return true;
#else
    bool jit;

    lua_getglobal(L, "jit");
    jit = lua_istable(L, -1);
    lua_pop(L, 1);
    return jit;
#endif
}

/* Upvalue 5 is the job, 6 its struct wait. */
static int next_event(lua_State *L)
{
    struct job *job = lua_touserdata(L, lua_upvalueindex(UPVALUES + 1));
    struct wait *wait = lua_touserdata(L, lua_upvalueindex(UPVALUES + 2));

    if (wait->last)
        return 0;
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(UPVALUES + 2));
    return await(L, face_of(L), job, wait, AWAIT_EVENT, iterators_yield(L));
}

static int job_events(lua_State *L)
{
    check_job(L);
    for (int i = 1; i <= UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushvalue(L, 1);
    memset(lua_newuserdata(L, sizeof(struct wait)), 0, sizeof(struct wait));
    lua_pushcclosure(L, next_event, UPVALUES + 2);
    if (iterators_yield(L))
        fota_lua_make_waiting(L);
    return 1;
}

static int job_cancel(lua_State *L)
{
    struct face *face = face_of(L);
    struct job *job = check_job(L);

    if (job == face->job)
        return fota_lua_native(L, face, fota_cancel(face->engine));
    lua_pushnil(L);
    lua_pushliteral(L, "STATE: the update has ended; there is nothing to cancel");
    lua_pushinteger(L, FOTA_ERR_STATE);
    return 3;
}

static int job_result(lua_State *L)
{
    const struct job *job = check_job(L);

    if (job->over)
        return fota_lua_push_native(L, &job->ending);
    lua_pushboolean(L, 0);
    return 1;
}

static int job_done(lua_State *L)
{
    lua_pushboolean(L, check_job(L)->over);
    return 1;
}

int fota_lua_job_index(lua_State *L)
{
    const struct job *job = check_job(L);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";

    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(UPVALUES + 1));
    if (!lua_isnil(L, -1))
        return 1;
    if (strcmp(key, "bytes") == 0)
        fota_lua_push_number(L, job->received);
    else if (strcmp(key, "total") == 0)
        fota_lua_push_number(L, job->total);
    else if (strcmp(key, "percent") == 0)
        lua_pushinteger(L, job->percent);
    else if (strcmp(key, "stage") == 0)
        lua_pushstring(L, fota_stage_name(job->stage));
    else if (strcmp(key, "rate") == 0 && job->rate)
        fota_lua_push_number(L, job->rate);
    else
        lua_pushnil(L);
    return 1;
}

const luaL_Reg fota_lua_job_methods[] = {
    {"next", job_next},     {"events", job_events}, {"wait", job_wait}, {"cancel", job_cancel},
    {"result", job_result}, {"done", job_done},     {NULL, NULL},
};
