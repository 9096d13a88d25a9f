/*
 * vendor.h - what port.c calls of Quectel's SDK for ASR1603, ASR1606 and ASR1803S. In a product the
 * SDK's own headers stand here: ql_flash.h, ql_rtos.h, ql_power.h.
 */
#ifndef FOTA_QUECTEL_ASR_VENDOR_H
#define FOTA_QUECTEL_ASR_VENDOR_H

/* Addresses are those that the core sees. Read and write return the number of bytes, -1 on failure;
 * erase, in sectors of 4 KB, 0 on success. A partition's address and size are asked by its name. */
void ql_norflash_get_addr(unsigned char *partition, unsigned int *start, unsigned int *size);
unsigned int ql_norflash_do_read(unsigned char *partition, unsigned int address,
                                 unsigned int buffer, unsigned int size);
unsigned int ql_norflash_do_write(unsigned char *partition, unsigned int address,
                                  unsigned int buffer, unsigned int size);
int ql_norflash_do_erase(unsigned char *partition, unsigned int address, unsigned int size);

/* Ticks of 5 ms since the start; wraps. */
unsigned int ql_rtos_get_systicks(void);

void ql_power_reset(void);

#endif
