/*
 * test_lwip_tls.c - https over a path that loses packets: mbedTLS, lwIP and the engine together, in
 * virtual time.
 */
#include "link_world.h"
#include "platform/mbedtls/tls.h"
#include "tls_server.h"

#define SECURE "https://fota.example/app.fota"

/* ---- the web server: one connection at a time ------------------------------------------------ */

static struct {
    struct tcp_pcb *listener, *pcb;
    bool started; /* `server` is of this connection */
    bool answered;
    char request[1024];
    size_t asked;
    unsigned accepted;
} web;

/* All of it goes to the wire's memory at once. */
static void say(const void *data, size_t length)
{
    const unsigned char *at = data;

    while (length > 0) {
        int n = mbedtls_ssl_write(&server.ssl, at, length);

        assert_true(n > 0);
        at += n;
        length -= (size_t)n;
    }
}

static void answer(void)
{
    const struct hairpin_server *s = &hairpin_server;
    const char *range = strstr(web.request, "Range: bytes=");
    size_t from = range ? strtoul(range + strlen("Range: bytes="), NULL, 10) : 0;
    char header[200];
    int n = snprintf(header, sizeof header,
                     "HTTP/1.1 206 X\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
                     "Content-Length: %zu\r\nETag: \"1\"\r\nConnection: close\r\n\r\n",
                     from, s->length - 1, s->length, s->length - from);

    assert_true(from < s->length);
    say(range ? header : "HTTP/1.1 200 X\r\nETag: \"1\"\r\nConnection: close\r\n\r\n",
        range ? (size_t)n : strlen("HTTP/1.1 200 X\r\nETag: \"1\"\r\nConnection: close\r\n\r\n"));
    say(s->file + from, s->length - from);
    mbedtls_ssl_close_notify(&server.ssl);
    web.answered = true;
}

static void read_request(void)
{
    int n;

    while (!web.answered &&
           (n = mbedtls_ssl_read(&server.ssl, (unsigned char *)web.request + web.asked,
                                 sizeof web.request - 1 - web.asked)) > 0) {
        web.asked += (size_t)n;
        web.request[web.asked] = '\0';
        if (strstr(web.request, "\r\n\r\n"))
            answer();
    }
}

static void forget_connection(void)
{
    if (web.pcb) {
        tcp_arg(web.pcb, NULL);
        tcp_recv(web.pcb, NULL);
        tcp_sent(web.pcb, NULL);
        tcp_err(web.pcb, NULL);
    }
    web.pcb = NULL;
    if (web.started)
        stop_server();
    web.started = false;
}

/* Gives TCP what it has room for; the connection ends behind the answer. */
static void go_on(void)
{
    size_t left, room;

    serve();
    if (server.done)
        read_request();
    left = wire.down.written - wire.down.read;
    room = tcp_sndbuf(web.pcb);
    left = left < room ? left : room;
    if (left > 0 && tcp_write(web.pcb, wire.down.bytes + wire.down.read, (u16_t)left,
                              TCP_WRITE_FLAG_COPY) == ERR_OK)
        wire.down.read += left;
    tcp_output(web.pcb);
    if (web.answered && wire.down.read == wire.down.written) {
        struct tcp_pcb *pcb = web.pcb;

        forget_connection();
        tcp_close(pcb);
    }
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg, (void)err;
    if (!p) {
        forget_connection();
        tcp_close(pcb);
        return ERR_OK;
    }
    pbuf_copy_partial(p, wire.up.bytes + wire.up.written, p->tot_len, 0);
    wire.up.written += p->tot_len;
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    go_on();
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t length)
{
    (void)arg, (void)pcb, (void)length;
    go_on();
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    (void)arg, (void)err;
    web.pcb = NULL; /* it is gone already */
    forget_connection();
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg, (void)err;
    if (web.pcb) { /* whoever was there comes back */
        struct tcp_pcb *old = web.pcb;

        forget_connection();
        tcp_abort(old);
    }
    memset(&wire, 0, sizeof wire);
    start_server(&server_identity, false, ANY);
    web.pcb = pcb;
    web.started = true;
    web.answered = false;
    web.asked = 0;
    web.accepted++;
    tcp_recv(pcb, on_recv);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

static void listen_once(void)
{
    struct tcp_pcb *pcb;

    if (web.listener)
        return;
    pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    assert_non_null(pcb);
    assert_int_equal(tcp_bind(pcb, IP_ANY_TYPE, 443), ERR_OK);
    web.listener = tcp_listen(pcb);
    tcp_accept(web.listener, on_accept);
}

/* ---- the device ------------------------------------------------------------------------------ */

static struct fota_mbedtls_tls context;

static void begin_secure(struct fixture *f, struct hairpin_path down, uint64_t seed)
{
    struct fota_tls_params params = {.ca_cert = authority.certificate_pem,
                                     .level = FOTA_TLS_SERVER};

    f->rig.port.tls = fota_mbedtls_tls_open(&context, &f->rig.port.system, NULL);
    begin(f, seed);
    listen_once();
    web.accepted = 0;
    hairpin_server.has_a = true;
    hairpin_down = hairpin_up = down;
    assert_int_equal(fota_download(f->rig.fota, SECURE, &params, &f->limits), 0);
}

static void end_secure(struct fixture *f)
{
    assert_installs(f);
    forget_connection();
    fota_mbedtls_tls_close(&context);
}

static void l8_https_survives_loss_and_another_order(void **state)
{
    struct fixture *f = *state;
    uint64_t lost = 0;

    for (uint64_t seed = 1; seed <= 5; seed++) {
        begin_secure(
            f, (struct hairpin_path){.rate = 256000, .delay_ms = 50, .jitter_ms = 100, .loss = 50},
            seed);
        assert_int_equal(finish(f), 0);
        lost += hairpin_down.lost;
        end_secure(f);
    }
    assert_true(lost > 0);
}

/* A second handshake goes on with the file, not from its start. */
static void l1_https_goes_on_behind_a_connection_that_died_silently(void **state)
{
    struct fixture *f = *state;

    begin_secure(f, (struct hairpin_path){.rate = 64000, .delay_ms = 50}, 1);
    assert_int_equal(drive(f, IMAGE / 2, NEVER), 1);
    hairpin_forget_mappings();
    assert_int_equal(finish(f), 0);
    assert_int_equal(web.accepted, 2);
    assert_true(strstr(web.request, "Range: bytes=") != NULL);
    /* what is encrypted is longer, and there are two handshakes */
    assert_in_range(hairpin_received(), f->package.length, most_bytes(f, 1) * 11 / 10 + 8192);
    end_secure(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(l8_https_survives_loss_and_another_order),
        TEST(l1_https_goes_on_behind_a_connection_that_died_silently),
    };

    return cmocka_run_group_tests_name("lwip_tls", tests, make_identities, free_identities);
}
