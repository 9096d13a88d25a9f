/*
 * source.h - where the bytes of a download come from: the one interface over the protocol clients.
 */
#ifndef FOTA_SOURCE_H
#define FOTA_SOURCE_H

#include "ftp.h"
#include "http.h"

struct fota_source {
    const struct fota_port *port;
    struct fota_timeouts timeouts;
    const struct fota_tls_params *params;
    bool is_ftp; /* which member of `client` is in use; they share memory, as only one runs */
    union {
        struct fota_http http;
        struct fota_ftp ftp;
    } client;
};

/* Prepares a source over the port's network. `port` is borrowed for its life. */
void fota_source_init(struct fota_source *source, const struct fota_port *port,
                      const struct fota_timeouts *timeouts);

/* Sets the parameters of TLS, borrowed until the next init. NULL: the server is verified. */
void fota_source_secure(struct fota_source *source, const struct fota_tls_params *params);

/* Begins to fetch `url` from byte `offset` of the file, with the client for the url's scheme.
 * The port must have that client. Errors: those of the client's open. */
int fota_source_open(struct fota_source *source, const char *url, uint64_t offset,
                     struct fota_fault *fault);

/* As fota_http_step(). */
int fota_source_step(struct fota_source *source, uint8_t *data, size_t size, size_t *got,
                     struct fota_fault *fault);

/* The identity of the file, known from FOTA_FETCH_OPEN on. */
const struct fota_file_identity *fota_source_identity(const struct fota_source *source);

/* Bytes received since the init, protocol and all but TLS's own; modulo 2^32. */
uint32_t fota_source_received(const struct fota_source *source);

/* How many seconds the server asked to wait before the next request; 0: it did not ask. */
uint32_t fota_source_retry_after(const struct fota_source *source);

/* Harmless at any time. */
void fota_source_close(struct fota_source *source);

#endif
