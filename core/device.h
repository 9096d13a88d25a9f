/*
 * device.h - what the modem is and has, put together from its model, map, journal and slot.
 */
#ifndef FOTA_DEVICE_H
#define FOTA_DEVICE_H

#include "fota.h"
#include "slot.h"

/*
 * Fills in *device to judge a package against. `installed` is the slot's manifest, NULL if the slot
 * has none; it must outlive *device. The counter is the higher of the journal's and the installed
 * sequence, so that a lost journal opens no way back.
 */
void fota_device_describe(const struct fota_config *config, const struct fota_record *record,
                          const struct fota_manifest *installed, struct fota_device *device);

/* Changes *device: the package is to be the first of a set, the resident updater (mini fota). */
void fota_device_expect_updater(const struct fota_config *config, struct fota_device *device);

/* Starts that a new image gets to confirm. */
static inline uint8_t fota_policy_tries(const struct fota_policy *policy)
{
    return policy->boot_tries ? policy->boot_tries : FOTA_BOOT_TRIES;
}

#endif
