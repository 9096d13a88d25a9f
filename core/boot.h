/*
 * boot.h - the boot stage, which runs before the application and decides which image that is.
 *
 * The same code runs in the simulator and in a boot loader. It installs what is staged, gives a new
 * image a limited number of starts to confirm, reverts it otherwise, and records why. After a power
 * cut at any instruction it is simply run again.
 */
#ifndef FOTA_BOOT_H
#define FOTA_BOOT_H

#include "fota.h"
#include "slot.h"
#include "way.h"

enum fota_boot_step {
    FOTA_BOOT_AGAIN,   /* feed the watchdog and call again */
    FOTA_BOOT_RUN,     /* the image in fota_boot_slot() is verified: start it */
    FOTA_BOOT_NOTHING, /* there is no image to start */
    FOTA_BOOT_UPDATER  /* the resident updater at fota_boot_updater() is verified: start it */
};

/* How many power cuts an image on trial is excused for, see fota_boot_power_lost(). */
#define FOTA_BOOT_SPARED 8u

/* State of decoding a package, used by boot_patch.c only. Segments are numbered from 0. */
struct fota_boot_patch {
    struct fota_patch *decoder; /* in config->decoder */
    struct fota_patch_layout layout;
    struct fota_patch_readers readers;
    struct fota_writer writer;
    struct fota_ring ring;    /* in place */
    struct fota_object from;  /* the image that the patch starts from */
    uint32_t old;             /* flash address of that image */
    uint32_t payload;         /* flash address of the patch */
    uint32_t fed;             /* bytes of the patch that the decoder has taken */
    uint32_t undo;            /* where in the payload the reverse patch begins; 0: there is none */
    uint32_t built, replaced; /* how many segments are decoded, and are in the slot */
    uint8_t way;              /* enum fota_way */
    bool ended;               /* the writer has the last byte of a segment */
};

struct fota_boot {
    uint8_t step;       /* enum boot_step (boot_step.h) */
    uint8_t recovering; /* how many other images were tried because the slot's is not valid */
    bool mute;          /* the journal cannot be written in this session */
    bool power_lost;    /* a power cut ended the previous start */
    uint32_t unit;      /* the erase unit to copy next */
    const struct fota_config *config;
    struct fota_fault fault; /* the last failure, for a log */
    struct fota_journal journal;
    struct fota_hasher hasher;
    struct fota_boot_patch patch;
    struct fota_manifest manifest;       /* of the image or package that `step` deals with */
    uint8_t header[FOTA_HEADER_MAX];     /* the same, as it is in flash */
    uint8_t page[FOTA_PROGRAM_UNIT_MAX]; /* to be programmed next */
};

/*
 * Begins the boot stage. `config` is borrowed; of its port only map, flash and crypto are used.
 * Returns 0, FOTA_ERR_MAP or FOTA_ERR_FLASH_READ.
 */
int fota_boot_start(struct fota_boot *boot, const struct fota_config *config);

/*
 * Does one bounded piece of work: it writes at most one erase unit or one record of the journal, or
 * hashes FOTA_HASH_STEP bytes. Returns enum fota_boot_step, or FOTA_ERR_FLASH_* if the flash fails:
 * reset the modem and begin again.
 */
int fota_boot_step(struct fota_boot *boot);

/*
 * To be called between fota_boot_start() and the first step if the hardware can tell that the
 * previous start ended by a loss of power, not by a reset. For an image on trial that start does
 * not count as a failed try, up to FOTA_BOOT_SPARED times.
 */
void fota_boot_power_lost(struct fota_boot *boot);

/*
 * Is there proof that what is about to be started was verified? `step` is what fota_boot_step()
 * returned: FOTA_BOOT_RUN for the image in fota_boot_slot(), FOTA_BOOT_UPDATER for the one at
 * fota_boot_updater().
 *
 * A boot loader asks this once more right before it jumps; the boot stage itself has asked twice.
 * So a disturbance that skips one instruction, or inverts one branch, does not start an image that
 * was not verified.
 */
bool fota_boot_proven(const struct fota_boot *boot, int step);

/* The slot that the modem runs from. After FOTA_BOOT_RUN boot->manifest belongs to its image. */
const struct fota_region *fota_boot_slot(const struct fota_boot *boot);

/* The flash address of the resident updater. After FOTA_BOOT_UPDATER boot->manifest belongs to its
 * package. The updater has to call fota_update(). */
uint32_t fota_boot_updater(const struct fota_boot *boot);

/*
 * For manufacturing: writes the image of a signed full package of `length` bytes (header and
 * payload) into the first slot and starts a new journal, which resets the security counter. After a
 * power cut in the middle it has to be run again. Returns 0 or an error with *fault filled in.
 */
int fota_boot_provision(struct fota_boot *boot, const struct fota_config *config,
                        const uint8_t *package, size_t length, struct fota_fault *fault);

#endif
