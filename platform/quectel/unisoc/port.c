#include "platform/quectel/unisoc/port.h"

#include "fota_error.h"
#include "platform/quectel/unisoc/vendor.h"

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    (void)ctx;
    return ql_embed_nor_flash_read(FOTA_UNISOC_FLASH + addr, data, len) ? FOTA_ERR_FLASH_READ : 0;
}

/* The SDK takes the data without const, and leaves it alone. */
static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    (void)ctx;
    return ql_embed_nor_flash_write(FOTA_UNISOC_FLASH + addr, (void *)(uintptr_t)data, len)
               ? FOTA_ERR_FLASH_PROGRAM
               : 0;
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    (void)ctx;
    return ql_embed_nor_flash_erase(FOTA_UNISOC_FLASH + addr, len) ? FOTA_ERR_FLASH_ERASE : 0;
}

static uint64_t system_now_ms(void *ctx)
{
    (void)ctx;
    return (uint64_t)ql_rtos_up_time_ms();
}

static int64_t system_time(void *ctx)
{
    const struct fota_unisoc *unisoc = ctx;

    return fota_wall_clock_read(&unisoc->clock, system_now_ms(ctx));
}

static uint32_t system_random(void *ctx)
{
    return fota_wall_clock_jitter(system_now_ms(ctx));
}

/* Not the quick one: it does not wait for the file system. */
static void system_reset(void *ctx)
{
    (void)ctx;
    ql_power_reset(RESET_NORMAL);
}

struct fota_flash fota_unisoc_flash(struct fota_unisoc *unisoc)
{
    static const struct fota_flash_ops ops = {flash_read, flash_program, flash_erase};

    return (struct fota_flash){&ops, unisoc};
}

struct fota_system fota_unisoc_system(struct fota_unisoc *unisoc)
{
    static const struct fota_system_ops ops = {system_now_ms, system_time, system_random,
                                               system_reset, NULL};

    return (struct fota_system){&ops, unisoc};
}
