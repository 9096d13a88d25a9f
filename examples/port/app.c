/*
 * The application: `app FLASH [PACKAGE | URL [URL2]]`. On trial it confirms, unless SELF_TEST=fails
 * in the environment; otherwise it installs what it is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <platform/posix/net.h>

#include "port.h"

static struct port port;
static struct fota_posix_net sockets;
static uint64_t memory[2048]; /* the engine's */

static int fail(const struct fota *fota)
{
    char text[FOTA_TEXT_MAX];

    fota_fault_text(fota_fault(fota), text, sizeof text);
    printf("no update: %s\n", text);
    return 1;
}

/* A package that is here: from a file, as it might come from a memory card or a UART. */
static int write_file(struct fota *fota, const char *path)
{
    static uint8_t piece[4096];
    FILE *file = fopen(path, "rb");
    size_t length, taken;
    int err = 0;

    if (!file) {
        perror(path);
        exit(1);
    }
    while (!err && (length = fread(piece, 1, sizeof piece, file)) > 0)
        for (size_t at = 0; !err && at < length; at += taken)
            err = fota_write(fota, piece + at, length - at, 0, &taken);
    fclose(file);
    if (!err)
        err = fota_flush(fota);
    return err ? err : fota_verify(fota);
}

/* Begins; fota_step() does the rest. */
static int begin(struct fota *fota, int count, char **words)
{
    if (count == 2)
        return fota_download_mini(fota, words[0], words[1], NULL, NULL);
    if (strstr(words[0], "://"))
        return fota_download(fota, words[0], NULL, NULL);
    return write_file(fota, words[0]);
}

static int update(struct fota *fota, int count, char **words)
{
    const struct fota_net *net = &port.port.net;
    struct fota_event event;

    if (begin(fota, count, words) != 0)
        return fail(fota);
    do
        if (fota_step(fota, &event) == FOTA_STEP_WAIT)
            net->ops->wait(net->ctx, event.wait_ms);
    while (event.kind != FOTA_EVENT_END);
    if (event.fault.error)
        return fail(fota);
    printf("%u bytes are verified; resetting\n", (unsigned)event.total);
    port.port.system.ops->reset(port.port.system.ctx);
    return 0;
}

int main(int argc, char **argv)
{
    const char *self_test = getenv("SELF_TEST");
    struct fota_result result;
    struct fota *fota;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || port_open(&port, argv[1]) != 0)
        return 2;
    port.port.net = fota_posix_net_open(&sockets);
    if (fota_open(memory, sizeof memory, &port.config, &fota) != 0 ||
        fota_last_result(fota, &result) != 0)
        return 2;
    printf(NAME ": version %s runs\n", result.version);
    if (result.state == FOTA_STATE_TRIAL) {
        if (self_test && strcmp(self_test, "fails") == 0)
            return PORT_RESET;
        if (fota_confirm(fota) != 0)
            return fail(fota);
        puts("confirmed");
        return 0;
    }
    if (result.outcome != FOTA_OUTCOME_NONE)
        printf("the last update: %s\n", fota_error_name(result.error));
    if (argc < 3 || result.outcome == FOTA_OUTCOME_REVERTED) /* not again what was reverted */
        return 0;
    return update(fota, argc - 2, argv + 2);
}
