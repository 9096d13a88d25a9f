/*
 * files.h - the files of a board, in ustar archives (IEEE 1003.1, pax) that are never written:
 * those of the running image, which follow it in RAM, and those that came with the board, in its
 * NOR.
 */
#ifndef FOTA_BOARD_FILES_H
#define FOTA_BOARD_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_port.h"

struct board_file {
    const uint8_t *ram; /* its content; NULL: it is in the NOR at `address` */
    uint32_t address;
    uint32_t size; /* bytes */
};

/* Sets where the files that came with the board are read from, borrowed. Before this call only the
 * files of the image can be found. */
void board_files_open(const struct fota_flash *flash);

/* Finds "/main.lua" or "main.lua", first among the files of the image, then among those of the
 * board. */
bool board_file_find(const char *path, struct board_file *file);

/* Reads `length` bytes from `offset` on, all of them inside the file. */
bool board_file_read(const struct board_file *file, uint32_t offset, void *data, size_t length);

#endif
