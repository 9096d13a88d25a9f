/*
 * http_reader.h - reads an HTTP/1.1 response (RFC 9112): bytes go in, bytes of the body come out.
 *
 * It does no I/O. However the input is split, the result is the same. Its memory is its structure.
 */
#ifndef FOTA_HTTP_READER_H
#define FOTA_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"
#include "url.h"

#define FOTA_HTTP_LINE_MAX   256u   /* longest value kept of a header the client looks at, bytes */
#define FOTA_HTTP_HEADER_MAX 16384u /* all header lines of one response, bytes */
#define FOTA_HTTP_LINES_MAX  128u   /* header lines of one response */

/* What a reader says after some input. */
enum fota_http_progress {
    FOTA_HTTP_MORE,   /* needs more input */
    FOTA_HTTP_HEADER, /* the header is complete: read it, then feed the rest */
    FOTA_HTTP_BODY,   /* body bytes were found: *body, *body_length */
    FOTA_HTTP_END     /* the body is complete by its own framing */
};

/*
 * The header's content, valid from FOTA_HTTP_HEADER on. A Content-Range that is malformed or
 * contradicts itself counts as none (RFC 9110 section 14.4).
 */
struct fota_http_header {
    uint16_t status; /* 200 ...; 1xx responses are skipped */
    bool has_length;
    bool chunked;
    bool has_range;       /* Content-Range: bytes start-end/total */
    bool has_range_total; /* total was a number, not '*' */
    bool has_location;    /* text in the buffer given to fota_http_reader_start() */
    bool closes;          /* the server closes the connection after this answer */
    /* 0 if the header does not have it: */
    uint64_t length;      /* Content-Length, bytes */
    uint64_t range_start; /* bytes */
    uint64_t range_end;   /* last byte, inclusive */
    uint64_t range_total; /* bytes; also in the form that 416 uses, an asterisk and the total */
    uint32_t retry_after; /* seconds; a date counts only if the answer also has a Date */
    /* 64-bit FNV-1a of the text of a strong ETag, otherwise of Last-Modified. A weak ETag (W/) does
     * not count. */
    uint64_t validator;
    size_t location_length;
};

struct fota_http_reader {
    uint8_t state;
    uint8_t field;         /* whose value is being read */
    bool opened;           /* FOTA_HTTP_HEADER was reported */
    bool cr;               /* the last byte was a CR: only LF may follow */
    bool old;              /* HTTP/1.0 */
    bool encoded;          /* a Content-Encoding other than identity was seen */
    bool ranged;           /* a Content-Range was seen, valid or not */
    bool sized;            /* a digit of the chunk's size was seen */
    bool last_chunk;       /* the chunk of size 0 was seen */
    uint16_t line_length;  /* bytes of the name, value or line of a chunk so far */
    uint16_t lines;        /* header lines so far, of interim responses too */
    uint32_t header_bytes; /* likewise */
    uint32_t date;         /* of the answer, fota_text_date(); 0 none */
    uint32_t retry_date;   /* of its Retry-After, likewise */
    char *location;        /* caller's, terminated; a Location is read straight into it */
    size_t location_size;
    uint64_t left;     /* bytes left of the body or of the chunk */
    uint64_t etag;     /* FNV-1a, 0 none */
    uint64_t modified; /* FNV-1a, 0 none */
    struct fota_http_header header;
    char line[FOTA_HTTP_LINE_MAX]; /* the name, then the value of the header line being read */
};

/*
 * Makes the reader ready for one response. A Location is written to `location`, which has room for
 * `size` bytes, at least 1, and is borrowed until the response ends. One that does not fit is
 * FOTA_ERR_HTTP_TOO_LARGE.
 */
void fota_http_reader_start(struct fota_http_reader *reader, char *location, size_t size);

/*
 * Takes bytes from `data`; *used says how many. Returns after at most one event: enum
 * fota_http_progress, or with *fault filled in one of the errors FOTA_ERR_HTTP_SYNTAX,
 * FOTA_ERR_HTTP_TOO_LARGE, FOTA_ERR_HTTP_LENGTH, FOTA_ERR_HTTP_ENCODING. fault->stage is
 * FOTA_STAGE_CONNECT in the header, FOTA_STAGE_DOWNLOAD afterwards. After an error, start again
 * with fota_http_reader_start().
 *
 * With FOTA_HTTP_BODY, *body points into `data`. Call again until it returns FOTA_HTTP_MORE or
 * FOTA_HTTP_END, even with a length of 0: after FOTA_HTTP_HEADER, and after the last byte of the
 * body, the end is reported without further input. Bytes after the end are not taken.
 *
 * Accepted because servers do it: HTTP/1.0, bare LF, no reason phrase, header names in any case, no
 * or several blanks after the colon, blanks after the size of a chunk. Interim (1xx) responses are
 * skipped, but count towards the limits.
 *
 * Refused: a Content-Length together with Transfer-Encoding, given twice even if the values are
 * equal, with a sign, in hex, empty, or above 2^63-1; chunks from HTTP/1.0; any transfer coding but
 * "chunked"; with a status of 2xx any Content-Encoding but identity; two Location or two
 * Content-Range; folded lines; blanks before the colon; NUL; a CR without LF.
 */
int fota_http_reader_feed(struct fota_http_reader *reader, const uint8_t *data, size_t length,
                          size_t *used, const uint8_t **body, size_t *body_length,
                          struct fota_fault *fault);

/*
 * How many of the next bytes certainly belong to the body; UINT64_MAX: all, to the end of the
 * connection. The caller may receive so many straight into its own buffer; they have to be fed like
 * all others.
 */
uint64_t fota_http_reader_ahead(const struct fota_http_reader *reader);

/*
 * Says that the connection has ended. Returns 0 if the response is complete, if its body has no
 * length and so ends with the connection, or if only the trailer after the last chunk is missing.
 * Otherwise returns FOTA_ERR_CLOSED, with expected and got of the body where they are known.
 */
int fota_http_reader_close(struct fota_http_reader *reader, struct fota_fault *fault);

#endif
