/*
 * rig.h - a small modem for C tests: flash in memory, a clock that moves when it is told to, a
 * server that speaks HTTP, keys, packages, the boot stage and the engine.
 *
 * What cannot fail in a sound test (memory, keys) aborts. A power cut leaves whatever runs by
 * longjmp, so it is survived only inside rig_run().
 */
#ifndef FOTA_TEST_RIG_H
#define FOTA_TEST_RIG_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"
#include "fota.h"
#include "platform/sim/nand.h"

/* ---- maps: small, with all the differences that matter --------------------------------------- */

enum rig_map {
    RIG_MAP_BYTE,   /* program unit 1 */
    RIG_MAP_WORD,   /* 16; staging has smaller erase units than the slot */
    RIG_MAP_PAGE,   /* 256; staging has larger ones; more units than one mark of progress */
    RIG_MAP_SECTOR, /* 512; no room for a copy of the old image */
    RIG_MAP_NAND,   /* 2048; a bank of the journal holds two records beside its seal */
    RIG_MAP_NARROW, /* 2048; a bank holds a snapshot and its seal, no more */
    RIG_MAP_SLOTS,  /* 256; two slots; staging has larger erase units */
    RIG_MAP_BLOCKS, /* 2048; two slots */
    RIG_MAPS,
    RIG_MAP_MINI = RIG_MAPS /* 256; staging is too small for an image */
};

const struct fota_map *rig_map(enum rig_map map);

/* Bytes of the images that rig_open() and rig_update() use on this map. */
uint32_t rig_image_length(const struct fota_map *map, uint32_t sequence);

/* ---- packages -------------------------------------------------------------------------------- */

struct rig_package {
    uint8_t *data; /* header and payload */
    size_t length;
    size_t header_length;
    uint8_t *image; /* what is in the slot once it is installed; in `data`, too */
    size_t image_length;
    uint32_t sequence;
};

/* What a package is made of; a field of 0 or NULL takes its default. */
struct rig_spec {
    uint32_t sequence;              /* 1 */
    uint32_t image_length;          /* 1000 bytes */
    const char *model;              /* the rig's */
    const char *vendor;             /* the rig's */
    const uint8_t *image;           /* image_length bytes, copied; NULL: pseudo-random ones */
    const struct rig_package *from; /* a differential package, from this one's image */
    bool compressed;                /* a compressed one */
    uint32_t segment, spare;        /* of those two, bytes */
    bool undo;                      /* with a reverse patch */
    bool foreign_key;               /* signed by a key that the rig does not trust */
    unsigned signer;                /* or by one of three: 0 is trusted, 1 and 2 are not */
    unsigned chain[FOTA_SUCCESSORS_MAX + 1]; /* keys, each vouched for by the one before */
    unsigned chain_length;                   /* successors in it; 0: none */
    bool forged_successor;                   /* the voucher's signature is changed */
    bool unsigned_;
    void (*edit)(struct fota_manifest *manifest); /* last change before it is signed */
};

/* Makes a package; a pseudo-random image depends on sequence and length only. */
void rig_package_make(struct rig_package *package, const struct rig_spec *spec);
void rig_package_free(struct rig_package *package);

static inline const uint8_t *rig_image(const struct rig_package *package)
{
    return package->image;
}

/* Writes to `image` (`length` bytes, not the old one) what a next version of it would be: a few
 * bytes are changed and some are inserted in front. */
void rig_image_edit(uint8_t *image, size_t length, const struct rig_package *old);

/* ---- the server ------------------------------------------------------------------------------ */

/* An answer byte for byte: a header, and bytes of the file behind it. */
struct rig_answer {
    const char *head; /* with the empty line; NULL: as the server would answer */
    size_t at, end;
};

struct rig_server {
    const uint8_t *file; /* borrowed */
    size_t length;
    const struct rig_package *second; /* borrowed; served as /2. NULL: there is none */
    const char *etag;                 /* NULL: none */
    int status;                       /* 0: 200 or 206 */
    bool no_ranges;                   /* answers 200 to a Range request */
    bool no_length;     /* neither Content-Length nor chunks: the body ends with the connection */
    bool refuse;        /* connections fail */
    bool silent;        /* takes the request and never answers */
    bool drip;          /* every second read gives nothing yet */
    size_t segment;     /* most bytes a read; 0: as many as fit */
    size_t range_limit; /* longest part it sends; 0: no limit */
    size_t cut_at;      /* the connection breaks after so many bytes of body; 0: never */
    unsigned cuts;      /* so many answers break, then they are whole */
    const struct rig_answer *script; /* the next answers, borrowed; afterwards as usual */
    size_t script_length;
    uint32_t head_ms, body_ms; /* time that a byte of the answer takes, then one comes a read */
    const char *trailer; /* bytes behind the file's, not counted in Content-Length; NULL none */

    /* what it saw */
    unsigned requests;
    uint64_t sent;        /* bytes of body */
    uint64_t last_offset; /* of the last request's Range, 0 none */
    unsigned open;        /* connections that were not closed */

    /* the connection */
    char text[4096]; /* the request, then the answer's header */
    size_t text_length, text_at;
    const uint8_t *serving; /* the file asked for, of `whole` bytes */
    size_t whole;
    size_t at, end; /* rest of the file's bytes to send */
    size_t cut_left;
    uint64_t next_ms; /* when the next byte comes */
    bool answered, cutting, dripped;
};

/* ---- the modem ------------------------------------------------------------------------------- */

#define RIG_DECODER_RAM 32768u

enum rig_op { RIG_READ, RIG_PROGRAM, RIG_ERASE };

struct rig {
    const struct fota_map *map;
    struct fota_sim_flash *flash;
    struct fota_sim_nand nand; /* over it, where the map is one of a NAND */
    struct fota_flash real;    /* one of the two, without the hooks below */
    struct fota_port port;
    struct fota_policy policy;
    struct fota_config config;
    struct rig_server server;
    uint64_t now_ms;
    int64_t time; /* -1 from the start: no trusted clock */
    uint64_t random;
    unsigned resets;
    unsigned alive; /* how often the watchdog was fed */

    /* Called before each flash operation, which fails with what it returns unless that is 0; a
     * positive value: silently not done. NULL: none. */
    int (*before)(struct rig *rig, enum rig_op op, uint32_t addr, size_t len);
    /* Called after each flash operation that was done. NULL: none. */
    void (*after)(struct rig *rig, enum rig_op op, uint32_t addr, size_t len);
    void *hook;          /* for the two of them */
    uint64_t operations; /* calls of program and erase that were let through */

    struct fota_boot *boot;
    void *memory;               /* fota_size() bytes */
    void *decoder;              /* RIG_DECODER_RAM bytes */
    char order[FOTA_ORDER_MAX]; /* for the updater */
    struct fota *fota;          /* NULL before rig_start() */
    struct rig_package old;     /* what rig_open() provisioned: sequence 1 */

    bool power_lost;      /* the boot stage is told so */
    unsigned ends;        /* FOTA_EVENT_END of the last rig_finish() */
    unsigned most_erases; /* in one step, since it was last set to 0 */
    jmp_buf cut;
    bool catching; /* inside rig_run() */
    bool fired;    /* the power cut came */
};

/* Makes a modem with map and image of sequence 1, provisioned; model EC600U, vendor quectel. */
void rig_open(struct rig *rig, const struct fota_map *map);

/* The same with an erased flash and no image. */
void rig_open_blank(struct rig *rig, const struct fota_map *map);
void rig_close(struct rig *rig);

/* The flash becomes what fota_sim_flash_cells() of an equal rig was:
 * fota_sim_flash_size() bytes. */
void rig_load(struct rig *rig, const uint8_t *cells);

/* The cell of the byte at `addr`; those behind it follow to the end of the erase unit. */
uint8_t *rig_cell(struct rig *rig, uint32_t addr);

/* Bytes of the range that a cut left in doubt. */
size_t rig_doubtful(struct rig *rig, uint32_t addr, size_t length);

/* Runs `life` until it returns, or until a power cut: then RAM is lost, the power is back and false
 * is returned. */
bool rig_run(struct rig *rig, void (*life)(struct rig *rig));

/* The engine is closed if it ran, and RAM is lost. */
void rig_forget(struct rig *rig);

/* The boot stage to its end: FOTA_BOOT_RUN, FOTA_BOOT_NOTHING, or its error after `restarts`. */
int rig_boot(struct rig *rig);
int rig_boot_retry(struct rig *rig, unsigned restarts);

/* The application starts: a fresh engine. */
void rig_start(struct rig *rig);

/* rig_boot() and rig_start(); true: an image runs. */
bool rig_restart(struct rig *rig);

/* Makes the server serve the package. */
void rig_serve(struct rig *rig, const struct rig_package *package);

/* Steps until the update's end; time passes when the engine waits. Returns the error of
 * the event. */
int rig_finish(struct rig *rig, struct fota_event *event);

/* A mini fota: the updater is what is served, the application is what is served as /2. Returns 0:
 * the updater is staged, or the error. rig_restart() runs the updater. */
int rig_download_mini(struct rig *rig);

/* The resident updater, to its end. Returns the error of that. */
int rig_update(struct rig *rig);

/* Downloads what is served. Returns 0: staged, or the error. */
int rig_download(struct rig *rig);

/* The local way, in pieces of at most `piece` bytes, to the end of the verify. */
int rig_write(struct rig *rig, const uint8_t *data, size_t length, uint32_t total, size_t piece);

/* The slot that runs, as the journal has it. */
const struct fota_region *rig_slot(struct rig *rig);

/* The image, its manifest and nothing else are in the slot that runs. */
bool rig_slot_holds(struct rig *rig, const struct rig_package *package);

/* The image and its manifest are in the slot, whatever lies behind them. */
bool rig_slot_runs(struct rig *rig, const struct rig_package *package);

/* The newest record of the journal, as it is in flash. */
struct fota_record rig_record(struct rig *rig);

/* The record that fota_journal_write() makes. */
void rig_put_record(struct rig *rig, const struct fota_record *record);

/* Flips bits of one cell's byte. */
void rig_damage(struct rig *rig, uint32_t addr, uint8_t bits);

struct fota_sim_stats rig_stats(const struct rig *rig);

/* SplitMix64. */
uint64_t rig_random(uint64_t *state);

#endif
