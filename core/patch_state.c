#include "patch_state.h"

#include <stddef.h>
#include <string.h>

#include "patch_head.h"

#define WEIGHT 12000 /* of a prediction at the beginning; 16384 is 1 */
/* The numbers of a model stand one behind the other. */
#define NUMBERS                                                                                    \
    ((offsetof(struct patch_model, sources) - offsetof(struct patch_model, run)) /                 \
     sizeof(struct patch_number))

void fota_patch_model_place(struct patch_model *model, void *memory, uint32_t ram)
{
    uint32_t left = ram - PATCH_STATE_MAX;
    uint32_t entries = left / 4 / sizeof(struct patch_entry);

    model->map.room = entries;
    model->map.entries = memory;
    left -= entries * (uint32_t)sizeof(struct patch_entry);
    model->slots = (uint16_t *)(model->map.entries + entries);
    model->room = left / (uint32_t)sizeof *model->slots;
}

static void set_careful(uint32_t *p, size_t size)
{
    for (size_t i = 0; i < size / sizeof *p; i++)
        p[i] = PATCH_CAREFUL_HALF;
}

/* `rows` tables of `symbols`, one behind the other. */
static void set_counts(uint16_t *counts, size_t rows, unsigned symbols)
{
    for (; rows--; counts += PATCH_COUNTS(symbols)) {
        for (unsigned i = 0; i < symbols; i++)
            counts[i] = PATCH_COUNT_FIRST;
        counts[symbols] = (uint16_t)(PATCH_COUNT_FIRST * symbols);
    }
}

static void set_numbers(struct patch_number *n, size_t count)
{
    for (; count--; n++) {
        set_counts(n->size, 1, PATCH_SIZES);
        set_counts(n->top[0], PATCH_TOPS, 4);
        set_counts(n->low[0], 2, 4);
    }
}

void fota_patch_model_reset(struct patch_model *m, unsigned how)
{
    set_careful(&m->hit[0][0][0], offsetof(struct patch_model, weights));
    set_counts(m->op[0][0], 16 * 2, PATCH_OPS);
    set_numbers(&m->run, NUMBERS);
    for (unsigned i = 0; i < sizeof m->weights / sizeof **m->weights; i++)
        (&m->weights[0][0])[i] = WEIGHT;
    m->how = how;
    m->rows = m->room / 16 / PATCH_INPUTS;
    if (how & PATCH_COUNT)
        set_counts(m->slots, 32, 16);
    for (uint32_t i = 0; how == PATCH_MIX && i < m->room; i++)
        m->slots[i] = PATCH_QUICK_HALF;
    memset(m->sources, 0, sizeof m->sources);
    m->diagonal = m->surprise = 0;
    m->history = m->hits = 0;
    fota_patch_map_clear(&m->map, m->map.entries, m->map.room);
}
