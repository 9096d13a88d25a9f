/*
 * The boot stage over a flash that lies: pieces of the input are written into journal, headers and
 * images, or become a record whose CRC is right. It must end, break no rule of the flash, and run
 * nothing but an image that was signed: the old one or the update.
 *
 * Input: map, how far the update was, then pieces: place, offset (2), length, bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define STEPS_MAX 20000u

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The flash of each map, provisioned and with the update staged. */
static struct {
    uint8_t *staged;
    struct rig_package old, update;
} worlds[RIG_MAPS];

static void make_world(int map)
{
    struct rig_spec spec = {.sequence = 2};
    struct rig rig;

    spec.image_length = rig_image_length(rig_map((enum rig_map)map), 2);
    rig_open(&rig, rig_map((enum rig_map)map));
    rig_package_make(&worlds[map].update, &spec);
    rig_serve(&rig, &worlds[map].update);
    REQUIRE(rig_restart(&rig) && rig_download(&rig) == 0);
    worlds[map].staged = malloc(rig.map->flash_size);
    REQUIRE(worlds[map].staged);
    memcpy(worlds[map].staged, fota_sim_flash_cells(rig.flash), rig.map->flash_size);
    worlds[map].old = rig.old;
    rig.old.data = NULL;
    rig_close(&rig);
}

static void forge(struct rig *rig, const uint8_t *data, size_t size)
{
    struct fota_record r = rig_record(rig);

    if (size < 12)
        return;
    r.state = data[0] % (FOTA_STATE_REVERTING + 1);
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
    uint32_t at = starts[place % 8] + offset % map->journal.erase_unit;

    if (place >= 128) {
        forge(rig, data, size);
        return;
    }
    if (at < map->flash_size && size <= map->flash_size - at)
        memcpy(fota_sim_flash_cells(rig->flash) + at, data, size);
}

static int boot(struct rig *rig)
{
    int result = fota_boot_start(rig->boot, &rig->config);

    for (unsigned i = 0; result == FOTA_BOOT_AGAIN; i++) {
        REQUIRE(i < STEPS_MAX);
        result = fota_boot_step(rig->boot);
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig rig;
    int map;

    if (size < 2)
        return 0;
    map = data[0] % RIG_MAPS;
    if (!worlds[map].staged)
        make_world(map);
    rig_open_blank(&rig, rig_map((enum rig_map)map));
    memcpy(fota_sim_flash_cells(rig.flash), worlds[map].staged, rig.map->flash_size);
    if (rig_boot(&rig) == FOTA_BOOT_AGAIN)
        abort();
    if (data[1] & 1) /* from before the install */
        memcpy(fota_sim_flash_cells(rig.flash), worlds[map].staged, rig.map->flash_size);
    for (size_t i = 2; i + 4 <= size;) {
        size_t length = data[i + 3];

        length = length < size - i - 4 ? length : size - i - 4;
        put_piece(&rig, data[i], data[i + 1] | (uint32_t)data[i + 2] << 8, data + i + 4, length);
        i += 4 + length;
    }
    for (int start = 0; start < 3; start++)
        if (boot(&rig) == FOTA_BOOT_RUN)
            REQUIRE(rig_slot_runs(&rig, &worlds[map].old) ||
                    rig_slot_runs(&rig, &worlds[map].update));
    REQUIRE(rig_stats(&rig).violations == 0);
    rig_close(&rig);
    return 0;
}
