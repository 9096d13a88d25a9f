/*
 * crc32.h - CRC-32 (ISO 3309, polynomial 0xEDB88320, initial and final inversion).
 */
#ifndef FOTA_CRC32_H
#define FOTA_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC of `length` bytes; `crc` is 0, or the result for what came before them. */
uint32_t fota_crc32(uint32_t crc, const void *data, size_t length);

#endif
