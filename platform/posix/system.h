/*
 * system.h - clock and randomness of a POSIX system.
 */
#ifndef FOTA_POSIX_SYSTEM_H
#define FOTA_POSIX_SYSTEM_H

#include "fota_port.h"

/*
 * The engine's system port. `reset(ctx)` is called for a reset; ctx is handed to it.
 * CLOCK_MONOTONIC, time() (trusted), getrandom().
 */
struct fota_posix_system {
    struct fota_system_ops ops;
    void (*reset)(void *ctx);
    void *ctx;
};

struct fota_system fota_posix_system_open(struct fota_posix_system *system,
                                          void (*reset)(void *ctx), void *ctx);

#endif
