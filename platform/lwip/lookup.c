#include "platform/lwip/lookup.h"

#include <lwip/dns.h>
#include <stddef.h>

static struct fota_lwip_lookup *waiting;
static uint32_t numbers;

void fota_lwip_lookup_forget(struct fota_lwip_lookup *lookup)
{
    struct fota_lwip_lookup **at = &waiting;

    while (*at && *at != lookup)
        at = &(*at)->next;
    if (*at)
        *at = lookup->next;
}

static void on_found(const char *name, const ip_addr_t *address, void *arg)
{
    struct fota_lwip_lookup *lookup = waiting;

    (void)name;
    while (lookup && lookup->number != (uint32_t)(uintptr_t)arg)
        lookup = lookup->next;
    if (!lookup)
        return;
    fota_lwip_lookup_forget(lookup);
    lookup->answered(lookup, address);
}

void fota_lwip_look_up(struct fota_lwip_lookup *lookup, const char *host, uint8_t type,
                       void (*answered)(struct fota_lwip_lookup *lookup, const ip_addr_t *address))
{
    ip_addr_t address;
    err_t err;

    fota_lwip_lookup_forget(lookup); /* twice in the list would make it a ring */
    lookup->number = ++numbers;
    lookup->answered = answered;
    err = dns_gethostbyname_addrtype(host, &address, on_found, (void *)(uintptr_t)lookup->number,
                                     type);
    if (err == ERR_INPROGRESS) {
        lookup->next = waiting;
        waiting = lookup;
    } else {
        answered(lookup, err == ERR_OK ? &address : NULL);
    }
}
