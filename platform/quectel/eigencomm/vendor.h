/*
 * vendor.h - what port.c calls of Eigencomm's SDK for EC618. In a product the SDK's own headers
 * stand here: flash_rt.h, cmsis_os2.h, rng.h, and luat_rtos.h or the core's for the reset.
 */
#ifndef FOTA_QUECTEL_EIGENCOMM_VENDOR_H
#define FOTA_QUECTEL_EIGENCOMM_VENDOR_H

#include <stdint.h>

/* Addresses count from the start of the flash; 0 on success. While they run the flash cannot be
 * read, so `data` has to be in RAM. Erase takes whole sectors of 4 KB. */
uint8_t BSP_QSPI_Read_Safe(uint8_t *data, uint32_t address, uint32_t size);
uint8_t BSP_QSPI_Write_Safe(uint8_t *data, uint32_t address, uint32_t size);
uint8_t BSP_QSPI_Erase_Safe(uint32_t address, uint32_t size);

/* Ticks since the start and how many make a second; wraps. */
uint32_t osKernelGetTickCount(void);
uint32_t osKernelGetTickFreq(void);

/* 24 random bytes; 0 on success. */
int32_t rngGenRandom(uint8_t random[24]);

void luat_os_reboot(int code);

#endif
