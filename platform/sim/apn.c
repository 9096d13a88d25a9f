#define _POSIX_C_SOURCE 200809L

#include "platform/sim/apn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fota_error.h"

#define PATH_MAX_HERE 4096

/* One line of text, without its end; false: the file ends or the line is too long. */
static bool read_line(FILE *file, char *text, size_t size)
{
    char *end;

    if (!fgets(text, (int)size, file))
        return false;
    end = strchr(text, '\n');
    if (!end)
        return false;
    *end = '\0';
    return true;
}

void fota_sim_apn_load(const char *path, struct fota_apn *apn)
{
    FILE *file = fopen(path, "r");
    char family[8];

    memset(apn, 0, sizeof *apn);
    if (!file)
        return;
    if (read_line(file, apn->name, sizeof apn->name) &&
        read_line(file, apn->user, sizeof apn->user) &&
        read_line(file, apn->password, sizeof apn->password) &&
        read_line(file, family, sizeof family))
        apn->family = strcmp(family, "ipv6") == 0 ? FOTA_ADDRESS_IPV6 : FOTA_ADDRESS_IPV4;
    else
        memset(apn, 0, sizeof *apn);
    fclose(file);
}

int fota_sim_apn_save(const char *path, const struct fota_apn *apn)
{
    char temporary[PATH_MAX_HERE];
    FILE *file;
    bool written;

    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return FOTA_ERR_FLASH_PROGRAM;
    file = fopen(temporary, "w");
    if (!file)
        return FOTA_ERR_FLASH_PROGRAM;
    written = fprintf(file, "%s\n%s\n%s\n%s\n", apn->name, apn->user, apn->password,
                      apn->family == FOTA_ADDRESS_IPV6 ? "ipv6" : "ipv4") > 0;
    written = fflush(file) == 0 && fsync(fileno(file)) == 0 && written;
    written = fclose(file) == 0 && written;
    return written && rename(temporary, path) == 0 ? 0 : FOTA_ERR_FLASH_PROGRAM;
}
