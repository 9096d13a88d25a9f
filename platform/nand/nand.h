/*
 * nand.h - raw NAND as the flash of a port: bad blocks are replaced by spare ones.
 *
 * A port's layer, not the engine's: managed NAND (eMMC, a vendor's file system) does this itself,
 * and NOR has no bad blocks. A logical block is the physical one of the same number until that
 * fails; then it is a spare one, which a table says. The table lies in two blocks of its own, page
 * after page, with a CRC: a replacement counts from the page that says so, and a power cut before
 * leaves the old one. What had been programmed into the block that failed is copied first.
 */
#ifndef FOTA_NAND_H
#define FOTA_NAND_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"

#define FOTA_NAND_SPARES_MAX 64u

/*
 * The part, in blocks and pages; each returns 0 or the error.
 *   read      a whole page. FOTA_ERR_FLASH_READ; FOTA_ERR_FLASH_ECC: more wrong bits than its code
 *             corrects
 *   program   a whole page of an erased block, in ascending order, once. FOTA_ERR_FLASH_PROGRAM
 *   erase     FOTA_ERR_FLASH_ERASE
 *   is_bad    1: marked by the factory or by mark_bad(); 0
 *   mark_bad  for other software: this layer goes by its table
 */
struct fota_nand_ops {
    int (*read)(void *ctx, uint32_t block, uint32_t page, void *data);
    int (*program)(void *ctx, uint32_t block, uint32_t page, const void *data);
    int (*erase)(void *ctx, uint32_t block);
    int (*is_bad)(void *ctx, uint32_t block);
    int (*mark_bad)(void *ctx, uint32_t block);
};

/* Physical blocks: `blocks` that are addressed, from 0 on; then the spare ones; then two for the
 * table. */
struct fota_nand_part {
    const struct fota_nand_ops *ops;
    void *ctx;
    uint32_t page_size; /* bytes, at most FOTA_PROGRAM_UNIT_MAX */
    uint32_t pages_per_block;
    uint32_t blocks;
    uint32_t spares; /* at most FOTA_NAND_SPARES_MAX */
};

struct fota_nand {
    struct fota_nand_part part;
    /* Of each spare block: the logical block it stands for, or one of the values in nand.c. */
    uint16_t stands_for[FOTA_NAND_SPARES_MAX];
    uint32_t sequence;                  /* of the table's newest page */
    uint32_t table_page;                /* next one to write in table block `table` */
    uint8_t table;                      /* 0 or 1 */
    bool owned;                         /* this power session erased that block */
    bool doubtful;                      /* the newest page may not count at the next start */
    bool alone;                         /* no other page lies before it in its block */
    uint32_t cached_block, cached_page; /* physical; what `page` holds */
    bool cached;
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
};

/* Reads the table; writes nothing. Returns 0, FOTA_ERR_MAP (the part cannot be used like this) or
 * FOTA_ERR_FLASH_READ. `*nand` may not be moved while its port is used. */
int fota_nand_open(struct fota_nand *nand, const struct fota_nand_part *part);

/* As a port's flash: the erase unit is a block, the program unit a page. An operation fails only
 * when no spare block is left, or when what would have to be copied cannot be read. */
struct fota_flash fota_nand_flash(struct fota_nand *nand);

/* The physical block that stands for a logical one. */
uint32_t fota_nand_block(const struct fota_nand *nand, uint32_t logical);

/* Spare blocks that can still take another one's place: for a warning. */
uint32_t fota_nand_spares_left(const struct fota_nand *nand);

#endif
