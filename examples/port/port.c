/* The modem X100: its map, its flash with the rules of NOR, its clock, whom it trusts. */
#define _POSIX_C_SOURCE 200809L

#include "port.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <platform/mbedtls/crypto.h>

#ifndef STAGING_SIZE
#define STAGING_SIZE 0x80000u /* 512 KB: a package and a copy of the old image fit */
#endif

enum { UNIT = 4096, SLOT = 0x80000, JOURNAL = 2 * UNIT };

static const struct fota_map map = {
    .name = "x100",
    .flash_size = SLOT + STAGING_SIZE + JOURNAL,
    .program_unit = 256,
    .slot = {0, SLOT, UNIT},
    .staging = {SLOT, STAGING_SIZE, UNIT},
    .journal = {SLOT + STAGING_SIZE, JOURNAL, UNIT},
};

/* The C engine asks a model for its name only; the rest is for the Lua face. */
static const struct fota_model model = {.name = "X100", .chip = "none", .core = "none"};

/* ---- flash ---------------------------------------------------------------------------------- */

static int flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    const struct port *port = ctx;

    return pread(port->flash, data, len, addr) == (ssize_t)len ? 0 : FOTA_ERR_FLASH_READ;
}

/* Bits go from 1 to 0 only, whatever was there; the range lies in one erase unit. */
static int flash_program(void *ctx, uint32_t addr, const void *data, size_t len)
{
    const struct port *port = ctx;
    const uint8_t *bytes = data;
    uint8_t cells[UNIT];

    if (flash_read(ctx, addr, cells, len) != 0)
        return FOTA_ERR_FLASH_PROGRAM;
    for (size_t i = 0; i < len; i++)
        cells[i] &= bytes[i];
    return pwrite(port->flash, cells, len, addr) == (ssize_t)len ? 0 : FOTA_ERR_FLASH_PROGRAM;
}

static int flash_erase(void *ctx, uint32_t addr, uint32_t len)
{
    const struct port *port = ctx;
    uint8_t blank[UNIT];

    memset(blank, 0xFF, sizeof blank);
    return pwrite(port->flash, blank, len, addr) == (ssize_t)len ? 0 : FOTA_ERR_FLASH_ERASE;
}

static const struct fota_flash_ops flash_ops = {flash_read, flash_program, flash_erase};

/* ---- clock, randomness, reset --------------------------------------------------------------- */

static uint64_t now_ms(void *ctx)
{
    struct timespec now;

    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int64_t seconds(void *ctx)
{
    (void)ctx;
    return -1; /* this modem has no clock that can be trusted */
}

static uint32_t random_bits(void *ctx)
{
    return (uint32_t)now_ms(ctx) * 2654435761u; /* enough for jitter */
}

static void reset(void *ctx)
{
    (void)ctx;
    exit(PORT_RESET);
}

static const struct fota_system_ops system_ops = {now_ms, seconds, random_bits, reset, NULL};

int port_open(struct port *port, const char *path)
{
    memset(port, 0, sizeof *port);
    port->flash = open(path, O_RDWR | O_CREAT, 0666);
    if (port->flash < 0)
        return FOTA_ERR_FLASH_READ;
    port->port.map = &map;
    port->port.flash = (struct fota_flash){&flash_ops, port};
    port->port.system.ops = &system_ops;
    port->port.crypto = &fota_mbedtls_crypto;
    port->policy.keys = port_keys;
    port->policy.key_count = port_keys_count;
    port->policy.decoder_ram = PORT_DECODER_RAM;
    port->config.port = &port->port;
    port->config.model = &model;
    port->config.vendor = "acme";
    port->config.policy = &port->policy;
    if (lseek(port->flash, 0, SEEK_END) == 0) /* it has just been made */
        for (uint32_t addr = 0; addr < map.flash_size; addr += UNIT)
            if (flash_erase(port, addr, UNIT) != 0)
                return FOTA_ERR_FLASH_ERASE;
    return 0;
}
