#include "platform/board/nor.h"

#include "fota_error.h"
#include "platform/board/board.h"

enum command {
    PAGE_PROGRAM = 0x02,
    READ = 0x03,
    READ_STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    SECTOR_ERASE_4K = 0x20,
    BLOCK_ERASE_64K = 0xD8
};

#define WRITE_IN_PROGRESS  0x01u
#define WRITE_ENABLE_LATCH 0x02u

static bool is_witnessed;

/* One with a 3-byte address. */
static void addressed(enum command command, uint32_t addr, const uint8_t *out, size_t out_len,
                      uint8_t *in, size_t in_len)
{
    const uint8_t bytes[4] = {(uint8_t)command, (uint8_t)(addr >> 16), (uint8_t)(addr >> 8),
                              (uint8_t)addr};

    board_spi(bytes, sizeof bytes, out, out_len, in, in_len);
}

static uint8_t status(void)
{
    const uint8_t command = READ_STATUS;
    uint8_t value;

    board_spi(&command, 1, NULL, 0, &value, 1);
    return value;
}

static void witness(void)
{
    if (!is_witnessed)
        return;
    board_put(BOARD_WITNESS, '.');
    while (board_get(BOARD_WITNESS) < 0)
        ; /* not board_idle(): a tick an operation would make a test many times as long */
}

/* The latch is looked at: a chip that is write protected, or not there, ignores the rest. */
static bool enable(void)
{
    const uint8_t command = WRITE_ENABLE;

    board_spi(&command, 1, NULL, 0, NULL, 0);
    return (status() & WRITE_ENABLE_LATCH) != 0;
}

static void wait_done(void)
{
    while (status() & WRITE_IN_PROGRESS)
        board_idle();
    witness();
}

static int nor_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    uint8_t *in = data;

    (void)ctx;
    while (len > 0) {
        size_t part = len < BOARD_SPI_MAX ? len : BOARD_SPI_MAX;

        addressed(READ, addr, NULL, 0, in, part);
        addr += (uint32_t)part;
        in += part;
        len -= part;
    }
    return 0;
}

static int nor_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    const uint8_t *out = data;

    (void)ctx;
    while (len > 0) {
        size_t part = NOR_PAGE - addr % NOR_PAGE;

        part = part < len ? part : len;
        if (!enable())
            return FOTA_ERR_FLASH_PROGRAM;
        addressed(PAGE_PROGRAM, addr, out, part, NULL, 0);
        wait_done();
        addr += (uint32_t)part;
        out += part;
        len -= part;
    }
    return 0;
}

static int nor_erase(void *ctx, uint32_t addr, uint32_t len)
{
    (void)ctx;
    if ((len != 0x1000 && len != 0x10000) || !enable())
        return FOTA_ERR_FLASH_ERASE;
    addressed(len == 0x1000 ? SECTOR_ERASE_4K : BLOCK_ERASE_64K, addr, NULL, 0, NULL, 0);
    wait_done();
    return 0;
}

struct fota_flash board_nor_open(bool witnessed)
{
    static const struct fota_flash_ops ops = {nor_read, nor_program, nor_erase};

    is_witnessed = witnessed;
    return (struct fota_flash){&ops, NULL};
}
