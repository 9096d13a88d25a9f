/*
 * device.h - describes the modem that packages are judged for, from its model, map, journal and
 * slot.
 */
#ifndef FOTA_DEVICE_H
#define FOTA_DEVICE_H

#include "fota.h"
#include "slot.h"

/*
 * Fills in *device. `installed` is the slot's manifest, NULL if the slot has none; it must outlive
 * *device. The counter is the larger of the journal's and the installed sequence, so that losing
 * the journal does not allow a downgrade.
 */
void fota_device_describe(const struct fota_config *config, const struct fota_record *record,
                          const struct fota_manifest *installed, struct fota_device *device);

/* Changes *device so that the resident updater, the first package of a set, is expected. */
void fota_device_expect_updater(const struct fota_config *config, struct fota_device *device);

/* How often a new image may start without confirming. */
static inline uint8_t fota_policy_tries(const struct fota_policy *policy)
{
    return policy->boot_tries ? policy->boot_tries : FOTA_BOOT_TRIES;
}

#endif
