/* test_patch.c - core/patch.h and tools/diff.h: what is made is made again, and nothing else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff.h"
#include "patch.h"
#include "patch_head.h"
#include "sample_code.h"

#define RAM 32768u

static uint8_t old_image[SAMPLE_MAX], new_image[SAMPLE_MAX];
static uint32_t old_size, new_size;

/* A slot: old bytes are replaced as in place, new ones can be read back as the header says. */
struct slot {
    uint8_t *old, *new;
    uint32_t made;     /* new bytes that were written */
    uint32_t polled;   /* and those of earlier polls, behind the lag */
    uint32_t old_low;  /* old bytes below are gone */
    unsigned violated; /* reads of what is not there */
};

static int read_old(void *context, uint32_t offset, void *data, size_t length)
{
    struct slot *s = context;

    if (offset < s->old_low || offset + length > old_size)
        s->violated++;
    memcpy(data, s->old + offset, length);
    return 0;
}

static int read_new(void *context, uint32_t offset, void *data, size_t length)
{
    struct slot *s = context;

    if (offset + length > s->polled)
        s->violated++;
    memcpy(data, s->new + offset, length);
    return 0;
}

struct payload {
    uint8_t *bytes;
    struct fota_patch_layout layout;
};

static int read_payload(void *context, uint32_t offset, void *data, size_t length)
{
    const struct payload *p = context;

    assert_true(offset + length <= p->layout.payload);
    memcpy(data, p->bytes + offset, length);
    return 0;
}

/* What a payload holds is read from it as it was told when it was made. */
static void assert_explained(const struct payload *p, const uint8_t *old,
                             const struct fota_diff_stats *made)
{
    struct fota_diff_stats told;

    assert_int_equal(fota_diff_explain(old, p->bytes, &p->layout, &told), 0);
    assert_string_equal(told.arch, made->arch);
    assert_int_equal(told.old_bytes, made->old_bytes);
    assert_int_equal(told.new_bytes, made->new_bytes);
    assert_int_equal(told.literal_bytes, made->literal_bytes);
    assert_int_equal(told.copies, made->copies);
    assert_int_equal(told.addresses, made->addresses);
    assert_int_equal(told.predicted, made->predicted);
    assert_true(fabs(told.copy_bits - made->copy_bits) < 1);
    assert_true(fabs(told.literal_bits - made->literal_bits) < 1);
    assert_true(fabs(told.address_bits - made->address_bits) < 1);
}

static struct payload make(const uint8_t *old, uint32_t old_length, const uint8_t *new,
                           uint32_t new_length, const struct fota_diff_options *options)
{
    struct payload p;
    struct fota_diff_stats stats;
    size_t length;

    assert_int_equal(
        fota_diff(old, old_length, new, new_length, options, &p.bytes, &length, &stats), 0);
    p.layout.payload = (uint32_t)length;
    p.layout.old_size = old_length;
    p.layout.new_size = new_length;
    p.layout.ram = options->ram ? options->ram : RAM;
    p.layout.segment = options->segment;
    p.layout.spare = options->spare;
    assert_explained(&p, old, &stats);
    return p;
}

/* Decodes from segment `first` on, `in` and `out` bytes at a time; returns the last state. */
static int decode(const struct payload *p, struct slot *slot, uint32_t first, size_t in, size_t out)
{
    struct fota_patch_readers readers = {read_old, read_new, slot};
    uint8_t *memory = malloc(p->layout.ram), piece[512];
    uint32_t pushed = 0, segment = first;
    struct fota_patch *patch;
    struct fota_fault fault;
    size_t length;
    int state;

    assert_int_equal(fota_patch_start(&patch, memory, p->layout.ram, &p->layout, &readers, &fault),
                     0);
    slot->made = slot->polled = first * p->layout.segment;
    if (first)
        assert_int_equal(fota_patch_seek(patch, first, read_payload, (void *)p, &pushed, &fault),
                         0);
    do {
        if (p->layout.spare && segment + 1 > p->layout.spare / p->layout.segment)
            slot->old_low = (segment + 1 - p->layout.spare / p->layout.segment) * p->layout.segment;
        slot->polled = slot->made > FOTA_PATCH_LAG ? slot->made - FOTA_PATCH_LAG : 0;
        state = fota_patch_poll(patch, piece, out, &length, &fault);
        if (slot->made + length > p->layout.new_size)
            break;
        memcpy(slot->new + slot->made, piece, length);
        slot->made += (uint32_t)length;
        if (state == FOTA_PATCH_SEGMENT)
            segment++;
        if (state == FOTA_PATCH_WANTS) {
            size_t left = p->layout.payload - pushed;
            size_t taken = fota_patch_sink(patch, p->bytes + pushed, left < in ? left : in);

            pushed += (uint32_t)taken;
            if (!taken)
                break;
        }
    } while (state > 0 && state != FOTA_PATCH_DONE);
    free(memory);
    return state;
}

static void check(const struct payload *p, const uint8_t *old, const uint8_t *new, uint32_t first,
                  size_t in, size_t out)
{
    struct slot slot = {(uint8_t *)old, malloc(p->layout.new_size), 0, 0, 0, 0};

    memcpy(slot.new, new, first * p->layout.segment);
    assert_int_equal(decode(p, &slot, first, in, out), FOTA_PATCH_DONE);
    assert_int_equal(slot.made, p->layout.new_size);
    assert_memory_equal(slot.new, new, p->layout.new_size);
    assert_int_equal(slot.violated, 0);
    free(slot.new);
}

static void any_split_gives_the_same_image(void **state)
{
    static const size_t sizes[] = {1, 3, 64, 512};
    struct fota_diff_options options = {.ram = RAM};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 4; k++)
            check(&p, old_image, new_image, 0, sizes[i], sizes[k]);
    free(p.bytes);
}

static void moved_addresses_cost_next_to_nothing(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);

    (void)state;
    /* Every call across the changed function and every pointer behind it differs. */
    assert_true(p.layout.payload < 200);
    free(p.bytes);
}

static void decoding_begins_at_any_segment(void **state)
{
    struct fota_diff_options options = {.ram = RAM, .segment = 4096};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);

    (void)state;
    assert_true(fota_patch_segments(&p.layout) > 4);
    for (uint32_t i = 0; i < fota_patch_segments(&p.layout); i++)
        check(&p, old_image, new_image, i, 100, 100);
    free(p.bytes);
}

static void in_place_reads_nothing_that_was_replaced(void **state)
{
    struct fota_diff_options options = {.ram = RAM, .segment = 4096, .spare = 8192};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);

    (void)state;
    check(&p, old_image, new_image, 0, 100, 100);
    check(&p, old_image, new_image, 5, 100, 100);
    free(p.bytes);
}

static void an_image_without_an_old_one_is_compressed(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    struct payload p = make(NULL, 0, new_image, new_size, &options);

    (void)state;
    assert_true(p.layout.payload < new_size);
    check(&p, old_image, new_image, 0, 100, 100);
    free(p.bytes);
}

/* What the decoder takes for literals is bounded: where there are too many, nothing is mixed. */
static void what_is_slow_to_decode_is_not_mixed(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    struct payload near = make(old_image, old_size, new_image, new_size, &options), far;
    struct payload plain;
    uint8_t *noise = malloc(new_size);
    uint32_t random = 1;

    (void)state;
    memcpy(noise, new_image, new_size);
    for (uint32_t i = 0; i < new_size / 2; i++)
        noise[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 25);
    far = make(old_image, old_size, noise, new_size, &options);
    options.fast = 1;
    plain = make(old_image, old_size, new_image, new_size, &options);
    assert_int_equal(near.bytes[0] & PATCH_MIX, PATCH_MIX);
    assert_int_equal(far.bytes[0] & PATCH_LITERALS, PATCH_COUNT);
    assert_int_equal(plain.bytes[0] & PATCH_LITERALS, 0);
    free(near.bytes);
    free(far.bytes);
    free(plain.bytes);
    free(noise);
}

/* Hexadecimal text, of which three bytes are taken out: letters that happen to be instructions. */
static void text_that_looks_like_code_is_packed_as_text(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    const uint32_t size = 300000;
    uint8_t *text = malloc(size), *next = malloc(size), *made;
    struct fota_fault fault;
    uint64_t random = 1;
    struct payload p;

    (void)state;
    for (uint32_t i = 0; i < size; i++) {
        if (i % 8 == 0)
            random = random * 16807 % 2147483647;
        text[i] = (uint8_t) "0123456789abcdef"[random >> (28 - i % 8 * 4) & 15];
    }
    memcpy(next, text, 1000);
    memcpy(next + 1000, text + 1003, size - 1003);
    p = make(text, size, next, size - 3, &options);
    assert_true(p.layout.payload < 100);
    made = malloc(size);
    assert_int_equal(fota_diff_apply(text, p.bytes, &p.layout, made, &fault), 0);
    assert_memory_equal(made, next, size - 3);
    free(p.bytes);
    free(made);
    free(next);
    free(text);
}

static void fill_with_noise(uint8_t *bytes, uint32_t size, uint64_t random)
{
    for (uint32_t i = 0; i < size; i++) {
        random = random * 16807 % 2147483647;
        bytes[i] = (uint8_t)(random >> 11);
    }
}

/* Encrypted images: there is nothing to guess and nothing to copy, and no code. */
static void noise_costs_no_more_than_itself(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    const uint32_t size = 300000;
    uint8_t *noise = malloc(2 * size);
    struct payload p;

    (void)state;
    fill_with_noise(noise, 2 * size, 1);
    p = make(noise, size, noise + size, size, &options);
    assert_true(p.layout.payload < size + 64);
    assert_int_equal(p.bytes[0] & (PATCH_ARCH_MASK | PATCH_LITERALS), 0);
    check(&p, noise, noise + size, 0, 512, 512);
    free(p.bytes);
    free(noise);
}

/* Words of two bytes, 64 of them in any order: each would be a copy, which takes as long as
 * many literals. */
static void short_copies_are_not_made_where_decoding_takes_too_long(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    const uint32_t size = 90000;
    uint8_t *words = malloc(size + 128);
    struct fota_diff_stats stats;
    uint64_t random = 7;
    size_t length;
    uint8_t *patch;

    (void)state;
    fill_with_noise(words, 128, 3);
    for (uint32_t i = 128; i < size + 128; i += 2) {
        random = random * 16807 % 2147483647;
        memcpy(words + i, words + (random >> 9) % 64 * 2, 2);
    }
    assert_int_equal(fota_diff(words, 128, words + 128, size, &options, &patch, &length, &stats),
                     0);
    assert_true(length < size + 64);
    assert_true(650 * stats.copies + 25 * stats.copy_bits + 120 * stats.literals < 300.0 * size);
    free(patch);
    free(words);
}

/* Samples of 16 bits, each a little more than it was: no byte of a low half is found again. */
static void tables_of_numbers_are_packed_as_differences(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    const uint32_t size = 100000;
    uint8_t *old = malloc(size), *new = malloc(size), *made = malloc(size);
    struct fota_fault fault;
    uint64_t random = 5;
    struct payload p;

    (void)state;
    for (uint32_t i = 0; i < size; i += 2) {
        random = random * 16807 % 2147483647;
        fota_put16(old + i, (uint16_t)(random >> 8));
        fota_put16(new + i, (uint16_t)((random >> 8) + (random >> 25) % 3));
    }
    p = make(old, size, new, size, &options);
    assert_int_equal(p.bytes[0] & PATCH_LITERALS, PATCH_LITERALS);
    assert_true(p.layout.payload < size / 7);
    assert_int_equal(fota_diff_apply(old, p.bytes, &p.layout, made, &fault), 0);
    assert_memory_equal(made, new, size);
    free(p.bytes);
    options = (struct fota_diff_options){FOTA_PATCH_RAM_MIN, 65536, 65536, 0, NULL, NULL};
    p = make(old, size, new, size, &options);
    assert_int_equal(fota_diff_apply(old, p.bytes, &p.layout, made, &fault), 0);
    assert_memory_equal(made, new, size);
    free(p.bytes);
    free(old);
    free(new);
    free(made);
}

static void small_images(void **state)
{
    struct fota_diff_options options = {.ram = RAM};

    (void)state;
    for (uint32_t size = 1; size < 40; size++) {
        struct payload p = make(old_image, size / 2, new_image, size, &options);

        check(&p, old_image, new_image, 0, 1, 1);
        free(p.bytes);
    }
}

/* What a reader or the caller would do to a patch that was damaged on the way. */
static void damaged_patches_are_noticed(void **state)
{
    struct fota_diff_options options = {.ram = RAM, .segment = 65536};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);
    struct slot slot = {old_image, malloc(new_size + 1), 0, 0, 0, 0};
    struct fota_diff_stats stats;

    (void)state;
    for (uint32_t i = 0; i < p.layout.payload; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            p.bytes[i] ^= (uint8_t)(1u << bit);
            /* An error; or it did not matter, and the image is the right one. */
            if (decode(&p, &slot, 0, 512, 512) == FOTA_PATCH_DONE)
                assert_memory_equal(slot.new, new_image, new_size);
            assert_int_equal(slot.violated, 0);
            /* Explaining one stays in its memory, too. */
            if (i % 8 == bit)
                (void)fota_diff_explain(old_image, p.bytes, &p.layout, &stats);
            p.bytes[i] ^= (uint8_t)(1u << bit);
        }
    free(slot.new);
    free(p.bytes);
}

static void truncated_and_extended_patches_are_errors(void **state)
{
    struct fota_diff_options options = {.ram = RAM, .segment = 65536};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);
    struct slot slot = {old_image, malloc(new_size + 1), 0, 0, 0, 0};
    uint32_t whole = p.layout.payload;

    (void)state;
    for (p.layout.payload = 1; p.layout.payload < whole; p.layout.payload++)
        assert_int_not_equal(decode(&p, &slot, 0, 512, 512), FOTA_PATCH_DONE);
    p.bytes = realloc(p.bytes, whole + 1);
    p.bytes[whole] = 0;
    p.layout.payload = whole + 1;
    assert_int_not_equal(decode(&p, &slot, 0, 512, 512), FOTA_PATCH_DONE);
    free(slot.new);
    free(p.bytes);
}

static void layouts_that_contradict_themselves_are_refused(void **state)
{
    static const struct fota_patch_layout good = {100, 1000, 1000, RAM, 4096, 8192};
    struct fota_patch_layout l = good;
    struct fota_fault fault;

    (void)state;
    assert_int_equal(fota_patch_check(&l, &fault), 0);
    l.spare = 4097;
    assert_int_equal(fota_patch_check(&l, &fault), FOTA_ERR_PATCH_LAYOUT);
    l = good;
    l.segment = 0;
    assert_int_equal(fota_patch_check(&l, &fault), FOTA_ERR_PATCH_LAYOUT);
    l = good;
    l.new_size = 0;
    assert_int_equal(fota_patch_check(&l, &fault), FOTA_ERR_PATCH_LAYOUT);
    l = good;
    l.old_size = UINT32_MAX;
    assert_int_equal(fota_patch_check(&l, &fault), FOTA_ERR_PATCH_LAYOUT);
    l = good;
    l.ram = FOTA_PATCH_RAM_MAX + 1;
    assert_int_equal(fota_patch_check(&l, &fault), FOTA_ERR_PARAMETERS);
}

static void too_little_memory_is_refused(void **state)
{
    const struct fota_patch_layout l = {100, 1000, 1000, RAM, 0, 0};
    static uint32_t memory[RAM / 4];
    struct fota_patch_readers readers = {read_old, read_new, NULL};
    struct fota_patch *patch;
    struct fota_fault fault;

    (void)state;
    assert_int_equal(fota_patch_start(&patch, memory, RAM - 1, &l, &readers, &fault),
                     FOTA_ERR_MEMORY);
    assert_int_equal(fault.expected, RAM);
    assert_null(patch);
}

static void a_reverse_patch_lies_behind(void **state)
{
    struct fota_diff_options options = {.ram = RAM};
    struct payload p = make(old_image, old_size, new_image, new_size, &options);
    struct payload u = make(new_image, new_size, old_image, old_size, &options);
    size_t length = p.layout.payload;
    uint32_t offset;

    (void)state;
    assert_int_equal(fota_patch_undo(&p.layout, p.bytes, 16, &offset), 0);
    assert_int_equal(offset, 0);
    assert_int_equal(fota_diff_append_undo(&p.bytes, &length, u.bytes, u.layout.payload), 0);
    p.layout.payload = (uint32_t)length;
    assert_int_equal(fota_patch_undo(&p.layout, p.bytes, 16, &offset), 0);
    assert_int_equal(length - offset, u.layout.payload);
    check(&p, old_image, new_image, 0, 100, 100);
    free(u.bytes);
    free(p.bytes);
}

static int setup(void **state)
{
    (void)state;
    old_size = sample_link(old_image, SAMPLE_FUNCTIONS, 0);
    new_size = sample_link(new_image, 40, 6);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_image),
        cmocka_unit_test(moved_addresses_cost_next_to_nothing),
        cmocka_unit_test(decoding_begins_at_any_segment),
        cmocka_unit_test(in_place_reads_nothing_that_was_replaced),
        cmocka_unit_test(an_image_without_an_old_one_is_compressed),
        cmocka_unit_test(what_is_slow_to_decode_is_not_mixed),
        cmocka_unit_test(text_that_looks_like_code_is_packed_as_text),
        cmocka_unit_test(noise_costs_no_more_than_itself),
        cmocka_unit_test(short_copies_are_not_made_where_decoding_takes_too_long),
        cmocka_unit_test(tables_of_numbers_are_packed_as_differences),
        cmocka_unit_test(small_images),
        cmocka_unit_test(damaged_patches_are_noticed),
        cmocka_unit_test(truncated_and_extended_patches_are_errors),
        cmocka_unit_test(layouts_that_contradict_themselves_are_refused),
        cmocka_unit_test(too_little_memory_is_refused),
        cmocka_unit_test(a_reverse_patch_lies_behind),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
