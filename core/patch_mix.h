/*
 * patch_mix.h - probabilities of single bits, in the two forms that the models hold, and logistic
 * mixing of several.
 */
#ifndef FOTA_PATCH_MIX_H
#define FOTA_PATCH_MIX_H

#include <stdint.h>

#define PATCH_INPUTS 3u /* predictions that are mixed */

extern const int16_t patch_stretch[256];
extern const uint16_t patch_squash[256];

/*
 * A careful probability, for the few contexts of flags and numbers: bits 31 to 10 are that of a 1,
 * bits 9 to 0 count what was seen, up to a limit.
 */
#define PATCH_CAREFUL_HALF 0x80000000u

/* Updates stop short of 0 and 1, so that either bit can be coded. */
static inline uint32_t patch_careful_p16(uint32_t p)
{
    return p >> 16;
}

static inline uint32_t patch_careful_update(uint32_t p, unsigned bit, uint32_t limit)
{
    int32_t n = (int32_t)(p & 1023), p22 = (int32_t)(p >> 10);
    int32_t target = bit ? 0x3fffff : 0;

    p22 += (target - p22) * 2 / (2 * n + 3);
    return (uint32_t)p22 << 10 | (uint32_t)(n + ((uint32_t)n < limit));
}

/* A quick one, for the many contexts of literals: bits 15 to 3 are that of a 1, 2 to 0 a count. */
#define PATCH_QUICK_HALF 0x8000u

/* Where bits move it to: so far from the ends that steps of 8, rounded down, stay within. */
#define PATCH_QUICK_ONE  0xffff
#define PATCH_QUICK_ZERO 64

static inline uint16_t patch_quick_update(uint32_t p, int32_t target)
{
    uint32_t n = p & 7u;

    return (uint16_t)(p + ((target - (int32_t)p) >> ((n + 3) / 2) & ~7) + (n < 6));
}

/* 16-bit probability from a logit of 8 fraction bits. */
static inline uint32_t patch_squash16(int32_t x)
{
    if (x > 2047)
        x = 2047;
    if (x < -2048)
        x = -2048;
    return patch_squash[(x + 2048) >> 4];
}

#endif
