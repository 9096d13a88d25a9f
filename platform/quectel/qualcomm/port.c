#include "platform/quectel/qualcomm/port.h"

#include <string.h>

#include "fota_error.h"
#include "platform/quectel/qualcomm/vendor.h"

#define BLANK_SIZE 256u

static bool seek(const struct fota_qualcomm *qualcomm, uint32_t addr)
{
    int32_t at = -1;

    return qapi_FS_Seek(qualcomm->fd, (int32_t)addr, QAPI_FS_SEEK_SET, &at) == 0 &&
           at == (int32_t)addr;
}

static bool write_all(const struct fota_qualcomm *qualcomm, const uint8_t *data, size_t len)
{
    uint32_t done;

    for (; len > 0; data += done, len -= done)
        if (qapi_FS_Write(qualcomm->fd, data, (uint32_t)len, &done) != 0 || done == 0)
            return false;
    return true;
}

static bool write_blank(const struct fota_qualcomm *qualcomm, uint32_t len)
{
    uint8_t blank[BLANK_SIZE];

    memset(blank, 0xFF, sizeof blank);
    while (len > 0) {
        uint32_t part = len < sizeof blank ? len : (uint32_t)sizeof blank;

        if (!write_all(qualcomm, blank, part))
            return false;
        len -= part;
    }
    return true;
}

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    const struct fota_qualcomm *qualcomm = ctx;
    uint8_t *at = data;
    uint32_t done;

    if (!seek(qualcomm, addr))
        return FOTA_ERR_FLASH_READ;
    for (; len > 0; at += done, len -= done)
        if (qapi_FS_Read(qualcomm->fd, at, (uint32_t)len, &done) != 0 || done == 0)
            return FOTA_ERR_FLASH_READ;
    return 0;
}

static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    const struct fota_qualcomm *qualcomm = ctx;

    return seek(qualcomm, addr) && write_all(qualcomm, data, len) ? 0 : FOTA_ERR_FLASH_PROGRAM;
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    const struct fota_qualcomm *qualcomm = ctx;

    return seek(qualcomm, addr) && write_blank(qualcomm, len) ? 0 : FOTA_ERR_FLASH_ERASE;
}

static uint64_t system_now_ms(void *ctx)
{
    (void)ctx;
    return qapi_Timer_Get_Uptime(QAPI_TIMER_UNIT_MSEC);
}

static int64_t system_time(void *ctx)
{
    const struct fota_qualcomm *qualcomm = ctx;

    return fota_wall_clock_read(&qualcomm->clock, system_now_ms(ctx));
}

static uint32_t system_random(void *ctx)
{
    return fota_wall_clock_jitter(system_now_ms(ctx));
}

static void system_reset(void *ctx)
{
    (void)ctx;
    qapi_QT_Reset_Device(0);
}

/* Seeking beyond the end is an error: a file that was not finished is filled up. */
int fota_qualcomm_open(struct fota_qualcomm *qualcomm, const char *path, uint32_t size)
{
    int32_t end = 0;

    memset(qualcomm, 0, sizeof *qualcomm);
    if (qapi_FS_Open(path, QAPI_FS_O_RDWR | QAPI_FS_O_CREAT, &qualcomm->fd) != 0)
        return FOTA_ERR_FLASH_PROGRAM;
    if (qapi_FS_Seek(qualcomm->fd, 0, QAPI_FS_SEEK_END, &end) == 0 && end >= 0 &&
        ((uint32_t)end >= size || write_blank(qualcomm, size - (uint32_t)end)))
        return 0;
    fota_qualcomm_close(qualcomm);
    return FOTA_ERR_FLASH_PROGRAM;
}

void fota_qualcomm_close(struct fota_qualcomm *qualcomm)
{
    qapi_FS_Close(qualcomm->fd);
}

struct fota_flash fota_qualcomm_flash(struct fota_qualcomm *qualcomm)
{
    static const struct fota_flash_ops ops = {flash_read, flash_program, flash_erase};

    return (struct fota_flash){&ops, qualcomm};
}

struct fota_system fota_qualcomm_system(struct fota_qualcomm *qualcomm)
{
    static const struct fota_system_ops ops = {system_now_ms, system_time, system_random,
                                               system_reset, NULL};

    return (struct fota_system){&ops, qualcomm};
}
