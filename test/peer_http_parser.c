/*
 * peer_http_parser.c - http-parser, which llhttp came from and which many programs still have.
 */
#include <string.h>

#include <http_parser.h>

#include "http_peers.h"

static int hp_header(http_parser *parser)
{
    struct outcome *outcome = parser->data;

    if (parser->status_code >= 200)
        outcome->status = parser->status_code;
    return 0;
}

static int hp_body(http_parser *parser, const char *at, size_t length)
{
    add_body(parser->data, at, length);
    return 0;
}

static int hp_message(http_parser *parser)
{
    struct outcome *outcome = parser->data;

    if (parser->status_code < 200)
        return 0;
    outcome->verdict = COMPLETE;
    http_parser_pause(parser, 1);
    return 0;
}

void read_http_parser(const uint8_t *data, size_t size, struct outcome *outcome)
{
    http_parser_settings settings;
    http_parser parser;
    enum http_errno error;

    memset(outcome, 0, sizeof *outcome);
    http_parser_settings_init(&settings);
    settings.on_headers_complete = hp_header;
    settings.on_body = hp_body;
    settings.on_message_complete = hp_message;
    http_parser_init(&parser, HTTP_RESPONSE);
    parser.data = outcome;
    (void)http_parser_execute(&parser, &settings, (const char *)data, size);
    error = HTTP_PARSER_ERRNO(&parser);
    outcome->error = error;
    outcome->switched = parser.upgrade;
    if (error == HPE_OK && outcome->verdict != COMPLETE && outcome->status)
        (void)http_parser_execute(&parser, &settings, NULL, 0); /* the connection ends */
    if (outcome->verdict != COMPLETE && error == HPE_OK)
        outcome->verdict = UNFINISHED;
}
