/*
 * certificate.h - what is demanded of a server's certificate beyond what mbedTLS looks at: the
 * port's time instead of the library's, and names that are addresses.
 */
#ifndef FOTA_MBEDTLS_CERTIFICATE_H
#define FOTA_MBEDTLS_CERTIFICATE_H

#include <mbedtls/x509_crt.h>

#include "fota_port.h"

/* Whom the certificate must be of, and when. */
struct fota_mbedtls_peer {
    uint8_t address[16];   /* of a host that is given by its address */
    size_t address_length; /* 0: by a name, which mbedTLS compares */
    int64_t now;           /* seconds since 1970, or what has certainly passed; 0 unknown */
    int64_t good_until;    /* when the first of the certificates that were seen expires */
    bool trusted_time;     /* `now` is the time */
};

/* SHA-256 and better, ECDSA on the NIST curves from P-256, RSA from 2048 bits: RFC 9325, 4.5. */
extern const mbedtls_x509_crt_profile fota_mbedtls_profile;

/*
 * Says who the server has to be: `host`, a name or an address (RFC 5280, 4.2.1.6). The
 * time comes from `system`; where it has none that can be trusted, newest_known (seconds since
 * 1970) counts.
 */
void fota_mbedtls_peer(struct fota_mbedtls_peer *peer, const char *host,
                       const struct fota_system *system, int64_t newest_known);

/* For mbedtls_ssl_conf_verify() with a struct fota_mbedtls_peer as its context: judges one
 * certificate of the chain by name and time. */
int fota_mbedtls_verify(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* The FOTA_ERR_TLS_* for the flags with which a certificate was refused. */
int fota_mbedtls_certificate_error(uint32_t flags);

#endif
