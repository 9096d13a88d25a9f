/*
 * nand.h - raw NAND as the flash of a port: bad blocks are replaced by spare ones.
 *
 * It belongs to a port, not to the engine: managed NAND (eMMC, a vendor's file system) does this
 * itself, and NOR has no bad blocks. A logical block is the physical block of the same number until
 * that one fails. Then it is a spare block, as a table says. The content of the block that failed
 * is copied first.
 *
 * The table has two blocks of its own and is written page after page, each with a CRC. The
 * replacement counts from the page that says so; after a power cut before that the old table is in
 * force.
 */
#ifndef FOTA_NAND_H
#define FOTA_NAND_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"

#define FOTA_NAND_SPARES_MAX 64u

/*
 * The driver of the NAND, in blocks and pages. Each function returns 0 or an error.
 *   read      reads a whole page. FOTA_ERR_FLASH_READ, or FOTA_ERR_FLASH_ECC if it has more wrong
 *             bits than the code corrects
 *   program   programs a whole page of an erased block; pages of a block come in ascending order,
 *             each once. FOTA_ERR_FLASH_PROGRAM
 *   erase     erases a block. FOTA_ERR_FLASH_ERASE
 *   is_bad    returns 1 if the block was marked by the factory or by mark_bad(), otherwise 0
 *   mark_bad  marks a block for other software; this layer itself goes by its table
 */
struct fota_nand_ops {
    int (*read)(void *ctx, uint32_t block, uint32_t page, void *data);
    int (*program)(void *ctx, uint32_t block, uint32_t page, const void *data);
    int (*erase)(void *ctx, uint32_t block);
    int (*is_bad)(void *ctx, uint32_t block);
    int (*mark_bad)(void *ctx, uint32_t block);
};

/* The physical blocks are, from 0 on: `blocks` that can be addressed, the spare ones, and two for
 * the table. */
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

/* Reads the table and writes nothing. `part` is copied. *nand may not be moved while it is used as
 * flash. Returns 0, FOTA_ERR_MAP (`part` has impossible numbers) or FOTA_ERR_FLASH_READ. */
int fota_nand_open(struct fota_nand *nand, const struct fota_nand_part *part);

/* Returns the NAND as a port's flash, whose erase unit is a block and whose program unit is a page.
 * An operation fails only when no spare block is left, when a page that has to be copied cannot be
 * read, or when both blocks of the table fail. */
struct fota_flash fota_nand_flash(struct fota_nand *nand);

/* The physical block that stands for a logical one. */
uint32_t fota_nand_block(const struct fota_nand *nand, uint32_t logical);

/* How many spare blocks are still free; so that an application can warn. */
uint32_t fota_nand_spares_left(const struct fota_nand *nand);

#endif
