/*
 * lua_tool.h - what the files of the Lua module fota.tool.core share.
 *
 * Functions that read a Lua table raise a Lua error when a field has the wrong type, size or range;
 * the message names the field.
 */
#ifndef FOTA_LUA_TOOL_H
#define FOTA_LUA_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#include "fota_error.h"
#include "package.h"

#if LUA_VERSION_NUM < 502
#define fota_tool_raw_length(L, index) lua_objlen(L, index)
#else
#define fota_tool_raw_length(L, index) lua_rawlen(L, index)
#endif

/* ---- results: they push and return the number of values a C function of Lua returns ---------- */

/* nil, the fault's text, its error. */
int fota_tool_fault_result(lua_State *L, const struct fota_fault *fault);

/* nil, `message`, `error`. */
int fota_tool_failure(lua_State *L, int error, const char *message);

/* nil, text, FOTA_ERR_CRYPTO. */
int fota_tool_crypto_failure(lua_State *L);

/* nil, "path: why", `number`, which is an errno. */
int fota_tool_system_failure(lua_State *L, const char *path, int number);

/* ---- numbers --------------------------------------------------------------------------------- */

/* Reads the whole number at `index`. Returns false if it is not a number, has a fraction or does
 * not fit. */
bool fota_tool_read_number(lua_State *L, int index, int64_t *value);

/* The argument at `index`, 0 to 4294967295; raises for anything else. */
uint32_t fota_tool_check_u32(lua_State *L, int index);

/* ---- writing tables: field `name` of the table on top of the stack --------------------------- */

/* An integer where it fits, else a float, exact up to 2^53, or 2^24 with LUA_32BITS. */
void fota_tool_push_number(lua_State *L, int64_t value);

void fota_tool_set_number(lua_State *L, const char *name, int64_t value);
void fota_tool_set_text(lua_State *L, const char *name, const char *value);
void fota_tool_set_bytes(lua_State *L, const char *name, const void *value, size_t length);
void fota_tool_set_flag(lua_State *L, const char *name, bool value);

/* Pushes a new table. */
void fota_tool_push_manifest(lua_State *L, const struct fota_manifest *m);

/* ---- reading tables -------------------------------------------------------------------------- */

/* Where fields are read from, and whose bits of `present` they set. */
struct fota_tool_reader {
    lua_State *L;
    int table;                      /* absolute index */
    struct fota_manifest *manifest; /* NULL: `field` below is ignored */
};

/* Each leaves *out alone when the field is absent, and says whether it was there. */
bool fota_tool_get_number(const struct fota_tool_reader *r, const char *name, int64_t max,
                          int64_t *value);
bool fota_tool_get_u32(const struct fota_tool_reader *r, const char *name, unsigned field,
                       uint32_t *out);
bool fota_tool_get_u8(const struct fota_tool_reader *r, const char *name, unsigned field,
                      uint8_t *out);
bool fota_tool_get_text(const struct fota_tool_reader *r, const char *name, unsigned field,
                        char *out, size_t max);
bool fota_tool_get_object(const struct fota_tool_reader *r, const char *name, unsigned field,
                          struct fota_object *object);

/* A string of exactly `size` bytes. */
bool fota_tool_get_bytes(const struct fota_tool_reader *r, const char *name, uint8_t *out,
                         size_t size);

/* The field's value; false when it is absent. */
bool fota_tool_get_flag(const struct fota_tool_reader *r, const char *name);

/* The list `successors`, at most FOTA_SUCCESSORS_MAX, to `out`; how many there are. */
uint8_t fota_tool_get_successors(const struct fota_tool_reader *r, struct fota_successor *out);

/* Pushes entry `index` from 0, a table, of the list on top of the stack; `name` is for messages. */
struct fota_tool_reader fota_tool_enter(const struct fota_tool_reader *r, const char *name,
                                        size_t index);

/* Reads a whole manifest; a field that the table lacks is not present. */
void fota_tool_read_manifest(lua_State *L, int index, struct fota_manifest *m);

/* ---- files and programs (lua_host.c), Lua functions ------------------------------------------ */

/* list(path) -> {{name, type}...}: type is "file", "folder" or "other"; symbolic links are other */
int fota_tool_list(lua_State *L);

/* save(path, bytes, {private, replace}) -> true; all or nothing */
int fota_tool_save(lua_State *L);

/* run(command, input) -> output, exit status; a shell runs the command */
int fota_tool_run(lua_State *L);

int fota_tool_terminal(lua_State *L);
int fota_tool_peak_memory(lua_State *L);

/* ---- differential payloads (lua_diff.c), Lua functions --------------------------------------- */

/*
 * The map of the model `text`, or as far as packages are judged by it that of a device of one's
 * own: SLOT/UNIT,STAGING/UNIT, each size with its erase unit, bytes, and ",ab" where there are two
 * slots. False when it is neither.
 */
bool fota_tool_map(const char *text, struct fota_map *map);

int fota_tool_diff(lua_State *L);
int fota_tool_apply(lua_State *L);
int fota_tool_append_undo(lua_State *L);
int fota_tool_is_geometry(lua_State *L);
int fota_tool_plan(lua_State *L);
int fota_tool_explain(lua_State *L);

#endif
