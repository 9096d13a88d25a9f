/*
 * board.h - what a board gives to the firmware: clock, UART, SPI NOR, NIC, reset, watchdog,
 * entropy, time. One folder a board implements it; everything else in platform/board is the same
 * for all of them. docs/porting.md goes through it step by step.
 *
 * Nothing here is called from an interrupt. What waits, waits in board_idle().
 */
#ifndef FOTA_BOARD_H
#define FOTA_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_port.h"

extern const char board_name[]; /* "sf2" */

/* Where things are in the NOR, and which way to install that makes possible. */
extern const struct fota_map board_map;

/* Files that came with the board: a ustar archive in the NOR that is only read. */
extern const struct fota_region board_files;

/* Where an image is copied to and started, and how long it may be, bytes. */
extern uint8_t *const board_image;
extern const uint32_t board_image_max;

/* ---- core ------------------------------------------------------------------------------------ */

/* Clocks, memory protection, tick, UARTs. First thing that boot loader and application call. */
void board_start(void);

/* Microseconds since board_start(); only goes forward. */
uint64_t board_us(void);

static inline uint64_t board_ms(void)
{
    return board_us() / 1000;
}

/* Sleeps (WFI) until something may have happened, a few milliseconds at most. */
void board_idle(void);

/* Starts the board anew. */
void board_reset(void) __attribute__((noreturn));

/* Leaves the boot loader for the image at board_image. */
void board_run_image(void) __attribute__((noreturn));

/*
 * The watchdog resets the board unless it is fed every BOARD_WATCHDOG_MS. It runs on when the boot
 * loader starts the application.
 */
#define BOARD_WATCHDOG_MS 5000u
void board_watchdog_start(void);
void board_watchdog_feed(void);

/* ---- UARTs ----------------------------------------------------------------------------------- */

enum board_uart { BOARD_CONSOLE, BOARD_WITNESS };

void board_put(enum board_uart uart, uint8_t byte);

/* The next byte, -1 none. */
int board_get(enum board_uart uart);

/* ---- SPI NOR --------------------------------------------------------------------------------- */

/* The largest `out_len` and `in_len` of board_spi(), bytes. */
#define BOARD_SPI_MAX 4096u

/*
 * One command to the chip while it is selected: `command` (opcode, address) and `out` go out, then
 * `in` comes in. out_len or in_len is 0.
 */
void board_spi(const uint8_t *command, size_t command_len, const uint8_t *out, size_t out_len,
               uint8_t *in, size_t in_len);

/* ---- NIC ------------------------------------------------------------------------------------- */

#define BOARD_FRAME_MAX 1536u /* Ethernet frame without its CRC, bytes */

extern const uint8_t board_mac[6];

void board_nic_start(void);

/* Sends a frame. Returns false when there is no room for it now. */
bool board_nic_send(const uint8_t *frame, size_t length);

/* Has a frame come? */
bool board_nic_ready(void);

/* The next frame that came, copied to `frame` of BOARD_FRAME_MAX bytes: its length, 0 none. */
size_t board_nic_receive(uint8_t *frame);

/* ---- what no chip of these boards has -------------------------------------------------------- */

/* Seconds since 1970 of a clock that can be trusted, -1 none. */
int64_t board_time(void);

/* Random bytes good for keys. Returns false when there are none. */
bool board_entropy(uint8_t *data, size_t length);

#endif
