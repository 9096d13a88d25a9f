#include "diff_space.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define PAGES 65536u

/* Offsets in the image that calls lead to, one bit each. */
static uint8_t *find_targets(const struct diff_images *images, const uint8_t *bytes, uint32_t size)
{
    struct patch_space none = {0, 0, {{0, 0}}};
    uint8_t *targets = calloc(size / 8 + 1, 1);

    for (uint32_t i = 0; targets && i + PATCH_UNIT_MAX < size; i += images->arch->step) {
        struct patch_unit unit;

        images->arch->find(&none, bytes + i, size - i, i, &unit);
        if (unit.length && unit.value < size)
            targets[unit.value / 8] |= (uint8_t)(1u << unit.value % 8);
    }
    return targets;
}

/*
 * The base that makes most words of the image lead to where calls lead, too: bases are what words
 * and targets differ by, of which the most frequent one is looked for page by page.
 */
static uint32_t find_base(const struct diff_images *images, const uint8_t *bytes, uint32_t size)
{
    uint8_t *targets = find_targets(images, bytes, size);
    uint32_t *pages = calloc(PAGES, sizeof *pages);
    uint32_t best = 0, best_count = 0;
    uint32_t top[8] = {0};

    if (!targets || !pages)
        goto out;
    /* Pages that odd words point to: the image lies in or just below the fullest. */
    for (uint32_t i = 0; i + 4 <= size; i += 4)
        if (bytes[i] & 1)
            pages[fota_get32(bytes + i) >> 16]++;
    for (unsigned k = 0; k < 8; k++)
        for (uint32_t page = 1; page < PAGES - 1; page++)
            if (pages[page] > pages[top[k]] && (k == 0 || pages[page] < pages[top[k - 1]]))
                top[k] = page;
    for (unsigned k = 0; k < 8 && top[k]; k++) {
        uint32_t from = top[k] << 16 > size + 0x10000 ? (top[k] << 16) - size - 0x10000 : 0;

        for (uint32_t base = from & ~0xfffu; base <= top[k] << 16; base += 0x1000) {
            uint32_t count = 0;

            for (uint32_t i = 0; i + 4 <= size; i += 4) {
                uint32_t to = fota_get32(bytes + i) - base - 1;

                if (to < size && (bytes[i] & 1) && targets[to / 8] >> to % 8 & 1)
                    count++;
            }
            if (count > best_count) {
                best_count = count;
                best = base;
            }
        }
    }
out:
    free(targets);
    free(pages);
    return best;
}

void diff_space_find(struct diff_images *images)
{
    struct patch_head *h = &images->head;

    if (!images->arch || images->old_size == 0)
        return;
    h->old_space.base = find_base(images, images->old, images->old_size);
    h->new_space.base = find_base(images, images->new, images->new_size);
    h->old_space.ranges[0].first = h->old_space.base >> 16;
    h->old_space.ranges[0].count = (images->old_size >> 16) + 1;
    h->old_space.ranges[1].first = 0x2000;
    h->old_space.ranges[1].count = 4;
    h->old_space.range_count = 2;
    h->new_space.range_count = 2;
    memcpy(h->new_space.ranges, h->old_space.ranges, sizeof h->new_space.ranges);
}
