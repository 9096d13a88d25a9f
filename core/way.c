#include "way.h"

#include "fault.h"
#include "slot.h"

static int fail(struct fota_fault *fault, int error, uint32_t expected, uint32_t got)
{
    return fota_fail(fault, error, FOTA_STAGE_HEADER, expected, got);
}

struct fota_patch_layout fota_way_layout(const struct fota_manifest *package)
{
    return (struct fota_patch_layout){
        .payload = package->payload.length,
        .old_size = package->format == FOTA_FORMAT_DELTA ? package->precursor.length : 0,
        .new_size = package->result.length,
        .ram = package->decoder_ram,
        .segment = package->segment_size,
        .spare = package->spare_size,
    };
}

int fota_way_ring(const struct fota_map *map, const struct fota_manifest *package,
                  struct fota_ring *ring, struct fota_fault *fault)
{
    const struct fota_region *staging = &map->staging;
    uint32_t unit = map->slot.erase_unit, segment = package->segment_size;
    uint32_t room = staging->size - 2 * staging->erase_unit; /* header, manifest */
    uint32_t payload = package->payload.length;
    uint64_t needed;

    if (package->spare_size == 0)
        return fail(fault, FOTA_ERR_PATCH_WHOLE, 0, 0);
    if (segment == 0 || segment % unit != 0)
        return fail(fault, FOTA_ERR_PATCH_SEGMENT, unit, segment);
    room = payload < room ? room - fota_round_up(staging, payload) : 0;
    ring->count = package->spare_size / segment;
    needed = segment <= staging->size ? (uint64_t)fota_round_up(staging, segment) * ring->count
                                      : package->spare_size;
    if (needed > room)
        return fail(fault, FOTA_ERR_PATCH_SPARE, fota_clamp32(needed), room);
    ring->stride = fota_round_up(staging, segment);
    ring->offset = staging->size - staging->erase_unit - (uint32_t)needed;
    return 0;
}

/* Decides where the new image goes, and what happens to the old one. */
static int find_way(const struct fota_map *map, const struct fota_manifest *package,
                    uint32_t installed, enum fota_way *way, struct fota_fault *fault)
{
    struct fota_ring ring;

    if (map->other.size)
        *way = FOTA_WAY_SLOTS;
    else if (installed && fota_backup_fits(map, package->payload.length, installed))
        *way = FOTA_WAY_COPY;
    else if (package->format != FOTA_FORMAT_DELTA)
        *way = FOTA_WAY_OVER;
    else
        *way = FOTA_WAY_IN_PLACE;
    return *way == FOTA_WAY_IN_PLACE ? fota_way_ring(map, package, &ring, fault) : 0;
}

int fota_way_find(const struct fota_map *map, const struct fota_policy *policy,
                  const struct fota_manifest *package, uint32_t installed, enum fota_way *way,
                  struct fota_fault *fault)
{
    uint32_t capacity = fota_payload_capacity(map, package->format);
    struct fota_patch_layout layout = fota_way_layout(package);
    int err = 0;

    if (package->payload.length > capacity)
        return fail(fault, FOTA_ERR_PACKAGE_TOO_LARGE, capacity, package->payload.length);
    if (package->format != FOTA_FORMAT_FULL)
        err = fota_patch_check(&layout, fault);
    if (!err)
        err = find_way(map, package, installed, way, fault);
    if (!err && *way == FOTA_WAY_OVER && installed && policy->only_reversible)
        err = fail(fault, FOTA_ERR_NO_WAY_BACK, 0, 0);
    return err;
}

int fota_way_undo(const struct fota_policy *policy, const struct fota_manifest *package,
                  enum fota_way way, const uint8_t *head, uint32_t *undo, struct fota_fault *fault)
{
    struct fota_patch_layout layout = fota_way_layout(package);
    uint32_t length = layout.payload < FOTA_WAY_HEAD ? layout.payload : FOTA_WAY_HEAD;

    *undo = 0;
    if (way != FOTA_WAY_IN_PLACE)
        return 0;
    if (fota_patch_undo(&layout, head, length, undo) != 0)
        return fail(fault, FOTA_ERR_PATCH, 0, 0);
    if (*undo == 0 && policy->only_reversible)
        return fail(fault, FOTA_ERR_NO_WAY_BACK, 0, 0);
    return 0;
}
