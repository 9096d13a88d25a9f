/*
 * diff.h - makes patches, for hosts. docs/delta-format.md describes how.
 */
#ifndef FOTA_DIFF_H
#define FOTA_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "patch.h"

/* What a patch must fit. */
struct fota_diff_options {
    uint32_t ram;     /* of the decoder, bytes; 0: 32768 */
    uint32_t segment; /* bytes; 0: one segment */
    uint32_t spare;   /* bytes; 0: the old image stays whole */
    int fast;         /* literals are not mixed; else as far as decoding stays quick */
    /* Told after each pass: how the images were looked at, and the bytes that it came
     * to; or NULL. */
    void (*progress)(void *context, const char *arch, size_t length);
    void *context;
};

/* What became of the bytes of the new image, and of the payload. */
struct fota_diff_stats {
    const char *arch;
    uint32_t old_bytes, new_bytes, literal_bytes; /* new bytes by where they come from */
    uint32_t copies, literals, addresses, predicted;
    double copy_bits, literal_bits, address_bits; /* of the payload */
};

/*
 * Makes the patch from `old` (old_size bytes; 0: a compressed image) to `new`, in memory of
 * malloc() that the caller frees: *patch, *length bytes. The same input always gives the same
 * patch. Returns 0 or an error of fota_error.h.
 */
int fota_diff(const uint8_t *old, size_t old_size, const uint8_t *new, size_t new_size,
              const struct fota_diff_options *options, uint8_t **patch, size_t *length,
              struct fota_diff_stats *stats);

/*
 * Applies a payload with the device's decoder: `old` and `new` have the sizes that the layout says.
 * With a ring of spare segments the old image is replaced meanwhile, as the boot stage does it, so
 * that what comes out right is proved to work in place. Returns 0 or an error of fota_patch_start()
 * or fota_patch_poll() with *fault filled in.
 */
int fota_diff_apply(const uint8_t *old, const uint8_t *payload,
                    const struct fota_patch_layout *layout, uint8_t *new, struct fota_fault *fault);

/*
 * Takes a payload apart, of any packer, and counts what it holds; `old` as above. Returns 0,
 * FOTA_ERR_MEMORY, or FOTA_ERR_PATCH when the stream is damaged, as far as that shows: nothing is
 * checked against a digest.
 */
int fota_diff_explain(const uint8_t *old, const uint8_t *payload,
                      const struct fota_patch_layout *layout, struct fota_diff_stats *stats);

/* The name of an enum patch_arch_id. */
const char *fota_diff_arch_name(unsigned arch);

#define FOTA_DIFF_UNDO 0x20u /* bit of the first byte: a reverse patch follows */

/*
 * Appends a reverse patch to *patch, which fota_diff() made; it is allocated anew. Returns 0 or
 * FOTA_ERR_MEMORY.
 */
int fota_diff_append_undo(uint8_t **patch, size_t *length, const uint8_t *undo, size_t undo_length);

#endif
