/*
 * The boot stage's state machine; drawn in docs/state-machine.md. Each step is a function; the
 * journal's record says what must go on after a cut, boot->step only what this power session does
 * next.
 */
#include "boot.h"

#include <string.h>

#include "device.h"
#include "fault.h"

/* A cut repeats at most this many units; each mark costs a record of the journal. */
#define UNITS_PER_MARK 8u

enum step {
    STEP_BEGIN,       /* what does the journal say? */
    STEP_JUDGE,       /* is the staged package (still) acceptable? */
    STEP_BACKUP,      /* copy the old image behind the package */
    STEP_BACKUP_HASH, /* is the copy good? */
    STEP_SOURCE,      /* load the header of what will be written into the slot */
    STEP_SOURCE_HASH, /* is it good? */
    STEP_WRITE,       /* write it */
    STEP_MARK,        /* note how far copying or writing is */
    STEP_CHECK,       /* load the manifest that is in the slot now */
    STEP_CHECK_HASH,  /* is the image good? */
    STEP_SLOT,        /* nothing to install: load the slot's manifest */
    STEP_SLOT_HASH,   /* is the image good? */
    STEP_RECOVER,     /* it is not: look for another one */
    STEP_RUN,
    STEP_NOTHING
};

static const struct fota_port *port_of(const struct fota_boot *b)
{
    return b->config->port;
}

static const struct fota_map *map_of(const struct fota_boot *b)
{
    return b->config->port->map;
}

static bool reverting(const struct fota_boot *b)
{
    return b->journal.record.state == FOTA_STATE_REVERTING;
}

static int go(struct fota_boot *b, enum step step)
{
    b->step = (uint8_t)step;
    return FOTA_BOOT_AGAIN;
}

/*
 * Writes the record. Without it the work cannot go on, but a journal that cannot be written must
 * not keep a whole image in the slot from running.
 */
static int note(struct fota_boot *b, const struct fota_record *record, enum step next)
{
    int err = fota_journal_write(&b->journal, record);

    if (!err)
        return go(b, next);
    fota_fail(&b->fault, err, FOTA_STAGE_INSTALL, 0, 0);
    b->mute = true;
    return go(b, STEP_SLOT);
}

static int load(struct fota_boot *b, uint32_t address)
{
    return fota_header_load(port_of(b), b->config->policy, address, b->header, &b->manifest,
                            &b->fault);
}

/* The update ends here and the slot's image, which was not touched, runs on. */
static int refuse(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    r.state = FOTA_STATE_IDLE;
    r.outcome = FOTA_OUTCOME_FAILED;
    r.error = (int16_t)b->fault.error;
    r.stage = FOTA_STAGE_INSTALL;
    r.flags = 0;
    return note(b, &r, STEP_SLOT);
}

/* The new image is not to be run: back to the old one if it was kept. */
static int give_back(struct fota_boot *b, int error, enum fota_stage stage)
{
    struct fota_record r = b->journal.record;

    r.error = (int16_t)error;
    r.stage = (uint8_t)stage;
    if (!(r.flags & FOTA_RECORD_BACKUP)) {
        r.state = FOTA_STATE_IDLE;
        r.outcome = FOTA_OUTCOME_KEPT;
        return note(b, &r, STEP_SLOT);
    }
    r.state = FOTA_STATE_REVERTING;
    r.progress = 0;
    b->unit = 0;
    return note(b, &r, STEP_SOURCE);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static uint32_t units(const struct fota_region *region)
{
    return region->size / region->erase_unit;
}

static int step_begin(struct fota_boot *b)
{
    const struct fota_record *r = &b->journal.record;
    bool copying = r->state == FOTA_STATE_BACKING_UP;

    /* Units of a region, whatever the record claims. */
    b->unit = r->progress;
    if (b->unit >= units(copying ? &map_of(b)->staging : &map_of(b)->slot))
        b->unit = 0;
    switch (r->state) {
    case FOTA_STATE_STAGED:
    case FOTA_STATE_BACKING_UP: return go(b, STEP_JUDGE);
    case FOTA_STATE_INSTALLING:
    case FOTA_STATE_REVERTING: return go(b, STEP_SOURCE);
    case FOTA_STATE_TRIAL:
        if (r->tries == 0)
            return give_back(b, FOTA_ERR_NOT_CONFIRMED, FOTA_STAGE_TRIAL);
        return go(b, STEP_SLOT);
    default: return go(b, STEP_SLOT);
    }
}

/* Loads the staged header and makes sure that it is the one the journal speaks of. */
static int load_staged(struct fota_boot *b)
{
    uint8_t digest[FOTA_DIGEST_SIZE];
    int err = load(b, map_of(b)->staging.offset);

    if (!err)
        err = fota_package_digest(port_of(b)->crypto, b->header, &b->manifest, digest);
    if (!err && memcmp(digest, b->journal.record.digest, sizeof digest) != 0)
        err = fota_fail(&b->fault, FOTA_ERR_INTEGRITY, FOTA_STAGE_INSTALL, 0, 0);
    return err;
}

static int step_judge(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    struct fota_manifest package;
    struct fota_device device;
    bool keep;

    if (load_staged(b) != 0)
        return refuse(b);
    package = b->manifest;
    /* A slot without a valid image has nothing to keep and no history to hold against the package.
     */
    keep = load(b, fota_slot_manifest(map_of(b))) == 0;
    fota_device_describe(b->config, &r, keep ? &b->manifest : NULL, &device);
    if (fota_package_judge(&package, b->config->policy, &device, &b->fault) != 0)
        return refuse(b);
    if (!keep || !fota_backup_fits(map_of(b), package.payload.length, b->manifest.result.length))
        return go(b, STEP_SOURCE);
    /* From here to the last copied unit b->manifest is that of the slot. */
    if (r.state == FOTA_STATE_BACKING_UP)
        return go(b, STEP_BACKUP);
    r.state = FOTA_STATE_BACKING_UP;
    r.progress = 0;
    b->unit = 0;
    return note(b, &r, STEP_BACKUP);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Progress that a cut may not lose; every few units, in a step of its own. */
static int unit_done(struct fota_boot *b)
{
    b->unit++;
    return b->unit % UNITS_PER_MARK ? FOTA_BOOT_AGAIN : go(b, STEP_MARK);
}

static int step_mark(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    r.progress = b->unit;
    return note(b, &r, r.state == FOTA_STATE_BACKING_UP ? STEP_BACKUP : STEP_WRITE);
}

/* One unit of the old image, or its manifest, into staging. */
static int step_backup(struct fota_boot *b)
{
    const struct fota_region *staging = &map_of(b)->staging;
    uint32_t length = b->manifest.result.length;
    uint32_t start = fota_backup_image(map_of(b), length);
    uint32_t first = (start - staging->offset) / staging->erase_unit;
    uint32_t last = units(staging) - 1;
    uint32_t done = b->unit * staging->erase_unit;
    int err;

    if (done < length) {
        err = fota_unit_copy(port_of(b), staging, first + b->unit, map_of(b)->slot.offset + done,
                             smaller(staging->erase_unit, length - done), b->page, &b->fault);
        return err ? refuse(b) : unit_done(b);
    }
    err = fota_unit_store(port_of(b), staging, last, b->header, b->manifest.header_length, b->page,
                          &b->fault);
    if (!err)
        err = fota_hasher_start(&b->hasher, port_of(b), start, &b->manifest.result, &b->fault);
    return err ? refuse(b) : go(b, STEP_BACKUP_HASH);
}

static int step_backup_hash(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    b->unit = 0;
    if (err)
        return go(b, STEP_SOURCE); /* the old image was damaged already: not worth keeping */
    r.flags |= FOTA_RECORD_BACKUP;
    return note(b, &r, STEP_SOURCE);
}

/* What will be written cannot be used. The slot may be whole all the same: not touched yet, or
 * written to its end. */
static int source_is_bad(struct fota_boot *b)
{
    switch (b->journal.record.state) {
    case FOTA_STATE_INSTALLING:
        if (b->journal.record.flags & FOTA_RECORD_BACKUP)
            return give_back(b, b->fault.error, FOTA_STAGE_INSTALL);
        return go(b, b->recovering ? STEP_RECOVER : STEP_SLOT);
    case FOTA_STATE_REVERTING: return go(b, b->recovering ? STEP_RECOVER : STEP_SLOT);
    default: return refuse(b);
    }
}

static uint32_t source_address(const struct fota_boot *b)
{
    return reverting(b) ? fota_backup_image(map_of(b), b->manifest.result.length)
                        : fota_staging_payload(map_of(b));
}

/* A header with a good signature may lie where it does not belong. */
static bool source_fits(const struct fota_boot *b)
{
    uint32_t length = b->manifest.result.length;

    if (length > fota_slot_capacity(map_of(b)))
        return false;
    return reverting(b) ? fota_backup_fits(map_of(b), 0, length)
                        : length <= fota_staging_capacity(map_of(b));
}

static int step_source(struct fota_boot *b)
{
    int err = reverting(b) ? load(b, fota_backup_manifest(map_of(b))) : load_staged(b);

    if (!err && !source_fits(b))
        err = fota_fail(&b->fault, FOTA_ERR_IMAGE_TOO_LARGE, FOTA_STAGE_INSTALL, 0, 0);
    if (!err)
        err = fota_hasher_start(&b->hasher, port_of(b), source_address(b), &b->manifest.result,
                                &b->fault);
    return err ? source_is_bad(b) : go(b, STEP_SOURCE_HASH);
}

static int step_source_hash(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err)
        return source_is_bad(b);
    if (r.state == FOTA_STATE_INSTALLING || r.state == FOTA_STATE_REVERTING)
        return note(b, &r, STEP_WRITE); /* a new session: R1, R5 */
    r.state = FOTA_STATE_INSTALLING;
    r.progress = 0;
    b->unit = 0;
    return note(b, &r, STEP_WRITE);
}

/* What was written is not what was meant, or cannot be written: back to the old image, or else to
 * any that can be written; the same one once more is among them. */
static int written_badly(struct fota_boot *b, int error)
{
    if (!b->recovering && !reverting(b) && b->journal.record.flags & FOTA_RECORD_BACKUP)
        return give_back(b, error, FOTA_STAGE_INSTALL);
    return go(b, STEP_RECOVER);
}

/* One unit of the slot: the image, then nothing up to the manifest, then the manifest, which
 * commits. */
static int step_write(struct fota_boot *b)
{
    const struct fota_region *slot = &map_of(b)->slot;
    uint32_t last = units(slot) - 1;
    uint32_t length = b->manifest.result.length;
    uint32_t done = b->unit * slot->erase_unit;
    int err;

    if (b->unit >= last) {
        err = fota_unit_store(port_of(b), slot, last, b->header, b->manifest.header_length, b->page,
                              &b->fault);
        return err ? written_badly(b, err) : go(b, STEP_CHECK);
    }
    if (done >= length) {
        /* Mostly blank already: looking again costs less than a mark. */
        b->unit++;
        err = fota_unit_clear(port_of(b), slot, b->unit - 1, &b->fault);
        return err ? written_badly(b, err) : FOTA_BOOT_AGAIN;
    }
    err = fota_unit_copy(port_of(b), slot, b->unit, source_address(b) + done,
                         smaller(slot->erase_unit, length - done), b->page, &b->fault);
    return err ? written_badly(b, err) : unit_done(b);
}

/* Loads the slot's manifest and begins to hash its image. */
static int load_slot(struct fota_boot *b)
{
    int err = load(b, fota_slot_manifest(map_of(b)));

    if (!err && b->manifest.result.length > fota_slot_capacity(map_of(b)))
        err = fota_fail(&b->fault, FOTA_ERR_NO_IMAGE, FOTA_STAGE_INSTALL, 0, 0);
    if (!err)
        err = fota_hasher_start(&b->hasher, port_of(b), map_of(b)->slot.offset, &b->manifest.result,
                                &b->fault);
    return err;
}

static int step_check(struct fota_boot *b)
{
    return load_slot(b) == 0 ? go(b, STEP_CHECK_HASH) : written_badly(b, FOTA_ERR_RESULT);
}

static int step_check_hash(struct fota_boot *b)
{
    uint8_t tries = b->config->policy->boot_tries;
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err)
        return written_badly(b, FOTA_ERR_RESULT);
    if (reverting(b)) {
        r.state = FOTA_STATE_IDLE;
        r.outcome = FOTA_OUTCOME_REVERTED;
        r.flags = 0;
    } else {
        r.state = FOTA_STATE_TRIAL;
        r.tries = tries ? tries : FOTA_BOOT_TRIES;
        r.error = 0;
        r.stage = 0;
    }
    return note(b, &r, STEP_SLOT);
}

static int slot_is_bad(struct fota_boot *b)
{
    if (b->mute)
        return fota_fail(&b->fault, FOTA_ERR_JOURNAL, FOTA_STAGE_INSTALL, 0, 0);
    if (b->journal.record.state == FOTA_STATE_TRIAL && b->journal.record.flags & FOTA_RECORD_BACKUP)
        return give_back(b, FOTA_ERR_RESULT, FOTA_STAGE_TRIAL);
    return go(b, STEP_RECOVER);
}

static int step_slot(struct fota_boot *b)
{
    return load_slot(b) == 0 ? go(b, STEP_SLOT_HASH) : slot_is_bad(b);
}

/* The slot is whole, but what was to be written into it is lost: the update ends. */
static int settle(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    bool new = b->manifest.sequence == r.to_sequence;

    r.outcome = new            ? FOTA_OUTCOME_KEPT
                : reverting(b) ? FOTA_OUTCOME_REVERTED
                               : FOTA_OUTCOME_FAILED;
    if (r.error == 0) {
        r.error = (int16_t)b->fault.error;
        r.stage = FOTA_STAGE_INSTALL;
    }
    r.state = FOTA_STATE_IDLE;
    r.flags = 0;
    return note(b, &r, STEP_RUN);
}

static int step_slot_hash(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err)
        return slot_is_bad(b);
    if (b->mute)
        return go(b, STEP_RUN);
    if (r.state == FOTA_STATE_INSTALLING || r.state == FOTA_STATE_REVERTING)
        return settle(b);
    if (r.state == FOTA_STATE_TRIAL && r.tries > 0) {
        /* Lowered before the attempt. */
        r.tries--;
        return note(b, &r, STEP_RUN);
    }
    return go(b, STEP_RUN);
}

/*
 * May the image whose manifest was loaded take the place of one that is lost? Older than what was
 * confirmed it may not be. What is said about leaving a working image does not count: there is
 * none.
 */
static int judge_rescue(struct fota_boot *b, const struct fota_record *r)
{
    struct fota_device device;

    b->manifest.requires_count = 0;
    b->manifest.present &= ~(1u << FOTA_FIELD_EXPIRY);
    fota_device_describe(b->config, r, NULL, &device);
    return fota_package_judge(&b->manifest, b->config->policy, &device, &b->fault);
}

/*
 * The slot holds no valid image and the journal does not explain it (it was lost, or cells died):
 * any other image whose signature is good is better than none, first the old one, then the staged
 * one.
 */
static int step_recover(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    b->unit = 0;
    r.progress = 0;
    if (r.error == 0) {
        r.error = FOTA_ERR_NO_IMAGE;
        r.stage = FOTA_STAGE_INSTALL;
    }
    b->recovering++;
    if (b->recovering == 1 && load(b, fota_backup_manifest(map_of(b))) == 0 &&
        judge_rescue(b, &r) == 0) {
        r.state = FOTA_STATE_REVERTING;
        return note(b, &r, STEP_SOURCE);
    }
    if (b->recovering > 2)
        return go(b, STEP_NOTHING);
    b->recovering = 2;
    if (load(b, map_of(b)->staging.offset) != 0 || judge_rescue(b, &r) != 0 ||
        fota_package_digest(port_of(b)->crypto, b->header, &b->manifest, r.digest) != 0)
        return go(b, STEP_NOTHING);
    r.to_sequence = b->manifest.sequence;
    r.state = FOTA_STATE_INSTALLING;
    r.flags = 0;
    return note(b, &r, STEP_SOURCE);
}

static int step_run(struct fota_boot *b)
{
    (void)b;
    return FOTA_BOOT_RUN;
}

static int step_nothing(struct fota_boot *b)
{
    (void)b;
    return FOTA_BOOT_NOTHING;
}

int fota_boot_step(struct fota_boot *boot)
{
    static int (*const steps[])(struct fota_boot *) = {
        step_begin,       step_judge,     step_backup,  step_backup_hash, step_source,
        step_source_hash, step_write,     step_mark,    step_check,       step_check_hash,
        step_slot,        step_slot_hash, step_recover, step_run,         step_nothing,
    };

    return steps[boot->step](boot);
}

int fota_boot_start(struct fota_boot *boot, const struct fota_config *config)
{
    int err;

    memset(boot, 0, sizeof *boot);
    boot->config = config;
    err = fota_map_check(config->port->map, &boot->fault);
    if (!err)
        err = fota_journal_open(&boot->journal, config->port, boot->page);
    return err;
}

/* ---- manufacturing ----------------------------------------------------------------------------
 */

static int write_image(struct fota_boot *b, const uint8_t *image, uint32_t length,
                       struct fota_fault *fault)
{
    const struct fota_region *slot = &map_of(b)->slot;
    struct fota_writer writer;
    int err = 1;

    fota_writer_start(&writer, port_of(b), slot, 0, fota_slot_capacity(map_of(b)), b->page);
    while (length && err > 0) {
        uint8_t *room;
        uint32_t n = (uint32_t)fota_writer_room(&writer, &room);

        n = smaller(n, length);
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
        int cleared = fota_unit_clear(port_of(b), slot, unit, fault);

        err = cleared ? cleared : 1;
    }
    return err > 0 ? 0 : err;
}

/* Headers in staging speak of a past that is over. */
static int forget_staging(struct fota_boot *b, struct fota_fault *fault)
{
    const struct fota_region *staging = &map_of(b)->staging;
    int err = fota_unit_clear(port_of(b), staging, 0, fault);

    if (!err)
        err = fota_unit_clear(port_of(b), staging, staging->size / staging->erase_unit - 1, fault);
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
    err = fota_package_judge(&boot->manifest, config->policy, &device, fault);
    if (!err && length != boot->manifest.header_length + (size_t)boot->manifest.payload.length)
        err = fota_fail(fault, FOTA_ERR_INCOMPLETE, FOTA_STAGE_VERIFY,
                        boot->manifest.header_length + boot->manifest.payload.length,
                        (uint32_t)length);
    if (!err)
        err = write_image(boot, package + boot->manifest.header_length,
                          boot->manifest.payload.length, fault);
    if (!err)
        err = forget_staging(boot, fault);
    if (!err)
        err = fota_unit_store(config->port, slot, slot->size / slot->erase_unit - 1, package,
                              boot->manifest.header_length, boot->page, fault);
    if (!err && fota_journal_write(&boot->journal, &blank) != 0)
        err = fota_fail(fault, FOTA_ERR_JOURNAL, FOTA_STAGE_REQUEST, 0, 0);
    return err;
}
