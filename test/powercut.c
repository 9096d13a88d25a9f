/*
 * The power-cut campaign: a whole life of a modem (download, install, confirm; or download,
 * install, never confirm, revert) is cut at every flash operation in every way, goes on, and must
 * end as it would have ended without the cut.
 *
 *     powercut [--map NAME] [--pairs] [--random N] [--seed S] [--verbose]
 *
 * Up to the new image's first start both scenarios do the same operations: the second one begins
 * its cuts there. Prints one line for each map and scenario; the exit status is 1 when anything
 * failed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define LIVES_MAX 60u /* resets after which a life is said never to end */
#define CUTS_MAX  8u
#define TRIES     3u /* starts of a new image, the policy's default */

enum scenario { CONFIRM, REVERT, SCENARIOS };

static const char *const scenario_names[SCENARIOS] = {"confirm", "revert"};

struct campaign {
    const struct fota_map *map;
    enum scenario scenario;
    struct rig_package update;
    uint8_t *base;       /* the flash after provisioning */
    uint64_t operations; /* of the life without a cut */
    uint64_t first;      /* operation to begin with: what lies before was cut already */
    uint32_t erases;     /* of its most erased unit */
    bool keeps;          /* there is room for the old image */

    /* the run */
    struct rig rig;
    unsigned resets;
    uint64_t planned_cut[CUTS_MAX]; /* operations from the cut before */
    enum fota_sim_cut modes[CUTS_MAX];
    unsigned cuts, cuts_done;
    int order; /* how far the journal was at the last look */
    uint32_t progress;
    uint8_t tries;
    bool confirmed; /* fota_confirm() was called */
    bool reverted;  /* the life ended with the old image */
    bool done;
    const char *failure;

    /* the result */
    uint64_t planned, fired, failed;
    uint32_t most_erased;
    bool verbose;
};

static void fail(struct campaign *c, const char *why)
{
    if (!c->failure)
        c->failure = why;
}

static struct campaign *campaign_of(struct rig *rig)
{
    return (struct campaign *)((char *)rig - offsetof(struct campaign, rig));
}

/* ---- invariants -------------------------------------------------------------------------------
 */

/* States in the order in which an update passes through them; never back. */
static int order_of(const struct fota_record *r)
{
    switch ((enum fota_state)r->state) {
    case FOTA_STATE_DOWNLOADING: return 1;
    case FOTA_STATE_STAGED: return 2;
    case FOTA_STATE_BACKING_UP: return 3;
    case FOTA_STATE_INSTALLING: return 4;
    case FOTA_STATE_TRIAL: return 5;
    case FOTA_STATE_REVERTING: return 6;
    default: return r->outcome == FOTA_OUTCOME_NONE ? 0 : 7;
    }
}

static void look_at_journal(struct campaign *c)
{
    struct fota_record r = rig_record(&c->rig);
    int order = order_of(&r);

    if (order < c->order || (order == c->order && r.progress < c->progress))
        fail(c, "the journal went back");
    if (order == 5 && c->order == 5 && r.tries > c->tries)
        fail(c, "the tries rose");
    if (r.counter != 0 && !c->confirmed)
        fail(c, "the counter was raised before the confirm");
    if (r.state == FOTA_STATE_IDLE && r.outcome == FOTA_OUTCOME_FAILED)
        fail(c, "the update was given up");
    c->order = order;
    c->progress = r.progress;
    c->tries = r.tries;
    if (rig_stats(&c->rig).violations)
        fail(c, fota_sim_flash_violation(c->rig.flash));
}

/* ---- a life -----------------------------------------------------------------------------------
 */

static void old_runs(struct campaign *c)
{
    struct fota_result result;

    fota_last_result(c->rig.fota, &result);
    if (result.outcome == FOTA_OUTCOME_REVERTED) {
        /* Each cut between a start and its confirm costs one of the image's starts. */
        if ((c->scenario != REVERT && c->cuts_done < TRIES) ||
            result.error != FOTA_ERR_NOT_CONFIRMED)
            fail(c, "reverted for a wrong reason");
        c->done = c->reverted = true;
    } else if (result.state != FOTA_STATE_STAGED && rig_download(&c->rig) != 0) {
        fail(c, "the download failed");
    }
}

static void new_runs(struct campaign *c)
{
    struct fota_result result;

    if (c->scenario == CONFIRM) {
        c->confirmed = true;
        if (fota_confirm(c->rig.fota) != 0)
            fail(c, "the confirm failed");
        look_at_journal(c);
        fota_last_result(c->rig.fota, &result);
        if (result.outcome != FOTA_OUTCOME_SUCCESS || result.counter != c->update.sequence)
            fail(c, "the confirm left no trace");
        c->done = true;
        return;
    }
    if (c->first == 0)
        c->first = rig_stats(&c->rig).programs + rig_stats(&c->rig).erases;
    fota_last_result(c->rig.fota, &result);
    if (result.outcome == FOTA_OUTCOME_KEPT) {
        if (c->keeps)
            fail(c, "kept although the old image was there");
        c->done = true;
    }
}

/* From reset to reset; a cut leaves it by longjmp. */
static void live(struct rig *rig)
{
    struct campaign *c = campaign_of(rig);

    while (!c->done && !c->failure && c->resets++ < LIVES_MAX) {
        bool old, new;

        if (!rig_restart(rig)) {
            fail(c, "nothing to boot");
            return;
        }
        look_at_journal(c);
        old = rig_slot_holds(rig, &rig->old);
        new = rig_slot_holds(rig, &c->update);
        if (old)
            old_runs(c);
        else if (new)
            new_runs(c);
        else
            fail(c, "neither the old image nor the new one");
    }
    if (!c->done)
        fail(c, "a life that does not end");
}

static void arm(struct campaign *c)
{
    if (c->cuts_done < c->cuts)
        fota_sim_flash_cut(c->rig.flash, c->planned_cut[c->cuts_done], c->modes[c->cuts_done]);
}

static void begin(struct campaign *c)
{
    struct rig *rig = &c->rig;

    rig_open_blank(rig, c->map);
    memcpy(fota_sim_flash_cells(rig->flash), c->base, c->map->flash_size);
    rig->old = c->update; /* replaced by run(): the packages belong to the campaign */
    rig_serve(rig, &c->update);
    rig->server.etag = "\"v2\"";
    c->resets = c->cuts_done = 0;
    c->order = 0;
    c->progress = 0;
    c->tries = 0;
    c->confirmed = c->reverted = c->done = false;
    c->failure = NULL;
}

/* The network's budget: what a cut takes is at most one erase unit and what was in RAM. */
static void look_at_traffic(struct campaign *c)
{
    struct fota_place place = fota_payload_place(c->map, 0, FOTA_FORMAT_FULL);
    uint64_t again = 2u * place.region->erase_unit + 2u * FOTA_HEADER_MAX + 4096u;

    if (c->rig.server.sent > c->update.length + c->cuts_done * again)
        fail(c, "too many bytes were fetched twice");
}

static void describe_failure(struct campaign *c)
{
    char path[256] = "";
    size_t at = 0;

    for (unsigned i = 0; i < c->cuts && at < sizeof path; i++)
        at += (size_t)snprintf(path + at, sizeof path - at, " %" PRIu64 "/%d", c->planned_cut[i],
                               (int)c->modes[i]);
    fprintf(stderr, "%s %s: cut at%s: %s\n", c->map->name, scenario_names[c->scenario], path,
            c->failure);
}

/* One life with the planned cuts. Returns the operations after the last cut. */
static uint64_t run(struct campaign *c, const struct rig_package *old)
{
    struct fota_sim_stats stats;
    uint64_t since = 0;

    begin(c);
    c->rig.old = *old;
    arm(c);
    while (!rig_run(&c->rig, live)) {
        c->cuts_done++;
        since = rig_stats(&c->rig).programs + rig_stats(&c->rig).erases;
        look_at_journal(c);
        arm(c);
    }
    fota_sim_flash_cut(c->rig.flash, 0, FOTA_SIM_CUT_BEFORE);
    /* What is done stays done: an undisturbed boot later, nothing has changed. */
    if (!c->failure && (rig_boot(&c->rig) != FOTA_BOOT_RUN ||
                        !rig_slot_holds(&c->rig, c->reverted ? old : &c->update)))
        fail(c, "the end is another image");
    look_at_traffic(c);
    look_at_journal(c);
    stats = rig_stats(&c->rig);
    if (stats.most_erased > c->most_erased)
        c->most_erased = stats.most_erased;
    c->fired += c->cuts_done;
    if (c->failure) {
        c->failed++;
        if (c->failed <= 10 || c->verbose)
            describe_failure(c);
    }
    memset(&c->rig.old, 0, sizeof c->rig.old);
    rig_close(&c->rig);
    return stats.programs + stats.erases - since;
}

/* ---- campaigns --------------------------------------------------------------------------------
 */

static void single(struct campaign *c, const struct rig_package *old, bool pairs)
{
    for (uint64_t i = c->first ? c->first : 1; i <= c->operations; i++) {
        for (int mode = 0; mode < FOTA_SIM_CUTS; mode++) {
            uint64_t rest;

            c->cuts = 1;
            c->planned_cut[0] = i;
            c->modes[0] = (enum fota_sim_cut)mode;
            c->planned++;
            rest = run(c, old);
            c->cuts = 2;
            for (uint64_t k = 1; pairs && k <= rest; k++) {
                for (int second = 0; second < FOTA_SIM_CUTS; second++) {
                    c->planned_cut[1] = k;
                    c->modes[1] = (enum fota_sim_cut)second;
                    c->planned += 2;
                    run(c, old);
                }
            }
        }
    }
}

/* Up to CUTS_MAX cuts a life, each anywhere in what an undisturbed life takes. */
static void soak(struct campaign *c, const struct rig_package *old, uint64_t lives, uint64_t *seed)
{
    for (uint64_t i = 0; i < lives; i++) {
        c->cuts = 1 + (unsigned)(rig_random(seed) % CUTS_MAX);
        for (unsigned k = 0; k < c->cuts; k++) {
            c->planned_cut[k] = 1 + rig_random(seed) % (c->operations / (k ? 4 : 1));
            c->modes[k] = (enum fota_sim_cut)(rig_random(seed) % FOTA_SIM_CUTS);
        }
        run(c, old);
        c->planned += c->cuts_done; /* a cut may lie behind the end of the life */
    }
}

static void prepare(struct campaign *c, struct rig_package *old)
{
    struct rig_spec spec = {.sequence = 2, .image_length = rig_image_length(c->map, 2)};
    struct rig rig;

    rig_open(&rig, c->map);
    c->base = malloc(c->map->flash_size);
    if (!c->base)
        abort();
    memcpy(c->base, fota_sim_flash_cells(rig.flash), c->map->flash_size);
    *old = rig.old;
    rig.old.data = NULL;
    rig_close(&rig);
    rig_package_make(&c->update, &spec);
    c->keeps = c->map->other.size ||
               fota_backup_fits(c->map, spec.image_length, rig_image_length(c->map, 1));
}

struct options {
    const char *map;
    uint64_t seed, lives;
    bool pairs, verbose;
};

static bool campaign(const struct fota_map *map, enum scenario scenario,
                     const struct options *options)
{
    struct campaign c = {.map = map, .scenario = scenario, .verbose = options->verbose};
    uint64_t seed = options->seed;
    struct rig_package old;
    bool good;

    prepare(&c, &old);
    c.operations = run(&c, &old);
    c.erases = c.most_erased;
    if (c.failed == 0) {
        if (options->lives)
            soak(&c, &old, options->lives, &seed);
        else
            single(&c, &old, options->pairs);
    }
    good = c.failed == 0 && c.planned == c.fired && c.planned > 0;
    printf("%-10s %-8s %6" PRIu64 " operations, planned %" PRIu64 ", fired %" PRIu64
           ", failed %" PRIu64 ", most erased unit %" PRIu32 " times (%" PRIu32 " without a cut)\n",
           map->name, scenario_names[scenario], c.operations, c.planned, c.fired, c.failed,
           c.most_erased, c.erases);
    fflush(stdout);
    rig_package_free(&old);
    rig_package_free(&c.update);
    free(c.base);
    return good;
}

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--pairs") == 0)
            options->pairs = true;
        else if (strcmp(argv[i], "--verbose") == 0)
            options->verbose = true;
        else if (!value)
            return false;
        else if (strcmp(argv[i], "--map") == 0)
            options->map = argv[++i];
        else if (strcmp(argv[i], "--seed") == 0)
            options->seed = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--random") == 0)
            options->lives = strtoull(argv[++i], NULL, 0);
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1};
    bool good = true, found = false;

    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: powercut [--map NAME] [--pairs] [--random N] [--seed S] "
                        "[--verbose]\n");
        return 2;
    }
    for (int i = 0; i < RIG_MAPS; i++) {
        const struct fota_map *map = rig_map((enum rig_map)i);

        if (options.map && strcmp(options.map, map->name) != 0)
            continue;
        found = true;
        for (int scenario = 0; scenario < SCENARIOS; scenario++)
            good = campaign(map, (enum scenario)scenario, &options) && good;
    }
    if (!found)
        fprintf(stderr, "no such map\n");
    return good && found ? 0 : 1;
}
