#include "fetch.h"

#include "fault.h"

#define CONNECT_MS 30000u
#define STALL_MS   60000u

void fota_patience_init(struct fota_patience *patience, const struct fota_system *system,
                        const struct fota_timeouts *timeouts)
{
    patience->system = system;
    patience->timeouts = *timeouts;
    if (timeouts->connect_ms == 0)
        patience->timeouts.connect_ms = CONNECT_MS;
    if (timeouts->stall_ms == 0)
        patience->timeouts.stall_ms = STALL_MS;
}

static uint32_t now(const struct fota_patience *patience)
{
    return (uint32_t)patience->system->ops->now_ms(patience->system->ctx);
}

void fota_patience_moved(struct fota_patience *patience)
{
    patience->moved_ms = now(patience);
}

uint32_t fota_patience_silent_ms(const struct fota_patience *patience)
{
    return now(patience) - patience->moved_ms;
}

int fota_patience_wait(const struct fota_patience *patience, uint32_t limit_ms, int error,
                       enum fota_stage stage, struct fota_fault *fault)
{
    uint32_t silent_ms = fota_patience_silent_ms(patience);

    return silent_ms < limit_ms ? FOTA_FETCH_WAIT
                                : fota_fail(fault, error, stage, limit_ms, silent_ms);
}
