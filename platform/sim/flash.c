/*
 * flash.c - the simulated flash: what its operations do, break, and cost.
 */
#include "platform/sim/flash.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fota_error.h"
#include "platform/sim/store.h"
#include "platform/sim/weak.h"

/* Of a NAND's block, in its wear counter. */
#define BAD  0x80000000u /* marked as bad */
#define WORN 0x40000000u /* takes its first page only */
#define WEAR 0x3fffffffu

struct fota_sim_flash {
    struct fota_sim_store store;
    uint64_t random;
    bool powered;
    uint64_t cut_after; /* operations until the cut, 0: none */
    enum fota_sim_cut cut_mode;
    struct fota_sim_weak weak;
    uint64_t fail_after, fail_count, failed; /* operations, or reads; 0: none */
    uint32_t failed_at;
    enum fota_sim_fault fault;
    void (*on_cut)(void *ctx);
    void *on_cut_ctx;
};

int fota_sim_flash_open(const struct fota_map *map, const char *path, uint64_t seed,
                        struct fota_sim_flash **flash)
{
    return fota_sim_flash_open_with(map, NULL, path, seed, flash);
}

int fota_sim_flash_open_with(const struct fota_map *map, const struct fota_region *spare,
                             const char *path, uint64_t seed, struct fota_sim_flash **flash)
{
    struct fota_sim_flash *made;
    int error;

    *flash = NULL;
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return FOTA_ERR_MEMORY;
    error = fota_sim_store_open(&made->store, map, spare, path);
    if (error) {
        free(made);
        return error;
    }
    made->random = seed;
    fota_sim_weak_init(&made->weak, made->store.identity.flash_size, ~seed);
    made->powered = true;
    *flash = made;
    return 0;
}

void fota_sim_flash_close(struct fota_sim_flash *flash)
{
    if (flash == NULL)
        return;
    fota_sim_weak_free(&flash->weak);
    fota_sim_store_close(&flash->store);
    free(flash);
}

/* ---- the power cut --------------------------------------------------------------------------- */

static uint64_t next_random(struct fota_sim_flash *flash)
{
    return fota_sim_random(&flash->random);
}

/* A byte of random bits. An operation may be cut early or late, so the bits of one cut are mostly 0
 * (depth -2: one in eight is set) up to mostly 1 (depth 2). */
static uint8_t random_bits(struct fota_sim_flash *flash, int depth)
{
    uint64_t bits = next_random(flash);
    uint64_t result = bits;

    for (int i = 1; i <= (depth < 0 ? -depth : depth); i++) {
        bits >>= 8;
        result = depth < 0 ? result & bits : result | bits;
    }
    return (uint8_t)result;
}

/* The bits of byte `at` of `len` that a cut operation still gets to change. */
static uint8_t done_bits(struct fota_sim_flash *flash, enum fota_sim_cut mode, int depth, size_t at,
                         size_t len)
{
    bool first = at < len / 2;

    switch (mode) {
    case FOTA_SIM_CUT_BEFORE: return 0;
    case FOTA_SIM_CUT_FIRST_HALF: return len == 1 ? 0x0F : first ? 0xFF : 0;
    case FOTA_SIM_CUT_SECOND_HALF: return len == 1 ? 0xF0 : first ? 0 : 0xFF;
    case FOTA_SIM_CUT_RANDOM:
    case FOTA_SIM_CUT_UNSTABLE:
    case FOTA_SIM_CUT_UNREADABLE: return random_bits(flash, depth);
    default: return 0xFF; /* FOTA_SIM_CUT_AFTER, _MARGINAL, _ONE_UNSTABLE */
    }
}

/* One operation: `data` into the cells at `addr`, or an erase where it is NULL. */
static void change(struct fota_sim_flash *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    if (data == NULL) {
        memset(flash->store.cells + addr, FOTA_SIM_ERASED, len);
        fota_sim_weak_erased(&flash->weak, addr, len);
    } else if (fota_sim_weak_flagged(&flash->weak, addr, len, FOTA_SIM_WEAK_UNERASED)) {
        for (size_t i = 0; i < len; i++)
            flash->store.cells[addr + i] &= data[i]; /* as NOR does with what was not erased */
    } else {
        memcpy(flash->store.cells + addr, data, len);
        fota_sim_weak_programmed(&flash->weak, addr, data, len);
    }
    fota_sim_weak_restore(&flash->weak, flash->store.cells, addr, len);
}

/* The defects that a cut of `mode` leaves in one byte. `changed`: the bits that the operation
 * changes. */
static void weaken(struct fota_sim_flash *flash, enum fota_sim_cut mode, bool program,
                   uint8_t changed, struct fota_sim_weak_cell *cell)
{
    switch (mode) {
    case FOTA_SIM_CUT_UNSTABLE: cell->unstable |= changed & random_bits(flash, 0); break;
    case FOTA_SIM_CUT_MARGINAL:
        if (program)
            cell->fading |= changed & random_bits(flash, -2);
        else
            cell->soft |= random_bits(flash, -2);
        break;
    case FOTA_SIM_CUT_UNREADABLE: cell->flags |= FOTA_SIM_WEAK_UNREADABLE; break;
    default: break;
    }
}

/* Makes one bit unstable that the operation changes, from a random place on. */
static void weaken_one(struct fota_sim_flash *flash, const uint8_t *old, const uint8_t *data,
                       size_t len, struct fota_sim_weak_cell *cells)
{
    size_t start = (size_t)(next_random(flash) % len);

    for (size_t i = 0; i < len; i++) {
        size_t at = (start + i) % len;
        uint8_t changed = (uint8_t)(old[at] ^ (data ? data[at] : FOTA_SIM_ERASED));

        if (changed) {
            cells[at].unstable |= changed & (uint8_t)-changed;
            return;
        }
    }
}

static void change_torn(struct fota_sim_flash *flash, enum fota_sim_cut mode, uint32_t addr,
                        const uint8_t *data, size_t len)
{
    int depth = (int)(next_random(flash) % 5) - 2;
    struct fota_sim_weak_cell *weak =
        mode > FOTA_SIM_CUT_AFTER ? fota_sim_weak_at(&flash->weak, addr) : NULL;

    /* A cut so early that a single bit has begun to change. */
    bool barely = mode == FOTA_SIM_CUT_UNSTABLE && next_random(flash) % 3 == 0;

    if ((mode == FOTA_SIM_CUT_ONE_UNSTABLE || barely) && weak)
        weaken_one(flash, flash->store.cells + addr, data, len, weak);
    if (barely)
        return;
    for (size_t i = 0; i < len; i++) {
        uint8_t done = done_bits(flash, mode, depth, i, len);
        uint8_t *cell = &flash->store.cells[addr + i];
        uint8_t target = data ? data[i] : FOTA_SIM_ERASED;

        if (weak)
            weaken(flash, mode, data != NULL, *cell ^ target, &weak[i]);
        *cell = (uint8_t)((*cell & ~done) | (target & done));
    }
    fota_sim_weak_restore(&flash->weak, flash->store.cells, addr, len);
}

/* Counts down to the cut; true when it falls on the operation that begins now. */
static bool cut_now(struct fota_sim_flash *flash)
{
    return flash->cut_after != 0 && --flash->cut_after == 0;
}

/* The same for an operation that fails with the power on. */
static bool fail_now(struct fota_sim_flash *flash, uint32_t addr)
{
    if (flash->fail_after == 0 || --flash->fail_after != 0)
        return false;
    flash->failed++;
    flash->failed_at = addr;
    flash->fail_after = --flash->fail_count != 0;
    return true;
}

/* May not return. Nothing of the flash is touched after it. */
static void lose_power(struct fota_sim_flash *flash)
{
    flash->powered = false;
    if (flash->on_cut)
        flash->on_cut(flash->on_cut_ctx);
}

void fota_sim_flash_cut(struct fota_sim_flash *flash, uint64_t operation, enum fota_sim_cut mode)
{
    flash->cut_after = operation;
    flash->cut_mode = mode;
}

void fota_sim_flash_on_cut(struct fota_sim_flash *flash, void (*on_cut)(void *ctx), void *ctx)
{
    flash->on_cut = on_cut;
    flash->on_cut_ctx = ctx;
}

void fota_sim_flash_power_on(struct fota_sim_flash *flash)
{
    flash->powered = true;
}

void fota_sim_flash_power_off(struct fota_sim_flash *flash)
{
    flash->powered = false;
}

static void fail_silently(struct fota_sim_flash *flash, uint32_t addr, const uint8_t *data,
                          size_t len)
{
    struct fota_sim_weak_cell *weak = data ? NULL : fota_sim_weak_at(&flash->weak, addr);

    /* To program it breaks no rule, because the erase reported success. */
    for (size_t i = 0; weak && i < len; i++)
        weak[i].flags |= FOTA_SIM_WEAK_UNERASED;
}

static void stick_one(struct fota_sim_flash *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t cell = flash->store.cells[addr + i];
        uint8_t changed = (uint8_t)(cell ^ (data ? data[i] : FOTA_SIM_ERASED));

        if (changed) {
            fota_sim_weak_stick(&flash->weak, addr + (uint32_t)i, changed & (uint8_t)-changed,
                                cell);
            break;
        }
    }
    change(flash, addr, data, len);
}

/* One operation with the power on. False: it returns an error. */
static bool operate(struct fota_sim_flash *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    if (flash->fault == FOTA_SIM_FAULT_READ || !fail_now(flash, addr)) {
        change(flash, addr, data, len);
        return true;
    }
    switch (flash->fault) {
    case FOTA_SIM_FAULT_TORN: change_torn(flash, FOTA_SIM_CUT_RANDOM, addr, data, len); break;
    case FOTA_SIM_FAULT_ALARM: change(flash, addr, data, len); break;
    case FOTA_SIM_FAULT_SILENT: fail_silently(flash, addr, data, len); return true;
    case FOTA_SIM_FAULT_STUCK: stick_one(flash, addr, data, len); return true;
    default: break; /* FOTA_SIM_FAULT_ERROR */
    }
    return false;
}

void fota_sim_flash_fail(struct fota_sim_flash *flash, uint64_t operation, uint64_t count,
                         enum fota_sim_fault fault)
{
    flash->fail_after = operation;
    flash->fail_count = count;
    flash->fault = fault;
}

void fota_sim_flash_seed(struct fota_sim_flash *flash, uint64_t seed)
{
    flash->random = seed;
    flash->weak.random = ~seed;
}

uint64_t fota_sim_flash_failed(const struct fota_sim_flash *flash)
{
    return flash->failed;
}

uint32_t fota_sim_flash_failed_at(const struct fota_sim_flash *flash)
{
    return flash->failed_at;
}

bool fota_sim_flash_powered(const struct fota_sim_flash *flash)
{
    return flash->powered;
}

/* ---- operations ------------------------------------------------------------------------------ */

#if defined(__GNUC__)
static int violation(struct fota_sim_flash *flash, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif

/* Notes a broken rule and gives back `error`. */
static int violation(struct fota_sim_flash *flash, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(flash->store.state->violation, sizeof flash->store.state->violation, format,
              arguments);
    va_end(arguments);
    flash->store.state->stats.violations++;
    return error;
}

/* The owned region that holds `addr`, NULL if none does. */
static const struct fota_region *region_of(const struct fota_sim_flash *flash, uint32_t addr)
{
    for (size_t i = 0; i < FOTA_SIM_REGIONS; i++) {
        const struct fota_region *region = &flash->store.identity.regions[i];

        if (addr >= region->offset && addr - region->offset < region->size)
            return region;
    }
    return NULL;
}

/* The wear counter of the erase unit that holds `addr`, NULL outside the owned regions. */
static uint32_t *wear_of(const struct fota_sim_flash *flash, uint32_t addr)
{
    const struct fota_region *region = region_of(flash, addr);
    uint32_t *wear = flash->store.wear;

    if (region == NULL)
        return NULL;
    for (const struct fota_region *r = flash->store.identity.regions; r < region; r++)
        wear += r->size != 0 ? r->size / r->erase_unit : 0;
    return wear + (addr - region->offset) / region->erase_unit;
}

static bool flagged(const struct fota_sim_flash *flash, uint32_t addr, uint32_t flag)
{
    const uint32_t *wear = wear_of(flash, addr);

    return wear && *wear & flag;
}

/* Erased, as far as it can be: a dead cell is nobody's fault. */
static bool blank(const struct fota_sim_flash *flash, uint32_t addr, size_t len)
{
    const uint8_t *cells = flash->store.cells + addr;

    if (cells[0] == FOTA_SIM_ERASED && memcmp(cells, cells + 1, len - 1) == 0)
        return true;
    for (size_t i = 0; i < len; i++)
        if ((cells[i] | fota_sim_weak_stuck(&flash->weak, addr + (uint32_t)i)) != FOTA_SIM_ERASED)
            return false;
    return true;
}

static int program_allowed(struct fota_sim_flash *flash, uint32_t addr, size_t len)
{
    uint32_t unit = flash->store.identity.program_unit;
    const struct fota_region *region = region_of(flash, addr);

    if (region == NULL) {
        return violation(flash, FOTA_ERR_FLASH_PROGRAM,
                         "program of %zu bytes at 0x%" PRIX32 ": outside the owned regions", len,
                         addr);
    }
    if (addr % unit != 0 || len % unit != 0) {
        return violation(flash, FOTA_ERR_FLASH_PROGRAM,
                         "program of %zu bytes at 0x%" PRIX32
                         ": not a multiple of the program unit %" PRIu32,
                         len, addr, unit);
    }
    if (len > region->erase_unit - addr % region->erase_unit) {
        return violation(flash, FOTA_ERR_FLASH_PROGRAM,
                         "program of %zu bytes at 0x%" PRIX32
                         ": crosses the end of an erase unit of %" PRIu32,
                         len, addr, region->erase_unit);
    }
    if (flagged(flash, addr, BAD))
        return violation(flash, FOTA_ERR_FLASH_PROGRAM, "program at 0x%" PRIX32 ": a bad block",
                         addr);
    for (uint32_t at = addr; at < addr + len; at += unit) {
        if (fota_sim_weak_flagged(&flash->weak, at, unit, FOTA_SIM_WEAK_UNERASED))
            continue;
        if (!blank(flash, at, unit) || fota_sim_weak_count(&flash->weak, at, unit) != 0) {
            return violation(flash, FOTA_ERR_FLASH_PROGRAM,
                             "program of %zu bytes at 0x%" PRIX32 ": the unit at 0x%" PRIX32
                             " was programmed since its erase",
                             len, addr, at);
        }
    }
    return 0;
}

static int erase_allowed(struct fota_sim_flash *flash, uint32_t addr, uint32_t len)
{
    const struct fota_region *region = region_of(flash, addr);

    if (region == NULL) {
        return violation(flash, FOTA_ERR_FLASH_ERASE,
                         "erase of %" PRIu32 " bytes at 0x%" PRIX32 ": outside the owned regions",
                         len, addr);
    }
    if (addr % region->erase_unit != 0 || len != region->erase_unit) {
        return violation(flash, FOTA_ERR_FLASH_ERASE,
                         "erase of %" PRIu32 " bytes at 0x%" PRIX32
                         ": not one erase unit of %" PRIu32,
                         len, addr, region->erase_unit);
    }
    if (flagged(flash, addr, BAD))
        return violation(flash, FOTA_ERR_FLASH_ERASE, "erase at 0x%" PRIX32 ": a bad block", addr);
    return 0;
}

static int sim_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    struct fota_sim_flash *flash = ctx;
    uint32_t size = flash->store.identity.flash_size;

    if (!flash->powered)
        return FOTA_ERR_FLASH_READ;
    if (addr > size || len > size - addr) {
        return violation(flash, FOTA_ERR_FLASH_READ,
                         "read of %zu bytes at 0x%" PRIX32 ": past the end of the flash", len,
                         addr);
    }
    flash->store.state->stats.reads++;
    if (flash->fault == FOTA_SIM_FAULT_READ && fail_now(flash, addr))
        return FOTA_ERR_FLASH_READ;
    if (len > 0)
        memcpy(data, flash->store.cells + addr, len);
    flash->store.state->stats.bytes_read += len;
    return fota_sim_weak_read(&flash->weak, addr, data, len) ? 0 : FOTA_ERR_FLASH_ECC;
}

static int sim_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    struct fota_sim_flash *flash = ctx;
    struct fota_sim_stats *stats = &flash->store.state->stats;
    uint32_t unit = flash->store.identity.program_unit;
    int error;

    if (!flash->powered)
        return FOTA_ERR_FLASH_PROGRAM;
    error = program_allowed(flash, addr, len);
    if (error)
        return error;
    for (size_t done = 0; done < len; done += unit) {
        const uint8_t *from = (const uint8_t *)data + done;
        uint32_t to = addr + (uint32_t)done;
        bool cut = cut_now(flash);

        if (!cut || flash->cut_mode != FOTA_SIM_CUT_BEFORE) {
            stats->programs++;
            stats->bytes_programmed += unit;
        }
        if (cut) {
            change_torn(flash, flash->cut_mode, to, from, unit);
            lose_power(flash);
            return FOTA_ERR_FLASH_PROGRAM;
        }
        if (flagged(flash, to, WORN) && to % region_of(flash, to)->erase_unit != 0) {
            (void)(flash->fault != FOTA_SIM_FAULT_READ && fail_now(flash, to)); /* it counts */
            change_torn(flash, FOTA_SIM_CUT_RANDOM, to, from, unit);
            return FOTA_ERR_FLASH_PROGRAM;
        }
        if (!operate(flash, to, from, unit))
            return FOTA_ERR_FLASH_PROGRAM;
    }
    return 0;
}

static int sim_erase(void *ctx, uint32_t addr, uint32_t len)
{
    struct fota_sim_flash *flash = ctx;
    struct fota_sim_stats *stats = &flash->store.state->stats;
    bool cut;
    int error;

    if (!flash->powered)
        return FOTA_ERR_FLASH_ERASE;
    error = erase_allowed(flash, addr, len);
    if (error)
        return error;
    cut = cut_now(flash);
    /* An erase that began wears the unit out, whether it ended or not. */
    if (!cut || flash->cut_mode != FOTA_SIM_CUT_BEFORE) {
        uint32_t wear = ++*wear_of(flash, addr) & WEAR;

        stats->erases++;
        stats->most_erased = wear > stats->most_erased ? wear : stats->most_erased;
    }
    if (cut) {
        change_torn(flash, flash->cut_mode, addr, NULL, len);
        lose_power(flash);
        return FOTA_ERR_FLASH_ERASE;
    }
    return operate(flash, addr, NULL, len) ? 0 : FOTA_ERR_FLASH_ERASE;
}

/* ---- looking at it --------------------------------------------------------------------------- */

struct fota_flash fota_sim_flash_port(struct fota_sim_flash *flash)
{
    static const struct fota_flash_ops ops = {sim_read, sim_program, sim_erase};

    return (struct fota_flash){&ops, flash};
}

void fota_sim_flash_stats(const struct fota_sim_flash *flash, struct fota_sim_stats *stats)
{
    *stats = flash->store.state->stats;
}

uint32_t fota_sim_flash_wear(const struct fota_sim_flash *flash, uint32_t addr)
{
    const uint32_t *wear = wear_of(flash, addr);

    return wear ? *wear & WEAR : 0;
}

void fota_sim_flash_mark_bad(struct fota_sim_flash *flash, uint32_t addr)
{
    uint32_t *wear = wear_of(flash, addr);

    if (wear)
        *wear |= BAD;
}

bool fota_sim_flash_is_bad(const struct fota_sim_flash *flash, uint32_t addr)
{
    return flagged(flash, addr, BAD);
}

void fota_sim_flash_wear_out(struct fota_sim_flash *flash, uint32_t addr)
{
    uint32_t *wear = wear_of(flash, addr);

    if (wear)
        *wear |= WORN;
}

uint32_t fota_sim_flash_size(const struct fota_sim_flash *flash)
{
    return flash->store.identity.flash_size;
}

const char *fota_sim_flash_violation(const struct fota_sim_flash *flash)
{
    return flash->store.state->violation;
}

size_t fota_sim_flash_doubtful(const struct fota_sim_flash *flash, uint32_t addr, size_t length)
{
    return fota_sim_weak_count(&flash->weak, addr, length);
}

const char *fota_sim_cut_name(enum fota_sim_cut mode)
{
    static const char *const names[FOTA_SIM_CUTS] = {
        "before",   "first half", "second half",  "random",     "after",
        "unstable", "marginal",   "one unstable", "unreadable",
    };

    return (unsigned)mode < FOTA_SIM_CUTS ? names[mode] : "";
}

const char *fota_sim_fault_name(enum fota_sim_fault fault)
{
    static const char *const names[FOTA_SIM_FAULTS] = {
        "error", "torn", "alarm", "silent", "stuck", "read",
    };

    return (unsigned)fault < FOTA_SIM_FAULTS ? names[fault] : "";
}

uint8_t *fota_sim_flash_cells(struct fota_sim_flash *flash)
{
    return flash->store.cells;
}
