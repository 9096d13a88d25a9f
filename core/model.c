#include "fota_model.h"

#include <string.h>

#include "fota_error.h"
#include "text.h"

#define HTTP  FOTA_FEATURE_HTTP
#define LOCAL FOTA_FEATURE_LOCAL
#define KEEP  FOTA_FEATURE_RESET_DISABLE
#define MINI  FOTA_FEATURE_MINI
#define TLS   FOTA_FEATURE_TLS_PARAMS
#define FTP   FOTA_FEATURE_FTP
#define APN   FOTA_FEATURE_APN
#define STOP  FOTA_FEATURE_CANCEL
#define ALL   (HTTP | LOCAL | KEEP | MINI | TLS | FTP | APN | STOP)

#define ASR8  FOTA_FAMILY_ASR8
#define ASR16 FOTA_FAMILY_ASR16
#define U8910 FOTA_FAMILY_UNISOC8910
#define U8850 FOTA_FAMILY_UNISOC8850
#define QCOM  FOTA_FAMILY_QCOM9205
#define EIGEN FOTA_FAMILY_EIGEN618

/* The vendor's document names the features model by model; cores marked "assumed" are not in it. */
static const struct fota_model models[] = {
    {"EC600N", "ASR1603", "Cortex-R5", HTTP | MINI, ASR8, true, true},
    {"EC800N", "ASR1603", "Cortex-R5", HTTP | MINI, ASR8, true, true},
    {"EC600NCNLC", "ASR1603", "Cortex-R5", HTTP | MINI | LOCAL, ASR16, true, true},
    {"EC600NCNLF", "ASR1603", "Cortex-R5", HTTP | MINI | LOCAL, ASR16, true, true},
    {"EG912N", "ASR1603", "Cortex-R5", HTTP | MINI | LOCAL, ASR16, true, true},
    {"EC600M", "ASR1606", "Cortex-R5", HTTP | MINI, ASR8, true, true},
    {"EC800M", "ASR1606", "Cortex-R5", HTTP | MINI, ASR8, true, true},
    {"EG810M", "ASR1606", "Cortex-R5", HTTP | MINI, ASR8, true, true},
    {"EC200A", "ASR1803S", "Cortex-A (assumed)", HTTP | KEEP | TLS | FTP, FOTA_FAMILY_ASR1803,
     false, false},
    {"UC200A", "ASR1803S", "Cortex-A (assumed)", HTTP | KEEP | TLS | FTP, FOTA_FAMILY_ASR1803,
     false, false},
    {"EC600U", "UIS8910DM", "Cortex-A5", HTTP | LOCAL | KEEP | FTP, U8910, false, false},
    {"EC200U", "UIS8910DM", "Cortex-A5", HTTP | LOCAL | KEEP | FTP, U8910, false, false},
    {"EG915U", "UIS8910", "Cortex-A5", HTTP | LOCAL | KEEP | FTP, U8910, false, false},
    {"EG912U", "UIS8910", "Cortex-A5", HTTP | LOCAL | KEEP, U8910, false, false},
    {"EC800G", "UIS8850", "unknown", HTTP | LOCAL | KEEP, U8850, false, false},
    {"BG95", "MDM9x05", "Cortex-A7 (assumed)", HTTP | KEEP | FTP | APN | STOP, QCOM, false, false},
    {"BG600L", "MDM9x05", "Cortex-A7 (assumed)", HTTP | KEEP | FTP, QCOM, false, false},
    {"EC600E", "EC618", "Cortex-M3", HTTP | LOCAL | KEEP, EIGEN, false, false},
    {"EC800E", "EC618", "Cortex-M3", HTTP | LOCAL | KEEP, EIGEN, false, false},
    {"BC25PA", "RDA NB", "unknown", HTTP | KEEP, FOTA_FAMILY_RDA_NB, true, false},
    {"generic", "none", "host", ALL, FOTA_FAMILY_GENERIC, false, false},
};

static const char *const families[FOTA_FAMILIES] = {
    "generic",    "asr8",     "asr16",    "asr1803", "unisoc8910",
    "unisoc8850", "qcom9205", "eigen618", "rda_nb",
};

static const char *const features[] = {
    "httpDownload",
    "local upgrade (write, flush, verify)",
    "disabling the automatic reset",
    "mini fota (url2)",
    "ssl_params",
    "ftpDownload",
    "apn_set",
    "download_cancel",
};

const struct fota_model *fota_model_at(size_t index)
{
    return index < sizeof models / sizeof *models ? &models[index] : NULL;
}

const struct fota_model *fota_model_find(const char *name)
{
    const struct fota_model *model;

    for (size_t i = 0; (model = fota_model_at(i)) != NULL; i++)
        if (strcmp(model->name, name) == 0)
            return model;
    return NULL;
}

const char *fota_family_name(enum fota_family family)
{
    return (unsigned)family < FOTA_FAMILIES ? families[family] : "unknown";
}

bool fota_model_has(const struct fota_model *model, uint32_t wanted)
{
    return (model->features & wanted) == wanted;
}

size_t fota_model_refusal(const struct fota_model *model, enum fota_feature feature, char *text,
                          size_t size)
{
    struct fota_text out = {text, size ? size - 1 : 0, 0, false};
    const char *separator = " (supported on: ";
    size_t bit = 0;

    while (bit + 1 < sizeof features / sizeof *features && 1u << bit != (unsigned)feature)
        bit++;
    fota_text_put_string(&out, features[bit]);
    fota_text_put_string(&out, " is not supported on ");
    fota_text_put_string(&out, model->name);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (!fota_model_has(&models[i], feature) || models[i].family == FOTA_FAMILY_GENERIC)
            continue;
        fota_text_put_string(&out, separator);
        fota_text_put_string(&out, models[i].name);
        separator = ", ";
    }
    fota_text_put_string(&out, ")");
    if (size)
        text[out.length] = '\0';
    return out.length;
}

/* ---- the vendors' numbers -------------------------------------------------------------------- */

/*
 * One row for each error that has a number of its own in some binding; the columns are ASR, UNISOC,
 * Qualcomm. An error without a row has the family's general number. Each number is stored in a
 * byte, as its distance from the first one of its column.
 */
struct code {
    uint8_t error; /* without its sign */
    uint8_t asr, unisoc, qualcomm;
};

#define ASR_FIRST      1000
#define UNISOC_FIRST   500
#define QUALCOMM_FIRST 500

#define CODE(error, asr, unisoc, qualcomm)                                                         \
    {                                                                                              \
        -(error), (asr)-ASR_FIRST, (unisoc)-UNISOC_FIRST, (qualcomm)-QUALCOMM_FIRST                \
    }

static const struct code codes[] = {
    CODE(FOTA_ERR_ARGUMENT, 1014, 551, 504),
    CODE(FOTA_ERR_BUSY, 1010, 549, 504),
    CODE(FOTA_ERR_CANCELLED, 1011, 502, 504),
    CODE(FOTA_ERR_STATE, 1011, 502, 504),
    CODE(FOTA_ERR_MEMORY, 1012, 502, 504),
    CODE(FOTA_ERR_URL, 1014, 551, 701),
    CODE(FOTA_ERR_URL_TOO_LONG, 1014, 551, 701),
    CODE(FOTA_ERR_URL_SCHEME, 1014, 551, 701),
    CODE(FOTA_ERR_DNS, 1003, 502, 701),
    CODE(FOTA_ERR_CONNECT, 1004, 502, 701),
    CODE(FOTA_ERR_CONNECTION, 1008, 502, 701),
    CODE(FOTA_ERR_CLOSED, 1008, 502, 701),
    CODE(FOTA_ERR_STALLED, 1008, 502, 701),
    CODE(FOTA_ERR_HTTP_UNAUTHORIZED, 1005, 502, 701),
    CODE(FOTA_ERR_HTTP_FORBIDDEN, 1005, 502, 701),
    CODE(FOTA_ERR_HTTP_NOT_FOUND, 1006, 552, 505),
    CODE(FOTA_ERR_HTTP_LENGTH, 1007, 502, 701),
    CODE(FOTA_ERR_FTP_REPLY, 1008, 502, 601),
    CODE(FOTA_ERR_FTP_LOGIN, 1005, 502, 601),
    CODE(FOTA_ERR_FTP_NOT_FOUND, 1006, 552, 505),
    CODE(FOTA_ERR_FTP_REFUSED, 1008, 502, 601),
    CODE(FOTA_ERR_FTP_BUSY, 1008, 502, 601),
    CODE(FOTA_ERR_FTP_REST, 1008, 502, 601),
    CODE(FOTA_ERR_FTP_SIZE, 1007, 502, 601),
    CODE(FOTA_ERR_NOT_A_PACKAGE, 1009, 547, 506),
    CODE(FOTA_ERR_TRUNCATED, 1007, 547, 506),
    CODE(FOTA_ERR_TRAILING, 1007, 547, 506),
    CODE(FOTA_ERR_INCOMPLETE, 1007, 547, 506),
    CODE(FOTA_ERR_UNSIGNED, 1009, 558, 506),
    CODE(FOTA_ERR_SIGNATURE, 1009, 558, 506),
    CODE(FOTA_ERR_UNKNOWN_KEY, 1009, 558, 506),
    CODE(FOTA_ERR_SIGNATURES, 1009, 558, 506),
    CODE(FOTA_ERR_DEVELOPMENT_KEY, 1009, 558, 506),
    CODE(FOTA_ERR_WRONG_VENDOR, 1009, 547, 511),
    CODE(FOTA_ERR_WRONG_MODEL, 1009, 547, 511),
    CODE(FOTA_ERR_DOWNGRADE, 1009, 547, 511),
    CODE(FOTA_ERR_SAME_VERSION, 1009, 547, 511),
    CODE(FOTA_ERR_REVERTED, 1009, 547, 511),
    CODE(FOTA_ERR_PRECURSOR, 1009, 547, 511),
    CODE(FOTA_ERR_REQUIRES, 1009, 547, 511),
    CODE(FOTA_ERR_IMAGE_TOO_LARGE, 1013, 547, 506),
    CODE(FOTA_ERR_PACKAGE_TOO_LARGE, 1013, 547, 506),
    CODE(FOTA_ERR_PARAMETERS, 1012, 502, 504),
    CODE(FOTA_ERR_PATCH_LAYOUT, 1009, 547, 506),
    CODE(FOTA_ERR_PATCH_SEGMENT, 1009, 547, 511),
    CODE(FOTA_ERR_PATCH_WHOLE, 1013, 547, 506),
    CODE(FOTA_ERR_PATCH_SPARE, 1013, 547, 506),
    CODE(FOTA_ERR_NO_WAY_BACK, 1009, 547, 511),
    CODE(FOTA_ERR_INTEGRITY, 1009, 547, 506),
    CODE(FOTA_ERR_RESULT, 1009, 547, 506),
    CODE(FOTA_ERR_JOURNAL, 1010, 548, 504),
    CODE(FOTA_ERR_TLS_PARAMS, 1014, 551, 701),
    CODE(FOTA_ERR_TLS_HOST, 1005, 502, 701),
    CODE(FOTA_ERR_TLS_UNTRUSTED, 1005, 502, 701),
    CODE(FOTA_ERR_TLS_EXPIRED, 1005, 502, 701),
    CODE(FOTA_ERR_TLS_NOT_YET_VALID, 1005, 502, 701),
    CODE(FOTA_ERR_TLS_VERSION, 1004, 502, 701),
    CODE(FOTA_ERR_TLS_VERSION_NEW, 1004, 502, 701),
    CODE(FOTA_ERR_TLS_CLIENT_CERTIFICATE, 1005, 502, 701),
    CODE(FOTA_ERR_TLS_CERTIFICATE_ALGORITHM, 1005, 502, 701),
    CODE(FOTA_ERR_TLS_RECORD, 1008, 502, 701),
    CODE(FOTA_ERR_TLS_HANDSHAKE, 1004, 502, 701),
    CODE(FOTA_ERR_TLS_MEMORY, 1012, 502, 701),
};

/* Families whose binding takes its numbers from one column. */
enum column { COLUMN_NONE, COLUMN_ASR, COLUMN_UNISOC, COLUMN_QUALCOMM, COLUMN_EIGENCOMM };

static enum column column_of(enum fota_family family)
{
    switch (family) {
    case FOTA_FAMILY_ASR8:
    case FOTA_FAMILY_ASR16:
    case FOTA_FAMILY_ASR1803: return COLUMN_ASR;
    case FOTA_FAMILY_UNISOC8910:
    case FOTA_FAMILY_UNISOC8850: return COLUMN_UNISOC;
    case FOTA_FAMILY_QCOM9205: return COLUMN_QUALCOMM;
    case FOTA_FAMILY_EIGEN618: return COLUMN_EIGENCOMM;
    default: return COLUMN_NONE;
    }
}

static const struct code general = CODE(0, 1010, 502, 504);

/* Eigencomm's binding numbers failures from -1 to -23, which leaves room for two per class of
 * LwM2M. */
static int eigencomm_code(int error)
{
    const struct fota_error_row *row = fota_error_find(error);

    return row ? -(int)row->result * 2 + 1 : -23;
}

int fota_model_code(const struct fota_model *model, int error)
{
    const struct code *code = &general;
    enum column column = column_of(model->family);

    if (error == FOTA_OK || column == COLUMN_NONE)
        return error;
    if (column == COLUMN_EIGENCOMM)
        return eigencomm_code(error);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].error == -error)
            code = &codes[i];
    if (column == COLUMN_ASR)
        return ASR_FIRST + code->asr;
    return column == COLUMN_UNISOC ? UNISOC_FIRST + code->unisoc : QUALCOMM_FIRST + code->qualcomm;
}
