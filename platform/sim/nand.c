#include "platform/sim/nand.h"

#include "fota_error.h"

#define SPARES 12u
#define TABLE  2u /* blocks */

/* ---- the part -------------------------------------------------------------------------------- */

static uint32_t block_size(const struct fota_sim_nand *n)
{
    return n->nand.part.page_size * n->nand.part.pages_per_block;
}

static int part_read(void *ctx, uint32_t block, uint32_t page, void *data)
{
    struct fota_sim_nand *n = ctx;
    struct fota_flash port = fota_sim_flash_port(n->flash);
    uint32_t size = n->nand.part.page_size;

    return port.ops->read(port.ctx, block * block_size(n) + page * size, data, size);
}

static int part_program(void *ctx, uint32_t block, uint32_t page, const void *data)
{
    struct fota_sim_nand *n = ctx;
    struct fota_flash port = fota_sim_flash_port(n->flash);
    uint32_t size = n->nand.part.page_size;

    return port.ops->program(port.ctx, block * block_size(n) + page * size, data, size);
}

static int part_erase(void *ctx, uint32_t block)
{
    struct fota_sim_nand *n = ctx;
    struct fota_flash port = fota_sim_flash_port(n->flash);

    return port.ops->erase(port.ctx, block * block_size(n), block_size(n));
}

static int part_is_bad(void *ctx, uint32_t block)
{
    struct fota_sim_nand *n = ctx;

    return fota_sim_flash_is_bad(n->flash, block * block_size(n));
}

static int part_mark_bad(void *ctx, uint32_t block)
{
    struct fota_sim_nand *n = ctx;

    fota_sim_flash_mark_bad(n->flash, block * block_size(n));
    return 0;
}

static const struct fota_nand_ops ops = {part_read, part_program, part_erase, part_is_bad,
                                         part_mark_bad};

/* ---- making it ------------------------------------------------------------------------------- */

static uint32_t end_of(const struct fota_map *map)
{
    const struct fota_region *regions[] = {&map->slot, &map->staging, &map->journal, &map->other};
    uint32_t end = 0;

    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        if (regions[i]->offset + regions[i]->size > end)
            end = regions[i]->offset + regions[i]->size;
    return end;
}

/* The first and last units are those that any update needs. The first spare block is bad as well;
 * by that a flash that is not new is recognized. */
static void spoil(struct fota_sim_nand *n, const struct fota_map *map, uint32_t first_spare,
                  uint64_t seed)
{
    const struct fota_region *regions[] = {&map->journal, &map->slot, &map->staging, &map->other};

    if (fota_sim_flash_is_bad(n->flash, first_spare))
        return;
    fota_sim_flash_mark_bad(n->flash, first_spare);
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        const struct fota_region *r = regions[i];
        uint32_t units = r->size / r->erase_unit, unit = (seed + i) % 2 ? 0 : units - 1;

        if (i > 0 && units)
            fota_sim_flash_mark_bad(n->flash, r->offset + unit * r->erase_unit);
        if (units)
            fota_sim_flash_wear_out(n->flash, r->offset + (unit + 1) % units * r->erase_unit);
    }
}

int fota_sim_nand_open(struct fota_sim_nand *nand, const struct fota_map *map, const char *path,
                       uint64_t seed)
{
    uint32_t unit = map->slot.erase_unit;
    struct fota_region spare = {end_of(map), (SPARES + TABLE) * unit, unit};
    struct fota_nand_part part = {
        &ops, nand, map->program_unit, unit / map->program_unit, spare.offset / unit, SPARES};
    int err = fota_sim_flash_open_with(map, &spare, path, seed, &nand->flash);

    if (err)
        return err;
    spoil(nand, map, spare.offset, seed);
    nand->nand.part = part; /* its operations look there */
    err = fota_nand_open(&nand->nand, &part);
    if (err)
        fota_sim_flash_close(nand->flash);
    return err;
}

void fota_sim_nand_restart(struct fota_sim_nand *nand)
{
    struct fota_nand_part part = nand->nand.part;

    (void)fota_nand_open(&nand->nand, &part); /* it was possible before */
}

uint32_t fota_sim_nand_address(const struct fota_sim_nand *nand, uint32_t addr)
{
    uint32_t size = block_size(nand);

    return fota_nand_block(&nand->nand, addr / size) * size + addr % size;
}
