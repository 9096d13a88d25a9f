/*
 * vendor.h - what port.c calls of LuatOS. In a product its own headers stand here: luat_flash.h,
 * luat_mcu.h, luat_crypto.h, luat_rtos.h.
 */
#ifndef FOTA_LUATOS_VENDOR_H
#define FOTA_LUATOS_VENDOR_H

#include <stddef.h>
#include <stdint.h>

/* Read and write return the number of bytes, 0 or less on failure; erase 0 on success. */
int luat_flash_read(char *data, size_t address, size_t length);
int luat_flash_write(char *data, size_t address, size_t length);
int luat_flash_erase(size_t address, size_t length);

uint64_t luat_mcu_tick64_ms(void);
int luat_crypto_trng(char *data, size_t length); /* 0 on success */
void luat_os_reboot(int code);

#endif
