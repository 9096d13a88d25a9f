/*
 * engine.h - the inside of struct fota, shared by the engine's own files.
 *
 *   engine.c    opening and closing, steps and events, the calls after the reset
 *   download.c  bytes from the network: attempts, resuming, the file's identity
 *   staging.c   what happens to the bytes: header, judgement, flash, digest
 *   local.c     bytes from the script
 *   mini.c      a set of two packages: the resident updater, and what it fetches
 *   apn.c       the access point
 */
#ifndef FOTA_ENGINE_H
#define FOTA_ENGINE_H

#include "device.h"
#include "fault.h"
#include "fota.h"
#include "journal.h"
#include "slot.h"
#include "source.h"

enum fota_phase {
    FOTA_PHASE_IDLE,
    FOTA_PHASE_RESUME,  /* is there an earlier download to resume? */
    FOTA_PHASE_OPEN,    /* send the request */
    FOTA_PHASE_ANSWER,  /* wait for the answer's header */
    FOTA_PHASE_HEADER,  /* collect the package's header */
    FOTA_PHASE_JUDGE,   /* decide whether it may be installed */
    FOTA_PHASE_INTENT,  /* note in the journal that staging will be overwritten (R5) */
    FOTA_PHASE_STORE,   /* header into staging */
    FOTA_PHASE_ORDER,   /* mini fota: keep what the updater must know */
    FOTA_PHASE_BODY,    /* payload into staging */
    FOTA_PHASE_MARK,    /* note how far we are */
    FOTA_PHASE_TAIL,    /* the file must end here */
    FOTA_PHASE_FLUSH,   /* the last page */
    FOTA_PHASE_FLUSHED, /* a local package is complete in flash */
    FOTA_PHASE_HASH,    /* hash the payload as it lies in flash */
    FOTA_PHASE_SEAL,    /* the payload is in a slot: write the manifest that makes it an image */
    FOTA_PHASE_COMMIT,  /* note in the journal that staging may be installed */
    FOTA_PHASE_DROP,    /* note that it may not */
    FOTA_PHASE_BACKOFF, /* pause before the next attempt */
    FOTA_PHASE_CANCEL,  /* the script has cancelled it */
    FOTA_PHASE_END      /* report fault (error 0: success) once */
};

/* Small fields come first, here and in the structures inside: Thumb code for fields near the
 * beginning is shorter. */
struct fota {
    uint8_t phase;
    uint8_t stage;      /* enum fota_stage, for events */
    uint8_t restarts;   /* how often this download began again from byte 0 */
    uint8_t percent;    /* last reported */
    uint8_t reported;   /* stage last reported */
    bool local;         /* bytes come from fota_write() */
    bool judged;        /* the header is complete and was accepted */
    bool waiting;       /* the network has nothing for us now */
    uint8_t set_stage;  /* FOTA_SET_* */
    uint8_t order_unit; /* the erase unit of the order to write next */
    bool whole;         /* the second stage has not touched the slot's image yet */
    bool ordered;       /* the order is written, or will be before anything else */
    uint8_t parts;      /* answers that ended before the file, without a page in between */
    uint16_t header_fill;
    uint32_t base;     /* where the payload begins in the writer's region, bytes */
    uint32_t received; /* bytes of the package in hand, flash and RAM */
    uint32_t claimed;  /* bytes of the package as the source says; 0 unknown */
    uint32_t marked;   /* payload bytes that a power cut cannot take */
    uint32_t attempts; /* failed in a row */
    uint32_t paced_at; /* what the source had received when the window of paced_ms began */
    struct fota_fault fault;
    struct fota_config config;
    struct fota_file_identity identity; /* of the file, once an answer came */
    uint64_t begun_ms;                  /* the download */
    uint64_t paced_ms; /* the attempt, or the window in which it must bring something */
    uint64_t pause_until_ms;
    uint64_t confirm_at_ms; /* the image on trial confirms itself then; 0: it has to say so */
    struct fota_traffic traffic;
    struct fota_limits limits;
    struct fota_tls_params tls;
    struct fota_writer writer;
    struct fota_journal journal;
    struct fota_hasher hasher;
    struct fota_manifest manifest;
    char url[FOTA_URL_MAX + 1];
    char url2[FOTA_URL_MAX + 1]; /* of the second stage */
    uint8_t header[FOTA_HEADER_MAX];
    /* The page to program; while it is empty, the slot's manifest has room here. */
    union {
        uint8_t page[FOTA_PROGRAM_UNIT_MAX];
        struct {
            uint8_t header[FOTA_HEADER_MAX];
            struct fota_manifest manifest;
        } installed;
    } work;
    struct fota_source source;
};

/* Feeds the watchdog. */
static inline void fota_engine_alive(const struct fota *f)
{
    const struct fota_system *system = &f->config.port->system;

    if (system->ops && system->ops->alive)
        system->ops->alive(system->ctx);
}

static inline const struct fota_map *fota_map_of(const struct fota *f)
{
    return f->config.port->map;
}

/* The size of the whole package by its header, bytes. Call it only when the manifest is parsed. */
static inline uint32_t fota_package_size(const struct fota *f)
{
    return f->manifest.header_length + f->manifest.payload.length;
}

/* Fails the engine's call or phase: fills in f->fault and returns `error`. */
int fota_engine_fail(struct fota *f, int error, uint32_t expected, uint32_t got);

/* The same, and names what it is about; `subject` is a text that stays. */
int fota_engine_fail_about(struct fota *f, int error, const char *subject);

/* Writes the journal's next record. Returns 0, or FOTA_ERR_JOURNAL as fota_engine_fail() does. */
int fota_engine_note(struct fota *f, const struct fota_record *record);

/* Ends the current update in RAM. The journal stays as it is. */
void fota_engine_reset(struct fota *f);

/*
 * Loads the manifest of what runs, of the slot's image or of the resident updater, into
 * f->work.installed, which is valid until the next byte of a package. Returns it, or NULL if there
 * is none that is signed.
 */
const struct fota_manifest *fota_engine_installed(struct fota *f);

/* Refuses to begin while another update runs or the image is on trial. Returns 0 or the error. */
int fota_engine_may_begin(struct fota *f);

/* The phases. Each does one piece of work and sets the next f->phase. Returns 0, or an error with
 * f->fault filled in. */
int fota_download_resume(struct fota *f);
int fota_download_open(struct fota *f);
int fota_download_answer(struct fota *f);
int fota_download_fetch(struct fota *f); /* HEADER, BODY */
int fota_download_tail(struct fota *f);
int fota_download_backoff(struct fota *f);

/* Can `url` be fetched with these parameters? Returns 0 or the error. */
int fota_download_check(struct fota *f, const char *url, const struct fota_tls_params *tls);

/* The part of fota_download() that follows fota_engine_may_begin(). */
int fota_download_begin(struct fota *f, const char *url, const struct fota_tls_params *tls,
                        const struct fota_limits *limits);

/* Writes what the updater must know to flash, one erase unit at a call. */
int fota_mini_order(struct fota *f);

/* Goes to FOTA_PHASE_ORDER if an updater is downloaded and its order is not written yet. */
void fota_mini_begin_order(struct fota *f);

/* Changes *device and f->manifest according to the stage of the set. */
void fota_mini_describe(struct fota *f, struct fota_device *device);

/* Judges f->manifest. Returns 0 or the error. */
int fota_staging_accept(struct fota *f);

/* The flash address where the header of the current package is kept. */
uint32_t fota_staging_header(const struct fota *f);

/* Prepares the writer to go on after `done` payload bytes, whole erase units, that are in flash. */
void fota_staging_begin(struct fota *f, uint32_t done);

int fota_staging_judge(struct fota *f);
int fota_staging_intent(struct fota *f);
int fota_staging_store(struct fota *f);
int fota_staging_mark(struct fota *f);
int fota_staging_flush(struct fota *f);
int fota_staging_hash(struct fota *f);
int fota_staging_seal(struct fota *f);
int fota_staging_commit(struct fota *f);
int fota_staging_drop(struct fota *f);

/* After a phase of a download has failed: tries again, starts from byte 0, or ends. */
void fota_download_failed(struct fota *f);

/* Sets *data to where the next bytes of the package go. Returns how many fit; 0: flash work has to
 * be done first. */
size_t fota_staging_room(struct fota *f, uint8_t **data);

/* Says that `length` bytes were put there. Returns 0, or the header's error. */
int fota_staging_filled(struct fota *f, size_t length);

/* One piece of flash work for a full page. Returns 1 if it did something, 0, or an error. */
int fota_staging_work(struct fota *f);

/* Has this power session written a record that says how far staging is? If not, that has to be done
 * before staging is written: otherwise another record may be the newest at the next start (R1). */
bool fota_staging_settled(const struct fota *f);

/* Has the payload been received to its last byte? */
bool fota_staging_complete(const struct fota *f);

/* How many milliseconds to wait before there is work; 0: there is work now. */
uint32_t fota_download_wait(const struct fota *f);

#endif
