/*
 * order.h - what the resident updater of a mini fota has to know in order to fetch the application:
 * its url, and the parameters of TLS. Two copies of it are written to flash before the old
 * application is overwritten.
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

/* Does it have parameters of TLS? If not, the defaults count, as if none had been given. */
bool fota_order_demands_tls(const struct fota_order *order);

/* The size of one copy in flash, bytes; an order larger than FOTA_ORDER_MAX cannot be stored. */
uint32_t fota_order_size(const struct fota_order *order);

/*
 * Writes erase unit number `unit` (from 0) of those that the two copies take in staging, with one
 * erase. `page` has FOTA_PROGRAM_UNIT_MAX bytes. Returns 1 if there are more units to write, 0 if
 * this was the last one, or FOTA_ERR_FLASH_* with *fault filled in.
 */
int fota_order_store(const struct fota_port *port, const struct fota_order *order, uint32_t unit,
                     uint8_t *page, struct fota_fault *fault);

/*
 * Reads the first copy that is whole into `memory` of FOTA_ORDER_MAX bytes; the texts of *order
 * then point into it. Returns 0, FOTA_ERR_FLASH_READ, FOTA_ERR_FLASH_ECC or FOTA_ERR_INTEGRITY
 * (there is no order, or both copies are damaged).
 */
int fota_order_load(const struct fota_port *port, char *memory, struct fota_order *order);

#endif
