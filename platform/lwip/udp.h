/*
 * udp.h - UDP over lwIP's raw interface, beside the TCP of net.h. The engine does not need it;
 * other software on the modem does.
 */
#ifndef FOTA_LWIP_UDP_H
#define FOTA_LWIP_UDP_H

#include <lwip/udp.h>

#include "platform/lwip/net.h"

#define FOTA_LWIP_DATAGRAMS 4 /* that may wait to be read; further ones are lost */

struct fota_lwip_udp_stream {
    enum fota_lwip_state state; /* WAITING, RESOLVING, CONNECTED (there is an address), FAILED */
    uint16_t port;
    enum fota_address_family family;
    struct fota_lwip_lookup lookup;             /* of RESOLVING */
    struct udp_pcb *pcb;                        /* owned; NULL: not yet */
    struct pbuf *received[FOTA_LWIP_DATAGRAMS]; /* owned */
    unsigned count;                             /* of them */
    char host[DNS_MAX_NAME_LENGTH];
};

struct fota_lwip_udp {
    struct fota_lwip_driver driver;
    struct fota_lwip_udp_stream streams[FOTA_LWIP_UDP];
};

/*
 * Makes `udp`, which may not be moved, without streams and returns it as a network: open, ready,
 * send, recv and close as fota_net_ops has them, but each send() is a datagram and each recv()
 * gives one at most, cut to `len`; an empty one is none. There is no wait(): that of net.h's sleeps
 * until something arrives for either, and fota_lwip_udp_has_news() says that something has already.
 * fota_lwip_udp_close() ends all streams, and has to come before `udp` goes; it can be used on as
 * it was when it was opened.
 */
struct fota_net fota_lwip_udp_open(struct fota_lwip_udp *udp, struct fota_lwip_driver driver);
bool fota_lwip_udp_has_news(const struct fota_lwip_udp *udp);
void fota_lwip_udp_close(struct fota_lwip_udp *udp);

#endif
