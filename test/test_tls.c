/*
 * test_tls.c - platform/mbedtls/tls.h against a server of the same library, in one process. The
 * rows T1 to T10 and V20, V21 are those of the faults that the project lists.
 */
#include "tls_world.h"

/* ---- memory that gives out --------------------------------------------------------------------
 */

static unsigned allocations;
static unsigned failing; /* the one that fails, from 1; 0 none */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    if (++allocations == failing)
        return NULL;
    return __real_calloc(count, size);
}

/* What the server sends after a good handshake arrives. */
static void assert_talks(void)
{
    char text[16] = "";
    size_t got = 0;
    int sent = 0;

    for (int i = 0; sent == 0 && i < 100; i++)
        sent = tls.ops->send(tls.ctx, STREAM, "ping", 4);
    assert_int_equal(sent, 4);
    for (int i = 0; i < 100 && !server.done; i++)
        serve();
    assert_int_equal(mbedtls_ssl_read(&server.ssl, (unsigned char *)text, sizeof text), 4);
    assert_memory_equal(text, "ping", 4);
    assert_int_equal(mbedtls_ssl_write(&server.ssl, (const unsigned char *)"answer", 6), 6);
    for (int i = 0; got < 6 && i < 10000; i++) {
        int n = tls.ops->recv(tls.ctx, STREAM, text + got, sizeof text - got);

        assert_true(n >= 0);
        got += (size_t)n;
    }
    assert_memory_equal(text, "answer", 6);
}

static void a_verified_server_is_talked_to(void **state)
{
    const struct fota_tls_params params = verified();

    (void)state;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    assert_talks();
    assert_int_equal(tls.ops->ready(tls.ctx, STREAM), 1);
    assert_false(context.untimed);
    hang_up();
}

static void names_are_compared_as_dns_does(void **state)
{
    const struct fota_tls_params params = verified();
    struct identity wildcard;

    (void)state;
    assert_int_equal(connect_to(&server_identity, "FOTA.Example", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&server_identity, "fota.example.", &params), 1);
    hang_up();
    issue(&wildcard, &authority, &(struct claims){.name = "w", .host = "*.example"});
    assert_int_equal(connect_to(&wildcard, "a.example", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&wildcard, "a.b.example", &params), FOTA_ERR_TLS_HOST);
    assert_int_equal(connect_to(&wildcard, "example", &params), FOTA_ERR_TLS_HOST);
    mbedtls_pk_free(&wildcard.key);
}

/* T1, V21 */
static void t1_v21_another_host_of_the_same_authority_is_refused(void **state)
{
    const struct fota_tls_params params = verified();
    struct identity other;

    (void)state;
    issue(&other, &authority, &(struct claims){.name = "fota.example", .host = "other.example"});
    assert_int_equal(connect_to(&other, "fota.example", &params), FOTA_ERR_TLS_HOST);
    assert_int_equal(connect_to(&server_identity, "fota.example.evil", &params), FOTA_ERR_TLS_HOST);
    mbedtls_pk_free(&other.key);
}

/* T1 */
static void t1_unknown_authority_is_refused(void **state)
{
    struct fota_tls_params params = verified();

    (void)state;
    params.ca_cert = stranger.certificate_pem;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), FOTA_ERR_TLS_UNTRUSTED);
    assert_int_equal(connect_to(&stranger, "stranger", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&stranger, "fota.example", &params), FOTA_ERR_TLS_HOST);
}

/* T1 */
static void t1_certificates_have_their_time(void **state)
{
    const struct fota_tls_params params = verified();
    struct identity expired, future, last_second;

    (void)state;
    issue(&expired, &authority,
          &(struct claims){.name = "e", .host = "fota.example", .to = "20251231235959"});
    issue(&future, &authority,
          &(struct claims){.name = "f", .host = "fota.example", .from = "20260101000001"});
    issue(&last_second, &authority,
          &(struct claims){.name = "l", .host = "fota.example", .to = "20260101000000"});
    assert_int_equal(connect_to(&expired, "fota.example", &params), FOTA_ERR_TLS_EXPIRED);
    assert_int_equal(connect_to(&future, "fota.example", &params), FOTA_ERR_TLS_NOT_YET_VALID);
    assert_int_equal(connect_to(&last_second, "fota.example", &params), 1);
    assert_talks();
    hang_up();
    assert_true(context.last.kept);
    clock_s++; /* not gone on with, either */
    assert_int_equal(connect_to(&last_second, "fota.example", &params), FOTA_ERR_TLS_EXPIRED);
    assert_int_equal(connect_to(&future, "fota.example", &params), 1);
    hang_up();
    clock_s = INT64_C(2082758400); /* 2036: the authority has expired */
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), FOTA_ERR_TLS_EXPIRED);
    mbedtls_pk_free(&expired.key);
    mbedtls_pk_free(&future.key);
    mbedtls_pk_free(&last_second.key);
}

/* T2 */
static void t2_without_a_clock_the_newest_known_time_judges(void **state)
{
    struct fota_tls_params params = verified();
    struct identity expired, future;

    (void)state;
    issue(&expired, &authority,
          &(struct claims){.name = "e", .host = "fota.example", .to = "20251231235959"});
    issue(&future, &authority,
          &(struct claims){.name = "f", .host = "fota.example", .from = "20300101000000"});
    for (int i = 0; i < 2; i++) {
        clock_s = i == 0 ? -1 : 86400; /* none, and 1970 */
        params.newest_known = NOW;
        assert_int_equal(connect_to(&expired, "fota.example", &params), FOTA_ERR_TLS_EXPIRED);
        assert_true(context.untimed);
        assert_int_equal(connect_to(&future, "fota.example", &params), 1);
        hang_up();
        params.newest_known = NOW - 86400 * 30;
        assert_int_equal(connect_to(&expired, "fota.example", &params), 1);
        hang_up();
    }
    clock_s = -1;
    params.newest_known = 0;
    assert_int_equal(connect_to(&expired, "fota.example", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&expired, "wrong.example", &params), FOTA_ERR_TLS_HOST);
    mbedtls_pk_free(&expired.key);
    mbedtls_pk_free(&future.key);
}

static void hosts_that_are_addresses_need_a_certificate_for_the_address(void **state)
{
    static const uint8_t four[] = {192, 0, 2, 7};
    static const uint8_t six[16] = {0x20, 1, 0x0d, 0xb8, [13] = 1, [15] = 2};
    const struct fota_tls_params params = verified();
    struct identity v4, v6;

    (void)state;
    issue(&v4, &authority,
          &(struct claims){
              .name = "192.0.2.8", .host = "192.0.2.9", .address = four, .address_length = 4});
    issue(&v6, &authority, &(struct claims){.name = "v6", .address = six, .address_length = 16});
    assert_int_equal(connect_to(&v4, "192.0.2.7", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&v4, "192.0.2.8", &params), FOTA_ERR_TLS_HOST); /* the CN */
    assert_int_equal(connect_to(&v4, "192.0.2.9", &params), FOTA_ERR_TLS_HOST); /* a dNSName */
    assert_int_equal(connect_to(&server_identity, "192.0.2.7", &params), FOTA_ERR_TLS_HOST);
    assert_int_equal(connect_to(&v6, "2001:db8::1:2", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&v6, "2001:DB8:0:0:0:0:0.1.0.2", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&v6, "2001:db8:0:0:0:0:1:2", &params), 1);
    hang_up();
    assert_int_equal(connect_to(&v6, "2001:db8::2", &params), FOTA_ERR_TLS_HOST);
    assert_int_equal(connect_to(&v6, "2001:db8::1::2", &params), FOTA_ERR_TLS_HOST);
    assert_int_equal(connect_to(&v6, "::", &params), FOTA_ERR_TLS_HOST);
    mbedtls_pk_free(&v4.key);
    mbedtls_pk_free(&v6.key);
}

/* T10 */
static void t10_weak_certificates_are_refused(void **state)
{
    const struct fota_tls_params params = verified();
    struct identity sha1, short_key, long_key;

    (void)state;
    issue(&sha1, &authority,
          &(struct claims){.name = "1", .host = "fota.example", .md = MBEDTLS_MD_SHA1});
    issue(&short_key, &authority,
          &(struct claims){.name = "2", .host = "fota.example", .rsa_bits = 1024});
    issue(&long_key, &authority,
          &(struct claims){.name = "3", .host = "fota.example", .rsa_bits = 2048});
    assert_int_equal(connect_to(&sha1, "fota.example", &params),
                     FOTA_ERR_TLS_CERTIFICATE_ALGORITHM);
    assert_int_equal(connect_to(&short_key, "fota.example", &params),
                     FOTA_ERR_TLS_CERTIFICATE_ALGORITHM);
    assert_int_equal(connect_to(&long_key, "fota.example", &params), 1);
    hang_up();
    mbedtls_pk_free(&sha1.key);
    mbedtls_pk_free(&short_key.key);
    mbedtls_pk_free(&long_key.key);
}

static void v32_nobody_is_verified_at_level_none(void **state)
{
    const struct fota_tls_params params = {.level = FOTA_TLS_NONE};

    (void)state;
    assert_int_equal(connect_to(&stranger, "fota.example", &params), 1);
    assert_talks();
    hang_up();
}

/* A session that nobody verified must not stand for one that is. */
static void sessions_are_not_gone_on_with_under_other_demands(void **state)
{
    struct fota_tls_params params = {.level = FOTA_TLS_NONE};

    (void)state;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    assert_talks();
    hang_up();
    assert_true(context.last.kept);
    params = verified();
    params.ca_cert = stranger.certificate_pem;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), FOTA_ERR_TLS_UNTRUSTED);
    params = verified();
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    assert_talks();
    hang_up();
    assert_int_equal(connect_to(&server_identity, "b.example", &params), FOTA_ERR_TLS_HOST);
}

/* Bytes that the server sent for a handshake and an answer. */
static size_t cost(const struct fota_tls_params *params)
{
    assert_int_equal(connect_to(&server_identity, "fota.example", params), 1);
    assert_talks();
    hang_up();
    return wire.down.written;
}

static void the_next_connection_goes_on_with_the_session(void **state)
{
    struct fota_tls_params params = verified();

    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t whole;

        params.exactly_1_2 = i == 1;
        whole = cost(&params);
        assert_true(cost(&params) < whole - 200);
        assert_true(cost(&params) < whole - 200);
        clock_ms += 3600000;
        assert_true(cost(&params) > whole - 100);
        fota_mbedtls_tls_drop(&context);
        assert_true(cost(&params) > whole - 100);
    }
}

static int answer_with(const void *bytes, size_t length, bool exactly_1_2);

/* One of many machines behind a name may stumble over what another one has promised. */
static void what_a_server_breaks_off_is_not_gone_on_with_again(void **state)
{
    static const unsigned char alert[] = {0x15, 3, 3, 0, 2, 2, 40};
    struct fota_tls_params params = verified();
    size_t whole;

    (void)state;
    params.exactly_1_2 = true;
    whole = cost(&params);
    assert_true(cost(&params) < whole - 200);
    assert_int_equal(answer_with(alert, sizeof alert, true), FOTA_ERR_TLS_HANDSHAKE);
    assert_true(cost(&params) > whole - 100);
    assert_true(cost(&params) < whole - 200);
    assert_int_equal(answer_with("", 0, true), FOTA_ERR_CONNECTION); /* only closes */
    assert_true(cost(&params) > whole - 100);
    assert_true(cost(&params) < whole - 200);
    /* Another's failure is not this one's. */
    params.exactly_1_2 = false;
    assert_int_equal(answer_with(alert, sizeof alert, false), FOTA_ERR_TLS_HANDSHAKE);
    params.exactly_1_2 = true;
    assert_true(cost(&params) < whole - 200);
}

/* ---- versions ---------------------------------------------------------------------------------
 */

static int connect_version(enum version version, bool exactly_1_2)
{
    struct fota_tls_params params = verified();
    int result;

    params.exactly_1_2 = exactly_1_2;
    new_wire();
    start_server(&server_identity, false, version);
    result = shake("fota.example", &params);
    if (result == 1)
        assert_talks();
    hang_up();
    return result;
}

/* A server that says these bytes to whatever it hears. */
static int answer_with(const void *bytes, size_t length, bool exactly_1_2)
{
    struct fota_tls_params params = verified();
    int result = 0;

    params.exactly_1_2 = exactly_1_2;
    new_wire();
    put(&wire.down, bytes, length);
    wire.closed = true;
    assert_int_equal(tls.ops->start(tls.ctx, &wire_net, STREAM, "fota.example", &params), 0);
    for (int i = 0; result == 0 && i < 100; i++)
        result = tls.ops->ready(tls.ctx, STREAM);
    tls.ops->stop(tls.ctx, STREAM);
    return result;
}

static void versions_from_1_2_on(void **state)
{
    (void)state;
    assert_int_equal(connect_version(ANY, false), 1);
    assert_int_equal(connect_version(ANY, true), 1);
    assert_int_equal(connect_version(TLS12, false), 1);
    assert_int_equal(connect_version(TLS12, true), 1);
}

/* T3 */
static void t3_a_server_of_old_versions_is_refused(void **state)
{
    /* ServerHello of TLS 1.1, with a suite of that time. */
    unsigned char hello[5 + 4 + 38] = {22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2};

    (void)state;
    hello[5 + 4 + 35] = 0;
    hello[5 + 4 + 36] = 0x2f;
    assert_int_equal(answer_with(hello, sizeof hello, true), FOTA_ERR_TLS_VERSION);
    assert_int_equal(answer_with(hello, sizeof hello, false), FOTA_ERR_TLS_VERSION);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    assert_int_equal(connect_version(OLD, false), FOTA_ERR_TLS_VERSION);
#endif
}

/* T4 */
static void t4_a_server_of_new_versions_only_is_told_apart(void **state)
{
    static const unsigned char alert[] = {21, 3, 3, 0, 2, 2, 70};

    (void)state;
    assert_int_equal(answer_with(alert, sizeof alert, true), FOTA_ERR_TLS_VERSION_NEW);
    assert_int_equal(tls.ops->reason(tls.ctx), 70);
    if (fota_compat_has_tls13()) {
        assert_int_equal(connect_version(TLS13, true), FOTA_ERR_TLS_VERSION_NEW);
        assert_int_equal(connect_version(TLS13, false), 1);
    } else {
        assert_int_equal(answer_with(alert, sizeof alert, false), FOTA_ERR_TLS_VERSION_NEW);
    }
}

/* ---- client certificates ----------------------------------------------------------------------
 */

/* Handshake, then a first read: TLS 1.3 says no only then. */
static int connect_mutual(const struct fota_tls_params *params, enum version version)
{
    char byte;
    int result;

    new_wire();
    start_server(&server_identity, true, version);
    result = shake("fota.example", params);
    for (int i = 0; i < 10 && result == 1 && !server.done && !server.error; i++)
        serve();
    if (result == 1 && server.error)
        result = tls.ops->recv(tls.ctx, STREAM, &byte, 1);
    if (result == 1)
        assert_talks();
    hang_up();
    return result;
}

/* T5 */
static void t5_a_missing_client_certificate_is_said(void **state)
{
    struct fota_tls_params params = verified();

    (void)state;
    assert_int_equal(connect_mutual(&params, TLS12), FOTA_ERR_TLS_CLIENT_CERTIFICATE);
    /* This library's server sends its alert under a key of the handshake, which is over. */
    if (fota_compat_has_tls13())
        assert_true(connect_mutual(&params, TLS13) < 0);
    params.client_cert = stranger.certificate_pem;
    params.client_key = stranger.key_pem;
    assert_int_equal(connect_mutual(&params, TLS12), FOTA_ERR_TLS_CLIENT_CERTIFICATE);
    if (fota_compat_has_tls13())
        assert_true(connect_mutual(&params, TLS13) < 0);
}

static void a_client_certificate_is_shown(void **state)
{
    struct fota_tls_params params = verified();

    (void)state;
    params.client_cert = client_identity.certificate_pem;
    params.client_key = client_identity.key_pem;
    params.level = FOTA_TLS_MUTUAL;
    assert_int_equal(connect_mutual(&params, TLS12), 1);
    assert_int_equal(connect_mutual(&params, ANY), 1);
}

static int check(const struct fota_tls_params *params, const char *expected)
{
    const char *subject = NULL;
    int error = tls.ops->check(tls.ctx, params, &subject);

    if (expected)
        assert_string_equal(subject, expected);
    else
        assert_null(subject);
    return error;
}

static void parameters_are_checked_without_a_connection(void **state)
{
    struct fota_tls_params params = verified();

    (void)state;
    assert_int_equal(check(&params, NULL), 0);
    params.client_cert = client_identity.certificate_pem;
    assert_int_equal(check(&params, "client_key is missing"), FOTA_ERR_TLS_PARAMS);
    params.client_key = server_identity.key_pem;
    assert_int_equal(check(&params, "client_key does not belong to client_cert"),
                     FOTA_ERR_TLS_PARAMS);
    params.client_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_int_equal(check(&params, "client_key is not a key in PEM, without a password, that can "
                                    "be read"),
                     FOTA_ERR_TLS_PARAMS);
    params.client_key = client_identity.key_pem;
    assert_int_equal(check(&params, NULL), 0);
    params.client_cert = "PEM";
    assert_int_equal(check(&params, "client_cert is not a certificate in PEM that can be read"),
                     FOTA_ERR_TLS_PARAMS);
    params.client_cert = NULL;
    assert_int_equal(check(&params, "client_cert is missing"), FOTA_ERR_TLS_PARAMS);
    params.client_key = NULL;
    params.ca_cert = "";
    assert_int_equal(check(&params, "ca_cert is not a certificate in PEM that can be read"),
                     FOTA_ERR_TLS_PARAMS);
    assert_int_equal(tls.ops->start(tls.ctx, &wire_net, STREAM, "h", &params), FOTA_ERR_TLS_PARAMS);
    params.ca_cert = NULL; /* and the platform has none */
    assert_int_equal(check(&params, "there is no ca_cert to verify the server with"),
                     FOTA_ERR_TLS_PARAMS);
    params =
        (struct fota_tls_params){.level = FOTA_TLS_MUTUAL, .ca_cert = authority.certificate_pem};
    assert_int_equal(check(&params, "client_key is missing"), FOTA_ERR_TLS_PARAMS);
}

static void a_bundle_is_read_when_it_is_needed(void **state)
{
    const struct fota_tls_params params = {.level = FOTA_TLS_SERVER};
    char path[] = "/tmp/fota_test_tls_XXXXXX";
    FILE *file;

    (void)state;
    fota_mbedtls_tls_close(&context);
    tls = fota_mbedtls_tls_open(&context, &test_system, "/nowhere/bundle.pem");
    assert_true(tls.has_authorities);
    assert_int_equal(check(&params, "there is no ca_cert to verify the server with"),
                     FOTA_ERR_TLS_PARAMS);
    fota_mbedtls_tls_close(&context);
    snprintf(path, sizeof path, "fota-test-tls.pem");
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(stranger.certificate_pem, file);
    fputs(authority.certificate_pem, file);
    assert_int_equal(fclose(file), 0);
    tls = fota_mbedtls_tls_open(&context, &test_system, path);
    assert_int_equal(check(&params, NULL), 0);
    assert_int_equal(remove(path), 0);
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    hang_up();
}

/* ---- the stream -------------------------------------------------------------------------------
 */

static void any_split_of_the_stream_gives_the_same(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 16, 100, 1000};
    const struct fota_tls_params params = verified();

    (void)state;
    for (size_t i = 0; i < COUNT(pieces) * 2; i++) {
        new_wire();
        wire.piece = pieces[i / 2];
        wire.hesitate = i % 2 == 1;
        fota_mbedtls_tls_drop(&context);
        start_server(&server_identity, false, ANY);
        assert_int_equal(shake("fota.example", &params), 1);
        assert_talks();
        hang_up();
    }
}

/* Without the last byte that a handshake takes there is none. */
static void a_connection_that_ends_at_any_byte_is_never_made(void **state)
{
    const struct fota_tls_params params = verified();
    size_t whole = SIZE_MAX;

    (void)state;
    for (size_t cut = 0; cut < whole; cut++) {
        int result;

        fota_mbedtls_tls_drop(&context);
        new_wire();
        wire.cut = cut;
        wire.cut_error = cut % 2 ? FOTA_ERR_CONNECTION : FOTA_ERR_CLOSED;
        start_server(&server_identity, false, TLS12);
        result = shake("fota.example", &params);
        if (result == 1)
            whole = cut;
        else
            assert_int_equal(result, FOTA_ERR_CONNECTION);
        assert_int_equal(tls.ops->ready(tls.ctx, STREAM), result);
        hang_up();
    }
    assert_true(whole > 500);
}

/* T9 */
static void t9_only_close_notify_is_an_end(void **state)
{
    const struct fota_tls_params params = verified();
    char byte;

    (void)state;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    assert_talks();
    assert_int_equal(tls.ops->recv(tls.ctx, STREAM, &byte, 1), 0);
    wire.closed = true;
    assert_int_equal(tls.ops->recv(tls.ctx, STREAM, &byte, 1), FOTA_ERR_CONNECTION);
    assert_int_equal(tls.ops->recv(tls.ctx, STREAM, &byte, 1), FOTA_ERR_CONNECTION);
    assert_int_equal(tls.ops->send(tls.ctx, STREAM, "x", 1), FOTA_ERR_CONNECTION);
    hang_up();
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    assert_talks();
    assert_int_equal(mbedtls_ssl_close_notify(&server.ssl), 0);
    assert_int_equal(tls.ops->recv(tls.ctx, STREAM, &byte, 1), FOTA_ERR_CLOSED);
    assert_int_equal(tls.ops->recv(tls.ctx, STREAM, &byte, 1), FOTA_ERR_CLOSED);
    hang_up();
}

static void changed_bytes_break_the_connection(void **state)
{
    const struct fota_tls_params params = verified();
    char byte;

    (void)state;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    assert_talks();
    assert_int_equal(mbedtls_ssl_write(&server.ssl, (const unsigned char *)"answer", 6), 6);
    wire.down.bytes[wire.down.written - 1] ^= 1;
    assert_int_equal(tls.ops->recv(tls.ctx, STREAM, &byte, 1), FOTA_ERR_CONNECTION);
    hang_up();
}

/* T6 */
static void t6_a_record_larger_than_the_buffer_is_said(void **state)
{
    static const unsigned char large[] = {22, 3, 3, 0xff, 0xff, 2};

    (void)state;
    assert_int_equal(answer_with(large, sizeof large, true), FOTA_ERR_TLS_RECORD);
}

static void what_is_no_tls_is_said(void **state)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static const unsigned char no_suite[] = {21, 3, 3, 0, 2, 2, 40};
    static const unsigned char busy[] = {21, 3, 3, 0, 2, 2, 80};

    (void)state;
    assert_int_equal(answer_with(http, sizeof http - 1, true), FOTA_ERR_TLS_HANDSHAKE);
    assert_int_equal(answer_with(no_suite, sizeof no_suite, true), FOTA_ERR_TLS_HANDSHAKE);
    assert_int_equal(tls.ops->reason(tls.ctx), 40);
    assert_int_equal(answer_with(busy, sizeof busy, true), FOTA_ERR_CONNECTION);
    assert_int_equal(answer_with("", 0, true), FOTA_ERR_CONNECTION);
}

static void so_many_connections_and_no_more(void **state)
{
    const struct fota_tls_params params = verified();

    (void)state;
    for (int i = 0; i < (int)FOTA_MBEDTLS_SESSIONS; i++)
        assert_int_equal(tls.ops->start(tls.ctx, &wire_net, i, "h", &params), 0);
    assert_int_equal(tls.ops->start(tls.ctx, &wire_net, 99, "h", &params), FOTA_ERR_TLS_MEMORY);
    tls.ops->stop(tls.ctx, 2);
    tls.ops->stop(tls.ctx, 2);
    assert_int_equal(tls.ops->start(tls.ctx, &wire_net, 99, "h", &params), 0);
    assert_int_equal(tls.ops->ready(tls.ctx, 2), FOTA_ERR_STATE);
}

/* V20: whichever allocation fails, it is an error or it did not matter; a connection that is
 * reported is a verified one. */
static void v20_no_failed_allocation_makes_a_connection(void **state)
{
    struct fota_tls_params params = verified();
    unsigned needed;

    (void)state;
    params.client_cert = client_identity.certificate_pem;
    params.client_key = client_identity.key_pem;
    assert_int_equal(connect_to(&server_identity, "fota.example", &params), 1);
    hang_up();
    for (int bad = 0; bad < 2; bad++) {
        struct fota_tls_params demanded = params;

        demanded.ca_cert = bad ? stranger.certificate_pem : authority.certificate_pem;
        needed = 100;
        for (unsigned n = 1; n <= needed; n++) {
            int result;

            fota_mbedtls_tls_drop(&context);
            new_wire();
            start_server(&server_identity, true, TLS12);
            result = tls.ops->start(tls.ctx, &wire_net, STREAM, "fota.example", &demanded);
            /* The client's only: the server's between them are let be. */
            allocations = 0;
            for (int i = 0; result == 0 && i < 1000; i++) {
                failing = n;
                result = tls.ops->ready(tls.ctx, STREAM);
                failing = 0;
                if (result == 0) {
                    unsigned used = allocations;

                    serve();
                    allocations = used;
                }
            }
            needed = allocations > needed ? allocations : needed;
            if (bad)
                assert_true(result < 0);
            if (result == 1)
                assert_int_equal(mbedtls_ssl_get_verify_result(&context.sessions[0].ssl), 0);
            hang_up();
        }
    }
}

static void v20_no_failed_allocation_makes_a_start(void **state)
{
    struct fota_tls_params params = verified();
    int result = -1;

    (void)state;
    params.client_cert = client_identity.certificate_pem;
    params.client_key = client_identity.key_pem;
    for (unsigned n = 1; result != 0; n++) {
        assert_true(n < 10000);
        fota_mbedtls_tls_close(&context);
        open_world(NULL);
        allocations = 0;
        failing = n;
        result = tls.ops->start(tls.ctx, &wire_net, STREAM, "fota.example", &params);
        if (allocations >= n && result == 0)
            result = -1; /* it did not matter */
        failing = 0;
        tls.ops->stop(tls.ctx, STREAM);
        if (allocations < n)
            break;
    }
}

int main(void)
{
#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TLS_TEST(a_verified_server_is_talked_to),
        TLS_TEST(names_are_compared_as_dns_does),
        TLS_TEST(t1_v21_another_host_of_the_same_authority_is_refused),
        TLS_TEST(t1_unknown_authority_is_refused),
        TLS_TEST(t1_certificates_have_their_time),
        TLS_TEST(t2_without_a_clock_the_newest_known_time_judges),
        TLS_TEST(hosts_that_are_addresses_need_a_certificate_for_the_address),
        TLS_TEST(t10_weak_certificates_are_refused),
        TLS_TEST(v32_nobody_is_verified_at_level_none),
        TLS_TEST(sessions_are_not_gone_on_with_under_other_demands),
        TLS_TEST(the_next_connection_goes_on_with_the_session),
        TLS_TEST(what_a_server_breaks_off_is_not_gone_on_with_again),
        TLS_TEST(versions_from_1_2_on),
        TLS_TEST(t3_a_server_of_old_versions_is_refused),
        TLS_TEST(t4_a_server_of_new_versions_only_is_told_apart),
        TLS_TEST(t5_a_missing_client_certificate_is_said),
        TLS_TEST(a_client_certificate_is_shown),
        TLS_TEST(parameters_are_checked_without_a_connection),
        TLS_TEST(a_bundle_is_read_when_it_is_needed),
        TLS_TEST(any_split_of_the_stream_gives_the_same),
        TLS_TEST(a_connection_that_ends_at_any_byte_is_never_made),
        TLS_TEST(t9_only_close_notify_is_an_end),
        TLS_TEST(changed_bytes_break_the_connection),
        TLS_TEST(t6_a_record_larger_than_the_buffer_is_said),
        TLS_TEST(what_is_no_tls_is_said),
        TLS_TEST(so_many_connections_and_no_more),
        TLS_TEST(v20_no_failed_allocation_makes_a_connection),
        TLS_TEST(v20_no_failed_allocation_makes_a_start),
    };

    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
