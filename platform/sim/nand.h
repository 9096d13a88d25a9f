/*
 * nand.h - a simulated NAND: platform/nand over the simulated flash, with blocks that the factory
 * marked as bad, and blocks that can be erased and take no more than one page.
 *
 * The spare blocks and those of the table lie behind the last region of the map.
 */
#ifndef FOTA_SIM_NAND_H
#define FOTA_SIM_NAND_H

#include "platform/nand/nand.h"
#include "platform/sim/flash.h"

struct fota_sim_nand {
    struct fota_sim_flash *flash; /* owned */
    struct fota_nand nand;
};

/*
 * As fota_sim_flash_open(), for a map of a NAND (fota_sim_map_is_nand()). Which blocks of a new one
 * are bad follows from `seed`: the first or the last of each image and of staging; of these and of
 * the journal the one behind it, or the first, takes no more than one page. *nand may not be moved.
 */
int fota_sim_nand_open(struct fota_sim_nand *nand, const struct fota_map *map, const char *path,
                       uint64_t seed);

/* What RAM held is lost: the table is read again. */
void fota_sim_nand_restart(struct fota_sim_nand *nand);

/* Where in the cells of the flash the byte at `addr` is; what follows it, to the end
 * of its block. */
uint32_t fota_sim_nand_address(const struct fota_sim_nand *nand, uint32_t addr);

#endif
