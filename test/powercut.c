/*
 * The power-cut campaign: a whole life of a modem (download, install, confirm; or never confirm and
 * revert) is cut at every flash operation in every way, goes on, and must end as it would have
 * ended without the cut. docs/power-cuts.md says what is done and which invariants are held.
 *
 *     powercut [--map NAME] [--scenario NAME] [--all] [--pairs | --near N] [--soak SECONDS]
 *              [--seed S] [--shard I/N] [--results FILE] [--verbose] [--stop]
 *
 * By default a sample of the operations on each map, which is evenly spread; --all leaves none out.
 * Prints one line for each map, scenario and plan; the exit status is 1 when anything failed, or
 * when not every cut that was planned fired.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "powercut.h"

struct options {
    const char *map, *scenario, *results;
    uint64_t seed, near;
    unsigned soak;
    bool all, verbose, stop;
    struct shard shard;
};

struct total {
    struct tally tally;
    unsigned campaigns;
    bool good;
    FILE *results;
};

/* Prints what a plan came to, and begins the next one's tally. */
static void report(struct campaign *c, const char *plan, struct total *total)
{
    struct tally *t = &c->tally, *all = &total->tally;

    total->good = total->good && t->failed == 0 && t->planned == t->fired;
    if (t->planned)
        printf("%-10s %-8s %-7s %7" PRIu64 " lives, planned %7" PRIu64 ", fired %7" PRIu64
               ", failed %" PRIu64 "; new %" PRIu64 ", old %" PRIu64 ", none %" PRIu64
               "; most erased %" PRIu32 "; recovery %" PRIu64 " operations, %" PRIu64 " steps\n",
               c->map->name, c->scenario->name, plan, t->lives, t->planned, t->fired, t->failed,
               t->became_new, t->stayed_old, t->dark, t->most_erased, t->slowest_operations,
               t->slowest_steps);
    fflush(stdout);
    all->lives += t->lives;
    all->planned += t->planned;
    all->fired += t->fired;
    all->failed += t->failed;
    memset(t, 0, sizeof *t);
}

/* So many points of a life, unless all of them are asked for. */
static uint64_t stride_of(const struct campaign *c, const struct options *options, uint64_t points)
{
    if (options->all || c->operations <= points)
        return 1;
    return c->operations / points | 1; /* odd, so that all places of a unit get their turn */
}

static void run(const struct fota_map *map, const struct scenario *scenario, bool family,
                const struct options *options, struct total *total)
{
    struct campaign c = {.map = map, .scenario = scenario, .verbose = options->verbose};
    bool first = scenario == powercut_scenario(0);
    uint64_t soak = options->all ? (family ? 300 : 2000) : family ? 20 : 150;

    total->campaigns++;
    c.stop = options->stop;
    c.results = total->results;
    if (!powercut_open(&c)) {
        total->good = false;
        powercut_close(&c);
        return;
    }
    memset(&c.tally, 0, sizeof c.tally);
    powercut_single(&c, stride_of(&c, options, family ? 25 : 400), options->near, options->shard);
    report(&c, options->near ? "pairs" : "singles", total);
    c.results = NULL;
    powercut_soak(&c, soak, options->soak, options->seed + options->shard.index);
    report(&c, "soak", total);
    powercut_faults(&c, stride_of(&c, options, family ? 10 : 300), options->shard);
    report(&c, "faults", total);
    powercut_junk(&c, soak, options->seed + options->shard.index);
    report(&c, "junk", total);
    if (first)
        powercut_cancel(&c, family ? 11 : 1);
    report(&c, "cancel", total);
    powercut_close(&c);
}

static bool parse_shard(const char *text, struct shard *shard)
{
    return sscanf(text, "%" SCNu64 "/%" SCNu64, &shard->index, &shard->count) == 2 &&
           shard->index >= 1 && shard->index-- <= shard->count;
}

static bool parse_value(const char *name, const char *value, struct options *options)
{
    if (strcmp(name, "--map") == 0)
        options->map = value;
    else if (strcmp(name, "--scenario") == 0)
        options->scenario = value;
    else if (strcmp(name, "--results") == 0)
        options->results = value;
    else if (strcmp(name, "--seed") == 0)
        options->seed = strtoull(value, NULL, 0);
    else if (strcmp(name, "--near") == 0)
        options->near = strtoull(value, NULL, 0);
    else if (strcmp(name, "--soak") == 0)
        options->soak = (unsigned)strtoul(value, NULL, 0);
    else if (strcmp(name, "--shard") == 0)
        return parse_shard(value, &options->shard);
    else
        return false;
    return true;
}

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--all") == 0)
            options->all = true;
        else if (strcmp(argv[i], "--pairs") == 0)
            options->near = UINT64_MAX;
        else if (strcmp(argv[i], "--verbose") == 0)
            options->verbose = true;
        else if (strcmp(argv[i], "--stop") == 0)
            options->stop = true;
        else if (i + 1 == argc || !parse_value(argv[i], argv[i + 1], options))
            return false;
        else
            i++;
    return true;
}

static void run_all(const struct options *options, struct total *total)
{
    const struct fota_map *map;
    const struct scenario *scenario;

    for (size_t m = 0; (map = powercut_map(m)) != NULL; m++) {
        if (options->stop && !total->good)
            return;
        if (options->map && strcmp(options->map, map->name) != 0)
            continue;
        for (size_t s = 0; (scenario = powercut_scenario(s)) != NULL; s++) {
            if (options->scenario && strcmp(options->scenario, scenario->name) != 0)
                continue;
            if (!scenario->fits || scenario->fits(map))
                run(map, scenario, m > RIG_MAP_MINI, options, total);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1, .shard = {0, 1}};
    struct total total = {.good = true};

    if (!parse(argc, argv, &options)) {
        fprintf(stderr,
                "usage: powercut [--map NAME] [--scenario NAME] [--all] [--pairs | --near N]\n"
                "                [--soak SECONDS] [--seed S] [--shard I/N]\n"
                "                [--results FILE] [--verbose] [--stop]\n");
        return 2;
    }
    if (options.results && !(total.results = fopen(options.results, "w"))) {
        perror(options.results);
        return 2;
    }
    printf("seed %" PRIu64 "\n", options.seed);
    run_all(&options, &total);
    if (total.results)
        fclose(total.results);
    printf("%u campaigns, %" PRIu64 " lives: planned %" PRIu64 ", fired %" PRIu64
           ", failed %" PRIu64 "\n",
           total.campaigns, total.tally.lives, total.tally.planned, total.tally.fired,
           total.tally.failed);
    return total.good && total.tally.planned ? 0 : 1;
}
