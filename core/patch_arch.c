#include "patch_arch.h"

const struct patch_arch *patch_arch_find(unsigned id)
{
    switch (id) {
    case PATCH_ARCH_THUMB: return &patch_thumb;
    default: return NULL;
    }
}

int patch_space_holds(const struct patch_space *space, uint32_t address)
{
    uint32_t page = address >> 16;

    for (unsigned i = 0; i < space->range_count; i++)
        if (page - space->ranges[i].first < space->ranges[i].count)
            return 1;
    return 0;
}
