/*
 * fota.h - the update engine, as an application sees it.
 *
 * The engine lives in memory that the caller gives. fota_step() does a bounded piece of work (at
 * most one erase, one page, one network read, 4 KiB of hashing) and says what happened; nothing
 * else makes progress and nothing calls back. One thread at a time.
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

/* When to give up on the network. A field of 0 takes its default. */
struct fota_limits {
    uint32_t connect_ms; /* one name look-up and connection; default 30000 */
    uint32_t
        request_ms;    /* all of it up to the file's first byte: redirects, login; default 120000 */
    uint32_t stall_ms; /* no byte from the server; default 60000 */
    uint32_t slow_ms;  /* fewer than slow_bytes from the server in this time is a failed attempt;
                          default 60000 */
    uint32_t slow_bytes;     /* default 600 */
    uint32_t total_ms;       /* the whole download, pauses and all; default: no limit */
    uint32_t backoff_ms;     /* pause before the second attempt, doubled each time; default 1000 */
    uint32_t backoff_max_ms; /* longest pause, also where a server asks for one (Retry-After), then
                                up to a quarter more; default 600000 */
    uint32_t attempts;       /* failures in a row, without a page (2 KiB) in between; default 5 */
    uint32_t max_bytes;      /* traffic of the whole download, bytes received from the server,
                                headers and repetitions included; default: no limit */
};

/* What the engine is given. Everything is borrowed until fota_close(). */
struct fota_config {
    const struct fota_port *port;
    const struct fota_model *model; /* one of fota_model_find(), or a port's own; the engine and the
                                     * boot stage ask it for its name only, the Lua face for all */
    const char *vendor; /* the packages' vendor id: "quectel", or what fota pack --vendor names */
    const struct fota_policy *policy;
    void *decoder; /* for the boot stage: policy->decoder_ram bytes, aligned for any type; NULL: it
                    * installs full packages only */
};

struct fota;

#define FOTA_BOOT_TRIES 3u /* starts a new image gets to confirm, where the policy does not say */

/* Makes the engine in `memory` of `size` bytes, aligned for any type, at least fota_size().
 * Errors: FOTA_ERR_MEMORY, FOTA_ERR_MAP, FOTA_ERR_FLASH_READ. Writes no flash. */
int fota_open(void *memory, size_t size, const struct fota_config *config, struct fota **fota);

/* Ends what runs (a download can be taken up again later). */
void fota_close(struct fota *fota);

/* Bytes that fota_open() needs. */
size_t fota_size(void);

/* Bytes of RAM, part by part; they are all inside fota_size(). */
struct fota_memory {
    size_t engine; /* all of it */
    size_t http;   /* client with its buffers */
    size_t header; /* the package's header and manifest */
    size_t page;   /* the page to program */
    size_t boot;   /* struct fota_boot, for a boot loader */
};

void fota_memory(struct fota_memory *memory);

/* ---- updating -------------------------------------------------------------------------------- */

/*
 * Begins to download the package at `url` (terminated; copied) into staging. `tls` (may be NULL:
 * the server is verified by the platform's own authorities) is for https, and for http that is
 * redirected to https; it is copied, its texts are borrowed until the download has ended. `limits`
 * may be NULL. An earlier download of the same file goes on where it was. Returns 0; the rest comes
 * from fota_step(). Errors: FOTA_ERR_BUSY, FOTA_ERR_UNCONFIRMED, those of fota_url_parse(),
 * FOTA_ERR_TLS_PARAMS, FOTA_ERR_TLS_MEMORY, FOTA_ERR_NOT_BUILT (no network, TLS or FTP).
 */
int fota_download(struct fota *fota, const char *url, const struct fota_tls_params *tls,
                  const struct fota_limits *limits);

/*
 * Mini fota: begins to download the first package of a set, a small resident updater, from `url1`
 * into staging. After the reset that follows the updater fetches the second package, the
 * application, from `url2` into the slot (fota_update()). Both urls are copied; `tls` and `limits`
 * are as for fota_download(), `tls` counts for both and is kept in flash for the second. Errors:
 * those of fota_download() for either url; FOTA_ERR_TLS_PARAMS, too, where the texts are too long
 * to be kept.
 */
int fota_download_mini(struct fota *fota, const char *url1, const char *url2,
                       const struct fota_tls_params *tls, const struct fota_limits *limits);

/*
 * The resident updater's part, after FOTA_BOOT_UPDATER (boot.h): begins to fetch the application,
 * or goes on with it. `memory` of FOTA_ORDER_MAX bytes is borrowed until the end. fota_step() does
 * the rest; after FOTA_EVENT_END, whatever the error, reset the modem. It ends with an error only
 * while the old application is whole, which then runs again; later it tries until it succeeds, with
 * pauses of at most 15 minutes. Errors, after which the modem is reset, too: FOTA_ERR_STATE (there
 * is nothing to fetch), FOTA_ERR_MEMORY, FOTA_ERR_INTEGRITY (what was kept is damaged), those of
 * fota_download().
 */
int fota_update(struct fota *fota, void *memory, size_t size);

/*
 * The local way: `length` next bytes of a package of `total` bytes (0: not known). *taken says how
 * many were taken; one step's work is done, so call again with the rest. The first call begins. A
 * failure ends the update. Errors: FOTA_ERR_BUSY (a download runs), FOTA_ERR_UNCONFIRMED, those of
 * the package's header, FOTA_ERR_REVERTED, FOTA_ERR_TRAILING, FOTA_ERR_TRUNCATED (`total`
 * contradicts the header), FOTA_ERR_FLASH_*.
 */
int fota_write(struct fota *fota, const void *data, size_t length, uint32_t total, size_t *taken);

/* Programs what is left in RAM. Returns 0, FOTA_ERR_STATE, FOTA_ERR_INCOMPLETE (more bytes must be
 * written first; nothing is lost), FOTA_ERR_FLASH_*. */
int fota_flush(struct fota *fota);

/* Has fota_write() been given the package to its last byte? */
bool fota_complete(const struct fota *fota);

/* Begins to verify what was written; fota_step() ends it. FOTA_ERR_STATE before fota_flush(). */
int fota_verify(struct fota *fota);

/* Ends what runs with FOTA_ERR_CANCELLED, which fota_step() reports. FOTA_ERR_STATE if nothing
 * runs. What was downloaded stays for the next fota_download() of the same file. */
int fota_cancel(struct fota *fota);

/*
 * Sets the access point of downloads, from now on and after restarts. Returns 0, FOTA_ERR_APN_TEXT
 * (what is too long or has a control character, a blank or one of " ; $ ` \\ ( ) is not passed on),
 * FOTA_ERR_UNSUPPORTED (the port has none), FOTA_ERR_FLASH_PROGRAM.
 */
int fota_apn_set(struct fota *fota, const struct fota_apn *apn);

enum fota_step {
    FOTA_STEP_IDLE,  /* nothing runs */
    FOTA_STEP_AGAIN, /* call again at once */
    FOTA_STEP_WAIT   /* nothing to do for event->wait_ms, unless the network moves */
};

enum fota_event_kind {
    FOTA_EVENT_NONE,
    FOTA_EVENT_PROGRESS, /* the percentage or the stage changed */
    FOTA_EVENT_END       /* exactly one a download or verify; fault.error 0: staged */
};

struct fota_event {
    enum fota_event_kind kind;
    enum fota_stage stage;
    uint32_t received; /* bytes of the package that are in hand */
    uint32_t total;    /* of the whole package; 0 not known yet */
    uint8_t percent;
    uint32_t wait_ms;
    struct fota_fault fault; /* at the end, and while it waits for another attempt */
};

/* Does one piece of work. *event is always filled in. */
enum fota_step fota_step(struct fota *fota, struct fota_event *event);

/* Does an update run? */
bool fota_busy(const struct fota *fota);

/* Why the last call failed; its texts are valid until the next call. */
const struct fota_fault *fota_fault(const struct fota *fota);

/* What this session has done: bytes of body received from the network, and connections begun. */
struct fota_traffic {
    uint64_t bytes;
    uint32_t requests;
};

void fota_traffic(const struct fota *fota, struct fota_traffic *traffic);

/* ---- after the reset ------------------------------------------------------------------------- */

/* What became of the last update. */
struct fota_result {
    enum fota_state state; /* FOTA_STATE_TRIAL: the running image has not confirmed */
    enum fota_outcome outcome;
    enum fota_stage stage; /* where it failed */
    int error;             /* why; 0 none */
    uint32_t from_sequence, to_sequence;
    uint32_t counter;                /* lowest sequence that may be installed */
    uint8_t tries;                   /* starts left on trial */
    bool reversible;                 /* the old image is kept, or will be of what is staged */
    char version[FOTA_NAME_MAX + 1]; /* of the running image, "" unknown */
    uint32_t sequence;               /* of the running image, 0 unknown */
};

/* Reads it from flash. Returns 0 or FOTA_ERR_FLASH_READ. */
int fota_last_result(struct fota *fota, struct fota_result *result);

/* The running image is good: it stays, and nothing older is accepted any more. Idempotent.
 * Errors: FOTA_ERR_BUSY, FOTA_ERR_STATE (a rollback was asked for), FOTA_ERR_JOURNAL,
 * FOTA_ERR_NO_IMAGE. */
int fota_confirm(struct fota *fota);

/* Forgets a verified package before the reset that would install it. 0 if there was none, too.
 * Errors: FOTA_ERR_BUSY, FOTA_ERR_JOURNAL. */
int fota_discard(struct fota *fota);

/*
 * A package that was installed and reverted is refused with FOTA_ERR_REVERTED when it comes again;
 * after this it is not. Errors: FOTA_ERR_BUSY, FOTA_ERR_JOURNAL.
 */
int fota_forgive(struct fota *fota);

/* The running image is bad: after the next reset the old one is back.
 * Errors: FOTA_ERR_NOTHING_TO_REVERT (confirmed), FOTA_ERR_IRREVERSIBLE, FOTA_ERR_JOURNAL. */
int fota_rollback(struct fota *fota);

#endif
