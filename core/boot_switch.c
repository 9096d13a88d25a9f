/* Installing with two slots: the new image lies in the one that does not run. */
#include "boot_step.h"

int fota_boot_switch(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    if (fota_boot_load(b, fota_slot_manifest(fota_boot_slot(b))) == 0)
        r.flags |= FOTA_RECORD_BACKUP;
    r.flags ^= FOTA_RECORD_OTHER;
    return fota_boot_installed(b, &r);
}

/* The sequence of the image that the slot says it holds, 0: none. */
static uint32_t sequence_in(struct fota_boot *b, const struct fota_region *slot)
{
    return fota_boot_load(b, fota_slot_manifest(slot)) == 0 ? b->manifest.sequence : 0;
}

/* The newer image runs. It is not known whether it was ever confirmed, so it is on trial if there
 * is an older one to go back to. */
int fota_boot_choose(struct fota_boot *b)
{
    uint32_t here = sequence_in(b, &fota_boot_map(b)->slot);
    uint32_t there = sequence_in(b, &fota_boot_map(b)->other);
    struct fota_record r = {.flags = there > here ? FOTA_RECORD_OTHER : 0};

    if (here == 0 && there == 0)
        return fota_boot_go(b, STEP_RECOVER);
    r.to_sequence = there > here ? there : here;
    r.from_sequence = fota_boot_smaller(here, there);
    r.counter = r.from_sequence ? r.from_sequence : r.to_sequence;
    if (r.from_sequence == 0)
        return fota_boot_note(b, &r, STEP_SLOT);
    r.flags |= FOTA_RECORD_BACKUP;
    return fota_boot_installed(b, &r);
}
