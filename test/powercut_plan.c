/* Which disturbances a campaign tries. */
#include <string.h>
#include <time.h>

#include "powercut.h"

static uint64_t plan(struct campaign *c, const struct disturbance *d)
{
    if (c->stop && c->tally.failed)
        return 0;
    c->tally.planned += d->fail_at ? 1 : d->cut_count;
    return powercut_live(c, d);
}

static void second_cuts(struct campaign *c, const struct disturbance *first, uint64_t last)
{
    for (uint64_t k = 1; k <= last; k++)
        for (int mode = 0; mode < FOTA_SIM_CUTS; mode++) {
            struct disturbance d = *first;

            d.cuts[1] = (struct cut){k, (enum fota_sim_cut)mode};
            d.cut_count = 2;
            plan(c, &d);
        }
}

void powercut_single(struct campaign *c, uint64_t stride, uint64_t near, struct shard shard)
{
    for (uint64_t i = c->first ? c->first : 1; i <= c->operations; i += stride) {
        if (i / stride % shard.count != shard.index)
            continue;
        for (int mode = 0; mode < FOTA_SIM_CUTS; mode++) {
            struct disturbance d = {.cuts = {{i, (enum fota_sim_cut)mode}}, .cut_count = 1};
            uint64_t rest;

            d.seed = i << 8 | (uint64_t)mode;
            rest = plan(c, &d);
            second_cuts(c, &d, rest < near ? rest : near);
        }
    }
}

/* Each cut anywhere in what an undisturbed life takes; one that lies behind the end of the life is
 * none, so that here the number of cuts that were planned is that of those that fired. */
void powercut_soak(struct campaign *c, uint64_t lives, unsigned seconds, uint64_t seed)
{
    time_t end = time(NULL) + (time_t)seconds;

    for (uint64_t i = 0; (i < lives || time(NULL) < end) && !(c->stop && c->tally.failed); i++) {
        struct disturbance d = {.seed = rig_random(&seed)};
        uint64_t fired = c->tally.fired;

        d.cut_count = 1 + (unsigned)(rig_random(&seed) % POWERCUT_CUTS_MAX);
        for (unsigned k = 0; k < d.cut_count; k++) {
            uint64_t most = c->operations / (k ? 4 : 1);

            d.cuts[k].operation = 1 + rig_random(&seed) % (most ? most : 1);
            d.cuts[k].mode = (enum fota_sim_cut)(rig_random(&seed) % FOTA_SIM_CUTS);
        }
        (void)powercut_live(c, &d);
        c->tally.planned += c->tally.fired - fired;
    }
}

void powercut_faults(struct campaign *c, uint64_t stride, struct shard shard)
{
    const struct disturbance none = {.fail_at = UINT64_MAX, .fault = FOTA_SIM_FAULT_READ};
    uint64_t reads;

    (void)powercut_live(c, &none);
    reads = c->life_reads;
    for (int fault = 0; fault < FOTA_SIM_FAULTS; fault++) {
        bool read = fault == FOTA_SIM_FAULT_READ;
        uint64_t last = read ? reads : c->operations, step = read ? 7 * stride : stride;

        for (uint64_t i = 1; i <= last; i += step) {
            struct disturbance d = {.fail_at = i, .fault = (enum fota_sim_fault)fault, .seed = i};

            if (i / step % shard.count == shard.index)
                plan(c, &d);
        }
    }
}

void powercut_junk(struct campaign *c, uint64_t lives, uint64_t seed)
{
    for (uint64_t i = 0; i < lives; i++) {
        struct disturbance d = {.cut_count = 1, .junk = true, .seed = rig_random(&seed)};

        d.cuts[0].operation = 1 + rig_random(&seed) % c->operations;
        d.cuts[0].mode = (enum fota_sim_cut)(rig_random(&seed) % FOTA_SIM_CUTS);
        plan(c, &d);
    }
}

/* ---- cancel ---------------------------------------------------------------------------------- */

/* Steps a download `steps` far and takes it back. False: it ended before. */
static bool cancel_after(struct rig *rig, uint64_t steps, struct fota_event *event)
{
    if (fota_download(rig->fota, "http://example.com/app.fota", NULL, NULL) != 0)
        return false;
    for (uint64_t i = 0; i < steps; i++) {
        enum fota_step step = fota_step(rig->fota, event);

        if (step == FOTA_STEP_IDLE)
            return false;
        if (step == FOTA_STEP_WAIT)
            rig->now_ms += event->wait_ms ? event->wait_ms : 1;
    }
    return fota_cancel(rig->fota) == 0;
}

static bool cancel_once(struct campaign *c, uint64_t steps)
{
    struct rig *rig = &c->rig;
    struct fota_event event;
    bool cancelled;

    rig_open_blank(rig, c->map);
    rig_load(rig, c->base);
    rig_serve(rig, &c->update);
    c->failure[0] = '\0';
    if (!rig_restart(rig))
        powercut_fail(c, "nothing to boot");
    cancelled = cancel_after(rig, steps, &event);
    if (cancelled) {
        c->tally.planned++;
        c->tally.fired += rig_finish(rig, &event) == FOTA_ERR_CANCELLED;
        if (!rig_restart(rig) || !rig_slot_holds(rig, &c->old))
            powercut_fail(c, "after a cancel the old image does not run");
        else if (rig_download(rig) != 0 || !rig_restart(rig) || !rig_slot_holds(rig, &c->update))
            powercut_fail(c, "after a cancel the update does not work any more");
        c->tally.failed += c->failure[0] != '\0';
        c->tally.lives++;
        if (c->failure[0])
            fprintf(stderr, "%s cancel after %u steps: %s\n", c->map->name, (unsigned)steps,
                    c->failure);
    }
    rig_close(rig);
    return cancelled;
}

void powercut_cancel(struct campaign *c, uint64_t stride)
{
    for (uint64_t steps = 1; cancel_once(c, steps); steps += stride)
        continue;
}
