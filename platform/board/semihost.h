/*
 * semihost.h - ARM's semihosting (Arm IHI 0067): what these boards borrow from the machine they are
 * attached to, since they have no RTC, no secure entropy and no switch to turn them off. On a board
 * without a debugger the instruction faults; such a board has these as hardware.
 */
#ifndef FOTA_BOARD_SEMIHOST_H
#define FOTA_BOARD_SEMIHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the emulator with an exit status. */
void semihost_exit(int status) __attribute__((noreturn));

/* Seconds since 1970. */
int64_t semihost_time(void);

/* Reads `length` bytes from the host's file. */
bool semihost_read(const char *path, void *data, size_t length);

/* Is `word` in the command line that the emulator was given? */
bool semihost_asked(const char *word);

#endif
