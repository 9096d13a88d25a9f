/*
 * updater.c - the resident updater of a mini fota: the engine and the network, without scripts. It
 * is the first package of a set; the boot loader starts it from then on until the application, the
 * second one, is in the slot.
 */
#include "fota.h"
#include "ftp.h"
#include "platform/board/board.h"
#include "platform/board/config.h"
#include "platform/board/console.h"
#include "platform/board/network.h"
#include "platform/mbedtls/crypto.h"

#define WHO "  updater: "

static struct board_config board;
static uint64_t memory[2048]; /* the engine's */
static char order[FOTA_ORDER_MAX];

/* Every quarter that was fetched. */
static void say_progress(const struct fota_event *event)
{
    static const char *const quarters[] = {"", "25 %", "50 %", "75 %", "100 %"};
    static unsigned last;

    if (event->stage != FOTA_STAGE_DOWNLOAD || event->percent / 25 <= last)
        return;
    last = event->percent / 25;
    console_line(WHO, quarters[last], "");
}

/* While it waits after a failure each event tells of that; one line is enough. */
static void say_failure(const struct fota_event *event)
{
    static int last;

    if (event->fault.error && event->fault.error != last)
        console_line(WHO, fota_error_name(event->fault.error), "; trying again");
    last = event->fault.error;
}

/* Returns 0 when the application is in the slot, or why it cannot be. */
static int update(void)
{
    const struct fota_net *net = &board.port.net;
    struct fota_event event = {0};
    struct fota *fota;
    int err = fota_open(memory, sizeof memory, &board.config, &fota);

    if (!err)
        err = fota_update(fota, order, sizeof order);
    while (!err && event.kind != FOTA_EVENT_END) {
        if (fota_step(fota, &event) == FOTA_STEP_WAIT)
            net->ops->wait(net->ctx, event.wait_ms);
        if (event.kind == FOTA_EVENT_PROGRESS)
            say_progress(&event);
        if (event.kind != FOTA_EVENT_END)
            say_failure(&event);
    }
    return err ? err : event.fault.error;
}

int main(void)
{
    int err;

    board_start();
    board_watchdog_start();
    board_config_open(&board, &fota_mbedtls_crypto);
    board.port.system.ops = &board_system;
    board_network_open(&board.port);
    board.port.ftp = &fota_ftp_client;
    console_line(WHO, "fetching the application", "");
    err = update();
    if (err)
        console_line(WHO, "given up: ", fota_error_name(err));
    board_reset(); /* to the boot loader, which judges what is there now */
}
