#include "package_writer.h"

#include <string.h>

#include "bytes.h"
#include "fault.h"

#define SIGNATURE_BODY (FOTA_KEY_ID_SIZE + FOTA_SIGNATURE_SIZE)
#define SIGNATURE_SIZE (4u + SIGNATURE_BODY)

/* All fields at their largest with two signatures are 909 bytes: a header never overruns this. */
struct writer {
    uint8_t data[2 * FOTA_HEADER_MAX];
    size_t length;
};

static int fail(struct fota_fault *fault, int error, uint32_t expected, uint32_t got)
{
    return fota_fail(fault, error, FOTA_STAGE_HEADER, expected, got);
}

static void put_bytes(struct writer *w, const void *data, size_t length)
{
    memcpy(w->data + w->length, data, length);
    w->length += length;
}

static void put_u8(struct writer *w, uint8_t value)
{
    put_bytes(w, &value, 1);
}

static void put_u16(struct writer *w, uint16_t value)
{
    fota_put16(w->data + w->length, value);
    w->length += 2;
}

static void put_u32(struct writer *w, uint32_t value)
{
    fota_put32(w->data + w->length, value);
    w->length += 4;
}

static void put_u64(struct writer *w, uint64_t value)
{
    fota_put64(w->data + w->length, value);
    w->length += 8;
}

/* A text that lacks its terminator must not be read past its array. */
static void put_text(struct writer *w, const char *text, size_t max)
{
    const char *end = memchr(text, '\0', max);

    put_bytes(w, text, end ? (size_t)(end - text) : max);
}

static void put_object(struct writer *w, const struct fota_object *object)
{
    put_u32(w, object->length);
    put_bytes(w, object->digest, sizeof object->digest);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static size_t begin_field(struct writer *w, unsigned type)
{
    /* What a modem may do without: it decides nothing about installing. */
    bool optional =
        type == FOTA_FIELD_SEVERITY || type == FOTA_FIELD_TEXT || type == FOTA_FIELD_CONFIRM;

    put_u16(w, (uint16_t)(optional ? type : type | FOTA_TLV_CRITICAL));
    put_u16(w, 0);
    return w->length;
}

static void end_field(struct writer *w, size_t start)
{
    fota_put16(w->data + start - 2, (uint16_t)(w->length - start));
}

static void put_requires(struct writer *w, const struct fota_manifest *m)
{
    for (size_t i = 0; i < m->requires_count; i++) {
        put_u32(w, m->requires[i].first);
        put_u32(w, m->requires[i].last);
    }
}

static void put_value(struct writer *w, unsigned type, const struct fota_manifest *m)
{
    switch (type) {
    case FOTA_FIELD_SEQUENCE: put_u32(w, m->sequence); break;
    case FOTA_FIELD_VENDOR: put_text(w, m->vendor, FOTA_NAME_MAX); break;
    case FOTA_FIELD_COMPONENT: put_u8(w, m->component); break;
    case FOTA_FIELD_LOCATION: put_u32(w, m->location); break;
    case FOTA_FIELD_FORMAT: put_u8(w, m->format); break;
    case FOTA_FIELD_PARAMETERS:
        put_u32(w, m->decoder_ram);
        put_u32(w, m->segment_size);
        put_u32(w, m->spare_size);
        break;
    case FOTA_FIELD_PAYLOAD: put_object(w, &m->payload); break;
    case FOTA_FIELD_RESULT: put_object(w, &m->result); break;
    case FOTA_FIELD_PRECURSOR: put_object(w, &m->precursor); break;
    case FOTA_FIELD_VERSION: put_text(w, m->version, FOTA_NAME_MAX); break;
    case FOTA_FIELD_REQUIRES: put_requires(w, m); break;
    case FOTA_FIELD_EXPIRY: put_u64(w, m->expiry); break;
    case FOTA_FIELD_SEVERITY: put_u8(w, m->severity); break;
    case FOTA_FIELD_SET:
        put_bytes(w, m->set_id, sizeof m->set_id);
        put_u8(w, m->set_stage);
        put_u8(w, m->set_stages);
        break;
    case FOTA_FIELD_TEXT: put_text(w, m->text, FOTA_TEXT_FIELD_MAX); break;
    case FOTA_FIELD_CONFIRM: put_u32(w, m->confirm_after_s); break;
    default: break;
    }
}

static void put_fields(struct writer *w, const struct fota_manifest *m)
{
    for (unsigned type = 1; type < FOTA_FIELDS; type++) {
        size_t times = type == FOTA_FIELD_CLASS       ? m->class_count
                       : type == FOTA_FIELD_SUCCESSOR ? m->successor_count
                                                      : 1;

        if (!(m->present & 1u << type))
            continue;
        for (size_t i = 0; i < times; i++) {
            size_t start = begin_field(w, type);

            if (type == FOTA_FIELD_CLASS)
                put_text(w, m->class_names[i], FOTA_NAME_MAX);
            else if (type == FOTA_FIELD_SUCCESSOR)
                put_bytes(w, &m->successors[i], sizeof m->successors[i]);
            else
                put_value(w, type, m);
            end_field(w, start);
        }
    }
}

static void put_signature(struct writer *w, const struct fota_package_signature *s)
{
    put_u16(w, s->algorithm);
    put_u16(w, SIGNATURE_BODY);
    put_bytes(w, s->key_id, sizeof s->key_id);
    put_bytes(w, s->value, sizeof s->value);
}

/* ---- headers --------------------------------------------------------------------------------- */

static int fail_field(struct fota_fault *fault, unsigned field)
{
    fail(fault, FOTA_ERR_HEADER_FIELD, 0, field);
    fault->subject = fota_field_name(field);
    return FOTA_ERR_HEADER_FIELD;
}

/* Counts that would overrun an array, and bits that name no field. */
static int check_counts(const struct fota_manifest *m, struct fota_fault *fault)
{
    for (unsigned type = 0; type < 32; type++)
        if ((m->present & 1u << type) && (type == 0 || type >= FOTA_FIELDS))
            return fail_field(fault, type);
    if (m->successor_count > FOTA_SUCCESSORS_MAX)
        return fail(fault, FOTA_ERR_HEADER_FIELD, 0, FOTA_FIELD_SUCCESSOR);
    if (m->class_count > FOTA_CLASSES_MAX)
        return fail_field(fault, FOTA_FIELD_CLASS);
    if (m->requires_count > FOTA_REQUIRES_MAX)
        return fail_field(fault, FOTA_FIELD_REQUIRES);
    if (m->signature_count > FOTA_SIGNATURES_MAX)
        return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, 0);
    return 0;
}

/* The modem's own parser has the last word on what was written. */
static int deliver(const struct writer *w, uint8_t *out, size_t size, size_t *length,
                   struct fota_fault *fault)
{
    struct fota_manifest back;
    int err = fota_package_parse(w->data, w->length, &back, fault);

    if (err)
        return err;
    if (w->length > size)
        return fail(fault, FOTA_ERR_MEMORY, (uint32_t)w->length, fota_clamp32(size));
    memcpy(out, w->data, w->length);
    *length = w->length;
    return 0;
}

int fota_package_write(const struct fota_manifest *manifest, uint8_t *out, size_t size,
                       size_t *length, struct fota_fault *fault)
{
    struct writer w = {{0}, 0};
    int err = check_counts(manifest, fault);

    if (err)
        return err;
    put_u32(&w, FOTA_PACKAGE_MAGIC);
    put_u8(&w, FOTA_PACKAGE_STRUCTURE);
    put_u8(&w, FOTA_CONTAINER_TLV);
    put_u16(&w, 0);
    put_u16(&w, 0);
    put_u16(&w, 0);
    put_fields(&w, manifest);
    fota_put16(w.data + 6, (uint16_t)w.length);
    put_u16(&w, (uint16_t)(manifest->signature_count * SIGNATURE_SIZE));
    for (size_t i = 0; i < manifest->signature_count; i++)
        put_signature(&w, &manifest->signatures[i]);
    return deliver(&w, out, size, length, fault);
}

int fota_package_add_signature(const uint8_t *header, size_t header_length,
                               const struct fota_package_signature *signature, uint8_t *out,
                               size_t size, size_t *length, struct fota_fault *fault)
{
    struct fota_manifest m;
    struct writer w = {{0}, 0};
    int err = fota_package_parse(header, header_length, &m, fault);

    if (err)
        return err;
    for (size_t i = 0; i < m.signature_count; i++)
        if (memcmp(m.signatures[i].key_id, signature->key_id, FOTA_KEY_ID_SIZE) == 0)
            return fail(fault, FOTA_ERR_ARGUMENT, 0, 0);
    if (m.signature_count == FOTA_SIGNATURES_MAX)
        return fail(fault, FOTA_ERR_STATE, FOTA_SIGNATURES_MAX, FOTA_SIGNATURES_MAX);
    /* Fields of a later version may have left less room than the known ones do. */
    if (m.header_length + SIGNATURE_SIZE > FOTA_HEADER_MAX)
        return fail(fault, FOTA_ERR_HEADER_TOO_LARGE, FOTA_HEADER_MAX,
                    m.header_length + SIGNATURE_SIZE);
    put_bytes(&w, header, m.header_length);
    put_signature(&w, signature);
    fota_put16(w.data + m.signed_length, (uint16_t)(w.length - m.signed_length - 2u));
    return deliver(&w, out, size, length, fault);
}
