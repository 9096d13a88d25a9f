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

/* Fills in what boot loader and application share: all but port.system, network and TLS. *board may
 * not be moved. */
void board_config_open(struct board_config *board, const struct fota_crypto_ops *crypto);

/* For port.system.ops of an application (system.c). */
extern const struct fota_system_ops board_system;

#endif
