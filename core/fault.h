/*
 * fault.h - fills in a fault; for the engine's own files.
 */
#ifndef FOTA_FAULT_H
#define FOTA_FAULT_H

#include "fota_error.h"

/*
 * Fills in *fault, without a subject, and returns `error`: `return fota_fail(...)` is how a
 * function of the engine fails.
 */
int fota_fail(struct fota_fault *fault, int error, enum fota_stage stage, uint32_t expected,
              uint32_t got);

/* Names what a fault that was just filled in is about; the text must outlive it. Returns its error.
 */
int fota_about(struct fota_fault *fault, const char *subject);

/* Makes a 64-bit count fit into a fault's 32 bits: the largest value stands for everything above.
 */
static inline uint32_t fota_clamp32(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

#endif
