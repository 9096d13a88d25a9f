/*
 * key.h - signing keys of the tool: ECDSA P-256, kept in PEM files that openssl reads too.
 */
#ifndef FOTA_TOOL_KEY_H
#define FOTA_TOOL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "package.h"

#define FOTA_SECRET_SIZE 32u  /* private key, big endian, bytes */
#define FOTA_PEM_MAX     512u /* a key as PEM with the final 0, bytes */

/* A key, with its private half or without. Erase it with fota_keypair_clear(). */
struct fota_keypair {
    uint8_t point[FOTA_PUBLIC_KEY_SIZE];
    uint8_t id[FOTA_KEY_ID_SIZE];
    bool has_secret;
    uint8_t secret[FOTA_SECRET_SIZE];
};

/* Makes a new key from the system's entropy. Returns 0 or FOTA_ERR_CRYPTO. */
int fota_keypair_generate(struct fota_keypair *key);

/*
 * Reads a key from `length` bytes of PEM: private (SEC1, PKCS#8, not encrypted) or public
 * (SubjectPublicKeyInfo). The public half of a private key is computed, whatever the file says.
 * Returns 0, FOTA_ERR_ARGUMENT when it is not a P-256 key in PEM, FOTA_ERR_CRYPTO.
 */
int fota_keypair_parse(const char *pem, size_t length, struct fota_keypair *key);

/*
 * Writes the private half as SEC1 PEM, the public half as SubjectPublicKeyInfo PEM, terminated.
 * Returns 0, FOTA_ERR_ARGUMENT without a private half, FOTA_ERR_CRYPTO.
 */
int fota_keypair_private_pem(const struct fota_keypair *key, char pem[FOTA_PEM_MAX]);
int fota_keypair_public_pem(const struct fota_keypair *key, char pem[FOTA_PEM_MAX]);

/* What packages call a key: the first bytes of SHA-256 of its point. Returns 0
 * or FOTA_ERR_CRYPTO. */
int fota_key_id(const uint8_t point[FOTA_PUBLIC_KEY_SIZE], uint8_t id[FOTA_KEY_ID_SIZE]);

/*
 * Signs a SHA-256 digest; the same key and digest give the same signature (RFC 6979). Returns 0,
 * FOTA_ERR_ARGUMENT without a private half, FOTA_ERR_CRYPTO.
 */
int fota_keypair_sign(const struct fota_keypair *key, const uint8_t digest[FOTA_DIGEST_SIZE],
                      uint8_t signature[FOTA_SIGNATURE_SIZE]);

/*
 * Brings a signature of another program to r and s: 64 bytes are taken as they are, anything else
 * must be the DER of ECDSA-Sig-Value (RFC 3279). Returns 0 or FOTA_ERR_ARGUMENT.
 */
int fota_signature_convert(const uint8_t *data, size_t length,
                           uint8_t signature[FOTA_SIGNATURE_SIZE]);

/* Overwrites the key; the compiler does not remove it. */
void fota_keypair_clear(struct fota_keypair *key);

#endif
