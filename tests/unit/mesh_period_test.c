/* SPDX-License-Identifier: ISC */
/* mesh_period_test.c - rotation, listeners and moves of one node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/crypto/dh.h"
#include "tests/support/mesh_hand.h"

#define US 1
#define FRIEND 2
#define OTHER 3
#define PERIOD_MS 900000

static int set_up(void **state)
{
    struct rig *rig = rig_new(3, false);

    rig_befriend(rig, US, FRIEND);
    rig_befriend(rig, US, OTHER);
    *state = rig_node(rig, US);
    return 0;
}

static int set_up_started(void **state)
{
    set_up(state);
    hand_start(*state);
    return 0;
}

static int set_up_lasting(void **state)
{
    static const struct es_lasting lasting[] = {{.port = 5000}, {.host = "10.0.0.1", .port = 5001}};
    struct rig_node *node;

    set_up(state);
    node = *state;
    node->settings.lasting = lasting;
    node->settings.n_lasting = 2;
    rig_start(node);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(((struct rig_node *)*state)->rig);
    return 0;
}

static const struct es_order *last(const struct rig_node *node, enum es_order_kind kind)
{
    const struct es_order *order = hand_order(node, kind, 0);

    assert_non_null(order);
    return order;
}

/* Lets the period end and its successor's listener stand on this port. */
static void next_period(struct rig_node *node, uint16_t port)
{
    struct es_context context = rig_begin(node);

    es_mesh_rotate(node->mesh, &context, false);
    rig_end(node, &context);
    hand_listening(node, hand_listener(node), port);
}

/* --- Beginning ---------------------------------------------------------------------------------- */

static void setup_comes_first(void **state)
{
    struct rig_node *node = *state;

    rig_start(node);
    assert_int_equal(node->orders[0].order.kind, ES_ORDER_SETUP);
    assert_int_equal(node->orders[0].order.setup.method, ES_DISCOVERY_AUTO);
    assert_int_equal(node->orders[1].order.kind, ES_ORDER_LISTEN);
    assert_int_equal(node->orders[1].order.listen.port_min, 42000);
    assert_int_equal(node->orders[1].order.listen.port_max, 42099);
    assert_int_equal(hand_count(node, ES_ORDER_ADVERTISE), 0);
}

static void what_stands_is_advertised(void **state)
{
    struct rig_node *node = *state;
    struct es_dh_public key;
    const struct es_publication *published;

    hand_start(node);
    key = es_dh_public_of(&last(node, ES_ORDER_LISTEN)->listen.secret);
    published = &last(node, ES_ORDER_ADVERTISE)->advertise;
    assert_int_equal(published->port, 42001);
    assert_memory_equal(&published->advert.link_key, &key, sizeof(key));
    assert_int_equal(published->advert.beacon[0], US);
    assert_int_equal(strlen(published->instance), ES_INSTANCE_CHARS);
    assert_int_equal(strlen(published->host), ES_INSTANCE_CHARS);
    assert_string_not_equal(published->instance, published->host);
    assert_int_equal(node->listening[RIG_ROTATING], 42001);
}

static void given_peers_are_dialled(void **state)
{
    static const struct es_known_peer peers[] = {{{"10.0.0.7", 7}, {{7}}}, {{"ten.org", 8}, {{8}}}};
    struct rig_node *node = *state;

    node->settings.peers = peers;
    node->settings.n_peers = 2;
    rig_start(node);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 2);
    rig_start(node);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 4);
}

static void a_listener_that_does_not_stand_is_tried_again(void **state)
{
    static const uint64_t wait_ms[] = {1000, 3000, 10000, 30000, 60000, 60000};
    struct rig_node *node = *state;

    rig_start(node);
    for (size_t i = 0; i < 6; i++) {
        hand_listening(node, hand_listener(node), 0);
        rig_run(node->rig, wait_ms[i] - 1);
        assert_int_equal(hand_count(node, ES_ORDER_LISTEN), i + 1);
        rig_run(node->rig, 1);
        assert_int_equal(hand_count(node, ES_ORDER_LISTEN), i + 2);
    }
    hand_listening(node, hand_listener(node), 42005);
    assert_int_equal(last(node, ES_ORDER_ADVERTISE)->advertise.port, 42005);
}

static void an_order_to_listen_without_answer_is_withdrawn(void **state)
{
    struct rig_node *node = *state;
    uint32_t first;

    rig_start(node);
    first = hand_listener(node);
    rig_run(node->rig, 11000);
    assert_int_equal(last(node, ES_ORDER_UNLISTEN)->unlisten, first);
    assert_int_equal(hand_count(node, ES_ORDER_LISTEN), 2);
    assert_int_not_equal(hand_listener(node), first);
}

/* --- Rotation ----------------------------------------------------------------------------------- */

static void a_period_ends_after_its_time_and_some(void **state)
{
    struct rig_node *node = *state;
    uint64_t least = UINT64_MAX, most = 0;

    for (int i = 0; i < 20; i++) {
        uint64_t began_ms = node->rig->now_ms, lasted_ms;
        size_t n = hand_count(node, ES_ORDER_LISTEN);

        while (hand_count(node, ES_ORDER_LISTEN) == n)
            rig_run(node->rig, 1000);
        lasted_ms = node->rig->now_ms - began_ms;
        least = lasted_ms < least ? lasted_ms : least;
        most = lasted_ms > most ? lasted_ms : most;
        hand_listening(node, hand_listener(node), (uint16_t)(42010 + i));
    }
    assert_true(least >= PERIOD_MS / 10 * 9 && most <= PERIOD_MS / 10 * 11 + 1000);
    assert_true(most - least > PERIOD_MS / 20);
    assert_int_equal(node->counters.of[ES_COUNT_ROTATIONS], 20);
}

static void a_new_period_changes_everything(void **state)
{
    struct rig_node *node = *state;
    struct es_publication old = last(node, ES_ORDER_ADVERTISE)->advertise;
    const struct es_publication *now;

    next_period(node, 42002);
    now = &last(node, ES_ORDER_ADVERTISE)->advertise;
    assert_int_not_equal(now->port, old.port);
    assert_memory_not_equal(&now->advert.link_key, &old.advert.link_key, ES_KEY_BYTES);
    assert_memory_not_equal(now->advert.nonce, old.advert.nonce, ES_ADVERT_NONCE_BYTES);
    assert_string_not_equal(now->instance, old.instance);
    assert_string_not_equal(now->host, old.host);
}

static void republishing_keeps_the_period(void **state)
{
    struct rig_node *node = *state;
    struct es_publication old = last(node, ES_ORDER_ADVERTISE)->advertise;
    const struct es_publication *now;
    struct es_context context = rig_begin(node);

    node->visible = true;
    es_mesh_republish(node->mesh, &context);
    rig_end(node, &context);
    assert_int_equal(hand_count(node, ES_ORDER_ADVERTISE), 2);
    now = &last(node, ES_ORDER_ADVERTISE)->advertise;
    assert_true(now->advert.visible && !old.advert.visible);
    old.advert.visible = true;
    assert_memory_equal(now, &old, sizeof(old));
}

static void the_old_listener_stays_until_the_new_one_stands(void **state)
{
    struct rig_node *node = *state;
    uint32_t bound = hand_comes(node, "10.0.0.2", FRIEND);
    struct es_context context = rig_begin(node);

    rig_forget(node);
    es_mesh_rotate(node->mesh, &context, false);
    rig_end(node, &context);
    assert_int_equal(hand_count(node, ES_ORDER_LISTEN), 1);
    assert_int_equal(node->n_orders, 1);
    hand_listening(node, hand_listener(node), 0);
    assert_int_equal(hand_count(node, ES_ORDER_ADVERTISE), 0);
    assert_int_equal(hand_count(node, ES_ORDER_UNLISTEN), 0);
    assert_true(node->present[FRIEND]);
    assert_false(hand_closed(node, bound));
}

static void every_link_is_told_of_the_move(void **state)
{
    struct rig_node *node = *state;
    uint32_t in = hand_comes(node, "10.0.0.2", FRIEND), out;
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0), greeting = hand_up_in(node, "10.0.0.9");
    struct es_frame frame;

    hand_sees(node, OTHER, HAND_GREATER, "10.0.0.3");
    out = hand_dialled(node);
    hand_answers(node, out, OTHER);
    next_period(node, 42002);
    assert_true(hand_last_frame(node, in, ES_FRAME_MOVED, &frame));
    assert_int_equal(frame.moved.port, 42002);
    assert_memory_equal(&frame.moved.key,
                        &last(node, ES_ORDER_ADVERTISE)->advertise.advert.link_key,
                        sizeof(frame.moved.key));
    assert_int_equal(hand_frames(node, out, ES_FRAME_MOVED), 1);
    assert_int_equal(hand_frames(node, stranger, ES_FRAME_MOVED), 1);
    assert_int_equal(hand_frames(node, greeting, ES_FRAME_MOVED), 0);
    /* Who proves itself on the old listener afterwards is told, too. */
    hand_hello(node, greeting, node->rig->wall_ms);
    hand_link(node, greeting, FRIEND);
    assert_int_equal(hand_frames(node, greeting, ES_FRAME_MOVED), 1);
}

static void an_empty_listener_is_closed_after_a_moment(void **state)
{
    struct rig_node *node = *state;
    uint32_t first = hand_listener(node), link = hand_comes(node, "10.0.0.2", FRIEND);

    next_period(node, 42002);
    hand_run_answering(node->rig, node, 60000);
    assert_int_equal(hand_count(node, ES_ORDER_UNLISTEN), 0);
    hand_bye(node, link, ES_BYE_REPLACED);
    rig_run(node->rig, 2000);
    assert_true(hand_closed(node, link));
    assert_int_equal(last(node, ES_ORDER_UNLISTEN)->unlisten, first);
}

static void a_listener_without_links_still_overlaps(void **state)
{
    struct rig_node *node = *state;
    uint32_t first = hand_listener(node);

    next_period(node, 42002);
    rig_run(node->rig, 9999);
    assert_int_equal(hand_count(node, ES_ORDER_UNLISTEN), 0);
    rig_run(node->rig, 1);
    assert_int_equal(last(node, ES_ORDER_UNLISTEN)->unlisten, first);
}

static bool is_unlistened(const struct rig_node *node, uint32_t listener)
{
    for (size_t i = 0; i < node->n_orders; i++) {
        if (node->orders[i].order.kind == ES_ORDER_UNLISTEN &&
            node->orders[i].order.unlisten == listener)
            return true;
    }
    return false;
}

static void a_used_listener_is_closed_after_two_further_periods(void **state)
{
    struct rig_node *node = *state;
    uint32_t first = hand_listener(node), link = hand_comes(node, "10.0.0.2", FRIEND);
    uint64_t replaced_ms = node->rig->now_ms;

    next_period(node, 42002);
    while (!is_unlistened(node, first)) {
        size_t n = hand_count(node, ES_ORDER_LISTEN);

        hand_run_answering(node->rig, node, 1000);
        if (hand_count(node, ES_ORDER_LISTEN) > n)
            hand_listening(node, hand_listener(node), 42003);
        assert_true(node->rig->now_ms - replaced_ms <= 2 * PERIOD_MS + 1000);
    }
    assert_true(node->rig->now_ms - replaced_ms >= 2 * PERIOD_MS);
    assert_true(hand_said_bye(node, link, ES_BYE_REPLACED));
    assert_false(node->present[FRIEND]);
}

static void periods_begun_by_hand_keep_to_their_number(void **state)
{
    struct rig_node *node = *state;

    for (uint16_t i = 0; i < 20; i++) {
        hand_comes(node, "10.0.0.2", FRIEND);
        next_period(node, (uint16_t)(42010 + i));
    }
    assert_int_equal(hand_count(node, ES_ORDER_LISTEN) - hand_count(node, ES_ORDER_UNLISTEN),
                     1 + ES_FORMER_LISTENERS_MAX);
}

static void strangers_are_dropped_and_do_not_learn_the_new_address(void **state)
{
    struct rig_node *node = *state;
    uint32_t bound = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t before = hand_comes(node, "10.0.0.9", 0), between;
    struct es_context context = rig_begin(node);

    es_mesh_rotate(node->mesh, &context, true);
    rig_end(node, &context);
    assert_true(hand_said_bye(node, before, ES_BYE_CLOSING));
    between = hand_comes(node, "10.0.0.9", 0);
    hand_listening(node, hand_listener(node), 42002);
    assert_true(hand_said_bye(node, between, ES_BYE_CLOSING));
    assert_int_equal(hand_frames(node, between, ES_FRAME_MOVED), 0);
    assert_int_equal(hand_frames(node, bound, ES_FRAME_MOVED), 1);
    assert_int_equal(rig_links_up(node), 1);
}

/* --- Moves of others ---------------------------------------------------------------------------- */

static void a_move_is_followed_before_the_old_link_goes(void **state)
{
    struct rig_node *node = *state;
    uint32_t old = hand_meets(node, FRIEND, "10.0.0.2"), fresh;
    const struct es_order *dial;

    hand_moved(node, old, 42077, 0xfe);
    fresh = hand_dialled(node);
    assert_int_not_equal(fresh, old);
    dial = last(node, ES_ORDER_DIAL);
    assert_string_equal(dial->dial.to.host, "10.0.0.2");
    assert_int_equal(dial->dial.to.port, 42077);
    assert_int_equal(dial->dial.server_key.bytes[0], 0xfe);
    assert_false(hand_said_bye(node, old, ES_BYE_REPLACED));
    hand_answers(node, fresh, FRIEND);
    assert_true(hand_said_bye(node, old, ES_BYE_REPLACED));
    assert_false(hand_closed(node, old));
    hand_envelopes(node, old, 9, 1); /* was on its way */
    assert_int_equal(node->n_envelopes, 1);
    rig_run(node->rig, 1000);
    assert_true(hand_closed(node, old));
    assert_int_equal(node->n_present, 1);
    assert_int_equal(node->n_gone, 0);
    hand_run_answering(node->rig, node, 60000);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 2); /* the old address is forgotten */
}

static void a_move_to_somebody_else_is_not_followed(void **state)
{
    struct rig_node *node = *state;
    uint32_t old = hand_meets(node, FRIEND, "10.0.0.2"), fresh;

    hand_moved(node, old, 42077, 0xfe);
    fresh = hand_dialled(node);
    hand_answers(node, fresh, 0);
    assert_false(hand_said_bye(node, old, ES_BYE_REPLACED));
    assert_true(hand_said_bye(node, fresh, ES_BYE_REPLACED));
    assert_true(node->present[FRIEND]);
}

static void a_move_that_fails_is_tried_again_while_the_old_link_stands(void **state)
{
    struct rig_node *node = *state;
    uint32_t old = hand_meets(node, FRIEND, "10.0.0.2");

    hand_moved(node, old, 42077, 0xfe);
    hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
    hand_run_answering(node->rig, node, 1300);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 3);
    assert_true(node->present[FRIEND]);
    hand_answers(node, hand_dialled(node), FRIEND);
    assert_true(hand_said_bye(node, old, ES_BYE_REPLACED));
}

static void a_stranger_is_followed_without_proof(void **state)
{
    struct rig_node *node = *state;
    uint32_t old;
    struct es_frame frame;

    hand_sees(node, 0, HAND_GREATER, "10.0.0.9");
    rig_run(node->rig, 3000);
    old = hand_dialled(node);
    hand_answers(node, old, 0);
    hand_moved(node, old, 42077, 0xfe);
    hand_answers(node, hand_dialled(node), 0);
    assert_true(hand_last_frame(node, hand_dialled(node), ES_FRAME_LINK, &frame));
    assert_int_equal(frame.link.ptr[20 + 1], 0);
    assert_true(hand_said_bye(node, old, ES_BYE_REPLACED));
}

static void a_move_leads_to_no_other_host(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, 0, HAND_GREATER, "10.0.0.9");
    rig_run(node->rig, 2000);
    link = hand_dialled(node);
    hand_answers(node, link, 0);
    hand_sees(node, 0, 0xfe, "10.0.0.66"); /* the key to which it will move, at another host */
    hand_moved(node, link, 42077, 0xfe);
    assert_int_not_equal(hand_dialled(node), link);
    assert_string_equal(last(node, ES_ORDER_DIAL)->dial.to.host, "10.0.0.9");
    assert_int_equal(last(node, ES_ORDER_DIAL)->dial.to.port, 42077);
}

static void a_listener_notes_where_a_contact_moved(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    hand_moved(node, link, 42077, 0xfe);
    hand_run_answering(node->rig, node, 10000);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 0);
    hand_down(node, link, ES_LINK_CLOSED);
    rig_run(node->rig, 3000);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 1);
    assert_int_equal(last(node, ES_ORDER_DIAL)->dial.to.port, 42077);
    for (int i = 0; i < 20; i++) {
        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
        rig_run(node->rig, 38000);
    }
    assert_true(hand_count(node, ES_ORDER_DIAL) <= 6); /* then it is given up */
}

static void the_advert_of_a_noted_address_is_the_contacts(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    struct es_advert_view view;
    size_t at = 0;

    hand_moved(node, link, 42050, 0xfe);
    hand_sees(node, 0, 0xfe, "10.0.0.2"); /* its presence key is a newer one than ours */
    assert_true(es_mesh_advert_next(node->mesh, &at, &view));
    assert_int_equal(view.peer, FRIEND);
}

static void a_move_to_the_address_of_another_contact_is_not_followed(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");

    hand_sees(node, OTHER, 0, "10.0.0.3");
    hand_moved(node, link, 42077, 0);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 1);
    rig_run(node->rig, 3000);
    assert_string_equal(last(node, ES_ORDER_DIAL)->dial.to.host, "10.0.0.3");
}

static void a_strangers_word_from_outside_is_not_noted(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.9", 0);

    hand_moved(node, link, 42077, 0xfe);
    hand_down(node, link, ES_LINK_CLOSED);
    rig_run(node->rig, 60000);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 0);
}

static void a_flood_of_moves_is_no_flood_of_dials(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");

    for (int i = 0; i < 1000; i++)
        hand_moved(node, link, (uint16_t)(1000 + i), (uint8_t)(100 + i % 100));
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 2);
    assert_int_equal(node->counters.of[ES_COUNT_REJECTED_FRAME_UNEXPECTED], 999);
}

/* --- Lasting listeners ----------------------------------------------------------------------------- */

static void lasting_listeners_share_a_lasting_key(void **state)
{
    struct rig_node *node = *state;
    const struct es_order *one, *two;
    struct es_dh_public key, lasting = es_mesh_lasting_key(node->mesh);
    uint32_t other_key;

    assert_int_equal(hand_count(node, ES_ORDER_LISTEN), 3);
    two = hand_order(node, ES_ORDER_LISTEN, 0);
    one = hand_order(node, ES_ORDER_LISTEN, 1);
    assert_int_equal(one->listen.port_min, 5000);
    assert_int_equal(one->listen.port_max, 5000);
    assert_string_equal(two->listen.host, "10.0.0.1");
    key = es_dh_public_of(&one->listen.secret);
    assert_memory_equal(&key, &lasting, sizeof(key));
    key = es_dh_public_of(&two->listen.secret);
    assert_memory_equal(&key, &lasting, sizeof(key));
    other_key = hand_order(node, ES_ORDER_LISTEN, 2)->listen.listener;
    hand_listening(node, other_key, 42001);
    hand_listening(node, one->listen.listener, 5000);
    assert_int_equal(node->listening[0], 5000);
    assert_int_equal(node->listening[RIG_ROTATING], 42001);
    rig_start(node);
    assert_memory_equal(&key, &node->mesh->period.lasting_key, sizeof(key));
}

static void a_lasting_listener_that_does_not_stand_is_told_once(void **state)
{
    struct rig_node *node = *state;
    uint32_t listener = hand_order(node, ES_ORDER_LISTEN, 1)->listen.listener;
    unsigned n = node->n_listening;

    node->listening[0] = 99;
    hand_listening(node, hand_order(node, ES_ORDER_LISTEN, 2)->listen.listener, 42001);
    hand_listening(node, hand_listener(node), 5001);
    hand_listening(node, listener, 0);
    assert_int_equal(node->listening[0], 0);
    assert_int_equal(node->n_listening, n + 3);
    for (int i = 0; i < 3; i++) {
        rig_run(node->rig, 60000);
        hand_listening(node, hand_listener(node), 0);
    }
    assert_int_equal(node->n_listening, n + 3);
    rig_run(node->rig, 60000);
    assert_int_equal(last(node, ES_ORDER_LISTEN)->listen.port_min, 5000);
    hand_listening(node, hand_listener(node), 5000);
    assert_int_equal(node->listening[0], 5000);
}

static void links_by_a_lasting_listener_are_not_told_of_moves(void **state)
{
    struct rig_node *node = *state;
    struct es_report up = {.kind = ES_REPORT_LINK_UP};
    uint32_t lasting = hand_listener(node);

    hand_listening(node, hand_order(node, ES_ORDER_LISTEN, 2)->listen.listener, 42001);
    hand_listening(node, lasting, 5001);
    up.up.link = node->next_inbound++;
    up.up.listener = lasting;
    up.up.server_key = es_mesh_lasting_key(node->mesh);
    memcpy(up.up.host, "10.0.0.9", 8);
    rig_report(node, &up);
    hand_hello(node, up.up.link, node->rig->wall_ms);
    hand_link(node, up.up.link, 0);
    assert_int_equal(rig_links_up(node), 1);
    next_period(node, 42002);
    assert_int_equal(hand_frames(node, up.up.link, ES_FRAME_MOVED), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_started, tear_down)
#define FRESH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define LASTING(f) cmocka_unit_test_setup_teardown(f, set_up_lasting, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(setup_comes_first),
        FRESH(what_stands_is_advertised),
        FRESH(given_peers_are_dialled),
        FRESH(a_listener_that_does_not_stand_is_tried_again),
        FRESH(an_order_to_listen_without_answer_is_withdrawn),
        CASE(a_period_ends_after_its_time_and_some),
        CASE(a_new_period_changes_everything),
        CASE(republishing_keeps_the_period),
        CASE(the_old_listener_stays_until_the_new_one_stands),
        CASE(every_link_is_told_of_the_move),
        CASE(an_empty_listener_is_closed_after_a_moment),
        CASE(a_listener_without_links_still_overlaps),
        CASE(a_used_listener_is_closed_after_two_further_periods),
        CASE(periods_begun_by_hand_keep_to_their_number),
        CASE(strangers_are_dropped_and_do_not_learn_the_new_address),
        CASE(a_move_is_followed_before_the_old_link_goes),
        CASE(a_move_to_somebody_else_is_not_followed),
        CASE(a_move_that_fails_is_tried_again_while_the_old_link_stands),
        CASE(a_stranger_is_followed_without_proof),
        CASE(a_move_leads_to_no_other_host),
        CASE(a_listener_notes_where_a_contact_moved),
        CASE(the_advert_of_a_noted_address_is_the_contacts),
        CASE(a_move_to_the_address_of_another_contact_is_not_followed),
        CASE(a_strangers_word_from_outside_is_not_noted),
        CASE(a_flood_of_moves_is_no_flood_of_dials),
        LASTING(lasting_listeners_share_a_lasting_key),
        LASTING(a_lasting_listener_that_does_not_stand_is_told_once),
        LASTING(links_by_a_lasting_listener_are_not_told_of_moves),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
