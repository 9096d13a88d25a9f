/*
 * link.h - a cellular link between the simulated modem and a real network: as slow, and as
 * unreliable, as it is told to be.
 */
#ifndef FOTA_SIM_LINK_H
#define FOTA_SIM_LINK_H

#include "platform/sim/clock.h"

struct fota_sim_link {
    struct fota_net lower;        /* the network that it limits, borrowed */
    struct fota_sim_clock *clock; /* the modem's, borrowed */
    uint32_t rate;                /* bytes per second received at most; 0 no limit */
    uint64_t drop_at;     /* the connection breaks once so many bytes were received; 0 never */
    uint64_t received;    /* bytes since it was opened, protocol and all: what the data plan pays */
    uint32_t connections; /* begun since then */
    uint64_t filled_ms;   /* when `tokens` was counted last */
    uint64_t tokens;      /* thousandths of bytes that may be received now */
    struct fota_apn apn;  /* in use */
    struct fota_apn demanded; /* the network takes this one only; an empty name: any */
    const char *apn_file;     /* where `apn` is kept, borrowed; NULL: nowhere */
};

/* Puts a link without limits over `lower`. Returns it as the engine's port. */
struct fota_net fota_sim_link_open(struct fota_sim_link *link, struct fota_net lower,
                                   struct fota_sim_clock *clock);

#endif
