/*
 * package.h - the package's header: reading it, and judging it before anything is fetched or
 * erased.
 *
 * The format is described byte by byte in docs/package-format.md. Fields map to RFC 9124.
 */
#ifndef FOTA_PACKAGE_H
#define FOTA_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fota_error.h"
#include "fota_port.h"

#define FOTA_PACKAGE_MAGIC     0x41544F46u /* "FOTA", little endian */
#define FOTA_PACKAGE_STRUCTURE 1u          /* structure version */
#define FOTA_CONTAINER_TLV     0u    /* container id: the fields below; 1 is reserved for SUIT */
#define FOTA_PREFIX_SIZE       12u   /* fixed part before the fields, bytes */
#define FOTA_HEADER_MAX        1024u /* whole header, signatures included, bytes */
/* Bit of a field's type: refuse the package if the field is not understood. */
#define FOTA_TLV_CRITICAL   0x8000u
#define FOTA_FLAG_ENCRYPTED 0x0001u /* reserved */

#define FOTA_KEY_ID_SIZE          8u /* first bytes of SHA-256 of the public key, bytes */
#define FOTA_SIGNATURES_MAX       2u
#define FOTA_SIGNATURE_ECDSA_P256 1u /* algorithm; 2 is reserved for LMS (RFC 8554) */
#define FOTA_CLASSES_MAX          8u /* models one package may name */
#define FOTA_REQUIRES_MAX         8u
#define FOTA_NAME_MAX             31u  /* vendor, model, version: characters */
#define FOTA_TEXT_FIELD_MAX       128u /* description: characters */

/* Field types, without the critical bit. Ascending in the header, each once, CLASS may repeat. */
enum fota_field {
    FOTA_FIELD_SEQUENCE = 1,   /* u32, not 0: grows with every release, never wraps */
    FOTA_FIELD_VENDOR = 2,     /* text */
    FOTA_FIELD_CLASS = 3,      /* text: a model's name */
    FOTA_FIELD_COMPONENT = 4,  /* u8: enum fota_component */
    FOTA_FIELD_LOCATION = 5,   /* u32: offset in the slot, bytes; absent: 0 */
    FOTA_FIELD_FORMAT = 6,     /* u8: enum fota_format */
    FOTA_FIELD_PARAMETERS = 7, /* u32 decoder RAM, u32 segment size, u32 ring of spares, bytes */
    FOTA_FIELD_PAYLOAD = 8,    /* u32 length, 32 bytes SHA-256 */
    FOTA_FIELD_RESULT = 9,     /* likewise, of the image that is installed */
    FOTA_FIELD_PRECURSOR = 10, /* likewise, of the image that a delta starts from */
    FOTA_FIELD_VERSION = 11,   /* text: the firmware's version, for people */
    FOTA_FIELD_REQUIRES = 12,  /* pairs of u32: first and last installed sequence accepted */
    FOTA_FIELD_EXPIRY = 13,    /* u64: seconds since 1970 */
    FOTA_FIELD_SEVERITY = 14,  /* u8: for people */
    FOTA_FIELD_SET = 15,       /* 8 bytes id, u8 stage from 1, u8 stages */
    FOTA_FIELD_TEXT = 16,      /* text: description, decides nothing */
    FOTA_FIELD_CONFIRM = 17,   /* u32, not 0: seconds of running after which the image is confirmed
                                * by itself; absent: it has to say so */
    FOTA_FIELD_SUCCESSOR =
        18, /* 64 bytes public key, 8 bytes id of the key it replaces and that vouches
             * for it, 64 bytes signature of that; up to FOTA_SUCCESSORS_MAX, from a
             * key of the modem's to the one that signs */
    FOTA_FIELDS
};

/* "sequence", "vendor" ...; "unknown" for a type that is none of these. Never NULL. */
const char *fota_field_name(unsigned field);

enum fota_component { FOTA_COMPONENT_APP = 0, FOTA_COMPONENT_BOOT = 1, FOTA_COMPONENT_NV = 2 };

enum fota_format {
    FOTA_FORMAT_FULL = 1,      /* the payload is the image */
    FOTA_FORMAT_DELTA = 2,     /* it makes the image of the precursor: core/patch.h */
    FOTA_FORMAT_COMPRESSED = 3 /* likewise, of nothing */
};

/* Length and SHA-256 of a run of bytes. */
struct fota_object {
    uint32_t length; /* bytes */
    uint8_t digest[FOTA_DIGEST_SIZE];
};

struct fota_sequence_range {
    uint32_t first, last; /* both included */
};

struct fota_package_signature {
    uint16_t algorithm;
    uint8_t key_id[FOTA_KEY_ID_SIZE];
    uint8_t value[FOTA_SIGNATURE_SIZE];
};

/* Which stage of a set (mini fota): none, a package by itself; the resident updater; the image. */
enum { FOTA_SET_NONE = 0, FOTA_SET_UPDATER = 1, FOTA_SET_APP = 2 };

#define FOTA_SUCCESSORS_MAX 2u /* replaced keys in a row */

/* A key that takes the place of another one, by that one's signature. */
struct fota_successor {
    uint8_t point[FOTA_PUBLIC_KEY_SIZE];
    uint8_t voucher[FOTA_KEY_ID_SIZE];
    uint8_t value[FOTA_SIGNATURE_SIZE];
};

/* A header taken apart. Texts are terminated copies. */
struct fota_manifest {
    uint32_t present; /* bit n: field n is there */
    uint32_t sequence;
    uint32_t confirm_after_s;
    uint32_t location;
    uint32_t decoder_ram;  /* bytes */
    uint32_t segment_size; /* bytes; 0: one segment */
    uint32_t spare_size;   /* ring of spare segments, bytes; 0: the precursor has to stay whole */
    uint8_t component;
    uint8_t format;
    uint8_t severity;
    uint8_t set_stage, set_stages;
    uint8_t class_count;
    uint8_t requires_count;
    uint8_t successor_count; /* how many keys came after the modem's own */
    uint8_t signature_count;
    uint16_t signed_length; /* bytes of the header that are signed */
    uint16_t header_length; /* all of it; the payload follows */
    uint64_t expiry;
    uint8_t set_id[8];
    /* FOTA_PROVEN, and its complement, where fota_package_verify() found it good, twice */
    uint32_t proof[FOTA_SIGNATURES_MAX], counterproof[FOTA_SIGNATURES_MAX];
    struct fota_object payload, result, precursor;
    struct fota_sequence_range requires[FOTA_REQUIRES_MAX];
    char vendor[FOTA_NAME_MAX + 1];
    char class_names[FOTA_CLASSES_MAX][FOTA_NAME_MAX + 1];
    char version[FOTA_NAME_MAX + 1];
    char text[FOTA_TEXT_FIELD_MAX + 1];
    struct fota_successor successors[FOTA_SUCCESSORS_MAX];
    struct fota_package_signature signatures[FOTA_SIGNATURES_MAX];
};

/*
 * How long the header is, as far as its first `length` bytes tell: *size is the number of bytes
 * needed before more can be said, and equals the header's length once `length` reaches it. Returns
 * 0, or FOTA_ERR_NOT_A_PACKAGE, FOTA_ERR_PACKAGE_VERSION, FOTA_ERR_CONTAINER, FOTA_ERR_ENCRYPTED,
 * FOTA_ERR_HEADER_TOO_LARGE, FOTA_ERR_HEADER_SYNTAX with *fault filled in.
 */
int fota_package_measure(const uint8_t *header, size_t length, size_t *size,
                         struct fota_fault *fault);

/*
 * Takes a whole header apart. Judges its form only: canonical order, lengths, required fields,
 * known critical fields. Returns 0, an error of fota_package_measure(), FOTA_ERR_TRUNCATED,
 * FOTA_ERR_HEADER_SYNTAX (got: byte offset), FOTA_ERR_HEADER_FIELD or FOTA_ERR_HEADER_UNKNOWN
 * (got: field type) with *fault filled in.
 */
int fota_package_parse(const uint8_t *header, size_t length, struct fota_manifest *manifest,
                       struct fota_fault *fault);

/* A key that the modem trusts. */
struct fota_key {
    uint8_t id[FOTA_KEY_ID_SIZE];
    uint8_t point[FOTA_PUBLIC_KEY_SIZE];
    bool development; /* refused in a production build */
};

/* Whom the modem trusts and how strict it is. All zero with keys set is the normal policy. */
struct fota_policy {
    const struct fota_key *keys; /* borrowed */
    size_t key_count;
    uint8_t signatures;   /* valid ones required, from different keys; 0 means 1 */
    bool production;      /* refuse development keys */
    bool allow_same;      /* accept the sequence that is installed */
    bool require_clock;   /* refuse a package with an expiry when there is no trusted time */
    int64_t newest_known; /* seconds since 1970: build time or last manifest's; 0 unknown */
    bool only_reversible; /* refuse what could not be taken back: FOTA_ERR_NO_WAY_BACK */
    uint8_t boot_tries;   /* starts a new image gets to confirm; 0 means 3 */
    uint32_t decoder_ram; /* bytes the port gives a decoder; 0: only full packages */
};

/*
 * What a check leaves behind when it was done and came out well: far from 0, from all ones and from
 * what a register holds by chance. It is computed from the check's result, not set behind a branch,
 * so that one skipped instruction cannot give it.
 */
#define FOTA_PROVEN 0x5ac3963cu

/* SHA-256 of what a key signs to vouch for `point`: "fota successor", a 0, the point. */
int fota_successor_digest(const struct fota_crypto_ops *crypto,
                          const uint8_t point[FOTA_PUBLIC_KEY_SIZE],
                          uint8_t digest[FOTA_DIGEST_SIZE]);

/* SHA-256 of the signed part of the header: what a resume and the journal know the package by. */
int fota_package_digest(const struct fota_crypto_ops *crypto, const uint8_t *header,
                        const struct fota_manifest *manifest, uint8_t digest[FOTA_DIGEST_SIZE]);

/*
 * Checks the signatures over `header`, each of them twice, and leaves proofs in the manifest.
 * Returns 0, or FOTA_ERR_UNSIGNED, FOTA_ERR_UNKNOWN_KEY, FOTA_ERR_DEVELOPMENT_KEY,
 * FOTA_ERR_SIGNATURE, FOTA_ERR_SIGNATURES, FOTA_ERR_CRYPTO.
 */
int fota_package_verify(const struct fota_crypto_ops *crypto, const struct fota_policy *policy,
                        const uint8_t *header, struct fota_manifest *manifest,
                        struct fota_fault *fault);

/* Did fota_package_verify() find enough good signatures? By the proofs it left, counted anew. */
bool fota_package_vouched(const struct fota_manifest *manifest, const struct fota_policy *policy);

struct fota_device;

/* The least that must be true of any image that runs, asked again right before it does: enough good
 * signatures, for this vendor and model, not older than the security counter. */
bool fota_package_may_run(const struct fota_manifest *manifest, const struct fota_policy *policy,
                          const struct fota_device *device);

/* What the modem is and has, to judge a manifest against. */
struct fota_device {
    const char *vendor;               /* "quectel" */
    const char *model;                /* "EC600U" */
    uint32_t slot_size;               /* largest image, bytes */
    uint32_t staging_size;            /* largest payload, bytes */
    uint32_t counter;                 /* lowest sequence that may be installed */
    uint8_t key_generation;           /* keys that were replaced; packages of them are refused */
    const struct fota_successor *key; /* the one that replaced the last of them; NULL unknown */
    uint32_t sequence;                /* of the installed image; 0 none */
    const struct fota_object *image;  /* installed; NULL none */
    const char *version;              /* installed; NULL unknown */
    const struct fota_map *map;       /* NULL: whether there is a way into a slot is not judged */
    uint8_t set_stage; /* 0: a package by itself; 1, 2: that stage of a set of two (mini fota) */
    const uint8_t *set_id; /* of stage 2: 8 bytes, the set that was begun */
    int64_t time;          /* trusted, seconds since 1970; -1 none */
};

/*
 * Judges a manifest whose signatures are good. Returns 0, or the first of FOTA_ERR_WRONG_VENDOR,
 * _WRONG_MODEL, _COMPONENT, _LOCATION, _FORMAT, _PARAMETERS, _IMAGE_TOO_LARGE, _PACKAGE_TOO_LARGE,
 * _DOWNGRADE, _SAME_VERSION, _REQUIRES, _PRECURSOR (expected, got: first four bytes of the
 * digests), those of fota_way_find(), _EXPIRED with *fault filled in; _SET comes after _LOCATION.
 */
int fota_package_judge(const struct fota_manifest *manifest, const struct fota_policy *policy,
                       const struct fota_device *device, struct fota_fault *fault);

#endif
