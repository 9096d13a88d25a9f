/*
 * A key that takes the place of another one: by the old one's signature, for good once the image
 * that brought it is confirmed, and power safe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "rig_parts.h"

static struct rig rig;

static int setup(void **state)
{
    (void)state;
    rig_open(&rig, rig_map(RIG_MAP_PAGE));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* Key 0 is the modem's; 1 and 2 it does not know. */
static struct rig_package package(uint32_t sequence, const unsigned *chain, unsigned length,
                                  unsigned signer)
{
    struct rig_spec spec = {.sequence = sequence, .chain_length = length, .signer = signer};
    struct rig_package p;

    for (unsigned i = 0; i <= length; i++)
        spec.chain[i] = chain[i];
    rig_package_make(&p, &spec);
    return p;
}

static const unsigned none[] = {0};
static const unsigned to_1[] = {0, 1};
static const unsigned to_2[] = {0, 2};
static const unsigned to_1_to_2[] = {0, 1, 2};

/* Downloads; 0, or the error. */
static int offer(const struct rig_package *p)
{
    rig_serve(&rig, p);
    assert_true(rig_restart(&rig));
    return rig_download(&rig);
}

static int offer_new(uint32_t sequence, const unsigned *chain, unsigned length, unsigned signer)
{
    struct rig_package p = package(sequence, chain, length, signer);
    int err = offer(&p);

    rig_package_free(&p);
    return err;
}

static void install(uint32_t sequence, const unsigned *chain, unsigned length, unsigned signer)
{
    struct rig_package p = package(sequence, chain, length, signer);

    assert_int_equal(offer(&p), 0);
    assert_true(rig_restart(&rig));
    assert_true(rig_slot_holds(&rig, &p));
    assert_int_equal(fota_confirm(rig.fota), 0);
    rig_package_free(&p);
}

static void a_new_key_signs_by_the_old_ones_word(void **state)
{
    (void)state;
    install(2, to_1, 1, 1);
    assert_int_equal(rig_record(&rig).key_generation, 1);
    install(3, to_1, 1, 1);
}

static void arbitrary_install_a_key_without_a_voucher_is_refused(void **state)
{
    (void)state;
    assert_int_equal(offer_new(2, none, 0, 1), FOTA_ERR_UNKNOWN_KEY);
    /* Vouched for by a key that the modem does not know, and by itself. */
    assert_int_equal(offer_new(2, (const unsigned[]){1, 2}, 1, 2), FOTA_ERR_UNKNOWN_KEY);
    assert_int_equal(offer_new(2, (const unsigned[]){1, 1}, 1, 1), FOTA_ERR_UNKNOWN_KEY);
    /* Vouched for, but it is another key that signed. */
    assert_int_equal(offer_new(2, to_1, 1, 2), FOTA_ERR_UNKNOWN_KEY);
}

static void arbitrary_install_a_changed_successor_is_refused(void **state)
{
    struct rig_spec spec = {
        .sequence = 2, .chain = {0, 1}, .chain_length = 1, .signer = 1, .forged_successor = true};
    struct rig_package p;

    (void)state;
    rig_package_make(&p, &spec);
    assert_int_equal(offer(&p), FOTA_ERR_SUCCESSOR);
    rig_package_free(&p);
}

static void key_compromise_the_old_key_is_refused_afterwards(void **state)
{
    (void)state;
    /* Beside its successor it signs nothing. */
    assert_int_equal(offer_new(2, to_1, 1, 0), FOTA_ERR_KEY_REPLACED);
    assert_int_equal(offer_new(2, none, 0, 0), 0);
    assert_int_equal(fota_discard(rig.fota), 0);
    install(3, to_1, 1, 1);
    assert_int_equal(offer_new(4, none, 0, 0), FOTA_ERR_KEY_REPLACED);
    /* Nor does it vouch for another key. */
    assert_int_equal(offer_new(4, to_2, 1, 2), FOTA_ERR_KEY_REPLACED);
    /* The new one may. */
    install(4, to_1_to_2, 2, 2);
    assert_int_equal(offer_new(5, to_1, 1, 1), FOTA_ERR_KEY_REPLACED);
    install(5, to_1_to_2, 2, 2);
}

/* A modem may know a key of its own that a chain passes by. */
static void key_compromise_a_key_in_the_middle_signs_nothing(void **state)
{
    const struct fota_keypair *first = rig_key(0), *second = rig_key(1);
    struct fota_key keys[2] = {{.development = false}, {.development = false}};

    (void)state;
    memcpy(keys[0].id, first->id, sizeof keys[0].id);
    memcpy(keys[0].point, first->point, sizeof keys[0].point);
    memcpy(keys[1].id, second->id, sizeof keys[1].id);
    memcpy(keys[1].point, second->point, sizeof keys[1].point);
    rig.policy.keys = keys;
    rig.policy.key_count = 2;
    install(2, to_1_to_2, 2, 2);
    assert_int_equal(offer_new(3, to_1_to_2, 2, 1), FOTA_ERR_KEY_REPLACED);
    assert_int_equal(offer_new(3, to_1_to_2, 2, 0), FOTA_ERR_KEY_REPLACED);
    install(3, to_1_to_2, 2, 2);
}

static void the_old_key_counts_until_the_new_image_is_confirmed(void **state)
{
    struct rig_package p = package(2, to_1, 1, 1);

    (void)state;
    assert_int_equal(offer(&p), 0);
    for (int i = 0; i < 4; i++)
        assert_true(rig_restart(&rig));
    assert_true(rig_slot_holds(&rig, &rig.old));
    assert_int_equal(rig_record(&rig).key_generation, 0);
    assert_int_equal(offer_new(3, none, 0, 0), 0);
    rig_package_free(&p);
}

static void a_lost_journal_does_not_bring_the_old_key_back(void **state)
{
    const struct fota_region *journal = &rig.map->journal;

    (void)state;
    install(2, to_1, 1, 1);
    memset(fota_sim_flash_cells(rig.flash) + journal->offset, 0xff, journal->size);
    assert_int_equal(offer_new(3, none, 0, 0), FOTA_ERR_KEY_REPLACED);
    assert_int_equal(offer_new(3, to_2, 1, 2), FOTA_ERR_KEY_REPLACED);
}

static struct rig_package rotated;

static void live(struct rig *r)
{
    if (rig_restart(r) && rig_slot_holds(r, &rotated))
        assert_int_equal(fota_confirm(r->fota), 0);
}

/* At every operation of install and confirm, in every way: afterwards either key counts, never
 * both, and with a little patience it is the new one. */
static void a_power_cut_leaves_the_one_key_or_the_other(void **state)
{
    uint8_t *copy = malloc(rig.map->flash_size);
    bool fired = true;

    (void)state;
    assert_non_null(copy);
    rotated = package(2, to_1, 1, 1);
    assert_int_equal(offer(&rotated), 0);
    memcpy(copy, fota_sim_flash_cells(rig.flash), rig.map->flash_size);
    for (uint64_t at = 1; fired; at += 3) {
        fired = false;
        for (int mode = 0; mode <= FOTA_SIM_CUT_AFTER; mode++) {
            memcpy(fota_sim_flash_cells(rig.flash), copy, rig.map->flash_size);
            fota_sim_flash_cut(rig.flash, at, (enum fota_sim_cut)mode);
            fired = !rig_run(&rig, live) || fired;
            fota_sim_flash_cut(rig.flash, 0, FOTA_SIM_CUT_BEFORE);
            live(&rig);
            assert_true(rig_slot_holds(&rig, &rotated));
            assert_int_equal(rig_record(&rig).key_generation, 1);
        }
    }
    assert_int_equal(offer_new(3, none, 0, 0), FOTA_ERR_KEY_REPLACED);
    rig_package_free(&rotated);
    free(copy);
}

static unsigned checks;

static int count_verify(const uint8_t key[FOTA_PUBLIC_KEY_SIZE],
                        const uint8_t digest[FOTA_DIGEST_SIZE],
                        const uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    checks++;
    return rig.port.crypto->ecdsa_verify(key, digest, signature);
}

/* What leads to the keys is checked as often as a signature, and not once more for each of them: a
 * header is judged in one step, and a watchdog waits for it. */
static void the_chain_is_followed_once_for_all_signatures(void **state)
{
    struct rig_package p = package(2, to_1_to_2, 2, 2);
    struct fota_crypto_ops crypto = *rig.port.crypto;
    struct fota_manifest m;
    struct fota_fault fault;

    (void)state;
    crypto.ecdsa_verify = count_verify;
    assert_int_equal(fota_package_parse(p.data, p.header_length, &m, &fault), 0);
    m.signature_count = 2;
    m.signatures[1] = m.signatures[0];
    m.signatures[1].key_id[0] ^= 1;
    checks = 0;
    assert_int_equal(fota_package_verify(&crypto, &rig.policy, p.data, &m, &fault), 0);
    assert_int_equal(checks, 2 * (2 + 1));
    rig_package_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_new_key_signs_by_the_old_ones_word),
        TEST(arbitrary_install_a_key_without_a_voucher_is_refused),
        TEST(arbitrary_install_a_changed_successor_is_refused),
        TEST(key_compromise_the_old_key_is_refused_afterwards),
        TEST(key_compromise_a_key_in_the_middle_signs_nothing),
        TEST(the_old_key_counts_until_the_new_image_is_confirmed),
        TEST(a_lost_journal_does_not_bring_the_old_key_back),
        TEST(a_power_cut_leaves_the_one_key_or_the_other),
        TEST(the_chain_is_followed_once_for_all_signatures),
    };

    return cmocka_run_group_tests_name("rotation", tests, NULL, NULL);
}
