/*
 * Links that do everything at once: an update over a path, a server and an interface that are drawn
 * by lot. Whatever they do, the new image is installed whole, or the old one stays and there is one
 * error of the network.
 *
 * test_lwip_campaign [SEED [COUNT]]: runs COUNT links from SEED on, all different.
 */
#include <inttypes.h>
#include <stdio.h>

#include "link_world.h"

#define LINKS  150u
#define EVENTS 4u

static uint64_t first_seed = 1;
static unsigned links = LINKS;
static uint64_t current; /* seed of the link that is being tried; 0 none */

/* By chance, from `least` to `most`. */
static uint32_t draw(uint64_t *random, uint32_t least, uint32_t most)
{
    return least + (uint32_t)(rig_random(random) % (most - least + 1));
}

static bool one_in(uint64_t *random, uint32_t n)
{
    return draw(random, 1, n) == 1;
}

static struct hairpin_path draw_path(uint64_t *random)
{
    struct hairpin_path path = {0};

    path.rate = one_in(random, 4) ? 0 : draw(random, 16, 1000) * 1000;
    path.delay_ms = draw(random, 0, 400);
    path.jitter_ms = one_in(random, 2) ? 0 : draw(random, 0, 300);
    path.loss = one_in(random, 2) ? 0 : draw(random, 0, 120);
    path.duplicates = one_in(random, 3) ? draw(random, 0, 100) : 0;
    path.queue = one_in(random, 3) ? draw(random, 4000, 40000) : 0;
    return path;
}

static void draw_server(uint64_t *random)
{
    hairpin_server.think_ms = draw(random, 0, 3000);
    hairpin_server.dns_ms = draw(random, 0, 2000);
    hairpin_server.has_a = !one_in(random, 3);
    hairpin_server.has_aaaa = !hairpin_server.has_a || one_in(random, 2);
    hairpin_server.rst_after = draw(random, 1, IMAGE);
    hairpin_server.rst_times = draw(random, 0, 3);
}

static void lose_power(struct fixture *f)
{
    hairpin_lose_power();
    memset(f->rig.memory, 0xa5, fota_size());
    f->rig.fota = NULL;
    assert_true(rig_restart(&f->rig));
}

/* Something happens to the link, and is over before this returns. 1: the download goes on, else as
 * drive(). */
static int happen(struct fixture *f, uint64_t *random, const char *url)
{
    uint32_t ms = draw(random, 0, 90000);
    int result = 1;

    switch (draw(random, 0, 4)) {
    case 0:
        hairpin_detach();
        result = drive(f, NEVER, ms);
        hairpin_attach();
        return result;
    case 1:
        hairpin_set_address(0);
        result = drive(f, NEVER, ms);
        hairpin_set_address((uint8_t)draw(random, 10, 250));
        return result;
    case 2: hairpin_forget_mappings(); return 1;
    case 3:
        hairpin_up.dead = true;
        result = drive(f, NEVER, ms);
        hairpin_up.dead = false;
        return result;
    default: lose_power(f); return start(f, url) == 0 ? 1 : -1;
    }
}

static bool is_of_the_network(int error)
{
    return error == FOTA_ERR_DNS || error == FOTA_ERR_CONNECT || error == FOTA_ERR_CONNECTION ||
           error == FOTA_ERR_CLOSED || error == FOTA_ERR_STALLED || error == FOTA_ERR_SLOW;
}

/* Returns whether the update was installed. */
static bool live(struct fixture *f, uint64_t seed)
{
    static const char *const urls[] = {URL, BY_NAME, "http://[" HAIRPIN_HOST6 "]/app.fota"};
    uint64_t random = seed;
    const char *url = urls[draw(&random, 0, 2)];
    unsigned events = draw(&random, 0, EVENTS);
    int result = 1;

    begin(f, seed);
    hairpin_down = draw_path(&random);
    hairpin_up = draw_path(&random);
    draw_server(&random);
    hairpin_set_mtu((uint16_t)(one_in(&random, 2) ? 1500 : draw(&random, 1280, 1500)));
    assert_int_equal(start(f, url), 0);
    while (events-- && result == 1) {
        result = drive(f, NEVER, draw(&random, 0, 30000));
        if (result == 1)
            result = happen(f, &random, url);
    }
    if (result == 1)
        result = finish(f);
    assert_true(hairpin_received() <= most_bytes(f, hairpin_opened()));
    if (result == 0) {
        assert_installs(f);
        return true;
    }
    if (!is_of_the_network(result))
        fail_msg("ended with %d", result);
    assert_untouched(f);
    rig_close(&f->rig);
    rig_open(&f->rig, &map);
    return false;
}

static void any_link_gives_the_image_or_one_error(void **state)
{
    unsigned installed = 0;

    for (unsigned i = 0; i < links; i++) {
        current = first_seed + i;
        installed += live(*state, current);
    }
    current = 0;
    printf("%u links from seed %" PRIu64 ": %u updates, %u errors\n", links, first_seed, installed,
           links - installed);
    assert_true(installed >= links * 8 / 10);
}

static int tell_seed(void **state)
{
    if (current)
        printf("it was seed %" PRIu64 "\n", current);
    return teardown(state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_link_gives_the_image_or_one_error, setup, tell_seed)};

    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        links = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests_name("lwip campaign", tests, NULL, NULL);
}
