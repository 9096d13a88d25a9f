/*
 * link.h - a cellular link between the simulated modem and a real network. How slow and unreliable
 * it is can be set.
 */
#ifndef FOTA_SIM_LINK_H
#define FOTA_SIM_LINK_H

#include "platform/sim/clock.h"

struct fota_sim_link {
    struct fota_net lower;        /* the network that it limits, borrowed */
    struct fota_sim_clock *clock; /* the modem's, borrowed */
    uint32_t rate;                /* most bytes received per second; 0: no limit */
    uint64_t drop_at;         /* the connection breaks when so many bytes were received; 0: never */
    uint64_t received;        /* bytes since it was opened, protocols included */
    uint32_t connections;     /* begun since then */
    uint64_t filled_ms;       /* when `tokens` was last brought up to date */
    uint64_t tokens;          /* thousandths of bytes that may be received now */
    struct fota_apn apn;      /* in use */
    struct fota_apn demanded; /* the only one that the network accepts; an empty name: any */
    const char *apn_file;     /* where `apn` is kept, borrowed; NULL: nowhere */
};

/* Puts a link without limits over `lower`. Returns it as the engine's port. */
struct fota_net fota_sim_link_open(struct fota_sim_link *link, struct fota_net lower,
                                   struct fota_sim_clock *clock);

#endif
