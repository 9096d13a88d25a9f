/*
 * wall_clock.h - the time that the network has told, kept by the milliseconds since. A modem has
 * none before that, and after a reset none again.
 */
#ifndef FOTA_QUECTEL_WALL_CLOCK_H
#define FOTA_QUECTEL_WALL_CLOCK_H

#include <stdint.h>

struct fota_wall_clock {
    int64_t seconds; /* since 1970, when it was told; 0: it was not */
    uint64_t at_ms;  /* on the clock of now_ms() */
};

/* What `time` of struct fota_system_ops returns. */
static inline int64_t fota_wall_clock_read(const struct fota_wall_clock *clock, uint64_t now_ms)
{
    return clock->seconds ? clock->seconds + (int64_t)((now_ms - clock->at_ms) / 1000) : -1;
}

/* For jitter where there is no generator: different from modem to modem by when it is asked. */
static inline uint32_t fota_wall_clock_jitter(uint64_t now_ms)
{
    uint32_t z = (uint32_t)now_ms * 2654435761u;

    return z ^ z >> 15;
}

#endif
