/*
 * patch_head.h - the head of a stream: what its segments share.
 */
#ifndef FOTA_PATCH_HEAD_H
#define FOTA_PATCH_HEAD_H

#include <stdint.h>

#include "patch.h"
#include "patch_arch.h"
#include "patch_mix.h"

#define PATCH_HEAD_MAX 64u /* longest head of a stream or a segment, bytes */

#define PATCH_ARCH_MASK 0x07u
#define PATCH_MIX       0x08u /* predictions of literals are mixed */
#define PATCH_COUNT                                                                                \
    0x80u /* halves of literals are counted; with PATCH_MIX those of differences                   \
           */
#define PATCH_LITERALS (PATCH_MIX | PATCH_COUNT) /* 0: literals are plain bits */
#define PATCH_NEAR     0x10u /* words may hold the way from themselves, Thumb calls A32 code */
#define PATCH_UNDO     0x20u /* a reverse patch follows the stream */
#define PATCH_FAR      0x40u /* code calls what is far away */

struct patch_head {
    uint8_t arch;    /* enum patch_arch_id */
    uint8_t how;     /* PATCH_LITERALS of the flags: how literals are coded */
    uint8_t far;     /* PATCH_FAR or 0 */
    uint8_t near;    /* PATCH_NEAR or 0 */
    uint32_t length; /* of the whole stream, this head included, bytes */
    struct patch_space old_space, new_space;
};

/* Takes bytes apart; what is read beyond the end is 0 and sets .failed. */
struct patch_head_reader {
    const uint8_t *next, *end;
    int failed;
};

uint32_t fota_patch_head_word(struct patch_head_reader *r);   /* 4 bytes */
uint32_t fota_patch_head_number(struct patch_head_reader *r); /* 7 bits a byte, lowest first */

/* Numbers with a sign as numbers without: 0, -1, 1, -2, 2 ... */
static inline uint32_t patch_fold(uint32_t value)
{
    return value << 1 ^ (uint32_t) - (int32_t)(value >> 31);
}

static inline uint32_t patch_unfold(uint32_t value)
{
    return value >> 1 ^ (uint32_t) - (int32_t)(value & 1);
}

/* Makes the space's first range that of an image of `size` bytes; the others are there already. */
void fota_patch_space_cover(struct patch_space *space, uint32_t size);

/* The part of a head that says how long the stream is. */
void fota_patch_head_begin(struct patch_head_reader *r, const struct fota_patch_layout *layout,
                           struct patch_head *head);

/* Reads a head; r->failed when it is none. */
void fota_patch_head_read(struct patch_head_reader *r, const struct fota_patch_layout *layout,
                          struct patch_head *head);

#endif
