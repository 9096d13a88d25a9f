/*
 * port.h - the modem X100 of the maker acme, which lives on a host: its flash is a file. All that
 * boot loader, application and updater share; see docs/porting.md.
 */
#ifndef PORT_H
#define PORT_H

#include <fota.h>

#define PORT_DECODER_RAM 32768 /* bytes that the boot loader gives, for differential packages */
#define PORT_RESET       42    /* exit status of a program that wants the modem to be reset */

struct port {
    int flash; /* descriptor of the file */
    struct fota_port port;
    struct fota_policy policy;
    struct fota_config config; /* for fota_open() and fota_boot_start() */
};

/* Opens the flash in the file `path`, which is made (erased) if absent. *port may not be moved.
 * Returns 0, FOTA_ERR_FLASH_READ or FOTA_ERR_FLASH_ERASE. */
int port_open(struct port *port, const char *path);

/* Whose packages are taken: what `fota key --c port_keys` prints. */
extern const struct fota_key port_keys[];
extern const size_t port_keys_count;

#endif
