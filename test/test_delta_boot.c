/*
 * Differential and compressed packages on a modem: each way to install them, the way back, power
 * cuts, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/sim/map.h"
#include "rig.h"

#define KB 1024u

/* A modem, two images and a package between them. */
struct scene {
    const char *name;
    enum rig_map map;
    uint32_t staging;            /* bytes of the map's staging that there are; 0: all */
    uint32_t old_length, length; /* of the images */
    uint32_t segment, spare;     /* bytes */
    bool compressed, undo;
    bool reversible;
};

static const struct scene scenes[] = {
    {"slots", RIG_MAP_SLOTS, 0, 20000, 25000, 4 * KB, 0, false, false, true},
    {"slots, segments of odd size", RIG_MAP_SLOTS, 0, 20000, 25000, 3000, 0, false, false, true},
    {"slots, one segment", RIG_MAP_SLOTS, 0, 25000, 20000, 0, 0, false, false, true},
    {"slots, for a ring", RIG_MAP_BLOCKS, 0, 25000, 32 * KB, 8 * KB, 16 * KB, false, false, true},
    {"slots, compressed", RIG_MAP_BLOCKS, 0, 30000, 25000, 8 * KB, 0, true, false, true},
    {"copy", RIG_MAP_PAGE, 0, 20000, 26 * KB, 2 * KB, 0, false, false, true},
    {"copy, for a ring", RIG_MAP_NAND, 0, 20000, 25000, 8 * KB, 8 * KB, false, true, true},
    {"copy, compressed", RIG_MAP_WORD, 0, 5000, 6000, 4 * KB, 0, true, false, true},
    {"over, compressed", RIG_MAP_SECTOR, 0, 15000, 9000, 4 * KB, 0, true, false, false},
    {"in place", RIG_MAP_SECTOR, 0, 15000, 16 * KB, 4 * KB, 8 * KB, false, false, false},
    {"in place, one spare", RIG_MAP_BYTE, 10 * KB, 5900, 5000, 2 * KB, 2 * KB, false, false, false},
    {"in place, undo", RIG_MAP_SECTOR, 0, 15000, 16 * KB, 4 * KB, 8 * KB, false, true, true},
    {"in place, undo, bytes", RIG_MAP_BYTE, 10 * KB, 5000, 5900, 2 * KB, 4 * KB, false, true, true},
    {"in place, undo, pages", RIG_MAP_PAGE, 40 * KB, 25000, 22000, 4 * KB, 8 * KB, false, true,
     true},
    {"in place, undo, nand", RIG_MAP_NAND, 40 * KB, 25000, 32 * KB, 8 * KB, 16 * KB, false, true,
     true},
    {"in place, undo, narrow", RIG_MAP_NARROW, 24 * KB, 30000, 33000, 8 * KB, 8 * KB, false, true,
     true},
};

#define SCENES (sizeof scenes / sizeof *scenes)

struct world {
    struct rig rig;
    struct fota_map map;
    struct rig_package old, update;
    const struct scene *scene;
};

/* Old images repeat themselves, so that a compressed one is smaller. */
static void fill(uint8_t *image, uint32_t length)
{
    uint64_t seed = length;

    for (uint32_t i = 0; i < length; i++)
        image[i] = i < 1000 ? (uint8_t)rig_random(&seed) : image[i - 1000 + i / 1000];
}

static void make_images(struct world *w)
{
    const struct scene *s = w->scene;
    struct rig_spec spec = {.sequence = 1, .image_length = s->old_length};
    uint8_t *image = malloc(s->old_length + s->length);

    assert_non_null(image);
    fill(image, s->old_length);
    spec.image = image;
    rig_package_make(&w->old, &spec);
    rig_image_edit(image, s->length, &w->old);
    spec = (struct rig_spec){.sequence = 2,
                             .image_length = s->length,
                             .image = image,
                             .from = s->compressed ? NULL : &w->old,
                             .compressed = s->compressed,
                             .segment = s->segment,
                             .spare = s->spare,
                             .undo = s->undo};
    rig_package_make(&w->update, &spec);
    free(image);
}

/* A modem that runs the old image; `cells` NULL: from the factory. */
static void power(struct world *w, const uint8_t *cells)
{
    struct fota_fault fault;

    rig_open_blank(&w->rig, &w->map);
    rig_serve(&w->rig, &w->update);
    w->rig.server.etag = "\"v2\"";
    if (cells)
        memcpy(fota_sim_flash_cells(w->rig.flash), cells, w->map.flash_size);
    else
        assert_int_equal(
            fota_boot_provision(w->rig.boot, &w->rig.config, w->old.data, w->old.length, &fault),
            0);
}

/* The packages of a scene, which are made once. */
static void lend_packages(struct world *w)
{
    static struct rig_package made[SCENES][2];
    size_t i = (size_t)(w->scene - scenes);

    if (!made[i][0].data) {
        make_images(w);
        made[i][0] = w->old;
        made[i][1] = w->update;
    }
    w->old = made[i][0];
    w->update = made[i][1];
}

static void begin(struct world *w, const struct scene *scene)
{
    memset(w, 0, sizeof *w);
    w->scene = scene;
    w->map = *rig_map(scene->map);
    if (scene->staging)
        w->map.staging.size = scene->staging;
    lend_packages(w);
    power(w, NULL);
}

static void end(struct world *w)
{
    assert_int_equal(rig_stats(&w->rig).violations, 0);
    rig_close(&w->rig);
}

static const struct scene *scene_called(const char *name)
{
    for (size_t i = 0; i < SCENES; i++)
        if (strcmp(scenes[i].name, name) == 0)
            return &scenes[i];
    fail_msg("no scene %s", name);
    return NULL;
}

static uint8_t *cells(struct world *w)
{
    return fota_sim_flash_cells(w->rig.flash);
}

static struct fota_result result_of(struct world *w)
{
    struct fota_result result;

    assert_int_equal(fota_last_result(w->rig.fota, &result), 0);
    return result;
}

static void stage(struct world *w)
{
    assert_true(rig_restart(&w->rig));
    assert_int_equal(rig_download(&w->rig), 0);
}

static void install_staged(struct world *w)
{
    if (!rig_restart(&w->rig))
        fail_msg("%s: nothing runs: %s", w->scene->name, fota_error_name(w->rig.boot->fault.error));
    if (!rig_slot_holds(&w->rig, &w->update))
        fail_msg("%s: not installed: %s", w->scene->name,
                 fota_error_name(w->rig.boot->fault.error));
}

static void install(struct world *w)
{
    stage(w);
    install_staged(w);
}

/* ---- the straight ways ----------------------------------------------------------------------- */

static void every_way_installs_and_is_confirmed(void **state)
{
    struct world w;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        begin(&w, &scenes[i]);
        stage(&w);
        assert_int_equal(result_of(&w).reversible, scenes[i].reversible);
        install_staged(&w);
        assert_int_equal(result_of(&w).state, FOTA_STATE_TRIAL);
        assert_int_equal(result_of(&w).sequence, 2);
        assert_int_equal(result_of(&w).reversible, scenes[i].reversible);
        assert_int_equal(w.rig.most_erases, 1);
        assert_int_equal(fota_confirm(w.rig.fota), 0);
        assert_true(rig_restart(&w.rig));
        assert_true(rig_slot_holds(&w.rig, &w.update));
        assert_int_equal(result_of(&w).outcome, FOTA_OUTCOME_SUCCESS);
        end(&w);
    }
}

static void every_way_that_keeps_the_old_image_reverts(void **state)
{
    struct world w;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        begin(&w, &scenes[i]);
        install(&w);
        if (scenes[i].reversible) {
            assert_int_equal(fota_rollback(w.rig.fota), 0);
            assert_true(rig_restart(&w.rig));
            if (!rig_slot_holds(&w.rig, &w.old))
                fail_msg("%s: not reverted", scenes[i].name);
            assert_int_equal(result_of(&w).outcome, FOTA_OUTCOME_REVERTED);
            assert_int_equal(result_of(&w).error, FOTA_ERR_ROLLBACK);
            assert_int_equal(rig_record(&w.rig).flags & FOTA_RECORD_IN_PLACE, 0);
        } else {
            assert_int_equal(fota_rollback(w.rig.fota), FOTA_ERR_IRREVERSIBLE);
        }
        end(&w);
    }
}

static void without_confirm_the_undo_patch_brings_the_old_image_back(void **state)
{
    struct world w;

    (void)state;
    begin(&w, scene_called("in place, undo"));
    install(&w);
    for (int i = 0; i < 2; i++) {
        assert_true(rig_restart(&w.rig));
        assert_true(rig_slot_holds(&w.rig, &w.update));
    }
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.old));
    assert_int_equal(result_of(&w).error, FOTA_ERR_NOT_CONFIRMED);
    end(&w);
}

static void without_an_undo_patch_what_never_confirms_is_kept(void **state)
{
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    install(&w);
    for (int i = 0; i < 3; i++)
        assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.update));
    assert_int_equal(result_of(&w).outcome, FOTA_OUTCOME_KEPT);
    end(&w);
}

static void the_next_differential_package_starts_from_the_result_of_the_first(void **state)
{
    struct rig_spec spec = {.sequence = 3, .image_length = 15500, .segment = 4 * KB};
    struct rig_package third;
    uint8_t image[15500];
    struct world w;

    (void)state;
    begin(&w, scene_called("in place, undo"));
    install(&w);
    assert_int_equal(fota_confirm(w.rig.fota), 0);
    rig_image_edit(image, sizeof image, &w.update);
    spec.image = image;
    spec.from = &w.update;
    spec.spare = 4 * KB;
    rig_package_make(&third, &spec);
    rig_serve(&w.rig, &third);
    assert_int_equal(rig_download(&w.rig), 0);
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &third));
    rig_package_free(&third);
    end(&w);
}

/* The geometry of each family; of staging there is as much as makes it go in place. */
static void every_familys_geometry(void **state)
{
    (void)state;
    for (int family = 0; family < FOTA_FAMILIES; family++) {
        struct fota_map map = *fota_sim_map((enum fota_family)family);
        uint32_t unit = map.slot.erase_unit > map.staging.erase_unit ? map.slot.erase_unit
                                                                     : map.staging.erase_unit;
        struct scene scene = {.name = map.name,
                              .old_length = 2 * unit + 1000,
                              .length = 2 * unit + 1500,
                              .segment = unit,
                              .spare = 2 * unit,
                              .undo = true};
        struct world w = {.scene = &scene, .map = map};

        if (map.staging.size == 0)
            continue; /* room for no package */
        if (map.other.size == 0)
            w.map.staging.size = 3 * map.staging.erase_unit + 2 * unit;
        make_images(&w);
        power(&w, NULL);
        install(&w);
        assert_int_equal(!!(rig_record(&w.rig).flags & FOTA_RECORD_IN_PLACE), !map.other.size);
        assert_int_equal(fota_rollback(w.rig.fota), 0);
        assert_true(rig_restart(&w.rig));
        assert_true(rig_slot_holds(&w.rig, &w.old));
        end(&w);
        rig_package_free(&w.old);
        rig_package_free(&w.update);
    }
}

/* Published in docs/flash-layout.md. */
static void the_wear_of_an_update_in_place(void **state)
{
    struct world w;
    const struct fota_region *slot, *staging;
    uint32_t first, header;

    (void)state;
    begin(&w, scene_called("in place"));
    slot = &w.map.slot;
    staging = &w.map.staging;
    first = fota_sim_flash_wear(w.rig.flash, slot->offset);
    header = fota_sim_flash_wear(w.rig.flash, staging->offset);
    install(&w);
    for (uint32_t at = 0; at < slot->size; at += slot->erase_unit)
        assert_true(fota_sim_flash_wear(w.rig.flash, slot->offset + at) <= first + 1);
    /* header, payload, a ring of two, manifest: four segments went through the ring */
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(
            fota_sim_flash_wear(w.rig.flash, staging->offset + i * staging->erase_unit),
            i < 2   ? header + 1
            : i < 4 ? 2
                    : header);
    end(&w);
}

/* ---- power cuts ------------------------------------------------------------------------------ */

static void boot(struct rig *rig)
{
    assert_true(rig_restart(rig));
}

/* From a flash to the image that runs at the end, with a cut at operation `at`; 0: none. Returns
 * the operations that it took. */
static uint64_t cut(struct world *w, const uint8_t *base, uint64_t at, enum fota_sim_cut mode,
                    const struct rig_package *wanted)
{
    struct fota_sim_stats stats;

    power(w, base);
    fota_sim_flash_seed(w->rig.flash, at);
    if (at)
        fota_sim_flash_cut(w->rig.flash, at, mode);
    if (rig_run(&w->rig, boot) != (at == 0))
        fail_msg("%s: the cut at %u did not fire", w->scene->name, (unsigned)at);
    if (at && rig_boot_retry(&w->rig, 0) != FOTA_BOOT_RUN)
        fail_msg("%s: cut at %u/%s: nothing runs: %s", w->scene->name, (unsigned)at,
                 fota_sim_cut_name(mode), fota_error_name(w->rig.boot->fault.error));
    if (!rig_slot_holds(&w->rig, wanted))
        fail_msg("%s: cut at %u/%s: another image", w->scene->name, (unsigned)at,
                 fota_sim_cut_name(mode));
    stats = rig_stats(&w->rig);
    assert_int_equal(stats.violations, 0);
    rig_close(&w->rig);
    memset(&w->rig, 0, sizeof w->rig);
    return stats.programs + stats.erases;
}

/*
 * At every fourth operation in one mode, all of which take their turn; all of both are what
 * test/powercut.c is for. FOTA_CUTS=1 in the environment: every operation.
 */
static void cut_everywhere(struct world *w, const struct rig_package *wanted)
{
    uint8_t *base = malloc(w->map.flash_size);
    uint64_t stride = getenv("FOTA_CUTS") ? 1 : 4, operations;

    assert_non_null(base);
    memcpy(base, cells(w), w->map.flash_size);
    rig_close(&w->rig);
    operations = cut(w, base, 0, FOTA_SIM_CUT_BEFORE, wanted);
    for (uint64_t at = 1; at <= operations; at += stride)
        cut(w, base, at, (enum fota_sim_cut)(at / stride % FOTA_SIM_CUTS), wanted);
    free(base);
    power(w, NULL);
}

static void a_power_cut_at_any_operation_is_made_good(void **state)
{
    struct world w;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        begin(&w, &scenes[i]);
        stage(&w);
        cut_everywhere(&w, &w.update);
        end(&w);
    }
}

static void a_power_cut_in_the_way_back_is_made_good(void **state)
{
    struct world w;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        if (!scenes[i].undo)
            continue;
        begin(&w, &scenes[i]);
        install(&w);
        assert_int_equal(fota_rollback(w.rig.fota), 0);
        cut_everywhere(&w, &w.old);
        end(&w);
    }
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

/* The download ends with `error`, and no cell of the flash changed. */
static void assert_refused(struct world *w, int error)
{
    uint8_t *before = malloc(w->map.flash_size);

    assert_non_null(before);
    assert_true(rig_restart(&w->rig));
    memcpy(before, cells(w), w->map.flash_size);
    assert_int_equal(rig_download(&w->rig), error);
    assert_memory_equal(before, cells(w), w->map.flash_size);
    free(before);
}

static void a_patch_from_another_image_is_refused_before_anything_is_erased(void **state)
{
    struct rig_spec spec = {
        .sequence = 2, .image_length = 16000, .segment = 4 * KB, .spare = 8 * KB};
    struct rig_package other, update;
    struct fota_fault fault;
    char text[FOTA_TEXT_MAX];
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    rig_package_make(&other, &(struct rig_spec){.sequence = 9, .image_length = 15000});
    spec.from = &other;
    rig_package_make(&update, &spec);
    rig_serve(&w.rig, &update);
    assert_refused(&w, FOTA_ERR_PRECURSOR);
    fault = *fota_fault(w.rig.fota);
    fota_fault_text(&fault, text, sizeof text);
    assert_non_null(strstr(text, "version v1 is installed"));
    rig_package_free(&other);
    rig_package_free(&update);
    end(&w);
}

static void more_ram_than_there_is_is_refused(void **state)
{
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    w.rig.policy.decoder_ram = RIG_DECODER_RAM - 1;
    assert_refused(&w, FOTA_ERR_PARAMETERS);
    end(&w);
}

static void a_loader_without_memory_for_a_decoder_keeps_the_old_image(void **state)
{
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    stage(&w);
    w.rig.config.decoder = NULL;
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.old));
    assert_int_equal(result_of(&w).error, FOTA_ERR_PARAMETERS);
    end(&w);
}

static void a_policy_refuses_what_could_not_be_taken_back(void **state)
{
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    w.rig.policy.only_reversible = true;
    assert_true(rig_restart(&w.rig));
    assert_int_equal(rig_download(&w.rig), FOTA_ERR_NO_WAY_BACK);
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.old));
    end(&w);
    begin(&w, scene_called("in place, undo"));
    w.rig.policy.only_reversible = true;
    install(&w);
    end(&w);
    begin(&w, scene_called("over, compressed"));
    w.rig.policy.only_reversible = true;
    assert_refused(&w, FOTA_ERR_NO_WAY_BACK);
    end(&w);
}

/* Whatever its way, a damaged patch is found before the slot is touched. */
static void a_patch_damaged_in_staging_leaves_the_old_image(void **state)
{
    struct world w;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        begin(&w, &scenes[i]);
        stage(&w);
        rig_damage(&w.rig, fota_staging_payload(&w.map) + 90, 0x10);
        assert_true(rig_restart(&w.rig));
        assert_true(rig_slot_holds(&w.rig, &w.old));
        assert_int_equal(result_of(&w).outcome, FOTA_OUTCOME_FAILED);
        assert_int_equal(result_of(&w).error, FOTA_ERR_INTEGRITY);
        end(&w);
    }
}

static void an_old_image_that_was_damaged_is_no_base(void **state)
{
    static const char *const names[] = {"slots", "copy", "in place"};
    struct world w;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(&w, scene_called(names[i]));
        stage(&w);
        rig_damage(&w.rig, w.map.slot.offset + 4000, 0x10);
        assert_int_equal(rig_boot(&w.rig), FOTA_BOOT_NOTHING);
        rig_damage(&w.rig, w.map.slot.offset + 4000, 0x10);
        assert_true(rig_restart(&w.rig));
        assert_true(rig_slot_holds(&w.rig, &w.old));
        assert_int_equal(result_of(&w).error, FOTA_ERR_NO_IMAGE);
        end(&w);
    }
}

struct stop {
    unsigned programs; /* of the slot's first unit, until it stops */
    uint32_t address;
};

static int stop_at(struct rig *rig, enum rig_op op, uint32_t addr, size_t len)
{
    struct stop *stop = rig->hook;

    (void)len;
    if (op == RIG_ERASE && addr == stop->address) {
        stop->programs++;
        return FOTA_ERR_FLASH_ERASE;
    }
    return 0;
}

/* In place there is nothing to go back to: it waits for the flash, and goes on from the records. */
static void a_flash_error_in_the_middle_is_tried_again_at_the_next_start(void **state)
{
    struct stop stop = {0, 0};
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    stage(&w);
    stop.address = w.map.slot.offset + 2 * w.map.slot.erase_unit;
    w.rig.hook = &stop;
    w.rig.before = stop_at;
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(rig_boot(&w.rig), FOTA_ERR_FLASH_ERASE);
        assert_int_equal(stop.programs, i);
        assert_int_equal(rig_record(&w.rig).replaced, 2);
    }
    w.rig.before = NULL;
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.update));
    end(&w);
}

static void a_flash_error_before_anything_was_replaced_leaves_the_old_image(void **state)
{
    struct stop stop = {0, 0};
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    stage(&w);
    stop.address = w.map.staging.offset + 2 * w.map.staging.erase_unit; /* the first spare one */
    w.rig.hook = &stop;
    w.rig.before = stop_at;
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.old));
    assert_int_equal(result_of(&w).error, FOTA_ERR_FLASH_ERASE);
    end(&w);
}

/* What was decoded before its damage was met stays decoded. */
static void damage_to_the_patch_in_the_middle_matters_only_behind_where_it_is(void **state)
{
    struct stop stop = {0, 0};
    struct world w;

    (void)state;
    begin(&w, scene_called("in place"));
    stage(&w);
    stop.address = w.map.slot.offset + 2 * w.map.slot.erase_unit;
    w.rig.hook = &stop;
    w.rig.before = stop_at;
    assert_int_equal(rig_boot(&w.rig), FOTA_ERR_FLASH_ERASE);
    w.rig.before = NULL;
    rig_damage(&w.rig, fota_staging_payload(&w.map) + 60, 0xff); /* in the first segment */
    assert_true(rig_restart(&w.rig));
    assert_true(rig_slot_holds(&w.rig, &w.update));
    end(&w);
}

static void a_lying_record_installs_nothing_wrong(void **state)
{
    static const uint32_t numbers[][2] = {{1, 0}, {4, 4}, {2, 1}, {9, 0}, {0, 9}, {UINT32_MAX, 0}};
    struct world w;

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct fota_record r;
        int result;

        begin(&w, scene_called("in place"));
        stage(&w);
        r = rig_record(&w.rig);
        r.state = FOTA_STATE_INSTALLING;
        r.flags |= FOTA_RECORD_IN_PLACE;
        r.progress = numbers[i][0];
        r.replaced = numbers[i][1];
        rig_put_record(&w.rig, &r);
        result = rig_boot(&w.rig);
        assert_true(result == FOTA_BOOT_NOTHING || rig_slot_holds(&w.rig, &w.old) ||
                    rig_slot_holds(&w.rig, &w.update));
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_installs_and_is_confirmed),
        cmocka_unit_test(every_way_that_keeps_the_old_image_reverts),
        cmocka_unit_test(without_confirm_the_undo_patch_brings_the_old_image_back),
        cmocka_unit_test(without_an_undo_patch_what_never_confirms_is_kept),
        cmocka_unit_test(the_next_differential_package_starts_from_the_result_of_the_first),
        cmocka_unit_test(every_familys_geometry),
        cmocka_unit_test(the_wear_of_an_update_in_place),
        cmocka_unit_test(a_power_cut_at_any_operation_is_made_good),
        cmocka_unit_test(a_power_cut_in_the_way_back_is_made_good),
        cmocka_unit_test(a_patch_from_another_image_is_refused_before_anything_is_erased),
        cmocka_unit_test(more_ram_than_there_is_is_refused),
        cmocka_unit_test(a_loader_without_memory_for_a_decoder_keeps_the_old_image),
        cmocka_unit_test(a_policy_refuses_what_could_not_be_taken_back),
        cmocka_unit_test(a_patch_damaged_in_staging_leaves_the_old_image),
        cmocka_unit_test(an_old_image_that_was_damaged_is_no_base),
        cmocka_unit_test(a_flash_error_in_the_middle_is_tried_again_at_the_next_start),
        cmocka_unit_test(a_flash_error_before_anything_was_replaced_leaves_the_old_image),
        cmocka_unit_test(damage_to_the_patch_in_the_middle_matters_only_behind_where_it_is),
        cmocka_unit_test(a_lying_record_installs_nothing_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
