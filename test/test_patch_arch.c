/* test_patch_arch.c - core/patch_arch.h: units of each architecture are found, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "patch_arch.h"
#include "patch_head.h"

#define AT 0x100u

static const unsigned archs[] = {PATCH_ARCH_THUMB, PATCH_ARCH_A32, PATCH_ARCH_RISCV,
                                 PATCH_ARCH_XTENSA};

static struct patch_space space_of(uint32_t base, uint32_t size)
{
    struct patch_space space;

    memset(&space, 0, sizeof space);
    space.base = base;
    space.range_count = 1;
    fota_patch_space_cover(&space, size);
    return space;
}

static uint32_t found(unsigned arch, const uint8_t *bytes, size_t length)
{
    struct patch_space space = space_of(0x08000000, 0x100000);
    struct patch_unit unit;

    fota_patch_arch_find(arch)->find(&space, bytes, length, AT, &unit);
    assert_int_not_equal(unit.length, 0);
    return unit.value;
}

static void calls_lead_where_the_manuals_say(void **state)
{
    static const uint8_t thumb[] = {0x00, 0xf0, 0x02, 0xf8};                   /* BL . + 8 */
    static const uint8_t thumb_back[] = {0xff, 0xf7, 0xfe, 0xff};              /* BL . */
    static const uint8_t a32[] = {0x01, 0x00, 0x00, 0xeb};                     /* BL . + 12 */
    static const uint8_t jal[] = {0xef, 0x00, 0x00, 0x01};                     /* JAL ra, . + 16 */
    static const uint8_t auipc[] = {0x97, 0x10, 0, 0, 0xe7, 0x80, 0xc0, 0xff}; /* CALL . + 0xffc */
    static const uint8_t call0[] = {0x45, 0x00, 0x00};                         /* CALL0 . + 8 */

    (void)state;
    assert_int_equal(found(PATCH_ARCH_THUMB, thumb, 4), AT + 8);
    assert_int_equal(found(PATCH_ARCH_THUMB, thumb_back, 4), AT);
    assert_int_equal(found(PATCH_ARCH_A32, a32, 4), AT + 12);
    assert_int_equal(found(PATCH_ARCH_RISCV, jal, 4), AT + 16);
    assert_int_equal(found(PATCH_ARCH_RISCV, auipc, 8), AT + 0xffc);
    assert_int_equal(found(PATCH_ARCH_XTENSA, call0, 3), AT + 8);
}

static void words_are_addresses_when_they_point_into_the_image(void **state)
{
    struct patch_space space = space_of(0x08000000, 0x100000);
    uint8_t bytes[8] = {0};
    struct patch_unit unit;

    (void)state;
    fota_put32(bytes, 0x08000120);
    unit.length = 0;
    fota_patch_find_word(&space, bytes, 4, AT, &unit);
    assert_int_equal(unit.length, 4);
    assert_int_equal(unit.value, 0x120);
    unit.length = 0;
    fota_patch_find_word(&space, bytes, 4, AT + 2, &unit);
    assert_int_equal(unit.length, 0);
    fota_put32(bytes, 0x09000120);
    fota_patch_find_word(&space, bytes, 4, AT, &unit);
    assert_int_equal(unit.length, 0);
}

/* Code that may run anywhere, as that of shared objects: ways from where they are said. */
static void words_may_hold_the_way_to_another_place(void **state)
{
    static const uint8_t blx[] = {0x00, 0xf0, 0x02, 0xe8}; /* BLX Align(., 4) + 8 */
    struct patch_space space = space_of(PATCH_NOWHERE, 0x100000);
    struct patch_unit unit;
    uint8_t bytes[4];

    (void)state;
    fota_put32(bytes, 0x5678);
    fota_patch_thumb.find(&space, bytes, 4, AT, &unit);
    assert_int_equal(unit.length, 0);
    fota_patch_thumb.find(&space, blx, 4, AT, &unit);
    assert_int_equal(unit.length, 0);

    space.near = space.size;
    fota_patch_thumb.find(&space, bytes, 4, AT, &unit);
    assert_int_equal(unit.value, AT + 0x5678);
    fota_patch_thumb.put(&space, bytes, AT + 0x100, &unit, AT + 0x5678);
    assert_int_equal(fota_get32(bytes), 0x5578);
    fota_patch_thumb.find(&space, blx, 4, AT + 2, &unit);
    assert_int_equal(unit.value, AT + 8);
    fota_put32(bytes, 0xff);
    fota_patch_thumb.find(&space, bytes, 4, AT, &unit);
    assert_int_equal(unit.length, 0);
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Whatever bytes are taken for a unit: written with its own address they stay what they are. */
static void a_unit_that_did_not_move_stays_as_it_is(void **state)
{
    struct patch_space space = space_of(0x08000000, 0x100000);
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < sizeof archs / sizeof *archs; i++) {
        const struct patch_arch *arch = fota_patch_arch_find(archs[i]);
        unsigned units = 0;

        for (unsigned n = 0; n < 200000; n++) {
            uint8_t bytes[PATCH_UNIT_MAX], copy[PATCH_UNIT_MAX];
            uint32_t at = next(&random) % 0x100000 / 4 * 4;
            struct patch_unit unit;

            space.near = n % 2 && archs[i] <= PATCH_ARCH_A32 ? space.size : 0;
            for (unsigned k = 0; k < sizeof bytes; k++)
                bytes[k] = (uint8_t)next(&random);
            arch->find(&space, bytes, sizeof bytes, at, &unit);
            if (unit.length == 0 || unit.kind == PATCH_PLAIN)
                continue;
            units++;
            assert_true(unit.length <= unit.span && unit.span <= PATCH_UNIT_MAX);
            assert_int_equal(arch->get(&space, bytes, at, &unit), unit.value);
            assert_int_equal((arch->skip)(&space, bytes, sizeof bytes, sizeof bytes, at), 0);
            memcpy(copy, bytes, sizeof copy);
            arch->put(&space, copy, at, &unit, unit.value);
            assert_memory_equal(copy, bytes, sizeof copy);
        }
        assert_true(units > 50);
    }
}

/* A branch that is moved to another place and target leads there. */
static void a_unit_that_moved_leads_to_its_new_address(void **state)
{
    struct patch_space space = space_of(0x08000000, 0x100000);
    uint8_t bytes[8] = {0x00, 0xf0, 0x02, 0xf8, 0, 0, 0, 0};
    struct patch_unit unit;

    (void)state;
    fota_patch_thumb.find(&space, bytes, 4, AT, &unit);
    for (uint32_t to = 0; to < 0x100000; to += 0x1002) {
        fota_patch_thumb.put(&space, bytes, 0x4000, &unit, to);
        assert_int_equal(fota_patch_thumb.get(&space, bytes, 0x4000, &unit), to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_lead_where_the_manuals_say),
        cmocka_unit_test(words_are_addresses_when_they_point_into_the_image),
        cmocka_unit_test(words_may_hold_the_way_to_another_place),
        cmocka_unit_test(a_unit_that_did_not_move_stays_as_it_is),
        cmocka_unit_test(a_unit_that_moved_leads_to_its_new_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
