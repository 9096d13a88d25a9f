/* The local way: a script hands in the package piece by piece. */
#include <string.h>

#include "engine.h"

/* A local update that failed is over: the script has to begin again with the first byte. */
static int end_local(struct fota *f, int err)
{
    struct fota_fault fault = f->fault;

    fota_engine_reset(f);
    f->fault = fault;
    return err;
}

static int begin(struct fota *f, uint32_t total)
{
    int err = fota_engine_may_begin(f);

    if (err)
        return err;
    fota_engine_reset(f);
    f->local = true;
    f->claimed = total;
    f->phase = FOTA_PHASE_HEADER;
    f->stage = FOTA_STAGE_HEADER;
    return 0;
}

/* Work that must be done before more bytes fit. Returns 1 if it did some. */
static int work(struct fota *f)
{
    int err;

    switch (f->phase) {
    case FOTA_PHASE_JUDGE: err = fota_staging_judge(f); break;
    case FOTA_PHASE_INTENT: err = fota_staging_intent(f); break;
    case FOTA_PHASE_STORE: err = fota_staging_store(f); break;
    case FOTA_PHASE_MARK: err = fota_staging_mark(f); break;
    case FOTA_PHASE_BODY: return fota_staging_work(f);
    default: return 0;
    }
    return err ? err : 1;
}

int fota_write(struct fota *fota, const void *data, size_t length, uint32_t total, size_t *taken)
{
    uint8_t *room;
    size_t size;
    int err;

    *taken = 0;
    fota_engine_alive(fota);
    if (fota->phase == FOTA_PHASE_IDLE) {
        err = begin(fota, total);
        if (err)
            return err;
    }
    if (!fota->local || fota->phase > FOTA_PHASE_MARK)
        return fota_engine_fail(fota, fota->local ? FOTA_ERR_STATE : FOTA_ERR_BUSY, 0, 0);
    err = work(fota);
    if (err)
        return err < 0 ? end_local(fota, err) : 0;
    size = fota_staging_room(fota, &room);
    if (size == 0 && length)
        return end_local(fota, fota_engine_fail(fota, FOTA_ERR_TRAILING, fota_package_size(fota),
                                                fota->received + fota_clamp32(length)));
    if (size > length)
        size = length;
    memcpy(room, data, size);
    *taken = size;
    err = fota_staging_filled(fota, size);
    return err ? end_local(fota, err) : 0;
}

/* The least size of the package, as far as it is known in the middle of the header. */
static uint32_t least_size(struct fota *f)
{
    uint8_t *room;

    return f->claimed ? f->claimed : f->received + (uint32_t)fota_staging_room(f, &room);
}

int fota_flush(struct fota *fota)
{
    int err;

    if (!fota->local || fota->phase > FOTA_PHASE_MARK)
        return fota_engine_fail(fota, FOTA_ERR_STATE, 0, 0);
    do
        err = work(fota);
    while (err > 0);
    if (err < 0)
        return end_local(fota, err);
    if (fota->phase == FOTA_PHASE_HEADER)
        return fota_engine_fail(fota, FOTA_ERR_INCOMPLETE, least_size(fota), fota->received);
    if (!fota_staging_complete(fota))
        return fota_engine_fail(fota, FOTA_ERR_INCOMPLETE, fota_package_size(fota), fota->received);
    fota->phase = FOTA_PHASE_FLUSH;
    while (fota->phase == FOTA_PHASE_FLUSH) {
        err = fota_staging_flush(fota);
        if (err)
            return end_local(fota, err);
    }
    return 0;
}

int fota_verify(struct fota *fota)
{
    if (fota->phase != FOTA_PHASE_FLUSHED)
        return fota_engine_fail(fota, FOTA_ERR_STATE, 0, 0);
    fota->phase = FOTA_PHASE_HASH;
    return 0;
}

bool fota_complete(const struct fota *fota)
{
    return fota->local && fota->judged && fota_staging_complete(fota);
}
