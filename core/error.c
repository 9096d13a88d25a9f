#include "fota_error.h"

static const struct fota_error_row rows[] = {
#define X(name, number, stage, class, retryable, text)                                             \
    {number, #name, FOTA_STAGE_##stage, FOTA_CLASS_##class, retryable},
    FOTA_ERRORS(X)
#undef X
};

static const char *const stages[FOTA_STAGES] = {
    "idle",   "request", "connect", "header", "download",
    "verify", "staged",  "install", "trial",  "revert",
};

const struct fota_error_row *fota_error_at(size_t index)
{
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}

const struct fota_error_row *fota_error_find(int error)
{
    const struct fota_error_row *row;

    for (size_t i = 0; (row = fota_error_at(i)) != NULL; i++)
        if (row->error == error)
            return row;
    return NULL;
}

const char *fota_error_name(int error)
{
    const struct fota_error_row *row = fota_error_find(error);

    if (error == FOTA_OK)
        return "OK";
    return row ? row->name : "UNKNOWN";
}

const char *fota_stage_name(enum fota_stage stage)
{
    return (unsigned)stage < FOTA_STAGES ? stages[stage] : "unknown";
}
