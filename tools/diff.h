/*
 * diff.h - makes patches, for hosts. docs/delta-format.md describes how.
 */
#ifndef FOTA_DIFF_H
#define FOTA_DIFF_H

#include <stddef.h>
#include <stdint.h>

/* What a patch must fit. */
struct fota_diff_options {
    uint32_t ram;     /* of the decoder, bytes; 0: 32768 */
    uint32_t segment; /* bytes; 0: one segment */
    uint32_t spare;   /* bytes; 0: the old image stays whole */
    int fast;         /* literals are not mixed */
    /* Told after each pass: how the images were looked at, and the bytes that it came to; or NULL.
     */
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

#endif
