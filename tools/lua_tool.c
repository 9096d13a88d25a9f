/*
 * lua_tool.c - the Lua module fota.tool.core: packages, keys and files for the `fota` command.
 *
 * Wrong argument types raise; everything else that goes wrong returns nil, message, code. Digests,
 * points, key ids and signatures are strings of bytes. Numbers are
 * integers where Lua has them.
 */
#include <string.h>

#include "fault.h"
#include "fota_error.h"
#include "fota_model.h"
#include "key.h"
#include "lua_tool.h"
#include "package.h"
#include "package_writer.h"
#include "platform/mbedtls/crypto.h"
#include "slot.h"

#ifndef FOTA_VERSION
#define FOTA_VERSION "unreleased"
#endif

#define KEYS_MAX 32u /* keys one verification may name */

int luaopen_fota_tool_core(lua_State *L);

/* ---- packages -------------------------------------------------------------------------------- */

static const uint8_t *check_string(lua_State *L, int index, size_t *length)
{
    luaL_checktype(L, index, LUA_TSTRING);
    return (const uint8_t *)lua_tolstring(L, index, length);
}

static const uint8_t *check_sized(lua_State *L, int index, size_t size, const char *expected)
{
    size_t length;
    const uint8_t *bytes = check_string(L, index, &length);

    luaL_argcheck(L, length == size, index, expected);
    return bytes;
}

/* parse(bytes) -> manifest; what follows the header is not looked at. */
static int tool_parse(lua_State *L)
{
    size_t length;
    const uint8_t *bytes = check_string(L, 1, &length);
    struct fota_manifest manifest;
    struct fota_fault fault;

    if (fota_package_parse(bytes, length, &manifest, &fault))
        return fota_tool_fault_result(L, &fault);
    fota_tool_push_manifest(L, &manifest);
    return 1;
}

/* write(manifest) -> header */
static int tool_write(lua_State *L)
{
    struct fota_manifest manifest;
    struct fota_fault fault;
    uint8_t header[FOTA_HEADER_MAX];
    size_t length;

    luaL_checktype(L, 1, LUA_TTABLE);
    fota_tool_read_manifest(L, 1, &manifest);
    if (fota_package_write(&manifest, header, sizeof header, &length, &fault))
        return fota_tool_fault_result(L, &fault);
    lua_pushlstring(L, (const char *)header, length);
    return 1;
}

/* add_signature(bytes, key_id, signature) -> header */
static int tool_add_signature(lua_State *L)
{
    size_t size, length;
    const uint8_t *bytes = check_string(L, 1, &size);
    const uint8_t *id = check_sized(L, 2, FOTA_KEY_ID_SIZE, "key id of 8 bytes expected");
    const uint8_t *value = check_sized(L, 3, FOTA_SIGNATURE_SIZE, "64 bytes expected");
    struct fota_package_signature signature = {FOTA_SIGNATURE_ECDSA_P256, {0}, {0}};
    struct fota_fault fault;
    uint8_t header[FOTA_HEADER_MAX];
    int err;

    memcpy(signature.key_id, id, FOTA_KEY_ID_SIZE);
    memcpy(signature.value, value, FOTA_SIGNATURE_SIZE);
    err =
        fota_package_add_signature(bytes, size, &signature, header, sizeof header, &length, &fault);
    if (err == FOTA_ERR_ARGUMENT)
        return fota_tool_failure(L, err, "this key has signed the package already");
    if (err == FOTA_ERR_STATE)
        return fota_tool_failure(L, err,
                                 "the package has two signatures already; more are not possible");
    if (err)
        return fota_tool_fault_result(L, &fault);
    lua_pushlstring(L, (const char *)header, length);
    return 1;
}

/* digest(bytes) -> SHA-256 */
static int tool_digest(lua_State *L)
{
    const struct fota_crypto_ops *crypto = &fota_mbedtls_crypto;
    size_t length;
    const uint8_t *bytes = check_string(L, 1, &length);
    uint8_t digest[FOTA_DIGEST_SIZE];
    struct fota_sha256 sha;
    int err, finish;

    if (crypto->sha256_start(&sha))
        return fota_tool_crypto_failure(L);
    err = crypto->sha256_update(&sha, bytes, length);
    finish = crypto->sha256_finish(&sha, digest);
    if (err || finish)
        return fota_tool_crypto_failure(L);
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

/* successor_digest(point) -> SHA-256 of what a key signs to vouch for the one at `point` */
static int tool_successor_digest(lua_State *L)
{
    const uint8_t *point = check_sized(L, 1, FOTA_PUBLIC_KEY_SIZE, "point of 64 bytes expected");
    uint8_t digest[FOTA_DIGEST_SIZE];

    if (fota_successor_digest(&fota_mbedtls_crypto, point, digest))
        return fota_tool_crypto_failure(L);
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

static void read_policy(lua_State *L, int index, struct fota_policy *policy)
{
    struct fota_tool_reader r = {L, index, NULL};

    memset(policy, 0, sizeof *policy);
    if (lua_isnoneornil(L, index))
        return;
    luaL_checktype(L, index, LUA_TTABLE);
    fota_tool_get_u8(&r, "signatures", 0, &policy->signatures);
    fota_tool_get_number(&r, "newest_known", INT64_MAX, &policy->newest_known);
    fota_tool_get_u32(&r, "decoder_ram", 0, &policy->decoder_ram);
    policy->production = fota_tool_get_flag(&r, "production");
    policy->allow_same = fota_tool_get_flag(&r, "allow_same");
    policy->require_clock = fota_tool_get_flag(&r, "require_clock");
}

static size_t read_keys(lua_State *L, int index, struct fota_key keys[KEYS_MAX])
{
    struct fota_tool_reader list = {L, index, NULL};
    size_t count;

    luaL_checktype(L, index, LUA_TTABLE);
    count = fota_tool_raw_length(L, index);
    luaL_argcheck(L, count <= KEYS_MAX, index, "too many keys");
    lua_pushvalue(L, index);
    for (size_t i = 0; i < count; i++) {
        struct fota_tool_reader r = fota_tool_enter(&list, "keys", i);

        if (!fota_tool_get_bytes(&r, "point", keys[i].point, FOTA_PUBLIC_KEY_SIZE))
            luaL_error(L, "bad field 'keys' (point expected)");
        keys[i].development = fota_tool_get_flag(&r, "development");
        if (fota_key_id(keys[i].point, keys[i].id))
            luaL_error(L, "the cryptographic library failed");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return count;
}

/* verify(bytes, keys, policy) -> true */
static int tool_verify(lua_State *L)
{
    size_t length;
    const uint8_t *bytes = check_string(L, 1, &length);
    struct fota_key keys[KEYS_MAX];
    struct fota_manifest manifest;
    struct fota_policy policy;
    struct fota_fault fault;

    read_policy(L, 3, &policy);
    policy.key_count = read_keys(L, 2, keys);
    policy.keys = keys;
    if (fota_package_parse(bytes, length, &manifest, &fault) ||
        fota_package_verify(&fota_mbedtls_crypto, &policy, bytes, &manifest, &fault))
        return fota_tool_fault_result(L, &fault);
    lua_pushboolean(L, true);
    return 1;
}

/* The texts lie in `names`, the key that counts in `successors`. */
static void read_device(lua_State *L, int index, struct fota_device *device,
                        struct fota_object *image, struct fota_successor *successors,
                        char names[2][FOTA_NAME_MAX + 1])
{
    struct fota_tool_reader r = {L, index, NULL};

    luaL_checktype(L, index, LUA_TTABLE);
    memset(device, 0, sizeof *device);
    device->slot_size = UINT32_MAX;
    device->staging_size = UINT32_MAX;
    device->time = -1;
    fota_tool_get_text(&r, "vendor", 0, names[0], FOTA_NAME_MAX);
    fota_tool_get_text(&r, "model", 0, names[1], FOTA_NAME_MAX);
    device->vendor = names[0];
    device->model = names[1];
    fota_tool_get_u32(&r, "slot_size", 0, &device->slot_size);
    fota_tool_get_u32(&r, "staging_size", 0, &device->staging_size);
    fota_tool_get_u32(&r, "counter", 0, &device->counter);
    fota_tool_get_u32(&r, "sequence", 0, &device->sequence);
    fota_tool_get_number(&r, "time", INT64_MAX, &device->time);
    if (fota_tool_get_object(&r, "image", 0, image))
        device->image = image;
    device->key_generation = fota_tool_get_successors(&r, successors);
    if (device->key_generation)
        device->key = &successors[device->key_generation - 1];
}

/* What the field `map` says of the flash (see fota_tool_map()) for that package: stages of a set
 * lie elsewhere than a package by itself, and are expected. */
static void read_map(lua_State *L, int index, const struct fota_manifest *m, struct fota_map *map,
                     struct fota_device *device)
{
    lua_getfield(L, index, "map");
    if (!lua_isnil(L, -1)) {
        if (!fota_tool_map(luaL_checkstring(L, -1), map))
            luaL_error(L, "bad field 'map' (no model and no geometry)");
        device->slot_size = fota_slot_capacity(map);
        device->staging_size = fota_payload_capacity(map, FOTA_FORMAT_FULL);
        device->map = map;
    }
    lua_pop(L, 1);
    if (m->set_stages < 2)
        return;
    device->set_stage = m->set_stage;
    device->set_id = m->set_id;
    if (device->map && m->set_stage == FOTA_SET_UPDATER)
        device->staging_size = fota_mini_capacity(map);
    else
        device->staging_size = UINT32_MAX;
    device->map = NULL;
}

/* judge(bytes, device, policy) -> true */
static int tool_judge(lua_State *L)
{
    size_t length;
    const uint8_t *bytes = check_string(L, 1, &length);
    char names[2][FOTA_NAME_MAX + 1] = {{0}, {0}};
    struct fota_manifest manifest;
    struct fota_device device;
    struct fota_policy policy;
    struct fota_object image;
    struct fota_successor successors[FOTA_SUCCESSORS_MAX];
    struct fota_fault fault;
    struct fota_map map;

    read_device(L, 2, &device, &image, successors, names);
    read_policy(L, 3, &policy);
    if (fota_package_parse(bytes, length, &manifest, &fault))
        return fota_tool_fault_result(L, &fault);
    read_map(L, 2, &manifest, &map, &device);
    if (fota_package_judge(&manifest, &policy, &device, &fault))
        return fota_tool_fault_result(L, &fault);
    lua_pushboolean(L, true);
    return 1;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static int push_key(lua_State *L, struct fota_keypair *key)
{
    char pem[FOTA_PEM_MAX];

    if (fota_keypair_public_pem(key, pem)) {
        fota_keypair_clear(key);
        return fota_tool_crypto_failure(L);
    }
    lua_createtable(L, 0, 4);
    fota_tool_set_bytes(L, "point", key->point, sizeof key->point);
    fota_tool_set_bytes(L, "id", key->id, sizeof key->id);
    fota_tool_set_flag(L, "private", key->has_secret);
    fota_tool_set_text(L, "public_pem", pem);
    fota_keypair_clear(key);
    return 1;
}

/* keygen() -> private PEM */
static int tool_keygen(lua_State *L)
{
    struct fota_keypair key;
    char pem[FOTA_PEM_MAX];
    int err = fota_keypair_generate(&key);

    if (!err)
        err = fota_keypair_private_pem(&key, pem);
    fota_keypair_clear(&key);
    if (err)
        return fota_tool_crypto_failure(L);
    lua_pushstring(L, pem);
    return 1;
}

static int key_failure(lua_State *L, int err)
{
    if (err == FOTA_ERR_ARGUMENT)
        return fota_tool_failure(L, err, "not an unencrypted P-256 key in PEM");
    return fota_tool_crypto_failure(L);
}

/* key(pem) -> {point, id, private, public_pem} */
static int tool_key(lua_State *L)
{
    size_t length;
    const uint8_t *pem = check_string(L, 1, &length);
    struct fota_keypair key;
    int err = fota_keypair_parse((const char *)pem, length, &key);

    return err ? key_failure(L, err) : push_key(L, &key);
}

/* sign(pem, digest) -> signature */
static int tool_sign(lua_State *L)
{
    size_t length;
    const uint8_t *pem = check_string(L, 1, &length);
    const uint8_t *digest = check_sized(L, 2, FOTA_DIGEST_SIZE, "digest of 32 bytes expected");
    uint8_t signature[FOTA_SIGNATURE_SIZE];
    struct fota_keypair key;
    int err = fota_keypair_parse((const char *)pem, length, &key);

    if (err)
        return key_failure(L, err);
    err = fota_keypair_sign(&key, digest, signature);
    fota_keypair_clear(&key);
    if (err == FOTA_ERR_ARGUMENT)
        return fota_tool_failure(L, err, "the key has no private half");
    if (err)
        return fota_tool_crypto_failure(L);
    lua_pushlstring(L, (const char *)signature, sizeof signature);
    return 1;
}

/* signature(bytes) -> r and s, of DER or of r and s */
static int tool_signature(lua_State *L)
{
    size_t length;
    const uint8_t *bytes = check_string(L, 1, &length);
    uint8_t signature[FOTA_SIGNATURE_SIZE];

    if (fota_signature_convert(bytes, length, signature))
        return fota_tool_failure(L, FOTA_ERR_ARGUMENT,
                                 "not a P-256 signature: neither DER nor 64 bytes of r and s");
    lua_pushlstring(L, (const char *)signature, sizeof signature);
    return 1;
}

/* check(point, digest, signature) -> true */
static int tool_check(lua_State *L)
{
    const uint8_t *point = check_sized(L, 1, FOTA_PUBLIC_KEY_SIZE, "point of 64 bytes expected");
    const uint8_t *digest = check_sized(L, 2, FOTA_DIGEST_SIZE, "digest of 32 bytes expected");
    const uint8_t *value = check_sized(L, 3, FOTA_SIGNATURE_SIZE, "64 bytes expected");
    int err = fota_mbedtls_crypto.ecdsa_verify(point, digest, value);

    if (err == FOTA_ERR_SIGNATURE)
        return fota_tool_failure(L, err, "the signature does not belong to the digest and the key");
    if (err)
        return fota_tool_crypto_failure(L);
    lua_pushboolean(L, true);
    return 1;
}

/* ---- tables of the engine -------------------------------------------------------------------- */

/* models() -> list of rows */
static int tool_models(lua_State *L)
{
    static const char *const features[] = {
        "http", "local_upgrade", "reset_disable", "mini", "tls_params", "ftp", "apn", "cancel",
    };
    const struct fota_model *model;

    lua_newtable(L);
    for (int i = 0; (model = fota_model_at((size_t)i)) != NULL; i++) {
        lua_createtable(L, 0, 16);
        fota_tool_set_text(L, "name", model->name);
        fota_tool_set_text(L, "family", fota_family_name(model->family));
        fota_tool_set_text(L, "chip", model->chip);
        fota_tool_set_text(L, "core", model->core);
        fota_tool_set_flag(L, "asynchronous", model->asynchronous);
        fota_tool_set_flag(L, "code_second", model->code_second);
        for (size_t bit = 0; bit < sizeof features / sizeof *features; bit++)
            fota_tool_set_flag(L, features[bit], fota_model_has(model, 1u << bit));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* errors() -> list of rows */
static int tool_errors(lua_State *L)
{
    const struct fota_error_row *row;

    lua_newtable(L);
    for (int i = 0; (row = fota_error_at((size_t)i)) != NULL; i++) {
        lua_createtable(L, 0, 6);
        fota_tool_set_number(L, "code", row->error);
        fota_tool_set_text(L, "name", row->name);
        fota_tool_set_text(L, "text", fota_error_text(row));
        fota_tool_set_text(L, "stage", fota_stage_name(row->stage));
        fota_tool_set_number(L, "class", row->result);
        fota_tool_set_flag(L, "retryable", row->retryable);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"parse", tool_parse},
    {"write", tool_write},
    {"add_signature", tool_add_signature},
    {"digest", tool_digest},
    {"successor_digest", tool_successor_digest},
    {"verify", tool_verify},
    {"judge", tool_judge},
    {"keygen", tool_keygen},
    {"key", tool_key},
    {"sign", tool_sign},
    {"signature", tool_signature},
    {"check", tool_check},
    {"models", tool_models},
    {"errors", tool_errors},
    {"list", fota_tool_list},
    {"save", fota_tool_save},
    {"run", fota_tool_run},
    {"terminal", fota_tool_terminal},
    {"peak_memory", fota_tool_peak_memory},
    {"diff", fota_tool_diff},
    {"apply", fota_tool_apply},
    {"append_undo", fota_tool_append_undo},
    {"is_geometry", fota_tool_is_geometry},
    {"plan", fota_tool_plan},
    {"explain", fota_tool_explain},
    {NULL, NULL},
};

int luaopen_fota_tool_core(lua_State *L)
{
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    fota_tool_set_text(L, "VERSION", FOTA_VERSION);
    return 1;
}
