#include "platform/board/config.h"

#include <string.h>

#include "platform/board/board.h"
#include "platform/board/nor.h"
#include "platform/board/product.h"
#include "platform/board/semihost.h"
#include "platform/mbedtls/crypto.h"

#define VENDOR      "quectel" /* vendor id of the packages */
#define DECODER_RAM 32768u    /* bytes */

static uint64_t system_now_ms(void *ctx)
{
    (void)ctx;
    return board_ms();
}

static int64_t system_time(void *ctx)
{
    (void)ctx;
    return board_time();
}

static uint32_t system_random(void *ctx)
{
    uint32_t value = 0;

    (void)ctx;
    if (!board_entropy((uint8_t *)&value, sizeof value))
        value = (uint32_t)board_ms() * 2654435761u;
    return value;
}

static void system_reset(void *ctx)
{
    (void)ctx;
    board_reset();
}

static void system_alive(void *ctx)
{
    (void)ctx;
    board_watchdog_feed();
}

void board_config_open(struct board_config *board)
{
    static const struct fota_system_ops system = {system_now_ms, system_time, system_random,
                                                  system_reset, system_alive};

    memset(board, 0, sizeof *board);
    board->port.map = &board_map;
    board->port.flash = board_nor_open(semihost_asked("witness"));
    board->port.system.ops = &system;
    board->port.crypto = &fota_mbedtls_crypto;
    board->policy.keys = product_keys;
    board->policy.key_count = product_key_count;
    board->policy.decoder_ram = DECODER_RAM;
    board->config.port = &board->port;
    board->config.model = &product_model;
    board->config.vendor = VENDOR;
    board->config.policy = &board->policy;
}
