/* RISC-V, RV32IMC (The RISC-V Instruction Set Manual, volume I, 2.5 and 2.6). */
#include "bytes.h"
#include "patch_arch.h"

enum { CALL = PATCH_OWN_KINDS, NEAR, UPPER };

#define OPCODE(word) ((word)&0x7f)
#define RD(word)     ((word) >> 7 & 31)
#define RS1(word)    ((word) >> 15 & 31)

enum { LOAD = 0x03, ADDI = 0x13, AUIPC = 0x17, STORE = 0x23, LUI = 0x37, JALR = 0x67, JAL = 0x6f };

/* JAL: the offset's bits lie as 20, 10 to 1, 11, 19 to 12. */
static uint32_t get_jal(uint32_t word)
{
    uint32_t offset = (word >> 21 & 0x3ff) << 1 | (word >> 20 & 1) << 11 | (word & 0xff000);

    return word >> 31 ? offset | 0xfff00000 : offset;
}

static uint32_t put_jal(uint32_t word, uint32_t offset)
{
    return (word & 0xfff) | (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21 |
           (offset >> 11 & 1) << 20 | (offset & 0xff000);
}

/* The 12 lower bits of an address, sign extended: of a store they lie in two places. */
static uint32_t get_low(uint32_t word)
{
    uint32_t low = OPCODE(word) == STORE ? (word >> 25) << 5 | RD(word) : word >> 20;

    return low & 0x800 ? low | 0xfffff000 : low;
}

static uint32_t put_low(uint32_t word, uint32_t low)
{
    if (OPCODE(word) == STORE)
        return (word & 0x1fff07f) | (low >> 5 & 0x7f) << 25 | (low & 31) << 7;
    return (word & 0xfffff) | low << 20;
}

/* Whether the second instruction completes the address that LUI or AUIPC begins. */
static int completes(uint32_t first, uint32_t second)
{
    switch (OPCODE(second)) {
    case ADDI:
        if (second >> 12 & 7)
            return 0;
        break;
    case LOAD:
    case STORE:
    case JALR: break;
    default: return 0;
    }
    return RD(first) && RS1(second) == RD(first);
}

static uint32_t get(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit)
{
    uint32_t word = fota_get32(bytes);

    switch (unit->kind) {
    case PATCH_WORD:
    case PATCH_OTHER_WORD: return word - space->base;
    case UPPER: return (word & 0xfffff000) + get_low(fota_get32(bytes + 4)) - space->base;
    case CALL: return at + (word & 0xfffff000) + get_low(fota_get32(bytes + 4));
    default:
        if (unit->length == 8)
            return at + (word & 0xfffff000) + get_low(fota_get32(bytes + 4));
        return at + get_jal(word);
    }
}

static void find(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit)
{
    struct patch_unit found = {8, CALL, 0, 0, 0};
    uint32_t word;

    unit->length = 0;
    if (length < 4)
        return;
    word = fota_get32(bytes);
    /* To return address or nowhere; JAL with other registers is not what compilers make. */
    if (OPCODE(word) == JAL && RD(word) <= 1) {
        fota_patch_set_unit(space, unit, NEAR, 4, at + get_jal(word));
        return;
    }
    if ((OPCODE(word) == AUIPC || OPCODE(word) == LUI) && length >= 8 &&
        completes(word, fota_get32(bytes + 4))) {
        if (OPCODE(word) == LUI)
            found.kind = UPPER;
        fota_patch_set_unit(space, unit, CALL, 8, get(space, bytes, at, &found));
        if (found.kind == UPPER)
            unit->kind = UPPER;
        return;
    }
    fota_patch_find_word(space, bytes, length, at, unit);
}

static size_t skip(const struct patch_space *space, const uint8_t *bytes, size_t length,
                   size_t limit, uint32_t at)
{
    size_t i = patch_skip_to(2, length, at);

    for (; i < limit && i + 4 <= length; i += 2) {
        unsigned opcode = OPCODE(bytes[i]);

        if (opcode == JAL || opcode == AUIPC || opcode == LUI ||
            ((at + i) % 4 == 0 && patch_space_holds(space, fota_get32(bytes + i))))
            return i;
    }
    return i < limit ? length : i;
}

static void put(const struct patch_space *space, uint8_t *bytes, uint32_t at,
                const struct patch_unit *unit, uint32_t value)
{
    uint32_t word = fota_get32(bytes), whole = value + space->base;

    if (unit->kind == PATCH_WORD || unit->kind == PATCH_OTHER_WORD) {
        fota_put32(bytes, whole);
    } else if (unit->length == 8) {
        if (unit->kind != UPPER)
            whole = value - at;
        /* The lower half is signed: the upper one makes up for it. */
        fota_put32(bytes, (word & 0xfff) | ((whole + 0x800) & 0xfffff000));
        fota_put32(bytes + 4, put_low(fota_get32(bytes + 4), whole));
    } else {
        fota_put32(bytes, put_jal(word, value - at));
    }
}

const struct patch_arch fota_patch_riscv = {
    2, 1u << CALL | 1u << NEAR | 1u << PATCH_OUTSIDE, find, skip, get, put};
