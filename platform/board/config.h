/*
 * config.h - the engine's configuration on a board, the same for boot loader and application.
 */
#ifndef FOTA_BOARD_CONFIG_H
#define FOTA_BOARD_CONFIG_H

#include "fota.h"

struct board_config {
    struct fota_port port;
    struct fota_policy policy;
    struct fota_config config; /* for fota_open() and fota_boot_start() */
};

/* Fills in all but network and TLS. *board may not be moved. */
void board_config_open(struct board_config *board);

#endif
