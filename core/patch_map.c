#include "patch_map.h"

#include <string.h>

#define SEARCH 8u /* entries looked at for one that says what its neighbours say */

void patch_map_clear(struct patch_map *map, struct patch_entry *entries, uint32_t room)
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

void patch_map_guess(const struct patch_map *map, uint32_t old, struct patch_guess *guess)
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

/* Gives up one entry; returns its index. */
static uint32_t give_up(struct patch_map *map)
{
    uint32_t i = map->hand;

    for (uint32_t n = 0; n < SEARCH; n++) {
        i = i + 1 < map->count ? i + 1 : 0;
        if (is_redundant(map, i))
            break;
    }
    map->hand = i;
    memmove(map->entries + i, map->entries + i + 1, (map->count - i - 1) * sizeof *map->entries);
    map->count--;
    return i;
}

void patch_map_learn(struct patch_map *map, uint32_t old, uint32_t delta)
{
    uint32_t i = above(map, old);

    if (i > 0 && map->entries[i - 1].old == old) {
        map->entries[i - 1].delta = delta;
        return;
    }
    if (map->count == map->room && give_up(map) < i)
        i--;
    memmove(map->entries + i + 1, map->entries + i, (map->count - i) * sizeof *map->entries);
    map->entries[i].old = old;
    map->entries[i].delta = delta;
    map->count++;
}
