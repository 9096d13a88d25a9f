/* The resident updater of a mini fota: fetches the application, and resets, whatever the end was.
 */
#include <stdio.h>

#include <platform/posix/net.h>

#include "port.h"

static struct port port;
static struct fota_posix_net sockets;
static uint64_t memory[2048]; /* the engine's */
static char order[FOTA_ORDER_MAX];

int main(int argc, char **argv)
{
    struct fota_event event = {0};
    struct fota *fota;
    int err;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || port_open(&port, argv[1]) != 0)
        return 2;
    port.port.net = fota_posix_net_open(&sockets);
    puts("updater: fetching the application");
    err = fota_open(memory, sizeof memory, &port.config, &fota);
    if (!err)
        err = fota_update(fota, order, sizeof order);
    while (!err && event.kind != FOTA_EVENT_END)
        if (fota_step(fota, &event) == FOTA_STEP_WAIT)
            port.port.net.ops->wait(port.port.net.ctx, event.wait_ms);
    printf("updater: %s\n", fota_error_name(err ? err : event.fault.error));
    return PORT_RESET;
}
