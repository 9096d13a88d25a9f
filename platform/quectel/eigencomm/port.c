#include "platform/quectel/eigencomm/port.h"

#include <string.h>

#include "fota_error.h"
#include "platform/quectel/eigencomm/vendor.h"

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    (void)ctx;
    return BSP_QSPI_Read_Safe(data, addr, (uint32_t)len) ? FOTA_ERR_FLASH_READ : 0;
}

/* The engine programs from its own page, which is RAM. */
static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    (void)ctx;
    return BSP_QSPI_Write_Safe((uint8_t *)(uintptr_t)data, addr, (uint32_t)len)
               ? FOTA_ERR_FLASH_PROGRAM
               : 0;
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    (void)ctx;
    return BSP_QSPI_Erase_Safe(addr, len) ? FOTA_ERR_FLASH_ERASE : 0;
}

static uint64_t system_now_ms(void *ctx)
{
    struct fota_eigencomm *eigencomm = ctx;
    uint32_t ticks = osKernelGetTickCount();

    eigencomm->passed += ticks - eigencomm->ticks;
    eigencomm->ticks = ticks;
    return eigencomm->passed * 1000 / osKernelGetTickFreq();
}

static int64_t system_time(void *ctx)
{
    struct fota_eigencomm *eigencomm = ctx;

    return fota_wall_clock_read(&eigencomm->clock, system_now_ms(ctx));
}

static uint32_t system_random(void *ctx)
{
    uint8_t bytes[24];
    uint32_t value;

    if (rngGenRandom(bytes) != 0)
        return fota_wall_clock_jitter(system_now_ms(ctx));
    memcpy(&value, bytes, sizeof value);
    return value;
}

static void system_reset(void *ctx)
{
    (void)ctx;
    luat_os_reboot(0);
}

void fota_eigencomm_open(struct fota_eigencomm *eigencomm)
{
    memset(eigencomm, 0, sizeof *eigencomm);
    eigencomm->ticks = osKernelGetTickCount();
}

struct fota_flash fota_eigencomm_flash(struct fota_eigencomm *eigencomm)
{
    static const struct fota_flash_ops ops = {flash_read, flash_program, flash_erase};

    return (struct fota_flash){&ops, eigencomm};
}

struct fota_system fota_eigencomm_system(struct fota_eigencomm *eigencomm)
{
    static const struct fota_system_ops ops = {system_now_ms, system_time, system_random,
                                               system_reset, NULL};

    return (struct fota_system){&ops, eigencomm};
}
