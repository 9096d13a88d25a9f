#include "slot.h"

#include <string.h>

#include "bytes.h"
#include "fault.h"
#include "flash.h"

#define REGIONS       4u
#define COMPARE_CHUNK 64u /* bytes of stack for reading back */

static int fail(struct fota_fault *fault, int error, uint32_t address)
{
    return fota_fail(fault, error, FOTA_STAGE_DOWNLOAD, 0, address);
}

/* ---- the map --------------------------------------------------------------------------------- */

/* Only a payload that is an image as it is may go straight into a slot. */
static bool goes_into_slot(const struct fota_map *map, uint8_t format)
{
    return map->other.size && format == FOTA_FORMAT_FULL;
}

struct fota_place fota_payload_place(const struct fota_map *map, uint8_t flags, uint8_t format)
{
    if (!(flags & FOTA_RECORD_MINI) && goes_into_slot(map, format))
        return (struct fota_place){fota_slot_inactive(map, flags), 0};
    return (struct fota_place){&map->staging, map->staging.erase_unit};
}

uint32_t fota_payload_capacity(const struct fota_map *map, uint8_t format)
{
    return goes_into_slot(map, format) ? fota_slot_capacity(map) : fota_staging_capacity(map);
}

uint32_t fota_mini_capacity(const struct fota_map *map)
{
    const struct fota_region *staging = &map->staging;
    uint32_t taken =
        2 * staging->erase_unit + FOTA_ORDER_COPIES * fota_round_up(staging, FOTA_ORDER_MAX);

    return staging->size > taken ? staging->size - taken : 0;
}

bool fota_backup_fits(const struct fota_map *map, uint32_t payload, uint32_t image)
{
    const struct fota_region *staging = &map->staging;

    /* header, payload, image, manifest: each from an erase unit on */
    if (payload > staging->size || image > staging->size)
        return false;
    return (uint64_t)2 * staging->erase_unit + fota_round_up(staging, payload) +
               fota_round_up(staging, image) <=
           staging->size;
}

static bool region_is_possible(const struct fota_map *map, const struct fota_region *r)
{
    return r->erase_unit != 0 && r->erase_unit % FOTA_PROGRAM_UNIT_MAX == 0 &&
           r->size >= 2 * r->erase_unit && r->size % r->erase_unit == 0 &&
           r->offset % r->erase_unit == 0 && r->size <= map->flash_size &&
           r->offset <= map->flash_size - r->size;
}

static bool overlap(const struct fota_region *a, const struct fota_region *b)
{
    return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

/* Any image that one slot takes must fit into the other. */
static bool slots_are_alike(const struct fota_map *map)
{
    return map->other.size == map->slot.size && map->other.erase_unit == map->slot.erase_unit;
}

/* The number of the first region that is impossible, as in FOTA_ERR_MAP; REGIONS: none is. */
static uint32_t find_impossible(const struct fota_map *map)
{
    const struct fota_region *regions[REGIONS] = {&map->slot, &map->staging, &map->journal,
                                                  &map->other};
    uint32_t count = map->other.size ? REGIONS : REGIONS - 1;
    uint32_t unit = map->program_unit;

    if (unit == 0 || unit > FOTA_PROGRAM_UNIT_MAX || (unit & (unit - 1)) != 0)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!region_is_possible(map, regions[i]))
            return i;
        for (uint32_t k = 0; k < i; k++)
            if (overlap(regions[i], regions[k]))
                return i;
    }
    if (count == REGIONS && !slots_are_alike(map))
        return 3;
    /* A bank of the journal holds a snapshot and its seal at least. */
    return map->journal.erase_unit < 2 * unit ? 2 : REGIONS;
}

int fota_map_check(const struct fota_map *map, struct fota_fault *fault)
{
    uint32_t bad = find_impossible(map);

    return bad < REGIONS ? fota_fail(fault, FOTA_ERR_MAP, FOTA_STAGE_REQUEST, 0, bad) : 0;
}

/* ---- one page, one unit ---------------------------------------------------------------------- */

static int erase_unit(const struct fota_port *port, const struct fota_region *region,
                      uint32_t address, struct fota_fault *fault)
{
    if (port->flash.ops->erase(port->flash.ctx, address, region->erase_unit) != 0)
        return fail(fault, FOTA_ERR_FLASH_ERASE, address);
    return 0;
}

static int read_flash(const struct fota_port *port, uint32_t address, void *data, size_t length,
                      struct fota_fault *fault)
{
    int err = fota_flash_read(port, address, data, length);

    return err ? fail(fault, err, address) : 0;
}

static int compare(const struct fota_port *port, uint32_t address, const uint8_t *data,
                   size_t length, struct fota_fault *fault)
{
    uint8_t cells[COMPARE_CHUNK];

    for (size_t i = 0; i < length; i += sizeof cells) {
        size_t n = length - i < sizeof cells ? length - i : sizeof cells;
        int err = read_flash(port, address + (uint32_t)i, cells, n, fault);

        if (err)
            return err;
        if (memcmp(cells, data + i, n) != 0)
            return fail(fault, FOTA_ERR_FLASH_VERIFY, address + (uint32_t)i);
    }
    return 0;
}

/* Programs the first `length` bytes of `page`, padded to the program unit, and reads them back. */
static int program_page(const struct fota_port *port, uint32_t address, uint8_t *page,
                        uint32_t length, struct fota_fault *fault)
{
    uint32_t unit = port->map->program_unit;
    uint32_t padded = (length + unit - 1) / unit * unit;

    memset(page + length, 0xff, padded - length);
    if (port->flash.ops->program(port->flash.ctx, address, page, padded) != 0)
        return fail(fault, FOTA_ERR_FLASH_PROGRAM, address);
    return compare(port, address, page, padded, fault);
}

int fota_unit_copy(const struct fota_port *port, const struct fota_region *region, uint32_t unit,
                   uint32_t from, uint32_t length, uint8_t *page, struct fota_fault *fault)
{
    uint32_t to = region->offset + unit * region->erase_unit;
    int err = erase_unit(port, region, to, fault);

    for (uint32_t i = 0; !err && i < length; i += FOTA_PROGRAM_UNIT_MAX) {
        uint32_t n = length - i < FOTA_PROGRAM_UNIT_MAX ? length - i : FOTA_PROGRAM_UNIT_MAX;

        err = read_flash(port, from + i, page, n, fault);
        if (!err)
            err = program_page(port, to + i, page, n, fault);
    }
    return err;
}

int fota_unit_store(const struct fota_port *port, const struct fota_region *region, uint32_t unit,
                    const uint8_t *data, uint32_t length, uint8_t *page, struct fota_fault *fault)
{
    uint32_t to = region->offset + unit * region->erase_unit;
    int err = erase_unit(port, region, to, fault);

    if (err)
        return err;
    memcpy(page, data, length);
    return program_page(port, to, page, length, fault);
}

int fota_unit_clear(const struct fota_port *port, const struct fota_region *region, uint32_t unit,
                    struct fota_fault *fault)
{
    uint32_t address = region->offset + unit * region->erase_unit;
    uint8_t cells[COMPARE_CHUNK];

    for (uint32_t i = 0; i < region->erase_unit; i += sizeof cells) {
        int err = read_flash(port, address + i, cells, sizeof cells, fault);

        if (err == FOTA_ERR_FLASH_ECC)
            return erase_unit(port, region, address, fault);
        if (err)
            return err;
        for (size_t k = 0; k < sizeof cells; k++)
            if (cells[k] != 0xff)
                return erase_unit(port, region, address, fault);
    }
    return 0;
}

/* ---- the writer ------------------------------------------------------------------------------ */

void fota_writer_start(struct fota_writer *writer, const struct fota_port *port,
                       const struct fota_region *region, uint32_t offset, uint32_t end,
                       uint8_t *page)
{
    memset(writer, 0, sizeof *writer);
    writer->port = port;
    writer->region = *region;
    writer->page = page;
    writer->at = offset;
    writer->end = end;
}

size_t fota_writer_room(struct fota_writer *writer, uint8_t **data)
{
    uint32_t room = FOTA_PROGRAM_UNIT_MAX - writer->fill;
    uint32_t left = writer->end - writer->at - writer->fill;

    *data = writer->page + writer->fill;
    return room < left ? room : left;
}

void fota_writer_filled(struct fota_writer *writer, size_t length)
{
    writer->fill += (uint32_t)length;
}

int fota_writer_work(struct fota_writer *writer, bool flush, struct fota_fault *fault)
{
    uint32_t address = writer->region.offset + writer->at;
    int err;

    if (writer->fill == 0 || (writer->fill < FOTA_PROGRAM_UNIT_MAX && !flush))
        return 0;
    if (writer->at % writer->region.erase_unit == 0 && !writer->erased) {
        err = erase_unit(writer->port, &writer->region, address, fault);
        writer->erased = err == 0;
        return err ? err : 1;
    }
    err = program_page(writer->port, address, writer->page, writer->fill, fault);
    if (err)
        return err;
    writer->at += writer->fill;
    writer->fill = 0;
    if (writer->at % writer->region.erase_unit == 0)
        writer->erased = false;
    return 1;
}

/* ---- judging --------------------------------------------------------------------------------- */

int fota_header_load(const struct fota_port *port, const struct fota_policy *policy,
                     uint32_t address, uint8_t header[FOTA_HEADER_MAX],
                     struct fota_manifest *manifest, struct fota_fault *fault)
{
    int err = read_flash(port, address, header, FOTA_HEADER_MAX, fault);

    if (!err)
        err = fota_package_parse(header, FOTA_HEADER_MAX, manifest, fault);
    if (!err)
        err = fota_package_verify(port->crypto, policy, header, manifest, fault);
    return err;
}

int fota_hasher_start(struct fota_hasher *hasher, const struct fota_port *port, uint32_t address,
                      const struct fota_object *expected, struct fota_fault *fault)
{
    fota_hasher_stop(hasher);
    memset(hasher, 0, sizeof *hasher);
    hasher->port = port;
    hasher->expected = *expected;
    hasher->from = hasher->at = address;
    hasher->left = expected->length;
    if (port->crypto->sha256_start(&hasher->sha) != 0)
        return fota_fail(fault, FOTA_ERR_CRYPTO, FOTA_STAGE_VERIFY, 0, 0);
    hasher->started = true;
    return 0;
}

static int hash_some(struct fota_hasher *hasher, struct fota_fault *fault)
{
    uint8_t cells[256];
    uint32_t budget = hasher->left < FOTA_HASH_STEP ? hasher->left : FOTA_HASH_STEP;

    while (budget) {
        uint32_t n = budget < sizeof cells ? budget : (uint32_t)sizeof cells;

        int err = read_flash(hasher->port, hasher->at, cells, n, fault);

        if (err)
            return err;
        if (hasher->port->crypto->sha256_update(&hasher->sha, cells, n) != 0)
            return fota_fail(fault, FOTA_ERR_CRYPTO, FOTA_STAGE_VERIFY, 0, 0);
        hasher->at += n;
        hasher->left -= n;
        budget -= n;
    }
    return 0;
}

int fota_hasher_step(struct fota_hasher *hasher, struct fota_fault *fault)
{
    uint8_t digest[FOTA_DIGEST_SIZE] = {0};
    int err = hash_some(hasher, fault);

    if (!err && hasher->left)
        return 1;
    if (err) {
        fota_hasher_stop(hasher);
        return err;
    }
    hasher->started = false;
    if (hasher->port->crypto->sha256_finish(&hasher->sha, digest) != 0)
        return fota_fail(fault, FOTA_ERR_CRYPTO, FOTA_STAGE_VERIFY, 0, 0);
    hasher->proof = FOTA_PROVEN ^ fota_differ(digest, hasher->expected.digest, sizeof digest);
    hasher->counterproof =
        ~FOTA_PROVEN ^ fota_differ(hasher->expected.digest, digest, sizeof digest);
    if (!fota_hasher_proven(hasher))
        return fota_fail(fault, FOTA_ERR_INTEGRITY, FOTA_STAGE_VERIFY, 0, 0);
    return 0;
}

bool fota_hasher_proven(const struct fota_hasher *hasher)
{
    return hasher->proof == FOTA_PROVEN && hasher->counterproof == ~FOTA_PROVEN;
}

void fota_hasher_stop(struct fota_hasher *hasher)
{
    uint8_t digest[FOTA_DIGEST_SIZE];

    if (hasher->started)
        hasher->port->crypto->sha256_finish(&hasher->sha, digest);
    hasher->started = false;
}
