/*
 * map.h - the partition maps of the modem families, for the simulator.
 */
#ifndef FOTA_SIM_MAP_H
#define FOTA_SIM_MAP_H

#include <stdbool.h>

#include "fota_model.h"
#include "fota_port.h"

/* The map of a family; never NULL. */
const struct fota_map *fota_sim_map(enum fota_family family);

/* Is the flash of this map a NAND? By its name, which a map that was made smaller keeps. */
bool fota_sim_map_is_nand(const struct fota_map *map);

#endif
