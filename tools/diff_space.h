/* diff_space.h - where an image thinks it lies, and where its pointers point. */
#ifndef FOTA_DIFF_SPACE_H
#define FOTA_DIFF_SPACE_H

#include "diff_internal.h"

/* Fills in both spaces of images->head. Returns 0 or FOTA_ERR_MEMORY. */
int diff_space_find(struct diff_images *images);

/* The architecture of the new image's code, PATCH_ARCH_RAW when it is none that is known. */
unsigned diff_arch_guess(const struct diff_images *images);

#endif
