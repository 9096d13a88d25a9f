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
#define PATCH_TOPS   16u /* sizes of numbers whose upper bits have a context of their own */

struct patch_coder;

struct patch_number {
    uint32_t size[32];
    uint32_t top[PATCH_TOPS][3];
    uint32_t low[4];
};

/* Where a copy comes from. */
struct patch_source {
    uint8_t is_new; /* the new image itself, not the old one */
    uint32_t where; /* new: how far back, bytes; old: offset there minus offset in the new image */
};

struct patch_model {
    uint32_t copy[64][2], again[64], recent[PATCH_RECENT - 1][4], origin[16];
    struct patch_number length[5], distance[4], shift[4], miss[2];
    uint32_t hit[PATCH_KINDS][PATCH_SURES][4], other[PATCH_KINDS][2][PATCH_DELTAS];
    int32_t weights[16][PATCH_INPUTS];
    struct patch_source sources[PATCH_RECENT];
    uint32_t diagonal; /* the newest old source's */
    unsigned history;  /* last operations, two bits each, newest lowest */
    unsigned since;    /* literals since the last copy, up to 3 */
    uint32_t surprise; /* what the last address moved by that was not guessed */
    unsigned hits;     /* last addresses as predicted, a bit each */
    struct patch_map map;
    unsigned inputs; /* predictions of a literal that are mixed, 1 to PATCH_INPUTS */
    uint32_t rows;   /* of one table, below 65536 */
    uint16_t *slots; /* `inputs` tables, of rows of 16 */
    uint32_t room;   /* slots in all */
};

/* Room that is set aside for struct fota_patch, whatever the size of a pointer: bytes. */
#define PATCH_STATE_MAX 12288u

/* Places the tables of a decoder with `ram` bytes into `memory`. */
void patch_model_place(struct patch_model *model, void *memory, uint32_t ram);

/* How a segment begins, with `inputs` predictions to mix. */
void patch_model_reset(struct patch_model *model, unsigned inputs);

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
    memmove(m->sources + 1, m->sources, index * sizeof *m->sources);
    m->sources[0] = s;
    if (!s.is_new)
        m->diagonal = s.where;
}

enum { DID_LITERAL, DID_AGAIN, DID_OLD, DID_NEW };

static inline void did(struct patch_model *m, unsigned what)
{
    m->history = (m->history << 2 | what) & 0xff;
    if (what != DID_LITERAL)
        m->since = 0;
    else if (m->since < 3)
        m->since++;
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
