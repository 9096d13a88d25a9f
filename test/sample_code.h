/*
 * sample_code.h - images for the tests of patches: functions of made-up Thumb-2 code that call each
 * other and hold pointers, linked at a base; and the same with a function changed, so that all
 * behind it moves.
 */
#ifndef FOTA_SAMPLE_CODE_H
#define FOTA_SAMPLE_CODE_H

#include <stdint.h>
#include <string.h>

#include "bytes.h"

#define SAMPLE_BASE      0x08010000u
#define SAMPLE_FUNCTIONS 256u
#define SAMPLE_MAX       (192u * 1024)

static uint32_t sample_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void sample_call(uint8_t *at, uint32_t from, uint32_t to)
{
    uint32_t offset = to - from - 4;

    fota_put16(at, (uint16_t)(0xf000 | (offset >> 12 & 0x7ff)));
    fota_put16(at + 2, (uint16_t)(0xf800 | (offset >> 1 & 0x7ff)));
}

/*
 * Links the program to `out` of SAMPLE_MAX bytes; returns its size. Function number `changed` has
 * `extra` more instructions.
 */
static uint32_t sample_link(uint8_t *out, unsigned changed, unsigned extra)
{
    uint32_t starts[SAMPLE_FUNCTIONS + 1], at = 0;

    for (unsigned pass = 0; pass < 2; pass++) {
        at = 0;
        for (unsigned f = 0; f < SAMPLE_FUNCTIONS; f++) {
            uint32_t state = f * 977u + 1;
            unsigned length = 20 + sample_random(&state) % 60;

            starts[f] = at;
            for (unsigned i = 0; i < length + (f == changed ? extra : 0); i++) {
                unsigned callee = sample_random(&state) % SAMPLE_FUNCTIONS;
                unsigned kind = sample_random(&state) % 8;

                if (kind == 0) {
                    sample_call(out + at, at, starts[callee % SAMPLE_FUNCTIONS]);
                    at += 4;
                } else {
                    fota_put16(out + at, (uint16_t)(0x4600 | (sample_random(&state) & 0x1ff)));
                    at += 2;
                }
            }
            at = (at + 3) & ~3u;
            for (unsigned i = 0; i < 3; i++, at += 4)
                fota_put32(out + at, SAMPLE_BASE + starts[(f * 7 + i) % SAMPLE_FUNCTIONS] + 1);
        }
        starts[SAMPLE_FUNCTIONS] = at;
    }
    return at;
}

#endif
