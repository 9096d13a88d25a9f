/*
 * text.h - text that is put together in a buffer of the caller's.
 */
#ifndef FOTA_TEXT_H
#define FOTA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `size` is the room at `out`; nothing is terminated here. What does not fit is cut, and `full`
 * says so. */
struct fota_text {
    char *out;
    size_t size;
    size_t length;
    bool full;
};

void fota_text_put(struct fota_text *text, const char *more, size_t length);
void fota_text_put_string(struct fota_text *text, const char *more);

/* In base 10 or 16, without leading zeros. */
void fota_text_put_number(struct fota_text *text, uint64_t value, unsigned base);

/* ASCII, in lower case. */
char fota_text_lower(char c);

/* Equal to `word`, which is in lower case, but for the case? */
bool fota_text_is(const char *text, size_t length, const char *word);

/* What a hexadecimal digit means, -1: it is none. */
int fota_text_hex(char c);

/*
 * Reads the number at text[*at], digits and at least one of them, and leaves *at behind it. False:
 * there is none, or it is above 2^63-1.
 */
bool fota_text_number(const char *text, size_t length, size_t *at, uint64_t *value);

/* 64-bit FNV-1a; never 0, which means none. */
uint64_t fota_text_hash(const char *text, size_t length);

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 section 5.6.7) in seconds since a moment
 * that is the same for all of them, modulo 2^32; 0: it is no such text. What no calendar has, as 25
 * o'clock, is taken.
 */
uint32_t fota_text_date(const char *text, size_t length);

#endif
