/*
 * fault.h - fills in a fault; for the engine's own files.
 */
#ifndef FOTA_FAULT_H
#define FOTA_FAULT_H

#include "fota_error.h"

/*
 * Writes a whole fault, without a subject, and returns `error`: `return fota_fail(...)` is how a
 * function of the engine fails. A subject is set afterwards in fault->subject.
 */
int fota_fail(struct fota_fault *fault, int error, enum fota_stage stage, uint32_t expected,
              uint32_t got);

/* A 64-bit count for a fault's 32-bit field: too large ones read as the largest, not wrapped. */
static inline uint32_t fota_clamp32(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

#endif
