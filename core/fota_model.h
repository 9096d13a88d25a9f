/*
 * fota_model.h - what each modem model can do, and how its vendor's binding behaves.
 *
 * Source: QuecPython's document of the fota module, and the public sources of the bindings.
 */
#ifndef FOTA_MODEL_H
#define FOTA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Models of one family share chip, partition map and binding. */
enum fota_family {
    FOTA_FAMILY_GENERIC,    /* no modem: a host, everything allowed */
    FOTA_FAMILY_ASR8,       /* ASR1603, ASR1606 with 8 MB */
    FOTA_FAMILY_ASR16,      /* ASR1603 with 16 MB */
    FOTA_FAMILY_ASR1803,    /* ASR1803S */
    FOTA_FAMILY_UNISOC8910, /* UIS8910 */
    FOTA_FAMILY_UNISOC8850, /* UIS8850 */
    FOTA_FAMILY_QCOM9205,   /* MDM9x05, NAND */
    FOTA_FAMILY_EIGEN618,   /* EC618 */
    FOTA_FAMILY_RDA_NB,     /* RDA NB-IoT */
    FOTA_FAMILIES
};

enum fota_feature {
    FOTA_FEATURE_HTTP = 1 << 0,          /* httpDownload */
    FOTA_FEATURE_LOCAL = 1 << 1,         /* write, flush, verify */
    FOTA_FEATURE_RESET_DISABLE = 1 << 2, /* fota(reset_disable=1) */
    FOTA_FEATURE_MINI = 1 << 3,          /* httpDownload(url2=) */
    FOTA_FEATURE_TLS_PARAMS = 1 << 4,    /* httpDownload(ssl_params=) */
    FOTA_FEATURE_FTP = 1 << 5,           /* ftpDownload */
    FOTA_FEATURE_APN = 1 << 6,           /* apn_set */
    FOTA_FEATURE_CANCEL = 1 << 7         /* download_cancel */
};

struct fota_model {
    const char *name; /* "EC600U" */
    const char *chip;
    const char *core;
    uint32_t features; /* bits of enum fota_feature */
    enum fota_family family;
    /* httpDownload returns at once (true), or when the download has ended (false). */
    bool asynchronous;
    /* After a failure the callback gets -1 and the code (true), or the code as its first value
     * (false). */
    bool code_second;
};

/* The model called `name` (case matters), NULL if there is none. */
const struct fota_model *fota_model_find(const char *name);

/* Row `index` from 0, NULL past the end. */
const struct fota_model *fota_model_at(size_t index);

/* "unisoc8910"; never NULL. */
const char *fota_family_name(enum fota_family family);

/* Does the model have all of `features`? */
bool fota_model_has(const struct fota_model *model, uint32_t features);

/*
 * "ftpDownload is not supported on EC600N (supported on: EC200A, ...)" for one feature, written to
 * `text` of `size` bytes, always terminated. Returns the length written.
 */
size_t fota_model_refusal(const struct fota_model *model, enum fota_feature feature, char *text,
                          size_t size);

/*
 * The number by which the vendor's binding reports `error` (negative FOTA_ERR_*) to a script, for
 * example 1004 on ASR when the connection failed, or 505 on Qualcomm when the package is missing.
 * The generic model reports the error itself. 0 gives 0.
 */
int fota_model_code(const struct fota_model *model, int error);

#endif
