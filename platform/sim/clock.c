#include "platform/sim/clock.h"

static uint64_t clock_now_ms(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    return clock->lower.ops->now_ms(clock->lower.ctx) + clock->skipped_ms;
}

static int64_t clock_time(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    if (clock->began_s < 0)
        return -1;
    /* Of one clock with now_ms(): where that has gone on by a second, this has. */
    return clock->began_s + (int64_t)((clock_now_ms(clock) - clock->began_ms) / 1000);
}

static uint32_t clock_random(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    return clock->lower.ops->random(clock->lower.ctx);
}

static void clock_reset(void *ctx)
{
    struct fota_sim_clock *clock = ctx;

    clock->lower.ops->reset(clock->lower.ctx);
}

struct fota_system fota_sim_clock_open(struct fota_sim_clock *clock, struct fota_system lower)
{
    *clock = (struct fota_sim_clock){
        .ops = {clock_now_ms, clock_time, clock_random, clock_reset},
        .lower = lower,
        .began_ms = lower.ops->now_ms(lower.ctx),
        .began_s = lower.ops->time(lower.ctx),
    };
    return (struct fota_system){&clock->ops, clock};
}

void fota_sim_clock_skip(struct fota_sim_clock *clock, uint32_t ms)
{
    clock->skipped_ms += ms;
}
