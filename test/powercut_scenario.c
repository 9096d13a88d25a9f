/* What an application does in a life. Another way to install is another row of the table below. */
#include <stdlib.h>
#include <string.h>

#include "powercut.h"

#define TRIES     3u /* starts of a new image, the policy's default */
#define DOWNLOADS 4u /* after which a lenient life leaves it at the old image */

static struct fota_result result_of(struct campaign *c)
{
    struct fota_result result;

    if (fota_last_result(c->rig.fota, &result) != 0)
        memset(&result, 0, sizeof result);
    return result;
}

static void fail_with(struct campaign *c, const char *what, int err)
{
    char text[100];

    snprintf(text, sizeof text, "%s: %s", what, fota_error_name(err));
    powercut_fail(c, text);
}

static void prepare_full(struct campaign *c)
{
    struct rig_spec spec = {.sequence = 2, .image_length = rig_image_length(c->map, 2)};

    rig_package_make(&c->update, &spec);
    c->format = FOTA_FORMAT_FULL;
    c->keeps = c->map->other.size ||
               fota_backup_fits(c->map, spec.image_length, rig_image_length(c->map, 1));
}

/* The maps of these packages; `full` is for all others that have room for one. */
static bool is_tight(const struct fota_map *map)
{
    return powercut_map_is_tight(map);
}

static bool is_wide(const struct fota_map *map)
{
    return !powercut_map_is_tight(map) && map != rig_map(RIG_MAP_MINI);
}

/* A way with a copy, and one with two slots. */
static bool takes_delta(const struct fota_map *map)
{
    return map == rig_map(RIG_MAP_PAGE) || map == rig_map(RIG_MAP_SLOTS);
}

/* The flash of a modem that runs c->old. */
static void provision(struct campaign *c)
{
    struct fota_fault fault;
    struct rig rig;

    rig_open_blank(&rig, c->map);
    if (fota_boot_provision(rig.boot, &rig.config, c->old.data, c->old.length, &fault) != 0)
        powercut_fail(c, "not provisioned");
    memcpy(c->base, fota_sim_flash_cells(rig.flash), fota_sim_flash_size(rig.flash));
    rig_close(&rig);
}

static void prepare_delta(struct campaign *c)
{
    uint32_t unit = c->map->slot.erase_unit;
    struct rig_spec spec = {.sequence = 1, .image_length = 2 * unit + 37};
    uint8_t *image = malloc(3 * unit);

    if (!image)
        abort();
    rig_package_free(&c->old);
    rig_package_make(&c->old, &spec);
    spec = (struct rig_spec){.sequence = 2,
                             .image_length = 2 * unit + 137,
                             .image = image,
                             .from = &c->old,
                             .segment = unit,
                             .spare = 2 * unit,
                             .undo = true};
    rig_image_edit(image, spec.image_length, &c->old);
    rig_package_make(&c->update, &spec);
    free(image);
    provision(c);
    c->format = FOTA_FORMAT_DELTA;
    c->keeps = true;
    c->in_place = powercut_map_is_tight(c->map);
    c->spare_wear = c->in_place ? 2 : 1; /* three segments through a ring of two */
}

#define UPDATER 3000u /* bytes */

static bool takes_mini(const struct fota_map *map)
{
    return fota_mini_capacity(map) >= UPDATER && map->other.size == 0 &&
           !powercut_map_is_tight(map);
}

static void edit_updater(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_SET;
    m->set_stage = 1;
    m->set_stages = 2;
}

static void edit_app(struct fota_manifest *m)
{
    edit_updater(m);
    m->set_stage = 2;
}

static void prepare_mini(struct campaign *c)
{
    struct rig_spec first = {.sequence = 2, .image_length = UPDATER, .edit = edit_updater};
    struct rig_spec second = {
        .sequence = 2, .image_length = rig_image_length(c->map, 2), .edit = edit_app};

    rig_package_make(&c->updater, &first);
    rig_package_make(&c->update, &second);
}

/* ---- the old image --------------------------------------------------------------------------- */

static void fetch(struct campaign *c, int (*get)(struct campaign *c))
{
    int err;

    if (result_of(c).state == FOTA_STATE_STAGED)
        return;
    err = get(c);
    if (err == 0)
        return;
    if (!c->lenient)
        fail_with(c, "the download failed", err);
    if (++c->downloads >= DOWNLOADS)
        c->done = c->reverted = true;
}

static int download(struct campaign *c)
{
    return rig_download(&c->rig);
}

static int download_mini(struct campaign *c)
{
    return rig_download_mini(&c->rig);
}

static int write_locally(struct campaign *c)
{
    return rig_write(&c->rig, c->update.data, c->update.length, 0, 777);
}

/* The update is over and the old image is the end of it. True: it is. */
static bool came_back(struct campaign *c, bool planned, int reason)
{
    struct fota_result result = result_of(c);
    bool used_up;

    if (result.outcome == FOTA_OUTCOME_NONE || result.state != FOTA_STATE_IDLE)
        return false;
    if (result.outcome == FOTA_OUTCOME_SUCCESS)
        powercut_fail(c, "success, and the old image runs");
    /* Each cut between a start and its confirm costs one of the image's starts. */
    used_up = c->cuts_done >= TRIES && result.error == FOTA_ERR_NOT_CONFIRMED;
    if (!c->lenient &&
        (result.outcome != FOTA_OUTCOME_REVERTED || (result.error != reason && !used_up)))
        powercut_fail(c, "given up or reverted for a wrong reason");
    if (!c->lenient && !planned && !used_up)
        powercut_fail(c, "reverted before its tries were used up");
    c->done = c->reverted = true;
    return true;
}

static void old_of_full(struct campaign *c)
{
    if (!came_back(c, false, FOTA_ERR_NOT_CONFIRMED))
        fetch(c, download);
}

static void old_of_local(struct campaign *c)
{
    if (!came_back(c, false, FOTA_ERR_NOT_CONFIRMED))
        fetch(c, write_locally);
}

static void old_of_mini(struct campaign *c)
{
    if (!came_back(c, false, FOTA_ERR_NOT_CONFIRMED))
        fetch(c, download_mini);
}

static void old_of_revert(struct campaign *c)
{
    if (!came_back(c, true, FOTA_ERR_NOT_CONFIRMED))
        fetch(c, download);
}

static void old_of_rollback(struct campaign *c)
{
    if (!came_back(c, true, FOTA_ERR_ROLLBACK))
        fetch(c, download);
}

/* ---- the new one ----------------------------------------------------------------------------- */

static void new_confirms(struct campaign *c)
{
    struct fota_result result;
    int err;

    if (result_of(c).outcome == FOTA_OUTCOME_KEPT) {
        if (!c->lenient && (c->keeps || c->cuts_done < TRIES))
            powercut_fail(c, "kept before its tries were used up, or in spite of the old image");
        c->done = true;
        return;
    }
    if (result_of(c).state == FOTA_STATE_IDLE && !c->confirmed && !c->lenient)
        powercut_fail(c, "not on trial, and never confirmed");
    c->confirmed = true;
    err = fota_confirm(c->rig.fota);
    powercut_look(c);
    result = result_of(c);
    if (err && !c->lenient)
        fail_with(c, "the confirm failed", err);
    if (!err && result.state != FOTA_STATE_IDLE)
        powercut_fail(c, "confirmed, and still on trial");
    if (!err && !c->lenient &&
        (result.outcome != FOTA_OUTCOME_SUCCESS || result.counter != c->update.sequence))
        powercut_fail(c, "the confirm left no trace");
    c->done = err == 0;
}

/* Where the old image was not kept the new one stays. */
static void new_is_silent(struct campaign *c)
{
    struct fota_result result = result_of(c);

    if (result.state != FOTA_STATE_IDLE)
        return;
    if (!c->lenient && (result.outcome != FOTA_OUTCOME_KEPT || c->keeps))
        powercut_fail(c, "it stays although the old image was kept");
    c->done = true;
}

static void new_rolls_back(struct campaign *c)
{
    int err = fota_rollback(c->rig.fota);

    if (err == FOTA_ERR_IRREVERSIBLE && !c->keeps)
        c->done = true;
    else if (err == FOTA_ERR_NOTHING_TO_REVERT && c->lenient)
        c->done = true;
    else if (err && !c->lenient)
        fail_with(c, "the rollback was refused", err);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct scenario scenarios[] = {
    {"full", false, false, is_wide, prepare_full, old_of_full, new_confirms},
    {"local", true, false, is_wide, prepare_full, old_of_local, new_confirms},
    {"revert", false, true, is_wide, prepare_full, old_of_revert, new_is_silent},
    {"rollback", false, true, is_wide, prepare_full, old_of_rollback, new_rolls_back},
    {"delta", false, false, takes_delta, prepare_delta, old_of_full, new_confirms},
    {"in-place", false, false, is_tight, prepare_delta, old_of_full, new_confirms},
    {"undo", false, true, is_tight, prepare_delta, old_of_rollback, new_rolls_back},
    {"mini", false, false, takes_mini, prepare_mini, old_of_mini, new_confirms},
};

const struct scenario *powercut_scenario(size_t index)
{
    return index < sizeof scenarios / sizeof *scenarios ? &scenarios[index] : NULL;
}
