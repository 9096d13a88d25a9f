#include "diff_price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GUESSED 40u   /* an address as the map will say */
#define UNKNOWN 1500u /* another one, besides the bits of its difference */
static uint32_t price_of(double probability)
{
    return (uint32_t)(-log2(probability) * PRICE_BIT + 0.5);
}

static void price_symbols(uint32_t *price, const uint16_t *counts, unsigned symbols)
{
    for (unsigned i = 0; i < symbols; i++)
        price[i] = price_of((double)counts[i] / counts[symbols]);
}

static void price_numbers(struct diff_price_number *price, const struct patch_number *n)
{
    price_symbols(price->size, n->size, PATCH_SIZES);
    for (unsigned i = 0; i < PATCH_TOPS; i++)
        price_symbols(price->top[i], n->top[i], 4);
    for (unsigned i = 0; i < 2; i++)
        price_symbols(price->low[i], n->low[i], 4);
}

uint32_t diff_price_number(const struct diff_price_number *n, uint32_t value)
{
    unsigned bits = 0, row, left;
    uint32_t price;

    value++;
    while (value >> bits > 1)
        bits++;
    price = n->size[bits];
    row = bits < PATCH_TOPS ? bits : PATCH_TOPS - 1;
    left = bits < 2 ? 0 : bits - 2;
    if (bits)
        price += n->top[row][bits == 1 ? value & 1 : value >> left & 3];
    if (left > 2) {
        price += PRICE_BIT * (left - 2);
        left = 2;
    }
    return left ? price + n->low[left - 1][value & ((1u << left) - 1)] : price;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct diff_prices *p, uint32_t old)
{
    uint32_t slot = (old * 0x9E3779B1u >> 7) & p->address_mask;

    while (p->address_used[slot] && p->addresses[slot].old != old)
        slot = (slot + 1) & p->address_mask;
    return slot;
}

uint32_t diff_price_address(const struct diff_prices *p, const struct diff_unit *unit)
{
    uint32_t difference = patch_fold(unit->value - unit->unit.value), slot;
    unsigned bits = 0;

    if (p->addresses) {
        slot = slot_of(p, unit->unit.value);
        if (p->address_used[slot] && p->addresses[slot].new == unit->value)
            return GUESSED;
    } else if (difference == 0) {
        return GUESSED;
    }
    while (difference >> bits > 1)
        bits++;
    return UNKNOWN + bits * PRICE_BIT;
}

static int compare(const void *a, const void *b)
{
    const struct diff_address *x = a, *y = b;

    if (x->old != y->old)
        return x->old < y->old ? -1 : 1;
    return x->new < y->new ? -1 : x->new > y->new;
}

/* What most copies say of each old address. */
static void learn_addresses(struct diff_prices *p, struct diff_address *list, size_t count)
{
    uint32_t room = 1024;

    while (room < count * 2)
        room *= 2;
    free(p->addresses);
    free(p->address_used);
    p->addresses = malloc(room * sizeof *p->addresses);
    p->address_used = calloc(room, 1);
    if (!p->addresses || !p->address_used) {
        free(p->addresses);
        p->addresses = NULL;
        return;
    }
    p->address_mask = room - 1;
    if (count)
        qsort(list, count, sizeof *list, compare);
    for (size_t i = 0; i < count;) {
        size_t best = 0;
        uint32_t old = list[i].old, slot = slot_of(p, old);

        p->address_used[slot] = 1;
        while (i < count && list[i].old == old) {
            size_t k = i;

            while (k < count && compare(&list[k], &list[i]) == 0)
                k++;
            if (k - i > best) {
                best = k - i;
                p->addresses[slot] = list[i];
            }
            i = k;
        }
    }
}

/* ---- literals -------------------------------------------------------------------------------- */

static void learn_literals(struct diff_prices *p, const struct diff_coder *coder)
{
    const struct diff_images *images = coder->images;
    double total[2] = {0, 0};
    double *follow = calloc(256, sizeof *follow);

    if (!follow)
        return;
    for (unsigned i = 0; i < 512; i++)
        total[i / 256] += coder->order0[i / 256][i % 256] + 0.4;
    for (unsigned i = 0; i < 65536; i++)
        follow[i >> 8] += coder->order1[i];
    for (uint32_t at = 0; at < images->new_size; at++) {
        uint8_t value = images->new[at], last = at ? images->new[at - 1] : 0;
        double p0 = (coder->order0[at & 1][value] + 0.4) / total[at & 1];
        double weight = follow[last] / (follow[last] + 24);
        double p1 = follow[last] > 0 ? coder->order1[last << 8 | value] / follow[last] : 0;

        p->literals[at] = price_of((p1 * weight + p0 * (1 - weight)) * 0.998 + 0.002 / 256);
    }
    free(follow);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void learn_model(struct diff_prices *p, const struct patch_model *m)
{
    for (unsigned i = 0; i < 16 * 2; i++) {
        uint32_t *op = p->op[i / 2][i % 2];

        price_symbols(op, m->op[i / 2][i % 2], PATCH_OPS);
        for (unsigned k = OP_RECENT; k < PATCH_OPS; k++)
            op[k] += p->haste;
    }
    price_numbers(&p->run, &m->run);
    for (unsigned i = 1; i < PRICE_RUNS; i++)
        p->runs[i] = diff_price_number(&p->run, i - 1);
    for (unsigned i = 0; i < 32 && m->how & PATCH_COUNT; i++)
        price_symbols(p->halves[i], m->slots + i * PATCH_COUNTS(16), 16);
    for (unsigned i = 0; i < PRICE_KINDS; i++) {
        price_numbers(&p->length[i], &m->length[i]);
        for (unsigned k = 1; k < PRICE_LENGTHS; k++)
            p->lengths[i][k] = diff_price_number(&p->length[i], k - 1);
    }
    for (unsigned i = 0; i < 4; i++) {
        price_numbers(&p->distance[i], &m->distance[i]);
        price_numbers(&p->shift[i], &m->shift[i]);
    }
}

static uint32_t price_halves(const struct diff_prices *p, uint8_t last, uint8_t value)
{
    return p->halves[last >> 4][value >> 4] + p->halves[16 + (value >> 4)][value & 15];
}

uint32_t diff_price_literal(const struct diff_prices *p, const struct diff_images *images,
                            uint32_t at, uint8_t there)
{
    if (!p->differences)
        return p->literals[at];
    return price_halves(p, at ? images->new[at - 1] : 0, (uint8_t)(images->new[at] - there));
}

/* Bits of a literal before anything is known. */
static unsigned first_guess(unsigned how)
{
    if (how == PATCH_LITERALS)
        return 2;
    return how == PATCH_COUNT ? 7 : how == PATCH_MIX ? 6 : 8;
}

int diff_prices_restart(struct diff_prices *p, const struct diff_images *images, uint32_t haste)
{
    struct patch_model *model = calloc(1, sizeof *model);
    uint32_t price = first_guess(images->head.how) * PRICE_BIT;

    if (!model)
        return FOTA_ERR_MEMORY;
    p->haste = haste;
    p->differences = images->head.how == PATCH_LITERALS;
    fota_patch_model_reset(model, 0);
    learn_model(p, model);
    free(model);
    for (uint32_t i = 0; i < images->new_size; i++)
        p->literals[i] = price;
    for (unsigned i = 0; i < 32 * 16; i++)
        p->halves[i / 16][i % 16] = price / 2;
    return 0;
}

struct diff_prices *diff_prices_new(const struct diff_images *images)
{
    struct diff_prices *p = calloc(1, sizeof *p);

    if (p)
        p->literals = malloc(images->new_size * sizeof *p->literals);
    if (!p || !p->literals ||
        diff_prices_restart(p, images, images->head.how ? 0 : DIFF_HASTE) != 0) {
        diff_prices_free(p);
        return NULL;
    }
    return p;
}

void diff_prices_learn(struct diff_prices *p, struct diff_coder *coder)
{
    learn_model(p, &coder->model);
    if (coder->model.how == PATCH_MIX)
        learn_literals(p, coder);
    for (uint32_t at = 0; at < coder->images->new_size && coder->model.how == PATCH_COUNT; at++)
        p->literals[at] =
            price_halves(p, at ? coder->images->new[at - 1] : 0, coder->images->new[at]);
    learn_addresses(p, coder->addresses, coder->address_count);
}

void diff_prices_free(struct diff_prices *p)
{
    if (p) {
        free(p->literals);
        free(p->addresses);
        free(p->address_used);
    }
    free(p);
}
