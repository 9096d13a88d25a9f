/*
 * link_world.h - a device with its old image, a package for it, and the network of hairpin.h.
 */
#ifndef FOTA_TEST_LINK_WORLD_H
#define FOTA_TEST_LINK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
#include "hairpin.h"
#include "rig.h"

#define KB      1024u
#define URL     "http://" HAIRPIN_HOST "/app.fota"
#define BY_NAME "http://fota.example/app.fota"
#define IMAGE   60000u
#define HEADER  512u /* of an answer, at most */
#define WINDOW  TCP_WND
#define NEVER   UINT64_MAX

static const struct fota_map map = {
    .name = "link",
    .flash_size = 256 * KB,
    .program_unit = 256,
    .slot = {0, 80 * KB, 4 * KB},
    .staging = {80 * KB, 160 * KB, 4 * KB},
    .journal = {240 * KB, 8 * KB, 4 * KB},
};

struct fixture {
    struct rig rig;
    struct rig_package package;
    struct fota_limits limits;
};

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    *state = f;
    rig_open(&f->rig, &map);
    rig_package_make(&f->package, &(struct rig_spec){.sequence = 2, .image_length = IMAGE});
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;

    rig_close(&f->rig);
    rig_package_free(&f->package);
    free(f);
    return 0;
}

/* A new network, and the device in it with its old image. */
static inline void begin(struct fixture *f, uint64_t seed)
{
    f->rig.port.net = hairpin_open(seed);
    f->rig.port.system = hairpin_system();
    hairpin_server.file = f->package.data;
    hairpin_server.length = f->package.length;
    hairpin_server.etag = "1";
    assert_true(rig_restart(&f->rig));
}

static inline void end(struct fixture *f)
{
    fota_close(f->rig.fota);
    f->rig.fota = NULL;
    hairpin_close();
}

static inline void wait_ms(struct fixture *f, uint32_t ms)
{
    const struct fota_net *net = &f->rig.port.net;

    net->ops->wait(net->ctx, ms);
}

static inline int start(struct fixture *f, const char *url)
{
    return fota_download(f->rig.fota, url, NULL, &f->limits);
}

static inline enum fota_step step(struct fixture *f, struct fota_event *event)
{
    enum fota_step step = fota_step(f->rig.fota, event);

    if (step == FOTA_STEP_WAIT)
        wait_ms(f, event->wait_ms ? event->wait_ms : 1);
    return step;
}

/* Steps until the update's end, or until `bytes` were received or `ms` passed; the event's error,
 * or 1 when it goes on. */
static inline int drive(struct fixture *f, uint64_t bytes, uint64_t ms)
{
    uint64_t until_ms = ms == NEVER ? NEVER : hairpin_now_ms() + ms;
    unsigned ends = 0;
    int error = 0;

    while (hairpin_received() < bytes && hairpin_now_ms() < until_ms) {
        struct fota_event event;
        enum fota_step next = step(f, &event);

        if (event.kind == FOTA_EVENT_END) {
            error = event.fault.error;
            ends++;
        }
        if (next == FOTA_STEP_IDLE) {
            assert_int_equal(ends, 1);
            return error;
        }
    }
    return 1;
}

static inline int finish(struct fixture *f)
{
    return drive(f, NEVER, NEVER);
}

/* What is staged is installed: all of it arrived as it was sent. */
static inline void assert_installs(struct fixture *f)
{
    end(f);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_RUN);
    assert_true(rig_slot_holds(&f->rig, &f->package));
    rig_close(&f->rig);
    rig_open(&f->rig, &map);
}

/* The old image runs, and nothing waits to be installed. */
static inline void assert_untouched(struct fixture *f)
{
    end(f);
    assert_int_equal(rig_boot(&f->rig), FOTA_BOOT_RUN);
    assert_true(rig_slot_holds(&f->rig, &f->rig.old));
}

/* Bytes that come at most where `times` attempts went on from the last noted erase unit. */
static inline uint64_t most_bytes(const struct fixture *f, unsigned times)
{
    return f->package.length + HEADER +
           times * (uint64_t)(map.staging.erase_unit + HEADER + WINDOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
