#include "platform/mbedtls/certificate.h"

#include <string.h>

#include "fota_error.h"

const mbedtls_x509_crt_profile fota_mbedtls_profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    0xFFFFFFF, /* kinds of keys: what the library has */
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    2048,
};

/* ---- addresses ------------------------------------------------------------------------------- */

/* Reads a number of at most `digits` digits; -1: there is none. */
static long read_number(const char **at, unsigned base, unsigned digits)
{
    long value = 0;
    unsigned count = 0;

    for (;; (*at)++, count++) {
        char c = **at, letter = (char)(c | 0x20);
        unsigned digit = base;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (letter >= 'a' && letter <= 'f')
            digit = (unsigned)(letter - 'a' + 10);
        if (digit >= base)
            return count > 0 ? value : -1;
        if (count == digits)
            return -1;
        value = value * (long)base + (long)digit;
    }
}

static bool read_ipv4(const char *at, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        long value = read_number(&at, 10, 3);

        if (value < 0 || value > 255 || *at++ != (i < 3 ? '.' : '\0'))
            return false;
        out[i] = (uint8_t)value;
    }
    return true;
}

/* RFC 4291, section 2.2. */
static bool read_ipv6(const char *at, uint8_t out[16])
{
    size_t length = 0, gap = 16;

    memset(out, 0, 16);
    if (at[0] == ':' && at[1] == ':') {
        gap = 0;
        at += 2;
    }
    while (*at && length < 16) {
        const char *group = at;
        long value = read_number(&at, 16, 4);

        if (*at == '.' && length <= 12) {
            if (!read_ipv4(group, out + length))
                return false;
            length += 4;
            at = "";
            break;
        }
        if (value < 0)
            return false;
        out[length++] = (uint8_t)(value >> 8);
        out[length++] = (uint8_t)value;
        if (*at == ':' && at[1] == ':' && gap == 16) {
            gap = length;
            at += 2;
        } else if (*at == ':' && at[1]) {
            at++;
        } else {
            break;
        }
    }
    if (*at || (gap == 16) != (length == 16))
        return false;
    if (gap < 16) {
        memmove(out + 16 - (length - gap), out + gap, length - gap);
        memset(out + gap, 0, 16 - length);
    }
    return true;
}

void fota_mbedtls_peer(struct fota_mbedtls_peer *peer, const char *host,
                       const struct fota_system *system, int64_t newest_known)
{
    int64_t now = system->ops->time(system->ctx);

    memset(peer, 0, sizeof *peer);
    peer->good_until = INT64_MAX;
    if (read_ipv4(host, peer->address))
        peer->address_length = 4;
    else if (read_ipv6(host, peer->address))
        peer->address_length = 16;
    peer->trusted_time = now >= 0 && now >= newest_known;
    peer->now = peer->trusted_time ? now : newest_known;
}

static bool is_for_address(const mbedtls_x509_crt *certificate,
                           const struct fota_mbedtls_peer *peer)
{
    const mbedtls_x509_sequence *name = &certificate->subject_alt_names;

    for (; name; name = name->next) {
        /* iPAddress [7] */
        if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == 7 &&
            name->buf.len == peer->address_length &&
            memcmp(name->buf.p, peer->address, peer->address_length) == 0)
            return true;
    }
    return false;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Seconds since 1970 of a date of the proleptic Gregorian calendar. */
static int64_t seconds(const mbedtls_x509_time *time)
{
    int64_t year = time->mon > 2 ? time->year : time->year - 1;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month = (time->mon + 9) % 12; /* from March on: leap days come last */
    int64_t day_of_year = (153 * month + 2) / 5 + time->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * 146097 + day_of_era - 719468;

    return ((days * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

int fota_mbedtls_verify(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct fota_mbedtls_peer *peer = ctx;
    int64_t until = seconds(&certificate->valid_to);

    if (until < peer->good_until)
        peer->good_until = until;
    /* The library's clock is not the port's, and may stand at 1970. */
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    if (peer->now > 0 && until < peer->now)
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    if (peer->trusted_time && seconds(&certificate->valid_from) > peer->now)
        *flags |= MBEDTLS_X509_BADCERT_FUTURE;
    if (depth == 0 && peer->address_length > 0 && !is_for_address(certificate, peer))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

int fota_mbedtls_certificate_error(uint32_t flags)
{
    if (flags &
        (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY))
        return FOTA_ERR_TLS_CERTIFICATE_ALGORITHM;
    if (flags & (MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCERT_REVOKED |
                 MBEDTLS_X509_BADCERT_MISSING | MBEDTLS_X509_BADCERT_OTHER))
        return FOTA_ERR_TLS_UNTRUSTED;
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return FOTA_ERR_TLS_EXPIRED;
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return FOTA_ERR_TLS_NOT_YET_VALID;
    return FOTA_ERR_TLS_HOST;
}
