/*
 * face.h - what the parts of the Lua module share. Nothing outside lua/ and lua_fota.c knows Lua's
 * C API on a device.
 *
 *   value.c       results and arguments
 *   job.c         what happens while an update runs: events, callbacks, waiting
 *   documented.c  QuecPython's calls
 *   tls.c         what https demands
 *   native.c      the module's own functions
 *   luatos.c      LuatOS's functions
 *
 * One `struct face` a module table. Every function has four upvalues: the face, the metatable of
 * objects, the metatable of jobs, and a table that pins what the module needs while an update runs.
 * In the registry that would keep a module, and its engine, that nobody holds any more.
 */
#ifndef FOTA_LUA_FACE_H
#define FOTA_LUA_FACE_H

#include <lauxlib.h>
#include <lua.h>

#include "fota.h"

enum { UPVALUE_FACE = 1, UPVALUE_OBJECT, UPVALUE_JOB, UPVALUE_PINS, UPVALUES = UPVALUE_PINS };

#define PINS lua_upvalueindex(UPVALUE_PINS)

/* How an update ended, for those who wait for it. */
struct ending {
    int error;
    char text[FOTA_TEXT_MAX + 32]; /* "NAME: text" */
};

/* What fota() returns. The texts of `tls` follow it in the same userdata. */
struct object {
    bool keep_awake;            /* no reset after its downloads */
    struct fota_tls_params tls; /* its certificates, where ssl_params names none */
};

/* A download: a Lua userdata, pinned while it runs. */
struct job {
    struct ending ending;
    int callback; /* its pin, or LUA_NOREF */
    int waiter;   /* {thread, struct wait}, or LUA_NOREF */
    int status;   /* newest event, as the callback would get it from a native call */
    int progress;
    bool fresh;      /* nobody has taken the newest event */
    bool over;       /* the newest event is the last */
    bool native;     /* begun by download(): codes are ours, not the vendor's */
    bool keep_awake; /* no reset after it */
    bool one_status; /* 0 to the callback while it goes well, never 1 or 2 */
    bool has_tls;    /* `tls` is not the engine's default */
    int texts;       /* pin of what the texts of `tls` belong to, where it has_tls */
    struct fota_tls_params tls;
    const char *url2;         /* of a mini fota, while it is begun; NULL none */
    uint32_t received, total; /* bytes */
    uint32_t rate;            /* bytes per second, 0 unknown */
    uint8_t percent;
    enum fota_stage stage;
};

/* The running image. It cannot be read while an update is written, so it is remembered before. */
struct running {
    bool known;
    char version[FOTA_NAME_MAX + 1]; /* "" it has none that can be read */
    uint32_t sequence;
};

/* Where LuatOS's functions stand. */
enum luatos { LUATOS_IDLE, LUATOS_WRITING, LUATOS_FAILED, LUATOS_DONE };

struct face {
    const struct fota_config *config;
    struct fota *engine;
    struct fota_limits limits; /* of the downloads to come */
    struct ending ending;      /* of the last update, local ones too; 0: none has failed since */
    struct ending unwritten;   /* the first write() that failed since one succeeded */
    struct running running;
    struct fota_event last; /* newest event, for status() */
    uint64_t begun_ms;
    uint64_t last_ms;         /* when `last` happened */
    uint32_t begun_bytes;     /* in hand when the download began to move */
    struct job *job;          /* that runs, or NULL */
    int job_pin;              /* its pin, or LUA_NOREF */
    int resumer;              /* who resumes coroutines, or LUA_NOREF */
    const lua_State *calling; /* runs a callback: nothing may yield through it */
    bool resuming;            /* runs a coroutine that was woken */
    enum luatos luatos;
};

/* Raises: the state is being closed, and a finalizer came later than the one of the face. */
void fota_lua_closed(lua_State *L);

static inline struct face *face_of(lua_State *L)
{
    struct face *face = lua_touserdata(L, lua_upvalueindex(UPVALUE_FACE));

    if (!face->engine)
        fota_lua_closed(L);
    return face;
}

/* ---- value.c: results push and return the number of values ----------------------------------- */

/* Writes the fault as "NAME: text". */
void fota_lua_compose(const struct fota_fault *fault, struct ending *ending);

/* 0, or -1, message, code: what a documented call returns. */
int fota_lua_push_documented(lua_State *L, const struct ending *ending);

/* true, or nil, message, code: what a native call returns. */
int fota_lua_push_native(lua_State *L, const struct ending *ending);

/* The same for a call of the engine that has returned `error`. */
int fota_lua_documented(lua_State *L, const struct face *face, int error);
int fota_lua_native(lua_State *L, const struct face *face, int error);

/* Returns -1, message, code for an error that the engine does not know of. */
int fota_lua_refused(lua_State *L, int error, uint32_t got, const char *subject);

/* Pushes an integer if it fits; with LUA_32BITS large counts are floats. */
void fota_lua_push_number(lua_State *L, int64_t value);

/* Fields of the table on top. */
void fota_lua_set_number(lua_State *L, const char *name, int64_t value);
void fota_lua_set_string(lua_State *L, const char *name, const char *value);
void fota_lua_set_boolean(lua_State *L, const char *name, bool value);

/* Raises for a key of the table at `index` that is not in `known` (NULL at its end). */
void fota_lua_check_keys(lua_State *L, int index, const char *const *known);

/* Pushes the field `name`; raises if it is there and not of `type`. Returns whether it is there. */
bool fota_lua_typed_field(lua_State *L, int index, const char *name, int type);

/* Pushes the callable field `name`, or nil. Returns whether it is there. */
bool fota_lua_callable_field(lua_State *L, int index, const char *name);

/* The whole number at `index`; raises, with `name` in the message, if it is anything else. */
uint32_t fota_lua_whole_number(lua_State *L, int index, const char *name);

/*
 * The same for numbers only: returns false for one that is not whole, or not from 0 to UINT32_MAX.
 */
bool fota_lua_to_whole(lua_State *L, int index, uint32_t *whole);

/* Raises, with `name` in the message, unless the value at `index` is a number. */
void fota_lua_check_number(lua_State *L, int index, const char *name);

/* Argument 2 is the table of named arguments or, where `text` says so, one string alone. Returns
 * whether it is the table. */
bool fota_lua_named_arguments(lua_State *L, bool text, const char *const *known);

/* Argument 1 as an object of this module; raises if it is none. */
const struct object *fota_lua_check_object(lua_State *L);

/* ---- tls.c ----------------------------------------------------------------------------------- */

/*
 * Collects the parameters of TLS for `url` in kind->has_tls, ->tls and ->texts: from ssl_params at
 * `index` (0: none were given) and from the object, which is argument 1. Prints warnings. Returns
 * what is wrong, or NULL.
 */
const char *fota_lua_tls(lua_State *L, const struct face *face, int index, const char *url,
                         struct job *kind);

/* ---- job.c ----------------------------------------------------------------------------------- */

/*
 * Begins to download from the url at `index`; the callback, if there is one, is on top of the
 * stack. Returns 0 with the new job pushed, or the error with *ending filled in.
 */
int fota_lua_begin(lua_State *L, struct face *face, int index, bool has_callback,
                   const struct job *kind, struct ending *ending);

/* The C function on top of the stack may wait. Replaces it by one that can, in a Lua that needs
 * that. */
void fota_lua_make_waiting(lua_State *L);

/* Waits for the end of the job on top of the stack, for a documented call. */
int fota_lua_wait_documented(lua_State *L, struct face *face);

/* One step of the engine; tells Lua what happened. */
enum fota_step fota_lua_advance(lua_State *L, struct face *face, struct fota_event *event);

/*
 * To be called before an update begins: remembers what last_result() tells about the running image.
 */
void fota_lua_remember_running(struct face *face);

/* Runs the engine until the current update has ended. */
void fota_lua_pump(lua_State *L, struct face *face);

/* Sleeps until there may be something to do, at most `ms` milliseconds. */
void fota_lua_pause(const struct face *face, uint32_t ms);

/* Bytes per second over the current connection; 0: unknown. */
uint32_t fota_lua_rate(const struct face *face);

/* ---- tables of functions --------------------------------------------------------------------- */

extern const luaL_Reg fota_lua_documented_methods[];
extern const luaL_Reg fota_lua_native_functions[];
extern const luaL_Reg fota_lua_luatos_functions[];
extern const luaL_Reg fota_lua_job_methods[];

/* __index of jobs: a method, or one of the fields. Upvalue 5 is the table of methods. */
int fota_lua_job_index(lua_State *L);

/* fota(), fota{reset_disable=, root_cert=, cert=, key=}, fota(1). */
int fota_lua_construct(lua_State *L);

#endif
