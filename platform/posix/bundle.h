/*
 * bundle.h - the certificates of authorities that a POSIX system trusts.
 */
#ifndef FOTA_POSIX_BUNDLE_H
#define FOTA_POSIX_BUNDLE_H

/* The path of a PEM file with them: from the environment's SSL_CERT_FILE, or at one of the usual
 * places. NULL: there is none. */
const char *fota_posix_bundle(void);

#endif
