/* SPDX-License-Identifier: ISC */
/* mesh_link_test.c - greeting, binding, admission, pings and ends of one node's links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "tests/support/mesh_hand.h"

#define US 1
#define FRIEND 2
#define OTHER 3

static int set_up(void **state)
{
    struct rig *rig = rig_new(3, false);

    rig_befriend(rig, US, FRIEND);
    rig_befriend(rig, US, OTHER);
    hand_start(rig_node(rig, US));
    *state = rig_node(rig, US);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(((struct rig_node *)*state)->rig);
    return 0;
}

static uint64_t counted(const struct rig_node *node, enum es_counter counter)
{
    return node->counters.of[counter];
}

/* --- Greeting ----------------------------------------------------------------------------------- */

static void the_dialler_says_hello_and_link_at_once(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    link = hand_dialled(node);
    rig_forget(node);
    hand_up_out(node, link);
    assert_int_equal(hand_frames(node, link, ES_FRAME_HELLO), 1);
    assert_int_equal(hand_frames(node, link, ES_FRAME_LINK), 1);
    assert_int_equal(rig_links_up(node), 0);
    hand_hello(node, link, node->rig->wall_ms);
    assert_int_equal(rig_links_up(node), 0);
    hand_link(node, link, FRIEND);
    assert_int_equal(rig_links_bound(node, FRIEND), 1);
    assert_true(node->present[FRIEND]);
    assert_true(es_mesh_is_present(node->mesh, FRIEND));
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 1);
}

static void the_listener_is_silent_until_it_has_checked(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_up_in(node, "10.0.0.2");
    struct es_frame frame;

    hand_hello(node, link, node->rig->wall_ms);
    assert_int_equal(hand_count(node, ES_ORDER_FRAME), 0);
    hand_link(node, link, FRIEND);
    assert_int_equal(hand_frames(node, link, ES_FRAME_HELLO), 1);
    assert_true(hand_last_frame(node, link, ES_FRAME_LINK, &frame));
    assert_int_equal(frame.link.ptr[20 + 1], US); /* a proof */
    assert_int_equal(rig_links_bound(node, FRIEND), 1);
}

static void the_listener_answers_a_stranger_at_random(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.9", 0);
    struct es_frame frame;

    assert_true(hand_last_frame(node, link, ES_FRAME_LINK, &frame));
    assert_int_equal(frame.link.ptr[20 + 1], 0); /* proves nothing */
    assert_int_equal(rig_links_bound(node, 0), 1);
    assert_int_equal(node->n_strangers, 1);
    assert_int_equal(node->last_stranger, link);
}

static void the_dialler_proves_to_nobody_it_does_not_recognise(void **state)
{
    struct rig_node *node = *state;
    struct es_frame frame;
    uint32_t link;

    hand_sees(node, 0, HAND_GREATER, "10.0.0.9");
    rig_run(node->rig, 3000);
    link = hand_dialled(node);
    hand_up_out(node, link);
    assert_true(hand_last_frame(node, link, ES_FRAME_LINK, &frame));
    assert_int_equal(frame.link.ptr[20 + 1], 0);
}

static void say_link(struct rig_node *node, uint32_t link, const uint8_t *envelope)
{
    uint8_t buf[1024];

    hand_frame(
        node, link,
        es_slice(buf, es_frame_link(buf, sizeof(buf), es_slice(envelope, ES_ENVELOPE_BYTES_MIN))));
}

static void a_proof_fails_on_any_other_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t honest = hand_up_in(node, "10.0.0.2"), other = hand_up_in(node, "10.0.0.66");
    uint32_t third = hand_up_in(node, "10.0.0.66");
    uint8_t proof[ES_ENVELOPE_BYTES_MIN];
    struct es_frame ours;

    hand_proof(node, honest, FRIEND, proof);
    hand_hello(node, other, node->rig->wall_ms);
    say_link(node, other, proof);
    assert_int_equal(rig_links_bound(node, 0), 1);
    assert_int_equal(rig_links_bound(node, FRIEND), 0);
    hand_hello(node, honest, node->rig->wall_ms);
    say_link(node, honest, proof);
    assert_int_equal(rig_links_bound(node, FRIEND), 1);
    /* What we said on the honest link, reflected. */
    assert_true(hand_last_frame(node, honest, ES_FRAME_LINK, &ours));
    hand_hello(node, third, node->rig->wall_ms);
    say_link(node, third, ours.link.ptr);
    assert_int_equal(rig_links_bound(node, FRIEND), 1);
    assert_int_equal(rig_links_bound(node, 0), 2);
}

static void a_proof_of_somebody_else_does_not_bind_a_dialled_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    link = hand_dialled(node);
    hand_up_out(node, link);
    hand_hello(node, link, node->rig->wall_ms);
    hand_link(node, link, OTHER);
    assert_int_equal(rig_links_bound(node, 0), 1);
    assert_false(node->present[OTHER]);
}

static void a_version_that_we_do_not_speak_is_told(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_up_in(node, "10.0.0.2");
    struct es_hello hello = {.version_min = 2, .version_max = 9};
    uint8_t buf[512];

    hand_frame(node, link, es_slice(buf, es_frame_hello(buf, sizeof(buf), &hello)));
    assert_true(hand_said_bye(node, link, ES_BYE_VERSION));
    assert_true(hand_closed(node, link));
}

static void hello_slots_and_tokens_are_random(void **state)
{
    struct rig_node *node = *state;
    uint32_t a = hand_comes(node, "10.0.0.7", 0), b = hand_comes(node, "10.0.0.8", 0);
    struct es_frame one, two;

    assert_true(hand_last_frame(node, a, ES_FRAME_HELLO, &one));
    assert_true(hand_last_frame(node, b, ES_FRAME_HELLO, &two));
    for (size_t i = 0; i < ES_HELLO_SLOTS; i++)
        assert_memory_not_equal(one.hello.slots[i], two.hello.slots[i], ES_HELLO_SLOT_BYTES);
}

static void a_greeting_that_stops_is_ended(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_up_in(node, "10.0.0.2");

    hand_hello(node, link, node->rig->wall_ms);
    rig_run(node->rig, 4999);
    assert_false(hand_closed(node, link));
    rig_run(node->rig, 1);
    assert_true(hand_closed(node, link));
}

/* --- Pings -------------------------------------------------------------------------------------- */

static void a_pong_gives_the_round_trip(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");
    struct es_link_view view;
    struct es_frame ping;
    uint8_t buf[16];
    size_t at = 0;

    assert_true(es_mesh_link_next(node->mesh, &at, &view));
    assert_true(view.rtt_ms == UINT64_MAX);
    assert_true(hand_last_frame(node, link, ES_FRAME_PING, &ping));
    rig_run(node->rig, 17);
    hand_frame(node, link, es_slice(buf, es_frame_pong(buf, sizeof(buf), ping.token ^ 1)));
    hand_frame(node, link, es_slice(buf, es_frame_pong(buf, sizeof(buf), ping.token)));
    at = 0;
    assert_true(es_mesh_link_next(node->mesh, &at, &view));
    assert_int_equal(view.rtt_ms, 17);
    assert_int_equal(view.peer, FRIEND);
    assert_false(es_mesh_link_next(node->mesh, &at, &view));
    assert_int_equal(counted(node, ES_COUNT_REJECTED_FRAME_UNEXPECTED), 1);
}

static void silence_ends_a_link_after_two_pings(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");

    rig_forget(node);
    rig_run(node->rig, ES_PING_MS_MIN - 1);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 0);
    rig_run(node->rig, 1 + ES_PING_MS_MAX - ES_PING_MS_MIN);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 1);
    assert_true(node->present[FRIEND]);
    rig_run(node->rig, ES_PING_MS_MAX);
    assert_false(node->present[FRIEND]);
    assert_true(hand_closed(node, link));
    assert_int_equal(counted(node, ES_COUNT_LINKS_LOST), 1);
}

static void a_link_that_answers_stays(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");

    hand_run_answering(node->rig, node, 600000);
    assert_true(node->present[FRIEND]);
    assert_in_range(hand_frames(node, link, ES_FRAME_PING), 600 / 35, 600 / 25 + 1);
}

static void pings_are_answered_but_not_a_flood_of_them(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");
    struct es_frame pong;
    uint8_t buf[16];

    for (uint64_t token = 1; token <= 100; token++)
        hand_frame(node, link, es_slice(buf, es_frame_ping(buf, sizeof(buf), token)));
    assert_int_equal(hand_frames(node, link, ES_FRAME_PONG), 1);
    assert_true(hand_last_frame(node, link, ES_FRAME_PONG, &pong));
    assert_int_equal(pong.token, 1);
}

/* --- Ends --------------------------------------------------------------------------------------- */

static void a_new_network_process_means_that_everybody_is_gone(void **state)
{
    struct rig_node *node = *state;

    hand_comes(node, "10.0.0.2", FRIEND);
    hand_comes(node, "10.0.0.2", FRIEND);
    hand_comes(node, "10.0.0.3", OTHER);
    hand_comes(node, "10.0.0.9", 0);
    rig_forget(node);
    rig_start(node);
    assert_int_equal(node->n_gone, 2);
    assert_false(node->present[FRIEND] || node->present[OTHER]);
    assert_int_equal(rig_links_up(node), 0);
    assert_int_equal(node->orders[0].order.kind, ES_ORDER_SETUP);
    assert_int_equal(hand_count(node, ES_ORDER_LISTEN), 1);
    assert_int_equal(hand_count(node, ES_ORDER_FRAME), 0);
    hand_listening(node, hand_listener(node), 42002);
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_true(node->present[FRIEND]);
}

static void a_dropped_peer_loses_its_links(void **state)
{
    struct rig_node *node = *state;
    uint32_t bound = hand_meets(node, FRIEND, "10.0.0.2");
    uint32_t other = hand_comes(node, "10.0.0.3", OTHER);
    struct es_context context = rig_begin(node);

    es_mesh_drop_peer(node->mesh, &context, FRIEND);
    rig_end(node, &context);
    assert_true(hand_said_bye(node, bound, ES_BYE_CLOSING));
    assert_false(hand_closed(node, other));
    assert_int_equal(node->n_gone, 1);
    assert_false(node->present[FRIEND]);
}

static void stopping_says_goodbye(void **state)
{
    struct rig_node *node = *state;
    uint32_t a = hand_comes(node, "10.0.0.2", FRIEND), b = hand_comes(node, "10.0.0.9", 0);
    struct es_context context = rig_begin(node);

    es_mesh_stop(node->mesh, &context);
    rig_end(node, &context);
    assert_true(hand_said_bye(node, a, ES_BYE_CLOSING));
    assert_true(hand_said_bye(node, b, ES_BYE_CLOSING));
    assert_int_equal(hand_count(node, ES_ORDER_WITHDRAW), 1);
    assert_true(es_mesh_wake_at(node->mesh) == UINT64_MAX);
    rig_forget(node);
    hand_up_in(node, "10.0.0.2");
    assert_int_equal(node->n_orders, 0);
}

static void a_multipart_message_is_an_offence(void **state)
{
    struct rig_node *node = *state;

    for (int i = 0; i < ES_STRIKES_FOR_BAN; i++)
        hand_down(node, hand_comes(node, "10.0.0.66", 0), ES_LINK_MALFORMED);
    assert_int_equal(hand_count(node, ES_ORDER_BAN), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_dialler_says_hello_and_link_at_once),
        CASE(the_listener_is_silent_until_it_has_checked),
        CASE(the_listener_answers_a_stranger_at_random),
        CASE(the_dialler_proves_to_nobody_it_does_not_recognise),
        CASE(a_proof_fails_on_any_other_link),
        CASE(a_proof_of_somebody_else_does_not_bind_a_dialled_link),
        CASE(a_version_that_we_do_not_speak_is_told),
        CASE(hello_slots_and_tokens_are_random),
        CASE(a_greeting_that_stops_is_ended),
        CASE(a_pong_gives_the_round_trip),
        CASE(silence_ends_a_link_after_two_pings),
        CASE(a_link_that_answers_stays),
        CASE(pings_are_answered_but_not_a_flood_of_them),
        CASE(a_new_network_process_means_that_everybody_is_gone),
        CASE(a_dropped_peer_loses_its_links),
        CASE(stopping_says_goodbye),
        CASE(a_multipart_message_is_an_offence),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
