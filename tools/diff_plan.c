#include "diff_plan.h"

#include <string.h>

#include "fault.h"
#include "slot.h"

#define SEGMENT (64u * 1024) /* smaller ones cost more, larger ones leave fewer for the ring */

static int fail(struct fota_fault *fault, int error, uint32_t expected, uint32_t got)
{
    return fota_fail(fault, error, FOTA_STAGE_HEADER, expected, got);
}

static int plan_in_place(const struct fota_map *map, uint32_t payload, struct fota_diff_plan *plan,
                         struct fota_fault *fault)
{
    const struct fota_region *staging = &map->staging;
    uint32_t unit = map->slot.erase_unit, segment = unit > SEGMENT ? unit : SEGMENT / unit * unit;
    /* Header and the old image's manifest lie in staging, too. */
    uint32_t room = staging->size - 2 * staging->erase_unit;

    payload = fota_round_up(staging, payload);
    room = payload < room ? room - payload : 0;
    while (segment > unit && room / fota_round_up(staging, segment) < 2)
        segment = (segment / 2 + unit - 1) / unit * unit;
    plan->way = FOTA_WAY_IN_PLACE;
    plan->segment = segment;
    plan->spare = room / fota_round_up(staging, segment) * segment;
    return plan->spare ? 0 : fail(fault, FOTA_ERR_PATCH_SPARE, segment, room);
}

int fota_diff_plan(const struct fota_map *map, uint32_t old_size, uint32_t new_size,
                   uint32_t payload, struct fota_diff_plan *plan, struct fota_fault *fault)
{
    uint32_t capacity = fota_payload_capacity(map, FOTA_FORMAT_DELTA);

    memset(plan, 0, sizeof *plan);
    if (new_size > fota_slot_capacity(map))
        return fail(fault, FOTA_ERR_IMAGE_TOO_LARGE, fota_slot_capacity(map), new_size);
    if (payload > capacity)
        return fail(fault, FOTA_ERR_PACKAGE_TOO_LARGE, capacity, payload);
    plan->way = FOTA_WAY_SLOTS;
    if (map->other.size)
        return 0;
    plan->way = FOTA_WAY_COPY;
    if (old_size == 0 || fota_backup_fits(map, payload, old_size))
        return 0;
    return plan_in_place(map, payload, plan, fault);
}
