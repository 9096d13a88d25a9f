/*
 * apn.h - keeps a simulated modem's access point over restarts, as a modem's own memory does.
 */
#ifndef FOTA_SIM_APN_H
#define FOTA_SIM_APN_H

#include "fota_port.h"

/* Reads the access point from file `path`; *apn is blank if there is none, or it is damaged. */
void fota_sim_apn_load(const char *path, struct fota_apn *apn);

/* Writes it, whole or not at all. Returns 0 or FOTA_ERR_FLASH_PROGRAM. */
int fota_sim_apn_save(const char *path, const struct fota_apn *apn);

#endif
