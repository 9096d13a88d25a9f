/*
 * slot.h - where images and packages lie in flash, and how they are written, hashed and judged
 * there.
 *
 * A slot holds an image at its start, and in its last erase unit the image's manifest: the signed
 * header of the package that the image came in. Staging holds a package: the header alone in the
 * first erase unit, the payload from the second on. Where there is room, the end of staging holds a
 * copy of the old image, with its manifest in the last erase unit. With two slots a full image goes
 * straight into the one that is not running. docs/flash-layout.md has a picture of all this.
 */
#ifndef FOTA_SLOT_H
#define FOTA_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"
#include "fota_port.h"
#include "journal.h"
#include "package.h"

/* Bytes of flash that one step hashes; the watchdog is fed between steps. */
#define FOTA_HASH_STEP 4096u

/* `size` rounded up to whole erase units of `region`, bytes. */
static inline uint32_t fota_round_up(const struct fota_region *region, uint32_t size)
{
    return (size + region->erase_unit - 1) / region->erase_unit * region->erase_unit;
}

/* Largest image that fits into a slot, bytes. */
static inline uint32_t fota_slot_capacity(const struct fota_map *map)
{
    return map->slot.size - map->slot.erase_unit;
}

/* The flash address of a slot's manifest. */
static inline uint32_t fota_slot_manifest(const struct fota_region *slot)
{
    return slot->offset + slot->size - slot->erase_unit;
}

/* The slot that the modem runs from, by the flags of the journal's record. */
static inline const struct fota_region *fota_slot_active(const struct fota_map *map, uint8_t flags)
{
    return map->other.size && flags & FOTA_RECORD_OTHER ? &map->other : &map->slot;
}

/* The other slot. Call it only on a map with two. */
static inline const struct fota_region *fota_slot_inactive(const struct fota_map *map,
                                                           uint8_t flags)
{
    return flags & FOTA_RECORD_OTHER ? &map->slot : &map->other;
}

/* Largest payload that fits into staging without a copy of the old image, bytes. */
static inline uint32_t fota_staging_capacity(const struct fota_map *map)
{
    return map->staging.size - map->staging.erase_unit;
}

/* The flash address of the payload in staging. */
static inline uint32_t fota_staging_payload(const struct fota_map *map)
{
    return map->staging.offset + map->staging.erase_unit;
}

/* The flash addresses of the copy: of the old image's manifest, and of an old image of `length`
 * bytes. */
static inline uint32_t fota_backup_manifest(const struct fota_map *map)
{
    return map->staging.offset + map->staging.size - map->staging.erase_unit;
}

static inline uint32_t fota_backup_image(const struct fota_map *map, uint32_t length)
{
    return fota_backup_manifest(map) - fota_round_up(&map->staging, length);
}

/* The flash address of the manifest of the image to revert to, in the other slot or in the copy. */
static inline uint32_t fota_old_manifest(const struct fota_map *map, uint8_t flags)
{
    return map->other.size ? fota_slot_manifest(fota_slot_inactive(map, flags))
                           : fota_backup_manifest(map);
}

/* A place for a payload. */
struct fota_place {
    const struct fota_region *region;
    uint32_t offset; /* of its first byte in the region, a multiple of the erase unit */
};

/* Where a payload of `format` (enum fota_format) goes, and how many bytes fit there. With
 * FOTA_RECORD_MINI in `flags`: where the resident updater goes. */
struct fota_place fota_payload_place(const struct fota_map *map, uint8_t flags, uint8_t format);
uint32_t fota_payload_capacity(const struct fota_map *map, uint8_t format);

/* Mini fota: what the updater must know lies twice, each time in whole units, before the last unit
 * of staging, in which the header of the application's package lies while that is fetched. Bytes.
 */

#define FOTA_ORDER_COPIES 2u

static inline uint32_t fota_order_address(const struct fota_map *map, uint32_t copy)
{
    return fota_backup_manifest(map) - (copy + 1) * fota_round_up(&map->staging, FOTA_ORDER_MAX);
}

/* Largest updater, bytes; 0: no room for any. */
uint32_t fota_mini_capacity(const struct fota_map *map);

/* Does a copy of an image of `image` bytes fit into staging beside a payload of `payload` bytes? */
bool fota_backup_fits(const struct fota_map *map, uint32_t payload, uint32_t image);

/* Returns 0 if the map's regions are possible, else FOTA_ERR_MAP (got: 0 slot, 1 staging, 2
 * journal, 3 other). */
int fota_map_check(const struct fota_map *map, struct fota_fault *fault);

/* ---- writing --------------------------------------------------------------------------------- */

/*
 * Writes a stream of bytes into a region, from the start of an erase unit on. It erases each unit
 * when it reaches it, programs whole pages, and reads back what it has programmed.
 */
struct fota_writer {
    const struct fota_port *port;
    struct fota_region region;
    uint8_t *page; /* borrowed, FOTA_PROGRAM_UNIT_MAX bytes */
    uint32_t at;   /* where the page goes, bytes from the start of the region */
    uint32_t end;  /* where it has to stop, bytes from the start of the region */
    uint32_t fill; /* bytes in the page */
    bool erased;   /* the unit at `at` is erased */
};

/* Begins at `offset` of the region, a multiple of its erase unit, up to `end` bytes
 * of the region. */
void fota_writer_start(struct fota_writer *writer, const struct fota_port *port,
                       const struct fota_region *region, uint32_t offset, uint32_t end,
                       uint8_t *page);

/* Sets *data to where the caller has to put the next bytes. Returns how many fit there; 0: call
 * fota_writer_work() first. */
size_t fota_writer_room(struct fota_writer *writer, uint8_t **data);

/* Says that `length` bytes, at most the room, were put there. */
void fota_writer_filled(struct fota_writer *writer, size_t length);

/*
 * Does one piece of work, an erase or the programming of one page, if the page is full; with
 * `flush` also if it is not empty: then it is padded with 0xFF. Returns 1 if it did something, 0 if
 * there was nothing to do, or FOTA_ERR_FLASH_* with *fault filled in.
 */
int fota_writer_work(struct fota_writer *writer, bool flush, struct fota_fault *fault);

/*
 * Erases the erase unit number `unit` of the region (from 0), programs `length` bytes from flash
 * address `from` into it, and reads them back. That is one step: it has one erase. `page` has
 * FOTA_PROGRAM_UNIT_MAX bytes. Returns 0, or FOTA_ERR_FLASH_* with *fault filled in.
 */
int fota_unit_copy(const struct fota_port *port, const struct fota_region *region, uint32_t unit,
                   uint32_t from, uint32_t length, uint8_t *page, struct fota_fault *fault);

/* The same with bytes from RAM, at most FOTA_HEADER_MAX. */
int fota_unit_store(const struct fota_port *port, const struct fota_region *region, uint32_t unit,
                    const uint8_t *data, uint32_t length, uint8_t *page, struct fota_fault *fault);

/* Erases the unit if it is not blank. */
int fota_unit_clear(const struct fota_port *port, const struct fota_region *region, uint32_t unit,
                    struct fota_fault *fault);

/* ---- judging --------------------------------------------------------------------------------- */

/*
 * Reads a header of at most FOTA_HEADER_MAX bytes from flash address `address` into `header`,
 * parses it and checks its signatures. Returns 0 or the error with *fault filled in.
 */
int fota_header_load(const struct fota_port *port, const struct fota_policy *policy,
                     uint32_t address, uint8_t header[FOTA_HEADER_MAX],
                     struct fota_manifest *manifest, struct fota_fault *fault);

/* Hashes a range of flash step by step, and compares the digest with what a manifest says. */
struct fota_hasher {
    const struct fota_port *port;
    struct fota_object expected;
    struct fota_sha256 sha;
    uint32_t from;                /* flash address of the range */
    uint32_t at;                  /* flash address of what is hashed next */
    uint32_t left;                /* bytes still to hash */
    uint32_t proof, counterproof; /* FOTA_PROVEN and its complement if the digest is right */
    bool started;
};

/* Begins to hash expected->length bytes at flash address `address`. */
int fota_hasher_start(struct fota_hasher *hasher, const struct fota_port *port, uint32_t address,
                      const struct fota_object *expected, struct fota_fault *fault);

/*
 * Hashes at most FOTA_HASH_STEP bytes. Returns 1 while there is more, 0 if the digest is right,
 * FOTA_ERR_INTEGRITY if it is wrong, FOTA_ERR_FLASH_READ or FOTA_ERR_CRYPTO, *fault filled in.
 */
int fota_hasher_step(struct fota_hasher *hasher, struct fota_fault *fault);

/* Do both proofs say that the bytes at hasher->from have the expected digest? */
bool fota_hasher_proven(const struct fota_hasher *hasher);

/* Gives up a digest that is not finished. Harmless at any time, also on zeroed memory. */
void fota_hasher_stop(struct fota_hasher *hasher);

#endif
