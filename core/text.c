#include "text.h"

#include <string.h>

#include "fault.h"

void fota_text_put(struct fota_text *text, const char *more, size_t length)
{
    size_t room = text->size - text->length;

    if (length > room) {
        text->full = true;
        length = room;
    }
    memcpy(text->out + text->length, more, length);
    text->length += length;
}

void fota_text_put_string(struct fota_text *text, const char *more)
{
    fota_text_put(text, more, strlen(more));
}

void fota_text_put_number(struct fota_text *text, uint64_t value, unsigned base)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    fota_text_put(text, digits + at, sizeof digits - at);
}

char fota_text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool fota_text_is(const char *text, size_t length, const char *word)
{
    size_t i = 0;

    while (i < length && word[i] != '\0' && fota_text_lower(text[i]) == word[i])
        i++;
    return i == length && word[i] == '\0';
}

int fota_text_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = fota_text_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool fota_text_number(const char *text, size_t length, size_t *at, uint64_t *value)
{
    size_t begin = *at;

    for (*value = 0; *at < length && text[*at] >= '0' && text[*at] <= '9'; ++*at) {
        if (*value > INT64_MAX / 10)
            return false;
        *value = *value * 10 + (uint64_t)(text[*at] - '0');
        if (*value > INT64_MAX)
            return false;
    }
    return *at > begin;
}

uint64_t fota_text_hash(const char *text, size_t length)
{
    uint64_t value = 0xcbf29ce484222325u;

    for (size_t i = 0; i < length; i++)
        value = (value ^ (uint8_t)text[i]) * 0x100000001b3u;
    return value != 0 ? value : 1;
}

uint32_t fota_text_date(const char *text, size_t length)
{
    static const char form[] = "aaa, 00 aaa 0000 00:00:00 GMT"; /* a: any, 0: a digit */
    static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
    uint32_t numbers[6] = {0}; /* -, day, year, hours, minutes, seconds */
    uint32_t *number = numbers;
    uint32_t month = 0, year;

    if (length != sizeof form - 1)
        return 0;
    for (size_t i = 0; i < length; i++) {
        uint32_t digit = (uint8_t)text[i] - (uint32_t)'0';

        if (form[i] == '0' ? digit > 9 : form[i] != 'a' && text[i] != form[i])
            return 0;
        if (form[i] == '0')
            *number = *number * 10 + digit;
        else if (form[i + 1] == '0')
            number++;
    }
    while (memcmp(months + month * 3, text + 8, 3) != 0)
        if (++month == 12)
            return 0;
    /* A year that begins in March ends with its odd day. */
    year = numbers[2] - (month >= 10);
    numbers[1] += year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5;
    return ((numbers[1] * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5];
}

int fota_fail(struct fota_fault *fault, int error, enum fota_stage stage, uint32_t expected,
              uint32_t got)
{
    *fault = (struct fota_fault){.error = error, .stage = stage, .expected = expected, .got = got};
    return error;
}

int fota_about(struct fota_fault *fault, const char *subject)
{
    fault->subject = subject;
    return fault->error;
}
