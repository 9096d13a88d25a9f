/*
 * lwipopts.h - lwIP for downloading: no operating system, a few TCP streams, DHCP, DNS, IPv6.
 *
 * One for the boards and for the host. What a build may set, with -D:
 *
 *   FOTA_LWIP_STREAMS      TCP streams at a time
 *   FOTA_LWIP_WINDOW       bytes that a server may send before it hears of us, at most 65535: what
 *                          the memory below is sized for. Throughput is window / round trip
 *   FOTA_LWIP_SEND_BUFFER  bytes on their way out, at least 2 * TCP_MSS. Requests are small
 *   FOTA_LWIP_MSS          largest segment, bytes: the MTU less 40
 *   FOTA_LWIP_UDP          UDP streams at a time (udp.h), beside DHCP and DNS
 *   FOTA_LWIP_IPV6         0 without: saves a third of the code
 */
#ifndef FOTA_LWIPOPTS_H
#define FOTA_LWIPOPTS_H

#include <stdint.h>

#ifndef FOTA_LWIP_STREAMS
#define FOTA_LWIP_STREAMS 4
#endif
#ifndef FOTA_LWIP_MSS
#define FOTA_LWIP_MSS 1460
#endif
#ifndef FOTA_LWIP_WINDOW
#define FOTA_LWIP_WINDOW (16 * FOTA_LWIP_MSS)
#endif
#ifndef FOTA_LWIP_SEND_BUFFER
#define FOTA_LWIP_SEND_BUFFER (2 * FOTA_LWIP_MSS)
#endif
#ifndef FOTA_LWIP_UDP
#define FOTA_LWIP_UDP 0
#endif
#ifndef FOTA_LWIP_IPV6
#define FOTA_LWIP_IPV6 1
#endif

/* ---- the system ------------------------------------------------------------------------------ */

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0 /* never called from an interrupt */
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_STATS           0

/* ---- protocols ------------------------------------------------------------------------------- */

#define LWIP_TCP                       1
#define LWIP_UDP                       1
#define LWIP_RAW                       0
#define LWIP_DNS                       1
#define LWIP_DHCP                      1
#define LWIP_DHCP_DOES_ACD_CHECK       0 /* it would take seven seconds */
#define LWIP_IPV6                      FOTA_LWIP_IPV6
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define IPV6_FRAG_COPYHEADER           1 /* without it a header of a fragment is too small on 64 bit */
#define LWIP_ICMP                      1
#define LWIP_NETIF_HOSTNAME            1
#define LWIP_NETIF_STATUS_CALLBACK     1
#define LWIP_NETIF_LINK_CALLBACK       1
#define IP_REASSEMBLY                  1
#define IP_REASS_MAX_PBUFS             8
#define IP_FRAG                        0 /* nothing that is sent is larger than the MTU */
#define LWIP_IPV6_FRAG                 0
#define DNS_MAX_NAME_LENGTH            256 /* RFC 1035, section 2.3.4, and a terminator */
#define DNS_TABLE_SIZE                 FOTA_LWIP_STREAMS

/* ---- TCP ------------------------------------------------------------------------------------- */

#define TCP_MSS          FOTA_LWIP_MSS
#define TCP_WND          FOTA_LWIP_WINDOW
#define TCP_SND_BUF      FOTA_LWIP_SEND_BUFFER
#define TCP_SND_QUEUELEN (2 * (TCP_SND_BUF / TCP_MSS) + 4)
#define TCP_SYNMAXRTX    12 /* 3 s apart, so that the deadline of the engine comes first */
/* An attacker who can guess the first number of a connection can break into it (RFC 6528). */
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) fota_lwip_random()
#define TCP_LISTEN_BACKLOG                                              0
#define LWIP_TCP_SACK_OUT                                               1 /* a server then repeats what was lost and no more */
#define TCP_OOSEQ_MAX_BYTES                                             TCP_WND

/* ---- memory ---------------------------------------------------------------------------------- */

#if UINTPTR_MAX > 0xffffffff
#define MEM_ALIGNMENT 8
#else
#define MEM_ALIGNMENT 4
#endif

/*
 * What is received lies in the pool. Its buffers are smaller than a frame, so that a window full of
 * the smallest usual segments (536 bytes, RFC 1122, section 4.2.2.6) takes no more of it than one
 * full of the largest.
 */
#define PBUF_POOL_BUFSIZE 608
#define PBUF_POOL_SIZE    (TCP_WND / 536 + 12)

/* What is sent lies in the heap. */
#define MEM_SIZE (FOTA_LWIP_STREAMS * (TCP_SND_BUF + 256) + 4096)

/* A stream that was closed needs its place for a while. */
#define MEMP_NUM_TCP_PCB (2 * FOTA_LWIP_STREAMS)
#define MEMP_NUM_TCP_SEG (TCP_SND_QUEUELEN + TCP_WND / 536)
#define MEMP_NUM_UDP_PCB (2 + DNS_TABLE_SIZE + FOTA_LWIP_UDP)

#endif
