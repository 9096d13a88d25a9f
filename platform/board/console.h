/*
 * console.h - lines on the console of a firmware that has no stdio.
 */
#ifndef FOTA_BOARD_CONSOLE_H
#define FOTA_BOARD_CONSOLE_H

/* Prints a line: who says it, what, and a detail; each may be "". */
void console_line(const char *who, const char *text, const char *more);

#endif
