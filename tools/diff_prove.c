/* The device's decoder on a host, with an old image that is replaced under its feet. */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

struct slot {
    const struct fota_patch_layout *layout;
    uint8_t *old; /* what the slot holds: old bytes, and new ones where they were replaced */
    uint8_t *new;
    uint32_t made; /* new bytes */
};

static int read_old(void *context, uint32_t offset, void *data, size_t length)
{
    const struct slot *s = context;

    memcpy(data, s->old + offset, length);
    return 0;
}

static int read_new(void *context, uint32_t offset, void *data, size_t length)
{
    const struct slot *s = context;

    memcpy(data, s->new + offset, length);
    return 0;
}

/* Before segment number `index` is built, the ring gives up the segment that it has
 * no place for. */
static void replace(struct slot *s, uint32_t index)
{
    const struct fota_patch_layout *l = s->layout;
    uint32_t kept = l->spare ? l->spare / l->segment : 0, from;

    if (!kept || index < kept)
        return;
    from = (index - kept) * l->segment;
    for (uint32_t i = from; i < from + l->segment && i < l->old_size; i++)
        s->old[i] = s->new[i];
}

static int decode(struct fota_patch *patch, struct slot *s, const uint8_t *payload,
                  struct fota_fault *fault)
{
    uint32_t pushed = 0, segment = 0;
    size_t length;
    int state;

    do {
        uint8_t piece[512];

        state = fota_patch_poll(patch, piece, sizeof piece, &length, fault);
        /* A stream ends at new_size, whatever it says. */
        memcpy(s->new + s->made, piece, length);
        s->made += (uint32_t)length;
        if (state == FOTA_PATCH_SEGMENT)
            replace(s, ++segment);
        if (state == FOTA_PATCH_WANTS)
            pushed +=
                (uint32_t)fota_patch_sink(patch, payload + pushed, s->layout->payload - pushed);
    } while (state >= 0 && state != FOTA_PATCH_DONE);
    return state < 0 ? state : 0;
}

int fota_diff_apply(const uint8_t *old, const uint8_t *payload,
                    const struct fota_patch_layout *layout, uint8_t *new, struct fota_fault *fault)
{
    struct slot slot = {layout, malloc((size_t)layout->old_size + 1), new, 0};
    struct fota_patch_readers readers = {read_old, read_new, &slot};
    void *memory = malloc(layout->ram);
    struct fota_patch *patch;
    int err = FOTA_ERR_MEMORY;

    memset(fault, 0, sizeof *fault);
    fault->error = err;
    if (slot.old && memory) {
        if (layout->old_size)
            memcpy(slot.old, old, layout->old_size);
        err = fota_patch_start(&patch, memory, layout->ram, layout, &readers, fault);
        if (!err)
            err = decode(patch, &slot, payload, fault);
    }
    free(slot.old);
    free(memory);
    return err;
}

static void put_number(uint8_t *at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)((value >> 7 * i & 127) | (i + 1 < bytes ? 128 : 0));
}

int fota_diff_append_undo(uint8_t **patch, size_t *length, const uint8_t *undo, size_t undo_length)
{
    unsigned bytes = 1;
    uint8_t *both;

    while (*length + bytes >= (size_t)1 << 7 * bytes)
        bytes++;
    both = malloc(*length + bytes + undo_length);
    if (!both)
        return FOTA_ERR_MEMORY;
    both[0] = **patch | FOTA_DIFF_UNDO;
    put_number(both + 1, (uint32_t)(*length + bytes), bytes);
    memcpy(both + 1 + bytes, *patch + 1, *length - 1);
    memcpy(both + *length + bytes, undo, undo_length);
    free(*patch);
    *patch = both;
    *length += bytes + undo_length;
    return 0;
}
