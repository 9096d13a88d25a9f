#include "platform/mbedtls/tls.h"

#include <string.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/pem.h>

#include "fota_error.h"
#include "platform/mbedtls/compat.h"

#define SESSION_MS 3600000u /* longest that a session is gone on with */
#define TICKETS    8        /* of TLS 1.3, taken in one call */
#define HOST_MAX   255u     /* characters (RFC 1035, section 2.3.4) */

/*
 * The cipher suites that RFC 9325, section 4.2, recommends; the library skips those that it lacks.
 * CBC comes last. It is for old servers of TLS 1.2; and a server of TLS 1.1, which has nothing
 * else, then tells its version instead of only that there is no common suite.
 */
static const int suites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0x1301, /* TLS 1.3: AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305 */
    0x1302,
    0x1303,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    0,
};

/* ---- errors ---------------------------------------------------------------------------------- */

static bool is_memory(int ret)
{
    int high = -(-ret & 0xFF80), low = -(-ret & 0x7F);

    return high == MBEDTLS_ERR_SSL_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
           high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
           high == MBEDTLS_ERR_MD_ALLOC_FAILED || high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED ||
           high == MBEDTLS_ERR_PEM_ALLOC_FAILED || low == MBEDTLS_ERR_MPI_ALLOC_FAILED ||
           low == MBEDTLS_ERR_ASN1_ALLOC_FAILED;
}

/* Remembers the library's error, and returns `error`. */
static int because(struct fota_mbedtls_tls *tls, int ret, int error)
{
    tls->reason = (uint32_t)-ret;
    return is_memory(ret) ? FOTA_ERR_TLS_MEMORY : error;
}

/* RFC 8446, section 6.2. */
static int judge_alert(struct fota_mbedtls_session *session)
{
    int alert = fota_compat_alert(&session->ssl);

    session->tls->reason = (uint32_t)alert;
    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return fota_compat_has_tls13() && !session->exactly_1_2 ? FOTA_ERR_TLS_VERSION
                                                                : FOTA_ERR_TLS_VERSION_NEW;
    case 116: /* certificate_required */
    case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED: return FOTA_ERR_TLS_CLIENT_CERTIFICATE;
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
        /* TLS 1.2 has no alert of its own for a missing certificate (RFC 5246, 7.4.6). */
        return fota_compat_client_is_known(&session->ssl) ? FOTA_ERR_TLS_CLIENT_CERTIFICATE
                                                          : FOTA_ERR_TLS_HANDSHAKE;
    case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
    case MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC: return FOTA_ERR_CONNECTION;
    default: return FOTA_ERR_TLS_HANDSHAKE;
    }
}

static int judge_certificate(struct fota_mbedtls_session *session, int ret)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&session->ssl);

    session->tls->reason = (uint32_t)-ret;
    if (flags == 0 || flags == UINT32_MAX)
        return is_memory(ret) ? FOTA_ERR_TLS_MEMORY : FOTA_ERR_TLS_CERTIFICATE_ALGORITHM;
    return fota_mbedtls_certificate_error(flags);
}

/* If the record would fit, it is broken, or no record at all. */
static int judge_record(const struct fota_mbedtls_session *session)
{
    if (fota_compat_record_length(&session->ssl) > MBEDTLS_SSL_IN_CONTENT_LEN)
        return FOTA_ERR_TLS_RECORD;
    return session->done ? FOTA_ERR_CONNECTION : FOTA_ERR_TLS_HANDSHAKE;
}

/* The FOTA_ERR_* for an error of the library, which ends the session. */
static int judge(struct fota_mbedtls_session *session, int ret)
{
    int high = -(-ret & 0xFF80);

    if (session->error) /* of the stream */
        return session->error;
    session->resumable = false;
    session->tls->reason = (uint32_t)-ret;
    if (is_memory(ret))
        return FOTA_ERR_TLS_MEMORY;
    switch (ret) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: return judge_alert(session);
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case FOTA_COMPAT_BAD_CERTIFICATE: return judge_certificate(session, ret);
    case MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED: return FOTA_ERR_TLS_UNTRUSTED;
    case FOTA_COMPAT_BAD_VERSION: return FOTA_ERR_TLS_VERSION;
    case MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED: return FOTA_ERR_TLS_CLIENT_CERTIFICATE;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: return judge_record(session);
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
    case MBEDTLS_ERR_SSL_INVALID_MAC: return FOTA_ERR_CONNECTION;
    default: break;
    }
    /* A certificate that cannot be parsed. */
    if ((high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high >= MBEDTLS_ERR_X509_FATAL_ERROR) ||
        high == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || high == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE)
        return FOTA_ERR_TLS_CERTIFICATE_ALGORITHM;
    return session->done ? FOTA_ERR_CONNECTION : FOTA_ERR_TLS_HANDSHAKE;
}

static bool is_alike(const struct fota_mbedtls_session *session, const uint8_t *identity)
{
    return memcmp(session->identity, identity, sizeof session->identity) == 0;
}

/* What was gone on with may be what the server stumbled over: the next handshake is a whole one. */
static int fail(struct fota_mbedtls_session *session, int ret)
{
    struct fota_mbedtls_tls *tls = session->tls;

    session->error = judge(session, ret);
    if (!session->resumable && is_alike(session, tls->last.identity))
        tls->last.kept = false;
    return session->error;
}

/* ---- the stream ------------------------------------------------------------------------------ */

static int stream_send(void *ctx, const unsigned char *data, size_t len)
{
    struct fota_mbedtls_session *session = ctx;
    int sent = session->net->ops->send(session->net->ctx, session->stream, data, len);

    if (sent == 0)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    if (sent < 0) {
        session->error = sent;
        return MBEDTLS_ERR_NET_SEND_FAILED;
    }
    return sent;
}

static int stream_recv(void *ctx, unsigned char *data, size_t len)
{
    struct fota_mbedtls_session *session = ctx;
    int got = session->net->ops->recv(session->net->ctx, session->stream, data, len);

    if (got == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (got == FOTA_ERR_CLOSED)
        return 0; /* for mbedTLS, which knows whether a close_notify came before */
    if (got < 0) {
        session->error = got;
        return MBEDTLS_ERR_NET_RECV_FAILED;
    }
    return got;
}

static bool must_wait(int ret)
{
    return ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* ---- certificates and keys ------------------------------------------------------------------- */

static int start_once(struct fota_mbedtls_tls *tls)
{
    static const unsigned char who[] = "fota TLS";
    int ret;

    if (tls->started)
        return 0;
    ret = mbedtls_ctr_drbg_seed(&tls->random, mbedtls_entropy_func, &tls->entropy, who,
                                sizeof who - 1);
    if (ret == 0)
        ret = fota_compat_start();
    if (ret != 0)
        return because(tls, ret, FOTA_ERR_CRYPTO);
    tls->started = true;
    return 0;
}

/* If some of them cannot be read, the others may be enough. */
static int read_authorities(struct fota_mbedtls_tls *tls, mbedtls_x509_crt *chain, const char *text,
                            const char **subject)
{
    int ret = mbedtls_x509_crt_parse(chain, (const unsigned char *)text, strlen(text) + 1);

    if (ret >= 0 && chain->version != 0)
        return 0;
    *subject = "ca_cert is not a certificate in PEM that can be read";
    return because(tls, ret, FOTA_ERR_TLS_PARAMS);
}

static int read_bundle(struct fota_mbedtls_tls *tls, const char **subject)
{
    int ret = 0;

#if defined(MBEDTLS_FS_IO)
    if (tls->bundle && !tls->bundle_read) {
        ret = mbedtls_x509_crt_parse_file(&tls->authorities, tls->bundle);
        tls->bundle_read = ret >= 0;
    }
#endif
    if (tls->bundle_read && tls->authorities.version != 0)
        return 0;
    *subject = "there is no ca_cert to verify the server with";
    return because(tls, ret, FOTA_ERR_TLS_PARAMS);
}

static int read_client(struct fota_mbedtls_tls *tls, const struct fota_tls_params *params,
                       mbedtls_x509_crt *certificate, mbedtls_pk_context *key, const char **subject)
{
    const unsigned char *text = (const unsigned char *)params->client_cert;
    int ret;

    if (!params->client_cert || !params->client_key) {
        *subject = params->client_key ? "client_cert is missing" : "client_key is missing";
        return FOTA_ERR_TLS_PARAMS;
    }
    ret = mbedtls_x509_crt_parse(certificate, text, strlen(params->client_cert) + 1);
    if (ret != 0) {
        *subject = "client_cert is not a certificate in PEM that can be read";
        return because(tls, ret, FOTA_ERR_TLS_PARAMS);
    }
    text = (const unsigned char *)params->client_key;
    ret = fota_compat_parse_key(key, text, strlen(params->client_key) + 1, mbedtls_ctr_drbg_random,
                                &tls->random);
    if (ret != 0) {
        *subject = "client_key is not a key in PEM, without a password, that can be read";
        return because(tls, ret, FOTA_ERR_TLS_PARAMS);
    }
    ret = fota_compat_check_pair(&certificate->pk, key, mbedtls_ctr_drbg_random, &tls->random);
    if (ret == 0)
        return 0;
    *subject = "client_key does not belong to client_cert";
    return because(tls, ret, FOTA_ERR_TLS_PARAMS);
}

/* Reads all that `params` name into the session; the bundle into the context. */
static int read_params(struct fota_mbedtls_session *session, const struct fota_tls_params *params,
                       const char **subject)
{
    struct fota_mbedtls_tls *tls = session->tls;
    int error = start_once(tls);

    if (error == 0 && params->level != FOTA_TLS_NONE) {
        if (params->ca_cert)
            error = read_authorities(tls, &session->authorities, params->ca_cert, subject);
        else
            error = read_bundle(tls, subject);
    }
    if (error == 0 &&
        (params->client_cert || params->client_key || params->level == FOTA_TLS_MUTUAL))
        error = read_client(tls, params, &session->certificate, &session->key, subject);
    return error;
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void init(struct fota_mbedtls_session *session, struct fota_mbedtls_tls *tls)
{
    memset(session, 0, sizeof *session);
    session->tls = tls;
    mbedtls_ssl_init(&session->ssl);
    mbedtls_ssl_config_init(&session->conf);
    mbedtls_x509_crt_init(&session->authorities);
    mbedtls_x509_crt_init(&session->certificate);
    mbedtls_pk_init(&session->key);
}

static void release(struct fota_mbedtls_session *session)
{
    mbedtls_ssl_free(&session->ssl);
    mbedtls_ssl_config_free(&session->conf);
    mbedtls_x509_crt_free(&session->authorities);
    mbedtls_x509_crt_free(&session->certificate);
    mbedtls_pk_free(&session->key);
    session->net = NULL;
}

static struct fota_mbedtls_session *find(struct fota_mbedtls_tls *tls, int stream)
{
    for (size_t i = 0; i < FOTA_MBEDTLS_SESSIONS; i++)
        if (tls->sessions[i].net && tls->sessions[i].stream == stream)
            return &tls->sessions[i];
    return NULL;
}

static struct fota_mbedtls_session *find_free(struct fota_mbedtls_tls *tls)
{
    for (size_t i = 0; i < FOTA_MBEDTLS_SESSIONS; i++)
        if (!tls->sessions[i].net)
            return &tls->sessions[i];
    return NULL;
}

static int add_text(mbedtls_sha256_context *sha, const char *text)
{
    static const unsigned char absent[] = {0xFF, 0};

    if (!text)
        return fota_compat_sha256_update(sha, absent, sizeof absent);
    return fota_compat_sha256_update(sha, (const unsigned char *)text, strlen(text) + 1);
}

/* A session is resumed only if the same was demanded of it: a server that was not verified then is
 * not verified by resuming the session. */
static int identify(struct fota_mbedtls_session *session, const char *host,
                    const struct fota_tls_params *params)
{
    const unsigned char rest[] = {(unsigned char)params->level, params->exactly_1_2};
    mbedtls_sha256_context sha;
    int ret;

    mbedtls_sha256_init(&sha);
    ret = fota_compat_sha256_starts(&sha);
    if (ret == 0)
        ret = fota_compat_sha256_update(&sha, rest, sizeof rest);
    if (ret == 0)
        ret = add_text(&sha, host);
    if (ret == 0)
        ret = add_text(&sha, params->ca_cert);
    if (ret == 0)
        ret = add_text(&sha, params->client_cert);
    if (ret == 0)
        ret = fota_compat_sha256_finish(&sha, session->identity);
    mbedtls_sha256_free(&sha);
    return ret;
}

static uint64_t now_ms(const struct fota_mbedtls_tls *tls)
{
    return tls->system->ops->now_ms(tls->system->ctx);
}

/* If a session cannot be kept or resumed, that only costs a full handshake. */
static void keep(struct fota_mbedtls_session *session)
{
    struct fota_mbedtls_tls *tls = session->tls;

    mbedtls_ssl_session_free(&tls->last.session);
    mbedtls_ssl_session_init(&tls->last.session);
    tls->last.kept = mbedtls_ssl_get_session(&session->ssl, &tls->last.session) == 0;
    tls->last.at_ms = now_ms(tls);
    tls->last.good_until = session->peer.good_until;
    memcpy(tls->last.identity, session->identity, sizeof tls->last.identity);
}

/* The data connection of FTP resumes the session of the control connection, which is still open.
 * Servers demand that as proof that both belong to the same client. */
static void keep_open_one(struct fota_mbedtls_session *session)
{
    for (size_t i = 0; i < FOTA_MBEDTLS_SESSIONS; i++) {
        struct fota_mbedtls_session *other = &session->tls->sessions[i];

        if (other->net && other->done && other->resumable && fota_compat_is_tls12(&other->ssl) &&
            is_alike(session, other->identity))
            keep(other);
    }
}

/* When a session is resumed the server sends no certificate, so that of the session must still be
 * valid. */
static void go_on(struct fota_mbedtls_session *session)
{
    struct fota_mbedtls_tls *tls = session->tls;

    keep_open_one(session);
    if (!tls->last.kept || now_ms(tls) - tls->last.at_ms >= SESSION_MS ||
        tls->last.good_until < session->peer.now || !is_alike(session, tls->last.identity))
        return;
    session->peer.good_until = tls->last.good_until;
    (void)mbedtls_ssl_set_session(&session->ssl, &tls->last.session);
}

/* SNI must not contain an address (RFC 6066, section 3), and 2.28 cannot match certificates with
 * one. */
static int set_host(struct fota_mbedtls_session *session, const char *host)
{
    size_t length = strlen(host);
    char name[HOST_MAX + 1];

    if (session->peer.address_length > 0)
        return mbedtls_ssl_set_hostname(&session->ssl, NULL);
    if (length > 0 && host[length - 1] == '.')
        length--; /* the root's own dot is not part of it there */
    if (length > HOST_MAX)
        return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    memcpy(name, host, length);
    name[length] = '\0';
    return mbedtls_ssl_set_hostname(&session->ssl, name);
}

static int configure(struct fota_mbedtls_session *session, const struct fota_tls_params *params)
{
    mbedtls_ssl_config *conf = &session->conf;
    int ret = mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);

    if (ret != 0)
        return ret;
    fota_compat_versions(conf, params->exactly_1_2);
    mbedtls_ssl_conf_rng(conf, mbedtls_ctr_drbg_random, &session->tls->random);
    mbedtls_ssl_conf_cert_profile(conf, &fota_mbedtls_profile);
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_verify(conf, fota_mbedtls_verify, &session->peer);
    mbedtls_ssl_conf_authmode(conf, session->verified ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                      : MBEDTLS_SSL_VERIFY_NONE);
    if (session->verified) {
        mbedtls_ssl_conf_ca_chain(
            conf, params->ca_cert ? &session->authorities : &session->tls->authorities, NULL);
    }
    if (params->client_cert)
        ret = mbedtls_ssl_conf_own_cert(conf, &session->certificate, &session->key);
    return ret;
}

static int prepare(struct fota_mbedtls_session *session, const char *host,
                   const struct fota_tls_params *params)
{
    struct fota_mbedtls_tls *tls = session->tls;
    int ret;

    session->verified = params->level != FOTA_TLS_NONE;
    session->resumable = true;
    session->exactly_1_2 = params->exactly_1_2;
    fota_mbedtls_peer(&session->peer, host, tls->system, params->newest_known);
    if (session->verified)
        tls->untimed = !session->peer.trusted_time;
    ret = configure(session, params);
    if (ret == 0)
        ret = mbedtls_ssl_setup(&session->ssl, &session->conf);
    if (ret == 0)
        ret = set_host(session, host);
    if (ret == 0)
        ret = identify(session, host, params);
    if (ret != 0)
        return because(tls, ret, FOTA_ERR_TLS_HANDSHAKE);
    go_on(session);
    mbedtls_ssl_set_bio(&session->ssl, session, stream_send, stream_recv, NULL);
    return 0;
}

/* ---- the port -------------------------------------------------------------------------------- */

static int tls_check(void *ctx, const struct fota_tls_params *params, const char **subject)
{
    struct fota_mbedtls_tls *tls = ctx;
    struct fota_mbedtls_session *session = find_free(tls);
    int error;

    if (!session)
        return FOTA_ERR_TLS_MEMORY;
    init(session, tls);
    error = read_params(session, params, subject);
    release(session);
    return error;
}

static int tls_start(void *ctx, const struct fota_net *net, int stream, const char *host,
                     const struct fota_tls_params *params)
{
    struct fota_mbedtls_tls *tls = ctx;
    struct fota_mbedtls_session *session = find_free(tls);
    const char *subject;
    int error;

    tls->reason = 0;
    if (!session)
        return FOTA_ERR_TLS_MEMORY;
    init(session, tls);
    error = read_params(session, params, &subject);
    if (error == 0)
        error = prepare(session, host, params);
    if (error != 0) {
        release(session);
        return error;
    }
    session->net = net;
    session->stream = stream;
    return 0;
}

static int tls_ready(void *ctx, int stream)
{
    struct fota_mbedtls_session *session = find(ctx, stream);
    int ret;

    if (!session)
        return FOTA_ERR_STATE;
    if (session->error || session->done)
        return session->error ? session->error : 1;
    ret = mbedtls_ssl_handshake(&session->ssl);
    if (must_wait(ret))
        return 0;
    if (ret != 0)
        return fail(session, ret);
    /* This should never be true: everything depends on it, so it is checked once more. */
    if (session->verified && mbedtls_ssl_get_verify_result(&session->ssl) != 0)
        return fail(session, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    session->done = true;
    return 1;
}

static int tls_recv(void *ctx, int stream, void *data, size_t len)
{
    struct fota_mbedtls_session *session = find(ctx, stream);

    if (!session || !session->done)
        return FOTA_ERR_STATE;
    if (session->error)
        return session->error;
    for (int i = 0; i < TICKETS; i++) {
        int ret = mbedtls_ssl_read(&session->ssl, data, len);

        if (fota_compat_is_ticket(ret)) {
            keep(session);
            continue;
        }
        if (must_wait(ret))
            break;
        if (ret > 0)
            return ret;
        if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
            session->error = FOTA_ERR_CLOSED;
        else if (ret == 0)
            session->error = FOTA_ERR_CONNECTION;
        else
            fail(session, ret);
        return session->error;
    }
    return 0;
}

/* The server may have ended the connection with an alert that says why, which has not been read yet
 * (with TLS 1.3, when it demands a client certificate). */
static int look_for_alert(struct fota_mbedtls_session *session, int error)
{
    unsigned char byte;

    session->error = 0;
    if (mbedtls_ssl_read(&session->ssl, &byte, 1) == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return fail(session, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    session->error = error;
    return error;
}

static int tls_send(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_mbedtls_session *session = find(ctx, stream);
    int ret;

    if (!session || !session->done)
        return FOTA_ERR_STATE;
    if (session->error)
        return session->error;
    ret = mbedtls_ssl_write(&session->ssl, data, len);
    if (must_wait(ret))
        return 0;
    if (ret > 0)
        return ret;
    return session->error ? look_for_alert(session, session->error) : fail(session, ret);
}

static void tls_stop(void *ctx, int stream)
{
    struct fota_mbedtls_session *session = find(ctx, stream);

    if (!session)
        return;
    if (session->done && session->resumable && fota_compat_is_tls12(&session->ssl))
        keep(session);
    if (session->done && !session->error)
        (void)mbedtls_ssl_close_notify(&session->ssl);
    release(session);
}

static uint32_t tls_reason(void *ctx)
{
    const struct fota_mbedtls_tls *tls = ctx;

    return tls->reason;
}

struct fota_tls fota_mbedtls_tls_open(struct fota_mbedtls_tls *tls,
                                      const struct fota_system *system, const char *bundle)
{
    static const struct fota_tls_ops ops = {
        .check = tls_check,
        .start = tls_start,
        .ready = tls_ready,
        .send = tls_send,
        .recv = tls_recv,
        .stop = tls_stop,
        .reason = tls_reason,
    };

    memset(tls, 0, sizeof *tls);
    tls->system = system;
    tls->bundle = bundle;
    mbedtls_entropy_init(&tls->entropy);
    mbedtls_ctr_drbg_init(&tls->random);
    mbedtls_x509_crt_init(&tls->authorities);
    mbedtls_ssl_session_init(&tls->last.session);
    return (struct fota_tls){
        .ops = &ops,
        .ctx = tls,
        .has_authorities = bundle != NULL,
        .record_max = MBEDTLS_SSL_IN_CONTENT_LEN < 16384 ? MBEDTLS_SSL_IN_CONTENT_LEN : 0,
    };
}

void fota_mbedtls_tls_drop(struct fota_mbedtls_tls *tls)
{
    for (size_t i = 0; i < FOTA_MBEDTLS_SESSIONS; i++)
        if (tls->sessions[i].net)
            release(&tls->sessions[i]);
    mbedtls_ssl_session_free(&tls->last.session);
    mbedtls_ssl_session_init(&tls->last.session);
    tls->last.kept = false;
}

void fota_mbedtls_tls_close(struct fota_mbedtls_tls *tls)
{
    fota_mbedtls_tls_drop(tls);
    mbedtls_x509_crt_free(&tls->authorities);
    mbedtls_ctr_drbg_free(&tls->random);
    mbedtls_entropy_free(&tls->entropy);
}
