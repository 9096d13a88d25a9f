/*
 * clock.h - the clock of the simulated modem: the host's clock, which can be moved forward, or a
 * virtual one.
 *
 * A virtual clock stands still while code runs and jumps over every wait. So a script does the same
 * at the same time on a fast host and on a loaded one. Only while the modem waits with a connection
 * to the real network does it follow the host's time, because nobody knows when data will arrive.
 */
#ifndef FOTA_SIM_CLOCK_H
#define FOTA_SIM_CLOCK_H

#include "fota_port.h"

struct fota_sim_clock {
    struct fota_system_ops ops;
    struct fota_system lower; /* the host's, borrowed */
    struct fota_net outside;  /* the real network, borrowed */
    uint32_t streams;         /* open there, UDP included */
    bool is_virtual;
    uint64_t stands_ms; /* of a virtual clock: what it shows */
    uint64_t ahead_ms;  /* otherwise: how far it is ahead of the host's, modulo 2^64 */
    uint32_t readings;  /* how often it was read since time passed last */
    uint64_t began_ms;  /* what it showed when it was opened */
    int64_t began_s;    /* the host's time then, seconds since 1970; -1: unknown */
};

/* Puts the clock over `lower`; it is not virtual. Returns it as the engine's port. */
struct fota_system fota_sim_clock_open(struct fota_sim_clock *clock, struct fota_system lower);

/* Puts the clock between the modem and the real network. Returns that network, whose wait() now
 * takes as long as the clock says. */
struct fota_net fota_sim_clock_net(struct fota_sim_clock *clock, struct fota_net outside);

/* Milliseconds since it was opened. */
uint64_t fota_sim_clock_ran(struct fota_sim_clock *clock);

/* Sets the time, seconds since 1970. now_ms() does not change by that. */
void fota_sim_clock_set_time(struct fota_sim_clock *clock, int64_t seconds);

/* Makes the clock virtual, or lets it follow the host's again, from what it shows now. */
void fota_sim_clock_set_virtual(struct fota_sim_clock *clock, bool is_virtual);

/* Lets `ms` milliseconds pass at once, for now_ms() and for time(). */
void fota_sim_clock_skip(struct fota_sim_clock *clock, uint32_t ms);

/* Lets `ms` milliseconds pass in which nothing can happen. A virtual clock does that at once. */
void fota_sim_clock_pass(struct fota_sim_clock *clock, uint32_t ms);

#endif
