/* Thumb and Thumb-2 (ARMv7-M Architecture Reference Manual, A5 to A7). */
#include "bytes.h"
#include "patch_arch.h"

#define SPREAD_MAX 16u /* bytes between MOVW and MOVT */

enum { CALL = PATCH_OWN_KINDS, JUMP, MOVE, SPREAD };

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

/* What a branch counts from: BLX (T2), to A32 code, from a whole word. */
static uint32_t pc_of(const uint8_t *bytes, uint32_t at)
{
    return bytes[3] & 0x10 ? at + 4 : (at + 4) & ~3u;
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

/* How far behind a MOVW the MOVT of the same register is, in the bytes that are
 * there; 0: nowhere. */
static unsigned find_top(const uint8_t *bytes, size_t length)
{
    for (unsigned i = 4; i + 4 <= length && i <= SPREAD_MAX; i += 2)
        if (is_move(bytes + i, 0xf2c0) && (bytes[3] & 15) == (bytes[i + 3] & 15))
            return i;
    return 0;
}

static uint32_t get(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit)
{
    switch (unit->kind) {
    case PATCH_WORD:
    case PATCH_OTHER_WORD: return fota_get32(bytes) - space->base;
    case PATCH_NEAR_WORD: return at + fota_get32(bytes);
    case SPREAD: return (get_move(bytes) | (unit->extra << 16)) - space->base;
    case MOVE: return (get_move(bytes) | get_move(bytes + 4) << 16) - space->base;
    default: return pc_of(bytes, at) + get_branch(fota_get16(bytes), fota_get16(bytes + 2));
    }
}

/*
 * BL, B.W, and BLX where there is A32 code, J1 and J2 set when they lead no farther than 4 MiB;
 * what does not lead into the image may be data, or calls ROM.
 */
static void find_branch(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                        struct patch_unit *unit)
{
    unsigned second = fota_get16(bytes + 2);

    if (((second & 0x9000) == 0x9000 || (space->near && (second & 0xd001) == 0xc000)) &&
        (space->far || (second & 0x2800) == 0x2800))
        fota_patch_set_unit(space, unit, second & 0x4000 ? CALL : JUMP, 4,
                            pc_of(bytes, at) + get_branch(fota_get16(bytes), second));
}

static void find_move(const struct patch_space *space, const uint8_t *bytes, size_t length,
                      uint32_t at, struct patch_unit *unit)
{
    unsigned top = is_move(bytes, 0xf240) ? find_top(bytes, length) : 0;

    if (top == 0)
        return;
    unit->length = top == 4 ? 8 : 4;
    unit->kind = top == 4 ? MOVE : SPREAD;
    unit->span = (uint8_t)(top + 4);
    unit->extra = get_move(bytes + top);
    unit->value = get(space, bytes, at, unit);
}

static void find(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit)
{
    unit->length = 0;
    if (length < 4)
        return;
    if ((bytes[1] & 0xf8) == 0xf0) {
        find_branch(space, bytes, at, unit);
        if (unit->length == 0)
            find_move(space, bytes, length, at, unit);
        if (unit->length)
            return;
    }
    fota_patch_find_word(space, bytes, length, at, unit);
}

static size_t skip(const struct patch_space *space, const uint8_t *bytes, size_t length,
                   size_t limit, uint32_t at)
{
    size_t i = patch_skip_to(2, length, at);

    /* By words where they are whole, which may hold an address; their halves are instructions. */
    if ((at + i) % 4 && i + 4 <= length) {
        if ((bytes[i + 1] & 0xf8) == 0xf0)
            return i;
        i += 2;
    }
    for (; i < limit && i + 4 <= length; i += 4) {
        uint32_t word = fota_get32(bytes + i);

        if ((word & 0xf800) == 0xf000 || patch_is_pointer(space, word, at + (uint32_t)i))
            return i;
        if (word >> 27 == 0x1e)
            return i + 2;
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
    case SPREAD: put_move(bytes, address & 0xffff); break;
    case MOVE:
        put_move(bytes, address & 0xffff);
        put_move(bytes + 4, address >> 16);
        break;
    default: put_branch(bytes, value - pc_of(bytes, at)); break;
    }
}

const struct patch_arch fota_patch_thumb = {
    2, 1u << CALL | 1u << JUMP | 1u << PATCH_OUTSIDE | 1u << PATCH_NEAR_WORD, find, skip, get, put};
