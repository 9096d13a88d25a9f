/*
 * url.h - takes a url apart (RFC 3986, the part of it that servers of firmware need).
 */
#ifndef FOTA_URL_H
#define FOTA_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"
#include "text.h"

/* Longest url a script may give, characters (QuecPython refuses longer ones). */
#define FOTA_URL_MAX 255u
/* Longest url after a redirect, characters: pre-signed links of object stores are long, and longer
 * still with a temporary login's token. */
#define FOTA_REDIRECT_URL_MAX 1791u
/* Longest host name, characters (RFC 1035). */
#define FOTA_HOST_MAX 253u

/* ftps stands for explicit TLS on the port of FTP (RFC 4217). No standard defines a url for it. */
enum fota_scheme { FOTA_SCHEME_HTTP, FOTA_SCHEME_HTTPS, FOTA_SCHEME_FTP, FOTA_SCHEME_FTPS };

/* A part of a url, not terminated. `text` points into the string that was parsed. */
struct fota_span {
    const char *text;
    size_t length;
};

struct fota_url {
    enum fota_scheme scheme;
    struct fota_span user;     /* as written, percent-encoding and all; length 0: none */
    struct fota_span password; /* likewise */
    struct fota_span host;     /* without the brackets of an IPv6 address */
    uint16_t port;             /* the scheme's own if the url names none */
    bool host_is_ipv6;
    struct fota_span
        path; /* with the query, without the fragment; empty, or begins with '/' or '?' */
};

/*
 * Parses `length` characters at `text` into *url, whose spans point into `text`. Refuses control
 * characters, spaces, '\', '"', '<', '>', an empty host, '@', percent-encoding or anything but
 * letters, digits, '-', '.' and '_' in the host, more than 45 characters in brackets, a port out of
 * 1-65535, and for every scheme a malformed percent-encoding or a "%00", "%0d" or "%0a" anywhere.
 * `max` is FOTA_URL_MAX or FOTA_REDIRECT_URL_MAX. Returns 0, or FOTA_ERR_URL (got: position from
 * 0), FOTA_ERR_URL_TOO_LONG (expected, got), FOTA_ERR_URL_SCHEME, with *fault filled in.
 */
int fota_url_parse(const char *text, size_t length, size_t max, struct fota_url *url,
                   struct fota_fault *fault);

/*
 * Reads the byte at span.text[*at], decodes it if it is percent-encoded, and moves *at to the next
 * one. Returns 0, which no parsed url contains, if an encoding is cut short.
 */
uint8_t fota_url_byte(struct fota_span span, size_t *at);

/* Appends the host, in brackets if it is an IPv6 address, and the port unless it is the scheme's
 * default. */
void fota_url_put_host(struct fota_text *out, const struct fota_url *url);

/* Copies the host, terminated, to `host` and returns it. */
const char *fota_url_host(const struct fota_url *url, char host[FOTA_HOST_MAX + 1]);

/*
 * Changes `url` to where the `length` characters of a Location (absolute, "//host/path", "/path" or
 * "path", RFC 3986 section 5.2, ".." included) lead from it. Both have room for
 * FOTA_REDIRECT_URL_MAX + 1 bytes; `url` is terminated and one that fota_url_parse() takes, before
 * and afterwards; `location` is used up. A login stays in `url` only where the origin stays, and
 * *elsewhere becomes true where it does not. A Location with a login of its own is refused, a
 * fragment is dropped. A redirect from https to http, or between the http family and another
 * scheme, is refused. Returns 0, or FOTA_ERR_HTTP_REDIRECT with *fault filled in; `url` is
 * undefined then.
 */
int fota_url_follow(char *url, char *location, size_t length, bool *elsewhere,
                    struct fota_fault *fault);

#endif
