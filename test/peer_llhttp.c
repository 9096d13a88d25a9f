/*
 * peer_llhttp.c - llhttp, Node.js's reader of HTTP, in its strict mode.
 */
#include <string.h>

#include <llhttp.h>

#include "http_peers.h"

static int ll_header(llhttp_t *parser)
{
    struct outcome *outcome = parser->data;

    if (parser->status_code >= 200)
        outcome->status = parser->status_code;
    return 0;
}

static int ll_body(llhttp_t *parser, const char *at, size_t length)
{
    add_body(parser->data, at, length);
    return 0;
}

/* Interim responses are messages of their own there. */
static int ll_message(llhttp_t *parser)
{
    struct outcome *outcome = parser->data;

    if (parser->status_code < 200)
        return 0;
    outcome->verdict = COMPLETE;
    return HPE_PAUSED;
}

void read_llhttp(const uint8_t *data, size_t size, struct outcome *outcome)
{
    llhttp_settings_t settings;
    llhttp_errno_t error;
    llhttp_t parser;

    memset(outcome, 0, sizeof *outcome);
    llhttp_settings_init(&settings);
    settings.on_headers_complete = ll_header;
    settings.on_body = ll_body;
    settings.on_message_complete = ll_message;
    llhttp_init(&parser, HTTP_RESPONSE, &settings);
    parser.data = outcome;
    error = llhttp_execute(&parser, (const char *)data, size);
    if (error == HPE_OK && llhttp_message_needs_eof(&parser) && outcome->status)
        (void)llhttp_finish(&parser);
    outcome->error = error;
    outcome->switched = error == HPE_PAUSED_UPGRADE;
    if (outcome->verdict != COMPLETE && error == HPE_OK)
        outcome->verdict = UNFINISHED;
}
