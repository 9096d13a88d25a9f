/*
 * diff_price.h - what operations cost, in 1/256 bit, as far as a finished pass tells. Costs adapt
 * while a stream is coded; these are those at its end.
 */
#ifndef FOTA_DIFF_PRICE_H
#define FOTA_DIFF_PRICE_H

#include "diff_internal.h"

#define PRICE_BIT     256u
#define PRICE_LENGTHS 64u  /* lengths with a table of prices */
#define PRICE_RUNS    256u /* likewise; in longer runs one literal more costs no more than itself */
#define PRICE_KINDS   5u   /* of lengths, as in struct patch_model */

struct diff_price_number {
    uint32_t size[PATCH_SIZES], top[PATCH_TOPS][4], low[2][4];
};

struct diff_prices {
    uint32_t haste; /* what a copy costs besides its bits, where decoding has to be quick */
    uint32_t op[16][2][PATCH_OPS];
    struct diff_price_number run, length[PRICE_KINDS], distance[4], shift[4];
    uint32_t runs[PRICE_RUNS]; /* of each number of literals */
    uint32_t lengths[PRICE_KINDS][PRICE_LENGTHS];
    uint32_t *literals; /* of each byte of the new image, unless differences are coded */
    int differences;
    uint32_t halves[32]
                   [16]; /* of counted literals: upper ones by the byte before, and lower ones */
    /* old address to new address, open addressing; the size is a power of two */
    struct diff_address *addresses;
    uint8_t *address_used;
    uint32_t address_mask;
};

uint32_t diff_price_number(const struct diff_price_number *n, uint32_t value);

/* Of a literal at `at`, where the newest source of copies has `there`. */
uint32_t diff_price_literal(const struct diff_prices *prices, const struct diff_images *images,
                            uint32_t at, uint8_t there);

/* Of the address of a unit in a copy from the old image. */
uint32_t diff_price_address(const struct diff_prices *prices, const struct diff_unit *unit);

#endif
