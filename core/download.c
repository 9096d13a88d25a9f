/* Bytes from the network: attempts, resume, identity of the file. */
#include <string.h>

#include "device.h"
#include "engine.h"

#define REQUEST_MS     120000u
#define SLOW_MS        60000u
#define SLOW_BYTES     600u
#define BACKOFF_MS     1000u
#define BACKOFF_MAX_MS 600000u
#define ATTEMPTS       5u
#define PARTS          8u

#define WAIT_MS 100u /* longest pause without a look at the network's deadlines */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static uint64_t now(const struct fota *f)
{
    const struct fota_system *system = &f->config.port->system;

    return system->ops->now_ms(system->ctx);
}

static uint32_t since(const struct fota *f, uint64_t then_ms)
{
    return fota_clamp32(now(f) - then_ms);
}

static void take_tls(struct fota *f, const struct fota_tls_params *params)
{
    int64_t newest_known = f->config.policy->newest_known;

    f->tls = params ? *params : fota_tls_usual;
    if (f->tls.newest_known < newest_known)
        f->tls.newest_known = newest_known;
}

/* Checked before anything is sent, for http as well: it may be redirected to https. */
static int check_tls(struct fota *f, const struct fota_url *url,
                     const struct fota_tls_params *params)
{
    const struct fota_tls *tls = &f->config.port->tls;
    bool secure = url->scheme == FOTA_SCHEME_HTTPS || url->scheme == FOTA_SCHEME_FTPS;
    const char *subject = NULL;
    int err;

    if (!params && !secure)
        return 0;
    if (!tls->ops)
        return fota_engine_fail_about(f, FOTA_ERR_NOT_BUILT, "TLS");
    err = tls->ops->check(tls->ctx, params ? params : &fota_tls_usual, &subject);
    return err ? fota_engine_fail_about(f, err, subject) : 0;
}

int fota_download_check(struct fota *f, const char *url, const struct fota_tls_params *tls)
{
    struct fota_url parts;
    int err = fota_url_parse(url, strlen(url), FOTA_URL_MAX, &parts, &f->fault);

    if (err)
        return err;
    if (!f->config.port->net.ops)
        return fota_engine_fail_about(f, FOTA_ERR_NOT_BUILT, "HTTP");
    if (parts.scheme >= FOTA_SCHEME_FTP && !f->config.port->ftp)
        return fota_engine_fail_about(f, FOTA_ERR_NOT_BUILT, "FTP");
    return check_tls(f, &parts, tls);
}

int fota_download_begin(struct fota *f, const char *url, const struct fota_tls_params *tls,
                        const struct fota_limits *limits)
{
    int err = fota_download_check(f, url, tls);

    if (err)
        return err;
    fota_engine_reset(f);
    take_tls(f, tls);
    memcpy(f->url, url, strlen(url) + 1);
    if (limits)
        f->limits = *limits;
    fota_source_init(&f->source, f->config.port,
                     &(struct fota_timeouts){f->limits.connect_ms, f->limits.stall_ms});
    fota_source_secure(&f->source, &f->tls);
    f->begun_ms = now(f);
    f->phase = FOTA_PHASE_RESUME;
    f->stage = FOTA_STAGE_CONNECT;
    return 0;
}

int fota_download(struct fota *fota, const char *url, const struct fota_tls_params *tls,
                  const struct fota_limits *limits)
{
    int err = fota_engine_may_begin(fota);

    return err ? err : fota_download_begin(fota, url, tls, limits);
}

/* ---- resume ---------------------------------------------------------------------------------- */

/* Starts from the first byte, as if nothing had been downloaded. */
static void start_again(struct fota *f)
{
    fota_source_close(&f->source);
    fota_hasher_stop(&f->hasher);
    f->received = 0;
    f->claimed = 0;
    f->header_fill = 0;
    f->marked = 0;
    f->judged = false;
    memset(&f->identity, 0, sizeof f->identity);
    f->phase = FOTA_PHASE_OPEN;
    f->stage = FOTA_STAGE_CONNECT;
}

/* Is the staged header the one the journal speaks of, and may its package still be installed? */
static bool staged_header_is_good(struct fota *f)
{
    const struct fota_record *r = &f->journal.record;
    uint8_t digest[FOTA_DIGEST_SIZE];

    if (fota_header_load(f->config.port, f->config.policy, fota_staging_header(f), f->header,
                         &f->manifest, &f->fault) != 0 ||
        fota_package_digest(f->config.port->crypto, f->header, &f->manifest, digest) != 0 ||
        r->package_size != fota_package_size(f))
        return false;
    /* The record of a resident updater has its own package's digest. There the id of the set
     * decides. */
    if (f->set_stage != FOTA_SET_APP && memcmp(digest, r->digest, sizeof digest) != 0)
        return false;
    return fota_staging_accept(f) == 0;
}

int fota_download_resume(struct fota *f)
{
    const struct fota_record *r = &f->journal.record;

    f->phase = FOTA_PHASE_OPEN;
    if (r->state != (f->set_stage == FOTA_SET_APP ? FOTA_STATE_UPDATING : FOTA_STATE_DOWNLOADING) ||
        !staged_header_is_good(f) || r->progress > f->manifest.payload.length)
        return 0;
    fota_staging_begin(f, r->progress);
    if (r->progress % f->writer.region.erase_unit != 0) {
        start_again(f);
        return 0;
    }
    f->header_fill = f->manifest.header_length;
    f->received = f->manifest.header_length + r->progress;
    f->claimed = r->package_size;
    f->identity.total = r->package_size;
    f->identity.validator = r->validator;
    /* The updater may be the same one although it has to fetch something else. */
    if (fota_staging_complete(f))
        f->phase = f->set_stage == FOTA_SET_UPDATER ? FOTA_PHASE_MARK : FOTA_PHASE_FLUSH;
    return 0;
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* `bytes` are still to come. */
static int check_budget(struct fota *f, uint32_t bytes)
{
    uint32_t most = f->limits.max_bytes;
    uint64_t all = (uint64_t)fota_source_received(&f->source) + bytes;

    return most && all > most ? fota_engine_fail(f, FOTA_ERR_BUDGET, most, fota_clamp32(all)) : 0;
}

/* The whole, and the attempt: it has to come to the file, and the file has to come. What is held
 * already and read over counts: it may take longer than a window. */
static int check_time(struct fota *f)
{
    bool opening = f->phase == FOTA_PHASE_ANSWER;
    uint32_t at = fota_source_received(&f->source);
    uint32_t total_ms = since(f, f->begun_ms), spent_ms = since(f, f->paced_ms);
    uint32_t limit_ms = opening ? or_default(f->limits.request_ms, REQUEST_MS)
                                : or_default(f->limits.slow_ms, SLOW_MS);

    if (f->limits.total_ms && total_ms >= f->limits.total_ms)
        return fota_engine_fail(f, FOTA_ERR_DEADLINE, f->limits.total_ms, total_ms);
    if (!opening && at - f->paced_at >= or_default(f->limits.slow_bytes, SLOW_BYTES)) {
        f->paced_ms = now(f);
        f->paced_at = at;
    } else if (spent_ms >= limit_ms && f->phase != FOTA_PHASE_BACKOFF) {
        return fota_engine_fail(f, FOTA_ERR_SLOW, limit_ms, spent_ms);
    }
    return 0;
}

/* ---- the source ------------------------------------------------------------------------------ */

static int fetch(struct fota *f, uint8_t *data, size_t size, size_t *got)
{
    int result = fota_source_step(&f->source, data, size, got, &f->fault);
    int err = result < 0 ? 0 : check_budget(f, 0);

    if (result >= 0 && !err)
        err = check_time(f);
    f->waiting = result == FOTA_FETCH_WAIT;
    return err ? err : result;
}

int fota_download_open(struct fota *f)
{
    int err = fota_source_open(&f->source, f->url, f->received, &f->fault);

    f->traffic.requests++;
    f->paced_ms = now(f);
    f->phase = FOTA_PHASE_ANSWER;
    return err;
}

static bool contradict(uint64_t a, uint64_t b)
{
    return a && b && a != b;
}

/* Compares size and validator. Without a validator only the digest can tell in the end. */
static bool same_file(const struct fota_file_identity *a, const struct fota_file_identity *b)
{
    return !contradict(a->total, b->total) && !contradict(a->validator, b->validator);
}

/*
 * Before a resumed download is continued: a record of this session has to say how far it is; the
 * updater may have to fetch something else now; and as long as no progress was noted, the header in
 * flash may be half written although it read well.
 */
static enum fota_phase next_of_staging(const struct fota *f)
{
    if (fota_staging_settled(f) && (f->ordered || f->set_stage != FOTA_SET_UPDATER))
        return FOTA_PHASE_BODY;
    return f->marked ? FOTA_PHASE_MARK : FOTA_PHASE_INTENT;
}

static int accept_answer(struct fota *f)
{
    const struct fota_file_identity *answer = fota_source_identity(&f->source);

    if (f->received && !same_file(&f->identity, answer))
        return fota_engine_fail(f, FOTA_ERR_FILE_CHANGED, fota_clamp32(f->identity.total),
                                fota_clamp32(answer->total));
    if (answer->total > UINT32_MAX)
        return fota_engine_fail(f, FOTA_ERR_PACKAGE_TOO_LARGE,
                                fota_payload_capacity(fota_map_of(f), FOTA_FORMAT_FULL),
                                fota_clamp32(answer->total));
    /* With chunks, only the answer to a Range tells the size. */
    if (!f->received || !f->identity.total) {
        f->identity = *answer;
        f->claimed = (uint32_t)answer->total;
    }
    f->paced_ms = now(f);
    f->paced_at = fota_source_received(&f->source);
    /* A download that max_bytes cannot pay for to its end is not begun. */
    if (f->claimed > f->received && check_budget(f, f->claimed - f->received) != 0)
        return FOTA_ERR_BUDGET;
    if (f->judged) {
        f->phase = fota_staging_complete(f) ? FOTA_PHASE_TAIL : next_of_staging(f);
        f->stage = FOTA_STAGE_DOWNLOAD;
    } else {
        f->phase = FOTA_PHASE_HEADER;
        f->stage = FOTA_STAGE_HEADER;
    }
    return 0;
}

int fota_download_answer(struct fota *f)
{
    size_t got;
    int result = fetch(f, NULL, 0, &got);

    return result == FOTA_FETCH_OPEN ? accept_answer(f) : result < 0 ? result : 0;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* The answer ended before the package. A part of the file is gone on from at once, unless parts
 * bring next to nothing: the smallest that are asked for need four for a page. A short file is not.
 */
static int ended_early(struct fota *f)
{
    uint8_t *room;

    if (f->claimed > f->received && f->parts++ < PARTS) {
        f->phase = FOTA_PHASE_OPEN;
        return 0;
    }
    if (f->judged)
        return fota_engine_fail(f, FOTA_ERR_TRUNCATED, fota_package_size(f), f->received);
    return fota_engine_fail(f, FOTA_ERR_TRUNCATED,
                            f->received + (uint32_t)fota_staging_room(f, &room), f->received);
}

int fota_download_fetch(struct fota *f)
{
    uint8_t *room;
    size_t size, got;
    int result;

    if (f->phase == FOTA_PHASE_BODY) {
        result = fota_staging_work(f);
        if (result)
            return result < 0 ? result : 0;
        if (fota_staging_complete(f)) {
            f->phase = FOTA_PHASE_TAIL;
            return 0;
        }
    }
    size = fota_staging_room(f, &room);
    result = fetch(f, room, size, &got);
    if (result < 0)
        return result;
    if (result == FOTA_FETCH_END)
        return ended_early(f);
    if (result != FOTA_FETCH_DATA)
        return 0;
    f->traffic.bytes += got;
    return fota_staging_filled(f, got);
}

int fota_download_tail(struct fota *f)
{
    uint8_t byte;
    size_t got;
    int result = fetch(f, &byte, 1, &got);

    if (result == FOTA_FETCH_DATA)
        return fota_engine_fail(f, FOTA_ERR_TRAILING, fota_package_size(f), f->received + 1);
    if (result >= 0 && result != FOTA_FETCH_END)
        return 0;
    if (result == FOTA_ERR_FTP_SIZE)
        return result;
    /* All bytes are here, so it does not matter how the connection ends. */
    fota_source_close(&f->source);
    f->phase = FOTA_PHASE_FLUSH;
    return 0;
}

/* ---- failures -------------------------------------------------------------------------------- */

static bool may_start_again(const struct fota *f)
{
    switch (f->fault.error) {
    case FOTA_ERR_FILE_CHANGED:
    case FOTA_ERR_HTTP_RANGE:
    case FOTA_ERR_FTP_REST: return f->restarts == 0 && f->received > 0;
    case FOTA_ERR_INTEGRITY: return f->restarts == 0;
    default: return false;
    }
}

/* Is this a failure of the network that may be gone the next time? */
static bool may_try_again(const struct fota_error_row *row)
{
    int error = row->error;

    if (error == FOTA_ERR_FILE_CHANGED || error == FOTA_ERR_BUDGET || error == FOTA_ERR_DEADLINE ||
        !row->retryable)
        return false;
    return (error <= FOTA_ERR_TLS_PARAMS && error >= FOTA_ERR_TLS_MEMORY) ||
           (error <= FOTA_ERR_DNS && error >= FOTA_ERR_FTP_SIZE);
}

/*
 * The pause is doubled each time, minus up to a quarter by chance, so that a fleet of modems does
 * not come back at the same moment. If the server asks for a pause (RFC 9110, section 10.2.3), up
 * to a quarter is added instead.
 */
static uint64_t backoff_ms(const struct fota *f)
{
    const struct fota_system *system = &f->config.port->system;
    uint32_t longest = or_default(f->limits.backoff_max_ms, BACKOFF_MAX_MS);
    uint32_t asked_s = fota_source_retry_after(&f->source);
    uint32_t asked = asked_s <= longest / 1000 ? asked_s * 1000 : longest;
    uint32_t pause = or_default(f->limits.backoff_ms, BACKOFF_MS);
    uint32_t chance;

    for (uint32_t i = 1; i < f->attempts && pause < longest; i++)
        pause = pause < longest / 2 ? pause * 2 : longest;
    if (pause > longest)
        pause = longest;
    chance = system->ops->random(system->ctx) % ((asked > pause ? asked : pause) / 4 + 1);
    return asked > pause ? (uint64_t)asked + chance : pause - chance;
}

/* A pause does not go beyond total_ms, so that the end is reported in time. */
static void begin_backoff(struct fota *f)
{
    uint64_t last_ms = f->begun_ms + f->limits.total_ms;

    f->pause_until_ms = now(f) + backoff_ms(f);
    if (f->limits.total_ms && f->pause_until_ms > last_ms)
        f->pause_until_ms = last_ms;
    f->phase = FOTA_PHASE_BACKOFF;
}

/*
 * The resident updater gives up only as long as the old application is whole. After that it retries
 * for ever, whatever is wrong: somebody may correct it on the server, and there is nothing else to
 * run.
 */
static void resident_failed(struct fota *f, bool again)
{
    f->attempts++;
    if (f->whole && (!again || f->attempts >= ATTEMPTS)) {
        f->phase = FOTA_PHASE_DROP;
        return;
    }
    if (!again)
        start_again(f);
    begin_backoff(f);
}

void fota_download_failed(struct fota *f)
{
    const struct fota_error_row *row = fota_error_find(f->fault.error);

    fota_source_close(&f->source);
    if (may_start_again(f)) {
        f->restarts++;
        start_again(f);
        return;
    }
    if (f->set_stage == FOTA_SET_APP) {
        resident_failed(f, may_try_again(row));
        return;
    }
    if (may_try_again(row) && ++f->attempts < or_default(f->limits.attempts, ATTEMPTS)) {
        begin_backoff(f);
        return;
    }
    /* A payload with a wrong digest must not be resumed; anything else may be. */
    f->phase = f->fault.error == FOTA_ERR_INTEGRITY ? FOTA_PHASE_DROP : FOTA_PHASE_END;
}

int fota_download_backoff(struct fota *f)
{
    int err = check_time(f);

    f->waiting = now(f) < f->pause_until_ms;
    if (err || f->waiting)
        return err;
    /* The pause that comes before all else has not looked yet. */
    f->phase = f->traffic.requests ? FOTA_PHASE_OPEN : FOTA_PHASE_RESUME;
    f->stage = FOTA_STAGE_CONNECT;
    return 0;
}

uint32_t fota_download_wait(const struct fota *f)
{
    if (f->phase != FOTA_PHASE_BACKOFF)
        return WAIT_MS;
    return f->pause_until_ms > now(f) ? fota_clamp32(f->pause_until_ms - now(f)) : 0;
}
