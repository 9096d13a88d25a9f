#include "source.h"

void fota_source_init(struct fota_source *source, const struct fota_port *port,
                      const struct fota_timeouts *timeouts)
{
    fota_http_init(&source->http, &port->net, &port->tls, &port->system, timeouts);
}

void fota_source_secure(struct fota_source *source, const struct fota_tls_params *params)
{
    source->http.params = params;
}

int fota_source_open(struct fota_source *source, const char *url, uint64_t offset,
                     struct fota_fault *fault)
{
    return fota_http_open(&source->http, url, offset, fault);
}

int fota_source_step(struct fota_source *source, uint8_t *data, size_t size, size_t *got,
                     struct fota_fault *fault)
{
    return fota_http_step(&source->http, data, size, got, fault);
}

const struct fota_file_identity *fota_source_identity(const struct fota_source *source)
{
    return &source->http.identity;
}

uint32_t fota_source_retry_after(const struct fota_source *source)
{
    return source->http.retry_after_s;
}

void fota_source_close(struct fota_source *source)
{
    fota_http_close(&source->http);
}
