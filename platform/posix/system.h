/*
 * system.h - clock and randomness of a POSIX system.
 */
#ifndef FOTA_POSIX_SYSTEM_H
#define FOTA_POSIX_SYSTEM_H

#include "fota_port.h"

/*
 * The engine's system port, by CLOCK_MONOTONIC, time(), which counts as trusted, and getrandom().
 * reset(ctx) is called when the engine wants a reset.
 */
struct fota_posix_system {
    struct fota_system_ops ops;
    void (*reset)(void *ctx);
    void *ctx;
};

struct fota_system fota_posix_system_open(struct fota_posix_system *system,
                                          void (*reset)(void *ctx), void *ctx);

#endif
