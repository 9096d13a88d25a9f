/*
 * fuzz_ftp.c - libFuzzer on core/ftp_reply.h: replies cut in pieces must come to the same as the
 * whole. The first four bytes of the input choose the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ftp_reply.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define REPLIES 8 /* one after the other */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    struct fota_ftp_reply replies[REPLIES];
    size_t count;
    int last;
    size_t used;
};

/* What the text says must be sensible, and reading it must stay inside. */
static void check_reply(const struct fota_ftp_reply *reply)
{
    struct fota_ftp_reply *copy = malloc(sizeof *copy);
    uint16_t port = 0;
    uint64_t bytes = 0;

    REQUIRE(copy != NULL);
    memcpy(copy, reply, sizeof *copy);
    REQUIRE(reply->code >= 100 && reply->code <= 599);
    REQUIRE(reply->length <= sizeof reply->text && reply->bytes <= FOTA_FTP_REPLY_MAX);
    REQUIRE(memchr(reply->text, '\n', reply->length) == NULL);
    REQUIRE(memchr(reply->text, '\0', reply->length) == NULL);
    REQUIRE(!fota_ftp_reply_extended_port(copy, &port) || port != 0);
    port = 0;
    REQUIRE(!fota_ftp_reply_passive_port(copy, &port) || port != 0);
    REQUIRE(!fota_ftp_reply_size(copy, &bytes) || bytes <= INT64_MAX);
    free(copy);
}

static void feed_piece(struct fota_ftp_reply *reply, const uint8_t *data, size_t length,
                       struct outcome *outcome)
{
    uint8_t *piece = malloc(length > 0 ? length : 1);
    struct fota_fault fault = {0};
    size_t at = 0, used;

    REQUIRE(piece != NULL);
    memcpy(piece, data, length);
    do {
        outcome->last = fota_ftp_reply_feed(reply, piece + at, length - at, &used, &fault);
        REQUIRE(used <= length - at);
        REQUIRE(outcome->last >= 0 || fault.error == outcome->last);
        at += used;
        if (outcome->last == FOTA_FTP_REPLY) {
            check_reply(reply);
            outcome->replies[outcome->count++] = *reply;
            fota_ftp_reply_start(reply);
        }
    } while (outcome->last == FOTA_FTP_REPLY && outcome->count < REPLIES);
    REQUIRE(outcome->last != FOTA_FTP_MORE || at == length);
    outcome->used += at;
    free(piece);
}

/* seed 0: the whole at once. */
static void read_split(const uint8_t *data, size_t size, uint32_t seed, struct outcome *outcome)
{
    struct fota_ftp_reply reply;
    size_t at = 0;

    memset(outcome, 0, sizeof *outcome);
    fota_ftp_reply_start(&reply);
    do {
        size_t piece = size - at;

        if (seed != 0) {
            seed = seed * 1664525u + 1013904223u;
            piece = seed >> 24 < 128 ? 1 : seed >> 27;
            piece = piece < size - at ? piece : size - at;
            seed |= 1;
        }
        feed_piece(&reply, data + at, piece, outcome);
        at += piece;
    } while (outcome->last == FOTA_FTP_MORE && at < size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, split;
    uint32_t seed;

    if (size < 4)
        return 0;
    seed = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
    read_split(data + 4, size - 4, 0, &whole);
    read_split(data + 4, size - 4, seed | 1, &split);
    REQUIRE(whole.last == split.last && whole.count == split.count && whole.used == split.used);
    REQUIRE(memcmp(whole.replies, split.replies, sizeof whole.replies) == 0);
    return 0;
}
