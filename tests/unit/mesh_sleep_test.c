/* SPDX-License-Identifier: ISC */
/* mesh_sleep_test.c - machines that sleep for hours: back among their contacts within seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/core/mesh/state.h"
#include "tests/support/mesh_hand.h"

#define US 1
#define FRIEND 2
#define HOUR_MS (60ull * 60 * 1000)
#define SECONDS_MS 8000

/* Nobody's timers run, nothing arrives; then everything that is due comes at once. */
static void sleep_for(struct rig *rig, uint64_t ms)
{
    rig->now_ms += ms;
    rig->wall_ms += ms;
}

static struct rig *two_friends(void)
{
    struct rig *rig = rig_new(2, true);

    rig_befriend(rig, US, FRIEND);
    rig_start(rig_node(rig, US));
    rig_start(rig_node(rig, FRIEND));
    rig_run(rig, 1000);
    assert_int_equal(rig_links_bound(rig_node(rig, US), FRIEND), 1);
    return rig;
}

static void assert_together(struct rig *rig)
{
    assert_int_equal(rig_links_bound(rig_node(rig, US), FRIEND), 1);
    assert_int_equal(rig_links_bound(rig_node(rig, FRIEND), US), 1);
}

static void cut_all(struct rig *rig)
{
    for (size_t i = 0; i < rig->n_links; i++)
        rig->links[i].cut = true;
}

static void both_sleep_and_their_links_are_dead(void **state)
{
    struct rig *rig = two_friends();

    (void)state;
    cut_all(rig);
    sleep_for(rig, 5 * HOUR_MS);
    rig_run(rig, SECONDS_MS);
    assert_together(rig);
    assert_int_equal(rig_node(rig, US)->n_gone, 1);
    rig_free(rig);
}

static void a_link_that_outlives_the_sleep_stays(void **state)
{
    struct rig *rig = two_friends();

    (void)state;
    sleep_for(rig, 100000); /* within one period */
    rig_run(rig, SECONDS_MS);
    assert_together(rig);
    assert_int_equal(rig_node(rig, US)->n_gone, 0);
    assert_int_equal(rig_node(rig, FRIEND)->n_gone, 0);
    rig_free(rig);
}

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

static void a_pinged_link_is_asked_again_and_given_up_after_seconds(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND); /* its PING is never answered */

    sleep_for(node->rig, HOUR_MS);
    rig_forget(node);
    rig_timer(node);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 1);
    assert_true(node->present[FRIEND]);
    rig_run(node->rig, ES_SILENCE_MS);
    assert_false(node->present[FRIEND]);
    assert_true(hand_closed(node, link));
}

static void what_failed_before_is_dialled_at_once(void **state)
{
    struct rig_node *node = *state;

    hand_sees(node, FRIEND, HAND_GREATER, "10.0.0.2");
    for (int i = 0; i < 6; i++) {
        rig_forget(node);
        while (hand_count(node, ES_ORDER_DIAL) == 0)
            rig_run(node->rig, 100);
        hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
    }
    rig_forget(node);
    rig_run(node->rig, 20000);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 0); /* in half a minute */
    sleep_for(node->rig, HOUR_MS);
    rig_timer(node);
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 1);
    hand_down(node, hand_dialled(node), ES_LINK_UNREACHABLE);
    rig_run(node->rig, 1300); /* as after a first failure */
    assert_int_equal(hand_count(node, ES_ORDER_DIAL), 2);
}

static void a_timer_that_is_a_little_late_means_nothing(void **state)
{
    struct rig_node *node = *state;
    uint32_t link = hand_comes(node, "10.0.0.2", FRIEND);

    hand_run_answering(node->rig, node, 2000);
    rig_forget(node);
    sleep_for(node->rig, es_mesh_wake_at(node->mesh) - node->rig->now_ms + 9000);
    rig_timer(node);
    assert_int_equal(hand_frames(node, link, ES_FRAME_PING), 1); /* the one that was due */
    rig_run(node->rig, 2 * ES_SILENCE_MS);
    assert_true(node->present[FRIEND]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sleep_and_their_links_are_dead),
        cmocka_unit_test(a_link_that_outlives_the_sleep_stays),
        cmocka_unit_test_setup_teardown(a_pinged_link_is_asked_again_and_given_up_after_seconds,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_failed_before_is_dialled_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_that_is_a_little_late_means_nothing, set_up,
                                        tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
