#include "platform/luatos/port.h"

#include "fota_error.h"
#include "platform/luatos/vendor.h"

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    const struct fota_luatos *luatos = ctx;

    /* Some ports take 0 bytes for a failure. */
    return len == 0 || luat_flash_read(data, luatos->base + addr, len) == (int)len
               ? 0
               : FOTA_ERR_FLASH_READ;
}

static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    const struct fota_luatos *luatos = ctx;

    return luat_flash_write((char *)(uintptr_t)data, luatos->base + addr, len) == (int)len
               ? 0
               : FOTA_ERR_FLASH_PROGRAM;
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    const struct fota_luatos *luatos = ctx;

    return luat_flash_erase(luatos->base + addr, len) == 0 ? 0 : FOTA_ERR_FLASH_ERASE;
}

static uint64_t system_now_ms(void *ctx)
{
    (void)ctx;
    return luat_mcu_tick64_ms();
}

static int64_t system_time(void *ctx)
{
    const struct fota_luatos *luatos = ctx;

    return fota_wall_clock_read(&luatos->clock, system_now_ms(ctx));
}

static uint32_t system_random(void *ctx)
{
    uint32_t value;

    if (luat_crypto_trng((char *)&value, sizeof value) != 0)
        return fota_wall_clock_jitter(system_now_ms(ctx));
    return value;
}

static void system_reset(void *ctx)
{
    (void)ctx;
    luat_os_reboot(0);
}

struct fota_flash fota_luatos_flash(struct fota_luatos *luatos)
{
    static const struct fota_flash_ops ops = {flash_read, flash_program, flash_erase};

    return (struct fota_flash){&ops, luatos};
}

struct fota_system fota_luatos_system(struct fota_luatos *luatos)
{
    static const struct fota_system_ops ops = {system_now_ms, system_time, system_random,
                                               system_reset, NULL};

    return (struct fota_system){&ops, luatos};
}
