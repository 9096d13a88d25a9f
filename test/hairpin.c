#include "hairpin.h"

#include <lwip/dns.h>
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/ip4_frag.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packet {
    struct packet *next;
    uint64_t due_us;
    bool down;
    uint16_t length;
    uint8_t data[];
};

struct hairpin_path hairpin_up, hairpin_down;

static struct {
    bool started;
    uint64_t now_us;
    uint64_t random;
    uint64_t received;
    unsigned opened;
    struct packet *packets; /* by due_us, those of the same instant in their order */
    struct netif device, server;
    u16_t forgotten[16]; /* ports of the device */
    unsigned forgotten_count;
    struct fota_lwip_net net;
    struct fota_net lower;
} world;

static void *need(void *memory)
{
    if (!memory)
        fota_lwip_failed("no memory");
    return memory;
}

/* ---- what lwIP asks for ---------------------------------------------------------------------- */

u32_t sys_now(void)
{
    return (u32_t)(world.now_us / 1000);
}

/* SplitMix64. */
uint64_t hairpin_random(void)
{
    uint64_t z = world.random += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint32_t fota_lwip_random(void)
{
    return (uint32_t)hairpin_random();
}

void fota_lwip_failed(const char *what)
{
    fprintf(stderr, "hairpin: %s\n", what);
    abort();
}

/* ---- the path -------------------------------------------------------------------------------- */

static void enqueue(const struct pbuf *p, bool down, uint64_t due_us)
{
    struct packet *packet = need(malloc(sizeof *packet + p->tot_len));
    struct packet **at = &world.packets;

    packet->due_us = due_us;
    packet->down = down;
    packet->length = p->tot_len;
    pbuf_copy_partial(p, packet->data, p->tot_len, 0);
    while (*at && (*at)->due_us <= due_us)
        at = &(*at)->next;
    packet->next = *at;
    *at = packet;
}

static bool happens(uint32_t of_1000)
{
    return of_1000 && hairpin_random() % 1000 < of_1000;
}

/* When the link has sent a packet that is put in now; false: there is no room for it. */
static bool transmit(struct hairpin_path *path, uint32_t length, uint64_t *sent_us)
{
    uint64_t start = path->free_us > world.now_us ? path->free_us : world.now_us;

    *sent_us = start;
    if (!path->rate)
        return true;
    if (path->queue && (start - world.now_us) * path->rate / 8000000 + length > path->queue)
        return false;
    *sent_us = path->free_us = start + (uint64_t)length * 8000000 / path->rate;
    return true;
}

static bool is_ipv4(const struct pbuf *p)
{
    return pbuf_get_at(p, 0) >> 4 == 4;
}

/* Does the device's port of this packet belong to a connection that was forgotten on the way? */
static bool is_forgotten(const struct pbuf *p, bool down)
{
    u16_t at = (u16_t)((is_ipv4(p) ? 20 : 40) + (down ? 2 : 0));
    unsigned port = (unsigned)(pbuf_get_at(p, at) << 8 | pbuf_get_at(p, (u16_t)(at + 1)));

    for (unsigned i = 0; i < world.forgotten_count; i++)
        if (world.forgotten[i] == port)
            return true;
    return false;
}

static bool is_dead(const struct hairpin_path *path, const struct pbuf *p, bool down)
{
    return path->dead || (path->dead_tcp4 && is_ipv4(p) && pbuf_get_at(p, 9) == IP_PROTO_TCP) ||
           !netif_is_link_up(&world.device) || is_forgotten(p, down);
}

static void travel(const struct pbuf *p, bool down)
{
    struct hairpin_path *path = down ? &hairpin_down : &hairpin_up;
    uint64_t due_us;

    path->packets++;
    path->bytes += p->tot_len;
    path->largest = p->tot_len > path->largest ? p->tot_len : path->largest;
    if (is_dead(path, p, down) || happens(path->loss) || !transmit(path, p->tot_len, &due_us)) {
        path->lost++;
        return;
    }
    due_us += path->delay_ms * UINT64_C(1000);
    if (path->jitter_ms)
        due_us += hairpin_random() % (path->jitter_ms * UINT64_C(1000));
    enqueue(p, down, due_us);
    if (happens(path->duplicates))
        enqueue(p, down, due_us + 1000);
}

static err_t output_ip4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    (void)netif;
    travel(p, !ip4_addr_cmp(to, netif_ip4_addr(&world.server)));
    return ERR_OK;
}

static err_t output_ip6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
    (void)netif;
    if (!ip6_addr_ismulticast(to)) /* there are no neighbours to look for */
        travel(p, !ip6_addr_cmp_zoneless(to, netif_ip6_addr(&world.server, 0)));
    return ERR_OK;
}

/* As a driver does: into the pool, and what finds no room there is lost. */
static void deliver_one(void)
{
    struct packet *packet = world.packets;
    struct netif *to = packet->down ? &world.device : &world.server;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, packet->length, PBUF_POOL);

    world.packets = packet->next;
    if (!p) {
        (packet->down ? &hairpin_down : &hairpin_up)->lost++;
    } else {
        pbuf_take(p, packet->data, packet->length);
        if (!netif_is_link_up(to) || to->input(p, to) != ERR_OK)
            pbuf_free(p);
    }
    free(packet);
}

static void driver_poll(void *ctx)
{
    (void)ctx;
    hairpin_server_run();
    while (world.packets && world.packets->due_us <= world.now_us)
        deliver_one();
}

static void driver_wait(void *ctx, uint32_t ms)
{
    uint64_t until_us = world.now_us + ms * UINT64_C(1000);
    uint64_t due_ms = hairpin_server_due();

    (void)ctx;
    if (world.packets && world.packets->due_us < until_us)
        until_us = world.packets->due_us;
    if (due_ms < until_us / 1000)
        until_us = due_ms * 1000;
    if (until_us > world.now_us)
        world.now_us = until_us;
    driver_poll(NULL);
}

void hairpin_pass(uint32_t ms)
{
    uint64_t until_us = world.now_us + ms * UINT64_C(1000);

    while (world.now_us < until_us) {
        uint32_t left = (uint32_t)((until_us - world.now_us + 999) / 1000);
        uint32_t timeout = sys_timeouts_sleeptime();

        driver_wait(NULL, timeout < left ? timeout : left);
        sys_check_timeouts();
    }
}

/* ---- the device ------------------------------------------------------------------------------ */

static err_t init_netif(struct netif *netif)
{
    netif->name[0] = 'h';
    netif->name[1] = 'p';
    netif->output = output_ip4;
    netif->output_ip6 = output_ip6;
    netif->mtu = 1500;
    return ERR_OK;
}

static void add_netif(struct netif *netif, const char *ip4, const char *ip6)
{
    ip4_addr_t address, mask;
    ip6_addr_t address6;

    if (!ip4addr_aton(ip4, &address) || !ip4addr_aton("255.255.255.0", &mask) ||
        !ip6addr_aton(ip6, &address6) ||
        !netif_add(netif, &address, &mask, IP4_ADDR_ANY4, NULL, init_netif, ip_input))
        fota_lwip_failed("no interface");
    netif_ip6_addr_set(netif, 0, &address6);
    netif_ip6_addr_set_state(netif, 0, IP6_ADDR_PREFERRED);
    netif_set_up(netif);
    netif_set_link_up(netif);
}

static void start(void)
{
    lwip_init();
    add_netif(&world.server, HAIRPIN_HOST, HAIRPIN_HOST6);
    add_netif(&world.device, "10.0.0.1", "fd00::1");
    netif_set_default(&world.device);
    hairpin_server_start();
    world.started = true;
}

static void drop_packets(void)
{
    while (world.packets) {
        struct packet *packet = world.packets;

        world.packets = packet->next;
        free(packet);
    }
}

static void hang_up_all(void)
{
    hairpin_up.dead = hairpin_down.dead = true;
    while (tcp_active_pcbs)
        tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs)
        tcp_abort(tcp_tw_pcbs);
    hairpin_server_forget();
    drop_packets();
}

static int counting_open(void *ctx, const char *host, uint16_t port,
                         enum fota_address_family family, int *stream)
{
    world.opened++;
    return world.lower.ops->open(ctx, host, port, family, stream);
}

static int counting_recv(void *ctx, int stream, void *data, size_t len)
{
    int got = world.lower.ops->recv(ctx, stream, data, len);

    world.received += got > 0 ? (uint64_t)got : 0;
    return got;
}

static void tick(uint32_t ms)
{
    world.now_us = (world.now_us / 1000 / ms + 1) * ms * 1000;
    sys_check_timeouts();
}

/*
 * An hour passes between two worlds, in which whatever lwIP remembers of the last one ends. But for
 * one thing: every second tick of TCP's timer is a slow one, and the timer stands still while there
 * is no connection. It is left with the same kind of tick to come as in the first world.
 */
static void settle(void)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    uint32_t ticks = tcp_ticks;

    if (!pcb || tcp_connect(pcb, netif_ip_addr4(&world.server), 1, NULL) != ERR_OK)
        fota_lwip_failed("cannot settle");
    while (tcp_ticks == ticks)
        tick(250);
    hang_up_all();
    for (unsigned i = 0; i < 3600; i++)
        tick(1000);
}

struct fota_net hairpin_open(uint64_t seed)
{
    static struct fota_net_ops ops;

    world.received = 0;
    world.opened = 0;
    world.forgotten_count = 0;
    if (!world.started)
        start();
    dns_setserver(0, netif_ip_addr4(&world.server));
    settle();
    world.random = seed;
    memset(&hairpin_up, 0, sizeof hairpin_up);
    memset(&hairpin_down, 0, sizeof hairpin_down);
    memset(&hairpin_server, 0, sizeof hairpin_server);
    hairpin_server.has_a = true;
    hairpin_set_mtu(1500);
    hairpin_set_address(1);
    netif_set_link_up(&world.device);
    world.lower =
        fota_lwip_net_open(&world.net, (struct fota_lwip_driver){driver_poll, driver_wait, NULL});
    ops = *world.lower.ops;
    ops.open = counting_open;
    ops.recv = counting_recv;
    return (struct fota_net){&ops, world.lower.ctx};
}

void hairpin_close(void)
{
    hairpin_up.dead = hairpin_down.dead = true;
    fota_lwip_net_close(&world.net);
    hang_up_all();
}

static struct tcp_pcb *of_the_device(void)
{
    struct tcp_pcb *pcb = tcp_active_pcbs;

    while (pcb && pcb->local_port == 80)
        pcb = pcb->next;
    return pcb;
}

void hairpin_lose_power(void)
{
    bool dead = hairpin_up.dead;
    struct tcp_pcb *pcb;

    hairpin_up.dead = true;
    fota_lwip_net_close(&world.net);
    while ((pcb = of_the_device()))
        tcp_abort(pcb);
    hairpin_up.dead = dead;
}

void hairpin_forget_mappings(void)
{
    const struct tcp_pcb *pcb;

    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->local_port != 80 && world.forgotten_count < 16)
            world.forgotten[world.forgotten_count++] = pcb->local_port;
}

void hairpin_set_mtu(uint16_t mtu)
{
    world.device.mtu = world.server.mtu = mtu;
}

void hairpin_detach(void)
{
    netif_set_link_down(&world.device);
}

void hairpin_attach(void)
{
    netif_set_link_up(&world.device);
}

void hairpin_set_address(uint8_t last)
{
    ip4_addr_t address;

    IP4_ADDR(&address, 10, 0, 0, last);
    netif_set_ipaddr(&world.device, last ? &address : IP4_ADDR_ANY4);
    netif_ip6_addr_set_state(&world.device, 0, last ? IP6_ADDR_PREFERRED : IP6_ADDR_INVALID);
}

struct netif *hairpin_server_netif(void)
{
    return &world.server;
}

uint64_t hairpin_received(void)
{
    return world.received;
}

unsigned hairpin_opened(void)
{
    return world.opened;
}

uint64_t hairpin_now_ms(void)
{
    return world.now_us / 1000;
}

/* ---- its clock ------------------------------------------------------------------------------- */

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    return hairpin_now_ms();
}

static int64_t no_time(void *ctx)
{
    (void)ctx;
    return -1;
}

static uint32_t next_random(void *ctx)
{
    (void)ctx;
    return fota_lwip_random();
}

static void no_reset(void *ctx)
{
    (void)ctx;
}

struct fota_system hairpin_system(void)
{
    static const struct fota_system_ops ops = {now_ms, no_time, next_random, no_reset, NULL};

    return (struct fota_system){&ops, NULL};
}
