/*
 * ftp.c - the FTP client: one file, one transfer a login (RFC 959).
 */
#include "ftp.h"

#include <string.h>

#include "fault.h"
#include "text.h"

/* In the order in which they come; from GREETING to RETR it is the reply that is waited for. */
enum state {
    STATE_IDLE,
    STATE_OPEN,    /* to be connected */
    STATE_CONNECT, /* on its way */
    STATE_GREETING,
    STATE_AUTH,
    STATE_SHAKE, /* TLS is on its way on the control connection */
    STATE_USER,
    STATE_PASS,
    STATE_PBSZ,
    STATE_PROT,
    STATE_TYPE,
    STATE_SIZE,
    STATE_MDTM,
    STATE_PASSIVE,
    STATE_DIAL, /* the data connection is on its way */
    STATE_REST,
    STATE_RETR,
    STATE_GUARD, /* TLS is on its way on the data connection */
    STATE_DATA,
    STATE_FINISH /* the data connection has ended */
};

/* Time for the reply after the transfer, and for the end of a data connection that has brought
 * everything. The bytes are here; at most the reason of a failure can still come. */
#define GRACE_MS 5000u

static enum fota_stage stage_of(const struct fota_ftp *ftp)
{
    return ftp->state >= STATE_DATA ? FOTA_STAGE_DOWNLOAD : FOTA_STAGE_CONNECT;
}

static int fail(const struct fota_ftp *ftp, struct fota_fault *fault, int error, uint32_t got)
{
    return fota_fail(fault, error, stage_of(ftp), 0, got);
}

static int fail_sizes(const struct fota_ftp *ftp, struct fota_fault *fault, int error,
                      uint64_t expected, uint64_t got)
{
    return fota_fail(fault, error, stage_of(ftp), fota_clamp32(expected), fota_clamp32(got));
}

/* As the connection says. */
static int fail_connection(const struct fota_ftp *ftp, const struct fota_connection *connection,
                           struct fota_fault *fault, int error)
{
    return fota_connection_fail(connection, error, stage_of(ftp), fault);
}

/* Nothing moved: either there is time left, or this is the end. */
static int wait_until(const struct fota_ftp *ftp, uint32_t limit_ms, int error,
                      struct fota_fault *fault)
{
    return fota_patience_wait(&ftp->patience, limit_ms, error, stage_of(ftp), fault);
}

static int stalled(const struct fota_ftp *ftp, struct fota_fault *fault)
{
    return wait_until(ftp, ftp->patience.timeouts.stall_ms, FOTA_ERR_STALLED, fault);
}

static int enter(struct fota_ftp *ftp, enum state state)
{
    fota_patience_moved(&ftp->patience);
    ftp->state = (uint8_t)state;
    return FOTA_FETCH_AGAIN;
}

/* The error for a reply other than the expected one. */
static int refuse(const struct fota_ftp *ftp, unsigned code, struct fota_fault *fault)
{
    int error = FOTA_ERR_FTP_REPLY;

    /* 430: "invalid user name or password" of some servers. */
    if (code == 530 || code == 532 || code == 332 || (code == 430 && ftp->state <= STATE_PASS))
        error = FOTA_ERR_FTP_LOGIN;
    else if (code == 550)
        error = FOTA_ERR_FTP_NOT_FOUND;
    else if (code == 120 || code / 100 == 4)
        error = FOTA_ERR_FTP_BUSY;
    else if (code / 100 == 5)
        error = FOTA_ERR_FTP_REFUSED;
    return fail(ftp, fault, error, code);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* Hands the command over to be sent; `state` waits for its reply. */
static int ask(struct fota_ftp *ftp, struct fota_text *command, enum state state,
               struct fota_fault *fault)
{
    /* A reply before the command: it would be taken for the answer to that. */
    if (ftp->used < ftp->length)
        return fail(ftp, fault, FOTA_ERR_FTP_REPLY, 0);
    fota_text_put_string(command, "\r\n");
    /* The longest one fits: `full` is for the day that FOTA_URL_MAX is not the limit any more. */
    if (command->full)
        return fail_sizes(ftp, fault, FOTA_ERR_URL_TOO_LONG, FOTA_URL_MAX, strlen(ftp->url));
    ftp->used = 0;
    ftp->length = (uint16_t)command->length;
    ftp->sending = true;
    fota_ftp_reply_start(&ftp->reply);
    return enter(ftp, state);
}

/* The buffer is the reply's until then: a command is begun only when it has been taken. */
static struct fota_text begin(struct fota_ftp *ftp, const char *verb)
{
    struct fota_text command = {ftp->buffer, sizeof ftp->buffer, 0, false};

    if (ftp->used == ftp->length)
        fota_text_put_string(&command, verb);
    return command;
}

static int ask_plain(struct fota_ftp *ftp, const char *verb, enum state state,
                     struct fota_fault *fault)
{
    struct fota_text command = begin(ftp, verb);

    return ask(ftp, &command, state, fault);
}

/* fota_url_parse() has checked that no encoding is cut short, and that none means NUL or the end of
 * a line. To check again costs little, compared with a command that is smuggled in. */
static bool put_decoded(struct fota_text *command, struct fota_span span)
{
    for (size_t i = 0; i < span.length;) {
        char c = (char)fota_url_byte(span, &i);

        if (c == '\0' || c == '\r' || c == '\n')
            return false;
        fota_text_put(command, &c, 1);
    }
    return true;
}

static int ask_decoded(struct fota_ftp *ftp, const char *verb, struct fota_span span,
                       enum state state, struct fota_fault *fault)
{
    struct fota_text command = begin(ftp, verb);

    if (ftp->used == ftp->length && !put_decoded(&command, span))
        return fail(ftp, fault, FOTA_ERR_URL, 0);
    return ask(ftp, &command, state, fault);
}

/* RFC 1635 section 3: the login where the url has no user. */
static int ask_user(struct fota_ftp *ftp, struct fota_fault *fault)
{
    const struct fota_url *url = &ftp->parts;

    if (url->user.length == 0)
        return ask_plain(ftp, "USER anonymous", STATE_USER, fault);
    return ask_decoded(ftp, "USER ", url->user, STATE_USER, fault);
}

static int ask_pass(struct fota_ftp *ftp, struct fota_fault *fault)
{
    const struct fota_url *url = &ftp->parts;

    if (url->user.length == 0)
        return ask_plain(ftp, "PASS anonymous@", STATE_PASS, fault);
    return ask_decoded(ftp, "PASS ", url->password, STATE_PASS, fault);
}

static int ask_path(struct fota_ftp *ftp, const char *verb, enum state state,
                    struct fota_fault *fault)
{
    struct fota_span path = ftp->parts.path;

    if (path.length > 0 && path.text[0] == '/') {
        path.text++;
        path.length--;
    }
    return ask_decoded(ftp, verb, path, state, fault);
}

static int ask_passive(struct fota_ftp *ftp, struct fota_fault *fault)
{
    return ask_plain(ftp, ftp->classic ? "PASV" : "EPSV", STATE_PASSIVE, fault);
}

static int ask_rest(struct fota_ftp *ftp, struct fota_fault *fault)
{
    struct fota_text command = begin(ftp, "REST ");

    if (ftp->used == ftp->length)
        fota_text_put_number(&command, ftp->offset, 10);
    return ask(ftp, &command, STATE_REST, fault);
}

static int send_command(struct fota_ftp *ftp, struct fota_fault *fault)
{
    int sent = fota_connection_send(&ftp->control, ftp->buffer + ftp->used,
                                    (size_t)(ftp->length - ftp->used));

    if (sent < 0)
        return fail_connection(ftp, &ftp->control, fault, sent);
    if (sent == 0)
        return stalled(ftp, fault);
    fota_patience_moved(&ftp->patience);
    ftp->used = (uint16_t)(ftp->used + sent);
    if (ftp->used == ftp->length) {
        ftp->used = ftp->length = 0;
        ftp->sending = false;
    }
    return FOTA_FETCH_AGAIN;
}

/* ---- replies --------------------------------------------------------------------------------- */

enum heard {
    HEARD_NOTHING, /* the server is silent */
    HEARD_PART,    /* something came, or may come at once */
    HEARD_REPLY    /* ftp->reply is complete */
};

/* One look at the control connection. Returns enum heard or an error. */
static int listen(struct fota_ftp *ftp, struct fota_fault *fault)
{
    size_t used;
    int result;

    if (ftp->used == ftp->length) {
        result = fota_connection_recv(&ftp->control, ftp->buffer, sizeof ftp->buffer);
        if (result == 0)
            return HEARD_NOTHING;
        if (result < 0) {
            /* In a conversation, an end is as bad as a break. */
            return fail_connection(ftp, &ftp->control, fault,
                                   result == FOTA_ERR_CLOSED ? FOTA_ERR_CONNECTION : result);
        }
        ftp->used = 0;
        ftp->length = (uint16_t)result;
    }
    result = fota_ftp_reply_feed(&ftp->reply, ftp->buffer + ftp->used,
                                 (size_t)(ftp->length - ftp->used), &used, fault);
    ftp->used = (uint16_t)(ftp->used + used);
    if (result < 0)
        return fail(ftp, fault, result, 0);
    return result == FOTA_FTP_REPLY ? HEARD_REPLY : HEARD_PART;
}

static int greeting_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    if (code / 100 != 2)
        return refuse(ftp, code, fault);
    return ftp->secure ? ask_plain(ftp, "AUTH TLS", STATE_AUTH, fault) : ask_user(ftp, fault);
}

static int refuse_tls(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    return code / 100 == 5 ? fail(ftp, fault, FOTA_ERR_FTP_TLS, code) : refuse(ftp, code, fault);
}

static int begin_tls(struct fota_ftp *ftp, struct fota_connection *connection, enum state state,
                     struct fota_fault *fault)
{
    char host[FOTA_HOST_MAX + 1];
    int error = fota_connection_secure(connection, fota_url_host(&ftp->parts, host), ftp->params);

    return error ? fail_connection(ftp, connection, fault, error) : enter(ftp, state);
}

static int auth_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    if (ftp->reply.code != 234)
        return refuse_tls(ftp, fault);
    /* Anything that came unprotected after the reply would be taken for data protected by TLS. */
    if (ftp->used < ftp->length)
        return fail(ftp, fault, FOTA_ERR_FTP_REPLY, 0);
    return begin_tls(ftp, &ftp->control, STATE_SHAKE, fault);
}

static int logged_in(struct fota_ftp *ftp, struct fota_fault *fault)
{
    return ftp->secure ? ask_plain(ftp, "PBSZ 0", STATE_PBSZ, fault)
                       : ask_plain(ftp, "TYPE I", STATE_TYPE, fault);
}

static int user_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    if (code / 100 == 2)
        return logged_in(ftp, fault);
    return code == 331 ? ask_pass(ftp, fault) : refuse(ftp, code, fault);
}

/* RFC 959 section 5.4: whatever is final here is about the login. */
static int pass_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    if (code / 100 == 2)
        return logged_in(ftp, fault);
    if (code / 100 == 5)
        return fail(ftp, fault, FOTA_ERR_FTP_LOGIN, code);
    return refuse(ftp, code, fault);
}

/* PBSZ comes before PROT although it means nothing to TLS (RFC 4217 section 9). */
static int protection_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    if (ftp->reply.code / 100 != 2)
        return refuse_tls(ftp, fault);
    return ftp->state == STATE_PBSZ ? ask_plain(ftp, "PROT P", STATE_PROT, fault)
                                    : ask_plain(ftp, "TYPE I", STATE_TYPE, fault);
}

/* Before SIZE, which counts other bytes in a text and is refused there by some. */
static int type_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    if (code / 100 != 2)
        return refuse(ftp, code, fault);
    return ask_path(ftp, "SIZE ", STATE_SIZE, fault);
}

/* Servers may lack SIZE and MDTM (RFC 3659): only one that goes away is not to be asked further. */
static int size_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    uint64_t total;

    if (ftp->reply.code == 421 || ftp->reply.code == 530)
        return refuse(ftp, ftp->reply.code, fault);
    if (ftp->reply.code == 213 && fota_ftp_reply_size(&ftp->reply, &total))
        ftp->identity.total = total;
    if (ftp->identity.total > 0 && ftp->identity.total < ftp->offset)
        return fail_sizes(ftp, fault, FOTA_ERR_FTP_REST, ftp->offset, ftp->identity.total);
    return ask_path(ftp, "MDTM ", STATE_MDTM, fault);
}

static int mdtm_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    if (ftp->reply.code == 421 || ftp->reply.code == 530)
        return refuse(ftp, ftp->reply.code, fault);
    if (ftp->reply.code == 213 && ftp->reply.length > 0)
        ftp->identity.validator = fota_text_hash(ftp->reply.text, ftp->reply.length);
    return ask_passive(ftp, fault);
}

/* The other kind of passive, once; `error` when that has been tried. */
static int swap(struct fota_ftp *ftp, int error, struct fota_fault *fault)
{
    fota_connection_close(&ftp->data);
    if (ftp->swapped)
        return error;
    ftp->swapped = true;
    ftp->classic = !ftp->classic;
    return ask_passive(ftp, fault);
}

static int dial(struct fota_ftp *ftp, struct fota_connection *connection, uint16_t port)
{
    char host[FOTA_HOST_MAX + 1];
    const struct fota_url *url = &ftp->parts;

    return fota_connection_open(connection, fota_url_host(url, host), port ? port : url->port,
                                url->host_is_ipv6 ? FOTA_ADDRESS_IPV6 : ftp->family);
}

static int passive_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;
    uint16_t port;
    int error;

    if (code == 421 || code == 530)
        return refuse(ftp, code, fault);
    if (code != (ftp->classic ? 227u : 229u))
        return swap(ftp, refuse(ftp, code, fault), fault);
    if (ftp->classic ? !fota_ftp_reply_passive_port(&ftp->reply, &port)
                     : !fota_ftp_reply_extended_port(&ftp->reply, &port))
        return swap(ftp, fail(ftp, fault, FOTA_ERR_FTP_REPLY, code), fault);
    error = dial(ftp, &ftp->data, port);
    if (error)
        return swap(ftp, fail(ftp, fault, error, 0), fault);
    return enter(ftp, STATE_DIAL);
}

/* RFC 3659 section 5.3: 350 is the one good answer. */
static int rest_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    if (code == 350)
        return ask_path(ftp, "RETR ", STATE_RETR, fault);
    if (code / 100 == 4 || code == 530)
        return refuse(ftp, code, fault);
    return fail_sizes(ftp, fault, FOTA_ERR_FTP_REST, ftp->offset, code);
}

static int begin_data(struct fota_ftp *ftp)
{
    ftp->look_away = false;
    enter(ftp, STATE_DATA);
    return FOTA_FETCH_OPEN;
}

/* The text of a 150 often names a size. It is not parsed, because it may be that of the rest, of
 * the file as text, or an old one. */
static int retr_reply(struct fota_ftp *ftp, struct fota_fault *fault)
{
    unsigned code = ftp->reply.code;

    if (code == 425)
        return swap(ftp, refuse(ftp, code, fault), fault);
    /* Some servers look at REST only now. */
    if (ftp->offset > 0 && (code == 501 || code == 551 || code == 554))
        return fail_sizes(ftp, fault, FOTA_ERR_FTP_REST, ftp->offset, code);
    if (code / 100 > 2)
        return refuse(ftp, code, fault);
    if (code / 100 == 2)
        ftp->final = (uint16_t)code;
    fota_ftp_reply_start(&ftp->reply);
    return ftp->secure ? begin_tls(ftp, &ftp->data, STATE_GUARD, fault) : begin_data(ftp);
}

/* Sends what is to be sent, then waits for the reply to it. */
static int talk(struct fota_ftp *ftp, struct fota_fault *fault)
{
    int heard;

    if (ftp->sending)
        return send_command(ftp, fault);
    heard = listen(ftp, fault);
    if (heard < 0)
        return heard;
    if (heard == HEARD_NOTHING)
        return stalled(ftp, fault);
    fota_patience_moved(&ftp->patience);
    if (heard == HEARD_PART)
        return FOTA_FETCH_AGAIN;
    switch ((enum state)ftp->state) {
    case STATE_GREETING: return greeting_reply(ftp, fault);
    case STATE_AUTH: return auth_reply(ftp, fault);
    case STATE_USER: return user_reply(ftp, fault);
    case STATE_PASS: return pass_reply(ftp, fault);
    case STATE_PBSZ:
    case STATE_PROT: return protection_reply(ftp, fault);
    case STATE_TYPE: return type_reply(ftp, fault);
    case STATE_SIZE: return size_reply(ftp, fault);
    case STATE_MDTM: return mdtm_reply(ftp, fault);
    case STATE_PASSIVE: return passive_reply(ftp, fault);
    case STATE_REST: return rest_reply(ftp, fault);
    default: return retr_reply(ftp, fault);
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

static int open_state(struct fota_ftp *ftp, struct fota_fault *fault)
{
    int error = dial(ftp, &ftp->control, 0);

    if (error)
        return fail(ftp, fault, error, 0);
    return enter(ftp, STATE_CONNECT);
}

static int connect_state(struct fota_ftp *ftp, struct fota_fault *fault)
{
    int ready = fota_connection_ready(&ftp->control);

    if (ready < 0)
        return fail(ftp, fault, ready, 0);
    if (ready == 0)
        return wait_until(ftp, ftp->patience.timeouts.connect_ms, FOTA_ERR_CONNECT, fault);
    fota_ftp_reply_start(&ftp->reply);
    return enter(ftp, STATE_GREETING);
}

static int handshake_state(struct fota_ftp *ftp, struct fota_fault *fault)
{
    bool of_data = ftp->state == STATE_GUARD;
    struct fota_connection *connection = of_data ? &ftp->data : &ftp->control;
    int ready = fota_connection_ready(connection);

    if (ready < 0)
        return fail_connection(ftp, connection, fault, ready);
    if (ready == 0)
        return wait_until(ftp, ftp->patience.timeouts.connect_ms, FOTA_ERR_STALLED, fault);
    return of_data ? begin_data(ftp) : ask_user(ftp, fault);
}

static int dial_state(struct fota_ftp *ftp, struct fota_fault *fault)
{
    int result = fota_connection_ready(&ftp->data);

    if (result == 0)
        result = wait_until(ftp, ftp->patience.timeouts.connect_ms, FOTA_ERR_CONNECT, fault);
    else if (result > 0)
        return ftp->offset > 0 ? ask_rest(ftp, fault) : ask_path(ftp, "RETR ", STATE_RETR, fault);
    else
        fail(ftp, fault, result, 0);
    return result < 0 ? swap(ftp, result, fault) : result;
}

/* ---- the transfer ---------------------------------------------------------------------------- */

static bool has_all(const struct fota_ftp *ftp)
{
    return ftp->identity.total > 0 && ftp->at == ftp->identity.total;
}

static uint32_t patience_ms(const struct fota_ftp *ftp)
{
    uint32_t stall_ms = ftp->patience.timeouts.stall_ms;

    if (ftp->state == STATE_DATA && !has_all(ftp) && ftp->final == 0)
        return stall_ms;
    return stall_ms < GRACE_MS ? stall_ms : GRACE_MS;
}

static bool is_silent(const struct fota_ftp *ftp)
{
    return fota_patience_silent_ms(&ftp->patience) >= patience_ms(ftp);
}

/* No byte will come any more. A good reply does not prove that the file is complete, and a bad one
 * does not prove that it is not: the control connection may have died during a long transfer. */
static int conclude(struct fota_ftp *ftp, struct fota_fault *fault)
{
    if (!has_all(ftp)) {
        if (ftp->final / 100 > 3)
            return fail(ftp, fault, FOTA_ERR_FTP_BUSY, ftp->final);
        if (ftp->final == 0 || ftp->identity.total > 0)
            return fail_sizes(ftp, fault, FOTA_ERR_CLOSED, ftp->identity.total, ftp->at);
        /* Nothing came: the offset may be past the end of the file. */
        if (ftp->offset > 0 && ftp->at == ftp->offset)
            return fail_sizes(ftp, fault, FOTA_ERR_FTP_REST, ftp->offset, ftp->final);
    }
    /* RFC 959 section 4.1.1. Whether it is heard does not matter. */
    if (ftp->final != 0 && ftp->control.stream >= 0)
        (void)fota_connection_send(&ftp->control, "QUIT\r\n", 6);
    return FOTA_FETCH_END;
}

/*
 * Looks at the control connection during the transfer. Its end is not a failure, but it has to be
 * closed, because an ended connection would end every wait at once. Returns whether something came.
 */
static bool overhear(struct fota_ftp *ftp)
{
    struct fota_fault ignored;
    int heard;

    if (ftp->control.stream < 0)
        return false;
    heard = listen(ftp, &ignored);
    if (heard < 0) {
        fota_connection_close(&ftp->control);
        ftp->used = ftp->length = 0;
        return true;
    }
    if (heard == HEARD_REPLY) {
        if (ftp->final == 0 && ftp->reply.code >= 200) {
            ftp->final = ftp->reply.code;
            fota_patience_moved(&ftp->patience); /* what is on its way still has the whole grace */
        }
        fota_ftp_reply_start(&ftp->reply);
    }
    return heard != HEARD_NOTHING;
}

/* RFC 959 section 3.3: in stream mode the end of the data connection is the end of the file. */
static int data_ended(struct fota_ftp *ftp)
{
    fota_connection_close(&ftp->data);
    return enter(ftp, STATE_FINISH);
}

static int data_state(struct fota_ftp *ftp, uint8_t *data, size_t size, size_t *got,
                      struct fota_fault *fault)
{
    int received;

    if (ftp->look_away) {
        ftp->look_away = false;
        if (overhear(ftp))
            return FOTA_FETCH_AGAIN;
        if (!is_silent(ftp))
            return FOTA_FETCH_WAIT;
        if (has_all(ftp) || ftp->final != 0)
            return data_ended(ftp);
        return stalled(ftp, fault);
    }
    received = fota_connection_recv(&ftp->data, data, size);
    if (received == FOTA_ERR_CLOSED || (received < 0 && has_all(ftp)))
        return data_ended(ftp);
    if (received < 0)
        return fail_connection(ftp, &ftp->data, fault, received);
    ftp->look_away = received == 0;
    if (received == 0)
        return FOTA_FETCH_AGAIN;
    fota_patience_moved(&ftp->patience);
    ftp->at += (unsigned)received;
    if (ftp->identity.total > 0 && ftp->at > ftp->identity.total)
        return fail_sizes(ftp, fault, FOTA_ERR_FTP_SIZE, ftp->identity.total, ftp->at);
    *got = (size_t)received;
    return FOTA_FETCH_DATA;
}

static int finish_state(struct fota_ftp *ftp, struct fota_fault *fault)
{
    if (ftp->final != 0 || ftp->control.stream < 0 || is_silent(ftp))
        return conclude(ftp, fault);
    return overhear(ftp) ? FOTA_FETCH_AGAIN : FOTA_FETCH_WAIT;
}

/* ---- interface ------------------------------------------------------------------------------- */

void fota_ftp_init(struct fota_ftp *ftp, const struct fota_net *net, const struct fota_tls *tls,
                   const struct fota_system *system, const struct fota_timeouts *timeouts)
{
    memset(ftp, 0, sizeof *ftp);
    fota_connection_init(&ftp->control, net, tls);
    fota_connection_init(&ftp->data, net, tls);
    fota_patience_init(&ftp->patience, system, timeouts);
    ftp->family = FOTA_ADDRESS_ANY;
}

int fota_ftp_open(struct fota_ftp *ftp, const char *url, uint64_t offset, struct fota_fault *fault)
{
    size_t length = strlen(url);
    const struct fota_url *parts = &ftp->parts;
    int error;

    fota_ftp_close(ftp);
    /* One that does not fit is refused before it is looked at. */
    memcpy(ftp->url, url, length < sizeof ftp->url ? length + 1 : 0);
    error = fota_url_parse(ftp->url, length, FOTA_URL_MAX, &ftp->parts, fault);
    if (error)
        return error;
    if (parts->scheme != FOTA_SCHEME_FTP && parts->scheme != FOTA_SCHEME_FTPS)
        return fota_fail(fault, FOTA_ERR_URL_SCHEME, FOTA_STAGE_REQUEST, 0, 0);
    if (parts->path.length == 0 || (parts->path.length == 1 && parts->path.text[0] == '/'))
        return fota_fail(fault, FOTA_ERR_URL, FOTA_STAGE_REQUEST, 0, fota_clamp32(length));
    memset(&ftp->identity, 0, sizeof ftp->identity);
    ftp->offset = ftp->at = offset;
    ftp->final = 0;
    ftp->secure = parts->scheme == FOTA_SCHEME_FTPS;
    ftp->used = ftp->length = 0;
    ftp->sending = ftp->swapped = false;
    ftp->state = STATE_OPEN;
    return 0;
}

int fota_ftp_step(struct fota_ftp *ftp, uint8_t *data, size_t size, size_t *got,
                  struct fota_fault *fault)
{
    int result;

    *got = 0;
    switch ((enum state)ftp->state) {
    case STATE_IDLE: result = fota_fail(fault, FOTA_ERR_STATE, FOTA_STAGE_REQUEST, 0, 0); break;
    case STATE_OPEN: result = open_state(ftp, fault); break;
    case STATE_CONNECT: result = connect_state(ftp, fault); break;
    case STATE_SHAKE:
    case STATE_GUARD: result = handshake_state(ftp, fault); break;
    case STATE_DIAL: result = dial_state(ftp, fault); break;
    case STATE_DATA: result = data_state(ftp, data, size, got, fault); break;
    case STATE_FINISH: result = finish_state(ftp, fault); break;
    default: result = talk(ftp, fault); break;
    }
    if (result < 0 || result == FOTA_FETCH_END)
        fota_ftp_close(ftp);
    return result;
}

void fota_ftp_close(struct fota_ftp *ftp)
{
    fota_connection_close(&ftp->data);
    fota_connection_close(&ftp->control);
    ftp->state = STATE_IDLE;
}

const struct fota_ftp_ops fota_ftp_client = {fota_ftp_init, fota_ftp_open, fota_ftp_step,
                                             fota_ftp_close};
