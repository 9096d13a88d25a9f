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
#define PATCH_KINDS    8u  /* kinds of units in an architecture */
#define PATCH_RANGES   4u  /* ranges of pointers */
#define PATCH_WORD     0u  /* kind: a word with an address; the same in every architecture */

enum patch_arch_id {
    PATCH_ARCH_RAW = 0, /* no units */
    PATCH_ARCH_THUMB = 1,
    PATCH_ARCHS
};

/* 64 KiB pages whose addresses words may hold. */
struct patch_range {
    uint32_t first, count;
};

/* How addresses look in one of the two images. */
struct patch_space {
    uint32_t base;        /* address of the image's first byte */
    uint32_t size;        /* of the image, bytes */
    unsigned range_count; /* the first is the image itself */
    struct patch_range ranges[PATCH_RANGES];
};

struct patch_unit {
    uint8_t length; /* bytes; 0: none */
    uint8_t kind;   /* below PATCH_KINDS */
    uint8_t span;   /* bytes that a copy must go on for to make it a unit */
    uint32_t extra; /* what the architecture needs to know besides */
    uint32_t value; /* address, an offset into the image */
};

struct patch_arch {
    unsigned step; /* units begin at multiples of it, bytes */
    /* Bits of kinds: relative to the unit's own place; not certain to be an address at all; words.
     */
    unsigned relative, doubtful, words;
    /* The unit that begins at `bytes`, of which `length` may be looked at, at offset `at`. */
    void (*find)(const struct patch_space *space, const uint8_t *bytes, size_t length, uint32_t at,
                 struct patch_unit *unit);
    /* The address that a unit of the same form holds in `bytes` at offset `at`. */
    uint32_t (*get)(const struct patch_space *space, const uint8_t *bytes, uint32_t at,
                    const struct patch_unit *unit);
    /* Makes the unit in `bytes`, a copy of the found one, hold `value` at offset `at`. */
    void (*put)(const struct patch_space *space, uint8_t *bytes, uint32_t at,
                const struct patch_unit *unit, uint32_t value);
};

extern const struct patch_arch patch_thumb;

/* NULL for an id that is none, or raw. */
const struct patch_arch *patch_arch_find(unsigned id);

/* Whether an absolute address lies in one of the ranges. */
int patch_space_holds(const struct patch_space *space, uint32_t address);

#endif
