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

#endif
