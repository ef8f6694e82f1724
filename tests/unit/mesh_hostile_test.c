/* SPDX-License-Identifier: ISC */
/* mesh_hostile_test.c - frames and reports that no honest process makes, and crowds. */
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

/* --- Frames that no honest node sends ---------------------------------------------------------- */

static void refused(struct rig_node *node, uint32_t link, enum es_counter reason)
{
    assert_int_equal(counted(node, reason), 1);
    assert_true(hand_said_bye(node, link, ES_BYE_REFUSED));
    assert_true(hand_closed(node, link));
    assert_null(es_mesh_link_find(node->mesh, link));
}

static void a_frame_before_hello_is_refused(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_up_in(node, "10.0.0.2");

    hand_link(node, link, FRIEND);
    refused(node, link, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
    assert_int_equal(node->n_checked, 0);
}

static void a_second_hello_is_refused(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_up_in(node, "10.0.0.2");

    hand_hello(node, link, node->rig->wall_ms);
    hand_hello(node, link, node->rig->wall_ms);
    refused(node, link, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
}

static void a_second_link_is_refused(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    hand_link(node, link, FRIEND);
    refused(node, link, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
    assert_false(node->present[FRIEND]);
    assert_int_equal(node->n_gone, 1);
}

static void envelopes_before_link_are_refused(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_up_in(node, "10.0.0.2");

    hand_hello(node, link, node->rig->wall_ms);
    hand_envelopes(node, link, 1, 1);
    refused(node, link, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
    assert_int_equal(node->n_envelopes, 0);
}

static void a_malformed_frame_is_refused(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", 0);

    hand_frame(node, link, es_slice("\x63nonsense", 9));
    refused(node, link, ES_COUNT_REJECTED_FRAME_MALFORMED);
}

static void repeated_offenders_are_banned_by_host(void **state)
{
    struct rig_node *node = *state;
    const struct es_order *ban;

    for (int i = 0; i < 2; i++) {
        hand_frame(node, hand_comes(node, "10.0.0.66", 0), es_slice("", 0));
        hand_frame(node, hand_comes(node, "10.0.0.67", 0), es_slice("", 0));
    }
    assert_null(hand_order(node, ES_ORDER_BAN, 0));
    hand_frame(node, hand_comes(node, "10.0.0.66", 0), es_slice("", 0));
    ban = hand_order(node, ES_ORDER_BAN, 0);
    assert_non_null(ban);
    assert_string_equal(ban->ban.host, "10.0.0.66");
    assert_int_equal(ban->ban.for_ms, ES_BAN_MS);
    assert_int_equal(hand_count(node, ES_ORDER_BAN), 1);
}

static void rare_offences_are_forgiven(void **state)
{
    struct rig_node *node = *state;

    for (int i = 0; i < 6; i++) {
        hand_frame(node, hand_comes(node, "10.0.0.66", 0), es_slice("", 0));
        rig_run(node->rig, ES_STRIKES_MS / 2);
    }
    assert_null(hand_order(node, ES_ORDER_BAN, 0));
}

static void offences_of_many_hosts_keep_to_their_table(void **state)
{
    struct rig_node *node = *state;
    char host[] = "10.0.0.xx";

    for (int i = 0; i < 26 * 10; i++) {
        host[7] = (char)('a' + i / 10);
        host[8] = (char)('a' + i % 10);
        hand_frame(node, hand_comes(node, host, 0), es_slice("", 0));
    }
    assert_null(hand_order(node, ES_ORDER_BAN, 0));
    assert_int_equal(counted(node, ES_COUNT_REJECTED_FRAME_MALFORMED), 260);
}

/* --- Reports that no honest network process makes ------------------------------------------------ */

static void unknown_numbers_are_counted(void **state)
{
    struct rig_node *node = *state;
    struct es_report up = {.kind = ES_REPORT_LINK_UP};

    hand_frame(node, 77, es_slice("\x01", 1));
    hand_frame(node, 0x80000077u, es_slice("\x01", 1));
    hand_down(node, 99, ES_LINK_CLOSED);
    hand_listening(node, 12345, 1);
    hand_listening(node, 0, 1);
    up.up.link = 5; /* never dialled */
    rig_report(node, &up);
    up.up.link = 0;
    rig_report(node, &up);
    up.up.link = 0x80000001u; /* by no listener of ours */
    up.up.listener = 4711;
    rig_report(node, &up);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_FRAME_UNKNOWN_LINK), 5);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_FRAME_UNEXPECTED), 2);
    assert_true(hand_closed(node, 0x80000001u));
    assert_int_equal(rig_links_up(node), 0);
}

static void link_up_twice_changes_nothing(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_meets(node, FRIEND, "10.0.0.2");

    rig_forget(node);
    hand_up_out(node, link);
    assert_int_equal(counted(node, ES_COUNT_REJECTED_FRAME_UNKNOWN_LINK), 1);
    assert_int_equal(hand_count(node, ES_ORDER_FRAME), 0);
    assert_int_equal(rig_links_bound(node, FRIEND), 1);
}

static void an_inbound_link_to_another_key_is_a_lie(void **state)
{
    struct rig_node *node = *state;
    struct es_report up = {.kind = ES_REPORT_LINK_UP};

    up.up.link = 0x80000001u;
    up.up.listener = hand_listener(node);
    up.up.server_key = hand_key(3);
    memcpy(up.up.host, "10.0.0.2", 9);
    rig_report(node, &up);
    up.up.link = 0x80000002u;
    up.up.server_key = node->mesh->period.current.key;
    memset(up.up.host, 'x', sizeof(up.up.host)); /* a host without an end */
    rig_report(node, &up);
    assert_true(hand_closed(node, 0x80000001u));
    assert_true(hand_closed(node, 0x80000002u));
    assert_int_equal(counted(node, ES_COUNT_LINKS_ACCEPTED), 0);
}

static void before_the_start_and_after_the_end_reports_are_ignored(void **state)
{
    struct rig *rig = rig_new(1, false);
    struct rig_node *node = rig_node(rig, 1);
    struct es_context context;

    (void)state;
    rig_start(node);
    context = rig_begin(node);
    es_mesh_stop(node->mesh, &context);
    es_mesh_stop(node->mesh, &context);
    es_mesh_rotate(node->mesh, &context, true);
    es_mesh_republish(node->mesh, &context);
    es_mesh_recognise_again(node->mesh, &context);
    es_mesh_drop_peer(node->mesh, &context, FRIEND);
    es_mesh_connect(node->mesh, &context, &(struct es_endpoint){"10.0.0.9", 1},
                    &(struct es_dh_public){{9}}, 0);
    rig_end(node, &context);
    rig_forget(node);
    hand_listening(node, 1, 42001);
    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    rig_timer(node);
    assert_int_equal(node->n_orders, 0);
    assert_true(es_mesh_wake_at(node->mesh) == UINT64_MAX);
    rig_free(rig);
}

static void the_state_of_discovery_is_shown(void **state)
{
    struct rig_node *node = *state;
    struct es_report report = {.kind = ES_REPORT_DISCOVERY};
    struct es_mesh_view view;

    report.discovery.method = ES_DISCOVERY_EMBEDDED;
    report.discovery.interfaces = 2;
    memset(report.discovery.problem, 'x', sizeof(report.discovery.problem)); /* without an end */
    rig_report(node, &report);
    es_mesh_view(node->mesh, &view);
    assert_int_equal(view.discovery.interfaces, 2);
    assert_int_equal(strlen(view.discovery.problem), ES_PROBLEM_BYTES_MAX - 1);
}

/* --- Admission ---------------------------------------------------------------------------------- */

static void strangers_beyond_their_number_are_told_crowded(void **state)
{
    struct rig_node *node = *state;
    uint32_t last;

    for (int i = 0; i < ES_STRANGER_LINKS_IN_MAX; i++)
        hand_comes(node, "10.0.0.66", 0);
    assert_int_equal(rig_links_bound(node, 0), ES_STRANGER_LINKS_IN_MAX);
    last = hand_comes(node, "10.0.0.67", 0);
    assert_true(hand_said_bye(node, last, ES_BYE_CROWDED));
    assert_int_equal(hand_frames(node, last, ES_FRAME_LINK), 0);
    assert_int_equal(rig_links_bound(node, 0), ES_STRANGER_LINKS_IN_MAX);
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_true(node->present[FRIEND]);
}

static int set_up_small(void **state)
{
    struct rig *rig = rig_new(3, false);

    rig_befriend(rig, US, FRIEND);
    rig_node(rig, US)->settings.links_max = 4;
    hand_start(rig_node(rig, US));
    *state = rig_node(rig, US);
    return 0;
}

static void a_contact_displaces_the_oldest_stranger(void **state)
{
    struct rig_node *node = *state;
    uint32_t first = hand_comes(node, "10.0.0.60", 0);

    for (int i = 0; i < 3; i++) {
        rig_run(node->rig, 10);
        hand_comes(node, "10.0.0.61", 0);
    }
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_true(hand_said_bye(node, first, ES_BYE_CROWDED));
    assert_int_equal(rig_links_up(node), 4);
    assert_true(node->present[FRIEND]);
}

static void greetings_that_hang_do_not_keep_a_contact_out(void **state)
{
    struct rig_node *node = *state;

    for (int i = 0; i < 200; i++)
        hand_up_in(node, "10.0.0.66");
    assert_true(node->mesh->links.n <= ES_MESH_LINKS_MAX);
    for (int i = 0; i < 200; i++)
        hand_up_in(node, "10.0.0.66");
    hand_comes(node, "10.0.0.2", FRIEND);
    assert_true(node->present[FRIEND]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, set_up_small, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_frame_before_hello_is_refused),
        CASE(a_second_hello_is_refused),
        CASE(a_second_link_is_refused),
        CASE(envelopes_before_link_are_refused),
        CASE(a_malformed_frame_is_refused),
        CASE(repeated_offenders_are_banned_by_host),
        CASE(rare_offences_are_forgiven),
        CASE(offences_of_many_hosts_keep_to_their_table),
        CASE(unknown_numbers_are_counted),
        CASE(link_up_twice_changes_nothing),
        CASE(an_inbound_link_to_another_key_is_a_lie),
        cmocka_unit_test(before_the_start_and_after_the_end_reports_are_ignored),
        CASE(the_state_of_discovery_is_shown),
        CASE(strangers_beyond_their_number_are_told_crowded),
        SMALL(a_contact_displaces_the_oldest_stranger),
        SMALL(greetings_that_hang_do_not_keep_a_contact_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
