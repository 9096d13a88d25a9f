/*
 * Mini fota, for a flash without room for a package: staging holds the first stage of the set, a
 * small resident updater, which fetches the second stage into the slot. From the moment when the
 * old application is overwritten until the new one is confirmed, the modem can always go back to
 * the updater.
 */
#include "boot_step.h"

int fota_boot_resident(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    if (r.state == FOTA_STATE_UPDATING)
        return fota_boot_go(b, STEP_UPDATER);
    r.state = FOTA_STATE_UPDATING;
    r.progress = 0;
    r.package_size = 0; /* the slot's image is whole so far */
    r.validator = 0;
    r.replaced = 0;
    return fota_boot_note(b, &r, STEP_UPDATER);
}

int fota_boot_fetch_again(struct fota_boot *b, struct fota_record *r)
{
    r->state = FOTA_STATE_UPDATING;
    r->progress = 0;
    r->replaced++;
    return fota_boot_note(b, r, STEP_SOURCE);
}

uint32_t fota_boot_updater(const struct fota_boot *boot)
{
    return fota_boot_source(boot);
}
