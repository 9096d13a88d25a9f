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
 * staging has room for header, payload, old image and its manifest, or for a mini fota's updater
 * and orders. One unit before the slot and one behind the journal belong to nobody.
 */
static void shrink(const struct fota_map *family, struct fota_map *map)
{
    uint32_t slot_units = family->slot.erase_unit > 4096 ? 3 : 4, at = family->slot.erase_unit;
    uint32_t unit = family->staging.erase_unit, image;

    *map = *family;
    map->slot = region(&at, family->slot.erase_unit, slot_units);
    image = round_up(rig_image_length(map, 2), unit) / unit;
    map->staging = region(&at, unit, image < 3 ? 8 : 2 + 2 * image);
    if (map->other.size)
        map->other = region(&at, family->slot.erase_unit, slot_units);
    map->journal = region(&at, family->journal.erase_unit, 2);
    map->flash_size = at + family->journal.erase_unit;
}

/* Header, patches, a ring of two segments, the old image's manifest: no room for a copy of an image
 * of three units. */
static void tighten(struct fota_map *map, const char *name)
{
    uint32_t segment = round_up(map->slot.erase_unit, map->staging.erase_unit);

    map->name = name;
    map->slot.size = 4 * map->slot.erase_unit;
    map->staging.offset = round_up(map->slot.offset + map->slot.size, map->staging.erase_unit);
    map->staging.size = 3 * map->staging.erase_unit + 2 * segment;
    map->journal.offset =
        round_up(map->staging.offset + map->staging.size, map->journal.erase_unit);
    map->flash_size = map->journal.offset + 3 * map->journal.erase_unit;
}

static const char *const tight_names[] = {
    [FOTA_FAMILY_ASR8] = "asr8-tight",
    [FOTA_FAMILY_UNISOC8910] = "unisoc8910-tight",
    [FOTA_FAMILY_EIGEN618] = "eigen618-tight",
};

#define TIGHT (sizeof tight_names / sizeof *tight_names)

static struct fota_map tight[TIGHT];

bool powercut_map_is_tight(const struct fota_map *map)
{
    return map >= tight && map < tight + TIGHT;
}

/* Number `index` of those that there are. */
static const struct fota_map *tight_map(size_t index)
{
    for (size_t i = 0; i < TIGHT; i++) {
        if (!tight_names[i] || index--)
            continue;
        shrink(fota_sim_map((enum fota_family)i), &tight[i]);
        tighten(&tight[i], tight_names[i]);
        return &tight[i];
    }
    return NULL;
}

const struct fota_map *powercut_map(size_t index)
{
    static struct fota_map small[FOTA_FAMILIES];

    if (index <= RIG_MAP_MINI)
        return rig_map((enum rig_map)index);
    index -= RIG_MAP_MINI + 1;
    if (index >= FOTA_FAMILIES)
        return tight_map(index - FOTA_FAMILIES);
    shrink(fota_sim_map((enum fota_family)index), &small[index]);
    return &small[index];
}
