/*
 * fuzz_http_peers.c - libFuzzer on core/http_reader.h beside two other readers of HTTP: llhttp,
 * Node.js's, and http-parser, its predecessor. What one accepts and another refuses is in the table
 * below, with the reason; anything else is a finding. Where two accept, they must have the same
 * status and body.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_peers.h"
#include "http_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_ours(const uint8_t *data, size_t size, struct outcome *outcome)
{
    struct fota_http_reader reader;
    struct fota_fault fault;
    char location[1024];
    size_t at = 0;
    int event;

    memset(outcome, 0, sizeof *outcome);
    fota_http_reader_start(&reader, location, sizeof location);
    do {
        const uint8_t *body;
        size_t used, length;

        event = fota_http_reader_feed(&reader, data + at, size - at, &used, &body, &length, &fault);
        at += used;
        add_body(outcome, body, length);
        if (event == FOTA_HTTP_HEADER)
            outcome->status = reader.header.status;
    } while (event == FOTA_HTTP_HEADER || event == FOTA_HTTP_BODY);
    if (event < 0) {
        outcome->error = event;
        return;
    }
    outcome->verdict = UNFINISHED;
    if (event == FOTA_HTTP_END || fota_http_reader_close(&reader, &fault) == 0)
        outcome->verdict = COMPLETE;
}

/* ---- what is explained ----------------------------------------------------------------------- */

static bool contains(const uint8_t *data, size_t size, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + length <= size; i++) {
        size_t n = 0;

        while (n < length &&
               (data[i + n] | (data[i + n] >= 'A' && data[i + n] <= 'Z' ? 0x20 : 0)) ==
                   (uint8_t)text[n])
            n++;
        if (n == length)
            return true;
    }
    return false;
}

static bool has_bare_lf(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            return true;
    return false;
}

static bool has_control(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((data[i] < 0x20 && data[i] != '\r' && data[i] != '\n' && data[i] != '\t') ||
            data[i] == 0x7f)
            return true;
    return false;
}

static bool has_bare_cr(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n'))
            return true;
    return false;
}

static bool has_folded_line(const uint8_t *data, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if (data[i - 1] == '\n' && (data[i] == ' ' || data[i] == '\t'))
            return true;
    return false;
}

/* A line whose name, up to its colon, is no token (RFC 9110, section 5.1), or that has no colon. */
static bool has_odd_name(const uint8_t *data, size_t size)
{
    bool in_name = false, odd = false;

    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            if (odd || (in_name && i > 1 && data[i - 1] != '\n' && data[i - 2] != '\n'))
                return true;
            in_name = true;
        } else if (data[i] == ':') {
            if (in_name && (odd || data[i - 1] == '\n'))
                return true;
            in_name = false;
        } else if (in_name && data[i] != '\r') {
            odd |= data[i] <= ' ' || data[i] >= 0x7f || strchr("\"(),/;<=>?@[\\]{}", data[i]);
        }
    }
    return odd;
}

/* "HTTP/1.x ddd" and a blank or the line's end: what is read as HTTP/1. */
static bool begins_as_http_1(const uint8_t *data, size_t size)
{
    static const char pattern[] = "HTTP/1.0 000";

    if (size < sizeof pattern)
        return false;
    for (size_t i = 0; i < sizeof pattern - 1; i++)
        if (pattern[i] == '0' ? data[i] < '0' || data[i] > '9' : data[i] != (uint8_t)pattern[i])
            return false;
    return strchr(" \r\n", data[sizeof pattern - 1]) != NULL && data[sizeof pattern - 1];
}

/* Behind an interim response comes another head, which the checks of the first do not see:
 * http-parser takes "HT:P/1.1" there, and empty lines before it. */
static bool begins_with_interim(const uint8_t *data, size_t size)
{
    return size > 9 && data[9] == '1';
}

/* Chunks are compared with llhttp only: http-parser takes any two bytes for the end of a chunk, a
 * bare LF for a part of its extension, and forgets the chunks when it meets another field whose
 * name begins with Transfer-Encoding. */
static bool has_chunks(const uint8_t *data, size_t size)
{
    return contains(data, size, "chunked");
}

/* The others take such a blank for a part of the word, and then no chunks are read. */
static bool has_blank_behind_chunked(const uint8_t *data, size_t size)
{
    return contains(data, size, "chunked ") || contains(data, size, "chunked\t");
}

/* "Content-Length: 3" and a tab: blanks of either kind may stand behind a value (RFC 9110, section
 * 5.5); the others know only spaces there. */
static bool has_tab_behind_digit(const uint8_t *data, size_t size)
{
    bool behind_digit = false;

    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\t' && behind_digit)
            return true;
        behind_digit = (data[i] >= '0' && data[i] <= '9') || (data[i] == ' ' && behind_digit);
    }
    return false;
}

/* Why do we refuse what another reader takes? */
static bool may_refuse(const uint8_t *data, size_t size, const struct outcome *ours, bool strict)
{
    switch (ours->error) {
    /* Limits: a modem has 16 KiB for no header, and a line of 256 bytes for what it looks at. */
    case FOTA_ERR_HTTP_TOO_LARGE: return size > 256;
    /* They leave codings to the application; for us identity and chunked are all there is. */
    case FOTA_ERR_HTTP_ENCODING:
        return contains(data, size, "content-encoding") ||
               contains(data, size, "transfer-encoding");
    /* Two lengths, even equal ones; a length beside chunks; chunks from HTTP/1.0; beyond 2^63. */
    case FOTA_ERR_HTTP_LENGTH:
        return contains(data, size, "content-length") || contains(data, size, "transfer-encoding");
    case FOTA_ERR_HTTP_SYNTAX:
        /* Another version, RTSP or ICY; empty lines first; folded lines (RFC 9112, 5.2); NUL and CR
         * within a line; blanks and worse in a name (RFC 9112, 5.1); two Locations. */
        return !begins_as_http_1(data, size) || has_folded_line(data, size) ||
               has_control(data, size) || has_bare_cr(data, size) || has_odd_name(data, size) ||
               contains(data, size, "location") || contains(data, size, "content-range") ||
               has_blank_behind_chunked(data, size) || (!strict && has_chunks(data, size));
    default: return false;
    }
}

/* A minor version above 1.1: it is compatible by definition (RFC 9110, section 2.5). */
static bool has_later_minor(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i++)
        if (memcmp(data + i, "HTTP/1.", 7) == 0 && data[i + 7] >= '2' && data[i + 7] <= '9')
            return true;
    return false;
}

/* Why do others refuse what we take? llhttp is strict: servers of firmware are not. */
static bool may_be_refused(const uint8_t *data, size_t size)
{
    return has_bare_lf(data, size) || has_later_minor(data, size) || has_control(data, size) ||
           has_tab_behind_digit(data, size) ||
           contains(data, size, "transfer-encoding") || /* other codings, extensions */
           contains(data, size, "connection") ||        /* an upgrade */
           contains(data, size, "upgrade") ||
           contains(data, size, "http/1.0 1"); /* an interim response that ends the connection */
}

/*
 * Why has another reader another body? A 204 and a 304 get one if a length or chunks are beside
 * them: their callers have to say that there is none (RFC 9112, section 6.3).
 */
static bool may_have_another_body(const uint8_t *data, size_t size, const struct outcome *ours,
                                  bool strict)
{
    return ours->status == 204 || ours->status == 304 || has_blank_behind_chunked(data, size) ||
           (!strict && has_chunks(data, size));
}

/* ---- the comparison -------------------------------------------------------------------------- */

static void finding(const char *peer, const char *what, const struct outcome *ours,
                    const struct outcome *theirs)
{
    fprintf(stderr, "%s: %s: ours %d error %d status %d body %zu, theirs %d status %d body %zu\n",
            peer, what, ours->verdict, ours->error, ours->status, ours->body_length,
            theirs->verdict, theirs->status, theirs->body_length);
    abort();
}

static void compare(const uint8_t *data, size_t size, const struct outcome *ours,
                    const struct outcome *theirs, const char *peer, bool strict)
{
    if (begins_with_interim(data, size))
        return;
    if (theirs->switched)
        return; /* to another protocol, of which an update needs none */
    if (ours->verdict == COMPLETE && theirs->verdict == COMPLETE) {
        if (ours->status != theirs->status)
            finding(peer, "another status", ours, theirs);
        if ((ours->body_length != theirs->body_length || ours->body_hash != theirs->body_hash) &&
            !may_have_another_body(data, size, ours, strict))
            finding(peer, "another body", ours, theirs);
    }
    if (ours->verdict == REFUSED && theirs->verdict == COMPLETE &&
        !may_refuse(data, size, ours, strict))
        finding(peer, "we refuse what it takes", ours, theirs);
    if (ours->verdict == COMPLETE && theirs->verdict == REFUSED && !may_be_refused(data, size))
        finding(peer, "we take what it refuses", ours, theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome ours, llhttp, http_parser;

    read_ours(data, size, &ours);
    read_llhttp(data, size, &llhttp);
    read_http_parser(data, size, &http_parser);
    compare(data, size, &ours, &llhttp, "llhttp", true);
    compare(data, size, &ours, &http_parser, "http-parser", false);
    return 0;
}
