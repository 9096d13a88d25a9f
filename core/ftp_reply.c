/*
 * ftp_reply.c - replies of FTP servers (RFC 959 section 4.2, RFC 1123 section 4.1.2.11).
 */
#include "ftp_reply.h"

#include <string.h>

#include "fault.h"
#include "text.h"

enum state {
    STATE_CODE,   /* at the begin of a line */
    STATE_BORDER, /* behind three digits */
    STATE_SKIP,   /* in a line that is not the last */
    STATE_TEXT    /* in the last line, behind the code */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void fota_ftp_reply_start(struct fota_ftp_reply *reply)
{
    memset(reply, 0, sizeof *reply);
}

static void begin_line(struct fota_ftp_reply *reply)
{
    reply->state = STATE_CODE;
    reply->column = 0;
    reply->running = 0;
}

/* A line of text between the first and the last may begin with anything. */
static bool code_state(struct fota_ftp_reply *reply, char c)
{
    if (!is_digit(c)) {
        if (!reply->several)
            return false;
        reply->state = STATE_SKIP;
        if (c == '\n')
            begin_line(reply);
        return true;
    }
    reply->running = (uint16_t)(reply->running * 10 + (c - '0'));
    if (++reply->column == 3)
        reply->state = STATE_BORDER;
    return true;
}

static bool border_state(struct fota_ftp_reply *reply, char c)
{
    bool ends = c == ' ' || c == '\r' || c == '\n';

    if (reply->several) {
        reply->state = ends && reply->running == reply->code ? STATE_TEXT : STATE_SKIP;
        if (c == '\n' && reply->state == STATE_SKIP)
            begin_line(reply);
        return true;
    }
    reply->code = reply->running;
    if (reply->code < 100 || reply->code > 599 || (!ends && c != '-'))
        return false;
    reply->several = c == '-';
    reply->state = reply->several ? STATE_SKIP : STATE_TEXT;
    return true;
}

static void text_state(struct fota_ftp_reply *reply, char c)
{
    if (c != '\n' && reply->length < sizeof reply->text)
        reply->text[reply->length++] = c;
}

static bool take(struct fota_ftp_reply *reply, char c)
{
    if (c == '\0' || ++reply->bytes > FOTA_FTP_REPLY_MAX)
        return false;
    switch ((enum state)reply->state) {
    case STATE_CODE: return code_state(reply, c);
    case STATE_BORDER: return border_state(reply, c);
    case STATE_SKIP:
        if (c == '\n')
            begin_line(reply);
        return true;
    case STATE_TEXT: text_state(reply, c); return true;
    }
    return false;
}

/* The blanks and the CR at the end of the line are not the text's. */
static void trim(struct fota_ftp_reply *reply)
{
    while (reply->length > 0 &&
           (reply->text[reply->length - 1] == '\r' || reply->text[reply->length - 1] == ' '))
        reply->length--;
}

int fota_ftp_reply_feed(struct fota_ftp_reply *reply, const void *data, size_t length, size_t *used,
                        struct fota_fault *fault)
{
    const char *text = data;

    for (*used = 0; *used < length;) {
        char c = text[(*used)++];

        if (!take(reply, c))
            return fota_fail(fault, FOTA_ERR_FTP_REPLY, FOTA_STAGE_CONNECT, 0, 0);
        if (c == '\n' && reply->state == STATE_TEXT) {
            trim(reply);
            return FOTA_FTP_REPLY;
        }
    }
    return FOTA_FTP_MORE;
}

/* ---- what the text says ---------------------------------------------------------------------- */

bool fota_ftp_reply_extended_port(const struct fota_ftp_reply *reply, uint16_t *port)
{
    const char *open = memchr(reply->text, '(', reply->length);
    size_t at = open ? (size_t)(open - reply->text) + 1 : reply->length;
    uint64_t value;
    char border;

    if (at + 3 >= reply->length)
        return false;
    border = reply->text[at];
    /* RFC 2428 section 3: network and address, if they are there, are to be ignored. */
    for (unsigned borders = 0; borders < 3; at++) {
        if (at == reply->length)
            return false;
        borders += reply->text[at] == border;
    }
    if (border < 33 || border > 126 || is_digit(border) ||
        !fota_text_number(reply->text, reply->length, &at, &value) || value == 0 ||
        value > UINT16_MAX || at == reply->length || reply->text[at] != border)
        return false;
    *port = (uint16_t)value;
    return true;
}

bool fota_ftp_reply_passive_port(const struct fota_ftp_reply *reply, uint16_t *port)
{
    uint64_t numbers[6];
    size_t at = 0;

    while (at < reply->length && !is_digit(reply->text[at]))
        at++;
    for (unsigned i = 0; i < 6; i++) {
        if (i > 0 && (at == reply->length || reply->text[at++] != ','))
            return false;
        while (i > 0 && at < reply->length && reply->text[at] == ' ')
            at++;
        if (!fota_text_number(reply->text, reply->length, &at, &numbers[i]) ||
            numbers[i] > UINT8_MAX)
            return false;
    }
    *port = (uint16_t)(numbers[4] << 8 | numbers[5]);
    return *port != 0;
}

bool fota_ftp_reply_size(const struct fota_ftp_reply *reply, uint64_t *size)
{
    size_t at = 0;

    while (at < reply->length && reply->text[at] == ' ')
        at++;
    return fota_text_number(reply->text, reply->length, &at, size) && at == reply->length;
}
