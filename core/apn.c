/* The access point that downloads use: checked here, kept and used by the port. */
#include <string.h>

#include "engine.h"

static int refuse(struct fota *f, const char *what)
{
    return fota_engine_fail_about(f, FOTA_ERR_APN_TEXT, what);
}

/* Modems put these texts in quotes into an AT command, so they may not contain anything that ends
 * the quotes, the command or the line. */
static bool is_harmless(const char *text, size_t max)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (text[i] <= 0x20 || text[i] > 0x7e || strchr("\";$`\\()", text[i]))
            return false;
    return length <= max;
}

int fota_apn_set(struct fota *fota, const struct fota_apn *apn)
{
    const struct fota_net *net = &fota->config.port->net;

    if (!is_harmless(apn->name, FOTA_APN_NAME_MAX))
        return refuse(fota, "fota_apn");
    if (!is_harmless(apn->user, FOTA_APN_LOGIN_MAX))
        return refuse(fota, "fota_user");
    if (!is_harmless(apn->password, FOTA_APN_LOGIN_MAX))
        return refuse(fota, "fota_password");
    if (!net->ops || !net->ops->apn_set)
        return fota_engine_fail_about(fota, FOTA_ERR_UNSUPPORTED,
                                      "this port has no access point to set");
    if (net->ops->apn_set(net->ctx, apn) != 0)
        return fota_engine_fail(fota, FOTA_ERR_FLASH_PROGRAM, 0, 0);
    return 0;
}
