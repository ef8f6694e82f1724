/* SPDX-License-Identifier: ISC */
/* mesh_time_test.c - mesh time: medians of clocks, and our own clock being set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "node/wire/envelope.h"
#include "tests/support/mesh_hand.h"

#define HOUR_MS (60ull * 60 * 1000)
#define YEAR_MS (365 * 24 * HOUR_MS)

static int set_up(void **state)
{
    struct rig *rig = rig_new(1, false);

    /* In the middle of a bucket. */
    rig->wall_ms = ES_EXPIRY_EPOCH_MS + 1000 * ES_EXPIRY_BUCKET_MS + ES_EXPIRY_BUCKET_MS / 2;
    hand_start(rig_node(rig, 1));
    *state = rig_node(rig, 1);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(((struct rig_node *)*state)->rig);
    return 0;
}

static void hear_clock(struct rig_node *node, uint32_t peer, int64_t offset_ms)
{
    struct es_context context = rig_begin(node);

    es_mesh_clock(node->mesh, &context, peer, node->rig->wall_ms + (uint64_t)offset_ms);
    rig_end(node, &context);
}

static int64_t offset(const struct rig_node *node)
{
    uint64_t wall_ms = node->rig->wall_ms;

    return (int64_t)(es_mesh_time_ms(node->mesh, wall_ms) - wall_ms);
}

static void neighbour(struct rig_node *node, unsigned host, int64_t buckets)
{
    char name[32];
    uint32_t link;

    snprintf(name, sizeof(name), "10.0.1.%u", host);
    link = hand_up_in(node, name);
    hand_hello(node, link, node->rig->wall_ms + (uint64_t)(buckets * (int64_t)ES_EXPIRY_BUCKET_MS));
    hand_link(node, link, 0);
}

static void alone_it_is_our_own_clock(void **state)
{
    assert_int_equal(offset(*state), 0);
}

static void expiry_goes_by_mesh_time(void **state)
{
    struct rig_node *node = *state;
    uint64_t wall_ms = node->rig->wall_ms;
    uint16_t now = es_expiry_bucket(wall_ms);

    assert_false(es_mesh_is_expired(node->mesh, wall_ms, now));
    assert_true(es_mesh_is_expired(node->mesh, wall_ms, (uint16_t)(now - 1)));
    for (uint32_t peer = 2; peer <= 4; peer++)
        hear_clock(node, peer, 24 * 3600 * 1000);
    assert_true(es_mesh_is_expired(node->mesh, wall_ms, now));
    assert_false(es_mesh_is_expired(node->mesh, wall_ms, (uint16_t)(now + 4)));
}

static void three_contacts_outvote_our_clock(void **state)
{
    struct rig_node *node = *state;

    hear_clock(node, 1, 5000);
    hear_clock(node, 2, 7000);
    assert_int_equal(offset(node), 0);
    hear_clock(node, 3, -(int64_t)YEAR_MS); /* one of them is wrong */
    assert_int_equal(offset(node), 5000);
    hear_clock(node, 1, 6000); /* each counts once */
    assert_int_equal(offset(node), 6000);
}

static void of_four_the_middle_nearer_to_ours_counts(void **state)
{
    struct rig_node *node = *state;

    hear_clock(node, 1, 1000);
    hear_clock(node, 2, 2000);
    hear_clock(node, 3, 3000);
    hear_clock(node, 4, (int64_t)YEAR_MS);
    assert_int_equal(offset(node), 2000);
    hear_clock(node, 1, -1000);
    hear_clock(node, 2, -2000);
    hear_clock(node, 3, -3000);
    hear_clock(node, 4, -(int64_t)YEAR_MS);
    assert_int_equal(offset(node), -2000);
}

static void neighbours_and_we_vote_when_contacts_are_few(void **state)
{
    struct rig_node *node = *state;

    neighbour(node, 1, 4);
    assert_int_equal(offset(node), 0); /* one against one */
    neighbour(node, 2, 4);
    /* By as much as the bucket is off at least. */
    assert_int_equal(offset(node),
                     4 * (int64_t)ES_EXPIRY_BUCKET_MS - (int64_t)ES_EXPIRY_BUCKET_MS / 2);
    assert_int_equal(es_expiry_bucket(es_mesh_time_ms(node->mesh, node->rig->wall_ms)), 1004);
    neighbour(node, 3, 0);
    assert_int_equal(offset(node), 0);
}

static void one_host_has_one_vote(void **state)
{
    struct rig_node *node = *state;

    for (int i = 0; i < 20; i++)
        neighbour(node, 66, 100);
    assert_int_equal(offset(node), 0);
}

static void a_neighbour_that_goes_takes_its_vote_along(void **state)
{
    struct rig_node *node = *state;

    neighbour(node, 1, 4);
    neighbour(node, 2, 4);
    assert_true(offset(node) > 0);
    hand_down(node, node->mesh->links.numbers[0], ES_LINK_CLOSED);
    assert_int_equal(offset(node), 0);
}

static void setting_our_clock_does_not_move_mesh_time(void **state)
{
    struct rig_node *node = *state;

    hear_clock(node, 1, 5000);
    hear_clock(node, 2, 5000);
    hear_clock(node, 3, 5000);
    node->rig->wall_ms += YEAR_MS;
    rig_timer(node);
    assert_int_equal(offset(node), 5000 - (int64_t)YEAR_MS);
    node->rig->wall_ms -= 3 * YEAR_MS;
    rig_timer(node);
    assert_int_equal(offset(node), 5000 + 2 * (int64_t)YEAR_MS);
    rig_run(node->rig, HOUR_MS);
    assert_int_equal(offset(node), 5000 + 2 * (int64_t)YEAR_MS);
}

static void setting_our_clock_does_not_move_neighbours_either(void **state)
{
    struct rig_node *node = *state;

    neighbour(node, 1, 4);
    neighbour(node, 2, 4);
    node->rig->wall_ms += 10 * ES_EXPIRY_BUCKET_MS;
    rig_timer(node);
    assert_int_equal(es_expiry_bucket(es_mesh_time_ms(node->mesh, node->rig->wall_ms)), 1004);
}

static void a_contact_that_goes_takes_its_clock_along(void **state)
{
    struct rig_node *node = *state;
    struct es_context context;

    for (uint32_t peer = 1; peer <= 3; peer++)
        hear_clock(node, peer, 5000);
    context = rig_begin(node);
    es_mesh_drop_peer(node->mesh, &context, 2);
    rig_end(node, &context);
    assert_int_equal(offset(node), 0);
}

static void clocks_that_say_nothing_are_ignored(void **state)
{
    struct rig_node *node = *state;
    struct es_context context = rig_begin(node);

    for (uint32_t peer = 1; peer <= 3; peer++)
        es_mesh_clock(node->mesh, &context, peer, UINT64_MAX);
    rig_end(node, &context);
    assert_int_equal(offset(node), 0);
}

static void more_clocks_than_places_keep_the_last(void **state)
{
    struct rig_node *node = *state;

    for (uint32_t peer = 1; peer <= ES_CLOCKS_MAX; peer++)
        hear_clock(node, peer, 1000);
    for (uint32_t peer = 101; peer <= 100 + ES_CLOCKS_MAX; peer++)
        hear_clock(node, peer, 9000);
    assert_int_equal(offset(node), 9000);
}

static void time_before_the_beginning_is_zero(void **state)
{
    struct rig_node *node = *state;

    for (uint32_t peer = 1; peer <= 3; peer++)
        hear_clock(node, peer, -(int64_t)YEAR_MS);
    assert_int_equal(es_mesh_time_ms(node->mesh, 1000), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(alone_it_is_our_own_clock),
        CASE(expiry_goes_by_mesh_time),
        CASE(three_contacts_outvote_our_clock),
        CASE(of_four_the_middle_nearer_to_ours_counts),
        CASE(neighbours_and_we_vote_when_contacts_are_few),
        CASE(one_host_has_one_vote),
        CASE(a_neighbour_that_goes_takes_its_vote_along),
        CASE(setting_our_clock_does_not_move_mesh_time),
        CASE(setting_our_clock_does_not_move_neighbours_either),
        CASE(a_contact_that_goes_takes_its_clock_along),
        CASE(clocks_that_say_nothing_are_ignored),
        CASE(more_clocks_than_places_keep_the_last),
        CASE(time_before_the_beginning_is_zero),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
