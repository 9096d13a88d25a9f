#include "diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "crc32.h"
#include "diff_internal.h"
#include "diff_price.h"
#include "diff_space.h"

#define PASSES      3u
#define RAM_DEFAULT 32768u

static const char *const arch_names[PATCH_ARCHS] = {"raw", "thumb"};

static void put_number(struct diff_writer *w, uint32_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));

        diff_put(w, &byte, 1);
        value >>= 7;
    } while (value);
}

static void put_head(struct diff_writer *w, const struct patch_head *h)
{
    uint8_t byte = h->arch | h->fast;
    uint32_t difference = h->new_space.base - h->old_space.base;
    unsigned shift = 0;

    diff_put(w, &byte, 1);
    if (h->arch == PATCH_ARCH_RAW)
        return;
    while (shift < 30 && !((h->old_space.base | difference) >> shift & 1))
        shift++;
    if (h->old_space.base == PATCH_NOWHERE)
        shift = 31;
    byte = (uint8_t)(shift << 3 | (h->old_space.range_count - 1));
    diff_put(w, &byte, 1);
    if (h->old_space.base != PATCH_NOWHERE) {
        put_number(w, h->old_space.base >> shift);
        put_number(w, patch_fold((uint32_t)((int32_t)difference >> shift)));
    }
    for (unsigned i = 1; i < h->old_space.range_count; i++) {
        put_number(w, h->old_space.ranges[i].first);
        put_number(w, h->old_space.ranges[i].count);
    }
}

/* Head and coded bytes of one segment. */
static int put_segment(struct diff_coder *coder, const struct fota_diff_options *o,
                       const struct diff_segment *segment, const struct diff_ops *ops,
                       struct diff_writer *out)
{
    struct diff_writer coded = {NULL, 0, 0, 0};
    uint8_t crc[4];
    int err = diff_code(coder, segment, ops, &coded);

    if (!err && o->segment) {
        fota_put32(
            crc, fota_crc32(0, coder->images->new + segment->start, segment->end - segment->start));
        put_number(out, (uint32_t)coded.length);
        diff_put(out, crc, sizeof crc);
    }
    if (!err)
        diff_put(out, coded.data, coded.length);
    free(coded.data);
    return err ? err : out->failed ? FOTA_ERR_MEMORY : 0;
}

/* One pass over all segments. */
static int run_pass(const struct diff_images *images, const struct fota_diff_options *o,
                    const struct diff_matches *matches, struct diff_prices *prices,
                    struct diff_writer *out, struct fota_diff_stats *stats)
{
    struct diff_coder coder;
    struct diff_ops ops = {NULL, 0, 0};
    uint32_t size = o->segment ? o->segment : images->new_size;
    int err = diff_coder_start(&coder, images, o->ram);

    memset(stats, 0, sizeof *stats);
    stats->arch = arch_names[images->head.arch];
    coder.stats = stats;
    out->length = 0;
    put_head(out, &images->head);
    for (uint32_t start = 0; start < images->new_size && !err; start += size) {
        struct diff_segment segment = {start, images->new_size, 0};
        uint32_t kept = o->spare ? o->spare / o->segment : 0;

        if (images->new_size - start > size)
            segment.end = start + size;
        if (o->spare && start / size >= kept)
            segment.old_low = (start / size - kept + 1) * size;
        err = diff_parse(images, &segment, matches, prices, &ops);
        if (!err)
            err = put_segment(&coder, o, &segment, &ops, out);
    }
    if (!err)
        diff_prices_learn(prices, &coder);
    free(ops.list);
    diff_coder_stop(&coder);
    return err;
}

/* Makes a patch for one architecture; keeps it if it is smaller than *best. */
static int try_arch(struct diff_images *images, const struct fota_diff_options *o,
                    struct diff_writer *best, struct fota_diff_stats *stats)
{
    struct diff_matches matches = {NULL};
    struct diff_prices *prices = diff_prices_new(images);
    int err = prices ? diff_matches_find(images, &matches) : FOTA_ERR_MEMORY;

    for (unsigned pass = 0; pass < PASSES && !err; pass++) {
        struct diff_writer out = {NULL, 0, 0, 0};
        struct fota_diff_stats s;

        err = run_pass(images, o, &matches, prices, &out, &s);
        if (getenv("DBG"))
            fprintf(stderr, "%s pass %u: %zu copy %.0f lit %.0f addr %.0f\n", s.arch, pass,
                    out.length, s.copy_bits / 8, s.literal_bits / 8, s.address_bits / 8);
        if (!err && (!best->data || out.length < best->length)) {
            free(best->data);
            *best = out;
            *stats = s;
        } else {
            free(out.data);
        }
    }
    diff_prices_free(prices);
    diff_matches_free(&matches);
    return err;
}

int fota_diff(const uint8_t *old, size_t old_size, const uint8_t *new, size_t new_size,
              const struct fota_diff_options *options, uint8_t **patch, size_t *length,
              struct fota_diff_stats *stats)
{
    struct fota_diff_options o = *options;
    struct diff_images images;
    struct diff_writer best = {NULL, 0, 0, 0};
    int err = 0;

    if (o.ram == 0)
        o.ram = RAM_DEFAULT;
    memset(&images, 0, sizeof images);
    images.old = old;
    images.new = new;
    images.old_size = (uint32_t)old_size;
    images.new_size = (uint32_t)new_size;
    for (unsigned arch = 0; arch < PATCH_ARCHS && !err; arch++) {
        images.arch = patch_arch_find(arch);
        memset(&images.head, 0, sizeof images.head);
        images.head.arch = (uint8_t)arch;
        images.head.fast = o.fast ? PATCH_FAST : 0;
        err = diff_space_find(&images);
        if (getenv("DBG")) {
            fprintf(stderr, "base %x %x ranges", images.head.old_space.base,
                    images.head.new_space.base);
            for (unsigned i = 0; i < images.head.old_space.range_count; i++)
                fprintf(stderr, " %x+%x", images.head.old_space.ranges[i].first,
                        images.head.old_space.ranges[i].count);
            fprintf(stderr, "\n");
        }
        if (err)
            break;
        err = try_arch(&images, &o, &best, stats);
    }
    if (err) {
        free(best.data);
        return err;
    }
    *patch = best.data;
    *length = best.length;
    return 0;
}
