/*
 * The boot stage over a flash that lies: pieces of the input are written into journal, headers and
 * images, or become a record whose CRC is right. It must end, break no rule of the flash, and run
 * nothing but an image that was signed: the old one or the update.
 *
 * Input: world, how far the update was, then pieces: place, offset (2), length, bytes. The worlds
 * are the rig's maps with a package that is a whole image; and a differential one over a copy of
 * the old image, and in place through a ring of two segments.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define STEPS_MAX 20000u

#define WORLD_COPY     RIG_MAPS
#define WORLD_IN_PLACE (RIG_MAPS + 1)
#define WORLDS         (RIG_MAPS + 2)

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Room for the header, a patch, two segments and a manifest. */
static const struct fota_map tight = {
    "tight", 64 * 1024, 256, {4096, 16384, 4096}, {20480, 20480, 4096}, {40960, 8192, 4096}, {0}};

/* The flash of each world, provisioned and with the update staged. */
static struct {
    uint8_t *staged;
    struct rig_package old, update;
} worlds[WORLDS];

static const struct fota_map *map_of(int world)
{
    if (world == WORLD_IN_PLACE)
        return &tight;
    return rig_map(world == WORLD_COPY ? RIG_MAP_PAGE : (enum rig_map)world);
}

static void make_update(int world, const struct rig_package *old)
{
    uint32_t unit = map_of(world)->slot.erase_unit, length = 2 * unit + 137;
    struct rig_spec spec = {.sequence = 2, .image_length = rig_image_length(map_of(world), 2)};
    uint8_t *image = NULL;

    if (world >= WORLD_COPY) {
        image = malloc(length);
        REQUIRE(image);
        rig_image_edit(image, length, old);
        spec = (struct rig_spec){.sequence = 2,
                                 .image_length = length,
                                 .image = image,
                                 .from = old,
                                 .segment = unit,
                                 .spare = 2 * unit,
                                 .undo = true};
    }
    rig_package_make(&worlds[world].update, &spec);
    free(image);
}

static void make_world(int world)
{
    struct rig rig;

    rig_open(&rig, map_of(world));
    make_update(world, &rig.old);
    rig_serve(&rig, &worlds[world].update);
    REQUIRE(rig_restart(&rig) && rig_download(&rig) == 0);
    worlds[world].staged = malloc(rig.map->flash_size);
    REQUIRE(worlds[world].staged);
    memcpy(worlds[world].staged, fota_sim_flash_cells(rig.flash), rig.map->flash_size);
    worlds[world].old = rig.old;
    rig.old.data = NULL;
    rig_close(&rig);
}

static void forge(struct rig *rig, const uint8_t *data, size_t size)
{
    struct fota_record r = rig_record(rig);

    if (size < 12)
        return;
    r.state = data[0] % (FOTA_STATE_UPDATING + 1);
    r.flags = data[1];
    r.tries = data[2];
    r.spared = data[3];
    memcpy(&r.progress, data + 4, 4);
    memcpy(&r.replaced, data + 8, 4);
    if (size > 12)
        memcpy(r.digest, data + 12, size - 12 < sizeof r.digest ? size - 12 : sizeof r.digest);
    rig_put_record(rig, &r);
}

static void put_piece(struct rig *rig, uint8_t place, uint32_t offset, const uint8_t *data,
                      size_t size)
{
    const struct fota_map *map = rig->map;
    const uint32_t starts[] = {
        map->journal.offset,
        map->journal.offset + map->journal.erase_unit,
        map->staging.offset,
        fota_staging_payload(map),
        fota_slot_manifest(&map->slot),
        map->slot.offset,
        fota_backup_manifest(map),
        map->other.size ? fota_slot_manifest(&map->other) : 0,
    };
    uint32_t at = starts[place % 8] + offset % map->journal.erase_unit +
                  place / 8 % 8 * map->staging.erase_unit;

    if (place >= 128) {
        forge(rig, data, size);
        return;
    }
    if (at < map->flash_size && size <= map->flash_size - at)
        memcpy(fota_sim_flash_cells(rig->flash) + at, data, size);
}

/* So many steps, at most. */
static int boot(struct rig *rig, unsigned steps)
{
    int result = fota_boot_start(rig->boot, &rig->config);

    for (unsigned i = 0; result == FOTA_BOOT_AGAIN && i < steps; i++) {
        REQUIRE(i + 1 < STEPS_MAX);
        result = fota_boot_step(rig->boot);
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig rig;
    int world;

    if (size < 2)
        return 0;
    world = data[0] % WORLDS;
    if (!worlds[world].staged)
        make_world(world);
    rig_open_blank(&rig, map_of(world));
    rig_load(&rig, worlds[world].staged);
    if (!(data[1] & 1)) /* in the middle of the install, or behind it; else before */
        boot(&rig, data[1] & 2 ? data[1] / 4 : STEPS_MAX);
    for (size_t i = 2; i + 4 <= size;) {
        size_t length = data[i + 3];

        length = length < size - i - 4 ? length : size - i - 4;
        put_piece(&rig, data[i], data[i + 1] | (uint32_t)data[i + 2] << 8, data + i + 4, length);
        i += 4 + length;
    }
    for (int start = 0; start < 3; start++)
        if (boot(&rig, STEPS_MAX) == FOTA_BOOT_RUN)
            REQUIRE(rig_slot_runs(&rig, &worlds[world].old) ||
                    rig_slot_runs(&rig, &worlds[world].update));
    REQUIRE(rig_stats(&rig).violations == 0);
    rig_close(&rig);
    return 0;
}
