#include "patch_state.h"

#include <stddef.h>
#include <string.h>

#define WEIGHTS 24000 /* of all predictions at the beginning; 16384 is 1 */

void patch_model_place(struct patch_model *model, void *memory, uint32_t ram)
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

void patch_model_reset(struct patch_model *m, unsigned inputs)
{
    set_careful(&m->copy[0][0], offsetof(struct patch_model, weights));
    for (unsigned i = 0; i < sizeof m->weights / sizeof **m->weights; i++)
        (&m->weights[0][0])[i] = WEIGHTS / (int32_t)inputs;
    m->inputs = inputs;
    m->rows = m->room / 16 / inputs;
    for (uint32_t i = 0; i < m->room; i++)
        m->slots[i] = PATCH_QUICK_HALF;
    memset(m->sources, 0, sizeof m->sources);
    m->diagonal = m->surprise = 0;
    m->history = m->since = m->hits = 0;
    patch_map_clear(&m->map, m->map.entries, m->map.room);
}
