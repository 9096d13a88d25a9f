#include "patch_arch.h"

#include "bytes.h"

const struct patch_arch *fota_patch_arch_find(unsigned id)
{
    switch (id) {
    case PATCH_ARCH_THUMB: return &fota_patch_thumb;
    case PATCH_ARCH_A32: return &fota_patch_a32;
    case PATCH_ARCH_RISCV: return &fota_patch_riscv;
    case PATCH_ARCH_XTENSA: return &fota_patch_xtensa;
    default: return NULL;
    }
}

void fota_patch_set_unit(const struct patch_space *space, struct patch_unit *unit, unsigned kind,
                         unsigned length, uint32_t value)
{
    unit->kind = (uint8_t)kind;
    unit->length = unit->span = (uint8_t)length;
    unit->value = value;
    if (kind >= PATCH_OWN_KINDS && value >= space->size)
        unit->kind = PATCH_OUTSIDE;
}

void fota_patch_find_word(const struct patch_space *space, const uint8_t *bytes, size_t length,
                          uint32_t at, struct patch_unit *unit)
{
    uint32_t word;

    if (length < 4 || at % 4 != 0)
        return;
    word = fota_get32(bytes);
    if (patch_space_holds(space, word))
        fota_patch_set_unit(space, unit,
                            word - space->base < space->size ? PATCH_WORD : PATCH_OTHER_WORD, 4,
                            word - space->base);
    else if (patch_is_pointer(space, word, at))
        fota_patch_set_unit(space, unit, PATCH_NEAR_WORD, 4, at + word);
}
