/*
 * http_sample.h - reads a sample of a response with core/http_reader.h: whole, byte by byte, and in
 * two pieces for every place to cut; the outcome must be the same. Each test program includes it
 * once.
 */
#ifndef FOTA_TEST_HTTP_SAMPLE_H
#define FOTA_TEST_HTTP_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_reader.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define BODY_MAX      4096
#define LOCATION_SIZE 64

/* All that a response came to. */
struct outcome {
    bool header_seen;
    bool ended;
    int error; /* of feed, or of close when the body had not ended */
    struct fota_fault fault;
    struct fota_http_header header;
    size_t used;
    size_t body_length;
    char body[BODY_MAX];
    char location[LOCATION_SIZE];
};

/* Feeds one piece until the reader wants more. The piece is a copy of its exact size, for ASan. */
static void feed_piece(struct fota_http_reader *reader, const char *data, size_t length,
                       struct outcome *outcome)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    size_t at = 0, used;

    assert_non_null(copy);
    memcpy(copy, data, length);
    for (;;) {
        const uint8_t *body;
        size_t body_length;
        int event = fota_http_reader_feed(reader, copy + at, length - at, &used, &body,
                                          &body_length, &outcome->fault);

        assert_true(used <= length - at);
        at += used;
        outcome->used += used;
        if (event == FOTA_HTTP_BODY) {
            assert_true(outcome->header_seen);
            assert_true(body_length > 0 && body >= copy && body + body_length <= copy + at);
            assert_true(outcome->body_length + body_length <= BODY_MAX);
            memcpy(outcome->body + outcome->body_length, body, body_length);
            outcome->body_length += body_length;
            continue;
        }
        assert_int_equal(body_length, 0);
        if (event == FOTA_HTTP_HEADER) {
            assert_false(outcome->header_seen);
            outcome->header_seen = true;
            outcome->header = reader->header;
            continue;
        }
        if (event == FOTA_HTTP_MORE) {
            assert_int_equal(at, length);
        } else if (event == FOTA_HTTP_END) {
            outcome->ended = true;
        } else {
            assert_true(event < 0);
            assert_int_equal(outcome->fault.error, event);
            outcome->error = event;
        }
        break;
    }
    free(copy);
}

/* Reads `length` bytes in a first piece of `first` bytes and others of `step` bytes. */
static void read_split(const char *data, size_t length, size_t first, size_t step,
                       struct outcome *outcome)
{
    struct fota_http_reader reader;
    size_t at = 0;

    memset(outcome, 0, sizeof *outcome);
    fota_http_reader_start(&reader, outcome->location, sizeof outcome->location);
    while (at < length && !outcome->ended && outcome->error == 0) {
        size_t piece = at == 0 && first > 0 ? first : step;

        piece = piece < length - at ? piece : length - at;
        feed_piece(&reader, data + at, piece, outcome);
        at += piece;
    }
    if (!outcome->ended && outcome->error == 0)
        outcome->error = fota_http_reader_close(&reader, &outcome->fault);
    if (!outcome->header.has_location) {
        memset(outcome->location, 0, sizeof outcome->location);
    } else {
        assert_int_equal(strlen(outcome->location), outcome->header.location_length);
        memset(outcome->location + outcome->header.location_length, 0,
               LOCATION_SIZE - outcome->header.location_length);
    }
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->header_seen, b->header_seen);
    assert_int_equal(a->ended, b->ended);
    assert_int_equal(a->error, b->error);
    assert_int_equal(a->fault.error, b->fault.error);
    assert_int_equal(a->fault.stage, b->fault.stage);
    assert_int_equal(a->fault.expected, b->fault.expected);
    assert_int_equal(a->fault.got, b->fault.got);
    assert_int_equal(a->used, b->used);
    assert_memory_equal(&a->header, &b->header, sizeof a->header);
    assert_int_equal(a->body_length, b->body_length);
    assert_memory_equal(a->body, b->body, a->body_length);
    assert_memory_equal(a->location, b->location, LOCATION_SIZE);
}

static void read_bytes(const char *data, size_t length, struct outcome *outcome)
{
    static struct outcome split;

    read_split(data, length, 0, length, outcome);
    read_split(data, length, 0, 1, &split);
    assert_same(outcome, &split);
    for (size_t cut = 1; cut < length; cut++) {
        read_split(data, length, cut, length, &split);
        assert_same(outcome, &split);
    }
}

static struct outcome whole;

static const struct outcome *read_text(const char *text)
{
    read_bytes(text, strlen(text), &whole);
    return &whole;
}

static void assert_body(const char *text, const char *body)
{
    const struct outcome *outcome = read_text(text);

    assert_int_equal(outcome->error, 0);
    assert_true(outcome->header_seen);
    assert_int_equal(outcome->body_length, strlen(body));
    assert_memory_equal(outcome->body, body, outcome->body_length);
}

static const struct fota_fault *assert_error(const char *text, int error)
{
    const struct outcome *outcome = read_text(text);

    assert_int_equal(outcome->error, error);
    assert_int_equal(outcome->fault.error, error);
    assert_int_equal(outcome->fault.stage,
                     outcome->header_seen ? FOTA_STAGE_DOWNLOAD : FOTA_STAGE_CONNECT);
    assert_null(outcome->fault.subject);
    return &outcome->fault;
}

#endif
