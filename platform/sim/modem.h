/*
 * modem.h - a whole simulated modem: flash, network, TLS, clock, cryptography, boot stage.
 */
#ifndef FOTA_SIM_MODEM_H
#define FOTA_SIM_MODEM_H

#include "boot.h"
#include "fota.h"
#include "platform/mbedtls/tls.h"
#include "platform/posix/net.h"
#include "platform/posix/system.h"
#include "platform/sim/clock.h"
#include "platform/sim/flash.h"
#include "platform/sim/link.h"
#include "platform/sim/nand.h"
#include "platform/sim/web.h"

#define FOTA_SIM_KEYS   8
#define FOTA_SIM_VENDOR "quectel" /* vendor id of the packages */

/* The real network: a port, the same by UDP, and what ends all streams of both, as losing power
 * does. */
struct fota_sim_outside {
    struct fota_net net;
    struct fota_net udp;     /* each send() a datagram, each recv() one at most, cut to its room */
    void (*drop)(void *ctx); /* with net.ctx */
};

#define FOTA_SIM_DECODER_RAM 32768u /* bytes */

struct fota_sim_modem {
    struct fota_sim_flash *flash;
    struct fota_sim_nand *nand; /* over flash; NULL: it is NOR */
    struct fota_posix_net net;
    struct fota_sim_outside outside;
    struct fota_sim_web web;   /* over net */
    struct fota_sim_link link; /* over web; rate and drop_at may be set at any time */
    struct fota_mbedtls_tls tls;
    struct fota_posix_system system;
    struct fota_sim_clock clock; /* over system */
    char *apn_file;              /* beside the flash's file */
    struct fota_port port;
    struct fota_policy policy;
    struct fota_key keys[FOTA_SIM_KEYS];
    struct fota_config config; /* for fota_open() and the boot stage */
    struct fota_boot boot;
    uint64_t decoder[FOTA_SIM_DECODER_RAM / 8];
    bool power_lost; /* before the next boot stage */
    void *updater;   /* memory of the resident updater, once there was one */
    uint32_t resets; /* asked for since it was opened */
    /* Called for a reset; may not return (longjmp). NULL: the reset is only counted. */
    void (*on_reset)(void *ctx);
    void *on_reset_ctx;
};

/*
 * Makes the modem of `model` (borrowed) in *modem, its flash in the file `path`, or in memory if
 * NULL. It trusts nobody yet. *modem may not be moved. Errors: those of fota_sim_flash_open().
 */
int fota_sim_modem_open(struct fota_sim_modem *modem, const struct fota_model *model,
                        const char *path, uint64_t seed);
void fota_sim_modem_close(struct fota_sim_modem *modem);

/* Puts the modem into another network than the host's sockets, borrowed; it has no connection. */
void fota_sim_modem_set_outside(struct fota_sim_modem *modem, struct fota_sim_outside outside);

/*
 * UDP for the scripts of the modem: as fota_net_ops.open and close; between them outside.udp is
 * used. The link's limits are for downloads and do not hold here.
 */
int fota_sim_modem_udp_open(struct fota_sim_modem *modem, const char *host, uint16_t port,
                            enum fota_address_family family, int *stream);
void fota_sim_modem_udp_close(struct fota_sim_modem *modem, int stream);

/* Breaks all connections, as losing power does. */
void fota_sim_modem_disconnect(struct fota_sim_modem *modem);

/* Packages signed with `key` (copied) are accepted. Returns 0, FOTA_ERR_MEMORY when all places are
 * taken. */
int fota_sim_modem_trust(struct fota_sim_modem *modem, const struct fota_key *key);

/*
 * Runs the boot stage to its end: FOTA_BOOT_RUN, FOTA_BOOT_NOTHING, or an error of the flash.
 * `notice` (may be NULL) is called after every step with the state the journal is in.
 */
int fota_sim_modem_boot(struct fota_sim_modem *modem,
                        void (*notice)(void *ctx, const struct fota_boot *boot), void *ctx);

/*
 * The resident updater, after FOTA_BOOT_UPDATER: runs until it would reset the modem. Returns 0; or
 * 1: `notice` (may be NULL), which is called after every step, returned true. FOTA_ERR_MEMORY. The
 * image in staging is not executed: this is the same engine.
 */
int fota_sim_modem_update(struct fota_sim_modem *modem,
                          bool (*notice)(void *ctx, const struct fota_event *event), void *ctx);

/* The image that the boot stage let run: its manifest, and its bytes to `image` (NULL: not wanted)
 * of manifest->result.length bytes. Valid after FOTA_BOOT_RUN. Returns 0 or FOTA_ERR_FLASH_*. */
int fota_sim_modem_image(struct fota_sim_modem *modem, const struct fota_manifest **manifest,
                         void *image);

/* The cell of the byte at `addr`, and how many of those behind it follow it in the flash, too. */
uint8_t *fota_sim_modem_cell(struct fota_sim_modem *modem, uint32_t addr, size_t *run);

#endif
