/*
 * port.h - flash and system of UIS8910 and UIS8850, by Quectel's SDK. Has never run on a modem.
 *
 * The SDK checks that addresses are in a partition which its configuration reserves; the regions of
 * the map have to be.
 */
#ifndef FOTA_QUECTEL_UNISOC_PORT_H
#define FOTA_QUECTEL_UNISOC_PORT_H

#include "fota_port.h"
#include "platform/quectel/wall_clock.h"

#define FOTA_UNISOC_FLASH 0x60000000u /* where the core sees the start of the flash */

struct fota_unisoc {
    struct fota_wall_clock clock; /* may be set at any time */
};

struct fota_flash fota_unisoc_flash(struct fota_unisoc *unisoc);
struct fota_system fota_unisoc_system(struct fota_unisoc *unisoc);

#endif
