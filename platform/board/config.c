#include "platform/board/config.h"

#include <string.h>

#include "platform/board/board.h"
#include "platform/board/nor.h"
#include "platform/board/product.h"
#include "platform/board/semihost.h"

#define VENDOR      "quectel" /* vendor id of the packages */
#define DECODER_RAM 32768u    /* bytes */

void board_config_open(struct board_config *board, const struct fota_crypto_ops *crypto)
{
    memset(board, 0, sizeof *board);
    board->port.map = &board_map;
    board->port.flash = board_nor_open(semihost_asked("witness"));
    board->port.crypto = crypto;
    board->policy.keys = product_keys;
    board->policy.key_count = product_key_count;
    board->policy.decoder_ram = DECODER_RAM;
    board->config.port = &board->port;
    board->config.model = &product_model;
    board->config.vendor = VENDOR;
    board->config.policy = &board->policy;
}
