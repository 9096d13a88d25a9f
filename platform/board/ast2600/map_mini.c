/* map_mini.c - where things are in the NOR of this board: 8 MB, erase 4 KB, page 256 bytes. */
#include "platform/board/board.h"

#define KB 1024u
#define MB (1024u * KB)

/* No room for a package of the application: staging takes a resident updater of 256 KB at most,
 * which fetches the application into the slot. */
const struct fota_map board_map = {
    .name = "ast2600",
    .flash_size = 8 * MB,
    .program_unit = 256,
    .slot = {1 * MB, 1 * MB, 4 * KB},
    .staging = {2 * MB, 272 * KB, 4 * KB},
    .journal = {5 * MB, 8 * KB, 4 * KB},
};

const struct fota_region board_files = {6 * MB, 2 * MB, 4 * KB};
