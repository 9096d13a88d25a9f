/*
 * clock.h - the simulated modem's clock: the host's, and what was skipped of the time in which
 * nothing could happen.
 */
#ifndef FOTA_SIM_CLOCK_H
#define FOTA_SIM_CLOCK_H

#include "fota_port.h"

struct fota_sim_clock {
    struct fota_system_ops ops;
    struct fota_system lower; /* the host's, borrowed */
    uint64_t skipped_ms;      /* how far this clock is ahead of it */
    uint64_t began_ms;        /* the host's when it was opened */
    int64_t began_s;          /* and its time, -1 if it does not know */
};

/* Puts the clock over `lower`. Returns it as the engine's port. */
struct fota_system fota_sim_clock_open(struct fota_sim_clock *clock, struct fota_system lower);

/* Lets `ms` milliseconds pass at once, for now_ms() and for time(). */
void fota_sim_clock_skip(struct fota_sim_clock *clock, uint32_t ms);

#endif
