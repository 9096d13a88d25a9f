#include "platform/board/network.h"

#include <string.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/sys.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_time.h>
#include <netif/ethernet.h>

#include "fota_error.h"
#include "platform/board/board.h"
#include "platform/lwip/net.h"
#include "platform/mbedtls/tls.h"

#define MTU 1500

static struct netif nic;
static struct fota_lwip_net net;
static struct fota_mbedtls_tls tls;
static uint64_t idle_us;

/* ---- what lwIP and mbedTLS ask of whoever links them ----------------------------------------- */

u32_t sys_now(void)
{
    return (u32_t)board_ms();
}

uint32_t fota_lwip_random(void)
{
    uint32_t value;

    if (!board_entropy((uint8_t *)&value, sizeof value))
        fota_lwip_failed("no entropy");
    return value;
}

void fota_lwip_failed(const char *what)
{
    (void)what;
    board_reset();
}

/* Without entropy there is no TLS. */
int mbedtls_hardware_poll(void *ctx, unsigned char *data, size_t length, size_t *got)
{
    (void)ctx;
    *got = 0;
    if (!board_entropy(data, length))
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    *got = length;
    return 0;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)board_ms();
}

/* ---- the interface --------------------------------------------------------------------------- */

static err_t send_frame(struct netif *netif, struct pbuf *packet)
{
    static uint8_t frame[BOARD_FRAME_MAX];

    (void)netif;
    if (packet->tot_len > sizeof frame)
        return ERR_BUF;
    pbuf_copy_partial(packet, frame, packet->tot_len, 0);
    return board_nic_send(frame, packet->tot_len) ? ERR_OK : ERR_WOULDBLOCK;
}

static err_t start_nic(struct netif *netif)
{
    board_nic_start();
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->hostname = board_name;
    netif->mtu = MTU;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, board_mac, ETH_HWADDR_LEN);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->linkoutput = send_frame;
    netif->output = etharp_output;
#if LWIP_IPV6
    netif->output_ip6 = ethip6_output;
#endif
    return ERR_OK;
}

/* A frame for which there is no memory is lost, as on the wire. */
static void poll_nic(void *ctx)
{
    static uint8_t frame[BOARD_FRAME_MAX];
    size_t length;

    (void)ctx;
    while ((length = board_nic_receive(frame)) > 0) {
        struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);

        if (!packet)
            continue;
        pbuf_take(packet, frame, (u16_t)length);
        if (nic.input(packet, &nic) != ERR_OK)
            pbuf_free(packet);
    }
}

/* A program that waits is not hung, so the watchdog is fed. */
static void wait_nic(void *ctx, uint32_t ms)
{
    uint64_t end = board_ms() + ms;

    (void)ctx;
    while (!board_nic_ready() && board_ms() < end) {
        uint64_t begun = board_us();

        board_watchdog_feed();
        board_idle();
        idle_us += board_us() - begun;
    }
}

uint64_t board_network_idle_us(void)
{
    return idle_us;
}

void board_network_open(struct fota_port *port)
{
    lwip_init();
    netif_add_noaddr(&nic, NULL, start_nic, ethernet_input);
    fota_lwip_start(&nic);
    port->net = fota_lwip_net_open(&net, (struct fota_lwip_driver){poll_nic, wait_nic, NULL});
    port->tls = fota_mbedtls_tls_open(&tls, &port->system, NULL);
}
