/*
 * Xtensa (Instruction Set Architecture Reference Manual, 7.3). Instructions have two or three bytes
 * and no alignment, so that plain ones are found, too: one leads to the next.
 */
#include "bytes.h"
#include "patch_arch.h"

enum { CALL = PATCH_OWN_KINDS, LITERAL, JUMP };

static uint32_t get24(const uint8_t *bytes)
{
    return fota_get16(bytes) | (uint32_t)bytes[2] << 16;
}

static void put24(uint8_t *bytes, uint32_t value)
{
    fota_put16(bytes, (uint16_t)value);
    bytes[2] = (uint8_t)(value >> 16);
}

static uint32_t extend18(uint32_t value)
{
    return value & 0x20000 ? value | 0xfffc0000 : value;
}

/* CALL0 to CALL12 and J have 18 bits, calls count words; L32R has 16, that go back. */
static uint32_t get(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit)
{
    switch (unit->kind) {
    case PATCH_WORD:
    case PATCH_OTHER_WORD: return fota_get32(bytes) - space->base;
    case LITERAL: return ((at + 3) & ~3u) + ((0xffff0000u | fota_get16(bytes + 1)) << 2);
    case JUMP: return at + 4 + extend18(get24(bytes) >> 6);
    default: return (at & ~3u) + 4 + (extend18(get24(bytes) >> 6) << 2);
    }
}

static unsigned size_of(unsigned first)
{
    return first & 8 ? 2 : 3;
}

static unsigned kind_of(unsigned first)
{
    if ((first & 15) == 5)
        return CALL;
    if ((first & 15) == 1)
        return LITERAL;
    return (first & 63) == 6 ? JUMP : PATCH_PLAIN;
}

static void find(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit)
{
    struct patch_unit found = {3, (uint8_t)kind_of(bytes[0]), 0, 0, 0};
    unsigned size = size_of(bytes[0]);

    unit->length = 0;
    fota_patch_find_word(space, bytes, length, at, unit);
    if (unit->length || length < size)
        return;
    fota_patch_set_unit(space, unit, found.kind, size,
                        found.kind == PATCH_PLAIN ? 0 : get(space, bytes, at, &found));
    /* What leads out of the image is not written anew. */
    if (unit->kind == PATCH_OUTSIDE)
        unit->kind = PATCH_PLAIN;
}

static size_t skip(const struct patch_space *space, const uint8_t *bytes, size_t length,
                   size_t limit, uint32_t at)
{
    struct patch_unit unit;
    size_t i = 0;

    /* As find() goes on, which is asked only where there may be an address. */
    while (i < limit) {
        unsigned first = bytes[i], size = size_of(first);

        if ((at + i) % 4 == 0 && length - i >= 4 && patch_space_holds(space, fota_get32(bytes + i)))
            break;
        if (length - i < size)
            size = 1;
        else if (kind_of(first) != PATCH_PLAIN) {
            find(space, bytes + i, length - i, at + (uint32_t)i, &unit);
            if (unit.kind != PATCH_PLAIN)
                break;
        }
        i += size;
    }
    return i;
}

static void put(const struct patch_space *space, uint8_t *bytes, uint32_t at,
                const struct patch_unit *unit, uint32_t value)
{
    uint32_t word = get24(bytes);

    switch (unit->kind) {
    case PATCH_WORD:
    case PATCH_OTHER_WORD: fota_put32(bytes, value + space->base); break;
    case LITERAL: fota_put16(bytes + 1, (uint16_t)((value - ((at + 3) & ~3u)) >> 2)); break;
    case JUMP: put24(bytes, (word & 63) | (value - at - 4) << 6); break;
    case CALL: put24(bytes, (word & 63) | (value - (at & ~3u) - 4) >> 2 << 6); break;
    default: break;
    }
}

const struct patch_arch fota_patch_xtensa = {
    1, 1u << CALL | 1u << LITERAL | 1u << JUMP, find, skip, get, put};
