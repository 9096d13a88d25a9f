/*
 * http.h - fetches one file, or the rest of one, over HTTP/1.1 (RFC 9110, RFC 9112), with TLS or
 * without.
 *
 * A client for exactly that: GET, Range, redirects, chunked. It never sleeps and never retries:
 * what a failure means for the update is the engine's affair.
 */
#ifndef FOTA_HTTP_H
#define FOTA_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "fetch.h"
#include "fota_port.h"
#include "http_reader.h"
#include "url.h"

#define FOTA_HTTP_REDIRECTS  5u    /* redirects followed for one request */
#define FOTA_HTTP_ANSWER_MAX 1024u /* bytes of an answer's header, where records are limited */

struct fota_http {
    uint8_t state;
    uint8_t redirects;
    bool kept;                       /* nothing came yet since an answer ended on it */
    bool secure;                     /* the url of the request that runs is https */
    bool elsewhere;                  /* a redirect has left the origin of the caller's url */
    uint16_t used, length;           /* unread part of `buffer` */
    uint32_t retry_after_s;          /* of a 408, 429 or 5xx, seconds; 0: it did not say */
    enum fota_address_family family; /* FOTA_ADDRESS_ANY from init; the caller may set it */
    /* Of https, borrowed; NULL from init: the server is verified. The caller may set it. */
    const struct fota_tls_params *params;
    struct fota_connection connection;
    struct fota_patience patience;
    struct fota_file_identity identity;
    uint64_t offset;     /* asked for, bytes from the start of the file */
    uint64_t skip;       /* bytes of a 200 answer that the caller has already */
    uint64_t range_left; /* bytes of a 206 answer still to come */
    struct fota_http_reader reader;
    char url[FOTA_REDIRECT_URL_MAX + 1]; /* of the request that runs */
    /* Of a redirect; while connecting, the host's name. */
    char location[FOTA_REDIRECT_URL_MAX + 1];
    uint8_t buffer[2048]; /* the request while it is sent, then what was received */
};

/* Prepares the client. `net`, `tls` (may be NULL) and `system` are borrowed for its life. */
void fota_http_init(struct fota_http *http, const struct fota_net *net, const struct fota_tls *tls,
                    const struct fota_system *system, const struct fota_timeouts *timeouts);

/*
 * Begins a GET of `url` (terminated, at most FOTA_URL_MAX, copied) from byte `offset` of the file.
 * Nothing is sent before the first step; a request that runs is closed, and so is a connection that
 * was kept, unless it is to the same url. An offset above 0 asks by
 * Range, and so does every https request where the port's records are limited: for a part that fits
 * into one, so that the answer may end before identity.total. If-Range is not used, the identity is
 * compared by the caller, who may hold nothing but its hash after a restart. A login in the url is
 * sent (RFC 7617), after redirects only as long as they stay on the same origin; so is the client's
 * certificate shown. Returns 0 or an error of fota_url_parse(), FOTA_ERR_URL_SCHEME for ftp,
 * FOTA_ERR_NOT_BUILT for https without TLS.
 */
int fota_http_open(struct fota_http *http, const char *url, uint64_t offset,
                   struct fota_fault *fault);

/*
 * One bounded piece of work: at most one read and one write on the network. Body bytes, from
 * `offset` of the file on, are put into `data` (room for `size` bytes, at least 1). Returns enum
 * fota_fetch, or a negative error with *fault filled in; after an error or FOTA_FETCH_END another
 * step is FOTA_ERR_STATE. The connection is closed then; only where records are limited it is kept
 * behind an answer that allows it, for the next part of the same file. fault->stage is
 * FOTA_STAGE_CONNECT before FOTA_FETCH_OPEN, FOTA_STAGE_DOWNLOAD afterwards.
 *
 * FOTA_FETCH_OPEN comes once, with a 200 or 206. A 200 to a Range request is read from its start
 * and the first `offset` bytes are dropped; one that is shorter is FOTA_ERR_HTTP_RANGE. So are a
 * 206 that begins elsewhere or does not say where, and 416. A 206 that is longer than its own range
 * is FOTA_ERR_HTTP_LENGTH. Every request begins at the caller's url again, so an expired link that
 * a redirect gave is renewed by opening anew. 401, 403, 404/410 and 408/429/5xx have their own
 * errors; the body of an answer that is refused is never handed out.
 */
int fota_http_step(struct fota_http *http, uint8_t *data, size_t size, size_t *got,
                   struct fota_fault *fault);

/* Closes the connection, if any. Harmless at any time after fota_http_init(). */
void fota_http_close(struct fota_http *http);

#endif
