/* SPDX-License-Identifier: ISC */
/* mesh_silence_test.c - how soon a node finds out that the other end of a link is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/core/mesh/state.h"
#include "tests/support/mesh_hand.h"

#define US 1
#define FRIEND 2

static int set_up(void **state)
{
    struct rig *rig = rig_new(2, false);

    rig_befriend(rig, US, FRIEND);
    hand_start(rig_node(rig, US));
    *state = rig_node(rig, US);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(((struct rig_node *)*state)->rig);
    return 0;
}

static void send(struct rig_node *node, uint32_t peer)
{
    struct es_context context = rig_begin(node);

    es_mesh_send(node->mesh, &context, peer, hand_envelope(7, 512, node->rig->wall_ms + 1000000));
    rig_end(node, &context);
}

static size_t pings(const struct rig_node *node, uint32_t link)
{
    return hand_frames(node, link, ES_FRAME_PING);
}

/* A link that has worked for a while: its last PING was answered some seconds ago. */
static uint32_t settled(struct rig_node *node, uint32_t link)
{
    rig_forget(node);
    do
        hand_run_answering(node->rig, node, 5000);
    while (pings(node, link) < 2);
    hand_run_answering(node->rig, node, 5000);
    rig_forget(node);
    return link;
}

static uint32_t dialled(struct rig_node *node)
{
    return settled(node, hand_meets(node, FRIEND, "10.0.0.2"));
}

static uint32_t inbound(struct rig_node *node)
{
    return settled(node, hand_comes(node, "10.0.0.2", FRIEND));
}

static void ends_after_six_seconds(struct rig_node *node, uint32_t link)
{
    send(node, FRIEND);
    rig_run(node->rig, 2999);
    assert_int_equal(pings(node, link), 0);
    rig_run(node->rig, 1);
    assert_int_equal(pings(node, link), 1);
    send(node, FRIEND); /* changes nothing */
    rig_run(node->rig, 2999);
    assert_true(node->present[FRIEND]);
    rig_run(node->rig, 1);
    assert_false(node->present[FRIEND]);
    assert_true(hand_closed(node, link));
    assert_int_equal(node->counters.of[ES_COUNT_LINKS_LOST], 1);
}

static void an_envelope_without_an_answer_ends_a_dialled_link(void **state)
{
    struct rig_node *node = *state;

    ends_after_six_seconds(node, dialled(node));
}

static void an_envelope_without_an_answer_ends_an_inbound_link(void **state)
{
    struct rig_node *node = *state;

    ends_after_six_seconds(node, inbound(node));
}

static void other_addresses_are_dialled_at_once(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = inbound(node);

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.22"); /* their turn to dial, as long as they can */
    ends_after_six_seconds(node, link);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 1);
}

static void any_frame_is_a_sign_of_life(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = dialled(node);
    uint8_t buf[16];

    for (uint64_t i = 0; i < 8; i++) {
        send(node, FRIEND);
        rig_run(node->rig, 2900);
        hand_frame(node, link, es_slice(buf, es_frame_ping(buf, sizeof(buf), i)));
    }
    assert_int_equal(pings(node, link), 0);
    send(node, FRIEND);
    rig_run(node->rig, 5900);
    assert_int_equal(pings(node, link), 1);
    hand_frame(node, link, es_slice(buf, es_frame_ping(buf, sizeof(buf), 99)));
    rig_run(node->rig, 15000);
    assert_true(node->present[FRIEND]);
}

static void a_link_with_nothing_to_answer_is_asked_no_sooner(void **state)
{
    struct rig_node *node = *state;
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0);
    uint32_t link = dialled(node);
    struct es_context context = rig_begin(node);

    es_mesh_offer(node->mesh, &context, stranger, hand_envelope(7, 512, node->rig->wall_ms + 1));
    rig_end(node, &context);
    send(node, 0); /* offered to everybody */
    hand_run_answering(node->rig, node, 300000);
    assert_in_range(pings(node, link), 300 / 35, 300 / 25 + 1);
    assert_in_range(pings(node, stranger), 300 / 35, 300 / 25 + 1);
}

static void an_advert_at_another_host_is_asked_about_at_once(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = dialled(node);

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    assert_int_equal(pings(node, link), 0);
    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.99");
    rig_run(node->rig, ES_SILENCE_MS - 1);
    assert_int_equal(pings(node, link), 1);
    assert_true(node->present[FRIEND]);
    rig_run(node->rig, 1);
    assert_false(node->present[FRIEND]);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 1);
    assert_string_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, "10.0.0.99");
}

static void so_is_it_by_who_was_dialled(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = inbound(node);

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    assert_int_equal(pings(node, link), 0);
    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.99");
    rig_run(node->rig, ES_SILENCE_MS - 1);
    assert_int_equal(pings(node, link), 1);
    rig_run(node->rig, 1);
    assert_true(hand_closed(node, link));
    assert_string_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, "10.0.0.99");
}

static void a_node_with_two_addresses_keeps_its_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = dialled(node);

    hand_sees(node, FRIEND, HAND_GREATER, "fe80::2%eth0");
    hand_run_answering(node->rig, node, 20000);
    assert_true(node->present[FRIEND]);
    assert_int_equal(pings(node, link), 1); /* in place of the next one */
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 0);
}

static void a_flood_of_hosts_makes_no_flood_of_pings(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = dialled(node);

    for (int i = 0; i < 200; i++) {
        char host[] = "10.0.1.100";

        host[8] = (char)('0' + i / 10 % 10);
        host[9] = (char)('0' + i % 10);
        hand_sees(node, FRIEND, HAND_GREATER, host);
        hand_run_answering(node->rig, node, 50);
    }
    assert_in_range(pings(node, link), 1, 6);
    assert_true(node->present[FRIEND]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_envelope_without_an_answer_ends_a_dialled_link),
        CASE(an_envelope_without_an_answer_ends_an_inbound_link),
        CASE(other_addresses_are_dialled_at_once),
        CASE(any_frame_is_a_sign_of_life),
        CASE(a_link_with_nothing_to_answer_is_asked_no_sooner),
        CASE(an_advert_at_another_host_is_asked_about_at_once),
        CASE(so_is_it_by_who_was_dialled),
        CASE(a_node_with_two_addresses_keeps_its_link),
        CASE(a_flood_of_hosts_makes_no_flood_of_pings),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
