/* SPDX-License-Identifier: ISC */
/* mesh_adverts_test.c - what one node makes of the adverts it sees: several of one
 * contact, forged ones, floods. */
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

/* --- Several adverts ---------------------------------------------------------------------------- */

static void of_several_adverts_of_a_contact_the_last_seen_is_dialled_first(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, 1, "10.0.0.21");
    hand_sees(node, FRIEND, 2, "10.0.0.22");
    hand_sees(node, FRIEND, 1, "10.0.0.21");
    rig_run(node->rig, 3000);
    assert_int_equal(dials(node), 1);
    assert_string_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, "10.0.0.21");
    hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
    assert_int_equal(dials(node), 2);
    assert_string_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, "10.0.0.22");
    hand_answers(node, hand_dialled(node), FRIEND);
    hand_run_answering(node->rig, node, 60000);
    assert_int_equal(dials(node), 2);
}

static void an_advert_that_is_gone_is_not_dialled(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    rig_report(node,
               &(struct es_report){.kind = ES_REPORT_ADVERT_GONE, .gone = {hand_key(HAND_LESS)}});
    rig_run(node->rig, 60000);
    assert_int_equal(dials(node), 0);
}

static void a_false_goodbye_leaves_the_link_alone(void **state)
{
    struct rig_node *node = *state;

    hand_meets(node, FRIEND, "10.0.0.2");
    rig_report(
        node, &(struct es_report){.kind = ES_REPORT_ADVERT_GONE, .gone = {hand_key(HAND_GREATER)}});
    assert_true(node->present[FRIEND]);
}

static void a_forged_advert_does_not_push_out_a_contacts(void **state)
{
    struct rig_node *node = *state;
    struct es_advert_view view;
    size_t at = 0;

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    hand_sees(node, 0, HAND_LESS, "10.0.0.66");
    assert_int_equal(counted(node, ES_COUNT_REJECTED_BEACON), 1);
    assert_true(es_mesh_advert_next(node->mesh, &at, &view));
    assert_int_equal(view.peer, FRIEND);
    assert_false(es_mesh_advert_next(node->mesh, &at, &view));
    rig_run(node->rig, 3000);
    assert_string_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.host, "10.0.0.2");
}

/* --- Limits ------------------------------------------------------------------------------------- */

static void only_so_many_strangers_are_dialled(void **state)
{
    struct rig_node *node = *state;

    hand_sees_strangers(node, 100);
    for (int i = 0; i < 100; i++) {
        rig_run(node->rig, 100);
        for (size_t at = 0; at < node->mesh->links.n; at++) {
            if (node->mesh->links.at[at]->state == ES_MESH_DIALLING)
                hand_answers(node, node->mesh->links.numbers[at], 0);
        }
    }
    assert_int_equal(dials(node), ES_STRANGER_LINKS_MAX);
    assert_int_equal(rig_links_bound(node, 0), ES_STRANGER_LINKS_MAX);
    hand_down(node, hand_dialled(node), ES_LINK_CLOSED);
    rig_run(node->rig, 100);
    assert_int_equal(dials(node), ES_STRANGER_LINKS_MAX + 1);
}

static void strangers_are_chosen_at_random(void **state)
{
    struct rig_node *node = *state;
    uint16_t greatest = 0;

    hand_sees_strangers(node, 100);
    rig_run(node->rig, 5000);
    for (size_t i = 0; i < dials(node); i++) {
        uint16_t port = hand_order(node, ES_ORDER_DIAL, i)->dial.to.port;

        if (port > greatest)
            greatest = port;
    }
    assert_true(greatest > 40); /* not the first eight */
}

static void a_host_is_not_scanned_for_whoever_names_it(void **state)
{
    struct rig_node *node = *state;
    struct es_dh_public key = hand_key(HAND_GREATER);

    for (uint16_t port = 1; port <= 300; port++) {
        struct es_report report;

        key.bytes[30] = (uint8_t)(port >> 8);
        key.bytes[31] = (uint8_t)port;
        report = hand_advert(0, &key, "10.0.0.66", port);
        rig_report(node, &report);
    }
    for (int second = 0; second < 125; second++) {
        rig_run(node->rig, 1000);
        if (dials(node) > 0)
            hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
    }
    assert_in_range(dials(node), 16, 20); /* four in half a minute */
    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.66");
    assert_int_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.to.port, 42050); /* at once */
}

static void a_flood_of_adverts_keeps_to_the_table_and_to_contacts(void **state)
{
    struct rig_node *node = *state;
    struct es_advert_view view;
    size_t at = 0, n = 0;
    bool has_friend = false;

    hand_sees(node, FRIEND, HAND_LESS, "10.0.0.2");
    hand_sees_strangers(node, 5000);
    while (es_mesh_advert_next(node->mesh, &at, &view)) {
        n++;
        has_friend = has_friend || view.peer == FRIEND;
    }
    assert_int_equal(n, ES_ADVERTS_MAX);
    assert_true(has_friend);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_ADVERT_FULL), 5001 - ES_ADVERTS_MAX);
    assert_int_equal(counted(node, ES_COUNT_ADVERTS_SEEN), 5001);
}

static void a_flood_makes_no_storm_of_dials_or_timers(void **state)
{
    struct rig_node *node = *state;
    size_t timers;

    hand_sees_strangers(node, 5000);
    rig_run(node->rig, 5000);
    timers = node->n_timers;
    rig_forget(node);
    for (int second = 0; second < 60; second++) {
        for (size_t at = 0; at < node->mesh->links.n; at++) {
            if (node->mesh->links.at[at]->state == ES_MESH_DIALLING)
                hand_down(node, node->mesh->links.numbers[at], ES_LINK_UNREACHABLE);
        }
        rig_run(node->rig, 1000);
    }
    assert_true(dials(node) <= 60 * 5 + 16);
    assert_true(node->n_timers - timers <= 60 * 100);
}

static void the_adverts_of_contacts_fill_the_table_last(void **state)
{
    struct rig_node *node = *state;
    struct es_dh_public key = hand_key(HAND_GREATER);
    struct es_report report;
    struct es_advert_view view;
    size_t at = 0, strangers = 0;

    for (uint32_t i = 0; i < ES_ADVERTS_MAX; i++) {
        key.bytes[30] = (uint8_t)(i >> 8);
        key.bytes[31] = (uint8_t)i;
        report = hand_advert(FRIEND, &key, "10.0.0.2", 42050);
        rig_report(node, &report);
    }
    hand_sees(node, 0, HAND_LESS, "10.0.0.66");
    while (es_mesh_advert_next(node->mesh, &at, &view))
        strangers += view.peer == 0;
    assert_int_equal(strangers, 0);
    hand_sees(node, OTHER, HAND_LESS, "10.0.0.3");
    rig_run(node->rig, 3000);
    assert_int_equal(hand_order(node, ES_ORDER_DIAL, 0)->dial.server_key.bytes[0], HAND_LESS);
}

static void malformed_endpoints_are_counted(void **state)
{
    struct rig_node *node = *state;
    struct es_dh_public key = hand_key(9);
    struct es_report report = hand_advert(FRIEND, &key, "", 42050);

    rig_report(node, &report);
    report = hand_advert(FRIEND, &key, "10.0.0.2", 0);
    rig_report(node, &report);
    report = hand_advert(FRIEND, &key, "10.0.0.2", 42050);
    memset(report.seen.at.host, 'x', sizeof(report.seen.at.host));
    rig_report(node, &report);
    report = hand_advert(FRIEND, &key, "10.0.0.2", 42050);
    memset(report.seen.advert.name, 'x', sizeof(report.seen.advert.name));
    rig_report(node, &report);
    assert_int_equal(counted(node, ES_COUNT_NET_ADVERTS), 4);
    assert_int_equal(counted(node, ES_COUNT_ADVERTS_SEEN), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(of_several_adverts_of_a_contact_the_last_seen_is_dialled_first),
        CASE(an_advert_that_is_gone_is_not_dialled),
        CASE(a_false_goodbye_leaves_the_link_alone),
        CASE(a_forged_advert_does_not_push_out_a_contacts),
        CASE(only_so_many_strangers_are_dialled),
        CASE(strangers_are_chosen_at_random),
        CASE(a_host_is_not_scanned_for_whoever_names_it),
        CASE(a_flood_of_adverts_keeps_to_the_table_and_to_contacts),
        CASE(a_flood_makes_no_storm_of_dials_or_timers),
        CASE(the_adverts_of_contacts_fill_the_table_last),
        CASE(malformed_endpoints_are_counted),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
