#include "source.h"

#include <string.h>

static void prepare(struct fota_source *source, bool is_ftp)
{
    const struct fota_port *port = source->port;

    source->is_ftp = is_ftp;
    if (is_ftp) {
        port->ftp->init(&source->client.ftp, &port->net, &port->tls, &port->system,
                        &source->timeouts);
    } else {
        fota_http_init(&source->client.http, &port->net, &port->tls, &port->system,
                       &source->timeouts);
    }
    fota_source_secure(source, source->params);
}

void fota_source_init(struct fota_source *source, const struct fota_port *port,
                      const struct fota_timeouts *timeouts)
{
    source->port = port;
    source->timeouts = *timeouts;
    source->params = NULL;
    prepare(source, false);
}

void fota_source_secure(struct fota_source *source, const struct fota_tls_params *params)
{
    source->params = params;
    if (source->is_ftp)
        source->client.ftp.params = params;
    else
        source->client.http.params = params;
}

int fota_source_open(struct fota_source *source, const char *url, uint64_t offset,
                     struct fota_fault *fault)
{
    struct fota_url parts;
    int error = fota_url_parse(url, strlen(url), FOTA_URL_MAX, &parts, fault);
    bool is_ftp = error == 0 && parts.scheme >= FOTA_SCHEME_FTP;

    if (error || is_ftp != source->is_ftp)
        fota_source_close(source);
    if (error)
        return error;
    if (is_ftp != source->is_ftp)
        prepare(source, is_ftp);
    return is_ftp ? source->port->ftp->open(&source->client.ftp, url, offset, fault)
                  : fota_http_open(&source->client.http, url, offset, fault);
}

int fota_source_step(struct fota_source *source, uint8_t *data, size_t size, size_t *got,
                     struct fota_fault *fault)
{
    return source->is_ftp ? source->port->ftp->step(&source->client.ftp, data, size, got, fault)
                          : fota_http_step(&source->client.http, data, size, got, fault);
}

const struct fota_file_identity *fota_source_identity(const struct fota_source *source)
{
    return source->is_ftp ? &source->client.ftp.identity : &source->client.http.identity;
}

uint32_t fota_source_received(const struct fota_source *source)
{
    const struct fota_ftp *ftp = &source->client.ftp;

    return source->is_ftp ? ftp->control.received + ftp->data.received
                          : source->client.http.connection.received;
}

uint32_t fota_source_retry_after(const struct fota_source *source)
{
    return source->is_ftp ? 0 : source->client.http.retry_after_s;
}

void fota_source_close(struct fota_source *source)
{
    if (source->is_ftp)
        source->port->ftp->close(&source->client.ftp);
    else
        fota_http_close(&source->client.http);
}
