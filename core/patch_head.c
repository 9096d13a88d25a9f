#include "patch_head.h"

#include <string.h>

static uint8_t byte(struct patch_head_reader *r)
{
    if (r->next < r->end)
        return *r->next++;
    r->failed = 1;
    return 0;
}

uint32_t fota_patch_head_word(struct patch_head_reader *r)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 32; shift += 8)
        value |= (uint32_t)byte(r) << shift;
    return value;
}

uint32_t fota_patch_head_number(struct patch_head_reader *r)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t b = byte(r);

        value |= (uint32_t)(b & 127) << shift;
        if (b < 128)
            return value;
    }
    r->failed = 1;
    return 0;
}

static void widen(struct patch_range *hull, const struct patch_range *more)
{
    uint32_t end = hull->first + hull->count;

    if (hull->count == 0 || more->first < hull->first)
        hull->first = more->first;
    if (hull->count == 0 || more->first + more->count > end)
        end = more->first + more->count;
    hull->count = end - hull->first;
}

void fota_patch_space_cover(struct patch_space *space, uint32_t size)
{
    space->size = size;
    space->ranges[0].first = space->base >> 16;
    space->ranges[0].count =
        space->base == PATCH_NOWHERE ? 0 : ((space->base & 0xffff) + size + 0xffff) >> 16;
    space->hull = space->ranges[0];
    for (unsigned i = 1; i < space->range_count; i++)
        widen(&space->hull, &space->ranges[i]);
}

/* Both images' bases, and the pages outside of them that pointers point to. */
static void read_spaces(struct patch_head_reader *r, const struct fota_patch_layout *layout,
                        struct patch_head *h)
{
    uint8_t sizes = byte(r);
    unsigned shift = sizes >> 3, count = (sizes & 7) + 1;

    h->old_space.base = h->new_space.base = PATCH_NOWHERE;
    if (shift != 31) {
        h->old_space.base = fota_patch_head_number(r) << shift;
        h->new_space.base = h->old_space.base + (patch_unfold(fota_patch_head_number(r)) << shift);
    }
    if (count > PATCH_RANGES) {
        r->failed = 1;
        return;
    }
    for (unsigned i = 1; i < count; i++) {
        h->old_space.ranges[i].first = fota_patch_head_number(r);
        h->old_space.ranges[i].count = fota_patch_head_number(r);
    }
    h->old_space.range_count = count;
    h->new_space.range_count = count;
    memcpy(h->new_space.ranges, h->old_space.ranges, sizeof h->new_space.ranges);
    h->old_space.far = h->new_space.far = h->far;
    fota_patch_space_cover(&h->old_space, layout->old_size);
    fota_patch_space_cover(&h->new_space, layout->new_size);
    if (h->near) {
        h->old_space.near = layout->old_size;
        h->new_space.near = layout->new_size;
    }
}

void fota_patch_head_begin(struct patch_head_reader *r, const struct fota_patch_layout *layout,
                           struct patch_head *head)
{
    uint8_t flags = byte(r);

    memset(head, 0, sizeof *head);
    head->arch = flags & PATCH_ARCH_MASK;
    head->how = flags & PATCH_LITERALS;
    head->far = flags & PATCH_FAR;
    head->near = flags & PATCH_NEAR;
    if (head->near && head->arch != PATCH_ARCH_THUMB && head->arch != PATCH_ARCH_A32)
        r->failed = 1;
    head->length = layout->payload;
    if (flags & PATCH_UNDO)
        head->length = fota_patch_head_number(r);
    if (head->arch >= PATCH_ARCHS || head->length > layout->payload)
        r->failed = 1;
}

void fota_patch_head_read(struct patch_head_reader *r, const struct fota_patch_layout *layout,
                          struct patch_head *head)
{
    fota_patch_head_begin(r, layout, head);
    if (head->arch != PATCH_ARCH_RAW)
        read_spaces(r, layout, head);
}
