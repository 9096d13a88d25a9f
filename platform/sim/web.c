#include "platform/sim/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "fota_error.h"

#define FIRST_STREAM 100 /* below are the streams of the network underneath */

static struct fota_sim_web_stream *stream_of(struct fota_sim_web *web, int stream)
{
    return stream >= FIRST_STREAM ? &web->streams[stream - FIRST_STREAM] : NULL;
}

/* ---- answering ------------------------------------------------------------------------------- */

static const struct fota_sim_web_file *find(const struct fota_sim_web *web, const char *name,
                                            size_t length)
{
    for (size_t i = 0; i < FOTA_SIM_WEB_FILES; i++) {
        const struct fota_sim_web_file *file = &web->files[i];

        if (file->data && strlen(file->name) == length && memcmp(file->name, name, length) == 0)
            return file;
    }
    return NULL;
}

static void answer_file(struct fota_sim_web_stream *s, const struct fota_sim_web_file *file)
{
    const char *range = strstr(s->request, "\r\nRange: bytes=");
    size_t from = range ? (size_t)strtoull(range + strlen("\r\nRange: bytes="), NULL, 10) : 0;
    int n;

    if (range && from >= file->size) {
        n = snprintf(s->header, sizeof s->header,
                     "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%zu\r\n"
                     "Content-Length: 0\r\nConnection: close\r\n\r\n",
                     file->size);
    } else {
        n = snprintf(s->header, sizeof s->header, "HTTP/1.1 %s\r\nETag: \"%08x\"\r\n",
                     range ? "206 Partial Content" : "200 OK", (unsigned)file->tag);
        if (range)
            n += snprintf(s->header + n, sizeof s->header - (size_t)n,
                          "Content-Range: bytes %zu-%zu/%zu\r\n", from, file->size - 1, file->size);
        n += snprintf(s->header + n, sizeof s->header - (size_t)n,
                      "Content-Length: %zu\r\nConnection: close\r\n\r\n", file->size - from);
        s->file = file;
        s->at = from;
        s->end = file->size;
    }
    s->length = (size_t)n;
}

static void answer(const struct fota_sim_web *web, struct fota_sim_web_stream *s)
{
    const char *path = strchr(s->request, ' ');
    const struct fota_sim_web_file *file = NULL;

    if (path)
        file = find(web, path + 1, strcspn(path + 1, " ?"));
    s->answered = true;
    if (file) {
        answer_file(s, file);
        return;
    }
    s->length = (size_t)snprintf(s->header, sizeof s->header,
                                 "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n");
}

/* ---- the port -------------------------------------------------------------------------------- */

static int web_open(void *ctx, const char *host, uint16_t port, enum fota_address_family family,
                    int *stream)
{
    struct fota_sim_web *web = ctx;

    if (strcmp(host, FOTA_SIM_WEB_HOST) != 0)
        return web->lower.ops->open(web->lower.ctx, host, port, family, stream);
    for (int i = 0; i < FOTA_SIM_WEB_STREAMS; i++) {
        if (!web->streams[i].open) {
            memset(&web->streams[i], 0, sizeof web->streams[i]);
            web->streams[i].open = true;
            *stream = FIRST_STREAM + i;
            return 0;
        }
    }
    return FOTA_ERR_CONNECT;
}

static int web_ready(void *ctx, int stream)
{
    struct fota_sim_web *web = ctx;

    return stream_of(web, stream) ? 1 : web->lower.ops->ready(web->lower.ctx, stream);
}

static int web_send(void *ctx, int stream, const void *data, size_t len)
{
    struct fota_sim_web *web = ctx;
    struct fota_sim_web_stream *s = stream_of(web, stream);

    if (!s)
        return web->lower.ops->send(web->lower.ctx, stream, data, len);
    if (len > sizeof s->request - 1 - s->asked)
        return FOTA_ERR_CONNECTION;
    memcpy(s->request + s->asked, data, len);
    s->asked += len;
    s->request[s->asked] = '\0';
    if (!s->answered && strstr(s->request, "\r\n\r\n"))
        answer(web, s);
    return (int)len;
}

static int web_recv(void *ctx, int stream, void *data, size_t len)
{
    struct fota_sim_web *web = ctx;
    struct fota_sim_web_stream *s = stream_of(web, stream);
    size_t n;

    if (!s)
        return web->lower.ops->recv(web->lower.ctx, stream, data, len);
    if (!s->answered)
        return 0;
    if (s->sent < s->length) {
        n = s->length - s->sent < len ? s->length - s->sent : len;
        memcpy(data, s->header + s->sent, n);
        s->sent += n;
        return (int)n;
    }
    if (!s->file || s->at == s->end)
        return FOTA_ERR_CLOSED;
    n = s->end - s->at < len ? s->end - s->at : len;
    memcpy(data, s->file->data + s->at, n);
    s->at += n;
    return (int)n;
}

static void web_close(void *ctx, int stream)
{
    struct fota_sim_web *web = ctx;
    struct fota_sim_web_stream *s = stream_of(web, stream);

    if (s)
        s->open = false;
    else
        web->lower.ops->close(web->lower.ctx, stream);
}

static void web_wait(void *ctx, uint32_t ms)
{
    struct fota_sim_web *web = ctx;

    for (size_t i = 0; i < FOTA_SIM_WEB_STREAMS; i++)
        if (web->streams[i].open && web->streams[i].answered)
            return; /* this server is never slow */
    web->lower.ops->wait(web->lower.ctx, ms);
}

struct fota_net fota_sim_web_open(struct fota_sim_web *web, struct fota_net lower)
{
    static const struct fota_net_ops ops = {web_open,  web_ready, web_send, web_recv,
                                            web_close, web_wait,  NULL};

    memset(web, 0, sizeof *web);
    web->lower = lower;
    return (struct fota_net){&ops, web};
}

void fota_sim_web_disconnect(struct fota_sim_web *web)
{
    for (size_t i = 0; i < FOTA_SIM_WEB_STREAMS; i++)
        web->streams[i].open = false;
}

void fota_sim_web_close(struct fota_sim_web *web)
{
    fota_sim_web_disconnect(web);
    for (size_t i = 0; i < FOTA_SIM_WEB_FILES; i++)
        free(web->files[i].data);
    memset(web->files, 0, sizeof web->files);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A connection that is served from the file loses its bytes, as when a server restarts. */
static void drop(struct fota_sim_web *web, struct fota_sim_web_file *file)
{
    for (size_t i = 0; i < FOTA_SIM_WEB_STREAMS; i++)
        if (web->streams[i].file == file)
            web->streams[i].file = NULL;
    free(file->data);
    file->data = NULL;
}

int fota_sim_web_serve(struct fota_sim_web *web, const char *name, const void *data, size_t size)
{
    struct fota_sim_web_file *place = NULL;

    if (strlen(name) >= sizeof place->name)
        return FOTA_ERR_ARGUMENT;
    for (size_t i = 0; i < FOTA_SIM_WEB_FILES; i++) {
        struct fota_sim_web_file *file = &web->files[i];

        if (file->data && strcmp(file->name, name) == 0)
            drop(web, file);
        if (!file->data && !place)
            place = file;
    }
    if (!data)
        return 0;
    if (!place || !(place->data = malloc(size + 1)))
        return FOTA_ERR_MEMORY;
    memcpy(place->data, data, size);
    strcpy(place->name, name);
    place->size = size;
    place->tag = fota_crc32(0, data, size);
    return 0;
}
