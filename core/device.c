#include "device.h"

#include <string.h>

void fota_device_describe(const struct fota_config *config, const struct fota_record *record,
                          const struct fota_manifest *installed, struct fota_device *device)
{
    const struct fota_system *system = &config->port->system;

    memset(device, 0, sizeof *device);
    device->vendor = config->vendor;
    device->model = config->model->name;
    device->map = config->port->map;
    device->slot_size = fota_slot_capacity(config->port->map);
    device->staging_size = fota_payload_capacity(config->port->map, FOTA_FORMAT_FULL);
    device->counter = record->counter;
    device->key_generation = record->key_generation;
    device->time = system->ops ? system->ops->time(system->ctx) : -1;
    if (installed) {
        device->sequence = installed->sequence;
        device->image = &installed->result;
        device->version = installed->version;
        if (installed->sequence > device->counter)
            device->counter = installed->sequence;
        if (installed->successor_count && installed->successor_count >= device->key_generation) {
            device->key_generation = installed->successor_count;
            device->key = &installed->successors[installed->successor_count - 1];
        }
    }
}

void fota_device_expect_updater(const struct fota_config *config, struct fota_device *device)
{
    device->set_stage = 1;
    device->map = NULL;
    device->staging_size = fota_mini_capacity(config->port->map);
}
