#include "connection.h"

#include "fault.h"

const struct fota_tls_params fota_tls_usual = {.level = FOTA_TLS_SERVER};

void fota_connection_init(struct fota_connection *connection, const struct fota_net *net,
                          const struct fota_tls *tls)
{
    connection->net = net;
    connection->tls = tls;
    connection->stream = -1;
    connection->secure = false;
    connection->received = 0;
}

int fota_connection_open(struct fota_connection *connection, const char *host, uint16_t port,
                         enum fota_address_family family)
{
    const struct fota_net *net = connection->net;
    int error;

    fota_connection_close(connection);
    error = net->ops->open(net->ctx, host, port, family, &connection->stream);
    if (error)
        connection->stream = -1;
    return error;
}

int fota_connection_secure(struct fota_connection *connection, const char *host,
                           const struct fota_tls_params *params)
{
    const struct fota_tls *tls = connection->tls;
    int error;

    if (!tls || !tls->ops)
        return FOTA_ERR_NOT_BUILT;
    error = tls->ops->start(tls->ctx, connection->net, connection->stream, host,
                            params ? params : &fota_tls_usual);
    connection->secure = error == 0;
    return error;
}

int fota_connection_fail(const struct fota_connection *connection, int error, enum fota_stage stage,
                         struct fota_fault *fault)
{
    const struct fota_tls *tls = connection->tls;

    fota_fail(fault, error, stage, 0, tls && tls->ops ? tls->ops->reason(tls->ctx) : 0);
    return fota_about(
        fault, error == FOTA_ERR_NOT_BUILT ? "TLS" : "a certificate or the key cannot be read");
}

int fota_connection_ready(struct fota_connection *connection)
{
    if (connection->secure)
        return connection->tls->ops->ready(connection->tls->ctx, connection->stream);
    return connection->net->ops->ready(connection->net->ctx, connection->stream);
}

int fota_connection_send(struct fota_connection *connection, const void *data, size_t length)
{
    const struct fota_tls *tls = connection->tls;
    const struct fota_net *net = connection->net;

    if (connection->secure)
        return tls->ops->send(tls->ctx, connection->stream, data, length);
    return net->ops->send(net->ctx, connection->stream, data, length);
}

int fota_connection_recv(struct fota_connection *connection, void *data, size_t length)
{
    const struct fota_tls *tls = connection->tls;
    const struct fota_net *net = connection->net;
    int received = connection->secure ? tls->ops->recv(tls->ctx, connection->stream, data, length)
                                      : net->ops->recv(net->ctx, connection->stream, data, length);

    connection->received += received > 0 ? (unsigned)received : 0;
    return received;
}

void fota_connection_close(struct fota_connection *connection)
{
    if (connection->stream < 0)
        return;
    if (connection->secure)
        connection->tls->ops->stop(connection->tls->ctx, connection->stream);
    connection->net->ops->close(connection->net->ctx, connection->stream);
    connection->stream = -1;
    connection->secure = false;
}
