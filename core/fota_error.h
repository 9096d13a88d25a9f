/*
 * fota_error.h - the one table of errors.
 *
 * Every failure of the engine is one of these values. 0 is success. A value never changes its
 * number.
 *
 * X(name, number, stage, class, retryable, text)
 *   stage      where it arises, enum fota_stage
 *   class      result of LwM2M's Firmware Update object (OMA LwM2M 1.0, object 5, resource 5)
 *   retryable  the same call may succeed later without anybody changing anything
 *   text       for people; {expected}, {got} and {subject} are filled in from struct fota_fault
 */
#ifndef FOTA_ERROR_H
#define FOTA_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fota_stage {
    FOTA_STAGE_IDLE,
    FOTA_STAGE_REQUEST,  /* arguments, model rules, url */
    FOTA_STAGE_CONNECT,  /* name, connection, TLS */
    FOTA_STAGE_HEADER,   /* the package's header is fetched and judged */
    FOTA_STAGE_DOWNLOAD, /* payload bytes go to flash */
    FOTA_STAGE_VERIFY,   /* what is in flash is hashed and judged */
    FOTA_STAGE_STAGED,   /* verified, waits for the reset */
    FOTA_STAGE_INSTALL,  /* the boot stage writes the slot */
    FOTA_STAGE_TRIAL,    /* the new image runs and has not confirmed */
    FOTA_STAGE_REVERT,   /* the boot stage puts the old image back */
    FOTA_STAGES
};

/* Results of LwM2M's Firmware Update object, its numbers. */
enum fota_class {
    FOTA_CLASS_INITIAL = 0,
    FOTA_CLASS_SUCCESS = 1,
    FOTA_CLASS_NO_FLASH = 2,
    FOTA_CLASS_NO_RAM = 3,
    FOTA_CLASS_CONNECTION = 4,
    FOTA_CLASS_INTEGRITY = 5,
    FOTA_CLASS_UNSUPPORTED = 6,
    FOTA_CLASS_URI = 7,
    FOTA_CLASS_FAILED = 8,
    FOTA_CLASS_PROTOCOL = 9,
    FOTA_CLASS_CANCELLED = 10,
    FOTA_CLASS_DEFERRED = 11
};

/* clang-format off */
#define FOTA_ERRORS(X) \
    /* calls */ \
    X(ARGUMENT,         -1, REQUEST,  FAILED,      false, "argument out of range: expected {expected}, got {got}; correct the call") \
    X(BUSY,             -2, REQUEST,  DEFERRED,    true,  "an update is running already; wait for its end or cancel it") \
    X(STATE,            -3, REQUEST,  FAILED,      false, "this call does not fit the state of the update: write the whole package, flush, then verify; only what runs can be cancelled") \
    X(UNSUPPORTED,      -4, REQUEST,  UNSUPPORTED, false, "{subject}") \
    X(NOT_BUILT,        -5, REQUEST,  UNSUPPORTED, false, "{subject} is not built into this firmware") \
    X(CANCELLED,        -6, DOWNLOAD, CANCELLED,   true,  "the update was cancelled") \
    X(UNCONFIRMED,      -7, REQUEST,  DEFERRED,    true,  "the running version is still on trial; call fota.confirm() before another update") \
    X(NOTHING_TO_REVERT, -8, REQUEST, FAILED,      false, "the running version is confirmed; there is nothing to go back to") \
    X(REVERTING,       -10, REQUEST,  DEFERRED,    true,  "the old version comes back at the next reset; reset the modem first") \
    X(MEMORY,           -9, REQUEST,  NO_RAM,      false, "{expected} bytes of memory are needed, {got} were given") \
    /* url */ \
    X(URL,             -20, REQUEST,  URI,         false, "the url is malformed near character {got}; expected scheme://[user:password@]host[:port]/path, a blank as %20, an @ in a password as %40") \
    X(URL_TOO_LONG,    -21, REQUEST,  URI,         false, "the url has {got} characters; at most {expected} are allowed; give a shorter one") \
    X(URL_SCHEME,      -22, REQUEST,  PROTOCOL,    false, "the url's scheme is not one of http, https, ftp, ftps") \
    /* network */ \
    X(DNS,             -30, CONNECT,  CONNECTION,  true,  "the server's name could not be resolved; check the host and the network") \
    X(CONNECT,         -31, CONNECT,  CONNECTION,  true,  "no connection to the server; check host, port and network") \
    X(CONNECTION,      -32, DOWNLOAD, CONNECTION,  true,  "the connection broke; download again to go on") \
    X(CLOSED,          -33, DOWNLOAD, CONNECTION,  true,  "the server closed the connection early: expected {expected} bytes, got {got}; download again to go on") \
    X(APN,             -35, CONNECT,  CONNECTION,  false, "the network refused the access point, its user or its password; correct apn_set") \
    X(APN_TEXT,        -36, REQUEST,  FAILED,      false, "{subject} is too long, or has a character that an access point cannot have") \
    X(STALLED,         -34, DOWNLOAD, CONNECTION,  true,  "no data for {got} ms; the limit is {expected} ms; download again to go on") \
    X(SLOW,            -37, DOWNLOAD, CONNECTION,  true,  "server or network are too slow: too little came in {got} ms; the limit is {expected} ms; download again to go on") \
    X(DEADLINE,        -38, DOWNLOAD, CONNECTION,  true,  "the download has taken {got} ms; total_ms allows {expected}; download again to go on") \
    X(BUDGET,          -39, DOWNLOAD, CONNECTION,  true,  "the download takes {got} bytes of traffic; max_bytes allows {expected}") \
    /* HTTP (RFC 9110, RFC 9112) */ \
    X(HTTP_SYNTAX,     -40, DOWNLOAD, PROTOCOL,    false, "the server's answer is not HTTP/1.1; check scheme, host and port") \
    X(HTTP_TOO_LARGE,  -41, DOWNLOAD, PROTOCOL,    false, "the server's header is too large: at most {expected} bytes or lines") \
    X(HTTP_LENGTH,     -42, DOWNLOAD, PROTOCOL,    false, "the server's Content-Length is invalid or contradicts another header") \
    X(HTTP_ENCODING,   -43, DOWNLOAD, PROTOCOL,    false, "the server sent an encoded body although identity was asked for; switch compression off") \
    X(HTTP_RANGE,      -44, DOWNLOAD, PROTOCOL,    false, "the server sent another range than asked: expected offset {expected}, got {got}") \
    X(HTTP_REDIRECT,   -45, CONNECT,  PROTOCOL,    false, "the server's redirect is missing, malformed or changes to a forbidden scheme; give the url of the file itself") \
    X(HTTP_REDIRECTS,  -46, CONNECT,  PROTOCOL,    false, "more than {expected} redirects; give the url of the file itself") \
    X(HTTP_UNAUTHORIZED, -47, DOWNLOAD, CONNECTION, false, "the server wants a login (HTTP 401); give user and password in the url") \
    X(HTTP_FORBIDDEN,  -48, DOWNLOAD, CONNECTION,  false, "the server forbids the file (HTTP 403); check the url, and what the server allows") \
    X(HTTP_NOT_FOUND,  -49, DOWNLOAD, URI,         false, "the server has no such file (HTTP {got}); check the url") \
    X(HTTP_STATUS,     -50, DOWNLOAD, CONNECTION,  false, "the server answered HTTP {got}; expected 200 or 206; check the url") \
    X(HTTP_SERVER,     -51, DOWNLOAD, CONNECTION,  true,  "the server is overloaded or broken (HTTP {got}); try again later") \
    X(FILE_CHANGED,    -52, DOWNLOAD, INTEGRITY,   true,  "the file on the server changed during the download") \
    /* FTP (RFC 959) */ \
    X(FTP_REPLY,       -53, CONNECT,  PROTOCOL,    false, "the server's reply is not FTP, or does not fit what was asked; check host and port") \
    X(FTP_LOGIN,       -54, CONNECT,  CONNECTION,  false, "the server refused the login (FTP {got}); correct user and password in the url") \
    X(FTP_NOT_FOUND,   -55, CONNECT,  URI,         false, "the server has no such file, or may not give it out (FTP {got}); check the url's path") \
    X(FTP_REFUSED,     -56, CONNECT,  CONNECTION,  false, "the server refused a command (FTP {got}); it must allow passive, binary downloads") \
    X(FTP_BUSY,        -57, CONNECT,  CONNECTION,  true,  "the server is busy or broke the transfer off (FTP {got})") \
    X(FTP_REST,        -58, CONNECT,  PROTOCOL,    false, "the server cannot go on from byte {expected}; download from the start, or allow REST there") \
    X(FTP_SIZE,        -59, DOWNLOAD, PROTOCOL,    false, "the server sent more than the {expected} bytes that it announced; make it send files in binary") \
    X(FTP_TLS,         -70, CONNECT,  PROTOCOL,    false, "the server refused TLS (FTP {got}); make it allow AUTH TLS and PROT P, or use ftp:// where a signature is protection enough") \
    /* package header */ \
    X(NOT_A_PACKAGE,   -60, HEADER,   UNSUPPORTED, false, "this is not a fota package: magic 0x{hexgot}, expected 0x{hexexpected}; check the url or the file") \
    X(PACKAGE_VERSION, -61, HEADER,   UNSUPPORTED, false, "package structure version {got} is not known; expected {expected}") \
    X(CONTAINER,       -62, HEADER,   UNSUPPORTED, false, "package container {got} is not supported; expected {expected}") \
    X(HEADER_TOO_LARGE, -63, HEADER,  UNSUPPORTED, false, "the package's header has {got} bytes; at most {expected} are allowed") \
    X(HEADER_SYNTAX,   -64, HEADER,   INTEGRITY,   false, "the package's header is malformed at byte {got}") \
    X(HEADER_FIELD,    -65, HEADER,   INTEGRITY,   false, "header field {got} ({subject}) is missing or has an invalid value") \
    X(HEADER_UNKNOWN,  -66, HEADER,   UNSUPPORTED, false, "critical header field {got} is not known to this version") \
    X(ENCRYPTED,       -67, HEADER,   UNSUPPORTED, false, "encrypted packages are not supported; make one that is not") \
    X(TRUNCATED,       -68, HEADER,   INTEGRITY,   false, "the package is truncated: expected {expected} bytes, got {got}") \
    X(TRAILING,        -69, DOWNLOAD, INTEGRITY,   false, "the package has {got} bytes; its header says {expected}") \
    /* judgement: attack names as in TUF and Uptane */ \
    X(UNSIGNED,        -80, HEADER,   INTEGRITY,   false, "the package is not signed; sign it with 'fota sign'") \
    X(SIGNATURE,       -81, HEADER,   INTEGRITY,   false, "the signature does not belong to this header: it was changed or damaged; make or fetch it again") \
    X(UNKNOWN_KEY,     -82, HEADER,   INTEGRITY,   false, "the package is signed with a key that this modem does not trust; sign it with one that it does") \
    X(SIGNATURES,      -83, HEADER,   INTEGRITY,   false, "{expected} valid signatures are required, {got} are present") \
    X(DEVELOPMENT_KEY, -84, HEADER,   INTEGRITY,   false, "the package is signed with a development key, which a production build refuses") \
    X(WRONG_VENDOR,    -85, HEADER,   UNSUPPORTED, false, "the package is for another vendor: {subject}") \
    X(WRONG_MODEL,     -86, HEADER,   UNSUPPORTED, false, "the package is for another model: {subject}") \
    X(COMPONENT,       -87, HEADER,   UNSUPPORTED, false, "the package wants component {got}; only {expected} (app) can be updated") \
    X(LOCATION,        -88, HEADER,   UNSUPPORTED, false, "the package wants location {got}; only {expected} is allowed") \
    X(DOWNGRADE,       -89, HEADER,   UNSUPPORTED, false, "package sequence {got} is older than {expected}, which this modem has already had; make one with a higher one") \
    X(SAME_VERSION,    -90, HEADER,   UNSUPPORTED, false, "package sequence {got} is installed already; a newer version needs a higher one") \
    X(FORMAT,          -91, HEADER,   UNSUPPORTED, false, "payload format {got} is not supported") \
    X(PARAMETERS,      -92, HEADER,   NO_RAM,      false, "the payload needs {got} bytes of RAM; this modem gives {expected}") \
    X(IMAGE_TOO_LARGE, -93, HEADER,   NO_FLASH,    false, "the image has {got} bytes; the slot takes {expected}") \
    X(PACKAGE_TOO_LARGE, -94, HEADER, NO_FLASH,    false, "the payload has {got} bytes; staging takes {expected}") \
    X(PRECURSOR,       -95, HEADER,   UNSUPPORTED, false, "the package starts from image 0x{hexexpected}...; version {subject} is installed, which is 0x{hexgot}...; make one from that, or a full one") \
    X(REQUIRES,        -96, HEADER,   UNSUPPORTED, false, "the package needs an installed sequence from its list; this modem has {got}; install one of those first") \
    X(EXPIRED,         -97, HEADER,   UNSUPPORTED, false, "the package has expired; make a new one") \
    X(NO_CLOCK,        -99, HEADER,   UNSUPPORTED, true,  "the package expires, and this modem has no trusted time; set its clock") \
    X(KEY_REPLACED,   -101, HEADER,   INTEGRITY,   false, "the package is signed by a key that was replaced on this modem; sign it with the new one") \
    X(SUCCESSOR,      -102, HEADER,   INTEGRITY,   false, "the package's new key is not vouched for by the key that it replaces") \
    X(SET,             -98, HEADER,   UNSUPPORTED, false, "the package is stage {got} of a set; expected stage {expected} of the same set (0: no set)") \
    X(REVERTED,       -100, HEADER,   DEFERRED,    false, "this package was installed already, and the old version came back; make a new one, or call fota.forgive() first") \
    /* payload */ \
    X(INTEGRITY,      -110, VERIFY,   INTEGRITY,   false, "the payload's digest is wrong: the package was damaged or changed; make or fetch it again") \
    X(RESULT,         -111, VERIFY,   INTEGRITY,   false, "the image's digest is wrong after installing") \
    X(INCOMPLETE,     -112, VERIFY,   INTEGRITY,   false, "the package is not complete: expected {expected} bytes, got {got}") \
    /* flash */ \
    X(FLASH_READ,     -120, DOWNLOAD, FAILED,      true,  "flash could not be read at address {got}") \
    X(FLASH_PROGRAM,  -121, DOWNLOAD, FAILED,      true,  "flash could not be programmed at address {got}") \
    X(FLASH_ERASE,    -122, DOWNLOAD, FAILED,      true,  "flash could not be erased at address {got}") \
    X(FLASH_VERIFY,   -123, DOWNLOAD, FAILED,      true,  "flash does not hold what was written at address {got}") \
    X(JOURNAL,        -124, DOWNLOAD, FAILED,      true,  "the journal could not be written") \
    X(FLASH_ECC,      -126, DOWNLOAD, FAILED,      false, "flash at address {got} has more wrong bits than its code corrects: what was there is lost") \
    X(MAP,            -125, REQUEST,  FAILED,      false, "the partition map is inconsistent: region {got}") \
    /* boot */ \
    X(NO_IMAGE,       -130, INSTALL,  FAILED,      false, "the slot holds no valid image") \
    X(NOT_CONFIRMED,  -131, TRIAL,    FAILED,      false, "the new version did not confirm within {expected} starts") \
    X(ROLLBACK,       -132, TRIAL,    FAILED,      false, "the new version asked to go back") \
    X(IRREVERSIBLE,   -133, TRIAL,    FAILED,      false, "the old image was not kept: there was no room for it, and the package has no reverse patch") \
    /* differential and compressed payloads */ \
    X(PATCH,          -170, INSTALL,  INTEGRITY,   false, "the payload is damaged: what it says at byte {got} of the new image is impossible; make or fetch it again") \
    X(PATCH_CHECK,    -171, INSTALL,  INTEGRITY,   false, "segment {got} of the new image has another CRC-32 than the payload says; is it for this old image?") \
    X(PATCH_LAYOUT,   -172, HEADER,   INTEGRITY,   false, "the payload's sizes contradict each other: {got} does not fit {expected}; make the package again") \
    X(PATCH_SEGMENT,  -173, HEADER,   UNSUPPORTED, false, "the package has segments of {got} bytes, no multiple of this modem's erase unit of {expected}; make it for this modem's geometry") \
    X(PATCH_WHOLE,    -174, HEADER,   NO_FLASH,    false, "the package needs the old image whole while it installs, and this modem has no room for a copy; make it for this modem's geometry") \
    X(PATCH_SPARE,    -175, HEADER,   NO_FLASH,    false, "the package needs {expected} bytes beside its payload to install in place; this modem has {got}") \
    X(NO_WAY_BACK,    -176, HEADER,   UNSUPPORTED, false, "the update could not be taken back, which this modem's policy does not allow; make the package with a reverse patch") \
    /* cryptography */ \
    X(CRYPTO,         -140, VERIFY,   FAILED,      true,  "the cryptographic library failed") \
    /* TLS (RFC 5246, RFC 8446, RFC 5280) */ \
    X(TLS_PARAMS,     -150, REQUEST,  FAILED,      false, "the TLS parameters cannot be used: {subject}") \
    X(TLS_HOST,       -151, CONNECT,  CONNECTION,  false, "the server's certificate is for another host, or not for a server; check the url's host") \
    X(TLS_UNTRUSTED,  -152, CONNECT,  CONNECTION,  false, "the server's certificate comes from an authority that is not trusted; give that one's as ca_cert") \
    X(TLS_EXPIRED,    -153, CONNECT,  CONNECTION,  false, "the server's certificate, or its authority's, has expired; renew it, or correct this modem's clock") \
    X(TLS_NOT_YET_VALID, -154, CONNECT, CONNECTION, false, "the server's certificate is not valid yet; correct this modem's clock") \
    X(TLS_VERSION,    -155, CONNECT,  PROTOCOL,    false, "the server offers nothing newer than TLS 1.1, which is not safe; make it offer TLS 1.2") \
    X(TLS_VERSION_NEW, -156, CONNECT, PROTOCOL,    false, "the server needs TLS 1.3, which is not built in or was not allowed; make it offer TLS 1.2") \
    X(TLS_CLIENT_CERTIFICATE, -157, CONNECT, CONNECTION, false, "the server wants a client certificate, or another one; give client_cert and client_key that it accepts") \
    X(TLS_CERTIFICATE_ALGORITHM, -158, CONNECT, PROTOCOL, false, "the server's certificate has an algorithm or a key that is not accepted; use ECDSA P-256 or RSA 2048 with SHA-256") \
    X(TLS_RECORD,     -159, CONNECT,  PROTOCOL,    false, "the server sent a TLS record larger than this modem's buffer; make it send smaller ones") \
    X(TLS_HANDSHAKE,  -160, CONNECT,  PROTOCOL,    false, "no TLS with the server (alert or error 0x{hexgot}); is it a TLS port, with TLS 1.2, ECDHE and AES-GCM?") \
    X(TLS_MEMORY,     -161, CONNECT,  NO_RAM,      true,  "there is not enough memory for a TLS connection; free some and try again")
/* clang-format on */

enum fota_error {
    FOTA_OK = 0,
#define X(name, number, stage, class, retryable, text) FOTA_ERR_##name = (number),
    FOTA_ERRORS(X)
#undef X
};

/*
 * A failure with what is needed to explain it. `expected` and `got` mean what the error's text
 * makes of them. `subject` is a text of the engine's (valid until its next call) or NULL.
 */
struct fota_fault {
    int error; /* enum fota_error */
    enum fota_stage stage;
    uint32_t expected;
    uint32_t got;
    const char *subject;
};

/* An `expected` or `got` that is not known any more, because the journal keeps only the error's
 * number. The text then has "?" in its place. */
#define FOTA_FIGURE_LOST 0xFFFFFFFEu

/* A size that is always enough for fota_fault_text(), bytes, including the final 0. */
#define FOTA_TEXT_MAX 256u

/* One row of the table. */
struct fota_error_row {
    int error;
    const char *name; /* "WRONG_MODEL" */
    enum fota_stage stage;
    enum fota_class result;
    bool retryable;
};

/* The row of an error, NULL if there is none. FOTA_OK has none. */
const struct fota_error_row *fota_error_find(int error);

/* Row number `index` from 0, NULL past the end: to walk the table. */
const struct fota_error_row *fota_error_at(size_t index);

/* The text of a row, for people, in which {expected}, {got} and {subject} are not replaced yet. */
const char *fota_error_text(const struct fota_error_row *row);

/* "WRONG_MODEL", "OK" for 0, "UNKNOWN" for a number that is not in the table. Never NULL. */
const char *fota_error_name(int error);

/* "download", "verify" ...; never NULL. */
const char *fota_stage_name(enum fota_stage stage);

/*
 * Writes the text of a fault, with the placeholders replaced, to `text` of `size` bytes. It is cut
 * if it is too long, and always terminated. Returns its length.
 */
size_t fota_fault_text(const struct fota_fault *fault, char *text, size_t size);

#endif
