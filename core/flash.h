/*
 * flash.h - reading flash that may fail once and not again.
 */
#ifndef FOTA_FLASH_H
#define FOTA_FLASH_H

#include "fota_port.h"

#define FOTA_READ_TRIES 3u

/*
 * Reads `length` bytes at flash address `address`. A read that returns an error is repeated: one
 * disturbance on the bus must not cost an update, or bring the old image back. Returns 0, or
 * after FOTA_READ_TRIES failures FOTA_ERR_FLASH_ECC or FOTA_ERR_FLASH_READ.
 */
int fota_flash_read(const struct fota_port *port, uint32_t address, void *data, size_t length);

#endif
