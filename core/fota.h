/*
 * fota.h - the update engine, as an application sees it.
 *
 * The engine lives in memory that the caller provides. An update advances only inside fota_step(),
 * which does a bounded piece of work (at most one erase, one programmed page, one network read, or
 * 4 KiB of hashing) and reports what happened. The engine never calls the application back. It is
 * not thread-safe: call it from one thread at a time.
 *
 *     struct fota *fota;
 *     struct fota_event event;
 *
 *     if (fota_open(memory, sizeof memory, &config, &fota) != 0 ||
 *         fota_download(fota, "https://example.com/app.fota", NULL, NULL) != 0)
 *         return; // fota_fault() says why the download did not begin
 *     do {
 *         enum fota_step step = fota_step(fota, &event);
 *         if (step == FOTA_STEP_WAIT)
 *             sleep_ms(event.wait_ms); // or net.wait() of the port, which ends when bytes come
 *     } while (event.kind != FOTA_EVENT_END);
 *     if (event.fault.error == 0)
 *         reset();
 */
#ifndef FOTA_H
#define FOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"
#include "fota_model.h"
#include "fota_port.h"
#include "journal.h"
#include "package.h"

/* When a download gives up on the network. A field of 0 takes its default. */
struct fota_limits {
    /* Longest time to resolve the name and connect, once; default 30000. */
    uint32_t connect_ms;
    /* Longest time from the start of an attempt to the first byte of the file, with redirects and
     * login; default 120000. */
    uint32_t request_ms;
    /* Longest time without a byte from the server; default 60000. */
    uint32_t stall_ms;
    /* An attempt fails when fewer than slow_bytes arrive from the server within slow_ms; defaults
     * 600 and 60000. */
    uint32_t slow_ms;
    uint32_t slow_bytes;
    /* Longest time for the whole download, pauses included; default: no limit. */
    uint32_t total_ms;
    /* Pause before the second attempt, doubled before each further one; default 1000. */
    uint32_t backoff_ms;
    /* Longest pause; default 600000. A server's Retry-After is cut to it; up to a quarter of that
     * is then added by chance. */
    uint32_t backoff_max_ms;
    /* Failures in a row, with no page (2 KiB) received in between, that end the download;
     * default 5. */
    uint32_t attempts;
    /* Most bytes to receive for the whole download, protocol headers and repeated parts included;
     * default: no limit. */
    uint32_t max_bytes;
};

/* What the engine works with. Everything is borrowed until fota_close(). */
struct fota_config {
    const struct fota_port *port;
    /* One of fota_model_find(), or the port's own. The engine and the boot stage only use its name;
     * the Lua face uses all of it. */
    const struct fota_model *model;
    const char *vendor; /* the vendor id that packages must carry (fota pack --vendor), "quectel" */
    const struct fota_policy *policy;
    /* Used by the boot stage only: policy->decoder_ram bytes, aligned for any type. With NULL it
     * installs full packages only. */
    void *decoder;
};

struct fota;

/* How often a new image may start without confirming, where the policy does not say. */
#define FOTA_BOOT_TRIES 3u

/*
 * Makes the engine in `memory`, which has `size` bytes (at least fota_size()) and is aligned for
 * any type. Does not write to flash. Returns 0, FOTA_ERR_MEMORY (`size` is too small),
 * FOTA_ERR_MAP (the partition map is inconsistent) or FOTA_ERR_FLASH_READ.
 */
int fota_open(void *memory, size_t size, const struct fota_config *config, struct fota **fota);

/* Stops whatever is running. A download can be resumed after the next fota_open(). */
void fota_close(struct fota *fota);

/* How many bytes fota_open() needs. */
size_t fota_size(void);

/* RAM in bytes, part by part. */
struct fota_memory {
    size_t engine; /* fota_size(), which includes the three parts below */
    size_t http;   /* the HTTP client and its buffers */
    size_t header; /* the package's header and manifest */
    size_t page;   /* the page to be programmed next */
    size_t boot;   /* struct fota_boot: in a boot loader, not in the engine */
};

void fota_memory(struct fota_memory *memory);

/* ---- updating -------------------------------------------------------------------------------- */

/*
 * Begins to download the package at `url` (a terminated string, copied) into staging. An earlier
 * download of the same file is resumed.
 *
 * `tls` applies to https and ftps, and to http that is redirected to https. The structure is
 * copied; the texts in it are borrowed until the download ends. NULL: the server is verified
 * against the platform's own authorities. `limits` is copied; NULL takes all defaults.
 *
 * Returns 0 when the download has begun; fota_step() reports what becomes of it. Errors:
 * FOTA_ERR_BUSY, FOTA_ERR_UNCONFIRMED (the running image is on trial), FOTA_ERR_REVERTING, those of
 * fota_url_parse(), FOTA_ERR_TLS_PARAMS, FOTA_ERR_TLS_MEMORY, FOTA_ERR_NOT_BUILT (the port lacks
 * a network, TLS or FTP).
 */
int fota_download(struct fota *fota, const char *url, const struct fota_tls_params *tls,
                  const struct fota_limits *limits);

/*
 * Mini fota: begins to download the first package of a set, a small resident updater, from `url1`
 * into staging. After the next reset the updater runs and fetches the second package, the
 * application, from `url2` into the slot (fota_update()).
 *
 * Both urls are copied. `tls` and `limits` are as for fota_download(). `tls` applies to both
 * downloads and is kept in flash for the second one. Errors: those of fota_download(), for either
 * url; also FOTA_ERR_TLS_PARAMS where url2 and the texts of `tls` take more than FOTA_ORDER_MAX
 * bytes in flash.
 */
int fota_download_mini(struct fota *fota, const char *url1, const char *url2,
                       const struct fota_tls_params *tls, const struct fota_limits *limits);

/*
 * What the resident updater calls once it runs (FOTA_BOOT_UPDATER in boot.h): begins to fetch the
 * application, or resumes that. `memory`, of `size` bytes, at least FOTA_ORDER_MAX, is borrowed
 * until the end. fota_step() does the rest; after FOTA_EVENT_END, with or without an error, reset
 * the modem.
 *
 * As long as the old application is whole, a failure ends the update and the old application runs
 * again. Once its slot has been overwritten the updater retries until it succeeds, with pauses of
 * at most 15 minutes.
 *
 * Errors, after which the modem is to be reset as well: FOTA_ERR_STATE (there is nothing to fetch),
 * FOTA_ERR_MEMORY, FOTA_ERR_INTEGRITY (what was kept in flash is damaged), those of
 * fota_download().
 */
int fota_update(struct fota *fota, void *memory, size_t size);

/*
 * The local way, without the network: takes the next `length` bytes of a package that the caller
 * has. `total` is the size of the whole package in bytes, 0 if it is not known. The first call
 * begins the update.
 *
 * A call does at most one step's work, so it may take fewer bytes than offered: *taken says how
 * many. Call again with the rest. A failure ends the update. Errors: FOTA_ERR_BUSY (a download is
 * running), FOTA_ERR_UNCONFIRMED, those of the package's header, FOTA_ERR_REVERTED,
 * FOTA_ERR_TRAILING (bytes after the end of the package), FOTA_ERR_TRUNCATED (`total` contradicts
 * the header), FOTA_ERR_FLASH_*.
 */
int fota_write(struct fota *fota, const void *data, size_t length, uint32_t total, size_t *taken);

/*
 * Programs what is left in RAM. Returns 0, FOTA_ERR_STATE (nothing is being written),
 * FOTA_ERR_INCOMPLETE (more bytes must be written first; nothing is lost), FOTA_ERR_FLASH_*.
 */
int fota_flush(struct fota *fota);

/* Has fota_write() been given the package to its last byte? */
bool fota_complete(const struct fota *fota);

/* Begins to verify what was written; fota_step() reports the result. Returns 0, or FOTA_ERR_STATE
 * before fota_flush(). */
int fota_verify(struct fota *fota);

/*
 * Cancels the running update; fota_step() reports its end with FOTA_ERR_CANCELLED. What was
 * downloaded is kept for the next fota_download() of the same file. Returns 0, or FOTA_ERR_STATE if
 * nothing is running.
 */
int fota_cancel(struct fota *fota);

/*
 * Sets the access point for downloads; it is kept over restarts. Returns 0, FOTA_ERR_APN_TEXT (a
 * text is too long, or has a control character, a blank or one of " ; $ ` \\ ( ) in it),
 * FOTA_ERR_UNSUPPORTED (the port cannot set one), FOTA_ERR_FLASH_PROGRAM.
 */
int fota_apn_set(struct fota *fota, const struct fota_apn *apn);

enum fota_step {
    FOTA_STEP_IDLE,  /* no update is running */
    FOTA_STEP_AGAIN, /* there is more work: call again at once */
    FOTA_STEP_WAIT   /* call again after event->wait_ms, or earlier when data arrives */
};

enum fota_event_kind {
    FOTA_EVENT_NONE,
    FOTA_EVENT_PROGRESS, /* the percentage or the stage changed */
    FOTA_EVENT_END       /* exactly once for each download or verify; fault.error 0: staged */
};

struct fota_event {
    enum fota_event_kind kind;
    enum fota_stage stage;
    uint32_t received;       /* bytes of the package so far */
    uint32_t total;          /* bytes of the whole package; 0: not known yet */
    uint8_t percent;         /* `received` of `total` */
    uint32_t wait_ms;        /* with FOTA_STEP_WAIT: milliseconds until there is work */
    struct fota_fault fault; /* at the end, and while waiting for the next attempt */
};

/* Does one piece of work. *event is always filled in. */
enum fota_step fota_step(struct fota *fota, struct fota_event *event);

/* Is an update running? */
bool fota_busy(const struct fota *fota);

/* Why the last call failed. The texts in it are valid until the next call. */
const struct fota_fault *fota_fault(const struct fota *fota);

/* Network traffic since fota_open(). */
struct fota_traffic {
    uint64_t bytes;    /* of files, received; protocol headers are not counted */
    uint32_t requests; /* begun */
};

void fota_traffic(const struct fota *fota, struct fota_traffic *traffic);

/* ---- after the reset ------------------------------------------------------------------------- */

/* What became of the last update. */
struct fota_result {
    enum fota_state state;               /* FOTA_STATE_TRIAL: the running image is not confirmed */
    enum fota_outcome outcome;           /* how the last update ended */
    enum fota_stage stage;               /* where it failed */
    int error;                           /* why it failed, FOTA_ERR_*; 0: it did not */
    uint32_t from_sequence, to_sequence; /* of the image before the update, and of the package */
    uint32_t counter;                    /* lowest sequence that may be installed */
    uint8_t tries;                       /* starts left on trial */
    bool reversible; /* the old image is kept; of a staged package: it will be kept */
    char version[FOTA_NAME_MAX + 1]; /* of the running image; "": unknown */
    uint32_t sequence;               /* of the running image; 0: unknown */
};

/* Reads the result from flash. Returns 0 or FOTA_ERR_FLASH_READ. */
int fota_last_result(struct fota *fota, struct fota_result *result);

/*
 * Confirms the running image: it will not be reverted, and nothing older is accepted any more. May
 * be called again. Errors: FOTA_ERR_BUSY, FOTA_ERR_REVERTING (a rollback has been requested),
 * FOTA_ERR_JOURNAL, FOTA_ERR_NO_IMAGE.
 */
int fota_confirm(struct fota *fota);

/* Drops a verified package before the reset that would install it. Returns 0 also if there is none.
 * Errors: FOTA_ERR_BUSY, FOTA_ERR_JOURNAL. */
int fota_discard(struct fota *fota);

/*
 * Lets the package be installed again that was reverted last; otherwise it is refused with
 * FOTA_ERR_REVERTED. Errors: FOTA_ERR_BUSY, FOTA_ERR_JOURNAL.
 */
int fota_forgive(struct fota *fota);

/*
 * Asks for the old image: the next reset brings it back. Errors: FOTA_ERR_BUSY,
 * FOTA_ERR_NOTHING_TO_REVERT (the running image is confirmed), FOTA_ERR_IRREVERSIBLE (the old one
 * was not kept), FOTA_ERR_JOURNAL.
 */
int fota_rollback(struct fota *fota);

#endif
