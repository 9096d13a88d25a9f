/*
 * order.h - what the resident updater of a mini fota has to know to fetch the application: where it
 * is, and what TLS demands. It lies in flash, twice, from before the application is given up.
 */
#ifndef FOTA_ORDER_H
#define FOTA_ORDER_H

#include "fota_error.h"
#include "fota_port.h"
#include "slot.h"

struct fota_order {
    const char *url; /* of the set's second stage, terminated */
    struct fota_tls_params tls;
};

/* Did anybody ask for anything of TLS? Otherwise it is as if no parameters were given. */
bool fota_order_demands_tls(const struct fota_order *order);

/* What it takes in flash each time, bytes; more than FOTA_ORDER_MAX cannot be stored. */
uint32_t fota_order_size(const struct fota_order *order);

/*
 * Writes the bytes that belong into erase unit `unit` (from 0) of the order's places in staging:
 * one erase. `page` has FOTA_PROGRAM_UNIT_MAX bytes. Returns 1 while there are more units, 0, or
 * FOTA_ERR_FLASH_* with *fault filled in.
 */
int fota_order_store(const struct fota_port *port, const struct fota_order *order, uint32_t unit,
                     uint8_t *page, struct fota_fault *fault);

/*
 * Reads the order, the first that is whole, into `memory` of FOTA_ORDER_MAX bytes, in which its
 * texts lie. Returns 0, FOTA_ERR_FLASH_READ, FOTA_ERR_FLASH_ECC or FOTA_ERR_INTEGRITY (there is
 * none, or all are damaged).
 */
int fota_order_load(const struct fota_port *port, char *memory, struct fota_order *order);

#endif
