/*
 * package_writer.h - makes package headers. For hosts: a modem only reads them.
 */
#ifndef FOTA_PACKAGE_WRITER_H
#define FOTA_PACKAGE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "package.h"

/*
 * Writes the canonical header of `manifest` to `out` of `size` bytes; FOTA_HEADER_MAX always
 * suffices. *length is the number of bytes written. Bit n of manifest->present says that field n is
 * written; what has no bit is left out whatever its value. signed_length and header_length are
 * ignored. The same manifest gives the same bytes, and fota_package_parse() gives the manifest
 * back. `manifest` and `out` must not overlap.
 *
 * Returns 0, or with *fault filled in FOTA_ERR_HEADER_FIELD (got: field type) for what a modem
 * would refuse to parse, FOTA_ERR_HEADER_SYNTAX for such a signature, FOTA_ERR_MEMORY (expected:
 * bytes needed) when `size` is too small. `out` is untouched when it fails.
 */
int fota_package_write(const struct fota_manifest *manifest, uint8_t *out, size_t size,
                       size_t *length, struct fota_fault *fault);

/*
 * Copies a header of `header_length` bytes (at least; more is not looked at) to `out` of `size`
 * bytes and appends a signature. The signed bytes stay as they are, fields this version does not
 * know included. *length is the new header's length. The buffers must not overlap.
 *
 * Returns 0, an error of fota_package_parse(), FOTA_ERR_STATE when there is no room for another
 * signature, FOTA_ERR_ARGUMENT when this key has signed already, FOTA_ERR_MEMORY or
 * FOTA_ERR_HEADER_TOO_LARGE; *fault is filled in.
 */
int fota_package_add_signature(const uint8_t *header, size_t header_length,
                               const struct fota_package_signature *signature, uint8_t *out,
                               size_t size, size_t *length, struct fota_fault *fault);

#endif
