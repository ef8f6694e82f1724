/* SPDX-License-Identifier: ISC */
/* link_test.c - links between peers that keep to the rules, over real sockets on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/crypto/dh.h"
#include "tests/support/link_world.h"

static int open_two(void **state)
{
    static struct world world;

    world_open(&world, 2);
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    world_close(*state);
    return 0;
}

static void both_ends_name_the_same_keys(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret;
    const uint32_t inbound = world_connect(world, NULL, &secret);
    const struct es_dh_public server_key = es_dh_public_of(&secret);
    const struct note *up_in = note_at(world->ends[0], ES_REPORT_LINK_UP, inbound, 0);
    const struct note *up_out = note_at(world->ends[1], ES_REPORT_LINK_UP, 1, 0);

    assert_true(inbound >= ES_LINK_INBOUND);
    assert_int_equal(up_in->listener, 1);
    assert_string_equal(up_in->host, "127.0.0.1");
    assert_string_equal(up_out->host, "127.0.0.1");
    assert_memory_equal(&up_in->server_key, &server_key, sizeof(server_key));
    assert_memory_equal(&up_out->server_key, &server_key, sizeof(server_key));
    assert_memory_equal(&up_in->client_key, &up_out->client_key, sizeof(server_key));
}

static void each_connection_has_its_own_client_key(void **state)
{
    struct world *world = *state;
    enum { LINKS = 20, FRAMES = 30 };
    struct es_dh_secret secret;
    uint16_t port;

    (void)world_connect(world, &port, &secret);
    for (uint32_t link = 2; link <= LINKS; link++) {
        assert_true(dial_to(world->ends[1], link, "127.0.0.1", port, &secret));
        /* They queue up before the handshake: the listener finds many messages at once. */
        for (uint32_t i = 0; i < FRAMES; i++)
            send_frame(world->ends[1], link, link, 100);
    }
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_FRAME, 0) == 1 + (LINKS - 1) * FRAMES);
    assert_int_equal(notes_of(world->ends[0], ES_REPORT_LINK_UP, 0), LINKS);
    for (size_t i = 1; i < LINKS; i++) {
        const struct note *up = note_at(world->ends[0], ES_REPORT_LINK_UP, 0, i);
        const struct note *frame = note_at(world->ends[0], ES_REPORT_FRAME, up->link, 0);
        const struct note *dialled = note_at(world->ends[1], ES_REPORT_LINK_UP, frame->number, 0);

        assert_memory_equal(&up->client_key, &dialled->client_key, sizeof(up->client_key));
        assert_int_equal(notes_of(world->ends[0], ES_REPORT_FRAME, up->link), FRAMES);
    }
}

static void frames_arrive_whole_and_in_order(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);

    for (uint32_t i = 0; i < 300; i++) {
        send_frame(world->ends[0], inbound, i, 4 + i);
        send_frame(world->ends[1], 1, 1 + i, 4 + i);
        if (i % 50 == 0)
            world_turn(world);
    }
    send_frame(world->ends[0], inbound, 300, ES_FRAME_BYTES_MAX);
    send_frame(world->ends[1], 1, 301, ES_FRAME_BYTES_MAX);
    UNTIL(world,
          frames_in_order(world->ends[0], inbound, 302) && frames_in_order(world->ends[1], 1, 301));
    assert_int_equal(note_at(world->ends[0], ES_REPORT_FRAME, inbound, 301)->len,
                     ES_FRAME_BYTES_MAX);
    assert_int_equal(note_at(world->ends[1], ES_REPORT_FRAME, 1, 300)->len, ES_FRAME_BYTES_MAX);
}

static void no_frame_overtakes_those_that_wait(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);
    struct es_links *listener = world->ends[0]->links;
    uint64_t sent_ms;

    for (uint32_t i = 1; i < 50; i++)
        send_frame(world->ends[1], 1, i, 100);
    /* ZeroMQ has room again, and the dialler has not had a turn to use it. */
    sent_ms = world_now_ms();
    while (notes_of(world->ends[0], ES_REPORT_FRAME, inbound) < 4 ||
           world_now_ms() < sent_ms + 10) {
        assert_in_range(world_now_ms() - sent_ms, 0, WORLD_TIMEOUT_MS);
        es_links_run(listener, world_now_ms(), true);
    }
    for (uint32_t i = 50; i < 60; i++)
        send_frame(world->ends[1], 1, i, 100);
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_FRAME, inbound) == 60);
    assert_true(frames_in_order(world->ends[0], inbound, 60));
}

static void a_listener_hears_that_its_peer_is_gone(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);

    es_links_free(world->ends[1]->links);
    world->ends_len = 1;
    UNTIL(world, ended(world->ends[0], inbound) == ES_LINK_CLOSED);
    free(world->ends[1]);
}

static void closing_a_dialled_link_sends_what_was_before(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);

    for (uint32_t i = 1; i <= 100; i++)
        send_frame(world->ends[1], 1, i, 8192);
    close_link(world->ends[1], 1);
    send_frame(world->ends[1], 1, 101, 8192); /* too late */
    UNTIL(world, ended(world->ends[0], inbound) != 0);
    assert_true(frames_in_order(world->ends[0], inbound, 101));
    assert_int_equal(ended(world->ends[0], inbound), ES_LINK_CLOSED);
    assert_int_equal(ended(world->ends[1], 1), ES_LINK_CLOSED);
    assert_int_equal(notes_of(world->ends[1], ES_REPORT_LINK_DOWN, 1), 1);
}

static void closing_an_inbound_link_sends_what_was_before(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);
    uint64_t started_ms = world_now_ms();

    for (uint32_t i = 0; i < 100; i++)
        send_frame(world->ends[0], inbound, i, 8192);
    close_link(world->ends[0], inbound);
    UNTIL(world, ended(world->ends[1], 1) != 0);
    assert_true(frames_in_order(world->ends[1], 1, 100));
    assert_int_equal(ended(world->ends[1], 1), ES_LINK_CLOSED);
    UNTIL(world, ended(world->ends[0], inbound) == ES_LINK_CLOSED);
    assert_in_range(world_now_ms() - started_ms, 0, 5 * ES_CLOSE_MS);
}

static void an_inbound_link_closes_at_once_when_its_dialler_hangs_up(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);
    uint64_t started_ms = world_now_ms();

    close_link(world->ends[0], inbound);
    close_link(world->ends[1], 1);
    UNTIL(world, ended(world->ends[0], inbound) == ES_LINK_CLOSED);
    assert_in_range(world_now_ms() - started_ms, 0, ES_CLOSE_MS - 1);
}

static void closing_a_listener_closes_its_links_and_frees_its_port(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret;
    uint64_t closed_ms;
    uint16_t port;
    const uint32_t inbound = world_connect(world, &port, &secret);

    send_frame(world->ends[0], inbound, 0, 8192);
    unlisten(world->ends[0], 1);
    assert_int_equal(ended(world->ends[0], inbound), ES_LINK_CLOSED);
    UNTIL(world, ended(world->ends[1], 1) == ES_LINK_CLOSED);
    assert_true(frames_in_order(world->ends[1], 1, 1));
    closed_ms = world_now_ms();
    while (listen_at(world, world->ends[0], 2, &secret, "127.0.0.1", port, port) != port) {
        assert_in_range(world_now_ms() - closed_ms, 0, WORLD_TIMEOUT_MS);
        world_turn(world);
    }
    assert_true(dial_to(world->ends[1], 2, "127.0.0.1", port, &secret));
    UNTIL(world, notes_of(world->ends[1], ES_REPORT_LINK_UP, 2) == 1);
}

static void a_listener_takes_a_free_port_of_its_range(void **state)
{
    struct world *world = *state;
    struct world_end *end = world->ends[0];
    struct es_dh_secret secret = world_secret();
    uint16_t port = 0;

    /* Below what the system gives to others by itself, and more than anybody holds. */
    for (uint32_t i = 1; i <= 20; i++) {
        port = listen_at(world, end, i, &secret, NULL, 21000, 21099);
        assert_in_range(port, 21000, 21099);
    }
    assert_int_equal(listen_at(world, end, 21, &secret, NULL, port, port), 0);
    assert_int_equal(listen_at(world, end, 22, &secret, NULL, 21099, 21000), 0);
    assert_int_equal(listen_at(world, end, 23, &secret, "not a host", 0, 0), 0);
    unlisten(end, 23);
}

static void dialling_tells_how_it_failed(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret, wrong = world_secret();
    uint16_t port;

    (void)world_connect(world, &port, &secret);
    unlisten(world->ends[0], 1);
    assert_true(dial_to(world->ends[1], 2, "127.0.0.1", 1, &secret));
    assert_true(dial_to(world->ends[1], 3, "127.0.0.1;127.0.0.1", port, &secret));
    assert_true(dial_to(world->ends[1], 4, "", port, &secret));
    UNTIL(world, ended(world->ends[1], 2) == ES_LINK_UNREACHABLE);
    assert_int_equal(ended(world->ends[1], 3), ES_LINK_UNREACHABLE);
    assert_int_equal(ended(world->ends[1], 4), ES_LINK_UNREACHABLE);

    port = listen_at(world, world->ends[0], 2, &secret, NULL, 0, 0);
    assert_true(dial_to(world->ends[1], 5, "127.0.0.1", port, &wrong));
    UNTIL(world, ended(world->ends[1], 5) == ES_LINK_REFUSED);
    UNTIL(world, world->ends[0]->counts.failed == 1);
    assert_int_equal(notes_of(world->ends[1], ES_REPORT_LINK_UP, 5), 0);
}

static void dialling_gives_up_in_time(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret = world_secret();
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);
    int mute = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t started_ms;

    assert_int_equal(bind(mute, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(mute, 1), 0);
    assert_int_equal(getsockname(mute, (struct sockaddr *)&at, &len), 0);
    started_ms = world_now_ms();
    assert_true(dial_to(world->ends[1], 1, "127.0.0.1", ntohs(at.sin_port), &secret));
    UNTIL(world, ended(world->ends[1], 1) == ES_LINK_UNREACHABLE);
    assert_in_range(world_now_ms() - started_ms, ES_DIAL_MS, 2 * ES_DIAL_MS);
    close(mute);
}

static void closing_ends_a_call_under_way(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret = world_secret();
    uint16_t port = listen_at(world, world->ends[0], 1, &secret, NULL, 0, 0);

    assert_true(dial_to(world->ends[1], 1, "127.0.0.1", port, &secret));
    close_link(world->ends[1], 1);
    assert_int_equal(ended(world->ends[1], 1), ES_LINK_CLOSED);
}

/* A link-local address of this machine with its interface; empty when it has none. */
static void link_local_address(char ret[static ES_HOST_BYTES_MAX])
{
    struct ifaddrs *all = NULL;

    ret[0] = '\0';
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *one = all; one != NULL && ret[0] == '\0'; one = one->ifa_next) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)one->ifa_addr;

        if (v6 != NULL && v6->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
            assert_int_equal(getnameinfo(one->ifa_addr, sizeof(*v6), ret, ES_HOST_BYTES_MAX, NULL,
                                         0, NI_NUMERICHOST),
                             0);
    }
    freeifaddrs(all);
}

static void addresses_of_every_kind_can_be_dialled(void **state)
{
    char hosts[4][ES_HOST_BYTES_MAX] = {"127.0.0.1", "::1", "localhost", ""};
    struct world *world = *state;
    struct es_dh_secret secret = world_secret();
    uint16_t port = listen_at(world, world->ends[0], 1, &secret, NULL, 0, 0);

    link_local_address(hosts[3]);
    for (uint32_t i = 0; i < 4 && hosts[i][0] != '\0'; i++) {
        const struct note *up;

        assert_true(dial_to(world->ends[1], i + 1, hosts[i], port, &secret));
        UNTIL(world, notes_of(world->ends[1], ES_REPORT_LINK_UP, i + 1) == 1);
        send_frame(world->ends[1], i + 1, 0, 4);
        UNTIL(world, notes_of(world->ends[0], ES_REPORT_LINK_UP, 0) == i + 1);
        up = note_at(world->ends[0], ES_REPORT_LINK_UP, 0, i);
        if (i != 2) /* the name */
            assert_string_equal(up->host, hosts[i]);
    }
}

static void a_peer_that_does_not_read_loses_its_link_alone(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret;
    uint16_t port;
    const uint32_t first = world_connect(world, &port, &secret);
    uint32_t second;

    assert_true(dial_to(world->ends[2], 1, "127.0.0.1", port, &secret));
    UNTIL(world, notes_of(world->ends[2], ES_REPORT_LINK_UP, 1) == 1);
    send_frame(world->ends[2], 1, 0, 4);
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_LINK_UP, 0) == 2);
    second = note_at(world->ends[0], ES_REPORT_LINK_UP, 0, 1)->link;

    world->ends[1]->reading = false;
    for (uint32_t i = 0; ended(world->ends[0], first) == 0; i++) {
        send_frame(world->ends[0], first, i, ES_FRAME_BYTES_MAX);
        send_frame(world->ends[0], second, i, 100);
        assert_true(i < 1000);
        world->deadline_ms = UINT64_MAX;
        world_turn(world);
    }
    assert_int_equal(ended(world->ends[0], first), ES_LINK_OVERFLOW);
    assert_int_equal(ended(world->ends[0], second), 0);
    world->ends[1]->reading = true;
    UNTIL(world, ended(world->ends[1], 1) == ES_LINK_CLOSED);
    assert_int_equal(ended(world->ends[2], 1), 0);
}

static void a_dialled_link_overflows_too(void **state)
{
    struct world *world = *state;

    (void)world_connect(world, NULL, NULL);
    world->ends[0]->reading = false;
    for (uint32_t i = 0; ended(world->ends[1], 1) == 0; i++) {
        send_frame(world->ends[1], 1, i, ES_FRAME_BYTES_MAX);
        assert_true(i < 1000);
        world->deadline_ms = UINT64_MAX;
        world_turn(world);
    }
    assert_int_equal(ended(world->ends[1], 1), ES_LINK_OVERFLOW);
}

static void who_does_not_read_makes_peers_wait_and_loses_nothing(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);
    enum { FRAMES = 3000 };

    world->ends[0]->reading = false;
    for (uint32_t i = 1; i < FRAMES; i++)
        send_frame(world->ends[1], 1, i, 300);
    world->deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < 50; i++)
        world_turn(world);
    assert_true(frames_in_order(world->ends[0], inbound, 1));
    close_link(world->ends[1], 1); /* while the other side does not read */
    world->ends[0]->reading = true;
    UNTIL(world, frames_in_order(world->ends[0], inbound, FRAMES));
    UNTIL(world, ended(world->ends[0], inbound) == ES_LINK_CLOSED);
}

static void what_came_before_the_end_is_still_heard(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);

    world->ends[1]->reading = false;
    for (uint32_t i = 0; i < 3; i++)
        send_frame(world->ends[0], inbound, i, 8192);
    unlisten(world->ends[0], 1);
    world->deadline_ms = world_now_ms() + 500;
    while (world_turn(world))
        assert_int_equal(ended(world->ends[1], 1), 0);
    world->ends[1]->reading = true;
    UNTIL(world, ended(world->ends[1], 1) == ES_LINK_CLOSED);
    assert_true(frames_in_order(world->ends[1], 1, 3));
}

static void orders_about_unknown_links_are_ignored(void **state)
{
    struct world *world = *state;

    send_frame(world->ends[0], 77, 0, 4);
    close_link(world->ends[0], 77);
    unlisten(world->ends[0], 77);
    ban(world->ends[0], "not an address", 1000);
    assert_int_equal(world->ends[0]->notes_len, 0);
}

static void orders_that_contradict_earlier_ones_are_refused(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret;
    struct es_order again = {.kind = ES_ORDER_LISTEN, .listen = {.listener = 1}};
    const struct es_order foreign = {.kind = ES_ORDER_WITHDRAW};
    uint16_t port;

    (void)world_connect(world, &port, &secret);
    assert_false(es_links_order(world->ends[0]->links, &again, world_now_ms()));
    assert_false(es_links_order(world->ends[0]->links, &foreign, world_now_ms()));
    assert_false(dial_to(world->ends[1], 1, "127.0.0.1", port, &secret));
    assert_false(dial_to(world->ends[1], ES_LINK_INBOUND, "127.0.0.1", port, &secret));
}

static int open_three(void **state)
{
    static struct world world;

    world_open(&world, 3);
    *state = &world;
    return 0;
}

#define WITH_TWO(test) cmocka_unit_test_setup_teardown(test, open_two, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TWO(both_ends_name_the_same_keys),
        WITH_TWO(each_connection_has_its_own_client_key),
        WITH_TWO(frames_arrive_whole_and_in_order),
        WITH_TWO(no_frame_overtakes_those_that_wait),
        WITH_TWO(a_listener_hears_that_its_peer_is_gone),
        WITH_TWO(closing_a_dialled_link_sends_what_was_before),
        WITH_TWO(closing_an_inbound_link_sends_what_was_before),
        WITH_TWO(an_inbound_link_closes_at_once_when_its_dialler_hangs_up),
        WITH_TWO(closing_a_listener_closes_its_links_and_frees_its_port),
        WITH_TWO(a_listener_takes_a_free_port_of_its_range),
        WITH_TWO(dialling_tells_how_it_failed),
        WITH_TWO(dialling_gives_up_in_time),
        WITH_TWO(closing_ends_a_call_under_way),
        WITH_TWO(addresses_of_every_kind_can_be_dialled),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_loses_its_link_alone, open_three,
                                        close_world),
        WITH_TWO(a_dialled_link_overflows_too),
        WITH_TWO(who_does_not_read_makes_peers_wait_and_loses_nothing),
        WITH_TWO(what_came_before_the_end_is_still_heard),
        WITH_TWO(orders_about_unknown_links_are_ignored),
        WITH_TWO(orders_that_contradict_earlier_ones_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
