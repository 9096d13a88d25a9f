#include "platform/nand/nand.h"

#include <string.h>

#include "bytes.h"
#include "crc32.h"
#include "fota_error.h"

#define FREE  0xffffu     /* of a spare block: stands for none */
#define WORN  0xfffeu     /* failed */
#define MAGIC 0x444e414eu /* "NAND", little endian */

/* A page of the table: magic, CRC-32 of what follows, sequence, u16 for each spare block. Each is
 * programmed twice, for the second one to prove that the first had been finished. */
#define TABLE_HEAD 12u
#define CRC_FROM   8u /* first byte that the CRC covers */
#define COPIES     2u

/* ---- blocks ---------------------------------------------------------------------------------- */

static uint32_t spare_block(const struct fota_nand *n, uint32_t spare)
{
    return n->part.blocks + spare;
}

static uint32_t table_block(const struct fota_nand *n)
{
    return n->part.blocks + n->part.spares + n->table;
}

static uint32_t physical(const struct fota_nand *n, uint32_t logical)
{
    for (uint32_t i = 0; i < n->part.spares; i++)
        if (n->stands_for[i] == logical)
            return spare_block(n, i);
    return logical;
}

static int read_page(struct fota_nand *n, uint32_t block, uint32_t page)
{
    int err;

    if (n->cached && n->cached_block == block && n->cached_page == page)
        return 0;
    n->cached = false;
    err = n->part.ops->read(n->part.ctx, block, page, n->page);
    n->cached = err == 0;
    n->cached_block = block;
    n->cached_page = page;
    return err;
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint32_t table_size(const struct fota_nand *n)
{
    return TABLE_HEAD + 2 * n->part.spares;
}

static uint32_t table_crc(const struct fota_nand *n)
{
    return fota_crc32(0, n->page + CRC_FROM, table_size(n) - CRC_FROM);
}

static bool is_table(const struct fota_nand *n)
{
    return fota_get32(n->page) == MAGIC && fota_get32(n->page + 4) == table_crc(n);
}

static uint32_t sequence_of(const struct fota_nand *n)
{
    return fota_get32(n->page + CRC_FROM);
}

static bool read_table(struct fota_nand *n, uint32_t block, uint32_t page, bool *blank)
{
    int err = read_page(n, block, page);

    *blank = !err && n->page[0] == 0xff && memcmp(n->page, n->page + 1, n->part.page_size - 1) == 0;
    return !err && is_table(n);
}

/* Reads the table from page `page` and the one after it, if it is newer than what is known. */
static void load_pair(struct fota_nand *n, uint8_t table, uint32_t page)
{
    uint32_t block = n->part.blocks + n->part.spares + table;
    bool blank, whole = read_table(n, block, page + 1, &blank);

    if (!whole && (blank || !read_table(n, block, page, &blank)))
        return;
    if (sequence_of(n) <= n->sequence)
        return;
    n->sequence = sequence_of(n);
    n->table = table;
    n->doubtful = !whole;
    n->alone = page == 0;
    for (uint32_t i = 0; i < n->part.spares; i++)
        n->stands_for[i] = fota_get16(n->page + TABLE_HEAD + 2 * i);
}

static void load_table(struct fota_nand *n)
{
    for (uint8_t table = 0; table < 2; table++)
        for (uint32_t page = 0; page + 1 < n->part.pages_per_block; page += COPIES)
            load_pair(n, table, page);
}

static void make_page(struct fota_nand *n)
{
    memset(n->page, 0xff, n->part.page_size);
    fota_put32(n->page, MAGIC);
    fota_put32(n->page + CRC_FROM, n->sequence);
    for (uint32_t i = 0; i < n->part.spares; i++)
        fota_put16(n->page + TABLE_HEAD + 2 * i, n->stands_for[i]);
    fota_put32(n->page + 4, table_crc(n));
}

static int write_table(struct fota_nand *n)
{
    for (uint32_t i = 0; i < COPIES; i++) {
        uint32_t page = n->table_page + i;
        bool blank;
        int err;

        n->cached = false;
        make_page(n);
        err = n->part.ops->program(n->part.ctx, table_block(n), page, n->page);
        if (err)
            return err;
        if (!read_table(n, table_block(n), page, &blank) || sequence_of(n) != n->sequence)
            return FOTA_ERR_FLASH_PROGRAM;
    }
    n->table_page += COPIES;
    return 0;
}

/*
 * What an earlier power session has left may read as blank without being blank. So, like the
 * journal, the table moves to the other block and never erases the one with its newest page. A page
 * that may not count at the next start, and has none before it, is not the newest page: its block
 * is written anew.
 */
static int move_table(struct fota_nand *n)
{
    uint8_t from = n->table;
    int err;

    if (!n->doubtful || !n->alone)
        n->table = 1 - n->table;
    n->cached = false;
    err = n->part.ops->erase(n->part.ctx, table_block(n));
    n->owned = err == 0;
    n->table_page = 0;
    if (!err)
        err = write_table(n);
    if (err) {
        n->owned = false;
        n->table = from;
    }
    return err;
}

/* No other block is touched before the table is in flash, because an unfinished one may count or
 * not. */
static int save_table(struct fota_nand *n)
{
    int err = FOTA_ERR_FLASH_PROGRAM;

    n->sequence++;
    if (n->owned && n->table_page + COPIES <= n->part.pages_per_block)
        err = write_table(n);
    if (err)
        err = move_table(n);
    else
        n->alone = false;
    n->doubtful = err != 0;
    return err;
}

static int settle(struct fota_nand *n)
{
    return n->doubtful ? save_table(n) : 0;
}

/* ---- replacing ------------------------------------------------------------------------------- */

static int copy_pages(struct fota_nand *n, uint32_t from, uint32_t to, uint32_t count)
{
    int err = 0;

    for (uint32_t page = 0; !err && page < count; page++) {
        err = read_page(n, from, page);
        if (!err)
            err = n->part.ops->program(n->part.ctx, to, page, n->page);
    }
    return err;
}

/* Finds a spare block, erases it, and copies the first `keep` pages of block `from` into it. */
static int fill_spare(struct fota_nand *n, uint32_t from, uint32_t keep, uint32_t *spare)
{
    for (uint32_t i = 0; i < n->part.spares; i++) {
        uint32_t block = spare_block(n, i);
        int err;

        if (n->stands_for[i] != FREE || n->part.ops->is_bad(n->part.ctx, block))
            continue;
        err = n->part.ops->erase(n->part.ctx, block);
        if (!err)
            err = copy_pages(n, from, block, keep);
        *spare = i;
        if (err == 0 || err == FOTA_ERR_FLASH_READ || err == FOTA_ERR_FLASH_ECC)
            return err;
        n->stands_for[i] = WORN;
    }
    return FOTA_ERR_FLASH_ERASE;
}

/*
 * Replaces the block that stands for `logical` by another one, which gets its first `keep` pages.
 */
static int replace(struct fota_nand *n, uint32_t logical, uint32_t keep)
{
    uint16_t before[FOTA_NAND_SPARES_MAX];
    uint32_t old = physical(n, logical), spare;
    int err;

    memcpy(before, n->stands_for, sizeof before);
    err = fill_spare(n, old, keep, &spare);
    if (err)
        return err;
    if (old >= n->part.blocks)
        n->stands_for[old - n->part.blocks] = WORN;
    n->stands_for[spare] = (uint16_t)logical;
    err = save_table(n);
    if (err)
        memcpy(n->stands_for, before, sizeof before);
    else
        (void)n->part.ops->mark_bad(n->part.ctx, old);
    return err;
}

/* ---- the port's functions -------------------------------------------------------------------- */

static uint32_t block_size(const struct fota_nand *n)
{
    return n->part.page_size * n->part.pages_per_block;
}

static bool inside(const struct fota_nand *n, uint32_t addr, size_t len)
{
    uint64_t size = (uint64_t)n->part.blocks * block_size(n);

    return len <= size && addr <= size - len;
}

static int nand_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct fota_nand *n = ctx;
    uint8_t *out = data;

    if (!inside(n, addr, len))
        return FOTA_ERR_FLASH_READ;
    while (len) {
        uint32_t at = addr % n->part.page_size;
        size_t some = n->part.page_size - at < len ? n->part.page_size - at : len;
        uint32_t page = addr / n->part.page_size % n->part.pages_per_block;
        int err = read_page(n, physical(n, addr / block_size(n)), page);

        if (err)
            return err;
        memcpy(out, n->page + at, some);
        out += some;
        addr += (uint32_t)some;
        len -= some;
    }
    return 0;
}

static int nand_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    struct fota_nand *n = ctx;
    const uint8_t *from = data;

    if (!inside(n, addr, len) || addr % n->part.page_size || len % n->part.page_size)
        return FOTA_ERR_FLASH_PROGRAM;
    if (settle(n) != 0)
        return FOTA_ERR_FLASH_PROGRAM;
    while (len) {
        uint32_t page = addr / n->part.page_size % n->part.pages_per_block;
        uint32_t logical = addr / block_size(n);

        n->cached = false;
        while (n->part.ops->program(n->part.ctx, physical(n, logical), page, from) != 0)
            if (replace(n, logical, page) != 0)
                return FOTA_ERR_FLASH_PROGRAM;
        from += n->part.page_size;
        addr += n->part.page_size;
        len -= n->part.page_size;
    }
    return 0;
}

static int nand_erase(void *ctx, uint32_t addr, uint32_t len)
{
    struct fota_nand *n = ctx;
    uint32_t logical = addr / block_size(n), block = physical(n, logical);

    if (!inside(n, addr, len) || addr % block_size(n) || len != block_size(n))
        return FOTA_ERR_FLASH_ERASE;
    if (settle(n) != 0)
        return FOTA_ERR_FLASH_ERASE;
    n->cached = false;
    /* A block that the factory has marked is not tried: erasing it would remove the mark. */
    if (!n->part.ops->is_bad(n->part.ctx, block) && n->part.ops->erase(n->part.ctx, block) == 0)
        return 0;
    return replace(n, logical, 0) != 0 ? FOTA_ERR_FLASH_ERASE : 0;
}

struct fota_flash fota_nand_flash(struct fota_nand *nand)
{
    static const struct fota_flash_ops ops = {nand_read, nand_program, nand_erase};

    return (struct fota_flash){&ops, nand};
}

int fota_nand_open(struct fota_nand *nand, const struct fota_nand_part *part)
{
    memset(nand, 0, sizeof *nand);
    nand->part = *part;
    if (part->page_size == 0 || part->page_size > FOTA_PROGRAM_UNIT_MAX ||
        part->pages_per_block < COPIES || part->spares == 0 ||
        part->spares > FOTA_NAND_SPARES_MAX || part->blocks == 0 || part->blocks >= WORN ||
        table_size(nand) > part->page_size)
        return FOTA_ERR_MAP;
    memset(nand->stands_for, 0xff, sizeof nand->stands_for);
    load_table(nand);
    return 0;
}

uint32_t fota_nand_block(const struct fota_nand *nand, uint32_t logical)
{
    return physical(nand, logical);
}

uint32_t fota_nand_spares_left(const struct fota_nand *nand)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < nand->part.spares; i++)
        left += nand->stands_for[i] == FREE &&
                !nand->part.ops->is_bad(nand->part.ctx, spare_block(nand, i));
    return left;
}
