/*
 * boot.h - the boot stage: what runs before the application, and decides which one.
 *
 * The same C runs in the simulator and in a boot loader. It installs what is staged, lets a new
 * image try a limited number of times, reverts, and writes down why. Any power cut at any
 * instruction is answered by running it again.
 */
#ifndef FOTA_BOOT_H
#define FOTA_BOOT_H

#include "fota.h"
#include "slot.h"
#include "way.h"

enum fota_boot_step {
    FOTA_BOOT_AGAIN,   /* call again; feed the watchdog before */
    FOTA_BOOT_RUN,     /* the image in fota_boot_slot() is verified: start it */
    FOTA_BOOT_NOTHING, /* no image can be run */
    FOTA_BOOT_UPDATER  /* the resident updater at fota_boot_updater() is verified: start it */
};

#define FOTA_BOOT_SPARED 8u

/* Decoding a package; boot_patch.c's own. Segments are counted from 0. */
struct fota_boot_patch {
    struct fota_patch *decoder; /* in config->decoder */
    struct fota_patch_layout layout;
    struct fota_patch_readers readers;
    struct fota_writer writer;
    struct fota_ring ring;    /* in place */
    struct fota_object from;  /* the image that it starts from */
    uint32_t old;             /* its flash address */
    uint32_t payload;         /* the patch's */
    uint32_t fed;             /* bytes of the patch that the decoder has */
    uint32_t undo;            /* where in the payload the reverse patch begins; 0 none */
    uint32_t built, replaced; /* segments */
    uint8_t way;              /* enum fota_way */
    bool ended;               /* the writer has a segment's last byte */
};

struct fota_boot {
    uint8_t step;
    uint8_t recovering; /* other images tried because the slot's is not valid */
    bool mute;          /* the journal cannot be written in this session */
    bool power_lost;    /* the start before this one ended with the power */
    uint32_t unit;      /* next one to copy */
    const struct fota_config *config;
    struct fota_fault fault; /* the last failure, for a log */
    struct fota_journal journal;
    struct fota_hasher hasher;
    struct fota_boot_patch patch;
    struct fota_manifest manifest; /* of what `step` is about */
    uint8_t header[FOTA_HEADER_MAX];
    uint8_t page[FOTA_PROGRAM_UNIT_MAX];
};

/* Begins. `config` is borrowed; config->port needs no net. Returns 0, FOTA_ERR_MAP or
 * FOTA_ERR_FLASH_READ. */
int fota_boot_start(struct fota_boot *boot, const struct fota_config *config);

/*
 * One bounded piece of work: at most one erase unit written, or one journal record, or
 * FOTA_HASH_STEP bytes hashed. Returns enum fota_boot_step, or a negative error of the flash: reset
 * and try again.
 */
int fota_boot_step(struct fota_boot *boot);

/*
 * Between start and the first step, where the hardware can tell: the start before this one ended
 * because the power was lost, not by a reset. An image on trial is not blamed for that,
 * FOTA_BOOT_SPARED times.
 */
void fota_boot_power_lost(struct fota_boot *boot);

/*
 * Is all there that proves what is about to be started? `step` is FOTA_BOOT_RUN for the image in
 * fota_boot_slot(), FOTA_BOOT_UPDATER for what lies at fota_boot_updater(): the one that was
 * returned. A boot loader asks once more right before it jumps, so that one instruction that a
 * disturbance skips, or one branch that it turns, starts nothing (the boot stage itself has asked
 * twice before).
 */
bool fota_boot_proven(const struct fota_boot *boot, int step);

/* The slot that the modem runs from; after FOTA_BOOT_RUN boot->manifest is its image's. */
const struct fota_region *fota_boot_slot(const struct fota_boot *boot);

/* Flash address of the resident updater; after FOTA_BOOT_UPDATER boot->manifest is that of its
 * package. What it has to do is fota_update(). */
uint32_t fota_boot_updater(const struct fota_boot *boot);

/*
 * For manufacturing: writes the image of a signed package of `length` bytes (header and payload)
 * into the (first) slot and forgets the past, security counter included. Not power safe: run it
 * again. Returns 0 or an error with *fault filled in.
 */
int fota_boot_provision(struct fota_boot *boot, const struct fota_config *config,
                        const uint8_t *package, size_t length, struct fota_fault *fault);

#endif
