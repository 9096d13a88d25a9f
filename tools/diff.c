#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "crc32.h"
#include "diff_internal.h"
#include "diff_price.h"
#include "diff_space.h"

#define PASSES      3u
#define RAM_DEFAULT 32768u
#define LARGE       (1024u * 1024)    /* images that are passed over once less, bytes */
#define COST_MAX    300u              /* instructions of the decoder by the new byte */
#define FEW         4096u             /* literals that another pass is not worth its time for */
#define HASTE_MAX   (DIFF_HASTE * 16) /* a copy that costs so much has sixteen bytes */

const char *fota_diff_arch_name(unsigned arch)
{
    static const char *const names[PATCH_ARCHS] = {"raw", "thumb", "a32", "riscv", "xtensa"};

    return names[arch];
}

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
    uint8_t byte = (uint8_t)(h->arch | h->how | h->near | h->far);
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
    stats->arch = fota_diff_arch_name(images->head.arch);
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

/* One way to see the images, and the best patch that it gave. */
struct attempt {
    struct diff_images images;
    struct diff_matches matches;
    struct diff_prices *prices;
    struct diff_writer best;
    struct fota_diff_stats stats;
};

/*
 * Instructions that the decoder takes, as callgrind counts them on x86-64 with -O2, fitted to the
 * pairs of docs/benchmarks-delta.md: within a tenth where there are many literals.
 */
static uint64_t cost_of(const struct fota_diff_stats *s, unsigned how, uint32_t new_size)
{
    double literal = how == PATCH_MIX ? 820 : how ? 140 : 120;

    return (uint64_t)(literal * s->literals + (how & PATCH_COUNT ? 17 : 0) * s->literal_bits +
                      650.0 * s->copies + 25 * s->copy_bits + 470.0 * s->addresses +
                      9.0 * new_size);
}

static int is_slow(const struct attempt *a, const struct fota_diff_stats *stats, unsigned how)
{
    uint32_t size = a->images.new_size;

    return cost_of(stats, how & PATCH_LITERALS, size) > (uint64_t)COST_MAX * size;
}

/* Whether the best patch so far takes the decoder too long. */
static int is_best_slow(const struct attempt *a)
{
    return is_slow(a, &a->stats, a->best.data[0]);
}

/* The smallest is best, of those that do not take too long. */
static int is_better(const struct attempt *a, size_t length, const struct fota_diff_stats *stats)
{
    int slow = is_slow(a, stats, a->images.head.how);

    if (!a->best.data || slow != is_best_slow(a))
        return !a->best.data || !slow;
    return length < a->best.length;
}

static int improve(struct attempt *a, const struct fota_diff_options *o)
{
    struct diff_writer out = {NULL, 0, 0, 0};
    struct fota_diff_stats stats;
    int err = run_pass(&a->images, o, &a->matches, a->prices, &out, &stats);

    if (!err && o->progress)
        o->progress(o->context, stats.arch, out.length);
    if (!err && is_better(a, out.length, &stats)) {
        free(a->best.data);
        a->best = out;
        a->stats = stats;
    } else {
        free(out.data);
    }
    return err;
}

static void drop(struct attempt *a)
{
    diff_prices_free(a->prices);
    diff_matches_free(&a->matches);
    free(a->best.data);
    memset(a, 0, sizeof *a);
}

/* The first pass. */
static int begin(const struct diff_images *images, const struct fota_diff_options *o, unsigned arch,
                 struct attempt *a)
{
    int err;

    a->images = *images;
    a->images.arch = fota_patch_arch_find(arch);
    a->images.head.arch = (uint8_t)arch;
    a->images.head.how = o->fast ? 0 : PATCH_MIX;
    a->prices = diff_prices_new(&a->images);
    err = a->prices ? diff_space_find(&a->images) : FOTA_ERR_MEMORY;
    if (!err)
        err = diff_matches_find(&a->images, &a->matches);
    return err ? err : improve(a, o);
}

/* Makes the first pass in another way, and keeps the better one. */
static int try_other(const struct diff_images *images, const struct fota_diff_options *o,
                     unsigned arch, struct attempt *best)
{
    struct attempt other;
    int err;

    memset(&other, 0, sizeof other);
    err = begin(images, o, arch, &other);
    if (!err && other.best.length < best->best.length) {
        drop(best);
        *best = other;
    } else {
        drop(&other);
    }
    return err;
}

/*
 * The first pass as the guessed architecture has it. Where words seem to hold ways to other places,
 * they may be tables of numbers: it is tried without. Where most of what comes out says where
 * addresses went, they may be none, in text that looks like code: raw bytes are tried, too.
 */
static int begin_best(const struct diff_images *images, const struct fota_diff_options *o,
                      struct attempt *best)
{
    struct diff_images plain = *images;
    int err = begin(images, o, diff_arch_guess(images), best);

    plain.far_only = 1;
    if (!err && best->images.head.near)
        err = try_other(&plain, o, best->images.head.arch, best);
    if (err || best->images.head.arch == PATCH_ARCH_RAW ||
        best->stats.address_bits < 4.0 * (double)best->best.length)
        return err;
    return try_other(images, o, PATCH_ARCH_RAW, best);
}

/* Whether predicting literals saves less than a fiftieth of them, as where they are encrypted. */
static int is_noise(const struct attempt *a)
{
    return (a->best.data[0] & PATCH_LITERALS) == PATCH_MIX && a->stats.literals > FEW &&
           a->stats.literal_bits > 7.84 * (double)a->stats.literals;
}

/* Passes with literals that are coded in another way. */
static int try_literals(struct attempt *a, const struct fota_diff_options *o, unsigned how,
                        uint32_t haste)
{
    int err;

    a->images.head.how = (uint8_t)how;
    err = diff_prices_restart(a->prices, &a->images, haste);
    for (unsigned pass = 0; pass < (a->images.new_size < LARGE ? PASSES : PASSES - 1) && !err;
         pass++)
        err = improve(a, o);
    return err;
}

/*
 * Ways that spare the decoder work where the best is too slow: literals that are counted or plain,
 * and in the end ever fewer short copies, whatever that costs. Plain literals are best of noise
 * besides, and differences of bytes that are no code.
 */
static int try_ways(struct attempt *a, const struct fota_diff_options *o)
{
    int slow = is_best_slow(a), noise = is_noise(a), err = 0;

    noise = noise && a->stats.literals > a->images.new_size / 2;
    if (noise)
        err = try_literals(a, o, 0, DIFF_HASTE);
    else if (slow)
        err = try_literals(a, o, PATCH_COUNT, 0);
    if (!err && a->images.head.arch == PATCH_ARCH_RAW && a->images.old_size && !noise &&
        a->stats.literals > FEW)
        err = try_literals(a, o, PATCH_LITERALS, 0);
    for (uint32_t haste = DIFF_HASTE / 4; !err && haste <= HASTE_MAX && is_best_slow(a); haste *= 2)
        err = try_literals(a, o, 0, haste);
    return err;
}

int fota_diff(const uint8_t *old, size_t old_size, const uint8_t *new, size_t new_size,
              const struct fota_diff_options *options, uint8_t **patch, size_t *length,
              struct fota_diff_stats *stats)
{
    struct fota_diff_options o = *options;
    struct diff_images images;
    struct attempt best;
    int err;

    if (o.ram == 0)
        o.ram = RAM_DEFAULT;
    memset(&images, 0, sizeof images);
    memset(&best, 0, sizeof best);
    images.old = old ? old : (const uint8_t *)""; /* copied from, were it only 0 bytes */
    images.new = new;
    images.old_size = (uint32_t)old_size;
    images.new_size = (uint32_t)new_size;
    err = begin_best(&images, &o, &best);
    for (unsigned pass = 1; pass < (new_size < LARGE ? PASSES : PASSES - 1) && !err; pass++)
        err = improve(&best, &o);
    if (!err && !o.fast)
        err = try_ways(&best, &o);
    if (!err) {
        *patch = best.best.data;
        *length = best.best.length;
        *stats = best.stats;
        best.best.data = NULL;
    }
    drop(&best);
    return err;
}
