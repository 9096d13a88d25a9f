/*
 * Chooses the operations of a segment: the cheapest way from its beginning to its end, by what the
 * models of the pass before say that operations cost.
 */
#include <stdlib.h>
#include <string.h>

#include "diff_price.h"

#define GOOD    512u /* copies of this length are taken without looking further, bytes */
#define SOON    64u  /* or of this one, where looking takes too long */
#define PATIENT 200u /* bytes of copies that are looked at by the new byte, as a rule */
#define LENGTHS 32u  /* shorter lengths that are tried of each copy */
#define HASHES  4u

/* The cheapest known way to an offset. */
struct node {
    uint32_t cost;
    struct diff_op op; /* that leads here */
    struct patch_source sources[PATCH_RECENT];
    uint32_t diagonal;
    uint8_t history;
    uint16_t run; /* literals before it, less than PRICE_RUNS */
};

struct parser {
    const struct diff_images *images;
    const struct diff_segment *segment;
    const struct diff_prices *prices;
    struct node *nodes;     /* one for each offset of the segment, and its end */
    uint32_t *last[HASHES]; /* where a hash of bytes was seen last, plus 1 */
    uint32_t jump;          /* offset behind a long copy */
    uint64_t looked;        /* bytes of copies that were looked at */
};

static const unsigned hash_bytes[HASHES] = {2, 3, 4, 6};

static struct node *node_at(const struct parser *p, uint32_t at)
{
    return &p->nodes[at - p->segment->start];
}

static void reach(const struct parser *p, uint32_t at, uint32_t cost, uint32_t length,
                  const struct patch_source *source)
{
    struct node *n = node_at(p, at);

    if (cost >= n->cost)
        return;
    n->cost = cost;
    n->op.length = length;
    if (source)
        n->op.source = *source;
}

/* The models' state after the operation that leads to a node. */
static void arrive(const struct parser *p, uint32_t at)
{
    struct node *n = node_at(p, at), *from;
    struct patch_model m;
    unsigned index = 0;

    if (at == p->segment->start)
        return;
    from = node_at(p, at - (n->op.length ? n->op.length : 1));
    memcpy(m.sources, from->sources, sizeof m.sources);
    m.diagonal = from->diagonal;
    m.history = from->history;
    n->run = 0;
    if (n->op.length) {
        while (index < PATCH_RECENT && (m.sources[index].is_new != n->op.source.is_new ||
                                        m.sources[index].where != n->op.source.where))
            index++;
        use_source(&m, index, &n->op.source);
        did(&m, index == 0 ? DID_AGAIN : n->op.source.is_new ? DID_NEW : DID_OLD);
    } else {
        n->run = (uint16_t)(from->run + (from->run + 1u < PRICE_RUNS));
        if (from->run == 0)
            did(&m, DID_LITERAL);
    }
    memcpy(n->sources, m.sources, sizeof m.sources);
    n->diagonal = m.diagonal;
    n->history = (uint8_t)m.history;
}

/* Bytes that a source can give at an offset, as far as they are there. */
static uint32_t reachable(const struct parser *p, const struct patch_source *source, uint32_t at)
{
    uint32_t most = p->segment->end - at, from;

    if (source->is_new)
        return source->where && source->where <= at ? most : 0;
    from = at + source->where;
    if (from < p->segment->old_low || from >= p->images->old_size)
        return 0;
    return p->images->old_size - from < most ? p->images->old_size - from : most;
}

/*
 * Length of a copy that is good enough. Where everything is like everything, one would look at
 * hundreds of bytes of each copy from each offset.
 */
static uint32_t good_length(const struct parser *p, uint32_t at)
{
    return p->looked > (at - p->segment->start + UINT64_C(4096)) * PATIENT ? SOON : GOOD;
}

/* All lengths of a copy by an operation. */
static void try_copy(struct parser *p, uint32_t at, const struct patch_source *source, unsigned op)
{
    const struct diff_prices *prices = p->prices;
    const struct node *n = node_at(p, at);
    uint32_t most = reachable(p, source, at), length = 0, cost = 0, by_class[4] = {0, 0, 0, 0};
    uint32_t needed = 0, whole = 0, whole_cost = 0;
    uint32_t base = n->cost + prices->op[n->history & 15][at & 1][op];
    unsigned kind = op == OP_RECENT ? (n->history & 3) == 0 : op < OP_OLD ? 2 : op - OP_OLD + 3;
    unsigned step = copy_step(p->images->arch, source, at);

    if (op >= OP_OLD)
        for (unsigned i = 0; i < 4; i++)
            by_class[i] =
                source->is_new
                    ? diff_price_number(&prices->distance[i], source->where - 1)
                    : diff_price_number(&prices->shift[i], patch_fold(source->where - n->diagonal));
    while (length < most) {
        uint32_t from = source->is_new ? at + length - source->where : at + length + source->where;
        struct diff_unit u;
        uint32_t same = diff_same(p->images, source, from, at + length, most - length, step, &u);

        if (same == 0)
            break;
        if (u.unit.length && u.unit.kind != PATCH_PLAIN && !source->is_new)
            cost += diff_price_address(prices, &u);
        if (u.unit.length && length + u.unit.span > needed)
            needed = length + u.unit.span;
        length += same;
        /* A copy that ended inside of a unit would not see it. */
        if (length < needed)
            continue;
        whole = length;
        whole_cost = cost;
        if (length < LENGTHS)
            reach(p, at + length,
                  base + cost + by_class[source_class(length)] + prices->lengths[kind][length],
                  length, source);
        if (u.stop)
            break;
    }
    if (whole >= LENGTHS)
        reach(p, at + whole,
              base + whole_cost + by_class[3] + diff_price_number(&prices->length[kind], whole - 1),
              whole, source);
    p->looked += length;
    if (whole >= good_length(p, at) && at + whole > p->jump)
        p->jump = at + whole;
}

static uint32_t hash_of(const uint8_t *bytes, unsigned length)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < length; i++)
        hash = (hash + bytes[i] + 1) * 0x9E3779B1u;
    return hash >> 14;
}

/* The nearest earlier places with the same few bytes, if `tried`; `at` becomes one of them. */
static void try_near(struct parser *p, uint32_t at, int tried)
{
    for (unsigned i = 0; i < HASHES; i++) {
        struct patch_source source = {1, 0};
        uint32_t *last;

        if (p->images->new_size - at < hash_bytes[i])
            break;
        last = &p->last[i][hash_of(p->images->new + at, hash_bytes[i])];
        source.where = at + 1 - *last;
        if (*last && tried)
            try_copy(p, at, &source, OP_NEW);
        *last = at + 1;
    }
}

/* What it costs that there is a literal more; less than nothing where another number
 * is likelier. */
static uint32_t price_of_run(const struct parser *p, const struct node *n, uint32_t at)
{
    const struct diff_prices *prices = p->prices;

    if (n->run == 0)
        return prices->op[n->history & 15][at & 1][OP_LITERAL] + prices->runs[1];
    return n->run + 1u < PRICE_RUNS ? prices->runs[n->run + 1] - prices->runs[n->run] : 0;
}

/* The byte that the newest source of copies has at an offset. */
static uint8_t there(const struct parser *p, const struct node *n, uint32_t at)
{
    const struct patch_source *source = &n->sources[0];

    if (reachable(p, source, at) == 0)
        return 0;
    return source->is_new ? p->images->new[at - source->where] : p->images->old[at + source->where];
}

static void leave(struct parser *p, uint32_t at, const struct diff_matches *matches)
{
    const struct node *n = node_at(p, at);
    uint32_t literal =
        diff_price_literal(p->prices, p->images, at, p->prices->differences ? there(p, n, at) : 0);

    reach(p, at + 1, n->cost + literal + price_of_run(p, n, at), 0, NULL);
    for (unsigned i = 0; i < PATCH_RECENT; i++)
        try_copy(p, at, &n->sources[i], OP_RECENT + i);
    for (unsigned i = 0; i < DIFF_CANDIDATES; i++) {
        const struct patch_source *source = &matches->list[(size_t)at * DIFF_CANDIDATES + i];

        try_copy(p, at, source, source->is_new ? OP_NEW : OP_OLD);
    }
    try_near(p, at, 1);
}

/* The way back from the end, turned round. */
static int collect(const struct parser *p, struct diff_ops *ops)
{
    size_t count = 0;

    for (uint32_t at = p->segment->end; at > p->segment->start; count++)
        at -= node_at(p, at)->op.length ? node_at(p, at)->op.length : 1;
    if (count > ops->room) {
        free(ops->list);
        ops->list = malloc(count * sizeof *ops->list);
        ops->room = ops->list ? count : 0;
        if (!ops->list)
            return FOTA_ERR_MEMORY;
    }
    ops->count = count;
    for (uint32_t at = p->segment->end; at > p->segment->start;) {
        const struct node *n = node_at(p, at);

        ops->list[--count] = n->op;
        at -= n->op.length ? n->op.length : 1;
    }
    return 0;
}

int diff_parse(const struct diff_images *images, const struct diff_segment *segment,
               const struct diff_matches *matches, const struct diff_prices *prices,
               struct diff_ops *ops)
{
    struct parser p = {images, segment, prices, NULL, {NULL}, 0, 0};
    uint32_t length = segment->end - segment->start;
    int err = FOTA_ERR_MEMORY;

    p.nodes = calloc((size_t)length + 1, sizeof *p.nodes);
    if (!p.nodes)
        return err;
    for (unsigned i = 0; i < HASHES; i++) {
        p.last[i] = calloc(1u << 18, sizeof *p.last[i]);
        if (!p.last[i])
            goto out;
    }
    for (uint32_t i = 1; i <= length; i++)
        p.nodes[i].cost = UINT32_MAX;
    for (uint32_t at = segment->start; at < segment->end; at++) {
        if (at < p.jump || node_at(&p, at)->cost == UINT32_MAX) {
            try_near(&p, at, 0);
            continue;
        }
        arrive(&p, at);
        leave(&p, at, matches);
    }
    err = collect(&p, ops);
out:
    for (unsigned i = 0; i < HASHES; i++)
        free(p.last[i]);
    free(p.nodes);
    return err;
}
