/*
 * port.h - flash and system of ASR1603, ASR1606 and ASR1803S, by Quectel's SDK. Has never run on a
 * modem.
 */
#ifndef FOTA_QUECTEL_ASR_PORT_H
#define FOTA_QUECTEL_ASR_PORT_H

#include "fota_port.h"
#include "platform/quectel/wall_clock.h"

struct fota_asr {
    const char *partition; /* whose bytes the map's addresses count from; borrowed */
    uint32_t base;         /* its address, asked when it is opened */
    uint32_t size;
    uint32_t ticks; /* last seen, to notice a wrap */
    uint64_t passed_ms;
    struct fota_wall_clock clock; /* may be set at any time */
};

/* Opens `partition`; the map's addresses are offsets in it. Returns 0 or FOTA_ERR_MAP: there is
 * none of that name. */
int fota_asr_open(struct fota_asr *asr, const char *partition);

struct fota_flash fota_asr_flash(struct fota_asr *asr);
struct fota_system fota_asr_system(struct fota_asr *asr);

#endif
