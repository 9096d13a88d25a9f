/*
 * bundle.h - the certificates of authorities that a POSIX system trusts.
 */
#ifndef FOTA_POSIX_BUNDLE_H
#define FOTA_POSIX_BUNDLE_H

/* Path of a file with them, PEM: the environment's SSL_CERT_FILE, or where systems have it. NULL:
 * there is none. */
const char *fota_posix_bundle(void);

#endif
