/*
 * patch_model.h - the models of the stream, and coding by them.
 *
 * Decoder and encoder include this file after they have declared
 *
 *     static unsigned code_bit(struct patch_coder *coder, uint32_t p16, unsigned bit);
 *     static uint32_t code_plain(struct patch_coder *coder, unsigned bits, uint32_t value);
 *     static unsigned code_share(struct patch_coder *coder, const uint16_t *counts,
 *                                unsigned symbols, unsigned symbol);
 *
 * The first codes a bit whose probability to be 1 is p16 / 65536 and returns it, the second a
 * number of up to 12 bits that may be any, the third one of some symbols by how often each was
 * seen: the encoder's take the value, the decoder's ignore it.
 * So both sides run the same code and cannot drift apart; where a function takes a value to code,
 * the decoder gives any. CODED(value) is the value in the encoder, and 0 in the decoder.
 */
#ifndef FOTA_PATCH_MODEL_H
#define FOTA_PATCH_MODEL_H

#include <string.h>

#include "patch_head.h"
#include "patch_map.h"
#include "patch_mix.h"
#include "patch_state.h"

/* Below 96 a probability could reach 0. */
#define CAREFUL_LIMIT 127u

static inline unsigned code_careful(struct patch_coder *coder, uint32_t *p, unsigned bit)
{
    bit = code_bit(coder, patch_careful_p16(*p), bit);
    *p = patch_careful_update(*p, bit, CAREFUL_LIMIT);
    return bit;
}

/* One of some symbols; `step` is how fast its counts learn. */
static inline unsigned code_symbol(struct patch_coder *coder, uint16_t *counts, unsigned symbols,
                                   unsigned step, unsigned symbol)
{
    symbol = code_share(coder, counts, symbols, symbol);
    patch_count(counts, symbols, symbol, step);
    return symbol;
}

#define COUNT_STEP 16u

/*
 * A number: how many bits it has after its leading 1; the two next to the leading one, and the two
 * lowest, for numbers that are multiples of 2 and 4; the others as they are.
 */
static uint32_t code_number(struct patch_coder *to, struct patch_number *n, uint32_t value)
{
    struct patch_coder local = *to, *coder = &local;
    unsigned bits = 0, row, left;
    uint32_t result = 1;

    value = CODED(value) + 1;
    while (value >> bits > 1)
        bits++;
    left = bits = code_symbol(coder, n->size, PATCH_SIZES, COUNT_STEP, bits);
    row = bits < PATCH_TOPS ? bits : PATCH_TOPS - 1;
    if (left) {
        unsigned some = left < 2 ? 1 : 2, mask = (1u << some) - 1;

        left -= some;
        result = result << some |
                 (code_symbol(coder, n->top[row], 4, COUNT_STEP, value >> left & mask) & mask);
    }
    while (left > 2) {
        unsigned some = left - 2 < 12 ? left - 2 : 12;

        left -= some;
        result = result << some | code_plain(coder, some, value >> left & ((1u << some) - 1));
    }
    if (left) {
        unsigned mask = (1u << left) - 1;

        result = result << left |
                 (code_symbol(coder, n->low[left - 1], 4, COUNT_STEP, value & mask) & mask);
    }
    *to = local;
    return result - 1;
}

/* ---- literals -------------------------------------------------------------------------------- */

/* What a literal is guessed from. */
struct literal_context {
    uint8_t last;    /* the byte before */
    uint8_t there;   /* byte that a copy would have given */
    unsigned fresh;  /* 1 for the first of a run */
    unsigned parity; /* offset in the image modulo 4 */
};

/* Where in a table of `rows` rows a context's row lies. */
static inline uint32_t row_of(const struct patch_model *m, uint32_t hash)
{
    return (hash * 0x9E3779B1u >> 16) * m->rows >> 16;
}

/* The second half's rows depend on the first, with a 1 before it. */
static inline uint32_t hash_half(uint32_t hash, unsigned node)
{
    return hash + (node > 1 ? node - 15 : 0) * 0x3D4D51CBu;
}

/* One of the predictions that are mixed. */
struct predictor {
    uint16_t *row;
    int32_t weight, stretched;
};

static inline int32_t predict(struct predictor *p, size_t node)
{
    p->stretched = fota_patch_stretch[p->row[node] >> 8];
    return p->weight * p->stretched;
}

static inline void correct(struct predictor *p, size_t node, int32_t target, uint32_t mixed)
{
    int32_t error = (target - (int32_t)mixed) >> 4;

    p->weight += (p->stretched * error + 0x1000) >> 13;
    p->row[node] = patch_quick_update(p->row[node], target);
}

/*
 * A literal by two predictions: from the byte before, and from the one that a copy would have
 * given. Coder and predictors are copies, so that they can stay in registers.
 */
static inline uint8_t code_mixed(struct patch_coder *coder, struct patch_model *m,
                                 const struct literal_context *c, unsigned value)
{
    int32_t *weights = m->weights[c->fresh * 4 + c->parity];
    struct predictor by_last = {NULL, weights[0], 0}, by_there = {NULL, weights[1], 0};
    struct patch_coder local = *coder;
    uint32_t last = ((c->last >> 4) << 1 | (c->parity & 1)) + 0x9000;
    uint32_t there = ((c->there >> 4) << 2 | c->fresh << 1 | (c->parity & 1)) + 0x7000;
    unsigned whole = 1;

    for (unsigned half = 0; half < 2; half++) {
        size_t node = 1;

        by_last.row = m->slots + row_of(m, hash_half(last, whole)) * 16;
        by_there.row = m->slots + (m->rows + row_of(m, hash_half(there, whole))) * 16;
        do {
            int32_t sum = predict(&by_last, node) + predict(&by_there, node);
            uint32_t p = patch_squash16(sum >> 14);

            if (code_bit(&local, p, value >> 7 & 1)) {
                correct(&by_last, node, PATCH_QUICK_ONE, p);
                correct(&by_there, node, PATCH_QUICK_ONE, p);
                node = node * 2 + 1;
            } else {
                correct(&by_last, node, PATCH_QUICK_ZERO, p);
                correct(&by_there, node, PATCH_QUICK_ZERO, p);
                node = node * 2;
            }
            value <<= 1;
        } while (node < 16);
        whole = whole << 4 | (node & 15);
    }
    weights[0] = by_last.weight;
    weights[1] = by_there.weight;
    *coder = local;
    return (uint8_t)whole;
}

/* A literal, or its difference to what a copy would have given, by halves that are counted. */
static uint8_t code_counted(struct patch_coder *coder, struct patch_model *m,
                            const struct literal_context *c, unsigned value)
{
    unsigned less = m->how & PATCH_MIX ? c->there : 0, high;

    value = (value - less) & 255;
    high = code_symbol(coder, m->slots + (c->last >> 4) * PATCH_COUNTS(16), 16, COUNT_STEP,
                       value >> 4);
    value =
        code_symbol(coder, m->slots + (16 + high) * PATCH_COUNTS(16), 16, COUNT_STEP, value & 15);
    return (uint8_t)((high << 4 | value) + less);
}

static uint8_t code_literal(struct patch_coder *coder, struct patch_model *m,
                            const struct literal_context *c, uint8_t value)
{
    if (m->how & PATCH_COUNT)
        return code_counted(coder, m, c, value);
    return m->how ? code_mixed(coder, m, c, value) : (uint8_t)code_plain(coder, 8, value);
}

/* ---- operations ------------------------------------------------------------------------------ */

static inline unsigned code_op(struct patch_coder *coder, struct patch_model *m, uint32_t position,
                               unsigned op)
{
    return code_symbol(coder, m->op[m->history & 15][position & 1], PATCH_OPS, COUNT_STEP, op);
}

/* How many literals stand in a row. */
static uint32_t code_run(struct patch_coder *coder, struct patch_model *m, uint32_t length)
{
    return code_number(coder, &m->run, length - 1) + 1;
}

static uint32_t code_length(struct patch_coder *coder, struct patch_model *m, unsigned op,
                            uint32_t length)
{
    unsigned kind = op == OP_RECENT ? (m->history & 3) == 0 : op < OP_OLD ? 2 : op - OP_OLD + 3;

    return code_number(coder, &m->length[kind], length - 1) + 1;
}

static void code_source(struct patch_coder *coder, struct patch_model *m, uint32_t length,
                        struct patch_source *source)
{
    unsigned class = source_class(length);

    if (source->is_new)
        source->where = code_number(coder, &m->distance[class], source->where - 1) + 1;
    else
        source->where =
            m->diagonal + patch_unfold(code_number(coder, &m->shift[class],
                                                   patch_fold(source->where - m->diagonal)));
}

/* ---- addresses ------------------------------------------------------------------------------- */

/*
 * What an address may have moved by, likeliest first: what the map says; nothing that shows, which
 * also is what happens to data that only looks like an address; and what the last surprise was.
 */
static inline void list_deltas(const struct patch_model *m, const struct patch_arch *arch,
                               const struct patch_head *head, const struct patch_unit *unit,
                               const struct patch_guess *guess, uint32_t deltas[PATCH_DELTAS])
{
    uint32_t same = arch->relative >> unit->kind & 1 ? (uint32_t)-m->sources[0].where
                                                     : head->old_space.base - head->new_space.base;

    deltas[0] = guess->first;
    deltas[1] = guess->second;
    deltas[2] = same;
    deltas[3] = m->surprise;
    if (unit->kind == PATCH_OUTSIDE && guess->sure != PATCH_EXACT) {
        deltas[0] = same;
        deltas[2] = guess->first;
    }
}

/* Where the address of a unit in copied old code went: codes and learns it. */
static uint32_t code_address(struct patch_coder *coder, struct patch_model *m,
                             const struct patch_arch *arch, const struct patch_head *head,
                             const struct patch_unit *unit, uint32_t new)
{
    struct patch_guess guess;
    uint32_t deltas[PATCH_DELTAS], delta = new - unit->value;
    unsigned index = 0;

    fota_patch_map_guess(&m->map, unit->value, &guess);
    list_deltas(m, arch, head, unit, &guess, deltas);
    for (; index < PATCH_DELTAS; index++) {
        uint32_t *p = index ? &m->other[unit->kind][guess.sure == PATCH_BORDER][index]
                            : &m->hit[unit->kind][guess.sure][m->hits & 3];
        unsigned known = 0;

        for (unsigned i = 0; i < index; i++)
            known |= deltas[i] == deltas[index];
        if (!known && code_careful(coder, p, delta == deltas[index]))
            break;
    }
    if (index == PATCH_DELTAS) {
        delta = deltas[0] + patch_unfold(code_number(coder, &m->miss[unit->kind < PATCH_OUTSIDE],
                                                     patch_fold(delta - deltas[0])));
        m->surprise = delta;
    } else {
        delta = deltas[index];
    }
    m->hits = m->hits << 1 | (index == 0);
    if (index || guess.sure == PATCH_BORDER)
        if (unit->kind != PATCH_OUTSIDE || index)
            fota_patch_map_learn(&m->map, unit->value, delta);
    return unit->value + delta;
}

#define LEARN_MIN 32u /* bytes: shorter copies tell nothing of where code went */

/* A copy from old code says where addresses in it go. */
static void learn_copy(struct patch_model *m, const struct patch_arch *arch, uint32_t position,
                       uint32_t length)
{
    uint32_t ends[2];

    if (!arch || m->sources[0].is_new || length < LEARN_MIN)
        return;
    ends[0] = position + m->sources[0].where;
    ends[1] = ends[0] + length - 1;
    for (unsigned i = 0; i < 2; i++) {
        struct patch_guess guess;

        fota_patch_map_guess(&m->map, ends[i], &guess);
        if (guess.sure == PATCH_NOTHING || guess.sure == PATCH_BORDER ||
            guess.first != (uint32_t)-m->sources[0].where)
            fota_patch_map_learn(&m->map, ends[i], (uint32_t)-m->sources[0].where);
    }
}

#endif
