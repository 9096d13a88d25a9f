/* product.h - what is decided when the firmware is built: its model, and the keys whose packages it
 * accepts. `board_host product` writes the .c file for it. */
#ifndef FOTA_BOARD_PRODUCT_H
#define FOTA_BOARD_PRODUCT_H

#include "fota_model.h"
#include "package.h"

extern const struct fota_model product_model;
extern const struct fota_key product_keys[];
extern const size_t product_key_count;

#endif
