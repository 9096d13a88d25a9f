/*
 * probe.c - the smallest application that updates itself, for campaigns of power cuts: version 1
 * installs the package in the board's file update.fota, version 2 confirms.
 */
#include "fota.h"
#include "platform/board/board.h"
#include "platform/board/config.h"
#include "platform/board/console.h"
#include "platform/board/files.h"
#include "platform/board/semihost.h"
#include "platform/mbedtls/p256m.h"

#define PIECE 4096u

static struct board_config board;
static uint64_t memory[2048];

static void say(const char *text, const char *more)
{
    console_line("", text, more);
}

static void fail(const struct fota *fota)
{
    say("failed: ", fota_error_name(fota_fault(fota)->error));
    semihost_exit(1);
}

/* Gives the file to the engine, piece by piece. */
static void write_file(struct fota *fota, const struct board_file *file)
{
    static uint8_t piece[PIECE];
    size_t taken;

    for (uint32_t at = 0; at < file->size; at += (uint32_t)taken) {
        uint32_t length = file->size - at < PIECE ? file->size - at : PIECE;

        if (!board_file_read(file, at, piece, length) ||
            fota_write(fota, piece, length, file->size, &taken) != 0)
            fail(fota);
    }
}

static void update(struct fota *fota)
{
    struct fota_event event = {0};
    struct board_file file;

    if (!board_file_find("update.fota", &file)) {
        say("no update.fota", "");
        semihost_exit(1);
    }
    write_file(fota, &file);
    if (fota_flush(fota) != 0 || fota_verify(fota) != 0)
        fail(fota);
    do
        fota_step(fota, &event);
    while (event.kind != FOTA_EVENT_END);
    if (event.fault.error)
        fail(fota);
    board_reset();
}

int main(void)
{
    struct fota_result result;
    struct fota *fota;

    board_start();
    board_watchdog_start();
    board_config_open(&board, &fota_p256m_crypto);
    board.port.system.ops = &board_system;
    board_files_open(&board.port.flash);
    if (fota_size() > sizeof memory ||
        fota_open(memory, sizeof memory, &board.config, &fota) != 0 ||
        fota_last_result(fota, &result) != 0) {
        say("the engine cannot be opened", "");
        semihost_exit(1);
    }
    say("runs: ", result.version);
    if (result.state == FOTA_STATE_TRIAL) {
        if (fota_confirm(fota) != 0)
            fail(fota);
        say("confirmed", "");
    } else if (result.outcome == FOTA_OUTCOME_NONE || result.outcome == FOTA_OUTCOME_FAILED)
        update(fota);
    semihost_exit(0);
}
