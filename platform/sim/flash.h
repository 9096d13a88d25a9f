/*
 * flash.h - the flash of a simulated modem: cells that obey NOR and NAND rules, wear, and a power
 * supply that can fail at any operation.
 *
 * One operation is the program of one program unit or the erase of one erase unit; a program call
 * over several units is as many operations, so that a cut can fall between any two of them.
 */
#ifndef FOTA_SIM_FLASH_H
#define FOTA_SIM_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_port.h"

/* What a power cut does to the operation it falls on. */
enum fota_sim_cut {
    FOTA_SIM_CUT_BEFORE,      /* nothing of it happens */
    FOTA_SIM_CUT_FIRST_HALF,  /* its first half of bytes is done */
    FOTA_SIM_CUT_SECOND_HALF, /* its second half is done */
    FOTA_SIM_CUT_RANDOM,      /* random bits of it are done */
    FOTA_SIM_CUT_AFTER,       /* all of it is done, but it never returned */
    FOTA_SIM_CUT_UNSTABLE, /* random bits of it are done, others read differently each time; or it
                            * had just begun: one bit does, and nothing is done */
    FOTA_SIM_CUT_MARGINAL, /* all of it is done, but: what was programmed reads right at first and
                            * then does not; what was erased does not hold what is programmed */
    FOTA_SIM_CUT_ONE_UNSTABLE, /* all of it is done but one bit, which reads differently each time
                                */
    FOTA_SIM_CUT_UNREADABLE,   /* random bits of it are done; reads give FOTA_ERR_FLASH_ECC */
    FOTA_SIM_CUTS
};

/* "before", "first half" ... What the last four do to cells lasts until those are erased. It is not
 * kept in a file: when the process ends, the cells settle at what they read as. */
const char *fota_sim_cut_name(enum fota_sim_cut mode);

/* How an operation fails while the power is there. */
enum fota_sim_fault {
    FOTA_SIM_FAULT_ERROR,  /* nothing of it happens, and an error is returned */
    FOTA_SIM_FAULT_TORN,   /* random bits of it are done, and an error is returned */
    FOTA_SIM_FAULT_ALARM,  /* all of it is done, and an error is returned */
    FOTA_SIM_FAULT_SILENT, /* nothing of it happens, and none is returned */
    FOTA_SIM_FAULT_STUCK,  /* one bit, which it would have changed, never changes any more */
    FOTA_SIM_FAULT_READ,   /* a read, which are counted apart, fails */
    FOTA_SIM_FAULTS
};

const char *fota_sim_fault_name(enum fota_sim_fault fault);

/*
 * Counters since the flash was made; kept in the file with the cells. An operation that was cut
 * counts, unless the power failed before it; a call that was refused does not.
 */
struct fota_sim_stats {
    uint64_t programs; /* program units */
    uint64_t erases;   /* erase units */
    uint64_t reads;    /* calls with the power on */
    uint64_t bytes_read;
    uint64_t bytes_programmed;
    uint32_t most_erased; /* erases of the erase unit that has most */
    uint32_t violations;  /* rules broken: not erased, misaligned, outside the owned regions */
};

struct fota_sim_flash;

/*
 * Makes the flash of `map`. `path` NULL: in memory, erased. Otherwise the cells and counters are
 * kept in that file, which is made (erased) if absent, and survive the process at any instant.
 * `seed` drives what is random about a cut. Returns 0, FOTA_ERR_MEMORY, FOTA_ERR_MAP (the file
 * belongs to another map or is no flash at all and stays as it is, or the map is inconsistent) or
 * FOTA_ERR_FLASH_READ (the file cannot be opened). One process at a time may open a file.
 *
 * A map is consistent when its program unit is a power of two of at most FOTA_PROGRAM_UNIT_MAX,
 * every erase unit is a multiple of it, the regions lie on their erase units inside the flash
 * without overlapping, and the journal has an even number of erase units, two at least.
 */
int fota_sim_flash_open(const struct fota_map *map, const char *path, uint64_t seed,
                        struct fota_sim_flash **flash);
void fota_sim_flash_close(struct fota_sim_flash *flash);

/* The same for a NAND, which owns the blocks of `spare`, too, NULL for none. */
int fota_sim_flash_open_with(const struct fota_map *map, const struct fota_region *spare,
                             const char *path, uint64_t seed, struct fota_sim_flash **flash);

/* Marks the block that holds `addr` as bad: programming or erasing it breaks a rule. */
void fota_sim_flash_mark_bad(struct fota_sim_flash *flash, uint32_t addr);
bool fota_sim_flash_is_bad(const struct fota_sim_flash *flash, uint32_t addr);

/* From now on every program in that block fails half done, except that of the first page. */
void fota_sim_flash_wear_out(struct fota_sim_flash *flash, uint32_t addr);

/* The flash as the engine's port. Valid until close. */
struct fota_flash fota_sim_flash_port(struct fota_sim_flash *flash);

/*
 * Lets the power fail at the `operation`-th operation from now; 1 is the next one, 0 cancels the
 * cut. Then on_cut(ctx) is called, which may leave by longjmp. If there is none, or it returns,
 * this and every later operation and read fails until fota_sim_flash_power_on().
 */
void fota_sim_flash_cut(struct fota_sim_flash *flash, uint64_t operation, enum fota_sim_cut mode);
void fota_sim_flash_on_cut(struct fota_sim_flash *flash, void (*on_cut)(void *ctx), void *ctx);
void fota_sim_flash_power_on(struct fota_sim_flash *flash);
bool fota_sim_flash_powered(const struct fota_sim_flash *flash);

/* Takes the power away now, between two operations and without calling on_cut. */
void fota_sim_flash_power_off(struct fota_sim_flash *flash);

/*
 * Lets `count` operations fail, beginning with the `operation`-th program or erase from now; 1 is
 * the next one, 0 cancels it. With FOTA_SIM_FAULT_READ calls of read are counted instead.
 */
void fota_sim_flash_fail(struct fota_sim_flash *flash, uint64_t operation, uint64_t count,
                         enum fota_sim_fault fault);

/* Seeds what is random about cuts and reads. */
void fota_sim_flash_seed(struct fota_sim_flash *flash, uint64_t seed);

/* How many operations have failed by fota_sim_flash_fail(), and the address of the last one. */
uint64_t fota_sim_flash_failed(const struct fota_sim_flash *flash);
uint32_t fota_sim_flash_failed_at(const struct fota_sim_flash *flash);

/* How many bytes of the range a cut has left in doubt: they may read differently, now or later. */
size_t fota_sim_flash_doubtful(const struct fota_sim_flash *flash, uint32_t addr, size_t length);

void fota_sim_flash_stats(const struct fota_sim_flash *flash, struct fota_sim_stats *stats);

/* How often the erase unit that holds `addr` was erased, and which rule was broken last ("": none).
 */
uint32_t fota_sim_flash_wear(const struct fota_sim_flash *flash, uint32_t addr);
const char *fota_sim_flash_violation(const struct fota_sim_flash *flash);

/* Bytes of cells: map->flash_size, or more if the spare blocks of a NAND lie behind that. */
uint32_t fota_sim_flash_size(const struct fota_sim_flash *flash);

/* The cells themselves: for a test to look at, or to damage. */
uint8_t *fota_sim_flash_cells(struct fota_sim_flash *flash);

#endif
