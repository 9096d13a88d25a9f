/* Lua tables to C structures and back. */
#include "lua_tool.h"

#include <string.h>

#include "fault.h"

/* ---- numbers and results --------------------------------------------------------------------- */

void fota_tool_push_number(lua_State *L, int64_t value)
{
    lua_Integer integer = (lua_Integer)value;

    if (integer == value)
        lua_pushinteger(L, integer);
    else
        lua_pushnumber(L, (lua_Number)value);
}

bool fota_tool_read_number(lua_State *L, int index, int64_t *value)
{
    lua_Number number;

    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        *value = (int64_t)lua_tointeger(L, index);
        return true;
    }
#endif
    number = lua_tonumber(L, index);
    /* Beyond 2^53 a float is not exact; the comparison refuses NaN as well. */
    if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0))
        return false;
    *value = (int64_t)number;
    return (lua_Number)*value == number;
}

uint32_t fota_tool_check_u32(lua_State *L, int index)
{
    int64_t value;

    luaL_checktype(L, index, LUA_TNUMBER);
    luaL_argcheck(L, fota_tool_read_number(L, index, &value) && value >= 0 && value <= UINT32_MAX,
                  index, "a whole number from 0 to 4294967295 expected");
    return (uint32_t)value;
}

int fota_tool_fault_result(lua_State *L, const struct fota_fault *fault)
{
    char text[FOTA_TEXT_MAX];

    fota_fault_text(fault, text, sizeof text);
    lua_pushnil(L);
    lua_pushstring(L, text);
    fota_tool_push_number(L, fault->error);
    return 3;
}

int fota_tool_failure(lua_State *L, int error, const char *message)
{
    lua_pushnil(L);
    lua_pushstring(L, message);
    fota_tool_push_number(L, error);
    return 3;
}

int fota_tool_crypto_failure(lua_State *L)
{
    struct fota_fault fault;

    fota_fail(&fault, FOTA_ERR_CRYPTO, FOTA_STAGE_VERIFY, 0, 0);
    return fota_tool_fault_result(L, &fault);
}

/* nil, "path: why", the C library's errno. */
int fota_tool_system_failure(lua_State *L, const char *path, int number)
{
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, strerror(number));
    fota_tool_push_number(L, number);
    return 3;
}

/* ---- tables: writing ------------------------------------------------------------------------- */

void fota_tool_set_number(lua_State *L, const char *name, int64_t value)
{
    fota_tool_push_number(L, value);
    lua_setfield(L, -2, name);
}

void fota_tool_set_text(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

void fota_tool_set_bytes(lua_State *L, const char *name, const void *value, size_t length)
{
    lua_pushlstring(L, value, length);
    lua_setfield(L, -2, name);
}

void fota_tool_set_flag(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static void set_object(lua_State *L, const char *name, const struct fota_object *object)
{
    lua_createtable(L, 0, 2);
    fota_tool_set_number(L, "length", object->length);
    fota_tool_set_bytes(L, "digest", object->digest, sizeof object->digest);
    lua_setfield(L, -2, name);
}

static void set_lists(lua_State *L, const struct fota_manifest *m)
{
    lua_createtable(L, m->class_count, 0);
    for (int i = 0; i < m->class_count; i++) {
        lua_pushstring(L, m->class_names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "models");
    if (m->present & 1u << FOTA_FIELD_REQUIRES) {
        lua_createtable(L, m->requires_count, 0);
        for (int i = 0; i < m->requires_count; i++) {
            lua_createtable(L, 0, 2);
            fota_tool_set_number(L, "first", m->requires[i].first);
            fota_tool_set_number(L, "last", m->requires[i].last);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, "requires");
    }
    lua_createtable(L, m->signature_count, 0);
    for (int i = 0; i < m->signature_count; i++) {
        lua_createtable(L, 0, 3);
        fota_tool_set_number(L, "algorithm", m->signatures[i].algorithm);
        fota_tool_set_bytes(L, "key_id", m->signatures[i].key_id, FOTA_KEY_ID_SIZE);
        fota_tool_set_bytes(L, "value", m->signatures[i].value, FOTA_SIGNATURE_SIZE);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "signatures");
    lua_createtable(L, m->successor_count, 0);
    for (int i = 0; i < m->successor_count; i++) {
        const struct fota_successor *s = &m->successors[i];

        lua_createtable(L, 0, 3);
        fota_tool_set_bytes(L, "point", s->point, sizeof s->point);
        fota_tool_set_bytes(L, "voucher", s->voucher, sizeof s->voucher);
        fota_tool_set_bytes(L, "value", s->value, sizeof s->value);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "successors");
}

static void set_optional(lua_State *L, const struct fota_manifest *m)
{
    if (m->present & 1u << FOTA_FIELD_LOCATION)
        fota_tool_set_number(L, "location", m->location);
    if (m->present & 1u << FOTA_FIELD_PARAMETERS) {
        fota_tool_set_number(L, "decoder_ram", m->decoder_ram);
        fota_tool_set_number(L, "segment_size", m->segment_size);
        fota_tool_set_number(L, "spare_size", m->spare_size);
    }
    if (m->present & 1u << FOTA_FIELD_PRECURSOR)
        set_object(L, "precursor", &m->precursor);
    if (m->present & 1u << FOTA_FIELD_EXPIRY)
        fota_tool_set_number(L, "expiry", (int64_t)m->expiry);
    if (m->present & 1u << FOTA_FIELD_CONFIRM)
        fota_tool_set_number(L, "confirm_after", m->confirm_after_s);
    if (m->present & 1u << FOTA_FIELD_SEVERITY)
        fota_tool_set_number(L, "severity", m->severity);
    if (m->present & 1u << FOTA_FIELD_SET) {
        fota_tool_set_bytes(L, "set_id", m->set_id, sizeof m->set_id);
        fota_tool_set_number(L, "set_stage", m->set_stage);
        fota_tool_set_number(L, "set_stages", m->set_stages);
    }
    if (m->present & 1u << FOTA_FIELD_TEXT)
        fota_tool_set_text(L, "text", m->text);
}

void fota_tool_push_manifest(lua_State *L, const struct fota_manifest *m)
{
    lua_createtable(L, 0, 20);
    fota_tool_set_number(L, "sequence", m->sequence);
    fota_tool_set_text(L, "vendor", m->vendor);
    fota_tool_set_number(L, "component", m->component);
    fota_tool_set_number(L, "format", m->format);
    set_object(L, "payload", &m->payload);
    set_object(L, "result", &m->result);
    fota_tool_set_text(L, "version", m->version);
    set_optional(L, m);
    set_lists(L, m);
    fota_tool_set_number(L, "signed_length", m->signed_length);
    fota_tool_set_number(L, "header_length", m->header_length);
}

/* ---- tables: reading ------------------------------------------------------------------------- */

static int wrong(lua_State *L, const char *name, const char *expected)
{
    return luaL_error(L, "bad field '%s' (%s expected, got %s)", name, expected,
                      luaL_typename(L, -1));
}

/* Pushes field `name`; false, with nothing pushed: it is absent. */
static bool fetch(const struct fota_tool_reader *r, const char *name)
{
    lua_getfield(r->L, r->table, name);
    if (!lua_isnil(r->L, -1))
        return true;
    lua_pop(r->L, 1);
    return false;
}

static void mark(const struct fota_tool_reader *r, unsigned field)
{
    if (r->manifest)
        r->manifest->present |= 1u << field;
}

bool fota_tool_get_number(const struct fota_tool_reader *r, const char *name, int64_t max,
                          int64_t *value)
{
    if (!fetch(r, name))
        return false;
    if (!fota_tool_read_number(r->L, -1, value))
        wrong(r->L, name, "whole number");
    if (*value < 0 || *value > max)
        luaL_error(r->L, "bad field '%s' (out of range)", name);
    lua_pop(r->L, 1);
    return true;
}

bool fota_tool_get_u32(const struct fota_tool_reader *r, const char *name, unsigned field,
                       uint32_t *out)
{
    int64_t value;

    if (!fota_tool_get_number(r, name, UINT32_MAX, &value))
        return false;
    *out = (uint32_t)value;
    mark(r, field);
    return true;
}

bool fota_tool_get_u8(const struct fota_tool_reader *r, const char *name, unsigned field,
                      uint8_t *out)
{
    int64_t value;

    if (!fota_tool_get_number(r, name, UINT8_MAX, &value))
        return false;
    *out = (uint8_t)value;
    mark(r, field);
    return true;
}

bool fota_tool_get_flag(const struct fota_tool_reader *r, const char *name)
{
    bool value;

    if (!fetch(r, name))
        return false;
    if (!lua_isboolean(r->L, -1))
        wrong(r->L, name, "boolean");
    value = lua_toboolean(r->L, -1);
    lua_pop(r->L, 1);
    return value;
}

/* Copies the text on top of the stack and pops it. */
static void take_text(lua_State *L, const char *name, char *out, size_t max)
{
    size_t length;
    const char *text;

    if (lua_type(L, -1) != LUA_TSTRING)
        wrong(L, name, "string");
    text = lua_tolstring(L, -1, &length);
    if (length > max)
        luaL_error(L, "bad field '%s' (at most %d characters)", name, (int)max);
    if (memchr(text, '\0', length))
        luaL_error(L, "bad field '%s' (text contains a zero byte)", name);
    memcpy(out, text, length + 1);
    lua_pop(L, 1);
}

bool fota_tool_get_text(const struct fota_tool_reader *r, const char *name, unsigned field,
                        char *out, size_t max)
{
    if (!fetch(r, name))
        return false;
    take_text(r->L, name, out, max);
    mark(r, field);
    return true;
}

/* Reads a string of exactly `size` bytes; false: it is absent. */
bool fota_tool_get_bytes(const struct fota_tool_reader *r, const char *name, uint8_t *out,
                         size_t size)
{
    size_t length;
    const char *bytes;

    if (!fetch(r, name))
        return false;
    if (lua_type(r->L, -1) != LUA_TSTRING)
        wrong(r->L, name, "string");
    bytes = lua_tolstring(r->L, -1, &length);
    if (length != size)
        luaL_error(r->L, "bad field '%s' (%d bytes expected, got %d)", name, (int)size,
                   (int)length);
    memcpy(out, bytes, size);
    lua_pop(r->L, 1);
    return true;
}

static bool get_table(const struct fota_tool_reader *r, const char *name)
{
    if (!fetch(r, name))
        return false;
    if (!lua_istable(r->L, -1))
        wrong(r->L, name, "table");
    return true;
}

bool fota_tool_get_object(const struct fota_tool_reader *r, const char *name, unsigned field,
                          struct fota_object *object)
{
    struct fota_tool_reader inner = {r->L, 0, NULL};

    if (!get_table(r, name))
        return false;
    inner.table = lua_gettop(r->L);
    if (!fota_tool_get_u32(&inner, "length", 0, &object->length) ||
        !fota_tool_get_bytes(&inner, "digest", object->digest, sizeof object->digest))
        luaL_error(r->L, "bad field '%s' (length and digest expected)", name);
    lua_pop(r->L, 1);
    mark(r, field);
    return true;
}

/* Pushes list `name`; its length, 0 with nothing pushed when it is absent. */
static size_t get_list(const struct fota_tool_reader *r, const char *name, size_t max)
{
    size_t count;

    if (!get_table(r, name))
        return 0;
    count = fota_tool_raw_length(r->L, -1);
    if (count > max)
        luaL_error(r->L, "bad field '%s' (at most %d entries)", name, (int)max);
    if (count == 0)
        lua_pop(r->L, 1);
    return count;
}

static void get_models(const struct fota_tool_reader *r, struct fota_manifest *m)
{
    size_t count = get_list(r, "models", FOTA_CLASSES_MAX);

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(r->L, -1, (int)i + 1);
        take_text(r->L, "models", m->class_names[i], FOTA_NAME_MAX);
    }
    lua_pop(r->L, 1);
    m->class_count = (uint8_t)count;
    mark(r, FOTA_FIELD_CLASS);
}

/* Pushes entry `index` of the list on top of the stack. */
struct fota_tool_reader fota_tool_enter(const struct fota_tool_reader *r, const char *name,
                                        size_t index)
{
    struct fota_tool_reader inner = {r->L, 0, NULL};

    lua_rawgeti(r->L, -1, (int)index + 1);
    if (!lua_istable(r->L, -1))
        wrong(r->L, name, "list of tables");
    inner.table = lua_gettop(r->L);
    return inner;
}

static void get_requires(const struct fota_tool_reader *r, struct fota_manifest *m)
{
    size_t count = get_list(r, "requires", FOTA_REQUIRES_MAX);

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct fota_tool_reader inner = fota_tool_enter(r, "requires", i);

        if (!fota_tool_get_u32(&inner, "first", 0, &m->requires[i].first) ||
            !fota_tool_get_u32(&inner, "last", 0, &m->requires[i].last))
            luaL_error(r->L, "bad field 'requires' (first and last expected)");
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    m->requires_count = (uint8_t)count;
    mark(r, FOTA_FIELD_REQUIRES);
}

static void get_signatures(const struct fota_tool_reader *r, struct fota_manifest *m)
{
    size_t count = get_list(r, "signatures", FOTA_SIGNATURES_MAX);

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct fota_tool_reader inner = fota_tool_enter(r, "signatures", i);
        struct fota_package_signature *s = &m->signatures[i];
        int64_t algorithm = FOTA_SIGNATURE_ECDSA_P256;

        fota_tool_get_number(&inner, "algorithm", UINT16_MAX, &algorithm);
        s->algorithm = (uint16_t)algorithm;
        if (!fota_tool_get_bytes(&inner, "key_id", s->key_id, sizeof s->key_id) ||
            !fota_tool_get_bytes(&inner, "value", s->value, sizeof s->value))
            luaL_error(r->L, "bad field 'signatures' (key_id and value expected)");
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    m->signature_count = (uint8_t)count;
}

uint8_t fota_tool_get_successors(const struct fota_tool_reader *r, struct fota_successor *out)
{
    size_t count = get_list(r, "successors", FOTA_SUCCESSORS_MAX);

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct fota_tool_reader inner = fota_tool_enter(r, "successors", i);

        if (!fota_tool_get_bytes(&inner, "point", out[i].point, sizeof out[i].point) ||
            !fota_tool_get_bytes(&inner, "voucher", out[i].voucher, sizeof out[i].voucher) ||
            !fota_tool_get_bytes(&inner, "value", out[i].value, sizeof out[i].value))
            luaL_error(r->L, "bad field 'successors' (point, voucher and value expected)");
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    mark(r, FOTA_FIELD_SUCCESSOR);
    return (uint8_t)count;
}

void fota_tool_read_manifest(lua_State *L, int index, struct fota_manifest *m)
{
    struct fota_tool_reader r = {L, index, m};
    int64_t expiry;

    memset(m, 0, sizeof *m);
    fota_tool_get_u32(&r, "sequence", FOTA_FIELD_SEQUENCE, &m->sequence);
    fota_tool_get_text(&r, "vendor", FOTA_FIELD_VENDOR, m->vendor, FOTA_NAME_MAX);
    get_models(&r, m);
    fota_tool_get_u8(&r, "component", FOTA_FIELD_COMPONENT, &m->component);
    fota_tool_get_u32(&r, "location", FOTA_FIELD_LOCATION, &m->location);
    fota_tool_get_u8(&r, "format", FOTA_FIELD_FORMAT, &m->format);
    fota_tool_get_u32(&r, "decoder_ram", FOTA_FIELD_PARAMETERS, &m->decoder_ram);
    fota_tool_get_u32(&r, "segment_size", FOTA_FIELD_PARAMETERS, &m->segment_size);
    fota_tool_get_u32(&r, "spare_size", FOTA_FIELD_PARAMETERS, &m->spare_size);
    fota_tool_get_object(&r, "payload", FOTA_FIELD_PAYLOAD, &m->payload);
    fota_tool_get_object(&r, "result", FOTA_FIELD_RESULT, &m->result);
    fota_tool_get_object(&r, "precursor", FOTA_FIELD_PRECURSOR, &m->precursor);
    fota_tool_get_text(&r, "version", FOTA_FIELD_VERSION, m->version, FOTA_NAME_MAX);
    get_requires(&r, m);
    if (fota_tool_get_number(&r, "expiry", INT64_MAX, &expiry)) {
        m->expiry = (uint64_t)expiry;
        mark(&r, FOTA_FIELD_EXPIRY);
    }
    fota_tool_get_u32(&r, "confirm_after", FOTA_FIELD_CONFIRM, &m->confirm_after_s);
    fota_tool_get_u8(&r, "severity", FOTA_FIELD_SEVERITY, &m->severity);
    if (fota_tool_get_bytes(&r, "set_id", m->set_id, sizeof m->set_id))
        mark(&r, FOTA_FIELD_SET);
    fota_tool_get_u8(&r, "set_stage", FOTA_FIELD_SET, &m->set_stage);
    fota_tool_get_u8(&r, "set_stages", FOTA_FIELD_SET, &m->set_stages);
    fota_tool_get_text(&r, "text", FOTA_FIELD_TEXT, m->text, FOTA_TEXT_FIELD_MAX);
    m->successor_count = fota_tool_get_successors(&r, m->successors);
    get_signatures(&r, m);
}
