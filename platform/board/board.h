/*
 * board.h - what the firmware needs from a board: clock, UART, SPI NOR, NIC, reset, watchdog,
 * entropy, time. Each board has a folder that implements this; everything else in platform/board is
 * the same for all boards. docs/porting.md explains it step by step.
 *
 * Nothing here is called from an interrupt. Code that has to wait does so in board_idle().
 */
#ifndef FOTA_BOARD_H
#define FOTA_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_port.h"

extern const char board_name[]; /* "sf2" */

/* The partition map of the NOR (map_*.c), by which the firmware installs. */
extern const struct fota_map board_map;

/* Where in the NOR the files lie that came with the board: a ustar archive, never written. */
extern const struct fota_region board_files;

/* The RAM that an image is copied to and started in, and its size, bytes. */
extern uint8_t *const board_image;
extern const uint32_t board_image_max;

/* ---- core ------------------------------------------------------------------------------------ */

/* Starts clocks, memory protection, tick and UARTs. Boot loader and application call it first. */
void board_start(void);

/* Microseconds since board_start(); never goes back. */
uint64_t board_us(void);

static inline uint64_t board_ms(void)
{
    return board_us() / 1000;
}

/* Sleeps (WFI) until an interrupt, at most a few milliseconds. */
void board_idle(void);

/* Resets the board. */
void board_reset(void) __attribute__((noreturn));

/* Leaves the boot loader and starts the image at board_image. */
void board_run_image(void) __attribute__((noreturn));

/*
 * The watchdog resets the board unless it is fed within BOARD_WATCHDOG_MS. It keeps running when
 * the boot loader starts the application.
 */
#define BOARD_WATCHDOG_MS 5000u
void board_watchdog_start(void);
void board_watchdog_feed(void);

/* ---- UARTs ----------------------------------------------------------------------------------- */

enum board_uart { BOARD_CONSOLE, BOARD_WITNESS };

void board_put(enum board_uart uart, uint8_t byte);

/* The next byte received; -1: there is none. */
int board_get(enum board_uart uart);

/* ---- SPI NOR --------------------------------------------------------------------------------- */

/* The largest `out_len` and `in_len` of board_spi(), bytes. */
#define BOARD_SPI_MAX 4096u

/*
 * Selects the chip for one command: sends `command` (opcode, address) and then out_len bytes of
 * `out`, or receives in_len bytes into `in`. One of the two lengths is 0.
 */
void board_spi(const uint8_t *command, size_t command_len, const uint8_t *out, size_t out_len,
               uint8_t *in, size_t in_len);

/* ---- NIC ------------------------------------------------------------------------------------- */

#define BOARD_FRAME_MAX 1536u /* Ethernet frame without its CRC, bytes */

extern const uint8_t board_mac[6];

void board_nic_start(void);

/* Sends a frame of `length` bytes. Returns false if there is no room for it now. */
bool board_nic_send(const uint8_t *frame, size_t length);

/* Has a frame been received? */
bool board_nic_ready(void);

/* Copies the next received frame to `frame` of BOARD_FRAME_MAX bytes. Returns its length, 0: none.
 */
size_t board_nic_receive(uint8_t *frame);

/* ---- what no chip of these boards has -------------------------------------------------------- */

/* The time of a clock that can be trusted, seconds since 1970; -1: there is none. */
int64_t board_time(void);

/* Fills `data` with `length` random bytes that are good for keys. False: there are none. */
bool board_entropy(uint8_t *data, size_t length);

#endif
