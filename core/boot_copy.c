/* The way with a copy: the old image is copied behind the package, then the slot is written. */
#include "boot_step.h"

/* A cut repeats at most this many units; each mark costs a record of the journal. */
#define UNITS_PER_MARK 8u

/* Notes progress every few units, in a step of its own, so that a power cut does not lose it. */
static int unit_done(struct fota_boot *b)
{
    b->unit++;
    return b->unit % UNITS_PER_MARK ? FOTA_BOOT_AGAIN : fota_boot_go(b, STEP_MARK);
}

int fota_boot_mark(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    r.progress = b->unit;
    return fota_boot_note(b, &r, r.state == FOTA_STATE_BACKING_UP ? STEP_BACKUP : STEP_WRITE);
}

/* A damaged image is not worth keeping, and must not overwrite a good copy. */
int fota_boot_backup_begin(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err)
        return fota_boot_go(b, STEP_SOURCE);
    if (r.state != FOTA_STATE_BACKING_UP) {
        r.state = FOTA_STATE_BACKING_UP;
        r.progress = 0;
        b->unit = 0;
    }
    return fota_boot_note(b, &r, STEP_BACKUP); /* a new session: R1, R5 */
}

/* One unit of the old image, or its manifest, into staging. */
int fota_boot_backup(struct fota_boot *b)
{
    const struct fota_region *staging = &fota_boot_map(b)->staging;
    uint32_t length = b->manifest.result.length;
    uint32_t start = fota_backup_image(fota_boot_map(b), length);
    uint32_t first = (start - staging->offset) / staging->erase_unit;
    uint32_t last = fota_boot_units(staging) - 1;
    uint32_t done = b->unit * staging->erase_unit;
    int err;

    if (done < length) {
        err = fota_unit_copy(
            fota_boot_port(b), staging, first + b->unit, fota_boot_slot(b)->offset + done,
            fota_boot_smaller(staging->erase_unit, length - done), b->page, &b->fault);
        return err ? fota_boot_refuse(b) : unit_done(b);
    }
    err = fota_unit_store(fota_boot_port(b), staging, last, b->header, b->manifest.header_length,
                          b->page, &b->fault);
    if (!err)
        err =
            fota_hasher_start(&b->hasher, fota_boot_port(b), start, &b->manifest.result, &b->fault);
    return err ? fota_boot_refuse(b) : fota_boot_go(b, STEP_BACKUP_HASH);
}

int fota_boot_backup_hash(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    b->unit = 0;
    if (err)
        return fota_boot_go(b, STEP_SOURCE);
    r.flags |= FOTA_RECORD_BACKUP;
    return fota_boot_note(b, &r, STEP_SOURCE);
}

int fota_boot_written_badly(struct fota_boot *b, int error)
{
    if (fota_boot_map(b)->other.size && !b->recovering)
        return fota_boot_refuse(b); /* the slot that runs was not touched */
    if (!b->recovering && !fota_boot_reverting(b) && b->journal.record.flags & FOTA_RECORD_BACKUP)
        return fota_boot_give_back(b, error, FOTA_STAGE_INSTALL);
    return fota_boot_go(b, STEP_RECOVER);
}

/* Writes one unit of the slot: first the image, then blank units, last the manifest, which makes it
 * valid. */
int fota_boot_write(struct fota_boot *b)
{
    const struct fota_region *slot = fota_boot_target(b);
    uint32_t last = fota_boot_units(slot) - 1;
    uint32_t length = b->manifest.result.length;
    uint32_t done = b->unit * slot->erase_unit;
    int err;

    if (b->unit >= last) {
        err = fota_unit_store(fota_boot_port(b), slot, last, b->header, b->manifest.header_length,
                              b->page, &b->fault);
        return err ? fota_boot_written_badly(b, err) : fota_boot_go(b, STEP_CHECK);
    }
    if (done >= length) {
        /* These are mostly blank already: to look at them again costs less than a mark. */
        b->unit++;
        err = fota_unit_clear(fota_boot_port(b), slot, b->unit - 1, &b->fault);
        return err ? fota_boot_written_badly(b, err) : FOTA_BOOT_AGAIN;
    }
    err = fota_unit_copy(fota_boot_port(b), slot, b->unit, fota_boot_source(b) + done,
                         fota_boot_smaller(slot->erase_unit, length - done), b->page, &b->fault);
    return err ? fota_boot_written_badly(b, err) : unit_done(b);
}
