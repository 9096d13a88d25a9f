/*
 * weak.h - the defects that an interrupted operation leaves in cells; for flash.c.
 *
 * A bit may read differently each time (unstable), begin to do so at one of the next reads
 * (fading), or read as erased but not hold what is programmed (soft). Flash with an error
 * correcting code cannot read such a unit at all (unreadable). An erase cures all of these.
 */
#ifndef FOTA_SIM_WEAK_H
#define FOTA_SIM_WEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Masks of bits, for one byte of cells. */
struct fota_sim_weak_cell {
    uint8_t unstable, fading, soft;
    uint8_t flags; /* FOTA_SIM_WEAK_* */
};

#define FOTA_SIM_WEAK_UNREADABLE 0x01u
#define FOTA_SIM_WEAK_UNERASED   0x02u /* an erase did nothing and said it did */

#define FOTA_SIM_STUCK_MAX 8u

struct fota_sim_stuck {
    uint32_t addr;
    uint8_t mask, value;
};

struct fota_sim_weak {
    struct fota_sim_weak_cell *cells; /* one for each byte of flash; NULL while all are sound */
    size_t size;
    uint64_t random; /* of reads: what is read must not change what a cut does */
    struct fota_sim_stuck stuck[FOTA_SIM_STUCK_MAX];
    size_t stuck_count;
};

/* SplitMix64: any seed is good, and the sequence is the same everywhere. */
uint64_t fota_sim_random(uint64_t *state);

/* The cells of a flash of `size` bytes, all sound. */
void fota_sim_weak_init(struct fota_sim_weak *weak, size_t size, uint64_t seed);
void fota_sim_weak_free(struct fota_sim_weak *weak);

/* The cells from `addr` on, to be changed. NULL: there is no memory for them. */
struct fota_sim_weak_cell *fota_sim_weak_at(struct fota_sim_weak *weak, uint32_t addr);

/* Says that the range was erased: its cells are sound. */
void fota_sim_weak_erased(struct fota_sim_weak *weak, uint32_t addr, size_t length);

/* `data` was programmed: what was soft does not hold its ones. */
void fota_sim_weak_programmed(struct fota_sim_weak *weak, uint32_t addr, const uint8_t *data,
                              size_t length);

/* What a read makes of the `length` bytes at `data`. False: it fails, for its
 * code cannot correct. */
bool fota_sim_weak_read(struct fota_sim_weak *weak, uint32_t addr, uint8_t *data, size_t length);

/* Bytes of the range that do not surely read as what is in the cells, now or later. */
size_t fota_sim_weak_count(const struct fota_sim_weak *weak, uint32_t addr, size_t length);

/* Has any byte of the range one of `flags`? */
bool fota_sim_weak_flagged(const struct fota_sim_weak *weak, uint32_t addr, size_t length,
                           uint8_t flags);

/* The bit of `mask` at `addr` has `value` for ever. */
void fota_sim_weak_stick(struct fota_sim_weak *weak, uint32_t addr, uint8_t mask, uint8_t value);

/* The bits of the byte at `addr` that are stuck. */
uint8_t fota_sim_weak_stuck(const struct fota_sim_weak *weak, uint32_t addr);

/* Puts the stuck bits of the range back. */
void fota_sim_weak_restore(const struct fota_sim_weak *weak, uint8_t *cells, uint32_t addr,
                           size_t length);

#endif
