/*
 * patch_arch.h - where machine code and data hold addresses.
 *
 * An address that moved between two images is coded once, however many instructions name it: the
 * decoder finds the units in what it copies, and writes them anew with the mapped address. Each
 * architecture is a file with one function to find units and one to write them.
 *
 * Addresses are offsets into the image here: base is taken off what is absolute, and what is
 * relative to the program counter is added up. All arithmetic is modulo 2^32.
 */
#ifndef FOTA_PATCH_ARCH_H
#define FOTA_PATCH_ARCH_H

#include <stddef.h>
#include <stdint.h>

#define PATCH_UNIT_MAX 24u /* bytes that are looked at to find one */
#define PATCH_KINDS    9u  /* kinds of units in an architecture */
#define PATCH_RANGES   6u  /* ranges of pointers */

/* Kinds that every architecture has. */
enum {
    PATCH_WORD = 0,       /* a word with an address of the image */
    PATCH_OTHER_WORD = 1, /* a word with an address in one of the other ranges */
    PATCH_OUTSIDE = 2,    /* a branch out of the image; more likely, no branch at all */
    PATCH_PLAIN = 3,      /* an instruction without an address: copied as it is */
    PATCH_NEAR_WORD = 4,  /* a word with the way from itself to another place in the image */
    PATCH_OWN_KINDS = 5
};

/* Base of an image that does not say where it lies. */
#define PATCH_NOWHERE 0xf0000000u

enum patch_arch_id {
    PATCH_ARCH_RAW = 0, /* no units */
    PATCH_ARCH_THUMB = 1,
    PATCH_ARCH_A32 = 2,
    PATCH_ARCH_RISCV = 3,
    PATCH_ARCH_XTENSA = 4,
    PATCH_ARCHS
};

/* 64 KiB pages whose addresses words may hold. */
struct patch_range {
    uint32_t first, count;
};

/* How addresses look in one of the two images. */
struct patch_space {
    uint32_t base;        /* address of the image's first byte, or PATCH_NOWHERE */
    uint32_t size;        /* of the image, bytes */
    uint8_t far;          /* calls may lead farther than images are long: to ROM */
    uint32_t near;        /* .size where words may hold the way to another place, or 0 */
    unsigned range_count; /* the first is the image itself */
    struct patch_range ranges[PATCH_RANGES];
    struct patch_range hull; /* from the first page of them to the last */
};

struct patch_unit {
    uint8_t length; /* bytes; 0: none */
    uint8_t kind;   /* below PATCH_KINDS */
    uint8_t span;   /* bytes that a copy must go on for to make it a unit */
    uint32_t extra; /* what the architecture needs to know besides */
    uint32_t value; /* address, an offset into the image */
};

struct patch_arch {
    unsigned step;     /* units begin at multiples of it, bytes */
    unsigned relative; /* bits of the kinds that are relative to the unit's own place */
    /* The unit that begins at `bytes`, of which `length` may be looked at, at offset `at`. */
    void (*find)(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit);
    /*
     * How many of the `length` bytes at `bytes` certainly begin no unit. It looks no further than
     * `limit` bytes, or to the end of the instruction there.
     */
    size_t (*skip)(const struct patch_space *space, const uint8_t *bytes, size_t length,
                   size_t limit, uint32_t at);
    /* The address that a unit of the same form holds in `bytes` at offset `at`. */
    uint32_t (*get)(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit);
    /* Makes the unit in `bytes`, a copy of the found one, hold `value` at offset `at`. */
    void (*put)(const struct patch_space *space, uint8_t *bytes, uint32_t at,
                const struct patch_unit *unit, uint32_t value);
};

extern const struct patch_arch fota_patch_thumb, fota_patch_a32, fota_patch_riscv,
    fota_patch_xtensa;

/* NULL for an id that is none, or raw. */
const struct patch_arch *fota_patch_arch_find(unsigned id);

/* Finds a word with an address, at multiples of 4. */
void fota_patch_find_word(const struct patch_space *space, const uint8_t *bytes, size_t length,
                          uint32_t at, struct patch_unit *unit);

/* Fills in a unit; a branch that leads out of the image becomes one of PATCH_OUTSIDE. */
void fota_patch_set_unit(const struct patch_space *space, struct patch_unit *unit, unsigned kind,
                         unsigned length, uint32_t value);

/* A skip() that looks no further than to the next multiple of `step`. */
static inline size_t patch_skip_to(unsigned step, size_t length, uint32_t at)
{
    size_t n = (step - at % step) % step;

    return n < length ? n : length;
}

/* Whether an absolute address lies in one of the ranges. */
static inline int patch_space_holds(const struct patch_space *space, uint32_t address)
{
    uint32_t page = address >> 16;

    if (page - space->hull.first >= space->hull.count)
        return 0;
    for (unsigned i = 0; i < space->range_count; i++)
        if (page - space->ranges[i].first < space->ranges[i].count)
            return 1;
    return 0;
}

#define PATCH_NEAR_MIN 4096u /* bytes: a word that says less is just a number */

/* Whether a word at offset `at` holds an address, or the way to a place in the image. */
static inline int patch_is_pointer(const struct patch_space *space, uint32_t word, uint32_t at)
{
    return patch_space_holds(space, word) ||
           (at + word < space->near && word + PATCH_NEAR_MIN > 2 * PATCH_NEAR_MIN);
}

#endif
