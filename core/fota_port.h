/*
 * fota_port.h - everything the engine asks of the world around it.
 *
 * A port fills in these tables of functions; the engine calls nothing else. No function may call
 * back into the engine. Unless a comment says otherwise a function returns 0 on success and a
 * negative FOTA_ERR_* (fota_error.h) on failure, and is called from the one thread that runs
 * fota_step().
 */
#ifndef FOTA_PORT_H
#define FOTA_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- flash ----------------------------------------------------------------------------------- */

/* Largest program unit of any supported part, bytes: a NAND page. Buffers of the engine use it. */
#define FOTA_PROGRAM_UNIT_MAX 2048u

/*
 * One piece of flash with one erase size. `offset` and `size` are in bytes from the start of the
 * flash, both multiples of `erase_unit`; a region of size 0 does not exist on this modem.
 */
struct fota_region {
    uint32_t offset;
    uint32_t size;
    uint32_t erase_unit;
};

/*
 * The partition map: where things are, in bytes. The engine never erases or programs outside the
 * regions it owns, which are these.
 *
 *   slot     an image, and in its last erase unit the image's manifest
 *   staging  a downloaded package, and behind it a copy of the old image where there is room; with
 *            two slots the package's header, and patches
 *   journal  two banks, the first erase unit of each half: how far we are
 *   other    a second slot of the same size and erase unit (A/B): the modem runs from one, the next
 *            image is downloaded into the other. Size 0: none
 *
 * program_unit: bytes that are programmed at once, a power of two of at most FOTA_PROGRAM_UNIT_MAX;
 * a unit is programmed once between two erases.
 */
struct fota_map {
    const char *name;
    uint32_t flash_size;
    uint32_t program_unit;
    struct fota_region slot;
    struct fota_region staging;
    struct fota_region journal;
    struct fota_region other;
};

/* Mini fota: what is kept in staging for the resident updater takes at most so many bytes. */
#define FOTA_ORDER_MAX 8192u

/*
 * Flash access. Addresses are bytes from the start of the flash.
 *   read     any address and length
 *   program  addr and len are multiples of the program unit, the range lies in one erase unit and
 *            was erased before; returns when the data is in the cells
 *   erase    one erase unit that starts at addr; returns when it reads 0xFF throughout
 *
 * Errors: FOTA_ERR_FLASH_READ, FOTA_ERR_FLASH_PROGRAM, FOTA_ERR_FLASH_ERASE; of a read on a part
 * with an error correcting code FOTA_ERR_FLASH_ECC, too: the bytes are lost until their unit is
 * erased, as after a power cut in the middle of a program. Any other error of a read may go away.
 */
struct fota_flash_ops {
    int (*read)(void *ctx, uint32_t addr, void *data, size_t len);
    int (*program)(void *ctx, uint32_t addr, const void *data, size_t len);
    int (*erase)(void *ctx, uint32_t addr, uint32_t len);
};

struct fota_flash {
    const struct fota_flash_ops *ops;
    void *ctx;
};

/* ---- network --------------------------------------------------------------------------------- */

enum fota_address_family { FOTA_ADDRESS_ANY, FOTA_ADDRESS_IPV4, FOTA_ADDRESS_IPV6 };

#define FOTA_APN_NAME_MAX  100u /* characters (3GPP TS 23.003, section 9.1) */
#define FOTA_APN_LOGIN_MAX 64u  /* user, password: characters */

/* An access point. An empty name is the network's default. */
struct fota_apn {
    char name[FOTA_APN_NAME_MAX + 1];
    char user[FOTA_APN_LOGIN_MAX + 1];
    char password[FOTA_APN_LOGIN_MAX + 1];
    enum fota_address_family family; /* FOTA_ADDRESS_IPV4 or _IPV6; _ANY: was never set */
};

/*
 * Non-blocking TCP. A stream is a small number that open() gives and close() takes back.
 *   open   starts to resolve `host` (a name or an address without brackets) and to connect.
 *          Gives the stream in *stream, at least 0. Errors: FOTA_ERR_DNS, FOTA_ERR_CONNECT
 *   ready  1 connected, 0 not yet, negative failed (FOTA_ERR_DNS, FOTA_ERR_CONNECT)
 *   send   bytes taken (0: none now, try again), negative FOTA_ERR_CONNECTION
 *   recv   bytes read, 0 none yet; FOTA_ERR_CLOSED at the end of the stream, FOTA_ERR_CONNECTION
 *          when it broke
 *   close  always succeeds; the stream may not be used again
 *   wait   sleeps until something can happen on any open stream, at most `ms` milliseconds
 *   apn_set  keeps the access point over restarts and uses it for every open() from now on. NULL
 * where there is none to set. open() fails with FOTA_ERR_APN if the network does not take it.
 */
struct fota_net_ops {
    int (*open)(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                int *stream);
    int (*ready)(void *ctx, int stream);
    int (*send)(void *ctx, int stream, const void *data, size_t len);
    int (*recv)(void *ctx, int stream, void *data, size_t len);
    void (*close)(void *ctx, int stream);
    void (*wait)(void *ctx, uint32_t ms);
    int (*apn_set)(void *ctx, const struct fota_apn *apn);
};

struct fota_net {
    const struct fota_net_ops *ops;
    void *ctx;
};

/* ---- TLS ------------------------------------------------------------------------------------- */

enum fota_tls_level {
    FOTA_TLS_NONE,   /* nobody is authenticated: for signed packages only */
    FOTA_TLS_SERVER, /* the server by its certificate and its name */
    FOTA_TLS_MUTUAL  /* the client by its own, too */
};

/* What a connection demands; texts are terminated PEM. */
struct fota_tls_params {
    const char *ca_cert;     /* NULL: the platform's own, where it has any */
    const char *client_cert; /* with its key, or both NULL: shown where a server asks for it */
    const char *client_key;
    int64_t newest_known; /* seconds since 1970 that have certainly passed; 0 unknown */
    bool exactly_1_2;     /* TLS 1.2 and nothing else; otherwise 1.2 up to the newest */
    enum fota_tls_level level;
};

/*
 * TLS over a connected stream. The functions are as those of fota_net_ops of the same name and take
 * the same stream number.
 *   check  can `params` be used? Needs no stream. FOTA_ERR_TLS_PARAMS (a certificate or key cannot
 *          be read, or they do not belong together, or nothing is there to verify the server with)
 *          with *subject saying which; FOTA_ERR_TLS_MEMORY
 *   start  begins the handshake with the server called `host`, for SNI and its certificate. Nothing
 *          is borrowed beyond the call. Errors: those of check
 *   ready  1 the handshake is done, 0 not yet, negative FOTA_ERR_TLS_* or an error of the stream
 *   send   after 0 the same bytes are offered again; else as of the stream
 *   recv   FOTA_ERR_CLOSED only after close_notify; FOTA_ERR_CONNECTION when the stream ends
 *          without (RFC 8446, section 6.1); FOTA_ERR_TLS_CLIENT_CERTIFICATE (TLS 1.3 says it here)
 *   stop   releases what start took; the stream stays open
 *   reason what the library says of the last failure, for people: an alert's number, or an error's
 *
 * Without a trusted time, or with one before params.newest_known, "not yet valid" is not judged and
 * "expired" is judged by newest_known.
 */
struct fota_tls_ops {
    int (*check)(void *ctx, const struct fota_tls_params *params, const char **subject);
    int (*start)(void *ctx, const struct fota_net *net, int stream, const char *host,
                 const struct fota_tls_params *params);
    int (*ready)(void *ctx, int stream);
    int (*send)(void *ctx, int stream, const void *data, size_t len);
    int (*recv)(void *ctx, int stream, void *data, size_t len);
    void (*stop)(void *ctx, int stream);
    uint32_t (*reason)(void *ctx);
};

struct fota_tls {
    const struct fota_tls_ops *ops; /* NULL: no TLS on this port */
    void *ctx;
    bool has_authorities; /* the platform has certificates of its own to verify servers with */
    /* Bytes of the longest record that recv() can take, at least 2048; 0: any that TLS allows. A
     * server may send 16384, unless it is asked for less at a time. */
    uint32_t record_max;
};

/* ---- cryptography ---------------------------------------------------------------------------- */

#define FOTA_DIGEST_SIZE     32u /* SHA-256, bytes */
#define FOTA_PUBLIC_KEY_SIZE 64u /* P-256 point, x then y, big endian, bytes */
#define FOTA_SIGNATURE_SIZE  64u /* ECDSA P-256, r then s, big endian, bytes */

/* Room for a port's SHA-256 state; the port asserts at compile time that its own fits. */
struct fota_sha256 {
    uint64_t opaque[28];
};

/*
 * Stateless cryptography; every function returns 0 or FOTA_ERR_CRYPTO, ecdsa_verify also
 * FOTA_ERR_SIGNATURE when the signature does not belong to the digest and the key.
 * sha256_finish releases what sha256_start took; a started digest is always finished.
 */
struct fota_crypto_ops {
    int (*sha256_start)(struct fota_sha256 *sha);
    int (*sha256_update)(struct fota_sha256 *sha, const void *data, size_t len);
    int (*sha256_finish)(struct fota_sha256 *sha, uint8_t digest[FOTA_DIGEST_SIZE]);
    int (*ecdsa_verify)(const uint8_t key[FOTA_PUBLIC_KEY_SIZE],
                        const uint8_t digest[FOTA_DIGEST_SIZE],
                        const uint8_t signature[FOTA_SIGNATURE_SIZE]);
};

/* ---- the rest -------------------------------------------------------------------------------- */

/*
 *   now_ms  milliseconds that only go forward, from any start
 *   time    seconds since 1970 if the clock can be trusted, else -1
 *   random  32 bits, for jitter only
 *   reset   restarts the modem. On a device it does not return; on a host it may note the wish and
 *           return
 *   alive   feeds the watchdog: called once by each fota_step() and fota_write(), which are the
 *           longest the engine works without it (an erase, a few programs). May be NULL
 */
struct fota_system_ops {
    uint64_t (*now_ms)(void *ctx);
    int64_t (*time)(void *ctx);
    uint32_t (*random)(void *ctx);
    void (*reset)(void *ctx);
    void (*alive)(void *ctx);
};

struct fota_system {
    const struct fota_system_ops *ops;
    void *ctx;
};

/*
 * A whole port. All of it may be zero but map, flash and crypto, where the rest is not used: a boot
 * loader leaves net, tls, system and ftp so; an application needs system, and net to download
 * (without, every url is answered FOTA_ERR_NOT_BUILT).
 */
struct fota_port {
    const struct fota_map *map;
    struct fota_flash flash;
    struct fota_net net;
    struct fota_tls tls;
    struct fota_system system;
    const struct fota_crypto_ops *crypto;
    /* &fota_ftp_client of ftp.h; NULL: a url of ftp is answered FOTA_ERR_NOT_BUILT, and the
     * client's code, 4 KB, is not linked */
    const struct fota_ftp_ops *ftp;
};

#endif
