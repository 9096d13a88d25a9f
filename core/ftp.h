/*
 * ftp.h - fetches one file, or the rest of one, over FTP (RFC 959, RFC 1123, RFC 2428, RFC 3659),
 * with TLS (RFC 4217) or without.
 *
 * The client can do just that: log in, choose binary and passive mode, REST, RETR. Like the HTTP
 * client it never sleeps and never retries: the engine decides what a failure means for the update.
 */
#ifndef FOTA_FTP_H
#define FOTA_FTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "fetch.h"
#include "fota_port.h"
#include "ftp_reply.h"
#include "url.h"

struct fota_ftp {
    uint8_t state;
    bool secure;           /* the url is ftps */
    bool sending;          /* `buffer` holds a command; otherwise what was received */
    bool classic;          /* use PASV instead of EPSV; kept for the next file */
    bool swapped;          /* `classic` was changed for this file */
    bool look_away;        /* the data connection had nothing: read the control connection next */
    uint16_t final;        /* code of the reply after the transfer; 0: none yet */
    uint16_t used, length; /* unsent part of a command, unread part of a reply */
    enum fota_address_family family; /* FOTA_ADDRESS_ANY from init; the caller may set it */
    /* Of ftps, borrowed; NULL from init: the server is verified. The caller may set it. */
    const struct fota_tls_params *params;
    struct fota_patience patience;
    struct fota_connection control, data;
    struct fota_file_identity identity;
    uint64_t offset;       /* of the first byte asked for, from the start of the file */
    uint64_t at;           /* of the next byte to come, likewise */
    struct fota_url parts; /* of `url` */
    struct fota_ftp_reply reply;
    char url[FOTA_URL_MAX + 1];
    char buffer[FOTA_URL_MAX + 9]; /* the longest command: a verb, a blank, a path, CR and LF */
};

/* Prepares the client. `net`, `tls` (may be NULL) and `system` are borrowed for its life. */
void fota_ftp_init(struct fota_ftp *ftp, const struct fota_net *net, const struct fota_tls *tls,
                   const struct fota_system *system, const struct fota_timeouts *timeouts);

/*
 * Begins to fetch `url` (terminated, at most FOTA_URL_MAX, copied) from byte `offset` of the file.
 * Nothing is sent before the first step. A transfer that is still running is closed.
 *
 * The path is relative to the folder after the login; "%2F" at its beginning makes it absolute
 * (RFC 1738 section 3.2.2). It is sent in one piece, without CWD. Without a user in the url the
 * login is anonymous. With ftps both connections are secured before login or file are sent (AUTH
 * TLS, PBSZ 0, PROT P: RFC 4217); if that fails, nothing is sent.
 *
 * Returns 0, an error of fota_url_parse(), FOTA_ERR_URL for a url without a path, or
 * FOTA_ERR_URL_SCHEME for anything but ftp and ftps.
 */
int fota_ftp_open(struct fota_ftp *ftp, const char *url, uint64_t offset, struct fota_fault *fault);

/*
 * Works like fota_http_step(), with at most one read and one write on the network.
 *
 * FOTA_FETCH_OPEN comes once, when the server is about to send. The identity is the file's SIZE and
 * a hash of its MDTM. If a server supports neither, only the package's digest can tell whether a
 * resumed file is the same. FOTA_FETCH_END comes when all bytes of SIZE are there; where SIZE is
 * not known, when the data connection has ended and the server has sent a good reply.
 *
 * Errors besides those of the network: FOTA_ERR_FTP_LOGIN (530 and the like),
 * FOTA_ERR_FTP_NOT_FOUND (550), FOTA_ERR_FTP_BUSY (every other 4xx, 120), FOTA_ERR_FTP_REFUSED
 * (every other 5xx), FOTA_ERR_FTP_REST (the server does not begin at `offset`, or the file is
 * shorter), FOTA_ERR_FTP_TLS (refused), FOTA_ERR_FTP_SIZE (more came than SIZE said: the server
 * sends text), FOTA_ERR_FTP_REPLY, FOTA_ERR_CLOSED (less came). `got` is the reply's code. No fault
 * holds a part of the url.
 *
 * A data connection that cannot be opened is tried a second time, by PASV after EPSV or the other
 * way round. It goes to the host of the url whatever address the server names.
 */
int fota_ftp_step(struct fota_ftp *ftp, uint8_t *data, size_t size, size_t *got,
                  struct fota_fault *fault);

/* Closes the connections, data before control, if any. Harmless at any time
 * after fota_ftp_init(). */
void fota_ftp_close(struct fota_ftp *ftp);

/* The four functions as a table. A port that does not refer to fota_ftp_client has no FTP. */
struct fota_ftp_ops {
    void (*init)(struct fota_ftp *ftp, const struct fota_net *net, const struct fota_tls *tls,
                 const struct fota_system *system, const struct fota_timeouts *timeouts);
    int (*open)(struct fota_ftp *ftp, const char *url, uint64_t offset, struct fota_fault *fault);
    int (*step)(struct fota_ftp *ftp, uint8_t *data, size_t size, size_t *got,
                struct fota_fault *fault);
    void (*close)(struct fota_ftp *ftp);
};

extern const struct fota_ftp_ops fota_ftp_client;

#endif
