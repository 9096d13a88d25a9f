/* boot.c - the boot loader: runs the boot stage, copies the image that it chooses into RAM, and
 * starts the image if the copy is what was verified. */
#include "boot.h"

#include <string.h>

#include "platform/board/board.h"
#include "platform/board/config.h"
#include "platform/board/console.h"
#include "platform/board/semihost.h"
#include "platform/mbedtls/p256m.h"

#define WARM 0x7A5EED01u

static struct board_config board;
static struct fota_boot boot;

/* Keeps its value over a reset, but not over a loss of power. On a chip with a register for the
 * cause of the last reset, use that instead. */
static uint32_t temperature __attribute__((section(".noinit")));

static void say_line(const char *text, const char *more)
{
    console_line("  boot: ", text, more);
}

/* How long it took, for benchmarks, microseconds. */
static void say_time(void)
{
    char digits[12];
    char *first = digits + sizeof digits - 1;
    uint32_t us = (uint32_t)board_us();

    *first = '\0';
    for (; us || !*first; us /= 10)
        *--first = (char)('0' + us % 10);
    say_line("microseconds ", first);
}

/* The line to print when a state is entered; NULL: none. */
static const char *announcement(uint8_t state)
{
    switch (state) {
    case FOTA_STATE_STAGED: return "a verified package is staged";
    case FOTA_STATE_BACKING_UP: return "copying the old image aside";
    case FOTA_STATE_INSTALLING: return "installing";
    case FOTA_STATE_TRIAL: return "the new image runs on trial";
    case FOTA_STATE_REVERTING: return "putting the old image back";
    case FOTA_STATE_UPDATING: return "the updater is verified";
    default: return NULL;
    }
}

/* Runs the boot stage to its end. */
static int run_stage(void)
{
    uint8_t state = FOTA_STATE_IDLE;
    int step = fota_boot_start(&boot, &board.config);

    if (temperature != WARM)
        fota_boot_power_lost(&boot);
    temperature = WARM;
    step = step ? step : FOTA_BOOT_AGAIN;
    while (step == FOTA_BOOT_AGAIN) {
        if (boot.journal.record.state != state) {
            state = boot.journal.record.state;
            if (announcement(state))
                say_line(announcement(state), "");
        }
        board_watchdog_feed();
        step = fota_boot_step(&boot);
    }
    return step;
}

/* Copies the image from a flash address, and hashes the copy, because the flash may read
 * differently the second time. */
static bool load_image(uint32_t address)
{
    const struct fota_port *port = board.config.port;
    const struct fota_object *image = &boot.manifest.result;
    uint8_t digest[FOTA_DIGEST_SIZE];
    struct fota_sha256 sha;

    if (image->length > board_image_max ||
        port->flash.ops->read(port->flash.ctx, address, board_image, image->length))
        return false;
    if (port->crypto->sha256_start(&sha) ||
        port->crypto->sha256_update(&sha, board_image, image->length) ||
        port->crypto->sha256_finish(&sha, digest))
        return false;
    return memcmp(digest, image->digest, sizeof digest) == 0;
}

/* Returns if it cannot be loaded. */
static void start_image(int step)
{
    bool updater = step == FOTA_BOOT_UPDATER;

    if (!load_image(updater ? fota_boot_updater(&boot) : fota_boot_slot(&boot)->offset))
        return;
    if (semihost_asked("times"))
        say_time();
    say_line(updater ? "starting the updater to version " : "starting version ",
             boot.manifest.version);
    board_watchdog_feed();
    /* Once more right before the jump: see fota_boot_proven(). */
    if (fota_boot_proven(&boot, step))
        board_run_image();
}

int main(void)
{
    int step;

    board_start();
    board_watchdog_start();
    board_config_open(&board, &fota_p256m_crypto);
    board.config.decoder = board_image; /* no image is there yet */
    step = run_stage();
    if (step == FOTA_BOOT_NOTHING) {
        say_line("no image can be run", "");
        semihost_exit(3); /* a modem would offer its maker's way of loading one here */
    }
    if (step == FOTA_BOOT_RUN || step == FOTA_BOOT_UPDATER)
        start_image(step);
    say_line("the flash cannot be read", "");
    board_reset();
}
