/*
 * port.h - flash and system of EC618, by Eigencomm's SDK. Has never run on a modem.
 */
#ifndef FOTA_QUECTEL_EIGENCOMM_PORT_H
#define FOTA_QUECTEL_EIGENCOMM_PORT_H

#include "fota_port.h"
#include "platform/quectel/wall_clock.h"

struct fota_eigencomm {
    uint32_t ticks; /* last seen, to notice a wrap */
    uint64_t passed;
    struct fota_wall_clock clock; /* may be set at any time */
};

void fota_eigencomm_open(struct fota_eigencomm *eigencomm);

struct fota_flash fota_eigencomm_flash(struct fota_eigencomm *eigencomm);
struct fota_system fota_eigencomm_system(struct fota_eigencomm *eigencomm);

#endif
