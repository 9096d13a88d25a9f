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
 * Sets *driver to what fota_lwip_net_open() needs. The first call starts lwIP and the network,
 * which last as long as the process and are shared by all nets in it. Returns 0 or FOTA_ERR_MEMORY.
 *
 * From then on SIGPIPE is ignored, unless the program catches it. libslirp does not tell a broken
 * connection from one that was closed, so the modem takes it for the end of the stream.
 */
int fota_lwip_slirp_open(struct fota_lwip_driver *driver);

#endif
