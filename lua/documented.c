/* QuecPython's calls. Arguments and results are as the vendor documents them. */
#include <string.h>

#include "lua/face.h"
#include "url.h"

/* `format` has one %s, for `what`. */
static int bad_argument(lua_State *L, const char *format, const char *what)
{
    lua_pushinteger(L, -1);
    lua_pushfstring(L, "%s: ", fota_error_name(FOTA_ERR_ARGUMENT));
    lua_pushfstring(L, format, what);
    lua_concat(L, 2);
    lua_pushinteger(L, FOTA_ERR_ARGUMENT);
    return 3;
}

static int missing_url(lua_State *L, const char *name)
{
    return bad_argument(L, "%s is missing; give the package's url", name);
}

static int unsupported(lua_State *L, const struct face *face, enum fota_feature feature)
{
    char text[FOTA_TEXT_MAX];

    fota_model_refusal(face->config->model, feature, text, sizeof text);
    return fota_lua_refused(L, FOTA_ERR_UNSUPPORTED, 0, text);
}

static bool can(const struct face *face, enum fota_feature feature)
{
    return fota_model_has(face->config->model, feature);
}

/* ---- remote ---------------------------------------------------------------------------------- */

static int bad_tls(lua_State *L, const char *problem)
{
    return fota_lua_refused(L, FOTA_ERR_TLS_PARAMS, 0, problem);
}

/* The url is the string at `index`; the callback, if there is one, is on top. */
static int begin_kind(lua_State *L, struct face *face, int index, bool has_callback,
                      const struct job *kind)
{
    struct ending ending = {0, ""};

    if (fota_lua_begin(L, face, index, has_callback, kind, &ending) != 0 ||
        face->config->model->asynchronous)
        return fota_lua_push_documented(L, &ending);
    return fota_lua_wait_documented(L, face);
}

/* The url is the string at `index`, that of a mini fota's second stage the one at `second` (0:
 * none), ssl_params the table at `ssl` (0: none); the callback, if there is one, is on top. */
static int begin_download(lua_State *L, struct face *face, int index, int second, bool has_callback,
                          int ssl)
{
    struct job kind = {.keep_awake = fota_lua_check_object(L)->keep_awake};
    const char *url = lua_tostring(L, index);
    const char *problem;
    size_t length;

    if (second) {
        url = kind.url2 = lua_tolstring(L, second, &length);
        if (strlen(url) != length)
            return fota_lua_refused(L, FOTA_ERR_URL, (uint32_t)strlen(url), NULL);
    }
    problem = fota_lua_tls(L, face, ssl, url, &kind);
    if (problem)
        return bad_tls(L, problem);
    return begin_kind(L, face, index, has_callback, &kind);
}

/* Raises if the table at `index` cannot be meant as ssl_params. */
static void check_ssl_params(lua_State *L, int index)
{
    static const char *const known[] = {"ca_cert",     "client_cert", "client_key",
                                        "ssl_version", "sec_level",   NULL};

    fota_lua_check_keys(L, index, known);
    for (size_t i = 0; known[i]; i++) {
        fota_lua_typed_field(L, index, known[i], i < 3 ? LUA_TSTRING : LUA_TNUMBER);
        lua_pop(L, 1);
    }
}

static bool has_scheme(lua_State *L, int index, enum fota_scheme *scheme)
{
    struct fota_fault ignored;
    struct fota_url url;
    size_t length;
    const char *text = lua_tolstring(L, index, &length);

    if (fota_url_parse(text, length, FOTA_URL_MAX, &url, &ignored) != 0)
        return false;
    *scheme = url.scheme;
    return true;
}

static int http_download(lua_State *L)
{
    static const char *const known[] = {"url1", "url2", "callback", "ssl_params", NULL};
    enum { URL1 = 3, URL2, SSL };
    struct face *face = face_of(L);
    bool has_url1, has_url2, has_callback, has_ssl;
    enum fota_scheme scheme;

    fota_lua_check_object(L);
    if (!fota_lua_named_arguments(L, true, known))
        return begin_download(L, face, 2, 0, false, 0);
    has_url1 = fota_lua_typed_field(L, 2, "url1", LUA_TSTRING);
    has_url2 = fota_lua_typed_field(L, 2, "url2", LUA_TSTRING);
    has_ssl = fota_lua_typed_field(L, 2, "ssl_params", LUA_TTABLE);
    if (has_ssl)
        check_ssl_params(L, SSL);
    has_callback = fota_lua_callable_field(L, 2, "callback");
    if (has_url2 && !can(face, FOTA_FEATURE_MINI))
        return unsupported(L, face, FOTA_FEATURE_MINI);
    if (has_ssl && !can(face, FOTA_FEATURE_TLS_PARAMS))
        return unsupported(L, face, FOTA_FEATURE_TLS_PARAMS);
    if (has_url2 && has_callback)
        return fota_lua_refused(L, FOTA_ERR_UNSUPPORTED, 0,
                                "a callback is not supported with url2 (mini fota)");
    if (!has_url1)
        return missing_url(L, "url1");
    /* A call that asks for TLS must not send a password in the clear. */
    for (int url = URL1; has_ssl && url <= (has_url2 ? URL2 : URL1); url++)
        if (has_scheme(L, url, &scheme) && scheme == FOTA_SCHEME_FTP)
            return fota_lua_refused(L, FOTA_ERR_UNSUPPORTED, 0,
                                    "ssl_params are for https:// and ftps:// urls, not for ftp://");
    return begin_download(L, face, URL1, has_url2 ? URL2 : 0, has_callback, has_ssl ? SSL : 0);
}

/* The document has only one status for success. A scheme that belongs to another call is refused
 * here; anything that is not a url is refused by the engine. */
static int ftp_download(lua_State *L)
{
    static const char *const known[] = {"url", "callback", NULL};
    enum { TEXT = 2, URL };
    struct job kind = {.one_status = true};
    struct face *face = face_of(L);
    bool has_url = true, has_callback = false;
    enum fota_scheme scheme;
    const char *problem;
    int index = TEXT;

    kind.keep_awake = fota_lua_check_object(L)->keep_awake;
    if (fota_lua_named_arguments(L, true, known)) {
        index = URL;
        has_url = fota_lua_typed_field(L, 2, "url", LUA_TSTRING);
        has_callback = fota_lua_callable_field(L, 2, "callback");
    }
    if (!can(face, FOTA_FEATURE_FTP))
        return unsupported(L, face, FOTA_FEATURE_FTP);
    if (!has_url)
        return missing_url(L, "url");
    if (has_scheme(L, index, &scheme) && scheme < FOTA_SCHEME_FTP)
        return fota_lua_refused(
            L, FOTA_ERR_UNSUPPORTED, 0,
            "ftpDownload fetches ftp:// and ftps:// urls; use httpDownload for this one");
    problem = fota_lua_tls(L, face, 0, lua_tostring(L, index), &kind);
    return problem ? bad_tls(L, problem) : begin_kind(L, face, index, has_callback, &kind);
}

/* Copies the string at `index`, if there is one; false: it does not fit. */
static bool copy_text(lua_State *L, int index, char *out, size_t max)
{
    size_t length;
    const char *text = lua_tolstring(L, index, &length);

    if (!text)
        return true;
    if (length > max || strlen(text) != length)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

static int apn_set(lua_State *L)
{
    static const char *const known[] = {"fota_apn", "ip_type", "fota_user", "fota_password", NULL};
    enum { NAME = 3, TYPE, USER, PASSWORD };
    struct face *face = face_of(L);
    struct fota_apn apn = {"", "", "", FOTA_ADDRESS_IPV4};
    lua_Number type;

    fota_lua_check_object(L);
    fota_lua_named_arguments(L, false, known);
    for (size_t i = 0; known[i]; i++)
        fota_lua_typed_field(L, 2, known[i], i == 1 ? LUA_TNUMBER : LUA_TSTRING);
    if (!can(face, FOTA_FEATURE_APN))
        return unsupported(L, face, FOTA_FEATURE_APN);
    type = lua_tonumber(L, TYPE);
    if (type != 0 && type != 1)
        return fota_lua_refused(L, FOTA_ERR_UNSUPPORTED, 0, "ip_type must be 0 (IPv4) or 1 (IPv6)");
    if (type == 1)
        apn.family = FOTA_ADDRESS_IPV6;
    if (!copy_text(L, NAME, apn.name, FOTA_APN_NAME_MAX))
        return fota_lua_refused(L, FOTA_ERR_APN_TEXT, 0, "fota_apn");
    if (!copy_text(L, USER, apn.user, FOTA_APN_LOGIN_MAX))
        return fota_lua_refused(L, FOTA_ERR_APN_TEXT, 0, "fota_user");
    if (!copy_text(L, PASSWORD, apn.password, FOTA_APN_LOGIN_MAX))
        return fota_lua_refused(L, FOTA_ERR_APN_TEXT, 0, "fota_password");
    return fota_lua_documented(L, face, fota_apn_set(face->engine, &apn));
}

static int download_cancel(lua_State *L)
{
    struct face *face = face_of(L);

    fota_lua_check_object(L);
    if (!can(face, FOTA_FEATURE_CANCEL))
        return unsupported(L, face, FOTA_FEATURE_CANCEL);
    return fota_lua_documented(L, face, fota_cancel(face->engine));
}

/* Turns the results of a documented call into those of a native one: nil instead of -1. */
static int natively(lua_State *L, int results)
{
    lua_pushnil(L);
    lua_replace(L, -results - 1);
    return results;
}

/* download{url=, callback=, ssl_params=}: native, on every model. */
static int download(lua_State *L)
{
    static const char *const known[] = {"url", "callback", "ssl_params", NULL};
    enum { URL = 3, SSL };
    struct job kind = {.native = true};
    struct face *face = face_of(L);
    bool has_callback = false, has_ssl = false;
    struct ending ending;
    const char *problem;
    int index = 2;

    kind.keep_awake = fota_lua_check_object(L)->keep_awake;
    if (fota_lua_named_arguments(L, true, known)) {
        index = URL;
        if (!fota_lua_typed_field(L, 2, "url", LUA_TSTRING))
            return natively(L, missing_url(L, "url"));
        has_ssl = fota_lua_typed_field(L, 2, "ssl_params", LUA_TTABLE);
        if (has_ssl)
            check_ssl_params(L, SSL);
        has_callback = fota_lua_callable_field(L, 2, "callback");
    }
    problem = fota_lua_tls(L, face, has_ssl ? SSL : 0, lua_tostring(L, index), &kind);
    if (problem)
        return natively(L, bad_tls(L, problem));
    if (fota_lua_begin(L, face, index, has_callback, &kind, &ending) != 0)
        return fota_lua_push_native(L, &ending);
    return 1;
}

/* ---- local ----------------------------------------------------------------------------------- */

static int write_bytes(lua_State *L)
{
    struct face *face = face_of(L);
    const char *data;
    size_t length, taken = 0;
    uint32_t total = 0;
    int err = 0;

    fota_lua_check_object(L);
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "argument 'bytesData' must be a string, got %s", luaL_typename(L, 2));
    data = lua_tolstring(L, 2, &length);
    if (!lua_isnoneornil(L, 3))
        fota_lua_check_number(L, 3, "file_size");
    if (!can(face, FOTA_FEATURE_LOCAL))
        return unsupported(L, face, FOTA_FEATURE_LOCAL);
    if (!lua_isnoneornil(L, 3) && !fota_lua_to_whole(L, 3, &total))
        return bad_argument(L, "file_size must be a whole number from 0 to 4294967295, got %s",
                            lua_tostring(L, 3));
    fota_lua_remember_running(face);
    while (!err && length) {
        err = fota_write(face->engine, data, length, total, &taken);
        data += taken;
        length -= taken;
    }
    if (!err)
        face->unwritten.error = face->ending.error = 0;
    else
        fota_lua_compose(fota_fault(face->engine), &face->ending);
    if (err && !face->unwritten.error)
        face->unwritten = face->ending;
    return fota_lua_documented(L, face, err);
}

/* For flush() and verify(). The vendor's sample ignores what write() returns. If there is nothing
 * to flush because a write() has failed, the reason is that of the write(). */
static int concluded(lua_State *L, struct face *face, int err)
{
    if (err == FOTA_ERR_STATE && face->unwritten.error)
        return fota_lua_push_documented(L, &face->unwritten);
    return fota_lua_documented(L, face, err);
}

static int flush(lua_State *L)
{
    struct face *face = face_of(L);

    fota_lua_check_object(L);
    if (!can(face, FOTA_FEATURE_LOCAL))
        return unsupported(L, face, FOTA_FEATURE_LOCAL);
    return concluded(L, face, fota_flush(face->engine));
}

static int verify(lua_State *L)
{
    struct face *face = face_of(L);
    int err;

    fota_lua_check_object(L);
    if (!can(face, FOTA_FEATURE_LOCAL))
        return unsupported(L, face, FOTA_FEATURE_LOCAL);
    err = fota_verify(face->engine);
    if (err)
        return concluded(L, face, err);
    fota_lua_pump(L, face);
    return fota_lua_push_documented(L, &face->ending);
}

/* ---- the object ------------------------------------------------------------------------------ */

/* Raises for anything but a number. Numbers other than 0 and 1 are left to the caller. */
static lua_Number read_reset_disable(lua_State *L, int index)
{
    if (lua_isnil(L, index))
        return 0;
    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "argument 'reset_disable' must be 0 or 1, got %s", luaL_typename(L, index));
    return lua_tonumber(L, index);
}

/*
 * Makes the object, with copies of the three texts from `first` on, which live as long as it does.
 */
static void push_object(lua_State *L, bool keep_awake, int first)
{
    size_t lengths[3], total = 0;
    const char *texts[3];
    struct object *object;
    char *at;

    for (int i = 0; i < 3; i++) {
        lengths[i] = 0;
        texts[i] = lua_tolstring(L, first + i, &lengths[i]);
        total += lengths[i] + 1;
    }
    object = lua_newuserdata(L, sizeof *object + total);
    memset(object, 0, sizeof *object);
    object->keep_awake = keep_awake;
    at = (char *)(object + 1);
    for (int i = 0; i < 3; i++) {
        const char **out = i == 0   ? &object->tls.ca_cert
                           : i == 1 ? &object->tls.client_cert
                                    : &object->tls.client_key;

        if (!texts[i])
            continue;
        memcpy(at, texts[i], lengths[i] + 1);
        *out = strlen(texts[i]) == lengths[i] ? at : "";
        at += lengths[i] + 1;
    }
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_OBJECT));
    lua_setmetatable(L, -2);
}

/* Argument 1 is the module table. */
int fota_lua_construct(lua_State *L)
{
    static const char *const known[] = {"reset_disable", "root_cert", "cert", "key", NULL};
    enum { OPTIONS = 2, RESET_DISABLE, ROOT_CERT };
    struct face *face = face_of(L);
    lua_Number keep_awake;

    lua_settop(L, OPTIONS);
    if (lua_istable(L, OPTIONS)) {
        fota_lua_check_keys(L, OPTIONS, known);
        lua_getfield(L, OPTIONS, "reset_disable");
        for (size_t i = 1; known[i]; i++)
            fota_lua_typed_field(L, OPTIONS, known[i], LUA_TSTRING);
    } else {
        lua_pushvalue(L, OPTIONS);
        lua_settop(L, ROOT_CERT + 2);
    }
    keep_awake = read_reset_disable(L, RESET_DISABLE);
    if (keep_awake != 0 && keep_awake != 1)
        return natively(L, bad_argument(L, "reset_disable must be 0 or 1, got %s",
                                        lua_tostring(L, RESET_DISABLE)));
    if (keep_awake == 1 && !can(face, FOTA_FEATURE_RESET_DISABLE))
        return natively(L, unsupported(L, face, FOTA_FEATURE_RESET_DISABLE));
    push_object(L, keep_awake == 1, ROOT_CERT);
    return 1;
}

const luaL_Reg fota_lua_documented_methods[] = {
    {"httpDownload", http_download},
    {"ftpDownload", ftp_download},
    {"apn_set", apn_set},
    {"download_cancel", download_cancel},
    {"write", write_bytes},
    {"flush", flush},
    {"verify", verify},
    {"download", download},
    {NULL, NULL},
};
