/*
 * vendor.h - what port.c calls of Qualcomm's QAPI on MDM9x05, and of Quectel's additions to it. In
 * a product the SDK's own headers stand here: qapi_fs.h, qapi_timer.h, qapi_quectel.h.
 */
#ifndef FOTA_QUECTEL_QUALCOMM_VENDOR_H
#define FOTA_QUECTEL_QUALCOMM_VENDOR_H

#include <stdint.h>

typedef int32_t qapi_Status_t; /* 0 on success */

#define QAPI_FS_O_RDWR   2
#define QAPI_FS_O_CREAT  0100
#define QAPI_FS_SEEK_SET 0
#define QAPI_FS_SEEK_END 2

/* Reading and writing may do less than was asked. */
qapi_Status_t qapi_FS_Open(const char *path, int flags, int *fd);
qapi_Status_t qapi_FS_Read(int fd, uint8_t *data, uint32_t count, uint32_t *done);
qapi_Status_t qapi_FS_Write(int fd, const uint8_t *data, uint32_t count, uint32_t *done);
qapi_Status_t qapi_FS_Seek(int fd, int32_t offset, int whence, int32_t *at);
qapi_Status_t qapi_FS_Close(int fd);

typedef enum { QAPI_TIMER_UNIT_TICK, QAPI_TIMER_UNIT_USEC, QAPI_TIMER_UNIT_MSEC } qapi_unit;
uint64_t qapi_Timer_Get_Uptime(qapi_unit unit);

uint32_t qapi_QT_Reset_Device(uint32_t kind);

#endif
