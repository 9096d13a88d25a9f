/*
 * fuzz_url.c - libFuzzer on core/url.h: the input is a base url, a NUL and a Location.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct fota_span span, const char *text, size_t length)
{
    if (span.length > 0) {
        REQUIRE(span.text >= text && span.text + span.length <= text + length);
        REQUIRE(memchr(span.text, '\r', span.length) == NULL);
        REQUIRE(memchr(span.text, '\n', span.length) == NULL);
        REQUIRE(memchr(span.text, '\0', span.length) == NULL);
    }
}

static int parse(const char *text, size_t length, struct fota_url *url)
{
    struct fota_fault fault = {0};
    int error = fota_url_parse(text, length, FOTA_REDIRECT_URL_MAX, url, &fault);

    REQUIRE(fault.error == error);
    if (error != 0) {
        REQUIRE(error != FOTA_ERR_URL || fault.got <= length);
        return error;
    }
    check_inside(url->user, text, length);
    check_inside(url->password, text, length);
    check_inside(url->host, text, length);
    check_inside(url->path, text, length);
    REQUIRE(url->host.length > 0 && url->port > 0);
    REQUIRE(memchr(url->host.text, '@', url->host.length) == NULL);
    REQUIRE(memchr(url->host.text, '%', url->host.length) == NULL);
    REQUIRE(url->path.length == 0 || url->path.text[0] == '/' || url->path.text[0] == '?');
    return 0;
}

/* What a Location led to is a url, has no login but the one before, and stays where it is led to
 * itself. */
static void check_followed(const struct fota_url *base, const char *out, bool elsewhere)
{
    char again[FOTA_REDIRECT_URL_MAX + 1], location[FOTA_REDIRECT_URL_MAX + 1];
    struct fota_fault fault = {0};
    struct fota_url url;
    size_t login;

    REQUIRE(parse(out, strlen(out), &url) == 0);
    login = (size_t)(url.host.text - url.user.text) - url.host_is_ipv6;
    REQUIRE(login == 0 || (!elsewhere && memcmp(url.user.text, base->user.text, login) == 0));
    REQUIRE(base->scheme == url.scheme ||
            (base->scheme == FOTA_SCHEME_HTTP && url.scheme == FOTA_SCHEME_HTTPS && elsewhere));
    strcpy(again, out);
    strcpy(location, out);
    memmove(location + (url.user.text - out), location + (url.user.text - out) + login,
            strlen(out) - (size_t)(url.user.text - out) - login + 1);
    REQUIRE(fota_url_follow(again, location, strlen(location), &elsewhere, &fault) == 0);
    REQUIRE(strcmp(out, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size > 0 ? memchr(text, '\0', size) : NULL;
    size_t length = end != NULL ? (size_t)(end - text) : size;
    size_t rest = end != NULL ? size - length - 1 : 0;
    char out[FOTA_REDIRECT_URL_MAX + 1], location[FOTA_REDIRECT_URL_MAX + 1];
    struct fota_fault fault = {0};
    struct fota_url url, base;
    bool elsewhere = false;

    (void)parse(text, size, &url);
    if (end == NULL || rest > FOTA_REDIRECT_URL_MAX || parse(text, length, &base) != 0)
        return 0;
    memcpy(out, text, length + 1);
    memcpy(location, end + 1, rest);
    if (fota_url_follow(out, location, rest, &elsewhere, &fault) == 0)
        check_followed(&base, out, elsewhere);
    else
        REQUIRE(fault.error == FOTA_ERR_HTTP_REDIRECT);
    return 0;
}
