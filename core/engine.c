#include "engine.h"

#include <stddef.h>
#include <string.h>

#include "boot.h"

/* ---- life ------------------------------------------------------------------------------------ */

size_t fota_size(void)
{
    return sizeof(struct fota);
}

void fota_memory(struct fota_memory *memory)
{
    memory->engine = sizeof(struct fota);
    memory->http = sizeof(struct fota_http);
    memory->header = FOTA_HEADER_MAX + sizeof(struct fota_manifest);
    memory->page = sizeof(((struct fota *)0)->work);
    memory->boot = sizeof(struct fota_boot);
}

/* An image whose scripts know nothing about trials can be confirmed after running for some time. */
static void plan_confirmation(struct fota *f)
{
    const struct fota_system *system = &f->config.port->system;
    const struct fota_manifest *installed;

    if (f->journal.record.state != FOTA_STATE_TRIAL)
        return;
    installed = fota_engine_installed(f);
    if (installed && installed->confirm_after_s)
        f->confirm_at_ms =
            system->ops->now_ms(system->ctx) + (uint64_t)installed->confirm_after_s * 1000;
}

/* Not while an update runs; on failure the next step tries again. */
static void confirm_in_time(struct fota *f)
{
    const struct fota_system *system = &f->config.port->system;

    if (f->confirm_at_ms && f->phase == FOTA_PHASE_IDLE &&
        system->ops->now_ms(system->ctx) >= f->confirm_at_ms && fota_confirm(f) == 0)
        f->confirm_at_ms = 0;
}

int fota_open(void *memory, size_t size, const struct fota_config *config, struct fota **fota)
{
    struct fota_fault fault;
    struct fota *f = memory;
    int err;

    if (size < sizeof *f)
        return FOTA_ERR_MEMORY;
    err = fota_map_check(config->port->map, &fault);
    if (err)
        return err;
    memset(f, 0, sizeof *f);
    f->config = *config;
    fota_source_init(&f->source, config->port, &(struct fota_timeouts){0, 0});
    err = fota_journal_open(&f->journal, config->port, f->work.page);
    if (err)
        return err;
    plan_confirmation(f);
    *fota = f;
    return 0;
}

void fota_engine_reset(struct fota *f)
{
    fota_source_close(&f->source);
    fota_hasher_stop(&f->hasher);
    memset(&f->fault, 0, sizeof f->fault);
    memset(&f->limits, 0, sizeof f->limits);
    memset(&f->identity, 0, sizeof f->identity);
    f->received = f->claimed = f->marked = f->attempts = 0;
    f->header_fill = 0;
    f->writer.fill = 0;
    f->phase = FOTA_PHASE_IDLE;
    f->stage = FOTA_STAGE_IDLE;
    f->restarts = f->percent = f->parts = 0;
    f->reported = FOTA_STAGE_IDLE;
    f->set_stage = FOTA_SET_NONE;
    f->ordered = false;
    f->local = f->judged = f->waiting = false;
}

void fota_close(struct fota *fota)
{
    fota_engine_reset(fota);
}

int fota_engine_fail(struct fota *f, int error, uint32_t expected, uint32_t got)
{
    enum fota_stage stage = (enum fota_stage)f->stage;

    return fota_fail(&f->fault, error, stage == FOTA_STAGE_IDLE ? FOTA_STAGE_REQUEST : stage,
                     expected, got);
}

int fota_engine_fail_about(struct fota *f, int error, const char *subject)
{
    fota_engine_fail(f, error, 0, 0);
    return fota_about(&f->fault, subject);
}

int fota_engine_note(struct fota *f, const struct fota_record *record)
{
    int err = fota_journal_write(&f->journal, record);

    return err ? fota_engine_fail(f, err, 0, 0) : 0;
}

const struct fota_fault *fota_fault(const struct fota *fota)
{
    return &fota->fault;
}

void fota_traffic(const struct fota *fota, struct fota_traffic *traffic)
{
    *traffic = fota->traffic;
}

bool fota_busy(const struct fota *fota)
{
    return fota->phase != FOTA_PHASE_IDLE && !(fota->local && fota->phase <= FOTA_PHASE_FLUSHED);
}

int fota_engine_may_begin(struct fota *f)
{
    if (fota_busy(f))
        return fota_engine_fail(f, FOTA_ERR_BUSY, 0, 0);
    switch (f->journal.record.state) {
    case FOTA_STATE_IDLE:
    case FOTA_STATE_DOWNLOADING:
    case FOTA_STATE_STAGED: return 0;
    case FOTA_STATE_TRIAL: /* The old image is still needed where a new package would go. */
        return fota_engine_fail(f, FOTA_ERR_UNCONFIRMED, 0, 0);
    default: return fota_engine_fail(f, FOTA_ERR_REVERTING, 0, 0);
    }
}

int fota_cancel(struct fota *fota)
{
    if (fota->phase == FOTA_PHASE_IDLE || fota->phase == FOTA_PHASE_CANCEL)
        return fota_engine_fail(fota, FOTA_ERR_STATE, 0, 0);
    if (!fota_busy(fota)) {
        fota_engine_reset(fota);
        return 0;
    }
    fota_source_close(&fota->source);
    fota_hasher_stop(&fota->hasher);
    fota->phase = FOTA_PHASE_CANCEL;
    return 0;
}

/*
 * The fault is set in this step, not in fota_cancel(), so that no call in between can overwrite it.
 */
static int cancel(struct fota *f)
{
    fota_engine_fail(f, FOTA_ERR_CANCELLED, 0, 0);
    f->phase = FOTA_PHASE_END;
    return 0;
}

/* ---- step and events ------------------------------------------------------------------------- */

static int work(struct fota *f)
{
    switch (f->phase) {
    case FOTA_PHASE_RESUME: return fota_download_resume(f);
    case FOTA_PHASE_OPEN: return fota_download_open(f);
    case FOTA_PHASE_ANSWER: return fota_download_answer(f);
    case FOTA_PHASE_HEADER:
    case FOTA_PHASE_BODY: return fota_download_fetch(f);
    case FOTA_PHASE_JUDGE: return fota_staging_judge(f);
    case FOTA_PHASE_INTENT: return fota_staging_intent(f);
    case FOTA_PHASE_STORE: return fota_staging_store(f);
    case FOTA_PHASE_ORDER: return fota_mini_order(f);
    case FOTA_PHASE_MARK: return fota_staging_mark(f);
    case FOTA_PHASE_TAIL: return fota_download_tail(f);
    case FOTA_PHASE_FLUSH: return fota_staging_flush(f);
    case FOTA_PHASE_HASH: return fota_staging_hash(f);
    case FOTA_PHASE_SEAL: return fota_staging_seal(f);
    case FOTA_PHASE_COMMIT: return fota_staging_commit(f);
    case FOTA_PHASE_DROP: return fota_staging_drop(f);
    case FOTA_PHASE_BACKOFF: return fota_download_backoff(f);
    case FOTA_PHASE_CANCEL: return cancel(f);
    default: return 0;
    }
}

static void describe(const struct fota *f, struct fota_event *event)
{
    uint32_t total = f->judged ? fota_package_size(f) : f->claimed;

    memset(event, 0, sizeof *event);
    event->stage = (enum fota_stage)f->stage;
    event->received = f->received;
    event->total = total;
    event->percent = total ? (uint8_t)((uint64_t)f->received * 100 / total) : 0;
    /* A failure that was overcome is not reported any more. */
    if (f->phase == FOTA_PHASE_BACKOFF || f->phase == FOTA_PHASE_END)
        event->fault = f->fault;
}

/* The last event of an update; the engine is idle afterwards. */
static enum fota_step end(struct fota *f, struct fota_event *event)
{
    event->kind = FOTA_EVENT_END;
    event->stage = f->fault.error ? f->fault.stage : FOTA_STAGE_STAGED;
    fota_source_close(&f->source);
    fota_hasher_stop(&f->hasher);
    f->phase = FOTA_PHASE_IDLE;
    f->stage = FOTA_STAGE_IDLE;
    f->local = false;
    return FOTA_STEP_IDLE;
}

enum fota_step fota_step(struct fota *fota, struct fota_event *event)
{
    int err;

    fota_engine_alive(fota);
    if (!fota_busy(fota)) {
        confirm_in_time(fota);
        describe(fota, event);
        return FOTA_STEP_IDLE;
    }
    fota->waiting = false;
    err = work(fota);
    if (err < 0 && fota->local)
        fota->phase = fota->fault.error == FOTA_ERR_INTEGRITY ? FOTA_PHASE_DROP : FOTA_PHASE_END;
    else if (err < 0)
        fota_download_failed(fota);
    describe(fota, event);
    if (fota->phase == FOTA_PHASE_END)
        return end(fota, event);
    if (event->percent != fota->percent || event->stage != fota->reported) {
        event->kind = FOTA_EVENT_PROGRESS;
        fota->percent = event->percent;
        fota->reported = (uint8_t)event->stage;
    }
    if (!fota->waiting)
        return FOTA_STEP_AGAIN;
    event->wait_ms = fota_download_wait(fota);
    return FOTA_STEP_WAIT;
}

/* ---- after the reset ------------------------------------------------------------------------- */

const struct fota_manifest *fota_engine_installed(struct fota *f)
{
    const struct fota_map *map = fota_map_of(f);
    uint32_t address = f->set_stage == FOTA_SET_APP
                           ? map->staging.offset
                           : fota_slot_manifest(fota_slot_active(map, f->journal.record.flags));
    struct fota_fault fault; /* that the slot has no manifest is no failure of the update */

    if (fota_header_load(f->config.port, f->config.policy, address, f->work.installed.header,
                         &f->work.installed.manifest, &fault) != 0)
        return NULL;
    return &f->work.installed.manifest;
}

/* The slot's manifest may be loaded only while no page waits to be programmed. */
static bool page_is_free(const struct fota *f)
{
    return f->phase == FOTA_PHASE_IDLE || f->writer.fill == 0;
}

int fota_last_result(struct fota *fota, struct fota_result *result)
{
    const struct fota_record *r = &fota->journal.record;
    const struct fota_manifest *installed = page_is_free(fota) ? fota_engine_installed(fota) : NULL;

    memset(result, 0, sizeof *result);
    result->state = (enum fota_state)r->state;
    result->outcome = (enum fota_outcome)r->outcome;
    result->stage = (enum fota_stage)r->stage;
    result->error = r->error;
    result->from_sequence = r->from_sequence;
    result->to_sequence = r->to_sequence;
    result->counter = r->counter;
    result->tries = r->tries;
    result->reversible = (r->flags & (r->state == FOTA_STATE_STAGED ? FOTA_RECORD_REVERSIBLE
                                                                    : FOTA_RECORD_BACKUP)) != 0;
    if (installed) {
        memcpy(result->version, installed->version, sizeof result->version);
        result->sequence = installed->sequence;
    }
    return 0;
}

int fota_confirm(struct fota *fota)
{
    struct fota_record r = fota->journal.record;
    const struct fota_manifest *installed;

    if (fota->phase != FOTA_PHASE_IDLE)
        return fota_engine_fail(fota, FOTA_ERR_BUSY, 0, 0);
    /* The image will be replaced at the next reset, so it cannot be confirmed any more. */
    if (r.state == FOTA_STATE_INSTALLING || r.state == FOTA_STATE_REVERTING)
        return fota_engine_fail(fota, FOTA_ERR_REVERTING, 0, 0);
    if (r.state != FOTA_STATE_TRIAL)
        return 0;
    installed = fota_engine_installed(fota);
    if (!installed)
        return fota_engine_fail(fota, FOTA_ERR_NO_IMAGE, 0, 0);
    r.state = FOTA_STATE_IDLE;
    r.outcome = FOTA_OUTCOME_SUCCESS;
    r.error = 0;
    r.stage = 0;
    r.flags &= FOTA_RECORD_OTHER;
    if (installed->sequence > r.counter)
        r.counter = installed->sequence;
    if (installed->successor_count > r.key_generation)
        r.key_generation = installed->successor_count;
    return fota_engine_note(fota, &r);
}

int fota_discard(struct fota *fota)
{
    struct fota_record r = fota->journal.record;

    if (fota->phase != FOTA_PHASE_IDLE)
        return fota_engine_fail(fota, FOTA_ERR_BUSY, 0, 0);
    if (r.state != FOTA_STATE_STAGED)
        return 0;
    r.state = FOTA_STATE_IDLE;
    r.flags &= FOTA_RECORD_OTHER;
    return fota_engine_note(fota, &r);
}

int fota_forgive(struct fota *fota)
{
    struct fota_record r = fota->journal.record;

    if (fota->phase != FOTA_PHASE_IDLE)
        return fota_engine_fail(fota, FOTA_ERR_BUSY, 0, 0);
    memset(r.reverted, 0, sizeof r.reverted);
    if (memcmp(r.reverted, fota->journal.record.reverted, sizeof r.reverted) == 0)
        return 0;
    return fota_engine_note(fota, &r);
}

int fota_rollback(struct fota *fota)
{
    struct fota_record r = fota->journal.record;

    if (fota->phase != FOTA_PHASE_IDLE)
        return fota_engine_fail(fota, FOTA_ERR_BUSY, 0, 0);
    if (r.state == FOTA_STATE_REVERTING)
        return 0;
    if (r.state != FOTA_STATE_TRIAL)
        return fota_engine_fail(fota, FOTA_ERR_NOTHING_TO_REVERT, 0, 0);
    if (!(r.flags & FOTA_RECORD_BACKUP))
        return fota_engine_fail(fota, FOTA_ERR_IRREVERSIBLE, 0, 0);
    r.state = FOTA_STATE_REVERTING;
    r.progress = 0;
    r.replaced = 0;
    r.error = FOTA_ERR_ROLLBACK;
    r.stage = FOTA_STAGE_TRIAL;
    return fota_engine_note(fota, &r);
}
