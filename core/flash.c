#include "flash.h"

#include "fota_error.h"

int fota_flash_read(const struct fota_port *port, uint32_t address, void *data, size_t length)
{
    int err = 0;

    for (unsigned i = 0; i < FOTA_READ_TRIES; i++) {
        err = port->flash.ops->read(port->flash.ctx, address, data, length);
        if (err == 0)
            return 0;
    }
    return err == FOTA_ERR_FLASH_ECC ? err : FOTA_ERR_FLASH_READ;
}
