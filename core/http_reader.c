/*
 * http_reader.c - HTTP/1.1 responses, byte by byte (RFC 9112).
 */
#include "http_reader.h"

#include <string.h>

#include "fault.h"
#include "text.h"

enum state {
    STATE_STATUS,     /* the status line */
    STATE_NAME,       /* a field's name, or the empty line after the last field */
    STATE_VALUE,      /* a field's value, to the end of the line */
    STATE_BODY,       /* `left` bytes */
    STATE_REST,       /* all bytes to the end of the connection */
    STATE_SIZE,       /* a chunk's size */
    STATE_SIZE_BLANK, /* blanks behind it */
    STATE_EXTENSION,  /* a chunk's extensions, ignored */
    STATE_CHUNK,      /* `left` bytes of a chunk */
    STATE_CHUNK_END,  /* the line end behind them */
    STATE_DONE,
    STATE_FAILED
};

/* The fields a client of firmware looks at. */
enum field {
    FIELD_OTHER,
    FIELD_CONNECTION,
    FIELD_CONTENT_ENCODING,
    FIELD_CONTENT_LENGTH,
    FIELD_CONTENT_RANGE,
    FIELD_DATE,
    FIELD_ETAG,
    FIELD_LAST_MODIFIED,
    FIELD_LOCATION,
    FIELD_RETRY_AFTER,
    FIELD_TRANSFER_ENCODING
};

static const char *const field_names[] = {
    "",     "connection",    "content-encoding", "content-length", "content-range",     "date",
    "etag", "last-modified", "location",         "retry-after",    "transfer-encoding",
};

#define FIELDS (sizeof field_names / sizeof field_names[0])

/* Content-Length and its kin: RFC 9110 section 8.6 sets no limit, a signed 64-bit count does. */
#define NUMBER_MAX ((uint64_t)INT64_MAX)

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* tchar, RFC 9110 section 5.6.2. */
static bool is_token_char(uint8_t c)
{
    return is_digit(c) || (fota_text_lower((char)c) >= 'a' && fota_text_lower((char)c) <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static enum fota_stage stage_of(const struct fota_http_reader *reader)
{
    return reader->opened ? FOTA_STAGE_DOWNLOAD : FOTA_STAGE_CONNECT;
}

static int fail(const struct fota_http_reader *reader, struct fota_fault *fault, int error)
{
    return fota_fail(fault, error, stage_of(reader), 0, 0);
}

static int fail_large(const struct fota_http_reader *reader, struct fota_fault *fault, size_t limit,
                      size_t got)
{
    return fota_fail(fault, FOTA_ERR_HTTP_TOO_LARGE, stage_of(reader), fota_clamp32(limit),
                     fota_clamp32(got));
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool take_char(const char *text, size_t length, size_t *at, char c)
{
    if (*at == length || text[*at] != c)
        return false;
    ++*at;
    return true;
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* RFC 9112 section 6.3: two lengths, even equal ones, are what request smuggling is made of. */
static int content_length(struct fota_http_reader *reader, struct fota_fault *fault)
{
    struct fota_http_header *header = &reader->header;
    size_t at = 0;

    if (header->has_length ||
        !fota_text_number(reader->line, reader->line_length, &at, &header->length) ||
        at != reader->line_length)
        return fail(reader, fault, FOTA_ERR_HTTP_LENGTH);
    header->has_length = true;
    return FOTA_HTTP_MORE;
}

static int transfer_encoding(struct fota_http_reader *reader, struct fota_fault *fault)
{
    if (reader->header.chunked || !fota_text_is(reader->line, reader->line_length, "chunked"))
        return fail(reader, fault, FOTA_ERR_HTTP_ENCODING);
    reader->header.chunked = true;
    return FOTA_HTTP_MORE;
}

/* RFC 9110 section 14.4: an invalid range is as good as none. */
static void parse_range(struct fota_http_header *header, const char *text, size_t length)
{
    uint64_t start = 0, end = 0, total = 0;
    bool has_range = false, has_total;
    size_t at = 6;

    if (length < at || !fota_text_is(text, 5, "bytes") || text[5] != ' ')
        return;
    if (!take_char(text, length, &at, '*')) {
        if (!fota_text_number(text, length, &at, &start) || !take_char(text, length, &at, '-') ||
            !fota_text_number(text, length, &at, &end) || end < start)
            return;
        has_range = true;
    }
    if (!take_char(text, length, &at, '/'))
        return;
    has_total = !take_char(text, length, &at, '*');
    if (has_total && !fota_text_number(text, length, &at, &total))
        return;
    if (at != length || (has_range && has_total && total <= end))
        return;
    header->has_range_total = has_total;
    header->range_total = total;
    header->has_range = has_range;
    if (has_range) {
        header->range_start = start;
        header->range_end = end;
    }
}

static int content_range(struct fota_http_reader *reader, struct fota_fault *fault)
{
    if (reader->ranged)
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    reader->ranged = true;
    parse_range(&reader->header, reader->line, reader->line_length);
    return FOTA_HTTP_MORE;
}

static int location(struct fota_http_reader *reader, struct fota_fault *fault)
{
    if (reader->header.has_location)
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    reader->location[reader->line_length] = '\0';
    reader->header.location_length = reader->line_length;
    reader->header.has_location = true;
    return FOTA_HTTP_MORE;
}

/* RFC 9110 section 10.2.3. A count beyond 64 bits is a long time as well. */
static void retry_after(struct fota_http_reader *reader)
{
    struct fota_http_header *header = &reader->header;
    uint64_t seconds = 0;
    size_t at = 0;

    while (at < reader->line_length && is_digit((uint8_t)reader->line[at])) {
        seconds = fota_clamp32(seconds * 10 + (uint64_t)(reader->line[at] - '0'));
        at++;
    }
    if (at == reader->line_length)
        header->retry_after = (uint32_t)seconds;
    reader->retry_date = fota_text_date(reader->line, reader->line_length);
}

/* RFC 9110 section 8.8.3: a weak one does not promise the same bytes. */
static void etag(struct fota_http_reader *reader)
{
    const char *text = reader->line;
    size_t length = reader->line_length;
    bool weak = length >= 2 && fota_text_lower(text[0]) == 'w' && text[1] == '/';

    reader->etag = weak || length == 0 ? 0 : fota_text_hash(text, length);
}

static int field_end(struct fota_http_reader *reader, struct fota_fault *fault)
{
    switch ((enum field)reader->field) {
    case FIELD_CONNECTION:
        reader->header.closes |= !fota_text_is(reader->line, reader->line_length, "keep-alive");
        break;
    case FIELD_CONTENT_ENCODING:
        reader->encoded |= !fota_text_is(reader->line, reader->line_length, "identity");
        break;
    case FIELD_CONTENT_LENGTH: return content_length(reader, fault);
    case FIELD_CONTENT_RANGE: return content_range(reader, fault);
    case FIELD_DATE: reader->date = fota_text_date(reader->line, reader->line_length); break;
    case FIELD_ETAG: etag(reader); break;
    case FIELD_LAST_MODIFIED:
        reader->modified =
            reader->line_length > 0 ? fota_text_hash(reader->line, reader->line_length) : 0;
        break;
    case FIELD_LOCATION: return location(reader, fault);
    case FIELD_RETRY_AFTER: retry_after(reader); break;
    case FIELD_TRANSFER_ENCODING: return transfer_encoding(reader, fault);
    case FIELD_OTHER: break;
    }
    return FOTA_HTTP_MORE;
}

/* ---- header ---------------------------------------------------------------------------------- */

/* Forgets a header, but not how much of one was read: interim responses count as well. */
static void begin_header(struct fota_http_reader *reader)
{
    memset(&reader->header, 0, sizeof reader->header);
    reader->state = STATE_STATUS;
    reader->line_length = 0;
    reader->encoded = reader->old = reader->ranged = false;
    reader->etag = reader->modified = reader->date = reader->retry_date = 0;
}

/* Seconds between two dates, 0 if the second is not later. */
static uint32_t until(uint32_t now, uint32_t then)
{
    return then - now <= INT32_MAX ? then - now : 0;
}

static int header_end(struct fota_http_reader *reader, struct fota_fault *fault)
{
    struct fota_http_header *header = &reader->header;

    if (header->status < 200) {
        begin_header(reader);
        return FOTA_HTTP_MORE;
    }
    /* RFC 9112 section 6.1: a length beside chunked, or chunked from HTTP/1.0, is
     * faulty framing. */
    if (header->chunked && (header->has_length || reader->old))
        return fail(reader, fault, FOTA_ERR_HTTP_LENGTH);
    /* The encoding of an error page does not matter, only its status does. */
    if (reader->encoded && header->status < 300)
        return fail(reader, fault, FOTA_ERR_HTTP_ENCODING);
    header->closes |= reader->old;
    /* Uses only the server's clock, because a modem may have none. */
    if (reader->date != 0 && reader->retry_date != 0)
        header->retry_after = until(reader->date, reader->retry_date);
    header->validator = reader->etag != 0 ? reader->etag : reader->modified;
    /* RFC 9112 section 6.3, in its order. */
    if (header->status == 204 || header->status == 304) {
        reader->state = STATE_BODY;
    } else if (header->chunked) {
        reader->state = STATE_SIZE;
    } else if (header->has_length) {
        reader->state = STATE_BODY;
        reader->left = header->length;
    } else {
        reader->state = STATE_REST;
    }
    reader->opened = true;
    return FOTA_HTTP_HEADER;
}

/* The empty line after the fields, or after the trailer of a chunked body. */
static int fields_end(struct fota_http_reader *reader, struct fota_fault *fault)
{
    if (reader->opened) {
        reader->state = STATE_DONE;
        return FOTA_HTTP_END;
    }
    return header_end(reader, fault);
}

static int status_state(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    static const char pattern[] = "HTTP/1.0 000"; /* a 0 is any digit */
    size_t at = reader->line_length;

    if (at < sizeof pattern - 1) {
        if (pattern[at] == '0' ? !is_digit(c) : c != (uint8_t)pattern[at])
            return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
        reader->old |= at == 7 && c == '0';
        if (at > 8)
            reader->header.status = (uint16_t)(reader->header.status * 10 + c - '0');
        reader->line_length++;
        return FOTA_HTTP_MORE;
    }
    if (reader->header.status < 100 || (at == sizeof pattern - 1 && c != ' ' && c != '\n'))
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    /* The reason phrase means nothing. */
    reader->line_length = sizeof pattern;
    if (c == '\n') {
        reader->state = STATE_NAME;
        reader->line_length = 0;
    }
    return FOTA_HTTP_MORE;
}

/* Trailer fields are skipped: what they say comes too late. */
static uint8_t find_field(const struct fota_http_reader *reader)
{
    for (size_t i = 1; !reader->opened && i < FIELDS; i++)
        if (fota_text_is(reader->line, reader->line_length, field_names[i]))
            return (uint8_t)i;
    return FIELD_OTHER;
}

/* Anything but a token is an error, so a blank before the colon and a folded line are, too. */
static int name_state(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    if (c == '\n' && reader->line_length == 0)
        return fields_end(reader, fault);
    if (c == ':' && reader->line_length > 0) {
        if (++reader->lines > FOTA_HTTP_LINES_MAX)
            return fail_large(reader, fault, FOTA_HTTP_LINES_MAX, reader->lines);
        reader->field = find_field(reader);
        reader->line_length = 0;
        reader->state = STATE_VALUE;
        return FOTA_HTTP_MORE;
    }
    if (!is_token_char(c))
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    /* A name that fills the line is not one of those that matter. */
    if (reader->line_length < sizeof reader->line)
        reader->line[reader->line_length++] = (char)c;
    return FOTA_HTTP_MORE;
}

static int value_state(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    bool to_location = reader->field == FIELD_LOCATION;
    char *text = to_location ? reader->location : reader->line;
    size_t room = to_location ? reader->location_size - 1 : sizeof reader->line;

    if (c == '\n') {
        int result;

        while (reader->line_length > 0 && is_blank((uint8_t)text[reader->line_length - 1]))
            reader->line_length--;
        result = field_end(reader, fault);
        reader->line_length = 0;
        reader->state = STATE_NAME;
        return result;
    }
    if (reader->field == FIELD_OTHER || (is_blank(c) && reader->line_length == 0))
        return FOTA_HTTP_MORE;
    if (reader->line_length >= room)
        return fail_large(reader, fault, room, room + 1);
    text[reader->line_length++] = (char)c;
    return FOTA_HTTP_MORE;
}

/* ---- chunks (RFC 9112 section 7.1) ----------------------------------------------------------- */

static int size_end(struct fota_http_reader *reader)
{
    reader->line_length = 0;
    reader->sized = false;
    reader->state = reader->left > 0 ? STATE_CHUNK : STATE_NAME;
    reader->last_chunk = reader->left == 0;
    return FOTA_HTTP_MORE;
}

static int size_state(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    int digit = fota_text_hex((char)c);

    if (digit >= 0) {
        if (reader->left > NUMBER_MAX >> 4)
            return fail(reader, fault, FOTA_ERR_HTTP_LENGTH);
        reader->left = reader->left << 4 | (uint64_t)digit;
        reader->sized = true;
        return FOTA_HTTP_MORE;
    }
    if (!reader->sized || (c != '\n' && c != ';' && !is_blank(c)))
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    if (c == '\n')
        return size_end(reader);
    reader->state = c == ';' ? STATE_EXTENSION : STATE_SIZE_BLANK;
    return FOTA_HTTP_MORE;
}

static int size_blank_state(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    if (c == '\n')
        return size_end(reader);
    if (c == ';')
        reader->state = STATE_EXTENSION;
    else if (!is_blank(c))
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    return FOTA_HTTP_MORE;
}

static int chunk_end_state(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    if (c != '\n')
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    reader->line_length = 0;
    reader->left = 0;
    reader->state = STATE_SIZE;
    return FOTA_HTTP_MORE;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* The limits: a whole header, or one line of the chunks' framing. */
static int count_byte(struct fota_http_reader *reader, struct fota_fault *fault)
{
    if (reader->state <= STATE_VALUE) {
        if (++reader->header_bytes > FOTA_HTTP_HEADER_MAX)
            return fail_large(reader, fault, FOTA_HTTP_HEADER_MAX, reader->header_bytes);
    } else if (++reader->line_length > FOTA_HTTP_LINE_MAX) {
        return fail_large(reader, fault, FOTA_HTTP_LINE_MAX, reader->line_length);
    }
    return FOTA_HTTP_MORE;
}

/* One byte of the header or of the chunks' framing. */
static int take_byte(struct fota_http_reader *reader, uint8_t c, struct fota_fault *fault)
{
    int result = count_byte(reader, fault);

    if (result < 0)
        return result;
    /* RFC 9112 section 2.2: a bare LF ends a line, a bare CR is an error. */
    if (c == '\0' || (reader->cr && c != '\n'))
        return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    reader->cr = c == '\r';
    if (reader->cr)
        return FOTA_HTTP_MORE;
    switch ((enum state)reader->state) {
    case STATE_STATUS: return status_state(reader, c, fault);
    case STATE_NAME: return name_state(reader, c, fault);
    case STATE_VALUE: return value_state(reader, c, fault);
    case STATE_SIZE: return size_state(reader, c, fault);
    case STATE_SIZE_BLANK: return size_blank_state(reader, c, fault);
    case STATE_EXTENSION: return c == '\n' ? size_end(reader) : FOTA_HTTP_MORE;
    case STATE_CHUNK_END: return chunk_end_state(reader, c, fault);
    default: return fail(reader, fault, FOTA_ERR_HTTP_SYNTAX);
    }
}

/* Bytes of the body lie in the input as they are: a whole run of them at once. */
static int take_body(struct fota_http_reader *reader, const uint8_t *data, size_t length,
                     size_t *used, const uint8_t **body, size_t *body_length)
{
    size_t run = length - *used;

    if (reader->state == STATE_DONE || (reader->state == STATE_BODY && reader->left == 0)) {
        reader->state = STATE_DONE;
        return FOTA_HTTP_END;
    }
    if (run == 0)
        return FOTA_HTTP_MORE;
    if (reader->state != STATE_REST) {
        run = run < reader->left ? run : (size_t)reader->left;
        reader->left -= run;
    }
    if (reader->state == STATE_CHUNK && reader->left == 0)
        reader->state = STATE_CHUNK_END;
    *body = data + *used;
    *body_length = run;
    *used += run;
    return FOTA_HTTP_BODY;
}

/* ---- interface ------------------------------------------------------------------------------- */

void fota_http_reader_start(struct fota_http_reader *reader, char *location_text, size_t size)
{
    memset(reader, 0, sizeof *reader);
    reader->location = location_text;
    reader->location_size = size < UINT16_MAX ? size : UINT16_MAX;
    begin_header(reader);
}

int fota_http_reader_feed(struct fota_http_reader *reader, const uint8_t *data, size_t length,
                          size_t *used, const uint8_t **body, size_t *body_length,
                          struct fota_fault *fault)
{
    int result = FOTA_HTTP_MORE;

    *used = 0;
    *body = NULL;
    *body_length = 0;
    while (result == FOTA_HTTP_MORE) {
        if (reader->state == STATE_BODY || reader->state == STATE_REST ||
            reader->state == STATE_CHUNK || reader->state == STATE_DONE)
            return take_body(reader, data, length, used, body, body_length);
        if (*used == length)
            return FOTA_HTTP_MORE;
        result = take_byte(reader, data[(*used)++], fault);
    }
    if (result < 0)
        reader->state = STATE_FAILED;
    return result;
}

uint64_t fota_http_reader_ahead(const struct fota_http_reader *reader)
{
    if (reader->state == STATE_REST)
        return UINT64_MAX;
    return reader->state == STATE_BODY || reader->state == STATE_CHUNK ? reader->left : 0;
}

int fota_http_reader_close(struct fota_http_reader *reader, struct fota_fault *fault)
{
    const struct fota_http_header *header = &reader->header;

    switch ((enum state)reader->state) {
    case STATE_DONE:
    case STATE_REST: return 0;
    case STATE_BODY:
        if (reader->left == 0)
            return 0;
        return fota_fail(fault, FOTA_ERR_CLOSED, FOTA_STAGE_DOWNLOAD, fota_clamp32(header->length),
                         fota_clamp32(header->length - reader->left));
    default:
        /* RFC 9112 section 8: the body is complete with the chunk of size 0, trailer or not. */
        if (reader->last_chunk && reader->state != STATE_FAILED)
            return 0;
        return fail(reader, fault, FOTA_ERR_CLOSED);
    }
}
