/*
 * The boot loader: `boot FLASH` runs the modem until its application ends; what follows is given to
 * the application. `boot FLASH --factory PACKAGE` is what a factory does.
 */
#define _POSIX_C_SOURCE 200809L

#include <boot.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"

static struct port port;
static struct fota_boot boot;
static uint64_t decoder[PORT_DECODER_RAM / 8]; /* on a chip: where the image will be */

static int factory(const char *path)
{
    static uint8_t package[0x80000];
    char text[FOTA_TEXT_MAX];
    struct fota_fault fault;
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(package, 1, sizeof package, file) : 0;

    if (fota_boot_provision(&boot, &port.config, package, length, &fault) == 0)
        return 0;
    fota_fault_text(&fault, text, sizeof text);
    fprintf(stderr, "factory: %s: %s\n", path, text);
    return 1;
}

/* On a chip: copied to RAM, or where it is. Here: to a file. */
static int load_image(uint32_t address, const char *path)
{
    const struct fota_flash *flash = &port.port.flash;
    uint32_t length = boot.manifest.result.length;
    uint8_t *image = malloc(length);
    FILE *file = fopen(path, "wb");
    int err = image && file ? flash->ops->read(flash->ctx, address, image, length) : -1;

    if (!err && fwrite(image, 1, length, file) != length)
        err = -1;
    if (file && fclose(file) != 0)
        err = -1;
    free(image);
    return err ? err : chmod(path, 0755);
}

/* Runs a verified image; returns its exit status. */
static int start_image(int step, char **words)
{
    char path[4096];
    int status = 0;
    pid_t child;

    snprintf(path, sizeof path, "%s.run", words[1]);
    if (load_image(step == FOTA_BOOT_UPDATER ? fota_boot_updater(&boot)
                                             : fota_boot_slot(&boot)->offset,
                   path) != 0)
        return 1;
    /* Once more right before the jump, see fota_boot_proven(). */
    if (!fota_boot_proven(&boot, step))
        return 1;
    child = fork();
    if (child == 0) {
        execv(path, words);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : PORT_RESET; /* a crash resets, too */
}

/* The boot stage to its end: a step of enum fota_boot_step, or a negative error. */
static int run_stage(void)
{
    int step = fota_boot_start(&boot, &port.config);

    if (step == 0)
        do
            step = fota_boot_step(&boot); /* feed the watchdog before each */
        while (step == FOTA_BOOT_AGAIN);
    return step;
}

int main(int argc, char **argv)
{
    int status = PORT_RESET;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || port_open(&port, argv[1]) != 0)
        return 2;
    port.config.decoder = decoder;
    if (argc == 4 && strcmp(argv[2], "--factory") == 0)
        return factory(argv[3]);
    while (status == PORT_RESET) {
        int step = run_stage();

        if (step != FOTA_BOOT_RUN && step != FOTA_BOOT_UPDATER) {
            printf("boot: no image can be run (%d)\n", step);
            return 1;
        }
        printf("boot: starting %s %s\n", step == FOTA_BOOT_UPDATER ? "the updater to" : "version",
               boot.manifest.version);
        status = start_image(step, argv);
    }
    return status;
}
