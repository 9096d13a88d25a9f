#define _POSIX_C_SOURCE 200809L

#include "platform/posix/bundle.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

const char *fota_posix_bundle(void)
{
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
        "/etc/ssl/ca-bundle.pem",             /* openSUSE */
        "/etc/ssl/cert.pem",                  /* BSD, macOS */
    };
    const char *given = getenv("SSL_CERT_FILE");

    if (given && given[0])
        return given;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}
