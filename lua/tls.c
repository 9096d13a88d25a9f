/* The parameters of TLS: ssl_params, and the certificates that an object was made with. */
#include <string.h>

#include "lua/face.h"

/* ---- warnings -------------------------------------------------------------------------------- */

static int say(lua_State *L)
{
    lua_getglobal(L, "print");
    lua_insert(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

static void warn(lua_State *L, const char *text)
{
    lua_pushcfunction(L, say);
    lua_pushfstring(L, "fota: warning: %s", text);
    if (lua_pcall(L, 1, 0, 0) != 0)
        lua_pop(L, 1);
}

/* ---- ssl_params ------------------------------------------------------------------------------ */

#define ABSENT (-2)

/* The field as a whole number; -1 if it is anything else, ABSENT if it is not there. */
static int number_field(lua_State *L, int index, const char *name)
{
    bool absent;
    lua_Number number;

    lua_getfield(L, index, name);
    absent = lua_isnil(L, -1);
    number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    if (absent)
        return ABSENT;
    return number >= 0 && number < 10 && number == (lua_Number)(int)number ? (int)number : -1;
}

/*
 * Sets *text to the field's text, which the table on top of the stack keeps; without the field
 * *text is left as it is. A text with a zero byte becomes one that no certificate can be read from.
 */
static void take_text(lua_State *L, int index, const char *name, const char **text)
{
    size_t length = 0;
    const char *given;

    lua_getfield(L, index, name);
    given = lua_tolstring(L, -1, &length);
    if (given)
        *text = strlen(given) == length ? given : "";
    lua_setfield(L, -2, name);
}

/* The numbers are those of QuecPython's document: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2,
 * 4 all of them. Returns what is wrong, or NULL. */
static const char *read_version(lua_State *L, int index, struct fota_tls_params *params)
{
    switch (number_field(L, index, "ssl_version")) {
    case 0: return "SSL 3.0 is not supported; give ssl_version 3 (TLS 1.2) or 4 (1.2 and newer)";
    case 1: warn(L, "ssl_version 1 (TLS 1.0) is not safe; TLS 1.2 or newer is used"); break;
    case 2: warn(L, "ssl_version 2 (TLS 1.1) is not safe; TLS 1.2 or newer is used"); break;
    case 3: params->exactly_1_2 = true; break;
    case 4:
    case ABSENT: break;
    default: return "ssl_version is not 0 to 4; give 3 (TLS 1.2) or 4 (1.2 and newer)";
    }
    return NULL;
}

/* Level 0 authenticates nobody, 1 the server, 2 the client as well. Without a level it depends on
 * which certificates there are. */
static const char *read_level(lua_State *L, int index, struct fota_tls_params *params)
{
    int level = number_field(L, index, "sec_level");

    if (level == ABSENT)
        return NULL;
    if (level < 0 || level > 2)
        return "sec_level is not 0, 1 or 2";
    if (level > 0 && !params->ca_cert)
        return "sec_level 1 and 2 need ca_cert, to verify the server with";
    if (level == 2 && (!params->client_cert || !params->client_key))
        return "sec_level 2 needs client_cert and client_key";
    if (level < 2)
        params->client_cert = params->client_key = NULL;
    params->level = (enum fota_tls_level)level;
    return NULL;
}

/* https: and ftps:, in any case. */
static bool is_secure(const char *url)
{
    size_t colon = strcspn(url, ":");

    return url[colon] && colon > 0 && (url[colon - 1] | 0x20) == 's';
}

/* With the engine's default, no certificates have to be checked before a download by http. */
static bool is_usual(const struct fota_tls *port, const struct fota_tls_params *params, int index)
{
    return !index && !params->ca_cert && !params->client_cert && !params->client_key &&
           (!port->ops || port->has_authorities);
}

const char *fota_lua_tls(lua_State *L, const struct face *face, int index, const char *url,
                         struct job *kind)
{
    const struct object *object = lua_touserdata(L, 1);
    const struct fota_tls *port = &face->config->port->tls;
    struct fota_tls_params *params = &kind->tls;
    const char *problem = NULL;

    *params = object->tls;
    lua_createtable(L, 1, 3); /* what the texts belong to */
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    if (index) {
        take_text(L, index, "ca_cert", &params->ca_cert);
        take_text(L, index, "client_cert", &params->client_cert);
        take_text(L, index, "client_key", &params->client_key);
    }
    params->level = params->ca_cert || port->has_authorities ? FOTA_TLS_SERVER : FOTA_TLS_NONE;
    if (index)
        problem = read_version(L, index, params);
    if (index && !problem)
        problem = read_level(L, index, params);
    if (!problem && is_secure(url) && params->level == FOTA_TLS_NONE && port->ops)
        warn(L, "the server is not verified; only the package's signature protects the update");
    kind->has_tls = !problem && !is_usual(port, params, index);
    if (kind->has_tls)
        kind->texts = luaL_ref(L, PINS);
    else
        lua_pop(L, 1);
    return problem;
}
