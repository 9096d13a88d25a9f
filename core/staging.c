/* What happens to the bytes of a package, wherever they come from. */
#include <string.h>

#include "device.h"
#include "engine.h"
#include "flash.h"
#include "way.h"

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool in_header(const struct fota *f)
{
    return f->phase == FOTA_PHASE_HEADER;
}

size_t fota_staging_room(struct fota *f, uint8_t **data)
{
    size_t size = FOTA_PREFIX_SIZE;
    struct fota_fault ignored;

    if (!in_header(f))
        return fota_writer_room(&f->writer, data);
    /* Earlier bytes were measured when they came. */
    fota_package_measure(f->header, f->header_fill, &size, &ignored);
    *data = f->header + f->header_fill;
    return size - f->header_fill;
}

int fota_staging_filled(struct fota *f, size_t length)
{
    size_t size;
    int err;

    f->received += (uint32_t)length;
    if (!in_header(f)) {
        fota_writer_filled(&f->writer, length);
        return 0;
    }
    f->header_fill = (uint16_t)(f->header_fill + length);
    err = fota_package_measure(f->header, f->header_fill, &size, &f->fault);
    if (!err && f->header_fill == size)
        f->phase = FOTA_PHASE_JUDGE;
    return err;
}

bool fota_staging_settled(const struct fota *f)
{
    return f->journal.owned || f->writer.at % f->writer.region.erase_unit != 0;
}

bool fota_staging_complete(const struct fota *f)
{
    return f->received == fota_package_size(f);
}

/* ---- header ---------------------------------------------------------------------------------- */

static int check_claim(struct fota *f)
{
    uint32_t size = fota_package_size(f);

    if (f->claimed == 0 || f->claimed == size)
        return 0;
    return fota_engine_fail(f, f->claimed < size ? FOTA_ERR_TRUNCATED : FOTA_ERR_TRAILING, size,
                            f->claimed);
}

static struct fota_place place_of(const struct fota *f)
{
    const struct fota_map *map = fota_map_of(f);
    uint8_t flags = f->journal.record.flags & FOTA_RECORD_OTHER;

    if (f->set_stage == FOTA_SET_APP)
        return (struct fota_place){fota_slot_active(map, flags), 0};
    if (f->set_stage == FOTA_SET_UPDATER)
        flags |= FOTA_RECORD_MINI;
    return fota_payload_place(map, flags, f->manifest.format);
}

uint32_t fota_staging_header(const struct fota *f)
{
    const struct fota_map *map = fota_map_of(f);

    return f->set_stage == FOTA_SET_APP ? fota_backup_manifest(map) : map->staging.offset;
}

void fota_staging_begin(struct fota *f, uint32_t done)
{
    struct fota_place place = place_of(f);

    f->base = place.offset;
    fota_writer_start(&f->writer, f->config.port, place.region, f->base + done,
                      f->base + f->manifest.payload.length, f->work.page);
    f->marked = done;
    f->judged = true;
    f->stage = FOTA_STAGE_DOWNLOAD;
}

/* A package that was reverted would fail again, in a loop that wears out the flash. */
static int check_reverted(struct fota *f)
{
    const struct fota_record *r = &f->journal.record;
    uint8_t digest[FOTA_DIGEST_SIZE];
    int err = fota_package_digest(f->config.port->crypto, f->header, &f->manifest, digest);

    if (!err && memcmp(digest, r->reverted, sizeof r->reverted) == 0)
        err = FOTA_ERR_REVERTED;
    return err ? fota_engine_fail(f, err, 0, 0) : 0;
}

int fota_staging_accept(struct fota *f)
{
    const struct fota_manifest *installed = fota_engine_installed(f);
    struct fota_device device;

    if (!installed && f->set_stage == FOTA_SET_APP)
        return fota_engine_fail(f, FOTA_ERR_FLASH_READ, 0, 0);
    fota_device_describe(&f->config, &f->journal.record, installed, &device);
    if (f->set_stage != FOTA_SET_NONE)
        fota_mini_describe(f, &device);
    return fota_package_judge(&f->manifest, f->config.policy, &device, &f->fault);
}

int fota_staging_judge(struct fota *f)
{
    int err = fota_package_parse(f->header, f->header_fill, &f->manifest, &f->fault);

    if (!err)
        err = fota_package_verify(f->config.port->crypto, f->config.policy, f->header, &f->manifest,
                                  &f->fault);
    if (!err)
        err = fota_staging_accept(f);
    if (!err)
        err = check_reverted(f);
    if (!err)
        err = check_claim(f);
    if (err)
        return err;
    fota_staging_begin(f, 0);
    f->phase = FOTA_PHASE_INTENT;
    return 0;
}

/* The record of a download, `done` bytes of payload in flash. */
static int note_download(struct fota *f, uint32_t done)
{
    struct fota_record r = f->journal.record;
    int err = 0;

    r.progress = done;
    r.package_size = fota_package_size(f);
    r.validator = f->identity.validator;
    r.to_sequence = f->manifest.sequence;
    /* In the resident updater the record is that of its own package. */
    if (f->set_stage != FOTA_SET_APP) {
        r.state = FOTA_STATE_DOWNLOADING;
        r.flags &= FOTA_RECORD_OTHER;
        if (f->set_stage == FOTA_SET_UPDATER)
            r.flags |= FOTA_RECORD_MINI;
        r.replaced = 0;
        r.outcome = FOTA_OUTCOME_NONE;
        r.error = 0;
        r.stage = 0;
        err = fota_package_digest(f->config.port->crypto, f->header, &f->manifest, r.digest);
    }
    return err ? fota_engine_fail(f, err, 0, 0) : fota_engine_note(f, &r);
}

int fota_staging_intent(struct fota *f)
{
    int err = note_download(f, 0);

    f->phase = FOTA_PHASE_STORE;
    return err;
}

int fota_staging_store(struct fota *f)
{
    const struct fota_region *staging = &fota_map_of(f)->staging;
    uint32_t unit = (fota_staging_header(f) - staging->offset) / staging->erase_unit;

    f->phase = FOTA_PHASE_BODY;
    fota_mini_begin_order(f);
    return fota_unit_store(f->config.port, staging, unit, f->header, f->manifest.header_length,
                           f->work.page, &f->fault);
}

/* ---- payload --------------------------------------------------------------------------------- */

/* The beginning of the payload tells, before it is stored, whether the update can be reverted. */
static int judge_begin(struct fota *f)
{
    enum fota_way way;
    uint32_t undo;
    int err;

    if (f->manifest.format != FOTA_FORMAT_DELTA || f->writer.at != f->base)
        return 0;
    err = fota_way_find(fota_map_of(f), f->config.policy, &f->manifest,
                        f->manifest.precursor.length, &way, &f->fault);
    return err ? err
               : fota_way_undo(f->config.policy, &f->manifest, way, f->work.page, &undo, &f->fault);
}

/* Does flash work for a page that is full, or with `flush` for any page. */
static int work(struct fota *f, bool flush)
{
    int err = 0;

    if (f->writer.fill == FOTA_PROGRAM_UNIT_MAX || flush)
        err = judge_begin(f);
    return err ? err : fota_writer_work(&f->writer, flush, &f->fault);
}

int fota_staging_work(struct fota *f)
{
    int err;

    f->whole = f->whole && f->writer.fill < FOTA_PROGRAM_UNIT_MAX;
    err = work(f, false);

    if (err > 0)
        f->attempts = f->parts = 0; /* a page has arrived: the link is weak, but works */
    if (err > 0 && f->writer.at % f->writer.region.erase_unit == 0 &&
        f->writer.at - f->base > f->marked)
        f->phase = FOTA_PHASE_MARK;
    return err;
}

int fota_staging_mark(struct fota *f)
{
    uint32_t done = f->writer.at - f->base;
    int err = note_download(f, done);

    f->marked = done;
    f->phase = FOTA_PHASE_BODY;
    fota_mini_begin_order(f);
    return err;
}

int fota_staging_flush(struct fota *f)
{
    int err;

    if (!fota_staging_settled(f))
        return note_download(f, f->writer.at - f->base);
    f->whole = false;
    err = work(f, true);
    if (err == 0)
        f->phase = f->local ? FOTA_PHASE_FLUSHED : FOTA_PHASE_HASH;
    return err < 0 ? err : 0;
}

int fota_staging_hash(struct fota *f)
{
    int err;

    if (f->stage != FOTA_STAGE_VERIFY) {
        f->stage = FOTA_STAGE_VERIFY;
        return fota_hasher_start(&f->hasher, f->config.port, f->writer.region.offset + f->base,
                                 &f->manifest.payload, &f->fault);
    }
    err = fota_hasher_step(&f->hasher, &f->fault);
    if (err == 0)
        f->phase = f->base ? FOTA_PHASE_COMMIT : FOTA_PHASE_SEAL;
    return err < 0 ? err : 0;
}

/* Does one unit of the slot: clears what lies behind the image, then writes the manifest. */
int fota_staging_seal(struct fota *f)
{
    const struct fota_region *slot = &f->writer.region;
    uint32_t unit = fota_round_up(slot, f->writer.at) / slot->erase_unit;
    uint32_t last = slot->size / slot->erase_unit - 1;

    if (unit < last) {
        f->writer.at = (unit + 1) * slot->erase_unit;
        return fota_unit_clear(f->config.port, slot, unit, &f->fault);
    }
    f->phase = FOTA_PHASE_COMMIT;
    return fota_unit_store(f->config.port, slot, last, f->header, f->manifest.header_length,
                           f->work.page, &f->fault);
}

/* Will the old image be there to go back to? */
static bool is_reversible(struct fota *f, const struct fota_manifest *installed)
{
    const struct fota_policy *policy = f->config.policy;
    uint8_t head[FOTA_WAY_HEAD];
    struct fota_fault ignored;
    enum fota_way way;
    uint32_t undo = 0;

    if (!installed || f->set_stage != FOTA_SET_NONE ||
        fota_way_find(fota_map_of(f), policy, &f->manifest, installed->result.length, &way,
                      &ignored) != 0)
        return false;
    if (way != FOTA_WAY_IN_PLACE)
        return way != FOTA_WAY_OVER;
    return fota_flash_read(f->config.port, fota_staging_payload(fota_map_of(f)), head,
                           sizeof head) == 0 &&
           fota_way_undo(policy, &f->manifest, way, head, &undo, &ignored) == 0 && undo != 0;
}

int fota_staging_commit(struct fota *f)
{
    const struct fota_manifest *installed = fota_engine_installed(f);
    struct fota_record r = f->journal.record;
    int err;

    if (f->set_stage == FOTA_SET_APP) {
        r.state = FOTA_STATE_TRIAL;
        r.tries = fota_policy_tries(f->config.policy);
        r.spared = 0;
    } else {
        r.from_sequence = installed ? installed->sequence : 0;
        r.state = FOTA_STATE_STAGED;
        if (is_reversible(f, installed))
            r.flags |= FOTA_RECORD_REVERSIBLE;
    }
    err = fota_engine_note(f, &r);
    if (err)
        return err;
    f->stage = FOTA_STAGE_STAGED;
    f->fault = (struct fota_fault){0};
    f->phase = FOTA_PHASE_END;
    return 0;
}

int fota_staging_drop(struct fota *f)
{
    struct fota_record r = f->journal.record;

    r.state = FOTA_STATE_IDLE;
    r.flags &= FOTA_RECORD_OTHER;
    r.outcome = FOTA_OUTCOME_FAILED;
    r.error = (int16_t)f->fault.error;
    r.stage = (uint8_t)f->fault.stage;
    r.progress = 0;
    /* If that cannot be noted, the next download finds the same damage by the digest. */
    (void)fota_journal_write(&f->journal, &r);
    f->phase = FOTA_PHASE_END;
    return 0;
}
