/*
 * Installs differential and compressed packages, which are decoded. If the old image is whole in
 * the other slot or as a copy, the new one is decoded straight into a slot. Otherwise it is
 * installed in place: segments are decoded in ascending order into a ring of spare ones at the end
 * of staging, and when the ring is full the oldest replaces its part of the slot. The journal
 * counts both (record.progress: decoded, record.replaced) after the work is done, so that after a
 * power cut the next step still finds its input: the old image from segment `replaced` - 1 on, or
 * the spare segment.
 */
#include <string.h>

#include "boot_step.h"
#include "fault.h"
#include "flash.h"

static bool in_place(const struct fota_boot *b)
{
    return b->patch.way == FOTA_WAY_IN_PLACE;
}

static uint32_t payload_address(const struct fota_boot *b)
{
    return fota_staging_payload(fota_boot_map(b));
}

/* Where a segment lies in its ring. */
static uint32_t spare_address(const struct fota_boot *b, uint32_t segment)
{
    const struct fota_ring *ring = &b->patch.ring;

    return fota_boot_map(b)->staging.offset + ring->offset + segment % ring->count * ring->stride;
}

static uint32_t segments(const struct fota_boot *b)
{
    return fota_patch_segments(&b->patch.layout);
}

/* Was a segment of the old image replaced in place, or was that begun? */
static bool is_touched(const struct fota_boot *b)
{
    const struct fota_boot_patch *p = &b->patch;

    return in_place(b) && (p->replaced || p->built == segments(b) || p->built == p->ring.count);
}

/* ---- what the decoder reads ------------------------------------------------------------------ */

static int read_old(void *context, uint32_t offset, void *data, size_t length)
{
    const struct fota_boot *b = context;

    return fota_flash_read(fota_boot_port(b), b->patch.old + offset, data, length);
}

/* Reads new bytes, which are in the slot or still in the ring. */
static int read_new(void *context, uint32_t offset, void *data, size_t length)
{
    const struct fota_boot *b = context;
    uint32_t segment = b->patch.layout.segment;
    uint32_t border = in_place(b) ? b->patch.replaced * segment : UINT32_MAX;
    uint8_t *to = data;
    int err = 0;

    while (length && !err) {
        uint32_t n = (uint32_t)length, from = fota_boot_target(b)->offset + offset;

        if (offset < border) {
            n = fota_boot_smaller(n, border - offset);
        } else {
            n = fota_boot_smaller(n, segment - offset % segment);
            from = spare_address(b, offset / segment) + offset % segment;
        }
        err = fota_flash_read(fota_boot_port(b), from, to, n);
        to += n;
        offset += n;
        length -= n;
    }
    return err;
}

static int read_payload(void *context, uint32_t offset, void *data, size_t length)
{
    const struct fota_boot *b = context;

    return fota_flash_read(fota_boot_port(b), b->patch.payload + offset, data, length);
}

/* ---- failing --------------------------------------------------------------------------------- */

static int cannot(struct fota_boot *b, int err)
{
    if (b->patch.way == FOTA_WAY_SLOTS || (in_place(b) && !is_touched(b)))
        return fota_boot_source_is_bad(b);
    return fota_boot_written_badly(b, err);
}

/* ---- what is to be done ---------------------------------------------------------------------- */

/* The way that was chosen, or in the first session the way to choose. */
static enum fota_way find_way(const struct fota_boot *b, const struct fota_manifest *package)
{
    uint8_t flags = b->journal.record.flags;

    if (fota_boot_map(b)->other.size)
        return FOTA_WAY_SLOTS;
    if (fota_boot_reverting(b) || flags & FOTA_RECORD_IN_PLACE)
        return FOTA_WAY_IN_PLACE;
    if (flags & FOTA_RECORD_BACKUP)
        return FOTA_WAY_COPY;
    return package->format == FOTA_FORMAT_DELTA ? FOTA_WAY_IN_PLACE : FOTA_WAY_OVER;
}

static int no_old_image(struct fota_boot *b)
{
    return fota_fail(&b->fault, FOTA_ERR_NO_IMAGE, FOTA_STAGE_INSTALL, 0, 0);
}

/* Exchanges the images, for the reverse patch that follows the forward one. */
static int turn_round(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    struct fota_object old = b->manifest.precursor;
    int err;

    p->from = b->manifest.result;
    p->payload += p->undo;
    p->layout.payload -= p->undo;
    p->layout.old_size = p->from.length;
    p->layout.new_size = old.length;
    err = fota_boot_load(b, fota_backup_manifest(fota_boot_map(b)));
    if (!err && (p->undo == 0 || memcmp(&old, &b->manifest.result, sizeof old) != 0))
        err = fota_fail(&b->fault, FOTA_ERR_IRREVERSIBLE, FOTA_STAGE_REVERT, 0, 0);
    return err;
}

/* Sets patch.undo. */
static int find_undo(struct fota_boot *b)
{
    uint8_t head[FOTA_WAY_HEAD];
    int err = read_payload(b, 0, head, sizeof head);

    if (err)
        return fota_fail(&b->fault, err, FOTA_STAGE_INSTALL, 0, b->patch.payload);
    return fota_way_undo(b->config->policy, &b->manifest, FOTA_WAY_IN_PLACE, head, &b->patch.undo,
                         &b->fault);
}

/* Prepares for the package in b->manifest. *payload: what has to be hashed. */
static int plan(struct fota_boot *b, struct fota_object *payload)
{
    struct fota_boot_patch *p = &b->patch;
    int err;

    memset(p, 0, sizeof *p);
    p->way = (uint8_t)find_way(b, &b->manifest);
    p->layout = fota_way_layout(&b->manifest);
    p->payload = payload_address(b);
    p->from = b->manifest.precursor;
    p->old = p->way == FOTA_WAY_COPY ? fota_backup_image(fota_boot_map(b), p->layout.old_size)
                                     : fota_boot_slot(b)->offset;
    *payload = b->manifest.payload;
    if (payload->length > fota_staging_capacity(fota_boot_map(b)))
        return fota_fail(&b->fault, FOTA_ERR_PACKAGE_TOO_LARGE, FOTA_STAGE_INSTALL, 0, 0);
    if (!b->config->decoder || p->layout.ram > b->config->policy->decoder_ram)
        return fota_fail(&b->fault, FOTA_ERR_PARAMETERS, FOTA_STAGE_INSTALL,
                         b->config->decoder ? b->config->policy->decoder_ram : 0, p->layout.ram);
    err = fota_patch_check(&p->layout, &b->fault);
    if (!err && in_place(b) && fota_backup_fits(fota_boot_map(b), payload->length, p->from.length))
        err = no_old_image(b); /* else there would be a copy */
    if (!err && in_place(b))
        err = fota_way_ring(fota_boot_map(b), &b->manifest, &p->ring, &b->fault);
    if (!err && in_place(b))
        err = find_undo(b);
    if (!err && fota_boot_reverting(b))
        err = turn_round(b);
    return err;
}

/* How far an earlier session came. Numbers that are impossible for this package count as 0. */
static void take_up(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    const struct fota_record *r = &b->journal.record;
    uint32_t built = r->progress, replaced = in_place(b) ? r->replaced : 0;
    bool begun = r->state == FOTA_STATE_INSTALLING || fota_boot_reverting(b);

    if (!begun || built > segments(b) || replaced > built ||
        (in_place(b) && built - replaced > p->ring.count))
        return;
    if (built < segments(b) && built * p->layout.segment % fota_boot_target(b)->erase_unit != 0)
        return;
    p->built = built;
    p->replaced = replaced;
}

/* R5: noted before anything is destroyed; R1: in each session. */
static int begin(struct fota_boot *b)
{
    bool keep = b->patch.undo && !fota_boot_reverting(b) && b->patch.built == 0;
    struct fota_record r = b->journal.record;

    if (!fota_boot_reverting(b))
        r.state = FOTA_STATE_INSTALLING;
    if (in_place(b))
        r.flags |= FOTA_RECORD_IN_PLACE;
    r.progress = b->patch.built;
    r.replaced = b->patch.replaced;
    return fota_boot_note(b, &r, keep ? STEP_KEEP : STEP_PATCH);
}

int fota_boot_patch_source(struct fota_boot *b)
{
    struct fota_object payload;
    int err = plan(b, &payload);

    if (!err && b->manifest.result.length > fota_slot_capacity(fota_boot_map(b)))
        err = fota_fail(&b->fault, FOTA_ERR_IMAGE_TOO_LARGE, FOTA_STAGE_INSTALL, 0, 0);
    if (!err)
        take_up(b);
    /* With the old image half replaced, even a damaged patch is decoded as far as it is good. */
    if (!err && is_touched(b))
        return begin(b);
    if (!err)
        err = fota_hasher_start(&b->hasher, fota_boot_port(b), payload_address(b), &payload,
                                &b->fault);
    return err ? fota_boot_source_is_bad(b) : fota_boot_go(b, STEP_SOURCE_HASH);
}

/*
 * The patch is good; now the image that it starts from. A copy that was just made has been hashed.
 */
int fota_boot_patch_old(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    int err;

    if (p->layout.old_size == 0 || b->journal.record.state == FOTA_STATE_BACKING_UP)
        return begin(b);
    err = fota_hasher_start(&b->hasher, fota_boot_port(b), p->old, &p->from, &b->fault);
    return err ? fota_boot_source_is_bad(b) : fota_boot_go(b, STEP_OLD_HASH);
}

int fota_boot_patch_old_hash(struct fota_boot *b)
{
    int err = fota_hasher_step(&b->hasher, &b->fault);

    if (err > 0)
        return FOTA_BOOT_AGAIN;
    if (err == FOTA_ERR_INTEGRITY)
        no_old_image(b);
    return err ? fota_boot_source_is_bad(b) : begin(b);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* Lets the writer begin a segment in the ring. In a slot it goes on from one to the next. */
static void open_writer(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    const struct fota_map *map = fota_boot_map(b);
    uint32_t at = p->built * p->layout.segment, left = p->layout.new_size - at;

    p->ended = false;
    if (in_place(b)) {
        at = spare_address(b, p->built) - map->staging.offset;
        left = fota_boot_smaller(left, p->layout.segment);
    }
    fota_writer_start(&p->writer, fota_boot_port(b),
                      in_place(b) ? &map->staging : fota_boot_target(b), at, at + left, b->page);
}

/* Chooses the next step when no segment is half done. */
static int go_on(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    bool all = p->built == segments(b);

    if (in_place(b) && p->replaced < p->built && (all || p->built - p->replaced == p->ring.count)) {
        b->unit = 0;
        return fota_boot_go(b, STEP_REPLACE);
    }
    if (all) {
        b->unit = fota_round_up(fota_boot_target(b), p->layout.new_size) /
                  fota_boot_target(b)->erase_unit;
        return fota_boot_go(b, STEP_WRITE);
    }
    if (in_place(b))
        open_writer(b);
    return fota_boot_go(b, STEP_DECODE);
}

/* Keeps the old image's manifest, to be put back with the image. */
int fota_boot_patch_keep(struct fota_boot *b)
{
    const struct fota_region *staging = &fota_boot_map(b)->staging;
    int err =
        fota_unit_copy(fota_boot_port(b), staging, fota_boot_units(staging) - 1,
                       fota_slot_manifest(fota_boot_slot(b)), FOTA_HEADER_MAX, b->page, &b->fault);

    return err ? cannot(b, err) : fota_boot_go(b, STEP_PATCH);
}

int fota_boot_patch_start(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    int err = 0;

    p->readers = (struct fota_patch_readers){read_old, read_new, b};
    p->fed = 0;
    if (p->built < segments(b)) {
        err = fota_patch_start(&p->decoder, b->config->decoder, b->config->policy->decoder_ram,
                               &p->layout, &p->readers, &b->fault);
        if (!err && p->built)
            err = fota_patch_seek(p->decoder, p->built, read_payload, b, &p->fed, &b->fault);
        open_writer(b);
    }
    return err ? cannot(b, err) : go_on(b);
}

/* Gives the decoder what it asks for. */
static int feed(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    uint32_t left = p->layout.payload - p->fed;
    uint8_t bytes[64];
    uint32_t n = fota_boot_smaller(left, sizeof bytes);
    int err = read_payload(b, p->fed, bytes, n);

    if (err)
        return fota_fail(&b->fault, err, FOTA_STAGE_INSTALL, 0, p->payload + p->fed);
    n = (uint32_t)fota_patch_sink(p->decoder, bytes, n);
    p->fed += n;
    /* It wants more input than there is, so the patch is damaged. If it is not a patch at all, the
     * decoder says so itself. */
    return n ? 0 : fota_fail(&b->fault, FOTA_ERR_PATCH, FOTA_STAGE_INSTALL, 0, 0);
}

/* A segment, or all of the slot, is in flash. */
static int segment_done(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    uint32_t unit = fota_boot_target(b)->erase_unit;

    p->ended = false;
    p->built++;
    /* Progress is noted only where the next segment begins a new erase unit. */
    if (p->built < segments(b) && p->built * p->layout.segment % unit != 0)
        return FOTA_BOOT_AGAIN;
    return fota_boot_go(b, STEP_PATCH_MARK);
}

/* A page programmed or a unit erased, or else up to half a KB decoded. */
int fota_boot_patch_decode(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    uint8_t *room;
    size_t size = fota_writer_room(&p->writer, &room), length;
    bool last = p->built + 1 == segments(b);
    int state = fota_writer_work(&p->writer, p->ended && (last || in_place(b)), &b->fault);

    if (state < 0)
        return cannot(b, state);
    if (state > 0)
        return FOTA_BOOT_AGAIN;
    if (p->ended)
        return segment_done(b);
    state = fota_patch_poll(p->decoder, room, size, &length, &b->fault);
    if (state < 0)
        return cannot(b, state);
    fota_writer_filled(&p->writer, length);
    p->ended = state == FOTA_PATCH_SEGMENT || state == FOTA_PATCH_DONE;
    if (state == FOTA_PATCH_WANTS)
        state = feed(b);
    return state < 0 ? cannot(b, state) : FOTA_BOOT_AGAIN;
}

/* One unit of the slot from the ring. */
int fota_boot_patch_replace(struct fota_boot *b)
{
    struct fota_boot_patch *p = &b->patch;
    const struct fota_region *slot = &fota_boot_map(b)->slot;
    uint32_t done = b->unit * slot->erase_unit;
    uint32_t at = p->replaced * p->layout.segment + done;
    uint32_t end = fota_boot_smaller(p->layout.segment, p->layout.new_size - at + done);
    int err = fota_unit_copy(fota_boot_port(b), slot, at / slot->erase_unit,
                             spare_address(b, p->replaced) + done,
                             fota_boot_smaller(slot->erase_unit, end - done), b->page, &b->fault);

    if (err)
        return cannot(b, err);
    b->unit++;
    if (b->unit * slot->erase_unit < end)
        return FOTA_BOOT_AGAIN;
    p->replaced++;
    return fota_boot_go(b, STEP_PATCH_MARK);
}

int fota_boot_patch_mark(struct fota_boot *b)
{
    struct fota_record r = b->journal.record;

    r.progress = b->patch.built;
    r.replaced = b->patch.replaced;
    go_on(b);
    return fota_boot_note(b, &r, (enum boot_step)b->step);
}
