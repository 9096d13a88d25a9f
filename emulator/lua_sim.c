/* fota.sim.core: simulated modems as Lua objects, for the emulator and for specs. */
#include "emulator/lua_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua_fota.h"
#include "platform/sim/map.h"
#include "tools/key.h"
#include "tools/lua_tool.h"

#define SIM_TYPE "fota.sim.modem"

struct sim *sim_check(lua_State *L, int index)
{
    struct sim *sim = luaL_checkudata(L, index, SIM_TYPE);

    luaL_argcheck(L, sim->open, index, "the modem is closed");
    return sim;
}

static int failure(lua_State *L, const struct fota_fault *fault)
{
    char text[FOTA_TEXT_MAX];

    fota_fault_text(fault, text, sizeof text);
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", fota_error_name(fault->error), text);
    lua_pushinteger(L, fault->error);
    return 3;
}

static int failed(lua_State *L, int error)
{
    const struct fota_fault fault = {error, FOTA_STAGE_REQUEST, 0, 0, NULL};

    return failure(L, &fault);
}

/* ---- power and reset ------------------------------------------------------------------------- */

static void on_cut(void *ctx)
{
    struct sim *sim = ctx;

    if (sim->running)
        longjmp(sim->stopped, STOP_CUT);
}

static void on_reset(void *ctx)
{
    struct sim *sim = ctx;

    if (sim->running)
        longjmp(sim->stopped, STOP_RESET);
}

/* ---- making one ------------------------------------------------------------------------------ */

static int open_sim(lua_State *L, const char *name, const char *path, uint64_t seed)
{
    const struct fota_model *model = fota_model_find(name);
    struct sim *sim;
    int err;

    if (!model) {
        lua_pushnil(L);
        lua_pushfstring(L, "unknown model '%s'; 'fota models' lists the known ones", name);
        lua_pushinteger(L, FOTA_ERR_ARGUMENT);
        return 3;
    }
    sim = lua_newuserdata(L, sizeof *sim);
    memset(sim, 0, sizeof *sim);
    luaL_getmetatable(L, SIM_TYPE);
    lua_setmetatable(L, -2);
    err = fota_sim_modem_open(&sim->modem, model, path, seed);
    if (err)
        return failed(L, err);
    sim->open = true;
    sim->modem.on_reset = on_reset;
    sim->modem.on_reset_ctx = sim;
    fota_sim_flash_on_cut(sim->modem.flash, on_cut, sim);
    return 1;
}

static int core_open(lua_State *L)
{
    const char *model, *path;
    uint64_t seed;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, 1, "model");
    model = luaL_optstring(L, 2, "generic");
    lua_getfield(L, 1, "path");
    path = luaL_optstring(L, 3, NULL);
    lua_getfield(L, 1, "seed");
    seed = lua_isnil(L, 4) ? 1 : fota_tool_check_u32(L, 4);
    return open_sim(L, model, path, seed);
}

/* The flash of a closed modem: a module `fota` that is still referenced gets errors from it. */
static int dead_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    (void)ctx, (void)addr, (void)data, (void)len;
    return FOTA_ERR_FLASH_READ;
}

static int dead_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    (void)ctx, (void)addr, (void)data, (void)len;
    return FOTA_ERR_FLASH_PROGRAM;
}

static int dead_erase(void *ctx, uint32_t addr, uint32_t len)
{
    (void)ctx, (void)addr, (void)len;
    return FOTA_ERR_FLASH_ERASE;
}

static int modem_close(lua_State *L)
{
    static const struct fota_flash_ops dead = {dead_read, dead_program, dead_erase};
    struct sim *sim = luaL_checkudata(L, 1, SIM_TYPE);

    if (sim->open) {
        fota_sim_modem_close(&sim->modem);
        sim_drop_lwip(sim);
        sim->modem.port.flash = (struct fota_flash){&dead, NULL};
    }
    sim->open = false;
    return 0;
}

static int modem_trust(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    struct fota_keypair pair;
    struct fota_key key;
    size_t length;
    const char *pem = luaL_checklstring(L, 2, &length);
    int err = fota_keypair_parse(pem, length, &pair);

    if (!err) {
        memset(&key, 0, sizeof key);
        memcpy(key.id, pair.id, sizeof key.id);
        memcpy(key.point, pair.point, sizeof key.point);
        key.development = lua_toboolean(L, 3);
        err = fota_sim_modem_trust(&sim->modem, &key);
    }
    fota_keypair_clear(&pair);
    if (err)
        return failed(L, err);
    lua_pushboolean(L, 1);
    return 1;
}

static int modem_provision(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    size_t length;
    const char *package = luaL_checklstring(L, 2, &length);
    struct fota_fault fault;

    if (fota_boot_provision(&sim->modem.boot, &sim->modem.config, (const uint8_t *)package, length,
                            &fault) != 0)
        return failure(L, &fault);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- boot ------------------------------------------------------------------------------------ */

static const char *state_name(uint8_t state)
{
    static const char *const names[] = {"idle",       "downloading", "staged",    "backing up",
                                        "installing", "trial",       "reverting", "updating"};

    return state < sizeof names / sizeof *names ? names[state] : "unknown";
}

/* Tells the host's function, argument 2, of each new state of the journal. */
static void notice(void *ctx, const struct fota_boot *boot)
{
    struct sim *sim = ctx;
    lua_State *L = sim->host;
    const char *state = state_name(boot->journal.record.state);

    if (strcmp(state, lua_tostring(L, lua_upvalueindex(1))) == 0)
        return;
    lua_pushstring(L, state);
    lua_replace(L, lua_upvalueindex(1));
    if (!lua_isfunction(L, 2))
        return;
    lua_pushvalue(L, 2);
    lua_pushstring(L, state);
    if (lua_pcall(L, 1, 0, 0) != 0)
        lua_pop(L, 1);
}

static int modem_boot(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    volatile int step = 0;
    enum stop stop;

    lua_settop(L, 2);
    lua_pushliteral(L, "");
    lua_replace(L, lua_upvalueindex(1));
    sim->host = L;
    sim->running = true;
    stop = (enum stop)setjmp(sim->stopped);
    if (stop == STOP_NONE)
        step = fota_sim_modem_boot(&sim->modem, notice, sim);
    sim->running = false;
    if (stop == STOP_CUT)
        lua_pushliteral(L, "cut");
    else if (step == FOTA_BOOT_RUN)
        lua_pushliteral(L, "run");
    else if (step == FOTA_BOOT_NOTHING)
        lua_pushliteral(L, "nothing");
    else if (step == FOTA_BOOT_UPDATER)
        lua_pushliteral(L, "updater");
    else
        return failure(L, &sim->modem.boot.fault);
    return 1;
}

/* What the host's function, argument 2 of update(), hears; `failed` while it waits after
 * a failure. */
struct hearer {
    struct sim *sim;
    uint64_t last_ms; /* of the modem's clock; 0: no limit */
    bool failed;
};

static bool tell(lua_State *L, int arguments)
{
    bool stop = false;

    if (lua_pcall(L, arguments, 1, 0) == 0)
        stop = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return stop;
}

static bool hear(void *ctx, const struct fota_event *event)
{
    struct hearer *hearer = ctx;
    const struct fota_system *system = &hearer->sim->modem.port.system;
    lua_State *L = hearer->sim->host;
    bool failed = event->fault.error != 0;
    bool news = failed && !hearer->failed;
    char text[FOTA_TEXT_MAX];

    hearer->failed = failed;
    if (hearer->last_ms && system->ops->now_ms(system->ctx) >= hearer->last_ms)
        return true;
    if (!lua_isfunction(L, 2))
        return false;
    if (news) {
        fota_fault_text(&event->fault, text, sizeof text);
        lua_pushvalue(L, 2);
        lua_pushliteral(L, "updater");
        lua_pushfstring(L, "%s: %s", fota_error_name(event->fault.error), text);
        return tell(L, 2);
    }
    if (event->kind != FOTA_EVENT_PROGRESS)
        return false;
    lua_pushvalue(L, 2);
    lua_pushliteral(L, "progress");
    lua_pushstring(L, fota_stage_name(event->stage));
    lua_pushnumber(L, event->received);
    lua_pushnumber(L, event->total);
    lua_pushinteger(L, event->percent);
    return tell(L, 5);
}

/*
 * update(listener, run_ms) -> "reset", "cut" or "stopped": runs the resident updater. `listener`
 * hears
 * ("progress", stage, received, total, percent) and ("updater", message) of a failure that it
 * waits after; it stops the modem by returning true, as run_ms (nil: no limit) does.
 */
static int modem_update(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    const struct fota_system *system = &sim->modem.port.system;
    struct hearer hearer = {sim, 0, false};
    volatile int result = 0;
    enum stop stop;

    lua_settop(L, 3);
    if (lua_isnumber(L, 3))
        hearer.last_ms = system->ops->now_ms(system->ctx) + (uint64_t)lua_tonumber(L, 3);
    sim->host = L;
    sim->running = true;
    stop = (enum stop)setjmp(sim->stopped);
    if (stop == STOP_NONE)
        result = fota_sim_modem_update(&sim->modem, hear, &hearer);
    sim->running = false;
    fota_sim_modem_disconnect(&sim->modem);
    if (result < 0)
        return failed(L, result);
    lua_pushstring(L, stop == STOP_CUT ? "cut" : result ? "stopped" : "reset");
    return 1;
}

static int modem_image(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    const struct fota_manifest *manifest;
    void *image;
    int err;

    (void)fota_sim_modem_image(&sim->modem, &manifest, NULL);
    image = lua_newuserdata(L, manifest->result.length);
    err = fota_sim_modem_image(&sim->modem, &manifest, image);
    if (err)
        return failed(L, err);
    lua_pushlstring(L, image, manifest->result.length);
    lua_pushstring(L, manifest->version);
    fota_tool_push_number(L, manifest->sequence);
    return 3;
}

static int modem_api(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    int n = fota_lua_open(L, &sim->modem.config);

    if (n != 1)
        return n;
    /* Everything in the module refers to the face (upvalue 1), and the face to the modem. */
    lua_getfield(L, -1, "poll");
    lua_getupvalue(L, -1, 1);
    lua_getmetatable(L, -1);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "modem");
    lua_pop(L, 3);
    return 1;
}

/* ---- power, and looking ---------------------------------------------------------------------- */

static int modem_cut(lua_State *L)
{
    const char *modes[FOTA_SIM_CUTS + 1] = {NULL};
    struct sim *sim = sim_check(L, 1);
    uint32_t operation = fota_tool_check_u32(L, 2); /* 0: none */

    for (int i = 0; i < FOTA_SIM_CUTS; i++)
        modes[i] = fota_sim_cut_name((enum fota_sim_cut)i);
    fota_sim_flash_cut(sim->modem.flash, operation,
                       (enum fota_sim_cut)luaL_checkoption(L, 3, "before", modes));
    return 0;
}

static int modem_power_on(lua_State *L)
{
    struct fota_sim_modem *modem = &sim_check(L, 1)->modem;

    fota_sim_flash_power_on(modem->flash);
    modem->power_lost = true;
    return 0;
}

static int modem_power_off(lua_State *L)
{
    fota_sim_flash_power_off(sim_check(L, 1)->modem.flash);
    return 0;
}

/* rate(bytes per second), 0: no limit */
static int modem_rate(lua_State *L)
{
    sim_check(L, 1)->modem.link.rate = fota_tool_check_u32(L, 2);
    return 0;
}

/* Field `name` of the table at 2, into `out` of `size` bytes. */
static void network_text(lua_State *L, const char *name, char *out, size_t size)
{
    size_t length;
    const char *text;

    lua_getfield(L, 2, name);
    text = luaL_optlstring(L, -1, "", &length);
    luaL_argcheck(L, length < size, 2, "access point, user or password too long");
    memcpy(out, text, length + 1);
    lua_pop(L, 1);
}

/* network{apn=, user=, password=}: the network takes this access point only */
static int modem_network(lua_State *L)
{
    struct fota_apn *demanded = &sim_check(L, 1)->modem.link.demanded;

    luaL_checktype(L, 2, LUA_TTABLE);
    memset(demanded, 0, sizeof *demanded);
    network_text(L, "apn", demanded->name, sizeof demanded->name);
    network_text(L, "user", demanded->user, sizeof demanded->user);
    network_text(L, "password", demanded->password, sizeof demanded->password);
    return 0;
}

/* serve(name, bytes or nil) -> url: a file on the server inside the simulated network */
static int modem_serve(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    size_t size = 0;
    const char *name = luaL_checkstring(L, 2);
    const char *data = luaL_optlstring(L, 3, NULL, &size);
    int err;

    lua_pushfstring(L, "/%s", name);
    err = fota_sim_web_serve(&sim->modem.web, lua_tostring(L, -1), data, size);
    if (err)
        return failed(L, err);
    lua_pushfstring(L, "http://%s/%s", FOTA_SIM_WEB_HOST, name);
    return 1;
}

/* drop(bytes): the connection breaks once, after so many more bytes */
static int modem_drop(lua_State *L)
{
    struct fota_sim_link *link = &sim_check(L, 1)->modem.link;

    link->drop_at = link->received + fota_tool_check_u32(L, 2);
    return 0;
}

/* fast(yes): its clock is virtual, or the host's */
static int modem_fast(lua_State *L)
{
    fota_sim_clock_set_virtual(&sim_check(L, 1)->modem.clock, lua_toboolean(L, 2));
    return 0;
}

/* skip(ms): lets time pass at once */
static int modem_skip(lua_State *L)
{
    fota_sim_clock_skip(&sim_check(L, 1)->modem.clock, fota_tool_check_u32(L, 2));
    return 0;
}

/* now() -> milliseconds of its clock, since it was opened */
static int modem_now(lua_State *L)
{
    return sim_push_now(L, sim_check(L, 1));
}

static int modem_stats(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    struct fota_sim_stats s;

    fota_sim_flash_stats(sim->modem.flash, &s);
    lua_newtable(L);
    fota_tool_set_number(L, "programs", (int64_t)s.programs);
    fota_tool_set_number(L, "erases", (int64_t)s.erases);
    fota_tool_set_number(L, "bytes_read", (int64_t)s.bytes_read);
    fota_tool_set_number(L, "bytes_programmed", (int64_t)s.bytes_programmed);
    fota_tool_set_number(L, "most_erased", (int64_t)s.most_erased);
    fota_tool_set_number(L, "violations", (int64_t)s.violations);
    fota_tool_set_number(L, "resets", sim->modem.resets);
    fota_tool_set_number(L, "bytes_fetched", (int64_t)sim->modem.link.received);
    fota_tool_set_number(L, "connections", sim->modem.link.connections);
    if (sim->modem.nand)
        fota_tool_set_number(L, "spare_blocks", fota_nand_spares_left(&sim->modem.nand->nand));
    lua_pushstring(L, fota_sim_flash_violation(sim->modem.flash));
    lua_setfield(L, -2, "violation");
    return 1;
}

static void push_region(lua_State *L, const char *name, const struct fota_region *region)
{
    lua_newtable(L);
    fota_tool_set_number(L, "offset", region->offset);
    fota_tool_set_number(L, "size", region->size);
    fota_tool_set_number(L, "erase_unit", region->erase_unit);
    lua_setfield(L, -2, name);
}

static int modem_map(lua_State *L)
{
    const struct fota_map *map = sim_check(L, 1)->modem.port.map;

    lua_newtable(L);
    lua_pushstring(L, map->name);
    lua_setfield(L, -2, "name");
    fota_tool_set_number(L, "flash_size", map->flash_size);
    fota_tool_set_number(L, "program_unit", map->program_unit);
    push_region(L, "slot", &map->slot);
    push_region(L, "staging", &map->staging);
    push_region(L, "journal", &map->journal);
    if (map->other.size)
        push_region(L, "other", &map->other);
    return 1;
}

/* Checks that `offset` and `length` lie inside the flash. */
static uint32_t check_cells(lua_State *L, const struct sim *sim, size_t length)
{
    uint32_t offset = fota_tool_check_u32(L, 2);
    uint32_t size = sim->modem.port.map->flash_size;

    luaL_argcheck(L, length <= size && offset <= size - length, 2, "outside the flash");
    return offset;
}

static void push_cells(lua_State *L, struct sim *sim, uint32_t offset, size_t length)
{
    size_t run;
    const uint8_t *cell = fota_sim_modem_cell(&sim->modem, offset, &run);
    uint8_t *out;

    if (run >= length) {
        lua_pushlstring(L, (const char *)cell, length);
        return;
    }
    out = lua_newuserdata(L, length);
    for (size_t done = 0; done < length; done += run) {
        cell = fota_sim_modem_cell(&sim->modem, offset + (uint32_t)done, &run);
        run = run < length - done ? run : length - done;
        memcpy(out + done, cell, run);
    }
    lua_pushlstring(L, (const char *)out, length);
}

static int modem_cells(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    uint32_t size = sim->modem.port.map->flash_size;
    uint32_t length;

    if (lua_gettop(L) == 1) {
        push_cells(L, sim, 0, size);
        return 1;
    }
    length = fota_tool_check_u32(L, 3);
    luaL_argcheck(L, length <= size, 3, "outside the flash");
    push_cells(L, sim, check_cells(L, sim, length), length);
    return 1;
}

static int modem_poke(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    size_t length, run;
    const char *bytes = luaL_checklstring(L, 3, &length);
    uint32_t offset = check_cells(L, sim, length);

    for (size_t done = 0; done < length; done += run) {
        uint8_t *cell = fota_sim_modem_cell(&sim->modem, offset + (uint32_t)done, &run);

        run = run < length - done ? run : length - done;
        memcpy(cell, bytes + done, run);
    }
    return 0;
}

static int modem_wear(lua_State *L)
{
    struct sim *sim = sim_check(L, 1);
    size_t run;
    const uint8_t *cell = fota_sim_modem_cell(&sim->modem, check_cells(L, sim, 1), &run);

    lua_pushinteger(
        L, (lua_Integer)fota_sim_flash_wear(
               sim->modem.flash, (uint32_t)(cell - fota_sim_flash_cells(sim->modem.flash))));
    return 1;
}

/* ---- the module ------------------------------------------------------------------------------ */

static const luaL_Reg methods[] = {
    {"close", modem_close},
    {"trust", modem_trust},
    {"provision", modem_provision},
    {"update", modem_update},
    {"image", modem_image},
    {"api", modem_api},
    {"run", sim_run},
    {"cut", modem_cut},
    {"power_on", modem_power_on},
    {"power_off", modem_power_off},
    {"rate", modem_rate},
    {"drop", modem_drop},
    {"network", modem_network},
    {"serve", modem_serve},
    {"fast", modem_fast},
    {"skip", modem_skip},
    {"now", modem_now},
    {"stats", modem_stats},
    {"map", modem_map},
    {"cells", modem_cells},
    {"poke", modem_poke},
    {"wear", modem_wear},
    {NULL, NULL},
};

static void make_type(lua_State *L)
{
    if (!luaL_newmetatable(L, SIM_TYPE)) {
        lua_pop(L, 1);
        return;
    }
    lua_pushcfunction(L, modem_close);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    for (const luaL_Reg *m = methods; m->name; m++) {
        lua_pushcfunction(L, m->func);
        lua_setfield(L, -2, m->name);
    }
    lua_pushliteral(L, ""); /* upvalue: the state last told to the host */
    lua_pushcclosure(L, modem_boot, 1);
    lua_setfield(L, -2, "boot");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

int luaopen_fota_sim_core(lua_State *L)
{
    make_type(L);
    lua_newtable(L);
    lua_pushcfunction(L, core_open);
    lua_setfield(L, -2, "open");
    sim_lwip(L);
    return 1;
}

/*
 * A plain `require "fota"` on a host: FOTA_MODEL names the model (generic), FOTA_FLASH the file of
 * its flash (memory), FOTA_KEY the public key that it trusts (none: every package is refused).
 */
const struct fota_config *fota_lua_platform(lua_State *L)
{
    const char *model = getenv("FOTA_MODEL");
    const char *key = getenv("FOTA_KEY");
    struct sim *sim;

    make_type(L);
    if (open_sim(L, model ? model : "generic", getenv("FOTA_FLASH"), 1) != 1) {
        lua_pop(L, 1);
        return NULL;
    }
    sim = lua_touserdata(L, -1);
    luaL_ref(L, LUA_REGISTRYINDEX);
    if (key) {
        char pem[FOTA_PEM_MAX];
        FILE *file = fopen(key, "rb");
        size_t length = file ? fread(pem, 1, sizeof pem, file) : 0;
        struct fota_keypair pair;

        if (file)
            fclose(file);
        if (fota_keypair_parse(pem, length, &pair) != 0) {
            lua_pushfstring(L, "FOTA_KEY: %s is not a P-256 key in PEM", key);
            return NULL;
        }
        memcpy(sim->modem.keys[0].id, pair.id, sizeof pair.id);
        memcpy(sim->modem.keys[0].point, pair.point, sizeof pair.point);
        sim->modem.policy.key_count = 1;
        fota_keypair_clear(&pair);
    }
    return &sim->modem.config;
}
