/* map_inplace.c - no room for a second image: a differential package is installed in place. */
#include "layout.h" /* of the board */
#include "platform/board/board.h"

const struct fota_map board_map = {
    .name = BOARD_NAME,
    .flash_size = FLASH_SIZE,
    .program_unit = PROGRAM_UNIT,
    .slot = {SLOT_AT, SLOT_SIZE, ERASE_UNIT},
    .staging = {SLOT_AT + SLOT_SIZE, STAGED_PATCH, ERASE_UNIT},
    .journal = {JOURNAL_AT, 2 * ERASE_UNIT, ERASE_UNIT},
};

const struct fota_region board_files = {FILES_AT, FILES_SIZE, ERASE_UNIT};
