/*
 * journal.h - remembers across power cuts how far an update is.
 *
 * Two banks, each one erase unit. A bank holds records of one size, padded to the program unit and
 * programmed in one call: a snapshot, a seal behind it, then one record a change. The
 * rules that make it safe at any cut are in docs/flash-layout.md; the names R1 to R6 below are
 * theirs.
 */
#ifndef FOTA_JOURNAL_H
#define FOTA_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"

/* Where an update stands; written to flash, so a value never changes. */
enum fota_state {
    FOTA_STATE_IDLE = 0,        /* nothing is under way; the slot's image is the one to run */
    FOTA_STATE_DOWNLOADING = 1, /* staging is being filled; progress: payload bytes in flash */
    FOTA_STATE_STAGED = 2,      /* staging holds a verified package; the boot stage installs it */
    FOTA_STATE_BACKING_UP = 3,  /* the old image is being copied; progress: units done */
    FOTA_STATE_INSTALLING = 4,  /* the slot is being written; progress: units done */
    FOTA_STATE_TRIAL = 5,       /* the new image runs; `tries` more starts before it is reverted */
    FOTA_STATE_REVERTING = 6,   /* the old image is being put back; progress: units done */
    FOTA_STATE_UPDATING = 7     /* mini fota: the resident updater fetches the application into the
                                 * slot; progress: payload bytes there */
};

/* How the last update ended; written to flash. */
enum fota_outcome {
    FOTA_OUTCOME_NONE = 0,
    FOTA_OUTCOME_SUCCESS = 1,  /* installed and confirmed */
    FOTA_OUTCOME_FAILED = 2,   /* given up; the old image was never touched */
    FOTA_OUTCOME_REVERTED = 3, /* the new image ran, or was written, and the old one is back */
    FOTA_OUTCOME_KEPT = 4      /* not confirmed, but no old image was there to go back to */
};

#define FOTA_RECORD_BACKUP 0x01u /* flag: the old image is kept: a copy, or in the other slot */
#define FOTA_RECORD_OTHER  0x02u /* flag: the modem runs from map->other */
/* flag: the image is made of the old one in place; with BACKUP, the package can take it back */
#define FOTA_RECORD_IN_PLACE 0x04u
/* flag of what is staged: the old image will be there to go back to */
#define FOTA_RECORD_REVERSIBLE 0x10u
#define FOTA_RECORD_MINI       0x08u /* flag: staging holds, or will hold, the resident updater */

/* What a record says. */
struct fota_record {
    uint8_t state;   /* enum fota_state */
    uint8_t tries;   /* starts left in FOTA_STATE_TRIAL */
    uint8_t flags;   /* FOTA_RECORD_*; FOTA_RECORD_OTHER outlives an update */
    uint8_t outcome; /* enum fota_outcome, of the last update that ended */
    uint8_t stage;   /* enum fota_stage where it failed */
    uint8_t spared;  /* starts in FOTA_STATE_TRIAL that ended with the power and cost no try */
    int16_t error;   /* why it failed, FOTA_ERR_* */
    uint32_t progress;
    uint8_t key_generation; /* how often the key was replaced; rises as the counter does */
    uint32_t counter;       /* security counter: lowest sequence that may be installed */
    uint32_t from_sequence; /* of the image before the update */
    uint32_t to_sequence;   /* of the package */
    uint32_t package_size;  /* header and payload, bytes */
    uint64_t validator;     /* of the file on the server, see http_reader.h; 0 none */
    uint8_t digest[FOTA_DIGEST_SIZE]; /* of the package's signed header */
    uint8_t reverted[8]; /* begin of the digest of the package that was reverted last; 0 none */
    /* In place: segments of the slot that are new; progress: those built. Mini fota: applications
     * of this set that did not confirm. */
    uint32_t replaced;
};

struct fota_journal {
    const struct fota_port *port;
    uint8_t *page;             /* borrowed while a record is written, FOTA_PROGRAM_UNIT_MAX bytes */
    struct fota_record record; /* the newest; change it with fota_journal_write() */
    uint32_t slot_size;        /* bytes */
    uint32_t bank_sequence;    /* of the bank in use; 0: none was found */
    uint16_t next;             /* slot to write next */
    uint8_t bank;              /* in use, 0 or 1 */
    bool owned;                /* this power session erased it (R2) */
    bool unsealed;             /* its seal is not whole, and the other bank holds a record, too */
    bool doubtful;             /* nothing proves that programming the newest record had finished */
};

/*
 * Finds the newest record (R3). A flash without a journal, or with anything else in its place,
 * gives an idle record: an unverified image never boots whatever the journal says. `page` is
 * borrowed for the journal's life but used inside fota_journal_write() only. A record that is
 * doubtful may be another one at the next look: write it once more before anybody is told of it.
 * Returns 0 or FOTA_ERR_FLASH_READ.
 */
int fota_journal_open(struct fota_journal *journal, const struct fota_port *port, uint8_t *page);

/*
 * Makes `record` the newest, durably: at most one erase. Returns 0 or FOTA_ERR_JOURNAL, after which
 * the record before it is still the one in journal->record, and the newest in flash unless the
 * flash did its work and failed all the same.
 */
int fota_journal_write(struct fota_journal *journal, const struct fota_record *record);

#endif
