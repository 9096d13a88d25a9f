/*
 * slirp.h - lwIP on a host, in a network made by libslirp: no root, no interface of the system.
 *
 * The modem is 10.0.2.15 and fec0::/64 by autoconfiguration; 10.0.2.2 and fec0::2 are the host's
 * loopback, 10.0.2.3 passes names on to the host's resolver, and all else goes out through the
 * host's sockets.
 */
#ifndef FOTA_LWIP_SLIRP_H
#define FOTA_LWIP_SLIRP_H

#include "platform/lwip/net.h"

#define FOTA_LWIP_SLIRP_HOST  "10.0.2.2" /* the host's 127.0.0.1 */
#define FOTA_LWIP_SLIRP_HOST6 "fec0::2"  /* the host's ::1 */

/*
 * Starts lwIP and the network at the first call; they last as long as the process, and every net
 * of it shares them. Gives the driver for fota_lwip_net_open(). Returns 0, FOTA_ERR_MEMORY.
 *
 * SIGPIPE is ignored from then on, unless the program catches it. libslirp does not tell when the
 * other side of a connection has broken it: to the modem that is the end of the stream.
 */
int fota_lwip_slirp_open(struct fota_lwip_driver *driver);

#endif
