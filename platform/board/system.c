/* Clock, time, randomness and reset of an application; a boot loader needs none of them. */
#include "platform/board/board.h"
#include "platform/board/config.h"

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    return board_ms();
}

static int64_t time_s(void *ctx)
{
    (void)ctx;
    return board_time();
}

static uint32_t random32(void *ctx)
{
    uint32_t value = 0;

    (void)ctx;
    if (!board_entropy((uint8_t *)&value, sizeof value))
        value = (uint32_t)board_ms() * 2654435761u;
    return value;
}

static void reset(void *ctx)
{
    (void)ctx;
    board_reset();
}

static void alive(void *ctx)
{
    (void)ctx;
    board_watchdog_feed();
}

const struct fota_system_ops board_system = {now_ms, time_s, random32, reset, alive};
