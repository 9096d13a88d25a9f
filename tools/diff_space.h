/* diff_space.h - where an image thinks it lies, and where its pointers point. */
#ifndef FOTA_DIFF_SPACE_H
#define FOTA_DIFF_SPACE_H

#include "diff_internal.h"

/* Fills in both spaces of images->head. Returns 0 or FOTA_ERR_MEMORY. */
int diff_space_find(struct diff_images *images);

#endif
