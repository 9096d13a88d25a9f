/*
 * map.h - the partition maps of the modem families, for the simulator.
 */
#ifndef FOTA_SIM_MAP_H
#define FOTA_SIM_MAP_H

#include "fota_model.h"
#include "fota_port.h"

/* The map of a family; never NULL. */
const struct fota_map *fota_sim_map(enum fota_family family);

#endif
