/*
 * The ports to modems, over vendors' functions that are played here: what the vendor's documents
 * say of each function is held against what the engine expects of a port. That proves nothing about
 * a modem.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fota_error.h"
#include "platform/luatos/port.h"
#include "platform/luatos/vendor.h"
#include "platform/quectel/eigencomm/port.h"
#include "platform/quectel/eigencomm/vendor.h"
#include "platform/quectel/qualcomm/port.h"
#include "platform/quectel/qualcomm/vendor.h"
#include "platform/quectel/unisoc/port.h"
#include "platform/quectel/unisoc/vendor.h"

#define SIZE 16384u

static uint8_t cells[SIZE];
static bool broken;   /* every call fails */
static uint32_t base; /* what the vendor calls the first cell */
static unsigned resets;
static uint32_t ticks;     /* of the vendor's clock */
static uint32_t file_size; /* Qualcomm: of the file in EFS */
static int32_t file_at;

static bool inside(uint64_t address, size_t size)
{
    return !broken && address >= base && address - base <= SIZE && size <= SIZE - (address - base);
}

static bool get(uint64_t address, void *data, size_t size)
{
    if (!inside(address, size))
        return false;
    memcpy(data, cells + (address - base), size);
    return true;
}

static bool put(uint64_t address, const void *data, size_t size)
{
    if (!inside(address, size))
        return false;
    for (size_t i = 0; i < size; i++)
        cells[address - base + i] &= ((const uint8_t *)data)[i];
    return true;
}

static bool wipe(uint64_t address, size_t size)
{
    if (!inside(address, size))
        return false;
    memset(cells + (address - base), 0xFF, size);
    return true;
}

/* ---- the vendors ----------------------------------------------------------------------------- */

int luat_flash_read(char *data, size_t address, size_t length)
{
    return get(address, data, length) ? (int)length : -1;
}

int luat_flash_write(char *data, size_t address, size_t length)
{
    return put(address, data, length) ? (int)length : -1;
}

int luat_flash_erase(size_t address, size_t length)
{
    return wipe(address, length) ? 0 : -1;
}

uint64_t luat_mcu_tick64_ms(void)
{
    return ticks;
}

int luat_crypto_trng(char *data, size_t length)
{
    memset(data, 0x5A, length);
    return broken ? -1 : 0;
}

void luat_os_reboot(int code)
{
    (void)code;
    resets++;
}

int ql_embed_nor_flash_read(uint32_t address, void *data, size_t size)
{
    return get(address, data, size) ? 0 : 2;
}

int ql_embed_nor_flash_write(uint32_t address, void *data, size_t size)
{
    return put(address, data, size) ? 0 : 1;
}

int ql_embed_nor_flash_erase(uint32_t address, size_t size)
{
    return wipe(address, size) ? 0 : 3;
}

int64_t ql_rtos_up_time_ms(void)
{
    return ticks;
}

int ql_power_reset(ql_ResetMode mode)
{
    assert_int_equal(mode, RESET_NORMAL);
    resets++;
    return 0;
}

uint8_t BSP_QSPI_Read_Safe(uint8_t *data, uint32_t address, uint32_t size)
{
    return get(address, data, size) ? 0 : 1;
}

uint8_t BSP_QSPI_Write_Safe(uint8_t *data, uint32_t address, uint32_t size)
{
    return put(address, data, size) ? 0 : 1;
}

uint8_t BSP_QSPI_Erase_Safe(uint32_t address, uint32_t size)
{
    return wipe(address, size) ? 0 : 1;
}

uint32_t osKernelGetTickCount(void)
{
    return ticks;
}

uint32_t osKernelGetTickFreq(void)
{
    return 100;
}

int32_t rngGenRandom(uint8_t random[24])
{
    memset(random, 0x5A, 24);
    return broken ? -1 : 0;
}

qapi_Status_t qapi_FS_Open(const char *path, int flags, int *fd)
{
    (void)path;
    (void)flags;
    *fd = 7;
    return broken ? -1 : 0;
}

/* At most 100 bytes at a time, as the document allows. */
static uint32_t part(uint32_t count)
{
    return count < 100 ? count : 100;
}

qapi_Status_t qapi_FS_Read(int fd, uint8_t *data, uint32_t count, uint32_t *done)
{
    assert_int_equal(fd, 7);
    *done = part(count);
    if (broken || (uint32_t)file_at + *done > file_size)
        return -1;
    memcpy(data, cells + file_at, *done);
    file_at += (int32_t)*done;
    return 0;
}

qapi_Status_t qapi_FS_Write(int fd, const uint8_t *data, uint32_t count, uint32_t *done)
{
    assert_int_equal(fd, 7);
    *done = part(count);
    if (broken || (uint32_t)file_at + *done > SIZE)
        return -1;
    memcpy(cells + file_at, data, *done);
    file_at += (int32_t)*done;
    file_size = (uint32_t)file_at > file_size ? (uint32_t)file_at : file_size;
    return 0;
}

qapi_Status_t qapi_FS_Seek(int fd, int32_t offset, int whence, int32_t *at)
{
    int32_t to = whence == QAPI_FS_SEEK_END ? (int32_t)file_size + offset : offset;

    assert_int_equal(fd, 7);
    if (broken || to < 0 || (uint32_t)to > file_size)
        return -1;
    *at = file_at = to;
    return 0;
}

qapi_Status_t qapi_FS_Close(int fd)
{
    assert_int_equal(fd, 7);
    return 0;
}

uint64_t qapi_Timer_Get_Uptime(qapi_unit unit)
{
    assert_int_equal(unit, QAPI_TIMER_UNIT_MSEC);
    return ticks;
}

uint32_t qapi_QT_Reset_Device(uint32_t kind)
{
    (void)kind;
    resets++;
    return 0;
}

/* ---- what the engine expects of any of them -------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    memset(cells, 0, sizeof cells);
    broken = false;
    base = 0;
    resets = ticks = 0;
    file_size = 0;
    file_at = 0;
    return 0;
}

static void works(struct fota_flash flash)
{
    uint8_t data[300], back[300];

    memset(data, 0xA5, sizeof data);
    assert_int_equal(flash.ops->erase(flash.ctx, 4096, 4096), 0);
    assert_int_equal(flash.ops->read(flash.ctx, 8191, back, 1), 0);
    assert_int_equal(back[0], 0xFF);
    assert_int_equal(flash.ops->program(flash.ctx, 4096, data, sizeof data), 0);
    assert_int_equal(flash.ops->read(flash.ctx, 4096, back, sizeof back), 0);
    assert_memory_equal(back, data, sizeof back);
    assert_int_equal(flash.ops->read(flash.ctx, 0, back, 0), 0);
    assert_memory_equal(cells + 4096, data, sizeof data);
}

static void fails(struct fota_flash flash)
{
    uint8_t data[16] = {0};

    broken = true;
    assert_int_equal(flash.ops->read(flash.ctx, 0, data, sizeof data), FOTA_ERR_FLASH_READ);
    assert_int_equal(flash.ops->program(flash.ctx, 0, data, sizeof data), FOTA_ERR_FLASH_PROGRAM);
    assert_int_equal(flash.ops->erase(flash.ctx, 0, 4096), FOTA_ERR_FLASH_ERASE);
    broken = false;
}

/* `tick_ms` of the vendor's clock; time is told once the network has told it. */
static void tells_time(struct fota_system system, struct fota_wall_clock *clock, uint32_t tick_ms)
{
    uint64_t begun = system.ops->now_ms(system.ctx);

    ticks += 700;
    assert_int_equal(system.ops->now_ms(system.ctx) - begun, 700 * tick_ms);
    assert_int_equal(system.ops->time(system.ctx), -1);
    *clock = (struct fota_wall_clock){1700000000, system.ops->now_ms(system.ctx)};
    ticks += 2000;
    assert_int_equal(system.ops->time(system.ctx), 1700000000 + 2000 * tick_ms / 1000);
    (void)system.ops->random(system.ctx);
    broken = true; /* without a generator, too */
    (void)system.ops->random(system.ctx);
    broken = false;
    system.ops->reset(system.ctx);
    assert_int_equal(resets, 1);
}

static void luatos_flash_and_clock(void **state)
{
    struct fota_luatos luatos = {.base = 0x304000};

    (void)state;
    base = 0x304000;
    works(fota_luatos_flash(&luatos));
    fails(fota_luatos_flash(&luatos));
    tells_time(fota_luatos_system(&luatos), &luatos.clock, 1);
}

static void unisoc_addresses_are_those_of_the_core(void **state)
{
    struct fota_unisoc unisoc = {{0, 0}};

    (void)state;
    base = FOTA_UNISOC_FLASH;
    works(fota_unisoc_flash(&unisoc));
    fails(fota_unisoc_flash(&unisoc));
    tells_time(fota_unisoc_system(&unisoc), &unisoc.clock, 1);
}

static void eigencomm_ticks_wrap(void **state)
{
    struct fota_eigencomm eigencomm;

    (void)state;
    ticks = UINT32_MAX - 300;
    fota_eigencomm_open(&eigencomm);
    works(fota_eigencomm_flash(&eigencomm));
    fails(fota_eigencomm_flash(&eigencomm));
    tells_time(fota_eigencomm_system(&eigencomm), &eigencomm.clock, 10);
}

static void qualcomm_file_is_made_and_taken_up_again(void **state)
{
    struct fota_qualcomm qualcomm;

    (void)state;
    assert_int_equal(fota_qualcomm_open(&qualcomm, "/fota.bin", SIZE), 0);
    assert_int_equal(file_size, SIZE);
    works(fota_qualcomm_flash(&qualcomm));
    fails(fota_qualcomm_flash(&qualcomm));
    tells_time(fota_qualcomm_system(&qualcomm), &qualcomm.clock, 1);
    fota_qualcomm_close(&qualcomm);
    assert_int_equal(fota_qualcomm_open(&qualcomm, "/fota.bin", SIZE), 0);
    assert_int_equal(cells[4096], 0xA5);
    fota_qualcomm_close(&qualcomm);
}

static void qualcomm_file_that_was_not_finished_is_filled_up(void **state)
{
    struct fota_qualcomm qualcomm;

    (void)state;
    file_size = 1000;
    assert_int_equal(fota_qualcomm_open(&qualcomm, "/fota.bin", SIZE), 0);
    assert_int_equal(file_size, SIZE);
    assert_int_equal(cells[999], 0);
    assert_int_equal(cells[1000], 0xFF);
    broken = true;
    assert_int_equal(fota_qualcomm_open(&qualcomm, "/fota.bin", SIZE), FOTA_ERR_FLASH_PROGRAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(luatos_flash_and_clock, setup),
        cmocka_unit_test_setup(unisoc_addresses_are_those_of_the_core, setup),
        cmocka_unit_test_setup(eigencomm_ticks_wrap, setup),
        cmocka_unit_test_setup(qualcomm_file_is_made_and_taken_up_again, setup),
        cmocka_unit_test_setup(qualcomm_file_that_was_not_finished_is_filled_up, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
