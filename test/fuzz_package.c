/*
 * fuzz_package.c - libFuzzer on core/package.h: any bytes, and what parses is written again by
 * tools/package_writer.h and must parse equal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "package.h"
#include "package_writer.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes come one by one over a slow link: the need never shrinks, and ends at
 * the header's length. */
static void check_measure(const uint8_t *data, size_t size, int parsed, size_t header_length)
{
    struct fota_fault fault;
    size_t before = 0, need = 0;

    for (size_t length = 0; length <= size && length <= FOTA_HEADER_MAX; length++) {
        int err = fota_package_measure(data, length, &need, &fault);

        if (err) {
            REQUIRE(parsed == err && fault.error == err);
            return;
        }
        REQUIRE(need >= before && need <= FOTA_HEADER_MAX);
        before = need;
    }
    REQUIRE(parsed != 0 || need == header_length);
}

static void check_rewrite(struct fota_manifest *m)
{
    struct fota_manifest back;
    struct fota_fault fault;
    uint8_t header[FOTA_HEADER_MAX];
    size_t length;

    REQUIRE(fota_package_write(m, header, sizeof header, &length, &fault) == 0);
    REQUIRE(fota_package_parse(header, length, &back, &fault) == 0);
    /* Unknown fields that are not critical are left out: only the lengths may differ. */
    REQUIRE(back.header_length == length && length <= m->header_length);
    m->header_length = back.header_length;
    m->signed_length = back.signed_length;
    REQUIRE(memcmp(m, &back, sizeof back) == 0);
}

static void check_signing(const uint8_t *data, size_t size, const struct fota_manifest *m)
{
    struct fota_package_signature s = {FOTA_SIGNATURE_ECDSA_P256, {1, 2, 3}, {4, 5, 6}};
    struct fota_manifest back;
    struct fota_fault fault;
    uint8_t header[FOTA_HEADER_MAX];
    size_t length;

    if (fota_package_add_signature(data, size, &s, header, sizeof header, &length, &fault))
        return;
    REQUIRE(memcmp(header, data, m->signed_length) == 0);
    REQUIRE(fota_package_parse(header, length, &back, &fault) == 0);
    REQUIRE(back.signature_count == m->signature_count + 1);
    REQUIRE(memcmp(&back.signatures[m->signature_count], &s, sizeof s) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fota_fault fault = {0};
    struct fota_manifest m;
    char text[FOTA_TEXT_MAX];
    int err = fota_package_parse(data, size, &m, &fault);

    check_measure(data, size, err, m.header_length);
    if (err) {
        REQUIRE(fault.error == err && fota_error_find(err));
        REQUIRE(fota_fault_text(&fault, text, sizeof text) < sizeof text);
        return 0;
    }
    REQUIRE(m.header_length <= size && m.header_length <= FOTA_HEADER_MAX);
    check_signing(data, size, &m);
    check_rewrite(&m);
    return 0;
}
