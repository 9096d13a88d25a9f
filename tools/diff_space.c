#include "diff_space.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define GRAIN      256u       /* bases are multiples of it */
#define ROUGH      4096u      /* likewise, where code and data have segments of their own */
#define VOTES      (1u << 22) /* room for bases that are voted for; a power of two */
#define VOTERS     20000u     /* pointers that vote, about */
#define BALLOT     12u        /* fewer votes elect no base */
#define PAGES      65536u
#define BESIDE     256u /* bytes: where chance would lead as often */
#define NEAR_SHARE 200u /* bytes of the image by the word that leads to another place, at most */

/* What an image says about itself. */
struct evidence {
    uint8_t *targets;   /* of each byte: code that is called, or a function's beginning */
    uint32_t *pointers; /* to code, as far as one can tell; less the bit that says Thumb */
    uint32_t pointer_count;
    uint8_t far;     /* calls lead farther than 4 MiB */
    uint32_t *pages; /* of each 64 KiB page: words that are likely to point there */
};

static void add_pointer(struct evidence *e, uint32_t word, uint32_t room)
{
    e->pages[word >> 16]++;
    if (word & 1 && e->pointer_count < room)
        e->pointers[e->pointer_count++] = word - 1;
}

/* A literal that an LDR of Thumb code reads; 0: it is none. LDR (literal) T1 and T2. */
static uint32_t literal_of(const uint8_t *bytes, uint32_t at)
{
    uint32_t first = fota_get16(bytes + at), base = (at + 4) & ~3u;

    if ((first & 0xf800) == 0x4800)
        return base + (first & 255) * 4;
    if (first == 0xf8df)
        return base + (fota_get16(bytes + at + 2) & 0xfff);
    return 0;
}

static void look_at_thumb(const struct diff_images *images, const uint8_t *bytes, uint32_t size,
                          struct evidence *e)
{
    struct patch_space none = {.size = size, .far = 1};
    uint32_t near = 0, far = 0;

    for (uint32_t i = 0; i + PATCH_UNIT_MAX < size; i += 2) {
        uint32_t first = fota_get16(bytes + i), literal = literal_of(bytes, i);
        struct patch_unit unit = {0, 0, 0, 0, 0};

        images->arch->find(&none, bytes + i, size - i, i, &unit);
        if (unit.extra)
            add_pointer(e, unit.value, size);
        else if (unit.length == 4 && unit.value < size)
            e->targets[unit.value] = 1;
        if (unit.length == 4 && !unit.extra)
            *(unit.value < size ? &near : &far) +=
                (fota_get16(bytes + i + 2) & 0x2800) != 0x2800 || unit.value < size;
        /* PUSH {..., lr}, and its long form */
        if ((first & 0xff00) == 0xb500 || first == 0xe92d)
            e->targets[i] = 1;
        if (literal && literal % 4 == 0 && literal + 4 <= size)
            add_pointer(e, fota_get32(bytes + literal), size);
    }
    /* What looks like calls far away is something else, unless there are many. */
    e->far = far > near / 4;
    /* Tables: words whose neighbour points to the same page. */
    for (uint32_t i = 4; i + 8 <= size; i += 4) {
        uint32_t page = fota_get16(bytes + i + 2);

        if (page && (page == fota_get16(bytes + i - 2) || page == fota_get16(bytes + i + 6)) &&
            bytes[i] & 1 && e->pointer_count < size)
            e->pointers[e->pointer_count++] = fota_get32(bytes + i) - 1;
    }
}

/* Kinds of units that are calls, bits of each architecture. */
static const unsigned calls[PATCH_ARCHS] = {0, 1u << PATCH_OWN_KINDS, 1u << PATCH_OWN_KINDS,
                                            3u << PATCH_OWN_KINDS, 1u << PATCH_OWN_KINDS};

/* Code whose literals are not read relative to the program counter: every word may be a pointer. */
static void look_at_any(const struct diff_images *images, const uint8_t *bytes, uint32_t size,
                        struct evidence *e)
{
    struct patch_space none = {.size = size, .far = 1};

    for (uint32_t i = 0; i + PATCH_UNIT_MAX < size;) {
        struct patch_unit unit = {0, 0, 0, 0, 0};

        images->arch->find(&none, bytes + i, size - i, i, &unit);
        if (unit.length && calls[images->head.arch] >> unit.kind & 1)
            e->targets[unit.value] = 1;
        else if (unit.length && unit.kind >= PATCH_OWN_KINDS &&
                 !(images->arch->relative >> unit.kind & 1))
            e->pages[unit.value >> 16]++;
        i += unit.length ? unit.length : images->arch->step;
    }
    /* Tables: words that differ from one of their neighbours by little. */
    for (uint32_t i = 4; i + 8 <= size; i += 4) {
        uint32_t word = fota_get32(bytes + i), before = fota_get32(bytes + i - 4);
        uint32_t after = fota_get32(bytes + i + 4);

        if (word >> 16 == 0 || word >> 16 >= 0xfff0)
            continue;
        if ((word != before && (word ^ before) >> 18 == 0) ||
            (word != after && (word ^ after) >> 18 == 0)) {
            e->pages[word >> 16]++;
            e->pointers[e->pointer_count++] = word;
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Each pointer counts once: what a compiler repeats is often no pointer. */
static void sort_pointers(struct evidence *e)
{
    uint32_t count = 0;

    qsort(e->pointers, e->pointer_count, sizeof *e->pointers, compare);
    for (uint32_t i = 0; i < e->pointer_count; i++)
        if (i == 0 || e->pointers[i] != e->pointers[i - 1])
            e->pointers[count++] = e->pointers[i];
    e->pointer_count = count;
}

/* The base by vote: each pointer votes for the bases that let it lead to a target. */
static uint32_t elect(const struct evidence *e, uint32_t size, uint32_t grain)
{
    uint16_t *votes = calloc(VOTES, sizeof *votes);
    uint32_t best = PATCH_NOWHERE, most = BALLOT;

    for (uint32_t i = 0; votes && i < e->pointer_count; i += e->pointer_count / VOTERS + 1) {
        uint32_t to = e->pointers[i];

        for (uint32_t target = to % grain; target < size && target <= to; target += grain) {
            uint16_t *vote = &votes[((to - target) / grain * 0x9E3779B1u) >> 10];

            if (!e->targets[target] || *vote == UINT16_MAX)
                continue;
            if (++*vote > most) {
                most = *vote;
                best = to - target;
            }
        }
    }
    free(votes);
    return best;
}

/* Adds the pages that many words point to, nearest neighbours together. */
static void add_ranges(const struct evidence *e, uint32_t least, int thumb,
                       struct patch_space *space)
{
    for (uint32_t page = 1; page < PAGES - 1 && space->range_count < PATCH_RANGES; page++) {
        struct patch_range *last = &space->ranges[space->range_count - 1];

        if (e->pages[page] < least || page - last->first < last->count ||
            page - space->ranges[0].first < space->ranges[0].count)
            continue;
        /* Memory that images can own: not the peripherals. */
        if (thumb && ((page >= 0x4000 && page < 0x6000) || page >= 0xe000))
            continue;
        if (space->range_count > 1 && page - last->first <= last->count + 1) {
            last->count = page - last->first + 1;
            continue;
        }
        space->ranges[space->range_count].first = page;
        space->ranges[space->range_count++].count = 1;
    }
}

static int look_at(const struct diff_images *images, const uint8_t *bytes, uint32_t size,
                   struct patch_space *space)
{
    struct evidence e = {calloc(size + 1, 1), calloc(size + 1, sizeof(uint32_t)), 0, 0,
                         calloc(PAGES, sizeof(uint32_t))};
    int err = FOTA_ERR_MEMORY;

    if (e.targets && e.pointers && e.pages) {
        int is_thumb = images->head.arch == PATCH_ARCH_THUMB;
        uint32_t all = 0;

        if (is_thumb)
            look_at_thumb(images, bytes, size, &e);
        else
            look_at_any(images, bytes, size, &e);
        sort_pointers(&e);
        space->far = e.far;
        space->base = elect(&e, size, is_thumb ? GRAIN : ROUGH);
        fota_patch_space_cover(space, size);
        space->range_count = 1;
        for (uint32_t page = 0; page < PAGES; page++)
            all += e.pages[page];
        add_ranges(&e, all / 128 + 8, is_thumb, space);
        err = 0;
    }
    free(e.targets);
    free(e.pointers);
    free(e.pages);
    return err;
}

/* Whether words lead to places in the image from where they are: code that may run anywhere. */
static int has_near_words(const uint8_t *bytes, uint32_t size)
{
    struct patch_space space = {.size = size, .near = size};
    uint32_t count = 0;

    for (uint32_t i = 0; i + 4 <= size; i += 4)
        count += patch_is_pointer(&space, fota_get32(bytes + i), i);
    return count > size / NEAR_SHARE;
}

int diff_space_find(struct diff_images *images)
{
    struct patch_head *h = &images->head;
    int err;

    h->old_space.range_count = h->new_space.range_count = 1;
    h->old_space.base = h->new_space.base = PATCH_NOWHERE;
    h->new_space.size = images->new_size;
    if (!images->arch || images->old_size == 0)
        return 0;
    err = look_at(images, images->old, images->old_size, &h->old_space);
    if (!err)
        err = look_at(images, images->new, images->new_size, &h->new_space);
    h->new_space.far = h->old_space.far;
    h->far = h->old_space.far ? PATCH_FAR : 0;
    if (h->old_space.base == PATCH_NOWHERE || h->new_space.base == PATCH_NOWHERE)
        h->old_space.base = h->new_space.base = PATCH_NOWHERE;
    /* The stream has one list. */
    h->new_space.range_count = h->old_space.range_count;
    memcpy(h->new_space.ranges, h->old_space.ranges, sizeof h->new_space.ranges);
    fota_patch_space_cover(&h->old_space, images->old_size);
    fota_patch_space_cover(&h->new_space, images->new_size);
    if (!images->far_only && (h->arch == PATCH_ARCH_THUMB || h->arch == PATCH_ARCH_A32) &&
        has_near_words(images->new, images->new_size)) {
        h->near = PATCH_NEAR;
        h->old_space.near = images->old_size;
        h->new_space.near = images->new_size;
    }
    return err;
}

/*
 * How many branches lead where another one leads, too, against those that lead a little beside it,
 * which is chance: in code of the architecture they are many times as many.
 */
static double score(const struct patch_arch *arch, const uint8_t *bytes, uint32_t size,
                    uint8_t *seen)
{
    struct patch_space none = {.size = size};
    double again = 0, near = 0;

    memset(seen, 0, size + 1);
    for (uint32_t i = 0; i + PATCH_UNIT_MAX < size;) {
        struct patch_unit unit = {0, 0, 0, 0, 0};

        arch->find(&none, bytes + i, size - i, i, &unit);
        if (unit.length && unit.kind >= PATCH_OWN_KINDS && arch->relative >> unit.kind & 1) {
            again += seen[unit.value];
            near += unit.value >= BESIDE ? seen[unit.value - BESIDE] : 0;
            seen[unit.value] = 1;
        }
        i += unit.length ? unit.length : arch->step;
    }
    return again - 2 * near;
}

unsigned diff_arch_guess(const struct diff_images *images)
{
    uint8_t *seen = malloc(images->new_size + 1);
    double most = images->new_size / 8000.0 + 16;
    unsigned best = PATCH_ARCH_RAW;

    for (unsigned arch = 1; seen && images->new_size >= 64 && arch < PATCH_ARCHS; arch++) {
        double s = score(fota_patch_arch_find(arch), images->new, images->new_size, seen);

        if (s > most) {
            most = s;
            best = arch;
        }
    }
    free(seen);
    return best;
}
