/*
 * way.h - how a package gets into a slot: decided by the modem's map and by what fits.
 */
#ifndef FOTA_WAY_H
#define FOTA_WAY_H

#include <stdbool.h>

#include "package.h"
#include "patch.h"

enum fota_way {
    FOTA_WAY_SLOTS,   /* into the slot that does not run; the old image stays in its own */
    FOTA_WAY_COPY,    /* over the old image, of which staging keeps a copy */
    FOTA_WAY_OVER,    /* over the old image, which is lost */
    FOTA_WAY_IN_PLACE /* made of the old image while it is replaced, through spare segments */
};

/* A ring of spare segments at the end of staging, in front of the old image's manifest. */
struct fota_ring {
    uint32_t offset; /* in staging, bytes */
    uint32_t stride; /* of a segment, whole erase units of staging, bytes */
    uint32_t count;  /* segments */
};

/*
 * The way of `package` on a modem with `map` over an installed image of `installed` bytes (0:
 * none). Returns 0, or with *fault filled in FOTA_ERR_PACKAGE_TOO_LARGE, an error of
 * fota_patch_check(), FOTA_ERR_PATCH_SEGMENT, FOTA_ERR_PATCH_WHOLE, FOTA_ERR_PATCH_SPARE, or
 * FOTA_ERR_NO_WAY_BACK where the policy wants one.
 */
int fota_way_find(const struct fota_map *map, const struct fota_policy *policy,
                  const struct fota_manifest *package, uint32_t installed, enum fota_way *way,
                  struct fota_fault *fault);

/*
 * The part of it that is about the ring: for a package that is made of the old image in place.
 * *ring is filled in when it returns 0.
 */
int fota_way_ring(const struct fota_map *map, const struct fota_manifest *package,
                  struct fota_ring *ring, struct fota_fault *fault);

/* Bytes of a payload that fota_way_undo() looks at. */
#define FOTA_WAY_HEAD 16u

/*
 * Where in the payload the patch begins that takes the update back, *undo; 0: there is none. `head`
 * is the payload's begin, FOTA_WAY_HEAD bytes or all of it. Returns 0, FOTA_ERR_PATCH, or for a
 * `way` that loses the old image FOTA_ERR_NO_WAY_BACK where there is no such patch and the policy
 * wants a way back.
 */
int fota_way_undo(const struct fota_policy *policy, const struct fota_manifest *package,
                  enum fota_way way, const uint8_t *head, uint32_t *undo, struct fota_fault *fault);

/* What the decoder is told of a package that is not FOTA_FORMAT_FULL. */
struct fota_patch_layout fota_way_layout(const struct fota_manifest *package);

#endif
