/*
 * fuzz_http.c - libFuzzer on core/http_reader.h: a response cut in pieces must come to the same as
 * the whole. The first four bytes of the input choose the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_reader.h"

#define LOCATION_SIZE 48

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    bool header_seen;
    int last; /* what feed said last */
    int close;
    struct fota_fault fault;
    struct fota_http_header header;
    char location[LOCATION_SIZE];
    size_t used;
    size_t body_length;
    uint64_t body_hash;
};

static void take_body(struct outcome *outcome, const uint8_t *body, size_t length)
{
    for (size_t i = 0; i < length; i++)
        outcome->body_hash = (outcome->body_hash ^ body[i]) * 0x100000001b3u;
    outcome->body_length += length;
}

/* Feeds one piece until the reader wants more, has ended or failed. */
static void feed_piece(struct fota_http_reader *reader, const uint8_t *data, size_t length,
                       struct outcome *outcome)
{
    uint8_t *piece = malloc(length > 0 ? length : 1);
    size_t at = 0;

    REQUIRE(piece != NULL);
    memcpy(piece, data, length);
    do {
        const uint8_t *body;
        size_t used, body_length;

        outcome->last = fota_http_reader_feed(reader, piece + at, length - at, &used, &body,
                                              &body_length, &outcome->fault);
        REQUIRE(used <= length - at);
        at += used;
        outcome->used += used;
        if (outcome->last == FOTA_HTTP_BODY) {
            REQUIRE(outcome->header_seen && body_length > 0);
            REQUIRE(body >= piece && body + body_length == piece + at);
            take_body(outcome, body, body_length);
        } else if (outcome->last == FOTA_HTTP_HEADER) {
            REQUIRE(!outcome->header_seen);
            outcome->header_seen = true;
            outcome->header = reader->header;
        }
    } while (outcome->last == FOTA_HTTP_BODY || outcome->last == FOTA_HTTP_HEADER);
    REQUIRE(outcome->last != FOTA_HTTP_MORE || at == length);
    REQUIRE(outcome->last >= 0 || outcome->fault.error == outcome->last);
    free(piece);
}

/* seed 0: the whole at once. */
static void read_split(const uint8_t *data, size_t size, uint32_t seed, struct outcome *outcome)
{
    struct fota_http_reader reader;
    size_t at = 0;

    memset(outcome, 0, sizeof *outcome);
    fota_http_reader_start(&reader, outcome->location, sizeof outcome->location);
    do {
        size_t piece = size - at;

        if (seed != 0) {
            seed = seed * 1664525u + 1013904223u;
            piece = seed >> 24 < 128 ? 1 : seed >> 27;
            piece = piece < size - at ? piece : size - at;
            seed |= 1;
        }
        feed_piece(&reader, data + at, piece, outcome);
        at += piece;
    } while (outcome->last == FOTA_HTTP_MORE && at < size);
    if (outcome->last == FOTA_HTTP_MORE) {
        outcome->close = fota_http_reader_close(&reader, &outcome->fault);
        REQUIRE(outcome->close == 0 || outcome->close == FOTA_ERR_CLOSED);
    }
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
    REQUIRE(a->header_seen == b->header_seen && a->last == b->last && a->close == b->close);
    REQUIRE(a->fault.error == b->fault.error && a->fault.stage == b->fault.stage);
    REQUIRE(a->fault.expected == b->fault.expected && a->fault.got == b->fault.got);
    REQUIRE(memcmp(&a->header, &b->header, sizeof a->header) == 0);
    REQUIRE(!a->header.has_location || strcmp(a->location, b->location) == 0);
    REQUIRE(a->used == b->used && a->body_length == b->body_length);
    REQUIRE(a->body_hash == b->body_hash);
}

static void check_sense(const struct outcome *outcome)
{
    const struct fota_http_header *header = &outcome->header;

    if (!outcome->header_seen) {
        REQUIRE(outcome->body_length == 0);
        return;
    }
    REQUIRE(header->status >= 200 && header->status <= 999);
    REQUIRE(!(header->chunked && header->has_length));
    REQUIRE(!header->has_range || header->range_start <= header->range_end);
    REQUIRE(!header->has_location || strlen(outcome->location) <= header->location_length);
    if (header->has_length) {
        REQUIRE(outcome->body_length <= header->length);
        REQUIRE(outcome->last != FOTA_HTTP_END || outcome->body_length == header->length ||
                header->status == 204 || header->status == 304);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, split;
    uint32_t seed;

    if (size < 4)
        return 0;
    seed = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
    read_split(data + 4, size - 4, 0, &whole);
    check_sense(&whole);
    read_split(data + 4, size - 4, seed | 1, &split);
    check_same(&whole, &split);
    return 0;
}
