#include "powercut.h"

#include "platform/sim/map.h"

static uint32_t round_up(uint32_t size, uint32_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static struct fota_region region(uint32_t *at, uint32_t unit, uint32_t units)
{
    struct fota_region r = {round_up(*at, unit), units * unit, unit};

    *at = r.offset + r.size;
    return r;
}

/*
 * The family's units, and few of them: an image ends in the second or third unit of the slot, and
 * staging has room for header, payload, old image and its manifest. One unit before the slot and
 * one behind the journal belong to nobody.
 */
static void shrink(const struct fota_map *family, struct fota_map *map)
{
    uint32_t slot_units = family->slot.erase_unit > 4096 ? 3 : 4, at = family->slot.erase_unit;
    uint32_t unit = family->staging.erase_unit, image;

    *map = *family;
    map->slot = region(&at, family->slot.erase_unit, slot_units);
    image = round_up(rig_image_length(map, 2), unit) / unit;
    map->staging = region(&at, unit, 2 + 2 * image);
    if (map->other.size)
        map->other = region(&at, family->slot.erase_unit, slot_units);
    map->journal = region(&at, family->journal.erase_unit, 2);
    map->flash_size = at + family->journal.erase_unit;
}

const struct fota_map *powercut_map(size_t index)
{
    static struct fota_map small[FOTA_FAMILIES];

    if (index < RIG_MAPS)
        return rig_map((enum rig_map)index);
    index -= RIG_MAPS;
    if (index >= FOTA_FAMILIES)
        return NULL;
    shrink(fota_sim_map((enum fota_family)index), &small[index]);
    return &small[index];
}
