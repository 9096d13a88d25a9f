#define _DEFAULT_SOURCE

#include "platform/sim/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fota_error.h"

#define ALIGNMENT 4096u /* of the cells inside the file, for those who look at it by hand */

/* "fotaSim" and the version of the layout; another byte order does not match either. */
#define MAGIC UINT64_C(0x666F746153696D03)

/* ---- the map --------------------------------------------------------------------------------- */

static bool region_fits(const struct fota_region *region, const struct fota_map *map)
{
    if (region->size == 0)
        return true;
    return region->erase_unit != 0 && region->erase_unit % map->program_unit == 0 &&
           region->offset % region->erase_unit == 0 && region->size % region->erase_unit == 0 &&
           region->size <= map->flash_size && region->offset <= map->flash_size - region->size;
}

static bool regions_overlap(const struct fota_region *a, const struct fota_region *b)
{
    return a->size != 0 && b->size != 0 && a->offset < b->offset + (uint64_t)b->size &&
           b->offset < a->offset + (uint64_t)a->size;
}

static bool map_consistent(const struct fota_map *map)
{
    uint32_t unit = map->program_unit;

    if (unit == 0 || unit > FOTA_PROGRAM_UNIT_MAX || (unit & (unit - 1)) != 0)
        return false;
    if (!region_fits(&map->slot, map) || !region_fits(&map->staging, map) ||
        !region_fits(&map->journal, map) || !region_fits(&map->other, map))
        return false;
    if (regions_overlap(&map->slot, &map->staging) || regions_overlap(&map->slot, &map->journal) ||
        regions_overlap(&map->staging, &map->journal) || regions_overlap(&map->other, &map->slot) ||
        regions_overlap(&map->other, &map->staging) || regions_overlap(&map->other, &map->journal))
        return false;
    /* Two banks of equal size, each of whole erase units. */
    return map->journal.size != 0 && map->journal.size / map->journal.erase_unit % 2 == 0;
}

static void identify(const struct fota_map *map, const struct fota_region *spare,
                     struct fota_sim_identity *identity)
{
    memset(identity, 0, sizeof *identity);
    snprintf(identity->name, sizeof identity->name, "%s", map->name ? map->name : "");
    identity->flash_size = map->flash_size;
    identity->program_unit = map->program_unit;
    identity->regions[0] = map->slot;
    identity->regions[1] = map->staging;
    identity->regions[2] = map->journal;
    identity->regions[3] = map->other;
    if (spare == NULL)
        return;
    identity->regions[4] = *spare;
    if (spare->offset + spare->size > identity->flash_size)
        identity->flash_size = spare->offset + spare->size;
}

/* ---- the mapping ----------------------------------------------------------------------------- */

static size_t erase_units(const struct fota_sim_identity *identity)
{
    size_t units = 0;

    for (size_t i = 0; i < FOTA_SIM_REGIONS; i++)
        if (identity->regions[i].size != 0)
            units += identity->regions[i].size / identity->regions[i].erase_unit;
    return units;
}

static size_t cells_offset(const struct fota_sim_identity *identity)
{
    size_t used = sizeof(struct fota_sim_state) + erase_units(identity) * sizeof(uint32_t);

    return (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static int write_fill(int fd, uint8_t value, size_t size)
{
    uint8_t buffer[16384];

    memset(buffer, value, sizeof buffer);
    while (size > 0) {
        ssize_t written = write(fd, buffer, size < sizeof buffer ? size : sizeof buffer);

        if (written < 0 && errno != EINTR)
            return FOTA_ERR_MEMORY;
        size -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/*
 * Makes the file's bytes by writing them: in a sparse file a full disk would show only later, as
 * SIGBUS at some access to the mapping.
 */
static int file_create(int fd, const struct fota_sim_identity *identity)
{
    int error;

    if (lseek(fd, 0, SEEK_SET) != 0)
        return FOTA_ERR_FLASH_READ;
    error = write_fill(fd, 0, cells_offset(identity));
    if (error == 0)
        error = write_fill(fd, FOTA_SIM_ERASED, identity->flash_size);
    return error;
}

/* Takes the file as it is, or completes one whose creation was interrupted: it has no magic and at
 * most the final size. Any other file belongs to somebody else and is not touched. */
static int file_prepare(int fd, const struct fota_sim_identity *identity, size_t size)
{
    struct stat status;
    uint64_t magic = 0;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        pread(fd, &magic, sizeof magic, 0) < 0)
        return FOTA_ERR_FLASH_READ;
    if (magic == 0 && (uint64_t)status.st_size <= size)
        return file_create(fd, identity);
    return magic == MAGIC && (uint64_t)status.st_size == size ? 0 : FOTA_ERR_MAP;
}

static int map_file(struct fota_sim_store *store, const char *path)
{
    void *start = MAP_FAILED;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int error;

    if (fd < 0)
        return FOTA_ERR_FLASH_READ;
    error = file_prepare(fd, &store->identity, store->mapped);
    if (error == 0) {
        start = mmap(NULL, store->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = start == MAP_FAILED ? FOTA_ERR_MEMORY : 0;
    }
    close(fd);
    if (error == 0)
        store->state = start;
    return error;
}

static int map_memory(struct fota_sim_store *store)
{
    void *start =
        mmap(NULL, store->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (start == MAP_FAILED)
        return FOTA_ERR_MEMORY;
    memset((uint8_t *)start + cells_offset(&store->identity), FOTA_SIM_ERASED,
           store->identity.flash_size);
    store->state = start;
    return 0;
}

/* Takes what the mapping holds, or marks it as this map's if it is new. */
static int claim(struct fota_sim_store *store)
{
    struct fota_sim_state *state = store->state;

    if (state->magic == 0) {
        state->identity = store->identity;
        /* The magic must not be in the file before the identity is. */
        msync(state, store->mapped, MS_ASYNC);
        state->magic = MAGIC;
    }
    if (memcmp(&state->identity, &store->identity, sizeof store->identity) != 0)
        return FOTA_ERR_MAP;
    store->wear = (uint32_t *)(state + 1);
    store->cells = (uint8_t *)state + cells_offset(&store->identity);
    return 0;
}

int fota_sim_store_open(struct fota_sim_store *store, const struct fota_map *map,
                        const struct fota_region *spare, const char *path)
{
    int error;

    if (!map_consistent(map))
        return FOTA_ERR_MAP;
    identify(map, spare, &store->identity);
    store->mapped = cells_offset(&store->identity) + store->identity.flash_size;
    error = path ? map_file(store, path) : map_memory(store);
    if (error)
        return error;
    error = claim(store);
    if (error)
        fota_sim_store_close(store);
    return error;
}

void fota_sim_store_close(struct fota_sim_store *store)
{
    munmap(store->state, store->mapped);
}
