/*
 * cc.h - lwIP's architecture file: the compiler's types do, and three functions are asked of
 * whoever links lwIP, a board or the host: these two and lwIP's own sys_now() (lwip/sys.h).
 */
#ifndef FOTA_LWIP_CC_H
#define FOTA_LWIP_CC_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

/* In strict C99 the limit is not there, and lwIP would make an ssize_t of its own. */
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#define LWIP_NO_UNISTD_H 1

/* 32 bits that a stranger cannot guess: ports, first sequence numbers, and numbers of
 * DNS queries. */
uint32_t fota_lwip_random(void);

/* lwIP has found itself in a state that cannot be; `what` says which. Does not return. */
void fota_lwip_failed(const char *what);

#define LWIP_RAND()                   fota_lwip_random()
#define LWIP_PLATFORM_ASSERT(message) fota_lwip_failed(message)
#define LWIP_PLATFORM_DIAG(message)   ((void)0)

#endif
