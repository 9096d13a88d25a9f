/*
 * connection.h - one TCP connection to a server, with TLS over it or without: what the protocol
 * clients stand on.
 */
#ifndef FOTA_CONNECTION_H
#define FOTA_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_error.h"
#include "fota_port.h"

struct fota_connection {
    const struct fota_net *net;
    const struct fota_tls *tls; /* NULL or without ops: there is none */
    int stream;                 /* -1: closed */
    bool secure;                /* TLS has been started on it */
    uint32_t received;          /* bytes since the init, without TLS's own; modulo 2^32 */
};

/* What is demanded of TLS where nothing else is: a server that is verified. */
extern const struct fota_tls_params fota_tls_usual;

/* Makes a closed connection. `net` and `tls` are borrowed for its life. */
void fota_connection_init(struct fota_connection *connection, const struct fota_net *net,
                          const struct fota_tls *tls);

/* Starts to connect. Closes a connection that is still open. Errors: those of fota_net_ops.open. */
int fota_connection_open(struct fota_connection *connection, const char *host, uint16_t port,
                         enum fota_address_family family);

/* Starts TLS on an established connection. With NULL for `params`, fota_tls_usual counts. Errors:
 * those of fota_tls_ops.start, FOTA_ERR_NOT_BUILT if the port has no TLS. */
int fota_connection_secure(struct fota_connection *connection, const char *host,
                           const struct fota_tls_params *params);

/* Fills in *fault for an error that the connection returned, with the reason that the TLS library
 * gives if it has one. Returns `error`. */
int fota_connection_fail(const struct fota_connection *connection, int error, enum fota_stage stage,
                         struct fota_fault *fault);

/* Like the functions of fota_net_ops; after fota_connection_secure() like those of fota_tls_ops, so
 * that ready() then tells about the handshake. */
int fota_connection_ready(struct fota_connection *connection);
int fota_connection_send(struct fota_connection *connection, const void *data, size_t length);
int fota_connection_recv(struct fota_connection *connection, void *data, size_t length);

/* Harmless at any time. */
void fota_connection_close(struct fota_connection *connection);

#endif
