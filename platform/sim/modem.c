#include "platform/sim/modem.h"

#include <stdlib.h>
#include <string.h>

#include "ftp.h"
#include "platform/mbedtls/crypto.h"
#include "platform/posix/bundle.h"
#include "platform/sim/apn.h"
#include "platform/sim/map.h"

static void reset(void *ctx)
{
    struct fota_sim_modem *modem = ctx;

    modem->resets++;
    if (modem->on_reset)
        modem->on_reset(modem->on_reset_ctx);
}

static void drop_posix(void *ctx)
{
    fota_posix_net_close(ctx);
}

/* The access point of a modem whose flash is a file is kept in a file beside it. */
static int keep_apn(struct fota_sim_modem *modem, const char *path)
{
    if (!path)
        return 0;
    modem->apn_file = malloc(strlen(path) + sizeof ".apn");
    if (!modem->apn_file) {
        fota_sim_modem_close(modem);
        return FOTA_ERR_MEMORY;
    }
    strcpy(modem->apn_file, path);
    strcat(modem->apn_file, ".apn");
    modem->link.apn_file = modem->apn_file;
    fota_sim_apn_load(modem->apn_file, &modem->link.apn);
    return 0;
}

static int open_flash(struct fota_sim_modem *modem, const char *path, uint64_t seed)
{
    const struct fota_map *map = modem->port.map;
    int err;

    if (!fota_sim_map_is_nand(map)) {
        err = fota_sim_flash_open(map, path, seed, &modem->flash);
        if (!err)
            modem->port.flash = fota_sim_flash_port(modem->flash);
        return err;
    }
    modem->nand = calloc(1, sizeof *modem->nand);
    if (!modem->nand)
        return FOTA_ERR_MEMORY;
    err = fota_sim_nand_open(modem->nand, map, path, seed);
    if (err) {
        free(modem->nand);
        modem->nand = NULL;
        return err;
    }
    modem->flash = modem->nand->flash;
    modem->port.flash = fota_nand_flash(&modem->nand->nand);
    return 0;
}

int fota_sim_modem_open(struct fota_sim_modem *modem, const struct fota_model *model,
                        const char *path, uint64_t seed)
{
    int err;

    memset(modem, 0, sizeof *modem);
    modem->port.map = fota_sim_map(model->family);
    err = open_flash(modem, path, seed);
    if (err)
        return err;
    modem->port.system =
        fota_sim_clock_open(&modem->clock, fota_posix_system_open(&modem->system, reset, modem));
    modem->outside = (struct fota_sim_outside){fota_posix_net_open(&modem->net),
                                               fota_posix_udp(&modem->net), drop_posix};
    modem->port.net = fota_sim_link_open(
        &modem->link,
        fota_sim_web_open(&modem->web, fota_sim_clock_net(&modem->clock, modem->outside.net)),
        &modem->clock);
    modem->port.tls = fota_mbedtls_tls_open(&modem->tls, &modem->port.system, fota_posix_bundle());
    err = keep_apn(modem, path);
    if (err)
        return err;
    modem->port.crypto = &fota_mbedtls_crypto;
    modem->port.ftp = &fota_ftp_client;
    modem->policy.keys = modem->keys;
    modem->config.port = &modem->port;
    modem->config.model = model;
    modem->config.vendor = FOTA_SIM_VENDOR;
    modem->policy.decoder_ram = sizeof modem->decoder;
    modem->config.decoder = modem->decoder;
    modem->config.policy = &modem->policy;
    return 0;
}

void fota_sim_modem_close(struct fota_sim_modem *modem)
{
    if (!modem->flash)
        return;
    fota_sim_modem_disconnect(modem);
    fota_mbedtls_tls_close(&modem->tls);
    fota_sim_web_close(&modem->web);
    fota_sim_flash_close(modem->flash);
    free(modem->apn_file);
    free(modem->updater);
    free(modem->nand);
    modem->nand = NULL;
    modem->flash = NULL;
}

void fota_sim_modem_set_outside(struct fota_sim_modem *modem, struct fota_sim_outside outside)
{
    modem->outside = outside;
    modem->clock.outside = outside.net;
}

int fota_sim_modem_udp_open(struct fota_sim_modem *modem, const char *host, uint16_t port,
                            enum fota_address_family family, int *stream)
{
    const struct fota_net *udp = &modem->outside.udp;
    int error = udp->ops->open(udp->ctx, host, port, family, stream);

    modem->clock.streams += !error;
    return error;
}

void fota_sim_modem_udp_close(struct fota_sim_modem *modem, int stream)
{
    const struct fota_net *udp = &modem->outside.udp;

    udp->ops->close(udp->ctx, stream);
    if (modem->clock.streams)
        modem->clock.streams--;
}

void fota_sim_modem_disconnect(struct fota_sim_modem *modem)
{
    fota_mbedtls_tls_drop(&modem->tls);
    modem->outside.drop(modem->outside.net.ctx);
    fota_sim_web_disconnect(&modem->web);
    modem->clock.streams = 0;
}

int fota_sim_modem_trust(struct fota_sim_modem *modem, const struct fota_key *key)
{
    if (modem->policy.key_count == FOTA_SIM_KEYS)
        return FOTA_ERR_MEMORY;
    modem->keys[modem->policy.key_count++] = *key;
    return 0;
}

int fota_sim_modem_boot(struct fota_sim_modem *modem,
                        void (*notice)(void *ctx, const struct fota_boot *boot), void *ctx)
{
    int step;

    if (modem->nand)
        fota_sim_nand_restart(modem->nand);
    step = fota_boot_start(&modem->boot, &modem->config);
    if (step == 0)
        step = FOTA_BOOT_AGAIN;
    if (modem->power_lost)
        fota_boot_power_lost(&modem->boot);
    modem->power_lost = false;
    while (step == FOTA_BOOT_AGAIN) {
        step = fota_boot_step(&modem->boot);
        if (notice)
            notice(ctx, &modem->boot);
    }
    /* What a boot loader does right before it jumps. */
    if ((step == FOTA_BOOT_RUN || step == FOTA_BOOT_UPDATER) &&
        !fota_boot_proven(&modem->boot, step))
        step = modem->boot.fault.error = FOTA_ERR_INTEGRITY;
    return step;
}

int fota_sim_modem_update(struct fota_sim_modem *modem,
                          bool (*notice)(void *ctx, const struct fota_event *event), void *ctx)
{
    const struct fota_net *net = &modem->port.net;
    struct fota_event event = {0};
    struct fota *fota;
    int err;

    /* Kept in the modem: a power cut leaves by longjmp. */
    if (!modem->updater)
        modem->updater = malloc(fota_size() + FOTA_ORDER_MAX);
    if (!modem->updater)
        return FOTA_ERR_MEMORY;
    err = fota_open(modem->updater, fota_size(), &modem->config, &fota);
    if (!err)
        err = fota_update(fota, (char *)modem->updater + fota_size(), FOTA_ORDER_MAX);
    while (!err && event.kind != FOTA_EVENT_END) {
        if (fota_step(fota, &event) == FOTA_STEP_WAIT)
            net->ops->wait(net->ctx, event.wait_ms);
        if (notice && notice(ctx, &event)) {
            fota_close(fota);
            return 1;
        }
    }
    return 0;
}

int fota_sim_modem_image(struct fota_sim_modem *modem, const struct fota_manifest **manifest,
                         void *image)
{
    const struct fota_flash *flash = &modem->port.flash;

    *manifest = &modem->boot.manifest;
    if (!image)
        return 0;
    return flash->ops->read(flash->ctx, fota_boot_slot(&modem->boot)->offset, image,
                            (*manifest)->result.length);
}

uint8_t *fota_sim_modem_cell(struct fota_sim_modem *modem, uint32_t addr, size_t *run)
{
    uint32_t block = modem->port.map->slot.erase_unit;
    uint8_t *cells = fota_sim_flash_cells(modem->flash);

    *run = modem->nand ? block - addr % block : fota_sim_flash_size(modem->flash) - addr;
    return cells + (modem->nand ? fota_sim_nand_address(modem->nand, addr) : addr);
}
