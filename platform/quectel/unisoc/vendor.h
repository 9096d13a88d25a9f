/*
 * vendor.h - what port.c calls of Quectel's SDK for UIS8910 and UIS8850. In a product the SDK's own
 * headers stand here: ql_embed_nor_flash.h, ql_api_osi.h, ql_power.h.
 */
#ifndef FOTA_QUECTEL_UNISOC_VENDOR_H
#define FOTA_QUECTEL_UNISOC_VENDOR_H

#include <stddef.h>
#include <stdint.h>

/* Addresses are those that the core sees, inside a partition that the SDK's configuration names.
 * 0 on success; erase takes whole sectors of 4 KB. */
int ql_embed_nor_flash_read(uint32_t address, void *data, size_t size);
int ql_embed_nor_flash_write(uint32_t address, void *data, size_t size);
int ql_embed_nor_flash_erase(uint32_t address, size_t size);

/* Milliseconds since the start. */
int64_t ql_rtos_up_time_ms(void);

typedef enum { RESET_QUICK, RESET_NORMAL } ql_ResetMode;
int ql_power_reset(ql_ResetMode mode);

#endif
