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
 * Addresses of `host`, if it is an address itself. Returns 1 with *addresses (the caller frees them
 * by freeaddrinfo()), 0: it is a name, or FOTA_ERR_DNS.
 */
int fota_posix_address(const char *host, uint16_t port, enum fota_address_family family,
                       struct addrinfo **addresses);

/*
 * Begins to look up the name `host` (copied). The caller owns *lookup until poll has given a
 * result, or drop, and the descriptor *fd until he closes it, after that: it can be read from when
 * there is a result. Returns 0 or FOTA_ERR_DNS (there is no thread, descriptor or memory left for
 * it).
 */
int fota_posix_lookup_start(const char *host, uint16_t port, enum fota_address_family family,
                            struct fota_posix_lookup **lookup, int *fd);

/* Returns 0: not yet; 1 with *addresses, which the caller frees; FOTA_ERR_DNS: there are none. Any
 * result but 0 ends the lookup. */
int fota_posix_lookup_poll(struct fota_posix_lookup *lookup, struct addrinfo **addresses);

/* Nobody waits for it any more. Does not block; the resolver's answer is thrown away
 * when it comes. */
void fota_posix_lookup_drop(struct fota_posix_lookup *lookup);

#endif
