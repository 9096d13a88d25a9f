/*
 * way.h - how a package gets into a slot. The modem's map and what fits into it decide that.
 */
#ifndef FOTA_WAY_H
#define FOTA_WAY_H

#include <stdbool.h>

#include "package.h"
#include "patch.h"

enum fota_way {
    FOTA_WAY_SLOTS,   /* into the slot that is not running; the old image stays in the other one */
    FOTA_WAY_COPY,    /* over the old image, of which staging keeps a copy */
    FOTA_WAY_OVER,    /* over the old image, which is lost */
    FOTA_WAY_IN_PLACE /* decoded from the old image while replacing it, through spare segments */
};

/* A ring of spare segments at the end of staging, in front of the old image's manifest. */
struct fota_ring {
    uint32_t offset; /* in staging, bytes */
    uint32_t stride; /* of a segment, whole erase units of staging, bytes */
    uint32_t count;  /* segments */
};

/*
 * Finds the way for `package` on a modem with `map` and an installed image of `installed` bytes (0:
 * none). Returns 0, or with *fault filled in FOTA_ERR_PACKAGE_TOO_LARGE, an error of
 * fota_patch_check(), FOTA_ERR_PATCH_SEGMENT, FOTA_ERR_PATCH_WHOLE, FOTA_ERR_PATCH_SPARE, or
 * FOTA_ERR_NO_WAY_BACK where the policy wants one.
 */
int fota_way_find(const struct fota_map *map, const struct fota_policy *policy,
                  const struct fota_manifest *package, uint32_t installed, enum fota_way *way,
                  struct fota_fault *fault);

/*
 * Finds the ring for a package that is installed in place; fota_way_find() includes this. Returns 0
 * with *ring filled in, or the errors about segments with *fault filled in.
 */
int fota_way_ring(const struct fota_map *map, const struct fota_manifest *package,
                  struct fota_ring *ring, struct fota_fault *fault);

/* Bytes of a payload that fota_way_undo() looks at. */
#define FOTA_WAY_HEAD 16u

/*
 * Finds where in the payload the reverse patch begins: *undo, 0 if there is none. `head` is the
 * beginning of the payload, FOTA_WAY_HEAD bytes or all of it. Returns 0, FOTA_ERR_PATCH, or
 * FOTA_ERR_NO_WAY_BACK if `way` loses the old image, there is no reverse patch, and the policy
 * demands that updates can be reverted.
 */
int fota_way_undo(const struct fota_policy *policy, const struct fota_manifest *package,
                  enum fota_way way, const uint8_t *head, uint32_t *undo, struct fota_fault *fault);

/* What the decoder is told of a package that is not FOTA_FORMAT_FULL. */
struct fota_patch_layout fota_way_layout(const struct fota_manifest *package);

#endif
