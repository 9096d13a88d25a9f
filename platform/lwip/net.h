/*
 * net.h - TCP over lwIP's raw interface (NO_SYS), for any network interface that lwIP knows.
 *
 * There is one lwIP in a process or a device. Whoever uses it calls lwip_init() once, adds its
 * interface, and starts that with fota_lwip_start(). lwIP runs only inside the functions of this
 * port, on the thread that calls the engine. So a device that is not downloading has to call wait()
 * now and then, or it loses its DHCP lease.
 */
#ifndef FOTA_LWIP_NET_H
#define FOTA_LWIP_NET_H

#include <lwip/netif.h>
#include <lwip/tcp.h>

#include "fota_port.h"
#include "platform/lwip/lookup.h"

enum fota_lwip_state {
    FOTA_LWIP_FREE,
    FOTA_LWIP_WAITING,    /* the interface has no address yet */
    FOTA_LWIP_RESOLVING,  /* the name's address is asked for */
    FOTA_LWIP_CONNECTING, /* no answer to our SYN yet */
    FOTA_LWIP_CONNECTED,  /* was; `error` or `ended` say that it is no more */
    FOTA_LWIP_FAILED      /* to connect; `error` says why */
};

struct fota_lwip_stream {
    enum fota_lwip_state state;
    int error;  /* that ended it; 0 none */
    bool news;  /* something has happened since the last wait() */
    bool ended; /* the server has sent all it has to say */
    uint16_t port;
    enum fota_address_family family;  /* asked for */
    enum fota_address_family current; /* IPV4 or IPV6: the one that is being tried */
    bool second;                      /* after that there is none to try */
    struct fota_lwip_lookup lookup;   /* of FOTA_LWIP_RESOLVING */
    uint32_t since_ms;                /* when connecting began */
    struct tcp_pcb *pcb;              /* owned; NULL: there is none (any more) */
    struct pbuf *received;            /* owned; not read yet */
    char host[DNS_MAX_NAME_LENGTH];
};

/*
 * How packets come in. poll() gives each that has arrived to the input function of its interface,
 * and returns at once; wait() sleeps until one arrives, at most `ms` milliseconds, and may return
 * earlier.
 */
struct fota_lwip_driver {
    void (*poll)(void *ctx);
    void (*wait)(void *ctx, uint32_t ms);
    void *ctx;
};

struct fota_lwip_net {
    struct fota_lwip_driver driver;
    struct fota_lwip_stream streams[FOTA_LWIP_STREAMS];
};

/*
 * Brings the interface up: link-local and autoconfigured IPv6 addresses, and an IPv4 address by
 * DHCP unless it has one. The interface becomes the default one. Returns 0, FOTA_ERR_MEMORY.
 */
int fota_lwip_start(struct netif *netif);

/* Has the default interface an address of this family (FOTA_ADDRESS_ANY: of either) to
 * speak from? */
bool fota_lwip_has_address(enum fota_address_family family);

/* Is `host` an address of this family, or a name that can be looked up (RFC 1035)? */
bool fota_lwip_can_be_reached(const char *host, enum fota_address_family family);

/*
 * Makes `net`, which may not be moved, without streams and returns it as the engine's port. There
 * is no access point to set: apn_set is NULL. fota_lwip_net_close() ends all streams, and has to
 * come before `net` goes; it can be used on as it was when it was opened.
 *
 * While the interface has no address a stream waits, until the engine's deadline. With
 * FOTA_ADDRESS_ANY IPv4 is tried first, then IPv6 if nobody answers.
 */
struct fota_net fota_lwip_net_open(struct fota_lwip_net *net, struct fota_lwip_driver driver);
void fota_lwip_net_close(struct fota_lwip_net *net);

#endif
