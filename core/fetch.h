/*
 * fetch.h - what fetching a file has in common over all protocols: deadlines, what a file is known
 * by, and what a step of a client says.
 */
#ifndef FOTA_FETCH_H
#define FOTA_FETCH_H

#include <stdint.h>

#include "fota_error.h"
#include "fota_port.h"

/* Deadlines, milliseconds; 0 means the default. */
struct fota_timeouts {
    uint32_t connect_ms; /* name and connection, and again TLS's handshake; default 30000 */
    uint32_t stall_ms;   /* no byte taken or given by the server; default 60000 */
};

/* How long a client has waited for the network, and how long it will. */
struct fota_patience {
    const struct fota_system *system; /* borrowed */
    struct fota_timeouts timeouts;    /* without zeros */
    uint32_t moved_ms; /* when something was begun or last moved: the lower half of now_ms() */
};

void fota_patience_init(struct fota_patience *patience, const struct fota_system *system,
                        const struct fota_timeouts *timeouts);

/* Something was begun, or has moved. */
void fota_patience_moved(struct fota_patience *patience);

/* Milliseconds since then. */
uint32_t fota_patience_silent_ms(const struct fota_patience *patience);

/* Nothing moves: returns FOTA_FETCH_WAIT before `limit_ms`, then fails with `error`. */
int fota_patience_wait(const struct fota_patience *patience, uint32_t limit_ms, int error,
                       enum fota_stage stage, struct fota_fault *fault);

/*
 * What stays the same between two requests for the same file. Known from FOTA_FETCH_OPEN on; after
 * a 416 `total` is what the server said beside it.
 */
struct fota_file_identity {
    uint64_t total;     /* size of the whole file, bytes; 0: the server did not say */
    uint64_t validator; /* 64-bit FNV-1a of what the server says of its version; 0: none */
};

/* What a step found. Negative values are errors. */
enum fota_fetch {
    FOTA_FETCH_AGAIN, /* nothing happened that the caller must know; call again */
    FOTA_FETCH_WAIT,  /* nothing to do before the network moves */
    FOTA_FETCH_OPEN,  /* the server is about to send: the identity is known */
    FOTA_FETCH_DATA,  /* *got bytes are in the caller's buffer */
    FOTA_FETCH_END    /* the answer is complete; a part may end before identity.total */
};

#endif
