/*
 * fetch.c - the network clients alone: fetches a url of http or ftp over POSIX sockets into memory
 * and prints the seconds that it took: fetch URL [BYTES OF A READ]
 */
#include <stdio.h>
#include <stdlib.h>

#include "fault.h"
#include "platform/posix/net.h"
#include "platform/posix/system.h"
#include "source.h"

#define READ_MAX 102400u

/* Returns the bytes that came, or the error. */
static long long fetch(struct fota_source *source, const struct fota_port *port, const char *url,
                       size_t size)
{
    static uint8_t data[READ_MAX];
    struct fota_fault fault = {0};
    long long bytes = 0;
    int result = fota_source_open(source, url, 0, &fault);

    while (result >= 0 && result != FOTA_FETCH_END) {
        size_t got;

        result = fota_source_step(source, data, size, &got, &fault);
        bytes += (long long)got;
        if (result == FOTA_FETCH_WAIT)
            port->net.ops->wait(port->net.ctx, 1000);
    }
    return result < 0 ? result : bytes;
}

int main(int argc, char **argv)
{
    static struct fota_source source;
    static struct fota_posix_net net;
    struct fota_posix_system posix;
    struct fota_port port = {.system = fota_posix_system_open(&posix, NULL, NULL),
                             .ftp = &fota_ftp_client};
    size_t size = argc > 2 ? strtoul(argv[2], NULL, 10) : READ_MAX;
    uint64_t begun;
    long long bytes;

    if (argc < 2 || size == 0 || size > READ_MAX)
        return 2;
    port.net = fota_posix_net_open(&net);
    fota_source_init(&source, &port, &(struct fota_timeouts){0, 0});
    begun = port.system.ops->now_ms(port.system.ctx);
    bytes = fetch(&source, &port, argv[1], size);
    printf("%.3f %lld\n", (double)(port.system.ops->now_ms(port.system.ctx) - begun) / 1000, bytes);
    fota_posix_net_close(&net);
    return bytes < 0;
}
