/*
 * diff_internal.h - what the files that make patches share.
 */
#ifndef FOTA_DIFF_INTERNAL_H
#define FOTA_DIFF_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "diff.h"
#include "patch.h"
#include "patch_head.h"
#include "patch_state.h"

/* Two images, and how addresses look in them. */
struct diff_images {
    const uint8_t *old, *new;
    uint32_t old_size, new_size;
    const struct patch_arch *arch;
    struct patch_head head;
    int far_only; /* words do not hold ways to other places, whatever it looks like */
};

/* The unit at an offset of the old image as a copy to `at` of the new one would see it. */
struct diff_unit {
    struct patch_unit unit;
    uint32_t value; /* the address that the new image has there */
    int stop;       /* a copy that takes these bytes has to end with them */
};

/*
 * Whether a copy may make the new bytes at `to` of the old ones at `from`, of which `length` belong
 * to the copy: the number of bytes, 0 if not. unit->unit.length tells whether it is a unit.
 */
uint32_t diff_same(const struct diff_images *images, const struct patch_source *source,
                   uint32_t from, uint32_t to, uint32_t length, unsigned step,
                   struct diff_unit *unit);

/* One operation of a stream. */
struct diff_op {
    uint32_t length; /* bytes; 0: a literal */
    struct patch_source source;
};

struct diff_ops {
    struct diff_op *list;
    size_t count, room;
};

/* Where copies to each new offset could come from. */
#define DIFF_CANDIDATES 3u
struct diff_matches {
    struct patch_source *list; /* DIFF_CANDIDATES an offset; where == 0 and new: none */
};

int diff_matches_find(const struct diff_images *images, struct diff_matches *matches);
void diff_matches_free(struct diff_matches *matches);

/* What a copy costs besides its bits where decoding has to be quick, in 1/256 bit. */
#define DIFF_HASTE 2048u

/* Costs in 1/256 bit, from the models as they were at the end of the pass before. */
struct diff_prices;

struct diff_writer {
    uint8_t *data;
    size_t length, room;
    int failed; /* no memory */
};

void diff_put(struct diff_writer *w, const void *data, size_t length);

/* A segment of the new image. */
struct diff_segment {
    uint32_t start, end; /* offsets in the new image */
    uint32_t old_low;    /* first old byte that may be read */
};

/* The model that segments are coded with, and what it says about costs. */
struct diff_coder {
    const struct diff_images *images;
    struct patch_model model;
    void *tables;
    struct fota_diff_stats *stats;
    /* literals of the pass: how often each byte stood after each */
    uint32_t order0[2][256];
    uint32_t *order1;
    /* (old address, new address) as coded */
    struct diff_address *addresses;
    size_t address_count, address_room;
};

struct diff_address {
    uint32_t old, new;
};

int diff_coder_start(struct diff_coder *coder, const struct diff_images *images, uint32_t ram);
void diff_coder_stop(struct diff_coder *coder);
int diff_code(struct diff_coder *coder, const struct diff_segment *segment,
              const struct diff_ops *ops, struct diff_writer *out);

struct diff_prices *diff_prices_new(const struct diff_images *images);
void diff_prices_learn(struct diff_prices *prices, struct diff_coder *coder);
/* As before the first pass, but for what is known of addresses; a copy costs `haste` besides. */
int diff_prices_restart(struct diff_prices *prices, const struct diff_images *images,
                        uint32_t haste);
void diff_prices_free(struct diff_prices *prices);

int diff_parse(const struct diff_images *images, const struct diff_segment *segment,
               const struct diff_matches *matches, const struct diff_prices *prices,
               struct diff_ops *ops);

#endif
