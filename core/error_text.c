/* The texts of errors are nine tenths of the table. They have a file of their own, so that a
 * program that only needs the names does not link them. */
#include <string.h>

#include "fota_error.h"
#include "text.h"

static const char *const texts[] = {
#define X(name, number, stage, class, retryable, text) text,
    FOTA_ERRORS(X)
#undef X
};

const char *fota_error_text(const struct fota_error_row *row)
{
    return texts[row - fota_error_at(0)];
}

static void put_figure(struct fota_text *out, uint32_t figure, unsigned base)
{
    if (figure == FOTA_FIGURE_LOST)
        fota_text_put_string(out, "?");
    else
        fota_text_put_number(out, figure, base);
}

static const char *subject_of(const struct fota_fault *fault)
{
    if (fault->subject)
        return fault->subject;
    return fault->got == FOTA_FIGURE_LOST ? "?" : fota_error_name((int)fault->got);
}

static void put_field(struct fota_text *out, const char *name, size_t length,
                      const struct fota_fault *fault)
{
    if (length == 8 && memcmp(name, "expected", 8) == 0)
        put_figure(out, fault->expected, 10);
    else if (length == 3 && memcmp(name, "got", 3) == 0)
        put_figure(out, fault->got, 10);
    else if (length == 11 && memcmp(name, "hexexpected", 11) == 0)
        put_figure(out, fault->expected, 16);
    else if (length == 6 && memcmp(name, "hexgot", 6) == 0)
        put_figure(out, fault->got, 16);
    else
        fota_text_put_string(out, subject_of(fault));
}

size_t fota_fault_text(const struct fota_fault *fault, char *text, size_t size)
{
    const struct fota_error_row *row = fota_error_find(fault->error);
    const char *at = row ? fota_error_text(row) : fota_error_name(fault->error);
    struct fota_text out = {text, size ? size - 1 : 0, 0, false};

    if (size == 0)
        return 0;
    while (*at) {
        const char *brace = strchr(at, '{');
        const char *end = brace ? strchr(brace, '}') : NULL;

        if (!end) {
            fota_text_put_string(&out, at);
            break;
        }
        fota_text_put(&out, at, (size_t)(brace - at));
        put_field(&out, brace + 1, (size_t)(end - brace - 1), fault);
        at = end + 1;
    }
    text[out.length] = '\0';
    return out.length;
}
