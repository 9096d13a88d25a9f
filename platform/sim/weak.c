#include "platform/sim/weak.h"

#include <stdlib.h>
#include <string.h>

uint64_t fota_sim_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void fota_sim_weak_init(struct fota_sim_weak *weak, size_t size, uint64_t seed)
{
    memset(weak, 0, sizeof *weak);
    weak->size = size;
    weak->random = seed;
}

void fota_sim_weak_free(struct fota_sim_weak *weak)
{
    free(weak->cells);
    weak->cells = NULL;
}

struct fota_sim_weak_cell *fota_sim_weak_at(struct fota_sim_weak *weak, uint32_t addr)
{
    if (weak->cells == NULL)
        weak->cells = calloc(weak->size, sizeof *weak->cells);
    return weak->cells ? weak->cells + addr : NULL;
}

void fota_sim_weak_erased(struct fota_sim_weak *weak, uint32_t addr, size_t length)
{
    if (weak->cells)
        memset(weak->cells + addr, 0, length * sizeof *weak->cells);
}

void fota_sim_weak_programmed(struct fota_sim_weak *weak, uint32_t addr, const uint8_t *data,
                              size_t length)
{
    if (weak->cells == NULL)
        return;
    for (size_t i = 0; i < length; i++) {
        struct fota_sim_weak_cell *cell = &weak->cells[addr + i];

        cell->unstable |= cell->soft & data[i];
        cell->soft = 0;
    }
}

/* Cells of one operation fade together; one read in four is the one too many. */
static void fade(struct fota_sim_weak *weak, uint32_t addr, size_t length)
{
    if (fota_sim_random(&weak->random) % 4 != 0)
        return;
    for (size_t i = 0; i < length; i++) {
        weak->cells[addr + i].unstable |= weak->cells[addr + i].fading;
        weak->cells[addr + i].fading = 0;
    }
}

bool fota_sim_weak_read(struct fota_sim_weak *weak, uint32_t addr, uint8_t *data, size_t length)
{
    bool fading = false;

    if (weak->cells == NULL)
        return true;
    for (size_t i = 0; i < length; i++) {
        const struct fota_sim_weak_cell *cell = &weak->cells[addr + i];

        if (cell->flags & FOTA_SIM_WEAK_UNREADABLE)
            return false;
        if (cell->unstable)
            data[i] ^= cell->unstable & (uint8_t)fota_sim_random(&weak->random);
        fading = fading || cell->fading;
    }
    if (fading)
        fade(weak, addr, length);
    return true;
}

size_t fota_sim_weak_count(const struct fota_sim_weak *weak, uint32_t addr, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; weak->cells && i < length; i++) {
        const struct fota_sim_weak_cell *cell = &weak->cells[addr + i];

        count += (cell->unstable | cell->fading | (cell->flags & FOTA_SIM_WEAK_UNREADABLE)) != 0;
    }
    return count;
}

bool fota_sim_weak_flagged(const struct fota_sim_weak *weak, uint32_t addr, size_t length,
                           uint8_t flags)
{
    for (size_t i = 0; weak->cells && i < length; i++)
        if (weak->cells[addr + i].flags & flags)
            return true;
    return false;
}

void fota_sim_weak_stick(struct fota_sim_weak *weak, uint32_t addr, uint8_t mask, uint8_t value)
{
    if (weak->stuck_count < FOTA_SIM_STUCK_MAX)
        weak->stuck[weak->stuck_count++] = (struct fota_sim_stuck){addr, mask, value};
}

uint8_t fota_sim_weak_stuck(const struct fota_sim_weak *weak, uint32_t addr)
{
    uint8_t mask = 0;

    for (size_t i = 0; i < weak->stuck_count; i++)
        if (weak->stuck[i].addr == addr)
            mask |= weak->stuck[i].mask;
    return mask;
}

void fota_sim_weak_restore(const struct fota_sim_weak *weak, uint8_t *cells, uint32_t addr,
                           size_t length)
{
    for (size_t i = 0; i < weak->stuck_count; i++) {
        const struct fota_sim_stuck *stuck = &weak->stuck[i];

        if (stuck->addr >= addr && stuck->addr - addr < length)
            cells[stuck->addr] =
                (uint8_t)((cells[stuck->addr] & ~stuck->mask) | (stuck->value & stuck->mask));
    }
}
