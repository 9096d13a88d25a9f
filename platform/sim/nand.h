/*
 * nand.h - a simulated NAND: platform/nand over the simulated flash. Some blocks are marked as bad
 * by the factory, and some can be erased but take no more than one page.
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
 * Like fota_sim_flash_open(), for a map of a NAND (fota_sim_map_is_nand()). In a new one some
 * blocks are bad, depending on `seed`: the first or the last block of each slot and of staging. In
 * these, and in the journal, the block after that (after the last one: the first) takes no more
 * than one page. *nand may not be moved.
 */
int fota_sim_nand_open(struct fota_sim_nand *nand, const struct fota_map *map, const char *path,
                       uint64_t seed);

/* Reads the table again, as after a reset. */
void fota_sim_nand_restart(struct fota_sim_nand *nand);

/* Where in the cells of the flash the byte at `addr` is. Up to the end of their block, the bytes
 * after it follow there. */
uint32_t fota_sim_nand_address(const struct fota_sim_nand *nand, uint32_t addr);

#endif
