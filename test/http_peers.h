/*
 * http_peers.h - other readers of HTTP, for fuzz_http_peers.c. Each has a file of its own: their
 * headers do not go together.
 */
#ifndef FOTA_TEST_HTTP_PEERS_H
#define FOTA_TEST_HTTP_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { REFUSED, UNFINISHED, COMPLETE };

/* What a reader makes of a response. */
struct outcome {
    enum verdict verdict;
    int error;  /* the reader's own number */
    int status; /* of the final response; 0: it did not come so far */
    size_t body_length;
    uint64_t body_hash;
    bool switched; /* it has left HTTP: an upgrade */
};

static inline void add_body(struct outcome *outcome, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++)
        outcome->body_hash = (outcome->body_hash ^ bytes[i]) * 0x100000001b3u;
    outcome->body_length += length;
}

/* The connection ends behind the data. */
void read_llhttp(const uint8_t *data, size_t size, struct outcome *outcome);
void read_http_parser(const uint8_t *data, size_t size, struct outcome *outcome);

#endif
