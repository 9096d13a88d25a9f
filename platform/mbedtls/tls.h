/*
 * tls.h - TLS 1.2 and 1.3 by mbedTLS 2.28 (which has no 1.3) or 3.6, over any stream of a port.
 *
 * The context belongs to the platform. mbedTLS allocates memory: about 40 KiB for a connection with
 * its default record buffers of 16 KiB (MBEDTLS_SSL_IN_CONTENT_LEN).
 */
#ifndef FOTA_MBEDTLS_TLS_H
#define FOTA_MBEDTLS_TLS_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include "fota_port.h"
#include "platform/mbedtls/certificate.h"

#define FOTA_MBEDTLS_SESSIONS 4u /* connections at a time */

struct fota_mbedtls_session {
    struct fota_mbedtls_tls *tls;
    const struct fota_net *net; /* NULL: free */
    int stream;
    int error; /* that ended it; 0: none */
    bool done; /* the handshake is complete */
    bool verified;
    bool resumable; /* the session may be resumed later (RFC 5246, section 7.2.2) */
    bool exactly_1_2;
    struct fota_mbedtls_peer peer;
    uint8_t identity[FOTA_DIGEST_SIZE]; /* of host and parameters */
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt authorities, certificate;
    mbedtls_pk_context key;
};

struct fota_mbedtls_tls {
    const struct fota_system *system;
    const char *bundle; /* file of authorities, PEM; NULL: there is none */
    bool started;
    bool bundle_read;
    bool untimed; /* the last certificate was judged without a trusted time */
    uint32_t reason;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt authorities; /* of the bundle */
    /* The session of the last connection, to resume it (RFC 5246, 7.3; RFC 8446, 2.2). */
    struct {
        bool kept;
        uint8_t identity[FOTA_DIGEST_SIZE];
        uint64_t at_ms;
        int64_t good_until; /* when its certificates expire, seconds since 1970 */
        mbedtls_ssl_session session;
    } last;
    struct fota_mbedtls_session sessions[FOTA_MBEDTLS_SESSIONS];
};

/*
 * Makes the context, which may not be moved, and returns it as the engine's port. `system` is
 * borrowed; certificates are judged by its time. `bundle`, borrowed, names a PEM file with the
 * authorities to trust where a connection names none; NULL: there are none. The file is read when
 * it is first needed.
 */
struct fota_tls fota_mbedtls_tls_open(struct fota_mbedtls_tls *tls,
                                      const struct fota_system *system, const char *bundle);

/* Ends all connections and forgets the last session, as a loss of power does. */
void fota_mbedtls_tls_drop(struct fota_mbedtls_tls *tls);

/* Ends all connections and releases everything. */
void fota_mbedtls_tls_close(struct fota_mbedtls_tls *tls);

#endif
