/*
 * http.h - fetches one file, or the rest of one, over HTTP/1.1 (RFC 9110, RFC 9112).
 *
 * A client for exactly that: GET, Range, redirects, chunked. It never sleeps and never retries:
 * what a failure means for the update is the engine's affair.
 */
#ifndef FOTA_HTTP_H
#define FOTA_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_port.h"
#include "http_reader.h"
#include "url.h"

#define FOTA_HTTP_REDIRECTS 5u /* redirects followed for one request */

/* Deadlines, milliseconds. */
struct fota_timeouts {
    uint32_t connect_ms; /* name and connection; default 30000 */
    uint32_t stall_ms;   /* no byte from the server; default 60000 */
};

/* What stays the same between two requests for the same file. */
struct fota_file_identity {
    uint64_t total;     /* size of the whole file, bytes; 0: the server did not say */
    uint64_t validator; /* see fota_http_header; 0: none */
};

/* What a step found. Negative values are errors. */
enum fota_fetch {
    FOTA_FETCH_AGAIN, /* nothing happened that the caller must know; call again */
    FOTA_FETCH_WAIT,  /* nothing to do before the network moves */
    FOTA_FETCH_OPEN,  /* the answer's header is in: the identity is known */
    FOTA_FETCH_DATA,  /* *got bytes are in the caller's buffer */
    FOTA_FETCH_END    /* the file is complete */
};

struct fota_http {
    const struct fota_net *net;
    const struct fota_system *system;
    struct fota_timeouts timeouts;
    struct fota_http_reader reader;
    struct fota_file_identity identity;
    uint64_t offset; /* asked for, bytes from the start of the file */
    uint64_t skip;   /* bytes of a 200 answer that the caller has already */
    uint64_t deadline_ms;
    int stream; /* -1: none */
    uint8_t state;
    uint8_t redirects;
    uint16_t sent; /* bytes of the request on their way */
    uint16_t request_length;
    uint16_t used, length;                    /* unread part of `buffer` */
    char url[FOTA_REDIRECT_URL_MAX + 1];      /* of the request that runs */
    char location[FOTA_REDIRECT_URL_MAX + 1]; /* of a redirect */
    uint8_t buffer[2048]; /* the request while it is sent, then what was received */
};

/* Prepares the client. `net` and `system` are borrowed for its life. */
void fota_http_init(struct fota_http *http, const struct fota_net *net,
                    const struct fota_system *system, const struct fota_timeouts *timeouts);

/*
 * Begins a GET of `url` (terminated, at most FOTA_URL_MAX) from byte `offset` of the file.
 * An offset above 0 asks by Range; If-Range is not used, the identity is compared by the caller,
 * who may hold nothing but its hash after a restart. Returns 0 or an error of fota_url_parse(), or
 * FOTA_ERR_NOT_BUILT for https.
 */
int fota_http_open(struct fota_http *http, const char *url, uint64_t offset,
                   struct fota_fault *fault);

/*
 * One bounded piece of work: at most one read and one write on the network. Body bytes, from
 * `offset` of the file on, are put into `data` (room for `size` bytes). Returns enum fota_fetch, or
 * a negative error with *fault filled in; after an error or FOTA_FETCH_END the connection is
 * closed. A server that answers 200 to a Range request is read from its start and the first
 * `offset` bytes are dropped. A 206 that begins elsewhere is FOTA_ERR_HTTP_RANGE, 416 too. 401,
 * 403, 404/410 and 429/5xx have their own errors.
 */
int fota_http_step(struct fota_http *http, uint8_t *data, size_t size, size_t *got,
                   struct fota_fault *fault);

/* Closes the connection, if any. Harmless at any time. */
void fota_http_close(struct fota_http *http);

#endif
