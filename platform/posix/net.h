/*
 * net.h - TCP over POSIX sockets, non-blocking.
 */
#ifndef FOTA_POSIX_NET_H
#define FOTA_POSIX_NET_H

#include "fota_port.h"

#define FOTA_POSIX_STREAMS 4 /* open at once */

struct fota_posix_net {
    struct {
        int fd; /* -1: free */
        bool connected;
        void *addresses; /* struct addrinfo list, owned until connected */
        void *next;      /* the address to try after the one that is being tried */
    } streams[FOTA_POSIX_STREAMS];
};

/* Makes `net` empty and returns it as the engine's port. fota_posix_net_close() ends all streams.
 */
struct fota_net fota_posix_net_open(struct fota_posix_net *net);
void fota_posix_net_close(struct fota_posix_net *net);

#endif
