/*
 * fetch.h - what the clients of all protocols have in common: deadlines, the identity of a file,
 * and the results of a step.
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

/* Measures how long a client has been waiting for the network. */
struct fota_patience {
    const struct fota_system *system; /* borrowed */
    struct fota_timeouts timeouts;    /* defaults filled in */
    uint32_t moved_ms; /* when something was begun or data last moved; lower half of now_ms() */
};

void fota_patience_init(struct fota_patience *patience, const struct fota_system *system,
                        const struct fota_timeouts *timeouts);

/* Says that something was begun, or that data has moved. */
void fota_patience_moved(struct fota_patience *patience);

/* Milliseconds since the last fota_patience_moved(). */
uint32_t fota_patience_silent_ms(const struct fota_patience *patience);

/* For a step in which nothing moved: returns FOTA_FETCH_WAIT until limit_ms have passed, then
 * `error` with *fault filled in. */
int fota_patience_wait(const struct fota_patience *patience, uint32_t limit_ms, int error,
                       enum fota_stage stage, struct fota_fault *fault);

/*
 * What does not change between two requests for the same file. Known from FOTA_FETCH_OPEN on; after
 * an HTTP status of 416, `total` is what the server said with it.
 */
struct fota_file_identity {
    uint64_t total;     /* size of the whole file, bytes; 0: the server did not say */
    uint64_t validator; /* 64-bit FNV-1a of what the server says of its version; 0: none */
};

/* The result of a step. Negative values are errors. */
enum fota_fetch {
    FOTA_FETCH_AGAIN, /* some work was done; call again */
    FOTA_FETCH_WAIT,  /* there is nothing to do until data can be sent or received */
    FOTA_FETCH_OPEN,  /* the server is about to send the file: the identity is known */
    FOTA_FETCH_DATA,  /* *got bytes are in the caller's buffer */
    FOTA_FETCH_END    /* the answer is complete; if it is a part, before identity.total */
};

#endif
