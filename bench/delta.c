/*
 * delta.c - makes and applies one patch, for bench/delta.sh:
 *
 *     bench_delta make OLD NEW PATCH RAM FAST    "bytes seconds MB copies literals"
 *     bench_delta apply OLD NEW PATCH RAM        "MB/s", of processor time
 *
 * Under callgrind, what fota_patch_poll and fota_patch_sink take is the decoder's work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "diff.h"
#include "patch.h"

struct file {
    uint8_t *bytes;
    size_t size;
};

static void check(int fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "bench_delta: %s\n", what);
        exit(1);
    }
}

static struct file load(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct file f = {NULL, 0};

    check(in != NULL, path);
    fseek(in, 0, SEEK_END);
    f.size = (size_t)ftell(in);
    rewind(in);
    f.bytes = malloc(f.size + 1);
    check(f.bytes && fread(f.bytes, 1, f.size, in) == f.size, path);
    fclose(in);
    return f;
}

static double now(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int read_old(void *context, uint32_t offset, void *data, size_t length)
{
    uint8_t **images = context;

    memcpy(data, images[0] + offset, length);
    return 0;
}

static int read_new(void *context, uint32_t offset, void *data, size_t length)
{
    uint8_t **images = context;

    memcpy(data, images[1] + offset, length);
    return 0;
}

static void make(const struct file *old, const struct file *new, char **argv)
{
    struct fota_diff_options options = {.ram = (uint32_t)atoi(argv[5]), .fast = atoi(argv[6])};
    struct fota_diff_stats stats;
    struct rusage usage;
    struct file patch;
    double start = now();
    FILE *out = fopen(argv[4], "wb");

    check(fota_diff(old->bytes, old->size, new->bytes, new->size, &options, &patch.bytes,
                    &patch.size, &stats) == 0,
          "no patch");
    check(out && fwrite(patch.bytes, 1, patch.size, out) == patch.size && fclose(out) == 0,
          argv[4]);
    getrusage(RUSAGE_SELF, &usage);
    printf("%zu %.1f %ld %u %u %s\n", patch.size, now() - start, usage.ru_maxrss / 1024,
           stats.copies, stats.literals, stats.arch);
}

static void apply(const struct file *old, const struct file *new, char **argv)
{
    struct file patch = load(argv[4]);
    uint8_t *images[2] = {old->bytes, calloc(1, new->size)};
    struct fota_patch_layout layout = {(uint32_t)patch.size,
                                       (uint32_t)old->size,
                                       (uint32_t) new->size,
                                       (uint32_t)atoi(argv[5]),
                                       0,
                                       0};
    struct fota_patch_readers readers = {read_old, read_new, images};
    void *memory = malloc(layout.ram);
    struct fota_patch *decoder;
    struct fota_fault fault;
    size_t pushed = 0, made = 0, length;
    double start = now();
    int state;

    check(memory && images[1], "no memory");
    check(fota_patch_start(&decoder, memory, layout.ram, &layout, &readers, &fault) == 0, "start");
    do {
        uint8_t piece[512];

        state = fota_patch_poll(decoder, piece, sizeof piece, &length, &fault);
        memcpy(images[1] + made, piece, length);
        made += length;
        if (state == FOTA_PATCH_WANTS)
            pushed += fota_patch_sink(decoder, patch.bytes + pushed, patch.size - pushed);
    } while (state > 0 && state != FOTA_PATCH_DONE);
    check(state == FOTA_PATCH_DONE && memcmp(images[1], new->bytes, new->size) == 0, "wrong image");
    printf("%.1f\n", (double)new->size / 1e6 / (now() - start + 1e-6));
}

int main(int argc, char **argv)
{
    struct file old, new;

    check(argc >= 6, "see the head of this file");
    old = load(argv[2]);
    new = load(argv[3]);
    if (strcmp(argv[1], "make") == 0 && argc == 7)
        make(&old, &new, argv);
    else
        apply(&old, &new, argv);
    return 0;
}
