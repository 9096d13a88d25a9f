/*
 * url.c - urls of firmware servers (RFC 3986).
 */
#include "url.h"

#include <string.h>

#include "fault.h"
#include "text.h"

/* In the order of enum fota_scheme. */
static const struct {
    const char *name;
    uint16_t port;
} schemes[] = {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ftps", 21}};

#define IPV6_MAX 45u /* characters of an address, its last part in the form of IPv4 */

#define SCHEMES (sizeof schemes / sizeof schemes[0])

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return fota_text_lower(c) >= 'a' && fota_text_lower(c) <= 'z';
}

static bool is_hex(char c)
{
    return fota_text_hex(c) >= 0;
}

static bool is_scheme_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

/*
 * Narrower than RFC 3986's reg-name: what DNS and the underscores of private networks need. Neither
 * "%40" nor a look-alike can move the border between userinfo, host and port.
 */
static bool is_host_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
}

/*
 * A percent-encoding that is malformed or means NUL, CR or LF: decoded for an FTP command or a
 * login it would end the line early.
 */
static bool is_bad_escape(const char *text, size_t length)
{
    int high, low;

    if (length < 3)
        return true;
    high = fota_text_hex(text[1]);
    low = fota_text_hex(text[2]);
    return high < 0 || low < 0 || (high == 0 && (low == '\0' || low == '\r' || low == '\n'));
}

/* The position of the first character that is not allowed in a url; `length` if there is none. */
static size_t find_forbidden(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c <= 0x20 || c == 0x7f || strchr("\\\"<>", c) != NULL)
            return i;
        if (c == '%' && is_bad_escape(text + i, length - i))
            return i;
    }
    return length;
}

/* Position of the first of the characters `set` from `at` on, `length` if there is none. */
static size_t find_any(const char *text, size_t at, size_t length, const char *set)
{
    while (at < length && (text[at] == '\0' || strchr(set, text[at]) == NULL))
        at++;
    return at;
}

static bool find_scheme(const char *text, size_t length, enum fota_scheme *scheme)
{
    for (size_t i = 0; i < SCHEMES; i++)
        if (fota_text_is(text, length, schemes[i].name)) {
            *scheme = (enum fota_scheme)i;
            return true;
        }
    return false;
}

static struct fota_span span(const char *text, size_t begin, size_t end)
{
    struct fota_span part = {text + begin, end - begin};

    return part;
}

/* Each of these parses a part of [*at, end), and leaves *at after it, or where the error is. */

static void parse_userinfo(const char *text, size_t *at, size_t end, struct fota_url *url)
{
    size_t sign = find_any(text, *at, end, "@");
    size_t colon;

    url->user = url->password = span(text, *at, *at);
    if (sign == end)
        return;
    colon = find_any(text, *at, sign, ":");
    url->user = span(text, *at, colon);
    if (colon < sign)
        url->password = span(text, colon + 1, sign);
    *at = sign + 1;
}

/* The grammar of an IPv6 address is left to whoever opens the connection, but for its length: some
 * take any number of leading zeros. */
static bool parse_ipv6(const char *text, size_t *at, size_t end, struct fota_url *url)
{
    size_t begin = ++*at;

    while (*at < end && *at - begin < IPV6_MAX &&
           (is_hex(text[*at]) || text[*at] == ':' || text[*at] == '.'))
        ++*at;
    if (*at == end || text[*at] != ']' || *at == begin)
        return false;
    url->host = span(text, begin, *at);
    url->host_is_ipv6 = true;
    if (memchr(url->host.text, ':', url->host.length) == NULL)
        return false;
    ++*at;
    return true;
}

static bool parse_host(const char *text, size_t *at, size_t end, struct fota_url *url)
{
    size_t begin = *at;

    url->host_is_ipv6 = false;
    if (*at < end && text[*at] == '[')
        return parse_ipv6(text, at, end, url);
    while (*at < end && is_host_char(text[*at]) && *at - begin < FOTA_HOST_MAX)
        ++*at;
    url->host = span(text, begin, *at);
    return *at > begin && (*at == end || text[*at] == ':');
}

/* RFC 3986 section 3.2.3: a colon without a number means the scheme's own port. */
static bool parse_port(const char *text, size_t *at, size_t end, struct fota_url *url)
{
    uint32_t port = 0;
    size_t begin;

    url->port = schemes[url->scheme].port;
    if (*at == end)
        return true;
    if (text[*at] != ':')
        return false;
    begin = ++*at;
    while (*at < end && is_digit(text[*at]) && port <= UINT16_MAX) {
        port = port * 10 + (uint32_t)(text[*at] - '0');
        ++*at;
    }
    if (begin == end)
        return true;
    if (*at < end || port < 1 || port > UINT16_MAX)
        return false;
    url->port = (uint16_t)port;
    return true;
}

static int malformed(struct fota_fault *fault, size_t at)
{
    return fota_fail(fault, FOTA_ERR_URL, FOTA_STAGE_REQUEST, 0, fota_clamp32(at));
}

int fota_url_parse(const char *text, size_t length, size_t max, struct fota_url *url,
                   struct fota_fault *fault)
{
    size_t at, end;

    if (length > max) {
        return fota_fail(fault, FOTA_ERR_URL_TOO_LONG, FOTA_STAGE_REQUEST, fota_clamp32(max),
                         fota_clamp32(length));
    }
    at = find_forbidden(text, length);
    if (at < length)
        return malformed(fault, at);
    for (at = 0; at < length && is_scheme_char(text[at]); at++) {
    }
    if (at == 0 || length - at < 3 || memcmp(text + at, "://", 3) != 0)
        return malformed(fault, at);
    if (!find_scheme(text, at, &url->scheme))
        return fota_fail(fault, FOTA_ERR_URL_SCHEME, FOTA_STAGE_REQUEST, 0, 0);
    at += 3;
    end = find_any(text, at, length, "/?#");
    parse_userinfo(text, &at, end, url);
    if (!parse_host(text, &at, end, url) || !parse_port(text, &at, end, url))
        return malformed(fault, at);
    url->path = span(text, end, find_any(text, end, length, "#"));
    return 0;
}

uint8_t fota_url_byte(struct fota_span span, size_t *at)
{
    const char *text = span.text + *at;

    ++*at;
    if (*text != '%')
        return (uint8_t)*text;
    if (span.length - *at < 2)
        return 0;
    *at += 2;
    return (uint8_t)(fota_text_hex(text[1]) * 16 + fota_text_hex(text[2]));
}

const char *fota_url_host(const struct fota_url *url, char host[FOTA_HOST_MAX + 1])
{
    memcpy(host, url->host.text, url->host.length);
    host[url->host.length] = '\0';
    return host;
}

void fota_url_put_host(struct fota_text *out, const struct fota_url *url)
{
    fota_text_put_string(out, url->host_is_ipv6 ? "[" : "");
    fota_text_put(out, url->host.text, url->host.length);
    fota_text_put_string(out, url->host_is_ipv6 ? "]" : "");
    if (url->port != schemes[url->scheme].port) {
        fota_text_put_string(out, ":");
        fota_text_put_number(out, url->port, 10);
    }
}

/*
 * RFC 3986 section 5.2.4 in place: what is written never overtakes what is read. `path` is empty
 * or begins with '/'. Returns the new length.
 */
static size_t remove_dots(char *path, size_t length)
{
    size_t written = 0;

    for (size_t at = 0, end; at < length; at = end) {
        size_t segment;
        bool up;

        end = find_any(path, at + 1, length, "/");
        segment = end - at;
        up = segment == 3 && memcmp(path + at, "/..", 3) == 0;
        if (!up && !(segment == 2 && memcmp(path + at, "/.", 2) == 0)) {
            memmove(path + written, path + at, segment);
            written += segment;
            continue;
        }
        while (up && written > 0 && path[--written] != '/') {
        }
        if (end == length)
            path[written++] = '/';
    }
    return written;
}

/* A redirect stays in the same family, and never goes from encrypted to plain. */
static bool may_follow(enum fota_scheme from, enum fota_scheme to)
{
    return from == to || (from == FOTA_SCHEME_HTTP && to == FOTA_SCHEME_HTTPS);
}

static bool same_origin(const struct fota_url *a, const struct fota_url *b)
{
    if (a->scheme != b->scheme || a->port != b->port || a->host.length != b->host.length)
        return false;
    for (size_t i = 0; i < a->host.length; i++)
        if (fota_text_lower(a->host.text[i]) != fota_text_lower(b->host.text[i]))
            return false;
    return true;
}

/* Position of the host in `text`, its bracket included. */
static size_t host_at(const char *text, const struct fota_url *url)
{
    return (size_t)(url->host.text - text) - url->host_is_ipv6;
}

/*
 * Where `url` ends that a reference without a host is put behind (RFC 3986 section 5.2.2): its
 * origin, its path, or its path up to the last '/'.
 */
static size_t cut(char *url, const struct fota_url *parts, char first)
{
    size_t begin = (size_t)(parts->path.text - url);
    size_t at = find_any(url, begin, begin + parts->path.length, "?");

    if (first == '/')
        return begin;
    if (first == '?')
        return at;
    while (at > begin && url[at - 1] != '/')
        at--;
    if (at == begin)
        url[at++] = '/';
    return at;
}

/*
 * Where `url` ends that an absolute reference is put behind: nowhere, or at its login, which stays
 * with the origin. *skip: that much of `location` stays away. False: it must not be followed.
 */
static bool join(const char *url, const struct fota_url *from, const char *location, size_t length,
                 size_t *at, size_t *skip, bool *elsewhere)
{
    struct fota_fault ignored;
    struct fota_url to;

    if (fota_url_parse(location, length, FOTA_REDIRECT_URL_MAX, &to, &ignored) != 0 ||
        !may_follow(from->scheme, to.scheme))
        return false;
    /* RFC 9110 section 4.2.4: userinfo in a url from elsewhere only hides where it leads. */
    if (to.user.text != location + host_at(location, &to))
        return false;
    if (!same_origin(from, &to)) {
        *elsewhere = true;
        return true;
    }
    *at = host_at(url, from);
    *skip = host_at(location, &to);
    return true;
}

/* Removes the dots from the path of a url that was put together. */
static bool tidy(char *text)
{
    size_t length = strlen(text), path, query, kept;
    struct fota_fault ignored;
    struct fota_url url;

    if (fota_url_parse(text, length, FOTA_REDIRECT_URL_MAX, &url, &ignored) != 0)
        return false;
    path = (size_t)(url.path.text - text);
    query = find_any(text, path, length, "?");
    kept = path + remove_dots(text + path, query - path);
    memmove(text + kept, text + query, length - query + 1);
    return true;
}

static bool follow(char *url, char *location, size_t length, bool *elsewhere)
{
    size_t at = 0, skip = 0, mark;
    struct fota_fault ignored;
    struct fota_url from;

    if (find_forbidden(location, length) < length)
        return false;
    length = find_any(location, 0, length, "#");
    /* An empty reference means the same file again, which would be an endless loop. */
    if (length == 0 ||
        fota_url_parse(url, strlen(url), FOTA_REDIRECT_URL_MAX, &from, &ignored) != 0)
        return false;
    mark = find_any(location, 0, length, ":/?");
    if (length >= 2 && memcmp(location, "//", 2) == 0) {
        mark = (size_t)(from.user.text - url) - 3; /* behind the scheme */
        if (length + mark + 1 > FOTA_REDIRECT_URL_MAX)
            return false;
        memmove(location + mark + 1, location, length);
        memcpy(location, url, mark + 1);
        length += mark + 1;
    }
    if (mark < length && location[mark] == ':') {
        if (!join(url, &from, location, length, &at, &skip, elsewhere))
            return false;
    } else {
        at = cut(url, &from, location[0]);
    }
    length -= skip;
    if (at + length > FOTA_REDIRECT_URL_MAX)
        return false;
    memcpy(url + at, location + skip, length);
    url[at + length] = '\0';
    return tidy(url);
}

int fota_url_follow(char *url, char *location, size_t length, bool *elsewhere,
                    struct fota_fault *fault)
{
    return follow(url, location, length, elsewhere)
               ? 0
               : fota_fail(fault, FOTA_ERR_HTTP_REDIRECT, FOTA_STAGE_CONNECT, 0, 0);
}
