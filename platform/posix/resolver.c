/*
 * resolver.c - getaddrinfo(), which blocks for as long as the system's resolver takes (some ten
 * seconds where nobody answers), in a thread.
 */
#define _GNU_SOURCE /* dladdr(), RTLD_NODELETE */

#include "platform/posix/resolver.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fota_error.h"

#define STACK (256u * 1024) /* of the thread: glibc's resolver keeps its packets there */

/* Shared by the caller and its thread; the last one frees it. */
struct fota_posix_lookup {
    pthread_mutex_t lock;
    bool done, dropped;
    int error;
    struct addrinfo *addresses;
    struct addrinfo hints;
    int fd; /* the thread writes a byte into it when it is done */
    char service[8];
    char host[];
};

static int family_of(enum fota_address_family family)
{
    switch (family) {
    case FOTA_ADDRESS_IPV4: return AF_INET;
    case FOTA_ADDRESS_IPV6: return AF_INET6;
    default: return AF_UNSPEC;
    }
}

static void hint(struct addrinfo *hints, char service[8], uint16_t port,
                 enum fota_address_family family, int flags)
{
    memset(hints, 0, sizeof *hints);
    hints->ai_family = family_of(family);
    hints->ai_socktype = SOCK_STREAM;
    hints->ai_flags = AI_NUMERICSERV | flags;
    snprintf(service, 8, "%u", (unsigned)port);
}

int fota_posix_address(const char *host, uint16_t port, enum fota_address_family family,
                       struct addrinfo **addresses)
{
    struct addrinfo hints;
    char service[8];
    int error;

    hint(&hints, service, port, family, AI_NUMERICHOST);
    error = getaddrinfo(host, service, &hints, addresses);
    if (error == 0)
        return 1;
    return error == EAI_NONAME ? 0 : FOTA_ERR_DNS;
}

static void release(struct fota_posix_lookup *lookup)
{
    if (lookup->addresses)
        freeaddrinfo(lookup->addresses);
    close(lookup->fd);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *look_up(void *arg)
{
    struct fota_posix_lookup *lookup = arg;
    struct addrinfo *addresses = NULL;
    int error = getaddrinfo(lookup->host, lookup->service, &lookup->hints, &addresses);
    bool dropped;

    pthread_mutex_lock(&lookup->lock);
    lookup->error = error;
    lookup->addresses = error ? NULL : addresses;
    lookup->done = true;
    dropped = lookup->dropped;
    /* The pipe is empty, so a byte fits. It is written under the lock; after that the caller may
     * free everything. */
    if (!dropped && write(lookup->fd, "", 1) != 1)
        lookup->error = EAI_SYSTEM;
    pthread_mutex_unlock(&lookup->lock);
    if (dropped)
        release(lookup);
    return NULL;
}

/* The code of a running thread must stay in memory, although Lua unloads modules that it closes. */
static void stay_loaded(void)
{
    static const char here;
    Dl_info info;

    if (dladdr(&here, &info) && info.dli_fname)
        (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

static bool start_thread(struct fota_posix_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool started;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    started = pthread_create(&thread, &attributes, look_up, lookup) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

int fota_posix_lookup_start(const char *host, uint16_t port, enum fota_address_family family,
                            struct fota_posix_lookup **lookup, int *fd)
{
    size_t length = strlen(host) + 1;
    struct fota_posix_lookup *made = calloc(1, sizeof *made + length);
    int ends[2];

    if (!made)
        return FOTA_ERR_DNS;
    if (pipe(ends) != 0) {
        free(made);
        return FOTA_ERR_DNS;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    memcpy(made->host, host, length);
    made->fd = ends[1];
    /* If a family is asked for, its addresses are wanted whatever interfaces there are. */
    hint(&made->hints, made->service, port, family, family == FOTA_ADDRESS_ANY ? AI_ADDRCONFIG : 0);
    pthread_mutex_init(&made->lock, NULL);
    stay_loaded();
    if (!start_thread(made)) {
        release(made);
        close(ends[0]);
        return FOTA_ERR_DNS;
    }
    *lookup = made;
    *fd = ends[0];
    return 0;
}

int fota_posix_lookup_poll(struct fota_posix_lookup *lookup, struct addrinfo **addresses)
{
    bool done;
    int error;

    pthread_mutex_lock(&lookup->lock);
    done = lookup->done;
    pthread_mutex_unlock(&lookup->lock);
    if (!done)
        return 0;
    *addresses = lookup->addresses;
    lookup->addresses = NULL;
    error = lookup->error;
    release(lookup);
    return error ? FOTA_ERR_DNS : 1;
}

void fota_posix_lookup_drop(struct fota_posix_lookup *lookup)
{
    bool done;

    pthread_mutex_lock(&lookup->lock);
    done = lookup->done;
    lookup->dropped = true;
    pthread_mutex_unlock(&lookup->lock);
    if (done)
        release(lookup);
}
