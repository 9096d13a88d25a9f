/*
 * clock.h - the simulated modem's clock: the host's, and what was skipped of it; or a virtual one.
 *
 * A virtual clock stands still while code runs and jumps over every wait, so that what a script
 * does, and when, is the same on a fast host and on a loaded one. It keeps to the host's time only
 * while the modem waits with a connection to the real network: nobody knows what comes from there.
 */
#ifndef FOTA_SIM_CLOCK_H
#define FOTA_SIM_CLOCK_H

#include "fota_port.h"

struct fota_sim_clock {
    struct fota_system_ops ops;
    struct fota_system lower; /* the host's, borrowed */
    struct fota_net outside;  /* the real network, borrowed */
    uint32_t streams;         /* open in it, by UDP too */
    bool is_virtual;
    uint64_t stands_ms; /* while it is virtual: what it shows */
    uint64_t ahead_ms;  /* otherwise: of the host's, modulo 2^64 */
    uint32_t readings;  /* since time passed last */
    uint64_t began_ms;  /* what it showed when it was opened */
    int64_t began_s;    /* and the host's time, -1 if it does not know */
};

/* Puts the clock over `lower`; it is not virtual. Returns it as the engine's port. */
struct fota_system fota_sim_clock_open(struct fota_sim_clock *clock, struct fota_system lower);

/* Puts the clock between the modem and the real network. Returns that network with its wait()
 * taking the time that the clock gives it. */
struct fota_net fota_sim_clock_net(struct fota_sim_clock *clock, struct fota_net outside);

/* Milliseconds since it was opened. */
uint64_t fota_sim_clock_ran(struct fota_sim_clock *clock);

/* Sets the time, seconds since 1970; now_ms() does not notice. */
void fota_sim_clock_set_time(struct fota_sim_clock *clock, int64_t seconds);

/* Makes the clock virtual, or the host's again; what it shows goes on from there. */
void fota_sim_clock_set_virtual(struct fota_sim_clock *clock, bool is_virtual);

/* Lets `ms` milliseconds pass at once, for now_ms() and for time(). */
void fota_sim_clock_skip(struct fota_sim_clock *clock, uint32_t ms);

/* Lets `ms` milliseconds pass in which nothing can happen: at once where the clock is virtual. */
void fota_sim_clock_pass(struct fota_sim_clock *clock, uint32_t ms);

#endif
