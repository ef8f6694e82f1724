/* SPDX-License-Identifier: ISC */
/* mesh_flight_test.c - a link is given no more than it can be expected to carry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"
#include "tests/support/mesh_hand.h"

#define US 1
#define FRIEND 2
#define ABSENT 3
#define LARGE_FIT (ES_FLIGHT_BYTES_MAX / ES_ENVELOPE_BYTES_MAX)
#define HOUR_MS (60ull * 60 * 1000)
#define MESSAGES 100000u
/* What the slow link carries in a millisecond: one message in five. */
#define BYTES_PER_MS 100

static int set_up(void **state)
{
    struct rig *rig = rig_new(3, false);

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

static struct es_slice envelope_of(uint8_t tag, size_t bytes)
{
    return hand_envelope(tag, bytes, RIG_WALL_MS + HOUR_MS);
}

static struct es_ack_id ack_id_of(struct es_slice envelope)
{
    struct es_id id = es_envelope_id(envelope);
    struct es_ack_id ret;

    memcpy(ret.bytes, id.bytes, sizeof(ret.bytes));
    return ret;
}

static void acknowledge(struct rig_node *node, uint32_t link, uint8_t tag, size_t bytes)
{
    struct es_ack_id id = ack_id_of(envelope_of(tag, bytes));
    uint8_t buf[64];

    hand_frame(node, link, es_slice(buf, es_frame_ack(buf, sizeof(buf), &id, 1)));
}

/* As many as there is room for, as the layer above does; how many these were. */
static size_t send_all(struct rig_node *node, size_t n, size_t bytes)
{
    struct es_context context = rig_begin(node);
    size_t sent = 0;

    while (sent < n && es_mesh_has_room(node->mesh, FRIEND))
        es_mesh_send(node->mesh, &context, FRIEND, envelope_of((uint8_t)sent++, bytes));
    rig_end(node, &context);
    return sent;
}

static void answer_ping(struct rig_node *node, uint32_t link)
{
    struct es_frame frame;
    uint8_t buf[16];

    assert_true(hand_last_frame(node, link, ES_FRAME_PING, &frame));
    hand_frame(node, link, es_slice(buf, es_frame_pong(buf, sizeof(buf), frame.token)));
}

static void a_link_takes_so_much_and_no_more(void **state)
{
    struct rig_node *node = *state;

    hand_comes(node, "10.0.0.2", FRIEND);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), LARGE_FIT);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), 0);
    assert_true(es_mesh_has_room(node->mesh, ABSENT));
}

static void many_small_ones_fill_it_as_well(void **state)
{
    struct rig_node *node = *state;

    hand_comes(node, "10.0.0.2", FRIEND);
    assert_int_equal(send_all(node, 5000, ES_ENVELOPE_BYTES_MIN), ES_FLIGHT_ENTRIES_MAX);
    assert_int_equal(send_all(node, 5000, ES_ENVELOPE_BYTES_MIN), 0);
}

static void an_ack_makes_room_up_to_its_envelope(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    send_all(node, 1000, ES_ENVELOPE_BYTES_MAX);
    acknowledge(node, link, 5, ES_ENVELOPE_BYTES_MAX); /* after 0 to 4 */
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), 6);
    acknowledge(node, link, 200, ES_ENVELOPE_BYTES_MAX); /* never sent */
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), 0);
}

static void an_ack_tells_what_is_under_way(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);
    struct es_ack_id early = ack_id_of(envelope_of(1, 512));
    struct es_ack_id late = ack_id_of(envelope_of(3, 512));
    struct es_context context;

    send_all(node, 5, 512);
    acknowledge(node, link, 2, 512);
    context = rig_begin(node);
    assert_false(es_mesh_is_under_way(node->mesh, &context, FRIEND, &early));
    assert_true(es_mesh_is_under_way(node->mesh, &context, FRIEND, &late));
    assert_false(es_mesh_is_under_way(node->mesh, &context, ABSENT, &late));
    rig_end(node, &context);
}

static void without_acks_a_pong_makes_room(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    answer_ping(node, link); /* that of the greeting */
    rig_forget(node);
    send_all(node, 1000, ES_ENVELOPE_BYTES_MAX);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 0); /* one was sent just now */
    rig_run(node->rig, 2000);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 1);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), 0);
    answer_ping(node, link);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), LARGE_FIT);
}

static void a_pong_speaks_of_what_was_sent_before_its_ping(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    send_all(node, 1000, ES_ENVELOPE_BYTES_MAX); /* after the PING of the greeting */
    answer_ping(node, link);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), 0);
    rig_forget(node);
    rig_run(node->rig, 2000);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 1);
    answer_ping(node, link);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), LARGE_FIT);
}

static void offers_pass_by_a_link_that_is_full(void **state)
{
    struct rig_node *node = *state;
    uint32_t full = hand_comes(node, "10.0.0.2", FRIEND);
    uint32_t stranger = hand_comes(node, "10.0.0.9", 0);
    struct es_context context;

    send_all(node, 1000, ES_ENVELOPE_BYTES_MAX);
    rig_forget(node);
    for (size_t i = 0; i < 2 * LARGE_FIT; i++) {
        context = rig_begin(node);
        es_mesh_send(node->mesh, &context, ABSENT, envelope_of((uint8_t)i, ES_ENVELOPE_BYTES_MAX));
        rig_end(node, &context);
    }
    assert_int_equal(hand_frames(node, full, ES_FRAME_ENVELOPES), 0);
    assert_in_range(hand_frames(node, stranger, ES_FRAME_ENVELOPES), LARGE_FIT - 1, LARGE_FIT);
}

static void another_link_begins_empty(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    send_all(node, 1000, ES_ENVELOPE_BYTES_MAX);
    hand_down(node, link, ES_LINK_CLOSED);
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_int_equal(send_all(node, 1000, ES_ENVELOPE_BYTES_MAX), LARGE_FIT);
}

/* --- A slow link ------------------------------------------------------------------------------ */

/* The other end, which reads in order and acknowledges each frame of envelopes. */
struct slow {
    struct rig_node *node;
    uint32_t link;
    size_t next_order; /* of node->orders */
    size_t credit;     /* bytes that it may read now */
    size_t queued, most_queued;
    uint32_t next_message;
};

static void read_envelopes(struct slow *slow, const struct es_frame *frame)
{
    struct es_ack_id ids[ES_FRAME_ENVELOPES_MAX];
    uint8_t buf[4096];

    for (size_t i = 0; i < frame->envelopes.n; i++) {
        uint32_t number;

        memcpy(&number, frame->envelopes.at[i].ptr + 100, sizeof(number));
        assert_int_equal(number, slow->next_message++);
        ids[i] = ack_id_of(frame->envelopes.at[i]);
    }
    hand_frame(slow->node, slow->link,
               es_slice(buf, es_frame_ack(buf, sizeof(buf), ids, frame->envelopes.n)));
}

/* Reads what has come through by now. */
static void read_slowly(struct slow *slow)
{
    while (slow->next_order < slow->node->n_orders) {
        const struct es_order *order = &slow->node->orders[slow->next_order].order;
        struct es_frame frame;
        uint8_t buf[16];

        if (order->kind == ES_ORDER_FRAME && order->frame.link == slow->link) {
            if (order->frame.bytes.len > slow->credit)
                return;
            slow->credit -= order->frame.bytes.len;
            slow->queued -= order->frame.bytes.len;
            assert_true(es_frame_decode(order->frame.bytes, &frame));
            if (frame.kind == ES_FRAME_ENVELOPES)
                read_envelopes(slow, &frame);
            else if (frame.kind == ES_FRAME_PING)
                hand_frame(slow->node, slow->link,
                           es_slice(buf, es_frame_pong(buf, sizeof(buf), frame.token)));
        }
        slow->next_order++;
    }
    rig_forget(slow->node);
    slow->next_order = 0;
}

static void give_more(struct slow *slow, uint32_t *io_next)
{
    size_t before = slow->node->n_orders;
    struct es_context context = rig_begin(slow->node);

    while (*io_next < MESSAGES && es_mesh_has_room(slow->node->mesh, FRIEND)) {
        uint8_t bytes[ES_ENVELOPE_BYTES_MIN];

        memcpy(bytes, envelope_of(1, sizeof(bytes)).ptr, sizeof(bytes));
        memcpy(bytes + 100, io_next, sizeof(*io_next));
        (*io_next)++;
        es_mesh_send(slow->node->mesh, &context, FRIEND, ES_SLICE_OF(bytes));
    }
    rig_end(slow->node, &context);
    for (size_t i = before; i < slow->node->n_orders; i++) {
        if (slow->node->orders[i].order.kind == ES_ORDER_FRAME)
            slow->queued += slow->node->orders[i].order.frame.bytes.len;
    }
    if (slow->queued > slow->most_queued)
        slow->most_queued = slow->queued;
}

static void a_slow_link_carries_a_long_queue_in_order(void **state)
{
    struct rig_node *node = *state;
    struct slow slow = {.node = node, .link = hand_comes(node, "10.0.0.2", FRIEND)};
    uint32_t next = 0;

    answer_ping(node, slow.link);
    rig_forget(node);
    for (uint32_t ms = 0; slow.next_message < MESSAGES; ms += 500) {
        size_t before;

        assert_true(ms < HOUR_MS);
        give_more(&slow, &next);
        before = node->n_orders;
        rig_run(node->rig, 500);
        for (size_t i = before; i < node->n_orders; i++)
            slow.queued += node->orders[i].order.frame.bytes.len; /* PINGs */
        slow.credit += 500 * BYTES_PER_MS;
        read_slowly(&slow);
        assert_int_equal(rig_links_bound(node, FRIEND), 1);
    }
    assert_int_equal(next, MESSAGES);
    assert_in_range(slow.most_queued, ES_FLIGHT_BYTES_MAX / 2,
                    ES_FLIGHT_BYTES_MAX + ES_FRAME_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_link_takes_so_much_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_small_ones_fill_it_as_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_ack_makes_room_up_to_its_envelope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_ack_tells_what_is_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_acks_a_pong_makes_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pong_speaks_of_what_was_sent_before_its_ping, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(offers_pass_by_a_link_that_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_link_begins_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_link_carries_a_long_queue_in_order, set_up,
                                        tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
