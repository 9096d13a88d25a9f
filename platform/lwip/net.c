#include "platform/lwip/net.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <stddef.h>
#include <string.h>

#include "fota_error.h"

/* How long one family may stay silent while there is another to try, ms. */
#define SILENCE_MS 5000u

static struct fota_lwip_stream *stream_at(struct fota_lwip_net *net, int stream)
{
    if (stream < 0 || stream >= FOTA_LWIP_STREAMS || net->streams[stream].state == FOTA_LWIP_FREE)
        return NULL;
    return &net->streams[stream];
}

static struct fota_lwip_stream *stream_of(struct fota_lwip_lookup *lookup)
{
    return (struct fota_lwip_stream *)((char *)lookup - offsetof(struct fota_lwip_stream, lookup));
}

static void run(struct fota_lwip_net *net)
{
    net->driver.poll(net->driver.ctx);
    sys_check_timeouts();
}

/* If the second family has no address, the error of the first one is the better explanation. */
static void fail(struct fota_lwip_stream *s, int error)
{
    if (!s->second || error != FOTA_ERR_DNS)
        s->error = error;
    s->news = true;
    if (s->state != FOTA_LWIP_CONNECTED)
        s->state = FOTA_LWIP_FAILED;
}

/* ---- interfaces ------------------------------------------------------------------------------ */

int fota_lwip_start(struct netif *netif)
{
    netif_set_default(netif);
    netif_set_up(netif);
    netif_set_link_up(netif);
#if LWIP_IPV6
    netif_create_ip6_linklocal_address(netif, 1);
    netif_set_ip6_autoconfig_enabled(netif, 1);
#endif
    if (!ip4_addr_isany_val(*netif_ip4_addr(netif)))
        return 0;
    return dhcp_start(netif) == ERR_OK ? 0 : FOTA_ERR_MEMORY;
}

#if LWIP_IPV6
static bool has_ipv6(const struct netif *netif)
{
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_ispreferred(netif_ip6_addr_state(netif, i)) &&
            !ip6_addr_islinklocal(netif_ip6_addr(netif, i)))
            return true;
    return false;
}
#else
static bool has_ipv6(const struct netif *netif)
{
    (void)netif;
    return false;
}
#endif

bool fota_lwip_has_address(enum fota_address_family family)
{
    const struct netif *netif = netif_default;

    if (!netif || !netif_is_up(netif) || !netif_is_link_up(netif))
        return false;
    return (family != FOTA_ADDRESS_IPV6 && !ip4_addr_isany_val(*netif_ip4_addr(netif))) ||
           (family != FOTA_ADDRESS_IPV4 && has_ipv6(netif));
}

/* ---- what lwIP calls ------------------------------------------------------------------------- */

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct fota_lwip_stream *s = arg;

    (void)pcb;
    (void)err;
    s->news = true;
    if (!p)
        s->ended = true;
    else if (s->received)
        pbuf_cat(s->received, p);
    else
        s->received = p;
    return ERR_OK;
}

/* The pcb is gone already. */
static void on_error(void *arg, err_t err)
{
    struct fota_lwip_stream *s = arg;

    (void)err;
    s->pcb = NULL;
    fail(s, s->state == FOTA_LWIP_CONNECTED ? FOTA_ERR_CONNECTION : FOTA_ERR_CONNECT);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct fota_lwip_stream *s = arg;

    (void)pcb;
    (void)err; /* always ERR_OK: a failure goes to on_error() */
    s->error = 0;
    s->news = true;
    s->state = FOTA_LWIP_CONNECTED;
    return ERR_OK;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* Gives the pcb back to lwIP, which may need it for a while to close the connection. */
static void release(struct fota_lwip_stream *s)
{
    struct tcp_pcb *pcb = s->pcb;

    s->pcb = NULL;
    if (pcb) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_err(pcb, NULL);
        if (tcp_close(pcb) != ERR_OK)
            tcp_abort(pcb);
    }
    if (s->received)
        pbuf_free(s->received);
    s->received = NULL;
    fota_lwip_lookup_forget(&s->lookup);
}

static void connect_to(struct fota_lwip_stream *s, const ip_addr_t *address)
{
    err_t err;

    s->pcb = tcp_new_ip_type(IP_GET_TYPE(address));
    if (!s->pcb) {
        fail(s, FOTA_ERR_CONNECT);
        return;
    }
    tcp_arg(s->pcb, s);
    tcp_recv(s->pcb, on_recv);
    tcp_err(s->pcb, on_error);
    tcp_nagle_disable(s->pcb);
    s->state = FOTA_LWIP_CONNECTING;
    s->since_ms = sys_now();
    err = tcp_connect(s->pcb, address, s->port, on_connected);
    if (err != ERR_OK) {
        release(s);
        fail(s, FOTA_ERR_CONNECT);
    }
}

static void on_address(struct fota_lwip_lookup *lookup, const ip_addr_t *address)
{
    struct fota_lwip_stream *s = stream_of(lookup);

    if (address)
        connect_to(s, address);
    else
        fail(s, FOTA_ERR_DNS);
}

static void look_up(struct fota_lwip_stream *s)
{
    s->state = FOTA_LWIP_RESOLVING;
    fota_lwip_look_up(&s->lookup, s->host,
                      s->current == FOTA_ADDRESS_IPV6 ? LWIP_DNS_ADDRTYPE_IPV6
                                                      : LWIP_DNS_ADDRTYPE_IPV4,
                      on_address);
}

static bool is_of(const ip_addr_t *address, enum fota_address_family family)
{
    return family == FOTA_ADDRESS_ANY || IP_IS_V6(address) == (family == FOTA_ADDRESS_IPV6);
}

/* Where another stream has found the same host, if one is connected to it. */
static bool find_peer(const struct fota_lwip_net *net, const struct fota_lwip_stream *s,
                      ip_addr_t *address)
{
    for (int i = 0; i < FOTA_LWIP_STREAMS; i++) {
        const struct fota_lwip_stream *other = &net->streams[i];

        if (other->state != FOTA_LWIP_CONNECTED || !other->pcb ||
            strcmp(other->host, s->host) != 0 || !is_of(&other->pcb->remote_ip, s->family))
            continue;
        *address = other->pcb->remote_ip;
        return true;
    }
    return false;
}

/* Begins to connect as soon as the interface has an address. */
static void begin(const struct fota_lwip_net *net, struct fota_lwip_stream *s)
{
    ip_addr_t address;
    bool is_address = ipaddr_aton(s->host, &address) || find_peer(net, s, &address);

    s->current = s->family;
    if (is_address)
        s->current = IP_IS_V6(&address) ? FOTA_ADDRESS_IPV6 : FOTA_ADDRESS_IPV4;
    if (!fota_lwip_has_address(s->current))
        return;
    if (is_address) {
        s->second = true;
        connect_to(s, &address);
        return;
    }
    if (s->family == FOTA_ADDRESS_ANY)
        s->current =
            fota_lwip_has_address(FOTA_ADDRESS_IPV4) ? FOTA_ADDRESS_IPV4 : FOTA_ADDRESS_IPV6;
    look_up(s);
}

static enum fota_address_family other_family(const struct fota_lwip_stream *s)
{
    return s->current == FOTA_ADDRESS_IPV6 ? FOTA_ADDRESS_IPV4 : FOTA_ADDRESS_IPV6;
}

/* How many ms are left until the other family is tried because this one does not answer; at most
 * `ms`. */
static uint32_t until_silence(const struct fota_lwip_stream *s, uint32_t ms)
{
    uint32_t silent = sys_now() - s->since_ms;
    uint32_t left = silent < SILENCE_MS ? SILENCE_MS - silent : 0;

    if (s->state != FOTA_LWIP_CONNECTING || s->second || s->family != FOTA_ADDRESS_ANY ||
        !fota_lwip_has_address(other_family(s)))
        return ms;
    return left < ms ? left : ms;
}

/* Goes on to the other family when the first has failed, or does not answer. */
static void try_other(struct fota_lwip_stream *s)
{
    bool failed = s->state == FOTA_LWIP_FAILED && !s->second && s->family == FOTA_ADDRESS_ANY;

    if (!(failed && fota_lwip_has_address(other_family(s))) && until_silence(s, 1) > 0)
        return;
    release(s);
    if (!failed)
        s->error = FOTA_ERR_CONNECT;
    s->second = true;
    s->current = other_family(s);
    look_up(s);
}

/*
 * RFC 1035, section 2.3.4. lwIP does not check this, and would encode a longer label as a pointer.
 */
static bool is_name(const char *host)
{
    size_t label = 0, length = 0;

    for (; host[length]; length++) {
        if (host[length] == '.' && label == 0)
            return false;
        label = host[length] == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return length > 0;
}

bool fota_lwip_can_be_reached(const char *host, enum fota_address_family family)
{
    ip_addr_t address;

    /* An address may have any number of zeros there. */
    return strlen(host) < DNS_MAX_NAME_LENGTH &&
           (ipaddr_aton(host, &address) ? is_of(&address, family) : is_name(host));
}

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    struct fota_lwip_net *net = ctx;
    struct fota_lwip_stream *s;
    int place = 0;

    if (!fota_lwip_can_be_reached(host, family))
        return FOTA_ERR_DNS;
    while (place < FOTA_LWIP_STREAMS && net->streams[place].state != FOTA_LWIP_FREE)
        place++;
    if (place == FOTA_LWIP_STREAMS)
        return FOTA_ERR_CONNECT;
    s = &net->streams[place];
    memset(s, 0, sizeof *s);
    s->state = FOTA_LWIP_WAITING;
    s->port = port;
    s->family = family;
    strcpy(s->host, host);
    begin(net, s);
    *stream = place;
    return 0;
}

static int net_ready(void *ctx, int stream)
{
    struct fota_lwip_net *net = ctx;
    struct fota_lwip_stream *s = stream_at(net, stream);

    if (!s)
        return FOTA_ERR_CONNECT;
    run(net);
    if (s->state == FOTA_LWIP_WAITING)
        begin(net, s);
    try_other(s);
    if (s->state == FOTA_LWIP_FAILED)
        return s->error;
    return s->state == FOTA_LWIP_CONNECTED;
}

/* ---- connected ------------------------------------------------------------------------------- */

/* What send and recv answer when the stream cannot do it: 0 while it is still connecting. */
static int not_connected(const struct fota_lwip_stream *s)
{
    return s && s->state != FOTA_LWIP_FAILED ? 0 : FOTA_ERR_CONNECTION;
}

static int net_send(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_lwip_net *net = ctx;
    struct fota_lwip_stream *s = stream_at(net, stream);
    size_t room;

    if (!s || s->state != FOTA_LWIP_CONNECTED)
        return not_connected(s);
    run(net);
    if (s->error)
        return s->error;
    room = tcp_sndbuf(s->pcb);
    len = len < room ? len : room;
    if (len == 0 || tcp_write(s->pcb, data, (u16_t)len, TCP_WRITE_FLAG_COPY) != ERR_OK)
        len = 0; /* until data on its way is acknowledged */
    tcp_output(s->pcb);
    return (int)len;
}

static int net_recv(void *ctx, int stream, void *data, size_t len)
{
    struct fota_lwip_net *net = ctx;
    struct fota_lwip_stream *s = stream_at(net, stream);
    u16_t got;

    if (!s || s->state != FOTA_LWIP_CONNECTED)
        return not_connected(s);
    run(net);
    if (!s->received)
        return s->ended ? FOTA_ERR_CLOSED : s->error;
    got = pbuf_copy_partial(s->received, data, (u16_t)(len < UINT16_MAX ? len : UINT16_MAX), 0);
    s->received = pbuf_free_header(s->received, got);
    if (s->pcb)
        tcp_recved(s->pcb, got);
    return got;
}

static void net_close(void *ctx, int stream)
{
    struct fota_lwip_net *net = ctx;
    struct fota_lwip_stream *s = stream_at(net, stream);

    if (s) {
        release(s);
        s->state = FOTA_LWIP_FREE;
        run(net); /* this may be the last call, and the server has to be told */
    }
}

static void net_wait(void *ctx, uint32_t ms)
{
    struct fota_lwip_net *net = ctx;
    uint32_t timeout = sys_timeouts_sleeptime();

    ms = timeout < ms ? timeout : ms;
    for (int i = 0; i < FOTA_LWIP_STREAMS; i++) {
        struct fota_lwip_stream *s = &net->streams[i];

        if (s->received || s->news)
            ms = 0;
        s->news = false;
        ms = until_silence(s, ms);
    }
    if (ms)
        net->driver.wait(net->driver.ctx, ms);
    run(net);
}

/* ---- open, close ----------------------------------------------------------------------------- */

struct fota_net fota_lwip_net_open(struct fota_lwip_net *net, struct fota_lwip_driver driver)
{
    static const struct fota_net_ops ops = {net_open,  net_ready, net_send, net_recv,
                                            net_close, net_wait,  NULL};

    memset(net, 0, sizeof *net);
    net->driver = driver;
    return (struct fota_net){&ops, net};
}

void fota_lwip_net_close(struct fota_lwip_net *net)
{
    for (int i = 0; i < FOTA_LWIP_STREAMS; i++)
        net_close(net, i);
}
