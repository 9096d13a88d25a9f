/*
 * store.h - what a simulated flash keeps: its cells, their wear and its counters; for flash.c.
 *
 * All of it lies in one mapping, of a file or of memory, so that a process that is killed leaves
 * behind what a modem that lost its power would.
 */
#ifndef FOTA_SIM_STORE_H
#define FOTA_SIM_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "platform/sim/flash.h"

#define FOTA_SIM_REGIONS 5u    /* slot, staging, journal, other, spare */
#define FOTA_SIM_ERASED  0xFFu /* how an erased byte reads */

/* What makes two maps the same one. Fixed-width members without gaps, to be compared as bytes. */
struct fota_sim_identity {
    char name[64];
    uint32_t flash_size; /* with the spare blocks of a NAND, bytes */
    uint32_t program_unit;
    struct fota_region regions[FOTA_SIM_REGIONS];
};

/* The beginning of the mapping; the wear counters follow, then the cells. */
struct fota_sim_state {
    uint64_t magic; /* written last: without it the file was never finished */
    struct fota_sim_identity identity;
    struct fota_sim_stats stats;
    char violation[160]; /* the last rule that was broken, terminated; "" none */
};

struct fota_sim_store {
    struct fota_sim_identity identity;
    struct fota_sim_state *state;
    uint32_t *wear; /* one for each erase unit, region after region */
    uint8_t *cells; /* identity.flash_size bytes */
    size_t mapped;  /* bytes of the whole mapping */
};

/*
 * Opens the store of `map`, and of the blocks of `spare` (NULL: none), in the file `path`, or in
 * memory if that is NULL. Errors: as fota_sim_flash_open() has them.
 */
int fota_sim_store_open(struct fota_sim_store *store, const struct fota_map *map,
                        const struct fota_region *spare, const char *path);
void fota_sim_store_close(struct fota_sim_store *store);

#endif
