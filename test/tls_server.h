/*
 * tls_server.h - certificates, and a TLS server that reads and writes memory. Each test program
 * includes it once.
 */
#ifndef FOTA_TEST_TLS_SERVER_H
#define FOTA_TEST_TLS_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/rsa.h>
#include <mbedtls/ssl_ticket.h>

#include "fota_error.h"
#include "platform/mbedtls/compat.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- certificates ---------------------------------------------------------------------------- */

static int test_random(void *ctx, unsigned char *data, size_t length)
{
    static uint32_t state = 1;

    (void)ctx;
    for (size_t i = 0; i < length; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (unsigned char)(state >> 24);
    }
    return 0;
}

/* A certificate with its key. */
struct identity {
    mbedtls_pk_context key;
    char name[64];
    char certificate_pem[2048];
    char key_pem[2048];
};

/* What a certificate says. */
struct claims {
    const char *name;
    const char *host;       /* dNSName; NULL: no such name */
    const uint8_t *address; /* iPAddress of `address_length` bytes */
    size_t address_length;
    const char *from, *to; /* "20250101000000" */
    mbedtls_md_type_t md;
    unsigned rsa_bits; /* 0: P-256 */
    bool authority;
};

static void make_key(mbedtls_pk_context *key, unsigned rsa_bits)
{
    mbedtls_pk_type_t type = rsa_bits ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY;

    mbedtls_pk_init(key);
    assert_int_equal(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(type)), 0);
    if (rsa_bits) {
        assert_int_equal(
            mbedtls_rsa_gen_key(mbedtls_pk_rsa(*key), test_random, NULL, rsa_bits, 65537), 0);
    } else {
        assert_int_equal(
            mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), test_random, NULL),
            0);
    }
}

static void set_names(mbedtls_x509write_cert *writer, const struct claims *claims)
{
    unsigned char names[128];
    size_t length = 2, host = claims->host ? strlen(claims->host) : 0;

    if (claims->host) {
        names[length++] = 0x82;
        names[length++] = (unsigned char)host;
        memcpy(names + length, claims->host, host);
        length += host;
    }
    if (claims->address_length) {
        names[length++] = 0x87;
        names[length++] = (unsigned char)claims->address_length;
        memcpy(names + length, claims->address, claims->address_length);
        length += claims->address_length;
    }
    if (length == 2)
        return;
    names[0] = 0x30;
    names[1] = (unsigned char)(length - 2);
    assert_int_equal(mbedtls_x509write_crt_set_extension(
                         writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                         MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, names, length),
                     0);
}

/* Makes *made, signed by `issuer`, or by itself. */
static void issue(struct identity *made, struct identity *issuer, const struct claims *claims)
{
    static int serial_number;
    mbedtls_x509write_cert writer;
    mbedtls_mpi serial;

    if (!issuer)
        issuer = made;
    make_key(&made->key, claims->rsa_bits);
    snprintf(made->name, sizeof made->name, "CN=%s", claims->name);
    mbedtls_x509write_crt_init(&writer);
    mbedtls_mpi_init(&serial);
    assert_int_equal(mbedtls_mpi_lset(&serial, ++serial_number), 0);
    assert_int_equal(mbedtls_x509write_crt_set_serial(&writer, &serial), 0);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, claims->md ? claims->md : MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, &made->key);
    mbedtls_x509write_crt_set_issuer_key(&writer, &issuer->key);
    assert_int_equal(mbedtls_x509write_crt_set_subject_name(&writer, made->name), 0);
    assert_int_equal(mbedtls_x509write_crt_set_issuer_name(&writer, issuer->name), 0);
    assert_int_equal(
        mbedtls_x509write_crt_set_validity(&writer, claims->from ? claims->from : "20250101000000",
                                           claims->to ? claims->to : "20350101000000"),
        0);
    assert_int_equal(mbedtls_x509write_crt_set_basic_constraints(&writer, claims->authority, -1),
                     0);
    set_names(&writer, claims);
    assert_int_equal(mbedtls_x509write_crt_pem(&writer, (unsigned char *)made->certificate_pem,
                                               sizeof made->certificate_pem, test_random, NULL),
                     0);
    assert_int_equal(
        mbedtls_pk_write_key_pem(&made->key, (unsigned char *)made->key_pem, sizeof made->key_pem),
        0);
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&writer);
}

/* Of all servers: what they wrap their tickets with. */
static mbedtls_ssl_ticket_context tickets;
static bool tickets_ready;

static struct identity authority, stranger, server_identity, client_identity;

static int make_identities(void **state)
{
    (void)state;
    issue(&authority, NULL, &(struct claims){.name = "authority", .authority = true});
    issue(&stranger, NULL, &(struct claims){.name = "stranger", .authority = true});
    issue(&server_identity, &authority, &(struct claims){.name = "s", .host = "fota.example"});
    issue(&client_identity, &authority, &(struct claims){.name = "modem"});
    return 0;
}

static int free_identities(void **state)
{
    (void)state;
    mbedtls_pk_free(&authority.key);
    mbedtls_pk_free(&stranger.key);
    mbedtls_pk_free(&server_identity.key);
    mbedtls_pk_free(&client_identity.key);
    if (tickets_ready)
        mbedtls_ssl_ticket_free(&tickets);
    return 0;
}

/* ---- the wire -------------------------------------------------------------------------------- */

struct pipe {
    unsigned char bytes[65536];
    size_t written, read;
};

static struct {
    struct pipe up, down; /* to the server, to the client */
    size_t piece;         /* bytes of one send or recv at most */
    bool hesitate;        /* every second call of the client moves nothing */
    size_t cut;           /* the client gets so many bytes, then `cut_error` */
    int cut_error;
    bool closed; /* the server has closed its side */
    bool turn;
} wire;

static size_t put(struct pipe *pipe, const void *data, size_t length)
{
    assert_true(pipe->written + length <= sizeof pipe->bytes);
    memcpy(pipe->bytes + pipe->written, data, length);
    pipe->written += length;
    return length;
}

static size_t take(struct pipe *pipe, void *data, size_t length)
{
    size_t n = pipe->written - pipe->read;

    n = n < length ? n : length;
    memcpy(data, pipe->bytes + pipe->read, n);
    pipe->read += n;
    return n;
}

/* ---- the server ------------------------------------------------------------------------------ */

static struct {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt certificate, authorities;
    mbedtls_pk_context key;
    bool done;
    int error;
} server;

static int server_send(void *ctx, const unsigned char *data, size_t length)
{
    (void)ctx;
    return (int)put(&wire.down, data, length);
}

static int server_recv(void *ctx, unsigned char *data, size_t length)
{
    size_t got = take(&wire.up, data, length);

    (void)ctx;
    return got > 0 ? (int)got : MBEDTLS_ERR_SSL_WANT_READ;
}

enum version { ANY, OLD, TLS12, TLS13 };

static void set_version(enum version version)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    int minor = version == OLD ? MBEDTLS_SSL_MINOR_VERSION_2 : MBEDTLS_SSL_MINOR_VERSION_3;

    mbedtls_ssl_conf_min_version(&server.conf, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_1);
    mbedtls_ssl_conf_max_version(&server.conf, MBEDTLS_SSL_MAJOR_VERSION_3, minor);
#else
    if (version == TLS12)
        mbedtls_ssl_conf_max_tls_version(&server.conf, MBEDTLS_SSL_VERSION_TLS1_2);
    if (version == TLS13)
        mbedtls_ssl_conf_min_tls_version(&server.conf, MBEDTLS_SSL_VERSION_TLS1_3);
#endif
}

static void start_server(struct identity *identity, bool wants_client, enum version version)
{
    const unsigned char *pem = (const unsigned char *)identity->certificate_pem;

    memset(&server, 0, sizeof server);
    mbedtls_ssl_init(&server.ssl);
    mbedtls_ssl_config_init(&server.conf);
    mbedtls_x509_crt_init(&server.certificate);
    mbedtls_x509_crt_init(&server.authorities);
    mbedtls_pk_init(&server.key);
    assert_int_equal(fota_compat_start(), 0);
    if (!tickets_ready) {
        mbedtls_ssl_ticket_init(&tickets);
        assert_int_equal(mbedtls_ssl_ticket_setup(&tickets, test_random, NULL,
                                                  MBEDTLS_CIPHER_AES_256_GCM, 86400),
                         0);
        tickets_ready = true;
    }
    assert_int_equal(mbedtls_x509_crt_parse(&server.certificate, pem, strlen((char *)pem) + 1), 0);
    pem = (const unsigned char *)authority.certificate_pem;
    assert_int_equal(mbedtls_x509_crt_parse(&server.authorities, pem, strlen((char *)pem) + 1), 0);
    pem = (const unsigned char *)identity->key_pem;
    assert_int_equal(
        fota_compat_parse_key(&server.key, pem, strlen((char *)pem) + 1, test_random, NULL), 0);
    assert_int_equal(mbedtls_ssl_config_defaults(&server.conf, MBEDTLS_SSL_IS_SERVER,
                                                 MBEDTLS_SSL_TRANSPORT_STREAM,
                                                 MBEDTLS_SSL_PRESET_DEFAULT),
                     0);
    set_version(version);
    mbedtls_ssl_conf_rng(&server.conf, test_random, NULL);
    mbedtls_ssl_conf_ca_chain(&server.conf, &server.authorities, NULL);
    mbedtls_ssl_conf_session_tickets_cb(&server.conf, mbedtls_ssl_ticket_write,
                                        mbedtls_ssl_ticket_parse, &tickets);
    mbedtls_ssl_conf_authmode(&server.conf,
                              wants_client ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
    assert_int_equal(mbedtls_ssl_conf_own_cert(&server.conf, &server.certificate, &server.key), 0);
    assert_int_equal(mbedtls_ssl_setup(&server.ssl, &server.conf), 0);
    mbedtls_ssl_set_bio(&server.ssl, NULL, server_send, server_recv, NULL);
}

static void stop_server(void)
{
    mbedtls_ssl_free(&server.ssl);
    mbedtls_ssl_config_free(&server.conf);
    mbedtls_x509_crt_free(&server.certificate);
    mbedtls_x509_crt_free(&server.authorities);
    mbedtls_pk_free(&server.key);
}

/* As far as the server comes with what it has; a failed one closes. */
static void serve(void)
{
    int ret;

    if (server.done || server.error)
        return;
    ret = mbedtls_ssl_handshake(&server.ssl);
    if (ret == 0)
        server.done = true;
    else if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE) {
        server.error = ret;
        /* As others do; this library says nothing in TLS 1.2 (RFC 5246, section 7.4.6). */
        if (ret == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE && fota_compat_is_tls12(&server.ssl)) {
            (void)mbedtls_ssl_send_alert_message(&server.ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                                 MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
        }
        wire.closed = true;
    }
}

#endif
