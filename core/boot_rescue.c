/* The slot holds no image that can run, and the journal does not say what to do about it. */
#include "boot_step.h"

#include "device.h"

/* May the image whose manifest was loaded replace one that is lost? It may not be older than what
 * was confirmed. Conditions that protect a working image do not count, as there is none. */
static int judge_rescue(struct fota_boot *b, const struct fota_record *r)
{
    struct fota_device device;

    b->manifest.requires_count = 0;
    b->manifest.present &= ~(1u << FOTA_FIELD_EXPIRY);
    fota_device_describe(b->config, r, NULL, &device);
    if (r->flags & FOTA_RECORD_MINI)
        fota_device_expect_updater(b->config, &device);
    return fota_package_judge(&b->manifest, b->config->policy, &device, &b->fault);
}

/* In place there is no other image, and the journal says how to go on. */
static bool is_half_replaced(const struct fota_boot *b)
{
    const struct fota_record *r = &b->journal.record;

    return !fota_boot_map(b)->other.size && r->flags & FOTA_RECORD_IN_PLACE &&
           (r->state == FOTA_STATE_INSTALLING || r->state == FOTA_STATE_REVERTING);
}

/* The next start goes on; an operation that the flash failed in may succeed then. */
static int wait_for_better(struct fota_boot *b)
{
    switch (b->fault.error) {
    case FOTA_ERR_FLASH_READ:
    case FOTA_ERR_FLASH_PROGRAM:
    case FOTA_ERR_FLASH_ERASE:
    case FOTA_ERR_FLASH_VERIFY: return b->fault.error;
    default: return fota_boot_go(b, STEP_NOTHING);
    }
}

/*
 * The slot holds no valid image, and the journal does not explain why: it was lost, or cells died.
 * Any other image with a good signature is better than none: first the old one, then the staged
 * one. A resident updater can fetch one.
 */
int fota_boot_recover(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    if (is_half_replaced(b))
        return wait_for_better(b);
    b->unit = 0;
    r.progress = 0;
    r.replaced = 0;
    r.flags &= (uint8_t) ~(FOTA_RECORD_IN_PLACE | FOTA_RECORD_MINI);
    if (r.error == 0) {
        r.error = FOTA_ERR_NO_IMAGE;
        r.stage = FOTA_STAGE_INSTALL;
    }
    b->recovering++;
    if (b->recovering == 1 &&
        fota_boot_load(b, fota_old_manifest(fota_boot_map(b), r.flags)) == 0 &&
        judge_rescue(b, &r) == 0) {
        r.state = FOTA_STATE_REVERTING;
        return fota_boot_note(b, &r, STEP_SOURCE);
    }
    if (b->recovering > 2)
        return fota_boot_go(b, STEP_NOTHING);
    b->recovering = 2;
    if (fota_boot_load(b, fota_boot_map(b)->staging.offset) != 0)
        return fota_boot_go(b, STEP_NOTHING);
    r.flags &= FOTA_RECORD_OTHER;
    r.state = FOTA_STATE_INSTALLING;
    if (b->manifest.set_stage == 1 && b->manifest.set_stages == 2) {
        r.flags |= FOTA_RECORD_MINI;
        r.state = FOTA_STATE_UPDATING;
        r.package_size = 1; /* any: the slot's image is lost */
    }
    if (judge_rescue(b, &r) != 0 ||
        fota_package_digest(fota_boot_port(b)->crypto, b->header, &b->manifest, r.digest) != 0)
        return fota_boot_go(b, STEP_NOTHING);
    r.to_sequence = b->manifest.sequence;
    return fota_boot_note(b, &r, STEP_SOURCE);
}
