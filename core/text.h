/*
 * text.h - builds a text in a buffer of the caller's, and reads pieces of text.
 */
#ifndef FOTA_TEXT_H
#define FOTA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `size` is the room at `out`, bytes. The text is not terminated. If it does not fit it is cut, and
 * `full` is set. */
struct fota_text {
    char *out;
    size_t size;
    size_t length;
    bool full;
};

void fota_text_put(struct fota_text *text, const char *more, size_t length);
void fota_text_put_string(struct fota_text *text, const char *more);

/* Appends a number in base 10 or 16, without leading zeros. */
void fota_text_put_number(struct fota_text *text, uint64_t value, unsigned base);

/* The lower case of an ASCII letter; anything else as it is. */
char fota_text_lower(char c);

/* Is the text equal to `word`, apart from case? `word` is in lower case. */
bool fota_text_is(const char *text, size_t length, const char *word);

/* The value of a hexadecimal digit; -1: it is none. */
int fota_text_hex(char c);

/*
 * Reads a number of one or more digits at text[*at], and moves *at to the character after it.
 * False: there is none, or it is above 2^63-1.
 */
bool fota_text_number(const char *text, size_t length, size_t *at, uint64_t *value);

/* 64-bit FNV-1a. Never 0, which stands for none. */
uint64_t fota_text_hash(const char *text, size_t length);

/*
 * Reads a date like "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 section 5.6.7). Returns
 * seconds since some fixed moment, modulo 2^32, good for taking differences; 0: the text is not of
 * this form. Impossible values, like 25 o'clock, are accepted.
 */
uint32_t fota_text_date(const char *text, size_t length);

#endif
