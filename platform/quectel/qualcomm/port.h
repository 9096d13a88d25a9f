/*
 * port.h - flash and system of MDM9x05, by Qualcomm's QAPI. Has never run on a modem.
 *
 * An application has no access to the NAND: the map's bytes are those of one file of EFS, which
 * keeps each write whole. What the modem itself runs is replaced by the vendor's FOTA, not here.
 */
#ifndef FOTA_QUECTEL_QUALCOMM_PORT_H
#define FOTA_QUECTEL_QUALCOMM_PORT_H

#include "fota_port.h"
#include "platform/quectel/wall_clock.h"

struct fota_qualcomm {
    int fd;
    struct fota_wall_clock clock; /* may be set at any time */
};

/* Opens the file, or makes it, `size` bytes of 0xFF. Returns 0 or FOTA_ERR_FLASH_PROGRAM. */
int fota_qualcomm_open(struct fota_qualcomm *qualcomm, const char *path, uint32_t size);
void fota_qualcomm_close(struct fota_qualcomm *qualcomm);

struct fota_flash fota_qualcomm_flash(struct fota_qualcomm *qualcomm);
struct fota_system fota_qualcomm_system(struct fota_qualcomm *qualcomm);

#endif
