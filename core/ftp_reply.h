/*
 * ftp_reply.h - reads the replies of an FTP server (RFC 959 section 4.2), byte by byte.
 *
 * It takes bytes as they come: however the input is split, the result is the same. Its memory is
 * its structure.
 */
#ifndef FOTA_FTP_REPLY_H
#define FOTA_FTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"

#define FOTA_FTP_TEXT_MAX  127u  /* characters that are kept of a reply's last line */
#define FOTA_FTP_REPLY_MAX 8192u /* bytes of one reply, banner and all */

enum fota_ftp_progress {
    FOTA_FTP_MORE, /* needs more input */
    FOTA_FTP_REPLY /* a reply is complete: code and text are valid until the next start */
};

struct fota_ftp_reply {
    uint16_t code;    /* 100-599 */
    uint16_t bytes;   /* of the reply so far */
    uint16_t running; /* the code at the begin of the line being read */
    uint8_t state;
    uint8_t column;               /* digits seen of it */
    bool several;                 /* lines: the last one is still to come */
    uint8_t length;               /* of `text` */
    char text[FOTA_FTP_TEXT_MAX]; /* behind the code of the last line; what is longer is cut */
};

/* Makes it ready for one reply. */
void fota_ftp_reply_start(struct fota_ftp_reply *reply);

/*
 * Takes bytes from `data`, but none after the end of the reply; *used says how many. Returns enum
 * fota_ftp_progress, or FOTA_ERR_FTP_REPLY with *fault filled in: there is no code of 100-599,
 * something else than a blank, '-' or the end of the line follows it, there is a NUL, or the reply
 * has more than FOTA_FTP_REPLY_MAX bytes.
 *
 * A bare LF also ends a line. A reply of several lines ends with the line that begins with the same
 * code and a blank; all lines in between are skipped, also those with other codes. After an error
 * or FOTA_FTP_REPLY, start again with fota_ftp_reply_start().
 */
int fota_ftp_reply_feed(struct fota_ftp_reply *reply, const void *data, size_t length, size_t *used,
                        struct fota_fault *fault);

/* Finds the port in the text of a 229, "(|||6446|)" (RFC 2428 section 3). False: there is none. */
bool fota_ftp_reply_extended_port(const struct fota_ftp_reply *reply, uint16_t *port);

/*
 * Finds the port in the text of a 227: the last two of six numbers, wherever they are (RFC 1123
 * section 4.1.2.6). False: there is none. The address in the first four numbers is ignored: with it
 * a server could make us connect to a third party.
 */
bool fota_ftp_reply_passive_port(const struct fota_ftp_reply *reply, uint16_t *port);

/* Reads the number in the text of a 213 to SIZE (RFC 3659 section 4). False: there is none, or it
 * is above 2^63-1. */
bool fota_ftp_reply_size(const struct fota_ftp_reply *reply, uint64_t *size);

#endif
