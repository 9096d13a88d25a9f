/* Manufacturing: writes an image into the slot of a new modem. */
#include <string.h>

#include "boot_step.h"
#include "device.h"
#include "fault.h"

static int write_image(struct fota_boot *b, const uint8_t *image, uint32_t length,
                       struct fota_fault *fault)
{
    const struct fota_region *slot = &fota_boot_map(b)->slot;
    struct fota_writer writer;
    int err = 1;

    fota_writer_start(&writer, fota_boot_port(b), slot, 0, fota_slot_capacity(fota_boot_map(b)),
                      b->page);
    while (length && err > 0) {
        uint8_t *room;
        uint32_t n = (uint32_t)fota_writer_room(&writer, &room);

        n = fota_boot_smaller(n, length);
        memcpy(room, image, n);
        fota_writer_filled(&writer, n);
        image += n;
        length -= n;
        do
            err = fota_writer_work(&writer, length == 0, fault);
        while (err > 0);
        err = err ? err : 1;
    }
    for (uint32_t unit = (writer.at + slot->erase_unit - 1) / slot->erase_unit;
         err > 0 && unit < slot->size / slot->erase_unit - 1; unit++) {
        int cleared = fota_unit_clear(fota_boot_port(b), slot, unit, fault);

        err = cleared ? cleared : 1;
    }
    return err > 0 ? 0 : err;
}

/* Checks that what the flash holds is what was signed. */
static int check_image(struct fota_boot *b, struct fota_fault *fault)
{
    int err = fota_hasher_start(&b->hasher, fota_boot_port(b), fota_boot_map(b)->slot.offset,
                                &b->manifest.result, fault);

    if (err)
        return err;
    do
        err = fota_hasher_step(&b->hasher, fault);
    while (err > 0);
    return err;
}

static int clear_last(struct fota_boot *b, const struct fota_region *region,
                      struct fota_fault *fault)
{
    return fota_unit_clear(fota_boot_port(b), region, fota_boot_units(region) - 1, fault);
}

/* Clears headers in staging and in the other slot, which belong to earlier updates. */
static int forget_past(struct fota_boot *b, struct fota_fault *fault)
{
    const struct fota_region *staging = &fota_boot_map(b)->staging;
    int err = fota_unit_clear(fota_boot_port(b), staging, 0, fault);

    if (!err)
        err = clear_last(b, staging, fault);
    if (!err && fota_boot_map(b)->other.size)
        err = clear_last(b, &fota_boot_map(b)->other, fault);
    return err;
}

int fota_boot_provision(struct fota_boot *boot, const struct fota_config *config,
                        const uint8_t *package, size_t length, struct fota_fault *fault)
{
    const struct fota_record blank = {0};
    const struct fota_region *slot = &config->port->map->slot;
    struct fota_device device;
    int err = fota_boot_start(boot, config);

    if (err)
        return fota_fail(fault, err, FOTA_STAGE_REQUEST, 0, 0);
    err = fota_package_parse(package, length, &boot->manifest, fault);
    if (!err)
        err = fota_package_verify(config->port->crypto, config->policy, package, &boot->manifest,
                                  fault);
    if (err)
        return err;
    fota_device_describe(config, &blank, NULL, &device);
    device.staging_size = device.slot_size; /* staging is not used */
    device.map = NULL;
    err = fota_package_judge(&boot->manifest, config->policy, &device, fault);
    if (!err && boot->manifest.format != FOTA_FORMAT_FULL)
        err = fota_fail(fault, FOTA_ERR_FORMAT, FOTA_STAGE_HEADER, FOTA_FORMAT_FULL,
                        boot->manifest.format);
    if (!err && length != boot->manifest.header_length + (size_t)boot->manifest.payload.length)
        err = fota_fail(fault, FOTA_ERR_INCOMPLETE, FOTA_STAGE_VERIFY,
                        boot->manifest.header_length + boot->manifest.payload.length,
                        (uint32_t)length);
    if (!err)
        err = write_image(boot, package + boot->manifest.header_length,
                          boot->manifest.payload.length, fault);
    if (!err)
        err = check_image(boot, fault);
    if (!err)
        err = forget_past(boot, fault);
    if (!err)
        err = fota_unit_store(config->port, slot, slot->size / slot->erase_unit - 1, package,
                              boot->manifest.header_length, boot->page, fault);
    if (!err && fota_journal_write(&boot->journal, &blank) != 0)
        err = fota_fail(fault, FOTA_ERR_JOURNAL, FOTA_STAGE_REQUEST, 0, 0);
    return err;
}
