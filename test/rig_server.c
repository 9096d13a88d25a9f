/* The rig's web server, on the other side of its network. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_parts.h"

/* ---- the server ------------------------------------------------------------------------------ */

static int net_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    struct rig_server *s = &((struct rig *)ctx)->server;

    (void)host, (void)port, (void)family;
    rig_check(s->open == 0, "a second connection");
    s->requests++;
    if (s->refuse)
        return FOTA_ERR_CONNECT;
    s->open = 1;
    s->text_length = s->text_at = 0;
    s->answered = false;
    *stream = 7;
    return 0;
}

static int net_ready(void *ctx, int stream)
{
    (void)ctx, (void)stream;
    return 1;
}

/* What the body of the answer is: a part of the file from `offset` on. */
static int choose(struct rig_server *s, size_t offset)
{
    s->serving = s->file;
    s->at = 0;
    s->end = s->length;
    if (strncmp(s->text, "GET /2 ", 7) == 0) {
        if (!s->second)
            return 404;
        s->serving = s->second->data;
        s->end = s->second->length;
    }
    s->whole = s->end;
    if (s->status)
        return s->status;
    if (offset == 0 || s->no_ranges)
        return 200;
    if (offset >= s->end) {
        s->end = 0;
        return 416;
    }
    s->at = offset;
    if (s->range_limit && s->end - s->at > s->range_limit)
        s->end = s->at + s->range_limit;
    return 206;
}

/* Says what the script has for this request; false: nothing. */
static bool answer_by_script(struct rig_server *s)
{
    const struct rig_answer *scripted = s->script;

    if (s->script_length == 0)
        return false;
    s->script++;
    s->script_length--;
    if (!scripted->head)
        return false;
    s->text_length = (size_t)snprintf(s->text, sizeof s->text, "%s", scripted->head);
    s->serving = s->file;
    s->at = scripted->at;
    s->end = scripted->end;
    s->cutting = false;
    s->answered = true;
    return true;
}

static void answer(struct rig_server *s)
{
    const char *range = strstr(s->text, "Range: bytes=");
    size_t offset = range ? strtoul(range + strlen("Range: bytes="), NULL, 10) : 0;
    int status, n;

    s->last_offset = offset;
    if (answer_by_script(s))
        return;
    status = choose(s, offset);
    n = snprintf(s->text, sizeof s->text, "HTTP/1.1 %d X\r\n", status);
    if (!s->no_length || status == 206)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, "Content-Length: %zu\r\n",
                      s->end - s->at);
    if (status == 206)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n,
                      "Content-Range: bytes %zu-%zu/%zu\r\n", s->at, s->end - 1, s->whole);
    if (status == 416)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, "Content-Range: bytes */%zu\r\n",
                      s->whole);
    if (s->etag)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, "ETag: %s\r\n", s->etag);
    n += snprintf(s->text + n, sizeof s->text - (size_t)n, "\r\n");
    s->text_length = (size_t)n;
    s->answered = true;
    s->cutting = s->cuts > 0;
    s->cut_left = s->cut_at;
    s->cuts -= s->cutting;
}

static int net_send(void *ctx, int stream, const void *data, size_t len)
{
    struct rig_server *s = &((struct rig *)ctx)->server;

    (void)stream;
    rig_check(!s->answered && len < sizeof s->text - s->text_length, "an odd request");
    memcpy(s->text + s->text_length, data, len);
    s->text_length += len;
    s->text[s->text_length] = '\0';
    if (strstr(s->text, "\r\n\r\n") && !s->silent)
        answer(s);
    return (int)len;
}

static size_t smallest(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int net_recv(void *ctx, int stream, void *data, size_t len)
{
    struct rig_server *s = &((struct rig *)ctx)->server;
    uint32_t byte_ms = s->text_at < s->text_length ? s->head_ms : s->body_ms;
    uint64_t now_ms = ((struct rig *)ctx)->now_ms;
    size_t n;

    (void)stream;
    s->dripped = !s->dripped;
    if (!s->answered || (s->drip && s->dripped) || (byte_ms && now_ms < s->next_ms))
        return 0;
    s->next_ms = now_ms + byte_ms;
    n = s->segment ? smallest(len, s->segment) : len;
    n = byte_ms ? 1 : n;
    if (s->text_at < s->text_length) {
        n = smallest(n, s->text_length - s->text_at);
        memcpy(data, s->text + s->text_at, n);
        s->text_at += n;
        return (int)n;
    }
    if (s->cutting && s->cut_left == 0)
        return FOTA_ERR_CLOSED;
    if (s->cutting)
        n = smallest(n, s->cut_left);
    if (s->at == s->end) {
        n = s->trailer ? smallest(n, strlen(s->trailer)) : 0;
        memcpy(data, s->trailer ? s->trailer : "", n);
        s->trailer = s->trailer ? s->trailer + n : NULL;
        return n ? (int)n : FOTA_ERR_CLOSED;
    }
    n = smallest(n, s->end - s->at);
    memcpy(data, s->serving + s->at, n);
    s->at += n;
    s->sent += n;
    s->cut_left -= s->cutting ? n : 0;
    return (int)n;
}

static void net_close(void *ctx, int stream)
{
    struct rig_server *s = &((struct rig *)ctx)->server;

    rig_check(stream == 7 && s->open == 1, "closed what is not open");
    s->open = 0;
}

static void net_wait(void *ctx, uint32_t ms)
{
    ((struct rig *)ctx)->now_ms += ms;
}

const struct fota_net_ops rig_net_ops = {
    .open = net_open,
    .ready = net_ready,
    .send = net_send,
    .recv = net_recv,
    .close = net_close,
    .wait = net_wait,
};
