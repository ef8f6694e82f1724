/* SPDX-License-Identifier: ISC */
/* mesh_dial_test.c - whom one node dials, when, how often, and what it remembers of adverts. */
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

static size_t dials(const struct rig_node *node)
{
    return hand_count(node, ES_ORDER_DIAL);
}

/* --- The rule ----------------------------------------------------------------------------------- */

static void the_smaller_key_dials_a_contact_at_once(void **state)
{
    struct rig_node *node = *state;
    const struct es_order *dial;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    assert_int_equal(dials(node), 1);
    dial = hand_order(node, ES_ORDER_DIAL, 0);
    assert_string_equal(dial->dial.to.host, "10.0.0.2");
    assert_int_equal(dial->dial.to.port, 42050);
    assert_int_equal(dial->dial.server_key.bytes[0], HAND_GREATER);
    assert_true(dial->dial.link < ES_LINK_INBOUND);
}

static void the_greater_key_waits_three_seconds(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    rig_run(node->rig, 2999);
    assert_int_equal(dials(node), 0);
    rig_run(node->rig, 1);
    assert_int_equal(dials(node), 1);
}

static void the_greater_key_does_not_dial_when_it_was_dialled(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    rig_run(node->rig, 1000);
    hand_comes(node, "10.0.0.2", FRIEND);
    rig_run(node->rig, 20000);
    assert_int_equal(dials(node), 0);
}

static void a_stranger_that_dialled_us_is_not_dialled(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, 0, HAND_LESS, "10.0.0.9");
    hand_comes(node, "10.0.0.9", 0);
    rig_run(node->rig, 20000);
    assert_int_equal(dials(node), 0);
}

static void a_stranger_is_looked_at_again_when_its_link_ends(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, 0, HAND_LESS, "10.0.0.9");
    link = hand_comes(node, "10.0.0.9", 0);
    rig_run(node->rig, 20000);
    hand_down(node, link, ES_LINK_CLOSED);
    rig_run(node->rig, 6000);
    assert_int_equal(dials(node), 1);
}

static void our_own_advert_is_not_dialled(void **state)
{
    struct rig_node *node = *state;
    struct es_report report =
        hand_advert(FRIEND, &node->mesh->period.current.key, "10.0.0.1", 42001);
    struct es_mesh_view view;

    rig_report(node, &report);
    rig_run(node->rig, 10000);
    es_mesh_view(node->mesh, &view);
    assert_int_equal(view.port, 42001);
    assert_int_equal(dials(node), 0);
    assert_int_equal(counted(node, ES_COUNT_ADVERTS_SEEN), 0);
}

/* --- Failures ----------------------------------------------------------------------------------- */

static void failures_are_retried_sooner_first(void **state)
{
    static const uint64_t earliest_ms[] = {1000, 3000, 10000, 30000, 30000, 30000};
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    for (size_t i = 0; i < sizeof(earliest_ms) / sizeof(earliest_ms[0]); i++) {
        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
        assert_int_equal(dials(node), i + 1);
        rig_run(node->rig, earliest_ms[i] - 1);
        assert_int_equal(dials(node), i + 1);
        rig_run(node->rig, earliest_ms[i] / 4 + 1);
        assert_int_equal(dials(node), i + 2);
    }
}

static void a_dial_without_an_answer_is_given_up(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    link = hand_dialled(node);
    rig_run(node->rig, 8000);
    assert_true(hand_closed(node, link));
    rig_run(node->rig, 2000);
    assert_int_equal(dials(node), 2);
}

static void every_address_of_an_advert_is_tried(void **state)
{
    static const char *const hosts[] = {"10.0.0.2", "fe80::2%eth0", "192.168.1.2"};
    struct rig_node *node = *state;
    unsigned tried = 0;

    hand_sees(node, FRIEND, HAND_LESS, hosts[0]);
    hand_sees(node, FRIEND, HAND_LESS, hosts[1]);
    hand_sees(node, FRIEND, HAND_LESS, hosts[2]);
    hand_sees(node, FRIEND, HAND_LESS, hosts[2]);
    for (int i = 0; i < 3; i++) {
        rig_run(node->rig, 15000);
        for (unsigned host = 0; host < 3; host++) {
            if (strcmp(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, hosts[host]) == 0)
                tried |= 1u << host;
        }
        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
    }
    assert_int_equal(tried, 7);
}

static void a_link_that_breaks_at_once_each_time_is_a_failure(void **state)
{
    struct rig_node *node = *state;

    hand_meets(node, FRIEND, "10.0.0.2");
    for (int i = 0; i < 60; i++) {
        hand_down(node, hand_dialled(node), ES_LINK_CLOSED);
        rig_run(node->rig, 5000);
        if (hand_count(node, ES_ORDER_DIAL) > 0 &&
            es_mesh_link_find(node->mesh, hand_dialled(node)) != NULL)
            hand_answers(node, hand_dialled(node), FRIEND);
    }
    assert_in_range(dials(node), 300 / 40, 300 / 30 + 5);
}

static void who_is_crowded_is_left_alone_for_a_while(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    link = hand_dialled(node);
    hand_up_out(node, link);
    hand_bye(node, link, ES_BYE_CROWDED);
    rig_run(node->rig, 29000);
    assert_int_equal(dials(node), 1);
    rig_run(node->rig, 10000);
    assert_int_equal(dials(node), 2);
}

static void who_refuses_us_is_left_alone_for_ten_minutes(void **state)
{
    struct rig_node *node = *state;
    uint32_t link;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    link = hand_dialled(node);
    hand_up_out(node, link);
    hand_bye(node, link, ES_BYE_VERSION);
    assert_true(hand_closed(node, link));
    rig_run(node->rig, 599000);
    assert_int_equal(dials(node), 1);
    while (dials(node) == 1)
        rig_run(node->rig, 1000);
    assert_true(node->rig->now_ms <= 1000 + 752000);
}

static void an_address_that_is_over_is_forgotten(void **state)
{
    struct rig_node *node = *state;
    uint32_t old = hand_meets(node, FRIEND, "10.0.0.2");

    hand_sees(node, FRIEND, 0xfe, "10.0.0.2");
    assert_int_equal(dials(node), 1);
    hand_bye(node, old, ES_BYE_REPLACED);
    assert_int_equal(dials(node), 2);
    assert_int_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.server_key.bytes[0], 0xfe);
    assert_true(node->present[FRIEND]); /* the old link still hears */
    hand_answers(node, hand_dialled(node), FRIEND);
    hand_down(node, old, ES_LINK_CLOSED);
    assert_int_equal(node->n_gone, 0);
    assert_int_equal(node->mesh->neighbours.n, 1);
}

static void who_does_not_prove_itself_is_asked_ever_more_rarely(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    hand_answers(node, hand_dialled(node), 0);
    hand_run_answering(node->rig, node, 29000);
    assert_int_equal(dials(node), 1);
    hand_run_answering(node->rig, node, 10000);
    assert_int_equal(dials(node), 2);
    hand_answers(node, hand_dialled(node), 0);
    hand_run_answering(node->rig, node, 290000);
    assert_int_equal(dials(node), 2);
    assert_int_equal(rig_links_up(node), 1); /* the newer link took the place of the older */
    while (dials(node) == 2)
        hand_run_answering(node->rig, node, 1000);
    assert_true(node->rig->now_ms < 1000 + 40000 + 376000);
    hand_answers(node, hand_dialled(node), FRIEND);
    assert_true(node->present[FRIEND]);
}

/* --- Who becomes known, or is no more -------------------------------------------------------------- */

static void recognise_again(struct rig_node *node)
{
    struct es_context context = rig_begin(node);

    es_mesh_recognise_again(node->mesh, &context);
    rig_end(node, &context);
}

static void a_stranger_that_becomes_known_is_dialled_anew_with_a_proof(void **state)
{
    struct rig_node *node = *state;
    uint32_t stranger, bound;
    struct es_frame frame;

    node->recognises[FRIEND] = false;
    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    rig_run(node->rig, 3000);
    stranger = hand_dialled(node);
    hand_answers(node, stranger, 0);
    assert_int_equal(rig_links_bound(node, 0), 1);
    node->recognises[FRIEND] = true;
    recognise_again(node);
    bound = hand_dialled(node);
    assert_int_not_equal(bound, stranger);
    assert_int_equal(rig_links_bound(node, 0), 1); /* the old one stays until then */
    hand_answers(node, bound, FRIEND);
    assert_true(hand_last_frame(node, bound, ES_FRAME_LINK, &frame));
    assert_int_equal(frame.link.ptr[20 + 1], US);
    assert_true(hand_said_bye(node, stranger, ES_BYE_REPLACED));
    rig_run(node->rig, 1000);
    assert_true(hand_closed(node, stranger));
    assert_int_equal(rig_links_up(node), 1);
    assert_true(node->present[FRIEND]);
}

static void a_stranger_that_had_dialled_us_is_dialled_after_three_seconds(void **state)
{
    struct rig_node *node = *state;

    node->recognises[FRIEND] = false;
    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    hand_comes(node, "10.0.0.2", 0);
    rig_run(node->rig, 6000);
    node->recognises[FRIEND] = true;
    recognise_again(node);
    rig_run(node->rig, 2999);
    assert_int_equal(dials(node), 0);
    rig_run(node->rig, 1);
    assert_int_equal(dials(node), 1);
}

static void our_link_as_a_stranger_ends_when_the_contact_proves_itself(void **state)
{
    struct rig_node *node = *state;
    uint32_t stranger;

    node->recognises[FRIEND] = false;
    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    rig_run(node->rig, 3000);
    stranger = hand_dialled(node);
    hand_answers(node, stranger, 0);
    node->recognises[FRIEND] = true;
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_false(hand_said_bye(node, stranger, ES_BYE_REPLACED)); /* its advert says nothing yet */
    recognise_again(node);
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_true(hand_said_bye(node, stranger, ES_BYE_REPLACED));
}

/* --- Addresses that a person gave ------------------------------------------------------------------ */

static void connect_to_peer(struct rig_node *node, const char *host, uint8_t key, uint32_t peer)
{
    struct es_context context = rig_begin(node);
    struct es_endpoint at = {.port = 4000};
    struct es_dh_public link_key = hand_key(key);

    memcpy(at.host, host, strlen(host));
    es_mesh_connect(node->mesh, &context, &at, &link_key, peer);
    rig_end(node, &context);
}

static void connect_to(struct rig_node *node, const char *host, uint8_t key)
{
    connect_to_peer(node, host, key, 0);
}

static void a_given_address_is_kept_up(void **state)
{
    struct rig_node *node = *state;

    connect_to(node, "example.org", HAND_LESS);
    assert_int_equal(dials(node), 1);
    assert_string_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, "example.org");
    for (size_t i = 0; i < 20; i++) {
        uint64_t failed_ms = node->rig->now_ms;

        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
        while (dials(node) == i + 1)
            rig_run(node->rig, 100);
        assert_true(node->rig->now_ms - failed_ms <= 37600);
    }
    hand_answers(node, hand_dialled(node), 0);
    hand_run_answering(node->rig, node, 100000);
    assert_int_equal(dials(node), 21);
    hand_down(node, hand_dialled(node), ES_LINK_CLOSED);
    hand_run_answering(node->rig, node, 2000);
    assert_int_equal(dials(node), 22);
}

static void a_given_address_moves_with_its_node(void **state)
{
    struct rig_node *node = *state;
    uint32_t old;

    connect_to(node, "10.0.0.9", HAND_GREATER);
    old = hand_dialled(node);
    hand_answers(node, old, 0);
    hand_moved(node, old, 42077, 0xfe);
    hand_answers(node, hand_dialled(node), 0);
    assert_true(hand_said_bye(node, old, ES_BYE_REPLACED));
    rig_run(node->rig, 2000);
    assert_int_equal(node->mesh->neighbours.n, 1);
    for (size_t i = 0; i < 10; i++) {
        size_t n = dials(node);

        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
        while (dials(node) == n)
            rig_run(node->rig, 100);
        assert_int_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.port, 42077);
    }
}

static void strangers_do_not_count_given_addresses(void **state)
{
    struct rig_node *node = *state;

    for (uint8_t i = 0; i < 10; i++)
        connect_to(node, "10.0.0.9", (uint8_t)(100 + i));
    assert_int_equal(dials(node), 10);
    hand_sees_strangers(node, 20);
    rig_run(node->rig, 5000);
    assert_int_equal(dials(node), 10 + ES_STRANGER_LINKS_MAX);
}

static void the_address_given_longest_ago_gives_way(void **state)
{
    struct rig_node *node = *state;

    for (unsigned i = 0; i < 3 * ES_KNOWN_PEERS_MAX; i++)
        connect_to(node, "10.0.0.9", (uint8_t)(1 + i));
    assert_int_equal(node->mesh->neighbours.n, ES_KNOWN_PEERS_MAX);
    assert_int_equal(node->mesh->neighbours.n_kept, ES_KNOWN_PEERS_MAX);
}

static bool proves_to(const struct rig_node *node, uint32_t link, unsigned peer)
{
    struct es_frame frame;

    assert_true(hand_last_frame(node, link, ES_FRAME_LINK, &frame));
    return frame.link.ptr[20 + 1] == US && frame.link.ptr[20 + 2] == peer;
}

/* A link to an address that a person gave, bound to nobody. */
static uint32_t meets_by_hand(struct rig_node *node, uint32_t peer)
{
    uint32_t link;

    connect_to_peer(node, "10.0.0.2", HAND_LESS, peer);
    link = hand_dialled(node);
    hand_answers(node, link, 0);
    node->takes = true;
    node->author = FRIEND;
    return link;
}

static void an_envelope_tells_whose_a_given_address_is(void **state)
{
    struct rig_node *node = *state;
    uint32_t first = meets_by_hand(node, 0), second;

    assert_false(proves_to(node, first, FRIEND));
    node->author = 0; /* of somebody who is no contact any more */
    hand_envelopes(node, first, 1, 1);
    assert_int_equal(dials(node), 1);
    node->author = FRIEND;
    hand_envelopes(node, first, 2, 1);
    assert_int_equal(dials(node), 2);
    second = hand_dialled(node);
    assert_false(hand_said_bye(node, first, ES_BYE_REPLACED)); /* make before break */
    hand_answers(node, second, FRIEND);
    assert_true(proves_to(node, second, FRIEND));
    assert_true(node->present[FRIEND]);
    assert_true(hand_said_bye(node, first, ES_BYE_REPLACED));
    rig_run(node->rig, 2000);
    hand_down(node, second, ES_LINK_CLOSED);
    rig_run(node->rig, 2000);
    assert_int_equal(dials(node), 3);
    hand_up_out(node, hand_dialled(node));
    assert_true(proves_to(node, hand_dialled(node), FRIEND));
}

static void who_only_passes_envelopes_on_is_not_taken_for_their_author(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = meets_by_hand(node, 0);

    hand_envelopes(node, link, 1, 1);
    hand_answers(node, hand_dialled(node), 0);
    for (uint8_t tag = 2; tag < 22; tag++) {
        hand_envelopes(node, hand_dialled(node), tag, 1);
        hand_run_answering(node->rig, node, 1000);
    }
    assert_int_equal(dials(node), 2);
    assert_int_equal(rig_links_bound(node, 0), 1);
    node->author = OTHER;
    hand_run_answering(node->rig, node, 20000);
    hand_envelopes(node, hand_dialled(node), 22, 1);
    assert_int_equal(dials(node), 3);
    hand_answers(node, hand_dialled(node), OTHER);
    assert_true(node->present[OTHER]);
}

static void an_address_of_a_named_person_is_dialled_with_a_proof(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = meets_by_hand(node, FRIEND);

    assert_true(proves_to(node, link, FRIEND)); /* who was not ready for it */
    node->author = OTHER;
    hand_envelopes(node, link, 1, 1);
    assert_int_equal(dials(node), 1);
    node->author = FRIEND;
    hand_envelopes(node, link, 2, 1);
    assert_int_equal(dials(node), 2);
    hand_answers(node, hand_dialled(node), FRIEND);
    assert_true(node->present[FRIEND]);
}

static void a_proof_that_finds_nobody_is_tried_again_later(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = meets_by_hand(node, 0);

    hand_envelopes(node, link, 1, 1);
    for (size_t n = 2; n < 8; n++) {
        assert_int_equal(dials(node), n);
        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
        assert_int_equal(dials(node), n); /* not at once, although the first link stands */
        while (dials(node) == n)
            hand_run_answering(node->rig, node, 500);
    }
    assert_int_equal(rig_links_bound(node, 0), 1);
    assert_true(node->rig->now_ms > 1000 + 1000 + 3000 + 10000 + 2 * 30000);
}

static void a_dropped_peer_leaves_a_given_address_to_nobody(void **state)
{
    struct rig_node *node = *state;
    struct es_context context;

    meets_by_hand(node, FRIEND);
    context = rig_begin(node);
    es_mesh_drop_peer(node->mesh, &context, FRIEND);
    rig_end(node, &context);
    hand_run_answering(node->rig, node, 40000);
    hand_up_out(node, hand_dialled(node));
    assert_false(proves_to(node, hand_dialled(node), FRIEND));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_smaller_key_dials_a_contact_at_once),
        CASE(the_greater_key_waits_three_seconds),
        CASE(the_greater_key_does_not_dial_when_it_was_dialled),
        CASE(a_stranger_that_dialled_us_is_not_dialled),
        CASE(a_stranger_is_looked_at_again_when_its_link_ends),
        CASE(our_own_advert_is_not_dialled),
        CASE(failures_are_retried_sooner_first),
        CASE(a_dial_without_an_answer_is_given_up),
        CASE(every_address_of_an_advert_is_tried),
        CASE(a_link_that_breaks_at_once_each_time_is_a_failure),
        CASE(who_is_crowded_is_left_alone_for_a_while),
        CASE(who_refuses_us_is_left_alone_for_ten_minutes),
        CASE(an_address_that_is_over_is_forgotten),
        CASE(who_does_not_prove_itself_is_asked_ever_more_rarely),
        CASE(a_stranger_that_becomes_known_is_dialled_anew_with_a_proof),
        CASE(a_stranger_that_had_dialled_us_is_dialled_after_three_seconds),
        CASE(our_link_as_a_stranger_ends_when_the_contact_proves_itself),
        CASE(a_given_address_is_kept_up),
        CASE(a_given_address_moves_with_its_node),
        CASE(strangers_do_not_count_given_addresses),
        CASE(the_address_given_longest_ago_gives_way),
        CASE(an_envelope_tells_whose_a_given_address_is),
        CASE(who_only_passes_envelopes_on_is_not_taken_for_their_author),
        CASE(an_address_of_a_named_person_is_dialled_with_a_proof),
        CASE(a_proof_that_finds_nobody_is_tried_again_later),
        CASE(a_dropped_peer_leaves_a_given_address_to_nobody),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
