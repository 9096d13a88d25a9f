/*
 * fuzz_patch.c - core/patch.h with any stream, any layout and any split: it must stay in its
 * memory, ask its readers for nothing that is not there, and end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "patch.h"
#include "sample_code.h"

#define OLD_MAX 16384u
#define NEW_MAX 32768u

struct images {
    struct fota_patch_layout layout;
    uint8_t old[SAMPLE_MAX], new[NEW_MAX];
    uint32_t made, polled; /* new bytes, and those of earlier polls */
    uint32_t segment;
};

static int read_old(void *context, uint32_t offset, void *data, size_t length)
{
    const struct images *i = context;
    const struct fota_patch_layout *l = &i->layout;
    uint32_t kept = l->spare ? l->spare / l->segment : 0;
    uint32_t low = kept && i->segment >= kept ? (i->segment - kept + 1) * l->segment : 0;

    if (offset < low || offset > l->old_size || length > l->old_size - offset)
        abort();
    memcpy(data, i->old + offset, length);
    return 0;
}

static int read_new(void *context, uint32_t offset, void *data, size_t length)
{
    const struct images *i = context;

    if (offset + length + FOTA_PATCH_LAG > i->polled)
        abort();
    memcpy(data, i->new + offset, length);
    return 0;
}

static void decode(struct fota_patch *patch, struct images *i, const uint8_t *data, size_t size,
                   size_t step)
{
    struct fota_fault fault;
    size_t length;
    int state;

    do {
        i->polled = i->made;
        state = fota_patch_poll(patch, i->new + i->made,
                                i->layout.new_size - i->made < step ? i->layout.new_size - i->made
                                                                    : step,
                                &length, &fault);
        i->made += (uint32_t)length;
        if (i->made > i->layout.new_size)
            abort();
        if (state == FOTA_PATCH_SEGMENT)
            i->segment++;
        if (state == FOTA_PATCH_WANTS) {
            size_t taken = fota_patch_sink(patch, data, size < step ? size : step);

            if (taken == 0)
                return;
            data += taken;
            size -= taken;
        } else if (state == FOTA_PATCH_MORE && length == 0 && i->made == i->layout.new_size) {
            return;
        }
    } while (state > 0 && state != FOTA_PATCH_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct images images;
    static uint64_t memory[FOTA_PATCH_RAM_MIN / 8];
    struct fota_patch_readers readers = {read_old, read_new, &images};
    struct fota_patch *patch;
    struct fota_fault fault;

    if (size < 8)
        return 0;
    if (images.old[0] == 0)
        sample_link(images.old, SAMPLE_FUNCTIONS, 0);
    images.layout.payload = (uint32_t)size - 8;
    images.layout.old_size = fota_get16(data) % OLD_MAX;
    images.layout.new_size = fota_get16(data + 2) % NEW_MAX;
    images.layout.ram = sizeof memory;
    images.layout.segment = data[4] % 8 * 1024u;
    images.layout.spare = data[5] % 4 * images.layout.segment;
    images.made = images.segment = 0;
    if (fota_patch_start(&patch, memory, sizeof memory, &images.layout, &readers, &fault))
        return 0;
    decode(patch, &images, data + 8, size - 8, data[6] % 512 + 1u);
    return 0;
}
