/*
 * system.c - clock and randomness of a POSIX system.
 */
#define _DEFAULT_SOURCE

#include "platform/posix/system.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(clockid_t clock, uint64_t per_second)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * per_second + (uint64_t)t.tv_nsec / (1000000000u / per_second);
}

static uint64_t system_now_ms(void *ctx)
{
    (void)ctx;
    return now(CLOCK_MONOTONIC, 1000);
}

static int64_t system_time(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static uint32_t system_random(void *ctx)
{
    uint32_t value;

    (void)ctx;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) == (ssize_t)sizeof value)
        return value;
    /* An old kernel, or one that has just started. Jitter needs no more than being different. */
    value = (uint32_t)now(CLOCK_MONOTONIC, 1000000000u) ^ (uint32_t)getpid() << 16;
    return value * 2654435761u;
}

static void system_reset(void *ctx)
{
    struct fota_posix_system *system = ctx;

    if (system->reset)
        system->reset(system->ctx);
}

struct fota_system fota_posix_system_open(struct fota_posix_system *system,
                                          void (*reset)(void *ctx), void *ctx)
{
    *system = (struct fota_posix_system){
        .ops = {system_now_ms, system_time, system_random, system_reset, NULL},
        .reset = reset,
        .ctx = ctx,
    };
    return (struct fota_system){&system->ops, system};
}
