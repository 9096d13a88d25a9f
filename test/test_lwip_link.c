/*
 * A whole update over a link that does what links do: the engine, lwIP and a server in one process,
 * in virtual time (hairpin.h). L1 to L11 are the rows of the faults that the project lists.
 */
#include "link_world.h"

/* ---- the path as it should be ---------------------------------------------------------------- */

static void an_update_comes_over_a_link_without_faults(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), 0);
    assert_int_equal(hairpin_server.requests, 1);
    assert_in_range(hairpin_received(), f->package.length, f->package.length + HEADER);
    assert_installs(f);
}

static void an_update_comes_over_ipv6(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_up.dead_tcp4 = hairpin_down.dead_tcp4 = true;
    assert_int_equal(start(f, "http://[" HAIRPIN_HOST6 "]/app.fota"), 0);
    assert_int_equal(finish(f), 0);
    assert_installs(f);
}

static void run_once(struct fixture *f, uint64_t seed, uint64_t *ms, uint64_t *packets)
{
    uint64_t began;

    begin(f, seed);
    hairpin_up = hairpin_down =
        (struct hairpin_path){.rate = 64000, .delay_ms = 50, .jitter_ms = 30, .loss = 100};
    began = hairpin_now_ms();
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), 0);
    *ms = hairpin_now_ms() - began;
    *packets = hairpin_down.packets;
    assert_true(hairpin_down.lost > 0);
    assert_installs(f);
}

static void the_same_seed_gives_the_same_run(void **state)
{
    struct fixture *f = *state;
    uint64_t ms[3], packets[3];

    run_once(f, 7, &ms[0], &packets[0]);
    run_once(f, 7, &ms[1], &packets[1]);
    run_once(f, 8, &ms[2], &packets[2]);
    assert_int_equal(ms[0], ms[1]);
    assert_int_equal(packets[0], packets[1]);
    assert_int_not_equal(ms[0], ms[2]);
}

/* The number that the device's first packet of a connection carries. */
static uint32_t first_number(struct fixture *f)
{
    const struct fota_net *net = &f->rig.port.net;
    uint32_t number;
    int stream;

    assert_int_equal(net->ops->open(net->ctx, HAIRPIN_HOST, 80, FOTA_ADDRESS_ANY, &stream), 0);
    number = ((struct fota_lwip_net *)net->ctx)->streams[stream].pcb->lastack;
    net->ops->close(net->ctx, stream);
    return number;
}

static void first_numbers_of_connections_cannot_be_guessed(void **state)
{
    struct fixture *f = *state;
    uint32_t a, b, c;

    begin(f, 1);
    a = first_number(f);
    b = first_number(f);
    c = first_number(f);
    assert_true(c - b != b - a);
    assert_true(b - a > 100000);
    end(f);
}

static void an_update_waits_for_the_address_of_the_interface(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_set_address(0);
    assert_int_equal(start(f, BY_NAME), 0);
    assert_int_equal(drive(f, NEVER, 20000), 1);
    assert_int_equal(hairpin_up.packets, 0);
    hairpin_set_address(1);
    assert_int_equal(finish(f), 0);
    assert_int_equal(hairpin_opened(), 1);
    assert_installs(f);
}

static void the_answer_to_a_stream_that_was_closed_is_for_nobody(void **state)
{
    struct fixture *f = *state;
    const struct fota_net *net = &f->rig.port.net;
    int stream;

    begin(f, 1);
    hairpin_server.dns_ms = 1000;
    assert_int_equal(net->ops->open(net->ctx, "fota.example", 80, FOTA_ADDRESS_ANY, &stream), 0);
    wait_ms(f, 100);
    net->ops->close(net->ctx, stream);
    assert_int_equal(net->ops->open(net->ctx, HAIRPIN_HOST, 80, FOTA_ADDRESS_ANY, &stream), 0);
    hairpin_pass(2000);
    assert_int_equal(net->ops->ready(net->ctx, stream), 1);
    assert_int_equal(hairpin_server.connections, 1);
    net->ops->close(net->ctx, stream);

    assert_int_equal(net->ops->open(net->ctx, "other.example", 80, FOTA_ADDRESS_ANY, &stream), 0);
    end(f); /* with the lookup under way: its answer finds no net any more */
    begin(f, 1);
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), 0);
    assert_installs(f);
}

static void a_reader_that_is_slow_gets_every_byte_of_small_segments(void **state)
{
    struct fixture *f = *state;
    const struct fota_net *net = &f->rig.port.net;
    static uint8_t text[2 * IMAGE];
    size_t got = 0;
    int stream, n;

    begin(f, 1);
    hairpin_set_mtu(576);
    assert_int_equal(net->ops->open(net->ctx, HAIRPIN_HOST, 80, FOTA_ADDRESS_ANY, &stream), 0);
    while (net->ops->ready(net->ctx, stream) == 0)
        wait_ms(f, 100);
    assert_true(net->ops->send(net->ctx, stream, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    /* A window full of segments of 536 bytes lies there each time, and none of them was dropped. */
    do {
        hairpin_pass(3000);
        n = net->ops->recv(net->ctx, stream, text + got, 5000);
        got += n > 0 ? (size_t)n : 0;
    } while (n >= 0);
    assert_int_equal(n, FOTA_ERR_CLOSED);
    assert_in_range(got, f->package.length, f->package.length + HEADER);
    assert_memory_equal(text + got - f->package.length, f->package.data, f->package.length);
    assert_int_equal(hairpin_down.lost, 0);
    assert_true(hairpin_down.bytes < f->package.length * 110 / 100);
    net->ops->close(net->ctx, stream);
    end(f);
}

/* ---- L1, L2, L3: connections that die -------------------------------------------------------- */

static void l1_a_connection_that_dies_silently_is_given_up_and_gone_on_from(void **state)
{
    struct fixture *f = *state;
    uint64_t died;

    begin(f, 1);
    hairpin_down.rate = 64000;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(drive(f, IMAGE / 2, NEVER), 1);
    hairpin_forget_mappings();
    died = hairpin_now_ms();
    assert_int_equal(finish(f), 0);
    assert_in_range(hairpin_now_ms() - died, 60000, 90000); /* stall_ms, a pause, the rest */
    assert_int_equal(hairpin_server.requests, 2);
    assert_in_range(hairpin_received(), f->package.length, most_bytes(f, 1));
    assert_installs(f);
}

static void l2_a_syn_without_an_answer_is_given_up_and_tried_again(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_down.dead = true;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(drive(f, NEVER, 45000), 1);
    assert_int_equal(hairpin_opened(), 2); /* connect_ms is 30 s */
    hairpin_down.dead = false;
    assert_int_equal(finish(f), 0);
    assert_installs(f);
}

static void l2_syns_without_an_answer_end_with_one_error(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_down.dead = true;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), FOTA_ERR_CONNECT);
    assert_int_equal(hairpin_opened(), 5);
    assert_untouched(f);
}

static void l3_a_reset_at_any_offset_is_gone_on_from(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 3;

    for (unsigned i = 0; i < 40; i++) {
        begin(f, i);
        hairpin_down.delay_ms = 20;
        hairpin_server.rst_after = 1 + rig_random(&random) % (f->package.length - 1);
        hairpin_server.rst_times = 1 + i % 3;
        assert_int_equal(start(f, URL), 0);
        assert_int_equal(finish(f), 0);
        assert_in_range(hairpin_received(), f->package.length, most_bytes(f, 1 + i % 3));
        assert_installs(f);
    }
}

/* ---- L4 -------------------------------------------------------------------------------------- */

static void l4_an_mss_of_536_does(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_set_mtu(576);
    hairpin_down.delay_ms = hairpin_up.delay_ms = 100;
    hairpin_down.loss = 20;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), 0);
    assert_int_equal(hairpin_down.largest, 576);
    assert_installs(f);
}

/* ---- L5, L6: names --------------------------------------------------------------------------- */

static void l5_a_name_that_does_not_exist_is_a_dns_error(void **state)
{
    struct fixture *f = *state;
    uint64_t began;

    begin(f, 1);
    hairpin_server.dns = HAIRPIN_DNS_NXDOMAIN;
    began = hairpin_now_ms();
    assert_int_equal(start(f, BY_NAME), 0);
    assert_int_equal(finish(f), FOTA_ERR_DNS);
    assert_true(hairpin_now_ms() - began < 60000);
    assert_int_equal(hairpin_server.connections, 0);
    assert_untouched(f);
}

static void l5_a_name_server_that_fails_is_asked_again(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_server.dns = HAIRPIN_DNS_SERVFAIL;
    assert_int_equal(start(f, BY_NAME), 0);
    assert_int_equal(drive(f, NEVER, 500), 1);
    assert_int_equal(hairpin_opened(), 1);
    hairpin_server.dns = HAIRPIN_DNS_ANSWERS;
    assert_int_equal(finish(f), 0);
    assert_installs(f);
}

static void l5_a_slow_name_server_is_waited_for(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_server.dns_ms = 5000;
    assert_int_equal(start(f, BY_NAME), 0);
    assert_int_equal(finish(f), 0);
    assert_int_equal(hairpin_server.requests, 1);
    assert_installs(f);
}

static void l5_a_silent_name_server_ends_with_one_error(void **state)
{
    struct fixture *f = *state;
    uint64_t began;

    begin(f, 1);
    hairpin_server.dns = HAIRPIN_DNS_SILENT;
    began = hairpin_now_ms();
    assert_int_equal(start(f, BY_NAME), 0);
    assert_int_equal(finish(f), FOTA_ERR_DNS);
    assert_true(hairpin_now_ms() - began <
                5 * 30000 + 20000); /* connect_ms of each attempt, pauses */
    assert_untouched(f);
}

/* Whether a name connects, by the family that is asked for: 1, or the error. */
static int outcome_of(struct fixture *f, enum fota_address_family family)
{
    const struct fota_net *net = &f->rig.port.net;
    uint64_t until = hairpin_now_ms() + 30000;
    int stream, result;

    assert_int_equal(net->ops->open(net->ctx, "fota.example", 80, family, &stream), 0);
    while ((result = net->ops->ready(net->ctx, stream)) == 0 && hairpin_now_ms() < until)
        wait_ms(f, 100);
    net->ops->close(net->ctx, stream);
    hairpin_pass(5000); /* longer than what the resolver remembers */
    return result;
}

static void l6_an_address_of_the_wrong_family_is_no_address(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_IPV4), 1);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_IPV6), FOTA_ERR_DNS);
    hairpin_server.has_a = false;
    hairpin_server.has_aaaa = true;
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_IPV4), FOTA_ERR_DNS);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_IPV6), 1);
    end(f);
}

static void l6_either_family_does_where_none_is_asked_for(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_ANY), 1);
    hairpin_server.has_aaaa = true;
    hairpin_server.has_a = false;
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_ANY), 1);
    hairpin_server.has_aaaa = false;
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_ANY), FOTA_ERR_DNS);
    end(f);
}

static void l6_the_other_family_is_tried_where_the_first_is_silent(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_server.has_aaaa = true;
    hairpin_down.dead_tcp4 = true;
    assert_int_equal(start(f, BY_NAME), 0);
    assert_int_equal(finish(f), 0);
    assert_int_equal(hairpin_opened(), 1);
    assert_installs(f);
}

/* The name's other address may be another machine's, which waits for nobody. */
static void f9_the_second_connection_goes_where_the_first_one_went(void **state)
{
    struct fixture *f = *state;
    const struct fota_net *net = &f->rig.port.net;
    int first;

    begin(f, 1);
    assert_int_equal(net->ops->open(net->ctx, "fota.example", 80, FOTA_ADDRESS_ANY, &first), 0);
    while (net->ops->ready(net->ctx, first) == 0)
        wait_ms(f, 100);
    assert_int_equal(net->ops->ready(net->ctx, first), 1);
    hairpin_pass(5000);
    hairpin_server.dns = HAIRPIN_DNS_NXDOMAIN;
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_ANY), 1);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_IPV4), 1);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_IPV6), FOTA_ERR_DNS);
    net->ops->close(net->ctx, first);
    assert_int_equal(outcome_of(f, FOTA_ADDRESS_ANY), FOTA_ERR_DNS);
    end(f);
}

/* ---- L7: the link goes ----------------------------------------------------------------------- */

static void l7_another_address_in_the_middle_is_gone_on_from(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_down.rate = 64000;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(drive(f, IMAGE / 2, NEVER), 1);
    hairpin_set_address(77);
    assert_int_equal(finish(f), 0);
    assert_int_equal(hairpin_server.requests, 2);
    assert_in_range(hairpin_received(), f->package.length, most_bytes(f, 1));
    assert_installs(f);
}

static void detach_for_a_minute(struct fixture *f, uint8_t address)
{
    begin(f, 1);
    hairpin_down.rate = 64000;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(drive(f, IMAGE / 2, NEVER), 1);
    hairpin_detach();
    assert_int_equal(drive(f, NEVER, 60000), 1);
    hairpin_set_address(address);
    hairpin_attach();
    assert_int_equal(finish(f), 0);
    assert_in_range(hairpin_received(), f->package.length, most_bytes(f, 1));
    assert_installs(f);
}

static void l7_a_minute_without_network_is_gone_on_from(void **state)
{
    detach_for_a_minute(*state, 1);
    detach_for_a_minute(*state, 88);
}

/* ---- L8: packets get lost -------------------------------------------------------------------- */

static void assert_survives(struct fixture *f, struct hairpin_path down, uint64_t seed)
{
    struct hairpin_path up = down;

    up.rate = up.rate / 2;
    begin(f, seed);
    hairpin_down = down;
    hairpin_up = up;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), 0);
    assert_in_range(hairpin_received(), f->package.length, f->package.length * 11 / 10);
    assert_installs(f);
}

static void l8_loss_at_32_kbit_costs_at_most_a_tenth(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_survives(*state, (struct hairpin_path){.rate = 32000, .delay_ms = 100, .loss = 50},
                        seed);
        assert_survives(*state, (struct hairpin_path){.rate = 32000, .delay_ms = 100, .loss = 200},
                        seed);
    }
}

static void l8_packets_in_any_order_and_twice_do(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        assert_survives(
            *state,
            (struct hairpin_path){
                .rate = 256000, .delay_ms = 20, .jitter_ms = 200, .loss = 10, .duplicates = 100},
            seed);
}

/* ---- L9 -------------------------------------------------------------------------------------- */

static void l9_a_restart_at_any_time_fetches_at_most_one_erase_unit_twice(void **state)
{
    struct fixture *f = *state;

    for (uint64_t at = 500; at < IMAGE; at += 2777) {
        begin(f, at);
        hairpin_down.rate = 256000;
        hairpin_down.delay_ms = 50;
        assert_int_equal(start(f, URL), 0);
        assert_int_equal(drive(f, at, NEVER), 1);
        hairpin_lose_power();
        memset(f->rig.memory, 0xa5, fota_size());
        f->rig.fota = NULL;
        assert_true(rig_restart(&f->rig));
        assert_int_equal(start(f, URL), 0);
        assert_int_equal(finish(f), 0);
        /* What was received before is in flash, but for an erase unit and a page of RAM. */
        assert_in_range(hairpin_received(), f->package.length,
                        f->package.length + 2 * HEADER + map.staging.erase_unit);
        assert_installs(f);
    }
}

/* ---- L10, L11: servers that are not well ----------------------------------------------------- */

static void l10_a_server_that_flaps_a_hundred_times_is_left_after_five_in_vain(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_server.rst_after = 100; /* less than a header: no attempt is of use */
    hairpin_server.rst_times = 100;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), FOTA_ERR_CONNECTION);
    assert_int_equal(hairpin_server.connections, 5);
    assert_untouched(f);
}

static void l10_a_server_that_flaps_costs_no_more_than_the_budget(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    f->limits.max_bytes = (uint32_t)f->package.length + 2000;
    hairpin_server.rst_after = 3000;
    hairpin_server.rst_times = 100;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), FOTA_ERR_BUDGET);
    assert_true(hairpin_received() <= f->limits.max_bytes + 2048);
    assert_untouched(f);
}

static void l10_a_server_that_flaps_and_gives_something_each_time_comes_to_an_end(void **state)
{
    struct fixture *f = *state;

    begin(f, 1);
    hairpin_server.rst_after = 5000; /* more than an erase unit */
    hairpin_server.rst_times = 100;
    assert_int_equal(start(f, URL), 0);
    assert_int_equal(finish(f), 0);
    assert_in_range(hairpin_server.connections, IMAGE / 5000, 40);
    assert_installs(f);
}

#define FLEET   200u
#define BUCKETS 10u

/* When a device comes back to a server that refused it, ms after it came first. */
static uint64_t comes_back_after(struct fixture *f, uint64_t seed)
{
    struct fota_event event;
    uint64_t began;

    begin(f, seed);
    began = hairpin_now_ms();
    assert_int_equal(start(f, "http://" HAIRPIN_HOST ":81/app.fota"), 0);
    while (hairpin_opened() < 2)
        assert_int_not_equal(step(f, &event), FOTA_STEP_IDLE);
    end(f);
    return hairpin_now_ms() - began;
}

static void l11_a_fleet_that_was_refused_does_not_come_back_as_one(void **state)
{
    struct fixture *f = *state;
    unsigned buckets[BUCKETS] = {0};

    for (unsigned i = 0; i < FLEET; i++) {
        uint64_t ms = comes_back_after(f, i);

        assert_in_range(ms, 750, 1000); /* backoff_ms, less a quarter by chance */
        buckets[ms == 1000 ? BUCKETS - 1 : (ms - 750) * BUCKETS / 250]++;
    }
    for (unsigned i = 0; i < BUCKETS; i++)
        assert_in_range(buckets[i], FLEET / BUCKETS / 4, FLEET / BUCKETS * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_update_comes_over_a_link_without_faults),
        TEST(an_update_comes_over_ipv6),
        TEST(the_same_seed_gives_the_same_run),
        TEST(first_numbers_of_connections_cannot_be_guessed),
        TEST(an_update_waits_for_the_address_of_the_interface),
        TEST(the_answer_to_a_stream_that_was_closed_is_for_nobody),
        TEST(a_reader_that_is_slow_gets_every_byte_of_small_segments),
        TEST(l1_a_connection_that_dies_silently_is_given_up_and_gone_on_from),
        TEST(l2_a_syn_without_an_answer_is_given_up_and_tried_again),
        TEST(l2_syns_without_an_answer_end_with_one_error),
        TEST(l3_a_reset_at_any_offset_is_gone_on_from),
        TEST(l4_an_mss_of_536_does),
        TEST(l5_a_name_that_does_not_exist_is_a_dns_error),
        TEST(l5_a_name_server_that_fails_is_asked_again),
        TEST(l5_a_slow_name_server_is_waited_for),
        TEST(l5_a_silent_name_server_ends_with_one_error),
        TEST(l6_an_address_of_the_wrong_family_is_no_address),
        TEST(l6_either_family_does_where_none_is_asked_for),
        TEST(f9_the_second_connection_goes_where_the_first_one_went),
        TEST(l6_the_other_family_is_tried_where_the_first_is_silent),
        TEST(l7_another_address_in_the_middle_is_gone_on_from),
        TEST(l7_a_minute_without_network_is_gone_on_from),
        TEST(l8_loss_at_32_kbit_costs_at_most_a_tenth),
        TEST(l8_packets_in_any_order_and_twice_do),
        TEST(l9_a_restart_at_any_time_fetches_at_most_one_erase_unit_twice),
        TEST(l10_a_server_that_flaps_a_hundred_times_is_left_after_five_in_vain),
        TEST(l10_a_server_that_flaps_costs_no_more_than_the_budget),
        TEST(l10_a_server_that_flaps_and_gives_something_each_time_comes_to_an_end),
        TEST(l11_a_fleet_that_was_refused_does_not_come_back_as_one),
    };

    return cmocka_run_group_tests_name("lwip link", tests, NULL, NULL);
}
