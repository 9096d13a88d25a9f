/*
 * engine.h - the inside of struct fota, shared by the engine's own files.
 *
 *   engine.c    life, step and events, what is asked after the reset
 *   download.c  bytes from the network: attempts, resume, identity
 *   staging.c   what becomes of the bytes: header, judgement, flash, digest
 *   local.c     bytes from the script
 *   mini.c      a set of two packages: the resident updater, and what that fetches
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
    FOTA_PHASE_RESUME,  /* is there an earlier download to go on with? */
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
    FOTA_PHASE_SEAL,    /* it lies in a slot: make it an image, with a manifest */
    FOTA_PHASE_COMMIT,  /* note in the journal that staging may be installed */
    FOTA_PHASE_DROP,    /* note that it may not */
    FOTA_PHASE_BACKOFF, /* pause before the next attempt */
    FOTA_PHASE_CANCEL,  /* the script took it back */
    FOTA_PHASE_END      /* report fault (error 0: success) once */
};

/* Small fields first, here and in the structures below it: code for them is shorter
 * near the begin. */
struct fota {
    uint8_t phase;
    uint8_t stage;      /* enum fota_stage, for events */
    uint8_t restarts;   /* from byte 0, in this download */
    uint8_t percent;    /* last reported */
    uint8_t reported;   /* stage last reported */
    bool local;         /* bytes come from fota_write() */
    bool judged;        /* the header in hand is complete and accepted */
    bool waiting;       /* the network has nothing for us now */
    uint8_t set_stage;  /* FOTA_SET_* */
    uint8_t order_unit; /* next one to write */
    bool whole;         /* the slot's image was not touched for the second stage */
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

/* Tells the watchdog that the engine gets on. */
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

/* Whole package by its header, bytes; call only when the manifest is parsed. */
static inline uint32_t fota_package_size(const struct fota *f)
{
    return f->manifest.header_length + f->manifest.payload.length;
}

/* Fails the engine's call or phase: fills in f->fault and returns `error`. */
int fota_engine_fail(struct fota *f, int error, uint32_t expected, uint32_t got);

/* Writes the journal's next record. Returns 0, or FOTA_ERR_JOURNAL as fota_engine_fail() does. */
int fota_engine_note(struct fota *f, const struct fota_record *record);

/* Forgets everything about an update but the journal. */
void fota_engine_reset(struct fota *f);

/*
 * Loads the manifest of what runs, of the slot's image or of the resident updater, into
 * f->work.installed, which is valid until the next byte of a package. Returns it, or NULL if there
 * is none that is signed.
 */
const struct fota_manifest *fota_engine_installed(struct fota *f);

/* Refuses to begin while another update runs or the image is on trial. Returns 0 or the error. */
int fota_engine_may_begin(struct fota *f);

/* Phases; each does one piece of work, moves f->phase on, and returns 0 or an error in f->fault. */
int fota_download_resume(struct fota *f);
int fota_download_open(struct fota *f);
int fota_download_answer(struct fota *f);
int fota_download_fetch(struct fota *f); /* HEADER, BODY */
int fota_download_tail(struct fota *f);
int fota_download_backoff(struct fota *f);

/* Can `url` be fetched with these parameters? Returns 0 or the error. */
int fota_download_check(struct fota *f, const char *url, const struct fota_tls_params *tls);

/* fota_download() but for fota_engine_may_begin(). */
int fota_download_begin(struct fota *f, const char *url, const struct fota_tls_params *tls,
                        const struct fota_limits *limits);

/* Keeps what the updater must know; one unit a call. */
int fota_mini_order(struct fota *f);

/* Goes to that phase, if what is downloaded is an updater and it was not done yet. */
void fota_mini_begin_order(struct fota *f);

/* Changes *device and f->manifest to what counts for the stage of a set. */
void fota_mini_describe(struct fota *f, struct fota_device *device);

/* Judges f->manifest. Returns 0 or the error. */
int fota_staging_accept(struct fota *f);

/* Where in flash the header of the package in hand is kept. */
uint32_t fota_staging_header(const struct fota *f);

/* Makes the writer ready behind `done` payload bytes that are in flash, whole erase units. */
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

/* A failed phase of a download: try again, start again, or end. */
void fota_download_failed(struct fota *f);

/* Where the next bytes of the package go, and how many fit; 0: flash has to be worked first. */
size_t fota_staging_room(struct fota *f, uint8_t **data);

/* `length` bytes were put there. Returns 0, or the header's error. */
int fota_staging_filled(struct fota *f, size_t length);

/* One piece of flash work for a full page. Returns 1 if it did something, 0, or an error. */
int fota_staging_work(struct fota *f);

/* May staging be written, as a record of this power session says how far it is? If not a mark is
 * due first: another record may be the newest at the next start (R1). */
bool fota_staging_settled(const struct fota *f);

/* Has the payload been received to its last byte? */
bool fota_staging_complete(const struct fota *f);

/* Milliseconds to wait before anything can happen; 0: work is due. */
uint32_t fota_download_wait(const struct fota *f);

#endif
