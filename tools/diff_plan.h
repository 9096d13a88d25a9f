/*
 * diff_plan.h - how a patch has to be cut for a modem's flash.
 */
#ifndef FOTA_DIFF_PLAN_H
#define FOTA_DIFF_PLAN_H

#include "fota_port.h"
#include "way.h"

struct fota_diff_plan {
    enum fota_way way;
    uint32_t segment, spare; /* bytes, as in struct fota_diff_options */
};

/*
 * Plans for a payload of about `payload` bytes that makes an image of new_size bytes of one of
 * old_size bytes (0: of none): without limits where the map has another slot, or room for a copy of
 * the old image; else in place, with as few segments and as large a ring as staging has room for.
 * Returns 0, FOTA_ERR_IMAGE_TOO_LARGE, FOTA_ERR_PACKAGE_TOO_LARGE or FOTA_ERR_PATCH_SPARE with
 * *fault filled in.
 */
int fota_diff_plan(const struct fota_map *map, uint32_t old_size, uint32_t new_size,
                   uint32_t payload, struct fota_diff_plan *plan, struct fota_fault *fault);

#endif
