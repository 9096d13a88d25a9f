/*
 * journal.h - remembers across power cuts how far an update is.
 *
 * The journal has two banks of one erase unit each. A bank holds records of one size, padded to the
 * program unit, each programmed in one call: first a snapshot, then a seal, then one record for
 * each change. docs/flash-layout.md has the rules that make this safe at any cut; R1 to R6 below
 * are the names of these rules.
 */
#ifndef FOTA_JOURNAL_H
#define FOTA_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"

/* Where an update stands; written to flash, so a value never changes. */
enum fota_state {
    FOTA_STATE_IDLE = 0,        /* no update is going on; the slot's image is the one to run */
    FOTA_STATE_DOWNLOADING = 1, /* staging is being filled; progress: payload bytes in flash */
    FOTA_STATE_STAGED = 2,      /* staging holds a verified package for the boot stage to install */
    FOTA_STATE_BACKING_UP = 3,  /* the old image is being copied; progress: erase units done */
    FOTA_STATE_INSTALLING = 4,  /* the slot is being written; progress: erase units done */
    FOTA_STATE_TRIAL = 5,       /* the new image runs; after `tries` more starts it is reverted */
    FOTA_STATE_REVERTING = 6,   /* the old image is being put back; progress: erase units done */
    FOTA_STATE_UPDATING = 7     /* mini fota: the resident updater fetches the application into the
                                 * slot; progress: payload bytes written */
};

/* How the last update ended; written to flash. */
enum fota_outcome {
    FOTA_OUTCOME_NONE = 0,
    FOTA_OUTCOME_SUCCESS = 1,  /* installed and confirmed */
    FOTA_OUTCOME_FAILED = 2,   /* given up; the old image was never touched */
    FOTA_OUTCOME_REVERTED = 3, /* the new image was written, or even ran, and the old one is back */
    FOTA_OUTCOME_KEPT = 4      /* not confirmed, but there was no old image to go back to */
};

/* Flags of a record. */
#define FOTA_RECORD_BACKUP 0x01u /* the old image is kept, as a copy or in the other slot */
#define FOTA_RECORD_OTHER  0x02u /* the modem runs from map->other */
/* The old image is turned into the new one in place; with BACKUP the package has a patch back. */
#define FOTA_RECORD_IN_PLACE   0x04u
#define FOTA_RECORD_MINI       0x08u /* staging holds, or will hold, the resident updater */
#define FOTA_RECORD_REVERSIBLE 0x10u /* of a staged package: it will be possible to revert it */

/* The content of a record. */
struct fota_record {
    uint8_t state;          /* enum fota_state */
    uint8_t tries;          /* starts left in FOTA_STATE_TRIAL */
    uint8_t flags;          /* FOTA_RECORD_*; FOTA_RECORD_OTHER outlives an update */
    uint8_t outcome;        /* enum fota_outcome, of the last update that ended */
    uint8_t stage;          /* enum fota_stage in which the last update failed */
    uint8_t spared;         /* starts on trial that cost no try because a power cut ended them */
    int16_t error;          /* why it failed, FOTA_ERR_* */
    uint32_t progress;      /* depends on the state, see there */
    uint8_t key_generation; /* how often the key was replaced; never falls, like the counter */
    uint32_t counter;       /* security counter: lowest sequence that may be installed */
    uint32_t from_sequence; /* of the image before the update */
    uint32_t to_sequence;   /* of the package */
    uint32_t package_size;  /* header and payload, bytes */
    uint64_t validator;     /* of the file on the server, see http_reader.h; 0: none */
    uint8_t digest[FOTA_DIGEST_SIZE]; /* of the package's signed header */
    uint8_t reverted[8]; /* first bytes of the digest of the package reverted last; 0: none */
    /* Installing in place: how many segments of the slot are new (progress: how many are decoded).
     * Mini fota: how many applications of this set did not confirm. */
    uint32_t replaced;
};

struct fota_journal {
    const struct fota_port *port;
    uint8_t *page;             /* borrowed, FOTA_PROGRAM_UNIT_MAX bytes; used to write a record */
    struct fota_record record; /* the newest; change it with fota_journal_write() */
    uint32_t slot_size;        /* bytes of flash that a record takes */
    uint32_t bank_sequence;    /* of the bank in use; 0: none was found */
    uint16_t next;             /* number of the record to write next, in the bank */
    uint8_t bank;              /* the one in use, 0 or 1 */
    bool owned;                /* the bank was erased since the power came on (R2) */
    bool unsealed; /* its seal is not whole, and the other bank holds a record as well */
    bool doubtful; /* a power cut may have hit the newest record while it was written */
};

/*
 * Finds the newest record (R3). A flash without a journal, or with something else in its place,
 * gives an idle record; that is safe because the boot stage verifies every image whatever the
 * journal says. `page` is borrowed for the journal's life, but used only inside
 * fota_journal_write().
 *
 * A doubtful record may read differently the next time: write it once more before anyone relies on
 * it. Returns 0 or FOTA_ERR_FLASH_READ.
 */
int fota_journal_open(struct fota_journal *journal, const struct fota_port *port, uint8_t *page);

/*
 * Makes `record` the newest one in flash, with at most one erase. Returns 0 or FOTA_ERR_JOURNAL;
 * then journal->record is still the previous record, and so is the newest one in flash, unless the
 * flash has done its work in spite of the error.
 */
int fota_journal_write(struct fota_journal *journal, const struct fota_record *record);

#endif
