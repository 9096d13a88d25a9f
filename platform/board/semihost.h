/*
 * semihost.h - ARM's semihosting (Arm IHI 0067): services of the machine that the board is attached
 * to. These boards have no RTC, no secure entropy and no switch to turn them off, and use it
 * instead. Without a debugger the instruction faults; a real board needs hardware for these.
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

/* Is `word` in the emulator's command line? */
bool semihost_asked(const char *word);

#endif
