/*
 * hairpin.h - a network in one process and in virtual time: the device's lwIP and a scripted server
 * on the same lwIP, with a path between them that loses, delays, reorders and repeats packets. The
 * same seed gives the same run, however long that is.
 *
 *   10.0.0.1, fd00::1   the device          HAIRPIN_HOST, HAIRPIN_HOST6   the server, HTTP and DNS
 *
 * lwIP is one a process, and so is this. What cannot fail in a sound test aborts.
 */
#ifndef FOTA_TEST_HAIRPIN_H
#define FOTA_TEST_HAIRPIN_H

#include "platform/lwip/net.h"

#define HAIRPIN_HOST  "10.0.0.2"
#define HAIRPIN_HOST6 "fd00::2"

/* One direction of the path. All of it may be changed at any time. */
struct hairpin_path {
    uint32_t rate;       /* bits per second; 0: no limit */
    uint32_t delay_ms;   /* of each packet */
    uint32_t jitter_ms;  /* up to so much more, by chance: later ones overtake */
    uint32_t loss;       /* so many of 1000 packets */
    uint32_t duplicates; /* so many of 1000 come twice */
    uint32_t queue; /* bytes that wait for their turn at most, further ones are lost; 0 no limit */
    bool dead;      /* nothing comes through, and nobody is told */
    bool dead_tcp4; /* nothing of TCP over IPv4 */

    /* what it saw */
    uint64_t packets, bytes; /* put in, IP headers and all */
    uint64_t lost;           /* packets of these */
    uint32_t largest;        /* bytes */
    uint64_t free_us;        /* when the last one will have been sent */
};

/* ---- the servers ----------------------------------------------------------------------------- */

enum hairpin_dns {
    HAIRPIN_DNS_ANSWERS,  /* what hairpin_server says */
    HAIRPIN_DNS_NXDOMAIN, /* there is no such name */
    HAIRPIN_DNS_SERVFAIL,
    HAIRPIN_DNS_SILENT
};

/* What the server does; hairpin_open() sets all of it to nothing. */
struct hairpin_server {
    const uint8_t *file; /* borrowed; at every path, with Range */
    size_t length;
    const char *etag;   /* NULL: none */
    uint32_t think_ms;  /* between a request and its answer */
    uint64_t rst_after; /* breaks the connection after so many bytes of an answer's body; 0 never */
    unsigned rst_times; /* so many answers are broken, then they are whole */
    enum hairpin_dns dns;
    uint32_t dns_ms; /* how long it thinks */
    bool has_a, has_aaaa;

    /* what it saw */
    unsigned connections, requests, queries;
    uint64_t sent; /* bytes of body given to TCP */
};

/* ---- the world ------------------------------------------------------------------------------- */

extern struct hairpin_path hairpin_up, hairpin_down; /* from the device, and to it */
extern struct hairpin_server hairpin_server;

/* Starts anew with empty paths and no connections. Returns the device's network and clock; time()
 * is not known, random() depends on the seed. */
struct fota_net hairpin_open(uint64_t seed);
struct fota_system hairpin_system(void);
void hairpin_close(void);

uint64_t hairpin_now_ms(void);

/* Lets time pass in which the device's engine does nothing. */
void hairpin_pass(uint32_t ms);

/* Bytes that the device's engine received since hairpin_open(), and connections that it began. */
uint64_t hairpin_received(void);
unsigned hairpin_opened(void);

/* Largest packet of the device, bytes: 576 makes its MSS 536. */
void hairpin_set_mtu(uint16_t mtu);

/* A translator of addresses between the two forgets all connections that there are: nothing of them
 * comes through any more, and nobody is told. */
void hairpin_forget_mappings(void);

/* The link goes and comes back; while it is gone nothing goes through. */
void hairpin_detach(void);
void hairpin_attach(void);

/* The device has the address 10.0.0.`last` from now on; 0: no address at all, until the next. */
void hairpin_set_address(uint8_t last);

/* The device loses its power: its connections are gone, and the server is not told. */
void hairpin_lose_power(void);

/* ---- between the two files of it ------------------------------------------------------------- */

struct netif *hairpin_server_netif(void);
uint64_t hairpin_random(void);
void hairpin_server_start(void);   /* once */
void hairpin_server_run(void);     /* whatever is due by the clock */
uint64_t hairpin_server_due(void); /* when that is, ms; UINT64_MAX never */
void hairpin_server_forget(void);  /* all connections, silently */

#endif
