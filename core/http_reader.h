/*
 * http_reader.h - reads an HTTP/1.1 response (RFC 9112), bytes in, body bytes out.
 *
 * A sink: it does no I/O, takes any split of the input, and its memory is its struct.
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

/* What a reader says after a bite of input. */
enum fota_http_progress {
    FOTA_HTTP_MORE,   /* needs more input */
    FOTA_HTTP_HEADER, /* the header is complete: look at it, then feed the rest */
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
    bool closes;          /* the server has no more to say on this connection */
    /* 0 where there is none of it. */
    uint64_t length;      /* Content-Length, bytes */
    uint64_t range_start; /* bytes */
    uint64_t range_end;   /* last byte, inclusive */
    uint64_t range_total; /* bytes; also of a 416's "bytes star/total" form, see has_range_total */
    uint32_t retry_after; /* seconds, a date without a Date beside it counts as none; 0: none */
    /* 64-bit FNV-1a of the strong ETag's text, else of Last-Modified's; 0: the server gave neither.
     * A weak ETag (W/) counts as none. */
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
 * Makes the reader ready for one response. A Location goes to `location` (room for `size` bytes,
 * at least 1, borrowed until the response ends); one that does not fit is FOTA_ERR_HTTP_TOO_LARGE.
 */
void fota_http_reader_start(struct fota_http_reader *reader, char *location, size_t size);

/*
 * Takes bytes from `data`; *used says how many. Returns after at most one event:
 * enum fota_http_progress, or a negative error with *fault filled in:
 * FOTA_ERR_HTTP_SYNTAX, FOTA_ERR_HTTP_TOO_LARGE, FOTA_ERR_HTTP_LENGTH, FOTA_ERR_HTTP_ENCODING.
 * With FOTA_HTTP_BODY, *body points into `data`. Call again until FOTA_HTTP_MORE or
 * FOTA_HTTP_END, even with length 0: after FOTA_HTTP_HEADER and after the last byte of the body the
 * end comes without further input. Bytes behind the end are not taken. After an error the reader
 * can only be started anew.
 *
 * Accepted because servers do it: HTTP/1.0, bare LF, no reason phrase, header names in any case, no
 * or several blanks after the colon, blanks behind a chunk's size. Interim (1xx) responses count
 * towards the limits. Refused: Content-Length with Transfer-Encoding, twice with different or equal
 * values, signs, hex, empty, more than 2^63-1; chunks from HTTP/1.0; any transfer coding but
 * "chunked"; with a status of 2xx any Content-Encoding but identity; two Location or Content-Range;
 * folded lines; blanks before the colon; NUL; a CR without LF. fault->stage is FOTA_STAGE_CONNECT
 * in the header, FOTA_STAGE_DOWNLOAD afterwards.
 */
int fota_http_reader_feed(struct fota_http_reader *reader, const uint8_t *data, size_t length,
                          size_t *used, const uint8_t **body, size_t *body_length,
                          struct fota_fault *fault);

/*
 * How many of the next bytes are body for sure; UINT64_MAX: all to the end of the connection. They
 * need not lie in a buffer of the protocol's on their way, but are fed like all others.
 */
uint64_t fota_http_reader_ahead(const struct fota_http_reader *reader);

/*
 * The connection ended. Returns 0 if the response was complete or is a body without a length (its
 * end is the end of the connection) or lacks only the trailer behind its last chunk, else
 * FOTA_ERR_CLOSED with expected and got of the body, when known.
 */
int fota_http_reader_close(struct fota_http_reader *reader, struct fota_fault *fault);

#endif
