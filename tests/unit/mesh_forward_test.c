/* SPDX-License-Identifier: ISC */
/* mesh_forward_test.c - who gets an envelope, how frames are put together, and what is acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"
#include "tests/support/mesh_hand.h"

#define US 1
#define FRIEND 2
#define OTHER 3
#define ABSENT 4
#define DAY_MS (24ull * 60 * 60 * 1000)

static int set_up(void **state)
{
    struct rig *rig = rig_new(4, false);

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

static enum es_path send(struct rig_node *node, uint32_t peer, size_t n, size_t bytes)
{
    struct es_context context = rig_begin(node);
    enum es_path path = ES_PATH_NONE;

    for (size_t i = 0; i < n; i++)
        path = es_mesh_send(node->mesh, &context, peer,
                            hand_envelope((uint8_t)i, bytes, RIG_WALL_MS + DAY_MS));
    rig_end(node, &context);
    return path;
}

/* --- Sending ------------------------------------------------------------------------------------ */

static void a_present_contact_gets_it_on_its_own_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t other = hand_comes(node, "10.0.0.3", OTHER);
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0);
    struct es_frame frame;

    assert_int_equal(send(node, FRIEND, 1, 2048), ES_PATH_DIRECT);
    assert_int_equal(hand_frames(node, other, ES_FRAME_ENVELOPES), 0);
    assert_int_equal(hand_frames(node, stranger, ES_FRAME_ENVELOPES), 0);
    assert_true(hand_last_frame(node, link, ES_FRAME_ENVELOPES, &frame));
    assert_int_equal(frame.envelopes.n, 1);
    assert_int_equal(frame.envelopes.copies[0], 0);
    assert_int_equal(frame.envelopes.at[0].len, 2048);
}

static void of_two_links_the_one_bound_last_is_used(void **state)
{
    struct rig_node *node = *state;
    uint32_t first = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t second = hand_comes(node, "10.0.0.2", FRIEND);

    send(node, FRIEND, 1, 512);
    assert_int_equal(hand_frames(node, first, ES_FRAME_ENVELOPES), 0);
    assert_int_equal(hand_frames(node, second, ES_FRAME_ENVELOPES), 1);
    hand_bye(node, second, ES_BYE_REPLACED); /* the one that stays is used from now on */
    send(node, FRIEND, 1, 512);
    assert_int_equal(hand_frames(node, first, ES_FRAME_ENVELOPES), 1);
    assert_int_equal(hand_frames(node, second, ES_FRAME_ENVELOPES), 1);
}

static void an_absent_contacts_is_offered_to_every_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t bound = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0);
    uint32_t greeting = hand_up_in(node, "10.0.0.9");

    assert_int_equal(send(node, ABSENT, 1, 512), ES_PATH_OFFERED);
    assert_int_equal(hand_frames(node, bound, ES_FRAME_ENVELOPES), 1);
    assert_int_equal(hand_frames(node, stranger, ES_FRAME_ENVELOPES), 1);
    assert_int_equal(hand_frames(node, greeting, ES_FRAME_ENVELOPES), 0);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_OUT), 2);
}

static void without_links_nothing_is_sent(void **state)
{
    struct rig_node *node = *state;

    hand_up_in(node, "10.0.0.9");
    assert_int_equal(send(node, ABSENT, 1, 512), ES_PATH_NONE);
    assert_int_equal(send(node, 0, 1, 512), ES_PATH_NONE);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_OUT), 0);
}

static void envelopes_of_one_input_share_frames(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    struct es_frame frame;

    send(node, FRIEND, 32, 512);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ENVELOPES), 1);
    assert_true(hand_last_frame(node, link, ES_FRAME_ENVELOPES, &frame));
    assert_int_equal(frame.envelopes.n, 32);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(frame.envelopes.at[i].ptr[100], i);
}

static void frames_are_split_where_they_are_full(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    size_t n = 0;

    send(node, FRIEND, 7, ES_ENVELOPE_BYTES_MAX);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ENVELOPES), 4);
    for (size_t i = 0; i < node->n_orders; i++) {
        if (node->orders[i].order.kind == ES_ORDER_FRAME) {
            assert_true(node->orders[i].order.frame.bytes.len <= ES_FRAME_BYTES_MAX);
            n++;
        }
    }
    assert_true(n >= 4);
    send(node, ABSENT, ES_FRAME_ENVELOPES_MAX + 1, 512); /* offered: a full frame and another */
    assert_int_equal(hand_frames(node, link, ES_FRAME_ENVELOPES), 6);
}

static void turns_between_two_links_keep_each_ones_order(void **state)
{
    struct rig_node *node = *state;
    uint32_t a = hand_comes(node, "10.0.0.2", FRIEND), b = hand_comes(node, "10.0.0.3", OTHER);
    struct es_context context = rig_begin(node);
    uint8_t next[2] = {0, 100};

    for (uint8_t i = 0; i < 6; i++)
        es_mesh_send(node->mesh, &context, i % 2 == 0 ? FRIEND : OTHER,
                     hand_envelope((uint8_t)(i / 2 + i % 2 * 100), 512, RIG_WALL_MS + DAY_MS));
    rig_end(node, &context);
    for (size_t i = 0; i < node->n_orders; i++) {
        const struct es_order *order = &node->orders[i].order;
        struct es_frame frame;

        if (order->kind != ES_ORDER_FRAME || !es_frame_decode(order->frame.bytes, &frame) ||
            frame.kind != ES_FRAME_ENVELOPES)
            continue;
        for (size_t at = 0; at < frame.envelopes.n; at++)
            assert_int_equal(frame.envelopes.at[at].ptr[100], next[order->frame.link == b]++);
    }
    assert_int_equal(next[0], 3);
    assert_int_equal(next[1], 103);
    (void)a;
}

static void what_is_offered_stays_within_a_batch(void **state)
{
    struct rig_node *node = *state;
    size_t bytes = 0, links = 0;

    for (int i = 0; i < ES_STRANGER_LINKS_IN_MAX; i++)
        hand_comes(node, "10.0.0.9", 0);
    rig_forget(node);
    send(node, ABSENT, 32, ES_ENVELOPE_BYTES_MAX);
    for (size_t i = 0; i < node->n_orders; i++) {
        bytes += node->orders[i].order.frame.bytes.len;
        links++;
    }
    assert_true(bytes <= ES_OFFER_BYTES_MAX);
    assert_true(bytes > ES_OFFER_BYTES_MAX / 2 && links > 16);
    rig_forget(node);
    send(node, ABSENT, 1, 512); /* the next input has its own share */
    assert_int_equal(hand_count(node, ES_ORDER_FRAME), ES_STRANGER_LINKS_IN_MAX);
}

static void an_offer_on_one_link_reaches_that_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t bound = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0);
    struct es_context context = rig_begin(node);

    es_mesh_offer(node->mesh, &context, stranger, hand_envelope(1, 512, RIG_WALL_MS + DAY_MS));
    es_mesh_offer(node->mesh, &context, bound, hand_envelope(2, 512, RIG_WALL_MS + DAY_MS));
    es_mesh_offer(node->mesh, &context, 4711, hand_envelope(3, 512, RIG_WALL_MS + DAY_MS));
    rig_end(node, &context);
    assert_int_equal(hand_frames(node, stranger, ES_FRAME_ENVELOPES), 1);
    assert_int_equal(hand_frames(node, bound, ES_FRAME_ENVELOPES), 0);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_OUT), 1);
}

static void what_was_put_together_leaves_before_goodbye(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    struct es_context context;
    struct es_frame frame;

    rig_forget(node);
    context = rig_begin(node);
    es_mesh_send(node->mesh, &context, FRIEND, hand_envelope(1, 512, RIG_WALL_MS + DAY_MS));
    es_mesh_stop(node->mesh, &context);
    rig_end(node, &context);
    assert_int_equal(node->orders[1].order.frame.link, link);
    assert_true(es_frame_decode(node->orders[1].order.frame.bytes, &frame));
    assert_int_equal(frame.kind, ES_FRAME_ENVELOPES);
    assert_true(es_frame_decode(node->orders[2].order.frame.bytes, &frame));
    assert_int_equal(frame.kind, ES_FRAME_BYE);
}

/* --- Receiving ---------------------------------------------------------------------------------- */

static void ours_are_acknowledged_on_a_bound_link(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    struct es_frame frame;
    struct es_id id;

    node->takes = true;
    hand_envelopes(node, link, 1, ES_FRAME_ENVELOPES_MAX);
    assert_int_equal(node->n_envelopes, ES_FRAME_ENVELOPES_MAX);
    assert_int_equal(node->last_from, FRIEND);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ACK), 1);
    assert_true(hand_last_frame(node, link, ES_FRAME_ACK, &frame));
    assert_int_equal(frame.ack.n, ES_FRAME_ENVELOPES_MAX);
    id = es_envelope_id(hand_envelope(1, 512, 0)); /* the expiry is not part of it */
    assert_memory_equal(frame.ack.ids.ptr, id.bytes, 16);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_IN), ES_FRAME_ENVELOPES_MAX);
}

static void ours_from_a_stranger_are_not_acknowledged(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.9", 0);

    node->takes = true;
    hand_envelopes(node, link, 1, 3);
    assert_int_equal(node->n_envelopes, 3);
    assert_int_equal(node->last_from, 0);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ACK), 0);
}

static void foreign_envelopes_end_here(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    hand_comes(node, "10.0.0.3", OTHER);
    hand_envelopes(node, link, 1, 3);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_FOREIGN), 3);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_OUT), 0);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ACK), 0);
}

static void give(struct rig_node *node, uint32_t link, uint64_t expires_wall_ms)
{
    uint8_t buf[1024];
    size_t len = es_frame_envelopes_begin(buf, sizeof(buf));

    assert_true(
        es_frame_envelopes_add(buf, sizeof(buf), &len, 0, hand_envelope(1, 512, expires_wall_ms)));
    hand_frame(node, link, es_slice(buf, len));
}

static void refused_ones_are_counted_above_and_not_acknowledged(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    node->refuses = true;
    give(node, link, RIG_WALL_MS + DAY_MS);
    give(node, link, RIG_WALL_MS - DAY_MS);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_IN), 2);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_FOREIGN), 0);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_ENVELOPE_EXPIRED), 0);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ACK), 0);
}

static void expired_ones_that_nobody_knows_are_counted_as_such(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    give(node, link, RIG_WALL_MS - DAY_MS);
    give(node, link, RIG_WALL_MS + 9 * DAY_MS);
    give(node, link, RIG_WALL_MS + 6 * DAY_MS);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_ENVELOPE_EXPIRED), 1);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_ENVELOPE_TOO_FAR), 1);
    assert_int_equal(counted(node, ES_COUNT_ENVELOPES_FOREIGN), 1);
    node->takes = true; /* a known tag is taken at any age */
    give(node, link, RIG_WALL_MS - DAY_MS);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ACK), 1);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_ENVELOPE_EXPIRED), 1);
    assert_false(hand_closed(node, link)); /* never a strike */
}

static void a_stranger_brings_so_many_a_minute(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.9", 0);

    for (int i = 0; i < 10; i++)
        hand_envelopes(node, link, 1, 100);
    assert_int_equal(node->n_envelopes, ES_STRANGER_ENVELOPES_BURST);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_STRANGER_RATE),
                     1000 - ES_STRANGER_ENVELOPES_BURST);
    rig_run(node->rig, 10000);
    hand_envelopes(node, link, 1, 100);
    assert_int_equal(node->n_envelopes, ES_STRANGER_ENVELOPES_BURST + 10);
    assert_false(hand_closed(node, link));
}

static void a_contact_brings_as_many_as_it_has(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    for (int i = 0; i < 10; i++)
        hand_envelopes(node, link, 1, 100);
    assert_int_equal(node->n_envelopes, 1000);
}

static void acknowledgements_are_passed_on_from_bound_links(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0);
    struct es_ack_id ids[2] = {{{1}}, {{2}}};
    uint8_t buf[64];
    size_t len = es_frame_ack(buf, sizeof(buf), ids, 2);

    hand_frame(node, link, es_slice(buf, len));
    assert_int_equal(node->n_acknowledged, 2);
    assert_int_equal(node->last_from, FRIEND);
    assert_memory_equal(&node->last_ack, &ids[1], sizeof(ids[1]));
    hand_frame(node, stranger, es_slice(buf, len));
    assert_int_equal(node->n_acknowledged, 2);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_FRAME_UNEXPECTED), 1);
}

static void a_link_may_be_closed_from_inside_an_envelope(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    node->takes = true;
    node->drops_sender = true;
    hand_envelopes(node, link, 1, 5);
    assert_int_equal(node->n_envelopes, 1);
    assert_int_equal(hand_frames(node, link, ES_FRAME_ACK), 0);
    assert_true(hand_said_bye(node, link, ES_BYE_CLOSING));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_present_contact_gets_it_on_its_own_link),
        CASE(of_two_links_the_one_bound_last_is_used),
        CASE(an_absent_contacts_is_offered_to_every_link),
        CASE(without_links_nothing_is_sent),
        CASE(envelopes_of_one_input_share_frames),
        CASE(frames_are_split_where_they_are_full),
        CASE(turns_between_two_links_keep_each_ones_order),
        CASE(what_is_offered_stays_within_a_batch),
        CASE(an_offer_on_one_link_reaches_that_link),
        CASE(what_was_put_together_leaves_before_goodbye),
        CASE(ours_are_acknowledged_on_a_bound_link),
        CASE(ours_from_a_stranger_are_not_acknowledged),
        CASE(foreign_envelopes_end_here),
        CASE(refused_ones_are_counted_above_and_not_acknowledged),
        CASE(expired_ones_that_nobody_knows_are_counted_as_such),
        CASE(a_stranger_brings_so_many_a_minute),
        CASE(a_contact_brings_as_many_as_it_has),
        CASE(acknowledgements_are_passed_on_from_bound_links),
        CASE(a_link_may_be_closed_from_inside_an_envelope),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
