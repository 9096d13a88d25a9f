/*
 * net.h - TCP over POSIX sockets, non-blocking.
 */
#ifndef FOTA_POSIX_NET_H
#define FOTA_POSIX_NET_H

#include "fota_port.h"

#define FOTA_POSIX_STREAMS 4      /* open at once */
#define FOTA_POSIX_AHEAD   65536u /* read from the system at once, bytes */

struct fota_posix_lookup;

struct fota_posix_stream {
    int fd;                           /* -1: free */
    struct fota_posix_lookup *lookup; /* of the name, owned until it has a result */
    bool datagrams;                   /* UDP */
    bool connected;
    bool full;         /* the last send() could not take everything */
    void *addresses;   /* struct addrinfo list, owned until connected or failed */
    void *next;        /* the address to try after the one that is being tried */
    uint64_t since_ms; /* when that one was begun */
    char host[256];    /* empty where it does not fit */
    /* Bytes in ahead[taken .. held) are read already: the engine reads by pages, and a call of the
     * system costs more than copying one. With less than this FTP was slower than curl. */
    uint32_t taken, held;
    uint8_t ahead[FOTA_POSIX_AHEAD];
};

struct fota_posix_net {
    struct fota_posix_stream streams[FOTA_POSIX_STREAMS];
};

/*
 * Makes `net` without streams and returns it as the engine's port. fota_posix_net_close() ends all
 * streams.
 *
 * The addresses of a host are tried in turn, in the resolver's order. Nothing blocks: names are
 * looked up in a thread, and for one that is not found ready() returns FOTA_ERR_DNS.
 */
struct fota_net fota_posix_net_open(struct fota_posix_net *net);
void fota_posix_net_close(struct fota_posix_net *net);

/*
 * Returns the same `net` as a network of UDP: each send() sends one datagram, each recv() returns
 * at most one, cut to `len`; empty datagrams are ignored. ready() says that there is an address to
 * send to, not that anybody listens there.
 */
struct fota_net fota_posix_udp(struct fota_posix_net *net);

#endif
