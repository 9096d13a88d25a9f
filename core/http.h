/*
 * http.h - fetches one file, or the rest of one, over HTTP/1.1 (RFC 9110, RFC 9112), with TLS or
 * without.
 *
 * The client can do just that: GET, Range, redirects, chunked. It never sleeps and never retries:
 * the engine decides what a failure means for the update.
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
    bool kept;             /* the connection was kept after an answer, and nothing has come since */
    bool secure;           /* the url of the current request is https */
    bool elsewhere;        /* a redirect has left the origin of the caller's url */
    uint16_t used, length; /* unread part of `buffer` */
    uint32_t retry_after_s;          /* of a 408, 429 or 5xx, seconds; 0: it did not say */
    enum fota_address_family family; /* FOTA_ADDRESS_ANY from init; the caller may set it */
    /* Of https, borrowed; NULL from init: the server is verified. The caller may set it. */
    const struct fota_tls_params *params;
    struct fota_connection connection;
    struct fota_patience patience;
    struct fota_file_identity identity;
    uint64_t offset;     /* of the first byte asked for, from the start of the file */
    uint64_t skip;       /* bytes of a 200 answer that the caller has already */
    uint64_t range_left; /* bytes of a 206 answer still to come */
    struct fota_http_reader reader;
    char url[FOTA_REDIRECT_URL_MAX + 1]; /* of the current request */
    /* The request while it is sent, then what was received. While a header is read, the first
     * sizeof url bytes are for the Location of a redirect. */
    uint8_t buffer[FOTA_REDIRECT_URL_MAX + 1 + 512];
};

/* Prepares the client. `net`, `tls` (may be NULL) and `system` are borrowed for its life. */
void fota_http_init(struct fota_http *http, const struct fota_net *net, const struct fota_tls *tls,
                    const struct fota_system *system, const struct fota_timeouts *timeouts);

/*
 * Begins a GET of `url` (terminated, at most FOTA_URL_MAX, copied) from byte `offset` of the file.
 * Nothing is sent before the first step. A request that is still running is closed, and so is a
 * connection that was kept, unless it is for the same url.
 *
 * With an offset above 0 the request has a Range. On a port whose TLS records are limited every
 * https request has one, for a part that fits into one record; such an answer may end before
 * identity.total. If-Range is not used: the caller compares the identity, of which it may only have
 * a hash after a restart. A login in the url (RFC 7617) and the client's certificate are sent,
 * after a redirect only as long as it stays on the same origin.
 *
 * Returns 0, an error of fota_url_parse(), FOTA_ERR_URL_SCHEME for ftp, or FOTA_ERR_NOT_BUILT for
 * https on a port without TLS.
 */
int fota_http_open(struct fota_http *http, const char *url, uint64_t offset,
                   struct fota_fault *fault);

/*
 * Does one bounded piece of work: at most one read and one write on the network. Puts bytes of the
 * file, from `offset` on, into `data`, which has room for `size` bytes, at least 1; *got says how
 * many. Returns enum fota_fetch, or a negative error with *fault filled in. fault->stage is
 * FOTA_STAGE_CONNECT before FOTA_FETCH_OPEN, FOTA_STAGE_DOWNLOAD afterwards.
 *
 * After an error or FOTA_FETCH_END the connection is closed, and a further step fails with
 * FOTA_ERR_STATE. Only on a port whose TLS records are limited the connection is kept after an
 * answer that allows it, for the next part of the same file.
 *
 * FOTA_FETCH_OPEN comes once, with a status of 200 or 206. If the server answers a Range with 200,
 * the first `offset` bytes of the answer are skipped. FOTA_ERR_HTTP_RANGE: that answer is shorter,
 * a 206 begins elsewhere or does not say where, or the status is 416. FOTA_ERR_HTTP_LENGTH: a 206
 * is longer than its own range. There are separate errors for 401, 403, 404/410 and 408/429/5xx.
 * The body of an answer that is refused is never handed out.
 *
 * Each request begins at the caller's url again, so that a redirect's link that has expired is
 * renewed by a new fota_http_open().
 */
int fota_http_step(struct fota_http *http, uint8_t *data, size_t size, size_t *got,
                   struct fota_fault *fault);

/* Closes the connection, if any. Harmless at any time after fota_http_init(). */
void fota_http_close(struct fota_http *http);

#endif
