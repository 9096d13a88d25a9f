#include "rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ftp.h"
#include "platform/sim/map.h"
#include "rig_parts.h"

#define KB 1024u

void rig_check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "rig: %s\n", what);
        abort();
    }
}

uint64_t rig_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* ---- maps ------------------------------------------------------------------------------------ */

static const struct fota_map maps[RIG_MAPS + 1] = {
    {"byte",
     40 * KB,
     1,
     {2 * KB, 8 * KB, 2 * KB},
     {12 * KB, 16 * KB, 2 * KB},
     {30 * KB, 4 * KB, 2 * KB},
     {0}},
    {"word",
     72 * KB,
     16,
     {4 * KB, 24 * KB, 4 * KB},
     {30 * KB, 24 * KB, 2 * KB},
     {60 * KB, 4 * KB, 2 * KB},
     {0}},
    {"page",
     176 * KB,
     256,
     {8 * KB, 28 * KB, 2 * KB},
     {40 * KB, 96 * KB, 8 * KB},
     {144 * KB, 8 * KB, 4 * KB},
     {0}},
    {"sector",
     80 * KB,
     512,
     {0, 20 * KB, 4 * KB},
     {24 * KB, 20 * KB, 4 * KB},
     {48 * KB, 8 * KB, 4 * KB},
     {0}},
    {"nand",
     192 * KB,
     2 * KB,
     {8 * KB, 40 * KB, 8 * KB},
     {56 * KB, 80 * KB, 8 * KB},
     {144 * KB, 16 * KB, 8 * KB},
     {0}},
    {"narrow",
     144 * KB,
     2 * KB,
     {0, 40 * KB, 4 * KB},
     {48 * KB, 84 * KB, 4 * KB},
     {132 * KB, 8 * KB, 4 * KB},
     {0}},
    {"slots",
     144 * KB,
     256,
     {8 * KB, 28 * KB, 2 * KB},
     {72 * KB, 32 * KB, 8 * KB},
     {112 * KB, 8 * KB, 4 * KB},
     {40 * KB, 28 * KB, 2 * KB}},
    {"blocks",
     208 * KB,
     2 * KB,
     {8 * KB, 40 * KB, 8 * KB},
     {96 * KB, 16 * KB, 8 * KB},
     {112 * KB, 16 * KB, 8 * KB},
     {48 * KB, 40 * KB, 8 * KB}},
    {"mini",
     112 * KB,
     256,
     {8 * KB, 56 * KB, 2 * KB},
     {64 * KB, 32 * KB, 4 * KB},
     {96 * KB, 8 * KB, 4 * KB},
     {0}},
};

const struct fota_map *rig_map(enum rig_map map)
{
    return &maps[map];
}

/* Never whole units, and the two images of an update differ in length. */
uint32_t rig_image_length(const struct fota_map *map, uint32_t sequence)
{
    uint32_t units = fota_slot_capacity(map) / map->slot.erase_unit;
    uint32_t most = map->program_unit == 1 ? 100 : (units - 1) * map->slot.erase_unit;

    if (map->program_unit == 16)
        most = 5000;
    return most + 37 - sequence % 2 * (most / 3);
}

/* ---- system, flash --------------------------------------------------------------------------- */

static uint64_t sys_now(void *ctx)
{
    return ((struct rig *)ctx)->now_ms;
}

static int64_t sys_time(void *ctx)
{
    return ((struct rig *)ctx)->time;
}

static uint32_t sys_random(void *ctx)
{
    return (uint32_t)rig_random(&((struct rig *)ctx)->random);
}

static void sys_reset(void *ctx)
{
    ((struct rig *)ctx)->resets++;
}

static void sys_alive(void *ctx)
{
    ((struct rig *)ctx)->alive++;
}

static const struct fota_system_ops sys = {sys_now, sys_time, sys_random, sys_reset, sys_alive};

static int before(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    int result = rig->before ? rig->before(rig, op, addr, len) : 0;

    if (result == 0 && op != RIG_READ)
        rig->operations++;
    return result;
}

static int after(struct rig *rig, enum rig_op op, uint32_t addr, size_t len, int err)
{
    if (!err && rig->after)
        rig->after(rig, op, addr, len);
    return err;
}

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct rig *rig = ctx;
    int err = before(rig, RIG_READ, addr, len);

    err = err ? err : rig->real.ops->read(rig->real.ctx, addr, data, len);
    return err > 0 ? 0 : after(rig, RIG_READ, addr, len, err);
}

static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    struct rig *rig = ctx;
    int err = before(rig, RIG_PROGRAM, addr, len);

    err = err ? err : rig->real.ops->program(rig->real.ctx, addr, data, len);
    return err > 0 ? 0 : after(rig, RIG_PROGRAM, addr, len, err);
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    struct rig *rig = ctx;
    int err = before(rig, RIG_ERASE, addr, len);

    err = err ? err : rig->real.ops->erase(rig->real.ctx, addr, len);
    return err > 0 ? 0 : after(rig, RIG_ERASE, addr, len, err);
}

static const struct fota_flash_ops flash = {flash_read, flash_program, flash_erase};

/* ---- life ------------------------------------------------------------------------------------ */

static void lose_power(void *ctx)
{
    struct rig *rig = ctx;

    rig->fired = true;
    rig_check(rig->catching, "a power cut outside of rig_run()");
    longjmp(rig->cut, 1);
}

static void open_flash(struct rig *rig)
{
    if (fota_sim_map_is_nand(rig->map)) {
        rig_check(fota_sim_nand_open(&rig->nand, rig->map, NULL, 1) == 0, "no NAND");
        rig->flash = rig->nand.flash;
        rig->real = fota_nand_flash(&rig->nand.nand);
    } else {
        rig_check(fota_sim_flash_open(rig->map, NULL, 1, &rig->flash) == 0, "no flash");
        rig->real = fota_sim_flash_port(rig->flash);
    }
    fota_sim_flash_on_cut(rig->flash, lose_power, rig);
}

void rig_open_blank(struct rig *rig, const struct fota_map *map)
{
    memset(rig, 0, sizeof *rig);
    rig->map = map;
    rig->time = -1;
    open_flash(rig);
    rig->port = (struct fota_port){
        .map = map,
        .flash = {&flash, rig},
        .net = {&rig_net_ops, rig},
        .system = {&sys, rig},
        .crypto = rig_crypto(),
        .ftp = &fota_ftp_client,
    };
    rig->policy.keys = rig_trusted();
    rig->policy.key_count = 1;
    rig->decoder = malloc(RIG_DECODER_RAM);
    rig->policy.decoder_ram = RIG_DECODER_RAM;
    rig->config = (struct fota_config){&rig->port, fota_model_find(RIG_MODEL), RIG_VENDOR,
                                       &rig->policy, rig->decoder};
    rig->boot = malloc(sizeof *rig->boot);
    rig->memory = malloc(fota_size());
    rig_check(rig->boot && rig->memory && rig->decoder, "no memory");
}

void rig_open(struct rig *rig, const struct fota_map *map)
{
    struct rig_spec spec = {.sequence = 1, .image_length = rig_image_length(map, 1)};
    struct fota_fault fault;

    rig_open_blank(rig, map);
    rig_package_make(&rig->old, &spec);
    rig_check(
        fota_boot_provision(rig->boot, &rig->config, rig->old.data, rig->old.length, &fault) == 0,
        "not provisioned");
}

void rig_close(struct rig *rig)
{
    if (rig->fota)
        fota_close(rig->fota);
    rig_check(rig->server.open == 0, "a connection was left open");
    rig_package_free(&rig->old);
    free(rig->boot);
    free(rig->memory);
    free(rig->decoder);
    fota_sim_flash_close(rig->flash);
}

static void restart_nand(struct rig *rig)
{
    if (rig->nand.flash)
        fota_sim_nand_restart(&rig->nand);
}

static void lose_ram(struct rig *rig)
{
    memset(rig->boot, 0xa5, sizeof *rig->boot);
    memset(rig->memory, 0xa5, fota_size());
    memset(rig->decoder, 0xa5, RIG_DECODER_RAM);
    rig->fota = NULL;
    rig->server.open = 0;
    restart_nand(rig);
}

void rig_load(struct rig *rig, const uint8_t *cells)
{
    memcpy(fota_sim_flash_cells(rig->flash), cells, fota_sim_flash_size(rig->flash));
    restart_nand(rig);
}

bool rig_run(struct rig *rig, void (*life)(struct rig *rig))
{
    rig->fired = false;
    rig->catching = true;
    if (setjmp(rig->cut) == 0)
        life(rig);
    rig->catching = false;
    if (rig->fired) {
        fota_sim_flash_power_on(rig->flash);
        lose_ram(rig);
    }
    return !rig->fired;
}

struct fota_sim_stats rig_stats(const struct rig *rig)
{
    struct fota_sim_stats stats;

    fota_sim_flash_stats(rig->flash, &stats);
    return stats;
}

static void count_erases(struct rig *rig, uint64_t erases)
{
    unsigned now = (unsigned)(rig_stats(rig).erases - erases);

    if (now > rig->most_erases)
        rig->most_erases = now;
}

void rig_forget(struct rig *rig)
{
    if (rig->fota)
        fota_close(rig->fota);
    lose_ram(rig);
}

int rig_boot(struct rig *rig)
{
    int result;

    rig_forget(rig);
    result = fota_boot_start(rig->boot, &rig->config);
    if (rig->power_lost)
        fota_boot_power_lost(rig->boot);
    while (result == FOTA_BOOT_AGAIN) {
        uint64_t erases = rig_stats(rig).erases;

        result = fota_boot_step(rig->boot);
        count_erases(rig, erases);
    }
    return result;
}

int rig_boot_retry(struct rig *rig, unsigned restarts)
{
    int result = rig_boot(rig);

    while (result < 0 && restarts-- > 0)
        result = rig_boot(rig);
    return result;
}

void rig_start(struct rig *rig)
{
    rig_check(fota_open(rig->memory, fota_size(), &rig->config, &rig->fota) == 0, "no engine");
}

int rig_update(struct rig *rig)
{
    struct fota_event event;
    int err;

    rig_start(rig);
    err = fota_update(rig->fota, rig->order, sizeof rig->order);
    return err ? err : rig_finish(rig, &event);
}

bool rig_restart(struct rig *rig)
{
    int result = rig_boot(rig);

    while (result == FOTA_BOOT_UPDATER) {
        rig_update(rig);
        result = rig_boot(rig);
    }
    if (result != FOTA_BOOT_RUN)
        return false;
    rig_start(rig);
    return true;
}

void rig_serve(struct rig *rig, const struct rig_package *package)
{
    rig->server.file = package->data;
    rig->server.length = package->length;
}

#define STEPS_MAX 2000000u

int rig_finish(struct rig *rig, struct fota_event *event)
{
    int error = 0;

    rig->ends = 0;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        uint64_t erases = rig_stats(rig).erases;
        enum fota_step step = fota_step(rig->fota, event);

        count_erases(rig, erases);
        if (event->kind == FOTA_EVENT_END) {
            error = event->fault.error;
            rig->ends++;
        }
        if (step == FOTA_STEP_IDLE) {
            struct fota_event none;

            rig_check(fota_step(rig->fota, &none) == FOTA_STEP_IDLE && none.kind == FOTA_EVENT_NONE,
                      "an event after the end");
            return error;
        }
        if (step == FOTA_STEP_WAIT)
            rig->now_ms += event->wait_ms ? event->wait_ms : 1;
    }
    rig_check(false, "an update that never ends");
    return 0;
}

int rig_download(struct rig *rig)
{
    struct fota_event event;
    int err = fota_download(rig->fota, "http://example.com/app.fota", NULL, NULL);

    return err ? err : rig_finish(rig, &event);
}

int rig_download_mini(struct rig *rig)
{
    struct fota_event event;
    int err =
        fota_download_mini(rig->fota, "http://example.com/1", "http://example.com/2", NULL, NULL);

    return err ? err : rig_finish(rig, &event);
}

int rig_write(struct rig *rig, const uint8_t *data, size_t length, uint32_t total, size_t piece)
{
    struct fota_event event;
    int err;

    while (length) {
        size_t n = length < piece ? length : piece, taken;
        uint64_t erases = rig_stats(rig).erases;

        err = fota_write(rig->fota, data, n, total, &taken);
        count_erases(rig, erases);
        if (err)
            return err;
        data += taken;
        length -= taken;
    }
    err = fota_flush(rig->fota);
    if (!err)
        err = fota_verify(rig->fota);
    return err ? err : rig_finish(rig, &event);
}

/* ---- looking at it, damaging it -------------------------------------------------------------- */

uint8_t *rig_cell(struct rig *rig, uint32_t addr)
{
    return fota_sim_flash_cells(rig->flash) +
           (rig->nand.flash ? fota_sim_nand_address(&rig->nand, addr) : addr);
}

/* Bytes from `addr` on, `length` at most, that follow each other in the cells. */
static size_t run_of(const struct rig *rig, uint32_t addr, size_t length)
{
    uint32_t unit = rig->map->slot.erase_unit;

    return rig->nand.flash && unit - addr % unit < length ? unit - addr % unit : length;
}

static bool is_blank(struct rig *rig, uint32_t addr, size_t length)
{
    for (size_t n; length; addr += (uint32_t)n, length -= n) {
        const uint8_t *cells = rig_cell(rig, addr);

        n = run_of(rig, addr, length);
        if (cells[0] != 0xff || memcmp(cells, cells + 1, n - 1) != 0)
            return false;
    }
    return true;
}

static bool is_same(struct rig *rig, uint32_t addr, const uint8_t *data, size_t length)
{
    for (size_t n; length; addr += (uint32_t)n, data += n, length -= n) {
        n = run_of(rig, addr, length);
        if (memcmp(rig_cell(rig, addr), data, n) != 0)
            return false;
    }
    return true;
}

size_t rig_doubtful(struct rig *rig, uint32_t addr, size_t length)
{
    size_t count = 0;

    for (size_t n; length; addr += (uint32_t)n, length -= n) {
        uint32_t at = (uint32_t)(rig_cell(rig, addr) - fota_sim_flash_cells(rig->flash));

        n = run_of(rig, addr, length);
        count += fota_sim_flash_doubtful(rig->flash, at, n);
    }
    return count;
}

const struct fota_region *rig_slot(struct rig *rig)
{
    return fota_slot_active(rig->map, rig_record(rig).flags);
}

bool rig_slot_runs(struct rig *rig, const struct rig_package *package)
{
    const struct fota_region *active = rig_slot(rig);

    return is_same(rig, active->offset, rig_image(package), package->image_length) &&
           is_same(rig, fota_slot_manifest(active), package->data, package->header_length);
}

bool rig_slot_holds(struct rig *rig, const struct rig_package *package)
{
    const struct fota_region *active = rig_slot(rig);
    size_t length = package->image_length;

    return rig_slot_runs(rig, package) &&
           is_blank(rig, active->offset + (uint32_t)length,
                    fota_slot_capacity(rig->map) - length) &&
           is_blank(rig, fota_slot_manifest(active) + (uint32_t)package->header_length,
                    rig->map->slot.erase_unit - package->header_length);
}

struct fota_record rig_record(struct rig *rig)
{
    struct fota_port port = {.map = rig->map, .flash = rig->real};
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_journal journal;

    rig_check(fota_journal_open(&journal, &port, page) == 0, "no journal");
    return journal.record;
}

void rig_put_record(struct rig *rig, const struct fota_record *record)
{
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_journal journal;

    rig_check(fota_journal_open(&journal, &rig->port, page) == 0 &&
                  fota_journal_write(&journal, record) == 0,
              "no journal");
}

void rig_damage(struct rig *rig, uint32_t addr, uint8_t bits)
{
    *rig_cell(rig, addr) ^= bits;
}
