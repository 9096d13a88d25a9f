#include "patch_map.h"

#include <string.h>

#define SEARCH 8u /* entries looked at for one that says what its neighbours say */

void fota_patch_map_clear(struct patch_map *map, struct patch_entry *entries, uint32_t room)
{
    map->entries = entries;
    map->room = room;
    map->count = 0;
    map->hand = 0;
}

/* First entry whose address is above `old`. */
static uint32_t above(const struct patch_map *map, uint32_t old)
{
    uint32_t low = 0, high = map->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (map->entries[middle].old <= old)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void fota_patch_map_guess(const struct patch_map *map, uint32_t old, struct patch_guess *guess)
{
    const struct patch_entry *e = map->entries;
    uint32_t i = above(map, old);

    guess->first = guess->second = 0;
    guess->sure = PATCH_NOTHING;
    if (map->count == 0)
        return;
    if (i == 0) {
        guess->first = guess->second = e[0].delta;
        guess->sure = PATCH_BORDER;
        return;
    }
    guess->first = guess->second = e[i - 1].delta;
    if (e[i - 1].old == old) {
        guess->sure = PATCH_EXACT;
    } else if (i == map->count) {
        guess->sure = PATCH_BORDER;
    } else if (e[i].delta == e[i - 1].delta) {
        guess->sure = PATCH_BETWEEN;
    } else {
        guess->sure = PATCH_BORDER;
        if (e[i].old - old < old - e[i - 1].old)
            guess->first = e[i].delta;
        else
            guess->second = e[i].delta;
    }
}

/* Whether entry i could be told from its neighbours. */
static int is_redundant(const struct patch_map *map, uint32_t i)
{
    const struct patch_entry *e = map->entries;

    return i > 0 && i + 1 < map->count && e[i - 1].delta == e[i].delta &&
           e[i + 1].delta == e[i].delta;
}

/* The entry to give up. */
static uint32_t find_victim(struct patch_map *map)
{
    for (uint32_t n = 0; n < SEARCH; n++) {
        map->hand = map->hand + 1 < map->count ? map->hand + 1 : 0;
        if (is_redundant(map, map->hand))
            break;
    }
    return map->hand;
}

void fota_patch_map_learn(struct patch_map *map, uint32_t old, uint32_t delta)
{
    struct patch_entry *e = map->entries;
    uint32_t i = above(map, old), hole = map->count;

    if (i > 0 && e[i - 1].old == old) {
        e[i - 1].delta = delta;
        return;
    }
    if (map->count == map->room)
        hole = find_victim(map);
    else
        map->count++;
    /* Only what lies between moves: these are kilobytes. */
    if (hole < i)
        memmove(e + hole, e + hole + 1, (--i - hole) * sizeof *e);
    else
        memmove(e + i + 1, e + i, (hole - i) * sizeof *e);
    e[i].old = old;
    e[i].delta = delta;
}
