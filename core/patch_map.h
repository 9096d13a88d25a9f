/*
 * patch_map.h - what is known of where old addresses went: a sorted table of bounded size.
 */
#ifndef FOTA_PATCH_MAP_H
#define FOTA_PATCH_MAP_H

#include <stdint.h>

struct patch_entry {
    uint32_t old;   /* old address, an offset into the image */
    uint32_t delta; /* new address minus old address */
};

struct patch_map {
    struct patch_entry *entries; /* sorted by old; the caller's */
    uint32_t room, count;
    uint32_t hand; /* where the search for an entry to give up goes on */
};

/* How sure a prediction is, as context of the coder. */
enum patch_sure {
    PATCH_NOTHING, /* the map is empty */
    PATCH_EXACT,   /* this address was seen */
    PATCH_BETWEEN, /* both neighbours went the same way */
    PATCH_BORDER,  /* they did not */
    PATCH_SURES
};

struct patch_guess {
    uint32_t first, second; /* deltas, the likelier one first; second is another one only if .sure
                             * is PATCH_BORDER */
    enum patch_sure sure;
};

void fota_patch_map_clear(struct patch_map *map, struct patch_entry *entries, uint32_t room);
void fota_patch_map_guess(const struct patch_map *map, uint32_t old, struct patch_guess *guess);
/* `old` went to old + delta. */
void fota_patch_map_learn(struct patch_map *map, uint32_t old, uint32_t delta);

#endif
