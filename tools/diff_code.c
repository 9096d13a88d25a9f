/* The encoder's half of patch_model.h: operations to bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_internal.h"

/* The coder's encoding half; a carry goes back into what was written. */
struct patch_coder {
    uint64_t low;
    uint32_t range;
    struct diff_writer *out;
    size_t start;
    double bits;
};

void diff_put(struct diff_writer *w, const void *data, size_t length)
{
    if (w->length + length > w->room) {
        size_t room = (w->length + length) * 2 + 4096;
        uint8_t *more = realloc(w->data, room);

        if (!more) {
            w->failed = 1;
            return;
        }
        w->data = more;
        w->room = room;
    }
    memcpy(w->data + w->length, data, length);
    w->length += length;
}

static void shift_out(struct patch_coder *c)
{
    uint8_t byte = (uint8_t)(c->low >> 24);

    if (c->low >> 32 && !c->out->failed)
        for (size_t i = c->out->length; i-- > c->start && ++c->out->data[i] == 0;)
            ;
    diff_put(c->out, &byte, 1);
    c->low = (c->low & 0xffffff) << 8;
}

static void normalise(struct patch_coder *c)
{
    while (c->range < 1u << 24) {
        c->range <<= 8;
        shift_out(c);
    }
}

static inline unsigned code_bit(struct patch_coder *c, uint32_t p16, unsigned bit)
{
    uint32_t bound = (c->range >> 16) * p16;

    c->bits -= log2((bit ? p16 : 65536 - p16) / 65536.0);
    if (bit) {
        c->range = bound;
    } else {
        c->low += bound;
        c->range -= bound;
    }
    normalise(c);
    return bit;
}

static uint32_t code_plain(struct patch_coder *c, unsigned bits, uint32_t value)
{
    c->bits += bits;
    c->range >>= bits;
    c->low += (uint64_t)value * c->range;
    normalise(c);
    return value;
}

static unsigned code_share(struct patch_coder *c, const uint16_t *counts, unsigned symbols,
                           unsigned symbol)
{
    uint32_t below = 0;

    for (unsigned i = 0; i < symbol; i++)
        below += counts[i];
    c->bits -= log2((double)counts[symbol] / counts[symbols]);
    c->range /= counts[symbols];
    c->low += (uint64_t)below * c->range;
    c->range *= counts[symbol];
    normalise(c);
    return symbol;
}

#define CODED(value) (value)
#include "patch_model.h"

static void start_coder(struct patch_coder *c, struct diff_writer *out)
{
    c->low = 0;
    c->range = UINT32_MAX;
    c->out = out;
    c->start = out->length;
    c->bits = 0;
}

/* Any number in the last range will do: the one that ends in the most zeros, which are left out. */
static void finish_coder(struct patch_coder *c)
{
    uint64_t high = c->low + c->range - 1;

    for (unsigned bits = 32; bits-- > 0;) {
        uint64_t value = high >> bits << bits;

        if (value >= c->low) {
            c->low = value;
            break;
        }
    }
    for (unsigned i = 0; i < 4; i++)
        shift_out(c);
    while (!c->out->failed && c->out->length > c->start && c->out->data[c->out->length - 1] == 0)
        c->out->length--;
}

/* Whether the new image has the same unit with another address, which is u->value then. */
static int is_same_unit(const struct diff_images *images, int is_new, const uint8_t *bytes,
                        uint32_t to, struct diff_unit *u)
{
    uint8_t copy[PATCH_UNIT_MAX];

    u->value = u->unit.value;
    if (u->unit.kind == PATCH_PLAIN)
        return memcmp(bytes, images->new + to, u->unit.length) == 0;
    if (!is_new)
        u->value = images->arch->get(&images->head.new_space, images->new + to, to, &u->unit);
    /* Data that is no address costs more as a moved one than as what it is. */
    if (u->unit.kind < PATCH_OUTSIDE &&
        !patch_space_holds(&images->head.new_space, u->value + images->head.new_space.base))
        return 0;
    memcpy(copy, bytes, u->unit.length);
    images->arch->put(&images->head.new_space, copy, to, &u->unit, u->value);
    return memcmp(copy, images->new + to, u->unit.length) == 0;
}

uint32_t diff_same(const struct diff_images *images, const struct patch_source *source,
                   uint32_t from, uint32_t to, uint32_t length, unsigned step, struct diff_unit *u)
{
    const struct patch_space *space = &images->head.old_space;
    const uint8_t *bytes = images->old;

    u->unit.length = 0;
    u->stop = 0;
    if (source->is_new) {
        space = &images->head.new_space;
        bytes = images->new;
    }
    if (step && from % step == 0)
        images->arch->find(space, bytes + from, length, from, &u->unit);
    if (u->unit.length == 0)
        return bytes[from] == images->new[to];
    if (images->new_size - to < u->unit.length)
        return 0;
    if (is_same_unit(images, source->is_new, bytes + from, to, u))
        return u->unit.length;
    /* A copy may end inside of it, for then it is none. */
    u->stop = 1;
    for (unsigned i = 0; i < u->unit.length; i++)
        if (bytes[from + i] != images->new[to + i]) {
            u->unit.length = 0;
            return i < 3 ? i : 0;
        }
    u->unit.length = 0;
    return 0;
}

/* ---- the model ------------------------------------------------------------------------------- */

int diff_coder_start(struct diff_coder *coder, const struct diff_images *images, uint32_t ram)
{
    memset(coder, 0, sizeof *coder);
    coder->images = images;
    coder->tables = malloc(ram);
    coder->order1 = calloc(65536, sizeof *coder->order1);
    if (!coder->tables || !coder->order1)
        return FOTA_ERR_MEMORY;
    fota_patch_model_place(&coder->model, coder->tables, ram);
    return 0;
}

void diff_coder_stop(struct diff_coder *coder)
{
    free(coder->tables);
    free(coder->order1);
    free(coder->addresses);
}

static void keep_address(struct diff_coder *coder, uint32_t old, uint32_t new)
{
    if (coder->address_count == coder->address_room) {
        size_t room = coder->address_room * 2 + 1024;
        struct diff_address *more = realloc(coder->addresses, room * sizeof *more);

        if (!more)
            return;
        coder->addresses = more;
        coder->address_room = room;
    }
    coder->addresses[coder->address_count].old = old;
    coder->addresses[coder->address_count++].new = new;
}

static void write_literal(struct patch_coder *c, struct diff_coder *coder,
                          const struct diff_segment *segment, uint32_t position, unsigned fresh)
{
    const struct diff_images *images = coder->images;
    const struct patch_source *source = &coder->model.sources[0];
    struct literal_context context = {0, 0, fresh, position & 3};
    uint8_t value = images->new[position];
    double bits = c->bits;

    if (position)
        context.last = images->new[position - 1];
    if (source->is_new && source->where && source->where <= position)
        context.there = images->new[position - source->where];
    else if (!source->is_new && position + source->where >= segment->old_low &&
             position + source->where < images->old_size)
        context.there = images->old[position + source->where];
    code_literal(c, &coder->model, &context, value);
    coder->order0[position & 1][value]++;
    coder->order1[context.last << 8 | value]++;
    coder->stats->literals++;
    coder->stats->literal_bytes++;
    coder->stats->literal_bits += c->bits - bits;
}

/* The `count` literals of a run. */
static void write_run(struct patch_coder *c, struct diff_coder *coder,
                      const struct diff_segment *segment, uint32_t position, uint32_t count)
{
    double bits = c->bits;

    code_run(c, &coder->model, count);
    did(&coder->model, DID_LITERAL);
    coder->stats->literal_bits += c->bits - bits;
    for (uint32_t i = 0; i < count; i++)
        write_literal(c, coder, segment, position + i, i == 0);
}

/* The addresses in a copy. */
static void write_units(struct patch_coder *c, struct diff_coder *coder, const struct diff_op *op,
                        uint32_t position)
{
    const struct diff_images *images = coder->images;
    unsigned step = copy_step(images->arch, &op->source, position);
    double bits = c->bits;

    if (op->source.is_new || !step)
        return;
    for (uint32_t i = 0; i < op->length;) {
        uint32_t from = position + op->source.where + i;
        struct diff_unit u;

        i += diff_same(images, &op->source, from, position + i, op->length - i, step, &u);
        if (u.unit.length && u.unit.kind != PATCH_PLAIN) {
            code_address(c, &coder->model, images->arch, &images->head, &u.unit, u.value);
            keep_address(coder, u.unit.value, u.value);
            coder->stats->addresses++;
            coder->stats->predicted += coder->model.hits & 1;
        }
    }
    coder->stats->address_bits += c->bits - bits;
}

static unsigned op_of(const struct patch_model *m, const struct diff_op *op)
{
    if (op->length == 0)
        return OP_LITERAL;
    for (unsigned i = 0; i < PATCH_RECENT; i++)
        if (m->sources[i].is_new == op->source.is_new && m->sources[i].where == op->source.where)
            return OP_RECENT + i;
    return op->source.is_new ? OP_NEW : OP_OLD;
}

static void write_copy(struct patch_coder *c, struct diff_coder *coder, const struct diff_op *op,
                       uint32_t position)
{
    struct patch_model *m = &coder->model;
    struct patch_source source = op->source;
    unsigned how = op_of(m, op);
    double bits = c->bits;

    code_length(c, m, how, op->length);
    if (how >= OP_OLD)
        code_source(c, m, op->length, &source);
    use_source(m, how - OP_RECENT, &op->source);
    learn_copy(m, coder->images->arch, position, op->length);
    did(m, how == OP_RECENT ? DID_AGAIN : source.is_new ? DID_NEW : DID_OLD);
    coder->stats->copies++;
    *(source.is_new ? &coder->stats->new_bytes : &coder->stats->old_bytes) += op->length;
    coder->stats->copy_bits += c->bits - bits;
    write_units(c, coder, op, position);
}

int diff_code(struct diff_coder *coder, const struct diff_segment *segment,
              const struct diff_ops *ops, struct diff_writer *out)
{
    uint32_t position = segment->start;
    struct patch_coder c;
    double bits;

    fota_patch_model_reset(&coder->model, coder->images->head.how);
    start_coder(&c, out);
    for (size_t i = 0; i < ops->count;) {
        const struct diff_op *op = &ops->list[i];
        uint32_t run = 0;

        while (i + run < ops->count && op[run].length == 0)
            run++;
        bits = c.bits;
        code_op(&c, &coder->model, position, op_of(&coder->model, op));
        *(run ? &coder->stats->literal_bits : &coder->stats->copy_bits) += c.bits - bits;
        if (run)
            write_run(&c, coder, segment, position, run);
        else
            write_copy(&c, coder, op, position);
        position += run ? run : op->length;
        i += run ? run : 1;
    }
    finish_coder(&c);
    return out->failed ? FOTA_ERR_MEMORY : 0;
}
