/*
 * compat.h - the differences between mbedTLS 2.28 and 3.6 in one place.
 *
 * 3.0 gave the checked functions of 2.x, mbedtls_sha256_*_ret, the names of the unchecked ones.
 */
#ifndef FOTA_MBEDTLS_COMPAT_H
#define FOTA_MBEDTLS_COMPAT_H

#include <stdbool.h>
#include <stddef.h>

#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#if MBEDTLS_VERSION_NUMBER < 0x021C0000 || MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "mbedTLS 2.28 or 3.x is needed"
#endif

/* 3.0 hides the fields of its structures behind this. */
#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

/* 3.0 gave two errors shorter names; the numbers are the same. */
#define FOTA_COMPAT_BAD_VERSION     (-0x6E80)
#define FOTA_COMPAT_BAD_CERTIFICATE (-0x7A00)

typedef int fota_compat_rng(void *ctx, unsigned char *data, size_t len);

static inline int fota_compat_sha256_starts(mbedtls_sha256_context *sha)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_starts_ret(sha, 0);
#else
    return mbedtls_sha256_starts(sha, 0);
#endif
}

static inline int fota_compat_sha256_update(mbedtls_sha256_context *sha, const unsigned char *data,
                                            size_t len)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_update_ret(sha, data, len);
#else
    return mbedtls_sha256_update(sha, data, len);
#endif
}

static inline int fota_compat_sha256_finish(mbedtls_sha256_context *sha, unsigned char digest[32])
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_finish_ret(sha, digest);
#else
    return mbedtls_sha256_finish(sha, digest);
#endif
}

#if defined(MBEDTLS_SSL_TLS_C) /* a boot loader has no TLS */

/* TLS 1.3 of 3.x calculates by PSA, which wants to be started once. */
static inline int fota_compat_start(void)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
    return psa_crypto_init() == PSA_SUCCESS ? 0 : MBEDTLS_ERR_SSL_ALLOC_FAILED;
#else
    return 0;
#endif
}

static inline bool fota_compat_has_tls13(void)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
    return true;
#else
    return false;
#endif
}

static inline int fota_compat_parse_key(mbedtls_pk_context *key, const unsigned char *text,
                                        size_t len, fota_compat_rng *rng, void *rng_ctx)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    (void)rng;
    (void)rng_ctx;
    return mbedtls_pk_parse_key(key, text, len, NULL, 0);
#else
    return mbedtls_pk_parse_key(key, text, len, NULL, 0, rng, rng_ctx);
#endif
}

static inline int fota_compat_check_pair(const mbedtls_pk_context *public_key,
                                         const mbedtls_pk_context *key, fota_compat_rng *rng,
                                         void *rng_ctx)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    (void)rng;
    (void)rng_ctx;
    return mbedtls_pk_check_pair(public_key, key);
#else
    return mbedtls_pk_check_pair(public_key, key, rng, rng_ctx);
#endif
}

/* TLS 1.2, and newer where the library has it and `exactly` does not forbid it. 2.28 would take
 * TLS 1.0 and signatures of handshakes by SHA-1; it crashes with a minimum of 1.3. */
static inline void fota_compat_versions(mbedtls_ssl_config *conf, bool exactly)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512,
                                 MBEDTLS_MD_NONE};

    (void)exactly;
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_sig_hashes(conf, hashes);
#else
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    if (exactly)
        mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_SSL_SESSION_TICKETS) &&                   \
    MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
#endif
}

/* Did mbedtls_ssl_read() return for a ticket of TLS 1.3? */
static inline bool fota_compat_is_ticket(int ret)
{
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    return ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    (void)ret;
    return false;
#endif
}

/* Does a session of this connection come by mbedtls_ssl_get_session() at any time (TLS 1.2), or
 * after a ticket only? */
static inline bool fota_compat_is_tls12(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    (void)ssl;
    return true;
#else
    return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
#endif
}

/* Description of the alert after MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE (RFC 8446, section 6). There
 * is no function for it. */
static inline int fota_compat_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(in_msg) ? ssl->MBEDTLS_PRIVATE(in_msg)[1] : 0;
}

/* Has the client sent all it says of itself, so that the server may judge it? */
static inline bool fota_compat_client_is_known(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(state) > MBEDTLS_SSL_CLIENT_CERTIFICATE;
}

/* Length that the header of the current record claims; 0: it is no record of TLS 1.x. */
static inline size_t fota_compat_record_length(const mbedtls_ssl_context *ssl)
{
    const unsigned char *header = ssl->MBEDTLS_PRIVATE(in_hdr);

    if (!header || header[0] < MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC ||
        header[0] > MBEDTLS_SSL_MSG_APPLICATION_DATA || header[1] != MBEDTLS_SSL_MAJOR_VERSION_3)
        return 0;
    return (size_t)(header[3] << 8 | header[4]);
}

#endif

#endif
