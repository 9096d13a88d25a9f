/*
 * patch.h - turns a differential or compressed payload into the new image.
 *
 * docs/delta-format.md describes the stream. Bytes of the payload are pushed into the decoder, and
 * bytes of the new image are polled out of it, both strictly in order; how either is split does not
 * change the result. The decoder lives in the caller's memory and calls nothing but the two readers
 * below.
 *
 * The new image is cut into segments of layout->segment bytes, of which the last one may be
 * shorter; 0 means a single segment. Coder and models start afresh with each, so that decoding can
 * begin at any segment. While segment k is decoded, the stream may read
 *
 *   - old bytes from (k - layout->spare / layout->segment + 1) * layout->segment on, or all of them
 *     when spare is 0 or that is negative. This fits the boot stage, which decodes segments in
 *     ascending order into a ring of spare ones, and moves the oldest into the slot only when the
 *     ring is full.
 *   - new bytes that were polled before, except the last FOTA_PATCH_LAG ones, so that a caller may
 *     still have those in a page buffer.
 *
 * The decoder refuses a stream that wants anything else; a reader is never asked for it.
 *
 *     fota_patch_start(&patch, memory, sizeof memory, &layout, &readers);
 *     do {
 *         state = fota_patch_poll(patch, out, sizeof out, &length);
 *         (write the `length` bytes)
 *         if (state == FOTA_PATCH_WANTS)
 *             (fota_patch_sink() the payload's next bytes)
 *     } while (state >= 0 && state != FOTA_PATCH_DONE);
 */
#ifndef FOTA_PATCH_H
#define FOTA_PATCH_H

#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"

#define FOTA_PATCH_LAG     2048u  /* newest bytes that are never read back, bytes */
#define FOTA_PATCH_RAM_MIN 14336u /* smallest layout->ram, bytes */
#define FOTA_PATCH_RAM_MAX 65536u /* largest, bytes */

/* What the manifest says about the payload. */
struct fota_patch_layout {
    uint32_t payload;  /* PAYLOAD: length, bytes */
    uint32_t old_size; /* PRECURSOR: length, bytes; 0: a compressed image, nothing old is read */
    uint32_t new_size; /* RESULT: length, bytes */
    uint32_t ram;      /* PARAMETERS: memory of the decoder, bytes */
    uint32_t segment;  /* PARAMETERS: bytes; 0 one segment */
    uint32_t spare;    /* PARAMETERS: ring of spare segments, bytes, a multiple of segment; 0: the
                        * whole old image stays while the new one is made */
};

/*
 * Where the images lie. Each reads `length` bytes at `offset` of the image to `data` and returns 0
 * or an error, which ends decoding. They are called with what lies inside the image only.
 */
struct fota_patch_readers {
    int (*read_old)(void *context, uint32_t offset, void *data, size_t length);
    int (*read_new)(void *context, uint32_t offset, void *data, size_t length);
    void *context;
};

/* What fota_patch_poll() says; errors are negative. */
enum fota_patch_state {
    FOTA_PATCH_MORE = 1,    /* poll again */
    FOTA_PATCH_WANTS = 2,   /* it has no use for another poll before it gets input */
    FOTA_PATCH_SEGMENT = 3, /* the bytes polled so far end a segment, and its CRC-32 is right */
    FOTA_PATCH_DONE = 4     /* the same, and it was the last one */
};

struct fota_patch;

/*
 * Checks a layout, before anything is erased: 0, FOTA_ERR_PATCH_LAYOUT (got: the number that
 * contradicts the others) or FOTA_ERR_PARAMETERS (RAM out of range) with *fault filled in.
 */
int fota_patch_check(const struct fota_patch_layout *layout, struct fota_fault *fault);

/*
 * Makes a decoder in `memory` of `size` bytes, aligned for uint32_t, which stays the caller's and
 * must live as long as the decoder; layout->ram bytes of it are used. `layout` is copied, `readers`
 * borrowed. Returns 0, an error of fota_patch_check(), or FOTA_ERR_MEMORY when size is less than
 * layout->ram; *patch is NULL then.
 */
int fota_patch_start(struct fota_patch **patch, void *memory, size_t size,
                     const struct fota_patch_layout *layout,
                     const struct fota_patch_readers *readers, struct fota_fault *fault);

/*
 * Takes payload bytes, from the first one on (or where fota_patch_seek() said). Returns how many of
 * the `length` it took: 0 when it must be polled first. What follows the payload is not taken.
 */
size_t fota_patch_sink(struct fota_patch *patch, const void *data, size_t length);

/*
 * Writes the next bytes of the new image to `out` of `size` bytes, *length of them (0 is possible),
 * and returns a state. One call does bounded work: at most 512 bytes. Errors, which are final:
 * FOTA_ERR_PATCH (the stream is damaged; got: offset in the new image), FOTA_ERR_PATCH_CHECK (a
 * segment's CRC-32 is wrong; got: its number), or what a reader returned; *fault is filled in.
 */
int fota_patch_poll(struct fota_patch *patch, void *out, size_t size, size_t *length,
                    struct fota_fault *fault);

/* Segments of the new image. */
uint32_t fota_patch_segments(const struct fota_patch_layout *layout);

/*
 * Decoding from segment `index` on, instead of the beginning. Both are called right after
 * fota_patch_start(). `read` reads the payload as in struct fota_patch_readers. The decoder reads
 * the stream's head and walks over the segments before `index` without decoding them. *offset is
 * where in the payload fota_patch_sink() has to go on. The new bytes right before the segment are
 * read back at once, so they have to be there without a lag. Errors as of fota_patch_poll(), and
 * FOTA_ERR_ARGUMENT when there is no such segment.
 */
int fota_patch_seek(struct fota_patch *patch, uint32_t index,
                    int (*read)(void *context, uint32_t offset, void *data, size_t length),
                    void *context, uint32_t *offset, struct fota_fault *fault);

/*
 * Where in the payload the reverse patch begins, which makes the old image of the new one, and
 * which ends with the payload: its layout is the same with the sizes exchanged and payload reduced
 * by *offset. `head` is the payload's beginning, `length` bytes, of which 16 suffice. *offset is 0
 * when there is none. Returns 0 or FOTA_ERR_PATCH.
 */
int fota_patch_undo(const struct fota_patch_layout *layout, const uint8_t *head, size_t length,
                    uint32_t *offset);

#endif
