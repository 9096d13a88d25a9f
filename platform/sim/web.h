/*
 * web.h - a web server inside the simulated network, so that a test needs no other: files from
 * memory, with Range and ETag, at http://fota.test/NAME.
 */
#ifndef FOTA_SIM_WEB_H
#define FOTA_SIM_WEB_H

#include "fota_port.h"

#define FOTA_SIM_WEB_HOST    "fota.test" /* RFC 6761, section 6.2: never a real name */
#define FOTA_SIM_WEB_FILES   16
#define FOTA_SIM_WEB_STREAMS 4

struct fota_sim_web_file {
    char name[128]; /* with the leading '/' */
    uint8_t *data;
    size_t size;
    uint32_t tag; /* changes with the content */
};

struct fota_sim_web_stream {
    bool open;
    bool answered;
    size_t asked; /* bytes of the request so far */
    char request[2048];
    size_t length, sent; /* of the answer's header */
    char header[256];
    const struct fota_sim_web_file *file; /* bytes at..end of it follow the header; NULL: none */
    size_t at, end;
};

struct fota_sim_web {
    struct fota_net lower; /* where every other host is, borrowed */
    struct fota_sim_web_file files[FOTA_SIM_WEB_FILES];
    struct fota_sim_web_stream streams[FOTA_SIM_WEB_STREAMS];
};

/* Returns a network with this server, in which every other host is one of `lower`. */
struct fota_net fota_sim_web_open(struct fota_sim_web *web, struct fota_net lower);
void fota_sim_web_close(struct fota_sim_web *web);

/* Ends all connections. */
void fota_sim_web_disconnect(struct fota_sim_web *web);

/* Serves a copy of `size` bytes at `data` as `name`, which begins with '/'. It replaces a file of
 * that name; NULL for `data` removes it. Returns 0, FOTA_ERR_MEMORY, or FOTA_ERR_ARGUMENT if the
 * name is too long. */
int fota_sim_web_serve(struct fota_sim_web *web, const char *name, const void *data, size_t size);

#endif
