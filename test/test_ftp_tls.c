/*
 * test_ftp_tls.c - core/ftp.h: ftps, over a TLS that notes what goes through it and what does not.
 */
#include "ftp_script.h"

#define SECURE_URL "ftps://joe:secret@h/fw/app.bin"
#define SECURE                                                                                     \
    "AUTH TLS\r\nUSER joe\r\nPASS secret\r\nPBSZ 0\r\nPROT P\r\nTYPE I\r\n"                        \
    "SIZE fw/app.bin\r\nMDTM fw/app.bin\r\nEPSV\r\n"

static struct {
    int start_error, ready_error;
    int polls; /* of each handshake; negative: for ever */
    int left;
    unsigned started, stopped;
    bool open[2]; /* on the control and on the data connection */
    char clear[200];
    char host[100];
    struct fota_tls_params params;
} fake;

static int fake_start(void *ctx, const struct fota_net *network, int stream, const char *host,
                      const struct fota_tls_params *params)
{
    assert_ptr_equal(ctx, &fake);
    assert_ptr_equal(network, &port_net);
    check_stream(&net, stream);
    assert_false(fake.open[stream == DATA]);
    if (fake.start_error)
        return fake.start_error;
    if (fake.started == 0)
        memcpy(fake.clear, net.sent, net.sent_length);
    fake.started++;
    fake.open[stream == DATA] = true;
    snprintf(fake.host, sizeof fake.host, "%s", host);
    fake.params = *params;
    fake.left = fake.polls;
    return 0;
}

static int fake_ready(void *ctx, int stream)
{
    assert_ptr_equal(ctx, &fake);
    assert_true(fake.open[stream == DATA]);
    if (fake.left != 0) {
        fake.left--;
        return 0;
    }
    return fake.ready_error ? fake.ready_error : 1;
}

static int fake_send(void *ctx, int stream, const void *data, size_t length)
{
    assert_ptr_equal(ctx, &fake);
    assert_true(fake.open[stream == DATA]);
    return net_send(&net, stream, data, length);
}

static int fake_recv(void *ctx, int stream, void *data, size_t length)
{
    assert_ptr_equal(ctx, &fake);
    assert_true(fake.open[stream == DATA]);
    return net_recv(&net, stream, data, length);
}

static void fake_stop(void *ctx, int stream)
{
    assert_ptr_equal(ctx, &fake);
    check_stream(&net, stream);
    assert_true(fake.open[stream == DATA]);
    fake.open[stream == DATA] = false;
    fake.stopped++;
}

static uint32_t fake_reason(void *ctx)
{
    assert_ptr_equal(ctx, &fake);
    return 40;
}

static const struct fota_tls_ops fake_ops = {.start = fake_start,
                                             .ready = fake_ready,
                                             .send = fake_send,
                                             .recv = fake_recv,
                                             .stop = fake_stop,
                                             .reason = fake_reason};
static const struct fota_tls fake_tls = {.ops = &fake_ops, .ctx = &fake};

static void secure_script(const struct server *server)
{
    serve(server);
    memset(&fake, 0, sizeof fake);
    fota_ftp_init(&ftp, &port_net, &fake_tls, &port_system, &timeouts);
}

static int secure_fetch(const struct server *server, uint64_t offset)
{
    int result;

    secure_script(server);
    result = fetch(SECURE_URL, offset, 100);
    assert_int_equal(fake.started, fake.stopped);
    return result;
}

static void login_and_file_go_over_tls(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 40; piece += 3) {
        secure_script(&(const struct server){.greeting = NULL});
        net.piece = piece;
        net.hesitate = piece % 2;
        fake.polls = (int)piece % 5;
        assert_int_equal(fetch(SECURE_URL, 4, 100), FOTA_FETCH_END);
        assert_body("456789");
        assert_memory_equal(net.sent, SECURE "REST 4\r\nRETR fw/app.bin\r\n",
                            strlen(SECURE "REST 4\r\nRETR fw/app.bin\r\n"));
        assert_string_equal(fake.clear, "AUTH TLS\r\n");
        assert_string_equal(fake.host, "h");
        assert_int_equal(fake.params.level, FOTA_TLS_SERVER);
        assert_int_equal(fake.started, 2);
        assert_string_equal(net.closed, "DC");
    }
}

static void parameters_are_the_callers(void **state)
{
    const struct fota_tls_params mutual = {
        .ca_cert = "ca", .client_cert = "cert", .client_key = "key", .level = FOTA_TLS_MUTUAL};

    (void)state;
    secure_script(&(const struct server){.greeting = NULL});
    ftp.params = &mutual;
    assert_int_equal(fetch("ftps://[::1]/a", 0, 100), FOTA_FETCH_END);
    assert_string_equal(fake.params.client_key, "key");
    assert_int_equal(fake.params.level, FOTA_TLS_MUTUAL);
    assert_string_equal(fake.host, "::1");
}

/* Whatever a server refuses of it: no login has been sent in the open. */
static void a_server_without_tls_gets_no_login(void **state)
{
    static const struct {
        struct server server;
        int error;
        uint32_t code;
    } rows[] = {
        {{.auth = "500 What?\r\n"}, FOTA_ERR_FTP_TLS, 500},
        {{.auth = "502 No\r\n"}, FOTA_ERR_FTP_TLS, 502},
        {{.auth = "534 Policy\r\n"}, FOTA_ERR_FTP_TLS, 534},
        {{.auth = "530 Log in first\r\n"}, FOTA_ERR_FTP_TLS, 530},
        {{.auth = "431 Later\r\n"}, FOTA_ERR_FTP_BUSY, 431},
        {{.auth = "220 Hello\r\n"}, FOTA_ERR_FTP_REPLY, 220},
        {{.auth = "334 Tell me more\r\n"}, FOTA_ERR_FTP_REPLY, 334},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(secure_fetch(&rows[i].server, 0), rows[i].error);
        assert_int_equal(fault.got, rows[i].code);
        assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
        assert_string_equal(net.sent, "AUTH TLS\r\n");
        assert_int_equal(fake.started, 0);
    }
}

static void a_server_without_protection_sends_no_file(void **state)
{
    static const struct server servers[] = {{.pbsz = "503 No\r\n"}, {.prot = "536 No\r\n"}};

    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++) {
        assert_int_equal(secure_fetch(&servers[i], 0), FOTA_ERR_FTP_TLS);
        assert_null(strstr(net.sent, "RETR"));
        assert_int_equal(fake.started, 1);
    }
}

/* The bug of STARTTLS: who listens in between slips a reply in before TLS begins. */
static void replies_in_the_open_are_not_taken_for_protected_ones(void **state)
{
    const struct server server = {.auth = "234 Go on\r\n331 Password, please\r\n"};

    (void)state;
    assert_int_equal(secure_fetch(&server, 0), FOTA_ERR_FTP_REPLY);
    assert_string_equal(net.sent, "AUTH TLS\r\n");
    assert_int_equal(fake.started, 0);
}

static void failed_handshakes_say_why(void **state)
{
    const struct server good = {.greeting = NULL};

    (void)state;
    secure_script(&good);
    fake.start_error = FOTA_ERR_TLS_MEMORY;
    assert_int_equal(fetch(SECURE_URL, 0, 100), FOTA_ERR_TLS_MEMORY);
    secure_script(&good);
    fake.ready_error = FOTA_ERR_TLS_HOST;
    assert_int_equal(fetch(SECURE_URL, 0, 100), FOTA_ERR_TLS_HOST);
    assert_int_equal(fault.got, 40);
    secure_script(&good);
    fake.polls = -1;
    assert_int_equal(fetch(SECURE_URL, 0, 100), FOTA_ERR_STALLED);
    assert_int_equal(fault.expected, 30000);
}

static void without_tls_it_is_not_built(void **state)
{
    const struct server good = {.greeting = NULL};

    (void)state;
    script(&good);
    assert_int_equal(fetch(SECURE_URL, 0, 100), FOTA_ERR_NOT_BUILT);
    assert_string_equal(net.sent, "AUTH TLS\r\n");
}

static void what_ends_without_a_size_needs_a_good_reply(void **state)
{
    static const struct server servers[] = {
        {.size = "502 No\r\n", .data_ending = RESET},
        {.size = "502 No\r\n", .final = "522 Not the same session\r\n", .limit = 3},
    };

    (void)state;
    assert_int_equal(secure_fetch(&servers[0], 0), FOTA_ERR_CONNECTION);
    assert_int_equal(secure_fetch(&servers[1], 0), FOTA_ERR_FTP_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_and_file_go_over_tls),
        cmocka_unit_test(parameters_are_the_callers),
        cmocka_unit_test(a_server_without_tls_gets_no_login),
        cmocka_unit_test(a_server_without_protection_sends_no_file),
        cmocka_unit_test(replies_in_the_open_are_not_taken_for_protected_ones),
        cmocka_unit_test(failed_handshakes_say_why),
        cmocka_unit_test(without_tls_it_is_not_built),
        cmocka_unit_test(what_ends_without_a_size_needs_a_good_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
