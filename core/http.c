/*
 * http.c - the HTTP/1.1 client: one file, one request at a time (RFC 9110, RFC 9112).
 */
#include "http.h"

#include <string.h>

#include "fault.h"
#include "text.h"

enum state {
    STATE_IDLE,
    STATE_OPEN,    /* to be connected */
    STATE_CONNECT, /* on its way */
    STATE_HANDSHAKE,
    STATE_SEND,
    STATE_HEADER,
    STATE_BODY
};

/* ---- the request ----------------------------------------------------------------------------- */

/* Base64 (RFC 4648 section 4) of bytes that come one by one. */
struct base64 {
    struct fota_text *request;
    uint32_t bits;
    unsigned count; /* of bytes in `bits` */
};

static void base64_flush(struct base64 *base64)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = base64->bits << 8 * (3 - base64->count);
    char text[4];

    if (base64->count == 0)
        return;
    for (unsigned i = 0; i < 4; i++)
        text[i] = i <= base64->count ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
    fota_text_put(base64->request, text, sizeof text);
    base64->bits = 0;
    base64->count = 0;
}

static void base64_byte(struct base64 *base64, uint8_t byte)
{
    base64->bits = base64->bits << 8 | byte;
    if (++base64->count == 3)
        base64_flush(base64);
}

static void base64_decoded(struct base64 *base64, struct fota_span span)
{
    for (size_t i = 0; i < span.length;)
        base64_byte(base64, fota_url_byte(span, &i));
}

/* RFC 7617. */
static void put_login(struct fota_text *request, const struct fota_url *url)
{
    struct base64 base64 = {request, 0, 0};

    if (url->user.length == 0 && url->password.length == 0)
        return;
    fota_text_put_string(request, "Authorization: Basic ");
    base64_decoded(&base64, url->user);
    base64_byte(&base64, ':');
    base64_decoded(&base64, url->password);
    base64_flush(&base64);
    fota_text_put_string(request, "\r\n");
}

static void put_host(struct fota_text *request, const struct fota_url *url)
{
    fota_text_put_string(request, "Host: ");
    fota_url_put_host(request, url);
    fota_text_put_string(request, "\r\n");
}

/* How many bytes to ask for at a time, so that no record is longer than the port can take; servers
 * put the header and the body of an answer into one record if they fit. 0: all bytes. */
static uint32_t part_size(const struct fota_http *http)
{
    const struct fota_tls *tls = http->connection.tls;

    return http->secure && tls->record_max ? tls->record_max - FOTA_HTTP_ANSWER_MAX : 0;
}

static bool build_request(struct fota_http *http, const struct fota_url *url)
{
    /* The longest one fits: a path of FOTA_REDIRECT_URL_MAX beside a login from FOTA_URL_MAX in
     * base64. `full` is for the day that one of these limits grows. */
    struct fota_text request = {(char *)http->buffer, sizeof http->buffer, 0, false};
    uint32_t part = part_size(http);

    fota_text_put_string(&request, "GET ");
    /* RFC 9112 section 3.2.1 */
    fota_text_put_string(&request, url->path.length == 0 || url->path.text[0] != '/' ? "/" : "");
    fota_text_put(&request, url->path.text, url->path.length);
    fota_text_put_string(&request, " HTTP/1.1\r\n");
    put_host(&request, url);
    fota_text_put_string(&request, "User-Agent: fota/1.0\r\n"
                                   "Accept-Encoding: identity\r\n");
    fota_text_put_string(&request, part == 0 ? "Connection: close\r\n" : "");
    if (http->offset > 0 || part > 0) {
        fota_text_put_string(&request, "Range: bytes=");
        fota_text_put_number(&request, http->offset, 10);
        fota_text_put_string(&request, "-");
        if (part > 0)
            fota_text_put_number(&request, http->offset + part - 1, 10);
        fota_text_put_string(&request, "\r\n");
    }
    put_login(&request, url);
    fota_text_put_string(&request, "\r\n");
    http->used = 0;
    http->length = (uint16_t)request.length;
    return !request.full;
}

/* ---- connection ------------------------------------------------------------------------------ */

static enum fota_stage stage_of(const struct fota_http *http)
{
    return http->state == STATE_BODY ? FOTA_STAGE_DOWNLOAD : FOTA_STAGE_CONNECT;
}

static int fail(const struct fota_http *http, struct fota_fault *fault, int error, uint32_t got)
{
    return fota_fail(fault, error, stage_of(http), 0, got);
}

static int fail_sizes(const struct fota_http *http, struct fota_fault *fault, int error,
                      uint64_t expected, uint64_t got)
{
    return fota_fail(fault, error, stage_of(http), fota_clamp32(expected), fota_clamp32(got));
}

/* As the connection says. */
static int fail_connection(const struct fota_http *http, struct fota_fault *fault, int error)
{
    return fota_connection_fail(&http->connection, error, stage_of(http), fault);
}

/* Nothing moved: either there is time left, or this is the end. */
static int wait_until(const struct fota_http *http, uint32_t limit_ms, int error,
                      struct fota_fault *fault)
{
    return fota_patience_wait(&http->patience, limit_ms, error, stage_of(http), fault);
}

static int stalled(const struct fota_http *http, struct fota_fault *fault)
{
    return wait_until(http, http->patience.timeouts.stall_ms, FOTA_ERR_STALLED, fault);
}

static int parse_current(const struct fota_http *http, struct fota_url *url,
                         struct fota_fault *fault)
{
    return fota_url_parse(http->url, strlen(http->url), FOTA_REDIRECT_URL_MAX, url, fault);
}

static int check_scheme(const struct fota_http *http, const struct fota_url *url,
                        struct fota_fault *fault)
{
    const struct fota_tls *tls = http->connection.tls;

    if (url->scheme == FOTA_SCHEME_HTTPS && (!tls || !tls->ops)) {
        fail(http, fault, FOTA_ERR_NOT_BUILT, 0);
        return fota_about(fault, "https");
    }
    if (url->scheme != FOTA_SCHEME_HTTP && url->scheme != FOTA_SCHEME_HTTPS)
        return fail(http, fault, FOTA_ERR_URL_SCHEME, 0);
    return 0;
}

static int open_state(struct fota_http *http, struct fota_fault *fault)
{
    char host[FOTA_HOST_MAX + 1];
    struct fota_url url;
    int error = parse_current(http, &url, fault);

    if (error == 0)
        error = check_scheme(http, &url, fault);
    if (error != 0)
        return error;
    http->secure = url.scheme == FOTA_SCHEME_HTTPS;
    if (!build_request(http, &url))
        return fail_sizes(http, fault, FOTA_ERR_URL_TOO_LONG, sizeof http->buffer,
                          strlen(http->url));
    fota_patience_moved(&http->patience);
    if (http->kept) {
        http->state = STATE_SEND;
        return FOTA_FETCH_AGAIN;
    }
    error = fota_connection_open(&http->connection, fota_url_host(&url, host), url.port,
                                 url.host_is_ipv6 ? FOTA_ADDRESS_IPV6 : http->family);
    if (error != 0)
        return fail(http, fault, error, 0);
    http->state = STATE_CONNECT;
    return FOTA_FETCH_AGAIN;
}

/* A server to which another one sent us gets no certificate of ours (V25). */
static int begin_handshake(struct fota_http *http, struct fota_fault *fault)
{
    const struct fota_tls_params *params = http->params;
    struct fota_tls_params bare;
    char host[FOTA_HOST_MAX + 1];
    struct fota_url url;
    int error = parse_current(http, &url, fault);

    if (error != 0)
        return error;

    if (params && http->elsewhere) {
        bare = *params;
        bare.client_cert = bare.client_key = NULL;
        if (bare.level == FOTA_TLS_MUTUAL)
            bare.level = FOTA_TLS_SERVER;
        params = &bare;
    }
    error = fota_connection_secure(&http->connection, fota_url_host(&url, host), params);
    if (error != 0)
        return fail_connection(http, fault, error);
    http->state = STATE_HANDSHAKE;
    return FOTA_FETCH_AGAIN;
}

static int handshake_state(struct fota_http *http, struct fota_fault *fault)
{
    int ready = fota_connection_ready(&http->connection);

    if (ready < 0)
        return fail_connection(http, fault, ready);
    if (ready == 0)
        return wait_until(http, http->patience.timeouts.connect_ms, FOTA_ERR_STALLED, fault);
    fota_patience_moved(&http->patience);
    http->state = STATE_SEND;
    return FOTA_FETCH_AGAIN;
}

static int connect_state(struct fota_http *http, struct fota_fault *fault)
{
    int ready = fota_connection_ready(&http->connection);

    if (ready < 0)
        return fail(http, fault, ready, 0);
    if (ready == 0)
        return wait_until(http, http->patience.timeouts.connect_ms, FOTA_ERR_CONNECT, fault);
    fota_patience_moved(&http->patience);
    if (http->secure)
        return begin_handshake(http, fault);
    http->state = STATE_SEND;
    return FOTA_FETCH_AGAIN;
}

static int send_state(struct fota_http *http, struct fota_fault *fault)
{
    int sent = fota_connection_send(&http->connection, http->buffer + http->used,
                                    (size_t)(http->length - http->used));

    if (sent < 0)
        return fail_connection(http, fault, sent);
    if (sent == 0)
        return stalled(http, fault);
    fota_patience_moved(&http->patience);
    http->used = (uint16_t)(http->used + sent);
    if (http->used == http->length) {
        http->used = http->length = 0;
        fota_http_reader_start(&http->reader, (char *)http->buffer, sizeof http->url);
        http->state = STATE_HEADER;
    }
    return FOTA_FETCH_AGAIN;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* The reader has seen the end of the body, or the connection ended where it may. */
static int finish(struct fota_http *http, struct fota_fault *fault)
{
    const struct fota_http_header *header = &http->reader.header;

    if (http->skip > 0)
        return fail_sizes(http, fault, FOTA_ERR_HTTP_RANGE, http->offset,
                          http->offset - http->skip);
    if (http->range_left > 0) {
        uint64_t expected = header->range_end - header->range_start + 1;

        return fail_sizes(http, fault, FOTA_ERR_CLOSED, expected, expected - http->range_left);
    }
    return FOTA_FETCH_END;
}

/* RFC 9112 section 9.3: the connection may serve for the next part as well. */
static int finish_part(struct fota_http *http, struct fota_fault *fault)
{
    int result = finish(http, fault);

    http->kept = result == FOTA_FETCH_END && part_size(http) > 0 && !http->reader.header.closes &&
                 http->used == http->length;
    return result;
}

/* One read. Returns the number of bytes in *received, or what there is to say instead. */
static int read_some(struct fota_http *http, uint8_t *data, size_t size, size_t *received,
                     struct fota_fault *fault)
{
    int result = fota_connection_recv(&http->connection, data, size);

    *received = result > 0 ? (size_t)result : 0;
    if (result == FOTA_ERR_CLOSED) {
        int error = fota_http_reader_close(&http->reader, fault);

        return error != 0 ? error : finish(http, fault);
    }
    if (result < 0)
        return fail_connection(http, fault, result);
    if (result == 0)
        return stalled(http, fault);
    fota_patience_moved(&http->patience);
    http->kept = false;
    return FOTA_FETCH_AGAIN;
}

/* When all that was received has been taken; the first `keep` bytes of the buffer stay. */
static int receive(struct fota_http *http, size_t keep, struct fota_fault *fault)
{
    size_t received;
    int result = read_some(http, http->buffer + keep, sizeof http->buffer - keep, &received, fault);

    http->used = (uint16_t)keep;
    http->length = (uint16_t)(keep + received);
    return result;
}

/* Feeds the reader with at most `limit` bytes. Returns its event. */
static int feed(struct fota_http *http, size_t limit, const uint8_t **body, size_t *length,
                struct fota_fault *fault)
{
    size_t available = (size_t)(http->length - http->used);
    size_t used;
    int event =
        fota_http_reader_feed(&http->reader, http->buffer + http->used,
                              limit < available ? limit : available, &used, body, length, fault);

    http->used = (uint16_t)(http->used + used);
    return event;
}

static int redirect(struct fota_http *http, struct fota_fault *fault)
{
    int error;

    fota_http_close(http);
    if (http->redirects == FOTA_HTTP_REDIRECTS)
        return fail_sizes(http, fault, FOTA_ERR_HTTP_REDIRECTS, FOTA_HTTP_REDIRECTS,
                          http->redirects + 1);
    if (!http->reader.header.has_location)
        return fail(http, fault, FOTA_ERR_HTTP_REDIRECT, 0);
    error = fota_url_follow(http->url, (char *)http->buffer, http->reader.header.location_length,
                            &http->elsewhere, fault);
    if (error != 0)
        return error;
    http->redirects++;
    http->state = STATE_OPEN;
    return FOTA_FETCH_AGAIN;
}

static int refuse(struct fota_http *http, struct fota_fault *fault)
{
    const struct fota_http_header *header = &http->reader.header;
    int error = FOTA_ERR_HTTP_STATUS;

    switch (header->status) {
    case 401: error = FOTA_ERR_HTTP_UNAUTHORIZED; break;
    case 403: error = FOTA_ERR_HTTP_FORBIDDEN; break;
    case 404:
    case 410: error = FOTA_ERR_HTTP_NOT_FOUND; break;
    case 416:
        /* The engine, which may already have the whole file, compares the size. */
        http->identity.total = header->range_total;
        return fail_sizes(http, fault, FOTA_ERR_HTTP_RANGE, http->offset, http->identity.total);
    default:
        /* 408: of a balancer, that waited too long for the request. */
        if (header->status == 408 || header->status == 429 || header->status / 100 == 5) {
            http->retry_after_s = header->retry_after;
            error = FOTA_ERR_HTTP_SERVER;
        }
    }
    return fail(http, fault, error, header->status);
}

/* RFC 9110 section 15.3.7: several parts, or a part that does not say which, were not asked for. */
static int accept_part(struct fota_http *http, struct fota_fault *fault)
{
    const struct fota_http_header *header = &http->reader.header;

    if (!header->has_range || header->range_start != http->offset)
        return fail_sizes(http, fault, FOTA_ERR_HTTP_RANGE, http->offset, header->range_start);
    http->range_left = header->range_end - header->range_start + 1;
    if (header->has_length && header->length != http->range_left)
        return fail_sizes(http, fault, FOTA_ERR_HTTP_LENGTH, http->range_left, header->length);
    http->identity.total = header->range_total;
    return FOTA_FETCH_OPEN;
}

static int accept_whole(struct fota_http *http, struct fota_fault *fault)
{
    const struct fota_http_header *header = &http->reader.header;

    http->identity.total = header->length;
    if (header->has_length && header->length < http->offset)
        return fail_sizes(http, fault, FOTA_ERR_HTTP_RANGE, http->offset, header->length);
    http->skip = http->offset;
    return FOTA_FETCH_OPEN;
}

static int judge(struct fota_http *http, struct fota_fault *fault)
{
    int result;

    switch (http->reader.header.status) {
    case 200: result = accept_whole(http, fault); break;
    case 206: result = accept_part(http, fault); break;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: return redirect(http, fault);
    default: return refuse(http, fault);
    }
    if (result == FOTA_FETCH_OPEN) {
        http->identity.validator = http->reader.header.validator;
        http->state = STATE_BODY;
    }
    return result;
}

static int header_state(struct fota_http *http, struct fota_fault *fault)
{
    const uint8_t *body;
    size_t length;
    int event = feed(http, sizeof http->buffer, &body, &length, fault);

    if (event < 0)
        return event;
    return event == FOTA_HTTP_HEADER ? judge(http, fault) : receive(http, sizeof http->url, fault);
}

/* There are body bytes in the buffer: copies them to the caller, except those it has already. */
static int deliver(struct fota_http *http, const uint8_t *body, size_t length, uint8_t *data,
                   size_t *got, struct fota_fault *fault)
{
    size_t drop = http->skip < length ? (size_t)http->skip : length;

    if (http->reader.header.status == 206) {
        if (length > http->range_left)
            return fail(http, fault, FOTA_ERR_HTTP_LENGTH, 0);
        http->range_left -= length;
    }
    http->skip -= drop;
    if (drop == length)
        return FOTA_FETCH_AGAIN;
    if (body != data)
        memcpy(data, body + drop, length - drop);
    *got = length - drop;
    return FOTA_FETCH_DATA;
}

/* Bytes that certainly belong to the body are received straight into the caller's memory. */
static int receive_body(struct fota_http *http, uint8_t *data, size_t size, size_t *got,
                        struct fota_fault *fault)
{
    uint64_t ahead = fota_http_reader_ahead(&http->reader);
    const uint8_t *body;
    size_t received, used, length;
    int result;

    if (ahead == 0 || http->skip > 0)
        return receive(http, 0, fault);
    result = read_some(http, data, ahead < size ? (size_t)ahead : size, &received, fault);
    if (received == 0)
        return result;
    (void)fota_http_reader_feed(&http->reader, data, received, &used, &body, &length, fault);
    return deliver(http, body, length, data, got, fault);
}

static int body_state(struct fota_http *http, uint8_t *data, size_t size, size_t *got,
                      struct fota_fault *fault)
{
    size_t limit = http->skip < sizeof http->buffer ? (size_t)http->skip : sizeof http->buffer;
    const uint8_t *body;
    size_t length;
    int event;

    /* No more than fits when all of it is body. */
    limit = size < sizeof http->buffer - limit ? limit + size : sizeof http->buffer;
    event = feed(http, limit, &body, &length, fault);
    if (event < 0)
        return event;
    if (event == FOTA_HTTP_BODY)
        return deliver(http, body, length, data, got, fault);
    if (event == FOTA_HTTP_END)
        return finish_part(http, fault);
    return http->used < http->length ? FOTA_FETCH_AGAIN
                                     : receive_body(http, data, size, got, fault);
}

/* ---- interface ------------------------------------------------------------------------------- */

void fota_http_init(struct fota_http *http, const struct fota_net *net, const struct fota_tls *tls,
                    const struct fota_system *system, const struct fota_timeouts *timeouts)
{
    memset(http, 0, sizeof *http);
    fota_connection_init(&http->connection, net, tls);
    fota_patience_init(&http->patience, system, timeouts);
    http->family = FOTA_ADDRESS_ANY;
}

int fota_http_open(struct fota_http *http, const char *url, uint64_t offset,
                   struct fota_fault *fault)
{
    struct fota_url parsed;
    size_t length = strlen(url);
    int error;

    if (!http->kept || http->redirects > 0 || strcmp(url, http->url) != 0)
        fota_http_close(http);
    error = fota_url_parse(url, length, FOTA_URL_MAX, &parsed, fault);
    if (error == 0)
        error = check_scheme(http, &parsed, fault);
    if (error != 0) {
        fault->stage = FOTA_STAGE_REQUEST;
        return error;
    }
    memcpy(http->url, url, length + 1);
    memset(&http->identity, 0, sizeof http->identity);
    http->retry_after_s = 0;
    http->offset = offset;
    http->skip = http->range_left = 0;
    http->redirects = 0;
    http->elsewhere = false;
    http->state = STATE_OPEN;
    return 0;
}

/* RFC 9112 section 9.3.1: a server may close a connection that it has kept at any time. */
static int renew(struct fota_http *http)
{
    fota_http_close(http);
    http->state = STATE_OPEN;
    return FOTA_FETCH_AGAIN;
}

int fota_http_step(struct fota_http *http, uint8_t *data, size_t size, size_t *got,
                   struct fota_fault *fault)
{
    int result;

    *got = 0;
    switch ((enum state)http->state) {
    case STATE_OPEN: result = open_state(http, fault); break;
    case STATE_CONNECT: result = connect_state(http, fault); break;
    case STATE_HANDSHAKE: result = handshake_state(http, fault); break;
    case STATE_SEND: result = send_state(http, fault); break;
    case STATE_HEADER: result = header_state(http, fault); break;
    case STATE_BODY: result = body_state(http, data, size, got, fault); break;
    default: result = fota_fail(fault, FOTA_ERR_STATE, FOTA_STAGE_REQUEST, 0, 0); break;
    }
    if (result < 0 && http->kept && http->state != STATE_IDLE)
        return renew(http);
    if (result == FOTA_FETCH_END && http->kept)
        http->state = STATE_IDLE;
    else if (result < 0 || result == FOTA_FETCH_END)
        fota_http_close(http);
    return result;
}

void fota_http_close(struct fota_http *http)
{
    fota_connection_close(&http->connection);
    http->kept = false;
    http->state = STATE_IDLE;
}
