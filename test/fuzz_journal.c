/*
 * The journal over arbitrary bytes: the first byte chooses a map, the rest lies where the banks
 * are. Whatever they hold, it opens with a state that exists, and what is then written is what the
 * next start finds; a cut in the middle of that leaves the old record or the new one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fota_record *to_write;

static void write_it(struct rig *rig)
{
    static uint8_t page[FOTA_PROGRAM_UNIT_MAX];
    struct fota_journal journal;

    REQUIRE(fota_journal_open(&journal, &rig->port, page) == 0);
    REQUIRE(fota_journal_write(&journal, to_write) == 0);
}

static bool same(const struct fota_record *a, const struct fota_record *b)
{
    return a->state == b->state && a->progress == b->progress && a->counter == b->counter &&
           memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fota_map *map;
    struct fota_record before, after, record;
    struct rig rig;

    if (size < 4)
        return 0;
    map = rig_map((enum rig_map)(data[0] % RIG_MAPS));
    rig_open_blank(&rig, map);
    memcpy(fota_sim_flash_cells(rig.flash) + map->journal.offset, data + 3,
           size - 3 < map->journal.size ? size - 3 : map->journal.size);
    before = rig_record(&rig);
    REQUIRE(before.state <= FOTA_STATE_UPDATING);
    record = before;
    record.progress = before.progress + 1;
    record.counter = ~before.counter;
    to_write = &record;
    fota_sim_flash_cut(rig.flash, 1 + data[1] % 8,
                       (enum fota_sim_cut)(data[2] % (FOTA_SIM_CUT_AFTER + 1)));
    if (rig_run(&rig, write_it))
        fota_sim_flash_cut(rig.flash, 0, FOTA_SIM_CUT_BEFORE);
    after = rig_record(&rig);
    REQUIRE(same(&after, &record) || (rig.fired && same(&after, &before)));
    REQUIRE(rig_run(&rig, write_it));
    after = rig_record(&rig);
    REQUIRE(same(&after, &record));
    REQUIRE(rig_stats(&rig).violations == 0);
    rig_close(&rig);
    return 0;
}
