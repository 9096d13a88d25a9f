/*
 * patch_mix.h - probabilities of single bits, in the two forms that the models hold, and logistic
 * mixing of several.
 */
#ifndef FOTA_PATCH_MIX_H
#define FOTA_PATCH_MIX_H

#include <stdint.h>

#define PATCH_INPUTS 2u /* predictions that are mixed */

extern const int16_t fota_patch_stretch[256];
extern const uint16_t fota_patch_squash[256];

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

/* A quick one, for the many contexts of literals. */
#define PATCH_QUICK_HALF 0x8000u
#define PATCH_QUICK_ONE  0xffff
#define PATCH_QUICK_ZERO 0

static inline uint16_t patch_quick_update(uint32_t p, int32_t target)
{
    return (uint16_t)(p + (uint32_t)((target - (int32_t)p) >> 4));
}

/* Symbols: what each count begins with, what is added when it is seen, where all are halved. */
#define PATCH_COUNT_FIRST 4u
#define PATCH_COUNT_LIMIT 2048u

static inline void patch_count(uint16_t *counts, unsigned symbols, unsigned symbol, unsigned step)
{
    uint32_t sum = counts[symbols] + step;

    counts[symbol] = (uint16_t)(counts[symbol] + step);
    if (sum > PATCH_COUNT_LIMIT) {
        sum = 0;
        for (unsigned i = 0; i < symbols; i++)
            sum += counts[i] = (uint16_t)(counts[i] - counts[i] / 2);
    }
    counts[symbols] = (uint16_t)sum;
}

/* 16-bit probability from a logit of 8 fraction bits. */
static inline uint32_t patch_squash16(int32_t x)
{
    if (x > 2047)
        x = 2047;
    if (x < -2048)
        x = -2048;
    return fota_patch_squash[(x + 2048) >> 4];
}

#endif
