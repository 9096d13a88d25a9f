/*
 * patch_state.h - the models' memory.
 */
#ifndef FOTA_PATCH_STATE_H
#define FOTA_PATCH_STATE_H

#include <stdint.h>
#include <string.h>

#include "patch_arch.h"
#include "patch_map.h"
#include "patch_mix.h"

#define PATCH_RECENT 4u  /* recent sources of copies */
#define PATCH_DELTAS 4u  /* guesses of what an address moved by */
#define PATCH_SIZES  32u /* of numbers, in bits */
#define PATCH_TOPS   16u /* of them have a context of their own for the upper bits */

struct patch_coder;

/* Symbols are counted: each table has its counts, and behind them their sum. */
#define PATCH_COUNTS(symbols) ((symbols) + 1u)

struct patch_number {
    uint16_t size[PATCH_COUNTS(PATCH_SIZES)];
    uint16_t top[PATCH_TOPS][PATCH_COUNTS(4)];
    uint16_t low[2][PATCH_COUNTS(4)]; /* one bit, and two */
};

/* What a stream does next: literals, a copy from one of the recent sources, from another place. */
enum { OP_LITERAL, OP_RECENT, OP_OLD = OP_RECENT + PATCH_RECENT, OP_NEW, PATCH_OPS };

/* Where a copy comes from. */
struct patch_source {
    uint8_t is_new; /* the new image itself, not the old one */
    uint32_t where; /* new: how far back, bytes; old: offset there minus offset in the new image */
};

struct patch_model {
    uint32_t hit[PATCH_KINDS][PATCH_SURES][4], other[PATCH_KINDS][2][PATCH_DELTAS];
    int32_t weights[8][PATCH_INPUTS];
    uint16_t op[16][2][PATCH_COUNTS(PATCH_OPS)];
    struct patch_number run, length[5], distance[4], shift[4], miss[2];
    struct patch_source sources[PATCH_RECENT];
    uint32_t diagonal; /* the newest old source's */
    unsigned history;  /* last operations, two bits each, newest lowest */
    uint32_t surprise; /* what the last address moved by that was not guessed */
    unsigned hits;     /* last addresses as predicted, a bit each */
    struct patch_map map;
    unsigned how;    /* PATCH_LITERALS: how literals are coded */
    uint32_t rows;   /* of one table, below 65536 */
    uint16_t *slots; /* PATCH_INPUTS tables, of rows of 16; or counts of 32 halves of literals */
    uint32_t room;   /* slots in all */
};

/* Room that is set aside for struct fota_patch, whatever the size of a pointer: bytes. */
#define PATCH_STATE_MAX 12288u

/* Places the tables of a decoder with `ram` bytes into `memory`. */
void fota_patch_model_place(struct patch_model *model, void *memory, uint32_t ram);

/* How a segment begins; how: PATCH_LITERALS of the flags. */
void fota_patch_model_reset(struct patch_model *model, unsigned how);

/* Short copies come from other places than long ones. */
static inline unsigned source_class(uint32_t length)
{
    return length < 4 ? 0 : length < 8 ? 1 : length < 24 ? 2 : 3;
}

/* Puts a source in front of the recent ones; index is where it was, or PATCH_RECENT. */
static inline void use_source(struct patch_model *m, unsigned index,
                              const struct patch_source *source)
{
    struct patch_source s = *source;

    if (index >= PATCH_RECENT)
        index = PATCH_RECENT - 1;
    for (; index; index--)
        m->sources[index] = m->sources[index - 1];
    m->sources[0] = s;
    if (!s.is_new)
        m->diagonal = s.where;
}

enum { DID_LITERAL, DID_AGAIN, DID_OLD, DID_NEW };

static inline void did(struct patch_model *m, unsigned what)
{
    m->history = (m->history << 2 | what) & 0xff;
}

/*
 * How far apart units may begin in a copy from the newest source; 0: there are none. A copy that
 * makes what it reads has none, and one that shifts the instructions' alignment neither.
 */
static inline unsigned copy_step(const struct patch_arch *arch, const struct patch_source *source,
                                 uint32_t position)
{
    (void)position;
    if (!arch || (source->is_new && source->where < PATCH_UNIT_MAX) ||
        source->where % arch->step != 0)
        return 0;
    return arch->step;
}

#endif
