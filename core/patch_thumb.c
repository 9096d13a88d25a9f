/* Thumb and Thumb-2 (ARMv7-M Architecture Reference Manual, A5 to A7). */
#include "bytes.h"
#include "patch_arch.h"

enum { WORD = PATCH_WORD, CALL, JUMP, MOVE };

/* BL (T1) and B.W (T4): the offset's bits lie as S:I1:I2:imm10:imm11:0, I = not(J xor S). */
static uint32_t get_branch(unsigned first, unsigned second)
{
    uint32_t s = first >> 10 & 1;
    uint32_t i1 = ~(second >> 13 ^ s) & 1;
    uint32_t i2 = ~(second >> 11 ^ s) & 1;
    uint32_t offset = i1 << 23 | i2 << 22 | (first & 0x3ff) << 12 | (second & 0x7ff) << 1;

    return s ? offset | 0xff000000u : offset;
}

static void put_branch(uint8_t *bytes, uint32_t offset)
{
    uint32_t s = offset >> 24 & 1;
    uint32_t j1 = ~(offset >> 23 ^ s) & 1;
    uint32_t j2 = ~(offset >> 22 ^ s) & 1;

    fota_put16(bytes, (uint16_t)(0xf000 | s << 10 | (offset >> 12 & 0x3ff)));
    fota_put16(bytes + 2, (uint16_t)((fota_get16(bytes + 2) & 0xd000) | j1 << 13 | j2 << 11 |
                                     (offset >> 1 & 0x7ff)));
}

/* MOVW and MOVT (T3, T1): imm16 lies as imm4:i:imm3:imm8. */
static uint32_t get_move(const uint8_t *bytes)
{
    uint32_t first = fota_get16(bytes), second = fota_get16(bytes + 2);

    return (first & 15) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | (second & 255);
}

static void put_move(uint8_t *bytes, uint32_t value)
{
    uint32_t first = fota_get16(bytes), second = fota_get16(bytes + 2);

    fota_put16(bytes, (uint16_t)((first & 0xfbf0) | (value >> 12 & 15) | (value >> 11 & 1) << 10));
    fota_put16(bytes + 2, (uint16_t)((second & 0x8f00) | (value >> 8 & 7) << 12 | (value & 255)));
}

static int is_move(const uint8_t *bytes, unsigned opcode)
{
    return (fota_get16(bytes) & 0xfbf0u) == opcode && !(bytes[3] & 0x80);
}

/* MOVW, then MOVT of the same register. */
static int is_pair(const uint8_t *bytes)
{
    return is_move(bytes, 0xf240) && is_move(bytes + 4, 0xf2c0) &&
           (bytes[3] & 15) == (bytes[7] & 15);
}

static uint32_t get(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit)
{
    switch (unit->kind) {
    case WORD: return fota_get32(bytes) - space->base;
    case MOVE: return (get_move(bytes) | get_move(bytes + 4) << 16) - space->base;
    default: return at + 4 + get_branch(fota_get16(bytes), fota_get16(bytes + 2));
    }
}

static void find(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit)
{
    unsigned first, second;

    unit->length = 0;
    if (length < 4)
        return;
    first = fota_get16(bytes);
    if ((first & 0xf800) == 0xf000) {
        second = fota_get16(bytes + 2);
        if ((second & 0x9000) == 0x9000) {
            unit->length = 4;
            unit->kind = second & 0x4000 ? CALL : JUMP;
            unit->value = get(space, bytes, at, unit);
            return;
        }
        if (length >= 8 && is_pair(bytes)) {
            uint32_t address = get_move(bytes) | get_move(bytes + 4) << 16;

            if (patch_space_holds(space, address)) {
                unit->length = 8;
                unit->kind = MOVE;
                unit->value = get(space, bytes, at, unit);
                return;
            }
        }
    }
    if (at % 4 == 0 && patch_space_holds(space, fota_get32(bytes))) {
        unit->length = 4;
        unit->kind = WORD;
        unit->value = get(space, bytes, at, unit);
    }
}

static void put(const struct patch_space *space, uint8_t *bytes, uint32_t at,
                const struct patch_unit *unit, uint32_t value)
{
    uint32_t address = value + space->base;

    switch (unit->kind) {
    case WORD: fota_put32(bytes, address); break;
    case MOVE:
        put_move(bytes, address & 0xffff);
        put_move(bytes + 4, address >> 16);
        break;
    default: put_branch(bytes, value - at - 4); break;
    }
}

const struct patch_arch patch_thumb = {2, find, get, put};
