/* map_mini.c - where things are in the NOR of this board: 16 MB, erase 64 KB, page 256 bytes. */
#include "platform/board/board.h"

#define KB 1024u
#define MB (1024u * KB)

/* No room for a package of the application: staging takes a resident updater of 256 KB at most,
 * which fetches the application into the slot. */
const struct fota_map board_map = {
    .name = "sf2",
    .flash_size = 16 * MB,
    .program_unit = 256,
    .slot = {1 * MB, 1 * MB, 64 * KB},
    .staging = {2 * MB, 448 * KB, 64 * KB},
    .journal = {8 * MB, 128 * KB, 64 * KB},
};

const struct fota_region board_files = {12 * MB, 4 * MB, 64 * KB};
