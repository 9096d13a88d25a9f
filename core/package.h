/*
 * package.h - the package's header: how it is read, and how it is judged before anything is fetched
 * or erased.
 *
 * docs/package-format.md describes the format byte by byte. The fields map to RFC 9124.
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

/* Field types, without the critical bit. A header has them in ascending order, each at most once;
 * only CLASS may repeat. */
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
    FOTA_FIELD_CONFIRM = 17,   /* u32, not 0: the image confirms itself after running for so many
                                * seconds; absent: it has to call fota_confirm() */
    /* 64 bytes public key, 8 bytes id of the key that it replaces, 64 bytes signature by that key.
     * Up to FOTA_SUCCESSORS_MAX of these lead from a key that the modem has to the one that signed
     * the package. */
    FOTA_FIELD_SUCCESSOR = 18,
    FOTA_FIELDS
};

/* "sequence", "vendor" ...; "unknown" for a type that is none of these. Never NULL. */
const char *fota_field_name(unsigned field);

enum fota_component { FOTA_COMPONENT_APP = 0, FOTA_COMPONENT_BOOT = 1, FOTA_COMPONENT_NV = 2 };

enum fota_format {
    FOTA_FORMAT_FULL = 1,      /* the payload is the image */
    FOTA_FORMAT_DELTA = 2,     /* a patch that turns the precursor into the image: patch.h */
    FOTA_FORMAT_COMPRESSED = 3 /* the same without a precursor */
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

/* The stages of a set (mini fota): the resident updater, then the application. NONE: the package
 * does not belong to a set. */
enum { FOTA_SET_NONE = 0, FOTA_SET_UPDATER = 1, FOTA_SET_APP = 2 };

#define FOTA_SUCCESSORS_MAX 2u /* longest chain of replaced keys */

/* A key that replaces another one, vouched for by that one's signature. */
struct fota_successor {
    uint8_t point[FOTA_PUBLIC_KEY_SIZE];
    uint8_t voucher[FOTA_KEY_ID_SIZE]; /* the key that is replaced */
    uint8_t value[FOTA_SIGNATURE_SIZE];
};

/* A parsed header. Texts are terminated copies. */
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
    uint8_t successor_count; /* length of the chain in `successors` */
    uint8_t signature_count;
    uint16_t signed_length; /* how many bytes of the header are signed */
    uint16_t header_length; /* the whole header, bytes; the payload follows it */
    uint64_t expiry;        /* seconds since 1970 */
    uint8_t set_id[8];
    /* Of each signature that fota_package_verify() found good: FOTA_PROVEN and its complement. */
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
 * Finds out how long a header is from its first `length` bytes. *size is the number of bytes that
 * are needed to tell more; when `length` has reached it, the header is complete. Returns 0, or
 * FOTA_ERR_NOT_A_PACKAGE, FOTA_ERR_PACKAGE_VERSION, FOTA_ERR_CONTAINER, FOTA_ERR_ENCRYPTED,
 * FOTA_ERR_HEADER_TOO_LARGE or FOTA_ERR_HEADER_SYNTAX with *fault filled in.
 */
int fota_package_measure(const uint8_t *header, size_t length, size_t *size,
                         struct fota_fault *fault);

/*
 * Parses a whole header. Checks its form only: the order of the fields, their lengths, that the
 * required fields are there and that all critical fields are known. Returns 0, an error of
 * fota_package_measure(), FOTA_ERR_TRUNCATED, FOTA_ERR_HEADER_SYNTAX (got: byte offset),
 * FOTA_ERR_HEADER_FIELD or FOTA_ERR_HEADER_UNKNOWN (got: field type) with *fault filled in.
 */
int fota_package_parse(const uint8_t *header, size_t length, struct fota_manifest *manifest,
                       struct fota_fault *fault);

/* A key that the modem trusts. */
struct fota_key {
    uint8_t id[FOTA_KEY_ID_SIZE];
    uint8_t point[FOTA_PUBLIC_KEY_SIZE];
    bool development; /* refused in a production build */
};

/* Whom the modem trusts, and how strict it is. The normal policy has keys, and zero in all else. */
struct fota_policy {
    const struct fota_key *keys; /* borrowed */
    size_t key_count;
    uint8_t signatures;   /* how many are required, from different keys; 0 means 1 */
    bool production;      /* refuse development keys */
    bool allow_same;      /* accept the sequence that is installed already */
    bool require_clock;   /* refuse a package that expires while there is no trusted time */
    int64_t newest_known; /* a time that has certainly passed, as that of the build; seconds since
                           * 1970, 0: none */
    bool only_reversible; /* refuse an update that cannot be reverted: FOTA_ERR_NO_WAY_BACK */
    uint8_t boot_tries;   /* how often a new image may start without confirming; 0 means 3 */
    uint32_t decoder_ram; /* RAM for the decoder of patches, bytes; 0: full packages only */
};

/*
 * The value that a check leaves behind when it was done and has succeeded: far from 0, from all
 * ones, and from what a register is likely to hold. It is computed from the result of the check
 * instead of being assigned in a branch, so that skipping one instruction cannot produce it.
 */
#define FOTA_PROVEN 0x5ac3963cu

/* SHA-256 of what a key signs to vouch for `point`: "fota successor", a zero byte, the point. */
int fota_successor_digest(const struct fota_crypto_ops *crypto,
                          const uint8_t point[FOTA_PUBLIC_KEY_SIZE],
                          uint8_t digest[FOTA_DIGEST_SIZE]);

/* SHA-256 of the signed part of the header. By this the journal, and a download that is resumed,
 * recognize the package. */
int fota_package_digest(const struct fota_crypto_ops *crypto, const uint8_t *header,
                        const struct fota_manifest *manifest, uint8_t digest[FOTA_DIGEST_SIZE]);

/*
 * Checks the signatures of `header`, and what leads to replaced keys, each of them twice, and
 * leaves proofs in the manifest. Returns 0, or FOTA_ERR_UNSIGNED, FOTA_ERR_UNKNOWN_KEY,
 * FOTA_ERR_DEVELOPMENT_KEY, FOTA_ERR_SUCCESSOR, FOTA_ERR_KEY_REPLACED, FOTA_ERR_SIGNATURE,
 * FOTA_ERR_SIGNATURES, FOTA_ERR_CRYPTO.
 */
int fota_package_verify(const struct fota_crypto_ops *crypto, const struct fota_policy *policy,
                        const uint8_t *header, struct fota_manifest *manifest,
                        struct fota_fault *fault);

/* Did fota_package_verify() find enough good signatures? Counts the proofs that it has left. */
bool fota_package_vouched(const struct fota_manifest *manifest, const struct fota_policy *policy);

struct fota_device;

/* What must be true of any image that runs, checked again right before it starts: it has enough
 * good signatures, is for this vendor and model, and is not older than the security counter. */
bool fota_package_may_run(const struct fota_manifest *manifest, const struct fota_policy *policy,
                          const struct fota_device *device);

/* The modem that a manifest is judged for. */
struct fota_device {
    const char *vendor;    /* "quectel" */
    const char *model;     /* "EC600U" */
    uint32_t slot_size;    /* largest image, bytes */
    uint32_t staging_size; /* largest payload, bytes */
    uint32_t counter;      /* lowest sequence that may be installed */
    uint8_t
        key_generation; /* how often the key was replaced; what a replaced key signed is refused */
    const struct fota_successor *key; /* the one in force after that; NULL: unknown */
    uint32_t sequence;                /* of the installed image; 0: none */
    const struct fota_object *image;  /* the installed image; NULL: none */
    const char *version;              /* of the installed image; NULL: unknown */
    const struct fota_map *map;       /* NULL: it is not judged how the package gets into a slot */
    uint8_t set_stage;                /* expected: FOTA_SET_* */
    const uint8_t *set_id;            /* with FOTA_SET_APP: the 8 bytes of the set that was begun */
    int64_t time;                     /* trusted, seconds since 1970; -1: none */
};

/*
 * Judges a manifest whose signatures are good. Returns 0, or the first of FOTA_ERR_WRONG_VENDOR,
 * _WRONG_MODEL, _COMPONENT, _LOCATION, _FORMAT, _PARAMETERS, _IMAGE_TOO_LARGE, _PACKAGE_TOO_LARGE,
 * _DOWNGRADE, _SAME_VERSION, _REQUIRES, _PRECURSOR (expected, got: first four bytes of the
 * digests), those of fota_way_find(), _EXPIRED, with *fault filled in; _SET comes after _LOCATION.
 */
int fota_package_judge(const struct fota_manifest *manifest, const struct fota_policy *policy,
                       const struct fota_device *device, struct fota_fault *fault);

#endif
