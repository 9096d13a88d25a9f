#include "platform/lwip/udp.h"

#include <lwip/dns.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <stddef.h>
#include <string.h>

#include "fota_error.h"

static struct fota_lwip_udp_stream *stream_at(struct fota_lwip_udp *udp, int stream)
{
    if (stream < 0 || stream >= FOTA_LWIP_UDP || udp->streams[stream].state == FOTA_LWIP_FREE)
        return NULL;
    return &udp->streams[stream];
}

static struct fota_lwip_udp_stream *stream_of(struct fota_lwip_lookup *lookup)
{
    return (struct fota_lwip_udp_stream *)((char *)lookup -
                                           offsetof(struct fota_lwip_udp_stream, lookup));
}

static void run(struct fota_lwip_udp *udp)
{
    udp->driver.poll(udp->driver.ctx);
    sys_check_timeouts();
}

/* ---- opening --------------------------------------------------------------------------------- */

static void on_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *address,
                    u16_t port)
{
    struct fota_lwip_udp_stream *s = arg;

    (void)pcb;
    (void)address;
    (void)port;
    if (p->tot_len > 0 && s->count < FOTA_LWIP_DATAGRAMS)
        s->received[s->count++] = p;
    else
        pbuf_free(p);
}

static void connect_to(struct fota_lwip_udp_stream *s, const ip_addr_t *address)
{
    s->state = FOTA_LWIP_FAILED;
    s->pcb = udp_new_ip_type(IP_GET_TYPE(address));
    if (!s->pcb || udp_connect(s->pcb, address, s->port) != ERR_OK)
        return;
    udp_recv(s->pcb, on_recv, s);
    s->state = FOTA_LWIP_CONNECTED;
}

static void on_address(struct fota_lwip_lookup *lookup, const ip_addr_t *address)
{
    struct fota_lwip_udp_stream *s = stream_of(lookup);

    s->state = FOTA_LWIP_FAILED;
    if (address)
        connect_to(s, address);
}

static uint8_t types_of(enum fota_address_family family)
{
    switch (family) {
    case FOTA_ADDRESS_IPV4: return LWIP_DNS_ADDRTYPE_IPV4;
    case FOTA_ADDRESS_IPV6: return LWIP_DNS_ADDRTYPE_IPV6;
    default: return LWIP_DNS_ADDRTYPE_IPV4_IPV6;
    }
}

/* Begins as soon as the interface has an address. */
static void begin(struct fota_lwip_udp_stream *s)
{
    if (!fota_lwip_has_address(s->family))
        return;
    s->state = FOTA_LWIP_RESOLVING;
    fota_lwip_look_up(&s->lookup, s->host, types_of(s->family), on_address);
}

static int udp_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    struct fota_lwip_udp *udp = ctx;
    struct fota_lwip_udp_stream *s;
    int place = 0;

    if (!fota_lwip_can_be_reached(host, family))
        return FOTA_ERR_DNS;
    while (place < FOTA_LWIP_UDP && udp->streams[place].state != FOTA_LWIP_FREE)
        place++;
    if (place == FOTA_LWIP_UDP)
        return FOTA_ERR_CONNECT;
    s = &udp->streams[place];
    memset(s, 0, sizeof *s);
    s->state = FOTA_LWIP_WAITING;
    s->port = port;
    s->family = family;
    strcpy(s->host, host);
    begin(s);
    *stream = place;
    return 0;
}

static int udp_ready(void *ctx, int stream)
{
    struct fota_lwip_udp *udp = ctx;
    struct fota_lwip_udp_stream *s = stream_at(udp, stream);

    if (!s)
        return FOTA_ERR_CONNECT;
    run(udp);
    if (s->state == FOTA_LWIP_WAITING)
        begin(s);
    if (s->state == FOTA_LWIP_FAILED)
        return s->pcb ? FOTA_ERR_CONNECT : FOTA_ERR_DNS;
    return s->state == FOTA_LWIP_CONNECTED;
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static int not_connected(const struct fota_lwip_udp_stream *s)
{
    return s && s->state != FOTA_LWIP_FAILED ? 0 : FOTA_ERR_CONNECTION;
}

/* A datagram that cannot be sent is lost, as it may be on its way. */
static int udp_send_datagram(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_lwip_udp *udp = ctx;
    struct fota_lwip_udp_stream *s = stream_at(udp, stream);
    struct pbuf *p;

    if (!s || s->state != FOTA_LWIP_CONNECTED)
        return not_connected(s);
    p = len < UINT16_MAX ? pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM) : NULL;
    if (p) {
        pbuf_take(p, data, (u16_t)len);
        udp_send(s->pcb, p);
        pbuf_free(p);
    }
    run(udp);
    return (int)len;
}

static int udp_recv_datagram(void *ctx, int stream, void *data, size_t len)
{
    struct fota_lwip_udp *udp = ctx;
    struct fota_lwip_udp_stream *s = stream_at(udp, stream);
    u16_t got;

    if (!s || s->state != FOTA_LWIP_CONNECTED)
        return not_connected(s);
    run(udp);
    if (s->count == 0)
        return 0;
    got = pbuf_copy_partial(s->received[0], data, (u16_t)(len < UINT16_MAX ? len : UINT16_MAX), 0);
    pbuf_free(s->received[0]);
    s->count--;
    memmove(s->received, s->received + 1, s->count * sizeof s->received[0]);
    return got;
}

static void udp_close(void *ctx, int stream)
{
    struct fota_lwip_udp_stream *s = stream_at(ctx, stream);

    if (!s)
        return;
    fota_lwip_lookup_forget(&s->lookup);
    if (s->pcb)
        udp_remove(s->pcb);
    while (s->count > 0)
        pbuf_free(s->received[--s->count]);
    s->state = FOTA_LWIP_FREE;
}

bool fota_lwip_udp_has_news(const struct fota_lwip_udp *udp)
{
    for (int i = 0; i < FOTA_LWIP_UDP; i++)
        if (udp->streams[i].count > 0)
            return true;
    return false;
}

/* ---- open, close ----------------------------------------------------------------------------- */

struct fota_net fota_lwip_udp_open(struct fota_lwip_udp *udp, struct fota_lwip_driver driver)
{
    static const struct fota_net_ops ops = {
        udp_open, udp_ready, udp_send_datagram, udp_recv_datagram, udp_close, NULL, NULL};

    memset(udp, 0, sizeof *udp);
    udp->driver = driver;
    return (struct fota_net){&ops, udp};
}

void fota_lwip_udp_close(struct fota_lwip_udp *udp)
{
    for (int i = 0; i < FOTA_LWIP_UDP; i++)
        udp_close(udp, i);
}
