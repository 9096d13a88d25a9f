#include "package.h"

#include <string.h>

#include "bytes.h"
#include "fault.h"

/* A signature in the block behind the signed part: u16 algorithm, u16 length, value. */
#define SIGNATURE_HEAD 4u
#define SIGNATURE_BODY (FOTA_KEY_ID_SIZE + FOTA_SIGNATURE_SIZE)

static int fail(struct fota_fault *fault, int error, uint32_t expected, uint32_t got)
{
    return fota_fail(fault, error, FOTA_STAGE_HEADER, expected, got);
}

const char *fota_field_name(unsigned field)
{
    static const char *const names[FOTA_FIELDS] = {
        [FOTA_FIELD_SEQUENCE] = "sequence",
        [FOTA_FIELD_VENDOR] = "vendor",
        [FOTA_FIELD_CLASS] = "model",
        [FOTA_FIELD_COMPONENT] = "component",
        [FOTA_FIELD_LOCATION] = "location",
        [FOTA_FIELD_FORMAT] = "format",
        [FOTA_FIELD_PARAMETERS] = "parameters",
        [FOTA_FIELD_PAYLOAD] = "payload",
        [FOTA_FIELD_RESULT] = "result",
        [FOTA_FIELD_PRECURSOR] = "precursor",
        [FOTA_FIELD_VERSION] = "version",
        [FOTA_FIELD_REQUIRES] = "requires",
        [FOTA_FIELD_EXPIRY] = "expiry",
        [FOTA_FIELD_SEVERITY] = "severity",
        [FOTA_FIELD_SET] = "set",
        [FOTA_FIELD_TEXT] = "text",
        [FOTA_FIELD_CONFIRM] = "confirm",
        [FOTA_FIELD_SUCCESSOR] = "successor",
    };

    return field < FOTA_FIELDS && names[field] ? names[field] : "unknown";
}

static int fail_field(struct fota_fault *fault, unsigned field)
{
    fail(fault, FOTA_ERR_HEADER_FIELD, 0, field);
    return fota_about(fault, fota_field_name(field));
}

static int measure_prefix(const uint8_t *header, struct fota_fault *fault)
{
    uint16_t flags = fota_get16(header + 8);

    if (fota_get32(header) != FOTA_PACKAGE_MAGIC)
        return fail(fault, FOTA_ERR_NOT_A_PACKAGE, FOTA_PACKAGE_MAGIC, fota_get32(header));
    if (header[4] != FOTA_PACKAGE_STRUCTURE)
        return fail(fault, FOTA_ERR_PACKAGE_VERSION, FOTA_PACKAGE_STRUCTURE, header[4]);
    if (header[5] != FOTA_CONTAINER_TLV)
        return fail(fault, FOTA_ERR_CONTAINER, FOTA_CONTAINER_TLV, header[5]);
    if (flags & FOTA_FLAG_ENCRYPTED)
        return fail(fault, FOTA_ERR_ENCRYPTED, 0, flags);
    if (flags != 0)
        return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, 8);
    if (fota_get16(header + 10) != 0)
        return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, 10);
    return 0;
}

int fota_package_measure(const uint8_t *header, size_t length, size_t *size,
                         struct fota_fault *fault)
{
    size_t signed_length;
    int err;

    *size = FOTA_PREFIX_SIZE;
    if (length < FOTA_PREFIX_SIZE)
        return 0;
    err = measure_prefix(header, fault);
    if (err)
        return err;
    signed_length = fota_get16(header + 6);
    if (signed_length < FOTA_PREFIX_SIZE)
        return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, 6);
    *size = signed_length + 2;
    if (*size <= FOTA_HEADER_MAX && length >= *size)
        *size += fota_get16(header + signed_length);
    if (*size > FOTA_HEADER_MAX)
        return fail(fault, FOTA_ERR_HEADER_TOO_LARGE, FOTA_HEADER_MAX, (uint32_t)*size);
    return 0;
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* A text field: printable ASCII, so that a message can show it as it is. */
static bool get_text(const uint8_t *value, size_t length, char *out, size_t max)
{
    if (length == 0 || length > max)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < 0x20 || value[i] > 0x7e)
            return false;
        out[i] = (char)value[i];
    }
    out[length] = '\0';
    return true;
}

static bool get_object(const uint8_t *value, size_t length, struct fota_object *object)
{
    static const uint8_t zero[FOTA_DIGEST_SIZE];

    if (length != 4 + FOTA_DIGEST_SIZE)
        return false;
    object->length = fota_get32(value);
    memcpy(object->digest, value + 4, FOTA_DIGEST_SIZE);
    /* An all-zero digest is what a tool writes that forgot to hash: never "do not check". */
    return object->length != 0 && memcmp(object->digest, zero, sizeof zero) != 0;
}

static bool get_u8(const uint8_t *value, size_t length, uint8_t *out)
{
    *out = length ? value[0] : 0;
    return length == 1;
}

static bool get_u32(const uint8_t *value, size_t length, uint32_t *out)
{
    if (length != 4)
        return false;
    *out = fota_get32(value);
    return true;
}

static bool get_requires(const uint8_t *value, size_t length, struct fota_manifest *m)
{
    if (length == 0 || length % 8 != 0 || length / 8 > FOTA_REQUIRES_MAX)
        return false;
    m->requires_count = (uint8_t)(length / 8);
    for (size_t i = 0; i < m->requires_count; i++) {
        m->requires[i].first = fota_get32(value + 8 * i);
        m->requires[i].last = fota_get32(value + 8 * i + 4);
        if (m->requires[i].first > m->requires[i].last)
            return false;
    }
    return true;
}

static bool get_set(const uint8_t *value, size_t length, struct fota_manifest *m)
{
    if (length != sizeof m->set_id + 2)
        return false;
    memcpy(m->set_id, value, sizeof m->set_id);
    m->set_stage = value[sizeof m->set_id];
    m->set_stages = value[sizeof m->set_id + 1];
    return m->set_stage >= 1 && m->set_stage <= m->set_stages;
}

static bool get_parameters(const uint8_t *value, size_t length, struct fota_manifest *m)
{
    return length == 12 && get_u32(value, 4, &m->decoder_ram) &&
           get_u32(value + 4, 4, &m->segment_size) && get_u32(value + 8, 4, &m->spare_size) &&
           (m->spare_size == 0 || (m->segment_size && m->spare_size % m->segment_size == 0));
}

static bool get_expiry(const uint8_t *value, size_t length, struct fota_manifest *m)
{
    if (length != 8)
        return false;
    m->expiry = fota_get64(value);
    return m->expiry <= INT64_MAX;
}

static bool get_class(const uint8_t *value, size_t length, struct fota_manifest *m)
{
    return m->class_count < FOTA_CLASSES_MAX &&
           get_text(value, length, m->class_names[m->class_count++], FOTA_NAME_MAX);
}

static bool get_successor(const uint8_t *value, size_t length, struct fota_manifest *m)
{
    struct fota_successor *s = &m->successors[m->successor_count];

    if (length != sizeof *s || m->successor_count == FOTA_SUCCESSORS_MAX)
        return false;
    memcpy(s, value, sizeof *s);
    m->successor_count++;
    return true;
}

/* Reads one known field; false: its value is invalid. */
static bool get_field(unsigned type, const uint8_t *value, size_t length, struct fota_manifest *m)
{
    switch (type) {
    case FOTA_FIELD_SEQUENCE: return get_u32(value, length, &m->sequence) && m->sequence != 0;
    case FOTA_FIELD_VENDOR: return get_text(value, length, m->vendor, FOTA_NAME_MAX);
    case FOTA_FIELD_CLASS: return get_class(value, length, m);
    case FOTA_FIELD_COMPONENT: return get_u8(value, length, &m->component);
    case FOTA_FIELD_LOCATION: return get_u32(value, length, &m->location);
    case FOTA_FIELD_FORMAT: return get_u8(value, length, &m->format);
    case FOTA_FIELD_PARAMETERS: return get_parameters(value, length, m);
    case FOTA_FIELD_PAYLOAD: return get_object(value, length, &m->payload);
    case FOTA_FIELD_RESULT: return get_object(value, length, &m->result);
    case FOTA_FIELD_PRECURSOR: return get_object(value, length, &m->precursor);
    case FOTA_FIELD_VERSION: return get_text(value, length, m->version, FOTA_NAME_MAX);
    case FOTA_FIELD_REQUIRES: return get_requires(value, length, m);
    case FOTA_FIELD_EXPIRY: return get_expiry(value, length, m);
    case FOTA_FIELD_SEVERITY: return get_u8(value, length, &m->severity);
    case FOTA_FIELD_SET: return get_set(value, length, m);
    case FOTA_FIELD_CONFIRM:
        return get_u32(value, length, &m->confirm_after_s) && m->confirm_after_s != 0;
    case FOTA_FIELD_SUCCESSOR: return get_successor(value, length, m);
    case FOTA_FIELD_TEXT: return get_text(value, length, m->text, FOTA_TEXT_FIELD_MAX);
    default: return false;
    }
}

static int parse_fields(const uint8_t *header, struct fota_manifest *m, struct fota_fault *fault)
{
    size_t at = FOTA_PREFIX_SIZE;
    unsigned previous = 0;

    while (at < m->signed_length) {
        unsigned tag, type;
        size_t length;

        if (m->signed_length - at < 4)
            return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, (uint32_t)at);
        tag = fota_get16(header + at);
        type = tag & ~FOTA_TLV_CRITICAL;
        length = fota_get16(header + at + 2);
        /* Each header has exactly one encoding: types ascend, and none occurs twice. */
        if (length > m->signed_length - at - 4 || type < previous ||
            (type == previous && type != FOTA_FIELD_CLASS && type != FOTA_FIELD_SUCCESSOR))
            return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, (uint32_t)at);
        if (type == 0 || type >= FOTA_FIELDS) {
            if (tag & FOTA_TLV_CRITICAL)
                return fail(fault, FOTA_ERR_HEADER_UNKNOWN, 0, type);
        } else {
            if (!get_field(type, header + at + 4, length, m))
                return fail_field(fault, type);
            m->present |= 1u << type;
        }
        previous = type;
        at += 4 + length;
    }
    return 0;
}

static int require_fields(const struct fota_manifest *m, struct fota_fault *fault)
{
    static const uint8_t required[] = {
        FOTA_FIELD_SEQUENCE, FOTA_FIELD_VENDOR,  FOTA_FIELD_CLASS,  FOTA_FIELD_COMPONENT,
        FOTA_FIELD_FORMAT,   FOTA_FIELD_PAYLOAD, FOTA_FIELD_RESULT, FOTA_FIELD_VERSION,
    };

    for (size_t i = 0; i < sizeof required; i++)
        if (!(m->present & 1u << required[i]))
            return fail_field(fault, required[i]);
    if (m->format == FOTA_FORMAT_DELTA && !(m->present & 1u << FOTA_FIELD_PRECURSOR))
        return fail_field(fault, FOTA_FIELD_PRECURSOR);
    if ((m->format == FOTA_FORMAT_DELTA || m->format == FOTA_FORMAT_COMPRESSED) &&
        !(m->present & 1u << FOTA_FIELD_PARAMETERS))
        return fail_field(fault, FOTA_FIELD_PARAMETERS);
    /* A full payload is the image, so both fields have to say the same. */
    if (m->format == FOTA_FORMAT_FULL && memcmp(&m->payload, &m->result, sizeof m->payload) != 0)
        return fail_field(fault, FOTA_FIELD_RESULT);
    return 0;
}

static int parse_signatures(const uint8_t *header, struct fota_manifest *m,
                            struct fota_fault *fault)
{
    size_t at = m->signed_length + 2u;

    while (at < m->header_length) {
        struct fota_package_signature *s = &m->signatures[m->signature_count];
        uint16_t length;

        if (m->header_length - at < SIGNATURE_HEAD + SIGNATURE_BODY ||
            m->signature_count == FOTA_SIGNATURES_MAX)
            return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, (uint32_t)at);
        s->algorithm = fota_get16(header + at);
        length = fota_get16(header + at + 2);
        if (s->algorithm != FOTA_SIGNATURE_ECDSA_P256 || length != SIGNATURE_BODY)
            return fail(fault, FOTA_ERR_HEADER_SYNTAX, 0, (uint32_t)at);
        memcpy(s->key_id, header + at + SIGNATURE_HEAD, FOTA_KEY_ID_SIZE);
        memcpy(s->value, header + at + SIGNATURE_HEAD + FOTA_KEY_ID_SIZE, FOTA_SIGNATURE_SIZE);
        m->signature_count++;
        at += SIGNATURE_HEAD + SIGNATURE_BODY;
    }
    return 0;
}

int fota_package_parse(const uint8_t *header, size_t length, struct fota_manifest *manifest,
                       struct fota_fault *fault)
{
    size_t size;
    int err;

    memset(manifest, 0, sizeof *manifest);
    err = fota_package_measure(header, length, &size, fault);
    if (err)
        return err;
    if (length < size)
        return fail(fault, FOTA_ERR_TRUNCATED, (uint32_t)size, (uint32_t)length);
    manifest->signed_length = fota_get16(header + 6);
    manifest->header_length = (uint16_t)size;
    err = parse_fields(header, manifest, fault);
    if (!err)
        err = require_fields(manifest, fault);
    if (!err)
        err = parse_signatures(header, manifest, fault);
    return err;
}
