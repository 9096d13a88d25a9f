/*
 * The decoder's outside: input and output buffers, segments, and where copies come from. What a
 * stream means is in patch_model.h.
 *
 * A step decodes one operation, or a piece of a copy, and begins only when the input that the
 * longest one may need is there, so nothing below has to stop in the middle.
 */
#include "patch.h"

#include "bytes.h"
#include "crc32.h"
#include "fault.h"
#include "patch_head.h"
#include "patch_state.h"

#define AHEAD  96u  /* input that a step may need, bytes */
#define INPUT  192u /* input buffer, bytes */
#define STEP   128u /* piece of a copy, bytes; the last unit may go beyond it */
#define BURST  512u /* output of one poll, bytes */
#define GATHER 64u  /* bytes that are made before they are delivered */
#define CACHED 256u /* piece of the old image that is kept at hand, bytes */
/* Output that is kept for near copies, so that what is read back lies behind the lag: besides what
 * a poll delivers there are the bytes that a step makes, and as many that it reads. */
#define RING (FOTA_PATCH_LAG + BURST + GATHER + 2 * (STEP + PATCH_UNIT_MAX))

/* The coder's decoding half. Input that ends early reads as zeros. */
struct patch_coder {
    uint32_t range, code;
    const uint8_t *next, *end;
};

enum stage { HEAD, SEGMENT, OPERATION, LITERALS, COPY, DONE, FAILED };

struct fota_patch {
    struct fota_patch_layout layout;
    const struct fota_patch_readers *readers;
    struct patch_head head;
    const struct patch_arch *arch;
    enum stage stage;
    struct fota_fault fault; /* once FAILED */
    uint32_t segment;        /* number of the one that is decoded */
    uint32_t segment_end;    /* offset in the new image */
    uint32_t old_low;        /* first old byte that is still there */
    uint32_t crc, crc_wanted;
    uint32_t position;     /* new bytes made */
    uint32_t delivered;    /* and polled */
    uint32_t left;         /* of the operation, bytes */
    uint8_t fresh;         /* 1 before its first literal */
    uint32_t total;        /* end of the stream in the payload */
    uint32_t coded_end;    /* end of the segment there, or total while that is not known */
    uint32_t input_offset; /* where input[0] lies there */
    uint32_t input_length;
    uint32_t ring_at;
    uint32_t cache_at, cache_length;
    const uint8_t *scarce; /* from here on a step may need input that was not pushed yet */
    struct patch_coder coder;
    struct patch_model model;
    uint8_t input[INPUT + 1]; /* .scarce may lie behind it */
    uint8_t cache[CACHED];
    uint8_t ring[RING];
};

/* The device and the host that makes packages must place the same tables in the same memory. */
typedef char patch_fits[sizeof(struct fota_patch) <= PATCH_STATE_MAX ? 1 : -1];

static inline void shift_in(struct patch_coder *c)
{
    c->range <<= 8;
    c->code = c->code << 8 | (c->next < c->end ? *c->next++ : 0);
}

static void start_coder(struct patch_coder *c)
{
    for (unsigned i = 0; i < 4; i++)
        shift_in(c);
    c->range = UINT32_MAX;
}

/* Called before a bit, not behind it, so that what follows a bit can be compiled for each value. */
static inline void normalise(struct patch_coder *c)
{
    while (c->range < 1u << 24)
        shift_in(c);
}

static inline unsigned code_bit(struct patch_coder *c, uint32_t p16, unsigned bit)
{
    uint32_t bound;

    (void)bit;
    normalise(c);
    bound = (c->range >> 16) * p16;
    if (c->code < bound) {
        c->range = bound;
        return 1;
    }
    c->code -= bound;
    c->range -= bound;
    return 0;
}

static inline uint32_t code_plain(struct patch_coder *c, unsigned bits, uint32_t value)
{
    normalise(c);
    c->range >>= bits;
    value = c->code / c->range;
    c->code -= value * c->range;
    return value & ((1u << bits) - 1);
}

static inline unsigned code_share(struct patch_coder *c, const uint16_t *counts, unsigned symbols,
                                  unsigned symbol)
{
    uint32_t at, left;

    normalise(c);
    c->range /= counts[symbols];
    at = c->code / c->range;
    /* Of a damaged stream it may be more than there is. */
    if (at >= counts[symbols])
        at = counts[symbols] - 1u;
    left = at;
    for (symbol = 0; left >= counts[symbol]; symbol++)
        left -= counts[symbol];
    c->code -= (at - left) * c->range;
    c->range *= counts[symbol];
    return symbol;
}

#define CODED(value) ((void)(value), 0u)
#include "patch_model.h"

/* ---- layout ---------------------------------------------------------------------------------- */

static int fail(struct fota_fault *fault, int error, uint32_t expected, uint32_t got)
{
    return fota_fail(fault, error, FOTA_STAGE_INSTALL, expected, got);
}

int fota_patch_check(const struct fota_patch_layout *l, struct fota_fault *fault)
{
    if (l->ram < FOTA_PATCH_RAM_MIN || l->ram > FOTA_PATCH_RAM_MAX)
        return fota_fail(fault, FOTA_ERR_PARAMETERS, FOTA_STAGE_HEADER, FOTA_PATCH_RAM_MAX, l->ram);
    if (l->new_size == 0 || l->new_size > INT32_MAX)
        return fota_fail(fault, FOTA_ERR_PATCH_LAYOUT, FOTA_STAGE_HEADER, 0, l->new_size);
    if (l->old_size > INT32_MAX)
        return fota_fail(fault, FOTA_ERR_PATCH_LAYOUT, FOTA_STAGE_HEADER, 0, l->old_size);
    if (l->segment > INT32_MAX || l->spare > INT32_MAX ||
        (l->spare && (l->segment == 0 || l->spare % l->segment != 0)))
        return fota_fail(fault, FOTA_ERR_PATCH_LAYOUT, FOTA_STAGE_HEADER, l->segment, l->spare);
    return 0;
}

uint32_t fota_patch_segments(const struct fota_patch_layout *l)
{
    return l->segment ? (l->new_size - 1) / l->segment + 1 : 1;
}

int fota_patch_start(struct fota_patch **patch, void *memory, size_t size,
                     const struct fota_patch_layout *layout,
                     const struct fota_patch_readers *readers, struct fota_fault *fault)
{
    struct fota_patch *p = memory;
    int err = fota_patch_check(layout, fault);

    *patch = NULL;
    if (err)
        return err;
    if (size < layout->ram)
        return fail(fault, FOTA_ERR_MEMORY, layout->ram, fota_clamp32(size));
    memset(p, 0, sizeof *p);
    p->layout = *layout;
    p->readers = readers;
    fota_patch_model_place(&p->model, p + 1, layout->ram);
    p->total = p->coded_end = layout->payload;
    p->coder.next = p->coder.end = p->input;
    *patch = p;
    return 0;
}

/* ---- bytes of the images --------------------------------------------------------------------- */

static int damaged(struct fota_patch *p)
{
    return fail(&p->fault, FOTA_ERR_PATCH, 0, p->position);
}

/* `length` bytes (at most CACHED) of the old image, which must be there. */
static const uint8_t *old_bytes(struct fota_patch *p, uint32_t offset, uint32_t length, int *err)
{
    uint32_t size = p->layout.old_size;

    if (offset >= p->cache_at && offset - p->cache_at + length <= p->cache_length)
        return p->cache + (offset - p->cache_at);
    p->cache_at = offset;
    p->cache_length = size - offset < CACHED ? size - offset : CACHED;
    *err = p->readers->read_old(p->readers->context, offset, p->cache, p->cache_length);
    if (*err)
        p->cache_length = 0;
    return p->cache;
}

static inline uint8_t recent_byte(const struct fota_patch *p, uint32_t distance)
{
    uint32_t at = p->ring_at >= distance ? p->ring_at - distance : p->ring_at + RING - distance;

    return p->ring[at];
}

/* `length` bytes (at most CACHED) at `distance`, which must not overlap what is to be made. */
static int new_bytes(struct fota_patch *p, uint32_t distance, uint8_t *out, uint32_t length)
{
    if (distance > RING)
        return p->readers->read_new(p->readers->context, p->position - distance, out, length);
    for (uint32_t i = 0; i < length; i++)
        out[i] = recent_byte(p, distance - i);
    return 0;
}

static inline void emit(struct fota_patch *p, uint8_t byte)
{
    p->ring[p->ring_at] = byte;
    p->ring_at = p->ring_at + 1 == RING ? 0 : p->ring_at + 1;
    p->position++;
}

/* Makes bytes of a copy. */
static void emit_all(struct fota_patch *p, const uint8_t *bytes, uint32_t length)
{
    uint32_t room = RING - p->ring_at;

    if (length < room) {
        memcpy(p->ring + p->ring_at, bytes, length);
        p->ring_at += length;
    } else {
        memcpy(p->ring + p->ring_at, bytes, room);
        memcpy(p->ring, bytes + room, length - room);
        p->ring_at = length - room;
    }
    p->position += length;
    p->left -= length;
}

/* Whether `length` bytes from a source are there; they may be those that it makes itself. */
static int is_there(const struct fota_patch *p, const struct patch_source *source, uint32_t length)
{
    uint32_t from;

    if (source->is_new)
        return source->where != 0 && source->where <= p->position;
    from = p->position + source->where;
    return from >= p->old_low && from <= p->layout.old_size && p->layout.old_size - from >= length;
}

/* ---- input ----------------------------------------------------------------------------------- */

static uint32_t offset_of(const struct fota_patch *p, const uint8_t *at)
{
    return p->input_offset + (uint32_t)(at - p->input);
}

/* What the coder may see of the input: no more than its segment. */
static void open_window(struct fota_patch *p)
{
    uint32_t length = p->coded_end - p->input_offset;

    if (length <= p->input_length) {
        p->coder.end = p->input + length;
        p->scarce = p->coder.end + 1;
    } else {
        p->coder.end = p->input + p->input_length;
        p->scarce = p->input_length < AHEAD ? p->input : p->coder.end - AHEAD + 1;
    }
}

/* Whether a step could need input that was not pushed yet. */
static inline int is_short(const struct fota_patch *p)
{
    return p->coder.next >= p->scarce;
}

size_t fota_patch_sink(struct fota_patch *p, const void *data, size_t length)
{
    uint32_t used = (uint32_t)(p->coder.next - p->input);
    uint32_t left = p->total - (p->input_offset + p->input_length);

    memmove(p->input, p->coder.next, p->input_length - used);
    p->input_offset += used;
    p->input_length -= used;
    p->coder.next = p->input;
    if (length > INPUT - p->input_length)
        length = INPUT - p->input_length;
    if (length > left)
        length = left;
    memcpy(p->input + p->input_length, data, length);
    p->input_length += (uint32_t)length;
    open_window(p);
    return length;
}

/* ---- segments -------------------------------------------------------------------------------- */

static void accept_head(struct fota_patch *p)
{
    p->total = p->coded_end = p->head.length;
    p->arch = fota_patch_arch_find(p->head.arch);
    p->stage = SEGMENT;
}

static int step_head(struct fota_patch *p)
{
    struct patch_head_reader r = {p->coder.next, p->coder.end, 0};

    fota_patch_head_read(&r, &p->layout, &p->head);
    if (r.failed || p->head.length < offset_of(p, r.next))
        return damaged(p);
    p->coder.next = r.next;
    accept_head(p);
    open_window(p);
    return 0;
}

/* Reads a segment's head; *coded is its length. */
static void read_segment(struct patch_head_reader *r, uint32_t *coded, uint32_t *crc)
{
    *coded = fota_patch_head_number(r);
    *crc = fota_patch_head_word(r);
}

static int step_segment(struct fota_patch *p)
{
    const struct fota_patch_layout *l = &p->layout;
    struct patch_head_reader r = {p->coder.next, p->coder.end, 0};
    uint32_t start = p->segment * l->segment;
    uint32_t kept = l->spare ? l->spare / l->segment : 0;
    uint32_t coded = p->total - offset_of(p, r.next);

    if (l->segment)
        read_segment(&r, &coded, &p->crc_wanted);
    if (r.failed || coded > p->total - offset_of(p, r.next))
        return damaged(p);
    p->coder.next = r.next;
    p->coded_end = offset_of(p, r.next) + coded;
    open_window(p);
    p->segment_end =
        l->segment && l->new_size - start > l->segment ? start + l->segment : l->new_size;
    p->old_low = l->spare && p->segment >= kept ? (p->segment - kept + 1) * l->segment : 0;
    p->cache_length = 0;
    p->crc = 0;
    fota_patch_model_reset(&p->model, p->head.how);
    start_coder(&p->coder);
    p->stage = OPERATION;
    return 0;
}

/* All bytes of a segment were polled. */
static int end_segment(struct fota_patch *p)
{
    normalise(&p->coder);
    if (offset_of(p, p->coder.next) != p->coded_end)
        return damaged(p);
    if (p->layout.segment && p->crc != p->crc_wanted)
        return fail(&p->fault, FOTA_ERR_PATCH_CHECK, p->crc_wanted, p->segment);
    p->segment++;
    if (p->segment_end == p->layout.new_size) {
        p->stage = DONE;
        return p->coded_end == p->total ? 0 : damaged(p);
    }
    p->coded_end = p->total;
    p->stage = SEGMENT;
    open_window(p);
    return 0;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* Whether there is room for what the next step makes, and input for it. */
static inline int may_go_on(const struct fota_patch *p)
{
    return p->position - p->delivered < GATHER && !is_short(p);
}

/* What a literal is guessed from, where it is. */
static int look_around(struct fota_patch *p, struct literal_context *c)
{
    const struct patch_source *source = &p->model.sources[0];
    int err = 0;

    c->parity = p->position & 3;
    c->fresh = p->fresh;
    if (p->position)
        c->last = recent_byte(p, 1);
    if (is_there(p, source, 1)) {
        if (source->is_new)
            err = new_bytes(p, source->where, &c->there, 1);
        else
            c->there = *old_bytes(p, p->position + source->where, 1, &err);
    }
    return err;
}

static int step_literals(struct fota_patch *p)
{
    int err = 0;

    while (p->left && may_go_on(p)) {
        struct literal_context c = {0, 0, 0, 0};

        if (p->model.how)
            err = look_around(p, &c);
        if (err)
            return err;
        emit(p, code_literal(&p->coder, &p->model, &c, 0));
        p->fresh = 0;
        p->left--;
    }
    if (p->left == 0)
        p->stage = OPERATION;
    return 0;
}

static int step_operation(struct fota_patch *p)
{
    struct patch_model *m = &p->model;
    struct patch_source source = {0, 0};
    unsigned op = code_op(&p->coder, m, p->position, 0);

    if (op == OP_LITERAL) {
        p->left = code_run(&p->coder, m, 0);
        p->fresh = 1;
        p->stage = LITERALS;
        did(m, DID_LITERAL);
        return p->left > p->segment_end - p->position ? damaged(p) : 0;
    }
    if (op < OP_OLD)
        source = m->sources[op - OP_RECENT];
    else
        source.is_new = op == OP_NEW;
    p->left = code_length(&p->coder, m, op, 0);
    if (op >= OP_OLD)
        code_source(&p->coder, m, p->left, &source);
    use_source(m, op - OP_RECENT, &source);
    if (p->left > p->segment_end - p->position || !is_there(p, &source, p->left))
        return damaged(p);
    learn_copy(m, p->arch, p->position, p->left);
    did(m, op == OP_RECENT ? DID_AGAIN : source.is_new ? DID_NEW : DID_OLD);
    p->stage = COPY;
    return 0;
}

/*
 * One unit of a copy's bytes, which come from `from` and go to `to`, or one byte that is none;
 * returns its length, 0: not enough input.
 */
static uint32_t relocate(struct fota_patch *p, uint8_t *bytes, uint32_t length, uint32_t from,
                         uint32_t to)
{
    unsigned is_new = p->model.sources[0].is_new;
    struct patch_unit unit;
    uint32_t value;

    p->arch->find(is_new ? &p->head.new_space : &p->head.old_space, bytes, length, from, &unit);
    if (unit.length == 0)
        return 1;
    if (unit.kind == PATCH_PLAIN)
        return unit.length;
    value = unit.value;
    if (!is_new) {
        if (is_short(p))
            return 0;
        value = code_address(&p->coder, &p->model, p->arch, &p->head, &unit, 0);
    }
    p->arch->put(&p->head.new_space, bytes, to, &unit, value);
    return unit.length;
}

/* Bytes of a copy to work on at once, so that a unit that begins in it is seen whole. */
static int fetch_copy(struct fota_patch *p, uint32_t from, uint8_t *bytes, uint32_t *length)
{
    const struct patch_source *source = &p->model.sources[0];
    int err = 0;

    *length = p->left < STEP + PATCH_UNIT_MAX ? p->left : STEP + PATCH_UNIT_MAX;
    if (source->is_new) {
        *length = *length < source->where ? *length : source->where;
        return new_bytes(p, source->where, bytes, *length);
    }
    memcpy(bytes, old_bytes(p, from, *length, &err), *length);
    return err;
}

static int step_copy(struct fota_patch *p)
{
    const struct patch_source *source = &p->model.sources[0];
    const struct patch_space *space = source->is_new ? &p->head.new_space : &p->head.old_space;
    uint32_t from = source->is_new ? p->position - source->where : p->position + source->where;
    unsigned step = copy_step(p->arch, source, p->position);
    uint8_t bytes[STEP + PATCH_UNIT_MAX];
    uint32_t length, limit, i = 0;
    int err = fetch_copy(p, from, bytes, &length);

    if (err)
        return err;
    /* Units begin below the limit, where they are seen whole. */
    limit = length;
    if (step && length != p->left)
        limit = length > PATCH_UNIT_MAX ? length - PATCH_UNIT_MAX + 1 : 1;
    if (!step)
        i = length;
    while (i < limit) {
        uint32_t n;

        i += (uint32_t)p->arch->skip(space, bytes + i, length - i, limit - i, from + i);
        if (i >= limit)
            break;
        n = relocate(p, bytes + i, length - i, from + i, p->position + i);
        if (n == 0)
            break;
        i += n;
    }
    emit_all(p, bytes, i);
    if (p->left == 0)
        p->stage = OPERATION;
    return 0;
}

/* ---- output ---------------------------------------------------------------------------------- */

static int step(struct fota_patch *p)
{
    switch (p->stage) {
    case HEAD: return step_head(p);
    case SEGMENT: return step_segment(p);
    case OPERATION: return step_operation(p);
    case LITERALS: return step_literals(p);
    default: return step_copy(p);
    }
}

/* Moves made bytes to `out`; returns how many. */
static uint32_t deliver(struct fota_patch *p, uint8_t *out, size_t size)
{
    uint32_t length = p->position - p->delivered, at, first;

    if (length > size)
        length = (uint32_t)size;
    at = p->position - p->delivered;
    at = p->ring_at >= at ? p->ring_at - at : p->ring_at + RING - at;
    first = length < RING - at ? length : RING - at;
    memcpy(out, p->ring + at, first);
    memcpy(out + first, p->ring, length - first);
    if (p->layout.segment)
        p->crc = fota_crc32(p->crc, out, length);
    p->delivered += length;
    return length;
}

/* Keeps the error of a reader, or of the stream, for every later call. */
static int give_up(struct fota_patch *p, int err, struct fota_fault *fault)
{
    if (p->fault.error != err)
        fail(&p->fault, err, 0, p->position);
    p->stage = FAILED;
    *fault = p->fault;
    return err;
}

/* Decodes until there is something to deliver, or nothing to go on with. */
static int run(struct fota_patch *p)
{
    int err = 0;

    while (!err && may_go_on(p) && p->stage != DONE &&
           (p->stage != OPERATION || p->position != p->segment_end))
        err = step(p);
    return err;
}

int fota_patch_poll(struct fota_patch *p, void *out, size_t size, size_t *length,
                    struct fota_fault *fault)
{
    uint8_t *to = out;
    int err;

    if (size > BURST)
        size = BURST;
    *length = 0;
    if (p->stage == FAILED)
        return give_up(p, p->fault.error, fault);
    for (;;) {
        *length += deliver(p, to + *length, size - *length);
        if (p->delivered != p->position)
            return FOTA_PATCH_MORE;
        if (p->stage == DONE)
            return FOTA_PATCH_DONE;
        if (p->stage == OPERATION && p->position == p->segment_end) {
            err = end_segment(p);
            if (err)
                return give_up(p, err, fault);
            return p->stage == DONE ? FOTA_PATCH_DONE : FOTA_PATCH_SEGMENT;
        }
        if (is_short(p))
            return FOTA_PATCH_WANTS;
        if (*length == size)
            return FOTA_PATCH_MORE;
        err = run(p);
        if (err)
            return give_up(p, err, fault);
    }
}

/* ---- beginning in the middle ----------------------------------------------------------------- */

/* Reads up to 16 bytes of the payload for a head. */
static int read_head(struct fota_patch *p, uint32_t offset, uint8_t *bytes,
                     struct patch_head_reader *r,
                     int (*read)(void *context, uint32_t offset, void *data, size_t length),
                     void *context)
{
    uint32_t left = p->total - offset;
    uint32_t length = left < PATCH_HEAD_MAX ? left : PATCH_HEAD_MAX;

    r->next = bytes;
    r->end = bytes + length;
    r->failed = 0;
    return read(context, offset, bytes, length);
}

/* The newest bytes before the segment, as if they had just been made. */
static int fill_ring(struct fota_patch *p)
{
    uint32_t length = p->position < RING ? p->position : RING;

    p->ring_at = length % RING;
    return length ? p->readers->read_new(p->readers->context, p->position - length, p->ring, length)
                  : 0;
}

int fota_patch_seek(struct fota_patch *p, uint32_t index,
                    int (*read)(void *context, uint32_t offset, void *data, size_t length),
                    void *context, uint32_t *offset, struct fota_fault *fault)
{
    uint8_t bytes[PATCH_HEAD_MAX];
    struct patch_head_reader r;
    uint32_t at = 0, coded, crc;
    int err;

    if (index >= fota_patch_segments(&p->layout))
        return fail(fault, FOTA_ERR_ARGUMENT, fota_patch_segments(&p->layout), index);
    err = read_head(p, 0, bytes, &r, read, context);
    if (err)
        return give_up(p, err, fault);
    fota_patch_head_read(&r, &p->layout, &p->head);
    if (r.failed || p->head.length < (uint32_t)(r.next - bytes))
        return give_up(p, damaged(p), fault);
    at = (uint32_t)(r.next - bytes);
    accept_head(p);
    for (uint32_t i = 0; i < index; i++) {
        err = read_head(p, at, bytes, &r, read, context);
        if (err)
            return give_up(p, err, fault);
        read_segment(&r, &coded, &crc);
        at += (uint32_t)(r.next - bytes);
        if (r.failed || coded > p->total - at)
            return give_up(p, damaged(p), fault);
        at += coded;
    }
    p->segment = index;
    p->position = p->delivered = index * p->layout.segment;
    p->input_offset = *offset = at;
    err = fill_ring(p);
    return err ? give_up(p, err, fault) : 0;
}

int fota_patch_undo(const struct fota_patch_layout *layout, const uint8_t *head, size_t length,
                    uint32_t *offset)
{
    struct patch_head_reader r = {head, head + length, 0};
    struct patch_head h;

    fota_patch_head_begin(&r, layout, &h);
    *offset = h.length == layout->payload ? 0 : h.length;
    return r.failed ? FOTA_ERR_PATCH : 0;
}
