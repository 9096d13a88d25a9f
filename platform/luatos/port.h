/*
 * port.h - flash and system of any chip that LuatOS runs on. Has never run on one.
 *
 * Network and TLS are LuatOS's own business: platform/lwip goes onto the lwIP that its chips have.
 */
#ifndef FOTA_LUATOS_PORT_H
#define FOTA_LUATOS_PORT_H

#include "fota_port.h"
#include "platform/quectel/wall_clock.h"

struct fota_luatos {
    uint32_t base;                /* what luat_flash_read() calls address 0 of the map */
    struct fota_wall_clock clock; /* may be set at any time */
};

struct fota_flash fota_luatos_flash(struct fota_luatos *luatos);
struct fota_system fota_luatos_system(struct fota_luatos *luatos);

#endif
