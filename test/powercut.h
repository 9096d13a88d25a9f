/*
 * powercut.h - the inside of the power-cut campaign, shared by its files.
 *
 *   powercut.c           options, the list of what is run
 *   powercut_life.c      one life of a modem with its disturbances, and the invariants
 *   powercut_scenario.c  what an application does in a life: the table to plug another way into
 *   powercut_plan.c      which disturbances: single cuts, pairs, random ones, failing flash, junk
 *   powercut_map.c       the maps: the rig's, and those of the families in small
 *
 * The invariants are numbered as in docs/power-cuts.md.
 */
#ifndef FOTA_TEST_POWERCUT_H
#define FOTA_TEST_POWERCUT_H

#include <stdio.h>

#include "rig.h"

#define POWERCUT_CUTS_MAX 8u

/* ---- maps ------------------------------------------------------------------------------------ */

/* Map number `index`, NULL behind the last: the rig's first, then one for each family, with its
 * program unit and erase units and few of them, then those with one slot once more, with so little
 * staging that a differential package goes in place. */
const struct fota_map *powercut_map(size_t index);

/* Is it one of the last? */
bool powercut_map_is_tight(const struct fota_map *map);

/* ---- scenarios ------------------------------------------------------------------------------- */

struct campaign;

struct scenario {
    const char *name;
    bool begins_again; /* a download begins at its first byte after a reset */
    bool from_trial;   /* up to the new image's first start it is as the scenario `full` */
    /* Can this map do it? NULL: every map. */
    bool (*fits)(const struct fota_map *map);
    /* Makes c->update, and c->old if that is not what rig_open() provisions. */
    void (*prepare)(struct campaign *c);
    /* The old image runs, the new one runs: one look at the update, then the modem is reset. Sets
     * c->done at the end of the story, c->reverted when the old image is the end. */
    void (*old_runs)(struct campaign *c);
    void (*new_runs)(struct campaign *c);
};

/* Scenario number `index`, NULL behind the last. */
const struct scenario *powercut_scenario(size_t index);

/* ---- a life ---------------------------------------------------------------------------------- */

/* One planned cut: operations from the cut before (from the life's begin), and its way. */
struct cut {
    uint64_t operation;
    enum fota_sim_cut mode;
};

/* What a life is disturbed with. */
struct disturbance {
    struct cut cuts[POWERCUT_CUTS_MAX];
    unsigned cut_count;
    uint64_t fail_at; /* operation, or read, that fails; 0 none */
    enum fota_sim_fault fault;
    bool junk; /* after the first cut bytes of the journal or of a header are replaced */
    uint64_t seed;
};

/* What a record of the journal says, as far as the invariants need it. */
struct stand {
    int order; /* how far the update is; never falls */
    uint32_t progress, replaced;
    uint8_t tries;
};

struct tally {
    uint64_t lives, planned, fired, failed;
    uint64_t became_new, stayed_old, dark; /* lives by the image at their end; dark: none */
    uint32_t most_erased;
    uint64_t slowest_operations, slowest_steps; /* from the last cut to a running image */
};

struct campaign {
    const struct fota_map *map;
    const struct scenario *scenario;
    struct rig_package old, update;
    struct rig_package updater; /* of a mini fota, which fetches `update` */
    uint8_t *base;              /* the flash after provisioning */
    uint64_t operations;        /* of the life without a disturbance */
    uint64_t rest;              /* operations of the last life after its last cut */
    uint64_t first;      /* operation to begin with: what lies before was cut by another scenario */
    uint8_t format;      /* of the update, enum fota_format */
    bool keeps;          /* the old image can come back */
    bool in_place;       /* it is made of the old one while that is replaced */
    unsigned spare_wear; /* erases of a unit of the ring, an update */
    bool verbose, stop;  /* stop: at the first failure */
    FILE *results;

    /* the life that runs */
    struct rig rig;
    const struct disturbance *disturbance;
    uint64_t seed;
    unsigned resets, cuts_done, downloads;
    struct stand stand;                /* what the journal has been told durably */
    uint64_t reads_before, life_reads; /* before the story; in it */
    uint64_t cut_at;                   /* operations done at the last cut */
    uint64_t recovery, steps; /* operations and steps from the last cut to a running image */
    const char *after;        /* what ran first after the last cut */
    bool recovering, lenient; /* lenient: an update may be given up, but safely */
    bool noted;               /* a record was written in this power session: R1, R5 */
    bool must_run; /* an image has to run; false where junk took the only header of one */
    bool confirmed, reverted, dark, done;
    char failure[160];

    struct tally tally;
};

/* Makes packages and the provisioned flash, and lives once without a disturbance. False: that
 * failed already. */
bool powercut_open(struct campaign *c);
void powercut_close(struct campaign *c);

/* One life. Returns the operations after the last cut. */
uint64_t powercut_live(struct campaign *c, const struct disturbance *disturbance);

/* Ends the life with the first reason given. */
void powercut_fail(struct campaign *c, const char *why);

/* Compares the journal in flash with what it was told, and looks for broken rules. */
void powercut_look(struct campaign *c);

/* ---- plans ----------------------------------------------------------------------------------- */

struct shard {
    uint64_t index, count;
};

/* Every `stride`-th operation in every way; and each of them with a second cut, in every way, at
 * each of the `near` operations that follow. */
void powercut_single(struct campaign *c, uint64_t stride, uint64_t near, struct shard shard);

/* Random lives with up to POWERCUT_CUTS_MAX cuts until `lives` are lived or `seconds` are over. */
void powercut_soak(struct campaign *c, uint64_t lives, unsigned seconds, uint64_t seed);

/* Every `stride`-th operation and read fails in every way. */
void powercut_faults(struct campaign *c, uint64_t stride, struct shard shard);

/* `lives` times a cut anywhere, and then random bytes where the journal or a header is. */
void powercut_junk(struct campaign *c, uint64_t lives, uint64_t seed);

/* At every `stride`-th step of the download fota_cancel(): invariant 14. */
void powercut_cancel(struct campaign *c, uint64_t stride);

#endif
