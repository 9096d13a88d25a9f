/*
 * fota_port.h - everything the engine needs from its platform.
 *
 * A port fills in these tables of functions; the engine calls nothing else. No function of a port
 * may call the engine. Unless a comment says otherwise, a function returns 0 on success and a
 * negative FOTA_ERR_* (fota_error.h) on failure, and is called from the thread that runs
 * fota_step().
 */
#ifndef FOTA_PORT_H
#define FOTA_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- flash ----------------------------------------------------------------------------------- */

/* Largest program unit of any supported flash, bytes: a NAND page. It sizes the engine's buffers.
 */
#define FOTA_PROGRAM_UNIT_MAX 2048u

/*
 * A part of the flash with one erase size. All in bytes; `offset` counts from the start of the
 * flash. `offset` and `size` are multiples of `erase_unit`. A region of size 0 does not exist on
 * this modem.
 */
struct fota_region {
    uint32_t offset;
    uint32_t size;
    uint32_t erase_unit;
};

/*
 * The partition map. The engine never erases or programs outside the four regions named here.
 *
 *   slot     an image, and in the last erase unit the image's manifest
 *   staging  a downloaded package, followed by a copy of the old image where there is room for it;
 *            with two slots only the package's header, and patches
 *   journal  how far an update is, in two banks: its first two erase units
 *   other    a second slot of the same size and erase unit (A/B): the modem runs from one while the
 *            next image is downloaded into the other. Size 0: there is only one slot
 *
 * program_unit is the number of bytes that are programmed at once, a power of two of at most
 * FOTA_PROGRAM_UNIT_MAX. The engine programs each unit at most once between two erases.
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

/* Mini fota: most bytes in staging for what the resident updater has to know (order.h). */
#define FOTA_ORDER_MAX 8192u

/*
 * Flash access. Addresses are bytes from the start of the flash.
 *   read     any address and length
 *   program  addr and len are multiples of the program unit; the range lies in one erase unit and
 *            has been erased. Returns when the data is in the cells
 *   erase    the erase unit of len bytes that starts at addr. Returns when it reads 0xFF throughout
 *
 * Errors: FOTA_ERR_FLASH_READ, FOTA_ERR_FLASH_PROGRAM, FOTA_ERR_FLASH_ERASE. The engine repeats a
 * read that failed. On flash with an error correcting code a read may also return
 * FOTA_ERR_FLASH_ECC, for example after a power cut in the middle of a program: those bytes are
 * lost until their erase unit is erased.
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

/* An access point. An empty name stands for the network's default. */
struct fota_apn {
    char name[FOTA_APN_NAME_MAX + 1];
    char user[FOTA_APN_LOGIN_MAX + 1];
    char password[FOTA_APN_LOGIN_MAX + 1];
    enum fota_address_family family; /* FOTA_ADDRESS_IPV4 or _IPV6; _ANY: not set */
};

/*
 * Non-blocking TCP. A stream is a number of at least 0 that open() hands out and close() takes
 * back.
 *   open     starts to resolve `host` (a name, or an address without brackets) and to connect to
 *            `port`, and sets *stream. While another stream is connected to the same host, this
 *            one goes to the same address: a name may have several, and the server that waits for
 *            FTP's data connection is at this one. Errors: FOTA_ERR_DNS, FOTA_ERR_CONNECT, and
 *            FOTA_ERR_APN if the network refuses the access point
 *   ready    returns 1 when connected, 0 while connecting, FOTA_ERR_DNS or FOTA_ERR_CONNECT when
 *            that has failed
 *   send     returns how many bytes it took (0: none now, try again), or FOTA_ERR_CONNECTION
 *   recv     returns how many bytes it read (0: none yet), FOTA_ERR_CLOSED at the end of the
 *            stream, or FOTA_ERR_CONNECTION when the connection is broken
 *   close    always succeeds; the stream may not be used again
 *   wait     sleeps until there may be something to do on an open stream, at most `ms`
 *            milliseconds
 *   apn_set  uses the access point for every open() from now on, and keeps it over restarts. NULL
 *            on a port that cannot set one
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

/* Who is authenticated. */
enum fota_tls_level {
    FOTA_TLS_NONE,   /* nobody: for signed packages only */
    FOTA_TLS_SERVER, /* the server, by its certificate and its name */
    FOTA_TLS_MUTUAL  /* the client as well, by its own certificate */
};

/* What a connection demands. The texts are PEM, terminated. */
struct fota_tls_params {
    const char *ca_cert; /* whom to trust; NULL: the platform's own authorities, if it has any */
    const char *client_cert; /* sent if the server asks for it; NULL: none */
    const char *client_key;  /* belongs to client_cert; both are NULL or neither */
    int64_t newest_known;    /* a time that has certainly passed, seconds since 1970; 0: none */
    bool exactly_1_2;        /* TLS 1.2 only; otherwise 1.2 and everything newer */
    enum fota_tls_level level;
};

/*
 * TLS over a connected stream. ready, send and recv work like those of fota_net_ops, on the same
 * stream number, except for what is said here.
 *   check   tells whether `params` can be used, without a stream. FOTA_ERR_TLS_PARAMS: a
 * certificate or key cannot be read, they do not belong together, or there is nothing to verify the
 *           server with; *subject says which. FOTA_ERR_TLS_MEMORY
 *   start   begins the handshake with the server named `host` (for SNI and for its certificate).
 *           Nothing is borrowed beyond the call. Errors: those of check
 *   ready   returns 1 when the handshake is done, 0 while it is going on, FOTA_ERR_TLS_* or an
 * error of the stream when it has failed send    after it has returned 0 the caller offers the same
 * bytes again recv    FOTA_ERR_CLOSED only after close_notify; FOTA_ERR_CONNECTION if the stream
 * ends without one (RFC 8446, section 6.1). FOTA_ERR_TLS_CLIENT_CERTIFICATE: with TLS 1.3 a client
 *           learns only here that its certificate was refused
 *   stop    releases what start took; the stream stays open
 *   reason  the library's code for the last failure, for people: the number of an alert or an error
 *
 * If the port has no trusted time, or one before params.newest_known, a certificate that is not yet
 * valid is accepted, and expiry is judged by newest_known.
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
    bool has_authorities; /* the platform has authorities of its own to verify servers with */
    /* The longest TLS record that recv() can take, bytes, at least 2048; 0: any that TLS allows. A
     * server may send records of 16384 bytes; with a limit the engine asks for small parts of the
     * file, which fit. */
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
 * Cryptography without a context. Every function returns 0 or FOTA_ERR_CRYPTO; ecdsa_verify also
 * returns FOTA_ERR_SIGNATURE when the signature is not that of this digest by this key.
 * sha256_finish releases what sha256_start took; the engine always finishes what it has started.
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
 *   now_ms  a clock in milliseconds that never goes back; it may start anywhere
 *   time    seconds since 1970 if the clock can be trusted, otherwise -1
 *   random  32 random bits; used for jitter only
 *   reset   restarts the modem. On a device it does not return; on a host it may return, and
 *           restart the modem later
 *   alive   feeds the watchdog; may be NULL. Each fota_step() and fota_write() calls it once. The
 *           longest that either takes is one erase and a few programs, or the check of a header:
 *           as a rule two ecdsa_verify(), and eight with two signatures and two replaced keys
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
 * A whole port. Only map, flash and crypto are always needed; the rest may be zero where it is not
 * used. A boot loader does without net, tls, system and ftp. An application needs system, and net
 * to download: without it every url is answered with FOTA_ERR_NOT_BUILT.
 */
struct fota_port {
    const struct fota_map *map;
    struct fota_flash flash;
    struct fota_net net;
    struct fota_tls tls;
    struct fota_system system;
    const struct fota_crypto_ops *crypto;
    /* &fota_ftp_client (ftp.h), or NULL: then ftp urls fail with FOTA_ERR_NOT_BUILT, and the 4 KB
     * of the FTP client are not linked. */
    const struct fota_ftp_ops *ftp;
};

#endif
