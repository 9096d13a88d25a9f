/* The module's own functions. */
#include <string.h>

#include "lua/face.h"

#define POLL_STEPS 64 /* steps of one poll(), so that a scheduler gets its turn */

static int poll(lua_State *L)
{
    struct face *face = face_of(L);
    uint32_t ms = lua_isnoneornil(L, 1) ? 0 : fota_lua_whole_number(L, 1, "ms");
    struct fota_event event;
    enum fota_step step = FOTA_STEP_AGAIN;

    /* Called again from a callback, or by who was woken, it would step the engine under the feet of
     * the first call. */
    if (face->calling || face->resuming) {
        lua_pushboolean(L, fota_busy(face->engine));
        return 1;
    }
    for (int i = 0; i < POLL_STEPS && step != FOTA_STEP_IDLE; i++) {
        step = fota_lua_advance(L, face, &event);
        if (event.kind != FOTA_EVENT_NONE)
            break; /* one event at a call, so that a script that watches the status sees each */
        if (step == FOTA_STEP_WAIT) {
            if (ms == 0)
                break;
            fota_lua_pause(face, ms < event.wait_ms ? ms : event.wait_ms);
            ms = 0;
        }
    }
    if (step == FOTA_STEP_IDLE && event.kind == FOTA_EVENT_NONE)
        fota_lua_pause(face, ms);
    lua_pushboolean(L, fota_busy(face->engine));
    return 1;
}

static int onresume(lua_State *L)
{
    struct face *face = face_of(L);

    if (!lua_isnoneornil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    luaL_unref(L, PINS, face->resumer);
    face->resumer = lua_isnil(L, 1) ? LUA_NOREF : luaL_ref(L, PINS);
    return 0;
}

static int set_limits(lua_State *L)
{
    static const char *const known[] = {"connect_ms", "request_ms", "stall_ms",   "slow_ms",
                                        "slow_bytes", "total_ms",   "backoff_ms", "backoff_max_ms",
                                        "attempts",   "max_bytes",  NULL};
    struct fota_limits *limits = &face_of(L)->limits;
    uint32_t *const values[] = {&limits->connect_ms, &limits->request_ms,     &limits->stall_ms,
                                &limits->slow_ms,    &limits->slow_bytes,     &limits->total_ms,
                                &limits->backoff_ms, &limits->backoff_max_ms, &limits->attempts,
                                &limits->max_bytes};

    luaL_checktype(L, 1, LUA_TTABLE);
    fota_lua_check_keys(L, 1, known);
    for (size_t i = 0; known[i]; i++) {
        lua_settop(L, 1);
        lua_getfield(L, 1, known[i]);
        if (!lua_isnil(L, 2))
            *values[i] = fota_lua_whole_number(L, 2, known[i]);
    }
    return 0;
}

/* Fields of the table on top. */
static void set_reason(lua_State *L, const struct ending *ending)
{
    fota_lua_set_number(L, "code", ending->error);
    fota_lua_set_string(L, "error", fota_error_name(ending->error));
    fota_lua_set_string(L, "reason", ending->text);
}

static int status(lua_State *L)
{
    struct face *face = face_of(L);
    struct fota_traffic traffic;

    fota_traffic(face->engine, &traffic);
    lua_newtable(L);
    fota_lua_set_boolean(L, "busy", fota_busy(face->engine));
    fota_lua_set_string(L, "stage", fota_stage_name(face->last.stage));
    fota_lua_set_number(L, "received", face->last.received);
    fota_lua_set_number(L, "total", face->last.total);
    fota_lua_set_number(L, "percent", face->last.percent);
    fota_lua_set_number(L, "fetched", (int64_t)traffic.bytes);
    fota_lua_set_number(L, "requests", traffic.requests);
    if (fota_lua_rate(face))
        fota_lua_set_number(L, "rate", fota_lua_rate(face));
    if (face->ending.error && !fota_busy(face->engine))
        set_reason(L, &face->ending);
    return 1;
}

void fota_lua_remember_running(struct face *face)
{
    struct running *running = &face->running;
    struct fota_result r;

    if (running->known || fota_last_result(face->engine, &r) != 0)
        return;
    running->known = true;
    memcpy(running->version, r.version, sizeof running->version);
    running->sequence = r.sequence;
}

static int last_result(lua_State *L)
{
    static const char *const outcomes[] = {"none", "success", "failed", "reverted", "kept"};
    static const char *const states[] = {"idle",       "downloading", "staged",    "backing up",
                                         "installing", "trial",       "reverting", "updating"};
    struct face *face = face_of(L);
    struct fota_result r;
    int err = fota_last_result(face->engine, &r);

    if (err)
        return fota_lua_native(L, face, err);
    if (!r.sequence) {
        memcpy(r.version, face->running.version, sizeof r.version);
        r.sequence = face->running.sequence;
    }
    lua_newtable(L);
    fota_lua_set_string(L, "outcome", outcomes[r.outcome <= FOTA_OUTCOME_KEPT ? r.outcome : 0]);
    fota_lua_set_string(L, "state", states[r.state]);
    fota_lua_set_string(L, "version", r.version);
    fota_lua_set_number(L, "sequence", r.sequence);
    fota_lua_set_number(L, "from", r.from_sequence);
    fota_lua_set_number(L, "to", r.to_sequence);
    fota_lua_set_number(L, "counter", r.counter);
    fota_lua_set_number(L, "tries", r.tries);
    fota_lua_set_boolean(L, "reversible", r.reversible);
    if (r.error) {
        const struct fota_policy *policy = face->config->policy;
        struct fota_fault fault = {r.error, r.stage, FOTA_FIGURE_LOST, FOTA_FIGURE_LOST, NULL};
        struct ending ending;

        if (r.error == FOTA_ERR_NOT_CONFIRMED)
            fault.expected = policy->boot_tries ? policy->boot_tries : FOTA_BOOT_TRIES;

        fota_lua_compose(&fault, &ending);
        set_reason(L, &ending);
        fota_lua_set_string(L, "stage", fota_stage_name(r.stage));
    }
    return 1;
}

static int confirm(lua_State *L)
{
    struct face *face = face_of(L);

    return fota_lua_native(L, face, fota_confirm(face->engine));
}

static int rollback(lua_State *L)
{
    struct face *face = face_of(L);

    return fota_lua_native(L, face, fota_rollback(face->engine));
}

static int forgive(lua_State *L)
{
    struct face *face = face_of(L);

    return fota_lua_native(L, face, fota_forgive(face->engine));
}

static int model(lua_State *L)
{
    const struct fota_model *m = face_of(L)->config->model;

    lua_newtable(L);
    fota_lua_set_string(L, "name", m->name);
    fota_lua_set_string(L, "family", fota_family_name(m->family));
    fota_lua_set_string(L, "chip", m->chip);
    fota_lua_set_string(L, "core", m->core);
    fota_lua_set_boolean(L, "asynchronous", m->asynchronous);
    return 1;
}

static int describe_error(lua_State *L)
{
    lua_Number number = luaL_checknumber(L, 1);
    bool possible = number > -32768 && number < 32768 && number == (lua_Number)(int)number;
    const struct fota_error_row *row = possible ? fota_error_find((int)number) : NULL;

    if (!row) {
        lua_pushnil(L);
        lua_pushliteral(L, "there is no error of this number");
        return 2;
    }
    lua_newtable(L);
    fota_lua_set_number(L, "code", row->error);
    fota_lua_set_string(L, "name", row->name);
    fota_lua_set_string(L, "text", fota_error_text(row));
    fota_lua_set_string(L, "stage", fota_stage_name(row->stage));
    fota_lua_set_number(L, "class", row->result);
    fota_lua_set_boolean(L, "retryable", row->retryable);
    return 1;
}

static int memory(lua_State *L)
{
    struct fota_memory m;

    fota_memory(&m);
    lua_newtable(L);
    fota_lua_set_number(L, "engine", (int64_t)m.engine);
    fota_lua_set_number(L, "http", (int64_t)m.http);
    fota_lua_set_number(L, "header", (int64_t)m.header);
    fota_lua_set_number(L, "page", (int64_t)m.page);
    fota_lua_set_number(L, "boot", (int64_t)m.boot);
    return 1;
}

const luaL_Reg fota_lua_native_functions[] = {
    {"poll", poll},
    {"onresume", onresume},
    {"limits", set_limits},
    {"status", status},
    {"last_result", last_result},
    {"confirm", confirm},
    {"rollback", rollback},
    {"forgive", forgive},
    {"model", model},
    {"error", describe_error},
    {"memory", memory},
    {NULL, NULL},
};
