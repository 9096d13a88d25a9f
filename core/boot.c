/*
 * The state machine of the boot stage; docs/state-machine.md has a drawing. Each step is a
 * function. The journal's record says what has to go on after a power cut; boot->step only says
 * what comes next in this power session.
 */
#include <string.h>

#include "boot_step.h"

#include "bytes.h"
#include "device.h"
#include "fault.h"

int fota_boot_note(struct fota_boot *b, const struct fota_record *record, enum boot_step next)
{
    int err = fota_journal_write(&b->journal, record);

    if (!err)
        return fota_boot_go(b, next);
    fota_fail(&b->fault, err, FOTA_STAGE_INSTALL, 0, 0);
    b->mute = true;
    return fota_boot_go(b, STEP_SLOT);
}

int fota_boot_load(struct fota_boot *b, uint32_t address)
{
    return fota_header_load(fota_boot_port(b), b->config->policy, address, b->header, &b->manifest,
                            &b->fault);
}

int fota_boot_refuse(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    r.state = FOTA_STATE_IDLE;
    r.outcome = FOTA_OUTCOME_FAILED;
    r.error = (int16_t)b->fault.error;
    r.stage = FOTA_STAGE_INSTALL;
    r.flags &= FOTA_RECORD_OTHER;
    return fota_boot_note(b, &r, STEP_SLOT);
}

int fota_boot_give_back(struct fota_boot *b, int error, enum fota_stage stage)
{
    struct fota_record r = b->journal.record;

    r.error = (int16_t)error;
    r.stage = (uint8_t)stage;
    if (r.flags & FOTA_RECORD_MINI)
        return fota_boot_fetch_again(b, &r);
    if (!(r.flags & FOTA_RECORD_BACKUP)) {
        r.state = FOTA_STATE_IDLE;
        r.outcome = FOTA_OUTCOME_KEPT;
        return fota_boot_note(b, &r, STEP_SLOT);
    }
    r.state = FOTA_STATE_REVERTING;
    r.progress = 0;
    r.replaced = 0;
    b->unit = 0;
    return fota_boot_note(b, &r, STEP_SOURCE);
}

int fota_boot_installed(struct fota_boot *b, struct fota_record *r)
{
    if (fota_boot_reverting(b)) {
        r->state = FOTA_STATE_IDLE;
        r->outcome = FOTA_OUTCOME_REVERTED;
        r->flags &= FOTA_RECORD_OTHER;
        if (!b->recovering)
            memcpy(r->reverted, r->digest, sizeof r->reverted);
    } else {
        r->state = FOTA_STATE_TRIAL;
        r->tries = fota_policy_tries(b->config->policy);
        r->spared = 0;
        if (r->flags & FOTA_RECORD_IN_PLACE && b->patch.undo)
            r->flags |= FOTA_RECORD_BACKUP;
        b->power_lost = false; /* it was not the new image that ran */
        r->error = 0;
        r->stage = 0;
    }
    return fota_boot_note(b, r, STEP_SLOT);
}

const struct fota_region *fota_boot_slot(const struct fota_boot *boot)
{
    return fota_slot_active(fota_boot_map(boot), boot->journal.record.flags);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* The previous start was one of this image, and a power cut ended it. */
static bool is_spared(const struct fota_boot *b)
{
    return b->power_lost && b->journal.record.spared < FOTA_BOOT_SPARED;
}

static int step_begin(struct fota_boot *b)
{
    const struct fota_record *r = &b->journal.record;
    bool copying = r->state == FOTA_STATE_BACKING_UP;

    if (b->journal.bank_sequence == 0 && fota_boot_map(b)->other.size)
        return fota_boot_go(b, STEP_CHOOSE);
    /* Units of a region, whatever the record claims. */
    b->unit = r->progress;
    if (b->unit >= fota_boot_units(copying ? &fota_boot_map(b)->staging : &fota_boot_map(b)->slot))
        b->unit = 0;
    switch (r->state) {
    case FOTA_STATE_STAGED:
    case FOTA_STATE_BACKING_UP: return fota_boot_go(b, STEP_JUDGE);
    case FOTA_STATE_INSTALLING:
    case FOTA_STATE_UPDATING:
    case FOTA_STATE_REVERTING: return fota_boot_go(b, STEP_SOURCE);
    case FOTA_STATE_TRIAL:
        if (r->tries == 0 && !is_spared(b))
            return fota_boot_give_back(b, FOTA_ERR_NOT_CONFIRMED, FOTA_STAGE_TRIAL);
        return fota_boot_go(b, STEP_SLOT);
    default: return fota_boot_go(b, STEP_SLOT);
    }
}

/* Loads a header that must be the one of the package that the journal speaks of. */
static int load_package(struct fota_boot *b, uint32_t address)
{
    uint8_t digest[FOTA_DIGEST_SIZE];
    int err = fota_boot_load(b, address);

    if (!err)
        err = fota_package_digest(fota_boot_port(b)->crypto, b->header, &b->manifest, digest);
    if (!err && memcmp(digest, b->journal.record.digest, sizeof digest) != 0)
        err = fota_fail(&b->fault, FOTA_ERR_INTEGRITY, FOTA_STAGE_INSTALL, 0, 0);
    return err;
}

int fota_boot_load_staged(struct fota_boot *b)
{
    return load_package(b, fota_boot_map(b)->staging.offset);
}

static int step_judge(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    struct fota_manifest package;
    struct fota_device device;
    bool keep;

    if (fota_boot_load_staged(b) != 0)
        return fota_boot_refuse(b);
    package = b->manifest;
    /* A slot without a valid image has nothing to keep, and no sequence to compare the package
     * with. */
    keep = fota_boot_load(b, fota_slot_manifest(fota_boot_slot(b))) == 0;
    /* Whether it had expired was judged by the clock when it was downloaded. */
    package.present &= ~(1u << FOTA_FIELD_EXPIRY);
    fota_device_describe(b->config, &r, keep ? &b->manifest : NULL, &device);
    if (fota_boot_mini(b))
        fota_device_expect_updater(b->config, &device);
    if (fota_package_judge(&package, b->config->policy, &device, &b->fault) != 0)
        return fota_boot_refuse(b);
    if (!keep || fota_boot_map(b)->other.size || fota_boot_mini(b) ||
        !fota_backup_fits(fota_boot_map(b), package.payload.length, b->manifest.result.length))
        return fota_boot_go(b, STEP_SOURCE);
    /* From here to the last copied unit b->manifest is that of the slot. */
    if (fota_hasher_start(&b->hasher, fota_boot_port(b), fota_boot_slot(b)->offset,
                          &b->manifest.result, &b->fault) != 0)
        return fota_boot_refuse(b);
    return fota_boot_go(b, STEP_BACKUP_BEGIN);
}

int fota_boot_source_is_bad(struct fota_boot *b)
{
    switch (b->journal.record.state) {
    case FOTA_STATE_INSTALLING:
        if (b->journal.record.flags & FOTA_RECORD_BACKUP)
            return fota_boot_give_back(b, b->fault.error, FOTA_STAGE_INSTALL);
        return fota_boot_go(b, b->recovering ? STEP_RECOVER : STEP_SLOT);
    case FOTA_STATE_UPDATING:
    case FOTA_STATE_REVERTING: return fota_boot_go(b, b->recovering ? STEP_RECOVER : STEP_SLOT);
    default: return fota_boot_refuse(b);
    }
}

uint32_t fota_boot_source(const struct fota_boot *b)
{
    const struct fota_map *map = fota_boot_map(b);
    uint8_t flags = b->journal.record.flags;
    struct fota_place place;

    if (fota_boot_reverting(b))
        return map->other.size ? fota_slot_inactive(map, flags)->offset
                               : fota_backup_image(map, b->manifest.result.length);
    place = fota_payload_place(map, flags, b->manifest.format);
    return place.region->offset + place.offset;
}

/* A header with a good signature may still be in the wrong place. */
static bool source_fits(const struct fota_boot *b)
{
    uint32_t length = b->manifest.result.length;

    if (length > fota_slot_capacity(fota_boot_map(b)))
        return false;
    if (fota_boot_switches(b))
        return true;
    if (fota_boot_mini(b))
        return length <= fota_mini_capacity(fota_boot_map(b));
    return fota_boot_reverting(b) ? fota_backup_fits(fota_boot_map(b), 0, length)
                                  : length <= fota_staging_capacity(fota_boot_map(b));
}

/* The header of what will run. */
static int load_source(struct fota_boot *b)
{
    const struct fota_map *map = fota_boot_map(b);
    int err;

    if (fota_boot_reverting(b) && !fota_boot_decodes(b))
        return fota_boot_load(b, fota_old_manifest(map, b->journal.record.flags));
    err = fota_boot_load_staged(b);
    /* Only a package of an updater may run as one, whatever the record claims. */
    if (!err && fota_boot_mini(b) != (b->manifest.set_stages == 2))
        return fota_fail(&b->fault, FOTA_ERR_SET, FOTA_STAGE_INSTALL, fota_boot_mini(b),
                         b->manifest.set_stage);
    if (!err && fota_boot_switches(b))
        err = load_package(b, fota_old_manifest(map, b->journal.record.flags));
    return err;
}

/* It was judged when it was staged and before it was copied. This third time is against a single
 * disturbance of the processor. */
static bool source_may_run(const struct fota_boot *b)
{
    struct fota_device device;

    fota_device_describe(b->config, &b->journal.record, NULL, &device);
    return fota_package_may_run(&b->manifest, b->config->policy, &device);
}

static int step_source(struct fota_boot *b)
{
    int err = load_source(b);

    if (!err && !source_may_run(b))
        err = fota_fail(&b->fault, FOTA_ERR_DOWNGRADE, FOTA_STAGE_INSTALL,
                        b->journal.record.counter, b->manifest.sequence);
    if (!err && fota_boot_decodes(b))
        return fota_boot_patch_source(b);
    if (!err && !source_fits(b))
        err = fota_fail(&b->fault, FOTA_ERR_IMAGE_TOO_LARGE, FOTA_STAGE_INSTALL, 0, 0);
    if (!err)
        err = fota_hasher_start(&b->hasher, fota_boot_port(b), fota_boot_source(b),
                                &b->manifest.result, &b->fault);
    return err ? fota_boot_source_is_bad(b) : fota_boot_go(b, STEP_SOURCE_HASH);
}

static int step_source_hash(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err)
        return fota_boot_source_is_bad(b);
    if (fota_boot_mini(b))
        return fota_boot_resident(b);
    if (fota_boot_decodes(b))
        return fota_boot_patch_old(b);
    if (fota_boot_switches(b))
        return fota_boot_switch(b);
    if (r.state == FOTA_STATE_INSTALLING || r.state == FOTA_STATE_REVERTING)
        return fota_boot_note(b, &r, STEP_WRITE); /* a new session: R1, R5 */
    r.state = FOTA_STATE_INSTALLING;
    r.progress = 0;
    b->unit = 0;
    return fota_boot_note(b, &r, STEP_WRITE);
}

/* Loads a slot's manifest and begins to hash its image. */
static int load_slot(struct fota_boot *b, const struct fota_region *slot)
{
    int err = fota_boot_load(b, fota_slot_manifest(slot));

    if (!err && b->manifest.result.length > fota_slot_capacity(fota_boot_map(b)))
        err = fota_fail(&b->fault, FOTA_ERR_NO_IMAGE, FOTA_STAGE_INSTALL, 0, 0);
    if (!err)
        err = fota_hasher_start(&b->hasher, fota_boot_port(b), slot->offset, &b->manifest.result,
                                &b->fault);
    return err;
}

static int step_check(struct fota_boot *b)
{
    return load_slot(b, fota_boot_target(b)) == 0 ? fota_boot_go(b, STEP_CHECK_HASH)
                                                  : fota_boot_written_badly(b, FOTA_ERR_RESULT);
}

static int step_check_hash(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err)
        return fota_boot_written_badly(b, FOTA_ERR_RESULT);
    return fota_boot_map(b)->other.size ? fota_boot_switch(b) : fota_boot_installed(b, &r);
}

static int slot_is_bad(struct fota_boot *b)
{
    if (b->mute)
        return fota_fail(&b->fault, FOTA_ERR_JOURNAL, FOTA_STAGE_INSTALL, 0, 0);
    if (b->journal.record.state == FOTA_STATE_TRIAL &&
        b->journal.record.flags & (FOTA_RECORD_BACKUP | FOTA_RECORD_MINI))
        return fota_boot_give_back(b, FOTA_ERR_RESULT, FOTA_STAGE_TRIAL);
    return fota_boot_go(b, STEP_RECOVER);
}

static int step_slot(struct fota_boot *b)
{
    return load_slot(b, fota_boot_slot(b)) == 0 ? fota_boot_go(b, STEP_SLOT_HASH) : slot_is_bad(b);
}

/* The slot is whole, but what was to be written into it is lost: the update ends. */
static int settle(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;
    bool new = b->manifest.sequence == r.to_sequence;

    r.outcome = new                      ? FOTA_OUTCOME_KEPT
                : fota_boot_reverting(b) ? FOTA_OUTCOME_REVERTED
                                         : FOTA_OUTCOME_FAILED;
    if (r.error == 0) {
        r.error = (int16_t)b->fault.error;
        r.stage = FOTA_STAGE_INSTALL;
    }
    r.state = FOTA_STATE_IDLE;
    r.flags &= FOTA_RECORD_OTHER;
    return fota_boot_note(b, &r, STEP_RUN);
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
        return fota_boot_go(b, STEP_RUN);
    if (r.state == FOTA_STATE_INSTALLING || r.state == FOTA_STATE_REVERTING ||
        r.state == FOTA_STATE_UPDATING)
        return settle(b);
    if (r.state == FOTA_STATE_TRIAL) {
        /* Lowered before the attempt. */
        if (is_spared(b))
            r.spared++;
        else if (r.tries > 0)
            r.tries--;
        return fota_boot_note(b, &r, STEP_RUN);
    }
    if (b->journal.bank_sequence == 0)
        r.counter = b->manifest.sequence; /* lost with the journal: what is too old */
    else if (r.state != FOTA_STATE_IDLE || !b->journal.doubtful)
        return fota_boot_go(b, STEP_RUN);
    /* What the application reads must still be true after the next power cut. */
    return fota_boot_note(b, &r, STEP_RUN);
}

bool fota_boot_proven(const struct fota_boot *boot, int step)
{
    const struct fota_hasher *hasher = &boot->hasher;
    bool updater = step == FOTA_BOOT_UPDATER;
    uint32_t runs = updater ? fota_boot_source(boot) : fota_boot_slot(boot)->offset;
    struct fota_device device;

    fota_device_describe(boot->config, &boot->journal.record, NULL, &device);
    /* These were judged when the image was installed. Here they must not keep the modem from
     * starting. */
    device.counter = device.key_generation = 0;
    /* An image must not run as an updater, nor the other way round, whatever the record claims. */
    return fota_package_may_run(&boot->manifest, boot->config->policy, &device) &&
           updater == (boot->manifest.set_stage < boot->manifest.set_stages) &&
           fota_hasher_proven(hasher) && hasher->from == runs &&
           fota_differ(&hasher->expected, &boot->manifest.result, sizeof hasher->expected) == 0;
}

/* Whatever led here, nothing runs without its proofs. The next start will find out what is true. */
static int step_run(struct fota_boot *b)
{
    bool (*volatile proven)(const struct fota_boot *, int) = fota_boot_proven;
    /* Volatile, so that the compiler leaves both checks, of what the boot loader is told. */
    volatile int step = b->step == STEP_UPDATER ? FOTA_BOOT_UPDATER : FOTA_BOOT_RUN;

    if (!proven(b, step))
        return fota_fail(&b->fault, FOTA_ERR_INTEGRITY, FOTA_STAGE_INSTALL, 0, 0);
    if (!proven(b, step))
        return fota_fail(&b->fault, FOTA_ERR_INTEGRITY, FOTA_STAGE_INSTALL, 0, 0);
    return step;
}

static int step_nothing(struct fota_boot *b)
{
    (void)b;
    return FOTA_BOOT_NOTHING;
}

int fota_boot_step(struct fota_boot *boot)
{
    static int (*const steps[STEPS])(struct fota_boot *) = {
        [STEP_BEGIN] = step_begin,
        [STEP_CHOOSE] = fota_boot_choose,
        [STEP_JUDGE] = step_judge,
        [STEP_BACKUP_BEGIN] = fota_boot_backup_begin,
        [STEP_BACKUP] = fota_boot_backup,
        [STEP_BACKUP_HASH] = fota_boot_backup_hash,
        [STEP_SOURCE] = step_source,
        [STEP_SOURCE_HASH] = step_source_hash,
        [STEP_OLD_HASH] = fota_boot_patch_old_hash,
        [STEP_KEEP] = fota_boot_patch_keep,
        [STEP_PATCH] = fota_boot_patch_start,
        [STEP_DECODE] = fota_boot_patch_decode,
        [STEP_REPLACE] = fota_boot_patch_replace,
        [STEP_PATCH_MARK] = fota_boot_patch_mark,
        [STEP_WRITE] = fota_boot_write,
        [STEP_MARK] = fota_boot_mark,
        [STEP_CHECK] = step_check,
        [STEP_CHECK_HASH] = step_check_hash,
        [STEP_SLOT] = step_slot,
        [STEP_SLOT_HASH] = step_slot_hash,
        [STEP_RECOVER] = fota_boot_recover,
        [STEP_RUN] = step_run,
        [STEP_UPDATER] = step_run,
        [STEP_NOTHING] = step_nothing,
    };

    return steps[boot->step](boot);
}

void fota_boot_power_lost(struct fota_boot *boot)
{
    boot->power_lost = true;
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
