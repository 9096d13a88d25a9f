/*
 * TCP over lwIP in libslirp's network: what every network promises, and what only this one does.
 */
#define _DEFAULT_SOURCE

#include "platform/lwip/slirp.h"

#define BACKEND_STREAMS FOTA_LWIP_STREAMS
#define HOST            FOTA_LWIP_SLIRP_HOST
#define HOST6           FOTA_LWIP_SLIRP_HOST6

struct backend {
    struct fota_lwip_net net;
};

#include "net_world.h"

static struct fota_net backend_open(struct backend *backend)
{
    struct fota_lwip_driver driver;

    if (fota_lwip_slirp_open(&driver) != 0)
        abort();
    return fota_lwip_net_open(&backend->net, driver);
}

static void backend_close(struct backend *backend)
{
    fota_lwip_net_close(&backend->net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TESTS,
    };

    return cmocka_run_group_tests_name("lwip net", tests, NULL, NULL);
}
