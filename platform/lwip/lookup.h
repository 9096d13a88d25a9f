/*
 * lookup.h - one name to be resolved, for the streams of net.h and udp.h.
 *
 * lwIP cannot take a look-up back, so an answer may come when the stream that asked, or its whole
 * net, is gone. Every look-up therefore has a number, and its answer goes to the one that still
 * waits under this number, if there is any.
 */
#ifndef FOTA_LWIP_LOOKUP_H
#define FOTA_LWIP_LOOKUP_H

#include <lwip/ip_addr.h>
#include <stdint.h>

struct fota_lwip_lookup {
    struct fota_lwip_lookup *next; /* of all that wait */
    uint32_t number;
    void (*answered)(struct fota_lwip_lookup *lookup, const ip_addr_t *address);
};

/*
 * Asks for an address of `host`, which may be one already; `type` is one of LWIP_DNS_ADDRTYPE_*.
 * `answered` is called once, with NULL if there is none: before this returns where the answer is
 * known, otherwise while lwIP runs. `lookup` is borrowed until then, or until it is forgotten.
 */
void fota_lwip_look_up(struct fota_lwip_lookup *lookup, const char *host, uint8_t type,
                       void (*answered)(struct fota_lwip_lookup *lookup, const ip_addr_t *address));

/* The answer is not wanted any more. Harmless at any time, also on zeroed memory. */
void fota_lwip_lookup_forget(struct fota_lwip_lookup *lookup);

#endif
