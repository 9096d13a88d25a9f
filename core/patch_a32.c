/* A32, 32-bit ARM code (ARMv7-A Architecture Reference Manual, A5). */
#include "bytes.h"
#include "patch_arch.h"

enum { CALL = PATCH_OWN_KINDS, JUMP, MOVE };

/* MOVW and MOVT (A2, A1): imm16 lies as imm4:imm12. */
static uint32_t get_move(const uint8_t *bytes)
{
    uint32_t word = fota_get32(bytes);

    return (word >> 4 & 0xf000) | (word & 0xfff);
}

static void put_move(uint8_t *bytes, uint32_t value)
{
    fota_put32(bytes, (fota_get32(bytes) & 0xfff0f000) | (value & 0xf000) << 4 | (value & 0xfff));
}

static uint32_t get(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit)
{
    uint32_t word = fota_get32(bytes), offset = (word & 0xffffff) << 2;

    switch (unit->kind) {
    case PATCH_WORD:
    case PATCH_OTHER_WORD: return word - space->base;
    case PATCH_NEAR_WORD: return at + word;
    case MOVE: return (get_move(bytes) | get_move(bytes + 4) << 16) - space->base;
    default: return at + 8 + (offset & 0x2000000 ? offset | 0xfc000000 : offset);
    }
}

static void find(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit)
{
    struct patch_unit branch = {0, CALL, 0, 0, 0};
    uint32_t word;

    unit->length = 0;
    if (length < 4)
        return;
    word = fota_get32(bytes);
    if ((word & 0x0e000000) == 0x0a000000 && word >> 28 != 15) {
        fota_patch_set_unit(space, unit, word & 0x01000000 ? CALL : JUMP, 4,
                            get(space, bytes, at, &branch));
        return;
    }
    branch.kind = MOVE;
    /* MOVW, then MOVT of the same register under the same condition */
    if ((word & 0x0ff00000) == 0x03000000 && length >= 8 &&
        (fota_get32(bytes + 4) & 0xfff0f000) == ((word & 0xf000f000) | 0x03400000)) {
        unit->kind = MOVE;
        unit->length = unit->span = 8;
        unit->value = get(space, bytes, at, &branch);
        return;
    }
    fota_patch_find_word(space, bytes, length, at, unit);
}

static size_t skip(const struct patch_space *space, const uint8_t *bytes, size_t length,
                   size_t limit, uint32_t at)
{
    size_t i = patch_skip_to(4, length, at);

    for (; i < limit && i + 4 <= length; i += 4) {
        uint32_t word = fota_get32(bytes + i);

        if ((word & 0x0e000000) == 0x0a000000 || (word & 0x0ff00000) == 0x03000000 ||
            patch_is_pointer(space, word, at + (uint32_t)i))
            return i;
    }
    return i < limit ? length : i;
}

static void put(const struct patch_space *space, uint8_t *bytes, uint32_t at,
                const struct patch_unit *unit, uint32_t value)
{
    uint32_t address = value + space->base;

    switch (unit->kind) {
    case PATCH_WORD:
    case PATCH_OTHER_WORD: fota_put32(bytes, address); break;
    case PATCH_NEAR_WORD: fota_put32(bytes, value - at); break;
    case MOVE:
        put_move(bytes, address & 0xffff);
        put_move(bytes + 4, address >> 16);
        break;
    default:
        fota_put32(bytes, (fota_get32(bytes) & 0xff000000) | ((value - at - 8) >> 2 & 0xffffff));
        break;
    }
}

const struct patch_arch fota_patch_a32 = {
    4, 1u << CALL | 1u << JUMP | 1u << PATCH_OUTSIDE | 1u << PATCH_NEAR_WORD, find, skip, get, put};
