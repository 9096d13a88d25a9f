#include "platform/quectel/asr/port.h"

#include <string.h>

#include "fota_error.h"
#include "platform/quectel/asr/vendor.h"

#define TICK_MS 5u

/* The SDK takes names and buffers without const, and buffers as numbers. */
static unsigned char *name(const struct fota_asr *asr)
{
    return (unsigned char *)(uintptr_t)asr->partition;
}

static bool inside(const struct fota_asr *asr, uint32_t addr, size_t len)
{
    return addr <= asr->size && len <= asr->size - addr;
}

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    const struct fota_asr *asr = ctx;

    if (!inside(asr, addr, len) ||
        ql_norflash_do_read(name(asr), asr->base + addr, (unsigned int)(uintptr_t)data,
                            (unsigned int)len) != len)
        return FOTA_ERR_FLASH_READ;
    return 0;
}

static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    const struct fota_asr *asr = ctx;

    if (!inside(asr, addr, len) ||
        ql_norflash_do_write(name(asr), asr->base + addr, (unsigned int)(uintptr_t)data,
                             (unsigned int)len) != len)
        return FOTA_ERR_FLASH_PROGRAM;
    return 0;
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    const struct fota_asr *asr = ctx;

    if (!inside(asr, addr, len) || ql_norflash_do_erase(name(asr), asr->base + addr, len) != 0)
        return FOTA_ERR_FLASH_ERASE;
    return 0;
}

/* Called more often than the ticks wrap, which takes 248 days. */
static uint64_t system_now_ms(void *ctx)
{
    struct fota_asr *asr = ctx;
    uint32_t ticks = ql_rtos_get_systicks();

    asr->passed_ms += (uint64_t)(ticks - asr->ticks) * TICK_MS;
    asr->ticks = ticks;
    return asr->passed_ms;
}

static int64_t system_time(void *ctx)
{
    struct fota_asr *asr = ctx;

    return fota_wall_clock_read(&asr->clock, system_now_ms(ctx));
}

static uint32_t system_random(void *ctx)
{
    return fota_wall_clock_jitter(system_now_ms(ctx));
}

static void system_reset(void *ctx)
{
    (void)ctx;
    ql_power_reset();
}

int fota_asr_open(struct fota_asr *asr, const char *partition)
{
    unsigned int base = 0, size = 0;

    memset(asr, 0, sizeof *asr);
    asr->partition = partition;
    ql_norflash_get_addr(name(asr), &base, &size);
    asr->base = base;
    asr->size = size;
    asr->ticks = ql_rtos_get_systicks();
    return size ? 0 : FOTA_ERR_MAP;
}

struct fota_flash fota_asr_flash(struct fota_asr *asr)
{
    static const struct fota_flash_ops ops = {flash_read, flash_program, flash_erase};

    return (struct fota_flash){&ops, asr};
}

struct fota_system fota_asr_system(struct fota_asr *asr)
{
    static const struct fota_system_ops ops = {system_now_ms, system_time, system_random,
                                               system_reset, NULL};

    return (struct fota_system){&ops, asr};
}
