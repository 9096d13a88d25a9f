/*
 * patch_model.h - the models of the stream, and coding by them.
 *
 * Decoder and encoder include this file after they have declared
 *
 *     static unsigned code_bit(struct patch_coder *coder, uint32_t p16, unsigned bit);
 *     static uint32_t code_plain(struct patch_coder *coder, unsigned bits, uint32_t value);
 *
 * The first codes a bit whose probability to be 1 is p16 / 65536 and returns it, the second a
 * number of up to 12 bits that may be any: the encoder's take the value, the decoder's ignore it.
 * So both sides run the same code and cannot drift apart; where a function takes a value to code,
 * the decoder gives any.
 */
#ifndef FOTA_PATCH_MODEL_H
#define FOTA_PATCH_MODEL_H

#include <string.h>

#include "patch_head.h"
#include "patch_map.h"
#include "patch_mix.h"
#include "patch_state.h"

/* For what must be made anew wherever it is called, with the constants that it is given. */
#if defined(__GNUC__)
#define PATCH_ALWAYS inline __attribute__((always_inline))
#else
#define PATCH_ALWAYS inline
#endif

/* Below 96 a probability could reach 0. */
#define CAREFUL_LIMIT 127u

static inline unsigned code_careful(struct patch_coder *coder, uint32_t *p, unsigned bit)
{
    bit = code_bit(coder, patch_careful_p16(*p), bit);
    *p = patch_careful_update(*p, bit, CAREFUL_LIMIT);
    return bit;
}

static inline unsigned code_tree(struct patch_coder *coder, uint32_t *tree, unsigned bits,
                                 unsigned value)
{
    unsigned node = 1;

    while (bits--)
        node = node << 1 | code_careful(coder, &tree[node], value >> bits & 1);
    return node;
}

/*
 * A number: how many bits it has after its leading 1, by a tree; the two next to the leading one
 * and the two lowest by context, for numbers that are multiples of 2 and 4; the others as they are.
 */
static uint32_t code_number(struct patch_coder *to, struct patch_number *n, uint32_t value)
{
    struct patch_coder local = *to, *coder = &local;
    unsigned bits = 0, row, left;
    uint32_t result = 1;

    value++;
    while (value >> bits > 1)
        bits++;
    bits = code_tree(coder, n->size, 5, bits) & 31;
    row = bits < PATCH_TOPS ? bits : PATCH_TOPS - 1;
    for (left = bits; left && left + 2 > bits; left--)
        result =
            result << 1 | code_careful(coder, &n->top[row][result - 1], value >> (left - 1) & 1);
    while (left > 2) {
        unsigned some = left - 2 < 12 ? left - 2 : 12;

        left -= some;
        result = result << some | code_plain(coder, some, value >> left & ((1u << some) - 1));
    }
    if (left) {
        unsigned low = code_tree(coder, n->low, left, value & ((1u << left) - 1));

        result = result << left | (low & ((1u << left) - 1));
    }
    *to = local;
    return result - 1;
}

/* ---- literals ------------------------------------------------------------------------------- */

/* What a literal is guessed from. */
struct literal_context {
    uint8_t last;    /* the byte before */
    uint8_t there;   /* byte that a copy would have given */
    unsigned since;  /* literals since the last copy, up to 3 */
    unsigned parity; /* offset in the image modulo 4 */
};

/* Contexts, the most telling first: a stream uses as many as its head says. */
static inline void hash_contexts(const struct literal_context *c, unsigned inputs,
                                 uint32_t hash[PATCH_INPUTS])
{
    uint32_t half = c->parity & 1, there = c->there, last = c->last;

    hash[0] = (last << 1 | half) + 1;
    hash[1] = c->parity + 0x200000;
    hash[2] = (there << 3 | c->since << 1 | half) + 0x1000;
    if (inputs == 1 && c->since == 0)
        hash[0] = hash[2];
}

/* Whether a literal is guessed from `there` at all: it costs a read. */
static inline int wants_there(const struct patch_model *m)
{
    return m->inputs == 1 ? m->since == 0 : m->inputs > 2;
}

/* The probabilities of half a byte stand in one row of a table. */
static inline uint16_t *row_of(const struct patch_model *m, unsigned table, uint32_t hash)
{
    return m->slots + ((table * m->rows + ((hash * 0x9E3779B1u >> 16) * m->rows >> 16)) << 4);
}

/* The second half's rows depend on the first. */
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
    p->stretched = patch_stretch[p->row[node] >> 8];
    return p->weight * p->stretched;
}

static inline void correct_one(struct predictor *p, size_t node, int32_t target, int32_t error)
{
    p->weight += (p->stretched * error + 0x2000) >> 14;
    p->row[node] = patch_quick_update(p->row[node], target);
}

static PATCH_ALWAYS void correct(struct predictor *p, unsigned inputs, size_t node, uint32_t mixed,
                                 int32_t target)
{
    int32_t error = (target - (int32_t)mixed) >> 4;

    correct_one(&p[0], node, target, error);
    correct_one(&p[1], node, target, error);
    if (inputs > 2)
        correct_one(&p[2], node, target, error);
}

/*
 * A literal by two or three predictions. Coder and predictors are copies, so that they can stay in
 * registers.
 */
static PATCH_ALWAYS uint8_t code_mixed(struct patch_coder *coder, struct patch_model *m,
                                       const struct literal_context *c, unsigned inputs,
                                       unsigned value)
{
    int32_t *weights = m->weights[c->since * 4 + c->parity];
    struct predictor predictors[PATCH_INPUTS] = {
        {NULL, weights[0], 0}, {NULL, weights[1], 0}, {NULL, weights[2], 0}};
    struct patch_coder local = *coder;
    uint32_t hash[PATCH_INPUTS];
    unsigned whole = 1;

    hash_contexts(c, inputs, hash);
    for (unsigned half = 0; half < 2; half++) {
        size_t node = 1;

        predictors[0].row = row_of(m, 0, hash_half(hash[0], whole));
        predictors[1].row = row_of(m, 1, hash_half(hash[1], whole));
        if (inputs > 2)
            predictors[2].row = row_of(m, 2, hash_half(hash[2], whole));
        do {
            int32_t sum = predict(&predictors[0], node) + predict(&predictors[1], node) +
                          (inputs > 2 ? predict(&predictors[2], node) : 0);
            uint32_t p = patch_squash16(sum >> 14);

            if (code_bit(&local, p, value >> 7 & 1)) {
                correct(predictors, inputs, node, p, PATCH_QUICK_ONE);
                node = node * 2 + 1;
            } else {
                correct(predictors, inputs, node, p, PATCH_QUICK_ZERO);
                node = node * 2;
            }
            value <<= 1;
        } while (node < 16);
        whole = whole << 4 | (node & 15);
    }
    weights[0] = predictors[0].weight;
    weights[1] = predictors[1].weight;
    weights[2] = predictors[2].weight;
    *coder = local;
    return (uint8_t)whole;
}

/* Without mixing: by the byte that a copy would have given, or by the last one. */
static inline uint8_t code_single(struct patch_coder *coder, struct patch_model *m,
                                  const struct literal_context *c, unsigned value)
{
    struct patch_coder local = *coder;
    uint32_t hash[PATCH_INPUTS];
    unsigned whole = 1;

    hash_contexts(c, 1, hash);
    for (unsigned half = 0; half < 2; half++) {
        uint16_t *row = row_of(m, 0, hash_half(hash[0], whole));
        size_t node = 1;

        do {
            unsigned p = row[node];

            if (code_bit(&local, p, value >> 7 & 1)) {
                row[node] = patch_quick_update(p, PATCH_QUICK_ONE);
                node = node * 2 + 1;
            } else {
                row[node] = patch_quick_update(p, PATCH_QUICK_ZERO);
                node = node * 2;
            }
            value <<= 1;
        } while (node < 16);
        whole = whole << 4 | (node & 15);
    }
    *coder = local;
    return (uint8_t)whole;
}

static uint8_t code_literal(struct patch_coder *coder, struct patch_model *m,
                            const struct literal_context *c, uint8_t value)
{
    switch (m->inputs) {
    case 1: return code_single(coder, m, c, value);
    case 2: return code_mixed(coder, m, c, 2, value);
    default: return code_mixed(coder, m, c, 3, value);
    }
}

/* ---- operations ----------------------------------------------------------------------------- */

static unsigned code_is_copy(struct patch_coder *coder, struct patch_model *m, uint32_t position,
                             unsigned copy)
{
    return code_careful(coder, &m->copy[m->history & 63][position & 1], copy);
}

/* Which of the recent sources, PATCH_RECENT for none. */
static unsigned code_recent(struct patch_coder *coder, struct patch_model *m, unsigned index)
{
    if (!code_careful(coder, &m->again[m->history & 63], index < PATCH_RECENT))
        return PATCH_RECENT;
    for (unsigned i = 0; i < PATCH_RECENT - 1; i++)
        if (code_careful(coder, &m->recent[i][m->history & 3], index == i))
            return i;
    return PATCH_RECENT - 1;
}

static uint32_t code_length(struct patch_coder *coder, struct patch_model *m, unsigned index,
                            unsigned is_new, uint32_t length)
{
    unsigned kind = index == 0 ? (m->history & 3) == 0 : index < PATCH_RECENT ? 2 : 3 + is_new;

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

/* ---- addresses ------------------------------------------------------------------------------ */

/*
 * What an address may have moved by, likeliest first: what the map says; nothing that shows, which
 * also is what happens to data that only looks like an address; and what the last surprise was.
 */
static void list_deltas(const struct patch_model *m, const struct patch_arch *arch,
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

    patch_map_guess(&m->map, unit->value, &guess);
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
            patch_map_learn(&m->map, unit->value, delta);
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

        patch_map_guess(&m->map, ends[i], &guess);
        if (guess.sure == PATCH_NOTHING || guess.sure == PATCH_BORDER ||
            guess.first != (uint32_t)-m->sources[0].where)
            patch_map_learn(&m->map, ends[i], (uint32_t)-m->sources[0].where);
    }
}

#endif
