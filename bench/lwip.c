/* HTTP over lwIP in libslirp's network, beside a bare reader over the same lwIP, as Markdown. The
 * server is a thread of this process. */
#define _DEFAULT_SOURCE

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "platform/lwip/slirp.h"
#include "platform/posix/system.h"
#include "source.h"

#define MB     1000000u
#define LENGTH (100 * MB)
#define RUNS   5

static int listener;
static uint16_t port;

static void die(const char *what)
{
    fprintf(stderr, "bench/lwip: %s\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the server ------------------------------------------------------------------------------ */

static void *serve(void *ctx)
{
    static char block[65536];
    char header[128];
    int n = snprintf(header, sizeof header,
                     "HTTP/1.1 200 OK\r\nContent-Length: %u\r\nConnection: close\r\n\r\n", LENGTH);

    for (;;) {
        int fd = accept(listener, NULL, NULL);
        size_t left = LENGTH;

        if (fd < 0 || recv(fd, block, sizeof block, 0) <= 0 ||
            send(fd, header, (size_t)n, MSG_NOSIGNAL) != n)
            die("the server failed");
        while (left) {
            ssize_t sent = send(fd, block, left < sizeof block ? left : sizeof block, MSG_NOSIGNAL);

            if (sent <= 0)
                break;
            left -= (size_t)sent;
        }
        close(fd);
    }
    return ctx;
}

static void start_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    pthread_t thread;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, 4) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&thread, NULL, serve, NULL) != 0)
        die("no server");
    port = ntohs(address.sin_port);
}

/* ---- readers --------------------------------------------------------------------------------- */

/* What lwIP gives, and nothing done with it; seconds. */
static double read_bare(const struct fota_net *net, size_t size)
{
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    uint8_t *buffer = malloc(size);
    double began = now();
    size_t got = 0;
    int stream, n;

    if (!buffer || net->ops->open(net->ctx, FOTA_LWIP_SLIRP_HOST, port, FOTA_ADDRESS_ANY, &stream))
        die("no connection");
    while (net->ops->ready(net->ctx, stream) == 0)
        net->ops->wait(net->ctx, 100);
    if (net->ops->send(net->ctx, stream, request, sizeof request - 1) != sizeof request - 1)
        die("no request");
    while ((n = net->ops->recv(net->ctx, stream, buffer, size)) >= 0) {
        got += (size_t)n;
        if (n == 0)
            net->ops->wait(net->ctx, 100);
    }
    net->ops->close(net->ctx, stream);
    free(buffer);
    if (got < LENGTH)
        die("the bare reader got too little");
    return now() - began;
}

/* The engine's HTTP client; seconds. */
static double read_http(const struct fota_net *net, size_t size)
{
    struct fota_posix_system system;
    struct fota_port world = {.net = *net, .system = fota_posix_system_open(&system, NULL, NULL)};
    struct fota_timeouts timeouts = {0};
    struct fota_source *source = malloc(sizeof *source);
    struct fota_fault fault;
    uint8_t *buffer = malloc(size);
    char url[64];
    double began = now();
    size_t total = 0, got;
    int result = FOTA_FETCH_AGAIN;

    snprintf(url, sizeof url, "http://" FOTA_LWIP_SLIRP_HOST ":%u/", port);
    fota_source_init(source, &world, &timeouts);
    if (!buffer || fota_source_open(source, url, 0, &fault) != 0)
        die("no connection");
    while (result >= 0 && result != FOTA_FETCH_END) {
        result = fota_source_step(source, buffer, size, &got, &fault);
        if (result == FOTA_FETCH_DATA)
            total += got;
        if (result == FOTA_FETCH_WAIT)
            net->ops->wait(net->ctx, 100);
    }
    fota_source_close(source);
    free(source);
    free(buffer);
    if (total != LENGTH)
        die("the HTTP client got too little");
    return now() - began;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(void)
{
    static const size_t sizes[] = {2048, 16384};
    struct fota_lwip_net lwip;
    struct fota_lwip_driver driver;
    struct fota_net net;

    if (fota_lwip_slirp_open(&driver) != 0)
        die("no network");
    start_server();
    net = fota_lwip_net_open(&lwip, driver);
    printf("### HTTP over lwIP (100 MB by libslirp, window %u bytes, median of %u)\n\n",
           (unsigned)TCP_WND, (unsigned)RUNS);
    printf("| buffer, bytes | bare reader, MB/s | HTTP client, MB/s | ratio |\n"
           "|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double bare[RUNS], http[RUNS];

        for (unsigned run = 0; run < RUNS; run++) {
            bare[run] = read_bare(&net, sizes[i]);
            http[run] = read_http(&net, sizes[i]);
        }
        qsort(bare, RUNS, sizeof *bare, by_size);
        qsort(http, RUNS, sizeof *http, by_size);
        printf("| %zu | %.0f | %.0f | %.2f |\n", sizes[i], LENGTH / bare[RUNS / 2] / 1e6,
               LENGTH / http[RUNS / 2] / 1e6, bare[RUNS / 2] / http[RUNS / 2]);
    }
    fota_lwip_net_close(&lwip);
    return 0;
}
