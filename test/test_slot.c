/*
 * Writing, copying, hashing and judging in flash, on the maps of the families and on small ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/sim/map.h"
#include "rig.h"

#define DATA_MAX (300u * 1024u)

struct fixture {
    struct rig rig;
    uint8_t *data; /* DATA_MAX random bytes */
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_fault fault;
};

static void open_on(struct fixture *f, const struct fota_map *map)
{
    uint64_t seed = 23;

    memset(f, 0, sizeof *f);
    rig_open_blank(&f->rig, map);
    f->data = malloc(DATA_MAX);
    assert_non_null(f->data);
    for (uint32_t i = 0; i < DATA_MAX; i++)
        f->data[i] = (uint8_t)rig_random(&seed);
    /* Nothing is blank before it is erased. */
    memset(fota_sim_flash_cells(f->rig.flash), 0x5a, map->flash_size);
}

static void close_it(struct fixture *f)
{
    assert_int_equal(rig_stats(&f->rig).violations, 0);
    free(f->data);
    rig_close(&f->rig);
}

/* Writes `length` bytes in pieces of random size up to `most`. Returns the last result. */
static int stream(struct fixture *f, const struct fota_region *region, uint32_t offset,
                  uint32_t length, uint32_t most, uint64_t *seed)
{
    struct fota_writer writer;
    uint32_t at = 0;
    int err = 0;

    fota_writer_start(&writer, &f->rig.port, region, offset, offset + length, f->page);
    while (at < length || err > 0) {
        uint64_t erases = rig_stats(&f->rig).erases;
        uint8_t *room;
        size_t n;

        err = fota_writer_work(&writer, at == length, &f->fault);
        assert_true(rig_stats(&f->rig).erases - erases <= 1);
        if (err < 0)
            return err;
        n = fota_writer_room(&writer, &room);
        if (err > 0 || at == length)
            continue;
        assert_true(n > 0);
        if (n > most)
            n = 1 + (size_t)(rig_random(seed) % most);
        if (n > length - at)
            n = length - at;
        memcpy(room, f->data + at, n);
        fota_writer_filled(&writer, n);
        at += (uint32_t)n;
    }
    do
        err = fota_writer_work(&writer, true, &f->fault);
    while (err > 0);
    return err;
}

static void assert_written(struct fixture *f, const struct fota_region *region, uint32_t offset,
                           uint32_t length)
{
    const uint8_t *cells = fota_sim_flash_cells(f->rig.flash) + region->offset + offset;
    uint32_t unit = region->erase_unit, end = (length + unit - 1) / unit * unit;

    assert_memory_equal(cells, f->data, length);
    for (uint32_t i = length; i < end; i++)
        assert_int_equal(cells[i], 0xff);
    /* Erased on demand: the unit behind is as it was. */
    if (offset + end < region->size)
        assert_int_equal(cells[end], 0x5a);
    if (offset)
        assert_int_equal(cells[-1], 0x5a);
}

/* ---- the writer ------------------------------------------------------------------------------ */

static void any_split_of_any_size_is_written_on_every_family(void **state)
{
    uint64_t seed = 1;
    struct fixture f;

    (void)state;
    for (int family = 0; family < FOTA_FAMILIES; family++) {
        struct fota_map map = *fota_sim_map((enum fota_family)family);

        map.name = "cells that can be looked at"; /* no NAND with bad blocks */
        for (int i = 0; i < 12; i++) {
            const struct fota_region *region = i % 2 ? &map.slot : &map.staging;
            uint32_t start = (uint32_t)(rig_random(&seed) % 2) * region->erase_unit;
            uint32_t most = (uint32_t)1 << rig_random(&seed) % 12;
            uint32_t length = 1 + (uint32_t)(rig_random(&seed) % (2 * region->erase_unit + 5000));

            open_on(&f, &map);
            assert_int_equal(stream(&f, region, start, length, most, &seed), 0);
            assert_written(&f, region, start, length);
            close_it(&f);
        }
    }
}

static void sizes_around_page_and_unit_borders_are_written(void **state)
{
    static const int around[] = {-2, -1, 0, 1, 2};
    uint64_t seed = 2;
    struct fixture f;

    (void)state;
    for (int map = 0; map < RIG_MAPS; map++) {
        const struct fota_map *m = rig_map((enum rig_map)map);
        uint32_t borders[] = {m->program_unit, FOTA_PROGRAM_UNIT_MAX, m->staging.erase_unit,
                              2 * m->staging.erase_unit};

        for (size_t i = 0; i < 20; i++) {
            int64_t length = (int64_t)borders[i / 5] + around[i % 5];

            if (length <= 0)
                continue;
            open_on(&f, m);
            assert_int_equal(stream(&f, &m->staging, 0, (uint32_t)length, 2048, &seed), 0);
            assert_written(&f, &m->staging, 0, (uint32_t)length);
            close_it(&f);
        }
    }
}

static void a_region_is_filled_to_its_end_and_not_a_byte_further(void **state)
{
    uint64_t seed = 3;
    struct fixture f;

    (void)state;
    for (int map = 0; map < RIG_MAPS; map++) {
        const struct fota_map *m = rig_map((enum rig_map)map);

        for (uint32_t less = 0; less < 3; less++) {
            struct fota_writer writer;
            uint8_t *room;

            open_on(&f, m);
            assert_int_equal(stream(&f, &m->staging, 0, m->staging.size - less, 2048, &seed), 0);
            assert_written(&f, &m->staging, 0, m->staging.size - less);
            fota_writer_start(&writer, &f.rig.port, &m->staging, 0, 5, f.page);
            assert_int_equal(fota_writer_room(&writer, &room), 5);
            fota_writer_filled(&writer, 5);
            assert_int_equal(fota_writer_room(&writer, &room), 0);
            close_it(&f);
        }
    }
}

struct stuck {
    uint32_t addr;
    uint8_t bits;
};

static void stick(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    const struct stuck *stuck = rig->hook;

    (void)addr, (void)len;
    if (op == RIG_PROGRAM)
        fota_sim_flash_cells(rig->flash)[stuck->addr] ^= stuck->bits;
}

static void a_cell_that_does_not_hold_is_found_wherever_it_is(void **state)
{
    const struct fota_map *map = rig_map(RIG_MAP_WORD);
    uint64_t seed = 4;
    struct fixture f;

    (void)state;
    for (uint32_t at = 0; at < 2048; at += 61) {
        struct stuck stuck = {map->staging.offset + at, (uint8_t)(1u << at % 8)};

        open_on(&f, map);
        f.rig.hook = &stuck;
        f.rig.after = stick;
        assert_int_equal(stream(&f, &map->staging, 0, 2047, 2048, &seed), FOTA_ERR_FLASH_VERIFY);
        assert_int_equal(f.fault.got, stuck.addr & ~63u);
        f.rig.after = NULL;
        close_it(&f);
    }
}

static int fails_to(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    static const int errors[] = {FOTA_ERR_FLASH_READ, FOTA_ERR_FLASH_PROGRAM, FOTA_ERR_FLASH_ERASE};
    const enum rig_op *wanted = rig->hook;

    (void)addr, (void)len;
    return op == *wanted ? errors[op] : 0;
}

static void errors_of_the_flash_are_given_on_as_what_they_are(void **state)
{
    static const int errors[] = {FOTA_ERR_FLASH_READ, FOTA_ERR_FLASH_PROGRAM, FOTA_ERR_FLASH_ERASE};
    const struct fota_map *map = rig_map(RIG_MAP_PAGE);
    uint64_t seed = 5;

    (void)state;
    for (int op = RIG_READ; op <= RIG_ERASE; op++) {
        enum rig_op wanted = (enum rig_op)op;
        struct fixture f;

        open_on(&f, map);
        f.rig.hook = &wanted;
        f.rig.before = fails_to;
        assert_int_equal(stream(&f, &map->slot, 0, 3000, 2048, &seed), errors[op]);
        assert_int_equal(f.fault.error, errors[op]);
        assert_int_equal(
            fota_unit_copy(&f.rig.port, &map->slot, 1, map->staging.offset, 2048, f.page, &f.fault),
            errors[op]);
        assert_int_equal(
            fota_unit_store(&f.rig.port, &map->slot, 1, f.data, 1024, f.page, &f.fault),
            errors[op]);
        assert_int_equal(fota_unit_clear(&f.rig.port, &map->slot, 1, &f.fault),
                         op == RIG_PROGRAM ? 0 : errors[op]);
        close_it(&f);
    }
}

/* ---- whole units ----------------------------------------------------------------------------- */

static void a_unit_is_copied_stored_and_cleared(void **state)
{
    struct fixture f;

    (void)state;
    for (int map = 0; map < RIG_MAPS; map++) {
        const struct fota_map *m = rig_map((enum rig_map)map);
        uint32_t lengths[] = {1,    m->program_unit + 1,    2047,
                              2048, m->slot.erase_unit - 1, m->slot.erase_unit};
        uint8_t *cells;

        open_on(&f, m);
        cells = fota_sim_flash_cells(f.rig.flash);
        memcpy(cells + m->staging.offset, f.data, m->slot.erase_unit);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            if (lengths[i] > m->slot.erase_unit)
                continue;
            assert_int_equal(fota_unit_copy(&f.rig.port, &m->slot, 1, m->staging.offset, lengths[i],
                                            f.page, &f.fault),
                             0);
            assert_written(&f, &m->slot, m->slot.erase_unit, lengths[i]);
        }
        for (uint32_t length = 1; length <= FOTA_HEADER_MAX; length += 93) {
            assert_int_equal(
                fota_unit_store(&f.rig.port, &m->slot, 1, f.data, length, f.page, &f.fault), 0);
            assert_written(&f, &m->slot, m->slot.erase_unit, length);
        }
        assert_int_equal(fota_unit_clear(&f.rig.port, &m->slot, 1, &f.fault), 0);
        for (uint32_t i = 0; i < m->slot.erase_unit; i++)
            assert_int_equal(cells[m->slot.offset + m->slot.erase_unit + i], 0xff);
        f.rig.operations = 0;
        assert_int_equal(fota_unit_clear(&f.rig.port, &m->slot, 1, &f.fault), 0);
        assert_int_equal(f.rig.operations, 0);
        /* One bit at the very end is enough to be not blank. */
        cells[m->slot.offset + 2 * m->slot.erase_unit - 1] = 0xfe;
        assert_int_equal(fota_unit_clear(&f.rig.port, &m->slot, 1, &f.fault), 0);
        assert_int_equal(f.rig.operations, 1);
        close_it(&f);
    }
}

/* ---- hasher ---------------------------------------------------------------------------------- */

static int hash(struct fixture *f, const struct fota_object *object, unsigned *steps)
{
    struct fota_hasher hasher = {0};
    int err =
        fota_hasher_start(&hasher, &f->rig.port, f->rig.map->staging.offset, object, &f->fault);

    for (*steps = 0; !err; ++*steps) {
        err = fota_hasher_step(&hasher, &f->fault);
        if (err <= 0)
            break;
        err = 0;
    }
    assert_false(hasher.started);
    fota_hasher_stop(&hasher);
    return err;
}

static void a_digest_is_right_for_every_length_and_wrong_for_every_flipped_byte(void **state)
{
    static const uint32_t lengths[] = {1, 63, 64, 255, 256, 257, 4095, 4096, 4097, 8192, 9000};
    const struct fota_map *map = rig_map(RIG_MAP_PAGE);
    struct fixture f;

    (void)state;
    open_on(&f, map);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct fota_object object = {.length = lengths[i]};
        struct fota_sha256 sha;
        unsigned steps;

        memcpy(fota_sim_flash_cells(f.rig.flash) + map->staging.offset, f.data, 10000);
        f.rig.port.crypto->sha256_start(&sha);
        f.rig.port.crypto->sha256_update(&sha, f.data, lengths[i]);
        f.rig.port.crypto->sha256_finish(&sha, object.digest);
        assert_int_equal(hash(&f, &object, &steps), 0);
        assert_int_equal(steps, (lengths[i] - 1) / FOTA_HASH_STEP);
        for (uint32_t at = 0; at < lengths[i]; at += 1 + lengths[i] / 50) {
            rig_damage(&f.rig, map->staging.offset + at, 1);
            assert_int_equal(hash(&f, &object, &steps), FOTA_ERR_INTEGRITY);
            rig_damage(&f.rig, map->staging.offset + at, 1);
        }
        /* Behind the end nothing counts. */
        rig_damage(&f.rig, map->staging.offset + lengths[i], 1);
        assert_int_equal(hash(&f, &object, &steps), 0);
        object.length++;
        assert_int_equal(hash(&f, &object, &steps), FOTA_ERR_INTEGRITY);
        object.length -= 2;
        if (object.length)
            assert_int_equal(hash(&f, &object, &steps), FOTA_ERR_INTEGRITY);
    }
    close_it(&f);
}

static int no_sha(struct fota_sha256 *sha)
{
    (void)sha;
    return FOTA_ERR_CRYPTO;
}

static struct fota_crypto_ops real;

static int no_finish(struct fota_sha256 *sha, uint8_t digest[FOTA_DIGEST_SIZE])
{
    real.sha256_finish(sha, digest);
    return FOTA_ERR_CRYPTO;
}

/* V19 */
static void v19_a_hash_that_fails_is_not_a_good_one(void **state)
{
    struct fota_object object = {.length = 10};
    struct fota_crypto_ops broken;
    struct fixture f;
    unsigned steps;

    (void)state;
    open_on(&f, rig_map(RIG_MAP_PAGE));
    real = *f.rig.port.crypto;
    broken = real;
    broken.sha256_start = no_sha;
    f.rig.port.crypto = &broken;
    assert_int_equal(hash(&f, &object, &steps), FOTA_ERR_CRYPTO);
    broken = real;
    broken.sha256_finish = no_finish;
    assert_int_equal(hash(&f, &object, &steps), FOTA_ERR_CRYPTO);
    close_it(&f);
}

static void a_header_in_flash_is_judged_byte_by_byte(void **state)
{
    const struct fota_map *map = rig_map(RIG_MAP_WORD);
    struct rig_spec spec = {.sequence = 9};
    uint8_t header[FOTA_HEADER_MAX];
    struct fota_manifest manifest;
    struct rig_package package;
    struct fixture f;

    (void)state;
    open_on(&f, map);
    rig_package_make(&package, &spec);
    memcpy(fota_sim_flash_cells(f.rig.flash) + map->staging.offset, package.data,
           package.header_length);
    assert_int_equal(fota_header_load(&f.rig.port, &f.rig.policy, map->staging.offset, header,
                                      &manifest, &f.fault),
                     0);
    assert_int_equal(manifest.sequence, 9);
    assert_int_equal(manifest.header_length, package.header_length);
    for (uint32_t i = 0; i < package.header_length; i++) {
        rig_damage(&f.rig, map->staging.offset + i, 0x40);
        assert_true(fota_header_load(&f.rig.port, &f.rig.policy, map->staging.offset, header,
                                     &manifest, &f.fault) < 0);
        rig_damage(&f.rig, map->staging.offset + i, 0x40);
    }
    rig_package_free(&package);
    close_it(&f);
}

/* ---- maps ------------------------------------------------------------------------------------ */

static int map_error(const struct fota_map *map)
{
    struct fota_fault fault = {0};

    return fota_map_check(map, &fault) ? (int)fault.got : -1;
}

static void the_maps_of_all_families_are_possible(void **state)
{
    (void)state;
    for (int i = 0; i < FOTA_FAMILIES; i++)
        assert_int_equal(map_error(fota_sim_map((enum fota_family)i)), -1);
    for (int i = 0; i < RIG_MAPS; i++)
        assert_int_equal(map_error(rig_map((enum rig_map)i)), -1);
}

static void impossible_maps_are_refused(void **state)
{
    struct fota_map good = *rig_map(RIG_MAP_NAND), map;

    (void)state;
#define REFUSED(change, region)                                                                    \
    do {                                                                                           \
        map = good;                                                                                \
        change;                                                                                    \
        assert_int_equal(map_error(&map), region);                                                 \
    } while (0)
    REFUSED(map.program_unit = 0, 0);
    REFUSED(map.program_unit = 3, 0);
    REFUSED(map.program_unit = 4096, 0);
    REFUSED(map.slot.size = 0, 0);
    REFUSED(map.slot.erase_unit = 0, 0);
    REFUSED(map.slot.size = map.slot.erase_unit, 0);
    REFUSED(map.slot.offset += 1, 0);
    REFUSED(map.slot.size = UINT32_MAX / 8192 * 8192, 0);
    REFUSED(map.slot.offset = UINT32_MAX / 8192 * 8192, 0);
    REFUSED(map.slot.size = 7 * 8192, 1); /* into staging */
    REFUSED(map.staging.erase_unit = 1000, 1);
    REFUSED(map.staging.size -= 1, 1);
    REFUSED(map.staging.size += 2 * map.staging.erase_unit, 2);
    REFUSED(map.journal.size = map.journal.erase_unit, 2);
    REFUSED(map.journal.offset = map.flash_size, 2);
    REFUSED(map.journal.offset = map.slot.offset, 2);
    /* A bank needs room for its snapshot and the seal. */
    REFUSED((map.journal.erase_unit = 2048, map.journal.size = 4096), 2);
    good.program_unit = 1024;
    REFUSED((map.journal.erase_unit = 2048, map.journal.size = 4096), -1);
}

static void slots_that_are_not_alike_or_in_the_way_are_refused(void **state)
{
    struct fota_map good = *rig_map(RIG_MAP_BLOCKS), map;

    (void)state;
    REFUSED(map.other.size -= map.other.erase_unit, 3);
    REFUSED(map.other.erase_unit /= 2, 3);
    REFUSED(map.other.offset = map.slot.offset, 3);
    REFUSED(map.other.offset = map.staging.offset - map.other.erase_unit, 3);
    REFUSED(map.other.offset += 1, 3);
    REFUSED(map.other.size = 0, -1); /* one slot: a map like the others */
}

static void the_old_image_is_kept_exactly_where_there_is_room(void **state)
{
    const struct fota_map *map = rig_map(RIG_MAP_WORD); /* staging: 12 units of 2048 */
    static const struct {
        uint32_t payload, image;
        bool fits;
    } rows[] = {
        {1, 1, true},
        {5 * 2048, 5 * 2048, true},
        {5 * 2048 + 1, 5 * 2048, false},
        {5 * 2048, 5 * 2048 + 1, false},
        {4 * 2048 + 1, 5 * 2048, true},
        {1, 9 * 2048, true},
        {1, 9 * 2048 + 1, false},
        {9 * 2048, 1, true},
        {9 * 2048 + 1, 1, false},
        {0, 10 * 2048, true},
        {0, 10 * 2048 + 1, false},
        {UINT32_MAX, 1, false},
        {1, UINT32_MAX, false},
        {UINT32_MAX, UINT32_MAX, false},
        {12 * 2048, 12 * 2048, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(fota_backup_fits(map, rows[i].payload, rows[i].image), rows[i].fits);
        /* Then payload, copy and its manifest do not meet. */
        if (rows[i].fits)
            assert_true(fota_staging_payload(map) + rows[i].payload <=
                            fota_backup_image(map, rows[i].image) &&
                        fota_backup_image(map, rows[i].image) + rows[i].image <=
                            fota_backup_manifest(map));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_of_any_size_is_written_on_every_family),
        cmocka_unit_test(sizes_around_page_and_unit_borders_are_written),
        cmocka_unit_test(a_region_is_filled_to_its_end_and_not_a_byte_further),
        cmocka_unit_test(a_cell_that_does_not_hold_is_found_wherever_it_is),
        cmocka_unit_test(errors_of_the_flash_are_given_on_as_what_they_are),
        cmocka_unit_test(a_unit_is_copied_stored_and_cleared),
        cmocka_unit_test(a_digest_is_right_for_every_length_and_wrong_for_every_flipped_byte),
        cmocka_unit_test(v19_a_hash_that_fails_is_not_a_good_one),
        cmocka_unit_test(a_header_in_flash_is_judged_byte_by_byte),
        cmocka_unit_test(the_maps_of_all_families_are_possible),
        cmocka_unit_test(impossible_maps_are_refused),
        cmocka_unit_test(slots_that_are_not_alike_or_in_the_way_are_refused),
        cmocka_unit_test(the_old_image_is_kept_exactly_where_there_is_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
