/*
 * resolver.h - looks up names without blocking: a thread of its own asks the system's resolver.
 */
#ifndef FOTA_POSIX_RESOLVER_H
#define FOTA_POSIX_RESOLVER_H

#include <stdint.h>

#include "fota_port.h"

struct addrinfo;
struct fota_posix_lookup;

/*
 * Parses `host` if it is an address. Returns 1 with *addresses, which the caller releases by
 * freeaddrinfo(), 0 if it is a name, or FOTA_ERR_DNS.
 */
int fota_posix_address(const char *host, uint16_t port, enum fota_address_family family,
                       struct addrinfo **addresses);

/*
 * Begins to look up the name `host` (copied). The caller owns *lookup until
 * fota_posix_lookup_poll() has returned a result or fota_posix_lookup_drop() is called. The
 * descriptor *fd becomes readable when there is a result; the caller closes it after that. Returns
 * 0, or FOTA_ERR_DNS if no thread, descriptor or memory is left.
 */
int fota_posix_lookup_start(const char *host, uint16_t port, enum fota_address_family family,
                            struct fota_posix_lookup **lookup, int *fd);

/* Returns 0 while there is no result, 1 with *addresses, which the caller releases, or FOTA_ERR_DNS
 * if the name has none. Any result but 0 ends the lookup. */
int fota_posix_lookup_poll(struct fota_posix_lookup *lookup, struct addrinfo **addresses);

/* Gives up a lookup, without blocking. The answer is thrown away when it comes. */
void fota_posix_lookup_drop(struct fota_posix_lookup *lookup);

#endif
