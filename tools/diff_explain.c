/*
 * Takes a stream apart and counts what it holds. The device's decoder tells nobody, and has to be
 * small; this one has both images in memory, and shares nothing with it but the models.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_internal.h"

struct patch_coder {
    uint32_t range, code;
    const uint8_t *next, *end; /* what is read beyond the end is 0 */
    double bits;
};

static void shift_in(struct patch_coder *c)
{
    c->range <<= 8;
    c->code = c->code << 8 | (c->next < c->end ? *c->next++ : 0);
}

static void normalise(struct patch_coder *c)
{
    while (c->range < 1u << 24)
        shift_in(c);
}

/* Takes `size` of `all` equal parts of the range, from `first` on. */
static void take(struct patch_coder *c, uint32_t first, uint32_t size, double all)
{
    c->code -= first * c->range;
    c->range *= size;
    c->bits -= log2(size / all);
}

static unsigned code_bit(struct patch_coder *c, uint32_t p16, unsigned bit)
{
    uint32_t bound;

    normalise(c);
    bound = (c->range >> 16) * p16;
    bit = c->code < bound;
    c->bits -= log2((bit ? p16 : 65536 - p16) / 65536.0);
    c->code -= bit ? 0 : bound;
    c->range = bit ? bound : c->range - bound;
    return bit;
}

static uint32_t code_plain(struct patch_coder *c, unsigned bits, uint32_t value)
{
    normalise(c);
    c->range >>= bits;
    value = c->code / c->range & ((1u << bits) - 1);
    take(c, value, 1, 1u << bits);
    return value;
}

static unsigned code_share(struct patch_coder *c, const uint16_t *counts, unsigned symbols,
                           unsigned symbol)
{
    uint32_t at, below = 0;

    normalise(c);
    c->range /= counts[symbols];
    at = c->code / c->range;
    for (symbol = 0; symbol + 1 < symbols && at - below >= counts[symbol]; symbol++)
        below += counts[symbol];
    take(c, below, counts[symbol], counts[symbols]);
    return symbol;
}

#define CODED(value) ((void)(value), 0u)
#include "patch_model.h"

struct walk {
    const struct fota_patch_layout *layout;
    const struct patch_arch *arch;
    const uint8_t *old;
    uint8_t *new;
    struct patch_head head;
    struct patch_model model;
    struct patch_coder coder;
    struct fota_diff_stats *stats;
    uint32_t position, end, old_low;
};

/* Bytes of a source from `from` on that are there, at most `length`. */
static uint32_t there(const struct walk *w, const struct patch_source *s, uint32_t from,
                      uint32_t length)
{
    uint32_t left;

    if (s->is_new)
        return s->where == 0 || s->where > w->position ? 0 : length;
    if (from < w->old_low || from >= w->layout->old_size)
        return 0;
    left = w->layout->old_size - from;
    return left < length ? left : length;
}

static uint32_t origin_of(const struct walk *w, const struct patch_source *s)
{
    return s->is_new ? w->position - s->where : w->position + s->where;
}

static int walk_run(struct walk *w)
{
    const struct patch_source *s = &w->model.sources[0];
    uint32_t count = code_run(&w->coder, &w->model, 0);

    did(&w->model, DID_LITERAL);
    if (count > w->end - w->position)
        return FOTA_ERR_PATCH;
    w->stats->literals += count;
    w->stats->literal_bytes += count;
    for (uint32_t i = 0; i < count; i++, w->position++) {
        struct literal_context c = {0, 0, i == 0, w->position & 3};
        uint32_t from = origin_of(w, s);

        if (w->position)
            c.last = w->new[w->position - 1];
        if (there(w, s, from, 1))
            c.there = s->is_new ? w->new[from] : w->old[from];
        w->new[w->position] = code_literal(&w->coder, &w->model, &c, 0);
    }
    return 0;
}

/* A unit of a copy of which `left` bytes are missing, or one byte that is none; its length. */
static uint32_t walk_unit(struct walk *w, const struct patch_source *s, uint32_t left,
                          unsigned step)
{
    const struct patch_space *space = s->is_new ? &w->head.new_space : &w->head.old_space;
    uint32_t from = origin_of(w, s), length = 1, value;
    const uint8_t *bytes = (s->is_new ? w->new : w->old) + from;
    struct patch_unit unit = {0, PATCH_PLAIN, 0, 0, 0};
    double bits = w->coder.bits;

    if (s->is_new && left > s->where)
        left = s->where;
    if (step && from % step == 0)
        w->arch->find(space, bytes, left, from, &unit);
    if (unit.length)
        length = unit.length;
    memmove(w->new + w->position, bytes, length);
    if (unit.length == 0 || unit.kind == PATCH_PLAIN)
        return length;
    value = unit.value;
    if (!s->is_new) {
        value = code_address(&w->coder, &w->model, w->arch, &w->head, &unit, 0);
        w->stats->addresses++;
        w->stats->predicted += w->model.hits & 1;
        w->stats->address_bits += w->coder.bits - bits;
    }
    w->arch->put(&w->head.new_space, w->new + w->position, w->position, &unit, value);
    return length;
}

static int walk_copy(struct walk *w, unsigned op)
{
    struct patch_model *m = &w->model;
    struct patch_source s = {op == OP_NEW, 0};
    uint32_t length = code_length(&w->coder, m, op, 0), end;
    unsigned step;

    if (op < OP_OLD)
        s = m->sources[op - OP_RECENT];
    else
        code_source(&w->coder, m, length, &s);
    if (length > w->end - w->position || there(w, &s, origin_of(w, &s), length) < length)
        return FOTA_ERR_PATCH;
    use_source(m, op - OP_RECENT, &s);
    learn_copy(m, w->arch, w->position, length);
    did(m, op == OP_RECENT ? DID_AGAIN : s.is_new ? DID_NEW : DID_OLD);
    w->stats->copies++;
    *(s.is_new ? &w->stats->new_bytes : &w->stats->old_bytes) += length;
    step = copy_step(w->arch, &s, w->position);
    for (end = w->position + length; w->position < end;)
        w->position += walk_unit(w, &s, end - w->position, step);
    return 0;
}

static int walk_segment(struct walk *w)
{
    struct fota_diff_stats *stats = w->stats;
    int err = 0;

    fota_patch_model_reset(&w->model, w->head.how);
    for (unsigned i = 0; i < 4; i++)
        shift_in(&w->coder);
    w->coder.range = UINT32_MAX;
    while (!err && w->position < w->end) {
        double bits = w->coder.bits, addresses = stats->address_bits;
        unsigned op = code_op(&w->coder, &w->model, w->position, 0);

        err = op == OP_LITERAL ? walk_run(w) : walk_copy(w, op);
        *(op == OP_LITERAL ? &stats->literal_bits : &stats->copy_bits) +=
            w->coder.bits - bits - (stats->address_bits - addresses);
    }
    return err;
}

static int walk_all(struct walk *w, struct patch_head_reader *r)
{
    const struct fota_patch_layout *l = w->layout;
    uint32_t size = l->segment ? l->segment : l->new_size;
    uint32_t kept = l->spare ? l->spare / l->segment : 0;
    int err = 0;

    for (uint32_t i = 0; !err && i < fota_patch_segments(l); i++) {
        uint32_t length = l->segment ? fota_patch_head_number(r) : (uint32_t)(r->end - r->next);

        if (l->segment)
            (void)fota_patch_head_word(r);
        if (r->failed || length > (uint32_t)(r->end - r->next))
            return FOTA_ERR_PATCH;
        w->coder.next = r->next;
        w->coder.end = r->next += length;
        w->position = i * size;
        w->end = l->new_size - w->position > size ? w->position + size : l->new_size;
        w->old_low = kept && i >= kept ? (i - kept + 1) * size : 0;
        err = walk_segment(w);
    }
    return err;
}

int fota_diff_explain(const uint8_t *old, const uint8_t *payload,
                      const struct fota_patch_layout *layout, struct fota_diff_stats *stats)
{
    struct patch_head_reader r = {payload, payload + layout->payload, 0};
    struct walk *w = calloc(1, sizeof *w);
    void *tables = malloc(layout->ram);
    int err = FOTA_ERR_MEMORY;

    memset(stats, 0, sizeof *stats);
    if (w)
        w->new = calloc(1, layout->new_size);
    if (w && tables && w->new) {
        fota_patch_head_read(&r, layout, &w->head);
        r.end = payload + w->head.length;
        w->layout = layout;
        w->arch = fota_patch_arch_find(w->head.arch);
        w->old = old;
        w->stats = stats;
        stats->arch = fota_diff_arch_name(w->head.arch);
        fota_patch_model_place(&w->model, tables, layout->ram);
        err = r.failed ? FOTA_ERR_PATCH : walk_all(w, &r);
    }
    if (w)
        free(w->new);
    free(w);
    free(tables);
    return err;
}
