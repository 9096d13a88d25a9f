/* Mini fota: begun by the application, ended by the resident updater. */
#include <string.h>

#include "engine.h"
#include "order.h"

#define RESIDENT_PAUSE_MS      900000u /* longest pause between two attempts */
#define TRIAL_PAUSE_MS         600000u /* after a new image that did not confirm, doubled each time */
#define TRIAL_PAUSE_LONGEST_MS 86400000u

static int fail_order(struct fota *f)
{
    return fota_engine_fail_about(
        f, FOTA_ERR_TLS_PARAMS,
        "certificates and key are too long to be kept for the second stage");
}

int fota_download_mini(struct fota *fota, const char *url1, const char *url2,
                       const struct fota_tls_params *tls, const struct fota_limits *limits)
{
    struct fota_order order;
    int err = fota_engine_may_begin(fota);

    if (!err)
        err = fota_download_check(fota, url2, tls);
    if (!err)
        err = fota_download_begin(fota, url1, tls, limits);
    if (err)
        return err;
    order = (struct fota_order){url2, fota->tls};
    if (fota_order_size(&order) > FOTA_ORDER_MAX) {
        fota_engine_reset(fota);
        return fail_order(fota);
    }
    memcpy(fota->url2, url2, strlen(url2) + 1);
    fota->set_stage = FOTA_SET_UPDATER;
    return 0;
}

void fota_mini_begin_order(struct fota *f)
{
    if (f->set_stage != FOTA_SET_UPDATER || f->ordered)
        return;
    f->ordered = true;
    f->order_unit = 0;
    f->phase = FOTA_PHASE_ORDER;
}

int fota_mini_order(struct fota *f)
{
    const struct fota_order order = {f->url2, f->tls};
    int err = fota_order_store(f->config.port, &order, f->order_unit, f->work.page, &f->fault);

    f->order_unit++;
    if (err <= 0)
        f->phase = fota_staging_complete(f) ? FOTA_PHASE_FLUSH : FOTA_PHASE_BODY;
    return err < 0 ? err : 0;
}

void fota_mini_describe(struct fota *f, struct fota_device *device)
{
    if (f->set_stage == FOTA_SET_UPDATER) {
        fota_device_expect_updater(&f->config, device);
        return;
    }
    device->map = NULL; /* what comes is the image, and goes into the slot */
    device->set_stage = f->set_stage;
    /*
     * Set, key and lowest sequence are those of the updater, which is what is installed now.
     * Whether the old image may be replaced was judged when the set was begun; that image may be
     * gone.
     */
    device->set_id = f->work.installed.manifest.set_id;
    device->staging_size = device->slot_size;
    device->sequence = 0;
    device->image = NULL;
    f->manifest.requires_count = 0;
    f->manifest.present &= ~(1u << FOTA_FIELD_EXPIRY);
}

/* ---- the resident updater -------------------------------------------------------------------- */

/* A new image that did not confirm is fetched again; it may have been corrected meanwhile. */
static void pause_after_trials(struct fota *f)
{
    const struct fota_system *system = &f->config.port->system;
    uint32_t pause = TRIAL_PAUSE_MS;

    if (f->journal.record.replaced == 0)
        return;
    for (uint32_t i = 1; i < f->journal.record.replaced && pause < TRIAL_PAUSE_LONGEST_MS; i++)
        pause *= 2;
    if (pause > TRIAL_PAUSE_LONGEST_MS)
        pause = TRIAL_PAUSE_LONGEST_MS;
    f->pause_until_ms = system->ops->now_ms(system->ctx) + pause;
    f->phase = FOTA_PHASE_BACKOFF;
}

int fota_update(struct fota *fota, void *memory, size_t size)
{
    static const struct fota_limits limits = {.backoff_max_ms = RESIDENT_PAUSE_MS};
    struct fota_order order;
    int err;

    if (fota_busy(fota) || fota->journal.record.state != FOTA_STATE_UPDATING)
        return fota_engine_fail(fota, FOTA_ERR_STATE, 0, 0);
    if (size < FOTA_ORDER_MAX)
        return fota_engine_fail(fota, FOTA_ERR_MEMORY, FOTA_ORDER_MAX, fota_clamp32(size));
    err = fota_order_load(fota->config.port, memory, &order);
    if (err)
        fota_engine_fail(fota, err, 0, 0);
    else
        err = fota_download_begin(fota, order.url,
                                  fota_order_demands_tls(&order) ? &order.tls : NULL, &limits);
    fota->set_stage = FOTA_SET_APP;
    fota->whole = fota->journal.record.package_size == 0;
    if (!err)
        pause_after_trials(fota);
    else if (fota->whole)
        (void)fota_staging_drop(fota); /* back to the application */
    if (err)
        fota->phase = FOTA_PHASE_IDLE;
    return err;
}
