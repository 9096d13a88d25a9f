/*
 * nor.h - a serial NOR flash with the common command set (JEDEC JESD216: 03h, 02h, 06h, 05h, 20h,
 * D8h and addresses of 3 bytes), over board_spi().
 */
#ifndef FOTA_BOARD_NOR_H
#define FOTA_BOARD_NOR_H

#include <stdbool.h>

#include "fota_port.h"

/* Bytes that one page program may change; it never crosses a page's end. */
#define NOR_PAGE 256u

/*
 * The chip as the engine's port. While it erases, the board idles: 2 s for 64 KiB by the
 * S25FL128P's datasheet, which is less than the watchdog waits.
 *
 * `witnessed`: somebody outside sees every operation and acknowledges it: after each, one byte goes
 * out on BOARD_WITNESS and one is waited for. Tests cut the power there.
 */
struct fota_flash board_nor_open(bool witnessed);

#endif
