/*
 * bytes.h - little endian numbers in byte arrays, wherever they lie.
 */
#ifndef FOTA_BYTES_H
#define FOTA_BYTES_H

#include <stdint.h>

static inline uint16_t fota_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t fota_get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t fota_get64(const uint8_t *p)
{
    return fota_get32(p) | (uint64_t)fota_get32(p + 4) << 32;
}

/* Returns 0 if `length` bytes are equal, otherwise another number. It has no branch that depends on
 * the bytes, and takes the same time wherever they differ. */
static inline uint32_t fota_differ(const void *a, const void *b, uint32_t length)
{
    const volatile uint8_t *x = (const volatile uint8_t *)a, *y = (const volatile uint8_t *)b;
    uint32_t bits = 0;

    while (length--)
        bits |= (uint32_t)(*x++ ^ *y++);
    return bits;
}

static inline void fota_put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void fota_put32(uint8_t *p, uint32_t value)
{
    fota_put16(p, (uint16_t)value);
    fota_put16(p + 2, (uint16_t)(value >> 16));
}

static inline void fota_put64(uint8_t *p, uint64_t value)
{
    fota_put32(p, (uint32_t)value);
    fota_put32(p + 4, (uint32_t)(value >> 32));
}

#endif
