/* One life of a modem: provisioned, updated, disturbed; and what must be true at any moment. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "powercut.h"

#define LIVES_MAX         24u     /* resets after which a life is said never to end */
#define STEPS_MAX         100000u /* of the boot stage, likewise */
#define UPDATER_STEPS_MAX 20000u
#define RECORD_SIZE       96u /* docs/flash-layout.md */
#define SHOWN             10u /* failures that are described without --verbose */

void powercut_fail(struct campaign *c, const char *why)
{
    if (!c->failure[0])
        snprintf(c->failure, sizeof c->failure, "%s", why);
}

static struct campaign *campaign_of(struct rig *rig)
{
    return (struct campaign *)((char *)rig - offsetof(struct campaign, rig));
}

/* Of a bank of the journal, bytes. */
static uint32_t slot_size(const struct fota_map *map)
{
    return (RECORD_SIZE + map->program_unit - 1) / map->program_unit * map->program_unit;
}

static uint64_t operations(const struct campaign *c)
{
    struct fota_sim_stats stats = rig_stats(&c->rig);

    return stats.programs + stats.erases;
}

/* ---- invariants ------------------------------------------------------------------------------ */

/* States in the order in which an update passes through them. */
static int order_of(uint8_t state, uint8_t outcome)
{
    switch ((enum fota_state)state) {
    case FOTA_STATE_DOWNLOADING: return 1;
    case FOTA_STATE_STAGED: return 2;
    case FOTA_STATE_BACKING_UP: return 3;
    case FOTA_STATE_UPDATING:
    case FOTA_STATE_INSTALLING: return 4;
    case FOTA_STATE_TRIAL: return 5;
    case FOTA_STATE_REVERTING: return 6;
    default: return outcome == FOTA_OUTCOME_NONE ? 0 : 7;
    }
}

/* Invariants 4 and 8: what the journal was told is never taken back. */
static bool behind(const struct stand *now, const struct stand *floor)
{
    /* A mini fota whose application used up its starts fetches it again. */
    if (now->order == 4 && floor->order == 5 && now->replaced == floor->replaced + 1)
        return false;
    if (now->order != floor->order)
        return now->order < floor->order;
    if (now->order == 5)
        return now->tries > floor->tries;
    return now->progress < floor->progress || now->replaced < floor->replaced;
}

static bool begins_again(const struct campaign *c, const struct stand *now)
{
    return c->scenario->begins_again && now->order == 1 && now->progress == 0;
}

/* A record that was programmed and returned, read by its documented layout: not by the code that
 * is on trial here. */
static void told(struct campaign *c, const uint8_t *record)
{
    struct stand now = {.order = order_of(record[10], record[13]),
                        .progress = fota_get32(record + 20),
                        .replaced = fota_get32(record + 80),
                        .tries = record[11]};

    if (!c->lenient && behind(&now, &c->stand) && !begins_again(c, &now))
        powercut_fail(c, "a record that goes back was written");
    if (!c->lenient && fota_get32(record + 24) != 0 && !c->confirmed)
        powercut_fail(c, "the counter was raised before the confirm");
    c->stand = now;
    c->noted = true;
}

/* After each operation; a seal makes the snapshot before it count. */
static void watch(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    const struct fota_region *journal = &rig->map->journal;
    struct campaign *c = campaign_of(rig);
    uint32_t size = slot_size(rig->map), slot;

    if (op != RIG_READ && !c->lenient && !c->noted &&
        !(addr >= journal->offset && addr - journal->offset < journal->size))
        powercut_fail(c, "flash was changed before a record of this power session");
    if (op != RIG_PROGRAM || addr < journal->offset || addr - journal->offset >= journal->size)
        return;
    slot = (addr - journal->offset) % journal->erase_unit / size;
    if (slot == 1)
        told(c, rig_cell(rig, addr - size));
    else if (slot > 1 && len == size)
        told(c, rig_cell(rig, addr));
}

void powercut_look(struct campaign *c)
{
    struct fota_record r;
    struct stand now;

    if (rig_stats(&c->rig).violations)
        powercut_fail(c, fota_sim_flash_violation(c->rig.flash));
    if (c->lenient)
        return;
    r = rig_record(&c->rig);
    now = (struct stand){order_of(r.state, r.outcome), r.progress, r.replaced, r.tries};
    if (behind(&now, &c->stand) && !begins_again(c, &now))
        powercut_fail(c, "the journal went back");
    if (r.counter != 0 && !c->confirmed)
        powercut_fail(c, "the counter was raised before the confirm");
    if (r.state == FOTA_STATE_IDLE && r.outcome == FOTA_OUTCOME_FAILED)
        powercut_fail(c, "the update was given up");
}

/* Do cells of the slot that runs read as something else now or later? */
static bool is_in_doubt(struct campaign *c, const struct rig_package *package)
{
    const struct fota_region *slot = rig_slot(&c->rig);
    uint32_t length = (uint32_t)package->image_length;

    return rig_doubtful(&c->rig, slot->offset, length) != 0 ||
           rig_doubtful(&c->rig, fota_slot_manifest(slot), FOTA_HEADER_MAX) != 0;
}

/* Invariant 7. The journal's newest record is settled by boot_once_more(). */
static void look_for_doubt(struct campaign *c)
{
    if (is_in_doubt(c, c->reverted ? &c->old : &c->update))
        powercut_fail(c, "unstable bits in the image at the end");
}

/* Invariant 15: a unit of slot and staging is erased once an update, once more when the old image
 * comes back, and once more a cut; a spare one as often as a segment passes through it. */
static void look_at_wear(struct campaign *c)
{
    const struct fota_region *regions[] = {&c->map->slot, &c->map->staging, &c->map->other};
    unsigned updates = 1 + (c->stand.order >= 6);

    for (size_t i = 0; i < 3; i++)
        for (uint32_t at = 0; at < regions[i]->size; at += regions[i]->erase_unit) {
            uint32_t addr = regions[i]->offset + at;
            unsigned each = i == 1 && c->spare_wear ? c->spare_wear : 1;

            if (fota_sim_flash_wear(c->rig.flash, addr) > updates * each + c->cuts_done)
                powercut_fail(c, "a unit was erased more often than published");
        }
}

/* The network's budget: what a cut takes is at most one erase unit and what was in RAM. */
static void look_at_traffic(struct campaign *c)
{
    struct fota_place place = fota_payload_place(c->map, 0, c->format);
    uint64_t again = 2u * place.region->erase_unit + 2u * FOTA_HEADER_MAX + 4096u;

    uint64_t rounds = c->updater.data ? 1 + c->stand.replaced : 1;

    if (c->rig.server.sent > c->updater.length + rounds * c->update.length + c->cuts_done * again)
        powercut_fail(c, "too many bytes were fetched twice");
}

/* ---- a life ---------------------------------------------------------------------------------- */

/* The boot stage to its end; a flash that fails resets it. Invariant 16. */
static int boot(struct campaign *c)
{
    struct rig *rig = &c->rig;
    uint64_t unit = c->map->slot.erase_unit > c->map->staging.erase_unit
                        ? c->map->slot.erase_unit
                        : c->map->staging.erase_unit;
    unsigned nand = rig->nand.flash != NULL;
    int result;

    rig_forget(rig);
    result = fota_boot_start(rig->boot, &rig->config);
    for (unsigned i = 0; result == FOTA_BOOT_AGAIN; i++) {
        struct fota_sim_stats before = rig_stats(rig), after;

        if (i == STEPS_MAX) {
            powercut_fail(c, "a boot stage that does not end");
            return FOTA_BOOT_NOTHING;
        }
        result = fota_boot_step(rig->boot);
        after = rig_stats(rig);
        c->steps++;
        /* A failed unit is followed by the record that says so. A block of a NAND that fails is
         * copied, and its table may move: each erases one. */
        if (after.erases - before.erases > (c->lenient ? 2u : 1u) + 2 * nand ||
            after.bytes_programmed - before.bytes_programmed >
                (1 + nand) * unit + (3 + 4 * nand) * FOTA_PROGRAM_UNIT_MAX)
            powercut_fail(c, "one step did more than one unit");
    }
    return result;
}

static void recovered(struct campaign *c, bool new)
{
    uint8_t state = c->rig.boot->journal.record.state;

    if (c->cuts_done == c->disturbance->cut_count && !c->lenient &&
        (state == FOTA_STATE_STAGED || state == FOTA_STATE_BACKING_UP ||
         state == FOTA_STATE_INSTALLING || state == FOTA_STATE_REVERTING))
        powercut_fail(c, "an undisturbed boot did not finish");
    c->recovering = false;
    c->recovery = operations(c) - c->cut_at;
    c->after = state == FOTA_STATE_TRIAL  ? "trial"
               : new                      ? "new"
               : state != FOTA_STATE_IDLE ? "downloading"
                                          : "old";
}

/* What lies behind image and manifest is erased, unless the flash failed to. */
static bool holds(struct campaign *c, const struct rig_package *package)
{
    return c->lenient ? rig_slot_runs(&c->rig, package) : rig_slot_holds(&c->rig, package);
}

/* Invariant 3. */
static void run(struct campaign *c)
{
    bool old = holds(c, &c->old), new = holds(c, &c->update);

    if (!old && !new) {
        powercut_fail(c, "neither the old image nor the new one");
        return;
    }
    if (new && c->first == 0 && c->scenario->from_trial)
        c->first = operations(c);
    if (c->recovering)
        recovered(c, new);
    if (c->disturbance->junk && c->cuts_done) {
        c->done = true; /* where the journal is lost, so is the story */
        c->reverted = old;
        return;
    }
    rig_start(&c->rig);
    (old ? c->scenario->old_runs : c->scenario->new_runs)(c);
}

static bool lies_in(uint32_t addr, const struct fota_region *region)
{
    return addr >= region->offset && addr - region->offset < region->size;
}

/* One of the slot that neither image may be able to do with, or in place one of the ring; or one of
 * a bank of the journal that has room for one pair of snapshot and seal only. */
static bool vital_cell_is_dead(const struct campaign *c)
{
    const struct fota_map *map = c->map;
    uint32_t addr = fota_sim_flash_failed_at(c->rig.flash);

    if (c->disturbance->fail_at == 0 || c->disturbance->fault != FOTA_SIM_FAULT_STUCK)
        return false;
    if (c->rig.nand.flash)
        return true; /* any block may stand for one of the slot */
    return lies_in(addr, &map->slot) || lies_in(addr, &map->other) ||
           (c->in_place && lies_in(addr, &map->staging)) ||
           (map->journal.erase_unit < 4 * slot_size(map) && lies_in(addr, &map->journal));
}

/* The resident updater, to its reset. Where a cell of the slot is dead it goes on for ever. */
static void update(struct campaign *c)
{
    struct fota_event event = {0};
    struct rig *rig = &c->rig;

    rig_start(rig);
    if (fota_update(rig->fota, rig->order, sizeof rig->order) != 0)
        return;
    for (unsigned i = 0; i < UPDATER_STEPS_MAX; i++) {
        if (fota_step(rig->fota, &event) == FOTA_STEP_WAIT)
            rig->now_ms += event.wait_ms;
        if (event.kind == FOTA_EVENT_END)
            return;
    }
    if (!vital_cell_is_dead(c))
        powercut_fail(c, "an updater that does not end");
    c->done = c->dark = true;
}

/* From reset to reset; a cut leaves it by longjmp. */
static void live(struct rig *rig)
{
    struct campaign *c = campaign_of(rig);

    while (!c->done && !c->failure[0] && c->resets++ < LIVES_MAX) {
        int result = boot(c);

        powercut_look(c);
        if (result == FOTA_BOOT_RUN)
            run(c);
        else if (result == FOTA_BOOT_UPDATER)
            update(c);
        else if (result == FOTA_BOOT_NOTHING || !c->lenient) {
            if (c->must_run && !vital_cell_is_dead(c))
                powercut_fail(c, "nothing to boot");
            c->done = c->dark = true;
        }
    }
    if (c->done || c->failure[0])
        return;
    /* A dead bank of the journal ends no update, and keeps a whole image running. */
    if (!vital_cell_is_dead(c))
        powercut_fail(c, "a life that does not end");
    c->reverted = holds(c, &c->old);
}

/* ---- disturbances ---------------------------------------------------------------------------- */

static void arm(struct campaign *c)
{
    const struct disturbance *d = c->disturbance;

    if (c->cuts_done < d->cut_count)
        fota_sim_flash_cut(c->rig.flash, d->cuts[c->cuts_done].operation,
                           d->cuts[c->cuts_done].mode);
}

static void scribble(struct campaign *c, uint32_t addr, uint32_t length)
{
    uint8_t *cells = rig_cell(&c->rig, addr);
    uint64_t how = rig_random(&c->seed);

    if (how % 3 == 0)
        for (uint32_t i = 0; i < length; i++)
            cells[i] = (uint8_t)rig_random(&c->seed);
    else if (how % 3 == 1)
        cells[rig_random(&c->seed) % length] ^= (uint8_t)(1u << how / 3 % 8);
    else
        memset(cells, how / 3 % 2 ? 0 : 0xff, length);
}

/* A record whose CRC is right and whose claims are not. */
static void forge(struct campaign *c)
{
    struct fota_record r = rig_record(&c->rig);
    uint64_t random = rig_random(&c->seed);

    r.state = (uint8_t)(random % (FOTA_STATE_UPDATING + 1));
    r.flags = (uint8_t)(random >> 8);
    r.tries = (uint8_t)(random >> 16);
    r.progress = random >> 24 & 1 ? (uint32_t)(random >> 32) : (uint32_t)(random >> 32) % 16;
    r.replaced = random >> 25 & 1 ? (uint32_t)rig_random(&c->seed) : r.progress;
    if (random >> 26 & 1)
        memset(r.digest, (int)(random >> 40), sizeof r.digest);
    rig_put_record(&c->rig, &r);
}

/* Invariant 18. */
static void put_junk(struct campaign *c)
{
    const struct fota_map *map = c->map;
    const struct fota_region *journal = &map->journal;
    uint32_t bank = journal->erase_unit * (uint32_t)(rig_random(&c->seed) % 2);

    uint32_t header = (uint32_t)c->update.header_length;
    uint8_t flags = rig_record(&c->rig).flags;
    uint64_t kind = rig_random(&c->seed) % 6;
    bool whole;

    c->rig.after = NULL;
    fota_sim_flash_cut(c->rig.flash, 0, FOTA_SIM_CUT_BEFORE);
    switch (kind) {
    case 0:
        scribble(c, journal->offset, journal->erase_unit);
        scribble(c, journal->offset + journal->erase_unit, journal->erase_unit);
        break;
    case 1: scribble(c, journal->offset + bank, journal->erase_unit); break;
    case 2: scribble(c, map->staging.offset, header); break;
    case 3: scribble(c, fota_old_manifest(map, flags), header); break;
    case 4: scribble(c, fota_slot_manifest(rig_slot(&c->rig)), header); break;
    default: forge(c); break;
    }
    /* A lost header may be the only way to an image; a lost journal never is. */
    whole = (holds(c, &c->old) || holds(c, &c->update)) && !is_in_doubt(c, &c->update);
    c->must_run = kind < 2 || kind > 4 || whole;
    /* Except in place, where the journal alone knows what is half replaced, or lies about it. */
    if (kind > 4 &&
        (c->format == FOTA_FORMAT_DELTA || rig_record(&c->rig).flags & FOTA_RECORD_IN_PLACE) &&
        !map->other.size)
        c->must_run = false;
    if (c->in_place)
        c->must_run = kind > 1 && kind < 5 && whole;
}

static void begin(struct campaign *c, const struct disturbance *disturbance)
{
    struct rig *rig = &c->rig;

    rig_open_blank(rig, c->map);
    rig_load(rig, c->base);
    c->seed = disturbance->seed;
    fota_sim_flash_seed(rig->flash, rig_random(&c->seed));
    rig->after = watch;
    rig_serve(rig, c->updater.data ? &c->updater : &c->update);
    rig->server.second = &c->update;
    rig->server.etag = "\"v2\"";
    c->disturbance = disturbance;
    c->lenient = disturbance->fail_at != 0 || disturbance->junk;
    c->resets = c->cuts_done = c->downloads = 0;
    c->stand = (struct stand){0, 0, 0, 0};
    c->cut_at = c->recovery = c->steps = 0;
    c->reads_before = rig_stats(rig).reads;
    c->after = "none";
    c->noted = c->recovering = c->confirmed = c->reverted = c->done = c->dark = false;
    c->must_run = true;
    c->failure[0] = '\0';
    arm(c);
    if (disturbance->fail_at)
        fota_sim_flash_fail(rig->flash, disturbance->fail_at, 1, disturbance->fault);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void describe(const struct campaign *c)
{
    const struct disturbance *d = c->disturbance;

    fprintf(stderr, "%s %s seed %" PRIu64 ":", c->map->name, c->scenario->name, d->seed);
    for (unsigned i = 0; i < d->cut_count; i++)
        fprintf(stderr, " cut %" PRIu64 " %s,", d->cuts[i].operation,
                fota_sim_cut_name(d->cuts[i].mode));
    if (d->fail_at)
        fprintf(stderr, " fault %" PRIu64 " %s,", d->fail_at, fota_sim_fault_name(d->fault));
    fprintf(stderr, "%s %s\n", d->junk ? " junk," : "", c->failure);
}

static void record_point(const struct campaign *c)
{
    const struct disturbance *d = c->disturbance;

    if (c->results && d->cut_count == 1 && !d->junk)
        fprintf(c->results, "%s\t%s\t%" PRIu64 "\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", c->map->name,
                c->scenario->name, d->cuts[0].operation, fota_sim_cut_name(d->cuts[0].mode),
                c->failure[0] ? "failed" : c->after, c->recovery, c->steps);
}

static void count(struct campaign *c)
{
    struct tally *t = &c->tally;
    struct fota_sim_stats stats = rig_stats(&c->rig);

    t->lives++;
    t->fired += c->disturbance->fail_at ? fota_sim_flash_failed(c->rig.flash) : c->cuts_done;
    t->failed += c->failure[0] != '\0';
    *(c->dark ? &t->dark : c->reverted ? &t->stayed_old : &t->became_new) += 1;
    if (stats.most_erased > t->most_erased)
        t->most_erased = stats.most_erased;
    if (c->recovery > t->slowest_operations)
        t->slowest_operations = c->recovery;
    if (c->cuts_done && c->steps > t->slowest_steps)
        t->slowest_steps = c->steps;
    if (c->failure[0] && (t->failed <= SHOWN || c->verbose))
        describe(c);
    record_point(c);
}

/* Did a cut leave cells that may read as something else at the next boot? */
static bool weakened(const struct disturbance *d)
{
    for (unsigned i = 0; i < d->cut_count; i++)
        if (d->cuts[i].mode > FOTA_SIM_CUT_AFTER)
            return true;
    return false;
}

/* Invariant 10: an undisturbed boot later nothing has changed, but for a record that was in doubt;
 * and another one later nothing was written. */
static void boot_once_more(struct campaign *c)
{
    uint64_t before = operations(c), between;
    int result;

    fota_sim_flash_fail(c->rig.flash, 0, 0, FOTA_SIM_FAULT_ERROR);
    result = boot(c);
    if (result == FOTA_BOOT_UPDATER && c->disturbance->junk)
        return; /* a forged trial that is over: the application is fetched again */
    if (result != FOTA_BOOT_RUN) {
        if (c->must_run && !vital_cell_is_dead(c))
            powercut_fail(c, "the end does not boot");
        return;
    }
    /* A modem that has lost its journal may decide differently once. */
    if (!holds(c, c->reverted ? &c->old : &c->update) &&
        !(c->disturbance->junk && holds(c, c->reverted ? &c->update : &c->old)))
        powercut_fail(c, "the end is another image");
    between = operations(c);
    if (c->lenient || between == before || weakened(c->disturbance) ||
        rig_record(&c->rig).state != FOTA_STATE_IDLE)
        return;
    if (boot(c) != FOTA_BOOT_RUN || operations(c) != between)
        powercut_fail(c, "a boot after the end changed the flash");
}

static void look_at_the_end(struct campaign *c)
{
    fota_sim_flash_cut(c->rig.flash, 0, FOTA_SIM_CUT_BEFORE);
    c->rest = operations(c) - c->cut_at;
    c->life_reads = rig_stats(&c->rig).reads - c->reads_before;
    if (!c->failure[0] && !c->dark)
        boot_once_more(c);
    if (!c->failure[0] && !c->lenient) {
        look_for_doubt(c);
        look_at_wear(c);
        look_at_traffic(c);
    }
    powercut_look(c);
    count(c);
}

uint64_t powercut_live(struct campaign *c, const struct disturbance *disturbance)
{
    begin(c, disturbance);
    while (!rig_run(&c->rig, live)) {
        c->cuts_done++;
        c->cut_at = operations(c);
        c->steps = 0;
        c->noted = false;
        c->recovering = true;
        if (disturbance->junk)
            put_junk(c);
        powercut_look(c);
        arm(c);
    }
    look_at_the_end(c);
    rig_close(&c->rig);
    return c->rest;
}

bool powercut_open(struct campaign *c)
{
    static const struct disturbance none = {.seed = 1};
    struct rig rig;

    rig_open(&rig, c->map);
    c->base = malloc(fota_sim_flash_size(rig.flash));
    if (!c->base)
        abort();
    memcpy(c->base, fota_sim_flash_cells(rig.flash), fota_sim_flash_size(rig.flash));
    c->old = rig.old;
    rig.old.data = NULL;
    rig_close(&rig);
    c->scenario->prepare(c);
    c->operations = powercut_live(c, &none);
    return c->tally.failed == 0;
}

void powercut_close(struct campaign *c)
{
    rig_package_free(&c->old);
    rig_package_free(&c->update);
    rig_package_free(&c->updater);
    free(c->base);
}
