/*
 * boot_step.h - the inside of the boot stage, shared by its files.
 *
 *   boot.c         the state machine: what the journal says, what is judged, what runs
 *   boot_copy.c    to install with a copy of the old image: back it up, write the slot
 *   boot_switch.c  to install with two slots: choose the one that runs
 *   boot_patch.c   to install differential and compressed packages, which are decoded
 *   boot_mini.c    mini fota: the resident updater
 *   boot_rescue.c  to find another image when the slot's is lost
 *   provision.c    manufacturing
 *
 * A step is a function that does one bounded piece of work. It returns fota_boot_go() or
 * fota_boot_note() to name the next step, or FOTA_BOOT_AGAIN to be called again.
 *
 * To add another way to install, write a file of its own, add its steps to the enum below and to
 * the table in boot.c, let step_judge() choose it for a package that was accepted, and let
 * step_begin() return to it after a power cut.
 */
#ifndef FOTA_BOOT_STEP_H
#define FOTA_BOOT_STEP_H

#include "boot.h"

enum boot_step {
    STEP_BEGIN,        /* what does the journal say? */
    STEP_CHOOSE,       /* nothing, and there are two slots: which one? */
    STEP_JUDGE,        /* is the staged package (still) acceptable? */
    STEP_BACKUP_BEGIN, /* is the old image good? */
    STEP_BACKUP,       /* copy the old image behind the package */
    STEP_BACKUP_HASH,  /* is the copy good? */
    STEP_SOURCE,       /* load the header of what will be written into the slot */
    STEP_SOURCE_HASH,  /* is it good? */
    STEP_WRITE,        /* write it */
    STEP_OLD_HASH,     /* is the image good that a patch starts from? */
    STEP_KEEP,         /* keep the old image's manifest beside it */
    STEP_PATCH,        /* begin to decode, or go on */
    STEP_DECODE,       /* decode, and write what comes out */
    STEP_REPLACE,      /* a finished segment into the slot */
    STEP_PATCH_MARK,   /* note how far decoding and replacing are */
    STEP_MARK,         /* note how far copying or writing is */
    STEP_CHECK,        /* load the manifest that is in the slot now */
    STEP_CHECK_HASH,   /* is the image good? */
    STEP_SLOT,         /* nothing to install: load the slot's manifest */
    STEP_SLOT_HASH,    /* is the image good? */
    STEP_RECOVER,      /* it is not: look for another one */
    STEP_RUN,
    STEP_UPDATER,
    STEP_NOTHING,
    STEPS
};

static inline const struct fota_port *fota_boot_port(const struct fota_boot *b)
{
    return b->config->port;
}

static inline const struct fota_map *fota_boot_map(const struct fota_boot *b)
{
    return b->config->port->map;
}

static inline bool fota_boot_reverting(const struct fota_boot *b)
{
    return b->journal.record.state == FOTA_STATE_REVERTING;
}

/* Is, or was, the package the resident updater of a mini fota? */
static inline bool fota_boot_mini(const struct fota_boot *b)
{
    return (b->journal.record.flags & FOTA_RECORD_MINI) != 0;
}

static inline uint32_t fota_boot_units(const struct fota_region *region)
{
    return region->size / region->erase_unit;
}

static inline uint32_t fota_boot_smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline int fota_boot_go(struct fota_boot *b, enum boot_step step)
{
    b->step = (uint8_t)step;
    return FOTA_BOOT_AGAIN;
}

/*
 * Writes the record and goes to `next`. If the journal cannot be written the work cannot go on, but
 * that must not keep a whole image in the slot from running: then it goes to STEP_SLOT.
 */
int fota_boot_note(struct fota_boot *b, const struct fota_record *record, enum boot_step next);

/* Loads and verifies the header at flash address `address` into b->header and b->manifest. */
int fota_boot_load(struct fota_boot *b, uint32_t address);

/* The same of the staged header, which must be the one that the journal speaks of. */
int fota_boot_load_staged(struct fota_boot *b);

/* The flash address of the bytes that will run, which b->manifest belongs to: those of the package,
 * or of the old image when it is being put back. */
uint32_t fota_boot_source(const struct fota_boot *b);

/* Are they in the other slot, so that nothing has to be copied? */
static inline bool fota_boot_switches(const struct fota_boot *b)
{
    const struct fota_map *map = fota_boot_map(b);

    return map->other.size &&
           fota_boot_source(b) == fota_slot_inactive(map, b->journal.record.flags)->offset;
}

/* The slot that is written, if one is written at all. */
static inline const struct fota_region *fota_boot_target(const struct fota_boot *b)
{
    const struct fota_map *map = fota_boot_map(b);

    return map->other.size ? fota_slot_inactive(map, b->journal.record.flags) : &map->slot;
}

/* Does the decoder make what will run? b->manifest belongs to the source. */
static inline bool fota_boot_decodes(const struct fota_boot *b)
{
    if (fota_boot_reverting(b))
        return !fota_boot_map(b)->other.size &&
               (b->journal.record.flags & FOTA_RECORD_IN_PLACE) != 0;
    return b->manifest.format != FOTA_FORMAT_FULL;
}

/* The source of what would be written cannot be used. The slot may still be whole: not touched yet,
 * or written to its end. */
int fota_boot_source_is_bad(struct fota_boot *b);

/* The image is in the slot: notes in *r, the record to write, that it is on trial, or that the old
 * image is back. */
int fota_boot_installed(struct fota_boot *b, struct fota_record *r);

/* Ends the update with b->fault. The slot's image, which was not touched, is started. */
int fota_boot_refuse(struct fota_boot *b);

/* The new image must not run: puts the old one back if it was kept. */
int fota_boot_give_back(struct fota_boot *b, int error, enum fota_stage stage);

/* Steps. boot_copy.c: */
int fota_boot_backup_begin(struct fota_boot *b);
int fota_boot_backup(struct fota_boot *b);
int fota_boot_backup_hash(struct fota_boot *b);
int fota_boot_write(struct fota_boot *b);
int fota_boot_mark(struct fota_boot *b);

/* What was written is wrong, or could not be written: goes back to the old image, or else to any
 * image that can be written, which may be the same one once more. */
int fota_boot_written_badly(struct fota_boot *b, int error);

/* boot_patch.c. The first two verify the package in b->manifest, and the image it starts from. */
int fota_boot_patch_source(struct fota_boot *b);
int fota_boot_patch_old(struct fota_boot *b);
int fota_boot_patch_old_hash(struct fota_boot *b);
int fota_boot_patch_keep(struct fota_boot *b);
int fota_boot_patch_start(struct fota_boot *b);
int fota_boot_patch_decode(struct fota_boot *b);
int fota_boot_patch_replace(struct fota_boot *b);
int fota_boot_patch_mark(struct fota_boot *b);

/* boot_switch.c: */
int fota_boot_choose(struct fota_boot *b);

/* Lets the other slot's image, which is verified, run from now on. */
int fota_boot_switch(struct fota_boot *b);

/* boot_mini.c: the updater in staging is verified. */
int fota_boot_resident(struct fota_boot *b);

/* The application that it fetched must not run. *r is the record to write. */
int fota_boot_fetch_again(struct fota_boot *b, struct fota_record *r);

/* boot_rescue.c: */
int fota_boot_recover(struct fota_boot *b);

#endif
