/*
 * update_world.h - a modem with its old image, and a server with an update for it: what most tests
 * of an update begin with.
 */
#ifndef FOTA_TEST_UPDATE_WORLD_H
#define FOTA_TEST_UPDATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

struct fixture {
    struct rig rig;
    struct rig_package update; /* sequence 2; served */
    uint8_t *copy;             /* of the flash, by remember() */
};

/* Makes another update out of `spec`, with sequence and length as usual, and serves that one. */
static inline void make_update(struct fixture *f, struct rig_spec spec)
{
    rig_package_free(&f->update);
    spec.sequence = 2;
    spec.image_length = rig_image_length(f->rig.map, 2);
    rig_package_make(&f->update, &spec);
    rig_serve(&f->rig, &f->update);
}

/* A modem that was never started, on `map`. */
static inline void open_on(struct fixture *f, enum rig_map map)
{
    memset(f, 0, sizeof *f);
    rig_open(&f->rig, rig_map(map));
    make_update(f, (struct rig_spec){0});
    f->copy = malloc(f->rig.map->flash_size);
    assert_non_null(f->copy);
}

static inline void close_it(struct fixture *f)
{
    assert_int_equal(rig_stats(&f->rig).violations, 0);
    rig_package_free(&f->update);
    rig_close(&f->rig);
    free(f->copy);
}

/* For the set-up of a test. */
static inline int setup_on(void **state, enum rig_map map)
{
    *state = malloc(sizeof(struct fixture));
    if (!*state)
        return -1;
    open_on(*state, map);
    return 0;
}

/* The same, when the application runs already; the server gives the update an ETag. */
static inline int setup_running(void **state, enum rig_map map)
{
    struct fixture *f;

    if (setup_on(state, map))
        return -1;
    f = *state;
    f->rig.server.etag = "\"two\"";
    return rig_restart(&f->rig) ? 0 : -1;
}

static inline int teardown(void **state)
{
    close_it(*state);
    free(*state);
    return 0;
}

/* ---- what happens to it ---------------------------------------------------------------------- */

/* Takes the modem to the point where `update` is staged. */
static inline void stage(struct fixture *f)
{
    assert_true(rig_restart(&f->rig));
    assert_int_equal(rig_download(&f->rig), 0);
    assert_int_equal(rig_record(&f->rig).state, FOTA_STATE_STAGED);
}

static inline void assert_old(struct fixture *f)
{
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

static inline void assert_new(struct fixture *f)
{
    assert_true(rig_slot_holds(&f->rig, &f->update));
}

/* The boot stage installs what is staged, and it runs on trial. */
static inline void assert_installs(struct fixture *f)
{
    assert_true(rig_restart(&f->rig));
    assert_new(f);
}

static inline void install(struct fixture *f)
{
    stage(f);
    assert_installs(f);
}

/* ---- what became of it ----------------------------------------------------------------------- */

static inline struct fota_result result_of(struct fixture *f)
{
    struct fota_result result;

    assert_int_equal(fota_last_result(f->rig.fota, &result), 0);
    return result;
}

static inline uint8_t *cells_of(struct fixture *f)
{
    return fota_sim_flash_cells(f->rig.flash);
}

/* Keeps a copy of the flash, and begins to count operations on it. */
static inline void remember(struct fixture *f)
{
    memcpy(f->copy, cells_of(f), f->rig.map->flash_size);
    f->rig.operations = 0;
}

/* Since remember() the flash is byte-identical, and not even touched. */
static inline void assert_untouched(struct fixture *f)
{
    assert_memory_equal(f->copy, cells_of(f), f->rig.map->flash_size);
    assert_int_equal(f->rig.operations, 0);
}

#endif
