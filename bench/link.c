/* An update over a lossy link in virtual time, as Markdown: how long it takes, and
 * what it costs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/hairpin.h"
#include "test/rig.h"

#define KB    1024u
#define IMAGE (100 * KB)
#define SEEDS 15

static const struct fota_map map = {
    .name = "link",
    .flash_size = 400 * KB,
    .program_unit = 256,
    .slot = {0, 128 * KB, 4 * KB},
    .staging = {128 * KB, 256 * KB, 4 * KB},
    .journal = {384 * KB, 8 * KB, 4 * KB},
};

/* What a run took. */
struct run {
    double seconds;
    double received, carried; /* bytes, of the file's: by the engine, and by the link */
    unsigned connections;
};

static struct run run(const struct rig_package *package, struct hairpin_path path, uint64_t seed)
{
    struct rig rig;
    struct fota_event event = {0};
    enum fota_step step = FOTA_STEP_AGAIN;
    uint64_t began;
    int error = 0;

    rig_open(&rig, &map);
    rig.port.net = hairpin_open(seed);
    rig.port.system = hairpin_system();
    hairpin_up = hairpin_down = path;
    hairpin_server.file = package->data;
    hairpin_server.length = package->length;
    hairpin_server.etag = "1";
    if (!rig_restart(&rig) ||
        fota_download(rig.fota, "http://" HAIRPIN_HOST "/app.fota", NULL, NULL) != 0)
        abort();
    began = hairpin_now_ms();
    while (step != FOTA_STEP_IDLE) {
        step = fota_step(rig.fota, &event);
        if (event.kind == FOTA_EVENT_END)
            error = event.fault.error;
        if (step == FOTA_STEP_WAIT)
            rig.port.net.ops->wait(rig.port.net.ctx, event.wait_ms ? event.wait_ms : 1);
    }
    if (error) {
        fprintf(stderr, "bench/link: the update failed with %d\n", error);
        exit(1);
    }
    struct run result = {(double)(hairpin_now_ms() - began) / 1000,
                         (double)hairpin_received() / (double)package->length,
                         (double)hairpin_down.bytes / (double)package->length, hairpin_opened()};
    hairpin_close();
    rig_close(&rig);
    return result;
}

static int by_time(const void *a, const void *b)
{
    double x = ((const struct run *)a)->seconds, y = ((const struct run *)b)->seconds;

    return (x > y) - (x < y);
}

static void row(const struct rig_package *package, uint32_t rate, uint32_t loss)
{
    struct run runs[SEEDS];
    struct run most = {0};

    for (unsigned i = 0; i < SEEDS; i++) {
        runs[i] =
            run(package, (struct hairpin_path){.rate = rate, .delay_ms = 100, .loss = loss}, i + 1);
        if (runs[i].received > most.received)
            most.received = runs[i].received;
        if (runs[i].carried > most.carried)
            most.carried = runs[i].carried;
        if (runs[i].connections > most.connections)
            most.connections = runs[i].connections;
    }
    qsort(runs, SEEDS, sizeof *runs, by_time);
    printf("| %" PRIu32 " kbit/s | %" PRIu32 " %% | %.0f | %.0f | %.0f | %.3f | %.2f | %u |\n",
           rate / 1000, loss / 10, (double)package->length * 8 / rate, runs[SEEDS / 2].seconds,
           runs[SEEDS - 1].seconds, most.received, most.carried, most.connections);
}

int main(void)
{
    static const uint32_t rates[] = {32000, 256000}, losses[] = {0, 50, 200};
    struct rig_package package;

    rig_package_make(&package, &(struct rig_spec){.sequence = 2, .image_length = IMAGE});
    printf("### A lossy link (%zu bytes over lwIP, 100 ms each way, virtual time, %u seeds)\n\n",
           package.length, (unsigned)SEEDS);
    printf("| rate | packets lost | the bytes alone, s | median, s | longest, s |"
           " most bytes fetched / file | most bytes sent to the modem / file | most connections |\n"
           "|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (size_t j = 0; j < sizeof losses / sizeof *losses; j++)
            row(&package, rates[i], losses[j]);
    rig_package_free(&package);
    return 0;
}
