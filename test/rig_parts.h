/*
 * rig_parts.h - what the files of the rig have in common.
 */
#ifndef FOTA_TEST_RIG_PARTS_H
#define FOTA_TEST_RIG_PARTS_H

#include "rig.h"
#include "tools/key.h"

#define RIG_MODEL  "EC600U"
#define RIG_VENDOR "quectel"

/* Aborts with `what` unless `good`. */
void rig_check(bool good, const char *what);

/* mbedTLS's, with a memory for the answers of signatures. */
const struct fota_crypto_ops *rig_crypto(void);

/* One of three key pairs: 0 is trusted, the others are not. */
const struct fota_keypair *rig_key(unsigned index);

/* The trusted one, as a policy has it. */
const struct fota_key *rig_trusted(void);

/* The network with the rig's server; its context is the rig. */
extern const struct fota_net_ops rig_net_ops;

#endif
