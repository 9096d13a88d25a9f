/*
 * Where copies could come from, by suffix arrays of both images, one behind the other, in two
 * forms: with addresses blotted out, so that code matches that calls what moved; and with relative
 * addresses made absolute, so that code matches that calls the same.
 */
#include <divsufsort.h>
#include <stdlib.h>
#include <string.h>

#include "diff_internal.h"

struct suffixes {
    int32_t count, old; /* bytes in all, and of the old image */
    uint8_t *text;
    int32_t *order, *rank, *common; /* common[i]: bytes that order[i - 1] and order[i] share */
};

static void suffixes_free(struct suffixes *s)
{
    free(s->text);
    free(s->order);
    free(s->rank);
    free(s->common);
}

/* Copies an image with the addresses of its units blotted out, or made absolute. */
static void normalise(const struct patch_arch *arch, const struct patch_space *space,
                      const uint8_t *bytes, uint32_t size, int blot, uint8_t *out)
{
    memcpy(out, bytes, size);
    if (!arch)
        return;
    for (uint32_t i = 0; i < size;) {
        struct patch_unit unit = {0, 0, 0, 0, 0};

        if (i % arch->step == 0)
            arch->find(space, bytes + i, size - i, i, &unit);
        if (unit.length == 0 || unit.kind == PATCH_PLAIN) {
            i += unit.length ? unit.length : 1;
            continue;
        }
        /* Written as if at offset 0, a relative address is an absolute one. */
        arch->put(space, out + i, 0, &unit, blot ? 0 : unit.value);
        i += unit.length;
    }
}

/* Kasai, Lee, Arimura, Arikawa, Park: linear-time longest common prefix. */
static void find_common(struct suffixes *s)
{
    int32_t h = 0;

    for (int32_t i = 0; i < s->count; i++)
        s->rank[s->order[i]] = i;
    for (int32_t i = 0; i < s->count; i++) {
        int32_t j;

        if (s->rank[i] == 0) {
            s->common[0] = h = 0;
            continue;
        }
        j = s->order[s->rank[i] - 1];
        while (i + h < s->count && j + h < s->count && s->text[i + h] == s->text[j + h])
            h++;
        s->common[s->rank[i]] = h;
        if (h)
            h--;
    }
}

static int sort(const struct diff_images *images, int blot, struct suffixes *s)
{
    size_t size;

    s->old = (int32_t)images->old_size;
    s->count = (int32_t)(images->old_size + images->new_size);
    size = (size_t)s->count * sizeof *s->order;
    s->text = malloc((size_t)s->count);
    s->order = malloc(size);
    s->rank = malloc(size);
    s->common = malloc(size);
    if (!s->text || !s->order || !s->rank || !s->common)
        return FOTA_ERR_MEMORY;
    normalise(images->arch, &images->head.old_space, images->old, images->old_size, blot, s->text);
    normalise(images->arch, &images->head.new_space, images->new, images->new_size, blot,
              s->text + s->old);
    if (divsufsort(s->text, s->order, s->count))
        return FOTA_ERR_MEMORY;
    find_common(s);
    return 0;
}

/* The old suffix that shares most with each new one, of those before and behind it. */
static void match_old(const struct suffixes *s, struct diff_matches *matches, unsigned which)
{
    int32_t *best = calloc((size_t)(s->count - s->old) + 1, sizeof *best);

    if (!best)
        return;
    for (int pass = 0; pass < 2; pass++) {
        int32_t shared = 0, from = -1;

        for (int32_t k = 0; k < s->count; k++) {
            int32_t i = pass ? s->count - 1 - k : k;
            int32_t at = s->order[i];

            if (!pass && s->common[i] < shared)
                shared = s->common[i];
            if (at < s->old) {
                from = at;
                shared = s->count;
            } else if (from >= 0 && shared > best[at - s->old]) {
                struct patch_source *source =
                    &matches->list[(size_t)(at - s->old) * DIFF_CANDIDATES + which];

                best[at - s->old] = shared;
                source->is_new = 0;
                source->where = (uint32_t)(from - (at - s->old));
            }
            if (pass && s->common[i] < shared)
                shared = s->common[i];
        }
    }
    free(best);
}

/*
 * The earlier new suffix that shares most with each new one: new suffixes in order are linked, and
 * taken out from the last to the first, so that the neighbours of each are the earlier ones.
 */
static void match_new(struct suffixes *s, struct diff_matches *matches, unsigned which)
{
    int32_t *before = s->rank, *after = malloc((size_t)s->count * sizeof *after);
    int32_t *shared = malloc((size_t)s->count * sizeof *shared);
    int32_t last = -1, least = s->count;

    if (!after || !shared) {
        free(after);
        free(shared);
        return;
    }
    for (int32_t i = 0; i < s->count; i++) {
        int32_t at = s->order[i];

        if (s->common[i] < least)
            least = s->common[i];
        if (at < s->old)
            continue;
        before[at] = last;
        shared[at] = least;
        after[at] = -1;
        if (last >= 0)
            after[last] = at;
        last = at;
        least = s->count;
    }
    for (int32_t at = s->count - 1; at >= s->old; at--) {
        int32_t b = before[at], a = after[at];
        int32_t with_b = b >= 0 ? shared[at] : 0, with_a = a >= 0 ? shared[a] : 0;
        struct patch_source *source =
            &matches->list[(size_t)(at - s->old) * DIFF_CANDIDATES + which];

        if (with_a || with_b) {
            source->is_new = 1;
            source->where = (uint32_t)(at - (with_b >= with_a ? b : a));
        }
        if (a >= 0) {
            before[a] = b;
            if (shared[at] < shared[a])
                shared[a] = shared[at];
        }
        if (b >= 0)
            after[b] = a;
    }
    free(after);
    free(shared);
}

int diff_matches_find(const struct diff_images *images, struct diff_matches *matches)
{
    size_t room = (size_t)images->new_size * DIFF_CANDIDATES;
    int err = 0;

    matches->list = malloc(room * sizeof *matches->list);
    if (!matches->list)
        return FOTA_ERR_MEMORY;
    for (size_t i = 0; i < room; i++) {
        matches->list[i].is_new = 1;
        matches->list[i].where = 0;
    }
    for (int blot = 1; blot >= 0 && !err; blot--) {
        struct suffixes s = {0, 0, NULL, NULL, NULL, NULL};

        if (blot && !images->arch)
            continue;
        err = sort(images, blot, &s);
        if (!err) {
            match_old(&s, matches, blot ? 0 : 1);
            if (!blot)
                match_new(&s, matches, 2);
        }
        suffixes_free(&s);
    }
    return err;
}

void diff_matches_free(struct diff_matches *matches)
{
    free(matches->list);
    matches->list = NULL;
}
