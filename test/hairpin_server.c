/* The other end of hairpin.h: a web server and a name server on lwIP's raw interface. */
#include "hairpin.h"

#include <lwip/tcp.h>
#include <lwip/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS 16u
#define QUERIES     8u

struct hairpin_server hairpin_server;

struct connection {
    struct tcp_pcb *pcb; /* NULL: free */
    char request[1024];
    size_t asked;
    uint64_t answer_ms; /* when the answer begins; 0: not asked yet */
    char header[256];
    size_t header_length, header_at;
    size_t at, end; /* of the file, still to be sent */
    size_t left;    /* until it breaks; SIZE_MAX never */
};

struct query {
    uint64_t answer_ms; /* 0: free */
    ip_addr_t from;
    uint16_t port;
    size_t length;
    uint8_t text[512];
};

static struct connection connections[CONNECTIONS];
static struct query queries[QUERIES];
static struct udp_pcb *name_server;

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void say(struct connection *c, const char *format, size_t a, size_t b, size_t d)
{
    c->header_length += (size_t)snprintf(c->header + c->header_length,
                                         sizeof c->header - c->header_length, format, a, b, d);
}

static void begin_answer(struct connection *c)
{
    const struct hairpin_server *s = &hairpin_server;
    const char *range = strstr(c->request, "Range: bytes=");
    size_t from = range ? strtoul(range + strlen("Range: bytes="), NULL, 10) : 0;

    c->at = from < s->length ? from : s->length;
    c->end = s->length;
    c->header_length = c->header_at = 0;
    if (from >= s->length)
        say(c, "HTTP/1.1 416 X\r\nContent-Range: bytes */%zu\r\n", s->length, 0, 0);
    else if (range)
        say(c, "HTTP/1.1 206 X\r\nContent-Range: bytes %zu-%zu/%zu\r\n", from, s->length - 1,
            s->length);
    else
        say(c, "HTTP/1.1 200 X\r\n", 0, 0, 0);
    say(c, "Content-Length: %zu\r\n", c->end - c->at, 0, 0);
    if (s->etag)
        c->header_length +=
            (size_t)snprintf(c->header + c->header_length, sizeof c->header - c->header_length,
                             "ETag: \"%s\"\r\n", s->etag);
    say(c, "Connection: close\r\n\r\n", 0, 0, 0);
    c->left = SIZE_MAX;
    if (s->rst_after && hairpin_server.rst_times) {
        hairpin_server.rst_times--;
        c->left = (size_t)s->rst_after;
    }
}

static void forget(struct connection *c)
{
    tcp_arg(c->pcb, NULL);
    tcp_err(c->pcb, NULL);
    tcp_recv(c->pcb, NULL);
    tcp_sent(c->pcb, NULL);
    tcp_poll(c->pcb, NULL, 0);
    c->pcb = NULL;
}

static size_t smallest(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Gives `size` bytes to TCP, or as many as it has room for. */
static size_t give(struct connection *c, const void *data, size_t size)
{
    size = smallest(size, tcp_sndbuf(c->pcb));
    return size && tcp_write(c->pcb, data, (u16_t)size, TCP_WRITE_FLAG_COPY) == ERR_OK ? size : 0;
}

static void send_body(struct connection *c)
{
    size_t size;

    while ((size = smallest(smallest(c->end - c->at, c->left), 1460)) > 0) {
        size_t given = give(c, hairpin_server.file + c->at, size);

        c->at += given;
        hairpin_server.sent += given;
        c->left -= c->left == SIZE_MAX ? 0 : given;
        if (given < size)
            return;
    }
}

/* Sends what there is room for; the connection ends after the answer, or breaks within it.
 * ERR_ABRT: it broke. */
static err_t go_on(struct connection *c)
{
    struct tcp_pcb *pcb = c->pcb;

    c->header_at += give(c, c->header + c->header_at, c->header_length - c->header_at);
    if (c->header_at == c->header_length)
        send_body(c);
    tcp_output(pcb);
    /* What was given before it breaks shall arrive: the break itself is what is tested. */
    if (c->left == 0 && tcp_sndqueuelen(pcb) == 0) {
        forget(c);
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    if (c->header_at == c->header_length && c->at == c->end && c->left) {
        forget(c);
        tcp_close(pcb);
    }
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t length)
{
    struct connection *c = arg;

    (void)pcb;
    (void)length;
    return c->answer_ms ? go_on(c) : ERR_OK;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct connection *c = arg;

    (void)err;
    if (!p) {
        forget(c);
        tcp_close(pcb);
        return ERR_OK;
    }
    c->asked +=
        pbuf_copy_partial(p, c->request + c->asked, (u16_t)(sizeof c->request - 1 - c->asked), 0);
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    if (!c->answer_ms && strstr(c->request, "\r\n\r\n")) {
        hairpin_server.requests++;
        begin_answer(c);
        c->answer_ms = hairpin_now_ms() + hairpin_server.think_ms + 1;
    }
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    (void)err;
    if (arg)
        ((struct connection *)arg)->pcb = NULL;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct connection *c = connections;

    (void)arg;
    if (err != ERR_OK || !pcb)
        return ERR_VAL;
    while (c < connections + CONNECTIONS && c->pcb)
        c++;
    if (c == connections + CONNECTIONS)
        fota_lwip_failed("too many connections");
    memset(c, 0, sizeof *c);
    c->pcb = pcb;
    hairpin_server.connections++;
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_recv);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

/* ---- DNS (RFC 1035) -------------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *at, unsigned value)
{
    *at++ = (uint8_t)(value >> 8);
    *at++ = (uint8_t)value;
    return at;
}

/* A record of the queried type about the queried name, which lives for a second. */
static uint8_t *put_record(uint8_t *at, unsigned type)
{
    bool is_v6 = type == 28;
    const struct netif *netif = hairpin_server_netif();
    size_t size = is_v6 ? 16 : 4;

    at = put16(at, 0xc00c);
    at = put16(at, type);
    at = put16(at, 1);
    at = put16(at, 0);
    at = put16(at, 1);
    at = put16(at, (unsigned)size);
    memcpy(at,
           is_v6 ? (const void *)netif_ip6_addr(netif, 0)->addr
                 : (const void *)&netif_ip4_addr(netif)->addr,
           size);
    return at + size;
}

static void answer_query(struct query *q)
{
    static const unsigned codes[] = {0, 3, 2};
    unsigned type = (unsigned)(q->text[q->length - 4] << 8 | q->text[q->length - 3]);
    bool has = hairpin_server.dns == HAIRPIN_DNS_ANSWERS &&
               (type == 28 ? hairpin_server.has_aaaa : type == 1 && hairpin_server.has_a);
    uint8_t *end = q->text + q->length;
    struct pbuf *p;

    put16(q->text + 2, 0x8180 | codes[hairpin_server.dns]);
    put16(q->text + 6, has);
    if (has)
        end = put_record(end, type);
    p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)(end - q->text), PBUF_RAM);
    if (!p)
        fota_lwip_failed("no memory");
    pbuf_take(p, q->text, (u16_t)(end - q->text));
    udp_sendto_if_src(name_server, p, &q->from, q->port, hairpin_server_netif(),
                      netif_ip_addr4(hairpin_server_netif()));
    pbuf_free(p);
    q->answer_ms = 0;
}

static void on_query(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                     u16_t port)
{
    struct query *q = queries;

    (void)arg, (void)pcb;
    while (q < queries + QUERIES && q->answer_ms)
        q++;
    hairpin_server.queries++;
    if (q < queries + QUERIES && hairpin_server.dns != HAIRPIN_DNS_SILENT) {
        ip_addr_copy(q->from, *from);
        q->port = port;
        q->length = pbuf_copy_partial(p, q->text, 256, 0);
        q->answer_ms = hairpin_now_ms() + hairpin_server.dns_ms + 1;
    }
    pbuf_free(p);
}

/* ---- both ------------------------------------------------------------------------------------ */

void hairpin_server_start(void)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

    name_server = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, 80) != ERR_OK || !name_server ||
        udp_bind(name_server, netif_ip_addr4(hairpin_server_netif()), 53) != ERR_OK)
        fota_lwip_failed("no server");
    pcb = tcp_listen(pcb);
    tcp_accept(pcb, on_accept);
    udp_recv(name_server, on_query, NULL);
}

void hairpin_server_run(void)
{
    for (struct connection *c = connections; c < connections + CONNECTIONS; c++)
        if (c->pcb && c->answer_ms && c->answer_ms <= hairpin_now_ms() && c->header_at == 0)
            go_on(c);
    for (struct query *q = queries; q < queries + QUERIES; q++)
        if (q->answer_ms && q->answer_ms <= hairpin_now_ms())
            answer_query(q);
}

uint64_t hairpin_server_due(void)
{
    uint64_t due = UINT64_MAX;

    for (const struct connection *c = connections; c < connections + CONNECTIONS; c++)
        if (c->pcb && c->answer_ms && c->header_at == 0 && c->answer_ms < due)
            due = c->answer_ms;
    for (const struct query *q = queries; q < queries + QUERIES; q++)
        if (q->answer_ms && q->answer_ms < due)
            due = q->answer_ms;
    return due;
}

void hairpin_server_forget(void)
{
    memset(connections, 0, sizeof connections);
    memset(queries, 0, sizeof queries);
}
